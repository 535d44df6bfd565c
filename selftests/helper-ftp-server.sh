#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lua/examples/ftp-lua.lua and a server that answers in parts, several lines at once,
# and with lines that are none: nothing is expected that was not announced, and the
# client reads all that was said.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=router.sh source-path=SCRIPTDIR
. "$(dirname "$0")/router.sh"
need_command conntrack nft python3
need_module
router_topology
check "it loads" ctl load --budget 10ms "$TOP/lua/examples/ftp-lua.lua"
cat >"$TMP/said.py" <<'P'
"""
serve: a server that greets, and whose answer to a line is what follows its first
letter, with \\r and \\n as they are called, and "/" where a segment ends. ask HOST
TEXT...: asks for each, and prints what came up to an "END"; what follows a "+"
is sent as it is, and answered with 200.
"""
import codecs
import socket
import sys
import time


def serve():
    s = socket.create_server(("", 21), family=socket.AF_INET6, dualstack_ipv6=True)
    print("ready", flush=True)
    while True:
        c, _ = s.accept()
        c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        c.sendall(b"220 hello\r\n")
        for line in c.makefile("r", encoding="latin1"):
            if not line.startswith(">"):
                line = ">200\\r\\nEND\\r\\n\n"
            for n, part in enumerate(line[1:-1].split("/")):
                if n:
                    time.sleep(0.1)
                c.sendall(codecs.decode(part, "unicode_escape").encode("latin1"))
        c.close()


def ask(host, *texts):
    s = socket.create_connection((host, 21), timeout=20)
    s.settimeout(20)
    s.recv(100)
    for text in texts:
        if text.startswith("+"):
            s.sendall(text[1:].encode() + b"\r\n")
        else:
            s.sendall(b">" + text.encode() + b"\n")
        got = b""
        while not got.endswith(b"END\r\n"):
            got += s.recv(10000)
        print(ascii(got[:-5].decode("latin1"))[1:-1], flush=True)
    sys.stdin.read()


globals()[sys.argv[1]](*sys.argv[2:])
P
server python3 "$TMP/said.py" serve >"$TMP/ready" 2>&1 &
check "a server" waits_for 20 grep -q ready "$TMP/ready"

