#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Answers to frames that a bridge meets which filters VLANs: each goes back with
# the tag that its sender expects, or without, and has every byte that it should.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=routed.sh source-path=SCRIPTDIR
. "$(dirname "$0")/routed.sh"
need_module
need_command ethtool bridge
routed
bridged
router ip link set br0 type bridge vlan_filtering 1 vlan_default_pvid 0 2>/dev/null ||
	skip_all "this kernel's bridge filters no VLANs"

# From here on there is nothing on the wire but what is sent on purpose; what leaves
# the router is cut into segments there, with whole checksums and tags in the frame.
for ns in "$CLIENT" "$SERVER"; do
	ip -n "$ns" addr flush dev veth1
	in_ns "$ns" sysctl -qw net.ipv6.conf.veth1.disable_ipv6=1
done
client ethtool -K veth1 gro off >/dev/null
router ethtool -K one tx off txvlan off >/dev/null
HOST=02:00:00:00:00:01 PEER=02:00:00:00:00:02 BRIDGE=02:00:00:00:00:03
ip -n "$CLIENT" link set veth1 address $HOST
ip -n "$SERVER" link set veth1 address $PEER
ip -n "$ROUTER" link set br0 address $BRIDGE

# Each hook answers what is sent to ports of its own.
load answers --budget 10ms <<'L'
local nf = require("netfilter").new{}
local page = ("page "):rep(600)
local acts = {
  function(pkt) return pkt:reply("udp", "by frame") end,
  function(pkt) return pkt:reject("admin-prohibited") end,
  function(pkt) return pkt:tcpreply("close", page) end,
  function(pkt) return pkt:reject("tcp-reset") end,
  function(pkt) return pkt:tcpreply("reset") end,
}
-- in front of br_netfilter, which lets forwarded packets skip priority 0
local function answers(first)
  return function(pkt)
    local l4 = pkt.udp or pkt.tcp
    local act = l4 and l4.sport == 1000 and acts[l4.dport - first]
    if not act then return end
    assert(act(pkt))
    return nf.DROP
  end
end
nf:hook{ family = "netdev", hook = "ingress", device = "one", priority = 0, answers(6000) }
nf:hook{ family = "bridge", hook = "prerouting", priority = "filter", answers(7000) }
nf:hook{ family = "bridge", hook = "forward", priority = "filter", answers(8000) }
nf:hook{ family = "bridge", hook = "input", priority = "filter", answers(9000) }
L
client python3 "$HERE/tap.py" frames veth1 100000 600 >"$TMP/heard" &
waits_for 10 grep -q ready "$TMP/heard" || exit 1

# tagged TAG: makes each packet "P(...)" on standard input one with this tag, as
# 8100:a005 or "-" for none
tagged() {
	[ "$1" = - ] && sed 's/P(\(.*\))P/\1/' && return
	sed "s/P(\(.*\))P/vlan(0x${1#*:}, \1, kind=0x${1%:*})/"
}
# requests THOUSAND; answers THOUSAND: expressions of packets.py
requests() {
	local v c s
	for v in "4 10.79.0.1 10.79.0.2" "6 fd79::1 fd79::2"; do
		read -r v c s <<<"$v"
		cat <<-P
		P(ip$v(udp(1000, ${1}001, b"x"), src="$c", dst="$s"))P
		P(ip$v(udp(1000, ${1}002, b"x"), src="$c", dst="$s"))P
		P(ip$v(tcp(1000, ${1}003, b"GET", seq=100, ack=200, flags=24, window=500), src="$c", dst="$s"))P
		P(ip$v(tcp(1000, ${1}004, seq=100), src="$c", dst="$s"))P
		P(ip$v(tcp(1000, ${1}005, seq=100), src="$c", dst="$s"))P
		P
	done
}
answers() {
	local v c s df size id error
	for v in '4 10.79.0.1 10.79.0.2 ,df=1 1460 ,ident=a//1460 icmp(3,13' \
		'6 fd79::1 fd79::2 - 1440 - icmp6(1,1'; do
		read -r v c s df size id error <<<"$v"
		df=${df#-} id=${id#-}
		cat <<-P
		P(ip$v(udp(${1}001, 1000, b"by frame"), src="$s", dst="$c"))P
		P(ip$v($error, payload=ip$v(udp(1000, ${1}002, b"x"), src="$c", dst="$s")[1]), src="$s", dst="$c"$df))P
		[P(ip$v(tcp(${1}003, 1000, (b"page " * 600)[a:a + $size], seq=200 + a, ack=103, flags=16 if a + $size < 3000 else 25, window=500), src="$s", dst="$c"$df$id))P for a in range(0, 3000, $size)]
		P(ip$v(tcp(${1}004, 1000, ack=101, flags=20, window=0), src="$s", dst="$c"$df))P
		P(ip$v(tcp(${1}005, 1000, ack=101, flags=20), src="$s", dst="$c"$df))P
		P
	done
}
# heard: what came to the host since the last look, but for what is for many
lines=0
heard() { tail -n +$((lines + 2)) "$TMP/heard" | grep "^${HOST//:/}"; }
heard_all() { [ "$(heard | wc -l)" -ge "$1" ]; }

