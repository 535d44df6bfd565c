#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What of packets the kernel would not bear: room without an end, segments that
# may not be moved, sums that are not what they seem, chains of headers as long as
# the packet, and a hook whose caller wants the packet back.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3 ethtool jq ping
topology
cd "$TMP" || exit 1
MACS="02:00:00:00:00:01 02:00:00:00:00:02"
# frame EXPRESSION: in hexadecimal digits
# shellcheck disable=SC2086
frame() { python3 "$HERE/packets.py" - $MACS <<<"$1"; }
# said OPTION...: what it printed, on one line
said() { nfluactl run ./limits.lua "$@" 2>&1 | sed -n 's/^    | //p' | xargs; }

cat >limits.lua <<'L'
-- copies of copies, each with more room in front
function room(pkt)
  local c, n = pkt, 0
  repeat
    local next, why, errno = c:copy_expand(4096, 0)
    if next then c, n = next, n + 1 else print(n, errno) end
  until not next
  print(#c:data("link"):string(), c:data("link"):string() == pkt:data("link"):string(), c:string() == pkt:string())
end
-- what is pulled becomes room
function pull(pkt)
  local c = pkt:copy()
  print(c:pull(30000), select(3, c:pull(30000)), #c)
  print(c:push(4096), c:pull(4096), #c)
end
function sum(pkt)
  local ok, _, errno = pkt:checksum()
  print(ok, errno)
end
function walk(pkt) while true do local _ = pkt.ip6:header(200) end end
function look(pkt) while true do local _ = pkt.ah end end
function write(pkt) while true do pkt.ip6.dst = pkt.ip6.dst end end
local note = require("luapacket").protocol{ name = "note", { "first", 8 } }
function put(pkt)
  local n = note(pkt.payload)
  while true do n.first = 1 end
end
L

# --- room in front of a packet ---
frame 'ip4(udp(1, 2, b"x" * 60000))' | python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' >long.bin
is "copies of copies have no room without end" \
	"$(said --entry function:room --role target --hex "$(frame 'ip4(udp(1, 2, b"abcd"))')")" "7 75 46 true true"
is "nor has what is pulled" "$(said --entry function:pull --role target --file long.bin)" \
	"true 75 30028 true true 30028"

# --- sums ---
# sums HEX: of its datagram, with its pseudo header; 0 if that is right
cat >sums.py <<'P'
import struct, sys
def total(data):
    data += b"\0" * (len(data) % 2)
    n = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while n >> 16:
        n = (n & 0xffff) + (n >> 16)
    return n
ip = bytes.fromhex(sys.argv[1])[14:]
if ip[0] >> 4 == 4:
    at, addresses = (ip[0] & 15) * 4, ip[12:20]
else:
    at, kind, addresses = 40, ip[6], ip[8:40]
    while kind != 17:
        kind, at = ip[at], at + 8 + ip[at + 1] * 8
size = struct.unpack("!H", ip[at + 4:at + 6])[0]
print(total(addresses + struct.pack("!HH", 17, size) + ip[at:at + size]) ^ 0xffff)
P
after() { nfluactl -j run ./limits.lua --entry function:sum --role target --hex "$1" | jq -r '.[0].data'; }
SHORT=$(frame 'ip4(udp(1, 2, b"abcdefgh", length=11, check=0x1234))')
is "a datagram shorter than what carries it is summed as it is" "$(python3 sums.py "$(after "$SHORT")")" 0
SHORT=$(frame 'ip6(udp(1, 2, b"abcdefgh", length=12, check=0x1234))')
is "over IPv6, too" "$(python3 sums.py "$(after "$SHORT")")" 0
# type 4 (segment routing), segments left, and one address
route() { frame "ip6(udp(1, 2, b'abcd', check=0x1234), exts=[ext(43, b'\\4$1\\0\\0\\0\\0' + b'\\xfd' + b'\\0' * 15)])"; }
is "at the end of a route it is summed" "$(python3 sums.py "$(after "$(route '\0')")")" 0
is "on its way it is not" "$(said --entry function:sum --role target --hex "$(route '\1')")" "nil 93"

# --- chains of headers ---
python3 - >chain.bin <<P
import sys
sys.path.insert(0, "$HERE")
from packets import *
kind, data = ip6(udp(1, 2, b"x"), exts=[ext(60)] * 8000)
sys.stdout.buffer.write(data)
P
is "a chain is as long as the packet" "$(stat -c %s chain.bin)" 64049
for f in walk look write put; do
	ns=$(nfluactl -j run ./limits.lua --entry function:$f --role target --raw --file chain.bin | jq '.[0] | if .error == "time" then .time else -1 end')
	diag "$f: $ns ns"
	check "$f: the call is stopped" [ "$ns" -gt 0 ]
	check "$f: in time" [ "$ns" -lt $((10000000 * ${NFLUA_SLOW:-1} * ${NFLUA_SLACK:-1})) ]
done

# --- a VRF device: what has come in by its slave meets prerouting twice ---
if modprobe vrf 2>/dev/null; then
	ip -n "$SERVER" link add vrf0 type vrf table 100
	ip -n "$SERVER" link set vrf0 up
	ip -n "$SERVER" link set veth0 master vrf0
	# which takes it away
	ip -n "$SERVER" addr replace "$SERVER6/64" dev veth0 nodad
	reaches() { client ping -c 1 -W 1 "$1"; }
	check "it answers" waits_for 20 reaches $SERVER4
	check "over IPv6, too" waits_for 20 reaches $SERVER6
	ctl load --name stop - <<-'L'
		local nf = require("netfilter").new{}
		local sent = require("map").open{ name = "sent", key = "integer", max = 8 }
		nf:hook{ family = "inet", hook = "prerouting", priority = 0, function(pkt)
		  local kind = pkt.icmp and pkt.icmp.type or pkt.icmp6 and pkt.icmp6.type
		  if (kind == 8 or kind == 128) and pkt.iifname == "vrf0" then
		    local c = pkt:copy()
		    local ok, why, errno = c:send()
		    sent:incr(ok and 0 or errno, 1, 0)
		    c:close()
		  end
		  if kind == 8 or kind == 128 or kind == 135 or kind == 136 then return nf.STOP end
		end }
	L
	# so that the neighbour is asked for
	client ip -6 neigh del $SERVER6 dev veth0
	check "what is answered with STOP gets through" reaches $SERVER4
	check "over IPv6, too" reaches $SERVER6
	is "it is no answer where the caller goes on" \
		"$(field "$SERVER" stop '.entries[0] | .errors.verdict > 2 and .outcomes.stop >= .errors.verdict')" true
	is "nor is a copy sent there" "$(ctl -j map get sent 95 | jq .value) $(ctl -j map get sent 0 2>/dev/null | jq .value)" "2 "
	check "in words" grep -q "answered STOP (nothing of its own follows the hooks here" <(ctl show stop)
	ctl unload stop
	ip -n "$SERVER" link del vrf0
else
	skip "a VRF device" "this kernel has none"
fi

# --- a chain of segments may be neither copied nor put together ---
cat >chain.lua <<'L'
local nf = require("netfilter").new{}
local seen = require("map").open{ name = "seen", key = "string", max = 32 }
nf:hook{ family = "ipv4", hook = "prerouting", priority = 0, function(pkt)
  if not pkt.udp or pkt.udp.dport ~= 7001 then return end
  for _, name in ipairs{ "copy", "linearize" } do
    local ok, why, errno = pkt[name](pkt)
    seen:incr(("%s %s"):format(name, ok and "done" or errno), 1, 0)
  end
  local ok, why, errno = pkt:copy_expand(8, 8)
  seen:incr(("expand %s"):format(ok and "done" or errno), 1, 0)
  ok, why, errno = pkt:pull_tail(1)
  seen:incr(("tail %s"):format(ok and "done" or errno), 1, 0)
  ok = pkt:clone()
  seen:incr(ok and "clone" or "no clone", 1, 0)
  if ok then ok:close() end
  return nf.DROP
end }
L
check "it loads" ctl load --budget 10ms chain.lua
client ethtool -K veth0 tx-udp-segmentation off >/dev/null 2>&1
server ethtool -K veth0 gro on >/dev/null 2>&1
if server ethtool -K veth0 rx-gro-list on >/dev/null 2>&1; then
	segments() {
		client python3 - <<-P
			import socket
			s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
			s.setsockopt(17, 103, 1000)
			s.sendto(b"x" * 8000, ("$SERVER4", 7001))
		P
		[ "$(ctl -j map get seen "copy 95" 2>/dev/null | jq .value)" ]
	}
	check "a chain comes" waits_for 10 segments
	for what in expand linearize tail; do
		check "$what is refused" [ "$(ctl -j map get seen "$what 95" | jq .value)" -gt 0 ]
	done
	check "a clone is not" [ "$(ctl -j map get seen clone | jq .value)" -gt 0 ]
	diag "$(ctl map show seen | xargs)"
else
	skip "a chain of segments" "veth makes none here"
fi
ctl unload chain
finish
