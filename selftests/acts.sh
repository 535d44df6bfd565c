#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What scripts send: answers and rejections, to real clients, IPv4 and IPv6,
# from a router and from a host. Every checksum is the receiver's to judge.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=routed.sh source-path=SCRIPTDIR
. "$(dirname "$0")/routed.sh"
need_module
need_command curl

routed
PAGE=$(printf 'no %.0s' {1..2000})
serving "$SERVER" serve $FAR4 80 "$TMP/web"
serving "$SERVER" serve $FAR6 80 "$TMP/web6"

# --- tcpreply, to a browser and to whoever reads to the end ------------------

load page <<L
local nf = require("netfilter").new{}
local body = ("no "):rep(2000)
local page = "HTTP/1.1 403 Forbidden\r\nContent-Length: " .. #body ..
  "\r\nConnection: close\r\n\r\n" .. body
nf:hook{ family = "inet", hook = "forward", priority = "filter", function(pkt)
  local tcp = pkt.tcp
  if not tcp or tcp.dport ~= 80 then return end
  local n = #pkt.payload
  if n == 0 and not tcp.flags.fin then return end
  if n == 0 then
    assert(pkt:tcpreply(""))
  elseif pkt:unpack("c4", 1, "payload") == "GET " then
    assert(pkt:tcpreply("close", page))
  elseif pkt:unpack("c4", 1, "payload") == "twin" then
    assert(pkt:reply("tcp", "by reply"))
    local sent, why, errno = pkt:reply("udp", "x")
    assert(sent == nil and why == "not a UDP datagram" and errno == 93)
  elseif pkt:unpack("c4", 1, "payload") == "just" then
    assert(pkt:tcpreply("half "))
    assert(pkt:tcpreply("reset"))
  elseif pkt:unpack("c4", 1, "payload") == "stop" then
    assert(pkt:tcpreply("reset"))
  else
    return
  end
  return nf.DROP
end }
L
for address in $FAR4 "[$FAR6]"; do
	got=$(client curl -gsS -m 10 -o "$TMP/got" -w '%{http_code} %{size_download}' "http://$address/" 2>&1)
	is "curl $address sees the page" "$? $got" "0 403 6000"
	is "curl $address sees all of it" "$(cat "$TMP/got")" "$PAGE"
done
for address in $FAR4 $FAR6; do
	got=$(peer tcp "$address" 80 "GET /")
	is "$address: a clean end" "${got##*, }" eof
	is "$address: reply tcp" "$(peer tcp "$address" 80 twin 8)" "by reply"
	is "$address: an error is one" "$(peer tcp "$address" 80 "stop")" ECONNRESET
done
# no connection of the client's is left in any state of one that is open
closed() { [ -z "$(client ss -tanH state established state close-wait state last-ack state fin-wait-1)" ]; }
check "the client's connections are closed" waits_for 5 closed
is "nothing came to the server" "$(sort -u "$TMP/web")" listening

# without the script the same server answers
check "unload" ctl unload page
is "the server itself" \
	"$(client bash -c "exec 3<>/dev/tcp/$FAR4/80; printf hello >&3; head -c 13 <&3")" "server: hello"

# --- reset, before there is a connection --------------------------------------

load refuse <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "inet", hook = "forward", priority = "filter", function(pkt)
  if not pkt.tcp then return end
  if pkt.tcp.dport == 81 then assert(pkt:tcpreply("reset")) return nf.DROP end
  if pkt.tcp.dport == 82 then assert(pkt:reject("tcp-reset")) return nf.DROP end
  if pkt.tcp.dport == 84 then assert(pkt:reject("tcp-rst")) return nf.DROP end
  if pkt.tcp.dport == 83 then
    print(select(2, pkt:tcpreply("no")))
    print(select(2, pkt:reply("udp", "no")))
    assert(pkt:reject())
    return nf.DROP
  end
end }
L
for address in $FAR4 $FAR6; do
	is "$address: tcpreply resets" "$(peer tcp "$address" 81 x)" "connect ECONNREFUSED"
	is "$address: reject resets" "$(peer tcp "$address" 82 x)" "connect ECONNREFUSED"
	is "$address: reject" "$(peer tcp "$address" 83 x)" "connect ECONNREFUSED"
	is "$address: by its short word" "$(peer tcp "$address" 84 x)" "connect ECONNREFUSED"
