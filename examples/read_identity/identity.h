/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IDENTITY_H
#define IDENTITY_H

/* A device's identity: what it shows to AWS IoT Core, and what it proves that with. */

#include "esp_err.h"

struct identity {
    char *certificate; /* PEM text, NULL if not loaded */
    char *private_key; /* PEM text, NULL if not loaded */
};

/* Loads both values from the namespace "certs" of the partition "nvs", which is mounted already.
 * Returns ESP_OK; otherwise what nvs_open() or nvs_get_str() said, with nothing loaded. A message
 * in the log names the value that is missing. */
esp_err_t identity_load(struct identity *id);

/* Wipes the private key and frees both; fine to call on a zeroed struct, and twice. */
void identity_free(struct identity *id);

#endif
