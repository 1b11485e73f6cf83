/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/finding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "image/show.h"

enum { CAP_START = 16, KB = 1024 };

void bmi_finding_add(struct bm_layout_findings *fs, enum bm_layout_code code, const char *part,
                     const char *file, const char *old, const char *now)
{
    const struct bm_layout_kind *kind = &bm_layout_kinds[code];
    fs->errors += kind->severity == BM_ERROR;
    fs->warnings += kind->severity == BM_WARNING;
    if (fs->count == fs->cap) {
        const size_t cap = fs->cap == 0 ? CAP_START : 2 * fs->cap;
        void *list = cap <= (size_t)2 * BM_LAYOUT_FINDINGS_MAX
                         ? realloc(fs->list, cap * sizeof *fs->list)
                         : NULL;
        if (list == NULL) {
            return;
        }
        fs->list = list;
        fs->cap = cap;
    }
    struct bm_layout_finding *f = &fs->list[fs->count++];
    f->kind = kind;
    (void)snprintf(f->label, sizeof f->label, "%s", part != NULL ? part : "");
    (void)bmi_show_into(f->part, sizeof f->part, part != NULL ? part : "");
    (void)bmi_show_into(f->file, sizeof f->file, file != NULL ? file : "");
    (void)bmi_show_into(f->old, sizeof f->old, old != NULL ? old : "");
    (void)bmi_show_into(f->now, sizeof f->now, now != NULL ? now : "");
}

void bm_layout_findings_free(struct bm_layout_findings *fs)
{
    free(fs->list);
    memset(fs, 0, sizeof *fs);
}

const char *bm_layout_text(char out[BM_LAYOUT_TEXT], const struct bm_layout_finding *f,
                           const char *pattern)
{
    const struct {
        const char *name;
        const char *value;
    } words[] = {{"$part", f->part}, {"$file", f->file}, {"$old", f->old}, {"$new", f->now}};
    struct bm_text t;
    bm_text_init(&t, out, BM_LAYOUT_TEXT);
    while (*pattern != '\0') {
        const char one[2] = {*pattern, '\0'};
        const char *put = one;
        size_t taken = 1;
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            const size_t len = strlen(words[i].name);
            if (strncmp(pattern, words[i].name, len) == 0) {
                put = words[i].value;
                taken = len;
            }
        }
        bm_text_str(&t, put);
        pattern += taken;
    }
    return out;
}

struct bmi_word bmi_word_at(uint64_t off)
{
    struct bmi_word word;
    struct bm_text t;
    bm_text_init(&t, word.text, sizeof word.text);
    bm_text_hex(&t, off);
    return word;
}

struct bmi_word bmi_word_size(uint64_t size)
{
    static const char *const units[] = {" bytes", " KB", " MB"};
    struct bmi_word word;
    struct bm_text t;
    size_t unit = 0;
    while (unit < 2 && size != 0 && size % KB == 0) {
        size /= KB;
        unit++;
    }
    bm_text_init(&t, word.text, sizeof word.text);
    bm_text_u64(&t, size);
    bm_text_str(&t, units[unit]);
    return word;
}

struct bmi_word bmi_word_range(uint64_t off, uint64_t size)
{
    struct bmi_word word;
    struct bm_text t;
    bm_text_init(&t, word.text, sizeof word.text);
    bm_text_hex(&t, off);
    bm_text_str(&t, " (");
    bm_text_str(&t, bmi_word_size(size).text);
    bm_text_str(&t, ")");
    return word;
}
