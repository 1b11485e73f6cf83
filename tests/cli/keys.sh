#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Encrypted images: made, read, decrypted; keys that do not fit; files of keys.
. "$BM_SOURCE/tests/harness/lib.sh"

printf 'a secret of some length\n' >text
head -c 5000 "$BIRTHMARK" >blob
printf 'key,type,encoding,value\ncerts,namespace,,\ntext,file,string,text\nblob,file,binary,blob\nones,data,hex2bin,%s\nn,data,i16,-7\n' \
    "$(printf 'ff%.0s' {1..64})" >id.csv

# Keys: 0600, random, below keys, never written over.
bm generate-key --keyfile a.bin
expect_exit 0
expect_stdout "keys/a.bin: NVS keys, new"
expect_mode 600 keys/a.bin
[ "$(stat -c %s keys/a.bin)" = 4096 ] || fail "a key partition has 4096 bytes"
cp keys/a.bin before
bm generate-key --keyfile a.bin
expect_exit 3
expect_stderr_has "keys/a.bin is there already"
expect_same before keys/a.bin
bm generate-key --outdir sub/deep --keyfile a.bin
expect_exit 0
! cmp -s keys/a.bin sub/deep/keys/a.bin || fail "two keys are the same"
for _ in 1 2 3; do
    bm generate-key --outdir dates
    expect_exit 0
done
[ "$(find dates/keys -type f | wc -l)" = 3 ] || fail "three keys made, other than three files"

# The HMAC scheme.
bm generate-key --key_protect_hmac --kp_hmac_keygen --kp_hmac_keyfile h.bin --keyfile n1.bin
expect_exit 0
expect_mode 600 keys/h.bin
[ "$(stat -c %s keys/h.bin)" = 32 ] || fail "an HMAC key has 32 bytes"
bm generate-key --key_protect_hmac --kp_hmac_inputkey keys/h.bin --keyfile n2.bin
expect_exit 0
expect_same keys/n1.bin keys/n2.bin
bm generate-key --key_protect_hmac --kp_hmac_inputkey keys/n1.bin --keyfile n3.bin
expect_exit 3
expect_stderr_has "an HMAC key has 32 bytes"
bm generate-key --key_protect_hmac --kp_hmac_keygen --kp_hmac_keyfile h.bin --keyfile n3.bin
expect_exit 3
no_file keys/n3.bin
# Names as nvs_partition_gen makes them: .bin where there is no extension, the HMAC key after the key file.
mkdir names
bm generate-key --outdir names --keyfile n --key_protect_hmac --kp_hmac_keygen
expect_exit 0
expect_stdout "names/keys/n.bin: NVS keys, new
names/keys/hmac-n.bin: HMAC key, new"
bm generate-key --outdir names --keyfile sub.d/n --key_protect_hmac --kp_hmac_keygen --kp_hmac_keyfile sub.d/h
expect_exit 0
expect_stdout "names/keys/sub.d/n.bin: NVS keys, new
names/keys/sub.d/h.bin: HMAC key, new"
bm generate-key --outdir names --keyfile sub.d/m.bin --key_protect_hmac --kp_hmac_keygen
expect_stdout "names/keys/sub.d/m.bin: NVS keys, new
names/keys/sub.d/hmac-m.bin: HMAC key, new"
bm generate-key --outdir names --key_protect_hmac --kp_hmac_inputkey names/keys/hmac-n.bin --keyfile again
expect_same names/keys/n.bin names/keys/again.bin
bm generate-key --outdir names --keyfile "$(printf 'n%.0s' {1..4096})"
expect_exit 2
while read -r line; do
    read -ra args <<<"$line"
    bm generate-key "${args[@]}"
    expect_exit 2
    expect_no_stdout
done <<'ROWS'
--key_protect_hmac
--kp_hmac_keygen
--key_protect_hmac --kp_hmac_keygen --kp_hmac_inputkey keys/h.bin
--key_protect_hmac --kp_hmac_inputkey keys/h.bin --kp_hmac_keyfile x.bin
--keyfile -
--keyfile folder/
name.bin
ROWS

