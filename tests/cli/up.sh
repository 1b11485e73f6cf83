#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark up in the post's project tree, with an idf.py that lays out build/ as ESP-IDF's does, and
# a virtual board: what it does, what it leaves alone, and each thing that can be wrong.
. "$BM_SOURCE/tests/harness/lib.sh"
. "$BM_SOURCE/tests/harness/board.sh"
mkdir bin
ln -s "$BIRTHMARK" bin/birthmark
clean_path=$PWD/bin:$PATH
top=$PWD
unset IDF_PATH BIRTHMARK_PORT

# --- the post's tree
project() {
    mkdir -p "$1/main/certificates" "$1/components"
    (
        cd "$1" || exit 1
        # shellcheck disable=SC2016
        printf 'cmake_minimum_required(VERSION 3.5)\ninclude($ENV{IDF_PATH}/tools/cmake/project.cmake)\nproject(cam)\n' >CMakeLists.txt
        printf 'a certificate\n' >main/certificates/certificate.pem.crt
        printf 'geheim\n' >main/certificates/private.pem.key
        printf '%s\n' 'key,type,encoding,value    ' 'certs,namespace,,  ' \
            'certificate,file,string,../main/certificates/certificate.pem.crt' \
            'priv_key,file,string,../main/certificates/private.pem.key' >main/nvs.csv
    )
}

# An idf.py: "build" as the post's project would build, FAKE_* to have it otherwise.
mkdir idf
cat >idf/idf.py <<'SH'
#!/usr/bin/env bash
set -e
echo "idf.py $*"
dir=build
if [ "$1" = -B ]; then dir=$2; shift 2; fi
[ "$1" = build ] || exit 9
[ -z "${FAKE_STATUS:-}" ] || exit "$FAKE_STATUS"
mkdir -p "$dir/bootloader" "$dir/partition_table"
printf "${FAKE_TABLE:-nvs,data,nvs,0x9000,0x6000,\nphy_init,data,phy,0xf000,0x1000,\nfactory,app,factory,0x10000,1M,\n}" >"$dir/table.csv"
seq 1 3000 >"$dir/code"
{
    birthmark partitions "$dir/table.csv" "$dir/partition_table/partition-table.bin"
    birthmark image pack -o "$dir/bootloader/bootloader.bin" --chip "${FAKE_CHIP:-esp32}" \
        --entry "${FAKE_CODE:-0x40080400}" "${FAKE_CODE:-0x40080400}=$dir/code"
    birthmark image pack -o "$dir/cam.bin" --chip "${FAKE_CHIP:-esp32}" --entry "${FAKE_CODE:-0x40080400}" \
        --desc "${FAKE_DESC:-0x3f400020}" --version "${FAKE_VERSION:-1.0}" "${FAKE_CODE:-0x40080400}=$dir/code"
} >/dev/null 2>&1
cat >"$dir/flasher_args.json" <<JSON
{ "flash_settings": {"flash_mode": "dio", "flash_size": "${FAKE_SIZE:-2MB}", "flash_freq": "40m"},
  "flash_files": {"0x1000": "bootloader/bootloader.bin", "0x8000": "partition_table/partition-table.bin",
                  ${FAKE_FILE:-} "0x10000": "cam.bin"},
  "bootloader": {"offset": "0x1000", "file": "bootloader/bootloader.bin"},
  "partition-table": {"offset": "0x8000", "file": "partition_table/partition-table.bin"},
  "app": {"offset": "0x10000", "file": "cam.bin"},
  "extra_esptool_args": {"chip": "${FAKE_CHIP:-esp32}"} }
JSON
SH
chmod +x idf/idf.py
export PATH=$top/idf:$clean_path

project cam
cd cam || exit 1

# --- the plan changes nothing, and needs no board
find . -type f | sort >"$top/before"
bm up --dry-run
expect_exit 0
expect_no_stderr
expect_stdout_has "1. build: idf.py build"
expect_stdout_has "2. values: main/nvs.csv becomes build/certs.bin; its partition is known once all is built"
expect_stdout_has "the files are known once all is built"
find . -type f ! -name '.run.*' | sort | cmp -s - "$top/before" || fail "the plan changed something"

