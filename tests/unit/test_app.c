/* SPDX-License-Identifier: Apache-2.0 */

/* App images, read and verified: whole, cut at every byte, each bit changed, signed, too large, and
 * other things given by mistake. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/le.h"
#include "birthmark/app.h"
#include "crypto/crypto.h"
#include "layout/app_look.h"
#include "layout/flash_params.h"
#include "layout/pack.h"
#include "part/app_chip.h"

enum { C3 = 5, ROOM = 64 * 1024 };

static uint8_t *image; /* a small one of the ESP32-C3: no padding between its segments */
static size_t image_len;
static struct bm_hash sha256;

static int setup(void **state)
{
    static uint8_t desc[256];
    static const uint8_t text[40] = "program";
    static const uint8_t data[20] = "data";
    const struct bm_pack_part parts[] = {
        {"d", desc, 0x3c010020, 256}, {"t", text, 0x42000128, 40}, {"r", data, 0x3fc84000, 20}};
    struct bm_image_problems problems = {0};
    struct bm_pack p;
    (void)state;
    bm_pack_blank_desc(desc, 16);
    memset(&p, 0, sizeof p);
    p.parts = parts;
    p.count = 3;
    p.source = "test";
    p.chip = C3;
    p.entry = 0x42000128;
    p.min_chip_rev = 3;
    p.max_chip_rev = 199;
    p.version = "1.2";
    p.project = "small";
    p.idf = "v5.4";
    p.secure_version = 4;
    const int rc = bm_pack(&image, &image_len, &p, &problems);
    bm_image_problems_free(&problems);
    return rc != BM_OK || bm_hash_openssl_sha256(&sha256) != BM_OK;
}

static int teardown(void **state)
{
    (void)state;
    free(image);
    bm_hash_openssl_close(&sha256);
    return 0;
}

static int verify(struct bm_app *app, const uint8_t *data, size_t len, struct bm_diag *diag)
{
    struct bm_flash flash;
    uint8_t buf[100];
    assert_int_equal(bm_flash_view(&flash, data, len), BM_OK);
    return bm_app_verify(app, &flash, 0, (uint32_t)len, &sha256, buf, sizeof buf, diag);
}

static void whole(void **state)
{
    struct bm_app a;
    (void)state;
    assert_int_equal(verify(&a, image, image_len, NULL), BM_OK);
    assert_int_equal(a.size, image_len);
    assert_int_equal(a.segments, 3);
    assert_int_equal(a.chip, C3);
    assert_int_equal(a.entry, 0x42000128);
    assert_int_equal(a.min_chip_rev, 3);
    assert_int_equal(a.max_chip_rev, 199);
    assert_true(a.has_desc && a.has_hash);
    assert_string_equal(a.desc.version, "1.2");
    assert_string_equal(a.desc.project, "small");
    assert_string_equal(a.desc.idf, "v5.4");
    assert_int_equal(a.desc.secure_version, 4);
    assert_int_equal(a.desc.mmu_page_log2, 16);
    assert_int_equal(a.segment[0].load, 0x3c010020);
    assert_int_equal(a.segment[0].off, 32);
    assert_int_equal(a.segment[1].load, 0x42000128);
    assert_int_equal(a.segment[1].off, 32 + 256 + 8);
    assert_int_equal(a.segment[2].size, 20);
    assert_memory_equal(a.hash, image + image_len - 32, 32);
    assert_int_equal(a.checksum, image[image_len - 33]);
}

