#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Where the image of `birthmark generate` goes, in which size, and what is said about it; and that a
# failure leaves an earlier image alone.
. "$BM_SOURCE/tests/harness/lib.sh"
need od

printf 'key,type,encoding,value    \ncerts,namespace,,  \nname,data,string,orchard\n' >nvs.csv
printf 'key,type,encoding,value\nn,namespace,,\nbad,data,u8,300\n' >bad.csv

size_of() {
    stat -c %s "$1"
}

# expect_size N FILE
expect_size() {
    [ "$(size_of "$2")" = "$1" ] || fail "$2 has $(size_of "$2") bytes, expected $1"
}

# --- a plain run
bm generate nvs.csv id.bin 16384
expect_exit 0
expect_no_stderr
expect_size 16384 id.bin
expect_mode 600 id.bin
expect_stdout "wrote id.bin: 16384 bytes (0x4000), version 2
  1 namespace, 1 key
  1 of 4 pages used, one is kept in reserve
  3 entries used, 375 free
  smallest writable size: 12288 (0x3000), read-only: 4096 (0x1000)"
folder_lists nvs.csv bad.csv id.bin

# --- sizes
for s in 0x4000 0X4000 16K 16k 16KB 16KiB 16kib 0016384; do
    bm generate nvs.csv s.bin "$s"
    expect_exit 0
    expect_same s.bin id.bin
done
for s in 1M 1m 1MiB 0x100000; do
    bm generate nvs.csv s.bin "$s"
    expect_exit 0
    expect_size 1048576 s.bin
done
rm s.bin
for s in 12289 4095 100 0; do
    bm generate nvs.csv s.bin "$s"
    expect_exit 2
    expect_no_stdout
    no_file s.bin
done
bm generate nvs.csv s.bin 12289
expect_stderr_has "size 12289 is not a multiple of 4096; 12288 and 16384 are the nearest"
bm generate nvs.csv s.bin 4095
expect_stderr_has "size 4095 is outside 4096 (0x1000) to 268431360 (65535 pages)"
bm generate nvs.csv s.bin 256M # the store's page numbers have 16 bits
expect_exit 2
expect_stderr_has "size 256M is outside 4096 (0x1000) to 268431360 (65535 pages)"
bm generate -n nvs.csv 268431360
expect_exit 0
expect_stdout_has "of 65535 pages used"
for s in 12Q 0xzz 16KK 0x 1.5M 99999999999999999999 18446744073709551615M; do
    bm generate nvs.csv s.bin "$s"
    expect_exit 2
    no_file s.bin "$s.bin"
done
bm generate nvs.csv s.bin 12Q
expect_stderr_has '"12Q" is not a size; write bytes, 0x hex, or 16K or 1M'
bm generate nvs.csv s.bin large
expect_exit 2
expect_stderr_has '"large" is not a size'
no_file s.bin large.bin

# no size: the smallest that fits
bm generate nvs.csv s.bin
expect_exit 0
expect_size 12288 s.bin
expect_stdout_has "wrote s.bin: 12288 bytes"
{
    cat nvs.csv
    echo 'big,data,blob_fill(20000;0x55),'
} >big.csv
bm generate big.csv s.bin
expect_exit 0
expect_size 28672 s.bin
expect_stdout_has "smallest writable size: 28672 (0x7000)"
expect_stdout_lacks "read-only"
bm generate big.csv t.bin 0x6000
expect_exit 3
bm generate big.csv t.bin 0x7000
expect_exit 0
expect_same s.bin t.bin
bm generate big.csv t.bin 1M
expect_stdout_has "smallest writable size: 28672 (0x7000)"
rm s.bin t.bin big.csv

# a size that a device can only read: a warning, all pages usable, padded to the size
for s in 4096 8192; do
    bm generate nvs.csv ro.bin $s
    expect_exit 0
    expect_size $s ro.bin
    expect_stderr_has "warning: $s bytes can only be read on the device: mark the partition readonly"
    expect_stdout_has "$((s / 4096)) page"
    expect_stdout_has "smallest writable size: 12288 (0x3000), read-only: 4096 (0x1000)"
    cmp -n 4096 ro.bin id.bin || fail "page 0 differs"
