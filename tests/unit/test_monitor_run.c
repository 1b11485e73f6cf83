/* SPDX-License-Identifier: Apache-2.0 */

/* `birthmark monitor` without a terminal, as CI jobs run it, against a board that plays a log. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/player.h"
#include "harness/tiny_elf.h"
#include "monitor/symbols.h"
#include "port/file.h"

static struct player p;

static int teardown(void **unused)
{
    (void)unused;
    player_close(&p);
    return 0;
}

static void has(const char *text, const char *what)
{
    if (strstr(text, what) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", what, text);
    }
}

static void lacks(const char *text, const char *what)
{
    if (strstr(text, what) != NULL) {
        fail_msg("\"%s\" is in:\n%s", what, text);
    }
}

static const char boot[] = "ESP-ROM:esp32c3-api1\r\n"
                           "\033[0;32mI (31) boot: ESP-IDF v5.1\033[0m\r\n"
                           "W (40) wifi: weak\r\n"
                           "I (41) wifi: on\r\n"
                           "I (50) app: identity ready\r\n";

static void test_resets_and_waits_for_a_line(void **unused)
{
    (void)unused;
    player_open(&p, BM_ENDPOINT_RFC2217, NULL);
    p.boot = boot;
    player_run(&p, 0, "--until", "identity +ready$", "--timeout", "60s", "--exit-status", NULL);
    assert_int_equal(player_end(&p), 0);
    assert_int_equal(p.resets, 1);
    has(p.said, "ESP-ROM:esp32c3-api1\nI (31) boot: ESP-IDF v5.1\nW (40) wifi: weak\n");
    lacks(p.said, "\033"); /* no terminal, no colours */
    has(p.notices, "seen: identity +ready$");
}

static void test_time_is_up(void **unused)
{
    (void)unused;
    player_open(&p, BM_ENDPOINT_TCP, NULL);
    p.hello = boot;
    player_run(&p, 0, "--until", "never", "--timeout", "300ms", NULL);
    assert_int_equal(player_end(&p), 1);
    has(p.notices, "the time is up; not seen: never");
    lacks(p.notices, "identity ready");                        /* it is on stdout */
    static const char *const times[] = {"300ms", "3s", "60s"}; /* a busy machine may need more */
    for (size_t i = 0; i < 3 && strstr(p.notices, "identity ready") == NULL; i++) {
        player_run(&p, 0, "--until", "never", "--timeout", times[i], "--grep", "nothing", NULL);
        assert_int_equal(player_end(&p), 1);
    }
    has(p.notices, "identity ready"); /* it was hidden */
    player_run(&p, 0, "--timeout", "200ms", NULL);
    assert_int_equal(player_end(&p), 0);
}

static void test_no_reset(void **unused)
{
    (void)unused;
    player_open(&p, BM_ENDPOINT_RFC2217, NULL);
    p.boot = boot;
    player_run(&p, 0, "--no-reset", "--timeout", "500ms", NULL);
    assert_int_equal(player_end(&p), 0);
    assert_int_equal(p.resets, 0);
    assert_string_equal(p.said, "");
}

/* What the board said before it was reset must not pass for what it says afterwards. */
static void test_old_words_do_not_count(void **unused)
{
    (void)unused;
    player_open(&p, BM_ENDPOINT_RFC2217, NULL);
    p.last_words = "I (9) app: identity ready\r\n";
    p.boot = "I (1) boot: new\r\n";
    player_run(&p, 0, "--until", "identity ready|boot: new", "--timeout", "60s", NULL);
    assert_int_equal(player_end(&p), 0);
    assert_string_equal(p.said, "I (1) boot: new\n");
}

static void test_garbage_is_spoken_of_once(void **unused)
{
    (void)unused;
    player_open(&p, BM_ENDPOINT_TCP, NULL);
    p.hello = "\xff\n\xfe\nok\n\xff\n\xfe\n\xfd\n\xff\n\xff\n\xff\n\xff\nend\n";
    player_run(&p, 0, "--until", "end", "--timeout", "60s", NULL);
    assert_int_equal(player_end(&p), 0);
    has(p.notices, "is the speed right");
    assert_null(strstr(strstr(p.notices, "is the speed right") + 1, "is the speed right"));
}

static void test_output_that_is_full_ends_it(void **unused)
{
    (void)unused;
    player_open(&p, BM_ENDPOINT_TCP, NULL);
    p.hello = "x\n";
    p.to = "/dev/full";
    player_run(&p, 0, "--timeout", "60s", NULL);
    assert_int_equal(player_end(&p), 4);
}

