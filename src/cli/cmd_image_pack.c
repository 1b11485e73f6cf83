/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "birthmark/app.h"
#include "cli/cmd_generate_report.h"
#include "cli/cmd_image.h"
#include "cli/out_file.h"
#include "crypto/crypto.h"
#include "layout/elf.h"
#include "layout/flash_params.h"
#include "layout/pack_virtual.h"
#include "layout/part_number.h"
#include "part/app_chip.h"
#include "part/app_fmt.h"
#include "port/file.h"

enum { FILES_MAX = 16, INPUT_MAX = 256 * 1024 * 1024, APP_MODE = 0644 };
enum { ESP32 = 0, ESP32_C3 = 5 }; /* chip ids */

struct input {
    const char *path;
    uint8_t *data;
    size_t len;
};

/* The inputs of one run, and the parts found in them. */
struct job {
    struct cli *c;
    struct cli_image_opts *o;
    const struct bmi_chip *chip;
    struct input file[FILES_MAX];
    size_t files;
    struct bm_pack_part part[BM_PACK_PARTS_MAX + 1];
    size_t parts;
    uint8_t desc[BM_PACK_VIRTUAL_HEAD]; /* the description, and what follows it in a virtual one */
    uint8_t sha256[BM_SHA256_SIZE];
};

static int read_input(struct job *j, const char *path)
{
    struct bm_diag diag = {0};
    struct input *in = &j->file[j->files];
    int status = cli_out_distinct(j->c, j->o->output, path);
    if (status != CLI_OK) {
        return status;
    }
    const int rc = bm_port_read_named(path, INPUT_MAX, &in->data, &in->len, &diag);
    if (rc != BM_OK) {
        return cli_fail_input(path, rc, &diag);
    }
    in->path = path;
    j->files++;
    return CLI_OK;
}

static int add_part(struct job *j, const char *path, const struct bm_pack_part *part)
{
    if (j->parts == BM_PACK_PARTS_MAX) {
        cli_error("%s: over %d parts to load", path, BM_PACK_PARTS_MAX);
        return CLI_INPUT;
    }
    j->part[j->parts++] = *part;
    return CLI_OK;
}

static int elf_parts(struct job *j, const char *path, struct bm_elf *elf)
{
    struct bm_diag diag = {0};
    struct bm_elf_part e;
    int rc;
    while ((rc = bm_elf_next(elf, &e, &diag)) == BM_OK) {
        const struct bm_pack_part part = {e.name, e.data, e.address, e.size};
        const int status = add_part(j, path, &part);
        if (status != CLI_OK) {
            return status;
        }
    }
    return rc == BM_E_NOENT ? CLI_OK : cli_fail_input(path, rc, &diag);
}

/* Of the program's file, for the description. */
static int note_sha256(struct job *j)
{
    const struct input *in = &j->file[0];
    const int rc = bm_crypto_sha256(j->sha256, in->data, in->len);
    j->o->pack.elf_sha256 = j->sha256;
    return rc == BM_OK ? CLI_OK : cli_fail(in->path, rc, NULL);
}

static int take_elf(struct job *j, const char *path)
{
    struct bm_diag diag = {0};
    struct bm_elf elf;
    int status = read_input(j, path);
    if (status != CLI_OK) {
        return status;
    }
    const struct input *in = &j->file[0];
    int rc = bm_elf_open(&elf, in->data, in->len, &diag);
    if (rc != BM_OK) {
        return cli_fail_input(path, rc, &diag);
    }
    if (elf.machine != (j->chip->xtensa ? BM_ELF_XTENSA : BM_ELF_RISCV)) {
        cli_error("%s: its program is for %s, and the %s is %s; is --chip right?", path,
                  elf.machine == BM_ELF_XTENSA  ? "Xtensa"
                  : elf.machine == BM_ELF_RISCV ? "RISC-V"
                                                : "another CPU",
                  j->chip->name, j->chip->xtensa ? "Xtensa" : "RISC-V");
        return CLI_INPUT;
    }
    if (!j->o->has_entry) {
        j->o->pack.entry = elf.entry;
    }
    status = elf_parts(j, path, &elf);
    return status == CLI_OK ? note_sha256(j) : status;
}

