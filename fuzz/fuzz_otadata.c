/* SPDX-License-Identifier: Apache-2.0 */

/* Any records, any table: what boots, and what changes make of it. The first bytes say what to do,
 * then come rows of the table, then the two records; each input goes through as it is and with the
 * CRCs made right. What is found too: a decision that does not fit the table, a change after which
 * another slot is selected than the one asked for, and a power cut that leaves neither choice. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "birthmark/boot.h"
#include "birthmark/err.h"
#include "birthmark/ota.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 8, ROW = 4, ROWS = 40, SECTOR = BM_OTADATA_SIZE / 2 };

struct input {
    const uint8_t *data;
    size_t size;
};

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

static uint8_t take(struct input *in)
{
    if (in->size == 0) {
        return 0;
    }
    in->size--;
    return *in->data++;
}

/* Images: two bits of a byte each. */
static int ask(void *ctx, const struct bm_part *part, struct bm_boot_image *out)
{
    const uint8_t *head = ctx;
    const unsigned bits = head[4 + part->subtype % 4u] >> (part->subtype / 4u % 4u * 2u) & 3u;
    if (head[3] == 0xee) {
        return BM_E_IO;
    }
    out->verdict = bits == 0 ? BM_BOOT_BAD : bits == 1 ? BM_BOOT_UNSOUND : BM_BOOT_GOOD;
    out->has_desc = bits != 2;
    out->secure_version = part->subtype * 7u % 5u;
    return BM_OK;
}

static void make_table(struct bm_part_table *table, struct input *in, unsigned rows)
{
    memset(table, 0, sizeof *table);
    for (unsigned i = 0; i < rows; i++) {
        struct bm_part *p = &table->part[table->count++];
        p->type = take(in) % 3;
        p->subtype = take(in);
        p->offset = take(in) * 0x1000u;
        p->size = take(in) * 0x1000u;
    }
}

static void decide(struct bm_boot *b, const struct bm_part_table *table,
                   const struct bm_otadata *records, const uint8_t *head)
{
    const struct bm_boot_config config = {
        .rollback = head[1] & 1,
        .anti_rollback = head[1] >> 1 & 1,
        .secure_version = head[2] % 4u,
        .factory_reset = head[1] >> 2 & 1,
        .reset_erases_otadata = head[1] >> 3 & 1,
        .test_pin = head[1] >> 4 & 1,
        .deep_sleep = head[1] >> 5 & 1,
        .skip_validate = head[1] >> 6 & 1,
    };
    const int rc = bm_boot_decide(b, table, records, ask, (void *)head, &config);
    must(rc == BM_OK || (rc == BM_E_IO && head[3] == 0xee));
    must(b->steps <= BM_BOOT_STEPS_MAX && b->writes <= BM_BOOT_WRITES_MAX);
    must((b->part == NULL) == (b->index == BM_BOOT_NONE));
    must(b->part == NULL || b->part == bm_boot_part(table, b->index));
    for (unsigned i = 0; i < b->steps; i++) {
        must(b->step[i].code < BM_BOOT_CODES && b->step[i].record < 2);
    }
}

/* The slot that a start selects, -1 for none: with rollback, which only a pending record needs. */
static int selected(const struct bm_flash *flash, unsigned slots)
{
    struct bm_otadata records;
    must(bm_otadata_read(&records, flash) == BM_OK);
    for (unsigned i = 0; i < 2; i++) {
        if (records.record[i].state == BM_OTA_PENDING_VERIFY) {
            records.record[i].state = BM_OTA_ABORTED;
        }
    }
    const int active = bm_otadata_active(&records);
    return active < 0 ? -1 : (int)bm_ota_record_slot(&records.record[active], slots);
}

static void change(const uint8_t *head, const uint8_t *mem)
{
    static const uint32_t states[] = {BM_OTA_NEW, BM_OTA_VALID, BM_OTA_UNDEFINED};
    static uint8_t work[BM_OTADATA_SIZE];
    struct bm_flash_ram ram;
    struct bm_flash flash;
    const unsigned slots = head[4] % 16u + 1;
    const unsigned slot = head[5] % slots;
    const uint32_t state = states[head[6] % 3];
    memcpy(work, mem, sizeof work);
    must(bm_flash_ram_init(&flash, &ram, work, sizeof work) == BM_OK);
    const int before = selected(&flash, slots);
    int rc = bm_otadata_select(&flash, slot, slots, state);
    if (rc == BM_E_NOSPC) {
        return;
    }
    must(rc == BM_OK && selected(&flash, slots) == (int)slot);

    memcpy(work, mem, sizeof work);
    must(bm_flash_ram_init(&flash, &ram, work, sizeof work) == BM_OK);
    ram.cut_at = head[7] % 8u + 1;
    ram.tear = (enum bm_flash_tear)(head[3] % BM_TEAR_COUNT);
    ram.random = head[2];
    rc = bm_otadata_select(&flash, slot, slots, state);
    ram.dead = 0;
    ram.cut_at = 0;
    const int seen = selected(&flash, slots);
    must(rc == BM_OK ? seen == (int)slot : seen == before || seen == (int)slot);
    (void)bm_otadata_set_state(&flash, states[head[7] % 3]);
    must(bm_otadata_erase(&flash) == BM_OK && selected(&flash, slots) == -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t mem[BM_OTADATA_SIZE];
    struct input in = {data, size};
    struct bm_part_table table;
    struct bm_otadata records;
    struct bm_flash view;
    struct bm_boot b;
    uint8_t head[HEAD];
    for (unsigned i = 0; i < HEAD; i++) {
        head[i] = take(&in);
    }
    make_table(&table, &in, head[0] % ROWS);
    memset(mem, 0xff, sizeof mem);
    for (unsigned i = 0; i < 2u * BM_OTADATA_RECORD_SIZE && in.size > 0; i++) {
        mem[i / BM_OTADATA_RECORD_SIZE * SECTOR + i % BM_OTADATA_RECORD_SIZE] = take(&in);
    }
    must(bm_flash_view(&view, mem, sizeof mem) == BM_OK);
    for (unsigned turn = 0; turn < 2; turn++) {
        must(bm_otadata_read(&records, &view) == BM_OK);
        decide(&b, &table, &records, head);
        change(head, mem);
        for (unsigned i = 0; i < 2; i++) { /* and with right CRCs */
            struct bm_ota_record good;
            bm_ota_record_make(&good, records.record[i].seq, records.record[i].state);
            bm_ota_record_format(mem + (size_t)i * SECTOR, &good);
        }
    }
    return 0;
}
