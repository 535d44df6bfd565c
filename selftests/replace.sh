#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Replace, failed loads, unload and the module's end while both CPUs send as
# fast as they can: no packet passes unfiltered, none is lost, and memory stays.
# REPLACES is how many there are.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3
topology
REPLACES=${REPLACES:-500}
RELOADS=20
CPUS=$(nproc)

# Each port has its fate, whichever generation of whichever script it meets.
HOOKED=4000	# dropped by a hook that stays in place
MATCHED=4001	# dropped by a rule that matches
TARGETED=4002	# dropped by a target
MOVED=4003	# dropped by a hook that moves
LEGACY=4004	# as MATCHED, by a rule of iptables-legacy
PASSED=4005	# dropped by nobody, up to the last rule
PORTS=("$HOOKED" "$MATCHED" "$TARGETED" "$MOVED" "$LEGACY" "$PASSED")

# keep: two texts with the same entry points, which are switched in place.
cat >"$TMP/keep1.lua" <<L
local nf = require("netfilter").new{}
nf:hook{ family = "ipv4", hook = "prerouting", priority = "raw", on_error = "accept",
  function(pkt)
    local udp = pkt.udp
    if udp and udp.dport == $HOOKED then return nf.DROP end
  end }
function match(pkt) return pkt.udp.dport == $MATCHED or pkt.udp.dport == $LEGACY end
function target(pkt) return nf.DROP end
L
cat >"$TMP/keep2.lua" <<L
function target() return DROP end
local fate = { [$HOOKED] = "drop", [$MATCHED] = "match", [$LEGACY] = "match" }
function match(pkt) return fate[pkt.udp.dport] == "match" end
local nf = require("netfilter").new{}
DROP = nf.DROP
nf:hook{ family = "ipv4", hook = "prerouting", priority = "raw", on_error = "accept",
  function(pkt)
    return pkt.udp and fate[pkt.udp.dport] == "drop" and DROP or nil
  end }
L
# move: the port is dropped early, at both places, or late. One after the
# other they add a hook, remove one, and do both in one replace.
move() {
	local place
	echo 'local nf = require("netfilter").new{}'
	for place; do
		cat <<-L
			nf:hook{ family = "ipv4", $place, on_error = "accept", function(pkt)
			  local udp = pkt.udp
			  if udp and udp.dport == $MOVED then return nf.DROP end
			end }
		L
	done
}
early='hook = "prerouting", priority = "mangle"' late='hook = "input", priority = "mangle"'
move "$early" >"$TMP/move1.lua"
move "$early" "$late" >"$TMP/move2.lua"
move "$late" >"$TMP/move3.lua"

# request NAME FILE: a replace as genl.py wants it, with numbers as in nflua.h
request() { echo "2:1=$1,3=u32:$(stat -c %s "$2"),4=u32:0,5=file:$2"; }
replaces() {
	local file requests=()
	for file in keep1 move1 keep2 move2 keep1 move3 keep2 move1 keep1 move2 keep2 move3; do
		requests+=("$(request "${file%?}" "$TMP/$file.lua")")
	done
	server python3 "$HERE/genl.py" repeat "$1" "${requests[@]}"
}

# --- traffic ---
begin() {
	local cpu
	touch "$TMP/on"
	flood=()
	for ((cpu = 0; cpu < CPUS; cpu++)); do
		client python3 "$HERE/flood.py" $cpu "$TMP/on" $SERVER4 "${PORTS[@]}" >"$TMP/sent$cpu" 2>&1 &
		flood+=($!)
	done
	waits_for 10 arrives
}
arrives() { read_rules iptables filter; [ "${RULES[$PASSED]}" -gt 0 ]; }
# end: sets sent, the number of datagrams that each port was sent
end() {
	rm "$TMP/on"
	wait "${flood[@]}"
	sent=$(($(cat "$TMP"/sent* | paste -sd +)))
	waits_for 10 all_passed
	read_rules iptables filter
}
all_passed() { read_rules iptables filter; [ "${RULES[$PASSED]}" = "$sent" ]; }
zero() {
	server iptables -Z
	[ -z "$legacy" ] || server iptables-legacy -Z
}
# filtered WHAT: each port met its fate, all the time
filtered() {
	is "$1: none is lost" "${RULES[$PASSED]}" "$sent"
	is "$1: none passes a hook that stays" "${RULES[$HOOKED]}" 0
	is "$1: none passes a hook that moves" "${RULES[$MOVED]}" 0
	is "$1: a rule matches all" "${RULES[$MATCHED]}" "$sent 0"
	is "$1: a target takes all" "${RULES[$TARGETED]}" "$sent 0"
	[ -n "$legacy" ] || return
	read_rules iptables-legacy filter
	is "$1: a legacy rule matches all" "${RULES[$LEGACY]}" "$sent 0"
}
# kilobytes that the kernel cannot give back
used() {
	echo 2 >/proc/sys/vm/drop_caches
	awk '/^(SUnreclaim|Percpu|VmallocUsed|KernelStack):/ { kb += $2 } END { print kb }' /proc/meminfo
}
uses_at_most() { [ "$(used)" -le "$1" ]; }