# --- words for the monitor are looked at before anything is built
too_late() { # TEXT ARG...
    local text=$1
    shift
    bm up "$@"
    expect_exit 2
    expect_stderr_has "$text"
    expect_stderr_lacks "--> "
    no_file build
}
for plan in "" --dry-run; do
    too_late "--timeout abc: no time" ${plan:+"$plan"} --timeout abc
    too_late "--until \"(\": " ${plan:+"$plan"} --until "("
    too_late "--until: the REGEX is empty" ${plan:+"$plan"} --until "" --timeout 30s
    too_late "--fail-on \"[\": " ${plan:+"$plan"} --fail-on "["
    too_late "--filter \"wifi:Q\": " ${plan:+"$plan"} --filter wifi:Q
    printf "[monitor]\ntimeout = abc\n" >birthmark.ini
    too_late "--timeout abc: no time" ${plan:+"$plan"}
    rm birthmark.ini
done
bm up --dry-run --no-monitor --timeout abc # it is not started
expect_exit 0

# --- the whole way
board --flash "$top/flash.bin"
bm up --no-monitor
expect_exit 0
expect_stderr_has "--> idf.py build"
expect_stderr_has "--> birthmark generate --table build/partition_table/partition-table.bin --label nvs --relative-to build main/nvs.csv build/certs.bin"
expect_stderr_has "--> birthmark flash -p $port --args build nvs=build/certs.bin"
expect_stdout_has "4 written, 0 unchanged"
expect_stderr_has "idf.py build" # what the build prints does not get among the results
expect_stdout_lacks "idf.py"
grep -q geheim "$out" "$err" && fail "a secret was printed"
expect_mode 600 build/certs.bin
[ "$(stat -c %s build/certs.bin)" -eq 24576 ] || fail "certs.bin has not the size of its partition"
at() { # FILE OFFSET: the flash holds it there
    cmp -s -n "$(stat -c %s "$1")" "$1" "$top/flash.bin" 0 $(($2)) || fail "$1 is not at $2"
}
at build/bootloader/bootloader.bin 0x1000
at build/partition_table/partition-table.bin 0x8000
at build/certs.bin 0x9000
at build/cam.bin 0x10000
run "$BIRTHMARK" get --port "$port" certs priv_key
expect_stdout geheim

# The plan, now that there is a build: files, offsets, sizes, commands.
bm up --dry-run
expect_exit 0
expect_stdout_has "for partition nvs at 0x9000"
expect_stdout_has "   0x1000           13968  bootloader        build/bootloader/bootloader.bin"
expect_stdout_has "   0x9000           24576  nvs               build/certs.bin"
expect_stdout_has "--> birthmark flash -p $port --args build nvs=build/certs.bin"

# --- once more: nothing to write. One change: that alone.
bm up --no-monitor
expect_exit 0
expect_stdout_has "0 written, 4 unchanged"
FAKE_VERSION=1.1 bm up --no-monitor
expect_exit 0
expect_stdout_has "1 written, 3 unchanged"
at build/cam.bin 0x10000

# --- the device adds values of its own: they stay as long as those of the CSV are there
run "$BIRTHMARK" set --no-backup --port "$port" wifi ssid string home
expect_exit 0
bm up --no-monitor --no-build
expect_exit 0
expect_stderr_has "--> no build: --no-build"
expect_stderr_has "partition nvs has the values of main/nvs.csv already, and 1 more"
expect_stdout_has "0 written, 3 unchanged"
run "$BIRTHMARK" get --port "$port" wifi ssid
expect_stdout_has home

# Other values would replace them: refused, with what to do; and done where it is wanted.
printf 'other\n' >main/certificates/private.pem.key
bm up --no-monitor --no-build
expect_exit 3
expect_stderr_has "replaces all that partition nvs at 0x9000 (24 KB) holds"
expect_stderr_has "stopped at flash: "
expect_stderr_has "--no-nvs leaves the board's values as they are"
expect_stderr_has "birthmark import -p $port --partition nvs --relative-to build main/nvs.csv"
paste=$(cd .. && "$BIRTHMARK" up -C ./cam --no-monitor --no-build 2>&1 >/dev/null | grep '^(cd')
[ "$paste" = "(cd ./cam && birthmark import -p $port --partition nvs --relative-to build main/nvs.csv)" ] || fail "-C: to paste is $paste"
run "$BIRTHMARK" get --port "$port" certs priv_key
expect_stdout geheim
bm up --no-monitor --no-build --no-nvs
expect_exit 0
expect_stdout_has "0 written, 3 unchanged"
bm up --no-monitor --no-build --force
expect_exit 0
run "$BIRTHMARK" get --port "$port" certs priv_key
expect_stdout other

