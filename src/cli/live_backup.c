/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/live_backup.h"

#include <string.h>
#include <time.h>

#include "base/base.h"
#include "port/file.h"

enum { PRIVATE_MODE = 0600, TRIES = 100 };

/* A label can hold anything; a file's name should not. */
static void put_label(struct bm_text *t, const char *label)
{
    static const char harmless[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    for (; *label != '\0'; label++) {
        const char one[2] = {strchr(harmless, *label) != NULL ? *label : '_', '\0'};
        bm_text_str(t, one);
    }
}

static void make_name(char *path, const struct cli_board *b, const char *label, unsigned number)
{
    char mac[13];
    char date[32] = "";
    struct bm_text t;
    const time_t now = time(NULL);
    const struct tm *tm = localtime(&now);
    bm_hex_encode(mac, b->info.mac, sizeof b->info.mac);
    if (tm != NULL) {
        (void)strftime(date, sizeof date, "-%Y%m%d-%H%M%S", tm);
    }
    bm_text_init(&t, path, CLI_BACKUP_SIZE);
    put_label(&t, label);
    bm_text_str(&t, "-");
    bm_text_str(&t, mac);
    bm_text_str(&t, date);
    if (number > 0) {
        bm_text_str(&t, "-");
        bm_text_u64(&t, number + 1);
    }
    bm_text_str(&t, ".bin");
}

/* In a file of a name that is free. */
static int create(char *path, const struct cli_board *b, const char *label, const uint8_t *data,
                  size_t len, struct bm_diag *diag)
{
    int rc = BM_E_EXIST;
    for (unsigned i = 0; rc == BM_E_EXIST && i < TRIES; i++) {
        make_name(path, b, label, i);
        rc = bm_port_create(path, data, len, PRIVATE_MODE, diag);
    }
    return rc;
}

void cli_rescue(const struct cli_board *b, const char *label, const uint8_t *data, size_t len,
                char path[CLI_BACKUP_SIZE])
{
    struct bm_diag diag = {0};
    const int rc = create(path, b, label, data, len, &diag);
    if (rc != BM_OK) {
        (void)cli_fail(path, rc, &diag);
        path[0] = '\0';
    }
}

int cli_backup(struct cli *c, const struct cli_board *b, const char *label, const uint8_t *data,
               size_t len, char path[CLI_BACKUP_SIZE])
{
    struct bm_diag diag = {0};
    const char *given = c->board.backup;
    int rc = BM_OK;
    path[0] = '\0';
    if (c->board.no_backup) {
        return CLI_OK;
    }
    if (given == NULL) {
        rc = create(path, b, label, data, len, &diag);
    } else {
        if (strlen(given) < CLI_BACKUP_SIZE) {
            memcpy(path, given, strlen(given) + 1);
        }
        rc = bm_port_create(path, data, len, PRIVATE_MODE, &diag);
    }
    if (rc != BM_OK) {
        (void)cli_fail(path, rc, &diag);
        cli_error("nothing was changed: without a backup only with --no-backup");
        path[0] = '\0';
        return CLI_DEVICE;
    }
    (void)fprintf(stderr, "birthmark: the board's %s as it was is in %s\n", label, path);
    return CLI_OK;
}
