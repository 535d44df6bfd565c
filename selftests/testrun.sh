#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# nfluactl run: entry points called on given bytes, what they see, what comes
# back, and that nobody else notices. Runs while the script is replaced and
# unloaded, on two CPUs at once, and of files with expected answers.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
EXACT=1 need_module
need_command python3 taskset jq
topology
cd "$TMP" || exit 1
LAST=$(($(nproc) - 1))
MACS="02:00:00:00:00:01 02:00:00:00:00:02"

# frames: the frames of the packets described on standard input, in hexadecimal
# pcap FILE: the same into a file
# shellcheck disable=SC2086
frames() { python3 "$HERE/packets.py" - $MACS; }
# shellcheck disable=SC2086
pcap() { python3 "$HERE/packets.py" "$1" $MACS; }

# answer OPTION...: the only line's answer, without its number
answer() { ctl run "$@" 2>&1 | head -n 1 | cut -d ' ' -f 2-; }
# printed OPTION...: what it printed
printed() { ctl run "$@" 2>&1 | sed -n 's/^    | //p'; }
# value FILTER OPTION...: of the JSON
value() {
	local filter=$1
	shift
	ctl -j run "$@" | jq -r ".[0] | $filter"
}

{ read -r DNS; read -r WEB; read -r DNS6; read -r VLAN; } < <(frames <<'P'
ip4(udp(1234, 53, b"abcd"))
ip4(tcp(1234, 80, b"GET"))
ip6(udp(1234, 53, b"abcd"))
vlan(5, vlan(7, ip4(udp(1234, 53, b"abcd"))), 0x88a8)
P
)

