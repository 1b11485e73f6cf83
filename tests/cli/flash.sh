#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark flash and verify against a virtual board: what gets there, what is refused, what is said.
. "$BM_SOURCE/tests/harness/lib.sh"
. "$BM_SOURCE/tests/harness/board.sh"

# What a build leaves, and an identity.
printf 'nvs,data,nvs,0x9000,24K\nphy_init,data,phy,,4K\nfactory,app,factory,0x10000,1M\n' >one.csv
printf 'nvs,data,nvs,0x9000,16K\notadata,data,ota,,8K\nphy_init,data,phy,,4K\nota_0,app,ota_0,0x10000,1M\nota_1,app,ota_1,,1M\n' >two.csv
printf 'key,type,encoding,value\ncerts,namespace,,\ndevice_id,data,string,greenhouse-17\ncount,data,u8,3\n' >nvs.csv
head -c 8000 "$BIRTHMARK" >code.bin
head -c 150000 "$BIRTHMARK" >app.raw
pack() { # CHIP RAM-ADDRESS FLASH-ADDRESS DESCRIPTION-ADDRESS
    "$BIRTHMARK" image pack -o "$1-boot.bin" --chip "$1" --entry "$2" "$2=code.bin" >/dev/null 2>&1
    "$BIRTHMARK" image pack -o "$1-app.bin" --chip "$1" --entry "$3" --desc "$4" --project lamp \
        --version "1.0" "$3=app.raw" >/dev/null || fail "no images for $1"
}
pack esp32 0x40080400 0x400d0020 0x3f400020
pack esp32c3 0x4038c400 0x42000128 0x3c080020
"$BIRTHMARK" partitions -q one.csv one.bin
printf 'nvs,data,nvs,0xa000,20K\nphy_init,data,phy,,4K\nfactory,app,factory,0x10000,1M\n' >moved.csv
"$BIRTHMARK" partitions -q two.csv two.bin
"$BIRTHMARK" partitions -q moved.csv moved.bin
"$BIRTHMARK" generate nvs.csv certs.bin 0x6000 >/dev/null
"$BIRTHMARK" generate nvs.csv small.bin 0x4000 >/dev/null
mkdir -p bootloader partition_table
cp esp32-boot.bin bootloader/bootloader.bin
cp one.bin partition_table/partition-table.bin
cp esp32-app.bin YOUR-PROJECT-NAME.bin

# at FILE OFFSET IN: the file's bytes stand there.
at() {
    cmp -s "$1" <(tail -c "+$(($2 + 1))" "$3" | head -c "$(stat -c %s "$1")") ||
        fail "$1 is not at $2 of $3"
}

# The post's command, its arguments as they stand there.
board --chip esp32 --flash flash.bin
bm flash -p "$port" -b 460800 --before default_reset --after hard_reset --chip esp32 \
    write_flash --flash_mode dio --flash_freq 40m --flash_size detect \
    0x10000 YOUR-PROJECT-NAME.bin \
    0x1000 bootloader/bootloader.bin \
    0x8000 partition_table/partition-table.bin \
    0x9000 certs.bin
expect_exit 0
expect_no_stderr
expect_stdout_has "ESP32 revision"
expect_stdout_has "4 written, 0 unchanged"
expect_stdout_has "verified by MD5"
at YOUR-PROJECT-NAME.bin 0x10000 flash.bin
at one.bin 0x8000 flash.bin
at certs.bin 0x9000 flash.bin

# The bootloader's header has the flash that the board has, and a hash that goes with it.
bm read bootloader boot-read.bin
expect_exit 0
expect_mode 600 boot-read.bin
head -c "$(stat -c %s esp32-boot.bin)" boot-read.bin >boot-cut.bin
bm image verify boot-cut.bin
expect_exit 0
expect_stdout_has "checksum and SHA-256 right"
bm image info boot-cut.bin
expect_stdout_has "dio, 40m, 4MB"
bm image info esp32-boot.bin
expect_stdout_has "2MB"

