/* SPDX-License-Identifier: Apache-2.0 */
/* NVS encryption: the two implementations against each other and against known bytes, key
 * partitions, and the store on encrypted flash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/le.h"
#include "birthmark/nvs_crypto.h"
#include "harness/image.h"
#include "nvs/fmt.h"
#include "nvs/keypart.h"

static const struct bm_nvs_crypto_ops *const ops = &bm_nvs_crypto_openssl;

static uint32_t seed;

static uint32_t draw(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static void draw_bytes(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)draw();
    }
}

static int read_seed(void **state)
{
    const char *given = getenv("BM_SEED");
    (void)state;
    seed = given != NULL ? (uint32_t)strtoul(given, NULL, 0) : 20261122u;
    printf("BM_SEED=%u\n", seed);
    return 0;
}

/* XTS-AES-256 vector 10 of IEEE 1619-2007 (its keys; the first entry of data unit ff). */
static void known_answer(void **unused)
{
    static const uint8_t keys[BM_NVS_KEYS_SIZE] = {
        0x27, 0x18, 0x28, 0x18, 0x28, 0x45, 0x90, 0x45, 0x23, 0x53, 0x60, 0x28, 0x74,
        0x71, 0x35, 0x26, 0x62, 0x49, 0x77, 0x57, 0x24, 0x70, 0x93, 0x69, 0x99, 0x59,
        0x57, 0x49, 0x66, 0x96, 0x76, 0x27, 0x31, 0x41, 0x59, 0x26, 0x53, 0x58, 0x97,
        0x93, 0x23, 0x84, 0x62, 0x64, 0x33, 0x83, 0x27, 0x95, 0x02, 0x88, 0x41, 0x97,
        0x16, 0x93, 0x99, 0x37, 0x51, 0x05, 0x82, 0x09, 0x74, 0x94, 0x45, 0x92};
    static const uint8_t want[BMI_ENTRY_SIZE] = {0x1c, 0x3b, 0x3a, 0x10, 0x2f, 0x77, 0x03, 0x86,
                                                 0xe4, 0x83, 0x6c, 0x99, 0xe3, 0x70, 0xcf, 0x9b,
                                                 0xea, 0x00, 0x80, 0x3f, 0x5e, 0x48, 0x23, 0x57,
                                                 0xa4, 0xae, 0x12, 0xd4, 0x14, 0xa3, 0xe6, 0x3b};
    struct bm_nvs_crypto c;
    uint8_t data[BMI_ENTRY_SIZE];
    (void)unused;
    for (unsigned i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)i;
    }
    assert_int_equal(ops->open(&c, keys), BM_OK);
    assert_int_equal(c.encrypt(c.ctx, 0xff, data, sizeof data), BM_OK);
    assert_memory_equal(data, want, sizeof data);
    ops->close(&c);
}

/* The whole offset, lowest byte first. */
static void tweak(void **unused)
{
    static const uint8_t want[16] = {0x60, 0x34, 0x12, 0x0f};
    uint8_t got[16];
    (void)unused;
    memset(got, 0xaa, sizeof got);
    bmi_nvs_tweak(got, 0x0f123460);
    assert_memory_equal(got, want, sizeof got);
}

static void both_agree(void **unused)
{
    void *memory = malloc(bm_nvs_crypto_mbedtls_size());
    (void)unused;
    assert_non_null(memory);
    for (unsigned round = 0; round < 300; round++) {
        struct bm_nvs_crypto a;
        struct bm_nvs_crypto b;
        uint8_t keys[BM_NVS_KEYS_SIZE];
        uint8_t plain[5 * BMI_ENTRY_SIZE];
        uint8_t one[sizeof plain];
        uint8_t two[sizeof plain];
        const uint32_t len = (1 + draw() % 5) * BMI_ENTRY_SIZE;
        const uint32_t off = round == 0 ? 0xffffff00u : (draw() << 8) ^ draw();
        draw_bytes(keys, sizeof keys);
        draw_bytes(plain, sizeof plain);
        memcpy(one, plain, sizeof plain);
        memcpy(two, plain, sizeof plain);
        assert_int_equal(ops->open(&a, keys), BM_OK);
        assert_int_equal(bm_nvs_crypto_mbedtls(&b, memory, bm_nvs_crypto_mbedtls_size(), keys),
                         BM_OK);
        assert_int_equal(a.encrypt(a.ctx, off, one, len), BM_OK);
        assert_int_equal(b.encrypt(b.ctx, off, two, len), BM_OK);
        assert_memory_equal(one, two, sizeof one);
        assert_memory_not_equal(one, plain, len);
        assert_int_equal(a.decrypt(a.ctx, off, two, len), BM_OK);
        assert_int_equal(b.decrypt(b.ctx, off, one, len), BM_OK);
        assert_memory_equal(one, plain, sizeof plain);
        assert_memory_equal(two, plain, sizeof plain);
        ops->close(&a);
        bm_nvs_crypto_mbedtls_close(&b);
    }
    free(memory);
}