done
ctl unload refuse

# --- the same where conntrack and NAT have their say --------------------------

for ipt in iptables ip6tables; do
	router $ipt -A OUTPUT -m conntrack --ctstate INVALID
done
router iptables -t nat -A PREROUTING -p tcp -d 10.78.1.254 --dport 8080 -j DNAT --to-destination $FAR4:80
router iptables -t nat -A POSTROUTING -o server -j MASQUERADE
router ip6tables -t nat -A PREROUTING -p tcp -d fd78:1::fe --dport 8080 -j DNAT --to-destination "[$FAR6]:80"
router ip6tables -t nat -A POSTROUTING -o server -j MASQUERADE
load nat <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "inet", hook = "forward", priority = "filter", function(pkt)
  local tcp = pkt.tcp
  if not tcp or tcp.dport ~= 80 then return end
  if #pkt.payload > 0 then
    assert(pkt:tcpreply("close", "through two NATs"))
    return nf.DROP
  elseif tcp.flags.fin then
    assert(pkt:tcpreply("reply", ""))
    return nf.DROP
  end
end }
L
is "IPv4 NAT" "$(peer tcp 10.78.1.254 8080 x)" "through two NATs, eof"
is "IPv6 NAT" "$(peer tcp fd78:1::fe 8080 x)" "through two NATs, eof"
for ipt in iptables ip6tables; do
	is "$ipt: conntrack knows what they belong to" \
		"$(router $ipt -nvxL OUTPUT | awk '/INVALID/ { print $1 }')" 0
	router $ipt -t nat -F
	router $ipt -F
done
ctl unload nat

# --- every rejection, by its ICMP error ---------------------------------------

cat >"$TMP/kinds" <<'T'
4	icmp-net-unreachable	3/0 ENETUNREACH
4	icmp-host-unreachable	3/1 EHOSTUNREACH
4	icmp-proto-unreachable	3/2 ENOPROTOOPT
4	icmp-port-unreachable	3/3 ECONNREFUSED
4	icmp-net-prohibited	3/9 ENETUNREACH
4	icmp-host-prohibited	3/10 EHOSTUNREACH
4	icmp-admin-prohibited	3/13 EHOSTUNREACH
4	net-unreach		3/0 ENETUNREACH
4	host-unreach		3/1 EHOSTUNREACH
4	proto-unreach		3/2 ENOPROTOOPT
4	port-unreach		3/3 ECONNREFUSED
4	net-prohib		3/9 ENETUNREACH
4	host-prohib		3/10 EHOSTUNREACH
4	admin-prohib		3/13 EHOSTUNREACH
4	no-route		3/0 ENETUNREACH
4	host-unreachable	3/1 EHOSTUNREACH
4	port-unreachable	3/3 ECONNREFUSED
4	admin-prohibited	3/13 EHOSTUNREACH
6	icmp6-no-route		1/0 ENETUNREACH
6	no-route		1/0 ENETUNREACH
6	icmp6-adm-prohibited	1/1 EACCES
6	adm-prohibited		1/1 EACCES
6	admin-prohibited	1/1 EACCES
6	icmp6-addr-unreachable	1/3 EHOSTUNREACH
6	addr-unreach		1/3 EHOSTUNREACH
6	host-unreachable	1/3 EHOSTUNREACH
6	icmp6-port-unreachable	1/4 ECONNREFUSED
6	port-unreachable	1/4 ECONNREFUSED
6	port-unreach		1/4 ECONNREFUSED
6	icmp6-policy-fail	1/5 EACCES
6	policy-fail		1/5 EACCES
6	icmp6-reject-route	1/6 EACCES
6	reject-route		1/6 EACCES
T
{
	echo 'local kinds = {'
	awk '{ print "  \"" $2 "\"," }' "$TMP/kinds"
	cat <<'L'
}
local nf = require("netfilter").new{}
function reject(pkt)
  if not pkt.udp then return end
  local n = pkt.udp.dport - 5000
  if n == 0 then assert(pkt:reject()) return nf.DROP end
  if kinds[n] then assert(pkt:reject(kinds[n])) return nf.DROP end
