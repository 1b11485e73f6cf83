#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the post's project tree in a folder: certificates, nvs.csv, and a build that packs
# examples/virtual_firmware for the virtual board and leaves what ESP-IDF's build leaves. With a real
# ESP-IDF project there is nothing to make: birthmark up runs idf.py there.
# usage: virtual_project.sh BUILD_DIR FOLDER [VERSION]
set -euo pipefail
build=$(cd "${1:?usage: virtual_project.sh BUILD_DIR FOLDER [VERSION]}" && pwd)
folder=${2:?usage: virtual_project.sh BUILD_DIR FOLDER [VERSION]}
version=${3:-1.0}
mkdir -p "$folder/main/certificates"
cd "$folder"

(umask 077 && openssl ecparam -genkey -name prime256v1 -noout -out main/certificates/private.pem.key)
openssl req -x509 -new -key main/certificates/private.pem.key -days 3650 \
    -subj "/CN=AWS IoT Certificate" -out main/certificates/certificate.pem.crt

cat >main/nvs.csv <<'CSV'
key,type,encoding,value
certs,namespace,,
certificate,file,string,../main/certificates/certificate.pem.crt
priv_key,file,string,../main/certificates/private.pem.key
CSV

cat >partitions.csv <<'CSV'
nvs,data,nvs,0x9000,16K,
otadata,data,ota,0xd000,8K,
phy_init,data,phy,0xf000,4K,
factory,app,factory,0x10000,1M,
ota_0,app,ota_0,,1M,
ota_1,app,ota_1,,1M,
CSV

cat >build.sh <<SH
#!/bin/sh
# In the place of idf.py build.
set -e
mkdir -p build/partition_table
"$build/birthmark" partitions partitions.csv build/partition_table/partition-table.bin
"$build/birthmark" image pack --virtual -o build/greenhouse.bin --chip esp32 \\
    --project greenhouse --version "\${VERSION:-$version}" "$build/examples/virtual_firmware-\${VERSION:-$version}"
cat >build/flasher_args.json <<'JSON'
{
    "flash_files": { "0x8000": "partition_table/partition-table.bin", "0x10000": "greenhouse.bin" },
    "partition-table": { "offset": "0x8000", "file": "partition_table/partition-table.bin" },
    "app": { "offset": "0x10000", "file": "greenhouse.bin" },
    "extra_esptool_args": { "chip": "esp32" }
}
JSON
SH
chmod +x build.sh
printf '[build]\ncommand = ./build.sh\n' >birthmark.ini
