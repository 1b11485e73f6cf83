/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_MONITOR_TRACE_H
#define BM_MONITOR_TRACE_H

/* What ESP-IDF's panic handler prints: is it a panic, and which addresses of code are in a line. */

#include <stddef.h>
#include <stdint.h>

enum bm_address_kind {
    BM_ADDRESS_CODE = 0, /* an instruction, if it is code at all */
    BM_ADDRESS_RETURN,   /* the instruction behind a call: register RA */
    BM_ADDRESS_A0,       /* register A0: that of Xtensa's return address, RISC-V's first argument */
    BM_ADDRESS_STACK     /* a word of the stack: perhaps where a call returns to */
};

struct bm_address {
    uint32_t value;
    enum bm_address_kind kind;
};

enum { BM_ADDRESSES_MAX = 128 }; /* of one line; a backtrace has up to 100 frames */

/* Finds words of the form 0x and eight hex digits. Stack pointers of a backtrace (0xPC:0xSP) and
 * the memory addresses before a stack dump are left out. Returns how many. */
size_t bm_trace_find(struct bm_address out[BM_ADDRESSES_MAX], const char *text, size_t len);

/* 1 if this line says that the program has crashed: a Guru Meditation, abort(), a failed assert, a
 * stack overflow, an interrupt watchdog. */
int bm_trace_panic(const char *text, size_t len);

/* 1 if it is the line with which a panic ends: "Rebooting...". */
int bm_trace_reboot(const char *text, size_t len);

/* Hex digits that follow "ELF file SHA256:", the beginning of the hash of the program that runs.
 * out: room for 65 bytes. Returns how many digits, 0 where there are none. */
size_t bm_trace_elf_hash(char out[65], const char *text, size_t len);

#endif