# --- the image does not stay where it is not wanted
bm up --no-monitor --no-build --temporary
expect_exit 0
no_file build/certs.bin
bm up --no-monitor --no-build --temporary --chip esp32c3
expect_exit 4
no_file build/certs.bin

# also when we are killed, whenever that is
for signal in HUP TERM KILL; do
    "$BIRTHMARK" up --no-build --temporary --until "no such line" --timeout 60s >"$out" 2>"$err" &
    pid=$!
    until_holds [ -e build/certs.bin ] || fail "$signal: there was no image: $(cat "$err")"
    kill -s "$signal" "$pid"
    wait "$pid" 2>/dev/null && fail "$signal: killed, and well"
    until_holds [ ! -e build/certs.bin ]
    no_file build/certs.bin
done

# --- the monitor's options and its answer
bm up --no-build --until "Loaded app from partition" --timeout 20s
expect_exit 0
expect_stderr_has "--> birthmark monitor $port --until 'Loaded app from partition' --timeout 20s"
bm up --no-build --until "no such line" --timeout 1s
expect_exit 1

# --- settings; options win over them
cat >birthmark.ini <<INI
; how this project gets onto a board
[build]
skip = yes
[board]
    port = socket://127.0.0.1:1
    baud = 460800
[monitor]
skip = yes
[nvs]
temporary = no
INI
bm up
expect_exit 0
expect_stderr_has "--> birthmark flash -p $port -b 460800 --args build" # BIRTHMARK_PORT wins, too
bm up -b 921600 --dry-run
expect_exit 0
expect_stdout_has "-b 921600"
(unset BIRTHMARK_PORT && "$BIRTHMARK" up --dry-run >"$out" 2>"$err") || fail "the plan with settings fails"
expect_stdout_has "socket://127.0.0.1:1"
(unset BIRTHMARK_PORT && "$BIRTHMARK" up >"$out" 2>"$err") && fail "a port where nobody listens is good"
expect_stderr_has "127.0.0.1:1"
mv birthmark.ini other.ini
bm up --config other.ini
expect_exit 0
cd .. || exit 1
bm up -C cam --config other.ini
expect_exit 0
cd cam || exit 1

# --- wrong settings, each with its place
wrong_ini() { # TEXT MESSAGE...
    local message
    printf '%b' "$1" >birthmark.ini
    shift
    bm up
    expect_exit 3
    expect_no_stdout
    for message; do
        expect_stderr_has "birthmark.ini:$message"
    done
    rm birthmark.ini
}
wrong_ini '[bord]\nport = x\n' '2: there is no section [bord]; did you mean board'
wrong_ini '[board]\n\nprt = x\n' '3: [board] has no setting "prt"; did you mean port'
wrong_ini 'port = x\n' '1: "port" stands before the first [section]'
wrong_ini '[board]\nport\n' '2: is neither [section] nor key = value'
wrong_ini '[board]\nport = a\nport = b\n' '3: port was already given in line 2'
wrong_ini '[board]\nport =\n' '2: port has no value'
wrong_ini '[build]\ncommand = make ; make install\n' '2: " ;" would begin a comment'
wrong_ini "[build]\ncommand = $(printf '%0300d' 0)\n" '2: the line has more than 190 bytes'
wrong_ini '[build]\ncommand = a\0000b\n' '2: a NUL byte'
wrong_ini '[build]\nskip = perhaps\n' '2: skip is yes or no, not "perhaps"'
wrong_ini '[board]\nbaud = fast\n' '2: this is what baud = fast says'
wrong_ini '[board]\nchip = esp23\n' '2: this is what chip = esp23 says'
wrong_ini '[bord]\na = x\n[board]\nprt = x\n' 2: 4:
bm up --config missing.ini
expect_exit 3
expect_stderr_has "missing.ini"

# --- wrong options
bm up --until
expect_exit 2
bm up somewhere
expect_exit 2
expect_stderr_has "-C"
bm up --buld x
expect_exit 2
expect_stderr_has "did you mean --build"
bm up --build-dir 'a"b'
expect_exit 2
bm up -C missing
expect_exit 3
expect_stderr_has "missing"
bm up --csv missing.csv
expect_exit 3
expect_stderr_has "missing.csv: there is no such CSV file"

