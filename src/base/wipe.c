/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/base.h"

void bm_wipe(void *data, size_t len)
{
    if (len > 0) {
        memset(data, 0, len);
        /* Says that the memory is read here, so that the call cannot be dropped. */
        __asm__ __volatile__("" : : "r"(data) : "memory");
    }
}
