#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark partitions: conversions, every careless input, options, views.
. "$BM_SOURCE/tests/harness/lib.sh"

# --- bad CSV: one clear line with its place, exit 3, no output left ---
# refused TEXT-OF-CSV MESSAGE [ARG...]
refused() {
    local csv=$1 message=$2
    shift 2
    printf '%b' "$csv" >bad.csv
    bm partitions "$@" bad.csv bad.bin
    expect_exit 3
    expect_no_stdout
    expect_stderr_has "$message"
    [ "$(grep -c 'bad\.csv:' "$err")" -eq 1 ] || fail "not one line about bad.csv"
    no_file bad.bin
}

app='a,app,factory,0x10000,1M\n'
refused 'a_label_17_bytes_,data,nvs,0x9000,0x6000\n' \
    "bad.csv:1:1: the name 'a_label_17_bytes_' has 17 bytes, and a label takes 16"
refused 'sixteen_bytes_äé,data,nvs,0x9000,0x6000\n' "has 18 bytes"
refused "$app"' x , 256,nvs,,0x6000\n' "bad.csv:2:6: the partition type 256 is over 255"
refused 'x,data,0x100,0x9000,0x6000\n' "bad.csv:1:8: the partition subtype 0x100 is over 255"
refused 'x,data,nvs,0x100000000,0x6000\n' "bad.csv:1:12: the offset 0x100000000 does not fit"
refused 'x,data,nvs,0x9000,5000M\n' "bad.csv:1:19: the size 5000M does not fit"
refused 'x,data,nvs,0xffff0000,1M\n' "the partition would end beyond 4 GiB"
refused 'x,data,nvs,0x9000,-0x8000\n' "the partition would end at 0x8000, but it begins at 0x9000"
refused 'x,data,nvs,-0x9000,0x6000\n' "an offset cannot be negative"
refused "$app"'x,data,fat,,0\n' "bad.csv:2: partition 'x' has no size"
refused 'x,data,fat,0x9000,\n' "bad.csv:1:19: the partition has no size"
refused ',data,fat,0x9000,4K\n' "bad.csv:1:1: the partition has no name"
refused '# nothing in it\n\n' "bad.csv: no partition in it"
refused '' "bad.csv: no partition in it"
refused 'x,data,nvs,0x9000,0x6000,encrypted,readonly\n' "flags are separated by ':'"
refused 'x,data,nvs,0x9000,0x6000,encrypted:readnly\n' \
    "bad.csv:1:36: 'readnly' is no flag; did you mean readonly"
refused 'x,dta,nvs,0x9000,0x6000\n' "'dta' is no partition type; did you mean data?"
refused 'x,data,nvss,0x9000,0x6000\n' "bad.csv:1:8: 'nvss' is no partition subtype; did you mean nvs?"
refused 'x,app,,,1M\n' "an app partition needs a subtype"
refused 'x,,nvs,,1M\n' "the partition has no type"
refused 'Name,Type,SubType,Offset,Size\n' "bad.csv:1:6: this looks like a header; put # in front"
refused 'x;data;nvs;0x9000;0x6000\n' "separated by commas, not semicolons"
refused '"x",data,nvs,0x9000,0x6000\n' "names have no quotes here"
refused 'x,data,nvs,010,0x6000\n' "'010' is no offset"
refused 'x,data,nvs,0x9000,1G\n' "'1G' is no size"
refused 'x,data,nvs,0x9000,- 1M\n' "'- 1M' is no size"
refused 'x,data,nvs,0x9000,0x6000\ny,data,fat,0xe000,4K\n' \
    "bad.csv:2:12: offset 0xe000 overlaps partition 'x' of line 1, which ends at 0xf000"
