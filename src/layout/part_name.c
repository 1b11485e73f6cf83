/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/part_name.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "image/word.h"

struct name {
    const char *name;
    uint8_t type;
    uint8_t subtype;
};

static const struct name types[] = {
    {"app", BM_PART_APP, 0},
    {"data", BM_PART_DATA, 0},
    {"bootloader", BM_PART_BOOTLOADER, 0},
    {"partition_table", BM_PART_PARTITION_TABLE, 0},
};

/* ESP-IDF's esp_partition_subtype_t. */
static const struct name subtypes[] = {
    {"factory", BM_PART_APP, BM_PART_APP_FACTORY},
    {"ota_0", BM_PART_APP, 0x10},
    {"ota_1", BM_PART_APP, 0x11},
    {"ota_2", BM_PART_APP, 0x12},
    {"ota_3", BM_PART_APP, 0x13},
    {"ota_4", BM_PART_APP, 0x14},
    {"ota_5", BM_PART_APP, 0x15},
    {"ota_6", BM_PART_APP, 0x16},
    {"ota_7", BM_PART_APP, 0x17},
    {"ota_8", BM_PART_APP, 0x18},
    {"ota_9", BM_PART_APP, 0x19},
    {"ota_10", BM_PART_APP, 0x1a},
    {"ota_11", BM_PART_APP, 0x1b},
    {"ota_12", BM_PART_APP, 0x1c},
    {"ota_13", BM_PART_APP, 0x1d},
    {"ota_14", BM_PART_APP, 0x1e},
    {"ota_15", BM_PART_APP, 0x1f},
    {"test", BM_PART_APP, BM_PART_APP_TEST},
    {"tee_0", BM_PART_APP, 0x30},
    {"tee_1", BM_PART_APP, 0x31},
    {"ota", BM_PART_DATA, BM_PART_DATA_OTA},
    {"phy", BM_PART_DATA, BM_PART_DATA_PHY},
    {"nvs", BM_PART_DATA, BM_PART_DATA_NVS},
    {"coredump", BM_PART_DATA, BM_PART_DATA_COREDUMP},
    {"nvs_keys", BM_PART_DATA, BM_PART_DATA_NVS_KEYS},
    {"efuse", BM_PART_DATA, 0x05},
    {"undefined", BM_PART_DATA, 0x06},
    {"esphttpd", BM_PART_DATA, 0x80},
    {"fat", BM_PART_DATA, 0x81},
    {"spiffs", BM_PART_DATA, 0x82},
    {"littlefs", BM_PART_DATA, 0x83},
    {"tee_ota", BM_PART_DATA, 0x90},
    {"primary", BM_PART_BOOTLOADER, 0x00},
    {"ota", BM_PART_BOOTLOADER, 0x01},
    {"recovery", BM_PART_BOOTLOADER, 0x02},
    {"primary", BM_PART_PARTITION_TABLE, 0x00},
    {"ota", BM_PART_PARTITION_TABLE, 0x01},
};

enum {
    TYPES = sizeof types / sizeof types[0],
    SUBTYPES = sizeof subtypes / sizeof subtypes[0],
    WHY_SIZE = 160
};

static const struct {
    const char *name;
    uint32_t bit;
} flags_known[] = {{"encrypted", BM_PART_ENCRYPTED}, {"readonly", BM_PART_READONLY}};

enum { FLAGS = sizeof flags_known / sizeof flags_known[0] };

int bm_part_type_by_name(const char *name, size_t len)
{
    for (size_t i = 0; i < TYPES; i++) {
        if (bmi_is_word(name, len, types[i].name)) {
            return types[i].type;
        }
    }
    return -1;
}

int bm_part_subtype_by_name(const struct bm_part_subtypes *extra, uint8_t type, const char *name,
                            size_t len)
{
    for (size_t i = 0; i < SUBTYPES; i++) {
        if (subtypes[i].type == type && bmi_is_word(name, len, subtypes[i].name)) {
            return subtypes[i].subtype;
        }
    }
    for (size_t i = 0; extra != NULL && i < extra->count; i++) {
        if (extra->list[i].type == type && bmi_is_word(name, len, extra->list[i].name)) {
            return extra->list[i].subtype;
        }
    }
    return -1;
}

const char *bm_part_type_name(uint8_t type)
{
    return type < TYPES ? types[type].name : NULL;
}

const char *bm_part_subtype_name(const struct bm_part_subtypes *extra, uint8_t type,
                                 uint8_t subtype)
{
    for (size_t i = 0; i < SUBTYPES; i++) {
        if (subtypes[i].type == type && subtypes[i].subtype == subtype) {
            return subtypes[i].name;
        }
    }
    for (size_t i = 0; extra != NULL && i < extra->count; i++) {
        if (extra->list[i].type == type && extra->list[i].subtype == subtype) {
            return extra->list[i].name;
        }
    }
    return NULL;
}

static const char *name_or_number(char *buf, const char *name, uint8_t number)
{
    if (name != NULL) {
        return name;
    }
    snprintf(buf, BM_PART_NAME_SIZE, "%u", number);
    return buf;
}

const char *bm_part_type_text(char *buf, uint8_t type)
{
    return name_or_number(buf, bm_part_type_name(type), type);
}

const char *bm_part_subtype_text(char *buf, const struct bm_part_subtypes *extra, uint8_t type,
                                 uint8_t subtype)
{
    return name_or_number(buf, bm_part_subtype_name(extra, type, subtype), subtype);
}

