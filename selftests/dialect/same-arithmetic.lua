-- SPDX-License-Identifier: GPL-2.0-only
-- integers: operators, wraparound, coercion, comparison, constant folding
local max, min = math.maxinteger, math.mininteger

local function try(f, ...)
  local ok, r = pcall(f, ...)
  return ok and r or "error"
end

print(max, min, max + 1 == min, min - 1 == max, -min == min, max * 2, min * -1)
print(7 // 2, -7 // 2, 7 // -2, -7 // -2, 0 // 5, min // -1, max // -1, min // 1)
print(7 % 3, -7 % 3, 7 % -3, -7 % -3, min % -1, max % 10, min % 10, 5 % max)
print(try(function() return 1 // 0 end), try(function() return 1 % 0 end))
print(try(function(a, b) return a // b end, 1, 0), try(function(a, b) return a % b end, 1, 0))
print(5 & 3, 5 | 3, 5 ~ 3, ~0, ~5, 1 << 63, 1 << 64, 1 << -1, -1 >> 1, -1 >> 63, -1 >> 64, 1 >> -3)
print(2 + 3 * 4, (2 + 3) * 4, 2 - 3 - 4, 10 // 3 * 3 + 10 % 3, -3 % 5, -(3 % 5), not nil == true)
print(1 .. 2, "a" .. 1 .. "b", 10 .. "")
print("10" + 5, "0x10" + 0, "  7  " * "2", "-3" - 1, 10 .. 20 + 1)
print("7" // 2, "7" % "4", -"2", "10" < "9", "a" < "b", "a" < "B", "" < "a", "a\0b" < "a\0c", "a\0" > "a")
print(1 < 2, 1 <= 1, 2 > 1, 2 >= 3, 1 == 1, 1 ~= 1, max > min, "1" == 1, 0 == false)
print(try(function() return "3" | 4 end), try(function() return ~"1" end), try(function() return 1 << "x" end))
print(try(function() return "x" + 1 end), try(function() return {} + 1 end), try(function() return "x" | 1 end))
print(try(function() return 1 < "2" end), try(function() return {} < {} end), try(function() return nil .. "x" end))

for _, a in ipairs { max, min, 0, 1, -1, 7, -7, 1 << 32, max // 3, min // 7 } do
  for _, b in ipairs { max, min, 1, -1, 2, -2, 7, -7, 10, 1 << 31, max // 2 } do
    print(a, b, a + b, a - b, a * b, a // b, a % b, a & b, a | b, a ~ b, a << (b & 127), a >> (b & 127),
          a < b, a <= b, a == b, math.ult(a, b), math.fmod(a, b))
  end
end

-- what the compiler has immediate operands for
local x = 10
print(x + 1, x - 1, x + 127, x + 128, x - 128, x * 3, x // 3, x % 3, 1 - x, 3 * x, 100 // x, 100 % x)
print(x & 6, x | 1, x ~ 3, x << 2, x >> 1, 1 << x, 6 & x, 1024 >> x)
print(x < 11, x <= 10, x > 9, x >= 10, x == 10, 11 > x, 10 >= x, 9 < x, 10 <= x, 10 == x, x ~= 10)
print(x + 0x7fffffff, x + 0x7fffffffffffffff, x == 1000000, x < 1000000)

-- metamethods, "/" and "^" too
local mt = {}
for _, e in ipairs { "add", "sub", "mul", "div", "mod", "pow", "idiv", "band", "bor", "bxor", "shl", "shr", "concat" } do
  mt["__" .. e] = function(a, b)
    return e .. ":" .. (type(a) == "table" and "T" or tostring(a)) .. ":" .. (type(b) == "table" and "T" or tostring(b))
  end
end
mt.__unm = function() return "unm" end
mt.__bnot = function() return "bnot" end
mt.__len = function() return 42 end
mt.__eq = function() return true end
mt.__lt = function(a, b) return type(a) == "number" end
mt.__le = function(a, b) return type(b) == "number" end
mt.__call = function(self, ...) return select("#", ...), ... end
local t, u = setmetatable({}, mt), setmetatable({}, mt)
print(t + 1, 1 + t, t - 1, 1 - t, t * 2, 2 * t, t / 2, 2 / t, t % 2, 2 % t, t ^ 2, 2 ^ t, t // 2, 2 // t)
print(t & 1, 1 & t, t | 1, t ~ 1, t << 1, 1 << t, t >> 1, 1 >> t, t .. "x", "x" .. t, 1 .. t)
print(-t, ~t, #t, t == u, t ~= u, t < 1, 1 < t, t <= 1, 1 <= t, t > 1, t >= 1, rawequal(t, u), rawlen(t))
print(t(1, nil, 3), t())
print("a" + t, t / "b")
