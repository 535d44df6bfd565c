-- SPDX-License-Identifier: GPL-2.0-only
-- Keys whose low bits are the same do not collide, nor do long ones that are the same
-- but in the middle: with them in chains this would take longer than the body of a
-- script may.
for s = 0, 48, 8 do
  local t = {}
  for j = 1, 20000 do t[j << s] = j end
  local n = 0
  for j = 1, 20000 do n = n + t[j << s] end
  print(s, n)
end
local t, half = {}, ("x"):rep(4100)
for j = 1, 700 do t[half .. j .. half] = j end
local n = 0
for j = 1, 700 do n = n + t[half .. j .. half] end
print("long", n)
