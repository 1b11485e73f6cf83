/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_OTA_FILE_H
#define BM_CLI_OTA_FILE_H

/* What birthmark ota was given: an otadata partition, an image of a whole flash, or a live board.
 */

#include "birthmark/app.h"
#include "birthmark/boot.h"
#include "cli/cli.h"
#include "port/hold.h"

/* What the options ask for; zeroed but for table_offset. */
struct cli_ota_wish {
    const char *table;     /* file of the table, or NULL */
    uint32_t table_offset; /* of the table in a flash image */
    unsigned slots;        /* instead of a table; 0: not given */
    int factory;           /* with slots: there is a factory app */
    int in_place;          /* the file will be written: it is held */
};

/* What is in an app partition. */
struct cli_ota_app {
    int index; /* BM_BOOT_FACTORY, ... */
    const struct bm_part *part;
    int code; /* of bm_app_verify() */
    struct bm_app app;
    struct bm_diag diag;
};

enum { CLI_OTA_APPS = BM_OTA_SLOTS_MAX + 2 };

struct cli_ota {
    const char *path;
    const char *name; /* to show: "standard input" for "-" */
    uint8_t *data;
    size_t len;
    struct bm_part_table table;
    int has_table;                 /* 0: none given, and none needed */
    int made_up;                   /* the table is of --slots: it has no places */
    int is_flash;                  /* 0: there is nothing but the otadata partition */
    int chip_id;                   /* in headers of images for this chip; -1: not known */
    uint32_t limit;                /* bytes of flash that the table may take; 0: not known */
    int is_live;                   /* data is the otadata partition, and the rest on a board */
    const struct bm_flash *chip;   /* of the board */
    const struct bm_part *otadata; /* in table; NULL: it has none */
    uint32_t off;                  /* of otadata in data */
    uint32_t size;                 /* of it; 0: there is none */
    unsigned slots;                /* rows of the table, as the bootloader counts */
    size_t apps;                   /* in app; 0 unless is_flash */
    struct cli_ota_app *app;
    struct bm_port_hold hold;
};

/* Reads the file and finds table and otadata. need_table: 0 if an otadata partition will do
 * without. Returns CLI_OK, or the exit status after saying what is wrong. Follow with
 * cli_ota_close(). */
int cli_ota_open(struct cli *c, struct cli_ota *o, const char *path,
                 const struct cli_ota_wish *wish, int need_table);
void cli_ota_close(struct cli_ota *o);

/* 1 if the otadata partition holds what nothing ever writes there: it is another one, or encrypted.
 * at: where in data that is. */
int cli_ota_foreign(const struct cli_ota *o, size_t *at);

/* Looks at the images of all app partitions of a flash image; on a board at their headers, which
 * takes no minutes. Returns the same. */
int cli_ota_look(struct cli *c, struct cli_ota *o);

/* What the bootloader decides on the bytes as they are now; images of an otadata partition alone
 * count as good. Returns the same. */
int cli_ota_decide(struct cli_ota *o, struct bm_boot *boot, const struct bm_boot_config *config);

/* The records as they are now; both blank if there is no otadata. */
struct bm_otadata cli_ota_records(const struct cli_ota *o);

/* 1 if a record has a state that only bootloaders or apps with rollback write. */
int cli_ota_rolls_back(const struct bm_otadata *data);

struct cli_ota_status {
    const struct bm_boot_config *config;
    int rollback_guessed;
    int json;
};

/* Prints what boots and why. Returns CLI_OK, or CLI_NO if nothing does. */
int cli_ota_status(struct cli_ota *o, const struct cli_ota_status *how);

#endif
