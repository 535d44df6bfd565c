#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# QUEUE, REPEAT and STOP where packets pass through: routed, bridged, bridged
# with IP's hooks in between (br_netfilter), and ARP; what arrives, and what the
# hooks behind meet.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=routed.sh source-path=SCRIPTDIR
. "$(dirname "$0")/routed.sh"
need_module
routed
bridged

# its hooks: their outcomes and errors that are not zero
told() {
	field "$ROUTER" "$1" '.entries[] | "\(.priority):" + ([(.outcomes + .errors) | to_entries[] |
		select(.value != 0 and .key != "accept") | " \(.key) \(.value)"] | add // "")'
}
told_is() { [ "$(told "$1")" = "$2" ]; }
# become WHAT SCRIPT TOLD
become() {
	waits_for 10 told_is "$2" "$3"
	is "$1" "$(told "$2")" "$3"
}
# arrivals: of each port, in IPv4 and IPv6
arrivals() {
	local ipt got=()
	for ipt in iptables ip6tables; do
		read_rules $ipt filter
		got+=("${RULES[5100]} ${RULES[5101]} ${RULES[5102]} ${RULES[5103]}")
	done
	echo "${got[0]}, ${got[1]}"
}
arrived() { [ "$(arrivals)" = "$1" ]; }
# arrive WHAT ARRIVALS
arrive() {
	waits_for 10 arrived "$2"
	is "$1" "$(arrivals)" "$2"
}
forget() { for ipt in iptables ip6tables; do server $ipt -Z INPUT; done; }
for ipt in iptables ip6tables; do
	for port in 5100 5101 5102 5103; do server $ipt -A INPUT -p udp --dport $port; done
done
# listener NUMBER VERDICT COUNT: a program at a queue
listener() {
	rm -f "$TMP/queue$1"
	ip netns exec "$ROUTER" python3 "$HERE/queue.py" "$1" "$2" "$3" "$TMP/queue$1" &
	waits_for 10 test -e "$TMP/queue$1"
}

