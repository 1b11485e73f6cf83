/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_REGEX_H
#define BM_PORT_REGEX_H

/* POSIX extended regular expressions. */

#include "birthmark/err.h"

struct bm_regex;

/* Returns BM_OK (free with bm_port_regex_free()), BM_E_INPUT with a text in diag, or BM_E_NOMEM. */
int bm_port_regex_make(struct bm_regex **out, const char *text, struct bm_diag *diag);
void bm_port_regex_free(struct bm_regex *regex);

/* 1 if it matches somewhere in the text. */
int bm_port_regex_matches(const struct bm_regex *regex, const char *text);

#endif