# generate --keys and encrypt are the same; nothing is in the clear.
bm generate id.csv plain.bin 0x6000
bm generate --keys keys/a.bin id.csv sealed.bin 0x6000
expect_exit 0
expect_mode 600 sealed.bin
bm encrypt id.csv sealed2.bin 0x6000 --inputkey keys/a.bin
expect_exit 0
expect_same sealed.bin sealed2.bin
! cmp -s plain.bin sealed.bin || fail "the image is plain"
grep -qaF secret plain.bin || fail "the plain image does not hold the text"
! grep -qaE 'secret|certs|blob' sealed.bin || fail "the encrypted image holds plain text"

# Keys made on the way: kept where the image came out, and only there.
bm encrypt id.csv new.bin --keygen --keyfile new.bin --outdir out
expect_exit 0
expect_stderr_has "out/keys/new.bin: NVS keys, new"
bm get out/new.bin certs text --keys out/keys/new.bin
expect_same text "$out"
printf 'key,type,encoding,value\nx,data,u8,1\n' >bad.csv
bm encrypt bad.csv bad.bin --keygen --keyfile bad.bin
expect_exit 3
no_file keys/bad.bin bad.bin
mkdir folder.bin
bm encrypt id.csv folder.bin --keygen --keyfile bad.bin
expect_exit 4
no_file keys/bad.bin
cp sealed.bin kept.bin
bm encrypt id.csv kept.bin --keygen --keyfile a.bin
expect_exit 3
expect_same sealed.bin kept.bin
expect_same before keys/a.bin
bm encrypt --dry-run id.csv --keygen --keyfile bad.bin
expect_exit 0
no_file keys/bad.bin
for args in "" "--keygen --inputkey keys/a.bin" "--inputkey keys/a.bin --kp_hmac_keygen" "--keyfile x.bin" \
    "--inputkey keys/a.bin --key_protect_hmac --kp_hmac_inputkey keys/h.bin"; do
    read -ra words <<<"$args"
    bm encrypt id.csv x.bin "${words[@]}"
    expect_exit 2
    no_file x.bin
done

# Options that change nothing beside keys that are given.
bm encrypt id.csv ignored.bin 0x6000 --inputkey keys/a.bin --keyfile x.bin --key_protect_hmac
expect_exit 0
expect_stderr_has "warning: --keyfile x.bin is ignored"
expect_same ignored.bin sealed2.bin
no_file keys/x.bin

bm encrypt - x.bin --inputkey - <keys/a.bin
expect_exit 2
expect_stderr_has "once only"

# Reading with keys in each of their forms.
head -c 64 keys/a.bin >k64
head -c 68 keys/a.bin >k68
cat keys/a.bin keys/a.bin >k8192
for k in keys/a.bin k64 k68 k8192; do
    bm get --keys "$k" sealed.bin certs blob
    expect_exit 0
    expect_no_stderr
    expect_same blob "$out"
done
bm get sealed.bin certs n --inputkey - <keys/a.bin
expect_stdout -7
bm get - certs n --keys k64 <sealed.bin
expect_stdout -7
bm get - certs n --keys - <sealed.bin
expect_exit 2
bm get plain.bin certs ones
cp "$out" ones
bm get sealed.bin certs ones --keys k64
expect_same ones "$out"
bm check sealed.bin --keys k64
expect_exit 0
bm dump plain.bin
sed 's/plain\.bin/X/' "$out" >dump
bm dump sealed.bin --keys k64
sed 's/sealed\.bin/X/' "$out" | diff - dump || fail "dumps differ"
bm map --ascii sealed.bin --keys k64
expect_exit 0
expect_stdout_lacks "encrypted"
bm map --ascii sealed.bin
expect_exit 0
expect_stderr_has "without --keys"

# No keys, and keys that do not fit: one line, 3, or a finding.
for command in "dump sealed.bin" "get sealed.bin certs n"; do
    read -ra words <<<"$command"
    bm "${words[@]}"
    expect_exit 3
    expect_no_stdout
    expect_stderr_lines 1
    expect_stderr_has "give its NVS keys with --keys FILE"
done
for command in "dump sealed.bin" "map sealed.bin" "get sealed.bin certs n" "dump -s storage sealed.bin"; do
    read -ra words <<<"$command"
    bm "${words[@]}" --keys keys/n1.bin
    expect_exit 3
    expect_no_stdout
    expect_stderr_lines 1
    expect_stderr_has "sealed.bin: the keys in keys/n1.bin do not fit"
