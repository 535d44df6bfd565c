#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Limits that change while a script runs, where they come from, and scripts
# that fail too often in a row: suspended, resumed, and answered for meanwhile.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
EXACT=1 need_module
need_command taskset
topology
LAST=$(($(nproc) - 1))

# sends CPU PORT [COUNT]: from the client
sends() { ON_CPU=$1 udp "$CLIENT" "$SERVER4" "${3:-1}" "$2"; }

# is_now SCRIPT FILTER WANTED: jq's FILTER on the script gives this now.
# limits_of SCRIPT: memory in bytes, budget in ns, errors in a row
is_now() { [ "$(field "$SERVER" "$1" "$2")" = "$3" ]; }
limits_of() { field "$SERVER" "$1" '"\(.memory_limit) \(.budget) \(.errors_max)"'; }

# named NS [NAME]: the same as "nfluactl limits" tells
named() { nfluactl -n "$1" -j limits ${2+"$2"} | jq -r '.[] | "\(.name) \(.memory_limit) \(.budget) \(.errors_max)"'; }

# --- defaults of a namespace ---
is "the kernel's own defaults" "$(named "$SERVER")" "null 16777216 1000000 0"
is "in text" "$(ctl limits)" "memory of a state 16 MiB, time of a call 1 ms"
ctl load --name before - <<<'return'
is "setting answers with all of them" \
	"$(ctl limits --memory 1M --budget 2500us --errors 7)" \
	"memory of a state 1 MiB, time of a call 2500 us, errors in a row 7"
ctl load --name after - <<<'return'
is "a script loaded after it has them" "$(limits_of after)" "1048576 2500000 7"
is "one loaded before does not" "$(limits_of before)" "16777216 1000000 0"
ctl load --budget 3ms --name own - <<<'return'
is "one with a limit of its own has the others" "$(limits_of own)" "1048576 3000000 7"
ctl load --errors 0 --memory 300K --name none - <<<'return'
is "no errors in a row may be asked for" "$(limits_of none)" "307200 2500000 0"
is "another namespace has its own defaults" "$(named "$CLIENT")" "null 16777216 1000000 0"
ctl limits --errors 0 >"$TMP/out"
is "one is set, the others stay" "$(named "$SERVER")" "null 1048576 2500000 0"
ctl limits --memory 16M --budget 1ms --errors 0 >"$TMP/out"
is "what is loaded keeps its limits" "$(limits_of after)" "1048576 2500000 7"

# --- of a script ---
is "limits with a name" "$(named "$SERVER" own)" "own 1048576 3000000 7"
is "and in text" "$(ctl limits own)" "own: memory of a state 1 MiB, time of a call 3 ms, errors in a row 7"
is "one is set" "$(ctl limits own --budget 10ms)" \
	"own: memory of a state 1 MiB, time of a call 10 ms, errors in a row 7"
is "and is the script's" "$(limits_of own)" "1048576 10000000 7"
is "not another's" "$(limits_of after)" "1048576 2500000 7"
is "show has them in text" "$(ctl show own | sed -n 3p)" \
	"  limits: memory of a state 1 MiB, time of a call 10 ms, errors in a row 7"
ctl replace --name own - <<<'return'
is "a replace keeps them" "$(limits_of own)" "1048576 10000000 7"
ctl replace --errors 2 --name own - <<<'return'
is "but for those it brings" "$(limits_of own)" "1048576 10000000 2"
ctl replace --errors 0 --name own - <<<'return'
is "none is one, too" "$(limits_of own)" "1048576 10000000 0"
ctl check --budget 1ms --name own - <<<'return' >"$TMP/out"
refused "a replace that fails" 2 . ctl replace --name own --budget 1ms - <<<'error("no")'
is "check and a failed replace change none" "$(limits_of own)" "1048576 10000000 0"

while IFS='|' read -r options sentence; do
	# shellcheck disable=SC2086
	refused "refused: $options" 2 "^nfluactl: cannot limit own: $sentence" \
		ctl limits own $options
	# shellcheck disable=SC2086
	refused "as default, too" 2 "^nfluactl: cannot limit: $sentence" ctl limits $options
	# shellcheck disable=SC2086
	refused "and of a load" 2 "^nfluactl: cannot load new: $sentence" \
		ctl load --name new $options - <<<'return'
