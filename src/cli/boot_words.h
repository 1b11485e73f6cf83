/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_BOOT_WORDS_H
#define BM_CLI_BOOT_WORDS_H

/* The boot decision in words. docs/boot.md has a row for each step. */

#include <stddef.h>

#include "birthmark/boot.h"

/* In text $i stands for the place, $r for the record, $v for the value of a step. */
struct cli_boot_words {
    const char *id;     /* kebab-case, frozen */
    const char *text;   /* one sentence or two */
    const char *text_1; /* the same where value is 1 and that makes a difference, or NULL */
};
extern const struct cli_boot_words cli_boot_words[BM_BOOT_CODES];

enum { CLI_BOOT_TEXT = 400, CLI_BOOT_PLACE = 16 };

/* "factory", "test", "ota_3". Returns buf or a static text. */
const char *cli_boot_place(char buf[CLI_BOOT_PLACE], int index);

/* A step's sentence. Returns out. */
const char *cli_boot_say(char out[CLI_BOOT_TEXT], const struct bm_boot_step *step);

/* "new", "pending", ...; "undefined" where it is erased, "unknown" for what is no state. */
const char *cli_ota_state(uint32_t state);

#endif
