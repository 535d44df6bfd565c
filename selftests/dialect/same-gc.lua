-- SPDX-License-Identifier: GPL-2.0-only
-- the collector: finalizers, weak tables, controls
local function err(...) return (select(2, pcall(...))) end
local done = {}
for i = 1, 3 do setmetatable({}, { __gc = function() done[#done + 1] = i end }) end
collectgarbage()
table.sort(done)
print(table.concat(done, " "))
local res
do
  local obj = setmetatable({ name = "r" }, { __gc = function(o) res = o end })
end
collectgarbage()
print(res and res.name)
setmetatable({}, { __gc = function() error("ignored") end })
collectgarbage()
local wk, wv = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "v" })
for i = 1, 100 do wk[{}] = i; wv[i] = {} end
local key = {}
wk[key] = { key }
collectgarbage()
local n = 0
for _ in pairs(wk) do n = n + 1 end
for _ in pairs(wv) do n = n + 1 end
print(n)
print(collectgarbage("isrunning"), collectgarbage("stop"), collectgarbage("isrunning"), collectgarbage("restart"))
print(collectgarbage("incremental") ~= nil, collectgarbage("generational"), collectgarbage("incremental"), collectgarbage("incremental"))
print(collectgarbage("step", 1000000), type(collectgarbage("count")), collectgarbage("setpause", 200), collectgarbage("setstepmul", 100))
print(err(collectgarbage, "nonsense"))
for _, mode in ipairs { "generational", "incremental" } do
  collectgarbage(mode)
  local t = {}
  for i = 1, 20000 do t[i % 100] = { i, tostring(i), function() return i end } end
  local s = 0
  for i = 0, 99 do s = s + t[i][1] + t[i][3]() + #t[i][2] end
  print(mode, s)
end
collectgarbage()
local before = collectgarbage("count")
do local junk = ("x"):rep(1 << 20) end
collectgarbage()
print(collectgarbage("count") - before < 100)
print(err(setmetatable({}, { __gc = true }) and type, 1))

-- Objects with finalizers that refer to themselves, to each other, from weak tables and
-- from coroutines, dying and coming back while the collector goes on in steps: none is
-- finalized twice or never, and none of what it refers to is gone before it.
local R = math.random
local born, ended = 0, 0
local keep, weakv = {}, setmetatable({}, { __mode = "v" })
local weakk, weakkv = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "kv" })
local mt = {}
local function check(o)
  assert(o.mark == 42 and o.self == o)
  for _, kid in ipairs(o.kids) do assert(kid.mark == 42) end
  if o.co and coroutine.status(o.co) == "suspended" then
    local _, f = assert(coroutine.resume(o.co))
    if f then assert(f().mark == 42) end
  end
end
mt.__gc = function(o)
  ended = ended + 1
  check(o)
  if R(1, 5) == 1 then keep[R(1, 300)] = o end
  if R(1, 9) == 1 then setmetatable(o, mt) born = born + 1 end
  if R(1, 4) == 1 then for i = 1, 20 do o.kids[i] = { mark = 42 } end end
end
local function new()
  local o = { mark = 42, kids = {} }
  o.self = o
  if R(1, 2) == 1 then born = born + 1 setmetatable(o, mt) end
  for i = 1, R(1, 4) do o.kids[i] = keep[R(1, 300)] or { mark = 42 } end
  if R(1, 3) == 1 then
    o.co = coroutine.create(function()
      local up = o
      coroutine.yield(function() return up end)
      up = { mark = 42 }
      coroutine.yield(function() return up end)
    end)
    if R(1, 2) == 1 then coroutine.resume(o.co) end
  end
  return o
end
collectgarbage("incremental")
for _ = 1, 1500 do
  local o = new()
  keep[R(1, 300)] = o
  if R(1, 3) == 1 then keep[R(1, 300)] = nil end
  if R(1, 3) == 1 then weakv[R(1, 100)] = o end
  if R(1, 3) == 1 then weakk[o] = { o, new() } end
  if R(1, 5) == 1 then weakkv[o] = new() end
  if R(1, 50) == 1 then
    local k, v = next(weakk)
    if k then check(k) check(v[1]) keep[R(1, 300)] = k end
  end
  local w = weakv[R(1, 100)]
  if w then check(w) end
  if R(1, 10) == 1 then collectgarbage("step", R(1, 5)) end
end
weakv, weakk, weakkv = nil, nil, nil
for _ = 1, 50 do keep = {} collectgarbage() end
print(born > 500, born - ended)

-- Beside many coroutines, or weak tables, each of which is looked at again at the end
-- of a cycle, weak keys are as weak as beside few.
local function beside(n, make)
  local live, weak = {}, setmetatable({}, { __mode = "k" })
  for i = 1, n do live[i] = make() end
  collectgarbage()
  for i = 1, 100 do weak[{}] = i end
  collectgarbage()
  print(#live, next(weak))
end
beside(4000, function()
  local co = coroutine.create(coroutine.yield)
  coroutine.resume(co)
  return co
end)
beside(16000, function() return setmetatable({}, { __mode = "v" }) end)

-- What a table with weak values has lost, no weak key leads to, though the collector
-- goes on for what is to be finalized.
local lost = 0
Live = {}
for i = 1, 3000 do Live["key " .. i] = { i } end
weakv, weakk = setmetatable({}, { __mode = "v" }), setmetatable({}, { __mode = "k" })
collectgarbage("incremental", 100, 24, 7)
for _ = 1, 50 do
  collectgarbage()
  do
    local x = {}
    weakv[1], weakk[x] = x, true
  end
  setmetatable({}, { __gc = function() end })
  repeat
    local ended = collectgarbage("step")
    if not weakv[1] and next(weakk) then lost = lost + 1 end
  until ended
end
print(lost)
