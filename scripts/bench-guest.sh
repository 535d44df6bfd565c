#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The measurements of scripts/bench, run in the VM; prints "engine task
# instructions". The packet is a UDP packet to port 9 that every engine lets
# through:
#
#   accept   a rule or callback that accepts every packet
#   port     one that drops port 53; the packet has another
#
# For a match the rule's target is ACCEPT or DROP, so that the whole rule does
# the same as the others do.
set -euo pipefail
PORT=9
CALLS=1000
PARAMS=/sys/module/nflua_bench/parameters
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

insmod /root/nflua_bench.ko
modprobe -a iptable_filter xt_tcpudp xt_bpf
rmmod iptable_filter
modprobe nflua lua_seed=1 || true
ip netns add bench

in_ns() { ip netns exec bench "$@"; }
# the parameters act on the namespace of the process that writes them
run() { in_ns sh -c "echo $PORT >$PARAMS/run"; cat $PARAMS/run; }
c_hook() { in_ns sh -c "echo $1 >$PARAMS/hook"; }

unused=$(run)
measure() {
	local steps
	steps=$(run)
	printf '%s %s %s\n' "$1" "$2" $(((steps - unused + CALLS / 2) / CALLS))
}

c_hook empty
measure hook-c accept
c_hook port
measure hook-c port
c_hook none

# rule ENGINE TASK RULE...
rule() {
	local engine=$1 task=$2
	shift 2
	in_ns iptables-legacy -A OUTPUT "$@"
	measure "$engine" "$task"
	in_ns iptables-legacy -F OUTPUT
}
rule iptables accept -p udp -m udp -j ACCEPT
rule iptables port -p udp -m udp --dport 53 -j DROP
# IPv4, UDP, no fragment, destination port 53
rule xt_bpf-cbpf accept -m bpf --bytecode '1,6 0 0 65535' -j ACCEPT
rule xt_bpf-cbpf port -m bpf --bytecode '9,48 0 0 9,21 0 6 17,40 0 0 6,69 4 0 8191,177 0 0 0,72 0 0 2,21 0 1 53,6 0 0 65535,6 0 0 0' -j DROP

cat >"$dir/accept.lua" <<'LUA'
local netfilter = require("netfilter")
local nf = netfilter.new{ name = "accept" }
nf:match(function(pkt) return true end)
nf:target(function(pkt) return nf.ACCEPT end)
LUA
cat >"$dir/port.lua" <<'LUA'
local netfilter = require("netfilter")
local nf = netfilter.new{ name = "port" }
nf:match(function(pkt)
	local udp = pkt.udp
	return udp ~= nil and udp.dport == 53
end)
nf:target(function(pkt)
	local udp = pkt.udp
	if udp and udp.dport == 53 then return nf.DROP end
end)
LUA
for task in accept port; do
	in_ns nfluactl load "$dir/$task.lua" >&2
done
rule nflua-match accept -m lua --script accept -j ACCEPT
rule nflua-match port -m lua --script port -j DROP
rule nflua-target accept -j LUA --script accept
rule nflua-target port -j LUA --script port
for task in accept port; do
	in_ns nfluactl unload $task >&2
done
rmmod iptable_filter 2>/dev/null || true

cat >"$dir/hook-accept.lua" <<'LUA'
local netfilter = require("netfilter")
local nf = netfilter.new{ name = "accept" }
nf:hook{ family = "ipv4", hook = "output", priority = "filter", function(pkt)
	return nf.ACCEPT
end }
LUA
cat >"$dir/hook-port.lua" <<'LUA'
local netfilter = require("netfilter")
local nf = netfilter.new{ name = "port" }
nf:hook{ family = "ipv4", hook = "output", priority = "filter", function(pkt)
	local udp = pkt.udp
	if udp and udp.dport == 53 then return nf.DROP end
end }
LUA
for task in accept port; do
	in_ns nfluactl load "$dir/hook-$task.lua" >&2
	measure nflua-hook $task
	in_ns nfluactl unload hook-$task >&2
done

# The collector must not make one packet pay for all. Interrupts are no part of
# it. Prints "gc KIND median 99.99-percentile worst".
for kind in array tables strings hash; do
	{ echo "KIND = '$kind'"; cat scripts/bench-gc.lua; } >"$dir/gc.lua"
	in_ns nfluactl load "$dir/gc.lua" >&2
	in_ns sh -c "echo $PORT 100000 quiet >$PARAMS/each"
	read -r _ _ median most worst <$PARAMS/each
	echo "gc $kind $median $most $worst"
	in_ns nfluactl unload gc >&2
done
