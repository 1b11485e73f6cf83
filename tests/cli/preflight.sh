#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark preflight: what it takes, what it prints, how it ends. The findings themselves are
# unit/preflight's.
. "$BM_SOURCE/tests/harness/lib.sh"

quiet() {
    bm "$@"
    expect_exit 0
}

seq 1 2000 >code
quiet image pack -o boot.bin --chip esp32 --flash-size 4MB --entry 0x40080400 0x40080400=code
quiet image pack -o app.bin --chip esp32 --entry 0x40080400 --desc 0x3f400020 --version 1.0 \
    0x40080400=code
cat >old.csv <<'CSV'
nvs,data,nvs,0x9000,0x6000,
phy_init,data,phy,0xf000,0x1000,
factory,app,factory,0x10000,1M,
CSV
cat >new.csv <<'CSV'
nvs,data,nvs,0x9000,0x4000,
otadata,data,ota,0xd000,0x2000,
phy_init,data,phy,0xf000,0x1000,
factory,app,factory,0x10000,1M,
ota_0,app,ota_0,,1M,
CSV
quiet partitions old.csv old.bin
quiet partitions new.csv new.bin
printf 'key,type,encoding,value\ncerts,namespace,,\npriv_key,data,string,geheim\nid,data,u8,1\n' >id.csv
quiet generate id.csv id12.bin 12288
quiet generate id.csv id24.bin 0x6000
quiet assemble -o device.bin -s 4MB 0x1000 boot.bin 0x8000 old.bin nvs=id24.bin factory=app.bin

bm preflight --from - --to - <old.csv
expect_exit 2
expect_stderr_has "standard input can be read once only"
bm preflight --from - --to old.bin <old.csv
expect_exit 0

# Tables alone: CSV, binary, the table of a flash file.
bm preflight --from old.csv --to old.bin
expect_exit 0
expect_no_stderr
expect_stdout "safe: no error, 0 warnings"
for from in old.csv old.bin; do
    for to in new.csv new.bin; do
        bm preflight --from $from --to $to
        expect_exit 1
        expect_no_stderr
        expect_stdout_has "error  identity-shrunk: partition nvs shrinks from 24 KB to 16 KB"
        expect_stdout_has "error  identity-overlapped: partition otadata, 0xd000 (8 KB), of the new table"
        expect_stdout_has "  safe way: give nvs 24 KB again"
        expect_stdout_has "not safe: 2 errors, 0 warnings"
    done
done

# A device: what it holds by number, and findings only for what there is to lose.
bm preflight --flash device.bin --to new.csv
expect_exit 0
expect_stdout_has "holds  nvs: 2 keys, 2 in certs"
expect_stdout_has "warning  identity-shrunk-blank: partition nvs shrinks from 24 KB to 16 KB"
expect_stdout_lacks identity-overlapped
expect_stdout_lacks geheim
cp "$out" by_flash
bm preflight --from device.bin --to new.csv
expect_exit 0
expect_same "$out" by_flash
bm preflight --from old.csv --flash device.bin --to new.csv
expect_exit 0
expect_same "$out" by_flash
# A layout that the device does not have is not believed; nor is a file without a table.
bm preflight --flash device.bin --from new.csv --to new.csv
expect_exit 3
expect_no_stdout
expect_stderr_has "device.bin: its partition table is not that of new.csv"
head -c 1048576 /dev/zero | tr '\0' '\377' >erased.bin
bm preflight --flash erased.bin --from old.csv --to new.csv
expect_exit 3
expect_stderr_has "erased.bin: there is no partition table at 0x8000"
head -c 1048576 "$BIRTHMARK" >encrypted.bin # but a table that is encrypted cannot be compared
bm preflight --flash encrypted.bin --from old.csv --to new.csv
expect_exit 1
expect_stderr_has "cannot be read (encrypted?); old.csv is taken for it"
bm preflight --flash /dev/null --from old.csv --to new.csv
expect_exit 3
expect_stderr_has "the file is empty"
quiet assemble -o fresh.bin -s 4MB 0x1000 boot.bin 0x8000 old.bin factory=app.bin
bm preflight --flash fresh.bin --to new.csv
expect_exit 0
expect_stdout_has "holds  nvs: blank, nothing to lose"

