#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark dump: views, formats, secrets, and the way back to the image.
. "$BM_SOURCE/tests/harness/lib.sh"

cat >id.csv <<'CSV'
key,type,encoding,value
factory,namespace,,
serial_no,data,u32,123456
name,data,string,"Träd, grönt"
wifi,namespace,,
ssid,data,string,guest
wifi_pass,data,string,correct horse battery staple
blob,data,hex2bin,00ff10
CSV
bm generate id.csv id.bin 0x3000
expect_exit 0

# The default: written entries, page by page.
bm dump id.bin
expect_exit 0
expect_no_stderr
expect_stdout_has "id.bin: 12288 bytes, 3 pages, 2 namespaces, 5 keys"
expect_stdout_has "Page 0 at 0x0: active, sequence 0, version 2; entries: 12 written, 0 erased, 114 empty"
expect_stdout_has "Pages 1 to 2 at 0x1000: blank"
expect_stdout_has "123456"
expect_stdout_has "<redacted: string, 28 bytes>"
expect_stdout_lacks "correct horse"
expect_stdout_lacks $'\e'

# The same from standard input.
cp "$out" first
run "$BIRTHMARK" dump - <id.bin
expect_exit 0
sed 's/^id.bin:/standard input:/' first | cmp -s - "$out" || fail "standard input gives another dump"

for view in all written minimal namespaces blobs storage; do
    for format in text json; do
        bm dump id.bin --show "$view" --format "$format"
        expect_exit 0
        expect_no_stderr
        expect_stdout_lacks "correct horse"
        bm dump --show-secrets -s "$view" -f "$format" id.bin
        expect_exit 0
    done
done
bm dump id.bin -s minimal --show-secrets
expect_stdout_has "wifi       wifi_pass  string  correct horse battery staple"
bm dump id.bin -s namespaces
expect_stdout_has "    1  factory                2        3        18"
bm dump id.bin -s minimal --color always
expect_stdout_has $'\e[33m<redacted'
bm dump id.bin --json -s minimal
expect_stdout_has '{"namespace":"factory","namespace_index":1,"key":"serial_no","type":"u32","size":4,"value":123456}'

# CSV without secrets says so, and what is missing makes the answer no; with them it gives the image back.
bm dump id.bin --format csv
expect_exit 1
expect_stderr_lines 1
expect_stderr_has "1 secret value left out of the CSV; --show-secrets has them"
expect_stdout_has "# wifi/wifi_pass left out: <redacted: string, 28 bytes>"
bm dump id.bin --format csv --show-secrets
expect_exit 0
expect_no_stderr
cp "$out" back.csv
bm generate back.csv back.bin 0x3000
expect_exit 0
expect_same id.bin back.bin

# Filters.
bm dump id.bin -n wifi -s minimal
expect_exit 0
expect_stdout_has "ssid"
expect_stdout_lacks "serial_no"
bm dump id.bin -n wifi -k nothing
expect_exit 1
expect_stderr_has "id.bin holds nothing like that: namespace wifi, key nothing"
for view in all written minimal namespaces blobs; do
    for format in text json; do
        bm dump id.bin -s "$view" -f "$format" -n nope
        expect_exit 1
        expect_stderr_lines 1
        expect_stderr_has "id.bin holds nothing like that: namespace nope"
    done
done
bm dump id.bin -f csv -k nope
expect_exit 1
expect_stderr_has "id.bin holds nothing like that: key nope"
bm dump id.bin -s namespaces -n wifi
expect_exit 0
expect_stdout_lacks "factory"
# Where a filter has no meaning it is refused.
for filter in -n -k; do
    bm dump id.bin -s storage "$filter" wifi
    expect_exit 2
    expect_no_stdout
    expect_stderr_has "--show storage is about whole pages"
done
bm dump id.bin -s namespaces -k ssid
expect_exit 2
expect_no_stdout
expect_stderr_has "--show namespaces has no keys"

