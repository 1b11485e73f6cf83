#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The other commands for a board, and a live board in place of a file.
. "$BM_SOURCE/tests/harness/lib.sh"
. "$BM_SOURCE/tests/harness/board.sh"

printf 'nvs,data,nvs,0x9000,16K\notadata,data,ota,,8K\nidentity,data,nvs,,4K,readonly\nota_0,app,ota_0,0x10000,1M\nota_1,app,ota_1,,1M\n' >table.csv
printf 'key,type,encoding,value\ncerts,namespace,,\ndevice_id,data,string,greenhouse-17\ncount,data,u8,3\n' >nvs.csv
"$BIRTHMARK" partitions -q table.csv table.bin
"$BIRTHMARK" generate nvs.csv nvs.bin 0x4000 >/dev/null
"$BIRTHMARK" generate nvs.csv identity.bin 0x1000 >/dev/null 2>&1
head -c 60000 "$BIRTHMARK" >app.raw
"$BIRTHMARK" image pack -o app.bin --chip esp32s3 --entry 0x42000128 --desc 0x3c040020 \
    --project lamp --version 1.1 0x42000128=app.raw >/dev/null || fail "no app"

board --chip esp32s3 --flash flash.bin --mac 24:0a:c4:01:02:03
live=(--port "$port")

# info
bm info
expect_exit 0
expect_no_stderr
expect_stdout_has "ESP32-S3, revision"
expect_stdout_has "24:0a:c4:01:02:03"
expect_stdout_has "4096 KB"
bm info --json -p auto --port "$port" --chip esp32-s3
expect_exit 0
expect_stdout_has '"chip": "ESP32-S3"'
expect_stdout_has '"flash_size": 4194304'
bm info --chip esp32c3
expect_exit 4
expect_stderr_lines 1
expect_stderr_has "ESP32-S3"

# A blank board has nothing to show.
bm dump "${live[@]}"
expect_exit 3
expect_stderr_has "no partition table at 0x8000, the flash is blank there"
bm partitions "${live[@]}" --show
expect_exit 3
expect_stderr_lines 1
bm read nvs x.bin
expect_exit 3
no_file x.bin

bm flash partition-table=table.bin nvs=nvs.bin identity=identity.bin app=app.bin ota_1=app.bin
expect_exit 0

# same COMMAND ARG...: the board gives what the file gives, but for the name.
same() { # NAME FILE COMMAND ARG...
    local name=$1 file=$2
    shift 2
    "$BIRTHMARK" "$1" "$file" "${@:2}" >want 2>&1
    bm "$1" "${live[@]}" "${@:2}"
    sed "s|$port:$name|$file|" "$out" >have
    expect_same want have
    expect_no_stderr
}
same nvs nvs.bin dump
same nvs nvs.bin dump --format json
same nvs nvs.bin check
same nvs nvs.bin map --ascii
same nvs nvs.bin export
same nvs nvs.bin get certs device_id
live+=(--partition identity)
same identity identity.bin dump
same identity identity.bin get certs device_id
live=(--port "$port")

bm diff "${live[@]}" nvs.bin
expect_exit 0
expect_stdout_has "identical"
bm get "${live[@]}" certs nothing
expect_exit 1

# Partitions, apps, what boots.
bm partitions "${live[@]}" back.csv
expect_exit 0
"$BIRTHMARK" partitions -q back.csv back.bin
expect_same table.bin back.bin
bm image verify "${live[@]}"
expect_exit 0
expect_stdout_has "$port:ota_0: whole; app lamp 1.1"
bm image info "${live[@]}" --partition ota_1
expect_exit 0
expect_stdout_has "lamp"
bm image verify "${live[@]}" --partition nvs
expect_exit 3
expect_stderr_has "partition nvs is not an app partition"
bm ota status "${live[@]}"
expect_exit 0
expect_stdout_has "ota_0 boots (partition ota_0 at 0x10000, version 1.1), if its image is good"
bm ota select "${live[@]}" ota_1 --backup otadata.bin
expect_exit 0
expect_stdout_has "ota_1 boots next"
expect_stderr_has "otadata as it was is in otadata.bin"
expect_mode 600 otadata.bin
[ "$(tr -d '\377' <otadata.bin | wc -c)" = 0 ] || fail "otadata was not blank before"
bm ota status "${live[@]}" --json
expect_stdout_has '"place": "ota_1"'
bm ota erase "${live[@]}" --backup otadata.bin
expect_exit 4
expect_stderr_has "without a backup only with --no-backup"
bm ota erase "${live[@]}" --no-backup
expect_exit 0
[ "$(tail -c +53249 flash.bin | head -c 8192 | tr -d '\377' | wc -c)" = 0 ] || fail "otadata is not blank"

