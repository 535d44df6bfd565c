#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The verdicts QUEUE, REPEAT, STOP, STOLEN and DROP with an error, of hooks and
# of targets, seen in traffic, and where they are refused.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3
topology

# hook 0 and others: their outcomes and errors that are not zero
told() {
	field "$SERVER" "$1" '.entries[] | "\(.kind) \(.name):" + ([(.outcomes + .errors) |
		to_entries[] | select(.value != 0 and .key != "accept" and .key != "continue") | " \(.key) \(.value)"] | add // "")'
}
told_is() { [ "$(told "$1")" = "$2" ]; }
# become WHAT SCRIPT TOLD
become() {
	waits_for 10 told_is "$2" "$3"
	is "$1" "$(told "$2")" "$3"
}
no_ports() {
	# shellcheck disable=SC2016
	server awk '$1 == "Udp6NoPorts" { n += $2 } $1 == "Udp:" && $3 ~ /^[0-9]/ { n += $3 } END { print n }' \
		/proc/net/snmp6 /proc/net/snmp
}
arrived() { [ "$(no_ports)" = $((before + $1)) ]; }
# arrive WHAT COUNT: so many datagrams arrived since $before
arrive() {
	waits_for 10 arrived "$2"
	is "$1" $(($(no_ports) - before)) "$2"
}
# listener NUMBER VERDICT COUNT: a program at a queue
listener() {
	rm -f "$TMP/queue$1"
	ip netns exec "${QUEUE_NS:-$SERVER}" python3 "$HERE/queue.py" "$1" "$2" "$3" "$TMP/queue$1" &
	waits_for 10 test -e "$TMP/queue$1"
}

# --- QUEUE: a program decides, or nobody does ---
load queue <<'L'
local netfilter = require("netfilter")
local nf = netfilter.new{}
local direct, bypass = netfilter.queue(7), netfilter.queue(8, "bypass")
assert(netfilter.queue(0) == netfilter.QUEUE and direct ~= bypass)
nf:hook{ family = "inet", hook = "input", priority = 0, function(pkt)
  if not pkt.udp then return end
  if pkt.udp.dport == 4000 then return direct end
  if pkt.udp.dport == 4001 then return bypass end
  if pkt.udp.dport == 4002 then return nf.QUEUE end
end }
nf:hook{ family = "inet", hook = "input", priority = 1, function(pkt)
  if pkt.udp and pkt.udp.dport // 10 == 400 then error("behind") end
end }
nf:target(function(pkt) return netfilter.queue(pkt.udp.dport - 4090, "bypass") end)
L
before=$(no_ports)
for address in "$SERVER4" "$SERVER6"; do udp "$CLIENT" $address 2 4000 4001; done
become "without a program" queue "hook inet input 0: queue 8
hook inet input 1: runtime 4
target queue:"
arrive "they are dropped, or go on by the bypass" 4
listener 7 accept 6
listener 0 drop 4
before=$(no_ports)
for address in "$SERVER4" "$SERVER6"; do
	udp "$CLIENT" $address 3 4000
	udp "$CLIENT" $address 2 4002
done
become "what a program accepts goes on behind the hook" queue "hook inet input 0: queue 18
hook inet input 1: runtime 10
target queue:"
arrive "and arrives, what it drops does not" 6
wait
is "it saw the packets" "$(sort "$TMP/queue7" | uniq -c | xargs)" "3 1 33 3 1 53"
listener 8 drop 2
before=$(no_ports)
udp "$CLIENT" "$SERVER4" 2 4001
wait
is "with a program there is no bypass" "$(wc -l <"$TMP/queue8")" 2
arrive "it drops them" 0
# NF_REPEAT of a program: the hook meets it again
listener 7 repeat 1
udp "$CLIENT" "$SERVER4" 1 4000
wait
listener 7 accept 1
udp "$CLIENT" "$SERVER4" 1 4000
wait
become "after it repeats a packet the hook meets it again" queue "hook inet input 0: queue 23
hook inet input 1: runtime 11
target queue:"
for ipt in iptables-legacy iptables-nft ip6tables-legacy; do
	tables $ipt || { skip "$ipt: a target queues" "no $ipt"; continue; }
	[[ $ipt = iptables* ]] && address=$SERVER4 || address=$SERVER6
	server $ipt -A INPUT -p udp --dport 4099 -j LUA --script queue
	before=$(no_ports)
	udp "$CLIENT" "$address" 1 4099
	arrive "$ipt: a target's bypass" 1
	listener 9 accept 2
	udp "$CLIENT" "$address" 2 4099
	wait
	is "$ipt: a target queues" "$(wc -l <"$TMP/queue9")" 2
	arrive "$ipt: and what is accepted arrives" 3
	server $ipt -F
