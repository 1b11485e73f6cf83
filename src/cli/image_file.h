/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_IMAGE_FILE_H
#define BM_CLI_IMAGE_FILE_H

/* The image that an inspecting command was given. */

#include "cli/cli.h"
#include "image/scan.h"

struct cli_image {
    const char *path;
    const char *name; /* to show: "standard input" for "-" */
    const char *keys; /* file of the keys given, or NULL */
    uint8_t *data;
    size_t len;
    struct bm_scan scan;
};

/* Reads and scans an image: a file, "-" for standard input, or a live board (see cli_input()),
 * which waits afterwards if `keep`. keys: the file of its NVS keys, or NULL. Where they fit, image
 * and scan hold the decrypted entries; scan.seal says what became of them. Keys that do not fit are
 * no failure here: the image then counts as encrypted. Returns CLI_OK, or the exit status after
 * saying what is wrong. Follow with cli_image_close() in either case. */
int cli_image_open(struct cli *c, struct cli_image *image, const char *path, const char *keys,
                   int keep);
void cli_image_close(struct cli_image *image);

/* For commands that need readable values: says on stderr what the file is where it is no NVS image
 * that can be read, and returns CLI_INPUT; CLI_OK otherwise, perhaps after a warning. */
int cli_image_need_values(const struct cli_image *image);

/* The rest of a command that has one image as its argument, or a board, once its options are taken:
 * opens it, with the file of its keys (NULL: none), hands it to use, closes it, flushes stdout.
 * Returns the exit status: that of use, or another after saying what is wrong. */
int cli_image_use(struct cli *c, const char *keys,
                  int (*use)(const struct cli_image *image, void *ctx), void *ctx);

#endif
