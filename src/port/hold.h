/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_HOLD_H
#define BM_PORT_HOLD_H

/* A file between reading it and replacing it: nobody else may change it then. Programs that ask
 * are kept out by a lock; the change of one that does not ask is seen before it would be lost. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"

/* Private; the caller provides the storage. */
struct bm_port_hold {
    int open; /* fd has the lock, where the file system has locks */
    int fd;
    int known; /* the rest is */
    uint64_t device;
    uint64_t inode;
    uint64_t size;
    int64_t seconds; /* of the last change */
    int64_t nanoseconds;
};

/* Takes the lock, waiting until nobody else has it, and notes what the file is now. Call it before
 * reading the file. Where the file system has no locks it goes without; what is no regular file, or
 * not there, is not locked either.
 * hold: filled, release with bm_port_hold_end() whatever is returned. path: followed through
 * symbolic links; wait: milliseconds at the most.
 * Returns BM_OK, or BM_E_TIMEOUT: somebody else still has it. */
int bm_port_hold(struct bm_port_hold *hold, const char *path, unsigned wait);

/* 1 if this path is still the file that was held, and nobody has written to it. */
int bm_port_hold_good(const struct bm_port_hold *hold, const char *path);

/* Gives the lock back; a zeroed struct is left alone. */
void bm_port_hold_end(struct bm_port_hold *hold);

#endif
