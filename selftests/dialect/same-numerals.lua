-- SPDX-License-Identifier: GPL-2.0-only
-- reading and writing integers
local function err(...) return (select(2, pcall(...))) end
print(0, 00, 1, 0x0, 0xff, 0XFF, 0xA, 9223372036854775807, 0x7fffffffffffffff, 0xffffffffffffffff)
print(0x123456789abcdef0123, 3 --[[x]], 1--2
)
print(tonumber("10"), tonumber(" 10 "), tonumber("\t10\n"), tonumber("0x1F"), tonumber("-0x1f"), tonumber("- 1"))
print(tonumber("+5"), tonumber("++5"), tonumber(""), tonumber(" "), tonumber("0x"), tonumber("1 2"), tonumber("1\0"))
print(tonumber("9223372036854775807"), tonumber("-9223372036854775808"))
print(tonumber("0xffffffffffffffffff"), tonumber("-0x1"), tonumber("1_000"), tonumber("1e"), tonumber("e1"), tonumber("."))
print(tonumber("inf"), tonumber("nan"), tonumber("0x1p"), tonumber("1..2"), tonumber({} and nil or "x"))
print(tonumber("10", 2), tonumber("zz", 36), tonumber("ZZ", 36), tonumber("8", 8), tonumber("-ff", 16), tonumber(" 11 ", 2))
print(tonumber("7fffffffffffffff", 16), tonumber("ffffffffffffffff", 16), tonumber("1" .. ("0"):rep(64), 2))
print(tonumber(12), tonumber(nil), tonumber(true), tonumber({}))
print(err(tonumber, 10, 2) , err(tonumber, "10", 1), err(tonumber, "10", 37), err(tonumber))
print(math.type(1), math.type("1"), math.type(nil), err(math.type))
print(math.tointeger(5), math.tointeger({}), math.tointeger("x"))
print(tostring(0), tostring(-0), tostring(math.mininteger), tostring(1 << 62), #tostring(math.mininteger))
for i = 0, 18 do io_ = 10; local v = 1; for _ = 1, i do v = v * 10 end; print(v, -v, v - 1) end
print(math.abs(-5), math.abs(5), math.abs(math.mininteger) == math.mininteger, math.max(3, 9, -1), math.min(3, 9, -1))
print(math.floor(5), math.ceil(5), math.floor(-5), math.fmod(7, 3), math.fmod(-7, 3), math.fmod(7, -3), math.fmod(math.mininteger, -1))
print(err(math.fmod, 1, 0))
print(err(math.max), err(math.min), err(math.floor, {}))
print(math.ult(1, -1), math.ult(-1, 1), math.maxinteger, math.mininteger)
-- a generator with a given seed gives what stock Lua gives
math.randomseed(42)
for i = 1, 20 do print(math.random(100), math.random(-5, 5), math.random(0), math.random(math.mininteger, math.maxinteger)) end
math.randomseed(1, 2)
print(math.random(1 << 40), math.random(3, 3), err(math.random, 2, 1), err(math.random, 1, 2, 3))
print(select("#", math.randomseed(7)))
