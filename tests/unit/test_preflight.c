/* SPDX-License-Identifier: Apache-2.0 */

/* Moves from one layout to another, each with all the codes it must bring, and no others. Every
 * code there is must come up, and have its row in docs/preflight.md. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "birthmark/nvs.h"
#include "birthmark/ota.h"
#include "crypto/crypto.h"
#include "harness/moves.h"
#include "image/generate.h"
#include "layout/content.h"
#include "layout/pack.h"
#include "layout/preflight_parts.h"
#include "layout/table_file.h"

static struct {
    uint8_t *data;
    size_t len;
} contents[CONTENTS];

static uint8_t seen[BM_LF_COUNT];
static struct bm_hash sha256;
static struct bm_hash md5;

static void keep(enum content which, const void *data, size_t len)
{
    contents[which].data = malloc(len + 1);
    assert_non_null(contents[which].data);
    memcpy(contents[which].data, data, len);
    contents[which].len = len;
}

static void make_app(enum content which, uint16_t chip, uint32_t size, const char *version,
                     uint8_t flash_size)
{
    static uint8_t code[0x14000];
    uint8_t desc[256];
    uint8_t *out = NULL;
    size_t len = 0;
    struct bm_image_problems problems = {0};
    for (size_t i = 0; i < sizeof code; i++) {
        code[i] = (uint8_t)(i * 7 + chip);
    }
    bm_pack_blank_desc(desc, 0);
    const int c3 = chip != 0;
    const struct bm_pack_part parts[] = {
        {.name = "desc",
         .address = c3 ? 0x3c000020 : 0x3f400020,
         .data = desc,
         .size = sizeof desc},
        {.name = "code", .address = c3 ? 0x40380000 : 0x40080400, .data = code, .size = size},
    };
    const struct bm_pack pack = {.parts = parts,
                                 .count = 2,
                                 .source = "test",
                                 .chip = chip,
                                 .flash_mode = 2,
                                 .flash_size = flash_size,
                                 .entry = parts[1].address,
                                 .max_chip_rev = 0xffff,
                                 .version = version,
                                 .secure_version = -1};
    assert_int_equal(bm_pack(&out, &len, &pack, &problems), BM_OK);
    keep(which, out, len);
    free(out);
    bm_image_problems_free(&problems);
}

static void make_identity(enum content which, uint32_t size, const char *value)
{
    char csv[200];
    struct bm_image_result r;
    const struct bm_image_options options = {.size = size};
    (void)snprintf(csv, sizeof csv,
                   "key,type,encoding,value\ncerts,namespace,,\ncert,data,string,%s\n", value);
    const struct bm_image_input input = {"x.csv", (const uint8_t *)csv, strlen(csv)};
    assert_int_equal(bm_image_generate(&r, &input, 1, &options, NULL), BM_OK);
    keep(which, r.image, r.size);
    bm_image_result_free(&r);
}

/* Three pages of NVS without a free one, by the store. */
static void make_full(void)
{
    static uint8_t mem[0x4000];
    static uint32_t work[256];
    struct bm_flash flash;
    struct bm_flash_ram ram;
    struct bm_nvs nvs;
    uint8_t ns;
    char key[16];
    memset(mem, 0xff, sizeof mem);
    assert_int_equal(bm_flash_ram_init(&flash, &ram, mem, sizeof mem), BM_OK);
    const struct bm_nvs_config config = {
        .flash = &flash, .work = work, .work_len = sizeof work, .writable = 1};
    assert_int_equal(bm_nvs_mount_with(&nvs, &config, NULL), BM_OK);
    assert_int_equal(bm_nvs_namespace_create(&nvs, "certs", &ns), BM_OK);
    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(key, sizeof key, "key%u", i);
        assert_int_equal(bm_nvs_set_bits(&nvs, ns, key, BM_NVS_U32, i), BM_OK);
    }
    bm_nvs_unmount(&nvs);
    assert_true(bmi_is_blank(mem + 0x3000, 0x1000));
    keep(FULL_12, mem, 0x3000);
}

