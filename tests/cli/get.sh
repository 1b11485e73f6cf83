#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark get: the bytes of a value and nothing else.
. "$BM_SOURCE/tests/harness/lib.sh"

printf 'line one\nline two, no newline at the end' >text
head -c 5000 "$BIRTHMARK" >blob
cat >id.csv <<'CSV'
key,type,encoding,value
v,namespace,,
u8,data,u8,255
i8,data,i8,-128
u16,data,u16,65535
i16,data,i16,-32768
u32,data,u32,4294967295
i32,data,i32,-2147483648
u64,data,u64,18446744073709551615
i64,data,i64,-9223372036854775808
float,data,float,0.1
double,data,double,-0.1
text,file,string,text
empty,data,string,""
blob,file,binary,blob
none,data,hex2bin,
more,namespace,,
certificate,data,u8,1
CSV
bm generate id.csv id.bin 0x6000
expect_exit 0

while read -r key value; do
    bm get id.bin v "$key"
    expect_exit 0
    expect_no_stderr
    expect_stdout "$value"
done <<'ROWS'
u8 255
i8 -128
u16 65535
i16 -32768
u32 4294967295
i32 -2147483648
u64 18446744073709551615
i64 -9223372036854775808
float 0.100000001
double -0.10000000000000001
ROWS
for key in text blob; do
    bm get id.bin v "$key"
    expect_exit 0
    expect_same "$key" "$out"
done
for key in empty none; do
    bm get id.bin v "$key"
    expect_exit 0
    expect_no_stdout
done
run "$BIRTHMARK" get - v u8 <id.bin
expect_stdout 255

# Absent: which of the two, and what was meant.
bm get id.bin v u9
expect_exit 1
expect_no_stdout
expect_stderr_lines 1
expect_stderr_has 'id.bin: no key "u9" in namespace "v" (did you mean u8?)'
bm get id.bin mroe certificate
expect_exit 1
expect_stderr_has 'id.bin: no namespace "mroe" (did you mean more?)'
bm get id.bin more something_else
expect_exit 1
expect_stderr_has "; there is certificate"
bm get id.bin more a_key_longer_than_15
expect_exit 1
bm get id.bin "" x
expect_exit 1

# Damaged: not absent.
cp id.bin bad.bin
at=$(grep -abo 'line two' id.bin | cut -d: -f1)
printf 'X' | dd of=bad.bin bs=1 seek="$at" conv=notrunc status=none
bm get bad.bin v text
expect_exit 3
expect_no_stdout
expect_stderr_has "v/text is there, but damaged"
bm get bad.bin v u8
expect_exit 0

bm get id.bin v
expect_exit 2
expect_stderr_has "takes an image, a namespace and a key"
bm get id.bin v u8 more
expect_exit 2
bm get missing.bin v u8
expect_exit 3
: >empty.bin
bm get empty.bin v u8
expect_exit 3
if [ -w /dev/full ]; then
    status=0
    "$BIRTHMARK" get id.bin v blob >/dev/full 2>"$err" || status=$?
    expect_exit 4
fi
