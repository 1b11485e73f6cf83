#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fake_usb.sh VID:PID DEVICE COMMAND...: runs a command that sees DEVICE (a pty) as /dev/ttyUSB0 of a
# USB device, by a /sys/class/tty and a /dev of its own. Needs root: run it by `unshare -m`.
set -e
id=$1 device=$2
shift 2
mount --make-rprivate /
root=$(mktemp -d "$PWD/fake_usb.XXXXXX") # where the test runs: it is gone with that
mount -t tmpfs none "$root"
usb=$root/usb/1-1
mkdir -p "$usb/1-1:1.0/ttyUSB0" "$root"/tty/{ttyUSB0,ttyS7} "$root"/serial8 "$root"/dev/{pts,serial/by-id,serial/by-path}
row() { echo "$2" >"$usb/$1"; }
row busnum 1
row devnum 5
row idVendor "${id%:*}"
row idProduct "${id#*:}"
row manufacturer "Some Maker"
row product "A bridge with an escape "$'\033'"[31m"
row serial 7CDFA1001122
ln -s "$usb/1-1:1.0/ttyUSB0" "$root/tty/ttyUSB0/device"
ln -s "$root/serial8" "$root/tty/ttyS7/device"
touch "$root/dev/ttyUSB0" "$root"/dev/{null,ttyS7}
mount --bind /dev/null "$root/dev/null"
mount --bind "$device" "$root/dev/ttyUSB0"
mount --rbind /dev/pts "$root/dev/pts"
ln -s ../../ttyUSB0 "$root/dev/serial/by-id/usb-Some_Maker_7CDFA1001122-if00-port0"
ln -s ../../ttyUSB0 "$root/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0"
mount --bind "$root/tty" /sys/class/tty
mount --rbind "$root/dev" /dev
exec "$@"
