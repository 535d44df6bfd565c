-- SPDX-License-Identifier: GPL-2.0-only
-- what is there and what is not; identities instead of addresses
local function names(t)
  local r = {}
  for k in pairs(t) do r[#r + 1] = tostring(k) end
  table.sort(r)
  return table.concat(r, " ")
end
local function equal(a, b) if a ~= b then error(("\n%s\n~=\n%s"):format(tostring(a), tostring(b)), 2) end end

equal(names(string), "byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper")
equal(names(table), "concat insert move pack remove sort unpack")
equal(names(coroutine), "close create isyieldable resume running status wrap yield")
equal(names(utf8), "char charpattern codepoint codes len offset")
equal(names(debug), "traceback")
for _, n in ipairs { "dofile", "loadfile", "io", "os", "package", "unpack", "loadstring" } do equal(_G[n], nil) end
for _, n in ipairs { "assert", "collectgarbage", "error", "getmetatable", "ipairs", "load", "next", "pairs", "pcall", "print", "rawequal", "rawget",
                     "rawlen", "rawset", "select", "setmetatable", "tonumber", "tostring", "type", "warn", "xpcall" } do
  equal(type(_G[n]), "function")
end
equal(_VERSION, "Lua 5.4")
warn("@on"); warn("@off"); warn("silent", " it is")

-- bytecode is refused, whatever the mode says
local header = "\27Lua\x54\x00\x19\x93\r\n\x1a\n"
for _, mode in ipairs { "b", "bt", "t" } do
  local f, msg = load(header .. ("x"):rep(100), "=bin", mode)
  equal(f, nil)
  equal(msg, "attempt to load a binary chunk (mode is 't')")
end
equal(select(2, load("\27", "=bin")), "attempt to load a binary chunk (mode is 't')")
equal(select(2, load("return 1", "=text", "b")), "attempt to load a text chunk (mode is 'b')")
equal(string.dump, nil)

-- tostring: "kind: id", the same for the same object, different for others, and no address
local seen = {}
local keep = {}
local function id(v, kind)
  local s = tostring(v)
  local k, hex = s:match("^(%w+): 0x(%x+)$")
  equal(k, kind)
  equal(#hex, 14)
  equal(tostring(v), s)
  equal(string.format("%s", v), s)
  equal(string.format("%p", v), "0x" .. hex)
  equal(string.format("%20p|%-20p|", v, v), ("%20s|%-20s|"):format("0x" .. hex, "0x" .. hex))
  assert(not seen[hex], "two objects have one id")
  seen[hex] = true
  return tonumber(hex, 16)
end
local last
local near = 0
for i = 1, 200 do
  local t = {}
  keep[i] = t
  local n = id(t, "table")
  -- neighbours in memory must not be neighbours in id: addresses would be
  if last and math.abs(n - last) < 1 << 32 then near = near + 1 end
  last = n
end
assert(near < 3, near .. " of 200 ids lie close together")
id(print, "function")
id(function() end, "function")
id(coroutine.create(print), "thread")
local named = setmetatable({}, { __name = "my.type" })
assert(tostring(named):find("^my.type: 0x%x+$"))
-- a seed shown to the script is no address either: it changes
local a, b = math.randomseed()
local c, d = math.randomseed()
assert(a ~= c and b ~= d)
assert(math.abs(b - d) > 1 << 32 or math.abs(a - c) > 1 << 32)
-- tables with a finalizer are limited in number, and come back when they are gone
local mt, many, n = { __gc = function() end }, {}, 0
while pcall(setmetatable, {}, mt) do n = n + 1 many[n] = setmetatable({}, mt) assert(n < 40000) collectgarbage("stop") end
assert(n == 16384, n)
many = nil
collectgarbage("restart")
collectgarbage()
assert(getmetatable(setmetatable({}, mt)) == mt)

-- a finalizer does not end the thread that a traceback is about
local function deep(n) if n == 0 then coroutine.yield() end return 1 + deep(n - 1) end
for depth = 1, 200, 3 do
  local co, ended = coroutine.create(deep)
  assert(coroutine.resume(co, depth))
  setmetatable({}, { __gc = function() ended = true coroutine.close(co) end })
  local message, lines = ("x"):rep(depth)
  repeat
    local alive = not ended
    _, lines = debug.traceback(co, message):gsub("\n", "\n")
    assert(lines == (alive and math.min(depth + 3, 23) or 1), lines)
  until not alive
end
