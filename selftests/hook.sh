#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# nf:hook: families, hooks, priorities, policies and verdicts, seen in traffic;
# replace in place, hooks that come and go.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
topology
namespace router-$$

# A second pair of links, for what is forwarded:
#
#    $CLIENT veth1 ---- routed0 router-$$ routed1 ---- veth1 $SERVER
#    10.78.1.1/24       10.78.1.2     10.78.2.2        10.78.2.1/24
#    fd78:1::1/64       fd78:1::2     fd78:2::2        fd78:2::1/64
ROUTER=router-$$
n=0
for ns in "$CLIENT" "$SERVER"; do
	n=$((n + 1))
	ip -n "$ns" link add veth1 type veth peer name routed$((n - 1)) netns $ROUTER
	for end in "$ns veth1 1" "$ROUTER routed$((n - 1)) 2"; do
		read -r where dev host <<<"$end"
		ip -n "$where" addr add 10.78.$n."$host"/24 dev "$dev"
		ip -n "$where" addr add fd78:$n::"$host"/64 dev "$dev" nodad
		ip -n "$where" link set "$dev" up
	done
	ip -n "$ns" route add 10.78.$((3 - n)).0/24 via 10.78.$n.2
	ip -n "$ns" route add fd78:$((3 - n))::/64 via fd78:$n::2
done
in_ns $ROUTER sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
FAR4=10.78.2.1 FAR6=fd78:2::1
check "the router forwards IPv4" waits_for 10 client ping -c 1 -W 1 $FAR4
check "the router forwards IPv6" waits_for 10 client ping -c 1 -W 1 $FAR6

# drops NS SCRIPT: of each hook, and its errors; what else passes is noise
drops() { field "$1" "$2" '.entries[] | select(.kind == "hook") | "\(.name): \(.outcomes.drop) \([.errors[]] | add)"'; }

# --- every hook, every family: each drops its own port ---
{
	echo 'local nf = require("netfilter").new{ name = "places" }'
	port=4000
	for family in ipv4 ipv6 inet; do
		for hook in prerouting input forward output postrouting; do
			cat <<-L
			nf:hook{ family = "$family", hook = "$hook", priority = "filter",
			  function(pkt)
			    if not pkt.udp or pkt.udp.dport ~= $port then return end
			    if pkt.hook ~= "$hook" then error("hook is " .. pkt.hook) end
			    if pkt.family == "ipv4" and not pkt.ip or pkt.family == "ipv6" and not pkt.ip6 then error("family") end
			    return nf.DROP
			  end }
			L
			port=$((port + 1))
		done
	done
} >"$TMP/places.lua"
is "all hooks register" "$(nfluactl -n $ROUTER -j load "$TMP/places.lua" | jq '.[0].entries | length')" 15
# 4 packets of each family to each port: through the router, to it, from it
for port in {4000..4014}; do
	case $(((port - 4000) % 5)) in
	0 | 2 | 4) for a in $FAR4 $FAR6; do udp "$CLIENT" "$a" 4 "$port"; done ;;
	1) for a in 10.78.1.2 fd78:1::2; do udp "$CLIENT" "$a" 4 "$port"; done ;;
	3) for a in $FAR4 $FAR6; do udp $ROUTER "$a" 4 "$port"; done ;;
	esac
done
want=$(for family in "ipv4 4" "ipv6 4" "inet 8"; do
	for hook in prerouting input forward output postrouting; do
		echo "${family% *} $hook 0: ${family#* } 0"
	done
done)
same() { [ "$(drops "$1" "$2")" = "$3" ]; }
waits_for 10 same $ROUTER places "$want"
is "each hook drops its port, in its families" "$(drops $ROUTER places)" "$want"
check "what no hook names passes" client ping -c 1 -W 2 $FAR6
check "unload" nfluactl -n $ROUTER unload places
no_ports() {
	# shellcheck disable=SC2016
	server awk '$1 == "Udp6NoPorts" { n += $2 } $1 == "Udp:" && $3 ~ /^[0-9]/ { n += $3 } END { print n }' \
		/proc/net/snmp6 /proc/net/snmp
}
before=$(no_ports)
udp "$CLIENT" $FAR4 5 4000
udp "$CLIENT" $FAR6 5 4002
arrived() { [ "$(no_ports)" = $((before + $1)) ]; }
check "after it nothing is dropped" waits_for 10 arrived 10

