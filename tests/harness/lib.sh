# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Helpers for test scripts. Source it, run commands with `run`, then state what must hold:
#
#   . "$BM_SOURCE/tests/harness/lib.sh"
#   run "$BIRTHMARK" dump missing.bin
#   expect_exit 3
#   expect_stderr_has "missing.bin"
#
# The first thing that does not hold ends the script with status 1 and shows the last command.
set -uo pipefail

out=.run.out # stdout of the last command
err=.run.err # stderr of the last command
status=0     # its exit status
last=()

# run COMMAND...: runs it, keeps stdout, stderr and status. Standard input is passed on.
run() {
    last=("$@")
    status=0
    "$@" >"$out" 2>"$err" || status=$?
}

# bm ARG...: run with the program in front.
bm() {
    run "$BIRTHMARK" "$@"
}

# fail TEXT...: the test has failed.
fail() {
    {
        printf 'FAIL %s:%s: %s\n' "$0" "$(line_of_caller)" "$*"
        if [ ${#last[@]} -gt 0 ]; then
            printf -- '--- command:'
            printf ' %q' "${last[@]}"
            printf '\n--- status: %s\n--- stdout (first 40 lines):\n' "$status"
            head -n 40 "$out" 2>/dev/null
            printf -- '--- stderr (first 40 lines):\n'
            head -n 40 "$err" 2>/dev/null
        fi
    } >&2
    exit 1
}

line_of_caller() {
    local i
    for ((i = 1; i < ${#BASH_SOURCE[@]}; i++)); do
        if [ "${BASH_SOURCE[i]}" = "$0" ]; then
            printf '%s' "${BASH_LINENO[i - 1]}"
            return
        fi
    done
}

# skip TEXT...: this test cannot run here.
skip() {
    printf 'SKIP %s\n' "$*"
    exit 77
}

# need PROGRAM...: skip where one is missing.
need() {
    local p
    for p; do
        command -v "$p" >/dev/null || skip "$p is not installed"
    done
}

# until_holds COMMAND...: tries it again and again until it succeeds; fails after a minute, which a
# busy machine may need.
until_holds() {
    local i
    for ((i = 0; i < 1200; i++)); do
        ! "$@" || return 0
        sleep 0.05
    done
    return 1
}

# expect_exit N: status of the last command.
expect_exit() {
    [ "$status" = "$1" ] || fail "exit status $status, expected $1"
}

# expect_stdout TEXT: stdout is exactly this (one newline at the end is added).
expect_stdout() {
    printf '%s\n' "$1" | cmp -s - "$out" || fail "stdout is not: $1"
}

# expect_no_stdout, expect_no_stderr: nothing was printed there.
expect_no_stdout() {
    [ ! -s "$out" ] || fail "stdout is not empty"
}

expect_no_stderr() {
    [ ! -s "$err" ] || fail "stderr is not empty"
}

# expect_stdout_has TEXT, expect_stderr_has TEXT: the fixed text is somewhere in it.
expect_stdout_has() {
    grep -qF -- "$1" "$out" || fail "stdout lacks: $1"
}

expect_stderr_has() {
    grep -qF -- "$1" "$err" || fail "stderr lacks: $1"
}

# expect_stdout_lacks TEXT, expect_stderr_lacks TEXT: it is nowhere in it.
expect_stdout_lacks() {
    ! grep -qF -- "$1" "$out" || fail "stdout has: $1"
}

expect_stderr_lacks() {
    ! grep -qF -- "$1" "$err" || fail "stderr has: $1"
}

# expect_stderr_lines N: so many lines.
expect_stderr_lines() {
    local n
    n=$(wc -l <"$err")
    [ "$n" -eq "$1" ] || fail "stderr has $n lines, expected $1"
}

# expect_same A B: two files hold the same bytes.
expect_same() {
    cmp -s "$1" "$2" || fail "$1 differs from $2: $(cmp "$1" "$2" 2>&1)"
}

# no_file PATH...: none of them exists.
no_file() {
    local f
    for f; do
        if [ -e "$f" ] || [ -L "$f" ]; then
            fail "$f was left behind"
        fi
    done
}

# expect_mode MODE FILE: permission bits in octal.
expect_mode() {
    local mode
    mode=$(stat -c %a "$2") || fail "$2 is missing"
    [ "$mode" = "$1" ] || fail "$2 has mode $mode, expected $1"
}

# folder_lists NAME...: the current folder holds these files and no others (hidden ones of the
# harness aside).
folder_lists() {
    local have want
    have=$(find . -mindepth 1 ! -name '.run.*' -printf '%P\n' | sort)
    want=$(printf '%s\n' "$@" | sort)
    [ "$have" = "$want" ] || fail "the folder holds: $(printf '%s' "$have" | tr '\n' ' ')"
}
