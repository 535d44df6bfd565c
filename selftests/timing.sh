#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# nfluactl timing: how long calls take. Off until asked for; then every call is
# in the histogram, also those that fail, and nothing else changes.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# jq has variables, too.
# shellcheck disable=SC2016
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
EXACT=1 need_module
need_command taskset
topology
LAST=$(($(nproc) - 1))
BUDGET=2000000

# The loop is too short for a look at the clock: whoever runs beside us can't
# make it a failure.
cat >"$TMP/t.lua" <<'L'
local nf = require("netfilter").new{}
function quick() return true end
function slow() for i = 1, 300 do end return true end
function spins() while true do end end
function raises() error("no") end
L
FUNCTIONS=(quick slow spins raises)
port=4000
for function in "${FUNCTIONS[@]}"; do
	echo "-A INPUT -p udp --dport $((port++)) -m lua --script t --function $function"
done >"$TMP/all"
ctl load --budget 2ms "$TMP/t.lua"
add_rules iptables filter <"$TMP/all" || exit 1

# sent CPU PORT COUNT...: those calls of script t happen
calls=0
sent() {
	while [ $# -gt 0 ]; do
		ON_CPU=$1 udp "$CLIENT" "$SERVER4" "$3" "$2"
		calls=$((calls + $3))
		shift 3
	done
	calls_become "$SERVER" t $calls
}
QUICK=4000 SLOW=4001 SPINS=4002 RAISES=4003

# measured: what the histograms of t's entry points have, by name
measured() { field "$SERVER" t '[.entries[] | "\(.name)=\(.time.calls // "none")"] | join(" ")'; }
# of FUNCTION FILTER: jq's FILTER on its entry point
of() { field "$SERVER" t ".entries[] | select(.name == \"$1\") | $2"; }

# --- off ---
sent 0 $QUICK 5 "$LAST" $QUICK 3 0 $RAISES 2
is "off by default" "$(field "$SERVER" t .timing)" false
is "and nothing is measured" "$(measured)" "quick=none raises=none slow=none spins=none"
is "nor told" "$(ctl show t | grep -c ' time: \|time of [0-9]* call')" 0
before=$(counts "$SERVER" t)

# --- on ---
check "on" ctl timing t on
is "it is on" "$(field "$SERVER" t .timing)" true
check "which show tells" grep -q '^t, generation 1, .*, timing$' <(ctl show t)
is "no call before it is measured" "$(measured)" "quick=0 raises=0 slow=0 spins=0"
check "which show tells, too" grep -q '^    time: no call yet$' <(ctl show t)
is "the counters go on" "$(counts "$SERVER" t)" "$before"
check "on twice" ctl timing t on
sent 0 $QUICK 40 "$LAST" $QUICK 30 0 $SLOW 20 "$LAST" $SLOW 21 0 $SPINS 7 "$LAST" $SPINS 4 0 $RAISES 6
is "each call on each CPU is measured once" "$(measured)" "quick=70 raises=6 slow=41 spins=11"
is "and counted once" "$(counts "$SERVER" t)" "function quick calls=78 match=78
function raises calls=8 runtime=8
function slow calls=41 match=41
function spins calls=11 time=11"

# --- what it says ---
# true of the times of each entry point; a percentile is the end of the first
# bucket at whose end so many calls are through, and in the last one the maximum
ctl -j show t | jq -r '
def percentile($percent): . as $t | ((.calls * $percent + 99) / 100 | floor) as $need |
	reduce .buckets[] as $b ({ n: 0, to: null };
		if .n >= $need then . else { n: (.n + $b.calls), to: $b.to } end) |
	if .to == $t.buckets[-1].to then $t.max else .to end;
def each($what; f): "\([.[0].entries[].time | f] | all) \($what)";
each("the calls are those in the buckets"; ([.buckets[].calls] | add) == .calls),
each("no bucket is empty"; [.buckets[].calls > 0] | all),
each("they are in order"; [.buckets[].from] | . == sort and . == unique),
each("none is wider than a quarter";
	[.buckets[] | .to >= .from and (.to - .from + 1) * 4 <= ([.from, 4] | max)] | all),
each("the longest call is in the last";
	.max as $max | .buckets[-1] | .from <= $max and $max <= .to),
each("mean, percentiles and maximum are in order";
	.mean > 0 and .mean <= .max and .p50 <= .p99 and .p99 <= .max),
each("the mean is that of the total"; .mean == (.total / .calls | floor)),
each("the total fits the buckets"; . as $t |
	([.buckets[] | .calls * .from] | add) <= $t.total and
	$t.total <= ([.buckets[] | .calls * .to] | add)),
each("the median"; .p50 == percentile(50)),
each("the 99th percentile"; .p99 == percentile(99))' >"$TMP/each"
is "what has to be true of each is told" "$(wc -l <"$TMP/each")" 10
while read -r truth what; do
	is "$what" "$truth" true
done <"$TMP/each"
is "a loop takes longer than none" "$(field "$SERVER" t '[.entries[] | { (.name): .time.p50 }] | add | .slow > .quick')" true
is "who spins takes its budget, each time" "$(of spins ".time | .buckets[0].to >= $BUDGET and .p50 >= $BUDGET and .max >= $BUDGET")" true
# Others may take the CPU from us, but hardly from all of its calls.
is "and is stopped soon" "$(of spins ".time | .buckets[0].from < 10 * $BUDGET")" true
check "in text" grep -Eq '^    time of 11 calls: mean [0-9]+\.[0-9] ms, p50 [0-9]+\.[0-9] ms, p99 [0-9]+\.[0-9] ms, max [0-9]+\.[0-9] ms$' <(ctl show t)
is "list leaves it out" "$(ctl -j list | jq -c '.[0] | .timing, (.entries[0] | has("time"))' | xargs)" "true false"

# --- off again, and on ---
check "off" ctl timing t off
is "it is off" "$(field "$SERVER" t .timing)" false
sent 0 $QUICK 9 "$LAST" $SLOW 2
is "what was measured stays, and no more comes" "$(measured)" "quick=70 raises=6 slow=41 spins=11"
ctl timing t on
sent "$LAST" $QUICK 5
is "on again it goes on" "$(measured)" "quick=75 raises=6 slow=41 spins=11"

# --- replace ---
sed 's/^function spins.*/function fresh() return true end/' "$TMP/t.lua" >"$TMP/new.lua"
refused "a replace that fails" 2 . ctl replace --name t - <<<'error("no")'
is "changes nothing" "$(measured) $(field "$SERVER" t .timing)" "quick=75 raises=6 slow=41 spins=11 true"
ctl check --name t "$TMP/t.lua" >"$TMP/out"
server iptables -D INPUT -p udp --dport $SPINS -m lua --script t --function spins
# its calls go with the entry point
calls=$((calls - 11))
check "replace" ctl replace --name t "$TMP/new.lua"
is "it is still on, and what was measured is kept" "$(measured) $(field "$SERVER" t .timing)" "fresh=0 quick=75 raises=6 slow=41 true"
server iptables -A INPUT -p udp --dport 4005 -m lua --script t --function fresh
sent 0 4005 3 "$LAST" 4005 2 0 $QUICK 1
is "new entry points are measured, too" "$(measured)" "fresh=5 quick=76 raises=6 slow=41"
ctl timing t off
ctl replace --name t "$TMP/new.lua"
sent 0 $QUICK 1
is "off stays off" "$(measured) $(field "$SERVER" t .timing)" "fresh=5 quick=76 raises=6 slow=41 false"

# --- reset ---
ctl timing t on
check "reset" ctl timing t reset
is "nothing is left, and it is on" "$(measured) $(field "$SERVER" t .timing)" "fresh=0 quick=0 raises=0 slow=0 true"
sent 0 $QUICK 4 "$LAST" $RAISES 2
is "it counts anew" "$(measured)" "fresh=0 quick=4 raises=2 slow=0"
is "the counters do not" "$(of quick .calls)" 98
ctl timing t off
check "reset when it is off" ctl timing t reset
is "nothing is there" "$(measured) $(field "$SERVER" t .timing)" "fresh=none quick=none raises=none slow=none false"
sent 0 $QUICK 1
is "nor comes" "$(measured)" "fresh=none quick=none raises=none slow=none"

# --- suspended; not entered ---
ctl timing t on
ctl limits t --errors 2 >"$TMP/out"
sent 0 $RAISES 2
is "suspended" "$(field "$SERVER" t .suspended)" true
sent 0 $QUICK 5 0 $RAISES 3
is "what the policy answers is measured, too" "$(measured)" "fresh=0 quick=5 raises=5 slow=0"
ctl limits t --errors 0 >"$TMP/out"
ctl resume t
sent 0 $QUICK 1
is "resumed" "$(measured) $(of quick .errors.suspended)" "fresh=0 quick=6 raises=5 slow=0 5"

# --- switched while packets come ---
ctl timing t reset
for cpu in 0 $LAST; do
	ON_CPU=$cpu udp "$CLIENT" "$SERVER4" 200 $QUICK &
	pids+=($!)
done
for _ in {1..3}; do
	for what in off on reset reset off reset on; do ctl timing t $what || exit 1; done
done
wait "${pids[@]}"
calls=$((calls + 400))
check "no call is lost while it is switched" calls_become "$SERVER" t $calls
is "nor measured twice" "$(of quick '.time.calls <= .calls and ([.time.buckets[].calls] | add // 0) == .time.calls')" true
ctl timing t reset
sent 0 $QUICK 10 "$LAST" $QUICK 10
is "and it goes on exactly" "$(of quick .time.calls)" 20
server iptables -F
ctl unload t

# --- other entry points ---
load h --single <<'L'
require("netfilter").new{}:hook{ family = "ipv4", hook = "input", priority = 0,
  function(pkt) if pkt.udp and pkt.udp.dport == 4100 then n = (n or 0) + 1 end end }
L
ctl timing h on
ON_CPU=0 udp "$CLIENT" "$SERVER4" 6 4100
ON_CPU=$LAST udp "$CLIENT" "$SERVER4" 5 4100
calls_become "$SERVER" h 11
is "a hook with one state for all CPUs" "$(field "$SERVER" h '.entries[0].time.calls')" 11
ctl unload h
load h <<<'function f() end'
is "a script of the same name is not measured" "$(field "$SERVER" h '"\(.timing) \(.entries[0].time)"')" "false null"
ctl unload h

# --- refused ---
refused "of what is not there" 2 'cannot time nothing: no script of this name is loaded' ctl timing nothing on
refused "a wrong word" 1 "switched on, off or reset, not 'of'" ctl timing t of
refused "no word" 1 ': on\|off\|reset is missing' ctl timing t
refused "no name" 1 "no name for a script" ctl timing a/b on
load t <<<'function f() end'
refused "without the capability" 2 'CAP_NET_ADMIN' \
	server setpriv --bounding-set=-net_admin --inh-caps=-net_admin nfluactl timing t on
is "which changes nothing" "$(field "$SERVER" t .timing)" false
if command -v python3 >/dev/null; then
	command=$(awk '/^enum nflua_cmd/ { n = -2 } /NFLUA_CMD_SCRIPT_TIMING,/ { print n + 1 } { n++ }' \
		"$TOP/module/uapi/nflua.h")
	genl() { server python3 "$HERE/genl.py" send "$@"; }
	is "a request without what to do" "$(genl "$command:1=t")" \
		"EINVAL: what to do with the timing is missing"
	is "one without a name" "$(genl "$command:")" "EINVAL: the script's name is missing"
fi
ctl unload t

# --- a namespace that goes while calls are measured ---
other=nflua-t$$
namespace $other
SCRIPT_NS=$other load gone <<'L'
require("netfilter").new{}:hook{ family = "ipv4", hook = "output", priority = 0, function() end }
L
nfluactl -n $other timing gone on
for cpu in 0 $LAST; do ON_CPU=$cpu udp $other 127.0.0.1 20 4000; done
check "it is measured" calls_become $other gone "$(field $other gone '.entries[0].time.calls')"
is "each call" "$(field $other gone '.entries[0] | .calls == .time.calls and .calls >= 40')" true
ip netns del $other
is "the namespace goes" "$(ip netns list | grep -c "^$other\b")" 0
finish
