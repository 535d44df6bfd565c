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
