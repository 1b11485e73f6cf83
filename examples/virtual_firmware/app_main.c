/* SPDX-License-Identifier: Apache-2.0 */

/* The generic firmware of the post: the same image for every device of a fleet, whose identity is
 * in NVS. It says what it found, counts its boots, confirms itself if it is on trial, and answers
 * lines. Nothing here knows whether it runs on an ESP32 or on a virtual board. */

#include "app_main.h"

#include <stdio.h>
#include <string.h>

#include "console.h"
#include "esp_app_desc.h"
#include "esp_mac.h"
#include "esp_ota_ops.h"
#include "esp_system.h"
#include "identity.h"
#include "nvs_flash.h"
#include "sha256.h"

static void show(const char *name, const char *value)
{
    struct sha256 sha256;
    uint8_t digest[32];
    sha256_start(&sha256);
    sha256_add(&sha256, value, strlen(value));
    sha256_finish(&sha256, digest);
    printf("%s: %u bytes, SHA-256 ", name, (unsigned)strlen(value));
    for (unsigned i = 0; i < sizeof digest; i++) {
        printf("%02x", digest[i]);
    }
    printf("\n");
}

static esp_err_t show_identity(void)
{
    struct identity id;
    const esp_err_t err = identity_load(&id);
    if (err == ESP_OK) {
        /* Here a product connects to AWS IoT Core with the two. */
        show("certificate", id.certificate);
        show("priv_key", id.private_key);
        identity_free(&id);
    }
    return err;
}

static esp_err_t count_boot(void)
{
    nvs_handle_t nvs;
    uint32_t boots = 0;
    esp_err_t err = nvs_open("device", NVS_READWRITE, &nvs);
    if (err == ESP_OK) {
        (void)nvs_get_u32(nvs, "boots", &boots);
        err = nvs_set_u32(nvs, "boots", ++boots);
        nvs_close(nvs);
    }
    printf("boot %u, reset reason %d\n", (unsigned)boots, (int)esp_reset_reason());
    return err;
}

/* An app on trial that does not find its device's identity is no good: the bootloader goes back. */
static void confirm(const esp_partition_t *running)
{
    esp_ota_img_states_t state;
    if (esp_ota_get_state_partition(running, &state) == ESP_OK &&
        state == ESP_OTA_IMG_PENDING_VERIFY && esp_ota_mark_app_valid_cancel_rollback() == ESP_OK) {
        printf("%s is confirmed\n", running->label);
    }
}

void app_main(void)
{
    const esp_partition_t *running = esp_ota_get_running_partition();
    uint8_t mac[6] = {0};
    printf("generic firmware %s\n", FIRMWARE_VERSION);
    printf("slot: %s at 0x%x, described as %.32s\n", running->label, (unsigned)running->address,
           esp_app_get_description()->version);
    if (esp_efuse_mac_get_default(mac) == ESP_OK) {
        printf("MAC: %02x:%02x:%02x:%02x:%02x:%02x\n", mac[0], mac[1], mac[2], mac[3], mac[4],
               mac[5]);
    }
    /* No erase on failure: that would take the identity with it. */
    esp_err_t err = nvs_flash_init();
    if (err == ESP_OK) {
        err = count_boot();
    }
    if (err == ESP_OK) {
        err = show_identity();
    }
    if (err == ESP_OK) {
        confirm(running);
    } else {
        printf("no identity: %s\n", esp_err_to_name(err));
    }
    printf("ready\n");
    console_run();
}
