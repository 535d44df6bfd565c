-- SPDX-License-Identifier: GPL-2.0-only
-- Functions that others call: metamethods, finalizers, __close. See head.lua.
local function forever() while true do end end

local function event(name, f)
  local mt = { [name] = forever }
  local t, u = setmetatable({}, mt), setmetatable({}, mt)
  return function() return function() return f(t, u) end end
end
case("__index", "time", event("__index", function(t) return t.x end))
case("__newindex", "time", event("__newindex", function(t) t.x = 1 end))
case("__call", "time", event("__call", function(t) return t() end))
case("__len", "time", event("__len", function(t) return #t end))
case("__unm", "time", event("__unm", function(t) return -t end))
case("__concat", "time", event("__concat", function(t) return "" .. t end))
case("__eq", "time", event("__eq", function(t, u) return t == u end))
case("__lt", "time", event("__lt", function(t, u) return t < u end))
case("__le", "time", event("__le", function(t, u) return t <= u end))
case("__tostring", "time", event("__tostring", function(t) return tostring(t) end))
case("__pairs", "time", event("__pairs", function(t) return pairs(t) end))
case("__add", "time", event("__add", function(t) return t + 1 end))
case("__concat in a chain", "time|cstack|runtime", function()
  local t = setmetatable({}, {})
  getmetatable(t).__concat = function(a, b) while true do end end
  return function() return "a" .. "b" .. t .. "c" end
end)
case("__concat that grows", "time|memory", function()
  local mt = {}
  local s = ("x"):rep(100000)
  mt.__concat = function() return s end
  local t = setmetatable({}, mt)
  return function() while true do local _ = s .. t .. s .. t .. s end end
end)
case("__index chain", "time", function()
  local t = {}
  for _ = 1, 1900 do t = setmetatable({}, { __index = t }) end
  return function() while true do local _ = t.x end end
end)
case("__newindex chain", "time", function()
  local t = {}
  for _ = 1, 1900 do t = setmetatable({}, { __newindex = t }) end
  return function() while true do t.x = nil end end
end)
case("__index chain in straight-line code", "time", function()
  local t = {}
  for _ = 1, 1900 do t = setmetatable({}, { __index = t }) end
  local f = assert(load("local t = ... " .. ("local _ = t.x "):rep(190) .. ("t.x = t.x "):rep(200)))
  return function() f(t) end
end)
case("__index chain with a key that is huge", "time", function()
  local t = {}
  local other = ("y"):rep(50000)
  for i = 1, 500 do t = setmetatable({ [other] = 1 }, { __index = t }) end
  local key = ("z"):rep(50000)
  return function() while true do local _ = t[key] end end
end)
case("__close", "time", function()
  return function() local c <close> = setmetatable({}, { __close = forever }) end
end)
case("__close after the limit", "time", function()
  return function() local c <close> = setmetatable({}, { __close = forever }) forever() end
end)
case("__close that calls pcall after the limit", "time", function()
  return function()
    local c <close> = setmetatable({}, { __close = function() while true do pcall(forever) end end })
    forever()
  end
end)
case("many __close", "time|memory|runtime", function()
  local mt = { __close = function() end }
  local make = {}
  for i = 1, 180 do make[i] = "local c" .. i .. " <close> = c " end
  local f = assert(load("local c, f, n = ... " .. table.concat(make) .. " return 1 + f(c, f, n + 1)"))
  return function() f(setmetatable({}, mt), f, 1) end
end)
case("many __close that loop after the limit", "time|memory|runtime", function()
  local c = setmetatable({}, { __close = forever })
  local function f(n) local c <close> = c return 1 + f(n + 1) end
  return function() f(1) end
end)
case("many __close that raise after an error", "time|memory|runtime", function()
  local c = setmetatable({}, { __close = function(_, e) error(e, 0) end })
  local function f(n) local c <close> = c if n == 0 then error("x") end return 1 + f(n - 1) end
  return function() f(5000) end
end)
case("many __close that raise huge errors", "time|memory|runtime", function()
  local s = ("x"):rep(100000)
  local c = setmetatable({}, { __close = function(_, e) error(s .. #e) end })
  local function f(n) local c <close> = c if n == 0 then error("x") end return 1 + f(n - 1) end
  return function() f(2000) end
end)
case("many __close in coroutines", "time|memory|runtime", function()
  local c = setmetatable({}, { __close = function() end })
  local function f(n) local c <close> = c if n == 0 then coroutine.yield() end return 1 + f(n - 1) end
  return function()
    while true do
      local co = coroutine.create(f)
      coroutine.resume(co, 1000)
      coroutine.close(co)
    end
  end
end)
case("for with a closing value", "time", function()
  local c = setmetatable({}, { __close = forever })
  return function() for _ in function() end, nil, nil, c do end end
end)
case("__gc", "time", function()
  return function() setmetatable({}, { __gc = forever }) while true do local _ = {} end end
end)
case("__gc that raises", "time|memory|runtime", function()
  local mt = { __gc = function() error("x") end }
  return function() while true do setmetatable({}, mt) end end
end)
case("__gc that raises tables", "time|memory|runtime", function()
  local mt = { __gc = function() error(setmetatable({}, { __tostring = forever })) end }
  return function() while true do setmetatable({}, mt) end end
end)
case("__gc that allocates", "time|memory|runtime", function()
  local mt
  mt = { __gc = function() local t = {} for i = 1, 100 do t[i] = {} end end }
  return function() while true do setmetatable({}, mt) end end
end)
case("__gc that makes more of them", "time|memory|runtime", function()
  local mt
  mt = { __gc = function() setmetatable({}, mt) setmetatable({}, mt) end }
  return function() while true do setmetatable({}, mt) end end
end)
case("__gc that resurrects", "time|memory|runtime", function()
  local kept, mt = {}
  mt = { __gc = function(t) kept[#kept % 100 + 1] = setmetatable(t, mt) end }
  return function() while true do setmetatable({}, mt) end end
end)
case("__gc that keeps all", "time|memory|runtime", function()
  local kept, mt = {}
  mt = { __gc = function(t) kept[#kept + 1] = setmetatable(t, mt) end }
  return function() while true do setmetatable({}, mt) end end
end)
case("__gc that runs into the limit every call", "time", function()
  local mt, kept = { __gc = function(t) while true do pcall(forever) end end }, {}
  for i = 1, 10000 do kept[i] = setmetatable({}, mt) end
  return function() kept = nil while true do local _ = {} end end
end)
case("__gc storm of what the body made", "time|memory|accept", function()
  local mt, n = { __gc = function(t) for i = 1, 20 do t[i] = i end end }, 0
  local kept = {}
  for i = 1, 32000 do kept[i] = setmetatable({}, mt) end
  return function()
    kept = nil
    for _ = 1, 1000 do local _ = {} end
  end
end)
case("__gc on old objects", "runtime", function()
  local t, mt = {}, { __gc = function() end }
  for i = 1, 60000 do t[i] = {} end
  return function() for i = 1, #t do setmetatable(t[i], mt) end while true do end end
end)
case("__gc on the oldest object", "runtime", function()
  local old = {}
  local t, mt = {}, { __gc = function() end }
  for i = 1, 100000 do t[i] = {} end
  return function() while true do setmetatable(old, mt) setmetatable(t[1], mt) setmetatable(t[2], mt) end end
end)
case("__gc on old objects, errors are caught", "time|memory", function()
  local t, mt = {}, { __gc = function() end }
  for i = 1, 100000 do t[i] = {} end
  return function() while true do for i = 1, 10 do pcall(setmetatable, t[i], mt) end end end
end)
case("__mode changes", "time|memory", function()
  local t, mt = {}, {}
  setmetatable(t, mt)
  return function()
    while true do
      mt.__mode = mt.__mode == "k" and "v" or "k"
      t[{}] = {}
    end
  end
end)