# place FAMILY HOOK VERSIONS ADDRESS4 ADDRESS6: what the verdicts do there
place() {
	local family=$1 hook=$2 versions=$3 n address addresses=() got=(0 0) what
	what="$1 $2${6-}"
	[[ $versions != *4* ]] || addresses+=("$4")
	[[ $versions != *6* ]] || addresses+=("$5")
	n=${#addresses[@]}
	load places <<-L
	local netfilter = require("netfilter")
	local nf = netfilter.new{}
	local direct, bypass = netfilter.queue(7), netfilter.queue(8, "bypass")
	nf:hook{ family = "$family", hook = "$hook", priority = 10, on_error = "drop", function(pkt)
	  local port = pkt.udp and pkt.udp.dport
	  if port == 5100 then return direct end
	  if port == 5101 then return bypass end
	  if port == 5102 and pkt.mark < 2 then
	    pkt.mark = pkt.mark + 1
	    return nf.REPEAT
	  end
	  if port == 5103 then return nf.STOP end
	end }
	nf:hook{ family = "$family", hook = "$hook", priority = 11, function(pkt)
	  if not pkt.udp or pkt.udp.dport // 10 ~= 510 then return end
	  pkt.mark = 0
	  error("behind")
	end }
	L
	forget
	# both: what arrives of each family
	both() {
		local four="0 0 0 0" six="0 0 0 0"
		[[ $versions != *4* ]] || four=$1
		[[ $versions != *6* ]] || six=$1
		echo "$four, $six"
	}
	for address in "${addresses[@]}"; do udp "$CLIENT" "$address" 2 5100 5101 5102 5103; done
	become "$what: with no program" places "10: queue $((4 * n)) repeat $((4 * n)) stop $((2 * n))
11: runtime $((4 * n))"
	arrive "$what: what is not queued arrives" "$(both "0 2 2 2")"
	listener 7 accept $((3 * n))
	for address in "${addresses[@]}"; do udp "$CLIENT" "$address" 3 5100; done
	become "$what: a program accepts" places "10: queue $((7 * n)) repeat $((4 * n)) stop $((2 * n))
11: runtime $((7 * n))"
	wait
	arrive "$what: and it arrives" "$(both "3 2 2 2")"
	listener 8 drop 2
	udp "$CLIENT" "${addresses[0]}" 2 5101
	wait
	# the hook meets again what a program repeats
	listener 7 repeat 1
	udp "$CLIENT" "${addresses[0]}" 1 5100
	wait
	become "$what: a program drops, or repeats" places "10: queue $((7 * n + 4)) repeat $((4 * n)) stop $((2 * n))
11: runtime $((7 * n))"
	arrive "$what: neither arrives" "$(both "3 2 2 2")"
	check "$what: unload" ctl unload places
}
for hook in prerouting forward postrouting; do
	place ipv4 $hook 4 $FAR4 $FAR6
	place ipv6 $hook 6 $FAR4 $FAR6
	place inet $hook 46 $FAR4 $FAR6
	place bridge $hook 46 $BRIDGED4 $BRIDGED6
done

# --- IP's hooks of packets that a bridge forwards -----------------------------

modprobe -q br_netfilter
if router sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1 2>/dev/null; then
	for hook in prerouting forward postrouting; do
		place inet $hook 46 $BRIDGED4 $BRIDGED6 ", bridged"
	done
	load acts <<-'L'
	local nf = require("netfilter").new{}
	for _, hook in ipairs{ "prerouting", "forward", "postrouting" } do
	  nf:hook{ family = "inet", hook = hook, priority = "filter", function(pkt)
	    local udp = pkt.udp
	    if not udp or udp.dport // 10 ~= 520 then return end
	    assert((pkt.iifname == "br0") == (hook ~= "postrouting") and (pkt.oifname == "br0") == (hook ~= "prerouting"),
	      ("%s: %s to %s"):format(hook, pkt.iifname, pkt.oifname))
	    assert(pkt.eth and pkt.eth.type == pkt.protocol)
	    local held, why, errno = pkt:steal()
	    assert(held == nil and errno == 95, why)
	    if udp.dport == 5200 and hook == "prerouting" or udp.dport == 5201 and hook == "forward" then
	      assert(pkt:reply("udp", hook))
	      return nf.DROP
	    end
	    if udp.dport == 5202 and hook == "forward" then assert(pkt:reject()) return nf.DROP end
	  end }
	end
	L
	for address in $BRIDGED4 $BRIDGED6; do
		own=("${address%2}254/24") code=3/3
		[[ $address != *:* ]] || own=("${address%2}254/64" nodad) code=1/4
		ip -n "$ROUTER" addr replace "${own[@]}" dev br0
		is "$address: answered in prerouting" "$(peer udp "$address" 5200 x)" prerouting
		is "$address: answered in forward" "$(peer udp "$address" 5201 x)" forward
		is "$address: rejected in forward" "$(peer errors "$address" 5202)" "5202 $code ECONNREFUSED"
	done
	is "what crosses a bridge is met, and not stolen" \
		"$(field "$ROUTER" acts '[.entries[] | "\(.hook) \([.errors[]] | add) \(.outcomes.drop)"] | join(", ")')" \
		"prerouting 0 2, forward 0 4, postrouting 0 0"
	diag "$(field "$ROUTER" acts '.entries[].last_error')"
	ctl unload acts
	router sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0
else
	skip "bridged packets in IP's hooks" "this kernel has no br_netfilter"
fi

# --- ARP ------------------------------------------------------------------------

# Who asks says what becomes of it: 20 STOP, 21 REPEAT, 22 QUEUE, which cannot be,
# 23 DROP, 24 nothing. The client counts the answers.
load arp <<'L'
local nf = require("netfilter").new{}
local n = 0
for _, hook in ipairs{ "input", "output" } do
  local op = hook == "input" and 1 or 2
  nf:hook{ family = "arp", hook = hook, priority = 10, function(pkt)
    local arp = pkt.arp
    if not arp or arp.op ~= op then return end
    local address = tostring(op == 1 and arp.spa or arp.tpa)
    if address == "10.78.1.20" then return nf.STOP end
    if address == "10.78.1.21" then
      n = n + 1
      if n % 3 > 0 then return nf.REPEAT end
    end
    if address == "10.78.1.22" then return nf.QUEUE end
    if address == "10.78.1.23" then return nf.DROP end
  end }
  nf:hook{ family = "arp", hook = hook, priority = 11, function(pkt)
    local arp = pkt.arp
    if arp and arp.op == op and tostring(op == 1 and arp.spa or arp.tpa):find("^10.78.1.2%d$") then error("behind") end
  end }
end
L
nfluactl -n "$CLIENT" load --name answers - <<'L' || exit 1
local nf = require("netfilter").new{}
local seen = require("map").open{ name = "answers", key = "string", max = 16 }
nf:hook{ family = "arp", hook = "input", priority = 0, function(pkt)
  if pkt.arp and pkt.arp.op == 2 then seen:incr(tostring(pkt.arp.tpa), 1, 0) end
end }
L
client taskset -c 0 python3 - <<'P'
import socket
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind(("veth0", 0))
me = sock.getsockname()[4]
for last in (20, 21, 22, 23, 24) * 3:
    sock.send(b"\xff" * 6 + me + bytes.fromhex("0806" "00010800" "0604" "0001") + me +
              bytes([10, 78, 1, last]) + b"\0" * 6 + bytes([10, 78, 1, 254]))
P
become "ARP" arp "10: drop 3 repeat 6 stop 3 verdict 3
11: runtime 9
10: repeat 6 stop 3 verdict 3
11: runtime 9"
answered() { nfluactl -n "$CLIENT" map show answers | grep '^10\.78\.1\.2[0-9]' | sort | tr -s '\t\n' '  '; }
all_answered() { [ "$(answered)" = "10.78.1.20 3 10.78.1.21 3 10.78.1.22 3 10.78.1.24 3 " ]; }
check "all that is not dropped is answered" waits_for 10 all_answered
diag "answers: $(answered)"
is "ARP is not queued" "$(field "$ROUTER" arp '.entries[0].last_error' | head -n 1)" \
	"arp:5: function answered QUEUE (only IPv4, IPv6 and bridge packets can be queued, and not at ingress)"
ctl unload arp
finish
