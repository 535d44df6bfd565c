#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What lua/examples/ftp-lua.lua expects, and what clients are told, beside the
# kernel's own helper; and what neither expects.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=router.sh source-path=SCRIPTDIR
. "$(dirname "$0")/router.sh"
# shellcheck source=ftp.sh source-path=SCRIPTDIR
. "$(dirname "$0")/ftp.sh"

kernels=
if modprobe nf_conntrack_ftp 2>/dev/null && modprobe nf_nat_ftp 2>/dev/null; then
	kernels=ftp
fi

# --- what is expected, as the kernel's helper has it ---
# told HELPER FAMILY MODE COMMAND: what the router expects after a command. The
# helper's name and the seconds that are left may differ, and the client's port.
told() {
	local fd pid n
	firewall tcp 21 "$1" "$3"
	# what was said the last time is not to be taken for it
	: >"$TMP/said"
	# shellcheck disable=SC2094
	coproc FTP { client python3 "$HERE/ftp.py" -s 41000 "$(target "$2" "$3")" "${session[@]}" "$4" "?" >"$TMP/said"; }
	# shellcheck disable=SC2153
	fd=${FTP[1]} pid=$FTP_PID
	n=$((${#session[@]} + 2))
	waits_for 15 eval "[ \$(wc -l <$TMP/said) -ge $n ]"
	EXPECTS=$([ "$2" = 4 ] && echo ipv4 || echo ipv6) expects | sed 's/^[0-9]* //; s/helper=[a-z-]*//'
	tail -n 1 "$TMP/said"
	eval "exec $fd>&-"
	wait "$pid" 2>/dev/null || :
}
if [ -n "$kernels" ]; then
	for mode in plain snat dnat; do
		while read -r family command; do
			mine=$(told ftp-lua "$family" $mode "$command")
			theirs=$(told ftp "$family" $mode "$command")
			is "$mode: $command is expected as by the kernel's" "$mine" "$theirs"
			is "$mode: $command is expected once" "$(grep -c 'proto=6' <<<"$mine")" 1
		done <<-C
			4 PORT 10,88,1,2,160,1
			4 EPRT |1|10.88.1.2|40962|
			4 PASV
			4 EPSV
			6 EPRT |2|fd88:1::2|40963|
			6 EPSV
		C
	done
	# what neither expects
	for command in "PORT 10,88,2,9,160,1" "PORT 10,88,1,2,160" "PORT 10,88,1,2,0,0,0" \
		"EPRT |2|10.88.1.2|40000|" "EPRT |1|10.88.1.2|0|" "EPRT 1110.88.1.21400001" \
		"PORT  10;88;1;2;160;1" "PORTX 10,88,1,2,160,1" "EPRT |1|10.88.1.9|40000|"; do
		is "$command is not expected" "$(told ftp-lua 4 plain "$command" | grep -c proto=6)" 0
	done
else
	skip "expectations as the kernel's" "this kernel has no ftp helper"
fi
ftp_finish
