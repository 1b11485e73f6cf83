/* SPDX-License-Identifier: Apache-2.0 */

/* Hashes against published vectors; certificates and kinds against what openssl says of them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "crypto/crypto.h"

static const char cert_ec[] = "-----BEGIN CERTIFICATE-----\n"
                              "MIIB0zCCAXmgAwIBAgIUJKIs5Df/WeuytpzXsrmoOjN+ltAwCgYIKoZIzj0EAwIw\n"
                              "PjELMAkGA1UEBhMCU0UxGTAXBgNVBAoMEFRyw6RkLCBHcsO2bnQgQUIxFDASBgNV\n"
                              "BAMMC2RldmljZS0wMDAxMCAXDTI2MTEyMjEwNTQyNVoYDzIwNTEwNzE0MTA1NDI1\n"
                              "WjA+MQswCQYDVQQGEwJTRTEZMBcGA1UECgwQVHLDpGQsIEdyw7ZudCBBQjEUMBIG\n"
                              "A1UEAwwLZGV2aWNlLTAwMDEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASysRtW\n"
                              "PFYXnqm5CGDSAKZdNcydnfNW29y/9mXAXNvsGjJpsSYr3nfBOTHaGXiOn83KihLs\n"
                              "J8N4VmZf9xaw1eBso1MwUTAdBgNVHQ4EFgQUCGER060+XUTnUpjWQwYdXIml/Mcw\n"
                              "HwYDVR0jBBgwFoAUCGER060+XUTnUpjWQwYdXIml/McwDwYDVR0TAQH/BAUwAwEB\n"
                              "/zAKBggqhkjOPQQDAgNIADBFAiBYK5XrAvLjv+L18hAXNZlZvJcDviBCf+0qt0kA\n"
                              "X5+ktwIhAJkx0IWfm4ifnMRVLzw1SkrW3fYS9ujvEADc6K5rW0f6\n"
                              "-----END CERTIFICATE-----\n";

static const char cert_rsa[] = "-----BEGIN CERTIFICATE-----\n"
                               "MIICGjCCAYOgAwIBAgIUaGLBW44libMpVhtFTiaTbpzcam8wDQYJKoZIhvcNAQEL\n"
                               "BQAwHjEQMA4GA1UEAwwHYRtbMzFtYjEKMAgGA1UECgwBeDAgFw0yNjExMjIxMDU0\n"
                               "MjVaGA8yMDUxMDcxNDEwNTQyNVowHjEQMA4GA1UEAwwHYRtbMzFtYjEKMAgGA1UE\n"
                               "CgwBeDCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEAv9a3iBFNPcO7CnmQBRpg\n"
                               "jlKPKvZ+2c4mWa1rYGNn7lpcTUgiBBdmmGfGYcEu16xg9RZwTkxUBMuhQ6sXjmeO\n"
                               "owXU5ufNTSr0ks3f1xVMpPC1OdymnbMygCqvWqrym0ut788zXHr1Jxuw3+vau6fp\n"
                               "xEqy1XXdJ0a2vYMzGhZyVK0CAwEAAaNTMFEwHQYDVR0OBBYEFHEdz7ebo+bXaSZ8\n"
                               "rSlBRBkSGYiiMB8GA1UdIwQYMBaAFHEdz7ebo+bXaSZ8rSlBRBkSGYiiMA8GA1Ud\n"
                               "EwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADgYEAYh6SzurWpHR9kw9CpgPkQtu7\n"
                               "OygBQoQEXC/dlxl9yF7YGIOnzy0FREfqY/dlK2tzm18esTLsOatW91msemSGlqPH\n"
                               "2b1Iiri7lNMFek2nbK8AUQs1MSNtwVGjm8FWxWmwp13B4P/aLNpdOEM8QiKcVLfY\n"
                               "mrq/rPkC4YE6863pu8o=\n"
                               "-----END CERTIFICATE-----\n";

static const char cert_ed[] = "-----BEGIN CERTIFICATE-----\n"
                              "MIIBMDCB46ADAgECAhRB/zEazYD8lgC2zIPNWejjL10uLTAFBgMrZXAwDTELMAkG\n"
                              "A1UEAwwCZWQwIBcNMjYxMTIyMTA1NDI1WhgPMjA1MTA3MTQxMDU0MjVaMA0xCzAJ\n"
                              "BgNVBAMMAmVkMCowBQYDK2VwAyEA93rVgGpMQ5KhJC7PqpzIMdcUMg7GzaEMe0ly\n"
                              "UxzXy7GjUzBRMB0GA1UdDgQWBBTqO0H1xvyZWmGBlqbFiGlm6RYgmTAfBgNVHSME\n"
                              "GDAWgBTqO0H1xvyZWmGBlqbFiGlm6RYgmTAPBgNVHRMBAf8EBTADAQH/MAUGAytl\n"
                              "cANBAK0uHRbBM2BbfyTeQu/N99ICJkujmpLp7cTriNhQ5ioMzBOEJtTwPWmYIdaj\n"
                              "2KsWLFi2KeUe41c1qLVqbUvy7AQ=\n"
                              "-----END CERTIFICATE-----\n";

static void hash_vectors(void **state)
{
    (void)state;
    uint8_t out[BM_SHA256_SIZE];
    char hex[2 * BM_SHA256_SIZE + 1];
    assert_int_equal(bm_crypto_sha256(out, "abc", 3), BM_OK); /* FIPS 180-2, B.1 */
    bm_hex_encode(hex, out, sizeof out);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(bm_crypto_sha256(out, NULL, 0), BM_OK);
    bm_hex_encode(hex, out, sizeof out);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void wifi_key_vectors(void **state)
{
    (void)state;
    uint8_t out[32];
    char hex[65];
    /* IEEE 802.11-2016, J.4.2 */
    assert_int_equal(bm_crypto_pbkdf2_sha1(out, 32, "password", 8, "IEEE", 4, 4096), BM_OK);
    bm_hex_encode(hex, out, 32);
    assert_string_equal(hex, "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e");
    /* RFC 6070, second case; other lengths than a whole block too */
    assert_int_equal(bm_crypto_pbkdf2_sha1(out, 20, "password", 8, "salt", 4, 2), BM_OK);
    bm_hex_encode(hex, out, 20);
    assert_string_equal(hex, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
}

static void certificate_of_ec_key(void **state)
{
    (void)state;
    struct bm_cert c;
    /* as stored by NVS: with its NUL */
    assert_int_equal(bm_crypto_cert(&c, cert_ec, sizeof cert_ec), BM_OK);
    assert_string_equal(c.subject, "C=SE, O=\"Tr\xc3\xa4"
                                   "d, Gr\xc3\xb6nt AB\", CN=device-0001");
    assert_string_equal(c.issuer, c.subject);
    assert_string_equal(c.not_before, "2026-11-22 10:54:25Z");
    assert_string_equal(c.not_after, "2051-07-14 10:54:25Z");
    assert_string_equal(c.key, "EC P-256");
    assert_string_equal(c.fingerprint,
                        "c12696e93ddcdbc33945dcfef22e45ea937a0adafef63c71936fe3ad4edb152e");
    assert_int_equal(bm_crypto_kind(cert_ec, sizeof cert_ec), BM_PEM_CERT);
}

static void certificate_cannot_reach_the_terminal(void **state)
{
    (void)state;
    struct bm_cert c;
    assert_int_equal(bm_crypto_cert(&c, cert_rsa, sizeof cert_rsa - 1), BM_OK);
    assert_null(strchr(c.subject, '\x1b'));
    assert_non_null(strstr(c.subject, "[31mb"));
    assert_string_equal(c.key, "RSA 1024");
    assert_int_equal(bm_crypto_cert(&c, cert_ed, sizeof cert_ed), BM_OK);
    assert_string_equal(c.key, "ED25519");
}

static size_t unbase64(uint8_t *out, const char *pem)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    unsigned have = 0;
    size_t len = 0;
    for (const char *p = strchr(pem, '\n'); *p != '-' && *p != '='; p++) {
        const char *at = strchr(digits, *p);
        if (at == NULL) {
            continue;
        }
        bits = bits << 6 | (uint32_t)(at - digits);
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[len++] = (uint8_t)(bits >> have);
        }
    }
    return len;
}

