/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/base.h"
#include "cli/cmd_image.h"
#include "cli/live.h"
#include "image/json.h"
#include "image/show.h"
#include "layout/app_look.h"
#include "layout/flash_params.h"
#include "part/app_chip.h"
#include "part/app_fmt.h"
#include "port/file.h"

enum { INPUT_MAX = 256 * 1024 * 1024 };

static const char *const kinds[] = {"no image", "app", "bootloader", "program"};
static const char *const signatures[] = {"none", "v1", "v2"};

/* "ESP32-C3", or "chip 77" */
static const char *chip_text(char out[24], uint16_t chip)
{
    struct bm_text t;
    const char *name = bm_app_chip_name(chip);
    bm_text_init(&t, out, 24);
    bm_text_str(&t, name != NULL ? name : "chip ");
    if (name == NULL) {
        bm_text_u64(&t, chip);
    }
    return out;
}

static const char *memory_of(const struct bm_app_look *l, unsigned i)
{
    return bmi_memory_name(bmi_chip_memory(bmi_chip_find(l->app.chip), l->app.segment[i].load));
}

/* A field of the description, unless it is empty. */
static void put_shown(const char *label, const char *text)
{
    if (text[0] != '\0') {
        printf("  %-16s", label);
        bmi_show_text(stdout, text, strlen(text), 0);
        putchar('\n');
    }
}

static void put_revisions(const char *label, uint16_t min, uint16_t max)
{
    printf("  %-16s%u.%u to ", label, min / 100, min % 100);
    if (bmi_app_any_rev(max)) {
        printf("any\n");
    } else {
        printf("%u.%u\n", max / 100, max % 100);
    }
}

static void put_desc(const struct bm_app_desc *d)
{
    static const uint8_t none[sizeof d->elf_sha256];
    char hex[2 * sizeof d->elf_sha256 + 1];
    char built[sizeof d->date + sizeof d->time];
    struct bm_text t;
    bm_text_init(&t, built, sizeof built);
    bm_text_str(&t, d->date);
    bm_text_str(&t, d->date[0] != '\0' && d->time[0] != '\0' ? " " : "");
    bm_text_str(&t, d->time);
    put_shown("project", d->project);
    put_shown("version", d->version);
    put_shown("built", built);
    put_shown("ESP-IDF", d->idf);
    printf("  %-16s%" PRIu32 "\n", "secure version", d->secure_version);
    if (memcmp(d->elf_sha256, none, sizeof none) != 0) {
        bm_hex_encode(hex, d->elf_sha256, sizeof d->elf_sha256);
        printf("  %-16s%s\n", "ELF SHA-256", hex);
    }
    if (d->min_efuse_block_rev != 0 || !bmi_app_any_rev(d->max_efuse_block_rev)) {
        put_revisions("eFuse block", d->min_efuse_block_rev, d->max_efuse_block_rev);
    }
    if (d->mmu_page_log2 != 0 && d->mmu_page_log2 < 32) {
        printf("  %-16s%" PRIu32 " KB\n", "flash page", (UINT32_C(1) << d->mmu_page_log2) / 1024);
    }
}

static void put_header(const struct bm_app_look *l)
{
    const struct bm_app *a = &l->app;
    char clock[BM_FLASH_CLOCK_SIZE];
    const char *mode = bm_flash_mode_name(a->flash_mode);
    const char *size = bm_flash_size_name(a->flash_size);
    bm_flash_clock_text(clock, a->chip, a->flash_freq);
    printf("  %-16s0x%08" PRIx32 "\n", "entry", a->entry);
    put_revisions("chip revisions", a->min_chip_rev, a->max_chip_rev);
    if (l->min_rev_old != 0) {
        printf("  %-16sfrom %u, for bootloaders before ESP-IDF 5\n", "", l->min_rev_old);
    }
    printf("  %-16s%s, %s, %s\n", "flash", mode != NULL ? mode : "unknown mode",
           clock[0] != '\0' ? clock : "unknown clock", size != NULL ? size : "unknown size");
}

static void put_segments(const struct bm_app_look *l)
{
    printf("\n  segment  memory   address     offset      size\n");
    for (unsigned i = 0; i < l->segments_read; i++) {
        const struct bm_app_segment *s = &l->app.segment[i];
        printf("  %7u  %-7s  0x%08" PRIx32 "  0x%08" PRIx32 "  %" PRIu32 "\n", i, memory_of(l, i),
               s->load, s->off, s->size);
    }
    if (l->segments_read < l->app.segments) {
        printf("  %u of %u segments could be read\n", l->segments_read, l->app.segments);
    }
    putchar('\n');
}

