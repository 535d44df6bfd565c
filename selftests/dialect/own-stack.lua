-- SPDX-License-Identifier: GPL-2.0-only
-- Without a limit of memory, recursion in Lua ends at the size of Lua's own stack.
local depth = 0
local function f() depth = depth + 1 return 1 + f() end
local ok, msg = pcall(f)
assert(not ok and msg:find("^own%-stack.lua:4: stack overflow"), msg)
assert(depth > 100000, depth)
-- and again, in a coroutine
local first = depth
depth = 0
ok, msg = coroutine.resume(coroutine.create(f))
assert(not ok and msg:find("stack overflow"), msg)
assert(depth > 100000 and math.abs(depth - first) < 100, depth)
-- a handler still has room to run
ok, msg = xpcall(f, function(m) return "handled: " .. m end)
assert(not ok and msg:find("^handled: .*stack overflow"), msg)
-- and arguments that do not fit
ok, msg = pcall(table.unpack, {}, 1, 2000000)
assert(not ok and msg:find("too many results to unpack"), msg)
ok, msg = pcall(string.rep, "x", -1)
assert(ok and msg == "")
