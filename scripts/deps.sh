#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what building and testing need, an emulated RISC-V board among it. With --ci also what
# lint, fuzzing, the guards and the other emulated machines need.
# Debian and Ubuntu by apt, and only if something is missing; elsewhere it says what to install.
set -euo pipefail

packages=(build-essential cmake ninja-build pkg-config libcsv-dev libjansson-dev libpopt-dev
    libinih-dev libserialport-dev libssl-dev zlib1g-dev libcmocka-dev libmbedtls-dev openssl universal-ctags gcc-riscv64-unknown-elf
    gcc-xtensa-lx106 qemu-system-misc ser2net)
# For tests/interop, unless node came from elsewhere.
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    packages+=(nodejs npm)
fi
if [ "${1:-}" = --ci ]; then
    packages+=(clang clang-tidy clang-format shellcheck man-db
        gcc-arm-none-eabi qemu-system-arm qemu-user gcc-powerpc-linux-gnu libc6-dev-powerpc-cross
        gcc-s390x-linux-gnu libc6-dev-s390x-cross)
fi

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# libFuzzer and the sanitizers of clang are a package of its version.
clang_runtime() {
    clang --version | sed -n 's/.*version \([0-9]*\).*/libclang-rt-\1-dev/p'
}

elsewhere() {
    local tool missing=()
    for tool in cc cmake ninja pkg-config openssl; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    for tool in csv.h jansson.h popt.h ini.h libserialport.h openssl/evp.h zlib.h mbedtls/aes.h cmocka.h; do
        header_is_there "$tool" || missing+=("$tool")
    done
    [ ${#missing[@]} -eq 0 ] && return
    {
        printf 'Missing: %s\n' "${missing[*]}"
        printf 'make deps installs them on Debian and Ubuntu only. Elsewhere install:\n'
        printf '  Fedora:   dnf install gcc make cmake ninja-build pkgconf libcsv-devel jansson-devel popt-devel inih-devel libserialport-devel openssl openssl-devel zlib-devel mbedtls-devel libcmocka-devel\n'
        printf '  Arch:     pacman -S base-devel cmake ninja pkgconf libcsv jansson popt libinih libserialport openssl zlib mbedtls cmocka\n'
        printf '  Homebrew: brew install cmake ninja pkg-config libcsv jansson popt inih libserialport openssl zlib mbedtls cmocka\n'
    } >&2
    exit 1
}

header_is_there() {
    printf '#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <setjmp.h>\n#include <%s>\n' "$1" |
        cc -E -x c - >/dev/null 2>&1
}

install_missing() {
    local p missing=() sudo=()
    for p; do
        installed "$p" || missing+=("$p")
    done
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "Missing: ${missing[*]}. Install them as root: apt-get install ${missing[*]}" >&2
            exit 1
        fi
        sudo=(sudo)
    fi
    echo "installing: ${missing[*]}"
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install \
        --no-install-recommends "${missing[@]}" >/dev/null
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    elsewhere
    exit 0
fi
install_missing "${packages[@]}"
if [ "${1:-}" = --ci ]; then
    install_missing "$(clang_runtime)"
fi
