#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a script writes to packets: every field by its name, with all checksums,
# compared with the same packet made anew. In test runs, and on the way through
# the kernel: in one piece, in many, with checksums to be completed, as segments.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3 socat ethtool tcpdump
topology
PACKETS=$HERE/packets.py
cd "$TMP" || exit 1

# Each line: a packet for packets.py, what a script does to it, and the packet
# that it becomes. The packet's number is its IPv4 identification or its IPv6
# flow label. A line that begins with a minus is for test runs only.
cat >cases <<'T'
ip4(udp(1000, 2000, b"hello"), ident=N) | pkt.ip.tos = 0xb9 | ip4(udp(1000, 2000, b"hello"), ident=N, tos=0xb9)
ip4(udp(1000, 2000, b"hello"), ident=N, tos=3) | pkt.ip.dscp = 46 | ip4(udp(1000, 2000, b"hello"), ident=N, tos=0xbb)
ip4(udp(1000, 2000, b"hello"), ident=N, tos=0xb9) | pkt.ip.ecn = 2 | ip4(udp(1000, 2000, b"hello"), ident=N, tos=0xba)
ip4(udp(1000, 2000, b"hello"), ident=N) | pkt.ip.id = 0xffff | ip4(udp(1000, 2000, b"hello"), ident=0xffff)
ip4(udp(1000, 2000, b"hello"), ident=N) | pkt.ip.df = true | ip4(udp(1000, 2000, b"hello"), ident=N, df=1)
ip4(udp(1000, 2000, b"hello"), ident=N, df=1) | pkt.ip.df = false | ip4(udp(1000, 2000, b"hello"), ident=N)
ip4(udp(1000, 2000, b"hello"), ident=N) | pkt.ip.ttl = 5 | ip4(udp(1000, 2000, b"hello"), ident=N, ttl=5)
ip4(udp(1000, 2000, b"hello"), ident=N) | pkt.ip.src = ip"10.88.9.200" | ip4(udp(1000, 2000, b"hello"), ident=N, src="10.88.9.200")
ip4(udp(1000, 2000, b"hello"), ident=N) | pkt.ip.dst = ip"10.77.0.77" | ip4(udp(1000, 2000, b"hello"), ident=N, dst="10.77.0.77")
ip4(tcp(1000, 2000, b"hell"), ident=N) | pkt.ip.src = ip"10.88.9.201" pkt.ip.dst = ip"10.77.0.78" | ip4(tcp(1000, 2000, b"hell"), ident=N, src="10.88.9.201", dst="10.77.0.78")
ip4(icmp(8, 0, b"\0\1\0\2", b"odd"), ident=N) | pkt.ip.src = ip"10.88.9.202" | ip4(icmp(8, 0, b"\0\1\0\2", b"odd"), ident=N, src="10.88.9.202")
ip4(sctp(1, 2, 3, b"chunk"), ident=N) | pkt.ip.src = ip"10.88.9.203" | ip4(sctp(1, 2, 3, b"chunk"), ident=N, src="10.88.9.203")
ip4(gre(0x0900, b"x", summed=True), ident=N) | pkt.ip.src = ip"10.88.9.204" | ip4(gre(0x0900, b"x", summed=True), ident=N, src="10.88.9.204")
ip4(raw(89, b"ospf"), ident=N) | pkt.ip.src = ip"10.88.9.205" | ip4(raw(89, b"ospf"), ident=N, src="10.88.9.205")
ip4(udp(1000, 2000, b"hello"), ident=N, options=b"\x94\4\0\0") | pkt.ip.ttl = 9 pkt.ip.src = ip"10.88.9.206" pkt.udp.dport = 9 | ip4(udp(1000, 9, b"hello"), ident=N, src="10.88.9.206", ttl=9, options=b"\x94\4\0\0")
-ip4(udp(1000, 2000, b"hello"), ident=N) | pkt.ip.checksum = 0x1234 | Cut((0x800, ip4(udp(1000, 2000, b"hello"), ident=N)[1][:10] + b"\x12\x34" + ip4(udp(1000, 2000, b"hello"), ident=N)[1][12:]), 47)
ip4(udp(1000, 2000, b"hello"), ident=N) | pkt.udp.sport = 53 | ip4(udp(53, 2000, b"hello"), ident=N)
ip4(udp(1000, 2000, b"hello"), ident=N) | pkt.udp.dport = 65535 | ip4(udp(1000, 65535, b"hello"), ident=N)
ip4(udp(1000, 2000, b"hello", check=0), ident=N) | pkt.udp.dport = 53 pkt.ip.src = ip"10.88.9.207" | ip4(udp(1000, 53, b"hello", check=0), ident=N, src="10.88.9.207")
ip4(udp(1000, 2000, b"hello", check=0x1111), ident=N) | pkt.udp.dport = 2000 | ip4(udp(1000, 2000, b"hello", check=0x1111), ident=N)
-ip4(udp(1000, 2000, b"hello"), ident=N) | pkt.udp.checksum = 0xabcd | ip4(udp(1000, 2000, b"hello", check=0xabcd), ident=N)
ip4(udp(1000, 2000, b"\xeb\xe1"), ident=N) | for port = 0, 65535, 1337 do pkt.udp.dport = port end pkt.udp.dport = 2000 | ip4(udp(1000, 2000, b"\xeb\xe1"), ident=N)
-ip4(udp(1000, 2000, b""), ident=N) | pkt.udp.sport = (pkt.udp.sport + pkt.udp.checksum) % 65535 | ip4(udp((1000 + struct.unpack("!H", ip4(udp(1000, 2000, b""), ident=N)[1][26:28])[0]) % 65535, 2000, b""), ident=N)
ip4(tcp(80, 443, b"data"), ident=N) | pkt.tcp.sport = 8080 pkt.tcp.dport = 8443 | ip4(tcp(8080, 8443, b"data"), ident=N)
ip4(tcp(80, 443, b"data"), ident=N) | pkt.tcp.seq = 0xfedcba98 pkt.tcp.ack = 0x12345678 | ip4(tcp(80, 443, b"data", seq=0xfedcba98, ack=0x12345678), ident=N)
ip4(tcp(80, 443, b"data"), ident=N) | pkt.tcp.window = 4321 pkt.tcp.urgent = 99 | ip4(tcp(80, 443, b"data", window=4321, urgent=99), ident=N)
ip4(tcp(80, 443, b"data", flags=0), ident=N) | for _, f in ipairs{ "cwr", "ece", "urg", "ack", "psh", "rst", "syn", "fin" } do pkt.tcp.flags[f] = true end | ip4(tcp(80, 443, b"data", flags=0xff), ident=N)
ip4(tcp(80, 443, b"data", flags=0xff), ident=N) | pkt.tcp.flags.syn = false pkt.tcp.flags.cwr = false | ip4(tcp(80, 443, b"data", flags=0x7d), ident=N)
ip4(tcp(80, 443, b"data", options=b"\2\4\5\xb4\1\1\4\2"), ident=N) | local t = pkt.tcp t.flags.psh = true t.window = 7 | ip4(tcp(80, 443, b"data", flags=10, window=7, options=b"\2\4\5\xb4\1\1\4\2"), ident=N)
-ip4(tcp(80, 443, b"data"), ident=N) | pkt.tcp.checksum = 0 | ip4(tcp(80, 443, b"data", check=0), ident=N)
ip4(icmp(8, 0, b"\0\1\0\2", b"odd"), ident=N) | pkt.icmp.type = 13 pkt.icmp.code = 7 | ip4(icmp(13, 7, b"\0\1\0\2", b"odd"), ident=N)
ip4(icmp(8, 0, b"\0\1\0\2", b"odd"), ident=N) | pkt.icmp.id = 0xabcd pkt.icmp.seq = 0x1234 | ip4(icmp(8, 0, b"\xab\xcd\x12\x34", b"odd"), ident=N)
-ip4(icmp(5, 1, b"\x0a\0\0\1"), ident=N) | pkt.icmp.gateway = ip"10.0.0.2" | ip4(icmp(5, 1, b"\x0a\0\0\2"), ident=N)
ip4(icmp(3, 4, b"\0\0\5\xdc"), ident=N) | pkt.icmp.mtu = 1400 | ip4(icmp(3, 4, b"\0\0\5\x78"), ident=N)
-ip4(icmp(8, 0), ident=N) | pkt.icmp.checksum = 0xffff | ip4(icmp(8, 0, check=0xffff), ident=N)
ip4(sctp(1, 2, 3, b"chunk"), ident=N) | pkt.sctp.sport = 0x1234 pkt.sctp.dport = 36412 pkt.sctp.vtag = 0xcafebabe | ip4(sctp(0x1234, 36412, 0xcafebabe, b"chunk"), ident=N)
ip4(sctp(1, 2, 3, b"c" * 1000), ident=N) | pkt.sctp.dport = 5 | ip4(sctp(1, 5, 3, b"c" * 1000), ident=N)
-ip4(sctp(1, 2, 3), ident=N) | pkt.sctp.checksum = 0x78563412 | ip4(sctp(1, 2, 3, check=0x12345678), ident=N)
ip4(gre(0x0900, b"x", key=1, seq=2), ident=N) | pkt.gre.key = 0xffffffff pkt.gre.seq = 0 | ip4(gre(0x0900, b"x", key=0xffffffff, seq=0), ident=N)
ip4(gre(0x0900, b"xyz", summed=True, key=1, seq=2), ident=N) | pkt.gre.key = 0xffffffff pkt.gre.seq = 0x12345678 | ip4(gre(0x0900, b"xyz", summed=True, key=0xffffffff, seq=0x12345678), ident=N)
ip4(gre(0x0900, b"xyz", summed=True), ident=N) | pkt.gre.checksum = 0x1234 | ip4(gre(0x0900, b"xyz", summed=True, check=0x1234), ident=N)
ip4(udp(5, 6, b"a" * 16), ident=N, mf=1) | pkt.udp.dport = 7 pkt.ip.src = ip"10.88.9.208" | ip4(udp(5, 7, b"a" * 16), ident=N, mf=1, src="10.88.9.208")
ip4(raw(17, b"\0\1\0\2\0\3\0\4"), ident=N, frag=3) | pkt.ip.src = ip"10.88.9.209" | ip4(raw(17, b"\0\1\0\2\0\3\0\4"), ident=N, frag=3, src="10.88.9.209")
ip4(cut(udp(5, 6), 7), ident=N) | pkt.ip.src = ip"10.88.9.210" | ip4(cut(udp(5, 6), 7), ident=N, src="10.88.9.210")
ip6(udp(1000, 2000, b"hello"), flow=N) | pkt.ip6.tclass = 0xb9 | ip6(udp(1000, 2000, b"hello"), flow=N, tclass=0xb9)
ip6(udp(1000, 2000, b"hello"), flow=N, tclass=3) | pkt.ip6.dscp = 46 | ip6(udp(1000, 2000, b"hello"), flow=N, tclass=0xbb)
ip6(udp(1000, 2000, b"hello"), flow=N, tclass=0xb9) | pkt.ip6.ecn = 2 | ip6(udp(1000, 2000, b"hello"), flow=N, tclass=0xba)
ip6(udp(1000, 2000, b"hello"), flow=N, tclass=0xb9) | pkt.ip6.flowlabel = 0xfedcb | ip6(udp(1000, 2000, b"hello"), flow=0xfedcb, tclass=0xb9)
ip6(udp(1000, 2000, b"hello"), flow=N) | pkt.ip6.hoplimit = 5 | ip6(udp(1000, 2000, b"hello"), flow=N, hops=5)
ip6(udp(1000, 2000, b"hello"), flow=N) | pkt.ip6.src = ip"fd88::9:a" | ip6(udp(1000, 2000, b"hello"), flow=N, src="fd88::9:a")
ip6(tcp(1000, 2000, b"hell"), flow=N) | pkt.ip6.src = ip"fd88::9:b" pkt.ip6.dst = ip"fd77::4d" | ip6(tcp(1000, 2000, b"hell"), flow=N, src="fd88::9:b", dst="fd77::4d")
ip6(icmp6(128, 0, b"\0\1\0\2", b"odd"), flow=N) | pkt.ip6.src = ip"fd88::9:c" | ip6(icmp6(128, 0, b"\0\1\0\2", b"odd"), flow=N, src="fd88::9:c")
ip6(sctp(1, 2, 3, b"chunk"), flow=N) | pkt.ip6.src = ip"fd88::9:d" pkt.sctp.vtag = 9 | ip6(sctp(1, 2, 9, b"chunk"), flow=N, src="fd88::9:d")
ip6(udp(1000, 2000, b"hello"), flow=N) | pkt.udp.sport = 53 pkt.udp.dport = 54 | ip6(udp(53, 54, b"hello"), flow=N)
ip6(tcp(80, 443, b"data"), flow=N) | pkt.tcp.dport = 8443 pkt.tcp.flags.fin = true | ip6(tcp(80, 8443, b"data", flags=3), flow=N)
ip6(icmp6(128, 0, b"\0\1\0\2", b"odd"), flow=N) | pkt.icmp6.type = 129 pkt.icmp6.code = 7 pkt.icmp6.id = 8 pkt.icmp6.seq = 9 | ip6(icmp6(129, 7, b"\0\x08\0\x09", b"odd"), flow=N)
ip6(icmp6(2, 0, b"\0\1\0\0"), flow=N) | pkt.icmp6.mtu = 1280 | ip6(icmp6(2, 0, b"\0\0\5\0"), flow=N)
-ip6(icmp6(128, 0), flow=N) | pkt.icmp6.checksum = 1 | ip6(icmp6(128, 0, check=1), flow=N)
ip6(udp(3, 4, b"x"), flow=N, exts=[ext(60), ext(60)]) | pkt.udp.dport = 5 pkt.ip6.src = ip"fd88::9:e" | ip6(udp(3, 5, b"x"), flow=N, exts=[ext(60), ext(60)], src="fd88::9:e")
ip6(udp(5, 6, b"a" * 16), flow=N, exts=[fragment(0, 1)]) | pkt.udp.dport = 7 pkt.ip6.src = ip"fd88::9:f" | ip6(udp(5, 7, b"a" * 16), flow=N, exts=[fragment(0, 1)], src="fd88::9:f")
ip6(raw(17, b"\0\1\0\2\0\3\0\4"), flow=N, exts=[fragment(3, 0)]) | pkt.ip6.src = ip"fd88::9:10" | ip6(raw(17, b"\0\1\0\2\0\3\0\4"), flow=N, exts=[fragment(3, 0)], src="fd88::9:10")
-ip6(udp(5, 6, b"x", check=0x1234), flow=N, exts=[ext(43, b"\2\1\0\0\0\0" + b"\0" * 16)]) | pkt.ip6.dst = ip"fd77::4e" | ip6(udp(5, 6, b"x", check=0x1234), flow=N, exts=[ext(43, b"\2\1\0\0\0\0" + b"\0" * 16)], dst="fd77::4e")
ip6(gre(0x0900, b"xyz", summed=True, key=1), flow=N) | pkt.gre.key = 0x10002 | ip6(gre(0x0900, b"xyz", summed=True, key=0x10002), flow=N)
ip4(udp(1, 2, b"x"), ident=N) | raises("udp.dport is 65536, but has 16 bits", function() pkt.udp.dport = 65536 end) raises("ip.ttl is 300, but has 8 bits", function() pkt.ip.ttl = 300 end) raises("ip.ttl is %-1, but has 8 bits", function() pkt.ip.ttl = -1 end) raises("ip.dscp is 64, but has 6 bits", function() pkt.ip.dscp = 64 end) | ip4(udp(1, 2, b"x"), ident=N)
ip4(tcp(1, 2, b"x"), ident=N) | raises("tcp.dport is a number, not a string", function() pkt.tcp.dport = "53" end) raises("tcp.dport is a number, not a nil", function() pkt.tcp.dport = nil end) raises("tcp.flags.syn is true or false, not a number", function() pkt.tcp.flags.syn = 1 end) raises("tcp.seq is 4294967296, but has 32 bits", function() pkt.tcp.seq = 1 << 32 end) | ip4(tcp(1, 2, b"x"), ident=N)
ip4(udp(1, 2, b"x"), ident=N) | for _, v in ipairs{ "10.0.0.1", 5, ip"10.0.0.0/8", ip"::1", pkt, pkt.udp, false } do raises("ip.src is an IPv4 address, as luapacket.ip makes it", function() pkt.ip.src = v end) end | ip4(udp(1, 2, b"x"), ident=N)
ip6(udp(1, 2, b"x"), flow=N) | for _, v in ipairs{ "::1", 5, ip"10.0.0.1", ip"fd00::/8", pkt, {} } do raises("ip6.dst is an IPv6 address, as luapacket.ip makes it", function() pkt.ip6.dst = v end) end | ip6(udp(1, 2, b"x"), flow=N)
ip4(udp(1, 2, b"x"), ident=N) | for _, v in ipairs{ "", "0a:0b:0c:0d:0e", "0a:0b:0c:0d:0e:0g", "0a-0b-0c-0d-0e-0f", "0a:0b:0c:0d:0e:0f:", "0a:0b:0c:0d:0e:0f\0" } do raises("eth.dst is a string like 'aa:bb:cc:dd:ee:ff', not '", function() pkt.eth.dst = v end) end raises("eth.src is a string like 'aa:bb:cc:dd:ee:ff', not a number", function() pkt.eth.src = 5 end) | ip4(udp(1, 2, b"x"), ident=N)
ip4(udp(1, 2, b"x"), ident=N) | for _, f in ipairs{ "version", "ihl", "len", "mf", "frag", "protocol", "option" } do raises("ip%." .. f .. " cannot be set", function() pkt.ip[f] = 1 end) end raises("ip has no field 'tll' %(it has: version", function() pkt.ip.tll = 1 end) raises("ip has no field of type number", function() pkt.ip[1] = 1 end) raises("udp.len cannot be set", function() pkt.udp.len = 1 end) raises("payload has no field 'x'", function() pkt.payload.x = 1 end) | ip4(udp(1, 2, b"x"), ident=N)
ip6(tcp(1, 2, b"x"), flow=N) | for _, f in ipairs{ "version", "len", "nexthdr", "header" } do raises("ip6%." .. f .. " cannot be set", function() pkt.ip6[f] = 1 end) end raises("tcp.doff cannot be set", function() pkt.tcp.doff = 1 end) raises("tcp.flags cannot be set", function() pkt.tcp.flags = 1 end) raises("an address has no fields to set", function() ip"10.0.0.1".x = 1 end) | ip6(tcp(1, 2, b"x"), flow=N)
ip4(gre(0x0900, b"x"), ident=N) | raises("this gre header has no key", function() pkt.gre.key = 1 end) raises("no seq", function() pkt.gre.seq = 1 end) raises("no checksum", function() pkt.gre.checksum = 1 end) raises("gre.k cannot be set", function() pkt.gre.k = true end) | ip4(gre(0x0900, b"x"), ident=N)
ip4(esp(1, 2), ident=N) | raises("esp.spi cannot be set", function() pkt.esp.spi = 3 end) | ip4(esp(1, 2), ident=N)
ip6(udp(1, 2), flow=N, exts=[ext(51, b"\0" * 22)]) | raises("ah.spi cannot be set", function() pkt.ah.spi = 3 end) pkt.udp.dport = 3 | ip6(udp(1, 3), flow=N, exts=[ext(51, b"\0" * 22)])
ip4(udp(1, 2, b"x"), ident=N) | pkt.mark = 0xffffffff pkt.priority = 7 assert(pkt.mark == 0xffffffff and pkt.priority == 7) pkt.mark = 0 raises("packet.mark is %-1, but has 32 bits", function() pkt.mark = -1 end) raises("packet.priority is a number, not a table", function() pkt.priority = {} end) | ip4(udp(1, 2, b"x"), ident=N)
ip4(udp(1, 2, b"x"), ident=N) | local u = pkt.udp u.dport = 9 assert(u.dport == 9 and pkt.udp.dport == 9 and u.sport == 1 and pkt.payload:u8(0) == 120) pkt.ip.ttl = 64 | ip4(udp(1, 9, b"x"), ident=N)
T

