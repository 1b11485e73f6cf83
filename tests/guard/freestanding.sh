#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The rooms for microcontrollers build without the host rooms and need nothing of libc but mem* and
# str*. They are built here as a firmware would: for size, no hosted assumptions.
. "$BM_SOURCE/tests/harness/lib.sh"
need nm cmake ninja

run cmake -S "$BM_SOURCE" -B build -G Ninja -DBM_HOST=OFF -DBM_TESTS=OFF \
    -DCMAKE_BUILD_TYPE=MinSizeRel -DCMAKE_C_COMPILER="$BM_CC"
expect_exit 0
run cmake --build build -j 2
expect_exit 0

mapfile -t objects < <(find build/src -name '*.o')
[ ${#objects[@]} -ge 10 ] || fail "only ${#objects[@]} objects"
for hosted in espidf crypto port image cli; do
    [ ! -d "build/src/$hosted" ] || fail "BM_HOST=OFF builds $hosted"
done

nm -u "${objects[@]}" | awk 'NF == 2 { print $2 }' | sort -u >needed
nm -g --defined-only "${objects[@]}" | awk 'NF == 3 { print $3 }' | sort -u >given
foreign=$(comm -23 needed given |
    grep -vE '^(mem(cpy|set|cmp|move|chr)|str[a-z]+|_GLOBAL_OFFSET_TABLE_)$')
[ -z "$foreign" ] || fail "freestanding rooms need: $foreign"
printf 'code of the freestanding rooms: %s bytes\n' \
    "$(size -t "${objects[@]}" | awk 'END { print $1 }')"
