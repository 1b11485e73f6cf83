/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/base.h"

/* No passphrase: a PEM block that asks for one is no certificate we can read. */
static int no_passphrase(char *buf, int size, int rwflag, void *user)
{
    (void)buf;
    (void)size;
    (void)rwflag;
    (void)user;
    return -1;
}

static X509 *read_any(const void *data, size_t len)
{
    const unsigned char *p = data;
    X509 *x = d2i_X509(NULL, &p, (long)len);
    if (x != NULL) {
        return x;
    }
    BIO *bio = BIO_new_mem_buf(data, (int)len);
    if (bio != NULL) {
        x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
        BIO_free(bio);
    }
    return x;
}

static void copy_text(char *out, size_t cap, const char *text, size_t len)
{
    size_t n = len < cap - 1 ? len : cap - 1;
    /* do not cut in the middle of a UTF-8 character */
    while (n < len && n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80) {
        n--;
    }
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)text[i];
        out[i] = (char)(c < 0x20 || c == 0x7f ? '?' : c);
    }
    out[n] = '\0';
}

static int name_text(char *out, size_t cap, const X509_NAME *name)
{
    /* "CN=x, O=y" in UTF-8, control characters escaped, in the order of the certificate */
    const unsigned long flags =
        XN_FLAG_ONELINE & ~(unsigned long)ASN1_STRFLGS_ESC_MSB & ~(unsigned long)XN_FLAG_SPC_EQ;
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    if (bio == NULL) {
        return BM_E_NOMEM;
    }
    const int printed = X509_NAME_print_ex(bio, name, 0, flags);
    const long len = BIO_get_mem_data(bio, &text);
    copy_text(out, cap, text != NULL ? text : "", len > 0 ? (size_t)len : 0);
    BIO_free(bio);
    return printed >= 0 ? BM_OK : BM_E_CORRUPT;
}

static void time_text(char out[24], const ASN1_TIME *t)
{
    struct tm tm;
    if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1) {
        copy_text(out, 24, "?", 1);
        return;
    }
    (void)snprintf(out, 24, "%04u-%02u-%02u %02u:%02u:%02uZ", ((unsigned)tm.tm_year + 1900) % 10000,
                   ((unsigned)tm.tm_mon + 1) % 100, (unsigned)tm.tm_mday % 100,
                   (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
                   (unsigned)tm.tm_sec % 100);
}

static const char *curve_name(const char *group)
{
    static const struct {
        const char *group;
        const char *name;
    } rows[] = {
        {"prime256v1", "P-256"}, {"secp384r1", "P-384"},  {"secp521r1", "P-521"},
        {"secp224r1", "P-224"},  {"prime192v1", "P-192"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(group, rows[i].group) == 0) {
            return rows[i].name;
        }
    }
    return group;
}

static void key_text(char *out, size_t cap, const X509 *x)
{
    EVP_PKEY *key = X509_get0_pubkey(x);
    const char *type = key != NULL ? EVP_PKEY_get0_type_name(key) : NULL;
    char group[32] = "";
    size_t len = 0;
    if (type == NULL) {
        (void)snprintf(out, cap, "unknown");
    } else if (strcmp(type, "EC") == 0 &&
               EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1) {
        (void)snprintf(out, cap, "EC %s", curve_name(group));
    } else if (strncmp(type, "ED", 2) == 0 || strncmp(type, "X", 1) == 0) {
        (void)snprintf(out, cap, "%s", type); /* Ed25519 and its like have one size only */
    } else {
        (void)snprintf(out, cap, "%s %d", type, EVP_PKEY_get_bits(key));
    }
}

int bm_crypto_cert(struct bm_cert *out, const void *data, size_t len)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    memset(out, 0, sizeof *out);
    if (data == NULL || len == 0 || len > INT_MAX) {
        return BM_E_CORRUPT;
    }
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    X509 *x = read_any(data, len);
    int rc = BM_E_CORRUPT;
    if (x == NULL || X509_digest(x, EVP_sha256(), digest, &digest_len) != 1) {
        goto done;
    }
    rc = name_text(out->subject, sizeof out->subject, X509_get_subject_name(x));
    if (rc == BM_OK) {
        rc = name_text(out->issuer, sizeof out->issuer, X509_get_issuer_name(x));
    }
    time_text(out->not_before, X509_get0_notBefore(x));
    time_text(out->not_after, X509_get0_notAfter(x));
    key_text(out->key, sizeof out->key, x);
    bm_hex_encode(out->fingerprint, digest, BM_SHA256_SIZE);
done:
    X509_free(x);
    ERR_clear_error();
    return rc;
}
