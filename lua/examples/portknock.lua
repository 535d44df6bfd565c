-- SPDX-License-Identifier: GPL-2.0-only
-- Opens a port to who knocks at others first, in the right order: to everybody
-- else it looks as if nothing were there.
--
--   nfluactl load lua/examples/portknock.lua
--   for port in 7001 8002 9003; do nc -z -w 1 SERVER $port; done; ssh SERVER
--
--   nfluactl map show portknock                  who has come how far
--   nfluactl map set portknock 192.0.2.7 3       let one in

local PORT <const> = 22
local KNOCKS <const> = { 7001, 8002, 9003 }
local SOON <const>, OPEN <const> = 10000, 60000           -- milliseconds

local nf = require("netfilter").new{ name = "portknock" }
-- How many knocks of a source were right. Each may come on another CPU.
local knocks = require("map").open{ name = "portknock", key = "address", max = 65536 }

nf:hook{ family = "inet", hook = "input", priority = "filter", function(pkt)
  local tcp = pkt.tcp
  -- Connections that are open stay so.
  if not tcp or not tcp.flags.syn or tcp.flags.ack then return end
  local source = (pkt.ip or pkt.ip6).src
  local done = knocks:get(source) or 0
  if tcp.dport == PORT then
    if done < #KNOCKS then return nf.DROP end
    return
  end
  for i, port in ipairs(KNOCKS) do
    if tcp.dport == port then
      -- The same knock once more is a SYN that was sent again.
      if i == done + 1 then
        knocks:set(source, i, i < #KNOCKS and SOON or OPEN)
      elseif i ~= done then
        knocks:delete(source)
      end
      return nf.DROP
    end
  end
end }
