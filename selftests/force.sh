#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Forced unload: rules stay behind and follow their failure policy, a later
# load binds them again, and nothing is left when they go.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
topology
PACKETS=3

cat >"$TMP/stub.lua" <<'L'
local nf = require("netfilter").new{}
function match() return true end
function target() return nf.DROP end
L

# A rule, and what becomes of 3 packets while the script is loaded and when it
# was unloaded by force. For a match: the rule's count and that of the one
# behind it. For a target, in another table: the same, and what came through.
cat >"$TMP/wanted" <<'R'
4100 | 3 0       | 0 3       | -m lua --script stub --function match -j DROP
4101 | 0 3       | 0 3       | -m lua ! --script stub --function match -j DROP
4102 | 3 0       | 0 3       | -m lua --script stub --function match --on-error nomatch -j DROP
4103 | 3 0       | 3 0       | -m lua --script stub --function match --on-error match -j DROP
4104 | 0 3       | 3 0       | -m lua ! --script stub --function match --on-error match -j DROP
4105 | 3 0       | 0 0       | -m lua --script stub --function match --on-error drop -j DROP
4106 | 0 3       | 0 0       | -m lua ! --script stub --function match --on-error drop -j DROP
4200 | 3 0 and 0 | 3 3 and 3 | -j LUA --script stub --function target
4201 | 3 0 and 0 | 3 3 and 3 | -j LUA --script stub --function target --on-error continue
4202 | 3 0 and 0 | 3 0 and 3 | -j LUA --script stub --function target --on-error accept
4203 | 3 0 and 0 | 3 0 and 0 | -j LUA --script stub --function target --on-error drop
R
RULES_IN_ALL=$(wc -l <"$TMP/wanted")
read -ra PORTS <<<"$(cut -d ' ' -f 1 "$TMP/wanted" | xargs)"
# Behind all of them, so that it says when they have passed.
MARK=4999

insert() {
	local port loaded rule
	while IFS='|' read -r port loaded _ rule; do
		[[ $loaded == *and* ]] || echo "-A INPUT -p udp --dport $port $rule"
		echo "-A INPUT -p udp --dport $port"
	done <"$TMP/wanted" | add_rules "$ipt" filter || exit 1
	while IFS='|' read -r port loaded _ rule; do
		[[ $loaded != *and* ]] || printf -- '-A INPUT -p udp --dport %s %s\n' "$port" "$rule" "$port" ""
	done <"$TMP/wanted" | add_rules "$ipt" mangle || exit 1
	echo "-A INPUT -p udp --dport $MARK" | add_rules "$ipt" filter
}

# send: from one CPU, and waits for the last
send() {
	server "$ipt" -Z
	server "$ipt" -t mangle -Z
	ON_CPU=0 udp "$CLIENT" "$address" $PACKETS "${PORTS[@]}"
	ON_CPU=0 udp "$CLIENT" "$address" 1 $MARK
	waits_for 10 passed
}
passed() { read_rules "$ipt" filter; [ "${RULES[$MARK]}" = 1 ]; }

# came WHAT FIELD: compares with that column of the list
came() {
	local -A mangle=()
	local port loaded forced rule want
	send
	read_rules "$ipt" mangle
	for port in "${!RULES[@]}"; do mangle[$port]=${RULES[$port]}; done
	read_rules "$ipt" filter
	# shellcheck disable=SC2034 # ${!2} is one of them
	# shellcheck disable=SC2034 # by its name
	while IFS='|' read -r port loaded forced rule; do
		port=${port% }
		want=${!2}
		is "$ipt: $1: $rule" "${mangle[$port]+${mangle[$port]} and }${RULES[$port]}" "$(xargs <<<"$want")"
	done <"$TMP/wanted"
}

# what is left of it
no_script() { [ "$(ctl -j list | jq length)" = 0 ]; }

