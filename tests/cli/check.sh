#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark check: exit status, text, JSON, and images that ESP-IDF's library made.
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

# A name that is not UTF-8 is escaped, the same in dump.
cp id.bin $'n\xff.bin'
bm check $'n\xff.bin' --json
expect_exit 0
expect_stdout_has '{"image": "n\\xff.bin", "size"'
bm dump $'n\xff.bin' --json
expect_exit 0
expect_stdout_has '{"image": {"name": "n\\xff.bin", "size"'

# Images of ESP-IDF's library: whole histories are clean, power cuts get an answer.
for f in "$BM_SOURCE"/tests/golden/history/history-*/image.bin; do
    bm check "$f"
    expect_exit 0
done
for f in "$BM_SOURCE"/tests/golden/history/cut-*/image.bin; do
    bm check "$f"
    [ "$status" -le 1 ] || fail "$f: status $status"
    expect_no_stderr
done
