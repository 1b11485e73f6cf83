#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark ota: which app boots and why, of otadata alone and of a flash image; select and erase.
. "$BM_SOURCE/tests/harness/lib.sh"
. "$BM_SOURCE/tests/harness/board.sh"

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
# A slot that is selected already keeps its state, and the other record stays, unless --state is given.
bm ota select o.bin ota_1 --table t.csv
expect_exit 0
expect_stdout "o.bin: ota_1 boots next (record 1: sequence 2, new)"
expect_same o.bin same.bin
bm ota select o.bin ota_1 --table t.csv --state valid
expect_stdout "o.bin: ota_1 boots next (record 0: sequence 2, valid)"
cp o.bin valid.bin
bm ota select o.bin ota_1 --table t.csv
expect_exit 0
expect_stdout "o.bin: ota_1 boots next (record 0: sequence 2, valid)"
expect_same o.bin valid.bin
bm ota select o.bin ota_1 --table t.csv --state undefined
expect_stdout "o.bin: ota_1 boots next (record 1: sequence 2, undefined)"
cp same.bin o.bin
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
cp flash.bin before.bin
bm ota select flash.bin 1
expect_exit 1
expect_no_stdout
expect_stderr_lines 1
expect_stderr_has "ota_1 cannot start, and nothing would"
expect_same flash.bin before.bin
bm ota erase flash.bin
expect_exit 0
expect_stdout "flash.bin: nothing boots next"
bm ota select flash.bin 1 --force
expect_exit 0
expect_stderr_has "ota_1 is selected, but it cannot start, and nothing would"
cmp -s flash.bin before.bin && fail "--force wrote nothing"
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

# Of two otadata partitions the bootloader reads the last; a table with two is not made.
printf 'nvs,data,nvs,0x9000,0x2000\nspare,data,ota,0xb000,0x2000\n' | cat - <(tail -n +2 t.csv) >two.csv
bm partitions two.csv two.bin
expect_exit 3
expect_stderr_has "partition 'otadata' is a second one for OTA data, after 'spare'; keep one"
bm partitions two.csv two.bin --no-verify
expect_exit 0
cp before.bin two.flash
bm ota erase two.flash
dd if=two.bin of=two.flash bs=4096 seek=8 conv=notrunc status=none
poke two.flash 0x20400 "$(head -c $((0x401)) app-1.1.bin | tail -c 1 | od -An -tx1 | sed 's/ /\\x/')"
bm ota select blank.bin 1 --slots 2 -o spare.bin
dd if=spare.bin of=two.flash bs=4096 seek=11 conv=notrunc status=none # what the first one says
bm partitions two.flash --check
expect_exit 1
expect_stdout_has "error: partition 'otadata' is a second one for OTA data"
bm ota status two.flash
expect_stdout_has "two.flash: ota_0 boots"
bm ota select two.flash ota_1
expect_exit 0
cmp -s <(tail -c +$((0xd001)) two.flash | head -c 8192) spare.bin || fail "not in the last"
bm ota select two.flash ota_0
bm ota status two.flash
expect_stdout_has "two.flash: ota_0 boots"
cmp -s <(tail -c +$((0xb001)) two.flash | head -c 8192) spare.bin || fail "the first was written"
truncate -s 4M two.flash # the virtual board's bootloader has it the same way
printf '#!/bin/sh\nexec sleep 60\n' >script
bm image pack -o virtual.bin --virtual --chip esp32c3 script
expect_exit 0
for at in 16 32; do
    dd if=virtual.bin of=two.flash bs=4096 seek=$at conv=notrunc status=none
done
board --chip esp32c3 --own-bootloader --flash two.flash
bm monitor "$port" --until "Loaded app from partition" --timeout 60s
expect_exit 0
expect_stdout_has "Loaded app from partition at offset 0x10000"
stop_board

# The bootloader counts the rows of slots: with a gap, sequence numbers go by three, and ota_3 is
# never reached.
cat >gap.csv <<'CSV'
otadata,data,ota,0xd000,0x2000
a,app,ota_0,0x10000,0x10000
b,app,ota_1,0x20000,0x10000
d,app,ota_3,0x30000,0x10000
CSV
cp before.bin gap.flash
bm ota erase gap.flash
poke gap.flash 0x20400 "$(head -c $((0x401)) app-1.1.bin | tail -c 1 | od -An -tx1 | sed 's/ /\\x/')"
for seq in 1 2 4 5; do
    slot=$(((seq - 1) % 3))
    bm ota select gap.flash "ota_$slot" --table gap.csv
    expect_exit 0
    expect_stdout_has "gap.flash: ota_$slot boots next"
    expect_stdout_has "sequence $seq,"
