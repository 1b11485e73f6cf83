#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark assemble: a flash file from parts and back, and everything that is refused.
. "$BM_SOURCE/tests/harness/lib.sh"

# quiet ARG...: makes an input of this test.
quiet() {
    bm "$@"
    expect_exit 0
}

seq 1 2000 >code
quiet image pack -o boot.bin --chip esp32 --flash-size 4MB --entry 0x40080400 0x40080400=code
quiet image pack -o app.bin --chip esp32 --entry 0x40080400 --desc 0x3f400020 --version 1.0 \
    0x40080400=code
quiet image pack -o c3.bin --chip esp32c3 --entry 0x40380000 0x40380000=code
cat >parts.csv <<'CSV'
nvs,data,nvs,0x9000,0x6000,
phy_init,data,phy,0xf000,0x1000,
factory,app,factory,0x10000,1M,
CSV
quiet partitions parts.csv table.bin
printf 'key,type,encoding,value\ncerts,namespace,,\npriv_key,data,string,geheim\n' >id.csv
quiet generate id.csv id12.bin 12288
quiet generate id.csv id16.bin 16384
standard=(0x10000 app.bin 0x1000 boot.bin 0x8000 table.bin)

# at FILE OFFSET PART: the bytes of PART stand there.
at() {
    cmp -s -n "$(stat -c %s "$3")" -i "$(($2)):0" "$1" "$3" || fail "$3 is not at $2 in $1"
}

# The way of the post, by offsets, with images of both of its sizes in the 24 KB of its partition.
for id in id12.bin id16.bin; do
    bm assemble -o flash.bin "${standard[@]}" 0x9000 $id
    expect_exit 0
    expect_no_stderr
    expect_stdout_has "wrote flash.bin: $(stat -c %s flash.bin) bytes"
    expect_stdout_has $id
    expect_mode 600 flash.bin
    at flash.bin 0x1000 boot.bin
    at flash.bin 0x8000 table.bin
    at flash.bin 0x9000 $id
    at flash.bin 0x10000 app.bin
    [ "$(stat -c %s flash.bin)" -eq $((0x10000 + $(stat -c %s app.bin))) ] || fail "not trimmed"
    # Nothing but 0xff between them.
    [ -z "$(head -c 4096 flash.bin | tr -d '\377')" ] || fail "not 0xff before the bootloader"
    [ -z "$(head -c $((0xd000)) flash.bin | tail -c +$((0x9000 + 16385)) | tr -d '\377')" ] ||
        fail "not 0xff behind the identity"
done

# By name, filled up, to a pipe, from a pipe.
bm assemble -o named.bin --flash-size 4MB bootloader=boot.bin partition-table=table.bin \
    factory=app.bin nvs=id16.bin
expect_exit 0
[ "$(stat -c %s named.bin)" -eq $((4 << 20)) ] || fail "not 4 MB"
cmp -s -n "$(stat -c %s flash.bin)" named.bin flash.bin || fail "names and offsets differ"
bm assemble -o detected.bin -s detect "${standard[@]}" nvs=id16.bin
expect_exit 0
expect_same named.bin detected.bin
bm assemble -o - -s 4MB "${standard[@]}" nvs=- <id16.bin
expect_exit 0
expect_same "$out" named.bin
expect_stderr_has "wrote standard output"
bm assemble -o with_table.bin --table parts.csv nvs=id16.bin
expect_exit 0
at with_table.bin 0x9000 id16.bin
bm assemble -o piece.bin --target-offset 0x8000 0x8000 table.bin nvs=id16.bin
expect_exit 0
at piece.bin 0 table.bin
at piece.bin 0x1000 id16.bin
bm assemble -o x.bin --target-offset 0x8000 0x1000 boot.bin
expect_exit 2
expect_stderr_has "before --target-offset 0x8000"
bm assemble -o x.bin -s detect --table parts.csv nvs=id16.bin
expect_exit 3
expect_stderr_has "how large the flash is"
no_file x.bin

