-- SPDX-License-Identifier: GPL-2.0-only
-- what stock Lua does with floats is an error here, with a position
local function fails(src, want)
  local f, msg = load(src, "=t")
  local ok
  if f then ok, msg = pcall(f) end
  if ok or msg ~= want then
    error(("%s\n  gave %s\n  want %s"):format(src, ok and "no error" or tostring(msg), want), 2)
  end
end
local function equal(a, b) if a ~= b then error(("%s ~= %s"):format(tostring(a), tostring(b)), 2) end end

-- numerals: load errors
for _, n in ipairs { "1.5", "1.", ".5", "0.0", "1e2", "1E2", "1e+2", "1e-2", "1.5e3", "3e0", "0x1p4", "0x.8", "0x1.8p-1", "0xA.", "0x1P+2", "1e308", "1e999" } do
  fails("local x\nx = " .. n, "t:2: no floating point in the kernel near '" .. n .. "'")
end
for _, n in ipairs { "9223372036854775808", "18446744073709551615", "99999999999999999999999999", "100000000000000000000" } do
  fails("return " .. n, "t:1: integer does not fit 64 bits near '" .. n .. "'")
  fails("return -" .. n, "t:1: integer does not fit 64 bits near '" .. n .. "'")
end
for _, n in ipairs { "1e", "1e+", "0x", "0x1p", "1.2.3", "1..2", "3x", "0xg", "1e5x", "0x1pz", "1.5y" } do
  fails("return " .. n, "t:1: malformed number near '" .. n:match("^[%x.xpe+]*[g-z]?") .. "'")
end
-- as in stock Lua, hexadecimal numerals wrap around
equal(0xffffffffffffffff, -1)
equal(0x1ffffffffffffffff, -1)

-- operators: run-time errors, whether folded or not
local slash = "no floating point in the kernel (use // for integer division)"
fails("local a\nlocal b = 1 / 2", "t:2: " .. slash)
fails("local a = 1\nreturn a / 2", "t:2: " .. slash)
fails("local a = 1\nreturn 2 / a", "t:2: " .. slash)
fails("local a, b = 4, 2\nreturn a\n/ b", "t:3: " .. slash)
fails("return 4 / 2", "t:1: " .. slash)
fails("return 1 / 0", "t:1: " .. slash)
fails("return 2 ^ 2", "t:1: " .. slash)
fails("local a = 2\n\nreturn a ^ a", "t:3: " .. slash)
fails("local a = 2 return 2 ^ a", "t:1: " .. slash)
fails("local a = 2 return a ^ 3", "t:1: " .. slash)
fails("local a <const> = 6\nlocal b <const> = a / 2\nreturn b", "t:2: " .. slash)
fails("return -2 ^ 2", "t:1: " .. slash)
fails("return '10' / 2", "t:1: " .. slash)
fails("return 10 / '2'", "t:1: " .. slash)
fails("return '10' / '2'", "t:1: " .. slash)
fails("return '10' ^ '2'", "t:1: " .. slash)
fails("return 1 / {}", "t:1: attempt to perform arithmetic on a table value")
fails("local s = 'x' return s / 2", "t:1: attempt to div a 'string' with a 'number'")
fails("return '1.5' + 1", "t:1: attempt to add a 'string' with a 'number'")
-- code that is never run is no error
equal(load("if false then return 1 / 2 end return 7")(), 7)
equal(load("local function f() return 2 ^ 3 end return 8")(), 8)

-- strings that hold a float are no numbers
for _, s in ipairs { "1.5", "1e2", "1.0", "0x1p4", ".5", "5.", "9223372036854775808", "-9223372036854775809", "inf", "nan", "1e", "0x.1" } do
  equal(tonumber(s), nil)
  equal(math.tointeger(s), nil)
end
equal(tonumber("-9223372036854775808"), math.mininteger)
equal(math.tointeger("8"), 8)
fails("return ('x'):rep('1.5')", "t:1: bad argument #1 to 'rep' (number expected, got string)")
fails("return ('x'):rep('2.0')", "t:1: bad argument #1 to 'rep' (number expected, got string)")

-- a loop over strings is a float loop in stock Lua
fails("for i = '1', 2 do end", "t:1: bad 'for' initial value (number expected, got string)")
fails("for i = 1, 2, '1' do end", "t:1: bad 'for' step (number expected, got string)")
fails("for i = 1, 'x' do end", "t:1: bad 'for' limit (number expected, got string)")
fails("for i = 1, '1.5' do end", "t:1: bad 'for' limit (number expected, got string)")

-- libraries
for _, name in ipairs { "pi", "huge", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "exp", "log", "modf", "deg", "rad", "pow" } do
  equal(math[name], nil)
end
local names = {}
for k in pairs(math) do names[#names + 1] = k end
table.sort(names)
equal(table.concat(names, " "), "abs ceil floor fmod max maxinteger min mininteger random randomseed tointeger type ult")
fails("return math.random()", "t:1: no floating point in the kernel (give math.random a range, or 0)")
for _, c in ipairs { "a", "A", "e", "E", "f", "g", "G", "5.2f", "-+10.3e" } do
  fails("return string.format('%" .. c .. "', 1)", "t:1: no floating point in the kernel (conversion '%" .. c .. "' to 'format')")
end
for _, c in ipairs { "f", "d", "n" } do
  fails("return string.pack('" .. c .. "', 1)", "t:1: no floating point in the kernel (format option '" .. c .. "')")
  fails("return string.unpack('i4" .. c .. "', '12345678')", "t:1: no floating point in the kernel (format option '" .. c .. "')")
  fails("return string.packsize('" .. c .. "')", "t:1: no floating point in the kernel (format option '" .. c .. "')")
end

-- what is said of numbers by other functions
for _, v in ipairs { 1, -1, 0, math.maxinteger, 7 // 2, 7 % 2, "5" + 0, #"abc", tonumber("12"), math.max(1, 2), collectgarbage("count"), math.floor("3"), math.abs("-3"), math.fmod("7", "4"), -"2", "3" * "4", math.random(0) } do
  equal(math.type(v), "integer")
end
equal(math.abs("-3"), 3)
equal(math.fmod("7", "4"), 3)
fails("return math.fmod('1', '0')", "t:1: bad argument #2 to 'fmod' (zero)")
fails("return 1 // 0", "t:1: attempt to divide by zero")
fails("return 1 % 0", "t:1: attempt to perform 'n%0'")
fails("return 1 < '2'", "t:1: attempt to compare number with string")
