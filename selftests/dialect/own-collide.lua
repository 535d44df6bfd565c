-- SPDX-License-Identifier: GPL-2.0-only
-- Keys of a table that collide: who knows the factor of the hash, as one can find it
-- out, gets no long chains. Here it is the one that shim.c begins with.
local factor = 0x9e3779b97f4a7c15
local inverse = factor
for _ = 1, 6 do inverse = inverse * (2 - factor * inverse) end
assert(inverse * factor == 1, "no inverse")
-- the key whose product with the factor begins with these bits
local function key(top, bits, rest) return inverse * (top << (64 - bits) | rest) end

-- all of one node, whatever the size
local function fill(t, from)
  for i = from, from + 999 do
    local ok, why = pcall(rawset, t, key(0, 1, i), i)
    if not ok then return i - from, why end
  end
  return 1000
end
local t = {}
for i = 1, 10000 do t["k" .. i] = i end
local n, why = fill(t, 1)
assert(why == "keys of a table collide" and n > 16 and n < 64, ("%d %s"):format(n, why))
for i = 1, n do assert(t[key(0, 1, i)] == i, "what is there stays") end
assert(next(t) and not t[key(0, 1, n + 1)])
local refused = 0
for i = 10001, 11000 do refused = refused + (pcall(rawset, t, "k" .. i, i) and 0 or 1) end
assert(refused < 5, "others find room, but for those that would be there, too")
for i = 1, 10000 do assert(t["k" .. i] == i) end
local ok, line = pcall(function() t[key(0, 1, 5000)] = 1 end)
assert(not ok and line == "own-collide.lua:29: keys of a table collide", line)
t[key(0, 1, 1)] = "again"
assert(t[key(0, 1, 1)] == "again", "what is there can be written")

-- a table that shrinks keeps all, more than could be inserted
t = {}
for i = 1, 1 << 15 do t["k" .. i] = i end
for top = 0, 63 do
  for rest = 1, 16 do t[key(top, 15, rest)] = rest end
end
for i = 1, 1 << 15 do t["k" .. i] = nil end
for i = 1, 40000 do t[-i], t[1 - i] = true, nil end
for top = 0, 63 do
  for rest = 1, 16 do assert(t[key(top, 15, rest)] == rest, "a key was lost") end
end
n = 0
for _ in pairs(t) do n = n + 1 end
assert(n == 64 * 16 + 1, n)

-- by chance none collide
local kinds = {
  function(i) return i << 20 end, function(i) return i * 0x1000001 end, function(i) return -i end,
  function(i) return i | i << 32 end, function() return {} end, function(i) return i .. "k" end,
  function() return coroutine.create(print) end, function(i) return ("long string "):rep(5) .. i end,
}
for _, make in ipairs(kinds) do
  t = {}
  for i = 1, 20000 do t[make(i)] = i end
  for k, i in pairs(t) do assert(t[k] == i) end
end
