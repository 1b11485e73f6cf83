/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_FUZZ_REPAIR_H
#define BM_FUZZ_REPAIR_H

#include <stddef.h>
#include <stdint.h>

/* Makes the checksums of an image right, those of page headers, of written entries and of their
 * data: most changed bytes would end at the first wrong one. foreign: 1 to leave what an entry of
 * an unknown type calls its data as it is; an entry within it would be two things. */
void fuzz_repair(uint8_t *data, size_t size, int foreign);

#endif
