#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lua/examples/ftp-lua.lua and commands in parts, several at once, broken and too
# long.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=router.sh source-path=SCRIPTDIR
. "$(dirname "$0")/router.sh"
# shellcheck source=ftp.sh source-path=SCRIPTDIR
. "$(dirname "$0")/ftp.sh"

# --- commands in parts, several at once, too long ---
long() { printf "%0$1d" 0; }
# hold COMMAND...: notes what the router expects once a PORT was taken
hold() {
	local fd pid
	# what was said the last time is not to be taken for it
	: >"$TMP/said"
	coproc HOLD { client python3 "$HERE/ftp.py" "$SERVER4" "${session[@]}" "$@" "?" >"$TMP/said" 2>&1; }
	fd=${HOLD[1]} pid=$HOLD_PID
	waits_for 20 eval "grep -q '^200 PORT' $TMP/said"
	expects >"$TMP/expects"
	router conntrack -L 2>/dev/null | grep -c "dport=21 .*helper=ftp-lua" >"$TMP/helped"
	eval "exec $fd>&-"
	wait "$pid" 2>/dev/null || :
}
for mode in plain snat; do
	firewall tcp 21 ftp-lua $mode
	hold "+PORT 10,88" / "+,1,2,16" / '+0,1\r\n' =1
	is "$mode: a command in three segments is expected" "$(grep -c dport=40961 "$TMP/expects")" 1
	check "$mode: the server takes it" grep -q '^200 PORT' "$TMP/said"
	is "$mode: the connection has the helper" "$(cat "$TMP/helped")" 1
	firewall tcp 21 ftp-lua $mode
	hold '+P' / '+O' / '+RT 10,88,1,2,160,1\r\n' =1
	is "$mode: a word in three segments is expected" "$(grep -c dport=40961 "$TMP/expects")" 1
	firewall tcp 21 ftp-lua $mode
	hold '+NOOP\r\nPORT 10,88,1,2,160,1\r\nNOOP\r\nPORT 10,88,1,2,160,2\r\nNOOP\r\n' =5
	is "$mode: of two in one segment the second is expected" "$(grep -c proto=6 "$TMP/expects") $(grep -c dport=40962 "$TMP/expects")" "1 1"
	is "$mode: and all are answered" "$(grep -c '^200 ' "$TMP/said")" 5
done
firewall tcp 21 ftp-lua plain
hold "+$(long 3000)PORT 10,88,1,2,160,1\r\n" =1 'PORT 10,88,1,2,160,9'
is "the end of a long line is no command" "$(grep -c dport=40961 "$TMP/expects")" 0
is "and what follows is one" "$(grep -c dport=40969 "$TMP/expects")" 1
firewall tcp 21 ftp-lua plain
# vsftpd takes no more than 4096 bytes; helper-ftp-server.sh has a server that does
hold "+PORT $(long 4000)\r\n" =1 'PORT 10,88,1,2,160,9'
is "a long command is none" "$(grep -c proto=6 "$TMP/expects")" 1
firewall tcp 21 ftp-lua plain
many=$(printf 'NOOP\\r\\n%.0s' {1..900})
hold "+${many}PORT 10,88,1,2,160,8\r\n" =901
is "a command behind many" "$(grep -c dport=40968 "$TMP/expects")" 1
firewall tcp 21 ftp-lua plain
hold '+XPORT 10,88,1,2,160,1\r\n' =1 'PORT 10,88,1,2,160,7'
is "a word within a word is no command" "$(grep -c proto=6 "$TMP/expects") $(grep -c dport=40967 "$TMP/expects")" "1 1"
ftp_finish
