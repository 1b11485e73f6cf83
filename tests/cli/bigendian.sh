#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tests of base and nvs, and power cuts, on big-endian machines of 32 and 64 bits: compiled by
# Debian's cross compilers, run by QEMU in user mode, with a small cmocka of our own. Machines whose
# tools are missing are named and left out.
. "$BM_SOURCE/tests/harness/lib.sh"
[ -z "${BM_SANITIZE:-}" ] || skip "sanitizers change nothing on the target"

tests=(base crc32_small fmt nvs_read nvs_index)
for optional in store_defects store_space store_wear store_model; do
    [ ! -f "$BM_SOURCE/tests/unit/test_$optional.c" ] || tests+=("$optional")
done
cuts=500
export BM_OPS=20000 # of the model test

# The freestanding rooms; what of image the check of a written image needs; the tests' own.
src=$BM_SOURCE/src
sources=("$src"/nvs/*.c "$src"/flash/{ram,view}.c "$src"/base/{crc32_fast,diag,err,hex,text,wipe}.c
    "$src"/image/{lookup,scan,scan_kind,scan_keys,seal,stored,types,secret,show,utf8,arena}.c
    "$src"/image/check{,_table,_pages,_entries,_keys,_blob}.c
    "$BM_SOURCE"/tests/harness/{image,model,store}.c "$BM_SOURCE"/tests/harness/mini/mini.c)
flags=(-std=c11 -O2 -Wall -Wextra -Wconversion -Werror -Wno-type-limits
    "-DBM_SOURCE_DIR=\"$BM_SOURCE\"" -I"$BM_SOURCE/include" -I"$src" -I"$BM_SOURCE/tests"
    -isystem "$BM_SOURCE/tests/harness/mini")

# program MACHINE NAME SOURCE
program() {
    run "$1-gcc" "${flags[@]}" -static "$3" "$1/library.a" -o "$1/$2"
    expect_exit 0
}

library() { # MACHINE
    local file
    mkdir "$1"
    # no OpenSSL there: the power cuts leave out encrypted mounts
    printf '%s\n' '#include "birthmark/nvs_crypto.h"' \
        'const struct bm_nvs_crypto_ops bm_nvs_crypto_openssl;' >openssl.c
    for file in "${sources[@]}" openssl.c; do
        run "$1-gcc" "${flags[@]}" -c "$file" -o "$1/$(basename "$file" .c).o"
        expect_exit 0
    done
    run ar rc "$1/library.a" "$1"/*.o
    expect_exit 0
}

# The machine is what it is taken for, and a test that fails there is seen.
planted() { # MACHINE EMULATOR
    cat >planted.c <<'C'
#include <cmocka.h>
static void big(void **state)
{
    const uint16_t one = 1;
    (void)state;
    assert_int_equal(*(const uint8_t *)&one, 1);
}
int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(big)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
C
    program "$1" planted planted.c
    run "$2" "$1/planted"
    expect_exit 1
    expect_stdout_has "FAILED big"
}

ran=()
for pair in powerpc-linux-gnu:qemu-ppc s390x-linux-gnu:qemu-s390x; do
    machine=${pair%:*}
    emulator=${pair#*:}
    if ! command -v "$machine-gcc" >/dev/null || ! command -v "$emulator" >/dev/null; then
        printf 'not run: %s needs %s-gcc and %s\n' "$machine" "$machine" "$emulator"
        continue
    fi
    library "$machine"
    planted "$machine" "$emulator"
    for name in "${tests[@]}"; do
        program "$machine" "$name" "$BM_SOURCE/tests/unit/test_$name.c"
        run "$emulator" "$machine/$name"
        expect_exit 0
        expect_stdout_has "ok test_"
    done
    program "$machine" powercut "$BM_SOURCE/tests/powercut/powercut.c"
    run "$emulator" "$machine/powercut" --cuts "$cuts"
    expect_exit 0
    ran+=("$machine")
done
[ ${#ran[@]} -gt 0 ] || skip "no big-endian machine's tools are installed"
printf 'ran on %s: %s, %s power cuts\n' "${ran[*]}" "${tests[*]}" "$cuts"
