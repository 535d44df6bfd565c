#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Packets that scripts hold and send: at every hook, later, in another order,
# with another payload, as frames; and what is left of them when the namespace
# or the module goes.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=routed.sh source-path=SCRIPTDIR
. "$(dirname "$0")/routed.sh"
need_module
need_command rmmod tcpdump
routed

# datagrams NS ADDRESS PORT TEXT...: one datagram each
datagrams() {
	# shellcheck disable=SC2016
	in_ns "$1" bash -c '
		address=$1 port=$2
		shift 2
		for text; do printf %s "$text" >"/dev/udp/$address/$port"; done' bash "${@:2}" 2>/dev/null
}
came() { [ "$(tail -n +2 "$1" | paste -sd' ')" = "$2" ]; }

serving "$SERVER" receive $FAR4 7000 "$TMP/far4"
serving "$SERVER" receive $FAR6 7000 "$TMP/far6"
serving "$ROUTER" receive 10.78.1.254 7000 "$TMP/near4"
serving "$ROUTER" receive fd78:1::fe 7000 "$TMP/near6"

# --- stolen, and sent by a later packet ---------------------------------------

# "go" sends what was held, the latest first, and goes on itself; where a task
# sends it, it is the last. Hooks in front and behind count what they meet.
for hook in prerouting input forward output postrouting; do
	load later --single <<-L
	local nf = require("netfilter").new{}
	local held = {}
	nf:hook{ family = "inet", hook = "$hook", priority = 0, function(pkt)
	  if not pkt.udp or pkt.udp.dport ~= 7000 then return end
	  if pkt:unpack("c" .. #pkt.payload, 1, "payload") == "go" then
	    assert(#held == 3)
	    for i = 3, 1, -1 do assert(held[i]:send()) end
	    assert(not pcall(function() return held[1].len end))
	    held = {}
	    return nf.ACCEPT
	  end
	  held[#held + 1] = assert(pkt:steal())
	  return nf.STOLEN
	end }
	L
	load around <<-L
	local nf = require("netfilter").new{}
	local seen = require("map").open{ name = "around-$hook", key = "integer", max = 4 }
	for _, n in ipairs{ -5, 5 } do
	  nf:hook{ family = "inet", hook = "$hook", priority = n, function(pkt)
	    if pkt.udp and pkt.udp.dport == 7000 then seen:incr(n, 1, 0) end
	  end }
	end
	L
	order="go three two one"
	case $hook in
	forward) from=$CLIENT to="$FAR4 $FAR6" file=far ;;
	output | postrouting) from=$ROUTER to="$FAR4 $FAR6" file=far order="three two one go" ;;
	*) from=$CLIENT to="10.78.1.254 fd78:1::fe" file=near ;;
	esac
	for address in $to; do
		[[ $address = *:* ]] && v=6 || v=4
		echo listening >"$TMP/$file$v"
		datagrams "$from" "$address" 7000 one two three go
		check "IPv$v $hook: held and sent, in the script's order" \
			waits_for 10 came "$TMP/$file$v" "$order"
	done
	is "$hook: no error" "$(field "$ROUTER" later '[.entries[].errors[]] | add')" 0
	is "$hook: each passed each other hook once" \
		"$(ctl map show "around-$hook" | sed 1d | sort -n | tr '\t' ' ')" $'-5 8\n5 8'
	ctl unload later
	ctl unload around
done

# --- all of a connection goes through a script, conntrack and NAT -------------

serving "$SERVER" serve $FAR4 80 "$TMP/web"
serving "$SERVER" serve $FAR6 80 "$TMP/web6"
serving "$ROUTER" serve 10.78.1.254 81 "$TMP/own"
load all <<'L'
local nf = require("netfilter").new{}
for _, hook in ipairs{ "prerouting", "input", "forward", "output", "postrouting" } do
  nf:hook{ family = "inet", hook = hook, priority = "filter", function(pkt)
    if not pkt.tcp then return end
    local held = pkt:steal()
    assert(held:send())
    return nf.STOLEN
  end }
