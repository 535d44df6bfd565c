-- SPDX-License-Identifier: GPL-2.0-only
-- Packets and bytes of every connection, for a time-series database. The kernel
-- counts them; no packet is put to Lua.
--
--   nfluactl load lua/examples/conncount.lua
--   nfluactl eval conncount 'report()'              all, as far as 8 KiB go
--   nfluactl eval conncount 'report{ proto = "tcp", dport = 443 }'
--
-- As lines for InfluxDB, say from a timer into `influx write`:
--
--   nfluactl -j eval conncount 'report()' | jq -r '.output | split("\n")[] |
--     select(. != "") | split(" ") | "conn,id=\(.[0]),proto=\(.[1]),src=\(.[2]),dst=\(.[3]),port=\(.[4]) " +
--     "packets_out=\(.[5])i,bytes_out=\(.[6])i,packets_in=\(.[7])i,bytes_in=\(.[8])i"'

local conntrack = require("conntrack")
-- Connections that begin from now on have counters; unloading ends that.
conntrack.use("accounting")

-- "query" says which connections, as in conntrack.each; nothing means all.
function report(query)
  for ct in conntrack.each(query) do
    local packets_out, bytes_out = ct:counters("original")
    -- nil for a connection that began before: nothing was counted
    if packets_out then
      local packets_in, bytes_in = ct:counters("reply")
      local tuple = ct:tuple("original")
      print(("%d %d %s %s %d %d %d %d %d"):format(ct.id, tuple.proto, tuple.src, tuple.dst,
        tuple.dport or 0, packets_out, bytes_out, packets_in, bytes_in))
    end
  end
end
