#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# PID 1 of a VM: mounts what programs expect, runs the command that the host
# left in argv with its output on the host's ports, reports its status, ends
# the machine.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root USER=root LOGNAME=root SHELL=/bin/bash LANG=C.UTF-8 TERM=dumb
here=/usr/lib/nflua-vm

mount -t tmpfs -o mode=755 run /run
mkdir -p /run/lock /run/netns /dev/pts /dev/shm
mount -t devpts -o ptmxmode=666,gid=5,mode=620 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t tmpfs -o mode=1777 tmp /tmp
mount -t cgroup2 cgroup /sys/fs/cgroup 2>/dev/null
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
for l in 0:stdin 1:stdout 2:stderr; do
	[ -e "/dev/${l#*:}" ] || ln -s "/proc/self/fd/${l%:*}" "/dev/${l#*:}"
done
[ -e /dev/fd ] || ln -s /proc/self/fd /dev/fd
echo nflua >/proc/sys/kernel/hostname
ip link set lo up
umask 022

# port NAME: prints the device of the virtio port of that name.
port() {
	local p name
	for p in /sys/class/virtio-ports/*; do
		read -r name <"$p/name" 2>/dev/null
		[ "$name" = "$1" ] && echo "/dev/${p##*/}" && return
	done
	echo /dev/console
}

exec 3>"$(port ctl)"
mapfile -d '' -t argv <$here/argv
cd /nflua || cd /
echo ready >&3
if [ -f $here/interactive ]; then
	# shellcheck source=/dev/null
	. $here/interactive
	export TERM
	# the terminal forgets its size when nobody has it open
	exec 4<>/dev/hvc0
	stty rows "$ROWS" cols "$COLUMNS" <&4
	unset ROWS COLUMNS
	(exec 3>&- 4>&-; exec setsid -c -w "${argv[@]}" </dev/hvc0 >/dev/hvc0 2>&1)
	status=$?
else
	(exec 3>&-; exec setsid -w "${argv[@]}" </dev/null \
		>"$(port stdout)" 2>"$(port stderr)")
	status=$?
fi
echo "exit $status" >&3
# A reset ends QEMU on every kernel; power-off needs ACPI.
busybox reboot -f 2>/dev/null || echo b >/proc/sysrq-trigger
