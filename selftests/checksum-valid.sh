#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Packets whose checksum has been found right before the hooks, so that nobody looks
# at it again (CHECKSUM_UNNECESSARY): GRO does so with what a tap device brings.
# Scripts write them; another machine, which looks, and this one get what is right. So
# does the other machine of those whose checksum is left to be completed.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=routed.sh source-path=SCRIPTDIR
. "$(dirname "$0")/routed.sh"
need_module
need_command ethtool
routed
cd "$TMP" || exit 1

#     tap.py send                                         tap.py expect
#       tap0 --------- $ROUTER: script, receivers --------- $SERVER
#     10.77.0.2, .3                                       10.78.2.1, .2
HOST=02:00:00:00:00:01 TAP=02:00:00:00:00:02
modprobe -q tun
[ -e /dev/net/tun ] || { mkdir -p /dev/net && mknod /dev/net/tun c 10 200; }
router ip tuntap add dev tap0 mode tap vnet_hdr || exit 1
ip -n "$ROUTER" link set tap0 address $TAP up
for n in 2 3; do
	ip -n "$ROUTER" addr add 10.77.0.$n/24 dev tap0
	ip -n "$ROUTER" addr add fd77::$n/64 dev tap0 nodad
done
# so that each is sent on
ip -n "$SERVER" addr add 10.78.2.2/24 dev veth0
ip -n "$SERVER" addr add fd78:2::2/64 dev veth0 nodad
router sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.tap0.rp_filter=0
# nobody asks for a neighbour, and nobody answers
for address in $FAR4 10.78.2.2 $FAR6 fd78:2::2; do
	ip -n "$ROUTER" neigh replace "$address" dev server nud permanent \
		lladdr "$(server cat /sys/class/net/veth0/address)"
done
for ipt in iptables ip6tables; do server $ipt -A INPUT -j DROP; done
# what leaves has all of its checksum, and arrives as it left
router ethtool -K server tx off gso off tso off >/dev/null
server ethtool -K veth0 gro off >/dev/null

cat >valid.lua <<'L'
local nf, ip = require("netfilter").new{}, require("luapacket").ip
local other = {
  ["10.78.2.1"] = ip"10.78.2.2", ["fd78:2::1"] = ip"fd78:2::2", ["10.77.0.2"] = ip"10.77.0.3", ["fd77::2"] = ip"fd77::3",
}
local function payload(pkt)
  assert(pkt.payload:pack("c4", 1, "DONE"))
  assert(pkt:checksum())
end
local function addresses(pkt)
  local l3 = pkt.ip or pkt.ip6
  l3.dst = other[tostring(l3.dst)]
  l3.src = pkt.ip and ip"10.77.0.9" or ip"fd77::9"
end
local acts = {
  [101] = function(pkt, l4) l4.dport = 201 end,
  [102] = addresses,
  [103] = payload,
  [104] = function(pkt, l4) l4.sport, l4.dport = 77, 204 addresses(pkt) payload(pkt) end,
  [105] = function(pkt) assert(pkt:steal()):send("another payload") return nf.STOLEN end,
  -- wrong, and nobody may look
  [106] = function(pkt, l4) l4.checksum = l4.checksum ~ 0x5555 end,
  [110] = function(pkt) assert(pkt.payload:set_u8(0, 0x21)) end,
  -- what it carries is another packet, at which nobody has looked
  [107] = function(pkt) assert(pkt:pull(pkt.ip and 28 or 48)) end,
}
nf:hook{ family = "inet", hook = "prerouting", priority = "raw", function(pkt)
  local l4 = pkt.iifname == "tap0" and (pkt.udp or pkt.tcp)
  local act = l4 and acts[l4.dport]
  if act then return act(pkt, l4) end
end }
L
ctl load --budget 10ms valid.lua || exit 1
# sends [HOW]: as tap.py takes it, "whole" by default
sends() { python3 "$HERE/packets.py" - $HOST $TAP | router python3 "$HERE/tap.py" send tap0 "${1:-whole}"; }

