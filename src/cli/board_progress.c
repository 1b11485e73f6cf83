/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/board_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "image/json.h"
#include "image/show.h"
#include "port/clock.h"
#include "port/file.h"

enum {
    SECOND_US = 1000000,
    BAR_US = 100000,          /* between two pictures of the bar */
    LINE_US = 10 * SECOND_US, /* between two lines in a pipe */
    BAR_CELLS = 24,
    NAME_CELLS = 24
};

static const char *const stages[] = {
    [BM_LINK_CONNECTING] = "connecting",
    [BM_LINK_CONNECTED] = "connected",
    [BM_LINK_STUB] = "stub",
    [BM_LINK_ERASING] = "erasing",
    [BM_LINK_WRITING] = "writing",
    [BM_LINK_VERIFYING] = "verifying",
    [BM_LINK_READING] = "reading",
    [BM_LINK_SKIPPED] = "unchanged",
    [BM_LINK_RETRY] = "retry",
    [BM_LINK_NOTE] = "note",
};

const char *cli_rate(char out[CLI_RATE_SIZE], uint64_t bytes, uint64_t us)
{
    const double rate = us > 0 ? (double)bytes * SECOND_US / (double)us : 0.0;
    if (rate >= 1024.0 * 1024.0) {
        (void)snprintf(out, CLI_RATE_SIZE, "%.1f MB/s", rate / (1024.0 * 1024.0));
    } else {
        (void)snprintf(out, CLI_RATE_SIZE, "%.1f KB/s", rate / 1024.0);
    }
    return out;
}

void cli_progress_begin(struct cli_progress *p, const char *what)
{
    cli_progress_clear(p);
    p->what = what;
    p->inside = 0;
    p->skipped = 0;
    p->wire = 0;
    p->begun = 0;
}

void cli_progress_clear(struct cli_progress *p)
{
    if (p->on_line) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
        p->on_line = 0;
    }
}

void cli_progress_event(struct cli_progress *p, const char *name, json_t *fields)
{
    if (p->json) {
        p->ended = strcmp(name, "failed") == 0 || strcmp(name, "done") == 0 ||
                   strcmp(name, "refused") == 0;
        json_t *o = json_pack("{s:s}", "event", name);
        if (o != NULL && fields != NULL) {
            (void)json_object_update(o, fields);
        }
        if (o != NULL) {
            (void)json_dumpf(o, stdout, JSON_ENSURE_ASCII);
            (void)fputc('\n', stdout);
            (void)fflush(stdout);
        }
        json_decref(o);
    }
    json_decref(fields);
}

static void put_json(struct cli_progress *p, const struct bm_link_progress *s)
{
    json_t *o =
        json_pack("{s:I, s:I, s:I, s:I}", "offset", (json_int_t)s->offset, "done",
                  (json_int_t)s->done, "total", (json_int_t)s->total, "wire", (json_int_t)s->wire);
    if (o != NULL && p->what != NULL) {
        (void)json_object_set_new(o, "what", bmi_json_text(p->what));
    }
    if (o != NULL && s->text != NULL) {
        (void)json_object_set_new(o, "text", bmi_json_text(s->text));
    }
    cli_progress_event(p, stages[s->stage], o);
}

static const char *name_of(const struct cli_progress *p, const struct bm_link_progress *s,
                           char *buf, size_t cap)
{
    if (p->what != NULL) {
        return bmi_show_into(buf, cap, p->what);
    }
    (void)snprintf(buf, cap, "0x%" PRIx32, s->offset);
    return buf;
}

/* Seconds that are left at this rate. */
static uint64_t left(const struct cli_progress *p, const struct bm_link_progress *s, uint64_t now)
{
    const uint64_t done = s->done > p->from ? s->done - p->from : 0;
    if (done == 0 || s->total <= s->done) {
        return 0;
    }
    return (uint64_t)((double)(s->total - s->done) * (double)(now - p->begun) / (double)done /
                          SECOND_US +
                      0.5);
}

