/* SPDX-License-Identifier: Apache-2.0 */

/* Reset, straps, boot log, the way to an app and back, and the faults that take power or cable. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "birthmark/ota.h"
#include "harness/board.h"
#include "harness/virtual.h"
#include "part/app_fmt.h"
#include "proto/rom.h"
#include "proto/slip.h"

enum { FLASH_SIZE = 0x400000, TEXT = 16384 };

static char text[TEXT];

/* What the board says within so many milliseconds, as text. */
static const char *hear(struct virtual_board *b, unsigned ms)
{
    const size_t n = virtual_listen(b, text, sizeof text - 1, ms);
    text[n] = '\0';
    return text;
}

static void must_say(const char *said, const char *what)
{
    if (strstr(said, what) == NULL) {
        fail_msg("\"%s\" is missing in:\n%s", what, said);
    }
}

static void must_not_say(const char *said, const char *what)
{
    if (strstr(said, what) != NULL) {
        fail_msg("\"%s\" is in:\n%s", what, said);
    }
}

static void lines(struct virtual_board *b, int dtr, int rts, unsigned ms)
{
    assert_int_equal(b->serial.ops->set_lines(b, dtr, rts), BM_OK);
    b->serial.ops->sleep_ms(b, ms);
}

/* Sequences. */

static void the_classic_sequence_asks_for_download(void **state)
{
    struct virtual_board b;
    (void)state;
    virtual_init(&b, "esp32c3", FLASH_SIZE);
    virtual_open(&b);
    must_say(hear(&b, 10), "boot:0xc (SPI_FAST_FLASH_BOOT)");
    lines(&b, 0, 1, 100); /* EN low */
    assert_int_equal(bm_sim_state(b.sim), BM_SIM_OFF);
    (void)hear(&b, 1);
    lines(&b, 1, 1, 1); /* one after the other, as most drivers do */
    lines(&b, 1, 0, 50);
    lines(&b, 0, 0, 0);
    must_say(hear(&b, 50), "ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\n"
                           "rst:0x1 (POWERON),boot:0x4 (DOWNLOAD(USB/UART0/1))\r\n"
                           "waiting for download\r\n");
    assert_int_equal(bm_sim_state(b.sim), BM_SIM_ROM);
    /* Hard reset: RTS alone. */
    lines(&b, 0, 1, 100);
    lines(&b, 0, 0, 50);
    must_say(hear(&b, 50), "SPI_FAST_FLASH_BOOT");
    assert_int_not_equal(bm_sim_state(b.sim), BM_SIM_ROM);
    /* Let go of GPIO0 too early: a normal start. */
    lines(&b, 0, 1, 100);
    lines(&b, 1, 0, 5);
    lines(&b, 0, 0, 50);
    must_say(hear(&b, 50), "SPI_FAST_FLASH_BOOT");
    /* Both asserted do nothing at all. */
    const enum bm_sim_state before = bm_sim_state(b.sim);
    lines(&b, 1, 1, 1000);
    assert_int_equal(bm_sim_state(b.sim), before);
    virtual_close(&b);
}

static void usb_has_its_own_sequence(void **state)
{
    struct virtual_board b;
    (void)state;
    virtual_init(&b, "esp32s3", FLASH_SIZE);
    b.config.port = BM_CHIP_PORT_USB_JTAG;
    virtual_open(&b);
    (void)hear(&b, 10);
    lines(&b, 0, 0, 100);
    lines(&b, 1, 0, 100);
    lines(&b, 1, 1, 0);
    lines(&b, 0, 1, 100);
    lines(&b, 0, 0, 0);
    must_say(hear(&b, 10), "rst:0x15 (USB_UART_CHIP_RESET),boot:0x0 (DOWNLOAD(USB/UART0))");
    assert_int_equal(bm_sim_state(b.sim), BM_SIM_ROM);
    lines(&b, 0, 1, 100); /* nothing was asked for: a normal start */
    lines(&b, 0, 0, 0);
    must_say(hear(&b, 10), "boot:0x8 (SPI_FAST_FLASH_BOOT)");
    virtual_close(&b);
}