# Files: the post's command, with 12288 bytes and with all of the partition.
bm preflight --from old.csv 0x10000 app.bin 0x1000 boot.bin 0x8000 old.bin 0x9000 id12.bin
expect_exit 1
expect_stdout_has "identity-mixed: writing id12.bin (12 KB) replaces only the first pages"
bm preflight --from old.csv 0x10000 app.bin 0x1000 boot.bin 0x8000 old.bin nvs=id24.bin
expect_exit 1
expect_stdout_has identity-replaced
bm preflight --flash device.bin 0x10000 app.bin nvs=id24.bin
expect_exit 0
bm preflight --flash fresh.bin 0x10000 app.bin 0x9000 id12.bin
expect_exit 0

# A build folder, as OLD, as NEW, as what is written.
mkdir build moved
cp boot.bin app.bin new.bin build
cp boot.bin app.bin old.bin moved
printf '{"flash_files": {"0x1000": "boot.bin", "0x8000": "new.bin", "0x10000": "app.bin"}}' \
    >build/flasher_args.json
printf '{"flash_files": {"0x7000": "old.bin"}, "partition-table": {"offset": "0x7000", "file": "old.bin"}}' \
    >moved/flasher_args.json
bm preflight --from old.csv --args build
expect_exit 1
expect_stdout_has identity-shrunk
bm preflight --from old.csv --to build
expect_exit 1
expect_stdout_has identity-shrunk
bm preflight --from build --to build/flasher_args.json --args build
expect_exit 0
bm preflight --from old.csv --to moved
expect_exit 1
expect_stdout_has "table-moved: the partition table is moved from 0x8000 to 0x7000"

# JSON.
printf "phy_init,data,phy,0xf000,4K,\nfactory,app,factory,0x10000,1M,\nnvs,data,nvs,0x110000,24K,\n" >far.csv
bm preflight --flash device.bin --to far.csv --json
expect_exit 1
expect_no_stderr
expect_stdout_has '"safe": false'
expect_stdout_has '"code": "identity-moved"'
expect_stdout_has '"severity": "error"'
expect_stdout_has '"partition": "nvs"'
expect_stdout_lacks geheim
if command -v jq >/dev/null; then
    cp "$out" report.json
    run jq -e '.errors == 1 and .held[0].namespaces[0] == {"name": "certs", "keys": 2} and
        (.findings | length > 0 and all(has("code") and has("severity") and has("partition") and
            has("old") and has("new") and has("text") and has("remedy")))' report.json
    expect_exit 0
fi
bm preflight --from old.csv --to old.csv --json
expect_exit 0
expect_stdout_has '"safe": true'

# Wrong arguments and inputs.
bm preflight
expect_exit 2
bm preflight --from old.csv
expect_exit 2
expect_stderr_has "takes --to NEW, or files"
bm preflight --to old.csv
expect_exit 2
bm preflight --from missing.csv --to old.csv
expect_exit 3
expect_stderr_has "missing.csv"
bm preflight --from old.csv --to code
expect_exit 3
expect_no_stdout
bm preflight --from old.csv --to new.csv 0x9000
expect_exit 2
bm preflight --from old.csv --to new.csv --args missing
expect_exit 3
bm preflight --from old.csv --to new.csv --table-offset here
expect_exit 2
"$BIRTHMARK" preflight --from old.csv --to new.csv >/dev/full 2>"$err"
status=$?
expect_exit 4

# A dump that was cut short: what is not there is not known, and nothing is made of it.
head -c 65536 device.bin >short.bin
bm preflight --flash short.bin --to old.csv
expect_exit 0
expect_stdout_has "holds  nvs: 2 keys"
bm preflight --flash short.bin 0x10000 app.bin
expect_exit 0
# On a device that starts something, nothing may keep it from doing so.
printf 'nvs,data,nvs,0x9000,24K,\nfactory,app,factory,0x110000,1M,\n' >far.csv
bm preflight --flash device.bin --to far.csv
expect_exit 1
expect_stdout_has "boot-nothing: the device boots factory at 0x10000, version 1.0 now"
bm preflight --flash device.bin --to far.csv factory=app.bin
expect_exit 0
expect_stdout_has "boot-changed"