static int setup(void **state)
{
    static uint8_t bytes[0x10000];
    (void)state;
    assert_int_equal(bm_hash_openssl_sha256(&sha256), BM_OK);
    assert_int_equal(bm_hash_openssl_md5(&md5), BM_OK);
    make_app(APP, 0, CODE, "1.0", 1);
    make_app(APP_OTHER, 0, CODE, "2.0", 1);
    make_app(APP_C3, 5, CODE, "1.0", 1);
    make_app(BIG_APP, 0, 0x14000, "1.0", 1);
    make_app(BOOT, 0, CODE, "boot", 1);
    make_app(BOOT_1MB, 0, CODE, "boot", 0);
    keep(APP_CUT, contents[APP].data, contents[APP].len - 40);
    make_identity(IDENTITY_8, 0x2000, "new");
    make_identity(IDENTITY_12, 0x3000, "new");
    make_identity(IDENTITY_16, 0x4000, "new");
    make_identity(IDENTITY_OLD, 0x4000, "old");
    make_identity(IDENTITY_OLD_12, 0x3000, "old");
    make_full();
    memcpy(bytes, contents[IDENTITY_OLD].data, 0x1000);
    memcpy(bytes + 0x1000, bytes, 0x1000);
    keep(OLD_TWICE, bytes, 0x2000);
    memset(bytes, 0, 0x2000);
    keep(ZEROS_64, bytes, sizeof bytes);
    keep(ZEROS_4, bytes, 0x1000);
    keep(ZEROS_8, bytes, 0x2000);
    memset(bytes, 0xff, 0x2000);
    keep(BLANK_8, bytes, 0x2000);
    uint32_t x = 1;
    for (size_t i = 0; i < 0x1000; i++) {
        x = x * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(x >> 24);
    }
    keep(RANDOM_4, bytes, 0x1000);
    memset(bytes, 0x5a, 0x2000);
    keep(FILL_4, bytes, 0x1000);
    keep(FILL_8, bytes, 0x2000);
    keep(EMPTY, "", 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONTENTS; i++) {
        free(contents[i].data);
    }
    bm_hash_openssl_close(&sha256);
    bm_hash_openssl_close(&md5);
    return 0;
}

static void load(struct bm_part_table *out, const char *csv)
{
    static struct bm_table_file file;
    struct bm_image_problems problems = {0};
    assert_int_equal(
        bm_table_load(&file, "t.csv", (const uint8_t *)csv, strlen(csv), NULL, &problems), BM_OK);
    *out = file.table;
    bm_image_problems_free(&problems);
}

static void put(uint8_t *at, enum content which)
{
    memcpy(at, contents[which].data, contents[which].len);
}

static void fill(uint8_t *flash, const struct bm_part *p, enum flash_kind kind)
{
    uint8_t *at = flash + p->offset;
    if (kind == FULL && bmi_is_kind(p, BM_PART_DATA, BM_PART_DATA_NVS)) {
        put(at, FULL_12);
    } else if (kind == FULL && bmi_is_kind(p, BM_PART_DATA, BM_PART_DATA_PHY)) {
        put(at, IDENTITY_8); /* pages of another time */
    } else if (p->type == BM_PART_APP) {
        const enum content app = p->subtype == BM_PART_APP_OTA_0 + 1 ? APP_OTHER : APP;
        put(at, app);
    } else if (kind == LIVE && bmi_is_kind(p, BM_PART_DATA, BM_PART_DATA_OTA)) {
        struct bm_flash ram;
        struct bm_flash_ram state;
        assert_int_equal(bm_flash_ram_init(&ram, &state, at, p->size), BM_OK);
        assert_int_equal(bm_otadata_select(&ram, 1, 2, BM_OTA_UNDEFINED), BM_OK);
    } else if (kind == LIVE && bmi_is_kind(p, BM_PART_DATA, BM_PART_DATA_NVS)) {
        put(at, IDENTITY_OLD);
    } else if (kind == LIVE) {
        memset(at, 0x5a, p->size);
    }
}

