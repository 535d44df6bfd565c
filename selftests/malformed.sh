#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Packets that are cut, and packets with a bit or a byte that is wrong: a script
# looks at everything by every name, meets no error, and sees the layers that are
# there, as malformed.py finds them without nflua, and no others; and it answers,
# rejects, and copies and sends what can be. Then packets that no honest sender makes
# (hostile.py): read likewise, and written by every name. Last the first ones from a
# device: what is answered then is whole.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3
namespace "$SERVER"
cd "$TMP" || exit 1

cat >malformed.lua <<'L'
local nf = require("netfilter").new{ name = "malformed" }
local layers = {
  eth = "dst src type", vlan = "id pcp dei type", arp = "htype ptype hlen plen op sha spa tha tpa",
  ip = "version ihl tos dscp ecn len id df mf frag ttl protocol checksum src dst",
  ip6 = "version tclass dscp ecn flowlabel len nexthdr hoplimit src dst",
  tcp = "sport dport seq ack doff window checksum urgent", udp = "sport dport len checksum",
  icmp = "type code checksum id seq mtu gateway", icmp6 = "type code checksum id seq mtu",
  sctp = "sport dport vtag checksum", gre = "c k s version protocol checksum key seq",
  esp = "spi seq", ah = "nexthdr len spi seq",
}
local fields = {}
for layer, names in pairs(layers) do
  fields[layer] = {}
  for name in names:gmatch("%S+") do table.insert(fields[layer], name) end
