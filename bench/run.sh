#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh BUILD [OUTPUT.md]: measures whole processes and writes docs/performance.md. Each is run in
# turn with `python3 -c pass`, the yardstick for what the usual generator costs (BENCH_PYTHON says
# which python3). Nothing here is a test: machines differ.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd)
document=${2:-$here/docs/performance.md}
python=${BENCH_PYTHON:-/usr/bin/python3}
# Files in memory where there is a place for them: the disk is not what is measured.
where=${BENCH_DIR:-/dev/shm}
[ -w "$where" ] || where=${TMPDIR:-/tmp}
work=$(mktemp -d "$where/bm-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
bm=$build/birthmark
timeit=$build/bench/timeit
command -v "$python" >/dev/null || { echo "$python is missing: set BENCH_PYTHON" >&2; exit 1; }

say() {
    printf '%s\n' "$*" >&2
}

# Certificate and RSA-2048 key, as AWS hands them out.
post_case() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=bench \
        -keyout private.pem.key -out certificate.pem.crt 2>/dev/null
    printf '%s\n' key,type,encoding,value certs,namespace,, \
        certificate,file,string,certificate.pem.crt priv_key,file,string,private.pem.key >post.csv
}

# keys N: that many keys in namespaces of 1000, a third each of u32, i64 and short strings.
keys() {
    awk -v n="$1" 'BEGIN {
        print "key,type,encoding,value"
        for (i = 0; i < n; i++) {
            if (i % 1000 == 0) printf "ns%d,namespace,,\n", i / 1000
            if (i % 3 == 0) printf "key%d,data,u32,%d\n", i, i * 7919
            else if (i % 3 == 1) printf "key%d,data,i64,-%d\n", i, i * 104729
            else printf "key%d,data,string,value of key %d\n", i, i
        }
    }'
}

# ratio A B: A / B with three digits or so.
ratio() {
    awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3g", a / b }'
}

ms() {
    awk -v us="$1" 'BEGIN { printf us < 9950 ? "%.2f" : "%.0f", us / 1000 }'
}

