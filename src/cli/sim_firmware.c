/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sim_firmware.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "birthmark/board.h"
#include "cli/sim_watchdog.h"
#include "port/clock.h"
#include "port/guest.h"
#include "proto/chip.h"
#include "sim/run_image.h"

enum {
    TEXT = 1024,
    AT_ONCE = 65536, /* bytes that one turn takes of a program that never stops talking */
    PIECE = 512,
    ENV_LINE = 4200,
    SHA_SHOWN = 9 /* digits; ESP-IDF's default */
};

struct cli_firmware {
    const char *flash;
    uint32_t table_off;
    int rollback;
    struct bm_guest *guest;
    const struct bm_chip *chip;
    char sha256[SHA_SHOWN + 1]; /* of the program's file, as the image says */
    struct cli_watchdog watchdog;
    enum bm_sim_running how; /* BM_SIM_RUNS until it has ended */
    size_t budget;           /* bytes that output() may still take before the next poll() */
    char last;               /* byte sent */
    char text[TEXT];         /* of the board itself, behind what the program has sent */
    struct bm_text said;     /* into text */
    size_t told;             /* bytes of text that are out */
};

/* Lines of the board itself. */
static void say(struct cli_firmware *f, const char *text)
{
    bm_text_str(&f->said, text);
}

static void say_number(struct cli_firmware *f, uint64_t number)
{
    bm_text_u64(&f->said, number);
}

/* Start */

static int fetch(uint8_t **out, const struct bm_sim_program *p, const struct bm_sim_image *image,
                 struct bm_diag *diag)
{
    const struct bm_flash *flash = p->flash;
    *out = malloc(image->size);
    if (*out == NULL) {
        return bm_diag_set(diag, BM_E_NOMEM, 0, NULL, "out of memory");
    }
    if (flash->ops->read(flash->ctx, p->part->offset + image->off, *out, image->size) != BM_OK) {
        free(*out);
        *out = NULL;
        return bm_diag_set(diag, BM_E_IO, 0, NULL, "the flash cannot be read");
    }
    return BM_OK;
}

/* Its whole environment. PATH is for scripts. */
static int launch(struct cli_firmware *f, const struct bm_sim_program *p, const void *program,
                  size_t len, struct bm_diag *diag)
{
    static const char watchdog[] = BM_BOARD_WATCHDOG "=" BM_GUEST_NOTES;
    char mac[48];
    char reason[48];
    char slot[64];
    char chip[48];
    char table[48];
    char *flash = malloc(ENV_LINE);
    if (flash == NULL) {
        return bm_diag_set(diag, BM_E_NOMEM, 0, NULL, "out of memory");
    }
    (void)snprintf(flash, ENV_LINE, BM_BOARD_FLASH "=%s", f->flash);
    (void)snprintf(slot, sizeof slot, BM_BOARD_SLOT "=%s", p->part->label);
    (void)snprintf(chip, sizeof chip, BM_BOARD_CHIP "=%s", p->chip->id_name);
    (void)snprintf(table, sizeof table, BM_BOARD_TABLE "=0x%" PRIx32, f->table_off);
    (void)snprintf(mac, sizeof mac, BM_BOARD_MAC "=%02x:%02x:%02x:%02x:%02x:%02x", p->mac[0],
                   p->mac[1], p->mac[2], p->mac[3], p->mac[4], p->mac[5]);
    (void)snprintf(reason, sizeof reason, BM_BOARD_RESET_REASON "=%d", (int)p->reason);
    const char *const env[] = {flash,
                               slot,
                               table,
                               chip,
                               mac,
                               reason,
                               f->rollback ? BM_BOARD_ROLLBACK "=1" : BM_BOARD_ROLLBACK "=0",
                               watchdog,
                               "PATH=/usr/local/bin:/usr/bin:/bin",
                               NULL};
    const struct bm_guest_config config = {program, len, "firmware", env};
    const int rc = bm_guest_start(&f->guest, &config, diag);
    free(flash);
    return rc;
}

