#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tracepoints nflua:call and nflua:error, as tracefs shows them: one event
# for each call and each error, of every script there is and that comes.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
EXACT=1 need_module
need_command taskset
for TRACEFS in /sys/kernel/tracing /sys/kernel/debug/tracing; do
	[ ! -d $TRACEFS ] || [ -d $TRACEFS/events ] ||
		mount -t tracefs tracefs $TRACEFS 2>/dev/null
	[ ! -d $TRACEFS/events ] || break
done
[ -d "$TRACEFS/events/nflua" ] || skip_all "the kernel shows no events of nflua"
topology
LAST=$(($(nproc) - 1))
# One's own buffer and switches.
T=$TRACEFS/instances/nflua-$$
mkdir "$T" || skip_all "no instance of tracefs can be made" promised
at_exit "echo 0 2>/dev/null >$T/events/nflua/enable; rmdir $T"
NETNS=$(server readlink /proc/self/ns/net | tr -dc 0-9)

# events EVENT [PATTERN]: how many of this script's namespace there are
events() { grep -a " $1: .*netns=$NETNS\$" "$T/trace" | grep -aEc -- "${2-}"; }
# told EVENT: what they say without task, CPU, time, duration and namespace
told() {
	grep -a " $1: .*netns=$NETNS\$" "$T/trace" |
		sed -E "s/.* $1: //; s/ (duration=[0-9]+ )?netns=[0-9]+\$//"
}
switch() { echo "$2" >"$T/events/nflua/$1/enable"; }

cat >"$TMP/t.lua" <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "ipv4", hook = "input", priority = "raw", on_error = "drop", function(pkt)
  local port = pkt.udp and pkt.udp.dport
  if port == 4000 then return nf.DROP end
  if port == 4001 then error("odd\27[31m\tport " .. port) end
  if port == 4002 then return 7 end
  if port == 4003 then while true do end end
end }
nf:match(function(pkt) return pkt.udp.dport == 4010 end)
nf:target(function(pkt) return nf.CONTINUE end)
function named(pkt) return false end
L
ctl load "$TMP/t.lua"
add_rules iptables filter <<'R'
-A INPUT -p udp --dport 4010 -m lua --script t
-A INPUT -p udp --dport 4010 -m lua ! --script t --function named
-A INPUT -p udp --dport 4010 -j LUA --script t
R
# sent CPU PORT COUNT...: from that CPU; script t has CALLS calls then
CALLS=0
sent() {
	local each
	while [ $# -gt 0 ]; do
		each=1
		[ "$2" != 4010 ] || each=4
		ON_CPU=$1 udp "$CLIENT" "$SERVER4" "$3" "$2"
		CALLS=$((CALLS + each * $3))
		shift 3
	done
	calls_become "$SERVER" t $CALLS
}

# --- off ---
sent 0 4000 3 "$LAST" 4001 2
is "nothing while it is off" "$(events call) $(events error)" "0 0"

# --- each call, each error ---
switch call 1
switch error 1
before=$CALLS
sent 0 4000 4 "$LAST" 4000 3 0 4001 2 "$LAST" 4002 2 0 4003 1 "$LAST" 4010 5
is "one event for each call" "$(events call)" $((CALLS - before))
is "one for each error" "$(events error)" 5
is "calls by script, entry point, outcome and policy" "$(told call | sort | uniq -c | sed 's/^ *//')" \
	"5 script=t kind=function entry='named' outcome=nomatch policy=0
5 script=t kind=hook entry='ipv4 input -300' outcome=accept policy=0
7 script=t kind=hook entry='ipv4 input -300' outcome=drop policy=0
5 script=t kind=hook entry='ipv4 input -300' outcome=drop policy=1
5 script=t kind=match entry='t' outcome=match policy=0
5 script=t kind=target entry='t' outcome=continue policy=0"
is "errors with the first line of their text, which steers no terminal" "$(told error | sort | uniq -c | sed 's/^ *//')" \
	"2 script=t kind=hook entry='ipv4 input -300' error=runtime message='t:5: odd?[31m?port 4001'
1 script=t kind=hook entry='ipv4 input -300' error=time message='t:7: ran longer than 1 ms'
2 script=t kind=hook entry='ipv4 input -300' error=verdict message='t:2: function answered 7 (a hook answers ACCEPT, DROP, CONTINUE, STOLEN, QUEUE, REPEAT, STOP or nothing)'"
is "on the CPU that called" "$(grep -a "$NETNS\$" "$T/trace" | grep -a 'error=verdict' | grep -aEo '\[[0-9]+\]' | uniq -c | xargs)" \
	"2 [$(printf '%03d' "$LAST")]"
is "each call has a duration" "$(events call 'duration=[1-9][0-9]* ')" $((CALLS - before))
# shellcheck disable=SC2046
is "who spins has its budget" "$(grep -a -A 1 'error=time' "$T/trace" | sed -nE 's/.* call: .* duration=([0-9]+) .*/\1/p' |
	awk '{ print ($1 >= 1000000) }')" 1
