#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The examples of help and man pages do what they say: each is run as it stands there.
. "$BM_SOURCE/tests/harness/lib.sh"
. "$BM_SOURCE/tests/harness/board.sh"
need openssl
docs=$BM_BUILD/birthmark-docs
mkdir bin files
ln -s "$BIRTHMARK" bin/birthmark
PATH=$PWD/bin:$PATH

# A program of one segment for a RISC-V chip, mapped from flash: ELF header, program header, code.
tiny_elf() {
    printf '\177ELF\1\1\1'
    printf '\0%.0s' {1..9}
    printf '\2\0\363\0\1\0\0\0\40\1\0\102\64\0\0\0\134\0\0\0\0\0\0\0\64\0\40\0\1\0\50\0\0\0\0\0'
    printf '\1\0\0\0\124\0\0\0\40\1\0\102\40\1\0\102\10\0\0\0\10\0\0\0\5\0\0\0\4\0\0\0'
    printf '\157\0\0\0\157\0\0\0'
}

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

# A build of ESP-IDF, a device that has it, and its parts.
(
    cd files || exit 1
    printf '%s\n' nvs,data,nvs,0x9000,16K, otadata,data,ota,,8K, phy_init,data,phy,,4K, \
        factory,app,factory,0x10000,1M, ota_0,app,ota_0,,1M, ota_1,app,ota_1,,1M, >partitions.csv
    cp partitions.csv released.csv
    head -c 9000 /dev/zero | tr '\0' 'c' >code
    cp code text.bin
    head -c 8192 /dev/zero | tr '\0' '\377' >otadata.bin
    tiny_elf >app.elf
    birthmark partitions partitions.csv table.bin || exit 1
    birthmark image pack -o app.bin --chip esp32 --flash-size 4MB --entry 0x40080400 0x40080400=code || exit 1
    cp app.bin bootloader.bin
    cp identity.bin certs.bin
    mkdir build
    cp table.bin app.bin bootloader.bin build
    echo '{"flash_files": {"0x1000": "bootloader.bin", "0x8000": "table.bin", "0x10000": "app.bin"},
        "flash_settings": {"flash_size": "4MB"}}' >build/flasher_args.json
    birthmark assemble -o flash.bin --args build -s detect nvs=certs.bin ota_1=app.bin || exit 1
    cp flash.bin device.bin
    birthmark assemble --split flash.bin -d parts
) >/dev/null 2>&1 || fail "cannot make the build"

# The board of the examples that have one: virtual, with what the build made, whatever port they name.
cp files/device.bin board.bin
board --chip esp32 --flash board.bin
(
    cd files || exit 1
    mkdir -p build
    cp app.bin build/lamp.bin
    birthmark read 0 all flash.bin || exit 1
) >/dev/null 2>&1 || fail "no board"

ran=0
for name in $("$docs" list); do
    case $name in monitor | ports | sim | up) continue ;; esac # they run on, build, or list; see their own tests
    while IFS= read -r example; do
        rm -rf place
        cp -r files place
        case $name in flash | verify) # an earlier example may have changed it
            birthmark flash --force nvs=files/certs.bin >/dev/null 2>&1 || fail "no board" ;;
        esac
        example=$(sed -E "s#(-p|--port) (/dev|rfc2217:|socket:)[^ ]+#-p $port#" <<<"$example")
        run bash -c "cd place && $example" </dev/null
        [ "$status" -eq 0 ] || fail "an example of $name fails"
        ran=$((ran + 1))
    done < <("$docs" examples "$name")
done
[ "$ran" -ge 10 ] || fail "only $ran examples"
printf '%s examples run\n' "$ran"
