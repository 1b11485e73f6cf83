/* SPDX-License-Identifier: Apache-2.0 */

/* Every finding of check: an image that has it and nothing else, and that a clean image has none.
 * Images of the real library and generator are in tests/cli/check.sh. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "harness/check.h"
#include "image/check.h"
#include "nvs/fmt.h"

static struct test_image img;
static enum bm_seal seal; /* what keys that were tried did to it */

/* Changes one byte of an entry and makes its checksum right again. */
static void poke(unsigned page, unsigned entry, unsigned at, uint8_t value)
{
    uint8_t *raw = test_entry_at(&img, page, entry);
    raw[at] = value;
    bm_put_le32(raw + BMI_EN_CRC, bmi_entry_crc(raw));
}

static uint8_t *page_at(unsigned page)
{
    return img.data + (size_t)page * BMI_PAGE_SIZE;
}

static void no_change(void)
{
}
static void file_short(void)
{
    img.len = 4095;
}
static void file_none(void)
{
    img.len = 0;
}
static void flash_dump(void)
{
    static const uint8_t row[] = {0xaa, 0x50, 1, 2, 0, 0x90, 0, 0, 0, 0x60, 0, 0, 'n', 'v', 's'};
    check_image_resize(&img, 10);
    memset(img.data + 0x8000, 0, 64);
    memcpy(img.data + 0x8000, row, sizeof row);
    memset(img.data + 0x8020, 0xff, 32);
}
static void not_nvs(void)
{
    memset(img.data, 'x', img.len);
}
static void encrypted(void)
{
    uint32_t x = 1;
    for (unsigned entry = 0; entry < 30; entry++) {
        for (unsigned i = 0; i < BMI_ENTRY_SIZE; i++) {
            x = x * 1664525u + 1013904223u;
            test_entry_at(&img, 0, entry)[i] = (uint8_t)(x >> 24);
        }
        check_put_state(&img, 0, entry, BMI_ENTRY_WRITTEN);
    }
    memset(test_entry_at(&img, 1, 0), 0xff, BMI_ENTRY_SIZE);
    check_put_state(&img, 1, 0, BMI_ENTRY_EMPTY);
}
static void keys_wrong(void)
{
    encrypted();
    seal = BM_SEAL_LOCKED;
}
static void not_encrypted(void)
{
    seal = BM_SEAL_PLAIN;
}
static void size_unaligned(void)
{
    img.len -= 100;
}
static void image_blank(void)
{
    check_image_resize(&img, 3);
}
static void size_small(void)
{
    img.len = 2 * (size_t)BMI_PAGE_SIZE;
}
static void no_free_page(void)
{
    test_page(&img, 2, BMI_PAGE_FULL, 5);
    test_page(&img, 3, BMI_PAGE_ACTIVE, 6);
    test_page(&img, 1, BMI_PAGE_FULL, 1);
}
static void page_header_crc(void)
{
    page_at(1)[BMI_PH_CRC] ^= 1;
}
static void page_state(void)
{
    bm_put_le32(page_at(1), 0x12345678);
}
static void page_given_up(void)
{
    bm_put_le32(page_at(1), BMI_PAGE_CORRUPT);
}
static void page_version(void)
{
    bmi_header_put(page_at(1), BMI_PAGE_ACTIVE, 1, 0xfd);
}
static void page_not_blank(void)
{
    page_at(2)[2000] = 0;
}
static void page_seq_twice(void)
{
    test_page(&img, 1, BMI_PAGE_ACTIVE, 0);
}
static void page_seq_high(void)
{
    test_page(&img, 1, BMI_PAGE_ACTIVE, 0xfffffffeu);
}
static void page_active_many(void)
{
    test_page(&img, 0, BMI_PAGE_ACTIVE, 0);
}
static void page_active_old(void)
{
    test_page(&img, 0, BMI_PAGE_ACTIVE, 0);
    test_page(&img, 1, BMI_PAGE_FULL, 1);
}
static void page_freeing(void)
{
    test_page(&img, 0, BMI_PAGE_FREEING, 0);
    /* a copy that garbage collection has made already is no finding of its own */
    check_put_u8(&img, 1, 1, 1, "k", 7);
}
static void page_reserved(void)
{
    uint8_t *p = page_at(1);
    p[20] = 0;
    bm_put_le32(p + BMI_PH_CRC, bmi_data_crc(p + BMI_PH_SEQ, BMI_PH_CRC - BMI_PH_SEQ));
}
static void entry_state(void)
{
    check_put_state(&img, 1, 1, BMI_ENTRY_ILLEGAL);
}
static void entry_after_hole(void)
{
    check_put_u8(&img, 1, 4, 1, "far", 1);
}
static void empty_not_blank(void)
{
    test_entry_at(&img, 1, 1)[0] = 1;
}
static void empty_hidden(void)
{
    test_entry_at(&img, 1, 1)[20] = 1;
}
static void entry_torn(void)
{
    check_put_state(&img, 0, 3, BMI_ENTRY_EMPTY);
}
static void entry_crc(void)
{
    test_entry_at(&img, 0, 1)[BMI_EN_DATA] ^= 1;
}
static void entry_crc_with_data(void)
{
    test_entry_at(&img, 0, 2)[BMI_EN_SPAN] ^= 1;
}
static void entry_type(void)
{
    poke(0, 1, BMI_EN_TYPE, 0x77);
}
static void entry_span(void)
{
    poke(0, 1, BMI_EN_SPAN, 2);
}
static void entry_size(void)
{
    check_put_index(&img, 1, 1, "x", 600000, 0, 0);
}
static void entry_chunk(void)
{
    poke(0, 1, BMI_EN_CHUNK, 0);
}
static void entry_chunk_of_index(void)
{
    check_put_index(&img, 1, 1, "x", 0, 0, 0);
    poke(1, 1, BMI_EN_CHUNK, 3);
}
static void key_empty(void)
{
    check_put_u8(&img, 1, 1, 1, "", 1);
}
static void key_no_nul(void)
{
    check_put_u8(&img, 1, 1, 1, "abcdefghijklmno", 1);
    poke(1, 1, BMI_EN_KEY + 15, 'p');
}
static void key_padding(void)
{
    poke(1, 0, BMI_EN_KEY + 9, 'p');
}
static void key_text(void)
{
    check_put_u8(&img, 1, 1, 1, "a\x1b[m", 1);
}
static void data_crc(void)
{
    test_entry_at(&img, 0, 3)[0] ^= 1;
}
static void data_padding(void)
{
    poke(0, 1, BMI_EN_DATA + 7, 0);
}
static void data_padding_behind_text(void)
{
    test_entry_at(&img, 0, 3)[30] = 0;
}
static void string_no_nul(void)
{
    check_put(&img, 1, 1, 1, BM_NVS_STR, BMI_CHUNK_NONE, "x", "abc", 3);
}
static void string_empty(void)
{
    check_put(&img, 1, 1, 1, BM_NVS_STR, BMI_CHUNK_NONE, "x", "", 0);
}
static void string_inner_nul(void)
{
    check_put(&img, 1, 1, 1, BM_NVS_STR, BMI_CHUNK_NONE, "x", "a\0c", 4);
}
static void key_twice(void)
{
    check_put_u8(&img, 1, 1, 1, "k", 8);
}
static void key_two_types(void)
{
    check_put(&img, 1, 1, 1, BM_NVS_U16, BMI_CHUNK_NONE, "k", "\1", 2);
}
static void hash_collision(void)
{
    check_put_u8(&img, 1, 1, 1, "host_id", 1);
    check_put_u8(&img, 1, 2, 1, "name_zone1", 1);
}
static void no_collision_in_full_page(void)
{
    check_put_u8(&img, 0, 9, 1, "host_id", 1);
    check_put_u8(&img, 0, 10, 1, "name_zone1", 1);
}
static void blob_chunk_missing(void)
{
    check_put_state(&img, 0, 6, BMI_ENTRY_ERASED);
    check_put_state(&img, 0, 7, BMI_ENTRY_ERASED);
}
static void blob_chunk_twice(void)
{
    check_put_chunk(&img, 1, 1, "b", 1);
}
static void blob_chunk_extra(void)
{
    check_put_chunk(&img, 1, 1, "b", 2);
}
static void blob_size(void)
{
    check_put_index(&img, 0, 8, "b", 21, 2, 0);
}
static void blob_orphan(void)
{
    check_put_chunk(&img, 1, 1, "b", 0x80);
}
static void blob_orphan_alone(void)
{
    check_put_chunk(&img, 1, 1, "z", 0x00);
    check_put_chunk(&img, 1, 3, "z", 0x01);
}
static void blob_start(void)
{
    check_put_chunk(&img, 1, 1, "z", 3);
    check_put_index(&img, 1, 3, "z", 10, 1, 3);
}
static void blob_two_formats(void)
{
    check_put(&img, 1, 1, 1, BMI_TYPE_BLOB_V1, BMI_CHUNK_NONE, "b", "old", 3);
}
static void namespace_dead(void)
{
    check_put_u8(&img, 1, 1, 9, "a", 1);
    check_put_u8(&img, 1, 2, 9, "b", 1);
}
static void namespace_shared(void)
{
    check_put_u8(&img, 1, 1, 0, "alias", 1);
}
static void namespace_twice(void)
{
    check_put_u8(&img, 1, 1, 0, "ns", 2);
    check_put_u8(&img, 1, 2, 2, "x", 2);
}
static void namespace_index(void)
{
    check_put_u8(&img, 1, 1, 0, "zero", 0);
    check_put_u8(&img, 1, 2, 0, "all", 255);
}
static void namespace_entry(void)
{
    check_put(&img, 1, 1, 0, BM_NVS_STR, BMI_CHUNK_NONE, "lost", "text", 5);
}
static void namespace_empty(void)
{
    check_put_u8(&img, 1, 1, 0, "bare", 3);
}

