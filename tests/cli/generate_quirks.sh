#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What docs/compatibility.md says of each quirk of the reference generator, line by line (A1 to A22,
# B1 to B8). "Same image as" compares with a plain way of writing it, which golden/nvs pins.
. "$BM_SOURCE/tests/harness/lib.sh"
need od

head='key,type,encoding,value\n'
ns='n,namespace,,\n'

# make FILE TEXT [ARG...]: an image from CSV text (printf escapes), which must be good.
make() {
    local file=$1 text=$2
    shift 2
    # shellcheck disable=SC2059 # the text is a format: it has escapes
    printf "$text" >in.csv
    bm generate in.csv "$file" "$@"
    expect_exit 0
}

# same TEXT TEXT: both give the same image.
same() {
    make a.bin "$1" 0x4000
    make b.bin "$2" 0x4000
    expect_same a.bin b.bin
}

# same_rows ROWS ROWS: the same below the header and a namespace.
same_rows() {
    same "$head$ns$1\n" "$head$ns$2\n"
}

# refused TEXT MESSAGE
refused() {
    # shellcheck disable=SC2059
    printf "$1" >in.csv
    bm generate in.csv no.bin 0x4000
    expect_exit 3
    expect_stderr_has "$2"
    no_file no.bin
}

# holds FILE NAMESPACE KEY VALUE: read back by `birthmark get`.
holds() {
    bm get "$1" "$2" "$3"
    expect_exit 0
    [ "$(cat "$out")" = "$4" ] || fail "$3 does not hold: $4"
}

