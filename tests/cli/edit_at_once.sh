#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Edits of one image at the same time: each counts. A change by a program that takes no lock is not
# lost either. Keys that come out of a pipe hold an edit open: it has read the image by then.
. "$BM_SOURCE/tests/harness/lib.sh"

printf '%s\n' key,type,encoding,value a,namespace,, count,data,u8,3 >id.csv
bm generate id.csv new.bin 0x4000
expect_exit 0
bm generate-key --keyfile k.bin
expect_exit 0
keys=keys/k.bin
mkfifo pipe

# expect_keys KEY...: id.bin holds these and is sound.
expect_keys() {
    local key
    bm check id.bin
    expect_exit 0
    for key; do
        bm get id.bin a "$key"
        expect_exit 0
    done
}

# Twenty at once, of all commands.
cp new.bin id.bin
bm set id.bin a old u8 1
printf '%s\n' key,type,encoding,value a,namespace,, rows,data,u8,7 >rows.csv
pids=()
all=()
for i in {1..20}; do
    "$BIRTHMARK" set id.bin a "key$i" u8 "$i" >"out$i" 2>&1 &
    pids+=($!)
    all+=("key$i")
done
"$BIRTHMARK" unset id.bin a old >unset.out 2>&1 &
pids+=($!)
"$BIRTHMARK" import id.bin rows.csv >import.out 2>&1 &
pids+=($!)
for pid in "${pids[@]}"; do
    wait "$pid" || fail "one of the edits failed: $(cat out* ./*.out)"
done
expect_keys count rows "${all[@]}"
bm get id.bin a old
expect_exit 1

# hold NAME ARG...: begins an edit that has the image open and waits at file descriptor 3.
hold() {
    local name=$1
    shift
    "$BIRTHMARK" "$@" --keys pipe >"$name.out" 2>"$name.err" &
    held=$!
    exec 3>pipe
}

# let_go: gives it what it waits for, and its exit status to expect_exit.
let_go() {
    cat "$keys" >&3
    exec 3>&-
    status=0
    wait "$held" || status=$?
}

# One waits for the other, and says so when it takes long.
cp new.bin id.bin
hold first set id.bin a first u8 1
"$BIRTHMARK" set id.bin a second u8 2 >second.out 2>second.err 3>&- &
second=$!
until_holds grep -qs 'id.bin is locked by another program: waiting up to 30 s' second.err ||
    fail "no word about waiting: $(cat second.err)"
kill -0 "$second" || fail "the second edit did not wait"
let_go
expect_exit 0
wait "$second" || fail "the second edit failed: $(cat second.err)"
expect_keys first second count

# A change in between by a program that takes no lock: refused, and nothing is lost.
in_place() { cat other.bin >id.bin; }
by_name() { cp -p other.bin moved.bin && mv moved.bin id.bin; }
bm generate id.csv other.bin 0x4000
expect_exit 0
bm set other.bin a theirs u8 4
expect_exit 0
for change in in_place by_name; do
    for edit in 'set id.bin a mine u8 5' 'unset id.bin a count' 'import id.bin rows.csv'; do
        cp new.bin id.bin
        touch -d '2020-01-01' id.bin other.bin
        # shellcheck disable=SC2086 # words
        hold "edit" $edit
        $change
        let_go
        expect_exit 3
        cp edit.err "$err"
        expect_stderr_has "id.bin: another program has changed it meanwhile; nothing was written"
        [ ! -s edit.out ] || fail "a change was reported that was not made"
        expect_same id.bin other.bin
    done
done

# Removed in between: it does not come back.
cp new.bin id.bin
hold edit set id.bin a mine u8 5
rm id.bin
let_go
expect_exit 3
no_file id.bin

# An edit that changes nothing has nothing to lose.
cp new.bin id.bin
hold edit set id.bin a count u8 3
in_place
let_go
expect_exit 0
expect_same id.bin other.bin

# Nothing is left behind: neither files nor locks.
[ -z "$(find . -name '*.tmp')" ] || fail "a temporary file was left"
cp new.bin id.bin
hold edit set id.bin a mine u8 5
kill -KILL "$held"
wait "$held" 2>/dev/null
exec 3>&-
bm set id.bin a mine u8 6
expect_exit 0
expect_no_stderr
