/* SPDX-License-Identifier: Apache-2.0 */

/* Random update calls in any order, good and bad. Whatever is called: a whole image boots; only
 * selecting, confirming, rejecting and restarting change which; an update ends well exactly if a
 * whole good image was written. BM_SEED=n gives other sequences. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "esp_ota_ops.h"
#include "harness/board.h"
#include "harness/random.h"

enum { IMAGES = 4, BAD_IMAGE = 3, UPDATES = 4, BOARDS = 100, CALLS = 300 };

struct update {
    esp_ota_handle_t handle;
    const esp_partition_t *slot;
    unsigned image;
    uint32_t done;
    int spoilt; /* another one writes to its slot, or it was erased */
    int sealed; /* the slot was selected, or another update of it begun */
    int open;
};

struct model {
    struct board board;
    struct board_image image[IMAGES];
    struct update update[UPDATES];
    struct bm_espidf_chip config;
    char running[BM_PART_LABEL_SIZE];
    uint64_t random;
    int restart;
    int left_trial; /* what runs was on trial, and selected another app */
};

static unsigned good_ends, bad_ends, selections, confirmations, rejections, restarts;

static void ask_restart(void *ctx)
{
    struct model *m = ctx;
    m->restart = 1;
}

static uint32_t draw(struct model *m, uint32_t below)
{
    return test_random(&m->random, below);
}

static const esp_partition_t *any_partition(struct model *m)
{
    const struct bm_part *row = &m->board.table.part[draw(m, m->board.table.count)];
    return esp_partition_find_first(ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_ANY, row->label);
}

static uint32_t boots(struct model *m)
{
    const struct bm_part *part = board_boots(&m->board, m->config.rollback);
    assert_non_null(part);
    return part->offset;
}

static void start(struct model *m)
{
    (void)bm_espidf_detach_chip();
    memset(m->update, 0, sizeof m->update);
    const uint32_t expected = boots(m);
    assert_int_equal(bm_espidf_boot(&m->config, m->running, NULL), BM_OK);
    assert_int_equal(board_row(&m->board, m->running)->offset, expected);
    m->config.running = m->running;
    assert_int_equal(bm_espidf_attach_chip(&m->config, NULL), BM_OK);
    m->restart = 0;
    m->left_trial = 0;
    restarts++;
}

static int is_slot(const esp_partition_t *p)
{
    return p->type == ESP_PARTITION_TYPE_APP && p->subtype != ESP_PARTITION_SUBTYPE_APP_FACTORY;
}

static int pending(const struct model *m)
{
    esp_ota_img_states_t state;
    return m->config.rollback &&
           esp_ota_get_state_partition(esp_ota_get_running_partition(), &state) == ESP_OK &&
           state == ESP_OTA_IMG_PENDING_VERIFY;
}

static void spoil(struct model *m, const esp_partition_t *slot)
{
    for (int i = 0; i < UPDATES; i++) {
        m->update[i].spoilt |= m->update[i].slot == slot;
        m->update[i].sealed |= m->update[i].slot == slot;
    }
}

static void call_begin(struct model *m, struct update *u)
{
    const esp_partition_t *p = any_partition(m);
    const size_t sizes[] = {OTA_WITH_SEQUENTIAL_WRITES, OTA_SIZE_UNKNOWN, 0, BOARD_SLOT, 999999};
    const size_t size = sizes[draw(m, 5)];
    esp_ota_handle_t h = 0;
    esp_err_t expected = ESP_OK;
    if (!is_slot(p)) {
        expected = ESP_ERR_INVALID_ARG;
    } else if (p == esp_ota_get_running_partition()) {
        expected = ESP_ERR_OTA_PARTITION_CONFLICT;
    } else if (size == 999999 && !m->left_trial) {
        expected = ESP_ERR_INVALID_SIZE;
    } else if (m->left_trial || pending(m)) {
        expected = ESP_ERR_OTA_ROLLBACK_INVALID_STATE;
    }
    const uint32_t before = boots(m);
    assert_int_equal(esp_ota_begin(p, size, &h), expected);
    if (expected == ESP_OK) {
        spoil(m, p);
        if (u->open) {
            assert_int_equal(esp_ota_abort(u->handle), ESP_OK);
        }
        *u = (struct update){.handle = h, .slot = p, .image = draw(m, IMAGES), .open = 1};
        const uint32_t now = boots(m); /* as before, or made sure to be what runs */
        assert_true(now == before || now == esp_ota_get_running_partition()->address);
        assert_int_not_equal(now, p->address);
    }
}

