#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The completion scripts load and offer what the tables hold.
. "$BM_SOURCE/tests/harness/lib.sh"
docs=$BM_BUILD/birthmark-docs

run "$docs" complete bash
expect_exit 0
cp "$out" birthmark.bash
bash -n birthmark.bash || fail "bash cannot read it"
# shellcheck disable=SC1091
. ./birthmark.bash
complete -p birthmark >/dev/null || fail "birthmark has no completion"

# offers WORD... -- EXPECTED: what completing the last word gives.
offers() {
    local expected
    COMP_WORDS=()
    while [ "$1" != -- ]; do
        COMP_WORDS+=("$1")
        shift
    done
    expected=$2
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    COMPREPLY=()
    _birthmark
    [ "${COMPREPLY[*]}" = "$expected" ] ||
        fail "completing '${COMP_WORDS[*]}' offers '${COMPREPLY[*]}', expected '$expected'"
}

offers birthmark du -- "dump"
offers birthmark --v -- "--version"
offers birthmark help ch -- "check"
offers birthmark dump --format "" -- "text json csv"
offers birthmark dump --format j -- "json"
offers birthmark dump --format = -- "text json csv"
offers birthmark dump --format = c -- "csv"
offers birthmark dump --col -- "--color"
offers birthmark check --color "" -- "auto always never"
offers birthmark dump some -- "" # nothing of ours: the shell completes file names
offers birthmark generate --outdir x -- ""

run "$docs" complete zsh
expect_exit 0
cp "$out" _birthmark
head -n 1 _birthmark | grep -qx '#compdef birthmark' || fail "zsh: no compdef line"
if command -v zsh >/dev/null; then
    zsh -n _birthmark || fail "zsh cannot read it"
fi

run "$docs" complete fish
expect_exit 0
cp "$out" birthmark.fish
expect_stdout_has "complete -c birthmark -n '__fish_seen_subcommand_from dump' -l format"
if command -v fish >/dev/null; then
    fish --no-execute birthmark.fish || fail "fish cannot read it"
fi

run "$docs" complete tcsh
expect_exit 2
expect_no_stdout
