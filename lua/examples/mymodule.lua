-- SPDX-License-Identifier: GPL-2.0-only
-- Drops packets that are too short to carry anything.
--
--   nfluactl load lua/examples/mymodule.lua
--   iptables -A INPUT -m lua --script mymodule
--
-- or, once "nfluactl extension install lua/examples/mymodule.lua" was said:
--
--   iptables -A INPUT -m mymodule
--
-- A match that answers DROP drops the packet at once; ACCEPT is no match, so
-- that the rules behind it go on.

local netfilter = require("netfilter")
local luapacket = require("luapacket")

local nf = netfilter.new{ name = "mymodule" }

local function filter(pkt)
  if pkt and pkt:length() < 14 then
    return nf.DROP
  end
  return nf.ACCEPT
end

nf:match(filter)
