#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Hooks of the families arp, bridge and netdev, and inet's ingress: each meets
# its packets, at its place and in its order, beside others' in one namespace.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3
topology
SWITCH=switch-$$
namespace "$SWITCH"

# A bridge between a second pair of links:
#
#    $CLIENT veth1 ---- port0 [ br0 ] port1 ---- veth1 $SERVER
#    10.78.0.1/24           10.78.0.3            10.78.0.2/24
#    fd78::1/64             fd78::3              fd78::2/64
ip -n "$SWITCH" link add br0 type bridge forward_delay 0 || skip_all "this kernel has no bridge" promised
n=0
for ns in "$CLIENT" "$SERVER"; do
	ip -n "$ns" link add veth1 type veth peer name port$n netns "$SWITCH"
	ip -n "$SWITCH" link set port$n master br0
	ip -n "$SWITCH" link set port$n up
	n=$((n + 1))
done
n=0
for end in "$CLIENT veth1" "$SERVER veth1" "$SWITCH br0"; do
	read -r ns dev <<<"$end"
	n=$((n + 1))
	ip -n "$ns" addr add 10.78.0.$n/24 dev "$dev"
	ip -n "$ns" addr add fd78::$n/64 dev "$dev" nodad
	ip -n "$ns" link set "$dev" up
done
for address in 10.78.0.2 10.78.0.3 fd78::2 fd78::3; do
	check "the bridge leads to $address" waits_for 10 client ping -c 1 -W 1 $address
done

# drops NS SCRIPT: of each hook, and its errors; what else passes is noise
drops() { field "$1" "$2" '.entries[] | select(.kind == "hook") | "\(.name): \(.outcomes.drop) \([.errors[]] | add)"'; }
same() { [ "$(drops "$1" "$2")" = "$3" ]; }
# become WHAT NS SCRIPT DROPS
become() {
	waits_for 10 same "$2" "$3" "$4"
	is "$1" "$(drops "$2" "$3")" "$4"
}

# --- bridge: each hook drops its own port ---
{
	echo 'local nf = require("netfilter").new{}'
	port=4000
	for hook in prerouting input forward output postrouting; do
		cat <<-L
		nf:hook{ family = "bridge", hook = "$hook", priority = "filter", function(pkt)
		  if not pkt.udp or pkt.udp.dport ~= $port then return end
		  if pkt.hook ~= "$hook" or pkt.family ~= "bridge" then error(pkt.family .. " " .. pkt.hook) end
		  return nf.DROP
		end }
		L
		port=$((port + 1))
	done
} | SCRIPT_NS=$SWITCH load bridged
for end in "$CLIENT 2 4000" "$CLIENT 3 4001" "$CLIENT 2 4002" "$SWITCH 1 4003" "$CLIENT 2 4004"; do
	read -r ns host port <<<"$end"
	udp "$ns" 10.78.0."$host" 4 "$port"
	udp "$ns" fd78::"$host" 4 "$port"
done
become "the bridge's hooks each drop their port" "$SWITCH" bridged "bridge prerouting -200: 8 0
bridge input -200: 8 0
bridge forward -200: 8 0
bridge output -200: 8 0
bridge postrouting -200: 8 0"
is "and they are hooked" "$(field "$SWITCH" bridged '[.entries[].state] | unique[]')" hooked
check "what they do not name passes" client ping -c 1 -W 2 10.78.0.2
check "unload" nfluactl -n "$SWITCH" unload bridged

# --- two scripts at one place: the order is that of their priorities ---
SCRIPT_NS=$SWITCH load late <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "bridge", hook = "forward", priority = "out + 1", function(pkt)
  if pkt.udp and pkt.udp.dport == 4100 then error("seen") end
  if pkt.udp and pkt.udp.dport == 4101 then return nf.DROP end
end }
L
SCRIPT_NS=$SWITCH load early <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "bridge", hook = "forward", priority = "out", function(pkt)
  if pkt.udp and pkt.udp.dport == 4100 then return nf.DROP end
  if pkt.udp and pkt.udp.dport == 4101 then error("seen") end
end }
L
udp "$CLIENT" 10.78.0.2 3 4100 4101
become "the first one drops, or the next one meets it" "$SWITCH" early "bridge forward 100: 3 3"
become "the second one meets what is left" "$SWITCH" late "bridge forward 101: 3 0"
for name in late early; do nfluactl -n "$SWITCH" unload $name; done

