/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/preflight_out.h"

#include <string.h>

#include <jansson.h>

#include "image/json.h"
#include "image/show.h"

static const char *const severities[] = {"note", "warning", "error"};
static const char *const states[] = {"blank", "values", "encrypted", "other", "outside"};

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void put_held(const struct bm_held *h, FILE *out)
{
    (void)fputs("holds  ", out);
    (void)bmi_show_text(out, h->part->label, strlen(h->part->label), 0);
    switch (h->state) {
    case BM_HELD_BLANK: (void)fputs(": blank, nothing to lose\n", out); return;
    case BM_HELD_ENCRYPTED: (void)fputs(": encrypted NVS\n", out); return;
    case BM_HELD_OTHER: (void)fputs(": something\n", out); return;
    case BM_HELD_OUTSIDE: (void)fputs(": not known, the file ends before it\n", out); return;
    case BM_HELD_VALUES: break;
    }
    (void)fprintf(out, ": %u key%s", h->keys, plural(h->keys));
    for (unsigned i = 0; i < h->count; i++) {
        (void)fprintf(out, ", %u in ", h->names[i].keys);
        (void)bmi_show_text(out, h->names[i].name, strlen(h->names[i].name), 0);
    }
    (void)fputs(h->keys == 0 ? ", nothing to lose\n" : "\n", out);
}

static void put_text(const struct bm_preflight_report *r, FILE *out)
{
    char text[BM_LAYOUT_TEXT];
    for (size_t i = 0; i < r->held_count; i++) {
        put_held(&r->held[i], out);
    }
    for (size_t i = 0; i < r->findings->count; i++) {
        const struct bm_layout_finding *f = &r->findings->list[i];
        const int file_first = f->file[0] != '\0' && strstr(f->kind->text, "$file") == NULL;
        (void)fprintf(out, "%s  %s: %s%s", severities[f->kind->severity], f->kind->code,
                      file_first ? f->file : "", file_first ? ": " : "");
        (void)fprintf(out, "%s\n", bm_layout_text(text, f, f->kind->text));
        (void)fprintf(out, "  safe way: %s\n", bm_layout_text(text, f, f->kind->remedy));
    }
    if (r->findings->errors > 0) {
        (void)fprintf(out, "not safe: %zu error%s, %zu warning%s\n", r->findings->errors,
                      plural(r->findings->errors), r->findings->warnings,
                      plural(r->findings->warnings));
    } else {
        (void)fprintf(out, "safe: no error, %zu warning%s\n", r->findings->warnings,
                      plural(r->findings->warnings));
    }
}

static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? bmi_json_text(text) : json_null();
}

static json_t *finding_json(const struct bm_layout_finding *f)
{
    char text[BM_LAYOUT_TEXT];
    char remedy[BM_LAYOUT_TEXT];
    (void)bm_layout_text(text, f, f->kind->text);
    (void)bm_layout_text(remedy, f, f->kind->remedy);
    return json_pack("{ss ss so so so so so so}", "code", f->kind->code, "severity",
                     severities[f->kind->severity], "partition", text_or_null(f->label), "file",
                     text_or_null(f->file), "old", text_or_null(f->old), "new",
                     text_or_null(f->now), "text", bmi_json_text(text), "remedy",
                     bmi_json_text(remedy));
}

static json_t *held_json(const struct bm_held *h)
{
    json_t *names = json_array();
    int rc = names != NULL ? 0 : -1;
    for (unsigned i = 0; rc == 0 && i < h->count; i++) {
        rc = json_array_append_new(names,
                                   json_pack("{so si}", "name", bmi_json_text(h->names[i].name),
                                             "keys", (int)h->names[i].keys));
    }
    json_t *o =
        rc == 0 ? json_pack("{so ss si sO}", "partition", bmi_json_text(h->part->label), "state",
                            states[h->state], "keys", (int)h->keys, "namespaces", names)
                : NULL;
    json_decref(names);
    return o;
}

static int put_json(const struct bm_preflight_report *r, FILE *out)
{
    json_t *held = json_array();
    json_t *findings = json_array();
    int rc = held != NULL && findings != NULL ? 0 : -1;
    for (size_t i = 0; rc == 0 && i < r->held_count; i++) {
        rc = json_array_append_new(held, held_json(&r->held[i]));
    }
    for (size_t i = 0; rc == 0 && i < r->findings->count; i++) {
        rc = json_array_append_new(findings, finding_json(&r->findings->list[i]));
    }
    json_t *root =
        rc == 0 ? json_pack("{sb sI sI sO sO}", "safe", r->findings->errors == 0, "errors",
                            (json_int_t)r->findings->errors, "warnings",
                            (json_int_t)r->findings->warnings, "held", held, "findings", findings)
                : NULL;
    rc = root != NULL && json_dumpf(root, out, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0
             ? BM_OK
             : BM_E_NOMEM;
    (void)fputc('\n', out);
    json_decref(root);
    json_decref(held);
    json_decref(findings);
    return rc;
}

int bm_preflight_report(const struct bm_preflight_report *r, int json, FILE *out)
{
    int rc = BM_OK;
    if (json) {
        rc = put_json(r, out);
    } else {
        put_text(r, out);
    }
    return rc == BM_OK && ferror(out) != 0 ? BM_E_IO : rc;
}
