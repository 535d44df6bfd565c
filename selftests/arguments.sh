#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What rules with -m lua and -j LUA say beside the function: --arg, which it
# gets as a table, and --payload and --mask, which leave out packets before Lua
# is entered.
# Functions that others call look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
topology

cat >"$TMP/args.lua" <<'T'
local netfilter = require("netfilter")
local nf = netfilter.new()
local seen = require("map").open{ name = "args", key = "string", value = "string", max = 100 }
function tell(pkt, info)
  for key, value in pairs(info or { none = 1 }) do seen:set(key, math.type(value) or type(value)) end
  return info and info.port == pkt.udp.dport
end
function told(pkt, info) return tell(pkt, info) and nf.DROP or nil end
function calls() return true end
nf:match(calls)
T
check "a script" nfluactl -n "$SERVER" load "$TMP/args.lua"
seen() { nfluactl -n "$SERVER" map get args "$1" 2>/dev/null | cut -f 2-; }
calls() { field "$SERVER" args '.entries[] | select(.kind == "match") | .calls'; }
# hits N: packets that the Nth rule of INPUT has met, in numbers
hits() { server "$ipt" -nvxL INPUT "$1" | awk '{ print $1 }'; }
saved() { server "$ipt-save" -t filter 2>/dev/null | grep '^-A'; }

for ipt in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do
	if ! tables $ipt; then
		skip "$ipt" "no such tables here"
		continue
	fi
	to=$SERVER4
	[[ $ipt != ip6* ]] || to=$SERVER6
	rule="-m lua --script args --function tell"

	# --- --arg ---
	# shellcheck disable=SC2086
	check "$ipt: arguments" server "$ipt" -A INPUT -p udp $rule --arg port=4001 --arg "text=a b" \
		--arg padded=010 --arg empty= --arg big=9223372036854775808 -j DROP
	is "$ipt: saved" "$(saved)" \
		"-A INPUT -p udp $rule --arg \"port=4001\" --arg \"text=a b\" --arg \"padded=010\" --arg \"empty=\" --arg \"big=9223372036854775808\" -j DROP"
	# shellcheck disable=SC2086
	check "$ipt: found again" server "$ipt" -C INPUT -p udp $rule --arg port=4001 \
		--arg "text=a b" --arg padded=010 --arg empty= --arg big=9223372036854775808 -j DROP
	udp "$CLIENT" $to 2 4001 4002
	is "$ipt: the function compares one" "$(hits 1)" 2
	is "$ipt: a number is an integer, all else a string" \
		"$(seen port) $(seen text) $(seen padded) $(seen empty) $(seen big)" \
		"integer string string string string"
	server "$ipt" -F INPUT
	check "$ipt: of a target" server "$ipt" -A INPUT -p udp -j LUA --script args --function told --arg port=4003
	check "$ipt: behind it" server "$ipt" -A INPUT -p udp -j ACCEPT
	udp "$CLIENT" $to 2 4003 4004
	is "$ipt: the target got them" "$(hits 2)" 2
	server "$ipt" -F INPUT
	# shellcheck disable=SC2086
	server "$ipt" -A INPUT -p udp $rule
	udp "$CLIENT" $to 1 4005
	is "$ipt: without any the function gets nothing" "$(seen none)" integer
	server "$ipt" -F INPUT
	nfluactl -n "$SERVER" map delete args none
	refused "$ipt: no key" 2 "--arg '=x' is no key=value" server "$ipt" -A INPUT -m lua --script args --arg =x
	refused "$ipt: no value" 2 "--arg 'x' is no key=value" server "$ipt" -A INPUT -m lua --script args --arg x
	refused "$ipt: a digit first" 2 "--arg '1x=2' is no key=value" \
		server "$ipt" -A INPUT -m lua --script args --arg 1x=2
	refused "$ipt: one key twice" 2 "--arg 'x' is there twice" \
		server "$ipt" -A INPUT -m lua --script args --arg x=1 --arg x=2
	refused "$ipt: too much" 2 "all --arg together have room for 256 bytes" \
		server "$ipt" -A INPUT -m lua --script args --arg "x=$(printf '%0254d' 0)"
	check "$ipt: just not too much" server "$ipt" -A INPUT -m lua --script args --arg "x=$(printf '%0253d' 0)"
	server "$ipt" -F INPUT

	# --- --payload ---
	check "$ipt: --payload" server "$ipt" -A INPUT -m lua --script args --payload -j ACCEPT
	is "$ipt: --payload is saved" "$(saved)" "-A INPUT -m lua --script args --payload -j ACCEPT"
	before=$(calls)
	udp "$CLIENT" $to 3 4000
	client ping -c 2 -i 0.2 -W 1 $to >/dev/null
	client python3 -c "
import socket
s = socket.socket(socket.AF_INET6 if ':' in '$to' else socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b'', ('$to', 4000))"
	client bash -c "</dev/tcp/$to/9" 2>/dev/null
	is "$ipt: UDP with payload, but none without, no ICMP and no SYN" "$(($(calls) - before))" 3
	is "$ipt: nor do they match" "$(hits 1)" 3
	server "$ipt" -F INPUT
	server "$ipt" -F INPUT

	# --- --mask ---
	check "$ipt: --mask" server "$ipt" -A INPUT -p udp -m lua --script args --mask 6 -j ACCEPT
	is "$ipt: --mask is saved" "$(saved)" "-A INPUT -p udp -m lua --script args --mask 0x6 -j ACCEPT"
	refused "$ipt: --mask 0" 2 "--mask 0 would leave out everything" \
		server "$ipt" -A INPUT -m lua --script args --mask 0
	refused "$ipt: --mask is a number of 32 bits" 2 mask server "$ipt" -A INPUT -m lua --script args --mask 0x100000000
	before=$(calls)
	udp "$CLIENT" $to 1 4000
	is "$ipt: all bits are set at first" "$(($(calls) - before))" 1
	is "$ipt: the mask is set" "$(nfluactl -n "$SERVER" eval args 'require("netfilter").mask(9)')" 4294967295
	udp "$CLIENT" $to 2 4000
	is "$ipt: no common bit" "$(($(calls) - before))" 1
	is "$ipt: and read" "$(nfluactl -n "$SERVER" eval args 'require("netfilter").mask(0xfffffffd)')" 9
	udp "$CLIENT" $to 2 4000
	is "$ipt: one common bit" "$(($(calls) - before))" 3
	nfluactl -n "$SERVER" eval args 'require("netfilter").mask(0xffffffff)' >/dev/null
	server "$ipt" -F INPUT
	check "$ipt: of a target" server "$ipt" -A INPUT -p udp -j LUA --script args --function told --mask 1 --payload
	is "$ipt: saved of a target" "$(saved)" "-A INPUT -p udp -j LUA --script args --function told --payload --mask 0x1"
	server "$ipt" -F INPUT
done

refused "a mask has 32 bits" any "a mask has 32 bits" \
	nfluactl -n "$SERVER" eval args 'require("netfilter").mask(1 << 32)'
{
	cat "$TMP/args.lua"
	echo 'netfilter.mask(0)'
} >"$TMP/zero.lua"
check "a body sets it" nfluactl -n "$SERVER" replace --name args "$TMP/zero.lua"
is "for all states" "$(nfluactl -n "$SERVER" eval args 'require("netfilter").mask()')" 0
finish
