/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/image_file.h"
#include "cli/keys_file.h"
#include "cli/locale.h"
#include "image/map.h"
#include "port/file.h"

enum { OPT_SVG = 1, OPT_ASCII, OPT_KEYS };

static const struct poptOption options[] = {
    {"svg", '\0', POPT_ARG_STRING, NULL, OPT_SVG, "write an SVG document instead", "FILE"},
    {"ascii", '\0', POPT_ARG_NONE, NULL, OPT_ASCII, "use no characters beyond ASCII", NULL},
    CLI_KEYS_OPTIONS(OPT_KEYS),
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark map identity.bin", "the pages in the terminal"},
    {"birthmark map identity.bin --svg identity.svg", "a picture for a browser"},
    {NULL, NULL},
};

static int draw_svg(const struct cli_image *image, const char *path)
{
    struct bm_diag diag;
    char *svg;
    size_t len;
    memset(&diag, 0, sizeof diag);
    if (bm_port_same_file(image->path, path)) {
        cli_error("%s: the SVG document would replace the image; give it another name", path);
        return CLI_USAGE;
    }
    int rc = bm_map_svg(&image->scan, image->name, &svg, &len);
    if (rc != BM_OK) {
        return cli_fail(image->name, rc, NULL);
    }
    rc = bm_port_write(path, svg, len, 0644, &diag);
    free(svg);
    return rc == BM_OK ? CLI_OK : cli_fail(path, rc, &diag);
}

/* What the options ask for. */
struct wish {
    const char *svg; /* file to write, or NULL */
    int ascii;
};

static int draw(const struct cli_image *image, void *ctx)
{
    const struct wish *wish = ctx;
    struct bm_map_opts o;
    /* the pages of an encrypted image can be drawn, if not their keys */
    if (image->scan.kind != BM_IMAGE_ENCRYPTED || image->keys != NULL) {
        const int status = cli_image_need_values(image);
        if (status != CLI_OK) {
            return status;
        }
    } else {
        cli_warn("%s looks encrypted: its entries cannot be told apart without --keys",
                 image->name);
    }
    if (wish->svg != NULL) {
        return draw_svg(image, wish->svg);
    }
    o.name = image->name;
    o.color = cli_color(stdout);
    o.ascii = wish->ascii || !cli_utf8();
    o.columns = bm_port_columns(1, 80);
    (void)bm_map_text(&image->scan, &o, stdout);
    return CLI_OK;
}

static int run(struct cli *c)
{
    struct wish wish = {NULL, 0};
    const char *keys = NULL;
    int opt;
    while ((opt = cli_option(c)) > 0) {
        if (opt == OPT_SVG) {
            wish.svg = cli_option_arg(c);
        } else if (opt == OPT_KEYS) {
            keys = cli_option_arg(c);
        } else {
            wish.ascii = 1;
        }
    }
    return opt < 0 ? CLI_USAGE : cli_image_use(c, keys, draw, &wish);
}

const struct cli_cmd cmd_map = {
    .name = "map",
    .args = "IMAGE",
    .summary = "draw the pages of an NVS image",
    .about = "Draws an NVS partition image (- for standard input) with one cell per entry, 126 in "
             "each page: namespaces, numbers, strings, blobs, what is erased, empty, or damaged. "
             "Old copies are values that a newer one has replaced but that are still marked "
             "written. Blank pages in a row take one line.\n\n"
             "With --svg the picture is an SVG document whose tooltips name namespace, key, type "
             "and size. No value is in either picture.",
    .options = options,
    .examples = examples,
    .run = run,
    .board = CLI_BOARD_READ,
};
