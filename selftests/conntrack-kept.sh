#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Connections that a script keeps: what they tell when the connection has gone,
# how many there may be, and that nothing is left when they are closed or
# forgotten, or when the script or the namespace goes.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command conntrack taskset
topology

# What a datagram's port asks for. All come to one CPU, and so to one state.
cat >"$TMP/kept.lua" <<'L'
local conntrack = require("conntrack")
conntrack.use("accounting")
local nf = require("netfilter").new{ name = "kept" }
local calls = require("map").open{ name = "calls", key = "integer", max = 8 }
kept = {}
found = {}
local act = {
  -- keep
  [7001] = function(ct)
    local h = assert(ct:keep())
    assert(h.id == ct.id and h.info == nil and h.mark == ct.mark)
    if not h.status.confirmed then
      -- its extensions may still move
      local n, message, errno = h:counters()
      assert(n == nil and message == "accounting was off when the connection began" and errno == 61)
      assert(ct:counters() == 1 and h:label(1) == nil and h.helper == nil)
    end
    h.mark = 77
    assert(ct.mark == 77)
    kept[#kept + 1] = { h = h, id = ct.id, sport = ct:tuple().sport, view = h:tuple("reply") }
  end,
  -- alive: confirmed, and counted
  [7002] = function()
    for _, k in ipairs(kept) do
      assert(k.h.id == k.id and k.h.status.confirmed and not k.h.status.dying)
      assert(k.h:counters("original") == 1 and k.h:tuple().sport == k.sport and k.view.dport == k.sport)
    end
  end,
  -- gone, but not forgotten
  [7003] = function()
    for _, k in ipairs(kept) do
      assert(k.h.status.dying and k.h.id == k.id and k.view.dport == k.sport and k.h.mark == 77)
      assert(k.h:counters("original") == 1 and k.h.helper == nil and k.h:kill() == false)
    end
  end,
  -- closed: by name, by a variable
  [7004] = function(ct)
    for _, k in ipairs(kept) do local _ <close> = k.h end
    kept = {}
    for _ = 1, 50 do ct:keep():close() end
  end,
  -- forgotten
  [7005] = function(ct) for _ = 1, 5 do assert(ct:keep()) end end,
  -- as many as there may be
  [7006] = function(ct)
    all = all or {}
    for _ = 1, 16 do all[#all + 1] = assert(ct:keep()) end
    if #all < 256 then return end
    local h, message, errno = ct:keep()
    assert(h == nil and message == "too many connections kept" and errno == 105, "the 257th")
    h, message, errno = all[1]:keep()
    assert(h == nil and errno == 105)
    all[200]:close()
    all[200] = assert(all[100]:keep(), "room again")
    assert(all[200] == all[100] and all[200] ~= all[1])
  end,
  -- close them
  [7007] = function()
    for _ = 1, 32 do all[#all]:close() all[#all] = nil end
  end,
}
nf:hook{ family = "inet", hook = "input", priority = "filter", function(pkt)
  local f = pkt.udp and act[pkt.udp.dport]
  if not f then return end
  calls:incr(0, 1, 0)
  f(pkt.ct)
end }
function hold()
  for ct in conntrack.each() do found[#found + 1] = ct:keep() end
  return #found
end
-- walks that are neither ended nor closed, each with references of its own
function stop_midway()
  walks = {}
  for i = 1, 3 do walks[i] = conntrack.each() walks[i]() end
end
L
reload() {
	ctl unload kept 2>/dev/null
	ctl load --budget 10ms "$TMP/kept.lua" || exit 1
}
reload
# Nothing is to be forgotten meanwhile, however slow the machine.
server sysctl -qw net.netfilter.nf_conntrack_udp_timeout=36000
kept() { field "$SERVER" kept .kept; }
kept_is() { [ "$(kept)" = "$1" ]; }
# as many as there are references: a connection is counted until the last has gone
count() { in_ns "$SERVER" cat /proc/sys/net/netfilter/nf_conntrack_count; }
count_is() { [ "$(count)" = "$1" ]; }
flush() { server conntrack -F >/dev/null 2>&1; }
send() { ON_CPU=0 udp "$CLIENT" "$SERVER4" "${2-1}" "$1"; }
calls=0
expect() {
	send "$@"
	calls=$((calls + ${2-1}))
	is "$3" "$(waits_for 20 has_calls && field "$SERVER" kept '[.entries[0].errors[]] | add')" 0
}
has_calls() { [ "$(ctl -j map get calls 0 | jq .value)" = "$calls" ]; }
is "nothing is kept" "$(kept)" 0

expect 7001 5 "five are kept"
is "five are counted" "$(kept)" 5
expect 7002 1 "they are alive"
flush
is "the table is empty, and five are left" "$(count)" 5
expect 7003 1 "what is gone still answers"
expect 7004 1 "close them"
is "nothing is kept any more" "$(kept)" 0
flush
check "nothing is left of them" waits_for 5 count_is 0
expect 7006 16 "256 may be kept"
is "so many are" "$(kept)" 256
expect 7007 8 "close them, 32 at a time"
is "all were closed" "$(kept)" 0
expect 7005 300 "1500 are forgotten, and it is no error"
check "the collector finds them" [ "$(kept)" -le 256 ]
diag "forgotten, and not found yet: $(kept)"
is "no error was told" "$(field "$SERVER" kept '.entries[0].last_error')" null

# --- the control state ---
reload
flush
calls=0
expect 7001 3 "three are kept"
is "the control state keeps them, too" "$(ctl eval kept 'hold()')" 3
is "both are counted" "$(kept)" 6
ctl eval kept 'stop_midway()' >/dev/null
is "walks that stop midway keep one each" "$(kept)" 9
ctl eval kept 'walks = nil collectgarbage() collectgarbage()' >/dev/null
is "until they are collected" "$(kept)" 6
is "a loop that is left keeps none" "$(ctl eval kept 'for ct in require("conntrack").each() do return ct.id > 0 end')" true
refused "nor does one that fails" 2 'eval:1: no' ctl eval kept 'for ct in require("conntrack").each() do error("no") end'
refused "nor one that is stopped" 2 'ran longer' ctl eval kept 'for ct in require("conntrack").each() do while true do end end'
ctl eval kept 'collectgarbage()' >/dev/null
is "none of them" "$(kept)" 6
refused "a handle is good for its turn" 2 'after it was closed' \
	ctl eval kept 'local c for ct in require("conntrack").each() do if c then print(c.id) end c = ct end'
flush
is "three connections live on by their handles" "$(count)" 3
is "handles of one connection are equal" "$(ctl eval kept 'found[1] == found[1]:keep(), found[1] == found[2]')" "$(printf 'true\tfalse')"

# --- replaced, unloaded, unloaded by force ---
for how in "replace --budget 10ms $TMP/kept.lua" "unload kept" "unload --force kept"; do
	reload
	calls=0
	expect 7001 4 "four are kept before $how"
	ctl eval kept 'hold() stop_midway()' >/dev/null
	check "they are kept" [ "$(kept)" -ge 8 ]
	# shellcheck disable=SC2086
	check "$how" ctl $how
	flush
	check "nothing is left" waits_for 5 count_is 0
done

# --- a new connection that is kept cannot be queued ---
cat >"$TMP/queue.lua" <<'L'
local netfilter = require("netfilter")
local nf = netfilter.new{}
nf:hook{ family = "inet", hook = "input", priority = 200, function(pkt)
  if not pkt.udp or pkt.udp.dport ~= 7012 then return end
  if not K then K = pkt.ct:keep() end
  return netfilter.queue(5, "bypass")
end }
L
check "one that keeps and queues" ctl load --single "$TMP/queue.lua"
# Also for connections that begin before somebody listens.
server sysctl -qw net.netfilter.nf_conntrack_events=1
server conntrack -E -e UPDATE >"$TMP/events" 2>/dev/null &
verdicts() { field "$SERVER" queue '.entries[0] | "\(.errors.verdict // 0) \(.outcomes.queue // 0)"'; }
verdicts_are() { [ "$(verdicts)" = "$1" ]; }
udp "$CLIENT" $SERVER4 1 7012
check "a packet whose new connection is kept is not queued" waits_for 5 verdicts_are "1 0"
check "and its error says why" grep -q "answered QUEUE (its connection is new and kept: a queue would drop it)" <(ctl show queue)
is "it has gone on" "$(server conntrack -L -p udp --dport 7012 2>/dev/null | grep -c dport=7012)" 1
udp "$CLIENT" $SERVER4 1 7012
check "another is queued" waits_for 5 verdicts_are "1 1"

# --- what is written to one in the table is told at once ---
# again until conntrack listens
marks() {
	ctl eval queue 'for ct in require("conntrack").each{ proto = "udp", dport = 7012 } do ct.mark = ct.mark + 1 end' >/dev/null
	grep -q "dport=7012 .*mark=[1-9]" "$TMP/events"
}
check "a mark" waits_for 10 marks
check "unload it" ctl unload queue
flush

# --- finalizers at the end get none ---
cat >"$TMP/last.lua" <<'L'
local conntrack = require("conntrack")
local nf = require("netfilter").new{}
local walk
-- its first turn now, the next when the state ends
function begin() walk = conntrack.each() return walk() ~= nil end
G = setmetatable({}, { __gc = function()
  pcall(function() for ct in conntrack.each() do K = ct:keep() end end)
  pcall(walk)
end })
-- finalizers that make much, where handles are made
local function arm() setmetatable({}, { __gc = function()
  T = nil
  for i = 1, 6000 do T = { T } end
  arm()
end }) end
nf:hook{ family = "inet", hook = "input", priority = 200, function(pkt)
  if not pkt.udp or pkt.udp.dport ~= 7010 then return end
  arm()
  for i = 1, 64 do local h = pkt.ct:keep() end
end }
L
check "one whose finalizers want connections" ctl load --budget 10ms "$TMP/last.lua"
udp "$CLIENT" $SERVER4 20 7010 7011
all_seen() { [ "$(field "$SERVER" last '.entries[0].calls')" -ge 40 ]; }
check "they are looked at" waits_for 20 all_seen
is "a walk begins" "$(ctl eval last 'begin()')" true
check "it goes" ctl unload last
flush
check "nothing is left" waits_for 5 count_is 0

# --- the namespace goes ---
# Namespaces are taken down one after the other: when one that was deleted later
# has lost its device, this one is through.
through() {
	ip netns add "$1" && ip link add "nf$$" type veth peer name x netns "$1" && ip netns del "$1" &&
		waits_for 30 bash -c "! ip link show nf$$"
}
reload
calls=0
expect 7001 5 "five are kept before the namespace goes"
ctl eval kept 'hold() stop_midway()' >/dev/null
check "the control state keeps some, too" [ "$(kept)" -ge 10 ]
is "the namespace goes" "$(ip netns del "$SERVER" 2>&1)" ""
check "all of it" through "nflua-d$$"
check "nothing refers to the module" waits_for 10 bash -c 'rmmod nflua; ! grep -q ^nflua /proc/modules'
finish
