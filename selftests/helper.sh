#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Conntrack helpers: what a script says to nf:helper and ct:expect, the helper's
# data, mangling, failures; replace, unload and namespaces with connections alive.
# Functions that waits_for calls look unreachable, and what another bash expands
# in single quotes does not.
# shellcheck disable=SC2317,SC2016
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=router.sh source-path=SCRIPTDIR
. "$(dirname "$0")/router.sh"
need_command conntrack nft python3 iptables taskset
need_module
router_topology
# However slow the machine, a connection lives on while it is asked about.
router sysctl -qw net.netfilter.nf_conntrack_udp_timeout=36000
server python3 "$HERE/udp.py" serve 7000 "$TMP/seen" &
answers() { client python3 "$HERE/udp.py" send 4999 "$SERVER4" 7000 hello; [ -s "$TMP/seen" ]; }
check "the server answers" waits_for 20 answers

# --- what the table says ---
# bad WHAT PATTERN TABLE
bad() {
	echo "local nf = require('netfilter').new{} nf:helper{ $3 }" >"$TMP/bad.lua"
	refused "$1" any "$2" ctl check "$TMP/bad.lua"
	refused "$1, without the kernel" any "$2" ctl check --no-kernel "$TMP/bad.lua"
}
F='function() end'
bad "no function" "no function in the table" 'name = "a", proto = "tcp"'
bad "no name" "the helper has no 'name'" "proto = 'tcp', $F"
bad "a long name" "must be 1 to 15 of" "name = 'abcdefghijklmnop', proto = 'tcp', $F"
bad "a name with a blank" "must be 1 to 15 of" "name = 'a b', proto = 'tcp', $F"
bad "the kernel's ftp" "the kernel has a helper 'ftp'" "name = 'ftp', proto = 'tcp', $F"
bad "the kernel's ftp on a port" "the kernel has a helper 'ftp-2121'" "name = 'ftp-2121', proto = 'tcp', $F"
bad "no protocol" "the helper has no 'proto'" "name = 'a', $F"
bad "another protocol" "proto is 'sctp', but may be: tcp udp" "name = 'a', proto = 'sctp', $F"
bad "another family" "family is 'arp', but may be: ipv4 ipv6 inet" "name = 'a', proto = 'udp', family = 'arp', $F"
bad "another field" "a helper has no field 'port' \(it has: name family proto expect classes on_error\)" "name = 'a', proto = 'udp', port = 1, $F"
bad "too many expectations" "max is 256, but may be 1 to 255" "name = 'a', proto = 'udp', expect = { max = 256 }, $F"
bad "no time" "timeout is 0, but may be 1 to 604800 seconds" "name = 'a', proto = 'udp', expect = { timeout = 0 }, $F"
bad "two functions" "a helper has no field \[2\] \(it has: \[1\]\)" "name = 'a', proto = 'udp', $F, $F"
bad "too many classes" "classes has no field \[4\] \(it has: \[1\] to \[3\]\)" "name = 'a', proto = 'udp', classes = { {}, {}, {}, {} }, $F"
bad "twice" "has a helper 'a' for these connections already" "name = 'a', proto = 'udp', $F } nf:helper{ name = 'a', proto = 'udp', family = 'ipv6', $F"

# --- what a script does, one case for each datagram ---
cat >"$TMP/cases.lua" <<'L'
local netfilter = require("netfilter")
local ip = require("luapacket").ip
local nf = netfilter.new{}
local map = require("map")
local results = map.open{ name = "results", key = "string", value = "string", size = 200, max = 200 }
local kept
local function tell(name, ok, ...)
  local t = { ... }
  for i = 1, select("#", ...) do t[i] = tostring(t[i]):gsub("^cases:%d+: ", "") end
  results:set(name, (ok and "" or "! ") .. table.concat(t, " "))
end
local cases = {}
function cases.place(pkt, ct, info) return info, pkt.hook, pkt.oifname, ct.helper, ct == pkt.ct, ct.is_reply end
function cases.again(pkt, ct, info) return info end
function cases.default(pkt, ct) local e = ct:expect{ dport = 40000 } return e.dport, type(e) end
function cases.full(pkt, ct)
  return ct:expect{ src = ip"10.88.2.0/24", dst = ip"10.88.1.9", sport = 53, dport = 40001, proto = "tcp", class = 1,
    timeout = 77, permanent = true, inactive = true, helper = "test-lua" }.dport
