#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark check on images of the reference generator and the longer series of ESP-IDF's library.
. "$BM_SOURCE/tests/harness/lib.sh"

golden=$BM_SOURCE/../shared/golden
[ -d "$golden" ] || skip "no golden images here"
images=0
for dir in "$golden"/v[0-4]*/; do
    [ -f "$dir/expected.bin" ] || continue
    class=$(head -c 3 "$dir/note.txt")
    case $class:$(head -n 1 "$dir/cmd.txt") in
    ok::*" generate "*) ;;
    *) continue ;;
    esac
    bm check "$dir/expected.bin"
    expect_exit 0
    images=$((images + 1))
done
for f in "$golden"/nvs-history/history-*/image.bin; do
    bm check "$f"
    expect_exit 0
    images=$((images + 1))
done
[ "$images" -ge 30 ] || fail "only $images images"
for f in "$golden"/nvs-history/cut-*/image.bin; do
    bm check "$f"
    [ "$status" -le 1 ] || fail "$f: status $status"
    expect_no_stderr
done
bm check "$golden/v05_seed_encrypted/expected.bin"
expect_exit 1
[ "$(grep -c '^error' "$out")" -eq 1 ] || fail "an encrypted image has more than one finding"
expect_stdout_has "error encrypted"
bm check "$golden/v30_dup_key/expected.bin"
expect_exit 1
expect_stdout_has "error key-twice"
