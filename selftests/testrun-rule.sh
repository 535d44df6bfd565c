#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# nfluactl run --rule: an entry point gets what a rule of iptables would give it,
# for both families, of a file and of a loaded script, and what no rule could
# say is refused, by nfluactl and by the kernel.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=extensions/lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/extensions/lib.sh"
need_extensions
need_command python3 jq
need_module
topology
cd "$TMP" || exit 1
MACS=(02:00:00:00:00:01 02:00:00:00:00:02)
{ read -r FOUR; read -r SIX; read -r VLAN; } < <(python3 "$HERE/packets.py" - "${MACS[@]}" <<'P'
ip4(udp(1234, 53, b"abcd"))
ip6(udp(1234, 53, b"abcd"))
vlan(5, ip6(udp(1234, 53, b"abcd")))
P
)
printf 'ip4(udp(1, 2))\nip6(udp(1, 2))\nip4(udp(3, 4))\n' | python3 "$HERE/packets.py" both.pcap "${MACS[@]}"
# said SCRIPT|FILE OPTION...: the first line that it printed, or else what was answered
said() {
	local ctl=ctl
	# a file has a namespace of its own
	[[ $1 != */* ]] || ctl=nfluactl
	$ctl run "$@" 2>&1 | sed -n 's/^    | //p;t;$!d;1p' | head -n 1
}

# --- what else a rule can call ---
cat >args.lua <<'L'
local nf = require("netfilter").new{}
local function show(pkt, args)
  if not args then print("nothing") return true end
  print(args.a, math.type(args.b), args.c)
  return true
end
nf:match(show)
nf:hook{ family = "inet", hook = "input", priority = 0, function() return nf.ACCEPT end }
f = show
L
ctl load args.lua
for entry in match function:f; do
	is "$entry: no --rule is no argument" "$(said args --entry $entry --hex "$FOUR")" nothing
	is "$entry: an empty one, too" "$(said args --entry $entry --rule " " --hex "$FOUR")" nothing
	is "$entry: arguments come as a rule gives them" \
		"$(said args --entry $entry --rule '--arg a=1x  --arg b=-7 --arg "c=d \"e\" f"' --hex "$FOUR")" $'1x\tinteger\td "e" f'
	is "$entry: for IPv6, too" "$(said args --entry $entry --rule '--arg a=b=c' --hex "$SIX")" $'b=c\tnil\tnil'
done
refused "a key twice" 1 "^nfluactl: --rule: --arg 'a' is there twice$" \
	ctl run args --entry match --rule "--arg a=1 --arg a=2" --hex "$FOUR"
refused "what is no --arg" 1 "^nfluactl: --rule: '--script' is no --arg KEY=VALUE$" \
	ctl run args --entry match --rule "--script args" --hex "$FOUR"
refused "an --arg alone" 1 "^nfluactl: --rule: --arg needs KEY=VALUE$" \
	ctl run args --entry match --rule "--arg" --hex "$FOUR"
refused "too many bytes" 1 "room for 256 bytes$" \
	ctl run args --entry match --rule "--arg a=$(printf %0253d 0) --arg b=" --hex "$FOUR"
is "but not one less" "$(said args --entry match --rule "--arg b=$(printf %0253d 0)" --hex "$FOUR")" $'nil\tnil\tnil'
refused "an open quote" 1 "a double quote is missing" \
	ctl run args --entry match --rule '--arg "a=1' --hex "$FOUR"
for bad in a 1a=1 =1 a-b=1; do
	refused "no key=value: $bad" 2 "no rule could give this to 'args': arguments are key=value" \
		ctl run args --entry match --rule "--arg $bad" --hex "$FOUR"
done
refused "a hook has no rule" 2 "no rule could give this to 'inet input 0': a hook is called by no rule" \
	ctl run args --entry hook --rule "--arg a=1" --hex "$FOUR"
refused "several entry points" 2 "several entry points may be meant" \
	ctl run args --rule "--arg a=1" --hex "$FOUR"

# --- extensions ---
cat >wide.lua <<'L'
local nf = require("netfilter").new{}
nf:extension{
  name = "wide",
  options = {
    { name = "from", type = "prefix", repeated = 3, invertible = true },
    { name = "port_s", type = "portrange", group = "what", mandatory = true },
    { name = "any", type = "bool", group = "what", invertible = true },
    { name = "n", type = "u8", default = 7, max = 50 },
    { name = "what", type = "string", size = 20 },
  },
  match = function(pkt, info)
    local from = {}
    for _, f in ipairs(info.from or {}) do from[#from + 1] = tostring(f) end
    local ports = info.port_s
    print(table.concat(from, " "), info.inverted.from, ports and ports.first, ports and ports.last,
      info.any, info.inverted.any, info.n, info.what)
    return not info.from or info.from[1]:has((pkt.ip or pkt.ip6).src)
  end,
}
L
is "options of a file" "$(said ./wide.lua --rule '! --from 10.0.0.0/8,10.1.2.3 --port-s 5:9 --what "a b"' --hex "$FOUR")" \
	$'10.0.0.0/8 10.1.2.3\ttrue\t5\t9\tfalse\tnil\t7\ta b'
is "of the other family" "$(said ./wide.lua --rule '--from 2001:db8::/32 ! --any --n 0x10' --hex "$SIX")" \
	$'2001:db8::/32\tnil\tnil\tnil\ttrue\ttrue\t16\tnil'
is "behind a VLAN tag" "$(said ./wide.lua --rule '--from 2001:db8::/32 --any' --hex "$VLAN")" \
	$'2001:db8::/32\tnil\tnil\tnil\ttrue\tnil\t7\tnil'
is "at the IP header" "$(said ./wide.lua --raw --rule '--from 2001:db8::/32 --any' --hex "${SIX:28}")" \
	$'2001:db8::/32\tnil\tnil\tnil\ttrue\tnil\t7\tnil'
is "without --rule nothing is mandatory" "$(said ./wide.lua --hex "$FOUR")" $'\tnil\tnil\tnil\tfalse\tnil\t7\tnil'
is "given again" "$(said ./wide.lua --rule '--from 10.0.0.0/8 --from 11.0.0.0/8 --any' --hex "$FOUR")" \
	$'10.0.0.0/8 11.0.0.0/8\tnil\tnil\tnil\ttrue\tnil\t7\tnil'
# wrong WHAT RULE MESSAGE: refused before any packet
wrong() {
	refused "$1" 1 "^nfluactl: --rule: $3$" nfluactl run ./wide.lua --rule "$2" --hex "$FOUR"
}
wrong "no such option" "--form 10.0.0.0/8" "match 'wide' has no option '--form'"
wrong "no option at all" "any" "match 'wide' has no option 'any'"
wrong "no value" "--any --n" "--n needs a value"
wrong "a bad value" "--any --n 51" "--n '51' is not .* 0 .* 50"
wrong "! in front of what takes none" "--any ! --n 5" "--n takes no '!' in front of it"
wrong "! in front of nothing" "--any !" "an option is missing behind '!'"
wrong "once with ! and once without" "--any ! --from 10.0.0.0/8 --from 11.0.0.0/8" "there is ! in front of each --from of a rule, or of none"
wrong "what is mandatory is missing" "--n 5" "one of --port-s, --any must be given"
wrong "what excludes each other" "--any --port-s 5" "--port-s and --any exclude each other"
wrong "twice" "--any --n 5 --n 6" "--n is given twice"
for what in info.nothing info.inverted.nothing; do
	sed "s/local from = {}/print(select(2, pcall(function() return $what end))) &/" wide.lua >asks.lua
	is "its function asks for $what" "$(said ./asks.lua --hex "$FOUR" | cut -d ' ' -f 2-)" \
		"extension 'wide' has no option 'nothing' (it has: from port_s any n what inverted)"
done

is "both families in one file: each as it may be" \
	"$(nfluactl run ./wide.lua --rule "--any --from 10.0.0.0/8" --pcap both.pcap | grep -v '^ ')" \
	"1 match
2 refused: --from '10.0.0.0/8' is not an IPv6 address or a prefix, as 2001:db8::/32
3 match"
is "and as JSON" "$(nfluactl -j run ./wide.lua --rule "--any --from fd00::/8" --pcap both.pcap | jq -r '.[].outcome' | xargs)" \
	"refused match refused"
refused "one packet of the other family" 2 "^nfluactl: --rule: --from '10.0.0.0/8' is not an IPv6" \
	nfluactl run ./wide.lua --rule "--any --from 10.0.0.0/8" --hex "$SIX"
sed 's/name = "wide"/families = { "ipv6" }, name = "six"/' wide.lua >six.lua
is "a rule of one family only" "$(nfluactl run ./six.lua --rule "--any" --pcap both.pcap | grep -v '^ ' | head -n 2)" \
	"1 refused: extension 'six' has no rules for IPv4
2 match"
is "without --rule, too" "$(nfluactl run ./six.lua --pcap both.pcap | grep -v '^ ' | head -n 2)" \
	"1 refused: extension 'six' has no rules for IPv4
2 match"

# --- a loaded script: its options are those that iptables knows ---
ctl load wide.lua
refused "not installed" 1 "the options of 'wide' are not known: cannot read .*extensions/wide.lua" \
	ctl run wide --rule "--any" --hex "$FOUR"
refused "and what helps" 1 "run its file, or 'nfluactl extension install' it" \
	ctl run wide --rule "--any" --hex "$FOUR"
is "without --rule it needs none" "$(said wide --hex "$FOUR")" $'\tnil\tnil\tnil\tfalse\tnil\t7\tnil'
check "installed" nfluactl extension install wide.lua
is "it is known" "$(said wide --rule "--any --n 9" --hex "$FOUR")" $'\tnil\tnil\tnil\ttrue\tnil\t9\tnil'
is "and its state is the one that packets see" "$(field "$SERVER" wide '.entries[0].calls')" 0
sed -i 's/max = 50/max = 40/' "$NFLUA_EXTENSIONS/wide.lua"
refused "another declaration than the loaded one" 2 "no rule could give this to 'wide': option 4, 'n', differs" \
	ctl run wide --rule "--any" --hex "$FOUR"
sed -i 's/size = 20/size = 200/' "$NFLUA_EXTENSIONS/wide.lua"
refused "of another size" 2 "no rule could give this to 'wide': it was made from another declaration, with values of another size" \
	ctl run wide --rule "--any" --hex "$FOUR"
ctl unload wide

# --- functions of the declaration, as iptables calls them ---
sed 's/return nf.CONTINUE/print(info.amount, info.burst, info.peer, info.inverted.peer) return nf.CONTINUE/
	s/target = function()/target = function(pkt, info)/' "$HERE/extensions/shape.lua" >shape.lua
is "init and parse" "$(said ./shape.lua --rule "--amount 4k --any" --hex "$FOUR")" $'4096\t10\tnil\tnil'
is "an option replaces what init has set" "$(said ./shape.lua --rule "--amount 4k --burst 7 --any" --hex "$FOUR")" $'4096\t7\tnil\tnil'
is "final_check sees addresses as strings, and may change what is inverted" \
	"$(said ./shape.lua --rule "--amount 4k --peer 10.9.0.0/16" --hex "$FOUR")" $'4096\t10\t10.9.0.0/16\ttrue'
sed 's/tostring(values.peer) == "10.9.0.0\/16"/values.peer == "10.9.0.0\/16"/' shape.lua >strings.lua
is "strings they are" "$(said ./strings.lua --rule "--amount 4k --peer 10.9.0.0/16" --hex "$FOUR")" $'4096\t10\t10.9.0.0/16\ttrue'
refused "parse refuses" 1 "--rule: an amount is digits, and b, k or m, not '4x'$" \
	nfluactl run ./shape.lua --rule "--amount 4x --any" --hex "$FOUR"
refused "final_check refuses" 1 "--rule: a burst of 17 is more than 16$" \
	nfluactl run ./shape.lua --rule "--amount 16 --burst 17 --any" --hex "$FOUR"
refused "final_check fails" 1 "--rule: .*shape.lua:[0-9]*: 13 is no burst" \
	nfluactl run ./shape.lua --rule "--amount 99 --burst 13 --any" --hex "$FOUR"

# --- the kernel trusts nobody ---
ctl load wide.lua
ctl load --name args args.lua 2>/dev/null || ctl replace --name args args.lua
raw() { server python3 "$HERE/genl.py" send "12:1=$1,2=u8:$2,5=hex:$FOUR,24=$3"; }
is "arguments without an end" "$(raw args 1 "hex:613d31")" "EINVAL: no rule could give this to the entry point"
is "arguments with bytes behind them" "$(raw args 1 "hex:613d31000000")" "EINVAL: no rule could give this to the entry point"
is "no byte at all" "$(raw args 1 "hex:")" "EINVAL: no rule could give this to the entry point"
is "arguments that are right" "$(raw args 1 "hex:613d3100")" ok
is "more than any rule has" "$(raw args 1 "fill:4209" | head -c 6)" ERANGE
for size in 0 8 111 112 4208; do
	is "an extension's rule of $size bytes" "$(raw wide 5 "fill:$size")" "EINVAL: no rule could give this to the entry point"
done
size=$((112 + $(nfluactl -j extension show ./wide.lua | jq '.[0].size') - 112 - 8))
is "of the right size, but nonsense" "$(raw wide 5 "fill:$size")" "EINVAL: no rule could give this to the entry point"
# the declaration's digest is right: options are looked at one by one
digest=$(nfluactl -j extension show ./wide.lua | jq -r '.[0].digest' | fold -w 2 | tac | tr -d '\n')
zeros() { printf "%0$(($1 * 2))d" 0; }
# sealed COUNTS [INVERTED]: a rule with so many values of each option, which are zero
sealed() { echo "hex:$digest${2:-00}$(zeros 7)$1$(zeros $((size - 16 - ${#1} / 2)))"; }
is "a rule with a flag that is given" "$(raw wide 5 "$(sealed 000001)")" ok
is "one without what is mandatory" "$(raw wide 5 "$(sealed 000000)")" "EINVAL: no rule could give this to the entry point"
is "one with more values than there may be" "$(raw wide 5 "$(sealed 000002)")" "EINVAL: no rule could give this to the entry point"
is "one with two of what excludes each other" "$(raw wide 5 "$(sealed 000101)")" "EINVAL: no rule could give this to the entry point"
is "one with ! in front of what is given" "$(raw wide 5 "$(sealed 000001 04)")" ok
is "one with ! in front of what is not" "$(raw wide 5 "$(sealed 000001 01)")" "EINVAL: no rule could give this to the entry point"
is "one with a string that is empty" "$(raw wide 5 "$(sealed 0000010001)")" ok
ctl unload wide
ctl unload args
finish
