#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# conntrack.find and conntrack.each: what they find of 10,000 connections, by
# what they can be asked for, while others come and go.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3 conntrack iptables taskset
topology
PY=$HERE/conntrack.py

limit=$(cat /proc/sys/net/netfilter/nf_conntrack_max)
at_exit "sysctl -qw net.netfilter.nf_conntrack_max=$limit"
[ "$limit" -ge 60000 ] || sysctl -qw net.netfilter.nf_conntrack_max=60000

cat >"$TMP/table.lua" <<'L'
local conntrack = require("conntrack")
local each, find = conntrack.each, conntrack.find
function count(query)
  local n = 0
  for _ in each(query) do n = n + 1 end
  return n
end
-- sums of what was met: number, those met twice, and a sum of the numbers
function walk(query)
  local seen, n, twice, sum = {}, 0, 0, 0
  for ct in each(query) do
    local id = ct.id
    if seen[id] then twice = twice + 1 end
    seen[id], n, sum = true, n + 1, (sum + id) & 0x7fffffff
  end
  return n, twice, sum
end
function look(query)
  local ct <close>, dir = find(query)
  if not ct then return dir end
  return dir, ct.id
end
-- each of those that each() meets is found, by both of its directions
function find_all(query)
  local n = 0
  for ct in each(query) do
    for _, dir in ipairs{ "original", "reply" } do
      local t = ct:tuple(dir)
      local h <close>, which = find{ proto = t.proto, src = t.src, dst = t.dst, sport = t.sport,
        dport = t.dport, type = t.type, code = t.code, id = t.id, zone = t.zone }
      if h and which == dir and h.id == ct.id then n = n + 1 end
    end
  end
  return n
end
function raises(pattern, f, ...)
  local ok, message = pcall(f, ...)
  if ok or not message:find(pattern) then error(("wanted '%s', got '%s'"):format(pattern, message), 2) end
end
function misuse()
  local two = { proto = "udp", src = "10.0.0.1", dst = "10.0.0.2" }
  raises("table expected", find)
  raises("needs proto, src and dst", find, {})
  raises("needs proto, src and dst", find, { src = "10.0.0.1", dst = "10.0.0.2" })
  raises("needs sport and dport", find, two)
  raises("needs type and id", find, { proto = "icmp", src = "10.0.0.1", dst = "10.0.0.2" })
  raises("addresses, not prefixes", find, { proto = "udp", src = "10.0.0.0/8", dst = "10.0.0.2", sport = 1, dport = 1 })
  raises("'x' is not an IP address", find, { proto = "udp", src = "x", dst = "10.0.0.2" })
  raises("dst is an address of another family", find, { proto = "udp", src = "10.0.0.1", dst = "fd77::1" })
  raises("src is an address of another family", each, { src = "10.0.0.1", family = "ipv6" })
  raises("conntrack.find does not take 'port' .it takes: family proto src", find, { port = 1 })
  raises("conntrack.each does not take '1'", each, { 1 })
  raises("table expected", each, 1)
  raises("family is \"ipv4\" or \"ipv6\"", each, { family = "inet" })
  raises("proto is a number, or tcp, udp.*, not 'foo'", each, { proto = "foo" })
  raises("proto is a number from 0 to 255", each, { proto = 256 })
  raises("sport is a number from 0 to 65535", each, { sport = 65536 })
  raises("sport is a number from 0 to 65535", each, { sport = "x" })
  raises("zone is a number from 0 to 65535", each, { zone = -1 })
  raises("type, code and id are of proto icmp", each, { proto = "udp", type = 8 })
  raises("have no ports", each, { proto = "icmp", sport = 1 })
  return "well"
