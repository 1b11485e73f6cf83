/* SPDX-License-Identifier: Apache-2.0 */
/* The store on encrypted flash: right keys, wrong keys, none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "birthmark/nvs_crypto.h"
#include "harness/image.h"
#include "image/seal.h"
#include "nvs/fmt.h"

enum { PAGES = 5, SIZE = PAGES * BMI_PAGE_SIZE, BLOB = 4500 };

/* Flash in memory with a mount on it. */
struct rig {
    uint8_t mem[SIZE];
    struct bm_flash flash;
    struct bm_flash_ram ram;
    struct bm_nvs nvs;
    struct bm_nvs_crypto crypto;
    uint8_t keys[BM_NVS_KEYS_SIZE];
    uint32_t work[1024];
};

static int mount(struct rig *r, const struct bm_nvs_crypto *crypto, int writable)
{
    const struct bm_nvs_config config = {.flash = &r->flash,
                                         .work = r->work,
                                         .work_len = sizeof r->work,
                                         .writable = writable,
                                         .crypto = crypto};
    return bm_nvs_mount_with(&r->nvs, &config, NULL);
}

static int setup(void **state)
{
    struct rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    memset(r->mem, 0xff, sizeof r->mem);
    assert_int_equal(bm_flash_ram_init(&r->flash, &r->ram, r->mem, sizeof r->mem), BM_OK);
    for (unsigned i = 0; i < sizeof r->keys; i++) {
        r->keys[i] = (uint8_t)(i * 5 + 1);
    }
    assert_int_equal(bm_nvs_crypto_openssl.open(&r->crypto, r->keys), BM_OK);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    bm_nvs_unmount(&r->nvs);
    bm_nvs_crypto_openssl.close(&r->crypto);
    free(r);
    return 0;
}

static void other_keys(const struct rig *r, struct bm_nvs_crypto *out)
{
    uint8_t keys[BM_NVS_KEYS_SIZE];
    memcpy(keys, r->keys, sizeof keys);
    keys[63] ^= 1; /* of the tweak key: the smallest difference there is */
    assert_int_equal(bm_nvs_crypto_openssl.open(out, keys), BM_OK);
}

static void fill_blob(uint8_t blob[BLOB], unsigned version)
{
    for (unsigned i = 0; i < BLOB; i++) {
        blob[i] = (uint8_t)(i * 7 + version);
    }
}

/* One of each kind, in its n-th version. */
static void write_all(struct rig *r, unsigned n)
{
    static uint8_t blob[BLOB];
    char text[64];
    uint8_t ones[100];
    uint8_t ns;
    fill_blob(blob, n);
    memset(ones, n % 2 ? 0xff : 0x00, sizeof ones);
    (void)snprintf(text, sizeof text, "a string that is number %u of its kind", n);
    assert_int_equal(bm_nvs_namespace_create(&r->nvs, "certs", &ns), BM_OK);
    assert_int_equal(bm_nvs_set_bits(&r->nvs, ns, "count", BM_NVS_U32, n), BM_OK);
    assert_int_equal(bm_nvs_set_data(&r->nvs, ns, "text", BM_NVS_STR, text, strlen(text) + 1),
                     BM_OK);
    assert_int_equal(bm_nvs_set_data(&r->nvs, ns, "blob", BM_NVS_BLOB, blob, BLOB), BM_OK);
    assert_int_equal(bm_nvs_set_data(&r->nvs, ns, "ones", BM_NVS_BLOB, ones, sizeof ones), BM_OK);
}

static void expect_all(struct rig *r, unsigned n)
{
    static uint8_t blob[BLOB];
    static uint8_t want[BLOB];
    char text[64];
    char want_text[64];
    uint64_t bits = 0;
    uint8_t ns;
    size_t len = sizeof text;
    (void)snprintf(want_text, sizeof want_text, "a string that is number %u of its kind", n);
    assert_int_equal(bm_nvs_namespace(&r->nvs, "certs", &ns), BM_OK);
    assert_int_equal(bm_nvs_get_bits(&r->nvs, ns, "count", BM_NVS_U32, &bits), BM_OK);
    assert_int_equal(bits, n);
    assert_int_equal(bm_nvs_get_data(&r->nvs, ns, "text", BM_NVS_STR, text, &len), BM_OK);
    assert_string_equal(text, want_text);
    len = sizeof blob;
    fill_blob(want, n);
    assert_int_equal(bm_nvs_get_data(&r->nvs, ns, "blob", BM_NVS_BLOB, blob, &len), BM_OK);
    assert_int_equal(len, BLOB);
    assert_memory_equal(blob, want, BLOB);
    len = sizeof blob;
    memset(want, n % 2 ? 0xff : 0x00, 100);
    assert_int_equal(bm_nvs_get_data(&r->nvs, ns, "ones", BM_NVS_BLOB, blob, &len), BM_OK);
    assert_int_equal(len, 100);
    assert_memory_equal(blob, want, 100);
}

