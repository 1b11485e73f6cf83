/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <string.h>

#include "birthmark/nvs.h"
#include "say.h"
#include "sha256.h"

enum {
    VALUE_CAP = 4096,
    WORK_SIZE = 4096 /* 10 bytes a sector, so up to 400 of them; what is left speeds up lookups */
};

static const char *const identity_keys[] = {"certificate", "priv_key"};

static void complain(const struct chip *chip, const char *what, int rc)
{
    say(chip, what);
    say(chip, ": ");
    say(chip, bm_err_text(rc));
    say(chip, "\n");
}

static void wipe(uint8_t *data, size_t len)
{
    volatile uint8_t *p = data;
    while (len-- > 0) {
        *p++ = 0;
    }
}

/* The SHA-256 is that of the file that went in: a string's NUL does not count. */
static void show_value(const struct chip *chip, struct bm_nvs *nvs, uint8_t ns, const char *key)
{
    static uint8_t value[VALUE_CAP];
    struct bm_nvs_info info;
    struct sha256 sha256;
    uint8_t digest[32];
    size_t len = sizeof value;
    int rc = bm_nvs_find(nvs, ns, key, &info);
    if (rc == BM_OK) {
        rc = bm_nvs_get_data(nvs, ns, key, (enum bm_nvs_type)info.type, value, &len);
    }
    if (rc != BM_OK) {
        complain(chip, key, rc);
        return;
    }
    if (info.type == BM_NVS_STR && len > 0) {
        len--;
    }
    sha256_start(&sha256);
    sha256_add(&sha256, value, len);
    sha256_finish(&sha256, digest);
    say(chip, key);
    say(chip, ": ");
    say_number(chip, (uint32_t)len);
    say(chip, " bytes, SHA-256 ");
    say_hex(chip, digest, sizeof digest);
    say(chip, "\n");
    wipe(value, sizeof value);
    wipe((uint8_t *)&sha256, sizeof sha256);
}

static int show_identity(const struct chip *chip, struct bm_nvs *nvs, const struct bm_part *part)
{
    uint8_t certs;
    if (bm_nvs_namespace(nvs, "certs", &certs) != BM_OK) {
        return 0;
    }
    say(chip, "identity in ");
    say(chip, part->label);
    say(chip, "\n");
    for (unsigned i = 0; i < sizeof identity_keys / sizeof identity_keys[0]; i++) {
        show_value(chip, nvs, certs, identity_keys[i]);
    }
    return 1;
}

static int count_boot(const struct chip *chip, struct bm_nvs *nvs)
{
    uint8_t device;
    uint64_t boots = 0;
    int rc = bm_nvs_namespace_create(nvs, "device", &device);
    if (rc == BM_OK) {
        rc = bm_nvs_get_bits(nvs, device, "boots", BM_NVS_U32, &boots);
    }
    if (rc == BM_OK || rc == BM_E_NOENT) {
        rc = bm_nvs_set_bits(nvs, device, "boots", BM_NVS_U32, boots + 1);
    }
    if (rc != BM_OK) {
        complain(chip, "boots", rc);
        return 0;
    }
    say(chip, "boot ");
    say_number(chip, (uint32_t)boots + 1);
    say(chip, "\n");
    return 1;
}

int identity_show(const struct chip *chip, const struct bm_part_table *table)
{
    static uint32_t work[WORK_SIZE / sizeof(uint32_t)];
    int shown = 0;
    int counted = 0;
    for (unsigned i = 0; i < table->count; i++) {
        const struct bm_part *part = &table->part[i];
        struct bm_flash flash;
        struct bm_flash_window window;
        struct bm_nvs nvs;
        if (part->type != BM_PART_DATA || part->subtype != BM_PART_DATA_NVS) {
            continue;
        }
        int rc = bm_part_region(&flash, &window, &chip->flash, part);
        const struct bm_nvs_config config = {.flash = &flash,
                                             .work = work,
                                             .work_len = sizeof work,
                                             .writable = (part->flags & BM_PART_READONLY) == 0};
        if (rc == BM_OK) {
            rc = bm_nvs_mount_with(&nvs, &config, NULL);
        }
        if (rc != BM_OK) {
            complain(chip, part->label, rc);
            continue;
        }
        shown = shown || show_identity(chip, &nvs, part);
        counted = counted || (config.writable && count_boot(chip, &nvs));
        bm_nvs_unmount(&nvs);
    }
    if (!shown) {
        say(chip, "no identity: no NVS partition has the namespace certs\n");
    }
    return counted;
}