/* Why an image does not run, in one line. */
static void refuse(struct cli_firmware *f, int rc, const struct bm_sim_image *image,
                   const struct bm_diag *diag)
{
    if (image->size > 0 && rc == BM_E_TYPE && image->kind == BM_SIM_IMAGE_ELF) {
        const char *machine = bm_sim_image_machine(image->machine);
        say(f, "this image holds a program for ");
        say(f, machine != NULL ? machine : "another machine");
        say(f, ", which this machine cannot run");
    } else if (image->size > 0 && rc == BM_E_NOENT) {
        say(f, "the program in this image needs an interpreter or loader that is not here");
    } else {
        say(f, diag->text[0] != '\0' ? diag->text : bm_err_text(rc));
    }
    say(f, "\r\n");
    f->how = BM_SIM_ENDED;
}

/* Never fails: why it cannot run is the first and last that the board says of it. */
static int start(void *ctx, const struct bm_sim_program *p)
{
    struct cli_firmware *f = ctx;
    struct bm_sim_image image = {0};
    struct bm_diag diag = {0};
    uint8_t *program = NULL;
    char hex[2 * sizeof p->app->desc.elf_sha256 + 1];
    f->chip = p->chip;
    f->how = BM_SIM_RUNS;
    f->budget = AT_ONCE;
    f->told = 0;
    bm_text_init(&f->said, f->text, sizeof f->text);
    f->last = '\n';
    memset(&f->watchdog, 0, sizeof f->watchdog);
    bm_hex_encode(hex, p->app->desc.elf_sha256, sizeof p->app->desc.elf_sha256);
    memcpy(f->sha256, hex, SHA_SHOWN);
    int rc = bm_sim_image_find(&image, p->flash, p->part->offset, p->app, &diag);
    if (rc == BM_OK && f->flash[0] == '\0') {
        rc = bm_diag_set(&diag, BM_E_ARG, 0, NULL,
                         "a program needs a flash that is a file: birthmark sim --flash FILE");
    }
    if (rc == BM_OK) {
        rc = fetch(&program, p, &image, &diag);
    }
    if (rc == BM_OK) {
        rc = launch(f, p, program, image.size, &diag);
    }
    free(program);
    if (rc != BM_OK) {
        refuse(f, rc, &image, &diag);
    }
    return BM_OK;
}

/* The UART. As ESP-IDF's console by default: CR becomes LF on its way in, LF becomes CR LF on its
 * way out. */

static void input(void *ctx, const void *data, size_t len)
{
    struct cli_firmware *f = ctx;
    const char *p = data;
    for (size_t i = 0; f->guest != NULL && i < len; i++) {
        const char c = p[i] == '\r' ? '\n' : p[i];
        bm_guest_write(f->guest, &c, 1);
    }
}

static size_t program_output(struct cli_firmware *f, char *out, size_t cap)
{
    char piece[PIECE];
    size_t n = cap / 2 < sizeof piece ? cap / 2 : sizeof piece;
    size_t len = 0;
    n = n < f->budget ? n : f->budget;
    n = f->guest != NULL && n > 0 ? bm_guest_read(f->guest, piece, n) : 0;
    for (size_t i = 0; i < n; i++) {
        if (piece[i] == '\n' && f->last != '\r') {
            out[len++] = '\r';
        }
        out[len++] = f->last = piece[i];
    }
    f->budget -= n;
    return len;
}

static size_t output(void *ctx, void *buf, size_t cap)
{
    struct cli_firmware *f = ctx;
    size_t n = program_output(f, buf, cap);
    if (n == 0 && f->budget > 0) {
        n = f->said.len - f->told < cap ? f->said.len - f->told : cap;
        memcpy(buf, f->text + f->told, n);
        f->told += n;
    }
    return n;
}

/* The end */

static void say_reboot(struct cli_firmware *f)
{
    say(f, "\r\nELF file SHA256: ");
    say(f, f->sha256);
    say(f, "\r\n\r\nRebooting...\r\n");
}