end
local function at(place)
  nf:hook{ family = "inet", hook = place, priority = "filter", function(pkt)
    if place ~= "forward" and pkt.mark == 0 then return end
    return reject(pkt)
  end }
end
at "forward"
L
} >"$TMP/kinds.lua"
ctl load "$TMP/kinds.lua" || exit 1
port=5000 want4="5000 3/3 ECONNREFUSED" want6="5000 1/4 ECONNREFUSED" ports4="5000" ports6="5000"
while read -r v _ want; do
	port=$((port + 1))
	if [ "$v" = 4 ]; then
		ports4+=" $port" want4+=$'\n'"$port $want"
	else
		ports6+=" $port" want6+=$'\n'"$port $want"
	fi
done <"$TMP/kinds"
# shellcheck disable=SC2086
{
	is "every rejection of IPv4" "$(peer errors $FAR4 $ports4)" "$want4"
	is "every rejection of IPv6" "$(peer errors $FAR6 $ports6)" "$want6"
}
ctl unload kinds

# At every other hook, from a rule as well.
for place in prerouting input output postrouting; do
	load place <<-L
	local nf = require("netfilter").new{}
	nf:hook{ family = "inet", hook = "$place", priority = "filter", function(pkt)
	  if pkt.udp and pkt.udp.dport == 5999 then assert(pkt:reject()) return nf.DROP end
	end }
	L
	for who in "4 3/3 10.78.1.254 $FAR4" "6 1/4 fd78:1::fe $FAR6"; do
		read -r v code address far <<<"$who"
		case $place in
		output | postrouting) got=$(router "$HERE/acts.py" errors "$far" 5999) ;;
		*) got=$(peer errors "$address" 5999) ;;
		esac
		is "IPv$v: rejected in $place" "$got" "5999 $code ECONNREFUSED"
	done
	ctl unload place
done
load rule <<'L'
function target(pkt) assert(pkt:reject()) return netfilter.DROP end
netfilter = require("netfilter")
L
for who in "iptables 3/3 $FAR4" "ip6tables 1/4 $FAR6"; do
	read -r ipt code far <<<"$who"
	router "$ipt" -A FORWARD -p udp --dport 5998 -j LUA --script rule --function target
	is "$ipt: rejected by a rule" "$(peer errors "$far" 5998)" "5998 $code ECONNREFUSED"
	router "$ipt" -F FORWARD
done
ctl unload rule

# --- TCP at every other hook, and from rules -------------------------------------

serving "$ROUTER" serve 10.78.1.254 80 "$TMP/own"
serving "$ROUTER" serve fd78:1::fe 80 "$TMP/own6"
cat >"$TMP/tcp-acts.lua" <<'L'
netfilter = require("netfilter")
local nf = netfilter.new{}
local page = ("page "):rep(1000)
-- TCP of this machine that is told of a drop has not sent what the answer
-- acknowledges; of a theft it is told nothing.
local function gone(pkt)
  if not own then return nf.DROP end
  assert(pkt:steal()):close()
  return nf.STOLEN
end
function act(pkt)
  local tcp = pkt.tcp
  if not tcp then return end
  if tcp.dport == 82 then assert(pkt:reject("tcp-reset")) return nf.DROP end
  if tcp.dport == 83 then assert(pkt:tcpreply("reset")) return nf.DROP end
  if tcp.dport == 84 then assert(pkt:reject()) return nf.DROP end
  if tcp.dport ~= 80 then return end
  local n = #pkt.payload
  local word = n >= 4 and pkt:unpack("c4", 1, "payload")
  if n == 0 and tcp.flags.fin and not tcp.flags.rst then
    assert(pkt:tcpreply(""))
  elseif word == "GET " then
    assert(pkt:tcpreply("close", page))
  elseif word == "twin" then
    assert(pkt:reply("tcp", "by reply"))
  elseif word == "stop" then
    assert(pkt:tcpreply("reset"))
  else
    return
  end
  return gone(pkt)
