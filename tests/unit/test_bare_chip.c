/* SPDX-License-Identifier: Apache-2.0 */

/* The firmware of examples/bare-chip on a chip made of memory: what it says, what it counts, which
 * slot it makes boot next. Its SHA-256 and its arithmetic are held to the host's. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../examples/bare-chip/firmware.h"
#include "../../examples/bare-chip/sha256.h"
#include "base/le.h"
#include "birthmark/boot.h"
#include "birthmark/err.h"
#include "birthmark/nvs.h"
#include "crypto/crypto.h"
#include "harness/random.h"

/* divide.c, by names that are not the host compiler's. */
uint32_t bare_udivsi3(uint32_t a, uint32_t b);
uint32_t bare_umodsi3(uint32_t a, uint32_t b);
uint64_t bare_udivdi3(uint64_t a, uint64_t b);
uint64_t bare_umoddi3(uint64_t a, uint64_t b);
uint64_t bare_muldi3(uint64_t a, uint64_t b);

enum { FLASH = 0x200000, OTADATA = 0xf000, NVS = 0x9000, SLOT = 0x40000, SLOT_AT = 0x40000 };

static const char certificate[] = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
static const char priv_key[] = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n";

static struct bm_flash_ram ram;
static struct chip chip;
static char said[8192];
static size_t said_len;
static const char *typed;
static uint32_t mapped;
static int restarts;
static int pauses;

static void put(char c)
{
    assert_true(said_len + 1 < sizeof said);
    said[said_len++] = c;
    said[said_len] = '\0';
}

static int get(void)
{
    assert_non_null(typed);
    return *typed != '\0' ? (unsigned char)*typed++ : -1;
}

static uint32_t running(void)
{
    return mapped;
}

static void rest(void)
{
    pauses++;
}

static void restart(void)
{
    restarts++;
}

static void expect(const char *text)
{
    if (strstr(said, text) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", text, said);
    }
}

static void add_part(struct bm_part_table *t, uint8_t type, uint8_t subtype, uint32_t offset,
                     uint32_t size, const char *label)
{
    struct bm_part *p = &t->part[t->count++];
    memset(p, 0, sizeof *p);
    p->type = type;
    p->subtype = subtype;
    p->offset = offset;
    p->size = size;
    (void)snprintf(p->label, sizeof p->label, "%s", label);
}

static void write_table(int with_slots)
{
    static struct bm_part_table t;
    memset(&t, 0, sizeof t);
    add_part(&t, BM_PART_DATA, BM_PART_DATA_NVS, NVS, 0x6000, "nvs");
    add_part(&t, BM_PART_APP, BM_PART_APP_FACTORY, 0x20000, 0x20000, "factory");
    if (with_slots) {
        add_part(&t, BM_PART_DATA, BM_PART_DATA_OTA, OTADATA, 0x2000, "otadata");
        add_part(&t, BM_PART_APP, BM_PART_APP_OTA_0, SLOT_AT, SLOT, "ota_0");
        add_part(&t, BM_PART_APP, BM_PART_APP_OTA_0 + 1, SLOT_AT + SLOT, SLOT, "ota_1");
    }
    assert_int_equal(bm_part_table_format(ram.mem + BM_PART_TABLE_OFFSET, &t, NULL, NULL), BM_OK);
}

/* A small image with right sums. */
static void write_app(uint32_t at, uint16_t for_chip)
{
    const uint32_t ram_address = for_chip == 0 ? 0x40080000 : 0x40380000;
    uint8_t *p = ram.mem + at;
    uint8_t sum = 0xef;
    memset(p, 0, 80);
    p[0] = 0xe9;
    p[1] = 1;
    bm_put_le32(p + 4, ram_address);
    bm_put_le16(p + 12, for_chip);
    bm_put_le16(p + 17, 0xffff);
    p[23] = 1;
    bm_put_le32(p + 24, ram_address);
    bm_put_le32(p + 28, 40);
    for (unsigned i = 32; i < 72; i++) {
        p[i] = (uint8_t)i;
        sum ^= p[i];
    }
    p[79] = sum;
    assert_int_equal(bm_crypto_sha256(p + 80, p, 80), BM_OK);
}