refused 'x,data,nvs,0x8000,0x6000\n' "offset 0x8000 is below 0x9000, where the partition table ends"
# shellcheck disable=SC2016 # for the program to expand
refused 'x,data,nvs,0x9000,$BM_NOT_SET\n' "bad.csv:1:19: there is no environment variable BM_NOT_SET"
refused 'b,bootloader,primary,,\n' "needs --primary-bootloader-offset"
refused 'b,bootloader,recovery,,\n' "needs --recovery-bootloader-offset" --primary-bootloader-offset 0
refused 'caf\xe9,data,nvs,0x9000,0x6000\n' "bad.csv:1:4: a byte 0xe9 that is not UTF-8"
refused '\xff\xfex\0,\0' "the text is UTF-16; save it as UTF-8"

# --- layouts that are wrong, with the line of the partition ---
refused "$app"'a,app,ota_0,,1M\n' "bad.csv:2: partition 'a' has the same label"
refused 'a,app,factory,0x11000,1M\n' "begins at 0x11000, which is not a multiple of 0x10000"
refused 'x,data,fat,0x9010,4K\n' "begins at 0x9010, which is not a multiple of 0x1000"
refused 'a,app,factory,0x10000,0x10800\n' "has 0x10800 bytes, which is not a multiple of 0x1000"
refused 'a,app,factory,0x10000,0x11000\n' "not a multiple of 0x10000" --secure=v1
refused 'a,app,factory,0x10000,0x11000\n' "not a multiple of 0x10000" --secure v1
refused "$app"'x,data,nvs,,0x2000\n' "has 0x2000 bytes, but needs 0x3000"
refused "$app"'x,data,ota,,0x1000\n' "OTA data takes exactly 0x2000"
refused "$app"'x,data,ota,,8K\ny,data,ota,,8K\n' "is a second one for OTA data, after 'x'"
refused "$app"'x,data,coredump,,64K,readonly\n' "is always written, so it cannot be readonly"
refused 'a,app,factory,0x10000,8M\n' "ends at 0x810000, but the flash has 0x400000" --flash-size 4MB
refused 'a,app,factory,0x10000,8M\n' "ends at 0x810000" --flash-size 4MB --no-verify

# --- what is accepted ---
# accepted CSV-TEXT CSV-AS-WRITTEN [ARG...]: to binary, and what that is as CSV again
accepted() {
    local csv=$1 want=$2
    shift 2
    printf '%b' "$csv" >good.csv
    bm partitions "$@" good.csv good.bin
    expect_exit 0
    [ "$(stat -c %s good.bin)" = 3072 ] || fail "not 3072 bytes"
    expect_mode 644 good.bin
    bm partitions good.bin
    expect_exit 0
    tail -n +3 "$out" >lines
    printf '%b' "$want" | cmp -s - lines || fail "not $want but $(cat lines)"
    rm good.bin
}

accepted "$app" 'a,app,factory,0x10000,1M,\n'
accepted '\xef\xbb\xbf# BOM\r\n\r\n  a , App , FACTORY , 0x1_0000 , 1m ,\r\n' 'a,app,factory,0x10000,1M,\n'
accepted 'n,data,nvs,,0x6000, # room for Wi-Fi, and "more"\na,app,factory,,1M # app\n' \
    'n,data,nvs,0x9000,24K,\na,app,factory,0x10000,1M,\n'
accepted 'a,app,factory,,-2M\nb,data,,,4097\n' 'a,app,factory,0x10000,1984K,\nb,data,undefined,0x200000,0x1001,\n'
accepted 'a,app,ota_15,0x10000,0b1000000000000\nb,0x40,7,,0o10000,encrypted:readonly\n' \
    'a,app,ota_15,0x10000,4K,\nb,64,7,0x11000,4K,encrypted:readonly\n'
# Out of order, as long as nothing overlaps.
accepted 'a,app,factory,0x20000,1M\nn,data,nvs,0x9000,0x6000\n' \
    'a,app,factory,0x20000,1M,\nn,data,nvs,0x9000,24K,\n'
