/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_TESTS_MOVES_H
#define BM_TESTS_MOVES_H

/* Moves from one layout to another, each with the codes that preflight must find. */

#include <stdint.h>

enum { FLASH = 2 * 1024 * 1024, WRITES = 4, CODE = 6000 };

/* What files hold. */
enum content {
    NOTHING, /* no file: the end of a list */
    APP,
    APP_C3,
    APP_OTHER,  /* another version of APP */
    APP_CUT,    /* its last bytes are missing */
    BIG_APP,    /* larger than the slots here */
    BOOT,       /* an ESP32's bootloader */
    BOOT_1MB,   /* the same for a flash of 1 MB */
    IDENTITY_8, /* NVS images of so many KB */
    IDENTITY_12,
    IDENTITY_16,
    IDENTITY_OLD,    /* what LIVE flash holds in its 16 KB of NVS */
    IDENTITY_OLD_12, /* the same in 12 KB */
    OLD_TWICE,       /* its page, and again */
    FULL_12,         /* what FULL flash holds: all of three pages */
    ZEROS_4,         /* 4 KB */
    ZEROS_8,
    ZEROS_64,
    BLANK_8,
    RANDOM_4,
    FILL_8,
    FILL_4, /* what LIVE flash has in data partitions */
    TABLE,  /* the table of `to` */
    EMPTY,
    CONTENTS
};

enum flash_kind {
    UNKNOWN, /* the device is not looked at */
    LIVE,    /* apps in all slots, ota_1 selected, keys in NVS, data everywhere */
    NEW,     /* apps only */
    FULL,    /* a bootloader, apps, three full pages in NVS, and one left behind at 0xe000 */
    SMALL    /* as NEW, and a bootloader for 1 MB */
};

struct write {
    uint32_t off;
    const char *label;
    enum content content;
    int encrypted;
};

struct scenario {
    const char *from;
    const char *to;    /* NULL: the same */
    const char *codes; /* all that must be found, in any order */
    enum flash_kind flash;
    struct write writes[WRITES];
    uint32_t to_off; /* of the table; 0: the usual place */
    int names_only;  /* there is no table to plan with */
    int other_table; /* the table written is that of `from` */
    int erase_all;   /* all is erased first */
    int second_nvs;  /* the new table has another row of that name, in the middle of the first */
};

#define NVS     "nvs,data,nvs,0x9000,16K,\n"
#define OTADATA "otadata,data,ota,0xd000,8K,\n"
#define SLOTS   "ota_0,app,ota_0,0x10000,64K,\nota_1,app,ota_1,0x20000,64K,\n"
#define TWO     NVS OTADATA SLOTS
#define FACTORY "factory,app,factory,0x10000,64K,\n"
#define KEYS    "keys,data,nvs_keys,0x30000,4K,\n"
#define STORAGE "files,data,spiffs,0x40000,64K,\n"