# --- arp ---
load arp <<'L'
local nf = require("netfilter").new{}
-- the target's address, after 8 bytes and three addresses
local function asks(pkt, last) return pkt:u32(24) == 0x0a4d0000 + last end
nf:hook{ family = "arp", hook = "input", priority = "filter", function(pkt)
  if pkt.family ~= "arp" or pkt.hook ~= "input" or pkt.ip then error("what is it?") end
  if not pkt.iifname or pkt.oifname then error("where is it?") end
  -- other devices look after their neighbours, too
  if pkt.iifname == "veth0" and asks(pkt, 77) then return nf.DROP end
end }
nf:hook{ family = "arp", hook = "output", priority = -5, function(pkt)
  if pkt.hook ~= "output" then error("where is it?") end
  -- other devices look after their neighbours, too
  if pkt.oifname == "veth0" and asks(pkt, 78) then return nf.DROP end
end }
L
# requests COUNT LAST: who has 10.77.0.LAST?
requests() {
	client python3 - "$@" <<'P'
import socket, sys
count, last = int(sys.argv[1]), int(sys.argv[2])
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind(("veth0", 0))
me = bytes.fromhex("020000000001")
for _ in range(count):
    sock.send(b"\xff" * 6 + me + bytes.fromhex("0806" "00010800" "0604" "0001") + me +
              bytes([10, 77, 0, 1]) + b"\0" * 6 + bytes([10, 77, 0, last]))
P
}
requests 7 77
requests 2 76
become "what comes in" "$SERVER" arp $'arp input 0: 7 0\narp output -5: 0 0'
asked() {
	server ping -c 1 -W 1 10.77.0.78
	[[ $(drops "$SERVER" arp) =~ "arp input 0: 7 0"$'\n'"arp output -5: "[1-9][0-9]*" 0" ]]
}
check "what goes out" waits_for 10 asked
check "unload" ctl unload arp

# --- netdev: both ways, and what inet makes of it ---
egress=
cat >"$TMP/egress.lua" <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "netdev", hook = "egress", device = "veth0", priority = 0, function() end }
L
! ctl check "$TMP/egress.lua" >/dev/null 2>&1 || egress=1
{
	cat <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "netdev", hook = "ingress", device = "veth0", priority = "filter", function(pkt)
  if pkt.family ~= "netdev" or pkt.hook ~= "ingress" or pkt.iifname ~= "veth0" then error("where is it?") end
  if pkt.udp and pkt.udp.dport == 4200 then return nf.DROP end
  -- ARP is here, too
  if pkt:u16(12, "link") == 0x0806 and pkt:u32(24) == 0x0a4d004d then return nf.DROP end
end }
nf:hook{ family = "inet", hook = "ingress", device = "veth0", priority = "filter + 1", function(pkt)
  if pkt.hook ~= "ingress" or not (pkt.family == "ipv4" and pkt.ip or pkt.family == "ipv6" and pkt.ip6) then
    error("where is it?")
  end
  if pkt.udp and pkt.udp.dport == 4200 then error("seen") end
  if pkt.udp and pkt.udp.dport == 4201 then return nf.DROP end
end }
L
	[ -z "$egress" ] || cat <<'L'
nf:hook{ family = "netdev", hook = "egress", device = "veth0", priority = "filter", function(pkt)
  if pkt.family ~= "netdev" or pkt.hook ~= "egress" or pkt.oifname ~= "veth0" then error("where is it?") end
  if pkt.udp and pkt.udp.dport == 4202 then return nf.DROP end
end }
L
} | load edges
is "devices in JSON" "$(field "$SERVER" edges '[.entries[] | "\(.family) \(.hook) \(.device) \(.state)"] | .[:2] | join(", ")')" \
	"netdev ingress veth0 hooked, inet ingress veth0 hooked"
for address in "$SERVER4" "$SERVER6"; do udp "$CLIENT" $address 5 4200 4201; done
for address in "$CLIENT4" "$CLIENT6"; do udp "$SERVER" $address 3 4202; done
requests 2 77
become "what comes in, and what goes out" "$SERVER" edges "netdev ingress 0 veth0: 12 0
inet ingress 1 veth0: 10 0${egress:+
netdev egress 0 veth0: 6 0}"
check "what they do not name passes" client ping -c 1 -W 2 "$SERVER6"

# --- the kernel's own list ---
listed() { server nft list hooks "$@" 2>/dev/null; }
# no_list WHAT: only where the kernel does not have one
no_list() {
	if modinfo nfnetlink_hook >/dev/null 2>&1; then
		not_ok "$1" "nft lists no hooks, but the kernel has a list"
	else
		skip "$1" "this kernel has no list (CONFIG_NETFILTER_NETLINK_HOOK)"
	fi
}
if listed netdev device veth0 | grep -q hook; then
	# nft of bookworm prints function and module, and does not ask for egress
	listed netdev device veth0 >"$TMP/listed"
	grep -q 'hook egress' "$TMP/listed" || egress=
	is "nft names hooks on a device" "$(grep -o 'nflua_hook_[a-z]* \[nflua\]' "$TMP/listed" | sort | uniq -c | xargs)" \
		"1 nflua_hook_ingress [nflua] $((egress + 1)) nflua_hook_run [nflua]"