done
check "unload" ctl unload queue

# --- REPEAT: again, on the same CPU, and not for ever ---
load repeat <<'L'
local nf = require("netfilter").new{}
local n = 0
nf:hook{ family = "inet", hook = "input", priority = 0, on_error = "drop", function(pkt)
  if not pkt.udp then return end
  if pkt.udp.dport == 4100 then
    n = n + 1
    if n % 5 > 0 then return nf.REPEAT end
    return nf.DROP
  end
  if pkt.udp.dport == 4101 then return nf.REPEAT end
end }
nf:hook{ family = "inet", hook = "output", priority = 0, function(pkt)
  if not pkt.udp or pkt.udp.dport ~= 4102 then return end
  n = n + 1
  if n % 3 > 0 then return nf.REPEAT end
  n = 0
  return nf.DROP
end }
local t = 0
nf:target(function(pkt)
  t = t + 1
  if t % 4 > 0 then return nf.REPEAT end
  return nf.ACCEPT
end)
L
before=$(no_ports)
ON_CPU=0 udp "$CLIENT" "$SERVER4" 3 4100
ON_CPU=0 udp "$CLIENT" "$SERVER6" 2 4101
ON_CPU=0 udp "$SERVER" "$CLIENT4" 4 4102
become "four times at most" repeat "hook inet input 0: drop 3 repeat 20 verdict 2
hook inet output 0: drop 4 repeat 8
target repeat:"
is "the fifth is an error" "$(field "$SERVER" repeat .entries[0].last_error)" \
	"repeat:3: function answered REPEAT (it has been called 5 times for this packet)"
arrive "none of them arrives" 0
check "each call is measured" ctl timing repeat on
ON_CPU=0 udp "$CLIENT" "$SERVER4" 2 4100
ON_CPU=0 udp "$CLIENT" "$SERVER6" 1 4101
become "measured, it is the same" repeat "hook inet input 0: drop 5 repeat 32 verdict 3
hook inet output 0: drop 4 repeat 8
target repeat:"
is "a call that is counted is measured" "$(field "$SERVER" repeat '.entries[0] | .time.calls >= 15')" true
load marked <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "inet", hook = "output", priority = "mangle", function(pkt)
  if not pkt.udp or pkt.udp.dport ~= 4104 then return end
  if pkt.mark == 7 then return nf.ACCEPT end
  pkt.mark = 7
  return nf.REPEAT
end }
nf:hook{ family = "inet", hook = "output", priority = "filter", on_error = "drop", function(pkt)
  if pkt.udp and pkt.udp.dport == 4104 then assert(pkt.mark == 7) return nf.DROP end
end }
L
for address in "$CLIENT4" "$CLIENT6"; do ON_CPU=0 udp "$SERVER" $address 3 4104; done
become "after a mark was set" marked "hook inet output -150: repeat 6
hook inet output 0: drop 6"
check "unload" ctl unload marked
if tables iptables-legacy; then
	server iptables-legacy -A INPUT -p udp --dport 4103 -j LUA --script repeat
	server iptables-legacy -A INPUT -p udp --dport 4103 -j DROP
	before=$(no_ports)
	ON_CPU=0 udp "$CLIENT" "$SERVER4" 3 4103
	arrive "a target may repeat, too" 3
	is "three times each" "$(field "$SERVER" repeat '.entries[] | select(.kind == "target") | "\(.calls) \(.outcomes.repeat) \(.outcomes.accept)"')" "12 9 3"
	server iptables-legacy -F
fi
check "unload" ctl unload repeat