accepted "$app"'x,data,nvs,,4K,readonly\n' 'a,app,factory,0x10000,1M,\nx,data,nvs,0x110000,4K,readonly\n'
accepted 'a,app,factory,0x10000,0x11000\n' 'a,app,factory,0x10000,68K,\n' --secure v2
accepted 'n,data,nvs,,0x6000\n' 'n,data,nvs,0x11000,24K,\n' -o 64K --no-verify
accepted 'a,app,mine,,1M\n' 'a,app,64,0x10000,1M,\n' --extra-partition-subtypes app,mine,0x40
accepted 'a,app,mine,,1M\nb,data,own,,4K\n' 'a,app,64,0x10000,1M,\nb,data,65,0x110000,4K,\n' \
    --extra-partition-subtypes 'app, mine, 0x40' 'data, own, 0x41'
# Its words may stand behind IN and OUT, between them, or be none at all.
printf 'a,app,64,,1M\nb,data,65,,4K\n' >numbers.csv
bm partitions numbers.csv numbers.bin
printf 'a,app,mine,,1M\nb,data,own,,4K\n' >words.csv
for words in 'words.csv words.bin -q --extra-partition-subtypes app,mine,0x40 data,own,0x41' \
    'words.csv --extra-partition-subtypes app,mine,0x40 data,own,0x41 -q words.bin' \
    '--extra-partition-subtypes app,mine,0x40 data,own,0x41 -q words.csv words.bin'; do
    # shellcheck disable=SC2086
    bm partitions $words
    expect_exit 0
    expect_no_stderr
    expect_same words.bin numbers.bin
    rm words.bin
done
# Digits without 0x are hex, as the reference has it, with a word of warning.
bm partitions words.csv words.bin --extra-partition-subtypes app,mine,40 data,own,0x41
expect_exit 0
expect_stderr_has 'warning: --extra-partition-subtypes "app,mine,40": read as 0x40'
expect_same words.bin numbers.bin
rm words.bin
accepted "$app" 'a,app,factory,0x10000,1M,\n' --extra-partition-subtypes --no-verify
accepted 'b,bootloader,primary,,\nt,partition_table,primary,,\na,app,factory,,1M\nr,bootloader,recovery,,\n' \
    'b,bootloader,primary,0x1000,28K,\nt,partition_table,primary,0x8000,4K,\na,app,factory,0x10000,1M,\nr,bootloader,recovery,0x200000,28K,\n' \
    --primary-bootloader-offset 0x1000 --recovery-bootloader-offset 2M
export BM_TEST_SIZE=1M
# shellcheck disable=SC2016 # for the program to expand
accepted 'a,app,factory,,$BM_TEST_SIZE\nb,app,test,,${BM_TEST_SIZE}\n' \
    'a,app,factory,0x10000,1M,\nb,app,test,0x110000,1M,\n'
printf 'a,app,mine,,1M\n' >good.csv
bm partitions --extra-partition-subtypes app,mine,0x40 good.csv good.bin -q
expect_exit 0
expect_no_stderr
bm partitions good.bin --extra-partition-subtypes app,mine,0x40
expect_stdout_has "a,app,mine,0x10000,1M,"
# Standard input and output.
run "$BIRTHMARK" partitions - - <good.bin
expect_exit 0
expect_stdout_has "a,app,64,0x10000,1M,"

# Warnings do not stop a conversion, but --check.
printf 'x,data,fat,0x9000,0x6001\n' >odd.csv
bm partitions odd.csv odd.bin
expect_exit 0
expect_stderr_has "odd.csv:1: warning: partition 'x' has 0x6001 bytes, which are not whole sectors"
bm partitions odd.csv --check
expect_exit 1
expect_stdout_has "warning: partition 'x' has 0x6001 bytes"
expect_stdout_has "0 errors, 2 warnings in 1 partition"
bm partitions odd.csv odd.bin --no-verify --quiet
expect_exit 0
expect_no_stderr
printf 'nvs,app,ota_0,0x10000,1M\n' >odd.csv
bm partitions odd.csv --check
expect_exit 1
expect_stdout_has "partition 'nvs' has the name of a partition subtype, but another one"
expect_stdout_has "no partition for OTA data"
expect_stdout_has "one OTA slot and no factory app"

# --- 94 partitions with MD5, 95 without ---
for ((i = 0; i < 95; i++)); do
    printf 'p%d,data,fat,,4K\n' "$i"