# And back: the same bytes again, whether filled up or not.
for file in named.bin flash.bin; do
    bm assemble --split $file -d "parts_$file"
    expect_exit 0
    expect_no_stderr
    expect_stdout_has "phy_init          blank"
    (cd "parts_$file" && [ "$(echo *)" = "bootloader.bin factory.bin flasher_args.json nvs.bin partition-table.bin" ]) ||
        fail "parts of $file: $(ls "parts_$file")"
    expect_mode 600 "parts_$file/nvs.bin"
    [ "$(stat -c %s "parts_$file/nvs.bin")" -eq $((0x6000)) ] || fail "nvs is not whole"
done
quiet check parts_named.bin/nvs.bin
quiet image info parts_named.bin/factory.bin
bm assemble -o again.bin --args parts_named.bin -s detect
expect_exit 0
expect_same again.bin named.bin
bm assemble -o again.bin --args parts_flash.bin/flasher_args.json
expect_exit 0
expect_same again.bin flash.bin
bm assemble --split named.bin -d by_table --table parts.csv
expect_exit 0
expect_same by_table/nvs.bin parts_named.bin/nvs.bin
# Nothing is replaced, and what was made before that came up is taken back.
mkdir half
echo mine >half/nvs.bin
bm assemble --split named.bin -d half
expect_exit 3
expect_stderr_has "half/nvs.bin is there already"
[ "$(echo half/*)" = "half/nvs.bin" ] || fail "left behind: $(echo half/*)"
bm assemble --split table.bin -d nowhere
expect_exit 3
no_file nowhere
bm assemble --split named.bin
expect_exit 2

# What ESP-IDF's build leaves, with paths that are relative to it.
mkdir -p build/bootloader
cp boot.bin build/bootloader/bootloader.bin
cp app.bin table.bin build
cat >build/flasher_args.json <<'JSON'
{
    "write_flash_args" : [ "--flash_mode", "dio", "--flash_size", "4MB", "--flash_freq", "40m" ],
    "flash_settings" : { "flash_mode": "dio", "flash_size": "4MB", "flash_freq": "40m" },
    "flash_files" : {
        "0x1000" : "bootloader/bootloader.bin",
        "0x10000" : "app.bin",
        "0x8000" : "table.bin"
    },
    "bootloader" : { "offset" : "0x1000", "file" : "bootloader/bootloader.bin", "encrypted" : "false" },
    "app" : { "offset" : "0x10000", "file" : "app.bin", "encrypted" : "false" },
    "partition-table" : { "offset" : "0x8000", "file" : "table.bin", "encrypted" : "false" },
    "extra_esptool_args" : { "after" : "hard_reset", "before" : "default_reset", "chip" : "esp32" }
}
JSON
bm assemble -o built.bin --args build -s detect nvs=id16.bin
expect_exit 0
expect_same built.bin named.bin

# refused STATUS TEXT ARG...: so it ends and says, in one line, and nothing is written.
refused() {
    local wanted=$1 text=$2
    shift 2
    bm assemble -o x.bin "$@"
    expect_exit "$wanted"
    expect_no_stdout
    expect_stderr_has "$text"
    no_file x.bin
}
refused 3 "id12.bin: at 0x9000 (12 KB) it overlaps id16.bin at 0x9000 (16 KB)" \
    "${standard[@]}" nvs=id16.bin 0x9000 id12.bin
refused 3 "id12.bin: has 12 KB and does not fit into partition phy_init of 4 KB" \
    0x8000 table.bin phy_init=id12.bin
refused 3 "begins at 0xa000, in the middle of partition nvs at 0x9000 (24 KB)" \
    0x8000 table.bin 0xa000 id12.bin