static void draw(struct cli_progress *p, const struct bm_link_progress *s, uint64_t now)
{
    char name[256];
    char rate[CLI_RATE_SIZE];
    char bar[BAR_CELLS + 1];
    const unsigned percent = s->total > 0 ? (unsigned)(100 * s->done / s->total) : 0;
    const uint64_t seconds = left(p, s, now);
    const uint64_t done = s->done > p->from ? s->done - p->from : 0;
    (void)cli_rate(rate, done, now - p->begun);
    (void)name_of(p, s, name, sizeof name);
    if (!p->bar) {
        (void)fprintf(stderr, "birthmark: %s %s: %u %%, %s, %" PRIu64 " s left\n", stages[s->stage],
                      name, percent, rate, seconds);
        return;
    }
    memset(bar, '.', BAR_CELLS);
    memset(bar, '#', (size_t)BAR_CELLS * (percent < 100 ? percent : 100) / 100);
    bar[BAR_CELLS] = '\0';
    (void)fprintf(stderr, "\r\033[K%-9s %.*s  [%s] %3u %%", stages[s->stage], NAME_CELLS, name, bar,
                  percent);
    if (done > 0 && bm_port_columns(2, 80) >= 80) {
        (void)fprintf(stderr, "  %s  %" PRIu64 ":%02" PRIu64 " left", rate, seconds / 60,
                      seconds % 60);
    }
    (void)fflush(stderr);
    p->on_line = 1;
}

/* What is worth a line of its own, bar or not. */
static void tell(struct cli_progress *p, const struct bm_link_progress *s)
{
    char text[400];
    cli_progress_clear(p);
    if (s->text != NULL) {
        (void)fprintf(stderr, "birthmark: %s\n", bmi_show_into(text, sizeof text, s->text));
    }
}

static void connecting(struct cli_progress *p)
{
    if (p->bar && !p->quiet && !p->on_line) {
        (void)fputs("connecting", stderr);
        p->on_line = 1;
    } else if (p->bar && !p->quiet) {
        (void)fputc('.', stderr);
    }
    (void)fflush(stderr);
}

/* One step of the work that is shown. */
static void step(struct cli_progress *p, const struct bm_link_progress *s)
{
    const uint64_t now = bm_port_now_us();
    const int fresh = p->begun == 0 || s->stage != p->stage || s->offset != p->offset;
    const uint64_t pause = p->bar || p->json ? BAR_US : LINE_US;
    if (fresh) {
        p->begun = now;
        p->drawn = p->bar || p->json ? 0 : now; /* a quick one needs no line */
        p->from = s->done;
        p->stage = s->stage;
        p->offset = s->offset;
    }
    p->skipped |= s->stage == BM_LINK_SKIPPED;
    p->wire = s->wire > p->wire ? s->wire : p->wire;
    const int counts = s->total > 0;
    if (counts && now - p->drawn < pause && s->done < s->total) {
        return;
    }
    p->drawn = now;
    if (p->json) {
        put_json(p, s);
    } else if (s->stage == BM_LINK_RETRY || s->stage == BM_LINK_NOTE) {
        tell(p, s);
    } else if (s->stage == BM_LINK_CONNECTING) {
        connecting(p);
    } else if (counts && !p->quiet && (p->bar || s->done < s->total)) {
        draw(p, s, now);
    }
}

void cli_progress_step(void *ctx, const struct bm_link_progress *s)
{
    struct cli_progress *p = ctx;
    if (!p->inside || s->stage != BM_LINK_READING) {
        step(p, s);
    }
}

void cli_progress_part(struct cli_progress *p, uint32_t off, uint64_t done, uint64_t total)
{
    const struct bm_link_progress s = {
        .stage = BM_LINK_READING, .offset = off, .done = done, .total = total};
    p->inside = done < total;
    step(p, &s);
}
