-- SPDX-License-Identifier: GPL-2.0-only
-- A match with an option of every type. What its function gets of a rule's
-- options it writes into a map, as text.
local netfilter = require("netfilter")
local map = require("map")
local nf = netfilter.new()
local seen = map.open{ name = "types", key = "string", value = "string", max = 100 }

local function text(v)
  if type(v) ~= "table" then return tostring(v) end
  if v.first then return v.first .. ":" .. v.last end
  local parts = {}
  if v[1] then
    for i, e in ipairs(v) do parts[i] = text(e) end
  else
    for _, day in ipairs{ "mon", "tue", "wed" } do
      if v[day] then parts[#parts + 1] = day end
    end
  end
  return table.concat(parts, ",")
end

local options = {
  { name = "small", type = "u8", min = 3, max = 200, invertible = true, help = "a small number" },
  { name = "word", type = "u16" },
  { name = "wide", type = "u32", default = 70000 },
  { name = "big_one", type = "u64" },
  { name = "signed", type = "i64", min = -5 },
  { name = "numbers", type = "u16", repeated = 3, max = 1000 },
  { name = "label", type = "string", size = 12 },
  { name = "labels", type = "string", size = 8, repeated = 2 },
  { name = "on", type = "bool", invertible = true },
  { name = "colour", type = "enum", values = { "red", "green", "light-blue" } },
  { name = "days", type = "flags", values = { "mon", "tue", "wed" } },
  { name = "host", type = "address", invertible = true },
  { name = "net", type = "prefix" },
  { name = "nets", type = "prefix", repeated = 3 },
  { name = "ports", type = "portrange", repeated = 4, invertible = true },
  { name = "dev", type = "interface" },
  { name = "hw", type = "mac", invertible = true },
}

nf:extension{
  name = "types", help = "Every type that there is.", options = options,
  match = function(pkt, info)
    for _, option in ipairs(options) do
      local value = info[option.name]
      if value ~= nil then
        seen:set(option.name, (info.inverted[option.name] and "! " or "") .. text(value))
      end
    end
    return true
  end,
}
