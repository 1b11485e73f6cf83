# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Virtual boards for test scripts; source it behind lib.sh.

boards=()
stop_boards() {
    local pid
    for pid in ${boards[@]+"${boards[@]}"}; do
        kill "$pid" 2>/dev/null
    done
}
trap stop_boards EXIT

# board ARG...: starts a virtual board at a free TCP port (ARG: more options of birthmark sim), and
# makes it the one that commands without --port take. Sets port and board_pid.
board() {
    local line='' i
    rm -f .board.out
    "$BIRTHMARK" sim --seconds 120 --port rfc2217 "$@" >.board.out 2>.board.err &
    board_pid=$!
    boards+=("$board_pid")
    for ((i = 0; i < 200; i++)); do
        line=$(head -n 1 .board.out 2>/dev/null)
        [ -z "$line" ] || break
        sleep 0.05
    done
    port=${line#board 0: }
    port=${port%% *}
    [[ $port == *://* ]] || fail "no board: $(cat .board.err)"
    export BIRTHMARK_PORT=$port
}

# stop_board: ends the board started last.
stop_board() {
    kill "$board_pid" 2>/dev/null
    wait "$board_pid" 2>/dev/null
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
