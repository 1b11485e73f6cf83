/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/image_file.h"
#include "cli/keys_file.h"
#include "image/dump.h"
#include "port/file.h"

enum { OPT_FORMAT = 1, OPT_SHOW, OPT_NAMESPACE, OPT_KEY, OPT_SECRETS, OPT_JSON, OPT_KEYS };

static const struct poptOption options[] = {
    {"format", 'f', POPT_ARG_STRING, NULL, OPT_FORMAT, "text for people (default), JSON, or CSV",
     "text|json|csv"},
    {"show", 's', POPT_ARG_STRING, NULL, OPT_SHOW, "which view (default: written)",
     "all|written|minimal|namespaces|blobs|storage"},
    {"namespace", 'n', POPT_ARG_STRING, NULL, OPT_NAMESPACE, "only this namespace", "NAME"},
    {"key", 'k', POPT_ARG_STRING, NULL, OPT_KEY, "only this key", "KEY"},
    {"show-secrets", '\0', POPT_ARG_NONE, NULL, OPT_SECRETS, "show private keys and passwords",
     NULL},
    {"json", '\0', POPT_ARG_NONE, NULL, OPT_JSON, "the same as --format=json", NULL},
    CLI_KEYS_OPTIONS(OPT_KEYS),
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark dump identity.bin", "every written entry, page by page"},
    {"birthmark dump identity.bin --show minimal --namespace certs", "the values of one namespace"},
    {"birthmark dump identity.bin --format csv --show-secrets > identity.csv",
     "back to the CSV that generate reads"},
    {"birthmark dump sealed.bin --keys nvs_keys.bin", "the entries of an encrypted image"},
    {"birthmark dump --port /dev/ttyUSB0", "what the board that is plugged in there holds"},
    {NULL, NULL},
};

