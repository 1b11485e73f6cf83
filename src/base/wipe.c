/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base.h"

void bm_wipe(void *data, size_t len)
{
    volatile uint8_t *p = data;
    while (len-- > 0) {
        *p++ = 0;
    }
}
