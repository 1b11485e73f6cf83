#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Bad input of `birthmark generate`: each line of it is told with file, line, column, key, reason and
# remedy, the exit status is 3, and nothing is left behind.
. "$BM_SOURCE/tests/harness/lib.sh"

head='key,type,encoding,value\n'
ns='n,namespace,,\n'

# bad TEXT MESSAGE...: the CSV (printf escapes) is refused with these messages, one line each, and
# the line that says how many there were.
bad() {
    local text=$1 message
    shift
    # shellcheck disable=SC2059 # the text is a format: it has escapes
    printf "$text" >bad.csv
    bm generate bad.csv out.bin 0x4000
    expect_exit 3
    expect_no_stdout
    for message; do
        expect_stderr_has "$message"
    done
    expect_stderr_has "nothing was written"
    expect_stderr_lines $(($# + 1))
    folder_lists bad.csv number.txt text.txt nul.txt latin1.txt folder
}

# row TEXT MESSAGE...: the same for line 3, in namespace n.
row() {
    local text=$1
    shift
    bad "$head$ns$text\n" "$@"
}

printf ' 300 \n' >number.txt
printf 'abc' >text.txt
printf 'a\0b' >nul.txt
printf 'a\351b' >latin1.txt
mkdir folder

# the file as a whole
bad 'key;type;encoding;value\n' "bad.csv:1:1: cells are separated by ';'; use commas"
bad 'key\ttype\tencoding\tvalue\n' "bad.csv:1:1: cells are separated by tabs; use commas"
bad "n,namespace,,\na,data,u8,1\n" "bad.csv:1:1: the header is missing; the first row must be key"
bad 'key,type,encoding\n' "bad.csv:1:1: column 'value' is missing; the first row must name key"
bad '\n# c\nkey,value\n' "bad.csv:3:1: column 'type' is missing" \
    "bad.csv:3:1: column 'encoding' is missing"
bad '\377\376k\0e\0y\0' "bad.csv:1:1: this looks like UTF-16; save the file as UTF-8"
bad "${head}${ns}a,data,string,Gr\374n\n" "bad.csv:3:17: key 'a': byte 0xfc is not UTF-8"
bad "${head}${ns}a,data,string,\"x\ny\374\"\n" "bad.csv:4:2: key 'a': byte 0xfc is not UTF-8"

# quotes
row 'a,data,string,"abc\nb,data,u8,1\n' "bad.csv:3:15: key 'a': this quote is never closed; close it"
row 'a,data,string,"ab"c' "bad.csv:3:19: key 'a': text behind a closing quote; put all of the value"
row 'a,data,string,x,y' "bad.csv:3:17: key 'a': more cells than the header has; put a value with a"

# type and encoding
row 'a,File,u8,1' "bad.csv:3:3: key 'a': unknown type 'File'; did you mean 'file'?"
row 'a,dat,u8,1' "bad.csv:3:3: key 'a': unknown type 'dat'; did you mean 'data'?"
row 'a,u8,data,1' "bad.csv:3:3: key 'a': unknown type 'u8'; write data, file or namespace"
row 'a' "bad.csv:3:1: key 'a': the type is empty; write data, file or namespace"
row ' # note' "bad.csv:3:1: key '# note': the type is empty; write '#' in the first column"
row ',,,x' "bad.csv:3:2: the type is empty; write data, file or namespace"
row 'a,data,,1' "bad.csv:3:8: key 'a': the encoding is empty; write string"
row 'a,data,strnig,1' "bad.csv:3:8: key 'a': unknown encoding 'strnig'; did you mean 'string'?"
row 'a,data,number,1' "bad.csv:3:8: key 'a': unknown encoding 'number'; use u8 to i64"
row 'a,data,u8(1),1' "bad.csv:3:8: key 'a': the encoding u8 has no brackets; remove them"
for e in 'blob_fill' 'blob_fill()' 'blob_fill(4)' 'blob_fill(4;00)' 'blob_fill(4;0x0)' \
    'blob_fill(4;0x000)' 'blob_fill(-4;0x00)' 'blob_fill(4;0x00)x' 'blob_fill(4;0xgg)'; do
    row "a,data,$e," "bad.csv:3:8: key 'a': write this encoding as blob_fill(N;0xHH)"
done

# keys and namespaces
row 'abcdefghijklmnop,data,u8,1' "key 'abcdefghijklmnop': the key has 16 bytes, 15 are the most"
row 'éééééééé,data,u8,1' "bad.csv:3:1: key 'éééééééé': the key has 16 bytes, 15 are the most; shorten"
row ',data,u8,1' "bad.csv:3:1: the key is empty; give it a name of 1 to 15 bytes"
row ' ,namespace,,' "bad.csv:3:1: the namespace is empty; give it a name"
row 'abcdefghijklmnop,namespace,,\nb,data,u8,1' "the namespace has 16 bytes, 15 are the most"
row 'a\001b,data,u8,1' "bad.csv:3:1: key 'a?b': the key has a control character (0x01); remove it"
row '"a\nb",data,u8,1' "bad.csv:3:1: key 'a?b': the key has a control character (0x0a); remove it"
bad "${head}a,data,u8,1\nb,data,u8,2\n" "bad.csv:2:1: key 'a': no namespace is open yet; put a row"
row 'a,data,u8,1\na,data,string,x' \
    "bad.csv:4:1: key 'a': namespace 'n' has this key already, see bad.csv:3; remove one"

# numbers
row 'a,data,u8,' "bad.csv:3:11: key 'a': the value is empty; write a number"
row 'a,data,u8' "bad.csv:3:1: key 'a': the row has no value cell; end it with a comma"
for v in 1.5 1_000 +7 '1 2' 0x 0b1 12a - -- '٣'; do
    row "a,data,u32,$v" "bad.csv:3:12: key 'a': the value is not a whole number; write decimal"
done
while read -r type value range; do
    row "a,data,$type,$value" "key 'a': the number is outside $range; "
done <<'.'
u8 256 0 to 255
u8 -1 0 to 255
u8 0x100 0 to 255
i8 128 -128 to 127
i8 -129 -128 to 127
u16 65536 0 to 65535
i16 -32769 -32768 to 32767
u32 4294967296 0 to 4294967295
i32 2147483648 -2147483648 to 2147483647
u64 18446744073709551616 0 to 18446744073709551615
u64 99999999999999999999999 0 to 18446744073709551615
i64 9223372036854775808 -9223372036854775808 to 9223372036854775807
i64 -9223372036854775809 -9223372036854775808 to 9223372036854775807
.
for v in nan inf 0x1p3 1,5 '1e5 x' .; do
    case $v in
    *,*) row "a,data,double,\"$v\"" "key 'a': the value is not a decimal number" ;;
    *) row "a,data,double,$v" "bad.csv:3:15: key 'a': the value is not a decimal number" ;;
    esac
