/* SPDX-License-Identifier: Apache-2.0 */
#include "base/le.h"
#include "nvs/fmt.h"

/* In a file of their own, so that no compiler makes them inline again. */

uint32_t bmi_get32(const uint8_t *p)
{
    return bm_get_le32(p);
}

void bmi_put32(uint8_t *p, uint32_t v)
{
    bm_put_le32(p, v);
}
