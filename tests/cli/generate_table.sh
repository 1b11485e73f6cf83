#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark generate --table: size and place from a partition table.
. "$BM_SOURCE/tests/harness/lib.sh"

printf 'key,type,encoding,value\nns,namespace,,\nn,data,u8,1\n' >small.csv
text=$(head -c 3500 /dev/zero | tr '\0' x)
printf 'key,type,encoding,value\nns,namespace,,\na,data,string,%s\nb,data,string,%s\nc,data,string,%s\nd,data,string,%s\n' \
    "$text" "$text" "$text" "$text" >large.csv
bm partitions --preset factory-two-ota one.csv -q
bm partitions one.csv one.bin -q
bm partitions --preset identity two.csv -q

# The only NVS partition, from CSV, a binary table and a flash image.
head -c 65536 /dev/zero | tr '\0' '\377' >flash.bin
dd if=one.bin of=flash.bin bs=4096 seek=8 conv=notrunc status=none
bm generate small.csv want.bin 0x4000
for table in one.csv one.bin flash.bin; do
    bm generate --table "$table" small.csv out.bin
    expect_exit 0
    expect_no_stderr
    expect_stdout_has "wrote out.bin: 16384 bytes (0x4000)"
    expect_stdout_has "  for partition 'nvs' at 0x9000"
    expect_same out.bin want.bin
    rm out.bin
done

# Several: one must be named.
bm generate --table two.csv small.csv out.bin
expect_exit 3
expect_stderr_lines 1
expect_stderr_has "two.csv has 2 NVS partitions (nvs, identity); say which one with --label"
bm generate --table two.csv --label identity small.csv out.bin
expect_exit 0
expect_stdout_has "  for partition 'identity' at 0x10000, readonly"
rm out.bin
if command -v jq >/dev/null; then
    bm generate --table two.csv --label identity small.csv --dry-run --json
    expect_exit 0
    cp "$out" doc.json
    run jq -r '.size, .partition.label, .partition.offset, .partition.readonly' doc.json
    expect_stdout "$(printf '%s\n' 16384 identity 65536 true)"
fi

# refused MESSAGE STATUS ARG...
refused() {
    local message=$1 want=$2
    shift 2
    bm generate "$@"
    expect_exit "$want"
    expect_no_stdout
    expect_stderr_has "$message"
    no_file out.bin
}
refused "has no partition 'idntity'; its NVS partitions: nvs, identity" 3 --table two.csv --label idntity small.csv out.bin
refused "partition 'ota_0' of two.csv is not for NVS" 3 --table two.csv --label ota_0 small.csv out.bin
refused "the size comes from --table; leave 16K out" 2 --table one.csv small.csv out.bin 16K
refused "--label needs --table" 2 --label nvs small.csv out.bin
refused "missing.csv: cannot be opened" 3 --table missing.csv small.csv out.bin
refused "standard input can be read once only" 2 --table - - out.bin
refused "neither partition CSV" 3 --table want.bin small.csv out.bin
printf 'a,app,factory,0x10000,1M\n' >none.csv
refused "none.csv has no NVS partition; add one" 3 --table none.csv small.csv out.bin
printf 'nvs,data,nvs,0x9000,0x2000\n' >tiny.csv
refused "partition 'nvs' of tiny.csv has 8192 bytes and is not flagged readonly: no device can open it" 3 \
    --table tiny.csv small.csv out.bin
printf 'nvs,data,nvs,0x9000,0x6100\n' >odd.csv
refused "24832 bytes (0x6100), which are not whole pages of 4096" 3 --table odd.csv small.csv out.bin

# A table elsewhere in flash: the hint names an option that generate has.
head -c 65536 /dev/zero | tr '\0' '\377' >moved.bin
dd if=one.bin of=moved.bin bs=4096 seek=9 conv=notrunc status=none
refused "no partition table at 0x8000, but there is one at 0x9000; use --table-offset 0x9000" 3 \
    --table moved.bin small.csv out.bin
bm generate --table moved.bin --table-offset 0x9000 small.csv out.bin
expect_exit 0
expect_same out.bin want.bin
rm out.bin
printf 'nvs,data,nvs,,16K\n' >auto.csv
bm generate --table auto.csv --table-offset 36K small.csv --dry-run
expect_exit 0
expect_stdout_has "for partition 'nvs' at 0xa000"
refused "--table-offset needs --table" 2 --table-offset 0x9000 small.csv out.bin
refused "--table-offset takes a number of bytes" 2 --table moved.bin --table-offset here small.csv out.bin

# It does not fit: both sizes.
refused "partition 'nvs' of one.csv has 16384 bytes (0x4000), but the image needs 20480 (0x5000); make the partition larger" 3 \
    --table one.csv large.csv out.bin
printf 'id,data,nvs,0x9000,4K,readonly\n' >page.csv
refused "partition 'id' of page.csv has 4096 bytes (0x1000), but the image needs 16384 (0x4000)" 3 \
    --table page.csv large.csv out.bin
# A partition that is only read needs no page in reserve, however large it is; one that is written
# to does, and so does a size alone (as with the reference).
printf 'id,data,nvs,0x9000,20K,readonly\n' >five.csv
printf 'id,data,nvs,0x9000,20K\n' >five_rw.csv
cp large.csv four.csv
printf 'n,data,u8,7\n' >>four.csv
bm generate --dry-run four.csv
expect_stdout_has "4 of 5 pages used, one is kept in reserve"
bm generate four.csv out.bin 0x4000
expect_exit 3
expect_stderr_has "a size of 16384 has 3 for it (one is kept in reserve)"
no_file out.bin
printf 'id,data,nvs,0x9000,16K\n' >four_rw.csv
sed 's/16K/16K,readonly/' four_rw.csv >four_ro.csv
refused "has 16384 bytes (0x4000), but the image needs 20480 (0x5000)" 3 --table four_rw.csv four.csv out.bin
bm generate --table four_ro.csv four.csv out.bin
expect_exit 0
expect_no_stderr
expect_stdout_has "16384 bytes (0x4000), version 2, read-only"
expect_stdout_has "4 of 4 pages used"
expect_stdout_lacks "in reserve"
bm generate four.csv five.bin 0x5000
expect_exit 0
cmp -s -n 16384 out.bin five.bin || fail "the pages differ with --table"
bm get out.bin ns n
expect_exit 0
expect_stdout 7
rm out.bin
refused "partition 'id' of page.csv has 4096 bytes (0x1000), but the image needs 16384 (0x4000)" 3 \
    --table page.csv four.csv out.bin
expect_stderr_has "give a size of at least 16384 (0x4000)"

# One page is enough for a partition that is only read.
bm generate --table page.csv small.csv out.bin
expect_exit 0
expect_no_stderr
expect_stdout_has "4096 bytes (0x1000), version 2, read-only"
rm out.bin
printf 'id,data,nvs,0x9000,16K,encrypted\n' >flag.csv
bm generate --table flag.csv small.csv out.bin
expect_exit 0
expect_stderr_has "is flagged encrypted, which ESP-IDF refuses to open as NVS"
# The table is no place for the image.
cp one.bin before.bin
bm generate --table one.bin small.csv one.bin
expect_exit 2
expect_same one.bin before.bin
# So with encrypt.
bm encrypt --table one.csv small.csv out.bin --keygen
expect_exit 0
expect_stdout_has "for partition 'nvs' at 0x9000"
