#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sizes that keep the code readable: function length (every line from the name to the brace), file
# length, conditional compilation. Prints the figures.
. "$BM_SOURCE/tests/harness/lib.sh"
need ctags
ctags --version | grep -q 'Universal Ctags' || skip "ctags is not Universal Ctags"

# Lines LENGTH FILE:NAME, one per function.
functions() {
    ctags -x --languages=C --langmap=C:.c.h --kinds-C=f --_xformat='%n %{end} %F:%N' "$@" |
        awk '{ print $2 - $1 + 1, $3 }' | sort -n
}

# check ROOT: says what is over budget, prints the figures on stderr.
check() {
    local files
    mapfile -t files < <(find "$1/src" -name '*.[ch]' | sort)
    functions "${files[@]}" | awk '
        { length_of[NR] = $1; if ($1 > 90) print $2 " has " $1 " lines, 90 at most" }
        END {
            median = length_of[int((NR + 1) / 2)]
            p95 = length_of[int(NR * 0.95 + 0.999)]
            printf "%d functions: median %d, p95 %d, longest %d lines\n", NR, median, p95,
                length_of[NR] >"/dev/stderr"
            if (median > 20) print "the median function has " median " lines, 20 at most"
            if (p95 > 50) print "p95 of function lengths is " p95 " lines, 50 at most"
        }'
    wc -l "${files[@]}" | awk '
        $2 != "total" {
            if ($1 > longest) longest = $1
            if ($1 > 600) print $2 " has " $1 " lines, 600 at most"
        }
        END { printf "longest file: %d lines\n", longest >"/dev/stderr" }'
    # Include guards and extern "C" are not counted: they choose nothing.
    find "$1/src" -name '*.c' ! -path '*/src/port/*' -exec cat {} + | awk '
        /^[ \t]*#[ \t]*(if|ifdef|ifndef)/ { conditionals++ }
        !/^[ \t]*$/ && !/^[ \t]*(\/\*|\*)/ { lines++ }
        END {
            per_thousand = lines > 0 ? 1000 * conditionals / lines : 0
            printf "%d lines of code, #if per 1000: %.1f\n", lines, per_thousand >"/dev/stderr"
            if (per_thousand > 5) print "#if per 1000 lines: " per_thousand ", 5 at most"
        }'
}

# The check itself works.
mkdir -p planted/src/base
{
    echo 'int lengthy(void)'
    echo '{'
    yes '    ;' | head -n 100
    echo '    return 0;'
    echo '}'
} >planted/src/base/a.c
[[ $(check planted 2>/dev/null) == *'lengthy has 104 lines'* ]] || fail "a long function goes unseen"
yes '#if A' | head -n 700 >planted/src/base/b.c
[[ $(check planted 2>/dev/null) == *'b.c has 700 lines'* ]] || fail "a long file goes unseen"
[[ $(check planted 2>/dev/null) == *'#if per 1000'* ]] || fail "conditionals go unseen"

over=$(check "$BM_SOURCE")
[ -z "$over" ] || fail "over budget:
$over"