/* An entry's bytes depend on its place: the same again is different elsewhere. */
static void contracts(void **unused)
{
    uint8_t keys[BM_NVS_KEYS_SIZE];
    uint8_t data[2 * BMI_ENTRY_SIZE] = {0};
    const size_t len = bm_nvs_crypto_mbedtls_size();
    uint8_t *memory = malloc(len);
    struct bm_nvs_crypto c;
    (void)unused;
    assert_non_null(memory);
    memset(keys, 7, sizeof keys);
    assert_int_equal(ops->open(&c, keys), BM_E_ARG);
    assert_null(c.ctx);
    ops->close(&c);
    assert_int_equal(bm_nvs_crypto_mbedtls(&c, memory, len, keys), BM_E_ARG);
    bm_nvs_crypto_mbedtls_close(&c);
    keys[0] = 8;
    assert_int_equal(bm_nvs_crypto_mbedtls(&c, memory, len - 1, keys), BM_E_NOMEM);
    assert_int_equal(ops->open(&c, keys), BM_OK);
    assert_int_equal(c.encrypt(c.ctx, 64, data, 33), BM_E_ARG);
    assert_int_equal(c.encrypt(c.ctx, 64, data, sizeof data), BM_OK);
    assert_memory_not_equal(data, data + BMI_ENTRY_SIZE, BMI_ENTRY_SIZE);
    ops->close(&c);
    assert_null(c.ctx);

    /* what mbedTLS made of the keys is gone after closing */
    memset(memory, 0, len);
    assert_int_equal(bm_nvs_crypto_mbedtls(&c, memory, len, keys), BM_OK);
    assert_int_equal(c.decrypt(c.ctx, 64, data, 1), BM_E_ARG);
    assert_int_equal(c.decrypt(c.ctx, 64, data, sizeof data), BM_OK);
    bm_nvs_crypto_mbedtls_close(&c);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(memory[i], 0);
    }
    free(memory);
}

static void key_partitions(void **unused)
{
    uint8_t keys[BM_NVS_KEYS_SIZE];
    uint8_t got[BM_NVS_KEYS_SIZE];
    uint8_t part[2 * BM_NVS_KEYS_PARTITION];
    struct bm_diag diag = {0};
    (void)unused;
    assert_int_equal(bm_nvs_keys_generate(keys, ops), BM_OK);
    memset(part, 0xff, sizeof part);
    bm_nvs_keys_store(part, keys);
    static const size_t good[] = {64, 68, 4096, 8192};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(bm_nvs_keys_parse(got, part, good[i], NULL), BM_OK);
        assert_memory_equal(got, keys, sizeof keys);
    }
    static const size_t bad[] = {0, 1, 32, 63, 65, 67, 128, 4095, 4097};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(bm_nvs_keys_parse(got, part, bad[i], NULL), BM_E_LENGTH);
    }
    /* any byte that changes is seen; nothing is handed out then */
    for (size_t i = 0; i < BM_NVS_KEYS_STORED; i++) {
        part[i] ^= 1;
        assert_int_equal(bm_nvs_keys_parse(got, part, 4096, NULL), BM_E_CORRUPT);
        part[i] ^= 1;
        for (size_t k = 0; k < sizeof got; k++) {
            assert_int_equal(got[k], 0);
        }
    }
    memset(part, 0xff, sizeof part);
    assert_int_equal(bm_nvs_keys_parse(got, part, 4096, &diag), BM_E_NOENT);
    assert_non_null(strstr(diag.text, "no keys are in it yet"));
    assert_int_equal(bm_nvs_keys_parse(got, part, 64, NULL), BM_E_NOENT);
    memset(keys, 3, sizeof keys);
    bm_nvs_keys_store(part, keys);
    assert_int_equal(bm_nvs_keys_parse(got, part, 4096, NULL), BM_E_ARG);
    memset(part, 'a', 129);
    memset(&diag, 0, sizeof diag);
    assert_int_equal(bm_nvs_keys_parse(got, part, 129, &diag), BM_E_LENGTH);
    assert_non_null(strstr(diag.text, "hex"));
}

