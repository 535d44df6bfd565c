#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lua/examples/tftp-lua.lua with a real client and server, and the made-up protocol
# of lua/examples/data-lua.lua: plain, behind SNAT and DNAT, IPv4 and IPv6.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=router.sh source-path=SCRIPTDIR
. "$(dirname "$0")/router.sh"
need_command in.tftpd tftp conntrack nft python3
need_module
router_topology
check "tftp-lua loads" ctl load --budget 10ms "$TOP/lua/examples/tftp-lua.lua"
check "data-lua loads" ctl load --budget 10ms "$TOP/lua/examples/data-lua.lua"

# --- TFTP ---
mkdir "$TMP/root"
head -c 20000 /dev/urandom >"$TMP/root/file"
: >"$TMP/root/upload"
chmod a+rx "$TMP" "$TMP/root"
chmod a+rw "$TMP/root"/*
sum=$(sha256sum <"$TMP/root/file")
server in.tftpd -L -s "$TMP/root" &
# get FAMILY MODE: what comes
get() {
	rm -f "$TMP/got"
	client tftp -"$1" "$(target "$1" "$2")" -m binary -c get file "$TMP/got" >/dev/null 2>&1
	sha256sum <"$TMP/got"
}
listens() { server ss -lun | grep -q ':69 '; }
check "the server listens" waits_for 20 listens
for mode in plain snat dnat; do
	for family in 4 6; do
		firewall udp 69 tftp-lua $mode
		is "$mode: IPv$family, get" "$(get $family $mode)" "$sum"
		firewall udp 69 tftp-lua $mode
		cp "$TMP/root/file" "$TMP/up"
		: >"$TMP/root/upload"
		client tftp -$family "$(target $family $mode)" -m binary -c put "$TMP/up" upload >/dev/null 2>&1
		is "$mode: IPv$family, put" "$(sha256sum <"$TMP/root/upload")" "$sum"
	done
done
# what is expected, beside the kernel's own
told() {
	firewall udp 69 "$1" "$2"
	client python3 - "$(target 4 "$2")" <<-'P'
	import socket, sys
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.bind(("", 42000))
	s.sendto(b"\0\1none\0octet\0", (sys.argv[1], 7))
	s.sendto(b"\0\3none\0octet\0", (sys.argv[1], 69))
	P
	expects | wc -l
	client python3 - "$(target 4 "$2")" <<-'P'
	import socket, sys
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.bind(("", 42001))
	s.sendto(b"\0\1none\0octet\0", (sys.argv[1], 69))
	P
	waits_for 5 expected_is 1
	expects | sed 's/^[0-9]* //; s/helper=[a-z-]*//'
}
killall in.tftpd 2>/dev/null
if modprobe nf_conntrack_tftp 2>/dev/null && modprobe nf_nat_tftp 2>/dev/null; then
	for mode in plain snat dnat; do
		mine=$(told tftp-lua $mode)
		is "$mode: expected as by the kernel's" "$mine" "$(told tftp $mode)"
		is "$mode: once, and not for data" "$(head -n 1 <<<"$mine") $(grep -c proto=17 <<<"$mine")" "0 1"
	done
else
	skip "expectations as the kernel's" "this kernel has no tftp helper"
fi

# --- the made-up protocol ---
is "it takes less than thirty lines" "$(sed -n '/^local netfilter/,$p' "$TOP/lua/examples/data-lua.lua" | wc -l | awk '{ print $1 < 30 }')" 1
cat >"$TMP/data.py" <<'P'
"""
serve PORT: answers each line with DATA PORT, and each connection to PORT with
"data". ask HOST: asks, and prints what comes from the port that is announced.
"""
import os
import select
import signal
import socket
import sys


def listen(port):
    return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)


def serve():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    control, data = listen(7000), listen(int(sys.argv[2]))
    while True:
        for s in select.select([control, data], [], [])[0]:
            c, _ = s.accept()
            if os.fork():
                c.close()
                continue
            if s is data:
                c.sendall(b"data\n")
            else:
                for line in c.makefile("rb"):
                    c.sendall(b"DATA " + (line.split()[1:] or [sys.argv[2].encode()])[0] + b"\n")
            os._exit(0)


def ask():
    control = socket.create_connection((sys.argv[2], 7000), timeout=10)
    words = control.makefile("r")
    # what no port can be is nothing to expect, and no mistake of the script's
    for nonsense in b"0", b"65536", b"99999":
        control.sendall(b"please " + nonsense + b"\n")
        words.readline()
    control.sendall(b"please\n")
    word, port = words.readline().split()
    data = socket.create_connection((sys.argv[2], int(port)), timeout=5)
    print(data.makefile("r").readline().strip(), port)
    # the stream goes on after a line that was rewritten
    control.sendall(b"again\n")
    print(words.readline().split()[0])


globals()[sys.argv[1]]()
P
server python3 "$TMP/data.py" serve 40000 &
ask() { client timeout 30 python3 "$TMP/data.py" ask "$(target "$1" "$2")" 2>&1 | xargs; }
serves() { server ss -ltn | grep -q ':7000 '; }
check "the server listens" waits_for 20 serves
for mode in plain snat dnat; do
	for family in 4 6; do
		firewall tcp 7000 data-lua $mode
		is "$mode: IPv$family, data" "$(ask $family $mode)" "data 40000 DATA"
	done
done
# The same port is announced to another client before: with NAT another is found.
firewall tcp 7000 data-lua dnat
client python3 - "$WEST4" <<'P' >"$TMP/other" &
import socket, sys, time
s = socket.create_connection((sys.argv[1], 7000), timeout=10)
s.sendall(b"please\n")
print(s.makefile("r").readline().strip(), flush=True)
time.sleep(20)
P
announced() { grep -q DATA "$TMP/other"; }
waits_for 10 announced
line=$(ask 4 dnat)
check "a port that is taken is replaced" grep -Eq '^data [0-9]+ DATA$' <<<"$line"
is "by another" "$(grep -c 'data 40000' <<<"$line")" 0
is "no failures" "$(ctl -j show | jq '[.[].entries[].errors[]] | add')" 0
finish
