/* SPDX-License-Identifier: Apache-2.0 */

/* The flasher on virtual boards of every chip: connect, write, read back, verify, erase, skip. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "birthmark/err.h"
#include "harness/flasher.h"
#include "link/session.h"
#include "link/stub.h"

static void test_all_chips(void **state)
{
    (void)state;
    for (const struct bm_chip *chip = bm_chips; chip->name != NULL; chip++) {
        struct virtual_board b;
        struct heard heard = {0};
        struct bm_link_config config = {.progress = progress, .ctx = &heard};
        struct bm_link_info info;
        virtual_init(&b, chip->id_name, 2 * MB);
        b.config.revision = bm_sim_usual_revision(chip);
        virtual_open(&b);
        struct bm_link *link = must_open(&b, &config);
        assert_int_equal(bm_link_get_info(link, &info, NULL), BM_OK);
        assert_ptr_equal(info.chip, chip);
        assert_memory_equal(info.mac, b.config.mac, 6);
        assert_int_equal(info.revision, b.config.revision);
        assert_int_equal(info.flash_size, 2 * MB);
        assert_int_equal(info.secure_download, 0);
        assert_int_equal(info.secure_boot, 0);
        assert_int_equal(info.flash_encryption, 0);
        assert_int_equal(heard.stages[BM_LINK_CONNECTED], 1);
        check_write(&b, link, 0x10000, 20001, 0, 0);
        check_write(&b, link, 0x40000, 200000, 1, 0);
        check_write(&b, link, 0x40000, 200000, 1, BM_WRITE_PLAIN);
        check_write(&b, link, 0x9000, 3, 0, 0);
        check_write(&b, link, 2 * MB - 70000 / SECTOR * SECTOR, 68000, 1, 0);
        assert_int_equal(heard.stages[BM_LINK_RETRY], 0);
        bm_link_close(link, BM_AFTER_HARD_RESET);
        assert_int_equal(bm_sim_state(b.sim) == BM_SIM_ROM, 0);
        virtual_close(&b);
    }
}

static void test_usb(void **state)
{
    (void)state;
    for (const struct bm_chip *chip = bm_chips; chip->name != NULL; chip++) {
        struct virtual_board b;
        struct bm_link_config config = {.baud = 921600};
        if (chip->usb.jtag == 0) {
            continue;
        }
        virtual_init(&b, chip->id_name, MB);
        b.config.port = BM_CHIP_PORT_USB_JTAG;
        b.config.revision = bm_sim_usual_revision(chip);
        virtual_open(&b);
        struct bm_link *link = must_open(&b, &config);
        check_write(&b, link, 0x10000, 50000, 1, 0);
        bm_link_close(link, BM_AFTER_HARD_RESET);
        virtual_close(&b);
    }
}

/* Sectors that differ in the middle are the only ones erased. */
static void test_only_what_differs(void **state)
{
    (void)state;
    enum { LEN = 400 * 1024 };
    struct virtual_board b;
    struct bm_diag diag = {0};
    struct bm_link_config config = {0};
    virtual_init(&b, "esp32s3", 2 * MB);
    virtual_open(&b);
    struct bm_link *link = must_open(&b, &config);
    uint8_t *data = fill(LEN, 0, 7);
    memset(b.mem, OLD, b.size);
    MUST(bm_link_write(link, 0x20000, data, LEN, 0, &diag));
    static const uint32_t changed[] = {5 * SECTOR + 17, 6 * SECTOR, 40 * SECTOR + 4095, LEN - 1};
    for (size_t i = 0; i < 4; i++) {
        data[changed[i]] ^= 0x40;
    }
    const uint64_t erases = b.ram.erases;
    const uint64_t sent = b.sent;
    MUST(bm_link_write(link, 0x20000, data, LEN, 0, &diag));
    assert_int_equal(b.ram.erases - erases, 4);
    assert_true(b.sent - sent < 25000);
    assert_memory_equal(b.mem + 0x20000, data, LEN);
    assert_neighbours(&b, 0x20000, 0x20000 + LEN);
    MUST(bm_link_write(link, 0x20000, data, LEN, BM_WRITE_ALWAYS, &diag));
    assert_true(b.ram.erases - erases >= 4 + LEN / SECTOR);
    free(data);
    bm_link_close(link, BM_AFTER_NONE);
    virtual_close(&b);
}