# measure RUNS COMMAND...: paired with python; sets wall, cpu, peak, python_wall, python_cpu.
measure() {
    local runs=$1 lines
    shift
    mapfile -t lines < <("$timeit" "$runs" "$python" -c pass -- "$@")
    [ ${#lines[@]} -eq 2 ] || { echo "failed: $*" >&2; exit 1; }
    read -r python_wall python_cpu _ <<<"${lines[0]}"
    read -r wall cpu peak <<<"${lines[1]}"
    say "  $(ms "$wall") ms, python $(ms "$python_wall") ms: ${*##*/}"
}

# row NAME TARGET_RATIO IMAGE [TIMES]: a line of the table of targets, from the last measure. Memory
# may be so many times the image (1), and 8 MB.
row() {
    local share verdict=met image_kb limit
    share=$(ratio "$wall" "$python_wall")
    image_kb=$(($(stat -c %s "$3") / 1024))
    limit=$((image_kb * ${4:-1} + 8192))
    awk -v s="$share" -v t="$2" 'BEGIN { exit !(s <= t) }' || verdict="**missed**"
    [ "$peak" -le "$limit" ] || verdict="**missed** (memory)"
    printf '| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n' "$1" "$(ms "$wall")" \
        "$(ms "$cpu")" "$(ratio "$cpu" "$python_cpu")" "$share" "$2" "$peak" "$limit" "$verdict"
}

targets() {
    post_case
    say "the post's case"
    "$bm" generate post.csv post.bin 16384 >/dev/null 2>&1
    measure 300 "$bm" generate post.csv post.bin 16384
    row "generate, certificate and RSA key, 16 KB" 0.333 post.bin
    for command in dump check; do
        measure 300 "$bm" "$command" post.bin
        row "$command of it" 0.333 post.bin
    done
    measure 300 "$bm" get post.bin certs certificate
    row "get of one value" 0.333 post.bin

    say "1 MB, 10,000 keys"
    keys 10000 >many.csv
    "$bm" generate many.csv many.bin 1M >/dev/null 2>&1
    # The usual generator takes 11.5 times python3 -c pass; a twentieth of that.
    measure 100 "$bm" generate many.csv many.bin 1M
    row "generate, 10,000 keys, 1 MB" 0.575 many.bin
    for command in dump check; do
        measure 100 "$bm" "$command" many.bin
        row "$command of it" 0.575 many.bin
    done

    say "a flash of 16 MB"
    flash_case
    measure 50 "$bm" assemble -o flash.bin -s 16MB 0x8000 table.bin nvs=post.bin ota_0=app.bin \
        ota_1=app.bin files=files.bin
    # The target is 0.1 s; parts and flash are in memory at once.
    row "assemble, 16 MB of flash with two apps" "$(ratio 100000 "$python_wall")" flash.bin 2
}

# A table, an app of 1.5 MB and a file system of 9 MB.
flash_case() {
    printf '%s\n' nvs,data,nvs,0x9000,24K, otadata,data,ota,0xf000,8K, ota_0,app,ota_0,0x20000,3M, \
        ota_1,app,ota_1,,3M, files,data,spiffs,,9M, >table.csv
    head -c 1500000 < <(seq 1 300000) >code.bin
    head -c $((9 << 20)) /dev/urandom >files.bin
    "$bm" partitions table.csv table.bin >/dev/null 2>&1
    "$bm" image pack -o app.bin --chip esp32 --entry 0x40080400 0x40080400=code.bin >/dev/null 2>&1
}

# One line per number of keys: size, then ms, entries/s and MB/s of each command.
growth() {
    local n runs bytes entries command line
    for n in 1 10 100 1000 10000 100000; do
        runs=$((n > 10000 ? 7 : n > 1000 ? 25 : 100))
        say "$n keys"
        keys "$n" >series.csv
        "$bm" generate series.csv series.bin >/dev/null 2>&1
        bytes=$(stat -c %s series.bin)
        # A string takes two entries, everything else one; a namespace takes one.
        entries=$((n + n / 3 + (n + 999) / 1000))
        line="| $n | $((bytes / 1024)) |"
        for command in generate dump check; do
            if [ "$command" = generate ]; then
                measure "$runs" "$bm" generate series.csv series.bin
            else
                measure "$runs" "$bm" "$command" series.bin
            fi
            line+=" $(ms "$wall") | $(awk -v e="$entries" -v b="$bytes" -v us="$wall" \
                'BEGIN { printf "%.0f | %.1f", e / us * 1000000, b / us }') | $peak |"
        done
        printf '%s\n' "$line"
    done
}

# The time of the process without its start, which a small image shows.
apps() {
    local small
    say "app images"
    head -c 1500000 /dev/urandom >text.bin
    "$bm" image pack -o app.bin --chip esp32s3 --entry 0x42000020 --desc 0x3c200020 \
        0x42000020=text.bin >/dev/null 2>&1
    head -c 1000 text.bin >small-text.bin
    "$bm" image pack -o small.bin --chip esp32s3 --entry 0x42000128 --desc 0x3c200020 \
        0x42000128=small-text.bin >/dev/null 2>&1
    measure 200 "$bm" image verify small.bin
    small=$wall
    measure 200 "$bm" image verify app.bin
    awk -v us="$wall" -v s="$small" -v b="$(stat -c %s app.bin)" 'BEGIN {
        printf "| %.2f | %.2f | %.0f | %.0f | 300 |\n", us / 1000, s / 1000, b / us, b / (us - s) }'
}

# One line per speed: 128 KB that cannot be compressed, and as much of a program, to a virtual board
# that takes as long as silicon for bytes and erasing. What flash itself counts and measures.
flashing() {
    local baud pid port file
    local -A seconds wire
    head -c 131072 /dev/urandom >noise.bin
    head -c 131072 "$bm" >program.bin
    "$bm" sim --realtime --flash board.bin --port rfc2217 --seconds 300 >board.txt &
    pid=$!
    while ! grep -q rfc2217 board.txt 2>/dev/null; do sleep 0.1; done
    port=$(cut -d' ' -f3 board.txt)
    for baud in 115200 460800 921600 2000000; do
        say "flashing at $baud baud"
        "$bm" erase -p "$port" 0x100000 0x200000 >/dev/null 2>&1
        "$bm" flash -p "$port" -b "$baud" --json 0x100000 noise.bin 0x200000 program.bin >events 2>/dev/null
        for file in noise program; do
            seconds[$file]=$(sed -n "s/.*\"event\": \"region\".*\"seconds\": \([0-9.]*\).*\"$file.bin\".*/\1/p" events)
            wire[$file]=$(sed -n "s/.*\"event\": \"region\".*\"wire\": \([0-9]*\).*\"$file.bin\".*/\1/p" events)
        done
        awk -v b="$baud" -v n="${seconds[noise]}" -v nw="${wire[noise]}" -v p="${seconds[program]}" \
            -v pw="${wire[program]}" 'BEGIN {
                printf "| %d | %.2f | %d | %.2f | %.1f | %.2f | %d | %.1f | %.1f |\n", b, n, nw,
                    nw * 10 / b, 131072 / n / 1000, p, pw, 131072 / p / 1000, b / 10000 }'
    done
    kill "$pid"
}