end
L
for ipt in iptables ip6tables; do
	router $ipt -A FORWARD -m conntrack --ctstate INVALID -j DROP
	router $ipt -A INPUT -m conntrack --ctstate INVALID -j DROP
	router $ipt -t nat -A POSTROUTING -o server -j MASQUERADE
done
for address in $FAR4 $FAR6; do
	is "$address: a connection that is held and sent on" \
		"$(peer tcp "$address" 80 bye)" "server: bye, eof"
done
is "one to the router itself" "$(peer tcp 10.78.1.254 81 bye)" "server: bye, eof"
is "no error" "$(field "$ROUTER" all '[.entries[].errors[]] | add')" 0
check "each hook held packets" test "$(field "$ROUTER" all '[.entries[].calls] | min')" -gt 0
for ipt in iptables ip6tables; do
	is "$ipt: none was INVALID" "$(router $ipt -nvxL | awk '/INVALID/ { n += $1 } END { print n }')" 0
	router $ipt -F
	router $ipt -t nat -F
done
ctl unload all

# --- from a rule ---------------------------------------------------------------

load rule <<'L'
netfilter = require("netfilter")
function hold(pkt)
  local held = pkt:steal()
  assert(held:send())
  return netfilter.STOLEN
end
L
for who in "iptables 10.78.1.254 near4" "ip6tables fd78:1::fe near6"; do
	read -r ipt address file <<<"$who"
	router "$ipt" -t mangle -A INPUT -p udp --dport 7000 -j LUA --script rule --function hold
	echo listening >"$TMP/$file"
	datagrams "$CLIENT" "$address" 7000 a b
	check "$ipt: sent by a rule" waits_for 10 came "$TMP/$file" "a b"
	router "$ipt" -t mangle -F
done
ctl unload rule

# --- frames that a bridge forwards --------------------------------------------------

bridged
serving "$SERVER" receive $BRIDGED4 7000 "$TMP/bridged4"
serving "$SERVER" receive $BRIDGED6 7000 "$TMP/bridged6"
load watch <<'L'
local nf = require("netfilter").new{}
local met = require("map").open{ name = "met", key = "string", max = 8 }
for _, hook in ipairs{ "prerouting", "forward", "postrouting" } do
  nf:hook{ family = "bridge", hook = hook, priority = "srcnat", function(pkt)
    if pkt.udp and pkt.udp.dport == 7000 then met:incr(hook, 1, 0) end
  end }
end
L
met() { ctl -j map get met "$1" 2>/dev/null | jq .value; }
for place in prerouting forward postrouting; do
	load frame --single <<-L
	local nf = require("netfilter").new{}
	local held
	nf:hook{ family = "bridge", hook = "$place", priority = "filter", function(pkt)
	  if not pkt.udp or pkt.udp.dport ~= 7000 then return end
	  if held then assert(held:send("later")) held = nil return end
	  held = assert(pkt:steal())
	  return nf.STOLEN
	end }
	L
	for v in 4 6; do
		address=BRIDGED$v
		echo listening >"$TMP/bridged$v"
		datagrams "$CLIENT" "${!address}" 7000 one two
		check "IPv$v bridge $place: a frame is held and sent" waits_for 10 came "$TMP/bridged$v" "two later"
	done
	is "bridge $place: no error" "$(field "$ROUTER" frame '[.entries[].errors[]] | add')" 0
	ctl unload frame
done
# what arrives at the bridge itself
ip -n "$ROUTER" addr add 10.79.0.254/24 dev br0
serving "$ROUTER" receive 10.79.0.254 7001 "$TMP/own4"
load frame --single <<'L'
local nf = require("netfilter").new{}
local held
nf:hook{ family = "bridge", hook = "input", priority = "filter", function(pkt)
  if pkt.eth.type == 0x888e then return nf.STOP end
  if not pkt.udp or pkt.udp.dport ~= 7001 then return end
  if held then assert(held:send("later")) held = nil return end
  held = assert(pkt:steal())
  return nf.STOLEN
end }
L
datagrams "$CLIENT" 10.79.0.254 7001 one two
check "bridge input: a frame is held and sent" waits_for 10 came "$TMP/own4" "two later"
is "bridge input: no error" "$(field "$ROUTER" frame '[.entries[].errors[]] | add')" 0
# what its caller goes on with cannot stop
client python3 -c '
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("veth1", 0))
for _ in range(3):
    s.send(bytes.fromhex("0180c2000003" + "020000000001" + "888e") + bytes(46))'