/* No mount that is wrong about the keys gets anywhere, and none writes. */
static void expect_locked(struct rig *r, const struct bm_nvs_crypto *crypto)
{
    const uint64_t ops = r->ram.ops;
    assert_int_equal(mount(r, crypto, 0), BM_E_KEYS);
    assert_int_equal(mount(r, crypto, 1), BM_E_KEYS);
    assert_true(r->ram.ops == ops);
}

/* Updates through many garbage collections; every few rounds all again from flash. */
static void round_trip(void **state)
{
    struct rig *r = *state;
    struct bm_nvs_crypto wrong;
    assert_int_equal(mount(r, &r->crypto, 1), BM_OK);
    for (unsigned n = 1; n <= 40; n++) {
        write_all(r, n);
        expect_all(r, n);
        if (n % 8 == 0) {
            bm_nvs_unmount(&r->nvs);
            assert_int_equal(mount(r, &r->crypto, 1), BM_OK);
            expect_all(r, n);
        }
    }
    assert_true(r->ram.erases > PAGES);
    bm_nvs_unmount(&r->nvs);
    other_keys(r, &wrong);
    expect_locked(r, &wrong);
    expect_locked(r, NULL);
    bm_nvs_crypto_openssl.close(&wrong);
    assert_int_equal(mount(r, &r->crypto, 0), BM_OK);
    expect_all(r, 40);
}

/* Nothing of a value or a key is in flash in the clear. */
static int in_flash(const struct rig *r, const char *text)
{
    const size_t len = strlen(text);
    for (size_t i = 0; i + len <= sizeof r->mem; i++) {
        if (memcmp(r->mem + i, text, len) == 0) {
            return 1;
        }
    }
    return 0;
}

static void nothing_in_the_clear(void **state)
{
    struct rig *r = *state;
    assert_int_equal(mount(r, &r->crypto, 1), BM_OK);
    write_all(r, 1);
    write_all(r, 2);
    assert_false(in_flash(r, "certs"));
    assert_false(in_flash(r, "number"));
    bm_nvs_unmount(&r->nvs);
    /* decrypted as a whole it is all there: the image's side and the store's agree */
    assert_int_equal(bm_seal_decrypt(r->mem, sizeof r->mem, &r->crypto), BM_OK);
    assert_true(in_flash(r, "certs"));
    assert_true(in_flash(r, "number 2 of"));
    assert_int_equal(mount(r, NULL, 0), BM_OK);
    expect_all(r, 2);
    bm_nvs_unmount(&r->nvs);
    /* keys for a plain partition: they do not fit it */
    expect_locked(r, &r->crypto);
}

/* A namespace and one number are enough to see that keys are wrong. */
static void few_entries(void **state)
{
    struct rig *r = *state;
    struct bm_nvs_crypto wrong;
    uint8_t ns;
    other_keys(r, &wrong);
    assert_int_equal(mount(r, &r->crypto, 1), BM_OK);
    assert_int_equal(bm_nvs_namespace_create(&r->nvs, "a", &ns), BM_OK);
    bm_nvs_unmount(&r->nvs);
    for (unsigned i = 0; i < 5; i++) {
        const char key[2] = {(char)('a' + i), '\0'};
        expect_locked(r, &wrong);
        expect_locked(r, NULL);
        assert_int_equal(mount(r, &r->crypto, 1), BM_OK);
        assert_int_equal(bm_nvs_set_bits(&r->nvs, ns, key, BM_NVS_U8, i), BM_OK);
        bm_nvs_unmount(&r->nvs);
    }
    bm_nvs_crypto_openssl.close(&wrong);
}

/* A plain partition given keys: the same, down to one entry. */
static void keys_for_plain(void **state)
{
    struct rig *r = *state;
    uint8_t ns;
    assert_int_equal(mount(r, NULL, 1), BM_OK);
    assert_int_equal(bm_nvs_namespace_create(&r->nvs, "a", &ns), BM_OK);
    bm_nvs_unmount(&r->nvs);
    expect_locked(r, &r->crypto);
    assert_int_equal(mount(r, NULL, 0), BM_OK);
    assert_int_equal(bm_nvs_namespace(&r->nvs, "a", &ns), BM_OK);
}

