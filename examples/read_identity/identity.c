/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <stdlib.h>
#include <string.h>

#include "esp_log.h"
#include "nvs.h"

static const char TAG[] = "identity";

static void wipe_and_free(char *text)
{
    if (text != NULL) {
        volatile char *p = text;
        while (*p != '\0') {
            *p++ = '\0';
        }
        free(text);
    }
}

/* Gives a string value in memory of its own, or says what is wrong with it. */
static esp_err_t load_value(nvs_handle_t handle, const char *key, char **out)
{
    size_t size = 0;
    esp_err_t err = nvs_get_str(handle, key, NULL, &size);
    if (err != ESP_OK) {
        ESP_LOGE(TAG, "no \"%s\" in namespace \"certs\": %s", key, esp_err_to_name(err));
        return err;
    }
    char *value = calloc(1, size + 1);
    if (value == NULL) {
        ESP_LOGE(TAG, "no memory for \"%s\" (%u bytes)", key, (unsigned)size);
        return ESP_ERR_NO_MEM;
    }
    err = nvs_get_str(handle, key, value, &size);
    if (err != ESP_OK) {
        ESP_LOGE(TAG, "cannot read \"%s\": %s", key, esp_err_to_name(err));
        wipe_and_free(value);
        return err;
    }
    *out = value;
    return ESP_OK;
}

esp_err_t identity_load(struct identity *id)
{
    nvs_handle_t handle;
    memset(id, 0, sizeof *id);
    esp_err_t err = nvs_open("certs", NVS_READONLY, &handle);
    if (err != ESP_OK) {
        ESP_LOGE(TAG, "no namespace \"certs\": %s. Flash an image made from nvs.csv",
                 esp_err_to_name(err));
        return err;
    }
    err = load_value(handle, "priv_key", &id->private_key);
    if (err == ESP_OK) {
        err = load_value(handle, "certificate", &id->certificate);
    }
    nvs_close(handle);
    if (err != ESP_OK) {
        identity_free(id);
    }
    return err;
}

void identity_free(struct identity *id)
{
    wipe_and_free(id->private_key);
    wipe_and_free(id->certificate);
    memset(id, 0, sizeof *id);
}
