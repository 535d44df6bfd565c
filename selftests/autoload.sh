#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The module comes by itself when iptables or nfluactl ask for it, stays while
# rules refer to scripts, and goes cleanly otherwise, also under traffic.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command modprobe rmmod
topology
loaded() { [ -d /sys/module/nflua ]; }
gone() { ! loaded; }
unload_module() { waits_for 10 rmmod nflua && gone; }

# Another test, or the host's owner, may use it.
rmmod nflua 2>/dev/null || skip_all "the module is in use"

check "nfluactl list loads the module" nfluactl list
check "it is there" loaded
check "rmmod" unload_module
echo 'return' >"$TMP/empty.lua"
check "nfluactl load loads it" ctl load "$TMP/empty.lua"
check "rmmod with a script" unload_module
is "the script is gone" "$(ctl -j list)" "[]"
check "rmmod" unload_module

for ipt in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do
	if ! tables $ipt; then
		skip "$ipt loads the module" "no such tables here"
		continue
	fi
	for rule in "-m lua --script none" "-j LUA --script none"; do
		# shellcheck disable=SC2086
		refused "$ipt $rule: no such script" any . server $ipt -A INPUT $rule
		check "$ipt $rule: the module is there" loaded
		waits_for 10 rmmod nflua
		check "rmmod" gone
	done
done

for ipt in iptables-legacy iptables-nft; do
	tables $ipt || continue
	load held <<<'function f() return true end'
	server $ipt -A INPUT -p udp --dport 4000 -m lua --script held --function f -j DROP
	refused "$ipt: rmmod while a rule refers" any 'in use' rmmod nflua
	server $ipt -F INPUT
	check "$ipt: rmmod without the rule" unload_module
done

# Rules of a namespace that dies.
for ipt in iptables-legacy iptables-nft; do
	tables $ipt || continue
	namespace dies-$$
	SCRIPT_NS=dies-$$ load held <<<'function f() return true end'
	in_ns dies-$$ $ipt -A INPUT -m lua --script held --function f
	refused "$ipt: rmmod while another namespace's rule refers" any 'in use' rmmod nflua
	ip netns del dies-$$
	check "$ipt: rmmod when the namespace is dead" unload_module
done

# Hooks pin nothing: rmmod pulls them out of the traffic.
cat >"$TMP/hooks.lua" <<'L'
local nf = require("netfilter").new{}
for _, hook in ipairs{ "prerouting", "input", "output", "postrouting" } do
  nf:hook{ family = "inet", hook = hook, priority = "filter", function(pkt)
    local n = 0
    for i = 1, 50 do n = n + pkt:u8(i % 20) end
    return n < 0 and nf.DROP or nf.ACCEPT
  end }
end
L
touch "$TMP/on"
for dst in "$SERVER4" "$SERVER6"; do
	# shellcheck disable=SC2016
	client bash -c 'while [ -e "$1" ]; do printf x >"/dev/udp/$2/5000"; done' bash "$TMP/on" $dst 2>/dev/null &
done
failed=0
for i in {1..10}; do
	ctl load --name "hooks$i" "$TMP/hooks.lua" >/dev/null || failed=$((failed + 1))
	nfluactl -n "$CLIENT" load "$TMP/hooks.lua" || failed=$((failed + 1))
	has_seen() { [[ $(ctl -j show "hooks$i") != *'"calls":0,"errors":0,"entries"'* ]]; }
	waits_for 10 has_seen || failed=$((failed + 1))
	if [ "$i" = 10 ]; then
		is "no errors in the traffic" "$(field "$SERVER" "hooks$i" '[.entries[].errors[]] | add')" 0
	fi
	rmmod nflua || failed=$((failed + 1))
done
rm "$TMP/on"
wait
is "10 times loaded and removed under traffic" $failed 0
check "traffic flows on" client ping -c 2 -i 0.2 -W 5 "$SERVER4"

# Two at once.
for i in {1..10}; do
	nfluactl -n "$CLIENT" list >/dev/null 2>&1 &
	ctl list >/dev/null 2>&1 &
	rmmod nflua 2>/dev/null
done
wait
check "loads and removals at once" nfluactl list
finish
