/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_EDIT_H
#define BM_IMAGE_EDIT_H

/* Changes in an image, made by the store on a copy of it, as a device would make them. What was not
 * asked for stays as it is, to the byte of its value; bm_edit_finish() proves that before anybody
 * writes the copy anywhere. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/nvs.h"
#include "image/generate.h"
#include "image/scan.h"

/* One edit. Public to read, for bm_edit's calls to write. */
struct bm_edit {
    const struct bm_scan *before;
    struct bm_scan after; /* once bm_edit_finish() has succeeded with changes */
    uint8_t *data;        /* the edited image */
    size_t size;          /* its bytes, whole pages */
    uint32_t changes;     /* what was set or removed; 0: the image is as it was */
    uint32_t needed;      /* after BM_E_NOSPC: entries that the value takes */
    uint32_t free;        /* entries left: after BM_E_NOSPC for the value, else at the end */
    uint32_t cleared;     /* entries of interrupted writes, old copies and damage that the store
                             cleared up before its first change */
    struct bm_nvs nvs;
    struct bm_flash flash;
    struct bm_flash_ram ram;
    void *work;
    char name[BM_NVS_KEY_SIZE]; /* of the namespace changed last */
    uint8_t index;              /* its index; 0: none yet */
    struct bmi_touched *touched;
    size_t touched_count;
    size_t touched_cap;
};

/* Begins.
 * e: filled, release with bm_edit_close() whatever is returned. before: the image, plain or
 * decrypted; kept, and never written. Bytes behind whole pages are left out.
 * Returns BM_OK, BM_E_READONLY (no page in reserve: diag says it), BM_E_NOMEM, or as
 * bm_nvs_mount_with(). */
int bm_edit_open(struct bm_edit *e, const struct bm_scan *before, struct bm_diag *diag);

/* Makes a namespace if it is not there. Returns as bm_edit_set(). */
int bm_edit_namespace(struct bm_edit *e, const char *ns);

/* Sets a value, whatever was under the key; makes the namespace if it is not there. A value that is
 * there already is no change.
 * ns: 1 to 15 bytes. item: key, type, and bits or data with size; of a string with its NUL.
 * Returns BM_OK, BM_E_ARG (a name or value that cannot be stored), BM_E_NOSPC (see needed, free),
 * BM_E_VERIFY, or as bm_nvs_set_data(). After a failure the edit can only be closed. */
int bm_edit_set(struct bm_edit *e, const char *ns, const struct bm_image_item *item);

/* Removes a key. Returns BM_OK, BM_E_NOENT (no such namespace or key) or as bm_nvs_erase_key(). */
int bm_edit_unset(struct bm_edit *e, const char *ns, const char *key);

/* Removes all keys of a namespace; its name stays. Returns as bm_edit_unset(). */
int bm_edit_clear(struct bm_edit *e, const char *ns);

/* Ends the changes: scans the result, checks that it mounts and that nothing else is different.
 * Returns BM_OK, BM_E_VERIFY (it is: data must not be used), BM_E_READONLY (no page is left in
 * reserve), BM_E_NOMEM, or as bm_nvs_mount_with(). */
int bm_edit_finish(struct bm_edit *e, struct bm_diag *diag);

/* Wipes and frees; a zeroed struct is left alone. */
void bm_edit_close(struct bm_edit *e);

#endif