end
L
sed 's/^local page/own = true\n&/' "$TMP/tcp-acts.lua" >"$TMP/tcp-own.lua"
# tcp_acts WHAT ADDRESS COMMAND...: what its client sees
tcp_acts() {
	local what="$1, $2" address=$2
	shift 2
	is "$what: a page" "$("$@" tcp "$address" 80 "GET /")" "5000 bytes, sum 445000, eof"
	is "$what: reply" "$("$@" tcp "$address" 80 twin 8)" "by reply"
	is "$what: reset" "$("$@" tcp "$address" 80 stop)" ECONNRESET
	is "$what: what is left alone" "$("$@" tcp "$address" 80 bye)" "server: bye, eof"
	is "$what: reject tcp-reset" "$("$@" tcp "$address" 82 x)" "connect ECONNREFUSED"
	is "$what: tcpreply reset" "$("$@" tcp "$address" 83 x)" "connect ECONNREFUSED"
	is "$what: reject" "$("$@" tcp "$address" 84 x)" "connect ECONNREFUSED"
}
for place in prerouting input output postrouting; do
	file=acts
	[[ $place != *out* ]] || file=own
	{
		cat "$TMP/tcp-$file.lua"
		echo "nf:hook{ family = 'inet', hook = '$place', priority = 'filter', act }"
	} | load tcp
	case $place in
	output | postrouting) for to in $FAR4 $FAR6; do tcp_acts "$place" "$to" router "$HERE/acts.py"; done ;;
	*) for to in 10.78.1.254 fd78:1::fe; do tcp_acts "$place" "$to" peer; done ;;
	esac
	is "$place: no error" "$(field "$ROUTER" tcp '[.entries[].errors[]] | add')" 0
	ctl unload tcp
done
for where in "acts INPUT 10.78.1.254 fd78:1::fe peer" "acts FORWARD $FAR4 $FAR6 peer" \
	"own OUTPUT $FAR4 $FAR6 router $HERE/acts.py"; do
	read -r file chain four six command <<<"$where"
	load tcp <"$TMP/tcp-$file.lua"
	router iptables -A "$chain" -p tcp --dport 80:84 -j LUA --script tcp --function act
	router ip6tables -A "$chain" -p tcp --dport 80:84 -j LUA --script tcp --function act
	# shellcheck disable=SC2086
	for to in $four $six; do tcp_acts "rule in $chain" "$to" $command; done
	is "rule in $chain: no error" "$(field "$ROUTER" tcp '[.entries[].errors[]] | add')" 0
	router iptables -F "$chain"
	router ip6tables -F "$chain"
	ctl unload tcp
done
is "nothing but what was left alone came to the servers" \
	"$(cat "$TMP/own" "$TMP/own6" | grep -vxE 'listening|eof|timeout|E[A-Z]+' | sort | uniq -c | xargs)" "6 bye"

# --- UDP ----------------------------------------------------------------------

check "echo.lua loads" ctl load "$TOP/lua/examples/echo.lua"
load long <<'L'
netfilter = require("netfilter")
function long(pkt)
  assert(pkt:reply("udp", ("x"):rep(5000)))
  return netfilter.DROP
end
L
for who in "iptables 10.78.1.254" "ip6tables fd78:1::fe"; do
	read -r ipt address <<<"$who"
	router "$ipt" -A INPUT -p udp --dport 7 -j LUA --script echo
	router "$ipt" -A INPUT -p udp --dport 8 -j LUA --script long --function long
	is "$ipt: echo" "$(peer udp "$address" 7 "Hello, kernel")" "Hello, kernel"
	is "$ipt: a long answer comes in fragments" "$(peer udp "$address" 8 x)" \
		"5000 bytes, sum 600000"
	router "$ipt" -F INPUT
done
ctl unload long
ctl unload echo

