/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_TESTS_PLAYER_H
#define BM_TESTS_PLAYER_H

/* A board that plays a log, and the program that listens to it: `birthmark` as a child, with pipes
 * or with a terminal of its own. Everything moves only while one of the calls below waits. */

#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

#include "port/endpoint.h"

struct player {
    struct bm_endpoint *endpoint;
    char name[128];         /* what the program opens */
    const char *hello;      /* said when the program connects, or NULL */
    const char *boot;       /* said when EN is released with GPIO0 high, or NULL */
    const char *last_words; /* said when EN is held low: what was on its way, or NULL */
    const char *to;         /* file for the stdout of the program, or NULL */
    char queue[32768];
    size_t queued, sent;
    char got[4096]; /* what the program sent, NUL-terminated */
    size_t got_len;
    unsigned resets, downloads; /* times EN was released, with GPIO0 high and low */
    int dtr, rts;
    pid_t pid;               /* 0: none runs */
    int status;              /* as a shell has it */
    int out, err;            /* pipes, or -1 */
    int terminal, side;      /* master of its terminal, and its other side to look at; or -1 */
    struct termios settings; /* of the terminal, before the program ran */
    char said[65536];        /* stdout (with a terminal stderr, too), NUL-terminated */
    char notices[16384];     /* stderr */
    size_t said_len, notices_len;
};

/* address: as struct bm_endpoint_config has it. Exits with a message if that fails. */
void player_open(struct player *p, enum bm_endpoint_kind kind, const char *address);
void player_close(struct player *p); /* kills the program if it still runs */

/* The board is unplugged; it can be plugged in again under the same name. */
void player_unplug(struct player *p);
void player_plug(struct player *p);

/* Runs "birthmark monitor NAME ARG...", ending with NULL. terminal: 1: in one of its own. */
void player_run(struct player *p, int terminal, ...);

void player_say(struct player *p, const char *text);
void player_type(struct player *p, const char *keys);

/* Waits until there is this text in said, notices, or got. Fails the test after a minute. */
void player_until_said(struct player *p, const char *text);
void player_until_noticed(struct player *p, const char *text);
void player_until_got(struct player *p, const char *text);
void player_until_resets(struct player *p, unsigned resets, unsigned downloads);

/* What the program has said so far does not count any more. */
void player_forget_said(struct player *p);

/* Waits until there is this text in a file. */
void player_until_in_file(struct player *p, const char *path, const char *text);

/* Lets everything move for so long. */
void player_wait(struct player *p, unsigned ms);

/* Waits until the program has ended. Returns its exit status, 128 + the signal's number. */
int player_end(struct player *p);

#endif
