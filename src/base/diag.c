/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base.h"

static void copy(char *out, size_t cap, const char *s)
{
    struct bm_text t;
    bm_text_init(&t, out, cap);
    if (s != NULL) {
        bm_text_str(&t, s);
    }
}

int bm_diag_set(struct bm_diag *d, int code, uint64_t offset, const char *where, const char *text)
{
    if (d == NULL || d->code != BM_OK) {
        return code;
    }
    d->code = code;
    d->offset = offset;
    copy(d->where, sizeof d->where, where);
    copy(d->text, sizeof d->text, text != NULL ? text : bm_err_text(code));
    return code;
}
