#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# lint.sh BUILD JOBS: format check, clang-tidy by BUILD's compile_commands.json, shellcheck.
# lint.sh --format: formats the C files in place.
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t c_files < <(find include src tests fuzz examples bench port -name '*.[ch]' | sort)
if [ "${1:-}" = --format ]; then
    clang-format -i "${c_files[@]}"
    exit 0
fi
build=$1
jobs=$2

echo "== clang-format"
clang-format --dry-run -Werror "${c_files[@]}"

echo "== shellcheck"
mapfile -t scripts < <(find scripts tests bench examples fuzz -name '*.sh' | sort)
shellcheck "${scripts[@]}" .ci/run

echo "== clang-tidy"
mapfile -t compiled < <(sed -n 's/^ *"file": "\(.*\)",*$/\1/p' "$build/compile_commands.json" |
    grep -F "$PWD/" | grep -vF "$PWD/$build/" | sort -u)
[ ${#compiled[@]} -gt 0 ] || { echo "no files in $build/compile_commands.json" >&2; exit 1; }
# One file at a time: clang 14's va_list checker sees ghosts in the second file of a run.
tidy() {
    local log status
    # A signal is no finding: clang-tidy 14 itself crashes now and then, and not the next time.
    for _ in 1 2 3 4; do
        status=0
        log=$(clang-tidy --quiet -p "$build" "$1" 2>&1) || status=$?
        [ "$status" -ge 128 ] || break
    done
    # Its notes of suppressed warnings are shown only where something is wrong.
    [ "$status" -eq 0 ] || {
        printf '%s\n' "$log"
        return 1
    }
}
export -f tidy
export build
printf '%s\0' "${compiled[@]}" | xargs -0 -n 1 -P "$jobs" bash -c 'tidy "$@"' tidy
echo "${#compiled[@]} files"
