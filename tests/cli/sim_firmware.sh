#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A board from our own commands, with the example firmware in two versions in its slots: `birthmark
# sim` boots it, prints its identity, restarts it, and what is edited in the flash in between counts.
. "$BM_SOURCE/tests/harness/lib.sh"
need openssl sha256sum
board=
trap '[ -z "$board" ] || kill -9 "$board" 2>/dev/null' EXIT

openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=board -keyout key.pem -out cert.pem \
    2>/dev/null || fail "openssl"
printf '%s\n' key,type,encoding,value certs,namespace,, certificate,file,string,cert.pem \
    priv_key,file,string,key.pem >nvs.csv
printf '%s\n' nvs,data,nvs,0x9000,16K otadata,data,ota,0xd000,8K ota_0,app,ota_0,0x10000,3M \
    ota_1,app,ota_1,,3M >table.csv
for version in 1.0 1.1; do
    bm image pack --virtual -o "app-$version.bin" --chip esp32c3 --version "$version" \
        --project generic --flash-size 8MB "$BM_BUILD/examples/virtual_firmware-$version"
    expect_exit 0
    expect_no_stderr
    expect_stdout_has "app-$version.bin: "
    expect_stdout_has "for the virtual ESP32-C3"
    bm image verify "app-$version.bin" --chip esp32c3 --partition-size 3M
    expect_exit 0
    expect_stdout_has "whole; app generic $version for the ESP32-C3"
done
bm image info app-1.1.bin
expect_exit 0
expect_stdout_has "$(sha256sum <"$BM_BUILD/examples/virtual_firmware-1.1" | cut -c1-64)"
bm partitions table.csv table.bin
expect_exit 0
bm generate --table table.csv nvs.csv nvs.bin
expect_exit 0
bm assemble -o flash.bin -s 8MB 0x8000=table.bin nvs=nvs.bin ota_0=app-1.0.bin ota_1=app-1.1.bin
expect_exit 0

# power_on [OPTION...]: the board, and its line as descriptor 5.
power_on() {
    : >port
    "$BIRTHMARK" sim --chip esp32c3 --own-bootloader --flash "$PWD/flash.bin" --port tcp:0 --seconds 300 \
        "$@" >port 2>sim.err &
    board=$!
    until_holds [ -s port ]
    exec 5<>"/dev/tcp/127.0.0.1/$(sed -n 's/.*127\.0\.0\.1:\([0-9]*\) .*/\1/p' port)" ||
        fail "no board: $(cat port sim.err)"
    settle
}

# settle: reads away what the boot at power-on says, of which we hear all, a part or nothing.
settle() {
    local i line
    for ((i = 0; i < 60; i++)); do
        printf 'settle-%s\r' "$i" >&5
        while IFS= read -r -t 1 line <&5; do
            [[ $line != *"\"settle-$i\" is not"* ]] || return 0
        done
    done
    fail "the board does not answer"
}

no_firmware() {
    ! grep -qs "BIRTHMARK_BOARD_FLASH=$PWD/flash.bin" /proc/[0-9]*/environ
}

# power_off SIGNAL
power_off() {
    kill "-$1" "$board"
    wait "$board" 2>/dev/null
    board=
    exec 5>&-
    [ "$(cat sim.err)" = "" ] || fail "sim says: $(cat sim.err)"
    # Nothing of the firmware is left: only it has this folder's flash in its environment.
    until_holds no_firmware || fail "the firmware was left behind"
}

# ask LINE...: sends lines, and waits until the firmware has said the last thing.
ask() {
    local line=$1 until=$2
    : >log
    [ -z "$line" ] || printf '%s\r' "$line" >&5
    while IFS= read -r -t 60 line <&5; do
        printf '%s\n' "${line%$'\r'}" >>log
        [[ $line != *"$until"* ]] || return 0
    done
    fail "the board did not say \"$until\": $(cat log)"
}

# said TEXT: it is in what the last ask() heard.
said() {
    grep -qF -- "$1" log || fail "the board did not say \"$1\": $(cat log)"
}

identity() {
    said "certificate: $(wc -c <cert.pem) bytes, SHA-256 $(sha256sum <cert.pem | cut -c1-64)"
    said "priv_key: $(wc -c <key.pem) bytes, SHA-256 $(sha256sum <key.pem | cut -c1-64)"
}

power_on
ask version "version 1.0"
ask restart ready
said "Loaded app from partition at offset 0x10000"
said "generic firmware 1.0"
said "slot: ota_0 at 0x10000, described as 1.0"
said "MAC: 02:00:00:00:00:01"
said "reset reason 3"
identity
ask nonsense '"nonsense" is not version'
ask crash ready
said "Guru Meditation Error: Core  0 panic'ed ("
said "Rebooting..."
said "reset reason 4"
identity
ask hang ready
said "Task watchdog got triggered"
said "reset reason 6"
identity
power_off TERM

# The other slot: another version, the same identity.
bm ota select flash.bin ota_1
expect_exit 0
power_on --rollback
ask restart ready
said "generic firmware 1.1"
said "slot: ota_1 at 0x310000, described as 1.1"
identity
power_off KILL

# On trial: it confirms itself, as it found its identity.
bm ota select flash.bin ota_0 --state new
expect_exit 0
power_on --rollback
ask version "version 1.0"
ask wear writing
power_off KILL
bm ota status flash.bin
expect_exit 0
expect_stdout_has "ota_0"
expect_stdout_has "valid"
power_on --rollback
ask restart ready
said "slot: ota_0"
identity
power_off TERM

# A flash in use is nobody else's.
power_on
bm sim --flash flash.bin --port tcp:0 --seconds 1
expect_exit 3
expect_stderr_has "flash.bin: in use by another program"
power_off TERM

# What cannot be packed.
printf 'int x;\n' | "$BM_CC" -x c -c -o x.o - || fail "compiler"
printf 'no program\n' >text
bm image pack --virtual -o no.bin --chip esp32c3 x.o
expect_exit 3
expect_stderr_has "x.o: an ELF file that is not linked: no program"
bm image pack --virtual -o no.bin --chip esp32c3 text
expect_exit 3
expect_stderr_has "text: neither an executable nor a script that begins with #!"
printf '\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\363\0\0\0\0\0' >riscv
bm image pack --virtual -o no.bin --chip esp32c3 riscv
expect_exit 3
expect_stderr_has "riscv: a program for the chip itself, not for the virtual board"
bm image pack --virtual -o no.bin --chip esp32c3
expect_exit 2
expect_stderr_has "which program of this machine"
bm image pack --virtual -o no.bin --chip esp32c3 text riscv
expect_exit 2
bm image pack --virtual -o no.bin --chip esp32c3 --entry 0 text
expect_exit 2
bm image info --virtual app-1.0.bin
expect_exit 2
no_file no.bin
for chip in esp32 esp32s2 esp32s3 esp32c2 esp32c6 esp32h2 esp32p4 esp32c5 esp32c61; do
    bm image pack --virtual -o all.bin --chip "$chip" "$BM_BUILD/examples/virtual_firmware-1.0"
    expect_exit 0
    expect_no_stderr
    bm image verify all.bin --chip "$chip"
    expect_exit 0
done