static uint8_t *make_flash(const struct bm_part_table *table, enum flash_kind kind)
{
    uint8_t *flash = kind != UNKNOWN ? malloc(FLASH) : NULL;
    if (flash != NULL) {
        memset(flash, 0xff, FLASH);
        for (unsigned i = 0; i < table->count; i++) {
            fill(flash, &table->part[i], kind);
        }
        if (kind == FULL) {
            put(flash + 0x1000, BOOT);
            flash[0xe010] = 0;
        } else if (kind == SMALL) {
            put(flash + 0x1000, BOOT_1MB);
        }
    }
    return flash;
}

/* Takes a word out of a list of words; 0 if it is not there. */
static int take_word(char *list, const char *word)
{
    const size_t len = strlen(word);
    for (char *p = list; (p = strstr(p, word)) != NULL; p += len) {
        if ((p == list || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0')) {
            memset(p, ' ', len);
            return 1;
        }
    }
    return 0;
}

static int compare(size_t number, const struct scenario *s, const struct bm_layout_findings *fs)
{
    int bad = 0;
    char left[200];
    char text[BM_LAYOUT_TEXT];
    (void)snprintf(left, sizeof left, "%s", s->codes);
    for (size_t i = 0; i < fs->count; i++) {
        const struct bm_layout_finding *f = &fs->list[i];
        (void)bm_layout_text(text, f, f->kind->text);
        if (strchr(text, '$') != NULL || strstr(text, "  ") != NULL) {
            fail_msg("scenario %zu: text with a hole: %s: %s", number, f->kind->code, text);
        }
        (void)bm_layout_text(text, f, f->kind->remedy);
        assert_null(strchr(text, '$'));
        seen[f->kind - bm_layout_kinds] = 1;
        if (!take_word(left, f->kind->code)) {
            fprintf(stderr, "scenario %zu (%s): unexpected %s, wanted: %s\n", number, s->from,
                    f->kind->code, s->codes);
            bad = 1;
        }
    }
    if (left[strspn(left, " ")] != '\0') {
        fprintf(stderr, "scenario %zu (%s): not found: %s\n", number, s->from, left);
        bad = 1;
    }
    return bad;
}

static int run_scenario(size_t number, const struct scenario *s)
{
    static struct bm_part_table from;
    static struct bm_part_table to;
    static struct bm_flash_plan plan;
    struct bm_flash_part parts[WRITES];
    struct bm_layout_findings fs = {0};
    memset(&plan, 0, sizeof plan);
    memset(parts, 0, sizeof parts);
    load(&from, s->from);
    load(&to, s->to != NULL ? s->to : s->from);
    if (s->second_nvs) {
        to.part[to.count] = to.part[0];
        to.part[to.count].subtype = 0x81;
        to.part[to.count].offset += 0x2000;
        to.part[to.count++].size -= 0x2000;
    }
    uint8_t table[BM_PART_TABLE_MAX];
    assert_int_equal(bm_part_table_format(table, s->other_table ? &from : &to, &md5, NULL), BM_OK);
    plan = (struct bm_flash_plan){.parts = parts,
                                  .table = s->names_only ? NULL : &to,
                                  .table_off = s->to_off != 0 ? s->to_off : 0x8000,
                                  .flash_size = FLASH,
                                  .chip = BM_CHIP_UNKNOWN,
                                  .md5 = &md5,
                                  .sha256 = &sha256};
    for (; plan.count < WRITES && s->writes[plan.count].content != NOTHING; plan.count++) {
        const struct write *w = &s->writes[plan.count];
        parts[plan.count] = (struct bm_flash_part){
            .file = "file.bin",
            .label = w->label,
            .offset = w->off,
            .placed = w->label == NULL,
            .encrypted = w->encrypted,
            .data = w->content == TABLE ? table : contents[w->content].data,
            .len = w->content == TABLE ? sizeof table : contents[w->content].len};
    }
    uint8_t *flash = make_flash(&from, s->flash);
    bm_plan_resolve(&plan, &fs);
    const struct bm_preflight in = {.from = &from,
                                    .to = &to,
                                    .from_off = 0x8000,
                                    .to_off = plan.table_off,
                                    .plan = &plan,
                                    .flash = flash,
                                    .flash_len = FLASH,
                                    .erase_all = s->erase_all,
                                    .sha256 = &sha256};
    assert_int_equal(bm_preflight(&in, &fs), BM_OK);
    const int bad = compare(number, s, &fs);
    bm_layout_findings_free(&fs);
    free(flash);
    return bad;
}

static void test_scenarios(void **state)
{
    int bad = 0;
    (void)state;
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        bad += run_scenario(i, &scenarios[i]);
    }
    assert_int_equal(bad, 0);
}

