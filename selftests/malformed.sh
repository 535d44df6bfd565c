#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Packets that are cut, and packets with a bit or a byte that is wrong: a script
# looks at everything by every name, meets no error, and sees the layers that are
# there, as malformed.py finds them without nflua, and no others.
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
python3 -B "$HERE/malformed.py" packets.pcap >want
is "the packets are made" $? 0
ctl -j run malformed --entry target --pcap packets.pcap >run.json
jq -r '(if type == "array" then .[] else . end) |
	if .outcome == "refused" then "refused" else "\(.output | rtrimstr("\n"))\((.text // "") | split("\n")[0] // "")" end' \
	run.json >got
is "as many are met as were made" "$(wc -l <got)" "$(wc -l <want)"
diag "$(grep -vc refused got) packets met, $(grep -c refused got) refused"
check "more packets are met than are refused" [ "$(grep -vc refused got)" -gt "$(grep -c refused got)" ]
is "no call failed" "$(jq -r '(if type == "array" then .[] else . end) | .text // empty' run.json |
	grep '^malformed' | sort | uniq -c | head -n 5)" ""
is "and all saw what is there" "$(diff got want | head -n 20)" ""
finish
