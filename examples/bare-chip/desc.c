/* SPDX-License-Identifier: Apache-2.0 */
#include "desc.h"

_Static_assert(sizeof(struct desc) == 256, "esp_app_desc_t");

__attribute__((section(".appdesc"), used)) const struct desc app_desc = {
    .magic = DESC_MAGIC,
    .version = BARE_VERSION,
    .project = "bare-chip",
    .idf = "none",
    .max_efuse_block_rev = 0xffff,
    .mmu_page_log2 = 16,
};
