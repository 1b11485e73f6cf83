/* SPDX-License-Identifier: Apache-2.0 */

/* Encryption through ESP-IDF's API: keys partitions, the HMAC scheme, wrong keys. With a toy cipher
 * that counts, and with the real one against images of the reference generator. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "birthmark/espidf.h"
#include "birthmark/nvs_crypto.h"
#include "harness/image.h"
#include "nvs_sec_provider.h"

enum { PAGE = 4096, PAGES = 4 };

static uint8_t mem[PAGES * PAGE];
static uint8_t keys_mem[PAGE];
static struct bm_flash flash;
static struct bm_flash keys_flash;
static struct bm_flash_ram ram;
static struct bm_flash_ram keys_ram;
static int open_ciphers;
static int refuse; /* the next call into the toy fails */
static uint8_t counter;

static int toy_random(void *out, size_t len)
{
    uint8_t *to = out;
    for (size_t i = 0; i < len; i++) {
        to[i] = counter++;
    }
    return refuse ? BM_E_IO : BM_OK;
}

static int toy_hmac(uint8_t out[32], const void *key, size_t key_len, const void *data, size_t len)
{
    const uint8_t *k = key;
    const uint8_t *d = data;
    for (size_t i = 0; i < 32; i++) {
        out[i] = (uint8_t)(k[i % key_len] ^ d[i % len]);
    }
    return refuse ? BM_E_NOMEM : BM_OK;
}

static int toy_cipher(void *ctx, uint32_t off, uint8_t *data, uint32_t len)
{
    const uint8_t *keys = ctx;
    for (uint32_t i = 0; i < len; i++) {
        data[i] ^= (uint8_t)(keys[i % 64] + (off + i) / 32);
    }
    return BM_OK;
}

static int toy_open(struct bm_nvs_crypto *out, const uint8_t keys[BM_NVS_KEYS_SIZE])
{
    if (memcmp(keys, keys + 32, 32) == 0) {
        return BM_E_ARG;
    }
    out->ctx = malloc(BM_NVS_KEYS_SIZE);
    if (out->ctx == NULL) {
        return BM_E_NOMEM;
    }
    memcpy(out->ctx, keys, BM_NVS_KEYS_SIZE);
    out->encrypt = toy_cipher;
    out->decrypt = toy_cipher;
    open_ciphers++;
    return BM_OK;
}

static void toy_close(struct bm_nvs_crypto *crypto)
{
    free(crypto->ctx);
    memset(crypto, 0, sizeof *crypto);
    open_ciphers--;
}

static const struct bm_nvs_crypto_ops toy = {toy_random, toy_hmac, toy_open, toy_close};

static int attach(void **state)
{
    (void)state;
    memset(mem, 0xff, sizeof mem);
    memset(keys_mem, 0xff, sizeof keys_mem);
    assert_int_equal(bm_flash_ram_init(&flash, &ram, mem, sizeof mem), BM_OK);
    assert_int_equal(bm_flash_ram_init(&keys_flash, &keys_ram, keys_mem, sizeof keys_mem), BM_OK);
    assert_int_equal(bm_espidf_attach_flash("nvs", &flash), BM_OK);
    assert_int_equal(bm_espidf_attach_flash("nvs_keys", &keys_flash), BM_OK);
    bm_espidf_set_crypto(&toy);
    return 0;
}

static int detach(void **state)
{
    (void)state;
    assert_int_equal(bm_espidf_detach("nvs"), BM_OK);
    assert_int_equal(bm_espidf_detach("nvs_keys"), BM_OK);
    bm_espidf_set_crypto(NULL);
    assert_int_equal(open_ciphers, 0);
    return 0;
}

static const esp_partition_t *keys_partition(void)
{
    return esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS_KEYS,
                                    NULL);
}

static void fill(nvs_handle_t h)
{
    char key[16];
    for (uint32_t i = 0; i < 20; i++) {
        (void)snprintf(key, sizeof key, "key%u", (unsigned)i);
        assert_int_equal(nvs_set_u32(h, key, i), ESP_OK);
    }
    assert_int_equal(nvs_set_str(h, "text", "plain text"), ESP_OK);
}

