#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What must not get into the repository: notes for later, paths of one machine, binaries, sources
# without a licence line.
. "$BM_SOURCE/tests/harness/lib.sh"
cd "$BM_SOURCE" || exit 1
out=$OLDPWD/$out err=$OLDPWD/$err

files() {
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git ls-files -co --exclude-standard | while read -r f; do
            [ ! -f "$f" ] || printf '%s\n' "$f"
        done
    else
        find . -type f ! -path './build*' ! -path './.git/*' -printf '%P\n'
    fi | grep -vE '^(LICENSE$|fuzz/corpus/|tests/golden/|tests/guard/hygiene\.sh$)'
}
mapfile -t all < <(files)
[ ${#all[@]} -gt 50 ] || fail "only ${#all[@]} files seen"

# nowhere PATTERN WHAT: no file has a line like this.
nowhere() {
    local hits
    hits=$(grep -nIE -- "$1" "${all[@]}")
    [ -z "$hits" ] || fail "$2:
$hits"
}
nowhere '\b(TODO|FIXME|XXX|HACK)\b' "notes for later"
nowhere '(^|[^A-Za-z0-9_.])/(work|root|farm|home/[a-z]+)/' "paths of one machine"
nowhere $'\r$' "lines that end with CR"
nowhere '(registry|pypi|npm|crates|artifactory|nexus)[a-z.-]*\.(internal|local|corp)' "registry hosts"

for f in "${all[@]}"; do
    case $f in
    *.[ch] | *.sh) head -n 3 "$f" | grep -q "SPDX-License-Identifier: Apache-2.0" || fail "$f: no licence line" ;;
    esac
    case $f in
    *.sh)
        head -n 1 "$f" | grep -qE '^#!/usr/bin/env bash|^# shellcheck shell=bash' || fail "$f: not bash"
        ;;
    esac
    [ "$(stat -c %s "$f")" -le 1048576 ] || fail "$f is over 1 MB"
done
