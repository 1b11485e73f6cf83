/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_SIM_BOARDS_H
#define BM_CLI_SIM_BOARDS_H

/* The virtual boards of `birthmark sim`: each with its flash and its port. */

#include <stddef.h>

#include "birthmark/flash.h"
#include "port/endpoint.h"
#include "port/hold.h"
#include "sim/sim.h"

enum { CLI_SIM_MOST = 256 };

/* What all boards have in common, from the options. */
struct cli_sim_wish {
    struct bm_sim_config board;
    const char *flash; /* file; NULL: in memory only */
    uint32_t flash_size;
    enum bm_endpoint_kind kind;
    char host[64]; /* of the port; "" for ptys */
    unsigned port; /* of the first board; 0: any */
    const char *link;
    unsigned count;
    int download; /* 1: GPIO0 is held while it is powered on */
};

struct cli_sim_board {
    struct bm_sim *sim;
    struct cli_firmware *firmware;
    struct bm_flash flash;
    struct bm_flash_file file;
    struct bm_port_hold hold; /* of that file */
    struct bm_flash_ram ram;
    uint8_t *memory;
    struct bm_endpoint *endpoint;
    uint8_t mac[6];
    char link[4096]; /* name of its pty, or "" */
    char path[4096]; /* of the flash's file; "" if it is in memory */
};

/* Makes board number i of the wish. board: filled; release with cli_sim_board_close() whatever is
 * returned. Returns an exit status, after saying what failed. */
int cli_sim_board_open(struct cli_sim_board *board, const struct cli_sim_wish *wish, unsigned i);
void cli_sim_board_close(struct cli_sim_board *board);

#endif