/* One life of a device: first writes on blank flash, until they are done or the power fails. */
static void first_writes(struct rig *r, const struct bm_nvs_crypto *crypto)
{
    uint8_t ns;
    if (mount(r, crypto, 1) == BM_OK && bm_nvs_namespace_create(&r->nvs, "a", &ns) == BM_OK &&
        bm_nvs_set_bits(&r->nvs, ns, "k", BM_NVS_U8, 1) == BM_OK &&
        bm_nvs_set_data(&r->nvs, ns, "s", BM_NVS_STR, "some text", 10) == BM_OK) {
        (void)bm_nvs_set_bits(&r->nvs, ns, "k", BM_NVS_U8, 2);
    }
    bm_nvs_unmount(&r->nvs);
}

/* Half-written first entries must not look like another's encryption: the right keys go on fitting.
 */
static void cut_at_the_start(void **state)
{
    struct rig *r = *state;
    for (unsigned round = 0; round < 2 * BM_TEAR_COUNT; round++) {
        const struct bm_nvs_crypto *crypto = round % 2 != 0 ? &r->crypto : NULL;
        for (unsigned cut = 1; cut <= 20; cut++) {
            uint64_t bits = 0;
            uint8_t ns;
            memset(r->mem, 0xff, sizeof r->mem);
            r->ram.ops = 0;
            r->ram.cut_at = cut;
            r->ram.tear = (enum bm_flash_tear)(round / 2);
            first_writes(r, crypto);
            r->ram.dead = 0;
            r->ram.cut_at = 0;
            assert_int_equal(mount(r, crypto, 1), BM_OK);
            assert_int_equal(bm_nvs_namespace_create(&r->nvs, "a", &ns), BM_OK);
            assert_int_equal(bm_nvs_set_bits(&r->nvs, ns, "k", BM_NVS_U8, 3), BM_OK);
            bm_nvs_unmount(&r->nvs);
            assert_int_equal(mount(r, crypto, 0), BM_OK);
            assert_int_equal(bm_nvs_get_bits(&r->nvs, ns, "k", BM_NVS_U8, &bits), BM_OK);
            assert_int_equal(bits, 3);
            bm_nvs_unmount(&r->nvs);
        }
    }
}

/* Blank flash takes any keys, and damage that is not encryption is not taken for it. */
static void blank_and_damaged(void **state)
{
    struct rig *r = *state;
    uint8_t ns;
    assert_int_equal(mount(r, NULL, 1), BM_OK);
    bm_nvs_unmount(&r->nvs);
    assert_int_equal(mount(r, &r->crypto, 1), BM_OK);
    bm_nvs_unmount(&r->nvs);
    assert_int_equal(mount(r, NULL, 1), BM_OK);
    assert_int_equal(bm_nvs_namespace_create(&r->nvs, "a", &ns), BM_OK);
    bm_nvs_unmount(&r->nvs);
    r->mem[BMI_OFF_ENTRIES + BMI_EN_DATA] ^= 0x10; /* the only entry, one bit of it */
    assert_int_equal(mount(r, NULL, 1), BM_OK);
    assert_int_equal(bm_nvs_namespace(&r->nvs, "a", &ns), BM_E_NOENT);
}

/* Purging leaves zeros in flash, which are no entries to anybody. */
static void purged(void **state)
{
    struct rig *r = *state;
    static const uint8_t zeros[BMI_ENTRY_SIZE] = {0};
    uint8_t ns;
    size_t count = 0;
    assert_int_equal(mount(r, &r->crypto, 1), BM_OK);
    bm_nvs_set_purge(&r->nvs, 1);
    write_all(r, 1);
    assert_int_equal(bm_nvs_namespace(&r->nvs, "certs", &ns), BM_OK);
    assert_int_equal(bm_nvs_erase_key(&r->nvs, ns, "text"), BM_OK);
    bm_nvs_unmount(&r->nvs);
    for (size_t i = 0; i < sizeof r->mem; i += sizeof zeros) {
        count += memcmp(r->mem + i, zeros, sizeof zeros) == 0;
    }
    assert_int_equal(count, 3);
    assert_int_equal(bm_seal_decrypt(r->mem, sizeof r->mem, &r->crypto), BM_OK);
    for (size_t i = 0; i < sizeof r->mem; i += sizeof zeros) {
        count -= memcmp(r->mem + i, zeros, sizeof zeros) == 0;
    }
    assert_int_equal(count, 0);
}

