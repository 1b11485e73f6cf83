/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/cmd_monitor_state.h"
#include "image/utf8.h"
#include "link/reset.h"
#include "monitor/trace.h"
#include "port/clock.h"
#include "port/keys.h"
#include "port/serial.h"

enum {
    OLD_READS = 256,    /* of 1 KB: more than any system keeps */
    GARBAGE_LINES = 3,  /* in a row, before we speak of it */
    REOPEN_MS = 250,    /* between two tries */
    AFTERMATH_MS = 1000 /* to show what a crash says of itself */
};

static uint64_t now_ms(void *ctx)
{
    (void)ctx;
    return bm_port_now_us() / 1000;
}

static void take_bytes(void *ctx, const void *data, size_t len)
{
    monitor_log_write(ctx, data, len);
}

static void tell_address(void *ctx, uint32_t address, const char *text)
{
    screen_address(ctx, address, text);
}

static void remember(struct monitor *m, const char *plain)
{
    struct bm_text t;
    bm_text_init(&t, m->last[m->last_count++ % LAST_LINES], LAST_LINE_SIZE);
    bm_text_str(&t, plain);
}

/* Is this what the caller waits for, or what must not happen? */
static void judge(struct monitor *m, const char *plain, size_t len, int open)
{
    const struct monitor_wish *w = m->wish;
    if (m->verdict == FAILED && !open && bm_trace_reboot(plain, len)) {
        m->end_ms = 1; /* nothing more is to come */
    }
    if (m->verdict != OPEN) {
        return;
    }
    const int panic =
        !w->allow_panic && (m->until != NULL || w->exit_status) && bm_trace_panic(plain, len);
    if (m->until != NULL && bm_port_regex_matches(m->until, plain)) {
        m->verdict = SEEN;
    } else if (panic || (m->fail_on != NULL && bm_port_regex_matches(m->fail_on, plain))) {
        m->verdict = FAILED;
        m->end_ms = now_ms(NULL) + AFTERMATH_MS;
    }
}

static int wanted(const struct monitor *m, const struct bm_log *log, const char *plain)
{
    return bm_log_filter_passes(&m->filter, log) &&
           (m->grep == NULL || bm_port_regex_matches(m->grep, plain));
}

/* Lines that are no text, one after the other: most likely another speed. */
static void look_for_garbage(struct monitor *m, const char *plain, size_t len)
{
    if (len > 0 && m->garbage < GARBAGE_LINES) {
        const int good = bmi_utf8_good((const uint8_t *)plain, len) == len;
        m->garbage = good ? 0 : m->garbage + 1;
        if (m->garbage == GARBAGE_LINES) {
            screen_notice(&m->screen, "garbage", "this is no text: is the speed right (--baud)?");
        }
    }
}

static void take_line(void *ctx, const struct bm_line *line)
{
    struct monitor *m = ctx;
    struct bm_log log;
    char plain[BM_LINE_MAX + 1];
    const size_t len = bm_sgr_plain(plain, line->text, line->len);
    plain[len] = '\0';
    for (char *nul = plain; (nul = memchr(nul, '\0', len - (size_t)(nul - plain))) != NULL;) {
        *nul = ' '; /* a regular expression would stop there */
    }
    bm_log_parse(&log, line->text, line->len);
    const int undecided = m->verdict == OPEN;
    judge(m, plain, len, line->open);
    if (!line->open) {
        remember(m, plain);
        look_for_garbage(m, plain, len);
    }
    if (m->paused || (m->screen.shown == 0 && !wanted(m, &log, plain))) {
        m->hid = 1;
        m->screen.shown = line->open ? m->screen.shown : 0;
        return;
    }
    if (m->screen.json && line->open && (!undecided || m->verdict == OPEN)) {
        return; /* an event is a whole line, or the prompt that was waited for */
    }
    screen_line(&m->screen, line, &log);
    if (!line->open) {
        elves_decode(&m->elves, plain, len, tell_address, &m->screen);
        if (elves_differ(&m->elves, plain, len)) {
            screen_notice(&m->screen, "other_elf",
                          "the program that runs is none of the ELF files given: names and lines "
                          "below may be wrong");
        }
    }
}