end
function cases.any(pkt, ct) return ct:expect{ src = false, dport = 40002, sport = 0x1200, sport_mask = 0xff00 }.dport end
function cases.three(pkt, ct) for i = 1, 3 do ct:expect{ dport = 41000 + i } end end
function cases.cancel(pkt, ct) local e = ct:expect{ dport = 42000 } return e:cancel(), e:cancel() end
function cases.keep(pkt, ct) kept = ct:expect{ dport = 42001 } return kept.dport end
function cases.later(pkt, ct) return kept:cancel() end
function cases.soon(pkt, ct) return ct:expect{ dport = 42002, timeout = 1 }.dport end
function cases.busy(pkt, ct) return ct:expect{ dport = 40000 } end
function cases.nobody(pkt, ct) return ct:expect{ dport = 1, helper = "nobody" } end
function cases.e_port(pkt, ct) return ct:expect{} end
function cases.e_field(pkt, ct) return ct:expect{ dprt = 1 } end
function cases.e_range(pkt, ct) return ct:expect{ dport = 65536 } end
function cases.e_prefix(pkt, ct) return ct:expect{ dport = 1, dst = ip"10.0.0.0/8" } end
function cases.e_family(pkt, ct) return ct:expect{ dport = 1, dst = ip"fd88::1" } end
function cases.e_class(pkt, ct) return ct:expect{ dport = 1, class = 2 } end
function cases.e_name(pkt, ct) return ct:expect{ dport = 1 }.port end
function cases.copy(pkt, ct) return pkt:copy():send() end
function cases.e_steal(pkt, ct) return pkt:steal() end
function cases.data(pkt, ct)
  local zero = ct.data == ("\0"):rep(32)
  ct.data = "abc"
  local swapped = ct:swap_data("abd", "x")
  return zero, #ct.data, ct.data:sub(1, 4) == "abc\0", swapped, ct:swap_data("abc", "xyz"), string.unpack("z", ct.data)
end
function cases.data2(pkt, ct) return string.unpack("z", ct.data) end
function cases.e_data(pkt, ct) ct.data = ("x"):rep(33) end
function cases.e_type(pkt, ct) ct.data = 7 end
function cases.mangle(pkt, ct) return pkt:mangle(1, 6, "longer than it was"), pkt.payload:string(), pkt:mangle(1, 99, "") end
function cases.shorter(pkt, ct) return pkt:mangle(3, 5, ""), #pkt.payload end
function cases.e_pos(pkt, ct) return pkt:mangle(0, 1, "") end

local function help(pkt, ct, info)
  local name = pkt.payload and pkt.payload:string()
  if name == "drop" then return nf.DROP end
  if name == "number" then return 7 end
  if name == "repeat" then return nf.REPEAT end
  if name == "raise" then error("raised") end
  if name == "loop" then while true do end end
  if name and name:find("grow", 1, true) then pkt:mangle(1, 0, "x") end
  if cases[name] then tell(name, pcall(cases[name], pkt, ct, info)) end
end
H = nf:helper{ name = "test-lua", proto = "udp", expect = { max = 2, timeout = 120 }, classes = { { max = 3, timeout = 60 } }, help }
nf:helper{ name = "test-lua", proto = "tcp", family = "ipv4", on_error = "drop", function() end }
nf:hook{ family = "inet", hook = "forward", priority = "filter", function(pkt)
  if pkt.payload and pkt.payload:string() == "hook" then
    tell("hook", pcall(function() return pkt.ct:expect{ dport = 1 } end))
    tell("hookmangle", pcall(function() return pkt:mangle(1, 1, "") end))
  end
end }
L
check "it loads" ctl load "$TMP/cases.lua"
firewall udp 7000 test-lua plain
is "show knows it" "$(field "$ROUTER" cases '[.entries[] | select(.kind == "helper") | "\(.name) \(.family) \(.proto) \(.on_error) \(.state)"] | join(", ")')" \
	"test-lua inet udp accept null, test-lua #2 ipv4 tcp drop null"
