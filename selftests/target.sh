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
zero		c verdict	return 0
one		c verdict	return 1
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
declare -A EXPECTED=([a]="$PACKETS 0, $PACKETS" [c]="$PACKETS $PACKETS, $PACKETS"
	[d]="$PACKETS 0, 0")

came() { is "$ipt: $1" "${mangle[$2]-}, ${RULES[$2]-}" "${EXPECTED[$3]}"; }

# add PORT OPTION...: prints a rule with the target and one behind it
add() {
	echo "-A INPUT -p udp --dport $1 -j LUA ${*:2}"
	echo "-A INPUT -p udp --dport $1"
}

# rules: prints those of the table mangle
rules() {
	local port=4000 name policy
	while read -r name _; do
		add $((port++)) --script answers --function "$name"
	done <"$TMP/answers"
	for name in raises number; do
		for policy in accept drop continue; do
			add $((port++)) --script answers --function $name --on-error $policy
		done
	done
	# no function: what nf:target registered
	add $((port++)) --script answers
	# a policy means nothing to an answer
	add $((port++)) --script answers --function accept --on-error drop
}

semantics() {
	local ipt=$1 address=$2
	local port ports=() name outcome counter line
	local -A want=() mangle=()

	if ! tables "$ipt"; then
		skip "$ipt" "no such tables here"
		return
	fi
	ctl load "$TMP/answers.lua" || exit 1
	rules >"$TMP/all"
	add_rules "$ipt" mangle <"$TMP/all" || exit 1
	mapfile -t ports < <(grep -o 'dport [0-9]*' "$TMP/all" | uniq)
	ports=("${ports[@]#dport }")
	printf -- '-A INPUT -p udp --dport %s\n' "${ports[@]}" | add_rules "$ipt" filter || exit 1
	udp "$CLIENT" "$address" $PACKETS "${ports[@]}"
	check "$ipt: every packet was seen once" \
		calls_become "$SERVER" answers $((${#ports[@]} * PACKETS))
	read_rules "$ipt" mangle
	for port in "${ports[@]}"; do
		mangle[$port]=${RULES[$port]-}
	done
	read_rules "$ipt" filter
	counts "$SERVER" answers >"$TMP/counts"

	port=4000
	while read -r name outcome counter _; do
		want[$name]="$counter=$PACKETS"
		came "$name" $((port++)) "$outcome"
	done <"$TMP/answers"
	for name in raises number; do
		want[$name]=${want[$name]%=*}=$((4 * PACKETS))
		for line in "accept a" "drop d" "continue c"; do
			came "$name, on error ${line% *}" $((port++)) "${line#* }"
		done
	done
	want[accept]=accept=$((2 * PACKETS))
	came "no function" $((port++)) d
	came "accept, on error drop" $((port++)) a
	while read -r line; do
		read -r _ name _ <<<"$line"
		is "$ipt: counters of $name" "$line" \
			"function $name calls=${want[$name]#*=} ${want[$name]}"
		unset "want[$name]"
	done < <(grep '^function ' "$TMP/counts")
	is "$ipt: that was all" "${!want[*]}" ""
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
