/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes from a board. The first byte says how: an ELF file whose functions are looked up, or a
 * log, cut into lines in two ways that must agree, and each line taken apart. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/lines.h"
#include "monitor/log.h"
#include "monitor/sgr.h"
#include "monitor/symbols.h"
#include "monitor/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_MAX_TRIED = 64 * 1024 };

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

/* A sum over all lines, by which two ways of reading are compared. */
static void take_line(void *ctx, const struct bm_line *line)
{
    uint64_t *sum = ctx;
    char plain[BM_LINE_MAX];
    char hash[65];
    struct bm_log log;
    struct bm_log_filter filter;
    struct bm_address addresses[BM_ADDRESSES_MAX];
    must(line->len <= BM_LINE_MAX && !line->open);
    for (size_t i = 0; i < line->len; i++) {
        *sum = *sum * 31 + (uint8_t)line->text[i] + 1;
        must(line->text[i] != '\n' && line->text[i] != '\r');
    }
    *sum = *sum * 31 + 7 + (unsigned)line->cut;
    const size_t len = bm_sgr_plain(plain, line->text, line->len);
    must(len <= line->len);
    bm_log_parse(&log, line->text, line->len);
    must(log.level == BM_LOG_NONE || (log.tag_len > 0 && log.tag > line->text &&
                                      log.tag + log.tag_len < line->text + line->len));
    must(bm_log_filter_parse(&filter, "*:V", NULL) == BM_OK);
    must(bm_log_filter_passes(&filter, &log));
    must(bm_trace_find(addresses, plain, len) <= BM_ADDRESSES_MAX);
    must(bm_trace_elf_hash(hash, plain, len) <= 64);
    (void)bm_trace_panic(plain, len);
    (void)bm_trace_reboot(plain, len);
}

static uint64_t read_log(const uint8_t *data, size_t size, size_t step)
{
    static struct bm_lines lines;
    uint64_t sum = 0;
    bm_lines_init(&lines, take_line, &sum);
    for (size_t at = 0; at < size; at += step) {
        bm_lines_push(&lines, data + at, step < size - at ? step : size - at, at);
    }
    bm_lines_flush(&lines);
    return sum;
}

/* Colours taken out of a stream, by two steps. */
static void strip(const uint8_t *data, size_t size, size_t step)
{
    static char out[2][SIZE_MAX_TRIED + BM_SGR_MAX];
    struct bm_sgr_strip whole = {{0}, 0};
    struct bm_sgr_strip parts = {{0}, 0};
    size_t n = 0;
    const size_t len = bm_sgr_strip(&whole, out[0], data, size);
    for (size_t at = 0; at < size; at += step) {
        n += bm_sgr_strip(&parts, out[1] + n, data + at, step < size - at ? step : size - at);
    }
    must(n == len && memcmp(out[0], out[1], n) == 0);
    must(whole.len == parts.len && whole.len < BM_SGR_MAX);
}

static void read_filter(const uint8_t *data, size_t size)
{
    struct bm_log_filter filter;
    struct bm_diag diag = {0};
    char *text = malloc(size + 1);
    if (text != NULL) {
        memcpy(text, data, size);
        text[size] = '\0';
        const int rc = bm_log_filter_parse(&filter, text, &diag);
        must(rc == BM_OK || diag.text[0] != '\0');
        free(text);
    }
}

static void read_elf(const uint8_t *data, size_t size)
{
    struct bm_symbols *s;
    struct bm_diag diag = {0};
    if (bm_symbols_open(&s, data, size, &diag) != BM_OK) {
        must(diag.text[0] != '\0' && s == NULL);
        return;
    }
    for (uint32_t address = 0x42000000; address < 0x42000100; address++) {
        uint32_t offset = 0;
        const char *name = bm_symbols_find(s, address, &offset);
        must(name == NULL || (strlen(name) > 0 && bm_symbols_is_code(s, address)));
        (void)bm_symbols_is_return(s, address);
    }
    bm_symbols_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > SIZE_MAX_TRIED) {
        return 0;
    }
    const size_t step = 1 + data[0] / 3u;
    switch (data[0] % 3u) {
    case 0: must(read_log(data + 1, size - 1, size) == read_log(data + 1, size - 1, step)); break;
    case 1: read_elf(data + 1, size - 1); break;
    default:
        strip(data + 1, size - 1, step);
        read_filter(data + 1, size - 1);
        break;
    }
    return 0;
}
