#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark image pack: programs of real compilers for the ESP32 and the ESP32-C3, with the layout
# rules of the bootloader checked on the bytes; then raw segments, options and wrong input.
. "$BM_SOURCE/tests/harness/lib.sh"
need od awk sha256sum

# The same program for both chips: constants, program in flash, program and data in RAM, .bss.
cat >app.c <<'C'
#include <stdint.h>
struct desc {
    uint32_t magic, secure_version, reserved[2];
    char version[32], project[32], time[16], date[16], idf[32];
    uint8_t sha256[32];
    uint16_t min_block, max_block;
    uint8_t page, rest[75];
};
__attribute__((section(".appdesc"), used)) const struct desc desc = {
    0xabcd5432, 3, {0, 0}, "1.0", "packed", "00:00:00", "Jan 01 2026", "none", {0}, 0, 0xffff, 16, {0}};
static const char words[] = "constants that stay in the flash";
uint32_t counter[200];
volatile uint32_t start = 41;
__attribute__((section(".flashtext"), noinline)) uint32_t more(uint32_t x) { return x * 3 + 1; }
__attribute__((section(".iram"), noreturn, used)) void _start(void)
{
    for (;;) {
        counter[start & 127] += more((uint32_t)words[start & 31]);
    }
}
C
# script DROM IROM IRAM DRAM
script() {
    cat <<LD
ENTRY(_start)
SECTIONS
{
  . = $1; .flash.appdesc : { KEEP(*(.appdesc)) } .flash.rodata : ALIGN(4) { *(.rodata* .srodata*) }
  . = $2; .flash.text : { *(.flashtext.literal .flashtext) }
  . = $3; .iram0.text : { *(.iram.literal .iram .literal .text*) }
  . = $4; .dram0.data : { *(.data* .sdata*) } .bss : { *(.bss* .sbss* COMMON) }
  /DISCARD/ : { *(.comment .note* .riscv.attributes .xtensa.info .xt.*) }
}
LD
}

# word FILE OFFSET: 32 bits, little-endian.
word() {
    od -An -tu4 -j "$2" -N 4 "$1" | tr -d ' '
}

# layout FILE FIRST LAST FIRST LAST: segment rules; what is in these address ranges is mapped.
layout() {
    local file=$1 n at=24 i address size mapped=0 sum
    n=$(od -An -tu1 -j 1 -N 1 "$file" | tr -d ' ')
    : >payload
    for ((i = 0; i < n; i++)); do
        address=$(word "$file" "$at")
        size=$(word "$file" $((at + 4)))
        at=$((at + 8))
        if ((address >= $2 && address < $3)) || ((address >= $4 && address < $5)); then
            ((at % 65536 == address % 65536)) || fail "segment $i is not where its page is"
            mapped=$((mapped + 1))
        fi
        ((size % 4 == 0)) || fail "segment $i has $size bytes"
        tail -c +$((at + 1)) "$file" | head -c "$size" >>payload
        at=$((at + size))
    done
    ((mapped == 2)) || fail "$mapped mapped segments"
    at=$((at / 16 * 16 + 16))
    sum=$(od -An -v -w1 -tu1 payload | awk 'function xor(a, b,   r, i) { r = 0
        for (i = 128; i >= 1; i /= 2) { if ((a >= i) != (b >= i)) r += i; a %= i; b %= i } return r }
        { seen[$1] = !seen[$1] } END { x = 239; for (b in seen) if (seen[b]) x = xor(x, b + 0); print x }')
    [ "$sum" = "$(od -An -tu1 -j $((at - 1)) -N 1 "$file" | tr -d ' ')" ] || fail "checksum"
    [ "$(stat -c %s "$file")" = $((at + 32)) ] || fail "size"
    [ "$(head -c "$at" "$file" | sha256sum | cut -c1-64)" = \
        "$(tail -c 32 "$file" | od -An -v -tx1 | tr -d ' \n')" ] || fail "SHA-256"
    ((0xabcd5432 == $(word "$file" 32))) || fail "the description does not lead"
    [ "$(sha256sum <"$6" | cut -c1-64)" = \
        "$(tail -c +177 "$file" | head -c 32 | od -An -v -tx1 | tr -d ' \n')" ] || fail "ELF SHA-256"
}