semantics() {
	ipt=$1 address=$2
	if ! tables "$ipt"; then
		skip "$ipt" "no such tables here"
		return
	fi
	ctl load "$TMP/stub.lua" || exit 1
	insert
	came "loaded" loaded
	refused "$ipt: unload is refused" 2 "$RULES_IN_ALL rules refer to script 'stub'; delete them first" ctl unload stub
	check "$ipt: unload by force" ctl unload --force stub
	came "unloaded by force" forced

	# what is told of it
	is "$ipt: show" "$(ctl show stub)" \
		"stub, unloaded by force; $RULES_IN_ALL rules follow their failure policy"
	is "$ipt: list" "$(ctl list | tail -n +2 | xargs)" \
		"stub 0 0 0 B $RULES_IN_ALL 0 0 0 unloaded by force; $RULES_IN_ALL rules follow their failure policy"
	is "$ipt: show in JSON" "$(ctl -j show stub | jq -c '.[0] | [.name, .generation, .rules, .loaded, .states, .memory_limit, .entries, .suspended]')" \
		"[\"stub\",0,$RULES_IN_ALL,null,0,null,[],false]"
	is "$ipt: its keys are those of every script" "$(ctl -j list | jq -c '.[0] | keys')" "$KEYS"
	refused "$ipt: it can't be unloaded again" 2 'no script of this name' ctl unload stub
	refused "$ipt: nor by force" 2 'no script of this name' ctl unload --force stub
	refused "$ipt: nor replaced" 2 'no script of this name' ctl replace "$TMP/stub.lua"
	refused "$ipt: nor limited" 2 'no script of this name' ctl limits stub --errors 1
	refused "$ipt: nor resumed" 2 'no script of this name' ctl resume stub
	refused "$ipt: a new rule of another function is refused" any . \
		server "$ipt" -A INPUT -m lua --script stub --function other
	check "$ipt: it can be checked" ctl check "$TMP/stub.lua"
	refused "$ipt: a load that fails leaves it" 2 . ctl load --name stub - <<<'error("no")'
	is "$ipt: it is there" "$(field "$SERVER" stub .rules)" "$RULES_IN_ALL"

	# the tables can be worked on
	check "$ipt: another rule can be added" server "$ipt" -A INPUT -p udp --dport 4998 -j ACCEPT
	check "$ipt: and deleted" server "$ipt" -D INPUT -p udp --dport 4998 -j ACCEPT
	rule=$(sed -n '1s/.*| //p' "$TMP/wanted")
	# shellcheck disable=SC2086
	check "$ipt: one of its rules can be deleted" server "$ipt" -D INPUT -p udp --dport 4100 $rule
	check "$ipt: it is one less" waits_for 10 rules_are $((RULES_IN_ALL - 1))
	server "$ipt-save" >"$TMP/saved"
	check "$ipt: what was saved can be restored" server "$ipt-restore" "$TMP/saved"
	check "$ipt: with as many rules" waits_for 10 rules_are $((RULES_IN_ALL - 1))

	# a later load binds them again
	check "$ipt: load" ctl load "$TMP/stub.lua"
	is "$ipt: a new generation" "$(field "$SERVER" stub '"\(.generation) \(.rules)"')" "2 $((RULES_IN_ALL - 1))"
	is "$ipt: with new counters, and its rules" \
		"$(field "$SERVER" stub '.entries[] | "\(.name) \(.rules) \(.calls)"' | paste -sd ,)" "match 6 0,target 4 0"
	# shellcheck disable=SC2086
	server "$ipt" -I INPUT -p udp --dport 4100 $rule
	came "loaded again" loaded
	is "$ipt: and calls" "$(counts "$SERVER" stub)" \
		"function match calls=21 match=21
function target calls=12 drop=12"

	# a source that lacks what rules call
	ctl unload --force stub
	check "$ipt: load without one of the functions" ctl load --name stub - <<-'L'
		function match() return false end
	L
	send
	read_rules "$ipt" mangle
	is "$ipt: rules that call it follow their policy" "${RULES[4200]}, ${RULES[4202]}, ${RULES[4203]}" "3 3, 3 0, 3 0"
	read_rules "$ipt" filter
	is "$ipt: up to the next table" "${RULES[4200]}, ${RULES[4202]}, ${RULES[4203]}" "3, 3, 0"
	is "$ipt: the others call it" "${RULES[4100]}, ${RULES[4101]}, ${RULES[4103]}, ${RULES[4105]}" "0 3, 3 0, 0 3, 0 3"
	is "$ipt: and are counted" "$(counts "$SERVER" stub)" "function match calls=21 nomatch=21"
	is "$ipt: all rules still refer to it" "$(field "$SERVER" stub .rules)" "$RULES_IN_ALL"
	refused "$ipt: a new rule that calls what is not there" any . \
		server "$ipt" -A INPUT -m lua --script stub --function other
	refused "$ipt: what is called may not vanish" 2 "rules call function 'match'" \
		ctl replace --name stub - <<<'function target() end'
	check "$ipt: a replace that has both" ctl replace "$TMP/stub.lua"
	came "replaced" loaded
	refused "$ipt: now both are called" 2 "rules call function 'target'" \
		ctl replace --name stub - <<<'function match() end'

	# it goes with its rules
	check "$ipt: unload by force again" ctl unload --force stub
	refused "$ipt: rmmod is refused" any 'in use' rmmod nflua
	server "$ipt" -F
	is "$ipt: it stays while rules are left" "$(field "$SERVER" stub .rules)" 4
	server "$ipt" -t mangle -F
	check "$ipt: it goes with the last of them" waits_for 10 no_script
	refused "$ipt: show finds none" 2 'no script of this name' ctl show stub
	check "$ipt: the name is free" ctl load "$TMP/stub.lua"
	check "$ipt: and the script an ordinary one" ctl unload stub
}
rules_are() { [ "$(field "$SERVER" stub .rules)" = "$1" ]; }
echo 'return' | ctl load --name plain -
KEYS=$(ctl -j list | jq -c '.[0] | keys')
ctl unload plain
semantics iptables-legacy "$SERVER4"
semantics ip6tables-nft "$SERVER6"
ipt=iptables

