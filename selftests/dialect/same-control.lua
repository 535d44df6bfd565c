-- SPDX-License-Identifier: GPL-2.0-only
-- statements, scopes, closures, goto, attributes, varargs
for i = 1, 3 do print(i) end
for i = 3, 1, -1 do print(i) end
for i = 1, 0 do print("never") end
for i = 10, 1, -3 do print(i) end
for i = math.maxinteger - 2, math.maxinteger do print(i) end
for i = math.mininteger + 2, math.mininteger, -1 do print(i) end
for i = 1, math.maxinteger, math.maxinteger // 2 do print(i) end
for i = math.mininteger, math.maxinteger, math.maxinteger do print(i) end
print(pcall(function() for i = 1, 10, 0 do end end))
for i = 1, "3" do print(i) end
do
  local n = 0
  for i = 1, 3 do local j = i; i = i * 10; n = n + i + j end
  print(n)
end
local i = 1
while i < 100 do i = i * 2; if i == 32 then break end end
print(i)
repeat local z = i; i = i - 7 until z < 10
print(i)
for a = 1, 3 do
  for b = 1, 3 do
    if b == 2 then goto continue end
    print(a, b)
    ::continue::
  end
end
do
  local k = 0
  ::top:: k = k + 1
  if k < 5 then goto top end
  print(k)
end
local fs = {}
for n = 1, 3 do fs[n] = function() n = n + 1; return n end end
print(fs[1](), fs[1](), fs[2](), fs[3]())
local function counter() local c = 0; return function() c = c + 1; return c end, function() return c end end
local inc, get = counter()
inc(); inc(); print(get())
local function va(...) local a, b = ...; return select("#", ...), a, b, ... end
print(va(), va(1), va(1, 2, 3), (va(1, 2, 3)))
print(select("#"), select("#", nil, nil), select(2, "a", "b", "c"), select(-2, "a", "b", "c"), pcall(select, 0))
local function tail(n) if n == 0 then return "done" end; return tail(n - 1) end
print(tail(1000000))
local function fib(n) if n < 2 then return n end; return fib(n - 1) + fib(n - 2) end
print(fib(20))
local a, b, c = (function() return 1, 2, 3 end)()
print(a, b, c, ((function() return 1, 2 end)()), #{ (function() return 1, 2, 3 end)() })
local x <const> = 42
do
  local order = {}
  do
    local c1 <close> = setmetatable({}, { __close = function(_, e) order[#order + 1] = "c1:" .. tostring(e) end })
    local c2 <close> = setmetatable({}, { __close = function(_, e) order[#order + 1] = "c2:" .. tostring(e) end })
    local c3 <close> = nil
    order[#order + 1] = "body"
  end
  print(table.concat(order, " "), x)
  order = {}
  print(pcall(function()
    local c4 <close> = setmetatable({}, { __close = function(_, e) order[#order + 1] = tostring(e); error("second", 0) end })
    error("first", 0)
  end))
  print(table.concat(order, " "))
  for _, v in (function()
    return function(_, n) n = (n or 0) + 1; if n < 3 then return n, n end end, nil, nil,
           setmetatable({}, { __close = function() print("loop closed") end })
  end)() do print(v); if v == 2 then break end end
  print(pcall(function() local bad <close> = 42 end))
end
print(load("local x <const> = 1; x = 2"), load("goto nowhere"), load("break"), load("::a:: ::a::"))
print(load("local x <foo> = 1"), load("return ...") ~= nil, load("function f() return ... end"))
print(1 and 2, nil and 1, false or "x", nil or false, 1 or error("no"), not 0, not nil, 1 == 1 and "y" or "n")
local env = { print = print }
local f = load("y = 5; return y", "chunk", "t", env)
print(f(), env.y, y)
do local _ENV = { v = 9 }; v = v + 1; f = v end
print(f)
local function mt_index() local t = setmetatable({}, { __index = { p = 1 } }); t.q = 2; return t.p, t.q, t.r end
print(mt_index())
local Account = {}; Account.__index = Account
function Account.new(n) return setmetatable({ balance = n }, Account) end
function Account:deposit(v) self.balance = self.balance + v; return self end
print(Account.new(10):deposit(5):deposit(7).balance)
print(#"a\z
         b\x41\u{48}\u{20AC}\065\n\\", "\u{7FFFFFFF}" ~= "", [[
long]], [==[a]]b]==], '\'', "tab\tq")
print(tostring(nil), tostring(true), tostring("x"), type(print), type(nil), type({}), type("x"), type(2), type(coroutine.create(print)), pcall(type))
print(rawequal("a", "a"), assert(1, 2), pcall(assert, false), pcall(assert, nil, "msg"), pcall(assert), select("#", assert(1, 2, 3)))
print(_VERSION, _G._G == _G, getmetatable("").__index == string, getmetatable(setmetatable({}, { __metatable = "locked" })), pcall(setmetatable, setmetatable({}, { __metatable = 1 }), {}))
