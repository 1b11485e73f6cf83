/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/base.h"
#include "cli/cmd_generate_report.h"
#include "cli/edit_file.h"
#include "cli/keys_file.h"
#include "cli/live.h"
#include "cli/out_file.h"
#include "image/input.h"
#include "port/file.h"

enum { OPT_RELATIVE = 100 };

static const struct poptOption options[] = {
    {"relative-to", '\0', POPT_ARG_STRING, NULL, OPT_RELATIVE,
     "folder that relative paths in the CSV begin at (the current one)", "DIR"},
    CLI_EDIT_OPTIONS,
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark import identity.bin changes.csv", "set what the CSV says, keep the rest"},
    {NULL, NULL},
};

/* Files of rows: "-" is a file of that name there, not standard input. */
static int read_row_file(void *ctx, const char *path, size_t max, uint8_t **data, size_t *len,
                         struct bm_diag *diag)
{
    char below[CLI_PATH_SIZE];
    const char *const *folder = ctx;
    if (!cli_path_in(below, *folder, path)) {
        return bm_diag_set(diag, BM_E_INPUT, 0, NULL, "the path is too long");
    }
    return bm_port_read(strcmp(below, "-") == 0 ? "./-" : below, max, data, len, diag);
}

static void release_row_file(void *ctx, uint8_t *data, size_t len)
{
    (void)ctx;
    bm_port_free(data, len);
}

/* Reads the rows, telling all that is wrong with them. folder: of relative paths in it, or NULL. */
static int read_rows(struct bmi_items *items, const char *path, const char *folder)
{
    const struct bm_image_options o = {
        .read = read_row_file, .release = release_row_file, .ctx = &folder, .folder = folder};
    struct bm_image_problems problems;
    struct bm_diag diag;
    struct bmi_input in = {.items = items,
                           .problems = &problems,
                           .options = &o,
                           .version = 2,
                           .budget = BM_IMAGE_SIZE_MAX};
    struct bm_image_input file = {.name = strcmp(path, "-") == 0 ? "stdin" : path};
    uint8_t *data = NULL;
    int status = CLI_OK;
    memset(&problems, 0, sizeof problems);
    memset(&diag, 0, sizeof diag);
    int rc = bm_port_read(path, BM_IMAGE_CSV_MAX, &data, &file.len, &diag);
    if (rc != BM_OK) {
        return cli_fail_input(path, rc, &diag);
    }
    file.data = data;
    rc = bmi_input_read(&in, &file);
    cli_generate_problems(&problems);
    if (problems.errors > 0) {
        cli_error("%zu error%s; nothing was changed", problems.errors,
                  problems.errors == 1 ? "" : "s");
        status = CLI_INPUT;
    } else if (rc != BM_OK) {
        status = cli_fail(file.name, rc, NULL);
    }
    bm_image_problems_free(&problems);
    bm_port_free(data, file.len);
    return status;
}

static int apply(struct cli_edit *e, const struct bmi_items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        const struct bm_image_item *item = &items->list[i];
        if (item->dropped) {
            continue;
        }
        const char *ns = item->ns != 0 ? items->list[items->namespaces[item->ns]].key : item->key;
        const int rc =
            item->ns != 0 ? bm_edit_set(&e->edit, ns, item) : bm_edit_namespace(&e->edit, ns);
        if (rc != BM_OK) {
            return cli_edit_refused(e, rc, ns, item->ns != 0 ? item->key : NULL);
        }
    }
    return cli_edit_save(e);
}

static int run(struct cli *c)
{
    struct cli_edit e;
    struct bmi_items items;
    const char *folder = NULL;
    int option;
    memset(&e, 0, sizeof e);
    memset(&items, 0, sizeof items);
    while ((option = cli_option(c)) > 0) {
        if (option == OPT_RELATIVE) {
            folder = cli_option_arg(c);
        } else {
            cli_edit_option(c, &e, option);
        }
    }
    if (option < 0) {
        return CLI_USAGE;
    }
    const char *path = cli_input(c);
    const char *csv = path != NULL ? cli_arg(c) : NULL;
    if (csv == NULL || cli_arg(c) != NULL) {
        return cli_usage(c, "takes %s and a CSV file",
                         cli_is_live(c, path) ? "--port" : "an image");
    }
    int status = read_rows(&items, csv, folder);
    if (status == CLI_OK) {
        status = cli_edit_open(c, &e, path);
        status = status == CLI_OK ? apply(&e, &items) : status;
        cli_edit_close(&e);
    }
    bmi_items_free(&items);
    return cli_finish(status);
}

const struct cli_cmd cmd_import = {
    .name = "import",
    .args = "IMAGE CSV",
    .summary = "set the values of a CSV in an NVS image",
    .about =
        "Sets every row of a CSV, written as for birthmark generate, in an NVS image file: all "
        "of them, or none where something is wrong. Keys that the CSV does not have stay. CSV "
        "is a file, or - for standard input.\n\n" CLI_EDIT_ABOUT,
    .options = options,
    .examples = examples,
    .run = run,
    .board = CLI_BOARD_EDIT,
};
