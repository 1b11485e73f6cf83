#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# examples/ota_client.c updates a board made by our own commands, and the identity stays.
. "$BM_SOURCE/tests/harness/lib.sh"
client=$BM_BUILD/examples/ota_client

# app VERSION: app-VERSION.bin.
app() {
    head -c 6000 /dev/zero | tr '\0' "${1%%.*}" >code
    bm image pack -o "app-$1.bin" --chip esp32 --entry 0x400d0128 --desc 0x3f400020 --project lamp \
        --version "$1" 0x400d0128=code
    expect_exit 0
}
app 1.0
app 2.0
printf '%s\n' nvs,data,nvs,0x9000,16K otadata,data,ota,0xd000,8K factory,app,factory,0x10000,64K \
    ota_0,app,ota_0,,64K ota_1,app,ota_1,,64K >table.csv
printf '%s\n' key,type,encoding,value identity,namespace,, name,data,string,greenhouse-17 >nvs.csv
bm partitions table.csv table.bin
expect_exit 0
bm generate --table table.csv nvs.csv nvs.bin
expect_exit 0
bm assemble -o flash.bin -s 512KB 0x8000=table.bin nvs=nvs.bin factory=app-1.0.bin
expect_exit 0

run "$client" flash.bin
expect_exit 0
expect_stdout 'running factory, version 1.0
starts counted in NVS: 1'
run "$client" flash.bin app-2.0.bin
expect_exit 0
expect_stdout 'running factory, version 1.0
starts counted in NVS: 2
writing to ota_0
restart
running ota_0, version 2.0
starts counted in NVS: 3
ota_0 is confirmed'
run "$client" flash.bin app-1.0.bin
expect_exit 0
expect_stdout_has 'running ota_1, version 1.0'

# The commands see the same board, and the identity as it was.
bm ota status flash.bin
expect_exit 0
expect_stdout_has 'ota_1 boots'
dd if=flash.bin of=after.bin bs=4096 skip=9 count=4 2>/dev/null
bm get after.bin identity name
expect_stdout_has greenhouse-17
bm get after.bin app starts
expect_stdout_has 5

# A truncated download is refused, and the board boots what it did.
head -c 3000 app-2.0.bin >short.bin
run "$client" flash.bin short.bin
expect_exit 1
expect_stderr_has 'the app says ESP_ERR_OTA_VALIDATE_FAILED'
run "$client" flash.bin
expect_exit 0
expect_stdout_has 'running ota_1, version 1.0'

run "$client"
expect_exit 2
run "$client" absent.bin
expect_exit 3
head -c 65536 /dev/zero >blank.bin
run "$client" blank.bin
expect_exit 1
expect_stderr_has 'the board does not start'
