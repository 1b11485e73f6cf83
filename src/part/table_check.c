/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "birthmark/part.h"

enum {
    SECTOR = 0x1000,
    APP_ALIGN = 0x10000,
    OTADATA_SIZE = 0x2000,
    NVS_WRITABLE_MIN = 0x3000, /* two pages and the one a writable store keeps in reserve */
    DATA_TEE_OTA = 0x90,
    ANY = 0xff, /* ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_ANY */
    SLOTS = 16
};

static const struct {
    const char *name;
    int is_error;
} faults[BM_PART_FAULT_COUNT] = {
    [BM_PART_EMPTY] = {"empty", 1},
    [BM_PART_NO_LABEL] = {"no-label", 1},
    [BM_PART_SAME_LABEL] = {"same-label", 1},
    [BM_PART_NO_SIZE] = {"no-size", 1},
    [BM_PART_BAD_OFFSET] = {"bad-offset", 1},
    [BM_PART_BAD_APP_SIZE] = {"bad-app-size", 1},
    [BM_PART_BELOW_TABLE] = {"below-table", 1},
    [BM_PART_OVERLAP] = {"overlap", 1},
    [BM_PART_BEYOND_FLASH] = {"beyond-flash", 1},
    [BM_PART_OTADATA_SIZE] = {"otadata-size", 1},
    [BM_PART_TWO_OTADATA] = {"two-otadata", 1},
    [BM_PART_READONLY_DATA] = {"readonly-data", 1},
    [BM_PART_NVS_SMALL] = {"nvs-small", 1},
    [BM_PART_RESERVED] = {"reserved", 0},
    [BM_PART_UNKNOWN_FLAGS] = {"unknown-flags", 0},
    [BM_PART_UNEVEN_SIZE] = {"uneven-size", 0},
    [BM_PART_NVS_ENCRYPTED] = {"nvs-encrypted", 0},
    [BM_PART_NO_APP] = {"no-app", 0},
    [BM_PART_SAME_APP] = {"same-app", 0},
    [BM_PART_SLOT_MISSING] = {"slot-missing", 0},
    [BM_PART_NO_OTADATA] = {"no-otadata", 0},
    [BM_PART_ONE_SLOT] = {"one-slot", 0},
    [BM_PART_OTADATA_UNUSED] = {"otadata-unused", 0},
};

struct check {
    const struct bm_part_table *table;
    const struct bm_part_rules *rules;
    struct bm_part_finding *out;
    unsigned cap;
    unsigned count;
};

const char *bm_part_fault_name(enum bm_part_fault fault)
{
    return (unsigned)fault < BM_PART_FAULT_COUNT ? faults[fault].name : "?";
}

static void found(struct check *c, enum bm_part_fault fault, int part, int other, uint32_t value)
{
    if (c->count < c->cap) {
        c->out[c->count] =
            (struct bm_part_finding){fault, faults[fault].is_error, part, other, value};
    }
    c->count++;
}

static int is_data(const struct bm_part *p, uint8_t subtype)
{
    return p->type == BM_PART_DATA && p->subtype == subtype;
}

static int is_otadata(const struct bm_part *p)
{
    return is_data(p, BM_PART_DATA_OTA) || is_data(p, DATA_TEE_OTA);
}

static int is_same_kind(const struct bm_part *a, const struct bm_part *b)
{
    return a->type == b->type && a->subtype == b->subtype;
}

/* The bootloader and the table themselves, which a table may list: they lie below all others. */
static int is_below(const struct bm_part *p)
{
    return p->subtype == 0 && (p->type == BM_PART_BOOTLOADER || p->type == BM_PART_PARTITION_TABLE);
}

static void check_place(struct check *c, const struct bm_part *p, int i)
{
    const uint32_t align = p->type == BM_PART_APP ? APP_ALIGN : SECTOR;
    const uint32_t table_end = c->rules->table_offset + BM_PART_TABLE_SECTOR;
    if (p->size == 0) {
        found(c, BM_PART_NO_SIZE, i, -1, 0);
    }
    if (p->offset % align != 0) {
        found(c, BM_PART_BAD_OFFSET, i, -1, align);
    }
    if (!is_below(p) && p->offset < table_end) {
        found(c, BM_PART_BELOW_TABLE, i, -1, table_end);
    }
    if (c->rules->flash_size != 0 && (uint64_t)p->offset + p->size > c->rules->flash_size) {
        found(c, BM_PART_BEYOND_FLASH, i, -1, c->rules->flash_size);
    }
    /* secure boot V1 has its signature at the end of a 64 KB block, V2 in a sector of its own */
    const uint32_t step = p->type == BM_PART_APP && c->rules->secure == 1 ? APP_ALIGN : SECTOR;
    if (p->size % step != 0) {
        found(c, p->type == BM_PART_APP ? BM_PART_BAD_APP_SIZE : BM_PART_UNEVEN_SIZE, i, -1, step);
    }
}

