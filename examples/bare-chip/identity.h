/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "birthmark/part.h"
#include "chip.h"

/* Says the fingerprints of certificate and private key of the namespace `certs`, from the NVS
 * partition that has it, and counts the boot in `device`/`boots` of the first one that can be
 * written. Returns 1 if the boot was counted. */
int identity_show(const struct chip *chip, const struct bm_part_table *table);

#endif
