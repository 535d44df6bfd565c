#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Callbacks that run away, in every way known: each is stopped and counted, by
# every CPU at once, and neither the machine nor another script minds.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
EXACT=1 need_module
topology
EACH=4			# packets to each function from each CPU
mapfile -t CPUS < <(seq 0 $(($(nproc) - 1)))
ALL=$((EACH * ${#CPUS[@]}))

# What each function does, and the kinds of error that may be counted.
cat >"$TMP/functions" <<'T'
forever		time	while true do end
repeats		time	repeat until false
counts_on	time	for i = 1, math.maxinteger do end
jumps		time	::again:: goto again
calls		time	local function f() end while true do f() end
tail_calls	time	local function f() return f() end return f()
iterates	time	for _ in function() return 1 end do end
swallows	time	while true do pcall(function() while true do end end) end
swallows_errors	time	while true do pcall(error, "x") end
handlers	time	while true do xpcall(error, function() while true do end end) end
resumes		time	while true do local co = coroutine.wrap(function() while true do coroutine.yield() end end) for i = 1, 100 do co() end end
in_coroutine	time	coroutine.wrap(function() while true do end end)()
resumed		time	while true do coroutine.resume(coroutine.create(function() while true do end end)) end
closes		time	do local x <close> = setmetatable({}, { __close = function() while true do end end }) end
closes_later	time	local x <close> = setmetatable({}, { __close = function() while true do end end }) while true do end
metamethod	time	return setmetatable({}, { __index = function() while true do end end }).x
compares	time	return setmetatable({}, { __lt = function() while true do end end }) < {}
packet_reads	time	while true do local _ = pkt.udp.dport end
backtracks	time	return (("a"):rep(200)):find(("a*"):rep(20) .. "b")
backtracks_2	time	return (("a"):rep(500)):find(".-.-.-.-.-b")
matches		time	while true do ("abc"):match("b") end
collects	time	while true do local t = {} end
finalizes	time	setmetatable({}, { __gc = function() while true do end end }) while true do local t = {} end
prints		time	while true do print("x") end
recursion	runtime|memory|time|cstack	local function f() return 1 + f() end return f()
callbacks	cstack	local function f() return (("x"):gsub("x", f)) end return f()
strings		cstack	local t = {} setmetatable(t, { __tostring = function() return tostring(t) end }) return tostring(t)
indexes		cstack|runtime	local t = {} setmetatable(t, { __index = function(_, k) return t[k] end }) return t.x
nested_pcalls	cstack|match	local function f() local ok, e = pcall(f) if not ok then error(e, 0) end end f() return true
nested_threads	cstack|runtime	local function f() coroutine.wrap(f)() end f()
sorts		cstack|time|runtime	local function f() table.sort({ 3, 2, 1 }, f) return true end f()
compiles	runtime	return load("return 1")()
collects_all	runtime	collectgarbage() return true
fills_table	memory|time	kept = {} while true do kept[#kept + 1] = {} end
fills_string	memory|time	local s = "x" while true do s = s .. s end
repeats_string	memory	return #("x"):rep(100000000)
concats		memory|time	local t = {} for i = 1, 400 do t[i] = ("x"):rep(20000) end return #table.concat(t)
error_object	time	error(setmetatable({}, { __tostring = function() while true do end end }))
yields		runtime	coroutine.yield()
T
while read -r name _ body; do
	echo "function $name(pkt) $body end"
done <"$TMP/functions" >"$TMP/runaway.lua"
ctl load --memory 4M "$TMP/runaway.lua" || exit 1
printf 'function innocent(pkt) seen = (seen or 0) + 1 return pkt.udp.dport >= 4000 end\n' |
	ctl load --name innocent - || exit 1

port=4000
{
	# every packet first meets the script that must not suffer
	echo "-A INPUT -p udp -m lua --script innocent --function innocent"
	while read -r name _; do
		echo "-A INPUT -p udp --dport $port -m lua --script runaway --function $name -j DROP"
		echo "-A INPUT -p udp --dport $((port++)) -j ACCEPT"
	done <"$TMP/functions"
} >"$TMP/all"
add_rules iptables filter <"$TMP/all" || exit 1
ports=$(grep -o 'dport [0-9]*' "$TMP/all" | uniq | cut -d ' ' -f 2 | paste -sd ' ')

# from_all_cpus COUNT PORT...: COUNT datagrams to each port from each CPU, all
# CPUs at once. A packet over veth stays on the CPU that sent it.
from_all_cpus() {
	local cpu pids=()
	for cpu in "${CPUS[@]}"; do
		# shellcheck disable=SC2016
		client taskset -c "$cpu" bash -c '
			for port in "${@:3}"; do
				for ((i = 0; i < $2; i++)); do
					printf x >"/dev/udp/$1/$port"
				done
			done' bash "$SERVER4" "$@" 2>/dev/null &
		pids+=($!)
	done
	wait "${pids[@]}"
}
# shellcheck disable=SC2086
from_all_cpus $EACH $ports
n=$(wc -l <"$TMP/functions")
check "every packet was seen by both" calls_become "$SERVER" innocent $((n * ALL))
is "the innocent script never failed" "$(counts "$SERVER" innocent)" \
	"function innocent calls=$((n * ALL)) match=$((n * ALL))"
check "and the others were all called" calls_become "$SERVER" runaway $((n * ALL))

read_rules iptables filter
field "$SERVER" runaway '.entries[] | [.name, .calls,
	([.errors | to_entries[] | select(.value > 0) | .key] | join("|")),
	(.errors | add) + .outcomes.match, (.last_error // "" | split("\n")[0])] | join(" ")' >"$TMP/results"
port=4000
while read -r name kinds _; do
	read -r _ calls got sum error < <(grep "^$name " "$TMP/results")
	if [ "$calls $sum" = "$ALL $ALL" ] && grep -Exq "($kinds)(\|($kinds))*" <<<"${got:-match}"; then
		ok "$name: $got"
	else
		not_ok "$name: $kinds" "calls $calls, counted $sum, kinds $got; $error"
	fi
	# its policy is "no match", so that all of them arrive
	[[ $kinds == *match* ]] ||
		is "$name: the policy was followed" "${RULES[$port]}" "0 $ALL"
	port=$((port + 1))
done <"$TMP/functions"
is "a loop's error says where and how long" \
	"$(field "$SERVER" runaway '.entries[] | select(.name == "forever") | .last_error | split("\n")[0]')" \
	"runaway:1: ran longer than 1 ms"
check "memory is within its limit" [ "$(field "$SERVER" runaway '.memory_peak <= 4194304')" = true ]

# The state works on after each failure.
cat >"$TMP/runaway.lua" <<'L'
n = 0
function alternates(pkt)
  n = n + 1
  if n % 2 == 0 then return true end
  if n % 8 == 1 then while true do end end
  if n % 8 == 3 then return (("x"):rep(100000000)) end
  if n % 8 == 5 then error("x") end
  local function f() return (("x"):gsub("x", f)) end
  return f()
end
L
server iptables -F
check "replace" ctl replace "$TMP/runaway.lua"
server iptables -A INPUT -p udp --dport 5000 -m lua --script runaway --function alternates -j DROP
from_all_cpus 80 5000
check "called" calls_become "$SERVER" runaway $((80 * ${#CPUS[@]}))
per_kind=$((10 * ${#CPUS[@]}))
is "works on after each kind of failure" "$(counts "$SERVER" runaway)" \
	"function alternates calls=$((8 * per_kind)) match=$((4 * per_kind)) runtime=$per_kind memory=$per_kind time=$per_kind cstack=$per_kind"

# A flood of loops on all CPUs, while a load and a ping must get through.
server iptables -F
load loop <<'L'
function forever() while true do end end
L
server iptables -A INPUT -p udp --dport 6000 -m lua --script loop --function forever -j DROP
flooded=$((400 * ${NFLUA_SLOW:-1}))
from_all_cpus $flooded 6000 &
flood=$!
check "replaced under the flood" ctl replace "$TMP/loop.lua"
check "a ping gets through" client ping -c 3 -i 0.2 -W 5 "$SERVER4"
check "the flood was still on" kill -0 $flood
wait $flood
check "all of it was counted" calls_become "$SERVER" loop $((flooded * ${#CPUS[@]}))
is "as loops" "$(counts "$SERVER" loop)" \
	"function forever calls=$((flooded * ${#CPUS[@]})) time=$((flooded * ${#CPUS[@]}))"

# Locally sent packets meet a match in process context; the same holds there.
SCRIPT_NS=$CLIENT load local <<'L'
function forever() while true do end end
function callbacks() local function f() return (("x"):gsub("x", f)) end return f() end
L
for function in forever callbacks; do
	client iptables -A OUTPUT -p udp --dport 7000 -m lua --script local --function $function -j DROP
done
from_all_cpus 10 7000
check "called in process context" calls_become "$CLIENT" local $((20 * ${#CPUS[@]}))
is "stopped there, too" "$(counts "$CLIENT" local)" \
	"function callbacks calls=$((10 * ${#CPUS[@]})) cstack=$((10 * ${#CPUS[@]}))
function forever calls=$((10 * ${#CPUS[@]})) time=$((10 * ${#CPUS[@]}))"
server iptables -F
for name in runaway innocent loop; do check "unload $name" ctl unload $name; done

# A table that is full, and loses and gains a key with each call, is laid out anew with
# each. However far the collector is within it, its cycle ends, and garbage goes.
echo 1000 >/sys/module/nflua/parameters/slack
ctl load --name laid - <<'L' || exit 1
local flows, n = {}, 16384
for i = 1, n do flows[i * 7919] = i end
function turn()
  flows[(n - 16383) * 7919] = nil
  n = n + 1
  flows[n * 7919] = n
  last = ("x"):rep(4000) .. n
  return true
end
L
packet=$(echo 'ip4(udp(1, 2))' | python3 "$HERE/packets.py" - 02:00:00:00:00:01 02:00:00:00:00:02)
is "a table that is laid out with each call" \
	"$(ctl -j run laid --repeat 1000 --hex "$packet" | jq -c '.[0] | [.calls, .failed]')" "[1000,0]"
check "does not keep 8 MB of garbage" \
	[ "$(field "$SERVER" laid '.memory_peak < 4000000')" = true ]
diag "memory: $(field "$SERVER" laid .memory_peak)"
check "unload" ctl unload laid
finish
