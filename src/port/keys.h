/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_KEYS_H
#define BM_PORT_KEYS_H

/* Keys of the terminal, one by one, and signals that ask the program to end. */

#include <stddef.h>

/* From here on the keys of the terminal at standard input come byte by byte and unseen, Ctrl-C and
 * the like among them; output stays as it is. The terminal is put back by bm_port_keys_close(), at
 * exit(), and by signals that end the program, crashes among them. Returns 1; 0 where standard
 * input is no terminal (nothing changes), or where this program is not in its foreground. */
int bm_port_keys_open(void);
void bm_port_keys_close(void);

/* Takes what was typed, without waiting. Returns the number of bytes, 0 for none, -1 once the
 * terminal is gone. */
int bm_port_keys_read(void *buf, size_t cap);

/* From here on SIGINT, SIGTERM and SIGHUP are only noted, for a command that ends by itself. */
void bm_port_catch_signals(void);

/* The last one noted, or 0. */
int bm_port_caught_signal(void);

#endif
