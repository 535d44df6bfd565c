-- SPDX-License-Identifier: GPL-2.0-only
-- Drops all packets of some addresses, before anything else looks at them.
--
--   nfluactl load lua/examples/blockip.lua
--   nfluactl map set blockip 192.0.2.7 0         one more
--   nfluactl map show blockip                    how many packets each has sent
--   nfluactl map delete blockip 192.0.2.7

local ip = require("luapacket").ip
local nf = require("netfilter").new{ name = "blockip" }

-- Addresses may come and go while packets pass; all CPUs see the same map.
local blocked = require("map").open{ name = "blockip", key = "address", max = 65536 }
-- Prefixes are written here, and there may be as many as a loop is worth.
local prefixes = { ip"198.51.100.0/24", ip"2001:db8:bad::/48" }

nf:hook{ family = "inet", hook = "prerouting", priority = "raw", function(pkt)
  local header = pkt.ip or pkt.ip6
  if not header then return end
  local source = header.src
  if blocked:incr(source, 1) then return nf.DROP end
  for _, prefix in ipairs(prefixes) do
    if prefix:has(source) then return nf.DROP end
  end
end }
