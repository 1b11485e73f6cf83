#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark map: glyphs by locale and option, colour, and the SVG file.
. "$BM_SOURCE/tests/harness/lib.sh"

printf 'key,type,encoding,value\nns,namespace,,\nwifi_pass,data,string,"%s"\nn,data,u8,1\n' \
    'correct horse battery staple, said the fox, and more and more and more of it ............' >id.csv
bm generate id.csv id.bin 16K
expect_exit 0

LC_ALL=C.UTF-8 bm map id.bin
expect_exit 0
expect_no_stderr
expect_stdout_has "page 0  active  sequence 0  6 written  0 erased  120 empty  0x0"
expect_stdout_has "   0  NS───#···"
expect_stdout_has "pages 1 to 3  blank  0x1000"
expect_stdout_has "N namespace  # number  S string  · empty"
expect_stdout_lacks $'\e'
expect_stdout_lacks "horse"

# ASCII where the locale knows no more, or on request.
LC_ALL=C bm map id.bin
expect_stdout_has "   0  NSsss#..."
LC_ALL=C.UTF-8 bm map id.bin --ascii
expect_stdout_has "   0  NSsss#..."
! grep -q '[^ -~]' "$out" || fail "not ASCII"
bm map id.bin --color=always
expect_stdout_has $'\e[30;42mS'

# SVG: to a file as a whole, or to standard output.
bm map id.bin --svg id.svg
expect_exit 0
expect_no_stdout
expect_no_stderr
grep -q '^<svg xmlns="http://www.w3.org/2000/svg"' id.svg || fail "no svg"
grep -q '^</svg>$' id.svg || fail "the svg does not end"
grep -q 'ns/wifi_pass' id.svg || fail "no tooltip"
! grep -q horse id.svg || fail "a value is in the picture"
bm map id.bin --svg -
expect_exit 0
expect_same id.svg "$out"
if command -v xmllint >/dev/null; then
    run xmllint --noout id.svg
    expect_exit 0
fi
bm map id.bin --svg no/such/folder/id.svg
expect_exit 4
expect_stderr_has "no/such/folder"
# The image itself is no place for the picture, whatever it is called.
cp id.bin before.bin
ln id.bin hard.bin
ln -s id.bin soft.bin
for target in id.bin ./id.bin "$PWD/id.bin" hard.bin soft.bin; do
    bm map id.bin --svg "$target"
    expect_exit 2
    expect_no_stdout
    expect_stderr_lines 1
    expect_stderr_has "the SVG document would replace the image"
    expect_same id.bin before.bin
done
bm map soft.bin --svg id.bin
expect_exit 2
expect_same id.bin before.bin
run "$BIRTHMARK" map - --svg id.bin <hard.bin
expect_exit 2
expect_same id.bin before.bin
rm before.bin hard.bin soft.bin
cp id.svg before.svg
bm map missing.bin --svg id.svg
expect_exit 3
expect_same id.svg before.svg
folder_lists id.csv id.bin id.svg before.svg

bm map
expect_exit 2
head -c 8192 /dev/zero >zeros.bin
bm map zeros.bin
expect_exit 3
expect_stderr_has "not an NVS image"
