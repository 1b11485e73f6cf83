/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_image.h"

#include <stdlib.h>
#include <string.h>

#include "birthmark/app.h"
#include "layout/flash_params.h"
#include "layout/part_number.h"
#include "part/app_chip.h"
#include "part/app_fmt.h"

enum {
    OPT_JSON = 1,
    OPT_CHIP,
    OPT_OFFSET,
    OPT_PARTITION_SIZE,
    OPT_OUTPUT,
    OPT_ENTRY,
    OPT_MODE,
    OPT_FREQ,
    OPT_SIZE,
    OPT_MIN_REV,
    OPT_MAX_REV,
    OPT_MIN_REV_FULL,
    OPT_MAX_REV_FULL,
    OPT_MMU_PAGE,
    OPT_SECURE_PAD,
    OPT_SECURE_PAD_V2,
    OPT_PAD_TO,
    OPT_VERSION,
    OPT_PROJECT,
    OPT_IDF,
    OPT_SECURE,
    OPT_DESC,
    OPT_NO_HASH,
    OPT_VIRTUAL
};

enum { PAGE_LOG2_LEAST = 13 }; /* of any chip */

static const struct poptOption options[] = {
    {"json", '\0', POPT_ARG_NONE, NULL, OPT_JSON, "info, verify: print as JSON", NULL},
    {"chip", 'c', POPT_ARG_STRING, NULL, OPT_CHIP,
     "verify: it must be for this chip; pack: make it for this chip", "NAME"},
    {"offset", '\0', POPT_ARG_STRING, NULL, OPT_OFFSET,
     "info, verify: where the image begins in the file", "BYTES"},
    {"partition-size", '\0', POPT_ARG_STRING, NULL, OPT_PARTITION_SIZE,
     "verify: it must fit into a partition of this size", "BYTES"},
    {"room", '\0', POPT_ARG_STRING, NULL, OPT_PARTITION_SIZE, "the same", "BYTES"},
    {"output", 'o', POPT_ARG_STRING, NULL, OPT_OUTPUT, "pack: the image to make", "FILE"},
    {"entry", '\0', POPT_ARG_STRING, NULL, OPT_ENTRY,
     "pack: where the program starts (default: as the ELF file says)", "ADDRESS"},
    {"flash-mode", '\0', POPT_ARG_STRING, NULL, OPT_MODE, "pack: qio, qout, dio or dout (dio)",
     "MODE"},
    {"flash-freq", '\0', POPT_ARG_STRING, NULL, OPT_FREQ,
     "pack: 80m, 40m, ... (ESP-IDF's default of the chip)", "CLOCK"},
    {"flash-size", '\0', POPT_ARG_STRING, NULL, OPT_SIZE, "pack: 1MB to 128MB (2MB)", "SIZE"},
    {"min-rev", '\0', POPT_ARG_STRING, NULL, OPT_MIN_REV,
     "pack: oldest chip revision (0.0); a number without point is only what bootloaders before "
     "ESP-IDF 5 read",
     "X.Y"},
    {"max-rev", '\0', POPT_ARG_STRING, NULL, OPT_MAX_REV, "pack: newest chip revision (any)",
     "X.Y"},
    {"min-rev-full", '\0', POPT_ARG_STRING, NULL, OPT_MIN_REV_FULL,
     "pack: oldest chip revision, 100 X + Y", "N"},
    {"max-rev-full", '\0', POPT_ARG_STRING, NULL, OPT_MAX_REV_FULL, "pack: the same for the newest",
     "N"},
    {"flash-mmu-page-size", '\0', POPT_ARG_STRING, NULL, OPT_MMU_PAGE,
     "pack: page of mapped flash, 64KB, 32KB, ... (as the description says)", "SIZE"},
    {"secure-pad", '\0', POPT_ARG_NONE, NULL, OPT_SECURE_PAD,
     "pack: fill up, so that a signature of version 1 ends a page", NULL},
    {"secure-pad-v2", '\0', POPT_ARG_NONE, NULL, OPT_SECURE_PAD_V2,
     "pack: fill up, so that the SHA-256 ends a page, for a signature of version 2", NULL},
    {"pad-to-size", '\0', POPT_ARG_STRING, NULL, OPT_PAD_TO,
     "pack: fill up with 0xff to a multiple of this size", "SIZE"},
    {"version", '\0', POPT_ARG_STRING, NULL, OPT_VERSION,
     "pack: version to write into the app description", "TEXT"},
    {"project", '\0', POPT_ARG_STRING, NULL, OPT_PROJECT, "pack: the same for the project's name",
     "TEXT"},
    {"idf-version", '\0', POPT_ARG_STRING, NULL, OPT_IDF, "pack: the same for ESP-IDF's version",
     "TEXT"},
    {"secure-version", '\0', POPT_ARG_STRING, NULL, OPT_SECURE,
     "pack: the same for the anti-rollback version", "N"},
    {"desc", '\0', POPT_ARG_STRING, NULL, OPT_DESC,
     "pack: add an app description at this address, for a program that has none", "ADDRESS"},
    {"virtual", '\0', POPT_ARG_NONE, NULL, OPT_VIRTUAL,
     "pack: for the virtual board, a program of this machine", NULL},
    {"no-hash", '\0', POPT_ARG_NONE, NULL, OPT_NO_HASH, "pack: append no SHA-256", NULL},
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark image info app.bin", "header, segments, sums and description of an app"},
    {"birthmark image verify app.bin --chip esp32 --partition-size 0x140000",
     "is it whole, for this chip, and does it fit?"},
    {"birthmark image verify flash.bin --offset 0x10000", "of an app inside a flash image"},
    {"birthmark image pack -o app.bin --chip esp32c3 app.elf", "make an app image from a program"},
    {"birthmark image pack -o app.bin --chip esp32 --entry 0x400d0020 0x400d0020=text.bin",
     "from raw segments"},
    {NULL, NULL},
};

