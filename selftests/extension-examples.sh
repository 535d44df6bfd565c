#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The extensions of lua/examples, in the notation of iptables' own tests.
# Functions that others call look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=extensions/lib.sh source-path=SCRIPTDIR
. "$HERE/extensions/lib.sh"
need_module
need_extensions
topology

PAGE=$TOP/userspace/man/nflua-extension.7
# words FILE: without how its lines are broken
words() { tr -s ' \n' ' ' <"$1"; }

for file in "$TOP"/lua/examples/*.lua; do
	grep -q 'nf:extension{' "$file" || continue
	name=$(nfluactl -j extension show "$file" | jq -r '.[0].name')
	for t in "$HERE/extensions/$name.t" "$HERE/extensions/${name}4.t"; do
		[ -f "$t" ] && break
	done
	if [ ! -f "$t" ]; then
		not_ok "$name: there are tests in selftests/extensions/$name.t"
		continue
	fi
	install_extension "$file"
	for ipt in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do
		if ! tables $ipt; then
			skip "$ipt" "no such tables here"
			continue
		fi
		for t in "$HERE/extensions/$name.t" "$HERE/extensions/${name}4.t" \
			"$HERE/extensions/${name}6.t"; do
			case $t:$ipt in
			*4.t:ip6* | *6.t:iptables*) continue ;;
			esac
			[ ! -f "$t" ] || run_t "$t" $ipt
		done
	done
	"iptables${ipt#ip6tables}" -m "$name" --help >"$TMP/help" 2>/dev/null ||
		"iptables${ipt#ip6tables}" -j "$name" --help >"$TMP/help"
	nfluactl extension show "$name" | sed '1,/^$/d' | sed '/^$/,$d' >"$TMP/shown"
	is "$name: show prints iptables' help" "$(tail -n "$(wc -l <"$TMP/shown")" "$TMP/help")" \
		"$(cat "$TMP/shown")"
	sed -n "/^$(head -n 1 "$TMP/shown")\$/,/^\.Ed/{/^\.Ed/d;p}" "$PAGE" >"$TMP/page"
	is "$name: nflua-extension(7) shows it" "$(words "$TMP/page")" "$(words "$TMP/shown")"
done

# --- what they do with packets ---
for ipt in iptables-nft iptables-legacy; do
	! tables $ipt || break
done
six=ip6$(echo "$ipt" | cut -c 3-)
# hits IPTABLES N: packets that the Nth rule of INPUT has met
hits() { server "$1" -nvxL INPUT "$2" | awk '{ print $1 }'; }
# hits_are WHAT IPTABLES N WANTED
hits_are() {
	hit() { [ "$(hits "$1" "$2")" = "$3" ]; }
	waits_for 10 hit "$2" "$3" "$4"
	is "$1" "$(hits "$2" "$3")" "$4"
}
server "$ipt" -A INPUT -p udp -m portset ! --ports 22,4000:4001 -j ACCEPT
server "$ipt" -A INPUT -p udp -m portset --ports 4001,4002:4005 --side either -j ACCEPT
udp "$CLIENT" "$SERVER4" 2 3999 4000 4001 4002
hits_are "portset: a port in none of the ranges" "$ipt" 1 4
hits_are "portset: one that is, on either side" "$ipt" 2 2
client ping -c 1 -W 1 "$SERVER4" >/dev/null
is "portset: what has no ports is no match" "$(hits "$ipt" 1) $(hits "$ipt" 2)" "4 2"
server "$ipt" -F INPUT
server "$ipt" -A INPUT -p udp -m geo --from 10.77.0.0/24 ! --to 10.77.0.2 -j ACCEPT
server "$ipt" -A INPUT -p udp -m geo --from 192.0.2.0/24,10.77.0.0/28 --to 10.77.0.2 -j ACCEPT
udp "$CLIENT" "$SERVER4" 3 4000
hits_are "geo: an address in one of the networks" "$ipt" 2 3
is "geo: one that must be in none" "$(hits "$ipt" 1)" 0
server "$ipt" -F INPUT
if tables "$six"; then
	server "$six" -A INPUT -p udp -m geo ! --from fd77::/64 -j ACCEPT
	server "$six" -A INPUT -p udp -m geo --from 2001:db8::/32,fd77::/16 -j ACCEPT
	udp "$CLIENT" "$SERVER6" 3 4000
	hits_are "geo: the same of IPv6" "$six" 2 3
	is "geo: and its reverse" "$(hits "$six" 1)" 0
	server "$six" -F INPUT
fi
server "$ipt" -A INPUT -p udp -j RATELIMIT --rate 1 --burst 5
server "$ipt" -A INPUT -p udp -j ACCEPT
udp "$CLIENT" "$SERVER4" 20 4000
hits_are "ratelimit: all have met it" "$ipt" 1 20
first=$(hits "$ipt" 2)
check "ratelimit: five pass at once, $first with those of the seconds it took" [ "$first" -ge 5 -a "$first" -lt 15 ]
is "ratelimit: its state, by source" "$(nfluactl -n "$SERVER" map show ratelimit | grep -c '^10.77.0.1')" 1
more() {
	udp "$CLIENT" "$SERVER4" 1 4000
	[ "$(hits "$ipt" 2)" -gt "$first" ]
}
check "ratelimit: later another passes" waits_for 10 more
server "$ipt" -F INPUT
finish
