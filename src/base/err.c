/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base.h"

struct row {
    int code;
    const char *name;
    const char *text;
};

static const struct row rows[] = {
    {BM_OK, "BM_OK", "success"},
    {BM_E_ARG, "BM_E_ARG", "an argument is not allowed"},
    {BM_E_IO, "BM_E_IO", "the flash, file or operating system failed"},
    {BM_E_TIMEOUT, "BM_E_TIMEOUT", "no answer in time"},
    {BM_E_NOMEM, "BM_E_NOMEM", "out of memory"},
    {BM_E_CORRUPT, "BM_E_CORRUPT", "stored bytes are damaged"},
    {BM_E_PROTO, "BM_E_PROTO", "the peer broke the protocol"},
    {BM_E_VERSION, "BM_E_VERSION", "a format version this program does not know"},
    {BM_E_NOENT, "BM_E_NOENT", "not found"},
    {BM_E_EXIST, "BM_E_EXIST", "it exists already"},
    {BM_E_NOSPC, "BM_E_NOSPC", "it does not fit"},
    {BM_E_TYPE, "BM_E_TYPE", "the value has another type"},
    {BM_E_LENGTH, "BM_E_LENGTH", "the buffer is too small"},
    {BM_E_READONLY, "BM_E_READONLY", "it cannot be written"},
    {BM_E_VERIFY, "BM_E_VERIFY", "read back differs from what was written"},
    {BM_E_INPUT, "BM_E_INPUT", "the input is wrong"},
    {BM_E_KEYS, "BM_E_KEYS", "it is encrypted, and these keys do not fit"},
};

static const struct row *find(int code)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].code == code) {
            return &rows[i];
        }
    }
    return NULL;
}

const char *bm_err_name(int code)
{
    const struct row *r = find(code);
    return r != NULL ? r->name : "BM_E_?";
}

const char *bm_err_text(int code)
{
    const struct row *r = find(code);
    return r != NULL ? r->text : "an unknown error";
}
