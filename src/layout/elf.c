/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/elf.h"

#include <string.h>

#include "base/base.h"
#include "base/le.h"

/* Tool Interface Standard, Executable and Linking Format, version 1.2: offsets in the headers. */
enum {
    EHDR_SIZE = 52,
    E_CLASS = 4,
    E_DATA = 5,
    E_TYPE = 16,
    E_MACHINE = 18,
    E_ENTRY = 24,
    E_PHOFF = 28,
    E_SHOFF = 32,
    E_PHENTSIZE = 42,
    E_PHNUM = 44,
    E_SHENTSIZE = 46,
    E_SHNUM = 48,
    E_SHSTRNDX = 50
};

enum {
    PHDR_SIZE = 32,
    P_OFFSET = 4,
    P_PADDR = 12,
    P_FILESZ = 16,
    SHDR_SIZE = 40,
    SH_TYPE = 4,
    SH_ADDR = 12,
    SH_OFFSET = 16,
    SH_SIZE = 20
};

enum {
    CLASS_32 = 1,
    DATA_LITTLE = 1,
    TYPE_EXEC = 2,
    PT_LOAD = 1,
    SHT_PROGBITS = 1,
    SHT_INIT_ARRAY = 14, /* and two more kinds of arrays behind it */
    SHT_PREINIT_ARRAY = 16
};

static int fail(struct bm_diag *d, uint64_t off, const char *where, const char *text)
{
    return bm_diag_set(d, BM_E_INPUT, off, where, text);
}

int bm_elf_is(const uint8_t *data, size_t len)
{
    return len >= 4 && memcmp(data,
                              "\x7f"
                              "ELF",
                              4) == 0;
}

static int inside(const struct bm_elf *e, uint32_t off, uint64_t size)
{
    return off <= e->len && size <= e->len - off;
}

static int check_header(const uint8_t *p, size_t len, struct bm_diag *diag)
{
    if (!bm_elf_is(p, len)) {
        return fail(diag, 0, "ELF header", "no ELF file: it does not begin with 7f 45 4c 46");
    }
    if (len < EHDR_SIZE) {
        return fail(diag, len, "ELF header", "truncated: the header has 52 bytes");
    }
    if (p[E_CLASS] != CLASS_32 || p[E_DATA] != DATA_LITTLE) {
        return fail(diag, E_CLASS, "ELF header",
                    "a program for another kind of CPU: not 32 bits, little-endian");
    }
    if (bm_get_le16(p + E_TYPE) != TYPE_EXEC) {
        return fail(diag, E_TYPE, "ELF header", "not a linked program; link it to fixed addresses");
    }
    return BM_OK;
}

/* Finds the text of the section names; a file without it is good. */
static void find_names(struct bm_elf *e)
{
    const uint16_t index = bm_get_le16(e->data + E_SHSTRNDX);
    if (e->sections && index < e->count) {
        const uint8_t *h = e->data + e->table + (size_t)index * SHDR_SIZE;
        e->names = bm_get_le32(h + SH_OFFSET);
        e->names_size = bm_get_le32(h + SH_SIZE);
        if (!inside(e, e->names, e->names_size)) {
            e->names_size = 0;
        }
    }
}

int bm_elf_open(struct bm_elf *out, const uint8_t *data, size_t len, struct bm_diag *diag)
{
    memset(out, 0, sizeof *out);
    const int rc = check_header(data, len, diag);
    if (rc != BM_OK) {
        return rc;
    }
    out->data = data;
    out->len = len;
    out->machine = bm_get_le16(data + E_MACHINE);
    out->entry = bm_get_le32(data + E_ENTRY);
    out->count = bm_get_le16(data + E_SHNUM);
    out->sections = out->count > 0;
    if (!out->sections) {
        out->count = bm_get_le16(data + E_PHNUM);
    }
    out->table = bm_get_le32(data + (out->sections ? E_SHOFF : E_PHOFF));
    const unsigned size = bm_get_le16(data + (out->sections ? E_SHENTSIZE : E_PHENTSIZE));
    const unsigned want = out->sections ? SHDR_SIZE : PHDR_SIZE;
    if (out->count == 0 || size != want) {
        return fail(diag, E_PHENTSIZE, "ELF header",
                    "it has no sections and no segments of the usual size");
    }
    if (!inside(out, out->table, (uint64_t)out->count * want)) {
        return fail(diag, out->table, "ELF header",
                    "truncated: the table of its parts is behind the end of the file");
    }
    find_names(out);
    return BM_OK;
}

static const char *name_of(const struct bm_elf *e, uint32_t at)
{
    if (at >= e->names_size) {
        return "";
    }
    const char *name = (const char *)e->data + e->names + at;
    return memchr(name, '\0', e->names_size - at) != NULL ? name : "";
}

/* As in esptool: the address says that it is loaded, not SHF_ALLOC. */
static int section_loads(const uint8_t *h)
{
    const uint32_t type = bm_get_le32(h + SH_TYPE);
    return type == SHT_PROGBITS || (type >= SHT_INIT_ARRAY && type <= SHT_PREINIT_ARRAY);
}

/* Takes what the header at h says. Returns 1 if there is something to load. */
static int take(const struct bm_elf *e, const uint8_t *h, struct bm_elf_part *out, uint32_t *off)
{
    int loads;
    if (e->sections) {
        loads = section_loads(h);
        out->name = name_of(e, bm_get_le32(h));
        out->address = bm_get_le32(h + SH_ADDR);
        *off = bm_get_le32(h + SH_OFFSET);
        out->size = bm_get_le32(h + SH_SIZE);
    } else {
        loads = bm_get_le32(h) == PT_LOAD;
        out->name = "";
        out->address = bm_get_le32(h + P_PADDR);
        *off = bm_get_le32(h + P_OFFSET);
        out->size = bm_get_le32(h + P_FILESZ);
    }
    return loads && out->address != 0 && out->size > 0;
}

int bm_elf_next(struct bm_elf *elf, struct bm_elf_part *out, struct bm_diag *diag)
{
    const size_t step = elf->sections ? SHDR_SIZE : PHDR_SIZE;
    while (elf->next < elf->count) {
        const size_t at = elf->table + elf->next++ * step;
        uint32_t off;
        if (!take(elf, elf->data + at, out, &off)) {
            continue;
        }
        if (!inside(elf, off, out->size)) {
            return fail(diag, at, out->name[0] != '\0' ? out->name : "ELF segment",
                        "truncated: its bytes are behind the end of the file");
        }
        out->data = elf->data + off;
        return BM_OK;
    }
    return BM_E_NOENT;
}
