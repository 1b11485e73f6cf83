/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_TESTS_ESPIDF_H
#define BM_TESTS_ESPIDF_H

/* The partition "nvs" of ESP-IDF's API, on flash in memory. Include after cmocka.h. */

#include <stdint.h>

#include "birthmark/flash.h"
#include "espidf/nvs.h"

enum { ESPIDF_PAGES = 6 };
#define ESPIDF_PAGE ((size_t)4096)

extern uint8_t espidf_mem[ESPIDF_PAGES * ESPIDF_PAGE];
extern struct bm_flash espidf_flash;
extern struct bm_flash_ram espidf_ram;

/* Attaches it, blank, with 1 to ESPIDF_PAGES pages. */
void espidf_attach(unsigned pages);

/* A test with the partition, attached before it and detached after it. */
#define ESPIDF_CASE(f) cmocka_unit_test_setup_teardown(f, espidf_setup, espidf_teardown)
int espidf_setup(void **state);
int espidf_teardown(void **state);

/* Initialises the partition if need be, and opens a namespace; asserts success. */
nvs_handle_t espidf_open(const char *name, nvs_open_mode_t mode);

/* Ends the partition's use and begins it again. Handles end. */
void espidf_restart(void);

/* Keys of the handle's namespace, by iteration. */
unsigned espidf_count(nvs_handle_t h);

#endif
