/* SPDX-License-Identifier: Apache-2.0 */

/* The keys of `birthmark monitor`, in a terminal, and the terminal afterwards. */

#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>

#include <cmocka.h>

#include "harness/player.h"

static struct player p;

static int teardown(void **unused)
{
    (void)unused;
    player_close(&p);
    return 0;
}

/* How the terminal is set; the kernel's own marks aside. */
static int is_as_before(void)
{
    const struct termios *before = &p.settings;
    struct termios now;
    assert_int_equal(tcgetattr(p.side, &now), 0);
    return now.c_iflag == before->c_iflag && now.c_oflag == before->c_oflag &&
           now.c_cflag == before->c_cflag && now.c_lflag == before->c_lflag &&
           memcmp(now.c_cc, before->c_cc, sizeof now.c_cc) == 0;
}

static void begin(const char *option, const char *value)
{
    player_open(&p, BM_ENDPOINT_RFC2217, NULL);
    p.boot = "I (1) boot: hello\r\nW (2) wifi: weak\r\nesp> ";
    player_run(&p, 1, option, value, NULL);
    player_until_said(&p, "esp> ");
    assert_false(is_as_before());
}

static void quit_well(void)
{
    player_type(&p, "\x1d");
    assert_int_equal(player_end(&p), 0);
    assert_true(is_as_before());
}

static void test_typed_text_goes_to_the_board(void **unused)
{
    (void)unused;
    begin("--color", "never");
    player_type(&p, "help\r\x03\x1a\x14\x14\x14\x1d\xc3\xa4");
    player_until_got(&p, "help\r\x03\x1a\x14\x1d\xc3\xa4");
    player_say(&p, "helq\b \bp\r\nok\r\n");
    player_until_said(&p, "esp> helq\b \bp\r\nok");
    quit_well();
}

static void test_line_ends(void **unused)
{
    (void)unused;
    begin("--eol", "crlf");
    player_type(&p, "x\r");
    player_until_got(&p, "x\r\n");
    quit_well();
}

static void test_backspace_stays_within_the_line(void **unused)
{
    (void)unused;
    begin("--color", "never");
    player_say(&p, "\b\b\b\b\b\b\b\b\b\b!\r\n");
    player_until_said(&p, "!\r\n");
    assert_non_null(strstr(p.said, "esp> \b\b\b\b\b!\r\n"));
    quit_well();
}

static void test_menu(void **unused)
{
    (void)unused;
    (void)remove("menu.log");
    begin("--log", "menu.log");
    player_until_resets(&p, 1, 0);
    player_type(&p, "\x14\x08");
    player_until_said(&p, "--- Ctrl-]         quit");
    player_type(&p, "\x14r");
    player_until_resets(&p, 2, 0);
    player_until_said(&p, "the board was reset");
    player_type(&p, "\x14\x10");
    player_until_resets(&p, 2, 1);
    player_until_said(&p, "in download mode");
    player_type(&p, "\x14\x09");
    player_until_said(&p, "relative timestamps");
    player_type(&p, "\x14\x0e");
    player_until_said(&p, "no such key");
    player_type(&p, "\x14\x19");
    player_until_said(&p, "output stopped");
    player_say(&p, "unseen\r\n");
    player_until_in_file(&p, "menu.log", "unseen"); /* it has been read */
    player_type(&p, "\x14\x19");
    player_until_said(&p, "output goes on");
    player_say(&p, "\r\nseen again\r\n");
    player_until_said(&p, "seen again");
    assert_null(strstr(p.said, "unseen"));
    assert_string_equal(p.got, "");
    player_type(&p, "\x14\x18");
    assert_int_equal(player_end(&p), 0);
    assert_true(is_as_before());
}

static void test_filter_is_typed(void **unused)
{
    (void)unused;
    begin("--color", "never");
    player_type(&p, "\x14\x06wifi:Q\r");
    player_until_said(&p, "not set: wifi:Q");
    player_type(&p, "\x14\x06wifi:X\x7fW *:N\r");
    player_until_said(&p, "--- set\r\n");
    player_say(&p, "\r\nI (3) wifi: hidden\r\nW (4) wifi: shown\r\n");
    player_until_said(&p, "wifi: shown");
    assert_null(strstr(p.said, "hidden"));
    player_forget_said(&p);
    player_type(&p, "\x14\x06\r");
    player_until_said(&p, "--- set\r\n");
    player_forget_said(&p);
    player_type(&p, "\x14\x07two|three\r");
    player_until_said(&p, "--- set\r\n");
    player_say(&p, "one\r\ntwo\r\nfour\r\nthree\r\n");
    player_until_said(&p, "three\r\n");
    assert_null(strstr(p.said, "one\r\n"));
    assert_null(strstr(p.said, "four\r\n"));
    player_type(&p, "\x14\x07(\r");
    player_until_said(&p, "not set: ");
    player_type(&p, "\x14\x07nothing\x1b"); /* thought better of it */
    player_wait(&p, 200);
    player_say(&p, "two or three\r\n");
    player_until_said(&p, "two or three");
    assert_string_equal(p.got, "");
    quit_well();
}

static void test_signals_leave_the_terminal_well(void **unused)
{
    (void)unused;
    static const struct {
        int number, status;
    } rows[] = {{SIGINT, 130},
                {SIGTERM, 130},
                {SIGHUP, 130},
                {SIGQUIT, 128 + SIGQUIT},
                {SIGABRT, 128 + SIGABRT},
                {SIGSEGV, 128 + SIGSEGV}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin("--color", "never");
        (void)kill(p.pid, rows[i].number);
        assert_int_equal(player_end(&p), rows[i].status);
        assert_true(is_as_before());
        player_close(&p);
    }
    begin("--color", "never");
}

static void test_errors_leave_the_terminal_well(void **unused)
{
    (void)unused;
    begin("--no-reconnect", NULL);
    player_unplug(&p);
    assert_int_equal(player_end(&p), 4);
    assert_true(is_as_before());
    player_close(&p);
    player_open(&p, BM_ENDPOINT_TCP, NULL);
    p.hello = "esp> ";
    player_run(&p, 1, "--log", "/dev/full", NULL);
    assert_int_equal(player_end(&p), 4);
    assert_true(is_as_before());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_typed_text_goes_to_the_board, teardown),
        cmocka_unit_test_teardown(test_line_ends, teardown),
        cmocka_unit_test_teardown(test_backspace_stays_within_the_line, teardown),
        cmocka_unit_test_teardown(test_menu, teardown),
        cmocka_unit_test_teardown(test_filter_is_typed, teardown),
        cmocka_unit_test_teardown(test_signals_leave_the_terminal_well, teardown),
        cmocka_unit_test_teardown(test_errors_leave_the_terminal_well, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
