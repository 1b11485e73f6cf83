/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "harness/trace.h"
#include "proto/slip.h"

const char *const test_traces[] = {"esp32-flash-id",  "esp32-mac",       "esp32-erase",
                                   "esp32-read",      "esp32-verify",    "esp32-write-u",
                                   "esp32-write-z",   "esp32-probe",     "esp32c3-flash-id",
                                   "esp32c3-mac",     "esp32c3-secinfo", "esp32c3-erase",
                                   "esp32c3-read",    "esp32c3-verify",  "esp32c3-write-u",
                                   "esp32c3-write-z", "esp32c3-probe",   NULL};

static size_t decode_hex(const char *hex, uint8_t *out)
{
    size_t len = 0;
    while (bm_hex_digit(hex[0]) >= 0 && bm_hex_digit(hex[1]) >= 0) {
        out[len++] = (uint8_t)(bm_hex_digit(hex[0]) << 4 | bm_hex_digit(hex[1]));
        hex += 2;
    }
    assert_true(*hex == '\n' || *hex == '\0');
    return len;
}

static void take_line(struct test_trace_line *line, const char *text)
{
    char *end = NULL;
    line->ms = (unsigned)strtoul(text, &end, 10);
    assert_true(end != text && *end == ' ');
    line->side = end[1];
    assert_true((line->side == '>' || line->side == '<') && end[2] == ' ');
    text = end + 3;
    line->raw = strncmp(text, "raw ", 4) == 0;
    text += line->raw ? 4 : 0;
    line->data = malloc(strlen(text) / 2 + 1);
    assert_non_null(line->data);
    line->len = decode_hex(text, line->data);
    assert_true(line->len > 0);
}

void test_trace_load(struct test_trace *trace, const char *name)
{
    enum { TEXT_MAX = 64 * 1024 };
    char path[512];
    char *text = malloc(TEXT_MAX);
    assert_non_null(text);
    snprintf(path, sizeof path, "%s/tests/golden/rom/%s.txt", BM_SOURCE_DIR, name);
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        fail_msg("%s is not there", path);
    }
    memset(trace, 0, sizeof *trace);
    snprintf(trace->name, sizeof trace->name, "%s", name);
    char chip[16] = "";
    assert_int_equal(sscanf(name, "%15[a-z0-9]", chip), 1);
    trace->chip = bm_chip_by_name(chip);
    assert_non_null(trace->chip);
    while (fgets(text, TEXT_MAX, f) != NULL) {
        trace->lines = realloc(trace->lines, (trace->count + 1) * sizeof *trace->lines);
        assert_non_null(trace->lines);
        take_line(&trace->lines[trace->count], text);
        trace->count++;
    }
    (void)fclose(f);
    free(text);
    assert_true(trace->count > 0);
}

void test_trace_free(struct test_trace *trace)
{
    for (size_t i = 0; i < trace->count; i++) {
        free(trace->lines[i].data);
    }
    free(trace->lines);
    memset(trace, 0, sizeof *trace);
}

size_t test_trace_next(const struct test_trace *trace, size_t from, char side)
{
    while (from < trace->count && trace->lines[from].side != side) {
        from++;
    }
    return from;
}

size_t test_trace_wire(const struct test_trace_line *line, uint8_t *out, size_t cap)
{
    if (!line->raw) {
        return bm_slip_encode(out, cap, line->data, line->len);
    }
    assert_true(line->len <= cap);
    memcpy(out, line->data, line->len);
    return line->len;
}
