#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark monitor: what is wrong with its arguments, said before a board is touched. What it does
# with a board is in unit/monitor_run and unit/monitor_keys.
. "$BM_SOURCE/tests/harness/lib.sh"
unset BIRTHMARK_PORT

wrong() { # STATUS TEXT ARG...: one clear line
    local status=$1 text=$2
    shift 2
    run "$BIRTHMARK" monitor "$@" </dev/null
    expect_exit "$status"
    expect_no_stdout
    expect_stderr_has "$text"
}

wrong 2 "one port at a time" a b
wrong 2 "one port at a time" a --port b
wrong 2 "--timeout 3x: no time; write 30s, 2m or 500ms" a --timeout 3x
wrong 2 "--timeout 0: no time" a --timeout 0
wrong 2 "--timeout s: no time" a --timeout s
wrong 2 "--baud fast: no speed" a -b fast
wrong 2 "--baud 0: no speed" a -b 0
wrong 2 "--timestamps yes: choose relative or absolute" a --timestamps yes
wrong 2 "--eol x: choose cr, lf or crlf" a --eol x
wrong 2 "--until \"(\": " a --until '('
wrong 2 "--fail-on \"[\": " a --fail-on '['
wrong 2 "--until: the REGEX is empty" a --until ""
wrong 2 "--fail-on: the REGEX is empty" a --fail-on ""
wrong 2 "--log takes a file; standard output has the log already" a --log -
wrong 2 "--grep \"a{2,1}\": " a --grep 'a{2,1}'
wrong 2 "--filter \"*:I wifi:Q\": wifi:Q: no such level" a --filter '*:I wifi:Q'
wrong 2 "unknown option --untill (did you mean --until?)" a --untill x
wrong 2 "no such kind of port" http://127.0.0.1:1

# Programs for addresses.
echo "no program" >text.elf
wrong 3 "missing.elf" a --elf missing.elf
wrong 3 "text.elf: ELF header: no ELF file" a --elf text.elf
nine=()
for _ in 1 2 3 4 5 6 7 8 9; do nine+=(--elf text.elf); done
wrong 2 "8 files at most" a "${nine[@]}"

# Ports that are not there; the log file is made only when there is something to open it for.
wrong 4 "no-such-device" ./no-such-device
wrong 4 "socket://127.0.0.1:1" socket://127.0.0.1:1
export BIRTHMARK_PORT=socket://127.0.0.1:1
wrong 4 "socket://127.0.0.1:1"
wrong 4 "socket://127.0.0.1:1" --log x.log
folder_lists text.elf
