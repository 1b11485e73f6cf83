/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/edit_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/base.h"
#include "cli/differences.h"
#include "cli/keys_file.h"
#include "cli/live.h"
#include "image/json.h"
#include "image/seal.h"
#include "image/show.h"
#include "port/file.h"

enum { PRIVATE_MODE = 0600, QUIET_WAIT = 2000, LONGEST_WAIT = 30000 }; /* milliseconds */

void cli_edit_option(struct cli *c, struct cli_edit *e, int option)
{
    switch (option) {
    case CLI_EDIT_JSON: e->json = 1; break;
    case CLI_EDIT_SECRETS: e->reveal = 1; break;
    case CLI_EDIT_KEYS: e->keys = cli_option_arg(c); break;
    default: break;
    }
}

int cli_hold(struct bm_port_hold *hold, const char *path)
{
    int rc = bm_port_hold(hold, path, QUIET_WAIT);
    if (rc == BM_E_TIMEOUT) {
        cli_warn("%s is locked by another program: waiting up to %d s", path, LONGEST_WAIT / 1000);
        rc = bm_port_hold(hold, path, LONGEST_WAIT);
    }
    if (rc == BM_OK) {
        return CLI_OK;
    }
    cli_error("%s is locked by another program still; nothing was changed", path);
    return CLI_DEVICE;
}

int cli_edit_open(struct cli *c, struct cli_edit *e, const char *path)
{
    e->cli = c;
    struct bm_diag diag;
    memset(&diag, 0, sizeof diag);
    if (strcmp(path, "-") == 0 || (e->keys != NULL && strcmp(e->keys, "-") == 0)) {
        cli_error("an image is changed where it is, and its keys are read twice: both must be "
                  "files, not standard input");
        return CLI_USAGE;
    }
    int status =
        cli_is_live(c, path) ? CLI_OK : cli_hold(&e->hold, path); /* a port is held anyhow */
    if (status == CLI_OK) {
        status = cli_image_open(c, &e->image, path, e->keys, 1);
    }
    if (status == CLI_OK) {
        status = cli_image_need_values(&e->image);
    }
    if (status != CLI_OK) {
        return cli_live_untouched(c, status);
    }
    const int rc = bm_edit_open(&e->edit, &e->image.scan, &diag);
    if (rc == BM_E_KEYS) {
        cli_error("%s: too damaged to be changed: no entry can be read", e->image.name);
        return CLI_INPUT;
    }
    return rc == BM_OK ? CLI_OK : cli_fail(e->image.name, rc, &diag);
}

void cli_edit_close(struct cli_edit *e)
{
    bm_port_hold_end(&e->hold);
    bm_edit_close(&e->edit);
    cli_image_close(&e->image);
}

int cli_edit_refused(struct cli_edit *e, int code, const char *ns, const char *key)
{
    if (code == BM_E_NOSPC) {
        cli_error("%s: %s%s%s does not fit: it takes %" PRIu32 " entr%s, %" PRIu32
                  " are free; nothing was changed",
                  e->image.name, ns, key != NULL ? "/" : "", key != NULL ? key : "", e->edit.needed,
                  e->edit.needed == 1 ? "y" : "ies", e->edit.free);
        return CLI_INPUT;
    }
    if (code == BM_E_VERIFY) {
        cli_error("%s is too damaged to be changed: other values would not stay as they are; "
                  "nothing was changed",
                  e->image.name);
        return CLI_INPUT;
    }
    return cli_fail(e->image.name, code, NULL);
}

/* Encrypts what was read as encrypted, or is blank and was given keys. */
static int seal(const struct cli_edit *e, uint8_t *data, size_t len)
{
    struct bm_nvs_crypto crypto;
    if (e->keys == NULL || e->image.scan.seal == BM_SEAL_PLAIN) {
        return CLI_OK;
    }
    int status = cli_keys_open(&crypto, e->keys);
    if (status == CLI_OK) {
        const int rc = bm_seal_encrypt(data, len, &crypto);
        status = rc == BM_OK ? CLI_OK : cli_fail(e->image.name, rc, NULL);
    }
    cli_keys_close(&crypto);
    return status;
}

