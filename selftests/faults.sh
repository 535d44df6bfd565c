#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Memory that fails at every single allocation of a load, a replace, an unload
# and all else that is asked of a script or a map, and of the call of a packet,
# by the kernel's fault injection: each of them then fails as a whole or works
# as a whole, and nothing leaks.
#
# A load and a replace have thousands of allocations, each of which is tried by
# default:
#
#   FAULTS_NTH    allocations between two trials of "this one fails" (1)
#   FAULTS_STEP   bytes between two trials of "so many are left" (512)
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
local map = require("map")
local nf = netfilter.new{ name = "one" }
local t = { ip"10.0.0.0/8", ip"fd00::/8", ("x"):rep(3000) }
local words = map.open{ name = "words", key = "string", value = "string", size = 64, max = 8, evict = "lru" }
local seen = map.open{ name = "seen", key = "address", max = 8, ttl = 3600000 }
local n = 0
nf:hook{ family = "inet", hook = "output", priority = 0, function(pkt)
  local parts = {}
  n = n + 1
  for i = 1, 10 do parts[i] = ("%d:%s"):format(n + i, pkt.ip.dst) end
  words:set(parts[1], parts[2])
  words:set("last", table.concat(parts):sub(1, 64))
  seen:incr(pkt.ip.src, 1, 0)
  print(parts[3], words:get(parts[1]))
  return nf.ACCEPT
end }
nf:match(function(pkt) return #t == 3 end)
function f(pkt) return tostring(pkt) == "" end
print("loaded", #t)
L
sed 's/priority = 0/priority = 1/' "$TMP/one.lua" >"$TMP/two.lua"
cat >"$TMP/acts.lua" <<'L'
local luapacket = require("luapacket")
local conntrack = require("conntrack")
local nf = require("netfilter").new{ name = "acts" }
conntrack.use("accounting", "labels")
local note = luapacket.protocol{ name = "note", { "first", 8 }, { "rest", 32 } }
nf:extension{
  name = "faulty", options = { { name = "n", type = "u8", default = 3 }, { name = "of", type = "prefix", repeated = 4 } },
  checkentry = function(info) return info.n < 9 end,
  match = function(pkt, info) return info.n == 3 end,
}
nf:helper{ name = "faulty", proto = "udp", expect = { max = 4 }, function(pkt, ct)
  local e = ct:expect{ dport = 40000 + #pkt.payload }
  ct.data = "seen"
  pkt:mangle(1, 5, "longer than it was")
  return e and not e:cancel() and nf.DROP or nf.ACCEPT
end }
local kept, held
nf:hook{ family = "ipv4", hook = "output", priority = 0, function(pkt)
  local udp = pkt.udp
  if not udp or udp.dport ~= 4000 then return nf.ACCEPT end
  local ct, copy = pkt.ct, pkt:copy()
  -- what follows may fail, and leave them as they are
  if kept then kept:close() kept = nil end
  if held then held:close() held = nil end
  kept, held = ct and ct:keep(), copy and copy:copy_expand(64, 64)
  if ct then ct.mark = 7 ct:label(1, true) end
  if copy then
    copy.udp.dport = 4001
    if copy:linearize() and copy:put(8) and copy:trim(#copy - 8) then copy:send() else copy:close() end
  end
  if held then held:make_writable(#held) end
  pkt.ip.ttl = pkt.ip.ttl - 1
  local head = note(pkt.payload)
  return head and head.first == 0 and nf.DROP or nf.ACCEPT
end }
L
size() { stat -c %s "$TMP/$1.lua"; }
# load NAME FILE, replace NAME FILE: as genl.py has them, with as much time for
# a call as there can be: such a kernel is slow.
body() { echo "1=$1,3=u32:$(size "$2"),4=u32:0,19=u64:10000000,5=file:$TMP/$2.lua"; }
load_of() { echo "1:$(body "$@")"; }
replace_of() { echo "2:$(body "$@")"; }
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
# nothing, and at last it works. None need fail where few are tried: what a state
# could not have once, it asks for again when its garbage is gone.
trial() {
	local what=$1 mode fails modes="nth:1 after:512"
	shift
	case $1 in
	1:* | 2:*) modes="nth:$NTH after:$STEP" ;;
	esac
	for mode in $modes; do
		out=$(faults "$mode" "$@" 2>&1)
		fails='(ENOMEM|EINVAL|lost|policy)='
		[[ $mode =~ nth:1$ || $mode =~ after ]] || fails=
		if [[ $out =~ ^'ok at '.*$fails && ! $out =~ (changed|unheard)= ]]; then
			ok "$what, $mode: $out"
		else
			not_ok "$what, $mode" "$out"
		fi
		outs+=" $out"
	done
}
trial load "$(load_of s one)" 3:1=s
check "load" ctl load --budget 10ms --name s "$TMP/one.lua"
trial describe 4:1=s
trial limits 8:1=s,6=u64:4000000,20=u32:3 8:1=s,6=u64:16777216,20=u32:0
trial timing 11:1=s,22=u8:1 11:1=s,22=u8:0
printf 'for i = 1, 20 do print(("x"):rep(500) .. i) end' >"$TMP/chunk.lua"
trial eval "10:1=s,5=file:$TMP/chunk.lua"

# Each datagram that is sent was seen by the script: it answered, or it failed
# for want of memory, or of time, and the packet was accepted by its policy.
outs=
sent() { grep -oE '\bok=[0-9]+' <<<"$outs" | awk -F= '{ n += $2 } END { print n }'; }
trial "a packet's call" udp:4000
read -r calls accept memory time < <(field "$SERVER" s '.entries[0] |
	"\(.calls) \(.outcomes.accept) \(.errors.memory) \(.errors.time)"')
is "each was called once" "$calls" "$(sent)"
is "it answered, or had no memory or time" "$((accept + memory + time))" "$calls"
check "it had none at times" test "$memory" -gt 10
packet=$(python3 "$HERE/packets.py" - 02:00:00:00:00:01 02:00:00:00:00:02 <<<'ip4(udp(1, 2, b"x"))')
trial run "12:1=s,2=u8:3,5=hex:$packet"
trial "set of a new key" "15:1=words,12=new,16=value" 16:1=words,12=new
trial "set of an old key" "15:1=words,12=last,16=value"
trial "get of a key" 14:1=words,12=last
trial replace "$(replace_of s two)" "$(replace_of s one)"
trial "load of another that shares the maps" "$(load_of other two)" 3:1=other
trial unload 3:1=s "$(load_of s one)"
is "it is as it was" "$(field "$SERVER" s '[.entries[].name] | join(", ")')" \
	"inet output 0, one, f"
check "unload" ctl unload s
trial "load with a helper and an extension" "$(load_of acts acts)" 3:1=acts
ctl load --budget 10ms "$TMP/acts.lua"
server iptables -t raw -A OUTPUT -p udp --dport 4000 -j CT --helper faulty
trial "replace with a helper and an extension" "$(replace_of acts acts)"
trial "a packet's call that keeps, sends and expects" udp:4000
for kind in hook helper; do
	read -r calls memory other < <(field "$SERVER" acts ".entries[] | select(.kind == \"$kind\") |
		\"\(.calls) \(.errors.memory) \(.errors | del(.memory, .time) | add)\"")
	check "the $kind had no memory at times" test "$memory" -gt 3
	is "and no other error in $calls calls" "$other" 0
done
server iptables -t raw -F
ctl unload acts
is "no map is left" "$(ctl -j map list)" "[]"
if [ -w $debug/kmemleak ]; then
	is "nothing leaks" "$(leaks)" 0
else
	skip "nothing leaks" "the kernel has no kmemleak"
fi
finish
