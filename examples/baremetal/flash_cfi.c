/* SPDX-License-Identifier: Apache-2.0 */

/* Parallel NOR flash with Intel's command set, as QEMU's machine virt has it: two 16-bit chips side
 * by side, so that commands and words are 32 bits wide. Its blocks are 256 KiB, the store's sectors
 * 4 KiB: a sector is erased by keeping the rest of the partition in RAM. A power cut in the middle
 * of that would lose it; a chip with 4 KiB sectors needs nothing of the kind. */

#include <stdint.h>
#include <string.h>

#include "birthmark/err.h"
#include "flash_chip.h"
#include "hal.h"

enum { WORD = 4, ROW = 16 }; /* bytes of a word, words that are programmed in one go */

#define READ_ARRAY   0x00ff00ffu
#define CLEAR_STATUS 0x00500050u
#define PROGRAM      0x00400040u
#define ERASE        0x00200020u
#define CONFIRM      0x00d000d0u
#define READY        0x00800080u
#define BLANK        0xffffffffu
#define FAILED       0x003a003au /* erase, program, voltage or locked block */

static volatile uint32_t *base(void)
{
    return (volatile uint32_t *)FLASH_CFI_BASE;
}

/* Waits for the chips, which then show their status until read_array(). */
static int wait(void)
{
    uint32_t status;
    do {
        status = base()[0];
    } while ((status & READY) != READY);
    return (status & FAILED) == 0 ? BM_OK : BM_E_IO;
}

static void read_array(void)
{
    base()[0] = CLEAR_STATUS;
    base()[0] = READ_ARRAY;
}

static int program_word(volatile uint32_t *cell, uint32_t value)
{
    *cell = PROGRAM;
    *cell = value;
    return wait();
}

static int cfi_read(void *ctx, uint32_t off, void *buf, uint32_t len)
{
    const volatile uint8_t *from = (const volatile uint8_t *)base() + off;
    uint8_t *out = buf;
    (void)ctx;
    for (uint32_t i = 0; i < len; i++) {
        out[i] = from[i];
    }
    return BM_OK;
}

/* Programs whole words from an aligned offset: wanted against what is there now. */
static int program_row(uint32_t at, const uint32_t *now, const uint32_t *wanted)
{
    int rc = BM_OK;
    for (uint32_t i = 0; i < ROW; i++) {
        if ((now[i] & wanted[i]) != wanted[i]) {
            return BM_E_IO; /* programming cannot set a bit */
        }
    }
    for (uint32_t i = 0; i < ROW && rc == BM_OK; i++) {
        rc = now[i] != wanted[i] ? program_word(base() + at / WORD + i, wanted[i]) : BM_OK;
    }
    read_array();
    return rc;
}

/* Row by row; what lies beside the bytes is left as it is. */
static int cfi_prog(void *ctx, uint32_t off, const void *buf, uint32_t len)
{
    const uint8_t *in = buf;
    int rc = BM_OK;
    for (uint32_t done = 0; done < len && rc == BM_OK;) {
        uint32_t now[ROW];
        uint32_t wanted[ROW];
        const uint32_t start = (off + done) % sizeof now;
        const uint32_t rest = (uint32_t)sizeof now - start;
        const uint32_t part = len - done < rest ? len - done : rest;
        (void)cfi_read(ctx, off + done - start, now, sizeof now);
        memcpy(wanted, now, sizeof now);
        memcpy((uint8_t *)wanted + start, in + done, part);
        rc = program_row(off + done - start, now, wanted);
        done += part;
    }
    return rc;
}

static int cfi_erase(void *ctx, uint32_t off, uint32_t len)
{
    static uint32_t kept[HAL_NVS_SIZE / WORD];
    (void)cfi_read(ctx, 0, kept, sizeof kept);
    memset(kept + off / WORD, 0xff, len);
    base()[0] = ERASE;
    base()[0] = CONFIRM;
    int rc = wait();
    for (uint32_t i = 0; i < HAL_NVS_SIZE / WORD && rc == BM_OK; i++) {
        rc = kept[i] != BLANK ? program_word(base() + i, kept[i]) : BM_OK;
    }
    read_array();
    return rc;
}

const struct bm_flash_ops flash_chip = {cfi_read, cfi_prog, cfi_erase};
