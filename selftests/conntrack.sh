#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a script sees of a packet's connection, and does to it: every field, in
# callbacks and in the control state, is what conntrack(8) shows.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3 conntrack taskset iptables ip6tables
topology
PY=$HERE/conntrack.py

# both ends of a connection, and what passes between them
tables_of() { in_ns "$1" conntrack -L -o extended,id 2>/dev/null; }
server iptables -t raw -A PREROUTING -p udp --dport 5007 -j CT --zone 7
server iptables -t raw -A OUTPUT -p udp --sport 5007 -j CT --zone 7
server iptables -t raw -A PREROUTING -p udp --dport 5009 -j CT --zone-orig 9
server ip6tables -t raw -A PREROUTING -p udp --dport 5007 -j CT --zone 8
server ip6tables -t raw -A OUTPUT -p udp --sport 5007 -j CT --zone 8
server iptables -t raw -A PREROUTING -p udp --dport 5003 -j CT --notrack
server iptables -t raw -A PREROUTING -p tcp --dport 5021 -j CT --helper ftp
server iptables -t nat -A PREROUTING -p udp --dport 5080 -j REDIRECT --to-ports 5001
server iptables -t nat -A PREROUTING -p tcp --dport 5080 -j REDIRECT --to-ports 5001
client iptables -t nat -A POSTROUTING -p udp --dport 5001 --sport 4050 -j SNAT --to-source 10.77.0.1:45000-45001
client ip6tables -t nat -A POSTROUTING -p udp --dport 5001 --sport 4050 -j SNAT --to-source '[fd77::1]:45000-45001'
for ns in "$SERVER" "$CLIENT"; do
	check "the script loads in $ns" nfluactl -n "$ns" load --name ct --budget 10ms "$HERE/conntrack.lua"
done
# Nothing is to be forgotten meanwhile, however slow the machine.
for ns in "$SERVER" "$CLIENT"; do
	for what in udp_timeout udp_timeout_stream icmp_timeout icmpv6_timeout; do
		in_ns "$ns" sysctl -qw "net.netfilter.nf_conntrack_$what=600"
	done
done
ports=(5001 5007 5009 5021 6001 6002 6004)
for address in $SERVER4 $SERVER6 127.0.0.1; do
	ip netns exec "$SERVER" python3 "$PY" serve "$address" "${ports[@]}" >"$TMP/serve.$address" &
	check "a server on $address" waits_for 20 grep -q ready "$TMP/serve.$address"
done
talk() { client python3 "$PY" "$@"; }
touch "$TMP/on"
hold() {
	ip netns exec "$CLIENT" python3 "$PY" tcp "$@" "$TMP/on" >"$TMP/tcp.$1.$2" 2>&1 &
	waits_for 20 grep -q up "$TMP/tcp.$1.$2"
}

# --- what is tracked, and how it looks ---------------------------------------

for address in $SERVER4 $SERVER6; do
	check "UDP over $address, both ways" talk udp "$address" 4001 5001 3
	check "UDP over $address, one way" talk send "$address" 4002 5999
	check "UDP over $address, with source NAT" talk udp "$address" 4050 5001 2
	check "UDP over $address, in a zone" talk udp "$address" 4003 5007 2
	check "UDP over $address, in fragments" talk udp "$address" 4004 5001 2 4000
	check "TCP over $address" hold "$address" 4005 5001
	check "ICMP over $address" client ping -n -c 2 -i 0.2 -W 5 "$address"
done
check "UDP, redirected" talk udp $SERVER4 4006 5080 2
check "TCP, redirected" hold $SERVER4 4007 5080
check "UDP, with a zone of one direction" talk udp $SERVER4 4008 5009 2
check "TCP with a helper" hold $SERVER4 4009 5021
check "a mark" talk udp $SERVER4 4011 6001 2
check "labels" talk udp $SERVER4 4012 6002 1
check "a timeout" talk send $SERVER4 4013 6003
check "UDP over loopback" server python3 "$PY" udp 127.0.0.1 4014 5001 2