static void check_data(struct check *c, const struct bm_part *p, int i)
{
    const int readonly = (p->flags & BM_PART_READONLY) != 0;
    if (is_otadata(p) && p->size != OTADATA_SIZE) {
        found(c, BM_PART_OTADATA_SIZE, i, -1, OTADATA_SIZE);
    }
    if (readonly && (is_data(p, BM_PART_DATA_OTA) || is_data(p, BM_PART_DATA_COREDUMP))) {
        found(c, BM_PART_READONLY_DATA, i, -1, 0);
    }
    if (is_data(p, BM_PART_DATA_NVS)) {
        const uint32_t least = readonly ? SECTOR : NVS_WRITABLE_MIN;
        if (p->size < least && p->size != 0) {
            found(c, BM_PART_NVS_SMALL, i, -1, least);
        }
        if ((p->flags & BM_PART_ENCRYPTED) != 0) {
            found(c, BM_PART_NVS_ENCRYPTED, i, -1, 0);
        }
    }
}

/* Against the partitions before it; the first of each kind of quarrel is told. */
static void check_others(struct check *c, const struct bm_part *p, int i)
{
    const uint64_t end = (uint64_t)p->offset + p->size;
    unsigned told = 0;
    for (int k = 0; k < i; k++) {
        const struct bm_part *q = &c->table->part[k];
        const struct {
            enum bm_part_fault fault;
            int is;
        } quarrel[] = {
            {BM_PART_SAME_LABEL, p->label[0] != '\0' && strcmp(p->label, q->label) == 0},
            {BM_PART_OVERLAP, p->offset < (uint64_t)q->offset + q->size && q->offset < end},
            {BM_PART_TWO_OTADATA, is_otadata(p) && is_same_kind(p, q)},
            {BM_PART_SAME_APP, p->type == BM_PART_APP && is_same_kind(p, q)},
        };
        for (unsigned n = 0; n < sizeof quarrel / sizeof quarrel[0]; n++) {
            if (quarrel[n].is && (told & (1u << n)) == 0) {
                told |= 1u << n;
                found(c, quarrel[n].fault, i, k, 0);
            }
        }
    }
}

static void check_part(struct check *c, int i)
{
    const struct bm_part *p = &c->table->part[i];
    const uint32_t unknown = p->flags & ~(uint32_t)(BM_PART_ENCRYPTED | BM_PART_READONLY);
    if (p->label[0] == '\0') {
        found(c, BM_PART_NO_LABEL, i, -1, 0);
    }
    check_place(c, p, i);
    check_data(c, p, i);
    check_others(c, p, i);
    if (p->type == ANY || p->subtype == ANY) {
        found(c, BM_PART_RESERVED, i, -1, ANY);
    }
    if (unknown != 0) {
        found(c, BM_PART_UNKNOWN_FLAGS, i, -1, unknown);
    }
}

/* What is to boot, and whether it can be updated. */
static void check_apps(struct check *c)
{
    uint32_t slots = 0;
    unsigned apps = 0;
    int factory = 0;
    int otadata = -1;
    for (unsigned i = 0; i < c->table->count; i++) {
        const struct bm_part *p = &c->table->part[i];
        apps += p->type == BM_PART_APP;
        factory = factory || (p->type == BM_PART_APP && p->subtype == BM_PART_APP_FACTORY);
        if (p->type == BM_PART_APP && p->subtype >= BM_PART_APP_OTA_0 &&
            p->subtype < BM_PART_APP_OTA_0 + SLOTS) {
            slots |= 1u << (p->subtype - BM_PART_APP_OTA_0);
        }
        if (otadata < 0 && is_data(p, BM_PART_DATA_OTA)) {
            otadata = (int)i;
        }
    }
    if (apps == 0) {
        found(c, BM_PART_NO_APP, -1, -1, 0);
    }
    for (uint32_t i = 0; i < SLOTS; i++) {
        if ((slots & (1u << i)) == 0 && slots >> i != 0) {
            found(c, BM_PART_SLOT_MISSING, -1, -1, i);
            break;
        }
    }
    if (slots != 0 && otadata < 0) {
        found(c, BM_PART_NO_OTADATA, -1, -1, 0);
    }
    if (slots == 1 && !factory) {
        found(c, BM_PART_ONE_SLOT, -1, -1, 0);
    }
    if (slots == 0 && apps > 0 && otadata >= 0) {
        found(c, BM_PART_OTADATA_UNUSED, otadata, -1, 0);
    }
}

unsigned bm_part_table_check(const struct bm_part_table *table, const struct bm_part_rules *rules,
                             struct bm_part_finding *out, unsigned cap)
{
    struct check c = {table, rules, out, cap, 0};
    if (table->count == 0) {
        found(&c, BM_PART_EMPTY, -1, -1, 0);
        return c.count;
    }
    for (unsigned i = 0; i < table->count; i++) {
        check_part(&c, (int)i);
    }
    check_apps(&c);
    return c.count;
}
