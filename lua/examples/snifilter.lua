-- SPDX-License-Identifier: GPL-2.0-only
-- Refuses TLS connections to some names, by what the client asks for (SNI).
--
--   nfluactl load lua/examples/snifilter.lua     on the servers, or their router

local nf = require("netfilter").new{ name = "snifilter" }
local blocked = { ["blocked.example"] = true, ["ads.test"] = true }
-- What has come of a connection, behind its first sequence number; "": refused.
local streams = require("map").open{    -- the pieces may come on several CPUs
  name = "snifilter", key = "string", value = "string", max = 8192, ttl = 30000, evict = "lru" }

-- The name in a ClientHello (RFC 8446 section 4.1.2); nil: more of it is to come.
local function server_name(stream)
  local hello, at, ok, data, list, kind = "", 1, nil, nil, nil, nil
  repeat    -- it may lie in several records (section 5.1)
    if at <= #stream and stream:byte(at) ~= 22 then return false end
    ok, data, at = pcall(string.unpack, ">s2", stream, at + 3)
    if not ok then return nil end
    hello = hello .. data
  until #hello > 3 and #hello >= 4 + string.unpack(">I3", hello, 2)
  -- session, ciphers, compression, extensions
  at, ok, data, data, data, list = 1, pcall(string.unpack, ">s1s2s1s2", hello, 39)
  while ok and kind ~= 0 do ok, kind, data, at = pcall(string.unpack, ">I2s2", list, at) end
  return ok and data:sub(6):lower()
end
nf:hook{ family = "inet", hook = "prerouting", priority = "filter", function(pkt)
  local tcp, ip = pkt.tcp, pkt.ip or pkt.ip6
  if not tcp or tcp.dport ~= 443 or not pkt.payload then return end
  local key = ("%s %s %d"):format(ip.src, ip.dst, tcp.sport)
  if tcp.flags.syn then streams:set(key, (">I4"):pack(tcp.seq + 1 & 0xffffffff)) return end
  local held = streams:get(key)
  if not held or held == "" then return held and nf.DROP end
  local have, at = held:sub(5), tcp.seq - (">I4"):unpack(held) & 0xffffffff
  local stream = have:sub(1, at) .. pkt.payload:unpack("c" .. #pkt.payload)
  if at > #have or #stream <= #have then return at > #have and nf.DROP or nil end   -- a gap
  local name = server_name(stream)
  if name == nil and streams:set(key, held:sub(1, 4) .. stream) then return end
  if not blocked[name] then streams:delete(key) return end
  streams:set(key, "") pkt:reject("tcp-reset") tcp.flags.rst = true   -- both ends are told
end }
