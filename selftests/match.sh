#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a match may answer and what becomes of the packet, by every iptables
# there is, IPv4 and IPv6, with exact counts: the script's, the rule's, and
# those of what came through.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
topology
PACKETS=3

# One function for each answer. The rules' outcome: m match, n no match, d the
# packet is gone; with "!" in front the second; then the counter it goes to.
cat >"$TMP/answers" <<'T'
yes		m n match	return true
no		n m nomatch	return false
nothing		n m nomatch	return
accept		n m nomatch	return nf.ACCEPT
continue	n m nomatch	return netfilter.CONTINUE
drop		d d drop	return nf.DROP
more		m n match	return true, false, 7
number		n n verdict	return 42
minus		n n verdict	return -1
zero		n n verdict	return 0
one		n n verdict	return 1
text		n n verdict	return "yes"
table		n n verdict	return {}
func		n n verdict	return print
packet		n n verdict	return pkt
address		n n verdict	return require("luapacket").ip("::1")
raises		n n runtime	error("no")
raises_table	n n runtime	error({})
raises_nil	n n runtime	error()
misspelled	n n runtime	return pkt.pi
stolen		n n verdict	return nf.STOLEN
yields		n n runtime	coroutine.yield(true)
coroutine_yes	m n match	return coroutine.wrap(function() return true end)()
caught		m n match	return not pcall(error, "no")
register	n n runtime	nf:match(print)
T

{
	echo 'local netfilter = require("netfilter")'
	echo 'local nf = netfilter.new{ name = "answers" }'
	while read -r name _ _ _ body; do
		echo "function $name(pkt) $body end"
	done <"$TMP/answers"
	echo 'nf:match(yes)'
	echo 'not_a_function = true'
} >"$TMP/answers.lua"

declare -A EXPECTED=([m]="$PACKETS 0" [n]="0 $PACKETS" [d]="0 0")

# add PORT OPTION...: prints a rule that drops what matches, and one behind it
# that counts what is left.
add() {
	echo "-A INPUT -p udp --dport $1 -m lua ${*:2} -j DROP"
	echo "-A INPUT -p udp --dport $1 -j ACCEPT"
}

# came WHAT PORT OUTCOME: compares the two rules' counters.
came() { is "$ipt: $1" "${RULES[$2]-}" "${EXPECTED[$3]}"; }

# rules: prints them all
rules() {
	local port=4000 name policy
	while read -r name _; do
		add $((port++)) --script answers --function "$name"
		add $((port++)) ! --script answers --function "$name"
	done <"$TMP/answers"
	# each policy, with and without "!", for each kind of failure
	for name in raises number; do
		for policy in nomatch match drop; do
			add $((port++)) --script answers --function $name --on-error $policy
			add $((port++)) ! --script answers --function $name --on-error $policy
		done
	done
	# no function: what nf:match registered
	add $((port++)) --script answers
	add $((port++)) ! --script answers
	# a policy means nothing to an answer
	add $((port++)) --script answers --function no --on-error drop
	add $((port++)) --script answers --function drop --on-error match
	# two matches in one rule: the second is asked if the first matches
	add $((port++)) --script answers --function yes -m lua --script answers --function no
}

semantics() {
	local ipt=$1 address=$2
	local port ports=() name plain inverse counter line
	local -A want=()

	if ! tables "$ipt"; then
		skip "$ipt" "no such tables here"
		return
	fi
	ctl load "$TMP/answers.lua" || exit 1
	rules >"$TMP/all"
	add_rules "$ipt" filter <"$TMP/all" || exit 1
	mapfile -t ports < <(grep -o 'dport [0-9]*' "$TMP/all" | uniq)
	udp "$CLIENT" "$address" $PACKETS "${ports[@]#dport }"
	# one call for each packet, and the last port has two
	check "$ipt: every packet was seen once" \
		calls_become "$SERVER" answers $(((${#ports[@]} + 1) * PACKETS))
	read_rules "$ipt" filter
	counts "$SERVER" answers >"$TMP/counts"

	port=4000
	while read -r name plain inverse counter _; do
		want[$name]="$counter=$((2 * PACKETS))"
		came "$name" $((port++)) "$plain"
		came "! $name" $((port++)) "$inverse"
	done <"$TMP/answers"
	for name in raises number; do
		for line in "nomatch n" "match m" "drop d"; do
			came "$name, on error ${line% *}" $((port++)) "${line#* }"
			came "! $name, on error ${line% *}: not inverted" \
				$((port++)) "${line#* }"
		done
		want[$name]=${want[$name]%=*}=$((8 * PACKETS))
	done
	came "no function" $((port++)) m
	came "! no function" $((port++)) n
	came "no, on error drop" $((port++)) n
	came "drop, on error match" $((port++)) d
	came "yes and no" $((port++)) n
	want[no]=nomatch=$((4 * PACKETS))
	want[yes]=match=$((3 * PACKETS))
	want[drop]=drop=$((3 * PACKETS))

	while read -r line; do
		read -r _ name _ <<<"$line"
		is "$ipt: counters of $name" "$line" \
			"function $name calls=${want[$name]#*=} ${want[$name]}"
		unset "want[$name]"
	done < <(grep '^function ' "$TMP/counts")
	is "$ipt: that was all" "${!want[*]}" ""
	is "$ipt: counters of the match" "$(grep ^match "$TMP/counts")" \
		"match answers calls=$((2 * PACKETS)) match=$((2 * PACKETS))"

	# rules that are refused
	while read -r line; do
		# shellcheck disable=SC2086
		refused "$ipt refuses: $line" any . server "$ipt" -A INPUT -m lua $line
	done <<-'T'
		--script missing
		--script answers --function missing
		--script answers --function not_a_function
		--script answers --function require
		--script answers --on-error accept
		--script answers --on-error continue
		--function yes
		--script a/b
		--script answers --function a.b
		--script answers --script answers
	T
	server "$ipt" -F INPUT
	check "$ipt: unload" ctl unload answers
	printf 'function f() end\n' | ctl load --name plain - || exit 1
	refused "$ipt refuses a script without a match" any . \
		server "$ipt" -A INPUT -m lua --script plain -j DROP
	check "$ipt: it is not pinned" ctl unload plain
}

for ipt in iptables-legacy iptables-nft; do
	semantics $ipt "$SERVER4"
done
for ipt in ip6tables-legacy ip6tables-nft; do
	semantics $ipt "$SERVER6"
done

# The message of the last error, once with each kind.
SCRIPT_NS=$CLIENT load errors <<'L'
function raises(pkt)
  local function deep() error("deep") end
  deep()
end
function verdict() return "ACCEPT" end
L
for name in raises verdict; do
	client iptables -A OUTPUT -p udp --dport 5000 -m lua --script errors --function $name
done
udp "$CLIENT" "$SERVER4" 2 5000
check "both are called, in process context, too" calls_become "$CLIENT" errors 4
is "last error has file, line, traceback" \
	"$(field "$CLIENT" errors '.entries[] | select(.name == "raises") | .last_error' | head -n 4)" \
	"errors:2: deep
stack traceback:
	[C]: in function 'error'
	errors:2: in local 'deep'"
is "a bad answer says what is wanted" \
	"$(field "$CLIENT" errors '.entries[] | select(.name == "verdict") | .last_error')" \
	"errors:5: function answered a string (a match answers true, false, ACCEPT, DROP, CONTINUE or nothing)"
check "its time is now" [ "$(field "$CLIENT" errors "[.entries[] | .last_error_time] | max - $(date +%s) | fabs < 60")" = true ]
finish
