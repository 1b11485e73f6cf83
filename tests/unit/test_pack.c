/* SPDX-License-Identifier: Apache-2.0 */

/* image pack: what esptool's elf2image makes of the same ELF files, and the rules of the boot ROM
 * and the bootloader, read from the bytes here and by none of the code under test. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/le.h"
#include "birthmark/app.h"
#include "crypto/crypto.h"
#include "harness/elf.h"
#include "harness/random.h"
#include "layout/elf.h"
#include "layout/pack.h"

enum { ESP32 = 0, C3 = 5, C2 = 12, C6 = 13, PARTS_MAX = 40 };

struct packed {
    uint8_t *data;
    size_t len;
    int rc;
    char error[400]; /* the first */
    size_t warnings;
};

static void pack_parts(struct packed *out, const struct bm_pack *p)
{
    struct bm_image_problems problems = {0};
    memset(out, 0, sizeof *out);
    out->rc = bm_pack(&out->data, &out->len, p, &problems);
    out->warnings = problems.warnings;
    for (size_t i = problems.count; i-- > 0;) {
        if (problems.list[i].level == BM_IMAGE_ERROR) {
            memcpy(out->error, problems.list[i].text, sizeof problems.list[i].text);
        }
    }
    assert_int_equal(out->rc == BM_OK, problems.errors == 0);
    assert_int_equal(out->rc == BM_OK, out->data != NULL);
    bm_image_problems_free(&problems);
}

static struct bm_pack defaults(uint16_t chip)
{
    struct bm_pack p;
    memset(&p, 0, sizeof p);
    p.source = "test";
    p.chip = chip;
    p.flash_mode = 2;
    p.flash_size = 1;
    p.max_chip_rev = 0xffff;
    p.secure_version = -1;
    return p;
}

/* From an ELF file, as the command does it. */
static void pack_elf(struct packed *out, uint16_t chip, const struct test_section *s, size_t count,
                     int without_sections)
{
    struct bm_pack_part part[PARTS_MAX];
    struct bm_pack p = defaults(chip);
    struct bm_elf elf;
    struct bm_elf_part e;
    uint8_t sha[32];
    size_t len;
    uint8_t *data = test_elf(&len, chip == ESP32 ? TEST_ELF_XTENSA : TEST_ELF_RISCV, s, count,
                             without_sections);
    assert_int_equal(bm_elf_open(&elf, data, len, NULL), BM_OK);
    while (bm_elf_next(&elf, &e, NULL) == BM_OK) {
        part[p.count++] = (struct bm_pack_part){e.name, e.data, e.address, e.size};
    }
    assert_int_equal(p.count, count);
    assert_int_equal(bm_crypto_sha256(sha, data, len), BM_OK);
    p.elf_sha256 = sha;
    p.parts = part;
    p.entry = elf.entry;
    pack_parts(out, &p);
    free(data);
}

static void assert_sha256(const struct packed *p, const char *expected)
{
    uint8_t sha[32];
    char hex[65];
    assert_int_equal(p->rc, BM_OK);
    assert_int_equal(bm_crypto_sha256(sha, p->data, p->len), BM_OK);
    bm_hex_encode(hex, sha, sizeof sha);
    assert_string_equal(hex, expected);
}

static int is_mapped(uint16_t chip, uint32_t a)
{
    switch (chip) {
    case ESP32: return (a >= 0x3f400000 && a < 0x3f800000) || (a >= 0x400d0000 && a < 0x40400000);
    case C3: return (a >= 0x3c000000 && a < 0x3c800000) || (a >= 0x42000000 && a < 0x42800000);
    default: return a >= 0x42000000 && a < 0x43000000;
    }
}

