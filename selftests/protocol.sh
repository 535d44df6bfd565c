#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# luapacket.protocol: what may be declared, and fields of made-up protocols as
# python reads them, in linear and in non-linear packets.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3 socat
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
  for off = 0, #payload + 1 do
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
L
} >"$TMP/pieces.lua"
ctl load --budget 10ms "$TMP/pieces.lua" || exit 1
for ipt in iptables ip6tables; do
	yes "-A INPUT -p udp --dport 11000 -m lua --script pieces --function pieces" | head -n 65 | add_rules $ipt filter
done
client socat -u -b 48000 "OPEN:$TMP/stream" "UDP-SENDTO:$SERVER4:11000"
client socat -u -b 48000 "OPEN:$TMP/stream" "UDP-SENDTO:[$SERVER6]:11000"
check "they were called" calls_become "$SERVER" pieces 130
is "fields that lie in two pieces" "$(field "$SERVER" pieces '.entries[] | select(.name == "pieces") | "\(.outcomes.match) \(.last_error)"')" "130 null"
finish
