#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark ota: which app boots and why, of otadata alone and of a flash image; select and erase.
. "$BM_SOURCE/tests/harness/lib.sh"

cat >t.csv <<'CSV'
nvs,data,nvs,0x9000,0x4000
otadata,data,ota,0xd000,0x2000
app_a,app,ota_0,0x10000,0x10000
app_b,app,ota_1,0x20000,0x10000
CSV
head -c 8192 /dev/zero | tr '\0' '\377' >blank.bin

# record FILE NUMBER: its 32 bytes in hex.
record() {
    od -An -v -tx1 -j $(($2 * 4096)) -N 32 "$1" | tr -d ' \n'
}
ff=ffffffffffffffffffffffffffffffffffffffff

# poke FILE OFFSET BYTES...: changes bytes, given as \xNN.
poke() {
    printf '%b' "$3" | dd of="$1" bs=1 seek=$(($2)) conv=notrunc status=none
}

# Sequence numbers and sectors: the record that is not in use is replaced.
cp blank.bin o.bin
bm ota select o.bin 0 --table t.csv
expect_exit 0
expect_no_stderr
expect_stdout "o.bin: ota_0 boots next (record 0: sequence 1, undefined)"
[ "$(record o.bin 0)" = "01000000${ff}ffffffff9a984347" ] || fail "record 0: $(record o.bin 0)"
bm ota select o.bin app_b --table t.csv --state new
expect_stdout "o.bin: ota_1 boots next (record 1: sequence 2, new)"
[ "$(record o.bin 1)" = "02000000${ff}000000007437f655" ] || fail "record 1: $(record o.bin 1)"
cp o.bin same.bin
bm ota select o.bin ota_1 --table t.csv --state new
expect_exit 0
expect_same o.bin same.bin
bm ota select o.bin ota_0 --slots 2 --output out.bin
expect_exit 0
expect_same o.bin same.bin
bm ota status out.bin --slots 2
expect_stdout_has "0       3           ota_0    undefined   0xed4a5011 good   followed"
cp o.bin in.bin
run "$BIRTHMARK" ota select - 0 --slots 2 -o piped.bin <o.bin
expect_exit 0
expect_same out.bin piped.bin
bm ota select o.bin 0 --slots 2 -o -
cmp -s "$out" out.bin || fail "standard output has other bytes"
expect_stderr_lines 1

# A state of the sector's past does not stay (otatool's does, and the switch has no effect).
poke o.bin 0x1018 '\x04\x00\x00\x00'
bm ota status o.bin --slots 2
expect_stdout_has "ota_0 boots, if its image is good"
expect_stdout_has "aborted"
bm ota select o.bin 1 --slots 2
expect_stdout "o.bin: ota_1 boots next (record 1: sequence 2, undefined)"

# Numbers near the end: by arithmetic, in no time; and no wrap.
cp blank.bin far.bin
poke far.bin 0 '\x00\x00\x00\x80'
poke far.bin 28 '\xdf\x7c\x47\x12'
bm ota select far.bin 0 --slots 3
expect_stdout "far.bin: ota_0 boots next (record 1: sequence 2147483650, undefined)"
poke far.bin 0 '\xfe\xff\xff\xff'
poke far.bin 28 '\x79\xb8\xf8\x99'
cp far.bin far.before
bm ota select far.bin 0 --slots 2
expect_exit 3
expect_stderr_lines 1
expect_stderr_has "the sequence numbers are used up"
expect_same far.bin far.before

# Erased: the factory app, or ota_0.
bm ota erase o.bin
expect_exit 0
expect_stdout "o.bin: otadata is erased"
expect_same o.bin blank.bin
bm ota select same.bin factory --slots 2 --factory
expect_exit 0
expect_stdout "same.bin: factory boots next"
expect_same same.bin blank.bin
bm ota status blank.bin --slots 2
expect_stdout_has "ota_0 boots"
bm ota status blank.bin --slots 2 --factory
expect_stdout_has "factory boots"

# A whole flash: versions, verdicts, falling back.
head -c 20000 "$BIRTHMARK" >code
for v in 1.0 1.1; do
    bm image pack -o "app-$v.bin" --chip esp32c3 --entry 0x40380000 --desc 0x3c000020 \
        --version "$v" --project demo 0x40380000=code
    expect_exit 0
