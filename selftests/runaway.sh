#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Usage: selftests/runaway.sh [PART/PARTS]
#
# Programs that never end, grow without bound or keep C busy, in a netfilter
# hook: of packets that arrive, in softirq on all CPUs at once, and of those
# sent from here, in process context. Each is stopped, counted as what it ran
# into, and answered by the failure policy; the machine does not mind.
# The programs are in runaway/; how long each takes to be stopped is measured
# by scripts/runaway. A part of them is run (RUNAWAY, or 1/10): each tenth, from
# the first.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317,SC2030,SC2031
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
EXACT=1 need_module
topology
part=${1:-${RUNAWAY:-1/10}}
EACH=2			# packets from each CPU in each direction
CPUS=$(nproc)

# Nobody answers them: an answer would be a call more.
client iptables -A INPUT -p udp --dport 4000 -j DROP || exit 1
server iptables -A INPUT -p udp --dport 4000 -j DROP || exit 1
arrived() {
	local packets
	packets=$(server iptables -nvxL INPUT | awk '/dpt:4000/ { print $1 }')
	server iptables -Z INPUT
	echo "$packets"
}

# send NS ADDRESS: from all CPUs at once
send() {
	local cpu pids=()
	for ((cpu = 0; cpu < CPUS; cpu++)); do
		ON_CPU=$cpu udp "$1" "$2" $EACH 4000 &
		pids+=($!)
	done
	wait "${pids[@]}"
}

# run FILE NAME KINDS [MEMORY]
run() {
	local what="${1%.lua}: $2" all=$((2 * EACH * CPUS)) calls kinds passed bad
	{
		echo "local CASE = [[$2]]"
		cat "$HERE/runaway/head.lua" "$HERE/runaway/$1"
	} >"$TMP/case.lua"
	if ! ctl load --name case ${4:+--memory "$4"} "$TMP/case.lua" >"$TMP/out" 2>&1; then
		if grep -q 'ran longer than 5000 ms' "$TMP/out"; then
			skip "$what" "this machine is too busy for its body"
		else
			not_ok "$what: loads" "$(cat "$TMP/out")"
		fi
		return
	fi
	send "$CLIENT" "$SERVER4"
	send "$SERVER" "$CLIENT4"
	calls_become "$SERVER" case $all
	# calls; kinds with their numbers; how many of those that arrived went on
	field "$SERVER" case '"\([.entries[].calls] | add) \([.entries[] | (.outcomes + .errors) |
		to_entries[] | select(.value > 0) | .key] | unique | join("|")) \(
		[.entries[] | select(.name | test("input")) | .outcomes.accept] | add)"' |
		read -r calls kinds passed
	# Whoever takes the CPU from us while the clock goes on makes any run out
	# of time; scripts/runaway knows better.
	bad=$(tr '|' '\n' <<<"$kinds" | grep -Evx "$3|time" | paste -sd ' ')
	if [ "$calls" = $all ] && [ -z "$bad" ] && [ "$(arrived)" = "$passed" ]; then
		ok "$what: $kinds"
	else
		not_ok "$what: $3" "calls $calls of $all, ended as: $kinds" \
			"$(field "$SERVER" case '.entries[0].last_error // "" | split("\n")[0]')"
	fi
	ctl unload case
}

n=0
for file in "$HERE"/runaway/*.lua; do
	sed -nE "s/^case\(\"([^\"]*)\", \"([^\"]*)\"(.*-- memory (.*))?.*/${file##*/}\t\1\t\2\t\4/p" "$file"
done >"$TMP/cases"
while IFS=$'\t' read -ru 3 file name kinds memory; do
	[ $((n++ % ${part#*/})) = $((${part%/*} - 1)) ] || continue
	run "$file" "$name" "$kinds" "$memory"
done 3<"$TMP/cases"
check "there were some" [ $n -gt 200 ]
check "a ping gets through" client ping -c 1 -W 5 "$SERVER4"
finish