done
bm check sealed.bin --keys keys/n1.bin
expect_exit 1
[ "$(grep -cE '^(error|warning|note)' "$out")" = 1 ] || fail "more than one finding"
expect_stdout_has "error keys-wrong"
bm check plain.bin --keys k64
expect_exit 1
expect_stdout_has "error not-encrypted"
bm get plain.bin certs n --keys k64
expect_exit 0
expect_stderr_has "warning: plain.bin is not encrypted"

# One entry is enough to tell.
printf 'key,type,encoding,value\na,namespace,,\n' >one.csv
bm generate --keys k64 one.csv one.bin
bm dump one.bin --keys k64
expect_exit 0
expect_stdout_has "namespace"
bm check one.bin --keys keys/n1.bin
expect_stdout_has "error keys-wrong"

# Files that are no keys.
head -c 4096 /dev/zero | tr '\0' '\377' >blank
{ head -c 32 k64 && head -c 32 k64; } >equal
od -An -v -tx1 k64 | tr -d ' \n' >hex
{ head -c 63 keys/a.bin && printf '\0' && tail -c +65 keys/a.bin; } >flipped
cmp -s flipped keys/a.bin && { head -c 63 keys/a.bin && printf '\1' && tail -c +65 keys/a.bin; } >flipped
while read -r file text; do
    bm get sealed.bin certs n --keys "$file"
    expect_exit 3
    expect_no_stdout
    expect_stderr_lines 1
    expect_stderr_has "$file: "
    expect_stderr_has "$text"
done <<'ROWS'
blank no keys are in it yet
equal encryption key and tweak key are equal
hex keys are bytes, not hex digits
flipped the checksum of the keys is wrong
sealed.bin the checksum of the keys is wrong
keys/h.bin 32 bytes are no NVS keys
text keys are a key partition
missing.bin cannot be opened
ROWS

# decrypt: back to the byte, in place too; never from wrong keys or a plain image.
bm decrypt sealed.bin keys/a.bin back.bin
expect_exit 0
expect_no_stdout
expect_no_stderr
expect_mode 600 back.bin
expect_same plain.bin back.bin
bm decrypt --inputkey k64 sealed2.bin sealed2.bin
expect_exit 0
expect_same plain.bin sealed2.bin
bm decrypt sealed2.bin keys/a.bin sealed2.bin
expect_exit 3
expect_stderr_has "is not encrypted"
expect_same plain.bin sealed2.bin
bm decrypt sealed.bin keys/n1.bin wrong.bin
expect_exit 3
expect_stderr_has "do not fit"
bm decrypt text keys/a.bin wrong.bin
expect_exit 3
no_file wrong.bin
bm decrypt sealed.bin keys/a.bin
expect_exit 2
bm decrypt - - x.bin <sealed.bin
expect_exit 2
bm decrypt --outdir there sealed.bin keys/a.bin back.bin
expect_exit 0
expect_same plain.bin there/back.bin

# A gap of blank entries does not shift what follows; damage is told, the rest is saved.
cp sealed.bin gap.bin
printf '\377%.0s' {1..32} | dd of=gap.bin bs=1 seek=$((64 + 32)) conv=notrunc status=none
bm decrypt gap.bin keys/a.bin gap.out
expect_exit 1
expect_stderr_lines 1
expect_stderr_has "gap.bin is decrypted, but"
bm get gap.out certs n
expect_stdout -7
bm get gap.out certs blob
expect_same blob "$out"

# An output is none of the files that are read: least of all the keys.
cp keys/a.bin kept.bin
head -c 32 keys/a.bin >hmac.bin
cp hmac.bin hmac_kept.bin
while read -r args; do
    eval "bm $args"
    expect_exit 2
    expect_stderr_has "would be overwritten"
    expect_same keys/a.bin kept.bin
    expect_same hmac.bin hmac_kept.bin
done <<'ROWS'
encrypt id.csv keys/a.bin 0x4000 --inputkey keys/a.bin
encrypt id.csv ./keys/../keys/a.bin 0x4000 --inputkey keys/a.bin
encrypt id.csv hmac.bin 0x4000 --keygen --key_protect_hmac --kp_hmac_inputkey hmac.bin
decrypt sealed.bin keys/a.bin keys/a.bin
export sealed.bin --keys keys/a.bin -o keys/a.bin
export sealed.bin --keys keys/a.bin -o sealed.bin
ROWS
