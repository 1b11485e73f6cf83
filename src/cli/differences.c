/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/differences.h"

#include "base/base.h"
#include "port/file.h"

struct list {
    const struct cli_differences *how;
    unsigned columns;
    int any;
    int rc;
};

static void put(void *ctx, const struct bm_diff_change *change)
{
    struct list *l = ctx;
    if (!l->how->json) {
        bm_diff_text(stdout, change, l->how->reveal, l->columns);
        return;
    }
    (void)fputs(l->any ? ",\n  " : "\n  ", stdout);
    l->any = 1;
    const int rc = bm_diff_json(stdout, change, l->how->reveal);
    l->rc = l->rc == BM_OK ? rc : l->rc;
}

int cli_differences_put(const struct bm_scan *a, const struct bm_scan *b,
                        const struct cli_differences *how, struct bm_diff_result *result)
{
    struct list l = {how, bm_port_is_terminal(1) ? bm_port_columns(1, 80) : 0, 0, BM_OK};
    const struct bm_diff_opts o = {.ns = how->ns, .key = how->key, .emit = put, .ctx = &l};
    const int rc = bm_diff(a, b, &o, result);
    return rc == BM_OK ? l.rc : rc;
}

void cli_differences_count(struct bm_text *out, const struct bm_diff_result *result)
{
    const struct {
        size_t n;
        const char *what;
    } rows[] = {
        {result->added, " added"}, {result->removed, " removed"}, {result->changed, " changed"}};
    int any = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].n > 0) {
            bm_text_str(out, any ? ", " : "");
            bm_text_u64(out, rows[i].n);
            bm_text_str(out, rows[i].what);
            any = 1;
        }
    }
    bm_text_str(out, any ? "" : "no difference");
}