# verify: the header as it was is another one.
bm verify 0x1000 esp32-boot.bin nvs=certs.bin
expect_exit 1
expect_stdout_has "different, first in the sector at 0x1000"
expect_stdout_has "same"
bm verify --flash-size detect 0x1000 esp32-boot.bin nvs=certs.bin app=esp32-app.bin
expect_exit 0
cp esp32-app.bin other.bin
printf 'x' | dd of=other.bin bs=1 seek=100000 conv=notrunc 2>/dev/null
bm verify factory=other.bin
expect_exit 1
expect_stdout_has "first in the sector at 0x28000"
bm verify --json verify_flash factory=other.bin
expect_exit 1
expect_stdout_has '"same": false'

# All modes, clocks and sizes; an image that is damaged keeps its header.
bm flash --flash-mode qio --flash-freq 80m --flash-size 8MB 0x1000 esp32-boot.bin
expect_exit 0
tail -c +4097 flash.bin | head -c "$(stat -c %s esp32-boot.bin)" >boot-cut.bin
bm image info boot-cut.bin
expect_exit 0
expect_stdout_has "qio, 80m, 8MB"
bm flash -fm dout -ff 20m -fs keep 0x1000 esp32-boot.bin
expect_exit 0
tail -c +4097 flash.bin | head -c "$(stat -c %s esp32-boot.bin)" >boot-cut.bin
bm image info boot-cut.bin
expect_stdout_has "dout, 20m, 2MB"
bm flash --flash_size keep 0x1000 esp32-boot.bin
expect_exit 0
at esp32-boot.bin 0x1000 flash.bin
cp esp32-boot.bin broken.bin
printf 'x' | dd of=broken.bin bs=1 seek=500 conv=notrunc 2>/dev/null
bm flash --force --flash-size detect 0x1000 broken.bin
expect_exit 0
expect_stderr_has "its header stays as it is"
at broken.bin 0x1000 flash.bin
bm flash 0x1000 esp32-boot.bin
expect_exit 0

# Names; what is there already is skipped.
bm flash nvs=certs.bin app=esp32-app.bin
expect_exit 0
[ "$(grep -c unchanged "$out")" = 3 ] || fail "nothing is told to be unchanged"
expect_stdout_has "0 written, 2 unchanged"
bm flash --always nvs=certs.bin
expect_stdout_has "1 written"

# A build folder, and what ESP-IDF prints for esptool.
mkdir build
cp esp32-boot.bin one.bin esp32-app.bin build
cat >build/flasher_args.json <<'JSON'
{"flash_settings": {"flash_mode": "dio", "flash_size": "2MB", "flash_freq": "40m"},
 "flash_files": {"0x1000": "esp32-boot.bin", "0x8000": "one.bin", "0x10000": "esp32-app.bin"},
 "extra_esptool_args": {"chip": "esp32"}}
JSON
for arg in "--args build" "-a build/flasher_args.json" "write-flash @build/flash_args"; do
    # shellcheck disable=SC2086
    bm flash $arg nvs=certs.bin
    expect_exit 0
    expect_stdout_has "0 written, 4 unchanged"
done

# Events.
bm flash --json --always nvs=certs.bin
expect_exit 0
expect_no_stderr
grep -v '^{"event": "[a-z]*".*}$' "$out" && fail "a line that is no event"
expect_stdout_has '{"event": "board", "port": "'
expect_stdout_has '"result": "written"'
tail -n 1 "$out" | grep -q '^{"event": "done", "written": 1, "unchanged": 0, "bytes": 24576,' ||
    fail "the last event: $(tail -n 1 "$out")"

