# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Golden cases for test scripts; source it behind lib.sh. The script has one_case FOLDER, which adds 1
# to cases.

# golden_cases FOLDER LEAST TOOL: one_case for each case in tests/golden/FOLDER, of which there are
# LEAST at least, then for those of ../shared/golden whose command is TOOL's.
golden_cases() {
    local folder shared=$BM_SOURCE/../shared/golden
    cases=0
    for folder in "$BM_SOURCE/tests/golden/$1"/*/; do
        one_case "${folder%/}"
    done
    echo "$cases cases of our own tree"
    [ "$cases" -ge "$2" ] || fail "only $cases cases"
    if [ ! -d "$shared" ]; then
        echo "no $shared here: its binaries were not compared"
        return
    fi
    cases=0
    for folder in "$shared"/*/; do
        if grep -qs "^$3 " "$folder/cmd.txt"; then
            one_case "${folder%/}"
        fi
    done
    echo "$cases cases of ../shared/golden"
}