# Compare: who ("all()" or "dump()") NAMESPACE. Timeouts and use counts vary.
plain() { sed -E 's/ +/ /g; s/ use=[0-9]+//; s/ $//; s/^(ipv[46] [0-9]+ [a-z0-9]+ [0-9]+) [0-9]+ /\1 /' | sort; }
compare() {
	tables_of "$1" | plain >"$TMP/theirs"
	nfluactl -n "$1" eval ct "$2" | plain >"$TMP/ours"
	[ -s "$TMP/theirs" ] && diff "$TMP/theirs" "$TMP/ours"
}
for ns in "$SERVER" "$CLIENT"; do
	check "all connections of $ns are what conntrack shows" compare "$ns" 'all()'
	check "so they were in the callbacks" compare "$ns" 'dump()'
	is "no errors in $ns" "$(field "$ns" ct '[.entries[].last_error | select(. != null)][0]')" null
done
tables_of "$SERVER" | sed 's/^/# /'
# has WHAT NAMESPACE PATTERN: lest nothing be compared with nothing
has() { check "among them: $1" bash -c "ip netns exec $2 conntrack -L -o extended,id 2>/dev/null | tr -s ' ' | grep -E -- '$3'"; }
has "TCP" "$SERVER" '^ipv4 2 tcp 6 [0-9]+ ESTABLISHED .*sport=4005 .*\[ASSURED\]'
has "TCP over IPv6" "$SERVER" '^ipv6 10 tcp 6 [0-9]+ ESTABLISHED .*sport=4005 '
has "one way" "$SERVER" 'dport=5999 .*\[UNREPLIED\]'
has "NAT of the source" "$CLIENT" '^ipv4 .*sport=4050 .*dport=4500[01]'
has "NAT of the source over IPv6" "$CLIENT" '^ipv6 .*sport=4050 .*dport=4500[01]'
has "NAT of the destination" "$SERVER" 'dport=5080 .*sport=5001'
has "a zone" "$SERVER" '^ipv4 .*dport=5007 .*zone=7'
has "a zone over IPv6" "$SERVER" '^ipv6 .*dport=5007 .*zone=8'
has "a zone of one direction" "$SERVER" 'dport=5009 .*zone-orig=9'
has "a helper" "$SERVER" 'dport=5021 .*helper=ftp'
has "ICMP" "$SERVER" '^ipv4 2 icmp 1 .*type=8 code=0 id='
has "ICMPv6" "$SERVER" '^ipv6 10 icmpv6 58 .*type=128 code=0 id='
has "the mark that was set" "$SERVER" 'dport=6001 .*mark=4276993775'
has "loopback" "$SERVER" 'src=127.0.0.1 dst=127.0.0.1 sport=4014'
for label in 0 31 64 127; do
	server iptables -A INPUT -p udp --dport 6002 -m connlabel --label $label
done
server iptables -A INPUT -p udp --dport 6002 -m connlabel ! --label 32
check "one more datagram" talk send $SERVER4 4012 6002
labels_match() { [ "$(server iptables-save -c | grep -- --label | cut -d: -f1 | tr -d '[\n')" = 11111 ]; }
check "iptables sees the labels that were set" waits_for 10 labels_match
server iptables -F INPUT
timeouts_agree() {
	tables_of "$SERVER" | sed -E 's/ +/ /g; s/^ipv[46] [0-9]+ [a-z0-9]+ [0-9]+ ([0-9]+) .* id=([0-9]+).*/\2 \1/' | sort >"$TMP/theirs"
	ctl eval ct 'timeouts()' | tr '\t' ' ' | sort >"$TMP/ours"
	join "$TMP/theirs" "$TMP/ours" | awk -v n="$(wc -l <"$TMP/theirs")" '
		{ d = $2 - $3; if (d > 3 || d < -3) { print; bad++ } }
		END { exit bad || NR != n || n < 15 }'
}
check "timeouts are those that conntrack shows" timeouts_agree
has "the timeout that was set" "$SERVER" '^ipv4 2 udp 17 4[0-9]{3} .*dport=6003'

