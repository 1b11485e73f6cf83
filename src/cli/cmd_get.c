/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/le.h"
#include "birthmark/nvs.h"
#include "cli/image_file.h"
#include "image/stored.h"
#include "image/suggest.h"

enum { NAMES_MAX = 256 };

/* An image and the store on it. */
struct store {
    struct cli_image image;
    struct bm_flash flash;
    struct bm_nvs nvs;
    void *work;
};

static const struct poptOption options[] = {POPT_TABLEEND};

static const struct cli_example examples[] = {
    {"birthmark get identity.bin certs certificate > device.pem.crt", "a string, byte for byte"},
    {"birthmark get identity.bin factory serial_no", "an integer in decimal"},
    {NULL, NULL},
};

static int mount(struct store *s, const char *path)
{
    struct bm_diag diag;
    memset(&diag, 0, sizeof diag);
    const int status = cli_image_open(&s->image, path);
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

/* Names that are there, for a hint at the one that was meant. */
static void say_missing(struct store *s, uint8_t ns, const char *what, const char *wanted)
{
    static const char *const places[] = {"namespace", "key"};
    char names[NAMES_MAX][BM_NVS_KEY_SIZE];
    const char *list[NAMES_MAX + 1];
    const struct bm_scan *scan = &s->image.scan;
    size_t n = 0;
    for (uint32_t i = 0; i < scan->group_count && n < NAMES_MAX; i++) {
        const struct bm_group *group = &scan->groups[i];
        if (group->ns == ns && group->live != BM_NO_ROW) {
            bmi_row_key(bmi_row_raw(scan, &scan->rows[group->live]), names[n]);
            list[n] = names[n];
            n++;
        }
    }
    list[n] = NULL;
    const char *near = bmi_suggest(wanted, strlen(wanted), list);
    char text[800];
    struct bm_text t;
    bm_text_init(&t, text, sizeof text);
    if (near != NULL) {
        bm_text_str(&t, " (did you mean ");
        bm_text_str(&t, near);
        bm_text_str(&t, "?)");
    } else if (n > 0) {
        bm_text_str(&t, "; there is ");
        for (size_t i = 0; i < n && i < 8; i++) {
            bm_text_str(&t, i > 0 ? ", " : "");
            bm_text_str(&t, list[i]);
        }
        bm_text_str(&t, n > 8 ? " ..." : "");
    }
    cli_error("%s: no %s \"%s\"%s%s", s->image.name, places[ns != 0], wanted, what, text);
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
        say_missing(s, 0, "", name);
        return CLI_NO;
    }
    if (rc == BM_OK) {
        rc = bm_nvs_find(&s->nvs, ns, key, &info);
    }
    if (rc == BM_E_NOENT || rc == BM_E_ARG) {
        char where[64];
        (void)snprintf(where, sizeof where, " in namespace \"%s\"", name);
        say_missing(s, ns, where, key);
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
    if (cli_option(c) < 0) {
        return CLI_USAGE;
    }
    const char *path = cli_arg(c);
    const char *name = path != NULL ? cli_arg(c) : NULL;
    const char *key = name != NULL ? cli_arg(c) : NULL;
    if (key == NULL || cli_arg(c) != NULL) {
        return cli_usage(c, "takes an image, a namespace and a key");
    }
    memset(&s, 0, sizeof s);
    int status = mount(&s, path);
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
};
