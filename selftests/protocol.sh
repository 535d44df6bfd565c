#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# luapacket.protocol: what may be declared, and fields of made-up protocols as
# python reads and writes them, in linear and in non-linear packets.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3 socat ethtool
topology

# --- declarations ----------------------------------------------------------

# Each line: a declaration, and after a bar what is wrong with it; nothing: it
# is good. The kernel and nfluactl alone say the same.
n=0
while IFS= read -r line; do
	n=$((n + 1))
	want=${line##*| }
	cat >"$TMP/declare.lua" <<-L
	local protocol = require("luapacket").protocol
	local ok, message = pcall(function() return protocol${line%| *} end)
	assert(ok == ("$want" == "") and (ok or message == "declare:2: $want"), message)
	L
	check "declaration $n: ${want:-good}" ctl check "$TMP/declare.lua"
	check "without the kernel, too" nfluactl check --no-kernel "$TMP/declare.lua"
done <<'T'
{ name = "x", { "a", 8 } } | 
{ name = "x", { "a", 3 }, { 2 }, { "b", 1, "bool" }, { "c", 64, "uint" }, { 2 } } | 
{ name = "x", { "payload", 8 }, { "length", 8 }, { "u8", 8 } } | 
{ name = "x", { 4096 }, { "a", 4032, "bytes" }, { "b", 64 } } | 
{ name = "x", { 8192 } } | 
{ name = "x", { ("a"):rep(40), 8, "le" } } | 
(5) | bad argument #1 to 'protocol' (table expected, got number)
{} | a protocol has at least one field
{ name = "x" } | a protocol has at least one field
{ name = "a b", { "a", 8 } } | name must be 1 to 63 of A-Z a-z 0-9 _ . -
{ { "a", 8 } } | name must be 1 to 63 of A-Z a-z 0-9 _ . -
{ name = "x", size = 3, { "a", 8 } } | luapacket.protocol has no option 'size' (it has: name, and fields as { name, bits [, kind] })
{ name = "x", { "a", 8 }, nil, { "b", 8 } } | the fields of a protocol are a list without holes
{ name = "x", { "a", 8 }, [true] = { "b", 8 } } | luapacket.protocol has no option 'boolean' (it has: name, and fields as { name, bits [, kind] })
{ name = "x", { "a", 8 }, [0] = { "b", 8 } } | the fields of a protocol are a list without holes
{ name = "x", "a" } | protocol 'x', field 1: must be { name, bits [, kind] }, or { bits } to leave some out
{ name = "x", { "a" } } | protocol 'x', field 1 'a': must be { name, bits [, kind] }, or { bits } to leave some out
{ name = "x", { 8 }, { "a", "8" } } | protocol 'x', field 2 'a': must be { name, bits [, kind] }, or { bits } to leave some out
{ name = "x", { "a", 8, "uint", 9 } } | protocol 'x', field 1 'a': must be { name, bits [, kind] }, or { bits } to leave some out
{ name = "x", { 8, "uint" } } | protocol 'x', field 1: must be { name, bits [, kind] }, or { bits } to leave some out
{ name = "x", { "a", 8, "float" } } | protocol 'x', field 1 'a': there is no kind 'float' (there are: uint le bool ip4 ip6 mac bytes)
{ name = "x", { "a", 8, true } } | protocol 'x', field 1 'a': there is no kind 'boolean' (there are: uint le bool ip4 ip6 mac bytes)
{ name = "x", { "a", 65 } } | protocol 'x', field 1 'a': a number has at most 64 bits, not 65 (but bytes may have more)
{ name = "x", { "a", 72, "le" } } | protocol 'x', field 1 'a': a number has at most 64 bits, not 72 (but bytes may have more)
{ name = "x", { "a", 0 } } | protocol 'x', field 1 'a': 0 bits at bit 0 of a header, which has 1 to 8192
{ name = "x", { "a", math.mininteger } } | protocol 'x', field 1 'a': -9223372036854775808 bits at bit 0 of a header, which has 1 to 8192
{ name = "x", { 8000 }, { "a", 200, "bytes" } } | protocol 'x', field 2 'a': 200 bits at bit 8000 of a header, which has 1 to 8192
{ name = "x", { "a", 31, "ip4" } } | protocol 'x', field 1 'a': ip4 has a width of 32, not 31
{ name = "x", { "a", 32, "ip6" } } | protocol 'x', field 1 'a': ip6 has a width of 128, not 32
{ name = "x", { "a", 64, "mac" } } | protocol 'x', field 1 'a': mac has a width of 48, not 64
{ name = "x", { "a", 2, "bool" } } | protocol 'x', field 1 'a': bool has a width of 1, not 2
{ name = "x", { "a", 12, "le" } } | protocol 'x', field 1 'a': le takes whole bytes, not 12 bits
{ name = "x", { 1 }, { "a", 8, "bytes" } } | protocol 'x', field 2 'a': bytes begins with a byte, not at bit 1 of one
{ name = "x", { "a", 8 }, { "b", 7 } } | protocol 'x': its fields have 15 bits, which are no whole bytes
{ name = "x", { "", 8 } } | protocol 'x', field 1 '': a name has 1 to 40 bytes
{ name = "x", { "a", 8 }, { "b", 8 }, { "a", 8 } } | protocol 'x', field 3 'a': there are two of that name
T

cat >"$TMP/value.lua" <<'L'
local luapacket = require("luapacket")
local p = luapacket.protocol{ name = "value", { "a", 16 } }
assert(#p == 2 and tostring(p) == "protocol: value" and getmetatable(p) == false and type(p) == "userdata")
assert(p(nil) == nil and p(nil, 5) == nil and select("#", p(nil)) == 1)
local function fails(want, ...)
  local ok, message = pcall(...)
  assert(not ok and message:gsub("^value:%d+: ", "") == want, message)
end
fails("attempt to index a protocol value (upvalue 'p')", function() return p.a end)
fails("attempt to index a protocol value (upvalue 'p')", function() p.a = 1 end)
fails("bad argument #1 to 'p' (value expected)", function() return p() end)
fails("bad argument #1 to 'p' (packet expected, got string)", function() p("x") return 1 end)
fails("bad argument #1 to 'p' (packet expected, got light userdata)", function() p(luapacket.ip"10.0.0.1") return 1 end)
fails("bad argument #2 to 'p' (offset is negative)", function() p(nil, -1) return 1 end)
for _ = 2, 63 do luapacket.protocol{ name = "value", { "a", 16 } } end
fails("more than 63 protocols", function() luapacket.protocol{ name = "value", { "a", 16 } } end)
L
check "a protocol as a value" ctl check "$TMP/value.lua"
check "without the kernel, too" nfluactl check --no-kernel "$TMP/value.lua"

# --- reading ---------------------------------------------------------------

python3 "$HERE/protocols.py" "$TMP" || exit 1
{
	cat <<-'L'
	local luapacket = require("luapacket")
	local ip = luapacket.ip
	local cases = (function()
	L
	cat "$TMP/protocols.lua"
	cat <<'L'
end)()
for _, case in ipairs(cases) do case.protocol = luapacket.protocol(case.declare) end
local function fails(want, f)
  local ok, message = pcall(f)
  assert(not ok and message:find(want, 1, true), message)
end
-- The header of case N lies N % 7 bytes behind UDP's, and ends the packet.
function read(pkt)
  local n = pkt.udp.dport - 10000
  local case, at = cases[n + 1], n % 7
  local payload = pkt.payload
  local v = case.protocol(payload, at)
  for name, want in pairs(case.old) do
    if v[name] ~= want then error(("%s is %s, not %s"):format(name, v[name], want)) end
  end
  for off = math.max(at - 3, 0), at + 3 do
    assert((case.protocol(payload, off) ~= nil) == (off <= at), "a view of what is not all there")
  end
  assert(#v == case.size and tostring(v) == case.declare.name and v:unpack("c" .. #v) == case.bytes)
  assert(v == case.protocol(pkt.udp, 8 + at) and v == case.protocol(pkt, #pkt - #v) and (at == 0) == (v == case.protocol(payload)))
  assert(v == case.protocol(v) and case.protocol(v, 1) == nil and case.protocol(v, math.maxinteger) == nil)
  local rest = v.payload
  assert(#rest == 0 and rest:u8(0) == nil and tostring(rest) == "payload" and rest ~= payload and rest:unpack("") == 1)
  assert(v:u8(0) == case.bytes:byte() and v:u8(#v - 1) == case.bytes:byte(-1) and v:u8(#v) == nil)
  assert(at == 0 or case.protocol(payload):unpack("c" .. at) == ("pad pad"):sub(1, at))
  fails(("p%d has no field 'nonsense' (it has:"):format(n), function() return v.nonsense end)
  fails(("p%d has no field 'number' (it has:"):format(n), function() return v[1] end)
  fails("payload has no field 'nonsense' (it has:", function() return rest.nonsense end)
  fails("a payload has no layers", function() return v:u8(0, "link") end)
  fails("offset is negative", function() return case.protocol(v, -1) end)
  return true
end
-- What fits no slot of a packet: a header at each byte of it.
local byte = luapacket.protocol{ name = "byte", { "high", 4 }, { "low", 4 } }
local kept
function bytes(pkt)
  local views = {}
  for off = 0, #pkt - 1 do views[off] = byte(pkt, off) end
  for off = 0, #pkt - 1 do
    assert(views[off].high << 4 | views[off].low == pkt:u8(off), "one of many views")
  end
  for _, layer in ipairs{ "network", "link", "transport", "payload" } do
    local v = byte(pkt:data(layer), 2)
    assert(v.high << 4 | v.low == pkt:u8(2, layer) and v:u8(0) == pkt:u8(2, layer), layer)
  end
  assert(byte(pkt:frame(), 12).low == (pkt.ip and 8 or 6) and byte(pkt:frame(), 14) == byte(pkt) and byte(pkt.ip or pkt.ip6) == byte(pkt), "frame")
  local copy = pkt:copy()
  local v = byte(copy)
  assert(v.high == pkt:u8(0) >> 4 and v ~= byte(pkt) and v.payload:u8(0) == pkt:u8(1), "a copy")
  copy:close()
  assert(not pcall(function() return v.high end), "a copy that was closed")
  kept = { byte(pkt), byte(pkt).payload }
  return byte(pkt, #pkt) == nil
end
function stale(pkt)
  for _, view in ipairs(kept) do
    assert(view ~= byte(pkt) and view ~= byte(pkt).payload)
    for _, use in ipairs{ function() return view.high end, function() return view.nonsense end, function() return #view end,
        function() return view:u8(0) end, function() return byte(view) end, function() return tostring(view) end,
        function() return byte(pkt).u8(view, 0) end } do
      fails("packet used outside its callback", use)
    end
  end
  return true
end
-- After a first call, reading takes no memory.
function memory(pkt)
  local v, before = nil, nil
  for _ = 1, 2 do
    before = collectgarbage("count")
    for off = 0, 100 do
      v = byte(pkt.payload, off)
      if v.high + v.low + #v + v.payload:u8(0) < 1 then error("no") end
    end
  end
  assert(collectgarbage("count") == before, "a view takes memory")
  fails("protocols are declared only while the script is loaded", function() luapacket.protocol{ name = "x", { 8 } } end)
  return true
end
L
} >"$TMP/protocol.lua"
ctl load --budget 10ms "$TMP/protocol.lua" || exit 1
for ipt in iptables ip6tables; do
	server $ipt -A INPUT -p udp --dport 10000:10059 -m lua --script protocol --function read
	for function in "10070 bytes" "10071 stale" "10072 memory"; do
		server $ipt -A INPUT -p udp --dport "${function% *}" -m lua --script protocol --function "${function#* }"
	done
done
while read -r n old _; do
	echo "ip4(udp(1, 10000 + $n, b'pad pad'[:$n % 7] + bytes.fromhex('$old')))"
	echo "ip6(udp(1, 10000 + $n, b'pad pad'[:$n % 7] + bytes.fromhex('$old')), exts=[ext(60)] * ($n % 2))"
done <"$TMP/bytes" >"$TMP/lines"
for port in 10070 10071 10072; do
	for ip in ip4 ip6; do
		echo "$ip(udp(1, $port, bytes(range(1, 160))))"
	done
done >>"$TMP/lines"
client taskset -c 0 python3 "$HERE/packets.py" veth0 02:00:00:00:00:01 02:00:00:00:00:02 <"$TMP/lines"
check "protocols were read" calls_become "$SERVER" protocol 126
for function in "read 120" "bytes 2" "stale 2" "memory 2"; do
	is "${function% *}" "$(field "$SERVER" protocol ".entries[] | select(.name == \"${function% *}\") |
		\"\(.outcomes.match) \(.last_error | if . then split(\"\n\")[0] else . end)\"")" "${function#* } null"
done
for ipt in iptables ip6tables; do server $ipt -F; done

# --- writing ---------------------------------------------------------------

frame() { python3 "$HERE/packets.py" - 02:00:00:00:00:01 02:00:00:00:00:02 <<<"$1"; }

{
	sed '/^-- The header of case N lies/,$d' "$TMP/protocol.lua"
	cat <<'L'
local nf = require("netfilter").new{ name = "write" }
-- All fields, in no order; the source port tells the case.
local function write(pkt)
  local udp = pkt.udp
  if not udp or udp.dport ~= 12000 then return end
  local n = udp.sport - 20000
  local case, at = cases[n + 1], n % 7
  local v = case.protocol(pkt.payload, at)
  for name, new in pairs(case.new) do v[name] = new end
  for name, new in pairs(case.new) do
    if v[name] ~= new then error(("%s is %s, not %s"):format(name, v[name], new)) end
  end
end
for _, hook in ipairs{ "prerouting", "output" } do
  nf:hook{ family = "inet", hook = hook, priority = "raw", write }
end
local all = luapacket.protocol{ name = "all", { "u", 12 }, { "b", 1, "bool" }, { 3 }, { "wide", 64 }, { "le", 24, "le" },
  { "ip4", 32, "ip4" }, { "ip6", 128, "ip6" }, { "mac", 48, "mac" }, { "bytes", 40, "bytes" } }
nf:target(function(pkt)
  local v = all(pkt.payload)
  local before = v:unpack("c" .. #v)
  for _, wrong in ipairs{
    { "u", 4096, "all.u is 4096, but has 12 bits" }, { "u", -1, "all.u is -1, but has 12 bits" },
    { "u", "5", "all.u is a number, not a string" }, { "u", nil, "all.u is a number, not a nil" },
    { "le", 1 << 24, "all.le is 16777216, but has 24 bits" }, { "b", 1, "all.b is true or false, not a number" },
    { "ip4", ip"fd77::1", "all.ip4 is an IPv4 address" }, { "ip4", ip"10.0.0.0/8", "all.ip4 is an IPv4 address" },
    { "ip4", "10.0.0.1", "all.ip4 is an IPv4 address" }, { "ip6", ip"10.0.0.1", "all.ip6 is an IPv6 address" },
    { "ip6", ip"fd77::/16", "all.ip6 is an IPv6 address" }, { "ip6", 5, "all.ip6 is an IPv6 address" },
    { "mac", "02:00:00:00:00", "all.mac is a string like" }, { "mac", "02:00:00:00:00:0x", "all.mac is a string like" },
    { "mac", 5, "all.mac is a string like" }, { "bytes", "four", "all.bytes is a string of 5 bytes" },
    { "bytes", 12345, "all.bytes is a string of 5 bytes" }, { "payload", 5, "all.payload cannot be set" },
    { "nonsense", 5, "all has no field 'nonsense' (it has: u b wide" }, { 1, 5, "all has no field 'number'" },
  } do
    fails(wrong[3], function() v[wrong[1]] = wrong[2] end)
  end
  fails("payload has no field 'u'", function() v.payload.u = 1 end)
  assert(v:unpack("c" .. #v) == before, "what failed has written")
  v.wide, v.le, v.u = -1, (1 << 24) - 1, 4095
  assert(v.wide == -1 and v.le == 0xffffff and v.u == 4095 and v.b == false)
  return nf.DROP
end)
nf:match(function(pkt)
  local v = all(pkt.payload)
  fails("a match may not change its packet", function() v.u = 1 end)
  return true
end)
L
} >"$TMP/write.lua"
# What arrives, a line each: the source port and the bytes.
cat >"$TMP/receive.py" <<'P'
import socket

sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
sock.bind(("::", 12000))
while True:
    data, sender = sock.recvfrom(65535)
    print(sender[1] - 20000, "6" if "." not in sender[0] else "4", data.hex(), flush=True)
P
ip netns exec "$SERVER" python3 "$TMP/receive.py" >>"$TMP/received" 2>&1 &
waits_for 10 server bash -c "ss -lun | grep -q :12000"
while read -r n _ new; do
	pad=$(printf 'pad pad' | head -c $((n % 7)) | od -An -v -tx1 | tr -d ' \n')
	printf '%s\n' "$n 4 $pad$new" "$n 6 $pad$new"
done <"$TMP/bytes" | sort >"$TMP/wanted"
# arrived WHAT: all of them, with the bytes that python wrote there
arrived() {
	has_all() { [ "$(wc -l <"$TMP/received")" -ge 120 ]; }
	waits_for 15 has_all
	is "$1" "$(sort "$TMP/received" | diff - "$TMP/wanted" | head -n 5)" ""
	: >"$TMP/received"
}
check "write.lua loads" ctl load --budget 10ms "$TMP/write.lua"
while read -r n old _; do
	for ip in ip4 ip6; do
		echo "$ip(udp(20000 + $n, 12000, b'pad pad'[:$n % 7] + bytes.fromhex('$old')))"
	done
done <"$TMP/bytes" >"$TMP/lines"
client python3 "$HERE/packets.py" veth0 02:00:00:00:00:01 02:00:00:00:00:02 <"$TMP/lines"
arrived "all fields of all protocols were written, and the receiver finds the checksums right"
is "no error" "$(field "$SERVER" write '[.entries[].last_error | select(. != null)] | .[0]')" null
for ipt in iptables ip6tables; do
	server $ipt -A INPUT -p udp --dport 12001 -m lua --script write
	server $ipt -A INPUT -p udp --dport 12001 -j LUA --script write
	echo "ip${ipt//[a-z]/}(udp(1, 12001, bytes(44)))" | sed 's/^ip(/ip4(/'
done | client python3 "$HERE/packets.py" veth0 02:00:00:00:00:01 02:00:00:00:00:02
rule_calls() { [ "$(field "$SERVER" write '[.entries[] | select(.kind != "hook") | .calls] | add')" = 4 ]; }
check "values that do not fit were tried" waits_for 10 rule_calls
is "and refused, also in a match" "$(field "$SERVER" write '.entries[] | select(.kind != "hook") | "\(.outcomes.match + .outcomes.drop) \(.last_error)"')" \
	"2 null"$'\n'"2 null"
for ipt in iptables ip6tables; do server $ipt -F; done
check "unload" ctl unload write

# What a write makes of the packet is seen at once, and what is not there any more
# is not written.
cat >"$TMP/again.lua" <<'L'
local luapacket = require("luapacket")
local nf = require("netfilter").new{ name = "again" }
local v4 = luapacket.protocol{ name = "v4", { 72 }, { "protocol", 8 }, { 80 } }
local flags = luapacket.protocol{ name = "flags", { "c", 1, "bool" }, { 31 } }
local function fails(want, f)
  local ok, message = pcall(f)
  assert(not ok and message:find(want, 1, true), message)
end
nf:target(function(pkt)
  if pkt.gre then
    flags(pkt.gre).c = true
    assert(pkt.gre.c)
    return nf.ACCEPT
  end
  local udp = pkt.udp
  v4(pkt).protocol = 132
  assert(pkt.udp == nil and udp.dport == 2 and pkt.sctp)
  fails("the packet has no udp any more", function() udp.dport = 3 end)
  v4(pkt).protocol = 17
  udp.dport = 3
  assert(pkt.sctp == nil and pkt.udp.dport == 3)
  return nf.ACCEPT
end)
L
while IFS='|' read -r what before after; do
	is "$what" "$(nfluactl -j run "$TMP/again.lua" --hex "$(frame "$before")" |
		jq -r '.[0] | .outcome, .data, .text // empty' | xargs)" "accept $(frame "$after")"
done <<'T'
a header that is another, and is one again|ip4(udp(1, 2, b"four"))|ip4(udp(1, 3, b"four"))
where GRE's checksum would be, were there one|ip4(gre(0x0800, b"abcdef"))|ip4(raw(47, b"\x80\0\x08\0abcdef"))
T

# The sender's side: the kernel, or the device, has yet to make the sum.
check "at the sender" nfluactl -n "$CLIENT" load --budget 10ms "$TMP/write.lua"
cat >"$TMP/send.py" <<'P'
import socket
import sys

for line in open(sys.argv[1]):
    number, data = line.split()[:2]
    number, data = int(number), bytes.fromhex(data)
    for family, address in (socket.AF_INET, sys.argv[2]), (socket.AF_INET6, sys.argv[3]):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.bind(("", 20000 + number))
        sock.sendto(b"pad pad"[:number % 7] + data, (address, 12000))
        sock.close()
P
for tx in on off; do
	client ethtool -K veth0 tx $tx >/dev/null
	client python3 "$TMP/send.py" "$TMP/bytes" "$SERVER4" "$SERVER6"
	arrived "written at the sender, with checksums by the device $tx"
done
is "no error" "$(field "$CLIENT" write '[.entries[].last_error | select(. != null)] | .[0]')" null
check "unload" nfluactl -n "$CLIENT" unload write

# TCP leaves its sum to be made behind the hook, and keeps what it sent.
cat >"$TMP/stamp.lua" <<'L'
local luapacket = require("luapacket")
local nf = require("netfilter").new{ name = "stamp" }
local stamp = luapacket.protocol{ name = "stamp", { "left", 4 }, { "count", 24 }, { "right", 4 } }
local passed = 0
-- Each passing adds one: what is sent again was not changed by the first time.
nf:hook{ family = "inet", hook = "output", priority = "raw", function(pkt)
  if not pkt.tcp or pkt.tcp.dport ~= 12002 or #pkt.payload < 7 then return end
  local v = stamp(pkt.payload, 1)
  v.count = v.count + 1
  passed = passed + 1
  if passed == 1 then return nf.DROP end
end }
L
check "stamp.lua loads" nfluactl -n "$CLIENT" load "$TMP/stamp.lua" --single
for address in "$SERVER4" "[$SERVER6]"; do
	server timeout 30 socat -u "TCP-LISTEN:12002,reuseaddr,pf=ip$([ "$address" = "$SERVER4" ] && echo 4 || echo 6)" "CREATE:$TMP/stamped" &
	receiver=$!
	waits_for 10 server bash -c "ss -ltn | grep -q :12002"
	printf 'a\x50\x00\x00\x06bcdef' | client socat -u - "TCP:$address:12002"
	wait $receiver
	is "written in TCP to $address, once, and its checksum is right" \
		"$(od -An -v -tx1 "$TMP/stamped" | tr -d ' \n')" 61500000166263646566
done
is "one was sent again" "$(field "$CLIENT" stamp '.entries[0] | "\(.outcomes.drop) \(.last_error)"')" "1 null"
client ethtool -K veth0 tx on >/dev/null

# --- in packets of many pieces ---------------------------------------------

for ns in "$CLIENT" "$SERVER"; do
	ip -n "$ns" link set veth0 mtu 65535
done
{
	echo 'local luapacket = require("luapacket")'
	echo 'local want = (function()'
	cat "$TMP/stream.lua"
	cat <<'L'
end)()
local protocol = luapacket.protocol(want.declare)
-- Every 65th header of the datagram: each call has its budget.
local calls = 0
function pieces(pkt)
  local first, payload = calls % 65, pkt.payload
  calls = calls + 1
  assert(#payload == want.count * #protocol, "not in one packet")
  local a, b, c, d, e, f, g, h = 0, 0, 0, 0, 0, 0, 0, 0
  for n = first, want.count - 1, 65 do
    local v = protocol(payload, n * 23)
    a, b, c, d, e, f, g, h = a + v.a, b + v.b, c + (v.c and 1 or 0), d + v.d, e + v.e, f + v.f, g + v.g, h + v.h
  end
  local w = want[first + 1]
  assert(a == w.a and b == w.b and c == w.c and d == w.d and e == w.e and f == w.f and g == w.g and h == w.h, "a field in pieces")
  return true
end
-- One field far behind, in a packet that the sender still refers to.
function change(pkt)
  local v = protocol(pkt.payload, 1500 * 23)
  v.b, v.e = 0x0123456789abcdef, 0xfedcba987654
end
L
} >"$TMP/pieces.lua"
ctl load --budget 10ms "$TMP/pieces.lua" || exit 1
for ipt in iptables ip6tables; do
	yes -- "-A INPUT -p udp --dport 11000 -m lua --script pieces --function pieces" | head -n 65 | add_rules $ipt filter
done
client socat -u -b 48000 "OPEN:$TMP/stream" "UDP-SENDTO:$SERVER4:11000"
client socat -u -b 48000 "OPEN:$TMP/stream" "UDP-SENDTO:[$SERVER6]:11000"
check "they were called" calls_become "$SERVER" pieces 130
is "fields that lie in two pieces" "$(field "$SERVER" pieces '.entries[] | select(.name == "pieces") | "\(.outcomes.match) \(.last_error)"')" "130 null"

python3 - "$TMP/stream" >"$TMP/changed" <<'P'
import sys

data = bytearray(open(sys.argv[1], "rb").read())
header = int.from_bytes(data[1500 * 23:1501 * 23], "big")
mask = (1 << 64) - 1 << 184 - 67
header = header & ~mask | 0x0123456789abcdef << 184 - 67
data[1500 * 23:1501 * 23] = header.to_bytes(23, "big")
data[1500 * 23 + 11:1500 * 23 + 17] = 0xfedcba987654.to_bytes(6, "little")
sys.stdout.buffer.write(data)
P
for address in "$SERVER4" "[$SERVER6]"; do
	ipt=iptables family=4
	[ "$address" = "$SERVER4" ] || ipt=ip6tables family=6
	server $ipt -I INPUT -p udp --dport 11100 -j LUA --script pieces --function change
	server timeout 30 socat -u -b 60000 "UDP-RECVFROM:11100,pf=ip$family" "CREATE:$TMP/arrived" &
	receiver=$!
	waits_for 10 server bash -c "ss -lun | grep -q :11100"
	client socat -u -b 48000 "OPEN:$TMP/stream" "UDP-SENDTO:$address:11100"
	wait $receiver
	check "a field in a piece was written, to $address" cmp "$TMP/changed" "$TMP/arrived"
done
is "no error" "$(field "$SERVER" pieces '[.entries[].last_error | select(. != null)] | .[0]')" null
finish