done
rm ro.bin

# --- names of the output
bm generate nvs.csv plain 16384
expect_exit 0
expect_same plain.bin id.bin
no_file plain
for o in out.binary out.BIN out.txt out.bin.gz x/ ''; do
    bm generate nvs.csv "$o" 16384
    expect_exit 2
    expect_no_stdout
done
expect_stderr_has 'OUTPUT "" is not a file name'
bm generate nvs.csv out.binary 16384
expect_stderr_has "OUTPUT out.binary must end in .bin"
bm generate nvs.csv a.dir/sub/deep 16384
expect_exit 0
expect_same a.dir/sub/deep.bin id.bin
bm generate nvs.csv out/a/x.bin 16384 --outdir below/here
expect_exit 0
expect_same below/here/out/a/x.bin id.bin
bm generate --outdir below nvs.csv "$PWD/abs.bin" 16384
expect_exit 0
expect_stderr_has "abs.bin is an absolute path, so --outdir is ignored"
expect_same abs.bin id.bin
rm -r plain.bin a.dir below abs.bin

# names that a terminal would take for commands, or that are no text
odd=$'a\e[31mb\xff.bin'
bm generate nvs.csv "$odd" 16384
expect_exit 0
expect_stdout_has 'wrote a\x1b[31mb\xff.bin: 16384 bytes'
expect_same "$odd" id.bin
rm "$odd"
bm generate --json nvs.csv "$odd" 16384
expect_exit 0
expect_no_stderr
expect_stdout_has '"output": "a\\x1b[31mb\\xff.bin"'
expect_same "$odd" id.bin
rm "$odd"

# an output that is read as well: refused before anything is written
printf 'key,type,encoding,value\nn,namespace,,\nf,file,string,pk.bin\n' >own.csv
printf 'a private key' >pk.bin
ln pk.bin hard.bin
ln -s pk.bin soft.bin
for o in pk pk.bin ./pk.bin hard.bin soft.bin; do
    bm generate own.csv $o
    expect_exit 2
    expect_no_stdout
    expect_stderr_has "is also read as an input, and would be overwritten; name another"
    [ "$(cat pk.bin)" = "a private key" ] || fail "a file that a row reads was overwritten"
done
cp nvs.csv pk.bin
bm generate pk.bin pk.bin
expect_exit 2
bm generate nvs.csv - soft.bin <hard.bin # good CSV, whatever its name
expect_exit 2
expect_no_stdout
expect_same pk.bin nvs.csv
"$BIRTHMARK" generate own.csv - >>pk.bin 2>"$err" && fail "an input that is standard output"
expect_same pk.bin nvs.csv
bm generate own.csv other.bin
expect_exit 0
rm own.csv pk.bin hard.bin soft.bin other.bin

# a folder that cannot be
bm generate nvs.csv nvs.csv/x.bin 16384
expect_exit 4
expect_stderr_has "nvs.csv: the folder cannot be made"
mkdir dir.bin
bm generate nvs.csv dir.bin 16384
expect_exit 4
expect_stderr_has "dir.bin: cannot be written: Is a directory"
rmdir dir.bin

