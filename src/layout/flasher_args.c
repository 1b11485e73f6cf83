/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/flasher_args.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/base.h"
#include "image/show.h"
#include "image/word.h"
#include "layout/part_number.h"

enum { MB = 1024 * 1024, KB = 1024 };

static int u32_parse(uint32_t *out, const char *text, size_t len)
{
    uint64_t n = 0;
    if (bm_part_number(&n, text, len) != BM_OK || n > UINT32_MAX) {
        return BM_E_INPUT;
    }
    *out = (uint32_t)n;
    return BM_OK;
}

int bm_flash_size_parse(uint32_t *size, const char *text)
{
    size_t len = strlen(text);
    /* "4MB": bm_part_number() knows the unit without its B. */
    if (len >= 2 && strchr("bB", text[len - 1]) != NULL && strchr("kKmM", text[len - 2]) != NULL) {
        len--;
    }
    return u32_parse(size, text, len) == BM_OK && *size != 0 ? BM_OK : BM_E_INPUT;
}

static int wrong(struct bm_diag *diag, const char *what, const char *name)
{
    char text[160];
    char shown[100];
    (void)snprintf(text, sizeof text, "%s%s", what, bmi_show_into(shown, sizeof shown, name));
    return bm_diag_set(diag, BM_E_INPUT, 0, NULL, text);
}

static int add(struct bm_flasher_args *args, uint32_t offset, const char *file)
{
    if (args->files == NULL) {
        args->files = calloc(BM_FLASHER_FILES_MAX, sizeof *args->files);
    }
    char *copy = args->files != NULL ? malloc(strlen(file) + 1) : NULL;
    if (copy == NULL) {
        return BM_E_NOMEM;
    }
    memcpy(copy, file, strlen(file) + 1);
    args->files[args->count].offset = offset;
    args->files[args->count++].file = copy;
    return BM_OK;
}

/* One row of flash_files. */
static int read_file(struct bm_flasher_args *args, const char *key, const json_t *value,
                     struct bm_diag *diag)
{
    const char *file = json_string_value(value);
    uint32_t offset = 0;
    if (u32_parse(&offset, key, strlen(key)) != BM_OK) {
        return wrong(diag, "flash_files: this is no offset (0x10000): ", key);
    }
    if (file == NULL || file[0] == '\0') {
        return wrong(diag, "flash_files: no file name is given for ", key);
    }
    if (args->count == BM_FLASHER_FILES_MAX) {
        return wrong(diag, "flash_files: more than 256 files, at ", key);
    }
    return add(args, offset, file);
}

static int truth(const json_t *value)
{
    const char *text = json_string_value(value);
    return json_is_true(value) || (text != NULL && bmi_is_word(text, strlen(text), "true"));
}

/* An object like "app" : {offset, file, encrypted}: what the file of this offset is. */
static int read_name(struct bm_flasher_args *args, const char *name, const json_t *value,
                     struct bm_diag *diag)
{
    const char *offset_text = json_string_value(json_object_get(value, "offset"));
    const char *file = json_string_value(json_object_get(value, "file"));
    uint32_t offset = 0;
    size_t i = 0;
    if (offset_text == NULL || file == NULL) {
        return BM_OK; /* flash_settings, extra_esptool_args and what may come */
    }
    if (u32_parse(&offset, offset_text, strlen(offset_text)) != BM_OK) {
        return wrong(diag, "the offset is no number (0x10000) of: ", name);
    }
    while (i < args->count && args->files[i].offset != offset) {
        i++;
    }
    if (i == args->count || strcmp(args->files[i].file, file) != 0) {
        return wrong(diag, "flash_files says otherwise about offset or file of: ", name);
    }
    struct bm_flasher_file *f = &args->files[i];
    if (f->name == NULL) {
        f->name = malloc(strlen(name) + 1);
        if (f->name == NULL) {
            return BM_E_NOMEM;
        }
        memcpy(f->name, name, strlen(name) + 1);
    }
    f->encrypted |= truth(json_object_get(value, "encrypted"));
    return BM_OK;
}

/* The options that esptool is called with. */
static int asks_to_erase(const json_t *options)
{
    static const char *const spellings[] = {"--erase-all", "-e", "--erase_all"};
    size_t i;
    const json_t *value;
    json_array_foreach(options, i, value)
    {
        const char *word = json_string_value(value);
        for (size_t k = 0; word != NULL && k < sizeof spellings / sizeof spellings[0]; k++) {
            if (strcmp(word, spellings[k]) == 0) {
                return 1;
            }
        }
    }
    return 0;
}

