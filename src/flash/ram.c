/* SPDX-License-Identifier: Apache-2.0 */
#include "birthmark/flash.h"

#include <string.h>

#include "birthmark/err.h"

enum { SECTOR = 4096, WORD = 4 };

static uint32_t draw(struct bm_flash_ram *ram)
{
    ram->random = ram->random * 1664525u + 1013904223u;
    return ram->random >> 8;
}

static int inside(const struct bm_flash_ram *ram, uint32_t off, uint32_t len)
{
    return off <= ram->size && len <= ram->size - off;
}

static int ram_read(void *ctx, uint32_t off, void *buf, uint32_t len)
{
    struct bm_flash_ram *ram = ctx;
    if (ram->dead || !inside(ram, off, len) || ++ram->reads == ram->fail_read) {
        return BM_E_IO;
    }
    ram->read_bytes += len;
    memcpy(buf, ram->mem + off, len);
    return BM_OK;
}

/* 1 if this operation goes through; else it is to be torn. */
static int goes_through(struct bm_flash_ram *ram)
{
    ram->ops++;
    ram->dead = ram->ops == ram->cut_at;
    return !ram->dead && ram->ops != ram->fail_at;
}

static void program(uint8_t *to, const uint8_t *from, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        to[i] &= from[i];
    }
}

/* Clears some of the bits. */
static void program_bits(struct bm_flash_ram *ram, uint8_t *to, const uint8_t *from, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        to[i] &= (uint8_t)(from[i] | draw(ram));
    }
}

static void program_part(struct bm_flash_ram *ram, uint8_t *to, const uint8_t *from, uint32_t len)
{
    const uint32_t words = (len + WORD - 1) / WORD;
    const uint32_t whole = draw(ram) % words * WORD;
    const uint32_t rest = len - whole < WORD ? len - whole : WORD;
    program(to, from, whole);
    program_bits(ram, to + whole, from + whole, rest);
}

static int ram_prog(void *ctx, uint32_t off, const void *buf, uint32_t len)
{
    struct bm_flash_ram *ram = ctx;
    if (ram->dead || len == 0 || !inside(ram, off, len)) {
        return BM_E_IO;
    }
    ram->progs++;
    ram->prog_bytes += len;
    if (goes_through(ram)) {
        program(ram->mem + off, buf, len);
        return BM_OK;
    }
    switch (ram->tear) {
    case BM_TEAR_PART: program_part(ram, ram->mem + off, buf, len); break;
    case BM_TEAR_ALL: program(ram->mem + off, buf, len); break;
    case BM_TEAR_BITS: program_bits(ram, ram->mem + off, buf, len); break;
    default: break;
    }
    return BM_E_IO;
}

/* Sets some of the bits: half of them, or, one time in two, one in some hundreds. */
static void erase_bits(struct bm_flash_ram *ram, uint8_t *to, uint32_t len)
{
    const int few = (draw(ram) & 1) != 0;
    for (uint32_t i = 0; i < len; i++) {
        const uint32_t bits = draw(ram);
        if (!few) {
            to[i] |= (uint8_t)bits;
        } else if (bits % 32 == 0) {
            to[i] |= (uint8_t)(1u << (bits / 32 & 7));
        }
    }
}

static int ram_erase(void *ctx, uint32_t off, uint32_t len)
{
    struct bm_flash_ram *ram = ctx;
    if (ram->dead || off % SECTOR != 0 || len % SECTOR != 0 || !inside(ram, off, len)) {
        return BM_E_IO;
    }
    for (uint32_t at = off; at < off + len; at += SECTOR) {
        ram->erases++;
        if (ram->wear != NULL) {
            ram->wear[at / SECTOR]++;
        }
        if (goes_through(ram)) {
            memset(ram->mem + at, 0xff, SECTOR);
            continue;
        }
        switch (ram->tear) {
        case BM_TEAR_PART: memset(ram->mem + at, 0xff, draw(ram) % SECTOR); break;
        case BM_TEAR_ALL: memset(ram->mem + at, 0xff, SECTOR); break;
        case BM_TEAR_BITS: erase_bits(ram, ram->mem + at, SECTOR); break;
        default: break;
        }
        return BM_E_IO;
    }
    return BM_OK;
}

static const struct bm_flash_ops ram_ops = {ram_read, ram_prog, ram_erase};

int bm_flash_ram_init(struct bm_flash *out, struct bm_flash_ram *ram, void *mem, uint32_t size)
{
    if (mem == NULL || size % SECTOR != 0) {
        return BM_E_ARG;
    }
    memset(ram, 0, sizeof *ram);
    ram->mem = mem;
    ram->size = size;
    out->ops = &ram_ops;
    out->ctx = ram;
    out->size = size;
    out->erase_size = SECTOR;
    out->prog_size = 1;
    return BM_OK;
}
