/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MAIN_H
#define MAIN_H

#include "chip.h"

/* Called by a chip's start code, with a stack and nothing else. start: fills in the chip. */
_Noreturn void run(void (*start)(struct chip *chip));

#endif