refused_stop() { [ "$(field "$ROUTER" frame '.entries[0].errors.verdict')" = 3 ]; }
check "bridge input: STOP is no verdict for a link-local frame" waits_for 10 refused_stop
ctl unload frame
is "bridge: each met the hooks behind once" "$(met prerouting) $(met forward) $(met postrouting)" "12 12 12"
ctl unload watch

# --- another payload, and copies -----------------------------------------------

load other --budget 10ms <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "inet", hook = "forward", priority = "filter", function(pkt)
  if pkt.udp and pkt.udp.dport == 7000 then
    for _, text in ipairs{ "short", ("long"):rep(300), "" } do
      local copy = assert(pkt:copy())
      assert(copy:send(text))
    end
    assert(pkt:clone()):send("clone")
  elseif pkt.tcp and pkt.tcp.dport == 80 and #pkt.payload == 3 then
    assert(pkt:steal():send("BYE"))
    return nf.STOLEN
  elseif pkt.tcp and pkt.tcp.sport == 80 and #pkt.payload > 0 then
    assert(pkt:steal():send("SERVER: bye"))
    return nf.STOLEN
  end
end }
L
for who in "far4 $FAR4" "far6 $FAR6"; do
	read -r file address <<<"$who"
	echo listening >"$TMP/$file"
	datagrams "$CLIENT" "$address" 7000 original
	check "$address: copies with other payloads" waits_for 10 \
		came "$TMP/$file" "original short 1200 bytes, sum 129600  clone"
done
for who in "web $FAR4" "web6 $FAR6"; do
	read -r file address <<<"$who"
	is "$address: TCP with another payload" "$(peer tcp "$address" 80 bye)" "SERVER: bye, eof"
	check "$address: which the server got" grep -qx BYE "$TMP/$file"
done
ctl unload other

# A copy whose link layer was written leaves as that frame, though it came to be
# routed: what the server gets has the addresses that the script gave it.
load link --budget 10ms <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "inet", hook = "forward", priority = "filter", function(pkt)
  if not pkt.udp or pkt.udp.dport ~= 7000 then return end
  local copy = assert(pkt:copy())
  assert(copy:set_u32(6, 0x02aabbcc, "link") and copy:set_u16(10, 0xddee, "link"))
  assert(copy:set_u32(0, 0x02000000, "link") and copy:set_u16(4, 0x0077, "link"))
  assert(copy:send("by hand"))
  -- one that is too long for the device
  copy = assert(pkt:copy())
  assert(copy:set_u32(0, 0x02000000, "link") and copy:set_u16(4, 0x0077, "link") and copy:put(1500))
  assert(copy:send())
end }
L
ip netns exec "$SERVER" timeout 20 tcpdump -nelU -i veth0 'ether dst 02:00:00:00:00:77' >"$TMP/dump" 2>"$TMP/dump.err" &
waits_for 10 grep -q 'listening on' "$TMP/dump.err"
by_hand() {
	grep -q '02:aa:bb:cc:dd:ee > 02:00:00:00:00:77.*length 49: .*10.78.2.1.7000:' "$TMP/dump" && return
	datagrams "$CLIENT" "$FAR4" 7000 x
	return 1
}
check "a frame that was written by hand" waits_for 10 by_hand
grep -q 'length 49' "$TMP/dump" || diag "$(cat "$TMP/dump")" "$(ctl show link)"
is "none is longer than the device takes" "$(grep -cE 'length 1[0-9]{3}' "$TMP/dump")" 0
is "no error" "$(field "$ROUTER" link '[.entries[].errors[]] | add')" 0
ctl unload link

