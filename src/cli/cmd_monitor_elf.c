/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_monitor_elf.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "crypto/crypto.h"
#include "monitor/trace.h"
#include "port/child.h"
#include "port/file.h"

enum {
    ELF_MAX = 512 * 1024 * 1024,
    TOOL_MS = 10000, /* a large program takes addr2line a second */
    TOOL_OUT = 128 * 1024
};

int elves_add(struct elves *e, const char *path)
{
    struct bm_diag diag = {0};
    uint8_t sha[BM_SHA256_SIZE];
    if (e->count == ELVES_MAX) {
        cli_error("%s: %d ELF files at most", path, ELVES_MAX);
        return CLI_USAGE;
    }
    struct elf_file *f = &e->files[e->count];
    int rc = bm_port_read_named(path, ELF_MAX, &f->data, &f->len, &diag);
    if (rc == BM_OK) {
        e->count++;
        f->path = path;
        rc = bm_symbols_open(&f->symbols, f->data, f->len, &diag);
    }
    if (rc == BM_OK) {
        rc = bm_crypto_sha256(sha, f->data, f->len);
    }
    if (rc != BM_OK) {
        return cli_fail_input(path, rc, &diag);
    }
    bm_hex_encode(f->sha256, sha, sizeof sha);
    return CLI_OK;
}

void elves_free(struct elves *e)
{
    for (size_t i = 0; i < e->count; i++) {
        bm_symbols_close(e->files[i].symbols);
        bm_port_free(e->files[i].data, e->files[i].len);
    }
    e->count = 0;
}

/* Those that can read a program of this CPU, best first. */
static const char *const *tools_for(unsigned machine)
{
    static const char *const xtensa[] = {"xtensa-esp-elf-addr2line",
                                         "xtensa-esp32-elf-addr2line",
                                         "xtensa-esp32s3-elf-addr2line",
                                         "xtensa-esp32s2-elf-addr2line",
                                         "addr2line",
                                         NULL};
    static const char *const riscv[] = {"riscv32-esp-elf-addr2line",
                                        "riscv64-unknown-elf-addr2line", "addr2line", NULL};
    return machine == BM_SYMBOLS_XTENSA ? xtensa : riscv;
}

struct batch {
    const struct bm_address *addresses;
    size_t count;
    char hex[BM_ADDRESSES_MAX][12]; /* as asked for */
};

static int run_tool(const struct elf_file *f, const struct batch *b, const char *tool, char *out)
{
    const char *argv[BM_ADDRESSES_MAX + 5];
    size_t n = 0;
    argv[n++] = tool;
    argv[n++] = "-afiCp";
    argv[n++] = "-e";
    argv[n++] = f->path;
    for (size_t i = 0; i < b->count; i++) {
        argv[n++] = b->hex[i];
    }
    argv[n] = NULL;
    return bm_port_child_output(out, TOOL_OUT, argv, TOOL_MS);
}

/* Asks the tool for all addresses of a batch. Returns 1 with its words in out. */
static int ask_tool(struct elves *e, size_t file, const struct batch *b, char *out)
{
    const char *const one[] = {e->addr2line, NULL};
    const char *const *tools =
        e->addr2line != NULL ? one : tools_for(bm_symbols_machine(e->files[file].symbols));
    if (e->addr2line != NULL && strcmp(e->addr2line, "none") == 0) {
        return 0;
    }
    if (e->found[file] != NULL) {
        return e->found[file][0] != '\0' &&
               run_tool(&e->files[file], b, e->found[file], out) == BM_OK;
    }
    for (; *tools != NULL; tools++) {
        if (run_tool(&e->files[file], b, *tools, out) == BM_OK) {
            e->found[file] = *tools;
            return 1;
        }
    }
    e->found[file] = "";
    return 0;
}

/* Where in a program of this CPU it points. Xtensa's calls keep the size of the register window on
 * top of the return address (Xtensa ISA, CALL4 to CALL12); the code of all chips is in the second
 * gigabyte. */
static uint32_t place_of(const struct elf_file *f, const struct bm_address *a)
{
    const int windowed =
        a->kind == BM_ADDRESS_A0 && bm_symbols_machine(f->symbols) == BM_SYMBOLS_XTENSA;
    return windowed ? (a->value & 0x3fffffffu) | 0x40000000u : a->value;
}

/* The address to look up: a return address is behind the call that it belongs to. */
static uint32_t asked_for(const struct elf_file *f, const struct bm_address *a)
{
    const int is_call = a->kind == BM_ADDRESS_A0
                            ? bm_symbols_machine(f->symbols) == BM_SYMBOLS_XTENSA
                            : a->kind != BM_ADDRESS_CODE;
    return place_of(f, a) - (is_call ? 1 : 0);
}