struct check_case {
    const char *expected; /* ids of the findings, in order */
    void (*change)(void);
};

static const struct check_case cases[] = {
    {"", no_change},
    {"file-short", file_short},
    {"file-short", file_none},
    {"flash-dump", flash_dump},
    {"not-nvs", not_nvs},
    {"encrypted", encrypted},
    {"keys-wrong", keys_wrong},
    {"not-encrypted", not_encrypted},
    {"size-unaligned", size_unaligned},
    {"image-blank", image_blank},
    {"size-small", size_small},
    {"no-free-page", no_free_page},
    {"page-header-crc", page_header_crc},
    {"page-state", page_state},
    {"page-state", page_given_up},
    {"page-version", page_version},
    {"page-not-blank", page_not_blank},
    {"page-seq-twice", page_seq_twice},
    {"page-seq-high", page_seq_high},
    {"page-active-many", page_active_many},
    {"page-active-old", page_active_old},
    {"page-freeing", page_freeing},
    {"page-reserved", page_reserved},
    {"entry-state", entry_state},
    {"entry-after-hole", entry_after_hole},
    {"empty-not-blank", empty_not_blank},
    {"empty-hidden", empty_hidden},
    {"entry-torn", entry_torn},
    {"entry-crc", entry_crc},
    {"entry-crc", entry_crc_with_data}, /* its data is not a finding for each entry */
    {"entry-type", entry_type},
    {"entry-span", entry_span},
    {"entry-size", entry_size},
    {"entry-chunk", entry_chunk},
    {"entry-chunk", entry_chunk_of_index},
    {"key-empty", key_empty},
    {"key-no-nul", key_no_nul},
    {"key-padding", key_padding},
    {"key-text", key_text},
    {"data-crc", data_crc},
    {"data-padding", data_padding},
    {"data-padding", data_padding_behind_text},
    {"string-no-nul", string_no_nul},
    {"string-no-nul", string_empty},
    {"string-inner-nul", string_inner_nul},
    {"key-twice", key_twice},
    {"key-two-types", key_two_types},
    {"hash-collision", hash_collision},
    {"", no_collision_in_full_page},
    {"blob-chunk-missing", blob_chunk_missing},
    {"blob-chunk-twice", blob_chunk_twice},
    {"blob-chunk-extra", blob_chunk_extra},
    {"blob-size", blob_size},
    {"blob-orphan", blob_orphan},
    {"blob-orphan", blob_orphan_alone},
    {"blob-start", blob_start},
    {"blob-two-formats", blob_two_formats},
    {"namespace-dead", namespace_dead},
    {"namespace-shared", namespace_shared},
    {"namespace-twice namespace-dead", namespace_twice},
    {"namespace-index namespace-index", namespace_index},
    {"namespace-entry", namespace_entry},
    {"namespace-empty", namespace_empty},
};

