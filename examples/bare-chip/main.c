/* SPDX-License-Identifier: Apache-2.0 */
#include "main.h"

#include <string.h>

#include "desc.h"
#include "firmware.h"
#include "say.h"

extern uint8_t bss_start[];
extern uint8_t bss_end[];

/* The only function that runs from flash: the bootloader does not start an image that maps no code.
 * All others run from RAM, because flash cannot be read while it is erased. */
__attribute__((section(".irom_text"), noinline)) static int flash_is_mapped(void)
{
    return app_desc.magic == DESC_MAGIC;
}

void run(void (*start)(struct chip *chip))
{
    static struct chip chip;
    static struct firmware firmware;
    static char version[sizeof app_desc.version];
    memset(bss_start, 0, (size_t)(bss_end - bss_start));
    start(&chip);
    if (!flash_is_mapped()) {
        say(&chip, "the app description is not where it should be\n");
    }
    memcpy(version, app_desc.version, sizeof version - 1); /* while flash can be read */
    firmware_boot(&firmware, &chip, version);
    for (;;) {
        firmware_wait(&firmware);
    }
}
