#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tracking, accounting and labels are on while a script needs them, in its
# namespace and in no other, and afterwards as they were.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command conntrack python3 iptables
topology
echo 'require("conntrack")' >"$TMP/track.lua"
echo 'require("conntrack").use("accounting")' >"$TMP/account.lua"
echo 'require("conntrack").use("accounting", "labels")' >"$TMP/both.lua"
echo 'local x = 1' >"$TMP/none.lua"
cat >"$TMP/look.lua" <<'L'
local each = require("conntrack").each
-- put together, so that they are no names
local counters, label_of = "coun" .. "ters", "la" .. "bel"
function look()
  for ct in each{ proto = "udp" } do
    local n, why = ct[counters](ct, "original")
    local label, no = ct[label_of](ct, 7)
    print(ct:tuple().dport, n or why, label == nil and no or label)
  end
end
L
in_table() { in_ns "$1" conntrack -L -p udp 2>/dev/null | grep -q "dport=$2"; }
# tracked NS ADDRESS PORT: is a datagram that comes in there now tracked?
tracked() {
	local from=$CLIENT
	[ "$1" = "$SERVER" ] || from=$SERVER
	udp "$from" "$2" 1 "$3"
	waits_for "${4-5}" in_table "$1" "$3"
}
not_tracked() { ! tracked "$@" 1; }
acct() { in_ns "${1-$SERVER}" cat /proc/sys/net/netfilter/nf_conntrack_acct; }

# --- tracking ---
echo 'function late() return require("conntrack") end' >"$TMP/late.lua"
check "without a script nothing is tracked" not_tracked "$SERVER" $SERVER4 4001
ctl load "$TMP/none.lua"
check "nor with one that does not ask for it" not_tracked "$SERVER" $SERVER4 4002
ctl load "$TMP/track.lua"
check "with one that does, it is" tracked "$SERVER" $SERVER4 4003
check "over IPv6, too" tracked "$SERVER" $SERVER6 4004
check "in another namespace it is not" not_tracked "$CLIENT" $CLIENT4 4005
ctl load --name second "$TMP/track.lua"
ctl unload track
check "as long as one needs it" tracked "$SERVER" $SERVER4 4006
ctl unload second
check "and no longer" not_tracked "$SERVER" $SERVER4 4007
ctl load --name x "$TMP/track.lua"
ctl replace --name x "$TMP/track.lua"
check "a replace keeps it" tracked "$SERVER" $SERVER4 4008
ctl replace --name x "$TMP/none.lua"
check "a replace by one that does not need it ends it" not_tracked "$SERVER" $SERVER4 4009
ctl load --name y --single "$TMP/track.lua"
check "a script with one state" tracked "$SERVER" $SERVER4 4010
check "unload it" ctl unload y
ctl load "$TMP/late.lua"
check "one that only a function requires" tracked "$SERVER" $SERVER4 4014
ctl unload late
check "ends" not_tracked "$SERVER" $SERVER4 4011
echo 'require("conntrack") error("no")' >"$TMP/fails.lua"
refused "a load that fails" 2 'no' ctl load "$TMP/fails.lua"
check "changes nothing" not_tracked "$SERVER" $SERVER4 4012
check "nor does a check" ctl check "$TMP/track.lua"
check "so it is" not_tracked "$SERVER" $SERVER4 4013