static void put_end(const struct bm_app_look *l)
{
    char hex[2 * BM_SHA256_LEN + 1];
    if (!l->complete) {
        return;
    }
    printf("  %-16s0x%02x, %s\n", "checksum", l->app.checksum, l->sum_right ? "right" : "WRONG");
    if (l->app.has_hash) {
        bm_hex_encode(hex, l->app.hash, sizeof l->app.hash);
        printf("  %-16s%s, %s\n", "SHA-256", hex, l->hash_right ? "right" : "WRONG");
    } else {
        printf("  %-16snone appended\n", "SHA-256");
    }
    if (l->signature != BM_APP_UNSIGNED) {
        printf("  %-16sSecure Boot %s, %u block%s at 0x%" PRIx32 "\n", "signature",
               signatures[l->signature], l->signature_blocks, l->signature_blocks == 1 ? "" : "s",
               l->signature_off);
    }
    if (l->blank > 0) {
        printf("  %-16s%" PRIu64 " bytes behind it\n", "blank", l->blank);
    }
}

static void put_faults(const char *name, const struct bm_app_look *l)
{
    for (unsigned i = 0; i < l->faults; i++) {
        bmi_show_text(stdout, name, strlen(name), 0);
        printf(": %s\n", l->fault[i].text);
    }
}

static void put_title(const char *name, const struct bm_app_look *l)
{
    char chip[24];
    bmi_show_text(stdout, name, strlen(name), 0);
    printf(": %s for the %s", kinds[l->kind], chip_text(chip, l->app.chip));
    if (l->complete) {
        printf(", %" PRIu32 " bytes", l->end);
    }
    putchar('\n');
}

static void put_info(const char *name, const struct bm_app_look *l)
{
    put_title(name, l);
    if (l->app.has_desc) {
        put_desc(&l->app.desc);
    }
    if (l->boot_idf[0] != '\0') {
        printf("  %-16s%" PRIu32 "\n", "version", l->boot_version);
        put_shown("ESP-IDF", l->boot_idf);
        put_shown("built", l->boot_time);
    }
    if (l->app.segments > 0) {
        put_header(l);
        put_segments(l);
    }
    put_end(l);
    put_faults(name, l);
}

static void put_verdict(const char *name, const struct bm_app_look *l)
{
    char chip[24];
    if (l->faults > 0) {
        put_faults(name, l);
        return;
    }
    bmi_show_text(stdout, name, strlen(name), 0);
    printf(": whole; %s ", kinds[l->kind]);
    const char *const names[] = {l->app.desc.project, l->app.desc.version};
    for (size_t i = 0; i < 2; i++) {
        if (names[i][0] != '\0') {
            bmi_show_text(stdout, names[i], strlen(names[i]), 0);
            putchar(' ');
        }
    }
    printf("for the %s, %" PRIu32 " bytes, %s%s\n", chip_text(chip, l->app.chip), l->end,
           l->app.has_hash ? "checksum and SHA-256 right" : "checksum right, no SHA-256 appended",
           l->signature == BM_APP_UNSIGNED ? "" : ", signed (the signature itself is not checked)");
}

static json_t *json_revision(uint16_t rev)
{
    char text[12];
    struct bm_text t;
    bm_text_init(&t, text, sizeof text);
    bm_text_u64(&t, rev / 100);
    bm_text_str(&t, ".");
    bm_text_u64(&t, rev % 100);
    return json_string(text);
}

static json_t *json_limit(uint16_t max)
{
    return bmi_app_any_rev(max) ? json_null() : json_revision(max);
}

static void json_desc(json_t *o, const struct bm_app_desc *d)
{
    json_t *a = json_object();
    json_object_set_new(a, "project", bmi_json_text(d->project));
    json_object_set_new(a, "version", bmi_json_text(d->version));
    json_object_set_new(a, "date", bmi_json_text(d->date));
    json_object_set_new(a, "time", bmi_json_text(d->time));
    json_object_set_new(a, "idf_version", bmi_json_text(d->idf));
    json_object_set_new(a, "secure_version", json_integer(d->secure_version));
    bmi_json_hex(a, "elf_sha256", d->elf_sha256, sizeof d->elf_sha256);
    json_object_set_new(a, "min_efuse_block_revision", json_revision(d->min_efuse_block_rev));
    json_object_set_new(a, "max_efuse_block_revision", json_limit(d->max_efuse_block_rev));
    json_object_set_new(o, "app", a);
}

static void json_header(json_t *o, const struct bm_app_look *l)
{
    char clock[BM_FLASH_CLOCK_SIZE];
    const struct bm_app *a = &l->app;
    const char *chip = bm_app_chip_name(a->chip);
    json_t *flash = json_object();
    json_t *segments = json_array();
    json_object_set_new(o, "chip", chip != NULL ? json_string(chip) : json_null());
    json_object_set_new(o, "chip_id", json_integer(a->chip));
    json_object_set_new(o, "min_revision", json_revision(a->min_chip_rev));
    json_object_set_new(o, "max_revision", json_limit(a->max_chip_rev));
    json_object_set_new(o, "entry", json_integer(a->entry));
    const char *mode = bm_flash_mode_name(a->flash_mode);
    const char *size = bm_flash_size_name(a->flash_size);
    json_object_set_new(flash, "mode", mode != NULL ? json_string(mode) : json_null());
    json_object_set_new(flash, "clock",
                        json_string(bm_flash_clock_text(clock, a->chip, a->flash_freq)));
    json_object_set_new(flash, "size", size != NULL ? json_string(size) : json_null());
    json_object_set_new(o, "flash", flash);
    for (unsigned i = 0; i < l->segments_read; i++) {
        json_t *s = json_object();
        json_object_set_new(s, "memory", json_string(memory_of(l, i)));
        json_object_set_new(s, "address", json_integer(a->segment[i].load));
        json_object_set_new(s, "offset", json_integer(a->segment[i].off));
        json_object_set_new(s, "size", json_integer(a->segment[i].size));
        json_array_append_new(segments, s);
    }
    json_object_set_new(o, "segments", segments);
}