enum { CASES = sizeof cases / sizeof cases[0] };

static void collect(void *ctx, const struct bm_finding *f)
{
    char *ids = ctx;
    const size_t len = strlen(ids);
    assert_true(f->kind->id != NULL && f->text != NULL && f->text[0] != '\0');
    assert_true(f->offset <= img.len || strcmp(f->kind->id, "flash-dump") == 0);
    (void)snprintf(ids + len, 1024 - len, "%s%s", len > 0 ? " " : "", f->kind->id);
}

static void find(char ids[1024], struct bm_check_result *result)
{
    struct bm_scan s;
    /* a block of exactly the size, so that a sanitizer sees every read beyond */
    uint8_t *copy = malloc(img.len + (img.len == 0));
    assert_non_null(copy);
    memcpy(copy, img.data, img.len);
    ids[0] = '\0';
    assert_int_equal(bm_scan(&s, copy, img.len), BM_OK);
    s.seal = seal;
    bm_check(&s, collect, ids, result);
    bm_scan_free(&s);
    free(copy);
}

static void each_finding(void **unused)
{
    (void)unused;
    char ids[1024];
    struct bm_check_result result;
    for (size_t i = 0; i < CASES; i++) {
        check_image_clean(&img);
        seal = BM_SEAL_NONE;
        cases[i].change();
        find(ids, &result);
        if (strcmp(ids, cases[i].expected) != 0) {
            print_error("case %zu\n", i);
        }
        assert_string_equal(ids, cases[i].expected);
    }
}

