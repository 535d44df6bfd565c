-- SPDX-License-Identifier: GPL-2.0-only
-- Garbage, and what the collector has to walk through. See head.lua.

case("garbage of tables", "time|memory", function()
  return function() while true do local _ = {} end end
end)
case("garbage of large tables", "time|memory", function()
  return function() while true do local t = {} for i = 1, 1000 do t[i] = i end end end
end)
case("garbage of strings", "time|memory", function()
  local n = 0
  return function() while true do n = n + 1 local _ = "s" .. n end end
end)
case("garbage of long strings", "time|memory", function()
  local s = ("x"):rep(10000)
  return function() while true do local _ = s .. "y" end end
end)
case("garbage of closures", "time|memory", function()
  return function() while true do local x local _ = function() return x end end end
end)
case("garbage of coroutines", "time|memory", function()
  return function() while true do coroutine.create(print) end end
end)
case("garbage beside many small tables", "time|memory", function()
  local live = {}
  for i = 1, 60000 do live[i] = { i } end
  return function() while true do local _ = {} end end, live
end)
case("garbage beside a huge array", "time|memory", function()
  local live = {}
  for i = 1, 250000 do live[i] = i end
  return function() while true do local _ = {} end end, live
end)
case("garbage beside a huge array of tables", "time|memory", function()
  local live, one = {}, {}
  for i = 1, 250000 do live[i] = one end
  return function() while true do local _ = {} end end, live
end)
case("garbage beside a huge hash", "time|memory", function()
  local live = {}
  for i = 1, 100000 do live[-i] = i end
  return function() while true do local _ = {} end end, live
end)
case("garbage beside many strings", "time|memory", function()
  local live = {}
  for i = 1, 40000 do live[i] = "a string, number " .. i end
  return function() while true do local _ = {} end end, live
end)
case("garbage beside long strings", "time|memory", function()
  local live = {}
  for i = 1, 1000 do live[i] = ("x"):rep(10000) .. i end
  return function() while true do local _ = {} end end, live
end)
case("garbage beside a long list", "time|memory", function()
  local live
  for _ = 1, 100000 do live = { live } end
  return function() while true do local _ = {} end end, live
end)
case("garbage beside a deep stack", "time|memory", function()
  local function deep(n) if n == 0 then while true do local _ = {} end end return 1 + deep(n - 1) end
  return function() deep(10000) end
end)
case("garbage beside many coroutines", "time|memory|runtime", function()
  local live = {}
  for i = 1, 5000 do
    live[i] = coroutine.wrap(function(...) while true do coroutine.yield({}) end end)
    live[i](1, 2, 3)
  end
  return function() while true do for i = 1, #live do live[i]() end end end
end)
case("garbage beside a coroutine with a huge stack", "time|memory|runtime", function()
  local function deep(n) if n == 0 then while true do coroutine.yield() end end return 1 + deep(n - 1) end
  local live = coroutine.wrap(deep)
  live(100000)
  return function() while true do live() local _ = {} end end
end)
case("garbage beside a huge weak table", "time|memory", function()
  local live, keys = setmetatable({}, { __mode = "v" }), {}
  for i = 1, 50000 do keys[i] = {} live[i] = keys[i] end
  return function() while true do local _ = {} end end, { live, keys }
end)
case("garbage beside a huge weak table of the dead", "time|memory", function()
  local live = setmetatable({}, { __mode = "v" })
  return function() for i = 1, math.maxinteger do live[i % 50000] = {} end end
end)
case("garbage beside a huge ephemeron table", "time|memory", function()
  local live, keys = setmetatable({}, { __mode = "k" }), {}
  for i = 1, 50000 do keys[i] = {} live[keys[i]] = i end
  return function() while true do local _ = {} end end, { live, keys }
end)
case("garbage beside many weak tables", "time|memory", function()
  local live = {}
  for i = 1, 30000 do live[i] = setmetatable({ {} }, { __mode = i % 2 == 0 and "v" or "k" }) end
  return function() while true do local _ = {} end end, live
end)
case("garbage beside as many weak tables as there is memory for", "time|memory", function()
  local live, one, modes = {}, {}, {}
  for i, mode in ipairs{ "k", "v", "kv" } do modes[i] = { __mode = mode } end
  for i = 1, 60000 do live[i] = setmetatable({ one }, modes[i % 3 + 1]) end
  return function() while true do local _ = {} end end, live
end)
case("garbage beside a chain of ephemerons", "time|memory", function()
  local tables, key = {}, {}
  local first = key
  for i = 1, 2000 do
    local t, next = setmetatable({}, { __mode = "k" }), {}
    t[key] = next
    tables[2001 - i] = t
    key = next
  end
  return function() while true do local _ = {} end end, { first, tables }
end)
-- a table with weak keys, each value of which is the next one's key; and the first key
local function chain(n)
  local t, key = setmetatable({}, { __mode = "k" }), {}
  local first = key
  for _ = 1, n do
    local next = {}
    t[key] = next
    key = next
  end
  return { first, t }