void bm_part_type_names(const char **names, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < TYPES && n + 1 < cap; i++) {
        names[n++] = types[i].name;
    }
    names[n] = NULL;
}

void bm_part_subtype_names(const char **names, size_t cap, const struct bm_part_subtypes *extra,
                           uint8_t type)
{
    size_t n = 0;
    for (size_t i = 0; i < SUBTYPES && n + 1 < cap; i++) {
        if (subtypes[i].type == type) {
            names[n++] = subtypes[i].name;
        }
    }
    for (size_t i = 0; extra != NULL && i < extra->count && n + 1 < cap; i++) {
        if (extra->list[i].type == type) {
            names[n++] = extra->list[i].name;
        }
    }
    names[n] = NULL;
}

const char *bm_part_flags_text(char *buf, uint32_t flags)
{
    struct bm_text t;
    bm_text_init(&t, buf, BM_PART_NAME_SIZE);
    for (size_t i = 0; i < FLAGS; i++) {
        if ((flags & flags_known[i].bit) != 0) {
            bm_text_str(&t, t.len > 0 ? ":" : "");
            bm_text_str(&t, flags_known[i].name);
        }
    }
    return buf;
}

uint32_t bm_part_flag_by_name(const char *name, size_t len)
{
    for (size_t i = 0; i < FLAGS; i++) {
        if (strlen(flags_known[i].name) == len && memcmp(flags_known[i].name, name, len) == 0) {
            return flags_known[i].bit;
        }
    }
    return 0;
}

/* A name that CSV can hold: nothing that would be read as something else. */
static int is_name(const struct bmi_slice *s)
{
    if (s->len == 0 || s->len >= BM_PART_NAME_SIZE || (s->p[0] >= '0' && s->p[0] <= '9')) {
        return 0;
    }
    for (size_t i = 0; i < s->len; i++) {
        const char c = s->p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-')) {
            return 0;
        }
    }
    return 1;
}

static int split3(struct bmi_slice out[3], const char *text)
{
    for (int i = 0; i < 3; i++) {
        const size_t len = strcspn(text, ",");
        out[i] = bmi_trim(text, len);
        text += len;
        if (*text == ',') {
            text++;
        } else if (i < 2) {
            return 0;
        }
    }
    return *text == '\0';
}

/* gen_esp32part takes the digits for hex, with 0x in front or not. -1 if it is no number to 0xfe.
 */
static int hex_number(const struct bmi_slice *s)
{
    const size_t start = s->len > 2 && s->p[0] == '0' && (s->p[1] | 0x20) == 'x' ? 2 : 0;
    int v = s->len > start ? 0 : -1;
    for (size_t i = start; i < s->len && v >= 0; i++) {
        const int d = bm_hex_digit(s->p[i]);
        v = d < 0 || v > 0xf ? -1 : v * 16 + d;
    }
    return v > 0xfe ? -1 : v;
}

/* Name and number must both be new: a second name for a number is none that a table can keep. */
static int check_new(const struct bm_part_subtypes *extra, uint8_t type, uint8_t number,
                     const struct bmi_slice *name, char *why)
{
    const char *other = bm_part_subtype_name(extra, type, number);
    const int known = bm_part_subtype_by_name(extra, type, name->p, name->len);
    if (other != NULL) {
        snprintf(why, WHY_SIZE, "0x%02x is %s already", number, other);
    } else if (known >= 0) {
        snprintf(why, WHY_SIZE, "%.*s is 0x%02x already", (int)name->len, name->p, (unsigned)known);
    }
    return other != NULL || known >= 0 ? BM_E_INPUT : BM_OK;
}

int bm_part_subtypes_add(struct bm_part_subtypes *extra, const char *text, char *why)
{
    struct bmi_slice field[3];
    why[0] = '\0';
    if (!split3(field, text) || !is_name(&field[1])) {
        snprintf(why, WHY_SIZE, "write TYPE,NAME,NUMBER, as in app,my_app,0x40");
        return BM_E_INPUT;
    }
    const int type = bm_part_type_by_name(field[0].p, field[0].len);
    if (type < 0) {
        snprintf(why, WHY_SIZE, "its type is app, data, bootloader or partition_table");
        return BM_E_INPUT;
    }
    const int number = hex_number(&field[2]);
    if (number < 0) {
        snprintf(why, WHY_SIZE, "its number is 0 to 0xfe, in hex");
        return BM_E_INPUT;
    }
    if (check_new(extra, (uint8_t)type, (uint8_t)number, &field[1], why) != BM_OK) {
        return BM_E_INPUT;
    }
    if (extra->count == BM_PART_SUBTYPES_MAX) {
        snprintf(why, WHY_SIZE, "more than %d of them", BM_PART_SUBTYPES_MAX);
        return BM_E_INPUT;
    }
    struct bm_part_subtype_name *n = &extra->list[extra->count++];
    memset(n, 0, sizeof *n);
    for (size_t i = 0; i < field[1].len; i++) { /* looked up whatever its case */
        const char c = field[1].p[i];
        n->name[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    n->type = (uint8_t)type;
    n->subtype = (uint8_t)number;
    if (number > 9 && (field[2].len < 2 || (field[2].p[1] | 0x20) != 'x')) {
        snprintf(why, WHY_SIZE,
                 "read as 0x%02x; write it so, for ESP-IDF's header has it as it stands",
                 (unsigned)number);
    }
    return BM_OK;
}
