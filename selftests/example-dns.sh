#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The examples that look into DNS, between dig and dnsmasq: dnsblock by a match,
# by a target and by a hook, dnsdoctor, dnslog.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command dig dnsmasq ethtool
topology
EXAMPLES=$TOP/lua/examples

# Every checksum is made by the sender, and the receiver looks at it.
for ns in "$CLIENT" "$SERVER"; do
	in_ns "$ns" ethtool -K veth0 tx off gso off tso off >/dev/null
done

ip netns exec "$SERVER" dnsmasq --keep-in-foreground --no-resolv --no-hosts --conf-file=/dev/null \
	--pid-file= --user=root --log-facility="$TMP/dnsmasq" --bind-interfaces \
	--listen-address=$SERVER4,$SERVER6 \
	--address=/blocked.example/192.0.2.66 --address=/good.example/192.0.2.10 \
	--host-record=www.example,203.0.113.80,2001:db8::80 \
	--host-record=far.example,192.0.2.11,2001:db8::11 \
	--cname=alias.example,www.example \
	--host-record=both.example,203.0.113.80 --host-record=both.example,192.0.2.12 \
	--txt-record=text.example,203.0.113.80 &

# ask ADDRESS NAME TYPE: what dig prints, in order, on one line
ask() {
	client dig "@$1" +tries=1 "+time=${WAIT:-5}" +short "$2" "$3" 2>/dev/null |
		LC_ALL=C sort | paste -sd ' '
}
ready() { [ "$(ask "$SERVER4" good.example A)" = 192.0.2.10 ] && [ "$(ask "$SERVER6" good.example A)" = 192.0.2.10 ]; }
waits_for 20 ready || { not_ok "dnsmasq answers" "$(cat "$TMP/dnsmasq")"; exit 1; }
# no_answer ADDRESS NAME: dig says that it got none
no_answer() { client dig "@$1" +tries=1 +time=1 "$2" A | grep -Eq 'timed out|no servers could be reached'; }

# --- dnsblock --------------------------------------------------------------

# blocks HOW: what is blocked gets no answer, the rest does, over both families.
blocks() {
	local how=$1 address
	for address in $SERVER4 $SERVER6; do
		is "$how: another name is answered over $address" "$(ask "$address" good.example A)" 192.0.2.10
		check "$how: a blocked one is not" no_answer "$address" BLOCKED.example
		check "$how: nor one below it" no_answer "$address" a.b.blocked.example
		is "$how: one that only ends so is" "$(ask "$address" notblocked.example TXT)" ""
	done
}
check "dnsblock loads" nfluactl -n "$CLIENT" load "$EXAMPLES/dnsblock.lua"
for how in "-m lua --script dnsblock -j DROP" "-j LUA --script dnsblock"; do
	for ipt in iptables ip6tables; do
		# shellcheck disable=SC2086
		client $ipt -A OUTPUT -p udp --dport 53 $how
	done
	blocks "${how%% --*}"
	for ipt in iptables ip6tables; do client $ipt -F; done
done
is "the match and the target had as many" "$(counts "$CLIENT" dnsblock)" \
	"match dnsblock calls=8 match=4 nomatch=4
target dnsblock calls=8 drop=4 continue=4"
check "unloads" nfluactl -n "$CLIENT" unload dnsblock
sed 's/HOOK <const> = false/HOOK <const> = true/' "$EXAMPLES/dnsblock.lua" >"$TMP/dnsblock.lua"
check "with a hook it loads" nfluactl -n "$CLIENT" load "$TMP/dnsblock.lua"
blocks "hook"
is "no error" "$(field "$CLIENT" dnsblock '[.entries[].last_error | select(. != null)] | length')" 0
check "unloads" nfluactl -n "$CLIENT" unload dnsblock
blocked_no_more() { [ "$(ask "$SERVER4" blocked.example A)" = 192.0.2.66 ]; }
check "and the blocked name is answered" blocked_no_more

# --- dnslog ----------------------------------------------------------------

nfluactl -n "$SERVER" monitor log >"$TMP/log" 2>&1 &
monitors=$!
check "dnslog loads" ctl load "$EXAMPLES/dnslog.lua"
nfluactl -n "$CLIENT" monitor log >"$TMP/clientlog" 2>&1 &
monitors+=" $!"
check "at the client, too" nfluactl -n "$CLIENT" load "$EXAMPLES/dnslog.lua"
# logged FILE PATTERN: a line is there; asks until it is, for the monitor begins
# when it pleases.
logged() {
	ask "$SERVER6" www.example AAAA >/dev/null
	ask "$SERVER4" nowhere.test MX >/dev/null
	grep -Eq "$2" "$1"
}
tab=$(printf '\t')
for line in "$TMP/log|[0-9]+${tab}query${tab}www.example[.]${tab}AAAA" "$TMP/log|[0-9]+${tab}query${tab}nowhere.test[.]${tab}MX" \
	"$TMP/clientlog|[0-9]+${tab}answer 0${tab}www.example[.]${tab}AAAA" \
	"$TMP/clientlog|[0-9]+${tab}answer [1-9]${tab}nowhere.test[.]${tab}MX"; do
	check "dnslog: ${line#*|}" waits_for 20 logged "${line%%|*}" "${line#*|}"
done
is "no error" "$(for ns in "$CLIENT" "$SERVER"; do field "$ns" dnslog '.entries[0].last_error'; done | sort -u)" null
# shellcheck disable=SC2086
kill $monitors
check "unloads" ctl unload dnslog
check "unloads" nfluactl -n "$CLIENT" unload dnslog

# --- dnsdoctor -------------------------------------------------------------

answers() {
	local address
	for address in $SERVER4 $SERVER6; do
		ask "$address" www.example A
		ask "$address" www.example AAAA
		ask "$address" alias.example A
		ask "$address" alias.example AAAA
		ask "$address" both.example A
		ask "$address" far.example A
		ask "$address" far.example AAAA
		ask "$address" text.example TXT
	done
}
original='203.0.113.80
2001:db8::80
203.0.113.80 www.example.
2001:db8::80 www.example.
192.0.2.12 203.0.113.80
192.0.2.11
2001:db8::11
"203.0.113.80"'
doctored=$(sed -e '/^"/!s/203.0.113.80/10.77.0.80/' -e 's/2001:db8::80/fd77::80/' <<<"$original")
doctored=${doctored/192.0.2.12 10.77.0.80/10.77.0.80 192.0.2.12}
is "answers as they are" "$(answers)" "$original"$'\n'"$original"
check "dnsdoctor loads" nfluactl -n "$CLIENT" load "$EXAMPLES/dnsdoctor.lua"
is "answers with other addresses, which dig accepts" "$(answers)" "$doctored"$'\n'"$doctored"
is "no error" "$(field "$CLIENT" dnsdoctor '.entries[0].last_error')" null
is "no checksum was wrong" "$(client cat /proc/net/snmp /proc/net/snmp6 |
	awk '/^Udp: [A-Z]/ { for (i = 2; i <= NF; i++) if ($i == "InCsumErrors") n = i }
		/^Udp: [0-9]/ { print $n } /^Udp6InCsumErrors/ { print $2 }' | paste -sd ' ')" "0 0"
check "unloads" nfluactl -n "$CLIENT" unload dnsdoctor
finish
