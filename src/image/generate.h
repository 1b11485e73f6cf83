/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_GENERATE_H
#define BM_IMAGE_GENERATE_H

/* From CSV text to the bytes of an NVS partition: the same bytes as ESP-IDF's nvs_partition_gen for
 * good input, and a list of all that is wrong for the rest (docs/compatibility.md).
 *
 * Nothing here opens a file: the caller hands in the CSV text and a function that reads the files
 * that rows of type `file` name. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"
#include "birthmark/nvs.h"
#include "image/problem.h"

enum {
    BM_IMAGE_SIZE_MIN = 0x1000,         /* read-only on the device */
    BM_IMAGE_WRITABLE_MIN = 0x3000,     /* smallest that a device can write to */
    BM_IMAGE_SIZE_MAX = 65535 * 4096,   /* pages have 16-bit numbers in the store */
    BM_IMAGE_CSV_MAX = 64 * 1024 * 1024 /* longest CSV text */
};

/* len of a CSV text that could not be read: its rows are missing, so there is no image, but the
 * other inputs are still looked at. */
#define BM_IMAGE_UNREAD ((size_t)-1)

/* One CSV text. name stands in messages; name and data are kept as long as the result. */
struct bm_image_input {
    const char *name;
    const uint8_t *data;
    size_t len; /* 1 to BM_IMAGE_CSV_MAX, or BM_IMAGE_UNREAD; 0 is told as a problem */
};

struct bm_image_options {
    uint32_t
        size; /* of the partition, a multiple of 4096; 0: the smallest writable one that fits */
    uint32_t max_size; /* most bytes to make, at least 0x3000; 0: BM_IMAGE_SIZE_MAX */
    int read_only; /* 1: the device only reads the partition, so no page is kept in reserve; 0: one
                    * is from 0x3000 bytes on, as the reference does */
    unsigned version; /* 1: blobs within a page, 2 or 0: blobs over pages */
    /* Reads the file of a row: at most max bytes, or BM_E_NOSPC. Returns as bm_port_read(). NULL:
     * rows of type `file` are refused. */
    int (*read)(void *ctx, const char *path, size_t max, uint8_t **data, size_t *len,
                struct bm_diag *diag);
    void (*release)(void *ctx, uint8_t *data, size_t len); /* wipes and frees what read() gave */
    void *ctx;
    const char
        *folder; /* that paths for read() are relative to, for messages; NULL: the current one */
};

/* One value or namespace, in the order of the inputs. */
struct bm_image_item {
    char key[BM_NVS_KEY_SIZE];
    const uint8_t *data; /* string (with NUL) or blob, else NULL */
    uint64_t bits; /* integers, float, double: as in struct bm_nvs_info; a namespace's index */
    uint32_t size; /* bytes of the value */
    struct bm_image_place place;
    uint8_t ns;      /* 0: this is a namespace */
    uint8_t type;    /* enum bm_nvs_type; BM_NVS_BLOB for blobs of both versions */
    uint8_t derived; /* 1: added for the Wi-Fi driver, stands in no input */
    uint8_t dropped; /* 1: not in the image, an explicit row took its place */
};

/* Entries of the image that belong together: one header and its data. */
struct bm_image_slot {
    uint32_t item; /* index into items */
    uint32_t page;
    uint32_t offset; /* of this piece of the value, bytes */
    uint32_t size;   /* of this piece, bytes; of the whole blob in its index */
    uint8_t entry;   /* first entry in the page, 0 to 125 */
    uint8_t span;    /* entries taken */
    uint8_t type;    /* type byte as stored */
    uint8_t chunk;   /* chunk byte as stored; in a blob index: the number of chunks */
};

/* What came out; also filled in part on failure. */
struct bm_image_result {
    uint8_t *image;      /* size bytes; NULL on failure */
    uint32_t size;       /* bytes of the partition, chosen or given */
    uint32_t smallest;   /* smallest writable size that would do; 0: over BM_IMAGE_SIZE_MAX */
    uint32_t pages_used; /* pages with a header */
    uint32_t entries_used;
    uint32_t entries_free; /* not used, without the page a writable partition keeps in reserve */
    uint32_t namespaces;
    uint32_t keys;
    unsigned version;
    int read_only;      /* 1: as in the options, or too small to be written on the device */
    uint32_t read_size; /* smallest size that would do for reading alone; 0: as smallest */
    const struct bm_image_item *items;
    size_t item_count;
    const struct bm_image_slot *slots; /* by page and entry */
    size_t slot_count;
    struct bm_image_problems problems;
    struct bmi_items *store; /* private */
};

/* Makes an image.
 * out: filled, needs bm_image_result_free() whatever the return. inputs: in order, the second goes
 * on in the last namespace of the first. options: must not be NULL. Returns BM_OK (problems may
 * hold warnings), BM_E_INPUT (see problems), BM_E_NOSPC (good data, too small a size: see problems
 * and smallest), BM_E_ARG (size or version not allowed) or BM_E_NOMEM; diag has a text for these.
 */
int bm_image_generate(struct bm_image_result *out, const struct bm_image_input *inputs,
                      size_t count, const struct bm_image_options *options, struct bm_diag *diag);

/* Name of the namespace an item belongs to; "" for a namespace itself. Lives as long as the result.
 */
const char *bm_image_namespace(const struct bm_image_result *result,
                               const struct bm_image_item *item);

/* Wipes and frees; a zeroed struct is left alone. */
void bm_image_result_free(struct bm_image_result *result);

#endif
