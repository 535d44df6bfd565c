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
