/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/boot_words.h"
#include "cli/live.h"
#include "cli/ota_file.h"
#include "cli/out_file.h"
#include "cli/table_arg.h"
#include "image/suggest.h"
#include "layout/part_number.h"
#include "port/file.h"

enum {
    OPT_TABLE = 1,
    OPT_OFFSET,
    OPT_SLOTS,
    OPT_FACTORY,
    OPT_ROLLBACK,
    OPT_SECURE,
    OPT_PIN,
    OPT_STATE,
    OPT_OUT,
    OPT_FORCE,
    OPT_JSON
};

static const struct poptOption options[] = {
    {"table", 't', POPT_ARG_STRING, NULL, OPT_TABLE,
     "take the partition table from this CSV or binary file", "FILE"},
    {"table-offset", '\0', POPT_ARG_STRING, NULL, OPT_OFFSET,
     "where the table is in a flash image (0x8000)", "OFFSET"},
    {"slots", '\0', POPT_ARG_STRING, NULL, OPT_SLOTS,
     "instead of a table, for an otadata partition alone: so many OTA slots", "N"},
    {"factory", '\0', POPT_ARG_NONE, NULL, OPT_FACTORY, "with --slots: there is a factory app",
     NULL},
    {"rollback", '\0', POPT_ARG_STRING, NULL, OPT_ROLLBACK,
     "status: the bootloader rolls back, or not; else what the states tell", "on|off"},
    {"secure-version", '\0', POPT_ARG_STRING, NULL, OPT_SECURE,
     "status: the bootloader has anti-rollback, and the fuses this version", "N"},
    {"pin", '\0', POPT_ARG_STRING, NULL, OPT_PIN,
     "status: this pin is held at the start; factory-reset erases otadata", "factory-reset|test"},
    {"state", '\0', POPT_ARG_STRING, NULL, OPT_STATE,
     "select: state of the record (undefined); new for bootloaders that roll back",
     "undefined|new|valid"},
    {"output", 'o', POPT_ARG_STRING, NULL, OPT_OUT, "select, erase: write here, not in place",
     "FILE"},
    {"force", '\0', POPT_ARG_NONE, NULL, OPT_FORCE,
     "select, erase: also where that app cannot start, or what is there is not otadata", NULL},
    {"json", '\0', POPT_ARG_NONE, NULL, OPT_JSON, "status: print as JSON", NULL},
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark ota status flash.bin", "which app boots, and why"},
    {"birthmark ota status otadata.bin --table partitions.csv", "of an otadata partition alone"},
    {"birthmark ota select flash.bin ota_1", "ota_1 boots next"},
    {"birthmark ota select otadata.bin 1 --slots 2 --state new", "on trial, with rollback"},
    {"birthmark ota erase otadata.bin", "as in a new device"},
    {NULL, NULL},
};

struct request {
    struct cli_ota_wish wish;
    struct bm_boot_config config;
    int rollback_given;
    const char *path;
    const char *slot;
    const char *out;
    uint32_t state;
    int force;
    int json;
    unsigned given; /* bit of each option that was there */
};

struct verb {
    const char *name;
    int (*run)(struct cli *c, struct request *r);
    unsigned options; /* those that it takes */
    int slot;         /* has an argument SLOT */
};

enum { LIST_SIZE = 160 };

#define BIT(option) (1u << (option))

static int number(struct cli *c, const char *option, const char *text, uint64_t most, uint32_t *out)
{
    uint64_t v = 0;
    if (bm_part_number(&v, text, strlen(text)) != BM_OK || v > most) {
        return cli_usage(c, "--%s takes a number up to %" PRIu64 ", not \"%s\"", option, most,
                         text);
    }
    *out = (uint32_t)v;
    return CLI_OK;
}