/* The rules of the format, and that each byte of the sections is loaded or mapped, and once. */
static void assert_rules(const struct packed *p, uint16_t chip, const struct test_section *s,
                         size_t count)
{
    uint8_t sum = 0xef;
    uint8_t sha[32];
    size_t at = 24;
    uint64_t loaded = 0;
    uint64_t wanted = 0;
    assert_int_equal(p->rc, BM_OK);
    assert_int_equal(p->data[0], 0xe9);
    assert_in_range(p->data[1], 1, 16);
    assert_int_equal(p->data[23], 1);
    for (size_t i = 0; i < count; i++) {
        wanted += s[i].size;
    }
    for (unsigned i = 0; i < p->data[1]; i++) {
        const uint32_t address = bm_get_le32(p->data + at);
        const uint32_t size = bm_get_le32(p->data + at + 4);
        at += 8;
        assert_int_equal(size % 4, 0);
        assert_true(at + size <= p->len);
        if (is_mapped(chip, address)) {
            assert_int_equal(at % 65536, address % 65536);
        }
        for (uint32_t b = 0; b < size; b++) {
            sum ^= p->data[at + b];
        }
        for (size_t n = 0; n < count && address != 0; n++) {
            for (uint32_t b = 0; b < s[n].size; b++) {
                const uint32_t a = s[n].address + b;
                if (a >= address && a - address < size && !(s[n].desc && b >= 144 && b < 176)) {
                    assert_int_equal(p->data[at + (a - address)], test_elf_byte(&s[n], n, b));
                }
                loaded += a >= address && a - address < size;
            }
        }
        at += size;
    }
    assert_int_equal(loaded, wanted);
    at = at / 16 * 16 + 16;
    assert_int_equal(p->data[at - 1], sum);
    assert_int_equal(p->len, at + 32);
    assert_int_equal(bm_crypto_sha256(sha, p->data, at), BM_OK);
    assert_memory_equal(sha, p->data + at, 32);
}

/* Each with the SHA-256 of the image that elf2image's steps, followed by hand, give for the ELF. */
static const struct test_section simple[] = {
    {".flash.appdesc", 0x3c010020, 300, 1},
    {".flash.text", 0x42000154, 40, 0},
    {".iram0.text", 0x40380000, 75, 0},
};
static const struct test_section filled[] = {
    {".flash.appdesc", 0x3f400020, 65536 - 24, 1}, /* ends 16 bytes into a page */
    {".flash.text", 0x400d0020, 1001, 0},
    {".iram0.vectors", 0x40080000, 1027, 0},
    {".iram0.text", 0x40080404, 50000, 0},
    {".dram0.data", 0x3ffb0000, 4097, 0},
    {".rtc.text", 0x400c0000, 20, 0},
    {".rtc.data", 0x50000000, 24, 0},
};
static const struct test_section joined[] = {
    {".flash.appdesc", 0x42010020, 256, 1},
    {".flash.rodata", 0x42010120, 2000, 0},
    {".flash.text", 0x42000020, 4000, 0},
    {".iram0.text", 0x40800000, 70001, 0},
};

static void as_elf2image(void **state)
{
    struct packed p;
    (void)state;
    pack_elf(&p, C3, simple, 3, 0);
    assert_sha256(&p, "1ffb72a275b5a537af39c6539a033268d22b156a9933763ca88c27f3b6ebf6f4");
    assert_rules(&p, C3, simple, 3);
    free(p.data);
    pack_elf(&p, ESP32, filled, 7, 0);
    assert_sha256(&p, "d2c0c82cf15a950535b7121a952317397fd3d20d1df592a4c1f3e1e4f688edaf");
    free(p.data);
    pack_elf(&p, C6, joined, 4, 0);
    assert_sha256(&p, "38d61ce1218078f0181d67f25fda02922e7dc67eee9e007e68b7de05676ee034");
    assert_rules(&p, C6, joined, 4);
    assert_int_equal(bm_get_le32(p.data + 24), 0x42010020); /* the description leads */
    free(p.data);
}

static void without_section_headers(void **state)
{
    struct packed a;
    struct packed b;
    (void)state;
    pack_elf(&a, C3, simple, 3, 0);
    pack_elf(&b, C3, simple, 3, 1);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data + 24 + 8 + 176, b.data + 24 + 8 + 176, 100); /* not the ELF's hash */
    assert_rules(&b, C3, simple, 3);
    free(a.data);
    free(b.data);
}

