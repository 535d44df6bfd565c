#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What lua/examples/ftp-lua.lua expects, what clients are told and what they get,
# beside the kernel's own helper; and what neither expects.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=router.sh source-path=SCRIPTDIR
. "$(dirname "$0")/router.sh"
need_command curl
# shellcheck source=ftp.sh source-path=SCRIPTDIR
. "$(dirname "$0")/ftp.sh"

kernels=
if modprobe nf_conntrack_ftp 2>/dev/null && modprobe nf_nat_ftp 2>/dev/null; then
	kernels=ftp
fi

# --- what is expected, as the kernel's helper has it ---
# told HELPER FAMILY MODE COMMAND...: what the router expects after these commands,
# and the last one's answer. The helper's name and the seconds that are left may
# differ, and the client's port.
told() {
	local fd pid n
	firewall tcp 21 "$1" "$3"
	# what was said the last time is not to be taken for it
	: >"$TMP/said"
	# shellcheck disable=SC2094
	coproc FTP { client python3 "$HERE/ftp.py" -s 41000 "$(target "$2" "$3")" "${session[@]}" "${@:4}" "?" >"$TMP/said"; }
	# shellcheck disable=SC2153
	fd=${FTP[1]} pid=$FTP_PID
	n=$((${#session[@]} + $# - 2))
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
		# of two the older goes: max is 1, as the kernel's is
		mine=$(told ftp-lua 4 $mode "PORT 10,88,1,2,160,1" "PORT 10,88,1,2,160,2")
		is "$mode: of two as many are expected as by the kernel's" "$mine" \
			"$(told ftp 4 $mode "PORT 10,88,1,2,160,1" "PORT 10,88,1,2,160,2")"
		is "$mode: which is the newer one" "$(grep -c 'proto=6' <<<"$mine") $(grep -c 'dport=40962' <<<"$mine")" "1 1"
	done
	# what comes through, and what either end is told on the way, but for the ports
	# that they choose and the times that they tell
	talk() {
		local host
		host=$(target "$2" "$3")
		[ "$2" = 4 ] || host="[$host]"
		firewall tcp 21 "$1" "$3"
		client curl -sv -m 20 --no-ftp-skip-pasv-ip "${@:4}" "ftp://$host/file" 2>"$TMP/talk" | sha256sum
		sed -nE 's/\r$//; /^[<>] /{s/[0-9]+,[0-9]+\)/P)/; s/,[0-9]+,[0-9]+$/,P/; s/\|[0-9]+\|(\)|$)/|P|\1/; p}' "$TMP/talk"
	}
	for mode in plain snat dnat; do
		while read -r family options; do
			# shellcheck disable=SC2086
			mine=$(talk ftp-lua "$family" $mode $options)
			# shellcheck disable=SC2086
			theirs=$(talk ftp "$family" $mode $options)
			is "$mode, IPv$family, ${options:-EPSV}: the file comes as by the kernel's" "$(head -n 1 <<<"$mine") $(head -n 1 <<<"$theirs")" "$sum $sum"
			is "$mode, IPv$family, ${options:-EPSV}: and the same is said" "$mine" "$theirs"
			check "$mode, IPv$family, ${options:-EPSV}: which is much" [ "$(wc -l <<<"$mine")" -ge 10 ]
		done <<-C
			4 --disable-epsv
			4
			4 --disable-eprt --ftp-port -
			4 --ftp-port -
			6
			6 --ftp-port -
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
