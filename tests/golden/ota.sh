#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark ota select writes the bytes of ESP-IDF's otatool, from otadata that it leaves in order.
. "$BM_SOURCE/tests/harness/lib.sh"

golden=$BM_SOURCE/../shared/golden
[ -d "$golden" ] || skip "no golden images here"

# The arguments of the golden commands: TABLE OTADATA SLOT OUTPUT.
otadata_switch() {
    bm ota select "$2" "$3" --table "$1" --output "$4"
}

images=0
for dir in "$golden"/v*/; do
    read -r -a args <"$dir/cmd.txt" || true
    [ "${args[0]}" = otadata_switch ] || continue
    cp "$dir"/* . && chmod u+w ./*
    otadata_switch "${args[@]:1}"
    expect_exit 0
    expect_no_stderr
    expect_same "${args[4]}" expected.bin
    expect_same "${args[2]}" "$dir/${args[2]}"
    images=$((images + 1))
done
[ "$images" -gt 0 ] || fail "no golden otadata"
