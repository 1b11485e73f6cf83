/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/preset.h"

#include <stddef.h>
#include <string.h>

/* The first three lay out flash as ESP-IDF v6.0's partitions_singleapp.csv,
 * partitions_two_ota_large.csv and partitions_two_ota.csv do. In the fourth all offsets are given,
 * so that no edit above moves the identity. */
const struct bm_preset bm_presets[] = {
    {"single-factory", "one factory app, no updates",
     "nvs,data,nvs,0x9000,24K\n"
     "phy_init,data,phy,0xf000,4K\n"
     "factory,app,factory,0x10000,1M\n"},
    {"two-ota", "two OTA slots, for 4 MB of flash",
     "nvs,data,nvs,0x9000,24K\n"
     "otadata,data,ota,0xf000,8K\n"
     "phy_init,data,phy,0x11000,4K\n"
     "ota_0,app,ota_0,0x20000,1700K\n"
     "ota_1,app,ota_1,0x1d0000,1700K\n"},
    {"factory-two-ota", "a factory app and two OTA slots, for 4 MB of flash",
     "nvs,data,nvs,0x9000,16K\n"
     "otadata,data,ota,0xd000,8K\n"
     "phy_init,data,phy,0xf000,4K\n"
     "factory,app,factory,0x10000,1M\n"
     "ota_0,app,ota_0,0x110000,1M\n"
     "ota_1,app,ota_1,0x210000,1M\n"},
    {"identity", "two OTA slots and a read-only NVS partition for the identity, for 4 MB of flash",
     "nvs,data,nvs,0x9000,16K\n"
     "otadata,data,ota,0xd000,8K\n"
     "phy_init,data,phy,0xf000,4K\n"
     "identity,data,nvs,0x10000,16K,readonly\n"
     "ota_0,app,ota_0,0x20000,1792K\n"
     "ota_1,app,ota_1,0x1e0000,1792K\n"},
    {NULL, NULL, NULL},
};

const struct bm_preset *bm_preset_find(const char *name)
{
    for (const struct bm_preset *p = bm_presets; p->name != NULL; p++) {
        if (strcmp(p->name, name) == 0) {
            return p;
        }
    }
    return NULL;
}
