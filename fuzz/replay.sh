#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# replay.sh PROGRAM FOLDER: every file of a corpus through a target.
set -euo pipefail
mapfile -d '' inputs < <(find "$2" -type f -print0 | sort -z)
[ ${#inputs[@]} -gt 0 ] || { echo "$2 has no inputs" >&2; exit 1; }
exec "$1" "${inputs[@]}"
