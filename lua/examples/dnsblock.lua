-- SPDX-License-Identifier: GPL-2.0-only
-- Drops DNS queries for blocked names and everything below them.
--
--   nfluactl load lua/examples/dnsblock.lua
--   iptables -A OUTPUT -p udp --dport 53 -m lua --script dnsblock -j DROP
--
-- Without a rule, on packets of a file:
--
--   nfluactl run lua/examples/dnsblock.lua --pcap queries.pcap

local netfilter = require("netfilter")
local nf = netfilter.new{ name = "dnsblock" }

local blocked = { ["blocked.example"] = true, ["ads.test"] = true }

-- Is this name, or a name above it, blocked?  a.b.c -> b.c -> c
local function is_blocked(name)
  while name do
    if blocked[name] then return true end
    name = name:match("%.(.*)$")
  end
  return false
end

-- The name in a query: labels, each behind a byte with its length.
local function question(dns)
  local labels, pos = {}, 13            -- behind the 12 bytes of the header
  while true do
    local label
    label, pos = dns:unpack("s1", pos)
    if not label then return end        -- cut off: not a query we know
    if label == "" then return table.concat(labels, "."):lower() end
    labels[#labels + 1] = label
  end
end

nf:match(function(pkt)
  if not pkt.udp or pkt.udp.dport ~= 53 then return false end
  local name = question(pkt.payload)
  return name ~= nil and is_blocked(name)
end)
