/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/boot_words.h"

#include <stdio.h>

#include "base/base.h"

const struct cli_boot_words cli_boot_words[BM_BOOT_CODES] = {
    [BM_BOOT_NO_OTADATA] = {"no-otadata",
                            "The table has no otadata partition, so nothing selects a slot: the "
                            "factory app is first, then the slots from ota_0.",
                            NULL},
    [BM_BOOT_OTADATA_SMALL] = {"otadata-small",
                               "The otadata partition has $v bytes, and 8192 are needed: the "
                               "bootloader gives up and restarts.",
                               NULL},
    [BM_BOOT_ABORTED_RECORD] = {"record-aborted",
                                "Record $r (sequence $v) is pending: its app was started and never "
                                "confirmed itself. It is written as aborted.",
                                NULL},
    [BM_BOOT_NO_SLOTS] = {"no-slots",
                          "The table has no OTA slots, so the records cannot select one.", NULL},
    [BM_BOOT_NO_RECORD] = {"no-record",
                           "No record counts (each is blank, invalid or aborted): $i is selected.",
                           NULL},
    [BM_BOOT_DAMAGED] =
        {"records-damaged",
         "No record counts, and one that is not blank has a wrong CRC or was passed "
         "over: the factory app is first, then the slots from ota_0.",
         NULL},
    [BM_BOOT_INITIAL] = {"initial",
                         "Both records are blank or damaged, as in a new device: the slot that "
                         "starts gets a record.",
                         NULL},
    [BM_BOOT_RECORD_OLD] = {"record-too-old",
                            "Record $r selects $i, whose app has secure version $v or none, under "
                            "that of the fuses: it is passed over.",
                            NULL},
    [BM_BOOT_RECORD] = {"record",
                        "Record $r has the highest sequence number that counts, $v: it selects $i.",
                        NULL},
    [BM_BOOT_TRIAL] = {"trial",
                       "Record $r is new: it is written as pending, and $i has this one start to "
                       "confirm itself.",
                       NULL},
    [BM_BOOT_FUSES] = {"fuses", "The secure version in the fuses becomes $v.", NULL},
    [BM_BOOT_FACTORY_RESET] =
        {"factory-reset",
         "The pin asks for a factory reset, which leaves otadata as it is. "
         "The choice is made once more.",
         "The pin asks for a factory reset: otadata is erased, and the choice "
         "made once more."},
    [BM_BOOT_TEST_PIN] = {"test-pin", "The pin asks for the test app.", NULL},
    [BM_BOOT_TEST_MISSING] = {"test-missing",
                              "The pin asks for the test app, and the table has none: the "
                              "bootloader restarts.",
                              NULL},
    [BM_BOOT_SLOT_MISSING] =
        {"slot-missing",
         "The table has no partition for $i, though it has that many slots: it "
         "is passed over.",
         NULL},
    [BM_BOOT_IMAGE_OLD] = {"image-too-old",
                           "The app in $i has secure version $v or none, under that of the fuses: "
                           "it is passed over.",
                           NULL},
    [BM_BOOT_IMAGE_BAD] = {"image-bad", "There is no bootable image in $i: it is passed over.",
                           "The image in $i is damaged (a sum is wrong): it is passed over."},
    [BM_BOOT_STARTS] = {"starts", "$i starts.", "$i starts, without having been verified."},
    [BM_BOOT_FIRST_RECORD] = {"first-record", "Record 0 is written for $i: sequence $v, valid.",
                              NULL},
    [BM_BOOT_TABLE_REFUSED] = {"table-refused",
                               "A partition ends beyond the flash, which has $v bytes (by the "
                               "bootloader's header or the chip): the whole table is refused.",
                               NULL},
    [BM_BOOT_NOTHING] = {"nothing",
                         "No app can be started: the bootloader restarts, again and again.", NULL},
};

const char *cli_boot_place(char buf[CLI_BOOT_PLACE], int index)
{
    if (index == BM_BOOT_FACTORY || index == BM_BOOT_TEST) {
        return index == BM_BOOT_FACTORY ? "factory" : "test";
    }
    if (index < 0) {
        return "none";
    }
    (void)snprintf(buf, CLI_BOOT_PLACE, "ota_%d", index);
    return buf;
}

const char *cli_boot_say(char out[CLI_BOOT_TEXT], const struct bm_boot_step *step)
{
    const struct cli_boot_words *words = &cli_boot_words[step->code];
    const char *p = words->text_1 != NULL && step->value == 1 ? words->text_1 : words->text;
    char place[CLI_BOOT_PLACE];
    struct bm_text t;
    bm_text_init(&t, out, CLI_BOOT_TEXT);
    for (; *p != '\0'; p++) {
        if (*p != '$') {
            const char one[2] = {*p, '\0'};
            bm_text_str(&t, one);
            continue;
        }
        p++;
        if (*p == 'i') {
            bm_text_str(&t, cli_boot_place(place, step->index));
        } else {
            bm_text_u64(&t, *p == 'r' ? step->record : step->value);
        }
    }
    return out;
}

const char *cli_ota_state(uint32_t state)
{
    static const char *const names[] = {"new", "pending", "valid", "invalid", "aborted"};
    if (state == BM_OTA_UNDEFINED) {
        return "undefined";
    }
    return state < sizeof names / sizeof names[0] ? names[state] : "unknown";
}