static void each_rom_has_its_words(void **state)
{
    (void)state;
    for (const struct bm_chip *chip = bm_chips; chip->name != NULL; chip++) {
        struct virtual_board b;
        virtual_init(&b, chip->id_name, FLASH_SIZE);
        b.config.revision = bm_sim_usual_revision(chip);
        b.config.hold_boot = 1;
        virtual_open(&b);
        const char *said = hear(&b, 10);
        must_say(said, "rst:0x1 (POWERON");
        must_say(said, "waiting for download\r\n");
        if (chip->image_id != 0 && chip->image_id != 12) { /* the C2's calls itself esp8684 */
            must_say(said, chip->id_name);
        }
        virtual_close(&b);
    }
}

/* A flash with bootloader area, table and apps of the ESP32. */
static void put_flash(struct virtual_board *v, int factory, unsigned slots)
{
    struct board b;
    struct board_image image;
    static const char *const labels[] = {"factory", "ota_0", "ota_1"};
    board_open(&b, factory, slots);
    for (unsigned i = factory ? 0 : 1; i <= slots; i++) {
        board_image_make(&image, &(struct board_app){.version = i + 1, .fill = 64});
        board_put(&b, labels[i], &image);
    }
    memcpy(v->mem, b.mem, BOARD_SIZE);
    memset(v->mem + 0x1000, 0xff, 0x7000); /* no bootloader */
    board_close(&b);
}

static void put_record(struct virtual_board *v, unsigned i, uint32_t seq, uint32_t state)
{
    struct bm_ota_record record;
    bm_ota_record_make(&record, seq, state);
    bm_ota_record_format(v->mem + BOARD_OTADATA + (size_t)0x1000 * i, &record);
}

static void without_a_bootloader_the_watchdog_bites(void **state)
{
    struct virtual_board b;
    (void)state;
    virtual_init(&b, "esp32c3", FLASH_SIZE);
    virtual_open(&b);
    must_say(hear(&b, 10), "invalid header: 0xffffffff\r\n");
    assert_int_equal(bm_sim_state(b.sim), BM_SIM_HUNG);
    must_say(hear(&b, 1000), "rst:0x10 (RTCWDT_RTC_RST)"); /* over and over */
    virtual_close(&b);
}

static void a_bootloader_in_flash_is_loaded(void **state)
{
    struct virtual_board b;
    struct board_image loader;
    (void)state;
    virtual_init(&b, "esp32", FLASH_SIZE);
    put_flash(&b, 1, 2);
    board_image_make(&loader, &(struct board_app){.version = 9, .fill = 64});
    loader.data[3] = 0x20; /* 4 MB */
    board_image_seal(&loader);
    memcpy(b.mem + 0x1000, loader.data, loader.len);
    virtual_open(&b);
    const char *said = hear(&b, 10);
    must_say(said, "load:0x3ffb0000,len:320\r\nentry 0x00000000\r\n");
    must_say(said, "boot: Loaded app from partition at offset 0x10000");
    assert_int_equal(bm_sim_state(b.sim), BM_SIM_APP);
    /* Its header says how large the flash is, and partitions beyond are refused. */
    b.mem[0x1003] = 0x00;
    bm_part_table_format(
        b.mem + 0x8000,
        &(struct bm_part_table){
            .count = 1,
            .part =
                {{.type = 1, .subtype = 2, .offset = 0x100000, .size = 0x3000, .label = "far"}}},
        NULL, NULL);
    bm_sim_reset(b.sim, b.now_us);
    must_say(hear(&b, 10), "partition 0 invalid - offset 0x100000 size 0x3000 exceeds flash chip "
                           "size 0x100000");
    virtual_close(&b);
}