static int take_number(struct cli *c, uint64_t *out, const char *what, uint64_t max)
{
    const char *text = cli_option_arg(c);
    if (bm_part_number(out, text, strlen(text)) != BM_OK || *out > max) {
        return cli_usage(c, "%s is a number up to 0x%llx, not \"%s\"", what,
                         (unsigned long long)max, text);
    }
    return CLI_OK;
}

static int take_u32(struct cli *c, uint32_t *out, const char *what)
{
    uint64_t v = 0;
    const int status = take_number(c, &v, what, UINT32_MAX);
    *out = (uint32_t)v;
    return status;
}

static int take_chip(struct cli *c, struct cli_image_opts *o)
{
    o->chip = bm_app_chip_id(cli_option_arg(c));
    if (o->chip >= 0) {
        return CLI_OK;
    }
    char names[200] = "";
    for (unsigned i = 0; bmi_chip_at(i) != NULL; i++) {
        (void)strncat(names, i > 0 ? ", " : "", sizeof names - strlen(names) - 1);
        (void)strncat(names, bmi_chip_at(i)->name, sizeof names - strlen(names) - 1);
    }
    return cli_usage(c, "--chip is one of %s, not \"%s\"", names, cli_option_arg(c));
}

/* "3.1", with or without a v in front. */
static int take_revision(struct cli *c, uint16_t *out, const char *what)
{
    const char *text = cli_option_arg(c);
    char *end;
    const char *p = text + (text[0] == 'v');
    const unsigned long major = strtoul(p, &end, 10);
    if (end == p || end - p > 3 || *end != '.') {
        return cli_usage(c, "%s is a revision like 3.1, not \"%s\"", what, text);
    }
    p = end + 1;
    const unsigned long minor = strtoul(p, &end, 10);
    if (end == p || end - p > 2 || *end != '\0' || major > 654) {
        return cli_usage(c, "%s is a revision like 3.1, not \"%s\"", what, text);
    }
    *out = (uint16_t)(major * 100 + minor);
    return CLI_OK;
}

/* "3.1" as ESP-IDF's build says it; "3" as elf2image takes it. */
static int take_min_rev(struct cli *c, struct cli_image_opts *o)
{
    uint64_t old = 0;
    if (strchr(cli_option_arg(c), '.') != NULL) {
        o->has_min_rev = 1;
        return take_revision(c, &o->pack.min_chip_rev, "--min-rev");
    }
    const int status = take_number(c, &old, "--min-rev without a point", UINT8_MAX);
    o->pack.min_chip_rev_old = (uint8_t)old;
    return status;
}

