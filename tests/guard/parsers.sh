#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every reader of foreign bytes has a fuzz target, and every target a corpus that ctest replays.
. "$BM_SOURCE/tests/harness/lib.sh"

# source that parses: the fuzz target for it. A row must name a file that exists.
parsers="
src/image/csv.c csv
src/image/number.c csv
src/image/base64.c csv
src/image/scan.c image
src/nvs/mount.c image
src/nvs/keypart.c sealed
src/image/seal.c sealed
src/nvs/page.c image
src/nvs/tidy.c edit
src/nvs/collect.c edit
src/image/diff.c edit
src/proto/slip.c slip
src/proto/rom.c slip
src/proto/chip_info.c slip
src/sim/loader.c sim
src/sim/rom_flash.c sim
src/sim/rom_memory.c sim
src/sim/stub.c sim
src/part/app.c app
src/layout/app_look.c app
src/sim/run_image.c app
src/layout/elf.c elf
src/layout/flasher_args.c flasher_args
src/part/otadata.c otadata
src/part/boot.c otadata
src/part/table.c ptable
src/part/table_check.c ptable
src/layout/settings.c settings
src/layout/part_csv.c ptcsv
src/layout/part_line.c ptcsv
src/layout/part_number.c ptcsv
src/layout/table_file.c ptcsv
src/monitor/lines.c monitor
src/monitor/log.c monitor
src/monitor/sgr.c monitor
src/monitor/symbols.c monitor
src/monitor/trace.c monitor
src/port/telnet.c telnet
src/link/stub_file.c link
src/link/reset.c link
src/link/wire.c link
src/link/read.c link
"
while read -r source target; do
    [ -n "$source" ] || continue
    [ -f "$BM_SOURCE/$source" ] || fail "$source is gone: correct the list in this test"
    [ -f "$BM_SOURCE/fuzz/fuzz_$target.c" ] || fail "$source has no fuzz/fuzz_$target.c"
done <<<"$parsers"

run ctest --test-dir "$BM_BUILD" -N
expect_exit 0
cp "$out" tests
targets=0
for source in "$BM_SOURCE"/fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    name=${name#fuzz_}
    grep -qE " fuzz/$name\$" tests || fail "ctest does not replay fuzz/$name"
    [ -n "$(find "$BM_SOURCE/fuzz/corpus/$name" -type f -print -quit 2>/dev/null)" ] ||
        fail "fuzz/corpus/$name is empty"
    targets=$((targets + 1))
done
[ "$targets" -gt 0 ] || fail "no fuzz targets"
for corpus in "$BM_SOURCE"/fuzz/corpus/*/; do
    [ -f "$BM_SOURCE/fuzz/fuzz_$(basename "$corpus").c" ] || fail "$corpus belongs to no target"
done
