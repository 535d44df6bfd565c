#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lua/examples/ftp-lua.lua between real clients and a real server: plain, behind SNAT
# and DNAT, IPv4 and IPv6.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=router.sh source-path=SCRIPTDIR
. "$(dirname "$0")/router.sh"
need_command curl lftp
# shellcheck source=ftp.sh source-path=SCRIPTDIR
. "$(dirname "$0")/ftp.sh"

# fetch FAMILY MODE OPTION...: with curl
fetch() {
	local host
	host=$(target "$1" "$2")
	[ "$1" = 4 ] || host="[$host]"
	client curl -s -m 20 --no-ftp-skip-pasv-ip "${@:3}" "ftp://$host/file" | sha256sum
}

# --- what comes through ---
for mode in plain snat dnat; do
	firewall tcp 21 ftp-lua $mode
	is "$mode: PASV" "$(fetch 4 $mode --disable-epsv)" "$sum"
	is "$mode: EPSV" "$(fetch 4 $mode)" "$sum"
	is "$mode: PORT" "$(fetch 4 $mode --disable-eprt --ftp-port -)" "$sum"
	is "$mode: EPRT" "$(fetch 4 $mode --ftp-port -)" "$sum"
	is "$mode: IPv6, EPSV" "$(fetch 6 $mode)" "$sum"
	is "$mode: IPv6, EPRT" "$(fetch 6 $mode --ftp-port -)" "$sum"
	for passive in true false; do
		for family in 4 6; do
			host=$(target $family $mode)
			[ $family = 4 ] || host="ftp://[$host]"
			is "$mode: IPv$family, lftp, passive $passive" "$(client lftp -c "set ftp:passive-mode $passive; set net:timeout 10; set net:max-retries 1; open $host; cat file" | sha256sum)" "$sum"
		done
	done
done
router nft delete table inet fw
router nft -f - <<N
table inet fw {
	chain forward {
		type filter hook forward priority filter; policy drop
		ct state established,related accept
		tcp dport 21 accept
	}
}
N
is "without a helper nothing comes" "$(client curl -s -m 2 "ftp://$(target 4 dnat)/file" | wc -c)" 0
ftp_finish