/* A random program of a chip: constants, program, and pieces in its RAM. */
static size_t random_program(struct test_section *s, uint16_t chip, uint64_t *seed)
{
    static const uint32_t ram[][3] = {
        {0x3ffb0000, 0x40080000, 0x400c0000},
        {0x3fc84000, 0x40380000, 0x50000000},
        {0x40810000, 0x40850000, 0x50000000},
    };
    const unsigned row = chip == ESP32 ? 0 : chip == C3 ? 1 : 2;
    const uint32_t rodata = chip == ESP32 ? 0x3f400020 : chip == C3 ? 0x3c040020 : 0x42040020;
    const uint32_t text = (chip == ESP32 ? 0x400d0000 : 0x42000000) + test_random(seed, 500) * 4;
    size_t n = 0;
    s[n++] = (struct test_section){".flash.appdesc", rodata, 256 + test_random(seed, 40000), 1};
    s[n++] = (struct test_section){".flash.text", text, 1 + test_random(seed, 60000), 0};
    for (unsigned r = 0; r < 3; r++) {
        uint32_t at = ram[row][r];
        for (unsigned i = test_random(seed, 4); i > 0; i--) {
            s[n++] = (struct test_section){".ram", at, 1 + test_random(seed, 2000), 0};
            at = (at + s[n - 1].size + 3) / 4 * 4 + test_random(seed, 2) * 16;
        }
    }
    return n;
}

static void random_programs(void **state)
{
    static const uint16_t chips[] = {ESP32, C3, C6};
    uint64_t seed = test_seed(20261122);
    (void)state;
    print_message("BM_SEED=%llu\n", (unsigned long long)seed);
    for (unsigned turn = 0; turn < 60; turn++) {
        struct test_section s[PARTS_MAX];
        struct packed p;
        const uint16_t chip = chips[turn % 3];
        const size_t n = random_program(s, chip, &seed);
        pack_elf(&p, chip, s, n, turn % 7 == 6);
        assert_rules(&p, chip, s, n);
        free(p.data);
    }
}

/* The error that these sections of a C3's program give. */
static void assert_refused(const struct test_section *s, size_t count, const char *text)
{
    struct packed p;
    pack_elf(&p, C3, s, count, 0);
    assert_int_equal(p.rc, BM_E_INPUT);
    if (strstr(p.error, text) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", p.error, text);
    }
}

static void refusals(void **state)
{
    static const uint8_t bytes[100];
    static const struct bm_pack_part overlap[] = {{"a", bytes, 0x40380000, 100},
                                                  {"b", bytes, 0x40380063, 4}};
    static const struct test_section one_page[] = {{"a", 0x3c010020, 300, 1},
                                                   {"b", 0x3c018000, 4, 0}};
    static const struct test_section tail[] = {{"a", 0x3c010020, 65536, 1},
                                               {"b", 0x3c028000, 4, 0}};
    static const struct test_section entry[] = {{"a", 0x3c000020, 300, 1}, {"b", 0x42000400, 4, 0}};
    static const struct test_section odd[] = {{"a", 0x42000402, 4, 0}};
    static const struct test_section place[] = {{".flash.appdesc", 0x3c010100, 300, 1},
                                                {"b", 0x40380000, 1000, 0}};
    static struct test_section many[17];
    (void)state;
    for (uint32_t i = 0; i < 17; i++) {
        many[i] = (struct test_section){"m", 0x40380000 + i * 8, 4, 0};
    }
    assert_refused(one_page, 2, "lie in one page of 64 KB");
    assert_refused(tail, 2, "lie in one page of 64 KB");
    assert_refused(entry, 2, "same entry of the ESP32-C3's page table");
    assert_refused(odd, 1, "not a multiple of 4");
    assert_refused(place, 2, "does not lead the image, and at 0xb0");
    assert_refused(many, 17, "17 segments, and an image may have 16");
    struct packed p;
    struct bm_pack nothing = defaults(C3);
    pack_parts(&p, &nothing);
    assert_string_equal(p.error, "there is nothing in it to load into a chip");
    nothing.parts = overlap;
    nothing.count = 2;
    pack_parts(&p, &nothing);
    assert_non_null(strstr(p.error, "b at 0x40380063 lies over a at 0x40380000"));
}

