#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs a test in an empty folder of its own, which is gone afterwards.
set -u
folder=$(mktemp -d "${TMPDIR:-/tmp}/bm-test.XXXXXX") || exit 1
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder" || exit 1
"$@" </dev/null