done
cp gap.flash gap.before
for slot in ota_3 3 d; do
    bm ota select gap.flash "$slot" --table gap.csv
    expect_exit 3
    expect_stderr_lines 1
    expect_stderr_has "never starts ota_3: it counts 3 slots from ota_0 on"
done
bm ota select gap.flash 2 --table gap.csv
expect_exit 2
expect_stderr_has 'no slot "2"; there are ota_0, ota_1, and their labels'
expect_same gap.flash gap.before

# With a bootloader in the flash: its chip, and the size in its header, which the table must fit.
bm image pack -o c3.bin --chip esp32c3 --flash-size 2MB --entry 0x40380000 0x40380000=code
bm image pack -o esp32.bin --chip esp32 --flash-size 2MB --entry 0x40080000 0x40080000=code
cp gap.flash flash.bin
into c3.bin 0
bm ota status flash.bin
expect_exit 0
cp gap.flash flash.bin
into esp32.bin 0x1000
bm ota status flash.bin
expect_exit 1
expect_stdout_has "no bootable image (it is for another chip)"
expect_stdout_has "flash.bin: nothing boots"
bm ota select flash.bin 0
expect_exit 1
expect_stderr_has "ota_0 cannot start, and nothing would"
sed 's/^app_b.*/&\nstorage,data,spiffs,0x100000,3M/' t.csv >beyond.csv
bm partitions beyond.csv beyond.bin
cp gap.flash flash.bin
into beyond.bin 0x8000
bm ota status flash.bin
expect_exit 0
bm partitions flash.bin --check
expect_exit 0
into c3.bin 0
bm ota status flash.bin
expect_exit 1
expect_stdout_has "A partition ends beyond the flash, which has 2097152 bytes"
bm ota status flash.bin --json
expect_exit 1
expect_stdout_has '"step": "table-refused"'
bm ota select flash.bin 1
expect_exit 1
bm partitions flash.bin --check
expect_exit 1
expect_stdout_has "partition 'storage' ends at 0x400000, but the flash has 0x200000 bytes"
bm partitions flash.bin - # it can be taken out all the same
expect_exit 0

# An app that does not begin where flash is mapped.
printf 'f,app,factory,0x11000,0x20000\n' >odd.csv
bm partitions odd.csv odd.bin --no-verify
head -c $((0x40000)) /dev/zero | tr '\0' '\377' >flash.bin
into odd.bin 0x8000
into app-1.0.bin 0x11000
bm ota status flash.bin
expect_exit 1
expect_stdout_has "it is mapped by pages of flash, and does not begin with one"

# What is no otadata is left alone: of another size, with bytes that otadata never has, encrypted.
printf 'key,type,encoding,value\nns,namespace,,\nn,data,u8,1\n' >id.csv
bm generate id.csv id.bin 8K
bm generate id.csv id16K.bin 16K
head -c 8192 code >cipher.bin # as good as ciphertext here
cp blank.bin record.bin       # and in the record alone, as an encrypted write leaves it
head -c 32 cipher.bin | dd of=record.bin conv=notrunc status=none
printf 'otadata,data,ota,0xd000,0x4000\na,app,ota_0,0x20000,64K\n' >wide.csv
for f in id id16K cipher record; do
    cp "$f.bin" victim.bin
    for how in "select victim.bin 0 --slots 2" "select victim.bin 0 --slots 2 -o out2.bin" \
        "erase victim.bin" "erase victim.bin --slots 2" "select victim.bin 0 --table wide.csv"; do
        # shellcheck disable=SC2086
        bm ota $how
        expect_exit 3
        expect_no_stdout
        expect_stderr_lines 1
        expect_same victim.bin "$f.bin"
        no_file out2.bin
    done
done
bm ota select id.bin 0 --slots 2
expect_stderr_has "at 0x4 are bytes that otadata never has"
bm ota select id16K.bin 0 --slots 2 --force
expect_exit 3
expect_stderr_has "has 16384 bytes, and an otadata partition 8192"
bm ota select id.bin 0 --slots 2 --force
expect_exit 0
bm ota status id.bin --slots 2 --json
expect_stdout_has '"sequence": 1,'
# A record cut short by a power cut is otadata.
cp blank.bin torn.bin
poke torn.bin 0x1000 '\x02\x00\x00\x00'
bm ota select torn.bin 1 --slots 2
expect_exit 0
cat blank.bin blank.bin >wide.bin
bm ota select wide.bin 0 --table wide.csv
expect_exit 0

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
2|there are ota_0, ota_1|select o.bin 2 --slots 2
2|there are ota_0, ota_1|select o.bin app_c --table t.csv
2|there are ota_0, ota_1|select o.bin odd --table odd.csv
2|there are ota_0, ota_1|select o.bin ota_ --slots 2
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
