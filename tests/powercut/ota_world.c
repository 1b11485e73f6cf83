/* SPDX-License-Identifier: Apache-2.0 */
#include "powercut/ota_world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "birthmark/nvs_crypto.h"
#include "esp_ota_ops.h"
#include "harness/random.h"
#include "nvs_flash.h"

enum { PIECE = 1000, LIVES = 16, CERT_LEN = 1100, KEY_LEN = 121 };

#define BIT(version) (1u << (version))

static enum outcome fault(struct world *w, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(w->fault, sizeof w->fault, format, args);
    va_end(args);
    return FAULTY;
}

/* What an error of a call means: the power is gone, or the library is wrong. */
static enum outcome failed(struct world *w, const char *call, esp_err_t err)
{
    return w->board.ram.dead ? DEAD : fault(w, "%s: %s", call, esp_err_to_name(err));
}

static void restart(void *ctx)
{
    struct world *w = ctx;
    w->s.restart = 1;
}

static struct bm_espidf_chip config_of(struct world *w)
{
    struct bm_espidf_chip config = board_config(&w->board);
    config.rollback = !w->sc->no_rollback;
    config.encrypted = w->sc->flash_encryption;
    config.secure_version = w->sc->anti_rollback ? &w->s.fuses : NULL;
    config.restart = restart;
    config.restart_ctx = w;
    return config;
}

/* The version whose whole image is in a partition; 0: none. */
static unsigned version_in(const struct world *w, uint32_t at)
{
    for (unsigned v = 1; v < VERSIONS; v++) {
        if (memcmp(w->board.mem + at, w->image[v].data, w->image[v].len) == 0) {
            return v;
        }
    }
    return 0;
}

static unsigned running_version(const struct world *w)
{
    const esp_partition_t *p = esp_ota_get_running_partition();
    return p != NULL ? version_in(w, p->address) : 0;
}

/* The identity. */

static void make_identity(char cert[CERT_LEN + 1], uint8_t key[KEY_LEN])
{
    uint64_t random = 4711;
    for (int i = 0; i < CERT_LEN; i++) {
        cert[i] = (char)('A' + test_random(&random, 26));
    }
    cert[CERT_LEN] = '\0';
    for (int i = 0; i < KEY_LEN; i++) {
        key[i] = (uint8_t)test_random(&random, 256);
    }
}

static esp_err_t init_nvs(const struct world *w)
{
    nvs_sec_cfg_t keys;
    memset(keys.eky, 0x11, sizeof keys.eky);
    memset(keys.tky, 0x22, sizeof keys.tky);
    return w->sc->nvs_encryption ? nvs_flash_secure_init(&keys) : nvs_flash_init();
}

static esp_err_t store_identity(const struct world *w)
{
    char cert[CERT_LEN + 1];
    uint8_t key[KEY_LEN];
    nvs_handle_t h;
    make_identity(cert, key);
    esp_err_t err = init_nvs(w);
    if (err == ESP_OK) {
        err = nvs_open("identity", NVS_READWRITE, &h);
    }
    if (err == ESP_OK) {
        err = nvs_set_str(h, "cert", cert);
    }
    return err == ESP_OK ? nvs_set_blob(h, "key", key, sizeof key) : err;
}

static int identity_is_there(void)
{
    char cert[CERT_LEN + 1];
    char found[CERT_LEN + 1];
    uint8_t key[KEY_LEN];
    uint8_t found_key[KEY_LEN];
    size_t len = sizeof found;
    size_t key_len = sizeof found_key;
    nvs_handle_t h;
    make_identity(cert, key);
    return nvs_open("identity", NVS_READONLY, &h) == ESP_OK &&
           nvs_get_str(h, "cert", found, &len) == ESP_OK && len == sizeof cert &&
           nvs_get_blob(h, "key", found_key, &key_len) == ESP_OK && key_len == sizeof key &&
           memcmp(cert, found, sizeof cert) == 0 && memcmp(key, found_key, sizeof key) == 0;
}

static uint32_t get_number(nvs_handle_t h, const char *key)
{
    uint32_t v = 0;
    return nvs_get_u32(h, key, &v) == ESP_OK ? v : 0;
}

