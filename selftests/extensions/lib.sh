# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tests of user-defined iptables extensions share. Extensions are
# installed for this test alone: objects and Lua files are in $TMP.

# What iptables looks through, separated by colons: our own first.
SYSTEM_LIBDIR=$(pkg-config --variable=xtlibdir xtables 2>/dev/null ||
	echo "/usr/lib/$(uname -m)-linux-gnu/xtables")
OBJECTS=$TMP/xtables
export XTABLES_LIBDIR=$OBJECTS:$SYSTEM_LIBDIR
export NFLUA_EXTENSIONS=$TMP/extensions
mkdir -p "$OBJECTS" "$NFLUA_EXTENSIONS"

need_extensions() {
	local object
	need_command iptables-save
	object=$(nfluactl extension list --help | sed -n 's/^  *--object FILE.*default: \(.*\)$/\1/p')
	[ -r "$object" ] || skip_all "needs $object" promised
}

# install_extension FILE [OPTION]...: for iptables, and its script in the
# server's namespace
install_extension() {
	local file=$1
	shift
	check "extension ${file##*/} is installed" nfluactl extension install "$file"
	check "and loaded" nfluactl -n "$SERVER" load "$@" "$file"
}

# installed: the files of the installed extensions, on one line
installed() { (cd "$TMP" && find xtables extensions -type f | sort | paste -sd ' '); }

# saved_rules IPTABLES [TABLE]: the rules as they are saved
saved_rules() { server "$1-save" -t "${2:-filter}" 2>/dev/null | grep '^-A'; }

# run_t FILE IPTABLES: the tests of a file in the notation of iptables' own: a
# line is "RULE;SAVED;OK" or "RULE;SAVED;FAIL", where SAVED is "=" if it is as
# RULE, or empty; ":" begins a list of chains and "*" names the table. One
# result for each line. What fails must fail with status 2, in user space.
run_t() {
	local file=$1 ipt=$2 table=filter chains=() line rule want verdict chain why status
	while IFS= read -r line; do
		case $line in
		'' | '#'*) continue ;;
		:*) IFS=, read -ra chains <<<"${line#:}"; continue ;;
		\**) table=${line#\*}; continue ;;
		esac
		IFS=';' read -r rule want verdict <<<"$line"
		[ "$want" != = ] || want=$rule
		why=
		for chain in "${chains[@]}"; do
			server_words "$ipt -t $table -A $chain $rule" >"$TMP/t.out" 2>&1
			status=$?
			if [ "$verdict" = FAIL ]; then
				[ $status = 2 ] || why="status $status in $chain, wanted 2"
				[ -z "$(saved_rules "$ipt" "$table")" ] || why+=", a rule is there"
			elif [ $status != 0 ]; then
				why="refused in $chain: $(head -n 1 "$TMP/t.out")"
			elif [ "$(saved_rules "$ipt" "$table")" != "-A $chain $want" ]; then
				why="saved as $(saved_rules "$ipt" "$table")"
			elif ! server_words "$ipt -t $table -C $chain $rule" >"$TMP/t.out" 2>&1; then
				why="not found again: $(head -n 1 "$TMP/t.out")"
			elif ! server_words "$ipt -t $table -D $chain $rule" >"$TMP/t.out" 2>&1; then
				why="not deleted: $(head -n 1 "$TMP/t.out")"
			elif [ -n "$(saved_rules "$ipt" "$table")" ]; then
				why="a rule is left"
			fi
			[ -n "$why" ] || continue
			server "$ipt" -t "$table" -F 2>/dev/null
			break
		done
		if [ -z "$why" ]; then
			ok "$ipt: $line"
		else
			not_ok "$ipt: $line" "$why"
		fi
	done <"$file"
}

# server_words "COMMAND": words with quotes, as a shell reads them
server_words() { server bash -c "$1"; }
