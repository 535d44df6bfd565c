#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# iptables of 32 bits on a kernel of 64: the same rules, laid out the same.
# I386_ROOT (/i386) has its programs, and the object built for them.
# Functions that others call look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=extensions/lib.sh source-path=SCRIPTDIR
. "$HERE/extensions/lib.sh"
ROOT=${I386_ROOT:-/i386}
need_module
need_extensions
[ -x "$ROOT/usr/sbin/xtables-nft-multi" ] || skip_all "there are no 32-bit programs in $ROOT"
chroot "$ROOT" /usr/sbin/iptables-nft -V >/dev/null 2>"$TMP/err" ||
	skip_all "32-bit programs do not run here: $(head -n 1 "$TMP/err")"
topology

# Both kinds of program see the same directory, by the same name.
mkdir -p "$ROOT$TMP" "$ROOT/proc" "$ROOT/run"
mount --bind "$TMP" "$ROOT$TMP" && at_exit "umount $ROOT$TMP"
mount --bind /proc "$ROOT/proc" && at_exit "umount $ROOT/proc"
OBJECTS32=$TMP/xtables32
SYSTEM32=/usr/lib/i386-linux-gnu/xtables
install_extension "$HERE/extensions/types.lua"
check "the object for 32 bits" nfluactl extension install --libdir "$OBJECTS32" \
	--object "$ROOT/usr/local/lib/nflua/nflua-extension.so" "$HERE/extensions/types.lua"
is "which is one" "$(od -An -tu1 -j4 -N1 "$OBJECTS32/libxt_types.so" | tr -d ' ')" 1

# server32 IPTABLES ARGS...
server32() {
	local program=$1
	shift
	server env XTABLES_LIBDIR="$OBJECTS32:$SYSTEM32" chroot "$ROOT" "/usr/sbin/$program" "$@"
}

cat >"$TMP/list" <<'T'
-A INPUT -m types
-A INPUT -p udp -m types ! --small 7 --word 65535 --big-one 18446744073709551615 --signed -5 -j ACCEPT
-A INPUT -m types --numbers 1,2,3 --label "a b" --labels x --on --colour light-blue --days mon,wed
-A INPUT -m types ! --ports 22,8000:8010 --dev eth0 --hw 02:00:00:00:00:01 -m types --small 3 -j DROP
T
saved32() { server32 "$1-save" -t filter 2>/dev/null | grep '^-A'; }

for ipt in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do
	if ! tables $ipt; then
		skip "$ipt" "no such tables here"
		continue
	fi
	case $ipt in
	ip6*) addresses='-A INPUT -m types ! --host fd00::1 --net 2001:db8::/32 --nets ::/0,fd00::2' ;;
	*) addresses='-A INPUT -m types ! --host 10.0.0.1 --net 10.0.0.0/8 --nets 0.0.0.0/0,10.0.0.2' ;;
	esac
	{ cat "$TMP/list"; echo "$addresses"; } >"$TMP/want"
	while read -r rule; do
		check "32-bit $ipt $rule" eval "server32 $ipt $rule"
	done <"$TMP/want"
	is "32-bit $ipt: saved as given" "$(saved32 $ipt)" "$(cat "$TMP/want")"
	is "64-bit $ipt: reads the same" "$(saved_rules $ipt)" "$(cat "$TMP/want")"
	while read -r rule; do
		check "64-bit $ipt -C finds them" eval "server $ipt -C ${rule#-A }"
		check "32-bit $ipt -C finds them" eval "server32 $ipt -C ${rule#-A }"
	done <"$TMP/want"
	server $ipt-save -t filter >"$TMP/dump" 2>/dev/null
	check "32-bit $ipt: restore of what 64 bits saved" server32 $ipt-restore "$TMP/dump"
	is "64-bit $ipt: reads the same" "$(saved_rules $ipt)" "$(cat "$TMP/want")"
	refused "32-bit $ipt: a bad value" 2 "types: --small '2' is not a number from 3 to 200" \
		server32 $ipt -A INPUT -m types --small 2
	while read -r rule; do
		check "32-bit $ipt -D" eval "server32 $ipt -D ${rule#-A }"
	done < <(tac "$TMP/want")
	is "32-bit $ipt: nothing is left" "$(saved_rules $ipt)" ""
done

# --- what the kernel's function gets ---
for ipt in iptables-legacy iptables-nft; do
	tables $ipt || continue
	server32 $ipt -A INPUT -p udp -m types --big-one 77 ! --ports 1,2:3 --host 10.0.0.9
	udp "$CLIENT" "$SERVER4" 1 4000
	got() { [ "$(nfluactl -n "$SERVER" map get types "$1" 2>/dev/null | cut -f 2-)" = "$2" ]; }
	check "32-bit $ipt: the function gets a number" waits_for 10 got big_one 77
	check "32-bit $ipt: and ports" waits_for 10 got ports '! 1:1,2:3'
	check "32-bit $ipt: and an address" waits_for 10 got host 10.0.0.9
	server $ipt -F INPUT
	nfluactl -n "$SERVER" map delete types big_one
done
finish
