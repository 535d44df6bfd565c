#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Names of helpers, which the whole kernel shares: other modules' are refused, one
# registration serves all scripts and namespaces that have it, and there is an end.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=router.sh source-path=SCRIPTDIR
. "$(dirname "$0")/router.sh"
need_command conntrack nft python3 unshare iptables ip6tables
# Names are counted from when the module comes.
fresh() { ! grep -q '^nflua ' /proc/modules || rmmod nflua; }
waits_for 20 fresh
need_module
router_topology

# names FAMILY NAME...: a script with helpers of these names
names() {
	local name
	echo 'local nf = require("netfilter").new{}'
	for name in "${@:2}"; do
		echo "nf:helper{ name = '$name', proto = 'udp', family = '$1', function(pkt) return nf.ACCEPT end }"
	done
}

# --- one that another module has: nfnetlink_cthelper's, which user space makes ---
cat >"$TMP/cthelper.py" <<'P'
"""
new NAME FAMILY, del NAME: a helper in user space, for UDP.
"""
import os
import socket
import struct
import sys


def attr(kind, data):
    return struct.pack("HH", len(data) + 4, kind) + data + bytes(-len(data) % 4)


def nest(kind, *inner):
    return attr(kind | 0x8000, b"".join(inner))


name = attr(1, sys.argv[2].encode() + b"\0")
if sys.argv[1] == "new":
    kind, flags = 0, 0x605
    family = {"ipv4": 2, "ipv6": 10}[sys.argv[3]]
    body = name + nest(2, attr(1, struct.pack("!H", family)), attr(2, b"\x11"))
    body += attr(3, struct.pack("!I", 7)) + attr(5, struct.pack("!I", 0))
    policy = attr(1, b"user\0"), attr(2, struct.pack("!I", 1)), attr(3, struct.pack("!I", 60))
    body += nest(4, attr(1, struct.pack("!I", 1)), nest(2, *policy))
else:
    kind, flags, body = 2, 5, name
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
s.send(struct.pack("IHHII", 20 + len(body), 9 << 8 | kind, flags, 1, 0) + struct.pack("BBH", 0, 0, 0) + body)
error = -struct.unpack_from("i", s.recv(8192), 16)[0]
if error:
    sys.exit(os.strerror(error))
P
# Such a helper is of the namespace of whoever makes it, in the kernel all the same.
theirs() { router python3 "$TMP/cthelper.py" "$@"; }
if modprobe nfnetlink_cthelper 2>/dev/null; then
	check "a helper in user space" theirs new user-lua ipv4
	names ipv4 user-lua >"$TMP/user.lua"
	refused "its name is refused" 2 "another module of the kernel has a helper 'user-lua'; give this one another name" ctl load "$TMP/user.lua"
	names ipv6 user-lua >"$TMP/user6.lua"
	refused "for the other family, too" 2 "another module of the kernel has a helper 'user-lua'" ctl load "$TMP/user6.lua"
	refused "in another namespace as well" 2 "another module of the kernel has a helper 'user-lua'" nfluactl -n "$CLIENT" load "$TMP/user.lua"
	refused "a script that was loaded does not get it" 2 "another module of the kernel" \
		bash -c "nfluactl -n $ROUTER load --name old <(echo 'local x') && nfluactl -n $ROUTER replace --name old $TMP/user.lua"
	is "and is as it was" "$(ctl -j show old | jq '.[0].entries | length')" 0
	check "unload it" ctl unload old
	check "the helper goes" theirs del user-lua
	check "then the name is free" ctl load "$TMP/user.lua"
	refused "and user space cannot have it" any "exists|busy" theirs new user-lua ipv4
	check "a rule finds the script's" router iptables -t raw -A OUTPUT -p udp --dport 9 -j CT --helper user-lua
	router iptables -t raw -F
	check "unload" ctl unload user
else
	skip "helpers of other modules" "this kernel has no nfnetlink_cthelper"
fi

# --- the same from several scripts: one registration ---
names ipv4 same-lua >"$TMP/same.lua"
check "one namespace" ctl load "$TMP/same.lua"
check "another" nfluactl -n "$CLIENT" load "$TMP/same.lua"
check "a third" nfluactl -n "$SERVER" load "$TMP/same.lua"
names inet same-lua >"$TMP/both.lua"
refused "not twice in one" 2 "script 'same' of this namespace has a helper 'same-lua' already" ctl load "$TMP/both.lua"
names ipv6 same-lua >"$TMP/six.lua"
check "but of the other family" ctl load "$TMP/six.lua"
check "one is unloaded" nfluactl -n "$CLIENT" unload same
check "the others have it" router iptables -t raw -A OUTPUT -p udp --dport 9 -j CT --helper same-lua
check "of both families" router ip6tables -t raw -A OUTPUT -p udp --dport 9 -j CT --helper same-lua
router iptables -t raw -F
router ip6tables -t raw -F

# --- a user's own namespace ---
parameter=/sys/module/nflua/parameters/unprivileged_netns
at_exit "[ ! -e $parameter ] || echo $(cat $parameter) >$parameter"
echo 1 >$parameter
names ipv4 user-ns-lua >"$TMP/ns.lua"
refused "root of another user namespace cannot bring one" 2 \
	"the whole kernel would get a helper: one of its name must be loaded in the initial user namespace first" unshare -Urn nfluactl load "$TMP/ns.lua"
check "what the initial one has" ctl load "$TMP/ns.lua"
check "it may have" unshare -Urn nfluactl load "$TMP/ns.lua"
check "unload it" ctl unload ns
check "and then still" unshare -Urn nfluactl load "$TMP/ns.lua"

# --- there is an end ---
# What was registered until here: user-lua, same-lua of two families, user-ns-lua.
many() { names ipv4 $(seq -f "$1-%g" "$2") >"$TMP/many.lua"; }
n=$([ -e "$TMP/user.lua" ] && echo 4 || echo 3)
for ((i = 0; n + 100 <= 256; i++, n += 100)); do
	many many$i 100
	check "a hundred names more" ctl load "$TMP/many.lua"
	ctl unload many
done
many last $((256 - n))
check "and $((256 - n))" ctl load "$TMP/many.lua"
names ipv4 one-more >"$TMP/more.lua"
refused "one more is too many" 2 "256 helpers of scripts have been registered since nflua was loaded, which is the most" ctl load "$TMP/more.lua"
check "unload" ctl unload many
refused "also when nobody uses them" 2 "256 helpers of scripts have been registered" ctl load "$TMP/more.lua"
many many0 100
check "the names that there are can be had again" ctl load "$TMP/many.lua"
check "by rules, too" router iptables -t raw -A OUTPUT -p udp --dport 9 -j CT --helper many0-100
router iptables -t raw -F
for script in many same six; do ctl unload $script; done
check "the module goes" waits_for 20 rmmod nflua
refused "and all names with it" any . router iptables -t raw -A OUTPUT -p udp --dport 9 -j CT --helper many0-100
ctl list
check "then there is room again" ctl load "$TMP/more.lua"
finish
