-- SPDX-License-Identifier: GPL-2.0-only
-- string.pack, packsize, unpack
local function err(...) return (select(2, pcall(...))) end
local function hex(s) return (s:gsub(".", function(c) return string.format("%02x", c:byte()) end)) end
for _, e in ipairs { "<", ">", "=" } do
  for _, f in ipairs { "b", "B", "h", "H", "i", "I", "l", "L", "j", "J", "T", "i1", "i2", "i3", "I3", "i7", "i8", "i16", "I16" } do
    local fmt = e .. f
    local neg = f:find("%l")
    local v = neg and -2 or 5
    if f == "T" then v = 9 end
    local s = string.pack(fmt, v)
    print(fmt, #s, string.packsize(fmt), hex(s), string.unpack(fmt, s))
  end
end
print(hex(string.pack(">i2i4i8", 1, -2, 3)), hex(string.pack("z", "abc")), hex(string.pack("s1", "abc")), hex(string.pack(">s2", "abc")))
print(hex(string.pack("c5", "ab")), hex(string.pack("!4 i1 i4", 1, 2)), hex(string.pack("<i1 x i2 Xi4", 1, 2)), hex(string.pack("! b Xh i4 i8 c1 Xi8", -12, 100, 200, "\xEC")))
print(string.unpack(">I2 I2", "\1\2\3\4"), string.unpack("z", "abc\0def"), string.unpack("s1", "\3abcd"), string.unpack("<i4", "\255\255\255\255"))
print(string.unpack("c3", "abcdef"), string.unpack("c0", "x"), string.unpack("<I2", "abcd", 3), string.unpack("<I2", "abcd", -2))
print(err(string.pack, "i1", 128), err(string.pack, "B", 256), err(string.pack, "i17", 1), err(string.pack, "i0", 1), err(string.pack, "y", 1))
print(err(string.unpack, "i4", "abc"), err(string.unpack, "z", "abc"), err(string.unpack, "c", "abc"), err(string.unpack, "<i4", "abcd", 6))
print(err(string.pack, "z", "a\0b"), err(string.pack, "c1", "ab"), err(string.pack, "s1", ("x"):rep(256)), err(string.packsize, "s"), err(string.packsize, "z"))
print(err(string.unpack, "<i16", ("\255"):rep(8) .. ("\1"):rep(8)), string.unpack("<i16", ("\255"):rep(16)), err(string.pack, "!3 i4", 1))
print(string.pack("i4", "12") == string.pack("i4", 12), string.packsize("<!8 b i8"), string.packsize(""), #string.pack("j", math.mininteger))