else
	no_list "nft names hooks on a device"
fi
check "unload" ctl unload edges
if listed ip | grep -q hook; then
	load places <<-'L'
	local nf = require("netfilter").new{}
	for _, family in ipairs{ "arp", "bridge", "ipv4", "inet" } do
	  nf:hook{ family = family, hook = "input", priority = 11, function() end }
	end
	L
	for family in arp:1 bridge:1 ip:2 ip6:1; do
		is "nft names hooks of ${family%:*}" "$(listed ${family%:*} | grep -c '11 nflua_hook_run \[nflua\]')" ${family#*:}
	done
	ctl unload places
else
	no_list "nft names hooks by family"
fi

# --- test runs see frames as these hooks do ---
load see <<'L'
local nf = require("netfilter").new{}
for _, place in ipairs{ "bridge forward", "arp input", "arp output", "netdev ingress", "inet ingress" } do
  local family, hook = place:match("(%S+) (%S+)")
  nf:hook{ family = family, hook = hook, device = hook == "ingress" and "veth0" or nil, priority = 0, function(pkt)
    print(pkt, pkt.iifname, pkt.oifname, (pkt:u16(12, "link")))
  end }
end
L
ARP=ffffffffffff020000000001080600010800060400010200000000010a4d00010000000000000a4d0002
UDP=0200000000020200000000010800450000210000400040112659 rest=0a4d00010a4d00020fa00035000d0000736f6d6574
ZEROS=$(printf '00%.0s' {1..13})
while IFS='|' read -r what entry bytes want; do
	is "run: $what" "$(ctl -j run see --entry "$entry" --hex "$bytes" 2>&1 |
		jq -r '.[0] | .outcome, .family, .hook, .output' 2>/dev/null | xargs)" "$want"
done <<T
ARP at arp input|arp input 0|$ARP|accept arp input packet: arp input eth0 10.77.0.1 > 10.77.0.2 arp, 28 bytes eth0 nil 2054
ARP at arp output|arp output 0|$ARP|accept arp output packet: arp output eth1 10.77.0.1 > 10.77.0.2 arp, 28 bytes nil eth1 2054
ARP on a bridge|bridge forward 0|$ARP|accept bridge forward packet: bridge forward eth0 to eth1 10.77.0.1 > 10.77.0.2 arp, 28 bytes eth0 eth1 2054
ARP at netdev ingress|netdev ingress 0 veth0|$ARP|accept netdev ingress packet: netdev ingress veth0 10.77.0.1 > 10.77.0.2 arp, 28 bytes veth0 nil 2054
IPv4 at netdev ingress|netdev ingress 0 veth0|$UDP$rest|accept netdev ingress packet: netdev ingress veth0 10.77.0.1:4000 > 10.77.0.2:53 udp, 33 bytes veth0 nil 2048
IPv4 at inet ingress|inet ingress 0 veth0|$UDP$rest|accept ipv4 ingress packet: ipv4 ingress veth0 10.77.0.1:4000 > 10.77.0.2:53 udp, 33 bytes veth0 nil 2048
padding at inet ingress|inet ingress 0 veth0|$UDP$rest$ZEROS|accept ipv4 ingress packet: ipv4 ingress veth0 10.77.0.1:4000 > 10.77.0.2:53 udp, 33 bytes veth0 nil 2048
a VLAN tag is taken off|netdev ingress 0 veth0|${ARP:0:24}81000001${ARP:24}|accept netdev ingress packet: netdev ingress veth0 10.77.0.1 > 10.77.0.2 arp, 28 bytes veth0 nil 2054
T
refused "run: ARP at inet ingress" 2 'neither an IPv4 nor an IPv6 packet: its Ethernet type is 0x0806' \
	ctl run see --entry "inet ingress 0 veth0" --hex $ARP
refused "run: IPv4 at arp input" 2 'not an ARP packet: its Ethernet type is 0x0800' \
	ctl run see --entry "arp input 0" --hex $UDP$rest
refused "run: a short ARP packet" 2 'not a valid ARP packet: it has 27 bytes' \
	ctl run see --entry "arp input 0" --hex ${ARP%??}
refused "run: an odd ARP packet" 2 'not a valid ARP packet: its addresses have 8 and 4 bytes' \
	ctl run see --entry "arp input 0" --hex ${ARP:0:36}08${ARP:38}
ctl unload see
finish
