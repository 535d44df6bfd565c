#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The memory cgroup of who loads a script pays for it: for what loading takes,
# and for what packets of others make it allocate. At the cgroup's limit the
# script has memory errors, and nobody else has.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
root=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
if [ -z "$root" ] || ! grep -qw memory "$root/cgroup.controllers" 2>/dev/null; then
	skip_all "no memory controller of cgroup v2"
fi
# Before 6.1 what packets allocate is charged to nobody.
[ "$(uname -r | awk -F. '{ print $1 * 100 + $2 }')" -ge 601 ] ||
	skip_all "a module cannot charge another's cgroup before 6.1"
topology
echo +memory >"$root/cgroup.subtree_control" || skip_all "the controller cannot be used"
group=$root/nflua-$$
mkdir "$group" || exit 1
# What a dead cgroup was charged goes with the script.
at_exit "[ ! -d $group ] || rmdir $group"

# within COMMAND...: run in the cgroup
# shellcheck disable=SC2016
within() { bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@"; }
failed() { field "$SERVER" keeps .errors; }
charged() { awk '$1 == "kernel" { print int($2 / 1024) }' "$group/memory.stat"; }

# Each packet keeps 8 KiB for good: 4 KiB blocks, so that each is an
# allocation of its own. Port 4001 lets all of it go.
cat >"$TMP/keeps.lua" <<'L'
local kept, n = {}, 0
function keeps(pkt)
  if pkt.udp.dport == 4001 then kept, n = {}, 0 return true end
  for i = 1, 2 do
    n = n + 1
    kept[n] = ("x"):rep(4000) .. n
  end
  return true
end
L
before=$(charged)
check "load within the cgroup" within nfluactl -n "$SERVER" load --budget 10ms "$TMP/keeps.lua"
loaded=$(charged)
diag "charged: $before KiB before, $loaded KiB after the load"
check "the load was charged" [ $((loaded - before)) -ge 40 ]
load other <<<'function f(pkt) kept = kept or {} kept[#kept + 1] = ("y"):rep(1000) .. #kept return true end'
add_rules iptables filter <<T
-A INPUT -p udp -m lua --script keeps --function keeps
-A INPUT -p udp -m lua --script other --function f
T

# 320 packets of a process outside, from one CPU: 2.5 MiB
ON_CPU=0 udp "$CLIENT" "$SERVER4" 320 4000
check "packets met it" calls_become "$SERVER" keeps 320
now=$(charged)
diag "charged: $now KiB after 320 packets"
check "what packets allocated was charged" [ $((now - loaded)) -ge 2560 ]
check "and not much more" [ $((now - loaded)) -le 8192 ]
is "without an error" "$(failed)" 0

# No room any more: the state's own limit is far away.
cat "$group/memory.current" >"$group/memory.max"
ON_CPU=0 udp "$CLIENT" "$SERVER4" 320 4000
check "packets met it" calls_become "$SERVER" keeps 640
check "the cgroup's limit held" [ $(($(charged) - now)) -le 512 ]
errors=$(field "$SERVER" keeps '.entries[0].errors.memory')
diag "$errors memory errors"
check "calls that found no memory failed" [ "$errors" -ge 200 ]
is "in no other way" "$(failed)" "$errors"
is "other scripts go on" "$(field "$SERVER" other '"\(.calls) \(.errors)"')" "640 0"

# With room again it works again.
echo max >"$group/memory.max"
ON_CPU=0 udp "$CLIENT" "$SERVER4" 1 4001
ON_CPU=0 udp "$CLIENT" "$SERVER4" 10 4000
check "packets met it" calls_become "$SERVER" keeps 651
is "it works again" "$(failed)" "$errors"

# Whoever replaces it pays from then on.
check "replace from outside" ctl replace "$TMP/keeps.lua"
left() { [ "$(charged)" -le $((before + 32)) ]; }
check "the cgroup pays no longer" waits_for 20 left
server iptables -F
check "unload" ctl unload keeps
check "the cgroup goes" rmdir "$group"
finish