static void test_filter_and_grep(void **unused)
{
    (void)unused;
    player_open(&p, BM_ENDPOINT_TCP, NULL);
    p.hello = boot;
    player_run(&p, 0, "--filter", "wifi:W,*:I", "--until", "ready$", "--timeout", "60s", NULL);
    assert_int_equal(player_end(&p), 0);
    has(p.said, "ESP-ROM");
    has(p.said, "wifi: weak");
    lacks(p.said, "wifi: on");
    player_run(&p, 0, "--filter", "app", "--until", "wifi: on", "--timeout", "60s", NULL);
    assert_int_equal(player_end(&p), 0); /* also by a line that is not shown */
    lacks(p.said, "wifi");
    player_run(&p, 0, "--grep", "^ESP|ready$", "--until", "ready$", "--timeout", "60s", NULL);
    assert_int_equal(player_end(&p), 0);
    assert_string_equal(p.said, "ESP-ROM:esp32c3-api1\nI (50) app: identity ready\n");
}

static void test_bytes_do_not_wreck_the_terminal(void **unused)
{
    (void)unused;
    player_open(&p, BM_ENDPOINT_TCP, NULL);
    p.hello = "a\033[2Jb\033]0;x\007c\xff\xc3\xa4\xc2\x9b\302\255 \t\\ \b\016\033[1md\n";
    player_run(&p, 0, "--until", "d$", "--timeout", "60s", "--color", "always", NULL);
    assert_int_equal(player_end(&p), 0);
    assert_string_equal(p.said, "a\\x1b[2Jb\\x1b]0;x\\x07c\\xff\xc3\xa4\\u009b\\u00ad \t\\ "
                                "\\x08\\x0e\033[1md\033[0m\n");
}

static void test_level_colours(void **unused)
{
    (void)unused;
    player_open(&p, BM_ENDPOINT_TCP, NULL);
    p.hello = "E (1) a: x\r\n\033[0;32mI (2) a: y\033[0m\r\nplain\r\nD (3) a: z\r\n";
    player_run(&p, 0, "--until", "a: z", "--timeout", "60s", "--color", "always", NULL);
    assert_int_equal(player_end(&p), 0);
    assert_string_equal(p.said, "\033[0;31mE (1) a: x\033[0m\n\033[0;32mI (2) a: y\033[0m\nplain\n"
                                "D (3) a: z\033[0m\n");
}

/* The text with every digit a 9. */
static const char *shape(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        *c = *c >= '0' && *c <= '9' ? '9' : *c;
    }
    return text;
}

static void test_timestamps(void **unused)
{
    (void)unused;
    player_open(&p, BM_ENDPOINT_TCP, NULL);
    p.hello = "one\n";
    player_run(&p, 0, "--timestamps", "relative", "--until", "one", "--timeout", "60s", NULL);
    assert_int_equal(player_end(&p), 0);
    if (p.said[5] >= '1' && p.said[5] <= '9') {
        p.said[5] = ' '; /* more than ten seconds, on a busy machine */
    }
    assert_string_equal(shape(p.said), "[     9.999] one\n");
    player_run(&p, 0, "--timestamps", "absolute", "--until", "one", "--timeout", "60s", NULL);
    assert_int_equal(player_end(&p), 0);
    assert_memory_equal(p.said, "20", 2);
    assert_string_equal(shape(p.said), "9999-99-99 99:99:99.999 one\n");
}

static void expect_file(const char *path, const char *want)
{
    uint8_t *data;
    size_t len;
    assert_int_equal(bm_port_read(path, 100000, &data, &len, NULL), BM_OK);
    assert_string_equal((char *)data, want);
    bm_port_free(data, len);
}

static void test_log_file(void **unused)
{
    (void)unused;
    player_open(&p, BM_ENDPOINT_TCP, NULL);
    p.hello = "\033[0;32mI (1) a: x\033[0m\r\n\001\377 end\033[";
    (void)remove("board.log");
    player_run(&p, 0, "--log", "board.log", "--filter", "*:N", "--until", "end", "--timeout", "60s",
               NULL);
    assert_int_equal(player_end(&p), 0);
    assert_string_equal(p.said, "");
    expect_file("board.log", "I (1) a: x\r\n\001\377 end\033[");
    player_run(&p, 0, "--log", "board.log", "--until", "end", "--timeout", "60s", NULL);
    assert_int_equal(player_end(&p), 0);
    expect_file("board.log", "I (1) a: x\r\n\001\377 end\033[I (1) a: x\r\n\001\377 end\033[");
    (void)remove("board.log");
    player_run(&p, 0, "--log", "no/such/folder/x", NULL);
    assert_int_equal(player_end(&p), 4);
    has(p.notices, "no/such/folder/x: cannot be opened for writing");
    player_run(&p, 0, "--log", "/dev/full", "--timeout", "60s", NULL);
    assert_int_equal(player_end(&p), 4);
    has(p.notices, "/dev/full: cannot be written");
}

