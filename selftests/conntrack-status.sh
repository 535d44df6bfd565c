#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# ct.status and ct:master(), bit by bit, as the kernel tells them to user space.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=router.sh source-path=SCRIPTDIR
. "$(dirname "$0")/router.sh"
need_command conntrack nft python3
need_module
router_topology
PY=$HERE/conntrack.py
for what in udp_timeout udp_timeout_stream tcp_timeout_established icmp_timeout icmpv6_timeout; do
	router sysctl -qw net.netfilter.nf_conntrack_$what=600
done

# What a line of ours says: the bits that are set, in the kernel's order, and whether
# another connection expected it.
cat >"$TMP/status.lua" <<'L'
local conntrack = require("conntrack")
local nf = require("netfilter").new{}
local names = { "expected", "seen_reply", "assured", "confirmed", "snat", "dnat", "seq_adjust", "dying",
  "fixed_timeout", "helper", "offload" }
local function line(ct)
  local t, s = ct:tuple(), { ct.id }
  for _, name in ipairs(names) do
    if ct.status[name] then s[#s + 1] = name end
  end
  local m <close> = ct:master()
  if m then s[#s + 1] = ("of %s %s"):format(m:tuple().src, m:tuple().dport) end
  return table.concat(s, " ")
end
function all() for ct in conntrack.each() do print(line(ct)) end end
function fixed()
  for ct in conntrack.each() do
    if ct.status.fixed_timeout then print(pcall(function() ct.timeout = 10 end)) end
  end
end
-- A connection that is expected, and one whose packets grow.
nf:helper{ name = "status-lua", proto = "tcp", function(pkt, ct)
  if ct.is_reply or not pkt.payload or #pkt.payload == 0 then return end
  assert(ct:expect{ dport = 40000 })
  assert(pkt:mangle(1, 0, "longer "))
end }
L
check "it loads" ctl load --budget 10ms "$TMP/status.lua"

# The same from ctnetlink, which tells all bits; conntrack(8) tells few of them.
cat >"$TMP/status.py" <<'P'
import socket
import struct

NAMES = ["expected", "seen_reply", "assured", "confirmed", "snat", "dnat", "seq_adjust", "", "", "dying",
         "fixed_timeout", "", "", "helper", "offload"]


def attributes(data):
    while len(data) >= 4:
        size, kind = struct.unpack_from("HH", data)
        yield kind & 0x3fff, data[4:size]
        data = data[(size + 3) & ~3:]


def master(data):
    found = {}
    for kind, value in attributes(data):
        for inner, v in attributes(value):
            found[kind, inner] = v
    family, source = (socket.AF_INET, found.get((1, 1))) if (1, 1) in found else (socket.AF_INET6, found[1, 3])
    return "of %s %d" % (socket.inet_ntop(family, source), struct.unpack("!H", found[2, 3])[0])


s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
# ctnetlink's GET, as a dump, of all families
s.send(struct.pack("IHHII", 20, 1 << 8 | 1, 0x301, 1, 0) + struct.pack("BBH", 0, 0, 0))
done = False
while not done:
    data = s.recv(1 << 20)
    while data:
        size, kind = struct.unpack_from("IH", data)
        if kind == 3:
            done = True
            break
        a = dict(attributes(data[20:size]))
        status = struct.unpack("!I", a[3])[0]
        words = [str(struct.unpack("!I", a[12])[0])]
        words += [name for bit, name in enumerate(NAMES) if name and status >> bit & 1]
        if 14 in a:
            words.append(master(a[14]))
        print(" ".join(words))
        data = data[(size + 3) & ~3:]
P
same() {
	router python3 "$TMP/status.py" | sort >"$TMP/theirs"
	ctl eval status "$1()" | sort >"$TMP/ours"
	[ -s "$TMP/theirs" ] && diff "$TMP/theirs" "$TMP/ours"
}
# bits WHAT CONNTRACK-OPTIONS BITS: what a connection has, after its number
bits() {
	local id what=$1 wanted=$2
	shift 2
	id=$(router conntrack -L -o id "$@" 2>/dev/null | sed -n 's/.* id=\([0-9]*\).*/\1/p')
	is "$what" "$(ctl eval status 'all()' | sed -n "s/^$id //p")" "$wanted"
}

# serves NAMESPACE ADDRESS
serves() {
	ip netns exec "$1" python3 "$PY" serve "$2" 5001 7000 40000 >"$TMP/serve.$2" &
	check "a server on $2" waits_for 20 grep -q ready "$TMP/serve.$2"
}
serves "$SERVER" "$SERVER4"
serves "$SERVER" "$SERVER6"
serves "$CLIENT" "$CLIENT4"
serves "$CLIENT" "$CLIENT6"
touch "$TMP/on"
# hold NAMESPACE HOST FROM-PORT PORT: a TCP connection that lives on
hold() {
	ip netns exec "$1" python3 "$PY" tcp "${@:2}" "$TMP/on" >"$TMP/tcp.$3" 2>&1 &
	waits_for 20 grep -q up "$TMP/tcp.$3"
}

p=4000
for mode in plain snat dnat; do
	for family in 4 6; do
		what="$mode, IPv$family"
		if [ $family = 4 ]; then
			me=$CLIENT4 you=$SERVER4 west=$WEST4 east=$EAST4 ip=ip
		else
			me=$CLIENT6 you=$SERVER6 west=$WEST6 east=$EAST6 ip=ip6
		fi
		to=$(target $family $mode)
		back=$me nat='' back_nat=''
		firewall tcp 7000 status-lua $mode
		router nft add rule inet fw forward udp dport 5001-5999 accept
		case $mode in
		snat) nat=' snat' back_nat=' dnat' back=$east ;;
		dnat)
			nat=' dnat' back_nat=' snat'
			router nft add rule inet nat pre $ip daddr $west udp dport 5001-5999 dnat $ip to $you
			;;
		esac
		check "$what: one way" client python3 "$PY" send "$to" $((p + 1)) 5999
		check "$what: both ways" client python3 "$PY" udp "$to" $((p + 2)) 5001 1
		check "$what: more than once" client python3 "$PY" udp "$to" $((p + 3)) 5001 4
		check "$what: TCP that has a helper" hold "$CLIENT" "$to" $((p + 4)) 7000
		check "$what: TCP that is expected" hold "$SERVER" "$back" $((p + 5)) 40000
		check "$what: all bits are the kernel's" waits_for 10 same all
		bits "$what: of one that was not answered" "confirmed$nat" -p udp --sport $((p + 1)) -f ipv$family
		bits "$what: of one that was" "seen_reply confirmed$nat" -p udp --sport $((p + 2)) -f ipv$family
		bits "$what: of one with a helper" "seen_reply assured confirmed$nat seq_adjust helper" \
			-p tcp --sport $((p + 4)) -f ipv$family
		# which goes the other way: what NAT did it undoes
		bits "$what: of one that was expected" "expected seen_reply assured confirmed$back_nat of $me 7000" \
			-p tcp --sport $((p + 5)) -f ipv$family
		p=$((p + 10))
	done
