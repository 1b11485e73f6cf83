#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark diff: what is not the same, by what it means.
. "$BM_SOURCE/tests/harness/lib.sh"

cat >a.csv <<'CSV'
key,type,encoding,value
zoo,namespace,,
same,data,u8,1
number,data,i32,-5
gone,data,double,0.5
wifi_pass,data,string,correct-horse-battery-staple-and-more
alpha,namespace,,
text,data,string,old text
CSV
cat >b.csv <<'CSV'
key,type,encoding,value
alpha,namespace,,
text,data,string,new text
beta,namespace,,
zoo,namespace,,
wifi_pass,data,string,another-secret-that-is-as-long-as-that
number,data,u8,5
added,data,hex2bin,c0ffee
same,data,u8,1
CSV
bm generate a.csv a.bin 0x3000
bm generate b.csv b.bin 0x5000
bm diff a.bin b.bin
expect_exit 1
expect_no_stderr
sed -E 's/sha256 [0-9a-f]{16}/sha256 X/g' "$out" >seen
cat >wanted <<'TEXT'
~ alpha/text string old text -> new text
+ beta/ namespace
+ zoo/added blob c0ffee
- zoo/gone double 0.5
~ zoo/number i32 -5 -> u8 5
~ zoo/wifi_pass string <redacted: string, 37 bytes, sha256 X...> -> <redacted: string, 38 bytes, sha256 X...>
a.bin to b.bin: 2 added, 1 removed, 3 changed
TEXT
expect_same seen wanted
bm diff a.bin b.bin --show-secrets
expect_stdout_has "correct-horse-battery-staple-and-more -> another-secret"
bm diff a.bin b.bin --namespace zoo --key number
expect_exit 1
expect_stdout "~ zoo/number i32 -5 -> u8 5
a.bin to b.bin: 1 changed"
bm diff a.bin b.bin --key same
expect_exit 0
bm diff a.bin b.bin --namespace zo
expect_exit 3
expect_stderr_has "holds anything like that: namespace zo"

# The same, in the same bytes or others.
cp a.bin copy.bin
bm diff a.bin copy.bin
expect_exit 0
expect_stdout "a.bin and copy.bin: identical"
bm generate a.csv larger.bin 0x6000
bm diff a.bin larger.bin
expect_exit 0
expect_stdout "a.bin and larger.bin: same content, other layout"
bm diff a.bin larger.bin --json
expect_exit 0
expect_stdout_has '"verdict": "same content, other layout"'
expect_stdout_has '"differences": []'
bm diff a.bin b.bin --json
expect_exit 1
expect_stdout_has '"verdict": "different"'
expect_stdout_has '{"change":"removed","namespace":"zoo","key":"gone","old":{"type":"double","size":8,"value":0.5},"new":null}'
expect_stdout_lacks correct-horse
if command -v jq >/dev/null; then
    [ "$(jq '.differences | length' "$out")" = 6 ] || fail "the JSON does not list 6 differences"
fi

# Blobs whose shown beginning is the same are told apart.
{ head -c 100 /dev/zero && printf 1; } >one
{ head -c 100 /dev/zero && printf 2; } >two
cp a.bin x.bin
bm set x.bin zoo blob binary -f one
cp x.bin y.bin
bm set y.bin zoo blob binary -f two
bm diff x.bin y.bin
expect_exit 1
[ "$(grep -o 'sha256 [0-9a-f]*' "$out" | sort -u | wc -l)" = 2 ] || fail "two blobs look the same"

run "$BIRTHMARK" diff - b.bin <a.bin
expect_exit 1
expect_stdout_has "standard input to b.bin: 2 added"
bm diff - -
expect_exit 2
bm diff a.bin
expect_exit 2
bm diff a.bin b.bin a.bin
expect_exit 2
bm diff a.bin missing.bin
expect_exit 3
head -c 16384 "$BIRTHMARK" >foreign
bm diff foreign a.bin
expect_exit 3
expect_no_stdout
expect_stderr_has "foreign is not an NVS image"

# A damaged value is a difference, and shown as what it is.
cp a.bin damaged.bin
at=$(grep -abo 'old text' a.bin | cut -d: -f1)
printf X | dd of=damaged.bin bs=1 seek="$at" conv=notrunc status=none
bm diff a.bin damaged.bin
expect_exit 1
expect_stdout_has "~ alpha/text string old text -> <damaged>"