static int turn(void *ctx)
{
    struct monitor *m = ctx;
    char keys[256];
    const int n = m->has_keys ? bm_port_keys_read(keys, sizeof keys) : 0;
    for (int i = 0; i < n; i++) {
        monitor_act(m, monitor_key(&m->keys, keys[i]), keys[i]);
    }
    if (n < 0) { /* the terminal window was closed */
        m->has_keys = 0;
        m->verdict = m->verdict == OPEN ? QUIT : m->verdict;
    }
    if (bm_port_caught_signal() != 0 || ferror(stdout)) {
        return 1;
    }
    return m->verdict == FAILED ? now_ms(NULL) >= m->end_ms : m->verdict != OPEN;
}

static void gone(void *ctx)
{
    struct monitor *m = ctx;
    m->is_gone = 1;
    screen_notice(&m->screen, "gone", "%s is gone%s", m->wish->port,
                  m->wish->no_reconnect ? "" : "; waiting for it");
}

static int reopen(void *ctx, struct bm_serial *serial)
{
    struct monitor *m = ctx;
    bm_port_serial_close(serial);
    bm_port_sleep_us((uint64_t)REOPEN_MS * 1000);
    return bm_port_serial_open(serial, m->wish->port, m->wish->baud, NULL);
}

static void back(void *ctx)
{
    struct monitor *m = ctx;
    m->is_gone = 0;
    screen_notice(&m->screen, "back", "%s is back", m->wish->port);
}

static int make_regex(struct bm_regex **out, const char *option, const char *text)
{
    struct bm_diag diag = {0};
    if (text == NULL || bm_port_regex_make(out, text, &diag) == BM_OK) {
        return CLI_OK;
    }
    cli_error("%s \"%s\": %s", option, text, diag.text);
    return CLI_USAGE;
}

static int take_words(struct monitor *m)
{
    const struct monitor_wish *w = m->wish;
    struct bm_diag diag = {0};
    int status = make_regex(&m->until, "--until", w->until);
    status = status != CLI_OK ? status : make_regex(&m->fail_on, "--fail-on", w->fail_on);
    status = status != CLI_OK ? status : make_regex(&m->grep, "--grep", w->grep);
    if (status == CLI_OK &&
        bm_log_filter_parse(&m->filter, w->filter != NULL ? w->filter : "", &diag) != BM_OK) {
        cli_error("--filter \"%s\": %s: %s", w->filter, diag.where, diag.text);
        status = CLI_USAGE;
    }
    return status;
}

static void free_words(struct monitor *m)
{
    bm_port_regex_free(m->grep);
    bm_port_regex_free(m->until);
    bm_port_regex_free(m->fail_on);
}

static int prepare(struct monitor *m)
{
    const struct monitor_wish *w = m->wish;
    int status = take_words(m);
    m->elves.addr2line = w->addr2line;
    for (size_t i = 0; w->elves[i] != NULL && status == CLI_OK; i++) {
        status = elves_add(&m->elves, w->elves[i]);
    }
    return status;
}

/* Restarts the board. What it said before is dropped: it could pass for what is waited for. */
static void restart(struct monitor *m)
{
    char old[1024];
    int rc = bm_reset_run_sequence("D0|R1|W0.1", &m->serial);
    if (rc == BM_OK) {
        for (unsigned i = 0; i < OLD_READS; i++) {
            if (m->serial.ops->read(m->serial.ctx, old, sizeof old, 0) <= 0) {
                break;
            }
        }
        rc = bm_reset_run_sequence("R0", &m->serial);
    }
    if (rc != BM_OK && rc != BM_E_READONLY) {
        screen_notice(&m->screen, NULL, "the board could not be reset");
    }
}

