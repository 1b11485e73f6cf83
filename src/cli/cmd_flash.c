/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "cli/flash_check.h"
#include "image/json.h"
#include "image/show.h"
#include "port/clock.h"

enum { OPT_ERASE_ALL = 1, OPT_PLAIN, OPT_FORCE, OPT_JSON, OPT_ALWAYS, OPT_ENCRYPT };

#define HIDDEN (POPT_ARG_NONE | POPT_ARGFLAG_DOC_HIDDEN)

static const struct poptOption options[] = {
    CLI_FLASH_OPTIONS,
    {"force", 'f', POPT_ARG_NONE, NULL, OPT_FORCE,
     "write in spite of errors, as far as it can be done; an identity may be lost", NULL},
    {"erase-all", 'e', POPT_ARG_NONE, NULL, OPT_ERASE_ALL, "erase the whole flash first", NULL},
    {"erase_all", '\0', HIDDEN, NULL, OPT_ERASE_ALL, "the same", NULL},
    {"no-compress", 'u', POPT_ARG_NONE, NULL, OPT_PLAIN, "send the bytes as they are", NULL},
    {"no_compress", '\0', HIDDEN, NULL, OPT_PLAIN, "the same", NULL},
    {"always", '\0', POPT_ARG_NONE, NULL, OPT_ALWAYS, "write also what is there already", NULL},
    {"json", '\0', POPT_ARG_NONE, NULL, OPT_JSON, "print events, one JSON object a line", NULL},
    {"compress", 'z', HIDDEN, NULL, CLI_FLASH_NOTHING, "the default", NULL},
    {"verify", '\0', HIDDEN, NULL, CLI_FLASH_NOTHING, "always done", NULL},
    {"encrypt", '\0', HIDDEN, NULL, OPT_ENCRYPT, "not done", NULL},
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark flash -p /dev/ttyUSB0 nvs=certs.bin",
     "an identity, into the partition of its name"},
    {"birthmark flash --args build nvs=certs.bin", "what ESP-IDF built, and the identity"},
    {"birthmark flash --flash-size detect 0x1000 bootloader.bin 0x8000 table.bin "
     "0x10000 app.bin",
     "by offsets, as with esptool write_flash"},
    {"birthmark flash -p rfc2217://bench:4000 app=build/lamp.bin", "a board on another machine"},
    {NULL, NULL},
};

struct totals {
    size_t written, unchanged;
    uint64_t bytes;
    int begun; /* something was erased or written */
};

static double seconds(uint64_t us)
{
    return (double)us / 1e6;
}

static void report(const struct cli_flash *f, struct cli_board *b, const struct bm_flash_part *p,
                   uint64_t us)
{
    char name[256];
    char rate[CLI_RATE_SIZE];
    const int skipped = b->progress.skipped;
    if (f->json) {
        json_t *o = json_pack("{s:I, s:I, s:s, s:f, s:I}", "offset", (json_int_t)p->offset, "bytes",
                              (json_int_t)p->len, "result", skipped ? "unchanged" : "written",
                              "seconds", seconds(us), "wire", (json_int_t)b->progress.wire);
        if (o != NULL) {
            bmi_json_name(o, "file", p->file);
        }
        cli_progress_event(&b->progress, "region", o);
        return;
    }
    (void)printf("0x%-8" PRIx32 "  %9zu  %-24s  ", p->offset, p->len,
                 bmi_show_into(name, sizeof name, p->file));
    if (skipped) {
        (void)puts("unchanged");
    } else {
        (void)printf("written in %.1f s, %s\n", seconds(us), cli_rate(rate, p->len, us));
    }
    (void)fflush(stdout);
}

static int write_one(const struct cli_flash *f, struct cli_board *b, const struct bm_flash_part *p,
                     unsigned flags, struct totals *t)
{
    struct bm_diag diag = {0};
    const uint64_t begun = bm_port_now_us();
    if (cli_board_stopped()) {
        return cli_board_fail(b, BM_E_TIMEOUT, NULL);
    }
    t->begun = 1;
    cli_progress_begin(&b->progress, p->file);
    const int rc = bm_link_write(b->link, p->offset, p->data, p->len, flags, &diag);
    cli_progress_clear(&b->progress);
    if (rc != BM_OK) {
        const int status = cli_board_fail(b, rc, &diag);
        cli_error("%s: %s at 0x%" PRIx32 " is not there whole; flash again before the board is "
                  "used",
                  b->port, p->file, p->offset);
        return status;
    }
    t->written += !b->progress.skipped;
    t->unchanged += b->progress.skipped != 0;
    t->bytes += b->progress.skipped ? 0 : p->len;
    report(f, b, p, bm_port_now_us() - begun);
    return CLI_OK;
}

static void finish(const struct cli_flash *f, struct cli_board *b, const struct totals *t,
                   uint64_t us)
{
    const char *sums = b->info.secure_download
                           ? "not verified: in secure download mode a board gives no sums"
                           : "verified by MD5";
    if (f->json) {
        cli_progress_event(&b->progress, "done",
                           json_pack("{s:I, s:I, s:I, s:f, s:b}", "written", (json_int_t)t->written,
                                     "unchanged", (json_int_t)t->unchanged, "bytes",
                                     (json_int_t)t->bytes, "seconds", seconds(us), "verified",
                                     !b->info.secure_download));
        return;
    }
    (void)printf("%s: %zu written, %zu unchanged in %.1f s; %s\n", b->port, t->written,
                 t->unchanged, seconds(us), sums);
}

