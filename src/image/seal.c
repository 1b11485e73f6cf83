/* SPDX-License-Identifier: Apache-2.0 */
#include "image/seal.h"

#include <string.h>

#include "base/base.h"
#include "nvs/fmt.h"

typedef int (*cipher)(void *ctx, uint32_t off, uint8_t *data, uint32_t len);

/* A place in an image, going over the entries of all pages that have a header. */
struct walk {
    size_t size; /* of whole pages */
    size_t page; /* offset */
    unsigned entry;
};

static int all(const uint8_t *raw, uint8_t value)
{
    return raw[0] == value && memcmp(raw, raw + 1, BMI_ENTRY_SIZE - 1) == 0;
}

static struct walk start(size_t size)
{
    const struct walk w = {size / BMI_PAGE_SIZE * BMI_PAGE_SIZE, 0, 0};
    return w;
}

/* Offset of the next entry and its state; 0 at the end. */
static size_t next(struct walk *w, const uint8_t *image, enum bmi_entry_state *state)
{
    while (w->page < w->size) {
        const uint8_t *page = image + w->page;
        struct bmi_header h;
        bmi_header_get(page, &h);
        if (h.state == BMI_PAGE_BLANK || w->entry == BMI_PAGE_ENTRIES) {
            w->page += BMI_PAGE_SIZE;
            w->entry = 0;
            continue;
        }
        const unsigned entry = w->entry++;
        *state = bmi_bitmap_get(page + BMI_OFF_BITMAP, entry);
        return w->page + BMI_OFF_ENTRIES + (size_t)entry * BMI_ENTRY_SIZE;
    }
    return 0;
}

/* Chance passes the checks of a header once in some hundred thousand million entries. */
static int is_header(const uint8_t *raw, size_t off)
{
    const size_t entry = (off % BMI_PAGE_SIZE - BMI_OFF_ENTRIES) / BMI_ENTRY_SIZE;
    return bmi_entry_check(raw, (unsigned)entry) == BMI_BAD_NOTHING;
}

int bm_seal_try(const uint8_t *image, size_t size, const struct bm_nvs_crypto *crypto,
                enum bm_seal *verdict)
{
    struct walk w = start(size);
    enum bmi_entry_state state;
    size_t off;
    *verdict = BM_SEAL_VOID;
    while ((off = next(&w, image, &state)) != 0) {
        uint8_t raw[BMI_ENTRY_SIZE];
        if (state != BMI_ENTRY_WRITTEN) {
            continue;
        }
        if (*verdict != BM_SEAL_PLAIN) {
            *verdict = is_header(image + off, off) ? BM_SEAL_PLAIN : BM_SEAL_LOCKED;
        }
        memcpy(raw, image + off, sizeof raw);
        const int rc = crypto->decrypt(crypto->ctx, (uint32_t)off, raw, sizeof raw);
        const int opens = rc == BM_OK && is_header(raw, off);
        bm_wipe(raw, sizeof raw);
        if (rc != BM_OK) {
            return rc;
        }
        if (opens) {
            *verdict = BM_SEAL_OPENS;
            return BM_OK;
        }
    }
    return BM_OK;
}

static int convert(uint8_t *image, size_t size, const struct bm_nvs_crypto *crypto, cipher turn,
                   int written_blank)
{
    struct walk w = start(size);
    enum bmi_entry_state state;
    size_t off;
    int rc = BM_OK;
    while (rc == BM_OK && (off = next(&w, image, &state)) != 0) {
        const int blank = all(image + off, 0xff) || all(image + off, 0x00);
        if (!blank || (written_blank && state == BMI_ENTRY_WRITTEN)) {
            rc = turn(crypto->ctx, (uint32_t)off, image + off, BMI_ENTRY_SIZE);
        }
    }
    return rc;
}

int bm_seal_decrypt(uint8_t *image, size_t size, const struct bm_nvs_crypto *crypto)
{
    return convert(image, size, crypto, crypto->decrypt, 0);
}

/* A written entry may be data that is all 0xff or all zero: it is encrypted as any other. */
int bm_seal_encrypt(uint8_t *image, size_t size, const struct bm_nvs_crypto *crypto)
{
    return convert(image, size, crypto, crypto->encrypt, 1);
}