done
row 'a,data,float,1e39' "key 'a': the number is too large for this encoding"
row 'a,data,double,1e309' "key 'a': the number is too large for this encoding"

# strings and bytes
row 'a,data,string,x\0y' "bad.csv:3:15: key 'a': the text has a NUL byte, where a device would end it"
row 'a,data,hex2bin,abc' "bad.csv:3:16: key 'a': the number of hex digits is odd; write two"
row 'a,data,hex2bin,0g' "key 'a': character 2 is not a hex digit; write hex digits without blanks"
row 'a,data,hex2bin,00 11' "key 'a': character 3 is not a hex digit"
for v in QUI QUI=QUI= 'Q===' '=' 'A' 'QUJD=' 'QQ='; do
    row "a,data,base64,$v" "bad.csv:3:15: key 'a': "
done
row 'a,data,base64,Q*==' "key 'a': character 2 is not of the base64 alphabet; correct the base64"
row 'a,data,blob_fill(2;0x00),abc' "key 'a': the value has 3 bytes, blob_fill(2;...) has room for 2"
row 'a,data,blob_sz_fill(2;0x00),abc' "key 'a': the value has 3 bytes, blob_sz_fill(2;...) has room"
row "a,data,string,$(printf '%04000d' 0)" \
    "key 'a': the value takes 4001 bytes with its NUL, 4000 are the most; store it as a blob"
row 'a,data,blob_fill(508001;0x00),' "key 'a': the value takes 508001 bytes, 508000 are the most"
row 'a,data,blob_fill(999999999;0x00),' "key 'a': the value takes 999999999 bytes, 508000"
for n in 999999999999 99999999999999999999999999999999; do
    row "a,data,blob_fill($n;0x00)," "key 'a': the value takes over 4 GiB, 508000 bytes are the most"
    row "a,data,blob_sz_fill($n;0x00)," "key 'a': the value takes over 4 GiB, 508000 bytes are"
done

# files
row 'a,file,string,none.txt' \
    "bad.csv:3:15: key 'a': there is no file 'none.txt'; paths are relative to the current folder"