/* Inside a region, at an offset, with room behind it and with too little. */
static void in_flash(void **state)
{
    struct bm_flash flash;
    struct bm_app a;
    uint8_t buf[64];
    uint8_t *mem = malloc(ROOM);
    (void)state;
    assert_non_null(mem);
    memset(mem, 0xff, ROOM);
    memcpy(mem + 4096, image, image_len);
    assert_int_equal(bm_flash_view(&flash, mem, ROOM), BM_OK);
    const uint32_t len = (uint32_t)image_len;
    assert_int_equal(bm_app_verify(&a, &flash, 4096, ROOM, &sha256, buf, 64, NULL), BM_OK);
    assert_int_equal(bm_app_verify(&a, &flash, 4096, len, NULL, buf, 64, NULL), BM_OK);
    struct bm_diag diag = {0};
    assert_int_equal(bm_app_read(&a, &flash, 4096, len - 1, &diag), BM_E_LENGTH);
    assert_int_equal(diag.offset, 4096 + len - 1);
    assert_string_equal(diag.text, "truncated: 1 byte is missing, there are 399");
    assert_int_equal(bm_app_read(&a, &flash, 0, ROOM, NULL), BM_E_NOENT);
    assert_int_equal(bm_app_read(&a, &flash, ROOM, 1, NULL), BM_E_NOENT);
    assert_int_equal(bm_app_read(&a, &flash, ROOM + 1, 1, NULL), BM_E_ARG);
    assert_int_equal(bm_app_verify(&a, &flash, 4096, ROOM, NULL, buf, 63, NULL), BM_E_ARG);
    free(mem);
}

static void cut_anywhere(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < image_len; cut++) {
        struct bm_app a;
        struct bm_diag diag = {0};
        uint8_t *copy = malloc(cut + 1);
        assert_non_null(copy);
        memcpy(copy, image, cut);
        assert_int_equal(verify(&a, copy, cut, &diag), cut == 0 ? BM_E_NOENT : BM_E_LENGTH);
        if (cut > 24 + 3 * 8 + 256 + 40) { /* all segment headers are there */
            char text[120];
            (void)snprintf(text, sizeof text, "truncated: %zu byte%s missing, there are %zu",
                           image_len - cut, image_len - cut == 1 ? " is" : "s are", cut);
            assert_string_equal(diag.text, text);
        }
        free(copy);
    }
}

static unsigned faults_of(const uint8_t *data, size_t len, struct bm_app_look *l)
{
    const struct bm_app_look_opts any = {.chip = -1};
    assert_int_equal(bm_app_look(l, data, len, &any), BM_OK);
    return l->faults;
}

/* A wrong bit is told wherever it is: by verify, or, where it hides the SHA-256, by what follows.
 */