static void check(void)
{
    char key[16];
    char text[16];
    size_t len = sizeof text;
    nvs_handle_t h = 0;
    assert_int_equal(nvs_open("app", NVS_READWRITE, &h), ESP_OK);
    for (uint32_t i = 0; i < 20; i++) {
        uint32_t v = 99;
        (void)snprintf(key, sizeof key, "key%u", (unsigned)i);
        assert_true(nvs_get_u32(h, key, &v) == ESP_OK && v == i);
    }
    assert_int_equal(nvs_get_str(h, "text", text, &len), ESP_OK);
    assert_string_equal(text, "plain text");
    nvs_close(h);
}

static int in_flash(const char *text)
{
    const size_t len = strlen(text);
    for (size_t i = 0; i + len <= sizeof mem; i++) {
        if (memcmp(mem + i, text, len) == 0) {
            return 1;
        }
    }
    return 0;
}

static void test_keys_partition(void **state)
{
    (void)state;
    const esp_partition_t *part = keys_partition();
    nvs_sec_cfg_t made;
    nvs_sec_cfg_t seen;
    assert_non_null(part);
    assert_string_equal(part->label, "nvs_keys");
    assert_int_equal(nvs_flash_read_security_cfg(part, &seen), ESP_ERR_NVS_KEYS_NOT_INITIALIZED);
    assert_int_equal(nvs_flash_generate_keys(part, &made), ESP_OK);
    assert_int_equal(nvs_flash_read_security_cfg(part, &seen), ESP_OK);
    assert_memory_equal(&made, &seen, sizeof made);
    assert_memory_equal(keys_mem, made.eky, sizeof made.eky);
    assert_int_equal(keys_mem[68], 0xff);
    keys_mem[5] ^= 1;
    assert_int_equal(nvs_flash_read_security_cfg(part, &seen), ESP_ERR_NVS_CORRUPT_KEY_PART);
    keys_ram.fail_read = (uint32_t)keys_ram.reads + 1;
    assert_int_equal(nvs_flash_read_security_cfg(part, &seen), ESP_ERR_FLASH_OP_FAIL);
    assert_int_equal(nvs_flash_read_security_cfg(NULL, &seen), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_flash_read_security_cfg(part, NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_flash_generate_keys(NULL, &seen), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_flash_generate_keys(part, NULL), ESP_ERR_INVALID_ARG);
}

/* Keys are made before the old ones are erased, and proven to be stored. */
static void test_generating_fails(void **state)
{
    (void)state;
    const esp_partition_t *part = keys_partition();
    esp_partition_t other = *part;
    nvs_sec_cfg_t made;
    nvs_sec_cfg_t seen;
    assert_int_equal(nvs_flash_generate_keys(part, &made), ESP_OK);
    refuse = 1;
    assert_int_equal(nvs_flash_generate_keys(part, &seen), ESP_FAIL);
    refuse = 0;
    bm_espidf_set_crypto(NULL);
    assert_int_equal(nvs_flash_generate_keys(part, &seen), ESP_ERR_NVS_ENCR_NOT_SUPPORTED);
    bm_espidf_set_crypto(&toy);
    other.readonly = true;
    assert_int_equal(nvs_flash_generate_keys(&other, &seen), ESP_ERR_NOT_ALLOWED);
    other.readonly = false;
    other.size = 64;
    assert_int_equal(nvs_flash_generate_keys(&other, &seen), ESP_ERR_INVALID_SIZE);
    assert_int_equal(nvs_flash_read_security_cfg(&other, &seen), ESP_ERR_INVALID_SIZE);
    assert_int_equal(nvs_flash_read_security_cfg(part, &seen), ESP_OK);
    assert_memory_equal(&made, &seen, sizeof made);
    keys_ram.fail_at = keys_ram.ops + 2;
    assert_int_equal(nvs_flash_generate_keys(part, &seen), ESP_ERR_FLASH_OP_FAIL);
}

/* The real library erases and zeroes the whole partition here, and says ESP_OK. */
static void test_wrong_keys_touch_nothing(void **state)
{
    (void)state;
    static uint8_t before[sizeof mem];
    nvs_sec_cfg_t right = {{1, 2, 3}, {4, 5, 6}};
    nvs_sec_cfg_t wrong = {{1, 2, 4}, {9, 5, 6}};
    nvs_sec_cfg_t equal = {{7}, {7}};
    nvs_handle_t h = 0;
    assert_int_equal(nvs_flash_secure_init(&right), ESP_OK);
    assert_int_equal(nvs_flash_secure_init(&right), ESP_OK);
    assert_int_equal(nvs_open("app", NVS_READWRITE, &h), ESP_OK);
    fill(h);
    check();
    assert_false(in_flash("plain text"));
    assert_int_equal(nvs_flash_deinit(), ESP_OK);
    memcpy(before, mem, sizeof mem);
    assert_int_equal(nvs_flash_secure_init(&wrong), ESP_ERR_NVS_WRONG_ENCRYPTION);
    assert_int_equal(nvs_flash_secure_init(NULL), ESP_ERR_NVS_WRONG_ENCRYPTION);
    assert_int_equal(nvs_flash_init(), ESP_ERR_NVS_WRONG_ENCRYPTION);
    assert_int_equal(nvs_flash_secure_init(&equal), ESP_ERR_NVS_XTS_CFG_FAILED);
    assert_int_equal(nvs_open("app", NVS_READONLY, &h), ESP_ERR_NVS_NOT_INITIALIZED);
    assert_memory_equal(before, mem, sizeof mem);
    assert_int_equal(nvs_flash_secure_init_partition("nvs", &right), ESP_OK);
    check();
    assert_int_equal(nvs_flash_erase(), ESP_OK);
    assert_int_equal(open_ciphers, 0);
    assert_int_equal(nvs_flash_secure_init_partition("absent", &right), ESP_ERR_NOT_FOUND);
    assert_int_equal(nvs_flash_secure_init_partition(NULL, &right), ESP_ERR_INVALID_ARG);
    bm_espidf_set_crypto(NULL);
    assert_int_equal(nvs_flash_secure_init(&right), ESP_ERR_NVS_ENCR_NOT_SUPPORTED);
    assert_int_equal(nvs_flash_secure_init(NULL), ESP_OK);
}

/* Keys on a plain partition: not taken for rubbish either. */
static void test_keys_for_a_plain_partition(void **state)
{
    (void)state;
    nvs_sec_cfg_t keys = {{1}, {2}};
    nvs_handle_t h = 0;
    assert_int_equal(nvs_flash_init(), ESP_OK);
    assert_int_equal(nvs_open("app", NVS_READWRITE, &h), ESP_OK);
    fill(h);
    assert_int_equal(nvs_flash_deinit(), ESP_OK);
    assert_int_equal(nvs_flash_secure_init(&keys), ESP_ERR_NVS_WRONG_ENCRYPTION);
    assert_int_equal(nvs_flash_init(), ESP_OK);
    check();
}

static void test_flash_enc_scheme(void **state)
{
    (void)state;
    const nvs_sec_config_flash_enc_t config = NVS_SEC_PROVIDER_CFG_FLASH_ENC_DEFAULT();
    const nvs_sec_config_flash_enc_t nowhere = {NULL};
    nvs_sec_scheme_t *handle = NULL;
    nvs_handle_t h = 0;
    assert_null(nvs_flash_get_default_security_scheme());
    assert_int_equal(nvs_sec_provider_register_flash_enc(NULL, &handle), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_sec_provider_register_flash_enc(&config, NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_sec_provider_register_flash_enc(&config, &handle), ESP_OK);
    assert_int_equal(nvs_flash_get_default_security_scheme()->scheme_id, NVS_SEC_SCHEME_FLASH_ENC);
    assert_int_equal(nvs_flash_init(), ESP_OK); /* makes the keys */
    assert_int_equal(nvs_open("app", NVS_READWRITE, &h), ESP_OK);
    fill(h);
    assert_int_equal(nvs_flash_deinit(), ESP_OK);
    assert_int_equal(nvs_flash_init(), ESP_OK); /* reads them */
    check();
    assert_int_equal(nvs_flash_deinit(), ESP_OK);
    keys_mem[0] ^= 1;
    assert_int_equal(nvs_flash_init(), ESP_ERR_NVS_CORRUPT_KEY_PART);
    keys_mem[0] ^= 1;
    assert_int_equal(nvs_sec_provider_deregister(handle), ESP_OK);
    assert_null(nvs_flash_get_default_security_scheme());
    assert_int_equal(nvs_flash_init(), ESP_ERR_NVS_WRONG_ENCRYPTION); /* plain again */
    assert_int_equal(nvs_sec_provider_register_flash_enc(&nowhere, &handle), ESP_OK);
    assert_int_equal(nvs_flash_init(), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_sec_provider_deregister(handle), ESP_OK);
    assert_int_equal(nvs_sec_provider_deregister(NULL), ESP_ERR_INVALID_ARG);
}

static void test_hmac_scheme(void **state)
{
    (void)state;
    const nvs_sec_config_hmac_t config = NVS_SEC_PROVIDER_CFG_HMAC_DEFAULT();
    const nvs_sec_config_hmac_t wrong = {HMAC_KEY_MAX};
    const uint8_t key[32] = {1, 2, 3};
    nvs_sec_scheme_t *handle = NULL;
    nvs_handle_t h = 0;
    nvs_sec_cfg_t cfg;
    assert_int_equal(bm_espidf_set_hmac_key(6, key), BM_E_ARG);
    assert_int_equal(nvs_sec_provider_register_hmac(NULL, &handle), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_sec_provider_register_hmac(&config, NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_sec_provider_register_hmac(&config, &handle), ESP_OK);
    assert_int_equal(nvs_flash_read_security_cfg_v2(handle, &cfg),
                     ESP_ERR_NVS_SEC_HMAC_KEY_NOT_FOUND);
    assert_int_equal(nvs_flash_init(), ESP_ERR_NVS_SEC_HMAC_KEY_GENERATION_FAILED);
    assert_int_equal(bm_espidf_set_hmac_key(0, key), BM_OK);
    assert_int_equal(nvs_flash_init(), ESP_OK);
    assert_int_equal(nvs_open("app", NVS_READWRITE, &h), ESP_OK);
    fill(h);
    assert_int_equal(nvs_flash_deinit(), ESP_OK);
    assert_int_equal(nvs_flash_generate_keys_v2(handle, &cfg), ESP_OK); /* the same again */
    assert_int_equal(nvs_flash_secure_init(&cfg), ESP_OK);
    check();
    refuse = 1;
    assert_int_equal(nvs_flash_read_security_cfg_v2(handle, &cfg),
                     ESP_ERR_NVS_SEC_HMAC_XTS_KEYS_DERIV_FAILED);
    refuse = 0;
    bm_espidf_set_crypto(NULL);
    assert_int_equal(nvs_flash_read_security_cfg_v2(handle, &cfg), ESP_ERR_NVS_ENCR_NOT_SUPPORTED);
    assert_int_equal(nvs_sec_provider_deregister(handle), ESP_OK);
    assert_int_equal(nvs_sec_provider_register_hmac(&wrong, &handle), ESP_OK);
    assert_int_equal(nvs_flash_init(), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_sec_provider_deregister(handle), ESP_OK);
    assert_int_equal(bm_espidf_set_hmac_key(0, NULL), BM_OK);
}

static esp_err_t own_keys(const void *data, nvs_sec_cfg_t *cfg)
{
    memset(cfg, 0, sizeof *cfg);
    cfg->eky[0] = *(const uint8_t *)data;
    return ESP_OK;
}

static void test_own_scheme(void **state)
{
    (void)state;
    uint8_t data = 5;
    nvs_sec_scheme_t scheme = {42, &data, own_keys, NULL};
    nvs_sec_cfg_t cfg;
    assert_int_equal(nvs_flash_register_security_scheme(NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_flash_register_security_scheme(&scheme), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_flash_read_security_cfg_v2(&scheme, &cfg), ESP_ERR_INVALID_ARG);
    scheme.nvs_flash_read_cfg = own_keys;
    assert_int_equal(nvs_flash_generate_keys_v2(NULL, &cfg), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_flash_generate_keys_v2(&scheme, NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_flash_read_security_cfg_v2(NULL, &cfg), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_flash_read_security_cfg_v2(&scheme, NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_flash_register_security_scheme(&scheme), ESP_OK);
    assert_int_equal(nvs_flash_get_default_security_scheme()->scheme_id, 42);
    assert_int_equal(nvs_flash_init(), ESP_OK);
    assert_int_equal(open_ciphers, 1);
    assert_int_equal(nvs_flash_deinit(), ESP_OK);
    nvs_sec_scheme_t *handle = malloc(sizeof *handle);
    assert_non_null(handle);
    *handle = scheme; /* taking back another scheme leaves this one */
    handle->scheme_data = malloc(1);
    assert_int_equal(nvs_sec_provider_deregister(handle), ESP_OK);
    assert_non_null(nvs_flash_get_default_security_scheme());
    nvs_sec_scheme_t *last = NULL;
    const nvs_sec_config_hmac_t hmac = NVS_SEC_PROVIDER_CFG_HMAC_DEFAULT();
    assert_int_equal(nvs_sec_provider_register_hmac(&hmac, &last), ESP_OK);
    assert_int_equal(nvs_sec_provider_deregister(last), ESP_OK);
    assert_null(nvs_flash_get_default_security_scheme());
}

static void load(const char *name, void *out, size_t size)
{
    char path[1024];
    test_shared_path(path, sizeof path, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(out, 1, size, f), size);
    (void)fclose(f);
}

/* An image that the reference generator encrypted; the keys that it derived. */
static void test_reference_images(void **state)
{
    (void)state;
    char path[1024];
    uint8_t hmac_key[32];
    nvs_sec_cfg_t cfg;
    nvs_sec_cfg_t derived;
    nvs_handle_t h = 0;
    size_t len = 0;
    test_shared_path(path, sizeof path, "golden/v05_seed_encrypted/expected.bin");
    if (!test_exists(path)) {
        skip();
    }
    bm_espidf_set_crypto(&bm_nvs_crypto_openssl);
    load("golden/v05_seed_encrypted/nvs_key.bin", keys_mem, sizeof keys_mem);
    assert_int_equal(nvs_flash_read_security_cfg(keys_partition(), &cfg), ESP_OK);
    assert_int_equal(bm_espidf_attach_readonly("golden", path), BM_OK);
    assert_int_equal(nvs_flash_init_partition("golden"), ESP_ERR_NVS_WRONG_ENCRYPTION);
    assert_int_equal(nvs_flash_secure_init_partition("golden", &cfg), ESP_OK);
    assert_int_equal(nvs_open_from_partition("golden", "certs", NVS_READONLY, &h), ESP_OK);
    assert_int_equal(nvs_get_str(h, "certificate", NULL, &len), ESP_OK);
    assert_true(len > 1000);
    assert_int_equal(bm_espidf_detach("golden"), BM_OK);

    load("golden/v41_key_hmac/hmac_key.bin", hmac_key, sizeof hmac_key);
    load("golden/v41_key_hmac/expected.bin", keys_mem, sizeof keys_mem);
    const nvs_sec_config_hmac_t config = {HMAC_KEY5};
    nvs_sec_scheme_t *handle = NULL;
    assert_int_equal(bm_espidf_set_hmac_key(5, hmac_key), BM_OK);
    assert_int_equal(nvs_sec_provider_register_hmac(&config, &handle), ESP_OK);
    assert_int_equal(nvs_flash_read_security_cfg_v2(handle, &derived), ESP_OK);
    assert_int_equal(nvs_flash_read_security_cfg(keys_partition(), &cfg), ESP_OK);
    assert_memory_equal(&derived, &cfg, sizeof cfg);
    assert_int_equal(nvs_sec_provider_deregister(handle), ESP_OK);
    assert_int_equal(bm_espidf_set_hmac_key(5, NULL), BM_OK);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, attach, detach)
    const struct CMUnitTest tests[] = {
        CASE(test_keys_partition),
        CASE(test_generating_fails),
        CASE(test_wrong_keys_touch_nothing),
        CASE(test_keys_for_a_plain_partition),
        CASE(test_flash_enc_scheme),
        CASE(test_hmac_scheme),
        CASE(test_own_scheme),
        CASE(test_reference_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
