/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/core.h"

/* What the mask ROMs print out of reset. From logs of boards in public; for the ESP32 and the C3
 * also as their ROMs said it under emulation. */

struct rom_text {
    int image_id;
    uint16_t revision;  /* of chips as they are sold in 2025: major * 100 + minor */
    uint16_t family;    /* of the names of reset causes */
    const char *banner; /* the first lines */
    const char *flash;  /* straps of a normal start */
    const char *download;
};

static const struct rom_text texts[] = {
    {0, 301, 0, "ets Jun  8 2016 00:22:57\r\n\r\n", "0x13 (SPI_FAST_FLASH_BOOT)",
     "0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))"},
    {2, 100, 1, "ESP-ROM:esp32s2-rc4-20191025\r\nBuild:Oct 25 2019\r\n",
     "0x8 (SPI_FAST_FLASH_BOOT)", "0x0 (DOWNLOAD(USB/UART0/1/SPI))"},
    {9, 2, 1, "ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021\r\n", "0x8 (SPI_FAST_FLASH_BOOT)",
     "0x0 (DOWNLOAD(USB/UART0))"},
    {12, 102, 1, "ESP-ROM:esp8684-api2-20220127\r\nBuild:Jan 27 2022\r\n",
     "0xc (SPI_FAST_FLASH_BOOT)", "0x4 (DOWNLOAD(UART0))"},
    {5, 4, 1, "ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\n", "0xc (SPI_FAST_FLASH_BOOT)",
     "0x4 (DOWNLOAD(USB/UART0/1))"},
    {23, 100, 2, "ESP-ROM:esp32c5-eco2-20250121\r\nBuild:Jan 21 2025\r\n",
     "0x18 (SPI_FAST_FLASH_BOOT)", "0x10 (DOWNLOAD(USB/UART0/SDIO))"},
    {13, 1, 2, "ESP-ROM:esp32c6-20220919\r\nBuild:Sep 19 2022\r\n", "0xc (SPI_FAST_FLASH_BOOT)",
     "0x4 (DOWNLOAD(USB/UART0/SDIO_FEI_FEO))"},
    {20, 100, 2, "ESP-ROM:esp32c61-eco3-20250228\r\nBuild:Feb 28 2025\r\n",
     "0xc (SPI_FAST_FLASH_BOOT)", "0x4 (DOWNLOAD(USB/UART0/SDIO))"},
    {16, 102, 2, "ESP-ROM:esp32h2-20221101\r\nBuild:Nov  1 2022\r\n", "0xc (SPI_FAST_FLASH_BOOT)",
     "0x4 (DOWNLOAD(USB/UART0))"},
    {18, 103, 2, "ESP-ROM:esp32p4-eco2-20240710\r\nBuild:Jul 10 2024\r\n",
     "0x30f (SPI_FAST_FLASH_BOOT)", "0x307 (DOWNLOAD(USB/UART0/SPI))"},
};

/* The ESP32's ROM of revision 3. */
static const char esp32_new_banner[] = "ets Jul 29 2019 12:21:46\r\n\r\n";

enum { CPU_RESET = 0xc }; /* an app's own restart resets the CPU only */

struct cause {
    enum bm_sim_reason reason;
    uint8_t code;
    const char *name[3];
};

static const struct cause causes[] = {
    {BM_SIM_POWERON, 0x1, {"POWERON_RESET", "POWERON", "POWERON"}},
    {BM_SIM_SW, CPU_RESET, {"SW_CPU_RESET", "RTC_SW_CPU_RST", "SW_CPU"}},
    {BM_SIM_PANIC, CPU_RESET, {"SW_CPU_RESET", "RTC_SW_CPU_RST", "SW_CPU"}},
    {BM_SIM_TASK_WDT, CPU_RESET, {"SW_CPU_RESET", "RTC_SW_CPU_RST", "SW_CPU"}},
    {BM_SIM_WDT, 0x10, {"RTCWDT_RTC_RESET", "RTCWDT_RTC_RST", "LP_WDT_SYS"}},
    {BM_SIM_USB, 0x15, {"USB_RESET", "USB_UART_CHIP_RESET", "USB_UART_HPSYS"}},
    {BM_SIM_SYSTEM, 0x3, {"SW_RESET", "RTC_SW_SYS_RST", "LP_SW_HPSYS"}},
};

static const struct rom_text *text_of(const struct bm_chip *chip)
{
    size_t i = 0;
    while (i + 1 < sizeof texts / sizeof texts[0] && texts[i].image_id != chip->image_id) {
        i++;
    }
    return &texts[i];
}

unsigned bm_sim_usual_revision(const struct bm_chip *chip)
{
    return text_of(chip)->revision;
}

void sim_print_reset(struct bm_sim *sim, int download)
{
    const struct rom_text *text = text_of(sim->config.chip);
    const struct cause *cause = causes;
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if (causes[i].reason == sim->reason) {
            cause = &causes[i];
        }
    }
    const int new_esp32 = sim->config.chip->image_id == 0 && sim->config.revision >= 300;
    sim_print(sim, "%s", new_esp32 ? esp32_new_banner : text->banner);
    sim_print(sim, "rst:0x%x (%s),boot:%s\r\n", cause->code, cause->name[text->family],
              download ? text->download : text->flash);
    if (download) {
        sim_print(sim, "waiting for download\r\n");
    }
}

void sim_print_load(struct bm_sim *sim, const struct bm_app *app)
{
    static const char *const modes[] = {"QIO", "QOUT", "DIO", "DOUT", "FAST READ", "SLOW READ"};
    const char *mode = modes[app->flash_mode < 6 ? app->flash_mode : 2];
    if (sim->config.chip->image_id == 0) {
        sim_print(sim,
                  "configsip: 0, SPIWP:0xee\r\nclk_drv:0x00,q_drv:0x00,d_drv:0x00,"
                  "cs0_drv:0x00,hd_drv:0x00,wp_drv:0x00\r\nmode:%s, clock div:2\r\n",
                  mode);
    } else if (sim->config.chip->image_id >= 18) {
        sim_print(sim, "SPI mode:%s, clock div:1\r\n", mode);
    } else {
        sim_print(sim, "SPIWP:0xee\r\nmode:%s, clock div:1\r\n", mode);
    }
    for (unsigned i = 0; i < app->segments; i++) {
        sim_print(sim,
                  sim->config.chip->image_id == 0 ? "load:0x%08x,len:%u\r\n"
                                                  : "load:0x%x,len:0x%x\r\n",
                  (unsigned)app->segment[i].load, (unsigned)app->segment[i].size);
    }
    sim_print(sim, "entry 0x%08x\r\n", (unsigned)app->entry);
}