static void write_identity(void)
{
    static uint32_t work[256];
    struct bm_flash flash;
    struct bm_flash_window window;
    struct bm_nvs nvs;
    uint8_t ns;
    assert_int_equal(bm_flash_window(&flash, &window, &chip.flash, NVS, 0x6000), BM_OK);
    const struct bm_nvs_config config = {
        .flash = &flash, .work = work, .work_len = sizeof work, .writable = 1};
    assert_int_equal(bm_nvs_mount_with(&nvs, &config, NULL), BM_OK);
    assert_int_equal(bm_nvs_namespace_create(&nvs, "certs", &ns), BM_OK);
    assert_int_equal(
        bm_nvs_set_data(&nvs, ns, "certificate", BM_NVS_STR, certificate, sizeof certificate),
        BM_OK);
    assert_int_equal(
        bm_nvs_set_data(&nvs, ns, "priv_key", BM_NVS_BLOB, priv_key, sizeof priv_key - 1), BM_OK);
    bm_nvs_unmount(&nvs);
}

static int setup(void **unused)
{
    (void)unused;
    uint8_t *mem = ram.mem != NULL ? ram.mem : malloc(FLASH);
    if (mem == NULL) {
        return -1;
    }
    memset(mem, 0xff, FLASH);
    memset(&chip, 0, sizeof chip);
    if (bm_flash_ram_init(&chip.flash, &ram, mem, FLASH) != BM_OK) {
        return -1;
    }
    chip.name = "esp32c3";
    chip.id = 5;
    chip.put = put;
    chip.get = get;
    chip.running = running;
    chip.pause = rest;
    chip.restart = restart;
    write_table(1);
    write_identity();
    write_app(0x20000, 5);
    write_app(SLOT_AT, 5);
    write_app(SLOT_AT + SLOT, 5);
    mapped = 0x20000;
    restarts = 0;
    pauses = 0;
    typed = "\n";
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    free(ram.mem);
    ram.mem = NULL;
    return 0;
}

static struct firmware *boot(const char *version)
{
    static struct firmware f;
    said_len = 0;
    said[0] = '\0';
    firmware_boot(&f, &chip, version);
    return &f;
}

/* What ESP-IDF's bootloader, with rollback, starts now; its writes are made. */
static int bootloader(const struct firmware *f)
{
    static struct bm_boot decision;
    uint8_t buf[256];
    struct bm_flash flash;
    struct bm_flash_window window;
    struct bm_otadata data;
    struct bm_boot_flash images = {
        .chip = &chip.flash, .buf = buf, .buf_len = sizeof buf, .chip_id = 5};
    const struct bm_boot_config config = {.rollback = 1};
    assert_int_equal(bm_flash_window(&flash, &window, &chip.flash, OTADATA, 0x2000), BM_OK);
    assert_int_equal(bm_otadata_read(&data, &flash), BM_OK);
    assert_int_equal(
        bm_boot_decide(&decision, &f->table, &data, bm_boot_ask_flash, &images, &config), BM_OK);
    assert_int_equal(bm_boot_apply(&decision, &flash), BM_OK);
    assert_non_null(decision.part);
    mapped = decision.part->offset;
    return decision.index;
}

static void expect_fingerprint(const char *key, const char *value)
{
    uint8_t digest[32];
    char line[200];
    assert_int_equal(bm_crypto_sha256(digest, value, strlen(value)), BM_OK);
    int n = snprintf(line, sizeof line, "%s: %zu bytes, SHA-256 ", key, strlen(value));
    for (unsigned i = 0; i < 32; i++) {
        n += snprintf(line + n, sizeof line - (size_t)n, "%02x", digest[i]);
    }
    expect(line);
}

static void test_first_boot(void **unused)
{
    (void)unused;
    (void)boot("1.0");
    expect("birthmark bare-chip esp32c3 version 1.0\r\n");
    expect("slot: factory at 0x20000\r\n");
    expect("identity in nvs\r\n");
    expect_fingerprint("certificate", certificate);
    expect_fingerprint("priv_key", priv_key);
    expect("boot 1\r\n");
    expect("otadata: not what booted this image\r\n");
    assert_null(strstr(said, "MIGH"));
}

/* Round the slots, with the bootloader's decision in between. */
static void test_switches(void **unused)
{
    (void)unused;
    static const char *const slots[] = {"slot: ota_0 at 0x40000\r\n", "slot: ota_1 at 0x80000\r\n"};
    struct firmware *f = boot("1.0");
    for (int n = 0; n < 5; n++) {
        typed = n % 2 == 0 ? "\n" : "switch\r\n";
        firmware_wait(f);
        assert_int_equal(restarts, n + 1);
        assert_string_equal(typed, "");
        assert_int_equal(bootloader(f), n % 2);
        f = boot("1.1");
        expect(slots[n % 2]);
        expect(", marked valid\r\n");
        expect_fingerprint("priv_key", priv_key);
        assert_int_equal(bootloader(f), n % 2); /* and it stays */
        f = boot("1.1");
        expect(", valid\r\n");
    }
    expect("boot 11\r\n");
}

