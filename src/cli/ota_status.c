/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli/boot_words.h"
#include "cli/ota_file.h"
#include "image/json.h"
#include "image/show.h"

#define SEQ_BLANK 0xffffffffu

static void put_text(const char *text)
{
    (void)bmi_show_text(stdout, text, strlen(text), 0);
}

static const char *record_verdict(const struct bm_ota_record *r)
{
    return r->seq == SEQ_BLANK ? "-" : r->crc_ok ? "good" : "WRONG";
}

static void put_record(const struct cli_ota *o, const struct bm_boot *b,
                       const struct bm_otadata *data, unsigned i)
{
    const struct bm_ota_record *r = &data->record[i];
    char place[CLI_BOOT_PLACE] = "-";
    if (o->size == 0) {
        return;
    }
    if (r->seq == SEQ_BLANK) {
        (void)printf("  %u       blank\n", i);
        return;
    }
    const char *slot =
        b->slots == 0 ? "-" : cli_boot_place(place, (int)bm_ota_record_slot(r, b->slots));
    (void)printf("  %u       %-10" PRIu32 "  %-7s  %-10s  0x%08" PRIx32 " %-5s", i, r->seq, slot,
                 cli_ota_state(r->state), r->crc, record_verdict(r));
    if (strcmp(cli_ota_state(r->state), "unknown") == 0) {
        (void)printf("  state 0x%" PRIx32, r->state);
    }
    (void)printf("%s\n", b->record == (int)i ? "  followed" : "");
}

static const char *app_verdict(const struct cli_ota *o, const struct cli_ota_app *a)
{
    switch (a->code) {
    case BM_OK: return o->is_live ? "not verified (birthmark image verify --port does)" : "good";
    case BM_E_NOENT: return "blank";
    case BM_E_VERIFY: return "damaged";
    default: return "no bootable image";
    }
}

static int readable(const struct cli_ota_app *a)
{
    return a->code == BM_OK || a->code == BM_E_VERIFY;
}

static void put_app(const struct cli_ota *o, const struct cli_ota_app *a)
{
    char place[CLI_BOOT_PLACE];
    (void)printf("  %-7s  0x%-8" PRIx32 "  %s", cli_boot_place(place, a->index), a->part->offset,
                 app_verdict(o, a));
    if (a->code != BM_OK && a->code != BM_E_NOENT && a->diag.text[0] != '\0') {
        (void)fputs(" (", stdout);
        put_text(a->diag.text);
        (void)fputc(')', stdout);
    }
    if (readable(a) && a->app.has_desc) {
        (void)fputs(": ", stdout);
        put_text(a->app.desc.project);
        (void)fputs(" version ", stdout);
        put_text(a->app.desc.version);
        if (a->app.desc.secure_version > 0) {
            (void)printf(", secure version %" PRIu32, a->app.desc.secure_version);
        }
    }
    (void)fputc('\n', stdout);
}

static const struct cli_ota_app *app_of(const struct cli_ota *o, const struct bm_part *part)
{
    for (size_t i = 0; i < o->apps; i++) {
        if (o->app[i].part == part) {
            return &o->app[i];
        }
    }
    return NULL;
}

/* "ota_1 boots (partition "app_b" at 0x110000, version 1.1)". */
static void put_answer(const struct cli_ota *o, const struct bm_boot *b)
{
    char place[CLI_BOOT_PLACE];
    put_text(o->name);
    if (b->part == NULL) {
        (void)fputs(": nothing boots\n", stdout);
        return;
    }
    (void)printf(": %s boots", cli_boot_place(place, b->index));
    if (!o->made_up) {
        (void)fputs(" (partition ", stdout);
        put_text(b->part->label);
        (void)printf(" at 0x%" PRIx32, b->part->offset);
        const struct cli_ota_app *a = app_of(o, b->part);
        if (a != NULL && a->app.has_desc) {
            (void)fputs(", version ", stdout);
            put_text(a->app.desc.version);
        }
        (void)fputc(')', stdout);
    }
    (void)fputs(o->is_flash && !o->is_live ? "\n" : ", if its image is good\n", stdout);
}

static void put_text_report(const struct cli_ota *o, const struct bm_boot *b,
                            const struct cli_ota_status *how)
{
    const struct bm_otadata data = cli_ota_records(o);
    put_answer(o, b);
    if (o->size != 0) {
        (void)printf("\n  record  sequence    slot     state       CRC\n");
        put_record(o, b, &data, 0);
        put_record(o, b, &data, 1);
    }
    if (o->apps > 0) {
        (void)fputc('\n', stdout);
    }
    for (size_t i = 0; i < o->apps; i++) {
        put_app(o, &o->app[i]);
    }
    (void)printf("\nWhy, by a bootloader %s rollback%s:\n",
                 how->config->rollback ? "with" : "without",
                 how->rollback_guessed
                     ? (how->config->rollback ? " (as the states tell)" : " (see --rollback)")
                     : "");
    for (unsigned i = 0; i < b->steps; i++) {
        char text[CLI_BOOT_TEXT];
        (void)printf("  %2u. %s\n", i + 1, cli_boot_say(text, &b->step[i]));
    }
}

