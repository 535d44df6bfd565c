#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Options of every type of an extension of the user's own: what is accepted and
# saved, what is refused with exit status 2 and nothing inserted, and what the
# function in the kernel gets.
# Functions that others call look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=extensions/lib.sh source-path=SCRIPTDIR
. "$HERE/extensions/lib.sh"
need_module
need_extensions
topology

install_extension "$HERE/extensions/types.lua"

for flavour in legacy nft; do
	for ipt in iptables-$flavour ip6tables-$flavour; do
		if ! tables "$ipt"; then
			skip "$ipt" "no such tables here"
			continue
		fi
		# what has no address in it is read by the same code for both families
		case $ipt in
		ip6*) run_t "$HERE/extensions/types6.t" "$ipt" ;;
		*)
			run_t "$HERE/extensions/types.t" "$ipt"
			run_t "$HERE/extensions/types4.t" "$ipt"
			;;
		esac
	done
done

# --- the sentences ---
for ipt in iptables-nft iptables-legacy; do
	! tables $ipt || break
done
says() {
	local what=$1
	shift
	refused "says why: $*" 2 "types: $what" server "$ipt" -A INPUT -m types "$@"
}
says "--small '2' is not a number from 3 to 200" --small 2
says "--word '65536' is not a number from 0 to 65535" --word 65536
says "--wide 'x' is not a number from 0 to 4294967295" --wide x
says "--big-one '-1' is not a number from 0 to 18446744073709551615" --big-one -1
says "--signed '-6' is not a number from -5 to 9223372036854775807" --signed -6
says "--numbers has more than 3 values" --numbers 1,2,3,4
says "--label 'thirteen byte' is not a text of at most 12 bytes" --label "thirteen byte"
says "--colour 'blue' is not one of: red, green, light-blue" --colour blue
says "--days 'mon,x' is not some of, with commas between: mon, tue, wed" --days mon,x
says "--host 'x' is not an IPv4 address" --host x
says "--net 'x' is not an IPv4 address or a prefix, as 10.0.0.0/8" --net x
says "--ports '9:8' is not a port, or two with a colon between, from 0 to 65535" --ports 9:8
says "--dev 'a b' is not the name of a device, of at most 15 bytes" --dev "a b"
says "--hw 'x' is not a link-layer address, as 02:00:00:00:00:01" --hw x
says "there is ! in front of each --ports of a rule, or of none" --ports 1 ! --ports 2
is "nothing is inserted" "$(saved_rules "$ipt")" ""

# --- what the function gets ---
seen() { nfluactl -n "$SERVER" map get types "$1" 2>/dev/null | cut -f 2-; }
got() { [ "$(seen "$1")" = "$2" ]; }
gets() {
	check "gets $1: $2" waits_for 10 got "$1" "$2"
	got "$1" "$2" || diag "it got: $(seen "$1")"
}
server "$ipt" -A INPUT -p udp -m types ! --small 9 --word 65535 --big-one 18446744073709551615 \
	--signed -5 --numbers 1,2,3 --label 'a "b' --labels a --labels 'b c' --on \
	--colour light-blue --days wed,mon --host 10.0.0.1 --net 10.0.0.0/8 \
	--nets 10.0.0.0/8,1.2.3.4 ! --ports 22,8000:8010 --dev eth+ --hw 02:00:00:00:00:FF
udp "$CLIENT" "$SERVER4" 1 4000
gets small "! 9"
gets word 65535
gets wide 70000
gets big_one -1
gets signed -5
gets numbers 1,2,3
gets label 'a "b'
gets labels 'a,b c'
gets on true
gets colour light-blue
gets days mon,wed
gets host 10.0.0.1
gets net 10.0.0.0/8
gets nets 10.0.0.0/8,1.2.3.4
gets ports '! 22:22,8000:8010'
gets dev eth+
gets hw 02:00:00:00:00:ff
server "$ipt" -F INPUT
if tables "ip6tables-${ipt#*-}"; then
	server ip6tables-"${ipt#*-}" -A INPUT -p udp -m types ! --host fd77::2 --net 2001:db8:1::/32
	udp "$CLIENT" "$SERVER6" 1 4000
	gets host '! fd77::2'
	gets net 2001:db8::/32
	server ip6tables-"${ipt#*-}" -F INPUT
fi
finish
