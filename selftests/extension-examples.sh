#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The extensions of lua/examples, in the notation of iptables' own tests.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=extensions/lib.sh source-path=SCRIPTDIR
. "$HERE/extensions/lib.sh"
need_module
need_extensions
topology

for file in "$TOP"/lua/examples/*.lua; do
	grep -q 'nf:extension{' "$file" || continue
	name=$(nfluactl -j extension show "$file" | jq -r '.[0].name')
	for t in "$HERE/extensions/$name.t" "$HERE/extensions/${name}4.t"; do
		[ -f "$t" ] && break
	done
	if [ ! -f "$t" ]; then
		not_ok "$name: there are tests in selftests/extensions/$name.t"
		continue
	fi
	install_extension "$file"
	for ipt in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do
		if ! tables $ipt; then
			skip "$ipt" "no such tables here"
			continue
		fi
		for t in "$HERE/extensions/$name.t" "$HERE/extensions/${name}4.t" \
			"$HERE/extensions/${name}6.t"; do
			case $t:$ipt in
			*4.t:ip6* | *6.t:iptables*) continue ;;
			esac
			[ ! -f "$t" ] || run_t "$t" $ipt
		done
	done
	"iptables${ipt#ip6tables}" -m "$name" --help >"$TMP/help" 2>/dev/null ||
		"iptables${ipt#ip6tables}" -j "$name" --help >"$TMP/help"
	# the page shows what iptables prints
	nfluactl extension show "$name" | sed '1,/^$/d' | sed '/^$/,$d' >"$TMP/shown"
	is "$name: show prints iptables' help" "$(tail -n "$(wc -l <"$TMP/shown")" "$TMP/help")" \
		"$(cat "$TMP/shown")"
done
finish