/* An image goes through encryption and back to the same bytes, data of 0xff and zeros included. */
static void whole_image(void **state)
{
    struct rig *r = *state;
    uint8_t *before = malloc(SIZE);
    enum bm_seal seal;
    assert_non_null(before);
    assert_int_equal(bm_seal_try(r->mem, SIZE, &r->crypto, &seal), BM_OK);
    assert_int_equal(seal, BM_SEAL_VOID);
    assert_int_equal(mount(r, NULL, 1), BM_OK);
    write_all(r, 1);
    write_all(r, 2);
    write_all(r, 3);
    bm_nvs_unmount(&r->nvs);
    memcpy(before, r->mem, SIZE);
    assert_int_equal(bm_seal_try(r->mem, SIZE, &r->crypto, &seal), BM_OK);
    assert_int_equal(seal, BM_SEAL_PLAIN);
    assert_int_equal(bm_seal_encrypt(r->mem, SIZE, &r->crypto), BM_OK);
    assert_int_equal(bm_seal_try(r->mem, SIZE, &r->crypto, &seal), BM_OK);
    assert_int_equal(seal, BM_SEAL_OPENS);
    struct bm_nvs_crypto wrong;
    other_keys(r, &wrong);
    assert_int_equal(bm_seal_try(r->mem, SIZE, &wrong, &seal), BM_OK);
    assert_int_equal(seal, BM_SEAL_LOCKED);
    bm_nvs_crypto_openssl.close(&wrong);
    assert_int_equal(mount(r, &r->crypto, 1), BM_OK);
    expect_all(r, 3);
    bm_nvs_unmount(&r->nvs);
    assert_int_equal(bm_seal_decrypt(r->mem, SIZE, &r->crypto), BM_OK);
    assert_memory_equal(r->mem, before, SIZE);
    free(before);
}

/* What the reference generator encrypted; it must be the files that went in. */
static void golden(void **state)
{
    struct test_image image;
    struct test_image part;
    struct bm_nvs_crypto crypto;
    uint8_t keys[BM_NVS_KEYS_SIZE];
    static uint32_t work[64];
    static char value[4000];
    static const char *const rows[][2] = {
        {"certificate", "golden/v05_seed_encrypted/certificate.pem.crt"},
        {"priv_key", "golden/v05_seed_encrypted/private.pem.key"}};
    char path[512];
    (void)state;
    test_shared_path(path, sizeof path, "golden/v05_seed_encrypted/expected.bin");
    if (!test_exists(path)) {
        print_message("SKIP %s is not here\n", path);
        skip();
    }
    test_image_load(&image, path);
    test_shared_path(path, sizeof path, "golden/v05_seed_encrypted/nvs_key.bin");
    test_image_load(&part, path);
    assert_int_equal(bm_nvs_keys_parse(keys, part.data, part.len, NULL), BM_OK);
    assert_int_equal(bm_nvs_crypto_openssl.open(&crypto, keys), BM_OK);
    assert_int_equal(bm_flash_view(&image.flash, image.data, image.len), BM_OK);
    struct bm_nvs_config config = {
        .flash = &image.flash, .work = work, .work_len = sizeof work, .crypto = &crypto};
    uint8_t ns;
    assert_int_equal(bm_nvs_mount_with(&image.nvs, &config, NULL), BM_OK);
    assert_int_equal(bm_nvs_namespace(&image.nvs, "certs", &ns), BM_OK);
    for (unsigned i = 0; i < 2; i++) {
        struct test_image pem;
        size_t len = sizeof value;
        test_shared_path(path, sizeof path, rows[i][1]);
        test_image_load(&pem, path);
        assert_int_equal(bm_nvs_get_data(&image.nvs, ns, rows[i][0], BM_NVS_STR, value, &len),
                         BM_OK);
        assert_int_equal(len, pem.len + 1);
        assert_memory_equal(value, pem.data, pem.len);
        test_image_free(&pem);
    }
    bm_nvs_unmount(&image.nvs);
    config.crypto = NULL;
    assert_int_equal(bm_nvs_mount_with(&image.nvs, &config, NULL), BM_E_KEYS);
    bm_nvs_crypto_openssl.close(&crypto);
    test_image_free(&part);
    test_image_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_in_the_clear, setup, teardown),
        cmocka_unit_test_setup_teardown(few_entries, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_for_plain, setup, teardown),
        cmocka_unit_test_setup_teardown(cut_at_the_start, setup, teardown),
        cmocka_unit_test_setup_teardown(blank_and_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(purged, setup, teardown),
        cmocka_unit_test_setup_teardown(whole_image, setup, teardown),
        cmocka_unit_test(golden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