is "no kernel address" "$(grep -aEc 'ffff[0-9a-f]{8}' "$T/trace")" 0
is "nobody asked for times" "$(field "$SERVER" t '[.timing, .entries[].time] | unique | tostring')" "[null,false]"

# --- one without the other ---
: >"$T/trace"
switch call 0
sent 0 4001 3 0 4000 2
is "errors alone" "$(events call) $(events error)" "0 3"
: >"$T/trace"
switch error 0
switch call 1
sent 0 4001 3 0 4000 2
is "calls alone" "$(events call) $(events error)" "5 0"

# --- filters ---
: >"$T/trace"
echo 'policy == 1 && script == "t"' >"$T/events/nflua/call/filter"
sent 0 4001 3 "$LAST" 4000 2 0 4002 1
is "a filter by its fields" "$(told call | sort | uniq -c | sed 's/^ *//')" \
	"4 script=t kind=hook entry='ipv4 input -300' outcome=drop policy=1"
echo 0 >"$T/events/nflua/call/filter"

# --- scripts that come while it is on ---
: >"$T/trace"
ctl replace "$TMP/t.lua"
sent 0 4000 2
is "what is replaced is traced on" "$(events call script=t)" 2
for single in "" --single; do
	# shellcheck disable=SC2086
	ctl load --name new $single - <<'L'
require("netfilter").new{}:hook{ family = "ipv4", hook = "input", priority = -400,
  function(pkt) end }
L
	: >"$T/trace"
	sent 0 4000 2 "$LAST" 4000 3
	is "what is loaded${single:+ $single}" "$(events call script=new) $(events call script=t)" "5 5"
	ctl unload new
done
ctl limits t --errors 1 >"$TMP/out"
sent 0 4001 1
: >"$T/trace"
sent 0 4000 2
is "a suspended script's are the policy's" "$(told call | sort | uniq -c | sed 's/^ *//')" \
	"2 script=t kind=hook entry='ipv4 input -300' outcome=drop policy=1"
ctl limits t --errors 0 >"$TMP/out"
ctl resume t

# --- with times, and off again ---
: >"$T/trace"
ctl timing t on
sent 0 4000 3
is "both a time and an event" "$(events call) $(field "$SERVER" t '.entries[] | select(.kind == "hook") | .time.calls')" "3 3"
is "which are one" "$(field "$SERVER" t '.entries[] | select(.kind == "hook") | .time.total')" \
	"$(sed -nE 's/.* call: .* duration=([0-9]+) .*/\1/p' "$T/trace" | awk '{ sum += $1 } END { print sum }')"
switch call 0
: >"$T/trace"
sent 0 4000 3
is "off again" "$(events call) $(field "$SERVER" t '.entries[] | select(.kind == "hook") | .time.calls')" "0 6"
is "every call was counted" "$(field "$SERVER" t .calls)" $CALLS

# --- the module goes while it is on ---
server iptables -F
ctl unload t
if [ "$(nfluactl -j list | jq length)" != 0 ] || [ "$(cat /sys/module/nflua/refcnt)" != 0 ]; then
	skip "the module goes" "somebody else uses it"
else
	switch call 1
	switch error 1
	check "the module goes while its events are on" rmmod nflua
	check "and comes back" nfluactl list
	is "its events are off then" "$(cat "$T/events/nflua/enable")" 0
fi
finish
