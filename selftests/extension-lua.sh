#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# -m lua and -j LUA in the notation of iptables' own tests, and by iptables of
# 32 bits, whose programs are in I386_ROOT (/i386).
# Functions that others call look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=extensions/lib.sh source-path=SCRIPTDIR
. "$HERE/extensions/lib.sh"
ROOT=${I386_ROOT:-/i386}
need_module
need_extensions
topology

load rules <<'L'
local nf = require("netfilter").new{ name = "rules" }
nf:match(function() return true end)
nf:target(function() return nf.ACCEPT end)
function yes() return true end
function accept() return nf.ACCEPT end
L
for ipt in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do
	if ! tables $ipt; then
		skip "$ipt" "no such tables here"
		continue
	fi
	run_t "$HERE/extensions/lua.t" $ipt
	run_t "$HERE/extensions/LUA.t" $ipt
done

# --- 32 bits ---
if ! [ -f "$ROOT/usr/lib/i386-linux-gnu/xtables/libxt_lua.so" ] ||
	! chroot "$ROOT" /usr/sbin/iptables-nft -V >/dev/null 2>&1; then
	skip "32 bits" "no programs of 32 bits run here"
	finish
fi
mkdir -p "$ROOT/proc" "$ROOT/run"
mount --bind /proc "$ROOT/proc" && at_exit "umount $ROOT/proc"
server32() {
	local program=$1
	shift
	server env -u XTABLES_LIBDIR chroot "$ROOT" "/usr/sbin/$program" "$@"
}
cat >"$TMP/want" <<'T'
-A INPUT -p udp -m lua ! --script rules --function yes --on-error drop --payload --mask 0x80000000 --arg "a=x y" --arg "b=2" -j DROP
-A INPUT -m lua --script rules -j LUA --script rules --function accept --on-error accept --arg "a=1"
T
saved32() { server32 "$1-save" -t filter 2>/dev/null | grep '^-A'; }
for ipt in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do
	tables $ipt || continue
	while read -r rule; do
		check "32-bit $ipt $rule" eval "server32 $ipt $rule"
	done <"$TMP/want"
	is "32-bit $ipt: saved as given" "$(saved32 $ipt)" "$(cat "$TMP/want")"
	is "64-bit $ipt: reads the same" "$(saved_rules $ipt)" "$(cat "$TMP/want")"
	server $ipt-save -t filter >"$TMP/dump" 2>/dev/null
	check "32-bit $ipt: restore of what 64 bits saved" server32 $ipt-restore <"$TMP/dump"
	refused "32-bit $ipt: a bad value" 2 "lua: --on-error 'x' is not one of" \
		server32 $ipt -A INPUT -m lua --script rules --on-error x
	while read -r rule; do
		check "64-bit $ipt -C finds it" eval "server $ipt -C ${rule#-A }"
		check "32-bit $ipt -D" eval "server32 $ipt -D ${rule#-A }"
	done < <(tac "$TMP/want")
	is "32-bit $ipt: nothing is left" "$(saved_rules $ipt)" ""
done
finish
