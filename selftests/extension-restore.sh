#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Many rules of an extension: iptables-restore of 5,000, for which the Lua file
# runs once, and rules that several programs insert at once under traffic, while
# the script is replaced.
# Functions that others call look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=extensions/lib.sh source-path=SCRIPTDIR
. "$HERE/extensions/lib.sh"
need_module
need_extensions
topology
RULES_MANY=${RULES_MANY:-5000}

cat >"$TMP/many.lua" <<'L'
if io then
  local runs = assert(io.open(os.getenv("RUNS"), "a"))
  runs:write("x")
  runs:close()
end
local nf = require("netfilter").new()
nf:extension{
  name = "many", options = {
    { name = "first", type = "u16", mandatory = true, invertible = true },
    { name = "note", type = "string", size = 20 },
  },
  match = function(pkt, info)
    return (pkt.udp and pkt.udp.dport == info.first) ~= (info.inverted.first or false)
  end,
}
L
export RUNS=$TMP/runs
install_extension "$TMP/many.lua"
runs() { stat -c %s "$RUNS" 2>/dev/null || echo 0; }

{
	echo '*filter'
	for ((i = 1; i <= RULES_MANY; i++)); do
		echo "-A FORWARD -p udp -m many --first $i --note \"rule $i\" -j DROP"
	done
	echo COMMIT
} >"$TMP/many"
grep '^-A' "$TMP/many" >"$TMP/want"
rules_are() { [ "$(field "$SERVER" many .rules)" = "$1" ]; }

for ipt in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do
	if ! tables $ipt; then
		skip "$ipt" "no such tables here"
		continue
	fi
	rm -f "$RUNS"
	began=$(date +%s%N)
	check "$ipt-restore of $RULES_MANY rules" server $ipt-restore "$TMP/many"
	diag "$ipt-restore took $((($(date +%s%N) - began) / 1000000)) ms"
	is "$ipt-restore ran the file once" "$(runs)" 1
	check "$ipt: all counted" waits_for 30 rules_are "$RULES_MANY"
	rm -f "$RUNS"
	server $ipt-save -t filter 2>/dev/null | grep '^-A' >"$TMP/saved"
	check "$ipt-save gives them back" cmp "$TMP/saved" "$TMP/want"
	is "$ipt-save ran the file once" "$(runs)" 1
	check "$ipt: restore over them" server $ipt-restore "$TMP/many"
	sed "s/--first $RULES_MANY /--first 70000 /" "$TMP/many" >"$TMP/bad"
	refused "$ipt-restore with a bad value in the last rule" 2 \
		"many: --first '70000' is not a number from 0 to 65535" server $ipt-restore "$TMP/bad"
	check "$ipt: the rules are as before" waits_for 30 rules_are "$RULES_MANY"
	check "$ipt: flush" server "$ipt" -F FORWARD
	check "$ipt: none is left" waits_for 60 rules_are 0
done

# --- several programs at once ---
for ipt in iptables-nft iptables-legacy; do
	! tables $ipt || break
done
insert() {
	local i
	for i in {1..25}; do
		server "$ipt" -w -A INPUT -p udp -m many --first "$((9000 + $1 * 100 + i))" || return 1
	done
}
delete() {
	local i
	for i in {25..1}; do
		server "$ipt" -w -D INPUT -p udp -m many --first "$((9000 + $1 * 100 + i))" || return 1
	done
}
# at_once FUNCTION: four of them, under traffic and replaces
at_once() {
	local i pids=() failed=0
	udp "$CLIENT" "$SERVER4" 200 9101 9225 &
	for i in 1 2 3 4; do
		"$1" "$i" >"$TMP/once$i" 2>&1 &
		pids+=($!)
	done
	for i in 1 2 3 4 5; do
		nfluactl -n "$SERVER" replace "$TMP/many.lua" || failed=1
	done
	for i in "${pids[@]}"; do
		wait "$i" || failed=1
	done
	[ "$failed" = 0 ] || cat "$TMP"/once*
	return "$failed"
}
check "four programs insert 25 rules each" at_once insert
is "all are there, once" "$(saved_rules "$ipt" | sort -u | wc -l)" 100
check "and counted" waits_for 10 rules_are 100
read_first() { server "$ipt" -nvxL INPUT | awk '/first 9101/ { print $1 }'; }
before=$(read_first)
udp "$CLIENT" "$SERVER4" 5 9101
more() { [ "$(read_first)" = $((before + 5)) ]; }
check "they decide" waits_for 10 more
check "and delete them" at_once delete
is "none is left" "$(saved_rules "$ipt")" ""
check "nor counted" waits_for 10 rules_are 0
check "unload" nfluactl -n "$SERVER" unload many

# --- words that are long, or have signs that iptables-restore knows ---
cat >"$TMP/words.lua" <<'L'
require("netfilter").new():extension{ name = "words", match = print, options = {
  { name = "nets", type = "prefix", repeated = 64, invertible = true, },
  { name = "ifs", type = "interface", repeated = 4 } } }
L
install_extension "$TMP/words.lua"
nets=$(seq 0 4 252 | sed 's|.*|198.51.100.&/30|' | paste -sd,)
check "64 networks in one rule" server "$ipt" -A INPUT -m words ! --nets "$nets" -j DROP
check "a name with a quote" server "$ipt" -A INPUT -m words --ifs 'a"b,c' -j DROP
server "$ipt-save" -t filter >"$TMP/long" 2>/dev/null
before=$(saved_rules "$ipt")
is "all of them are saved" "$(grep -o '198.51.100' "$TMP/long" | wc -l)" 64
check "and restored" server "$ipt-restore" "$TMP/long"
is "the same" "$(saved_rules "$ipt")" "$before"
check "-C finds it" server "$ipt" -C INPUT -m words ! --nets "$nets" -j DROP
server "$ipt" -F INPUT
finish
