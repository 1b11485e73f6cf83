/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "espidf/registry.h"

static struct bmi_handle *handles;
static nvs_handle_t last_id; /* ids count up and are not used again */

struct bmi_handle *bmi_handle_find(nvs_handle_t id)
{
    struct bmi_handle *h = handles;
    while (h != NULL && h->id != id) {
        h = h->next;
    }
    return h;
}

static void close_where(const struct bmi_part *part, nvs_handle_t id)
{
    struct bmi_handle **at = &handles;
    while (*at != NULL) {
        struct bmi_handle *h = *at;
        if (h->part == part || h->id == id) {
            *at = h->next;
            free(h);
        } else {
            at = &h->next;
        }
    }
}

void bmi_handles_close(const struct bmi_part *part)
{
    close_where(part, 0);
}

void nvs_close(nvs_handle_t handle)
{
    bmi_api_lock();
    close_where(NULL, handle);
    bmi_api_unlock();
}

/* Finds the namespace; a mode that may write makes it. */
static esp_err_t find_namespace(struct bmi_part *part, const char *name, nvs_open_mode_t mode,
                                uint8_t *ns)
{
    if (mode == NVS_READONLY) {
        return bmi_esp_err(bm_nvs_namespace(&part->nvs, name, ns));
    }
    if (!bmi_region_writable(&part->info)) {
        return ESP_ERR_NOT_ALLOWED;
    }
    const int rc = bm_nvs_namespace_create(&part->nvs, name, ns);
    return rc == BM_E_ARG && name[0] == '\0' ? ESP_ERR_NVS_INVALID_NAME : bmi_esp_err(rc);
}

static esp_err_t open_in(struct bmi_part *part, const char *name, nvs_open_mode_t mode,
                         nvs_handle_t *out)
{
    uint8_t ns;
    const esp_err_t err = find_namespace(part, name, mode, &ns);
    if (err != ESP_OK) {
        return err;
    }
    struct bmi_handle *h = calloc(1, sizeof *h);
    if (h == NULL) {
        return ESP_ERR_NO_MEM;
    }
    h->part = part;
    h->mode = mode;
    h->ns = ns;
    h->id = ++last_id;
    h->next = handles;
    handles = h;
    *out = h->id;
    return ESP_OK;
}

esp_err_t nvs_open_from_partition(const char *part_name, const char *namespace_name,
                                  nvs_open_mode_t open_mode, nvs_handle_t *out_handle)
{
    if (part_name == NULL || namespace_name == NULL || out_handle == NULL ||
        (open_mode != NVS_READONLY && open_mode != NVS_READWRITE &&
         open_mode != NVS_READWRITE_PURGE)) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    struct bmi_part *part = bmi_part_mounted(part_name);
    const esp_err_t err =
        part == NULL ? bmi_part_missing() : open_in(part, namespace_name, open_mode, out_handle);
    bmi_api_unlock();
    return err;
}

esp_err_t nvs_open(const char *namespace_name, nvs_open_mode_t open_mode, nvs_handle_t *out_handle)
{
    return nvs_open_from_partition(NVS_DEFAULT_PART_NAME, namespace_name, open_mode, out_handle);
}