# --- STOP: what is behind is not met ---
load stop <<'L'
local nf = require("netfilter").new{}
for _, hook in ipairs{ "input", "output", "prerouting" } do
  nf:hook{ family = "inet", hook = hook, priority = "filter", function(pkt)
    if not pkt.udp then return end
    if pkt.udp.dport == (hook == "input" and 4200 or hook == "output" and 4201 or 4204) then return nf.STOP end
  end }
  nf:hook{ family = "inet", hook = hook, priority = "security", function(pkt)
    if pkt.udp and pkt.udp.dport // 10 == 420 then error("behind") end
  end }
end
nf:hook{ family = "netdev", hook = "ingress", device = "veth0", priority = 0, on_error = "drop", function(pkt)
  if pkt.udp and pkt.udp.dport == 4202 then return nf.STOP end
  if pkt.udp and pkt.udp.dport == 4203 then return nf.QUEUE end
end }
nf:hook{ family = "inet", hook = "ingress", device = "veth0", priority = 1, on_error = "drop", function(pkt)
  if pkt.udp and pkt.udp.dport == 4205 then return nf.STOP end
end }
nf:target(function(pkt) return nf.STOP end)
L
before=$(no_ports)
for address in "$SERVER4" "$SERVER6"; do udp "$CLIENT" $address 3 4200 4202 4203 4204 4205; done
for address in "$CLIENT4" "$CLIENT6"; do udp "$SERVER" $address 2 4201; done
become "they go on behind the hooks, where something is" stop "hook inet input 0: stop 6
hook inet input 50: runtime 6
hook inet output 0: stop 4
hook inet output 50:
hook inet prerouting 0: stop 6
hook inet prerouting 50: runtime 6
hook netdev ingress 0 veth0: verdict 12
hook inet ingress 1 veth0: verdict 6
target stop:"
arrive "what is stopped arrives" 12
is "nothing is behind ingress" "$(field "$SERVER" stop '.entries[7].last_error')" \
	"stop:15: function answered STOP (nothing of its own follows the hooks here, as at ingress and egress)"
is "nor can it be queued there" "$(field "$SERVER" stop '.entries[6].last_error')" \
	"stop:11: function answered QUEUE (only IPv4, IPv6 and bridge packets can be queued, and not at ingress)"
if tables iptables-legacy; then
	# a socket's answer passes OUTPUT inside of INPUT's traversal
	server iptables-legacy -N more
	server iptables-legacy -A INPUT -p tcp --dport 4206 -j more
	server iptables-legacy -A more -j LUA --script stop
	server iptables-legacy -A more -j DROP
	server iptables-legacy -N out
	server iptables-legacy -A OUTPUT -p tcp --sport 4206 -j out
	server iptables-legacy -A out -j RETURN
	ip netns exec "$SERVER" socat -u TCP4-LISTEN:4206,reuseaddr "CREATE:$TMP/heard" &
	listener=$!
	listening() { server ss -ltn | grep -q :4206; }
	waits_for 10 listening
	head -c 200000 /dev/zero | client socat -u - TCP4:"$SERVER4":4206
	heard() { [ "$(stat -c %s "$TMP/heard" 2>/dev/null)" = 200000 ]; }
	check "a target stops, and TCP answers from there" waits_for 10 heard
	check "with each packet" [ "$(field "$SERVER" stop '.entries[] | select(.kind == "target") | .outcomes.stop > 4')" = true ]
	kill $listener 2>/dev/null
	wait $listener
	server iptables-legacy -F
	server iptables-legacy -X
fi
check "unload" ctl unload stop

# --- DROP with an error: the sender learns it ---
load refuse <<'L'
local netfilter = require("netfilter")
local nf = netfilter.new{}
local verdicts = { [4300] = netfilter.drop(111), [4301] = netfilter.drop(1), [4302] = nf.DROP, [4303] = netfilter.drop(4095) }
nf:hook{ family = "inet", hook = "output", priority = 0, function(pkt) return pkt.udp and verdicts[pkt.udp.dport] end }
nf:target(function(pkt) return netfilter.drop(113) end)
nf:match(function(pkt) return netfilter.drop(113) end)
L
# sends ADDRESS PORT: what sendto() answers there
sends() {
	server python3 -c '
import socket, sys
address, port = sys.argv[1], int(sys.argv[2])
sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
try:
    print(sock.sendto(b"nflua", (address, port)))
except OSError as e:
    print("errno", e.errno)' "$@"
}
for address in "$CLIENT4" "$CLIENT6"; do
	is "$address: the errors" "$(for port in 4300 4301 4302 4303 4304; do sends $address $port; done | xargs)" \
		"errno 111 errno 1 errno 1 errno 4095 5"
