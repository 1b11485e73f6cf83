/* SPDX-License-Identifier: Apache-2.0 */
#include "link/session.h"

#include "birthmark/err.h"

/* One command to the flash, by the registers of its controller; the ROM has no operation for it.
 * The registers that it changes are given their values back. */

enum { FLASH_READ_ID = 0x9f, ID_BITS = 24, POLLS = 10 };

struct spi {
    struct bm_link *link;
    struct bm_diag *diag;
    int rc;
};

static uint32_t get(struct spi *s, uint32_t addr)
{
    uint32_t value = 0;
    if (s->rc == BM_OK) {
        s->rc = link_read_reg_twice(s->link, addr, &value, s->diag);
    }
    return value;
}

static void put(struct spi *s, uint32_t addr, uint32_t value)
{
    if (s->rc == BM_OK) {
        s->rc = link_write_reg(s->link, addr, value, s->diag);
    }
}

static void await(struct spi *s, uint32_t addr)
{
    for (unsigned i = 0; s->rc == BM_OK && (get(s, addr) & BM_SPI_CMD_USR) != 0; i++) {
        if (i == POLLS) { /* no controller as we know it */
            s->link->refusal = BM_ROM_E_FAILED;
            s->rc = link_fail(s->link, s->diag, BM_E_PROTO, 0, "the flash's id");
        }
    }
}

int link_flash_id(struct bm_link *link, uint32_t *id, struct bm_diag *diag)
{
    const struct bm_chip_spi *spi = &link->chip->spi;
    const uint32_t usr = spi->base + spi->usr;
    const uint32_t usr2 = spi->base + spi->usr2;
    const uint32_t w0 = spi->base + spi->w0;
    struct spi s = {link, diag, BM_OK};
    const uint32_t usr_before = get(&s, usr);
    const uint32_t usr2_before = get(&s, usr2);
    if (s.rc != BM_OK) {
        return s.rc;
    }
    put(&s, spi->base + spi->miso_dlen, ID_BITS - 1);
    put(&s, usr, BM_SPI_USR_COMMAND | BM_SPI_USR_MISO);
    put(&s, usr2, (7u << BM_SPI_USR2_LEN_SHIFT) | FLASH_READ_ID);
    put(&s, w0, 0);
    put(&s, spi->base + BM_SPI_CMD, BM_SPI_CMD_USR);
    await(&s, spi->base + BM_SPI_CMD);
    const uint32_t got = get(&s, w0) & 0xffffffu;
    const int rc = s.rc;
    const uint8_t refusal = link->refusal;
    s.rc = rc == BM_E_IO ? rc : BM_OK; /* they get their values back whatever came of it */
    put(&s, usr, usr_before);
    put(&s, usr2, usr2_before);
    *id = rc == BM_OK ? got : 0;
    link->refusal = rc == BM_OK ? link->refusal : refusal;
    return rc != BM_OK ? rc : s.rc;
}

uint32_t link_flash_size(uint32_t id)
{
    /* The third byte: a power of two, in the ways the makers count it (esptool: flash sizes). */
    static const struct {
        uint8_t from, to, minus;
    } counts[] = {{0x12, 0x1c, 0}, {0x20, 0x22, 0x20 - 26}, {0x32, 0x3a, 0x20}};
    const uint32_t capacity = (id >> 16) & 0xff;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (capacity >= counts[i].from && capacity <= counts[i].to) {
            return 1u << (capacity - counts[i].minus);
        }
    }
    return 0;
}