# Changes: a backup first, then only what changed; all else stays.
cp flash.bin before.bin
bm set "${live[@]}" certs count u8 4
expect_exit 0
expect_stdout_has "~ certs/count u8 3 -> 4"
backup=$(ls nvs-240ac4010203-*.bin)
expect_stderr_has "the board's nvs as it was is in $backup"
expect_mode 600 "$backup"
expect_same nvs.bin "$backup"
bm get "${live[@]}" certs count
expect_stdout 4
awk '$1 <= 36864 || $1 > 40960 { exit 1 }' < <(cmp -l before.bin flash.bin) ||
    fail "more than the page that changed was written"
bm check "${live[@]}"
expect_exit 0
bm set "${live[@]}" certs count u8 4
expect_exit 0
expect_stdout_has "unchanged"
expect_no_stderr
bm unset "${live[@]}" certs count --no-backup
expect_exit 0
expect_no_stderr
bm import "${live[@]}" nvs.csv --backup kept.bin
expect_exit 0
bm diff "${live[@]}" nvs.bin
expect_exit 0
bm set "${live[@]}" certs count u8 5 --backup kept.bin
expect_exit 4
bm get "${live[@]}" certs count
expect_stdout 3
bm set "${live[@]}" --partition identity certs count u8 5
expect_exit 3
expect_stderr_has "an edit needs a page in reserve"

# read
bm read nvs copy.bin
expect_exit 0
expect_stdout "copy.bin: 16384 bytes from 0x9000, nvs"
expect_mode 600 copy.bin
cmp -s copy.bin <(tail -c +36865 flash.bin | head -c 16384) || fail "read gave other bytes"
bm read 0x10003 1234 -
expect_exit 0
cmp -s "$out" <(tail -c +65540 flash.bin | head -c 1234) || fail "a piece in the middle"
bm read 0x3ff000 all end.bin
expect_exit 0
[ "$(stat -c %s end.bin)" = 4096 ] || fail "all goes up to the end"
bm read --json nvs copy.bin
expect_exit 0
tail -n 1 "$out" | grep -q '^{"event": "done"' || fail "no last event"
bm read nvss x.bin
expect_exit 3
expect_stderr_has 'no partition "nvss" (did you mean nvs?)'
bm read 0x3ff000 0x2000 x.bin
expect_exit 3
expect_stderr_has "beyond its flash"
no_file x.bin
mkdir full.bin
bm read nvs full.bin
expect_exit 4

# erase, and what it does not erase by mistake
cp flash.bin before.bin
for range in nvs identity --all "0x8000 0x1000" "0 0x10000"; do
    # shellcheck disable=SC2086
    bm erase $range
    expect_exit 3
    expect_stderr_lines 1
    expect_stderr_has "--force"
done
bm erase 0x9100 0x1000
expect_exit 3
expect_stderr_has "whole sectors"
expect_same before.bin flash.bin
bm erase ota_1
expect_exit 0
expect_stdout "$port: 1048576 bytes erased at 0x110000, ota_1"
awk '$1 <= 1114112 || $1 > 2162688 { exit 1 }' < <(cmp -l before.bin flash.bin) || fail "other sectors changed"
bm erase 0x9000 0x2000 --force --json
expect_exit 0
bm dump "${live[@]}" --partition nvs
expect_exit 0
expect_stdout_has "blank"
bm erase --all --force
expect_exit 0
[ "$(tr -d '\377' <flash.bin | wc -c)" = 0 ] || fail "the flash is not blank"

# reset and run, with lines and without
bm reset
expect_exit 0
expect_stdout "$port: reset"
bm run
expect_exit 0
stop_board
board --chip esp32s3 --flash flash.bin --port tcp --download
bm reset
expect_exit 4
expect_stderr_has "no reset lines"
bm info --before no_reset --after no_reset
expect_exit 0
bm run
expect_exit 0
expect_stdout_has "started by the watchdog"
stop_board

# Secure download mode gives nothing out, and says so.
board --chip esp32s3 --flash flash.bin --secure-download
bm info
expect_exit 0
expect_stdout_has "secure download mode"
expect_stdout_has "revision not readable"
expect_stdout_has "MAC               not readable"
bm info --json
expect_stdout_has '"revision": null'
expect_stdout_has '"mac": null'
cp flash.bin before.bin
for what in "0x9000 nvs.bin" "--erase-all 0x10000 app.bin"; do
    # shellcheck disable=SC2086
    bm flash $what
    expect_exit 3
    expect_stderr_has "in secure download mode a board does not say what it holds"
    expect_same before.bin flash.bin
done
bm flash 0x10000 app.bin
expect_exit 0
bm flash --force 0x9000 nvs.bin
expect_exit 0
expect_stdout_has "not verified"
stop_board