static void test_board_goes_and_comes_back(void **unused)
{
    (void)unused;
    player_open(&p, BM_ENDPOINT_TCP, NULL);
    p.hello = "first, then noth";
    player_run(&p, 0, "--until", "again", "--timeout", "60s", NULL);
    player_until_said(&p, "noth");
    player_unplug(&p);
    player_until_noticed(&p, "is gone; waiting for it");
    player_wait(&p, 600);
    p.hello = "and again\n";
    player_plug(&p);
    assert_int_equal(player_end(&p), 0);
    has(p.notices, " is back");
    assert_string_equal(p.said, "first, then noth\nand again\n");
    assert_null(strstr(strstr(p.notices, "is gone") + 1, "is gone")); /* said once */

    p.hello = "x\n";
    player_run(&p, 0, "--no-reconnect", "--timeout", "60s", NULL);
    player_until_said(&p, "x\n");
    player_unplug(&p);
    assert_int_equal(player_end(&p), 4);
}

static const char crash[] =
    "Guru Meditation Error: Core  0 panic'ed (Load access fault). Exception was unhandled.\r\n"
    "MEPC    : 0x42000028  RA      : 0x42000044  SP      : 0x3fc91a20\r\n"
    "Stack memory:\r\n"
    "3fc91a20: 0x3fc91a40 0x42000046 0x42000028 0x00000000\r\n"
    "ELF file SHA256: 0123456789abcdef\r\n"
    "Rebooting...\r\n";

static void write_elf(const char *path, unsigned machine)
{
    uint8_t elf[TINY_ELF_MAX];
    const size_t len = tiny_elf(elf, machine);
    assert_int_equal(bm_port_write(path, elf, len, 0644, NULL), BM_OK);
}

static void test_crash_is_named(void **unused)
{
    (void)unused;
    write_elf("tiny.elf", BM_SYMBOLS_RISCV);
    player_open(&p, BM_ENDPOINT_TCP, NULL);
    p.hello = crash;
    player_run(&p, 0, "--elf", "tiny.elf", "--addr2line", "none", "--until", "up", "--timeout",
               "60s", NULL);
    assert_int_equal(player_end(&p), 1); /* long before the time is up */
    has(p.said, "RA      : 0x42000044  SP      : 0x3fc91a20\n--- 0x42000028: leaf+0x8\n"
                "--- 0x42000044: app_main+0x8\nStack");
    has(p.said, "0x00000000\n--- 0x42000046: app_main+0xa\nELF");
    has(p.said, "Rebooting...\n");
    has(p.notices, "is none of the ELF files given");
    has(p.notices, "the program has crashed");
    player_run(&p, 0, "--until", "up", "--allow-panic", "--timeout", "300ms", NULL);
    assert_int_equal(player_end(&p), 1);
    has(p.notices, "the time is up");
    player_run(&p, 0, "--timeout", "300ms", NULL);
    assert_int_equal(player_end(&p), 0); /* nobody asked */
    player_run(&p, 0, "--exit-status", "--timeout", "60s", NULL);
    assert_int_equal(player_end(&p), 1);
    p.hello = "abort() was called at PC 0x42000028 on core 0\r\nBacktrace: none\r\n";
    player_run(&p, 0, "--exit-status", "--timeout", "60s", NULL);
    assert_int_equal(player_end(&p), 1); /* a second later, without its last words */
    p.hello = crash;
    player_run(&p, 0, "--fail-on", "^Stack mem", "--timeout", "60s", NULL);
    assert_int_equal(player_end(&p), 1);
    (void)remove("tiny.elf");
}

/* addr2line is asked once for a line, with the address before a return address. */
static void test_source_lines_by_a_tool(void **unused)
{
    (void)unused;
    static const char tool[] = "#!/bin/sh\n"
                               "[ \"$*\" = '-afiCp -e tiny.elf 0x42000028 0x42000043' ] || exit 1\n"
                               "echo '0x42000028: leaf at /src/a.c:7'\n"
                               "echo ' (inlined by) middle at /src/a.c:9'\n"
                               "echo '0x42000043: ?? ??:0'\n";
    write_elf("tiny.elf", BM_SYMBOLS_RISCV);
    assert_int_equal(bm_port_write("./tool", tool, sizeof tool - 1, 0755, NULL), BM_OK);
    player_open(&p, BM_ENDPOINT_TCP, NULL);
    p.hello = "MEPC : 0x42000028  RA : 0x42000044\r\nend\r\n";
    player_run(&p, 0, "--elf", "tiny.elf", "--addr2line", "./tool", "--until", "end", "--timeout",
               "60s", NULL);
    assert_int_equal(player_end(&p), 0);
    has(p.said, "--- 0x42000028: leaf at /src/a.c:7, (inlined by) middle at /src/a.c:9\n"
                "--- 0x42000044: app_main+0x8\nend");
    player_run(&p, 0, "--elf", "tiny.elf", "--addr2line", "./no-such-tool", "--until", "end",
               "--timeout", "60s", NULL);
    assert_int_equal(player_end(&p), 0);
    has(p.said, "--- 0x42000028: leaf+0x8\n");
    (void)remove("tiny.elf");
    (void)remove("tool");
}

