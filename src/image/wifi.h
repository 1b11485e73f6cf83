/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_WIFI_H
#define BM_IMAGE_WIFI_H

/* Entries that the Wi-Fi driver wants beside its credentials. The reference generator adds them as
 * soon as it sees the keys, and so does this: but only in the driver's own namespace. */

#include "image/items.h"
#include "image/value.h"

/* Zeroed to start with; one for all inputs. */
struct bmi_wifi {
    struct {
        const uint8_t *data; /* in the items' arena */
        size_t len;
    } text[2];        /* ap.ssid, ap.passwd as given */
    int opaque;       /* one of them is in hex or base64 */
    int secured;      /* ap.authmode is there and not 0 */
    int station_done; /* entries for sta.ssid, sta.pswd are added */
};

/* A row as the expansion sees it. */
struct bmi_wifi_row {
    const struct bm_image_item *item;
    const struct bmi_encoding *encoding;
    const char *text; /* of the cell, or the bytes of its file */
    size_t len;
};

/* To be called before and after the item of a row is added. problems: warnings.
 * Both return BM_OK or BM_E_NOMEM. */
int bmi_wifi_before(struct bmi_wifi *wifi, struct bmi_items *items, const struct bmi_wifi_row *row,
                    struct bm_image_problems *problems);
int bmi_wifi_after(struct bmi_wifi *wifi, struct bmi_items *items, const struct bmi_wifi_row *row);

#endif
