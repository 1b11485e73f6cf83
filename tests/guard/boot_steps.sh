#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each step of the boot decision has words, and a row in docs/boot.md.
. "$BM_SOURCE/tests/harness/lib.sh"

grep -oE '^ +BM_BOOT_[A-Z_]+,|^ +BM_BOOT_NO_OTADATA = 0' "$BM_SOURCE/include/birthmark/boot.h" |
    grep -oE 'BM_BOOT_[A-Z_]+' | sort >codes
tr '\n' ' ' <"$BM_SOURCE/src/cli/boot_words.c" |
    grep -oE '\[BM_BOOT_[A-Z_]+\] = +\{ *"[a-z-]+"' >rows
sed -E 's/.*(BM_BOOT_[A-Z_]+).*/\1/' rows | sort >worded
for code in BM_BOOT_CODES BM_BOOT_UNSOUND; do # no steps
    grep -vx "$code" codes >codes.steps
    mv codes.steps codes
done
cmp -s codes worded || fail "codes and words differ: $(diff codes worded | tr '\n' ' ')"
sed -E 's/.*"([a-z-]+)"/\1/' rows | sort >ids
[ "$(sort -u ids | wc -l)" -eq "$(wc -l <codes)" ] || fail "an id is there twice"
# shellcheck disable=SC2016
sed -n '/^## Steps/,/^## How/p' "$BM_SOURCE/docs/boot.md" | grep -oE '^\| `[a-z-]+`' |
    grep -oE '[a-z-]+' | sort >documented
cmp -s ids documented || fail "docs/boot.md differs: $(diff ids documented | tr '\n' ' ')"
