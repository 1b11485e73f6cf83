/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table_arg.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cmd_generate_report.h"
#include "cli/live.h"
#include "image/scan.h"
#include "layout/part_number.h"
#include "port/file.h"

/* The largest flash is 128 MB; a wrong file should not fill memory. */
static const size_t size_max = (size_t)256 * 1024 * 1024;

static const char *variable(void *ctx, const char *name)
{
    (void)ctx;
    return getenv(name);
}

static int load(struct bm_table_file *out, const char *name, const uint8_t *data, size_t len,
                const struct bm_table_options *options)
{
    struct bm_image_problems problems = {0};
    struct bm_table_options o;
    bm_table_options_init(&o);
    if (options != NULL) {
        o = *options;
    }
    o.variable = variable;
    const int rc = bm_table_load(out, name, data, len, &o, &problems);
    cli_generate_problems(&problems);
    bm_image_problems_free(&problems);
    if (rc == BM_E_INPUT) { /* told already */
        return CLI_INPUT;
    }
    return rc == BM_OK ? CLI_OK : cli_fail(name, rc, NULL);
}

int cli_table_arg(struct bm_table_file *out, const char *path,
                  const struct bm_table_options *options)
{
    struct bm_diag diag = {0};
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    uint8_t *data = NULL;
    size_t len = 0;
    const int rc = bm_port_read(path, size_max, &data, &len, &diag);
    if (rc != BM_OK) {
        return cli_fail_input(name, rc, &diag);
    }
    const int status = load(out, name, data, len, options);
    bm_port_free(data, len);
    return status;
}

int cli_table_live(struct cli *c, struct bm_table_file *out, const struct bm_table_options *options)
{
    struct cli_live_data live;
    uint32_t flash_size = 0;
    int status = cli_live_table(c, &live, &flash_size);
    if (status == CLI_OK && bmi_is_blank(live.data, live.len)) {
        cli_error("%s: the flash is blank at 0x%x, where the table should be", live.name,
                  (unsigned)c->board.table_off);
        status = CLI_INPUT;
    }
    if (status == CLI_OK) {
        status = load(out, live.name, live.data, live.len, options);
        out->kind = BM_TABLE_FLASH;
        out->offset = c->board.table_off;
        out->flash_size = flash_size;
        out->limit = flash_size;
    }
    bm_port_free(live.data, live.len);
    return status;
}

int cli_table_number(struct cli *c, uint32_t *out, const char *option, const char *text)
{
    size_t len = strlen(text);
    uint64_t value = 0;
    if (len > 1 && (text[len - 1] == 'B' || text[len - 1] == 'b') &&
        strchr("kKmM", text[len - 2]) != NULL) {
        len--; /* 4MB */
    }
    if (bm_part_number(&value, text, len) != BM_OK || value > UINT32_MAX) {
        return cli_usage(c, "%s takes a number of bytes, as 0x8000, 32K or 4MB; not \"%s\"", option,
                         text);
    }
    *out = (uint32_t)value;
    return CLI_OK;
}
