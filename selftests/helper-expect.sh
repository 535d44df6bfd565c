#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What an expectation says is what comes through: which connections it is met by,
# permanent and inactive ones, classes and how many may wait, a helper of its own,
# cancelled and late. Each in the kernel's table as conntrack(8) shows it, and by
# connections that are made.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=router.sh source-path=SCRIPTDIR
. "$(dirname "$0")/router.sh"
need_command conntrack nft python3 taskset
need_module
router_topology
# A third host, for what may come from elsewhere, and one in another net.
ip -n "$SERVER" addr add 10.88.2.9/24 dev veth0
ip -n "$SERVER" addr add fd88:2::9/64 dev veth0 nodad
ip -n "$SERVER" addr add 10.88.9.1/32 dev lo
ip -n "$SERVER" addr add fd88:9::1/128 dev lo nodad
ip -n "$ROUTER" route add 10.88.9.0/24 via 10.88.2.2
ip -n "$ROUTER" -6 route add fd88:9::/64 via fd88:2::2
router sysctl -qw net.netfilter.nf_conntrack_udp_timeout=600
touch "$TMP/seen"

# A datagram is the table for ct:expect(), or what is to be cancelled. All come to
# one packet state, which has variables of its own.
cat >"$TMP/expect.lua" <<'L'
local nf = require("netfilter").new{}
local results = require("map").open{ name = "results", key = "integer", value = "string", size = 200, max = 64 }
local all = {}
local ip = require("luapacket").ip
local words = { ["true"] = true, ["false"] = false }
local function read(text)
  local spec = {}
  for k, v in text:gmatch("([%w_]+) = ([^,]+)") do
    local quoted = v:match("'(.*)'")
    if words[v] ~= nil then v = words[v] else v = v:find("^ip") and ip(quoted) or quoted or tonumber(v) end
    spec[k] = v
  end
  return spec
end
nf:helper{ name = "expect-lua", proto = "udp", expect = { max = 2, timeout = 120 },
  classes = { { max = 1, timeout = 60 }, { max = 3 } },
  function(pkt, ct)
    local said = not ct.is_reply and pkt.payload and pkt.payload:string() or ""
    local wanted, cancel = said:match("^expect (.*)"), tonumber(said:match("^cancel (%d+)"))
    if wanted then
      local spec = read(wanted)
      local e, message, errno = ct:expect(spec)
      all[spec.dport] = e
      results:set(spec.dport, e and "expected" or ("%s %d"):format(message, errno))
    elseif cancel then
      results:set(cancel, tostring(all[cancel]:cancel()))
    end
  end }
nf:helper{ name = "second-lua", proto = "udp", function(pkt, ct)
  results:set(1, ct.helper .. " " .. ct:master().helper .. " " .. ct:tuple().dport .. " " .. tostring(ct.status.expected))
end }
nf:helper{ name = "second-lua", proto = "tcp", function() end }
L
check "it loads" ctl load --budget 10ms "$TMP/expect.lua"
server python3 "$HERE/udp.py" serve 7000 "$TMP/served" &
answers() { client python3 "$HERE/udp.py" send 4999 "$SERVER4" 7000 hello; [ -s "$TMP/served" ]; }
check "the server answers" waits_for 20 answers

# Where the client waits: it notes who has come.
cat >"$TMP/peer.py" <<'P'
"""
wait FILE PORT...: notes in FILE each datagram and each connection that comes to
the ports. call KIND FROM FROM-PORT HOST PORT: makes one, of udp or tcp.
"""
import select
import socket
import sys