/* Xtensa keeps the size of the register window on top of a return address. */
static void test_register_a0(void **unused)
{
    (void)unused;
    static const char tool[] = "#!/bin/sh\n"
                               "[ \"$*\" = '-afiCp -e tiny.elf 0x42000043' ] || exit 1\n"
                               "echo '0x42000043: app_main at ??:?'\n"; /* it has no lines */
    static const char registers[] = "PC : 0x4200ffff  A0      : 0x82000044\r\nend\r\n";
    write_elf("tiny.elf", BM_SYMBOLS_XTENSA);
    assert_int_equal(bm_port_write("./tool", tool, sizeof tool - 1, 0755, NULL), BM_OK);
    player_open(&p, BM_ENDPOINT_TCP, NULL);
    p.hello = registers;
    player_run(&p, 0, "--elf", "tiny.elf", "--addr2line", "none", "--until", "end", "--timeout",
               "60s", NULL);
    assert_int_equal(player_end(&p), 0);
    has(p.said, "0x82000044\n--- 0x82000044: app_main+0x8\nend");
    player_run(&p, 0, "--elf", "tiny.elf", "--addr2line", "./tool", "--until", "end", "--timeout",
               "60s", NULL);
    assert_int_equal(player_end(&p), 0);
    has(p.said, "0x82000044\n--- 0x82000044: app_main\nend");
    write_elf("tiny.elf", BM_SYMBOLS_RISCV); /* there it is an argument like another one */
    player_run(&p, 0, "--elf", "tiny.elf", "--addr2line", "none", "--until", "end", "--timeout",
               "60s", NULL);
    assert_int_equal(player_end(&p), 0);
    has(p.said, "0x82000044\nend");
    (void)remove("tiny.elf");
    (void)remove("tool");
}

static void test_json(void **unused)
{
    (void)unused;
    write_elf("tiny.elf", BM_SYMBOLS_RISCV);
    player_open(&p, BM_ENDPOINT_TCP, NULL);
    p.hello = "\033[0;33mW (40) wifi: \"we\xff\"\033[0m\r\n\xc2\x9b\r\nat 0x42000028\r\nesp> ";
    player_run(&p, 0, "--json", "--elf", "tiny.elf", "--addr2line", "none", "--until", "^esp>",
               "--timeout", "60s", NULL);
    assert_int_equal(player_end(&p), 0); /* a prompt has no end of line */
    has(p.said, "{\"event\":\"line\",\"time\":\"2");
    has(p.said, ",\"level\":\"W\",\"tag\":\"wifi\",\"text\":\"W (40) wifi: \\\"we\\\\xff\\\"\"}\n");
    has(p.said, ",\"text\":\"\\u009B\"}\n"); /* a control character beyond ASCII: escaped */
    has(p.said, "{\"event\":\"address\",\"address\":\"0x42000028\",\"text\":\"leaf+0x8\"}\n");
    has(p.said, ",\"text\":\"esp> \",\"open\":true}\n");
    has(p.said, "{\"event\":\"seen\",\"text\":\"seen: ^esp>\"}\n");
    (void)remove("tiny.elf");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_resets_and_waits_for_a_line, teardown),
        cmocka_unit_test_teardown(test_time_is_up, teardown),
        cmocka_unit_test_teardown(test_no_reset, teardown),
        cmocka_unit_test_teardown(test_old_words_do_not_count, teardown),
        cmocka_unit_test_teardown(test_garbage_is_spoken_of_once, teardown),
        cmocka_unit_test_teardown(test_output_that_is_full_ends_it, teardown),
        cmocka_unit_test_teardown(test_filter_and_grep, teardown),
        cmocka_unit_test_teardown(test_bytes_do_not_wreck_the_terminal, teardown),
        cmocka_unit_test_teardown(test_level_colours, teardown),
        cmocka_unit_test_teardown(test_timestamps, teardown),
        cmocka_unit_test_teardown(test_log_file, teardown),
        cmocka_unit_test_teardown(test_board_goes_and_comes_back, teardown),
        cmocka_unit_test_teardown(test_crash_is_named, teardown),
        cmocka_unit_test_teardown(test_source_lines_by_a_tool, teardown),
        cmocka_unit_test_teardown(test_register_a0, teardown),
        cmocka_unit_test_teardown(test_json, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