# All of three pages in use: no page is left free where the partition becomes three pages.
{
    printf 'key,type,encoding,value\ncerts,namespace,,\n'
    for i in {1..300}; do printf 'k%s,data,u32,%s\n' "$i" "$i"; done
} >full.csv
quiet generate full.csv full.bin 16384
head -c 12288 full.bin >three.bin
quiet assemble -o full.flash -s 4MB 0x1000 boot.bin 0x8000 old.bin nvs=three.bin factory=app.bin
sed 's/0x6000/12K/' old.csv >three.csv
printf 'phy_init,data,phy,0xf000,4K,\nfactory,app,factory,0x10000,1M,\nnvs,data,nvs,0x110000,SIZE,\n' >far_nvs
sed 's/SIZE/12K/' far_nvs >far12.csv
sed 's/SIZE/36K/' far_nvs >far36.csv
bm preflight --flash full.flash --to three.csv
expect_exit 1
expect_stdout_has "nvs-no-free-page: in partition nvs there is no free page"
bm preflight --flash full.flash --to far12.csv nvs=three.bin
expect_exit 1
expect_stdout_has nvs-no-free-page
bm preflight --flash full.flash --to far36.csv nvs=three.bin
expect_exit 0
expect_stdout "holds  nvs: 300 keys, 300 in certs
safe: no error, 0 warnings"
# Old pages behind the new place.
cp full.flash stale.flash
dd if=id12.bin of=stale.flash bs=4096 seek=$((0x114)) conv=notrunc status=none
bm preflight --flash stale.flash --to far36.csv nvs=three.bin
expect_exit 1
expect_stdout_has identity-mixed

# A build as NEW brings its files, and what it does before it writes them.
mkdir all
cp boot.bin app.bin old.bin id24.bin all
printf '{"flash_files": {"0x8000": "old.bin", "0x9000": "id24.bin", "0x10000": "app.bin"}}' \
    >all/flasher_args.json
bm preflight --from old.csv --to all
expect_exit 1
expect_stdout_has "identity-replaced: writing all/id24.bin"
bm preflight --from old.csv --to all --table-only
expect_exit 0
printf '{"write_flash_args": ["--flash_mode", "dio", "--erase-all"], "flash_files": {"0x8000": "old.bin", "0x10000": "app.bin"}}' \
    >all/flasher_args.json
bm preflight --flash device.bin --to all
expect_exit 1
expect_stdout_has "identity-erased: all of the flash is erased first"
bm preflight --flash device.bin --args all nvs=id24.bin 0x1000 boot.bin
expect_exit 0

# The table and the flash; the bootloader.
printf 'nvs,data,nvs,0x9000,0x6000,\nphy_init,data,phy,0xf000,0x1000,\nfactory,app,factory,0x10000,1M,\nx,data,spiffs,8M,4M,\n' >large.csv
bm preflight --flash device.bin --to large.csv
expect_exit 1
expect_stdout_has "table-too-large: the table reaches to 0xc00000, beyond the end of the flash at 0x400000"
bm preflight --flash device.bin 0x1000 code
expect_exit 1
expect_stdout_has bootloader-lost
bm preflight --from old.csv --to old.csv --table-offset 0x9001
expect_exit 2
expect_stderr_has "multiple of 0x1000"

# Without factory: what boots is not known of a file that ends before the apps.
printf 'nvs,data,nvs,0x9000,24K,\notadata,data,ota,0x310000,8K,\nfactory,app,factory,0x10000,1M,\nota_0,app,ota_0,0x110000,1M,\n' >with.csv
grep -v factory with.csv >without.csv
quiet partitions with.csv with.bin
quiet assemble -o cut.flash 0x8000 with.bin nvs=id24.bin
bm preflight --from with.csv --flash cut.flash --to without.csv
expect_exit 1
expect_stdout_has factory-removed

# JSON has names as they are.
printf 'nv\342\200\256x,data,nvs,0x9000,0x6000,\nfactory,app,factory,0x10000,1M,\n' >accent.csv
bm preflight --from accent.csv --to three.csv --json
expect_exit 1
expect_stdout_has '"partition": "nv\u202Ex"'
