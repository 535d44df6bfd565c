#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# ct.tcp.state: each state that conntrack knows, with connections that stop there,
# as conntrack(8) shows it; in the callback of the packet that leads there, too.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=router.sh source-path=SCRIPTDIR
. "$(dirname "$0")/router.sh"
need_command conntrack nft python3
need_module
router_topology

# Nothing is to be forgotten meanwhile, however slow the machine.
for what in close close_wait established fin_wait last_ack max_retrans syn_recv syn_sent time_wait unacknowledged; do
	router sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_$what=600
done
# The states of each connection, by the port that the client has, in their order.
cat >"$TMP/tcp.lua" <<'L'
local conntrack = require("conntrack")
local nf = require("netfilter").new{}
local passed = require("map").open{ name = "passed", key = "integer", value = "string", size = 200, max = 64 }
nf:hook{ family = "inet", hook = "forward", priority = "filter", function(pkt)
  local ct = pkt.ct
  if not ct or not ct.tcp then return end
  local port, now = ct:tuple().sport, ct.tcp.state
  local was = passed:get(port) or ""
  if was:match("%S*$") ~= now then passed:set(port, (was .. " " .. now):match("%S.*")) end
end }
function states()
  for ct in conntrack.each{ proto = "tcp" } do print(ct:tuple().family, ct:tuple().sport, ct.tcp.state) end
end
L
check "it loads" ctl load --budget 10ms "$TMP/tcp.lua"

# What the ends must not hear, by port, so that a connection stops where it is: the
# router has seen it by then. PORT is the client's.
for ns in "$CLIENT" "$SERVER"; do
	in_ns "$ns" nft -f - <<-N
	table inet deaf {
		set ports { type inet_service; }
		chain in {
			type filter hook prerouting priority raw
			tcp sport @ports drop
			tcp dport @ports drop
		}
		chain out { type filter hook output priority raw; }
	}
	N
done
# deaf NAMESPACE PORT: hears no more of that connection
deaf() { in_ns "$1" nft "add element inet deaf ports { $2 }"; }

cat >"$TMP/tcp.py" <<'P'
"""
serve: answers "word" with "word"; with "endPORT" it closes the connection that
came from there. Else: ADDRESS PORT HOST PORT, and then words on standard input:
  connect    without waiting      up       waits until it is, and for an answer
  shut       closes its side      reset
and what is said to the server.
"""
import os
import select
import socket
import struct
import sys

RESET = struct.pack("ii", 1, 0)


def sock(host, port):
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((host, port))
    return s


def serve():
    listen = sock("::", 7000)
    listen.listen(64)
    print("ready", flush=True)
    socks = [listen]
    while True:
        for s in select.select(socks, [], [])[0]:
            if s is listen:
                socks.append(s.accept()[0])
                BY_PORT[socks[-1].getpeername()[1]] = socks[-1]
                continue
            try:
                data = s.recv(100)
            except ConnectionResetError:
                data = b""
            # of whoever has shut his side nothing more is read
            if not data:
                socks.remove(s)
            elif data.startswith(b"end"):
                peer = BY_PORT[int(data[3:])]
                if peer in socks:
                    socks.remove(peer)
                peer.close()
                s.sendall(b"ended")
                break
            else:
                s.sendall(data)


BY_PORT = {}


def talk(me, port, host, to):
    s = sock(me, int(port))
    s.setblocking(False)
    for line in sys.stdin:
        word = line.strip()
        if word == "connect":
            s.connect_ex((host, int(to)))
        elif word == "up":
            s.setblocking(True)
            s.settimeout(20)
            s.sendall(b"word")
            s.recv(4)
        elif word == "shut":
            s.shutdown(socket.SHUT_WR)
        elif word == "reset":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            s.close()
        else:
            s.sendall(word.encode())
            s.recv(100)
        print(word, flush=True)


if sys.argv[1] == "serve":
    serve()
else:
    talk(*sys.argv[1:])
P
server python3 "$TMP/tcp.py" serve >"$TMP/ready" 2>&1 &
check "a server" waits_for 20 grep -q ready "$TMP/ready"

