/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "image/show.h"
#include "layout/assemble.h"
#include "layout/content.h"

enum { FLASH_SIZE_MIN = 256 * 1024 };

struct cutter {
    struct bm_pieces *out;
    const uint8_t *flash;
    uint32_t len;
    uint32_t at; /* all before it is cut */
    int full;
};

int bm_flash_chip(const uint8_t *flash, size_t len, uint32_t table_off, uint32_t *off)
{
    static const uint32_t places[] = {0x1000, 0x0, 0x2000};
    const size_t end = len < table_off ? len : table_off;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct bm_flash view;
        struct bm_app app;
        if (places[i] < end && bmi_is_app(flash + places[i], end - places[i]) &&
            bm_flash_view(&view, flash, end) == BM_OK &&
            bm_app_read(&app, &view, places[i], (uint32_t)end - places[i], NULL) == BM_OK &&
            bm_bootloader_offset(app.chip) == places[i]) {
            if (off != NULL) {
                *off = places[i];
            }
            return app.chip;
        }
    }
    return BM_CHIP_UNKNOWN;
}

static int taken(const struct bm_pieces *pieces, const char *name)
{
    for (size_t i = 0; i < pieces->count; i++) {
        if (strcmp(pieces->list[i].name, name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The file's name: what is in it, or its offset; with the offset where that name is taken. */
static void name_piece(const struct bm_pieces *pieces, struct bm_piece *p)
{
    char word[sizeof p->what];
    size_t n = 0;
    for (; p->what[n] != '\0'; n++) {
        const unsigned char c = (unsigned char)p->what[n];
        word[n] =
            (char)((c < 0x80 && isalnum(c)) || c == '-' || c == '_' || (c == '.' && n > 0) ? c
                                                                                           : '_');
    }
    word[n] = '\0';
    (void)snprintf(p->name, sizeof p->name, "%s.bin", n > 0 ? word : "flash");
    if (n == 0 || taken(pieces, p->name)) {
        (void)snprintf(p->name, sizeof p->name, "%s-0x%x.bin", n > 0 ? word : "flash",
                       (unsigned)p->offset);
    }
}

/* 256 KB to 128 MB, as chips have it: such a file holds all of a flash. */
static int is_flash_size(uint32_t len)
{
    return len >= FLASH_SIZE_MIN && len <= BM_FLASH_SIZE_MAX && (len & (len - 1)) == 0;
}

uint32_t bm_flash_limit(const uint8_t *flash, size_t len, uint32_t table_off)
{
    uint32_t off = 0;
    struct bm_flash view;
    struct bm_app app;
    const uint32_t file =
        len <= BM_FLASH_SIZE_MAX && is_flash_size((uint32_t)len) ? (uint32_t)len : 0;
    if (bm_flash_chip(flash, len, table_off, &off) == BM_CHIP_UNKNOWN ||
        bm_flash_view(&view, flash, len) != BM_OK ||
        bm_app_read(&app, &view, off, table_off - off, NULL) != BM_OK || app.flash_size > 7) {
        return file;
    }
    const uint32_t named = 1024u * 1024u << app.flash_size;
    return file != 0 && file < named ? file : named;
}

/* Bytes without the blank sectors at the end. */
static uint32_t used_of(const uint8_t *data, uint32_t size)
{
    while (size > 0) {
        const uint32_t tail =
            size % BM_FLASH_SECTOR != 0 ? size % BM_FLASH_SECTOR : BM_FLASH_SECTOR;
        if (!bmi_is_blank(data + size - tail, tail)) {
            break;
        }
        size -= tail;
    }
    return size;
}

static void add_piece(struct cutter *c, uint32_t size, uint32_t len, int blank, const char *what)
{
    if (c->out->count == BM_PIECES_MAX) {
        c->full = 1;
        return;
    }
    struct bm_piece p = {.offset = c->at, .size = size, .len = len, .blank = blank};
    (void)snprintf(p.what, sizeof p.what, "%s", what);
    name_piece(c->out, &p);
    c->out->list[c->out->count++] = p;
}

/* Cuts from where the last piece ended. What lies behind the end of the file counts as blank; a
 * file that was not filled up to the size of a flash keeps its last byte. */
static void cut(struct cutter *c, uint64_t end64, const char *what, int whole)
{
    const uint32_t end = end64 > UINT32_MAX ? UINT32_MAX : (uint32_t)end64;
    if (end <= c->at) {
        return;
    }
    const uint32_t stop = end < c->len ? end : c->len;
    const uint32_t have = stop > c->at ? stop - c->at : 0;
    const int last = stop == c->len && have > 0 && !is_flash_size(c->len);
    const uint32_t used = have > 0 ? used_of(c->flash + c->at, have) : 0;
    if (used > 0 || last || what[0] != '\0') {
        add_piece(c, end - c->at, whole || last ? have : used, used == 0 && !last, what);
    }
    c->at = end;
}

/* Partitions by their offset. */
static void sort(const struct bm_part **sorted, const struct bm_part_table *table)
{
    for (unsigned i = 0; i < table->count; i++) {
        unsigned k = i;
        for (; k > 0 && sorted[k - 1]->offset > table->part[i].offset; k--) {
            sorted[k] = sorted[k - 1];
        }
        sorted[k] = &table->part[i];
    }
}

/* Rows that newer tables can have for bootloader and table themselves. */
static int is_primary(const struct bm_part *p)
{
    return p->type == BM_PART_BOOTLOADER || p->type == BM_PART_PARTITION_TABLE;
}

static int refuse(const struct bm_part *p, struct bm_diag *diag)
{
    char label[4 * BM_PART_LABEL_SIZE];
    char text[160];
    (void)snprintf(text, sizeof text, "partition %s overlaps what is before it",
                   bmi_show_into(label, sizeof label, p->label));
    return bm_diag_set(diag, BM_E_INPUT, p->offset, NULL, text);
}

int bm_split(struct bm_pieces *out, const uint8_t *flash, size_t len,
             const struct bm_part_table *table, uint32_t table_off, struct bm_diag *diag)
{
    struct cutter c = {.out = out, .flash = flash, .len = (uint32_t)len};
    const struct bm_part *sorted[BM_PART_MAX];
    uint32_t boot = 0;
    out->count = 0;
    if (len > BM_FLASH_SIZE_MAX || len < (size_t)table_off + BM_PART_TABLE_SECTOR) {
        return bm_diag_set(diag, BM_E_INPUT, len, NULL, "the file is no image of a whole flash");
    }
    sort(sorted, table);
    if (bm_flash_chip(flash, len, table_off, &boot) != BM_CHIP_UNKNOWN) {
        cut(&c, boot, "", 0);
        cut(&c, table_off, "bootloader", 0);
    }
    cut(&c, table_off, "", 0);
    cut(&c, table_off + BM_PART_TABLE_SECTOR, "partition-table", 0);
    for (unsigned i = 0; i < table->count; i++) {
        const struct bm_part *p = sorted[i];
        if (p->offset < c.at && is_primary(p)) {
            continue; /* cut already */
        }
        if (p->offset < c.at) {
            return refuse(p, diag);
        }
        cut(&c, p->offset, "", 0);
        cut(&c, (uint64_t)p->offset + p->size, p->label, p->type != BM_PART_APP);
    }
    cut(&c, c.len, "", 0);
    return c.full ? bm_diag_set(diag, BM_E_NOSPC, 0, NULL, "too many pieces") : BM_OK;
}

static char *copy_of(const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    if (copy != NULL) {
        memcpy(copy, text, strlen(text) + 1);
    }
    return copy;
}

int bm_pieces_args(struct bm_flasher_args *args, const struct bm_pieces *pieces,
                   uint32_t flash_size, int chip)
{
    const char *name = chip >= 0 ? bm_app_chip_name((uint16_t)chip) : NULL;
    size_t n = 0;
    memset(args, 0, sizeof *args);
    args->flash_size = is_flash_size(flash_size) ? flash_size : 0;
    for (size_t i = 0; name != NULL && name[i] != '\0' && n + 1 < sizeof args->chip; i++) {
        if (name[i] != '-') {
            args->chip[n++] = (char)tolower((unsigned char)name[i]);
        }
    }
    args->files = calloc(BM_PIECES_MAX, sizeof *args->files);
    if (args->files == NULL) {
        return BM_E_NOMEM;
    }
    for (size_t i = 0; i < pieces->count; i++) {
        const struct bm_piece *p = &pieces->list[i];
        if (p->blank) {
            continue;
        }
        struct bm_flasher_file *f = &args->files[args->count++];
        f->offset = p->offset;
        f->file = copy_of(p->name);
        /* The name is a key of the JSON beside those that ESP-IDF has: only these two are put. */
        if (strcmp(p->what, "bootloader") == 0 || strcmp(p->what, "partition-table") == 0) {
            f->name = copy_of(p->what);
        }
        if (f->file == NULL) {
            return BM_E_NOMEM;
        }
    }
    return BM_OK;
}