static int take_full_rev(struct cli *c, uint16_t *out, const char *what)
{
    uint64_t v = 0;
    const int status = take_number(c, &v, what, UINT16_MAX);
    *out = (uint16_t)v;
    return status;
}

/* "64KB", "64K", "65536"; 0 if it is none or too large. */
static uint32_t size_of(const char *text)
{
    uint64_t v = 0;
    size_t len = strlen(text);
    len -= len > 2 && (text[len - 1] == 'B' || text[len - 1] == 'b');
    return bm_part_number(&v, text, len) == BM_OK && v <= BM_PACK_SIZE_MAX ? (uint32_t)v : 0;
}

static int take_page(struct cli *c, uint8_t *log2)
{
    const uint32_t size = size_of(cli_option_arg(c));
    for (*log2 = BMI_APP_PAGE_LOG2_MAX; *log2 >= PAGE_LOG2_LEAST && 1u << *log2 != size; --*log2) {
    }
    return *log2 >= PAGE_LOG2_LEAST
               ? CLI_OK
               : cli_usage(c, "--flash-mmu-page-size is 64KB, 32KB, 16KB or 8KB, not \"%s\"",
                           cli_option_arg(c));
}

static int take_pad_to(struct cli *c, uint32_t *out)
{
    *out = size_of(cli_option_arg(c));
    return *out > 0
               ? CLI_OK
               : cli_usage(c, "--pad-to-size is a size up to 16MB, not \"%s\"", cli_option_arg(c));
}

static int take_name(struct cli *c, uint8_t *out, int number, const char *what)
{
    *out = (uint8_t)number;
    return number >= 0 ? CLI_OK : cli_usage(c, "%s, not \"%s\"", what, cli_option_arg(c));
}

static int take_text(struct cli *c, const char **out, const char *what)
{
    *out = cli_option_arg(c);
    return strlen(*out) <= 32 ? CLI_OK : cli_usage(c, "%s has at most 32 bytes", what);
}

static int take_pack(struct cli *c, struct cli_image_opts *o, int opt)
{
    struct bm_pack *p = &o->pack;
    uint32_t v = 0;
    int status;
    switch (opt) {
    case OPT_OUTPUT: o->output = cli_option_arg(c); return CLI_OK;
    case OPT_ENTRY: o->has_entry = 1; return take_u32(c, &p->entry, "--entry");
    case OPT_MODE:
        return take_name(c, &p->flash_mode, bm_flash_mode_by_name(cli_option_arg(c)),
                         "--flash-mode is qio, qout, dio or dout");
    case OPT_FREQ: o->flash_freq = cli_option_arg(c); return CLI_OK;
    case OPT_SIZE:
        return take_name(c, &p->flash_size, bm_flash_size_by_name(cli_option_arg(c)),
                         "--flash-size is 1MB, 2MB, 4MB, 8MB, 16MB, 32MB, 64MB or 128MB");
    case OPT_MIN_REV: return take_min_rev(c, o);
    case OPT_MIN_REV_FULL: return take_full_rev(c, &p->min_chip_rev, "--min-rev-full");
    case OPT_MAX_REV_FULL: return take_full_rev(c, &p->max_chip_rev, "--max-rev-full");
    case OPT_MMU_PAGE: return take_page(c, &p->page_log2);
    case OPT_SECURE_PAD: p->secure_pad = 1; return CLI_OK;
    case OPT_SECURE_PAD_V2: p->secure_pad = 2; return CLI_OK;
    case OPT_PAD_TO: return take_pad_to(c, &p->pad_to);
    case OPT_MAX_REV: return take_revision(c, &p->max_chip_rev, "--max-rev");
    case OPT_VERSION: return take_text(c, &p->version, "--version");
    case OPT_PROJECT: return take_text(c, &p->project, "--project");
    case OPT_IDF: return take_text(c, &p->idf, "--idf-version");
    case OPT_SECURE:
        status = take_u32(c, &v, "--secure-version");
        p->secure_version = v;
        return status;
    case OPT_VIRTUAL: o->for_virtual = 1; return CLI_OK;
    case OPT_DESC: o->has_desc = 1; return take_u32(c, &o->desc, "--desc");
    default: p->no_hash = 1; return CLI_OK;
    }
}

