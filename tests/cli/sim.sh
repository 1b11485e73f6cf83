#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The virtual board as a program: what it prints, where it is reached, how it ends, what it refuses.
. "$BM_SOURCE/tests/harness/lib.sh"

pid=
stop_it() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null
}
trap stop_it EXIT

# start NAME ARG...: a board in the background, its lines in NAME; ends by itself if all else fails.
start() {
    local name=$1
    shift
    rm -f "$name" # what an earlier board said there
    "$BIRTHMARK" sim --seconds 300 "$@" >"$name" 2>"$name.err" &
    pid=$!
    until_holds [ -s "$name" ] || fail "no board: $(cat "$name.err")"
}

# ends STATUS: the board just started has ended, with this status.
ends() {
    local is=0
    wait "$pid" || is=$?
    pid=
    [ "$is" -eq "$1" ] || fail "ended with $is instead of $1"
}

# answers COUNT: so many bytes of answers that come at descriptor 3, in hex.
answers() {
    timeout 60 head -c "$1" <&3 | od -An -v -tx1 | tr -d ' \n'
}

# A socket: SYNC has eight answers of 14 bytes. Of the boot log we hear all, a part or nothing.
start tcp --chip esp32c3 --port tcp --download --flash board.bin --flash-size 1MB
line=$(cat tcp)
[[ $line =~ ^"board 0: socket://127.0.0.1:"([0-9]+)" esp32c3 02:00:00:00:00:01"$ ]] || fail "line: $line"
exec 3<>"/dev/tcp/127.0.0.1/${BASH_REMATCH[1]}"
printf '\xc0\x00\x08\x24\x00\x00\x00\x00\x00\x07\x07\x12\x20UUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUU\xc0' >&3
(LC_ALL=C && IFS= read -r -t 60 -d $'\xc0' _ <&3) || fail "no answer to SYNC"
answer='c0010804000707122000000000c0' # of 12 bytes and both ends
got=c0$(answers 111)
[ "$got" = "$answer$answer$answer$answer$answer$answer$answer$answer" ] || fail "SYNC: $got"
# FLASH_BEGIN for one sector at 0x1000, FLASH_DATA of four bytes: they are in the file at once.
printf '\xc0\x00\x02\x14\x00\x00\x00\x00\x00\x00\x10\x00\x00\x01\x00\x00\x00\x00\x04\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\xc0' >&3
got=$(answers 14)
[ "$got" = c0010204000707122000000000c0 ] || fail "FLASH_BEGIN: $got"
printf '\xc0\x00\x03\x14\x00\xeb\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00abcd\xc0' >&3
got=$(answers 14)
[ "$got" = c0010304000707122000000000c0 ] || fail "FLASH_DATA: $got"
[ "$(od -An -c -j 4096 -N 5 board.bin | tr -d ' ')" = 'abcd377' ] || fail "the file: $(od -c -j 4096 -N 5 board.bin)"
[ "$(stat -c %s board.bin)" -eq 1048576 ] || fail "size of a blank flash"
[ "$(stat -c %a board.bin)" = 600 ] || fail "a flash may hold keys: its file is its owner's"
exec 3>&-
kill -TERM "$pid"
ends 0

# Ctrl-C. (A background job of a script ignores SIGINT unless told otherwise.)
(
    trap - INT
    exec env --default-signal=INT "$BIRTHMARK" sim --seconds 300 --port tcp
) >int 2>int.err &
pid=$!
until_holds [ -s int ] || fail "no board: $(cat int.err)"
kill -INT "$pid"
ends 130

# Several: own flash, port, MAC; JSON. A flash that is there is kept.
printf 'x%.0s' $(seq 4096) >many.1
bm sim --count 3 --flash many --flash-size 4096 --port rfc2217 --mac 02:00:00:00:00:ff --json --seconds 1
expect_exit 0
[ "$(wc -l <"$out")" -eq 3 ] || fail "three lines"
grep -qE '^\{"board":2,"chip":"esp32","mac":"02:00:00:00:01:01","port":"rfc2217://127.0.0.1:[0-9]+"\}$' "$out" ||
    fail "the third board"
[ "$(head -c 3 many.1)" = xxx ] || fail "many.1 was not kept"
[ -f many.0 ] || fail "no file for the first"
[ -f many.2 ] || fail "no file for the third"

# A pty with a name, which goes with the board.
start pty --link here
[ -c here ] || fail "no pty at the link"
kill -TERM "$pid"
ends 0
[ ! -e here ] || fail "the link stayed"

# The cable: it ends when the last one is pulled.
start pulled --port tcp --unplug-after 3
port=$(grep -oE '[0-9]+ esp32' pulled)
exec 3<>"/dev/tcp/127.0.0.1/${port% esp32}"
printf 'abc' >&3
ends 0
exec 3>&-

# What is refused.
refuses() { # WORDS ARG...
    local words=$1
    shift
    bm sim --seconds 1 "$@"
    expect_exit 2
    expect_stderr_has "$words"
}
refuses 'no chip "esp8266"' --chip esp8266
refuses '--port is pty' --port com1
refuses '--port is pty' --port tcp:99999
refuses '--port is pty' --port pty:1
refuses '--mac is like' --mac 02:00:00:00:00
refuses '--count is 1 to' --count 0
refuses 'no 10 ports from 65530' --port tcp:65530 --count 10
refuses '--flash-size is like' --flash-size 5000
refuses '--revision is like' --revision three
refuses 'no secure download' --secure-download
refuses 'no USB-Serial/JTAG' --usb
refuses '--link names a pty' --link x --port tcp
refuses 'from 0 to 1000000' --lose 1000001
refuses 'no argument "board.bin"' board.bin
printf 'odd' >odd.bin
bm sim --flash odd.bin --seconds 1
expect_exit 3
expect_stderr_has 'odd.bin: 3 bytes are no flash'
bm sim --flash nowhere/x.bin --seconds 1
expect_exit 4
expect_stderr_has nowhere/x.bin

# With standard output closed the flash's file does not get what is printed.
truncate -s 4M blank.bin
tr '\0' '\377' <blank.bin >closed.bin
cp closed.bin before.bin
status=0
"$BIRTHMARK" sim --flash closed.bin --port tcp --seconds 1 >&- 2>/dev/null || status=$?
[ "$status" -eq 4 ] || fail "closed standard output: status $status"
expect_same closed.bin before.bin
# The links of all boards go.
bm sim --count 3 --link gone --seconds 1
expect_exit 0
for left in gone*; do
    [ ! -L "$left" ] || fail "$left is left behind"
done
