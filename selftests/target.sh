#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a target may answer and what becomes of the packet, by every iptables
# there is, IPv4 and IPv6, with exact counts.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
topology
PACKETS=3

# One function for each answer: a accepts, c continues with the next rule, d
# drops; then the counter it goes to.
cat >"$TMP/answers" <<'T'
accept		a accept	return nf.ACCEPT
drop		d drop		return nf.DROP
continue	c continue	return nf.CONTINUE
nothing		c continue	return
none		c continue	local x = pkt.len
more		d drop		return netfilter.DROP, nf.ACCEPT
yes		c verdict	return true
no		c verdict	return false
number		c verdict	return 7
text		c verdict	return "ACCEPT"
packet		c verdict	return pkt
raises		c runtime	error("no")
misspelled	c runtime	return nf.REJECT
caught		d drop		return select(2, pcall(function() return nf.DROP end))
T

{
	echo 'local netfilter = require("netfilter")'
	echo 'local nf = netfilter.new{ name = "answers" }'
	while read -r name _ _ body; do
		echo "function $name(pkt) $body end"
	done <"$TMP/answers"
	echo 'nf:target(function(pkt) return nf.DROP end)'
} >"$TMP/answers.lua"

# What the target's rule sees, what the rule behind it sees, and what comes
# through to the next table.
expected() {
	case $1 in
	a) echo "$PACKETS 0 $PACKETS" ;;
	c) echo "$PACKETS $PACKETS $PACKETS" ;;
	d) echo "$PACKETS 0 0" ;;
	esac
}

add() {
	local port=$1
	shift
	server "$ipt" -t mangle -A INPUT -p udp --dport "$port" -j LUA "$@" &&
		server "$ipt" -t mangle -A INPUT -p udp --dport "$port" &&
		server "$ipt" -A INPUT -p udp --dport "$port"
}

came() {
	is "$ipt: $1" "$(rule_counts "$TMP/mangle" "--dport $2") $(rule_counts "$TMP/filter" "--dport $2")" \
		"$(expected "$3")"
}

semantics() {
	local ipt=$1 address=$2
	local port=4000 ports=() name outcome counter line policy
	local -A want=()

	if ! tables "$ipt"; then
		skip "$ipt" "no such tables here"
		return
	fi
	ctl load "$TMP/answers.lua" || exit 1
	while read -r name outcome counter _; do
		add $((port++)) --script answers --function "$name"
		want[$name]="$counter=$PACKETS"
	done <"$TMP/answers"
	for name in raises number; do
		for policy in accept drop continue; do
			add $((port++)) --script answers --function $name --on-error $policy
		done
		want[$name]=${want[$name]%=*}=$((4 * PACKETS))
	done
	add $((port++)) --script answers
	add $((port++)) --script answers --function accept --on-error drop
	want[accept]=accept=$((2 * PACKETS))

	mapfile -t ports < <(seq 4000 $((port - 1)))
	udp "$CLIENT" "$address" $PACKETS "${ports[@]}"
	check "$ipt: every packet was seen once" \
		calls_become "$SERVER" answers $((${#ports[@]} * PACKETS))
	for line in mangle filter; do
		server "$ipt-save" -c -t $line >"$TMP/$line"
	done
	counts "$SERVER" answers >"$TMP/counts"

	port=4000
	while read -r name outcome _; do
		came "$name" $((port++)) "$outcome"
	done <"$TMP/answers"
	for name in raises number; do
		for line in "accept a" "drop d" "continue c"; do
			came "$name, on error ${line% *}" $((port++)) "${line#* }"
		done
	done
	came "no function" $((port++)) d
	came "accept, on error drop" $((port++)) a
	for name in "${!want[@]}"; do
		is "$ipt: counters of $name" \
			"$(grep "^function $name " "$TMP/counts")" \
			"function $name calls=${want[$name]#*=} ${want[$name]}"
	done
	is "$ipt: counters of the target" "$(grep ^target "$TMP/counts")" \
		"target answers calls=$PACKETS drop=$PACKETS"

	while read -r line; do
		# shellcheck disable=SC2086
		refused "$ipt refuses: $line" any . server "$ipt" -A INPUT -j LUA $line
	done <<-'T'
		--script missing
		--script answers --function missing
		! --script answers
		--script answers --on-error match
		--script answers --on-error nomatch
		--function accept
		--script a/b
	T
	server "$ipt" -F INPUT
	server "$ipt" -t mangle -F INPUT
	check "$ipt: unload" ctl unload answers
	echo 'function f() end' | ctl load --name plain - || exit 1
	refused "$ipt refuses a script without a target" any . \
		server "$ipt" -A INPUT -j LUA --script plain
	check "$ipt: it is not pinned" ctl unload plain
}

for ipt in iptables-legacy iptables-nft; do
	semantics $ipt "$SERVER4"
done
for ipt in ip6tables-legacy ip6tables-nft; do
	semantics $ipt "$SERVER6"
done

# Every built-in chain that a packet between two hosts meets; the script sees
# where it is.
load where <<'L'
function where(pkt)
  if pkt.udp and pkt.udp.dport == 6000 then print(pkt.hook, pkt.iifname, pkt.oifname) end
end
L
for chain in PREROUTING INPUT; do
	server iptables -t mangle -A $chain -p udp --dport 6000 -j LUA --script where --function where
done
udp "$CLIENT" "$SERVER4" 4 6000
check "two chains" calls_become "$SERVER" where 8
is "no errors" "$(counts "$SERVER" where)" "function where calls=8 continue=8"
server iptables -t mangle -F
check "unload" ctl unload where
finish
