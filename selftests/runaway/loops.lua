-- SPDX-License-Identifier: GPL-2.0-only
-- Programs that go on and on, or deeper and deeper. See head.lua.

case("while", "time", function()
  return function() while true do end end
end)
case("goto", "time", function()
  return function() ::again:: goto again end
end)
case("goto over code", "time", function()
  return function() local n = 0 ::again:: n = n + 1 if n > 0 then goto again end end
end)
case("for", "time", function()
  return function() for i = 1, math.maxinteger do end end
end)
case("generic for", "time", function()
  return function() for _ in function() return 1 end do end end
end)
case("straight-line code", "time", function()
  local f = assert(load(("a = 1 "):rep(100000)))
  return function() while true do f() end end
end)
case("straight-line code with costly instructions", "time|memory", function()
  local f = assert(load("local s = ... " .. ("local _ = s .. 'x' "):rep(190)))
  local s = ("x"):rep(100000)
  return function() while true do f(s) end end
end)
case("straight-line code with branches that are not taken", "time", function()
  -- Turns of 512 instructions: what is looked at in one branch is in all of them.
  local work = ("y = " .. ("1 .. "):rep(39) .. "1 "):rep(11)
  local turn = work .. "if x then " .. ("z = 1 "):rep(48) .. "end "
  local f = assert(load("local x " .. ("z = 1 "):rep(22) .. turn:rep(300)))
  return function() while true do f() end end
end)
case("straight-line code with operands that are skipped", "time", function()
  local work = ("y = " .. ("1 .. "):rep(39) .. "1 "):rep(11)
  local turn = work .. "y = x and (z" .. (" .. z"):rep(46) .. ") "
  local f = assert(load("local x, z " .. ("y = 1 "):rep(22) .. turn:rep(300)))
  return function() while true do f() end end
end)
case("straight-line code that is jumped over", "time", function()
  local work = ("y = " .. ("1 .. "):rep(39) .. "1 "):rep(11)
  local turn = "do " .. work .. "goto on " .. ("z = 1 "):rep(49) .. "::on:: end "
  local f = assert(load("local x " .. ("z = 1 "):rep(22) .. turn:rep(300)))
  return function() while true do f() end end
end)
case("tail calls", "time", function()
  local g
  local function f() return g() end
  function g() return f() end
  return f
end)
case("recursion", "runtime|memory|time", function()
  local function f() return 1 + f() end
  return f
end)
case("recursion with many registers", "runtime|memory|time", function()
  local f = load("local f f = function(n) local " .. ("x,"):rep(190) .. "x = 1 return 1 + f(n + 1) end return f")()
  return function() return f(1) end
end)
case("recursion with pcall", "cstack|runtime|memory|time", function()
  local function f() local ok, e = pcall(f) error(e, 0) end
  return f
end)
case("recursion with pcall that never gives up", "time", function()
  local function f() pcall(f) pcall(f) end
  return function() while true do f() end end
end)
case("recursion through gsub", "cstack|time", function()
  local function f() return (("x"):gsub("x", f)) end
  return f
end)
case("recursion through gsub that never gives up", "time", function()
  local function f() return pcall(string.gsub, "xx", "x", f) end
  return function() while true do f() end end
end)
case("recursion through gsub with a table", "cstack|runtime", function()
  local t = {}
  setmetatable(t, { __index = function() return (("x"):gsub("x", t)) end })
  return function() return ("x"):gsub("x", t) end
end)
case("recursion through sort", "cstack|runtime", function()
  local function f() table.sort({ 3, 2, 1 }, f) return true end
  return f
end)
case("recursion through coroutines", "cstack|runtime", function()
  local function f() coroutine.wrap(f)() end
  return f
end)
case("recursion through coroutines that never gives up", "time", function()
  local function f() for _ = 1, 2 do coroutine.resume(coroutine.create(f)) end end
  return function() while true do f() end end
end)
case("recursion through all of them", "cstack|runtime|time", function()
  local depth = 0
  local ways
  local function f() depth = depth + 1 return ways[depth % #ways + 1]() end
  local index = setmetatable({}, { __index = f, __len = f, __unm = f })
  ways = {
    function() return f() end,
    function() return coroutine.wrap(f)() end,
    function() return (("x"):gsub(".", f)) end,
    function() return index.x end,
    function() return #index end,
    function() local ok, e = pcall(f) return error(e, 0) end,
    function() return -index end,
  }
  return function() depth = 0 return f() end
end)
case("recursion through tostring", "cstack|runtime", function()
  local t = {}
  setmetatable(t, { __tostring = function() return tostring(t) end })
  return function() return tostring(t) end
end)
case("recursion through __index", "cstack|runtime", function()
  local t = {}
  setmetatable(t, { __index = function(_, k) return t[k] end })
  return function() return t.x end
end)
case("mutual recursion through metamethods", "cstack|runtime", function()
  local a, b = {}, {}
  setmetatable(a, { __index = function(_, k) return #b end, __call = function() return a .. b end,
    __concat = function() return a < b end, __lt = function() return a() end })
  setmetatable(b, { __len = function() return -b end, __unm = function() return a() end })
  return function() return a.x end
end)
case("recursion of __call objects", "runtime|cstack|memory|time", function()
  local t = {}
  setmetatable(t, { __call = function(self, ...) return 1 + self(...) end })
  return function() return t() end
end)
case("chain of __call objects", "runtime|cstack|time|memory", function()
  local t = function() end
  for _ = 1, 20000 do t = setmetatable({}, { __call = t }) end
  return function() while true do pcall(t) end end
end)
case("pcall swallows", "time", function()
  return function() while true do pcall(function() while true do end end) end end
end)
case("pcall of errors", "time", function()
  return function() while true do pcall(error) end end
end)
case("pcall of errors on a deep stack", "time|memory", function()
  local function deep(n) if n == 0 then while true do pcall(error) end end return 1 + deep(n - 1) end
  return function() deep(10000) end
end)
case("pcall of pcall", "time", function()
  local function f() while true do end end
  return function() while true do pcall(pcall, pcall, pcall, f) end end
end)
case("xpcall handler loops", "time", function()
  return function() while true do xpcall(error, function() while true do end end) end end
end)
case("xpcall handler fails", "time", function()
  return function() while true do xpcall(error, function() error("again") end) end end
end)
case("xpcall handler after the limit", "time", function()
  local function forever() while true do end end
  return function() while true do xpcall(forever, forever) end end
end)
case("xpcall with traceback", "time", function()
  local function deep(n) if n == 0 then error("x") end return 1 + deep(n - 1) end
  return function() while true do xpcall(deep, debug.traceback, 200) end end
end)
case("error with a huge string", "memory", function()
  local s = ("x"):rep(1 << 20)
  return function() error(s) end
end)
case("error with a huge string, caught", "time", function()
  local s = ("x"):rep(1 << 20)
  return function() while true do pcall(error, s) end end
end)
case("runtime error with a huge name", "time", function()
  local f = assert(load("local t = ... t." .. ("x"):rep(1 << 18) .. "()"))
  return function() while true do pcall(f, {}) end end
end)
case("runtime error in huge code", "time", function()
  local f = assert(load("local t, u = ... if not t then " .. ("u = 1 "):rep(100000) .. "end u.x()"))
  return function() while true do pcall(f, true) end end
end)
case("error object that has no end", "time|cstack|runtime", function()
  return function() error(setmetatable({}, { __tostring = function() while true do end end })) end
end)
case("error object with a huge text", "runtime|memory|time", function()
  local s = ("x"):rep(6 << 20)
  return function() error(setmetatable({}, { __tostring = function() return s end })) end
end)
case("traceback of a long stack", "time|memory", function()
  local function deep(n) if n == 0 then while true do debug.traceback() end end return 1 + deep(n - 1) end
  return function() deep(10000) end
end)
case("traceback among many globals", "runtime|time|memory", function()
  for i = 1, 50000 do _G["v" .. i] = i end
  local function deep(n) if n == 0 then error("x") end return 1 + deep(n - 1) end
  return function() return deep(30) end
end)
case("a misspelled name of what has many", "runtime|time|memory", function()
  local nf = require("netfilter").new{}
  for i = 1, 20000 do nf["k" .. i] = true end
  return function() return nf.zzz end
end)
case("traceback from a far level", "time|memory", function()
  local function deep(n) if n == 0 then while true do debug.traceback("x", 5000) end end return 1 + deep(n - 1) end
  return function() deep(10000) end
end)
case("coroutine", "time", function()
  return function() coroutine.wrap(function() while true do end end)() end
end)
case("coroutine in coroutine", "time", function()
  local function forever() while true do end end
  return function()
    coroutine.wrap(function() while true do coroutine.resume(coroutine.create(forever)) end end)()
  end
end)
case("coroutine that yields", "time", function()
  local function yields() while true do coroutine.yield() end end
  return function() local f = coroutine.wrap(yields) while true do f() end end
end)
case("coroutine with a huge stack", "time|memory", function()
  local function deep(n) if n == 0 then return coroutine.yield() end return 1 + deep(n - 1) end
  return function() while true do coroutine.wrap(deep)(2000) end end
end)
case("coroutine.close in a chain", "time|cstack|runtime", function()
  local function chain(n)
    local next <close> = setmetatable({}, { __close = function()
      local co = coroutine.create(chain)
      coroutine.resume(co, n + 1)
      coroutine.close(co)
    end })
    coroutine.yield()
  end
  return function()
    while true do
      local co = coroutine.create(chain)
      coroutine.resume(co, 1)
      coroutine.close(co)
    end
  end
end)
case("coroutine.close of a loop", "time", function()
  return function()
    local co = coroutine.create(function()
      local c <close> = setmetatable({}, { __close = function() while true do end end })
      coroutine.yield()
    end)
    coroutine.resume(co)
    coroutine.close(co)
  end
end)
case("wrapped coroutines that fail", "time", function()
  return function() while true do pcall(coroutine.wrap(error), "x") end end
end)
case("many open upvalues", "time|memory|runtime", function()
  local make = {}
  for i = 1, 150 do make[i] = "local v" .. i .. " t[#t + 1] = function() v" .. i .. " = 1 end " end
  local f = assert(load("local t, self, n = ... " .. table.concat(make) .. " return 1 + self(t, self, n + 1)"))
  return function() f({}, f, 1) end
end)
case("closures", "time|memory", function()
  local make = {}
  for i = 1, 190 do make[i] = "v" .. i end
  local list = table.concat(make, ",")
  local f = assert(load("local " .. list .. " while true do local function f() return " .. list:sub(1, 400) .. " end end"))
  return function() return f() end
end)
case("deep closures", "time|memory", function()
  local function nest(f) return function() return f() end end
  local f = function() return 1 end
  for _ = 1, 20000 do f = nest(f) end
  return function() while true do f() end end
end)
case("packet fields", "time", function()
  return function(pkt) while true do local _ = pkt.udp.dport, pkt.ip.src, pkt.payload end end
end)
case("packet bytes", "time", function()
  return function(pkt) while true do local _ = pkt:u8(1), pkt:unpack("c40"), pkt:u32(100) end end
end)
case("tostring of the packet", "time", function()
  return function(pkt) while true do local _ = tostring(pkt), tostring(pkt.ip.src) end end
end)
case("print", "time", function()
  return function() while true do print("x", "y") end end
end)
case("print of a huge string", "time", function()
  local s = ("x\n"):rep(1 << 20)
  return function() while true do print(s) end end
end)
case("luapacket.ip", "time", function()
  local ip = require("luapacket").ip
  return function() while true do ip("10.0.0.1") end end
end)
case("luapacket.ip of what is none", "time", function()
  local ip = require("luapacket").ip
  local s = ("1"):rep(1 << 20)
  return function() while true do pcall(ip, s) end end
end)
case("require", "time", function()
  return function() while true do require("luapacket") end end
end)
case("tracebacks in huge code", "runtime|time|memory", function() -- memory 64M
  local f = assert(load("local n, f, u = ... " .. ("u = 1 "):rep(1000000) .. "if n == 0 then while true do debug.traceback() end end return 1 + f(n - 1, f)"))
  return function() return f(22, f) end
end)
case("an error deep in huge code", "runtime|cstack", function() -- memory 64M
  local f = assert(load("local n, f, u = ... goto call " .. ("u = 1 "):rep(1000000) .. "::call:: if n == 0 then error('x') end return 1 + f(n - 1, f)"))
  return function() return f(22, f) end
end)
-- the first call; then the coroutine is dead
local function errors_on(calls)
  return function()
    local function deep(n)
      if n == 0 then coroutine.yield() while true do pcall(error) end end
      return 1 + deep(n - 1)
    end
    local co = coroutine.create(deep)
    coroutine.resume(co, calls)
    return function() return coroutine.resume(co) end
  end
end
case("errors on a stack of 65560 calls", "time|memory|accept", errors_on(65560))
case("errors on a stack of 131090 calls", "time|memory|accept", errors_on(131090))
case("tracebacks of a stack of 65560 calls", "time|memory", function()
  local function deep(n) if n == 0 then coroutine.yield() end return 1 + deep(n - 1) end
  local co = coroutine.create(deep)
  coroutine.resume(co, 65560)
  return function() while true do debug.traceback(co, "x", 65000) end end
end)
case("an error with a huge text", "runtime|memory|time", function()
  local s = ("x"):rep(6 << 20)
  return function() error(s) end
end)
case("tracebacks with a huge text", "time|memory", function()
  local s = ("x"):rep(6 << 20)
  return function() while true do pcall(debug.traceback, s) end end
end)
