#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The examples that decide by addresses, ports and fields of their own: blockip,
# portknock, ifcount, sensor.
# Functions that check calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3 nc
topology
EXAMPLES=$TOP/lua/examples
reaches() { client ping -n -c 1 -W 1 "$1" >/dev/null; }
cut_off() { ! reaches "$1"; }

# --- blockip ---------------------------------------------------------------

sed 's|"198.51.100.0/24", ip"2001:db8:bad::/48"|"10.77.0.32/28", ip"fd77::1:0/112"|' \
	"$EXAMPLES/blockip.lua" >"$TMP/blockip.lua"
check "blockip loads" ctl load "$TMP/blockip.lua"
for address in "$CLIENT4 $SERVER4 10.77.0.40/24" "$CLIENT6 $SERVER6 fd77::1:7/64"; do
	read -r me you prefixed <<<"$address"
	check "a source that is not blocked: $me" reaches "$you"
	check "block it" ctl map set blockip "$me" 0
	check "it is dropped" cut_off "$you"
	check "TCP, too" bash -c "! ip netns exec $CLIENT nc -z -w 1 $you 22"
	check "and counted" [ "$(ctl -j map get blockip "$me" | jq .value)" -ge 2 ]
	check "forgive it" ctl map delete blockip "$me"
	check "it passes again" reaches "$you"
	ip -n "$CLIENT" addr add "$prefixed" dev veth0 nodad 2>/dev/null ||
		ip -n "$CLIENT" addr add "$prefixed" dev veth0
	ip -n "$SERVER" neigh replace "${prefixed%/*}" dev veth0 lladdr 02:00:00:00:00:01 nud permanent
	check "a source in a blocked prefix is dropped" \
		bash -c "! ip netns exec $CLIENT ping -n -c 1 -W 1 -I ${prefixed%/*} $you"
	ip -n "$CLIENT" addr del "$prefixed" dev veth0
done
is "no error" "$(field "$SERVER" blockip '.entries[0].last_error')" null
check "unloads" ctl unload blockip

# --- portknock -------------------------------------------------------------

for address in $SERVER4 $SERVER6; do
	ip netns exec "$SERVER" nc -lk -s "$address" -p 22 </dev/null >/dev/null 2>&1 &
done
# The port is open if a connection is made; closed if nothing comes back.
open() { client nc -z -w 2 "$1" 22; }
closed() { ! client nc -z -w 1 "$1" 22; }
check "without a script the port is open" waits_for 10 open $SERVER4
check "over IPv6, too" waits_for 10 open $SERVER6
check "portknock loads" ctl load "$EXAMPLES/portknock.lua"
# knock ADDRESS PORT...: each from another CPU
knock() {
	local address=$1 port cpu=0
	shift
	for port; do
		ON_CPU=$cpu one_syn "$address" "$port"
		cpu=$((1 - cpu))
	done
}
one_syn() { taskset -c "$ON_CPU" ip netns exec "$CLIENT" nc -z -w 1 "$1" "$2"; true; }
for address in "$CLIENT4 $SERVER4" "$CLIENT6 $SERVER6"; do
	read -r me you <<<"$address"
	check "closed to $me" closed "$you"
	knock "$you" 7001 8002
	check "closed after two knocks" closed "$you"
	is "the map has two of them" "$(ctl -j map get portknock "$me" | jq .value)" 2
	knock "$you" 7001 9003 8002
	check "closed after wrong ones" closed "$you"
	knock "$you" 7001 8002 9003
	check "open after the right ones, on both CPUs" open "$you"
	check "close it" ctl map delete portknock "$me"
	check "closed again" closed "$you"
	check "let in by hand" ctl map set portknock "$me" 3
	check "open" open "$you"
done
is "no error" "$(field "$SERVER" portknock '.entries[0].last_error')" null
check "unloads" ctl unload portknock

# --- ifcount ---------------------------------------------------------------

check "ifcount loads" ctl load "$EXAMPLES/ifcount.lua"
udp "$CLIENT" "$SERVER4" 7 4000
udp "$CLIENT" "$SERVER6" 3 4000
udp "$SERVER" 127.0.0.1 2 4000
counted() { [ "$(ctl -j map get ifcount.packets veth0 | jq .value) $(ctl -j map get ifcount.packets lo | jq .value)" = "$1" ]; }
# The server's answers, port unreachable, come in at lo alone.
check "packets of each device" waits_for 5 counted "10 4"
is "their bytes" "$(ctl -j map get ifcount.bytes veth0 | jq .value)" $((7 * 33 + 3 * 53))
check "unloads" ctl unload ifcount

# --- sensor ----------------------------------------------------------------

# A reading as python packs it: version, test, low battery, sensor, tenths of
# degrees, count, gateway, battery.
cat >"$TMP/sensor.py" <<'P'
import socket
import sys

version, test, low, sensor, tenths, count, battery = map(int, sys.argv[2:])
data = (version << 29 | test << 28 | low << 27 | sensor << 16 | tenths << 4 | count).to_bytes(4, "big")
data += socket.inet_aton("192.0.2.1") + battery.to_bytes(4, "little")
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
socket.socket(family, socket.SOCK_DGRAM).sendto(data, (sys.argv[1], 9000))
P
check "sensor loads" ctl load "$EXAMPLES/sensor.lua"
check "sensor 1234 is known" ctl map set sensors 1234 0
n=0
while read -r verdict reading; do
	for address in $SERVER4 $SERVER6; do
		# shellcheck disable=SC2086
		client python3 "$TMP/sensor.py" "$address" $reading
	done
	n=$((n + 2))
	calls_become "$SERVER" sensor $n
	is "reading $reading" "$(field "$SERVER" sensor '.entries[0].outcomes | .accept')" "$verdict"
done <<'T'
2 1 0 0 1234 215 1 3000
4 1 0 1 1234 1000 15 2699
4 2 0 0 1234 215 1 3000
4 1 1 0 1234 215 1 3000
4 1 0 0 1235 215 1 3000
4 1 0 0 1234 1001 1 3000
4 1 0 1 1234 215 1 2700
4 1 0 0 1234 215 1 2699
6 1 0 0 1234 0 0 4294967295
T
is "readings of it" "$(ctl -j map get sensors 1234 | jq .value)" 6
is "no error" "$(field "$SERVER" sensor '.entries[0].last_error')" null
check "unloads" ctl unload sensor
finish
