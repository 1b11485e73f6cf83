/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"

#include <string.h>

/* A piece of DER: what is left to look at. */
struct der {
    const uint8_t *p;
    size_t len;
};

enum {
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_OID = 0x06,
    DER_SEQUENCE = 0x30,
    DER_VERSION = 0xa0 /* [0], which opens a certificate's body from version 2 on */
};

/* Takes one element: its tag, or -1 where there is none; what it holds goes to body. A body that
 * the input cuts short is given as far as it goes: the start of a private key is a secret too. */
static int der_take(struct der *in, struct der *body)
{
    if (in->len < 2) {
        return -1;
    }
    const int tag = in->p[0];
    size_t len = in->p[1];
    size_t head = 2;
    if (len > 0x80) {
        const size_t digits = len & 0x7f;
        if (digits > 4 || in->len < 2 + digits) {
            return -1;
        }
        len = 0;
        for (size_t i = 0; i < digits; i++) {
            len = len << 8 | in->p[2 + i];
        }
        head += digits;
    } else if (len == 0x80) {
        return -1; /* indefinite length is not DER */
    }
    if (len > in->len - head) {
        len = in->len - head;
    }
    body->p = in->p + head;
    body->len = len;
    in->p += head + len;
    in->len -= head + len;
    return tag;
}

/* What follows a small version number at the front of the sequence: PKCS#1 and DSA an integer, SEC1
 * an octet string, PKCS#8 and PKCS#12 a sequence. All of them hold private keys. */
static enum bm_pem_kind kind_numbered(struct der seq, const struct der *number)
{
    struct der body;
    const int tag = der_take(&seq, &body);
    if (number->len == 1 && number->p[0] <= 3 &&
        (tag == DER_INTEGER || tag == DER_OCTET_STRING || tag == DER_SEQUENCE)) {
        return BM_PEM_PRIVATE_KEY;
    }
    /* PKCS#1 public key: modulus, exponent. */
    return number->len >= 64 && tag == DER_INTEGER && seq.len == 0 ? BM_PEM_PUBLIC_KEY
                                                                   : BM_PEM_NONE;
}

static enum bm_pem_kind kind_nested(struct der seq, struct der inner, const void *data, size_t len)
{
    struct der body;
    const int first = der_take(&inner, &body);
    const int second = der_take(&seq, &body);
    if (first == DER_OID && second == DER_OCTET_STRING) {
        return BM_PEM_PRIVATE_KEY; /* encrypted PKCS#8 */
    }
    if (first == DER_OID && second == DER_BIT_STRING) {
        return BM_PEM_PUBLIC_KEY;
    }
    if ((first == DER_VERSION || first == DER_INTEGER) && second == DER_SEQUENCE) {
        struct bm_cert cert;
        return bm_crypto_cert(&cert, data, len) == BM_OK ? BM_PEM_CERT : BM_PEM_OTHER;
    }
    return BM_PEM_NONE;
}

static enum bm_pem_kind kind_der(const uint8_t *data, size_t len)
{
    struct der all = {data, len};
    struct der seq;
    struct der body;
    if (der_take(&all, &seq) != DER_SEQUENCE) {
        return BM_PEM_NONE;
    }
    switch (der_take(&seq, &body)) {
    case DER_INTEGER: return kind_numbered(seq, &body);
    case DER_SEQUENCE: return kind_nested(seq, body, data, len);
    default: return BM_PEM_NONE;
    }
}

static const char begin[] = "-----BEGIN ";
static const char finish[] = "-----END ";

/* The text behind the next marker, "-----BEGIN " or "-----END ", or NULL. */
static const char *next_label(const char *p, const char *end, const char *marker)
{
    const size_t n = strlen(marker);
    while ((size_t)(end - p) >= n) {
        p = memchr(p, '-', (size_t)(end - p) - n + 1);
        if (p == NULL) {
            return NULL;
        }
        if (memcmp(p, marker, n) == 0) {
            return p + n;
        }
        p++;
    }
    return NULL;
}

/* 1 if a label, which ends at "-----" or at the end of the value, ends in word. */
static int label_ends(const char *label, size_t len, const char *word)
{
    const size_t n = strlen(word);
    return len >= n && memcmp(label + len - n, word, n) == 0;
}

static enum bm_pem_kind kind_label(const char *label, const char *end)
{
    size_t len = 0;
    while (label + len < end && label[len] != '-' && label[len] != '\n' && label[len] != '\0') {
        len++;
    }
    if (label_ends(label, len, "PRIVATE KEY") || label_ends(label, len, "PRIVATE KEY BLOCK")) {
        return BM_PEM_PRIVATE_KEY;
    }
    if (label_ends(label, len, "PUBLIC KEY")) {
        return BM_PEM_PUBLIC_KEY;
    }
    return label_ends(label, len, "CERTIFICATE") ? BM_PEM_CERT : BM_PEM_OTHER;
}

/* A key in two values has only the end of its text in the second. */
static int ends_private_key(const char *data, const char *end)
{
    const char *label = next_label(data, end, finish);
    while (label != NULL && kind_label(label, end) != BM_PEM_PRIVATE_KEY) {
        label = next_label(label, end, finish);
    }
    return label != NULL;
}

enum bm_pem_kind bm_crypto_kind(const void *data, size_t len)
{
    if (data == NULL || len == 0) {
        return BM_PEM_NONE;
    }
    const char *end = (const char *)data + len;
    if (ends_private_key(data, end)) {
        return BM_PEM_PRIVATE_KEY;
    }
    const char *label = next_label(data, end, begin);
    enum bm_pem_kind kind = BM_PEM_NONE;
    if (label == NULL) {
        return kind_der(data, len);
    }
    /* A bundle of certificate and key is a secret, wherever in it the key stands. */
    for (; label != NULL; label = next_label(label, end, begin)) {
        const enum bm_pem_kind one = kind_label(label, end);
        if (one == BM_PEM_PRIVATE_KEY) {
            return one;
        }
        if (kind == BM_PEM_NONE) {
            kind = one;
        }
    }
    return kind;
}