/* Without a tool, or where it knows nothing: "app_main+0x1c". */
static void name_only(char *out, size_t cap, const struct elf_file *f, const struct bm_address *a)
{
    uint32_t offset;
    struct bm_text t;
    const uint32_t asked = asked_for(f, a);
    const char *name = bm_symbols_find(f->symbols, asked, &offset);
    bm_text_init(&t, out, cap);
    if (name == NULL) {
        return;
    }
    offset += place_of(f, a) - asked;
    bm_text_str(&t, name);
    if (offset != 0) {
        bm_text_str(&t, "+");
        bm_text_hex(&t, offset);
    }
}

/* One record of addr2line: "0x42001234: name at file:line", then " (inlined by) ..." lines. Cuts
 * the record off *rest and makes one line of it. Returns the text, or NULL where it knows nothing.
 */
static const char *next_record(char **rest)
{
    char *record = *rest;
    char *text = strstr(record, ": ");
    char *p = record;
    while (*p != '\0' && !(p[0] == '\n' && strncmp(p + 1, "0x", 2) == 0)) {
        if (*p == '\n' && p[1] != '\0') {
            *p = ',';
        }
        p++;
    }
    *rest = *p == '\0' ? p : p + 1;
    *p = '\0';
    if (text == NULL || text > p) {
        return NULL;
    }
    text += 2;
    if (p > record && p[-1] == '\n') {
        p[-1] = '\0';
    }
    static const char no_line[] = " at ??:"; /* and ? or 0: the ROM's program, or one without -g */
    char *nowhere = strstr(text, no_line);
    if (nowhere != NULL && strlen(nowhere) == sizeof no_line) {
        *nowhere = '\0';
    }
    return strcmp(text, "??") == 0 || strncmp(text, "?? ", 3) == 0 ? NULL : text;
}

struct teller {
    void (*tell)(void *ctx, uint32_t address, const char *text);
    void *ctx;
};

static void tell_batch(struct elves *e, size_t file, const struct bm_address *addresses,
                       size_t count, const struct teller *to)
{
    static char out[TOOL_OUT]; /* large for a stack; the monitor is one */
    char text[1024];
    const struct elf_file *f = &e->files[file];
    struct batch b = {addresses, count, {{0}}};
    char *rest = out;
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(b.hex[i], sizeof b.hex[i], "0x%08x", (unsigned)asked_for(f, &addresses[i]));
    }
    const int has_lines = ask_tool(e, file, &b, out);
    for (size_t i = 0; i < count; i++) {
        const char *known = has_lines ? next_record(&rest) : NULL;
        name_only(text, sizeof text, f, &addresses[i]);
        const char *said = known != NULL ? known : text;
        if (said[0] != '\0') {
            to->tell(to->ctx, addresses[i].value, said);
        }
    }
}

/* The file whose code holds the address; a word of the stack counts only where a call was. */
static size_t file_of(const struct elves *e, const struct bm_address *a)
{
    size_t i = 0;
    for (; i < e->count; i++) {
        const struct bm_symbols *s = e->files[i].symbols;
        if (bm_symbols_is_code(s, asked_for(&e->files[i], a)) &&
            (a->kind != BM_ADDRESS_STACK || bm_symbols_is_return(s, a->value))) {
            break;
        }
    }
    return i;
}

void elves_decode(struct elves *e, const char *text, size_t len,
                  void (*tell)(void *ctx, uint32_t address, const char *text), void *ctx)
{
    const struct teller to = {tell, ctx};
    struct bm_address all[BM_ADDRESSES_MAX];
    struct bm_address same[BM_ADDRESSES_MAX];
    const size_t n = e->count > 0 ? bm_trace_find(all, text, len) : 0;
    size_t i = 0;
    while (i < n) { /* neighbours of one file together, in the order of the line */
        const size_t file = file_of(e, &all[i]);
        size_t count = 0;
        while (i < n && file_of(e, &all[i]) == file) {
            same[count++] = all[i++];
        }
        if (file < e->count) {
            tell_batch(e, file, same, count, &to);
        }
    }
}

int elves_differ(struct elves *e, const char *text, size_t len)
{
    char hash[65];
    const size_t n = e->count > 0 ? bm_trace_elf_hash(hash, text, len) : 0;
    if (n < 8 || strcmp(hash, e->odd) == 0) {
        return 0;
    }
    for (size_t i = 0; i < e->count; i++) {
        if (strncmp(e->files[i].sha256, hash, n) == 0) {
            return 0;
        }
    }
    memcpy(e->odd, hash, sizeof hash);
    return 1;
}
