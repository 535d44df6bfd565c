#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# nfluactl eval: chunks in a script's control state.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
EXACT=1 need_module
topology
cd "$TMP" || exit 1

cat >s.lua <<'L'
local secret = 41
calls = 0
function f(pkt) calls = calls + 1 return true end
function get() return secret end
print("body")
L
ctl load s.lua >/dev/null

# says WHAT WANTED CHUNK
says() { is "$1" "$(ctl eval s "$3" 2>&1)" "$2"; }

says "an expression" 42 'get() + 1'
says "several values" "$(printf '1\tx\tnil')" '1, "x", nil'
says "a chunk prints" "$(printf '1\n2')" 'for i = 1, 2 do print(i) end'
says "a chunk that returns" "$(printf 'p\n3')" 'print("p") return 3'
says "nothing" "" 'local x = 1'
says "a global stays" "" 'answer = 42'
says "and is there the next time" 42 answer
is "from standard input" "$(echo 'return answer - 1' | ctl eval s -)" 41
is "as JSON" "$(ctl -j eval s answer | jq -r '.name + ":" + .output')" "s:42"

refused "syntax error" 2 '^eval:1: syntax error near .x' ctl eval s 'x x'
refused "runtime error" 2 '^eval:2: boom' ctl eval s "$(printf '\nerror("boom")')"
refused "what it printed before is shown" 2 '^before' ctl eval s 'print("before") error("x")'
refused "with its NULs" 2 '^a.x00b$' ctl eval s 'print("a\0b") error("x")'
refused "bytecode" 2 'binary chunk' ctl eval s "$(printf '\033Lua')"
refused "too long" 2 'ran longer than 5000 ms' ctl eval s 'while true do pcall(function() while true do end end) end'
refused "too much memory" 2 'not enough memory' ctl eval s 'string.rep("x", 1 << 30)'
refused "no registration" 2 'only while the script is loaded' \
	ctl eval s 'require("netfilter").new{}:match(print)'
refused "of a hook, either" 2 'only while the script is loaded' \
	ctl eval s 'require("netfilter").new{}:hook{ family = "ipv4", hook = "input", priority = 0, function() end }'
refused "nor of a helper" 2 'only while the script is loaded' \
	ctl eval s 'require("netfilter").new{}:helper{ name = "late-lua", proto = "udp", function() end }'
refused "no such script" 2 'no script of this name is loaded' ctl eval none 1
refused "too large" 2 'the chunk has [0-9]+ bytes' ctl eval s "$(printf '%40000s' 1)"
refused "without the capability" 2 'capability|permitted|CAP_NET_ADMIN' \
	in_ns "$SERVER" capsh --drop=cap_net_admin -- -c 'nfluactl eval s 1'
printed() { ctl eval s "print(('x'):rep($1 - 1))" | wc -c; }
is "an output that fits" "$(printed 8191 2>&1)" 8191
is "one that does not" "$(printed 8193 2>err)" 8192
is "is told to be cut" "$(cat err)" "nfluactl: what the script printed is cut after 8192 bytes"
is "also when more lines follow" \
	"$(ctl eval s 'for i = 1, 3000 do print(i) end' 2>&1 >/dev/null)" "$(cat err)"
is "that is no failure" "$(ctl -j eval s '("x"):rep(10000)' 2>/dev/null | jq '.output | length')" 8192
refused "and one is a failure still" 2 '^eval:1: y$' ctl eval s 'print(("x"):rep(9000)) error("y")'
refused "that tells it, too" 2 'cut after 8192' ctl eval s 'print(("x"):rep(9000)) error("y")'
says "the state is well after all that" 42 'get() + 1'

# A packet's states are others than the control state.
in_ns "$SERVER" iptables-nft -A INPUT -p udp --dport 4000 -m lua --script s --function f
udp "$CLIENT" 10.77.0.2 3 4000
is "packets are counted elsewhere" "$(ctl eval s calls)" 0
is "and met the script" "$(ctl -j show s | jq '[.[].entries[] | select(.name == "f") | .calls] | add')" 3
in_ns "$SERVER" iptables-nft -F
ctl replace s.lua >/dev/null
says "a replace makes a new control state" nil answer
check "unload" ctl unload s
finish
