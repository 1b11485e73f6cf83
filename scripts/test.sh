#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the tests of each build folder; ctest's own summary comes last. JOBS sets how many at a time:
# two more than processors, because some tests mostly wait for a serial line's time.
set -uo pipefail
jobs=${JOBS:-$(($(nproc 2>/dev/null || echo 2) + 2))}
failed=0
for build; do
    printf '== tests of %s\n' "$build"
    ctest --test-dir "$build" -j "$jobs" --output-on-failure --no-tests=error || failed=1
done
if [ "$failed" -ne 0 ]; then
    echo "some tests failed, see above" >&2
fi
exit "$failed"
