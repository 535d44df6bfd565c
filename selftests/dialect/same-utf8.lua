-- SPDX-License-Identifier: GPL-2.0-only
-- utf8
local function err(...) return (select(2, pcall(...))) end
local s = "héllo €uro 𝄞"
print(utf8.len(s), #s, utf8.char(72, 228, 8364, 0x1D11E), utf8.char(), utf8.charpattern == "[\0-\x7F\xC2-\xFD][\x80-\xBF]*")
for p, c in utf8.codes(s) do print(p, c) end
print(utf8.codepoint(s, 1, -1))
print(utf8.offset(s, 3), utf8.offset(s, -1), utf8.offset(s, 0, 3), utf8.offset(s, 100), utf8.offset("abc", 4), utf8.offset("abc", 5))
print(utf8.len("\xff"), utf8.len("a\x80"), utf8.len(""), utf8.len("abc", 4), err(utf8.len, "abc", 5), utf8.len("\u{D7FF}"))
print(utf8.len("\xed\xa0\x80"), utf8.len("\xed\xa0\x80", 1, -1, true), utf8.len("\u{7FFFFFFF}"), utf8.len("\u{7FFFFFFF}", 1, -1, true))
print(err(utf8.codepoint, "\xff"), err(utf8.char, -1), err(utf8.codepoint, "abc", 4), err(utf8.offset, "€", 1, 2))
print(err(function() for _ in utf8.codes("a\xffb") do end end))
for c in s:gmatch(utf8.charpattern) do print(c, #c) end
for _, c in ipairs { 0, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff, 0x1fffff, 0x200000, 0x3ffffff, 0x4000000, 0x7fffffff } do
  local e = utf8.char(c)
  print(c, #e, e:byte(1, -1))
end