# refused TEXT ARG...: exit 3, that text, and not a byte of flash has changed.
refused() {
    local text=$1
    shift
    cp flash.bin before.bin
    bm flash "$@"
    expect_exit 3
    expect_stderr_has "$text"
    expect_stderr_has "nothing was written"
    expect_same before.bin flash.bin
}
refused "is no bootloader, and would overwrite the board's at 0x1000" 0x1000 certs.bin
refused "is an app, and 0x1000 is the bootloader's place" 0x1000 esp32-app.bin
refused "it goes into the bootloader, which has 0x1000 to 0x8000" 0x4000 small.bin
refused "at 0x8000 there is no partition table" 0x8000 certs.bin
refused "at 0x8000 there is no partition table" partition-table=esp32-app.bin
refused "goes into NVS partition nvs, but is no NVS image" nvs=nvs.csv
refused "erases what partition nvs at 0x9000 (24 KB) holds" 0x9000 esp32-app.bin
refused "goes into app partition factory, but is no app image" 0x10000 certs.bin
refused "goes into app partition factory, but is no app image" app=nvs.csv
refused "is an image for ESP32-C3, not for ESP32" app=esp32c3-app.bin
refused "overlaps" 0x10000 esp32-app.bin 0x20000 esp32-app.bin
refused "beyond the end of the flash at 0x400000" --force 0x3f0000 esp32-app.bin
refused "0x10100 is in the middle of a sector" --force 0x10100 esp32-app.bin
refused "the table has no partition nsv (did you mean nvs?)" nsv=certs.bin
refused "damaged app image" app=broken.bin
refused "partition factory ends at 0x110000, beyond the board's flash of 0x100000" --flash-size 1MB bootloader=esp32-boot.bin

# An identity on the board: another one, a table that moves it, or --erase-all would lose it.
bm set -p "$port" --no-backup certs count u8 4
expect_exit 0
refused "replaces all that partition nvs at 0x9000 (24 KB) holds" nvs=certs.bin
refused "(birthmark read -p $port nvs FILE)" partition-table=moved.bin
refused "partition nvs is moved from 0x9000 to 0xa000" partition-table=moved.bin
refused "--erase-all would erase what nvs holds" --erase-all app=esp32-app.bin
bm flash --force nvs=certs.bin
expect_exit 0
expect_stdout_has "1 written"
expect_stderr_has "certs.bin: warning: writing certs.bin replaces all that partition nvs at 0x9000 (24 KB) holds"
expect_stderr_has "written in spite of 1 error, as --force says"
bm get -p "$port" certs count
expect_stdout 3

# A table that cannot be read: nobody knows what would be lost.
cp flash.bin good.bin
printf 'x' | dd of=flash.bin bs=1 seek=$((0x8004)) conv=notrunc 2>/dev/null
stop_board
board --chip esp32 --flash flash.bin
refused "the board has no partition table" 0x9000 esp32-app.bin
refused "the board has no partition table" partition-table=moved.bin
refused "the board has no partition table" --erase-all app=esp32-app.bin --table one.csv
bm flash 0x9000 certs.bin 0x200000 certs.bin
expect_exit 0
expect_stdout_has "1 written, 1 unchanged"
bm flash --force partition-table=one.bin
expect_exit 0
cp good.bin flash.bin
dd if=/dev/zero bs=4096 count=1 2>/dev/null | tr '\0' '\377' | dd of=flash.bin bs=4096 seek=8 conv=notrunc 2>/dev/null
stop_board
board --chip esp32 --flash flash.bin
refused "(the flash is blank there), so what would be lost" 0x8000 one.bin 0x9000 esp32-app.bin
bm flash 0x8000 one.bin
expect_exit 0
bm flash --json 0x9000 missing.bin
expect_exit 3
grep -q '^{"event": "failed", "text": "missing.bin: ' "$out" || fail "no event: $(cat "$out")"

# What holds an identity is not erased without being asked, also where the table was lost.
bm erase nvs
expect_exit 3
expect_stderr_has "this would erase what nvs holds"
cp flash.bin good.bin
bm erase --force 0x8000 0x1000
expect_exit 0
cp flash.bin before.bin
for what in --all "0xa000 0x4000" "0x9000 0x1000"; do
    # shellcheck disable=SC2086
    bm erase $what
    case $what in
        0xa000*) expect_exit 0 ;; # blank pages
        *)
            expect_exit 3
            expect_stderr_has "there is no partition table, but at 0x9000 a page of NVS"
            ;;
    esac
    expect_same before.bin flash.bin
done
bm erase 0x300000 0x10000
expect_exit 0
stop_board
cp good.bin flash.bin
board --chip esp32 --flash flash.bin

