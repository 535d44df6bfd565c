-- SPDX-License-Identifier: GPL-2.0-only
-- Programs that never end by themselves, one run each: lua limit-fuel.lua CASE
-- with NFLUA_FUEL set. None may reach its end, and no protected call may hide why.
local case = {}
local function forever() while true do end end
local proxy = setmetatable({}, { __index = function() return "x" end, __newindex = function() end, __len = function() return math.maxinteger - 1 end })

case["while"] = forever
case["for"] = function() for _ = 1, math.maxinteger do end end
case["for in"] = function() for _ in function() return 1 end do end end
case["for next"] = function() for _ in next, { 1 } do while true do end end end
case["repeat"] = function() repeat local x = 1 until x == 2 end
case["goto"] = function() ::a:: goto a end
case["goto over code"] = function() local n = 0 ::a:: n = n + 1 if n > 0 then goto a end end
case["tail call"] = function() local function f() return f() end f() end
case["mutual tail call"] = function() local g local function f() return g() end function g() return f() end f() end
case["pcall"] = function() pcall(forever) end
case["pcall in pcall"] = function() pcall(pcall, pcall, forever) end
case["pcall in a loop"] = function() while true do pcall(forever) end end
case["pcall then code"] = function() pcall(forever) local x = 1 local y = x + 1 return y end
case["xpcall"] = function() xpcall(forever, function() return "hidden" end) end
case["xpcall handler"] = function() xpcall(error, forever) end
case["xpcall handler after"] = function() xpcall(forever, forever) end
case["error in handler"] = function() xpcall(forever, function() error("x") end) end
case["coroutine.resume"] = function() coroutine.resume(coroutine.create(forever)) end
case["coroutine.wrap"] = function() pcall(coroutine.wrap(forever)) end
case["coroutine in coroutine"] = function() coroutine.wrap(function() coroutine.resume(coroutine.create(forever)) end)() end
case["yield for ever"] = function() local f = coroutine.wrap(function() while true do coroutine.yield() end end) while true do f() end end
case["coroutine.close"] = function()
  local co = coroutine.create(function() local c <close> = setmetatable({}, { __close = forever }) coroutine.yield() end)
  coroutine.resume(co)
  coroutine.close(co)