# --- answers ---
cat >longest.lua <<'L'
function longest(pkt) assert(pkt:put(65535 - #pkt)) end
function long(pkt) assert(pkt:put(65531 - #pkt)) end
L
ctl load --budget 10ms longest.lua
refused "a packet that no answer has room for" 2 "the script has made the packet too long to be shown" \
	ctl run longest --entry longest --role target --hex "$DNS"
is "but one that just fits" "$(value '.data | length' longest --entry long --role target --raw --hex "${DNS:28}")" 131062
ctl unload longest
cat >s.lua <<'L'
local nf = require("netfilter").new{ name = "s" }
nf:match(function(pkt) return pkt.udp and pkt.udp.dport == 53 end)
nf:target(function(pkt) return pkt.udp and nf.DROP or nf.ACCEPT end)
nf:hook{ family = "inet", hook = "prerouting", priority = 0, function(pkt)
  if pkt.udp and pkt.udp.dport == 53 then return nf.DROP end
end }
nf:hook{ family = "ipv4", hook = "output", priority = 0, on_error = "drop", function(pkt)
  if pkt.udp then error("no UDP") end
end }
function see(pkt)
  print(pkt.family, pkt.hook, pkt.iifname, pkt.oifname, pkt.mark, #pkt, pkt:u16(12, "link"))
  return nf.DROP
end
local calls = 0
function count(pkt)
  calls = calls + 1
  print(calls)
  if calls == 3 then error("third") end
  return true
end
function fails(pkt) print("before") error("wrong") end
function nonsense(pkt) return 7 end
function loops(pkt) while true do end end
function fine(pkt) return true end
L
ctl load s.lua
is "match" "$(answer s --entry match --hex "$DNS")" match
is "no match" "$(answer s --entry match:s --hex "$WEB")" nomatch
is "IPv6" "$(answer s --entry match --hex "$DNS6")" match
is "target" "$(answer s --entry target --hex "$DNS")" drop
is "target that accepts" "$(answer s --entry target:s --hex "$WEB")" accept
is "hook" "$(answer s --entry "hook:inet prerouting 0" --hex "$DNS6")" drop
is "hook by its name alone" "$(answer s --entry "inet prerouting 0" --hex "$WEB")" accept
is "a function is a match" "$(answer s --entry function:fine --hex "$DNS")" match
is "or a target, if asked" "$(answer s --entry see --role target --hex "$DNS")" drop
is "what is no answer for a target" "$(answer s --entry fine --role target --hex "$DNS")" \
	"error verdict: s:24: function answered a boolean (a target answers ACCEPT, DROP, CONTINUE, STOLEN, QUEUE, REPEAT, STOP or nothing)"

# A run is of what arrives at the bridge itself, which something follows.
cat >bridge.lua <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "bridge", hook = "input", priority = 0, function() return nf.STOP end }
L
is "STOP at a bridge's input" "$(nfluactl run ./bridge.lua --hex "$DNS" 2>&1 | head -n 1)" "1 stop"

# --- what it changed ---
cat >change.lua <<'L'
local nf = require("netfilter").new{}
nf:target(function(pkt) pkt.ip.ttl = 7 end)
L
changes() { nfluactl run "$@" 2>&1 | sed -nE 's/^    ([-+] +[0-9a-f]{4}) .*/\1/p' | tr -s ' ' | paste -sd ' '; }
is "the row with the bytes that differ, before and after" "$(changes ./change.lua --entry target --hex "$DNS")" "- 0010 + 0010"
cat >shorter.lua <<'L'
local nf = require("netfilter").new{}
nf:target(function(pkt) assert(pkt:trim(20)) end)
L
is "one that is gone is only before" "$(changes ./shorter.lua --entry target --hex "$DNS")" "- 0020 + 0020"

# --- what the script sees ---
saw="ipv4	input	eth0	nil	0	32	2048"
is "the defaults" "$(printed s --entry see --hex "$DNS")" "$saw"
is "with colons and blanks" "$(printed s --entry see --hex "$(fold -w 2 <<<"$DNS" | paste -sd ':' | fold -w 30)")" "$saw"
is "raw: no link layer" "$(printed s --entry see --raw --hex "${DNS:28}")" \
	"ipv4	input	eth0	nil	0	32	nil	packet has no such layer	34"
is "raw IPv6" "$(printed s --entry see --raw --hex "${DNS6:28}" | cut -f 1,6)" "ipv6	52"
is "VLAN tags are gone" "$(printed s --entry see --hex "$VLAN")" "$saw"
is "so is what lies behind the packet" "$(printed s --entry see --hex "${DNS}00000000")" "$saw"
while read -r hook devices; do
	is "devices at $hook" "$(printed s --entry see --hook "$hook" --hex "$DNS" | cut -f 2-4)" \
		"$hook	${devices// /	}"
done <<'T'
prerouting eth0 nil
input eth0 nil
forward eth0 eth1
output nil eth1
postrouting nil eth1
T
is "no link layer at output" "$(printed s --entry see --hook output --hex "$DNS" | cut -f 7-8)" \
	"nil	packet has no such layer"
is "devices and a mark that are given" \
	"$(printed s --entry see --hook postrouting --iif veth0 --oif lo --mark 0x10 --hex "$DNS")" \
	"ipv4	postrouting	veth0	lo	16	32	2048"
is "no device came of it" "$(ip -n "$SERVER" -o link | grep -cE ': eth[01][:@]')" 0
xxd() { perl -ne 'print pack("H*", $_ =~ s/\s//gr)'; }
xxd <<<"$DNS" >bytes
is "bytes of a file" "$(printed s --entry see --file bytes)" "$saw"
is "of standard input" "$(printed s --entry see --file - <bytes)" "$saw"

# --- errors, and what was printed ---
is "an error" "$(ctl run s --entry fails --hex "$DNS")" "1 error runtime: s:21: wrong
    | before
    stack traceback:
    	[C]: in function 'error'
    	s:21: in function 'fails'
    policy: nomatch"
is "a hook's own policy" "$(ctl run s --entry hook:"ipv4 output 0" --hex "$DNS" | sed -n '1p;$p')" \
	"1 error runtime: s:8: no UDP
    policy: drop"
is "a call that takes too long" "$(answer s --entry loops --hex "$DNS")" \
	"error time: s:23: ran longer than 1 ms"
is "an error in JSON" \
	"$(value '"\(.packet) \(.outcome) \(.by_policy) \(.kind) \(.entry) \(.hook) \(.calls) \(.failed) \(.error) \(.output)"' \
		s --entry fails --hex "$DNS")" \
	"1 nomatch true function fails input 1 1 runtime before"
is "no error in JSON" "$(value '"\(.outcome) \(.by_policy) \(.failed) \(.error) \(.text) \(.data)"' \
	s --entry target --hex "$DNS")" "drop false 0 null null null"

# --- repeated ---
ON0="taskset -c 0"
is "repeated, with an error in the middle" \
	"$($ON0 nfluactl -n "$SERVER" -j run s --entry count --repeat 5 --hex "$DNS" |
		jq -r '.[0] | "\(.outcome) \(.calls) \(.failed) \(.error) \(.cpu) \(.output | gsub("\n"; ","))"')" \
	"match 5 1 runtime 0 1,2,3,4,5,"
is "the variables are the CPU's" "$($ON0 nfluactl -n "$SERVER" run s --entry count --hex "$DNS" | tail -n 1)" "    | 6"
is "in text" "$(ctl run s --entry fine --repeat 1000 --hex "$DNS" | sed -E 's/[0-9]+ ns/N ns/; s/CPU [0-9]/CPU N/')" \
	"1 match, 1000 calls on CPU N, N ns each"
check "its time is told" [ "$(value .ns_per_call s --entry fine --repeat 1000 --hex "$DNS")" -gt 0 ]
is "more than one request's time" "$(value .calls s --entry loops --repeat 700 --hex "$DNS")" 700
is "on the other CPU" "$(taskset -c $LAST nfluactl -n "$SERVER" -j run s --entry fine --hex "$DNS" | jq '.[0].cpu')" $LAST

# --- nobody else notices ---
cat >quiet.lua <<'L'
function fails(pkt) print("before") error("wrong") end
function nonsense(pkt) return 7 end
function fine(pkt) return true end
L
ctl load --errors 2 quiet.lua
server iptables -A INPUT -p udp --dport 4000 -m lua --script quiet --function fails
ON_CPU=0 udp "$CLIENT" "$SERVER4" 1 4000
calls_become "$SERVER" quiet 1 || not_ok "a packet meets the script"
show() { ctl -j show quiet | jq -S 'del(.. | .memory?, .memory_peak?)'; }
nfluactl -n "$SERVER" monitor >heard &
waits_for 10 listens $!
before=$(show)
dmesg_before=$(dmesg | grep -c 'nflua: quiet:')
for cpu in 0 $LAST; do
	taskset -c "$cpu" nfluactl -n "$SERVER" run quiet --entry fails --repeat 10 --hex "$DNS" >out
	taskset -c "$cpu" nfluactl -n "$SERVER" run quiet --entry nonsense --hex "$DNS" >out
	taskset -c "$cpu" nfluactl -n "$SERVER" run quiet --entry fine --repeat 300 --hex "$DNS" >out
done
is "counters, last error and suspension are as before" "$(show)" "$before"
is "the kernel's log, too" "$(dmesg | grep -c 'nflua: quiet:')" "$dmesg_before"
ON_CPU=0 udp "$CLIENT" "$SERVER4" 1 4000
calls_become "$SERVER" quiet 2
is "no success of a run ended the row of errors" "$(field "$SERVER" quiet .suspended)" true
waits_for 10 grep -q suspended heard
is "who listens heard of the packet alone" "$(grep -v '^  ' heard | cut -d ' ' -f 3,5- | sort)" \
	"quiet error function fails: quiet:1: wrong
quiet event suspended, generation 1
quiet log before"
kill $!
is "a suspended script says so" "$(ctl run quiet --entry fine --hex "$DNS")" "1 error suspended
    policy: nomatch"
is "and is not counted, either" "$(field "$SERVER" quiet '[.entries[].errors.suspended] | add')" 0
server iptables -F
ctl unload quiet

# --- limits of a file ---
cat >limits.lua <<'L'
function slow() while true do end end
function large()
  local t, s = {}, ("x"):rep(256)
  for i = 1, 8 do t[i] = s:rep(64) end
  return true
end
L
run_file() { nfluactl run ./limits.lua --entry "$1" --hex "$DNS" "${@:2}" 2>&1 | head -n 1; }
is "a call has its budget" "$(run_file slow --budget 2ms)" "1 error time: limits:1: ran longer than 2 ms"
is "and its memory" "$(run_file large --memory 128K --budget 10ms | cut -d: -f 1)" "1 error memory"
is "which may be more" "$(run_file large --memory 8M --budget 10ms)" "1 match"

# --- requests that are refused ---
while IFS='|' read -r what status pattern options; do
	# shellcheck disable=SC2086
	refused "$what" "$status" "$pattern" ctl run $options
done <<T
no such script|2|cannot run none: no script of this name|none --hex $DNS
no such entry point|2|no such entry point; it has match:s, target:s, hook:inet prerouting 0|s --entry none --hex $DNS
no entry point named|2|several entry points may be meant: match:s, target:s|s --hex $DNS
a name that several have|2|several entry points may be meant: match:s, target:s$|s --entry s --hex $DNS
a kind that several have|2|hook:inet prerouting 0, hook:ipv4 output 0$|s --entry hook --hex $DNS
no packet|1|one of --hex, --file and --pcap|s --entry fine
two packets|1|one of --hex, --file and --pcap|s --entry fine --hex $DNS --file bytes
odd digits|1|two hexadecimal digits|s --entry fine --hex 123
no such hook|1|'ingress' is no hook|s --entry fine --hook ingress --hex $DNS
no such role|1|'hook' is no role|s --entry fine --role hook --hex $DNS
a mark too large|1|is no mark|s --entry fine --mark 4294967296 --hex $DNS
repeat 0|1|'0' is no number from 1|s --entry fine --repeat 0 --hex $DNS
repeat too often|1|no number from 1 to 10000000|s --entry fine --repeat 10000001 --hex $DNS
a name that no device has|2|no name for a device|s --entry fine --iif a/b --hex $DNS
a name too long for a device|2|too long for a device|s --entry fine --iif abcdefghijklmnop --hex $DNS
raw and pcap|1|--raw is for|s --entry fine --raw --pcap bytes
no pcap file|1|cannot read packets from 'bytes'|s --entry fine --pcap bytes
an empty packet|2|not an Ethernet frame: it has 0 bytes|s --entry fine --file /dev/null
an empty raw packet|2|not a packet: it has no bytes|s --entry fine --raw --file /dev/null
ARP|2|neither an IPv4 nor an IPv6 packet: its Ethernet type is 0x0806|s --entry fine --hex ${DNS:0:24}0806${DNS:28}
another version|2|neither an IPv4 nor an IPv6 packet: its version is 5|s --entry fine --raw --hex 55${DNS:30}
IPv6 where IPv4 is said|2|not a valid IPv4 packet: its version is 6|s --entry fine --hex ${DNS:0:28}60${DNS:30}
a wrong header checksum|2|its header checksum is 0x[0-9a-f]{4}, and would have to be 0x|s --entry fine --hex ${DNS:0:48}0000${DNS:52}
a header that is too short|2|its header length is 16|s --entry fine --hex ${DNS:0:28}44${DNS:30}
a multicast source|2|its source is a multicast address|s --entry fine --hex ${DNS6:0:44}ff${DNS6:46}
a jumbogram|2|jumbograms|s --entry fine --hex ${DNS6:0:36}000000${DNS6:42}
T
refused "a hook at another place" 2 'at its own place only' \
	ctl run s --entry "inet prerouting 0" --hook input --hex "$DNS"
refused "a hook of another family" 2 'packets of its own family only' \
	ctl run s --entry "ipv4 output 0" --family ipv6 --hex "$DNS6"
refused "a hook of one family in inet" 2 'packets of its own family only' \
	ctl run s --entry "ipv4 output 0" --family inet --hex "$DNS"
refused "a rule of another family" 2 'a rule meets packets of the families ipv4 and ipv6 only' \
	ctl run s --entry fine --family arp --hex "$DNS"
for family in ipv4 ipv6; do
	packet=$DNS other=$DNS6
	[ $family = ipv4 ] || packet=$DNS6 other=$DNS
	is "a rule's packet of $family" "$(printed s --entry see --family $family --hex "$packet" | cut -f 1)" $family
	is "a hook's" "$(ctl -j run s --entry "inet prerouting 0" --family $family --hex "$packet" | jq -r '.[].family')" $family
	refused "a rule of $family, and another packet" 2 "a rule for 'fine' meets no IPv[46] packets" \
		ctl run s --entry fine --family $family --hex "$other"
	refused "a hook that is to meet $family" 2 "hook 'inet prerouting 0' meets no IPv[46] packets" \
		ctl run s --entry "inet prerouting 0" --family $family --hex "$other"
done
is "inet is both" "$(printed s --entry see --family inet --hex "$DNS6" | cut -f 1)" ipv6
refused "IPv6 at an IPv4 hook" 2 "hook 'ipv4 output 0' meets no IPv6 packets" \
	ctl run s --entry "ipv4 output 0" --hex "$DNS6"
head -c 65281 /dev/zero >large
refused "a packet too large" 1 'more than 65280 bytes' ctl run s --entry fine --file large
refused "without the capability" 2 'CAP_NET_ADMIN' \
	server capsh --drop=cap_net_admin -- -c "nfluactl run s --entry fine --hex $DNS"

# Every beginning of a packet, and no other bytes, is refused; each has a line.
pcap cuts.pcap <<'P'
cuts(ip4(udp(1, 2, b"x"), options=b"\1\1\1\1"))
cuts(ip6(udp(1, 2, b"x"), exts=[ext(0)]))
cuts(vlan(1, ip4(tcp(1, 2, b"x"))))
ip4(udp(1, 2, b"x"), options=b"\1\1\1\1")
ip6(udp(1, 2, b"x"), exts=[ext(0)])
vlan(1, ip4(tcp(1, 2, b"x")))
P
ctl run s --entry fine --pcap cuts.pcap >out
is "all truncations are refused, and no whole packet" "$(cut -d ' ' -f 2 out | uniq -c | xargs)" \
	"$(((14 + 24 + 9) + (14 + 40 + 8 + 9) + (14 + 4 + 20 + 20 + 1))) refused: 3 match"
is "with a sentence each" "$(grep -vc ': not a[ n].*: .' out)" 3

# --- files, and what is expected ---
cat >file.lua <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "inet", hook = "forward", priority = 0, function(pkt)
  if not pkt.udp then error("no UDP") end
  return pkt.udp.dport == 53 and nf.DROP or nf.ACCEPT
end }
L
pcap in.pcap <<'P'
ip4(udp(1234, 53, b"x"))
ip6(udp(1234, 54, b"x"))
ip4(tcp(1, 2))
ip4(udp(1, 2, b"x"), length=4000)
P
cat >good <<'X'
# what a comment says is no answer
drop

accept		# the second
error
refused
X
is "a file and its packets" "$(nfluactl run ./file.lua --pcap in.pcap | grep '^[0-9]')" "1 drop
2 accept
3 error runtime: file:3: no UDP
4 refused: not a valid IPv4 packet: it ends after 29 of 4000 bytes"
check "all as expected" nfluactl run file.lua --pcap in.pcap --expect good
check "the kind of an error may be expected" nfluactl run file.lua --pcap in.pcap \
	--expect <(sed 's/error/error runtime/' good)
refused "a packet that is not" 1 \
	'^nfluactl: packet 2: expected drop, got accept: 63 bytes IPv6 udp \[fd77::1\]:1234 > \[fd77::2\]:54$' \
	nfluactl run file.lua --pcap in.pcap --expect <(sed 's/accept/drop/' good)
refused "another kind of error" 1 'packet 3: expected error time, got error runtime: 54 bytes IPv4 tcp 10.77.0.1:1 > 10.77.0.2:2' \
	nfluactl run file.lua --pcap in.pcap --expect <(sed 's/error/error time/' good)
refused "a packet too many" 1 '3 answers are expected, and there are 4 packets' \
	nfluactl run file.lua --pcap in.pcap --expect <(grep -v refused good)
refused "a packet too few" 1 '5 answers are expected, and there are 4 packets' \
	nfluactl run file.lua --pcap in.pcap --expect <(cat good; echo drop)
refused "what is no answer" 1 ":2: 'dropped' is no answer" \
	nfluactl run file.lua --pcap in.pcap --expect <(printf '\ndropped\n')
check "one packet, expected to be refused" nfluactl run file.lua --raw --hex 45 --expect <(echo refused)
is "expected in JSON" "$(nfluactl -j run file.lua --pcap in.pcap --expect good | jq -r 'map("\(.outcome)/\(.expected)") | join(" ")')" \
	"drop/drop accept/accept accept/error refused/refused"
is "from standard input" "$(nfluactl run - --hex "$WEB" <file.lua | head -n 1)" \
	"1 error runtime: stdin:3: no UDP"
nfluactl run file.lua --pcap in.pcap --out out.pcap >out
is "what is not dropped comes out as it was" "$(tcpdump -nr out.pcap -tt 2>/dev/null | cut -d ' ' -f 1-2)" \
	"1.000000 IP6
2.000000 IP"
refused "a file that is read is not written" 1 "'in.pcap' is read, and cannot be the file of --out" \
	nfluactl run file.lua --pcap in.pcap --out in.pcap
before=$(sha256sum out.pcap)
echo 'x = = 1' >broken.lua
refused "a file that does not load" 2 '^broken.lua:1:' nfluactl run broken.lua --pcap in.pcap --out out.pcap
refused "no such folder" 1 "cannot write packets to 'nowhere/out.pcap'" \
	nfluactl run file.lua --pcap in.pcap --out nowhere/out.pcap
is "what there was stays" "$(sha256sum out.pcap)" "$before"
is "of a file nothing stays" "$(nfluactl -j list)" "[]"
refused "a file without the capability" 2 'running a file needs the capability CAP_SYS_ADMIN' \
	capsh --drop=cap_sys_admin -- -c "nfluactl run file.lua --hex $DNS"
refused "a file with --netns" 1 '--netns has no meaning' ctl run file.lua --hex "$DNS"
refused "--single of a loaded script" 1 '--single is for a file' ctl run s --single --hex "$DNS"

# A pcap file of a link layer that is none, and one of DNS for the example.
python3 - "${DNS:28}" <<'P'
import struct, sys
data = bytes.fromhex(sys.argv[1])
for name, link, head in (("raw", 101, b""), ("null", 0, struct.pack("=I", 2)),
                         ("sll", 113, b"\0" * 14 + b"\x08\0"), ("usb", 189, b"")):
    with open(name + ".pcap", "wb") as file:
        file.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, link))
        file.write(struct.pack("=IIII", 0, 0, len(head + data), len(head + data)) + head + data)
