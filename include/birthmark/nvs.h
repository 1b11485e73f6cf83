/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BIRTHMARK_NVS_H
#define BIRTHMARK_NVS_H

/* The NVS store on a flash region: ESP-IDF's on-flash format (docs/format/nvs.md), read in place.
 *
 * Freestanding: the caller owns all memory, nothing is global, any number of mounts live side by
 * side. A mount is for one thread at a time.
 *
 * Which value of a key counts, where an interrupted write left several: the newest one that is
 * whole (state, header CRC, data CRC, all chunks). A damaged value costs only itself. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"
#include "birthmark/flash.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Types as stored in flash and as in ESP-IDF's nvs_type_t. */
enum bm_nvs_type {
    BM_NVS_U8 = 0x01,
    BM_NVS_I8 = 0x11,
    BM_NVS_U16 = 0x02,
    BM_NVS_I16 = 0x12,
    BM_NVS_U32 = 0x04,
    BM_NVS_I32 = 0x14,
    BM_NVS_U64 = 0x08,
    BM_NVS_I64 = 0x18,
    BM_NVS_FLOAT = 0x24,
    BM_NVS_DOUBLE = 0x28,
    BM_NVS_STR = 0x21,
    BM_NVS_BLOB = 0x42, /* either blob format */
    BM_NVS_ANY = 0xff
};

enum {
    BM_NVS_KEY_SIZE = 16,  /* a key or namespace name with its NUL */
    BM_NVS_NS_ANY = 0xff,  /* every namespace */
    BM_NVS_NS_MAX = 254,   /* highest namespace index */
    BM_NVS_STR_MAX = 4000, /* longest string in bytes, its NUL included */
    BM_NVS_PAGE_SIZE = 4096
};

/* A mounted store. Private: declared here so that the caller can provide the storage. */
struct bm_nvs {
    const struct bm_flash *flash;
    struct bmi_page *pages; /* by sector */
    uint16_t *order;        /* sectors in use, oldest page first */
    uint32_t *slots;        /* lookup index, or NULL */
    uint32_t sectors;
    uint32_t page_count; /* pages in use */
    size_t slot_words;
    uint32_t slot_bits;
    uint32_t slot_mask;
    uint32_t place_bits; /* of a slot's */
    uint32_t buckets;
    uint32_t slots_ready;
    uint32_t room;     /* free entries behind the last one of the newest page */
    const void *guard; /* blob being written, kept through a collection */
    uint8_t writable;  /* the caller asked for it and the region can */
    uint8_t tidy;      /* what power cuts left has been cleared up */
    uint8_t purge;     /* overwrite what is given up */
    const struct bm_nvs_crypto *crypto;
    void (*lock)(void *ctx);
    void (*unlock)(void *ctx);
    void *lock_ctx;
};

/* One stored value. */
struct bm_nvs_info {
    char key[BM_NVS_KEY_SIZE];
    uint8_t ns;        /* namespace index */
    uint8_t type;      /* enum bm_nvs_type */
    uint8_t legacy;    /* 1: a blob in the single-page format of version 1 */
    uint8_t chunks;    /* blob: number of chunks */
    uint8_t start;     /* blob: index of the first chunk, 0x00 or 0x80 */
    uint32_t size;     /* bytes of the value; a string's NUL included */
    uint64_t bits;     /* integers, float, double: the stored bytes, little-endian, zero-extended */
    uint32_t location; /* private */
};

/* A walk over the entries of some pages; private. */
struct bmi_walk {
    uint32_t next; /* location */
    uint32_t end;
    uint8_t bitmap[32]; /* of the page */
    uint8_t foreign;    /* entries of types we do not know: 0 not, 1 too, 2 and within them */
};

/* Position of an iteration; private. */
struct bm_nvs_iter {
    struct bmi_walk walk;
    uint8_t ns;
    uint8_t type;
};

/* Entry counts, as ESP-IDF counts them. */
struct bm_nvs_stats {
    uint32_t used;       /* written entries, namespaces included */
    uint32_t free;       /* all others, erased ones included */
    uint32_t available;  /* free less the page kept for garbage collection */
    uint32_t total;      /* 126 per page of the region */
    uint32_t namespaces; /* named namespaces */
};

/* Bytes of work memory for mounting this region. keys 0: the minimum (10 bytes a page), lookups
 * scan the flash. Otherwise with an index for that many entries (values, chunks of blobs and
 * namespaces), about 3 bytes each: a key takes one read, an absent one none in 255 of 256 cases.
 * With more memory absent keys take fewer reads, with less more. A mount that the index gets too
 * small for goes on without. */
size_t bm_nvs_work_size(const struct bm_flash *flash, uint32_t keys);

/* Mounts a region for reading; never writes.
 * nvs: filled. flash: kept, must outlive the mount; size a multiple of 4096, at least one page.
 * work: aligned for uint32_t, kept until bm_nvs_unmount(); work_len: at least
 * bm_nvs_work_size(flash, 0), all that goes beyond is used as index. diag: may be NULL.
 * Returns BM_OK (also for a blank region), BM_E_ARG (geometry), BM_E_NOMEM (work_len), BM_E_IO, or
 * BM_E_VERSION (a page of a format newer than any known). Damaged pages are passed over. */
int bm_nvs_mount(struct bm_nvs *nvs, const struct bm_flash *flash, void *work, size_t work_len,
                 struct bm_diag *diag);

/* How entries are encrypted: each 32-byte entry by itself, in place. The caller owns it; OpenSSL
 * and mbedTLS make one (birthmark/nvs_crypto.h). */
