#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The ESP-IDF component and the Zephyr module cannot be built here. What can be said without their
# build systems: the CMake files run, with stand-ins for the functions they call; they name every
# file of the store and none that is missing; all of it compiles into names with our prefixes; and
# the flash drivers work on stand-ins for the calls they make.
. "$BM_SOURCE/tests/harness/lib.sh"
need cmake nm
[ -z "${BM_SANITIZE:-}" ] || skip "once is enough"
port=$BM_SOURCE/port
flags=(-std=c11 -O1 -Wall -Wextra -Wshadow -Wconversion -Werror -I"$BM_SOURCE/include"
    -I"$BM_SOURCE/src")

# sources FILE [DEFINE...]: the sources that a CMake file registers, in the file `sources`.
sources() {
    local file=$1
    shift
    cat >stub.cmake <<CMAKE
macro(show)
  foreach(item \${ARGV})
    message("source: \${item}")
  endforeach()
endmacro()
function(idf_component_register)
  cmake_parse_arguments(A "" "" "SRCS;INCLUDE_DIRS;PRIV_INCLUDE_DIRS;REQUIRES;PRIV_REQUIRES" \${ARGN})
  show(\${A_SRCS})
endfunction()
function(zephyr_library_sources)
  show(\${ARGN})
endfunction()
function(zephyr_include_directories)
endfunction()
function(zephyr_library_named)
endfunction()
function(zephyr_library_include_directories)
endfunction()
include($file)
CMAKE
    run cmake "$@" -P stub.cmake
    expect_exit 0
    sed -n 's/^source: //p' "$err" |
        sed "s|^\([^/]\)|$(dirname "$file")/\1|" | sort >sources
    while read -r f; do
        [ -f "$f" ] || fail "$file names $f, which is not there"
    done <sources
}

# All of the store is in `sources`.
complete() {
    local missing
    missing=$(find "$BM_SOURCE/src/nvs" -name '*.c' | sort | comm -23 - sources)
    [ -z "$missing" ] || fail "$1 leaves out: $missing"
}