/* Nothing may have been lost; then one more. */
static enum outcome count_boot(struct world *w, nvs_handle_t *h)
{
    esp_err_t err = init_nvs(w);
    if (err != ESP_OK) {
        return failed(w, "nvs_flash_init", err);
    }
    if (!identity_is_there()) {
        return fault(w, "the identity is not what it was");
    }
    w->s.phase = AT_COUNT;
    err = nvs_open("app", NVS_READWRITE, h);
    if (err != ESP_OK) {
        return failed(w, "nvs_open", err);
    }
    const uint32_t boots = get_number(*h, "boots");
    if (boots < w->s.boots || boots > w->s.boots_max) {
        return fault(w, "%u boots were counted, not %u", (unsigned)boots, (unsigned)w->s.boots);
    }
    w->s.boots = boots;
    w->s.boots_max = boots + 1;
    err = nvs_set_u32(*h, "boots", boots + 1);
    if (err != ESP_OK) {
        return failed(w, "nvs_set_u32", err);
    }
    w->s.boots = boots + 1;
    return CONTENT;
}

/* The update. */

static enum outcome keep_progress(struct world *w, nvs_handle_t h, uint32_t offset)
{
    if (w->sc->how != RESUMED) {
        return CONTENT;
    }
    w->s.phase = AT_PROGRESS;
    const esp_err_t err = nvs_set_u32(h, "offset", offset);
    return err == ESP_OK ? CONTENT : failed(w, "nvs_set_u32", err);
}

static esp_err_t begin(struct world *w, const esp_partition_t *slot, uint32_t len, uint32_t offset,
                       esp_ota_handle_t *ota)
{
    w->s.phase = AT_BEGIN;
    if (offset > 0) {
        return esp_ota_resume(slot, OTA_WITH_SEQUENTIAL_WRITES, offset, ota);
    }
    const int sequential = w->sc->how == SEQUENTIAL || w->sc->how == RESUMED;
    return esp_ota_begin(slot,
                         sequential                 ? OTA_WITH_SEQUENTIAL_WRITES
                         : w->sc->how == WHOLE_SLOT ? OTA_SIZE_UNKNOWN
                                                    : len,
                         ota);
}

static esp_err_t write_piece(struct world *w, esp_ota_handle_t ota, const uint8_t *data,
                             uint32_t at, uint32_t len)
{
    uint8_t piece[PIECE];
    memcpy(piece, data + at, len);
    if (w->sc->download == BAD_BYTE && !w->s.careful && at == PIECE) {
        piece[len / 2] ^= 4;
    }
    w->s.phase = AT_WRITE;
    return w->sc->how == WITH_OFFSETS ? esp_ota_write_with_offset(ota, piece, len, at)
                                      : esp_ota_write(ota, piece, len);
}

/* The n-th piece; out of order where they are written with offsets. */
static uint32_t place_of(const struct world *w, uint32_t n, uint32_t pieces)
{
    return (w->sc->how == WITH_OFFSETS ? pieces - 1 - n : n) * PIECE;
}

static enum outcome download(struct world *w, nvs_handle_t h, esp_ota_handle_t ota,
                             const struct board_image *image, uint32_t offset)
{
    const int spoilt = w->sc->download != GOOD && !w->s.careful;
    const uint32_t pieces = (image->len + PIECE - 1) / PIECE;
    for (uint32_t n = offset / PIECE; n < pieces; n++) {
        const uint32_t at = place_of(w, n, pieces);
        const uint32_t len = image->len - at < PIECE ? image->len - at : PIECE;
        if (spoilt && w->sc->download != BAD_BYTE && n == pieces - 2) {
            break;
        }
        const esp_err_t err = write_piece(w, ota, image->data, at, len);
        if (err != ESP_OK) {
            return failed(w, "esp_ota_write", err);
        }
        const enum outcome kept = keep_progress(w, h, at + len);
        if (kept != CONTENT) {
            return kept;
        }
    }
    return CONTENT;
}

/* Ends the download. RESTARTS: it is good. */
static enum outcome end(struct world *w, esp_ota_handle_t ota)
{
    const int spoilt = w->sc->download != GOOD && !w->s.careful;
    w->s.phase = AT_END;
    if (spoilt && w->sc->download == GIVEN_UP) {
        const esp_err_t err = esp_ota_abort(ota);
        return err == ESP_OK ? CONTENT : failed(w, "esp_ota_abort", err);
    }
    const esp_err_t err = esp_ota_end(ota);
    if (w->board.ram.dead) {
        return DEAD;
    }
    if (w->careless) {
        return RESTARTS;
    }
    if (spoilt) {
        return err == ESP_ERR_OTA_VALIDATE_FAILED ? CONTENT : failed(w, "esp_ota_end", err);
    }
    return err == ESP_OK ? RESTARTS : failed(w, "esp_ota_end", err);
}

/* With one slot only the factory app can update it. */
static unsigned next_version(const struct world *w, unsigned from)
{
    return w->sc->slots == 1 ? w->s.goal : from + 1;
}