done
bm partitions t.csv t.bin
expect_exit 0
head -c $((0x30000)) /dev/zero | tr '\0' '\377' >flash.bin
into() {
    dd if="$1" of=flash.bin bs=4096 seek=$(($2 / 4096)) conv=notrunc status=none
}
bm ota status flash.bin
expect_exit 3
expect_stderr_lines 1
expect_stderr_has "no good partition table at 0x8000"
into t.bin 0x8000
bm ota status flash.bin
expect_exit 1
expect_no_stderr
expect_stdout_has "flash.bin: nothing boots"
expect_stdout_has "ota_0    0x10000     blank"
expect_stdout_has "the bootloader restarts"
bm ota select flash.bin 1
expect_exit 0
expect_stderr_has "ota_1 is selected, but it cannot start, and nothing would"
into app-1.0.bin 0x10000
into app-1.1.bin 0x20000
bm ota status flash.bin
expect_exit 0
expect_stdout_has "flash.bin: ota_1 boots (partition app_b at 0x20000, version 1.1)"
expect_stdout_has "good: demo version 1.0"
chmod 640 flash.bin
bm ota select flash.bin app_b --state new
expect_mode 640 flash.bin
bm ota status flash.bin --rollback on
expect_stdout_has "is written as pending"
bm ota status flash.bin --rollback off
expect_stdout_lacks "is written as pending"
bm ota status flash.bin --pin factory-reset
expect_stdout_has "otadata is erased"
expect_stdout_has "ota_0 boots"
bm ota status flash.bin --pin test
expect_exit 1
bm ota status flash.bin --secure-version 1
expect_exit 1
expect_stdout_has "under that of the fuses"
poke flash.bin 0x20400 x
bm ota status flash.bin
expect_exit 0
expect_stdout_has "flash.bin: ota_0 boots (partition app_a at 0x10000, version 1.0)"
expect_stdout_has "ota_1    0x20000     damaged"
bm ota status flash.bin --json
expect_exit 0
expect_stdout_has '"step": "image-bad"'
expect_stdout_has '"place": "ota_0"'
run "$BIRTHMARK" ota status - <flash.bin
expect_exit 0
bm ota status flash.bin --table t.csv
expect_exit 0
cp flash.bin before.bin
bm ota erase flash.bin
expect_exit 0
cmp -s <(head -c $((0xd000)) flash.bin) <(head -c $((0xd000)) before.bin) || fail "other bytes"
cmp -s <(tail -c +$((0xf001)) flash.bin) <(tail -c +$((0xf001)) before.bin) || fail "other bytes"
cmp -s <(tail -c +$((0xd001)) flash.bin | head -c 8192) blank.bin || fail "not erased"

# A flash image where the table is elsewhere, and one whose table has no otadata.
grep -v otadata t.csv >no.csv
bm ota status flash.bin --table no.csv
expect_exit 0
expect_stdout_has "The table has no otadata partition"
bm ota select flash.bin 1 --table no.csv
expect_exit 3
expect_stderr_has "no otadata partition"

# What cannot be: one clear line, the right status, nothing changed or left behind.
rm -f .run.* ./*.bin t2 code
cp blank.bin o.bin 2>/dev/null || head -c 8192 /dev/zero | tr '\0' '\377' >o.bin
head -c 5000 /dev/zero >short.bin
: >empty.bin
printf 'nvs,data\n' >bad.csv
printf 'odd,app,0x0f,0x30000,0x10000\n' | cat t.csv - >odd.csv
cp o.bin keep
ls >files
while IFS='|' read -r wanted text arguments; do
    # shellcheck disable=SC2086
    bm ota $arguments
    expect_exit "$wanted"
    expect_no_stdout
    expect_stderr_has "$text"
    if [ "$wanted" != 2 ]; then
        expect_stderr_lines 1
    fi
    expect_same o.bin keep
    ls >files.now
    grep -v files.now files.now | cmp -s files - || fail "the folder changed: $arguments"
    rm files.now
done <<'ROWS'
2|takes status, select or erase|
2|did you mean select?|selct o.bin 1
2|status takes one file|status
2|status takes one file|status o.bin o.bin
2|a file and a slot|select o.bin
2|with --table|status o.bin
2|with --table|select o.bin 1
2|there are 0 to 1|select o.bin 2 --slots 2
2|there are 0 to 1|select o.bin app_c --table t.csv
2|there are 0 to 1|select o.bin odd --table odd.csv
2|there are 0 to 1|select o.bin ota_ --slots 2
2|no factory app|select o.bin factory --table t.csv
2|say --factory|select o.bin factory --slots 2
2|not both|status o.bin --slots 2 --table t.csv
2|--factory goes with --slots|status o.bin --factory --table t.csv
2|--slots|status o.bin --slots 17
2|--slots|status o.bin --slots 0
2|--slots|status o.bin --slots two
2|--table-offset|status o.bin --table-offset x
2|did you mean new|select o.bin 1 --slots 2 --state nev
2|--rollback|status o.bin --slots 2 --rollback maybe
2|status takes no --state|status o.bin --slots 2 --state new
2|select takes no --json|select o.bin 1 --slots 2 --json
2|needs a flash image|status o.bin --slots 2 --secure-version 1
2|in place|select - 1 --slots 2
2|also read as an input|select o.bin 1 --table t.csv -o t.csv
3|missing.bin|status missing.bin --slots 2
3|missing.csv|status o.bin --table missing.csv
3|bad.csv|status o.bin --table bad.csv
3|5000 bytes|status short.bin --slots 2
3|5000 bytes|status short.bin --table t.csv
3|5000 bytes|status short.bin
3|empty|status empty.bin --slots 2
4|/dev/full|select o.bin 1 --slots 2 -o /dev/full
4|no/where|select o.bin 1 --slots 2 -o no/where/out.bin
ROWS
