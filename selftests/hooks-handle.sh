#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Handles of hooks: unregister() in the body, from packets and from eval.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
topology

# --- in the body ---
load body <<'L'
local nf = require("netfilter").new{}
local function hook(f, priority)
  return nf:hook{ family = "ipv4", hook = "input", priority = priority or 0, f }
end
local a = hook(function(pkt) error("a") end)
local b = hook(function(pkt) if pkt.udp and pkt.udp.dport == 4000 then return nf.DROP end end)
nf:match(function() return true end)
print(tostring(a), tostring(b), type(a))
print(a:unregister(), a:unregister())
local c = hook(function(pkt) if pkt.udp and pkt.udp.dport == 4001 then return nf.DROP end end)
local d = hook(function(pkt) error("d") end, 7)
print(tostring(c), d:unregister())
print(pcall(function() return a.unregsiter end))
print(pcall(a.unregister), getmetatable(a))
-- a handle that nobody has is registered all the same
hook(function(pkt) if pkt.udp and pkt.udp.dport == 4002 then return nf.DROP end end, 8)
collectgarbage()
L
is "what is taken back is not there" \
	"$(field "$SERVER" body '[.entries[] | "\(.kind) \(.name)"] | join(", ")')" \
	"hook ipv4 input 0 #2, match body, hook ipv4 input 0, hook ipv4 input 8"
udp "$CLIENT" "$SERVER4" 1 4000
udp "$CLIENT" "$SERVER4" 2 4001
udp "$CLIENT" "$SERVER4" 3 4002
body() { field "$SERVER" body '[.entries[] | select(.kind == "hook") | "\(.outcomes.drop)/\(.errors.runtime)"] | join(" ")'; }
body_is() { [ "$(body)" = "$1" ]; }
waits_for 10 body_is "1/0 2/0 3/0"
is "and each of the others has its function" "$(body)" "1/0 2/0 3/0"
ctl unload body
is "what the body saw" "$(ctl -j check "$TMP/body.lua" | jq -r '.[0].output')" "hook: ipv4 input 0	hook: ipv4 input 0 #2	userdata
true	false
hook: ipv4 input 0	true
false	body:13: hook has no field 'unregsiter' (it has: unregister)
false	false"

# --- from a packet, while others come ---
cat >"$TMP/once.lua" <<'L'
local nf = require("netfilter").new{}
local h, other
h = nf:hook{ family = "inet", hook = "input", priority = 0, function(pkt)
  if not pkt.udp then return end
  if pkt.udp.dport == 4100 then return nf.DROP end
  if pkt.udp.dport == 4101 then print(h:unregister(), h:unregister()) return nf.DROP end
end }
other = nf:hook{ family = "inet", hook = "input", priority = 1, function(pkt)
  if not pkt.udp then return end
  if pkt.udp.dport == 4100 or pkt.udp.dport == 4101 then return nf.DROP end
  if pkt.udp.dport == 4102 then h:unregister() return nf.DROP end
end }
H, OTHER = h, other
L
once() { field "$SERVER" once '[.entries[] | select(.kind == "hook") | "\(.state) \(.outcomes.drop) \([.errors[]] | add)"] | join(", ")'; }
once_is() { [ "$(once)" = "$1" ]; }
# become WHAT STATE
become() {
	waits_for 10 once_is "$2"
	is "$1" "$(once)" "$2"
}
check "load" ctl load "$TMP/once.lua"
udp "$CLIENT" "$SERVER4" 2 4100
become "the first drops" "hooked 2 0, hooked 0 0"
udp "$CLIENT" "$SERVER4" 1 4101
become "it unregisters itself" "unregistered 3 0, hooked 0 0"
udp "$CLIENT" "$SERVER4" 4 4100
udp "$CLIENT" "$SERVER6" 4 4100
become "and is not called any more" "unregistered 3 0, hooked 8 0"
calls=$(field "$SERVER" once '.entries[0].calls')
client ping -c 1 -W 2 "$SERVER4" >/dev/null
is "for no packet" "$(field "$SERVER" once '.entries[0].calls')" "$calls"
check "as show says" grep -q 'inet input 0, line 3, unregistered, on error accept, calls' <(ctl show once)
if server nft list hooks ip 2>/dev/null | grep -q hook; then
	listed() { [ "$(server nft list hooks ip | grep -c '\[nflua\]')" = "$1" ]; }
	check "it is off the kernel's list" waits_for 10 listed 1
else
	skip "it is off the kernel's list" "this kernel or this nft can't"
fi
check "a replace" ctl replace "$TMP/once.lua"
udp "$CLIENT" "$SERVER4" 2 4100
become "brings it back" "hooked 5 0, hooked 8 0"
udp "$CLIENT" "$SERVER4" 1 4102
become "another hook's packet unregisters it" "unregistered 5 0, hooked 9 0"
ctl replace "$TMP/once.lua"

