/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/finding.h"

/* What ESP-IDF does: its bootloader (bootloader_utility.c), esp_partition, nvs_flash, and esptool's
 * write_flash, which erases whole sectors of 4096 bytes. docs/preflight.md says more. */

#define READ_OUT "read it out first (" BM_LAYOUT_READ_OUT ")"

const struct bm_layout_kind bm_layout_kinds[BM_LF_COUNT] = {
    [BM_LF_PART_EMPTY] = {"part-empty", BM_ERROR, "the file is empty",
                          "make it again, or leave it out"},
    [BM_LF_PART_OUTSIDE_FLASH] = {"part-outside-flash", BM_ERROR,
                                  "goes from $new to beyond the end of the flash at $old",
                                  "correct the offset, or the size of the flash"},
    [BM_LF_PART_OVERLAP] = {"part-overlap", BM_ERROR, "at $new it overlaps $old",
                            "correct the offsets, or leave one out"},
    [BM_LF_PART_ON_TABLE] = {"part-on-table", BM_ERROR,
                             "at $new it reaches into the partition table at $old",
                             "make it smaller, or move the table (CONFIG_PARTITION_TABLE_OFFSET)"},
    [BM_LF_PART_NOWHERE] = {"part-nowhere", BM_WARNING,
                            "at $new it lies in no partition: no program finds it by name",
                            "correct the offset, or add a row to the table"},
    [BM_LF_PART_RUNS_INTO] = {"part-runs-into", BM_ERROR,
                              "at $new it begins before partition $part at $old and runs into it",
                              "correct the offset, or cut the file"},
    [BM_LF_PART_INSIDE] = {"part-inside", BM_ERROR,
                           "begins at $new, in the middle of partition $part at $old, where no "
                           "device looks for it",
                           "write $part=$file, so that it goes to the partition's start"},
    [BM_LF_PART_INSIDE_DATA] = {"part-inside-data", BM_WARNING,
                                "begins at $new, in the middle of partition $part at $old",
                                "none needed if the program expects it there"},
    [BM_LF_PART_TOO_BIG] = {"part-too-big", BM_ERROR,
                            "has $new and does not fit into partition $part of $old",
                            "make the partition larger or the file smaller"},
    [BM_LF_PART_UNKNOWN_NAME] = {"part-unknown-name", BM_ERROR,
                                 "the table has no partition $part$old",
                                 "use a name of the table, or an offset"},
    [BM_LF_PART_NO_TABLE] = {"part-no-table", BM_ERROR,
                             "where partition $part is cannot be known without a table",
                             "give --table, or the table as one of the parts"},
    [BM_LF_TABLE_BAD] = {"table-bad", BM_ERROR, "at $new there is no partition table: $old",
                         "write the table there, or say where it is with --table-offset"},
    [BM_LF_TABLE_DIFFERS] = {"table-differs", BM_ERROR,
                             "is not the table given with --table: partition $part differs",
                             "leave --table out, or give the one that is written"},
    [BM_LF_APP_TOO_BIG] = {"app-too-big", BM_ERROR,
                           "the app has $new and does not fit into partition $part of $old",
                           "make the app smaller, or the partition larger without moving others"},
    [BM_LF_APP_DAMAGED] = {"app-damaged", BM_ERROR, "damaged app image: $new",
                           "build or copy it again"},
    [BM_LF_APP_OTHER_CHIP] = {"app-other-chip", BM_ERROR, "is an image for $new, not for $old",
                              "build all parts for one chip"},
    [BM_LF_NOT_AN_APP] = {"not-an-app", BM_ERROR,
                          "goes into app partition $part, but is no app image",
                          "check file and offset"},
    [BM_LF_NOT_NVS] = {"not-nvs", BM_ERROR, "goes into NVS partition $part, but is no NVS image",
                       "check file and offset; birthmark generate makes NVS images"},
    [BM_LF_NVS_FLAGGED_ENCRYPTED] = {"nvs-flagged-encrypted", BM_WARNING,
                                     "NVS partition $part is flagged encrypted: with flash "
                                     "encryption on, ESP-IDF refuses to open it",
                                     "take the flag away; NVS has an encryption of its own"},
    [BM_LF_BOOTLOADER_OFFSET] = {"bootloader-offset", BM_ERROR,
                                 "a bootloader at $new; the chip looks for it at $old",
                                 "write it to $old"},
    [BM_LF_NOT_A_BOOTLOADER] = {"not-a-bootloader", BM_ERROR,
                                "goes before the partition table, where the bootloader is, and is "
                                "no bootloader",
                                "check file and offset"},
    [BM_LF_BOOTLOADER_UNKNOWN] = {"bootloader-unknown", BM_WARNING,
                                  "goes before the partition table, where the bootloader is; "
                                  "whether it is one cannot be told (encrypted?)",
                                  "none needed where it was encrypted for this device"},
    [BM_LF_APP_UNKNOWN] = {"app-unknown", BM_WARNING,
                           "goes into app partition $part; whether it is an app cannot be told "
                           "(encrypted?)",
                           "none needed where it was encrypted for this device"},
    [BM_LF_TABLE_FAULT] = {"table-fault", BM_ERROR, "the new table is wrong: $new",
                           "correct the table (birthmark partitions --check)"},
    [BM_LF_TABLE_TOO_LARGE] = {"table-too-large", BM_ERROR,
                               "the table reaches to $new, beyond the end of the flash at $old (by "
                               "its size, or as the bootloader has it): the bootloader refuses "
                               "the whole table and restarts for ever",
                               "make partitions smaller, or build the bootloader for the flash "
                               "there is (CONFIG_ESPTOOLPY_FLASHSIZE)"},
    [BM_LF_PLAINTEXT] = {"plaintext", BM_ERROR,
                         "is plaintext, and partition $part is flagged encrypted: with flash "
                         "encryption on, the device reads it as rubbish",
                         "encrypt it first, or write it with esptool's --encrypt; for a device "
                         "whose flash encryption is off, or that encrypts itself at the first "
                         "start, give --plaintext-ok"},
    [BM_LF_ENCRYPTED_BY_CHIP] = {"encrypted-by-chip", BM_ERROR,
                                 "flasher_args.json has it encrypted by the chip while it is "
                                 "written; a flash file would hold plaintext",
                                 "write it with esptool's --encrypt; for a device that encrypts "
                                 "itself at the first start, give --plaintext-ok"},

    [BM_LF_IDENTITY_REMOVED] = {"identity-removed", BM_ERROR,
                                "partition $part at $old is not in the new table: what it holds is "
                                "lost to the program",
                                "keep its row with offset, size and name, or " READ_OUT
                                " and write it into a partition of the new table"},
    [BM_LF_IDENTITY_MOVED] = {"identity-moved", BM_ERROR,
                              "partition $part is moved from $old to $new: what it holds stays "
                              "behind",
                              "move $part back to $old, or " READ_OUT " and write it to $new"},
    [BM_LF_IDENTITY_SHRUNK] = {"identity-shrunk", BM_ERROR,
                               "partition $part shrinks from $old to $new: pages behind its end "
                               "are lost",
                               "give $part $old again, or export its values (birthmark export) and "
                               "generate a smaller image"},
    [BM_LF_IDENTITY_SHRUNK_BLANK] = {"identity-shrunk-blank", BM_WARNING,
                                     "partition $part shrinks from $old to $new; the pages behind "
                                     "its end are blank on this device, but may not be on others",
                                     "give $part $old again, or look at each device"},
    [BM_LF_IDENTITY_RELABELLED] = {"identity-relabelled", BM_ERROR,
                                   "partition $old is called $new in the new table: programs open "
                                   "it by its name and find nothing",
                                   "call it $old again, or change every program that opens it"},
    [BM_LF_IDENTITY_RETYPED] = {"identity-retyped", BM_ERROR,
                                "partition $part changes from type $old to $new: it is no longer "
                                "found",
                                "give $part type $old again"},
    [BM_LF_IDENTITY_OVERLAPPED] = {"identity-overlapped", BM_ERROR,
                                   "$new of the new table lies over partition $part at $old: it "
                                   "will be overwritten when that is used",
                                   "move it away from $old, or " READ_OUT},
    [BM_LF_IDENTITY_OVERWRITTEN] = {"identity-overwritten", BM_ERROR,
                                    "writing $file to $new erases what partition $part at $old "
                                    "holds",
                                    "leave that file out or correct its offset, or " READ_OUT},
    [BM_LF_IDENTITY_REPLACED] =
        {"identity-replaced", BM_ERROR,
         "writing $file replaces all that partition $part at $old holds",
         "leave it out for devices that have an identity; set single values "
         "with birthmark set or import"},
    [BM_LF_IDENTITY_MIXED] = {"identity-mixed", BM_ERROR,
                              "writing $file ($new) replaces only the first pages of partition "
                              "$part ($old): old pages stay behind them, and their values mix with "
                              "the new ones",
                              "generate the image with all $old of the partition, or erase the "
                              "partition first"},
    [BM_LF_IDENTITY_ERASED] = {"identity-erased", BM_ERROR,
                               "all of the flash is erased first (--erase-all in "
                               "flasher_args.json), and with it partition $part at $old",
                               "take --erase-all out of the build's settings, or " READ_OUT
                               " and write it back"},
    [BM_LF_IDENTITY_LOST] = {"identity-lost", BM_ERROR,
                             "what partition $part at $old holds is not the same after the "
                             "change: $new",
                             "leave $part as it is, or " READ_OUT " and write all of it"},
    [BM_LF_NVS_NO_FREE_PAGE] = {"nvs-no-free-page", BM_ERROR,
                                "in partition $part there $new no free page: a program that opens "
                                "it to write gets ESP_ERR_NVS_NO_FREE_PAGES, and common code then "
                                "erases it",
                                "give it more room, or the flag readonly"},
    [BM_LF_ENCRYPTED_FLAG] = {"encrypted-flag", BM_ERROR,
                              "partition $part is $old and becomes $new: with flash encryption on, "
                              "it can no longer be read (NVS is refused with "
                              "ESP_ERR_NVS_WRONG_ENCRYPTION)",
                              "leave the flag as it is"},
    [BM_LF_READONLY_SET] = {"readonly-set", BM_WARNING,
                            "partition $part becomes readonly: programs that write to it fail",
                            "none needed if it holds the identity only"},
    [BM_LF_READONLY_CLEARED] = {"readonly-cleared", BM_WARNING,
                                "partition $part is no longer readonly: a program can erase it",
                                "keep the flag where only the factory writes"},
    [BM_LF_NVS_GROWN] = {"nvs-grown", BM_ERROR,
                         "partition $part grows from $old to $new over flash that no partition "
                         "had: what lies there is taken for pages, and their values count",
                         "erase that flash before the first start; --flash shows whether it is "
                         "blank"},
    [BM_LF_NVS_GROWN_OVER] =
        {"nvs-grown-over", BM_ERROR,
         "partition $part grows to $new over $old: what that left behind is "
         "taken for damaged pages, or for values",
         "erase the flash of $old before the first start, or leave $part as it "
         "is"},
    [BM_LF_KEYS_REMOVED] = {"keys-removed", BM_ERROR,
                            "the NVS keys in partition $part at $old are not in the new table: "
                            "encrypted NVS becomes unreadable, and is erased by common code",
                            "keep the row of $part as it is"},
    [BM_LF_KEYS_MOVED] = {"keys-moved", BM_ERROR,
                          "the NVS keys in partition $part are moved from $old to $new: the device "
                          "makes new ones there, and encrypted NVS becomes unreadable",
                          "move $part back to $old"},
    [BM_LF_KEYS_RELABELLED] = {"keys-relabelled", BM_WARNING,
                               "the partition of the NVS keys, $old, is called $new in the new "
                               "table: programs that look for it by name do not find it",
                               "none needed where ESP-IDF looks for it, which goes by its type"},
    [BM_LF_KEYS_OVERWRITTEN] = {"keys-overwritten", BM_ERROR,
                                "the NVS keys in partition $part at $old are overwritten by "
                                "$new: encrypted NVS becomes unreadable",
                                "leave it out or correct its offset"},
    [BM_LF_DATA_LOST] = {"data-lost", BM_ERROR,
                         "partition $part at $old $new: what it holds is lost",
                         "leave it as it is if its data matters"},
    [BM_LF_DATA_RISK] =
        {"data-risk", BM_WARNING, "partition $part at $old $new: what it may hold is lost",
         "leave it as it is if its data matters; --flash shows whether there is any"},

    [BM_LF_TABLE_MOVED] = {"table-moved", BM_ERROR,
                           "the partition table is moved from $old to $new, and no bootloader is "
                           "written with it: the one on the device reads $old",
                           "leave CONFIG_PARTITION_TABLE_OFFSET as it is, or write the bootloader "
                           "too, by cable"},
    [BM_LF_BOOTLOADER_LOST] = {"bootloader-lost", BM_ERROR,
                               "the device has a bootloader at $old, and none that is whole after "
                               "the change",
                               "correct the offsets, or write the bootloader, too"},
    [BM_LF_OTADATA_MISSING] = {"otadata-missing", BM_ERROR,
                               "the new table has OTA slots but no otadata: no update can ever be "
                               "selected",
                               "add a row: otadata, data, ota, , 0x2000"},
    [BM_LF_OTADATA_MOVED] = {"otadata-moved", BM_ERROR,
                             "otadata is moved from $old to $new: which slot boots is forgotten",
                             "move it back to $old"},
    [BM_LF_OTADATA_SMALL] = {"otadata-small", BM_ERROR,
                             "otadata has $new; the bootloader wants two sectors, 8 KB",
                             "give it 0x2000 bytes"},
    [BM_LF_OTADATA_RESET] = {"otadata-reset", BM_WARNING,
                             "writing $file changes otadata at $old: another slot than now may "
                             "boot",
                             "leave it out for devices that have been updated over the air"},
    [BM_LF_OTA_SLOTS_CHANGED] = {"ota-slots-changed", BM_ERROR,
                                 "the number of OTA slots changes from $old to $new: the number in "
                                 "otadata then selects another slot",
                                 "keep the number, or write otadata with the layout (birthmark ota "
                                 "select)"},
    [BM_LF_SLOT_MOVED] = {"slot-moved", BM_ERROR,
                          "app partition $part is moved from $old to $new, and no app is written "
                          "there",
                          "move it back to $old, or write an app to $new"},
    [BM_LF_SLOT_SHRUNK] =
        {"slot-shrunk", BM_WARNING,
         "app partition $part shrinks from $old to $new: the app in it may no "
         "longer fit",
         "compare with the size of the app, or give --flash to have it looked at"},
    [BM_LF_FACTORY_REMOVED] = {"factory-removed", BM_ERROR,
                               "app partition $part at $old is not in the new table: a device "
                               "whose otadata is blank boots it",
                               "keep it, or select a slot first (birthmark ota select)"},
    [BM_LF_BOOT_NOTHING] =
        {"boot-nothing", BM_ERROR,
         "the device boots $old now, and after the change the bootloader finds no app to start",
         "write an app into a slot of the new table"},
    [BM_LF_BOOT_CHANGED] = {"boot-changed", BM_WARNING,
                            "the device boots $old now, and $new after the change",
                            "none needed if that is what is wanted"},
};