# --- accounting ---
is "accounting is off" "$(acct)" 0
ctl load "$TMP/track.lua"
is "tracking does not need it" "$(acct)" 0
ctl load "$TMP/look.lua"
check "a connection that is not counted" tracked "$SERVER" $SERVER4 4020
ctl load "$TMP/account.lua"
is "with a script that needs it, it is on" "$(acct)" 1
is "in another namespace it is not" "$(acct "$CLIENT")" 0
check "a connection that is counted" tracked "$SERVER" $SERVER4 4021
udp "$CLIENT" $SERVER4 1 4020
looks() { ctl eval look 'look()' | grep -P "^$1\t$2\t$3\$"; }
check "what is older has no counters, and says so" looks 4020 "accounting was off when the connection began" "labels were off when the connection began"
check "what is younger has" looks 4021 1 "labels were off when the connection began"
ctl load "$TMP/both.lua"
check "a connection with counters and labels" tracked "$SERVER" $SERVER4 4022
check "has both" looks 4022 1 false
ctl unload account
is "as long as one needs it" "$(acct)" 1
ctl unload both
is "and no longer" "$(acct)" 0
check "connections that begin now" tracked "$SERVER" $SERVER4 4023
check "have neither" looks 4023 "accounting was off when the connection began" "labels were off when the connection began"
server sysctl -qw net.netfilter.nf_conntrack_acct=1
ctl load "$TMP/account.lua"
ctl replace "$TMP/account.lua"
is "on before" "$(acct)" 1
ctl unload account
is "on afterwards" "$(acct)" 1
ctl load "$TMP/account.lua"
server sysctl -qw net.netfilter.nf_conntrack_acct=0
ctl unload account
is "turned off meanwhile, it stays off" "$(acct)" 0
check "a check of a script that needs it" ctl check "$TMP/both.lua"
is "changes nothing" "$(acct)" 0

# --- what a script names it needs ---
names() {
	ctl load --name names - <<<"$1" || diag "it does not load: $1"
}
ctl unload look
ctl unload track
names 'function f(pkt) return pkt.ct ~= nil end'
check "pkt.ct: it is tracked" tracked "$SERVER" $SERVER4 4030
is "but not counted" "$(acct)" 0
ctl unload names
check "and no longer" not_tracked "$SERVER" $SERVER4 4031
names 'local function inner() return function(pkt) return pkt:connid() end end f = inner()'
check "pkt:connid(), in an inner function" tracked "$SERVER" $SERVER4 4032
ctl unload names
ctl load "$TMP/look.lua"
names 'function f(pkt) local ct = pkt.ct return ct and ct:counters() end'
is "ct:counters(): it is counted" "$(acct)" 1
check "a connection" tracked "$SERVER" $SERVER4 4033
check "has counters" looks 4033 1 "labels were off when the connection began"
ctl unload names
is "and no longer" "$(acct)" 0
names 'function f(pkt) local ct = pkt.ct return ct and ct:label(3, true) end'
check "ct:label(): a connection" tracked "$SERVER" $SERVER4 4034
check "has labels" looks 4034 "accounting was off when the connection began" false
ctl unload names
ctl unload look
names 'local t = { counters = 1, label = 2 } function f() return t.counters == t.label end'
is "without connections the names are anybody's" "$(acct)" 0
check "and nothing is tracked" not_tracked "$SERVER" $SERVER4 4035
ctl unload names

# --- by force, and with the namespace ---
cat >"$TMP/rule.lua" <<'L'
require("conntrack").use("accounting", "labels")
function f(pkt) return pkt.ct ~= nil end
L
ctl load "$TMP/rule.lua"
server iptables -A INPUT -m lua --script rule --function f
is "on" "$(acct)" 1
check "unloaded by force" ctl unload --force rule
is "off" "$(acct)" 0
server iptables -F INPUT
ctl load --name rule2 "$TMP/rule.lua"
is "on before the namespace goes" "$(acct)" 1
ip netns del "$SERVER"
check "the module goes when it has gone" waits_for 20 bash -c 'rmmod nflua; ! grep -q ^nflua /proc/modules'

# --- the module needs conntrack's ---
namespace "nflua-n$$"
check "nfluactl loads the module" nfluactl -n "nflua-n$$" list
check "conntrack came along" [ -d /sys/module/nf_conntrack ]
if modinfo -n nf_conntrack 2>/dev/null | grep -q builtin; then
	skip "and stays" "nf_conntrack is no module here"
else
	refused "and stays" any 'in use' rmmod nf_conntrack
fi
finish
