/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/le.h"
#include "birthmark/nvs.h"
#include "cli/image_file.h"
#include "cli/keys_file.h"
#include "cli/live.h"
#include "cli/missing.h"
#include "image/stored.h"

/* An image and the store on it. */
struct store {
    struct cli_image image;
    struct bm_flash flash;
    struct bm_nvs nvs;
    void *work;
};

enum { OPT_KEYS = 1 };

static const struct poptOption options[] = {
    CLI_KEYS_OPTIONS(OPT_KEYS),
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark get identity.bin certs certificate > device.pem.crt", "a string, byte for byte"},
    {"birthmark get identity.bin factory serial_no", "an integer in decimal"},
    {"birthmark get --keys nvs_keys.bin sealed.bin certs certificate", "out of an encrypted image"},
    {"birthmark get --port /dev/ttyUSB0 certs certificate", "of a live board"},
    {NULL, NULL},
};

static int mount(struct cli *c, struct store *s, const char *path, const char *keys)
{
    struct bm_diag diag;
    memset(&diag, 0, sizeof diag);
    const int status = cli_image_open(c, &s->image, path, keys, 0);
    if (status != CLI_OK) {
        return status;
    }
    if (cli_image_need_values(&s->image) != CLI_OK) {
        return CLI_INPUT;
    }
    int rc = bm_flash_view(&s->flash, s->image.data, s->image.len - s->image.scan.tail);
    const size_t work_len = rc == BM_OK ? bm_nvs_work_size(&s->flash, 0) : 0;
    if (rc == BM_OK) {
        s->work = malloc(work_len);
        rc = s->work != NULL ? bm_nvs_mount(&s->nvs, &s->flash, s->work, work_len, &diag)
                             : BM_E_NOMEM;
    }
    return rc == BM_OK ? CLI_OK : cli_fail(s->image.name, rc, &diag);
}

static void put_number(const struct bm_nvs_info *info)
{
    uint8_t bytes[8];
    const struct bm_stored v = {.type = bmi_type(info->type), .data = bytes, .size = info->size};
    bm_put_le64(bytes, info->bits);
    bmi_stored_put_number(stdout, &v);
    (void)putchar('\n');
}

/* A string goes out up to its NUL, a blob whole. */
static int put_data(struct store *s, const struct bm_nvs_info *info)
{
    size_t len = info->size;
    uint8_t *data = malloc(len + 1);
    if (data == NULL) {
        return BM_E_NOMEM;
    }
    const int rc =
        bm_nvs_get_data(&s->nvs, info->ns, info->key, (enum bm_nvs_type)info->type, data, &len);
    if (rc == BM_OK) {
        const uint8_t *nul = info->type == BM_NVS_STR ? memchr(data, 0, len) : NULL;
        (void)fwrite(data, 1, nul != NULL ? (size_t)(nul - data) : len, stdout);
    }
    bm_wipe(data, info->size);
    free(data);
    return rc;
}

static int get(struct store *s, const char *name, const char *key)
{
    struct bm_nvs_info info;
    uint8_t ns = 0;
    int rc = bm_nvs_namespace(&s->nvs, name, &ns);
    if (rc == BM_E_NOENT || rc == BM_E_ARG) {
        cli_say_missing(&s->nvs, s->image.name, NULL, name);
        return CLI_NO;
    }
    if (rc == BM_OK) {
        rc = bm_nvs_find(&s->nvs, ns, key, &info);
    }
    if (rc == BM_E_NOENT || rc == BM_E_ARG) {
        cli_say_missing(&s->nvs, s->image.name, name, key);
        return CLI_NO;
    }
    if (rc == BM_OK && info.type != BM_NVS_STR && info.type != BM_NVS_BLOB) {
        put_number(&info);
        return CLI_OK;
    }
    if (rc == BM_OK) {
        rc = put_data(s, &info);
    }
    if (rc == BM_E_CORRUPT) {
        cli_error("%s: %s/%s is there, but damaged; birthmark check tells where", s->image.name,
                  name, key);
        return CLI_INPUT;
    }
    return rc == BM_OK ? CLI_OK : cli_fail(s->image.name, rc, NULL);
}

static int run(struct cli *c)
{
    struct store s;
    const char *keys = NULL;
    int opt;
    while ((opt = cli_option(c)) > 0) {
        keys = cli_option_arg(c);
    }
    if (opt < 0) {
        return CLI_USAGE;
    }
    const char *path = cli_input(c);
    const char *name = path != NULL ? cli_arg(c) : NULL;
    const char *key = name != NULL ? cli_arg(c) : NULL;
    if (key == NULL || cli_arg(c) != NULL) {
        return cli_usage(c, "takes %s namespace and a key",
                         cli_is_live(c, path) ? "--port, a" : "an image, a");
    }
    memset(&s, 0, sizeof s);
    int status = mount(c, &s, path, keys);
    if (status == CLI_OK) {
        status = get(&s, name, key);
    }
    bm_nvs_unmount(&s.nvs);
    free(s.work);
    cli_image_close(&s.image);
    return cli_finish(status);
}

const struct cli_cmd cmd_get = {
    .name = "get",
    .args = "IMAGE NAMESPACE KEY",
    .summary = "write one value of an NVS image to standard output",
    .about = "Writes the value of a key to standard output: integers in decimal and floating point "
             "numbers in full precision, with a newline; strings without their NUL and blobs as "
             "they are, with nothing added, so that a certificate equals the file it came from. "
             "IMAGE is a file, or - for standard input.\n\n"
             "Secrets are written as they are: mind where standard output goes.\n\n"
             "The exit status is 1 if the namespace or the key is not there, 3 if the value is "
             "damaged.",
    .options = options,
    .examples = examples,
    .run = run,
    .board = CLI_BOARD_READ,
};