compilers=0
if command -v riscv64-unknown-elf-gcc >/dev/null; then
    compilers=$((compilers + 1))
    script 0x3c010020 0x42000200 0x40380000 0x3fc84000 >c3.ld
    run riscv64-unknown-elf-gcc -march=rv32imc -mabi=ilp32 -Os -ffreestanding -nostdlib \
        -nostartfiles -msmall-data-limit=0 -T c3.ld -o c3.elf app.c
    expect_exit 0
    bm image pack -o c3.bin --chip esp32c3 c3.elf
    expect_exit 0
    expect_no_stderr
    layout c3.bin $((0x3c000000)) $((0x3c800000)) $((0x42000000)) $((0x42800000)) c3.elf
    bm image verify c3.bin --chip esp32c3
    expect_exit 0
    expect_stdout_has "c3.bin: whole; app packed 1.0 for the ESP32-C3"
    # What the options change is changed, and the sums are right again.
    bm image pack c3.elf -o other.bin --chip esp32c3 --version 1.1 --project other --idf-version v9 \
        --secure-version 8 --min-rev 0.3 --max-rev v1.99 --flash-mode qio --flash-freq 40m \
        --flash-size 16MB --entry 0x40380010
    expect_exit 0
    bm image info other.bin
    expect_exit 0
    for text in "project         other" "version         1.1" "ESP-IDF         v9" \
        "secure version  8" "chip revisions  0.3 to 1.99" "flash           qio, 40m, 16MB" \
        "entry           0x40380010"; do
        expect_stdout_has "$text"
    done
    # The other chip's program, and a program that is not linked.
    bm image pack -o x.bin --chip esp32 c3.elf
    expect_exit 3
    expect_stderr_has "c3.elf: its program is for RISC-V, and the ESP32 is Xtensa; is --chip right?"
    riscv64-unknown-elf-gcc -march=rv32imc -mabi=ilp32 -ffreestanding -c -o c3.o app.c
    bm image pack -o x.bin --chip esp32c3 c3.o
    expect_exit 3
    expect_stderr_has "c3.o: ELF header: not a linked program"
    expect_stderr_lines 1
    # Two segments that the chip cannot map at once.
    script 0x3c000020 0x42000400 0x40380000 0x3fc84000 >bad.ld
    riscv64-unknown-elf-gcc -march=rv32imc -mabi=ilp32 -Os -ffreestanding -nostdlib -nostartfiles \
        -msmall-data-limit=0 -T bad.ld -o bad.elf app.c
    bm image pack -o x.bin --chip esp32c3 bad.elf
    expect_exit 3
    expect_stderr_has "need the same entry of the ESP32-C3's page table; move one by 64 KB"
    # Cut anywhere, it says so, and leaves nothing.
    size=$(stat -c %s c3.elf)
    for cut in 0 10 51 52 4200 $((size - 200)) $((size - 1)); do
        head -c "$cut" c3.elf >cut.elf
        bm image pack -o x.bin --chip esp32c3 cut.elf
        expect_exit 3
        expect_stderr_lines 1
    done
    no_file x.bin
fi
if command -v xtensa-lx106-elf-gcc >/dev/null; then
    compilers=$((compilers + 1))
    script 0x3f400020 0x400d0200 0x40080000 0x3ffb0000 >esp32.ld
    run xtensa-lx106-elf-gcc -Os -ffreestanding -nostdlib -nostartfiles -mtext-section-literals \
        -mlongcalls -T esp32.ld -o esp32.elf app.c
    expect_exit 0
    bm image pack -o esp32.bin --chip esp32 esp32.elf
    expect_exit 0
    expect_no_stderr
    layout esp32.bin $((0x3f400000)) $((0x3f800000)) $((0x400d0000)) $((0x40400000)) esp32.elf
    bm image verify esp32.bin --chip esp32
    expect_exit 0
fi

# Raw segments.
head -c 1000 /dev/zero >zeros.bin
bm image pack -o raw.bin --chip esp32s3 --entry 0x40378000 0x40378000=zeros.bin 0x42000020=zeros.bin
expect_exit 0
expect_stderr_has "raw.bin: warning: no app description leads"
expect_stderr_lines 1
bm image pack -o raw.bin --chip esp32 --entry 0x40080000 --desc 0x3f400020 0x40080000=zeros.bin
expect_exit 0
expect_stderr_has "no segment of program is mapped from the flash (IROM); ESP-IDF's bootloader stops"
bm image pack -o - --chip esp32c6 --entry 0x40800000 0x40800000=zeros.bin
expect_exit 0
head -c 1 "$out" | od -An -tx1 | grep -q e9 || fail "no image on stdout"
rm raw.bin

