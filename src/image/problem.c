/* SPDX-License-Identifier: Apache-2.0 */
#include "image/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "image/arena.h"

/* Control characters, those of Latin-1 in UTF-8 included, would let an input move the cursor. */
static void printable(char *text)
{
    for (unsigned char *p = (unsigned char *)text; *p != '\0'; p++) {
        if (*p < 0x20 || *p == 0x7f) {
            *p = '?';
        } else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f) {
            p[0] = '?';
            p[1] = '?';
        }
    }
}

/* Drops what a cut left of a UTF-8 character at the end. */
static void trim_cut(char *text)
{
    size_t len = strlen(text);
    size_t tail = 0;
    while (tail < len && tail < 3 && ((unsigned char)text[len - 1 - tail] & 0xc0) == 0x80) {
        tail++;
    }
    if (tail == len) {
        return;
    }
    const unsigned char lead = (unsigned char)text[len - 1 - tail];
    const size_t need = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    if (tail < need) {
        text[len - 1 - tail] = '\0';
    }
}

static int has_room(const struct bm_image_problems *p, enum bm_image_level level)
{
    return level == BM_IMAGE_ERROR ? p->errors <= BM_IMAGE_ERRORS_MAX
                                   : p->warnings <= BM_IMAGE_NOTES_MAX;
}

void bmi_problem_add(struct bm_image_problems *problems, enum bm_image_level level,
                     const struct bm_image_place *place, const char *key, size_t key_len,
                     const char *format, ...)
{
    *(level == BM_IMAGE_ERROR ? &problems->errors : &problems->warnings) += 1;
    void *list = problems->list;
    if (!has_room(problems, level) ||
        bmi_grow(&list, &problems->cap, problems->count, sizeof *problems->list) != BM_OK) {
        return;
    }
    problems->list = list;
    struct bm_image_problem *p = &problems->list[problems->count++];
    memset(p, 0, sizeof *p);
    p->level = level;
    p->place = *place;
    if (key != NULL) {
        const size_t len = key_len < sizeof p->key ? key_len : sizeof p->key - 1;
        for (size_t i = 0; i < len; i++) {
            p->key[i] = key[i] == '\0' ? '?' : key[i];
        }
        trim_cut(p->key);
        printable(p->key);
    }
    va_list args;
    va_start(args, format);
    vsnprintf(p->text, sizeof p->text, format, args);
    va_end(args);
    trim_cut(p->text);
    printable(p->text);
}

void bm_image_problem_format(char *out, size_t cap, const struct bm_image_problem *problem)
{
    static const char *const level[] = {
        [BM_IMAGE_ERROR] = "", [BM_IMAGE_WARNING] = "warning: ", [BM_IMAGE_NOTE] = "note: "};
    struct bm_text t;
    bm_text_init(&t, out, cap);
    bm_text_str(&t, problem->place.file != NULL ? problem->place.file : "?");
    const uint32_t numbers[] = {problem->place.line, problem->place.column};
    for (size_t i = 0; i < 2 && numbers[i] != 0; i++) {
        bm_text_str(&t, ":");
        bm_text_u64(&t, numbers[i]);
    }
    bm_text_str(&t, ": ");
    bm_text_str(&t, level[problem->level]);
    if (problem->key[0] != '\0') {
        bm_text_str(&t, "key '");
        bm_text_str(&t, problem->key);
        bm_text_str(&t, "': ");
    }
    bm_text_str(&t, problem->text);
    printable(out);
}

void bm_image_problems_free(struct bm_image_problems *problems)
{
    free(problems->list);
    memset(problems, 0, sizeof *problems);
}