done <<'T2'
--errors 5 --memory 131071|a state's memory limit is 128 KiB to 1 GiB
--errors 5 --memory 1073741825|a state's memory limit is 128 KiB to 1 GiB
--errors 5 --budget 9999ns|the budget of a call is 10 us to 10 ms
--errors 5 --budget 10000001ns|the budget of a call is 10 us to 10 ms
--budget 5ms --errors 1000001|a script is suspended after 1 to 1000000 errors
T2
is "nothing of a refused request is set" "$(limits_of own)" "1048576 10000000 0"
is "nor of the defaults" "$(named "$SERVER")" "null 16777216 1000000 0"
check "the ends are in" ctl limits own --memory 128K --budget 10us --errors 1000000
check "both" ctl limits own --memory 1G --budget 10ms
refused "limits of what is not there" 2 'no script of this name' ctl limits nothing
refused "resume of what is not there" 2 'no script of this name' ctl resume nothing
for name in before after own none; do ctl unload $name; done

# --- the budget, while packets come ---
# Loops of 1000 turns to 32 million, by port. Whoever runs beside us makes some
# take longer than they need, but none shorter: the shortest loop that never
# fits 1 ms takes 1 to 2 ms, and the one after it 2 to 4.
load budget <<'L'
function loop(pkt) for i = 1, 1000 << (pkt.udp.dport - 4000) do end return true end
L
for port in {4000..4015}; do
	echo "-A INPUT -p udp --dport $port -m lua --script budget --function loop -j DROP"