# talker PORT NAMESPACE ADDRESS HOST TO: one end, which does what say PORT says
declare -A TO
talker() {
	local fd
	mkfifo "$TMP/to.$1"
	ip netns exec "$2" python3 "$TMP/tcp.py" "$3" "${6-$1}" "$4" "$5" <"$TMP/to.$1" >"$TMP/said.$1" 2>&1 &
	exec {fd}>"$TMP/to.$1"
	TO[$1]=$fd
}
# say PORT WORD...: until all are done
say() {
	local n word
	n=$(wc -l <"$TMP/said.$1")
	for word in "${@:2}"; do
		echo "$word" >&"${TO[$1]}"
		n=$((n + 1))
		waits_for 20 eval "[ \$(wc -l <$TMP/said.$1) -ge $n ]" || diag "$1 does not $word: $(tail -n 1 "$TMP/said.$1")"
	done
}
# state PORT: as conntrack has it, and then as a script has
theirs() { router conntrack -L -p tcp --sport "$1" -f "ipv$F" 2>/dev/null | awk '{ print $4 }'; }
ours() { ctl eval tcp 'states()' | awk -v p="$1" -v f="ipv$F" '$1 == f && $2 == p { print $3 }'; }
is_state() { [ "$(theirs "$1")" = "$2" ]; }
# state WANTED PORT
state() {
	waits_for 10 is_state "$2" "$1"
	is "IPv$F: conntrack has $1" "$(theirs "$2")" "$1"
	is "IPv$F: and so has a script" "$(ours "$2")" "$1"
}
# passed PORT STATES: what its packets have met
passed() { is "IPv$F: so its packets have met" "$(ctl -j map get passed "$1" | jq -r .value)" "$2"; }

for F in 4 6; do
	if [ $F = 4 ]; then me=$CLIENT4 you=$SERVER4 p=4000; else me=$CLIENT6 you=$SERVER6 p=6000; fi
	for n in 1 {3..9}; do talker $((p + n)) "$CLIENT" $me $you 7000; done

	deaf "$SERVER" $((p + 1))
	say $((p + 1)) connect
	state SYN_SENT $((p + 1))
	passed $((p + 1)) SYN_SENT

	# both have begun, and neither hears of it
	deaf "$SERVER" $((p + 2))
	deaf "$CLIENT" $((p + 2))
	talker $((p + 2)) "$CLIENT" $me $you 7001
	say $((p + 2)) connect
	state SYN_SENT $((p + 2))
	talker $((p + 20)) "$SERVER" $you $me $((p + 2)) 7001
	say $((p + 20)) connect
	state SYN_SENT2 $((p + 2))
	passed $((p + 2)) "SYN_SENT SYN_SENT2"

	deaf "$CLIENT" $((p + 3))
	say $((p + 3)) connect
	state SYN_RECV $((p + 3))
	passed $((p + 3)) "SYN_SENT SYN_RECV"

	say $((p + 4)) connect up
	state ESTABLISHED $((p + 4))
	passed $((p + 4)) "SYN_SENT SYN_RECV ESTABLISHED"

	# the FIN is not acknowledged; were it sent again, conntrack would take it for the
	# other side's
	say $((p + 5)) connect up
	deaf "$SERVER" $((p + 5))
	client nft "add rule inet deaf out tcp sport $((p + 5)) tcp flags & fin == fin limit rate over 1/hour burst 1 packets drop"
	say $((p + 5)) shut
	state FIN_WAIT $((p + 5))
	passed $((p + 5)) "SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT"

	# one side is closed
	say $((p + 6)) connect up shut
	state CLOSE_WAIT $((p + 6))
	passed $((p + 6)) "SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT"

	# the other's FIN is not acknowledged
	say $((p + 7)) connect up shut
	state CLOSE_WAIT $((p + 7))
	deaf "$CLIENT" $((p + 7))
	say $((p + 4)) "end$((p + 7))"
	state LAST_ACK $((p + 7))
	passed $((p + 7)) "SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK"

	say $((p + 8)) connect up shut
	state CLOSE_WAIT $((p + 8))
	say $((p + 4)) "end$((p + 8))"
	state TIME_WAIT $((p + 8))
	passed $((p + 8)) "SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK TIME_WAIT"

	say $((p + 9)) connect up reset
	state CLOSE $((p + 9))
	passed $((p + 9)) "SYN_SENT SYN_RECV ESTABLISHED CLOSE"
	state ESTABLISHED $((p + 4))
done
all() { ctl eval tcp 'states()' | awk '{ print $1, $2, $3 }' | sort; }
router conntrack -L -p tcp -o extended 2>/dev/null | sed -nE 's/^(ipv[46]) +[0-9]+ +tcp +6 +[0-9]+ +([A-Z_0-9]+) .*sport=([0-9]+) dport=.*sport=.*/\1 \3 \2/p' | sort >"$TMP/theirs"
is "all of them are what conntrack shows" "$(all)" "$(cat "$TMP/theirs")"
check "and there are many" [ "$(wc -l <"$TMP/theirs")" -ge 16 ]
is "the script has not failed" "$(field "$ROUTER" tcp '[.entries[].errors[]] | add')" 0
check "unload" ctl unload tcp
finish