/* One of the words that an option takes, as its index. */
static int word(struct cli *c, const char *option, const char *text, const char *const *words,
                unsigned *out)
{
    for (unsigned i = 0; words[i] != NULL; i++) {
        if (strcmp(text, words[i]) == 0) {
            *out = i;
            return CLI_OK;
        }
    }
    const char *near = bmi_suggest(text, strlen(text), words);
    if (near != NULL) {
        return cli_usage(c, "--%s: unknown \"%s\" (did you mean %s?)", option, text, near);
    }
    return cli_usage(c, "--%s takes %s or %s%s%s, not \"%s\"", option, words[0], words[1],
                     words[2] != NULL ? " or " : "", words[2] != NULL ? words[2] : "", text);
}

static int take_words(struct cli *c, struct request *r, int option, const char *arg)
{
    static const char *const switches[] = {"off", "on", NULL};
    static const char *const pins[] = {"factory-reset", "test", NULL};
    static const char *const states[] = {"undefined", "new", "valid", NULL};
    static const uint32_t numbers[] = {BM_OTA_UNDEFINED, BM_OTA_NEW, BM_OTA_VALID};
    unsigned i = 0;
    int status = CLI_OK;
    if (option == OPT_ROLLBACK) {
        status = word(c, "rollback", arg, switches, &i);
        r->config.rollback = (uint8_t)i;
        r->rollback_given = 1;
    } else if (option == OPT_PIN) {
        status = word(c, "pin", arg, pins, &i);
        r->config.factory_reset = i == 0;
        r->config.reset_erases_otadata = i == 0;
        r->config.test_pin = i == 1;
    } else {
        status = word(c, "state", arg, states, &i);
        r->state = numbers[i];
    }
    return status;
}

static int take_option(struct cli *c, struct request *r, int option)
{
    const char *arg = cli_option_arg(c);
    r->given |= BIT(option);
    switch (option) {
    case OPT_TABLE: r->wish.table = arg; return CLI_OK;
    case OPT_OUT: r->out = arg; return CLI_OK;
    case OPT_FACTORY: r->wish.factory = 1; return CLI_OK;
    case OPT_FORCE: r->force = 1; return CLI_OK;
    case OPT_JSON: r->json = 1; return CLI_OK;
    case OPT_OFFSET: return cli_table_number(c, &r->wish.table_offset, "--table-offset", arg);
    case OPT_SLOTS: {
        uint32_t n = 0;
        const int status = number(c, "slots", arg, BM_OTA_SLOTS_MAX, &n);
        r->wish.slots = n;
        return status != CLI_OK || n > 0 ? status : cli_usage(c, "--slots: there are 1 to 16");
    }
    case OPT_SECURE:
        r->config.anti_rollback = 1;
        return number(c, "secure-version", arg, UINT32_MAX, &r->config.secure_version);
    default: return take_words(c, r, option, arg);
    }
}

/* status */

static int status_of(struct cli *c, struct request *r)
{
    struct cli_ota o;
    struct cli_ota_status how = {&r->config, 0, r->json};
    int status = cli_ota_open(c, &o, r->path, &r->wish, 1);
    if (status == CLI_OK && !o.is_flash && r->config.anti_rollback) {
        status = cli_usage(c, "--secure-version needs a flash image: the versions are in the apps");
    }
    if (status == CLI_OK) {
        status = cli_ota_look(c, &o);
    }
    if (status == CLI_OK) {
        const struct bm_otadata data = cli_ota_records(&o);
        if (!r->rollback_given) {
            how.rollback_guessed = 1;
            r->config.rollback = (uint8_t)(r->config.anti_rollback || cli_ota_rolls_back(&data));
        }
        status = cli_ota_status(&o, &how);
    }
    cli_ota_close(&o);
    return status;
}

/* select, erase */

/* The region of otadata in the file's bytes, as a flash that can be written. */
static int edit(struct cli_ota *o, const struct request *r, struct bm_flash *flash,
                struct bm_flash_ram *ram)
{
    size_t at = 0;
    if (o->size == 0) {
        cli_error("%s: the table has no otadata partition of %d bytes, so no slot can be selected",
                  o->name, BM_OTADATA_SIZE);
        return CLI_INPUT;
    }
    if (!r->force && cli_ota_foreign(o, &at)) {
        cli_error("%s: at 0x%zx are bytes that otadata never has: this is something else, or "
                  "encrypted; nothing was written, --force does it all the same",
                  o->name, at);
        return CLI_INPUT;
    }
    const uint32_t whole = o->size / (BM_OTADATA_SIZE / 2) * (BM_OTADATA_SIZE / 2);
    const int rc = bm_flash_ram_init(flash, ram, o->data + o->off, whole);
    return rc == BM_OK ? CLI_OK : cli_fail(o->name, rc, NULL);
}