cpu_name() {
    sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1
}

{
    cat <<MD
# Performance

Written by \`make bench\` on $(date -u +%Y-%m-%d): $(cpu_name), $(nproc) cores, $(uname -s) $(uname -r),
$("${CC:-cc}" --version | head -n 1), $("$python" --version 2>&1). Your figures will differ; compare on your own machine.

Times are medians of whole processes, from start to exit, wall clock, in milliseconds. Each run is paired with a run of
\`python3 -c pass\`, so the ratio means the same on a slow machine and on a fast one: it is the time in units of starting
Python and doing nothing. The usual generator takes about 7.5 of them for the first case and 11.5 for 10,000 keys.
Memory is the peak of the process in KiB; its limit is the image plus 8 MB. Files are in $(case $where in
    /dev/shm*) echo "memory (tmpfs): on a disk, generate also waits for its fsync" ;;
    *) echo "$where, so generate waits for the fsync of that disk" ;;
    esac).

| what | ms | CPU ms | CPU ratio | ratio | target | memory | limit | |
|---|---|---|---|---|---|---|---|---|
MD
    targets
    cat <<'MD'

How it grows with the number of keys (a third each of u32, i64 and short strings; the image is the smallest that fits).
Starting the process is part of every figure.

| keys | image KB | generate ms | entries/s | MB/s | memory | dump ms | entries/s | MB/s | memory | check ms | entries/s | MB/s | memory |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
MD
    growth
    cat <<'MD'

`image verify` of an app image of 1.5 MB, checksum and SHA-256: all in all, and without what a tiny image takes.

| ms | of that for a tiny image | MB/s | MB/s without it | target MB/s |
|---|---|---|---|---|
MD
    apps
    cat <<'MD'

`flash` of 128 KB to a virtual ESP32 in real time, by the ROM's loader: random bytes, and the first 128 KB of this program, which shrink.
Seconds hold erasing, writing and the check by MD5; on the wire are all bytes in both directions. unit/link_speed says what is left of
the wire's time once the chip's own is taken off.

| baud | random: s | on the wire | the wire needs s | KB/s | program: s | on the wire | KB/s | the wire's KB/s |
|---|---|---|---|---|---|---|---|---|
MD
    flashing
    cat <<'MD'

The library: [store-figures.md](store-figures.md) counts what mounting, finding and writing cost in reads, bytes and erases,
beside ESP-IDF's figures; [size.md](size.md) has the sizes of its code and stack on microcontrollers.
MD
} >performance.md
mkdir -p "$(dirname "$document")"
cp performance.md "$document"
say "counting for docs/store-figures.md"
head -n 5 "$here/docs/store-figures.md" >store-figures.md # its words stay, its tables are new
"$build/bench/bench-store" >>store-figures.md
cp store-figures.md "$here/docs/store-figures.md"
say "written: ${document#"$here"/}"
grep -F missed "$document" || true
