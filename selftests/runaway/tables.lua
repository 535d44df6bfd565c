-- SPDX-License-Identifier: GPL-2.0-only
-- Tables: large ones, many, and the functions on them. See head.lua.
local proxy = setmetatable({}, {
  __index = function() return "x" end,
  __newindex = function() end,
  __len = function() return math.maxinteger - 1 end,
})

local function numbers(n)
  local t = {}
  for i = 1, n do t[i] = n - i end
  return t
end

-- as many as the body's memory allows
local function many() return numbers(250000) end

local function pairs_of(n)
  local t = {}
  for i = 1, n do t["k" .. i] = i end
  return t
end

case("sort with a lying comparator", "time|runtime", function()
  local t = numbers(10000)
  return function() while true do pcall(table.sort, t, function() return true end) end end
end)
case("sort with a random comparator", "time|runtime", function()
  local t = numbers(10000)
  return function() while true do pcall(table.sort, t, function() return math.random(2) == 1 end) end end
end)
case("sort as much as there is", "time", function()
  local t = many()
  return function() while true do table.sort(t) end end
end)
case("sort of a million", "time", function() -- memory 64M
  local t = numbers(1000000)
  return function() while true do table.sort(t) end end
end)
case("sort of equal elements", "time", function()
  local t = {}
  for i = 1, 250000 do t[i] = 1 end
  return function() while true do table.sort(t) end end
end)
case("sort of huge strings", "time", function()
  local t = {}
  for i = 1, 10 do t[i] = ("x"):rep(1000000) .. i end
  return function() while true do table.sort(t) end end
end)
case("sort with a loop", "time", function()
  return function() table.sort({ 3, 2, 1 }, function() while true do end end) end
end)
case("sort of a proxy", "time|runtime", function()
  local p = setmetatable({}, { __len = function() return 2000000000 end, __index = function() return 1 end, __newindex = function() end })
  return function() table.sort(p) end
end)
case("concat of a huge table", "time|memory", function()
  local t = many()
  return function() while true do table.concat(t) end end
end)
case("concat of long strings", "time|memory", function()
  local t = {}
  for i = 1, 50 do t[i] = ("x"):rep(100000) end
  return function() while true do table.concat(t) end end
end)
case("concat of half the limit", "time|memory", function()
  local t = { ("x"):rep(1000000), ("y"):rep(999999) }
  return function() while true do table.concat(t) end end
end)
case("concat of a proxy", "time|memory", function()
  return function() return table.concat(proxy) end
end)
case("concat of a proxy with a separator", "time|memory", function()
  local s = ("x"):rep(10000)
  return function() return table.concat(proxy, s) end
end)
case("concat of nothing but separators", "time|memory", function()
  local t, s = {}, ("x"):rep(1000)
  for i = 1, 10000 do t[i] = "" end
  return function() while true do table.concat(t, s) end end
end)
case("insert at the front", "time", function()
  local t = many()
  return function() while true do table.insert(t, 1, 0) table.remove(t) end end
end)
case("insert into a proxy", "time", function()
  return function() table.insert(proxy, 1, "x") end
end)
case("remove from the front", "time", function()
  local t = many()
  return function() while true do table.insert(t, table.remove(t, 1)) end end
end)
case("remove from a proxy", "time", function()
  return function() table.remove(proxy, 1) end
end)
case("remove all", "time|accept", function()
  local t = many()
  return function() for _ = 1, #t do table.remove(t, 1) end end
end)
case("move", "time|memory", function()
  local t = many()
  return function() while true do table.move(t, 1, #t, 2) t[#t] = nil end end
end)
case("move into a new table", "time|memory", function()
  local t = many()
  return function() while true do table.move(t, 1, #t, 1, {}) end end
end)
case("move of a proxy", "time", function()
  return function() table.move(proxy, 1, math.maxinteger - 1, 2) end
end)
case("unpack", "time|runtime|memory", function()
  local t = many()
  return function() while true do local _ = select("#", table.unpack(t, 1, 60000)) end end
end)
case("unpack of a proxy", "time|runtime|memory", function()
  return function() while true do pcall(table.unpack, proxy, 1, 100000) end end
end)
case("unpack of too many", "time|runtime|memory", function()
  return function() while true do pcall(table.unpack, {}, 1, 999000) end end
end)
case("unpack of a million", "runtime|memory|time", function()
  return function() return table.unpack({}, 1, 990000) end
end)
case("pack of many", "time|memory|runtime", function()
  local t = numbers(30000)
  return function() while true do table.pack(table.unpack(t)) end end
end)
case("select over huge varargs", "time|memory|runtime", function()
  local t = numbers(30000)
  local function f(...) while true do local _ = select("#", ...), (select(29999, ...)) end end
  return function() f(table.unpack(t)) end
end)
case("varargs passed on", "time|memory|runtime", function()
  local t = numbers(20000)
  local function f(...) return 1 + f(...) end
  return function() f(table.unpack(t)) end
end)
case("varargs into tables", "time|memory|runtime", function()
  local t = numbers(20000)
  local function f(...) while true do local _ = { ... } end end
  return function() f(table.unpack(t)) end
end)
case("varargs in straight-line code", "time|memory|runtime", function()
  local t = numbers(20000)
  local f = assert(load(("local _ = { ... } "):rep(60)))
  return function() while true do f(table.unpack(t)) end end
end)
case("return of many", "time|memory|runtime", function()
  local t = numbers(30000)
  local function f() return table.unpack(t) end
  return function() while true do local _ = (f()) end end
end)
case("resume with many", "time|memory|runtime", function()
  local t = numbers(20000)
  return function()
    local co = coroutine.wrap(function(...) while true do coroutine.yield(...) end end)
    while true do co(table.unpack(t)) end
  end
end)
case("next over a cleared table", "time", function()
  local t = many()
  for i = 1, #t do t[i] = nil end
  return function() while true do next(t) end end
end)
case("next over a cleared hash", "time", function()
  local t = pairs_of(50000)
  for k in pairs(t) do t[k] = nil end
  return function() while true do next(t) end end
end)
case("pairs over a huge table", "time", function()
  local t = pairs_of(50000)
  return function() while true do for _ in pairs(t) do end end end
end)
case("pairs that clears", "time|accept", function()
  local t = pairs_of(50000)
  return function() for k in pairs(t) do t[k] = nil end end
end)
case("ipairs over a proxy", "time", function()
  return function() for _ in ipairs(proxy) do end end
end)
case("length of a table with holes", "time", function()
  local t = many()
  for i = 2, #t, 2 do t[i] = nil end
  return function() while true do t[#t + 1] = nil t[#t] = 1 end end
end)
case("length of a huge hash", "time", function()
  local t = {}
  for i = 50000, 1, -1 do t[i] = i end
  return function() while true do local _ = #t end end
end)
case("an array grows", "time|memory", function()
  return function() local t = {} for i = 1, math.maxinteger do t[i] = i end end
end)
case("an array grows in many calls", "time|memory|accept", function()
  local t, n = {}, 0
  return function()
    if n > 600000 then t, n = {}, 0 end
    for i = n + 1, n + 3000 do n = i t[i] = i end
  end
end)
case("an array grows to its limit in many calls", "time|memory|accept", function()
  local t, n = {}, 0
  return function() for i = n + 1, n + 3000 do t[i] = i n = i end end
end)
case("a hash grows", "time|memory", function()
  return function() local t = {} for i = 1, math.maxinteger do t[-i] = i end end
end)
case("a hash grows in many calls", "time|memory|accept", function()
  local t, n = {}, 0
  return function()
    if n > 300000 then t, n = {}, 0 end
    for i = n + 1, n + 3000 do n = i t[-i] = i end
  end
end)
case("a hash of strings grows in many calls", "time|memory|accept", function()
  local t, n = {}, 0
  return function()
    if n > 120000 then t, n = {}, 0 end
    for i = n + 1, n + 2000 do n = i t["k" .. i] = i end
  end
end)
case("a huge array grows by one", "memory|time|accept", function()
  local t = numbers(1 << 18)
  return function() t[#t + 1] = 1 return #t < 0 end
end)
case("a huge hash grows by one", "memory|time|accept", function()
  local t = {}
  for i = 1, 1 << 17 do t[-i] = i end
  return function() t[1] = 1 t[2] = 1 end
end)
case("huge hashes that grow by one, again and again", "memory|time", function()
  local t = {}
  for i = 1, 1 << 16 do t[-i] = i end
  return function() while true do pcall(function() t[1] = 1 t[2] = 1 end) end end
end)
case("rehashes without growth", "time|memory", function()
  local t = {}
  for i = 1, 20000 do t[i] = i end
  return function()
    local n = 20000
    while true do n = n + 1 t[n] = n t[n - 20000] = nil end
  end
end)
case("rehashes of a full hash", "time|memory", function()
  local t = {}
  for i = 1, 1 << 14 do t["k" .. i] = i end
  local n = 0
  return function() while true do n = n + 1 t[n .. "x"] = 1 t[n .. "x"] = nil end end
end)
case("keys that collide", "time|memory", function()
  -- integers are hashed by their remainder of the size less one, or one
  local t = {}
  for i = 1, 4000 do t[i * ((1 << 24) - 1) * ((1 << 12) - 1)] = i end
  return function() while true do for i = 1, 4000 do local _ = t[-i * ((1 << 24) - 1) * ((1 << 12) - 1)] end end end
end)
case("keys that collide at every size", "time|memory", function()
  local step = 1
  for bits = 2, 13 do
    local m = ((1 << bits) - 1) | 1
    local a, b = step, m
    while b ~= 0 do a, b = b, a % b end
    step = step // a * m
  end
  local t = {}
  for i = 1, 4000 do t[i * step] = i end
  return function() while true do for i = 1, 4000 do local _ = t[-i * step] t[i * step] = i end end end
end)
case("inserting keys that collide", "time|memory", function()
  local step = (1 << 24) - 1
  return function()
    local t = {}
    for i = 1, math.maxinteger do t[i * step * 4095] = i end
  end
end)
-- Of one node, with the factor that scripts/runaway has chosen: nearly as many as a
-- table takes, since others fall there too, and those that one keeps which had more
-- nodes.
local inverse = 0x9e3779b97f4a7c15
for _ = 1, 6 do inverse = inverse * (2 - 0x9e3779b97f4a7c15 * inverse) end
local function chained(keep)
  local t = {}
  for i = 1, keep and 66000 or 0 do t[i << 20] = true end
  for place = 0, keep and 63 or 0 do
    for i = 1, 27 do t[inverse * (place << 47 | i)] = i end
  end
  for i = 1, keep and 66000 or 0 do t[i << 20] = nil end
  if keep then for i = 1, 100000 do t[-i << 20] = true t[-i << 20] = nil end end
  return t
end
case("keys of one node", "time", function()
  local t = chained()
  return function() while true do for i = 1, 4000 do local _ = t[inverse * (1 << 40 | i)] end end end
end)
case("keys of one node in a table that was larger", "time", function()
  local t = chained(true)
  return function() while true do for i = 1, 4000 do local _ = t[inverse * (1 << 40 | i)] end end end
end)
case("inserting keys of one node", "time", function()
  local t = chained(true)
  return function() while true do for i = 1, 4000 do pcall(rawset, t, inverse * (1 << 40 | i), i) end end end
end)
case("a table constructor", "time|memory", function()
  local f = assert(load("while true do local _ = {" .. ("1,"):rep(20000) .. "} end"))
  return function() f() end
end)
case("a constructor of many tables", "time|memory", function()
  local f = assert(load("while true do local _ = {" .. ("{},"):rep(20000) .. "} end"))
  return function() f() end
end)
case("a constructor with many fields", "time|memory", function()
  local t = {}
  for i = 1, 20000 do t[i] = "k" .. i .. "=1" end
  local f = assert(load("while true do local _ = {" .. table.concat(t, ",") .. "} end"))
  return function() f() end
end)
case("constructors in straight-line code", "time|memory", function()
  local f = assert(load("while true do " .. ("local _ = {" .. ("nil,"):rep(250) .. "} "):rep(190) .. " end"))
  return function() f() end
end)
case("constructors of a given size", "time|memory", function()
  local nils = ("nil,"):rep(40)
  local t = {}
  for i = 1, 30000 do t[i] = "nil" end
  local f = assert(load("local _ = {" .. table.concat(t, ",") .. "}"))
  return function() while true do f() end end
end)
case("setmetatable", "time", function()
  local t, mt = {}, {}
  return function() while true do setmetatable(t, mt) getmetatable(t) rawlen(t) end end
end)
case("tables with __len and __newindex", "time|runtime", function()
  return function()
    while true do
      pcall(table.insert, proxy, "x")
      pcall(table.unpack, proxy, math.maxinteger - 10, math.maxinteger)
      pcall(table.remove, proxy)
      pcall(table.concat, proxy, "", 1, 100)
    end
  end
end)
case("next in an emptied table", "time", function()
  local t = {}
  for i = 1, 200000 do t[-i] = true end
  for k in pairs(t) do t[k] = nil end
  return function() while true do next(t) end end
end)
