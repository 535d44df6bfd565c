-- SPDX-License-Identifier: GPL-2.0-only
-- Drains a server: new connections to a port are refused, those that are
-- established live on until they end.
--
--   nfluactl load lua/examples/drain.lua
--   nfluactl map set drain 8080 0        refuse new ones; counts them
--   nfluactl eval drain 'left(8080)'     how many are left
--   nfluactl map delete drain 8080       take new ones again

local nf = require("netfilter").new{ name = "drain" }
local conntrack = require("conntrack")
local ports = require("map").open{ name = "drain", key = "integer", max = 1024 }

nf:hook{ family = "inet", hook = "input", priority = "filter", function(pkt)
  local tcp, ct = pkt.tcp, pkt.ct
  -- A connection older than this script is new to conntrack, too, but does not
  -- begin with a SYN.
  if not tcp or not tcp.flags.syn or not ct or ct.info ~= "new" then return end
  if ports:incr(tcp.dport, 1) then
    pkt:reject("tcp-reset")
    return nf.DROP
  end
end }

function left(port)
  local n = 0
  for ct in conntrack.each{ proto = "tcp", dport = port } do
    if ct.tcp.state == "ESTABLISHED" then n = n + 1 end
  end
  return n
end
