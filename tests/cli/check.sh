#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark check: exit status, text, JSON, and images that ESP-IDF's generator and library made.
. "$BM_SOURCE/tests/harness/lib.sh"

cat >id.csv <<'CSV'
key,type,encoding,value
factory,namespace,,
serial_no,data,u32,123456
name,data,string,a name of some length that needs two entries
CSV
bm generate id.csv id.bin 0x3000
expect_exit 0

bm check id.bin
expect_exit 0
expect_no_stderr
expect_stdout "id.bin: clean; 3 pages, 1 namespace, 2 keys, 5 of 378 entries written"
run "$BIRTHMARK" check - <id.bin
expect_exit 0
expect_stdout_has "standard input: clean"

# A wrong bit in the string.
cp id.bin bad.bin
printf 'X' | dd of=bad.bin bs=1 seek=200 conv=notrunc status=none
bm check bad.bin
expect_exit 1
expect_no_stderr
expect_stdout_has "error data-crc  page 0 entry 2  0x80  factory/name"
expect_stdout_has "    device: "
expect_stdout_has "    remedy: "
expect_stdout_has "bad.bin: 1 error, 0 warnings; 3 pages"
bm check bad.bin --json
expect_exit 1
expect_stdout_has '"id":"data-crc","offset":128,"page":0,"entry":2,"namespace":"factory","key":"name"'
expect_stdout_has '"errors": 1, "warnings": 0, "notes": 0, "clean": false}'
bm check bad.bin --color always
expect_stdout_has $'\e[31merror'

# Notes alone are no reason to fail.
head -c 4096 id.bin >small.bin
bm check small.bin
expect_exit 0
expect_stdout_has "note size-small"
expect_stdout_has "clean, 1 note"

# Any bytes get an answer.
head -c 5000 id.bin >cut.bin
head -c 100000 "$BIRTHMARK" >program.bin
: >empty.bin
for f in cut.bin program.bin empty.bin; do
    bm check "$f"
    expect_exit 1
    expect_no_stderr
done
bm check missing.bin
expect_exit 3
bm check
expect_exit 2

# Images of ESP-IDF's generator and library.
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