# --- a script of all cases, packets and what they become -------------------
{
	cat <<'L'
local nf, ip = require("netfilter").new{ name = "fields" }, require("luapacket").ip
local function raises(pattern, f)
  local good, message = pcall(f)
  if good or not message:find(pattern) then
    error(("wanted an error like '%s', got '%s'"):format(pattern, message), 0)
  end
end
local cases = {}
L
	n=0
	while IFS= read -r line; do
		n=$((n + 1))
		line=${line#* | }
		echo "cases[$n] = function(pkt) ${line% | *} end"
	done <cases
	cat <<'L'
local function number(pkt) return pkt.ip and pkt.ip.id or pkt.ip6.flowlabel end
function change(pkt) cases[number(pkt)](pkt) end
function look(pkt)
  local good, message = pcall(change, pkt)
  if not good and not message:find("a match may not change its packet", 1, true) then error(message, 0) end
  return not good
end
nf:hook{ family = "inet", hook = "prerouting", priority = "filter", function(pkt)
  if pkt.iifname == "tap0" and cases[number(pkt)] then cases[number(pkt)](pkt) end
end }
L
} >fields.lua
n=0
while IFS= read -r line; do
	n=$((n + 1))
	line=${line//=N/=$n}
	line=${line#-}
	echo "${line%% | *}" >&3
	echo "${line##* | }" >&4
done <cases 3>before 4>after
MACS=(02:00:00:00:00:01 02:00:00:00:00:02)
python3 "$PACKETS" before.pcap "${MACS[@]}" <before
# the frames of a pcap file, one a line
frames() {
	python3 -c 'import sys
data, at = open(sys.argv[1], "rb").read(), 24
while at < len(data):
    size = int.from_bytes(data[at + 8:at + 12], "little")
    print(data[at + 16:at + 16 + size].hex())
    at += 16 + size' "$1"
}
# --- off the network -------------------------------------------------------
ctl load --budget 10ms fields.lua || exit 1
ctl -j run fields --entry function:change --role target --pcap before.pcap --out out.pcap >run.json
is "all packets are run" $? 0
python3 "$PACKETS" - "${MACS[@]}" <after >want
frames out.pcap >got
jq -r 'if type == "array" then .[] else . end | "\(.outcome) \((.text // "") | split("\n")[0] // "")"' run.json >texts
is "no packet is refused" "$(grep -c '^refused' texts)" 0
n=0
while IFS= read -r line; do
	n=$((n + 1))
	what=${line#* | }
	what="write $n: ${what% | *}"
	is "${what//#/\\#}" "$(sed -n "${n}p" texts) $(sed -n "${n}p" got)" \
		"continue  $(sed -n "${n}p" want)"
done <cases

# A match may look at a packet, and write nothing.
ctl run fields --entry function:look --role match --pcap before.pcap --out out.pcap >run.txt
# Three only try what cannot be written at all.
is "a match may not change its packet" "$(cut -d ' ' -f 2- run.txt | sort | uniq -c | xargs)" \
	"$(($(wc -l <cases) - 3)) match 3 nomatch"
frames out.pcap >got
python3 "$PACKETS" - "${MACS[@]}" <before >want
check "and has not" cmp got want

# The frame's own header: what it was, and what it becomes.
cat >frame.lua <<'L'
local nf = require("netfilter").new{}
nf:target(function(pkt)
  local eth = pkt.eth
  eth.dst = "0a:0B:0c:0d:0e:0f" eth.src = "ff:fe:fd:fc:fb:fa" eth.type = 0x1234
  assert(eth.dst == "0a:0b:0c:0d:0e:0f" and eth.src == "ff:fe:fd:fc:fb:fa" and eth.type == 0x1234)
  assert(pkt.protocol == 0x0800 and pkt.udp.dport == 2)
end)
L
frame=$(python3 "$PACKETS" - "${MACS[@]}" <<<'ip4(udp(1, 2))')
is "the header of a frame" "$(nfluactl -j run frame.lua --hex "$frame" | jq -r '.[0].data')" \
	"0a0b0c0d0e0ffffefdfcfbfa1234${frame:28}"

# SCTP that ends before its checksum, in a frame that goes on behind it.
cat >short.lua <<'L'
local nf = require("netfilter").new{}
local half = require("luapacket").protocol{ name = "half", { "a", 16 } }
nf:hook{ family = "netdev", hook = "ingress", device = "veth0", priority = 0, function(pkt)
  half(pkt, 20).a = 0x1234
end }
L
frame=$(python3 "$PACKETS" - "${MACS[@]}" <<<'ip4(raw(132, b"\xab\xcd\0\2"))')
padding=$(printf '00%.0s' {1..22})
is "what is behind a packet stays" "$(nfluactl -j run short.lua --hex "$frame$padding" | jq -r '.[0].data')" \
	"${frame/abcd/1234}$padding"

# --- on the way through the kernel -----------------------------------------
#
#    tap.py send                      fields.lua                  tap.py expect
#      tap0 --------- $ROUTER --- prerouting, forward --- veth1 ------ $SINK
#
# The device completes no checksum: what was left to be completed, the kernel does.
ROUTER=nflua-r$$ SINK=nflua-d$$
TAPMAC=02:00:00:00:00:03
namespace "$ROUTER" "$SINK"
router() { in_ns "$ROUTER" "$@"; }
sink() { in_ns "$SINK" "$@"; }
modprobe -q tun
[ -e /dev/net/tun ] || { mkdir -p /dev/net && mknod /dev/net/tun c 10 200; }
router ip tuntap add dev tap0 mode tap vnet_hdr || exit 1
router ethtool -K tap0 gro off >/dev/null
ip -n "$ROUTER" link add veth1 type veth peer name veth1 address 02:00:00:00:00:05 \
	netns "$SINK" || exit 1
router ethtool -K veth1 tx off tso off gso off >/dev/null 2>&1
sink ethtool -K veth1 gro off >/dev/null
router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
	net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.tap0.rp_filter=0
ip -n "$ROUTER" link set tap0 address $TAPMAC up
ip -n "$ROUTER" link set veth1 up
ip -n "$SINK" link set veth1 up
ip -n "$ROUTER" addr add 10.99.0.1/24 dev veth1
ip -n "$ROUTER" addr add fd99::1/64 dev veth1 nodad
ip -n "$ROUTER" neigh replace 10.99.0.2 dev veth1 lladdr 02:00:00:00:00:05 nud permanent
ip -n "$ROUTER" neigh replace fd99::2 dev veth1 lladdr 02:00:00:00:00:05 nud permanent
ip -n "$ROUTER" route add default via 10.99.0.2
ip -n "$ROUTER" -6 route add default via fd99::2
nfluactl -n "$ROUTER" load --budget 10ms fields.lua || exit 1

# What the sink gets: of what forwarding changes, made as it was sent.
cat >arrive.py <<'P'
import struct, sys
def total(data):
    value = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while value >> 16:
        value = (value & 0xffff) + (value >> 16)
    return value
for line in sys.stdin:
    data = bytearray.fromhex(line.strip())
    if sys.argv[1] == "cut":
        data = data[14:]
    if data[0] >> 4 == 4:
        size = (data[0] & 15) * 4
        good = total(data[:size]) == 0xffff
        data[8] += sys.argv[1] != "cut"
        data[10:12] = b"\0\0"
        data[10:12] = struct.pack("!H", ~total(data[:size]) & 0xffff) if good else b"\xba\xd0"
    else:
        data[7] += sys.argv[1] != "cut"
    print(data.hex())
P
grep -vn '^-' cases | cut -d : -f 1 >through
picked() { awk 'NR == FNR { wanted[$1]; next } FNR in wanted' through "$1"; }
picked before | python3 "$PACKETS" - 02:00:00:00:00:04 $TAPMAC >frames
picked after | python3 "$PACKETS" - 02:00:00:00:00:04 $TAPMAC | python3 arrive.py cut | sort >want

# through WHAT SPLIT
through() {
	local count
	count=$(wc -l <want)
	: >arrived # the last one's "ready" is not this one's
	sink python3 "$HERE/tap.py" expect veth1 "$count" $((20 * ${NFLUA_SLOW:-1})) >arrived &
	local receiver=$!
	waits_for 10 grep -q ready arrived
	router python3 "$HERE/tap.py" send tap0 "$2" <frames
	is "$1: the frames are sent" $? 0
	wait $receiver
	grep -v ready arrived | python3 arrive.py back | sort >got
	check "$1: all arrive as they have to" diff got want
	is "$1: no error" "$(field "$ROUTER" fields \
		'[.entries[].errors[]] | add')$(field "$ROUTER" fields '.entries[].last_error // empty')" 0
}
through "in one piece" whole
through "headers in pieces" 34
through "the IP header alone in one piece" 14
through "checksums to be completed" whole,partial
through "and headers in pieces" 40,partial

# Segments: all of them have the port, and a checksum that is right.
cat >verify.py <<'P'
import struct, sys
sys.path.insert(0, sys.argv[1])
from tap import pseudo, total, transport
found = []
for line in sys.stdin:
    data = bytes.fromhex(line.strip())
    protocol, off = transport(data)
    size = struct.unpack("!H", data[2:4])[0] if data[0] >> 4 == 4 else 40 + struct.unpack("!H", data[4:6])[0]
    data = data[:size]
    value = total(struct.pack("!H", pseudo(data, protocol, off)) + data[off:])
    good = value == 0xffff and (data[0] >> 4 == 6 or total(data[:off]) == 0xffff)
    found.append("%d %s" % (struct.unpack("!H", data[off + 2:off + 4])[0], good))
print(len(found), *sorted(set(found)))
P
cat >frames.txt <<'P'
ip4(tcp(1000, 2000, b"segment!" * 500, flags=0x10))
ip6(tcp(1000, 2000, b"segment!" * 500, flags=0x10))
P
cat >segments.lua <<'L'
local nf, ip = require("netfilter").new{}, require("luapacket").ip
nf:hook{ family = "inet", hook = "forward", priority = "filter", function(pkt)
  if not pkt.tcp then return end
  pkt.tcp.dport = 4321
  if pkt.ip then pkt.ip.src = ip"10.88.1.1" else pkt.ip6.src = ip"fd88::1:1" end
end }
L
nfluactl -n "$ROUTER" load segments.lua || exit 1
python3 "$PACKETS" - 02:00:00:00:00:04 $TAPMAC <frames.txt >frames
for split in whole 54 14; do
	: >arrived
	sink python3 "$HERE/tap.py" expect veth1 8 $((20 * ${NFLUA_SLOW:-1})) >arrived &
	receiver=$!
	waits_for 10 grep -q ready arrived
	router python3 "$HERE/tap.py" send tap0 $split,partial,gso=1000 <frames
	wait $receiver
	is "segments of a packet with $split bytes in its first piece" \
		"$(grep -v ready arrived | python3 -B verify.py "$HERE")" "8 4321 True"
done
# Cut to two of the four, while a clone has all of them.
cat >segments.lua <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "inet", hook = "forward", priority = "filter", function(pkt)
  if not pkt.tcp then return end
  local all <close> = pkt:clone()
  assert(pkt:trim(#pkt - 2000) and #pkt.payload == 2000 and #all.payload == 4000)
  if pkt.ip then pkt:set_u16(2, #pkt) else pkt:set_u16(4, #pkt - 40) end
  pkt.tcp.dport = 4322
  assert(pkt:checksum() and all.tcp.dport == 2000)
end }
L
nfluactl -n "$ROUTER" replace --budget 10ms segments.lua || exit 1
for split in whole 54 14; do
	: >arrived
	sink python3 "$HERE/tap.py" expect veth1 4 $((20 * ${NFLUA_SLOW:-1})) >arrived &
	receiver=$!
	waits_for 10 grep -q ready arrived
	router python3 "$HERE/tap.py" send tap0 $split,partial,gso=1000 <frames
	wait $receiver
	is "segments of a packet that was cut, with $split bytes in its first piece" \
		"$(grep -v ready arrived | python3 -B verify.py "$HERE")" "4 4322 True"
done
is "no error with segments" "$(field "$ROUTER" segments '[.entries[].errors[]] | add')" 0

# --- a checksum of all bytes, from a tunnel --------------------------------
#
# What comes out of a tunnel with a checksum has CHECKSUM_COMPLETE, which the
# receiver believes.
cat >tunnel.lua <<'L'
local nf, ip = require("netfilter").new{}, require("luapacket").ip
nf:hook{ family = "inet", hook = "prerouting", priority = "filter", function(pkt)
  if pkt.iifname ~= "tun0" then return end
  local sport = pkt.udp.sport
  if sport == 12 then
    assert(pkt:pull(pkt.ip and 28 or 48))
    return
  end
  pkt.udp.dport = 7777
  if pkt.ip then
    pkt.ip.ttl = 3 pkt.ip.tos = 4 pkt.ip.dst = ip"10.66.0.2"
  else
    pkt.ip6.hoplimit = 3 pkt.ip6.tclass = 4 pkt.ip6.dst = ip"fd66::2"
  end
  if sport == 11 then
    pkt.payload:pack("c3", 1, "odd")
    assert(pkt:checksum())
  elseif sport == 13 then
    assert(pkt:trim(#pkt - 4))
  elseif sport == 14 then
    local payload = "odd" .. (pkt.ip and "v4 " or "v6 "):rep(30)
    assert(assert(pkt:steal()):send(payload))
    return nf.STOLEN
  elseif sport == 15 then
    assert(pkt.payload:pack("c3", 1, "bad"))
  end
end }
L
spoilt=
bad_sums() { server nstat -az UdpInErrors UdpInCsumErrors Udp6InErrors Udp6InCsumErrors TcpInCsumErrors | awk '$2 > 0'; }
has_bytes() { [ "$(stat -c %s "$1" 2>/dev/null)" = "$2" ]; }
if server ip link add tun0 type gre local $SERVER4 remote $CLIENT4 csum 2>/dev/null; then
	ip -n "$SERVER" addr add 10.66.0.2/24 dev tun0
	ip -n "$SERVER" addr add fd66::2/64 dev tun0 nodad
	ip -n "$SERVER" link set tun0 up
	ctl load tunnel.lua || exit 1
	server socat -u UDP6-RECV:7777,ipv6only=0 CREATE:tunnelled &
	waits_for 10 server bash -c "ss -lnu | grep -q :7777"
	client python3 "$PACKETS" veth0 02:00:00:00:00:01 02:00:00:00:00:02 <<'P'
ip4(gre(0x0800, ip4(udp(1, 2, b"odd" + b"v4 " * 30), src="10.66.0.1", dst="10.66.0.9")[1], summed=True))
ip4(gre(0x86dd, ip6(udp(1, 2, b"odd" + b"v6 " * 30), src="fd66::1", dst="fd66::9")[1], summed=True))
ip4(gre(0x0800, ip4(udp(11, 2, b"???" + b"v4 " * 30), src="10.66.0.1", dst="10.66.0.9")[1], summed=True))
ip4(gre(0x86dd, ip6(udp(11, 2, b"???" + b"v6 " * 30), src="fd66::1", dst="fd66::9")[1], summed=True))
ip4(gre(0x0800, ip4(udp(12, 2, ip4(udp(1, 7777, b"odd" + b"v4 " * 30), src="10.66.0.1", dst="10.66.0.2")[1]), src="10.66.0.1", dst="10.66.0.9")[1], summed=True))
ip4(gre(0x86dd, ip6(udp(12, 2, ip6(udp(1, 7777, b"odd" + b"v6 " * 30), src="fd66::1", dst="fd66::2")[1]), src="fd66::1", dst="fd66::9")[1], summed=True))
ip4(gre(0x0800, ip4(raw(17, ip4(udp(13, 2, b"odd" + b"v4 " * 30), src="10.66.0.1", dst="10.66.0.9")[1][20:] + b"tail"), src="10.66.0.1", dst="10.66.0.9")[1], summed=True))
ip4(gre(0x86dd, ip6(raw(17, ip6(udp(13, 2, b"odd" + b"v6 " * 30), src="fd66::1", dst="fd66::9")[1][40:] + b"tail"), src="fd66::1", dst="fd66::9")[1], summed=True))
ip4(gre(0x0800, ip4(udp(14, 2, b"other"), src="10.66.0.1", dst="10.66.0.9")[1], summed=True))
ip4(gre(0x86dd, ip6(udp(14, 2, b"other"), src="fd66::1", dst="fd66::9")[1], summed=True))
P
	waits_for 10 has_bytes tunnelled 930
	is "packets with a checksum of all bytes are received" \
		"$(tr -s ' ' <tunnelled | fold -w 3 | sort | uniq -c | xargs)" \
		"10 odd 150 v4 150 v6"
	is "and no receiver found one wrong" "$(bad_sums)" ""
	# what was said of the bytes as they were does not hide what a script spoils
	client python3 "$PACKETS" veth0 02:00:00:00:00:01 02:00:00:00:00:02 <<'P'
ip4(gre(0x0800, ip4(udp(15, 2, b"odd"), src="10.66.0.1", dst="10.66.0.9")[1], summed=True))
ip4(gre(0x86dd, ip6(udp(15, 2, b"odd"), src="fd66::1", dst="fd66::9")[1], summed=True))
P
	bad_are() { [ "$(bad_sums | awk '{ print $1, $2 }' | sort | xargs)" = "$1" ]; }
	check "a receiver finds what was written, and not summed" waits_for 10 bad_are \
		"Udp6InCsumErrors 1 Udp6InErrors 1 UdpInCsumErrors 1 UdpInErrors 1"
	spoilt=$(bad_sums)
	is "no call failed" "$(field "$SERVER" tunnel \
		'.entries[0] | "\([.errors[]] | add) \(.outcomes.stolen)"')" "0 2"
	ctl unload tunnel
else
	skip "a checksum of all bytes" "no GRE tunnels here"
fi

# --- segments in a tunnel whose datagrams have no checksum, or have one -------
#
# Around a sum that is left to be completed, the datagram's is complete: what the
# inner one covers is no part of it. That of segments is left, too.
cat >noudpcsum.lua <<'L'
local nf, ip = require("netfilter").new{}, require("luapacket").ip
nf:hook{ family = "ipv4", hook = "postrouting", priority = "filter", function(pkt)
  if not pkt.udp or pkt.udp.dport ~= 4789 then return end
  assert(pkt.udp.checksum == 0)
  pkt.ip.src = ip"10.77.0.11"
  assert(pkt.udp.checksum == 0)
end }
L
cat >udpcsum.lua <<'L'
local luapacket = require("luapacket")
local nf, ip, protocol = require("netfilter").new{}, luapacket.ip, luapacket.protocol
local frame = protocol{ name = "frame", { 48 }, { "src", 48, "mac" }, { "type", 16 } }
local inner = protocol{ name = "inner", { 32 }, { 32 }, { 32 }, { 32 }, { 16 }, { "urgent", 16 } }
local seen = require("map").open{ name = "seen", key = "string", max = 2 }
local n = 0
nf:hook{ family = "ipv4", hook = "postrouting", priority = "filter", function(pkt)
  if not pkt.udp or pkt.udp.dport ~= 4789 then return end
  assert(pkt.udp.checksum ~= 0)
  seen:incr(#pkt > 1500 and "many" or "one", 1, 0)
  pkt.ip.src = ip"10.77.0.11"
  pkt.udp.sport = 4000
  local f = frame(pkt.payload, 8)
  f.src = "02:00:00:00:00:77" -- in front of what the inner sum covers
  -- TCP, but no acknowledgement alone: of a connection that is over its sum is complete
  if f.type == 0x0800 and pkt.payload:u8(31) == 6 and (#pkt > 200 or pkt.payload:u8(55) ~= 0x10) then
    inner(pkt.payload, 42).urgent = 7 -- and there
    n = n + 1
    if n % 2 == 0 then assert(pkt:checksum()) end
  end
end }
L
for sums in noudpcsum udpcsum; do
	if ! client ip link add vx0 type vxlan id 7 remote $SERVER4 dstport 4789 $sums 2>/dev/null; then
		skip "segments in a tunnel, $sums" "no VXLAN here"
		continue
	fi
	server ip link add vx0 type vxlan id 7 remote $CLIENT4 dstport 4789 nolearning $sums
	ip -n "$CLIENT" addr add 10.67.0.1/24 dev vx0
	ip -n "$SERVER" addr add 10.67.0.2/24 dev vx0
	for ns in "$CLIENT" "$SERVER"; do ip -n "$ns" link set vx0 up; done
	client ethtool -K veth0 tx off gso off tso off >/dev/null 2>&1
	nfluactl -n "$CLIENT" load --single --budget 10ms $sums.lua || exit 1
	server socat -u TCP-LISTEN:7778,reuseaddr CREATE:$sums &
	waits_for 10 server bash -c "ss -lnt | grep -q :7778"
	head -c 200000 /dev/zero | client timeout 20 socat -b 65536 -u - TCP:10.67.0.2:7778
	waits_for 10 has_bytes $sums 200000
	is "segments in a tunnel, $sums, arrive" "$(stat -c %s $sums 2>/dev/null)" 200000
	is "$sums: no call failed" "$(nfluactl -n "$CLIENT" -j show $sums |
		jq '.[0].entries[0] | [(.calls > 10), ([.errors[]] | add)]' -c)" "[true,0]"
	is "$sums: none is wrong" "$(bad_sums)" "$spoilt"
	if [ $sums = udpcsum ]; then
		for what in one many; do
			check "$sums: packets of $what" [ "$(nfluactl -n "$CLIENT" -j map get seen $what | jq .value)" -gt 0 ]
		done
	fi
	nfluactl -n "$CLIENT" unload $sums
	ip -n "$CLIENT" link del vx0
	ip -n "$SERVER" link del vx0
	client ethtool -K veth0 tx on gso on tso on >/dev/null 2>&1
done

# --- connections whose ports are rewritten, and back -----------------------
#
# The sniffer sees the packets as they were: a write does not reach its copies.
cat >nat.lua <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "inet", hook = "prerouting", priority = "filter", function(pkt)
  if pkt.tcp and pkt.tcp.dport == 8080 then pkt.tcp.dport = 9090 end
  if pkt.udp and pkt.udp.dport == 8080 then pkt.udp.dport = 9090 end
end }
nf:hook{ family = "inet", hook = "postrouting", priority = "filter", function(pkt)
  if pkt.tcp and pkt.tcp.sport == 9090 then pkt.tcp.sport = 8080 end
  if pkt.udp and pkt.udp.sport == 9090 then pkt.udp.sport = 8080 end
end }
L
ctl load nat.lua || exit 1
seq -f %015.0f 20000 >stream
listening() { server bash -c "ss -ln${1}p | grep -q :9090"; }
echoed() {
	local what=$1 family=$2 address=$3
	server socat "TCP-LISTEN:9090,reuseaddr,pf=$family" EXEC:cat &
	waits_for 10 listening t
	timeout $((30 * ${NFLUA_SLOW:-1})) ip netns exec "$CLIENT" \
		socat -t 10 - "TCP:$address:8080" <stream >back
	check "TCP over $family $what" cmp stream back
	server socat "UDP-LISTEN:9090,reuseaddr,pf=$family" EXEC:cat &
	waits_for 10 listening u
	is "UDP over $family $what" "$(echo there and back |
		client timeout 10 socat -t 5 - "UDP:$address:8080")" "there and back"
}
server tcpdump -U -ni veth0 -w sniffed.pcap tcp 2>tcpdump.err &
sniffer=$!
waits_for 10 grep -q "listening on" tcpdump.err
server ethtool -K veth0 tx on tso on gso on >/dev/null 2>&1
echoed "with checksums left to the device" ip4 $SERVER4
kill $sniffer
wait $sniffer 2>/dev/null
is "the sniffer saw the packets that came before they were written" \
	"$(tcpdump -nr sniffed.pcap 'tcp dst port 9090' 2>/dev/null | wc -l)" 0
check "and those that left afterwards" test \
	"$(tcpdump -nr sniffed.pcap 'tcp src port 8080' 2>/dev/null | wc -l)" -gt 1
echoed "with checksums left to the device" ip6 "[$SERVER6]"
server ethtool -K veth0 tx off >/dev/null 2>&1
client ethtool -K veth0 tx off >/dev/null 2>&1
echoed "with checksums by software" ip4 $SERVER4
echoed "with checksums by software" ip6 "[$SERVER6]"
is "no error" "$(field "$SERVER" nat '[.entries[].errors[]] | add')" 0
ctl unload nat

# --- a local packet's route follows what is written ------------------------
cat >reroute.lua <<'L'
local nf, ip = require("netfilter").new{}, require("luapacket").ip
nf:hook{ family = "inet", hook = "output", priority = "filter", function(pkt)
  local udp = pkt.udp
  if not udp then return end
  if udp.dport == 1 then pkt.mark = 7 end
  if udp.dport == 2 and pkt.ip then pkt.ip.dst = ip"10.77.0.1" end
  if udp.dport == 2 and pkt.ip6 then pkt.ip6.dst = ip"fd77::1" end
  if udp.dport == 3 and pkt.ip then pkt.ip.dst = ip"10.55.0.1" end
  if udp.dport == 4 and pkt.ip then pkt.ip.tos = 4 end
  if udp.dport == 5 then pkt.mark = 7 return nf.STOP end
  if udp.dport == 6 then pkt.mark = 7 error("on the way") end
end }
nf:hook{ family = "inet", hook = "postrouting", priority = "filter", function(pkt)
  if pkt.udp then print(pkt.udp.dport, pkt.oifname, pkt.ip and pkt.ip.dst or pkt.ip6.dst) end
end }
L
nfluactl -n "$ROUTER" load reroute.lua || exit 1
ip -n "$ROUTER" link add dummy0 type dummy
ip -n "$ROUTER" link set dummy0 up
ip -n "$ROUTER" addr add 10.98.0.1/24 dev dummy0
ip -n "$ROUTER" addr add fd98::1/64 dev dummy0 nodad
ip -n "$ROUTER" neigh replace 10.98.0.9 dev dummy0 lladdr 02:00:00:00:00:09 nud permanent
ip -n "$ROUTER" neigh replace fd98::9 dev dummy0 lladdr 02:00:00:00:00:09 nud permanent
ip -n "$ROUTER" rule add fwmark 7 lookup 100
ip -n "$ROUTER" -6 rule add fwmark 7 lookup 100
ip -n "$ROUTER" route add default via 10.99.0.2 table 100
ip -n "$ROUTER" -6 route add default via fd99::2 table 100
ip -n "$ROUTER" rule add tos 4 lookup 100
ip -n "$ROUTER" route add unreachable 10.55.0.0/16
nfluactl -n "$ROUTER" monitor log >heard &
is_heard() { grep -q "$1" heard; }
listens() {
	udp "$ROUTER" 10.98.0.9 1 9
	is_heard "log 9"
}
waits_for 10 listens
for port in 1 2 3 4 5 6 9; do
	udp "$ROUTER" 10.98.0.9 1 $port
	udp "$ROUTER" fd98::9 1 $port
done
waits_for 10 is_heard "log 9.*fd98::9"
is "routes" "$(sed 's/.* log //' heard | sort -u | tr '\t' ' ')" "1 veth1 10.98.0.9
1 veth1 fd98::9
2 veth1 10.77.0.1
2 veth1 fd77::1
3 dummy0 fd98::9
4 dummy0 fd98::9
4 veth1 10.98.0.9
5 veth1 10.98.0.9
5 veth1 fd98::9
6 veth1 10.98.0.9
6 veth1 fd98::9
9 dummy0 10.98.0.9
9 dummy0 fd98::9"
finish
