#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark set and unset: one value changes, in the file, whole or not at all.
. "$BM_SOURCE/tests/harness/lib.sh"

cat >id.csv <<'CSV'
key,type,encoding,value
certs,namespace,,
device_id,data,string,greenhouse-17
count,data,u8,3
CSV
bm generate id.csv new.bin 0x4000
expect_exit 0

# Every type, as generate takes it; and back through get.
cp new.bin id.bin
head -c 6000 "$BIRTHMARK" >blob
while read -r key type value wanted; do
    bm set id.bin types "$key" "$type" "$value"
    expect_exit 0
    expect_no_stderr
    bm get id.bin types "$key"
    expect_stdout "$wanted"
done <<'ROWS'
u8 u8 0xff 255
i8 i8 -128 -128
u16 u16 65535 65535
i16 i16 -1 -1
u32 u32 4294967295 4294967295
i32 i32 -2147483648 -2147483648
u64 u64 18446744073709551615 18446744073709551615
i64 i64 -9223372036854775808 -9223372036854775808
float float -0.5 -0.5
double double .25 0.25
ROWS
bm set id.bin types text string "a b, \"c\""
expect_exit 0
bm get id.bin types text
printf '%s' 'a b, "c"' | cmp - "$out" || fail "the string changed"
bm set id.bin types hex hex2bin 00ff10
bm get id.bin types hex
printf '\0\377\20' | cmp - "$out" || fail "hex2bin changed"
bm set id.bin types b64 base64 AP8Q
bm get id.bin types b64
printf '\0\377\20' | cmp - "$out" || fail "base64 changed"
bm set id.bin types fill 'blob_fill(3;0x41)'
bm get id.bin types fill
printf 'AAA' | cmp - "$out" || fail "blob_fill changed"
bm set id.bin types big binary --file blob
expect_exit 0
bm get id.bin types big
expect_same blob "$out"
run "$BIRTHMARK" set id.bin types piped string --file - < <(printf 'from a pipe')
expect_exit 0
bm get id.bin types piped
printf 'from a pipe' | cmp - "$out" || fail "the pipe's value changed"
bm set id.bin types dash string -- -dash
expect_exit 0
bm get id.bin types dash
printf -- '-dash' | cmp - "$out" || fail "a value with a dash changed"
bm get id.bin certs device_id
printf 'greenhouse-17' | cmp - "$out" || fail "a neighbour changed"
bm check id.bin
expect_exit 0

# What it says; the other type; nothing to do.
cp new.bin id.bin
chmod 644 id.bin
bm set id.bin certs count u8 4
expect_exit 0
expect_stdout "~ certs/count u8 3 -> 4
id.bin: 1 changed; 374 entries free"
expect_mode 600 id.bin
before=$(stat -c %i-%Y id.bin)
bm set id.bin certs count u8 4
expect_exit 0
expect_stdout "id.bin: unchanged; 374 entries free"
[ "$(stat -c %i-%Y id.bin)" = "$before" ] || fail "an unchanged file was written"
bm set id.bin certs count string four
expect_stdout_has "~ certs/count u8 4 -> string four"
bm set id.bin fresh one u16 1
expect_stdout_has "+ fresh/ namespace"
expect_stdout_has "+ fresh/one u16 1"
bm set id.bin fresh one u16 2 --json
expect_stdout_has '"written": true'
expect_stdout_has '{"change":"changed","namespace":"fresh","key":"one","old":{"type":"u16","size":2,"value":1},"new":{"type":"u16","size":2,"value":2}}'

# Secrets: not in the report, a word about the command line, gone from the file when replaced.
bm set id.bin certs wifi_pass string correct-horse
expect_exit 0
expect_stdout_lacks correct-horse
expect_stderr_has "--file keeps it"
bm set id.bin certs wifi_pass string battery-staple --show-secrets
expect_stdout_has "correct-horse -> battery-staple"
! grep -q correct-horse id.bin || fail "the old secret is still in the file"

# Usage, and values that are wrong: the file stays.
cp id.bin same.bin
while IFS='|' read -r text args; do
    eval "bm set id.bin $args"
    expect_exit 2
    expect_stderr_has "$text"
    expect_no_stdout
done <<'ROWS'
takes an image|certs count
the value is missing|certs count u8
not both|certs count u8 1 --file new.bin
takes an image|certs count u8 1 2
has 16 bytes; 1 to 15|certs sixteen_bytes_xx u8 1
the namespace "" has 0 bytes|"" count u8 1
control character|certs $'a\nb' u8 1
not UTF-8|certs $'\377' u8 1
did you mean 'string'|certs count strin x
outside 0 to 255|certs count u8 256
write this encoding as|certs count 'blob_fill(x)' 1
ROWS
printf '300' >number
bm set id.bin certs count u8 -f number
expect_exit 3
expect_stderr_has "number: the number is outside"
bm set id.bin certs count u8 -f absent
expect_exit 3
run "$BIRTHMARK" set - certs count u8 1 <id.bin
expect_exit 2
expect_same id.bin same.bin

# What cannot be changed: refused, untouched.
bm set id.bin certs huge binary --file "$BIRTHMARK"
expect_exit 3
bm set id.bin certs huge 'blob_fill(12000;0x00)'
expect_exit 3
expect_stderr_has "certs/huge does not fit: it takes 379 entries, "
expect_same id.bin same.bin
bm generate id.csv one.bin 0x1000
cp one.bin same.bin
bm set one.bin certs count u8 9
expect_exit 3
expect_stderr_has "needs a page in reserve"
expect_same one.bin same.bin
bm generate id.csv two.bin 0x2000
bm set two.bin certs count u8 9
expect_exit 0
head -c 16384 "$BIRTHMARK" >foreign
cp foreign same.bin
bm set foreign certs count u8 9
expect_exit 3
expect_stderr_has "foreign is not an NVS image"
expect_same foreign same.bin
bm set absent.bin certs count u8 9
expect_exit 3
no_file absent.bin
head -c 12288 /dev/zero | tr '\0' '\377' >blank.bin
bm set blank.bin certs count u8 9
expect_exit 0
bm check blank.bin
expect_exit 0