# --- what hooks may answer, and their policies ---
{
	echo 'local netfilter = require("netfilter")'
	echo 'local nf = netfilter.new{}'
	port=5000
	while read -r policy _ _ body; do
		[ "$policy" = default ] || policy=", on_error = \"$policy\""
		cat <<-L
		nf:hook{ family = "inet", hook = "input", priority = $((port - 4999))${policy#default},
		  function(pkt)
		    if not pkt.udp or pkt.udp.dport ~= $port then return end
		    $body
		  end }
		L
		port=$((port + 1))
	done <<-'T'
		default	a accept	return nf.ACCEPT
		default	d drop		return nf.DROP
		default	a accept	return nf.CONTINUE
		default	a accept	return
		default	d drop		return netfilter.DROP, 7
		default	a verdict	return true
		drop	d verdict	return false
		accept	a verdict	return 9
		default	a runtime	error("no")
		accept	a runtime	error("no")
		drop	d runtime	error("no")
		drop	d runtime	return pkt.nonsense
	T
} >"$TMP/answers.lua"
ctl load "$TMP/answers.lua" || exit 1
before=$(no_ports)
mapfile -t ports < <(seq 5000 5011)
udp "$CLIENT" "$SERVER4" 3 "${ports[@]}"
udp "$CLIENT" "$SERVER6" 3 "${ports[@]}"
waits_for 10 arrived 42
check "accepted packets arrive, and no others" arrived 42
answers=$(field "$SERVER" answers '.entries[] | "\(.priority) \(.on_error) \(.outcomes.drop) \(.errors.verdict) \(.errors.runtime)"')
is "verdicts and policies" "$answers" "1 accept 0 0 0
2 accept 6 0 0
3 accept 0 0 0
4 accept 0 0 0
5 accept 6 0 0
6 accept 0 6 0
7 drop 0 6 0
8 accept 0 6 0
9 accept 0 0 6
10 accept 0 0 6
11 drop 0 0 6
12 drop 0 0 6"
is "a bad answer says what a hook may answer" \
	"$(field "$SERVER" answers '.entries[5].last_error')" \
	"answers:29: function answered a boolean (a hook answers ACCEPT, DROP, CONTINUE, STOLEN, QUEUE, REPEAT, STOP or nothing)"
check "unload" ctl unload answers
# --- numbers in the place of words ---
while read -r family hook words; do
	echo "require('netfilter').new{}:hook{ family = $family, hook = $hook, priority = 7, function() end }" >"$TMP/number.lua"
	is "family $family, hook $hook" "$(ctl -j check "$TMP/number.lua" | jq -r '.[0].entries[0].name')" "$words 7"
done <<'T'
2 1 ipv4 input
10 0 ipv6 prerouting
1 3 inet output
7 2 bridge forward
"arp" 0 arp input
T

# --- priorities ---
# priority WRITTEN NUMBER
while read -r number written; do
	cat >"$TMP/priority.lua" <<-L
	local nf = require("netfilter").new{}
	nf:hook{ family = "ipv4", hook = "input", priority = $written, function() end }
	L
	is "priority $written" "$(ctl -j check "$TMP/priority.lua" | jq '.[0].entries[0].priority')" "$number"
done <<'T'
-300 "raw"
-150 "mangle"
-100 "dstnat"
0 "filter"
50 "security"
100 "srcnat"
-5 "filter - 5"
-5 "filter -5"
-5 "filter-5"
15 "filter + 15"
-310 "raw - 10"
120 "srcnat+20"
7 7
-7 -7
7 "7"
-2147483647 -2147483647
2147483646 2147483646
T

# Several hooks at one place run in the order of their priority; the first that
# drops is the last.
load order <<'L'
local nf = require("netfilter").new{}
for _, p in ipairs{ 30, 10, -10, 20 } do
  nf:hook{ family = "ipv4", hook = "input", priority = p, function(pkt)
    if pkt.udp and pkt.udp.dport == 6000 + p then return nf.DROP end
    if not pkt.udp or pkt.udp.dport // 100 ~= 60 then return nf.ACCEPT end
    error("seen")
  end }
end
for _, name in ipairs{ "first", "second" } do
  nf:hook{ family = "ipv4", hook = "input", priority = 15, function(pkt)
    if pkt.udp and pkt.udp.dport == 6000 then error(name) end
  end }
end
L
is "hooks at one place have numbers" "$(field "$SERVER" order '[.entries[].name] | join(", ")')" \
	"ipv4 input 30, ipv4 input 10, ipv4 input -10, ipv4 input 20, ipv4 input 15, ipv4 input 15 #2"
udp "$CLIENT" "$SERVER4" 2 6000 6030 6010 5990 6020
order_counts() { field "$SERVER" order '[.entries[] | "\(.errors.runtime)/\(.outcomes.drop)"] | join(" ")'; }
# 6000: all; 6030: 10 -10 20 and 30 drops; 6010: -10, 10 drops; 6020: -10 10, 20 drops
# 5990 is none of 60xx: only -10 looks at it, and drops
want="2/2 6/2 8/2 4/2 2/0 2/0"
order_is() { [ "$(order_counts)" = "$want" ]; }
waits_for 10 order_is
is "the order is that of the priorities" "$(order_counts)" "$want"
check "unload" ctl unload order

# --- replace ---
cat >"$TMP/swap.lua" <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "inet", hook = "input", priority = 0, function(pkt)
  if pkt.udp and pkt.udp.dport == 7000 then return nf.DROP end
end }
nf:hook{ family = "ipv4", hook = "prerouting", priority = 0, function(pkt)
  if pkt.udp and pkt.udp.dport == 7001 then return nf.DROP end
end }
L
cp "$TMP/swap.lua" "$TMP/swap1.lua"
check "load" ctl load "$TMP/swap.lua"
udp "$CLIENT" "$SERVER4" 2 7000 7001
swap_is() { [ "$(drops "$SERVER" swap)" = "$1" ]; }
check "both hooks drop" waits_for 10 swap_is $'inet input 0: 2 0\nipv4 prerouting 0: 2 0'
# the first stays and drops another port, the second vanishes, one is new
cat >"$TMP/swap.lua" <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "inet", hook = "input", priority = 0, function(pkt)
  if pkt.udp and pkt.udp.dport == 7002 then return nf.DROP end
