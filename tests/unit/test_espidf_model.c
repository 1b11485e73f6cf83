/* SPDX-License-Identifier: Apache-2.0 */

/* Random calls of ESP-IDF's API against a plain model in memory. BM_SEED repeats a run. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "birthmark/espidf.h"
#include "nvs_flash.h"

enum { PAGE = 4096, PAGES_MAX = 12, SPACES = 3, KEYS = 12, LONGEST = 7000, STEPS = 100000 };

struct value {
    nvs_type_t type; /* NVS_TYPE_ANY: absent */
    uint32_t len;
    uint8_t data[LONGEST];
};

static uint8_t mem[PAGES_MAX * PAGE];
static struct bm_flash flash;
static struct bm_flash_ram ram;
static struct value model[SPACES][KEYS];
static nvs_handle_t handles[SPACES];
static uint32_t rnd;
static unsigned full; /* sets that did not fit */

static uint32_t draw(uint32_t below)
{
    rnd = rnd * 1664525u + 1013904223u;
    return (rnd >> 8) % below;
}

static const char *key_name(unsigned k)
{
    static char name[16];
    (void)snprintf(name, sizeof name, k % 2 == 0 ? "k%u" : "a_longer_key_%u", k);
    return name;
}

static void open_all(void)
{
    assert_int_equal(nvs_flash_init(), ESP_OK);
    for (unsigned i = 0; i < SPACES; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "space%u", i);
        assert_int_equal(
            nvs_open(name, draw(3) == 0 ? NVS_READWRITE_PURGE : NVS_READWRITE, &handles[i]),
            ESP_OK);
    }
}

/* One row per type: setting the bytes of a model value, and getting them. */
#define NUMBER(name, ctype)                                                         \
    static esp_err_t set_##name(nvs_handle_t h, const char *k, const uint8_t *data) \
    {                                                                               \
        ctype v;                                                                    \
        memcpy(&v, data, sizeof v);                                                 \
        return nvs_set_##name(h, k, v);                                             \
    }                                                                               \
    static esp_err_t get_##name(nvs_handle_t h, const char *k, uint8_t *data)       \
    {                                                                               \
        ctype v;                                                                    \
        const esp_err_t err = nvs_get_##name(h, k, &v);                             \
        if (err == ESP_OK) {                                                        \
            memcpy(data, &v, sizeof v);                                             \
        }                                                                           \
        return err;                                                                 \
    }
NUMBER(i8, int8_t)
NUMBER(u8, uint8_t)
NUMBER(i16, int16_t)
NUMBER(u16, uint16_t)
NUMBER(i32, int32_t)
NUMBER(u32, uint32_t)
NUMBER(i64, int64_t)
NUMBER(u64, uint64_t)
NUMBER(float, float)
NUMBER(double, double)

static const struct {
    nvs_type_t type;
    uint32_t width;
    esp_err_t (*set)(nvs_handle_t h, const char *k, const uint8_t *data);
    esp_err_t (*get)(nvs_handle_t h, const char *k, uint8_t *data);
} numbers[] = {
    {NVS_TYPE_I8, 1, set_i8, get_i8},          {NVS_TYPE_U8, 1, set_u8, get_u8},
    {NVS_TYPE_I16, 2, set_i16, get_i16},       {NVS_TYPE_U16, 2, set_u16, get_u16},
    {NVS_TYPE_I32, 4, set_i32, get_i32},       {NVS_TYPE_U32, 4, set_u32, get_u32},
    {NVS_TYPE_I64, 8, set_i64, get_i64},       {NVS_TYPE_U64, 8, set_u64, get_u64},
    {NVS_TYPE_FLOAT, 4, set_float, get_float}, {NVS_TYPE_DOUBLE, 8, set_double, get_double},
};
enum { NUMBERS = sizeof numbers / sizeof numbers[0] };