static void flip_anywhere(void **state)
{
    struct bm_app_look l;
    (void)state;
    assert_int_equal(faults_of(image, image_len, &l), 0);
    const size_t says_hash = (size_t)23 * 8;
    for (size_t bit = 0; bit < image_len * 8; bit++) {
        struct bm_app a;
        image[bit / 8] ^= (uint8_t)(1u << bit % 8);
        const int rc = verify(&a, image, image_len, NULL);
        if (bit == says_hash) {
            assert_int_equal(rc, BM_OK); /* "no SHA-256" is what it says now */
        } else {
            assert_int_not_equal(rc, BM_OK);
        }
        assert_true(faults_of(image, image_len, &l) > 0);
        image[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void failing_flash(void **state)
{
    struct bm_flash flash;
    struct bm_flash_ram ram;
    struct bm_app a;
    uint8_t buf[64];
    uint8_t *mem = malloc(ROOM);
    (void)state;
    assert_non_null(mem);
    memset(mem, 0xff, ROOM);
    memcpy(mem, image, image_len);
    assert_int_equal(bm_flash_ram_init(&flash, &ram, mem, ROOM), BM_OK);
    assert_int_equal(bm_app_verify(&a, &flash, 0, ROOM, &sha256, buf, 64, NULL), BM_OK);
    const uint64_t reads = ram.reads;
    for (uint64_t i = 1; i <= reads; i++) {
        ram.reads = 0;
        ram.fail_read = i;
        assert_int_equal(bm_app_verify(&a, &flash, 0, ROOM, &sha256, buf, 64, NULL), BM_E_IO);
    }
    free(mem);
}

static void expect_fault(const uint8_t *data, size_t len, const struct bm_app_look_opts *o,
                         const char *id, const char *text)
{
    struct bm_app_look l;
    assert_int_equal(bm_app_look(&l, data, len, o), BM_OK);
    assert_int_equal(l.faults, 1);
    assert_string_equal(l.fault[0].id, id);
    if (strstr(l.fault[0].text, text) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", l.fault[0].text, text);
    }
}

static void by_mistake(void **state)
{
    static uint8_t mem[ROOM];
    const struct bm_app_look_opts any = {.chip = -1};
    static const struct {
        const char *begin;
        size_t len;
        const char *text;
    } rows[] = {
        {"\xaa\x50\1\2", 4, "a partition table"},
        {"\177ELF", 4, "an ELF file"},
        {"\xea\4", 2, "ESP8266"},
        {"UF2\n", 4, "a UF2 file"},
        {"abc", 3, "does not begin with 0xe9"},
    };
    (void)state;
    expect_fault(mem, 0, &any, "no-image", "empty");
    expect_fault(mem, 100, &any, "no-image", "only zeros");
    memset(mem, 0xff, sizeof mem);
    expect_fault(mem, 100, &any, "no-image", "blank: there is no image");
    mem[50] = 1;
    expect_fault(mem, 100, &any, "no-image", "blank at its beginning");
    mem[0x8000] = 0xaa;
    mem[0x8001] = 0x50;
    expect_fault(mem, sizeof mem, &any, "no-image", "say where the app begins: --offset");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(mem, 0, sizeof mem);
        memcpy(mem, rows[i].begin, rows[i].len);
        expect_fault(mem, 4096, &any, "no-image", rows[i].text);
    }
}

static void wishes(void **state)
{
    const struct bm_app_look_opts other = {.chip = 0};
    const struct bm_app_look_opts small = {.chip = C3, .partition_size = 399};
    const struct bm_app_look_opts exact = {.chip = C3, .partition_size = 400};
    const struct bm_app_look_opts aside = {.chip = -1, .offset = 4096, .in_flash = 1};
    const struct bm_app_look_opts page = {.chip = -1, .offset = 65536, .in_flash = 1};
    struct bm_app_look l;
    uint8_t *mem = malloc(ROOM + 8192);
    (void)state;
    expect_fault(image, image_len, &other, "chip", "it is for the ESP32-C3, not for the ESP32");
    expect_fault(image, image_len, &small, "size", "400 bytes for a partition of 399, 1 too many");
    assert_int_equal(bm_app_look(&l, image, image_len, &exact), BM_OK);
    assert_int_equal(l.faults, 0);
    assert_non_null(mem);
    memset(mem, 0x55, ROOM + 8192);
    memcpy(mem + 4096, image, image_len);
    memcpy(mem + ROOM, image, image_len);
    expect_fault(mem, ROOM + 8192, &aside, "offset", "cannot start at 0x1000");
    assert_int_equal(bm_app_look(&l, mem, ROOM + 8192, &page), BM_OK);
    assert_int_equal(l.faults, 0);
    const struct bm_app_look_opts behind = {.chip = -1, .offset = ROOM + 8193};
    assert_int_equal(bm_app_look(&l, mem, ROOM + 8192, &behind), BM_E_ARG);
    free(mem);
}

/* A block of Secure Boot v2 for the first `len` bytes. */
static void put_block(uint8_t *block, const uint8_t *data, size_t len)
{
    memset(block, 0x5a, 1216);
    block[0] = 0xe7;
    block[1] = 2;
    assert_int_equal(bm_crypto_sha256(block + 4, data, len), BM_OK);
    bm_put_le32(block + 1196, bm_crc32(0, block, 1196));
}

static void signatures(void **state)
{
    static uint8_t mem[3 * 4096];
    struct bm_app_look l;
    (void)state;
    memset(mem, 0xff, sizeof mem);
    memcpy(mem, image, image_len);
    assert_int_equal(faults_of(mem, sizeof mem, &l), 0);
    assert_int_equal(l.signature, BM_APP_UNSIGNED);
    assert_int_equal(l.blank, sizeof mem - image_len);
    memset(mem + image_len, 0, 4);
    memset(mem + image_len + 4, 0x31, 63);
    mem[image_len + 67] = 0;
    assert_int_equal(faults_of(mem, image_len + 68, &l), 0);
    assert_int_equal(l.signature, BM_APP_SIGNED_V1);
    assert_int_equal(l.end, image_len + 68);
    assert_int_equal(faults_of(mem, image_len + 67, &l), 1); /* cut */
    assert_string_equal(l.fault[0].id, "trailing");
    memset(mem + image_len, 0xff, 100);
    put_block(mem + 4096, mem, 4096);
    put_block(mem + 4096 + 1216, mem, 4096);
    assert_int_equal(faults_of(mem, 8192, &l), 0);
    assert_int_equal(l.signature, BM_APP_SIGNED_V2);
    assert_int_equal(l.signature_blocks, 2);
    assert_int_equal(l.signature_off, 4096);
    assert_int_equal(l.end, 8192);
    mem[4096 + 700] ^= 1;
    assert_int_equal(faults_of(mem, 8192, &l), 1);
    assert_string_equal(l.fault[0].text, "signature block 0 is damaged: its CRC is wrong");
    mem[2000] = 7;
    put_block(mem + 4096, mem, 4096);
    assert_int_equal(faults_of(mem, 8192, &l), 1);
    assert_string_equal(l.fault[0].text, "signature block 1 is of another image");
}

static void bootloader(void **state)
{
    uint8_t data[100] = {0x50};
    const struct bm_pack_part parts[] = {{".dram0.bootdesc", data, 0x3fcd5820, 80},
                                         {"t", data, 0x403cc700, 20}};
    struct bm_image_problems problems = {0};
    struct bm_app_look l;
    struct bm_pack p;
    size_t len;
    uint8_t *out;
    (void)state;
    (void)snprintf((char *)data + 8, 32, "v5.4");
    (void)snprintf((char *)data + 40, 24, "Nov 22 2026");
    memset(&p, 0, sizeof p);
    p.parts = parts;
    p.count = 2;
    p.source = "test";
    p.chip = C3;
    p.secure_version = -1;
    assert_int_equal(bm_pack(&out, &len, &p, &problems), BM_OK);
    assert_int_equal(faults_of(out, len, &l), 0);
    assert_int_equal(l.kind, BM_APP_BOOTLOADER);
    assert_string_equal(l.boot_idf, "v5.4");
    assert_string_equal(l.boot_time, "Nov 22 2026");
    bm_image_problems_free(&problems);
    free(out);
}

static void chips(void **state)
{
    char text[BM_FLASH_CLOCK_SIZE];
    (void)state;
    for (unsigned i = 0; bmi_chip_at(i) != NULL; i++) {
        const struct bmi_chip *c = bmi_chip_at(i);
        uint32_t last = 0;
        assert_int_equal(bm_app_chip_id(c->name), c->id);
        assert_string_equal(bm_app_chip_name(c->id), c->name);
        for (const struct bmi_range *r = c->ranges; r->to != 0; r++) {
            assert_true(r->from < r->to);
            assert_int_equal(bmi_chip_memory(c, r->to - 1), r->memory);
            assert_true(r->from >= last);
            last = r->to;
        }
        assert_true(bm_flash_clock_text(text, c->id, bm_flash_clock_default(c->id))[0] != '\0');
    }
    assert_int_equal(bm_app_chip_id("esp32c3"), 5);
    assert_int_equal(bm_app_chip_id("Esp32-P4"), 18);
    assert_int_equal(bm_app_chip_id("esp32c"), -1);
    assert_int_equal(bm_app_chip_id(""), -1);
    assert_int_equal(bm_app_chip_id(NULL), -1);
    assert_null(bm_app_chip_name(1));
    assert_int_equal(bm_flash_clock_by_name(0, "80MHz"), 15);
    assert_int_equal(bm_flash_clock_by_name(16, "80m"), -1);
    assert_int_equal(bm_flash_clock_by_name(0, "80"), -1);
    assert_string_equal(bm_flash_clock_text(text, 13, 0), "80m or 40m");
    assert_int_equal(bm_flash_size_by_name("4mb"), 2);
    assert_int_equal(bm_flash_mode_by_name("DIO"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),         cmocka_unit_test(in_flash),
        cmocka_unit_test(cut_anywhere),  cmocka_unit_test(flip_anywhere),
        cmocka_unit_test(failing_flash), cmocka_unit_test(by_mistake),
        cmocka_unit_test(wishes),        cmocka_unit_test(signatures),
        cmocka_unit_test(bootloader),    cmocka_unit_test(chips),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
