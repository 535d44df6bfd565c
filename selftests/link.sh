#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The layers below and beside IP, where hooks meet all frames: Ethernet, VLAN
# tags, ARP, padding, and what is no packet at all.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3 ethtool
topology
cd "$TMP" || exit 1

cat >probe.lua <<'L'
require("netfilter").new{}:hook{ family = "netdev", hook = "ingress", device = "lo", priority = 0, function() end }
L
ctl check probe.lua >/dev/null 2>&1 || skip_all "no hooks on devices here"

# Each line: a packet, and what is seen of it.
cat >cases <<'T'
arp() | 28 0806 arp 1 2048 6 4 1 02:00:00:00:00:01 10.77.0.1 00:00:00:00:00:00 10.77.0.2
arp(op=2, tha="aa:bb:cc:dd:ee:ff", tpa="10.77.0.9") | 28 0806 arp 1 2048 6 4 2 02:00:00:00:00:01 10.77.0.1 aa:bb:cc:dd:ee:ff 10.77.0.9
arp(htype=6) | 28 0806
arp(ptype=0x86dd) | 28 0806
arp(hlen=8) | 28 0806
arp(plen=16) | 28 0806
(0x0806, arp()[1][:27]) | 27 0806
(0x0806, arp()[1] + b"\0" * 18) | 28 0806 arp 1 2048 6 4 1 02:00:00:00:00:01 10.77.0.1 00:00:00:00:00:00 10.77.0.2
ip4(udp(1, 2, b"x")) | 29 0800 ip udp 2 1
(0x0800, ip4(udp(1, 2, b"x"))[1] + b"\0" * 17) | 29 0800 ip udp 2 1
(0x86dd, ip6(udp(1, 2, b"x"))[1] + b"\0" * 17) | 49 86dd ip6 udp 2 1
(0x0800, b"\x65" + ip4(udp(1, 2))[1][1:]) | 28 0800
(0x0800, b"\x44" + ip4(udp(1, 2))[1][1:]) | 28 0800
(0x0800, ip4(udp(1, 2))[1][:19]) | 19 0800
(0x0800, ip4(udp(1, 2), length=4000)[1]) | 28 0800 ip udp 2 0
(0x0800, ip4(udp(1, 2), length=10)[1]) | 28 0800 ip udp 2 0
(0x86dd, ip6(udp(1, 2))[1][:39]) | 39 86dd
(0x86dd, b"\x45" + ip6(udp(1, 2))[1][1:]) | 48 86dd
(0x86dd, ip6(udp(1, 2), exts=[ext(60)])[1][:41]) | 41 86dd ip6
(0x88cc, b"lldp") | 4 88cc
vlan(0x0005, ip4(udp(1, 2, b"x"))) | 29 0800 vlan 5 0 false 8100 ip udp 2 1
vlan(0xf005, ip6(tcp(1, 2, b"x"))) | 61 86dd vlan 5 7 true 8100 ip6 tcp 2 1
vlan(0x6fff, arp(), kind=0x88a8) | 28 0806 vlan 4095 3 false 88a8 arp 1 2048 6 4 1 02:00:00:00:00:01 10.77.0.1 00:00:00:00:00:00 10.77.0.2
vlan(0x2001, vlan(0x4002, ip4(udp(1, 2, b"x"))), kind=0x88a8) | 29 8100 vlan 1 1 false 88a8 ip udp 2 1
vlan(1, vlan(2, vlan(3, ip6(udp(1, 2, b"x"))))) | 49 8100 vlan 1 0 false 8100 ip6 udp 2 1
vlan(1, (0x8100, b"\0\2\x08")) | 3 8100 vlan 1 0 false 8100
T

