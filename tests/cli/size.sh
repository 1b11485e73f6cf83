#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Code size and stack of the store on microcontrollers stay within the limits of scripts/size.sh,
# and the reading side needs nothing of the writing side.
. "$BM_SOURCE/tests/harness/lib.sh"
[ -z "${BM_SANITIZE:-}" ] || skip "sanitizers change nothing on the target"
need arm-none-eabi-gcc riscv64-unknown-elf-gcc
run bash "$BM_SOURCE/scripts/size.sh"
expect_exit 0
expect_stdout_has "reading and writing"
cat "$out"

# A reading side that needs the writing side is seen.
cp -r "$BM_SOURCE"/{include,src,scripts,examples} .
printf 'int bmi_planted(struct bm_nvs *nvs);\nint bmi_planted(struct bm_nvs *nvs)\n{\n    return bmi_tidy(nvs);\n}\n' \
    >>src/nvs/find.c
run bash scripts/size.sh
expect_exit 1
expect_stderr_has "the reading side needs of the writing side: bmi_tidy"
