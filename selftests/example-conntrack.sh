#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The examples that go by connections: conncount, uplinks, drain.
# Functions that check calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3 conntrack
topology
EXAMPLES=$TOP/lua/examples
PY=$HERE/conntrack.py
touch "$TMP/on"
# hold NAME SPORT DPORT [ADDRESS]: a TCP connection that lives on
hold() {
	ip netns exec "$CLIENT" python3 "$PY" tcp "${4-$SERVER4}" "$2" "$3" "$TMP/on" >"$TMP/hold.$1" 2>&1 &
	waits_for 20 grep -q up "$TMP/hold.$1"
}
for address in $SERVER4 $SERVER6; do
	ip netns exec "$SERVER" python3 "$PY" serve "$address" 5001 5002 8080 >"$TMP/serve.$address" &
	check "a server on $address" waits_for 20 grep -q ready "$TMP/serve.$address"
done

# --- conncount: the line of its comment makes lines for InfluxDB ----------------

check "conncount loads" ctl load "$EXAMPLES/conncount.lua"
check "UDP" client python3 "$PY" udp $SERVER4 4001 5001 3 95
check "UDP over IPv6" client python3 "$PY" udp $SERVER6 4002 5002 1 5
sed -n "/jq -r '/,/'\$/s/^-- *//p" "$EXAMPLES/conncount.lua" | sed "s/^nfluactl/nfluactl -n $SERVER/" >"$TMP/export"
check "there is such a line" grep -q '^nfluactl .*jq' "$TMP/export"
bash "$TMP/export" >"$TMP/lines" 2>"$TMP/err"
check "InfluxDB's lines" grep -Exq \
	'conn,id=[0-9]+,proto=17,src=10.77.0.1,dst=10.77.0.2,port=5001 packets_out=3i,bytes_out=369i,packets_in=3i,bytes_in=369i' "$TMP/lines"
check "and over IPv6" grep -Exq \
	'conn,id=[0-9]+,proto=17,src=fd77::1,dst=fd77::2,port=5002 packets_out=1i,bytes_out=53i,packets_in=1i,bytes_in=53i' "$TMP/lines"
is "and no other" "$(wc -l <"$TMP/lines") $(cat "$TMP/err")" "2 "
is "as many as conntrack counts" "$(server conntrack -L -p udp 2>/dev/null | sed -nE 's/.*dport=5001 packets=3 bytes=([0-9]+).*/\1/p')" 369
is "a query" "$(ctl eval conncount 'report{ dport = 5001 }' | wc -l)" 1
check "conncount unloads" ctl unload conncount

# --- drain -----------------------------------------------------------------------

opens() { client timeout 5 python3 "$PY" udp "$1" 0 5001 1 && client bash -c "exec 3<>/dev/tcp/$1/$2"; }
closed() { ! client timeout 5 bash -c "exec 3<>/dev/tcp/$1/$2" 2>/dev/null; }
check "a connection before drain" hold before 4100 8080
check "drain loads" ctl load "$EXAMPLES/drain.lua"
check "a connection before the port is drained" hold live 4101 8080
check "one over IPv6" hold live6 4102 8080 $SERVER6
check "drain the port" ctl map set drain 8080 0
for address in $SERVER4 $SERVER6; do
	check "new connections are refused at $address" closed "$address" 8080
	check "and not to other ports" opens "$address" 5002
done
is "counted" "$(ctl -j map get drain 8080 | jq .value)" 2
check "established ones live" [ "$(ctl eval drain 'left(8080)')" -ge 2 ]
# each says one more word, and ends then
rm "$TMP/on"
none_left() { [ "$(ctl eval drain 'left(8080)')" = 0 ]; }
check "until they end" waits_for 20 none_left
check "take new ones again" ctl map delete drain 8080
touch "$TMP/on"
check "they come" hold again 4103 8080
is "no error" "$(field "$SERVER" drain '.entries[0].last_error')" null
check "drain unloads" ctl unload drain

# --- uplinks: two links between the same two -------------------------------------
#
#     $CLIENT                            $SERVER
#     eth1 10.81.0.1 ----------------- eth1 10.81.0.2
#     eth2 10.82.0.1 ----------------- eth2 10.82.0.2    the server's default route
#     lo   10.90.0.1

for n in 1 2; do
	ip -n "$CLIENT" link add eth$n type veth peer name eth$n netns "$SERVER"
	for ns in "$CLIENT 1" "$SERVER 2"; do
		read -r ns host <<<"$ns"
		ip -n "$ns" addr add "10.8$n.0.$host/24" dev eth$n
		ip -n "$ns" link set eth$n up
		in_ns "$ns" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth$n.rp_filter=0
	done
	ip -n "$SERVER" route add default via 10.8$n.0.1 dev eth$n table 10$n
	ip -n "$SERVER" rule add fwmark $n table 10$n
done
ip -n "$SERVER" route add default via 10.82.0.1 dev eth2
ip -n "$CLIENT" addr add 10.90.0.1/32 dev lo
ip -n "$CLIENT" route add 10.81.0.2/32 via 10.81.0.2 dev eth1 src 10.90.0.1
ip -n "$CLIENT" route add 10.82.0.2/32 via 10.82.0.2 dev eth2 src 10.90.0.1
for n in 1 2; do
	ip netns exec "$SERVER" python3 "$PY" serve 10.8$n.0.2 5001 >"$TMP/serve.up$n" &
	check "a server at uplink $n" waits_for 20 grep -q ready "$TMP/serve.up$n"
done
sent() { ip -n "$SERVER" -j -s link show "$1" | jq '.[0].stats64.tx.packets'; }
# answers UPLINK: by which device the answers to ten questions leave
answers() {
	local before1 before2
	before1=$(sent eth1) before2=$(sent eth2)
	client python3 "$PY" udp "10.8$1.0.2" 0 5001 10 || return
	echo "$(($(sent eth1) - before1 >= 10)) $(($(sent eth2) - before2 >= 10))"
}
is "without the script answers leave by the default route" "$(answers 1)" "0 1"
check "uplinks loads" ctl load "$EXAMPLES/uplinks.lua"
is "with it, by the uplink that the question came by" "$(answers 1)" "1 0"
is "and by the other" "$(answers 2)" "0 1"
check "TCP" hold tcp 4200 5001 10.81.0.2
is "the mark is the connection's" "$(server conntrack -L -p tcp --sport 4200 2>/dev/null | grep -o 'mark=[0-9]*')" "mark=1"
is "no error" "$(field "$SERVER" uplinks '[.entries[].last_error | select(. != null)][0]')" null
check "uplinks unloads" ctl unload uplinks
rm "$TMP/on"
finish
