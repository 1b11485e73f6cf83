#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs a test in an empty folder of its own, which is gone afterwards, and without what the caller's
# shell, make or CI job would have it do otherwise.
set -u
for name in $(compgen -e BIRTHMARK_); do
    unset "$name" # no test flashes the board that its user has plugged in
done
unset BASH_ENV CDPATH ENV IDF_PATH LANGUAGE NO_COLOR POSIXLY_CORRECT QUOTING_STYLE TMOUT VERSION
unset CFLAGS CPPFLAGS CXXFLAGS LDFLAGS # the build's, not what is built to look at
unset GNUMAKEFLAGS MAKEFLAGS MAKELEVEL MFLAGS # a jobserver that is not for us
export SHELL=/bin/sh
umask 022
case ${TMPDIR:=/tmp} in
*[[:space:]]*) TMPDIR=/tmp ;; # make and others know no names with blanks
esac
export TMPDIR
folder=$(mktemp -d "$TMPDIR/bm-test.XXXXXX") || exit 1
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder" || exit 1
export HOME=${HOME:-$folder}
# Signals that nohup or a job in the background has ignored are ignored by all below.
heard=(env "--default-signal=HUP,INT,PIPE,QUIT,TERM")
"${heard[@]}" true 2>/dev/null || heard=() # older coreutils
${heard[@]+"${heard[@]}"} "$@" </dev/null