static enum outcome choose(struct world *w, const esp_partition_t *slot, unsigned from)
{
    w->s.phase = AT_SELECT;
    w->s.old = from;
    w->s.new = next_version(w, from);
    w->s.trial = 1;
    w->s.may = BIT(from) | BIT(w->s.new);
    const esp_err_t err = w->careless
                              ? (esp_err_t)bm_update_select(&w->board.flash, &w->board.table,
                                                            board_row(&w->board, slot->label), 1)
                              : esp_ota_set_boot_partition(slot);
    if (err != ESP_OK) {
        return failed(w, "esp_ota_set_boot_partition", err);
    }
    w->s.may = BIT(w->s.new);
    return RESTARTS;
}

static enum outcome fetch(struct world *w, nvs_handle_t h, unsigned from)
{
    const struct board_image *image = &w->image[next_version(w, from)];
    const esp_partition_t *slot = esp_ota_get_next_update_partition(NULL);
    const uint32_t offset = w->sc->how == RESUMED ? get_number(h, "offset") : 0;
    esp_ota_handle_t ota = 0;
    const esp_err_t err = begin(w, slot, image->len, offset, &ota);
    if (err != ESP_OK) {
        return failed(w, "esp_ota_begin", err);
    }
    w->s.may = BIT(from); /* that runs; also if another one was selected before */
    w->s.trial = 0;
    enum outcome out = download(w, h, ota, image, offset);
    if (out != CONTENT) {
        return out;
    }
    out = end(w, ota);
    if (out != RESTARTS) {
        return out;
    }
    out = keep_progress(w, h, 0);
    return out == CONTENT ? choose(w, slot, from) : out;
}

static enum outcome leave_to_factory(struct world *w, unsigned from)
{
    w->s.phase = AT_SELECT;
    w->s.may = BIT(from) | BIT(1);
    const esp_err_t err = esp_ota_set_boot_partition(
        esp_partition_find_first(ESP_PARTITION_TYPE_APP, ESP_PARTITION_SUBTYPE_APP_FACTORY, NULL));
    if (err != ESP_OK) {
        return failed(w, "esp_ota_set_boot_partition", err);
    }
    w->s.may = BIT(1);
    return RESTARTS;
}

static enum outcome update(struct world *w, nvs_handle_t h, unsigned from)
{
    if (esp_ota_get_next_update_partition(NULL) == esp_ota_get_running_partition()) {
        return leave_to_factory(w, from);
    }
    enum outcome out = fetch(w, h, from);
    if (out == RESTARTS && w->sc->second_thoughts) {
        w->s.may = BIT(from) | BIT(from + 1);
        out = fetch(w, h, from);
    }
    return out;
}

/* What the new app says of itself. */
static enum outcome judge(struct world *w, esp_ota_img_states_t state)
{
    const unsigned verdict = w->s.careful ? CONFIRMS : w->sc->verdict;
    w->s.odd =
        w->s.odd || ((uint32_t)state > ESP_OTA_IMG_ABORTED && state != ESP_OTA_IMG_UNDEFINED);
    if (verdict == SAYS_NOTHING) { /* in such a state nobody aborts it */
        return w->s.odd ? CONTENT : RESTARTS;
    }
    w->s.phase = verdict == CONFIRMS ? AT_VALID : AT_INVALID;
    w->s.may = BIT(w->s.old) | BIT(w->s.new);
    w->s.restart = 0;
    const esp_err_t err = verdict == CONFIRMS ? esp_ota_mark_app_valid_cancel_rollback()
                                              : esp_ota_mark_app_invalid_rollback_and_reboot();
    if (err != ESP_OK) {
        return failed(w, verdict == CONFIRMS ? "mark_app_valid" : "mark_app_invalid", err);
    }
    w->s.may = verdict == CONFIRMS ? BIT(w->s.new) : BIT(w->s.old);
    w->s.trial = verdict != CONFIRMS;
    if (verdict == REJECTS && !w->s.restart) {
        return fault(w, "no restart was asked for");
    }
    return verdict == CONFIRMS ? CONTENT : RESTARTS;
}

/* 1 if the next version has been tried, and was not found good. */
static int given_up(const struct world *w, unsigned from)
{
    const esp_partition_t *bad = esp_ota_get_last_invalid_partition();
    return w->sc->verdict != CONFIRMS && !w->s.careful && bad != NULL &&
           version_in(w, bad->address) == next_version(w, from);
}