end
case("garbage beside a chain in one ephemeron table", "time|memory", function()
  return function() while true do local _ = {} end end, chain(20000)
end)
case("garbage beside a long chain in one ephemeron table", "time|memory", function()
  return function() while true do local _ = {} end end, chain(65000)
end)
-- one pass over the tables, in either direction, finds one key more
case("garbage beside a zigzag chain and a wide ephemeron table", "time|memory", function()
  local n, tables, keys, order = 255, {}, { {} }, {}
  for i = 1, n do
    tables[i] = setmetatable({}, { __mode = "k" })
    keys[i + 1] = {}
    order[i] = i % 2 == 1 and (i + 1) // 2 or n + 1 - i // 2
  end
  for i = 1, n do tables[order[i]][keys[i]] = keys[i + 1] end
  local wide = setmetatable({}, { __mode = "k" })
  for i = 1, 65000 do wide[i] = i end
  wide[keys[n + 1]] = {}
  return function() while true do local _ = {} end end, { keys[1], wide, tables }
end)
case("garbage of pairs in a table of mode k", "time|memory", function()
  local live = setmetatable({}, { __mode = "k" })
  return function() while true do live[{}] = {} end end
end)
case("garbage of pairs in a table of mode v", "time|memory", function()
  local live = setmetatable({}, { __mode = "v" })
  return function() while true do live[{}] = {} end end
end)
case("garbage of pairs in a table of mode kv", "time|memory", function()
  local live = setmetatable({}, { __mode = "kv" })
  return function() while true do live[{}] = {} end end
end)
case("a table with weak keys grows", "time|memory", function()
  local t, keep = setmetatable({}, { __mode = "k" }), {}
  return function() while true do local k = {} t[k] = {} keep[#keep + 1] = k end end
end)
case("values whose keys are found late", "time|memory", function()
  local live, box, one = setmetatable({}, { __mode = "k" }), { {} }, {}
  for i = 1, 40000 do local key = { one } box[1][i] = key live[key] = { i } end
  return function()
    while true do
      local keys = box[1]
      box[1] = nil
      local _ = {}
      box[1], keys = keys, nil
      _ = {}
    end
  end, live
end)
case("weak keys of huge strings", "time|memory", function()
  local live = setmetatable({}, { __mode = "kv" })
  local s = ("x"):rep(1000)
  return function() for i = 1, math.maxinteger do live[s .. i % 5000] = s .. i end end
end)
case("a table written while it is marked", "time|memory", function()
  local live = {}
  for i = 1, 300000 do live[i] = i end
  return function() for i = 1, math.maxinteger do live[i % 300000 + 1] = {} end end
end)
case("many tables written while they are marked", "time|memory", function()
  local live = {}
  for i = 1, 30000 do live[i] = { 1, 2, 3, 4 } end
  return function() for i = 1, math.maxinteger do local t = live[i % 30000 + 1] t[1] = {} end end
end)
case("a hash written while it is marked", "time|memory", function()
  local live = {}
  for i = 1, 100000 do live[-i] = {} end
  return function() for i = 1, math.maxinteger do live[-(i % 100000 + 1)] = {} end end
end)
case("a huge table becomes garbage", "time|memory|accept", function()
  local kept, n = {}, 0
  for i = 1, 250000 do kept[i] = i end
  return function() kept = nil for _ = 1, 500 do local _ = {} end end
end)
case("a huge list becomes garbage", "time|memory|accept", function()
  local live
  for _ = 1, 100000 do live = { live } end
  return function() live = nil for _ = 1, 500 do local _ = {} end end
end)
case("a huge string becomes garbage again and again", "time|memory|accept", function()
  local s = ("x"):rep(1 << 20)
  return function() local t = s .. "y" for _ = 1, 100 do local _ = {} end end
end)
case("all strings become garbage", "time|memory|accept", function()
  local live = {}
  for i = 1, 40000 do live[i] = "s" .. i end
  return function() live = nil for _ = 1, 500 do local _ = {} end end
end)
case("memory is full of live data", "memory|time", function()
  kept = {}
  return function() while true do kept[#kept + 1] = {} end end
end)
case("memory is full, errors are caught", "time|memory", function()
  kept = {}
  return function() while true do pcall(function() while true do kept[#kept + 1] = {} end end) end end
end)
case("memory is full, large blocks fail", "time|memory", function()
  return function() while true do pcall(string.rep, "x", 1 << 24) pcall(string.rep, "x", 1 << 30) end end
end)
case("collectgarbage", "runtime", function()
  return function() collectgarbage() end
end)
case("collectgarbage step", "time|runtime", function()
  return function() while true do pcall(collectgarbage, "step", 1 << 20) pcall(collectgarbage, "step", 0) end end
end)
case("collectgarbage of every kind", "time|runtime", function()
  local live = {}
  for i = 1, 60000 do live[i] = { i } end
  return function()
    while true do
      for _, what in ipairs{ "collect", "stop", "restart", "generational", "incremental", "setpause", "setstepmul", "count", "isrunning" } do
        pcall(collectgarbage, what, 1000)
      end
    end
  end
end)
case("collector set up by the body to do all at once", "time|memory", function()
  local live = {}
  for i = 1, 60000 do live[i] = { i } end
  collectgarbage("incremental", 1000, 1000, 60)
  return function() while true do local _ = {} end end
end)
case("collector set up by the body as generational", "time|memory", function()
  local live = {}
  for i = 1, 60000 do live[i] = { i } end
  collectgarbage("generational")
  return function() while true do local _ = {} end end
end)
case("collector stopped by the body", "memory|time", function()
  collectgarbage("stop")
  return function() while true do local _ = {} end end
end)
case("load", "runtime", function()
  return function() return load("return 1")() end
end)
