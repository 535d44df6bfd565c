#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Hooks on devices follow them: they wait for a device of their name, and are
# off it when it goes, is renamed, or moves to another namespace.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3
topology

cat >"$TMP/edge.lua" <<'L'
local nf = require("netfilter").new{}
local function f(pkt)
  if pkt.udp and pkt.udp.dport == 4000 then return nf.DROP end
end
nf:hook{ family = "netdev", hook = "ingress", device = "edge0", priority = 0, f }
nf:hook{ family = "inet", hook = "ingress", device = "edge1", priority = 0, f }
L
states() { field "$SERVER" edge '[.entries[].state] | join(" ")'; }
drops() { field "$SERVER" edge '[.entries[].outcomes.drop] | join(" ")'; }
drops_are() { [ "$(drops)" = "$1" ]; }
# device NAME: another pair of links, of which the client has far-NAME
device() {
	ip -n "$CLIENT" link add "far-$1" type veth peer name "$1" netns "$SERVER"
	ip -n "$CLIENT" link set "far-$1" up
	ip -n "$SERVER" link set "$1" up
}
# frames COUNT NAME: to a device, in whatever namespace and under whatever name
# it is now. From one CPU: what comes later is seen later.
frames() {
	printf 'ip4(udp(1, 4000, b"x"))\n%.0s' $(seq "$1") |
		taskset -c 0 ip netns exec "$CLIENT" python3 "$HERE/packets.py" "far-$2" \
			02:00:00:00:00:01 02:00:00:00:00:02
}
rename() {
	ip -n "$SERVER" link set "$1" down && ip -n "$SERVER" link set "$1" name "$2" &&
		ip -n "$SERVER" link set "$2" up
}

check "a script may come before its devices" ctl load "$TMP/edge.lua"
is "and waits for them" "$(states)" "waiting waiting"
check "as show says" grep -q 'netdev ingress 0 edge0, line 2, waiting for the device, on error accept' \
	<(ctl show edge)
is "other devices do not concern it" "$(udp "$CLIENT" "$SERVER4" 1 4000; drops)" "0 0"

device edge0
is "a device comes" "$(states)" "hooked waiting"
device edge1
is "and another" "$(states)" "hooked hooked"
frames 3 edge0
frames 4 edge1
waits_for 10 drops_are "3 4"
is "they are filtered" "$(drops)" "3 4"

check "rename one" rename edge0 other0
is "it is no more of the name" "$(states)" "waiting hooked"
frames 5 edge0
check "rename the other to the first's name" rename edge1 edge0
is "it is the first now" "$(states)" "hooked waiting"
frames 6 edge1
waits_for 10 drops_are "9 4"
is "hooks go by the name" "$(drops)" "9 4"
check "rename the first to the other's" rename other0 edge1
is "both have their names" "$(states)" "hooked hooked"
frames 1 edge0
frames 2 edge1
waits_for 10 drops_are "11 5"
is "and swapped hooks" "$(drops)" "11 5"

namespace away-$$
check "one moves to another namespace" ip -n "$SERVER" link set edge0 netns away-$$
is "it waits again" "$(states)" "waiting hooked"
ip -n away-$$ link set edge0 up
frames 7 edge1
check "and comes back" ip -n away-$$ link set edge0 netns "$SERVER"
ip -n "$SERVER" link set edge0 up
is "hooked again" "$(states)" "hooked hooked"
frames 1 edge1
waits_for 10 drops_are "12 5"
is "what came elsewhere was not filtered" "$(drops)" "12 5"

# --- replace: what stays keeps its place, and its counters ---
check "replace" ctl replace "$TMP/edge.lua"
is "still hooked" "$(states)" "hooked hooked"
frames 1 edge1
frames 1 edge0
waits_for 10 drops_are "13 6"
is "and filtered" "$(drops)" "13 6"
sed 's/edge1/edge2/' "$TMP/edge.lua" >"$TMP/moved.lua"
check "replace by another device" ctl replace --name edge "$TMP/moved.lua"
is "the new one waits" "$(states)" "hooked waiting"
check "and back" ctl replace "$TMP/edge.lua"
is "the old one is hooked" "$(states)" "hooked hooked"
check "delete a device" ip -n "$SERVER" link del edge0
is "its hook waits" "$(states)" "waiting hooked"
check "unload with one there and one not" ctl unload edge
check "delete the other" ip -n "$SERVER" link del edge1

# --- an alternative name is not the name ---
device edge3
ip -n "$SERVER" link property add dev edge3 altname edge0
ctl load "$TMP/edge.lua"
is "an alternative name does not count" "$(states)" "waiting waiting"
ctl unload edge
ip -n "$SERVER" link del edge3

# --- under traffic: devices come and go while scripts do ---
churn() {
	for _ in {1..12}; do
		device edge0 && device edge1 || return 1
		frames 20 edge0 &
		rename edge1 edge2 && rename edge2 edge1
		frames 20 edge1
		wait $!
		ip -n "$SERVER" link del edge0
		ip -n "$SERVER" link del edge1
	done
} 2>/dev/null
churn &
churning=$!
rounds=0 wrong=0
while kill -0 $churning 2>/dev/null; do
	ctl load "$TMP/edge.lua" && ctl replace "$TMP/edge.lua" && ctl show edge >/dev/null &&
		ctl unload edge || wrong=$((wrong + 1))
	rounds=$((rounds + 1))
done
wait $churning
is "devices come and go" $? 0
is "scripts come and go meanwhile ($rounds times)" $wrong 0
check "more than once" [ $rounds -gt 5 ]

# --- a message about a packet, of which nlmon makes a packet that a hook meets ---
cat >"$TMP/told.lua" <<'L'
local nf = require("netfilter").new{ name = "told" }
nf:hook{ family = "netdev", hook = "egress", device = "nlmon0", priority = 0, function() error("a copy") end }
L
if ! modprobe -q nlmon; then
	skip "messages that nlmon copies" "no nlmon in this kernel"
elif ! ip -n "$SERVER" link add nlmon0 type nlmon || ! ip -n "$SERVER" link set nlmon0 up; then
	not_ok "nlmon0 comes up"
elif ! ctl load "$TMP/told.lua" 2>"$TMP/err"; then
	skip "messages that nlmon copies" "$(head -n 1 "$TMP/err")"
else
	ctl monitor errors >"$TMP/told" 2>&1 &
	monitor=$!
	waits_for 10 listens $monitor
	server ip link show >/dev/null
	has_told() { grep -q "a copy" "$TMP/told"; }
	check "errors about netlink messages are told" waits_for 10 has_told
	kill $monitor
	wait $monitor 2>/dev/null
	is "but not what their copies meet" "$(grep -c reentry "$TMP/told")" 0
	check "which is counted" [ "$(field "$SERVER" told '.entries[0].errors.reentry')" -gt 0 ]
	check "unload" ctl unload told
	ip -n "$SERVER" link del nlmon0
fi

# --- a namespace goes with hooks on its devices ---
wrong=0
for _ in {1..10}; do
	ip netns add dying-$$
	ip -n "$CLIENT" link add far-edge0 type veth peer name edge0 netns dying-$$
	ip -n "$CLIENT" link set far-edge0 up
	ip -n dying-$$ link set edge0 up
	nfluactl -n dying-$$ load "$TMP/edge.lua" || wrong=$((wrong + 1))
	frames 5 edge0 2>/dev/null
	ip netns del dying-$$
	gone() { ! ip -n "$CLIENT" link show far-edge0; }
	waits_for 10 gone || wrong=$((wrong + 1))
done
is "namespaces go with their devices and hooks" $wrong 0
finish