static void call_write(struct model *m, struct update *u)
{
    const struct board_image *image = &m->image[u->image];
    const uint32_t left = image->len - u->done;
    const uint32_t len = left > 0 && draw(m, 3) == 0 ? 1 + draw(m, left) : left;
    const esp_err_t err = esp_ota_write(u->handle, image->data + u->done, len);
    if (len > 0 && !u->open) {
        assert_int_equal(err, ESP_ERR_INVALID_ARG);
    } else if (len > 0 && u->sealed) {
        assert_int_equal(err, ESP_ERR_INVALID_STATE);
    } else {
        assert_int_equal(err, ESP_OK);
    }
    u->done += err == ESP_OK ? len : 0;
}

static void call_end(struct model *m, struct update *u)
{
    const int cut_short = u->sealed && m->config.encrypted && u->done % 16 != 0;
    const esp_err_t err = esp_ota_end(u->handle);
    if (!u->open) {
        assert_int_equal(err, ESP_ERR_NOT_FOUND);
    } else if (u->done == 0) {
        assert_int_equal(err, ESP_ERR_INVALID_ARG);
    } else if (cut_short) {
        assert_int_equal(err, ESP_ERR_INVALID_STATE);
    } else if (!u->spoilt) {
        const int whole = u->done == m->image[u->image].len && u->image != BAD_IMAGE;
        assert_int_equal(err, whole ? ESP_OK : ESP_ERR_OTA_VALIDATE_FAILED);
        good_ends += whole != 0;
        bad_ends += !whole;
    }
    u->open = 0;
}

static void call_abort(struct model *m, struct update *u)
{
    (void)m;
    assert_int_equal(esp_ota_abort(u->handle), u->open ? ESP_OK : ESP_ERR_NOT_FOUND);
    u->open = 0;
}

static void call_select(struct model *m, struct update *u)
{
    const esp_partition_t *p = u->slot != NULL && draw(m, 3) != 0 ? u->slot : any_partition(m);
    const uint32_t before = boots(m);
    const int leaves = pending(m) && p != esp_ota_get_running_partition();
    const esp_err_t err = esp_ota_set_boot_partition(p);
    if (err == ESP_OK) {
        m->left_trial = is_slot(p) && (m->left_trial || leaves);
        assert_ptr_equal(esp_ota_get_boot_partition(), p);
        assert_int_equal(boots(m), p->address);
        for (int i = 0; i < UPDATES; i++) {
            m->update[i].sealed |= m->update[i].slot == p;
        }
        selections++;
    } else {
        assert_int_equal(boots(m), before);
        assert_int_equal(err, ESP_ERR_OTA_VALIDATE_FAILED);
    }
}

static void call_confirm(struct model *m, struct update *u)
{
    (void)u;
    const esp_partition_t *running = esp_ota_get_running_partition();
    const int chosen = esp_ota_get_boot_partition() == running && is_slot(running);
    const uint32_t before = boots(m);
    const esp_err_t err = esp_ota_mark_app_valid_cancel_rollback();
    assert_true(err == ESP_OK || err == ESP_FAIL);
    if (err == ESP_OK && chosen) {
        assert_int_equal(boots(m), running->address);
        m->left_trial = 0;
        confirmations++;
    } else {
        assert_int_equal(boots(m), before);
    }
}