cat >link.lua <<'L'
local nf, ip = require("netfilter").new{}, require("luapacket").ip
local client, seven = "02:00:00:00:00:01", ip"7.7.7.7"
local function see(what, pkt)
  if not pkt.eth or pkt.eth.src ~= client then return end
  local t = { what, #pkt, ("%04x"):format(pkt.protocol) }
  local function put(...) for i = 1, select("#", ...) do t[#t + 1] = tostring((select(i, ...))) end end
  local v, a = pkt.vlan, pkt.arp
  if v then put("vlan", v.id, v.pcp, v.dei, ("%04x"):format(v.type)) end
  if a then put("arp", a.htype, a.ptype, a.hlen, a.plen, a.op, a.sha, a.spa, a.tha, a.tpa) end
  if pkt.ip then put("ip") end
  if pkt.ip6 then put("ip6") end
  if pkt.tcp then put("tcp", pkt.tcp.dport, #pkt.payload) end
  if pkt.udp then put("udp", pkt.udp.dport, #pkt.payload) end
  print(table.concat(t, " "))
  return true
end
nf:hook{ family = "netdev", hook = "ingress", device = "veth0", priority = 0, function(pkt) see("met", pkt) end }
nf:hook{ family = "netdev", hook = "ingress", device = "veth0", priority = 1, function(pkt)
  if not pkt.eth or pkt.eth.src ~= client then return end
  local v, a = pkt.vlan, pkt.arp
  if v then v.id = 9 v.pcp = 5 v.dei = not v.dei end
  if a then a.op = 7 a.sha = "01:02:03:04:05:06" a.spa = seven a.tha = "0a:0b:0c:0d:0e:0f" a.tpa = seven end
  if pkt.udp then pkt.udp.dport = 99 end
end }
nf:hook{ family = "netdev", hook = "ingress", device = "veth0", priority = 2, function(pkt)
  if see("now", pkt) then return nf.DROP end
end }
L
ctl load --budget 10ms link.lua || exit 1
ctl monitor log >heard &
heard() { grep -q "$1" heard; }
speaks() {
	client python3 "$HERE/packets.py" veth0 02:00:00:00:00:01 02:00:00:00:00:02 <<<'(0x9999, b"first")'
	heard "met 5 9999"
}
waits_for 10 speaks
sed 's/ | .*//' cases | client python3 "$HERE/packets.py" veth0 02:00:00:00:00:01 02:00:00:00:00:02
client python3 "$HERE/packets.py" veth0 02:00:00:00:00:01 02:00:00:00:00:02 <<<'(0x9999, b"at last")'
waits_for 10 heard "now 7 9999"
sed -n 's/.* log met //p' heard | grep -v '9999$' >met
sed -n 's/.* log now //p' heard | grep -v '9999$' >now
n=0
while IFS= read -r line; do
	n=$((n + 1))
	is "frame $n: ${line%% | *}" "$(sed -n "${n}p" met)" "${line##* | }"
done <cases
sed 's/.* | //' cases | sed -E -e 's/vlan [0-9]+ [0-9] true/vlan 9 5 false/; t a
	s/vlan [0-9]+ [0-9] false/vlan 9 5 true/
	:a
	s/(arp 1 2048 6 4) .*/\1 7 01:02:03:04:05:06 7.7.7.7 0a:0b:0c:0d:0e:0f 7.7.7.7/
	s/udp 2/udp 99/' >want
check "all can be written" diff now want
is "no error" "$(field "$SERVER" link '[.entries[].errors[]] | add')" 0
ctl unload link

# --- behind tags that stay in the frame, in pieces --------------------------
#
# Of each packet all strings, put together of what one byte at a time says.
cat >pieces.lua <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "netdev", hook = "ingress", device = "tap0", priority = 0, function(pkt)
  if not pkt.udp or pkt.udp.dport ~= 2 then return end
  local whole = {}
  for i = 1, #pkt do whole[i] = string.char(pkt:u8(i - 1)) end
  whole = table.concat(whole)
  for at = pkt.udp.sport, #pkt, 9 do
    for size = at % 3, #pkt - at, 3 do
      local want = whole:sub(at + 1, at + size)
      if pkt:header_pointer(at, size) ~= want or pkt:unpack("c" .. size, at + 1) ~= want then
        error(("%d bytes from %d"):format(size, at))
      end
    end
  end
  return nf.DROP
end }
L
modprobe -q tun
[ -e /dev/net/tun ] || { mkdir -p /dev/net && mknod /dev/net/tun c 10 200; }
server ip tuntap add dev tap0 mode tap vnet_hdr || exit 1
server ethtool -K tap0 gro off >/dev/null
ip -n "$SERVER" link set tap0 up
ctl load --budget 10ms pieces.lua || exit 1
for ((n = 0; n < 9; n++)); do
	echo "vlan(1, vlan(2, ip4(udp($n, 2, b'four and seven'))))"
	echo "vlan(1, vlan(2, vlan(3, ip6(udp($n, 2, b'four')))))"
done | python3 "$HERE/packets.py" - 02:00:00:00:00:04 02:00:00:00:00:03 >frames
for split in whole 14 18 20 26 38 60; do
	server python3 "$HERE/tap.py" send tap0 $split <frames
done
seen() { [ "$(field "$SERVER" pieces '.entries[0].outcomes.drop')" = 126 ]; }
check "strings behind tags, in pieces" waits_for 10 seen
is "no error" "$(field "$SERVER" pieces .errors)" 0
finish
