-- SPDX-License-Identifier: GPL-2.0-only
-- A helper for FTP: lets the data connections through that PORT, EPRT, PASV and
-- EPSV announce, also where NAT translates them.
--
--   nfluactl load lua/examples/ftp-lua.lua
--   iptables -t raw -A PREROUTING -p tcp --dport 21 -j CT --helper ftp-lua
--   iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
--
-- A line may come in parts. They go on, and what they were is kept until the rest
-- comes. Where NAT translates the connection they are dropped at first, for TCP to
-- send the line in one piece: what has gone on cannot be rewritten. But while TCP
-- waits for an answer it may send nothing new, so that what comes again and again
-- goes on.
local netfilter = require("netfilter")
local ip = require("luapacket").ip
local nf = netfilter.new{ name = "ftp-lua" }
-- by connection and direction: the sequence number where a line began, and its text
local parts = require("map").open{ name = "ftp-lua-parts", key = "string", value = "string",
  size = 132, max = 1024, evict = "lru" }

-- "192,0,2,1,78,52" as address and port; nothing if it is neither
local function numbers(s)
  local n = {}
  for d in s:gmatch("%d+") do n[#n + 1] = #d <= 3 and tonumber(d) or 256 end
  for i = 1, 6 do if n[i] > 255 then return end end
  return ip(table.concat(n, ".", 1, 4)), n[5] * 256 + n[6]
end

-- What a line announces: where that begins and ends, what precedes it when it is
-- written anew, address and port.
local quad = "()(%d+,%d+,%d+,%d+,%d+,%d+)()"
local function port(line)
  local from, n, to = line:match("^[Pp][Oo][Rr][Tt] +" .. quad .. "\r\n")
  if n then return from, to, "", numbers(n) end
end
local function pasv(line)
  local from, n, to = line:match("^227 [^%d\r\n]*" .. quad .. "[^%d,]")
  if n then return from, to, "", numbers(n) end
end
local function eprt(line)
  local from, _, v, a, p, to = line:match("^[Ee][Pp][Rr][Tt] +()([!-/:-~])([12])%2([%x.:]+)%2(%d+)%2()\r\n")
  local ok, address = pcall(ip, a or "")
  if ok and (v == "2") == (a:find(":", 1, true) ~= nil) then return from, to, "|" .. v .. "|", address, tonumber(p) end
end
local function epsv(line, sender)
  local from, _, p, to = line:match("^229 [^(\r\n]*%(()([!-/:-~])%2%2(%d+)%2()%)")
  if p then return from, to, "|||", sender, tonumber(p) end
end
local parsers = { [false] = { port, eprt }, [true] = { pasv, epsv } }
local words = { [false] = { "PORT ", "EPRT " }, [true] = { "227 ", "229 " } }

local function text(kind, address, p)
  if kind == "" then
    return (tostring(address):gsub("%.", ",")) .. "," .. p // 256 .. "," .. p % 256
  end
  return kind .. (kind == "|||" and "" or tostring(address) .. "|") .. p .. "|"
end

-- Expects what the line at a position announces. How much longer the packet is
-- then; nothing if it must not go on.
local function announce(pkt, ct, at, line)
  local reply = ct.is_reply
  local sender = ct:tuple(reply and "reply" or "original").src
  local known = ct:tuple(reply and "original" or "reply").dst -- what the peer calls it
  for _, parse in ipairs(parsers[reply]) do
    local from, to, kind, address, p = parse(line, sender)
    -- to send the peer to a third host is none of the sender's business
    if from and address == sender and p and p > 0 and p < 65536 then
      local e = ct:expect{ dport = p }
      if not e then return end
      if e.dport == p and (known == address or kind == "|||") then return 0 end
      if at + from < 2 then -- it would have to be rewritten, and has gone on
        e:cancel()
        return 0
      end
      local new = text(kind, known, e.dport)
      if pkt:mangle(at + from - 1, to - from, new) then return #new - (to - from) end
      e:cancel()
      return
    end
  end
  return 0
end

-- May these bytes become one of the lines, when the rest of them comes?
local function may_become(s, reply)
  if #s == 0 or #s > 128 then return false end
  s = s:upper()
  for _, word in ipairs(words[reply]) do
    local n = math.min(#s, #word)
    if s:sub(1, n) == word:sub(1, n) then return true end
  end
  return false
end

-- ct.data: for each direction the sequence numbers where the last line began and
-- the one before (it may be sent again), and where a part was dropped; then which of
-- them there are, and how often that part has come.
local layout = "I4I4I4B"
local function after(a, b) return a ~= b and (a - b) & 0xffffffff < 0x80000000 end

-- Where in a text of a packet the first line begins and the last whole one ends;
-- nothing if it must not go on. A part that goes on is kept under the key.
local function follow(ct, key, seq, s)
  local reply, nat = ct.is_reply, ct.status.snat or ct.status.dnat
  local place = reply and 14 or 1
  local last = s:match("^.*\n()") or 1
  local from, part, held, start
  repeat
    local old = ct.data
    local now, before, part_at, known = string.unpack(layout, old, place)
    local begins = known & 1 ~= 0 and seq == now or known & 2 ~= 0 and seq == before
    from = begins and 1 or (s:find("\n", 1, true) or #s) + 1
    if known & 4 ~= 0 and after(seq, part_at) then return end
    local times = known & 4 ~= 0 and seq == part_at and known >> 3 or 0
    part = may_become(s:sub(math.max(from, last)), reply)
    -- a full segment would come again as it is, and never whole
    held = part and nat and #s <= 512 and times < 3
    start = (seq + (part and math.max(from, last) - 1 or #s)) & 0xffffffff
    known = known & 3
    if held then
      part_at, known = seq, known | 4 | times + 1 << 3
    elseif (part or last > #s) and (known & 1 == 0 or after(start, now)) then
      now, before, known = start, now, known << 1 & 2 | 1
    end
    local new = string.pack(layout, now, before, part_at, known)
    new = old:sub(1, place - 1) .. new .. old:sub(place + #new)
    -- first, for the rest may be met on another CPU as soon as it may follow
    if part and not held then parts:set(key, string.pack("I4", start) .. s:sub(math.max(from, last))) end
  until ct:swap_data(old, new)
  if held then return end
  return from, last - 1
end

nf:helper{ name = "ftp-lua", proto = "tcp", expect = { max = 1, timeout = 300 },
  function(pkt, ct, info)
    if not info:find("^established") or not pkt.payload then return end
    -- the end of what is longer than any line: it is where the next one begins
    local longer = math.max(#pkt.payload - 4096, 0)
    local s = pkt.payload:string(longer + 1)
    if s == "" then return end
    local seq = pkt.tcp.seq + longer
    -- the part that it goes on with
    local key = string.pack("I4B", ct.id, ct.is_reply and 1 or 0)
    local part = parts:get(key) or ""
    part = #part > 4 and (string.unpack("I4", part) + #part - 4 - seq) & 0xffffffff == 0 and part:sub(5) or ""
    s = part .. s
    local at, to = follow(ct, key, (seq - #part) & 0xffffffff, s)
    if not at then return nf.DROP end
    longer = longer - #part
    for line in s:sub(at, to):gmatch("[^\n]*\n") do
      local n = announce(pkt, ct, at + longer, line)
      if not n then return nf.DROP end
      at, longer = at + #line, longer + n
    end
  end }
