/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/symbols.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/le.h"

/* Tool Interface Standard, Executable and Linking Format, version 1.2: offsets in the headers. */
enum {
    EHDR_SIZE = 52,
    E_CLASS = 4,
    E_DATA = 5,
    E_MACHINE = 18,
    E_SHOFF = 32,
    E_SHENTSIZE = 46,
    E_SHNUM = 48,
    SHDR_SIZE = 40,
    SH_TYPE = 4,
    SH_FLAGS = 8,
    SH_ADDR = 12,
    SH_OFFSET = 16,
    SH_SIZE = 20,
    SH_LINK = 24,
    SYM_SIZE = 16,
    ST_VALUE = 4,
    ST_SIZE = 8,
    ST_INFO = 12,
    ST_SHNDX = 14
};

enum {
    CLASS_32 = 1,
    DATA_LITTLE = 1,
    SHT_SYMTAB = 2,
    SHT_NOBITS = 8,
    SHF_EXECINSTR = 4,
    STT_NOTYPE = 0,
    STT_FUNC = 2,
    STB_LOCAL = 0
};

struct function {
    uint32_t address;
    uint32_t size; /* 0: up to the next one */
    const char *name;
};

struct bm_symbols {
    const uint8_t *data;
    size_t len;
    const uint8_t *sections;
    unsigned section_count;
    unsigned machine;
    struct function *functions; /* by address */
    size_t count;
};

static int inside(const struct bm_symbols *s, uint32_t off, uint64_t size)
{
    return off <= s->len && size <= s->len - off;
}

static const uint8_t *section(const struct bm_symbols *s, unsigned i)
{
    return s->sections + (size_t)i * SHDR_SIZE;
}

static int open_header(struct bm_symbols *s, struct bm_diag *diag)
{
    static const char where[] = "ELF header";
    const uint8_t *p = s->data;
    if (s->len < EHDR_SIZE || memcmp(p, "\177ELF", 4) != 0) {
        return bm_diag_set(diag, BM_E_INPUT, 0, where, "no ELF file");
    }
    if (p[E_CLASS] != CLASS_32 || p[E_DATA] != DATA_LITTLE) {
        return bm_diag_set(diag, BM_E_INPUT, E_CLASS, where,
                           "a program for another kind of CPU: not 32 bits, little-endian");
    }
    const uint32_t table = bm_get_le32(p + E_SHOFF);
    s->machine = bm_get_le16(p + E_MACHINE);
    s->section_count = bm_get_le16(p + E_SHNUM);
    if (s->section_count == 0 || bm_get_le16(p + E_SHENTSIZE) != SHDR_SIZE) {
        return bm_diag_set(diag, BM_E_INPUT, E_SHNUM, where, "it has no sections");
    }
    if (!inside(s, table, (uint64_t)s->section_count * SHDR_SIZE)) {
        return bm_diag_set(diag, BM_E_INPUT, table, where,
                           "truncated: the table of its sections is behind the end of the file");
    }
    s->sections = p + table;
    return BM_OK;
}

static int is_code_section(const uint8_t *h)
{
    return (bm_get_le32(h + SH_FLAGS) & SHF_EXECINSTR) != 0;
}

/* The section of instructions that holds an address, or NULL. */
static const uint8_t *code_at(const struct bm_symbols *s, uint32_t address)
{
    for (unsigned i = 0; i < s->section_count; i++) {
        const uint8_t *h = section(s, i);
        const uint32_t start = bm_get_le32(h + SH_ADDR);
        if (is_code_section(h) && address >= start && address - start < bm_get_le32(h + SH_SIZE)) {
            return h;
        }
    }
    return NULL;
}

/* Functions, and labels of assembler code that others can call ($x and .L are the tools' own). */
static int is_function(const struct bm_symbols *s, const uint8_t *symbol, const char *name)
{
    const unsigned type = symbol[ST_INFO] & 15u;
    const unsigned where = bm_get_le16(symbol + ST_SHNDX);
    if (where == 0 || where >= s->section_count || !is_code_section(section(s, where)) ||
        name[0] == '\0' || name[0] == '$' || name[0] == '.') {
        return 0;
    }
    return type == STT_FUNC || (type == STT_NOTYPE && symbol[ST_INFO] >> 4 != STB_LOCAL);
}

/* The symbols' names: one text, which ends with a NUL. */
static const char *names_of(const struct bm_symbols *s, const uint8_t *table, uint32_t *size)
{
    const uint32_t link = bm_get_le32(table + SH_LINK);
    if (link >= s->section_count) {
        return NULL;
    }
    const uint8_t *h = section(s, link);
    const uint32_t off = bm_get_le32(h + SH_OFFSET);
    *size = bm_get_le32(h + SH_SIZE);
    if (*size == 0 || !inside(s, off, *size) || s->data[off + *size - 1] != '\0') {
        return NULL;
    }
    return (const char *)s->data + off;
}

