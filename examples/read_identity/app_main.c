/* SPDX-License-Identifier: Apache-2.0 */

/* The program of the post, complete: it brings NVS up, takes the lock, loads certificate and
 * private key, and says what it got without showing it. Nothing here knows whether it runs on an
 * ESP32 or on the host. */

#include "app_main.h"

#include <string.h>

#include "esp_log.h"
#include "fingerprint.h"
#include "identity.h"
#include "nvs_flash.h"
#include "nvs_sync.h"

static const char TAG[] = "NVS-Test";
static bool has_identity;

bool app_has_identity(void)
{
    return has_identity;
}

static void show(const char *name, const char *value)
{
    char hash[65];
    fingerprint(hash, value);
    ESP_LOGI(TAG, "%s: %u bytes, SHA-256 %s", name, (unsigned)strlen(value), hash);
}

/* With the lock held: loads the identity, uses it, gives it back. */
static void use_identity(void)
{
    struct identity id;
    if (identity_load(&id) != ESP_OK) {
        return; /* said already what is missing */
    }
    /* Here a product connects to AWS IoT Core with the two. */
    show("certificate", id.certificate);
    show("priv_key", id.private_key);
    has_identity = true;
    identity_free(&id);
}

void app_main(void)
{
    ESP_LOGI(TAG, "Init NVS");
    /* No erase on failure: that would take the identity with it. */
    const esp_err_t err = nvs_flash_init();
    if (err != ESP_OK) {
        ESP_LOGE(TAG, "NVS cannot be mounted: %s", esp_err_to_name(err));
        return;
    }
    ESP_ERROR_CHECK(nvs_sync_create());
    if (!nvs_sync_lock(1000 / portTICK_PERIOD_MS)) {
        ESP_LOGE(TAG, "NVS is in use for over a second");
        return;
    }
    ESP_LOGI(TAG, "Loading private key & certificate");
    use_identity();
    nvs_sync_unlock();
}
