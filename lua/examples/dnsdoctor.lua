-- SPDX-License-Identifier: GPL-2.0-only
-- Puts other addresses into DNS answers: clients inside of a network learn the
-- inner address of a server whose public one is of no use to them.
--
--   nfluactl load lua/examples/dnsdoctor.lua     on the clients, or their router

local luapacket = require("luapacket")
local nf = require("netfilter").new{ name = "dnsdoctor" }
local ip, protocol = luapacket.ip, luapacket.protocol
local inside = { [ip"203.0.113.80"] = ip"10.77.0.80", [ip"2001:db8::80"] = ip"fd77::80" }

-- RFC 1035 sections 4.1.1 and 4.1.3, RFC 3596 section 2.2
local dns = protocol{ name = "dns", { "id", 16 }, { "qr", 1, "bool" }, { 15 },
  { "qdcount", 16 }, { "ancount", 16 }, { "nscount", 16 }, { "arcount", 16 } }
local resource = protocol{ name = "resource",
  { "type", 16 }, { "class", 16 }, { "ttl", 32 }, { "length", 16 } }
local data = { [1] = protocol{ name = "A", { "address", 32, "ip4" } },
               [28] = protocol{ name = "AAAA", { "address", 128, "ip6" } } }

-- Where a name ends: at an empty label, or where it goes on elsewhere.
local function skip_name(h, at)
  local length = h:u8(at)
  while length and length > 0 and length < 0xc0 do
    at = at + 1 + length
    length = h:u8(at)
  end
  return at + (length == 0 and 1 or 2)
end

nf:hook{ family = "inet", hook = "prerouting", priority = "mangle", function(pkt)
  local h = pkt.udp and pkt.udp.sport == 53 and dns(pkt.payload)
  if not h or not h.qr or h.qdcount ~= 1 then return end
  local at = skip_name(h, #h) + 4       -- behind the question's type and class
  for _ = 1, h.ancount do
    local r = resource(h, skip_name(h, at))
    local a = r and data[r.type] and data[r.type](r.payload)
    if a and inside[a.address] then a.address = inside[a.address] end   -- and the checksum
    at = r and skip_name(h, at) + #r + r.length or at
  end
end }
