#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark image info and verify: whole images, and one clear line for everything else.
. "$BM_SOURCE/tests/harness/lib.sh"

# A small app of raw segments; desc.bin would stand at 0x3c010020.
printf 'program of forty bytes, more or less... ' >text.bin
printf 'some data in RAM....' >data.bin
pack() {
    bm image pack -o app.bin --chip esp32c3 --entry 0x42000128 --desc 0x3c010020 --version 1.2 \
        --project blinky "$@" 0x42000128=text.bin 0x3fc84000=data.bin
    expect_exit 0
    expect_no_stderr
}
pack
expect_stdout "app.bin: 400 bytes, for the ESP32-C3"

bm image info app.bin
expect_exit 0
expect_no_stderr
expect_stdout_has "app.bin: app for the ESP32-C3, 400 bytes"
expect_stdout_has "version         1.2"
expect_stdout_has "entry           0x42000128"
expect_stdout_has "chip revisions  0.0 to any"
expect_stdout_has "flash           dio, 80m, 2MB"
expect_stdout_has "        0  DROM     0x3c010020  0x00000020  256"
expect_stdout_has "        1  IROM     0x42000128  0x00000128  40"
expect_stdout_has "        2  DRAM     0x3fc84000  0x00000158  20"
expect_stdout_has ", right"
bm image info app.bin --json
expect_exit 0
expect_stdout_has '"kind": "app"'
expect_stdout_has '"memory": "IROM"'
expect_stdout_has '"whole": true'
bm image verify app.bin --chip ESP32-C3 --partition-size 400
expect_exit 0
expect_stdout "app.bin: whole; app blinky 1.2 for the ESP32-C3, 400 bytes, checksum and SHA-256 right"
run "$BIRTHMARK" image verify - <app.bin
expect_exit 0
expect_stdout_has "standard input: whole"

# told STATUS TEXT ARG...: the answer of verify is this one line.
told() {
    local status=$1 text=$2
    shift 2
    bm image verify "$@"
    expect_exit "$status"
    expect_no_stderr
    expect_stdout "$text"
}

told 1 "app.bin: it is for the ESP32-C3, not for the ESP32" app.bin --chip esp32
told 1 "app.bin: it is too large: 400 bytes for a partition of 256, 144 too many" app.bin --room 256
head -c 399 app.bin >cut.bin
told 1 "cut.bin: truncated: 1 byte is missing, there are 399" cut.bin
head -c 100 app.bin >cut.bin
told 1 "cut.bin: truncated: at least 196 bytes are missing, there are 100" cut.bin
head -c 10 app.bin >cut.bin
told 1 "cut.bin: truncated: at least 14 bytes are missing, there are 10" cut.bin
bm image info cut.bin
expect_exit 1
expect_stdout_has "truncated"

# poke OFFSET BYTES: a copy, changed.
poke() {
    cp app.bin bad.bin
    printf '%b' "$2" | dd of=bad.bin bs=1 seek="$1" conv=notrunc status=none
}
poke 300 X
bm image verify bad.bin
expect_exit 1
expect_stdout "bad.bin: the checksum is wrong: its data was changed
bad.bin: the SHA-256 is wrong"
bm image info bad.bin
expect_exit 1
expect_stdout_has "WRONG"
poke 2 '\0'
told 1 "bad.bin: the SHA-256 is wrong, though the checksum is right: header, padding or sums were changed" bad.bin
poke 1 '\21'
told 1 "bad.bin: header: it has more than 16 segments" bad.bin
poke 1 '\0'
told 1 "bad.bin: header: it has no segments" bad.bin
poke 28 '\1'
told 1 "bad.bin: segment 0: its length is not a multiple of 4" bad.bin
poke 24 '\40\1'
told 1 "bad.bin: segment 0: it is mapped from the flash, but its offset and its address do not agree within a page" bad.bin
bm image verify bad.bin --json
expect_exit 1
expect_stdout_has '"id": "damaged"'
{ cat app.bin; echo tail; } >bad.bin
told 1 "bad.bin: 5 bytes behind its end that are neither blank nor a signature" bad.bin
{ cat app.bin; printf '\377\377\377\377'; } >bad.bin
bm image verify bad.bin
expect_exit 0

# In a flash image; a region that is cut is not looked at behind the app.
{ head -c 65536 /dev/zero; cat app.bin; head -c 9999 /dev/zero; } >flash.bin
bm image verify flash.bin --offset 0x10000
expect_exit 0
bm image verify flash.bin --offset 64K --partition-size 0x100
expect_exit 1

# Other things by mistake.
: >empty.bin
told 1 "empty.bin: empty: there are no bytes at all" empty.bin
head -c 5000 /dev/zero | tr '\0' '\377' >blank.bin
told 1 "blank.bin: blank: there is no image" blank.bin
printf '\252\120\1\2%028d' 0 >table.bin
told 1 "table.bin: a partition table, not an app image" table.bin
printf '\177ELF\1\1\1' >program
told 1 "program: an ELF file, not an app image; birthmark image pack makes one from it" program
printf 'key,type,encoding,value\nns,namespace,,\nk,data,u8,1\n' >id.csv
bm generate id.csv id.bin 0x3000
expect_exit 0
told 1 "id.bin: an NVS image, not an app image" id.bin
told 1 "id.csv: no app image: it does not begin with 0xe9; encrypted, perhaps?" id.csv
bm image info id.bin
expect_exit 3
expect_no_stdout
expect_stderr_lines 1
expect_stderr_has "birthmark: id.bin: an NVS image, not an app image"

# A bootloader is one.
printf 'P%079d' 0 >boot.bin
bm image pack -o boot.out --chip esp32c3 --entry 0x403cc700 0x403cc700=text.bin 0x3fcd5820=boot.bin
expect_exit 0
bm image verify boot.out
expect_exit 0
expect_stdout_has "boot.out: whole; bootloader for the ESP32-C3"
bm image info boot.out
expect_exit 0
expect_stdout_has "version         808464432" # the four zeros at 4

# Without a SHA-256 it says so.
pack --no-hash
bm image verify app.bin
expect_exit 0
expect_stdout_has "checksum right, no SHA-256 appended"

# Wrong use: one line and a hint.
misuse() {
    local text=$1
    shift
    bm image "$@"
    expect_exit 2
    expect_no_stdout
    expect_stderr_has "$text"
    expect_stderr_lines 2
}
misuse "say info, verify or pack"
misuse '"inform" is not info, verify or pack' inform app.bin
misuse "info takes one file" info
misuse "verify takes one file" verify app.bin app.bin
misuse "--chip is one of ESP32, ESP32-S2" verify app.bin --chip esp33
misuse '--offset is a number up to 0xffffffff, not "x"' info app.bin --offset x
misuse '--partition-size is a number up to 0xffffffff, not "4294967296"' verify app.bin --room 4294967296
misuse "info does not have all of these options" info app.bin --no-hash
bm image info missing.bin
expect_exit 3
expect_stderr_lines 1
bm image info app.bin --offset 0x1000
expect_exit 3
expect_stderr_has "app.bin: --offset 0x1000 lies behind its end, 0x170"
"$BIRTHMARK" image info app.bin >/dev/full 2>full.err && fail "no error on a full device"
grep -q "standard output: cannot be written" full.err || fail "no word of the full device"
