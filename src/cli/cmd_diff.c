/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/base.h"
#include "cli/differences.h"
#include "cli/image_file.h"
#include "cli/keys_file.h"
#include "cli/live.h"
#include "image/json.h"

enum { OPT_NAMESPACE = 1, OPT_KEY, OPT_SECRETS, OPT_JSON, OPT_KEYS };

static const struct poptOption options[] = {
    {"namespace", 'n', POPT_ARG_STRING, NULL, OPT_NAMESPACE, "only this namespace", "NAME"},
    {"key", 'k', POPT_ARG_STRING, NULL, OPT_KEY, "only this key", "KEY"},
    {"show-secrets", '\0', POPT_ARG_NONE, NULL, OPT_SECRETS, "show private keys and passwords",
     NULL},
    {"json", '\0', POPT_ARG_NONE, NULL, OPT_JSON, "print the differences as JSON", NULL},
    CLI_KEYS_OPTIONS(OPT_KEYS),
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark diff old.bin new.bin", "what is not the same in them"},
    {"birthmark diff old.bin new.bin --namespace certs --json", "of one namespace, for a program"},
    {NULL, NULL},
};

struct pair {
    struct cli_image a, b;
    struct cli_differences how;
    const char *keys;
};

enum verdict { IDENTICAL, SAME_CONTENT, DIFFERENT };

static const char *const verdicts[] = {"identical", "same content, other layout", "different"};

static int same_bytes(const struct pair *p)
{
    return p->a.len == p->b.len && p->a.scan.seal == p->b.scan.seal &&
           memcmp(p->a.data, p->b.data, p->a.len) == 0;
}

static enum verdict judge(const struct pair *p, const struct bm_diff_result *r)
{
    return r->added + r->removed + r->changed > 0 ? DIFFERENT
           : same_bytes(p)                        ? IDENTICAL
                                                  : SAME_CONTENT;
}

static int put_text(const struct pair *p, struct bm_diff_result *result)
{
    char counts[100];
    struct bm_text t;
    const int rc = cli_differences_put(&p->a.scan, &p->b.scan, &p->how, result);
    const enum verdict verdict = judge(p, result);
    if (verdict == DIFFERENT) {
        bm_text_init(&t, counts, sizeof counts);
        cli_differences_count(&t, result);
        (void)printf("%s to %s: %s\n", p->a.name, p->b.name, counts);
    } else {
        (void)printf("%s and %s: %s\n", p->a.name, p->b.name, verdicts[verdict]);
    }
    return rc;
}

static int put_json(const struct pair *p, struct bm_diff_result *result)
{
    (void)fputs("{\"differences\": [", stdout);
    int rc = cli_differences_put(&p->a.scan, &p->b.scan, &p->how, result);
    json_t *o =
        json_pack("{s:s, s:I, s:I, s:I, s:I}", "verdict", verdicts[judge(p, result)], "added",
                  (json_int_t)result->added, "removed", (json_int_t)result->removed, "changed",
                  (json_int_t)result->changed, "equal", (json_int_t)result->equal);
    char *text = NULL;
    if (o != NULL) {
        bmi_json_name(o, "a", p->a.name);
        bmi_json_name(o, "b", p->b.name);
        text = json_dumps(o, JSON_ENSURE_ASCII);
    }
    json_decref(o);
    if (text == NULL) {
        return BM_E_NOMEM;
    }
    (void)printf("],\n%s\n", text + 1); /* its opening brace came before the list */
    free(text);
    return rc;
}

/* A filter that finds nothing is a mistake more likely than an answer. */
static int found_nothing(const struct pair *p, const struct bm_diff_result *r)
{
    return (p->how.ns != NULL || p->how.key != NULL) &&
           r->added + r->removed + r->changed + r->equal == 0;
}

static int diff(const struct pair *p)
{
    struct bm_diff_result result;
    const struct bm_diff_opts count = {.ns = p->how.ns, .key = p->how.key};
    int rc = bm_diff(&p->a.scan, &p->b.scan, &count, &result);
    if (rc == BM_OK && found_nothing(p, &result)) {
        cli_error("neither %s nor %s holds anything like that: %s%s%s%s", p->a.name, p->b.name,
                  p->how.ns != NULL ? "namespace " : "", p->how.ns != NULL ? p->how.ns : "",
                  p->how.key != NULL ? (p->how.ns != NULL ? ", key " : "key ") : "",
                  p->how.key != NULL ? p->how.key : "");
        return CLI_INPUT;
    }
    if (rc == BM_OK) {
        rc = p->how.json ? put_json(p, &result) : put_text(p, &result);
    }
    if (rc != BM_OK) {
        return cli_fail("diff", rc, NULL);
    }
    return judge(p, &result) == DIFFERENT ? CLI_NO : CLI_OK;
}

/* Says of both images what is wrong with them. */
static int open_both(struct cli *c, struct pair *p, const char *a, const char *b)
{
    const int first = cli_image_open(c, &p->a, a, p->keys, 0);
    const int second = cli_image_open(c, &p->b, b, p->keys, 0);
    if (first != CLI_OK || second != CLI_OK) {
        return first != CLI_OK ? first : second;
    }
    const int good_a = cli_image_need_values(&p->a);
    const int good_b = cli_image_need_values(&p->b);
    return good_a != CLI_OK ? good_a : good_b;
}

static void take_option(struct cli *c, struct pair *p, int option)
{
    switch (option) {
    case OPT_NAMESPACE: p->how.ns = cli_option_arg(c); break;
    case OPT_KEY: p->how.key = cli_option_arg(c); break;
    case OPT_SECRETS: p->how.reveal = 1; break;
    case OPT_JSON: p->how.json = 1; break;
    default: p->keys = cli_option_arg(c); break;
    }
}

static int run(struct cli *c)
{
    struct pair p;
    int option;
    memset(&p, 0, sizeof p);
    while ((option = cli_option(c)) > 0) {
        take_option(c, &p, option);
    }
    if (option < 0) {
        return CLI_USAGE;
    }
    const char *a = cli_input(c);
    const char *b = a != NULL ? cli_arg(c) : NULL;
    if (b == NULL || cli_arg(c) != NULL) {
        return cli_usage(c, cli_is_live(c, a) ? "takes --port and one image" : "takes two images");
    }
    if (strcmp(a, "-") == 0 && strcmp(b, "-") == 0) {
        return cli_usage(c, "standard input can be read once only");
    }
    if (p.keys != NULL && strcmp(p.keys, "-") == 0) {
        return cli_usage(c, "the keys are read for each image: they must be a file");
    }
    int status = open_both(c, &p, a, b);
    if (status == CLI_OK) {
        status = diff(&p);
    }
    cli_image_close(&p.a);
    cli_image_close(&p.b);
    return cli_finish(status);
}

const struct cli_cmd cmd_diff = {
    .name = "diff",
    .args = "A B",
    .summary = "show what is not the same in two NVS images",
    .about =
        "Compares two NVS images of any size by what they mean: namespaces, and the value that "
        "counts of each key. A line for each difference, sorted: + is only in B, - only in A, ~ "
        "has another value in B. Entries of unknown types are compared by their bytes. Where all "
        "is equal it says whether the images are identical or have the same content in another "
        "layout. One of them may be - for standard input.\n\n"
        "Private keys, and values whose key name suggests a secret, are shown by type, length and "
        "SHA-256 fingerprint only, unless --show-secrets is given.\n\n"
        "The exit status is 0 if the content is the same, 1 if not, 3 if an image cannot be read.",
    .options = options,
    .examples = examples,
    .run = run,
    .board = CLI_BOARD_READ,
};
