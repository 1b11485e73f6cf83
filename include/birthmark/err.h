/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BIRTHMARK_ERR_H
#define BIRTHMARK_ERR_H

/* Error codes of every birthmark call, and the optional detail that travels with them. */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 0 is success, failures are negative. Values are frozen; docs/errors.md has a row for each. */
enum bm_err {
    BM_OK = 0,
    BM_E_ARG = -1,       /* the caller's argument is not allowed */
    BM_E_IO = -2,        /* the flash, file or operating system failed */
    BM_E_TIMEOUT = -3,   /* no answer in time */
    BM_E_NOMEM = -4,     /* out of memory, or the caller's work memory is too small */
    BM_E_CORRUPT = -5,   /* stored bytes are damaged */
    BM_E_PROTO = -6,     /* the peer broke the protocol */
    BM_E_VERSION = -7,   /* a format version this code does not know */
    BM_E_NOENT = -8,     /* no such key, namespace or partition */
    BM_E_EXIST = -9,     /* it is there already */
    BM_E_NOSPC = -10,    /* it does not fit */
    BM_E_TYPE = -11,     /* the value has another type */
    BM_E_LENGTH = -12,   /* the caller's buffer is too small */
    BM_E_READONLY = -13, /* the region or the mount cannot be written */
    BM_E_VERIFY = -14,   /* read back differs from what was written */
    BM_E_INPUT = -15,    /* an input file is wrong: bad row, bad size */
    BM_E_KEYS = -16      /* encrypted, and not with these keys or with none given */
};

/* Detail of the first failure of a call. The caller owns it, may pass NULL, and should start with
 * a zeroed struct: a later failure does not overwrite an earlier one. */
struct bm_diag {
    int code;        /* enum bm_err */
    int os_errno;    /* errno of the operating system, or 0 */
    uint64_t offset; /* byte offset in the region or file, where one applies */
    char where[24];  /* short name of the place: "page 3 entry 17", "header" */
    char text[160];  /* what is wrong, one line, no newline */
};

/* Symbolic name, "BM_E_NOENT"; "BM_E_?" for a value that is no code. Never NULL, static storage. */
const char *bm_err_name(int code);

/* One sentence for people; never NULL, static storage. */
const char *bm_err_text(int code);

#ifdef __cplusplus
}
#endif

#endif