static enum outcome run_app(struct world *w)
{
    const unsigned v = running_version(w);
    const esp_partition_t *running = esp_ota_get_running_partition();
    esp_ota_img_states_t state = ESP_OTA_IMG_UNDEFINED;
    nvs_handle_t h = 0;
    (void)esp_ota_get_state_partition(running, &state);
    const int pending = state == ESP_OTA_IMG_PENDING_VERIFY && !w->sc->no_rollback;
    w->s.may = pending ? BIT(w->s.old) : BIT(v);
    w->s.trial = w->s.trial && v == w->s.new;
    enum outcome out = count_boot(w, &h);
    if (out == CONTENT && w->s.trial && state != ESP_OTA_IMG_VALID) {
        out = judge(w, state);
    }
    if (out != CONTENT || v >= w->s.goal || given_up(w, v)) {
        return out;
    }
    return update(w, h, v);
}

/* What would boot now is whole and allowed. */
static enum outcome look(struct world *w, struct bm_espidf_chip *config)
{
    const uint64_t ops = w->board.ram.ops;
    config->running = NULL;
    const int rc = bm_espidf_attach_chip(config, NULL);
    if (rc != BM_OK) {
        return fault(w, "attaching: %s", bm_err_name(rc));
    }
    const unsigned v = running_version(w);
    (void)bm_espidf_detach_chip();
    if (w->board.ram.ops != ops) {
        return fault(w, "attaching wrote");
    }
    return v != 0 && (w->s.may & BIT(v)) != 0
               ? CONTENT
               : fault(w, "version %u boots, allowed are %x", v, w->s.may);
}

enum outcome world_power_on(struct world *w)
{
    char label[BM_PART_LABEL_SIZE];
    struct bm_espidf_chip config = config_of(w);
    w->board.ram.dead = 0;
    w->s.phase = AT_BOOT;
    w->s.runs++;
    enum outcome out = look(w, &config);
    if (out != CONTENT) {
        return out;
    }
    if (w->s.trial) { /* the bootloader may be cut while it changes the record */
        w->s.may |= BIT(w->s.old) | BIT(w->s.new);
    }
    int rc = bm_espidf_boot(&config, label, NULL);
    if (rc == BM_OK) {
        config.running = label;
        rc = bm_espidf_attach_chip(&config, NULL);
    }
    if (rc != BM_OK) {
        return w->board.ram.dead ? DEAD : fault(w, "booting: %s", bm_err_name(rc));
    }
    out = (w->s.may & BIT(running_version(w))) != 0 ? run_app(w)
                                                    : fault(w, "another version was started");
    (void)bm_espidf_detach_chip();
    return out;
}

enum outcome world_live(struct world *w)
{
    enum outcome out = RESTARTS;
    for (w->s.runs = 0; out == RESTARTS && w->s.runs < LIVES;) {
        out = world_power_on(w);
    }
    return out == RESTARTS ? fault(w, "it restarts for ever") : out;
}

/* Making it. */

static void select_slot(struct world *w, const char *label)
{
    if (bm_update_select(&w->board.flash, &w->board.table, board_row(&w->board, label), 0) !=
        BM_OK) {
        abort();
    }
}

static void put_apps(struct world *w)
{
    switch (w->sc->start) {
    case FACTORY_APP: board_put(&w->board, "factory", &w->image[1]); break;
    case FIRST_SLOT: board_put(&w->board, "ota_0", &w->image[1]); break;
    default:
        board_put(&w->board, "ota_0", &w->image[5]);
        w->board.mem[board_row(&w->board, "ota_0")->offset + 500] ^= 1;
        board_put(&w->board, "factory", &w->image[1]);
        select_slot(w, "ota_0");
        break;
    }
}

void world_open(struct world *w, const struct scenario *sc)
{
    memset(w, 0, sizeof *w);
    w->sc = sc;
    board_open(&w->board, sc->start != FIRST_SLOT, sc->slots);
    for (unsigned v = 1; v < VERSIONS; v++) {
        const struct board_app app = {
            .version = v, .secure_version = sc->anti_rollback ? v : 0, .fill = 8200 + 508 * v};
        board_image_make(&w->image[v], &app);
        if (sc->flash_encryption) { /* so that esp_ota_end() has bytes left to write */
            memset(w->image[v].data + w->image[v].len, 0x5a, 5);
            w->image[v].len += 5;
        }
    }
    put_apps(w);
    w->s.may = BIT(1);
    w->s.goal = 1u + sc->updates;
    bm_espidf_set_crypto(&bm_nvs_crypto_openssl);
    struct bm_espidf_chip config = config_of(w);
    if (bm_espidf_attach_chip(&config, NULL) != BM_OK || store_identity(w) != ESP_OK) {
        abort();
    }
    (void)bm_espidf_detach_chip();
    w->board.ram.ops = 0;
}

void world_close(struct world *w)
{
    board_close(&w->board);
}