static int save(struct cli *c, const struct request *r, const struct cli_ota *o)
{
    const char *path = r->out != NULL ? r->out : r->path;
    struct bm_diag diag;
    memset(&diag, 0, sizeof diag);
    if (o->is_live) {
        return cli_live_write(c, o->data, o->len);
    }
    if (r->wish.table != NULL && cli_out_distinct(c, path, r->wish.table) != CLI_OK) {
        return CLI_USAGE;
    }
    /* a flash image holds secrets: the copy is no more open than its source */
    const unsigned mode = strcmp(r->path, "-") == 0 ? 0600 : bm_port_mode(r->path, 0666);
    const int rc = !r->wish.in_place
                       ? bm_port_write(path, o->data, o->len, mode, &diag)
                       : bm_port_write_held(&o->hold, path, o->data, o->len, mode, &diag);
    return rc == BM_OK ? CLI_OK : cli_fail(path, rc, &diag);
}

/* Where words go that do not belong to the output. */
static FILE *report_to(const struct request *r)
{
    return r->out != NULL && cli_is_stdout(r->out) ? stderr : stdout;
}

/* Says what boots now. */
static void report(const struct cli_ota *o, const struct request *r, const struct bm_boot *b)
{
    char place[CLI_BOOT_PLACE];
    FILE *to = report_to(r);
    if (b->part == NULL) {
        (void)fprintf(to, "%s: nothing boots next\n", o->name);
        return;
    }
    (void)fprintf(to, "%s: %s boots next", o->name, cli_boot_place(place, b->index));
    if (b->record >= 0) {
        const struct bm_otadata data = cli_ota_records(o);
        (void)fprintf(to, " (record %d: sequence %" PRIu32 ", %s)", b->record,
                      data.record[b->record].seq, cli_ota_state(data.record[b->record].state));
    }
    (void)fputc('\n', to);
}

/* Saves what was changed, if the bootloader starts what was asked for (BM_BOOT_NONE: nothing was),
 * and says what it starts. */
static int finish(struct cli *c, const struct request *r, struct cli_ota *o, int wanted)
{
    struct bm_boot b;
    char place[CLI_BOOT_PLACE];
    char other[CLI_BOOT_PLACE];
    int status = cli_ota_look(c, o);
    if (status == CLI_OK) {
        status = cli_ota_decide(o, &b, NULL);
    }
    if (status != CLI_OK) {
        return status;
    }
    const char *instead = b.part != NULL ? cli_boot_place(other, b.index) : "nothing";
    const int missed = wanted != BM_BOOT_NONE && b.index != wanted;
    if (missed && !r->force) {
        cli_error("%s: %s cannot start, and %s would; birthmark ota status says why. Nothing was "
                  "written; --force selects it all the same",
                  o->name, cli_boot_place(place, wanted), instead);
        return CLI_NO;
    }
    status = save(c, r, o);
    if (status == CLI_OK && missed) {
        cli_warn("%s: %s is selected, but it cannot start, and %s would", o->name,
                 cli_boot_place(place, wanted), instead);
    } else if (status == CLI_OK) {
        report(o, r, &b);
    }
    return status;
}

static int erase_in(struct cli *c, struct request *r, struct cli_ota *o, int wanted)
{
    struct bm_flash flash;
    struct bm_flash_ram ram;
    int status = edit(o, r, &flash, &ram);
    if (status == CLI_OK) {
        const int rc = bm_otadata_erase(&flash);
        status = rc == BM_OK ? CLI_OK : cli_fail(o->name, rc, NULL);
    }
    if (status == CLI_OK && o->has_table) {
        return finish(c, r, o, wanted);
    }
    status = status == CLI_OK ? save(c, r, o) : status;
    if (status == CLI_OK) {
        (void)fprintf(report_to(r), "%s: otadata is erased\n", o->name);
    }
    return status;
}