static void test_every_code(void **state)
{
    static char doc[0x10000];
    static const char *const severities[] = {"note", "warning", "error"};
    (void)state;
    FILE *f = fopen(BM_SOURCE_DIR "/docs/preflight.md", "rb");
    assert_non_null(f);
    const size_t len = fread(doc, 1, sizeof doc - 1, f);
    assert_int_equal(fclose(f), 0);
    doc[len] = '\0';
    for (size_t i = 0; i < BM_LF_COUNT; i++) {
        char row[100];
        const struct bm_layout_kind *kind = &bm_layout_kinds[i];
        assert_non_null(kind->code);
        assert_non_null(kind->text);
        assert_non_null(kind->remedy);
        if (!seen[i]) {
            fail_msg("no scenario brings %s", kind->code);
        }
        (void)snprintf(row, sizeof row, "\n| `%s` | %s |", kind->code, severities[kind->severity]);
        if (strstr(doc, row) == NULL) {
            fail_msg("docs/preflight.md has no row like:%s", row);
        }
    }
}

static void test_held(void **state)
{
    static struct bm_part_table table;
    static struct bm_held held;
    (void)state;
    load(&table, TWO KEYS);
    uint8_t *flash = make_flash(&table, LIVE);
    const struct bm_part *nvs = bm_part_find(&table, -1, -1, "nvs");
    const struct bm_part *keys = bm_part_find(&table, -1, -1, "keys");
    assert_true(bm_holds_identity(nvs));
    assert_true(bm_holds_identity(keys));
    assert_false(bm_holds_identity(bm_part_find(&table, -1, -1, "ota_0")));
    assert_int_equal(bm_held(&held, nvs, flash, FLASH), BM_OK);
    assert_int_equal(held.state, BM_HELD_VALUES);
    assert_int_equal(held.keys, 1);
    assert_int_equal(held.count, 1);
    assert_string_equal(held.names[0].name, "certs");
    assert_int_equal(bm_held(&held, keys, flash, FLASH), BM_OK);
    assert_int_equal(held.state, BM_HELD_OTHER);
    assert_int_equal(bm_held(&held, nvs, flash, 0x9000), BM_OK);
    assert_int_equal(held.state, BM_HELD_OUTSIDE);
    memset(flash, 0xff, FLASH);
    assert_int_equal(bm_held(&held, nvs, flash, FLASH), BM_OK);
    assert_int_equal(held.state, BM_HELD_BLANK);
    free(flash);
}

/* Of two otadata partitions the last counts: it moves where the new table keeps the first alone. */
static void test_two_otadata(void **state)
{
    static struct bm_part_table from;
    static struct bm_part_table one;
    struct bm_layout_findings fs = {0};
    (void)state;
    load(&one, "nvs,data,nvs,0x9000,0x4000\nota_0,app,ota_0,0x20000,64K\n"
               "first,data,ota,0x60000,0x2000\n");
    from = one;
    struct bm_part *last = &from.part[from.count++];
    *last = one.part[2];
    last->offset += 0x2000;
    const struct bm_preflight in = {
        .from = &from, .to = &one, .from_off = 0x8000, .to_off = 0x8000, .sha256 = &sha256};
    assert_int_equal(bm_preflight(&in, &fs), BM_OK);
    assert_int_equal(fs.count, 1);
    assert_ptr_equal(fs.list[0].kind, &bm_layout_kinds[BM_LF_OTADATA_MOVED]);
    bm_layout_findings_free(&fs);
    one.part[2].offset = last->offset;
    assert_int_equal(bm_preflight(&in, &fs), BM_OK);
    assert_int_equal(fs.count, 0);
    bm_layout_findings_free(&fs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_otadata),
        cmocka_unit_test(test_scenarios),
        cmocka_unit_test(test_every_code),
        cmocka_unit_test(test_held),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
