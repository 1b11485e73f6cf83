#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# birthmark ports: what is plugged in, and what is said when nothing is.
. "$BM_SOURCE/tests/harness/lib.sh"

bm ports --json
case $status in
0 | 1) ;;
*) fail "exit $status" ;;
esac
head -c 1 "$out" | grep -q '\[' || fail "no JSON array"
bm ports extra
expect_exit 2
expect_stderr_has "takes no arguments"

[ "$(id -u)" -eq 0 ] || skip "the rest needs root"
unshare -m mount --make-rprivate / 2>/dev/null || skip "the rest needs a mount namespace"
fake() {
    run unshare -m bash "$BM_SOURCE/tests/harness/fake_usb.sh" "$@"
}

fake 10c4:ea60 /dev/null "$BIRTHMARK" ports
expect_exit 0
expect_no_stderr
cat >wanted <<'T'
/dev/ttyUSB0  10c4:ea60  CP210x bridge, "A bridge with an escape \x1b[31m", serial number 7CDFA1001122
  /dev/serial/by-id/usb-Some_Maker_7CDFA1001122-if00-port0
  /dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0
T
expect_same "$out" wanted

fake 303a:1001 /dev/null "$BIRTHMARK" ports
expect_exit 0
grep -q 'USB-Serial/JTAG of the chip itself (ESP32-C3' "$out" || fail "no chip named"

fake 303a:1001 /dev/null "$BIRTHMARK" ports --all
grep -qx /dev/ttyS7 "$out" || fail "--all lists no plain UART"

fake 1a86:7523 /dev/null "$BIRTHMARK" ports --json
expect_exit 0
for field in '"name": "/dev/ttyUSB0"' '"vid": "1a86"' '"pid": "7523"' '"device": "CH340 bridge"' \
    '"serial": "7CDFA1001122"' '"by_id": "/dev/serial/by-id/usb-Some'; do
    grep -qF "$field" "$out" || fail "JSON without $field"
done

# Nothing there, not even a /sys to look into.
mkdir empty
cat >without <<'SH'
mount --make-rprivate / && mount --bind empty "$1" && shift && exec "$@"
SH
run unshare -m sh without /sys/class/tty "$BIRTHMARK" ports
expect_exit 1
expect_no_stdout
expect_stderr_has "no board is plugged in"
run unshare -m sh without /sys "$BIRTHMARK" ports --json
expect_exit 1
[ "$(tr -d ' \n' <"$out")" = '[]' ] || fail "JSON of nothing: $(cat "$out")"
