#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Packets that a script holds: stolen, copied, closed, forgotten, too many, too
# old; and what becomes of them when the device, the script, or the namespace
# goes. Whoever sends does not notice, and nothing is left.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3 taskset
topology

# What a datagram's port asks for. All come to one CPU, and so to one state.
cat >"$TMP/held.lua" <<'L'
local nf = require("netfilter").new{ name = "held" }
kept = {}
local function raises(pattern, f, ...)
  local ok, message = pcall(f, ...)
  if ok or not message:find(pattern) then error(("wanted '%s', got '%s'"):format(pattern, message), 2) end
end
local bytes = function(p) return p:header_pointer() end
local act = {
  -- steal, and look at it in the next call
  [1] = function(pkt)
    local before, udp, steal = bytes(pkt), pkt.udp, pkt.steal
    local h = pkt:steal()
    raises("after it was stolen", function() return pkt.len end)
    raises("after it was stolen", function() return udp.dport end)
    raises("after it was stolen", function() pkt.mark = 1 end)
    raises("after it was stolen", function() udp.dport = 1 end)
    raises("after it was stolen", steal, pkt)
    assert(type(h) == "userdata" and #h == #before and h.len == #before and bytes(h) == before)
    assert(h.udp.dport == 7001 and h:u8(0) >> 4 == (h.ip and 4 or 6) and h.iifname == "veth0" and h.hook == "prerouting")
    assert(tostring(h):find("prerouting") and getmetatable(h) == false)
    raises("held already", h.steal, h)
    raises("packet expected", h.close, h.udp)
    kept[1] = { h = h, before = before, udp = h.udp }
    return nf.STOLEN
  end,
  [2] = function(pkt)
    local k = kept[1]
    assert(bytes(k.h) == k.before and k.udp.dport == 7001 and k.h.payload:string() == "nflua", "it is not as it was")
    assert(k.h ~= pkt and k.h.udp ~= pkt.udp)
    assert(k.h:set_u8(0, 0x6e, "transport") and k.udp.sport >> 8 == 0x6e)
    local u8, close = k.h.u8, k.h.close
    k.h:close()
    raises("after it was sent or closed", function() return k.h.len end)
    raises("after it was sent or closed", function() return k.udp.dport end)
    raises("after it was sent or closed", function() k.h.mark = 1 end)
    raises("after it was sent or closed", function() k.udp.dport = 1 end)
    raises("after it was sent or closed", u8, k.h, 0)
    raises("after it was sent or closed", close, k.h)
    kept[1] = nil
  end,
  -- nothing answered means STOLEN, too
  [3] = function(pkt) pkt:steal():close() end,
  -- what a function answers that has stolen its packet
  [4] = function(pkt) pkt:steal():close() return nf.ACCEPT end,
  [5] = function(pkt) local _ <close> = pkt:steal() error("after stealing", 0) end,
  [6] = function(pkt) return nf.STOLEN end,
  [7] = function(pkt) raises("cannot be closed", pkt.close, pkt) end,
  -- copies: each of its own, closed by a variable
  [10] = function(pkt)
    local before = bytes(pkt)
    do
      local a <close>, b, c = pkt:copy(), pkt:clone(), pkt:copy_expand(100, 200)
      assert(bytes(a) == before and bytes(b) == before and bytes(c) == before)
      local d <close> = a:copy()
      assert(a:set_u32(0, 0x64656164, "payload") and b:set_u8(0, 1, "payload") and c:set_u8(0, 2, "payload"))
      assert(bytes(pkt) == before and bytes(d) == before, "a copy shares what was written")
      assert(a.payload:string() == "deada" and b.payload:u8(0) == 1 and c.payload:u8(0) == 2)
      assert(pkt.udp.sport == a.udp.sport and a.udp ~= b.udp)
      raises("4096 bytes", pkt.copy_expand, pkt, 5000, 0)
      raises("4096 bytes", pkt.copy_expand, pkt, 0, -1)
      raises("packet expected", pkt.copy, pkt.udp)
      b:close() c:close()
      kept[10] = a
    end
    raises("after it was sent or closed", function() return #kept[10] end)
  end,
  -- forgotten ones are garbage
  [11] = function(pkt) pkt:copy() return nf.DROP end,
  -- as many as may be
  [12] = function(pkt)
    all = all or {}
    for _ = 1, 8 do all[#all + 1] = assert(pkt:clone()) end
    if #all < 64 then return end
    local h, message, errno = pkt:copy()
    assert(h == nil and message == "too many packets held" and errno == 105, "the 65th")
    h, message, errno = pkt:steal()
    assert(h == nil and errno == 105 and pkt.len, "a packet that is not stolen stays")
    all[7]:close()
    all[7] = assert(pkt:copy(), "room again")
    for i = 1, 64 do all[i]:close() end
    all = nil
  end,
  -- a finalizer closes what is being worked on
  [8] = function(pkt)
    local before = bytes(pkt)
    do
      local h, n = pkt:copy(), 0
      local get, put, trim, close = h.header_pointer, h.put, h.trim, h.close
      setmetatable({}, { __gc = function() h:close() end })
      repeat
        n = n + 1
        local _ = ("x"):rep(3000 + n)   -- work for the collector
        local ok, got = pcall(get, h)
        assert(ok and got == before or not ok and (got:find("sent or closed") or got:find("cut meanwhile")), got)
        ok, got = pcall(put, h, 400)
        assert(ok and got == #before or not ok and got:find("sent or closed"), got)
        pcall(trim, h, #before)
      until not ok or n > 7
      pcall(close, h)
    end
  end,
  -- kept
  [13] = function(pkt) kept[#kept + 1] = pkt:steal() return nf.STOLEN end,
  [14] = function(pkt) kept[#kept + 1] = pkt:copy() kept[#kept + 1] = pkt:clone() return nf.DROP end,
  -- given up meanwhile
  [15] = function(pkt)
    assert(#kept > 0, "none was kept")
    for _, h in ipairs(kept) do raises("held for too long", function() return h.len end) end
    kept = {}
  end,
}
nf:hook{ family = "inet", hook = "prerouting", priority = "raw", function(pkt)
  local f = pkt.udp and act[pkt.udp.dport - 7000]
  if f then return f(pkt) end
end }
function matches(pkt)
  raises("a match may not steal its packet", pkt.steal, pkt)
  raises("a match may not change its packet", pkt.set_u8, pkt, 0, 0)
  local h <close> = pkt:copy()
  assert(h:set_u8(0, 0x45))
  return #h == #pkt
end
function steals(pkt) pkt:steal():close() end
nf:target(function(pkt) if pkt.udp.dport == 7021 then error("no") end kept[#kept + 1] = pkt:steal() return nf.STOLEN end)
L
# Statistics begin anew.
reload() {
	ctl unload held 2>/dev/null
	ctl load --budget 10ms "$TMP/held.lua" || exit 1
}
reload
held() { field "$SERVER" held '"\(.held) \(.forgotten) \(.lost)"'; }
is "nothing is held" "$(held)" "0 0 0"
send() { ON_CPU=0 udp "$CLIENT" "$1" "${3-1}" "$2"; }
hook_calls() { [ "$(field "$SERVER" held '[.entries[] | select(.kind == "hook") | .calls] | add')" -ge "$1" ]; }
hook_errors() { field "$SERVER" held '[.entries[] | select(.kind == "hook") | .errors | to_entries[] | select(.value > 0) | "\(.key)=\(.value)"] | join(" ")'; }

for address in $SERVER4 $SERVER6; do
	reload
	for port in 7001 7002 7003 7007 7010 7008; do send "$address" $port; done
	send "$address" 7012 8
	check "fourteen calls over $address" waits_for 10 hook_calls 14
	is "steal, close, copy, clone, copy_expand and the limit over $address" \
		"$(hook_errors) $(field "$SERVER" held '.entries[] | select(.kind == "hook") | "\(.outcomes.stolen) \(.last_error)"')" \
		" 2 null"
	is "nothing is held over $address" "$(held)" "0 0 0"
done

# --- what has stolen answers nothing else ---
reload
for port in 7004 7005 7006; do send $SERVER4 $port; done
check "three calls" waits_for 10 hook_calls 3
is "answers that are none" "$(hook_errors)" "runtime=1 verdict=2"
is "nothing is left of them" "$(held)" "0 0 0"

# --- forgotten ---
reload
send $SERVER4 7011 300
check "300 calls" waits_for 20 hook_calls 300
is "a copy that is forgotten is no error" "$(hook_errors)" ""
check "forgotten ones are found" [ "$(field "$SERVER" held '.forgotten > 200 and .held <= 64 and .lost == 0 and .held + .forgotten <= 300')" = true ]
diag "held, forgotten, lost: $(held)"

# --- in rules ---
reload
for ipt in iptables ip6tables; do
	server $ipt -A INPUT -p udp --dport 7030 -m lua --script held --function matches -j DROP
	server $ipt -A INPUT -p udp --dport 7020:7021 -j LUA --script held
	server $ipt -A INPUT -p udp --dport 7022 -j LUA --script held --function steals
	server $ipt -A INPUT -p udp --dport 7020:7030 -j DROP
done
rules_called() { counts "$SERVER" held | grep -qx "$1"; }
for address in $SERVER4 $SERVER6; do
	for port in 7020 7021 7022 7030; do send "$address" $port; done
done
check "a match that reads and copies" waits_for 10 rules_called "function matches calls=2 match=2"
check "a target that steals" waits_for 10 rules_called "target held calls=4 stolen=2 runtime=2"
check "a function that steals as a target" waits_for 10 rules_called "function steals calls=2 stolen=2"
is "two are held, or were for ten seconds" "$(field "$SERVER" held ".held + .lost")" 2
read_rules iptables filter
is "rules behind the target do not meet what it stole" "${RULES[7020]-}" "2 1"
for ipt in iptables ip6tables; do server $ipt -F; done

# --- a test run keeps its packet, and the script none of the run's ---
echo 'ip4(udp(1, 7001, b"nflua"))
ip4(udp(1, 7013, b"nflua"))
ip4(udp(1, 7014, b"nflua"))' | python3 "$HERE/packets.py" - 02:00:00:00:00:01 02:00:00:00:00:02 >"$TMP/frames"
reload
while read -r frame; do
	ctl -j run held --entry "hook:inet prerouting -300" --iif veth0 --hex "$frame" --repeat 20 >"$TMP/run" 2>&1
	jq -c '.[0] | [.outcome, .failed]' <"$TMP/run" 2>/dev/null || cat "$TMP/run"
done <"$TMP/frames" >"$TMP/runs"
is "runs of what steals and copies" "$(tr '\n' ' ' <"$TMP/runs")" '["stolen",0] ["stolen",0] ["drop",0] '
is "what a run held is given up with it" "$(field "$SERVER" held '.held')" 0

# --- too old, and the device goes ---
reload
send $SERVER4 7013 3
send $SERVER6 7014 2
check "five calls" waits_for 10 hook_calls 5
is "three stolen, four copied" "$(held)" "7 0 0"
all_lost() { [ "$(held)" = "0 0 $1" ]; }
begin=$SECONDS
check "after ten seconds they are given up" waits_for 20 all_lost 7
check "not before" [ $((SECONDS - begin)) -ge 8 ]
send $SERVER4 7015
check "one more call" waits_for 10 hook_calls 6
is "the script is told when it looks" "$(hook_errors)" ""
send $SERVER4 7013 2
check "two more calls" waits_for 10 hook_calls 8
is "two are held" "$(held)" "2 0 7"
ip -n "$SERVER" link set veth0 down
check "a device that goes down takes them along" waits_for 5 all_lost 9
ip -n "$SERVER" link set veth0 up
ip -n "$SERVER" neigh replace $CLIENT4 dev veth0 lladdr 02:00:00:00:00:01 nud permanent
check "it is up again" waits_for 10 client ping -c 1 -W 1 $SERVER4

# --- replaced, unloaded, unloaded by force, while packets are held ---
for how in "replace --budget 10ms $TMP/held.lua" "unload held" "unload --force held"; do
	reload
	send $SERVER4 7013 3
	check "three are held before $how" waits_for 10 hook_calls 3
	is "as many as that" "$(held)" "3 0 0"
	# shellcheck disable=SC2086
	check "$how" ctl $how
done

# --- finalizers that take the packet that is being read, and move it ---
ctl unload held 2>/dev/null
cat >"$TMP/taken.lua" <<'L'
local nf = require("netfilter").new{}
local current, taken
local meta = { __gc = function()
  if not current or taken then return end
  taken = current:steal()
  if taken then taken:push(200) end
end }
nf:hook{ family = "ipv4", hook = "input", priority = "filter", function(pkt)
  if not pkt.udp or pkt.udp.dport ~= 7015 then return end
  local unpack = pkt.unpack
  for _ = 1, 40 do setmetatable({}, meta) end
  taken, current = nil, pkt
  pcall(unpack, pkt, ("c39"):rep(20), 1, "payload")
  current = nil
  if taken then taken:close() return nf.STOLEN end
end }
L
check "one that takes what is read" ctl load --budget 10ms "$TMP/taken.lua"
client python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(300):
    s.sendto(bytes(900), (sys.argv[1], 7015))' $SERVER4
taken() { [ "$(field "$SERVER" taken '.entries[0] | "\(.calls >= 300) \(.outcomes.stolen > 0) \([.errors[]] | add)"')" = "true true 0" ]; }
check "some were taken so" waits_for 20 taken
taken || diag "$(counts "$SERVER" taken)" "$(field "$SERVER" taken .entries[0].last_error)"
check "unload" ctl unload taken

# --- the namespace goes, and then the device of another ---
reload
send $SERVER4 7013 3
send $SERVER4 7014 3
check "nine are held" waits_for 10 hook_calls 6
is "as many as that" "$(held)" "9 0 0"
is "a device goes with its namespace" "$(ip netns del "$SERVER" 2>&1)" ""
check "the other end is gone" waits_for 10 bash -c "! ip -n $CLIENT link show veth0"
check "nothing refers to the module" waits_for 10 bash -c 'rmmod nflua; ! grep -q ^nflua /proc/modules'
finish
