#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# esptool-js, which knows nothing of us, takes our virtual boards for boards: it detects, writes,
# verifies, reads and erases them, by the ROM's loader alone and with its own stub. What the flash
# then holds is compared byte for byte, all of it.
. "$BM_SOURCE/tests/harness/lib.sh"
need node npm
here=$BM_SOURCE/tests/interop
modules=$BM_BUILD/interop
tool=$here/esptool-js.mjs

node -e 'process.exit(typeof ReadableStream === "function" ? 0 : 1)' ||
    skip "node $(node --version) is too old: 18 or newer is needed"

# The packages of the lock file, once for a build folder.
packages() {
    mkdir -p "$modules"
    cmp -s "$here/package-lock.json" "$modules/.installed" && return
    cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$modules/"
    (cd "$modules" && npm ci --no-update-notifier --fetch-retries 1 >npm.log 2>&1) ||
        skip "npm cannot fetch esptool-js: $(grep -m 1 -i 'npm err' "$modules/npm.log")"
    cp "$here/package-lock.json" "$modules/.installed"
}
packages
export INTEROP_MODULES=$modules/node_modules

size=$((4 << 20))
board=

power_off() {
    [ -z "$board" ] || { kill "$board" && wait "$board"; } 2>/dev/null
    board=
}
trap power_off EXIT

# power_on OPTION...: a board with the bytes of before.bin; sets address.
power_on() {
    power_off
    cp before.bin flash.bin
    rm -f sim.json # else the line of the last board could be taken for this one's
    "$BIRTHMARK" sim --flash flash.bin --port tcp --json "$@" >sim.json 2>sim.err &
    board=$!
    until_holds [ -s sim.json ] || fail "the virtual board does not come up: $(cat sim.err)"
    address=$(sed -n 's|.*"socket://\([^"]*\)".*|\1|p' sim.json)
}

# js MODE TASK...: one session of esptool-js.
js() {
    run timeout 120 node "$tool" "$address" "$@"
}

# put FILE OFFSET: into what the flash should hold.
put() {
    dd if="$1" of=after.bin bs=4096 seek=$(($2 / 4096)) conv=notrunc status=none
}

# wipe OFFSET LENGTH: what erasing leaves there.
wipe() {
    head -c $(($2)) /dev/zero | tr '\0' '\377' | dd of=after.bin bs=4096 seek=$(($1 / 4096)) \
        conv=notrunc status=none
}

# overrun END: what stands behind a compressed write of the ESP32's ROM, up to the next 32 KB, is
# whatever its buffer held (docs/format/rom.md): not compared.
overrun() {
    local begin=$(($1)) end=$((($1 + 0x7fff) / 0x8000 * 0x8000))
    dd if=flash.bin of=after.bin bs=1 skip=$begin seek=$begin count=$((end - begin)) conv=notrunc status=none
}

# Neighbours that must stay: no sector is blank, no two are alike.
awk -v n=$((size / 16)) 'BEGIN { for (i = 0; i < n; i++) printf "%15d\n", i }' >before.bin
# Random bytes of an odd length, and text that shrinks to a tenth.
openssl enc -aes-128-ctr -K 00112233445566778899aabbccddeeff -iv 00000000000000000000000000000000 \
    -in before.bin 2>/dev/null | head -c 100001 >random.bin
seq 1 50000 >text.bin
head -c 9000 random.bin >small.bin

# What must have been found: CHIP_NAME.
expect_detected() {
    expect_exit 0
    expect_stdout_has "\"chip\":\"$1\""
    expect_stdout_has '"mac":"02:00:00:00:00:01"'
    expect_stdout_has '"flash":"4MB"'
}

# by_rom CHIP NAME FORM...: without a stub.
by_rom() {
    local chip=$1 name=$2 form sum
    shift 2
    for form; do
        power_on --chip "$chip" --download
        cp before.bin after.bin
        if [ "$form" = compressed ]; then
            js rom detect , write 0x10000 random.bin 0x80000 text.bin , read 0x10000 5000 back.bin \
                , md5 0x80000 "$(stat -c %s text.bin)"
            wipe 0x10000 0x19000
            wipe 0x80000 0x47000
            put random.bin 0x10000
            put text.bin 0x80000
            sum=$(md5sum <text.bin)
        else
            js rom detect , write plain 0x10000 small.bin , read 0x10000 5000 back.bin , md5 0x10000 9000
            wipe 0x10000 0x3000
            put small.bin 0x10000
            sum=$(md5sum <small.bin)
        fi
        expect_detected "$name"
        expect_stdout_has "\"verified\":$([ "$form" = compressed ] && echo 2 || echo 1)"
        expect_stdout_has "${sum%% *}"
        cmp -s -n 5000 back.bin random.bin || fail "$chip: what was read is not what was written"
        power_off
        if [ "$chip $form" = "esp32 compressed" ]; then
            overrun $((0x10000 + 100004))
            overrun $((0x80000 + ($(stat -c %s text.bin) + 3) / 4 * 4))
        fi
        expect_same flash.bin after.bin
    done
}

# by_stub CHIP NAME: with the stub that esptool-js brings along.
by_stub() {
    power_on --chip "$1" --download
    cp before.bin after.bin
    js stub detect , write 0x10000 random.bin 0x80000 text.bin , write plain 0x60000 small.bin , \
        read 0x80000 20000 back.bin , md5 0x10000 100001 , erase 0x62000 0x2000
    wipe 0x10000 0x19000
    wipe 0x80000 0x47000
    wipe 0x60000 0x4000
    put random.bin 0x10000
    put text.bin 0x80000
    put small.bin 0x60000
    wipe 0x62000 0x2000
    expect_detected "$2"
    expect_stdout_has '"files":2,"verified":2'
    expect_stdout_has '"files":1,"verified":1'
    sum=$(md5sum <random.bin)
    expect_stdout_has "${sum%% *}"
    cmp -s -n 20000 back.bin text.bin || fail "$1: what the stub read is not what was written"
    # The stub stays; who comes next finds it.
    js stub md5 0x80000 20000
    expect_exit 0
    sum=$(head -c 20000 text.bin | md5sum)
    expect_stdout_has "${sum%% *}"
    power_off
    expect_same flash.bin after.bin
}

# esptool-js 0.7 sends the ESP32's ROM five words with a plain write, where it takes four, and the
# ESP32-C6's four with a compressed one, where it takes five: those two forms it has by the stub only.
by_rom esp32 ESP32 compressed
by_rom esp32s3 ESP32-S3 compressed plain
by_rom esp32c3 ESP32-C3 compressed plain
by_rom esp32c6 ESP32-C6 plain
by_stub esp32 ESP32
by_stub esp32s3 ESP32-S3
by_stub esp32c3 ESP32-C3
by_stub esp32c6 ESP32-C6

# An error is one that esptool-js sees, and changes nothing.
power_on --download
js rom write plain 0x10000 small.bin
expect_exit 1
expect_stderr_has "status 1,5"
power_off
expect_same flash.bin before.bin

# A board that runs its app does not answer it.
power_on
js rom detect
expect_exit 1
expect_stderr_has "Failed to connect with the device"