# --- streams
"$BIRTHMARK" generate - - 16384 <nvs.csv >pipe.out 2>pipe.err || fail "stdin to stdout"
expect_same pipe.out id.bin
grep -q '^wrote standard output: 16384 bytes' pipe.err || fail "the summary is not on stderr"
"$BIRTHMARK" generate nvs.csv /dev/stdout 16384 2>/dev/null | cmp - id.bin || fail "/dev/stdout"
"$BIRTHMARK" generate nvs.csv /dev/stdout 16384 >pipe.out 2>/dev/null || fail "/dev/stdout to a file"
expect_same pipe.out id.bin
"$BIRTHMARK" generate - - 16384 <bad.csv >pipe.out 2>pipe.err && fail "bad input was taken"
[ ! -s pipe.out ] || fail "bytes on stdout for bad input"
grep -q '^stdin:3:13: key .bad.: ' pipe.err || fail "stdin is not named"
bm generate - - x.bin </dev/null
expect_exit 2
expect_stderr_has "standard input can be read once only"
mkfifo fifo.bin
cat fifo.bin >pipe.out &
bm generate nvs.csv fifo.bin 16384
expect_exit 0
wait
expect_same pipe.out id.bin
[ -p fifo.bin ] || fail "the pipe was replaced"
rm fifo.bin pipe.out pipe.err
if [ -w /dev/full ]; then
    bm generate nvs.csv /dev/full 16384
    expect_exit 4
    expect_stderr_has "/dev/full: cannot be written: No space left on device"
    expect_no_stdout
    "$BIRTHMARK" generate nvs.csv - 16384 >/dev/full 2>"$err" && fail "a full stdout went unnoticed"
    for json in '' --json; do
        # shellcheck disable=SC2086 # no option is no argument
        "$BIRTHMARK" generate $json nvs.csv x.bin 16384 >/dev/full 2>"$err"
        [ $? = 4 ] || fail "a lost summary went unnoticed"
        expect_stderr_has "x.bin was written all the same; only the summary is lost"
        expect_stderr_lines 2
        expect_same x.bin id.bin
        rm x.bin
    done
fi
"$BIRTHMARK" generate nvs.csv x.bin 16384 >&- 2>"$err"
[ $? = 4 ] || fail "a closed stdout went unnoticed"
expect_stderr_has "x.bin was written all the same; only the summary is lost"
expect_same x.bin id.bin
rm x.bin
if command -v script >/dev/null; then # a terminal gets no binary
    script -qec "$(printf '%q generate nvs.csv - 16384; echo status $?' "$BIRTHMARK")" /dev/null \
        >typed.out </dev/null
    grep -q 'does not go to a terminal' typed.out || fail "binary went to a terminal"
    grep -q 'status 2' typed.out || fail "status on a terminal"
    rm typed.out
fi

# --- an earlier image: untouched by a failure, replaced as a whole, links kept
cp id.bin keep.bin
chmod 644 keep.bin
inode=$(stat -c %i keep.bin)
bm generate bad.csv keep.bin 16384
expect_exit 3
expect_same keep.bin id.bin
bm generate nvs.csv missing.csv keep.bin
expect_exit 3
expect_same keep.bin id.bin
[ "$(stat -c %i keep.bin)" = "$inode" ] || fail "the file was touched"
ln -s keep.bin link.bin
bm generate nvs.csv link.bin 0x3000
expect_exit 0
[ -L link.bin ] || fail "the link was replaced"
expect_size 12288 keep.bin
expect_mode 600 keep.bin
rm link.bin

# a link to what is not there: the file is made where it leads, as by the shell's >
mkdir -p far deep/er
ln -s ../far/one.bin deep/er/../in.bin # seen from the link's folder
ln -s deep/in.bin link.bin             # and over another link
printf 'nvs,data,nvs,0x9000,16K\nfactory,app,factory,0x10000,1M\n' >table.csv
for writer in "generate nvs.csv link.bin 16384" "export id.bin -o link.bin" \
    "map id.bin --svg link.bin" "assemble -o link.bin --flash-size 1MB 0x9000 id.bin" \
    "partitions -q table.csv link.bin"; do
    # shellcheck disable=SC2086
    bm $writer
    expect_exit 0
    [ -L link.bin ] || fail "the link was replaced"
    [ -L deep/in.bin ] || fail "the second link was replaced"
    [ -s far/one.bin ] || fail "nothing is where the link leads"
    rm far/one.bin
    [ -z "$(ls -A far)" ] || fail "something was left beside it"
done
ln -s "$PWD/far/two.bin" absolute.bin
bm generate nvs.csv absolute.bin 16384
expect_exit 0
expect_same far/two.bin id.bin
expect_mode 600 far/two.bin
# into a folder that is missing, in a circle, to itself: nothing is made, and the link stays
ln -s gone/one.bin lost.bin
ln -s round.bin about.bin
ln -s about.bin round.bin
ln -s self.bin self.bin
ln -s lost.bin to-lost.bin
for link in lost to-lost round self; do
    to=$(readlink $link.bin)
    bm generate nvs.csv $link.bin 16384
    expect_exit 4
    expect_no_stdout
    expect_stderr_lines 1
    expect_stderr_has "$link.bin: is a link, and where it leads no file can be made: "
    [ "$(readlink $link.bin)" = "$to" ] || fail "the link changed"
    bm check $link.bin
    expect_exit 3
