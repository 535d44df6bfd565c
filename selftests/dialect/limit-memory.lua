-- SPDX-License-Identifier: GPL-2.0-only
-- With NFLUA_MEMORY set to 4 MiB: memory ends as an error that can be caught, and
-- the program goes on.
local function full(what, f, ...)
  local ok, msg = pcall(f, ...)
  if ok or not tostring(msg):find("not enough memory", 1, true) then
    error(what .. ": " .. tostring(ok) .. " " .. tostring(msg):sub(1, 100), 2)
  end
  collectgarbage()
end
full("strings", function() local s = "x" while true do s = s .. s end end)
full("rep", function() return ("x"):rep(1 << 30) end)
full("tables", function() local t = {} while true do t = { t } end end)
full("array", function() local t = {} for i = 1, math.maxinteger do t[i] = i end end)
full("hash", function() local t = {} for i = 1, math.maxinteger do t["k" .. i] = i end end)
full("closures", function() local t = {} for i = 1, math.maxinteger do t[i] = function() return i end end end)
full("coroutines", function() local t = {} for i = 1, math.maxinteger do t[i] = coroutine.create(print) end end)
full("depth", function() local function f(n) return 1 + f(n + 1) end return f(1) end)
full("unpack", function() return select("#", table.unpack({}, 1, 150000)) + select("#", table.unpack({}, 1, 200000)) end)
full("concat", function() local t = {} for i = 1, 100 do t[i] = ("x"):rep(100000) end return table.concat(t) end)
full("gsub", function() return (("x"):rep(10000):gsub("x", ("y"):rep(1000))) end)
full("format", function() local s = ("x"):rep(1 << 20) return ("%s%s%s%s%s"):format(s, s, s, s, s) end)
full("load", function() local t = {} for i = 1, 30000 do t[i] = "local v = function() return " .. i .. " end " end local f, m = load("do " .. table.concat(t, "end do ") .. "end") error(m, 0) end)
full("in a coroutine", function() local ok, m = coroutine.resume(coroutine.create(function() local t = {} while true do t[#t + 1] = { t } end end)) error(m, 0) end)
full("in __close", function() local c <close> = setmetatable({}, { __close = function() return ("x"):rep(1 << 30) end }) end)
-- and there is room again
local t = {}
for i = 1, 10000 do t[i] = i end
assert(#t == 10000)
print("done")
