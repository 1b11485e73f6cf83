/* SPDX-License-Identifier: Apache-2.0 */
#include "flash_rom.h"

#include <string.h>

#include "birthmark/err.h"

enum { BUFFER = 256, SECTOR = 4096 }; /* a program of 256 aligned bytes stays in its page */

/* A piece that lies in one aligned buffer: where its words begin, and how many bytes they are. */
struct words {
    uint32_t at;
    uint32_t lead; /* bytes in front of the piece */
    uint32_t len;
};

static struct words words_of(uint32_t off, uint32_t len)
{
    const uint32_t lead = off % 4;
    const struct words w = {off - lead, lead, (lead + len + 3) & ~3u};
    return w;
}

static uint32_t piece(uint32_t off, uint32_t len)
{
    const uint32_t room = BUFFER - off % BUFFER;
    return len < room ? len : room;
}

static int rom_read(void *ctx, uint32_t off, void *buf, uint32_t len)
{
    const struct flash_rom *rom = ctx;
    uint8_t *out = buf;
    for (uint32_t done = 0; done < len;) {
        uint32_t buffer[BUFFER / 4];
        const uint32_t part = piece(off + done, len - done);
        const struct words w = words_of(off + done, part);
        if (rom->read(w.at, buffer, (int32_t)w.len) != 0) {
            return BM_E_IO;
        }
        memcpy(out + done, (const uint8_t *)buffer + w.lead, part);
        done += part;
    }
    return BM_OK;
}

/* Bytes beside the piece are programmed with ones, which changes nothing. What does not read back
 * as written asked for a bit to be set, or the chip is write-protected or worn out. */
static int program_piece(const struct flash_rom *rom, uint32_t off, const uint8_t *in, uint32_t len)
{
    uint32_t buffer[BUFFER / 4];
    const struct words w = words_of(off, len);
    memset(buffer, 0xff, w.len);
    memcpy((uint8_t *)buffer + w.lead, in, len);
    if (rom->write(w.at, buffer, (int32_t)w.len) != 0 ||
        rom->read(w.at, buffer, (int32_t)w.len) != 0) {
        return BM_E_IO;
    }
    return memcmp((const uint8_t *)buffer + w.lead, in, len) == 0 ? BM_OK : BM_E_IO;
}

static int rom_prog(void *ctx, uint32_t off, const void *buf, uint32_t len)
{
    const uint8_t *in = buf;
    int rc = BM_OK;
    for (uint32_t done = 0; done < len && rc == BM_OK;) {
        const uint32_t part = piece(off + done, len - done);
        rc = program_piece(ctx, off + done, in + done, part);
        done += part;
    }
    return rc;
}

static int rom_erase(void *ctx, uint32_t off, uint32_t len)
{
    const struct flash_rom *rom = ctx;
    for (uint32_t at = off; at < off + len; at += SECTOR) {
        if (rom->erase_sector(at / SECTOR) != 0) {
            return BM_E_IO;
        }
    }
    return BM_OK;
}

const struct bm_flash_ops flash_rom_ops = {rom_read, rom_prog, rom_erase};