static void every_kind_has_a_case(void **unused)
{
    (void)unused;
    size_t kinds = 0;
    for (const struct bm_finding_kind *kind = bm_finding_kinds; kind->id != NULL; kind++, kinds++) {
        size_t seen = 0;
        for (size_t i = 0; i < CASES; i++) {
            seen += strncmp(cases[i].expected, kind->id, strlen(kind->id)) == 0;
        }
        if (seen == 0) {
            print_error("%s has no case\n", kind->id);
        }
        assert_true(seen > 0);
        assert_true(kind->device[0] != '\0' && kind->remedy[0] != '\0');
        for (const struct bm_finding_kind *other = bm_finding_kinds; other != kind; other++) {
            assert_string_not_equal(other->id, kind->id);
        }
    }
    assert_true(kinds > 40);
}

/* docs/check.md has a row with id and severity for each. */
static void every_kind_is_documented(void **unused)
{
    (void)unused;
    static const char *const names[] = {"note", "warning", "error"};
    FILE *f = fopen(BM_SOURCE_DIR "/docs/check.md", "rb");
    assert_non_null(f);
    char *text = malloc(1 << 20);
    assert_non_null(text);
    text[fread(text, 1, (1 << 20) - 1, f)] = '\0';
    (void)fclose(f);
    for (const struct bm_finding_kind *kind = bm_finding_kinds; kind->id != NULL; kind++) {
        char row[80];
        (void)snprintf(row, sizeof row, "\n| `%s` | %s |", kind->id, names[kind->severity]);
        if (strstr(text, row) == NULL) {
            print_error("docs/check.md lacks%s\n", row);
        }
        assert_non_null(strstr(text, row));
    }
    free(text);
}

static int teardown(void **unused)
{
    (void)unused;
    test_image_free(&img);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_finding),
        cmocka_unit_test(every_kind_has_a_case),
        cmocka_unit_test(every_kind_is_documented),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