static void panic(struct cli_firmware *f, enum bm_guest_end end, int code)
{
    /* As ESP-IDF's panic handler calls them: on RISC-V, on Xtensa. */
    static const char *const names[][2] = {
        [BM_GUEST_ACCESS] = {"Load access fault", "LoadProhibited"},
        [BM_GUEST_ALIGN] = {"Load address misaligned", "LoadStoreAlignment"},
        [BM_GUEST_ILLEGAL] = {"Illegal instruction", "IllegalInstruction"},
        [BM_GUEST_ARITH] = {"Illegal instruction", "IntegerDivideByZero"},
        [BM_GUEST_EXITED] = {"Unhandled exit", "Unhandled exit"},
        [BM_GUEST_SIGNAL] = {"Unhandled signal", "Unhandled signal"},
    };
    const int xtensa = strstr("esp32 esp32s2 esp32s3", f->chip->id_name) != NULL;
    say(f, f->last == '\n' ? "\r\n" : "\r\n\r\n");
    if (end == BM_GUEST_ABORTED) {
        say(f, "abort() was called on core 0\r\n");
    } else {
        say(f, "Guru Meditation Error: Core  0 panic'ed (");
        say(f, names[end][xtensa]);
        say(f, "). Exception was unhandled.\r\n");
    }
    say(f, "On the virtual board: the program ended with ");
    say(f, end == BM_GUEST_EXITED ? "status " : "signal ");
    say_number(f, (uint64_t)code);
    say(f, "\r\n");
    say_reboot(f);
}

static enum bm_sim_running judge(struct cli_firmware *f, enum bm_guest_end end, int code)
{
    f->budget = SIZE_MAX; /* there is no more to come than what it left behind */
    if (end == BM_GUEST_EXITED && code == BM_BOARD_RESTARTS) {
        return BM_SIM_RESTARTS;
    }
    if (end == BM_GUEST_EXITED && code == BM_BOARD_SLEEPS) {
        return BM_SIM_ENDED;
    }
    panic(f, end, code);
    return BM_SIM_PANICS;
}

/* Watches the watchdog. */
static enum bm_sim_running watch(struct cli_firmware *f)
{
    const uint64_t now = bm_port_now_us();
    char line[64];
    size_t n;
    while ((n = bm_guest_notes(f->guest, line, sizeof line)) > 0) {
        cli_watchdog_note(&f->watchdog, line, n, now);
    }
    if (!cli_watchdog_bites(&f->watchdog, now)) {
        return BM_SIM_RUNS;
    }
    f->told = 0;
    bm_text_init(&f->said, f->text, sizeof f->text);
    say(f, f->last == '\n' ? "" : "\r\n");
    say(f, "E task_wdt: Task watchdog got triggered: no reset for ");
    say_number(f, f->watchdog.timeout_ms);
    say(f, " ms by\r\nE task_wdt:  - main (CPU 0)\r\n");
    if (f->watchdog.warn) {
        return BM_SIM_RUNS;
    }
    say(f, "E task_wdt: Aborting.\r\n");
    say_reboot(f);
    return BM_SIM_STARVES;
}

static enum bm_sim_running poll(void *ctx)
{
    struct cli_firmware *f = ctx;
    int code = 0;
    f->budget = AT_ONCE;
    if (f->how == BM_SIM_RUNS) {
        const enum bm_guest_end end = bm_guest_end(f->guest, &code);
        f->how = end == BM_GUEST_RUNS ? watch(f) : judge(f, end, code);
    }
    return f->how;
}

static void stop(void *ctx)
{
    struct cli_firmware *f = ctx;
    bm_guest_stop(f->guest);
    f->guest = NULL;
}

const struct bm_sim_runner cli_firmware_runner = {start, input, output, poll, stop};

struct cli_firmware *cli_firmware_new(const char *flash, uint32_t table_off, int rollback)
{
    struct cli_firmware *f = calloc(1, sizeof *f);
    if (f != NULL) {
        f->flash = flash;
        f->table_off = table_off;
        f->rollback = rollback;
    }
    return f;
}

void cli_firmware_free(struct cli_firmware *firmware)
{
    if (firmware != NULL) {
        bm_guest_stop(firmware->guest);
        free(firmware);
    }
}