# --- to another machine, which sees every byte ---------------------------------
for v in "4 10.77.0.1 10.77.0.9 10.78.2.1 10.78.2.2 ttl" "6 fd77::1 fd77::9 fd78:2::1 fd78:2::2 hops"; do
	read -r v src new far near ttl <<<"$v"
	for l4 in udp tcp; do
		p="b'payload!'"
		for port in 100 101 102 103 104 105; do
			echo "ip$v($l4(9, $port, $p), src='$src', dst='$far')"
		done >>frames
		cat >>frames.want <<-P
		ip$v($l4(9, 100, $p), src='$src', dst='$far', $ttl=63)
		ip$v($l4(9, 201, $p), src='$src', dst='$far', $ttl=63)
		ip$v($l4(9, 102, $p), src='$new', dst='$near', $ttl=63)
		ip$v($l4(9, 103, b'DONEoad!'), src='$src', dst='$far', $ttl=63)
		ip$v($l4(77, 204, b'DONEoad!'), src='$new', dst='$near', $ttl=63)
		ip$v($l4(9, 105, b'another payload'), src='$src', dst='$far', $ttl=63)
		P
	done
	# Two bytes with which the sum is 0: that says that there is none, so 0xffff is sent.
	sum=$(echo "ip$v(udp(9, 103, b'DONEoa' + bytes(2)), src='$src', dst='$far')" | python3 "$HERE/packets.py" - $HOST $TAP | tail -c 21 | head -c 4)
	echo "ip$v(udp(9, 103, b'payloa' + bytes.fromhex('$sum')), src='$src', dst='$far')" >>frames
	echo "ip$v(udp(9, 103, b'DONEoa' + bytes.fromhex('$sum')), src='$src', dst='$far', $ttl=63)" >>frames.want
	# of what a packet carries; no sum is left to be completed any more
	echo "ip$v(udp(9, 107, ip$v(udp(9, 111, b'inside'), src='$src', dst='$far')[1]), src='$src', dst='$far')" >>frames
	echo "ip$v(udp(9, 111, b'inside'), src='$src', dst='$far', $ttl=63)" >>frames.want
done
python3 "$HERE/packets.py" - $HOST $TAP <frames.want | cut -c 29- | sort >want
is "two have a sum of 0" "$(grep -c ffff444f4e456f61 want)" 2
server python3 "$HERE/tap.py" expect veth0 100000 600 >arrived &
waits_for 10 grep -q ready arrived || exit 1
# forwards WHAT [HOW]: all of them come as they have to, and with them nothing but what
# neighbours ask of one another
count=1
forwarded() { tail -n +$((count + 1)) arrived | grep -v '^6.\{11\}3a'; }
are_forwarded() { [ "$(forwarded | wc -l)" -ge "$1" ]; }
forwards() {
	sends "${2:-whole}" <frames
	waits_for 10 are_forwarded "$(wc -l <want)"
	check "$1: what is forwarded has every byte" diff <(forwarded | sort) want
	count=$(wc -l <arrived)
}

# --- to this one, which looks at no checksum that was found right -----------------
cat >receive.py <<'P'
import socket, select, sys
found = {}
for port in 100, 102, 103, 105, 106, 108, 109, 110, 201, 204:
    for family, bound in (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((bound, port))
        found[sock] = port
print("ready", flush=True)
while True:
    for sock in select.select(list(found), [], [])[0]:
        data, source = sock.recvfrom(2000)
        print(found[sock], data.decode(), source[0], source[1], flush=True)
P
router python3 receive.py >received &
waits_for 10 grep -q ready received || exit 1
for v in "4 10.77.0.1 10.77.0.2" "6 fd77::1 fd77::2"; do
	read -r v src here <<<"$v"
	new=${src%1}9
	for port in 100 101 102 103 104 105; do
		echo "ip$v(udp(9, $port, b'payload!'), src='$src', dst='$here')"
	done >>local
	# the sum of the second one inside is wrong
	for inside in "108," "109, check=1,"; do
		echo "ip$v(udp(9, 107, ip$v(udp(9, $inside payload=b'inside'), src='$src', dst='$here')[1]), src='$src', dst='$here')"
	done >>local
	for port in 106 110; do echo "ip$v(udp(9, $port, b'spoilt'), src='$src', dst='$here')"; done >>spoilt
	cat >>local.want <<-P
	100 payload! $src 9
	201 payload! $src 9
	102 payload! $new 9
	103 DONEoad! $src 9
	204 DONEoad! $new 77
	105 another payload $src 9
	108 inside $src 9
	P
	printf '%s\n' "106 spoilt $src 9" "110 !poilt $src 9" >>spoilt.want
done
# received: what came since the last look
lines=1
received() { tail -n +$((lines + 1)) received; }
are_received() { [ "$(received | wc -l)" -ge "$1" ]; }
bad_are() { [ "$(bad_sums "$ROUTER")" = "$1" ]; }
# delivers WHAT FILE BAD: to its sockets comes what it has to, and there are so many
# wrong checksums then
delivers() {
	sends <"$2"
	waits_for 10 are_received "$(wc -l <"$2.want")"
	waits_for 10 bad_are "$3"
	check "$1" diff <(received | sort) <(sort "$2.want")
	lines=$(wc -l <received)
	is "$1: wrong checksums" "$(bad_sums "$ROUTER")" "$3"
}
router ethtool -K tap0 gro on >/dev/null
# That it is found right is seen by this: one that is wrong gets through.
delivers "nobody looks at the checksum any more" spoilt 0
forwards "found right"
delivers "found right: what is received here" local 2
: >none.want
router ethtool -K tap0 gro off >/dev/null
cp spoilt none
delivers "without GRO somebody looks at it" none 6
forwards "not looked at"
delivers "not looked at: what is received here" local 8
forwards "to be completed" whole,partial
is "no call failed" "$(field "$ROUTER" valid '[.entries[].errors[]] | add')" 0
is "all were sent anew that should be" "$(field "$ROUTER" valid .entries[0].outcomes.stolen)" 16
finish