static int erase_all(const struct cli_flash *f, struct cli_board *b, struct totals *t)
{
    struct bm_diag diag = {0};
    char names[CLI_NAMES_SIZE] = "";
    int status = CLI_OK;
    if (f->has_present && !b->info.secure_download) {
        status = cli_identity_within(b, &f->present, 0, UINT32_MAX, names);
    }
    if (status == CLI_OK && names[0] != '\0' && f->force) {
        cli_warn("%s: --erase-all erases what %s holds", b->port, names);
    } else if (status == CLI_OK && names[0] != '\0') {
        cli_error("%s: --erase-all would erase what %s holds; nothing was written (--force "
                  "overrides)",
                  b->port, names);
        return CLI_INPUT;
    }
    if (status == CLI_OK) {
        t->begun = 1;
        cli_progress_begin(&b->progress, "flash");
        const int rc = bm_link_erase_all(b->link, &diag);
        cli_progress_clear(&b->progress);
        status = rc == BM_OK ? CLI_OK : cli_board_fail(b, rc, &diag);
    }
    return status;
}

static int put(const struct cli_flash *f, struct cli_board *b, unsigned flags)
{
    size_t order[CLI_PARTS_MAX];
    struct totals t = {0};
    const uint64_t begun = bm_port_now_us();
    int status = f->erase_all ? erase_all(f, b, &t) : CLI_OK;
    cli_flash_order(f, order);
    for (size_t i = 0; status == CLI_OK && i < f->parts.plan.count; i++) {
        status = write_one(f, b, &f->parts.list[order[i]], flags, &t);
    }
    if (status == CLI_OK) {
        finish(f, b, &t, bm_port_now_us() - begun);
    } else if (t.begun && cli_board_wait(b)) {
        cli_error("%s: the board was not reset: it waits in download mode to be flashed again",
                  b->port);
    }
    return status;
}

static int flash(struct cli *c, struct cli_flash *f, unsigned flags)
{
    struct cli_board b = {0};
    char text[CLI_BOARD_TEXT];
    int status = cli_flash_open(c, f, "write_flash");
    status = status == CLI_OK ? cli_board_open(&b, c, f->json) : status;
    if (status == CLI_OK && !f->json) {
        (void)printf("%s: %s\n", b.port, cli_board_text(text, &b.info));
        (void)fflush(stdout);
    }
    status = status == CLI_OK ? cli_flash_place(c, f, &b) : status;
    status = status == CLI_OK ? cli_flash_check(f, &b) : status;
    status = status == CLI_OK ? put(f, &b, flags) : status;
    status = cli_board_finish(&b, f->json, status);
    cli_flash_close(f);
    return status;
}

static int run(struct cli *c)
{
    unsigned flags = 0;
    int option;
    int status = CLI_OK;
    struct cli_flash *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return cli_fail("flash", BM_E_NOMEM, NULL);
    }
    while (status == CLI_OK && (option = cli_option(c)) != 0) {
        switch (option) {
        case OPT_FORCE: f->force = 1; break;
        case OPT_ERASE_ALL: f->erase_all = 1; break;
        case OPT_PLAIN: flags |= BM_WRITE_PLAIN; break;
        case OPT_ALWAYS: flags |= BM_WRITE_ALWAYS; break;
        case OPT_JSON: f->json = 1; break;
        case OPT_ENCRYPT:
            status = cli_usage(c, "--encrypt: writing through the chip's flash encryption is not "
                                  "done; encrypt the file first");
            break;
        default: status = option < 0 ? CLI_USAGE : cli_flash_option(c, f, option); break;
        }
    }
    status = status == CLI_OK ? flash(c, f, flags) : status;
    free(f);
    return status;
}

const struct cli_cmd cmd_flash = {
    .name = "flash",
    .args = "OFFSET FILE|NAME=FILE ...",
    .summary = "write files to a board, with care for what it holds",
    .about =
        "Writes files to the flash of a board, each at an offset, as esptool's write_flash does, "
        "or "
        "into the partition of a name, looked up in the table among the files, in --table, or in "
        "the board's own. bootloader, partition-table and app (factory, else ota_0) are names, "
        "too. esptool's options and spellings are taken; docs/flash.md says more.\n\n"
        "Before anything is written, the files are checked as by birthmark assemble, and against "
        "what the board holds as by birthmark preflight: for another chip, beyond the flash, an "
        "app or NVS image in the bootloader's or the table's place, an identity that would be "
        "lost. Then nothing is written, unless with --force.\n\n"
        "What is there already is skipped, and said so. Whole sectors are erased; the rest of a "
        "file's last sector is blank afterwards. Each file is checked by the chip's MD5: success "
        "is "
        "told of nothing else.\n\n"
        "The exit status is 0 if all is there, 3 if a file is wrong or was refused, 4 if the board "
        "or the line failed.",
    .options = options,
    .examples = examples,
    .run = run,
    .board = CLI_BOARD_FILES,
};