P
for link in raw null sll; do
	is "link-layer type $link" "$(nfluactl run file.lua --pcap $link.pcap)" "1 drop"
done
python3 - <<'P'
import struct
with open("large.pcap", "wb") as file:
    file.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
    for data in b"E", bytes(65300):
        file.write(struct.pack("=IIII", 0, 0, len(data), len(data)) + data)
P
is "each packet is refused for a reason of its own" "$(nfluactl run file.lua --pcap large.pcap | cut -c 1-34)" \
	"1 refused: not a valid IPv4 packet
2 refused: the packet has 65300 by"
is "a run that fails leaves no JSON" "$(ctl -j run none --hex "$DNS" 2>/dev/null)" ""
is "one that fails behind a packet ends its array" \
	"$(nfluactl -j run file.lua --pcap <(head -c 60 large.pcap) 2>/dev/null | jq -r '.[].outcome')" refused
cat >calls.lua <<'L'
local m = require("map").open{ name = "calls", key = "integer", max = 1 }
function called(pkt) m:incr(1, 1, 0) end
L
ctl load calls.lua
refused "a run whose answers nobody takes" 1 'cannot write to standard output' \
	bash -c "nfluactl -n $SERVER run calls --pcap in.pcap >/dev/full"
is "ends with the first" "$(ctl map get calls 1)" $'1\t1'
ctl unload calls
cat >changes.lua <<'L'
local now, start = require("netfilter").now
function changes(pkt)
  local t = now()
  start = start or t
  if t - start < 700000000 then pkt:set_u8(8, 1) end
  while now() - t < 30000 do end
