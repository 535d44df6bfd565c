-- SPDX-License-Identifier: GPL-2.0-only
-- A router refuses TCP connections that a rule has marked: the client is told
-- at once by a reset, as if the server had sent it, and does not wait. IPv4
-- and IPv6 alike.
--
--   nfluactl load lua/examples/tcpreject.lua
--   iptables -t mangle -A PREROUTING -p tcp --dport 25 -j MARK --set-mark 25
--   ip6tables -t mangle -A PREROUTING -p tcp --dport 25 -j MARK --set-mark 25

local MARK <const> = 25

local netfilter = require("netfilter")
local nf = netfilter.new{ name = "tcpreject" }

nf:hook{ family = "inet", hook = "forward", priority = "filter", function(pkt)
  if pkt.mark ~= MARK or not pkt.tcp then return end
  -- A reset must not be answered with a reset; it is just dropped.
  if not pkt.tcp.flags.rst then pkt:tcpreply("reset") end
  return nf.DROP
end }
