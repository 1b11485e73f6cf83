#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each public header compiles alone and twice over, as C99 and as C++11; each function in it has a
# comment that says what it does.
. "$BM_SOURCE/tests/harness/lib.sh"
need cc c++
warnings=(-Wall -Wextra -Wpedantic -Werror -fsyntax-only)
include=$BM_SOURCE/include

mapfile -t headers < <(cd "$include" && find . -name '*.h' -printf '%P\n' | sort)
[ ${#headers[@]} -ge 8 ] || fail "only ${#headers[@]} headers"
for header in "${headers[@]}"; do
    name=${header#espidf/}
    printf '#include "%s"\n#include "%s"\nextern int alone;\n' "$name" "$name" >alone.c
    cp alone.c alone.cpp
    run cc -std=c99 "${warnings[@]}" -I "$include" -I "$include/espidf" alone.c
    [ "$status" -eq 0 ] || fail "$header is no C99 by itself"
    run c++ -std=c++11 "${warnings[@]}" -I "$include" -I "$include/espidf" alone.cpp
    [ "$status" -eq 0 ] || fail "$header is no C++11 by itself"
    grep -q "SPDX-License-Identifier: Apache-2.0" "$include/$header" || fail "$header: no licence line"
done

# A function is documented if a comment stands above it, or above the unbroken run of lines it is
# in: one comment may cover a family.
undocumented() {
    awk '
        /^[[:space:]]*$/ { covered = 0 }
        /\*\/[[:space:]]*$/ { covered = 1 }
        /^[a-z].*\(.*[,;)]$/ && !/^(typedef|struct .*\{|enum |extern "C")/ {
            if (!covered) print FILENAME ": " $0
        }' "$@"
}
printf '/* Does it. */\nint good(void);\nint family(int a,\n           int b);\n\nint bad(int x);\n' >sample.h
[ "$(undocumented sample.h)" = "sample.h: int bad(int x);" ] ||
    fail "the check finds: $(undocumented sample.h)"
bare=$(cd "$include" && undocumented "${headers[@]}")
[ -z "$bare" ] || fail "functions without a comment:
$bare"
