-- SPDX-License-Identifier: GPL-2.0-only
-- What a function writes to a local of a coroutine that nobody refers to any more,
-- while the collector finds out what finalizers keep alive.
local set, get
local function make()
  local co = coroutine.create(function()
    local x = 0
    set = function(v) x = v end
    get = function() return x end
    coroutine.yield()
  end)
  coroutine.resume(co)
end
local weak = setmetatable({}, { __mode = "v" })
local function prepare()
  make()
  weak[1] = {}
  -- dies, and a large graph with it
  local graph = {}
  for i = 1, 20000 do graph[i] = {} end
  setmetatable({ graph }, { __gc = function() end })
end
for round = 1, 3 do
  collectgarbage()
  collectgarbage("stop")
  prepare()
  for _ = 1, 3000 do
    if not weak[1] then break end
    collectgarbage("step")
  end
  set({ "victim " .. round })
  for _ = 1, 3000 do
    if collectgarbage("step") then break end
  end
  local keep = {}
  for i = 1, 5000 do keep[i] = ("x"):rep(25) .. i end
  for i = 1, 5000 do keep[-i] = { i } end
  print(get()[1])
  collectgarbage("restart")
end
