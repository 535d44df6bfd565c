#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Packet data where it lies: large and non-linear packets, fragments, formats
# of unpack, and packets that are used when they are gone.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3 socat
topology

# A stream that says at each place where it is: lines of 15 digits.
STREAM=${STREAM_LINES:-60000}
seq -f %015.0f 0 16 $((16 * (STREAM - 1))) >"$TMP/stream"

# Finds a line in a data view, and checks what follows as far as the end.
cat >"$TMP/stream.lua" <<'L'
local nf = require("netfilter").new{ name = "stream" }
local function place(data, at)            -- a whole line's number, and where it is
  for i = at, at + 15 do
    if data:u8(i) == 10 then
      local digits = data:unpack("c15", i + 2)
      return digits and math.tointeger(tonumber(digits)), i + 1
    end
  end
end
local function check(pkt)
  local data = pkt.payload
  if #data < 64 then return end           -- no whole line is sure
  local first, at = place(data, 0)
  local last, till = place(data, #data - 32)
  assert(last - first == till - at, "lines are not where they belong")
  for _, off in ipairs{ at, at + (#data // 2 - at) // 16 * 16, till } do
    local want = ("%015d"):format(first + off - at)
    assert(data:unpack("c15", off + 1) == want, "unpack of data")
    assert(data:u32(off) == string.unpack(">I4", want) and data:u16(off + 13) == string.unpack(">I2", want, 14), "numbers")
    assert(data:u8(off + 15) == 10, "end of line")
  end
  local whole = data:unpack("c" .. #data)
  assert(#whole == #data and whole:sub(at + 1, at + 15) == ("%015d"):format(first), "the whole")
  assert(data:u8(#data - 1) == whole:byte(-1) and data:u8(#data) == nil, "the end")
  assert(pkt:u8(#pkt - 1) == whole:byte(-1) and pkt:u8(#pkt) == nil, "the packet's end")
  if #data > 5000 then return nf.ACCEPT end
end
function large(pkt)
  if check(pkt) then large_ones = (large_ones or 0) + 1 return nf.CONTINUE end
end
nf:match(function(pkt) check(pkt) return #pkt > 5000 end)
L
ctl load --budget 10ms "$TMP/stream.lua" || exit 1
nfluactl -n "$CLIENT" load --budget 10ms "$TMP/stream.lua" || exit 1
server iptables -A INPUT -p tcp --dport 9000 -m lua --script stream
server ip6tables -A INPUT -p tcp --dport 9000 -m lua --script stream
client iptables -A OUTPUT -p tcp --dport 9000 -m lua --script stream
client ip6tables -A OUTPUT -p tcp --dport 9000 -m lua --script stream

# stream ADDRESS NAME: sends the stream over TCP and compares what arrives.
stream() {
	server socat -u "TCP-LISTEN:9000,reuseaddr${3-},pf=${2}" "CREATE:$TMP/arrived" &
	local receiver=$!
	waits_for 10 server bash -c "ss -ltn | grep -q :9000"
	client socat -u "OPEN:$TMP/stream" "TCP:$1:9000"
	wait $receiver
	check "TCP over $2 arrives whole" cmp "$TMP/stream" "$TMP/arrived"
	rm -f "$TMP/arrived"
}
stream "$SERVER4" ip4
stream "[$SERVER6]" ip6
for ns in "$CLIENT" "$SERVER"; do
	# match is counted for those with more than 5000 bytes
	check "no error over non-linear packets" \
		[ "$(field "$ns" stream '[.entries[].errors[]] | add')" = 0 ]
	check "large packets were among them" \
		[ "$(field "$ns" stream '[.entries[].outcomes.match] | add > 5')" = true ]
	is "the last error" "$(field "$ns" stream '[.entries[].last_error | select(. != null)] | .[0]')" null
done
for ipt in iptables ip6tables; do server $ipt -F; client $ipt -F; done

# --- a datagram of many pages in one packet, and in fragments ---
cat >"$TMP/datagram.lua" <<'L'
local nf = require("netfilter").new{ name = "datagram" }
function whole(pkt)
  return pkt.udp and pkt.udp.len == 48008 and #pkt.payload == 48000 and
         pkt.payload:unpack("c15", 1) == ("0"):rep(15) and
         pkt.payload:unpack("c15", 16 * 2000 + 1) == ("%015d"):format(16 * 2000) and
         pkt.payload:u32(47996) == string.unpack(">I4", ("%015d\n"):format(47984), 13)
end
nf:hook{ family = "inet", hook = "prerouting", priority = "raw", function(pkt)
  local ip, ip6 = pkt.ip, pkt.ip6
  if ip and ip.protocol ~= 17 or ip6 and ip6.nexthdr ~= 44 then return end
  local off = ip and ip.frag or ip6 and pkt:u16(42) >> 3
  if ip and not ip.mf and off == 0 then return end
  if off == 0 then
    assert(pkt.udp.dport == 9001 and pkt.udp.len == 48008, "first fragment")
    assert(pkt.payload:unpack("c15") == ("0"):rep(15), "its data")
    return nf.DROP
  end
  assert(pkt.udp == nil and pkt.payload == nil and pkt:u8(0, "transport") == nil, "later fragment")
  -- its data: the datagram has 8 bytes of header
  local at = off * 8 - 8
  local line = (at + 15) // 16 * 16
  assert(pkt:unpack("c15", (ip and 20 or 48) + line - at + 1) == ("%015d"):format(line), "data of a later fragment")
end }
L
ctl load --budget 10ms "$TMP/datagram.lua" || exit 1
datagram() { client socat -u -b 48000 "OPEN:$TMP/datagram" "UDP-SENDTO:$1:9001"; }
head -c 48000 "$TMP/stream" >"$TMP/datagram"
hook_is() { [ "$(field "$SERVER" datagram '.entries[] | select(.kind == "hook") | "\(.outcomes.drop) \([.errors[]] | add)"')" = "$1" ]; }
datagram "$SERVER4"
check "fragments of IPv4" waits_for 10 hook_is "1 0"
datagram "[$SERVER6]"
check "fragments of IPv6" waits_for 10 hook_is "2 0"
is "no error" "$(field "$SERVER" datagram '.entries[0].last_error')" null
check "there were later fragments" \
	[ "$(field "$SERVER" datagram '[.entries[] | .outcomes.accept] | add > 40')" = true ]
for ns in "$CLIENT" "$SERVER"; do
	ip -n "$ns" link set veth0 mtu 65535
done
for ipt in iptables ip6tables; do
	server $ipt -A INPUT -p udp --dport 9001 -m lua --script datagram --function whole
done
datagram "$SERVER4"
datagram "[$SERVER6]"
whole_is() { counts "$SERVER" datagram | grep -qx "function whole calls=$1 match=$1"; }
check "48,000 bytes in one packet, IPv4 and IPv6" waits_for 10 whole_is 2
diag "$(counts "$SERVER" datagram)"
for ipt in iptables ip6tables; do server $ipt -F; done

# --- unpack: the same as string.unpack, but big-endian unless told ---
cat >"$TMP/unpack.lua" <<'L'
local nf = require("netfilter").new{ name = "unpack" }
local text = "\0\1\2\3\4\5\6\7\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8hello\0world\0\3abc\0\0\0\4wxyz"
local formats = { "B", "b", "H", "h", "I4", "i4", "j", "J", "l", "L", "T", "I3", "i3", "i7", "i8b", "BHBI4",
  "<H", "<i4", "<j", ">I2<I2>I2", "=I4", "!4BI4", "!BI2", "!8Bj", "!2BI4", "B!4XI4B", "xB", "BxxB",
  "c5", "c0", "c16", "", " B H ", "I16", "i16", "I1I2I3I4" }
local function same(a, b)
  if a.n ~= b.n then return false end
  for i = 1, a.n do if a[i] ~= b[i] then return false end end
  return true
end
-- A callback has a millisecond: each of 100 ports tries a hundredth.
function good(pkt)
  local data, n = pkt.payload, pkt.udp.dport % 100
  assert(data:unpack("c" .. #text) == text, "the text is not what was sent")
  for pos = 1, #text + 1 do
    local first = (n - pos * #formats) % 100 + 1
    local f = formats[first]
    if f then
      local ok, want = pcall(function() return table.pack(string.unpack(">" .. f, text, pos)) end)
      local ok2, got = pcall(function() return table.pack(data:unpack(f, pos)) end)
      if ok then
        assert(ok2 and same(want, got), ("format '%s' at %d"):format(f, pos))
      elseif want:find("too short") then
        assert(ok2 and got.n == 3 and got[1] == nil and got[3] == 34, ("too short: '%s' at %d"):format(f, pos))
      else
        assert(not ok2, ("must raise: '%s' at %d"):format(f, pos))
      end
    end
  end
  return true
end
local function raises(pattern, ...)
  local ok, message = pcall(...)
  assert(not ok and message:find(pattern), "wanted " .. pattern .. ", got " .. tostring(message))
end
function strings(pkt)
  local d = pkt.payload
  assert(same(table.pack(d:unpack("z", 17)), table.pack("hello", 23)))
  assert(same(table.pack(d:unpack("zz", 17)), table.pack("hello", "world", 29)))
  assert(same(table.pack(d:unpack("s1", 29)), table.pack("abc", 33)))
  assert(same(table.pack(d:unpack("s4", 33)), table.pack("wxyz", 41)))
  assert(same(table.pack(d:unpack("s2", 28)), table.pack("abc", 33)))
  assert(d:unpack("z", 37) == nil, "no NUL at the end")
  assert(d:unpack("s1", 9) == nil, "string longer than the packet")
  assert(d:unpack("s4", 5) == nil, "string of 67 million bytes")
  assert(same(table.pack(d:unpack("B", -1)), table.pack(122, 41)))
  assert(same(table.pack(d:unpack("c4", -4)), table.pack("wxyz", 41)))
  assert(same(table.pack(pkt:unpack("c4", -4)), table.pack("wxyz", #pkt + 1)))
  assert(d:unpack("B", -41) == nil and d:unpack("B", 42) == nil and d:unpack("B", 0) == nil)
  assert(d:unpack("B", math.maxinteger) == nil and d:unpack("B", math.mininteger) == nil)
  assert(pkt:unpack("B") == pkt:u8(0) and pkt:unpack("I2", 3, "transport") == pkt.udp.dport)
  assert(pkt:unpack("c5", 17, "payload") == "hello" and pkt:unpack("H", 13, "link") == 0x0800)
  return true
end
function misuse(pkt)
  local d = pkt.payload
  raises("no floating point", d.unpack, d, "f")
  raises("no floating point", d.unpack, d, "d")
  raises("invalid format option 'y'", d.unpack, d, "y")
  raises("out of limits", d.unpack, d, "I17")
  raises("out of limits", d.unpack, d, "I0")
  raises("missing size", d.unpack, d, "c")
  raises("power of 2", d.unpack, d, "!4 I3 !16 xI5 I5")
  raises("too large", d.unpack, d, "c99999999999999999999")
  raises("string expected", d.unpack, d)
  raises("does not fit", d.unpack, d, "I16", 1 + 8)
  assert(select("#", d:unpack(("B"):rep(40))) == 41)
  return true
end
L
ctl load --budget 10ms "$TMP/unpack.lua" || exit 1
for function in strings misuse; do
	server iptables -A INPUT -p udp --dport 9002 -m lua --script unpack --function $function
done
server iptables -A INPUT -p udp --dport 9100:9199 -m lua --script unpack --function good
text="b'hello\\0world\\0\\3abc\\0\\0\\0\\4wxyz'"
for port in 9002 {9100..9199}; do
	echo "ip4(udp(1, $port, bytes(range(8)) + bytes(range(255, 247, -1)) + $text))"
done | client python3 "$HERE/packets.py" veth0 02:00:00:00:00:01 02:00:00:00:00:02
check "unpack was tried" calls_become "$SERVER" unpack 102
for function in "good 100" "strings 1" "misuse 1"; do
	is "unpack: ${function% *}" "$(field "$SERVER" unpack ".entries[] | select(.name == \"${function% *}\") |
		\"\(.outcomes.match) \(.last_error)\"")" "${function#* } null"
done

# --- packets that are gone ---
cat >"$TMP/stale.lua" <<'L'
local nf = require("netfilter").new{ name = "stale" }
local kept
local uses = {
  function() return kept.pkt.len end, function() return #kept.pkt end, function() return kept.pkt:length() end,
  function() return kept.pkt.udp end, function() return kept.pkt:u8(0) end, function() return kept.pkt:unpack("B") end,
  function() return kept.udp.dport end, function() return kept.ip.src end, function() return kept.ip.nonsense end,
  function() return #kept.payload end, function() return kept.payload:u8(0) end, function() return kept.payload:unpack("z") end,
  function() return tostring(kept.pkt) end, function() return tostring(kept.udp) end, function() return kept.co() end,
  function() return kept.pkt.mark end, function() return kept.method(kept.pkt, 0) end,
}
function stale(pkt)
  if not kept then
    kept = { pkt = pkt, udp = pkt.udp, ip = pkt.ip, payload = pkt.payload, method = pkt.u8, src = pkt.ip.src,
             co = coroutine.wrap(function() while true do coroutine.yield(pkt.len) end end) }
    kept.co()
    return false
  end
  for i, use in ipairs(uses) do
    local ok, message = pcall(use)
    assert(not ok and message:find("packet used outside its callback", 1, true),
           ("use %d: %s %s"):format(i, ok, message))
    kept.co = coroutine.wrap(function() return kept.pkt.len end)
  end
  assert(kept.src == pkt.ip.src and tostring(kept.src) == "10.77.0.1", "an address may be kept")
  assert(kept.pkt ~= pkt and kept.udp ~= pkt.udp, "they are not the same")
  return true
end
function raw_use(pkt) return kept and kept.pkt.len end
setmetatable({}, { __gc = function() local _ = kept and kept.pkt.len end })
L
ctl load --budget 10ms "$TMP/stale.lua" || exit 1
server iptables -A INPUT -p udp --dport 9003 -m lua --script stale --function stale
server iptables -A INPUT -p udp --dport 9004 -m lua --script stale --function raw_use
# one CPU, one state
pinned() { client taskset -c 0 bash -c "for p in $*; do printf x >/dev/udp/$SERVER4/\$p; done"; }
pinned 9003 9003 9003 9004
check "stale packets were tried" calls_become "$SERVER" stale 4
is "each use raises" "$(field "$SERVER" stale '.entries[] | select(.name == "stale") | "\(.outcomes.nomatch) \(.outcomes.match) \(.last_error)"')" "1 2 null"
is "it is the function's error" "$(field "$SERVER" stale '.entries[] | select(.name == "raw_use") | .last_error | split("\n")[0]')" \
	"stale:28: packet used outside its callback"
server iptables -F
for name in unpack stale datagram stream; do ctl unload $name; done
is "all unload" "$(ctl -j list)" "[]"
finish
