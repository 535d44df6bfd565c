-- SPDX-License-Identifier: GPL-2.0-only
-- A match of iptables: ports of TCP and UDP, with ranges, on either side of a
-- connection. One rule does what would need two for each protocol.
--
--   nfluactl extension install lua/examples/portset.lua
--   nfluactl load lua/examples/portset.lua
--   iptables -A INPUT -m portset ! --ports 22,53,8000:8080 -j DROP
--   iptables -A FORWARD -m portset --ports 6881:6889 --side either -j DROP

local nf = require("netfilter").new{ name = "portset" }

-- Is the port in one of the ranges? A single port is a range of one.
local function within(ranges, port)
  for _, range in ipairs(ranges) do
    if port >= range.first and port <= range.last then return true end
  end
  return false
end

nf:extension{
  name = "portset",
  help = "A packet of TCP or UDP matches by its ports.",
  options = {
    { name = "ports", type = "portrange", repeated = 32, mandatory = true, invertible = true,
      help = "ports and ranges" },
    { name = "side", type = "enum", values = { "source", "destination", "either" },
      default = "destination", help = "whose port it is" },
  },
  match = function(pkt, info)
    local header = pkt.tcp or pkt.udp
    if not header then return false end -- no ports: a match with "!" is none either
    local hit = info.side ~= "source" and within(info.ports, header.dport)
      or info.side ~= "destination" and within(info.ports, header.sport)
    return hit ~= (info.inverted.ports or false)
  end,
}
