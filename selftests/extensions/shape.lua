-- SPDX-License-Identifier: GPL-2.0-only
-- A target whose declaration has functions for user space: what it is given as
-- an amount and a unit, it keeps as a number of bytes.
local nf = require("netfilter").new()
local units = { b = 1, k = 1024, m = 1024 * 1024 }

nf:extension{
  name = "SHAPE", revision = 3, tables = { "mangle" }, on_error = "drop",
  options = {
    { name = "amount", type = "u32", mandatory = true, help = "bytes, or with k or m behind" },
    { name = "burst", type = "u32", min = 1 },
    { name = "colours", type = "flags", values = { "red", "green", "blue" } },
    { name = "peer", type = "prefix", group = "whom", invertible = true },
    { name = "any", type = "bool", group = "whom", mandatory = true },
  },
  help = function() print("Shapes what " .. "it meets.") end,
  target = function() return nf.CONTINUE end,

  init = function(values) values.burst = 10 end,
  parse = function(option, text, inverted, values)
    if option ~= "amount" then return end
    local n, unit = text:match("^(%d+)([bkm]?)$")
    if not n then return nil, "an amount is digits, and b, k or m, not '" .. text .. "'" end
    return math.tointeger(n) * units[unit == "" and "b" or unit]
  end,
  final_check = function(values)
    if values.burst > values.amount then
      return false, "a burst of " .. values.burst .. " is more than " .. values.amount
    end
    if values.burst == 13 then error("13 is no burst") end
    if values.burst == 14 then return false end
    if values.burst == 15 then values.colours = { "red", "blue" } end
    if values.burst == 16 then values.burts = 1 end
    if values.burst == 17 then values.peer = "nobody" end
    if values.burst == 18 then values.amount = nil end
    if values.peer and tostring(values.peer) == "10.9.0.0/16" then values.inverted.peer = true end
  end,
  print = function(values, numeric)
    return "shape " .. values.amount .. (numeric and " bytes" or " B")
  end,
  save = function(values)
    if values.amount % 1024 ~= 0 then return end
    return ("--amount %dk --burst %d%s"):format(values.amount // 1024, values.burst,
      values.any and " --any" or (values.inverted.peer and " !" or "") .. " --peer " .. values.peer)
  end,
}