end
-- to the last handle
function all_kept()
  local all, n = {}, 0
  for ct in each() do
    local h = ct:keep()
    if not h then break end
    all[#all + 1] = h
  end
  -- the turn's own handle was one of them
  all[#all + 1] = all[1]:keep()
  raises("too many connections kept", function() for _ in each() do end end)
  local t = all[1]:tuple()
  local h, message, errno = find{ proto = t.proto, src = t.src, dst = t.dst, sport = t.sport, dport = t.dport }
  assert(h == nil and message == "too many connections kept" and errno == 105)
  -- nil, and not nothing
  assert(select("#", find{ proto = "udp", src = "192.0.2.1", dst = "192.0.2.2", sport = 1, dport = 2 }) == 1)
  for _, k in ipairs(all) do k:close() end
  return #all
end
L
check "the script loads" ctl load "$TMP/table.lua"
is "misuse raises" "$(ctl eval table 'misuse()' 2>&1)" well
server sysctl -qw net.netfilter.nf_conntrack_udp_timeout=3600 net.netfilter.nf_conntrack_icmp_timeout=600 \
	net.netfilter.nf_conntrack_icmpv6_timeout=600
server iptables -t raw -A PREROUTING -p udp --dport 7777 -j CT --zone 5
# Nothing is answered, but what comes gets through all hooks, and so confirmed.
server iptables -A OUTPUT -p icmp --icmp-type destination-unreachable -j DROP
server ip6tables -A OUTPUT -p icmpv6 --icmpv6-type destination-unreachable -j DROP
# The server has two addresses more: what comes to one stays, and to the other
# comes and goes.
for host in {1..250}; do echo "addr add 10.78.0.$host/16 dev veth0"; done | ip -n "$CLIENT" -batch -
ip -n "$SERVER" addr add 10.78.1.1/16 dev veth0
ip -n "$SERVER" addr add 10.78.1.2/16 dev veth0
for address in 10.78.1.1 10.78.1.2; do
	ip -n "$CLIENT" neigh replace $address dev veth0 lladdr 02:00:00:00:00:02 nud permanent
done
count() { in_ns "$SERVER" cat /proc/sys/net/netfilter/nf_conntrack_count; }
count_is() { [ "$(count)" = "$1" ]; }
is "an empty table" "$(ctl eval table 'count()')" 0
backlog=$(sysctl -n net.core.netdev_max_backlog)
at_exit "sysctl -qw net.core.netdev_max_backlog=$backlog"
sysctl -qw net.core.netdev_max_backlog=20000	# for slow machines
begin=$SECONDS
client python3 "$PY" storm 0 10.78.1.1 10.78.0 10000
check "10,000 connections" waits_for 60 count_is 10000
diag "made in $((SECONDS - begin)) s, the table has $(cat /proc/sys/net/netfilter/nf_conntrack_buckets) buckets"
udp "$CLIENT" $SERVER6 1 7778
udp "$CLIENT" $SERVER4 1 7777
client ping -n -c 1 -W 5 $SERVER4 >/dev/null
client ping -n -c 1 -W 5 $SERVER6 >/dev/null
check "and four more" waits_for 5 count_is 10004

# --- what they find ---
server conntrack -L -o id 2>/dev/null >"$TMP/all"
sum=$(sed -n 's/.* id=\([0-9]*\).*/\1/p' "$TMP/all" | awk '{ s = (s + $1) % 2147483648 } END { printf "%d", s }')
begin=$SECONDS
is "each meets each once" "$(ctl eval table 'walk()' | tr '\t' ' ')" "10004 0 $sum"
diag "in $((SECONDS - begin)) s"
asked() { is "each of $1" "$(ctl eval table "count{ $1 }")" "$2"; }
asked 'proto = "udp"' 10002
asked 'proto = 17, family = "ipv4"' 10001
asked 'family = "ipv6"' 2
asked 'proto = "tcp"' 0
asked 'src = "10.78.0.7"' 40
asked 'src = "10.78.0.0/25"' $((127 * 40))
asked 'src = "10.78.0.0/25", dport = 1030' 127
asked 'src = "0.0.0.0/0"' 10002
asked 'src = "fd77::/16"' 2
asked 'dst = "10.78.1.0/31"' 10000
asked 'dport = 1024' 250
asked 'zone = 5' 1
asked 'zone = 0' 10003
asked 'proto = "icmp", type = 8, code = 0' 1
asked 'proto = "icmp6"' 1
asked 'proto = "icmp6", type = 8' 0
is "find finds all by both directions" "$(ctl eval table 'find_all{ src = "10.78.0.0/27" }')" $((2 * 31 * 40))
for other in 'family = "ipv6"' 'zone = 5' 'proto = "icmp"'; do
	n=$(ctl eval table "count{ $other }")
	is "and of $other" "$(ctl eval table "find_all{ $other }")" $((2 * n))
done
is "what is not there is nil" "$(ctl eval table 'look{ proto = "udp", src = "10.78.0.1", dst = "10.78.1.1", sport = 1, dport = 1 }')" nil
is "nor in another zone" "$(ctl eval table 'count{ dport = 7777 }, (function() for ct in require("conntrack").each{ dport = 7777 } do local t = ct:tuple() return look{ proto = "udp", src = t.src, dst = t.dst, sport = t.sport, dport = 7777 } end end)()' | tr '\t' ' ')" "1 nil"
check "256 can be kept" [ "$(ctl eval table 'all_kept()' 2>&1)" = 256 ]

# --- in steps that let others run ---
# How often who walks is made to wait by another on its CPU, which never does. What
# nfluactl does besides makes it wait, too.
waited() {
	taskset -c 0 python3 - "$@" <<-'P'
	import os, sys
	pid = os.fork()
	if not pid:
	    os.dup2(2, 1)
	    os.execvp(sys.argv[1], sys.argv[1:])
	# it has ended, and can still be looked at
	os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
	print(*[line.split()[1] for line in open(f"/proc/{pid}/status") if line.startswith("nonvoluntary")])
	P
}
taskset -c 0 bash -c 'while :; do :; done' &
spins=$!
buckets=$(cat /proc/sys/net/netfilter/nf_conntrack_buckets)
sysctl -qw net.netfilter.nf_conntrack_buckets=1048576
besides=$(waited nfluactl -n "$SERVER" eval table 'true')
# that meet none: nothing but the kernel's walk runs
walks=$(waited nfluactl -n "$SERVER" eval table 'for _ = 1, 8 do count{ zone = 77 } end')
kill $spins
sysctl -qw net.netfilter.nf_conntrack_buckets="$buckets"
check "walks let others run" [ "${walks:-0}" -ge $((${besides:-0} + 20)) ]
diag "eight walks were made to wait $walks times, and what is no walk $besides"

# --- while others come and go ---
touch "$TMP/on"
# Never more than 2000 at once, however slow who deletes them is.
come_and_go() {
	while [ -e "$TMP/on" ]; do
		client python3 "$PY" storm 0 10.78.1.2 10.78.0 2000 || return
		server conntrack -D -d 10.78.1.2 >/dev/null 2>&1
	done
}
come_and_go &
storm=$!
moved=0
for turn in {1..10}; do
	is "walk $turn meets all that stay, once" "$(ctl eval table 'walk{ dst = "10.78.1.1" }' 2>&1 | tr '\t' ' ' | cut -d' ' -f1,2)" "10000 0"
	n=$(ctl eval table 'count{ dst = "10.78.1.2" }')
	[ "$n" = 0 ] || moved=$((moved + 1))
done
check "others came and went meanwhile" [ $moved -gt 2 ]
diag "the last walk met $n of them"
before=$(cat /proc/sys/net/netfilter/nf_conntrack_buckets)
for buckets in $((before * 2)) $((before / 2)) "$before"; do
	sysctl -qw net.netfilter.nf_conntrack_buckets="$buckets" &
	ctl eval table 'count()' >/dev/null || not_ok "a walk while the table gets another size"
	wait $!
done
ok "walks while the table gets another size"
is "a client of the server is served meanwhile" "$(client ping -n -c 3 -i 0.2 -W 5 $SERVER4 >/dev/null; echo $?)" 0
# With some twenty to a bucket, what a walk that stands has before it is counted.
sysctl -qw net.netfilter.nf_conntrack_buckets=512
kept() { field "$SERVER" table .kept; }
begun=$(ctl eval table 'next_one, _, _, walk = require("conntrack").each{ dst = "10.78.1.1" } next_one()' && kept)
check "a walk keeps its bucket's connections ($begun)" [ "$begun" -gt 1 ]
ctl eval table 'next_one()' >/dev/null
is "less those it has met" "$(kept)" $((begun - 1))
ctl eval table 'do local closed <close> = walk end' >/dev/null
is "and none when it is closed" "$(kept)" 0
sysctl -qw net.netfilter.nf_conntrack_buckets="$before"
# what was killed has left the table
is "a walk may kill what it meets" "$(ctl eval table 'local n = 0 for ct in require("conntrack").each{ dst = "10.78.1.1", dport = 1030 } do if ct:kill() then n = n + 1 end end return n')" 250
is "it is gone" "$(ctl eval table 'count{ dst = "10.78.1.1" }')" 9750
rm "$TMP/on"
wait $storm
wait
is "nothing is kept" "$(field "$SERVER" table .kept)" 0
server conntrack -F >/dev/null 2>&1
check "and nothing is left" waits_for 10 count_is 0
check "unload" ctl unload table
finish