static void certificate_in_der(void **state)
{
    (void)state;
    uint8_t der[1024];
    struct bm_cert c;
    const size_t len = unbase64(der, cert_ec);
    assert_int_equal(len, 471);
    assert_int_equal(bm_crypto_kind(der, len), BM_PEM_CERT);
    assert_int_equal(bm_crypto_cert(&c, der, len), BM_OK);
    assert_string_equal(c.fingerprint,
                        "c12696e93ddcdbc33945dcfef22e45ea937a0adafef63c71936fe3ad4edb152e");
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(bm_crypto_cert(&c, der, cut), BM_E_CORRUPT);
        assert_int_not_equal(bm_crypto_kind(der, cut), BM_PEM_CERT);
    }
}

static void no_certificate(void **state)
{
    (void)state;
    struct bm_cert c;
    assert_int_equal(bm_crypto_cert(&c, NULL, 0), BM_E_CORRUPT);
    assert_int_equal(bm_crypto_cert(&c, "hello", 5), BM_E_CORRUPT);
    static const char junk[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_int_equal(bm_crypto_cert(&c, junk, sizeof junk), BM_E_CORRUPT);
}

struct sample {
    enum bm_pem_kind kind;
    const char *text;
};

static void kinds_by_label(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {BM_PEM_NONE, ""},
        {BM_PEM_NONE, "-----BEGIN"},
        {BM_PEM_NONE, "a password"},
        {BM_PEM_PRIVATE_KEY, "-----BEGIN PRIVATE KEY-----\nMIG"},
        {BM_PEM_PRIVATE_KEY, "-----BEGIN RSA PRIVATE KEY-----\r\nMIG"},
        {BM_PEM_PRIVATE_KEY, "-----BEGIN EC PRIVATE KEY-----"},
        {BM_PEM_PRIVATE_KEY, "-----BEGIN ENCRYPTED PRIVATE KEY-----"},
        {BM_PEM_PRIVATE_KEY, "-----BEGIN OPENSSH PRIVATE KEY-----"},
        {BM_PEM_PRIVATE_KEY, "subject=x\n-----BEGIN PRIVATE KEY"},
        {BM_PEM_PRIVATE_KEY, "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n"
                             "-----BEGIN PRIVATE KEY-----\nA"},
        {BM_PEM_PRIVATE_KEY, "-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQ"},
        {BM_PEM_PRIVATE_KEY, "AwEHBG0w\n-----END EC PRIVATE KEY-----\n"}, /* second half */
        {BM_PEM_PRIVATE_KEY, "A\n-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nA"},
        {BM_PEM_NONE, "A\n-----END PUBLIC KEY-----\n"},
        {BM_PEM_NONE, "A\n-----END CERTIFICATE-----\n"},
        {BM_PEM_PUBLIC_KEY, "-----BEGIN PUBLIC KEY-----\nMIG"},
        {BM_PEM_CERT, "-----BEGIN CERTIFICATE-----\nMIG"},
        {BM_PEM_CERT, "-----BEGIN TRUSTED CERTIFICATE-----\nMIG"},
        {BM_PEM_OTHER, "-----BEGIN CERTIFICATE REQUEST-----\nMIG"},
        {BM_PEM_OTHER, "-----BEGIN DH PARAMETERS-----\nMIG"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        assert_int_equal(bm_crypto_kind(samples[i].text, strlen(samples[i].text)), samples[i].kind);
    }
}

/* The first bytes of what openssl writes for each kind. */
static void kinds_by_shape(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {BM_PEM_PRIVATE_KEY, "308187020100301306072a8648ce3d020106082a8648ce3d"}, /* PKCS#8, EC */
        {BM_PEM_PRIVATE_KEY, "30820277020100300d06092a864886f70d01010105000482"}, /* PKCS#8, RSA */
        {BM_PEM_PRIVATE_KEY, "302e020100300506032b657004220420"},                 /* Ed25519 */
        {BM_PEM_PRIVATE_KEY, "3082025d02010002818100bfd6b788114d3dc3bb0a79"},     /* PKCS#1 */
        {BM_PEM_PRIVATE_KEY, "30770201010420000102030405"},                       /* SEC 1 */
        {BM_PEM_PRIVATE_KEY, "3082045c0201033082041206092a864886f70d0107"},       /* PKCS#12 */
        {BM_PEM_PRIVATE_KEY, "300c3004060255040404000000"},                       /* encrypted */
        {BM_PEM_PUBLIC_KEY, "3009300406025504030100"},                            /* SPKI */
        {BM_PEM_NONE, "3003020105"},
        {BM_PEM_NONE, "30"},
        {BM_PEM_NONE, "3080"},
        {BM_PEM_NONE, "3085010203040506"},
        {BM_PEM_NONE, "300302010400"},
        {BM_PEM_NONE, "0102030405060708"},
    };
    uint8_t bytes[64];
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        const size_t len = strlen(samples[i].text) / 2;
        for (size_t k = 0; k < len; k++) {
            bytes[k] = (uint8_t)(bm_hex_digit(samples[i].text[2 * k]) * 16 +
                                 bm_hex_digit(samples[i].text[2 * k + 1]));
        }
        assert_int_equal(bm_crypto_kind(bytes, len), samples[i].kind);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_vectors),
        cmocka_unit_test(wifi_key_vectors),
        cmocka_unit_test(certificate_of_ec_key),
        cmocka_unit_test(certificate_cannot_reach_the_terminal),
        cmocka_unit_test(certificate_in_der),
        cmocka_unit_test(no_certificate),
        cmocka_unit_test(kinds_by_label),
        cmocka_unit_test(kinds_by_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
