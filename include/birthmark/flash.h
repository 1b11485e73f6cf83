/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BIRTHMARK_FLASH_H
#define BIRTHMARK_FLASH_H

/* A flash region: the one abstraction that NVS, otadata and the partition table stand on. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Operations of a region. Offsets are relative to the region. Each returns 0 or a negative enum
 * bm_err and does all of the range or fails. */
struct bm_flash_ops {
    /* Reads len bytes at off into buf. Any offset and length inside the region. */
    int (*read)(void *ctx, uint32_t off, void *buf, uint32_t len);
    /* Programs len bytes: clears bits, never sets them. It may be called on words already written,
     * because NVS marks entries by clearing more bits. NULL in a read-only region. */
    int (*prog)(void *ctx, uint32_t off, const void *buf, uint32_t len);
    /* Erases whole sectors to 0xff. NULL in a read-only region. */
    int (*erase)(void *ctx, uint32_t off, uint32_t len);
};

/* A region of flash. The caller owns it and keeps ops and ctx alive while it is in use. */
struct bm_flash {
    const struct bm_flash_ops *ops;
    void *ctx;
    uint32_t size;       /* bytes */
    uint32_t erase_size; /* bytes of a sector; NVS needs 4096 */
    uint32_t prog_size;  /* bytes of the smallest write, 1 to 32 */
};

/* A read-only region over memory that the caller keeps alive and unchanged.
 * out: filled. data: the bytes. size: their number, at most 0xffffffff.
 * Returns BM_OK or BM_E_ARG. */
int bm_flash_view(struct bm_flash *out, const void *data, size_t size);

/* Storage of a window; private, but the caller provides it. */
struct bm_flash_window {
    const struct bm_flash *parent;
    uint32_t off;
};

/* A part of another region, as a region of its own: a partition of a chip.
 * out, window: filled; window and parent are kept by the caller as long as out is used. off, size:
 * the part in bytes of the parent; off a multiple of its erase_size if it is to be written. Returns
 * BM_OK, or BM_E_ARG if the part does not lie within the parent. */
int bm_flash_window(struct bm_flash *out, struct bm_flash_window *window,
                    const struct bm_flash *parent, uint32_t off, uint32_t size);

/* The same, and the part cannot be written. */
int bm_flash_window_readonly(struct bm_flash *out, struct bm_flash_window *window,
                             const struct bm_flash *parent, uint32_t off, uint32_t size);

/* What the operation in which the power fails leaves behind. */
enum bm_flash_tear {
    BM_TEAR_NONE = 0, /* nothing of it */
    BM_TEAR_PART,     /* a program: some words from its start, the last one torn; an erase: the
                         sector's first bytes */
    BM_TEAR_ALL,      /* all of it, but it was not reported */
    BM_TEAR_BITS,     /* any of the bits it would have changed */
    BM_TEAR_COUNT
};

/* A region of NOR flash in memory, for tests and simulations: programs only clear bits, everything
 * is counted, and the power can be made to fail. The caller owns it; fields may be set at any time
 * between operations. */
struct bm_flash_ram {
    uint8_t *mem;
    uint32_t size;
    uint32_t *wear; /* erases of each sector, or NULL */
    uint64_t ops;   /* programs and erases begun: the clock of cut_at and fail_at */
    uint64_t reads;
    uint64_t read_bytes;
    uint64_t progs;
    uint64_t prog_bytes;
    uint64_t erases;    /* sectors */
    uint64_t cut_at;    /* the power fails in this one of ops, counted from 1; 0: never */
    uint64_t fail_at;   /* this one of ops fails, as the tear says, and power stays; 0: none */
    uint64_t fail_read; /* this one of reads fails, counted from 1; 0: none */
    uint32_t random;    /* state of the generator of tears */
    enum bm_flash_tear tear;
    int dead; /* the power has failed: every operation fails until this is cleared */
};

/* A region over memory that the caller keeps, blank or not.
 * out, ram: filled, all counts 0. mem: size bytes, size a multiple of 4096.
 * Returns BM_OK or BM_E_ARG. */
int bm_flash_ram_init(struct bm_flash *out, struct bm_flash_ram *ram, void *mem, uint32_t size);

/* State of a region over a file; private, but the caller provides the storage. */
struct bm_flash_file {
    void *stream;
};

/* A read-only region over a file, read through C's stdio: for hosts only.
 * out, file: filled; path: the file to open. Sets size from the file, erase_size 4096.
 * Returns BM_OK, BM_E_ARG, BM_E_IO (cannot be opened or read; errno says why) or BM_E_NOSPC (4 GiB
 * or more). */
int bm_flash_file_open(struct bm_flash *out, struct bm_flash_file *file, const char *path);

/* The same, and the region can be written if the file can: it is changed in place, as a flash would
 * be, and each change is handed to the operating system at once. */
int bm_flash_file_open_rw(struct bm_flash *out, struct bm_flash_file *file, const char *path);

/* Closes the file of a region; a struct never opened or closed already is left alone. */
void bm_flash_file_close(struct bm_flash_file *file);

#ifdef __cplusplus
}
#endif

#endif
