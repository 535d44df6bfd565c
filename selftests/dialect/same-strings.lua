-- SPDX-License-Identifier: GPL-2.0-only
-- the string library but for format
local function err(...) return (select(2, pcall(...))) end
local s = "hello world"
print(#s, s:len(), s:sub(1, 5), s:sub(-5), s:sub(-5, -2), s:sub(0), s:sub(5, 3), s:sub(-100, 100), s:sub(math.mininteger, math.maxinteger))
print(s:upper(), s:lower(), ("ÀÉ"):upper(), s:reverse(), s:byte(), s:byte(-1), s:byte(1, 3), s:byte(100), ("\255"):byte())
print(string.char(), string.char(72, 105), err(string.char, 256), err(string.char, -1))
print(("ab"):rep(3), ("ab"):rep(3, ","), ("ab"):rep(0), ("ab"):rep(-1), (""):rep(1000000), ("x"):rep(1, ","), #("x"):rep(1000, "yy"))
print(err(string.rep, "x", 1 << 62), err(string.rep, "abc", math.maxinteger))
print(s:find("wor"), s:find("o", 6), s:find("xyz"), s:find(""), s:find("", 100), s:find("", 12), s:find("l+"), s:find("(o)(r)"))
print(s:find(".", 1, true), ("a.b"):find(".", 1, true), ("a+b"):find("+", 1, true), ("a\0b"):find("\0"), ("a\0b"):find("b"))
print(s:match("(%w+) (%w+)"), s:match("^(h)(.)"), s:match("()ll()"), s:match("x*"), s:match("%s(.*)$"), s:match("^world"))
for k, v in ("a=1, b=22, c=333"):gmatch("(%w+)=(%w+)") do print(k, v) end
for w in ("one two  three"):gmatch("%a+") do print(w) end
for p in ("abc"):gmatch("()") do print(p) end
for a in ("xaybzc"):gmatch("%l", 3) do print(a) end
print(("hello"):gsub("l", "L"), ("hello"):gsub("l", "L", 1), ("hello"):gsub("", "-"), ("abc"):gsub("%w", "%0%0"), ("abc"):gsub("(a)(b)", "%2%1"))
print(("hello world"):gsub("o", { o = "0" }), ("$name is $x"):gsub("%$(%w+)", { name = "Lua" }), ("abc"):gsub("b", function() end))
print(("abc"):gsub("%w", function(c) return c:byte() end), ("a b"):gsub("%s", "%%"), ("abc"):gsub("^a", "x"), ("aaa"):gsub("^a", "x"))
print(err(string.gsub, "x", "x", "%2"), err(string.gsub, "x", "(", ""), err(string.gsub, "x", "%", ""), err(string.gsub, "x", "[a", ""))
print(err(string.gsub, "x", "x", "%z"), err(string.gsub, "x", "x", function() return {} end), err(string.find, "a", "%f"), err(string.find, "a", "%b"))
print(("THE (quick) fox"):find("%((%a+)%)"), ("f(a(b)c)d"):match("%b()"), ("THE (quick) fox"):gsub("%f[%a]%a+", string.lower))
print(("key = value"):match("^(%w+)%s*=%s*(%w+)$"), ("2024-01-15"):match("(%d+)-(%d+)-(%d+)"), ("  trim  "):match("^%s*(.-)%s*$") .. "|")
print(("%d"):gsub("%%d", "x"), ("a.b-c"):gsub("[.-]", "_"), ("a]b"):gsub("[]]", "x"), ("a^b"):gsub("[%^]", "x"), ("abc"):gsub("[^b]", "x"))
print(("abcabc"):match("(a)(b)(c)%1%2%3"), ("\0a\0b"):gsub("%z", "0"), ("x\0y"):match("[\0]"), ("aXb"):find("%u"), ("a_b"):gsub("%p", ""))
-- as many captures as stock Lua has: 32
print(("x"):rep(32):match(("(x)"):rep(32)))
print(select("#", ("x"):rep(32):find(("(x)"):rep(32))), err(string.find, ("x"):rep(33), ("(x)"):rep(33)))
-- classes are ASCII
for _, c in ipairs { "a", "c", "d", "g", "l", "p", "s", "u", "w", "x" } do
  local set, notset = 0, 0
  local members = {}
  for i = 0, 255 do
    if string.char(i):find("%" .. c) then set = set + i + 1; members[#members + 1] = i end
    if string.char(i):find("%" .. c:upper()) then notset = notset + i + 1 end
  end
  print(c, set, notset, table.concat(members, " "))
end
for i = 0, 255 do
  local ch = string.char(i)
  if ch:upper() ~= ch or ch:lower() ~= ch then print(i, ch:upper():byte(), ch:lower():byte()) end
end
-- long patterns and subjects
local a = ("a"):rep(100000)
print(a:find("^a*.?$"), a:find("^a*.?b$"), #a:match("^a-$"), a:match("^.-b"))
