/* SPDX-License-Identifier: Apache-2.0 */
#include "link/stub.h"

#include <stdlib.h>

#include <jansson.h>

#include "base/base.h"

/* {"entry": N, "text": base64, "text_start": N, "data": base64, "data_start": N, "bss_start": N};
 * bss_start came later, and is not needed to load (esptool, targets/stub_flasher). */

enum { STUB_MAX = 1 << 20 };

/* Returns the number of bytes, or -1. out: 3 bytes for each 4 characters. */
static long decode(uint8_t *out, const char *text, size_t len)
{
    uint32_t bits = 0;
    size_t n = 0;
    size_t pad = 0;
    if (len % 4 != 0) {
        return -1;
    }
    for (; pad < 2 && pad < len && text[len - 1 - pad] == '='; pad++) {
    }
    for (size_t i = 0; i < len; i++) {
        const int v = i < len - pad ? bm_base64_digit(text[i]) : 0;
        if (v < 0) {
            return -1;
        }
        bits = (bits << 6) | (uint32_t)v;
        if (i % 4 == 3) {
            out[n++] = (uint8_t)(bits >> 16);
            out[n++] = (uint8_t)(bits >> 8);
            out[n++] = (uint8_t)bits;
        }
    }
    return (long)(n - pad);
}

static int wrong(struct bm_diag *diag, const char *field)
{
    char text[64];
    struct bm_text t;
    bm_text_init(&t, text, sizeof text);
    bm_text_str(&t, "the field \"");
    bm_text_str(&t, field);
    bm_text_str(&t, "\" is missing or wrong");
    return bm_diag_set(diag, BM_E_INPUT, 0, "stub", text);
}

static int take_number(const json_t *root, const char *field, uint32_t *out, struct bm_diag *diag)
{
    const json_t *v = json_object_get(root, field);
    if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > UINT32_MAX) {
        return wrong(diag, field);
    }
    *out = (uint32_t)json_integer_value(v);
    return BM_OK;
}

static int take_bytes(const json_t *root, const char *field, uint8_t **out, size_t *len,
                      struct bm_diag *diag)
{
    const json_t *v = json_object_get(root, field);
    const size_t chars = json_string_length(v);
    if (!json_is_string(v) || chars == 0 || chars > STUB_MAX) {
        return wrong(diag, field);
    }
    /* What is loaded is whole words. */
    *out = calloc(1, chars / 4 * 3 + 4);
    if (*out == NULL) {
        return bm_diag_set(diag, BM_E_NOMEM, 0, "stub", NULL);
    }
    const long n = decode(*out, json_string_value(v), chars);
    if (n <= 0) {
        return wrong(diag, field);
    }
    *len = ((size_t)n + 3) / 4 * 4;
    return BM_OK;
}

static int take(struct bm_link_stub *stub, const json_t *root, struct bm_diag *diag)
{
    const json_t *data = json_object_get(root, "data");
    int rc = take_number(root, "entry", &stub->entry, diag);
    rc = rc == BM_OK ? take_number(root, "text_start", &stub->text_start, diag) : rc;
    rc = rc == BM_OK ? take_bytes(root, "text", &stub->text, &stub->text_len, diag) : rc;
    if (rc == BM_OK && json_string_length(data) > 0) { /* else it has none */
        rc = take_number(root, "data_start", &stub->data_start, diag);
        rc = rc == BM_OK ? take_bytes(root, "data", &stub->data, &stub->data_len, diag) : rc;
    }
    return rc;
}

int bm_link_stub_load(struct bm_link_stub **out, const void *json, size_t len, struct bm_diag *diag)
{
    json_error_t error;
    *out = NULL;
    json_t *root = json_loadb(json, len, 0, &error);
    if (root == NULL) {
        return bm_diag_set(diag, BM_E_INPUT, (uint64_t)(error.position < 0 ? 0 : error.position),
                           "stub", "this is not a stub in esptool's JSON form");
    }
    struct bm_link_stub *stub = calloc(1, sizeof *stub);
    int rc = stub != NULL ? take(stub, root, diag) : bm_diag_set(diag, BM_E_NOMEM, 0, NULL, NULL);
    json_decref(root);
    if (rc != BM_OK) {
        bm_link_stub_free(stub);
        return rc;
    }
    *out = stub;
    return BM_OK;
}

void bm_link_stub_free(struct bm_link_stub *stub)
{
    if (stub != NULL) {
        free(stub->text);
        free(stub->data);
        free(stub);
    }
}
