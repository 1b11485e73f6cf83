/* SPDX-License-Identifier: Apache-2.0 */
/* Many boards in one thread, each with its own port and its own time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "port/clock.h"
#include "port/endpoint.h"
#include "port/serial.h"

enum { BOARDS = 9, TICK_US = 5000, PATIENCE_MS = 60000 };

/* Sends its letter every TICK_US, until the end. */
struct board {
    char letter;
    uint64_t due;
    unsigned left;
    char got[64];
    size_t len;
    uint64_t late; /* the worst */
    uint32_t baud;
    void (*heard)(void); /* after the first bytes */
};

static size_t output(void *ctx, void *buf, size_t cap, uint64_t now)
{
    struct board *b = ctx;
    if (b->left == 0 || now < b->due || cap == 0) {
        return 0;
    }
    b->late = now - b->due > b->late ? now - b->due : b->late;
    b->due = now + TICK_US;
    b->left--;
    memcpy(buf, &b->letter, 1);
    return 1;
}

static uint64_t next(void *ctx)
{
    const struct board *b = ctx;
    return b->left > 0 ? b->due : UINT64_MAX;
}

static void on_bytes(void *ctx, const void *data, size_t len, uint64_t now)
{
    struct board *b = ctx;
    (void)now;
    assert_true(b->len + len <= sizeof b->got);
    memcpy(b->got + b->len, data, len);
    b->len += len;
    if (b->heard != NULL) {
        void (*heard)(void) = b->heard;
        b->heard = NULL;
        heard();
    }
}

static void on_baud(void *ctx, uint32_t baud, uint64_t now)
{
    (void)now;
    ((struct board *)ctx)->baud = baud;
}

static const struct bm_endpoint_ops ops = {
    .on_bytes = on_bytes, .on_baud = on_baud, .output = output, .next = next};

static void many(void **state)
{
    static struct board boards[BOARDS];
    struct bm_endpoint *endpoints[BOARDS];
    struct bm_serial clients[BOARDS];
    (void)state;
    for (int i = 0; i < BOARDS; i++) {
        const struct bm_endpoint_config config = {
            .kind = i % 2 == 0 ? BM_ENDPOINT_PTY : BM_ENDPOINT_TCP, .ops = &ops, .ctx = &boards[i]};
        boards[i].letter = (char)('a' + i);
        boards[i].due = bm_port_now_us() + 50000;
        boards[i].left = 20;
        assert_int_equal(bm_endpoint_open(&endpoints[i], &config, NULL), BM_OK);
        assert_int_equal(bm_port_serial_open(&clients[i], bm_endpoint_name(endpoints[i]), 0, NULL),
                         BM_OK);
        assert_int_equal(clients[i].ops->write(clients[i].ctx, &boards[i].letter, 1, PATIENCE_MS),
                         BM_OK);
    }
    unsigned turns = 0;
    for (int i = 0; i < BOARDS; i++) {
        while (boards[i].left > 0) {
            assert_int_equal(bm_endpoint_turn(endpoints, BOARDS, 1000), BM_OK);
            turns++;
        }
    }
    assert_true(turns < BOARDS * 30); /* it sleeps in between */
    for (int i = 0; i < BOARDS; i++) {
        char in[64];
        assert_int_equal(boards[i].len, 1);
        assert_int_equal(boards[i].got[0], boards[i].letter);
        for (int n = 0; n < 20;) {
            const int rc = clients[i].ops->read(clients[i].ctx, in + n, sizeof in / 2, PATIENCE_MS);
            assert_true(rc > 0 && n + rc <= 20);
            n += rc;
        }
        for (int k = 0; k < 20; k++) {
            assert_int_equal(in[k], boards[i].letter);
        }
        bm_port_serial_close(&clients[i]);
        bm_endpoint_close(endpoints[i]);
    }
}

/* With nobody there the board's time goes on, and what it says is lost. */
static void nobody_there(void **state)
{
    struct board b = {.letter = 'x', .left = 10};
    struct bm_serial client;
    char in[16];
    struct bm_endpoint *e = NULL;
    const struct bm_endpoint_config config = {.kind = BM_ENDPOINT_PTY, .ops = &ops, .ctx = &b};
    (void)state;
    assert_int_equal(bm_endpoint_open(&e, &config, NULL), BM_OK);
    while (b.left > 0) {
        assert_int_equal(bm_endpoint_turn(&e, 1, 1000), BM_OK);
    }
    assert_int_equal(bm_port_serial_open(&client, bm_endpoint_name(e), 0, NULL), BM_OK);
    assert_int_equal(bm_endpoint_turn(&e, 1, 10), BM_OK);
    assert_int_equal(client.ops->read(client.ctx, in, sizeof in, 20), 0);
    bm_port_serial_close(&client);
    bm_endpoint_close(e);
}