# --- the build fails, or is not to be had
FAKE_STATUS=7 bm up --no-monitor
expect_exit 7
expect_stderr_has "the build ended with status 7; nothing was flashed"
bm up --no-monitor --build 'exit 5'
expect_exit 5
bm up --no-monitor --build 'kill -TERM $$'
expect_exit 143
FAKE_STATUS=130 bm up --no-monitor
expect_exit 130
expect_stderr_has "the build was interrupted; nothing was flashed"
# a port that is not there is told before the build
bm up --no-monitor -p socket://127.0.0.1:1
expect_exit 4
grep -q "idf.py build" "$err" && fail "built for a port that is not there"
cp -r build saved
rm -r build
bm up --no-monitor --no-build
expect_exit 3
expect_stderr_has "build/flasher_args.json: there is no such file; nothing was built: --no-build"
PATH=$clean_path bm up --no-monitor
expect_exit 3
expect_stderr_has "idf.py is not on PATH"
bm up --no-monitor --build true
expect_exit 3
expect_stderr_has "did the build go elsewhere? Say --build-dir"
PATH=$clean_path IDF_PATH=/opt/idf bm up --dry-run
expect_exit 0
expect_stdout_has "1. build: bash -c '. \"\$IDF_PATH/export.sh\" >/dev/null && idf.py build'"
bm up --no-monitor -B out --relative-to main/..
expect_exit 3 # the CSV's paths are relative to the build folder: ../main is not there
expect_stderr_has "main/nvs.csv:3:25"
expect_stderr_has "stopped at generate: nothing was flashed"
bm up --no-monitor -B out --force
expect_exit 0
expect_stderr_has '--> idf.py -B "out" build'
rm -r out
mv saved build

# --- what the build left is no good
echo '{' >build/flasher_args.json
bm up --no-monitor --no-build
expect_exit 3
expect_stderr_has "build/flasher_args.json:"
FAKE_TABLE='factory,app,factory,0x10000,1M,\n' bm up --no-monitor
expect_exit 3
expect_stderr_has "the table has no NVS partition for the values; --no-nvs does without"
FAKE_TABLE='a,data,nvs,0x9000,0x3000,\nb,data,nvs,,0x3000,\nfactory,app,factory,0x10000,1M,\n' bm up --no-monitor
expect_exit 3
expect_stderr_has "which NVS partition are the values for? Say --label"
bm up --no-monitor --label certs
expect_exit 3
expect_stderr_has "the table has no NVS partition certs (--label)"
FAKE_CHIP=esp32s3 FAKE_CODE=0x40378000 FAKE_DESC=0x3c000020 bm up --no-monitor
expect_exit 3
expect_stderr_has "is an image for"
# A refusal that has nothing to do with values says nothing about them. What the build leaves to be
# found out when it is flashed is found out then: the header of the bootloader says 2 MB.
FAKE_TABLE='nvs,data,nvs,0x9000,0x6000,\nfactory,app,factory,0x10000,3M,\n'
export FAKE_TABLE
bm up --no-monitor --no-nvs
expect_exit 3
expect_stderr_has "beyond the end of the flash"
expect_stderr_has "stopped at flash: correct what is said above"
expect_stderr_lacks "--no-nvs leaves"
FAKE_SIZE=detect bm up --no-monitor --no-nvs
expect_exit 0
expect_stderr_has "--flash-size detect --args build"
bm up --no-build --no-nvs --dry-run
expect_exit 0
expect_stdout_has "--flash-size detect --args build"
unset FAKE_TABLE
head -c 9000 /dev/zero >build/own.bin
FAKE_FILE='"0x9000": "own.bin",' idf.py build >/dev/null
bm up --no-build --dry-run
expect_stderr_has "the build brings an image for nvs, build/own.bin"
expect_stdout_has "values: those of the build"
idf.py build >/dev/null

# --- the CSV is no good: nothing is flashed, no image is left
rm build/certs.bin
printf 'key,type,encoding,value\ncerts,namespace,,\nled,data,u8,300\n' >main/nvs.csv
bm up --no-monitor --no-build
expect_exit 3
expect_stderr_has "main/nvs.csv:3:13: key 'led'"
expect_stderr_has "stopped at generate: nothing was flashed"
no_file build/certs.bin

# --- no board
stop_board
bm up --no-monitor --no-build --no-nvs
expect_exit 4
expect_stderr_has "stopped at flash"
