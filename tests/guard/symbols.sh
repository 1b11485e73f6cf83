#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What libbirthmark.a exports is symbols.txt, with our prefixes; no room but cli and the ESP-IDF
# registry has writable data. port/keys.c is the exception: a signal handler puts the terminal back.
#
# After adding to the library on purpose: BM_UPDATE=1 ctest --test-dir build -R guard/symbols
. "$BM_SOURCE/tests/harness/lib.sh"
need nm objdump
list=$BM_SOURCE/tests/guard/symbols.txt

nm -g --defined-only "$BM_BUILD/libbirthmark.a" | awk 'NF == 3 { print $3 }' | sort -u >symbols
[ -s symbols ] || fail "libbirthmark.a exports nothing"

strange=$(grep -vE '^_?(bm|bmi|nvs|esp)_' symbols)
[ -z "$strange" ] || fail "names without one of our prefixes: $strange"

if [ "${BM_UPDATE:-}" = 1 ]; then
    cp symbols "$list"
fi
diff -u "$list" symbols >difference || fail "exports differ from symbols.txt:
$(cat difference)"

# Writable objects of object files. Constant tables with pointers (.data.rel.ro) are read-only once
# the loader is done.
writable() {
    objdump -t "$@" | awk -F '\t' '
        / file format / { split($1, word, ":"); file = word[1] }
        {
            n = split($1, word, " ")
            if (word[n - 1] == "O" && word[n] ~ /^(\.(data|bss|tdata|tbss)|\*COM\*)/ &&
                word[n] !~ /^\.data\.rel\.ro/) print file, $2
        }'
}
cat >planted.c <<'C'
static int counter;
static const char *names[] = {"a", "b"};
static const char *const good[] = {"c", "d"};
const char *planted(int i) { return counter++ > i ? names[i]++ : good[i]; }
C
"$BM_CC" -O2 -fPIE -c planted.c -o planted.o || fail "cannot compile"
[ "$(writable planted.o | wc -l)" -eq 2 ] || fail "planted data: $(writable planted.o)"

for room in base flash nvs part proto image layout crypto port link monitor sim; do
    objects=("$BM_BUILD/src/$room/CMakeFiles/bm_$room.dir"/*.o)
    [ -e "${objects[0]}" ] || fail "no objects of room $room"
    found=$(writable "${objects[@]}" | grep -v '/bm_port.dir/keys\.c\.o ')
    [ -z "$found" ] || fail "writable data in room $room: $found"
done