static void call_reject(struct model *m, struct update *u)
{
    (void)u;
    const bool possible = esp_ota_check_rollback_is_possible();
    const uint32_t before = boots(m);
    const esp_err_t err = esp_ota_mark_app_invalid_rollback_and_reboot();
    assert_int_equal(err == ESP_OK, possible);
    assert_int_equal(m->restart, possible);
    if (possible) {
        rejections++;
        start(m);
    } else {
        assert_true(err == ESP_FAIL || err == ESP_ERR_OTA_ROLLBACK_FAILED);
        assert_int_equal(boots(m), before);
    }
}

static void call_restart(struct model *m, struct update *u)
{
    (void)u;
    start(m);
}

static void call_erase_last(struct model *m, struct update *u)
{
    (void)u;
    const uint32_t before = boots(m);
    const esp_err_t err = esp_ota_erase_last_boot_app_partition();
    assert_true(err == ESP_OK || err == ESP_FAIL);
    assert_int_equal(boots(m), before);
    for (int i = 0; i < UPDATES && err == ESP_OK; i++) {
        m->update[i].spoilt = 1;
    }
}

static void call(struct model *m)
{
    static void (*const calls[])(struct model * m, struct update * u) = {
        call_begin,   call_begin,   call_write,  call_write,   call_write,      call_write,
        call_write,   call_end,     call_end,    call_abort,   call_select,     call_select,
        call_confirm, call_confirm, call_reject, call_restart, call_erase_last,
    };
    const unsigned which = draw(m, sizeof calls / sizeof calls[0]);
    struct update *u = &m->update[draw(m, 8) != 0 ? 0 : draw(m, UPDATES)]; /* mostly one by one */
    const uint32_t before = boots(m);
    if (calls[which] == call_restart && draw(m, 4) != 0) {
        return;
    }
    calls[which](m, u);
    if (calls[which] == call_write || calls[which] == call_end || calls[which] == call_abort) {
        assert_int_equal(boots(m), before);
    }
}

static void open_model(struct model *m, uint64_t seed)
{
    memset(m, 0, sizeof *m);
    m->random = seed * 0x9e3779b97f4a7c15u;
    const int factory = draw(m, 2) != 0;
    const unsigned slots = 1 + draw(m, 3);
    board_open(&m->board, factory, slots);
    for (unsigned i = 0; i < IMAGES; i++) {
        const struct board_app app = {.version = i + 1, .fill = 400 + 4 * draw(m, 4000)};
        board_image_make(&m->image[i], &app);
    }
    m->image[BAD_IMAGE].data[400] ^= 8;
    board_put(&m->board, factory ? "factory" : "ota_0", &m->image[0]);
    m->config = board_config(&m->board);
    m->config.rollback = draw(m, 4) != 0;
    m->config.encrypted = draw(m, 4) == 0;
    m->config.restart = ask_restart;
    m->config.restart_ctx = m;
    start(m);
}

static void test_model(void **state)
{
    (void)state;
    const uint64_t seed = test_seed(1);
    print_message("seed %llu\n", (unsigned long long)seed);
    for (unsigned b = 0; b < BOARDS; b++) {
        struct model *m = malloc(sizeof *m);
        assert_non_null(m);
        open_model(m, seed + b);
        for (unsigned i = 0; i < CALLS; i++) {
            call(m);
        }
        assert_int_equal(bm_espidf_detach_chip(), BM_OK);
        board_close(&m->board);
        free(m);
    }
    print_message("%u good and %u bad updates, %u selections, %u confirmed, %u rejected, "
                  "%u restarts\n",
                  good_ends, bad_ends, selections, confirmations, rejections, restarts);
    assert_true(good_ends > 50 && bad_ends > 50 && selections > 50 && confirmations > 50 &&
                rejections > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
