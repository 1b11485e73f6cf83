#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark import and export: a CSV into an image that has other things, and out of it again.
. "$BM_SOURCE/tests/harness/lib.sh"

cat >id.csv <<'CSV'
key,type,encoding,value
certs,namespace,,
device_id,data,string,greenhouse-17
count,data,u8,3
wifi_pass,data,string,correct-horse
CSV
cat >more.csv <<'CSV'
key,type,encoding,value
extra,namespace,,
blob,data,hex2bin,00ff
certs,namespace,,
count,data,i16,-4
empty,namespace,,
CSV
bm generate id.csv id.bin 0x4000
expect_exit 0
cp id.bin old.bin

bm import id.bin more.csv
expect_exit 0
expect_no_stderr
expect_stdout "~ certs/count u8 3 -> i16 -4
+ empty/ namespace
+ extra/ namespace
+ extra/blob blob 00ff
id.bin: 3 added, 1 changed; 367 entries free"
expect_mode 600 id.bin
bm check id.bin
expect_exit 0
bm get id.bin certs device_id
printf 'greenhouse-17' | cmp - "$out" || fail "a key that the CSV does not have changed"
bm import id.bin more.csv
expect_stdout_has "id.bin: unchanged"
cp old.bin id.bin
run "$BIRTHMARK" import id.bin - --json <more.csv
expect_exit 0
expect_stdout_has '{"change":"added","namespace":"extra"}'

# All problems at once, nothing changed.
cp id.bin same.bin
printf 'key,type,encoding,value\ncerts,namespace,,\na,data,u8,300\ncount,data,u8,5\ncount,data,u8,6\nx,file,string,absent\n' >bad.csv
bm import id.bin bad.csv
expect_exit 3
expect_no_stdout
expect_stderr_has "bad.csv:3:11: key 'a': the number is outside"
expect_stderr_has "bad.csv:5:1: key 'count'"
expect_stderr_has "bad.csv:6:15: key 'x': there is no file 'absent'"
expect_stderr_has "3 errors; nothing was changed"
expect_same id.bin same.bin

# All rows or none.
printf 'key,type,encoding,value\ncerts,namespace,,\ncount,data,u8,9\nhuge,data,blob_fill(30000;0x00),\n' >huge.csv
bm import id.bin huge.csv
expect_exit 3
expect_stderr_has "certs/huge does not fit: it takes 947 entries"
expect_same id.bin same.bin
bm import id.bin
expect_exit 2
bm import id.bin absent.csv
expect_exit 3
bm import absent.bin more.csv
expect_exit 3

# export: dump's CSV, to standard output or a file; with the secrets it makes the image again.
bm dump id.bin --format csv
cp "$out" dumped
bm export id.bin
expect_exit 1
expect_same "$out" dumped
expect_stderr_has "1 secret value left out"
expect_stdout_lacks correct-horse
bm export id.bin -o all.csv --show-secrets
expect_exit 0
expect_no_stdout
expect_no_stderr
expect_mode 600 all.csv
bm generate all.csv again.bin 0x4000
expect_exit 0
bm diff id.bin again.bin
expect_exit 0
run "$BIRTHMARK" export - <id.bin
expect_exit 1
expect_same "$out" dumped
bm export id.bin -o no/such/folder.csv
expect_exit 4
head -c 16384 "$BIRTHMARK" >foreign
bm export foreign -o foreign.csv
expect_exit 3
no_file foreign.csv

# unset --all also removes what is damaged, and nothing of it stays readable.
printf '%s\n' key,type,encoding,value v,namespace,, password,data,string,a-long-passphrase >odd.csv
bm generate odd.csv odd.bin 0x3000
printf 'X' | dd of=odd.bin bs=1 seek=$((64 + 64 + 3)) conv=notrunc status=none
grep -q passphrase odd.bin || fail "the test does not damage what it means to"
bm unset odd.bin v --all
expect_exit 0
! grep -q passphrase odd.bin || fail "a damaged secret is still in the file"
