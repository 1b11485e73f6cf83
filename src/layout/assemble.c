/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/assemble.h"

#include <stdlib.h>
#include <string.h>

#include "layout/content.h"

int bm_assemble(uint8_t **out, size_t *size, const struct bm_flash_plan *plan, uint32_t begin,
                uint32_t end)
{
    uint64_t last = 0;
    *out = NULL;
    *size = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct bm_flash_part *p = &plan->parts[i];
        const uint64_t part_end = p->offset + (uint64_t)p->len;
        if (!p->placed || p->offset < begin) {
            return BM_E_ARG;
        }
        last = part_end > last ? part_end : last;
    }
    if ((end != 0 && last > end) || last <= begin) {
        return BM_E_ARG;
    }
    last = end != 0 ? end : last;
    *size = (size_t)(last - begin);
    *out = malloc(*size);
    if (*out == NULL) {
        return BM_E_NOMEM;
    }
    memset(*out, 0xff, *size);
    for (size_t i = 0; i < plan->count; i++) {
        const struct bm_flash_part *p = &plan->parts[i];
        memcpy(*out + (p->offset - begin), p->data, p->len);
    }
    return BM_OK;
}

uint32_t bm_plan_header_size(const struct bm_flash_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct bm_flash_part *p = &plan->parts[i];
        struct bm_app app;
        struct bm_flash flash;
        if (p->placed && p->offset < plan->table_off && bmi_is_app(p->data, p->len) &&
            bm_flash_view(&flash, p->data, p->len) == BM_OK &&
            bm_app_read(&app, &flash, 0, flash.size, NULL) == BM_OK && app.flash_size <= 7) {
            return 1024u * 1024u << app.flash_size;
        }
    }
    return 0;
}