refused 3 "the table has no partition nvx (did you mean nvs?)" 0x8000 table.bin nvx=id12.bin
refused 3 "cannot be known without a table" nvs=id12.bin
refused 3 "goes from 0x10000" -s 64K "${standard[@]}"
refused 3 "c3.bin: is an image for ESP32-C3, not for ESP32" \
    0x8000 table.bin 0x1000 boot.bin 0x10000 c3.bin
refused 3 "the chip looks for it at 0x0" 0x8000 table.bin 0x1000 c3.bin
head -c 3000 app.bin >cut.bin
refused 3 "cut.bin: damaged app image:" 0x8000 table.bin 0x10000 cut.bin
refused 3 "app.bin: goes into NVS partition nvs, but is no NVS image" 0x8000 table.bin nvs=app.bin
refused 3 "missing.bin: cannot be opened" "${standard[@]}" nvs=missing.bin
refused 2 "\"x.csv\" is neither an OFFSET" x.csv
refused 2 "no file is given for 0x1000" 0x1000
refused 2 "takes parts"
refused 2 "no size of a flash" -s large "${standard[@]}"
bm assemble 0x1000 boot.bin
expect_exit 2
expect_stderr_has "takes -o FLASH"
cp app.bin x2.bin
bm assemble -o x2.bin 0x10000 x2.bin
expect_exit 2
expect_same x2.bin app.bin
# All that is wrong is told at once.
bm assemble -o x.bin 0x8000 table.bin nvs=app.bin 0x10000 cut.bin
expect_exit 3
expect_stderr_has "2 errors; nothing was written"
expect_stderr_lines 3
no_file x.bin

# Flash encryption: plaintext where the device expects ciphertext.
sed 's/1M,/1M,encrypted/' parts.csv >encrypted.csv
refused 3 "app.bin: is plaintext, and partition factory is flagged encrypted" \
    --table encrypted.csv factory=app.bin
bm assemble -o x.bin --plaintext-ok --table encrypted.csv factory=app.bin
expect_exit 0
rm x.bin
sed -i 's/"file" : "app.bin", "encrypted" : "false"/"file" : "app.bin", "encrypted" : "true"/' \
    build/flasher_args.json
refused 3 "encrypted by the chip" --args build
bm assemble -o x.bin --plaintext-ok --args build
expect_exit 0
rm x.bin

# JSON that is wrong: where.
printf '{\n "flash_files": {\n  "0x1000": "a"\n  "0x2000": "b"\n }\n}\n' >bad.json
refused 3 "bad.json:4:" --args bad.json
printf '{"flash_files": {"here": "a"}}' >bad.json
refused 3 "this is no offset (0x10000): here" --args bad.json
printf '{"flash_files": {"0x1000": "gone.bin", "0x2000": "lost.bin"}}' >bad.json
refused 3 "gone.bin" --args bad.json
expect_stderr_has "lost.bin"
printf '[]' >bad.json
refused 3 "flash_files" --args bad.json
refused 3 "no_such_folder/flasher_args.json" --args no_such_folder

# Labels become names of files that do no harm, and differ.
printf 'a/b,data,nvs,0x9000,16K,\n..,data,nvs,0xd000,4K,readonly\na_b,data,nvs,0xe000,4K,readonly\n' >odd.csv
quiet partitions --no-verify odd.csv odd_table.bin
quiet generate id.csv id4.bin 4096
bm assemble -o odd.bin 0x8000 odd_table.bin a/b=id12.bin ..=id4.bin a_b=id4.bin
expect_exit 0
bm assemble --split odd.bin -d odd
expect_exit 0
[ "$(echo odd/*)" = "odd/_..bin odd/a_b-0xe000.bin odd/a_b.bin odd/flasher_args.json odd/partition-table.bin" ] ||
    fail "odd: $(echo odd/*)"
bm assemble -o odd2.bin --args odd
expect_exit 0
expect_same odd.bin odd2.bin

# A folder that cannot be written.
bm assemble -o /dev/full 0x8000 table.bin
expect_exit 4