/* Touching sections are joined, but not across a border of esptool's map of the memory; and what
 * elf2image lets pass and a chip can run is packed. */
static void segments_as_elf2image(void **state)
{
    static const struct test_section seam[] = {
        {"a", 0x3fc87f00, 256, 0}, {"b", 0x3fc88000, 256, 0}, {"c", 0x3fc88100, 8, 0}};
    static const struct test_section overlay[] = {{"a", 0x40380000, 100, 0},
                                                  {"b", 0x40380000, 40, 0}};
    static const struct test_section small_pages[] = {{"a", 0x3c000020, 300, 0},
                                                      {"b", 0x42004020, 300, 0}};
    static const struct test_section zeros_there[] = {{".flash.appdesc", 0x3c010100, 300, 1},
                                                      {"b", 0x42000400, 4, 0}};
    static const struct test_section by_name[] = {
        {"a", 0x3c000020, 8, 0}, {".flash.appdesc", 0x3c010020, 8, 0}, {"b", 0x3c020020, 256, 1}};
    static const uint8_t blank[32];
    struct packed p;
    (void)state;
    pack_elf(&p, C3, seam, 3, 0);
    assert_int_equal(p.data[1], 2);
    assert_int_equal(bm_get_le32(p.data + 28), 256);
    free(p.data);
    pack_elf(&p, C3, overlay, 2, 0);
    assert_int_equal(p.rc, BM_OK);
    assert_int_equal(p.warnings, 2);
    free(p.data);
    pack_elf(&p, C2, small_pages, 2, 0);
    assert_int_equal(p.rc, BM_OK);
    free(p.data);
    pack_elf(&p, C3, zeros_there, 2, 0); /* into the filling */
    assert_int_equal(bm_get_le32(p.data + 24), 0);
    assert_memory_not_equal(p.data + 0xb0, blank, 32);
    free(p.data);
    pack_elf(&p, C3, by_name, 3, 0);
    assert_int_equal(bm_get_le32(p.data + 24), 0x3c010020);
    free(p.data);
}

/* Room for a signature, and blank bytes up to a size. */
static void fillings(void **state)
{
    static const uint8_t bytes[5000];
    struct bm_pack_part part = {"a", bytes, 0x40380000, 5000};
    struct bm_pack p = defaults(C3);
    struct packed out;
    (void)state;
    p.parts = &part;
    p.count = 1;
    p.secure_pad = 2;
    pack_parts(&out, &p);
    assert_int_equal(out.len, 65536); /* the sector of the signature begins here */
    assert_int_equal(out.data[1], 2);
    free(out.data);
    part.address = 0x40080000;
    p.chip = ESP32;
    p.secure_pad = 1;
    pack_parts(&out, &p);
    assert_int_equal(out.len + 4 + 64 + 12, 65536);
    free(out.data);
    p.secure_pad = 0;
    p.pad_to = 4096;
    p.min_chip_rev_old = 3;
    pack_parts(&out, &p);
    assert_int_equal(out.len, 8192);
    assert_int_equal(out.data[8191], 0xff);
    assert_int_equal(out.data[14], 3);
    assert_int_equal(bm_get_le16(out.data + 15), 0);
    free(out.data);
}

