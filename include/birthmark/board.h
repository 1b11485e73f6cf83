/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BIRTHMARK_BOARD_H
#define BIRTHMARK_BOARD_H

/* For a program that is the firmware of a virtual board (`birthmark sim`,
 * docs/virtual-firmware.md): brings the board's flash under ESP-IDF's calls (include/espidf). Its
 * stdin, stdout and stderr are the board's UART. */

#include "birthmark/err.h"
#include "birthmark/hash.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the board tells the program, in its environment. */
#define BM_BOARD_FLASH        "BIRTHMARK_BOARD_FLASH"        /* path of the whole flash */
#define BM_BOARD_TABLE        "BIRTHMARK_BOARD_TABLE"        /* 0x8000: where its table is */
#define BM_BOARD_SLOT         "BIRTHMARK_BOARD_SLOT"         /* label of the app that runs */
#define BM_BOARD_CHIP         "BIRTHMARK_BOARD_CHIP"         /* esp32c3 */
#define BM_BOARD_MAC          "BIRTHMARK_BOARD_MAC"          /* 02:00:00:12:34:56 */
#define BM_BOARD_RESET_REASON "BIRTHMARK_BOARD_RESET_REASON" /* number of esp_reset_reason_t */
#define BM_BOARD_ROLLBACK     "BIRTHMARK_BOARD_ROLLBACK"     /* 1: the bootloader has rollback */
/* A file to write lines to: "MS\n" has the board reset unless another line comes within MS
 * milliseconds, "MS warn\n" has it only say so, "0\n" ends that. */
#define BM_BOARD_WATCHDOG "BIRTHMARK_BOARD_WATCHDOG"

/* Exit status of such a program. Any other is a panic, as is a signal. */
enum {
    BM_BOARD_SLEEPS = 0,   /* deep sleep, or the end: nothing runs until the next reset */
    BM_BOARD_RESTARTS = 82 /* restarts the chip; esp_restart() ends with it */
};

/* Attaches the board's flash with its table, the app that runs and esp_restart(), and makes stdout
 * line-buffered, as a UART's is. sha256: kept, checks images; NULL: only their checksums count.
 * Returns BM_OK, BM_E_NOENT (this is no virtual board: BM_BOARD_FLASH is not set), BM_E_IO (the
 * flash cannot be opened), or as bm_espidf_attach_chip(). */
int bm_board_attach(const struct bm_hash *sha256, struct bm_diag *diag);

/* Ends that: bm_espidf_detach_chip(), and the flash is closed. Nobody need call it before the end.
 */
void bm_board_detach(void);

#ifdef __cplusplus
}
#endif

#endif