end
case["__close"] = function() pcall(function() local c <close> = setmetatable({}, { __close = forever }) end) end
case["__close after"] = function() local c <close> = setmetatable({}, { __close = forever }) forever() end
case["__close pcall"] = function() local c <close> = setmetatable({}, { __close = function() pcall(forever) print("survived") end }) forever() end
case["__gc"] = function() setmetatable({}, { __gc = forever }) collectgarbage() while true do end end
case["__index"] = function() return setmetatable({}, { __index = forever }).x end
case["__eq"] = function() local mt = { __eq = forever } return setmetatable({}, mt) == setmetatable({}, mt) end
case["__tostring"] = function() return tostring(setmetatable({}, { __tostring = forever })) end
case["__concat"] = function() return "" .. setmetatable({}, { __concat = forever }) end
case["__call"] = function() setmetatable({}, { __call = forever })() end
case["sort"] = function() table.sort({ 3, 2, 1 }, forever) end
case["gsub"] = function() return ("x"):gsub(".", forever) end
case["gmatch"] = function() for _ in ("x"):gmatch("x") do while true do end end end
case["load reader"] = function() load(function() while true do end end) end
case["load reader text"] = function() load(function() return "x = 1 " end) end
case["load then code"] = function() load(forever) local x = 1 return x end
case["loaded code"] = function() load("while true do end")() end
case["string.format"] = function() return ("%s"):format(setmetatable({}, { __tostring = forever })) end
case["backtracking"] = function() return ("a"):rep(28):find(("a?"):rep(28) .. ("a"):rep(28) .. "b") end
case["backtracking *"] = function() return ("a"):rep(200):find(("a*"):rep(20) .. "b") end
case["quadratic find"] = function() return ("a"):rep(1 << 20):find(".-b") end
case["plain find"] = function() local s = ("a"):rep(1 << 16) for _ = 1, 1 << 20 do (s .. "c"):find(s .. "b", 1, true) end end
case["%b"] = function() return ("("):rep(1 << 20):find("%b()x") end
case["string.rep"] = function() while true do local _ = ("x"):rep(1 << 20) end end
case["table.concat"] = function() return table.concat(proxy) end
case["table.insert"] = function() table.insert(proxy, 1, "x") end
case["table.remove"] = function() table.remove(proxy, 1) end
case["table.move"] = function() table.move(proxy, 1, math.maxinteger - 1, 2) end
case["table.unpack"] = function() while true do table.unpack(proxy, 1, 1000) end end
case["ipairs"] = function() for _ in ipairs(proxy) do end end
-- long work in C, or without a loop, counts for more than one step
local long, other = "x", "x"
for _ = 1, 20 do long, other = long .. long, other .. other end
local mine = {}
local function always(f) while true do f() end end
case["utf8.len"] = function() always(function() return utf8.len(long) end) end
case["utf8.offset"] = function() always(function() return utf8.offset(long, 1 << 20) end) end
case["utf8.codepoint"] = function() utf8.codepoint(long, 1, 900000) while true do utf8.codepoint(long, 1, 900000) end end
case["string.upper"] = function() always(function() return long:upper() end) end
case["string.reverse"] = function() always(function() return long:reverse() end) end
case["string.sub"] = function() always(function() return long:sub(2) end) end
case["string.byte"] = function() always(function() return select("#", long:byte(1, 200000)) end) end
case["long .."] = function() always(function() return long .. "y" end) end
case["long =="] = function() always(function() return long == other end) end
case["long <"] = function() always(function() return long < other end) end
case["long rawequal"] = function() always(function() return rawequal(long, other) end) end
case["long key"] = function() mine[long] = 1 always(function() return mine[other] end) end
case["long rawget"] = function() mine[long] = 1 always(function() return rawget(mine, other) end) end
case["long tonumber"] = function() local z = ("0"):rep(4096) always(function() for _ = 1, 50 do tonumber(z) end return long .. 1 end) end
case["plain find without a hit"] = function() always(function() return long:find("y", 1, true) end) end
case["nothing special"] = function() always(function() return ("x"):find(long) end) end
case["a large set"] = function() local set = "[" .. long .. "]" always(function() return ("y"):find(set) end) end
case["packsize"] = function() local f = (" "):rep(1 << 20) always(function() return string.packsize(f) end) end
case["pack c"] = function() always(function() return string.pack("c1000000", "") end) end
case["table.concat of long"] = function() local t = { long, long } always(function() return table.concat(t) end) end
case["next over nothing"] = function()
  local t = {}
  for i = 1, 20000 do t[i] = i end
  for i = 1, 20000 do t[i] = nil end
  always(function() return next(t) end)
end
case["__index chain"] = function()
  local t = {}
  for _ = 1, 1000 do t = setmetatable({}, { __index = t }) end
  always(function() return t.x end)
end
case["varargs"] = function()
  local function count(...) return select("#", ...) end
  local t = {}
  for i = 1, 10000 do t[i] = i end
  always(function() return count(table.unpack(t)) end)
end
case["traceback of a deep stack"] = function()
  local function deep(n) if n == 0 then always(function() return debug.traceback() end) end return 1 + deep(n - 1) end
  deep(20000)
end
case["pcall on a deep stack"] = function()
  local function deep(n) if n == 0 then always(function() pcall(error) end) end return 1 + deep(n - 1) end
  deep(20000)
end
case["straight-line code"] = function() always(load(("a = 1 "):rep(50000))) end
case["straight-line loop"] = function() load("while true do " .. ("a = 1 "):rep(50000) .. "end")() end
case["parsing"] = function() local s = ("a = 1 "):rep(20000) while true do load(s) end end
case["collecting"] = function() for i = 1, 20000 do mine[i] = {} end always(collectgarbage) end
case["finalizers"] = function()
  local t = {}
  for i = 1, 40000 do t[i] = {} end
  for i = 1, #t do setmetatable(t[i], { __gc = print }) end
  always(function() end)
end

case["growing"] = function() local t = {} for i = 1, math.maxinteger do t[i % 100] = { i } end end

if arg[1] == "list" then
  local names = {}
  for name in pairs(case) do names[#names + 1] = name end
  table.sort(names)
  print(table.concat(names, "\n"))
else
  print("start")
  case[arg[1]]()
  print("survived")
end
