/* SPDX-License-Identifier: Apache-2.0 */
#include "port/regex.h"

#include <regex.h>
#include <stdlib.h>

#include "base/base.h"

struct bm_regex {
    regex_t compiled;
};

int bm_port_regex_make(struct bm_regex **out, const char *text, struct bm_diag *diag)
{
    struct bm_regex *r = malloc(sizeof *r);
    *out = NULL;
    if (r == NULL) {
        return bm_diag_set(diag, BM_E_NOMEM, 0, NULL, NULL);
    }
    const int rc = regcomp(&r->compiled, text, REG_EXTENDED | REG_NOSUB);
    if (rc == 0) {
        *out = r;
        return BM_OK;
    }
    char why[128];
    (void)regerror(rc, &r->compiled, why, sizeof why);
    free(r);
    return bm_diag_set(diag, rc == REG_ESPACE ? BM_E_NOMEM : BM_E_INPUT, 0, NULL, why);
}

void bm_port_regex_free(struct bm_regex *regex)
{
    if (regex != NULL) {
        regfree(&regex->compiled);
        free(regex);
    }
}

int bm_port_regex_matches(const struct bm_regex *regex, const char *text)
{
    return regexec(&regex->compiled, text, 0, NULL, 0) == 0;
}
