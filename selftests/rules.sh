#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Rules that refer to scripts: what iptables prints it takes back, and a script
# goes only when no rule is left.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
topology

cat >"$TMP/rules.lua" <<'L'
local nf = require("netfilter").new{ name = "rules" }
nf:match(function() return true end)
nf:target(function() return nf.ACCEPT end)
function yes() return true end
function accept() return nf.ACCEPT end
L
cp "$TMP/rules.lua" "$TMP/same-rules.lua"

# What is given, and after a bar what is printed where that is another thing.
cat >"$TMP/list" <<'T'
-m lua --script rules
-m lua --script rules -j DROP
-m lua --script rules --function yes -j ACCEPT
-m lua ! --script rules --function yes
-m lua --script rules --function yes --on-error match -j ACCEPT
-m lua --script rules --function yes --on-error drop -j ACCEPT
-m lua --script rules --on-error nomatch | -m lua --script rules
-m lua --on-error drop --function yes ! --script rules | -m lua ! --script rules --function yes --on-error drop
-m lua --script rules -m lua ! --script rules --function yes -j ACCEPT
-j LUA --script rules
-j LUA --script rules --function accept
-j LUA --script rules --function accept --on-error accept
-j LUA --script rules --on-error drop
-j LUA --script rules --on-error continue | -j LUA --script rules
-m lua --script rules -j LUA --script rules --function accept
T

rules_are() { [ "$(field "$SERVER" rules .rules)" = "$1" ]; }

# iptables-nft warns of legacy tables on standard error.
saved() { server "$ipt-save" -t filter 2>/dev/null | grep '^-A'; }