static int erase(struct cli *c, struct request *r)
{
    struct cli_ota o;
    r->wish.in_place = r->out == NULL && strcmp(r->path, "-") != 0;
    int status = cli_ota_open(c, &o, r->path, &r->wish, 0);
    if (status == CLI_OK) {
        status = erase_in(c, r, &o, BM_BOOT_NONE);
    }
    cli_ota_close(&o);
    return cli_live_untouched(c, status);
}

/* "ota_3" or "3" as a slot; BM_BOOT_FACTORY for "factory"; BM_BOOT_NONE for any other text. */
static int slot_by_name(const char *text)
{
    const char *digits = strncmp(text, "ota_", 4) == 0 ? text + 4 : text;
    const size_t len = strlen(digits);
    if (strcmp(text, "factory") == 0) {
        return BM_BOOT_FACTORY;
    }
    if (len == 0 || len > 2 || strspn(digits, "0123456789") != len) {
        return BM_BOOT_NONE;
    }
    return atoi(digits); /* NOLINT(cert-err34-c): two digits at most */
}

/* The app partition of this label, as above. */
static int slot_by_label(const struct cli_ota *o, const char *text)
{
    const struct bm_part *p = o->made_up ? NULL : bm_part_find(&o->table, BM_PART_APP, -1, text);
    if (p == NULL) {
        return BM_BOOT_NONE;
    }
    if (p->subtype == BM_PART_APP_FACTORY) {
        return BM_BOOT_FACTORY;
    }
    const int slot = p->subtype - BM_PART_APP_OTA_0;
    return slot >= 0 && slot < BM_OTA_SLOTS_MAX ? slot : BM_BOOT_NONE;
}

/* Says which slots there are. */
static int no_such_slot(struct cli *c, const struct cli_ota *o, const char *text)
{
    char list[LIST_SIZE];
    struct bm_text t;
    bm_text_init(&t, list, sizeof list);
    for (int i = 0; i < BM_OTA_SLOTS_MAX; i++) {
        if (bm_boot_part(&o->table, i) != NULL) {
            bm_text_str(&t, t.len > 0 ? ", ota_" : "ota_");
            bm_text_u64(&t, (uint64_t)i);
        }
    }
    return t.len > 0 ? cli_usage(c, "there is no slot \"%s\"; there are %s%s", text, list,
                                 o->made_up ? "" : ", and their labels")
                     : cli_usage(c, "there is no slot \"%s\": the table has no ota_0", text);
}

static int find_slot(struct cli *c, const struct cli_ota *o, const char *text, int *out)
{
    const int name = slot_by_name(text);
    const int label = slot_by_label(o, text);
    char place[CLI_BOOT_PLACE];
    if (name != BM_BOOT_NONE && label != BM_BOOT_NONE && name != label) {
        return cli_usage(c, "\"%s\" is the label of another slot's partition (%s); give its number",
                         text, cli_boot_place(place, label));
    }
    *out = name != BM_BOOT_NONE ? name : label;
    if (*out == BM_BOOT_FACTORY && bm_boot_part(&o->table, BM_BOOT_FACTORY) == NULL) {
        return cli_usage(c, o->made_up ? "with --slots, say --factory if there is a factory app"
                                       : "the table has no factory app");
    }
    if (*out >= 0 && *out < BM_OTA_SLOTS_MAX && bm_boot_part(&o->table, *out) == NULL &&
        bm_part_find(&o->table, BM_PART_APP, BM_PART_APP_OTA_0 + *out, NULL) != NULL) {
        cli_error("%s: the bootloader never starts ota_%d: it counts %u slots from ota_0 on, and "
                  "the table leaves one out; number them without a gap",
                  o->name, *out, o->slots);
        return CLI_INPUT;
    }
    if (*out != BM_BOOT_FACTORY && bm_boot_part(&o->table, *out) == NULL) {
        return no_such_slot(c, o, text);
    }
    return CLI_OK;
}