# hears FAMILY MODE TEXT...: notes what the client is told, and what is expected then
hears() {
	local fd pid n
	firewall tcp 21 ftp-lua "$2"
	: >"$TMP/said"
	coproc ASK { client python3 "$TMP/said.py" ask "$(target "$1" "$2")" "${@:3}" >"$TMP/said" 2>&1; }
	fd=${ASK[1]} pid=$ASK_PID
	n=$(($# - 2))
	waits_for 25 eval "[ \$(wc -l <$TMP/said) -ge $n ]"
	EXPECTS=ipv$1 expects | grep -o ' dport=[0-9]* mask' | grep -o '[0-9]*' | sort | xargs >"$TMP/expects"
	eval "exec $fd>&-"
	wait "$pid" 2>/dev/null || :
}
# The address that a PASV announces, and as the client must hear of it.
quad() { echo "${1//./,}"; }
for mode in plain snat dnat; do
	said=$(quad $SERVER4) told=$(quad "$(target 4 $mode)")
	# what WHAT FAMILY TEXT HEARD EXPECTED
	what() {
		hears "$2" $mode "$3"
		is "$mode: $1 is heard" "$(cat "$TMP/said")" "$4"
		is "$mode: $1 is expected" "$(cat "$TMP/expects")" "$5"
	}
	what "PASV" 4 "227 ($said,160,1).\r\nEND\r\n" "227 ($told,160,1).\r\n" 40961
	what "PASV in three segments" 4 "227 Ent/ering ($(quad 10.88)/${said#10,88},160,1).\r\n/END\r\n" "227 Entering ($told,160,1).\r\n" 40961
	what "its first letter alone" 4 "2/27 ($said,160,1).\r\nEND\r\n" "227 ($told,160,1).\r\n" 40961
	what "the end of the line alone" 4 "227 ($said,160,1).\r/\nEND\r\n" "227 ($told,160,1).\r\n" 40961
	what "PASV among other lines" 4 "200 a\r\n227 ($said,160,1).\r\n200 b\r\nEND\r\n" "200 a\r\n227 ($told,160,1).\r\n200 b\r\n" 40961
	what "two in one segment" 4 "227 ($said,160,1).\r\n227 ($said,160,2).\r\nEND\r\n" "227 ($told,160,1).\r\n227 ($told,160,2).\r\n" 40962
	what "EPSV" 4 "229 x (|||40963|)\r\nEND\r\n" "229 x (|||40963|)\r\n" 40963
	what "EPSV in segments" 4 "229 x (/|||4/0963|)\r/\nEND\r\n" "229 x (|||40963|)\r\n" 40963
	what "EPSV over IPv6" 6 "229 x (|||40963|)\r\nEND\r\n" "229 x (|||40963|)\r\n" 40963
	what "EPSV over IPv6 in segments" 6 "22/9 x (|||409/63|)\r\nEND\r\n" "229 x (|||40963|)\r\n" 40963
	# a pause in which TCP sends the first part again, and would then send nothing new
	slow=////////////////////
	for text in "2${slow}27 (@,160,5).\r\n" "227 (${slow}@,160,5).\r\n" "227 ($slow@,16${slow}0,5).${slow}\r\n"; do
		heard=${text//\//}
		hears 4 $mode "${text/@/$said}END\r\n" "227 ($said,160,6).\r\nEND\r\n"
		# what has gone on cannot be rewritten any more
		first=$told
		[[ ${text##*@} != */* ]] || first=$said
		is "$mode: slow is heard: $(tr -s / <<<"$text")" "$(cat "$TMP/said")" "${heard/@/$first}
227 ($told,160,6).\r\n"
		is "$mode: and the next is expected" "$(cat "$TMP/expects")" 40966
	done
	what "a slow EPSV" 4 "22${slow}9 x (|||409${slow}63|)${slow}\r\nEND\r\n" "229 x (|||40963|)\r\n" 40963
	what "a slow EPSV over IPv6" 6 "22${slow}9 x (|||409${slow}63|)${slow}\r\nEND\r\n" "229 x (|||40963|)\r\n" 40963
	hears 4 $mode "227 ($said,160,1).\r\nEND\r\n" "200 a\r\nEND\r\n" "22/7 ($said,160,4).\r\n2/00 b\r\nEND\r\n"
	is "$mode: one answer after the other is heard" "$(cat "$TMP/said")" "227 ($told,160,1).\r\n
200 a\r\n
227 ($told,160,4).\r\n200 b\r\n"
	is "$mode: and the last announced is expected" "$(cat "$TMP/expects")" 40964
done

# --- what announces nothing: it goes on as it is ---
said=$(quad $SERVER4)
texts=("227 ($(quad 10.88.2.9),160,1)." "227 ($said,160)." "227 ($said,0,0)." "227 ($said,256,1)." \
	"227 ($said,160,256)." "227 (999,88,2,2,160,1)." "227" "227 " "227 (,,,,,)" "228 ($said,160,1)." "1227 ($said,160,1)." \
	"227-($said" "229 (|||0|)" "229 (|||65536|)" "229 (|||99999999999999999999|)" "229 (||40961|)" "229 (|a||40961|)" \
	"229 (|||40961)" "229 |||40961|" "229 (   40961 )" "229 ()" "229 (|||40961" "\xff\xfe227 ($said,160,1)." \
	"227\x00($said,160,1)." "PORT ${said},160,1" "EPRT |1|$SERVER4|40961|" "$(printf '%02000d' 0)227 ($said,160,1).")
# one after the other; what one of them announced would wait at the end
hears 4 plain "${texts[@]/%/\\r\\nEND\\r\\n}"
is "nothing is expected of what is none" "$(cat "$TMP/expects")" ""
is "and all is heard" "$(cat "$TMP/said")" "$(printf '%s\\r\\n\n' "${texts[@]}")"
hears 4 plain "${texts[@]/%/\\r\\nEND\\r\\n}" "227 ($said,160,6).\r\nEND\r\n"
is "but of what comes then" "$(cat "$TMP/expects")" 40966

# --- longer than what a segment has, and than what is looked at ---
long() { printf "%0$1d" 0; }
for size in 5000 20000; do
	hears 4 plain "+PORT $(long $size)" "+PORT 10,88,1,2,160,9"
	is "a PORT of $size bytes, and what follows" "$(cat "$TMP/said")" $'200\\r\\n\n200\\r\\n'
	is "is one that is expected" "$(cat "$TMP/expects")" 40969
	hears 4 plain "+$(long $size)PORT 10,88,1,2,160,1" "+PORT 10,88,1,2,160,8"
	is "at the end of $size bytes is no PORT" "$(cat "$TMP/expects")" 40968
	hears 4 plain "$(long $size)\r\n227 ($said,160,7).\r\nEND\r\n"
	is "behind an answer of $size bytes one is expected" "$(cat "$TMP/expects")" 40967
	is "and all is heard" "$(cat "$TMP/said")" "$(long $size)\r\n227 ($said,160,7).\r\n"
done
is "the script has not failed" "$(field "$ROUTER" ftp-lua '[.entries[0].errors[]] | add')" 0
check "unload" ctl unload ftp-lua
finish
