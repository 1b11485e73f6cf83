#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# size.sh: code size and stack of the store, cross-compiled for Cortex-M4 and rv32imc at -Os, as
# Markdown. Writes docs/size.md with --write. Fails where the reading side needs the writing side,
# where calls recurse, or where a figure is over its limit.
set -euo pipefail
cd "$(dirname "$0")/.."

names=("Cortex-M4" "rv32imc")
prefixes=(arm-none-eabi- riscv64-unknown-elf-)
machines=("-mcpu=cortex-m4 -mthumb" "-march=rv32imc -mabi=ilp32")
espidf=(16793 21483) # text of ESP-IDF's NVS objects, built alike: no log text, no encryption
limits=(56 59)       # percent of that the full build may take
stack_limit=2048     # bytes of the deepest chain of calls, the flash driver's aside

# list NAME: the files that src/nvs/sources.cmake sets NAME to.
list() {
    printf 'include(%s/src/nvs/sources.cmake)\nmessage("$%s")\n' "$PWD" "{$1}" >"$out/list.cmake"
    cmake -P "$out/list.cmake" 2>&1 | tr ';' '\n'
}

out=$(mktemp -d "${TMPDIR:-/tmp}/bm-size.XXXXXX")
trap 'rm -rf "$out"' EXIT
for prefix in "${prefixes[@]}"; do
    command -v "${prefix}gcc" >/dev/null || { echo "${prefix}gcc is not installed" >&2; exit 77; }
done
mapfile -t reading < <(list BM_NVS_READING)
mapfile -t writing < <(list BM_NVS_WRITING)
code=(crc32_small.c wipe.c) # of base, what the store calls
texts=(diag.c err.c text.c) # and what describes errors

compile() { # NUMBER: all objects to $out
    local flags file
    read -ra flags <<<"${machines[$1]}"
    for file in "${reading[@]/#/src/nvs/}" "${writing[@]/#/src/nvs/}" \
        "${code[@]/#/src/base/}" "${texts[@]/#/src/base/}"; do
        "${prefixes[$1]}gcc" "${flags[@]}" -std=c11 -Os -ffreestanding -ffunction-sections \
            -fdata-sections -fcallgraph-info=su -isystem examples/baremetal/libc -Iinclude -Isrc \
            -c "$file" -o "$out/$(basename "$file" .c).o"
    done
}

objects() { # FILE.c...
    local f
    for f; do
        printf '%s\n' "$out/${f%.c}.o"
    done
}

bytes() { # NUMBER FILE.c...: text and data
    local number=$1
    shift
    objects "$@" | xargs "${prefixes[$number]}size" -t | awk 'END { print $1 + $2 }'
}

# Names that the given objects need of the writing side.
crossing() { # NUMBER
    local nm=${prefixes[$1]}nm
    objects "${reading[@]}" "${code[@]}" "${texts[@]}" | xargs "$nm" -u |
        awk 'NF == 2 { print $2 }' | sort -u >"$out/needed"
    objects "${writing[@]}" | xargs "$nm" -g --defined-only |
        awk 'NF == 3 { print $3 }' | sort -u >"$out/given"
    [ -s "$out/needed" ] && [ -s "$out/given" ] || echo "no names at all"
    comm -12 "$out/needed" "$out/given"
}

