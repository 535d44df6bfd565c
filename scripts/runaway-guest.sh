#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The measurements of scripts/runaway, run in the VM: TRIES PATTERN.
set -euo pipefail
EACH=/sys/module/nflua_bench/parameters/each
LIMIT=10000000
tries=$1 pattern=$2 slow=0 wrong=0 count=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

insmod /root/nflua_bench.ko
modprobe nflua lua_seed=1
ip netns add bench
cd selftests/runaway
for file in *.lua; do
	sed -nE "s/^case\(\"([^\"]*)\", \"([^\"]*)\"(.*-- memory (.*))?.*/$file: \1\t\2\t\4/p" "$file"
done | grep -E -- "$pattern" >"$dir/cases"

while IFS=$'\t' read -ru 3 what kinds memory; do
	{
		echo "local CASE = [[${what#*: }]]"
		cat head.lua "${what%%: *}"
	} >"$dir/case.lua"
	nfluactl -n bench load --name case ${memory:+--memory "$memory"} "$dir/case.lua"
	ip netns exec bench sh -c "echo 4000 $tries >$EACH"
	read -r _ _ median _ greatest <"$EACH"
	ends=$(nfluactl -n bench -j show case | jq -r '.[0].entries[] |
		select(.calls > 0) | (.outcomes + .errors) | to_entries[] |
		select(.value > 0) | "\(.key)=\(.value)"' | paste -sd ' ')
	nfluactl -n bench unload case
	for end in $ends; do
		[[ "|$kinds|" == *"|${end%=*}|"* ]] || { wrong=$((wrong + 1)); ends+=" NOT $kinds"; }
	done
	[ "$greatest" -le $LIMIT ] || { slow=$((slow + 1)); ends+=" TOO LONG"; }
	printf '%8d %8d  %-62s %s\n' $((greatest / 1000)) $((median / 1000)) \
		"$what" "$ends"
	count=$((count + 1))
done 3<"$dir/cases"
echo "$count programs, $slow took more than $((LIMIT / 1000000)) ms, $wrong ended as something else"
[ $count -gt 0 ] && [ $slow = 0 ] && [ $wrong = 0 ]