static int open_board(struct monitor *m)
{
    struct bm_diag diag = {0};
    const int rc = bm_port_serial_open(&m->serial, m->wish->port, m->wish->baud, &diag);
    if (rc != BM_OK) {
        (void)cli_fail(m->wish->port, rc, &diag);
        return rc == BM_E_ARG ? CLI_USAGE : CLI_DEVICE;
    }
    if (m->wish->log != NULL && bm_port_append_open(&m->log, m->wish->log, &diag) != BM_OK) {
        return cli_fail(m->wish->log, BM_E_IO, &diag);
    }
    m->has_keys = bm_port_keys_open();
    m->screen.interactive = m->has_keys;
    bm_port_catch_signals();
    if (m->has_keys) {
        screen_notice(&m->screen, NULL, "%s; Ctrl-] quits, Ctrl-T Ctrl-H shows the keys",
                      m->wish->port);
    }
    if (!m->wish->no_reset) {
        restart(m);
    }
    return CLI_OK;
}

static void show_last(struct monitor *m)
{
    const size_t n = m->last_count < LAST_LINES ? m->last_count : LAST_LINES;
    for (size_t i = m->last_count - n; m->hid && i < m->last_count; i++) {
        screen_notice(&m->screen, NULL, "  %s", m->last[i % LAST_LINES]);
    }
}

/* Says how it ended. Returns the exit status. */
static int conclude(struct monitor *m)
{
    const struct monitor_wish *w = m->wish;
    const char *until = w->until != NULL ? w->until : "";
    struct screen *s = &m->screen;
    if (m->verdict == OPEN || (m->verdict == QUIT && bm_port_caught_signal() != 0)) {
        return CLI_INTERRUPTED;
    }
    if (m->verdict == SEEN) {
        screen_notice(s, "seen", "seen: %s", until);
        return CLI_OK;
    }
    if (m->verdict == GONE || m->verdict == LOG_LOST) {
        return CLI_DEVICE;
    }
    if (m->verdict == FAILED) {
        screen_notice(s, "failed", "%s",
                      m->fail_on != NULL ? "a line that must not come has come, or a crash"
                                         : "the program has crashed");
    } else if (w->until != NULL) {
        screen_notice(s, m->verdict == QUIT ? "quit" : "timeout", "%s; not seen: %s",
                      m->verdict == QUIT ? "ended" : "the time is up", until);
    } else {
        return CLI_OK;
    }
    show_last(m);
    return CLI_NO;
}

static int session(struct monitor *m)
{
    const struct bm_monitor_host host = {
        .ctx = m,
        .now_ms = now_ms,
        .bytes = take_bytes,
        .line = take_line,
        .turn = turn,
        .gone = gone,
        .reopen = m->wish->no_reconnect ? NULL : reopen,
        .back = back,
    };
    const enum bm_monitor_end end =
        bm_monitor_run(&m->serial, &m->lines, &host, m->wish->timeout_ms);
    if (m->verdict == OPEN && end != BM_MONITOR_STOPPED) {
        m->verdict = end == BM_MONITOR_TIMEOUT ? TIME_UP : GONE;
    }
    monitor_log_close(m);
    bm_port_keys_close();
    return conclude(m);
}

int cli_monitor_check(const struct monitor_wish *wish)
{
    struct monitor *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return cli_fail("monitor", BM_E_NOMEM, NULL);
    }
    m->wish = wish;
    const int status = take_words(m);
    free_words(m);
    free(m);
    return status;
}

int cli_monitor(const struct monitor_wish *wish)
{
    struct monitor *m = calloc(1, sizeof *m);
    if (m == NULL) {
        cli_error("out of memory");
        return CLI_DEVICE;
    }
    m->wish = wish;
    m->log.fd = -1;
    screen_init(&m->screen, now_ms(NULL));
    m->screen.json = wish->json;
    m->screen.color = cli_color(stdout);
    m->screen.stamps = (enum screen_stamps)wish->stamps;
    int status = prepare(m);
    if (status == CLI_OK) {
        status = open_board(m);
    }
    if (status == CLI_OK) {
        status = session(m);
    }
    (void)bm_port_append_close(&m->log, NULL);
    bm_port_serial_close(&m->serial);
    free_words(m);
    elves_free(&m->elves);
    free(m);
    return status;
}