# Deepest chain of calls below each public function of FILE.c..., by gcc's call graphs: the worst of
# them as BYTES NAME. Calls through pointers (flash, crypto, lock) are not in it.
deepest() { # FILE.c...
    local f graphs=()
    for f; do
        graphs+=("$out/${f%.c}.ci")
    done
    cat "${graphs[@]}" | awk '
        /^node:/ && /bytes/ {
            split($0, part, "\"")
            match($0, /[0-9]+ bytes/)
            own[part[2]] = substr($0, RSTART, RLENGTH) + 0
        }
        /^edge:/ {
            split($0, part, "\"")
            calls[part[2]] = calls[part[2]] SUBSEP part[4]
        }
        function depth(name, list, n, i, d, most) {
            if (name in known) return known[name]
            if (busy[name]) { recursion = name; return 0 }
            busy[name] = 1
            n = split(calls[name], list, SUBSEP)
            most = 0
            for (i = 2; i <= n; i++) {
                d = depth(list[i])
                if (d > most) most = d
            }
            busy[name] = 0
            return known[name] = own[name] + most
        }
        END {
            for (name in own) if (name ~ /^bm_nvs_/ && depth(name) > worst) {
                worst = depth(name)
                where = name
            }
            if (recursion != "") { print "recursion in " recursion >"/dev/stderr"; exit 1 }
            print worst, where
        }'
}

percent() { echo $((($1 * 1000 / $2 + 5) / 10)); }

report() {
    local i read_code full_code text read_stack full_stack version
    printf '| | %s | %s |\n|---|---:|---:|\n' "${names[@]}"
    for i in 0 1; do
        compile "$i"
        if [ -n "$(crossing "$i")" ]; then
            printf 'the reading side needs of the writing side: %s\n' "$(crossing "$i")" >&2
            return 1
        fi
        read_code[i]=$(bytes "$i" "${reading[@]}" "${code[@]}")
        full_code[i]=$(bytes "$i" "${reading[@]}" "${writing[@]}" "${code[@]}")
        text[i]=$(bytes "$i" "${texts[@]}")
        read_stack[i]=$(deepest "${reading[@]}" "${code[@]}" "${texts[@]}")
        full_stack[i]=$(deepest "${reading[@]}" "${writing[@]}" "${code[@]}" "${texts[@]}")
        version[i]=$("${prefixes[i]}gcc" -dumpversion)
    done
    row() { printf '| %s | %s | %s |\n' "$@"; }
    row "compiler: gcc, -Os" "${version[@]}"
    row "reading only, text + data in bytes" "${read_code[@]}"
    row "reading and writing" "${full_code[@]}"
    row "texts of errors, besides" "${text[@]}"
    row "ESP-IDF's NVS, built alike" "${espidf[@]}"
    row "reading only, of ESP-IDF's" "$(percent "${read_code[0]}" "${espidf[0]}") %" \
        "$(percent "${read_code[1]}" "${espidf[1]}") %"
    row "reading and writing, of ESP-IDF's" "$(percent "${full_code[0]}" "${espidf[0]}") %" \
        "$(percent "${full_code[1]}" "${espidf[1]}") %"
    row "stack of reading, deepest call" "${read_stack[0]/ / \`}\`" "${read_stack[1]/ / \`}\`"
    row "stack of writing, deepest call" "${full_stack[0]/ / \`}\`" "${full_stack[1]/ / \`}\`"
    for i in 0 1; do
        if [ $((full_code[i] * 100)) -gt $((espidf[i] * limits[i])) ]; then
            printf '%s: code is over %s %% of ESP-IDF'"'"'s\n' "${names[i]}" "${limits[i]}" >&2
            return 1
        fi
        if [ "${full_stack[i]%% *}" -gt "$stack_limit" ]; then
            printf '%s: stack is over %s bytes\n' "${names[i]}" "$stack_limit" >&2
            return 1
        fi
    done
}

report >"$out/table"
cat "$out/table"
if [ "${1:-}" = --write ]; then
    {
        cat <<'TEXT'
# Code size and stack

Made by `scripts/size.sh --write`: the sums of object files, not linked, so that ESP-IDF's figures compare (its NVS
objects built with the same compiler, without log texts and encryption). "Reading only" leaves out the files that
`src/nvs/sources.cmake` lists as writing. The stack is the deepest chain of calls by gcc's call graphs, in bytes, without
what the flash driver takes.

TEXT
        cat "$out/table"
    } >docs/size.md
fi