# A folder that cannot be written to, or a full disk: the old file is there, and nothing else.
if [ "$(id -u)" != 0 ]; then
    mkdir locked
    cp new.bin locked/id.bin
    chmod 500 locked
    bm set locked/id.bin certs count u8 9
    expect_exit 4
    expect_same locked/id.bin new.bin
    chmod 700 locked
fi
(ulimit -f 1 && trap '' XFSZ && "$BIRTHMARK" set id.bin certs count u8 77) >"$out" 2>"$err" && fail "wrote beyond the limit"
bm get id.bin certs count
printf four | cmp - "$out" || fail "the file changed"
[ -z "$(find . -name '*.tmp')" ] || fail "a temporary file was left"

# Through a symbolic link the file behind it changes.
cp new.bin real.bin
ln -s real.bin link.bin
bm set link.bin certs count u8 9
[ -L link.bin ] || fail "the link was replaced"
bm get real.bin certs count
expect_stdout 9

# Bytes behind the last page stay.
cp new.bin tail.bin
printf 'tail' >>tail.bin
bm set tail.bin certs count u8 9
expect_exit 0
[ "$(tail -c 4 tail.bin)" = tail ] || fail "the bytes behind the pages changed"

# unset
cp new.bin id.bin
bm unset id.bin certs cuont
expect_exit 1
expect_stderr_has 'no key "cuont" in namespace "certs" (did you mean count?)'
bm unset id.bin cert count
expect_exit 1
expect_stderr_has 'no namespace "cert" (did you mean certs?)'
bm unset id.bin certs
expect_exit 2
expect_stderr_has "--all removes every key"
bm unset id.bin certs count --all
expect_exit 2
expect_same id.bin new.bin
bm unset id.bin certs count
expect_exit 0
expect_stdout "- certs/count u8 3
id.bin: 1 removed; 375 entries free"
bm get id.bin certs device_id
expect_exit 0
bm unset id.bin certs --all
expect_exit 0
expect_stdout_has "- certs/device_id string greenhouse-17"
bm unset id.bin certs --all
expect_stdout "id.bin: unchanged; 377 entries free"

# What a power cut left is cleared up with the first change, and told.
cp new.bin cut.bin
printf '\376' | dd of=cut.bin bs=1 seek=$((64 + 40 * 32)) conv=notrunc status=none
bm set cut.bin certs count u8 3
expect_stdout_has "unchanged"
bm set cut.bin certs count u8 4
expect_stdout_has "cleared up: 1 entry"
bm check cut.bin
expect_exit 0

# An image that is all of version 1, and stays it as long as the format allows: what is of version 2
# then is said, once.
printf '%s\n' key,type,encoding,value certs,namespace,, count,data,u8,3 blob,data,hex2bin,00ff >v1.csv
bm generate v1.csv v1.bin 0x4000 --version 1
expect_exit 0
bm set v1.bin certs count u16 4
expect_exit 0
expect_no_stderr
bm unset v1.bin certs count
expect_no_stderr
cp v1.bin v1_page.bin
bm set v1.bin certs blob hex2bin 0102
expect_exit 0
expect_stderr_lines 1
expect_stderr_has "v1.bin was all of NVS version 1 and is not any more"
bm set v1.bin certs blob hex2bin 0103
expect_no_stderr
bm get v1.bin certs blob
printf '\1\3' | cmp - "$out" || fail "the blob changed"
for i in 1 2 3; do
    head -c 1500 /dev/zero | tr '\0' x >text
    bm set v1_page.bin certs "text$i" string --file text
    expect_exit 0
    [ "$i" = 3 ] || expect_no_stderr
done
expect_stderr_has "ESP-IDF before 3.2"
bm check v1_page.bin
expect_exit 0
for image in new.bin blank.bin; do
    cp "$image" id.bin
    bm set id.bin certs blob hex2bin 0102
    expect_exit 0
    expect_no_stderr
done

# What a file's name holds does not reach the terminal.
printf '%s\n' key,type,encoding,value v,namespace,, n,data,u8,1 >named.csv
bm generate named.csv $'na\033med.bin' 0x3000
expect_exit 0
bm set $'na\033med.bin' v n u8 2
expect_exit 0
expect_stdout_has 'na\x1bmed.bin: 1 changed'

golden=$BM_SOURCE/../shared/golden
[ -d "$golden" ] || skip "no golden images here"

# Encrypted: with its keys, and not without.
cat "$golden/v05_seed_encrypted/expected.bin" >enc.bin # the mode is not kept: it may be read-only
cp enc.bin old.bin
keys=$golden/v05_seed_encrypted/nvs_key.bin
bm set enc.bin certs count u8 5
expect_exit 3
expect_same enc.bin old.bin
bm set enc.bin certs count u8 5 --keys "$keys"
expect_exit 0
bm diff old.bin enc.bin --keys "$keys"
expect_exit 1
expect_stdout "+ certs/count u8 5
old.bin to enc.bin: 1 added"
bm get --keys "$keys" enc.bin certs certificate
expect_same "$golden/v05_seed_encrypted/certificate.pem.crt" "$out"
bm get enc.bin certs certificate
expect_exit 3
bm check --keys "$keys" enc.bin
expect_exit 0
