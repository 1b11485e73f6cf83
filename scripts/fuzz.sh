#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fuzz.sh BUILD SECONDS: runs each libFuzzer target that long from its corpus. What it finds on the
# way goes to BUILD/corpus; a finding ends it and leaves its input in BUILD/findings.
set -euo pipefail
build=$1
seconds=$2
here=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$build/findings"
for source in "$here"/fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    name=${name#fuzz_}
    printf '== fuzz/%s for %s seconds\n' "$name" "$seconds"
    mkdir -p "$build/corpus/$name"
    log=$build/findings/$name.log
    if ! "$build/fuzz/libfuzzer_$name" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$build/findings/$name-" \
        "$build/corpus/$name" "$here/fuzz/corpus/$name" >"$log" 2>&1; then
        tail -n 60 "$log"
        echo "fuzz/$name found something: $log" >&2
        exit 1
    fi
    grep -E '^(stat::number_of|stat::average|Done)' "$log"
done
