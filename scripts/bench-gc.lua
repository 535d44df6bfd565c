-- SPDX-License-Identifier: GPL-2.0-only
-- 4 MiB of live data of the kind that KIND names, and a callback that does some
-- work on each packet, changes the data and leaves garbage.
local nf = require("netfilter").new{}
local live, n = {}, 0

local change = {
  -- one table whose array part has 4 MiB
  array = function(i) live[i] = i end,
  tables = function(i) live[i] = { i } end,
  strings = function(i) live[i] = "a string that lives, number " .. i end,
  hash = function(i) live["k" .. i % SIZE] = i end,
}
local sizes = { array = 1 << 18, tables = 40000, strings = 50000, hash = 43000 }
SIZE = sizes[KIND]
change = change[KIND]

for i = 1, SIZE do change(i) end
local last = {}

nf:hook{ family = "ipv4", hook = "output", priority = "filter", on_error = "drop", function(pkt)
  local udp = pkt.udp
  n = n + 1
  local flow = { src = pkt.ip.src, text = "packet " .. n .. " to " .. udp.dport, len = #pkt }
  last[n % 32] = flow
  for w in flow.text:gmatch("%d+") do flow.sum = (flow.sum or 0) + w end
  change(n * 7919 % SIZE + 1)
end }
