/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: any text is read without harm; what is taken is in the table, none twice, and on a line
 * that there is. */
#include <stdlib.h>
#include <string.h>

#include "layout/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct bm_setting_row rows[] = {
    {"build", "command"}, {"build", "skip"}, {"board", "port"}, {NULL, NULL}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_image_problems problems = {0};
    struct bm_settings settings;
    unsigned seen[3] = {0};
    size_t lines = 1;
    char *text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    for (size_t i = 0; i < size; i++) {
        lines += text[i] == '\n';
    }
    const int rc = bm_settings_read(&settings, "fuzz", text, size, rows, &problems);
    int good = (rc == BM_OK) == (problems.errors == 0);
    for (size_t i = 0; i < settings.count; i++) {
        const struct bm_setting *s = &settings.list[i];
        good = good && s->row < 3 && seen[s->row]++ == 0 && s->line >= 1 && s->line <= lines &&
               s->value[0] != '\0' && strlen(s->value) <= BM_SETTINGS_LINE;
    }
    for (size_t i = 0; i < problems.count; i++) {
        good = good && problems.list[i].place.line >= 1 && problems.list[i].place.line <= lines;
    }
    if (!good) {
        abort();
    }
    bm_settings_free(&settings);
    bm_image_problems_free(&problems);
    free(text);
    return 0;
}
