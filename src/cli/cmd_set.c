/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/edit_file.h"
#include "cli/keys_file.h"
#include "cli/live.h"
#include "image/secret.h"
#include "image/utf8.h"
#include "image/value.h"
#include "port/file.h"

enum { OPT_FILE = 1 };

static const size_t file_max = (size_t)2 * 1024 * 1024; /* longest value in hex, as in generate */

static const struct poptOption options[] = {
    {"file", 'f', POPT_ARG_STRING, NULL, OPT_FILE,
     "take the value from a file, - for standard input", "FILE"},
    CLI_EDIT_OPTIONS,
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark set identity.bin factory serial_no u32 17", "a number"},
    {"birthmark set identity.bin certs priv_key string --file private.pem.key",
     "a secret, which is better not on the command line"},
    {"birthmark set identity.bin wifi.net80211 sta.pswd binary -f - < password", "or from a pipe"},
    {"birthmark set --port /dev/ttyUSB0 factory serial_no u32 18", "on a live board"},
    {NULL, NULL},
};

struct request {
    const char *image;
    const char *ns;
    const char *key;
    const char *type;
    const char *value; /* NULL: from file, or none */
    const char *file;
    struct bmi_encoding encoding;
    struct cli_edit edit;
};

static int check_name(struct cli *c, const char *what, const char *name)
{
    const size_t len = strlen(name);
    if (len == 0 || len > BMI_KEY_MAX) {
        return cli_usage(c, "the %s \"%s\" has %zu bytes; 1 to %d are allowed", what, name, len,
                         BMI_KEY_MAX);
    }
    if (bmi_utf8_good((const uint8_t *)name, len) != len) {
        return cli_usage(c, "the %s is not UTF-8", what);
    }
    for (size_t i = 0; i < len; i++) {
        const unsigned char byte = (unsigned char)name[i];
        if (byte < 0x20 || byte == 0x7f) {
            return cli_usage(c, "the %s has a control character (0x%02x)", what, byte);
        }
    }
    return CLI_OK;
}

static int check(struct cli *c, struct request *r)
{
    char why[BMI_WHY_SIZE] = "";
    if (check_name(c, "namespace", r->ns) != CLI_OK || check_name(c, "key", r->key) != CLI_OK) {
        return CLI_USAGE;
    }
    int rc = bmi_encoding_parse(&r->encoding, r->type, strlen(r->type), why);
    if (rc == BM_E_NOENT) {
        rc = bmi_encoding_unknown(why, r->type, strlen(r->type), !bmi_secret_name(r->key));
    }
    if (rc != BM_OK) {
        return cli_usage(c, "%s", why);
    }
    const int fills = r->encoding.kind == BMI_ENC_FILL || r->encoding.kind == BMI_ENC_SIZED_FILL;
    if (r->value != NULL && r->file != NULL) {
        return cli_usage(c, "takes a value or --file, not both");
    }
    if (r->value == NULL && r->file == NULL && !fills) {
        return cli_usage(c, "the value is missing; write it, or --file FILE");
    }
    if (r->file != NULL && strcmp(r->file, "-") == 0 && r->edit.keys != NULL &&
        strcmp(r->edit.keys, "-") == 0) {
        return cli_usage(c, "standard input can be read once only");
    }
    return CLI_OK;
}

static int parse(struct cli *c, struct request *r)
{
    int option;
    while ((option = cli_option(c)) > 0) {
        if (option == OPT_FILE) {
            r->file = cli_option_arg(c);
        } else {
            cli_edit_option(c, &r->edit, option);
        }
    }
    if (option < 0) {
        return CLI_USAGE;
    }
    r->image = cli_input(c);
    r->ns = cli_arg(c);
    r->key = cli_arg(c);
    r->type = cli_arg(c);
    r->value = cli_arg(c);
    if (r->image == NULL || r->ns == NULL || r->key == NULL || r->type == NULL ||
        cli_arg(c) != NULL) {
        return cli_usage(c, "takes %s namespace, a key, a type and a value",
                         cli_is_live(c, r->image) ? "--port, a" : "an image, a");
    }
    return check(c, r);
}

/* Makes the value of the text or file. */
static int make_item(struct cli *c, const struct request *r, struct bm_image_item *item,
                     struct bmi_arena *arena)
{
    char why[BMI_WHY_SIZE] = "";
    struct bm_diag diag;
    uint8_t *data = NULL;
    size_t len = r->value != NULL ? strlen(r->value) : 0;
    const char *text = r->value != NULL ? r->value : "";
    memset(&diag, 0, sizeof diag);
    memset(item, 0, sizeof *item);
    memcpy(item->key, r->key, strlen(r->key));
    if (r->file != NULL) {
        const int read = bm_port_read(r->file, file_max, &data, &len, &diag);
        if (read != BM_OK) {
            return cli_fail_input(r->file, read, &diag);
        }
        text = (const char *)data;
    }
    const int rc = bmi_value_make(item, &r->encoding, 2, text, len, arena, why);
    bm_port_free(data, len);
    if (rc == BM_E_INPUT && r->file != NULL) {
        cli_error("%s: %s", strcmp(r->file, "-") == 0 ? "standard input" : r->file, why);
        return CLI_INPUT;
    }
    if (rc == BM_E_INPUT) {
        return cli_usage(c, "%s", why);
    }
    return rc == BM_OK ? CLI_OK : cli_fail(r->image, rc, NULL);
}

static int set(struct cli *c, struct request *r, const struct bm_image_item *item)
{
    int status = cli_edit_open(c, &r->edit, r->image);
    if (status == CLI_OK) {
        const int rc = bm_edit_set(&r->edit.edit, r->ns, item);
        status =
            rc == BM_OK ? cli_edit_save(&r->edit) : cli_edit_refused(&r->edit, rc, r->ns, r->key);
    }
    cli_edit_close(&r->edit);
    return status;
}

static int run(struct cli *c)
{
    struct request r;
    struct bm_image_item item;
    struct bmi_arena arena;
    memset(&r, 0, sizeof r);
    memset(&arena, 0, sizeof arena);
    int status = parse(c, &r);
    if (status != CLI_OK) {
        return status;
    }
    status = make_item(c, &r, &item, &arena);
    if (status == CLI_OK && r.value != NULL && item.data != NULL && bmi_secret_name(r.key)) {
        cli_warn("%s looks like a secret: on the command line others can see it; --file keeps it "
                 "from them",
                 r.key);
    }
    if (status == CLI_OK) {
        status = set(c, &r, &item);
    }
    bmi_arena_free(&arena);
    return cli_finish(status);
}

const struct cli_cmd cmd_set = {
    .name = "set",
    .args = "IMAGE NAMESPACE KEY TYPE [VALUE]",
    .summary = "change or add one value of an NVS image",
    .about =
        "Sets a key of an NVS image file. TYPE is an encoding as in the CSV of birthmark generate: "
        "u8 to i64, float, double, string, binary, hex2bin, base64, blob_fill(N;0xHH) or "
        "blob_sz_fill(N;0xHH). A value of another type under this key is replaced, and a namespace "
        "that is not there is made.\n\n"
        "VALUE stands on the command line, where other users of the machine and the history of the "
        "shell can see it: for secrets use --file FILE, or --file - for standard input. The bytes "
        "of a file are taken as they are. A string that begins with - needs -- in front of "
        "it.\n\n" CLI_EDIT_ABOUT,
    .options = options,
    .examples = examples,
    .run = run,
    .board = CLI_BOARD_EDIT,
    .numbers = 1,
};
