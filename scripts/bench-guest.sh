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
#   fields   one that reads three fields: source address, port and length
#   dns      one that drops a DNS query for one of some names: the packet goes to
#            port 53, asks for one of them, and is freed
#   other    the same, with the packet to port 9
#   count    one that counts the packet for its source address, in a map
#   rewrite  one that gives the IP header another TTL, which its checksum follows
#
# For a match the rule's target is ACCEPT or DROP, so that the whole rule does
# the same as the others do. "accept-1000" is the same beside 1,000 namespaces
# with a script each.
#
# Then what is not done per packet, all that the kernel does for it:
#
#   namespace none, module, script   one comes and goes: without nflua.ko, with
#            it, and with a script that is loaded in it and dies with it
#   script load, replace, unload     one of 100 lines, with the states of two
#            CPUs: one more than this machine has
set -euo pipefail
PORT=9
CALLS=1000
PARAMS=/sys/module/nflua_bench/parameters
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# busy: sets it to the nanoseconds in which a task ran. Not the time: where no
# task does, QEMU lets it jump to the next timer.
busy() {
	local word run
	while read -r word _ _ _ _ _ _ run _; do
		[ "$word" != cpu0 ] || busy=$run
	done </proc/schedstat
}
# each TIMES COMMAND...: sets took, what one took, with the work that the
# kernel puts off. The first one only warms up.
each() {
	local times=$1 began i
	shift
	"$@"
	sleep 2
	busy
	began=$busy
	for ((i = 0; i < times; i++)); do "$@"; done
	sleep 2
	busy
	took=$(((busy - began) / times))
}

each 50 unshare true
process=$took
each 50 unshare -n true
none=$((took - process))

insmod /root/nflua_bench.ko
modprobe -a iptable_filter xt_tcpudp xt_bpf
rmmod iptable_filter
modprobe nflua lua_seed=1 || true
ip netns add bench
nfluactl list >/dev/null
each 50 unshare -n true
module=$((took - process))

in_ns() { ip netns exec bench "$@"; }
# the parameters act on the namespace of the process that writes them
run() { in_ns sh -c "echo $PORT $* >$PARAMS/run"; cat $PARAMS/run; }
c_hook() { in_ns sh -c "echo $1 >$PARAMS/hook"; }

