-- SPDX-License-Identifier: GPL-2.0-only
-- What stands before each of the other files: runs, of their cases, the one
-- that CASE names. A case is
--
--	case(NAME, KINDS, function() ... return function(pkt) ... end, live end)
--
-- where the outer function is called in the body, and the inner one for each
-- packet, as a hook with the policy to drop; "live" is kept as long. KINDS are
-- those of the errors that may be counted, "accept" if the call may also end by
-- itself. One that needs more memory than others says how much: "-- memory 64M"
-- ends its first line.
local nf = require("netfilter").new{}
local found
local function case(name, kinds, setup)
  if name ~= CASE then return end
  found = true
  local f, live = setup()
  for _, hook in ipairs{ "input", "output" } do
    nf:hook{ family = "ipv4", hook = hook, priority = "raw", on_error = "drop", function(pkt)
      if pkt.udp and pkt.udp.dport == 4000 then f(pkt, live) end
    end }
  end
end