end
function prints(pkt) print(("x"):rep(500)) end
L
ctl load changes.lua
is "what a former request has changed is not told" \
	"$(value '"\(.calls) \(.data)"' changes --entry changes --role target --repeat 50000 --hex "$DNS")" "50000 null"
is "an output that fits" "$(ctl run changes --entry prints --repeat 16 --hex "$DNS" 2>&1 | grep -vc '^    | ')" 1
is "one that is cut" "$(ctl run changes --entry prints --repeat 17 --hex "$DNS" 2>&1 >/dev/null)" \
	"nfluactl: packet 1: what the script printed is cut after 8192 bytes"
ctl unload changes
is "one call prints more than the group \"log\" would have of it" \
	"$(nfluactl run - --hex "$DNS" <<<'function many() for i = 1, 300 do print(i) end end' | sed -n 's/^    | //p')" "$(seq 300)"
is "a mark is decimal, also behind a zero" \
	"$(nfluactl run - --mark 010 --hex "$DNS" <<<'function mark(pkt) print(pkt.mark) end' | tail -n 1)" "    | 10"
# marked MARK [OPTION]...: a run of a script that sets the mark to 0x10
marked() {
	local mark=$1
	shift
	nfluactl "$@" run - --mark "$mark" --role target --hex "$DNS" <<<'function mark(pkt) pkt.mark = 0x10 end'
}
is "a mark that the script changes" "$(marked 7)" "1 continue, mark 0x10"
is "and one that it does not" "$(marked 16)" "1 continue"
is "a mark in JSON" "$(marked 7 -j | jq '.[0].mark')" 16
is "a file with a name of its own" "$(nfluactl run - --name given --hex "$DNS" <<<'function f() error("x") end' | head -n 1)" \
	"1 error runtime: given:1: x"
