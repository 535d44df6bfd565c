#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Frames that no honest sender makes (hostile.py), from a device, in one piece and
# in several: scripts answer, reject, steal, copy, send and rewrite them, at
# ingress and in IP's hooks. No call may fail, and the kernel be none the worse.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3 ethtool
namespace "$SERVER"
modprobe -q tun
[ -e /dev/net/tun ] || { mkdir -p /dev/net && mknod /dev/net/tun c 10 200; }
server ip tuntap add dev tap0 mode tap vnet_hdr || exit 1
server ethtool -K tap0 gro off >/dev/null
ip -n "$SERVER" link set tap0 address 02:00:00:00:00:02 up
ip -n "$SERVER" addr add 10.77.0.2/24 dev tap0
ip -n "$SERVER" addr add fd77::2/64 dev tap0 nodad
ip -n "$SERVER" neigh replace 10.77.0.1 dev tap0 lladdr 02:00:00:00:00:01 nud permanent
ip -n "$SERVER" neigh replace fd77::1 dev tap0 lladdr 02:00:00:00:00:01 nud permanent

load hostile --budget 10ms <<'L'
local nf = require("netfilter").new{}
-- true, or why not
local function says(ok, message, errno)
  assert(ok == true or ok == nil and type(message) == "string" and math.type(errno) == "integer", tostring(message))
end
local function sends(held, ...)
  assert(held)
  says(held:send(...))
end
local kinds = {
  "icmp-net-unreachable", "icmp-admin-prohibited", "icmp6-no-route", "icmp6-port-unreachable", "port-unreachable",
  "admin-prohibited", "tcp-reset",
}
local writable = {
  eth = "dst src type", vlan = "id pcp dei", arp = "op sha spa tha tpa",
  ip = "tos id df ttl checksum src dst", ip6 = "tclass flowlabel hoplimit src dst",
  tcp = "sport dport seq ack window checksum urgent", udp = "sport dport checksum", icmp = "type code id", icmp6 = "type code id",
  sctp = "sport dport vtag", gre = "checksum key seq",
}
local function rewrite(pkt)
  for layer, names in pairs(writable) do
    for name in names:gmatch("%S+") do
      local view = pkt[layer]
      local value = view and view[name]
      if math.type(value) then view[name] = value ~ 1 elseif value ~= nil then view[name] = value end
    end
  end
end
local acts = {
  function(pkt) says(pkt:reply("udp", "answer")) end,
  function(pkt) says(pkt:reply("tcp", "answer")) end,
  function(pkt) says(pkt:tcpreply("close", ("page "):rep(400))) end,
  function(pkt) says(pkt:tcpreply("reset")) end,
  function(pkt) says(pkt:tcpreply("")) end,
  function(pkt) says(pkt:reject()) end,
  function(pkt) says(pkt:reject(kinds[#pkt % #kinds + 1])) return nf.DROP end,
  function(pkt) sends(pkt:copy()) end,
  function(pkt) sends(pkt:copy(), "another payload") end,
  function(pkt) sends(pkt:clone()) return nf.DROP end,
  function(pkt) sends(pkt:copy_expand(100, 100), "") end,
  function(pkt) sends(pkt:steal()) return nf.STOLEN end,
  function(pkt) sends(pkt:steal(), "another payload") return nf.STOLEN end,
  rewrite,
  function(pkt) rewrite(pkt) says(pkt:reply("udp", "x")) says(pkt:reject()) sends(pkt:steal()) return nf.STOLEN end,
  function(pkt) says(pkt:checksum()) end,
  function(pkt) pkt:linearize() rewrite(pkt) end,
  function(pkt) pkt:make_writable(#pkt // 2) pkt:pull_tail(#pkt // 3) rewrite(pkt) end,
  function(pkt) pkt:put(#pkt % 50) rewrite(pkt) says(pkt:reject()) end,
  function(pkt) pkt:trim(#pkt // 2) rewrite(pkt) says(pkt:reply("udp", "x")) end,
  function(pkt) pkt:pull(#pkt // 3) says(pkt:tcpreply("x")) sends(pkt:copy()) end,
  function(pkt) pkt:push(#pkt % 60) says(pkt:reject()) sends(pkt:copy(), "x") end,
  function(pkt) pkt:pull(#pkt) says(pkt:reject()) sends(pkt:copy()) end,
  function(pkt) pkt:trim(0) pkt:put(30) sends(pkt:steal()) return nf.STOLEN end,
}
-- each act in its turn, for one of so many
local function hook(every)
  local n = 0
  return function(pkt)
    if pkt.iifname ~= "tap0" then return end
    n = n + 1
    if n % every == 0 then return acts[n // every % #acts + 1](pkt) end
  end
end
nf:hook{ family = "netdev", hook = "ingress", device = "tap0", priority = 1, hook(2) }
nf:hook{ family = "inet", hook = "prerouting", priority = -1, hook(2) }
nf:hook{ family = "inet", hook = "input", priority = -1, hook(1) }
nf:hook{ family = "arp", hook = "input", priority = -1, hook(1) }
L
# frames SPLIT SEED COUNT: sends them, and says how many the device took
cat >"$TMP/frames.py" <<'P'
import os, struct, sys
sys.path.insert(0, sys.argv[1])
import hostile, tap
split, seed, count = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
device = tap.open_tap("tap0")
taken = 0
for kind, data in hostile.packets(seed, count, hostile.LINK):
    frame, place = hostile.MACS + struct.pack("!H", kind) + data, None
    if split.endswith("partial") and kind in (0x0800, 0x86dd) and data:
        try:
            frame, place = tap.make_partial(frame)
        except (IndexError, struct.error):
            pass
    parts = tap.pieces(frame, split.split(",")[0])
    parts[0] = struct.pack("=BBHHHH", 1 if place else 0, 0, 0, 0, *(place or (0, 0))) + parts[0]
    try:
        os.writev(device, parts)
        taken += 1
    except OSError:
        pass
print(taken)
P
sum() { field "$SERVER" hostile "[.entries[] | $1] | add"; }
ran() { [ "$(field "$SERVER" hostile '.entries[] | select(.family == "netdev") | .calls')" -ge "$1" ]; }
seed=10 all=0
for split in whole 14 34 60 whole,partial 40,partial; do
	seed=$((seed + 1))
	taken=$(server taskset -c 0 python3 -B "$TMP/frames.py" "$HERE" "$split" $seed 2500)
	check "$split: nearly all frames are taken" [ "${taken:-0}" -gt 2300 ]
	all=$((all + taken))
	# a VLAN tag that is cut off is dropped in front of all hooks
	check "$split: and met" waits_for 10 ran $((all * 99 / 100))
	is "$split: no call failed" "$(sum '.errors | del(.verdict) | add')" 0
done
[ "$(sum '.errors | del(.verdict) | add')" = 0 ] || diag "$(field "$SERVER" hostile '.entries[].last_error // empty')"
for place in netdev:ingress inet:prerouting inet:input arp:input; do
	calls=$(field "$SERVER" hostile ".entries[] | select(.family == \"${place%:*}\" and .hook == \"${place#*:}\") | .calls")
	diag "$place: $calls calls"
	check "${place/:/ } met some" [ "$calls" -gt 10 ]
done
check "answers were sent" [ "$(field "$SERVER" hostile .sent)" -gt 500 ]
# what could not be sent is its script's until its time is over
held_none() { [ "$(field "$SERVER" hostile .held)" = 0 ]; }
check "nothing is held" waits_for 20 held_none
check "unload" ctl unload hostile
check "the namespace is well" server ping -c 1 -W 2 10.77.0.2
finish
