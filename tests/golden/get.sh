#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark get on images of the reference generator: the values equal the files they came from.
. "$BM_SOURCE/tests/harness/lib.sh"

golden=$BM_SOURCE/../shared/golden
[ -d "$golden" ] || skip "no golden images here"
bm get "$golden/v01_seed_12288/expected.bin" certs certificate
expect_same "$golden/v01_seed_12288/certificate.pem.crt" "$out"
bm get "$golden/v01_seed_12288/expected.bin" certs priv_key
expect_same "$golden/v01_seed_12288/private.pem.key" "$out"
bm get "$golden/v05_seed_encrypted/expected.bin" certs certificate
expect_exit 3
expect_stderr_has "looks encrypted"
