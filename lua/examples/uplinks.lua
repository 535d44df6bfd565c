-- SPDX-License-Identifier: GPL-2.0-only
-- A host with two uplinks answers each connection through the one it came by.
-- The mark of a connection remembers the uplink, the mark of its packets tells
-- it to the routing:
--
--   ip route add default via 192.0.2.1 dev eth1 table 101
--   ip route add default via 198.51.100.1 dev eth2 table 102
--   ip rule add fwmark 1 table 101
--   ip rule add fwmark 2 table 102
--   nfluactl load lua/examples/uplinks.lua

local nf = require("netfilter").new{ name = "uplinks" }
-- That a script asks for this module switches the tracking of connections on.
require("conntrack")
local marks = { eth1 = 1, eth2 = 2 }

-- What comes in. Connections are known from the priority -200, "conntrack", on.
nf:hook{ family = "inet", hook = "prerouting", priority = "mangle", function(pkt)
  local ct, mark = pkt.ct, marks[pkt.iifname]
  if ct and ct.info == "new" and mark then ct.mark = mark end
end }

-- What this host answers: its route is looked for anew when the mark changes.
nf:hook{ family = "inet", hook = "output", priority = "mangle", function(pkt)
  local ct = pkt.ct
  if ct and ct.is_reply and ct.mark ~= 0 then pkt.mark = ct.mark end
end }
