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
quiet image pack -o boot.bin --chip esp32 --entry 0x40080400 0x40080400=code
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
expect_exit 1
expect_stdout_has "holds  nvs: 2 keys, 2 in certs"
expect_stdout_lacks identity-shrunk
expect_stdout_has identity-overlapped
expect_stdout_lacks geheim
cp "$out" by_flash
bm preflight --from device.bin --to new.csv
expect_exit 1
expect_same "$out" by_flash
bm preflight --from old.csv --flash device.bin --to new.csv
expect_exit 1
expect_same "$out" by_flash
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
bm preflight --flash device.bin --to new.csv --json
expect_exit 1
expect_no_stderr
expect_stdout_has '"safe": false'
expect_stdout_has '"code": "identity-overlapped"'
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
