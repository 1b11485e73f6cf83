/* SPDX-License-Identifier: Apache-2.0 */
#include "console.h"

#include <stdio.h>
#include <string.h>

#include "esp_sleep.h"
#include "esp_system.h"
#include "esp_task_wdt.h"
#include "nvs.h"

enum { WATCHDOG_MS = 2000, BLOB = 300 };

static void say_version(void)
{
    printf("version %s\n", FIRMWARE_VERSION);
}

/* Writes to an address where nothing is. */
static void crash(void)
{
    volatile int *volatile nowhere = NULL;
    *nowhere = 1; /* NOLINT(clang-analyzer-core.NullDereference): on purpose */
}

static void hang(void)
{
    for (volatile unsigned i = 0;; i = i + 1) {
    }
}

/* Writes to NVS until the power goes: text and blob always tell the same number. */
static void wear(void)
{
    static uint8_t blob[BLOB];
    nvs_handle_t nvs;
    char text[12];
    if (nvs_open("wear", NVS_READWRITE, &nvs) != ESP_OK) {
        return;
    }
    printf("writing\n");
    for (unsigned n = 0;; n++) {
        (void)snprintf(text, sizeof text, "%u", n);
        memset(blob, (int)(n & 0xff), sizeof blob);
        if (nvs_set_str(nvs, "text", text) != ESP_OK ||
            nvs_set_blob(nvs, "blob", blob, sizeof blob) != ESP_OK) {
            printf("NVS takes no more\n");
            break;
        }
        (void)esp_task_wdt_reset();
    }
    nvs_close(nvs);
}

static const struct {
    const char *word;
    void (*run)(void);
} commands[] = {{"version", say_version}, {"restart", esp_restart}, {"sleep", esp_deep_sleep_start},
                {"crash", crash},         {"hang", hang},           {"wear", wear}};

static void answer(const char *line)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(line, commands[i].word) == 0) {
            commands[i].run();
            return;
        }
    }
    printf("\"%s\" is not version, restart, sleep, crash, hang or wear\n", line);
}

/* Waiting for a line is not watched, answering it is. */
void console_run(void)
{
    const esp_task_wdt_config_t config = {.timeout_ms = WATCHDOG_MS, .trigger_panic = true};
    char line[80];
    (void)esp_task_wdt_reconfigure(&config);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] != '\0') {
            (void)esp_task_wdt_add(NULL);
            answer(line);
            (void)esp_task_wdt_delete(NULL);
        }
    }
}
