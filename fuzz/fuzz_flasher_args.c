/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as a flasher_args.json. What is accepted can be written and read again, and means the
 * same then. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "layout/flasher_args.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int good)
{
    if (!good) {
        abort();
    }
}

static int unique_offsets(const struct bm_flasher_args *args)
{
    for (size_t i = 0; i < args->count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (args->files[i].offset == args->files[k].offset) {
                return 0;
            }
        }
    }
    return 1;
}

static void same(const struct bm_flasher_args *a, const struct bm_flasher_args *b)
{
    must(a->count == b->count && a->flash_size == b->flash_size && strcmp(a->chip, b->chip) == 0);
    for (size_t i = 0; i < a->count; i++) {
        must(a->files[i].offset == b->files[i].offset);
        must(strcmp(a->files[i].file, b->files[i].file) == 0);
    }
}

static void check(const struct bm_flasher_args *args)
{
    struct bm_flasher_args again;
    char *text = NULL;
    must(args->count <= BM_FLASHER_FILES_MAX);
    for (size_t i = 0; i < args->count; i++) {
        must(args->files[i].file != NULL && args->files[i].file[0] != '\0');
        args->files[i].encrypted = args->files[i].encrypted != 0;
        /* A name could be that of an object which the text has for itself. */
        free(args->files[i].name);
        args->files[i].name = NULL;
    }
    if (unique_offsets(args) && bm_flasher_args_format(&text, args) == BM_OK) {
        const int rc = bm_flasher_args_parse(&again, text, strlen(text), NULL, NULL);
        must(rc == BM_OK);
        same(args, &again);
        bm_flasher_args_free(&again);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_flasher_args args;
    struct bm_flasher_place place = {0, 0};
    struct bm_diag diag = {0};
    const int rc = bm_flasher_args_parse(&args, (const char *)data, size, &place, &diag);
    if (rc == BM_OK) {
        check(&args);
    } else {
        must(diag.text[0] != '\0' && strchr(diag.text, '\n') == NULL);
    }
    bm_flasher_args_free(&args);
    return 0;
}
