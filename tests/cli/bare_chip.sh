#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The firmware for bare chips: both chips in both versions are images that the bootloader would
# take, and the ESP32's code, as its compiler made it, does on an emulated core what it should.
. "$BM_SOURCE/tests/harness/lib.sh"
need make openssl sha256sum
[ -z "${BM_SANITIZE:-}" ] || skip "sanitizers change nothing on the target"

firmware() { # ARGUMENTS of make
    run make -s -C "$BM_SOURCE/examples/bare-chip" BIRTHMARK="$BIRTHMARK" OUT="$PWD/out" "$@"
    expect_exit 0
    expect_no_stderr
}

# segment CHIP KIND: address and offset of its first segment of this kind, from the image.
segment() {
    bm image info "out/$1-1.0.bin"
    awk -v kind="$2" '$2 == kind { print $3, $4; exit }' "$out"
}

images() { # CHIP
    local version kind address offset
    firmware CHIPS="$1"
    for version in 1.0 1.1; do
        bm image verify "out/$1-$version.bin" --chip "$1" --partition-size 0x100000
        expect_exit 0
        expect_stdout_has "bare-chip $version"
    done
    for kind in DROM IROM; do # mapped in pages of 64 KB
        read -r address offset < <(segment "$1" "$kind")
        [ -n "$address" ] || fail "$1: no $kind segment"
        [ $((address % 65536)) -eq $((offset % 65536)) ] || fail "$1: $kind is not mapped right"
    done
    read -r address offset < <(segment "$1" DROM)
    [ $((offset)) -eq 32 ] || fail "$1: the description does not lead the image"
    # Code that runs while flash is written must not be in flash: nothing but one small function is.
    read -r address offset < <(segment "$1" IROM)
    bm image info "out/$1-1.0.bin"
    [ "$(awk '$2 == "IROM" { print $5 }' "$out")" -le 64 ] || fail "$1: too much code in flash"
}

# Code without register windows turns them off first: the bootloader's frames are still in them.
starts_without_windows() {
    xtensa-lx106-elf-objdump -d out/esp32-1.0.elf | sed -n '/<start>:/,/jx/p' >start
    grep -q jx start || fail "no start code"
    grep -q 'wsr\.ps' start || fail "register windows stay on"
}

emulated() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=x -keyout key.pem -out cert.pem \
        2>/dev/null || fail "openssl"
    printf '%s\n' key,type,encoding,value certs,namespace,, certificate,file,string,cert.pem \
        priv_key,file,string,key.pem >nvs.csv
    bm generate nvs.csv nvs.bin 0x4000
    expect_exit 0
    bm partitions --preset factory-two-ota table.bin
    expect_exit 0
    head -c 4194304 /dev/zero | tr '\0' '\377' >flash.bin
    place table.bin 0x8000
    place nvs.bin 0x9000
    firmware CHIPS=sim "$PWD/out/sim-1.0.elf"
    boot
    grep -q 'slot: factory at 0x10000' serial || fail "slot"
    grep -qF "certificate: $(wc -c <cert.pem) bytes, SHA-256 $(hash cert.pem)" serial || fail "certificate"
    grep -qF "priv_key: $(wc -c <key.pem) bytes, SHA-256 $(hash key.pem)" serial || fail "key"
    grep -q '^boot 1' serial || fail "boot count"
    grep -q 'ota_0 at 0x110000 does not boot' serial || fail "an empty slot boots"
    place out/esp32-1.1.bin 0x110000
    boot
    grep -q 'restarting into ota_0 at 0x110000' serial || fail "the other slot is not taken"
}

place() { # FILE OFFSET
    dd if="$1" of=flash.bin bs=4096 seek=$(($2 / 4096)) conv=notrunc status=none
}

hash() {
    sha256sum "$1" | cut -d ' ' -f 1
}

# Ends when the line that it is given has been acted on.
boot() {
    echo go | timeout 60 qemu-system-xtensa -M sim -cpu lx106 -semihosting -display none \
        -monitor none -serial none -kernel out/sim-1.0.elf \
        -device loader,file=flash.bin,addr=0x60000000 >serial 2>errors
    tr -d '\r' <serial >plain
    mv plain serial
    grep -q '^birthmark bare-chip esp32 version 1.0' serial || fail "$(cat serial errors)"
}

ran=()
if command -v riscv64-unknown-elf-gcc >/dev/null; then
    images esp32c3
    ran+=(esp32c3)
fi
if command -v xtensa-lx106-elf-gcc >/dev/null; then
    images esp32
    starts_without_windows
    ran+=(esp32)
    if command -v qemu-system-xtensa >/dev/null; then
        emulated
        ran+=(lx106)
    fi
fi
[ ${#ran[@]} -gt 0 ] || skip "no cross compiler is installed"
printf 'built or ran: %s\n' "${ran[*]}"