def sock(kind, host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((host, int(port)))
    s.settimeout(1)
    return s


def wait(name, *ports):
    socks = []
    for port in ports:
        socks.append(sock("udp", "::", port))
        socks.append(sock("tcp", "::", port))
        socks[-1].listen()
    with open(name, "w") as f:
        print("ready", file=f, flush=True)
        while True:
            for s in select.select(socks, [], [])[0]:
                kind = "udp" if s.type == socket.SOCK_DGRAM else "tcp"
                peer = s.recvfrom(100)[1] if kind == "udp" else s.accept()[1]
                print(kind, peer[0].replace("::ffff:", ""), peer[1], s.getsockname()[1], file=f, flush=True)


def call(kind, source, sport, host, port):
    s = sock(kind, source, sport)
    try:
        s.connect((host, int(port)))
        s.send(b"hello")
    except OSError:
        pass


globals()[sys.argv[1]](*sys.argv[2:])
P
client python3 "$TMP/peer.py" wait "$TMP/seen" {40001..40009} &
check "the client waits" waits_for 20 grep -q ready "$TMP/seen"

# with FAMILY: the following is over IPv4 or IPv6
with() {
	F=IPv$1 EXPECTS=ipv$1
	if [ "$1" = 4 ]; then
		SERVERA=$SERVER4 CLIENTA=$CLIENT4
		THIRD=10.88.2.9 OTHER=10.88.9.1 NONE=0.0.0.0 ALL=255.255.255.255
	else
		SERVERA=$SERVER6 CLIENTA=$CLIENT6
		THIRD=fd88:2::9 OTHER=fd88:9::1 NONE=:: ALL=ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
	fi
}
own=5000
# fresh [MODE]: another connection, which expects nothing yet
fresh() {
	firewall udp 7000 expect-lua "${1-plain}"
	own=$((own + 1))
}
tell() { client taskset -c 0 python3 "$HERE/udp.py" send $own "$SERVERA" 7000 "$@"; }
result() { ctl -j map get results "$1" | jq -r .value; }
# expect DPORT [FIELDS]: by the one connection; with 'yes' as the answer
expect() {
	tell "expect dport = $1${2:+, $2}"
	is "$F: ${2:-nothing but the port} ($1)" "$(result "$1")" "${3-expected}"
}
# comes, does_not_come WHAT KIND FROM SPORT DPORT
call() {
	server python3 "$TMP/peer.py" call "$2" "$3" "$4" "$CLIENTA" "$5"
}
comes() {
	call "$@"
	check "$F: $1 comes" waits_for 10 grep -qx "$2 $3 $4 $5" "$TMP/seen"
}
does_not_come() {
	call "$@"
	is "$F: $1 does not come" "$(grep -cx "$2 $3 $4 $5" "$TMP/seen")" 0
}
waiting() { is "$F: $1" "$(expects | grep -o 'dport=4[0-9]*' | sort | cut -d= -f2 | xargs)" "$2"; }
shows() { check "$F: conntrack shows $1" grep -Eq -- "$2" <(expects); }

for family in 4 6; do
	with $family
	# every round has ports of its own, so that none is taken for another's
	s=$((50000 + family * 1000))

	# --- one that is met once ---
	fresh
	does_not_come "what nobody expects" udp "$SERVERA" $s 40001
	expect 40001
	waiting "it waits" 40001
	shows "it" "^1[0-9]* proto=17 src=$SERVERA dst=$CLIENTA sport=0 dport=40001 mask-src=$ALL mask-dst=($NONE|$ALL) sport=0 dport=65535 master-src=$CLIENTA master-dst=$SERVERA sport=$own dport=7000 "
	does_not_come "a third host's" udp "$THIRD" $((s + 1)) 40001
	does_not_come "what goes to another port" udp "$SERVERA" $((s + 1)) 40002
	does_not_come "what is TCP" tcp "$SERVERA" $((s + 1)) 40001
	waiting "none of these has met it" 40001
	comes "the first" udp "$SERVERA" $((s + 2)) 40001
	waiting "and it has gone" ""
	does_not_come "a second" udp "$SERVERA" $((s + 3)) 40001

	# --- permanent ---
	fresh
	expect 40002 "permanent = true"
	shows "it" "PERMANENT.* dport=40002 |dport=40002 .*PERMANENT"
	for n in 1 2 3; do
		comes "a permanent one's $n." udp "$SERVERA" $((s + 10 + n)) 40002
		waiting "and it waits" 40002
	done
	is "$F: three connections are expected ones" "$(router conntrack -L -p udp --dport 40002 -u EXPECTED 2>/dev/null | wc -l)" 3
	does_not_come "a third host's" udp "$THIRD" $((s + 14)) 40002
	tell "cancel 40002"
	is "$F: it is cancelled" "$(result 40002)" true
	waiting "and waits no more" ""
	does_not_come "one more" udp "$SERVERA" $((s + 15)) 40002
	call "" udp "$SERVERA" $((s + 11)) 40002
	twice() { [ "$(grep -cx "udp $SERVERA $((s + 11)) 40002" "$TMP/seen")" = 2 ]; }
	check "$F: what it let through before still comes" waits_for 10 twice

	# --- inactive ---
	fresh
	expect 40003 "inactive = true"
	shows "it" "INACTIVE.* dport=40003 |dport=40003 .*INACTIVE"
	does_not_come "what an inactive one is of" udp "$SERVERA" $((s + 20)) 40003
	waiting "it is still there" 40003
	fresh
	expect 40003 "inactive = true, permanent = true"
	does_not_come "what an inactive, permanent one is of" udp "$SERVERA" $((s + 21)) 40003
	shows "both" "INACTIVE.*PERMANENT|PERMANENT.*INACTIVE"

	# --- from where ---
	fresh
	expect 40004 "src = false"
	shows "any source" "src=$NONE dst=$CLIENTA sport=0 dport=40004 mask-src=$NONE "
	comes "a third host's" udp "$THIRD" $((s + 30)) 40004
	if [ $family = 4 ]; then
		prefixes="10.88.2.0/24 255.255.255.0 10.88.2.8/29 255.255.255.248"
	else
		prefixes="fd88:2::/52 ffff:ffff:ffff:f000:: fd88:2::8/125 ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff8"
	fi
	read -r wide wide_mask narrow narrow_mask <<<"$prefixes"
	fresh
	expect 40004 "src = ip'$wide'"
	shows "the mask" "dport=40004 mask-src=$wide_mask "
	does_not_come "another net's" udp "$OTHER" $((s + 31)) 40004
	comes "the prefix's" udp "$THIRD" $((s + 32)) 40004
	fresh
	expect 40004 "src = ip'$narrow'"
	shows "the mask" "dport=40004 mask-src=$narrow_mask "
	does_not_come "its neighbour's" udp "$SERVERA" $((s + 33)) 40004
	comes "the narrow prefix's" udp "$THIRD" $((s + 34)) 40004
	fresh
	expect 40004 "src = ip'$OTHER'"
	does_not_come "the peer's own" udp "$SERVERA" $((s + 35)) 40004
	comes "the other one's" udp "$OTHER" $((s + 36)) 40004
	fresh
	expect 40004 "sport = $((s + 37))"
	does_not_come "from another port" udp "$SERVERA" $((s + 38)) 40004
	comes "from that port" udp "$SERVERA" $((s + 37)) 40004
	fresh
	expect 40004 "sport = 0xe800, sport_mask = 0xff00, permanent = true"
	does_not_come "what the mask leaves out" udp "$SERVERA" $((0xe7ff - family)) 40004
	comes "what has the masked bits" udp "$SERVERA" $((0xe801 + family)) 40004
	comes "and another" udp "$SERVERA" $((0xe8ff - family)) 40004
	fresh
	expect 40004 "proto = 'tcp'"
	shows "TCP" "proto=6 .*dport=40004 "
	does_not_come "UDP" udp "$SERVERA" $((s + 40)) 40004
	comes "TCP" tcp "$SERVERA" $((s + 41)) 40004

	# --- how many, of which class ---
	fresh
	for n in 1 2 3; do expect 4000$n; done
	waiting "of three two wait, the newer ones" "40002 40003"
	does_not_come "what the first expected" udp "$SERVERA" $((s + 50)) 40001
	for n in 2 3; do comes "what the $n. expects" udp "$SERVERA" $((s + 50 + n)) 4000$n; done
	fresh
	expect 40001
	expect 40002
	expect 40003 "class = 1"
	waiting "another class is counted for itself" "40001 40002 40003"
	expect 40004 "class = 1"
	waiting "and has a limit of its own" "40001 40002 40004"
	for n in 5 6 7 8; do expect 4000$n "class = 2"; done
	waiting "the third, too" "40001 40002 40004 40006 40007 40008"
	expect 40009 "permanent = true"
	waiting "and makes room in its own alone" "40002 40004 40006 40007 40008 40009"
	does_not_come "what had to go" udp "$SERVERA" $((s + 60)) 40003
	does_not_come "and the other one" udp "$SERVERA" $((s + 61)) 40005
	for n in 2 4 6 7 8 9; do comes "class by class, $n" udp "$SERVERA" $((s + 60 + n)) 4000$n; done
	waiting "the permanent one is left" "40009"
	for n in 1 2 3; do expect 4000$n; done
	waiting "and is the oldest" "40002 40003"
	fresh
	expect 40001
	expect 40002
	comes "one that is met makes room, too" udp "$SERVERA" $((s + 70)) 40001
	expect 40003
	waiting "nothing goes for the third" "40002 40003"
	# seconds that are left: those of the class, or its own
	left() { expects | sed -nE "s/^([0-9]+) .*dport=$1 .*/\1/p"; }
	between() {
		local n
		n=$(left "$2")
		check "$F: $1" eval "[ '$n' -gt $3 ] && [ '$n' -le $4 ]"
	}
	fresh
	expect 40001
	expect 40002 "class = 1"
	expect 40003 "class = 2"
	expect 40004 "class = 2, timeout = 1000"
	between "the seconds of class 0" 40001 60 120
	between "of class 1" 40002 0 60
	between "of class 2, which names none" 40003 200 300
	between "its own" 40004 900 1000
	expect 40005 "class = 2, timeout = 1"
	gone() { ! expects | grep -q dport=40005; }
	check "$F: one second is over" waits_for 10 gone
	does_not_come "what is late" udp "$SERVERA" $((s + 75)) 40005

	# --- again ---
	fresh
	expect 40001
	expect 40001
	waiting "the same again is one" 40001
	comes "it" udp "$SERVERA" $((s + 80)) 40001
	expect 40001
	comes "and another, when it is expected anew," udp "$SERVERA" $((s + 81)) 40001
	fresh
	expect 40001
	router conntrack -D -p udp --dport 7000 -f "ipv$family" >/dev/null 2>&1
	waiting "it goes with its connection" ""
	does_not_come "what was expected" udp "$SERVERA" $((s + 82)) 40001

	# --- a helper of its own ---
	fresh
	ctl map delete results 1 2>/dev/null
	expect 40001 "helper = 'second-lua'"
	comes "what gets a helper" udp "$SERVERA" $((s + 90)) 40001
	is "$F: it is called, and knows by whom it was expected" "$(result 1)" "second-lua expect-lua 40001 true"
	check "$F: conntrack shows it" grep -q "dport=40001 .*helper=second-lua" <(router conntrack -L -p udp -f "ipv$family" 2>/dev/null)
	fresh
	expect 40002 "helper = 'second-lua', proto = 'tcp'"
	comes "TCP that gets one" tcp "$SERVERA" $((s + 91)) 40002
	check "$F: conntrack shows it" grep -q "dport=40002 .*helper=second-lua" <(router conntrack -L -p tcp -f "ipv$family" 2>/dev/null)
	fresh
	expect 40003
	comes "what gets none" udp "$SERVERA" $((s + 92)) 40003
	is "$F: has none" "$(router conntrack -L -p udp -f "ipv$family" --dport 40003 2>/dev/null | grep -c helper=)" 0
done

# --- NAT follows, also where who announces it connects himself ---
server python3 "$TMP/peer.py" wait "$TMP/met" 40001 &
check "the server waits" waits_for 20 grep -q ready "$TMP/met"
for mode in plain snat dnat; do
	for family in 4 6; do
		with $family
		SERVERA=$(target $family $mode) from=$CLIENTA
		[ $mode != snat ] || from=$([ $family = 4 ] && echo $EAST4 || echo $EAST6)
		fresh $mode
		expect 40001 "src = ip'$CLIENTA', dst = ip'$SERVERA'"
		client python3 "$TMP/peer.py" call udp "$CLIENTA" $own "$SERVERA" 40001
		check "$F: $mode: it comes to the server" waits_for 10 grep -qx "udp $from $own 40001" "$TMP/met"
	done
done

# --- the kernel's table is full ---
with 4
limit=$(cat /proc/sys/net/netfilter/nf_conntrack_expect_max)
at_exit "sysctl -qw net.netfilter.nf_conntrack_expect_max=$limit"
fresh
expect 40001
sysctl -qw net.netfilter.nf_conntrack_expect_max=1
expect 40002 "" "the kernel's table of expectations is full 24"
waiting "the first waits" 40001
sysctl -qw net.netfilter.nf_conntrack_expect_max="$limit"
expect 40002
waiting "both" "40001 40002"

is "the script has not failed" "$(field "$ROUTER" expect '[.entries[].errors[]] | add')" 0
check "unload" ctl unload expect
router nft flush ruleset
check "the module goes" waits_for 20 rmmod nflua
finish
