/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "image/show.h"

enum {
    CLI_WORD_SIZE = 4096,
    LINE_MAX_BYTES = 6000
}; /* a path of 4096 bytes and what is said of it */

/* Names of files and keys reach messages: nothing in them may move the cursor or fake a line. */
static void make_printable(char *s)
{
    for (unsigned char *p = (unsigned char *)s; *p != '\0'; p++) {
        if (*p < 0x20 || *p == 0x7f) {
            *p = '?';
        } else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f) { /* C1 controls in UTF-8 */
            p[0] = '?';
            p[1] = '?';
        }
    }
}

static const char warning[] = "birthmark: warning";
static char last[LINE_MAX_BYTES];

/* One line, in one write where stdio allows, so that lines of two programs do not mix. */
static void __attribute__((format(printf, 2, 0)))
say(const char *prefix, const char *format, va_list args)
{
    char line[LINE_MAX_BYTES] = "";
    (void)vsnprintf(line, sizeof line, format, args);
    make_printable(line);
    if (prefix != warning) {
        (void)snprintf(last, sizeof last, "%s", line);
    }
    fprintf(stderr, "%s: %s\n", prefix, line);
}

void cli_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say("birthmark", format, args);
    va_end(args);
}

void cli_warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(warning, format, args);
    va_end(args);
}

const char *cli_last_error(void)
{
    return last;
}

void cli_word(FILE *to, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./:=,+@%";
    char shown[CLI_WORD_SIZE];
    (void)bmi_show_into(shown, sizeof shown, word);
    if (shown[0] != '\0' && shown[strspn(shown, plain)] == '\0') {
        (void)fprintf(to, " %s", shown);
        return;
    }
    (void)fputs(" '", to);
    for (const char *p = shown; *p != '\0'; p++) {
        if (*p == '\'') {
            (void)fputs("'\\''", to);
        } else {
            (void)fputc(*p, to);
        }
    }
    (void)fputc('\'', to);
}

int cli_usage(struct cli *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(c->title, format, args);
    va_end(args);
    fprintf(stderr, "Try '%s --help'.\n", c->title);
    return CLI_USAGE;
}

static int status_of(int code)
{
    switch (code) {
    case BM_OK: return CLI_OK;
    case BM_E_IO:
    case BM_E_NOMEM:
    case BM_E_TIMEOUT:
    case BM_E_PROTO:
    case BM_E_VERIFY: return CLI_DEVICE;
    default: return CLI_INPUT;
    }
}

static void say_failure(const char *path, int code, const struct bm_diag *diag)
{
    char text[600];
    struct bm_text t;
    bm_text_init(&t, text, sizeof text);
    int told = diag != NULL && diag->code != BM_OK;
    if (told && diag->where[0] != '\0') {
        bm_text_str(&t, diag->where);
        bm_text_str(&t, ": ");
    }
    bm_text_str(&t, told && diag->text[0] != '\0' ? diag->text : bm_err_text(code));
    if (told && diag->os_errno != 0) {
        bm_text_str(&t, ": ");
        bm_text_str(&t, strerror(diag->os_errno));
    }
    if (told && diag->offset != 0) {
        bm_text_str(&t, " (offset ");
        bm_text_hex(&t, diag->offset);
        bm_text_str(&t, ")");
    }
    cli_error("%s: %s", path, text);
}

int cli_fail(const char *path, int code, const struct bm_diag *diag)
{
    say_failure(strcmp(path, "-") == 0 ? "standard output" : path, code, diag);
    return status_of(code);
}

int cli_fail_input(const char *path, int code, const struct bm_diag *diag)
{
    say_failure(strcmp(path, "-") == 0 ? "standard input" : path, code, diag);
    return code == BM_E_IO ? CLI_INPUT : status_of(code);
}

int cli_finish(int status)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return status;
    }
    cli_error("standard output: cannot be written%s%s", errno != 0 ? ": " : "",
              errno != 0 ? strerror(errno) : "");
    clearerr(stdout);
    return CLI_DEVICE;
}
