#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Walks the command table: help, man page and options agree for every command.
. "$BM_SOURCE/tests/harness/lib.sh"
docs=$BM_BUILD/birthmark-docs

mapfile -t commands < <("$docs" list)
[ ${#commands[@]} -ge 7 ] || fail "only ${#commands[@]} commands"

# The page as a reader sees it. man from man-db complains about bad roff on stderr. Pages have no
# date, so that a build can be repeated to the byte.
render() {
    if command -v mandoc >/dev/null; then
        mandoc -Tlint -Wwarning "$1" | grep -v 'missing date' >lint
        [ ! -s lint ] || fail "roff of $1: $(head -n 3 lint)"
    fi
    if command -v man >/dev/null && man --help 2>&1 | grep -q -- --warnings; then
        MANWIDTH=200 man --warnings -l "$1" >"$2" 2>man.err || fail "man cannot read $1"
        [ ! -s man.err ] || fail "roff of $1: $(head -n 3 man.err)"
    else
        sed 's/\\-/-/g; s/\\f[BIR]//g' "$1" >"$2"
    fi
}

"$docs" man >birthmark.1 || fail "no overview page"
render birthmark.1 page
for name in "${commands[@]}"; do
    bm "$name" --help
    expect_exit 0
    expect_no_stderr
    cp "$out" help
    grep -q "^Usage: birthmark $name \[OPTION...\]" help || fail "$name: usage line"
    grep -q '^Examples:' help || fail "$name: no examples"
    grep -q "^  birthmark $name" help || fail "$name: no example of itself"
    awk 'length > 100 { exit 1 }' help || fail "$name: help has lines over 100 columns"

    # a name, or a letter, stands for one thing
    grep -oE '^  (-.|  )(, |  )--[^ =]+|^  -.' help | grep -oE -- '--[^ =]+|-.(,|$)' | sort >names
    [ -s names ] || fail "$name: no option in the help"
    uniq -d names >doubled
    [ ! -s doubled ] || fail "$name: listed twice: $(tr '\n' ' ' <doubled)"

    bm help "$name"
    expect_exit 0
    expect_same "$out" help

    bm "$name" --no-such-option
    expect_exit 2
    expect_no_stdout
    expect_stderr_has "unknown option --no-such-option"

    bm help
    grep -qE "^  $name +[^ ].*[^.]$" "$out" || fail "$name: no summary, or one with a full stop"
    grep -q "birthmark $name" page || fail "$name is not in birthmark(1)"

    "$docs" man "$name" >"$name.1" || fail "$name: no man page"
    render "$name.1" command_page
    "$docs" options "$name" >option_list
    sort option_list | uniq -d >doubled
    [ ! -s doubled ] || fail "$name: in the man page twice: $(tr '\n' ' ' <doubled)"
    grep -qx -- --help option_list || fail "$name: options do not list --help"
    while read -r option; do
        grep -q -- "$option" help || fail "$name: $option is not in the help"
        grep -q -- "$option" command_page || fail "$name: $option is not in the man page"
    done <option_list
    for section in NAME SYNOPSIS DESCRIPTION OPTIONS "EXIT STATUS" EXAMPLES; do
        grep -qE "^(\.SH )?$section" command_page || fail "$name: man page lacks $section"
    done
done
