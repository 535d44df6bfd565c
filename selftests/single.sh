#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Scripts with one packet state for all CPUs (nfluactl load --single).
# shellcheck disable=SC2317,SC2017 # called by waits_for; whole tens are meant
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
[ "$(nproc)" -ge 2 ] || skip_all "needs two CPUs"
topology
cd "$TMP" || exit 1
EACH=505

# Every tenth packet matches: of what one state sees, or each CPU's own.
cat >tenth.lua <<'L'
local n = 0
function tenth(pkt)
  n = n + 1
  return n % 10 == 0
end
L

# matches: how often, after $EACH packets from each of two CPUs at once
matches() {
	ON_CPU=0 udp "$CLIENT" 10.77.0.2 $EACH 4000 &
	ON_CPU=1 udp "$CLIENT" 10.77.0.2 $EACH 4000 &
	wait
	waits_for 20 all_came || true
	ctl -j show tenth | jq '.[0].entries[] | select(.name == "tenth") | .outcomes.match'
}
all_came() {
	[ "$(ctl -j show tenth | jq '.[0].calls')" -ge $((2 * EACH)) ]
}

for ipt in iptables-nft iptables-legacy; do
	if ! tables $ipt; then
		skip "$ipt" "no such tables here"
		continue
	fi
	ctl load --single tenth.lua
	is "$ipt: one packet state" "$(ctl -j show tenth | jq '.[0].states')" 1
	server $ipt -A INPUT -p udp --dport 4000 -m lua --script tenth --function tenth
	is "$ipt: it counts the packets of all CPUs" "$(matches)" $((2 * EACH / 10))
	is "$ipt: without errors" "$(ctl -j show tenth | jq '.[0].errors')" 0
	server $ipt -F
	waits_for 10 ctl unload tenth

	ctl load tenth.lua
	server $ipt -A INPUT -p udp --dport 4000 -m lua --script tenth --function tenth
	is "$ipt: else each CPU counts its own" "$(matches)" $((EACH / 10 * 2))
	server $ipt -F
	waits_for 10 ctl unload tenth
done

# Replaced, limited, and unloaded by force while both CPUs are in it.
ctl load --single tenth.lua
server iptables-nft -A INPUT -p udp --dport 4000 -m lua --script tenth --function tenth
ON_CPU=0 udp "$CLIENT" 10.77.0.2 3000 4000 &
flood=$!
ON_CPU=1 udp "$CLIENT" 10.77.0.2 3000 4000 &
times=0
while kill -0 $flood 2>/dev/null; do
	ctl replace --single tenth.lua || break
	ctl limits tenth --budget 2ms >/dev/null || break
	times=$((times + 1))
done
wait
check "replaced under traffic, $times times" [ "$times" -ge 3 ]
is "without errors" "$(ctl -j show tenth | jq '.[0].errors')" 0
is "and without a gap" "$(ctl -j show tenth | jq '.[0].calls')" 6000
check "unload by force" ctl unload --force tenth
server iptables-nft -F
finish
