/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_MISSING_H
#define BM_CLI_MISSING_H

#include "birthmark/nvs.h"

/* Says on stderr that an image has no such namespace (ns NULL), or namespace ns no such key, and
 * which name comes near or which ones there are. */
void cli_say_missing(struct bm_nvs *nvs, const char *image, const char *ns, const char *wanted);

#endif
