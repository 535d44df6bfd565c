-- SPDX-License-Identifier: GPL-2.0-only
-- tables and the table library
local function err(...) return (select(2, pcall(...))) end
local function show(t) return "{" .. table.concat(t, ",") .. "}" end
local t = { 1, 2, 3 }
table.insert(t, 4); table.insert(t, 1, 0); table.insert(t, 3, "x")
print(show(t), #t, table.remove(t), table.remove(t, 1), table.remove(t, 2), show(t), table.remove({}), table.remove({}, 0))
print(err(table.insert, t, 10, 1), err(table.insert, t), err(table.insert, t, 1, 2, 3))
print(table.concat({}), table.concat({ 1, "a", 2 }, "-"), table.concat({ 1, 2, 3 }, ",", 2, 3), table.concat({ 1, 2, 3 }, ",", 3, 2), err(table.concat, { {} }))
print(table.unpack({ 1, 2, 3 }), table.unpack({ 1, 2, 3 }, 2), table.unpack({ 1, 2 }, 1, 3), select("#", table.unpack({}, 1, 100)), err(table.unpack, {}, 1, 1 << 40))
print(table.unpack({ [math.maxinteger] = 5 }, math.maxinteger, math.maxinteger))
local p = table.pack(1, nil, 3)
print(p.n, p[1], p[2], p[3], table.pack().n)
print(show(table.move({ 1, 2, 3 }, 1, 3, 2)), show(table.move({ 1, 2, 3 }, 2, 3, 1)), show(table.move({ 1, 2, 3 }, 1, 3, 1, {})), err(table.move, {}, 1, math.maxinteger, 2))
local s = { 5, 2, 8, 1, 9, 3 }
table.sort(s); print(show(s))
table.sort(s, function(a, b) return a > b end); print(show(s))
local w = { "banana", "apple", "cherry", "Date" }
table.sort(w); print(show(w))
local big = {}
local x = 12345
for i = 1, 5000 do x = (x * 1103515245 + 12345) % 2147483648; big[i] = x end
table.sort(big)
for i = 2, #big do assert(big[i - 1] <= big[i]) end
table.sort(big, function(a, b) return a % 1000 < b % 1000 or (a % 1000 == b % 1000 and a < b) end)
for i = 2, #big do assert(big[i - 1] % 1000 <= big[i] % 1000) end
for _, n in ipairs { 100, 1000, 3000 } do
  local a = {}
  for i = 1, n do a[i] = i end
  table.sort(a); assert(a[1] == 1 and a[n] == n)
  for i = 1, n do a[i] = n - i end
  table.sort(a); assert(a[1] == 0 and a[n] == n - 1)
  for i = 1, n do a[i] = 7 end
  table.sort(a); assert(a[1] == 7 and a[n] == 7)
end
print(err(table.sort, { 1, "a", 2 }), err(table.sort, { 1, 2, 3 }, 5))
-- keys
local k = {}
k[1] = "i"; k["1"] = "s"; k[true] = "t"; k[-1] = "n"; k[0] = "z"; k[1 << 53] = "big"; k[(1 << 53) + 1] = "big1"; k[math.maxinteger] = "max"
print(k[1], k["1"], k[true], k[-1], k[0], k[1 << 53], k[(1 << 53) + 1], k[math.maxinteger], k[2], k.x, err(function() k[nil] = 1 end))
print(#{ 1, 2, 3, nil }, #{ nil }, #{ n = 1 }, #{}, #"abc", next({}), next({ 10 }), type(next), rawlen({ 1, 2 }), rawlen("abc"), rawget(k, 1), rawequal(k, k))
local sum, cnt = 0, 0
local m = {}
for i = 1, 1000 do m[i] = i; m["k" .. i] = i; m[-i] = i end
for key, v in pairs(m) do sum = sum + v; cnt = cnt + 1 end
print(sum, cnt)
for key in pairs(m) do m[key] = nil end
print(next(m))
for i, v in ipairs({ 1, 2, nil, 4 }) do print(i, v) end
print(pcall(next, {}, "nokey"), pcall(ipairs))
local proxy = setmetatable({}, { __index = function(_, i) if i <= 3 then return i * 10 end end, __len = function() return 3 end,
                                 __pairs = function(self) return function(_, i) i = (i or 0) + 1; if i <= 2 then return i, "p" .. i end end, self, nil end })
for i, v in ipairs(proxy) do print(i, v) end
for i, v in pairs(proxy) do print(i, v) end
print(#proxy, table.concat(proxy, ","), table.unpack(proxy))
local log = {}
local nt = setmetatable({}, { __newindex = function(t_, key, v) log[#log + 1] = key .. "=" .. tostring(v); rawset(t_, key, v) end })
nt.a = 1; nt.a = 2; nt.b = nil; nt[1] = 5
print(table.concat(log, " "), nt.a, nt.b, nt[1])
local weak = setmetatable({}, { __mode = "k" })
weak[{}] = 1
collectgarbage()
print(next(weak))
local long = {}
for i = 1, 300 do long[i] = i end
print(select("#", table.unpack(long)), select(-1, table.unpack(long)), select(150, table.unpack(long)))
print(#{ table.unpack(long) }, (function(...) return select("#", ...) end)(table.unpack(long)))
