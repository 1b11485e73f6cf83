/* SPDX-License-Identifier: Apache-2.0 */

/* An update over the air with ESP-IDF's API, on the host: a file stands for the board's whole
 * flash.
 *
 *   ota_client FLASH          starts the board once
 *   ota_client FLASH APP.bin  starts it, writes the app into the next slot, selects it, restarts,
 *                             and confirms it
 *
 * What run_app() does is what firmware does on a device, call for call. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "birthmark/espidf.h"
#include "esp_err.h"
#include "esp_ota_ops.h"
#include "nvs_flash.h"

enum { PIECE = 4096 };

/* The firmware: counts its starts in NVS, confirms itself if it is on trial, and updates itself
 * from a stream if there is one. Returns 1 to be restarted. */

static esp_err_t count_start(void)
{
    nvs_handle_t nvs;
    uint32_t starts = 0;
    esp_err_t err = nvs_flash_init();
    if (err == ESP_OK) {
        err = nvs_open("app", NVS_READWRITE, &nvs);
    }
    if (err == ESP_OK) {
        (void)nvs_get_u32(nvs, "starts", &starts);
        err = nvs_set_u32(nvs, "starts", ++starts);
        nvs_close(nvs);
    }
    printf("starts counted in NVS: %u\n", (unsigned)starts);
    return err;
}

static esp_err_t download(const esp_partition_t *slot, FILE *stream)
{
    static char piece[PIECE];
    esp_ota_handle_t update;
    esp_err_t err = esp_ota_begin(slot, OTA_WITH_SEQUENTIAL_WRITES, &update);
    if (err != ESP_OK) {
        return err;
    }
    size_t n = fread(piece, 1, sizeof piece, stream);
    for (; n > 0 && err == ESP_OK; n = fread(piece, 1, sizeof piece, stream)) {
        err = esp_ota_write(update, piece, n);
    }
    if (err != ESP_OK || ferror(stream)) {
        (void)esp_ota_abort(update);
        return err != ESP_OK ? err : ESP_FAIL;
    }
    return esp_ota_end(update); /* checks the whole image */
}

static esp_err_t run_app(FILE *stream, int *restart)
{
    const esp_partition_t *running = esp_ota_get_running_partition();
    esp_ota_img_states_t state;
    printf("running %s, version %.32s\n", running->label, esp_app_get_description()->version);
    esp_err_t err = count_start();
    if (err == ESP_OK && esp_ota_get_state_partition(running, &state) == ESP_OK &&
        state == ESP_OTA_IMG_PENDING_VERIFY) {
        err = esp_ota_mark_app_valid_cancel_rollback(); /* after its own tests, in earnest */
        printf("%s is confirmed\n", running->label);
    }
    *restart = 0;
    if (err != ESP_OK || stream == NULL) {
        return err;
    }
    const esp_partition_t *slot = esp_ota_get_next_update_partition(NULL);
    if (slot == NULL) {
        return ESP_ERR_NOT_FOUND;
    }
    printf("writing to %s\n", slot->label);
    err = download(slot, stream);
    if (err == ESP_OK) {
        err = esp_ota_set_boot_partition(slot);
    }
    *restart = err == ESP_OK;
    return err;
}

/* The board: one start, by what its bootloader would do. */
static int power_on(struct bm_espidf_chip *chip, FILE *stream, int *restart)
{
    char label[BM_PART_LABEL_SIZE];
    struct bm_diag diag = {0};
    int rc = bm_espidf_boot(chip, label, &diag);
    if (rc == BM_OK) {
        chip->running = label;
        rc = bm_espidf_attach_chip(chip, &diag);
    }
    if (rc != BM_OK) {
        fprintf(stderr, "the board does not start: %s\n",
                diag.text[0] != '\0' ? diag.text : bm_err_text(rc));
        return 1;
    }
    const esp_err_t err = run_app(stream, restart);
    if (err != ESP_OK) {
        fprintf(stderr, "the app says %s\n", esp_err_to_name(err));
    }
    (void)bm_espidf_detach_chip();
    return err != ESP_OK;
}

static int simulate(struct bm_espidf_chip *chip, FILE *stream)
{
    int restart = 0;
    int failed = power_on(chip, stream, &restart);
    if (!failed && restart) {
        puts("restart");
        failed = power_on(chip, NULL, &restart);
    }
    return failed;
}

int main(int argc, char **argv)
{
    struct bm_flash flash;
    struct bm_flash_file file;
    struct bm_hash md5 = {0};
    struct bm_hash sha256 = {0};
    if (argc < 2 || argc > 3) {
        fputs("usage: ota_client FLASH [APP.bin]\n", stderr);
        return 2;
    }
    FILE *stream = argc == 3 ? fopen(argv[2], "rb") : NULL;
    if ((argc == 3 && stream == NULL) || bm_flash_file_open_rw(&flash, &file, argv[1]) != BM_OK) {
        perror(argc == 3 && stream == NULL ? argv[2] : argv[1]);
        return 3;
    }
    int failed = 1;
    if (bm_hash_openssl_md5(&md5) == BM_OK && bm_hash_openssl_sha256(&sha256) == BM_OK) {
        struct bm_espidf_chip chip = {
            .flash = &flash, .md5 = &md5, .sha256 = &sha256, .rollback = 1};
        chip.chip_id = BM_UPDATE_ANY_CHIP;
        failed = simulate(&chip, stream);
    }
    bm_hash_openssl_close(&md5);
    bm_hash_openssl_close(&sha256);
    bm_flash_file_close(&file);
    if (stream != NULL) {
        (void)fclose(stream);
    }
    return failed;
}