done >many.csv
bm partitions many.csv many.bin
expect_exit 3
expect_stderr_has "takes 94 partitions and the MD5 row, and this one has 95"
no_file many.bin
bm partitions --disable-md5sum many.csv many.bin
expect_exit 0
bm partitions many.bin
expect_stdout_has "p94,data,fat,0x67000,4K,"
printf 'p95,data,fat,,4K\n' >>many.csv
bm partitions --disable-md5sum many.csv more.bin
expect_exit 3
expect_stderr_has "many.csv:96:1: too many partitions"
head -n 94 many.csv >fits.csv
bm partitions fits.csv fits.bin
expect_exit 0
bm partitions fits.bin --check
expect_exit 1

# --- damaged binary tables ---
bm partitions --preset factory-two-ota table.bin
expect_exit 0
expect_stderr_has "table.bin: 6 partitions, with MD5"
damaged() { # OFFSET BYTES MESSAGE
    cp table.bin broken.bin
    printf '%b' "$2" | dd of=broken.bin bs=1 seek="$1" conv=notrunc status=none
    bm partitions broken.bin broken.csv
    expect_exit 3
    expect_stderr_lines 1
    expect_stderr_has "$3"
    no_file broken.csv
}
damaged 12 'x' "broken.bin: at 0xc0: the MD5 of the partition table does not match its rows"
damaged 32 '\0' "broken.bin: at 0x20: a row of the partition table without its magic number"
damaged 224 '\xaa\x50' "at 0xe0: a row behind the MD5 row"
head -c 100 table.bin >broken.bin
bm partitions broken.bin
expect_exit 3
expect_stderr_has "the partition table is cut off"
head -c 96 table.bin >broken.bin
bm partitions broken.bin
expect_exit 3
expect_stderr_has "at 0x60: the partition table is cut off: it has no end row"
cp table.bin broken.bin
printf 'x' | dd of=broken.bin bs=1 seek=12 conv=notrunc status=none
bm partitions --disable-md5sum broken.bin
expect_exit 0
expect_stdout_has "xvs,data,nvs"
# A label cut in a character of UTF-8, or that CSV cannot hold.
for label in 'caf\xc3' 'a,b' '#ab' 'a\nb' ' ab'; do
    bm partitions --disable-md5sum --preset single-factory plain.bin
    printf '%b' "$label" | dd of=plain.bin bs=1 seek=12 conv=notrunc status=none
    bm partitions plain.bin plain.csv
    expect_exit 3
    expect_stderr_has "plain.bin: partition 1: CSV cannot hold its label"
    no_file plain.csv
done

# --- a flash image ---
head -c 4194304 /dev/zero | tr '\0' '\377' >flash.bin
dd if=table.bin of=flash.bin bs=4096 seek=8 conv=notrunc status=none
bm partitions flash.bin
expect_exit 0
expect_stdout_has "ota_1,app,ota_1,0x210000,1M,"
bm partitions flash.bin copy.bin
expect_exit 0
expect_same copy.bin table.bin
bm partitions flash.bin --show
expect_exit 0
expect_stdout_has "6 partitions, 960K free of 4M"
expect_stdout_lacks "smallest flash"
head -c 65536 flash.bin >head.bin
bm partitions head.bin --show
expect_stdout_has "960K free of 4M, the smallest flash that holds them"
head -c 131072 /dev/zero | tr '\0' '\377' >moved.bin
bm partitions moved.bin
expect_exit 3
expect_stderr_has "neither partition CSV, nor a binary table, nor a flash image with a table at 0x8000"
dd if=table.bin of=moved.bin bs=4096 seek=16 conv=notrunc status=none
bm partitions moved.bin
expect_exit 3
expect_stderr_has "no partition table at 0x8000, but there is one at 0x10000; use --offset 0x10000"
bm partitions moved.bin -o 0x10000 --no-verify
expect_exit 0