static int take_option(struct cli *c, struct cli_image_opts *o, int opt)
{
    switch (opt) {
    case OPT_JSON: o->json = 1; return CLI_OK;
    case OPT_CHIP: return take_chip(c, o);
    case OPT_OFFSET: o->has_offset = 1; return take_number(c, &o->offset, "--offset", UINT32_MAX);
    case OPT_PARTITION_SIZE:
        return take_number(c, &o->partition_size, "--partition-size", UINT32_MAX);
    default: return take_pack(c, o, opt);
    }
}

enum { INFO = 1, VERIFY = 2, PACK = 4 };

/* The actions that have this option. */
static unsigned actions_of(int opt)
{
    switch (opt) {
    case OPT_JSON:
    case OPT_OFFSET: return INFO | VERIFY;
    case OPT_CHIP: return VERIFY | PACK;
    case OPT_PARTITION_SIZE: return VERIFY;
    default: return PACK;
    }
}

static unsigned action_of(const char *word)
{
    return strcmp(word, "info") == 0     ? INFO
           : strcmp(word, "verify") == 0 ? VERIFY
           : strcmp(word, "pack") == 0   ? PACK
                                         : 0;
}

static int run(struct cli *c)
{
    struct cli_image_opts o;
    unsigned allowed = INFO | VERIFY | PACK;
    int opt;
    memset(&o, 0, sizeof o);
    o.chip = -1;
    o.pack.flash_mode = (uint8_t)bm_flash_mode_by_name("dio");
    o.pack.flash_size = (uint8_t)bm_flash_size_by_name("2MB");
    o.pack.max_chip_rev = UINT16_MAX;
    o.pack.secure_version = -1;
    while ((opt = cli_option(c)) > 0) {
        const int status = take_option(c, &o, opt);
        if (status != CLI_OK) {
            return status;
        }
        allowed &= actions_of(opt);
    }
    if (opt < 0) {
        return CLI_USAGE;
    }
    const char *word = cli_arg(c);
    const unsigned action = word != NULL ? action_of(word) : 0;
    if (action == 0) {
        return word == NULL ? cli_usage(c, "say info, verify or pack")
                            : cli_usage(c, "\"%s\" is not info, verify or pack", word);
    }
    if ((action & allowed) == 0) {
        return cli_usage(c, "%s does not have all of these options", word);
    }
    if (action == PACK && c->board.port != NULL) {
        return cli_usage(c, "pack makes a file; birthmark flash writes it to a board");
    }
    return action == PACK ? cli_image_pack(c, &o) : cli_image_look(c, &o, action == VERIFY);
}

const struct cli_cmd cmd_image = {
    .name = "image",
    .args = "info|verify|pack FILE...",
    .summary = "show, check or make an app image",
    .about =
        "App images: programs as the boot ROM and ESP-IDF's bootloader read them from flash. "
        "docs/format/app.md has the format.\n\n"
        "info FILE shows header, segments, sums, app description and signature. verify FILE says "
        "in one line whether a bootloader would take it, and if not, why: truncated, a wrong "
        "checksum or SHA-256, bytes behind its end, another chip, too large. Both take a "
        "bootloader's image, too, and - for standard input; with --port the app of a board, the "
        "one "
        "that otadata selects or --partition names; with --offset the file is a flash "
        "image, and what lies behind the app is not looked at.\n\n"
        "pack makes an image from a linked ELF file, or from raw segments written as ADDRESS=FILE. "
        "It orders, joins and pads as esptool's elf2image does. The description that leads the "
        "first segment mapped from the flash is kept; options change it, and the SHA-256 of the "
        "ELF file is written into it. With --virtual it packs an executable or script of this "
        "machine "
        "instead, for birthmark sim; such an image is verified, flashed and booted as any other "
        "(docs/virtual-firmware.md).\n\n"
        "The exit status of info and verify is 1 if the image is not whole.",
    .options = options,
    .examples = examples,
    .run = run,
    .board = CLI_BOARD_READ,
};