# bytes FILE OFFSET HEX: these bytes stand there.
bytes() {
    local got
    got=$(od -An -v -tx1 -j "$2" -N $((${#3} / 2)) "$1" | tr -d ' \n')
    [ "$got" = "$3" ] || fail "$1 at $2: $got, expected $3"
}

# entry N: offset of an entry of page 0.
entry() {
    echo $((64 + 32 * $1))
}

# A1: a namespace opened again gets its own rows, and no second entry; over inputs as well
make a.bin "${head}a,namespace,,\nk1,data,u8,1\nb,namespace,,\nk2,data,u8,2\na,namespace,,\nk3,data,u8,3\n"
holds a.bin a k3 3
bm get a.bin b k3
expect_exit 1
bytes a.bin "$(entry 4)" 010101ff
bytes a.bin "$(entry 5)" ffffffff
printf '%ba,namespace,,\nk1,data,u8,1\nb,namespace,,\nk2,data,u8,2\n' "$head" >one.csv
printf '%bk4,data,u8,4\na,namespace,,\nk3,data,u8,3\n' "$head" >two.csv
bm generate one.csv two.csv a.bin
expect_exit 0
holds a.bin a k3 3
holds a.bin b k4 4

# A2: a value before any namespace
refused "${head}k,data,u8,1\n${ns}" "key 'k': no namespace is open yet"

# A3: a key twice in a namespace, of whatever type; twice in two namespaces is good
refused "$head${ns}k,data,u8,1\nk,data,string,x\n" "key 'k': namespace 'n' has this key already, see in.csv:3"
make a.bin "$head${ns}k,data,u8,1\nm,namespace,,\nk,data,u8,2\nn,data,u8,3\n"
holds a.bin n k 1
holds a.bin m k 2

# A4: 15 bytes, not characters
refused "$head${ns}ééééééé1x,data,u8,1\n" "the key has 16 bytes"
make a.bin "$head${ns}ééééééé1,data,u8,7\n"
holds a.bin n ééééééé1 7
[ "$(stat -c %s a.bin)" = 12288 ] || fail "the image has another size"

# A5: empty names
refused "$head$ns,data,u8,1\n" "the key is empty"
refused "$head,namespace,,\n" "the namespace is empty"

# A6: 254 namespaces
{
    printf '%b' "$head"
    for ((i = 1; i <= 254; i++)); do printf 'n%d,namespace,,\nk,data,u8,%d\n' $i $((i % 256)); done
} >in.csv
bm generate in.csv a.bin
expect_exit 0
holds a.bin n254 k 254
printf 'n255,namespace,,\nk,data,u8,1\nn1,namespace,,\nk2,data,u8,1\nn256,namespace,,\n' >>in.csv
bm generate in.csv no.bin
expect_exit 3
expect_stderr_has "in.csv:510:1: key 'n255': there are 254 namespaces already, and no more can be; use"
expect_stderr_has "in.csv:514:1: key 'n256': there are 254 namespaces already"
no_file no.bin

# A7: the type is one of three words
refused "$head${ns}k,File,string,in.csv\n" "unknown type 'File'; did you mean 'file'?"
refused "$head${ns}k,dat,u8,1\n" "unknown type 'dat'; did you mean 'data'?"
refused "$head${ns}k,NAMESPACE,u8,1\n" "unknown type 'NAMESPACE'; did you mean 'namespace'?"
same_rows 'k, data ,u8,1' 'k,data,u8,1'
same_rows 'k,Data,string,abc' 'k,data,string,abc'
same_rows 'k,DATA,u8,1' 'k,data,u8,1'

# A8: capital names of encodings mean the same
same_rows 'k,data,STRING,abc' 'k,data,string,abc'
same_rows 'k,data,HEX2BIN,0aff' 'k,data,hex2bin,0aff'
same_rows 'k,data,Base64,QUI=' 'k,data,base64,QUI='
same_rows 'k,data,U16,7' 'k,data,u16,7'
same_rows 'k,data,BLOB_FILL(4;0xAB),x' 'k,data,blob_fill(4;0xab),x'

# A9: '#' inside a quoted value is text
make a.bin "$head${ns}k,data,string,\"one\n#two\nthree\"\n#k2,data,u8,1\nk3,data,u8,3\n"
holds a.bin n k $'one\n#two\nthree'
bm get a.bin n k2
expect_exit 1

# A10: a quote that is never closed
refused "$head${ns}k,data,string,\"abc\nl,data,u8,1\n" "in.csv:3:15: key 'k': this quote is never closed"

# A11: CR LF in a file of CR LF lines becomes LF, and is said; other files keep their bytes
make a.bin 'key,type,encoding,value\r\nn,namespace,,\r\nk,data,string,"x\r\ny"\r\n'
expect_stderr_has "in.csv:3: note: the file has CR LF or CR line ends: those inside quoted values become LF"
make b.bin "$head${ns}k,data,string,\"x\ny\"\n"
expect_no_stderr
expect_same a.bin b.bin
make b.bin 'key,type,encoding,value\rn,namespace,,\rk,data,string,"x\ry"\r'
expect_same a.bin b.bin
make a.bin "$head${ns}k,data,hex2bin,780d0a790d7a\n"
make b.bin "$head${ns}k,data,binary,\"x\r\ny\rz\"\n"
expect_no_stderr
expect_same a.bin b.bin
printf 'x\r\ny' >crlf.txt
same_rows 'k,file,binary,crlf.txt' 'k,data,hex2bin,780d0a79'

# A12: text as binary has its size in bytes
same_rows 'k,data,binary,é日' 'k,data,hex2bin,c3a9e697a5'

# A13: the Wi-Fi driver's keys, in its own namespace only
make a.bin "$head${ns}sta.ssid,data,string,x\nap.ssid,data,string,x\nap.passwd,data,string,y\nap.authmode,data,u8,3\n"
bm generate -n in.csv
expect_stdout_lacks "sta.apinfo"
expect_stdout_lacks "pmk"
wifi="${head}nvs.net80211,namespace,,\n"
printf 'orchard' >ssid.txt
make a.bin "${wifi}sta.ssid,file,string,ssid.txt\nsta.pswd,data,string,x\n"
holds a.bin nvs.net80211 sta.ssid orchard
bm generate -n in.csv
expect_stdout_has "sta.apinfo       blob data      140  chunk 0, added for the Wi-Fi driver"
expect_stdout_has "sta.pmk          blob data       32"
expect_stdout_has "sta.apsw         blob data        2"
[ "$(grep -c 'sta.pmk .*blob data' "$out")" = 1 ] || fail "sta.pmk is there more than once"
# ap.pmk_info: once, before the third of its keys; PBKDF2 as IEEE 802.11i's test vector has it
pmk=f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e
ap='ap.ssid,data,string,IEEE\nap.passwd,data,string,password\n'
same "${wifi}${ap}ap.authmode,data,u8,3\nap.chan,data,u8,6\n" \
    "${wifi}${ap}ap.pmk_info,data,hex2bin,$(printf '%0200d' 0)$pmk\nap.authmode,data,u8,3\nap.chan,data,u8,6\n"
printf 'IEEE' >ssid.txt
same "${wifi}${ap}ap.authmode,data,u8,3\n" \
    "${wifi}ap.ssid,file,string,ssid.txt\nap.passwd,data,string,password\nap.authmode,data,u8,3\n"
make a.bin "${wifi}${ap}ap.authmode,data,u8,0\n"
bm generate -n in.csv
expect_stdout_lacks pmk_info
# what the inputs give goes before what is derived, wherever it stands
make a.bin "${wifi}sta.pmk,data,u8,9\nsta.ssid,data,string,x\nsta.apsw,data,u8,8\n"
holds a.bin nvs.net80211 sta.pmk 9
holds a.bin nvs.net80211 sta.apsw 8
bm generate -n in.csv
[ "$(grep -c 'sta.apsw' "$out")" = 1 ] || fail "sta.apsw is there twice"
make a.bin "${wifi}ap.ssid,data,hex2bin,49454545\nap.passwd,data,string,password\nap.authmode,data,u8,3\n"
expect_stderr_has "warning: key 'ap.authmode': ap.pmk_info is not derived from hex2bin or base64"

# A14: base64 is strict, blanks and line ends aside
refused "$head${ns}k,data,base64,Q*UI=\n" "is not of the base64 alphabet"
refused "$head${ns}k,data,base64,QUI=QUI=\n" "is behind the padding"
same_rows 'k,data,base64," QU\n I = "' 'k,data,hex2bin,4142'

# A15: decimal and 0x, nothing else
same_rows 'k,data,u32,0x10' 'k,data,u32,16'
same_rows 'k,data,i8,-0x80' 'k,data,i8,-128'
same_rows 'k,data,u16, 00042 ' 'k,data,u16,42'
for v in 1_000 +7 0b1 $'\u0663' $'\uff13'; do # Arabic-Indic and full-width 3
    refused "$head${ns}k,data,u32,$v\n" "the value is not a whole number"
done
printf ' 77 \n' >number.txt
same_rows 'k,file,u32,number.txt' 'k,data,u32,77'

# A16: nothing may stand behind an encoding
refused "$head${ns}k,data,blob_fill(4;0x00)x,\n" "write this encoding as blob_fill(N;0xHH)"

# A17: NUL in a string
refused "$head${ns}k,data,string,x\0y\n" "the text has a NUL byte"

# A18: no rows, columns twice
make a.bin '# nothing\n' 0x3000
expect_stderr_has "in.csv: warning: the file has no rows"
bytes a.bin 0 feffffff00000000fe
make b.bin "$head,,,\n" 0x3000
expect_stderr_has "in.csv: warning: the file has no rows"
expect_same a.bin b.bin
make a.bin "key,type,value,encoding,value\nn,namespace,,,\nk,data,1,u8,2\n"
expect_stderr_has "in.csv:1:25: warning: column 'value' is there twice; the last one counts"
holds a.bin n k 2

refused '' "in.csv: the file is empty, without a header even"

# A19: as long as the partition
make a.bin "$head${ns}k,data,u8,1\n" 0x2000
[ "$(stat -c %s a.bin)" = 8192 ] || fail "not padded to the size"
bytes a.bin 4096 ffffffffffffffff

# A20: 127 chunks
{
    printf '%b%b' "$head" "$ns"
    echo "k,data,blob_fill(507969;0x00),"
} >in.csv
bm generate in.csv no.bin
expect_exit 3
expect_stderr_has "key 'k': the value would take 128 chunks"
sed -i 's/507969/507968/' in.csv # 3968 bytes in the first page, then 126 pages of 4000
bm generate in.csv a.bin
expect_exit 0
bm generate -n in.csv
expect_stdout_has "507968  of 127 chunks"

# A21: one entry left: a chunk of no bytes, as the reference has it
{
    printf '%b%b' "$head" "$ns"
    for ((i = 0; i < 124; i++)); do echo "k$i,data,u8,1"; done
    echo "blob,data,hex2bin,0102"
} >in.csv
bm generate in.csv a.bin
expect_exit 0
bytes a.bin "$(entry 125)" 01420100
bytes a.bin 4096 feffffff01000000
bytes a.bin $((4096 + 64)) 01420201

# A22: .bin, or no extension
bm generate in.csv out.binary
expect_exit 2
expect_stderr_has "OUTPUT out.binary must end in .bin"

# Where values go: two keys of the last page that ESP-IDF's library confuses: the same bytes, with a warning
pair='host_id,data,u8,1\nname_zone1,data,u8,2\n'
make a.bin "$head$ns$pair"
expect_stderr_lines 1
expect_stderr_has "in.csv:4:1: warning: key 'name_zone1': ESP-IDF's library takes this key for 'host_id'"
expect_stderr_has "(in.csv:3): both have the same 24-bit hash in the last page, and 'host_id' is erased at"
expect_stderr_has "the next start; rename one of them"
bm check a.bin # which finds it on its own
expect_exit 1
expect_stdout_has 'cannot tell this key from "host_id"'
make b.bin "$head${ns}host_id,data,u8,1\nm,namespace,,\nname_zone1,data,u8,2\n"
expect_no_stderr
make b.bin "$head$ns${pair}x,data,blob_fill(3900;0x00),\n" # the page is full: not looked at
expect_no_stderr
bm check b.bin
expect_exit 0

# The CSV: rows of blank cells
make a.bin ",,,\n$head,,,\n$ns\"\",,,\nk,data,u8,1\n , ,\n,\n\302\240,,\n,,,,,,\n"
expect_no_stderr
make b.bin "$head${ns}k,data,u8,1\n"
expect_same a.bin b.bin

# The CSV: no-break spaces of a spreadsheet
make a.bin "$head${ns}k\302\240,data\302\240,\302\240 u8,\302\2405\302\240\n"
expect_stderr_lines 4
expect_stderr_has "in.csv:3:4: warning: key 'k': a no-break space (U+00A0) beside the text of this cell is"
make b.bin "$head${ns}k,data,u8,5\n"
expect_same a.bin b.bin
make a.bin "$head${ns}k,data,string,\302\240x\n" # part of a string, as other blanks are
holds a.bin n k $'\u00a0x'
expect_no_stderr

# B1: a string of 3968 to 3999 characters takes a page of its own
for n in 3967 3968 3999; do
    make a.bin "$head${ns}k,data,string,$(printf "%0${n}d" 0)\n"
    bm get a.bin n k
    expect_exit 0
    [ "$(head -c $n "$out" | wc -c)" = $n ] || fail "a string of $n characters"
done
bytes a.bin $((4096 + 64)) 01217eff

# B2: a string that would fill a page to its last entry goes to the next one, as in the reference
{
    printf '%b%b' "$head" "$ns"
    for ((i = 0; i < 123; i++)); do echo "k$i,data,u8,1"; done
    echo "s,data,string,x"
} >in.csv
bm generate in.csv a.bin
expect_exit 0
bytes a.bin $((4096 + 64)) 012102ff
sed -i '/^k122/d' in.csv
bm generate in.csv a.bin
expect_exit 0
bytes a.bin "$(entry 123)" 012102ff

# B3: messages for what gave tracebacks: generate_errors.sh has them all
refused "$head${ns}k,data,u8,256\n" "in.csv:3:11: key 'k': the number is outside 0 to 255"

# B4: nothing half made stays, and an earlier image is kept
make a.bin "$head${ns}k,data,u8,1\n"
cp a.bin b.bin
printf '%b%bk,data,u8,999\n' "$head" "$ns" >in.csv
bm generate in.csv a.bin
expect_exit 3
expect_same a.bin b.bin

# B5: a bad size is an error; K and M are good
bm generate in.csv no.bin 12X
expect_exit 2
no_file no.bin

# B6: errors on stderr
bm generate in.csv no.bin
expect_no_stdout

# B7: BOM, capitals and blanks in the header; in each input
same "\357\273\277Key , TYPE,Encoding,value   \n${ns}k,data,u8,1\n" "$head${ns}k,data,u8,1\n"
printf '\357\273\277%b%b' "$head" "$ns" >one.csv
printf '\357\273\277#c\n%bk,data,u8,1\n' "$head" >two.csv
bm generate one.csv two.csv a.bin 0x4000
expect_exit 0
expect_same a.bin b.bin

# B8: a blob that fills the last page leaves none for its index: said with the size that would do
{
    printf '%b%b' "$head" "$ns"
    echo "k,data,blob_fill(7968;0x00),"
} >in.csv
bm generate in.csv no.bin 0x3000
expect_exit 3
expect_stderr_has "key 'k': does not fit: the data takes 3 pages"
expect_stderr_has "give a size of at least 16384 (0x4000)"
no_file no.bin
sed -i 's/7968/7936/' in.csv
bm generate in.csv a.bin 0x3000
expect_exit 0
