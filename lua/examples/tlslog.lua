-- SPDX-License-Identifier: GPL-2.0-only
-- Tells which names TLS clients ask for (SNI), if a ClientHello comes in one
-- packet; snifilter.lua puts together those that do not.
--
--   nfluactl load lua/examples/tlslog.lua
--   nfluactl monitor log

local luapacket = require("luapacket")
local nf = require("netfilter").new{ name = "tlslog" }

-- RFC 8446 sections 5.1, 4, 4.1.2 and 4.2; RFC 6066 section 3
local record = luapacket.protocol{ name = "record", { "type", 8 }, { "version", 16 }, { "length", 16 } }
local hello = luapacket.protocol{ name = "hello",
  { "type", 8 }, { "length", 24 }, { "version", 16 }, { "random", 256, "bytes" },
}
local extension = luapacket.protocol{ name = "extension", { "type", 16 }, { "length", 16 } }
local server_name = luapacket.protocol{ name = "server_name",
  { "list_length", 16 }, { "type", 8 }, { "length", 16 },
}

local function sni(payload)
  local r = record(payload)
  local h = r and r.type == 22 and hello(r.payload)
  if not h or h.type ~= 1 then return end
  -- session, ciphers and compression methods, each behind its length, and the
  -- length of the extensions
  local _, _, _, _, pos = h.payload:unpack("s1s2s1I2")
  local e = pos and extension(h.payload, pos - 1)
  while e and e.type ~= 0 do
    e = extension(e.payload, e.length)  -- the next one
  end
  local name = e and server_name(e.payload)
  return name and name.payload:unpack("c" .. name.length)
end

nf:hook{ family = "inet", hook = "input", priority = "filter", function(pkt)
  if not pkt.tcp or pkt.tcp.dport ~= 443 then return end
  local name = sni(pkt.payload)
  if name then print((pkt.ip or pkt.ip6).src, name) end
end }