static void it_boots_what_otadata_says(void **state)
{
    static const struct {
        int first, second; /* sequences; 0: blank */
        const char *said;
    } rows[] = {
        {0, 0, "boot: Defaulting to factory image"},
        {1, 0, "offset 0x16000"},
        {1, 2, "offset 0x1c000"},
        {3, 2, "offset 0x16000"},
        {3, 4, "offset 0x1c000"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct virtual_board b;
        virtual_init(&b, "esp32", FLASH_SIZE);
        b.config.own_bootloader = 1;
        put_flash(&b, 1, 2);
        if (rows[i].first != 0) {
            put_record(&b, 0, (uint32_t)rows[i].first, BM_OTA_UNDEFINED);
        }
        if (rows[i].second != 0) {
            put_record(&b, 1, (uint32_t)rows[i].second, BM_OTA_UNDEFINED);
        }
        virtual_open(&b);
        must_say(hear(&b, 10), rows[i].said);
        assert_int_equal(bm_sim_state(b.sim), BM_SIM_APP);
        virtual_close(&b);
    }
}

/* An app for another chip, another revision of it, or a place where no memory is. */
static void an_app_for_others_gives_way(void **state)
{
    static const struct {
        size_t at; /* two bytes of the image */
        uint16_t value;
        const char *said;
    } rows[] = {
        {BMI_AH_CHIP, 5, "boot_comm: mismatch chip ID, expected 0, found 5"},
        {BMI_AH_MIN_REV, 301, "boot_comm: Image requires chip rev >= v3.1, but chip is v3.0"},
        {BMI_AH_MAX_REV, 299, "boot_comm: Image requires chip rev <= v2.99, but chip is v3.0"},
        {BM_APP_HEADER_SIZE + 2, 0x2ffb, "esp_image: a segment has a bad load address range"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct virtual_board b;
        struct board_image app;
        virtual_init(&b, "esp32", FLASH_SIZE);
        b.config.own_bootloader = 1;
        b.config.revision = 300;
        put_flash(&b, 0, 2);
        put_record(&b, 0, 1, BM_OTA_UNDEFINED);
        board_image_make(&app, &(struct board_app){.version = 7, .fill = 1000});
        bm_put_le16(app.data + rows[i].at, rows[i].value);
        board_image_seal(&app);
        memcpy(b.mem + 0x10000, app.data, app.len);
        virtual_open(&b);
        const char *said = hear(&b, 10);
        must_say(said, rows[i].said);
        must_say(said, "boot: Loaded app from partition at offset 0x16000");
        virtual_close(&b);
    }
}

/* The table is where the bootloader was built to look for it. */
static void the_table_is_elsewhere(void **state)
{
    static const struct {
        uint32_t table_off;
        const char *said;
    } rows[] = {{0, "boot: load partition table error!"},
                {0x7000, "boot: Loaded app from partition"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct virtual_board b;
        virtual_init(&b, "esp32", FLASH_SIZE);
        b.config.own_bootloader = 1;
        b.config.table_off = rows[i].table_off;
        put_flash(&b, 1, 2);
        memcpy(b.mem + 0x7000, b.mem + 0x8000, 0x1000);
        memset(b.mem + 0x8000, 0xff, 0x1000);
        virtual_open(&b);
        must_say(hear(&b, 10), rows[i].said);
        virtual_close(&b);
    }
}

static void a_damaged_app_gives_way(void **state)
{
    struct virtual_board b;
    (void)state;
    virtual_init(&b, "esp32", FLASH_SIZE);
    b.config.own_bootloader = 1;
    put_flash(&b, 0, 2);
    put_record(&b, 0, 1, BM_OTA_UNDEFINED);
    b.mem[0x10000 + 300] ^= 1;
    virtual_open(&b);
    const char *said = hear(&b, 10);
    must_say(said, "boot: OTA app partition slot 0 is not bootable");
    must_say(said, "boot: Loaded app from partition at offset 0x16000");
    /* Neither: nothing boots, for ever. */
    b.mem[0x16000] = 0;
    bm_sim_reset(b.sim, b.now_us);
    said = hear(&b, 1000);
    must_say(said, "invalid magic byte");
    must_say(said, "boot: No bootable app partitions in the partition table");
    must_say(said, "rst:0x3 (SW_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)");
    /* A bit of the table. */
    b.mem[0x8004] ^= 1;
    bm_sim_reset(b.sim, b.now_us);
    said = hear(&b, 50);
    must_say(said, "flash_parts: Incorrect MD5 checksum");
    must_say(said, "boot: load partition table error!");
    virtual_close(&b);
}

static void a_new_app_has_one_start(void **state)
{
    struct virtual_board b;
    (void)state;
    virtual_init(&b, "esp32", FLASH_SIZE);
    b.config.own_bootloader = 1;
    b.config.rollback = 1;
    put_flash(&b, 1, 2);
    put_record(&b, 0, 1, BM_OTA_VALID);
    put_record(&b, 1, 2, BM_OTA_NEW);
    virtual_open(&b);
    must_say(hear(&b, 10), "offset 0x1c000");
    bm_sim_reset(b.sim, b.now_us); /* it did not say that it is well */
    must_say(hear(&b, 10), "offset 0x16000");
    virtual_close(&b);
}

/* The app, and ways to leave it. */

struct app {
    unsigned starts, stops;
    enum bm_sim_running now;
    enum bm_sim_reason reason;
    uint32_t offset;
    char heard[32];
    size_t heard_len;
    const char *word; /* what it says next */
};

static int app_start(void *ctx, const struct bm_sim_program *program)
{
    struct app *app = ctx;
    app->starts++;
    app->now = BM_SIM_RUNS;
    app->reason = program->reason;
    app->offset = program->part->offset;
    app->word = "hello\r\n";
    return BM_OK;
}

static void app_input(void *ctx, const void *data, size_t len)
{
    struct app *app = ctx;
    assert_true(app->heard_len + len <= sizeof app->heard);
    memcpy(app->heard + app->heard_len, data, len);
    app->heard_len += len;
}

static size_t app_output(void *ctx, void *buf, size_t cap)
{
    struct app *app = ctx;
    const size_t len = app->word != NULL ? strlen(app->word) : 0;
    assert_true(len <= cap);
    memcpy(buf, app->word != NULL ? app->word : "", len);
    app->word = NULL;
    return len;
}

static enum bm_sim_running app_poll(void *ctx)
{
    const struct app *app = ctx;
    return app->now;
}

static void app_stop(void *ctx)
{
    struct app *app = ctx;
    app->stops++;
}

static const struct bm_sim_runner runner = {app_start, app_input, app_output, app_poll, app_stop};

static void an_app_runs_and_restarts(void **state)
{
    static const struct {
        enum bm_sim_running how;
        enum bm_sim_reason reason;
    } rows[] = {{BM_SIM_RESTARTS, BM_SIM_SW},
                {BM_SIM_PANICS, BM_SIM_PANIC},
                {BM_SIM_STARVES, BM_SIM_TASK_WDT}};
    struct virtual_board b;
    struct app app = {0};
    (void)state;
    virtual_init(&b, "esp32", FLASH_SIZE);
    b.config.own_bootloader = 1;
    b.config.runner = &runner;
    b.config.runner_ctx = &app;
    put_flash(&b, 1, 2);
    virtual_open(&b);
    must_say(hear(&b, 20), "hello\r\n");
    assert_int_equal(app.starts, 1);
    assert_int_equal(app.reason, BM_SIM_POWERON);
    assert_int_equal(app.offset, 0x10000);
    b.serial.ops->write(&b, "\xc0key", 4, 100);
    assert_int_equal(app.heard_len, 4);
    assert_memory_equal(app.heard, "\xc0key", 4);
    for (unsigned i = 0; i < 3; i++) {
        app.now = rows[i].how;
        app.word = "last words\r\n";
        const char *said = hear(&b, 100);
        must_say(said, "last words\r\n");
        must_say(said, "rst:0xc (SW_CPU_RESET)");
        assert_int_equal(app.starts, 2 + i);
        assert_int_equal(app.stops, 1 + i);
        assert_int_equal(app.reason, rows[i].reason);
    }
    app.now = BM_SIM_ENDED;
    must_not_say(hear(&b, 1000), "rst:");
    assert_int_equal(bm_sim_state(b.sim), BM_SIM_HUNG);
    /* The reset button stops it wherever it is. */
    bm_sim_reset(b.sim, b.now_us);
    assert_int_equal(app.starts, 5);
    lines(&b, 0, 1, 10);
    assert_int_equal(app.stops, 5);
    virtual_close(&b);
    assert_int_equal(app.stops, 5);
}

/* Ways out of the loader. */

static void request(struct virtual_board *b, uint8_t op, const uint32_t *words, size_t count)
{
    uint8_t frame[64];
    uint8_t wire[130];
    const size_t len = bm_rom_format_words(frame, sizeof frame, op, words, count);
    b->serial.ops->write(b, wire, bm_slip_encode(wire, sizeof wire, frame, len), 100);
}

static void flash_end_leaves(void **state)
{
    static const uint32_t reboot = 0;
    static const uint32_t run = 1;
    struct virtual_board b;
    (void)state;
    virtual_init(&b, "esp32c3", FLASH_SIZE);
    b.config.hold_boot = 1;
    virtual_open(&b);
    bm_sim_hold_boot(b.sim, 0);
    (void)hear(&b, 10);
    request(&b, BM_ROM_FLASH_END, &run, 1); /* although nothing was begun */
    const size_t n = virtual_listen(&b, text, sizeof text, 10);
    assert_memory_equal(text, "\xc0\x01\x04\x04\x00\x00\x00\x00\x00\x01\x06", 11);
    text[n] = '\0';
    must_say(text + 14, "user code done\r\nGuru Meditation Error");
    assert_int_equal(bm_sim_state(b.sim), BM_SIM_HUNG);
    bm_sim_hold_boot(b.sim, 1);
    bm_sim_reset(b.sim, b.now_us);
    bm_sim_hold_boot(b.sim, 0);
    (void)hear(&b, 10);
    request(&b, BM_ROM_FLASH_END, &reboot, 1);
    (void)virtual_listen(&b, text, 14, 10);
    /* By software: the straps are as they were sampled, so it is back in the loader. */
    must_say(hear(&b, 10), "rst:0x3 (RTC_SW_SYS_RST),boot:0x4 (DOWNLOAD(USB/UART0/1))");
    assert_int_equal(bm_sim_state(b.sim), BM_SIM_ROM);
    bm_sim_reset(b.sim, b.now_us);
    must_say(hear(&b, 10), "rst:0x1 (POWERON),boot:0xc (SPI_FAST_FLASH_BOOT)");
    virtual_close(&b);
}

static void the_first_esp32_falls_back_to_basic(void **state)
{
    static const uint32_t run = 1;
    struct virtual_board b;
    (void)state;
    virtual_init(&b, "esp32", FLASH_SIZE);
    b.config.hold_boot = 1;
    b.config.revision = 0;
    virtual_open(&b);
    must_say(hear(&b, 10), "ets Jun  8 2016 00:22:57\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x");
    request(&b, BM_ROM_FLASH_END, &run, 1);
    (void)virtual_listen(&b, text, 14, 10);
    must_say(hear(&b, 10), "flash read err, 631\r\nFalling back to built-in command interpreter."
                           "\r\nOK\r\n>");
    virtual_close(&b);
}

/* A watchdog set by the host is a reset button where there are no lines. */
static void a_watchdog_resets(void **state)
{
    struct virtual_board b;
    (void)state;
    virtual_init(&b, "esp32c3", FLASH_SIZE);
    b.config.hold_boot = 1;
    virtual_open(&b);
    bm_sim_hold_boot(b.sim, 0);
    const struct bm_chip_wdt *wdt = &b.config.chip->wdt;
    const uint32_t writes[][4] = {{wdt->wprotect, wdt->wkey, 0xffffffff, 0},
                                  {wdt->config1, BM_CHIP_WDT_TICKS, 0xffffffff, 0},
                                  {wdt->config0, BM_CHIP_WDT_RESET, 0xffffffff, 0},
                                  {wdt->wprotect, 0, 0xffffffff, 0}};
    for (size_t i = 0; i < 4; i++) {
        request(&b, BM_ROM_WRITE_REG, writes[i], 4);
    }
    (void)hear(&b, 1);
    must_say(hear(&b, 500), "rst:0x10 (RTCWDT_RTC_RST),boot:0xc (SPI_FAST_FLASH_BOOT)");
    virtual_close(&b);
}

/* Faults. */

static void power_and_cable_fail_when_told(void **state)
{
    struct virtual_board b;
    uint8_t byte = 0;
    (void)state;
    virtual_init(&b, "esp32", FLASH_SIZE);
    b.config.hold_boot = 1;
    b.config.faults.reset_after = 5;
    b.config.faults.unplug_after = 8;
    virtual_open(&b);
    (void)hear(&b, 10);
    b.serial.ops->write(&b, "1234", 4, 100);
    assert_string_equal(hear(&b, 10), "");
    b.serial.ops->write(&b, "5", 1, 100);
    must_say(hear(&b, 10), "rst:0x1 (POWERON_RESET)");
    b.serial.ops->write(&b, "678", 3, 100);
    assert_true(bm_sim_unplugged(b.sim));
    assert_int_equal(b.serial.ops->read(&b, &byte, 1, 10), BM_E_IO);
    assert_int_equal(b.serial.ops->write(&b, &byte, 1, 10), BM_E_IO);
    assert_int_equal(b.serial.ops->set_lines(&b, 0, 1), BM_E_IO);
    virtual_close(&b);
}

/* In realtime 115200 baud are 11520 bytes a second, and erasing takes its time. */
static void realtime_takes_time(void **state)
{
    static const uint32_t begin[5] = {0x10000, 64, 0x400, 0x10000, 0};
    struct virtual_board b;
    (void)state;
    virtual_init(&b, "esp32c3", FLASH_SIZE);
    b.config.hold_boot = 1;
    b.config.realtime = 1;
    virtual_open(&b);
    const uint64_t start = b.now_us;
    size_t said = 0;
    while (strstr(text, "waiting for download\r\n") == NULL || said == 0) {
        const int n = b.serial.ops->read(&b, text + said, sizeof text - 1 - said, 1000);
        assert_true(n > 0);
        said += (size_t)n;
        text[said] = '\0';
    }
    const uint64_t us = b.now_us - start;
    assert_in_range(us, said * 86, said * 88);
    const uint64_t asked = b.now_us;
    request(&b, BM_ROM_FLASH_BEGIN, begin, 5);
    assert_int_equal(b.serial.ops->read(&b, text, 1, 10), 0);
    assert_int_equal(b.serial.ops->read(&b, text, 1, 1000), 1);
    assert_in_range(b.now_us - asked, 150000, 170000); /* a block of 64 KB */
    virtual_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_classic_sequence_asks_for_download),
        cmocka_unit_test(usb_has_its_own_sequence),
        cmocka_unit_test(each_rom_has_its_words),
        cmocka_unit_test(without_a_bootloader_the_watchdog_bites),
        cmocka_unit_test(a_bootloader_in_flash_is_loaded),
        cmocka_unit_test(it_boots_what_otadata_says),
        cmocka_unit_test(an_app_for_others_gives_way),
        cmocka_unit_test(the_table_is_elsewhere),
        cmocka_unit_test(a_damaged_app_gives_way),
        cmocka_unit_test(a_new_app_has_one_start),
        cmocka_unit_test(an_app_runs_and_restarts),
        cmocka_unit_test(flash_end_leaves),
        cmocka_unit_test(the_first_esp32_falls_back_to_basic),
        cmocka_unit_test(a_watchdog_resets),
        cmocka_unit_test(power_and_cable_fail_when_told),
        cmocka_unit_test(realtime_takes_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
