#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a script reads from packets whose every byte is known: fields of all
# headers, layers that are there and that are not, numbers at offsets.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3
topology

# Each line: a packet for packets.py, and after a bar what must be true of it
# in Lua. The packet's number is its IPv4 identification or its IPv6 flow label.
cat >"$TMP/cases" <<'T'
ip4(udp(1000, 2000, b"hello"), ident=N) | pkt.ip ~= nil and pkt.ip6 == nil and pkt.tcp == nil and pkt.icmp == nil and pkt.icmp6 == nil
ip4(udp(1000, 2000, b"hello"), ident=N) | pkt.udp.sport == 1000 and pkt.udp.dport == 2000 and pkt.udp.len == 13
ip4(udp(1, 2, b"", check=0xabcd), ident=N) | pkt.udp.checksum == 0xabcd and pkt.udp.len == 8 and #pkt.payload == 0
ip4(udp(65535, 0, b""), ident=N) | pkt.udp.sport == 65535 and pkt.udp.dport == 0
ip4(udp(1, 2, b"hello"), ident=N) | #pkt == 33 and pkt.len == 33 and pkt:length() == 33 and pkt.ip.len == 33
ip4(udp(1, 2, b"hello"), ident=N) | pkt.hook == "prerouting" and pkt.family == "ipv4" and pkt.iifname == "veth0" and pkt.oifname == nil and pkt.mark == 0
ip4(udp(1, 2), ident=N, tos=0xb9, ttl=7) | pkt.ip.version == 4 and pkt.ip.ihl == 5 and pkt.ip.tos == 0xb9 and pkt.ip.dscp == 46 and pkt.ip.ecn == 1 and pkt.ip.ttl == 7
ip4(udp(1, 2), ident=N, df=1) | pkt.ip.df == true and pkt.ip.mf == false and pkt.ip.frag == 0 and pkt.ip.protocol == 17
ip4(udp(1, 2), ident=N, src="10.77.0.200") | tostring(pkt.ip.src) == "10.77.0.200" and tostring(pkt.ip.dst) == "10.77.0.2"
ip4(udp(1, 2), ident=N) | pkt.ip.checksum == pkt:u16(10) and pkt.ip.id == pkt:u16(4) and pkt.ip.checksum ~= 0
ip4(udp(7, 8, b"opt"), ident=N, options=b"\x94\x04\0\0\1\1\1\0") | pkt.ip.ihl == 7 and pkt.udp.sport == 7 and pkt:u8(20) == 0x94 and pkt.payload:unpack("c3") == "opt"
ip4(udp(7, 8, b"opt"), ident=N, options=b"\1" * 40) | pkt.ip.ihl == 15 and pkt.udp.dport == 8 and #pkt == 71
ip4(tcp(80, 443, seq=0xfedcba98, ack=0x12345678, window=4321, urgent=99, check=0x1111), ident=N) | pkt.tcp.sport == 80 and pkt.tcp.dport == 443 and pkt.tcp.seq == 0xfedcba98 and pkt.tcp.ack == 0x12345678 and pkt.tcp.window == 4321 and pkt.tcp.urgent == 99 and pkt.tcp.checksum == 0x1111 and pkt.tcp.doff == 5
ip4(tcp(1, 2, flags=0x02), ident=N) | flags(pkt) == "syn"
ip4(tcp(1, 2, flags=0x12), ident=N) | flags(pkt) == "ack syn"
ip4(tcp(1, 2, flags=0xff), ident=N) | flags(pkt) == "cwr ece urg ack psh rst syn fin"
ip4(tcp(1, 2, flags=0xa9), ident=N) | flags(pkt) == "cwr urg psh fin"
ip4(tcp(1, 2, flags=0x54), ident=N) | flags(pkt) == "ece ack rst"
ip4(tcp(1, 2, flags=0), ident=N) | flags(pkt) == ""
ip4(tcp(1, 2, b"data", options=b"\2\4\5\xb4\1\1\4\2"), ident=N) | pkt.tcp.doff == 7 and #pkt.payload == 4 and pkt.payload:unpack("c4") == "data"
ip4(tcp(1, 2, b"", doff=15), ident=N) | pkt.tcp.doff == 15 and pkt.payload == nil
ip4(tcp(1, 2, b"x", doff=4), ident=N) | pkt.tcp ~= nil and pkt.payload == nil
ip4(cut(tcp(1, 2), 19), ident=N) | pkt.tcp == nil and pkt.payload == nil and pkt.ip.protocol == 6
ip4(cut(udp(1, 2), 7), ident=N) | pkt.udp == nil and pkt.payload == nil and pkt:u16(0, "transport") == 1
ip4(raw(17), ident=N) | pkt.udp == nil and #pkt == 20 and pkt:u8(0, "transport") == nil
ip4(icmp(8, 0, b"\x12\x34\0\7", b"echo"), ident=N) | pkt.icmp.type == 8 and pkt.icmp.code == 0 and pkt.icmp.id == 0x1234 and pkt.icmp.seq == 7 and pkt.icmp.checksum == pkt:u16(2, "transport") and pkt.payload:unpack("z") == nil and pkt.payload:unpack("c4") == "echo"
ip4(icmp(3, 4, b"\0\0\5\xdc"), ident=N) | pkt.icmp.type == 3 and pkt.icmp.code == 4 and pkt.icmp.mtu == 1500
ip4(icmp(5, 1, b"\x0a\0\0\1"), ident=N) | tostring(pkt.icmp.gateway) == "10.0.0.1"
ip4(icmp6(128, 0), ident=N) | pkt.icmp == nil and pkt.icmp6 == nil and pkt.payload == nil
ip4(raw(47, b"gre"), ident=N) | pkt.udp == nil and pkt.tcp == nil and pkt.icmp == nil and pkt.gre == nil and pkt.payload == nil and pkt.ip.protocol == 47 and pkt:u8(0, "transport") == 0x67
ip4(udp(5, 6, b"a" * 16), ident=N, mf=1) | pkt.ip.mf and pkt.ip.frag == 0 and pkt.udp.sport == 5 and pkt.udp.len == 24
ip4(raw(17, b"\0\1\0\2\0\3\0\4"), ident=N, frag=3) | pkt.ip.frag == 3 and pkt.udp == nil and pkt.payload == nil and pkt:u8(0, "transport") == nil and pkt:u8(21) == 1
ip4(raw(17, b"\0\1\0\2\0\3\0\4"), ident=N, frag=1, mf=1) | pkt.ip.mf and pkt.udp == nil
ip4(raw(6, b"\0" * 40), ident=N, frag=8191) | pkt.ip.frag == 8191 and pkt.tcp == nil
ip6(udp(1000, 2000, b"hello"), flow=N) | pkt.ip6 ~= nil and pkt.ip == nil and pkt.tcp == nil and pkt.icmp == nil and pkt.icmp6 == nil
ip6(udp(1000, 2000, b"hello", check=0xbeef), flow=N) | pkt.udp.sport == 1000 and pkt.udp.dport == 2000 and pkt.udp.len == 13 and pkt.udp.checksum == 0xbeef
ip6(udp(1, 2, b"hello"), flow=N) | #pkt == 53 and pkt.len == 53 and pkt.ip6.len == 13 and pkt.family == "ipv6" and pkt.hook == "prerouting"
ip6(udp(1, 2), flow=N, tclass=0xb9, hops=9) | pkt.ip6.version == 6 and pkt.ip6.tclass == 0xb9 and pkt.ip6.dscp == 46 and pkt.ip6.ecn == 1 and pkt.ip6.hoplimit == 9 and pkt.ip6.nexthdr == 17
ip6(udp(1, 2), flow=N + 0xabc00) | pkt.ip6.flowlabel == 0xabc00 + N
ip6(udp(1, 2), flow=N, src="2001:db8::1:0:0:1") | tostring(pkt.ip6.src) == "2001:db8::1:0:0:1" and tostring(pkt.ip6.dst) == "fd77::2"
ip6(tcp(80, 443, b"abc", seq=5, flags=0x18), flow=N) | pkt.tcp.dport == 443 and flags(pkt) == "ack psh" and pkt.payload:unpack("c3") == "abc"
ip6(icmp6(128, 0, b"\x12\x34\0\7", b"echo"), flow=N) | pkt.icmp6.type == 128 and pkt.icmp6.code == 0 and pkt.icmp6.id == 0x1234 and pkt.icmp6.seq == 7 and pkt.icmp6.checksum == pkt:u16(2, "transport") and pkt.payload:unpack("c4") == "echo"
ip6(icmp6(2, 0, b"\0\1\0\0"), flow=N) | pkt.icmp6.type == 2 and pkt.icmp6.mtu == 65536
ip6(icmp(8, 0), flow=N) | pkt.icmp == nil and pkt.icmp6 == nil and pkt.payload == nil and pkt.ip6.nexthdr == 1
ip6(udp(3, 4, b"x"), flow=N, exts=[ext(60)]) | pkt.ip6.nexthdr == 60 and pkt.udp.sport == 3 and pkt:u8(40) == 17
ip6(udp(3, 4, b"x"), flow=N, exts=[ext(0), ext(60), ext(43, b"\2\0\0\0\0\0"), ext(60, b"\1\x0c" + b"\0" * 12)]) | pkt.ip6.nexthdr == 0 and pkt.udp.sport == 3 and #pkt.payload == 1
ip6(tcp(3, 4, b"x"), flow=N, exts=[ext(51, b"\0" * 22)]) | pkt.ip6.nexthdr == 51 and pkt.tcp.sport == 3
ip6(raw(50, b"\0" * 16), flow=N) | pkt.udp == nil and pkt.payload == nil and pkt:u8(0, "transport") == 0
ip6(raw(59), flow=N) | pkt.udp == nil and pkt.payload == nil
ip6(udp(5, 6, b"a" * 16), flow=N, exts=[fragment(0, 1)]) | pkt.udp.sport == 5 and pkt.ip6.nexthdr == 44
ip6(raw(17, b"\0\1\0\2\0\3\0\4"), flow=N, exts=[fragment(3, 0)]) | pkt.udp == nil and pkt.payload == nil and pkt:u8(0, "transport") == nil
ip6(raw(17, b"\0\1\0\2\0\3\0\4"), flow=N, exts=[ext(60), fragment(1, 1)]) | pkt.udp == nil
ip6(cut(udp(1, 2), 7), flow=N) | pkt.udp == nil
ip6(raw(60, b"\x11"), flow=N) | pkt.udp == nil and pkt.payload == nil
ip6(raw(60, b"\x11\xff" + b"\0" * 6), flow=N) | pkt.udp == nil
ip4(udp(1, 2, b"\x01\x02\x03\x04\xff"), ident=N) | pkt.payload:u8(0) == 1 and pkt.payload:u16(1) == 0x0203 and pkt.payload:u32(1) == 0x020304ff and pkt.payload:u8(4) == 255
ip4(udp(1, 2, b"\x01\x02\x03\x04\xff"), ident=N) | pkt:u8(0, "payload") == 1 and pkt:u32(1, "payload") == 0x020304ff and pkt:u8(28) == 1 and pkt:u8(28, "network") == 1 and pkt:u8(8, "transport") == 1 and pkt:u8(42, "link") == 1
ip4(udp(1, 2), ident=N) | pkt:u16(12, "link") == 0x0800 and pkt:u32(0, "link") == 0x02000000 and pkt:u16(4, "link") == 2
ip4(udp(1, 2, b"abc"), ident=N) | fails(34, pkt:u8(31)) and fails(34, pkt:u16(30)) and fails(34, pkt:u32(28)) and pkt:u8(30) == 99
ip4(udp(1, 2, b"abc"), ident=N) | fails(34, pkt.payload:u8(3)) and fails(34, pkt:u8(1 << 40)) and fails(34, pkt:u8(math.maxinteger)) and fails(34, pkt:u32(3, "payload"))
ip4(udp(1, 2, b"abc"), ident=N) | raises("offset is negative", pkt.u8, pkt, -1) and raises("invalid option 'physical'", pkt.u8, pkt, 0, "physical") and raises("number expected, got no value", pkt.u8, pkt) and raises("a payload has no layers", pkt.u8, pkt.payload, 0, "link")
ip4(udp(1, 2, b"abc"), ident=N) | raises("packet expected", pkt.u8, pkt.ip, 0) and raises("userdata expected, got number", pkt.u8, 7, 0) and raises("udp has no length", function() return #pkt.udp end) and raises("address has no length", function() return #pkt.ip.src end)
ip4(udp(1, 2), ident=N) | raises("packet has no field 'upd' %(it has: len mark hook family.* steal.* linearize.* connid.* find", function() return pkt.upd end) and raises("ip has no field 'sport' %(it has: version", function() return pkt.ip.sport end) and raises("udp has no field 'flags'", function() return pkt.udp.flags end)
ip4(udp(1, 2), ident=N) | raises("packet has no field of type number", function() return pkt[1] end) and raises("payload has no field 'ip'", function() return pkt.payload.ip end) and raises("packet has no field of type nil", function() return pkt[nil] end)
ip4(tcp(1, 2), ident=N) | raises("tcp.flags has no field 'sin' %(it has: cwr ece urg ack psh rst syn fin", function() return pkt.tcp.flags.sin end) and raises("attempt to index a nil value %(field 'icmp'%)", function() return pkt.icmp.x end)
ip4(udp(1, 2), ident=N) | raises("packet.len cannot be set", function() pkt.len = 1 end) and raises("packet.udp cannot be set", function() pkt.udp = 1 end) and raises("packet.u8 cannot be set", function() pkt.u8 = 1 end) and raises("packet has no field 'x' %(it has: len mark", function() pkt.x = 1 end)
ip4(udp(1, 2), ident=N) | pkt.protocol == 0x0800 and pkt.priority == 0 and math.type(pkt.iif) == "integer" and pkt.oif == nil and math.type(pkt.hash) == "integer" and pkt.hash == pkt.hash and pkt.uid == nil and pkt.vlan == nil and pkt.arp == nil
ip4(udp(1, 2), ident=N) | pkt.eth.dst == "02:00:00:00:00:02" and pkt.eth.src == "02:00:00:00:00:01" and pkt.eth.type == 0x0800 and pkt.eth == pkt.eth and tostring(pkt.eth) == "eth"
ip6(udp(1, 2), flow=N) | pkt.eth.type == 0x86dd and pkt.protocol == 0x86dd and pkt.eth.dst == "02:00:00:00:00:02" and pkt.priority == 0
ip4(udp(7, 8, b"hello"), ident=N) | tostring(pkt) == "packet: ipv4 prerouting veth0 10.77.0.1:7 > 10.77.0.2:8 udp, 33 bytes"
ip6(tcp(7, 8), flow=N) | tostring(pkt) == "packet: ipv6 prerouting veth0 [fd77::1]:7 > [fd77::2]:8 tcp, 60 bytes"
ip4(raw(17, b"\0\1\0\2\0\3\0\4"), ident=N, frag=3) | tostring(pkt) == "packet: ipv4 prerouting veth0 10.77.0.1 > 10.77.0.2 without transport layer, 28 bytes"
ip4(raw(89, b"ospf"), ident=N) | tostring(pkt) == "packet: ipv4 prerouting veth0 10.77.0.1 > 10.77.0.2 protocol 89, 24 bytes"
ip4(udp(7, 8), ident=N, options=b"\x94\x04\0\7\1\x83\3\4") | pkt.ip:option(148) == "\0\7" and pkt.ip:option(131) == "\4" and pkt.ip:option(1) == "" and pkt.ip:option(0) == nil and pkt.ip:option(7) == nil
ip4(udp(7, 8), ident=N, options=b"\7\x27\4" + b"\0" * 36 + b"\1") | pkt.ip:option(7) == "\4" .. ("\0"):rep(36) and pkt.ip:option(1) == ""
ip4(udp(7, 8), ident=N, options=b"\1\0\x94\4\0\0\0\0") | pkt.ip:option(0) == "" and pkt.ip:option(148) == nil
ip4(udp(7, 8), ident=N) | pkt.ip:option(1) == nil and raises("not from 0 to 255", pkt.ip.option, pkt.ip, 256) and raises("number expected", pkt.ip.option, pkt.ip) and raises("ip expected", pkt.ip.option, pkt, 1)
ip4(tcp(1, 2, b"data", options=b"\2\4\5\xb4\1\3\3\7\4\2\0\0"), ident=N) | pkt.tcp:option(2) == "\5\xb4" and pkt.tcp:option(3) == "\7" and pkt.tcp:option(4) == "" and pkt.tcp:option(0) == "" and pkt.tcp:option(8) == nil and raises("tcp expected", pkt.tcp.option, pkt.ip, 1)
ip4(tcp(1, 2, b"data", options=b"\1\1\2\6\5\xb4\1\1"), ident=N) | pkt.tcp:option(1) == "" and pkt.tcp:option(2) == "\5\xb4\1\1"
ip4(tcp(1, 2, options=b"\1\1\2\7\5\xb4\1\1"), ident=N) | pkt.tcp:option(1) == "" and pkt.tcp:option(2) == nil and pkt.tcp:option(5) == nil
ip4(tcp(1, 2, options=b"\1\1\2\1\1\1\1\3"), ident=N) | pkt.tcp:option(2) == nil and pkt.tcp:option(3) == nil
ip4(tcp(1, 2, b"\2\4\5\xb4", doff=8), ident=N) | pkt.tcp:option(2) == nil
ip4(sctp(5, 6, 0xdeadbeef, b"\1\0\0\4", check=0x78563412), ident=N) | pkt.sctp.sport == 5 and pkt.sctp.dport == 6 and pkt.sctp.vtag == 0xdeadbeef and pkt.sctp.checksum == 0x12345678 and pkt.payload:u32(0) == 0x01000004 and pkt.udp == nil
ip6(sctp(5, 6, 7), flow=N) | pkt.sctp.vtag == 7 and #pkt.payload == 0
ip4(cut(sctp(5, 6, 7), 11), ident=N) | pkt.sctp == nil and pkt.payload == nil
ip4(gre(0x0800, b"inner"), ident=N) | pkt.gre.protocol == 0x0800 and pkt.gre.version == 0 and pkt.gre.c == false and pkt.gre.k == false and pkt.gre.s == false and pkt.gre.key == nil and pkt.gre.seq == nil and pkt.gre.checksum == nil and pkt.payload:unpack("c5") == "inner"
ip4(gre(0x6558, b"inner", summed=True, key=0xcafe0001, seq=9), ident=N) | pkt.gre.c and pkt.gre.k and pkt.gre.s and pkt.gre.key == 0xcafe0001 and pkt.gre.seq == 9 and pkt.gre.checksum == pkt:u16(4, "transport") and pkt.payload:unpack("c5") == "inner"
ip6(gre(0x86dd, b"x", seq=9), flow=N) | pkt.gre.s and pkt.gre.seq == 9 and pkt.gre.key == nil and #pkt.payload == 1
ip4(cut(gre(0x0800, b"", key=1), 6), ident=N) | pkt.gre.k and pkt.gre.key == nil and pkt.payload == nil
ip4(gre(0x0800, b"x", version=3), ident=N) | pkt.gre.version == 3 and pkt.payload == nil
ip4(esp(0x11223344, 5), ident=N) | pkt.esp.spi == 0x11223344 and pkt.esp.seq == 5 and pkt.payload == nil and pkt.ah == nil
ip6(esp(1, 2), flow=N) | pkt.esp.spi == 1 and pkt.esp.seq == 2
ip4(ah(17, 0x01020304, 6, b"\0\1\0\2\0\x08\0\0"), ident=N) | pkt.ah.nexthdr == 17 and pkt.ah.len == 4 and pkt.ah.spi == 0x01020304 and pkt.ah.seq == 6 and pkt.udp == nil
ip4(cut(ah(17, 1, 2), 11), ident=N) | pkt.ah == nil
ip6(tcp(3, 4, b"x"), flow=N, exts=[ext(60), ext(51, b"\0\0\0\0\0\x05\0\0\0\6" + b"\0" * 12)]) | pkt.ah.nexthdr == 6 and pkt.ah.len == 4 and pkt.ah.spi == 5 and pkt.ah.seq == 6 and pkt.tcp.dport == 4
ip6(tcp(3, 4, b"x"), flow=N, exts=[ext(60)]) | pkt.ah == nil and raises("packet has no field 'ahh'", function() return pkt.ahh end)
ip6(udp(3, 4, b"x"), flow=N, exts=[ext(0), ext(60), ext(43, b"\2\0\0\0\0\0")]) | pkt.ip6:header(0) == 40 and pkt.ip6:header(60) == 48 and pkt.ip6:header(43) == 56 and pkt.ip6:header(17) == 64 and pkt.ip6:header(44) == nil and pkt.ip6:header(6) == nil and pkt:u8(pkt.ip6:header(43)) == 17
ip6(udp(5, 6, b"a" * 16), flow=N, exts=[ext(60), fragment(0, 1)]) | pkt.ip6:header(44) == 48 and pkt.ip6:header(17) == 56 and pkt.udp.dport == 6
ip6(raw(17, b"\0\1\0\2\0\3\0\4"), flow=N, exts=[fragment(3, 0)]) | pkt.ip6:header(44) == 40 and pkt.ip6:header(17) == nil
ip6(raw(60, b"\x11\xff" + b"\0" * 6), flow=N) | pkt.ip6:header(60) == 40 and pkt.ip6:header(17) == nil and raises("ip6 expected", pkt.ip6.header, pkt, 1)
ip4(udp(1, 2), ident=N) | tostring(pkt):find("ipv4 prerouting", 1, true) and tostring(pkt.udp) == "udp" and type(pkt) == "userdata" and getmetatable(pkt) == false
ip4(udp(1, 2), ident=N) | pkt == pkt and pkt.udp == pkt.udp and pkt.udp ~= pkt.ip and pkt.ip.src == pkt.ip.src and pkt.ip.src ~= pkt.ip.dst
ip4(udp(1, 2), ident=N) | coroutine.wrap(function() return pkt.udp.dport == 2 end)() and select(2, pcall(function() return pkt.len end)) == 28
T

{
	cat <<'L'
local nf = require("netfilter").new{ name = "packet" }
local function flags(pkt)
  local names = {}
  for _, f in ipairs{ "cwr", "ece", "urg", "ack", "psh", "rst", "syn", "fin" } do
    if pkt.tcp.flags[f] then names[#names + 1] = f end
  end
  return table.concat(names, " ")
end
-- what a failure that must be expected returns
local function fails(errno, value, message, number)
  return value == nil and type(message) == "string" and number == errno
end
local function raises(pattern, f, ...)
  local good, message = pcall(f, ...)
  if good or not message:find(pattern) then
    error(("wanted an error like '%s', got '%s'"):format(pattern, message), 0)
  end
  return true
end
local function case(N, check)
  nf:hook{ family = N < 0 and "ipv6" or "ipv4", hook = "prerouting", priority = math.abs(N), function(pkt)
    local n = pkt.ip and pkt.ip.id or pkt.ip6.flowlabel & 0x3ff
    if n ~= math.abs(N) then return end
    assert(check(pkt, math.abs(N)), "not true")
    return nf.DROP
  end }
end
L
	n=0
	while IFS= read -r line; do
		n=$((n + 1))
		case $line in
		ip6*) echo "case(-$n, function(pkt, N) return ${line#* | } end)" ;;
		*) echo "case($n, function(pkt, N) return ${line#* | } end)" ;;
		esac
	done <"$TMP/cases"
} >"$TMP/packet.lua"
ctl load "$TMP/packet.lua" || exit 1

