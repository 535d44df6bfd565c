-- SPDX-License-Identifier: GPL-2.0-only
-- Tells what is asked of DNS here, and with which code it is answered.
--
--   nfluactl load lua/examples/dnslog.lua
--   nfluactl monitor log

local luapacket = require("luapacket")
local nf = require("netfilter").new{ name = "dnslog" }

-- RFC 1035 section 4.1.1: each field and its bits, in the diagram's order. Bits
-- without a name are left out.
local dns = luapacket.protocol{ name = "dns",
  { "id", 16 }, { "qr", 1, "bool" }, { "opcode", 4 }, { "aa", 1, "bool" }, { "tc", 1, "bool" },
  { "rd", 1, "bool" }, { "ra", 1, "bool" }, { 3 }, { "rcode", 4 },
  { "qdcount", 16 }, { "ancount", 16 }, { "nscount", 16 }, { "arcount", 16 },
}
local question = luapacket.protocol{ name = "question", { "type", 16 }, { "class", 16 } }
local TYPES <const> = { [1] = "A", [2] = "NS", [5] = "CNAME", [15] = "MX", [28] = "AAAA" }

-- A name: labels, each behind a byte with its length. And where it ends.
local function read_name(data)
  local labels, pos, label = {}, 1, nil
  repeat
    label, pos = data:unpack("s1", pos)
    if not label then return end        -- cut off
    labels[#labels + 1] = label
  until label == ""
  return table.concat(labels, "."), pos - 1
end

nf:hook{ family = "inet", hook = "input", priority = "filter", function(pkt)
  local udp = pkt.udp
  if not udp or udp.dport ~= 53 and udp.sport ~= 53 then return end
  local h = dns(pkt.payload)            -- nil if it is too short for one
  if not h or h.qdcount == 0 then return end
  local name, size = read_name(h.payload)
  local q = name and question(h.payload, size)
  if not q then return end
  print(h.id, h.qr and "answer " .. h.rcode or "query", name, TYPES[q.type] or q.type)
end }
