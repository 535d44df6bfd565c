-- SPDX-License-Identifier: GPL-2.0-only
-- string.format prints what C prints
local function err(...) return (select(2, pcall(...))) end
local ints = { 0, 1, -42, 65535, math.maxinteger, math.mininteger }
local flags_d = { "", "-", "+", " ", "0", "-+", "- ", "+0", " 0", "-0", "+ ", "-+ 0" }
local flags_x = { "", "-", "#", "0", "-#", "#0", "-#0" }
local widths = { "", "5", "21" }
local precs = { "", ".", ".0", ".3", ".25" }

for _, n in ipairs(ints) do
  for _, w in ipairs(widths) do
    for _, p in ipairs(precs) do
      for _, f in ipairs(flags_d) do
        print("%" .. f .. w .. p .. "d", "[" .. string.format("%" .. f .. w .. p .. "d", n) .. "]",
              "[" .. string.format("%" .. f .. w .. p .. "i", n) .. "]")
      end
      for _, f in ipairs(flags_x) do
        for _, c in ipairs { "x", "X", "o" } do
          local fmt = "%" .. f .. w .. p .. c
          print(fmt, "[" .. string.format(fmt, n) .. "]")
        end
      end
    end
  end
end
for _, s in ipairs { "", "a", "hello", ("x"):rep(99), ("y"):rep(150) } do
  for _, w in ipairs { "", "3", "10", "-10", "99", "-99" } do
    for _, p in ipairs { "", ".", ".0", ".2", ".99" } do
      print("%" .. w .. p .. "s", "[" .. string.format("%" .. w .. p .. "s", s) .. "]")
    end
  end
end
print(string.format("%c%c%c|%5c|%-5c|", 65, 0, 255, 66, 67))
print(string.format("%q", 'a"b\\c\nd\0e\r\t\1272\0013'), string.format("%q", 17), string.format("%q", math.mininteger))
print(string.format("%q %q %q", true, nil, false), err(string.format, "%q", {}), err(string.format, "%5q", 1))
print(string.format("%s %s %s %s", nil, true, 12, "x"), string.format("%%"), string.format("100%%"), string.format(""))
print(string.format("%s|%10s|%-10s|%.1s", setmetatable({}, { __tostring = function() return "obj" end }), "r", "l", "cut"))
print(string.format("%d", "12"), string.format("%x", "0x1f"), string.format("%s", 12), string.format("%5s", true))
print(err(string.format, "%d", "x"), err(string.format, "%d"), err(string.format, "%y", 1), err(string.format, "%"))
print(err(string.format, "%0100d", 1), err(string.format, "%.100d", 1), err(string.format, "%#d", 1), err(string.format, "%+x", 1))
print(err(string.format, "%5.3c", 1), err(string.format, "%05s", "x"), err(string.format, "% s", "x"), err(string.format, "%10s", "a\0b"))
print(err(string.format, "%-+ #0-+ #0-+ #0-+ #0-+ #0d", 1), err(string.format, "%ld", 1), err(string.format, "%n", 1))
print(string.format("%p", 1), string.format("%p", nil), string.format("%10p|%-10p|", 1, true))
