-- SPDX-License-Identifier: GPL-2.0-only
-- Refuses TLS connections to some names, by what the client asks for (SNI).
--
--   nfluactl load lua/examples/snifilter.lua     on the servers, or their router

local nf = require("netfilter").new{ name = "snifilter" }
local blocked = { ["blocked.example"] = true, ["ads.test"] = true }
-- What has come of each ClientHello, behind the sequence number where it begins,
-- or "" if it is refused. It may come in pieces, and each on another CPU.
local hellos = require("map").open{
  name = "snifilter", key = "string", value = "string", max = 8192, ttl = 30000, evict = "lru" }

-- The name in a ClientHello (RFC 8446 section 4.1.2); nil: more of it is to come.
local function server_name(hello)
  if hello:byte() ~= 22 then return false end
  local whole, record = pcall(string.unpack, ">s2", hello, 4)
  if not whole then return nil end
  -- session, ciphers, compression, extensions
  local ok, _, _, _, list = pcall(string.unpack, ">s1s2s1s2", record, 39)
  local at, kind, data = 1, nil, nil
  while ok and kind ~= 0 do ok, kind, data, at = pcall(string.unpack, ">I2s2", list, at) end
  return ok and data:sub(6):lower()
end

nf:hook{ family = "inet", hook = "prerouting", priority = "filter", function(pkt)
  local tcp, ip = pkt.tcp, pkt.ip or pkt.ip6
  if not tcp or tcp.dport ~= 443 or not pkt.payload then return end
  local key = ("%s %s %d"):format(ip.src, ip.dst, tcp.sport)
  if tcp.flags.syn then hellos:set(key, (">I4"):pack(tcp.seq + 1 & 0xffffffff)) return end
  local held = hellos:get(key)
  if not held or held == "" then return held and nf.DROP end
  local have, at = held:sub(5), tcp.seq - (">I4"):unpack(held) & 0xffffffff
  if at > #have then return nf.DROP end     -- it is to wait for what is missing
  local hello = have:sub(1, at) .. pkt.payload:unpack("c" .. #pkt.payload)
  if #hello <= #have then return end        -- nothing new
  local name = server_name(hello)
  if name == nil and hellos:set(key, held:sub(1, 4) .. hello) then return end
  if blocked[name] then hellos:set(key, "") return nf.DROP end
  hellos:delete(key)
end }