static void test_erase(void **state)
{
    (void)state;
    struct virtual_board b;
    struct bm_diag diag = {0};
    struct bm_link_config config = {0};
    virtual_init(&b, "esp32", MB);
    virtual_open(&b);
    struct bm_link *link = must_open(&b, &config);
    memset(b.mem, OLD, b.size);
    MUST(bm_link_erase(link, 0x13000, 0x80000, &diag));
    for (size_t i = 0x13000; i < 0x93000; i++) {
        assert_int_equal(b.mem[i], 0xff);
    }
    assert_neighbours(&b, 0x13000, 0x93000);
    assert_int_equal(bm_link_erase(link, 0x13001, 0x1000, NULL), BM_E_ARG);
    assert_int_equal(bm_link_erase(link, 0xff000, 0x2000, NULL), BM_E_NOSPC);
    assert_int_equal(bm_link_write(link, 0xff000, b.mem, 0x1001, 0, NULL), BM_E_NOSPC);
    assert_int_equal(bm_link_write(link, 0x100, b.mem, 10, 0, NULL), BM_E_ARG);
    assert_int_equal(bm_link_write(link, 0x1000, b.mem, 0, 0, NULL), BM_OK);
    MUST(bm_link_erase_all(link, &diag));
    for (size_t i = 0; i < b.size; i++) {
        assert_int_equal(b.mem[i], 0xff);
    }
    const uint64_t erases = b.ram.erases;
    MUST(bm_link_erase_all(link, &diag)); /* blank already */
    assert_int_equal(b.ram.erases, erases);
    bm_link_close(link, BM_AFTER_NONE);
    virtual_close(&b);
}

/* The first words of a stub do not matter to the virtual board, only its form. */
static const char stub_json[] =
    "{\"entry\": 1077413380, \"text\": \"AAECAwQFBgc=\", \"text_start\": 1077413376,"
    " \"data\": \"CAkKCw==\", \"data_start\": 1070186420, \"bss_start\": 1070186424}";

static void test_stub(void **state)
{
    (void)state;
    struct virtual_board b;
    struct bm_diag diag = {0};
    struct bm_link_stub *stub = NULL;
    virtual_init(&b, "esp32c3", 2 * MB);
    virtual_open(&b);
    MUST(bm_link_stub_load(&stub, stub_json, sizeof stub_json - 1, &diag));
    assert_int_equal(stub->text_len, 8);
    assert_int_equal(stub->data_len, 4);
    assert_int_equal(stub->data[3], 0x0b);
    struct bm_link_config config = {.stub = stub, .baud = 921600};
    struct bm_link *link = must_open(&b, &config);
    assert_int_equal(bm_sim_state(b.sim), BM_SIM_STUB);
    check_write(&b, link, 0x10000, 100001, 0, 0);
    check_write(&b, link, 0x10000, 300000, 1, 0);
    check_write(&b, link, 0x10000, 300000, 1, BM_WRITE_PLAIN);
    uint8_t *all = malloc(b.size);
    assert_non_null(all);
    MUST(bm_link_read(link, 0, all, b.size, &diag));
    assert_memory_equal(all, b.mem, b.size);
    free(all);
    MUST(bm_link_erase_all(link, &diag));
    bm_link_close(link, BM_AFTER_HARD_RESET);
    bm_link_stub_free(stub);
    virtual_close(&b);
}

