/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/out_file.h"

#include <string.h>

#include "base/base.h"
#include "port/file.h"

enum { PRIVATE_MODE = 0600 };

int cli_is_stream(const char *path)
{
    return strcmp(path, "-") == 0 || strncmp(path, "/dev/", 5) == 0;
}

int cli_is_stdout(const char *path)
{
    return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

const char *cli_extension(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return dot == NULL || dot == name ? "" : dot;
}

int cli_path_in(char out[CLI_PATH_SIZE], const char *dir, const char *name)
{
    struct bm_text t;
    bm_text_init(&t, out, CLI_PATH_SIZE);
    if (dir != NULL && name[0] != '/') {
        bm_text_str(&t, dir);
        bm_text_str(&t, "/");
    }
    bm_text_str(&t, name);
    return !t.cut;
}

int cli_out_path(struct cli *c, char out[CLI_PATH_SIZE], const char *dir, const char *sub,
                 const char *path)
{
    const char *const parts[] = {dir, sub};
    struct bm_text t;
    bm_text_init(&t, out, CLI_PATH_SIZE);
    for (size_t i = 0; i < 2 && path[0] != '/' && !cli_is_stream(path); i++) {
        if (parts[i] != NULL && parts[i][0] != '\0') {
            bm_text_str(&t, parts[i]);
            bm_text_str(&t, "/");
        }
    }
    bm_text_str(&t, path);
    return t.cut ? cli_usage(c, "%s is over %d bytes long", path, CLI_PATH_SIZE - 1) : CLI_OK;
}

int cli_out_own_input(struct cli *c, const char *output)
{
    return cli_usage(
        c, "OUTPUT %s is also read as an input, and would be overwritten; name another", output);
}

int cli_out_distinct(struct cli *c, const char *output, const char *input)
{
    if (input == NULL || cli_is_stream(output) || !bm_port_same_file(input, output)) {
        return CLI_OK;
    }
    return cli_out_own_input(c, output);
}

int cli_out_folder(const char *path)
{
    struct bm_diag diag = {0};
    char folder[CLI_PATH_SIZE];
    const char *slash = strrchr(path, '/');
    const size_t len = slash != NULL ? (size_t)(slash - path) : 0;
    if (cli_is_stream(path) || len == 0 || len >= sizeof folder) {
        return CLI_OK;
    }
    memcpy(folder, path, len);
    folder[len] = '\0';
    const int rc = bm_port_mkdirs(folder, &diag);
    return rc == BM_OK ? CLI_OK : cli_fail(folder, rc, &diag);
}

int cli_out_write(const char *path, const void *data, size_t len)
{
    struct bm_diag diag = {0};
    const int status = cli_out_folder(path);
    if (status != CLI_OK) {
        return status;
    }
    const int rc = bm_port_write(path, data, len, PRIVATE_MODE, &diag);
    return rc == BM_OK ? CLI_OK : cli_fail(path, rc, &diag);
}
