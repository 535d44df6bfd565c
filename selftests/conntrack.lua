-- SPDX-License-Identifier: GPL-2.0-only
-- For conntrack.sh: every packet's connection, described by all that a script can
-- read of it, as "conntrack -L -o extended,id" does.
local conntrack = require("conntrack")
conntrack.use("accounting", "labels")
local nf = require("netfilter").new{ name = "ct" }
local open = require("map").open
-- the last line of each connection, what its packets were, and errors
local lines = open{ name = "lines", key = "integer", value = "string", size = 512, max = 1024 }
local infos = open{ name = "infos", key = "integer", value = "string", size = 512, max = 1024 }
local notes = open{ name = "notes", key = "string", value = "string", size = 512, max = 64 }

local names = { [1] = "icmp", [6] = "tcp", [17] = "udp", [58] = "icmpv6" }

local function half(ct, dir)
  local t, s = ct:tuple(dir), {}
  s[#s + 1] = ("src=%s dst=%s"):format(t.src, t.dst)
  if t.sport then s[#s + 1] = ("sport=%d dport=%d"):format(t.sport, t.dport) end
  if t.type then s[#s + 1] = ("type=%d code=%d id=%d"):format(t.type, t.code, t.id) end
  -- a zone of both directions is told once, at the end
  if t.zone ~= 0 and (ct:tuple().zone == 0 or ct:tuple("reply").zone == 0) then
    s[#s + 1] = ("zone-%s=%d"):format(dir == "reply" and "reply" or "orig", t.zone)
  end
  local packets, bytes = ct:counters(dir)
  if packets then s[#s + 1] = ("packets=%d bytes=%d"):format(packets, bytes) end
  return table.concat(s, " ")
end

-- without the timeout, which is another by the time that anyone compares it
function line(ct)
  local t, status, s = ct:tuple(), ct.status, {}
  s[#s + 1] = ("%s %d %s %d"):format(t.family, t.family == "ipv6" and 10 or 2, names[t.proto], t.proto)
  if ct.tcp then s[#s + 1] = ct.tcp.state end
  s[#s + 1] = half(ct, "original")
  if not status.seen_reply then s[#s + 1] = "[UNREPLIED]" end
  s[#s + 1] = half(ct, "reply")
  if status.assured then s[#s + 1] = "[ASSURED]" end
  s[#s + 1] = ("mark=%d"):format(ct.mark)
  if t.zone ~= 0 and t.zone == ct:tuple("reply").zone then s[#s + 1] = ("zone=%d"):format(ct.zone) end
  if ct.helper then s[#s + 1] = ("helper=%s"):format(ct.helper) end
  s[#s + 1] = ("id=%d"):format(ct.id)
  return table.concat(s, " ")
end

-- What a datagram's port asks to be done to its connection.
local act = {
  [6001] = function(ct) ct.mark = 0xfeedbeef end,
  [6002] = function(ct)
    if ct.info == "new" then assert(ct:label(0) == false and #ct:labels() == 0) end
    for _, bit in ipairs{ 0, 31, 32, 64, 127 } do assert(ct:label(bit, true) == true and ct:label(bit)) end
    assert(ct:label(32, false) and not ct:label(32))
    assert(table.concat(ct:labels(), " ") == "0 31 64 127")
  end,
  [6003] = function(ct)
    ct.timeout = 4321
    assert(ct.timeout == 4321)
    raises("ct.mark is a number, not a string", function() ct.mark = "1" end)
    raises("ct.mark is 4294967296, but has 32 bits", function() ct.mark = 1 << 32 end)
    raises("ct.timeout is %-1, but has 32 bits", function() ct.timeout = -1 end)
  end,
  [6004] = function(ct, pkt)
    -- a new one is not in the table; one that has been answered is
    local r, message, errno = ct:kill()
    if ct.info == "new" and not ct.status.confirmed then
      assert(r == nil and message:find("drop its packet") and errno == 11)
    else
      assert(r == true and ct.status.dying and ct:kill() == false)
    end
  end,
}

local function packet(pkt)
  local ct, p, id = pkt.ct, nil, nil
  if not ct then return end
  id = ct.id
  assert(pkt:connid() == id and ct == pkt.ct)
  local c, number = conntrack.get(pkt)
  assert(c == ct and conntrack["IP_CT_" .. ct.info:upper()] == number)
  assert(ct.is_reply == (number >= conntrack.IP_CT_IS_REPLY))
  local udp = pkt.udp
  if udp and act[udp.dport] then act[udp.dport](ct, pkt) end
  lines:set(id, line(ct))
  infos:set(id, (infos:get(id) or "") .. ct.info .. " ")
end
nf:hook{ family = "inet", hook = "input", priority = 200, packet }
nf:hook{ family = "inet", hook = "output", priority = 200, packet }

-- Before conntrack, and behind it, by port.
for priority, name in pairs{ [-299] = "early ", [-199] = "late " } do
  nf:hook{ family = "inet", hook = "prerouting", priority = priority, function(pkt)
    if not pkt.udp then return end
    local c, n = conntrack.get(pkt)
    assert(c == pkt.ct and (c == nil) == (pkt:connid() == nil))
    notes:set(name .. pkt.udp.dport, ("%s %s"):format(c and "ct" or "nil", n))
  end }
end

function raises(pattern, f, ...)
  local ok, message = pcall(function(...)
    local called = f(...)
    return called
  end, ...)
  if ok or not message:find(pattern) or not message:find("^[%w-]+:%d+: ") then error(("wanted '%s', got '%s'"):format(pattern, message), 2) end
end

-- Of a match: its packet it may only read, but a connection is no part of it.
function matches(pkt)
  local ct = pkt.ct
  raises("a match may not change its packet", function() pkt.mark = 1 end)
  ct.mark = 5
  local h <close> = ct:keep()
  assert(h.mark == 5 and ct:label(1, true) and ct:label(1))
  h.mark = 0
  return ct.mark == 0 and ct:label(1, false) and not ct:label(1) and h.id == ct.id and h.info == nil and h.is_reply == nil
end

local old, tuple, status
function misuse(pkt)
  local ct = pkt.ct
  if old then
    raises("outside its callback", function() return old.id end)
    raises("outside its callback", function() return tuple.src end)
    raises("outside its callback", function() return status.dying end)
    raises("outside its callback", function() old.mark = 1 end)
    raises("outside its callback", old.tuple, old)
    assert(old ~= ct and tostring(old) == "ct (gone)")
  end
  old, tuple, status = ct, ct:tuple(), ct.status
  raises("ct has no field 'foo' .it has: id info is_reply status zone mark timeout", function() return ct.foo end)
  raises("ct has no field of type number", function() return ct[1] end)
  raises("ct has no length", function() return #ct end)
  raises("tuple has no field 'mark' .it has: family proto src", function() return tuple.mark end)
  raises("ct.status has no field", function() return status.foo end)
  raises("ct has no field 'foo'", function() ct.foo = 1 end)
  raises("ct.id cannot be set", function() ct.id = 1 end)
  raises("ct.kill cannot be set", function() ct.kill = 1 end)
  raises("tuple.src cannot be set", function() tuple.src = 1 end)
  raises("ct.status.dying cannot be set", function() status.dying = true end)
  raises("invalid option 'both'", ct.tuple, ct, "both")
  raises("invalid option 'foo'", ct.counters, ct, "foo")
  raises("from 0 to 127", ct.label, ct, 128)
  raises("from 0 to 127", ct.label, ct, -1)
  raises("boolean expected", ct.label, ct, 1, 1)
  raises("connection expected", ct.tuple, pkt)
  raises("connection expected", ct.kill, pkt.udp)
  raises("connection expected", ct.keep, tuple)
  raises("connection expected", ct.keep, 7)
  raises("connection expected", ct.keep)
  raises("packet expected", pkt.u8, ct, 0)
  raises("packet expected", pkt.connid, ct)
  raises("packet expected", conntrack.get, ct)
  raises("ct has no length", function() return #ct end)
  raises("not kept cannot be closed", ct.close, ct)
  raises("conntrack.find runs in the control state .nfluactl eval., and this is the packet state of CPU %d", conntrack.find, {})
  raises("conntrack.each runs in the control state .nfluactl eval., and this is the packet state of CPU %d", conntrack.each)
  raises("called while the script is loaded", conntrack.use, "labels")
  raises("conntrack has no field 'foo'", function() return conntrack.foo end)
  assert(getmetatable(ct) == false and ct.tcp == nil and tuple.type == nil and ct:master() == nil)
  assert(tostring(ct) == ("udp %s:%d > %s:%d"):format(pkt.ip.src, pkt.udp.sport, pkt.ip.dst, pkt.udp.dport))
  local h <close> = ct:keep()
  assert(h == ct:keep() and tostring(h) == tostring(ct) and getmetatable(h) == false)
  raises("ct has no field 'foo'", function() return h.foo end)
  local t = h:tuple("reply")
  assert(t.sport == pkt.udp.dport and t.dst == pkt.ip.src)
  h:close()
  h:close()
  raises("after it was closed", function() return h.id end)
  raises("after it was closed", function() return t.src end)
  raises("after it was closed", function() h.mark = 1 end)
  raises("after it was closed", function() return h:tuple() end)
end

-- For eval: what the callbacks saw, and what the table has.
function dump()
  for _, v in pairs(lines) do print(v) end
end
function all()
  for ct in conntrack.each() do print(line(ct)) end
end
function timeouts()
  for ct in conntrack.each() do print(ct.id, ct.timeout) end
end
function infos_of(query)
  for ct in conntrack.each(query) do print(infos:get(ct.id)) end
end
