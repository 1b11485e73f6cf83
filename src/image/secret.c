/* SPDX-License-Identifier: Apache-2.0 */
#include "image/secret.h"

#include <string.h>

#include "base/base.h"

/* A fingerprint of a short value gives it away: all of them can be tried. */
enum { GUESSABLE = 32 };

/* Where in a name a piece of it must stand. Words end at anything but a letter, and where a capital
 * follows a small letter, as in wifiPin. */
enum place { ANYWHERE = 0, STARTS_WORD = 1, ENDS_WORD = 2, WORD = STARTS_WORD | ENDS_WORD };

struct piece {
    const char *text;
    enum place place;
};

/* Short ones only as words or ends of words: author, spindle and pwm are no secrets. */
static const struct piece secrets[] = {
    {"pass", ANYWHERE},   {"pswd", ANYWHERE},       {"pwd", ANYWHERE},    {"pw", ENDS_WORD},
    {"psk", ANYWHERE},    {"pmk", ANYWHERE},        {"pin", WORD},        {"pincode", ANYWHERE},
    {"priv", ANYWHERE},   {"secret", ANYWHERE},     {"seed", ENDS_WORD},  {"token", ANYWHERE},
    {"apsw", ANYWHERE},   {"apinfo", ANYWHERE},     {"auth", ENDS_WORD},  {"cred", ENDS_WORD},
    {"creds", ENDS_WORD}, {"credential", ANYWHERE}, {"bearer", ANYWHERE}, {"jwt", ANYWHERE},
};
static const char first_letters[] = "pstacbj"; /* of these: most names need no closer look */

static const struct piece public_keys[] = {
    {"pub_", STARTS_WORD}, {"pubkey", ANYWHERE}, {"public", ANYWHERE}};

/* A name and the same in lower case. */
struct name {
    const char *text;
    char low[BM_NVS_KEY_SIZE];
    size_t len;
};

static void lower(struct name *n, const char *key)
{
    n->text = key;
    n->len = 0;
    for (; key[n->len] != '\0' && n->len < BM_NVS_KEY_SIZE - 1; n->len++) {
        const char c = key[n->len];
        n->low[n->len] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    n->low[n->len] = '\0';
}

static int is_letter(char low)
{
    return low >= 'a' && low <= 'z';
}

/* 1 if a word ends or starts between the characters at - 1 and at. */
static int is_border(const struct name *n, size_t at)
{
    if (at == 0 || at == n->len || !is_letter(n->low[at - 1]) || !is_letter(n->low[at])) {
        return 1;
    }
    return n->text[at - 1] == n->low[at - 1] && n->text[at] != n->low[at];
}

static int stands_at(const struct name *n, size_t at, const struct piece *p)
{
    if (n->low[at] != p->text[0]) {
        return 0;
    }
    const size_t len = strlen(p->text);
    return strncmp(n->low + at, p->text, len) == 0 &&
           ((p->place & STARTS_WORD) == 0 || is_border(n, at)) &&
           ((p->place & ENDS_WORD) == 0 || is_border(n, at + len));
}

/* 1 if one of the pieces stands in the name; letters: what they start with. */
static int has_piece(const struct name *n, const struct piece *pieces, size_t count,
                     const char *letters)
{
    for (size_t at = 0; at < n->len; at++) {
        if (strchr(letters, n->low[at]) == NULL) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            if (stands_at(n, at, &pieces[i])) {
                return 1;
            }
        }
    }
    return 0;
}

int bmi_secret_name(const char *key)
{
    struct name n;
    lower(&n, key);
    if (has_piece(&n, secrets, sizeof secrets / sizeof secrets[0], first_letters)) {
        return 1;
    }
    return strstr(n.low, "key") != NULL &&
           !has_piece(&n, public_keys, sizeof public_keys / sizeof public_keys[0], "p");
}

/* Bytes up to what cannot be part of a URL: blanks, quotes, brackets, control characters. */
static size_t url_length(const uint8_t *p, size_t len)
{
    size_t n = 0;
    while (n < len && p[n] > ' ' && p[n] != 0x7f && strchr("\"'<>", p[n]) == NULL) {
        n++;
    }
    return n;
}

/* 1 if a colon, at least one byte and an @ follow each other: user:password@host. A / or ? ends the
 * part that holds them (RFC 3986, 3.2), but passwords are also pasted in as they are: they count.
 */
static int has_userinfo(const uint8_t *p, size_t len)
{
    const uint8_t *colon = memchr(p, ':', len);
    if (colon == NULL || (size_t)(p + len - colon) < 3) {
        return 0;
    }
    return memchr(colon + 2, '@', (size_t)(p + len - colon) - 2) != NULL;
}

int bmi_secret_value(const void *data, size_t len)
{
    const uint8_t *p = data;
    const uint8_t *const end = p + len;
    while (end - p > 3 && (p = memchr(p, ':', (size_t)(end - p) - 3)) != NULL) {
        p++;
        if (p[0] != '/' || p[1] != '/') {
            continue;
        }
        p += 2;
        const size_t url = url_length(p, (size_t)(end - p));
        if (has_userinfo(p, url)) {
            return 1;
        }
        p += url; /* another :// in there is covered, and each byte is looked at once */
    }
    return 0;
}

/* 1 if a value must be kept back; kind: what it is. */
static int is_secret(const char *key, const struct bm_stored *v, enum bm_pem_kind kind,
                     int has_cert)
{
    const int bytes = v->type->cls == BM_CLASS_STRING || v->type->cls == BM_CLASS_BLOB;
    if (kind == BM_PEM_PRIVATE_KEY || (bytes && bmi_secret_value(v->data, v->size))) {
        return 1;
    }
    return !has_cert && kind != BM_PEM_PUBLIC_KEY && bmi_secret_name(key);
}

void bmi_view(struct bm_view *view, const char *key, const struct bm_stored *v, int reveal)
{
    enum bm_pem_kind kind = BM_PEM_NONE;
    uint8_t digest[BM_SHA256_SIZE];
    view->redacted = 0;
    view->has_cert = 0;
    view->sha256[0] = '\0';
    if (v->data == NULL) {
        return;
    }
    if (v->type->cls == BM_CLASS_STRING || v->type->cls == BM_CLASS_BLOB) {
        kind = bm_crypto_kind(v->data, v->size);
    }
    if (kind == BM_PEM_CERT) {
        view->has_cert = bm_crypto_cert(&view->cert, v->data, v->size) == BM_OK;
    }
    view->redacted = !reveal && is_secret(key, v, kind, view->has_cert);
    const uint32_t len = bmi_stored_length(v);
    if (view->redacted && len >= GUESSABLE && bm_crypto_sha256(digest, v->data, len) == BM_OK) {
        bm_hex_encode(view->sha256, digest, sizeof digest);
    }
}
