/* SPDX-License-Identifier: Apache-2.0 */

/* The flasher where things do not go as they should: speeds that fail, a stop, lines that go, worn
 * and slow flash, a board that runs in between. */

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

static void test_watchdog_reset(void **state)
{
    (void)state;
    struct virtual_board b;
    struct bm_link_config config = {.baud = 460800};
    virtual_init(&b, "esp32c3", MB);
    virtual_open(&b);
    struct bm_link *link = must_open(&b, &config);
    bm_link_close(link, BM_AFTER_WATCHDOG);
    char log[200];
    (void)virtual_listen(&b, log, sizeof log, 300);
    assert_true(bm_sim_state(b.sim) != BM_SIM_ROM);
    virtual_close(&b);
}

/* A line that carries 115200 baud and no more, and a port that knows no other speed. */
static int deaf_above(void *ctx, uint32_t baud)
{
    struct virtual_board *b = ctx;
    bm_sim_baud(b->sim, baud > 115200 ? 9600 : baud);
    return BM_OK;
}

static int knows_one(void *ctx, uint32_t baud)
{
    (void)ctx;
    return baud == 115200 ? BM_OK : BM_E_ARG;
}

/* Refuses, but is at another speed then. */
static int breaks_above(void *ctx, uint32_t baud)
{
    struct virtual_board *b = ctx;
    bm_sim_baud(b->sim, baud > 115200 ? 9600 : baud);
    return baud > 115200 ? BM_E_ARG : BM_OK;
}

static void test_speeds(void **state)
{
    (void)state;
    static int (*const set_baud[])(void *, uint32_t) = {deaf_above, knows_one, breaks_above, NULL};
    static const char *const words[] = {"does not carry", "cannot go", "cannot go", "cannot go"};
    for (size_t i = 0; i < 4; i++) {
        struct virtual_board b;
        struct heard heard = {0};
        struct bm_link_config config = {.baud = 921600, .progress = progress, .ctx = &heard};
        virtual_init(&b, "esp32", MB);
        virtual_open(&b);
        struct bm_serial_ops other = *b.serial.ops;
        other.set_baud = set_baud[i];
        b.serial.ops = &other;
        struct bm_link *link = must_open(&b, &config);
        assert_non_null(strstr(heard.note, words[i]));
        assert_int_equal(heard.stages[BM_LINK_RETRY], 0);
        check_write(&b, link, 0x10000, 10000, 0, 0);
        bm_link_close(link, BM_AFTER_NONE);
        virtual_close(&b);
    }
    struct virtual_board b;
    struct bm_link_config config = {.baud = 921600};
    virtual_init(&b, "esp32", MB);
    b.config.realtime = 1;
    virtual_open(&b);
    struct bm_link *link = must_open(&b, &config);
    const uint64_t began = b.now_us;
    check_write(&b, link, 0x10000, 100000, 0, BM_WRITE_PLAIN);
    assert_true(b.now_us - began < 8000000); /* 115200 baud would need 17 s, with reading */
    bm_link_close(link, BM_AFTER_NONE);
    virtual_close(&b);
}

/* Ctrl-C: an end soon, wherever it comes. */
static int stop_later(void *ctx)
{
    struct heard *h = ctx;
    return h->stages[BM_LINK_WRITING] >= 3;
}

static void test_stop(void **state)
{
    (void)state;
    struct virtual_board b;
    struct bm_diag diag = {0};
    struct heard heard = {0};
    struct bm_link_config config = {.stop = stop_later, .progress = progress, .ctx = &heard};
    uint8_t *data = fill(200000, 0, 1);
    virtual_init(&b, "esp32c3", MB);
    b.config.realtime = 1;
    virtual_open(&b);
    struct bm_link *link = must_open(&b, &config);
    assert_int_equal(bm_link_write(link, 0x10000, data, 200000, 0, &diag), BM_E_TIMEOUT);
    assert_non_null(strstr(diag.text, "stopped"));
    assert_int_equal(heard.stages[BM_LINK_WRITING], 3);
    const uint64_t then = b.now_us;
    assert_int_equal(bm_link_read(link, 0x10000, data, 200000, NULL), BM_E_TIMEOUT);
    assert_true(b.now_us - then < 500000);
    bm_link_close(link, BM_AFTER_HARD_RESET);
    virtual_close(&b);
    free(data);
}

static int always(void *ctx)
{
    return ctx != NULL;
}