/* JSON. */

static json_t *json_place(int index)
{
    char place[CLI_BOOT_PLACE];
    return json_string(cli_boot_place(place, index));
}

static json_t *json_part(const struct cli_ota *o, int index, const struct bm_part *part)
{
    json_t *j = json_pack("{s:o}", "place", json_place(index));
    if (j != NULL && !o->made_up) {
        bmi_json_name(j, "label", part->label);
        (void)json_object_set_new(j, "offset", json_integer(part->offset));
        (void)json_object_set_new(j, "size", json_integer(part->size));
    }
    return j;
}

static json_t *json_record(const struct cli_ota *o, const struct bm_boot *b,
                           const struct bm_ota_record *r, unsigned i)
{
    (void)o;
    const int blank = r->seq == SEQ_BLANK;
    json_t *j =
        json_pack("{s:i, s:b, s:I, s:s, s:I, s:I, s:b, s:b, s:b}", "record", (int)i, "blank", blank,
                  "sequence", (json_int_t)r->seq, "state", cli_ota_state(r->state), "state_number",
                  (json_int_t)r->state, "crc", (json_int_t)r->crc, "crc_ok", r->crc_ok && !blank,
                  "usable", bm_ota_record_usable(r), "followed", b->record == (int)i);
    if (j != NULL && !blank && b->slots > 0) {
        (void)json_object_set_new(j, "slot", json_place((int)bm_ota_record_slot(r, b->slots)));
    }
    return j;
}

static json_t *json_app(const struct cli_ota *o, const struct cli_ota_app *a)
{
    json_t *j = json_part(o, a->index, a->part);
    if (j == NULL) {
        return NULL;
    }
    (void)json_object_set_new(j, "verdict", json_string(app_verdict(o, a)));
    if (a->code != BM_OK && a->diag.text[0] != '\0') {
        (void)json_object_set_new(j, "reason", bmi_json_text(a->diag.text));
    }
    if (readable(a) && a->app.has_desc) {
        bmi_json_name(j, "project", a->app.desc.project);
        bmi_json_name(j, "version", a->app.desc.version);
        (void)json_object_set_new(j, "secure_version", json_integer(a->app.desc.secure_version));
    }
    return j;
}

static json_t *json_step(const struct bm_boot_step *s)
{
    char text[CLI_BOOT_TEXT];
    return json_pack("{s:s, s:i, s:o, s:I, s:s}", "step", cli_boot_words[s->code].id, "record",
                     (int)s->record, "place", json_place(s->index), "value", (json_int_t)s->value,
                     "text", cli_boot_say(text, s));
}

static json_t *json_write(const struct bm_boot_write *w)
{
    return w->erase_all
               ? json_pack("{s:b}", "erase", 1)
               : json_pack("{s:i, s:I, s:s}", "record", (int)w->index, "sequence",
                           (json_int_t)w->record.seq, "state", cli_ota_state(w->record.state));
}

static json_t *json_report(const struct cli_ota *o, const struct bm_boot *b,
                           const struct cli_ota_status *how)
{
    const struct bm_otadata data = cli_ota_records(o);
    json_t *records = json_array();
    json_t *apps = json_array();
    json_t *steps = json_array();
    json_t *writes = json_array();
    for (unsigned i = 0; i < 2 && o->size != 0; i++) {
        (void)json_array_append_new(records, json_record(o, b, &data.record[i], i));
    }
    for (size_t i = 0; i < o->apps; i++) {
        (void)json_array_append_new(apps, json_app(o, &o->app[i]));
    }
    for (unsigned i = 0; i < b->steps; i++) {
        (void)json_array_append_new(steps, json_step(&b->step[i]));
    }
    for (unsigned i = 0; i < b->writes; i++) {
        (void)json_array_append_new(writes, json_write(&b->write[i]));
    }
    json_t *boots = b->part != NULL ? json_part(o, b->index, b->part) : json_null();
    json_t *j = json_pack("{s:s, s:o, s:o, s:b, s:I, s:o, s:o, s:o, s:o}", "kind",
                          o->is_flash ? "flash" : "otadata", "boots", boots, "selected",
                          json_place(b->selected), "rollback", how->config->rollback, "slots",
                          (json_int_t)b->slots, "records", records, "apps", apps, "steps", steps,
                          "writes", writes);
    if (j != NULL) {
        bmi_json_name(j, "file", o->name);
    }
    return j;
}

int cli_ota_status(struct cli_ota *o, const struct cli_ota_status *how)
{
    struct bm_boot b;
    const int status = cli_ota_decide(o, &b, how->config);
    if (status != CLI_OK) {
        return status;
    }
    if (how->json) {
        json_t *j = json_report(o, &b, how);
        if (j == NULL) {
            return cli_fail(o->name, BM_E_NOMEM, NULL);
        }
        (void)json_dumpf(j, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
        (void)fputc('\n', stdout);
        json_decref(j);
    } else {
        put_text_report(o, &b, how);
    }
    return b.part != NULL ? CLI_OK : CLI_NO;
}