# --- what leaves a device by its hook ------------------------------------------

if [ "$(ctl -j load --name egress - <<'L' 2>/dev/null | jq '.[0].entries | length'
local nf = require("netfilter").new{}
nf:hook{ family = "netdev", hook = "egress", device = "server", priority = 0, function(pkt)
  if not pkt.udp or pkt.udp.dport ~= 7000 then return end
  assert(assert(pkt:copy()):send("copy"))
  assert(assert(pkt:steal()):send())
  return nf.STOLEN
end }
L
)" = 1 ]; then
	for who in "far4 $FAR4" "far6 $FAR6"; do
		read -r file address <<<"$who"
		echo listening >"$TMP/$file"
		datagrams "$CLIENT" "$address" 7000 x
		check "$address: egress: it leaves once, and its copy" waits_for 10 came "$TMP/$file" "copy x"
	done
	is "egress: called once for each" "$(field "$ROUTER" egress '[.entries[].errors[]] | add')" 0
	ctl unload egress
else
	skip "egress" "this kernel has no such hook"
fi

# --- held at a device, and sent by a later packet ---------------------------------

# What comes in by a device leaves by it: the sender gets its own datagrams back,
# from whom it sent them to, and the latest first; "go" and a copy at once.
serving "$CLIENT" receive 10.78.1.1 7006 "$TMP/back4"
serving "$CLIENT" receive fd78:1::1 7006 "$TMP/back6"
load ingress --single <<'L'
local nf = require("netfilter").new{}
local held = {}
local function back(h, payload)
  local ip = h.ip or h.ip6
  local mac, address = h.eth.dst, ip.dst
  h.eth.dst, h.eth.src = h.eth.src, mac
  ip.dst, ip.src = ip.src, address
  h.udp.dport = 7006
  assert(h:send(payload))