/* After Ctrl-C the board still gets out of download mode; a dead one does not hold us up. */
static void test_close_stopped(void **state)
{
    (void)state;
    struct virtual_board b;
    struct bm_link_config config = {.baud = 460800};
    virtual_init(&b, "esp32c3", MB);
    virtual_open(&b);
    struct bm_link *link = must_open(&b, &config);
    link->config.stop = always;
    link->config.ctx = link;
    bm_link_close(link, BM_AFTER_WATCHDOG);
    char log[200];
    (void)virtual_listen(&b, log, sizeof log, 300);
    assert_true(bm_sim_state(b.sim) != BM_SIM_ROM);
    virtual_close(&b);

    virtual_init(&b, "esp32c3", MB);
    virtual_open(&b);
    link = must_open(&b, &config);
    struct bm_serial_ops other = *b.serial.ops;
    other.write = write_nowhere;
    b.serial.ops = &other;
    link->config.stop = always;
    link->config.ctx = link;
    const uint64_t then = b.now_us;
    bm_link_close(link, BM_AFTER_WATCHDOG);
    assert_true(b.now_us - then < 3000000);
    virtual_close(&b);
}

static int lines_gone(void *ctx, int dtr, int rts)
{
    (void)ctx;
    (void)dtr;
    (void)rts;
    return BM_E_IO;
}

static void test_close_words(void **state)
{
    (void)state;
    for (int gone = 0; gone < 2; gone++) {
        struct virtual_board b;
        struct heard heard = {0};
        struct bm_link_config config = {.progress = progress, .ctx = &heard};
        virtual_init(&b, "esp32", MB);
        virtual_open(&b);
        struct bm_link *link = must_open(&b, &config);
        struct bm_serial_ops other = *b.serial.ops;
        other.set_lines = gone ? lines_gone : NULL;
        b.serial.ops = &other;
        bm_link_close(link, BM_AFTER_HARD_RESET);
        assert_int_equal(strstr(heard.note, "cannot reset") == NULL, gone);
        virtual_close(&b);
    }
}

/* No last block of only a stream's trailer. */
static void test_packed_blocks(void **state)
{
    (void)state;
    static const uint32_t blocks[] = {LINK_ROM_BLOCK_MIN, LINK_OTG_BLOCK, LINK_ROM_BLOCK,
                                      LINK_STUB_BLOCK};
    for (size_t k = 0; k < 4; k++) {
        for (size_t len = 1; len <= (size_t)256 * 1024; len++) {
            const uint32_t n = link_packed_block(len, blocks[k]);
            if (n > blocks[k] || n <= blocks[k] / 2 || n % 16 != 0) {
                fail_msg("blocks of %u", n);
            }
            const size_t rest = n != 0 ? len % n : 1;
            if (len > n && rest != 0 && rest < 16) {
                fail_msg("%zu bytes in blocks of %u", len, n);
            }
        }
    }
    assert_int_equal(link_packed_block(0x2000, 0x1000), 0x1000);
    assert_int_equal(link_packed_block(0x2004, 0x1000), 0xff0);
}

/* What was noted, all of it. */
struct notes {
    char all[2000];
    unsigned retries;
};

static void keep_notes(void *ctx, const struct bm_link_progress *p)
{
    struct notes *n = ctx;
    const size_t len = strlen(n->all);
    n->retries += p->stage == BM_LINK_RETRY;
    if (p->stage == BM_LINK_NOTE && p->text != NULL) {
        snprintf(n->all + len, sizeof n->all - len, "%s\n", p->text);
    }
}

/* Only a line that damages is said to do so. */
static void test_causes(void **state)
{
    (void)state;
    static const struct bm_sim_faults faults[] = {
        {.bad_write = 10000}, {.late = 10000, .late_ms = 4200, .seed = 5}, {.corrupt = 100}};
    static const char *const words[] = {"may be worn", NULL, "line damages"};
    for (size_t i = 0; i < 3; i++) {
        struct virtual_board b;
        struct bm_diag diag = {0};
        struct notes notes = {.all = ""};
        struct bm_link_config config = {.progress = keep_notes, .ctx = &notes};
        uint8_t *data = fill(200000, 0, 1);
        virtual_init(&b, "esp32c3", MB);
        b.config.faults = faults[i];
        virtual_open(&b);
        struct bm_link *link = must_open(&b, &config);
        MUST(bm_link_write(link, 0x10000, data, 200000, BM_WRITE_PLAIN, &diag));
        for (size_t k = 0; k < 3; k++) {
            if (words[k] != NULL && (strstr(notes.all, words[k]) != NULL) != (k == i)) {
                fail_msg("fault %zu: %s", i, notes.all);
            }
        }
        assert_true(notes.retries > 0);
        bm_link_close(link, BM_AFTER_NONE);
        virtual_close(&b);
        free(data);
    }
}