check "in words, too" grep -q '  helper test-lua, line [0-9]*, inet udp, on error accept, calls' <(ctl show cases)

refused "no test run" any "a helper cannot be run: it needs a connection" ctl run cases --entry helper:test-lua --raw --hex 45000014000000004011000001010101

# say PORT CASE...: datagrams from that port, each answered or timed out; all in
# one packet state, which has variables of its own
say() { client taskset -c 0 python3 "$HERE/udp.py" send "$1" "$SERVER4" 7000 "${@:2}"; }
result() { ctl -j map get results "$1" 2>/dev/null | jq -r 'if type == "array" then .[0].value else .value end'; }
# case WHAT CASE WANTED
case_is() { is "$1" "$(result "$2")" "$3"; }
say 5000 place again
case_is "where it is called" place "new postrouting east test-lua true false"
case_is "and what it is told of the second" again "established"
say 5000 default
case_is "an expectation" default "40000 userdata"
# some 6.12 show here the helper that the expected connection gets, which is none
check "as the kernel has it" grep -qE "^1[0-9]* proto=17 src=$SERVER4 dst=$CLIENT4 sport=0 dport=40000 mask-src=255.255.255.255 .*class=0 *( helper=test-lua.*)?$" <(expects)
say 5001 busy
case_is "another connection that expects the same" busy "nil another connection expects the same 16"
say 5002 full any
case_is "with all fields" full "40001"
check "as the kernel has it" grep -Eq "^([1-7][0-9] )?proto=6 src=10.88.2.0 dst=10.88.1.9 sport=53 dport=40001 mask-src=255.255.255.0 .*sport=65535 .*INACTIVE.*" <(expects)
check "class and permanence" grep -q "dport=40001.*PERMANENT.*class=1\|PERMANENT.*dport=40001.*class=1" <(expects)
check "from anywhere" grep -q "src=0.0.0.0 dst=$CLIENT4 sport=4608 dport=40002 mask-src=0.0.0.0 mask-dst=[0-9.]* sport=65280" <(expects)
router conntrack -F 2>/dev/null
is "they end with their connections" "$(expected)" 0
say 5003 three
is "two of three wait, the newer ones" "$(expects | grep -o 'dport=4100[0-9]' | sort | xargs)" "dport=41002 dport=41003"
router conntrack -F 2>/dev/null
say 5004 cancel keep
case_is "cancelled once" cancel "true false"
is "what is not cancelled waits" "$(expected)" 1
say 5005 later
case_is "another connection's packet does not cancel" later "false"
say 5004 later
case_is "its own does" later "true"
is "and nothing waits" "$(expected)" 0
say 5004 soon
case_is "an expectation of one second" soon "42002"
check "has gone then" waits_for 5 expected_is 0
say 5006 nobody e_port e_field e_range e_prefix e_family e_class e_name copy e_steal hook
case_is "no such helper" nobody "nil there is no helper of this name for such connections 2"
case_is "no port" e_port "! the expectation has no 'dport'"
case_is "a misspelled field" e_field "! an expectation has no field 'dprt' (it has: src dst sport sport_mask dport proto class timeout permanent inactive helper nat nat_port)"
case_is "a port out of range" e_range "! dport is 65536, but may be 1 to 65535"
case_is "a prefix as destination" e_prefix "! dst is a prefix, not an address"
case_is "an address of another family" e_family "! dst is of IPv6, the connection is not"
case_is "no such class" e_class "! the helper has no class 2"
case_is "what an expectation has" e_name "! expectation has no field 'port' (it has: dport cancel)"
case_is "what it copies goes nowhere" copy "nil a packet that was met here goes on by who brought it alone 95"
case_is "it cannot steal" e_steal "! a helper may not steal its packet"
case_is "a hook cannot expect" hook "! only a helper may expect connections, in its callback, for its own one"
case_is "nor mangle" hookmangle "! only a helper may mangle a packet, in its callback"
say 5007 data data2 e_data e_type
case_is "its data" data "true 32 true false true xyz 5"
case_is "is there for the next packet" data2 "xyz 5"
case_is "has an end" e_data "! ct.data has room for 32 bytes, not for 33"
case_is "is a string" e_type "! ct.data is a string, not a number"
say 5008 mangle shorter e_pos
case_is "mangling" mangle "true longer than it was nil the payload has no such bytes 34"
case_is "to fewer bytes" shorter "true 2"
case_is "from 1 on" e_pos "! bad argument #1 to 'mangle' (position is less than 1)"
check "the server has got it" grep -qx "longer than it was" "$TMP/seen"
check "and the shorter one" grep -qx sh "$TMP/seen"

