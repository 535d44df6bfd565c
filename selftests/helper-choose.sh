#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# By what a helper is chosen: iptables and ip6tables, nft in tables of ip, ip6 and
# inet; for both families, or for one. What it expects passes, and nothing else.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=router.sh source-path=SCRIPTDIR
. "$(dirname "$0")/router.sh"
need_command conntrack nft python3 iptables ip6tables
need_module
router_topology

# A client says the port at which it waits to be called back.
cat >"$TMP/choose.lua" <<'L'
local nf = require("netfilter").new{}
local function help(pkt, ct, info)
  local port = info:find("^established") and pkt.payload and pkt.payload:string():match("^CALL (%d+)\n")
  if port then assert(ct:expect{ dport = tonumber(port) }) end
end
nf:helper{ name = "both-lua", proto = "tcp", help }
nf:helper{ name = "four-lua", proto = "tcp", family = "ipv4", help }
nf:helper{ name = "six-lua", proto = "tcp", family = "ipv6", help }
L
cat >"$TMP/call.py" <<'P'
"""
serve: a server that is told "CALL PORT", calls back there, says "hello", and
tells when it has tried. ask HOST PORT: tells it so, and prints what it hears, or
"nothing".
"""
import socket
import sys


def listen(port):
    return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)


def serve():
    control = listen(7000)
    print("ready", flush=True)
    while True:
        c, peer = control.accept()
        words = c.makefile("r").readline().split()
        if len(words) != 2:
            continue
        try:
            with socket.create_connection((peer[0], int(words[1])), timeout=2) as s:
                s.sendall(b"hello\n")
        except OSError:
            pass
        c.sendall(b"done\n")
        c.close()


def ask(host, port):
    data = listen(int(port))
    data.settimeout(0.1)
    control = socket.create_connection((host, 7000), timeout=20)
    control.sendall(b"CALL %d\n" % int(port))
    control.makefile("r").readline()
    try:
        print(data.accept()[0].makefile("r").readline().strip())
    except OSError:
        print("nothing")


globals()[sys.argv[1]](*sys.argv[2:])
P
check "it loads" ctl load --budget 10ms "$TMP/choose.lua"
server python3 "$TMP/call.py" serve >"$TMP/ready" &
check "the server is there" waits_for 20 grep -q ready "$TMP/ready"
# What passes the router: one port of the server's, and what is related.
router nft -f - <<N
table inet pass {
	chain forward {
		type filter hook forward priority filter; policy drop
		ct state established,related accept
		tcp dport 7000 accept
		meta l4proto { icmp, icmpv6 } accept
	}
}
N
port=40000
# ask FAMILY: what the client hears, and by which helper
ask() {
	local host=$SERVER4
	[ "$1" = 4 ] || host=$SERVER6
	port=$((port + 1))
	router conntrack -F 2>/dev/null
	client python3 "$TMP/call.py" ask "$host" $port 2>&1
	# which is the control connection's
	router conntrack -L -p tcp --dport 7000 -f "ipv$1" 2>/dev/null | grep -o 'helper=[a-z-]*'
}
# hears WHAT FAMILY HELPER
hears() {
	heard=$(ask "$2" | xargs)
	is "$1: IPv$2, what is expected passes" "$heard" "hello helper=$3"
}
deaf() { is "$1: IPv$2, nothing passes" "$(ask "$2" | xargs)" "nothing"; }

deaf "without a rule" 4
deaf "without a rule" 6

# --- iptables and ip6tables, legacy and nft ---
some=
for flavour in legacy nft; do
	for family in 4 6; do
		t=ip${family#4}tables-$flavour
		router "$t" -t raw -L -n >/dev/null 2>&1 || continue
		some+=$family
		for helper in both-lua $([ $family = 4 ] && echo four-lua || echo six-lua); do
			check "$t: a rule with $helper" router "$t" -t raw -A PREROUTING -p tcp --dport 7000 -j CT --helper "$helper"
			check "$t: it is shown" grep -q -- "--dport 7000 -j CT --helper $helper" <(router "$t" -t raw -S)
			hears "$t" $family "$helper"
			deaf "$t" $((10 - family))
			check "$t: it goes" router "$t" -t raw -D PREROUTING -p tcp --dport 7000 -j CT --helper "$helper"
			deaf "$t, without the rule" $family
		done
		other=$([ $family = 4 ] && echo six-lua || echo four-lua)
		refused "$t: one of the other family is none" any "." router "$t" -t raw -A PREROUTING -p tcp --dport 7000 -j CT --helper "$other"
		refused "$t: nor is one for UDP" any "." router "$t" -t raw -A PREROUTING -p udp --dport 7000 -j CT --helper both-lua
	done
done
check "both families were tried" grep -q '4.*6' <<<"$some"

# --- nft: the family of the table, and that of the object ---
# rule TABLE-FAMILY HELPER OBJECT-FAMILY: ip, ip6 or inet
rule() {
	router nft delete table "$1" choose 2>/dev/null
	router nft -f - <<-N
	table $1 choose {
		ct helper it { type "$2" protocol tcp; ${3:+l3proto $3;} }
		chain pre {
			type filter hook prerouting priority filter
			tcp dport 7000 ct helper set "it"
		}
	}
	N
}
while read -r family helper object hears deaf; do
	what="nft, table $family, object of ${object#-}, $helper"
	check "$what" rule "$family" "$helper" "${object#-}"
	for f in ${hears//,/ }; do hears "$what" "$f" "$helper"; done
	for f in ${deaf//-/}; do deaf "$what" "$f"; done
	router nft delete table "$family" choose
done <<-T
	ip both-lua ip 4 6
	ip four-lua - 4 6
	ip6 both-lua ip6 6 4
	ip6 six-lua - 6 4
	inet both-lua inet 4,6 -
	inet both-lua ip 4 6
	inet both-lua ip6 6 4
	inet four-lua ip 4 6
	inet six-lua ip6 6 4
T
refused "nft: one of the other family is none" any "." rule ip6 four-lua ip6
is "the script has not failed" "$(field "$ROUTER" choose '[.entries[].errors[]] | add')" 0
router nft flush ruleset
check "unload" ctl unload choose
check "the module goes" waits_for 20 rmmod nflua
finish
