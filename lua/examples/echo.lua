-- SPDX-License-Identifier: GPL-2.0-only
-- Sends back what arrives on a UDP port, as the old echo service does, without
-- any program that listens.
--
--   nfluactl load lua/examples/echo.lua
--   iptables -A INPUT -p udp --dport 7 -j LUA --script echo
--   ip6tables -A INPUT -p udp --dport 7 -j LUA --script echo
--
-- The rules choose the port. The answer leaves by itself, with addresses and
-- ports exchanged; the datagram is dropped, for nobody else wants it.

local nf = require("netfilter").new{ name = "echo" }

nf:target(function(pkt)
  -- An answer to a port that answers would come back for ever.
  if not pkt.udp or pkt.udp.sport == pkt.udp.dport then return nf.CONTINUE end
  local text = pkt:unpack("c" .. #pkt.payload, 1, "payload")
  local ok, why = pkt:reply("udp", text)
  if not ok then print("not answered:", why) end
  return nf.DROP
end)