# --- answers and failures ---
say 5009 drop number repeat raise loop last
is "what is dropped does not come" "$(grep -cx drop "$TMP/seen")" 0
is "a failure accepts" "$(grep -cx 'number\|repeat\|raise\|loop\|last' "$TMP/seen")" 5
is "and is counted by kind" "$(field "$ROUTER" cases '.entries[] | select(.name == "test-lua") | "\(.outcomes.drop) \(.errors.verdict) \(.errors.runtime) \(.errors.time)"')" "1 2 1 1"
check "with the last error" grep -q "test-lua\|cases" <(field "$ROUTER" cases '.entries[0].last_error')

# --- replace, unload, and back, with one connection ---
calls() { field "$ROUTER" cases '.entries[] | select(.name == "test-lua") | .calls'; }
helped() { router conntrack -L -p udp 2>/dev/null | grep -c "sport=5010 .*helper=test-lua"; }
say 5010 x
n=$(calls)
check "replace" ctl replace "$TMP/cases.lua"
say 5010 x
is "the new generation meets the connection" $(($(calls) - n)) 2
cp "$TMP/cases.lua" "$TMP/full.lua"
echo 'local nf = require("netfilter").new{}' >"$TMP/cases.lua"
check "replace without it" ctl replace "$TMP/cases.lua"
say 5010 y
check "packets pass" grep -qx y "$TMP/seen"
cp "$TMP/full.lua" "$TMP/cases.lua"
check "replace with it" ctl replace "$TMP/cases.lua"
say 5010 place
case_is "the connection is helped again" place "established postrouting east test-lua true false"
is "eval unregisters it" "$(ctl eval cases 'return H:unregister(), H:unregister()')" $'true\tfalse'
n=$(calls)
say 5010 z
is "and packets pass" "$(($(calls) - n)) $(grep -cx z "$TMP/seen")" "0 1"
check "show says so" grep -q 'inet udp, unregistered, on error accept' <(ctl show cases)
check "unload" ctl unload cases
say 5010 w
check "packets pass" grep -qx w "$TMP/seen"
is "the connection keeps the name" "$(helped)" 1
check "load" ctl load "$TMP/cases.lua"
say 5010 again
is "and the script the connection" "$(calls)" 2

# --- who may have a name ---
cp "$TMP/cases.lua" "$TMP/second.lua"
refused "another script of the namespace" any "script 'cases' of this namespace has a helper 'test-lua' already" ctl load "$TMP/second.lua"
cat >"$TMP/other.lua" <<'L'
local nf = require("netfilter").new{}
nf:helper{ name = "test-lua", proto = "udp", function(pkt, ct) return pkt.payload:string() == "no" and nf.DROP or nil end }
L
check "another namespace's script may" nfluactl -n "$CLIENT" load "$TMP/other.lua"
client iptables -t raw -A OUTPUT -p udp --dport 7000 -j CT --helper test-lua
say 5011 no yes
is "each namespace has its own" "$(grep -cx no "$TMP/seen") $(grep -cx yes "$TMP/seen") $(field "$CLIENT" other '.entries[0].outcomes.drop')" "0 1 1"
server iptables -t raw -A PREROUTING -p udp --dport 7000 -j CT --helper test-lua
say 5012 without
check "a namespace without a script lets packets pass" grep -qx without "$TMP/seen"
refused "the module stays while rules refer" any "in use" rmmod nflua
server iptables -t raw -F
client iptables -t raw -F
nfluactl -n "$CLIENT" unload other

