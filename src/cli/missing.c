/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/missing.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "image/suggest.h"

enum { NAMES_MAX = 256, LISTED = 8 };

/* Names of namespaces (index 0) or of keys. */
static size_t collect(struct bm_nvs *nvs, uint8_t index, char names[][BM_NVS_KEY_SIZE])
{
    struct bm_nvs_iter it;
    struct bm_nvs_info info;
    size_t n = 0;
    bm_nvs_iter_start(&it, index, BM_NVS_ANY);
    while (n < NAMES_MAX && bm_nvs_iter_next(nvs, &it, &info) == BM_OK) {
        memcpy(names[n++], info.key, BM_NVS_KEY_SIZE);
    }
    return n;
}

void cli_say_missing(struct bm_nvs *nvs, const char *image, const char *ns, const char *wanted)
{
    char names[NAMES_MAX][BM_NVS_KEY_SIZE];
    const char *list[NAMES_MAX + 1];
    char text[800];
    struct bm_text t;
    uint8_t index = 0;
    if (ns != NULL) {
        (void)bm_nvs_namespace(nvs, ns, &index);
    }
    const size_t n = collect(nvs, index, names);
    for (size_t i = 0; i < n; i++) {
        list[i] = names[i];
    }
    list[n] = NULL;
    const char *near = bmi_suggest(wanted, strlen(wanted), list);
    bm_text_init(&t, text, sizeof text);
    if (near != NULL) {
        bm_text_str(&t, " (did you mean ");
        bm_text_str(&t, near);
        bm_text_str(&t, "?)");
    } else if (n > 0) {
        bm_text_str(&t, "; there is ");
        for (size_t i = 0; i < n && i < LISTED; i++) {
            bm_text_str(&t, i > 0 ? ", " : "");
            bm_text_str(&t, list[i]);
        }
        bm_text_str(&t, n > LISTED ? " ..." : "");
    }
    if (ns != NULL) {
        cli_error("%s: no key \"%s\" in namespace \"%s\"%s", image, wanted, ns, text);
    } else {
        cli_error("%s: no namespace \"%s\"%s", image, wanted, text);
    }
}