# Length and fingerprint are those of the file that the value came from.
{
    printf -- '-----BEGIN PRIVATE KEY-----\n'
    head -c 1200 "$BIRTHMARK" | base64
    printf -- '-----END PRIVATE KEY-----\n'
} >key.pem
head -c 3000 "$BIRTHMARK" >key.der
printf 'key,type,encoding,value\nc,namespace,,\npriv_key,file,string,key.pem\nraw_key,file,binary,key.der\n' >k.csv
bm generate k.csv k.bin 0x4000
expect_exit 0
for row in priv_key:string:key.pem raw_key:blob:key.der; do
    IFS=: read -r key type file <<<"$row"
    size=$(($(wc -c <"$file")))
    sum=$(sha256sum "$file")
    sum=${sum%% *}
    for args in "-s written" "-s minimal" "-f csv"; do
        read -ra args <<<"$args"
        bm dump k.bin "${args[@]}" -k "$key"
        expect_stdout_has "<redacted: $type, $size bytes, sha256 ${sum:0:16}...>"
    done
    bm dump k.bin --json -s minimal -k "$key"
    expect_stdout_has "\"redacted\":true,\"sha256\":\"$sum\"}"
done
bm dump k.bin --json -s minimal -k priv_key
size=$(($(wc -c <key.pem)))
expect_stdout_has "\"size\":$((size + 1)),\"length\":$size,\"redacted\":true"

# JSON with secrets, one of them longer than a line: jansson works on memory that is wiped.
bm dump k.bin --json -s minimal --show-secrets
expect_exit 0
expect_stdout_has "$(sed -n 2p key.pem)"
if command -v jq >/dev/null; then
    jq -j '.values[] | select(.key == "priv_key").value' "$out" | cmp -s - key.pem || fail "the key is not the same"
fi

# Usage.
bm dump
expect_exit 2
expect_stderr_has "the image is missing"
bm dump id.bin other.bin
expect_exit 2
bm dump id.bin --format xml
expect_exit 2
expect_stderr_has 'not "xml"'
bm dump id.bin --show everything
expect_exit 2
bm dump id.bin -f csv -s minimal
expect_exit 2
expect_stderr_has "CSV has one view"

# Files that are no image.
bm dump missing.bin
expect_exit 3
expect_no_stdout
expect_stderr_lines 1
: >empty.bin
bm dump empty.bin
expect_exit 3
expect_stderr_has "empty.bin has 0 bytes"
head -c 8192 /dev/zero >zeros.bin
bm dump zeros.bin
expect_exit 3
expect_stderr_has "not an NVS image"
head -c 8000 id.bin >cut.bin
bm dump cut.bin
expect_exit 0
expect_stderr_has "3904 bytes behind the last whole page are passed over"
{
    head -c 32768 /dev/zero | tr '\0' '\377'
    printf '\252\120\001\002\000\220\000\000\000\060\000\000nvs\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000'
    head -c 4064 /dev/zero | tr '\0' '\377'
    cat id.bin
} >flash.bin
bm dump flash.bin
expect_exit 3
expect_stderr_has 'its partition "nvs" is 12288 bytes at offset 36864'
# The command in the message does what it says.
cut=$(sed -n 's/.*: \(tail .*head -c [0-9]*\) cuts it out/\1/p' "$err" | sed 's/FILE/flash.bin/')
[ -n "$cut" ] || fail "no command in the message"
eval "$cut" >part.bin
expect_same part.bin id.bin

# Values that CSV cannot carry: a comment, a warning, and the answer no.
printf 'key,type,encoding,value\nn,namespace,,\nlost,data,u8,1\nm,namespace,,\nok,data,u8,1\n' >n.csv
bm generate n.csv n.bin 0x3000
expect_exit 0
printf '\250' | dd of=n.bin bs=1 seek=32 conv=notrunc status=none # entry 0, the name of n, is erased
bm dump n.bin -f csv
expect_exit 1
expect_stdout_has "ok,data,u8,1"
expect_stdout_has "# /lost left out: its namespace has no name"
expect_stderr_lines 1
expect_stderr_has "warning: n.bin: /lost left out: its namespace has no name"
bm dump n.bin -s minimal
expect_exit 0
expect_stdout_has "lost"
bm dump n.bin -s namespaces
expect_stdout_has "    1  (no name)"
bm dump n.bin -s all
expect_stdout_has "erased"
expect_stdout_has "index 1"

# Options for a board are not left unheard where a file is read.
for option in --partition=nvs --baud=9600 --chip=esp32 --before=no-reset --table-offset=0x9000; do
    bm dump id.bin "$option"
    expect_exit 2
    expect_stderr_has "birthmark dump: ${option%=*} needs --port"
done
bm set id.bin factory serial_no 1 --table-offset 0x9000
expect_exit 2
expect_stderr_has "birthmark set: --table-offset needs --port"
bm dump id.bin --no-progress
expect_exit 0
bm set id.bin factory serial_no 1 --no-backup
expect_exit 2
expect_stderr_has "--no-backup needs --port"