row 'a,file,string,' "bad.csv:3:15: key 'a': the file name is empty; write a path"
row 'a,file,string,folder' "key 'a': cannot read file 'folder': Is a directory"
row 'a,file,string,nul.txt' "key 'a': in file 'nul.txt': the text has a NUL byte"
row 'a,file,string,latin1.txt' "key 'a': in file 'latin1.txt': the text is not UTF-8; use binary"
row 'a,file,u8,number.txt' "key 'a': in file 'number.txt': the number is outside 0 to 255"
row 'a,file,u8,text.txt' "key 'a': in file 'text.txt': the value is not a whole number"
row 'a,file,hex2bin,text.txt' "key 'a': in file 'text.txt': the number of hex digits is odd"

# a pipe in a row would be waited for; an open descriptor is the caller's business, and so is /dev/null
mkfifo waits
printf '%b%ba,file,string,waits\n' "$head" "$ns" >bad.csv
run timeout 20 "$BIRTHMARK" generate bad.csv out.bin
expect_exit 3
expect_stderr_has "bad.csv:3:15: key 'a': cannot read file 'waits': it is a pipe, a socket or a terminal"
no_file out.bin
printf '%b%ba,file,string,/dev/fd/9\nb,file,binary,/dev/null\nc,file,string,/dev/stdin\n' "$head" \
    "$ns" >bad.csv
"$BIRTHMARK" generate bad.csv out.bin 9< <(printf nine) < <(printf standard) >/dev/null ||
    fail "descriptors are not read"
bm get out.bin n a
[ "$(cat "$out")" = nine ] || fail "/dev/fd/9 is not what was read"
bm get out.bin n c
[ "$(cat "$out")" = standard ] || fail "/dev/stdin is not what was read"
rm waits out.bin

# files that are no CSV at all
printf '%b%ba,data,u8,1\n' "$head" "$ns" >bad.csv
bm generate bad.csv image.bin
for image in image.bin - later.bin; do
    { head -c 4096 /dev/zero | tr '\0' '\377' && cat image.bin; } >later.bin # first page blank
    run "$BIRTHMARK" generate "$image" out.bin <image.bin
    expect_exit 3
    expect_stderr_has "this is an NVS image, not a CSV; are the arguments in their order?"
    expect_stderr_lacks "UTF-16"
    no_file out.bin
done
rm image.bin later.bin
: >empty.csv
bm generate empty.csv out.bin
expect_exit 3
expect_stderr_has "empty.csv: the file is empty, without a header even"
run "$BIRTHMARK" generate - out.bin </dev/null
expect_exit 3
expect_stderr_has "stdin: the file is empty"
no_file out.bin
rm empty.csv

# all problems in one run, in the order of the file; no cascade from a bad namespace
bad "${head}abcdefghijklmnop,namespace,,\na,data,u8,x\nb,data,strin,y\nm,namespace,,\nc,data,i8,999\n" \
    "bad.csv:2:1: key 'abcdefghijklmnop'" "bad.csv:3:11: key 'a'" "bad.csv:4:8: key 'b'" \
    "bad.csv:6:11: key 'c'"

# more than a hundred: the rest is counted
{
    printf '%b%b' "$head" "$ns"
    for ((i = 0; i < 150; i++)); do echo "k$i,data,u8,999"; done
} >bad.csv
bm generate bad.csv out.bin
expect_exit 3
expect_stderr_has "bad.csv:102:13: key 'k99'"
expect_stderr_lacks "key 'k100'"
expect_stderr_has "and 50 more"
expect_stderr_has "150 errors; nothing was written"

# both inputs are looked at, also one that cannot be read
bm generate bad.csv missing.csv out.bin
expect_exit 3
expect_stderr_has "missing.csv: "
expect_stderr_has "bad.csv:3:12: key 'k0': "
expect_stderr_has "151 errors; nothing was written"
# rows that would go on in a namespace of the missing one are no second error
printf '%ba,data,u8,1\nb,data,u8,300\n' "$head" >two.csv
bm generate missing.csv two.csv gone.csv out.bin
expect_exit 3
expect_stderr_has "two.csv:3:11: key 'b': the number is outside 0 to 255"
expect_stderr_has "gone.csv: cannot be opened: No such file or directory"
expect_stderr_has "3 errors; nothing was written"
expect_stderr_lines 4
bm generate missing.csv gone.csv out.bin
expect_exit 3
expect_stderr_has "2 errors; nothing was written"
no_file out.bin
printf '%b%ba,data,u8,1\n' "$head" "$ns" >one.csv
printf '%ba,data,u8,2\n' "$head" >two.csv
bm generate one.csv two.csv out.bin
expect_exit 3
expect_stderr_has "two.csv:2:1: key 'a': namespace 'n' has this key already, see one.csv:3; remove one"

