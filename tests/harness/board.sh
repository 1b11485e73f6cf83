# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Virtual boards for test scripts; source it behind lib.sh.

boards=() # processes that we have not waited for: their numbers are nobody else's
stop_boards() {
    while [ ${#boards[@]} -gt 0 ]; do
        stop_board
    done
}
trap stop_boards EXIT

# board ARG...: starts a virtual board at a free TCP port (ARG: more options of birthmark sim), and
# makes it the one that commands without --port take. Sets port.
board() {
    local line
    rm -f .board.out
    "$BIRTHMARK" sim --seconds 300 --port rfc2217 "$@" >.board.out 2>.board.err &
    boards+=($!)
    until_holds [ -s .board.out ]
    line=$(head -n 1 .board.out)
    port=${line#board 0: }
    port=${port%% *}
    [[ $port == *://* ]] || fail "no board: $(cat .board.err)"
    export BIRTHMARK_PORT=$port
}

# stop_board: ends the board started last.
stop_board() {
    [ ${#boards[@]} -gt 0 ] || return 0
    kill "${boards[-1]}" 2>/dev/null
    wait "${boards[-1]}" 2>/dev/null
    unset 'boards[-1]'
}

# usage TEXT ARG...: a bad use, told in one line and where help is.
usage() {
    local text=$1
    shift
    bm "$@"
    expect_exit 2
    expect_no_stdout
    expect_stderr_lines 2
    expect_stderr_has "$text"
}
