#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What show tells of a script's source and memory: the digest is that of the
# file, and the states are those it has, each with memory of its own.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command taskset sha256sum
topology
LAST=$(($(nproc) - 1))

# --- digest ---
digest() { field "$SERVER" "$1" .digest; }
sum() { sha256sum | cut -d ' ' -f 1; }
# same WHAT FILE: loads or replaces script d by the file
same() {
	ctl replace --or-load --name d "$2" >"$TMP/out" || diag "it does not load"
	is "$1" "$(digest d)" "$(sum <"$2")"
}
echo 'local a = 1' >"$TMP/d.lua"
same "a script's digest" "$TMP/d.lua"
is "in a list" "$(ctl -j list | jq -r '.[0].digest')" "$(sum <"$TMP/d.lua")"
check "in text" grep -qx "  sha256: $(sum <"$TMP/d.lua")" <(ctl show d)
echo 'local a = 2' >"$TMP/d.lua"
same "another source, another digest" "$TMP/d.lua"
is "a replace that fails" "$(ctl replace --name d - <<<'x = = 1' 2>/dev/null; digest d)" "$(sum <"$TMP/d.lua")"
: >"$TMP/empty.lua"
same "of nothing" "$TMP/empty.lua"
printf '#!/usr/bin/nflua\nreturn' >"$TMP/shell.lua"
same "a line for the shell counts" "$TMP/shell.lua"
# sizes about a block of the hash, a message's part, and 100 KiB
for size in 55 64 32768 32769 102400; do
	yes ' -- nothing' | head -c "$size" >"$TMP/d.lua"
	same "of $size bytes" "$TMP/d.lua"
done
check "the last one is large" [ "$(wc -c <"$TMP/d.lua")" = 102400 ]
is "a load answers with it" "$(ctl -j load --name e "$TMP/d.lua" | jq -r '.[0].digest')" "$(sum <"$TMP/d.lua")"
ctl unload d
ctl unload e

# --- memory ---
cat >"$TMP/m.lua" <<'L'
function grows() kept = ("x"):rep(100000) end
function gives() kept = nil local t = {} for i = 1, 200 do t[i] = ("y"):rep(1000) .. i end end
L
ctl load --budget 10ms "$TMP/m.lua"
server iptables -A INPUT -p udp --dport 4000 -m lua --script m --function grows
# what adds up: true, or what does not
adds_up() {
	field "$SERVER" "$1" 'if ([.memory_states[].memory] | add) != .memory then "memory"
		elif ([.memory_states[].peak] | max) != .memory_peak then "peak"
		elif (.memory_states | length) != .states + 1 then "states"
		elif any(.memory_states[]; .memory > .peak or .memory < 1000) then "a state"
		else "yes" end'
}
cpus() { field "$SERVER" "$1" '[.memory_states[] | if .control then "control" else .cpu // "all" end | tostring] | join(" ")'; }
# memory of each state, control first
memory() { field "$SERVER" m '[.memory_states[].memory] | join(" ")'; }
is "the states add up" "$(adds_up m)" yes
is "control first, and one for each CPU" "$(cpus m)" "control $(seq -s ' ' 0 "$LAST")"
is "list has the sums alone" "$(ctl -j list | jq -c '.[0] | (.memory > 0), has("memory_states")' | xargs)" "true false"
read -ra before <<<"$(memory)"
ON_CPU=$LAST udp "$CLIENT" "$SERVER4" 1 4000
calls_become "$SERVER" m 1
read -ra after <<<"$(memory)"
for i in "${!before[@]}"; do
	if [ "$i" = $((LAST + 1)) ]; then
		check "the state that keeps 100 KB has them" [ $((after[i] - before[i] >= 100000 && after[i] - before[i] < 110000)) = 1 ]
	else
		is "state $i has not" "${after[$i]}" "${before[$i]}"
	fi
done
is "they still add up" "$(adds_up m)" yes
is "the peak is that state's" "$(field "$SERVER" m "(.memory_states[$((LAST + 1))].peak == .memory_peak) and (.memory_peak > 100000)")" true
kib='[0-9]+(\.[0-9])? KiB'
line="  memory: control $kib \(most $kib\)"
for cpu in $(seq 0 "$LAST"); do line+=", cpu$cpu $kib \(most $kib\)"; done
check "in text" grep -Eqx "$line" <(ctl show m)
server iptables -F
ctl unload m
load one --single <<<'function f() end'
is "one state for all CPUs" "$(cpus one) $(adds_up one)" "control all yes"
check "in text, too" grep -Eqx "  memory: control $kib \(most $kib\), all CPUs $kib \(most $kib\)" <(ctl show one)
ctl unload one
finish
