#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The measurement of scripts/bench-cpus, run in the VM. The kernel's own clock
# around its own calls is what counts, so it does not matter how long nfluactl
# takes; what one CPU does before the other begins, or after it has ended, is
# a few hundredths of a run.
set -euo pipefail
ROUNDS=5
SECONDS_EACH=3
# An IPv4 UDP packet.
PACKET=4500001d0000000040117cce7f0000017f000001000100090009000078
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# 64 turns of three instructions, and a few around them.
cat >"$dir/work.lua" <<'LUA'
function work(pkt)
	local sum = 0
	for i = 1, 64 do
		sum = sum + (i & 7)
	end
	return sum > 0
end
LUA
ip netns add bench
ip netns exec bench nfluactl load "$dir/work.lua"

# calls CPU REPEAT: prints calls per second
calls() {
	taskset -c "$1" nfluactl -n bench -j run work --raw --hex $PACKET --repeat "$2" |
		jq '.[0] | select(.outcome == "match" and .failed == 0) | .calls * 1000000000 / .time | floor'
}
median() { sort -n | sed -n "$(((ROUNDS + 1) / 2))p"; }

repeat=$(($(calls 0 20000) * SECONDS_EACH))
[ $repeat -le 10000000 ] || repeat=10000000
for ((round = 0; round < ROUNDS; round++)); do
	zero=$(calls 0 $repeat)
	one=$(calls 1 $repeat)
	calls 0 $repeat >"$dir/zero" &
	calls 1 $repeat >"$dir/one"
	wait
	both=$(($(cat "$dir/zero") + $(cat "$dir/one")))
	echo "$zero" >>"$dir/zeros"
	echo "$one" >>"$dir/ones"
	echo "$both" >>"$dir/boths"
	# to one alone, the mean of the two
	echo $((both * 200 / (zero + one))) >>"$dir/ratios"
done
printf 'calls per second, median of %d\n\n' $ROUNDS
printf '%-12s %10s\n' "CPU 0 alone" "$(median <"$dir/zeros")" "CPU 1 alone" \
	"$(median <"$dir/ones")" "both" "$(median <"$dir/boths")"
ratio=$(median <"$dir/ratios")
printf '%-12s %10s (%s)\n' "both to one" "$((ratio / 100)).$(printf %02d $((ratio % 100)))" \
	"$(sort -n "$dir/ratios" | xargs)"
[ "$ratio" -ge 190 ]