# --- from the control state ---
is "eval unregisters" "$(ctl eval once 'return H:unregister(), H:unregister()')" $'true\tfalse'
udp "$CLIENT" "$SERVER4" 2 4100
become "at once" "unregistered 5 0, hooked 11 0"
is "once only" "$(ctl eval once 'return H:unregister()')" false
is "the other, too" "$(ctl eval once 'return OTHER:unregister()')" true
is "nothing is left" "$(once)" "unregistered 5 0, unregistered 11 0"
ctl replace "$TMP/once.lua"
is "a replace brings both back" "$(once)" "hooked 5 0, hooked 11 0"

# --- a test run changes nothing ---
nfluactl -n "$SERVER" run once --entry "inet input 1" --raw \
	--hex "$(echo 'ip4(udp(1, 4102))' | python3 "$HERE/packets.py" - 00:00:00:00:00:00 00:00:00:00:00:00 | cut -c 29-)" \
	>"$TMP/out" 2>&1
is "a test run ends as it should" "$(cat "$TMP/out")" "1 drop"
is "and changes nothing" "$(once)" "hooked 5 0, hooked 11 0"
check "unload" ctl unload once

# --- from a rule's target, and with a device that is not there ---
load rule <<'L'
local nf = require("netfilter").new{}
local h = nf:hook{ family = "netdev", hook = "ingress", device = "later0", priority = 0, function() return nf.DROP end }
local g = nf:hook{ family = "ipv4", hook = "output", priority = 0, function(pkt)
  if pkt.udp and pkt.udp.dport == 4200 then return nf.DROP end
end }
nf:target(function(pkt) h:unregister() g:unregister() return nf.DROP end)
L
server iptables -A INPUT -p udp --dport 4201 -j LUA --script rule
rule() { field "$SERVER" rule '[.entries[] | "\(.state) \(.outcomes.drop)"] | join(", ")'; }
rule_is() { [ "$(rule)" = "$1" ]; }
udp "$SERVER" "$CLIENT4" 2 4200
is "before" "$(rule)" "waiting 0, hooked 2, null 0"
udp "$CLIENT" "$SERVER4" 1 4201
check "a target may unregister" waits_for 10 rule_is "unregistered 0, unregistered 2, null 1"
settled() { [ "$(server nft list hooks ip 2>/dev/null | grep -c 'nflua_hook_run \[nflua\]')" = 0 ]; }
waits_for 10 settled
ip -n "$SERVER" link add later0 type dummy
is "a device that comes is not hooked" "$(rule)" "unregistered 0, unregistered 2, null 1"
ctl replace "$TMP/rule.lua"
is "after a replace it is" "$(rule)" "hooked 0, hooked 2, null 1"
server iptables -F
ctl unload rule
ip -n "$SERVER" link del later0

# --- on all CPUs at once, while the script is replaced ---
cat >"$TMP/race.lua" <<'L'
local nf = require("netfilter").new{}
local all = {}
for i = 1, 20 do
  all[i] = nf:hook{ family = "inet", hook = "output", priority = i, function(pkt)
    if pkt.udp and pkt.udp.dport == 4300 then all[math.random(20)]:unregister() end
  end }
end
setmetatable(all, { __gc = function() for _, h in ipairs(all) do h:unregister() end end })
L
touch "$TMP/on"
senders=()
for cpu in $(seq 0 $(($(nproc) - 1))); do
	while [ -e "$TMP/on" ]; do ON_CPU=$cpu udp "$SERVER" "$CLIENT4" 50 4300; done &
	senders+=($!)
done
wrong=0
ctl load "$TMP/race.lua"
for _ in {1..25}; do
	ctl replace "$TMP/race.lua" || wrong=$((wrong + 1))
	ctl show race >/dev/null || wrong=$((wrong + 1))
done
some() { [ "$(field "$SERVER" race '[.entries[] | select(.state == "unregistered")] | length')" -gt 0 ]; }
check "hooks go while it is replaced" waits_for 10 some
is "and replacing works" $wrong 0
check "unload" ctl unload race
rm "$TMP/on"
wait "${senders[@]}"
# and while its namespace goes
for _ in {1..5}; do
	ip netns add dying-$$
	# shellcheck disable=SC2016
	ip netns exec dying-$$ bash -c '
		ip link set lo up
		nfluactl load "$1" || exit 1
		for ((i = 0; i < 100; i++)); do printf x >/dev/udp/127.0.0.1/4300; done' bash "$TMP/race.lua" \
		2>/dev/null || wrong=$((wrong + 1))
	ip netns del dying-$$
done
is "namespaces go" $wrong 0
finish