static void test_keeps_off_bad_images(void **unused)
{
    (void)unused;
    struct firmware *f = boot("1.0");
    ram.mem[SLOT_AT + 40] ^= 1;
    firmware_wait(f);
    expect("ota_0 at 0x40000 does not boot: ");
    ram.mem[SLOT_AT + 40] ^= 1;
    ram.mem[SLOT_AT + 90] ^= 1;
    typed = "\r\n"; /* one line */
    firmware_wait(f);
    assert_string_equal(typed, "");
    assert_int_equal(pauses, 2);
    write_app(SLOT_AT, 0);
    typed = "\n";
    firmware_wait(f);
    expect("ota_0 at 0x40000 does not boot: its image is for another chip\r\n");
    memset(ram.mem + SLOT_AT, 0xff, SLOT);
    typed = "\n";
    firmware_wait(f);
    assert_int_equal(restarts, 0);
    assert_int_equal(bootloader(f), BM_BOOT_FACTORY);
}

static void test_without_slots(void **unused)
{
    (void)unused;
    memset(ram.mem + BM_PART_TABLE_OFFSET, 0xff, 4096);
    write_table(0);
    firmware_wait(boot("1.0"));
    expect("the partition table has no other slot to boot\r\n");
    assert_int_equal(restarts, 0);
}

static void test_without_table(void **unused)
{
    (void)unused;
    memset(ram.mem + BM_PART_TABLE_OFFSET, 0xff, 4096);
    firmware_wait(boot("1.0"));
    expect("partition table: ");
    assert_int_equal(restarts, 0);
}

/* An image without NVS, or that finds no identity, says so; without NVS it is not confirmed. */
static void test_without_identity(void **unused)
{
    (void)unused;
    memset(ram.mem + NVS, 0xff, 0x6000);
    (void)boot("1.0");
    expect("no identity: no NVS partition has the namespace certs\r\n");
    expect("boot 1\r\n");
    struct firmware *f = boot("1.0");
    expect("boot 2\r\n");
    firmware_wait(f);
    assert_int_equal(bootloader(f), 0);
    ram.mem[BM_PART_TABLE_OFFSET + 3] = BM_PART_DATA_PHY; /* the NVS partition is none any more */
    f = boot("1.1");
    expect("this image is not marked valid\r\n");
    assert_int_equal(bootloader(f), BM_BOOT_FACTORY); /* rolled back */
}

static void test_sha256(void **unused)
{
    uint8_t data[300];
    uint8_t digest[32];
    uint8_t right[32];
    struct sha256 s;
    (void)unused;
    for (unsigned len = 0; len < sizeof data; len++) {
        data[len] = (uint8_t)(len * 7);
        sha256_start(&s);
        sha256_add(&s, data, len / 3);
        sha256_add(&s, data + len / 3, len - len / 3);
        sha256_finish(&s, digest);
        assert_int_equal(bm_crypto_sha256(right, data, len), BM_OK);
        assert_memory_equal(digest, right, sizeof right);
    }
}

/* Numbers of every length. */
static uint64_t number(uint64_t *seed)
{
    const uint64_t n = (uint64_t)test_random(seed, 0x7fffffff) << 33 ^
                       (uint64_t)test_random(seed, 0x7fffffff) << 12 ^ test_random(seed, 4096);
    return n >> test_random(seed, 64);
}

static void test_arithmetic(void **unused)
{
    uint64_t seed = test_seed(3);
    (void)unused;
    for (unsigned n = 0; n < 100000; n++) {
        const uint64_t a = number(&seed);
        const uint64_t b = number(&seed) | (n % 3 == 0);
        const uint32_t c = (uint32_t)number(&seed);
        const uint32_t d = (uint32_t)number(&seed) | 1;
        assert_true(bare_muldi3(a, b) == a * b);
        assert_true(b == 0 || bare_udivdi3(a, b) == a / b);
        assert_true(b == 0 || bare_umoddi3(a, b) == a % b);
        assert_int_equal(bare_udivsi3(c, d), c / d);
        assert_int_equal(bare_umodsi3(c, d), c % d);
    }
    assert_true(bare_udivdi3(UINT64_MAX, UINT64_MAX - 1) == 1);
    assert_int_equal(bare_umodsi3(UINT32_MAX, 0x80000001), 0x7ffffffe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_first_boot, setup),
        cmocka_unit_test_setup(test_switches, setup),
        cmocka_unit_test_setup(test_keeps_off_bad_images, setup),
        cmocka_unit_test_setup(test_without_slots, setup),
        cmocka_unit_test_setup(test_without_table, setup),
        cmocka_unit_test_setup(test_without_identity, setup),
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_arithmetic),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
