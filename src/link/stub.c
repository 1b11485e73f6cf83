/* SPDX-License-Identifier: Apache-2.0 */
#include "link/stub.h"

#include <string.h>

#include "base/base.h"
#include "link/session.h"

/* Loads a stub into the chip's memory and starts it. Any failure begins the session again: a block
 * of memory that got lost cannot be sent again. */

static int load(struct bm_link *link, uint32_t start, const uint8_t *bytes, size_t len)
{
    const uint32_t block = link->port == BM_CHIP_PORT_USB_OTG ? LINK_MEM_BLOCK_OTG : LINK_MEM_BLOCK;
    const uint32_t blocks = (uint32_t)((len + block - 1) / block);
    const uint32_t words[] = {(uint32_t)len, blocks, block, start};
    struct bm_rom_reply reply;
    int rc = link_words(link, BM_ROM_MEM_BEGIN, words, 4, LINK_REPLY_MS, &reply);
    for (uint32_t i = 0; rc == BM_OK && i < blocks; i++) {
        const size_t at = (size_t)i * block;
        const size_t n = len - at < block ? len - at : block;
        const size_t message = bm_rom_format_data(link->message, sizeof link->message,
                                                  BM_ROM_MEM_DATA, i, bytes + at, n);
        rc = link_exchange(link, message, LINK_REPLY_MS, &reply);
    }
    return rc;
}

/* MEM_END's reply may not make it out before the stub runs; its hello counts. */
static int start(struct bm_link *link, uint32_t entry)
{
    const uint32_t words[] = {entry == 0, entry};
    const size_t len =
        bm_rom_format_words(link->message, sizeof link->message, BM_ROM_MEM_END, words, 2);
    const uint64_t until = link_now(link) + LINK_REPLY_MS;
    link->refusal = 0;
    int rc = link_send(link, len);
    while (rc == BM_OK || rc == BM_E_PROTO) {
        const uint8_t *frame = NULL;
        size_t n = 0;
        rc = link_receive(link, until, &frame, &n);
        if (rc == BM_OK && n == sizeof bm_rom_stub_hello &&
            memcmp(frame, bm_rom_stub_hello, n) == 0) {
            return BM_OK;
        }
    }
    return rc;
}

static int fits(const struct bm_link *link, uint32_t from, size_t len)
{
    return len == 0 || (bm_chip_memory_at(link->chip, from) != BM_MEMORY_END &&
                        bm_chip_memory_at(link->chip, from + (uint32_t)len - 1) != BM_MEMORY_END);
}

int link_stub_start(struct bm_link *link, const struct bm_link_stub *stub, struct bm_diag *diag)
{
    if (!fits(link, stub->text_start, stub->text_len) ||
        !fits(link, stub->data_start, stub->data_len)) {
        return bm_diag_set(diag, BM_E_TYPE, 0, "stub",
                           "this stub is for another chip: its addresses are not memory here");
    }
    link_say(link, BM_LINK_STUB, 0, 0, stub->text_len + stub->data_len, link->wire, NULL);
    int rc = load(link, stub->text_start, stub->text, stub->text_len);
    if (rc == BM_OK && stub->data_len != 0) {
        rc = load(link, stub->data_start, stub->data, stub->data_len);
    }
    rc = rc == BM_OK ? start(link, stub->entry) : rc;
    if (rc != BM_OK) {
        return link_fail(link, diag, rc, 0, "loading the stub");
    }
    link->stub = 1;
    link->last_op = BM_ROM_SYNC;
    return link_quiet(link, 0);
}
