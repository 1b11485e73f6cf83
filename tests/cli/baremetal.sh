#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The store on bare metal, on emulated machines: it gives itself an identity, comes back from a
# reset with it, and host and target read each other's flash. Boards whose tools are missing are
# named and left out.
. "$BM_SOURCE/tests/harness/lib.sh"
need make openssl timeout
[ -z "${BM_SANITIZE:-}" ] || skip "sanitizers change nothing on the target"

nvs_size=24576

# build NAME: its program is built, the flash is blank.
build() {
    run make -s -C "$BM_SOURCE/examples/baremetal" BOARD="$1" OUT="$PWD/$1"
    expect_exit 0
    expect_no_stderr
}

# boot NAME: runs until the program ends the emulation.
boot() {
    run timeout 120 make -s -C "$BM_SOURCE/examples/baremetal" run BOARD="$1" OUT="$PWD/$1"
    tr -d '\r' <"$out" >serial
}

# image NAME: what is in the flash, as a file image.bin.
image() {
    head -c "$nvs_size" "$1/flash.bin" >image.bin
    bm check image.bin
    expect_exit 0
}

# printed: the certificate on the serial line, in printed.pem.
printed() {
    sed -n '/^-----BEGIN/,/^-----END/p' serial >printed.pem
    [ -s printed.pem ] || fail "no certificate on the serial line"
}

holds() { # KEY TEXT: the namespace `device` of image.bin has it
    bm get image.bin device "$1"
    [ "$(cat "$out")" = "$2" ] || fail "$1 is not $2"
}

first_boots() {
    boot "$1"
    expect_exit 0
    expect_stdout_has "boot 1: no identity; stored one"
    expect_stdout_has "identity: the one of the first boot, byte for byte"
    expect_stdout_has "boot 2"
    expect_stdout_has PASS
    printed
    image "$1"
    bm get image.bin certs certificate
    expect_same "$out" printed.pem
    bm get image.bin certs priv_key
    cp "$out" stored.key
    openssl pkey -in stored.key -pubout >public
    run openssl x509 -in printed.pem -noout -pubkey
    expect_same "$out" public
    holds boots 2
}

power_cycle() {
    boot "$1"
    expect_exit 0
    expect_stdout_has "identity: the one of the first boot, byte for byte"
    expect_stdout_lacks "boot 1:"
    expect_stdout_has "boot 3"
}

# The host's image in the target's flash, and back.
from_host() {
    bm generate values.csv image.bin "$nvs_size"
    expect_exit 0
    dd if=image.bin of="$1/flash.bin" conv=notrunc status=none
    boot "$1"
    expect_exit 0
    expect_stdout_has "identity: given by somebody else"
    expect_stdout_has "boot 42"
    printed
    expect_same printed.pem cert.pem
    image "$1"
    bm get image.bin certs certificate
    expect_same "$out" cert.pem
    bm get image.bin certs priv_key
    expect_same "$out" key.pem
    holds boots 42
    holds name greenhouse-17
}

# A damaged certificate is not taken for one.
damaged() {
    local at
    at=$(grep -obUaF -- "-----BEGIN CERTIFICATE" "$1/flash.bin" | head -n 1)
    [ -n "$at" ] || fail "no certificate in the flash"
    printf '\001' | dd of="$1/flash.bin" bs=1 seek=$((${at%%:*} + 50)) conv=notrunc status=none
    boot "$1"
    [ "$status" -ne 0 ] || fail "a damaged identity passes"
    expect_stdout_has "FAIL: certificate"
    expect_stdout_lacks PASS
}

openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=host -keyout key.pem -out cert.pem \
    2>/dev/null || fail "openssl"
printf '%s\n' key,type,encoding,value certs,namespace,, certificate,file,string,cert.pem \
    priv_key,file,string,key.pem device,namespace,, boots,data,u32,41 \
    name,data,string,greenhouse-17 >values.csv

ran=()
declare -A tools=(
    [virt]="riscv64-unknown-elf-gcc qemu-system-riscv32"
    [ast1030]="arm-none-eabi-gcc qemu-system-arm"
)
for board in virt ast1030; do
    read -r compiler emulator <<<"${tools[$board]}"
    if ! command -v "$compiler" >/dev/null || ! command -v "$emulator" >/dev/null; then
        printf 'not run: %s needs %s and %s\n' "$board" "$compiler" "$emulator"
        continue
    fi
    build "$board"
    first_boots "$board"
    power_cycle "$board"
    from_host "$board"
    damaged "$board"
    ran+=("$board")
done
[ ${#ran[@]} -gt 0 ] || skip "no board's tools are installed"
printf 'ran on: %s\n' "${ran[*]}"
