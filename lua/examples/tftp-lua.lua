-- SPDX-License-Identifier: GPL-2.0-only
-- A helper for TFTP: lets the server answer from another port than the one that
-- was asked, also where NAT translates it.
--
--   nfluactl load lua/examples/tftp-lua.lua
--   iptables -t raw -A PREROUTING -p udp --dport 69 -j CT --helper tftp-lua
--   iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
local netfilter = require("netfilter")
local nf = netfilter.new{ name = "tftp-lua" }

nf:helper{ name = "tftp-lua", proto = "udp", expect = { max = 1, timeout = 300 },
  function(pkt, ct)
    local opcode = pkt.payload:u16(0)
    if ct.is_reply or opcode ~= 1 and opcode ~= 2 then return end -- to read, to write
    if ct:tuple("reply").dport == 0 then return end -- nobody can be answered there
    -- From the server, to the port that the client has there; behind NAT it is
    -- another one.
    local e = ct:expect{ dport = ct:tuple("reply").dport, nat_port = ct:tuple("original").sport }
    if not e then return nf.DROP end
  end }