done

# --- a time that is fixed ---
check "one with a fixed time" router conntrack -U -p udp --sport $((p - 8)) -f ipv6 -t 500 -u FIXED_TIMEOUT
bits "fixed_timeout" "seen_reply confirmed dnat fixed_timeout" -p udp --sport $((p - 8)) -f ipv6
check "it is the kernel's" waits_for 10 same all
is "a script cannot set it" "$(ctl eval status 'fixed()' | sed 's/[a-z]*:[0-9]*: //')" $'false\tct.timeout is fixed'

# --- offloaded ---
router nft flush ruleset
if router nft -f - <<-N 2>"$TMP/err"
	table inet fast {
		flowtable f { hook ingress priority 0; devices = { west, east }; }
		chain forward { type filter hook forward priority filter; meta l4proto tcp flow add @f; }
	}
N
then
	hold "$CLIENT" "$SERVER4" $p 7000
	hold "$CLIENT" "$SERVER6" $((p + 1)) 7000
	# older kernels offload it before it is assured
	is "offload, over IPv4 and IPv6" "$(ctl eval status 'all()' | grep -c ' confirmed offload$')" 2
	check "it is the kernel's" waits_for 10 same all
else
	skip "offload" "no flow tables here: $(head -n 1 "$TMP/err")"
fi
is "the script has not failed" "$(field "$ROUTER" status '[.entries[].errors[]] | add')" 0
rm "$TMP/on"
check "unload" ctl unload status
finish
