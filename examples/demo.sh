#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job from end to end: a device's certificate and key, as AWS hands them out, become an NVS
# image; the image is looked at, checked, and read back by the program that runs on the device.
# usage: demo.sh BUILD_DIR
set -euo pipefail

build=$(cd "${1:?usage: demo.sh BUILD_DIR}" && pwd)
export PATH="$build:$build/examples:$PATH"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '\n== %s\n' "$*"; }
run() { printf '$ %s\n' "$*"; "$@"; }

make_ca() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 7300 -keyout "$work/ca.key" \
        -out "$work/aws-root-ca.pem" -subj "/O=Demo/CN=Demo Root CA" 2>/dev/null
}

# A project as the post lays it out, with a key of this kind (rsa or ec) in AWS's file names.
make_project() {
    local kind=$1 dir=$2 certs=$2/main/certificates
    mkdir -p "$certs" "$dir/build"
    (umask 077
    case $kind in
        rsa) openssl genrsa -traditional -out "$certs/private.pem.key" 2048 2>/dev/null ;;
        ec) openssl ecparam -genkey -name prime256v1 -noout -out "$certs/private.pem.key" ;;
    esac)
    openssl req -new -key "$certs/private.pem.key" -subj "/CN=AWS IoT Certificate" |
        openssl x509 -req -CA "$work/aws-root-ca.pem" -CAkey "$work/ca.key" -CAcreateserial \
            -days 3650 -out "$certs/certificate.pem.crt" 2>/dev/null
    cp "$work/aws-root-ca.pem" "$certs/"
    cat >"$dir/main/nvs.csv" <<'CSV'
key,type,encoding,value    
certs,namespace,,  
certificate,file,string,../main/certificates/certificate.pem.crt
priv_key,file,string,../main/certificates/private.pem.key
CSV
}

# Compares a stored value with the file it came from; cmp says nothing where they are equal.
prove() {
    birthmark get certs.bin certs "$1" | cmp - "$2"
    grep -q "$1: .* SHA-256 $(sha256sum "$2" | cut -d' ' -f1)" identity.log
    echo "$1 equals ${2##*/}, byte for byte, by 'get' and through the NVS API"
}

make_ca
for kind in rsa ec; do
    say "A device with an $([ $kind = rsa ] && echo RSA-2048 || echo 'EC P-256') key: generate its NVS image"
    make_project $kind "$work/$kind"
    cd "$work/$kind/build"
    run birthmark generate ../main/nvs.csv certs.bin 16384
    say "What is in it: keys are redacted, certificates explained"
    run birthmark dump certs.bin --show minimal
    say "The pages as a picture"
    run birthmark map certs.bin
    say "Everything that could be wrong"
    run birthmark check certs.bin
    say "The post's program reads its identity from that image"
    run read_identity certs.bin 2>&1 | tee identity.log
    say "Proof"
    prove certificate ../main/certificates/certificate.pem.crt
    prove priv_key ../main/certificates/private.pem.key
done
say "Done: one firmware image for every device, the identity beside it"
