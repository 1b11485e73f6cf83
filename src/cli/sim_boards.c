/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sim_boards.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/sim_firmware.h"
#include "port/clock.h"
#include "port/file.h"

enum { FLASH_MODE = 0600, SECTOR = 4096 };

/* Flash. */

static int make_blank(const char *path, uint32_t size)
{
    struct bm_diag diag = {0};
    uint8_t *blank = malloc(size);
    int rc = BM_E_NOMEM;
    if (blank != NULL) {
        memset(blank, 0xff, size);
        rc = bm_port_create(path, blank, size, FLASH_MODE, &diag);
    }
    free(blank);
    return rc == BM_OK || rc == BM_E_EXIST ? CLI_OK : cli_fail(path, rc, &diag);
}

static int open_file(struct cli_sim_board *board, uint32_t size)
{
    const int status = make_blank(board->path, size);
    if (status != CLI_OK) {
        return status;
    }
    /* Other commands keep their hands off a flash in use, and so does another board. */
    if (bm_port_hold(&board->hold, board->path, 0) != BM_OK) {
        cli_error("%s: in use by another program; each board needs a flash of its own",
                  board->path);
        return CLI_INPUT;
    }
    const int rc = bm_flash_file_open_rw(&board->flash, &board->file, board->path);
    if (rc != BM_OK) {
        return cli_fail_input(board->path, rc, NULL);
    }
    if (board->flash.ops->prog == NULL) {
        return cli_fail_input(board->path, BM_E_READONLY, NULL);
    }
    if (board->flash.size == 0 || board->flash.size % SECTOR != 0) {
        cli_error("%s: %u bytes are no flash: it has whole sectors of 4096", board->path,
                  (unsigned)board->flash.size);
        return CLI_INPUT;
    }
    return CLI_OK;
}

static int open_memory(struct cli_sim_board *board, uint32_t size)
{
    board->memory = malloc(size);
    if (board->memory == NULL) {
        return cli_fail("flash", BM_E_NOMEM, NULL);
    }
    memset(board->memory, 0xff, size);
    return bm_flash_ram_init(&board->flash, &board->ram, board->memory, size) == BM_OK
               ? CLI_OK
               : cli_fail("flash", BM_E_ARG, NULL);
}

static int open_flash(struct cli_sim_board *board, const struct cli_sim_wish *wish, unsigned i)
{
    if (wish->flash == NULL) {
        return open_memory(board, wish->flash_size);
    }
    const int len = wish->count > 1
                        ? snprintf(board->path, sizeof board->path, "%s.%u", wish->flash, i)
                        : snprintf(board->path, sizeof board->path, "%s", wish->flash);
    if (len < 0 || (size_t)len >= sizeof board->path) {
        return cli_fail(wish->flash, BM_E_LENGTH, NULL);
    }
    return open_file(board, wish->flash_size);
}

/* Between endpoint and board. */

static void on_bytes(void *ctx, const void *data, size_t len, uint64_t now)
{
    bm_sim_input(ctx, data, len, now);
}

static void on_lines(void *ctx, int dtr, int rts, uint64_t now)
{
    bm_sim_lines(ctx, dtr, rts, now);
}

static void on_baud(void *ctx, uint32_t baud, uint64_t now)
{
    (void)now;
    bm_sim_baud(ctx, baud);
}

static void on_purge(void *ctx, int rx, int tx, uint64_t now)
{
    (void)tx;
    (void)now;
    if (rx) {
        bm_sim_purge(ctx);
    }
}

static size_t output(void *ctx, void *buf, size_t cap, uint64_t now)
{
    return bm_sim_output(ctx, buf, cap, now);
}

static uint64_t next(void *ctx)
{
    return bm_sim_next(ctx);
}

static const struct bm_endpoint_ops ops = {
    .on_bytes = on_bytes,
    .on_lines = on_lines,
    .on_baud = on_baud,
    .on_purge = on_purge,
    .output = output,
    .next = next,
};

static int open_endpoint(struct cli_sim_board *board, const struct cli_sim_wish *wish, unsigned i)
{
    char address[96];
    struct bm_diag diag = {0};
    const int is_pty = wish->kind == BM_ENDPOINT_PTY;
    struct bm_endpoint_config config = {.kind = wish->kind, .ops = &ops, .ctx = board->sim};
    (void)snprintf(address, sizeof address, "%s:%u", wish->host,
                   wish->port != 0 ? wish->port + i : 0);
    config.address = is_pty ? NULL : address;
    if (wish->link != NULL) {
        if (wish->count > 1) {
            (void)snprintf(board->link, sizeof board->link, "%s.%u", wish->link, i);
        } else {
            (void)snprintf(board->link, sizeof board->link, "%s", wish->link);
        }
        config.link = board->link;
    }
    const int rc = bm_endpoint_open(&board->endpoint, &config, &diag);
    return rc == BM_OK
               ? CLI_OK
               : cli_fail(is_pty ? (wish->link != NULL ? board->link : "pty") : address, rc, &diag);
}

/* The MAC of board i: the last three bytes count up. */
static void count_mac(uint8_t mac[6], unsigned i)
{
    const uint32_t last = ((uint32_t)mac[3] << 16 | (uint32_t)mac[4] << 8 | mac[5]) + i;
    mac[3] = (uint8_t)(last >> 16);
    mac[4] = (uint8_t)(last >> 8);
    mac[5] = (uint8_t)last;
}

int cli_sim_board_open(struct cli_sim_board *board, const struct cli_sim_wish *wish, unsigned i)
{
    struct bm_sim_config config = wish->board;
    memset(board, 0, sizeof *board);
    const int status = open_flash(board, wish, i);
    if (status != CLI_OK) {
        return status;
    }
    config.flash = &board->flash;
    config.faults.seed += i;
    config.hold_boot = wish->download;
    count_mac(config.mac, i);
    memcpy(board->mac, config.mac, sizeof board->mac);
    board->firmware = cli_firmware_new(board->path, config.table_off, config.rollback);
    if (board->firmware == NULL) {
        return cli_fail(config.chip->name, BM_E_NOMEM, NULL);
    }
    config.runner = &cli_firmware_runner;
    config.runner_ctx = board->firmware;
    const int rc = bm_sim_open(&board->sim, &config);
    if (rc != BM_OK) {
        return cli_fail(config.chip->name, rc, NULL);
    }
    bm_sim_reset(board->sim, bm_port_now_us());
    bm_sim_hold_boot(board->sim, 0);
    return open_endpoint(board, wish, i);
}

void cli_sim_board_close(struct cli_sim_board *board)
{
    bm_endpoint_close(board->endpoint);
    bm_sim_close(board->sim);
    cli_firmware_free(board->firmware);
    bm_flash_file_close(&board->file);
    bm_port_hold_end(&board->hold);
    free(board->memory);
    memset(board, 0, sizeof *board);
}