# Legacy tables have one stack of chains for each CPU: what a rule answers passes
# them when the packet has left them.
if tables iptables-legacy; then
	load chained <<-'L'
	function answer(pkt)
	  assert(pkt:reply("udp", "answered " .. pkt:unpack("c" .. #pkt.payload, 1, "payload")))
	end
	L
	for who in "iptables-legacy 10.78.1.254" "ip6tables-legacy fd78:1::fe"; do
		read -r ipt address <<<"$who"
		for chain in one two out; do router "$ipt" -N $chain; done
		router "$ipt" -A INPUT -p udp --dport 9 -j one
		router "$ipt" -A INPUT -p udp --dport 9 -j DROP
		router "$ipt" -A one -j two
		router "$ipt" -A one -j RETURN
		router "$ipt" -A two -j LUA --script chained --function answer
		router "$ipt" -A two -j RETURN
		router "$ipt" -A OUTPUT -p udp --sport 9 -j out
		router "$ipt" -A out -j RETURN
		is "$ipt: an answer from a chain" "$(peer udp "$address" 9 x)" "answered x"
		for rule in "INPUT 2" "one 2" "two 2" "out 1"; do
			# shellcheck disable=SC2086
			is "$ipt: rule $rule is met once" \
				"$(router "$ipt" -nvxL $rule | awk '{ print $1 }')" 1
		done
		router "$ipt" -F
		router "$ipt" -X
	done
	ctl unload chained
fi

check "tcpreject.lua loads" ctl load "$TOP/lua/examples/tcpreject.lua"
for who in "iptables $FAR4" "ip6tables $FAR6"; do
	read -r ipt address <<<"$who"
	is "$ipt: not marked" "$(peer tcp "$address" 80 bye)" "server: bye, eof"
	router "$ipt" -t mangle -A PREROUTING -p tcp --dport 80 -j MARK --set-mark 25
	is "$ipt: marked" "$(peer tcp "$address" 80 bye)" "connect ECONNREFUSED"
	router "$ipt" -t mangle -F
done
ctl unload tcpreject

# --- as frames: from a device, and through a bridge ------------------------------

bridged
serving "$SERVER" serve $BRIDGED4 80 "$TMP/web1"
serving "$SERVER" serve $BRIDGED6 80 "$TMP/web61"
for place in 'family = "netdev", hook = "ingress", device = "client"' \
	'family = "bridge", hook = "forward"' 'family = "bridge", hook = "prerouting"'; do
	load frames <<-L
	local nf = require("netfilter").new{}
	nf:hook{ $place, priority = 0, function(pkt)
	  if pkt.udp and pkt.udp.dport == 7100 then
	    assert(pkt:reply("udp", "by frame"))
	  elseif pkt.udp and pkt.udp.dport == 7101 then
	    assert(pkt:reject("admin-prohibited"))
	  elseif pkt.tcp and pkt.tcp.dport == 80 and #pkt.payload > 0 then
	    assert(pkt:tcpreply("close", ("page "):rep(1000)))
	  elseif pkt.tcp and pkt.tcp.dport == 80 and pkt.tcp.flags.fin then
	    assert(pkt:tcpreply(""))
	  elseif pkt.tcp and pkt.tcp.dport == 82 then
	    assert(pkt:reject("tcp-reset"))
	  else
	    return
	  end
	  return nf.DROP
	end }
	L
	what=${place//[^a-z ]/}
	case $place in
	*netdev*) to="$FAR4 $FAR6" ;;
	*) to="$BRIDGED4 $BRIDGED6" ;;
	esac
	for address in $to; do
		[[ $address = *:* ]] && prohibited="1/1 EACCES" || prohibited="3/13 EHOSTUNREACH"
		is "$what: UDP of $address" "$(peer udp "$address" 7100 x)" "by frame"
		is "$what: rejection" "$(peer errors "$address" 7101)" "7101 $prohibited"
		is "$what: TCP" "$(peer tcp "$address" 80 x)" "5000 bytes, sum 445000, eof"
		is "$what: reset" "$(peer tcp "$address" 82 x)" "connect ECONNREFUSED"
	done
	is "$what: no error" "$(field "$ROUTER" frames '[.entries[].errors[]] | add')" 0
	ctl unload frames
done

# --- bounds -------------------------------------------------------------------

load many --budget 10ms <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "ipv4", hook = "input", priority = "filter", function(pkt)
  if not pkt.udp or pkt.udp.dport ~= 9 then return end
  local sent, text, errno = 0
  for i = 1, 300 do
    local ok, why, number = pkt:reply("udp", tostring(i))
    if ok then sent = sent + 1 else text, errno = why, number end
  end
  pkt:reply("udp", "never")
  print(sent, text, errno)
  return nf.DROP
end }
L
nfluactl -n "$ROUTER" monitor >"$TMP/log" &
pause
got=$(peer udp 10.78.1.254 9 x 256 | sort -n)
is "as many as may wait are sent, the first ones" "$got" "$(seq 256)"
check "the others are refused" waits_for 5 \
	grep -qE "256.+too many packets wait to be sent.+105" "$TMP/log"
is "both are counted" "$(field "$ROUTER" many '[.sent, .unsent] | @csv')" 256,45
is "and shown" "$(ctl show many | grep 'packets sent')" "  packets sent: 256, refused: 45"
ctl unload many

load loop <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "inet", hook = "output", priority = "filter", function(pkt)
  if not pkt.udp then return end
  local ok, why, errno = pkt:reply("udp", "ping")
  if not ok then print(why, errno) end
  return nf.DROP
end }
L
for address in $FAR4 $FAR6; do
	router "$HERE/acts.py" errors "$address" 4000 >/dev/null 2>&1
