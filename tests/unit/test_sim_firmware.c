/* SPDX-License-Identifier: Apache-2.0 */

/* A virtual board that runs the example firmware out of its flash file: starts, restarts, panics,
 * watchdog, images that cannot run, and power cuts while it writes to NVS. BM_SEED: another series
 * of cuts. */

#define _XOPEN_SOURCE 700
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "birthmark/board.h"
#include "birthmark/nvs.h"
#include "cli/sim_firmware.h"
#include "cli/sim_watchdog.h"
#include "crypto/crypto.h"
#include "harness/random.h"
#include "layout/pack_virtual.h"
#include "part/app_virtual.h"
#include "port/clock.h"
#include "port/file.h"
#include "sim/sim.h"

enum {
    FLASH_SIZE = 4 << 20,
    NVS_AT = 0x9000,
    NVS_SIZE = 0x4000,
    OTADATA_AT = 0xd000,
    OTADATA_SIZE = 0x2000,
    APP_AT = 0x10000,
    APP_SIZE = 0x300000,
    C3 = 5,
    LOG = 1 << 20,
    PATIENCE_MS = 60000,
    CUTS = 60,
    PEM = 1500
};

struct board {
    struct bm_sim *sim;
    struct cli_firmware *firmware;
    struct bm_flash flash;
    struct bm_flash_file file;
    char *log; /* since forget() */
    size_t len;
};

static uint8_t flash_image[FLASH_SIZE];
static char pem[2][PEM + 1]; /* certificate and key */

/* Flash */

static struct bm_part part(const char *label, uint8_t type, uint8_t subtype, uint32_t offset,
                           uint32_t size)
{
    struct bm_part p = {.type = type, .subtype = subtype, .offset = offset, .size = size};
    (void)snprintf(p.label, sizeof p.label, "%s", label);
    return p;
}

static void put_table(void)
{
    static struct bm_part_table table;
    struct bm_hash md5;
    table.count = 3;
    table.part[0] = part("nvs", BM_PART_DATA, BM_PART_DATA_NVS, NVS_AT, NVS_SIZE);
    table.part[1] = part("otadata", BM_PART_DATA, BM_PART_DATA_OTA, OTADATA_AT, OTADATA_SIZE);
    table.part[2] = part("ota_0", BM_PART_APP, BM_PART_APP_OTA_0, APP_AT, APP_SIZE);
    assert_int_equal(bm_hash_openssl_md5(&md5), BM_OK);
    assert_int_equal(bm_part_table_format(flash_image + BM_PART_TABLE_OFFSET, &table, &md5, NULL),
                     BM_OK);
    bm_hash_openssl_close(&md5);
}

/* Mounts the NVS partition of a whole flash. */
static void mount(struct bm_nvs *nvs, struct bm_flash *region, struct bm_flash_window *window,
                  const struct bm_flash *flash, int writable)
{
    static uint32_t work[256];
    assert_int_equal(bm_flash_window(region, window, flash, NVS_AT, NVS_SIZE), BM_OK);
    const struct bm_nvs_config config = {
        .flash = region, .work = work, .work_len = sizeof work, .writable = writable};
    assert_int_equal(bm_nvs_mount_with(nvs, &config, NULL), BM_OK);
}

static void put_identity(void)
{
    static const char *const keys[] = {"certificate", "priv_key"};
    struct bm_flash flash;
    struct bm_flash_ram ram;
    struct bm_flash region;
    struct bm_flash_window window;
    struct bm_nvs nvs;
    uint8_t ns;
    assert_int_equal(bm_flash_ram_init(&flash, &ram, flash_image, sizeof flash_image), BM_OK);
    mount(&nvs, &region, &window, &flash, 1);
    assert_int_equal(bm_nvs_namespace_create(&nvs, "certs", &ns), BM_OK);
    for (unsigned i = 0; i < 2; i++) {
        memset(pem[i], (int)('A' + i), PEM);
        assert_int_equal(bm_nvs_set_data(&nvs, ns, keys[i], BM_NVS_STR, pem[i], sizeof pem[i]),
                         BM_OK);
    }
    bm_nvs_unmount(&nvs);
}

static void put_program(const uint8_t *program, size_t len)
{
    struct bm_pack p = {.source = "test",
                        .chip = C3,
                        .flash_mode = 2,
                        .flash_size = 2,
                        .max_chip_rev = 0xffff,
                        .version = "1.0",
                        .secure_version = -1};
    struct bm_pack_part parts[BM_PACK_VIRTUAL_PARTS];
    static uint8_t head[BM_PACK_VIRTUAL_HEAD];
    struct bm_image_problems problems = {0};
    uint8_t *image;
    size_t image_len;
    assert_int_equal(bm_pack_virtual(&p, parts, head, program, len, NULL), BM_OK);
    assert_int_equal(bm_pack(&image, &image_len, &p, &problems), BM_OK);
    assert_int_equal(problems.count, 0);
    assert_in_range(image_len, len, APP_SIZE);
    memset(flash_image + APP_AT, 0xff, APP_SIZE);
    memcpy(flash_image + APP_AT, image, image_len);
    free(image);
    bm_image_problems_free(&problems);
}

