#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Network namespaces with scripts, hooks and rules that come and go while
# packets run through them, and what they leave behind: nothing.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
topology
ROUNDS=${NETNS_ROUNDS:-60}
NS=nflua-n$$

cat >"$TMP/busy.lua" <<'L'
local nf = require("netfilter").new{ name = "busy" }
local kept = {}
for _, hook in ipairs{ "prerouting", "input", "output", "postrouting" } do
  nf:hook{ family = "inet", hook = hook, priority = 0, function(pkt)
    kept[#kept % 100 + 1] = { pkt.len, tostring(pkt.ip and pkt.ip.src) }
  end }
end
nf:match(function(pkt) return pkt.len > 1 end)
nf:target(function(pkt) return nf.CONTINUE end)
function f(pkt) return true end
L
flavours=()
for ipt in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do
	! tables $ipt || flavours+=("$ipt")
done

# One namespace: a script, rules, and packets over its lo while it dies. In
# which order rules and scripts go then is the kernel's.
# shellcheck disable=SC2016
INSIDE='
	ip link set lo up
	nfluactl load "$1/busy.lua" && "$2-restore" "$1/busy.rules" || exit 1
	touch "$1/on"
	while [ -e "$1/on" ]; do printf x >"/dev/udp/$3/4000"; done 2>/dev/null &
	sender=$!
	called() { [[ $(nfluactl -j show) != *"\"calls\":0,\"errors\":0,\"entries\""* ]]; }
	for ((n = 0; n < 200; n++)); do ! called || break; done
	called || exit 2
	case $4 in
	0) nfluactl replace "$1/busy.lua" || exit 3 ;;
	1) "$2" -F || exit 4 ;;
	2) nfluactl unload busy 2>/dev/null && exit 5 ;;
	esac
	rm "$1/on"
	wait $sender
'
cat >"$TMP/busy.rules" <<'T'
*filter
-A OUTPUT -m lua --script busy
-A INPUT -p udp -j LUA --script busy
-A INPUT -p udp -m lua ! --script busy --function f -j DROP
COMMIT
T
round() {
	local ipt=${flavours[$(($1 % ${#flavours[@]}))]} address=127.0.0.1 status
	[[ $ipt = iptables* ]] || address=::1
	ip netns add "$NS" || return 1
	in_ns "$NS" bash -c "$INSIDE" bash "$TMP" "$ipt" $address $(($1 / 4 % 4)) >"$TMP/inside" 2>&1
	status=$?
	[ $status = 0 ] || diag "round $1, $ipt: $status" "$(cat "$TMP/inside")"
	# packets are on their way when it dies
	# shellcheck disable=SC2016
	in_ns "$NS" bash -c 'for ((i = 0; i < 20; i++)); do printf x >"/dev/udp/$0/4000"; done' \
		$address 2>/dev/null &
	ip netns del "$NS"
	wait $!
	return $status
}

# Namespaces die in a worker of the kernel: the last one is gone when a new
# one's death has been seen through.
settled() {
	local inode=
	ip netns add "$NS" && inode=$(in_ns "$NS" readlink /proc/self/ns/net)
	ip netns del "$NS"
	waits_for 20 no_namespace "${inode//[^0-9]/}"
	echo 2 >/proc/sys/vm/drop_caches
}
no_namespace() { ! lsns -t net -n -o NS 2>/dev/null | grep -qw "$1"; }

# kilobytes that the kernel cannot give back
used() {
	awk '/^(SUnreclaim|Percpu|VmallocUsed|KernelStack):/ { kb += $2 } END { print kb }' /proc/meminfo
}
alive() { lsns -t net -n -o NS 2>/dev/null | wc -l; }

failed=0
for ((i = 0; i < 12; i++)); do
	round $i || failed=$((failed + 1))
done
is "it works" $failed 0
settled
first=$(used)
for ((i = 0; i < ROUNDS; i++)); do
	round $i || failed=$((failed + 1))
done
is "$ROUNDS namespaces came and went under traffic" $failed 0
settled
last=$(used)
# lots of room for what the kernel itself keeps; a script is 60 KiB and more
grown=$((last - first))
diag "unreclaimable memory: $first kB before, $last kB after"
if [ $grown -lt $((ROUNDS * 12 + 1500)) ]; then
	ok "the kernel's memory has not grown"
else
	not_ok "the kernel's memory has not grown" "by $grown kB in $ROUNDS rounds"
fi

# Many at once, each with its own script of the same name, die together.
many=20
for ((i = 0; i < many; i++)); do
	namespace "$NS-$i"
	printf 'function f() return %s end\n' "$([ $((i % 2)) = 1 ] || echo 'not ')nil" |
		nfluactl -n "$NS-$i" load --name same - || failed=$((failed + 1))
	in_ns "$NS-$i" iptables -A INPUT -p udp --dport 4000 -m lua --script same --function f -j DROP
done
for ((i = 0; i < many; i++)); do
	udp "$NS-$i" 127.0.0.1 3 4000
done
for ((i = 0; i < many; i++)); do
	want="function f calls=3 match=3"
	[ $((i % 2)) = 0 ] || want="function f calls=3 nomatch=3"
	calls_become "$NS-$i" same 3
	[ "$(counts "$NS-$i" same)" = "$want" ] || failed=$((failed + 1))
done
is "$many namespaces each have their own script" $failed 0
for ((i = 0; i < many; i++)); do ip netns del "$NS-$i"; done
settled
check "the others work on" client ping -c 2 -i 0.2 -W 5 "$SERVER4"

# An upload that is not complete dies with its namespace.
if command -v python3 >/dev/null; then
	ip netns add "$NS"
	in_ns "$NS" python3 "$HERE/genl.py" send 1:1=part,3=u32:8000000,4=u32:0,5=fill:1000
	ip netns del "$NS"
	settled
	ok "an unfinished source goes with its namespace"
fi

# The initial namespace has scripts like any other.
echo 'function f() end' | nfluactl load --name "initial-$$" - &&
	check "initial namespace" nfluactl show "initial-$$"
is "nobody else sees it" "$(ctl -j list)" "[]"
check "unload" nfluactl unload "initial-$$"
finish
