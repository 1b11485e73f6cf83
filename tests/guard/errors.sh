#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each error code has a row in docs/errors.md and a name and sentence of its own in the library.
. "$BM_SOURCE/tests/harness/lib.sh"
header=$BM_SOURCE/include/birthmark/err.h
document=$BM_SOURCE/docs/errors.md
[ -f "$document" ] || fail "docs/errors.md is missing"

# Lines NAME VALUE.
sed -n 's/^ *\(BM_[A-Z_]*\) = \(-\{0,1\}[0-9]*\).*/\1 \2/p' "$header" >codes
[ "$(wc -l <codes)" -ge 16 ] || fail "err.h lists only $(wc -l <codes) codes"
while read -r name value; do
    grep -qE "^\| *\`?$name\`? *\| *\`?$value\`? *\|" "$document" ||
        fail "docs/errors.md has no row '| $name | $value | ...'"
done <codes
while read -r name; do
    grep -q "^$name " codes || fail "docs/errors.md has $name, which err.h has not"
done < <(grep -oE '^\| *`?BM_[A-Z_]+' "$document" | tr -d '|` ')

{
    printf '#include <stdio.h>\n#include <string.h>\n#include "birthmark/err.h"\nint main(void)\n{\n'
    while read -r name value; do
        printf '    puts(strcmp(bm_err_name(%s), "%s") == 0 ? bm_err_text(%s) : "wrong name");\n' \
            "$value" "$name" "$value"
    done <codes
    printf '    puts(bm_err_name(-9999));\n    return 0;\n}\n'
} >names.c
flags=()
[ -z "${BM_SANITIZE:-}" ] || flags=("-fsanitize=$BM_SANITIZE")
run "$BM_CC" -std=c99 "${flags[@]}" -I "$BM_SOURCE/include" names.c "$BM_BUILD/libbirthmark.a" -o names
expect_exit 0
run ./names
expect_exit 0
expect_stdout_lacks "wrong name"
[ "$(tail -n 1 "$out")" = "BM_E_?" ] || fail "a value that is no code has a name"
[ "$(head -n -1 "$out" | sort -u | wc -l)" -eq "$(wc -l <codes)" ] || fail "two codes share a text"
! grep -qx '' "$out" || fail "a code has no text"