done
no_file gone
# what must be new is not made by way of a link
bm generate-key --outdir far --keyfile two.bin
ln -s new.bin far/keys/link.bin
bm generate-key --outdir far --keyfile link.bin
expect_exit 3
expect_stderr_has "is there already"
no_file far/keys/new.bin
rm -r far deep ./link.bin absolute.bin lost.bin to-lost.bin round.bin about.bin self.bin table.csv
if [ "$(id -u)" != 0 ]; then
    chmod 400 keep.bin
    bm generate nvs.csv keep.bin 16384
    expect_exit 4
    expect_stderr_has "keep.bin: cannot be written: Permission denied"
    expect_size 12288 keep.bin
    mkdir locked
    chmod 500 locked
    bm generate nvs.csv locked/x.bin 16384
    expect_exit 4
    expect_stderr_has "no file can be made in its folder: Permission denied"
    no_file locked/x.bin
    rmdir locked
fi
rm -f keep.bin
( # no room for the file: nothing half written stays
    ulimit -f 4
    bm generate nvs.csv half.bin 0x8000
    expect_exit 4
    expect_stderr_has "half.bin: cannot be written: File too large"
) || exit 1
folder_lists nvs.csv bad.csv id.bin

# --- JSON
bm generate --json nvs.csv j.bin 16384
expect_exit 0
for line in '"output": "j.bin"' '"size": 16384' '"version": 2' '"read_only": false' \
    '"namespaces": 1' '"keys": 1' '"pages": 4' '"pages_used": 1' '"entries_used": 3' \
    '"entries_free": 375' '"smallest_size": 12288' '"smallest_read_only_size": 4096'; do
    expect_stdout_has "$line"
done
rm j.bin

# --- dry run: the layout, no file, no values
printf 'wifi_pass,data,string,hunter2\nb,data,blob_fill(4000;0x41),\n' >>nvs.csv
bm generate --dry-run nvs.csv none.bin
expect_exit 0
expect_stdout "page 0 at 0x0, full, 126 of 126 entries
  entry  span  namespace        key              type         bytes
      0     1                   certs            namespace        1
      1     2  certs            name             string           8
      3     2  certs            wifi_pass        string           8
      5   121  certs            b                blob data     3840  chunk 0
page 1 at 0x1000, active, 7 of 126 entries
  entry  span  namespace        key              type         bytes
      0     6  certs            b                blob data      160  chunk 1
      6     1  certs            b                blob index    4000  of 2 chunks
dry run, nothing written: 12288 bytes (0x3000), version 2
  1 namespace, 3 keys
  2 of 3 pages used, one is kept in reserve
  133 entries used, 119 free
  smallest writable size: 12288 (0x3000), read-only: 8192 (0x2000)"
expect_stdout_lacks hunter2
no_file none.bin
bm generate -n nvs.csv
expect_exit 0
bm generate -n nvs.csv 16K
expect_exit 0
expect_stdout_has "16384 bytes"
bm generate -n --json nvs.csv
expect_exit 0
expect_stdout_has '"layout": ['
expect_stdout_has '"type": "blob index"'
expect_stdout_lacks hunter2
bm generate -n bad.csv
expect_exit 3
folder_lists nvs.csv bad.csv id.bin

# --- usage
bm generate
expect_exit 2
expect_stderr_has "needs INPUT.csv and OUTPUT.bin"
bm generate nvs.csv
expect_exit 2
bm generate nvs.csv 16384
expect_exit 2
bm generate --version 3 nvs.csv x.bin
expect_exit 2
expect_stderr_has '--version is 1 or 2, not "3"'
bm generate nvs.csv x.bin 16384 --versoin 1
expect_exit 2
expect_stderr_has "did you mean --version?"
folder_lists nvs.csv bad.csv id.bin
