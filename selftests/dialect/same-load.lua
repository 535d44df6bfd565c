-- SPDX-License-Identifier: GPL-2.0-only
-- load, and texts that are unusual
local function err(...) return (select(2, pcall(...))) end
print(load("return 1 + 1")(), load(function() return nil end) ~= nil, err(load, {}))
local parts, i = { "return ", "'a'", " .. ", "'b'" }, 0
print(load(function() i = i + 1; return parts[i] end)())
print(select(2, load(function() error("reader", 0) end)), select(2, load(function() return {} end)))
print(load("x =", "=name"), load("x =", "@file.lua"), load("x =", "some text"), load("x =\n", "line one\nline two"))
print(load("x =", "=" .. ("n"):rep(100)), load("x =", "@" .. ("f"):rep(100)), load("x =", ("s"):rep(100)))
print(load("return 1", "c", "b"), load("return 1", "c", "t") ~= nil, load("return 1", "c", "bt") ~= nil, load("return 1", "c", "x"))
print(load("return _ENV", "c", "t", 5)(), load("return x", "c", "t", { x = "env" })())
-- line ends: LF, CR, CRLF, LFCR count one line each
for _, nl in ipairs { "\n", "\r", "\r\n", "\n\r" } do
  print(select(2, pcall(load("local a = 1" .. nl .. nl .. "error('third')", "=nl"))))
  print(#load("return [[a" .. nl .. "b]]")(), load("return [[a" .. nl .. "b]]")() == "a\nb", load("return 'a\\" .. nl .. "b'")() == "a\nb")
  print(load("-- comment" .. nl .. "return 7")())
end
-- NUL bytes in strings and comments
print(#load("return 'a\0b'")(), load("--\0\nreturn 5")(), #load("return [[\0\0]]")(), load("\0"), load("return 1\0"), load("x\0y = 1"))
print(load("return '\0'")() == "\0", ("a\0b" == "a\0c"), #"\0\0\0")
print(load("#!shebang\nreturn 1"))
print(load(("("):rep(10) .. "1" .. (")"):rep(10), "=deep"), load("return " .. ("("):rep(10) .. "1" .. (")"):rep(10))())
print(load("return " .. ("-"):rep(10):gsub("-", "- ") .. "1")())
print(select("#", load("return " .. ("1,"):rep(200) .. "1")()))
print(load("local " .. ("a,"):rep(200) .. "a"), load(("local a; "):rep(200)) ~= nil)
local long = {}
for n = 1, 500 do long[n] = "local function f" .. n % 100 .. "() return " .. n .. " end" end
print(load("do " .. table.concat(long, " end do ") .. " end return 'long'")())
-- many constants: wide operands
local consts = {}
for n = 1, 5000 do consts[n] = tostring(n + 1000000) end
local f = load("local t = {" .. table.concat(consts, ",") .. "} return t")
local t = f()
print(#t, t[1], t[5000], t[300], t[4096])
consts = {}
for n = 1, 600 do consts[n] = "x" .. n .. " = " .. n end
local e = {}
load(table.concat(consts, "\n"), "c", "t", e)()
print(e.x1, e.x300, e.x600)