/* A board that is reset in the middle, and whose program has written by then. */
static struct {
    struct virtual_board *b;
    const struct bm_serial_ops *ops;
    unsigned reads;
} glitch;

static int read_with_glitch(void *ctx, void *buf, size_t cap, unsigned timeout_ms)
{
    if (++glitch.reads == 500) {
        memset(glitch.b->mem + 0x10000, 0x33, 0x100);
        memset(glitch.b->mem + 0x18000, 0x44, 0x8000);
        bm_sim_reset(glitch.b->sim, glitch.b->now_us);
    }
    return glitch.ops->read(ctx, buf, cap, timeout_ms);
}

static void test_read_changed(void **state)
{
    (void)state;
    struct virtual_board b;
    struct bm_diag diag = {0};
    struct notes notes = {.all = ""};
    struct bm_link_config config = {.progress = keep_notes, .ctx = &notes};
    uint8_t *data = fill(0x10000, 0, 1);
    virtual_init(&b, "esp32c3", MB);
    virtual_open(&b);
    memcpy(b.mem + 0x10000, data, 0x10000);
    struct bm_link *link = must_open(&b, &config);
    struct bm_serial_ops other = *b.serial.ops;
    glitch.b = &b;
    glitch.ops = b.serial.ops;
    glitch.reads = 0;
    other.read = read_with_glitch;
    b.serial.ops = &other;
    MUST(bm_link_read(link, 0x10000, data, 0x10000, &diag));
    assert_true(glitch.reads > 500);
    assert_memory_equal(data, b.mem + 0x10000, 0x10000);
    assert_non_null(strstr(notes.all, "changed meanwhile"));
    b.serial.ops = glitch.ops;
    bm_link_close(link, BM_AFTER_NONE);
    virtual_close(&b);
    free(data);
}

/* A flash that needs 400 ms for each sector, at its worst: the reply to a BEGIN comes as late. */
static struct {
    struct virtual_board *b;
    const struct bm_serial_ops *ops;
    uint64_t until_us;
} slow;

static int write_slow(void *ctx, const void *data, size_t len, unsigned timeout_ms)
{
    const uint8_t *p = data;
    const int rc = slow.ops->write(ctx, data, len, timeout_ms);
    if (len > 12 && (p[2] == BM_ROM_FLASH_BEGIN || p[2] == BM_ROM_FLASH_DEFL_BEGIN)) {
        const uint32_t bytes = p[9] | (uint32_t)p[10] << 8 | (uint32_t)p[11] << 16;
        slow.until_us = slow.b->now_us + bytes / SECTOR * 400000ull;
    }
    return rc;
}

static int read_slow(void *ctx, void *buf, size_t cap, unsigned timeout_ms)
{
    if (slow.b->now_us < slow.until_us) {
        slow.b->now_us += timeout_ms * 1000ull + 1;
        return 0;
    }
    return slow.ops->read(ctx, buf, cap, timeout_ms);
}

static void test_slow_flash(void **state)
{
    (void)state;
    struct virtual_board b;
    struct bm_diag diag = {0};
    struct heard heard = {0};
    struct bm_link_config config = {.progress = progress, .ctx = &heard};
    uint8_t *data = fill(300000, 1, 1);
    virtual_init(&b, "esp32c3", MB);
    virtual_open(&b);
    memset(b.mem, OLD, b.size);
    struct bm_link *link = must_open(&b, &config);
    struct bm_serial_ops other = *b.serial.ops;
    slow.b = &b;
    slow.ops = b.serial.ops;
    slow.until_us = 0;
    other.write = write_slow;
    other.read = read_slow;
    b.serial.ops = &other;
    const uint64_t began = b.now_us;
    MUST(bm_link_write(link, 0x10000, data, 300000, 0, &diag));
    MUST(bm_link_erase_all(link, &diag));
    assert_true(b.now_us - began > 256 * 400000ull);
    assert_int_equal(heard.stages[BM_LINK_RETRY], 0);
    b.serial.ops = slow.ops;
    bm_link_close(link, BM_AFTER_NONE);
    virtual_close(&b);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_speeds),         cmocka_unit_test(test_stop),
        cmocka_unit_test(test_watchdog_reset), cmocka_unit_test(test_close_stopped),
        cmocka_unit_test(test_close_words),    cmocka_unit_test(test_packed_blocks),
        cmocka_unit_test(test_causes),         cmocka_unit_test(test_read_changed),
        cmocka_unit_test(test_slow_flash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
