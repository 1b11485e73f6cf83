/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_SIM_CORE_H
#define BM_SIM_CORE_H

/* The virtual board from inside: what its parts share. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/hash.h"
#include "proto/rom.h"
#include "proto/slip.h"
#include "sim/inflate.h"
#include "sim/out.h"
#include "sim/sim.h"

#define SIM_NEVER UINT64_MAX

enum {
    SIM_SECTOR = 4096,
    SIM_PAGE = 256,
    SIM_FRAME = 0x10000 + BM_ROM_HEADER, /* longest frame that the loader takes */
    SIM_PRESETS = 16,
    SIM_WRITTEN = 64, /* registers that were written to, at most */
    SIM_SPI_WORDS = 64,
    SIM_LOADED = 8 /* pieces of memory that were loaded, at most */
};

struct sim_register {
    uint32_t addr, value;
};

struct sim_registers {
    struct sim_register preset[SIM_PRESETS];
    size_t presets;
    struct sim_register written[SIM_WRITTEN];
    size_t writtens;
    uint32_t spi[SIM_SPI_WORDS];
    uint16_t flash_status;
    int flash_status_open; /* to the next write of it, until then */
};

/* What the flash commands of loader and stub keep. */
struct sim_writing {
    int begun;         /* by a FLASH_BEGIN or FLASH_DEFL_BEGIN */
    uint32_t sequence; /* of the next block */
    uint32_t blocks;   /* announced */
    uint32_t at;       /* where the next byte goes */
    uint32_t left;     /* stub: bytes to come; erased: sectors before this are erased */
    uint32_t erased;
    uint8_t error; /* stub: of the last block, told with the next answer */
    struct sim_inflate inflate;
};

/* READ_FLASH of the stub. */
struct sim_reading {
    int active;
    uint32_t at, len, sent, acked, block, window;
};

struct sim_loader {
    struct bm_slip slip;
    uint8_t *frame; /* SIM_FRAME bytes; what a shorter frame leaves is used, as in the ROM */
    uint8_t reply[BM_ROM_SLOW_READ + BM_ROM_STATUS]; /* also left as it is from answer to answer */
    uint8_t last_op;
    uint8_t error;
    uint32_t value;
    uint8_t digest[32];
    uint32_t flash_size; /* as told by SPI_SET_PARAMS */
    struct sim_writing writing;
    uint32_t mem_sequence, mem_at;
    struct {
        uint32_t start, end;
    } loaded[SIM_LOADED];
    size_t loadeds;
};

struct bm_sim {
    struct bm_sim_config config;
    uint32_t flash_id;
    enum bm_sim_state state;
    uint64_t now;
    int dtr, rts;
    int usb_download; /* USB-Serial/JTAG's flag */
    int strapped;     /* GPIO0 was low when the whole chip was last reset */
    enum bm_sim_reason reason;
    uint64_t reset_at; /* a reset that is due; SIM_NEVER */
    uint32_t host_baud, chip_baud;
    int autobaud;
    uint64_t wire_free; /* input has crossed the wire */
    uint64_t wire_rest; /* and nanoseconds */
    uint64_t busy;      /* the chip has done what it was told */
    struct sim_out out;
    uint64_t random;
    uint64_t received; /* bytes from the host */
    int unplugged;
    int muted; /* the answers to the current command get lost */
    struct bm_hash md5, sha256;
    struct sim_registers regs;
    struct sim_loader rom;
    struct sim_reading reading;
    struct bm_part_table *table; /* of the app that runs */
    struct bm_app app;
    struct bm_sim_program program;
    int running;     /* the runner has an app */
    unsigned log_ms; /* of the bootloader's log */
};

/* fault.c: chances, from the seed. */
uint32_t sim_random(struct bm_sim *sim);
int sim_chance(struct bm_sim *sim, uint32_t per_million);

/* out to the host: now, or when the chip has done what it was told. */
void sim_send(struct bm_sim *sim, const void *data, size_t len);
void sim_print(struct bm_sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_send_frame(struct bm_sim *sim, const void *data, size_t len);

/* The chip works for so long; of no effect without realtime. */
void sim_work(struct bm_sim *sim, uint64_t us);

/* A reset after so many microseconds, by the chip itself. */
void sim_reset_in(struct bm_sim *sim, uint64_t us, enum bm_sim_reason reason);

/* regs.c */
void sim_registers_reset(struct bm_sim *sim);
uint32_t sim_read_register(struct bm_sim *sim, uint32_t addr);
void sim_write_register(struct bm_sim *sim, uint32_t addr, uint32_t value, uint32_t mask);

/* nor.c: BM_OK, or an error of the region; ranges beyond the flash give BM_E_ARG. */
int sim_flash_read(struct bm_sim *sim, uint32_t off, void *buf, uint32_t len);
int sim_flash_erase(struct bm_sim *sim, uint32_t off, uint32_t len); /* rounds out to sectors */
int sim_flash_program(struct bm_sim *sim, uint32_t off, const void *buf, uint32_t len);
int sim_flash_compare(struct bm_sim *sim, uint32_t off, const void *buf, uint32_t len);
int sim_flash_md5(struct bm_sim *sim, uint32_t off, uint32_t len, uint8_t digest[16]);

/* loader.c: the ROM's loader. */
void sim_rom_start(struct bm_sim *sim);
void sim_rom_frame(struct bm_sim *sim);
/* Of the frame: length of its data as its header says, and 32 bits of it. */
uint16_t sim_frame_len(const struct bm_sim *sim);
uint32_t sim_frame_word(const struct bm_sim *sim, unsigned index);
/* rom_flash.c, rom_memory.c: commands; 0 or an enum bm_rom_error. */
uint8_t sim_rom_begin(struct bm_sim *sim);
uint8_t sim_rom_deflate_begin(struct bm_sim *sim);
uint8_t sim_rom_data(struct bm_sim *sim);
uint8_t sim_rom_deflate_data(struct bm_sim *sim);
uint8_t sim_rom_md5(struct bm_sim *sim);
uint8_t sim_rom_slow_read(struct bm_sim *sim);
uint8_t sim_rom_mem_begin(struct bm_sim *sim);
uint8_t sim_rom_mem_data(struct bm_sim *sim);
void sim_rom_mem_jump(struct bm_sim *sim, uint32_t entry);

/* stub.c */
void sim_stub_start(struct bm_sim *sim);
void sim_stub_frame(struct bm_sim *sim);

/* boot_log.c: what the ROM prints out of reset, and on loading the bootloader. */
void sim_print_reset(struct bm_sim *sim, int download);
void sim_print_load(struct bm_sim *sim, const struct bm_app *app);

/* boot.c: the ROM's loading of the bootloader; stage2.c: the bootloader up to the app's start. */
void sim_boot(struct bm_sim *sim);
void sim_stage2(struct bm_sim *sim, uint32_t flash_size);

/* app.c: what the runner has. start: sim->app of that partition. */
void sim_app_start(struct bm_sim *sim, const struct bm_part *part);
void sim_app_stop(struct bm_sim *sim);
void sim_app_turn(struct bm_sim *sim);

#endif