done
become "they are counted as drops" refuse "hook inet output 0: drop 8
target refuse:
match refuse:"
if tables iptables-legacy; then
	server iptables-legacy -A OUTPUT -p udp --dport 4310 -j LUA --script refuse
	is "a target's error" "$(sends "$CLIENT4" 4310)" "errno 113"
	server iptables-legacy -F
	server iptables-legacy -A OUTPUT -p udp --dport 4311 -m lua --script refuse -j DROP
	is "a match has none" "$(sends "$CLIENT4" 4311)" 5
	is "which is an error" "$(field "$SERVER" refuse '.entries[] | select(.kind == "match") | "\(.errors.verdict) \(.last_error)"')" \
		"1 refuse:6: function answered DROP (a match answers true, false, ACCEPT, DROP, CONTINUE or nothing)"
	server iptables-legacy -F
fi
check "unload" ctl unload refuse

# --- what is no verdict ---
load wrong <<'L'
local netfilter = require("netfilter")
local nf = netfilter.new{}
local answers = {
  nf.STOLEN, netfilter.drop(5) | 1 << 48, nf.DROP | 4096 << 32, nf.QUEUE | 1 << 49, nf.REPEAT | 1 << 32,
  nf.STOP | 1 << 32, nf.ACCEPT | 1 << 32, nf.STOLEN | 1 << 32, -1, 0x6e660008, 1 << 63,
}
nf:hook{ family = "ipv4", hook = "input", priority = 0, on_error = "drop", function(pkt)
  if pkt.udp and pkt.udp.dport // 100 == 44 then return answers[pkt.udp.dport % 100] end
end }
L
before=$(no_ports)
for port in {4401..4411}; do
	udp "$CLIENT" "$SERVER4" 1 "$port"
	become "answer $((port - 4400)) is an error" wrong "hook ipv4 input 0: verdict $((port - 4400))"
	[ "$port" != 4401 ] || is "of which the kind is told" "$(field "$SERVER" wrong .entries[0].last_error)" \
		"wrong:7: function answered STOLEN (it did not take the packet with pkt:steal())"
done
arrive "none of them arrives" 0
check "unload" ctl unload wrong

# --- test runs show them ---
load shown <<'L'
local netfilter = require("netfilter")
local nf = netfilter.new{}
local answers = { netfilter.queue(3, "bypass"), nf.STOP, netfilter.drop(5), nf.REPEAT, nf.QUEUE }
local n = 0
nf:hook{ family = "ipv4", hook = "forward", priority = 0, function(pkt)
  if pkt.udp.dport == 6 then n = n + 1 return n % 3 > 0 and nf.REPEAT or nf.STOP end
  return answers[pkt.udp.dport]
end }
nf:hook{ family = "netdev", hook = "egress", device = "veth0", priority = 0, function(pkt) return nf.STOP end }
L
for port in 1 2 3 4 5 6; do echo "ip4(udp(1, $port))"; done |
	python3 "$HERE/packets.py" "$TMP/shown.pcap" 02:00:00:00:00:01 02:00:00:00:00:02
printf '%s\n' queue stop drop 'error verdict' queue stop >"$TMP/expect"
check "a run shows verdicts by their names" ctl run shown --entry "ipv4 forward 0" --pcap "$TMP/shown.pcap" --expect "$TMP/expect"
check "nothing follows egress there, either" ctl run shown --entry "netdev egress 0 veth0" --pcap "$TMP/shown.pcap" \
	--expect <(printf 'error verdict\n%.0s' {1..6})
is "and counts nothing" "$(told shown)" "hook ipv4 forward 0:
hook netdev egress 0 veth0:"
check "unload" ctl unload shown
finish