# program FOLDER SOURCE: compiles `sources` with FOLDER's headers in front, links SOURCE with them.
program() {
    local strange skip_file=none
    rm -rf objects
    mkdir objects
    # XTS by mbedTLS needs its headers.
    printf '#include <mbedtls/aes.h>\n' | "$BM_CC" -E -x c - >/dev/null 2>&1 || skip_file=xts_mbedtls.c
    while read -r f; do
        [ "${f##*/}" != "$skip_file" ] || continue
        run "$BM_CC" "${flags[@]}" -I"$1" -I"$3" -c "$f" -o "objects/$(basename "$f" .c).o"
        expect_exit 0
    done <sources
    strange=$(nm -g --defined-only objects/*.o | awk 'NF == 3 { print $3 }' | grep -vE '^bmi?_')
    [ -z "$strange" ] || fail "names that may be somebody else's: $strange"
    rm -f objects/xts_mbedtls.o
    run "$BM_CC" "${flags[@]}" -I"$1" -I"$3" "$2" objects/*.o -o program
    expect_exit 0
    run ./program
    expect_exit 0
}

# What both programs do with their region.
cat >store.h <<'C'
#include <stdio.h>
#include <string.h>
#include "birthmark/nvs.h"
static unsigned char chip[5 * 4096];
static int fake_write(size_t off, const void *from, size_t len)
{
    for (size_t i = 0; i < len; i++) chip[off + i] &= ((const unsigned char *)from)[i];
    return 0;
}
static int store(const struct bm_flash *flash)
{
    static uint32_t work[64];
    const struct bm_nvs_config config = {.flash = flash, .work = work, .work_len = sizeof work, .writable = 1};
    struct bm_nvs nvs;
    uint8_t ns = 0;
    uint64_t bits = 0;
    if (bm_nvs_mount_with(&nvs, &config, NULL) != BM_OK) return 2;
    if (bm_nvs_namespace_create(&nvs, "certs", &ns) != BM_OK) return 3;
    for (unsigned i = 0; i < 1000; i++) {
        if (bm_nvs_set_bits(&nvs, ns, "boots", BM_NVS_U32, i) != BM_OK) return 4;
    }
    bm_nvs_unmount(&nvs);
    if (bm_nvs_mount_with(&nvs, &config, NULL) != BM_OK) return 5;
    if (bm_nvs_get_bits(&nvs, ns, "boots", BM_NVS_U32, &bits) != BM_OK) return 6;
    FILE *f = fopen("chip.bin", "wb");
    if (f == NULL || fwrite(chip, 1, sizeof chip, f) != sizeof chip || fclose(f) != 0) return 7;
    return bits == 999 ? 0 : 8;
}
C

# The image is one that the host reads.
on_host() {
    bm check chip.bin
    expect_exit 0
    bm get chip.bin certs boots
    expect_exit 0
    [ "$(cat "$out")" = 999 ] || fail "the host does not read 999"
}

mkdir -p esp zephyr/zephyr/storage
cat >esp/esp_partition.h <<'C'
#ifndef STUB_H
#define STUB_H
#include <stddef.h>
#include <stdint.h>
typedef int esp_err_t;
#define ESP_OK 0
typedef struct { uint32_t address, size; } esp_partition_t;
esp_err_t esp_partition_read(const esp_partition_t *p, size_t off, void *to, size_t len);
esp_err_t esp_partition_write(const esp_partition_t *p, size_t off, const void *from, size_t len);
esp_err_t esp_partition_erase_range(const esp_partition_t *p, size_t off, size_t len);
#endif
C
cat >esp.c <<'C'
#include "store.h"
#include "birthmark_esp.h"
esp_err_t esp_partition_read(const esp_partition_t *p, size_t off, void *to, size_t len)
{
    memcpy(to, chip + off, len);
    return p->size == sizeof chip ? ESP_OK : -1;
}
esp_err_t esp_partition_write(const esp_partition_t *p, size_t off, const void *from, size_t len)
{
    return p->size == sizeof chip ? fake_write(off, from, len) : -1;
}
esp_err_t esp_partition_erase_range(const esp_partition_t *p, size_t off, size_t len)
{
    memset(chip + off, 0xff, len);
    return p->size == sizeof chip ? ESP_OK : -1;
}
int main(void)
{
    static const esp_partition_t partition = {0x9000, sizeof chip};
    struct bm_flash flash;
    memset(chip, 0xff, sizeof chip);
    return bm_esp_partition(&flash, NULL) == BM_E_ARG && bm_esp_partition(&flash, &partition) == BM_OK
               ? store(&flash) : 1;
}
C
sources "$port/esp-idf/birthmark/CMakeLists.txt"
complete "the ESP-IDF component"
program esp esp.c "$port/esp-idf/birthmark/include"
on_host

cat >zephyr/zephyr/storage/flash_map.h <<'C'
#ifndef STUB_H
#define STUB_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
struct flash_area { uint8_t fa_id; off_t fa_off; size_t fa_size; };
int flash_area_read(const struct flash_area *a, off_t off, void *to, size_t len);
int flash_area_write(const struct flash_area *a, off_t off, const void *from, size_t len);
int flash_area_erase(const struct flash_area *a, off_t off, size_t len);
uint32_t flash_area_align(const struct flash_area *a);
#endif
C
cat >zephyr.c <<'C'
#include "store.h"
#include "birthmark_zephyr.h"
int flash_area_read(const struct flash_area *a, off_t off, void *to, size_t len)
{
    memcpy(to, chip + off, len);
    return a->fa_size == sizeof chip ? 0 : -5;
}
int flash_area_write(const struct flash_area *a, off_t off, const void *from, size_t len)
{
    return a->fa_size == sizeof chip && off % 4 == 0 && len % 4 == 0 ? fake_write((size_t)off, from, len) : -5;
}
int flash_area_erase(const struct flash_area *a, off_t off, size_t len)
{
    memset(chip + off, 0xff, len);
    return a->fa_size == sizeof chip ? 0 : -5;
}
uint32_t flash_area_align(const struct flash_area *a)
{
    return a->fa_id == 0 ? 4 : 32;
}
int main(void)
{
    static const struct flash_area good = {0, 0, sizeof chip};
    static const struct flash_area wide = {1, 0, sizeof chip};
    struct bm_flash flash;
    memset(chip, 0xff, sizeof chip);
    return bm_zephyr_area(&flash, &wide) == BM_E_ARG && bm_zephyr_area(&flash, &good) == BM_OK
               ? store(&flash) : 1;
}
C
sources "$port/zephyr/CMakeLists.txt" -DCONFIG_BIRTHMARK=y -DCONFIG_BIRTHMARK_WRITE=y
complete "the Zephyr module"
program zephyr zephyr.c "$port/zephyr"
on_host

# Without writing: nothing of the writing side, and it links.
sources "$port/zephyr/CMakeLists.txt" -DCONFIG_BIRTHMARK=y
! grep -E '/(set|append)\.c$' sources >extra || fail "read-only has $(cat extra)"
cat >reader.c <<'C'
#include "store.h"
#include "birthmark_zephyr.h"
int flash_area_read(const struct flash_area *a, off_t off, void *to, size_t len)
{
    memcpy(to, chip + off, len);
    return a->fa_size == sizeof chip ? 0 : -5;
}
int flash_area_write(const struct flash_area *a, off_t off, const void *from, size_t len)
{
    return a->fa_size == 0 ? fake_write((size_t)off, from, len) : -5;
}
int flash_area_erase(const struct flash_area *a, off_t off, size_t len)
{
    return a->fa_size == 0 && off == 0 && len == 0 ? 0 : -5;
}
uint32_t flash_area_align(const struct flash_area *a)
{
    return a->fa_id == 0 ? 4 : 32;
}
int main(void)
{
    static const struct flash_area good = {0, 0, sizeof chip};
    static uint32_t work[64];
    struct bm_flash flash;
    struct bm_nvs nvs;
    uint8_t ns = 0;
    uint64_t bits = 0;
    FILE *f = fopen("chip.bin", "rb");
    if (f == NULL || fread(chip, 1, sizeof chip, f) != sizeof chip || fclose(f) != 0) return 1;
    if (bm_zephyr_area(&flash, &good) != BM_OK) return 2;
    if (bm_nvs_mount(&nvs, &flash, work, sizeof work, NULL) != BM_OK) return 3;
    if (bm_nvs_namespace(&nvs, "certs", &ns) != BM_OK) return 4;
    if (bm_nvs_get_bits(&nvs, ns, "boots", BM_NVS_U32, &bits) != BM_OK) return 5;
    return bits == 999 ? 0 : 6;
}
C
sed -i '/^static int store/,/^}/d' store.h
program zephyr reader.c "$port/zephyr"

# A file that is not there is seen.
printf 'idf_component_register(SRCS missing.c)\n' >CMakeLists.txt
(sources "$PWD/CMakeLists.txt") >/dev/null 2>&1 && fail "a missing source goes unseen"
exit 0