static void warnings(void **state)
{
    static const struct test_section no_text[] = {{"a", 0x3c010020, 300, 1}};
    static const struct test_section two[] = {
        {"a", 0x3c010020, 300, 1}, {"b", 0x3c020020, 300, 0}, {"c", 0x42000400, 4, 0}};
    static const struct test_section nowhere[] = {
        {"a", 0x3c010020, 300, 1}, {"b", 0x20000000, 300, 0}, {"c", 0x42000400, 4, 0}};
    static const struct test_section beyond[] = {
        {"a", 0x3c010020, 300, 1}, {"b", 0x3fcdfff0, 300, 0}, {"c", 0x42000400, 4, 0}};
    static const struct {
        const struct test_section *s;
        size_t count;
        size_t warnings;
    } rows[] = {{simple, 3, 0}, {no_text, 1, 1}, {two, 3, 1}, {nowhere, 3, 1}, {beyond, 3, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct packed p;
        pack_elf(&p, C3, rows[i].s, rows[i].count, 0);
        assert_int_equal(p.rc, BM_OK);
        assert_int_equal(p.warnings, rows[i].warnings);
        free(p.data);
    }
}

static void description(void **state)
{
    uint8_t desc[256];
    static const uint8_t text[16];
    const struct bm_pack_part parts[] = {{"d", desc, 0x3c010020, 256}, {"t", text, 0x42000400, 16}};
    struct bm_pack p = defaults(C3);
    struct bm_flash flash;
    struct bm_app app;
    struct packed out;
    uint8_t sha[32];
    (void)state;
    bm_pack_blank_desc(desc, 16);
    memset(sha, 0xab, sizeof sha);
    p.parts = parts;
    p.count = 2;
    p.version = "2.1";
    p.project = "0123456789abcdef0123456789abcdef"; /* all 32 bytes */
    p.idf = "none";
    p.secure_version = 7;
    p.elf_sha256 = sha;
    p.min_chip_rev = 3;
    p.max_chip_rev = 199;
    p.no_hash = 1;
    pack_parts(&out, &p);
    assert_int_equal(out.rc, BM_OK);
    assert_int_equal(bm_flash_view(&flash, out.data, out.len), BM_OK);
    assert_int_equal(bm_app_read(&app, &flash, 0, flash.size, NULL), BM_OK);
    assert_true(app.has_desc && !app.has_hash);
    assert_int_equal(app.size, out.len);
    assert_string_equal(app.desc.version, "2.1");
    assert_string_equal(app.desc.project, p.project);
    assert_string_equal(app.desc.idf, "none");
    assert_int_equal(app.desc.secure_version, 7);
    assert_memory_equal(app.desc.elf_sha256, sha, sizeof sha);
    assert_int_equal(app.min_chip_rev, 3);
    assert_int_equal(app.max_chip_rev, 199);
    free(out.data);
    p.parts = &parts[1];
    p.count = 1;
    pack_parts(&out, &p);
    assert_string_equal(out.error, "it has no app description to write a version into; see --desc");
}

/* ELF files cut at every byte, or with a wrong table, are told. */
static void broken_elf(void **state)
{
    size_t len;
    struct bm_elf elf;
    struct bm_elf_part part;
    uint8_t *data = test_elf(&len, TEST_ELF_RISCV, simple, 3, 0);
    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        struct bm_diag diag = {0};
        uint8_t *copy = malloc(cut + 1); /* its own memory, so that a sanitizer sees the end */
        assert_non_null(copy);
        memcpy(copy, data, cut);
        assert_int_equal(bm_elf_open(&elf, copy, cut, &diag), BM_E_INPUT);
        assert_true(diag.text[0] != '\0');
        free(copy);
    }
    free(data);
    data = test_elf(&len, TEST_ELF_RISCV, simple, 3, 1);
    for (size_t cut = 200; cut < len; cut++) { /* the program headers are there, the data is not */
        int rc;
        assert_int_equal(bm_elf_open(&elf, data, cut, NULL), BM_OK);
        while ((rc = bm_elf_next(&elf, &part, NULL)) == BM_OK) {
        }
        assert_int_equal(rc, BM_E_INPUT);
    }
    data[4] = 2;
    assert_int_equal(bm_elf_open(&elf, data, len, NULL), BM_E_INPUT);
    data[4] = 1;
    data[16] = 1;
    assert_int_equal(bm_elf_open(&elf, data, len, NULL), BM_E_INPUT);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_elf2image),    cmocka_unit_test(without_section_headers),
        cmocka_unit_test(random_programs), cmocka_unit_test(refusals),
        cmocka_unit_test(warnings),        cmocka_unit_test(description),
        cmocka_unit_test(broken_elf),      cmocka_unit_test(segments_as_elf2image),
        cmocka_unit_test(fillings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
