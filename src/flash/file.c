/* SPDX-License-Identifier: Apache-2.0 */
#include "birthmark/flash.h"

#include <stdio.h>
#include <string.h>

#include "birthmark/err.h"

static int file_read(void *ctx, uint32_t off, void *buf, uint32_t len)
{
    struct bm_flash_file *file = ctx;
    FILE *stream = file->stream;
    if (fseek(stream, (long)off, SEEK_SET) != 0 || fread(buf, 1, len, stream) != len) {
        return BM_E_IO;
    }
    return BM_OK;
}

static const struct bm_flash_ops file_ops = {file_read, NULL, NULL};

int bm_flash_file_open(struct bm_flash *out, struct bm_flash_file *file, const char *path)
{
    if (path == NULL) {
        return BM_E_ARG;
    }
    FILE *stream = fopen(path, "rb");
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
    out->ops = &file_ops;
    out->ctx = file;
    out->size = (uint32_t)size;
    out->erase_size = 4096;
    out->prog_size = 4;
    return BM_OK;
}

void bm_flash_file_close(struct bm_flash_file *file)
{
    if (file->stream != NULL) {
        (void)fclose(file->stream);
        file->stream = NULL;
    }
}