static void put_firmware(void)
{
    char path[4096];
    uint8_t *program;
    size_t len;
    const char *build = getenv("BM_BUILD");
    (void)snprintf(path, sizeof path, "%s/examples/virtual_firmware-1.0",
                   build != NULL ? build : ".");
    assert_int_equal(bm_port_read(path, APP_SIZE, &program, &len, NULL), BM_OK);
    put_program(program, len);
    bm_port_free(program, len);
}

static void make_flash(void)
{
    memset(flash_image, 0xff, sizeof flash_image);
    put_table();
    put_identity();
    put_firmware();
}

/* Makes checksum and SHA-256 of the app right again, after its bytes were changed. */
static void repair(void)
{
    struct bm_flash flash;
    struct bm_app a;
    uint8_t sum = 0xef;
    uint8_t *image = flash_image + APP_AT;
    assert_int_equal(bm_flash_view(&flash, image, APP_SIZE), BM_OK);
    assert_int_equal(bm_app_read(&a, &flash, 0, APP_SIZE, NULL), BM_OK);
    for (unsigned i = 0; i < a.segments; i++) {
        for (uint32_t k = 0; k < a.segment[i].size; k++) {
            sum ^= image[a.segment[i].off + k];
        }
    }
    image[a.size - BM_SHA256_LEN - 1] = sum;
    assert_int_equal(
        bm_crypto_sha256(image + a.size - BM_SHA256_LEN, image, a.size - BM_SHA256_LEN), BM_OK);
}

/* Board */

static void open_board(struct board *b)
{
    struct bm_sim_config config = {.chip = bm_chip_by_image_id(C3),
                                   .flash = &b->flash,
                                   .mac = {2, 0, 0, 0, 0xab, 0xcd},
                                   .revision = 4,
                                   .own_bootloader = 1,
                                   .runner = &cli_firmware_runner};
    memset(b, 0, sizeof *b);
    assert_int_equal(bm_port_write("flash.bin", flash_image, sizeof flash_image, 0600, NULL),
                     BM_OK);
    assert_int_equal(bm_flash_file_open_rw(&b->flash, &b->file, "flash.bin"), BM_OK);
    b->log = calloc(LOG, 1);
    b->firmware = cli_firmware_new("flash.bin", BM_PART_TABLE_OFFSET, 0);
    assert_true(b->log != NULL && b->firmware != NULL);
    config.runner_ctx = b->firmware;
    assert_int_equal(bm_sim_open(&b->sim, &config), BM_OK);
    bm_sim_reset(b->sim, bm_port_now_us());
}

