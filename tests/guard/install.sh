#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An installed birthmark is enough to build a program against, by pkg-config, and to read its manual.
. "$BM_SOURCE/tests/harness/lib.sh"
need cmake pkg-config

# The list of what was installed is the user's: `make uninstall` goes by it.
list=$BM_BUILD/install_manifest.txt
[ ! -e "$list" ] || cp -p "$list" list.before
give_back() {
    if [ -e list.before ]; then cp -p list.before "$list"; else rm -f "$list"; fi
}
trap give_back EXIT

run env DESTDIR= cmake --install "$BM_BUILD" --prefix "$PWD/prefix"
expect_exit 0
for f in bin/birthmark lib/libbirthmark.a lib/pkgconfig/birthmark.pc include/birthmark/nvs.h \
    include/birthmark-espidf/nvs.h share/man/man1/birthmark.1 share/man/man1/birthmark-dump.1 \
    share/bash-completion/completions/birthmark share/zsh/site-functions/_birthmark \
    share/fish/vendor_completions.d/birthmark.fish share/doc/birthmark/LICENSE; do
    [ -s "prefix/$f" ] || fail "$f is not installed"
done
! grep -rIlF "$BM_SOURCE" prefix >hits || fail "the source folder's path is in: $(cat hits)"
run prefix/bin/birthmark --version
expect_exit 0

printf 'key,type,encoding,value\napp,namespace,,\nanswer,data,u8,42\n' >values.csv
run prefix/bin/birthmark generate values.csv image.bin 0x3000
expect_exit 0
cat >program.c <<'C'
#include <stdio.h>
#include <stdlib.h>

#include <birthmark/nvs.h>

int main(void)
{
    static unsigned char image[12288];
    FILE *f = fopen("image.bin", "rb");
    size_t len = f != NULL ? fread(image, 1, sizeof image, f) : 0;
    struct bm_flash flash;
    struct bm_nvs nvs;
    struct bm_nvs_info info;
    uint8_t ns;
    if (len != sizeof image || bm_flash_view(&flash, image, len) != BM_OK) {
        return 1;
    }
    fclose(f);
    size_t work_len = bm_nvs_work_size(&flash, 0);
    void *work = malloc(work_len);
    if (bm_nvs_mount(&nvs, &flash, work, work_len, NULL) != BM_OK ||
        bm_nvs_namespace(&nvs, "app", &ns) != BM_OK ||
        bm_nvs_find(&nvs, ns, "answer", &info) != BM_OK) {
        return 2;
    }
    printf("%u\n", (unsigned)info.bits);
    bm_nvs_unmount(&nvs);
    free(work);
    return 0;
}
C
cat >espidf.c <<'C'
#include <stdio.h>

#include <birthmark/espidf.h>
#include <nvs_flash.h>

int main(void)
{
    nvs_handle_t handle;
    uint8_t value = 0;
    if (bm_espidf_attach("nvs", "image.bin") != BM_OK || nvs_flash_init() != ESP_OK) {
        return 1;
    }
    ESP_ERROR_CHECK(nvs_open("app", NVS_READONLY, &handle));
    ESP_ERROR_CHECK(nvs_get_u8(handle, "answer", &value));
    nvs_close(handle);
    nvs_flash_deinit();
    bm_espidf_detach("nvs");
    printf("%u\n", (unsigned)value);
    return 0;
}
C
export PKG_CONFIG_PATH=$PWD/prefix/lib/pkgconfig
sanitize=()
[ -z "${BM_SANITIZE:-}" ] || sanitize=("-fsanitize=$BM_SANITIZE")
# build PACKAGE PROGRAM: as a user would, and run it.
build() {
    local flags
    read -r -a flags < <(pkg-config --cflags --libs "$1") || fail "pkg-config does not know $1"
    run "$BM_CC" -std=c99 "${sanitize[@]}" "$2.c" "${flags[@]}" -o "$2"
    expect_exit 0
    run "./$2"
    expect_exit 0
    expect_stdout 42
}
cat >sealed.c <<'C'
#include <stdio.h>

#include <birthmark/nvs_crypto.h>

int main(void)
{
    static unsigned char image[12288];
    static uint32_t work[64];
    const uint8_t keys[BM_NVS_KEYS_SIZE] = {42};
    struct bm_nvs_crypto crypto;
    struct bm_nvs_config config = {0};
    struct bm_flash flash;
    struct bm_nvs nvs;
    FILE *f = fopen("image.bin", "rb");
    if (f == NULL || fread(image, 1, sizeof image, f) != sizeof image ||
        bm_flash_view(&flash, image, sizeof image) != BM_OK ||
        bm_nvs_crypto_openssl.open(&crypto, keys) != BM_OK) {
        return 1;
    }
    fclose(f);
    config.flash = &flash;
    config.work = work;
    config.work_len = sizeof work;
    config.crypto = &crypto;
    if (bm_nvs_mount_with(&nvs, &config, NULL) != BM_E_KEYS) {
        return 2;
    }
    bm_nvs_crypto_openssl.close(&crypto);
    puts("42");
    return 0;
}
C
build birthmark program
build birthmark-openssl sealed
build birthmark-espidf espidf

# Below a DESTDIR the prefix inside the files stays the final one.
run env DESTDIR="$PWD/stage" cmake --install "$BM_BUILD" --prefix /opt/birthmark
expect_exit 0
[ -x stage/opt/birthmark/bin/birthmark ] || fail "DESTDIR is not honoured"
grep -qx 'prefix=/opt/birthmark' stage/opt/birthmark/lib/pkgconfig/birthmark.pc ||
    fail "birthmark.pc has another prefix"
