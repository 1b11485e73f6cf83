#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The examples of help and man pages do what they say: each is run as it stands there.
. "$BM_SOURCE/tests/harness/lib.sh"
need openssl
docs=$BM_BUILD/birthmark-docs
mkdir bin files
ln -s "$BIRTHMARK" bin/birthmark
PATH=$PWD/bin:$PATH

# The files that the examples speak of.
(
    cd files || exit 1
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=example -keyout private.pem.key \
        -out certificate.pem.crt 2>/dev/null || exit 1
    printf '%s\n' key,type,encoding,value certs,namespace,, \
        certificate,file,string,certificate.pem.crt priv_key,file,string,private.pem.key \
        factory,namespace,, serial_no,data,u32,4711 >nvs.csv
    birthmark generate nvs.csv identity.bin 16384 >/dev/null || exit 1
    cp identity.bin old.bin
    cp identity.bin new.bin
    printf '%s\n' key,type,encoding,value factory,namespace,, batch,data,u16,7 >changes.csv
    birthmark generate changes.csv settings.bin >/dev/null || exit 1
    printf 'a password' >password
    head -c 32 private.pem.key >hmac.bin
    birthmark generate-key --keyfile nvs_keys.bin >/dev/null && mv keys/nvs_keys.bin . || exit 1
    birthmark generate --keys nvs_keys.bin nvs.csv sealed.bin 16384 >/dev/null
) || fail "cannot make the files"

ran=0
for name in $("$docs" list); do
    while IFS= read -r example; do
        rm -rf place
        cp -r files place
        run bash -c "cd place && $example" </dev/null
        [ "$status" -eq 0 ] || fail "an example of $name fails"
        ran=$((ran + 1))
    done < <("$docs" examples "$name")
done
[ "$ran" -ge 10 ] || fail "only $ran examples"
printf '%s examples run\n' "$ran"