/* Nothing of the firmware is left. */
static void close_board(struct board *b)
{
    bm_sim_close(b->sim);
    cli_firmware_free(b->firmware);
    bm_flash_file_close(&b->file);
    free(b->log);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static size_t turn(struct board *b)
{
    size_t n;
    size_t all = 0;
    do {
        const size_t room = LOG - 1 - b->len;
        assert_int_not_equal(room, 0);
        n = bm_sim_output(b->sim, b->log + b->len, room, bm_port_now_us());
        b->len += n;
        all += n;
    } while (n > 0 && all < LOG / 4);
    b->log[b->len] = '\0';
    return all;
}

static void forget(struct board *b)
{
    b->len = 0;
    b->log[0] = '\0';
}

static void expect(struct board *b, const char *text)
{
    for (unsigned i = 0; i < PATIENCE_MS && strstr(b->log, text) == NULL; i++) {
        if (turn(b) == 0) {
            bm_port_sleep_us(1000);
        }
    }
    if (strstr(b->log, text) == NULL) {
        fail_msg("no \"%s\" in: %s", text, b->log);
    }
}

static void say(struct board *b, const char *line)
{
    forget(b);
    bm_sim_input(b->sim, line, strlen(line), bm_port_now_us());
}

/* The power goes and comes, by the line that holds EN. */
static void cut(struct board *b)
{
    bm_sim_lines(b->sim, 0, 1, bm_port_now_us());
    turn(b);
    forget(b);
    bm_sim_lines(b->sim, 0, 0, bm_port_now_us());
}

static void test_life(void **state)
{
    (void)state;
    struct board b;
    make_flash();
    open_board(&b);
    expect(&b, "ready\r\n");
    expect(&b, "generic firmware 1.0\r\nslot: ota_0 at 0x10000, described as 1.0\r\n"
               "MAC: 02:00:00:00:ab:cd\r\nboot 1, reset reason 1\r\ncertificate: 1500 bytes");
    say(&b, "version\r");
    expect(&b, "version 1.0\r\n");
    say(&b, "restart\n");
    expect(&b, "boot 2, reset reason 3");
    expect(&b, "ready\r\n");
    say(&b, "crash\n");
    expect(&b, "Guru Meditation Error: Core  0 panic'ed (");
    expect(&b, "Rebooting...\r\n");
    expect(&b, "boot 3, reset reason 4");
    expect(&b, "ready\r\n");
    say(&b, "hang\n");
    expect(&b, "task_wdt: Task watchdog got triggered");
    expect(&b, "boot 4, reset reason 6");
    expect(&b, "ready\r\n");
    say(&b, "sleep\n");
    while (bm_sim_state(b.sim) == BM_SIM_APP) {
        turn(&b);
    }
    assert_int_equal(bm_sim_state(b.sim), BM_SIM_HUNG);
    turn(&b);
    assert_string_equal(b.log, "");
    bm_sim_reset(b.sim, bm_port_now_us());
    expect(&b, "boot 5, reset reason 1");
    close_board(&b); /* while it runs */
}

/* Identity and the values that the firmware writes, as they are in the file now. Returns the value
 * of the blob, or -1. */
static int check_store(const struct board *b)
{
    static char value[PEM + 1];
    static uint8_t blob[400];
    struct bm_flash region;
    struct bm_flash_window window;
    struct bm_nvs nvs;
    uint8_t ns;
    size_t len = sizeof value;
    int rc = BM_E_NOENT;
    mount(&nvs, &region, &window, &b->flash, 0);
    assert_int_equal(bm_nvs_namespace(&nvs, "certs", &ns), BM_OK);
    assert_int_equal(bm_nvs_get_data(&nvs, ns, "certificate", BM_NVS_STR, value, &len), BM_OK);
    assert_memory_equal(value, pem[0], sizeof pem[0]);
    len = sizeof value;
    assert_int_equal(bm_nvs_get_data(&nvs, ns, "priv_key", BM_NVS_STR, value, &len), BM_OK);
    assert_memory_equal(value, pem[1], sizeof pem[1]);
    if (bm_nvs_namespace(&nvs, "wear", &ns) == BM_OK) {
        len = sizeof blob;
        rc = bm_nvs_get_data(&nvs, ns, "blob", BM_NVS_BLOB, blob, &len);
        assert_true(rc == BM_OK || rc == BM_E_NOENT);
        for (size_t i = 1; rc == BM_OK && i < len; i++) {
            assert_int_equal(blob[i], blob[0]); /* of one write */
        }
    }
    bm_nvs_unmount(&nvs);
    return rc == BM_OK ? blob[0] : -1;
}

static void test_power_cuts(void **state)
{
    (void)state;
    struct board b;
    uint64_t seed = test_seed(5);
    char boots[40];
    unsigned changed = 0;
    int last = -1;
    print_message("BM_SEED=%llu\n", (unsigned long long)seed);
    make_flash();
    open_board(&b);
    /* on a busy machine the power can be cut many times before anything is written */
    for (unsigned i = 0; i < CUTS || (changed < CUTS / 3 && i < 20 * CUTS); i++) {
        (void)snprintf(boots, sizeof boots, "boot %u, reset reason 1\r\n", i + 1);
        expect(&b, boots);
        expect(&b, "certificate: 1500 bytes");
        expect(&b, "ready\r\n");
        say(&b, "wear\n");
        expect(&b, "writing\r\n");
        bm_port_sleep_us(test_random(&seed, 12000));
        cut(&b);
        const int now = check_store(&b);
        changed += now != last;
        last = now;
    }
    assert_in_range(changed, CUTS / 3, 20 * CUTS); /* it did write */
    close_board(&b);
}

static void expect_refusal(const char *text)
{
    struct board b;
    open_board(&b);
    expect(&b, text);
    expect(&b, "\r\n");
    for (unsigned i = 0; i < PATIENCE_MS && bm_sim_state(b.sim) == BM_SIM_APP; i++) {
        turn(&b);
        bm_port_sleep_us(1000);
    }
    assert_int_equal(bm_sim_state(b.sim), BM_SIM_HUNG);
    close_board(&b);
}

static void test_images_that_cannot_run(void **state)
{
    (void)state;
    static const char nowhere[] = "#!/no/such/interpreter\n";
    uint8_t elf[64] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    uint8_t *mark = flash_image + APP_AT + 32 + BM_APP_DESC_SIZE;
    make_flash();
    elf[16] = 2;
    elf[18] = 0xfe;
    elf[19] = 0xca;
    put_program(elf, sizeof elf);
    expect_refusal("this image holds a program for another machine, which this machine cannot run");
    elf[18] = 21; /* a PowerPC64, which is none of the machines that this is tested on */
    elf[19] = 0;
    put_program(elf, sizeof elf);
    expect_refusal("this image holds a program for PowerPC64, which");
    put_program((const uint8_t *)nowhere, sizeof nowhere - 1);
    expect_refusal("the program in this image needs an interpreter or loader that is not here");
    mark[BMI_AV_HEADER] = 'x';
    repair();
    expect_refusal("this image is for the virtual board, but holds no program");
    put_program((const uint8_t *)nowhere, sizeof nowhere - 1);
    mark[BMI_AV_LENGTH + 1] = 0x40;
    repair();
    expect_refusal("this image is for the virtual board, but holds no program");
    mark[0] ^= 1;
    repair();
    expect_refusal("this image holds code for the ESP32-C3, which the virtual board cannot run");
}

/* Scripts: what a board tells them, ends that are none, and one that never stops talking. */
static void run_script(struct board *b, const char *text)
{
    char program[400];
    const int n = snprintf(program, sizeof program, "#!/bin/sh\n%s\n", text);
    memset(flash_image, 0xff, sizeof flash_image);
    put_table();
    put_program((const uint8_t *)program, (size_t)n);
    open_board(b);
}

static void test_scripts(void **state)
{
    (void)state;
    struct board b;
    run_script(&b, "echo $" BM_BOARD_FLASH " $" BM_BOARD_SLOT " $" BM_BOARD_CHIP " $" BM_BOARD_MAC
                   " $" BM_BOARD_RESET_REASON " $" BM_BOARD_ROLLBACK "; exit 3");
    expect(&b, "flash.bin ota_0 esp32c3 02:00:00:00:ab:cd 1 0\r\n");
    expect(&b,
           "Guru Meditation Error: Core  0 panic'ed (Unhandled exit). Exception was unhandled.\r\n"
           "On the virtual board: the program ended with status 3\r\n");
    expect(&b, "flash.bin ota_0 esp32c3 02:00:00:00:ab:cd 4 0\r\n");
    close_board(&b);
    run_script(&b, "printf 'a\\nb\\r\\n\\nc'; kill -ABRT $$");
    expect(&b, "a\r\nb\r\n\r\nc\r\n\r\nabort() was called");
    close_board(&b);
    run_script(&b, "while :; do echo talk; done");
    expect(&b, "talk\r\ntalk\r\n");
    const uint64_t start = bm_port_now_us();
    cut(&b);
    expect(&b, "talk\r\ntalk\r\n");
    assert_in_range(bm_port_now_us() - start, 0, (uint64_t)PATIENCE_MS * 1000);
    close_board(&b);
    run_script(&b, "echo '100 warn' >$" BM_BOARD_WATCHDOG "; read x; echo 0 >$" BM_BOARD_WATCHDOG
                   "; echo awake; read x");
    expect(&b, "task_wdt: Task watchdog got triggered");
    say(&b, "wake up\n");
    expect(&b, "awake\r\n");
    assert_int_equal(bm_sim_state(b.sim), BM_SIM_APP);
    close_board(&b);
}

/* The watchdog's lines. */
static void note(struct cli_watchdog *w, const char *text, uint64_t now)
{
    cli_watchdog_note(w, text, strlen(text), now);
}

static void test_watchdog(void **state)
{
    (void)state;
    struct cli_watchdog w = {0};
    assert_false(cli_watchdog_bites(&w, UINT64_MAX));
    note(&w, "5", 0);
    note(&w, "00\n", 1000);
    assert_false(w.warn);
    assert_false(cli_watchdog_bites(&w, 500999));
    assert_true(cli_watchdog_bites(&w, 501000));
    assert_false(cli_watchdog_bites(&w, 501001)); /* begins anew */
    note(&w, "20 warn\n500 warm\n\n-3\n1000000000\n", 600000);
    note(&w, "a line that is far too long to be one of the watchdog's 20\n", 600000);
    assert_true(w.warn);
    assert_int_equal(w.timeout_ms, 20);
    assert_true(cli_watchdog_bites(&w, 620000));
    note(&w, "0\n", 620000);
    assert_false(cli_watchdog_bites(&w, UINT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),     cmocka_unit_test(test_power_cuts),
        cmocka_unit_test(test_scripts),  cmocka_unit_test(test_images_that_cannot_run),
        cmocka_unit_test(test_watchdog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
