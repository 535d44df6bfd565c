-- SPDX-License-Identifier: GPL-2.0-only
-- A target of iptables: drops packets of a source that sends more than RATE a
-- second; BURST of them may come at once. All others go to the next rule.
--
--   nfluactl extension install lua/examples/ratelimit.lua
--   nfluactl load lua/examples/ratelimit.lua
--   iptables -A INPUT -p udp --dport 53 -j RATELIMIT --rate 100 --burst 20
--   nfluactl map show ratelimit                  who has sent lately
--   nfluactl map delete ratelimit 192.0.2.1      forgive one

local SECOND <const> = 1000000000 -- in nanoseconds, as the clock counts

local netfilter = require("netfilter")
local nf = netfilter.new{ name = "ratelimit" }
-- By source, when it will have paid for all its packets: each costs 1/RATE of a
-- second. All CPUs see this map, and nfluactl does; two CPUs at the very same
-- moment may count two packets as one.
local paid = require("map").open{
  name = "ratelimit", key = "address", max = 65536, ttl = 600000, evict = "lru",
}

nf:extension{
  name = "RATELIMIT", tables = { "filter", "raw", "mangle" },
  help = "Drops packets of a source that sends too many.",
  options = {
    { name = "rate", type = "u32", min = 1, max = 1000000, mandatory = true, help = "packets a second" },
    { name = "burst", type = "u32", min = 1, max = 10000, default = 5, help = "packets at once" },
  },
  target = function(pkt, info)
    local header = pkt.ip or pkt.ip6
    if not header then return nf.CONTINUE end
    local now, cost = netfilter.now(), SECOND // info.rate
    local due = math.max(paid:get(header.src) or 0, now) + cost
    if due > now + info.burst * cost then return nf.DROP end
    paid:set(header.src, due)
  end,
}
