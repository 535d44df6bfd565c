-- SPDX-License-Identifier: GPL-2.0-only
-- Strings: long ones, many, and patterns. See head.lua.
local MIB = 1 << 20

case("rep of a billion", "memory", function()
  return function() return #("x"):rep(1000000000) end
end)
case("rep of nothing", "time", function()
  return function() while true do local _ = (""):rep(math.maxinteger), ("x"):rep(1) end end
end)
local function rep(mib)
  return function() return function() return #("x"):rep(mib * MIB - 100) < 0 end end
end
case("rep of 1 MiB", "memory|time|accept", rep(1))
case("rep of 2 MiB", "memory|time|accept", rep(2))
case("rep of 3 MiB", "memory|time|accept", rep(3))
case("rep of 4 MiB", "memory|time|accept", rep(4))
case("rep of 8 MiB", "memory|time|accept", rep(8))
case("rep storm", "time|memory", function()
  return function() while true do local _ = ("x"):rep(100000) end end
end)
case("rep of a huge string", "time|memory", function()
  local s = ("x"):rep(MIB)
  return function() while true do local _ = s:rep(2) end end
end)
case("rep with a separator", "time|memory", function()
  return function() while true do local _ = ("x"):rep(50000, "y") end end
end)
case("rep of a kept string", "memory|time", function()
  local kept = {}
  return function() while true do kept[#kept + 1] = (#kept .. "x"):rep(10000) end end
end)
case("backtracking on the payload", "time", function()
  return function(pkt)
    local s = pkt:unpack("c" .. #pkt)
    return s:find(".-.-.-.-.-.-.-\255\255\255") ~= nil
  end
end)
case("backtracking *", "time", function()
  local s, p = ("a"):rep(200), ("a*"):rep(20) .. "b"
  return function() return s:find(p) end
end)
case("backtracking ?", "time", function()
  local s, p = ("a"):rep(28), ("a?"):rep(28) .. ("a"):rep(28) .. "b"
  return function() return s:find(p) end
end)
case("backtracking in pcall", "time", function()
  local s, p = ("a"):rep(200), ("a*"):rep(20) .. "b"
  return function() while true do pcall(string.find, s, p) end end
end)
case("backtracking with captures", "time|runtime|cstack", function()
  local s, p = ("a"):rep(500), ("(a-)"):rep(9) .. "b"
  return function() return s:match(p) end
end)
case("back references", "time", function()
  local s = ("a"):rep(MIB)
  return function() return s:find("(a+)%1b") end
end)
case("single match on a huge string", "time", function()
  local s = ("a"):rep(4 * MIB)
  return function() return s:find("a*b") end
end)
case("minimal match on a huge string", "time", function()
  local s = ("a"):rep(4 * MIB)
  return function() return s:find("a-b") end
end)
case("class on a huge string", "time", function()
  local s = ("a"):rep(4 * MIB)
  return function() return s:find("%d") end
end)
case("frontier on a huge string", "time", function()
  local s = ("a"):rep(4 * MIB)
  return function() return s:find("%f[%d]") end
end)
case("frontier with a large set", "time", function()
  local s, p = ("a"):rep(MIB), "%f[" .. ("b"):rep(MIB) .. "]"
  return function() return s:find(p) end
end)
case("large set", "time", function()
  local s, p = ("a"):rep(MIB), "[" .. ("b"):rep(MIB) .. "]*c"
  return function() return s:find(p) end
end)
case("large set of ranges", "time", function()
  local s, p = ("a"):rep(MIB), "[" .. ("b-c"):rep(MIB // 3) .. "]-c"
  return function() return s:find(p) end
end)
case("long literal pattern", "time", function()
  local s, p = ("a"):rep(MIB), ("a"):rep(MIB) .. "%d"
  return function() while true do s:find(p) end end
end)
case("set without end", "time|runtime", function()
  local p = "[" .. ("b"):rep(4 * MIB)
  return function() while true do pcall(string.find, "a", p) end end
end)
case("balance on a huge string", "time", function()
  local s = ("("):rep(4 * MIB)
  return function() return s:find("%b()x") end
end)
case("deep pattern", "runtime|cstack|time", function()
  local p = ("(a"):rep(9) .. ("a?"):rep(1000) .. (")"):rep(9)
  local s = ("a"):rep(2000)
  return function() while true do pcall(string.find, s, p) end end
end)
case("captures of huge strings", "time|memory", function()
  local s = ("a"):rep(MIB)
  return function() while true do s:match("((((((((a*))))))))") end end
end)
case("position captures", "time", function()
  local s = ("a"):rep(MIB)
  return function() for _ in s:gmatch("()()()()a()()") do end end
end)
case("gmatch with captures", "time|memory", function()
  local s = ("ab"):rep(MIB)
  return function() for _ in s:gmatch("(a)(b)(.*)") do end for _ in s:gmatch("(a)(b)") do end end
end)
case("gmatch of huge captures", "time|memory", function()
  local s = ("ab"):rep(MIB)
  return function() while true do for _ in s:gmatch("(((.*)))") do end end end
end)
case("gmatch that finds nothing", "time", function()
  local s = ("a"):rep(4 * MIB)
  return function() for _ in s:gmatch("b") do end while true do end end
end)
case("plain find", "time", function()
  local s, p = ("a"):rep(MIB), ("a"):rep(1000) .. "b"
  return function() return s:find(p, 1, true) end
end)
case("plain find of one byte", "time", function()
  local s = ("a"):rep(4 * MIB)
  return function() while true do s:find("b", 1, true) end end
end)
case("plain find, each a near hit", "time", function()
  local s, p = ("a"):rep(MIB), ("a"):rep(500000) .. "b"
  return function() while true do s:find(p, 1, true) end end
end)
case("find of what is no pattern", "time", function()
  local p = ("a"):rep(4 * MIB)
  return function() while true do ("a"):find(p) end end
end)
case("find with NULs", "time", function()
  local p = ("\0"):rep(MIB) .. "%"
  return function() while true do pcall(string.find, p, p) end end
end)
case("gsub of a huge string", "time|memory", function()
  local s = ("a"):rep(MIB)
  return function() return s:gsub("a", "bb") end
end)
case("gsub that finds nothing", "time|memory", function()
  local s = ("a"):rep(3 * MIB)
  return function() return s:gsub("b", "c") end
end)
case("gsub with a huge replacement", "time|memory", function()
  local s, r = ("a"):rep(1000), ("%0"):rep(MIB)
  return function() return s:gsub("a", r) end
end)
case("gsub with a huge plain replacement", "time|memory", function()
  local s, r = ("a"):rep(1000), ("b"):rep(MIB)
  return function() return s:gsub("a", r) end
end)
case("gsub of a huge match into itself", "time|memory", function()
  local s = ("a"):rep(MIB)
  return function() return s:gsub("a*", "%0%0%0%0%0%0%0%0%0%0") end
end)
case("gsub callback", "time|memory", function()
  local s = ("a"):rep(MIB)
  return function() return s:gsub("a", function() end) end
end)
case("gsub callback loops", "time", function()
  return function() return ("a"):gsub("a", function() while true do end end) end
end)
case("gsub with a table", "time|memory", function()
  local s = ("a"):rep(MIB)
  return function() return s:gsub("a", { a = ("b"):rep(1000) }) end
end)
case("gsub of empty matches", "time|memory", function()
  local s = ("a"):rep(MIB)
  return function() return s:gsub("", "x") end
end)
case("gsub with an anchor", "time", function()
  local s = ("a"):rep(MIB)
  return function() while true do s:gsub("^b", "x") end end
end)
case("format of wide numbers", "time|memory", function()
  return function() while true do local _ = ("%99d%99d%99d%99d"):format(1, 2, 3, 4) end end
end)
case("format with many items", "time|memory|runtime", function()
  local f, t = ("%99d"):rep(200), {}
  for i = 1, 200 do t[i] = i end
  return function() while true do local _ = f:format(table.unpack(t)) end end
end)
case("format without items", "time|memory", function()
  local f = ("x"):rep(MIB)
  return function() while true do local _ = f:format() end end
end)
case("format of percents", "time|memory", function()
  local f = ("%%"):rep(MIB)
  return function() while true do local _ = f:format() end end
end)
case("format %s of a huge string", "time|memory", function()
  local s = ("x"):rep(MIB)
  return function() while true do local _ = ("%s%s"):format(s, s) end end
end)
case("format %.99s of a huge string", "time|memory", function()
  local s = ("x"):rep(4 * MIB)
  return function() while true do local _ = ("%.99s%.5s"):format(s, s) end end
end)
case("format %99s of a huge string", "time|memory|runtime", function()
  local s = ("x"):rep(MIB)
  return function() while true do local _ = ("%99s"):format(s) end end
end)
case("format %q of a huge string", "time|memory", function()
  local s = ("\0\n\"\\"):rep(MIB // 4)
  return function() while true do local _ = ("%q"):format(s) end end
end)
case("format %q of control characters", "time|memory", function()
  local s = ("\1"):rep(MIB // 2) 
  return function() while true do local _ = ("%q"):format(s) end end
end)
case("format %s of objects", "time", function()
  local t = setmetatable({}, { __tostring = function() while true do end end })
  return function() return ("%s"):format(t) end
end)
case("concat doubles", "memory|time", function()
  return function() local s = "x" while true do s = s .. s end end
end)
case("concat grows", "time|memory", function()
  local s = ("x"):rep(MIB)
  return function() local t = s while true do t = t .. "y" end end
end)
case("concat keeps growing", "time|memory|runtime|accept", function()
  local s = "x"
  return function() if #s > 3 * MIB then s = "x" end s = s .. s end
end)
case("concat of many", "time|memory", function()
  local names = {}
  for i = 1, 40 do names[i] = "s" end
  local f = assert(load("local s = ... while true do local _ = " .. table.concat(names, "..") .. " end"))
  local s = ("x"):rep(10000)
  return function() return f(s) end
end)
case("concat of many numbers", "time|memory", function()
  local names = {}
  for i = 1, 40 do names[i] = "n" end
  local f = assert(load("local n = ... while true do local _ = " .. table.concat(names, "..") .. " end"))
  return function() return f(math.mininteger) end
end)
case("equal huge strings", "time", function()
  local a, b = ("x"):rep(4 * MIB), ("xx"):rep(2 * MIB)
  return function() while true do local _ = a == b end end
end)
case("equal huge strings in straight-line code", "time", function()
  local a, b = ("x"):rep(4 * MIB), ("xx"):rep(2 * MIB)
  local f = assert(load("local a, b = ... " .. ("local _ = a == b "):rep(100)))
  return function() f(a, b) end
end)
case("equal to a huge constant", "time", function()
  local f = assert(load("local a = ... while true do local _ = a == '" .. ("x"):rep(2 * MIB) .. "' end"))
  local a = ("x"):rep(2 * MIB)
  return function() f(a) end
end)
case("less than huge strings", "time", function()
  local a, b = ("x"):rep(4 * MIB), ("xx"):rep(2 * MIB)
  return function() while true do local _ = a < b, a <= b end end
end)
case("less than huge strings with NULs", "time", function()
  local a, b = ("\0"):rep(4 * MIB), ("\0\0"):rep(2 * MIB)
  return function() while true do local _ = a < b end end
end)
case("rawequal of huge strings", "time", function()
  local a, b = ("x"):rep(4 * MIB), ("xx"):rep(2 * MIB)
  return function() while true do rawequal(a, b) end end
end)
case("huge string as a key", "time|memory", function()
  local a, b = ("x"):rep(4 * MIB), ("xx"):rep(2 * MIB)
  local t = { [a] = 1 }
  return function() while true do local _ = t[b] t[b] = 2 rawset(t, b, 1) end end
end)
case("new huge strings as keys", "time|memory", function()
  local a = ("x"):rep(MIB)
  return function() local t = {} for i = 1, 100 do t[a .. i] = i end end
end)
case("huge strings that collide", "time|memory", function()
  -- long strings of one length in one table hash by all their bytes
  local t = {}
  for i = 1, 2000 do t[("%05d"):format(i):rep(20)] = i end
  return function() while true do for i = 1, 2000 do local _ = t[("%05d"):format(i):rep(20)] end end end
end)
case("many short strings", "time|memory", function()
  local kept, n = {}, 0
  return function() while true do n = n + 1 kept[n] = "s" .. n end end
end)
case("many short strings, kept for a while", "time|memory|accept", function()
  local kept, n = {}, 0
  return function()
    if n > 100000 then kept, n = {}, 0 end
    for _ = 1, 1000 do n = n + 1 kept[n] = "s" .. n end
  end
end)
case("tonumber of digits", "time", function()
  local s = ("0"):rep(4 * MIB)
  return function() while true do tonumber(s) end end
end)
case("tonumber with a base", "time", function()
  local s = ("0"):rep(4 * MIB)
  return function() while true do tonumber(s, 16) end end
end)
case("tonumber of spaces", "time", function()
  local s = (" "):rep(4 * MIB)
  return function() while true do tonumber(s, 16) end end
end)
case("arithmetic on strings", "time|runtime", function()
  local s = (" "):rep(4000) .. "1"
  return function() while true do local _ = s + s end end
end)
case("arithmetic on huge strings", "time|runtime", function()
  local s = (" "):rep(4 * MIB)
  return function() while true do pcall(function() return s + 1 end) end end
end)
case("math.tointeger of strings", "time|runtime", function()
  local s = (" "):rep(4 * MIB)
  return function() while true do pcall(math.tointeger, s) pcall(string.rep, "x", s) end end
end)
case("byte of a huge string", "time|memory|runtime", function()
  local s = ("x"):rep(4 * MIB)
  return function() while true do local _ = select("#", s:byte(1, 100000)) end end
end)
case("byte of all of it", "runtime|memory|time", function()
  local s = ("x"):rep(4 * MIB)
  return function() return s:byte(1, -1) end
end)
case("char of many", "time|memory", function()
  local t = {}
  for i = 1, 10000 do t[i] = 65 end
  return function() while true do local _ = string.char(table.unpack(t)) end end
end)
case("len", "time", function()
  local s = ("x"):rep(4 * MIB)
  return function() while true do local _ = s:len() + #s end end
end)
local function whole(f)
  return function()
    local s = ("x"):rep(2 * MIB)
    return function() while true do f(s) end end
  end
end
case("upper of a huge string", "time|memory", whole(string.upper))
case("lower of a huge string", "time|memory", whole(string.lower))
case("reverse of a huge string", "time|memory", whole(string.reverse))
case("sub of a huge string", "time|memory", function()
  local s = ("x"):rep(4 * MIB - 100)
  return function() while true do s:sub(2) end end
end)
case("tostring of a huge string", "time", function()
  local s = ("x"):rep(4 * MIB)
  return function() while true do tostring(s) end end
end)
case("pack with a long format", "time|memory|runtime", function()
  local f = ("x"):rep(MIB)
  return function() while true do string.pack(f) end end
end)
case("pack with a format of nothing", "time|memory|runtime", function()
  local f = ("<>=!"):rep(MIB)
  return function() while true do string.pack(f) end end
end)
case("pack of long fields", "time|memory", function()
  return function() while true do string.pack("c1000000", "") end end
end)
case("pack of a string", "time|memory", function()
  local s = ("x"):rep(MIB)
  return function() while true do string.pack("s4", s) string.pack("z", s) end end
end)
case("packsize with a long format", "time|runtime", function()
  local f = ("i3"):rep(MIB)
  return function() while true do pcall(string.packsize, f) end end
end)
case("packsize with long numbers", "time|runtime", function()
  local f = "c" .. ("0"):rep(4 * MIB)
  return function() while true do pcall(string.packsize, f) end end
end)
case("unpack with a long format", "time|memory|runtime", function()
  local s = ("x"):rep(MIB)
  local f = ("x"):rep(MIB)
  return function() while true do string.unpack(f, s) end end
end)
case("unpack of many values", "time|memory|runtime", function()
  local s = ("x"):rep(MIB)
  local f = ("B"):rep(100000)
  return function() while true do pcall(string.unpack, f, s) end end
end)
case("unpack of a huge z", "time|memory", function()
  local s = ("x"):rep(2 * MIB) .. "\0"
  return function() while true do string.unpack("z", s) end end
end)
case("unpack of a z without end", "time|memory", function()
  local s = ("x"):rep(4 * MIB)
  return function() while true do pcall(string.unpack, "z", s) end end
end)
case("packet unpack with a long format", "time|memory|runtime", function()
  local f = ("<>"):rep(MIB)
  return function(pkt) while true do pkt:unpack(f) end end
end)
case("utf8.len", "time", function()
  local s = ("x"):rep(4 * MIB)
  return function() return utf8.len(s) end
end)
case("utf8.offset", "time", function()
  local s = ("x"):rep(4 * MIB)
  return function() return utf8.offset(s, 4 * MIB) end
end)
case("utf8.offset backwards", "time", function()
  local s = ("x"):rep(4 * MIB)
  return function() return utf8.offset(s, -4 * MIB) end
end)
case("utf8.offset over continuation bytes", "time", function()
  local s = ("\x80"):rep(4 * MIB)
  return function() return utf8.offset(s, 0, 4 * MIB) end
end)
case("utf8.codepoint", "time|memory|runtime", function()
  local s = ("x"):rep(4 * MIB)
  return function() while true do utf8.codepoint(s, 1, 100000) end end
end)
case("utf8.char", "time|memory|runtime", function()
  local t = {}
  for i = 1, 10000 do t[i] = 0x10ffff end
  return function() while true do utf8.char(table.unpack(t)) end end
end)
case("utf8.codes", "time", function()
  local s = ("\xc3\xa4"):rep(MIB)
  return function() for _ in utf8.codes(s) do end end
end)
case("utf8.codes over continuation bytes", "time|runtime", function()
  local s = "a" .. ("\x80"):rep(4 * MIB)
  return function() while true do pcall(function() for _ in utf8.codes(s) do end end) end end
end)
-- what no allocation ends, for there is none
case("format with an endless width", "time", function()
  local s = "%" .. ("9"):rep(6 * MIB)
  return function() while true do pcall(string.format, s, 1) end end
end)
case("format with endless flags", "time", function()
  local s = "%" .. ("-"):rep(6 * MIB) .. "d"
  return function() while true do pcall(string.format, s, 1) end end
end)
case("prefix length of zeros", "time", function()
  local ip = require("luapacket").ip
  local s = "10.0.0.0/" .. ("0"):rep(6 * MIB) .. "8"
  return function() while true do pcall(ip, s) end end
end)
case("unpack with a size of zeros", "time", function()
  local s = "i" .. ("0"):rep(6 * MIB) .. "1"
  return function(pkt) while true do pcall(pkt.unpack, pkt, s) end end
end)
