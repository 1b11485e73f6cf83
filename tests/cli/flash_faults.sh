#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark flash from end to end while the line and the board fail, by seed: it ends, in time, and
# with 0 only if the flash file holds the right bytes and all others as before. Thousands of seeds
# run in memory (unit/link_faults); these few go through sockets, processes and files.
# BM_SEED=N runs that one alone, BM_SEEDS=N so many.
. "$BM_SOURCE/tests/harness/lib.sh"
. "$BM_SOURCE/tests/harness/board.sh"

size=$((1 << 20))
awk -v n=$((size / 16)) 'BEGIN { for (i = 0; i < n; i++) printf "%15d\n", i }' >before.bin
openssl enc -aes-128-ctr -K 00112233445566778899aabbccddeeff -iv 00000000000000000000000000000000 \
    -in before.bin 2>/dev/null | head -c 24000 >noise.bin
seq 1 9000 | head -c 40000 >text.bin
cp before.bin after.bin
put() { # FILE OFFSET: with the rest of its last sector erased
    local sectors=$((($(stat -c %s "$1") + 4095) / 4096))
    { cat "$1" && head -c 4096 /dev/zero | tr '\0' '\377'; } | head -c $((sectors * 4096)) |
        dd of=after.bin bs=4096 seek=$(($2 / 4096)) conv=notrunc status=none
}
put noise.bin 0x20000
put text.bin 0x30000

# What goes wrong, by the seed: a kind, and how bad it is.
faults_of() {
    local bad=$((1 + $1 / 10 % 4))
    case $(($1 % 10)) in
        0) echo --lose $((bad * 20)) ;;
        1) echo --insert $((bad * 20)) ;;
        2) echo --corrupt $((bad * 20)) ;;
        3) echo --late $((bad * 30000)) --late-ms 150 ;;
        4) echo --mute $((bad * 10000)) ;;
        5) echo --bad-write $((bad * 5000)) ;;
        6) echo --reset-after $((bad * 9000)) ;;
        7) echo --unplug-after $((bad * 9000)) ;;
        8) echo --lose $((bad * 10)) --corrupt $((bad * 10)) --insert $((bad * 10)) --late 20000 ;;
        9) echo --lose 200000 ;; # nothing gets through
    esac
}

# one SEED: in a folder of its own; leaves the status there if it is as it should be.
one() {
    local seed=$1 flags patience=7
    mkdir "$seed"
    cd "$seed" || exit 1
    read -ra flags < <(faults_of "$seed")
    cp ../before.bin flash.bin
    board --chip "$([ $((seed % 2)) -eq 0 ] && echo esp32 || echo esp32c3)" --flash flash.bin \
        --seed "$seed" "${flags[@]}"
    [ $((seed % 10)) -ne 9 ] || patience=2
    run timeout 250 "$BIRTHMARK" flash --force -p "$port" --no-progress --connect-attempts $patience \
        0x20000 ../noise.bin 0x30000 ../text.bin
    stop_board
    case $status in
        0)
            cmp -s flash.bin ../after.bin ||
                fail "seed $seed (${flags[*]}): a success, but $(cmp flash.bin ../after.bin 2>&1)"
            ;;
        4)
            [ -s "$err" ] || fail "seed $seed (${flags[*]}): no word of what failed"
            expect_stdout_lacks "verified"
            ;;
        *) fail "seed $seed (${flags[*]}): status $status" ;;
    esac
    echo "$status" >ended
}

# They wait more than they work: five at a time.
first=${BM_SEED:-0}
count=${BM_SEEDS:-20}
[ -z "${BM_SEED:-}" ] || count=1
for ((seed = first; seed < first + count; seed += 5)); do
    for ((i = seed; i < seed + 5 && i < first + count; i++)); do
        (
            trap stop_boards EXIT
            one "$i"
        ) &
    done
    wait
done
good=0 told=0
for ((seed = first; seed < first + count; seed++)); do
    case $(cat "$seed/ended" 2>/dev/null) in
        0) good=$((good + 1)) ;;
        4) told=$((told + 1)) ;;
        *) fail "seed $seed went wrong, see above" ;;
    esac
done
if [ "$count" -ge 20 ]; then
    [ "$good" -ge 8 ] || fail "hardly a success: $good"
    [ "$told" -ge 3 ] || fail "hardly a failure: $told"
fi
printf '%s good, %s told as failed\n' "$good" "$told"