# --- presets ---
for preset in single-factory two-ota factory-two-ota identity; do
    bm partitions --preset "$preset" --check --flash-size 4MB
    expect_exit 0
    expect_stdout_has "0 errors, 0 warnings"
    bm partitions --preset "$preset" "$preset.csv"
    expect_exit 0
    bm partitions "$preset.csv" "$preset.bin" -q
    expect_exit 0
    bm partitions "$preset.bin" again.csv -q
    expect_same again.csv "$preset.csv"
done
grep -qx 'identity,data,nvs,0x10000,16K,readonly' identity.csv || fail "no identity"
expect_same factory-two-ota.bin table.bin
bm partitions --preset identiy
expect_exit 2
expect_stderr_has "did you mean identity"

# --- views ---
bm partitions identity.csv --show
expect_exit 0
expect_stdout_has "0x10000    0x14000         16K  identity           data             nvs        readonly"
expect_stdout_has "0x14000    0x20000         48K  (free)"
LC_ALL=C.UTF-8 bm partitions identity.csv --picture
expect_stdout_has "0x20000    ota_0                 1792K │ ██████"
LC_ALL=C bm partitions identity.csv --picture
expect_stdout_has "0x20000    ota_0                 1792K | ######"
! grep -q '[^ -~]' "$out" || fail "not ASCII"
bm partitions identity.csv --picture --ascii --color=always
expect_stdout_has $'\e[34m#'
bm partitions identity.csv --svg map.svg
expect_exit 0
expect_no_stdout
grep -q '<title>identity 0x10000 to 0x14000, 16K</title>' map.svg || fail "no tooltip"
grep -q '^</svg>$' map.svg || fail "the svg does not end"
if command -v xmllint >/dev/null; then
    run xmllint --noout map.svg
    expect_exit 0
fi
if command -v jq >/dev/null; then
    bm partitions identity.csv --json
    expect_exit 0
    cp "$out" doc.json
    run jq -r '.source, .flash_size, .partitions[3].label, .partitions[3].readonly, .partitions[3].offset, .partitions[3].line, (.findings | length), .free[0].offset' doc.json
    expect_stdout "$(printf '%s\n' csv 4194304 identity true 65536 6 0 81920)"
    printf 'x,data,nvs,0x9000,4K\n' >odd.csv
    bm partitions odd.csv --json
    expect_exit 1
    cp "$out" doc.json
    run jq -r '.findings[0].code, .findings[0].severity, .findings[0].partition' doc.json
    expect_stdout "$(printf '%s\n' nvs-small error x)"
fi

# --- wrong arguments, and outputs that are inputs ---
for args in "" "a b c" "identity.csv out.bin --show" "identity.csv --offset x" "identity.csv --secure=v3" \
    "identity.csv --flash-size 4XB" "--extra-partition-subtypes app,x identity.csv" \
    "--extra-partition-subtypes app,x,300 identity.csv" "--extra-partition-subtypes data,x,0x02 identity.csv" \
    "--extra-partition-subtypes data,nvs,0x50 identity.csv"; do
    # shellcheck disable=SC2086 # words on purpose
    bm partitions $args
    expect_exit 2
    expect_no_stdout
done
cp identity.csv before.csv
bm partitions identity.csv ./identity.csv
expect_exit 2
expect_same identity.csv before.csv
bm partitions identity.csv --svg identity.csv
expect_exit 2
expect_same identity.csv before.csv
bm partitions missing.csv x.bin
expect_exit 3
expect_stderr_has "missing.csv: cannot be opened"
run "$BIRTHMARK" partitions identity.csv /dev/full
expect_exit 4
# Without effect, and without complaint.
bm partitions -v --disable-sha256sum -q identity.csv quiet.bin
expect_exit 0
expect_no_stderr
expect_same quiet.bin identity.bin
# A key's lines are not quoted as bad rows.
printf '%s\n' '-----BEGIN PRIVATE KEY-----' MIIEvgIBADANBgkqhkiG9w0BAQEFAASC '-----END PRIVATE KEY-----' >private.pem.key
bm partitions private.pem.key
expect_exit 3
expect_stderr_lines 1
expect_stderr_has "private.pem.key: this is a PEM file, not a partition table"
