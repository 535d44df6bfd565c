#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Memory that fails at every single allocation of a load, a replace, an unload
# and an eval, by the kernel's fault injection: each of them then fails as a
# whole or works as a whole, and nothing leaks.
#
#   FAULTS_NTH    allocations between two trials of "this one fails" (1)
#   FAULTS_STEP   bytes between two trials of "all fail from here on" (512)
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3 nsenter
debug=/sys/kernel/debug
if [ ! -w /proc/self/fail-nth ] || [ ! -w $debug/failslab/ignore-gfp-wait ]; then
	skip_all "the kernel has no fault injection (CONFIG_FAILSLAB)"
fi
namespace "$SERVER"
NTH=${FAULTS_NTH:-1}
STEP=${FAULTS_STEP:-512}
# What fails on purpose needs no report. One attribute a file, not all in each.
for f in "$debug"/fail*; do
	for setting in verbose=0 ignore-gfp-wait=0 ignore-gfp-highmem=0 min-order=0 cache-filter=0; do
		file=$f/${setting%=*}
		[ ! -w "$file" ] || echo "${setting#*=}" >"$file"
	done
done
at_exit "echo 0 >$debug/failslab/probability"

cat >"$TMP/one.lua" <<'L'
local netfilter = require("netfilter")
local ip = require("luapacket").ip
local nf = netfilter.new{ name = "one" }
local t = { ip"10.0.0.0/8", ip"fd00::/8", ("x"):rep(3000) }
nf:hook{ family = "inet", hook = "input", priority = 0, function(pkt) return nf.ACCEPT end }
nf:match(function(pkt) return #t == 3 end)
function f(pkt) return tostring(pkt) == "" end
print("loaded", #t)
L
sed 's/priority = 0/priority = 1/' "$TMP/one.lua" >"$TMP/two.lua"
size() { stat -c %s "$TMP/$1.lua"; }
# load NAME FILE, replace NAME FILE: as genl.py has them
load_of() { echo "1:1=$1,3=u32:$(size "$2"),4=u32:0,5=file:$TMP/$2.lua"; }
replace_of() { echo "2:1=$1,3=u32:$(size "$2"),4=u32:0,5=file:$TMP/$2.lua"; }
# Not by "ip netns exec", which would hide debugfs.
faults() { nsenter --net="/run/netns/$SERVER" python3 "$HERE/genl.py" faults "$@"; }

# kmemleak finds what nothing points to any more; a pointer that was left on
# some stack may hide it once, so that it takes more than one look.
leaks() {
	local _
	for _ in 1 2 3; do
		echo scan >$debug/kmemleak
	done
	grep -c '^unreferenced' $debug/kmemleak || true
}
[ ! -w $debug/kmemleak ] || echo clear >$debug/kmemleak

# trial WHAT REQUEST [UNDO]...: in both ways; some trials fail, and change
# nothing, and at last it works.
trial() {
	local what=$1 mode out
	shift
	for mode in nth:"$NTH" after:"$STEP"; do
		out=$(faults "$mode" "$@" 2>&1)
		if [[ $out =~ ^'ok at '.*(ENOMEM|EINVAL)= && $out != *changed=* ]]; then
			ok "$what, $mode: $out"
		else
			not_ok "$what, $mode" "$out"
		fi
	done
}
trial load "$(load_of s one)" 3:1=s
check "load" ctl load --name s "$TMP/one.lua"
trial replace "$(replace_of s two)" "$(replace_of s one)"
printf 'for i = 1, 20 do print(("x"):rep(500) .. i) end' >"$TMP/chunk.lua"
trial eval "10:1=s,5=file:$TMP/chunk.lua"
trial "load with a body that fails" "$(load_of other two)" 3:1=other
trial unload 3:1=s "$(load_of s one)"
is "it is as it was" "$(field "$SERVER" s '[.entries[].name] | join(", ")')" \
	"inet input 0, one, f"
check "unload" ctl unload s
if [ -w $debug/kmemleak ]; then
	is "nothing leaks" "$(leaks)" 0
else
	skip "nothing leaks" "the kernel has no kmemleak"
fi
finish