# answered WHAT ONE TWO SELF TAG INGRESS PREROUTING FORWARD INPUT: the VLAN 5 of the
# ports and of the bridge itself; the tag of what is sent, and of what each hook
# answers
total=0
answered() {
	local what=$1 port flags tag place thousand peer n
	for port in "one $2" "two $3" "br0 $4 self"; do
		read -r port flags <<<"$port"
		# shellcheck disable=SC2086
		router bridge vlan add dev "$port" vid 5 ${flags#-} || exit 1
	done
	tag=$5
	shift 5
	for place in "ingress 6 $PEER" "prerouting 7 $PEER" "forward 8 $PEER" "input 9 $BRIDGE"; do
		read -r place thousand peer <<<"$place"
		answers "$thousand" | tagged "$1" |
			python3 "$HERE/packets.py" - "$peer" $HOST | sort >"$TMP/want"
		n=$(wc -l <"$TMP/want")
		requests "$thousand" | tagged "$tag" |
			client python3 "$HERE/packets.py" veth1 $HOST "$peer"
		waits_for 10 heard_all "$n"
		heard | sort >"$TMP/got"
		lines=$(($(wc -l <"$TMP/heard") - 1))
		check "$what: $place: $tag is answered with $1" diff "$TMP/got" "$TMP/want"
		total=$((total + 10))
		shift
	done
}
trunk=- access="pvid untagged"
answered "trunk to trunk" $trunk $trunk $trunk 8100:a005 8100:a005 8100:a005 8100:a005 8100:a005
router ethtool -K one txvlan on >/dev/null
answered "tagged by the device" $trunk $trunk $trunk 8100:a005 8100:a005 8100:a005 8100:a005 8100:a005
router ethtool -K one txvlan off >/dev/null
# what the frame's tag said beside the VLAN is gone where it has been taken off
answered "trunk to access" $trunk "$access" "$access" 8100:a005 8100:a005 8100:a005 8100:0005 8100:0005
answered "access to trunk" "$access" $trunk $trunk - - - - -
answered "access to access" "$access" "$access" "$access" - - - - -
answered "priority, access to trunk" "$access" $trunk $trunk 8100:a000 8100:a000 8100:a000 - -
answered "tagged, access to trunk" "$access" $trunk $trunk 8100:a005 8100:a005 8100:a005 - -
if grep -qw br_vlan_get_info_rcu /proc/kallsyms; then
	answered "a port that tags all" pvid "$access" $trunk 8100:a005 8100:a005 8100:a005 8100:0005 8100:a005
else
	skip "a port that tags all" "this kernel does not tell"
fi
router ip link set br0 type bridge vlan_protocol 802.1ad
answered "802.1ad, trunk to access" $trunk "$access" "$access" 88a8:a005 88a8:a005 88a8:a005 88a8:0005 88a8:0005
answered "802.1ad, trunk to trunk" $trunk $trunk $trunk 88a8:a005 88a8:a005 88a8:a005 88a8:a005 88a8:a005
router ip link set br0 type bridge vlan_protocol 802.1Q vlan_filtering 0
answered "not filtered" "$access" "$access" "$access" 8100:a005 8100:a005 8100:a005 8100:a005 8100:a005
answered "not filtered, without a tag" $trunk "$access" $trunk - - - - -
is "that is all that was sent" "$(field "$ROUTER" answers .sent)" $total
is "no call failed" "$(field "$ROUTER" answers '[.entries[].errors[]] | add')" 0
finish