# An edit is not cut short by signals: the page is whole before they act.
rm -f flash.bin
board --chip esp32s3 --flash flash.bin
bm flash partition-table=table.bin nvs=nvs.bin
expect_exit 0
stop_board
for signal in TERM HUP; do
    board --chip esp32s3 --flash flash.bin --realtime
    for try in {1..20}; do # on a busy machine the signal can come before the writing or after it
        rm -f kept.bin
        : >"$err" # what the last one said is not to be taken for this one's
        "$BIRTHMARK" set --port "$port" --backup kept.bin certs "by_$signal" u8 "$try" >"$out" 2>>"$err" &
        pid=$!
        until_holds grep -q "as it was is in" "$err"
        kill -s "$signal" "$pid" 2>/dev/null
        status=0
        wait "$pid" || status=$?
        ! grep -q "interrupted after" "$err" || break
    done
    expect_exit 130
    expect_stderr_has "interrupted after all of it was written"
    stop_board
    board --chip esp32s3 --flash flash.bin
    bm get --port "$port" certs "by_$signal"
    expect_stdout "$try"
    stop_board
done

# The line breaks meanwhile: the way back is said, and works as it was said.
broke=
for ((after = 1800; after <= 3000; after += 60)); do
    cp flash.bin before.bin
    rm -f kept.bin
    board --chip esp32s3 --flash flash.bin --unplug-after "$after"
    bm set --port "$port" --backup kept.bin certs count u8 9
    stop_board
    if [ -e kept.bin ] && [ "$status" != 0 ]; then
        expect_exit 4
        expect_stderr_has "the board was not reset"
        broke=1
        break
    fi
    cp before.bin flash.bin
done
[ -n "$broke" ] || fail "no line broke while the page was written"
back=$(grep '^birthmark flash -p' "$err") || fail "no way back: $(cat "$err")"
[ "$back" = "birthmark flash -p $port --force nvs=kept.bin" ] || fail "another way back: $back"
was=$port
board --chip esp32s3 --flash flash.bin
back=${back/$was/$port}
eval "\"\$BIRTHMARK\" ${back#birthmark }" >/dev/null || fail "the way back does not work"
expect_same before.bin flash.bin
stop_board

# Without a backup the old bytes are kept all the same where nothing else has them any more.
cp before.bin flash.bin
board --chip esp32s3 --flash flash.bin --unplug-after "$after"
rm -f nvs-*.bin
bm set --port "$port" --no-backup certs count u8 9
stop_board
expect_exit 4
kept=(nvs-*.bin)
[ "${#kept[@]}" = 1 ] || fail "not one file: ${kept[*]}"
[ -e "${kept[0]}" ] || fail "the old bytes are gone"
[ "$(stat -c %a "${kept[0]}")" = 600 ] || fail "others can read ${kept[0]}"
expect_stderr_has "what was there before is in ${kept[0]}; this puts it back:"
dd if=before.bin bs=4096 skip=9 count=$(($(stat -c %s "${kept[0]}") / 4096)) status=none | cmp -s - "${kept[0]}" ||
    fail "${kept[0]} is not what was there"

# An erase that breaks off leaves the board in its loader.
broke=
for ((after = 600; after <= 2000 && ${#broke} == 0; after += 50)); do
    cp before.bin flash.bin
    board --chip esp32s3 --flash flash.bin --unplug-after "$after"
    bm erase --port "$port" --force --all
    stop_board
    grep -qF "erased in part; the board was not reset: it waits in download mode" "$err" && broke=$status
done
[ "$broke" = 4 ] || fail "no line broke while the flash was erased"

# Bad uses.
unset BIRTHMARK_PORT
usage "takes an image or --port, not both" dump -p "$port" nvs.bin
usage "takes --port and one image" diff -p "$port"
usage "takes --port, a namespace and a key" get -p "$port" certs
usage "takes --port, a namespace" set -p "$port" certs count
usage "takes --port and a CSV file" import -p "$port"
usage "leave out --table" ota status -p "$port" --table table.csv
usage "not --offset" image info -p "$port" --offset 0x10000
usage "pack makes a file" image pack -p "$port" app.raw
usage "--preset or --port" partitions -p "$port" --preset identity
usage "takes OFFSET and SIZE" read
usage "how many bytes from 0x9000" read 0x9000
usage "takes a FILE to write to" read nvs
usage "SIZE is 0" read 0x9000 0 x.bin
usage "cannot both go to standard output" read --json nvs -
usage "takes --all or a range" erase --all nvs
usage "takes no arguments" info nvs
usage "takes no arguments" reset now
bm read --json -p socket://127.0.0.1:1 nvs x.bin
expect_exit 4
grep -q '^{"event": "failed", "text": ".*"}$' "$out" || fail "no event of the failure: $(cat "$out")"
for name in /dev/nothing-there socket://127.0.0.1:1; do
    bm info -p "$name"
    expect_exit 4
    expect_no_stdout
    expect_stderr_lines 1
done
bm info -p tcp://there
expect_exit 2
expect_stderr_lines 1