static void test_stub_files(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{",
        "{\"entry\": 1}",
        "{\"entry\": -1, \"text\": \"AAAA\", \"text_start\": 1}",
        "{\"entry\": 1, \"text\": \"AAA\", \"text_start\": 1}",
        "{\"entry\": 1, \"text\": \"AA*A\", \"text_start\": 1}",
        "{\"entry\": 1, \"text\": \"=AAA\", \"text_start\": 1}",
        "{\"entry\": 1, \"text\": \"\", \"text_start\": 1}",
        "{\"entry\": 1, \"text\": \"AAAA\", \"text_start\": 1, \"data\": \"AAAA\"}",
        "{\"entry\": 1, \"text\": 5, \"text_start\": 1}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bm_link_stub *stub = NULL;
        struct bm_diag diag = {0};
        assert_int_equal(bm_link_stub_load(&stub, bad[i], strlen(bad[i]), &diag), BM_E_INPUT);
        assert_null(stub);
        assert_true(diag.text[0] != '\0');
    }
    /* Of another chip. */
    struct virtual_board b;
    struct bm_diag diag = {0};
    struct bm_link_stub *stub = NULL;
    struct bm_link *link = NULL;
    virtual_init(&b, "esp32c6", MB);
    virtual_open(&b);
    assert_int_equal(bm_link_stub_load(&stub, stub_json, sizeof stub_json - 1, NULL), BM_OK);
    struct bm_link_config config = {.serial = &b.serial, .stub = stub};
    assert_int_equal(bm_link_open(&link, &config, &diag), BM_E_TYPE);
    assert_non_null(strstr(diag.text, "another chip"));
    bm_link_stub_free(stub);
    virtual_close(&b);
}

static void test_secure_download(void **state)
{
    (void)state;
    struct virtual_board b;
    struct bm_diag diag = {0};
    struct heard heard = {0};
    struct bm_link_info info;
    struct bm_link_config config = {.progress = progress, .ctx = &heard, .flash_size = 2 * MB};
    uint8_t *data = fill(30000, 0, 5);
    virtual_init(&b, "esp32s3", 2 * MB);
    b.config.secure_download = 1;
    virtual_open(&b);
    const uint64_t began = b.now_us;
    struct bm_link *link = must_open(&b, &config);
    assert_int_equal(bm_link_get_info(link, &info, NULL), BM_OK);
    assert_true(b.now_us - began < 2000000); /* no timeout: what it does not know it refuses */
    assert_int_equal(heard.stages[BM_LINK_RETRY], 0);
    assert_int_equal(info.secure_download, 1);
    struct bm_rom_reply reply;
    const uint32_t addr = BM_CHIP_MAGIC_REG;
    for (unsigned i = 0; i < 3; i++) { /* each time under the name of the last one it knew */
        const uint64_t then = b.now_us;
        assert_int_equal(link_words(link, BM_ROM_READ_REG, &addr, 1, LINK_REPLY_MS, &reply),
                         BM_E_PROTO);
        assert_int_equal(link->refusal, BM_ROM_E_INVALID);
        assert_true(b.now_us - then < 500000);
    }
    assert_string_equal(info.chip->id_name, "esp32s3");
    memset(b.mem, OLD, b.size);
    MUST(bm_link_write(link, 0x10000, data, 30000, 0, &diag));
    assert_memory_equal(b.mem + 0x10000, data, 30000);
    assert_non_null(strstr(heard.note, "cannot be verified"));
    assert_int_equal(bm_link_read(link, 0, data, 100, &diag), BM_E_PROTO);
    assert_non_null(strstr(diag.text, "secure download"));
    free(data);
    bm_link_close(link, BM_AFTER_NONE);
    virtual_close(&b);
}

