/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_generate_report.h"

#include <string.h>

#include "cli/cli.h"
#include "image/json.h"
#include "image/show.h"
#include "image/types.h"
#include "nvs/fmt.h"

enum { LINE_MAX_BYTES = 1024, NAME_MAX_BYTES = 4 * 4096 }; /* a path, every byte escaped */

void cli_generate_problems(const struct bm_image_problems *problems)
{
    char line[LINE_MAX_BYTES];
    for (size_t i = 0; i < problems->count; i++) {
        bm_image_problem_format(line, sizeof line, &problems->list[i]);
        fprintf(stderr, "%s\n", line);
    }
    const size_t all = problems->errors + problems->warnings;
    if (all > problems->count) {
        fprintf(stderr, "and %zu more\n", all - problems->count);
    }
}

static const char *type_name(const struct bm_image_slot *slot, const struct bm_image_item *item)
{
    return item->ns == 0 ? "namespace" : bmi_type(slot->type)->name;
}

static const char *page_state(const struct bm_image_result *r, uint32_t page)
{
    return page + 1 < r->pages_used ? "full" : "active";
}

static void print_slot(FILE *to, const struct bm_image_result *r, const struct bm_image_slot *slot)
{
    const struct bm_image_item *item = &r->items[slot->item];
    fprintf(to, "  %5u %5u  ", slot->entry, slot->span);
    bmi_show_padded(to, bm_image_namespace(r, item), BMI_KEY_MAX + 2);
    bmi_show_padded(to, item->key, BMI_KEY_MAX + 2);
    fprintf(to, "%-10s  %6u", type_name(slot, item), slot->size);
    if (slot->type == BMI_TYPE_BLOB_DATA) {
        fprintf(to, "  chunk %u%s", slot->chunk,
                item->derived ? ", added for the Wi-Fi driver" : "");
    } else if (slot->type == BMI_TYPE_BLOB_IDX) {
        fprintf(to, "  of %u chunk%s", slot->chunk, slot->chunk == 1 ? "" : "s");
    }
    fputc('\n', to);
}

static void print_layout(FILE *to, const struct bm_image_result *r)
{
    size_t i = 0;
    for (uint32_t page = 0; page < r->pages_used; page++) {
        unsigned used = 0;
        for (size_t k = i; k < r->slot_count && r->slots[k].page == page; k++) {
            used += r->slots[k].span;
        }
        fprintf(to, "page %u at 0x%x, %s, %u of %d entries\n", page, page * BMI_PAGE_SIZE,
                page_state(r, page), used, BMI_PAGE_ENTRIES);
        if (used > 0) {
            fprintf(to, "  %5s %5s  %-15s  %-15s  %-10s  %6s\n", "entry", "span", "namespace",
                    "key", "type", "bytes");
        }
        for (; i < r->slot_count && r->slots[i].page == page; i++) {
            print_slot(to, r, &r->slots[i]);
        }
    }
}

static const char *plural(uint32_t n)
{
    return n == 1 ? "" : "s";
}

static void print_output(FILE *to, const char *output)
{
    char name[NAME_MAX_BYTES];
    if (output == NULL) {
        fprintf(to, "dry run, nothing written");
    } else {
        fprintf(to, "wrote %s",
                strcmp(output, "-") == 0 ? "standard output"
                                         : bmi_show_into(name, sizeof name, output));
    }
}

static void print_smallest(FILE *to, const struct bm_image_result *r)
{
    if (r->smallest != 0) {
        fprintf(to, "  smallest writable size: %u (0x%x)", r->smallest, r->smallest);
    } else {
        fprintf(to, "  no partition is large enough to be writable");
    }
    if (r->read_size != 0) {
        fprintf(to, ", read-only: %u (0x%x)", r->read_size, r->read_size);
    }
    fputc('\n', to);
}

void cli_generate_text(FILE *to, const struct bm_image_result *r, const char *output, int layout)
{
    const uint32_t pages = r->size / BMI_PAGE_SIZE;
    if (layout) {
        print_layout(to, r);
    }
    print_output(to, output);
    fprintf(to, ": %u bytes (0x%x), version %u%s\n", r->size, r->size, r->version,
            r->read_only ? ", read-only" : "");
    fprintf(to, "  %u namespace%s, %u key%s\n", r->namespaces, plural(r->namespaces), r->keys,
            plural(r->keys));
    fprintf(to, "  %u of %u page%s used%s\n", r->pages_used, pages, plural(pages),
            r->read_only ? "" : ", one is kept in reserve");
    fprintf(to, "  %u entries used, %u free\n", r->entries_used, r->entries_free);
    print_smallest(to, r);
}

static json_t *slot_json(const struct bm_image_result *r, const struct bm_image_slot *slot)
{
    const struct bm_image_item *item = &r->items[slot->item];
    json_t *o = json_pack("{si si ss ss ss si}", "entry", (int)slot->entry, "span", (int)slot->span,
                          "namespace", bm_image_namespace(r, item), "key", item->key, "type",
                          type_name(slot, item), "size", (int)slot->size);
    if (o != NULL && slot->type == BMI_TYPE_BLOB_DATA) {
        json_object_set_new(o, "chunk", json_integer(slot->chunk));
    }
    if (o != NULL && slot->type == BMI_TYPE_BLOB_IDX) {
        json_object_set_new(o, "chunks", json_integer(slot->chunk));
    }
    if (o != NULL && item->derived) {
        json_object_set_new(o, "derived", json_true());
    }
    return o;
}

static json_t *layout_json(const struct bm_image_result *r)
{
    json_t *pages = json_array();
    size_t i = 0;
    for (uint32_t page = 0; page < r->pages_used; page++) {
        json_t *entries = json_array();
        for (; i < r->slot_count && r->slots[i].page == page; i++) {
            if (json_array_append_new(entries, slot_json(r, &r->slots[i])) != 0) {
                json_decref(entries);
                json_decref(pages);
                return NULL;
            }
        }
        json_array_append_new(pages, json_pack("{si ss so}", "page", (int)page, "state",
                                               page_state(r, page), "entries", entries));
    }
    return pages;
}

json_t *cli_generate_json(const struct bm_image_result *r, const char *output, int layout)
{
    json_t *o = json_pack(
        "{so* sI si sb sI sI sI sI sI sI sI}", "output",
        output != NULL ? bmi_json_text(output) : NULL, "size", (json_int_t)r->size, "version",
        (int)r->version, "read_only", r->read_only, "namespaces", (json_int_t)r->namespaces, "keys",
        (json_int_t)r->keys, "pages", (json_int_t)(r->size / BMI_PAGE_SIZE), "pages_used",
        (json_int_t)r->pages_used, "entries_used", (json_int_t)r->entries_used, "entries_free",
        (json_int_t)r->entries_free, "smallest_size", (json_int_t)r->smallest);
    int rc = o == NULL ? -1 : 0;
    if (rc == 0 && r->read_size != 0) {
        rc = json_object_set_new(o, "smallest_read_only_size", json_integer(r->read_size));
    }
    if (rc == 0 && layout) {
        rc = json_object_set_new(o, "layout", layout_json(r));
    }
    if (rc != 0) {
        json_decref(o);
        return NULL;
    }
    return o;
}