struct bm_nvs_crypto {
    /* data: len bytes, a multiple of 32, that stand at this offset of the region. Return BM_OK or
     * negative. */
    int (*encrypt)(void *ctx, uint32_t off, uint8_t *data, uint32_t len);
    int (*decrypt)(void *ctx, uint32_t off, uint8_t *data, uint32_t len);
    void *ctx;
};

/* What a mount is made of. Zero what is not needed. All of it is kept until bm_nvs_unmount(). */
struct bm_nvs_config {
    const struct bm_flash *flash;
    void *work; /* aligned for uint32_t */
    size_t work_len;
    int writable;                       /* 1: the set and erase calls may be used */
    const struct bm_nvs_crypto *crypto; /* NULL: the partition is plain */
    void (*lock)(void *ctx);            /* taken by every call that takes the mount; NULL: none */
    void (*unlock)(void *ctx);
    void *lock_ctx;
};

/* Mounts as the config says. Mounting itself writes nothing: what power cuts left behind is cleared
 * up by the first change.
 * Returns as bm_nvs_mount(), and BM_E_READONLY (writable, but the region has no prog or erase) or
 * BM_E_KEYS (encrypted, and not with these keys or with none given; nothing was written). */
int bm_nvs_mount_with(struct bm_nvs *nvs, const struct bm_nvs_config *config, struct bm_diag *diag);

/* Ends a mount: forgets and wipes what it holds. A zeroed struct is left alone. */
void bm_nvs_unmount(struct bm_nvs *nvs);

/* Finds a namespace by name (at most 15 bytes) and gives its index (1 to 254).
 * Returns BM_OK, BM_E_NOENT, BM_E_ARG (name length) or BM_E_IO. */
int bm_nvs_namespace(struct bm_nvs *nvs, const char *name, uint8_t *ns);

/* The name of a namespace index; "" and BM_E_NOENT where none is stored. */
int bm_nvs_namespace_name(struct bm_nvs *nvs, uint8_t ns, char name[BM_NVS_KEY_SIZE]);

/* Finds a key (at most 15 bytes) of any type and verifies its value.
 * Returns BM_OK, BM_E_NOENT, BM_E_CORRUPT (only damaged copies are left), BM_E_ARG or BM_E_IO. */
int bm_nvs_find(struct bm_nvs *nvs, uint8_t ns, const char *key, struct bm_nvs_info *info);

/* Reads an integer, float or double of exactly this type; bits as in struct bm_nvs_info.
 * Returns as bm_nvs_find(), and BM_E_TYPE where the key holds another type. */
int bm_nvs_get_bits(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                    uint64_t *bits);

/* Reads a string (with its NUL) or blob.
 * type: BM_NVS_STR or BM_NVS_BLOB. buf: NULL to ask for the length. len: in: bytes of buf, out:
 * bytes of the value, also when it did not fit.
 * Returns as bm_nvs_get_bits(), and BM_E_LENGTH where buf is too small. */
int bm_nvs_get_data(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                    void *buf, size_t *len);

/* Makes a namespace, or finds it where it is there. name: 1 to 15 bytes.
 * Returns BM_OK, BM_E_ARG, or as bm_nvs_set_bits(). */
int bm_nvs_namespace_create(struct bm_nvs *nvs, const char *name, uint8_t *ns);

/* Stores an integer, float or double. key: 1 to 15 bytes. bits: as in struct bm_nvs_info. A value
 * of another type under this key is replaced. An equal value is not written again. After BM_OK the
 * value is on flash; a power cut before leaves the old value or the new one. Returns BM_OK,
 * BM_E_ARG (name, namespace or type), BM_E_NOSPC, BM_E_READONLY, BM_E_IO, or BM_E_KEYS (nothing
 * in the partition can be read: it is encrypted, or all of it damaged; nothing is written then). */
int bm_nvs_set_bits(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                    uint64_t bits);

/* Stores a string (len counts its NUL, at most 4000) or a blob (at most 127 chunks, and no more
 * than fits). Returns as bm_nvs_set_bits(). */
int bm_nvs_set_data(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                    const void *data, size_t len);

/* Removes a key of any type. Returns BM_OK, BM_E_NOENT, or as bm_nvs_set_bits(). */
int bm_nvs_erase_key(struct bm_nvs *nvs, uint8_t ns, const char *key);

/* Removes all keys of a namespace; its name and index stay. Returns as bm_nvs_set_bits(). */
int bm_nvs_erase_all(struct bm_nvs *nvs, uint8_t ns);

/* on 1: from now on what is given up is overwritten with zeros as well, so that it cannot be read
 * out of the flash. 0: not (as after mounting). */
void bm_nvs_set_purge(struct bm_nvs *nvs, int on);

/* Overwrites all that was given up before with zeros, and erases what unused sectors still hold.
 * Returns as bm_nvs_set_bits(). */
int bm_nvs_purge_all(struct bm_nvs *nvs);

/* Starts an iteration over the values of a namespace (or BM_NVS_NS_ANY) and type (or BM_NVS_ANY).
 */
void bm_nvs_iter_start(struct bm_nvs_iter *it, uint8_t ns, uint8_t type);

/* The next value, each key once, oldest page first. Damaged values are passed over.
 * Returns BM_OK, BM_E_NOENT at the end, or BM_E_IO. */
int bm_nvs_iter_next(struct bm_nvs *nvs, struct bm_nvs_iter *it, struct bm_nvs_info *info);

/* Counts entries over the whole region. Returns BM_OK or BM_E_IO. */
int bm_nvs_get_stats(struct bm_nvs *nvs, struct bm_nvs_stats *stats);

/* Entries that one namespace uses (headers, data and blob indexes), its own name not counted.
 * Returns BM_OK or BM_E_IO. */
int bm_nvs_used_entries(struct bm_nvs *nvs, uint8_t ns, size_t *used);

#ifdef __cplusplus
}
#endif

#endif