# --- what a packet is to its connection ---------------------------------------

infos_of() { ctl eval ct "infos_of{ $1 }"; }
is "UDP, both ways" "$(infos_of 'proto = "udp", sport = 4001, family = "ipv4"')" \
	"new established_reply established established_reply established established_reply "
is "the same over IPv6" "$(infos_of 'proto = "udp", sport = 4001, family = "ipv6"')" \
	"new established_reply established established_reply established established_reply "
is "a port where nobody listens: the ICMP error is related" "$(infos_of 'proto = "udp", dport = 5999, family = "ipv4"')" "new related_reply "
check "the beginning of TCP" grep -q '^new established_reply established ' <<<"$(infos_of 'proto = "tcp", sport = 4005, family = "ipv4"')"

# --- no connection ------------------------------------------------------------

talk send $SERVER4 4020 5003
talk send $SERVER4 4021 5001
says() { [ "$(ctl -j map get notes "$1" 2>/dev/null | jq -r .value)" = "$2" ]; }
check "notrack gives none, and says so" waits_for 10 says "late 5003" "nil 7"
check "before conntrack there is none" waits_for 10 says "early 5001" "nil nil"
check "behind it there is" waits_for 10 says "late 5001" "ct 2"
is "nor has what is not tracked a line" "$(ctl eval ct 'dump()' 2>&1 | grep -c 'port=5003')" 0

# --- killed ---------------------------------------------------------------------

check "the first packet of a connection that is to be killed" talk udp $SERVER4 4030 6004 1
# in this direction: the answer to what was killed begins another
in_table() { tables_of "$SERVER" | tr -s " " | grep -q "^ipv4 2 udp 17 [0-9]* src=$CLIENT4 dst=$SERVER4 sport=4030 dport=6004 "; }
check "it is there" in_table
talk send $SERVER4 4030 6004
out_of_table() { ! in_table; }
check "the second has killed it" waits_for 10 out_of_table

# --- a connection that a helper expected ----------------------------------------

cat >"$TMP/related.lua" <<'L'
local nf = require("netfilter").new{}
require("conntrack")
local seen = require("map").open{ name = "related", key = "string", value = "string", size = 128, max = 8 }
nf:hook{ family = "ipv4", hook = "output", priority = 200, function(pkt)
  local ct = pkt.ct
  if pkt.tcp and pkt.tcp.sport == 5021 and ct and ct.helper == "ftp" then
    -- what another module's helper has there is not a script's
    local ok, why = pcall(function() ct.data = "x" end)
    local none, message, errno = ct:swap_data("a", "b")
    seen:set("data", ("%s %s %s %d"):format(ct.data, ok, why:match("[^:]*$"), errno))
  end
  if not pkt.tcp or pkt.tcp.dport ~= 40000 then return end
  local m <close> = ct:master()
  seen:set("syn", ("%s %s %s %d"):format(ct.info, ct.status.expected, m:tuple().dport, m:tuple("reply").dport))
end }
L
check "a script that looks at masters" ctl load "$TMP/related.lua"
# shellcheck disable=SC2016
client bash -c 'exec 3<>/dev/tcp/$1/5021; printf "USER x\r\n" >&3; read -rt 5 -u 3 line
	printf "PORT 10,77,0,1,156,64\r\n" >&3; read -rt 5 -u 3 line; exec cat <&3 >/dev/null' bash $SERVER4 &