n=0
while IFS= read -r line; do
	n=$((n + 1))
	line=${line%% | *}
	echo "${line//=N/=$n}"
done <"$TMP/cases" >"$TMP/packets"
client python3 "$HERE/packets.py" veth0 02:00:00:00:00:01 02:00:00:00:00:02 <"$TMP/packets"
is "the packets are sent" $? 0

all_done() {
	[ "$(field "$SERVER" packet '[.entries[] | .outcomes.drop + ([.errors[]] | add)] | add')" -ge "$n" ]
}
waits_for 5 all_done || diag "not every packet reached its hook"
field "$SERVER" packet '.entries[] | "\(.priority)\t\(.outcomes.drop)\t\([.errors[]] | add)\t\(.last_error // "" | split("\n")[0])"' |
	sort -n >"$TMP/results"
n=0
while IFS= read -r line; do
	n=$((n + 1))
	IFS=$'\t' read -r _ dropped errors why < <(sed -n "${n}p" "$TMP/results")
	what="packet $n: ${line#* | }"
	# a number sign would be a directive of TAP
	what=${what//#/\\#}
	if [ "$dropped $errors" = "1 0" ]; then
		ok "$what"
	else
		not_ok "$what" "${line%% | *}" "right $dropped times, wrong $errors times: $why"
	fi
done <"$TMP/cases"

# --- whose it is, and where it goes ---------------------------------------------

ctl unload packet 2>/dev/null
load owner <<'L'
local nf = require("netfilter").new{}
local seen = require("map").open{ name = "owner", key = "string", max = 64 }
for _, hook in ipairs{ "output", "postrouting", "prerouting", "input" } do
  nf:hook{ family = "inet", hook = hook, priority = 5, function(pkt)
    local l4 = pkt.udp or pkt.tcp
    local port = l4 and (l4.dport // 10 == 600 and l4.dport or l4.sport // 10 == 600 and l4.sport)
    if not port then return end
    seen:incr(("%d %s uid %s to %s %s by %s"):format(port, hook, pkt.uid, pkt.oifname, pkt.oif, pkt.iifname), 1, 0)
  end }
end
L
# owned ADDRESS PORT UID: a datagram of that user's; lo takes it from its socket
owned() {
	server python3 -c '
import os, socket, sys
os.setuid(int(sys.argv[3]))
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"mine", (sys.argv[1], int(sys.argv[2])))' "$@"
}
for address in "$CLIENT4" "$CLIENT6"; do
	owned "$address" 6000 0
	owned "$address" 6001 1234
done
owned $SERVER4 6002 77
udp "$CLIENT" "$SERVER4" 1 6003
link=$(server cat /sys/class/net/veth0/ifindex)
owners() { ctl map show owner | sed 1d | tr '\t' ' ' | sort; }
want=$(sort <<T
6000 output uid 0 to veth0 $link by nil 2
6000 postrouting uid 0 to veth0 $link by nil 2
6001 output uid 1234 to veth0 $link by nil 2
6001 postrouting uid 1234 to veth0 $link by nil 2
6002 input uid nil to nil nil by lo 1
6002 output uid 77 to lo 1 by nil 1
6002 postrouting uid 77 to lo 1 by nil 1
6002 prerouting uid nil to nil nil by lo 1
6003 input uid nil to nil nil by veth0 1
6003 prerouting uid nil to nil nil by veth0 1
T
)
owners_are() { [ "$(owners)" = "$want" ]; }
waits_for 10 owners_are
is "who opened the socket, and the devices" "$(owners)" "$want"
ctl unload owner
finish