end }
nf:hook{ family = "ipv4", hook = "input", priority = "filter + 1", function(pkt)
  if pkt.udp and pkt.udp.dport == 7003 then return nf.DROP end
end }
L
check "replace" ctl replace "$TMP/swap.lua"
before=$(no_ports)
udp "$CLIENT" "$SERVER4" 3 7000 7001 7002 7003
check "the new hooks drop, and the old ones do not" waits_for 10 \
	swap_is $'inet input 0: 5 0\nipv4 input 1: 3 0'
check "what the old ones dropped arrives" waits_for 10 arrived 6
is "generation 2" "$(field "$SERVER" swap .generation)" 2
check "replace back" ctl replace --name swap "$TMP/swap1.lua"
udp "$CLIENT" "$SERVER4" 1 7000 7001 7002 7003
check "the first ones again; counters of what vanished are gone" waits_for 10 \
	swap_is $'inet input 0: 6 0\nipv4 prerouting 0: 1 0'

# --- the kernel's own list ---
if server nft list hooks 2>/dev/null | grep -q hook; then
	check "nft lists the hooks" bash -c \
		"ip netns exec $SERVER nft list hooks | grep -q nflua"
else
	skip "nft lists the hooks" "this kernel or this nft can't"
fi

# --- replace under traffic: no packet passes unfiltered ---
cat >"$TMP/wall.lua" <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "inet", hook = "input", priority = 0, function(pkt)
  if pkt.udp and pkt.udp.dport == 8000 then return nf.DROP end
end }
L
check "load" ctl load "$TMP/wall.lua"
before=$(no_ports)
udp "$CLIENT" "$SERVER4" 1500 8000 &
traffic=$!
replaced=0
while kill -0 $traffic 2>/dev/null; do
	ctl replace "$TMP/wall.lua" && replaced=$((replaced + 1))
done
wait $traffic
check "replaced while packets came ($replaced times)" [ $replaced -ge 3 ]
wall_is() { [ "$(drops "$SERVER" wall)" = "inet input 0: $1 0" ]; }
check "every packet was dropped" waits_for 10 wall_is 1500
is "and none arrived" "$(no_ports)" "$before"
finish
