/* SPDX-License-Identifier: Apache-2.0 */

/* A device and its identity, on bare metal. The first boot finds none, stores one and resets the
 * machine. Every other boot reads it back and counts itself. */

#include <stdint.h>
#include <string.h>

#include "birthmark/nvs.h"
#include "hal.h"
#include "identity.h"

enum {
    PEM_CAP = 4000,
    LOG_SIZE = 300,
    LOG_UPDATES = 70, /* 12 entries each; a partition of six pages has 756 */
    WORK_SIZE = 512   /* the minimum for six pages is 60; the rest speeds up lookups */
};

static void print_number(uint32_t value)
{
    char digits[11];
    char *p = digits + sizeof digits - 1;
    *p = '\0';
    do {
        *--p = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    hal_print(p);
}

/* A call that must not fail. */
static void must(const char *what, int rc)
{
    if (rc != BM_OK) {
        hal_print("FAIL: ");
        hal_print(what);
        hal_print(": ");
        hal_print(bm_err_text(rc));
        hal_print("\n");
        hal_exit(1);
    }
}

static void store_identity(struct bm_nvs *nvs)
{
    uint8_t certs;
    uint8_t device;
    must("certs", bm_nvs_namespace_create(nvs, "certs", &certs));
    must("certificate", bm_nvs_set_data(nvs, certs, "certificate", BM_NVS_STR, identity_certificate,
                                        strlen(identity_certificate) + 1));
    must("priv_key", bm_nvs_set_data(nvs, certs, "priv_key", BM_NVS_STR, identity_key,
                                     strlen(identity_key) + 1));
    must("device", bm_nvs_namespace_create(nvs, "device", &device));
    must("boots", bm_nvs_set_bits(nvs, device, "boots", BM_NVS_U32, 1));
    hal_print("boot 1: no identity; stored one\n");
}

/* Reads a PEM text into buf. */
static void read_text(struct bm_nvs *nvs, uint8_t ns, const char *key, char buf[PEM_CAP])
{
    size_t len = PEM_CAP;
    must(key, bm_nvs_get_data(nvs, ns, key, BM_NVS_STR, buf, &len));
}

static void read_identity(struct bm_nvs *nvs, uint8_t certs)
{
    static char certificate[PEM_CAP];
    static char key[PEM_CAP];
    read_text(nvs, certs, "certificate", certificate);
    read_text(nvs, certs, "priv_key", key);
    const int same =
        strcmp(certificate, identity_certificate) == 0 && strcmp(key, identity_key) == 0;
    hal_print(same ? "identity: the one of the first boot, byte for byte\n"
                   : "identity: given by somebody else\n");
    hal_print(certificate);
}

static void count_boot(struct bm_nvs *nvs)
{
    uint8_t device;
    uint64_t boots = 0;
    must("device", bm_nvs_namespace_create(nvs, "device", &device));
    const int rc = bm_nvs_get_bits(nvs, device, "boots", BM_NVS_U32, &boots);
    must("boots", rc == BM_E_NOENT ? BM_OK : rc);
    must("boots", bm_nvs_set_bits(nvs, device, "boots", BM_NVS_U32, boots + 1));
    hal_print("boot ");
    print_number((uint32_t)boots + 1);
    hal_print("\nPASS\n");
}

/* More updates than the partition has entries for, so that the store has to erase. */
static void keep_log(struct bm_nvs *nvs)
{
    uint8_t device;
    uint8_t lines[LOG_SIZE];
    size_t len = sizeof lines;
    must("device", bm_nvs_namespace_create(nvs, "device", &device));
    for (unsigned i = 1; i <= LOG_UPDATES; i++) {
        memset(lines, (int)i, sizeof lines);
        must("log", bm_nvs_set_data(nvs, device, "log", BM_NVS_BLOB, lines, sizeof lines));
    }
    memset(lines, 0, sizeof lines);
    must("log", bm_nvs_get_data(nvs, device, "log", BM_NVS_BLOB, lines, &len));
    must("log", len == sizeof lines && lines[0] == LOG_UPDATES ? BM_OK : BM_E_CORRUPT);
}

int main(void)
{
    static uint32_t work[WORK_SIZE / sizeof(uint32_t)];
    struct bm_flash flash;
    struct bm_nvs nvs;
    uint8_t certs;
    hal_flash(&flash);
    const struct bm_nvs_config config = {
        .flash = &flash, .work = work, .work_len = sizeof work, .writable = 1};
    must("mount", bm_nvs_mount_with(&nvs, &config, NULL));
    const int rc = bm_nvs_namespace(&nvs, "certs", &certs);
    if (rc == BM_E_NOENT) {
        store_identity(&nvs);
        hal_reset();
    }
    must("certs", rc);
    keep_log(&nvs);
    read_identity(&nvs, certs);
    count_boot(&nvs);
    bm_nvs_unmount(&nvs);
    return 0;
}