static void read_settings(struct bm_flasher_args *args, const json_t *root)
{
    const json_t *settings = json_object_get(root, "flash_settings");
    const json_t *extra = json_object_get(root, "extra_esptool_args");
    const char *size = json_string_value(json_object_get(settings, "flash_size"));
    const char *chip = json_string_value(json_object_get(extra, "chip"));
    args->erase_all = asks_to_erase(json_object_get(root, "write_flash_args"));
    if (size != NULL && bm_flash_size_parse(&args->flash_size, size) != BM_OK) {
        args->flash_size = 0;
    }
    if (chip != NULL && strlen(chip) < sizeof args->chip) {
        memcpy(args->chip, chip, strlen(chip) + 1);
    }
}

static int read_root(struct bm_flasher_args *args, json_t *root, struct bm_diag *diag)
{
    json_t *files = json_object_get(root, "flash_files");
    const char *key;
    json_t *value;
    int rc = BM_OK;
    if (!json_is_object(files)) {
        return wrong(diag, "no object \"flash_files\": this is no flasher_args.json of ESP-IDF",
                     "");
    }
    json_object_foreach(files, key, value)
    {
        if ((rc = read_file(args, key, value, diag)) != BM_OK) {
            return rc;
        }
    }
    json_object_foreach(root, key, value)
    {
        if ((rc = read_name(args, key, value, diag)) != BM_OK) {
            return rc;
        }
    }
    read_settings(args, root);
    return BM_OK;
}

int bm_flasher_args_parse(struct bm_flasher_args *out, const char *text, size_t len,
                          struct bm_flasher_place *place, struct bm_diag *diag)
{
    json_error_t error;
    memset(out, 0, sizeof *out);
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        if (place != NULL && error.line > 0) {
            place->line = (unsigned)error.line;
            place->column = error.column > 0 ? (unsigned)error.column : 0;
        }
        return wrong(diag, "no JSON: ", error.text);
    }
    const int rc = read_root(out, root, diag);
    json_decref(root);
    return rc;
}

void bm_flasher_args_free(struct bm_flasher_args *args)
{
    for (size_t i = 0; i < args->count; i++) {
        free(args->files[i].file);
        free(args->files[i].name);
    }
    free(args->files);
    memset(args, 0, sizeof *args);
}

static void size_text(char out[24], uint32_t size)
{
    if (size % MB == 0) {
        (void)snprintf(out, 24, "%" PRIu32 "MB", size / MB);
    } else if (size % KB == 0) {
        (void)snprintf(out, 24, "%" PRIu32 "KB", size / KB);
    } else {
        (void)snprintf(out, 24, "%" PRIu32, size);
    }
}

static int put_files(json_t *root, const struct bm_flasher_args *args)
{
    json_t *files = json_object();
    int rc = json_object_set_new(root, "flash_files", files);
    for (size_t i = 0; rc == 0 && i < args->count; i++) {
        const struct bm_flasher_file *f = &args->files[i];
        char at[16];
        (void)snprintf(at, sizeof at, "0x%" PRIx32, f->offset);
        rc = json_object_set_new(files, at, json_string(f->file));
        if (rc == 0 && f->name != NULL) {
            rc = json_object_set_new(root, f->name,
                                     json_pack("{ssssss}", "offset", at, "file", f->file,
                                               "encrypted", f->encrypted ? "true" : "false"));
        }
    }
    return rc;
}

int bm_flasher_args_format(char **text, const struct bm_flasher_args *args)
{
    char size[24];
    size_text(size, args->flash_size);
    json_t *root = args->flash_size != 0
                       ? json_pack("{s[ss]s{ss}}", "write_flash_args", "--flash_size", size,
                                   "flash_settings", "flash_size", size)
                       : json_object();
    int rc = root != NULL ? put_files(root, args) : -1;
    if (rc == 0 && args->chip[0] != '\0') {
        rc = json_object_set_new(root, "extra_esptool_args", json_pack("{ss}", "chip", args->chip));
    }
    *text = NULL;
    if (rc == 0) {
        char *dump = json_dumps(root, JSON_INDENT(4));
        /* jansson may have a release of its own: what is handed out belongs to free(). */
        *text = dump != NULL ? malloc(strlen(dump) + 2) : NULL;
        if (*text != NULL) {
            (void)sprintf(*text, "%s\n", dump);
        }
        free(dump);
    }
    json_decref(root);
    return *text != NULL ? BM_OK : BM_E_NOMEM;
}
