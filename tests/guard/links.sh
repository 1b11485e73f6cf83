#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Links between the documents lead to files that are there.
. "$BM_SOURCE/tests/harness/lib.sh"

# broken FOLDER: each relative link in its documents that leads nowhere.
broken() {
    local file link target
    while IFS= read -r file; do
        while IFS= read -r link; do
            target=${link#](}
            target=${target%)}
            target=${target%%#*}
            case $target in
            '' | *://* | mailto:*) continue ;;
            esac
            [ -e "$(dirname "$file")/$target" ] || echo "${file#"$1"/}: $target"
        done < <(grep -oE '\]\([^) ]+\)' "$file")
    done < <(find "$1" -maxdepth 1 -name '*.md'; find "$1/docs" "$1/examples" -name '*.md')
}

mkdir -p planted/docs planted/examples
printf '[a](docs/a.md) [b](docs/b.md#part) [c](https://example.com/x)\n' >planted/README.md
printf '[up](../README.md)\n' >planted/docs/a.md
[ "$(broken planted)" = "README.md: docs/b.md" ] || fail "planted links: $(broken planted)"

found=$(broken "$BM_SOURCE")
[ -z "$found" ] || fail "broken links:
$found"
