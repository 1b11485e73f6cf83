/* SPDX-License-Identifier: Apache-2.0 */

/* Which images in flash the bootloader takes, beyond what bm_app_verify() says of them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "birthmark/boot.h"
#include "birthmark/err.h"
#include "harness/board.h"
#include "part/app_fmt.h"

/* bm_boot_ask_flash() where there are no images. */
static void test_ask_flash(void **unused)
{
    static const uint8_t mem[0x3000] = {0};
    uint8_t buf[64];
    struct bm_flash chip;
    struct bm_boot_image image;
    struct bm_part part = {.offset = 0x1000, .size = 0x1000};
    (void)unused;
    assert_int_equal(bm_flash_view(&chip, mem, sizeof mem), BM_OK);
    struct bm_boot_flash f = {.chip = &chip, .buf = buf, .buf_len = sizeof buf, .chip_id = -1};
    assert_int_equal(bm_boot_ask_flash(&f, &part, &image), BM_OK);
    assert_int_equal(image.verdict, BM_BOOT_BAD);
    part.offset = 0x3000; /* not all of it is on the chip */
    assert_int_equal(bm_boot_ask_flash(&f, &part, &image), BM_OK);
    assert_int_equal(image.verdict, BM_BOOT_BAD);
}

static struct board board;
static struct board_image image;

/* What the bootloader would make of the image in ota_0. */
static struct bm_boot_image look(const uint16_t *revision)
{
    static uint8_t buf[512];
    struct bm_boot_image out;
    struct bm_boot_flash f = {.chip = &board.flash,
                              .sha256 = &board.sha256,
                              .buf = buf,
                              .buf_len = sizeof buf,
                              .revision = revision};
    board_put(&board, "ota_0", &image);
    assert_int_equal(bm_boot_ask_flash(&f, board_row(&board, "ota_0"), &out), BM_OK);
    return out;
}

static int verdict_at(uint32_t load)
{
    bm_put_le32(image.data + BM_APP_HEADER_SIZE, load);
    board_image_seal(&image);
    return (int)look(NULL).verdict;
}

/* bm_boot_ask_flash(): the rules of verify_load_addresses() and should_load(). */
static void test_load_addresses(void **unused)
{
    const struct board_app app = {.version = 1, .fill = 1000};
    (void)unused;
    board_open(&board, 0, 2);
    board_image_make(&image, &app);
    const uint32_t size = bm_get_le32(image.data + BM_APP_HEADER_SIZE + 4);
    assert_int_equal(verdict_at(0x3ffb0000), BM_BOOT_GOOD);        /* DRAM */
    assert_int_equal(verdict_at(0x40000000 - size), BM_BOOT_GOOD); /* up to its end */
    assert_int_equal(verdict_at(0x40000004 - size), BM_BOOT_BAD);
    assert_int_equal(verdict_at(0x40080400), BM_BOOT_GOOD); /* IRAM */
    assert_int_equal(verdict_at(0x50000000), BM_BOOT_GOOD); /* RTC */
    assert_int_equal(verdict_at(0), BM_BOOT_GOOD);          /* padding: skipped */
    assert_int_equal(verdict_at(0x20000000), BM_BOOT_BAD);  /* nothing is there */
    assert_int_equal(verdict_at(0xfffffffc), BM_BOOT_BAD);
    board_close(&board);
}

static int verdict_of(uint16_t min, uint16_t max, uint16_t revision)
{
    bm_put_le16(image.data + BMI_AH_MIN_REV, min);
    bm_put_le16(image.data + BMI_AH_MAX_REV, max);
    board_image_seal(&image);
    assert_int_equal(look(NULL).verdict, BM_BOOT_GOOD);
    return (int)look(&revision).verdict;
}

static void test_revisions(void **unused)
{
    const struct board_app app = {.version = 1, .fill = 1000};
    (void)unused;
    board_open(&board, 0, 2);
    board_image_make(&image, &app);
    assert_int_equal(verdict_of(0, 0xffff, 0), BM_BOOT_GOOD);
    assert_int_equal(verdict_of(300, 399, 300), BM_BOOT_GOOD);
    assert_int_equal(verdict_of(300, 399, 299), BM_BOOT_BAD);
    assert_int_equal(verdict_of(300, 399, 399), BM_BOOT_GOOD);
    assert_int_equal(verdict_of(300, 399, 400), BM_BOOT_BAD);
    assert_int_equal(verdict_of(300, 0, 400), BM_BOOT_GOOD); /* no limit */
    assert_int_equal(verdict_of(300, 0xffff, 400), BM_BOOT_GOOD);
    board_close(&board);
}

/* The secure version is looked for before the image is. */
static void test_secure_version_of_bad_image(void **unused)
{
    const struct board_app app = {.version = 1, .secure_version = 6, .fill = 1000};
    (void)unused;
    board_open(&board, 0, 2);
    board_image_make(&image, &app);
    image.data[600] ^= 1;
    assert_int_equal(look(NULL).verdict, BM_BOOT_UNSOUND);
    image.data[0] = 0;
    struct bm_boot_image found = look(NULL);
    assert_int_equal(found.verdict, BM_BOOT_BAD);
    assert_int_equal(found.has_desc, 1);
    assert_int_equal(found.secure_version, 6);
    image.data[BM_APP_HEADER_SIZE + 8] ^= 1;
    found = look(NULL);
    assert_int_equal(found.has_desc, 0);
    assert_int_equal(found.secure_version, 0);
    board_close(&board);
}

static int read_first_bytes(void *ctx, uint32_t off, void *buf, uint32_t len)
{
    const struct board_image *i = ctx;
    memset(buf, 0xff, len);
    if (off < i->len) {
        memcpy(buf, i->data + off, len < i->len - off ? len : i->len - off);
    }
    return BM_OK;
}

/* No app starts from a partition of more than 16 MB. */
static void test_large_partition(void **unused)
{
    static const struct bm_flash_ops ops = {.read = read_first_bytes};
    const struct bm_flash flash = {&ops, &image, 0x2000000, 4096, 1};
    const struct board_app app = {.version = 1, .secure_version = 6, .fill = 1000};
    struct bm_part part = {.size = 0x1000000};
    uint8_t buf[512];
    struct bm_boot_flash f = {.chip = &flash, .buf = buf, .buf_len = sizeof buf};
    struct bm_boot_image out;
    (void)unused;
    board_image_make(&image, &app);
    assert_int_equal(bm_boot_ask_flash(&f, &part, &out), BM_OK);
    assert_int_equal(out.verdict, BM_BOOT_GOOD);
    part.size += 0x1000;
    assert_int_equal(bm_boot_ask_flash(&f, &part, &out), BM_OK);
    assert_int_equal(out.verdict, BM_BOOT_BAD);
    assert_int_equal(out.secure_version, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ask_flash),       cmocka_unit_test(test_load_addresses),
        cmocka_unit_test(test_revisions),       cmocka_unit_test(test_secure_version_of_bad_image),
        cmocka_unit_test(test_large_partition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