/* The edited pages, and behind them what was there before. */
static int write_file(const struct cli_edit *e)
{
    const struct cli_image *image = &e->image;
    struct bm_diag diag;
    memset(&diag, 0, sizeof diag);
    uint8_t *data = malloc(image->len);
    if (data == NULL) {
        return cli_fail(image->name, BM_E_NOMEM, NULL);
    }
    memcpy(data, e->edit.data, e->edit.size);
    memcpy(data + e->edit.size, image->data + e->edit.size, image->len - e->edit.size);
    int status = seal(e, data, e->edit.size);
    if (status == CLI_OK && cli_is_live(e->cli, image->path)) {
        status = cli_live_write(e->cli, data, image->len);
    } else if (status == CLI_OK) {
        const unsigned mode = bm_port_mode(image->path, PRIVATE_MODE);
        const int rc = bm_port_write_held(&e->hold, image->path, data, image->len, mode, &diag);
        status = rc == BM_OK ? CLI_OK : cli_fail(image->name, rc, &diag);
    }
    bm_port_free(data, image->len);
    return status;
}

/* 1: all of it could be from ESP-IDF before 3.2, which knows neither pages nor blobs of version 2.
 */
static int is_version_1(const struct bm_scan *s)
{
    for (uint32_t i = 0; i < s->used; i++) {
        if (s->pages[s->order[i]].version != BMI_VERSION_1) {
            return 0;
        }
    }
    for (size_t i = 0; i < s->row_count; i++) {
        if ((s->rows[i].flags & BM_ROW_LIVE) != 0 &&
            bmi_row_raw(s, &s->rows[i])[BMI_EN_TYPE] == BMI_TYPE_BLOB_IDX) {
            return 0;
        }
    }
    return s->used > 0;
}

static void warn_of_version(const struct cli_edit *e)
{
    if (is_version_1(&e->image.scan) && !is_version_1(&e->edit.after)) {
        cli_warn("%s was all of NVS version 1 and is not any more: firmware of ESP-IDF before 3.2 "
                 "cannot read all of it; for such firmware make it anew by generate --version 1",
                 e->image.name);
    }
}

static int report_text(const struct cli_edit *e)
{
    const struct cli_differences how = {.reveal = e->reveal};
    struct bm_diff_result result;
    char counts[100];
    char name[512];
    struct bm_text t;
    (void)bmi_show_into(name, sizeof name, e->image.name);
    if (e->edit.changes == 0) {
        (void)printf("%s: unchanged; %" PRIu32 " entries free\n", name, e->edit.free);
        return BM_OK;
    }
    const int rc = cli_differences_put(&e->image.scan, &e->edit.after, &how, &result);
    bm_text_init(&t, counts, sizeof counts);
    cli_differences_count(&t, &result);
    (void)printf("%s: %s; %" PRIu32 " entries free\n", name, counts, e->edit.free);
    if (e->edit.cleared > 0) {
        (void)printf("  cleared up: %" PRIu32
                     " entr%s that interrupted writes or damage had left\n",
                     e->edit.cleared, e->edit.cleared == 1 ? "y" : "ies");
    }
    return rc;
}

static int report_json(const struct cli_edit *e)
{
    const struct cli_differences how = {.json = 1, .reveal = e->reveal};
    struct bm_diff_result result;
    json_t *o = json_pack("{s:b, s:I, s:I}", "written", e->edit.changes > 0, "entries_free",
                          (json_int_t)e->edit.free, "entries_cleared", (json_int_t)e->edit.cleared);
    char *head = NULL;
    if (o != NULL) {
        bmi_json_name(o, "image", e->image.name);
        head = json_dumps(o, JSON_ENSURE_ASCII);
    }
    json_decref(o);
    if (head == NULL) {
        return BM_E_NOMEM;
    }
    /* its closing brace comes behind the list */
    (void)printf("%.*s,\n\"changes\": [", (int)strlen(head) - 1, head);
    free(head);
    const int rc = e->edit.changes == 0
                       ? BM_OK
                       : cli_differences_put(&e->image.scan, &e->edit.after, &how, &result);
    (void)fputs("]}\n", stdout);
    return rc;
}

int cli_edit_save(struct cli_edit *e)
{
    struct bm_diag diag;
    memset(&diag, 0, sizeof diag);
    int rc = bm_edit_finish(&e->edit, &diag);
    if (rc != BM_OK) {
        return rc == BM_E_VERIFY ? cli_edit_refused(e, rc, NULL, NULL)
                                 : cli_fail(e->image.name, rc, &diag);
    }
    if (e->edit.changes > 0) {
        const int status = write_file(e);
        bm_port_hold_end(&e->hold); /* the report may take its time */
        if (status != CLI_OK) {
            return status;
        }
        warn_of_version(e);
    }
    rc = e->json ? report_json(e) : report_text(e);
    return rc == BM_OK ? CLI_OK : cli_fail(e->image.name, rc, NULL);
}