ctl load --name keep "$TMP/keep1.lua" && ctl load --name move "$TMP/move1.lua" || exit 1
add_rules iptables filter <<R
-A INPUT -p udp --dport $HOOKED
-A INPUT -p udp --dport $MOVED
-A INPUT -p udp --dport $MATCHED -m lua --script keep --function match -j DROP
-A INPUT -p udp --dport $MATCHED
-A INPUT -p udp --dport $TARGETED -j LUA --script keep --function target
-A INPUT -p udp --dport $TARGETED
-A INPUT -p udp --dport $PASSED -j DROP
R
legacy=
if tables iptables-legacy; then
	legacy=1
	add_rules iptables-legacy filter <<-R
		-A INPUT -p udp --dport $LEGACY -m lua --script keep --function match -j DROP
		-A INPUT -p udp --dport $LEGACY
	R
fi

# --- replace ---
check "replaces without traffic" replaces 48
before=$(used)
memory=$(field "$SERVER" keep .memory)
# with counters that begin at zero
ctl unload --force keep && ctl load --name keep "$TMP/keep1.lua"
begin
if each=$(replaces "$REPLACES" 2>&1); then
	ok "$REPLACES replaces"
	diag "$each us each"
else
	not_ok "$REPLACES replaces" "$each"
fi
end
filtered "replaced"
both=$((sent * (legacy ? 2 : 1)))
is "each packet met a script once" "$(counts "$SERVER" keep)" "\
hook ipv4 prerouting -300 calls=$((sent * 6)) accept=$((sent * 5)) drop=$sent
function match calls=$both match=$both
function target calls=$sent drop=$sent"
is "none of the other failed" "$(field "$SERVER" move '[.entries[].errors[]] | add')" 0
is "the states are as large as before" "$(field "$SERVER" keep .memory)" "$memory"
# A generation has 60 KiB.
check "the kernel's memory has not grown" waits_for 10 uses_at_most $((before + 2000))

# --- loads that fail: at every step, and leave all as it is ---
# crowd N: hooks at a place where no packet comes
crowd() {
	echo "local nf = require('netfilter').new{}
for i = 1, $1 do nf:hook{ family = 'ipv4', hook = 'forward', priority = i, function() end } end"
}
# the kernel has room for 1024
for i in {1..8}; do crowd 127 | ctl load --name "crowd$i" - || exit 1; done
# fails WHAT PATTERN [OPTION]...: a replace with the text on standard input
fails() {
	cat >"$TMP/bad.lua"
	refused "refused: $1" 2 "$2" ctl replace --name keep "${@:3}" "$TMP/bad.lua"
}
generation=$(field "$SERVER" keep .generation)
zero
begin
fails "what does not parse" ':1: unexpected' <<<'function target() x = end'
fails "a body that raises" ':2: no' <<<$'function match() end\nerror("no")'
fails "too much memory" 'not enough memory' --memory 128K <<<'t = {} for i = 1, 100000 do t[i] = {} end'
fails "states that differ" 'other entry points' <<<'_G["f" .. math.random(1 << 60)] = function() end'
fails "without what rules call" "rules call function 'target'" <<<'function match() end'
{ crowd 120; cat "$TMP/keep1.lua"; } | fails "a hook for which there is no room" 'refused a hook'
end
filtered "after loads that failed"
is "the generation is the old one" "$(field "$SERVER" keep '"\(.generation) \(.entries | length)"')" "$generation 3"
for i in {1..8}; do ctl unload "crowd$i"; done

# --- unload: of a script whose hooks packets meet ---
zero
begin
for i in {1..10}; do
	ctl unload move || break
	ctl load --name move "$TMP/move$((i % 3 + 1)).lua" || break
done
check "unloaded and loaded ten times" [ "$i" = 10 ]
end
is "none is lost" "${RULES[$PASSED]}" "$sent"
is "the other script filters all" "${RULES[$HOOKED]}, ${RULES[$MATCHED]}, ${RULES[$TARGETED]}" "0, $sent 0, $sent 0"

# --- the module goes and comes ---
begin
refused "rmmod is refused while rules refer" any 'in use' rmmod nflua
end
server iptables -F
[ -z "$legacy" ] || server iptables-legacy -F
printf -- '-A INPUT -p udp --dport %s\n' "${PORTS[@]}" | add_rules iptables filter
is_unused() { [ "$(cat /sys/module/nflua/refcnt)" = 0 ]; }
if [ "$(nfluactl -j list)" != "[]" ] || ! waits_for 10 is_unused; then
	skip "the module goes" "somebody else uses it"
	finish
fi
begin
for ((i = 0; i < RELOADS; i++)); do
	rmmod nflua || break
	ctl load --name keep "$TMP/keep1.lua" || break
	ctl load --name move "$TMP/move2.lua" || break
done
is "rmmod and load under traffic" "$i" "$RELOADS"
end
is "none is lost" "${RULES[$PASSED]}" "$sent"
zero
begin
end
is "then all is filtered" "${RULES[$PASSED]} ${RULES[$HOOKED]} ${RULES[$MOVED]}" "$sent 0 0"
finish
