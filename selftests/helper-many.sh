#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Many connections with a helper, made and destroyed, while the script is replaced,
# connections are flushed, and namespaces die. NFLUA_CONNECTIONS says how many;
# 10000 by default.
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

cat >"$TMP/many.lua" <<'L'
local nf = require("netfilter").new{}
local n = 0
nf:helper{ name = "many-lua", proto = "udp", expect = { max = 2 }, function(pkt, ct)
  n = n + 1
  local e = ct:expect{ dport = 1024 + n % 60000, permanent = n % 2 == 0 }
  ct.data = "x"
  ct.mark = n
  if n % 3 == 0 and e then e:cancel() end
  if n % 7 == 0 then pkt:mangle(1, 0, "longer") end
  if n % 100 == 0 then error({}) end
end }
L
check "it loads" ctl load --budget 10ms "$TMP/many.lua"
firewall udp 7000 many-lua snat
calls() { field "$ROUTER" many '.entries[0].calls'; }
has_all() { [ "$(calls)" -ge "$total" ]; }

(for _ in {1..20}; do
	ctl replace "$TMP/many.lua" || echo failed
	router conntrack -F 2>/dev/null
	ip netns add dying-$$
	ip netns exec dying-$$ bash -c '
		ip link set lo up
		nfluactl load "$1" && nft -f "$2"
		for ((i = 0; i < 20; i++)); do printf x >/dev/udp/127.0.0.1/7000; done' bash "$TMP/many.lua" "$TMP/rules" >/dev/null 2>&1
	ip netns del dying-$$
done >"$TMP/replaces") &
others=$!
cat >"$TMP/rules" <<'N'
table inet fw {
	ct helper it { type "many-lua" protocol udp; l3proto inet; }
	chain out {
		type filter hook output priority filter
		udp dport 7000 ct helper set "it"
	}
}
N
client python3 "$HERE/udp.py" many "$total" "$SERVER4" 7000 x
wait $others
check "all came to the helper" waits_for 30 has_all
is "every replace worked" "$(cat "$TMP/replaces")" ""
is "only what raises failed" "$(field "$ROUTER" many '.entries[0] | [.errors | to_entries[] | select(.value > 0) | .key] | join(" ")')" runtime
router conntrack -F 2>/dev/null
is "no connection is left" "$(router conntrack -C)" 0
is "no expectation is left" "$(expected)" 0
check "unload" ctl unload many
router nft flush ruleset
check "the module goes" waits_for 20 rmmod nflua
finish