refused "link-layer type usb" 1 'link-layer type USB_LINUX, which' nfluactl run file.lua --pcap usb.pcap

example=$TOP/lua/examples/dnsblock.lua
[ -e "$example" ] || example=
pcap dns.pcap <<'P'
ip4(udp(4000, 53, b"\0\1\1\0\0\1\0\0\0\0\0\0" + b"\3www\7BLOCKED\7example\0\0\1\0\1"))
ip4(udp(4000, 53, b"\0\1\1\0\0\1\0\0\0\0\0\0" + b"\3www\4good\7example\0\0\1\0\1"))
ip6(udp(4000, 53, b"\0\1\1\0\0\1\0\0\0\0\0\0" + b"\3ads\4test\0\0\1\0\1"))
ip4(udp(4000, 54, b"\0\1\1\0\0\1\0\0\0\0\0\0" + b"\3ads\4test\0\0\1\0\1"))
ip4(udp(4000, 53, b"\0\1\1\0\0\1\0\0\0\0\0\0" + b"\3ads\4te"))
ip4(udp(4000, 53))
ip4(tcp(4000, 53))
P
printf '%s\n' match nomatch match nomatch nomatch nomatch nomatch >dns.expect
if [ -n "$example" ]; then
	check "the example dnsblock" nfluactl run "$example" --entry match --pcap dns.pcap --expect dns.expect
