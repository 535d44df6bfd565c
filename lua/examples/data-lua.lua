-- SPDX-License-Identifier: GPL-2.0-only
-- The least that a helper does, for a made-up protocol. A client asks a server for
-- data; the server answers "DATA 40000\n", and the client connects to that port.
--
--   nfluactl load lua/examples/data-lua.lua
--   iptables -t raw -A PREROUTING -p tcp --dport 7000 -j CT --helper data-lua
--   iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
local netfilter = require("netfilter")
local nf = netfilter.new{ name = "data-lua" }

nf:helper{
  name = "data-lua", -- what rules call it: up to 15 bytes
  proto = "tcp", -- for IPv4 and IPv6, as no family is given
  expect = { max = 4, timeout = 60 }, -- of one connection, four may wait a minute
  function(pkt, ct, info)
    -- what the server says, once it has been asked
    if info ~= "established_reply" or not pkt.payload then return end
    local from, port, to = pkt.payload:string():match("^DATA ()(%d%d?%d?%d?%d?)()\n")
    if not port or tonumber(port) < 1 or tonumber(port) > 65535 then return end
    -- From the client, to the address by which it knows the server. Where the
    -- server is behind NAT and the port is taken there, another one is chosen.
    local e, why = ct:expect{ dport = tonumber(port) }
    if not e then
      print("no data from", port, why)
    elseif e.dport ~= tonumber(port) then
      pkt:mangle(from, to - from, tostring(e.dport)) -- tell the client which
    end
  end
}
