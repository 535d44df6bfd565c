#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Raw access and the kernel's skb routines: on packets in one piece, in pieces,
# and such as somebody else has a clone of, over IPv4 and IPv6; what the next
# one sees of them; and packets that are made unfit to go on.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3 ethtool
topology
for ns in "$CLIENT" "$SERVER"; do ip -n "$ns" link set veth0 mtu 65535; done

# Datagrams whose bytes say where they are: byte i is i % 251.
cat >"$TMP/skb.lua" <<'L'
local nf = require("netfilter").new{ name = "skb" }
local function raises(pattern, f, ...)
  local ok, message = pcall(f, ...)
  if ok or not message:find(pattern) then error(("wanted '%s', got '%s'"):format(pattern, message), 2) end
end
local function fails(number, value, message, errno)
  if value ~= nil or type(message) ~= "string" or errno ~= number then
    error(("wanted %d, got %s %s %s"):format(number, value, message, errno), 2)
  end
end
local function same(a, b)
  if a.n ~= b.n then return false end
  for i = 1, a.n do if a[i] ~= b[i] then return false end end
  return true
end
local function bytes(p) return p:header_pointer() end
-- A callback has 10 milliseconds: each of four packets tries a fourth. What takes
-- longer, because the machine is busy, is sent again.
done = require("map").open{ name = "done", key = "string", value = "integer", max = 1000 }
local turn
local function each(list)
  local i = turn - 4
  return function()
    i = i + 4
    return list[i]
  end
end