# a value of a secret never reaches a message
for e in u32 hex2bin base64 string binary double; do
    printf '%b%bpassword,data,%s,"hunter2*!","x"\nother,data,%s,hunter2*!\\xff\n' "$head" "$ns" \
        "$e" "$e" >bad.csv
    bm generate bad.csv out.bin
    expect_stderr_lacks "hunter2"
done
# nor in other columns, where it lands when one is left out
for r in 'wifi_pass,data,hunter2' 'wifi_pass,hunter2,string,x' 'wifi_pass,file,string,hunter2' \
    'wifi_pass,data,hunter2(4;0x00),x' 'client_priv_key_of_device,file,hunter2,hunter2' \
    'a,data,hunter2secret' 'a,hunter2-secret,string,x' 'a,data,hunter2*!,x'; do
    printf '%b%b%s\n' "$head" "$ns" "$r" >bad.csv
    bm generate bad.csv out.bin
    expect_exit 3
    expect_stderr_lacks "hunter2"
done
printf '%b%bwifi_pass,data,hunter2,\n' "$head" "$ns" >bad.csv
bm generate bad.csv out.bin
expect_stderr_has "bad.csv:3:16: key 'wifi_pass': what stands in this column is no encoding; use u8"
printf '%b%bwifi_pass,data,strnig,\n' "$head" "$ns" >bad.csv
bm generate bad.csv out.bin
expect_stderr_has "key 'wifi_pass': what stands in this column is no encoding; did you mean 'string'?"
printf '%b%bwifi_pass,file,string,hunter2\n' "$head" "$ns" >bad.csv
bm generate bad.csv out.bin
expect_stderr_has "key 'wifi_pass': there is no file of the name in this column; paths are relative to"
mkdir hunter2 # and files that are there
bm generate bad.csv out.bin
expect_exit 3
expect_stderr_has "key 'wifi_pass': cannot read file of the name in this column: Is a directory"
expect_stderr_lacks "hunter2"
rmdir hunter2
printf 'x\0' >hunter2
bm generate bad.csv out.bin
expect_exit 3
expect_stderr_has "key 'wifi_pass': in file of the name in this column: the text has a NUL byte"
expect_stderr_lacks "hunter2"
rm -f out.bin hunter2

# too much for the size: which key, and which size would do
{
    printf '%b%b' "$head" "$ns"
    echo "big,data,blob_fill(9000;0x41),"
    echo "small,data,u8,1"
} >bad.csv
bm generate bad.csv out.bin 0x3000
expect_exit 3
expect_stderr_has "bad.csv:3:1: key 'big': does not fit: the data takes 3 pages of 4096 bytes, a size"
expect_stderr_has "of 12288 has 2 for it (one is kept in reserve); give a size of at least 16384 (0x4000)"
no_file out.bin
bm generate bad.csv out.bin 0x4000
expect_exit 0
sed -i 's/9000/4000/' bad.csv
bm generate bad.csv out.bin 0x1000
expect_exit 3
expect_stderr_has "at least 12288 (0x3000), or 8192 for a partition that the device only reads"
sed -i 's/4000/9000/' bad.csv
bm generate --version 1 bad.csv out.bin 0x4000
expect_exit 3
expect_stderr_has "key 'big': the value takes 9000 bytes, 1984 are the most; use --version 2"

# a blob has 127 chunks at most, and those depend on where it starts
{
    printf '%b%b' "$head" "$ns"
    echo "big,data,blob_fill(508000;0x41),"
} >bad.csv
rm -f out.bin
bm generate bad.csv out.bin
expect_exit 3
expect_stderr_has "bad.csv:3:1: key 'big': the value would take 128 chunks"
no_file out.bin
sed -i 's/508000/504000/' bad.csv
bm generate bad.csv out.bin
expect_exit 0

# a name in a message cannot move the cursor
printf '%b%b\033[2J,data,u9,1\n' "$head" "$ns" >bad.csv
bm generate bad.csv out.bin
expect_exit 3
expect_stderr_has "key '?[2J': unknown encoding 'u9'"
