/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_generate_table.h"

#include <string.h>

#include "base/base.h"
#include "cli/table_arg.h"
#include "image/json.h"
#include "image/show.h"

enum { PAGE = 4096, LIST_SIZE = 256, LABEL_SIZE = 80 };

static int is_nvs(const struct bm_part *p)
{
    return p->type == BM_PART_DATA && p->subtype == BM_PART_DATA_NVS;
}

/* Labels of the NVS partitions; returns how many there are. */
static unsigned list_nvs(char list[LIST_SIZE], const struct bm_part_table *table)
{
    char label[LABEL_SIZE];
    struct bm_text t;
    unsigned n = 0;
    bm_text_init(&t, list, LIST_SIZE);
    for (unsigned i = 0; i < table->count; i++) {
        if (is_nvs(&table->part[i])) {
            bm_text_str(&t, n++ > 0 ? ", " : "");
            bm_text_str(&t, bmi_show_into(label, sizeof label, table->part[i].label));
        }
    }
    return n;
}

static const struct bm_part *pick(const struct cli_generate_part *p,
                                  const struct bm_part_table *table)
{
    char list[LIST_SIZE];
    const unsigned n = list_nvs(list, table);
    if (p->label == NULL) {
        const struct bm_part *only = bm_part_find(table, BM_PART_DATA, BM_PART_DATA_NVS, NULL);
        if (n > 1) {
            cli_error("%s has %u NVS partitions (%s); say which one with --label", p->table, n,
                      list);
        } else if (n == 0) {
            cli_error("%s has no NVS partition; add one, as in nvs,data,nvs,,0x6000", p->table);
        }
        return n == 1 ? only : NULL;
    }
    const struct bm_part *found = bm_part_find(table, -1, -1, p->label);
    if (found == NULL) {
        cli_error("%s has no partition '%s'; %s%s", p->table, p->label,
                  n > 0 ? "its NVS partitions: " : "it has none for NVS", n > 0 ? list : "");
    } else if (!is_nvs(found)) {
        cli_error("partition '%s' of %s is not for NVS (data, nvs)%s%s", p->label, p->table,
                  n > 0 ? "; those are: " : "", n > 0 ? list : "");
        return NULL;
    }
    return found;
}

int cli_generate_part_readonly(const struct cli_generate_part *p)
{
    return (p->part.flags & BM_PART_READONLY) != 0;
}

/* What ESP-IDF would not open. */
static int is_usable(const struct cli_generate_part *p)
{
    char label[LABEL_SIZE];
    const struct bm_part *part = &p->part;
    const char *name = bmi_show_into(label, sizeof label, part->label);
    const int readonly = cli_generate_part_readonly(p);
    if (part->size == 0 || part->size % PAGE != 0) {
        cli_error("partition '%s' of %s has %u bytes (0x%x), which are not whole pages of 4096",
                  name, p->table, part->size, part->size);
        return 0;
    }
    if (part->size > BM_IMAGE_SIZE_MAX) {
        cli_error("partition '%s' of %s has %u bytes, and NVS takes at most %d", name, p->table,
                  part->size, BM_IMAGE_SIZE_MAX);
        return 0;
    }
    if (part->size < BM_IMAGE_WRITABLE_MIN && !readonly) {
        cli_error("partition '%s' of %s has %u bytes and is not flagged readonly: no device can "
                  "open it; flag it readonly, or give it %d",
                  name, p->table, part->size, BM_IMAGE_WRITABLE_MIN);
        return 0;
    }
    if ((part->flags & BM_PART_ENCRYPTED) != 0) {
        cli_warn("partition '%s' of %s is flagged encrypted, which ESP-IDF refuses to open as NVS; "
                 "remove the flag (NVS encryption needs none)",
                 name, p->table);
    }
    return 1;
}

int cli_generate_part_find(struct cli *c, struct cli_generate_part *p)
{
    struct bm_table_file file;
    struct bm_table_options options;
    bm_table_options_init(&options);
    if (p->table == NULL) {
        return p->label == NULL && p->table_off == NULL
                   ? CLI_OK
                   : cli_usage(c, "--%s needs --table",
                               p->label != NULL ? "label" : "table-offset");
    }
    int status = CLI_OK;
    if (p->table_off != NULL) {
        status = cli_table_number(c, &options.offset, "--table-offset", p->table_off);
    }
    if (status == CLI_OK) {
        status = cli_table_arg(&file, p->table, &options);
    }
    if (status != CLI_OK) {
        return status;
    }
    const struct bm_part *found = pick(p, &file.table);
    if (found == NULL) {
        return CLI_INPUT;
    }
    p->part = *found;
    p->size = found->size;
    return is_usable(p) ? CLI_OK : CLI_INPUT;
}

void cli_generate_part_full(const struct cli_generate_part *p, const struct bm_image_result *result)
{
    char label[LABEL_SIZE];
    const uint32_t need = cli_generate_part_readonly(p) ? result->read_size : result->smallest;
    (void)bmi_show_into(label, sizeof label, p->part.label);
    if (need == 0) {
        cli_error("partition '%s' of %s has %u bytes (0x%x), and no partition is large enough",
                  label, p->table, p->size, p->size);
        return;
    }
    cli_error("partition '%s' of %s has %u bytes (0x%x), but the image needs %u (0x%x); make the "
              "partition larger, or leave values out",
              label, p->table, p->size, p->size, need, need);
}

void cli_generate_part_text(FILE *to, const struct cli_generate_part *p)
{
    fputs("  for partition '", to);
    (void)bmi_show_text(to, p->part.label, strlen(p->part.label), 0);
    fprintf(to, "' at 0x%x%s\n", p->part.offset,
            (p->part.flags & BM_PART_READONLY) != 0 ? ", readonly" : "");
}

int cli_generate_part_json(json_t *summary, const struct cli_generate_part *p)
{
    return json_object_set_new(summary, "partition",
                               json_pack("{so sI sI sb sb}", "label", bmi_json_text(p->part.label),
                                         "offset", (json_int_t)p->part.offset, "size",
                                         (json_int_t)p->part.size, "readonly",
                                         (p->part.flags & BM_PART_READONLY) != 0, "encrypted",
                                         (p->part.flags & BM_PART_ENCRYPTED) != 0));
}