/* A value to set; numbers come from few, so that equal ones occur. */
static void invent(struct value *v, unsigned kind)
{
    if (kind < NUMBERS) {
        v->type = numbers[kind].type;
        v->len = numbers[kind].width;
        memset(v->data, 0, 8);
        v->data[0] = (uint8_t)draw(4);
        v->data[v->len - 1] ^= (uint8_t)(draw(2) * 0x40); /* a normal float or double */
        return;
    }
    const int is_str = kind == NUMBERS;
    const uint32_t most = draw(4) == 0 ? (is_str ? 4000 : LONGEST) : 100;
    v->type = is_str ? NVS_TYPE_STR : NVS_TYPE_BLOB;
    v->len = draw(most) + (is_str ? 1 : 0);
    const uint8_t fill = (uint8_t)('a' + draw(26));
    for (uint32_t i = 0; i < v->len; i++) {
        v->data[i] = (uint8_t)(fill + i % 5);
    }
    if (is_str) {
        v->data[v->len - 1] = '\0';
    }
}

static esp_err_t put(nvs_handle_t h, const char *key, const struct value *v, unsigned kind)
{
    if (kind < NUMBERS) {
        return numbers[kind].set(h, key, v->data);
    }
    return kind == NUMBERS ? nvs_set_str(h, key, (const char *)v->data)
                           : nvs_set_blob(h, key, v->data, v->len);
}

/* A number fits wherever one entry is available. Strings and blobs may waste the ends of pages. */
static void check_full(const struct value *v)
{
    const int is_number = v->type != NVS_TYPE_STR && v->type != NVS_TYPE_BLOB;
    const size_t need = is_number ? 1 : v->len / 32 + 2 + v->len / 4000 + 1 + (size_t)2 * 126;
    nvs_stats_t s;
    assert_int_equal(nvs_get_stats(NULL, &s), ESP_OK);
    assert_true(s.available_entries < need);
    full++;
}

static void do_set(void)
{
    static struct value v;
    const unsigned space = draw(SPACES);
    const unsigned k = draw(KEYS);
    const unsigned kind = draw(NUMBERS + 4);
    invent(&v, kind < NUMBERS + 2 ? kind : kind - 2);
    const esp_err_t err =
        put(handles[space], key_name(k), &v, kind < NUMBERS + 2 ? kind : kind - 2);
    if (err == ESP_ERR_NVS_NOT_ENOUGH_SPACE) {
        check_full(&v);
        return;
    }
    if (err == ESP_ERR_NVS_VALUE_TOO_LONG) {
        assert_int_equal(v.type, NVS_TYPE_BLOB);
        assert_true(v.len > (flash.size / PAGE - 1) * 4000);
        return;
    }
    assert_int_equal(err, ESP_OK);
    model[space][k] = v;
}

static void do_erase(void)
{
    const unsigned space = draw(SPACES);
    const unsigned k = draw(KEYS);
    const int is_there = model[space][k].type != NVS_TYPE_ANY;
    assert_int_equal(nvs_erase_key(handles[space], key_name(k)),
                     is_there ? ESP_OK : ESP_ERR_NVS_NOT_FOUND);
    model[space][k].type = NVS_TYPE_ANY;
}

static void do_erase_all(void)
{
    const unsigned space = draw(SPACES);
    if (draw(10) != 0) {
        return;
    }
    assert_int_equal(nvs_erase_all(handles[space]), ESP_OK);
    for (unsigned k = 0; k < KEYS; k++) {
        model[space][k].type = NVS_TYPE_ANY;
    }
}