/* A program of this machine, for the virtual board. */
static int take_virtual(struct job *j, const char *path)
{
    struct bm_diag diag = {0};
    const int status = read_input(j, path);
    if (status != CLI_OK) {
        return status;
    }
    const int rc =
        bm_pack_virtual(&j->o->pack, j->part, j->desc, j->file[0].data, j->file[0].len, &diag);
    j->parts = BM_PACK_VIRTUAL_PARTS;
    return rc == BM_OK ? note_sha256(j) : cli_fail_input(path, rc, &diag);
}

/* ADDRESS=FILE; text is kept. */
static int take_segment(struct job *j, const char *text)
{
    const char *equals = strchr(text, '=');
    uint64_t address = 0;
    if (equals == NULL || bm_part_number(&address, text, (size_t)(equals - text)) != BM_OK ||
        address > UINT32_MAX || equals[1] == '\0') {
        return cli_usage(j->c, "a segment is ADDRESS=FILE, not \"%s\"", text);
    }
    if (j->files == FILES_MAX) {
        return cli_usage(j->c, "an image has at most %d segments", FILES_MAX);
    }
    int status = read_input(j, equals + 1);
    if (status != CLI_OK) {
        return status;
    }
    const struct input *in = &j->file[j->files - 1];
    if (in->len == 0 || in->len > BM_PACK_SIZE_MAX) {
        cli_error("%s: %s", in->path, in->len == 0 ? "empty" : "over 16 MB");
        return CLI_INPUT;
    }
    const struct bm_pack_part part = {in->path, in->data, (uint32_t)address, (uint32_t)in->len};
    return add_part(j, in->path, &part);
}

static int add_desc(struct job *j)
{
    const struct bm_pack_part part = {"--desc", j->desc, j->o->desc, BM_APP_DESC_SIZE};
    if (!j->o->has_desc) {
        return CLI_OK;
    }
    bm_pack_blank_desc(j->desc, 16);
    return add_part(j, "--desc", &part);
}

static int take_inputs(struct job *j)
{
    const char *word = cli_arg(j->c);
    if (word == NULL && j->o->for_virtual) {
        return cli_usage(j->c, "say which program of this machine");
    }
    if (word == NULL) {
        return cli_usage(j->c, "say which ELF file, or which segments as ADDRESS=FILE");
    }
    j->o->pack.source = word;
    if (j->o->for_virtual) {
        const char *more = cli_arg(j->c);
        return more != NULL ? cli_usage(j->c, "--virtual packs one program; not %s too", more)
                            : take_virtual(j, word);
    }
    if (strchr(word, '=') == NULL) {
        const char *more = cli_arg(j->c);
        return more != NULL
                   ? cli_usage(j->c, "one ELF file, or segments as ADDRESS=FILE; not %s too", more)
                   : take_elf(j, word);
    }
    if (!j->o->has_entry) {
        return cli_usage(j->c, "raw segments need --entry, the address where the program starts");
    }
    j->o->pack.source = j->o->output;
    int status = CLI_OK;
    for (; status == CLI_OK && word != NULL; word = cli_arg(j->c)) {
        status = take_segment(j, word);
    }
    return status;
}

static int by_address(const void *a, const void *b)
{
    const struct bm_pack_part *x = a;
    const struct bm_pack_part *y = b;
    return x->address < y->address ? -1 : x->address > y->address;
}

/* ESP-IDF's build says it to bootloaders before its version 5 on two chips. */
static uint8_t old_revision(const struct bm_pack *p)
{
    const unsigned rev = p->min_chip_rev;
    const unsigned old = p->chip == ESP32 ? rev / 100 : p->chip == ESP32_C3 ? rev % 100 : 0;
    return old < UINT8_MAX ? (uint8_t)old : UINT8_MAX;
}

