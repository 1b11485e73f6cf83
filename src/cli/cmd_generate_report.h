/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_CMD_GENERATE_REPORT_H
#define BM_CLI_CMD_GENERATE_REPORT_H

/* What `birthmark generate` says about an image. */

#include <jansson.h>
#include <stdio.h>

#include "image/generate.h"

/* Prints the problems to stderr, one a line, and how many there were beyond those kept. */
void cli_generate_problems(const struct bm_image_problems *problems);

/* Prints size, use and, if asked for, the layout. output: where the image went, NULL for nowhere.
 */
void cli_generate_text(FILE *to, const struct bm_image_result *result, const char *output,
                       int layout);

/* The same as one JSON object, to be released by json_decref(); NULL where memory is short. */
json_t *cli_generate_json(const struct bm_image_result *result, const char *output, int layout);

#endif
