/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "birthmark/espidf.h"
#include "espidf/nvs_flash.h"
#include "harness/espidf.h"

uint8_t espidf_mem[ESPIDF_PAGES * ESPIDF_PAGE];
struct bm_flash espidf_flash;
struct bm_flash_ram espidf_ram;

void espidf_attach(unsigned pages)
{
    memset(espidf_mem, 0xff, sizeof espidf_mem);
    assert_int_equal(
        bm_flash_ram_init(&espidf_flash, &espidf_ram, espidf_mem, (uint32_t)(pages * ESPIDF_PAGE)),
        BM_OK);
    assert_int_equal(bm_espidf_attach_flash("nvs", &espidf_flash), BM_OK);
}

int espidf_setup(void **state)
{
    (void)state;
    espidf_attach(ESPIDF_PAGES);
    return 0;
}

int espidf_teardown(void **state)
{
    (void)state;
    assert_int_equal(bm_espidf_detach("nvs"), BM_OK);
    return 0;
}

nvs_handle_t espidf_open(const char *name, nvs_open_mode_t mode)
{
    nvs_handle_t h = 0;
    assert_int_equal(nvs_flash_init(), ESP_OK);
    assert_int_equal(nvs_open(name, mode, &h), ESP_OK);
    return h;
}

void espidf_restart(void)
{
    assert_int_equal(nvs_flash_deinit(), ESP_OK);
    assert_int_equal(nvs_flash_init(), ESP_OK);
}

unsigned espidf_count(nvs_handle_t h)
{
    unsigned n = 0;
    nvs_iterator_t it = NULL;
    esp_err_t err = nvs_entry_find_in_handle(h, NVS_TYPE_ANY, &it);
    for (; err == ESP_OK; n++) {
        err = nvs_entry_next(&it);
    }
    assert_int_equal(err, ESP_ERR_NVS_NOT_FOUND);
    return n;
}
