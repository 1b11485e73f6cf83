/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_REMOTE_H
#define BM_PORT_REMOTE_H

/* The conversation of an RFC 2217 client below its serial port: options, answers, data set aside.
 * Inside src/port only. */

#include <stddef.h>
#include <stdint.h>

#include "port/telnet.h"
#include "port/wire.h"

enum { BMI_REMOTE_KEEP = 65536, BMI_REMOTE_COMMANDS = 16 };

struct bmi_remote {
    struct bmi_wire line;
    unsigned timeout_ms; /* for an answer */
    struct bm_telnet in;
    struct bm_telnet_terms terms;
    unsigned answers[BMI_REMOTE_COMMANDS]; /* that came, by command */
    uint32_t baud;                         /* of the last answer */
    uint8_t dtr, rts;                      /* what was asked for last; 0: nothing yet */
    int deaf;                              /* SET-CONTROL is not answered */
    int suspended;                         /* the server wants no data now */
    size_t first, kept;                    /* data that came while an answer was awaited */
    uint8_t data[BMI_REMOTE_KEEP];
};

void bmi_remote_init(struct bmi_remote *r);

/* Takes what comes, and answers it. Returns 1, 0 when the time is up, or BM_E_IO. */
int bmi_remote_pump(struct bmi_remote *r, uint64_t until);

/* Moves data out that was kept; returns the number of bytes. */
size_t bmi_remote_take(struct bmi_remote *r, void *buf, size_t cap);

/* Sends and waits for so many answers to a command. BM_E_TIMEOUT, BM_E_IO. */
int bmi_remote_ask(struct bmi_remote *r, const uint8_t *out, size_t len, uint8_t command,
                   unsigned answers, unsigned timeout_ms);

/* Agrees on binary transfer and COM-PORT-OPTION. Words in diag. */
int bmi_remote_agree(struct bmi_remote *r, struct bm_diag *diag);

#endif
