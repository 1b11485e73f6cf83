/* SPDX-License-Identifier: Apache-2.0 */

/* The monitor without a board: lines, colours, levels, filters, addresses, names. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/random.h"
#include "harness/tiny_elf.h"
#include "monitor/lines.h"
#include "monitor/log.h"
#include "monitor/session.h"
#include "monitor/sgr.h"
#include "monitor/symbols.h"
#include "monitor/trace.h"

/* Lines as they came, each with '|' or, where it was cut, '+' behind it. */
struct heard {
    char text[3 * BM_LINE_MAX];
    size_t len;
    uint64_t last_at;
};

static void hear(void *ctx, const struct bm_line *line)
{
    struct heard *h = ctx;
    assert_false(line->open);
    assert_true(h->len + line->len + 1 < sizeof h->text);
    memcpy(h->text + h->len, line->text, line->len);
    h->len += line->len;
    h->text[h->len++] = line->cut ? '+' : '|';
    h->last_at = line->at_ms;
}

static const char *lines_of(struct heard *h, const char *data, size_t len, size_t first)
{
    static struct bm_lines l;
    memset(h, 0, sizeof *h);
    bm_lines_init(&l, hear, h);
    bm_lines_push(&l, data, first, 7);
    bm_lines_push(&l, data + first, len - first, 9);
    bm_lines_flush(&l);
    return h->text;
}

static struct heard heard;

