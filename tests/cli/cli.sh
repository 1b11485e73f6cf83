#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What holds for every command: help, usage errors, lost output.
. "$BM_SOURCE/tests/harness/lib.sh"

# The program alone.
bm
expect_exit 2
expect_no_stdout
expect_stderr_has "Usage: birthmark COMMAND"

for word in --help -h help; do
    bm "$word"
    expect_exit 0
    expect_no_stderr
    expect_stdout_has "Usage: birthmark COMMAND"
    expect_stdout_has "generate"
done

for word in --version -V version; do
    bm "$word"
    expect_exit 0
    expect_no_stderr
    grep -qxE 'birthmark [0-9]+\.[0-9]+\.[0-9]+' "$out" || fail "no version"
done

bm version extra
expect_exit 2

# Words that are no command.
bm dmup x.bin
expect_exit 2
expect_no_stdout
expect_stderr_has 'unknown command "dmup" (did you mean dump?)'

bm frobnicate
expect_exit 2
expect_stderr_has 'unknown command "frobnicate"'
expect_stderr_lacks "did you mean"

bm --frobnicate
expect_exit 2
expect_stderr_has 'unknown option "--frobnicate"'

bm help frobnicate
expect_exit 2
expect_no_stdout

bm help dump check
expect_exit 2

# Nothing that a name holds reaches the terminal raw.
bm $'no\e[31m\nsuch'
expect_exit 2
expect_stderr_has 'unknown command "no?[31m?such"'

# Options.
bm dump --formt text x.bin
expect_exit 2
expect_no_stdout
expect_stderr_lines 2
expect_stderr_has "birthmark dump: unknown option --formt (did you mean --format?)"
expect_stderr_has "Try 'birthmark dump --help'."

bm dump x.bin --format
expect_exit 2
expect_stderr_has "option --format needs an argument"

bm dump --color=pink x.bin
expect_exit 2
expect_stderr_has "--color"

# Of an option given twice the last counts: scripts add theirs behind a common beginning.
printf 'key,type,encoding,value\na,namespace,,\n' >twice.csv
bm generate twice.csv twice.bin
expect_exit 0
bm dump twice.bin --keys one.key --keys two.key
expect_exit 3
expect_stderr_has "two.key"
expect_stderr_lacks "one.key"

bm dump --help=yes
expect_exit 2
expect_stderr_has "takes no argument"

# Options may stand behind the arguments, `--` ends them.
bm dump missing.bin --color never
expect_exit 3
expect_stderr_has "missing.bin"

bm dump -- --color
expect_exit 3
expect_stderr_has "--color"

# A home with popt settings changes nothing.
mkdir home
printf 'birthmark alias --color --help\n' >home/.popt
HOME=$PWD/home bm dump missing.bin --color never
expect_exit 3

# Output that is lost is said.
if [ -w /dev/full ]; then
    status=0
    "$BIRTHMARK" dump --help >/dev/full 2>"$err" || status=$?
    expect_exit 4
    expect_stderr_has "standard output"
fi

# A reader that goes away is no error to talk about.
"$BIRTHMARK" dump --help 2>"$err" | true
expect_no_stderr

# Ctrl-C: the status that shells give it, and nothing left behind.
mkfifo never
exec 9<>never
run timeout --preserve-status -s INT 0.3 "$BIRTHMARK" generate - interrupted.bin 12288 <&9
expect_exit 130
no_file interrupted.bin

# A file that cannot be read is bad input, one that cannot be written failed output.
mkdir folder
bm dump folder
expect_exit 3
expect_stderr_lines 1
expect_stderr_has "folder: cannot be read: Is a directory"
printf 'key,type,encoding,value\na,namespace,,\n' >one.csv
mkdir folder/x.bin
bm generate one.csv folder/x.bin 12288
expect_exit 4
bm generate one.csv one.csv/x.bin 12288
expect_exit 4
expect_stderr_lines 1
