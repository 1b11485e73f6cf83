/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_monitor_screen.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "image/show.h"
#include "image/utf8.h"
#include "monitor/sgr.h"
#include "port/file.h"

static const char color_end[] = "\x1b[0m";

void screen_init(struct screen *s, uint64_t now_ms)
{
    struct timespec t = {0, 0};
    (void)timespec_get(&t, TIME_UTC);
    memset(s, 0, sizeof *s);
    s->start_ms = now_ms;
    s->wall_ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A question on the screen makes room for a line, and comes back below it. */
static void make_room(const struct screen *s)
{
    if (s->prompt != NULL) {
        fputs("\r\x1b[K", stdout);
    }
}

void screen_prompt(struct screen *s)
{
    if (s->prompt != NULL) {
        make_room(s);
        printf("--- %s: ", s->prompt);
        (void)bmi_show_text(stdout, s->answer, strlen(s->answer), 0);
        (void)fflush(stdout);
    }
}

void screen_prompt_end(struct screen *s)
{
    make_room(s);
    s->prompt = NULL;
    (void)fflush(stdout);
}

/* The time of day: where the local clock is, or UTC as ISO 8601 has it for machines. */
static void format_time(char *out, size_t cap, int64_t wall_ms, int utc)
{
    const time_t seconds = (time_t)(wall_ms / 1000);
    const struct tm *tm = utc ? gmtime(&seconds) : localtime(&seconds);
    char date[40];
    if (tm == NULL ||
        strftime(date, sizeof date, utc ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%d %H:%M:%S", tm) == 0) {
        date[0] = '\0';
    }
    (void)snprintf(out, cap, "%s.%03d%s", date, (int)(wall_ms % 1000), utc ? "Z" : "");
}

static int64_t wall_of(const struct screen *s, uint64_t at_ms)
{
    return s->wall_ms + (int64_t)(at_ms - s->start_ms);
}

static void put_stamp(const struct screen *s, uint64_t at_ms)
{
    char text[64];
    const uint64_t ms = at_ms - s->start_ms;
    if (s->stamps == STAMPS_RELATIVE) {
        printf("[%6llu.%03u] ", (unsigned long long)(ms / 1000), (unsigned)(ms % 1000));
    } else if (s->stamps == STAMPS_ABSOLUTE) {
        format_time(text, sizeof text, wall_of(s, at_ms), 0);
        printf("%s ", text);
    }
}

/* ESP-IDF's own colours, for programs built without them. */
static const char *color_of(enum bm_log_level level)
{
    static const char *const colors[] = {"",           "\x1b[0;31m", "\x1b[0;33m",
                                         "\x1b[0;32m", "",           "\x1b[0;90m"};
    return colors[level];
}

/* Bytes up to the next one that is not simply shown. */
static size_t run_of(const char *p, size_t len)
{
    size_t n = 0;
    while (n < len && p[n] != '\t' && p[n] != '\\' && p[n] != '\b' && p[n] != '\x1b') {
        n++;
    }
    return n;
}

/* One special byte, or a colour. Returns the bytes used. */
static size_t put_special(struct screen *s, const char *p, size_t len)
{
    const int sgr = bm_sgr_length(p, len);
    if (sgr > 0) {
        if (s->color) {
            (void)fwrite(p, 1, (size_t)sgr, stdout);
        }
        return (size_t)sgr;
    }
    if (*p == '\t' || *p == '\\') {
        putchar(*p);
        s->columns += *p == '\\';
    } else if (*p == '\b' && s->interactive) {
        if (s->columns > 0) { /* never beyond what the board itself wrote */
            putchar('\b');
            s->columns--;
        }
    } else {
        s->columns += bmi_show_text(stdout, p, 1, 0);
    }
    return 1;
}

static void put_text(struct screen *s, const char *text, size_t len)
{
    size_t i = 0;
    while (i < len) {
        const size_t n = run_of(text + i, len - i);
        if (n > 0) {
            s->columns += bmi_show_text(stdout, text + i, n, 0);
            i += n;
        } else {
            i += put_special(s, text + i, len - i);
        }
    }
}

/* Is a colour on at the end of the line? */
static int needs_end(const struct bm_line *line, const struct bm_log *log)
{
    const size_t n = sizeof color_end - 1;
    if (line->len >= n && memcmp(line->text + line->len - n, color_end, n) == 0) {
        return 0;
    }
    return log->level != BM_LOG_NONE ||
           (line->len > 0 && memchr(line->text, '\x1b', line->len) != NULL);
}

static void text_line(struct screen *s, const struct bm_line *line, const struct bm_log *log)
{
    if (s->shown == 0) {
        put_stamp(s, line->at_ms);
        if (s->color && line->len > 0 && line->text[0] != '\x1b') {
            fputs(color_of(log->level), stdout);
        }
    }
    const size_t from = s->shown < line->len ? s->shown : line->len;
    put_text(s, line->text + from, line->len - from);
    s->shown = line->len;
    if (!line->open) {
        fputs(s->color && needs_end(line, log) ? color_end : "", stdout);
        putchar('\n');
        s->shown = 0;
        s->columns = 0;
    }
}

/* Text of any bytes: as it is where it is UTF-8, otherwise as a terminal would show it. */
static json_t *json_text(const char *text, size_t len)
{
    uint8_t *shown;
    size_t shown_len;
    if (bmi_utf8_good((const uint8_t *)text, len) == len) {
        return json_stringn(text, len);
    }
    FILE *f = bm_port_memory(&shown, &shown_len);
    if (f == NULL) {
        return NULL;
    }
    (void)bmi_show_text(f, text, len, 0);
    if (fclose(f) != 0) {
        return NULL;
    }
    json_t *out = json_stringn((const char *)shown, shown_len);
    bm_port_free(shown, shown_len);
    return out;
}

static void put_json(json_t *o)
{
    (void)json_dumpf(o, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    putchar('\n');
    (void)fflush(stdout);
    json_decref(o);
}

static void json_line(const struct screen *s, const struct bm_line *line, const struct bm_log *log)
{
    char time[64];
    char plain[BM_LINE_MAX];
    const char letter[2] = {bm_log_letter(log->level), '\0'};
    json_t *o = json_object();
    format_time(time, sizeof time, wall_of(s, line->at_ms), 1);
    json_object_set_new(o, "event", json_string("line"));
    json_object_set_new(o, "time", json_string(time));
    json_object_set_new(o, "ms", json_integer((json_int_t)(line->at_ms - s->start_ms)));
    if (log->level != BM_LOG_NONE) {
        json_object_set_new(o, "level", json_string(letter));
        json_object_set_new(o, "tag", json_text(log->tag, log->tag_len));
    }
    json_object_set_new(o, "text", json_text(plain, bm_sgr_plain(plain, line->text, line->len)));
    if (line->open) {
        json_object_set_new(o, "open", json_true());
    }
    put_json(o);
}

void screen_line(struct screen *s, const struct bm_line *line, const struct bm_log *log)
{
    if (s->json) {
        json_line(s, line, log);
        return;
    }
    make_room(s);
    text_line(s, line, log);
    if (s->prompt != NULL) {
        if (s->shown > 0) { /* the rest of an open line comes below the question */
            putchar('\n');
            s->columns = 0;
        }
        screen_prompt(s);
    }
    (void)fflush(stdout);
}

void screen_address(struct screen *s, uint32_t address, const char *text)
{
    char hex[16];
    (void)snprintf(hex, sizeof hex, "0x%08x", (unsigned)address);
    if (s->json) {
        json_t *o = json_object();
        json_object_set_new(o, "event", json_string("address"));
        json_object_set_new(o, "address", json_string(hex));
        json_object_set_new(o, "text", json_text(text, strlen(text)));
        put_json(o);
        return;
    }
    make_room(s);
    printf("%s--- %s: ", s->color ? "\x1b[0;33m" : "", hex);
    (void)bmi_show_text(stdout, text, strlen(text), 0);
    printf("%s\n", s->color ? color_end : "");
    screen_prompt(s);
    (void)fflush(stdout);
}

void screen_notice(struct screen *s, const char *event, const char *format, ...)
{
    char text[1024] = "";
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (s->json && event != NULL) {
        json_t *o = json_object();
        json_object_set_new(o, "event", json_string(event));
        json_object_set_new(o, "text", json_text(text, strlen(text)));
        put_json(o);
    }
    make_room(s);
    if (s->shown > 0 && s->columns > 0) {
        putchar('\n'); /* below the open line, which goes on below this */
        s->columns = 0;
    }
    (void)fflush(stdout);
    fputs("--- ", stderr);
    (void)bmi_show_text(stderr, text, strlen(text), 0);
    fputc('\n', stderr);
    screen_prompt(s);
}
