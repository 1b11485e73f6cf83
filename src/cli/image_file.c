/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/image_file.h"

#include <inttypes.h>
#include <string.h>

#include "cli/keys_file.h"
#include "cli/live.h"
#include "port/file.h"

/* The largest NVS partition that makes sense is far below: a wrong file should not fill memory. */
static const size_t size_max = (size_t)256 * 1024 * 1024;

/* Decrypts in place where the keys fit, and scans again what has become readable. */
static int unseal(struct cli_image *image, const struct bm_nvs_crypto *crypto)
{
    enum bm_seal seal;
    int rc = bm_seal_try(image->data, image->len, crypto, &seal);
    if (rc == BM_OK && seal == BM_SEAL_OPENS) {
        rc = bm_seal_decrypt(image->data, image->len, crypto);
        bm_scan_free(&image->scan);
        if (rc == BM_OK) {
            rc = bm_scan(&image->scan, image->data, image->len);
        }
    }
    image->scan.seal = seal;
    if (seal == BM_SEAL_LOCKED) {
        image->scan.kind = BM_IMAGE_ENCRYPTED;
    }
    return rc == BM_OK ? CLI_OK : cli_fail_input(image->name, rc, NULL);
}

/* What keys could be for; the others are told apart by what they are. */
static int has_pages(const struct cli_image *image)
{
    return image->scan.kind == BM_IMAGE_NVS || image->scan.kind == BM_IMAGE_ENCRYPTED;
}

static int read_bytes(struct cli *c, struct cli_image *image, const char *path, int keep)
{
    struct bm_diag diag = {0};
    image->path = path;
    if (cli_is_live(c, path)) {
        struct cli_live_data live;
        const int status = cli_live_nvs(c, &live, keep);
        image->data = live.data;
        image->len = live.len;
        image->name = live.name;
        return status;
    }
    image->name = strcmp(path, "-") == 0 ? "standard input" : path;
    const int rc = bm_port_read(path, size_max, &image->data, &image->len, &diag);
    return rc == BM_OK ? CLI_OK : cli_fail_input(image->name, rc, &diag);
}

int cli_image_open(struct cli *c, struct cli_image *image, const char *path, const char *keys,
                   int keep)
{
    struct bm_nvs_crypto crypto;
    memset(image, 0, sizeof *image);
    if (keys != NULL && strcmp(keys, "-") == 0 && strcmp(path, "-") == 0) {
        cli_error("image and keys cannot both come from standard input");
        return CLI_USAGE;
    }
    int status = read_bytes(c, image, path, keep);
    if (status == CLI_OK) {
        const int rc = bm_scan(&image->scan, image->data, image->len);
        status = rc == BM_OK ? CLI_OK : cli_fail_input(image->name, rc, NULL);
    }
    if (status != CLI_OK || keys == NULL) {
        return status;
    }
    image->keys = keys;
    status = cli_keys_open(&crypto, keys);
    if (status == CLI_OK && has_pages(image)) {
        status = unseal(image, &crypto);
    }
    cli_keys_close(&crypto);
    return status;
}

void cli_image_close(struct cli_image *image)
{
    bm_scan_free(&image->scan);
    bm_port_free(image->data, image->len);
    image->data = NULL;
}

static void say_flash(const struct cli_image *image)
{
    char label[17];
    uint32_t off = 0;
    uint32_t size = 0;
    if (bmi_flash_nvs(&image->scan, &off, &size, label)) {
        cli_error("%s is a dump of a whole flash, not of an NVS partition; its partition \"%s\" is "
                  "%" PRIu32 " bytes at offset %" PRIu32 ": tail -c +%" PRIu64
                  " FILE | head -c %" PRIu32 " cuts it out",
                  image->name, label, size, off, (uint64_t)off + 1, size);
    } else {
        cli_error("%s is a dump of a whole flash without an NVS partition", image->name);
    }
}

static void say_encrypted(const struct cli_image *image)
{
    if (image->scan.seal == BM_SEAL_LOCKED) {
        cli_error("%s: the keys in %s do not fit: no entry can be read with them", image->name,
                  strcmp(image->keys, "-") == 0 ? "standard input" : image->keys);
    } else {
        cli_error("%s looks encrypted: its pages are in order, its entries are not readable; give "
                  "its NVS keys with --keys FILE",
                  image->name);
    }
}

int cli_image_need_values(const struct cli_image *image)
{
    switch (image->scan.kind) {
    case BM_IMAGE_EMPTY:
        cli_error("%s has %zu bytes: an NVS image has pages of 4096 bytes", image->name,
                  image->len);
        return CLI_INPUT;
    case BM_IMAGE_FLASH: say_flash(image); return CLI_INPUT;
    case BM_IMAGE_FOREIGN:
        cli_error("%s is not an NVS image: no page of it has an NVS header", image->name);
        return CLI_INPUT;
    case BM_IMAGE_ENCRYPTED: say_encrypted(image); return CLI_INPUT;
    case BM_IMAGE_NVS:
    case BM_IMAGE_BLANK:
    default: break;
    }
    if (image->scan.seal == BM_SEAL_PLAIN) {
        cli_warn("%s is not encrypted: keys are not needed", image->name);
    }
    if (image->scan.tail != 0) {
        cli_warn("%s: %" PRIu32 " bytes behind the last whole page are passed over", image->name,
                 image->scan.tail);
    }
    return CLI_OK;
}

/* The argument of a command that takes one image. Returns it, or NULL after saying that it is
 * missing or that there is more. */
static const char *image_arg(struct cli *c)
{
    const char *path = cli_input(c);
    if (path == NULL) {
        (void)cli_usage(c, "the image is missing");
        return NULL;
    }
    if (cli_arg(c) != NULL) {
        (void)cli_usage(c, cli_is_live(c, path) ? "takes an image or --port, not both"
                                                : "takes one image");
        return NULL;
    }
    return path;
}

int cli_image_use(struct cli *c, const char *keys,
                  int (*use)(const struct cli_image *image, void *ctx), void *ctx)
{
    struct cli_image image;
    const char *path = image_arg(c);
    if (path == NULL) {
        return CLI_USAGE;
    }
    int status = cli_image_open(c, &image, path, keys, 0);
    if (status == CLI_OK) {
        status = use(&image, ctx);
    }
    cli_image_close(&image);
    return cli_finish(status);
}
