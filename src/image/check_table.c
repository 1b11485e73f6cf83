/* SPDX-License-Identifier: Apache-2.0 */
#include "image/check_parts.h"

/* What a device does is what ESP-IDF's nvs_flash was seen to do; docs/check.md says more. */

#define AGAIN    "generate the image again, or write the partition again"
#define DAMAGE   "the copy or the flash is damaged: read it again; if it stays, generate it again"
#define CUT      "left by a loss of power; let the device start once, or write the image again"
#define PURGED   "erases the entry at the next start: the value is gone"
#define HARMLESS "nothing"

const struct bm_finding_kind bm_finding_kinds[] = {
    [F_FILE_SHORT] = {"file-short", BM_ERROR, "finds no partition of this size",
                      "check how the file was made: NVS needs pages of 4096 bytes"},
    [F_FLASH_DUMP] = {"flash-dump", BM_ERROR, "reads only the partition that its table names",
                      "cut the NVS partition out of the dump and check that"},
    [F_NOT_NVS] = {"not-nvs", BM_ERROR, "takes every page for damaged and starts with none",
                   "check that this is the right file; flash encryption also looks like this"},
    [F_ENCRYPTED] = {"encrypted", BM_ERROR,
                     "with the right keys reads it; with none or wrong ones erases every entry",
                     "decrypt it first; this version cannot take NVS keys yet"},
    [F_SIZE_UNALIGNED] = {"size-unaligned", BM_ERROR,
                          "does not see the bytes behind the last whole page",
                          "the file was cut off or something was added: read or generate it again"},
    [F_IMAGE_BLANK] = {"image-blank", BM_NOTE, "starts with an empty store", "none needed"},
    [F_SIZE_SMALL] = {"size-small", BM_NOTE,
                      "reads it; writing needs three pages, one kept for garbage collection",
                      "mark the partition readonly, or give it 0x3000 bytes or more"},
    [F_NO_FREE_PAGE] = {"no-free-page", BM_ERROR,
                        "fails to start with ESP_ERR_NVS_NO_FREE_PAGES, unless read-only; common "
                        "code then erases the whole partition",
                        "make the partition larger and write the image again"},

    [F_PAGE_HEADER_CRC] = {"page-header-crc", BM_ERROR,
                           "takes the page for damaged: all its entries are gone, the page is "
                           "erased when room is needed",
                           DAMAGE},
    [F_PAGE_STATE] = {"page-state", BM_ERROR,
                      "takes the page for damaged: all its entries are gone, the page is erased "
                      "when room is needed",
                      DAMAGE},
    [F_PAGE_VERSION] = {"page-version", BM_ERROR,
                        "fails to start with ESP_ERR_NVS_NEW_VERSION_FOUND; common code then "
                        "erases the whole partition",
                        "use firmware that knows this version, or generate the image again"},
    [F_PAGE_NOT_BLANK] = {"page-not-blank", BM_WARNING,
                          "takes the page for damaged and erases it when room is needed",
                          "left by an interrupted erase or write; " AGAIN},
    [F_PAGE_SEQ_TWICE] = {"page-seq-twice", BM_ERROR,
                          "cannot tell which page is newer: old values may come back", AGAIN},
    [F_PAGE_SEQ_HIGH] = {"page-seq-high", BM_WARNING,
                         "counts on and wraps to 0: new pages then count as the oldest", AGAIN},
    [F_PAGE_ACTIVE_MANY] = {"page-active-many", BM_WARNING,
                            "appends to the one with the highest sequence number only", CUT},
    [F_PAGE_ACTIVE_OLD] = {"page-active-old", BM_WARNING,
                           "appends to the newest page only: the rest of this one is lost until "
                           "garbage collection",
                           AGAIN},
    [F_PAGE_FREEING] = {"page-freeing", BM_WARNING,
                        "ends the garbage collection at the next start: erases the newest page if "
                        "it is active, then copies this one again",
                        CUT},
    [F_PAGE_RESERVED] = {"page-reserved", BM_NOTE, HARMLESS, "none needed"},

    [F_ENTRY_STATE] = {"entry-state", BM_WARNING,
                       "in the active page erases the entry, elsewhere passes it over", DAMAGE},
    [F_ENTRY_AFTER_HOLE] = {"entry-after-hole", BM_ERROR,
                            "in the active page takes it for half written and erases it at the "
                            "next start; in a full page reads it",
                            DAMAGE},
    [F_EMPTY_NOT_BLANK] = {"empty-not-blank", BM_WARNING,
                           "in the active page erases the entry and goes on behind it", CUT},
    [F_EMPTY_HIDDEN] = {"empty-hidden", BM_ERROR,
                        "looks at the first four bytes only and writes over the others: the next "
                        "value written there is damaged",
                        AGAIN},
    [F_ENTRY_TORN] = {"entry-torn", BM_WARNING,
                      "erases the whole value at the next start: it was not completely written, "
                      "or not completely erased",
                      CUT},
    [F_ENTRY_CRC] = {"entry-crc", BM_ERROR, PURGED, DAMAGE},
    [F_ENTRY_TYPE] = {"entry-type", BM_ERROR, PURGED, AGAIN},
    [F_ENTRY_SPAN] = {"entry-span", BM_ERROR, PURGED, AGAIN},
    [F_ENTRY_SIZE] = {"entry-size", BM_ERROR, PURGED, AGAIN},
    [F_ENTRY_CHUNK] = {"entry-chunk", BM_ERROR,
                       "does not find the value: numbers and strings have chunk 0xff, blob data "
                       "has another",
                       AGAIN},
    [F_KEY_EMPTY] = {"key-empty", BM_WARNING, "reads it under the empty name",
                     "name the key and " AGAIN},
    [F_KEY_NO_NUL] = {"key-no-nul", BM_ERROR,
                      "compares 15 bytes: the key is found under its first 15",
                      "shorten the key and " AGAIN},
    [F_KEY_PADDING] = {"key-padding", BM_WARNING,
                       "may not find the key: its lookup counts the bytes behind the name", AGAIN},
    [F_KEY_TEXT] = {"key-text", BM_NOTE, HARMLESS ": names are bytes to it",
                    "use printable names, so that people can type them"},
    [F_DATA_CRC] = {"data-crc", BM_ERROR,
                    "tells the length, but reading gives not found and erases the value", DAMAGE},
    [F_DATA_PADDING] = {"data-padding", BM_NOTE, HARMLESS, "none needed"},
    [F_STRING_NO_NUL] = {"string-no-nul", BM_ERROR,
                         "hands out a string without an end: code that reads on leaves the buffer",
                         AGAIN},
    [F_STRING_INNER_NUL] = {"string-inner-nul", BM_WARNING,
                            "hands out all of it; C code sees the part before the first NUL",
                            "store it as a blob, or leave the NUL out"},

    [F_KEY_TWICE] = {"key-twice", BM_ERROR, "reads one of them", "remove one and " AGAIN},
    [F_KEY_TWO_TYPES] = {"key-two-types", BM_ERROR,
                         "reads one of them; asked for by the other type it may find that one",
                         "remove one and " AGAIN},
    [F_HASH_COLLISION] = {"hash-collision", BM_ERROR,
                          "takes both for one key and erases the earlier one at the next start",
                          "rename one of the two keys"},
    [F_BLOB_CHUNK_MISSING] = {"blob-chunk-missing", BM_ERROR,
                              "erases index and chunks at the next start: the value is gone", CUT},
    [F_BLOB_CHUNK_TWICE] = {"blob-chunk-twice", BM_ERROR,
                            "counts one chunk too many and erases the blob at the next start, "
                            "unless both are in the active page",
                            CUT},
    [F_BLOB_CHUNK_EXTRA] = {"blob-chunk-extra", BM_ERROR,
                            "counts one chunk too many and erases the blob at the next start, "
                            "though it is whole",
                            AGAIN},
    [F_BLOB_SIZE] = {"blob-size", BM_ERROR,
                     "erases index and chunks at the next start: the value is gone", AGAIN},
    [F_BLOB_ORPHAN] = {"blob-orphan", BM_WARNING, "erases the chunks at the next start", CUT},
    [F_BLOB_START] = {"blob-start", BM_WARNING,
                      "reads the blob, but cannot write it again: nvs_set_blob gives ESP_FAIL",
                      AGAIN},
    [F_BLOB_TWO_FORMATS] = {"blob-two-formats", BM_WARNING,
                            "reads the blob of version 2; erasing the key removes only one",
                            "remove one and " AGAIN},

    [F_NAMESPACE_DEAD] = {"namespace-dead", BM_WARNING,
                          "cannot open it; the next new namespace takes the index over and sees "
                          "these entries",
                          AGAIN},
    [F_NAMESPACE_SHARED] = {"namespace-shared", BM_ERROR, "shows both namespaces the same entries",
                            AGAIN},
    [F_NAMESPACE_TWICE] = {"namespace-twice", BM_ERROR,
                           "opens one of them: the entries of the other index are out of reach",
                           AGAIN},
    [F_NAMESPACE_INDEX] = {"namespace-index", BM_ERROR,
                           "opens it, but 0 is the list of namespaces and 255 stands for all",
                           AGAIN},
    [F_NAMESPACE_ENTRY] = {"namespace-entry", BM_ERROR,
                           "cannot reach it: only namespace names belong to index 0",
                           "put the key into a namespace and " AGAIN},
    [F_NAMESPACE_EMPTY] = {"namespace-empty", BM_NOTE, HARMLESS ": its name takes one entry",
                           "none needed; if it is a key that lost its namespace, give it one"},
    [F_COUNT] = {0},
};
