-- SPDX-License-Identifier: GPL-2.0-only
-- Drops packets of a source that sends more than LIMIT in WINDOW milliseconds,
-- counted over all CPUs. The window begins with the source's first packet.
--
--   nfluactl load lua/examples/ratelimit.lua
--   nfluactl map show ratelimit                  who sent how much
--   nfluactl map delete ratelimit 192.0.2.1      forgive one

local LIMIT <const> = 100
local WINDOW <const> = 1000

local nf = require("netfilter").new{ name = "ratelimit" }
local seen = require("map").open{
  name = "ratelimit", key = "address", max = 65536, ttl = WINDOW, evict = "lru",
}

nf:hook{ family = "inet", hook = "input", priority = "filter", function(pkt)
  local ip = pkt.ip or pkt.ip6
  local count = ip and seen:incr(ip.src, 1, 0)
  if count and count > LIMIT then return nf.DROP end
end }