unused=$(run)
# per_packet STEPS: above the unused hook
per_packet() { echo $((($1 - unused + CALLS / 2) / CALLS)); }
# measure ENGINE TASK [alone]: the packet's port is PORT
measure() {
	local steps
	steps=$(run "${@:3}")
	echo "$1 $2 $(per_packet "$steps")"
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

# A TTL that stays is not written. What two that change it take more than two
# that do not is twice the writing.
modprobe -a iptable_mangle xt_HL
# ttl VALUE...: steps of a rule for each
ttl() {
	local value
	for value; do in_ns iptables-legacy -t mangle -A OUTPUT -j TTL --ttl-set "$value"; done
	run alone
	in_ns iptables-legacy -t mangle -F OUTPUT
}
one=$(ttl 64) same=$(ttl 64 64) changed=$(ttl 63 64)
echo "iptables rewrite $(per_packet $((one + (changed - same) / 2)))"
rmmod xt_HL iptable_mangle

# nft writes whatever is there
in_ns nft -f - <<'N'
add table ip t
add chain ip t c { type filter hook output priority filter; }
add rule ip t c ip ttl set 63
N
measure nftables rewrite alone
in_ns nft flush ruleset

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
cat >"$dir/hook-fields.lua" <<'LUA'
local netfilter = require("netfilter")
local away = require("luapacket").ip("192.0.2.1")
local nf = netfilter.new{ name = "fields" }
nf:hook{ family = "ipv4", hook = "output", priority = "filter", function(pkt)
	local ip, udp = pkt.ip, pkt.udp
	if ip.src == away or udp.sport == 53 or udp.len > 512 then
		return nf.DROP
	end
end }
LUA
# the name as it lies in the packet: each label behind its length
cat >"$dir/hook-dns.lua" <<'LUA'
local netfilter = require("netfilter")
local nf = netfilter.new{ name = "dns" }
local blocked = {
	["\3www\7example\3com"] = true,
	["\3www\7example\3net"] = true,
}
nf:hook{ family = "ipv4", hook = "output", priority = "filter", function(pkt)
	local udp = pkt.udp
	if udp and udp.dport == 53 and blocked[pkt.payload:unpack("z", 13)] then
		return nf.DROP
	end
end }
LUA
for task in accept port fields; do
	in_ns nfluactl load "$dir/hook-$task.lua" >&2
	measure nflua-hook $task
	in_ns nfluactl unload hook-$task >&2
done
cat >"$dir/hook-rewrite.lua" <<'LUA'
local netfilter = require("netfilter")
local nf = netfilter.new{ name = "rewrite" }
nf:hook{ family = "ipv4", hook = "output", priority = "filter", function(pkt)
	pkt.ip.ttl = 63
end }
LUA
in_ns nfluactl load "$dir/hook-rewrite.lua" >&2
measure nflua-hook rewrite alone
[ "$(in_ns nfluactl -j show hook-rewrite | jq '[.[].entries[].errors[]] | add')" = 0 ]
in_ns nfluactl unload hook-rewrite >&2
# dropped PORT: how many of one packet are
dropped() {
	local n
	in_ns sh -c "echo $1 1 >$PARAMS/each"
	read -r n _ <$PARAMS/each
	echo "$n"
}
in_ns nfluactl load "$dir/hook-dns.lua" >&2
[ "$(dropped $PORT) $(dropped 53)" = "0 1" ]
measure nflua-hook other
PORT=53 measure nflua-hook dns
in_ns nfluactl unload hook-dns >&2

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

cat >"$dir/hook-count.lua" <<'LUA'
local netfilter = require("netfilter")
local nf = netfilter.new{ name = "count" }
local m = require("map").open{ name = "count", key = "address", max = 1000 }
nf:hook{ family = "ipv4", hook = "output", priority = "filter", function(pkt)
	m:incr(pkt.ip.src, 1, 0)
end }
LUA
in_ns nfluactl load "$dir/hook-count.lua" >&2
measure nflua-hook count
in_ns nfluactl unload hook-count >&2

# What m:get(key) takes of a callback, in a map of so many entries; engine
# nflua-map, task get-ENTRIES.
get() {
	cat >"$dir/get.lua" <<LUA
local n, i = $1, 1
local nf = require("netfilter").new{ name = "get" }
local m = require("map").open{ name = "get", key = "integer", max = n }
if m:add(0, 0) then
	for k = 1, n - 1 do m:set(k, k) end
end
nf:hook{ family = "ipv4", hook = "output", priority = "filter", function(pkt)
	i = (i * 1103515245 + 12345) % n
	local v = $2
	if v ~= i then return nf.DROP end
end }
LUA
	in_ns nfluactl load "$dir/get.lua" >&2
	run
	in_ns nfluactl unload get >&2
}
for n in 1000 1000000; do
	without=$(get $n i)
	with=$(get $n 'm:get(i)')
	printf 'nflua-map get-%s %s\n' $n $(((with - without + CALLS / 2) / CALLS))
done

# --- not per packet ---
cost() { printf '%s %s %s\n' "$@"; }
cost namespace none "$none"
cost namespace module "$module"
# what nfluactl itself does is not the namespace's
each 20 unshare -n nfluactl list >/dev/null
list=$took
each 20 unshare -n nfluactl load "$dir/hook-port.lua" >/dev/null
cost namespace script $((module + took - list))

# 100 lines: a hook, what it looks up, and functions for rules
{
	cat "$dir/hook-port.lua"
	echo 'local allowed = {'
	for ((i = 0; i < 47; i++)); do
		echo "  [$((1000 + i * 7))] = { name = \"service-$i\", rate = $((i * 10)) },"
	done
	echo '}'
	for ((i = 0; i < 9; i++)); do
		echo "function check$i(pkt)
  local tcp = pkt.tcp
  local entry = tcp and allowed[tcp.dport]
  return entry ~= nil and entry.rate > $i
end"
	done
} >"$dir/lines.lua"
[ "$(wc -l <"$dir/lines.lua")" = 100 ]
# Requests of one process, with numbers for commands as in nflua.h; what the
# process itself takes is that of requests that do nothing.
source=3=u32:$(stat -c %s "$dir/lines.lua"),4=u32:0,5=file:$dir/lines.lua
loads=() unloads=() replaces=() nothing=()
for i in {1..20}; do
	loads+=("1:1=lines-$i,$source")
	replaces+=("2:1=lines-$i,$source")
	unloads+=("3:1=lines-$i")
	nothing+=("9:1=lines-$i")
done
requests() {
	local began
	busy
	began=$busy
	in_ns python3 selftests/genl.py repeat $# "$@" >/dev/null
	sleep 2
	busy
	took=$(((busy - began) / $#))
}
for round in first second; do
	requests "${loads[@]}"
	load=$took
	requests "${replaces[@]}"
	replace=$took
	requests "${nothing[@]}"
	idle=$took
	requests "${unloads[@]}"
	unload=$took
	[ $round = second ] || continue
	# A control state and one for each CPU: with two CPUs half as much again.
	cost script load $(((load - idle) * 3 / 2))
	cost script replace $(((replace - idle) * 3 / 2))
	cost script unload $(((unload - idle) * 3 / 2))
done

# --- beside a thousand ---
for i in {1..1000}; do
	echo "netns add many-$i"
done | ip -batch -
for i in {1..1000}; do
	nfluactl -n "many-$i" load "$dir/hook-port.lua"
done >&2
in_ns nfluactl load "$dir/hook-accept.lua" >&2
measure nflua-hook accept-1000
in_ns nfluactl unload hook-accept >&2
