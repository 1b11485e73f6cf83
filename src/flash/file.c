/* SPDX-License-Identifier: Apache-2.0 */
#include "birthmark/flash.h"

#include <stdio.h>
#include <string.h>

#include "birthmark/err.h"

enum { SECTOR = 4096, PIECE = 256 };

static int file_read(void *ctx, uint32_t off, void *buf, uint32_t len)
{
    struct bm_flash_file *file = ctx;
    FILE *stream = file->stream;
    if (fseek(stream, (long)off, SEEK_SET) != 0 || fread(buf, 1, len, stream) != len) {
        return BM_E_IO;
    }
    return BM_OK;
}

/* Behind the end nothing is written: the file stays as long as the region. */
static int inside(FILE *stream, uint32_t off, uint32_t len)
{
    const long end = fseek(stream, 0, SEEK_END) == 0 ? ftell(stream) : -1;
    return end >= 0 && off <= (unsigned long)end && len <= (unsigned long)end - off;
}

static int put(FILE *stream, uint32_t off, const void *buf, uint32_t len)
{
    return fseek(stream, (long)off, SEEK_SET) == 0 && fwrite(buf, 1, len, stream) == len ? BM_OK
                                                                                         : BM_E_IO;
}

/* As flash does: what is there and what comes, bit by bit. */
static int file_prog(void *ctx, uint32_t off, const void *buf, uint32_t len)
{
    struct bm_flash_file *file = ctx;
    FILE *stream = file->stream;
    const uint8_t *in = buf;
    uint32_t part;
    if (!inside(stream, off, len)) {
        return BM_E_IO;
    }
    for (uint32_t done = 0; done < len; done += part) {
        uint8_t piece[PIECE];
        part = len - done < PIECE ? len - done : PIECE;
        if (file_read(ctx, off + done, piece, part) != BM_OK) {
            return BM_E_IO;
        }
        for (uint32_t i = 0; i < part; i++) {
            piece[i] &= in[done + i];
        }
        if (put(stream, off + done, piece, part) != BM_OK) {
            return BM_E_IO;
        }
    }
    return fflush(stream) == 0 ? BM_OK : BM_E_IO;
}

static int file_erase(void *ctx, uint32_t off, uint32_t len)
{
    struct bm_flash_file *file = ctx;
    FILE *stream = file->stream;
    uint8_t blank[PIECE];
    if (off % SECTOR != 0 || len % SECTOR != 0 || !inside(stream, off, len)) {
        return BM_E_IO;
    }
    memset(blank, 0xff, sizeof blank);
    for (uint32_t done = 0; done < len; done += PIECE) {
        if (put(stream, off + done, blank, PIECE) != BM_OK) {
            return BM_E_IO;
        }
    }
    return fflush(stream) == 0 ? BM_OK : BM_E_IO;
}

static const struct bm_flash_ops read_only = {file_read, NULL, NULL};
static const struct bm_flash_ops read_write = {file_read, file_prog, file_erase};

/* Takes the stream over, or closes it. */
static int adopt(struct bm_flash *out, struct bm_flash_file *file, FILE *stream,
                 const struct bm_flash_ops *ops)
{
    long size = -1;
    file->stream = NULL;
    if (stream == NULL) {
        return BM_E_IO;
    }
    /* No buffer of stdio's: it would keep pieces of keys behind. */
    (void)setvbuf(stream, NULL, _IONBF, 0);
    /* A folder opens, too, but reading from it fails. */
    (void)fgetc(stream);
    if (!ferror(stream) && fseek(stream, 0, SEEK_END) == 0) {
        size = ftell(stream);
    }
    if (size < 0 || (unsigned long)size > UINT32_MAX) {
        (void)fclose(stream);
        return size < 0 ? BM_E_IO : BM_E_NOSPC;
    }
    file->stream = stream;
    out->ops = ops;
    out->ctx = file;
    out->size = (uint32_t)size;
    out->erase_size = SECTOR;
    out->prog_size = 4;
    return BM_OK;
}

int bm_flash_file_open(struct bm_flash *out, struct bm_flash_file *file, const char *path)
{
    return path == NULL ? BM_E_ARG : adopt(out, file, fopen(path, "rb"), &read_only);
}

int bm_flash_file_open_rw(struct bm_flash *out, struct bm_flash_file *file, const char *path)
{
    if (path == NULL) {
        return BM_E_ARG;
    }
    FILE *stream = fopen(path, "r+b");
    return stream != NULL ? adopt(out, file, stream, &read_write)
                          : bm_flash_file_open(out, file, path);
}

void bm_flash_file_close(struct bm_flash_file *file)
{
    if (file->stream != NULL) {
        (void)fclose(file->stream);
        file->stream = NULL;
    }
}