local cases = {
  function(pkt) -- numbers
    local d, n = pkt.payload, #pkt.payload
    for off in each{ 0, 1, 60, n // 2, n - 8 } do
      local s = d:string(off + 1, 8)
      for _, size in ipairs{ 1, 2, 4, 8 } do
        local bits = size * 8
        assert(d["u" .. bits](d, off) == string.unpack(">I" .. size, s), "unsigned")
        assert(d["i" .. bits](d, off) == string.unpack(">i" .. size, s), "signed")
        assert(pkt["u" .. bits](pkt, off, "payload") == d["u" .. bits](d, off))
        assert(pkt:data("transport")["i" .. bits](pkt:data("transport"), off + 8) == d["i" .. bits](d, off))
        assert(pkt["u" .. bits](pkt, off + #pkt - n) == d["u" .. bits](d, off))
        fails(34, d["u" .. bits](d, n - size + 1))
        fails(34, d["i" .. bits](d, math.maxinteger))
      end
    end
    raises("offset is negative", d.i64, d, -1)
  end,
  function(pkt) -- writes
    local d, n = pkt.payload, #pkt.payload
    local whole = bytes(pkt)
    for off in each{ 0, 7, n // 2, n - 8 } do
      for _, size in ipairs{ 1, 2, 4, 8 } do
        local u, i = "u" .. size * 8, "i" .. size * 8
        local was = d[u](d, off)
        assert(d["set_" .. u](d, off, 0x5a) == true and d[u](d, off) == 0x5a)
        assert(d["set_" .. i](d, off, -2) and d[i](d, off) == -2 and d:i8(off) == (size == 1 and -2 or -1))
        assert(pkt["set_" .. u](pkt, off, was, "payload") and d[u](d, off) == was)
        fails(34, d["set_" .. u](d, n - size + 1, 0))
      end
    end
    assert(bytes(pkt) == whole, "what was written was written elsewhere")
    raises("too many bits", d.set_u8, d, 0, 256)
    raises("too many bits", d.set_u8, d, 0, -1)
    raises("too many bits", d.set_i8, d, 0, 128)
    raises("too many bits", d.set_i16, d, 0, -32769)
    raises("too many bits", d.set_u32, d, 0, 1 << 32)
    assert(d:set_u64(0, -1) and d:i64(0) == -1 and d:set_i64(0, math.mininteger) and d:u8(0) == 0x80)
    fails(34, pkt:set_u8(#pkt, 0))
  end,
  function(pkt) -- pack is the inverse of unpack
    local d, n = pkt.payload, #pkt.payload
    local all = {
      { "B", 7 }, { "b", -7 }, { "H", 65535 }, { "<H", 258 }, { "I3i5", 0x123456, -5 }, { "<i7", -3 }, { "j", math.mininteger },
      { "I16", 5 }, { "i16", -5 }, { "<i12", -5 }, { "c5", "abc" }, { "z", "zero" }, { "s1s2", "one", "two" }, { "!4 B I4", 1, 2 },
      { "!8 B Xj j", 1, 2 }, { "BxxB", 1, 2 }, { "", }, { "B H I4 j", 1, 2, 3, 4 },
    }
    for f in each(all) do
      local want = string.pack(">" .. f[1], table.unpack(f, 2))
      for _, pos in ipairs{ 1, 3, n // 2, n - #want + 1 } do
        -- alignment is the data's
        if not f[1]:find("!") or pos == 1 then
          assert(d:pack(f[1], pos, table.unpack(f, 2)) == pos + #want, f[1])
          assert(d:string(pos, #want) == want, f[1] .. " is packed in another way")
          assert(same(table.pack(d:unpack(f[1], pos)), table.pack(string.unpack(">" .. f[1], want .. ("x"):rep(0)))) or pos > 1)
        end
      end
      if #want > 0 and not f[1]:find("!") then fails(34, d:pack(f[1], n - #want + 2, table.unpack(f, 2))) end
    end
    local before = bytes(pkt)
    fails(34, d:pack("BBB", n - 1, 1, 2, 3))
    raises("integer overflow", d.pack, d, "b", 1, 128)
    raises("unsigned overflow", d.pack, d, "BB", 1, 1, 256)
    raises("number expected", d.pack, d, "BB", 1, 1)
    raises("longer than given", d.pack, d, "c2", 1, "abc")
    raises("contains zeros", d.pack, d, "z", 1, "a\0b")
    raises("does not fit", d.pack, d, "s1", 1, ("x"):rep(256))
    assert(bytes(pkt) == before, "written in part")
    assert(pkt:pack("c2", -2, "XY") == #pkt + 1 and d:string(-2) == "XY")
  end,
  function(pkt) -- find
    local d, n = pkt.payload, #pkt.payload
    local text = d:string()
    for at in each{ 1, 40, math.min(249, n - 30), n // 2, n - 20 } do
      for _, size in ipairs{ 1, 5, 21 } do
        local what = text:sub(at, at + size - 1)
        assert(same(table.pack(d:find(what)), table.pack(text:find(what, 1, true))), "find")
        assert(same(table.pack(d:find(what, at)), table.pack(text:find(what, at, true))), "find from there")
        assert(d:find(what, at) == at, "it is there")
      end
    end
    d:set_u32(n - 4, 0xfffefdfc)
    assert(d:find("\xff\xfe\xfd\xfc") == n - 3 and d:find("\xff\xfe\xfd\xfb") == nil and d:find("\xff\xfe\xfd\xfc", -4) == n - 3)
    assert(d:find("\xff\xfe\xfd\xfc", -3) == nil and d:find("\xfc") == n and d:find("\xfc\0") == nil)
    assert(pkt:find("\xff\xfe\xfd\xfc") == #pkt - 3 and pkt:find("\xff\xfe\xfd\xfc", 1, "transport") == n + 5)
    assert(d:find("") == 1 and d:find("", n + 1) == n + 1 and d:find("", n + 2) == nil and d:find(("x"):rep(n + 1)) == nil)
    d:set_u16(100, 0xfffe) -- the first two of them, and not the rest
    assert(d:find("\xff\xfe\xfd\xfc") == n - 3)
    raises("string expected", d.find, d)
  end,
  function(pkt) -- in one piece, writable
    local before = bytes(pkt)
    assert(pkt:pull_tail(0) and pkt:make_writable(28) and pkt:make_writable(#pkt) and pkt:linearize())
    assert(bytes(pkt) == before and pkt.udp.dport == 7005)
    fails(34, pkt:pull_tail(1))
    fails(34, pkt:make_writable(#pkt + 1))
    raises("negative", pkt.make_writable, pkt, -1)
    raises("number expected", pkt.pull_tail, pkt)
  end,
  function(pkt) -- a tail that is pulled
    local before = bytes(pkt)
    local ok = pkt:pull_tail(100)
    if #pkt > 1000 then assert(ok, "it was in one piece") else assert(not ok, "it was in one piece") end
    assert(bytes(pkt) == before and pkt.payload:u8(99) == 99)
  end,
  function(pkt) -- more and less at the end
    local before, n = bytes(pkt), #pkt
    assert(pkt:put(0) == n and #pkt == n)
    assert(pkt:put(10) == n and #pkt == n + 10 and bytes(pkt) == before .. ("\0"):rep(10))
    assert(pkt:set_u8(n + 9, 1) and pkt:u8(n + 9) == 1)
    assert(pkt:trim(n + 10) and pkt:trim(n + 20) and #pkt == n + 10)
    assert(pkt:trim(n) and bytes(pkt) == before)
    assert(pkt:put(300) == n and bytes(pkt) == before .. ("\0"):rep(300), "what was cut off came back")
    assert(pkt:trim(n - 1) and bytes(pkt) == before:sub(1, -2) and pkt.udp.len == #pkt.payload + 9)
    fails(90, pkt:put(65536 - #pkt))
    fails(90, pkt:put(math.maxinteger))
    fails(22, pkt:trim(pkt.ip and 19 or 39))
    local udp = pkt.udp
    assert(pkt:trim(pkt.ip and 27 or 47) and pkt.udp == nil and pkt.payload == nil)
    raises("the packet has no udp any more", function() udp.sport = 1 end)
    assert(pkt:trim(pkt.ip and 20 or 40) and #pkt == (pkt.ip and 20 or 40))
  end,
  function(pkt) -- another beginning
    local before, frame = bytes(pkt), pkt:frame():string()
    local n = pkt.ip and 20 or 40
    local h <close> = pkt:clone()
    assert(h:pull(n) and #h == #before - n and bytes(h) == before:sub(n + 1) and h:frame():string() == frame)
    assert(h:push(n) and #h == #before and bytes(h) == ("\0"):rep(n) .. before:sub(n + 1) and h:frame():string() == frame)
    assert(h:pack("c" .. n, 1, before:sub(1, n)) and bytes(h) == before and h.udp.dport == 7008)
    assert(h:push(1000) and #h == #before + 1000 and h:pull(1000) and bytes(h) == before and h:frame():string() == frame)
    assert(h:pull(3) and h:push(3) and h:pull(#h) and #h == 0 and bytes(h) == "")
    fails(34, h:pull(1))
    fails(90, h:push(5000))
    assert(bytes(pkt) == before and pkt:frame():string() == frame and pkt.udp.dport == 7008, "the other one has changed")
  end,
  function(pkt) -- checksums
    local sum = pkt.udp.checksum
    local ip = pkt.ip and pkt.ip.checksum
    assert(pkt:checksum() == true and pkt.udp.checksum == sum and (not ip or pkt.ip.checksum == ip), "they were right")
    assert(pkt:set_u16(6, 0x1234, "transport") and pkt.udp.checksum == 0x1234)
    if ip then assert(pkt:set_u16(10, 0x1234) and pkt.ip.checksum == 0x1234) end
    assert(pkt:checksum() and pkt.udp.checksum == sum and (not ip or pkt.ip.checksum == ip), "they are right again")
    local h <close> = pkt:copy()
    assert(h:set_u8(pkt.ip and 9 or 6, 132) and h.udp == nil)
    fails(93, h:checksum())
    assert(h:set_u8(0, 0x10))
    fails(93, h:checksum())
  end,
  function(pkt) -- views
    local f, whole = pkt:frame(), bytes(pkt)
    assert(#f == 14 and f:u16(12) == (pkt.ip and 0x0800 or 0x86dd) and f:string(1, 6) == "\2\0\0\0\0\2" and tostring(f) == "frame")
    fails(34, f:u8(14))
    assert(f:set_u8(11, 9) and f:u8(11) == 9 and f:find("\2\0\0\0\0\9") == 7)
    assert(f:pack("c6", 7, "\2\0\0\0\0\1") == 13)
    fails(34, f:pack("c6", 10, "123456"))
    local l, d, t, p = pkt:data("link"), pkt:data(), pkt:data("transport"), pkt:data("payload")
    assert(#l == #pkt + 14 and #d == #pkt and #t == #pkt - (pkt.ip and 20 or 40) and #p == #t - 8 and p == pkt.payload)
    assert(l:string() == f:string() .. whole and d:string() == whole and t:string() == whole:sub(-#t))
    assert(l:find(whole:sub(1, 4)) == 15 and pkt:find(whole:sub(1, 4), 1, "link") == 15 and l:find(f:string()) == 1)
    assert(d:string(2, 0) == "" and d:string(-1) == whole:sub(-1) and d:string(#d + 1) == "")
    fails(34, d:string(#d + 2))
    fails(34, d:string(1, #d + 1))
    raises("a payload has no layers", d.u8, d, 0, "link")
    raises("invalid option", pkt.data, pkt, "ether")
    raises("frame has no field 'nonsense' %(it has: length u8", function() return f.nonsense end)
    raises("packet has no field 'nonsense'", function() return pkt.nonsense end)
  end,
  function(pkt) -- headers
    local whole = bytes(pkt)
    assert(pkt:header_pointer(4, 6) == whole:sub(5, 10) and pkt:header_pointer(#pkt) == "" and pkt:header_pointer(#pkt - 3) == whole:sub(-3))
    fails(34, pkt:header_pointer(#pkt + 1))
    fails(34, pkt:header_pointer(0, #pkt + 1))
    raises("offset is negative", pkt.header_pointer, pkt, -1)
    raises("negative", pkt.header_pointer, pkt, 0, -1)
    assert(pkt:ip_hdr() == pkt.ip and pkt:ipv6_hdr() == pkt.ip6)
    assert(pkt:ip_hdrlen() == (pkt.ip and 20 or nil))
    raises("packet expected", pkt.linearize, pkt.payload)
    raises("userdata expected", pkt.trim, 7, 1)
  end,
}
local N = #cases
nf:hook{ family = "inet", hook = "prerouting", priority = "raw", function(pkt)
  local case = pkt.udp and cases[pkt.udp.dport - 7000]
  if case then
    turn = pkt.udp.sport - 7990
    local key = ("%s %d %d"):format(pkt.family, pkt.udp.dport, turn)
    if not done:get(key) then
      case(pkt)
      done:set(key, 1)
    end
    return nf.DROP
  end
  if pkt.udp and pkt.udp.dport == 7100 then                     -- rewritten, and delivered
    pkt.payload:pack("c4", 1, "DONE")
    pkt.payload:set_u8(#pkt.payload - 1, 0x21)
    assert(pkt:checksum())
  elseif pkt.udp and pkt.udp.dport == 7101 then                 -- longer by 6
    assert(pkt:put(6))
    pkt:pack("c6", -6, "longer")
    if pkt.ip then pkt:set_u16(2, #pkt) else pkt:set_u16(4, #pkt - 40) end
    pkt:set_u16(4, pkt.udp.len + 6, "transport")
    assert(pkt:checksum())
  elseif pkt.udp and pkt.udp.dport == 7102 then                 -- shorter by 6
    assert(pkt:trim(#pkt - 6))
    if pkt.ip then pkt:set_u16(2, #pkt) else pkt:set_u16(4, #pkt - 40) end
    pkt:set_u16(4, pkt.udp.len - 6, "transport")
    assert(pkt:checksum())
  elseif pkt.udp and pkt.udp.dport == 7103 then                 -- into a tunnel, and out of it
    local n = pkt.ip and 20 or 40
    local header = pkt:header_pointer(0, n)
    assert(pkt:push(n))
    pkt:pack("c" .. n, 1, header)
    if n == 20 then pkt:set_u16(2, #pkt) pkt:set_u8(9, 4) else pkt:set_u16(4, #pkt - n) pkt:set_u8(6, 41) end
    pkt:checksum()
  elseif pkt.udp and pkt.udp.dport == 7104 then                 -- no header in front
    pkt:push(20)
  elseif pkt.udp and pkt.udp.dport == 7105 then                 -- a header that is longer than the packet
    pkt:trim(pkt.ip and 28 or 48)
    pkt:set_u8(0, pkt.ip and 0x4f or 0x40)
  elseif pkt.udp and pkt.udp.dport == 7106 then                 -- neither, and an error
    pkt:push(40)
    error("unfit", 0)
  end
end }
nf:hook{ family = "inet", hook = "prerouting", priority = -299, function(pkt)
  if pkt.ip and pkt.ip.protocol == 4 then assert(pkt:pull(20)) end
  if pkt.ip6 and pkt.ip6.nexthdr == 41 then assert(pkt:pull(40)) end
end }
function readonly(pkt)
  for _, name in ipairs{ "linearize", "make_writable", "pull", "pull_tail", "push", "put", "trim", "checksum" } do
    raises("a match may not change its packet", pkt[name], pkt, 0)
  end
  raises("a match may not change its packet", pkt.pack, pkt, "B", 1, 0)
  raises("a match may not change its packet", pkt.set_u64, pkt, 0, 0)
  return pkt:header_pointer(0, 1) == pkt:string(1, 1)
end
L
CASES=11
sed -i "s/^local N = #cases/assert(#cases == $CASES)/" "$TMP/skb.lua"

# datagram ADDRESS SIZE TURNS PORT...
cat >"$TMP/datagram.py" <<'P'
import socket, sys
address, size = sys.argv[1], int(sys.argv[2])
data = bytes(i % 251 for i in range(size))
for port in sys.argv[4:]:
    for turn in range(int(sys.argv[3])):
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((address[:-1] + "1", 7991 + turn))
            s.sendto(data, (address, int(port)))
P
# A tap has a clone of all that arrives, and says which of it is as it was sent.
cat >"$TMP/tap.py" <<'P'
import socket, struct, sys
tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
tap.bind(("veth0", 0))
tap.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
print("ready", flush=True)
good = 0
while good < int(sys.argv[1]):
    frame = tap.recv(65536)
    ip = frame[14:]
    v4 = ip[0] >> 4 == 4
    fragment = not v4 and ip[6] == 44
    at = 28 if v4 else 56 if fragment else 48
    offset = struct.unpack("!H", ip[6:8])[0] & 0x1fff if v4 else struct.unpack("!H", ip[42:44])[0] >> 3 if fragment else 0
    if offset or ip[9 if v4 else 40 if fragment else 6] != 17 or not 7001 <= struct.unpack("!H", ip[at - 6:at - 4])[0] <= 7099:
        continue
    if len(ip) < at + 100 or ip[at:] != bytes(i % 251 for i in range(len(ip) - at)) or frame[6:12] != b"\2\0\0\0\0\1":
        print("changed", flush=True)
        sys.exit(1)
    good += 1
print("good", flush=True)
P
cat >"$TMP/receive.py" <<'P'
import select, socket, sys
sockets = {}
for port in map(int, sys.argv[2:]):
    for family in socket.AF_INET, socket.AF_INET6:
        s = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.bind(("", port))
        sockets[s] = port
print("ready", flush=True)
for _ in range(int(sys.argv[1])):
    s = select.select(list(sockets), [], [])[0][0]
    data = s.recv(65536)
    good = {7100: lambda n: b"DONE" + bytes(i % 251 for i in range(4, n - 1)) + b"!",
            7101: lambda n: bytes(i % 251 for i in range(n - 6)) + b"longer",
            }.get(sockets[s], lambda n: bytes(i % 251 for i in range(n)))(len(data))
    print(sockets[s], 4 if s.family == socket.AF_INET else 6, len(data), data == good, flush=True)
P

ports=$(seq -s ' ' 7001 $((7000 + CASES)))
came() { [ "$(field "$SERVER" skb '.entries[] | select(.priority == -300) | .calls')" -ge "$1" ]; }
for kind in "one piece 100" "pieces 17000" "cloned 100" "cloned, pieces 17000" "fragments 17000" "cloned, fragments 17000"; do
	size=${kind##* } kind=${kind% *}
	if [[ $kind = *fragments ]]; then
		# conntrack puts them together, in front of the hook
		ip -n "$CLIENT" link set veth0 mtu 1500
		for ipt in iptables ip6tables; do server $ipt -I INPUT -m conntrack --ctstate INVALID; done
	fi
	if [[ $kind = cloned* ]]; then
		: >"$TMP/tapped"
		server python3 "$TMP/tap.py" $((8 * CASES)) >"$TMP/tapped" &
		tap=$!
		waits_for 10 grep -q ready "$TMP/tapped"
	fi
	ctl unload skb 2>/dev/null
	ctl load --budget 10ms "$TMP/skb.lua" || exit 1
	for ((round = 1; round <= 20; round++)); do
		for address in $SERVER4 $SERVER6; do
			# shellcheck disable=SC2086
			client python3 "$TMP/datagram.py" "$address" "$size" 4 $ports
		done
		waits_for 10 came $((8 * CASES * round))
		[ "$(ctl eval skb '#done')" != $((8 * CASES)) ] || break
	done
	is "all cases hold, packets in $kind" "$(ctl eval skb '#done')" $((8 * CASES))
	is "no other error, packets in $kind" \
		"$(field "$SERVER" skb '.entries[] | select(.priority == -300) | .errors | del(.time) | add')" 0
	diag "rounds: $round, last error: $(field "$SERVER" skb '.entries[] | select(.priority == -300) | .last_error' | head -n 1)"
	is "nothing is held, packets in $kind" "$(field "$SERVER" skb .held)" 0
	if [[ $kind = cloned* ]]; then
		waits_for 10 grep -qE "good|changed" "$TMP/tapped" || kill "$tap"
		wait "$tap" 2>/dev/null
		is "who has a clone sees what was sent, packets in $kind" "$(tail -n 1 "$TMP/tapped")" good
	fi
done

ip -n "$CLIENT" link set veth0 mtu 65535
for ipt in iptables ip6tables; do server $ipt -F INPUT; done

# --- what goes on ---
server python3 "$TMP/receive.py" 16 7100 7101 7102 7103 >"$TMP/received" &
receiver=$!
waits_for 10 grep -q ready "$TMP/received"
for address in $SERVER4 $SERVER6; do
	client python3 "$TMP/datagram.py" "$address" 100 1 7100 7101 7102 7103
	client python3 "$TMP/datagram.py" "$address" 48000 1 7100 7101 7102
done
# with a checksum that nobody adds
for port in 7100 7101; do
	echo "ip4(udp(1, $port, bytes(i % 251 for i in range(60))))"
done | client python3 "$HERE/packets.py" veth0 02:00:00:00:00:01 02:00:00:00:00:02
waits_for 10 bash -c "! kill -0 $receiver" || kill "$receiver"
wait "$receiver" 2>/dev/null
is "what goes on is what was made of it" "$(grep -v ready "$TMP/received" | sort | tr '\n' ';')" "$(sort <<'E' | tr '\n' ';'
7100 4 100 True
7100 4 48000 True
7100 4 60 True
7101 4 106 True
7101 4 48006 True
7101 4 66 True
7102 4 94 True
7102 4 47994 True
7103 4 100 True
7100 6 100 True
7100 6 48000 True
7101 6 106 True
7101 6 48006 True
7102 6 94 True
7102 6 47994 True
7103 6 100 True
E
)"
is "no checksum was wrong" "$(server cat /proc/net/snmp /proc/net/snmp6 | awk '/^Udp:/ { n++; if (n == 1) for (i = 1; i <= NF; i++) if ($i == "InCsumErrors") c = i; if (n == 2) print $c } /^Udp6InCsumErrors/ { print $2 }' | tr '\n' ' ')" "0 0 "

# --- what cannot go on ---
ctl unload skb
ctl load --budget 10ms "$TMP/skb.lua" || exit 1
for address in $SERVER4 $SERVER6; do client python3 "$TMP/datagram.py" "$address" 100 1 7104 7105 7106; done
unfit() { [ "$(field "$SERVER" skb '.entries[] | select(.priority == -300) | "\(.errors.verdict // 0) \(.errors.runtime // 0)"')" = "$1" ]; }
check "packets that cannot go on are errors" waits_for 10 unfit "4 2"
is "and go nowhere" "$(field "$SERVER" skb '.entries[] | select(.priority == -299) | [.outcomes[]] | add')" 0

# --- what a packet carries leaves in its place ---
#
# The sum that a device was to complete is of bytes that are gone.
ctl unload skb
nfluactl -n "$CLIENT" load --name inner - <<'L' || exit 1
require("netfilter").new{}:hook{ family = "ipv4", hook = "output", priority = 0, function(pkt)
  if pkt.udp and pkt.udp.dport == 7120 then assert(pkt:pull(28)) end
end }
L
inner=$(echo 'ip4(udp(1, 7121, b"inside"))' | python3 "$HERE/packets.py" - 02:00:00:00:00:01 02:00:00:00:00:02)
server python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 7121))
print("ready", flush=True)
print(s.recv(100).decode(), flush=True)' >"$TMP/inside" &
waits_for 10 grep -q ready "$TMP/inside"
client ethtool -K veth0 tx off >/dev/null
client python3 -c 'import socket, sys
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(bytes.fromhex(sys.argv[1]), (sys.argv[2], 7120))' \
	"${inner:28}" $SERVER4
check "a packet out of a packet" waits_for 10 grep -qx inside "$TMP/inside"
client ethtool -K veth0 tx on >/dev/null
nfluactl -n "$CLIENT" unload inner
ctl load --budget 10ms "$TMP/skb.lua" || exit 1

# --- a match changes nothing ---
for ipt in iptables ip6tables; do
	server $ipt -A INPUT -p udp --dport 7110 -m lua --script skb --function readonly -j DROP
done
for address in $SERVER4 $SERVER6; do client python3 "$TMP/datagram.py" "$address" 100 1 7110; done
readonly_is() { counts "$SERVER" skb | grep -qx "function readonly calls=2 match=2"; }
check "a match changes nothing" waits_for 10 readonly_is
for ipt in iptables ip6tables; do server $ipt -F; done
ctl unload skb

# --- options that a script has spoilt behind IP's own check ---
SCRIPT_NS=$SERVER load options <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "ipv4", hook = "input", priority = "filter", function(pkt)
  -- the length of a recorded route
  if pkt.icmp and pkt.ip.ihl > 5 then assert(pkt:set_u8(22, 255)) end
end }
L
check "an answer to what has none any more" client ping -R -c 3 -i 0.2 -W 5 $SERVER4
is "it was spoilt" "$(field "$SERVER" options '.entries[0] | "\(.calls >= 3) \([.errors[]] | add)"')" "true 0"
ctl unload options
finish
