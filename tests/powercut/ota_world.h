/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_TESTS_OTA_WORLD_H
#define BM_TESTS_OTA_WORLD_H

/* A board with firmware that updates itself by ESP-IDF's API, and what must hold of it whenever its
 * power comes back. */

#include "harness/board.h"

enum { VERSIONS = 6, FAULT_SIZE = 160 };

/* What the flash operation belongs to in which the power fails. */
enum phase {
    AT_BOOT,     /* the bootloader's records */
    AT_COUNT,    /* the boot counter in NVS */
    AT_BEGIN,    /* esp_ota_begin or esp_ota_resume */
    AT_WRITE,    /* esp_ota_write */
    AT_PROGRESS, /* the offset to resume at, in NVS */
    AT_END,      /* esp_ota_end: the last bytes */
    AT_SELECT,   /* esp_ota_set_boot_partition */
    AT_VALID,    /* esp_ota_mark_app_valid_cancel_rollback */
    AT_INVALID,  /* esp_ota_mark_app_invalid_rollback_and_reboot */
    PHASES
};

enum verdict { CONFIRMS, REJECTS, SAYS_NOTHING };
enum download { GOOD, BAD_BYTE, TOO_SHORT, GIVEN_UP };
enum how { SEQUENTIAL, SIZE_KNOWN, WHOLE_SLOT, RESUMED, WITH_OFFSETS };

/* What the board begins with. */
enum start {
    FACTORY_APP, /* version 1 in factory, blank otadata */
    FIRST_SLOT,  /* version 1 in ota_0, blank otadata */
    FALLEN_BACK  /* otadata selects ota_0 with a damaged image; version 1 in the app before it */
};

struct scenario {
    const char *name;
    uint8_t slots;
    uint8_t start;    /* enum start */
    uint8_t updates;  /* one after the other */
    uint8_t verdict;  /* of the new app about itself */
    uint8_t download; /* enum download */
    uint8_t how;      /* enum how */
    uint8_t no_rollback;
    uint8_t nvs_encryption;
    uint8_t flash_encryption;
    uint8_t anti_rollback;
    uint8_t second_thoughts; /* selects, and downloads once more before it restarts */
};

/* What changes, but for the flash. */
struct state {
    enum phase phase;
    unsigned may;   /* versions that may boot if the power fails now, a bit each */
    unsigned old;   /* version that selected `new` */
    unsigned new;   /* version that is on trial */
    int trial;      /* it is neither confirmed nor rejected */
    unsigned goal;  /* version at which the firmware is content */
    int careful;    /* the download is good and the app confirms, whatever the scenario says */
    uint32_t boots; /* of the counter: at least, at most */
    uint32_t boots_max;
    uint32_t fuses;
    int odd;     /* the bootloader was cut and left a record in a state that nobody wrote */
    int restart; /* has been asked for */
    unsigned runs;
};

struct world {
    const struct scenario *sc;
    struct board board;
    struct board_image image[VERSIONS]; /* by version; 0: unused */
    struct state s;
    int careless; /* plant: selects without the check of the image */
    char fault[FAULT_SIZE];
};

enum outcome { CONTENT, RESTARTS, DEAD, FAULTY };

void world_open(struct world *w, const struct scenario *sc);
void world_close(struct world *w);

/* One life of the board, from power on to the next restart. FAULTY: see fault. */
enum outcome world_power_on(struct world *w);

/* Lives on until it is content; FAULTY also if that takes too long. DEAD: the power failed. */
enum outcome world_live(struct world *w);

#endif
