-- SPDX-License-Identifier: GPL-2.0-only
-- Counts packets and bytes that come in at each interface, on all CPUs.
--
--   nfluactl load lua/examples/ifcount.lua
--   nfluactl map show ifcount.packets
--   nfluactl map show ifcount.bytes

local map = require("map")
local nf = require("netfilter").new{ name = "ifcount" }
local packets = map.open{ name = "ifcount.packets", key = "string", max = 1024 }
local bytes = map.open{ name = "ifcount.bytes", key = "string", max = 1024 }

nf:hook{ family = "inet", hook = "prerouting", priority = "raw", function(pkt)
  local device = pkt.iifname
  packets:incr(device, 1, 0)            -- 0: what a device begins with
  bytes:incr(device, #pkt, 0)
end }
