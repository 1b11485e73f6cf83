/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_CLOCK_H
#define BM_PORT_CLOCK_H

/* The monotonic clock. */

#include <stdint.h>

uint64_t bm_port_now_us(void);

/* Sleeps at least that long, signals or not. */
void bm_port_sleep_us(uint64_t us);

#endif