# A blank partition has nothing to lose.
bm erase --force nvs
expect_exit 0
bm flash nvs=certs.bin
expect_exit 0
at certs.bin 0x9000 flash.bin

# An app that otadata does not select.
bm flash --force --erase-all partition-table=two.bin --flash-size detect bootloader=esp32-boot.bin \
    app=esp32-app.bin ota_1=esp32-app.bin nvs=small.bin
expect_exit 0
expect_stderr_has "--erase-all erases what nvs holds"
bm ota select -p "$port" --no-backup ota_1
expect_exit 0
bm flash app=esp32-app.bin
expect_exit 0
expect_stderr_has "an app is written into ota_0, but otadata selects ota_1"
stop_board

# A new board: no table to look up names in, until one is brought.
board --chip esp32c3 --flash c3.bin
bm flash nvs=certs.bin
expect_exit 3
expect_stderr_has "where partition nvs is cannot be known without a table"
bm flash --table one.csv nvs=certs.bin
expect_exit 0
bm flash --flash-size detect bootloader=esp32c3-boot.bin partition-table=one.bin \
    app=esp32c3-app.bin nvs=certs.bin
expect_exit 0
expect_stdout_has "3 written, 1 unchanged"
at esp32c3-app.bin 0x10000 c3.bin

# Ctrl-C ends in order, and a later run makes it whole. (A background job ignores SIGINT unless told
# otherwise.)
begun() { # the first sector of the app has been written to
    [ "$(dd if=c3.bin bs=4096 skip=16 count=1 status=none | tr -d '\377' | wc -c)" -gt 0 ]
}
stop_board
for _ in {1..10}; do # on a busy machine all can be over before the signal comes
    rm c3.bin
    board --chip esp32c3 --flash c3.bin --realtime
    env --default-signal=INT "$BIRTHMARK" flash --table one.csv app=esp32c3-app.bin >"$out" 2>"$err" &
    pid=$!
    until_holds begun || fail "nothing is written: $(cat "$err")"
    kill -INT "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 0 ] || break
    stop_board
done
expect_exit 130
expect_stderr_has "interrupted"
expect_stderr_has "is not there whole"
expect_stderr_has "it waits in download mode"
stop_board
board --chip esp32c3 --flash c3.bin
bm flash --table one.csv app=esp32c3-app.bin
expect_exit 0
at esp32c3-app.bin 0x10000 c3.bin
stop_board

# A line that loses and changes bytes: all is there, or it says so.
for seed in 1 2 3; do
    rm -f bad.bin
    board --chip esp32c3 --flash bad.bin --lose 30 --corrupt 30 --seed "$seed"
    bm flash --table one.csv app=esp32c3-app.bin nvs=certs.bin
    if [ "$status" = 0 ]; then
        at esp32c3-app.bin 0x10000 bad.bin
        at certs.bin 0x9000 bad.bin
    else
        expect_exit 4
    fi
    stop_board
done

# The cable is pulled.
board --chip esp32c3 --flash gone.bin --unplug-after 60000
bm flash -u --table one.csv app=esp32c3-app.bin
expect_exit 4
expect_stderr_has "is not there whole"
stop_board

# A line that goes away while a board is to be changed: which port, what was done, what is there now.
bm assemble -o whole.bin --flash-size 4MB 0x8000 two.bin nvs=small.bin ota_0=esp32c3-app.bin ota_1=esp32c3-app.bin
expect_exit 0
printf 'key,type,encoding,value\ncerts,namespace,,\ncount,data,u8,9\n' >more.csv
# gone BYTES ARG...: the cable is pulled after so many, while the board is read; nothing was written.
gone() {
    local after=$1
    shift
    cp whole.bin gone.bin
    board --chip esp32c3 --flash gone.bin --unplug-after "$after"
    bm "${@/PORT/$port}"
    expect_exit 4
    expect_no_stdout
    expect_stderr_lines 2
    expect_stderr_has "birthmark: $port: board: "
    expect_stderr_has ": the line to the board is gone"
    expect_stderr_has "birthmark: $port: nothing was written, its flash is as it was"
    expect_same gone.bin whole.bin
    stop_board
}
gone 1800 set -p PORT --no-backup certs count u8 9
gone 1800 unset -p PORT --no-backup certs count
gone 1800 import -p PORT --no-backup more.csv
gone 3000 ota select -p PORT --no-backup ota_1
gone 3000 ota erase -p PORT --no-backup
# In the middle of writing it is not as it was, and is said not to be.
cp whole.bin gone.bin
for try in {0..59}; do # a SYNC more or less moves it
    after=$((2000 + try % 15 * 50))
    board --chip esp32c3 --flash gone.bin --unplug-after "$after"
    bm set -p "$port" --no-backup certs count u8 9
    grep -q "board: writing: the line" "$err" && break
    cp whole.bin gone.bin
    stop_board
