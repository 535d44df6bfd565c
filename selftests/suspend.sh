#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Limits that change while a script runs, where they come from, and scripts
# that fail too often in a row: suspended, resumed, and answered for meanwhile.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command taskset
topology
LAST=$(($(nproc) - 1))

# sends CPU PORT [COUNT]: from the client
sends() { ON_CPU=$1 udp "$CLIENT" "$SERVER4" "${3:-1}" "$2"; }

# limits_of SCRIPT: memory in bytes, budget in ns, errors in a row
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
		ctl limits own --errors 5 $options
	# shellcheck disable=SC2086
	refused "as default, too" 2 "^nfluactl: cannot limit: $sentence" ctl limits $options
	# shellcheck disable=SC2086
	refused "and of a load" 2 "^nfluactl: cannot load new: $sentence" \
		ctl load --name new $options - <<<'return'
done <<'T2'
--memory 131071|a state's memory limit is 128 KiB to 1 GiB
--memory 1073741825|a state's memory limit is 128 KiB to 1 GiB
--budget 9999ns|the budget of a call is 10 us to 10 ms
--budget 10000001ns|the budget of a call is 10 us to 10 ms
--errors 1000001|a script is suspended after 1 to 1000000 errors
T2
is "nothing of a refused request is set" "$(limits_of own)" "1048576 10000000 0"
is "nor of the defaults" "$(named "$SERVER")" "null 16777216 1000000 0"
check "the ends are in" ctl limits own --memory 128K --budget 10us --errors 1000000
check "both" ctl limits own --memory 1G --budget 10ms
refused "limits of what is not there" 2 'no script of this name' ctl limits nothing
refused "resume of what is not there" 2 'no script of this name' ctl resume nothing
for name in before after own none; do ctl unload $name; done

# --- the budget, while packets come ---
# turns of a loop that take about 3 ms, found with a body, which runs in every
# state and has a limit of its own; the shortest of three, for others may run
turns=100000
while :; do
	best=
	for _ in 1 2 3; do
		began=$(date +%s%N)
		ctl check - <<<"for i = 1, $turns do end" >"$TMP/out" || break 2
		took=$((($(date +%s%N) - began) / 1000))
		[ $((${best:-took} >= took)) = 0 ] || best=$took
	done
	[ "$best" -lt 300000 ] || break
	turns=$((turns * 2))
done
load budget <<L
function three_ms() for i = 1, $((turns * (LAST + 2) * 3000 / best)) do end return true end
L
server iptables -A INPUT -p udp --dport 4000 -m lua --script budget --function three_ms -j DROP
# run COUNT: that many calls more; prints how many matched, and how many took
# too long
run() {
	local before after
	before=$(field "$SERVER" budget '.entries[0] | "\(.calls) \(.outcomes.match) \(.errors.time)"')
	sends 0 4000 "$1"
	calls_become "$SERVER" budget $((${before%% *} + $1)) >&2
	after=$(field "$SERVER" budget '.entries[0] | "\(.outcomes.match) \(.errors.time)"')
	before=${before#* }
	echo $((${after% *} - ${before% *})) $((${after#* } - ${before#* }))
}
why() { field "$SERVER" budget '.entries[0].last_error | split("\n")[0]'; }
is "3 ms are too long for a budget of 1 ms" "$(run 20)" "0 20"
is "which the error says" "$(why)" "budget:1: ran longer than 1 ms"
ctl limits budget --budget 8ms >"$TMP/out"
run 20 | read -r good late
# others may take the CPU from us; the clock goes on
check "they fit 8 ms, set while it runs" [ $((good + late == 20 && good >= 10)) = 1 ]
ctl limits budget --budget 2ms >"$TMP/out"
is "and not 2 ms" "$(run 20)" "0 20"
is "which the error says, too" "$(why)" "budget:1: ran longer than 2 ms"
ctl limits budget --budget 500us >"$TMP/out"
is "nor 500 us" "$(run 20)" "0 20"
is "and that is not 0 ms" "$(why)" "budget:1: ran longer than 500 us"
sends $LAST 4000 10
is "it holds on the other CPU" "$(run 10)" "0 10"
ctl replace --budget 8ms "$TMP/budget.lua"
run 20 | read -r good late
check "a replace sets it, too" [ "$good" -ge 10 ]
ctl replace "$TMP/budget.lua"
run 20 | read -r good late
check "and the next one keeps it" [ "$good" -ge 10 ]
server iptables -F
ctl unload budget

# --- memory ---
cat >"$TMP/memory.lua" <<'L'
function takes_300_kb()
  local t = {}
  for i = 1, 30 do t[i] = ("x"):rep(10000 + i) end
  return true
end
L
ctl load "$TMP/memory.lua" --budget 10ms
server iptables -A INPUT -p udp --dport 4000 -m lua --script memory --function takes_300_kb -j DROP
n=0
# called WHAT: one call from each CPU
called() {
	sends 0 4000
	sends $LAST 4000
	n=$((n + 2))
	calls_become "$SERVER" memory $n >&2
}
called
is "300 KB fit the default" "$(counts "$SERVER" memory)" "function takes_300_kb calls=2 match=2"
ctl limits memory --memory 256K >"$TMP/out"
called
is "not 256 KiB, set while it runs, on any CPU" "$(counts "$SERVER" memory)" \
	"function takes_300_kb calls=4 match=2 memory=2"
ctl limits memory --memory 512K >"$TMP/out"
called
is "they fit 512 KiB" "$(counts "$SERVER" memory)" "function takes_300_kb calls=6 match=4 memory=2"
ctl limits memory --memory 256K >"$TMP/out"
ctl replace "$TMP/memory.lua"
called
is "a replace keeps the limit" "$(counts "$SERVER" memory)" \
	"function takes_300_kb calls=8 match=4 memory=4"
refused "it holds for a body" 2 'not enough memory \(a state of the script may use 256 KiB\)' \
	ctl replace --name memory - <<<'x = ("x"):rep(300000) function takes_300_kb() end'
check "which another one lets load" ctl replace --memory 1M --name memory - <<<'x = ("x"):rep(300000) function takes_300_kb() end'
ctl limits memory --memory 128K >"$TMP/out"
called
is "a state above its new limit still runs what needs no more" "$(counts "$SERVER" memory)" \
	"function takes_300_kb calls=10 match=4 nomatch=2 memory=4"
server iptables -F
ctl unload memory

# --- suspension ---
cat >"$TMP/sus.lua" <<'L'
local nf = require("netfilter").new{}
function by_port(pkt)
  if pkt.udp.dport == 4001 then error("odd") end
  return true
end
function verdict(pkt)
  if pkt.udp.dport == 4001 then return "?" end
  return nf.DROP
end
L
server iptables -A INPUT -p udp --dport 4000:4001 -m lua --script sus --function by_port -j DROP
is "no rule without the script" $? 2
ctl load --errors 3 "$TMP/sus.lua"
server iptables -A INPUT -p udp --dport 4000:4001 -m lua --script sus --function by_port -j DROP
nfluactl -n "$SERVER" monitor events >"$TMP/events" &
monitor=$!
waits_for 10 ctl_listens