end
nf:hook{ family = "netdev", hook = "ingress", device = "client", priority = 0, function(pkt)
  if not pkt.udp or pkt.udp.dport ~= 7005 then return end
  local go = pkt:unpack("c" .. #pkt.payload, 1, "payload") == "go"
  if go then
    assert(#held == 3)
    back(assert(pkt:copy()), "copied")
    back(assert(pkt:copy_expand(64, 64)))
    back(assert(pkt:clone()))
  end
  held[#held + 1] = assert(pkt:steal())
  if go then
    for i = 4, 1, -1 do back(held[i]) end
    held = {}
  end
  return nf.STOLEN
end }
L
for who in "back4 $FAR4" "back6 $FAR6"; do
	read -r file address <<<"$who"
	echo listening >"$TMP/$file"
	datagrams "$CLIENT" "$address" 7005 one two three go
	check "$address: ingress: held, copied and sent" waits_for 10 \
		came "$TMP/$file" "copied go go go three two one"
done
is "ingress: no error" "$(field "$ROUTER" ingress '"\([.entries[].errors[]] | add) \(.held)"')" "0 0"
ctl unload ingress

if ctl load --single --name egress - 2>/dev/null <<'L'; then
local nf = require("netfilter").new{}
local held = {}
nf:hook{ family = "netdev", hook = "egress", device = "server", priority = 0, function(pkt)
  if not pkt.udp or pkt.udp.dport ~= 7000 then return end
  if pkt:unpack("c" .. #pkt.payload, 1, "payload") == "go" then
    assert(#held == 6)
    for i = 6, 1, -1 do assert(held[i]:send()) end
    held = {}
    return
  end
  held[#held + 1] = assert(pkt:copy())
  held[#held + 1] = assert(pkt:steal())
  return nf.STOLEN
end }
L
	for who in "far4 $FAR4" "far6 $FAR6"; do
		read -r file address <<<"$who"
		echo listening >"$TMP/$file"
		datagrams "$CLIENT" "$address" 7000 one two three go
		check "$address: egress: held and copied, and sent later" waits_for 10 \
			came "$TMP/$file" "go three three two two one one"
	done
	is "egress: no error, and none is met twice" \
		"$(field "$ROUTER" egress '"\([.entries[].errors[]] | add) \(.entries[0].outcomes.stolen) \(.held)"')" "0 6 0"
	ctl unload egress
else
	skip "egress: held and sent later" "this kernel has no such hook"
fi

# Who asks for an address that nobody has is answered by its own request, when it
# asks again; and the router's request leaves when the next one comes.
ip -n "$CLIENT" addr add 10.78.1.98/24 dev veth0
load arp --single <<'L'
local nf = require("netfilter").new{}
local asked, asks
nf:hook{ family = "arp", hook = "input", priority = 0, function(pkt)
  local arp = pkt.arp
  if not arp or arp.op ~= 1 or tostring(arp.tpa) ~= "10.78.1.99" then return end
  if not asked then
    asked = assert(pkt:steal())
    return nf.STOLEN
  end
  local address = arp.tpa
  for _, h in ipairs{ asked, (assert(pkt:copy())) } do
    h.eth.dst, h.eth.src = h.eth.src, "02:00:00:00:00:99"
    local a = h.arp
    a.op, a.tha, a.sha, a.tpa, a.spa = 2, a.sha, "02:00:00:00:00:99", a.spa, address
    assert(h:send())
  end
  asked = nil
  return nf.DROP
end }
nf:hook{ family = "arp", hook = "output", priority = 0, function(pkt)
  local arp = pkt.arp
  if not arp or arp.op ~= 1 or tostring(arp.tpa) ~= "10.78.1.98" then return end
  if not asks then
    asks = assert(pkt:steal())
    return nf.STOLEN
  end
  assert(asks:send())
  asks = nil
  return nf.DROP
end }
L
knows() { ip -n "$1" neigh show to "$2" | grep -qE "$3"; }
client ping -c 1 -W 4 10.78.1.99 >/dev/null &
check "ARP input: a request comes back as its answer" waits_for 15 knows "$CLIENT" 10.78.1.99 'lladdr 02:00:00:00:00:99'
check "ARP output: a request leaves later, and is answered" router ping -c 1 -W 8 10.78.1.98
is "ARP: no error, nothing is held" "$(field "$ROUTER" arp '"\([.entries[].errors[]] | add) \(.held)"')" "0 0"
is "ARP: one was stolen at each" "$(field "$ROUTER" arp '[.entries[].outcomes | .stolen] | @csv')" 1,1
ctl unload arp
ip -n "$CLIENT" addr del 10.78.1.98/24 dev veth0

# --- another mark, another route ----------------------------------------------

for ip in -4 -6; do
	ip -n "$ROUTER" $ip rule add fwmark 7 lookup 77
	ip -n "$ROUTER" $ip route add blackhole default table 77
done
for how in "forward held" "output held" "output pkt"; do
	read -r hook what <<<"$how"
	load marked --single <<-L
	local nf = require("netfilter").new{}
	nf:hook{ family = "inet", hook = "$hook", priority = 0, function(pkt)
	  if not pkt.udp or pkt.udp.dport ~= 7000 then return end
	  local lost = pkt:unpack("c" .. #pkt.payload, 1, "payload") == "lost"
	  if lost and "$what" == "pkt" then pkt.mark = 7 end
	  local held = assert(pkt:steal())
	  if lost and "$what" == "held" then held.mark = 7 end
	  held:send()
	  return nf.STOLEN
	end }
	L
	[ "$hook" = forward ] && from=$CLIENT || from=$ROUTER
	for address in $FAR4 $FAR6; do
		[[ $address = *:* ]] && v=6 || v=4
		echo listening >"$TMP/far$v"
		datagrams "$from" "$address" 7000 one lost two
		check "IPv$v $hook: a packet that was marked has another route ($what)" \
			waits_for 10 came "$TMP/far$v" "one two"
	done
	is "$hook: no error ($what)" "$(field "$ROUTER" marked '[.entries[].errors[]] | add')" 0
	ctl unload marked
done

# --- what may not be -------------------------------------------------------------

nfluactl -n "$ROUTER" monitor >"$TMP/log" &
waits_for 10 listens $!
# One at a time, until all of it was said: none shall be ended by the clock.
load wrong --single --budget 10ms <<'L'
local nf = require("netfilter").new{}
local tries, n = {
  function(held) print("icmp", held:send("x")) end,
  function(held) print("long", select(2, pcall(held.send, held, ("x"):rep(16385)))) end,
  function(held, pkt) print("live", select(2, pcall(pkt.send, pkt))) end,
  function(held) print("sent", held:send()) end,
  function(held) held:set_u8(0, 0x1f) print("unfit", held:send()) end,
  function(held) held:send() print("after", select(2, pcall(function() held:send() end))) end,
}, 0
nf:hook{ family = "inet", hook = "input", priority = "filter", function(pkt)
  if pkt.icmp then
    n = n % #tries + 1
    tries[n](pkt:copy(), pkt)
  end
end }
L
said() {
	grep -qE -- "$1" "$TMP/log" && return
	client ping -c 5 -i 0.01 -W 2 10.78.1.254
	return 1
}
while read -r pattern; do
	check "said: $pattern" waits_for 10 said "$pattern"
done <<'T'
icmp.*neither a TCP segment nor a UDP datagram
long.*payload is too long
live.*only a packet that is held can be sent
sent.*true
unfit.*the packet is shorter than its header, or has none.*22
after.*packet used after it was sent or closed
T
ctl unload wrong

# In a test run nothing leaves.
cat >"$TMP/try.lua" <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "ipv4", hook = "input", priority = "filter", function(pkt)
  print("first")
  assert(pkt:copy():send())
  assert(pkt:reply("udp", "four"))
  assert(pkt:reject("no-route"))
  return nf.DROP
end }
L
hex=$(echo 'ip4(udp(1234, 7000, b"abcd"))' |
	python3 "$HERE/packets.py" - 02:00:00:00:00:01 02:00:00:00:00:02)
is "a run tells what it would send" \
	"$(nfluactl run "$TMP/try.lua" --hex "$hex" 2>&1 | sed -n 's/^    | //p')" \
	"first
not sent in a run: held packet, 32 bytes
not sent in a run: UDP reply, 4 bytes
not sent in a run: rejection, no-route"

# --- all goes while packets wait -------------------------------------------------

for i in {1..4}; do
	ns=nflua-d$$-$i
	namespace "$ns"
	nfluactl -n "$ns" load --name flood - <<'L' || exit 1
local nf = require("netfilter").new{}
local held = {}
nf:hook{ family = "inet", hook = "output", priority = "filter", function(pkt)
  if not pkt.udp then return end
  for i = 1, 20 do
    local copy = pkt:copy()
    if copy and i > 1 then copy:send() else held[#held + 1] = copy end
  end
end }
L
	in_ns "$ns" bash -c 'for i in {1..20}; do echo >/dev/udp/127.0.0.1/9; echo >/dev/udp/::1/9; done' 2>/dev/null
	ip netns del "$ns"
done
ok "namespaces went"
failed=0
touch "$TMP/on"
# shellcheck disable=SC2016
ip netns exec "$ROUTER" bash -c 'while [ -e "$1" ]; do printf x >"/dev/udp/127.0.0.1/9"; done' bash "$TMP/on" 2>/dev/null &
for i in {1..3}; do
	load flood <<-'L'
	local nf = require("netfilter").new{}
	nf:hook{ family = "inet", hook = "output", priority = "filter", function(pkt)
	  if not pkt.udp then return end
	  for i = 1, 20 do pkt:copy():send() end
	  pkt:reply("udp", "x")
	end }
	L
	has_run() { [ "$(field "$ROUTER" flood '[.entries[].calls] | add')" -gt 10 ]; }
	waits_for 10 has_run || failed=$((failed + 1))
	waits_for 10 rmmod nflua || failed=$((failed + 1))
done
rm "$TMP/on"
is "rmmod while packets wait" $failed 0
for ns in "$CLIENT" "$ROUTER" "$SERVER"; do
	is "no wrong checksum in ${ns#nflua-}" "$(bad_sums "$ns")" 0
done
finish
