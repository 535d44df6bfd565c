-- SPDX-License-Identifier: GPL-2.0-only
-- A match of iptables: networks that a packet comes from or goes to, as many as
-- 64 in one rule, for IPv4 and IPv6.
--
--   nfluactl extension install lua/examples/geo.lua    iptables learns the options
--   nfluactl load lua/examples/geo.lua                 the kernel gets the function
--   iptables -A INPUT -m geo --from 192.0.2.0/24,198.51.100.0/24 -j DROP
--   ip6tables -A FORWARD -m geo ! --to 2001:db8::/32 -j ACCEPT

local nf = require("netfilter").new{ name = "geo" }

-- Is the address in one of the networks? With "!" it must be in none of them.
local function hits(networks, address, inverted)
  for _, network in ipairs(networks) do
    if network:has(address) then return not inverted end
  end
  return inverted
end

nf:extension{
  name = "geo",
  help = "A packet matches by networks that it comes from, or goes to, or both.",
  options = {
    { name = "from", type = "prefix", repeated = 64, invertible = true, help = "networks of its source" },
    { name = "to", type = "prefix", repeated = 64, invertible = true, help = "networks of its destination" },
  },
  -- Called by iptables, which prints the sentence and exits.
  final_check = function(values)
    if not values.from and not values.to then return false, "it needs --from or --to" end
  end,
  -- Called in the kernel, for each packet that comes as far as the rule.
  match = function(pkt, info)
    local header = pkt.ip or pkt.ip6
    if not header then return false end
    if info.from and not hits(info.from, header.src, info.inverted.from) then return false end
    return not info.to or hits(info.to, header.dst, info.inverted.to) or false
  end,
}