static int choose(const char *const *names, const char *name)
{
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

/* show: -1 until it is given. */
static int take_option(struct cli *c, int opt, struct bm_dump_opts *o, int *show)
{
    static const char *const formats[] = {"text", "json", "csv", NULL};
    static const char *const shows[] = {"written", "all",     "minimal", "namespaces",
                                        "blobs",   "storage", NULL};
    const char *arg = cli_option_arg(c);
    int n = 0;
    switch (opt) {
    case OPT_FORMAT:
        n = choose(formats, arg);
        o->format = (enum bm_dump_format)(n >= 0 ? n : 0);
        return n >= 0 ? CLI_OK : cli_usage(c, "--format is text, json or csv, not \"%s\"", arg);
    case OPT_SHOW:
        *show = n = choose(shows, arg);
        return n >= 0 ? CLI_OK
                      : cli_usage(c,
                                  "--show is all, written, minimal, namespaces, blobs or storage, "
                                  "not \"%s\"",
                                  arg);
    case OPT_NAMESPACE: o->ns = arg; break;
    case OPT_KEY: o->key = arg; break;
    case OPT_SECRETS: o->reveal = 1; break;
    default: o->format = BM_DUMP_JSON; break;
    }
    return CLI_OK;
}

static int take_options(struct cli *c, struct bm_dump_opts *o, const char **keys)
{
    int show = -1;
    int opt;
    while ((opt = cli_option(c)) > 0) {
        int rc = CLI_OK;
        if (opt == OPT_KEYS) {
            *keys = cli_option_arg(c);
        } else {
            rc = take_option(c, opt, o, &show);
        }
        if (rc != CLI_OK) {
            return rc;
        }
    }
    if (opt < 0) {
        return CLI_USAGE;
    }
    if (o->format == BM_DUMP_CSV && show >= 0) {
        return cli_usage(c, "CSV has one view: leave out --show");
    }
    o->show = show >= 0 ? (enum bm_dump_show)show : BM_SHOW_WRITTEN;
    if (o->show == BM_SHOW_STORAGE && (o->ns != NULL || o->key != NULL)) {
        return cli_usage(c, "--show storage is about whole pages: leave out --namespace and --key");
    }
    if (o->show == BM_SHOW_NAMESPACES && o->key != NULL) {
        return cli_usage(c, "--show namespaces has no keys: leave out --key");
    }
    return CLI_OK;
}

static void warn(void *ctx, const char *text)
{
    const struct cli_image *image = ctx;
    cli_warn("%s: %s", image->name, text);
}

static int verdict(const struct cli_image *image, const struct bm_dump_opts *o,
                   const struct bm_dump_result *r)
{
    if (r->redacted > 0 && o->format == BM_DUMP_CSV) {
        (void)fprintf(
            stderr, "birthmark: %zu secret value%s left out of the CSV; --show-secrets has them\n",
            r->redacted, r->redacted == 1 ? "" : "s");
    }
    if (r->left_out > 0 || (r->redacted > 0 && o->format == BM_DUMP_CSV)) {
        return CLI_NO;
    }
    if (r->shown == 0 && (o->ns != NULL || o->key != NULL)) {
        cli_error("%s holds nothing like that: %s%s%s%s", image->name,
                  o->ns != NULL ? "namespace " : "", o->ns != NULL ? o->ns : "",
                  o->key != NULL ? (o->ns != NULL ? ", key " : "key ") : "",
                  o->key != NULL ? o->key : "");
        return CLI_NO;
    }
    return CLI_OK;
}

static int dump(const struct cli_image *image, void *ctx)
{
    struct bm_dump_opts *o = ctx;
    struct bm_dump_result result;
    int status = cli_image_need_values(image);
    /* pages and their use can be told of an encrypted image too */
    if (status != CLI_OK && (image->scan.kind != BM_IMAGE_ENCRYPTED || image->keys != NULL ||
                             o->show != BM_SHOW_STORAGE)) {
        return status;
    }
    o->name = image->name;
    o->color = cli_color(stdout);
    o->columns = bm_port_is_terminal(1) ? bm_port_columns(1, 80) : 0;
    o->warn = warn;
    o->ctx = (void *)image;
    const int rc = bm_dump(&image->scan, o, stdout, &result);
    if (rc == BM_E_NOMEM) {
        return cli_fail(image->name, rc, NULL);
    }
    return status != CLI_OK ? status : verdict(image, o, &result);
}

static int run(struct cli *c)
{
    struct bm_dump_opts o;
    const char *keys = NULL;
    memset(&o, 0, sizeof o);
    if (take_options(c, &o, &keys) != CLI_OK) {
        return CLI_USAGE;
    }
    if (o.reveal && o.format == BM_DUMP_JSON) {
        bm_dump_wipe_json();
    }
    return cli_image_use(c, keys, dump, &o);
}

const struct cli_cmd cmd_dump = {
    .name = "dump",
    .args = "IMAGE",
    .summary = "show what is in an NVS image",
    .about =
        "Shows the entries of an NVS partition image (- for standard input): by default every "
        "written entry, page by page, with the state of its checksums and its value.\n\n"
        "The views minimal, blobs and CSV hold the values that count: where an interrupted write "
        "left several copies of a key, the newest one that is whole. Entries marked old in the "
        "other views are copies that do not count.\n\n"
        "Private keys, URLs with a password in them, and values whose key name suggests a secret "
        "(pass, pwd, psk, token, secret, auth, pin, key ...) are shown by type, length and SHA-256 "
        "fingerprint only, unless --show-secrets is given. Names and shapes are all that birthmark "
        "has to go by: look before you pass a dump on. Length and fingerprint leave out the NUL "
        "that ends a string, so they are those of the file that the value came from (wc -c, "
        "sha256sum); the fingerprint of a value of less than 32 bytes is not shown, because it "
        "could be guessed. Certificates are shown by subject, issuer, validity and "
        "fingerprint.\n\n"
        "The sizes of entries count that NUL, as the image does. In JSON, size is the stored "
        "one and length leaves out the NUL.\n\n"
        "The CSV feeds birthmark generate. Secrets (without --show-secrets) and values that CSV "
        "cannot carry become comment lines, and the exit status is then 1; it is also 1 if nothing "
        "matches --namespace and --key.",
    .options = options,
    .examples = examples,
    .run = run,
    .board = CLI_BOARD_READ,
};