end
-- the same bytes by other ways: numbers with a sign, and what is found in them
local function same(data, n)
  local whole = data:string()
  local size = (n + (n > 0 and whole:byte(n) or 0)) % 8 + 1
  local at = n - size
  if at >= 0 then
    for _, format in ipairs{ ">i", "<i", ">I" } do
      assert(data:unpack(format .. size, at + 1) == (string.unpack(format .. size, whole, at + 1)), format .. size)
    end
    local read = size & size - 1 == 0 and data["i" .. size * 8]
    assert(not read or read(data, at) == (string.unpack(">i" .. size, whole, at + 1)))
  end
  local value, _, errno = data:unpack(">i" .. size, at >= 0 and at + 2 or 1)
  assert(value == nil and errno == 34)
  for _, text in ipairs{ whole:sub(-5), whole:sub(n // 2, n // 2 + 1), whole .. "x" } do
    assert(data:find(text) == (whole:find(text, 1, true)))
    assert(data:find(text, n // 3 + 1) == (whole:find(text, n // 3 + 1, true)))
  end
end
-- what the packet is, its payload's bytes and those around it
local function everything(pkt)
  for layer, names in pairs(fields) do
    local view = pkt[layer]
    if view then
      for i = 1, #names do
        local value = view[names[i]]
        if value == nil and layer ~= "gre" and layer ~= "icmp" then error(layer .. "." .. names[i] .. " is nil") end
      end
    end
  end
  local _ = pkt.mark, pkt.hash, pkt.uid, pkt.protocol, tostring(pkt)
  for _, layer in ipairs{ "network", "transport", "link", "payload" } do
    _ = pkt:u8(0, layer), pkt:u16(7, layer), pkt:u32(19, layer)
  end
  assert(pkt:u8(#pkt) == nil and pkt:u8(#pkt - 1))
  if pkt.payload then
    assert(pkt.payload:u8(#pkt.payload) == nil)
    assert(#pkt.payload == 0 or pkt.payload:u8(#pkt.payload - 1) == pkt:u8(#pkt - 1))
    assert(#pkt.payload:unpack("c" .. #pkt.payload) == #pkt.payload)
  end
  if pkt.ip6 then
    for number = 0, 255, 17 do pkt.ip6:header(number) end
    local off = pkt.ip6:header(44)
    assert(not off or off < #pkt)
  end
end
local bits = { cwr = 128, ece = 64, urg = 32, ack = 16, psh = 8, rst = 4, syn = 2, fin = 1 }
local out, n = {}, 0
local function put(...)
  for i = 1, select("#", ...) do
    n = n + 1
    out[n] = tostring((select(i, ...)))
  end
end
local hex = {}
for byte = 0, 255 do hex[string.char(byte)] = ("%02x"):format(byte) end
-- all kinds that an option could have: each byte there might be one
local function options(pkt, view, layer, size)
  local kinds = {}
  for off = 20, size - 1 do
    local kind = pkt:u8(off, layer)
    if kind then kinds[#kinds + 1] = kind end
  end
  table.sort(kinds)
  for i, kind in ipairs(kinds) do
    local data = kind ~= kinds[i - 1] and view:option(kind)
    if data then put("o" .. kind .. "=" .. (data:gsub(".", hex))) end
  end
end
nf:target(function(pkt)
  everything(pkt)
  same(pkt:data(), #pkt)
  if pkt.payload then same(pkt.payload, #pkt.payload) end
  n = 0
  local ip, ip6, tcp, udp, sctp, gre = pkt.ip, pkt.ip6, pkt.tcp, pkt.udp, pkt.sctp, pkt.gre
  if ip then
    put("ip", ip.src, ip.dst, ip.ttl)
    if ip.ihl > 5 then options(pkt, ip, "network", ip.ihl * 4) end
  end
  if ip6 then put("ip6", ip6.nexthdr, ip6.hoplimit) end
  if tcp then
    local flags = 0
    for name, bit in pairs(bits) do flags = flags | (tcp.flags[name] and bit or 0) end
    put("tcp", tcp.sport, tcp.dport, tcp.seq, tcp.doff, flags)
    if tcp.doff > 5 then options(pkt, tcp, "transport", tcp.doff * 4) end
  end
  if udp then put("udp", udp.sport, udp.dport, udp.len, udp.checksum) end
  if pkt.icmp then put("icmp", pkt.icmp.type, pkt.icmp.code) end
  if pkt.icmp6 then put("icmp6", pkt.icmp6.type, pkt.icmp6.code) end
  if sctp then put("sctp", sctp.sport, sctp.dport, sctp.vtag) end
  if gre then put("gre", gre.protocol, gre.version, gre.key, gre.seq) end
  if pkt.esp then put("esp", pkt.esp.spi, pkt.esp.seq) end
  if pkt.ah then put("ah", pkt.ah.nexthdr, pkt.ah.len, pkt.ah.spi) end
  if pkt.payload then put("payload", #pkt.payload) end
  print(table.concat(out, " ", 1, n))
end)
L
ctl load --budget 10ms malformed.lua || exit 1
# runs SCRIPT ENTRY PCAP FILTER [OPTION]...: jq's FILTER of each packet's run, to "got"
runs() {
	ctl -j run "$1" --entry "$2" --pcap "$3" "${@:5}" | jq -r "(if type == \"array\" then .[] else . end) | $4" >got
}
# reads WHAT [SEED COUNT]: malformed.py's packets are seen as it sees them
reads() {
	python3 -B "$HERE/malformed.py" packets.pcap "${@:2}" >want
	is "$1 are made" $? 0
	runs malformed target packets.pcap 'if .outcome == "refused" then "refused"
		else "\(.output | rtrimstr("\n"))\((.text // "") | split("\n")[0] // "")" end'
	is "$1: as many are met as were made" "$(wc -l <got)" "$(wc -l <want)"
	diag "$(grep -vc refused got) packets met, $(grep -c refused got) refused"
	check "$1: more are met than are refused" [ "$(grep -vc refused got)" -gt "$(grep -c refused got)" ]
	is "$1: no call failed" "$(grep '^malformed' got | sort | uniq -c | head -n 5)" ""
	is "$1: all saw what is there" "$(diff got want | head -n 20)" ""
}
reads "packets that are cut or wrong"
reads "hostile packets" 1 2500
# --- every act, and whether it is done ------------------------------------------
{
	python3 -B -c 'import sys
sys.path.insert(0, sys.argv[1])
from malformed import KINDS
print("local kinds = { \"" + "\", \"".join(KINDS) + "\" }")' "$HERE"
	cat <<'L'
local function did(ok, message, errno)
  assert(ok == true or ok == nil and type(message) == "string" and math.type(errno) == "integer", tostring(message))
  return ok and 1 or 0
end
local function sends(copy, ...)
  local done = did(assert(copy):send(...))
  if done == 0 then copy:close() end
  return done
end
local function act(pkt, kind, text)
  return ("%d%d%d%d%d%d%d"):format(did(pkt:reply("udp", text)), did(pkt:reply("tcp", text)), did(pkt:tcpreply("close", text)),
    did(pkt:tcpreply("reset")), did(pkt:reject(kind)), sends(pkt:copy()), sends(pkt:copy(), text))
end
function answer(pkt)
  print(act(pkt, kinds[(#pkt + pkt:u8(#pkt - 1)) % #kinds + 1], "x"))
end
L
} >acts.lua
ctl load --budget 10ms acts.lua || exit 1
python3 -B "$HERE/malformed.py" acts packets.pcap >want
# the last line of the output is the script's own
runs acts function:answer packets.pcap 'if .outcome == "refused" then "refused"
	else "\(.output | rtrimstr("\n") | split("\n")[-1] // "")\((.text // "") | split("\n")[0] // "")" end' --role target
is "all was done that can be" "$(diff got want | head -n 20)" ""
# but a copy is sent always
is "each act is done for some and not for others" "$(grep -v refused want | awk '
	{ for (i = 1; i <= 7; i++) if (!seen[i, substr($0, i, 1)]++) kinds++ } END { print kinds }')" 13
ctl unload acts

# --- frames of any kind, written -----------------------------------------------
{
	sed '/^local bits = /,$d' malformed.lua
	cat <<'L'
local protocol = require("luapacket").protocol
local writable = {
  eth = "dst src type", vlan = "id pcp dei", arp = "op sha spa tha tpa",
  ip = "tos dscp ecn id df ttl checksum src dst", ip6 = "tclass dscp ecn flowlabel hoplimit src dst",
  tcp = "sport dport seq ack window checksum urgent", udp = "sport dport checksum",
  icmp = "type code checksum id seq mtu gateway", icmp6 = "type code checksum id seq mtu",
  sctp = "sport dport vtag checksum", gre = "checksum key seq",
}
local odd = protocol{ name = "odd", { 3 }, { "bits", 9 }, { 4 }, { "le", 24, "le" }, { "text", 24, "bytes" } }
local function all(pkt)
  if #pkt > 0 then everything(pkt) end
  return (pkt:data("link") or pkt:data()):string()
end
-- Each field as it is: nothing changes. And then otherwise: it is as it was written.
local function fields_of(pkt)
  local before = all(pkt)
  for _, turn in ipairs{ "same", "other" } do
    for layer, names in pairs(writable) do
      for name in names:gmatch("%S+") do
        local view = pkt[layer]
        local value = view and view[name]
        if value ~= nil then
          if turn == "other" and math.type(value) then value = value ~ 1 end
          if turn == "other" and type(value) == "boolean" then value = not value end
          view[name] = value
          local now = pkt[layer] and pkt[layer][name]
          if now ~= value then error(("%s.%s is %s, not %s"):format(layer, name, now, value)) end
        end
      end
    end
    if turn == "same" and not pkt.sctp and all(pkt) ~= before then error("what stays has changed") end
  end
  assert(#all(pkt) == #before)
end
-- What the routines answer is theirs to say; what is there is seen afterwards, too.
local steps = {
  function(c) c:set_u8(0, 0x60) end, function(c) c:set_u8(0, 0x4f) end, function(c) c:set_u16(4, 0xffff, "transport") end,
  function(c) c:set_u8(12, 0xf0, "transport") end, function(c) c:set_u16(2, 0) end, function(c) c:set_u8(6, 44) end,
  function(c) c:put(9) end, function(c) c:trim(math.max(#c - 3, 0)) end, function(c) c:pull(5) end, function(c) c:push(7) end,
  function(c) c:pull(2) end, function(c) c:checksum() end, function(c) c:trim(28) end, function(c) c:pull(#c) end,
  function(c) c:put(60) end, function(c) c:set_u8(0, 0x45) end, function(c) c:make_writable(#c) end,
}
local function routines_of(pkt)
  local c <close> = assert(pkt:copy())
  for i = 1, 7 do
    steps[(#pkt + i) % #steps + 1](c)
    all(c)
  end
end
local function views_of(pkt)
  local c <close> = assert(pkt:clone())
  local before = pkt:data("link"):string()
  for _, layer in ipairs{ "network", "link", "transport", "payload" } do
    for off = #pkt % 7, 35, 14 do
      local v = odd(c:data(layer), off)
      if v then
        local ok, message = pcall(function() v.bits, v.le, v.text = 0x155, 0x123456, "abc" end)
        -- the packet may end elsewhere now
        assert(ok or message:find("the packet has no odd", 1, true), message)
        if ok and odd(c:data(layer), off) then assert(v.bits == 0x155 and v.le == 0x123456 and v.text == "abc") end
        all(c)
      end
    end
  end
  assert(pkt:data("link"):string() == before, "another has what was written")
end
for i, f in ipairs{ fields_of, routines_of, views_of } do
  nf:hook{ family = "netdev", hook = "ingress", device = "nowhere", priority = i, f }
end
L
} >wild.lua
ctl load --budget 10ms wild.lua || exit 1
COUNT=2000
python3 -B "$HERE/hostile.py" wild.pcap 2 $COUNT
for what in fields:1 routines:2 views:3; do
	runs wild "netdev ingress ${what#*:} nowhere" wild.pcap '"\(.outcome) \((.text // "") | split("\n")[0] // "")"'
	diag "${what%:*}: $(cut -d ' ' -f 1 got | sort | uniq -c | xargs)"
	is "${what%:*}: all frames are met, but what is no Ethernet frame" \
		"$(wc -l <got) $(grep -c '^refused' got)" "$COUNT $(grep -c '^refused.*not an Ethernet frame' got)"
	check "${what%:*}: nearly all" [ "$(grep -c '^refused' got)" -lt $((COUNT / 20)) ]
	is "${what%:*}: no call failed" "$(grep '^error' got | sort | uniq -c | head -n 5)" ""
done
# --- what is answered to them is whole -----------------------------------------
ctl unload malformed
ctl unload wild
modprobe -q tun
[ -e /dev/net/tun ] || { mkdir -p /dev/net && mknod /dev/net/tun c 10 200; }
server ip tuntap add dev tap0 mode tap vnet_hdr || exit 1
server ethtool -K tap0 gro off >/dev/null
ip -n "$SERVER" link set tap0 address 02:00:00:00:00:02 up
# whatever a source has become, the way to it is known
for ip in "10.77.0.1 10.77.0.2/32" "fd77::1 fd77::2/128"; do
	read -r host own <<<"$ip"
	ip -n "$SERVER" addr add "$own" dev tap0
	ip -n "$SERVER" neigh replace "$host" dev tap0 lladdr 02:00:00:00:00:01 nud permanent
	ip -n "$SERVER" route add default via "$host" dev tap0 onlink
done
server sysctl -qw net.ipv4.icmp_ratemask=0 net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
# live PLACE SPLIT: "back" is how many come back
live() {
	local what=${1//[^a-z ]/}
	{
		sed '/^nf:target/,$d' malformed.lua
		cat acts.lua
		cat <<-L
		local n = 0
		nf:hook{ $1, priority = -300, function(pkt)
		  if pkt.iifname ~= "tap0" then return end
		  n = n + 1
		  everything(pkt)
		  act(pkt, kinds[n % #kinds + 1], "x")
		  return nf.DROP
		end }
		L
	} | load live --single --budget 10ms
	server python3 -B "$HERE/malformed.py" live tap0 "$2" >said
	diag "$what: $(tail -n 1 said), $(field "$SERVER" live '"\(.sent) answers, \(.unsent) refused"')"
	is "$what: no call failed" "$(field "$SERVER" live '[.entries[].errors[]] | add') $(field "$SERVER" live '.entries[].last_error // empty')" "0 "
	is "$what: all that comes back is whole" "$(sed '$d' said)$(sed -n '$s/.* wrong //p' said)" 0
	back=$(sed -n '$s/.* back \([0-9]*\) .*/\1/p' said)
}
live 'family = "netdev", hook = "ingress", device = "tap0"' 40
is "each is met" "$(field "$SERVER" live '.entries[0].calls')" "$(sed -n '$s/sent \([0-9]*\) .*/\1/p' said)"
is "all that was sent comes back" "$back" "$(field "$SERVER" live .sent)"
check "and that is much" [ "${back:-0}" -gt 2000 ]
ctl unload live
# IP has refused some before, and answers some of the copies itself
live 'family = "inet", hook = "prerouting"' whole
check "much comes back" [ "${back:-0}" -gt 700 ]
ctl unload live
finish