static void test_region(void **state)
{
    (void)state;
    struct virtual_board b;
    struct bm_diag diag = {0};
    struct bm_link_config config = {0};
    struct bm_link_flash *f = NULL;
    struct bm_flash flash;
    uint8_t got[5000];
    uint8_t *want = malloc(MB);
    uint64_t seed = test_seed(11);
    assert_non_null(want);
    virtual_init(&b, "esp32c6", MB);
    virtual_open(&b);
    for (size_t i = 0; i < MB / 4; i++) {
        b.mem[i] = (uint8_t)test_random(&seed, 256);
    }
    memcpy(want, b.mem, MB);
    struct bm_link *link = must_open(&b, &config);
    MUST(bm_link_flash_open(&f, &flash, link, &diag));
    assert_int_equal(flash.size, MB);
    for (unsigned i = 0; i < 200; i++) {
        const uint32_t len = 1 + test_random(&seed, sizeof got - 1);
        const uint32_t off = test_random(&seed, 300 * 1024);
        const uint32_t sector = off / SECTOR * SECTOR;
        switch (test_random(&seed, 4)) {
        case 0:
            assert_int_equal(flash.ops->erase(flash.ctx, sector, SECTOR), BM_OK);
            memset(want + sector, 0xff, SECTOR);
            break;
        case 1:
            assert_int_equal(flash.ops->prog(flash.ctx, off, got, len), BM_OK);
            for (uint32_t k = 0; k < len; k++) {
                want[off + k] &= got[k];
            }
            break;
        default:
            assert_int_equal(flash.ops->read(flash.ctx, off, got, len), BM_OK);
            assert_memory_equal(got, want + off, len);
        }
    }
    MUST(bm_link_flash_sync(f, &diag));
    assert_memory_equal(b.mem, want, MB);
    const uint64_t sent = b.sent;
    MUST(bm_link_flash_sync(f, &diag));
    assert_int_equal(b.sent, sent);
    assert_int_equal(flash.ops->read(flash.ctx, MB - 1, got, 2), BM_E_ARG);
    assert_int_equal(flash.ops->erase(flash.ctx, 1, SECTOR), BM_E_ARG);
    bm_link_flash_close(f);
    bm_link_close(link, BM_AFTER_NONE);
    virtual_close(&b);
    free(want);
}

/* What is said when nobody answers. */
static void refuse(struct virtual_board *b, struct bm_link_config *config, int code,
                   const char *words)
{
    struct bm_link *link = NULL;
    struct bm_diag diag = {0};
    config->serial = &b->serial;
    const uint64_t began = b->now_us;
    assert_int_equal(bm_link_open(&link, config, &diag), code);
    assert_null(link);
    if (strstr(diag.text, words) == NULL) {
        fail_msg("\"%s\" is not in: %s", words, diag.text);
    }
    assert_true(b->now_us - began < 60 * 1000000ull);
}

static int read_text(void *ctx, void *buf, size_t cap, unsigned timeout_ms)
{
    struct virtual_board *b = ctx;
    const char *text = (const char *)b->mem;
    const size_t n = strlen(text) < cap ? strlen(text) : cap;
    b->now_us += timeout_ms * 1000ull + 1000;
    memcpy(buf, text, n);
    return (int)n;
}

static void test_words(void **state)
{
    (void)state;
    struct virtual_board b;
    virtual_init(&b, "esp32", MB);
    virtual_open(&b);
    struct bm_link_config config = {.before = BM_BEFORE_CUSTOM, .sequence = "D0|R1|W0.1|R0|W0.3"};
    refuse(&b, &config, BM_E_PROTO, "boot log");
    config.sequence = "D0|Rx";
    refuse(&b, &config, BM_E_ARG, "steps are");
    config = (struct bm_link_config){.chip = bm_chip_by_name("esp32c3")};
    refuse(&b, &config, BM_E_TYPE, "this is an ESP32, not an ESP32-C3");

    struct bm_serial_ops other = *b.serial.ops;
    other.read = read_text;
    other.write = write_nowhere;
    b.serial.ops = &other;
    config = (struct bm_link_config){.before = BM_BEFORE_NONE};
    b.mem[0] = '\0';
    refuse(&b, &config, BM_E_TIMEOUT, "nothing at all");
    snprintf((char *)b.mem, 100, "I (123) main: hello from the program\r\n");
    refuse(&b, &config, BM_E_PROTO, "a program runs");
    snprintf((char *)b.mem, 100, "rst:0x1 (POWERON_RESET)\r\nwaiting for download\r\n");
    refuse(&b, &config, BM_E_PROTO, "does not hear us");
    memset(b.mem, 0x81, 40);
    b.mem[40] = '\0';
    refuse(&b, &config, BM_E_PROTO, "garbage");
    virtual_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_chips),
        cmocka_unit_test(test_usb),
        cmocka_unit_test(test_only_what_differs),
        cmocka_unit_test(test_erase),
        cmocka_unit_test(test_stub),
        cmocka_unit_test(test_stub_files),
        cmocka_unit_test(test_secure_download),
        cmocka_unit_test(test_region),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