/* What --state says. Without it a slot that is selected already keeps the state it has, as long as
 * the next start follows its record: to ask for what is so changes nothing. */
static uint32_t wished_state(const struct request *r, const struct bm_flash *otadata, unsigned slot,
                             unsigned slots)
{
    struct bm_otadata data;
    if ((r->given & BIT(OPT_STATE)) != 0 || slots == 0 ||
        bm_otadata_read(&data, otadata) != BM_OK) {
        return r->state;
    }
    const int active = bm_otadata_active(&data);
    if (active < 0 || bm_ota_record_slot(&data.record[active], slots) != slot) {
        return r->state;
    }
    const uint32_t state = data.record[active].state;
    return state == BM_OTA_VALID || state == BM_OTA_NEW ? state : r->state;
}

static int select_in(struct cli *c, struct request *r, struct cli_ota *o)
{
    struct bm_flash flash;
    struct bm_flash_ram ram;
    int slot = BM_BOOT_NONE;
    int status = find_slot(c, o, r->slot, &slot);
    if (status != CLI_OK || slot == BM_BOOT_FACTORY) {
        return status != CLI_OK ? status : erase_in(c, r, o, slot);
    }
    status = edit(o, r, &flash, &ram);
    if (status != CLI_OK) {
        return status;
    }
    const uint32_t state = wished_state(r, &flash, (unsigned)slot, o->slots);
    const int rc = bm_otadata_select(&flash, (unsigned)slot, o->slots, state);
    if (rc == BM_E_NOSPC) {
        cli_error("%s: the sequence numbers are used up; birthmark ota erase begins anew", o->name);
        return CLI_INPUT;
    }
    return rc == BM_OK ? finish(c, r, o, slot) : cli_fail(o->name, rc, NULL);
}

static int select_slot(struct cli *c, struct request *r)
{
    struct cli_ota o;
    r->wish.in_place = r->out == NULL && strcmp(r->path, "-") != 0;
    int status = cli_ota_open(c, &o, r->path, &r->wish, 1);
    if (status == CLI_OK) {
        status = select_in(c, r, &o);
    }
    cli_ota_close(&o);
    return cli_live_untouched(c, status);
}

#define WHERE (BIT(OPT_TABLE) | BIT(OPT_OFFSET) | BIT(OPT_SLOTS) | BIT(OPT_FACTORY))

static const struct verb verbs[] = {
    {"status", status_of,
     WHERE | BIT(OPT_ROLLBACK) | BIT(OPT_SECURE) | BIT(OPT_PIN) | BIT(OPT_JSON), 0},
    {"select", select_slot, WHERE | BIT(OPT_STATE) | BIT(OPT_OUT) | BIT(OPT_FORCE), 1},
    {"erase", erase, WHERE | BIT(OPT_OUT) | BIT(OPT_FORCE), 0},
};
enum { VERBS = sizeof verbs / sizeof verbs[0] };

static const struct verb *find_verb(struct cli *c, const char *name)
{
    const char *names[VERBS + 1];
    for (size_t i = 0; i < VERBS; i++) {
        names[i] = verbs[i].name;
        if (name != NULL && strcmp(name, verbs[i].name) == 0) {
            return &verbs[i];
        }
    }
    names[VERBS] = NULL;
    const char *near = name != NULL ? bmi_suggest(name, strlen(name), names) : NULL;
    if (near != NULL) {
        (void)cli_usage(c, "unknown action \"%s\" (did you mean %s?)", name, near);
    } else {
        (void)cli_usage(c, "takes status, select or erase, and a file");
    }
    return NULL;
}