done | add_rules iptables filter
udp "$CLIENT" "$SERVER4" 20 {4000..4015}
calls_become "$SERVER" budget 320
read_rules iptables filter
PORT=4014
while [ "${RULES[$PORT]}" = 0 ]; do PORT=$((PORT - 1)); done
check "some loop fits 1 ms, some do not" [ $((PORT > 4000 && PORT < 4013)) = 1 ]
PORT=$((PORT + 2))
# run COUNT: that many calls more; prints how many matched, and how many took
# too long
run() {
	local before after
	before=$(field "$SERVER" budget '.entries[0] | "\(.calls) \(.outcomes.match) \(.errors.time)"')
	sends "${2:-0}" $PORT "$1"
	calls_become "$SERVER" budget $((${before%% *} + $1)) >&2
	after=$(field "$SERVER" budget '.entries[0] | "\(.outcomes.match) \(.errors.time)"')
	before=${before#* }
	echo $((${after% *} - ${before% *})) $((${after#* } - ${before#* }))
}
# some_fit [CPU]: a call fits. Others may take the CPU from us, and the clock
# goes on: not all do.
some_fit() {
	local good
	for _ in {1..10}; do
		run 20 "${1:-0}" | read -r good _
		[ "$good" -gt 0 ] && return
	done
	return 1
}
why() { field "$SERVER" budget '.entries[0].last_error | split("\n")[0]'; }
is "about 3 ms are too long for a budget of 1 ms" "$(run 20)" "0 20"
is "which the error says" "$(why)" "budget:1: ran longer than 1 ms"
slack=/sys/module/nflua/parameters/slack
before=$(cat $slack)
echo 100 >$slack
check "the parameter slack gives them more" some_fit
echo "$before" >$slack
ctl limits budget --budget 8ms >"$TMP/out"
check "they fit 8 ms, set while it runs" some_fit
ctl limits budget --budget 500us >"$TMP/out"
is "and not 500 us" "$(run 20)" "0 20"
is "which is not 0 ms" "$(why)" "budget:1: ran longer than 500 us"
is "it holds on the other CPU" "$(run 10 $LAST)" "0 10"
ctl limits budget --budget 8ms >"$TMP/out"
check "8 ms do, too" some_fit $LAST
ctl replace --budget 1ms "$TMP/budget.lua"
is "a replace sets it" "$(run 10)" "0 10"
ctl replace "$TMP/budget.lua"
is "and the next one keeps it" "$(run 10)" "0 10"
server iptables -F
ctl unload budget

# --- memory ---
cat >"$TMP/memory.lua" <<'L'
local kb = ("x"):rep(1000)
function takes_300_kb()
  local t = {}
  for i = 1, 30 do t[i] = kb:rep(10) .. i end
  return true
end
L
ctl load "$TMP/memory.lua" --budget 10ms
server iptables -A INPUT -p udp --dport 4000 -m lua --script memory --function takes_300_kb -j DROP
# called: calls it on each CPU until it is stopped by no lack of time, which it
# has on a machine that is busy elsewhere; prints how often with which end
called() {
	local cpu before now
	for cpu in 0 "$LAST"; do
		before=$(ends)
		now=$before
		for _ in {1..20}; do
			sends "$cpu" 4000
			waits_for 10 moved "$now"
			now=$(ends)
			[ "${now#* }" = "${before#* }" ] || break
		done
	done
	field "$SERVER" memory '.entries[0] | [(.outcomes + .errors | del(.time) | to_entries[] |
		select(.value != 0) | "\(.key)=\(.value)")] | join(" ")'
}
ends() { field "$SERVER" memory '.entries[0] | "\(.calls) \(.calls - .errors.time)"'; }
moved() { [ "$(ends)" != "$1" ]; }
is "300 KB fit the default" "$(called)" "match=2"
ctl limits memory --memory 256K >"$TMP/out"
is "not 256 KiB, set while it runs, on any CPU" "$(called)" "match=2 memory=2"
ctl limits memory --memory 2M >"$TMP/out"
is "they fit 2 MiB" "$(called)" "match=4 memory=2"
ctl limits memory --memory 256K >"$TMP/out"
ctl replace "$TMP/memory.lua"
is "a replace keeps the limit" "$(called)" "match=4 memory=4"
refused "it holds for a body" 2 'not enough memory \(a state of the script may use 256 KiB\)' \
	ctl replace --name memory - <<<'x = ("x"):rep(300000) function takes_300_kb() end'
check "which another one lets load" ctl replace --memory 1M --name memory - <<<'x = ("x"):rep(300000) function takes_300_kb() end'
ctl limits memory --memory 128K >"$TMP/out"
is "a state above its new limit still runs what needs no more" "$(called)" "match=4 nomatch=2 memory=4"
server iptables -F
ctl unload memory

# --- suspension ---
cat >"$TMP/sus.lua" <<'L'
local nf = require("netfilter").new{}
function by_port(pkt)
  if pkt.udp.dport == 4001 then error("odd") end
  return true
end
function verdict() return "?" end
L
nfluactl -n "$SERVER" monitor events >"$TMP/events" &
MONITOR=$!
waits_for 10 listens $MONITOR
# happened: the events so far, without time, CPU and kind
happened() { cut -d ' ' -f 3,6- "$TMP/events" | paste -sd ';'; }
has_events() { [ "$(wc -l <"$TMP/events")" -ge "$1" ]; }

ctl load --errors 3 "$TMP/sus.lua"
server iptables -A INPUT -p udp --dport 4000 -m lua --script sus --function by_port -j DROP
server iptables -A INPUT -p udp --dport 4000 -j ACCEPT
server iptables -A INPUT -p udp --dport 4001 -m lua --script sus --function by_port -j DROP
server iptables -A INPUT -p udp --dport 4001 -j ACCEPT
server iptables -A INPUT -p udp --dport 4002 -m lua --script sus --function verdict -j DROP
GOOD=4000 BAD=4001 ODD=4002
calls=0
# sent CPU PORT COUNT...: those calls happen, one after the other
sent() {
	while [ $# -gt 0 ]; do
		sends "$1" "$2" "$3"
		calls=$((calls + $3))
		shift 3
	done
	calls_become "$SERVER" sus $calls
}
is_suspended() { field "$SERVER" sus .suspended; }

sent 0 $BAD 2 0 $GOOD 1 0 $BAD 2
is "a success in between ends a row" "$(is_suspended)" false
sent 0 $BAD 1
is "three in a row suspend" "$(is_suspended)" true
sent 0 $GOOD 4 "$LAST" $GOOD 3 0 $BAD 1
is "packets do not enter it then, on no CPU, and are counted" "$(counts "$SERVER" sus)" \
	"function by_port calls=14 match=1 runtime=5 suspended=8
function verdict calls=0"
read_rules iptables filter
is "its policy was followed" "${RULES[$GOOD]}, ${RULES[$BAD]}" "1 7, 0 6"
is "the last error is that of the script" \
	"$(field "$SERVER" sus '.entries[0].last_error | split("\n")[0]')" "sus:3: odd"
check "show says so" grep -q '^sus, generation 1, .*, suspended$' <(ctl show sus)
check "list says so" grep -Eq '^sus .* suspended$' <(ctl list)
check "resume" ctl resume sus
is "resumed" "$(is_suspended)" false
sent 0 $GOOD 2 "$LAST" $GOOD 1
is "packets enter it again" "$(counts "$SERVER" sus)" \
	"function by_port calls=17 match=4 runtime=5 suspended=8
function verdict calls=0"
check "resume of what is not suspended" ctl resume sus
sent 0 $BAD 2
is "after it the count begins anew" "$(is_suspended)" false
sent 0 $ODD 1
is "kinds and entry points are counted together" "$(is_suspended)" true
sent 0 $ODD 1
is "another entry point is suspended, too" "$(counts "$SERVER" sus | tail -n 1)" \
	"function verdict calls=2 verdict=1 suspended=1"
ctl resume sus
if [ "$LAST" -gt 0 ]; then
	sent 0 $BAD 2 "$LAST" $BAD 2
	is "each CPU has its own row" "$(is_suspended)" false
	sent "$LAST" $GOOD 1 0 $BAD 1
	is "which no success of another ends" "$(is_suspended)" true
	ctl resume sus
	sent 0 $BAD 2 "$LAST" $BAD 2
	is "resume ends the rows of all" "$(is_suspended)" false
else
	skip "each CPU has its own row" "there is one CPU"
	sent 0 $BAD 2
fi
sent 0 $GOOD 1 0 $BAD 2
ctl limits sus --errors 0 >"$TMP/out"
sent 0 $BAD 10
is "no limit, set while it runs" "$(is_suspended)" false
ctl limits sus --errors 13 >"$TMP/out"
is "setting one does not suspend" "$(is_suspended)" false
sent 0 $BAD 1
is "but the next error of so many does" "$(is_suspended)" true
ctl limits sus --errors 3 --budget 2ms >"$TMP/out"
is "nor does setting one resume" "$(is_suspended)" true
check "replace" ctl replace "$TMP/sus.lua"
is "a replace resumes" "$(is_suspended)" false
sent 0 $GOOD 1 0 $BAD 2
is "it keeps the limit" "$(limits_of sus) $(is_suspended)" "16777216 2000000 3 false"
sent 0 $BAD 1
is "which holds" "$(is_suspended)" true
refused "a replace that fails" 2 . ctl replace --name sus - <<<'error("no")'
is "does not resume" "$(is_suspended)" true
check "replace, with a limit" ctl replace --errors 1 "$TMP/sus.lua"
sent 0 $BAD 1
is "one error may be enough" "$(is_suspended)" true
waits_for 10 has_events $((LAST ? 14 : 12))
# one row more where there are two CPUs
rows="sus suspended, generation 1;sus resumed, generation 1;"
is "events, each once" "$(happened)" "sus loaded, generation 1;$rows$rows$([ "$LAST" = 0 ] || echo "$rows")sus suspended, generation 1;sus replaced, generation 2;sus suspended, generation 2;sus replaced, generation 3;sus suspended, generation 3"
server iptables -F
check "a suspended script can be unloaded" ctl unload sus
kill $MONITOR

# --- every policy ---
cat >"$TMP/pol.lua" <<'L'
local nf = require("netfilter").new{}
function match(pkt)
  if pkt.udp.dport == 4999 then error("x") end
  return true
end
function target() return nf.DROP end
L
ctl load --errors 1 "$TMP/pol.lua"
# what becomes of 3 packets: of a match's rule and the one behind it; of a
# target's rule, the one behind it, and the next table
cat >"$TMP/policies" <<'P'
4100 | 0 3       | -A INPUT -p udp --dport 4100 -m lua --script pol --function match -j DROP
4101 | 0 3       | -A INPUT -p udp --dport 4101 -m lua ! --script pol --function match --on-error nomatch -j DROP
4102 | 3 0       | -A INPUT -p udp --dport 4102 -m lua --script pol --function match --on-error match -j DROP
4103 | 3 0       | -A INPUT -p udp --dport 4103 -m lua ! --script pol --function match --on-error match -j DROP
4104 | 0 0       | -A INPUT -p udp --dport 4104 -m lua --script pol --function match --on-error drop -j DROP
4105 | 0 0       | -A INPUT -p udp --dport 4105 -m lua ! --script pol --function match --on-error drop -j DROP
4200 | 3 3 and 3 | -A INPUT -p udp --dport 4200 -j LUA --script pol --function target
4201 | 3 3 and 3 | -A INPUT -p udp --dport 4201 -j LUA --script pol --function target --on-error continue
4202 | 3 0 and 3 | -A INPUT -p udp --dport 4202 -j LUA --script pol --function target --on-error accept
4203 | 3 0 and 0 | -A INPUT -p udp --dport 4203 -j LUA --script pol --function target --on-error drop
P
policies() {
	local ipt=$1 address=$2 port want rule
	local -A mangle=()
	if ! tables "$ipt"; then
		skip "$ipt" "no such tables here"
		return
	fi
	{
		echo "-A INPUT -p udp --dport 4999 -m lua --script pol --function match"
		while IFS='|' read -r port want rule; do
			[[ $want == *and* ]] || printf '%s\n-A INPUT -p udp --dport %s -j ACCEPT\n' "$rule" "$port"
			[[ $want != *and* ]] || echo "-A INPUT -p udp --dport $port"
		done <"$TMP/policies"
	} | add_rules "$ipt" filter || exit 1
	while IFS='|' read -r port want rule; do
		[[ $want != *and* ]] || printf '%s\n-A INPUT -p udp --dport %s\n' "$rule" "$port"
	done <"$TMP/policies" | add_rules "$ipt" mangle || exit 1
	ctl replace "$TMP/pol.lua"
	before=$(field "$SERVER" pol .calls)
	ON_CPU=0 udp "$CLIENT" "$address" 1 4999
	check "$ipt: suspended" waits_for 10 is_now pol .suspended true
	# shellcheck disable=SC2046
	udp "$CLIENT" "$address" 3 $(cut -d ' ' -f 1 "$TMP/policies")
	check "$ipt: all calls were counted" calls_become "$SERVER" pol $((before + 31))
	read_rules "$ipt" mangle
	for port in "${!RULES[@]}"; do mangle[$port]=${RULES[$port]}; done
	read_rules "$ipt" filter
	while IFS='|' read -r port want rule; do
		port=${port% }
		is "$ipt: ${rule#*dport }" \
			"${mangle[$port]+${mangle[$port]} and }${RULES[$port]}" "$(xargs <<<"$want")"
	done <"$TMP/policies"
	server "$ipt" -F
	server "$ipt" -t mangle -F
}
policies iptables-legacy "$SERVER4"
policies ip6tables-nft "$SERVER6"
ctl unload pol

while read -r policy through; do
	load hook --errors 1 <<L
require("netfilter").new{}:hook{ family = "inet", hook = "input", priority = "raw", on_error = "$policy",
  function(pkt) if pkt.udp and pkt.udp.dport == 4999 then error("x") end end }
L
	echo "-A INPUT -p udp --dport 4300" | add_rules iptables filter
	sends 0 4300
	sends 0 4999
	check "hook, on error $policy: suspended" waits_for 10 is_now hook .suspended true
	sends 0 4300 3
	check "all were counted" waits_for 10 is_now hook .entries[0].errors.suspended 3
	ctl resume hook
	sends 0 4300
	# what is on its way at last arrives
	arrived() { read_rules iptables filter; [ "${RULES[4300]}" = "$1" ]; }
	check "those on the way followed the policy" waits_for 10 arrived "$through"
	server iptables -F
	ctl unload hook
done <<'P'
accept 5
drop 2
P
finish