static int read_table(struct bm_symbols *s, const uint8_t *table, struct bm_diag *diag)
{
    uint32_t names_size;
    const char *names = names_of(s, table, &names_size);
    const uint32_t off = bm_get_le32(table + SH_OFFSET);
    const uint32_t size = bm_get_le32(table + SH_SIZE);
    if (names == NULL || !inside(s, off, size)) {
        return bm_diag_set(diag, BM_E_INPUT, off, "symbol table",
                           "truncated or damaged: its symbols or their names are not there");
    }
    s->functions = calloc((size_t)size / SYM_SIZE + 1, sizeof *s->functions);
    if (s->functions == NULL) {
        return bm_diag_set(diag, BM_E_NOMEM, 0, NULL, NULL);
    }
    for (uint32_t at = 0; size - at >= SYM_SIZE; at += SYM_SIZE) {
        const uint8_t *symbol = s->data + off + at;
        const uint32_t name = bm_get_le32(symbol);
        if (name < names_size && is_function(s, symbol, names + name)) {
            s->functions[s->count++] = (struct function){
                bm_get_le32(symbol + ST_VALUE), bm_get_le32(symbol + ST_SIZE), names + name};
        }
    }
    return BM_OK;
}

/* By address; of two names for one function the one with a size, then the first by alphabet. */
static int compare(const void *a, const void *b)
{
    const struct function *x = a;
    const struct function *y = b;
    if (x->address != y->address) {
        return x->address < y->address ? -1 : 1;
    }
    if ((x->size == 0) != (y->size == 0)) {
        return x->size == 0 ? 1 : -1;
    }
    return strcmp(x->name, y->name);
}

static int read_functions(struct bm_symbols *s, struct bm_diag *diag)
{
    for (unsigned i = 0; i < s->section_count; i++) {
        if (bm_get_le32(section(s, i) + SH_TYPE) != SHT_SYMTAB) {
            continue;
        }
        const int rc = read_table(s, section(s, i), diag);
        if (rc == BM_OK && s->count > 1) {
            qsort(s->functions, s->count, sizeof *s->functions, compare);
        }
        return rc;
    }
    return bm_diag_set(diag, BM_E_INPUT, 0, "ELF file", "it has no symbols (it was stripped)");
}

int bm_symbols_open(struct bm_symbols **out, const uint8_t *data, size_t len, struct bm_diag *diag)
{
    struct bm_symbols *s = calloc(1, sizeof *s);
    *out = NULL;
    if (s == NULL) {
        return bm_diag_set(diag, BM_E_NOMEM, 0, NULL, NULL);
    }
    s->data = data;
    s->len = len;
    int rc = open_header(s, diag);
    if (rc == BM_OK) {
        rc = read_functions(s, diag);
    }
    if (rc != BM_OK) {
        bm_symbols_close(s);
        return rc;
    }
    *out = s;
    return BM_OK;
}

void bm_symbols_close(struct bm_symbols *s)
{
    if (s != NULL) {
        free(s->functions);
        free(s);
    }
}

unsigned bm_symbols_machine(const struct bm_symbols *s)
{
    return s->machine;
}

int bm_symbols_is_code(const struct bm_symbols *s, uint32_t address)
{
    return code_at(s, address) != NULL;
}

const char *bm_symbols_find(const struct bm_symbols *s, uint32_t address, uint32_t *offset)
{
    size_t low = 0;
    size_t high = s->count; /* functions before low start at or below the address */
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (s->functions[middle].address <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const uint8_t *where = code_at(s, address);
    if (low == 0 || where == NULL) {
        return NULL;
    }
    const struct function *f = &s->functions[low - 1];
    while (f > s->functions && f[-1].address == f->address) {
        f--;
    }
    *offset = address - f->address;
    if (f->size != 0 ? *offset >= f->size : f->address < bm_get_le32(where + SH_ADDR)) {
        return NULL;
    }
    return f->name;
}

int bm_symbols_is_return(const struct bm_symbols *s, uint32_t address)
{
    enum { RA = 1 };
    const uint8_t *h = code_at(s, address - 2);
    if (s->machine != BM_SYMBOLS_RISCV || h == NULL || (address & 1u) != 0 ||
        bm_get_le32(h + SH_TYPE) == SHT_NOBITS) {
        return 0;
    }
    const uint32_t at = address - bm_get_le32(h + SH_ADDR);
    const uint32_t off = bm_get_le32(h + SH_OFFSET);
    if (!inside(s, off, at)) {
        return 0;
    }
    /* RISC-V unprivileged ISA: C.JAL is 001 in the top and 01 in the bottom bits, C.JALR 1001,
     * a register, 0 and 10; JAL and JALR have opcodes 6f and 67, rd in bits 7 to 11 */
    const unsigned half = bm_get_le16(s->data + off + at - 2);
    if ((half & 0xe003u) == 0x2001u || ((half & 0xf07fu) == 0x9002u && (half & 0xf80u) != 0)) {
        return 1;
    }
    if (at < 4) {
        return 0;
    }
    const uint32_t word = bm_get_le32(s->data + off + at - 4);
    const uint32_t opcode = word & 0x7fu;
    return (opcode == 0x6fu || opcode == 0x67u) && (word >> 7 & 31u) == RA;
}
