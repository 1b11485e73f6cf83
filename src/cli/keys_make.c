/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keys_make.h"

#include <string.h>
#include <time.h>

#include "base/base.h"
#include "cli/keys_file.h"
#include "port/file.h"

enum { NAME_SIZE = 64, NAMES_TRIED = 1000, PRIVATE_MODE = 0600 };

int cli_keys_make_option(struct cli_keys_make *m, int opt, const char *arg)
{
    switch (opt) {
    case CLI_OPT_KEYFILE: m->key_name = arg; return 1;
    case CLI_OPT_HMAC: m->hmac = 1; return 1;
    case CLI_OPT_HMAC_KEYGEN: m->hmac_keygen = 1; return 1;
    case CLI_OPT_HMAC_KEYFILE: m->hmac_name = arg; return 1;
    case CLI_OPT_HMAC_INPUT: m->hmac_input = arg; return 1;
    default: return 0;
    }
}

static int is_name(const char *name)
{
    return name == NULL ||
           (name[0] != '\0' && name[strlen(name) - 1] != '/' && !cli_is_stream(name));
}

int cli_keys_make_check(struct cli *c, const struct cli_keys_make *m)
{
    if (!m->hmac && (m->hmac_keygen || m->hmac_name != NULL || m->hmac_input != NULL)) {
        return cli_usage(c, "the --kp_hmac options need --key_protect_hmac");
    }
    if (m->hmac && m->hmac_keygen == (m->hmac_input != NULL)) {
        return cli_usage(c, "--key_protect_hmac needs either --kp_hmac_keygen or "
                            "--kp_hmac_inputkey");
    }
    if (m->hmac_name != NULL && !m->hmac_keygen) {
        return cli_usage(c, "--kp_hmac_keyfile names a new key: it needs --kp_hmac_keygen");
    }
    if (!is_name(m->key_name) || !is_name(m->hmac_name)) {
        return cli_usage(c, "a key file needs a name; keys do not go to a stream");
    }
    return CLI_OK;
}

static int read_hmac_key(struct cli_keys_make *m)
{
    struct bm_diag diag = {0};
    uint8_t *data = NULL;
    size_t len = 0;
    const int rc = bm_port_read(m->hmac_input, BM_NVS_KEYS_PARTITION, &data, &len, &diag);
    int status = rc == BM_OK ? CLI_OK : cli_fail_input(m->hmac_input, rc, &diag);
    if (rc == BM_OK && len != sizeof m->hmac_key) {
        cli_error("%s: an HMAC key has 32 bytes, this file has %zu", m->hmac_input, len);
        status = CLI_INPUT;
    }
    if (status == CLI_OK) {
        memcpy(m->hmac_key, data, sizeof m->hmac_key);
    }
    bm_port_free(data, len);
    return status;
}

int cli_keys_make(struct cli_keys_make *m)
{
    const struct bm_nvs_crypto_ops *ops = &bm_nvs_crypto_openssl;
    int rc = BM_OK;
    if (m->hmac_input != NULL) {
        const int status = read_hmac_key(m);
        if (status != CLI_OK) {
            return status;
        }
    } else if (m->hmac) {
        rc = ops->random(m->hmac_key, sizeof m->hmac_key);
    }
    if (rc == BM_OK) {
        rc = m->hmac ? bm_nvs_keys_from_hmac(m->keys, m->hmac_key, ops)
                     : bm_nvs_keys_generate(m->keys, ops);
    }
    if (rc != BM_OK) {
        cli_error("no random bytes can be had from the system");
        return CLI_DEVICE;
    }
    return CLI_OK;
}

/* "keys-2026-11-22_10-15.bin"; a second one of the same minute gets "-2" behind it. */
static void default_name(char name[NAME_SIZE], const char *stem, unsigned n)
{
    char when[24] = "";
    const time_t now = time(NULL);
    const struct tm *local = localtime(&now);
    if (local != NULL) {
        (void)strftime(when, sizeof when, "-%Y-%m-%d_%H-%M", local);
    }
    if (n > 1) {
        (void)snprintf(name, NAME_SIZE, "%s%s-%u.bin", stem, when, n);
    } else {
        (void)snprintf(name, NAME_SIZE, "%s%s.bin", stem, when);
    }
}