static int check(struct cli *c, const struct verb *verb, const struct request *r)
{
    for (const struct poptOption *o = options; o->longName != NULL; o++) {
        if ((r->given & BIT(o->val)) != 0 && (verb->options & BIT(o->val)) == 0) {
            return cli_usage(c, "%s takes no --%s", verb->name, o->longName);
        }
    }
    if (r->path == NULL || (verb->slot && r->slot == NULL) || cli_arg(c) != NULL) {
        return cli_usage(c,
                         verb->slot ? "select takes a file and a slot: ota_1, 1, a label, or "
                                      "factory"
                                    : "%s takes one file",
                         verb->name);
    }
    if (cli_is_live(c, r->path) && (r->wish.table != NULL || r->wish.slots > 0 || r->out != NULL)) {
        return cli_usage(c, "with --port the table is the board's, and so is the place to write: "
                            "leave out --table, --slots and --output");
    }
    if (r->wish.table != NULL && r->wish.slots > 0) {
        return cli_usage(c, "takes --table or --slots, not both");
    }
    if (r->wish.factory && r->wish.slots == 0) {
        return cli_usage(c, "--factory goes with --slots; a table says so itself");
    }
    if (strcmp(r->path, "-") == 0 && r->wish.table != NULL && strcmp(r->wish.table, "-") == 0) {
        return cli_usage(c, "standard input can be read once only");
    }
    if (strcmp(r->path, "-") == 0 && verb->run != status_of && r->out == NULL) {
        return cli_usage(c, "standard input cannot be changed in place; give --output FILE");
    }
    return CLI_OK;
}

static int run(struct cli *c)
{
    struct request r;
    int option;
    memset(&r, 0, sizeof r);
    r.wish.table_offset = BM_PART_TABLE_OFFSET;
    r.state = BM_OTA_UNDEFINED;
    while ((option = cli_option(c)) > 0) {
        if (take_option(c, &r, option) != CLI_OK) {
            return CLI_USAGE;
        }
    }
    if (option < 0) {
        return CLI_USAGE;
    }
    const struct verb *verb = find_verb(c, cli_arg(c));
    if (verb == NULL) {
        return CLI_USAGE;
    }
    r.path = cli_input(c);
    r.slot = verb->slot ? cli_arg(c) : NULL;
    const int status = check(c, verb, &r);
    return status != CLI_OK ? status : cli_finish(verb->run(c, &r));
}

const struct cli_cmd cmd_ota = {
    .name = "ota",
    .args = "status|select|erase FILE [SLOT]",
    .summary = "show or change which app boots",
    .about =
        "Reads and writes otadata, the partition that tells ESP-IDF's bootloader which app to "
        "start. FILE is an image of a whole flash, with its partition table at 0x8000 or "
        "--table-offset, or an otadata partition alone (8192 bytes), together with --table or "
        "--slots.\n\n"
        "status says which app boots, shows both records, and goes through the bootloader's "
        "decision step by step; docs/boot.md explains the steps. For a flash image the apps are "
        "verified, and where one is bad it falls back as the bootloader would; with a bootloader "
        "in the image, an app for another chip is bad, and so is a table that ends beyond the size "
        "of flash in its header. Whether the "
        "bootloader rolls back is not in the flash: unless --rollback says so, it is taken to if a "
        "record has a state that only then is written. The exit status is 1 if nothing boots.\n\n"
        "select makes SLOT boot next: ota_1, 1, or the label of its partition; factory erases "
        "otadata, which makes the factory app boot. The record that is not in use is replaced, "
        "with the smallest sequence number that does it, and never keeps its old state. With "
        "--state new a bootloader that rolls back gives the app one start to confirm itself.\n\n"
        "erase erases otadata: the factory app boots, or ota_0 if there is none.\n\n"
        "Nothing is written where SLOT could not start (exit status 1), or where the file holds "
        "bytes that otadata never has: then it is something else, or encrypted. --force writes all "
        "the same.\n\n"
        "With --port all this is done on a board, and FILE is left out. Of its apps the headers "
        "are "
        "looked at, not every byte; before otadata is changed it is kept in a file.\n\n"
        "A file is replaced as a whole or not at all.",
    .options = options,
    .examples = examples,
    .run = run,
    .board = CLI_BOARD_EDIT,
};
