/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_NVS_KEYPART_H
#define BM_NVS_KEYPART_H

/* Keys in storage, and what the implementations of NVS encryption share. */

#include "birthmark/nvs_crypto.h"

/* 1 if the two halves differ. OpenSSL refuses equal ones; mbedTLS would take them. */
int bmi_nvs_keys_usable(const uint8_t keys[BM_NVS_KEYS_SIZE]);

/* The tweak of the entry at this offset of the partition. */
void bmi_nvs_tweak(uint8_t tweak[16], uint32_t off);

#endif