else
	skip "the example dnsblock" "it is not here"
fi

# --- while the script is replaced, unloaded, and its namespace goes ---
ctl unload s
cat >long.lua <<'L'
function long(pkt) for i = 1, 100 do end return true end
L
ctl load long.lua
(
	while ctl run long --repeat 20000 --raw --hex "${DNS:28}" >>runs 2>&1; do :; done
	tail -n 1 runs >ended
) &
runs=$!
has_runs() { [ "$(wc -l <runs)" -ge "$1" ]; }
waits_for 20 has_runs 1
replaced=0
for _ in {1..20}; do
	ctl replace long.lua && replaced=$((replaced + 1))
done
is "replaced while it runs" $replaced 20
n=$(wc -l <runs)
check "and runs go on" waits_for 20 has_runs $((n + 2))
is "each was as long as it should" "$(grep -vc '^1 match, 20000 calls' runs)" 0
check "unloaded while it runs" ctl unload long
wait $runs
is "and runs end with that" "$(cat ended)" "nfluactl: cannot run long: no script of this name is loaded"

# A deleted namespace lives until the run is over; killing it ends the run.
namespace "$SERVER-r"
nfluactl -n "$SERVER-r" load long.lua
nfluactl -n "$SERVER-r" run long --repeat 10000000 --raw --hex "${DNS:28}" >endless 2>&1 &
endless=$!
burns() { [ "$(cut -d ' ' -f 15 "/proc/$endless/stat")" -gt 20 ]; }
waits_for 20 burns
ip netns del "$SERVER-r"
check "it runs on without its namespace's name" kill -0 $endless
kill $endless
wait $endless
is "a signal ends it" $? 143

