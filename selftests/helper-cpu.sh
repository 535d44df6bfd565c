#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# One connection's packets on two CPUs, each with a packet state of its own: what a
# helper keeps in ct.data is there for the other, what it keeps in a variable is
# not; and what two CPUs do to it at once is not lost.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=router.sh source-path=SCRIPTDIR
. "$(dirname "$0")/router.sh"
need_command conntrack nft python3 taskset
need_module
[ "$(nproc)" -ge 2 ] || skip_all "needs two CPUs"
router_topology
# Over veth a packet arrives on the CPU that sends it.

# A command is a line, which may come in parts. Which state has met which part is
# noted: states tell themselves apart by a number that each takes once.
cat >"$TMP/parts.lua" <<'L'
local netfilter = require("netfilter")
local open = require("map").open
local nf = netfilter.new{}
local numbers = open{ name = "numbers", key = "string", max = 8 }
local notes = open{ name = "notes", key = "string", value = "string", size = 200, max = 64 }
local me
local variable = ""
local function note(name, what)
  notes:set(name, ((notes:get(name) or "") .. " " .. what):match("%S.*"))
end
nf:helper{ name = "parts-lua", proto = "tcp", expect = { max = 1 }, function(pkt, ct)
  if ct.is_reply or not pkt.payload then return end
  local s = pkt.payload:string()
  if s == "" then return end
  me = me or numbers:incr("states", 1, 0)
  note("states", me)
  local before = string.unpack("z", ct.data)
  local line = before .. s
  variable = variable .. s
  note("parts", s:gsub("\n", "."))
  if not line:find("\n") then
    ct.data = line
    return
  end
  ct.data = ""
  note("line", line:gsub("\n", "."):gsub(" ", "_"))
  note("variable", variable:gsub("\n", "."):gsub(" ", "_"))
  variable = ""
  local port = line:match("^CALL (%d+)\n")
  if port then note("port", ct:expect{ dport = tonumber(port) }.dport) end
end }
nf:helper{ name = "sum-lua", proto = "udp", function(pkt, ct)
  if not ct.status.confirmed then return end
  me = me or numbers:incr("states", 1, 0)
  numbers:incr("of " .. me, 1, 0)
  local old
  repeat
    old = ct.data
    local n, sum = string.unpack("I8I8", old)
    for _ = 1, 50 do end
  until ct:swap_data(old, string.pack("I8I8", n + 1, sum + pkt:u8(0, "payload")))
  -- what is done without: others may come in between
  numbers:set("plain", (numbers:get("plain") or 0) + 1)
end }
function sum()
  for ct in require("conntrack").each{ proto = "udp", dport = 7001 } do
    return string.unpack("I8I8", ct.data)
  end
end
L
cat >"$TMP/parts.py" <<'P'
"""
serve: takes what comes, and answers a line with its length. say HOST PART...: one
connection, each PART a segment, from the CPU that its first byte names; prints the
answer. many CPU HOST COUNT: as many datagrams, from one port.
"""
import os
import socket
import struct
import sys


def serve():
    s = socket.create_server(("", 7000), family=socket.AF_INET6, dualstack_ipv6=True)
    print("ready", flush=True)
    while True:
        c, _ = s.accept()
        data = b""
        while not data.endswith(b"\n"):
            data += c.recv(100)
        c.sendall(b"%d\n" % len(data))
        c.close()


def say(host, *parts):
    s = socket.create_connection((host, 7000), timeout=20)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for part in parts:
        os.sched_setaffinity(0, {int(part[0])})
        s.sendall(part[1:].encode())
        # the next segment is sent by this program, and not when an answer comes
        while struct.unpack("I", s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 28)[24:28])[0]:
            pass
    print(s.recv(100).decode().strip())


def many(cpu, host, count):
    os.sched_setaffinity(0, {int(cpu)})
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(("", 6000))
    for _ in range(int(count)):
        s.sendto(bytes([int(cpu) + 1]), (host, 7001))


globals()[sys.argv[1]](*sys.argv[2:])
P
server python3 "$TMP/parts.py" serve >"$TMP/ready" &
check "a server" waits_for 20 grep -q ready "$TMP/ready"
noted() { ctl -j map get notes "$1" 2>/dev/null | jq -r .value; }
fresh() {
	ctl unload parts 2>/dev/null
	ctl load --budget 10ms "$TMP/parts.lua" || not_ok "the script loads"
	firewall tcp 7000 parts-lua "$1"
}

# --- a command in two segments, from two CPUs ---
for mode in plain snat dnat; do
	for family in 4 6; do
		what="$mode, IPv$family"
		for cpus in "0 1" "1 0" "0 0"; do
			read -r first second <<<"$cpus"
			fresh $mode
			is "$what: the server has got all" "$(client python3 "$TMP/parts.py" say "$(target $family $mode)" "${first}CALL 4" "${second}0321"$'\n')" 11
			is "$what: in two parts" "$(noted parts)" "CALL 4 0321."
			if [ "$first" != "$second" ]; then
				is "$what: CPUs $cpus are two states" "$(noted states)" "1 2"
				is "$what: whose variables know of one part" "$(noted variable)" "0321."
			else
				is "$what: one CPU is one state" "$(noted states)" "1 1"
				is "$what: whose variable knows of both" "$(noted variable)" "CALL_40321."
			fi
			is "$what: ct.data has both" "$(noted line)" "CALL_40321."
			is "$what: so it is expected" "$(noted port)" "40321"
			check "$what: conntrack shows it" grep -q 'dport=40321 ' <(EXPECTS=ipv$family expects)
		done
	done
done
fresh plain
is "a letter at a time, on alternate CPUs" "$(client python3 "$TMP/parts.py" say "$SERVER4" 0C 1A 0L 1L '0 ' 14 00 13 02 11 0$'\n')" 11
is "by two states, by turns" "$(noted states)" "1 2 1 2 1 2 1 2 1 2 1"
is "is one command" "$(noted line) $(noted port)" "CALL_40321. 40321"

# --- two CPUs at once ---
fresh plain
firewall udp 7001 sum-lua plain
N=3000
client python3 "$TMP/parts.py" many 0 $SERVER4 1
begins() { ctl eval parts 'sum()' | grep -q .; }
check "a connection" waits_for 10 begins
client python3 "$TMP/parts.py" many 0 $SERVER4 $N &
one=$!
client python3 "$TMP/parts.py" many 1 $SERVER4 $N
wait $one
number() { ctl -j map get numbers "$1" | jq -r .value; }
one=$(number 'of 1') two=$(number 'of 2')
check "both CPUs have met it" [ "$one" -gt $((N / 2)) -a "$two" -gt $((N / 2)) ]
read -r n sum _ < <(ctl eval parts 'sum()')
is "nothing is lost of what they swapped" "$n" $((one + two))
check "nor of what it was" [ "$sum" = $((one + 2 * two)) -o "$sum" = $((2 * one + two)) ]
diag "$one and $two; what reads and writes without has counted $(number plain)"
is "the script has not failed" "$(field "$ROUTER" parts '[.entries[].errors[]] | add')" 0
check "unload" ctl unload parts
finish
