-- SPDX-License-Identifier: GPL-2.0-only
-- coroutines
local co = coroutine.create(function(a, b)
  print("start", a, b)
  local c = coroutine.yield(a + b)
  print("got", c)
  local d, e = coroutine.yield(c * 2)
  print("got", d, e)
  return "end", 99
end)
print(coroutine.status(co), coroutine.resume(co, 1, 2))
print(coroutine.status(co), coroutine.resume(co, 10))
print(coroutine.resume(co, "x", "y"))
print(coroutine.status(co), coroutine.resume(co))
local gen = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
print(gen(), gen(), gen(), gen(), pcall(gen))
print(coroutine.isyieldable(), select(2, coroutine.running()))
print(coroutine.wrap(function() return coroutine.isyieldable(), select(2, coroutine.running()) end)())
print(coroutine.resume(coroutine.create(function() error("oops", 0) end)))
print(coroutine.resume(coroutine.create(function() error({ 1 }) end)) == false)
print(pcall(coroutine.wrap(function() error("in wrap", 0) end)))
print(pcall(coroutine.yield, 1))
print(pcall(coroutine.resume, 1), pcall(coroutine.create, 1), coroutine.resume(coroutine.running()))
-- yield across pcall, metamethods, iterators, sort callbacks that cannot
co = coroutine.wrap(function()
  print(pcall(function() coroutine.yield("in pcall"); error("after", 0) end))
  local t = setmetatable({}, { __add = function(a, b) return coroutine.yield("in add") end, __index = function(_, k) return coroutine.yield("in index " .. k) end,
    __lt = function() return coroutine.yield("in lt") end, __concat = function() return coroutine.yield("in concat") end, __call = function(_, x) return coroutine.yield("in call " .. x) end })
  print(t + 1, t.foo, t < t, t .. "x", t(5))
  for v in function() return coroutine.yield("in iterator") end do print("iter", v) end
  print(pcall(table.sort, { 3, 2, 1 }, function() coroutine.yield() end))
  print(select(2, pcall(string.gsub, "x", "x", function() coroutine.yield() end)))
  do local c <close> = setmetatable({}, { __close = function() print("closing", coroutine.yield("in close")) end }) end
  return "finished"
end)
print(co()); print(co()); print(co(7)); print(co(8)); print(co(true)); print(co("cat")); print(co("called")); print(co("v1")); print(co(nil)); print(co("closed"))
-- close
co = coroutine.create(function() local c <close> = setmetatable({}, { __close = function(_, e) print("closed", e) end }); coroutine.yield() end)
coroutine.resume(co)
print(coroutine.close(co), coroutine.status(co))
co = coroutine.create(function() local c <close> = setmetatable({}, { __close = function() error("in close", 0) end }); coroutine.yield() end)
coroutine.resume(co)
print(coroutine.close(co))
print(pcall(coroutine.close, coroutine.running()))
co = coroutine.create(function() return coroutine.status(co), coroutine.resume(co) end)
print(coroutine.resume(co))
-- many, nested and deep
local n = 0
for _ = 1, 2000 do local c = coroutine.wrap(function() coroutine.yield(); n = n + 1 end); c(); c() end
print(n)
local function nest(d) if d == 0 then return "bottom" end; return coroutine.wrap(nest)(d - 1) end
print(nest(5))
local function deep(d) if d == 0 then coroutine.yield("deep") return 0 end; return 1 + deep(d - 1) end
local dw = coroutine.wrap(function() return deep(1000) end)
print(dw(), dw())
-- producer and consumer
local prod = coroutine.create(function() for i = 1, 5 do coroutine.yield("item" .. i) end return nil end)
local out = {}
while true do local _, v = coroutine.resume(prod); if not v then break end; out[#out + 1] = v end
print(table.concat(out, " "))
print(coroutine.resume(coroutine.wrap(function() end) and coroutine.create(function(...) return select("#", ...) end), nil, nil, nil))