static void json_end(json_t *o, const struct bm_app_look *l)
{
    json_object_set_new(o, "size", json_integer(l->end));
    json_object_set_new(o, "checksum_right", json_boolean(l->sum_right));
    if (l->app.has_hash) {
        bmi_json_hex(o, "sha256", l->app.hash, sizeof l->app.hash);
        json_object_set_new(o, "sha256_right", json_boolean(l->hash_right));
    }
    json_object_set_new(o, "signature", json_string(signatures[l->signature]));
}

static int put_json(const char *name, const struct bm_app_look *l)
{
    json_t *o = json_object();
    json_t *faults = json_array();
    json_object_set_new(o, "file", bmi_json_text(name));
    json_object_set_new(o, "kind", json_string(kinds[l->kind]));
    if (l->app.segments > 0) {
        json_header(o, l);
    }
    if (l->app.has_desc) {
        json_desc(o, &l->app.desc);
    }
    if (l->complete) {
        json_end(o, l);
    }
    for (unsigned i = 0; i < l->faults; i++) {
        json_t *f = json_object();
        json_object_set_new(f, "id", json_string(l->fault[i].id));
        json_object_set_new(f, "offset", json_integer((json_int_t)l->fault[i].offset));
        json_object_set_new(f, "text", json_string(l->fault[i].text));
        json_array_append_new(faults, f);
    }
    json_object_set_new(o, "faults", faults);
    json_object_set_new(o, "whole", json_boolean(l->faults == 0));
    const int failed = json_dumpf(o, stdout, JSON_INDENT(2)) != 0;
    putchar('\n');
    json_decref(o);
    return failed ? cli_fail(name, BM_E_NOMEM, NULL) : CLI_OK;
}

static int show(const struct cli_image_opts *o, int verify, const char *name,
                const struct bm_app_look *l)
{
    if (o->json) {
        const int status = put_json(name, l);
        return status != CLI_OK ? status : l->faults > 0 ? CLI_NO : CLI_OK;
    }
    if (verify) {
        put_verdict(name, l);
    } else if (l->kind == BM_APP_NONE) {
        cli_error("%s: %s", name, l->fault[0].text);
        return CLI_INPUT;
    } else {
        put_info(name, l);
    }
    return l->faults > 0 ? CLI_NO : CLI_OK;
}

/* A file, or the app of a board. */
static int load(struct cli *c, const char *path, struct cli_live_data *out)
{
    struct bm_diag diag = {0};
    if (cli_is_live(c, path)) {
        return cli_live_app(c, out);
    }
    out->name = strcmp(path, "-") == 0 ? "standard input" : path;
    const int rc = bm_port_read(path, INPUT_MAX, &out->data, &out->len, &diag);
    return rc == BM_OK ? CLI_OK : cli_fail_input(path, rc, &diag);
}

int cli_image_look(struct cli *c, const struct cli_image_opts *o, int verify)
{
    struct bm_app_look look;
    struct cli_live_data in = {0};
    const char *path = cli_input(c);
    if (path == NULL || cli_arg(c) != NULL) {
        return cli_usage(c, "%s takes one file%s", verify ? "verify" : "info",
                         path != NULL ? "" : ", or --port");
    }
    const int live = cli_is_live(c, path);
    if (live && o->has_offset) {
        return cli_usage(c, "of a board it is --partition NAME, not --offset");
    }
    int status = load(c, path, &in);
    if (status != CLI_OK) {
        return status;
    }
    const struct bm_app_look_opts how = {(uint32_t)o->offset, live || o->has_offset, o->chip,
                                         live && o->partition_size == 0 ? in.room
                                                                        : o->partition_size};
    if (o->offset > in.len) {
        cli_error("%s: --offset 0x%" PRIx64 " lies behind its end, 0x%zx", in.name, o->offset,
                  in.len);
        status = CLI_INPUT;
    } else {
        const int rc = bm_app_look(&look, in.data, in.len, &how);
        status = rc == BM_OK ? show(o, verify, in.name, &look) : cli_fail(in.name, rc, NULL);
    }
    bm_port_free(in.data, 0); /* no secrets to wipe */
    return status == CLI_OK || status == CLI_NO ? cli_finish(status) : status;
}