# --- a packet that is changed twice, and what comes behind it ---
cat >"$TMP/twice.lua" <<'L'
local nf = require("netfilter").new{}
nf:helper{ name = "twice-lua", proto = "tcp", function(pkt)
  local s = pkt.payload and pkt.payload:string()
  if s == "one two" then
    assert(pkt:mangle(1, 3, "eleven"))
    assert(pkt:mangle(8, 3, "2"))
  elseif s == "three" then
    assert(pkt:mangle(1, 1, ""))
    assert(pkt:mangle(1, 0, "T"))
  end
end }
L
check "one that changes packets twice" ctl load "$TMP/twice.lua"
cat >"$TMP/twice.py" <<'P'
import socket, sys
if len(sys.argv) == 1:
    listen = socket.socket()
    listen.bind(("", 7003))
    listen.listen()
    print("ready", flush=True)
    s, _ = listen.accept()
    while data := s.recv(100):
        s.sendall(b"<" + data + b">")
else:
    s = socket.create_connection((sys.argv[1], 7003), 20)
    s.settimeout(20)
    for text in b"one two", b"three", b"four":
        s.sendall(text)
        got = b""
        while not got.endswith(b">"):
            got += s.recv(100)
        print(got.decode(), end=" ")
P
for mode in plain snat dnat; do
	firewall tcp 7003 twice-lua $mode
	: >"$TMP/ready"
	server python3 "$TMP/twice.py" >"$TMP/ready" 2>&1 &
	waits_for 10 grep -q ready "$TMP/ready"
	is "$mode: twice, and all that follows" "$(client python3 "$TMP/twice.py" "$(target 4 $mode)" 2>&1)" "<eleven 2> <Three> <four> "
	wait $!
done
is "no error" "$(field "$ROUTER" twice '[.entries[0].errors[]] | add')" 0
check "unload" ctl unload twice
firewall udp 7000 test-lua plain

# --- namespaces die with it ---
for _ in 1 2 3; do
	ip netns add dying-$$
	ip netns exec dying-$$ bash -c '
		ip link set lo up
		nfluactl load "$1" && iptables -t raw -A OUTPUT -p udp --dport 7000 -j CT --helper test-lua
		for ((i = 0; i < 50; i++)); do printf default >/dev/udp/127.0.0.1/7000; done
		nfluactl -j show cases | jq "[.[0].entries[] | select(.kind == \"helper\").calls] | add" >>"$2"' \
		bash "$TMP/cases.lua" "$TMP/dead" >/dev/null 2>&1
	ip netns del dying-$$
done
check "namespaces die, in which it was called" [ "$(xargs <"$TMP/dead")" = "50 50 50" ]

# --- names that nobody uses stay, for rules that have or will have them ---
for i in {1..20}; do
	echo "require('netfilter').new{}:helper{ name = 'idle-$i', proto = 'tcp', family = 'ipv4', function() end }" >"$TMP/idle.lua"
	ctl load "$TMP/idle.lua" && ctl unload idle
done
for i in {1..20}; do
	router iptables -t raw -A OUTPUT -p tcp -j CT --helper "idle-$i" && echo "idle-$i"
done >"$TMP/idle"
is "all are there" "$(wc -l <"$TMP/idle")" 20
router iptables -t raw -F

# --- over loopback a packet has two last places, and is helped at the first ---
router python3 "$HERE/udp.py" serve 7000 "$TMP/looped" &
router nft add chain inet fw out '{ type filter hook output priority filter; }'
router nft add rule inet fw out udp dport 7000 ct helper set "it"
helped() { field "$ROUTER" cases '[.entries[] | select(.kind == "helper").calls] | add'; }
answered() { router python3 "$HERE/udp.py" send 4998 127.0.0.1 7000 hello; [ -s "$TMP/looped" ]; }
check "a server in the router" waits_for 20 answered
calls=$(helped)
router python3 "$HERE/udp.py" send 5020 127.0.0.1 7000 grow
check "what it is sent grows once" grep -qx xgrow "$TMP/looped"
is "request and answer are one call each" $(($(helped) - calls)) 2
router python3 "$HERE/udp.py" send 5021 ::1 7000 growing
check "over IPv6, too" grep -qx xgrowing "$TMP/looped"

# --- and the module goes, with connections alive, and one that is expected ---
firewall udp 7000 test-lua plain
say 5010 x default
is "one is expected" "$(expected)" 1
router nft flush ruleset
check "the module goes" waits_for 20 rmmod nflua
is "and expected is nothing any more" "$(expected)" 0
say 5010 gone
check "packets pass" grep -qx gone "$TMP/seen"
finish