# --- without rules it is an unload ---
load hooked <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "inet", hook = "input", priority = "raw", on_error = "drop",
  function(pkt) return nf.DROP end }
L
check "unload by force without rules" ctl unload --force hooked
is "nothing is left" "$(ctl -j list)" "[]"
check "hooks are gone" client ping -c 1 -W 5 $SERVER4

# --- while packets come: all of them meet the script or its policy ---
nfluactl -n "$SERVER" monitor events >"$TMP/events" &
MONITOR=$!
waits_for 10 listens $MONITOR
cat >"$TMP/stub.lua" <<'L'
local nf = require("netfilter").new{}
function match() return true end
nf:hook{ family = "inet", hook = "input", priority = "raw", function() end }
L
ctl load "$TMP/stub.lua"
echo "-A INPUT -p udp --dport 4100 -m lua --script stub --function match --on-error match -j DROP
-A INPUT -p udp --dport 4100" | add_rules iptables filter
FLOOD=3000
flood=()
for ((cpu = 0; cpu < $(nproc); cpu++)); do
	ON_CPU=$cpu udp "$CLIENT" "$SERVER4" $FLOOD 4100 &
	flood+=($!)
done
times=0
while kill -0 "${flood[@]}" 2>/dev/null; do
	ctl unload --force stub || break
	ctl load "$TMP/stub.lua" || break
	times=$((times + 1))
done
check "unloaded and loaded under traffic, $times times" [ $times -ge 3 ]
wait "${flood[@]}"
all=$((FLOOD * $(nproc)))
matched() { read_rules iptables filter; [ "${RULES[4100]% *}" = "$1" ]; }
check "all packets came" waits_for 10 matched $all
read_rules iptables filter
is "all of them matched" "${RULES[4100]}" "$all 0"
happened() { [ "$(wc -l <"$TMP/events")" -ge "$1" ]; }
waits_for 10 happened $((2 * times + 1))
is "events" "$(cut -d ' ' -f 3,5-6 "$TMP/events" | tr -d , | sort | uniq -c | sed 's/^ *//')" \
	"$((times + 1)) stub event loaded
$times stub event unloaded"
kill $MONITOR
ctl unload --force stub
server iptables -F

# --- a namespace that dies with what was left ---
is_unused() { [ "$(cat /sys/module/nflua/refcnt)" = 0 ]; }
for ipt in iptables-legacy iptables-nft; do
	namespace "nflua-d$$"
	nfluactl -n "nflua-d$$" load "$TMP/stub.lua"
	in_ns "nflua-d$$" $ipt -A INPUT -m lua --script stub --function match --on-error drop 2>"$TMP/err" || {
		skip "$ipt: a namespace dies with rules of no script" "no such tables here"
		ip netns del "nflua-d$$"
		continue
	}
	nfluactl -n "nflua-d$$" unload --force stub
	refused "$ipt: the rule of another namespace is none of ours" 2 'no script of this name' ctl show stub
	ip netns del "nflua-d$$"
	check "$ipt: a namespace dies with rules of no script" waits_for 20 is_unused
done
if [ "$(nfluactl -j list)" != "[]" ] || ! waits_for 10 is_unused; then
	skip "the module goes" "somebody else uses it"
else
	check "the module goes" rmmod nflua
	check "and comes back" nfluactl list
fi
finish