# --- on two CPUs at once ---
if [ "$LAST" -gt 0 ]; then
	for single in "" --single; do
		# shellcheck disable=SC2086
		ctl load $single long.lua
		for cpu in 0 $LAST; do
			taskset -c "$cpu" nfluactl -n "$SERVER" -j run long --repeat 30000 \
				--raw --hex "${DNS:28}" >"out$cpu" &
			pids[cpu]=$!
		done
		# The state is one, or each CPU has its own: both get on, meanwhile
		# a request for something else is answered.
		check "${single:-each its own state}: others are not locked out" ctl replace $single long.lua
		wait "${pids[0]}" "${pids[$LAST]}"
		is "${single:-each its own state}: both come to their end" \
			"$(jq -r '.[0] | "\(.outcome) \(.calls) \(.failed) \(.cpu)"' "out0" "out$LAST" | xargs)" \
			"match 30000 0 0 match 30000 0 $LAST"
		ctl unload long
	done
else
	skip "on two CPUs at once" "there is one CPU"
fi
cat >upvalue.lua <<'L'
local n = 0
function upvalue(pkt) n = n + 1 print(n) return true end
L
ctl load --single upvalue.lua
taskset -c 0 nfluactl -n "$SERVER" run upvalue --raw --hex "${DNS:28}" >out
is "a --single script has one state for all runs" \
	"$(taskset -c $LAST nfluactl -n "$SERVER" run upvalue --raw --hex "${DNS:28}" | tail -n 1)" "    | 2"
is "of a file, too" "$(nfluactl run --single upvalue.lua --repeat 2 --raw --hex "${DNS:28}" | tail -n 1)" "    | 2"
ctl unload upvalue
finish
