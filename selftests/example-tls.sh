#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The examples that look into TLS, snifilter and tlslog, with curl and a client
# whose ClientHello comes in pieces.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3 curl tc
topology
EXAMPLES=$TOP/lua/examples

for address in $SERVER4 $SERVER6; do
	ip netns exec "$SERVER" python3 "$HERE/tls.py" server "$address" 443 >"$TMP/server" 2>&1 &
done
# tls ADDRESS PORT NAME [SIZE [RECORD]]: the name that the server was asked for
tls() { client python3 "$HERE/tls.py" client "$@" 2>/dev/null; }
both_answer() { [ "$(tls "$SERVER4" 443 a.test)" = a.test ] && [ "$(tls "$SERVER6" 443 a.test)" = a.test ]; }
waits_for 20 both_answer || { not_ok "TLS servers answer"; exit 1; }
# refused_by ADDRESS PORT NAME...: how the client's connection ended
refused_by() { client python3 "$HERE/tls.py" client "$@" 2>&1 | sed -n 's/^tls.py: \[Errno [0-9]*\] //p'; }
no_connection() { [ -z "$(server ss -tnH state established)" ]; }
fetch() {
	client curl -sk --max-time "${WAIT:-10}" --http0.9 --tls-max 1.2 --ciphers AECDH-AES256-SHA@SECLEVEL=0 \
		--resolve "$2:443:$1" "https://$2/"
}

# --- tlslog ----------------------------------------------------------------

nfluactl -n "$SERVER" monitor log >"$TMP/log" 2>&1 &
check "tlslog loads" ctl load "$EXAMPLES/tlslog.lua"
logged() { fetch "$1" logged.example; grep -q "$2.*logged.example" "$TMP/log"; }
check "tlslog: a name over IPv4" waits_for 20 logged $SERVER4 $CLIENT4
check "tlslog: a name over IPv6" waits_for 20 logged "[$SERVER6]" $CLIENT6
is "no error" "$(field "$SERVER" tlslog '.entries[0].last_error')" null
check "unloads" ctl unload tlslog

# --- snifilter -------------------------------------------------------------

check "snifilter loads" ctl load --budget 10ms "$EXAMPLES/snifilter.lua"
for address in $SERVER4 "[$SERVER6]"; do
	is "curl reaches a name at $address" "$(fetch "$address" good.example)" good.example
	check "and one that only ends like a blocked one" \
		[ "$(fetch "$address" notblocked.example)" = notblocked.example ]
	fetch "$address" Blocked.Example >"$TMP/out"
	is "but of a blocked one the connection is reset" "$?$(cat "$TMP/out")" 35
done
# the server's end of them is closed, too
check "nothing is left at the server" waits_for 1 no_connection
for address in $SERVER4 $SERVER6; do
	for size in 200 50 7 1; do
		is "a ClientHello in pieces of $size to $address" "$(tls "$address" 443 good.example $size)" good.example
		is "that of a blocked name" "$(refused_by "$address" 443 ads.test $size)" "Connection reset by peer"
	done
	for record in 300 40; do
		is "one in records of $record bytes" "$(tls "$address" 443 good.example 16384 $record)" good.example
		is "that of a blocked name" "$(refused_by "$address" 443 ads.test 16384 $record)" "Connection reset by peer"
	done
	is "one in records and pieces" "$(tls "$address" 443 good.example 31 57)" good.example
	is "that of a blocked name" "$(refused_by "$address" 443 ads.test 31 57)" "Connection reset by peer"
done
# Pieces that come in the wrong order are sent again until they are in order.
client tc qdisc add dev veth0 root netem delay 10ms reorder 50% 50% limit 1000 2>/dev/null &&
	for size in 50 20; do
		is "pieces of $size in any order" "$(tls "$SERVER4" 443 good.example $size)" good.example
		is "those of a blocked name" "$(tls "$SERVER4" 443 ads.test $size)" ""
	done
client tc qdisc del dev veth0 root 2>/dev/null
is "no error" "$(field "$SERVER" snifilter '.entries[0].last_error')" null
is "what passes is not kept" "$(ctl -j map show snifilter | jq '[.[] | .entries? // . | .. | .value? // empty | select(. != "")] | length')" 0
check "unloads" ctl unload snifilter
finish