static const struct scenario scenarios[] = {
    /* Nothing changes, or nothing that matters. */
    {.from = TWO, .codes = ""},
    {.from = TWO, .codes = "", .flash = LIVE},
    {.from = TWO, .to = NVS OTADATA SLOTS STORAGE, .codes = ""},
    {.from = NVS FACTORY, .codes = "", .flash = LIVE, .writes = {{.off = 0x10000, .content = APP}}},

    /* The NVS partition. */
    {.from = TWO, .to = OTADATA SLOTS, .codes = "identity-removed"},
    {.from = TWO, .to = OTADATA SLOTS, .codes = "identity-removed", .flash = LIVE},
    {.from = TWO, .to = OTADATA SLOTS, .codes = "", .flash = NEW},
    {.from = TWO, .to = "nvs,data,nvs,0x30000,16K,\n" OTADATA SLOTS, .codes = "identity-moved"},
    {.from = TWO, .to = "nvs,data,nvs,0x30000,16K,\n" OTADATA SLOTS, .codes = "", .flash = NEW},
    {.from = TWO,
     .to = "nvs,data,nvs,0x30000,16K,\n" OTADATA SLOTS,
     .codes = "identity-moved",
     .flash = LIVE,
     .writes = {{.label = "nvs", .content = IDENTITY_16}}},
    {.from = TWO,
     .to = "nvs,data,nvs,0x30000,16K,\n" OTADATA SLOTS,
     .codes = "",
     .flash = LIVE,
     .writes = {{.label = "nvs", .content = IDENTITY_OLD}}},
    {.from = TWO, .to = "nvs,data,nvs,0x9000,12K,\n" OTADATA SLOTS, .codes = "identity-shrunk"},
    {.from = TWO,
     .to = "nvs,data,nvs,0x9000,12K,\n" OTADATA SLOTS,
     .codes = "identity-shrunk-blank",
     .flash = LIVE}, /* its last page is blank */
    {.from = TWO, .to = "id,data,nvs,0x9000,16K,\n" OTADATA SLOTS, .codes = "identity-relabelled"},
    {.from = TWO, .to = "nvs,data,fat,0x9000,16K,\n" OTADATA SLOTS, .codes = "identity-retyped"},
    {.from = NVS FACTORY,
     .to = "nvs,data,nvs,0x9000,8K,\nx,data,fat,0xb000,8K,\n" FACTORY,
     .codes = "identity-shrunk identity-overlapped table-fault"},
    {.from = NVS FACTORY,
     .to = NVS FACTORY,
     .codes = "identity-overlapped table-moved table-fault",
     .to_off = 0xa000},
    {.from = "nvs,data,nvs,0x9000,16K,encrypted\n" FACTORY,
     .to = NVS FACTORY,
     .codes = "encrypted-flag"},
    {.from = NVS FACTORY,
     .to = "nvs,data,nvs,0x9000,16K,readonly\n" FACTORY,
     .codes = "readonly-set"},
    {.from = "nvs,data,nvs,0x9000,16K,readonly\n" FACTORY,
     .to = NVS FACTORY,
     .codes = "readonly-cleared nvs-no-free-page"},
    {.from = NVS FACTORY, .to = "nvs,data,nvs,0x9000,24K,\n" FACTORY, .codes = "nvs-grown"},
    {.from = NVS FACTORY, .to = "nvs,data,nvs,0x9000,24K,\n" FACTORY, .codes = "", .flash = LIVE},
    {.from = NVS "phy,data,phy,0xd000,4K,\n" FACTORY,
     .to = "nvs,data,nvs,0x9000,24K,\n" FACTORY,
     .codes = "nvs-grown-over"},
    {.from = "esp_secure_cert,0x3f,6,0xd000,8K,\n" FACTORY,
     .to = FACTORY,
     .codes = "identity-removed"},

    /* A device whose NVS has but the one free page that it needs, or none. */
    {.from = NVS FACTORY,
     .to = "nvs,data,nvs,0x9000,12K,\n" FACTORY,
     .codes = "identity-shrunk-blank nvs-no-free-page",
     .flash = FULL},
    {.from = NVS FACTORY,
     .to = FACTORY "nvs,data,nvs,0x30000,12K,\n",
     .codes = "nvs-no-free-page",
     .flash = FULL,
     .writes = {{.label = "nvs", .content = FULL_12}}},
    {.from = NVS FACTORY,
     .to = FACTORY "nvs,data,nvs,0x30000,16K,\n",
     .codes = "",
     .flash = FULL,
     .writes = {{.label = "nvs", .content = FULL_12}}},
    {.from = NVS FACTORY,
     .to = FACTORY "nvs,data,nvs,0x30000,16K,encrypted\n",
     .codes = "encrypted-flag nvs-flagged-encrypted",
     .flash = FULL,
     .writes = {{.label = "nvs", .content = FULL_12}}},
    {.from = "nvs,data,nvs,0x9000,12K,readonly\n" FACTORY,
     .to = "nvs,data,nvs,0x9000,12K,\n" FACTORY,
     .codes = "readonly-cleared nvs-no-free-page",
     .flash = FULL},
    {.from = "nvs,data,nvs,0x9000,12K,readonly\n" FACTORY,
     .to = "nvs,data,nvs,0x9000,16K,\n" FACTORY,
     .codes = "readonly-cleared",
     .flash = FULL},
    /* Old pages behind the new place, and in the room gained. */
    {.from = NVS FACTORY "phy,data,phy,0x33000,4K,\n",
     .to = FACTORY "nvs,data,nvs,0x30000,20K,\n",
     .codes = "identity-mixed",
     .flash = FULL,
     .writes = {{.label = "nvs", .content = FULL_12}}},
    {.from = NVS FACTORY, .to = "nvs,data,nvs,0x9000,20K,\n" FACTORY, .codes = "", .flash = FULL},
    {.from = NVS FACTORY,
     .to = "nvs,data,nvs,0x9000,28K,\n" FACTORY,
     .codes = "nvs-grown",
     .flash = FULL}, /* something is left at 0xe000 */
    {.from = NVS FACTORY,
     .codes = "identity-overlapped table-fault table-fault",
     .flash = FULL,
     .second_nvs = 1},
    {.from = NVS FACTORY,
     .to = "nvs,data,nvs,0x9000,24K,\n" FACTORY,
     .codes = "identity-lost part-inside",
     .flash = LIVE,
     .writes = {{.off = 0xd000, .content = IDENTITY_8}}},
    {.from = NVS FACTORY,
     .to = FACTORY "nvs,data,nvs,0x30000,16K,\n",
     .codes = "identity-moved", /* all values, but twice */
     .flash = LIVE,
     .writes = {{.label = "nvs", .content = OLD_TWICE}}},
    /* Values that a file brings back into a smaller partition. */
    {.from = NVS FACTORY,
     .to = "nvs,data,nvs,0x9000,12K,\n" FACTORY,
     .codes = "identity-shrunk-blank",
     .flash = LIVE,
     .writes = {{.label = "nvs", .content = IDENTITY_OLD_12}}},
    {.from = NVS FACTORY, .codes = "identity-erased boot-nothing", .flash = LIVE, .erase_all = 1},
    {.from = NVS FACTORY, .codes = "identity-erased", .erase_all = 1},
    {.from = NVS FACTORY,
     .codes = "",
     .flash = LIVE,
     .writes = {{.label = "nvs", .content = IDENTITY_OLD}, {.off = 0x10000, .content = APP}},
     .erase_all = 1},
    {.from = TWO KEYS STORAGE,
     .codes = "identity-erased identity-erased otadata-reset data-risk",
     .erase_all = 1},
    {.from = "esp_secure_cert,0x3f,6,0xd000,8K,\n" FACTORY,
     .to = "esp_secure_cert,0x3f,6,0x30000,8K,\n" FACTORY,
     .codes = "",
     .flash = LIVE,
     .writes = {{.off = 0x30000, .content = FILL_8}}},
    {.from = "esp_secure_cert,0x3f,6,0xd000,8K,\n" FACTORY,
     .to = "esp_secure_cert,0x3f,6,0x30000,8K,\n" FACTORY,
     .codes = "identity-moved",
     .flash = LIVE,
     .writes = {{.off = 0x30000, .content = FILL_4}}},
    {.from = "nvs,data,nvs,0x9000,24K,\n" FACTORY,
     .codes = "identity-mixed",
     .flash = FULL,
     .writes = {{.off = 0x9000, .content = IDENTITY_8}}},

    /* Files over it. The post's own case: 12 or 16 KB into a partition of 24. */
    {.from = "nvs,data,nvs,0x9000,24K,\n" FACTORY,
     .codes = "identity-mixed",
     .writes = {{.off = 0x10000, .content = APP}, {.off = 0x9000, .content = IDENTITY_12}}},
    {.from = "nvs,data,nvs,0x9000,24K,\n" FACTORY,
     .codes = "identity-mixed",
     .writes = {{.off = 0x9000, .content = IDENTITY_16}}},
    {.from = NVS FACTORY,
     .codes = "identity-replaced",
     .writes = {{.off = 0x9000, .content = IDENTITY_16}}},
    {.from = NVS FACTORY,
     .codes = "identity-replaced",
     .flash = LIVE,
     .writes = {{.off = 0x9000, .content = IDENTITY_8}}},
    {.from = NVS FACTORY,
     .codes = "",
     .flash = LIVE,
     .writes = {{.off = 0x9000, .content = IDENTITY_OLD}}},
    {.from = NVS FACTORY,
     .codes = "",
     .flash = NEW,
     .writes = {{.off = 0x9000, .content = IDENTITY_12}}},
    {.from = NVS FACTORY,
     .codes = "identity-overwritten not-nvs",
     .writes = {{.off = 0x9000, .content = ZEROS_4}}},

    /* Keys and data. */
    {.from = TWO KEYS, .to = TWO, .codes = "keys-removed"},
    {.from = TWO KEYS,
     .to = TWO "k,data,nvs_keys,0x30000,4K,\n",
     .codes = "keys-relabelled"}, /* found by its type */
    {.from = TWO KEYS, .to = TWO "keys,data,nvs_keys,0x31000,4K,\n", .codes = "keys-moved"},
    {.from = TWO KEYS,
     .to = TWO "keys,data,nvs_keys,0x31000,4K,\n",
     .codes = "",
     .flash = LIVE,
     .writes = {{.label = "keys", .content = FILL_4}}},
    {.from = TWO KEYS,
     .to = TWO "keys,data,nvs_keys,0x31000,4K,\n",
     .codes = "keys-moved",
     .flash = LIVE,
     .writes = {{.label = "keys", .content = RANDOM_4}}},
    {.from = TWO KEYS "more,data,nvs_keys,0x32000,4K,\n",
     .to = TWO KEYS "more,data,nvs_keys,0x33000,4K,\n",
     .codes = "keys-moved"},
    {.from = TWO KEYS,
     .codes = "keys-overwritten",
     .flash = LIVE,
     .writes = {{.off = 0x30000, .content = RANDOM_4}}},
    {.from = TWO KEYS,
     .to = TWO "x,data,fat,0x30000,4K,\n",
     .codes = "keys-removed keys-overwritten"},
    {.from = TWO KEYS, .to = TWO, .codes = "", .flash = NEW},
    {.from = TWO KEYS,
     .to = TWO "keys,data,nvs_keys,0x30000,4K,encrypted\n",
     .codes = "encrypted-flag"},
    {.from = TWO STORAGE, .to = TWO, .codes = "data-risk"},
    {.from = TWO STORAGE, .to = TWO "files,data,spiffs,0x50000,64K,\n", .codes = "data-risk"},
    {.from = TWO STORAGE, .to = TWO "files,data,spiffs,0x40000,32K,\n", .codes = "data-risk"},
    {.from = TWO STORAGE, .to = TWO "files,data,fat,0x40000,64K,\n", .codes = "data-risk"},
    {.from = TWO STORAGE, .codes = "data-risk", .writes = {{.off = 0x40000, .content = ZEROS_64}}},
    {.from = TWO STORAGE,
     .codes = "",
     .flash = LIVE,
     .writes = {{.off = 0x40000, .content = FILL_4}}},
    {.from = TWO STORAGE, .to = TWO, .codes = "", .flash = NEW},
    {.from = TWO STORAGE, .to = TWO, .codes = "data-lost", .flash = LIVE},
    {.from = TWO "own,0x40,7,0x40000,8K,\n", .to = TWO, .codes = "data-risk"},
    {.from = TWO "own,data,0x99,0x40000,8K,\n", .to = TWO, .codes = "data-lost", .flash = LIVE},
    {.from = TWO "own,data,0x99,0x40000,8K,\n",
     .to = TWO "own,data,0x99,0x50000,8K,\n",
     .codes = "",
     .flash = LIVE,
     .writes = {{.off = 0x50000, .content = FILL_8}}},
    {.from = TWO "core,data,coredump,0x40000,64K,\nphy,data,phy,0x50000,4K,\n",
     .to = TWO,
     .codes = "",
     .flash = LIVE},

    /* Booting. */
    {.from = NVS FACTORY, .codes = "table-moved", .to_off = 0x7000},
    {.from = NVS FACTORY,
     .codes = "",
     .writes = {{.off = 0x1000, .content = BOOT}},
     .to_off = 0x7000},
    {.from = TWO, .to = NVS SLOTS, .codes = "otadata-missing"},
    {.from = TWO, .to = NVS SLOTS, .codes = "otadata-missing boot-changed", .flash = LIVE},
    {.from = TWO, .to = NVS "otadata,data,ota,0x30000,8K,\n" SLOTS, .codes = "otadata-moved"},
    {.from = TWO,
     .to = NVS "otadata,data,ota,0x30000,8K,\n" SLOTS,
     .codes = "otadata-moved boot-changed",
     .flash = LIVE},
    {.from = TWO, .to = NVS "otadata,data,ota,0x30000,8K,\n" SLOTS, .codes = "", .flash = NEW},
    {.from = NVS FACTORY,
     .to = NVS "otadata,data,ota,0xd000,4K,\n" FACTORY "ota_0,app,ota_0,0x20000,64K,\n",
     .codes = "otadata-small table-fault"},
    {.from = TWO, .codes = "otadata-reset", .writes = {{.off = 0xd000, .content = BLANK_8}}},
    {.from = TWO,
     .codes = "otadata-reset boot-changed",
     .flash = LIVE,
     .writes = {{.off = 0xd000, .content = BLANK_8}}},
    {.from = TWO, .codes = "", .flash = NEW, .writes = {{.off = 0xd000, .content = BLANK_8}}},
    {.from = TWO, .to = TWO "ota_2,app,ota_2,0x30000,64K,\n", .codes = "ota-slots-changed"},
    {.from = TWO,
     .to = TWO "ota_2,app,ota_2,0x30000,64K,\n",
     .codes = "",
     .flash = LIVE}, /* seq 2: the second one of both */
    {.from = TWO,
     .to = NVS OTADATA "ota_0,app,ota_0,0x10000,64K,\n",
     .codes = "ota-slots-changed boot-changed",
     .flash = LIVE},
    {.from = TWO,
     .to = NVS OTADATA "ota_0,app,ota_0,0x10000,64K,\nota_1,app,ota_1,0x30000,64K,\n",
     .codes = "slot-moved"},
    {.from = TWO,
     .to = NVS OTADATA "ota_0,app,ota_0,0x10000,64K,\nota_1,app,ota_1,0x30000,64K,\n",
     .codes = "",
     UNKNOWN,
     {{.label = "ota_1", .content = APP}}},
    {.from = TWO,
     .to = NVS OTADATA "ota_0,app,ota_0,0x10000,64K,\nota_1,app,ota_1,0x20000,60K,\n",
     .codes = "slot-shrunk"},
    {.from = TWO,
     .to = NVS OTADATA "ota_0,app,ota_0,0x10000,64K,\nota_1,app,ota_1,0x20000,60K,\n",
     .codes = "",
     .flash = LIVE},
    {.from = TWO,
     .to = NVS OTADATA "ota_0,app,ota_0,0x10000,64K,\nota_1,app,ota_1,0x20000,4K,\n",
     .codes = "app-too-big boot-changed",
     .flash = LIVE},
    {.from = NVS OTADATA FACTORY "ota_0,app,ota_0,0x20000,64K,\n",
     .to = NVS OTADATA "ota_0,app,ota_0,0x20000,64K,\n",
     .codes = "factory-removed"},
    {.from = NVS FACTORY,
     .to = NVS "ota_0,app,ota_0,0x40000,64K,\n" OTADATA,
     .codes = "boot-nothing",
     .flash = LIVE},
    {.from = NVS FACTORY,
     .codes = "boot-changed",
     .flash = LIVE,
     .writes = {{.off = 0x10000, .content = APP_OTHER}}},
    {.from = NVS FACTORY,
     .codes = "app-other-chip boot-nothing", /* by the app that is there */
     .flash = LIVE,
     .writes = {{.off = 0x10000, .content = APP_C3}}},
    {.from = NVS FACTORY,
     .codes = "app-other-chip boot-nothing", /* by the bootloader */
     .flash = FULL,
     .writes = {{.off = 0x10000, .content = APP_C3}}},
    {.from = NVS FACTORY,
     .to = NVS "factory,app,factory,0x11000,64K,\n",
     .codes = "slot-moved table-fault"},
    {.from = NVS FACTORY,
     .to = NVS "factory,app,factory,0x11000,64K,\n",
     .codes = "table-fault boot-nothing",
     .flash = LIVE,
     .writes = {{.label = "factory", .content = APP}}},
    {.from = NVS FACTORY,
     .to = NVS FACTORY "far,data,coredump,0x1f0000,128K,\n",
     .codes = "table-too-large"},
    {.from = NVS FACTORY,
     .to = NVS FACTORY "far,data,coredump,0x100000,64K,\n",
     .codes = "table-too-large", /* 1 MB, says the bootloader */
     .flash = SMALL},
    {.from = NVS FACTORY "far,data,coredump,0x100000,64K,\n",
     .codes = "table-too-large",
     .writes = {{.off = 0x1000, .content = BOOT_1MB}}},
    {.from = NVS FACTORY,
     .codes = "app-damaged boot-nothing",
     .flash = LIVE,
     .writes = {{.off = 0x10000, .content = APP_CUT}}},

    /* The files themselves. */
    {.from = NVS FACTORY, .codes = "part-empty", .writes = {{.off = 0x10000, .content = EMPTY}}},
    {.from = NVS FACTORY,
     .codes = "part-outside-flash part-nowhere",
     .writes = {{.off = FLASH - 8, .content = ZEROS_4}}},
    {.from = NVS FACTORY,
     .codes = "part-overlap part-nowhere part-nowhere",
     .writes = {{.off = 0x30000, .content = ZEROS_64}, {.off = 0x34000, .content = ZEROS_4}}},
    {.from = NVS FACTORY,
     .codes = "part-on-table table-bad",
     .writes = {{.off = 0x7800, .content = ZEROS_4}}},
    {.from = NVS FACTORY,
     .codes = "part-on-table identity-overwritten",
     .writes = {{.off = 0x8400, .content = ZEROS_4}},
     .to_off = 0x8000},
    {.from = NVS FACTORY,
     .codes = "part-runs-into",
     .writes = {{.off = 0xf800, .content = ZEROS_4}}},
    {.from = NVS FACTORY, .codes = "part-inside", .writes = {{.off = 0x11000, .content = APP}}},
    {.from = TWO STORAGE,
     .codes = "part-inside-data data-risk",
     .writes = {{.off = 0x41000, .content = ZEROS_4}}},
    {.from = NVS FACTORY,
     .codes = "part-too-big identity-overwritten",
     .writes = {{.label = "nvs", .content = ZEROS_64}}},
    {.from = NVS FACTORY,
     .codes = "part-unknown-name",
     .writes = {{.label = "nvx", .content = IDENTITY_16}}},
    {.from = NVS FACTORY,
     .codes = "part-no-table",
     .writes = {{.label = "nvs", .content = IDENTITY_16}},
     .names_only = 1},
    {.from = NVS FACTORY, .codes = "table-bad", .writes = {{.off = 0x8000, .content = ZEROS_4}}},
    {.from = NVS FACTORY, .codes = "", .writes = {{.label = "partition-table", .content = TABLE}}},
    {.from = TWO,
     .to = NVS FACTORY,
     .codes = "table-differs ota-slots-changed",
     .writes = {{.label = "partition-table", .content = TABLE}},
     .other_table = 1},
    {.from = NVS FACTORY, .codes = "app-too-big", .writes = {{.off = 0x10000, .content = BIG_APP}}},
    {.from = NVS FACTORY, .codes = "app-damaged", .writes = {{.off = 0x10000, .content = APP_CUT}}},
    {.from = NVS FACTORY,
     .codes = "app-other-chip",
     .writes = {{.off = 0x1000, .content = BOOT}, {.off = 0x10000, .content = APP_C3}}},
    {.from = NVS FACTORY, .codes = "not-an-app", .writes = {{.off = 0x10000, .content = ZEROS_4}}},
    {.from = NVS FACTORY,
     .codes = "app-unknown",
     .writes = {{.off = 0x10000, .content = RANDOM_4}}}, /* encrypted already? */
    {.from = NVS FACTORY,
     .codes = "not-an-app", /* not beside a plain bootloader */
     .writes = {{.off = 0x10000, .content = RANDOM_4}, {.off = 0x1000, .content = BOOT}}},
    {.from = NVS FACTORY,
     .codes = "not-a-bootloader",
     .writes = {{.off = 0x1000, .content = ZEROS_4}}},
    {.from = NVS FACTORY,
     .codes = "not-a-bootloader",
     .writes = {{.off = 0x1000, .content = BLANK_8}}},
    {.from = NVS FACTORY,
     .codes = "bootloader-unknown",
     .writes = {{.off = 0x1000, .content = RANDOM_4}}},
    {.from = NVS FACTORY,
     .codes = "bootloader-unknown bootloader-lost",
     .flash = FULL,
     .writes = {{.off = 0x1000, .content = RANDOM_4}}},
    {.from = NVS FACTORY,
     .codes = "not-a-bootloader bootloader-lost",
     .flash = FULL,
     .writes = {{.off = 0, .content = ZEROS_8}}},
    {.from = NVS FACTORY, .codes = "", .flash = FULL, .writes = {{.off = 0x1000, .content = BOOT}}},
    {.from = "nvs,data,nvs,0x9000,16K,encrypted\n" FACTORY,
     .codes = "nvs-flagged-encrypted identity-replaced",
     .writes = {{.label = "nvs", .content = IDENTITY_16}}},
    {.from = NVS FACTORY, .codes = "bootloader-offset", .writes = {{.off = 0, .content = BOOT}}},
    {.from = NVS "factory,app,factory,0x10000,64K,encrypted\n",
     .codes = "plaintext",
     .writes = {{.label = "factory", .content = APP}}},
    {.from = TWO "x,data,fat,0x30000,4K,encrypted\n",
     .codes = "plaintext data-risk",
     .writes = {{.label = "x", .content = ZEROS_4}}},
    {.from = TWO "x,data,fat,0x30000,4K,encrypted\n",
     .codes = "data-risk",
     .writes = {{.label = "x", .content = RANDOM_4}}},
    {.from = NVS FACTORY,
     .codes = "encrypted-by-chip",
     .writes = {{.label = "factory", .content = APP, .encrypted = 1}}},
};

#endif