static void test_lines_end_in_many_ways(void **unused)
{
    (void)unused;
    static const struct {
        const char *bytes, *lines;
    } rows[] = {
        {"a\nb\n", "a|b|"},
        {"a\r\nb\r\n", "a|b|"},
        {"a\r\r\nb", "a|b|"},
        {"10%\r20%\r\n", "10%|20%|"},
        {"\r\n\n", "||"},
        {"\rx\r", "x|"},
        {"", ""},
        {"no end", "no end|"},
        {"a\n\rb\n\r", "a|b|"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const size_t len = strlen(rows[i].bytes);
        for (size_t first = 0; first <= len; first++) {
            assert_string_equal(lines_of(&heard, rows[i].bytes, len, first), rows[i].lines);
        }
    }
}

static void test_lines_do_not_depend_on_reads(void **unused)
{
    (void)unused;
    static const char letters[] = "ab\n\r\n\r\033[0m\xff\xc3\xa4\0";
    uint64_t r = test_seed(5);
    print_message("BM_SEED=%llu\n", (unsigned long long)r);
    static struct heard whole;
    static struct bm_lines l;
    char data[600];
    for (unsigned round = 0; round < 200; round++) {
        for (size_t i = 0; i < sizeof data; i++) {
            data[i] = letters[test_random(&r, sizeof letters)];
        }
        (void)lines_of(&whole, data, sizeof data, sizeof data);
        memset(&heard, 0, sizeof heard);
        bm_lines_init(&l, hear, &heard);
        for (size_t at = 0; at < sizeof data;) {
            size_t n = 1 + test_random(&r, 9);
            n = n < sizeof data - at ? n : sizeof data - at;
            bm_lines_push(&l, data + at, n, 1);
            at += n;
        }
        bm_lines_flush(&l);
        assert_int_equal(heard.len, whole.len);
        assert_memory_equal(heard.text, whole.text, whole.len);
    }
}

static void test_long_lines_are_cut(void **unused)
{
    (void)unused;
    static char data[BM_LINE_MAX + 12];
    memset(data, 'x', sizeof data);
    data[BM_LINE_MAX] = '\n'; /* just fits */
    (void)lines_of(&heard, data, BM_LINE_MAX + 1, 100);
    assert_int_equal(heard.len, BM_LINE_MAX + 1);
    assert_int_equal(heard.text[BM_LINE_MAX], '|');
    data[BM_LINE_MAX] = 'y';
    (void)lines_of(&heard, data, sizeof data, 4000);
    assert_int_equal(heard.text[BM_LINE_MAX], '+');
    assert_string_equal(heard.text + BM_LINE_MAX + 1, "yxxxxxxxxxxx|");
}

static void test_open_line_and_time(void **unused)
{
    (void)unused;
    static struct bm_lines l;
    struct bm_line open;
    memset(&heard, 0, sizeof heard);
    bm_lines_init(&l, hear, &heard);
    assert_false(bm_lines_open(&l, &open));
    bm_lines_push(&l, "old\nesp", 7, 5);
    bm_lines_push(&l, "> ", 2, 8);
    assert_true(bm_lines_open(&l, &open));
    assert_int_equal(open.len, 5);
    assert_int_equal(open.at_ms, 5);
    assert_true(open.open);
    bm_lines_push(&l, "\n\n", 2, 11);
    assert_int_equal(heard.last_at, 11); /* an empty line has the time of its end */
}

static void test_colours(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        int length;
    } rows[] = {
        {"\033[0m", 4},   {"\033[0;32mI", 7},
        {"\033[m", 3},    {"\033[", -1},
        {"\033", -1},     {"", -1},
        {"\033[2J", 0},   {"a", 0},
        {"\033]0;x", 0},  {"\033[0;", -1},
        {"\033[?25l", 0}, {"\033[0000000000000000000000000000000000000000000m", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(bm_sgr_length(rows[i].text, strlen(rows[i].text)), rows[i].length);
    }
}

static void test_strip_does_not_depend_on_reads(void **unused)
{
    (void)unused;
    static const char text[] = "a\033[0;31mred\033[0m \033\033[1mb\033[2J\033[\033[0m!\033[9";
    static const char want[] = "ared \033b\033[2J\033[!";
    for (size_t first = 0; first < sizeof text; first++) {
        char out[sizeof text + 2 * (size_t)BM_SGR_MAX];
        struct bm_sgr_strip s = {{0}, 0};
        size_t n = bm_sgr_strip(&s, out, text, first);
        n += bm_sgr_strip(&s, out + n, text + first, sizeof text - 1 - first);
        assert_int_equal(n, sizeof want - 1);
        assert_memory_equal(out, want, n);
        assert_int_equal(s.len, 3); /* what may still become a colour */
    }
    char plain[sizeof text];
    const size_t n = bm_sgr_plain(plain, text, sizeof text - 1);
    assert_int_equal(n, sizeof want - 1 + 3);
    assert_memory_equal(plain, want, sizeof want - 1);
}

static void test_levels_and_tags(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        enum bm_log_level level;
        const char *tag;
    } rows[] = {
        {"I (31) boot: ESP-IDF v5.1", BM_LOG_INFO, "boot"},
        {"\033[0;31mE (1234) wifi: no\033[0m", BM_LOG_ERROR, "wifi"},
        {"W (12:34:56.789) my tag: x", BM_LOG_WARN, "my tag"},
        {"D (1) t:", BM_LOG_DEBUG, "t"},
        {"I (2026-01-02 12:34:56.789) t: x", BM_LOG_INFO, "t"},
        {"I (the board) t: x", BM_LOG_NONE, ""}, /* a sentence */
        {"V (1) a_b-c: ", BM_LOG_VERBOSE, "a_b-c"},
        {"N (1) t: x", BM_LOG_NONE, ""},
        {"I (1) t", BM_LOG_NONE, ""},
        {"I () t: x", BM_LOG_NONE, ""},
        {"I (1)t: x", BM_LOG_NONE, ""},
        {"I(1) t: x", BM_LOG_NONE, ""},
        {"I (1) : x", BM_LOG_NONE, ""},
        {"I (1) http://x", BM_LOG_NONE, ""},
        {" I (1) t: x", BM_LOG_NONE, ""},
        {"Guru Meditation Error", BM_LOG_NONE, ""},
        {"", BM_LOG_NONE, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bm_log log;
        bm_log_parse(&log, rows[i].text, strlen(rows[i].text));
        assert_int_equal(log.level, rows[i].level);
        assert_int_equal(log.tag_len, strlen(rows[i].tag));
        assert_memory_equal(log.tag, rows[i].tag, log.tag_len);
    }
}

static int passes(const char *rules, const char *text)
{
    struct bm_log_filter f;
    struct bm_log log;
    assert_int_equal(bm_log_filter_parse(&f, rules, NULL), BM_OK);
    bm_log_parse(&log, text, strlen(text));
    return bm_log_filter_passes(&f, &log);
}

/* What idf_monitor's filter does with the same rules. */
static void test_filters(void **unused)
{
    (void)unused;
    static const struct {
        const char *rules, *text;
        int passes;
    } rows[] = {
        {"", "V (1) t: x", 1},
        {"", "plain", 1},
        {"*:I", "I (1) t: x", 1},
        {"*:I", "D (1) t: x", 0},
        {"*:I", "plain", 1},
        {"*:N", "plain", 0},
        {"*:N", "E (1) t: x", 0},
        {"wifi:W", "W (1) wifi: x", 1},
        {"wifi:W", "I (1) wifi: x", 0},
        {"wifi:W", "E (1) other: x", 0},
        {"wifi:W", "plain", 0},
        {"wifi", "V (1) wifi: x", 1},
        {"wifi:", "V (1) wifi: x", 1},
        {"wifi:*", "V (1) wifi: x", 1},
        {"wifi:W,*:I", "I (1) x: x", 1},
        {"wifi:W *:I", "I (1) wifi: x", 0},
        {"a:w , b:e", "W (1) a: x", 1},
        {"a:E a:V", "V (1) a: x", 1},
        {"wi:V", "I (1) wifi: x", 0},
        {"*:e", "W (1) a: x", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(passes(rows[i].rules, rows[i].text), rows[i].passes);
    }
}

static void test_wrong_filters(void **unused)
{
    (void)unused;
    static const char *const wrong[] = {":W", "wifi:Q", "wifi:WW", "a:I:W", "*:I b:9"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct bm_log_filter f;
        struct bm_diag diag = {0};
        assert_int_equal(bm_log_filter_parse(&f, wrong[i], &diag), BM_E_INPUT);
        assert_int_not_equal(diag.where[0], '\0');
        assert_int_not_equal(diag.text[0], '\0');
    }
    char many[BM_LOG_RULES_MAX * 2 + 3];
    memset(many, 'a', sizeof many);
    for (size_t i = 1; i < sizeof many; i += 2) {
        many[i] = ',';
    }
    many[sizeof many - 1] = '\0';
    struct bm_log_filter f;
    assert_int_equal(bm_log_filter_parse(&f, many, NULL), BM_E_INPUT);
}

static size_t find(struct bm_address out[BM_ADDRESSES_MAX], const char *text)
{
    return bm_trace_find(out, text, strlen(text));
}

static void test_addresses(void **unused)
{
    (void)unused;
    struct bm_address a[BM_ADDRESSES_MAX];
    assert_int_equal(find(a, "Backtrace: 0x400d1234:0x3ffb1230 0x400d5678:0x3ffb1250"), 2);
    assert_int_equal(a[0].value, 0x400d1234);
    assert_int_equal(a[1].value, 0x400d5678);
    assert_int_equal(a[1].kind, BM_ADDRESS_CODE);
    assert_int_equal(find(a, "MEPC    : 0x42000028  RA      : 0x42000044  SP : 0x3fc91a20"), 3);
    assert_int_equal(a[0].kind, BM_ADDRESS_CODE);
    assert_int_equal(a[1].kind, BM_ADDRESS_RETURN);
    assert_int_equal(a[1].value, 0x42000044);
    assert_int_equal(a[2].kind, BM_ADDRESS_CODE);
    assert_int_equal(find(a, "A10     : 0x400d1234  A0      : 0x800d1234"), 2);
    assert_int_equal(a[0].kind, BM_ADDRESS_CODE);
    assert_int_equal(a[1].kind, BM_ADDRESS_A0);
    /* ESP-IDF 4.3: no blank behind the first pair */
    assert_int_equal(find(a, "Backtrace:0x400d1234:0x3ffb12300x400d5678:0x3ffb1250 |<-CORRUPTED"),
                     2);
    assert_int_equal(a[0].value, 0x400d1234);
    assert_int_equal(a[1].value, 0x400d5678);
    assert_int_equal(find(a, "3fc91a20: 0x3fc91a40 0x4200005C"), 2);
    assert_int_equal(a[1].kind, BM_ADDRESS_STACK);
    assert_int_equal(a[1].value, 0x4200005c);
    assert_int_equal(find(a, "0x123 0x123456789 x0x12345678 0x1234567"), 0);
    assert_int_equal(find(a, "at PC 0x400d1234 on core 0"), 1);
    assert_int_equal(find(a, "PARA: 0x400d1234"), 1);
    assert_int_equal(a[0].kind, BM_ADDRESS_CODE); /* a word that only ends as RA does */
    char many[(BM_ADDRESSES_MAX + 1) * 11];
    for (size_t i = 0; i < sizeof many; i++) {
        many[i] = "0x40000000 "[i % 11];
    }
    assert_int_equal(bm_trace_find(a, many, sizeof many), BM_ADDRESSES_MAX);
}

static void test_panics_and_hashes(void **unused)
{
    (void)unused;
    static const char *const bad[] = {
        "Guru Meditation Error: Core  0 panic'ed (LoadProhibited).",
        "abort() was called at PC 0x400d1234 on core 0",
        "assert failed: xQueueSemaphoreTake queue.c:1709 (( pxQueue ))",
        "ESP_ERROR_CHECK failed: esp_err_t 0x101 (ESP_ERR_NO_MEM) at 0x400d1234",
        "***ERROR*** A stack overflow in task main has been detected.",
        "Stack smashing protect failure!",
    };
    char hash[65];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_true(bm_trace_panic(bad[i], strlen(bad[i])));
        assert_false(bm_trace_panic(bad[i], 5));
    }
    assert_false(bm_trace_panic("I (1) main: all is well", 23));
    assert_true(bm_trace_reboot("Rebooting...", 12));
    assert_false(bm_trace_reboot("Rebooting", 9));
    static const char line[] = "I (64) cpu_start: ELF file SHA256:  0123abcdef...";
    assert_int_equal(bm_trace_elf_hash(hash, line, sizeof line - 1), 10);
    assert_string_equal(hash, "0123abcdef");
    assert_int_equal(bm_trace_elf_hash(hash, "ELF file SHA256: -", 18), 0);
    assert_int_equal(bm_trace_elf_hash(hash, "", 0), 0);
}

static void expect_name(const struct bm_symbols *s, uint32_t address, const char *want,
                        uint32_t offset)
{
    uint32_t got = 0;
    const char *name = bm_symbols_find(s, address, &got);
    if (want == NULL) {
        assert_null(name);
        return;
    }
    assert_non_null(name);
    assert_string_equal(name, want);
    assert_int_equal(got, offset);
}

static void test_names(void **unused)
{
    (void)unused;
    uint8_t elf[TINY_ELF_MAX];
    struct bm_symbols *s;
    const size_t len = tiny_elf(elf, BM_SYMBOLS_RISCV);
    assert_int_equal(bm_symbols_open(&s, elf, len, NULL), BM_OK);
    assert_int_equal(bm_symbols_machine(s), BM_SYMBOLS_RISCV);
    expect_name(s, 0x42000020, "leaf", 0);
    expect_name(s, 0x4200002b, "leaf", 11);
    expect_name(s, 0x4200002c, "middle", 0);
    expect_name(s, 0x42000045, "app_main", 9);
    expect_name(s, 0x4200004f, "app_main", 0x13);
    expect_name(s, 0x42000050, NULL, 0); /* behind the section */
    expect_name(s, 0x4200001f, NULL, 0);
    expect_name(s, 0xffffffff, NULL, 0);
    assert_true(bm_symbols_is_code(s, 0x4200004f));
    assert_false(bm_symbols_is_code(s, 0x42000050));
    for (uint32_t a = 0x42000000; a < 0x42000060; a++) {
        const int call = a == 0x42000034 || a == 0x42000044 || a == 0x42000046;
        assert_int_equal(bm_symbols_is_return(s, a), call);
    }
    bm_symbols_close(s);
    (void)tiny_elf(elf, BM_SYMBOLS_XTENSA);
    assert_int_equal(bm_symbols_open(&s, elf, len, NULL), BM_OK);
    assert_false(bm_symbols_is_return(s, 0x42000044)); /* other instructions */
    expect_name(s, 0x42000045, "app_main", 9);
    bm_symbols_close(s);
    bm_symbols_close(NULL);
}

static void test_damaged_programs(void **unused)
{
    (void)unused;
    uint8_t elf[TINY_ELF_MAX];
    struct bm_symbols *s;
    const size_t len = tiny_elf(elf, BM_SYMBOLS_RISCV);
    for (size_t cut = 0; cut < len; cut++) {
        struct bm_diag diag = {0};
        uint8_t *part = malloc(cut + 1); /* so that ASan sees a step too far */
        assert_non_null(part);
        memcpy(part, elf, cut);
        assert_int_equal(bm_symbols_open(&s, part, cut, &diag), BM_E_INPUT);
        assert_int_not_equal(diag.text[0], '\0');
        assert_null(s);
        free(part);
    }
    uint64_t r = test_seed(5);
    print_message("BM_SEED=%llu\n", (unsigned long long)r);
    for (unsigned round = 0; round < 3000; round++) {
        uint32_t offset;
        (void)tiny_elf(elf, BM_SYMBOLS_RISCV);
        for (unsigned i = test_random(&r, 8); i > 0; i--) {
            elf[test_random(&r, TINY_ELF_SIZE)] = (uint8_t)test_random(&r, 256);
        }
        if (bm_symbols_open(&s, elf, len, NULL) == BM_OK) {
            (void)bm_symbols_find(s, 0x42000000 + test_random(&r, 128), &offset);
            (void)bm_symbols_is_return(s, 0x42000000 + test_random(&r, 128));
            bm_symbols_close(s);
        }
    }
}

/* A line in memory, on its own clock: what it gives at which time. */
struct script {
    uint64_t at_ms;
    const char *bytes; /* NULL: the line is gone */
};

struct fake {
    const struct script *next;
    uint64_t now;
    unsigned reopened, gone, back;
    uint64_t quit_at;
    uint64_t stall; /* passes in the first turn */
    char told[256]; /* lines with '|', open ones with '_' */
    size_t len;
};

static int fake_read(void *ctx, void *buf, size_t cap, unsigned timeout_ms)
{
    struct fake *f = ctx;
    if (f->next->at_ms > f->now + timeout_ms) {
        f->now += timeout_ms;
        return 0;
    }
    f->now = f->next->at_ms > f->now ? f->next->at_ms : f->now;
    const char *bytes = f->next->bytes;
    f->next++;
    if (bytes == NULL) {
        return BM_E_IO;
    }
    assert_true(strlen(bytes) <= cap);
    memcpy(buf, bytes, strlen(bytes));
    return (int)strlen(bytes);
}

static uint64_t fake_now(void *ctx)
{
    return ((struct fake *)ctx)->now;
}

static void fake_line(void *ctx, const struct bm_line *line)
{
    struct fake *f = ctx;
    assert_true(f->len + line->len + 2 < sizeof f->told);
    memcpy(f->told + f->len, line->text, line->len);
    f->len += line->len;
    f->told[f->len++] = line->open ? '_' : '|';
    f->told[f->len] = '\0';
}

static int fake_turn(void *ctx)
{
    struct fake *f = ctx;
    f->now += f->stall;
    f->stall = 0;
    return f->quit_at != 0 && f->now >= f->quit_at;
}

static void fake_gone(void *ctx)
{
    ((struct fake *)ctx)->gone++;
}

static int fake_reopen(void *ctx, struct bm_serial *serial)
{
    struct fake *f = ctx;
    assert_non_null(serial);
    f->now += 250;
    return ++f->reopened < 3 ? BM_E_NOENT : BM_OK;
}

static void fake_back(void *ctx)
{
    ((struct fake *)ctx)->back++;
}

static enum bm_monitor_end fake_run(struct fake *f, const struct script *script, int reconnect,
                                    uint64_t timeout_ms)
{
    static const struct bm_serial_ops ops = {.read = fake_read};
    static struct bm_lines lines;
    struct bm_serial serial = {.ops = &ops, .ctx = f};
    const struct bm_monitor_host host = {
        .ctx = f,
        .now_ms = fake_now,
        .line = fake_line,
        .turn = fake_turn,
        .gone = fake_gone,
        .reopen = reconnect ? fake_reopen : NULL,
        .back = fake_back,
    };
    f->next = script;
    return bm_monitor_run(&serial, &lines, &host, timeout_ms);
}

static void test_session_shows_prompts(void **unused)
{
    (void)unused;
    static const struct script script[] = {
        {0, "one\nI (1"}, {60, ") a: b\n"}, {70, "esp> "},
        {500, "h"},       {520, "i\n"},     {UINT64_MAX, ""},
    };
    struct fake f = {.quit_at = 900};
    assert_int_equal(fake_run(&f, script, 0, 0), BM_MONITOR_STOPPED);
    /* a short pause within a line is none; once it is told, each byte is */
    assert_string_equal(f.told, "one|I (1) a: b|esp> _esp> h_esp> hi|");
}

static void test_session_ends_in_time(void **unused)
{
    (void)unused;
    static const struct script quiet[] = {{5000, "late\n"}, {UINT64_MAX, ""}};
    struct fake f = {.now = 100};
    assert_int_equal(fake_run(&f, quiet, 0, 1000), BM_MONITOR_TIMEOUT);
    assert_in_range(f.now, 1100, 1120);
    assert_string_equal(f.told, "");
    struct fake g = {.now = 100};
    assert_int_equal(fake_run(&g, quiet, 0, 6000), BM_MONITOR_TIMEOUT);
    assert_string_equal(g.told, "late|");
    /* what was there in time counts, though nobody got to read it before the time was up */
    static const struct script waiting[] = {{0, "one\n"}, {0, "two\n"}, {0, "thr"}, {2500, "late"}};
    struct fake h = {.stall = 2000};
    assert_int_equal(fake_run(&h, waiting, 0, 1000), BM_MONITOR_TIMEOUT);
    assert_string_equal(h.told, "one|two|thr|");
    /* but a board that never stops talking keeps nobody */
    static struct script endless[200];
    for (size_t i = 0; i < 200; i++) {
        endless[i] = (struct script){0, "x"};
    }
    struct fake k = {.stall = 2000};
    assert_int_equal(fake_run(&k, endless, 0, 1000), BM_MONITOR_TIMEOUT);
    assert_in_range(k.next - endless, 2, 100);
}

static void test_session_outlives_the_line(void **unused)
{
    (void)unused;
    static const struct script script[] = {
        {0, "half a l"}, {10, NULL}, {0, "new\n"}, {0, "end"}, {UINT64_MAX, ""}};
    struct fake f = {.quit_at = 2000};
    assert_int_equal(fake_run(&f, script, 1, 0), BM_MONITOR_STOPPED);
    assert_string_equal(f.told, "half a l|new|end_end|");
    assert_int_equal(f.gone, 1);
    assert_int_equal(f.back, 1);
    assert_int_equal(f.reopened, 3);
    struct fake g = {0};
    assert_int_equal(fake_run(&g, script, 0, 0), BM_MONITOR_GONE);
    assert_int_equal(g.gone, 1);
    assert_string_equal(g.told, "half a l|");
    struct fake h = {.reopened = 0}; /* the time runs while the board is away */
    static const struct script never[] = {{0, NULL}, {UINT64_MAX, ""}};
    assert_int_equal(fake_run(&h, never, 1, 600), BM_MONITOR_TIMEOUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_end_in_many_ways),
        cmocka_unit_test(test_lines_do_not_depend_on_reads),
        cmocka_unit_test(test_long_lines_are_cut),
        cmocka_unit_test(test_open_line_and_time),
        cmocka_unit_test(test_colours),
        cmocka_unit_test(test_strip_does_not_depend_on_reads),
        cmocka_unit_test(test_levels_and_tags),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_wrong_filters),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_panics_and_hashes),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_damaged_programs),
        cmocka_unit_test(test_session_shows_prompts),
        cmocka_unit_test(test_session_ends_in_time),
        cmocka_unit_test(test_session_outlives_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
