-- SPDX-License-Identifier: GPL-2.0-only
-- A protocol of one's own, whose fields end anywhere: sensors send readings to
-- UDP port 9000, and only plausible ones of known sensors shall pass.
--
--    0                   1                   2                   3
--    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
--   +-----+-+-+---------------------+-----------------------+-------+
--   | ver |T|L|       sensor        |    tenths of degrees  | count |
--   +-----+-+-+---------------------+-----------------------+-------+
--   |                          IPv4 gateway                         |
--   +---------------------------------------------------------------+
--   |           battery, millivolts, low byte first                 |
--   +-------------------------------+-------------------------------+
--
--   nfluactl load lua/examples/sensor.lua
--   nfluactl map set sensors 17 0            lets sensor 17 send

local luapacket = require("luapacket")
local nf = require("netfilter").new{ name = "sensor" }

local reading = luapacket.protocol{ name = "reading",
  { "version", 3 }, { "test", 1, "bool" }, { "low", 1, "bool" }, { "sensor", 11 },
  { "tenths", 12 }, { "count", 4 },
  { "gateway", 32, "ip4" },
  { "battery", 32, "le" },
}
local sensors = require("map").open{ name = "sensors", key = "integer", max = 2048 }

nf:hook{ family = "inet", hook = "input", priority = "filter", function(pkt)
  if not pkt.udp or pkt.udp.dport ~= 9000 then return end
  local r = reading(pkt.payload)
  if not r or r.version ~= 1 or r.test then return nf.DROP end
  if r.tenths > 1000 or r.low ~= (r.battery < 2700) then return nf.DROP end
  -- One more reading of it; nothing if it is not known.
  if not sensors:incr(r.sensor, 1) then return nf.DROP end
end }
