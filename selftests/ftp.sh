# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What tests of lua/examples/ftp-lua.lua share: the script in the router, and a
# server. Read after router.sh.
# shellcheck disable=SC2034,SC2154,SC2317 # tests use them; lib.sh sets them
need_command vsftpd conntrack nft python3
need_module
router_topology
check "it loads" ctl load --budget 10ms "$TOP/lua/examples/ftp-lua.lua"

mkdir -p "$TMP/root" /var/run/vsftpd/empty
head -c 300000 /dev/urandom >"$TMP/root/file"
chmod -R a+rX "$TMP" "$TMP/root"
sum=$(sha256sum <"$TMP/root/file")
cat >"$TMP/vsftpd.conf" <<C
listen_ipv6=YES
background=NO
anonymous_enable=YES
anon_root=$TMP/root
no_anon_password=YES
port_enable=YES
connect_from_port_20=NO
pasv_min_port=50000
pasv_max_port=50000
seccomp_sandbox=NO
port_promiscuous=YES
C
chmod 644 "$TMP/vsftpd.conf"
server vsftpd "$TMP/vsftpd.conf" >"$TMP/vsftpd.log" 2>&1 &
answers() { client python3 "$HERE/ftp.py" "$SERVER4" NOOP; }
check "the server answers" waits_for 20 answers

# what every client says first
session=("USER ftp" "PASS x")

ftp_finish() {
	is "the script has not failed" "$(field "$ROUTER" ftp-lua '[.entries[0].errors[]] | add')" 0
	check "it unloads" ctl unload ftp-lua
	finish
}
