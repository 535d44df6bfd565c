#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The name of a script as a match and a target of iptables: what nf:match and
# nf:target offer, without a declaration. Rules are those of -m lua and -j LUA.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=extensions/lib.sh source-path=SCRIPTDIR
. "$HERE/extensions/lib.sh"
need_module
need_extensions
topology

cat >"$TMP/plain.lua" <<'L'
local nf = require("netfilter").new{ name = "plain" }
nf:match(function(pkt, args) return #pkt.payload == (args and args.size or 4) + 0 end)
nf:target(function(pkt) return nf.DROP end)
function odd(pkt) return pkt.udp.sport % 2 == 1 end
L
echo 'require("netfilter").new():match(function() return true end)' >"$TMP/by-file.lua"
{
	echo 'local nf = require("netfilter").new{ name = "unseen" }'
	echo 'nf:match(function() return true end)'
	echo 'nf:extension{ name = "seen", match = function() return true end }'
} >"$TMP/both.lua"
install_extension "$TMP/plain.lua"
install_extension "$TOP/lua/examples/mymodule.lua"
install_extension "$TMP/by-file.lua"
cp "$TMP/plain.lua" "$TMP/other.name.lua"
refused "a file of another name is for a script of that" 0 "hint: rules with 'plain' .* --name plain .*other.name.lua" \
	nfluactl extension install "$TMP/other.name.lua"
is "its own name has no hint" "$(nfluactl extension install "$TMP/plain.lua" 2>&1)" ""
sed 's/{ name = "plain" }/()/' "$TMP/plain.lua" >"$TMP/other.name.lua"
refused "a dot is in no name of an extension" 2 "other.name" nfluactl extension install "$TMP/other.name.lua"
echo 'require("netfilter").new{ name = "by-file" }:target(function() end)' >"$TMP/by-file.lua"
check "what was a match is a target" nfluactl extension install "$TMP/by-file.lua"
echo 'require("netfilter").new():match(function() return true end) require("netfilter").new{ name = "verdicts" }' \
	>"$TMP/by-file.lua"
check "and the other way round" nfluactl extension install "$TMP/by-file.lua"
check "a declaration and a match" nfluactl extension install "$TMP/both.lua"
is "it is the declaration alone" "$(installed | tr ' ' '\n' | grep seen | sort | xargs)" \
	"extensions/seen.lua xtables/libxt_seen.so"
check "the same again" nfluactl extension install "$TMP/plain.lua"
is "list" "$(nfluactl -j extension list | jq -r '.[] | "\(.name) \(.kind) \(.size) \(.state)"' | sort)" \
	"$(printf '%s\n' "by-file match 408 installed" "mymodule match 408 installed" \
		"plain match and target 408 installed" "seen match 120 installed")"
echo 'require("netfilter").new{ name = "seen" }:match(function() return true end)' >"$TMP/seen.lua"
refused "no declaration where there was one" 2 "the installed one is declared by nf:extension, this one is not" \
	nfluactl extension install "$TMP/seen.lua"
echo 'require("netfilter").new():extension{ name = "by-file", match = function() return true end }' >"$TMP/declared.lua"
refused "and one where there was none" 2 "this one is declared by nf:extension, the installed one is not" \
	nfluactl extension install "$TMP/declared.lua"
cat >"$TMP/tcp.lua" <<'L'
require("netfilter").new{ name = "tcp" }:match(function() return true end)
L
refused "a name of iptables' own" 2 "cannot install 'tcp'" nfluactl extension install "$TMP/tcp.lua"

cat >"$TMP/plain.t" <<'T'
:INPUT,FORWARD,OUTPUT
-m plain;-m lua --script plain;OK
-m lua --script plain;=;OK
-j plain;-j LUA --script plain;OK
-m plain -j plain;-m lua --script plain -j LUA --script plain;OK
-m plain --on-error drop;-m lua --script plain --on-error drop;OK
-m plain --on-error accept;;FAIL
-j plain --on-error accept;-j LUA --script plain --on-error accept;OK
-j plain --on-error nomatch;;FAIL
-m plain --payload --arg size=9;-m lua --script plain --payload --arg "size=9";OK
-m plain --function odd;-m lua --script plain --function odd;OK
-m plain --mask 0x10;-m lua --script plain --mask 0x10;OK
-m plain --script other;;FAIL
-m plain --nonsense;;FAIL
-m mymodule -j DROP;-m lua --script mymodule -j DROP;OK
-m by-file;-m lua --script by-file;OK
T
for ipt in iptables-legacy ip6tables-legacy iptables-nft ip6tables-nft; do
	if ! tables "$ipt"; then
		skip "$ipt" "no such tables here"
		continue
	fi
	run_t "$TMP/plain.t" "$ipt"
	server "$ipt" -A INPUT -m plain -j plain
	check "$ipt: a rule is found by the other name" server "$ipt" -C INPUT -m lua --script plain -j LUA --script plain
	server "$ipt-save" -t filter >"$TMP/saved"
	server "$ipt" -F INPUT
	check "$ipt: and restored" server "$ipt-restore" "$TMP/saved"
	check "$ipt: and deleted by its own" server "$ipt" -D INPUT -m plain -j plain
	is "$ipt: says nothing" "$(server "$ipt" -A INPUT -m plain -j plain 2>&1)" ""
	server "$ipt" -F INPUT
	server "$ipt" -m plain -h >"$TMP/help" 2>&1
	check "$ipt: help" grep -q "the same as -m lua --script plain" "$TMP/help"
	check "$ipt: with the options" grep -q -- "--on-error what .*: nomatch, match, drop" "$TMP/help"
	server "$ipt" -j plain -h >"$TMP/help" 2>&1
	check "$ipt: help of the target" grep -q -- "--on-error what .*: continue, accept, drop" "$TMP/help"

	# of 5 datagrams of 5 bytes and 2 of 4, those of 5 go; the rule counts them
	address=$SERVER4
	[[ $ipt != ip6* ]] || address=$SERVER6
	server "$ipt" -A INPUT -p udp --dport 6000 -m plain --arg size=5 -j plain
	server "$ipt" -A INPUT -p udp --dport 6000 -j ACCEPT
	before=$(field "$SERVER" plain '.entries[] | select(.kind == "target") | .calls')
	client python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
for size in 4, 5, 5, 4, 5, 5, 5:
    s.sendto(b"x" * size, (sys.argv[1], 6000))' "$address"
	counted() { read_rules "$ipt" filter && [ "${RULES[6000]}" = "5 2" ]; }
	check "$ipt: the match decides, and the target takes" waits_for 10 counted
	after=$(field "$SERVER" plain '.entries[] | select(.kind == "target") | .calls')
	is "$ipt: the target was called" "$((after - before))" 5
	server "$ipt" -F INPUT
done
ipt=iptables-nft
tables "$ipt" || ipt=iptables-legacy
check "unload" nfluactl -n "$SERVER" unload plain
refused "a script that is not there" any "lua|No such" server "$ipt" -A INPUT -m plain
check "a load" nfluactl -n "$SERVER" load "$TMP/plain.lua"
check "and a rule of it" server "$ipt" -A INPUT -m plain
server "$ipt" -F INPUT

# rules of a declaration, under a name that is a script's now
check "load with a declaration" nfluactl -n "$SERVER" load "$TMP/both.lua"
check "a rule of a declared one" server "$ipt" -A INPUT -m seen
nfluactl extension remove seen
check "the name is a script's now" nfluactl extension install "$TMP/seen.lua"
is "the rule is listed as another's" "$(server "$ipt" -L INPUT -n 2>&1 | grep -c 'seen \[of another declaration')" 1
refused "and not saved" any "seen: a rule is of another declaration" server "$ipt-save" -t filter
server "$ipt" -F INPUT
if command -v iptables-translate >/dev/null; then
	server iptables-translate -A INPUT -m plain -j DROP >"$TMP/translated" 2>&1
	check "iptables-translate has a sentence" grep -q "nft has no expression for 'plain'" "$TMP/translated"
fi
for name in plain mymodule by-file seen; do
	check "$name is removed" nfluactl extension remove "$name"
done
is "nothing is left" "$(installed)" ""
finish