done
# 9 calls each, of which the last is told that it may not
check "answers to answers end" waits_for 10 dropped loop 18
check "because they are refused" waits_for 5 \
	grep -qE "too many packets were sent because of one another.+40" "$TMP/log"
ctl unload loop

# --- what may not be ----------------------------------------------------------

# One at a time, until all of it was said: none shall be ended by the clock.
load wrong --single --budget 10ms <<'L'
local nf = require("netfilter").new{}
local function try(what, ...)
  local ok, why = pcall(...)
  print(what .. ": " .. why:match("[^:]*$" ):sub(1, 60))
end
local tries, n = {
  function(pkt) try("kind", pkt.reject, pkt, "nonsense") end,
  function(pkt) try("part", pkt.reject, pkt.payload) end,
  function(pkt) try("protocol", pkt.reply, pkt, "sctp", "x") end,
  function(pkt) try("type", pkt.tcpreply, pkt, "ask", "x") end,
  function(pkt) try("long", pkt.reply, pkt, "udp", ("x"):rep(16385)) end,
  function(pkt) print(pkt:reject("icmp6-no-route")) end,
  function(pkt) print(pkt:reject("tcp-reset")) end,
  function(pkt) print(pkt:tcpreply("x")) end,
}, 0
function match(pkt)
  try("match", pkt.reject, pkt)
  try("match", pkt.tcpreply, pkt, "x")
end
nf:hook{ family = "inet", hook = "input", priority = "filter + 10", function(pkt)
  if not pkt.udp or pkt.udp.dport ~= 6000 then return end
  n = n % #tries + 1
  tries[n](pkt)
  return nf.DROP
end }
L
said() {
	grep -qE -- "$1" "$TMP/log" && return
	udp "$CLIENT" 10.78.1.254 4 6000
	return 1
}
router iptables -A INPUT -p udp --dport 6000 -m lua --script wrong --function match
while read -r pattern; do
	check "said: $pattern" waits_for 10 said "$pattern"
done <<'T'
match: .*a match may not reject a packet
match: .*a match may not answer a packet
kind: .*port-unreachable host-unreachable
part: .*packet expected
protocol: .*invalid option 'sctp'
type: .*invalid option 'ask'
long: .*message is too long
that is no answer to an IPv4 packet.*93
not a TCP segment.*93
T
router iptables -F INPUT
ctl unload wrong

# --- namespaces and the module go while packets wait ---------------------------

for i in {1..4}; do
	ns=nflua-d$$-$i
	namespace "$ns"
	nfluactl -n "$ns" load --name flood - <<'L' || exit 1
local nf = require("netfilter").new{}
nf:hook{ family = "inet", hook = "output", priority = "filter", function(pkt)
  if pkt.udp and pkt.udp.dport == 9 then
    for i = 1, 250 do pkt:reply("udp", "x") end
  end
end }
L
	in_ns "$ns" bash -c 'for i in {1..20}; do echo >/dev/udp/127.0.0.1/9; echo >/dev/udp/::1/9; done' 2>/dev/null
	ip netns del "$ns"
done
ok "namespaces went"
for ns in "$CLIENT" "$ROUTER" "$SERVER"; do
	is "no wrong checksum in ${ns#nflua-}" "$(bad_sums "$ns")" 0
done
finish
