/* SPDX-License-Identifier: Apache-2.0 */
#include "image/types.h"

#include <stddef.h>

static const struct bm_type types[] = {
    {BM_NVS_U8, BM_CLASS_UNSIGNED, "u8", "u8"},
    {BM_NVS_I8, BM_CLASS_SIGNED, "i8", "i8"},
    {BM_NVS_U16, BM_CLASS_UNSIGNED, "u16", "u16"},
    {BM_NVS_I16, BM_CLASS_SIGNED, "i16", "i16"},
    {BM_NVS_U32, BM_CLASS_UNSIGNED, "u32", "u32"},
    {BM_NVS_I32, BM_CLASS_SIGNED, "i32", "i32"},
    {BM_NVS_U64, BM_CLASS_UNSIGNED, "u64", "u64"},
    {BM_NVS_I64, BM_CLASS_SIGNED, "i64", "i64"},
    {BM_NVS_FLOAT, BM_CLASS_REAL, "float", "float"},
    {BM_NVS_DOUBLE, BM_CLASS_REAL, "double", "double"},
    {BM_NVS_STR, BM_CLASS_STRING, "string", "string"},
    {BMI_TYPE_BLOB_V1, BM_CLASS_BLOB, "blob v1", "blob"},
    {BMI_TYPE_BLOB_DATA, BM_CLASS_CHUNK, "blob data", "blob data"},
    {BMI_TYPE_BLOB_IDX, BM_CLASS_BLOB, "blob index", "blob"},
};

const struct bm_type *bmi_type(uint8_t code)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].code == code) {
            return &types[i];
        }
    }
    return NULL;
}

const char *bmi_page_kind_name(const struct bm_page *page)
{
    static const char *const kinds[] = {
        [BM_PAGE_USED] = "used",
        [BM_PAGE_BLANK] = "blank",
        [BM_PAGE_DIRTY] = "no header",
        [BM_PAGE_BAD_CRC] = "damaged header",
        [BM_PAGE_BAD_STATE] = "unknown state",
        [BM_PAGE_NEWER] = "newer format",
    };
    if (page->kind != BM_PAGE_USED) {
        return kinds[page->kind];
    }
    switch (page->state) {
    case BMI_PAGE_ACTIVE: return "active";
    case BMI_PAGE_FULL: return "full";
    default: return "freeing";
    }
}

const char *bmi_row_kind_name(const struct bm_row *row)
{
    static const char *const kinds[] = {
        [BM_ROW_EMPTY] = "empty",     [BM_ROW_DIRTY] = "empty, not blank",
        [BM_ROW_ERASED] = "erased",   [BM_ROW_ILLEGAL] = "illegal state",
        [BM_ROW_VALUE] = "written",   [BM_ROW_TORN] = "partly erased",
        [BM_ROW_DAMAGED] = "damaged",
    };
    return kinds[row->kind];
}

const char *bmi_fault_name(uint8_t fault)
{
    static const char *const faults[] = {
        [BMI_BAD_NOTHING] = "good",
        [BMI_BAD_CRC] = "header checksum",
        [BMI_BAD_TYPE] = "unknown type",
        [BMI_BAD_SPAN] = "impossible span",
        [BMI_BAD_SIZE] = "impossible size",
        [BMI_BAD_CHUNK] = "chunk number",
        [BMI_BAD_KEY] = "key",
    };
    return fault < sizeof faults / sizeof faults[0] ? faults[fault] : "?";
}

const char *bmi_image_kind_name(enum bm_image_kind kind)
{
    static const char *const kinds[] = {
        [BM_IMAGE_NVS] = "nvs",
        [BM_IMAGE_BLANK] = "blank",
        [BM_IMAGE_ENCRYPTED] = "encrypted",
        [BM_IMAGE_FLASH] = "flash dump",
        [BM_IMAGE_FOREIGN] = "not nvs",
        [BM_IMAGE_EMPTY] = "no whole page",
    };
    return kinds[kind];
}