round_trips() {
	local ipt=$1 given printed n=0

	if ! tables "$ipt"; then
		skip "$ipt" "no such tables here"
		return
	fi
	ctl load "$TMP/rules.lua" || exit 1
	: >"$TMP/want"
	while read -r given; do
		printed=${given#*| }
		given=${given%% |*}
		# shellcheck disable=SC2086
		check "$ipt -A $given" server "$ipt" -A INPUT $given
		# shellcheck disable=SC2086
		check "$ipt -C" server "$ipt" -C INPUT $given
		echo "-A INPUT $printed" >>"$TMP/want"
		n=$((n + 1))
	done <"$TMP/list"
	saved >"$TMP/saved"
	is "$ipt: saved as given" "$(cat "$TMP/saved")" "$(cat "$TMP/want")"
	is "$ipt: -S prints the same" \
		"$(server "$ipt" -S INPUT 2>/dev/null | grep '^-A')" "$(cat "$TMP/want")"
	# two rules of the list have two references each
	is "$ipt: all are counted" "$(field "$SERVER" rules .rules)" $((n + 2))
	is "$ipt: for each entry point" \
		"$(field "$SERVER" rules '[.entries[] | "\(.kind) \(.name) \(.rules)"] | join(", ")')" \
		"match rules 5, target rules 3, function accept 3, function yes 6"
	server "$ipt" -vnL INPUT >"$TMP/out" 2>/dev/null
	is "$ipt: -L shows every rule" "$(grep -c 'script rules' "$TMP/out")" $n
	check "$ipt: -L shows the options" grep -q 'lua ! script rules function yes on-error drop' "$TMP/out"

	# ip6tables-legacy 1.8.9 finds every rule, whatever its match
	server "$ipt" -A OUTPUT -p udp --dport 1
	if server "$ipt" -C OUTPUT -p udp --dport 2 2>/dev/null; then
		skip "$ipt: -C of another function" "this $ipt -C compares no matches"
	else
		refused "$ipt: -C of another function" any . \
			server "$ipt" -C INPUT -m lua --script rules --function accept
		refused "$ipt: -C of another policy" any . \
			server "$ipt" -C INPUT -m lua --script rules --on-error match
	fi
	server "$ipt" -F OUTPUT
	refused "$ipt: -D of what is not there" any . \
		server "$ipt" -D INPUT -m lua ! --script rules -j DROP

	# save, flush, restore
	server "$ipt-save" -t filter >"$TMP/dump" 2>/dev/null
	check "$ipt: flush" server "$ipt" -F INPUT
	check "$ipt: no rule is left" waits_for 10 rules_are 0
	check "$ipt: restore" server "$ipt-restore" "$TMP/dump"
	is "$ipt: the same rules" "$(saved)" "$(cat "$TMP/want")"
	check "$ipt: restore over them" server "$ipt-restore" "$TMP/dump"
	is "$ipt: the same again" "$(saved)" "$(cat "$TMP/want")"
	check "$ipt: counted once" waits_for 10 rules_are $((n + 2))
	check "$ipt: restore with counters" server "$ipt-restore" -c "$TMP/dump"
	check "$ipt: restore that only tests" server "$ipt-restore" -t "$TMP/dump"
	check "$ipt: counted once" waits_for 10 rules_are $((n + 2))

	# unload is refused, and deleting by rule works
	refused "$ipt: unload says how many refer" 2 "$((n + 2)) rules refer to script 'rules'" ctl unload rules
	while read -r given; do
		# shellcheck disable=SC2086
		check "$ipt -D ${given%% |*}" server "$ipt" -D INPUT ${given%% |*}
	done < <(tac "$TMP/list" | head -n $((n - 1)))
	check "$ipt: one is left" waits_for 10 rules_are 1
	refused "$ipt: unload says so" 2 "1 rule refers to script 'rules'; delete it" ctl unload rules
	check "$ipt -D by number" server "$ipt" -D INPUT 1
	check "$ipt: unload at once" ctl unload rules

	# a restore with one bad rule takes none
	ctl load "$TMP/rules.lua" || exit 1
	{
		echo '*filter'
		for n in {1..50}; do echo "-A INPUT -m lua --script rules"; done
		echo '-A INPUT -m lua --script rules --function missing'
		echo COMMIT
	} >"$TMP/bad"
	refused "$ipt: restore with a bad rule" any . server "$ipt-restore" "$TMP/bad"
	is "$ipt: none of it is there" "$(saved)" ""
	check "$ipt: none is counted" waits_for 10 rules_are 0
	{
		echo '*filter'
		for n in {1..500}; do
			echo "-A INPUT -p udp --dport $n -m lua --script rules --function yes -j DROP"
		done
		echo COMMIT
	} >"$TMP/many"
	check "$ipt: restore of 500 rules" server "$ipt-restore" "$TMP/many"
	check "$ipt: all counted" waits_for 10 rules_are 500
	server "$ipt" -F INPUT
	check "$ipt: unload right after the flush" ctl unload rules
}

for ipt in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do
	round_trips $ipt
done

# --- replace and rules ---
for ipt in iptables-nft iptables-legacy; do
	! tables $ipt || break
done
SCRIPT_NS=$SERVER load swap <<'L'
local nf = require("netfilter").new{ name = "one" }
nf:match(function() return true end)
function f() return true end
function unused() end
L
server "$ipt" -A INPUT -p udp --dport 4000 -m lua --script swap --function f -j DROP
server "$ipt" -A INPUT -p udp --dport 4001 -m lua --script swap -j DROP
udp "$CLIENT" "$SERVER4" 5 4000 4001
check "called" calls_become "$SERVER" swap 10
is "both match" "$(counts "$SERVER" swap)" "match one calls=5 match=5
function f calls=5 match=5
function unused calls=0"
cat >"$TMP/swap.lua" <<'L'
local nf = require("netfilter").new{ name = "one" }
function more() end
function f() return false end
nf:match(function() return false end)
L
check "replace rebinds" ctl replace "$TMP/swap.lua"
udp "$CLIENT" "$SERVER4" 5 4000 4001
check "called" calls_become "$SERVER" swap 20
is "neither matches" "$(counts "$SERVER" swap)" "match one calls=10 match=5 nomatch=5
function f calls=10 match=5 nomatch=5
function more calls=0"
is "the rules are the same" "$(field "$SERVER" swap .rules)" 2
refused "replace without a function that rules call" 2 "rules call function 'f', which the new source does not have" \
	ctl replace --name swap - <<<'require("netfilter").new{}:match(print)'
refused "replace without a match that rules call" 2 "rules call match 'one', which the new source does not have" \
	ctl replace --name swap - <<<'function f() end'
refused "replace with a value that is no function" 2 "rules call function 'f'" \
	ctl replace --name swap - <<<'require("netfilter").new{}:match(print) f = 1'
is "it is what it was" "$(field "$SERVER" swap .generation)" 2
check "a match may change its name" ctl replace --name swap - <<<'function f() return true end
require("netfilter").new{ name = "two" }:match(f)'
udp "$CLIENT" "$SERVER4" 5 4001
two_is() { counts "$SERVER" swap | grep -qx "match two calls=$1 match=$1"; }
check "and is called under the new one" waits_for 10 two_is 5

# --- the same script in two namespaces ---
SCRIPT_NS=$CLIENT load swap <<<'function f() return true end'
client "$ipt" -A OUTPUT -p udp --dport 4000 -m lua --script swap --function f -j DROP
udp "$CLIENT" "$SERVER4" 5 4000
check "the client's own is called" calls_become "$CLIENT" swap 5
is "and drops in the client" "$(counts "$CLIENT" swap)" "function f calls=5 match=5"
is "the server's was not called" "$(field "$SERVER" swap '.entries[] | select(.name == "f") | .calls')" 10
refused "nor may the server's go" 2 '2 rules refer' ctl unload swap
client "$ipt" -F
check "the client's goes" nfluactl -n "$CLIENT" unload swap

# --- what iptables cannot express ---
check "no translation to nft, but a sentence" bash -c \
	"iptables-translate -A INPUT -m lua --script swap -j DROP 2>&1 | grep -q \"no expression for 'lua'\""
check "iptables -m lua --help explains the options" bash -c "iptables -m lua --help | grep -q -- --on-error"
check "iptables -j LUA --help explains the options" bash -c "iptables -j LUA --help | grep -q -- --on-error"
# --- rules that are about to go, as those that iptables-nft destroys late ---
waits() { grep -q '^State:.D' "/proc/$1/status"; }
# It waits no longer than a second or two, which may be less than a slow -F takes.
while_it_waits() {
	for _ in 1 2 3; do
		server "$ipt" -A INPUT -m lua --script swap --function f || break
		nfluactl -n "$SERVER" "$@" &
		waits_for 5 waits $! && server "$ipt" -F && wait $! && return
	done
	return 1
}
echo 'x = 1' >"$TMP/none.lua"
check "a replace waits for rules that go" while_it_waits replace --name swap "$TMP/none.lua"
check "back" ctl replace "$TMP/swap.lua"
check "so does an unload" while_it_waits unload swap
finish