/* name NULL: one of our own choice that is free. */
static int write_new(struct cli *c, const struct cli_keys_make *m, const char *name,
                     const char *stem, char path[CLI_PATH_SIZE], const void *data, size_t len)
{
    struct bm_diag diag = {0};
    char chosen[NAME_SIZE];
    int rc = BM_E_EXIST;
    for (unsigned n = 1; rc == BM_E_EXIST && n <= (name == NULL ? NAMES_TRIED : 1); n++) {
        default_name(chosen, stem, n);
        int status = cli_out_path(c, path, m->outdir, "keys", name != NULL ? name : chosen);
        if (status == CLI_OK) {
            status = cli_out_folder(path);
        }
        if (status != CLI_OK) {
            path[0] = '\0';
            return status;
        }
        memset(&diag, 0, sizeof diag);
        rc = bm_port_create(path, data, len, PRIVATE_MODE, &diag);
    }
    if (rc == BM_OK) {
        return CLI_OK;
    }
    const int status = rc == BM_E_EXIST ? CLI_INPUT : CLI_DEVICE;
    if (rc == BM_E_EXIST) {
        cli_error("%s is there already: keys are not written over, what they encrypted would be "
                  "lost; name another file",
                  path);
    } else {
        (void)cli_fail(path, rc, &diag);
    }
    path[0] = '\0';
    return status;
}

/* A name that was given, as nvs_partition_gen takes it: the prefix goes before the file's own name,
 * and ".bin" behind it where it has no extension. */
static int given_name(struct cli *c, char out[CLI_PATH_SIZE], const char *prefix, const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *file = slash != NULL ? slash + 1 : name;
    const int len = snprintf(out, CLI_PATH_SIZE, "%.*s%s%s%s", (int)(file - name), name, prefix,
                             file, cli_extension(name)[0] == '\0' ? ".bin" : "");
    return len < CLI_PATH_SIZE
               ? CLI_OK
               : cli_usage(c, "the name of a key file is over %d bytes long", CLI_PATH_SIZE - 1);
}

static int write_keys(struct cli *c, struct cli_keys_make *m)
{
    char name[CLI_PATH_SIZE];
    uint8_t part[BM_NVS_KEYS_PARTITION];
    if (m->key_name != NULL && given_name(c, name, "", m->key_name) != CLI_OK) {
        return CLI_USAGE;
    }
    bm_nvs_keys_store(part, m->keys);
    const int status =
        write_new(c, m, m->key_name != NULL ? name : NULL, "keys", m->key_path, part, sizeof part);
    bm_wipe(part, sizeof part);
    return status;
}

/* Without a name of its own the HMAC key is called after the key file. */
static int write_hmac_key(struct cli *c, struct cli_keys_make *m)
{
    char name[CLI_PATH_SIZE];
    const char *from = m->hmac_name != NULL ? m->hmac_name : m->key_name;
    const char *prefix = m->hmac_name != NULL ? "" : "hmac-";
    if (from != NULL && given_name(c, name, prefix, from) != CLI_OK) {
        return CLI_USAGE;
    }
    return write_new(c, m, from != NULL ? name : NULL, "hmac-keys", m->hmac_path, m->hmac_key,
                     sizeof m->hmac_key);
}

int cli_keys_make_write(struct cli *c, struct cli_keys_make *m)
{
    int status = write_keys(c, m);
    if (status == CLI_OK && m->hmac_keygen) {
        status = write_hmac_key(c, m);
    }
    if (status != CLI_OK) {
        cli_keys_make_undo(m);
    }
    return status;
}

void cli_keys_make_undo(struct cli_keys_make *m)
{
    char *const paths[] = {m->key_path, m->hmac_path};
    for (size_t i = 0; i < 2; i++) {
        if (paths[i][0] != '\0') {
            (void)remove(paths[i]);
            paths[i][0] = '\0';
        }
    }
}

void cli_keys_make_report(FILE *to, const struct cli_keys_make *m)
{
    if (m->key_path[0] != '\0') {
        (void)fprintf(to, "%s: NVS keys, new\n", m->key_path);
    }
    if (m->hmac_path[0] != '\0') {
        (void)fprintf(to, "%s: HMAC key, new\n", m->hmac_path);
    }
}

void cli_keys_make_close(struct cli_keys_make *m)
{
    bm_wipe(m->keys, sizeof m->keys);
    bm_wipe(m->hmac_key, sizeof m->hmac_key);
}
