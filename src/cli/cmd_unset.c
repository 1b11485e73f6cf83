/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/edit_file.h"
#include "cli/keys_file.h"
#include "cli/live.h"
#include "cli/missing.h"

enum { OPT_ALL = 1 };

static const struct poptOption options[] = {
    {"all", 'a', POPT_ARG_NONE, NULL, OPT_ALL, "remove all keys of the namespace", NULL},
    CLI_EDIT_OPTIONS,
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark unset identity.bin factory serial_no", "remove one key"},
    {"birthmark unset identity.bin factory --all", "remove every key of a namespace"},
    {NULL, NULL},
};

static int unset(struct cli *c, struct cli_edit *e, const char *path, const char *ns,
                 const char *key)
{
    int status = cli_edit_open(c, e, path);
    if (status == CLI_OK) {
        uint8_t index;
        const int rc = key != NULL ? bm_edit_unset(&e->edit, ns, key) : bm_edit_clear(&e->edit, ns);
        if (rc == BM_E_NOENT) {
            const int known = bm_nvs_namespace(&e->edit.nvs, ns, &index) == BM_OK;
            cli_say_missing(&e->edit.nvs, e->image.name, known ? ns : NULL, known ? key : ns);
            status = CLI_NO;
        } else {
            status = rc == BM_OK ? cli_edit_save(e) : cli_edit_refused(e, rc, ns, key);
        }
    }
    cli_edit_close(e);
    return status;
}

static int run(struct cli *c)
{
    struct cli_edit e;
    int all = 0;
    int option;
    memset(&e, 0, sizeof e);
    while ((option = cli_option(c)) > 0) {
        if (option == OPT_ALL) {
            all = 1;
        } else {
            cli_edit_option(c, &e, option);
        }
    }
    if (option < 0) {
        return CLI_USAGE;
    }
    const char *path = cli_input(c);
    const char *ns = path != NULL ? cli_arg(c) : NULL;
    const char *key = ns != NULL ? cli_arg(c) : NULL;
    if (ns == NULL || (key != NULL && cli_arg(c) != NULL)) {
        return cli_usage(c, "takes %s namespace and a key",
                         cli_is_live(c, path) ? "--port, a" : "an image, a");
    }
    if (key == NULL && !all) {
        return cli_usage(c, "the key is missing; --all removes every key of namespace \"%s\"", ns);
    }
    if (key != NULL && all) {
        return cli_usage(c, "takes a key or --all, not both");
    }
    return cli_finish(unset(c, &e, path, ns, key));
}

const struct cli_cmd cmd_unset = {
    .name = "unset",
    .args = "IMAGE NAMESPACE [KEY]",
    .summary = "remove one key of an NVS image, or all of a namespace",
    .about = "Removes a key from an NVS image file, or with --all every key of a namespace, whose "
             "name stays.\n\n" CLI_EDIT_ABOUT
             "\n\nThe exit status is 1 if the namespace or the key is not there.",
    .options = options,
    .examples = examples,
    .run = run,
    .board = CLI_BOARD_EDIT,
};