static int no_random(void *out, size_t len)
{
    memset(out, 1, len);
    return BM_E_IO;
}

static int stuck_random(void *out, size_t len)
{
    memset(out, 1, len);
    return BM_OK;
}

static void generators(void **unused)
{
    static const uint8_t zero[BM_NVS_KEYS_SIZE] = {0};
    struct bm_nvs_crypto_ops broken = *ops;
    uint8_t a[BM_NVS_KEYS_SIZE];
    uint8_t b[BM_NVS_KEYS_SIZE];
    (void)unused;
    assert_int_equal(bm_nvs_keys_generate(a, ops), BM_OK);
    assert_int_equal(bm_nvs_keys_generate(b, ops), BM_OK);
    assert_memory_not_equal(a, b, sizeof a);
    broken.random = no_random;
    assert_int_equal(bm_nvs_keys_generate(a, &broken), BM_E_IO);
    assert_memory_equal(a, zero, sizeof a);
    broken.random = stuck_random;
    assert_int_equal(bm_nvs_keys_generate(b, &broken), BM_E_IO);
    assert_memory_equal(b, zero, sizeof b);
}

/* What the reference generator made of a fixed eFuse key. */
static void hmac_scheme(void **unused)
{
    char path[512];
    struct test_image key;
    struct test_image want;
    uint8_t keys[BM_NVS_KEYS_SIZE];
    uint8_t part[BM_NVS_KEYS_PARTITION];
    (void)unused;
    test_shared_path(path, sizeof path, "golden/v41_key_hmac/hmac_key.bin");
    if (!test_exists(path)) {
        print_message("SKIP %s is not here\n", path);
        skip();
    }
    test_image_load(&key, path);
    test_shared_path(path, sizeof path, "golden/v41_key_hmac/expected.bin");
    test_image_load(&want, path);
    assert_int_equal(key.len, BM_NVS_HMAC_KEY_SIZE);
    assert_int_equal(bm_nvs_keys_from_hmac(keys, key.data, ops), BM_OK);
    bm_nvs_keys_store(part, keys);
    assert_int_equal(want.len, sizeof part);
    assert_memory_equal(part, want.data, sizeof part);
    test_image_free(&key);
    test_image_free(&want);
}

/* The same without the shared material: the seeds, by one HMAC over each. */
static void hmac_seeds(void **unused)
{
    static const char first[] =
        "ZZ\xbe\xaeZZ\xbe\xaeZZ\xbe\xaeZZ\xbe\xaeZZ\xbe\xaeZZ\xbe\xaeZZ\xbe\xaeZZ\xbe\xae";
    uint8_t key[BM_NVS_HMAC_KEY_SIZE];
    uint8_t keys[BM_NVS_KEYS_SIZE];
    uint8_t mac[32];
    (void)unused;
    draw_bytes(key, sizeof key);
    assert_int_equal(bm_nvs_keys_from_hmac(keys, key, ops), BM_OK);
    assert_int_equal(ops->hmac_sha256(mac, key, sizeof key, first, 32), BM_OK);
    assert_memory_equal(keys, mac, sizeof mac);
    assert_memory_not_equal(keys + 32, mac, sizeof mac);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answer),   cmocka_unit_test(tweak),
        cmocka_unit_test(both_agree),     cmocka_unit_test(contracts),
        cmocka_unit_test(key_partitions), cmocka_unit_test(generators),
        cmocka_unit_test(hmac_scheme),    cmocka_unit_test(hmac_seeds),
    };
    return cmocka_run_group_tests(tests, read_seed, NULL);
}
