#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every folder of golden/nvs is a case: cmd.txt, its inputs, and what the reference generator made of
# them. note.txt starts with the class, ours.txt says what we do where that differs:
#   ok                                  the reference's bytes
#   quirk  same|refused|corrected SHA   as the reference, or an error, or these bytes
#   err                                 an error
#   crash  refused|accepted SHA         an error, or these bytes
# output.txt names the output where it is not out.bin.
# Where ../shared/golden is there, its cases are run as well and compared byte for byte.
. "$BM_SOURCE/tests/harness/lib.sh"
. "$BM_SOURCE/tests/harness/golden.sh"

out=$PWD/.run.out
err=$PWD/.run.err

# refused NAME: an error with a message, and no file that was not there before.
refused() {
    case $status in
    2 | 3) ;;
    *) fail "$1: exit status $status, expected a refusal" ;;
    esac
    [ -s "$err" ] || fail "$1: refused without a word"
    expect_no_new "$1"
}

expect_no_new() {
    find . -mindepth 1 | sort >../after
    diff ../before ../after >/dev/null || fail "$1: left behind: $(diff ../before ../after)"
}

# accepted NAME SHA, in $output
accepted() {
    [ "$status" = 0 ] || fail "$1: exit status $status, expected 0"
    local sum
    sum=$(sha256sum "$output") || fail "$1: no $output"
    [ "${sum%% *}" = "$2" ] || fail "$1: $output is ${sum%% *}, expected $2"
}

# one_case FOLDER: runs it in a copy.
one_case() {
    local name class ours word sha args output
    name=$(basename "$1")
    class=$(sed 's/:.*//;q' "$1/note.txt")
    ours=$(cat "$BM_SOURCE/tests/golden/nvs/$name/ours.txt" 2>/dev/null)
    read -r word sha <<<"$ours"
    read -ra args <"$1/cmd.txt"
    output=$(cat "$1/output.txt" 2>/dev/null || echo out.bin)
    rm -rf case && cp -r "$1" case && chmod -R u+w case
    rm -f case/expected* case/cmd.txt case/note.txt case/ours.txt case/output.txt
    cd case || fail "$name: no copy"
    find . -mindepth 1 | sort >../before
    bm "${args[@]:1}"
    case $class.${word:-} in
    ok. | quirk.same) accepted "$name" "$(sed 's/ .*//;q' "$1/expected.sha256")" ;;
    quirk.corrected | crash.accepted) accepted "$name" "$sha" ;;
    quirk.refused | crash.refused | err.) refused "$name" ;;
    *) fail "$name: class '$class' with '${word:-nothing}' in ours.txt" ;;
    esac
    if [ "$status" = 0 ] && [ "${word:-same}" = same ] && [ -f "$1/expected.bin" ]; then
        cmp "$output" "$1/expected.bin" || fail "$name: bytes differ"
    fi
    cd .. || exit 1
    cases=$((cases + 1))
}

golden_cases nvs 45 nvs_partition_gen
