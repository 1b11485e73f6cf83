/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "image/check_parts.h"
#include "image/json.h"
#include "image/show.h"

/* Findings of one kind that text shows; a damaged image has thousands. */
enum { SHOWN_MAX = 10 };

static const char *const severities[] = {"note", "warning", "error"};

struct report {
    const struct bm_check_opts *o;
    FILE *out;
    size_t seen[F_COUNT];
    int any;
    int failed;
};

static void color(const struct report *r, const char *code)
{
    if (r->o->color) {
        (void)fputs(code, r->out);
    }
}

static void put_place(const struct report *r, const struct bm_finding *f)
{
    if (f->page >= 0) {
        (void)fprintf(r->out, "  page %" PRId64, f->page);
    }
    if (f->entry >= 0) {
        (void)fprintf(r->out, " entry %d", f->entry);
    }
    (void)fprintf(r->out, "  0x%" PRIx64, f->offset);
    if (f->key != NULL) {
        (void)fputs("  ", r->out);
        (void)bmi_show_text(r->out, f->ns, strlen(f->ns), 0);
        (void)fputs(f->ns[0] != '\0' ? "/" : "", r->out);
        (void)bmi_show_text(r->out, f->key, strlen(f->key), 0);
    }
}

static void text_finding(void *ctx, const struct bm_finding *f)
{
    static const char *const colors[] = {"\x1b[36m", "\x1b[33m", "\x1b[31m"};
    struct report *r = ctx;
    const size_t nth = r->seen[f->kind - bm_finding_kinds]++;
    if (nth >= SHOWN_MAX) {
        return;
    }
    color(r, colors[f->kind->severity]);
    (void)fputs(severities[f->kind->severity], r->out);
    color(r, "\x1b[0m\x1b[1m");
    (void)fprintf(r->out, " %s", f->kind->id);
    color(r, "\x1b[0m");
    put_place(r, f);
    (void)fprintf(r->out, "\n    %s\n", f->text);
    if (nth == 0) {
        (void)fprintf(r->out, "    device: %s\n    remedy: %s\n", f->kind->device, f->kind->remedy);
    }
}

static void set_text(json_t *o, const char *field, const char *text)
{
    (void)json_object_set_new(o, field, bmi_json_text(text));
}

static void json_finding(void *ctx, const struct bm_finding *f)
{
    struct report *r = ctx;
    json_t *o = json_pack("{s:s, s:s, s:I}", "severity", severities[f->kind->severity], "id",
                          f->kind->id, "offset", (json_int_t)f->offset);
    if (o == NULL) {
        r->failed = 1;
        return;
    }
    if (f->page >= 0) {
        (void)json_object_set_new(o, "page", json_integer(f->page));
    }
    if (f->entry >= 0) {
        (void)json_object_set_new(o, "entry", json_integer(f->entry));
    }
    if (f->key != NULL) {
        set_text(o, "namespace", f->ns);
        set_text(o, "key", f->key);
    }
    set_text(o, "text", f->text);
    set_text(o, "device", f->kind->device);
    set_text(o, "remedy", f->kind->remedy);
    (void)fputs(r->any ? ",\n  " : "\n  ", r->out);
    r->any = 1;
    if (json_dumpf(o, r->out, JSON_COMPACT | JSON_ENSURE_ASCII) != 0 && !ferror(r->out)) {
        r->failed = 1;
    }
    json_decref(o);
}

static void put_plural(FILE *out, size_t n, const char *what)
{
    (void)fprintf(out, "%zu %s%s", n, what, n == 1 ? "" : "s");
}

static void put_rest(const struct report *r)
{
    for (size_t i = 0; i < F_COUNT; i++) {
        if (r->seen[i] > SHOWN_MAX) {
            (void)fprintf(r->out, "... and %zu more of %s\n", r->seen[i] - SHOWN_MAX,
                          bm_finding_kinds[i].id);
        }
    }
}

static void put_summary(const struct bm_scan *s, const struct report *r,
                        const struct bm_check_result *result)
{
    size_t names = 0;
    size_t keys = 0;
    uint32_t written = 0;
    for (uint32_t i = 0; i < s->group_count; i++) {
        names += s->groups[i].ns == 0 && s->groups[i].live != BM_NO_ROW;
        keys += s->groups[i].ns != 0 && s->groups[i].live != BM_NO_ROW;
    }
    for (uint32_t i = 0; i < s->used; i++) {
        written += s->pages[s->order[i]].states[BMI_ENTRY_WRITTEN];
    }
    (void)bmi_show_text(r->out, r->o->name, strlen(r->o->name), 0);
    (void)fputs(": ", r->out);
    if (result->count[BM_ERROR] == 0 && result->count[BM_WARNING] == 0) {
        (void)fputs("clean", r->out);
    } else {
        put_plural(r->out, result->count[BM_ERROR], "error");
        (void)fputs(", ", r->out);
        put_plural(r->out, result->count[BM_WARNING], "warning");
    }
    if (result->count[BM_NOTE] > 0) {
        (void)fputs(", ", r->out);
        put_plural(r->out, result->count[BM_NOTE], "note");
    }
    (void)fputs("; ", r->out);
    put_plural(r->out, s->page_count, "page");
    (void)fputs(", ", r->out);
    put_plural(r->out, names, "namespace");
    (void)fputs(", ", r->out);
    put_plural(r->out, keys, "key");
    (void)fprintf(r->out, ", %" PRIu32 " of %" PRIu32 " entries written\n", written,
                  s->page_count * BMI_PAGE_ENTRIES);
}

static int json_report(const struct bm_scan *s, struct report *r, struct bm_check_result *result)
{
    json_t *name = bmi_json_text(r->o->name);
    if (name == NULL) {
        return BM_E_NOMEM;
    }
    (void)fputs("{\"image\": ", r->out);
    r->failed =
        json_dumpf(name, r->out, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) != 0 && !ferror(r->out);
    json_decref(name);
    (void)fprintf(r->out, ", \"size\": %zu, \"pages\": %" PRIu32 ",\n\"findings\": [", s->size,
                  s->page_count);
    bm_check(s, json_finding, r, result);
    (void)fprintf(r->out,
                  "%s],\n\"errors\": %zu, \"warnings\": %zu, \"notes\": %zu, \"clean\": %s}\n",
                  r->any ? "\n" : "", result->count[BM_ERROR], result->count[BM_WARNING],
                  result->count[BM_NOTE],
                  result->count[BM_ERROR] + result->count[BM_WARNING] == 0 ? "true" : "false");
    return r->failed ? BM_E_NOMEM : BM_OK;
}

int bm_check_report(const struct bm_scan *s, const struct bm_check_opts *o, FILE *out,
                    struct bm_check_result *result)
{
    struct report r;
    int rc = BM_OK;
    memset(&r, 0, sizeof r);
    r.o = o;
    r.out = out;
    if (o->json) {
        rc = json_report(s, &r, result);
    } else {
        bm_check(s, text_finding, &r, result);
        put_rest(&r);
        put_summary(s, &r, result);
    }
    return rc == BM_OK && ferror(out) ? BM_E_IO : rc;
}