/* One client goes and the next one comes before the board looks: nothing of the new one is lost. */
static void changes_hands(void **state)
{
    struct board b = {.letter = 'x'};
    struct bm_serial client;
    struct bm_endpoint *e = NULL;
    const struct bm_endpoint_config config = {.kind = BM_ENDPOINT_PTY, .ops = &ops, .ctx = &b};
    (void)state;
    assert_int_equal(bm_endpoint_open(&e, &config, NULL), BM_OK);
    const char *name = bm_endpoint_name(e);
    assert_int_equal(bm_port_serial_open(&client, name, 0, NULL), BM_OK);
    assert_int_equal(bm_endpoint_turn(&e, 1, 10), BM_OK);
    bm_port_serial_close(&client);
    assert_int_equal(bm_port_serial_open(&client, name, 230400, NULL), BM_OK);
    assert_int_equal(bm_endpoint_turn(&e, 1, 10), BM_OK);
    assert_int_equal(b.baud, 230400);
    b.left = 1;
    for (int i = 0; i < 100 && b.left > 0; i++) {
        assert_int_equal(bm_endpoint_turn(&e, 1, 10), BM_OK);
    }
    char in[4];
    assert_int_equal(client.ops->read(client.ctx, in, sizeof in, PATIENCE_MS), 1);
    assert_int_equal(in[0], 'x');
    assert_int_equal(client.ops->set_baud(client.ctx, 9600), BM_OK);
    assert_int_equal(bm_endpoint_turn(&e, 1, 10), BM_OK);
    assert_int_equal(b.baud, 9600);
    bm_port_serial_close(&client);
    bm_endpoint_close(e);
}

static struct {
    struct bm_serial client;
    const char *name;
    struct board *board;
} hand;

static void hand_over(void)
{
    bm_port_serial_close(&hand.client);
    assert_int_equal(bm_port_serial_open(&hand.client, hand.name, 0, NULL), BM_OK);
    assert_int_equal(hand.client.ops->write(hand.client.ctx, "2", 1, PATIENCE_MS), BM_OK);
    hand.board->left = 1; /* the answer */
}

/* The same while the board hears the last bytes of the one who goes. */
static void changes_hands_while_heard(void **state)
{
    struct board b = {.letter = 'x'};
    struct bm_endpoint *e = NULL;
    const struct bm_endpoint_config config = {.kind = BM_ENDPOINT_PTY, .ops = &ops, .ctx = &b};
    char in[4];
    (void)state;
    assert_int_equal(bm_endpoint_open(&e, &config, NULL), BM_OK);
    hand.name = bm_endpoint_name(e);
    hand.board = &b;
    assert_int_equal(bm_port_serial_open(&hand.client, hand.name, 0, NULL), BM_OK);
    assert_int_equal(bm_endpoint_turn(&e, 1, 10), BM_OK);
    b.heard = hand_over;
    assert_int_equal(hand.client.ops->write(hand.client.ctx, "1", 1, PATIENCE_MS), BM_OK);
    for (int i = 0; i < 100 && (b.heard != NULL || b.left > 0); i++) {
        assert_int_equal(bm_endpoint_turn(&e, 1, 10), BM_OK);
    }
    assert_int_equal(bm_endpoint_turn(&e, 1, 10), BM_OK);
    assert_memory_equal(b.got, "12", 2);
    assert_int_equal(hand.client.ops->read(hand.client.ctx, in, sizeof in, 1000), 1);
    assert_int_equal(in[0], 'x');
    bm_port_serial_close(&hand.client);
    bm_endpoint_close(e);
}

/* A turn without anything to do lasts as long as asked, and no longer. */
static void waits(void **state)
{
    struct board b = {.letter = 'x'};
    struct bm_endpoint *e = NULL;
    const struct bm_endpoint_config config = {.kind = BM_ENDPOINT_RFC2217, .ops = &ops, .ctx = &b};
    (void)state;
    assert_int_equal(bm_endpoint_open(&e, &config, NULL), BM_OK);
    uint64_t before = bm_port_now_us();
    assert_int_equal(bm_endpoint_turn(&e, 1, 60), BM_OK);
    assert_true(bm_port_now_us() - before >= 60000);
    uint64_t took = UINT64_MAX;
    for (int i = 0; i < 20 && took >= 50000; i++) { /* a busy machine may take longer */
        before = bm_port_now_us();
        assert_int_equal(bm_endpoint_turn(&e, 1, 0), BM_OK);
        assert_int_equal(bm_endpoint_turn(NULL, 0, 0), BM_OK);
        took = bm_port_now_us() - before;
    }
    assert_true(took < 50000);
    bm_endpoint_close(e);
    bm_endpoint_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many),          cmocka_unit_test(nobody_there),
        cmocka_unit_test(changes_hands), cmocka_unit_test(changes_hands_while_heard),
        cmocka_unit_test(waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