/* What is laid out by the page, and what needs its end. */
static int check_layout(struct cli *c, struct bm_pack *p)
{
    if (p->secure_pad != 0 && p->no_hash) {
        return cli_usage(c, "--secure-pad goes with a SHA-256, and --no-hash leaves it away");
    }
    if (p->secure_pad == 1 && p->chip != ESP32) {
        return cli_usage(c, "only the ESP32 has signatures of version 1; see --secure-pad-v2");
    }
    const struct bmi_chip *chip = bmi_chip_find(p->chip);
    if (p->page_log2 != 0 && p->page_log2 < chip->page_log2_min) {
        if (chip->page_log2_min < BMI_APP_PAGE_LOG2_MAX) {
            return cli_usage(c, "the smallest page of the %s is %uKB", chip->name,
                             1u << (chip->page_log2_min - 10));
        }
        cli_warn("the %s maps flash by pages of 64KB only", chip->name);
        p->page_log2 = 0;
    }
    return CLI_OK;
}

static int check_opts(struct cli *c, struct cli_image_opts *o)
{
    if (o->chip < 0) {
        return cli_usage(c, "say for which chip: --chip esp32, esp32c3, ...");
    }
    if (o->output == NULL) {
        return cli_usage(c, "say where to write the image: -o FILE");
    }
    if (o->for_virtual && (o->has_entry || o->has_desc)) {
        return cli_usage(c, "--virtual sets --entry and --desc itself");
    }
    if (o->pack.max_chip_rev != 0 && o->pack.min_chip_rev > o->pack.max_chip_rev) {
        return cli_usage(c, "--min-rev is newer than --max-rev");
    }
    o->pack.chip = (uint16_t)o->chip;
    if (o->has_min_rev) {
        o->pack.min_chip_rev_old = old_revision(&o->pack);
    }
    const int status = check_layout(c, &o->pack);
    if (status != CLI_OK) {
        return status;
    }
    const int clock = o->flash_freq != NULL ? bm_flash_clock_by_name(o->pack.chip, o->flash_freq)
                                            : bm_flash_clock_default(o->pack.chip);
    if (clock < 0) {
        return cli_usage(c, "--flash-freq %s is no clock of the %s's flash", o->flash_freq,
                         bm_app_chip_name(o->pack.chip));
    }
    o->pack.flash_freq = (uint8_t)clock;
    return CLI_OK;
}

static int write_image(struct job *j)
{
    struct bm_image_problems problems = {0};
    struct bm_diag diag = {0};
    uint8_t *image = NULL;
    size_t len = 0;
    if (j->o->pack.elf_sha256 == NULL || j->o->has_desc) {
        qsort(j->part, j->parts, sizeof j->part[0], by_address);
    }
    j->o->pack.parts = j->part;
    j->o->pack.count = j->parts;
    int rc = bm_pack(&image, &len, &j->o->pack, &problems);
    cli_generate_problems(&problems);
    int status = CLI_INPUT;
    if (rc == BM_OK) {
        status = cli_out_folder(j->o->output);
        if (status == CLI_OK) {
            rc = bm_port_write(j->o->output, image, len, APP_MODE, &diag);
            status = rc == BM_OK ? CLI_OK : cli_fail(j->o->output, rc, &diag);
        }
    } else if (problems.errors == 0) {
        status = cli_fail(j->o->pack.source, rc, NULL);
    }
    if (status == CLI_OK && !cli_is_stdout(j->o->output)) {
        printf("%s: %zu bytes, for the %s%s\n", j->o->output, len,
               j->o->for_virtual ? "virtual " : "", j->chip->name);
    }
    bm_image_problems_free(&problems);
    free(image);
    return status;
}

int cli_image_pack(struct cli *c, struct cli_image_opts *o)
{
    int status = check_opts(c, o);
    if (status != CLI_OK) {
        return status;
    }
    struct job *j = calloc(1, sizeof *j);
    if (j == NULL) {
        return cli_fail(o->output, BM_E_NOMEM, NULL);
    }
    j->c = c;
    j->o = o;
    j->chip = bmi_chip_find(o->pack.chip);
    status = take_inputs(j);
    if (status == CLI_OK) {
        status = add_desc(j);
    }
    if (status == CLI_OK) {
        status = write_image(j);
    }
    for (size_t i = 0; i < j->files; i++) {
        bm_port_free(j->file[i].data, j->file[i].len);
    }
    free(j);
    return status == CLI_OK ? cli_finish(status) : status;
}