/* Every getter on a key: the one of its type gives the value, the others NOT_FOUND. */
static void check_key(unsigned space, unsigned k)
{
    static uint8_t buf[LONGEST];
    const struct value *v = &model[space][k];
    const nvs_handle_t h = handles[space];
    const char *key = key_name(k);
    nvs_type_t type = NVS_TYPE_ANY;
    assert_int_equal(nvs_find_key(h, key, &type),
                     v->type == NVS_TYPE_ANY ? ESP_ERR_NVS_NOT_FOUND : ESP_OK);
    assert_int_equal(type, v->type);
    for (unsigned i = 0; i < NUMBERS; i++) {
        const int right = v->type == numbers[i].type;
        assert_int_equal(numbers[i].get(h, key, buf), right ? ESP_OK : ESP_ERR_NVS_NOT_FOUND);
        if (right) {
            assert_memory_equal(buf, v->data, v->len);
        }
    }
    size_t len = sizeof buf;
    assert_int_equal(nvs_get_str(h, key, (char *)buf, &len),
                     v->type == NVS_TYPE_STR ? ESP_OK : ESP_ERR_NVS_NOT_FOUND);
    if (v->type != NVS_TYPE_STR) {
        len = sizeof buf;
        assert_int_equal(nvs_get_blob(h, key, buf, &len),
                         v->type == NVS_TYPE_BLOB ? ESP_OK : ESP_ERR_NVS_NOT_FOUND);
    }
    if (v->type == NVS_TYPE_STR || v->type == NVS_TYPE_BLOB) {
        assert_int_equal(len, v->len);
        assert_memory_equal(buf, v->data, len);
    }
}

static void do_check(void)
{
    check_key(draw(SPACES), draw(KEYS));
}

/* Iterators and counts agree with the model. */
static void do_survey(void)
{
    nvs_stats_t stats;
    size_t sum = SPACES;
    if (draw(20) != 0) {
        return;
    }
    for (unsigned space = 0; space < SPACES; space++) {
        nvs_iterator_t it = NULL;
        size_t used = 0;
        unsigned n = 0;
        for (unsigned k = 0; k < KEYS; k++) {
            n += model[space][k].type != NVS_TYPE_ANY;
        }
        esp_err_t err = nvs_entry_find_in_handle(handles[space], NVS_TYPE_ANY, &it);
        for (; err == ESP_OK; n--) {
            nvs_entry_info_t info;
            assert_int_equal(nvs_entry_info(it, &info), ESP_OK);
            err = nvs_entry_next(&it);
        }
        assert_int_equal(n, 0);
        assert_int_equal(nvs_get_used_entry_count(handles[space], &used), ESP_OK);
        sum += used;
    }
    assert_int_equal(nvs_get_stats(NULL, &stats), ESP_OK);
    assert_int_equal(stats.used_entries, sum);
    assert_int_equal(stats.namespace_count, SPACES);
}

/* All is as it was after mounting again, which writes nothing. */
static void do_restart(void)
{
    if (draw(20) != 0) {
        return;
    }
    assert_int_equal(nvs_flash_deinit(), ESP_OK);
    const uint64_t ops = ram.ops;
    open_all();
    assert_true(ram.ops == ops);
    for (unsigned i = 0; i < SPACES * KEYS; i++) {
        check_key(i / KEYS, i % KEYS);
    }
}

static void do_commit(void)
{
    assert_int_equal(nvs_commit(handles[draw(SPACES)]), ESP_OK);
}

static void run(unsigned pages)
{
    static void (*const moves[])(void) = {do_set,       do_set,    do_set,    do_set,
                                          do_set,       do_erase,  do_check,  do_check,
                                          do_erase_all, do_survey, do_commit, do_restart};
    memset(mem, 0xff, sizeof mem);
    for (unsigned i = 0; i < SPACES * KEYS; i++) {
        model[i / KEYS][i % KEYS].type = NVS_TYPE_ANY;
    }
    full = 0;
    assert_int_equal(bm_flash_ram_init(&flash, &ram, mem, pages * PAGE), BM_OK);
    assert_int_equal(bm_espidf_attach_flash("nvs", &flash), BM_OK);
    open_all();
    for (unsigned i = 0; i < STEPS; i++) {
        moves[draw(sizeof moves / sizeof moves[0])]();
    }
    assert_int_equal(bm_espidf_detach("nvs"), BM_OK);
    print_message("%u pages: %d calls, %u of them found no room\n", pages, (int)STEPS, full);
}

static void test_model(void **state)
{
    static const unsigned sizes[] = {2, 3, 6, PAGES_MAX};
    const char *given = getenv("BM_SEED");
    (void)state;
    rnd = given != NULL ? (uint32_t)strtoul(given, NULL, 0) : 1;
    print_message("BM_SEED=%u\n", (unsigned)rnd);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        run(sizes[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
