#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# 100,000 connections, each marked and labelled, many of them kept for a while,
# while the namespaces that they are in are unloaded, and die in the midst of it.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3 conntrack
PY=$HERE/conntrack.py
ROUNDS=10
EACH=5000	# datagrams of one sender in a round; there are two
namespace "$CLIENT"

limit=$(cat /proc/sys/net/netfilter/nf_conntrack_max)
at_exit "sysctl -eqw net.netfilter.nf_conntrack_max=$limit"
[ "$limit" -ge 60000 ] || sysctl -qw net.netfilter.nf_conntrack_max=60000

cat >"$TMP/storm.lua" <<'L'
local conntrack = require("conntrack")
conntrack.use("accounting", "labels")
local nf = require("netfilter").new{ name = "storm" }
local total = require("map").open{ name = "total", key = "integer", max = 8 }
local ring, at = {}, 0
nf:hook{ family = "inet", hook = "prerouting", priority = "mangle", function(pkt)
  if pkt.ct then pkt.ct.timeout = 30 end
end }
nf:hook{ family = "inet", hook = "input", priority = "filter", function(pkt)
  local ct = pkt.ct
  if not pkt.udp or not ct then return end
  at = at + 1
  ct.mark = at
  assert(ct:label(at & 127, true))
  -- one in each place is kept until the next comes: closed then, killed, forgotten
  local i = at % 200
  local old = ring[i]
  if old then
    if old.status.confirmed then assert(old:label(old.mark & 127)) end
    if at % 4 == 0 then old:close() elseif at % 4 == 1 then old:kill() old:close() end
  end
  ring[i] = ct:keep()
  total:incr(0, 1, 0)
  -- of these the connection is never confirmed
  if at % 3 == 0 then return nf.DROP end
end }
found = {}
function hold()
  for ct in conntrack.each{ proto = "udp" } do
    found[#found + 1] = ct:keep()
    if #found == 200 then break end
  end
  walk = conntrack.each()
  walk()
  return #found
end
L

through() {
	ip netns add "$1" && ip link add "nf$$" type veth peer name x netns "$1" && ip netns del "$1" &&
		waits_for 60 bash -c "! ip link show nf$$"
}

for host in {1..250}; do echo "addr add 10.78.0.$host/16 dev lo"; done | ip -n "$CLIENT" -batch -
sent=0
met=0
errors=0
for ((round = 1; round <= ROUNDS; round++)); do
	ns=nflua-r$$-$round
	namespace "$ns"
	ip -n "$CLIENT" link add "v$round" type veth peer name veth0 netns "$ns"
	ip -n "$ns" link set veth0 address 02:00:00:00:00:02 up
	ip -n "$CLIENT" link set "v$round" up
	in_ns "$ns" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.veth0.rp_filter=0
	for n in 1 2; do
		ip -n "$ns" addr add "10.79.$round.$n/16" dev veth0
		ip -n "$CLIENT" route add "10.79.$round.$n" dev "v$round"
		ip -n "$CLIENT" neigh replace "10.79.$round.$n" dev "v$round" lladdr 02:00:00:00:00:02 nud permanent
	done
	nfluactl -n "$ns" load --budget 10ms "$TMP/storm.lua" || not_ok "the script loads in round $round"
	senders=()
	for n in 1 2; do
		client python3 "$PY" storm $((n - 1)) "10.79.$round.$n" 10.78.0 $EACH 2>"$TMP/err" &
		senders+=($!)
	done
	has_met() { [ "$(nfluactl -j -n "$ns" map get total 0 2>/dev/null | jq .value)" -ge "$1" ]; }
	case $((round % 3)) in
	0)	# in the midst of it
		waits_for 60 has_met $((EACH / 2))
		nfluactl -n "$ns" eval storm 'hold()' >"$TMP/hold" || not_ok "hold in round $round"
		ip netns del "$ns"
		wait "${senders[@]}"
		;;
	1)	# replaced in the midst of it, and dies afterwards
		waits_for 60 has_met $((EACH / 2))
		nfluactl -n "$ns" eval storm 'hold()' >"$TMP/hold" || not_ok "hold in round $round"
		nfluactl -n "$ns" replace --budget 10ms "$TMP/storm.lua"
		wait "${senders[@]}"
		waits_for 60 has_met $((EACH * 2))
		;;
	2)	# unloaded by force, with connections that go on
		wait "${senders[@]}"
		waits_for 60 has_met $((EACH * 2))
		nfluactl -n "$ns" eval storm 'hold()' >"$TMP/hold" || not_ok "hold in round $round"
		nfluactl -n "$ns" unload storm
		;;
	esac
	sent=$((sent + 2 * EACH))
	if ip netns list | grep -q "^$ns\b"; then
		n=$(nfluactl -j -n "$ns" map get total 0 2>/dev/null | jq .value)
		met=$((met + ${n:-0}))
		n=$(nfluactl -j -n "$ns" show storm 2>/dev/null | jq '.[0].errors')
		errors=$((errors + ${n:-0}))
		[ "$((round % 3))" = 0 ] || ip netns del "$ns"
	fi
	ip -n "$CLIENT" link del "v$round" 2>/dev/null
	diag "round $round: $sent sent"
done
is "$((ROUNDS * EACH * 2)) datagrams, each a connection of its own" $sent 100000
check "most of them met the script" [ $met -gt 10000 ]
is "no call of a script failed" $errors 0
check "all namespaces are gone" through "nflua-d$$"
check "nothing refers to the module" waits_for 60 bash -c 'rmmod nflua; ! grep -q ^nflua /proc/modules'
# gone MODULE: with all that refers to it, whatever tests before this one left there
gone() {
	local holder
	[ -d "/sys/module/$1" ] || return 0
	for holder in "/sys/module/$1/holders"/*; do
		[ ! -d "$holder" ] || gone "${holder##*/}" || return 1
	done
	rmmod "$1"
}
check "nor to conntrack's" waits_for 60 gone nf_conntrack
finish
