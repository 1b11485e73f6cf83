/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "sim/core.h"

/* The flash chip: the region that was handed in, with the time that a real one takes, and its
 * weaknesses. */

enum { BLOCK = 65536, PIECE = 1024 };

/* Typical times of 3.3 V NOR flashes of 4 to 16 MB (Winbond W25Q32JV, GigaDevice GD25Q32C). */
enum {
    ERASE_SECTOR_US = 45000,
    ERASE_BLOCK_US = 150000,
    PROGRAM_PAGE_US = 400,
    READ_BYTE_NS = 100, /* DIO at 40 MHz */
    MD5_BYTE_NS = 400   /* on top of reading: the ROM's code */
};

static int is_outside(const struct bm_sim *sim, uint32_t off, uint32_t len)
{
    const uint32_t size = sim->config.flash->size;
    return off > size || len > size - off;
}

int sim_flash_read(struct bm_sim *sim, uint32_t off, void *buf, uint32_t len)
{
    const struct bm_flash *flash = sim->config.flash;
    if (is_outside(sim, off, len)) {
        return BM_E_ARG;
    }
    sim_work(sim, (uint64_t)len * READ_BYTE_NS / 1000);
    return len == 0 ? BM_OK : flash->ops->read(flash->ctx, off, buf, len);
}

int sim_flash_erase(struct bm_sim *sim, uint32_t off, uint32_t len)
{
    const struct bm_flash *flash = sim->config.flash;
    if (is_outside(sim, off, len)) {
        return BM_E_ARG;
    }
    if (len == 0) {
        return BM_OK;
    }
    const uint32_t start = off - off % SIM_SECTOR;
    const uint32_t end = off + len + (SIM_SECTOR - (off + len) % SIM_SECTOR) % SIM_SECTOR;
    for (uint32_t at = start; at < end;) {
        const int block = at % BLOCK == 0 && end - at >= BLOCK;
        sim_work(sim, block ? ERASE_BLOCK_US : ERASE_SECTOR_US);
        at += block ? BLOCK : SIM_SECTOR;
    }
    return flash->ops->erase(flash->ctx, start, end - start);
}

static int program_page(struct bm_sim *sim, uint32_t off, const uint8_t *data, uint32_t len)
{
    const struct bm_flash *flash = sim->config.flash;
    uint8_t page[SIM_PAGE];
    sim_work(sim, PROGRAM_PAGE_US);
    if (sim_chance(sim, sim->config.faults.bad_write)) {
        memcpy(page, data, len);
        page[sim_random(sim) % len] ^= (uint8_t)(1u << (sim_random(sim) % 8));
        data = page;
    }
    return flash->ops->prog(flash->ctx, off, data, len);
}

int sim_flash_program(struct bm_sim *sim, uint32_t off, const void *buf, uint32_t len)
{
    const uint8_t *data = buf;
    int rc = BM_OK;
    if (is_outside(sim, off, len)) {
        return BM_E_ARG;
    }
    for (uint32_t n; len > 0 && rc == BM_OK; off += n, data += n, len -= n) {
        n = SIM_PAGE - off % SIM_PAGE;
        n = n > len ? len : n;
        rc = program_page(sim, off, data, n);
    }
    return rc;
}

int sim_flash_compare(struct bm_sim *sim, uint32_t off, const void *buf, uint32_t len)
{
    const uint8_t *data = buf;
    uint8_t piece[PIECE];
    int rc = BM_OK;
    for (uint32_t n; len > 0 && rc == BM_OK; off += n, data += n, len -= n) {
        n = len > PIECE ? PIECE : len;
        rc = sim_flash_read(sim, off, piece, n);
        if (rc == BM_OK && memcmp(piece, data, n) != 0) {
            rc = BM_E_VERIFY;
        }
    }
    return rc;
}

int sim_flash_md5(struct bm_sim *sim, uint32_t off, uint32_t len, uint8_t digest[16])
{
    uint8_t piece[PIECE];
    int rc = is_outside(sim, off, len) ? BM_E_ARG : sim->md5.start(sim->md5.ctx);
    sim_work(sim, rc == BM_OK ? (uint64_t)len * MD5_BYTE_NS / 1000 : 0);
    for (uint32_t n; len > 0 && rc == BM_OK; off += n, len -= n) {
        n = len > PIECE ? PIECE : len;
        rc = sim_flash_read(sim, off, piece, n);
        if (rc == BM_OK) {
            rc = sim->md5.add(sim->md5.ctx, piece, n);
        }
    }
    return rc == BM_OK ? sim->md5.finish(sim->md5.ctx, digest) : rc;
}
