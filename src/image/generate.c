/* SPDX-License-Identifier: Apache-2.0 */
#include "image/generate.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "image/input.h"
#include "image/items.h"
#include "image/layout.h"
#include "nvs/fmt.h"

static int check_options(const struct bm_image_options *o, struct bm_diag *diag)
{
    if (o->version > 2) {
        return bm_diag_set(diag, BM_E_ARG, 0, "version", "the version must be 1 or 2");
    }
    if (o->size % BMI_PAGE_SIZE != 0) {
        return bm_diag_set(diag, BM_E_ARG, 0, "size", "the size must be a multiple of 4096");
    }
    if (o->size > BM_IMAGE_SIZE_MAX) {
        return bm_diag_set(diag, BM_E_ARG, 0, "size", "the size is over 65535 pages of 4096 bytes");
    }
    if (o->max_size != 0 && o->max_size < BM_IMAGE_WRITABLE_MIN) {
        return bm_diag_set(diag, BM_E_ARG, 0, "max_size", "max_size is under 12288");
    }
    return BM_OK;
}

/* Pages that may be used: a partition that is written to keeps one to move entries into. */
static uint32_t usable_pages(const struct bm_image_result *out)
{
    const uint32_t pages = out->size / BMI_PAGE_SIZE;
    return out->read_only ? pages : pages - 1;
}

static void count(struct bm_image_result *out, const struct bmi_items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        out->keys += items->list[i].ns != 0 && !items->list[i].dropped;
    }
    out->namespaces = items->namespace_count;
    for (size_t i = 0; i < items->slot_count; i++) {
        out->entries_used += items->slots[i].span;
    }
    out->items = items->list;
    out->item_count = items->count;
    out->slots = items->slots;
    out->slot_count = items->slot_count;
}

/* Says which value is the first that the size has no page for. */
static void tell_overflow(struct bm_image_result *out, const struct bm_image_options *o,
                          uint32_t usable)
{
    const uint32_t smallest = o->read_only ? out->read_size : out->smallest;
    size_t i = 0;
    while (i + 1 < out->slot_count && out->slots[i].page < usable) {
        i++;
    }
    const struct bm_image_item *item = &out->items[out->slots[i].item];
    char text[128];
    struct bm_text remedy;
    bm_text_init(&remedy, text, sizeof text);
    bm_text_str(&remedy, smallest != 0 ? "give a size of at least " : "use fewer values");
    if (smallest != 0) {
        bm_text_u64(&remedy, smallest);
        bm_text_str(&remedy, " (");
        bm_text_hex(&remedy, smallest);
        bm_text_str(&remedy, ")");
    }
    if (out->read_size != 0 && !o->read_only) {
        bm_text_str(&remedy, ", or ");
        bm_text_u64(&remedy, out->read_size);
        bm_text_str(&remedy, " for a partition that the device only reads");
    }
    bmi_problem_add(&out->problems, BM_IMAGE_ERROR, &item->place, item->key, strlen(item->key),
                    "does not fit: the data takes %u pages of 4096 bytes, a size of %u has %u for "
                    "it%s; %s",
                    out->pages_used, out->size, usable,
                    out->read_only ? "" : " (one is kept in reserve)", text);
}

/* Chooses or checks the size. */
static int fit(struct bm_image_result *out, const struct bm_image_options *o)
{
    const uint32_t max = o->max_size != 0 ? o->max_size : BM_IMAGE_SIZE_MAX;
    const uint64_t data = (uint64_t)out->pages_used * BMI_PAGE_SIZE;
    uint64_t smallest = data + BMI_PAGE_SIZE;
    if (smallest < BM_IMAGE_WRITABLE_MIN) {
        smallest = BM_IMAGE_WRITABLE_MIN;
    }
    out->smallest = smallest > BM_IMAGE_SIZE_MAX ? 0 : (uint32_t)smallest;
    const uint32_t read_max = o->read_only ? BM_IMAGE_SIZE_MAX : BM_IMAGE_WRITABLE_MIN - 1;
    out->read_size = data <= read_max ? (uint32_t)data : 0;
    const uint64_t size = o->size != 0 ? o->size : smallest;
    out->size = size > max ? max / BMI_PAGE_SIZE * BMI_PAGE_SIZE : (uint32_t)size;
    out->read_only = o->read_only || out->size < BM_IMAGE_WRITABLE_MIN;
    const uint32_t usable = usable_pages(out);
    if (out->pages_used > usable) {
        tell_overflow(out, o, usable);
        return BM_E_NOSPC;
    }
    out->entries_free = usable * BMI_PAGE_ENTRIES - out->entries_used;
    return BM_OK;
}

static int read_inputs(struct bm_image_result *out, const struct bm_image_input *inputs, size_t n,
                       const struct bm_image_options *options)
{
    struct bmi_input in = {.items = out->store,
                           .problems = &out->problems,
                           .options = options,
                           .version = out->version,
                           .budget =
                               options->max_size != 0 ? options->max_size : BM_IMAGE_SIZE_MAX};
    int unread = 0;
    for (size_t i = 0; i < n; i++) {
        const int rc = bmi_input_read(&in, &inputs[i]);
        if (rc != BM_OK) {
            return rc;
        }
        unread = unread || inputs[i].len == BM_IMAGE_UNREAD;
    }
    return unread ? BM_E_INPUT : BM_OK;
}

static int make(struct bm_image_result *out, const struct bm_image_input *inputs, size_t n,
                const struct bm_image_options *options)
{
    int rc = read_inputs(out, inputs, n, options);
    if (rc != BM_OK || out->problems.errors > 0) {
        return rc == BM_E_NOMEM ? rc : BM_E_INPUT;
    }
    rc = bmi_layout_plan(out->store, out->version, &out->pages_used, &out->problems);
    if (rc != BM_OK) {
        return rc;
    }
    count(out, out->store);
    rc = fit(out, options);
    if (rc != BM_OK) {
        return rc;
    }
    out->image = malloc(out->size);
    if (out->image == NULL) {
        return BM_E_NOMEM;
    }
    memset(out->image, 0xff, out->size);
    bmi_layout_write(out->image, out->store, out->version, out->pages_used);
    bmi_layout_collisions(out->store, out->pages_used, &out->problems);
    return BM_OK;
}

int bm_image_generate(struct bm_image_result *out, const struct bm_image_input *inputs,
                      size_t count_of_inputs, const struct bm_image_options *options,
                      struct bm_diag *diag)
{
    memset(out, 0, sizeof *out);
    const int rc = check_options(options, diag);
    if (rc != BM_OK) {
        return rc;
    }
    out->version = options->version == 1 ? 1 : 2;
    out->store = calloc(1, sizeof *out->store);
    const int made = out->store == NULL ? BM_E_NOMEM : make(out, inputs, count_of_inputs, options);
    return made == BM_OK ? BM_OK : bm_diag_set(diag, made, 0, NULL, bm_err_text(made));
}

const char *bm_image_namespace(const struct bm_image_result *result,
                               const struct bm_image_item *item)
{
    return item->ns == 0 ? "" : result->items[result->store->namespaces[item->ns]].key;
}

void bm_image_result_free(struct bm_image_result *result)
{
    if (result->image != NULL) {
        bm_wipe(result->image, result->size);
    }
    free(result->image);
    if (result->store != NULL) {
        bmi_items_free(result->store);
    }
    free(result->store);
    bm_image_problems_free(&result->problems);
    memset(result, 0, sizeof *result);
}
