/* SPDX-License-Identifier: Apache-2.0 */
#include "image/json.h"
#include "layout/spans.h"

static int set(json_t *o, const char *name, json_t *value)
{
    return json_object_set_new(o, name, value);
}

static void set_number(json_t *o, const char *name, uint64_t v)
{
    (void)set(o, name, json_integer((json_int_t)v));
}

static json_t *part_json(const struct bm_spans *s, unsigned i, uint32_t line)
{
    char buf[BM_PART_NAME_SIZE];
    const struct bm_part *p = &s->table->part[i];
    json_t *o = json_object();
    if (o == NULL) {
        return NULL;
    }
    (void)set(o, "label", bmi_json_text(p->label));
    (void)set(o, "type", json_string(bm_part_type_text(buf, p->type)));
    (void)set(o, "subtype", json_string(bm_part_subtype_text(buf, s->extra, p->type, p->subtype)));
    set_number(o, "type_number", p->type);
    set_number(o, "subtype_number", p->subtype);
    set_number(o, "offset", p->offset);
    set_number(o, "size", p->size);
    (void)set(o, "encrypted", json_boolean((p->flags & BM_PART_ENCRYPTED) != 0));
    (void)set(o, "readonly", json_boolean((p->flags & BM_PART_READONLY) != 0));
    set_number(o, "flags", p->flags);
    if (line != 0) {
        set_number(o, "line", line);
    }
    return o;
}

static json_t *free_json(const struct bm_spans *s)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < s->count; i++) {
        json_t *o = s->list[i].kind == BM_SPAN_FREE ? json_object() : NULL;
        if (o != NULL) {
            set_number(o, "offset", s->list[i].begin);
            set_number(o, "size", s->list[i].end - s->list[i].begin);
            (void)json_array_append_new(list, o);
        }
    }
    return list;
}

static json_t *findings_json(const struct bm_table_findings *findings,
                             const struct bm_part_table *table)
{
    json_t *list = json_array();
    for (size_t i = 0; i < findings->count; i++) {
        const struct bm_table_finding *f = &findings->list[i];
        json_t *o = json_object();
        (void)set(o, "code", json_string(f->code));
        (void)set(o, "severity", json_string(f->is_error ? "error" : "warning"));
        if (f->part >= 0) {
            (void)set(o, "partition", bmi_json_text(table->part[f->part].label));
        }
        if (f->other >= 0) {
            (void)set(o, "other", bmi_json_text(table->part[f->other].label));
        }
        (void)set(o, "text", bmi_json_text(f->text));
        (void)json_array_append_new(list, o);
    }
    return list;
}

json_t *bm_spans_json(const struct bm_spans *s, const struct bm_table_file *file,
                      const struct bm_table_findings *findings)
{
    static const char *const kinds[] = {
        [BM_TABLE_CSV] = "csv", [BM_TABLE_BINARY] = "binary", [BM_TABLE_FLASH] = "flash"};
    json_t *root = json_object();
    json_t *parts = json_array();
    if (root == NULL || parts == NULL) {
        json_decref(root);
        json_decref(parts);
        return NULL;
    }
    (void)set(root, "source", json_string(kinds[file->kind]));
    set_number(root, "table_offset", file->offset);
    (void)set(root, "md5", json_boolean(file->table.has_md5));
    set_number(root, "flash_size", s->size);
    (void)set(root, "flash_size_guessed", json_boolean(s->guessed));
    for (unsigned i = 0; i < s->table->count; i++) {
        (void)json_array_append_new(parts, part_json(s, i, file->line[i]));
    }
    (void)set(root, "partitions", parts);
    (void)set(root, "free", free_json(s));
    if (findings != NULL) {
        (void)set(root, "findings", findings_json(findings, s->table));
    }
    return root;
}