done
expect_exit 4
expect_stderr_has "$port:nvs: is not there whole"
expect_stderr_has "birthmark flash -p $port --force nvs=nvs-"
expect_stderr_lacks "nothing was written"
stop_board

# What takes long to look through shows how far it is, and not each piece.
rm -f wide.bin
board --chip esp32c3 --flash wide.bin
bm flash --force 0x100000 esp32c3-app.bin
bm erase --all --json
expect_exit 0
expect_no_stderr
grep -q '^{"event": "reading", "offset": 0, "done": 0, "total": 4194304, .*"what": "flash"' "$out" ||
    fail "no progress: $(cat "$out")"
grep '"event": "reading"' "$out" | grep -v '"offset": 32768,' | grep -qv '"total": 4194304,' &&
    fail "a piece is shown: $(cat "$out")"
stop_board

# Bad uses: one line, before any board is asked.
unset BIRTHMARK_PORT
usage "--backup takes a file" set -p socket://127.0.0.1:1 --backup - certs count u8 9
no_file ./-
usage "takes files: OFFSET FILE, NAME=FILE, or --args" flash
usage "takes files" verify
usage "no file is given for 0x1000" flash 0x1000
usage '"app.bin" is neither an OFFSET' flash app.bin
usage "--flash-mode is keep, qio" flash --flash-mode fast 0x1000 code.bin
usage "--flash-size is keep, detect" flash --flash_size 3MB 0x1000 code.bin
usage "--encrypt: writing through" flash --encrypt 0x1000 code.bin
usage "--baud takes a number" flash -b fast 0x1000 code.bin
usage "--before is default-reset" flash --before later 0x1000 code.bin
usage "--after is hard-reset" flash --after soft_reset 0x1000 code.bin
usage 'unknown "esp33" (did you mean esp32?)' flash --chip esp33 0x1000 code.bin
bm flash 0x1000 missing.bin
expect_exit 3
expect_stderr_lines 1
bm flash -p "$port" app=esp32-app.bin
expect_exit 4
expect_no_stdout
expect_stderr_lines 1

# A reader that goes away does not stop it halfway.
board --flash pipe.bin
head -c 70000 /dev/urandom >one.bin
cp one.bin two.bin
"$BIRTHMARK" flash --force 0x310000 one.bin 0x380000 two.bin 2>/dev/null | true
cmp -s -n 70000 -i $((0x310000)):0 pipe.bin one.bin || fail "the first file is not there"
cmp -s -n 70000 -i $((0x380000)):0 pipe.bin two.bin || fail "the second file is not there"

# Then it ends as any program does whose output has no reader: by SIGPIPE, without a word. Where the
# signal is ignored it says so, with status 4.
mkfifo nobody
exec 8<>nobody
exec 7>nobody
exec 8>&-
head -c 70000 /dev/urandom >one.bin
(
    exec 2>pipe.err
    "$BIRTHMARK" flash --force 0x310000 one.bin >&7
    echo $? >pipe.status
)
case $(cat pipe.status) in
    141) [ ! -s pipe.err ] || fail "it says: $(cat pipe.err)" ;;
    4) grep -q "standard output: cannot be written: Broken pipe" pipe.err || fail "it says nothing" ;;
    *) fail "exit status $(cat pipe.status)" ;;
esac
exec 7>&-
cmp -s -n 70000 -i $((0x310000)):0 pipe.bin one.bin || fail "what it wrote is not there"
stop_board