expected() { server conntrack -L expect 2>/dev/null | grep -q 'dport=40000'; }
check "the helper expects a connection" waits_for 10 expected
# shellcheck disable=SC2016
server timeout 2 bash -c 'exec 3<>/dev/tcp/$1/40000' bash $CLIENT4 2>/dev/null
is "it is related, and has a master" "$(ctl -j map get related syn | jq -r '.value' | sed 's/ [0-9]*$//')" "related true 5021"
is "the data of the kernel's helper is its own" "$(ctl -j map get related data | jq -r .value)" \
	"nil false  the connection has no helper of a script, and no data 2"
check "unload it" ctl unload related

# --- what is asked in the control state ----------------------------------------------

cat >"$TMP/ask.lua" <<'L'
local conntrack = require("conntrack")
assert(conntrack.IP_CT_ESTABLISHED == 0 and conntrack.IP_CT_RELATED == 1 and conntrack.IP_CT_NEW == 2)
assert(conntrack.IP_CT_IS_REPLY == 3 and conntrack.IP_CT_ESTABLISHED_REPLY == 3 and conntrack.IP_CT_RELATED_REPLY == 4)
assert(conntrack.IP_CT_NEW_REPLY == 5 and conntrack.IP_CT_NUMBER == 5 and conntrack.UNTRACKED == 7)
function sums()
  local n = 0
  for ct in conntrack.each() do
    local packets, bytes = ct:counters("both")
    local po, bo = ct:counters("original")
    local pr, br = ct:counters("reply")
    if packets then
      assert(packets == po + pr and bytes == bo + br and packets > 0)
      assert(ct:counters() == packets)
      n = n + 1
    end
  end
  return n > 0
end
L
check "the constants are the kernel's" ctl load "$TMP/ask.lua"
is "both directions are the sum of each" "$(ctl eval ask 'sums()')" true
ctl unload ask

# --- rules: a match; misuse raises ------------------------------------------

server iptables -A INPUT -p udp --dport 7001 -m lua --script ct --function matches
server iptables -A INPUT -p udp --dport 7002 -m lua --script ct --function misuse
ON_CPU=0 udp "$CLIENT" $SERVER4 2 7001 7002
entry() { counts "$SERVER" ct | grep "^function $1 "; }
called() { entry "$1" | grep -q "calls=2"; }
check "calls of the match" waits_for 10 called matches
is "a match reads a connection, and writes it" "$(entry matches)" "function matches calls=2 match=2"
check "calls of misuse" waits_for 10 called misuse
is "misuse raises" "$(entry misuse) $(field "$SERVER" ct '.entries[] | select(.name == "misuse") | .last_error')" "function misuse calls=2 nomatch=2 null"
server iptables -F INPUT
is "no errors at the end" "$(field "$SERVER" ct '[.entries[].last_error | select(. != null)][0]')" null

# --- a body, and a test run ---------------------------------------------------------

fails() {
	cat >"$TMP/bad.lua"
	refused "$1" 2 "$2" ctl load "$TMP/bad.lua"
}
fails "a word that use() does not know" 'bad.lua:1: bad argument #1 to .use. .invalid option .foo.' <<<'require("conntrack").use("foo")'
fails "use() of nothing" 'bad.lua:1: .*value expected' <<<'require("conntrack").use()'
fails "find in a body" 'bad.lua:1: conntrack.find runs in the control state .*packet state of CPU 0' \
	<<<'require("conntrack").find{ proto = "udp", src = "10.0.0.1", dst = "10.0.0.2", sport = 1, dport = 2 }'
ctl load --name run <(echo 'require("conntrack")
function f(pkt) assert(pkt.ct == nil and pkt:connid() == nil and require("conntrack").get(pkt) == nil) return true end')
echo 'ip4(udp(1, 7001, b"nflua"))' | python3 "$HERE/packets.py" - 02:00:00:00:00:01 02:00:00:00:00:02 >"$TMP/frame"
is "packets of a test run have no connection" \
	"$(ctl -j run run --entry function:f --hook input --iif veth0 --hex "$(cat "$TMP/frame")" 2>&1 | jq -r '.[0].outcome')" match
rm "$TMP/on"
finish
