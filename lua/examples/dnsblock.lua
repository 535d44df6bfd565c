-- SPDX-License-Identifier: GPL-2.0-only
-- Drops DNS queries for blocked names and everything below them. The rule says
-- where; it may be one with a match, or one with a target:
--
--   nfluactl load lua/examples/dnsblock.lua
--   iptables -A OUTPUT -p udp --dport 53 -m lua --script dnsblock -j DROP
--   iptables -A OUTPUT -p udp --dport 53 -j LUA --script dnsblock
--
-- With HOOK = true no rule is needed. Without either, on packets of a file:
--
--   nfluactl run lua/examples/dnsblock.lua --entry match --pcap queries.pcap
local HOOK <const> = false

local nf = require("netfilter").new{ name = "dnsblock" }
local blocked = { ["blocked.example"] = true, ["ads.test"] = true }

-- The name in a query, if it or a name above it is blocked.
local function blocked_name(pkt)
  if not pkt.udp or pkt.udp.dport ~= 53 then return nil end
  local labels, pos, label = {}, 13, nil    -- behind the 12 bytes of the header
  repeat                                    -- each has a byte with its length
    label, pos = pkt.payload:unpack("s1", pos)
    if not label then return nil end        -- cut off: not a query we know
    labels[#labels + 1] = label
  until label == ""
  local name = table.concat(labels, ".", 1, #labels - 1):lower()
  while name and not blocked[name] do       -- a.b.c -> b.c -> c
    name = name:match("%.(.*)$")
  end
  return name
end

local function drop(pkt)
  if blocked_name(pkt) then return nf.DROP end
end
nf:match(function(pkt) return blocked_name(pkt) ~= nil end)
nf:target(drop)
if HOOK then nf:hook{ family = "inet", hook = "output", priority = "filter", drop } end
