#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every folder of golden/parts is a case: cmd.txt, its input, and what ESP-IDF's gen_esp32part made of
# it. note.txt starts with the class: ok (the reference's bytes) or err (a refusal, nothing left).
# output.txt names the output where it is not out.bin. Where ../shared/golden is there, its cases are
# run as well and compared byte for byte.
. "$BM_SOURCE/tests/harness/lib.sh"
. "$BM_SOURCE/tests/harness/golden.sh"

out=$PWD/.run.out
err=$PWD/.run.err

# one_case FOLDER: runs it in a copy.
one_case() {
    local name class args output want
    name=$(basename "$1")
    class=$(sed 's/:.*//;q' "$1/note.txt")
    read -ra args <"$1/cmd.txt"
    output=$(cat "$1/output.txt" 2>/dev/null || echo out.bin)
    rm -rf case && cp -r "$1" case && chmod -R u+w case
    rm -f case/expected* case/cmd.txt case/note.txt case/output.txt
    cd case || fail "$name: no copy"
    bm partitions "${args[@]:1}"
    case $class in
    ok)
        expect_exit 0
        read -r want _ <"$1/expected.sha256"
        [ "$(sha256sum <"$output")" = "$want  -" ] || fail "$name: other bytes"
        if [ -f "$1/expected.${output##*.}" ]; then
            expect_same "$1/expected.${output##*.}" "$output"
        fi
        ;;
    err)
        expect_exit 3
        expect_stderr_lines 1
        no_file "$output"
        ;;
    *) fail "$name: class '$class'" ;;
    esac
    cd .. || exit 1
    cases=$((cases + 1))
}

golden_cases parts 9 gen_esp32part
