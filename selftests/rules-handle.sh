#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Handles of what rules call: unregister() in the body, from eval and from a
# packet, of a match, a target and an extension.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=extensions/lib.sh source-path=SCRIPTDIR
. "$HERE/extensions/lib.sh"
need_module
need_extensions
topology
IPT=iptables-nft
tables "$IPT" || IPT=iptables-legacy

cat >"$TMP/called.lua" <<'L'
local nf = require("netfilter").new{ name = "called" }
for _ = 1, 2 do
  assert(nf:match(print):unregister())
  assert(nf:target(print):unregister())
  assert(nf:extension{ name = "CALLED", target = print }:unregister())
end
M = nf:match(function(pkt) return true end)
T = nf:target(function(pkt)
  if pkt.udp.dport == 6004 then return M:unregister() and nf.DROP or nf.ACCEPT end
  return nf.DROP
end)
E = nf:extension{ name = "CALLED", target = function(pkt) return nf.DROP end }
function names() return tostring(M), tostring(T), tostring(E), pcall(function() nf:match(print) end) end
L
install_extension "$TMP/called.lua"
is "they have names, and are made by a body" "$(ctl eval called 'names()')" \
	$'match: called\ttarget: called\textension: CALLED\tfalse\tcalled:13: entry points are registered only while the script is loaded'
for rule in "6000 -m lua --script called -j DROP" "6001 -m lua ! --script called -j DROP" \
	"6002 -j LUA --script called" "6003 -j CALLED" "6004 -j LUA --script called"; do
	# shellcheck disable=SC2086
	server "$IPT" -A INPUT -p udp --dport $rule
	server "$IPT" -A INPUT -p udp --dport "${rule%% *}" -j ACCEPT
done

# Three datagrams to each of four ports: packets of the rule and of the next one.
counts() {
	read_rules "$IPT" filter
	echo "${RULES[6000]}, ${RULES[6001]}, ${RULES[6002]}, ${RULES[6003]}"
}
counts_are() { [ "$(counts)" = "$1" ]; }
# become WHAT COUNTS
become() {
	local port
	for port in 6000 6001 6002 6003; do
		udp "$CLIENT" "$SERVER4" 3 $port
	done
	waits_for 10 counts_are "$2"
	is "$1" "$(counts)" "$2"
}
states() {
	field "$SERVER" called '[.entries[] | select(.kind != "function") | "\(.kind) \(.state) \(.calls)"] | sort | join(", ")'
}
become "rules call them" "3 0, 0 3, 3 0, 3 0"
is "eval unregisters" "$(ctl eval called 'M:unregister(), M:unregister(), T:unregister(), E:unregister()')" \
	$'true\tfalse\ttrue\ttrue'
become "they answer nothing from then on" "3 3, 3 3, 6 3, 6 3"
is "and are not called" "$(states)" \
	"extension unregistered 3, match unregistered 6, target unregistered 3"
check "show says so" grep -q 'match called, .*unregistered' <(ctl show called)
is "run meets the function all the same" \
	"$(ctl -j run called --entry match --hex "$(python3 "$HERE/packets.py" - 02:00:00:00:00:02 02:00:00:00:00:01 \
		<<<'ip4(udp(1, 2, b"x"))')" | jq -r '.[0].outcome // .outcome')" match
check "replace" ctl replace "$TMP/called.lua"
packet=$(python3 "$HERE/packets.py" - 02:00:00:00:00:02 02:00:00:00:00:01 <<<'ip4(udp(1, 6004, b"x"))')
for _ in 1 2 3 4; do
	is "a test run says so and changes nothing" \
		"$(ctl -j run called --entry target --hex "$packet" | jq -r '.[0].outcome // .outcome')" drop
done
become "a replace has them again" "6 3, 3 6, 9 3, 9 3"
udp "$CLIENT" "$SERVER4" 2 6004
one_of() { [ "$(field "$SERVER" called '.entries[] | select(.kind == "target") | "\(.outcomes.drop) \(.outcomes.accept)"')" = "7 1" ]; }
check "a packet unregisters the match, once" waits_for 10 one_of
is "for all CPUs" "$(states)" "extension null 6, match unregistered 12, target null 8"
check "unload by force" ctl unload --force called
check "rules go" server "$IPT" -F INPUT
finish
