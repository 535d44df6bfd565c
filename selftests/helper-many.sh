#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Many connections with a helper, each marked and many of them kept for a while,
# made and destroyed, while the script is replaced, connections are flushed, and
# namespaces die. NFLUA_CONNECTIONS says how many; 10000 by default.
# Functions that waits_for calls look unreachable, and what another bash expands
# in single quotes does not.
# shellcheck disable=SC2317,SC2016
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=router.sh source-path=SCRIPTDIR
. "$(dirname "$0")/router.sh"
need_command conntrack nft python3
need_module
router_topology
total=${NFLUA_CONNECTIONS:-10000}
PORTS=60000	# that udp.py sends from; so many connections to one address differ
BURST=500	# so that a slow machine loses none, nor a neighbour for want of an answer

limit=$(cat /proc/sys/net/netfilter/nf_conntrack_max)
at_exit "sysctl -qw net.netfilter.nf_conntrack_max=$limit"
[ "$limit" -ge 130000 ] || sysctl -qw net.netfilter.nf_conntrack_max=130000

cat >"$TMP/many.lua" <<'L'
local nf = require("netfilter").new{}
local n, ring = 0, {}
nf:helper{ name = "many-lua", proto = "udp", expect = { max = 2 }, function(pkt, ct)
  n = n + 1
  local e = ct:expect{ dport = 1024 + n % 60000, permanent = n % 2 == 0 }
  ct.data = "x"
  assert(ct.mark == 0 or ct.status.confirmed)
  ct.mark = n
  -- one in each place is kept until the next comes: closed then, killed, forgotten
  local i = n % 200
  local old = ring[i]
  if old then
    assert(old.mark ~= 0)
    if n % 4 == 0 then old:close() elseif n % 4 == 1 then old:kill() old:close() end
  end
  ring[i] = assert(ct:keep())
  if n % 3 == 0 and e then e:cancel() end
  if n % 7 == 0 then pkt:mangle(1, 0, "longer") end
  if n % 100 == 0 then error({}) end
end }
L
cat >"$TMP/rules" <<'N'
table inet fw {
	ct helper it { type "many-lua" protocol udp; l3proto inet; }
	chain out {
		type filter hook output priority filter
		udp dport 7000 ct helper set "it"
	}
}
N
check "it loads" ctl load --budget 10ms "$TMP/many.lua"
firewall udp 7000 many-lua snat
entry() { field "$ROUTER" many ".entries[0].$1"; }
came() { [ "$(entry calls)" = "$1" ]; }
others() { router conntrack -L -p udp --dport 7000 2>/dev/null; }

touch "$TMP/on"
(while [ -e "$TMP/on" ]; do
	ctl replace --budget 10ms "$TMP/many.lua" || echo failed
	router conntrack -F 2>/dev/null
	ip netns add dying-$$
	ip netns exec dying-$$ bash -c '
		ip link set lo up
		nfluactl load --budget 10ms "$1" && nft -f "$2"
		for ((i = 0; i < 50; i++)); do printf x >/dev/udp/127.0.0.1/7000; done
		nfluactl -j show many' bash "$TMP/many.lua" "$TMP/rules" 2>/dev/null |
		jq -r '"kept \(.[0].kept)"' >>"$TMP/died"
	ip netns del dying-$$
done >"$TMP/replaces") &
others=$!
began=$SECONDS
addresses=("$SERVER4" 10.88.2.{3..9})
for ((n = 0; n < total; n += BURST)); do
	address=${addresses[n / PORTS]}
	ip -n "$SERVER" addr add "$address/24" dev veth0 2>/dev/null
	client python3 "$HERE/udp.py" many $((n % PORTS)) $BURST "$address" 7000 x
	waits_for 30 came $((n + BURST)) || break
done
took=$((SECONDS - began))
rm "$TMP/on"
wait $others
is "all came to the helper" "$(entry calls)" "$total"
diag "$total connections in $took s, $(wc -l <"$TMP/died") namespaces died, and as many replaces"
diag "$(router conntrack -S | tr '\n' ' ')"
is "every replace worked" "$(cat "$TMP/replaces")" ""
is "each kept connections as it died" "$(awk '$2 < 50' "$TMP/died")" ""
check "and some did" [ -s "$TMP/died" ]
is "only what raises failed" "$(field "$ROUTER" many '.entries[0] | [.errors | to_entries[] | select(.value > 0) | .key] | join(" ")')" runtime
is "and nothing else does" "$(entry last_error | head -n 1)" "(error object is a table value)"
client python3 "$HERE/udp.py" many 0 100 "$SERVER4" 7000 x
check "a hundred more" waits_for 10 eval '[ $(others | wc -l) -ge 50 ]'
is "all are marked" "$(others | grep -c ' mark=0 ')" 0
router conntrack -F 2>/dev/null
kept=$(field "$ROUTER" many .kept)
check "some are kept" [ "$kept" -gt 0 ]
is "no connection is left but these" "$(router conntrack -C)" "$kept"
is "no expectation is left" "$(expected)" 0
check "unload" ctl unload many
none_left() { [ "$(router conntrack -C)" = 0 ]; }
check "no connection is left" waits_for 10 none_left
router nft flush ruleset
check "the module goes" waits_for 20 rmmod nflua
finish
