/* SPDX-License-Identifier: Apache-2.0 */
#include "image/json.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "image/show.h"
#include "image/utf8.h"

json_t *bmi_json_text(const char *text)
{
    char shown[512];
    const size_t len = strlen(text);
    if (bmi_utf8_good((const uint8_t *)text, len) == len) {
        return json_stringn_nocheck(text, len);
    }
    return json_string(bmi_show_into(shown, sizeof shown, text));
}

/* In front of each allocation, for jansson does not say how much it frees. */
union head {
    size_t len;
    max_align_t align;
};

static void *allocate(size_t len)
{
    union head *h = len <= SIZE_MAX - sizeof *h ? malloc(sizeof *h + len) : NULL;
    if (h == NULL) {
        return NULL;
    }
    h->len = len;
    return h + 1;
}

static void wipe_and_free(void *p)
{
    if (p != NULL) {
        union head *h = (union head *)p - 1;
        bm_wipe(p, h->len);
        free(h);
    }
}

void bmi_json_wipe_frees(void)
{
    json_set_alloc_funcs(allocate, wipe_and_free);
}