# revisions BYTES CHIP ARG...: of the header from the old byte on, as elf2image writes them with these
# options; X.Y as ESP-IDF's build calls it.
revisions() {
    local bytes=$1 chip=$2
    shift 2
    bm image pack -o rev.bin --chip "$chip" --entry 0x40800000 0x50000000=zeros.bin "$@"
    expect_exit 0
    [ "$(od -An -tx1 -j14 -N5 rev.bin | tr -d ' ')" = "$bytes" ] || fail "$chip $*: $(od -An -tx1 -j14 -N5 rev.bin)"
}
revisions 000000ffff esp32
revisions 032c01ffff esp32 --min-rev 3.0
revisions 030300ffff esp32c3 --min-rev 0.3
revisions 000300c700 esp32c6 --min-rev 0.3 --max-rev 1.99
revisions 000300c700 esp32c3 --min-rev-full 3 --max-rev-full 199
revisions 032c01ffff esp32 --min-rev 3 --min-rev-full 300
bm image info rev.bin
expect_exit 0
expect_stdout_has "chip revisions  3.0 to any"
expect_stdout_has "from 3, for bootloaders before ESP-IDF 5"
bm image pack -o rev.bin --chip esp32c3 --entry 1 0x3fc90000=zeros.bin --min-rev-full 3 --max-rev-full 0
expect_exit 0
bm image info rev.bin # 0 sets no limit, as in images of ESP-IDF 4
expect_exit 0
expect_stdout_has "chip revisions  0.3 to any"
bm image info --json rev.bin
expect_stdout_has '"max_revision": null'
bm image pack -o padded.bin --chip esp32c6 --entry 1 0x50000000=zeros.bin --secure-pad-v2 \
    --flash-mmu-page-size 16KB --pad-to-size 40K
expect_exit 0
[ "$(stat -c %s padded.bin)" = 40960 ] || fail "not filled up"
bm image pack -o rev.bin --chip esp32 --entry 1 0x50000000=zeros.bin --flash-mmu-page-size 16KB
expect_exit 0
expect_stderr_has "the ESP32 maps flash by pages of 64KB only"
rm rev.bin padded.bin

# wrong STATUS TEXT ARG...: one line (and the hint of a wrong use), and nothing left behind.
wrong() {
    local wanted=$1 text=$2
    shift 2
    bm image pack -o x.bin "$@"
    expect_exit "$wanted"
    expect_no_stdout
    expect_stderr_has "$text"
    expect_stderr_lines $((wanted == 2 ? 2 : 1))
    no_file x.bin
}
: >empty
wrong 2 "say for which chip" 0x40080000=zeros.bin
wrong 2 "say which ELF file" --chip esp32
wrong 2 "raw segments need --entry" --chip esp32 0x40080000=zeros.bin
wrong 2 "a segment is ADDRESS=FILE" --chip esp32 --entry 1 0x40080000=zeros.bin 0x400g=zeros.bin
wrong 2 "one ELF file, or segments" --chip esp32 zeros.bin zeros.bin
wrong 2 "is no clock of the ESP32-H2's flash" --chip esp32h2 --flash-freq 80m zeros.bin
wrong 2 "--min-rev is a revision like 3.1" --chip esp32 --min-rev 3.x zeros.bin
wrong 2 "--min-rev without a point" --chip esp32 --min-rev 300 zeros.bin
wrong 2 "--flash-mmu-page-size is 64KB" --chip esp32c6 --flash-mmu-page-size 12KB zeros.bin
wrong 2 "the smallest page of the ESP32-C2 is 16KB" --chip esp32c2 --flash-mmu-page-size 8KB zeros.bin
wrong 2 "--pad-to-size is a size" --chip esp32 --pad-to-size 0 zeros.bin
wrong 2 "only the ESP32 has signatures of version 1" --chip esp32c3 --secure-pad zeros.bin
wrong 2 "--no-hash leaves it away" --chip esp32 --secure-pad-v2 --no-hash zeros.bin
wrong 2 "--min-rev is newer than --max-rev" --chip esp32 --min-rev 3.1 --max-rev 3.0 zeros.bin
wrong 2 "--version has at most 32 bytes" --chip esp32 --version 012345678901234567890123456789012 zeros.bin
wrong 2 "--flash-size is 1MB, 2MB" --chip esp32 --flash-size 3MB zeros.bin
wrong 3 "zeros.bin: ELF header: no ELF file" --chip esp32 zeros.bin
wrong 3 "empty: empty" --chip esp32 --entry 1 0x40080000=empty
wrong 3 "it has no app description to write a version into; see --desc" \
    --chip esp32 --entry 1 --version 1 0x40080000=zeros.bin
wrong 3 "lies over" --chip esp32 --entry 1 0x40080000=zeros.bin 0x40080100=zeros.bin
bm image pack --chip esp32 zeros.bin
expect_exit 2
expect_stderr_has "say where to write the image: -o FILE"
bm image pack -o zeros.bin --chip esp32 zeros.bin
expect_exit 2
expect_stderr_has "is also read as an input"

[ "$compilers" = 2 ] || skip "no cross compiler for one of the chips; the rest passed"
