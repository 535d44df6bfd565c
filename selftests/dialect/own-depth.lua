-- SPDX-License-Identifier: GPL-2.0-only
-- Recursion: deep in Lua, bounded in C. Every test must end in an error or a
-- result, with any amount of C stack (NFLUA_CSTACK in the environment).
-- a VM's processor is slow, and a load has 5 s for all states
local DEEP = require and 20000 or 100000
local function equal(a, b) if a ~= b then error(("%s ~= %s"):format(tostring(a), tostring(b)), 2) end end
local function overflows(what, f, ...)
  local ok, msg = pcall(f, ...)
  msg = tostring(msg)
  if ok or not (msg:find("C stack overflow", 1, true) or msg:find("error in error handling", 1, true)) then
    error(("%s: expected a C stack overflow, got %s %s"):format(what, tostring(ok), msg:sub(1, 200)), 2)
  end
end

-- Lua-to-Lua calls use no C stack
local function sum(n) if n == 0 then return 0 end return 1 + sum(n - 1) end
equal(sum(DEEP), DEEP)
local even, odd
function even(n) if n == 0 then return true end return odd(n - 1) end
function odd(n) if n == 0 then return false end return even(n - 1) end
equal(even(DEEP), true)
local ok, msg

-- C functions that call back
local function gsub() return (("x"):gsub(".", gsub)) end
overflows("gsub", gsub)
local function sort() table.sort({ 1, 2, 3 }, function() sort() return false end) end
overflows("sort", sort)
local function tostr() return tostring(setmetatable({}, { __tostring = tostr })) end
overflows("__tostring", tostr)
local function format() return string.format("%s", setmetatable({}, { __tostring = format })) end
overflows("format", format)
local function concat() return setmetatable({}, { __concat = concat }) .. "x" end
overflows("__concat", concat)
local function index() return setmetatable({}, { __index = index }).x end
overflows("__index", index)
local function newindex() setmetatable({}, { __newindex = newindex }).x = 1 end
overflows("__newindex", newindex)
local function eq() local mt = { __eq = eq } return setmetatable({}, mt) == setmetatable({}, mt) end
overflows("__eq", eq)
local function lt() local mt = { __lt = lt } return setmetatable({}, mt) < setmetatable({}, mt) end
overflows("__lt", lt)
local function len() return #setmetatable({}, { __len = len }) end
overflows("__len", len)
local function add() return setmetatable({}, { __add = add }) + 1 end
overflows("__add", add)
local function pairs_() for _ in pairs(setmetatable({}, { __pairs = pairs_ })) do end end
overflows("__pairs", pairs_)
local function iter() for _ in iter do end end
overflows("iterator", iter)
local function close() local c <close> = setmetatable({}, { __close = close }) end
overflows("__close", close)
local function tconcat() return table.concat(setmetatable({}, { __index = tconcat, __len = function() return 2 end })) end
overflows("table.concat", tconcat)
local function unpack() return table.unpack(setmetatable({}, { __index = unpack }), 1, 2) end
overflows("table.unpack", unpack)
local function reader() return load(reader) end
pcall(reader)

-- pcall, xpcall and coroutines return the error where it meets the limit
local depth = 0
local function viapcall() depth = depth + 1 local ok_, m = pcall(viapcall) if not ok_ then error(m, 0) end end
overflows("pcall", viapcall)
assert(depth > 3, depth)
local function viax() local ok_, m = xpcall(viax, function(m) return m end) if not ok_ then error(m, 0) end end
overflows("xpcall", viax)
local function handler() local function h(m) return error(m) end return xpcall(error, h) end
equal(handler(), false)
local function badhandler() error("x") end
equal(xpcall(function() return gsub() end, badhandler), false)
equal(xpcall(function() return gsub() end, function(m) return gsub() end), false)
equal(xpcall(function() return gsub() end, function(m) pcall(gsub) return "h" end) , false)
local function co() local ok_, m = coroutine.resume(coroutine.create(co)) if not ok_ then error(m, 0) end end
overflows("coroutine.resume", co)
local function wrap() return coroutine.wrap(wrap)() end
overflows("coroutine.wrap", wrap)
-- the limit is left as it was: still the same depth afterwards
local d1, d2 = 0, 0
local function count(n) return (("x"):gsub(".", function() d1 = n return count(n + 1) end)) end
pcall(count, 1)
d2 = d1
pcall(count, 1)
equal(d1, d2)

-- the parser
for _, p in ipairs { { "(", ")" }, { "{", "}" }, { "- ", "" }, { "not ", "" }, { "a.b(", ")" }, { "function() return ", " end" }, { "1 .. ", "" }, { "#", "" }, { "~", "" }, { "2 ^ ", "" } } do
  local src = "local a\nreturn " .. (p[1]):rep(DEEP) .. "1" .. (p[2]):rep(DEEP)
  local f, m = load(src, "=deep")
  if f ~= nil or not (m:find("^deep:2: C stack overflow near ") or m:find("^deep:2: function or expression needs too many registers")) then error(p[1] .. ": " .. tostring(m)) end
end
for _, p in ipairs { { "do ", " end" }, { "while true do ", " end" }, { "if true then ", " end" }, { "repeat ", " until true" }, { "for i = 1, 2 do ", " end" }, { "a = function() ", " end" } } do
  local f, m = load((p[1]):rep(DEEP) .. (p[2]):rep(DEEP), "=deep")
  if f ~= nil or not (m:find("^deep:1: C stack overflow near ") or m:find("^deep:1: ")) then error(p[1] .. ": " .. tostring(m)) end
end
local f, m = load(("a,"):rep(DEEP) .. "a = 1", "=deep")
assert(f == nil and m:find("C stack overflow"), m)

-- patterns
local function complex(s, p) local ok_, m_ = pcall(string.find, s, p) if ok_ or not m_:find("pattern too complex") then error(tostring(m_), 2) end end
complex(("x"):rep(DEEP), (".?"):rep(DEEP))
complex(("x"):rep(DEEP), ("x-"):rep(DEEP // 2) .. "y")
equal(#(("a"):rep(DEEP):match(".-$")), DEEP)
assert(("192.168.10.200"):match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$") == "192")
-- metamethod chains are bounded by count
local chain = {}
for _ = 1, 3000 do chain = setmetatable({}, { __index = chain }) end
ok, msg = pcall(function() return chain.x end)
assert(not ok and msg:find("'__index' chain too long"), msg)
local loop = setmetatable({}, {})
getmetatable(loop).__index = loop
ok, msg = pcall(function() return loop.x end)
assert(not ok and msg:find("'__index' chain too long"), msg)
-- tostring of an error object that overflows, and finalizers near the limit
overflows("error object", tostr)
local function gc(n) setmetatable({}, { __gc = function() end }) collectgarbage("step") if n > 0 then return (("x"):gsub(".", function() return gc(n - 1) end)) end end
pcall(gc, 1000)
-- a large array sorted by a recursion of its own
local big = {}
for i = 1, 5000 do big[i] = (i * 7919) % 5003 end
table.sort(big)
for i = 2, #big do assert(big[i - 1] <= big[i]) end
