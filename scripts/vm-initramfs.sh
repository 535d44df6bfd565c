#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# /init of a VM's initramfs, run by busybox: puts the root together from three
# read-only disks (this run's files over the kernel's modules over the
# userland) with a tmpfs for what is written, and goes on there.
export PATH=/bin

fail() {
	echo "nflua-vm: $1" >/dev/console
	reboot -f
}

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do
	insmod "/modules/$module" || fail "can't load $module"
done </modules/order

# disk SERIAL: prints the device whose serial number is SERIAL.
disk() {
	tries=0
	while [ $tries -lt 50 ]; do
		for d in /sys/block/vd*; do
			if [ "$(cat "$d/serial" 2>/dev/null)" = "$1" ]; then
				echo "/dev/${d##*/}"
				return
			fi
		done
		tries=$((tries + 1))
		usleep 100000
	done
	fail "no disk $1"
}

for name in base kernel payload; do
	mount -t ext4 -o ro,noatime "$(disk $name)" /$name ||
		fail "can't mount $name"
done
mount -t tmpfs -o size=80%,mode=755 rw /rw
mkdir /rw/upper /rw/work
mount -t overlay -o lowerdir=/payload:/kernel:/base,upperdir=/rw/upper,workdir=/rw/work \
	root /root || fail "can't mount the root"
mount --move /dev /root/dev
mount --move /proc /root/proc
mount --move /sys /root/sys
exec switch_root /root /usr/lib/nflua-vm/init
