#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# nfluactl extension: what it installs, shows, refuses and removes; and an
# extension in all that iptables does with rules: -C, -D, -L, -S, --help, save,
# restore, translate. Several extensions at once.
# Functions that others call look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=extensions/lib.sh source-path=SCRIPTDIR
. "$HERE/extensions/lib.sh"
need_module
need_extensions
topology
cd "$TMP" || exit 1

# declare NAME [FIELDS [OPTION-FIELDS]]: prints a file with a match
declare_match() {
	cat <<L
local nf = require("netfilter").new()
nf:extension{ name = "$1", ${2-}
  options = { { name = "port", type = "u16", ${3-} } },
  match = function(pkt, info) return pkt.udp and pkt.udp.dport == info.port end }
L
}
extension() { nfluactl extension "$@"; }

# --- installing ---
declare_match mine >mine.lua
is "nothing is installed" "$(extension -j list)" "[]"
check "install" extension install mine.lua
is "the object and the file" "$(installed)" "extensions/mine.lua xtables/libxt_mine.so"
is "for everyone to read" "$(stat -c %a xtables/libxt_mine.so extensions/mine.lua | paste -sd ' ')" "644 644"
check "install the same again" extension install mine.lua
is "list" "$(extension list | tail -n 1 | tr -s ' ')" "mine match 0 ipv4,ipv6 1 128 installed"
is "list -j" "$(extension -j list | jq -c .)" \
	'[{"name":"mine","kind":"match","revision":0,"families":["ipv4","ipv6"],"size":128,"state":"installed"}]'
check "show" extension show mine
is "show -j has the layout" "$(extension -j show mine | jq -c '.[0].options[0] | [.option, .type, .offset, .size]')" \
	'["port","u16",112,2]'
check "and iptables' help" bash -c "nfluactl extension show mine | grep -q '^    --port number  *a number from 0 to 65535$'"
is "of a file, too, with the same digest" "$(extension -j show ./mine.lua | jq -r '.[0].digest')" \
	"$(extension -j show mine | jq -r '.[0].digest')"
check "into another root" extension install --destdir root --libdir /lib/x mine.lua
is "the object is there" "$(find root -name '*.so')" root/lib/x/libxt_mine.so
is "and the file" "$(find root -name '*.lua')" "root$NFLUA_EXTENSIONS/mine.lua"
check "DESTDIR does it, too" env DESTDIR=root2 nfluactl extension install --libdir /lib/x mine.lua
is "there" "$(find root2 -name '*.so')" root2/lib/x/libxt_mine.so
printf 'x' >>xtables/libxt_mine.so
is "an object that is not the generic one's copy" "$(extension -j list | jq -r '.[0].state')" "of another nflua"
check "is replaced" extension install mine.lua
is "by it" "$(extension -j list | jq -r '.[0].state')" installed

# --- what is refused ---
refuses() {
	local what=$1 status=$2 pattern=$3
	refused "refused: $what" "$status" "$pattern" extension install refused.lua
}
refused "refused: an object that is a directory" 1 "Is a directory" extension install --object / mine.lua
refused "refused: another object" 1 "is not the object that iptables loads" extension install --object /bin/true mine.lua
unchanged() { (cd "$TMP" && find xtables extensions -type f -exec sha256sum {} + | sort); }
before=$(unchanged)
{ declare_match ours; declare_match second; } >refused.lua
# a place for one object, and not for two
mkdir small
mount -t tmpfs -o "size=$(($(stat -c %s xtables/libxt_mine.so) * 3 / 2))" small "$TMP/small" || exit 1
at_exit "umount '$TMP/small'"
refused "refused: two where there is room for one" 1 "cannot write .*/libxt_second.so: No space left on device" \
	extension install --libdir "$TMP/small" refused.lua
is "of the first there is nothing" "$(find small extensions -newer refused.lua -type f)" ""
for name in tcp conntrack MASQUERADE; do
	declare_match $name >refused.lua
	refuses "$name, which iptables has" 2 "cannot install '$name': /.*/lib(xt|ipt|ip6t)_$name.so is an extension of this name that is not nflua's"
done
for name in lua ACCEPT standard icmpv6; do
	declare_match $name >refused.lua
	refuses "$name, which iptables has taken" 2 "refused.lua:2: extension '$name': iptables has an extension of this name itself"
done
modules=/lib/modules/$(uname -r)/modules.alias
alias=$(sed -n 's/^alias ipt_\([a-zA-Z0-9]*\) xt_.*/\1/p' "$modules" | while read -r a; do
	ls "$SYSTEM_LIBDIR"/lib*_"$a".so >/dev/null 2>&1 || { echo "$a"; break; }
done)
if [ -n "$alias" ]; then
	declare_match "$alias" >refused.lua
	refuses "$alias, which only the kernel has" 2 "the kernel's module .* has an extension of this name"
else
	skip "a name that only the kernel has" "iptables has them all"
fi
for name in 9x a/b 'a b' "$(printf '%029d' 0 | tr 0 x)" ''; do
	declare_match "$name" >refused.lua
	refuses "'$name', which is no name" 2 "is no name of an extension: 1 to 28 letters"
done
declare_match good '' 'min = 2, max = 1,' >refused.lua
refuses "a wrong declaration" 2 "refused.lua:2: extension 'good', option 1 'port': min is greater than max"
{
	echo 'local o = {} for i = 1, 32 do o[i] = { name = "o" .. i, type = "bool" } end'
	echo 'require("netfilter").new():extension{ name = "good", options = o, match = print }'
} >refused.lua
refuses "too many options" 2 "an extension has at most 31 options"
cat >refused.lua <<'L'
require("netfilter").new():extension{ name = "good", match = print, options = {
  { name = "a", type = "string", size = 255, repeated = 16 }, { name = "b", type = "u8" } } }
L
refuses "values that a rule has no room for" 2 "take more than the 4096 bytes that a rule has for them"
sed -i 's/match = print/target = print/; s/repeated = 16/repeated = 12/' refused.lua
refuses "or a target's, which has less" 2 "take more than the 3072 bytes"
for from in 'families' 'options'; do
	cat >refused.lua <<-L
	local n = 0
	require("netfilter").new():extension(setmetatable({ name = "good", match = print },
	  { __index = function(_, k) if k == "$from" then n = n + 1 return n == 1 and {} or 0x4141414141414141 end end }))
	L
	refuses "a metatable that answers for '$from'" 2 "an extension is declared by a table without a metatable"
done
cat >refused.lua <<'L'
require("netfilter").new():extension{ name = "good", match = print, options = {
  setmetatable({ name = "a" }, { __index = { type = "u8" } }) } }
L
refuses "one of an option" 2 "option 1 is declared by a table without a metatable"
while IFS='|' read -r type value; do
	declare_match good 'families = { "ipv4" },' "type = $type, default = $value," |
		sed 's/type = "u16", //' >refused.lua
	refuses "default = $value of $type" 2 "option 'port': a value must be "
done <<'T'
"u16"|65536
"i64", max = 3|4
"string", size = 3|"long"
"string", size = 3|"a\nb"
"enum", values = { "a" }|"b"
"flags", values = { "a" }|{}
"flags", values = { "a" }|{ "b" }
"address"|"10.0.0.1/32"
"prefix"|"10.0.0.0/33"
"portrange"|{ first = 9, last = 8 }
"portrange"|65536
"interface"|"sixteen-bytes-x-"
"mac"|"02:00:00:00:00"
T
declare_match good '' 'type = "bool", default = true,' | sed 's/type = "u16", //' >refused.lua
refuses "a bool that would always be true" 2 "bool has no default"
declare_match good '' 'name = "jump",' | sed 's/name = "port", //' >refused.lua
refuses "an option of iptables' own" 2 "iptables has an option of this name itself"
# What the fields of a declaration may not be; the message begins with what is wrong where.
while IFS='|' read -r fields message; do
	echo "require('netfilter').new():extension{ $fields }" >refused.lua
	refuses "$fields" 2 "refused.lua:1: $message"
done <<'T'
name = "x"|extension 'x': it has a function 'match' or a function 'target'
name = "x", match = print, target = print|extension 'x': it has a function 'match' or a function 'target'
name = "x", match = 1|extension 'x': match must be a function, not number
match = print|extension: name must be a string, not nil
name = 1, match = print|extension: name must be a string, not number
name = "x\0", match = print|extension: name must be a string
name = "x", match = print, option = {}|an extension has no field 'option' \(it has: name revision
name = "x", match = print, 1|an extension has no field 'number'
name = "x", match = print, revision = 256|extension 'x': revision must be an integer from 0 to 255
name = "x", match = print, revision = -1|extension 'x': revision must be an integer from 0 to 255
name = "x", match = print, revision = "1"|extension 'x': revision must be an integer from 0 to 255
name = "x", match = print, families = "ipv4"|extension 'x': families must be a table, not string
name = "x", match = print, families = {}|extension 'x': families is an empty list; leave it out
name = "x", match = print, families = { "ipv4", "ipv4" }|extension 'x': families lists some of, each once: ipv4 ipv6$
name = "x", match = print, families = { "inet" }|extension 'x': families lists some of
name = "x", match = print, tables = { "broute" }|extension 'x': tables lists some of, each once: filter mangle nat raw security$
name = "x", match = print, hooks = { "ingress" }|extension 'x': hooks lists some of, each once: prerouting input forward output postrouting$
name = "x", match = print, protocol = 0|extension 'x': protocol must be an integer from 1 to 255
name = "x", match = print, protocol = 256|extension 'x': protocol must be an integer from 1 to 255
name = "x", match = print, protocol = "ip"|extension 'x': protocol is a number from 1 to 255 or one of: icmp tcp udp
name = "x", match = print, on_error = "continue"|extension 'x': on_error is 'continue', but may be: nomatch match drop$
name = "x", target = print, on_error = "match"|extension 'x': on_error is 'match', but may be: continue accept drop$
name = "x", match = print, help = 1|extension 'x': help must be a string or a function
name = "x", match = print, checkentry = "f"|extension 'x': checkentry must be a function, not string
name = "x", match = print, save = true|extension 'x': save must be a function, not boolean
name = "x", match = print, options = 1|extension 'x': options must be a table, not number
name = "x", match = print, options = {}|extension 'x': options is a list of tables without holes
name = "x", match = print, options = { { name = "a", type = "u8" }, nil, { name = "b", type = "u8" } }|extension 'x': options is a list of tables without holes
name = "x", match = print, options = { "a" }|extension 'x', option 1: must be a table, not string
T
while IFS='|' read -r fields message; do
	echo "require('netfilter').new():extension{ name = 'x', match = print, options = { { $fields } } }" >refused.lua
	refuses "option $fields" 2 "refused.lua:1: extension 'x', option $message"
done <<'T'
type = "u8"|1: name must be a string, not nil
name = "a-b", type = "u8"|1: 'a-b' is no name of an option: 1 to 27 letters
name = "1a", type = "u8"|1: '1a' is no name of an option
name = "inverted", type = "u8"|1: 'inverted' is no name of an option
name = "twenty_eight_bytes_are_a_few", type = "u8"|1: 'twenty_eight_bytes_are_a_few' is no name of an option
name = "list_rules", type = "u8"|1 'list_rules': iptables has an option of this name itself
name = "a", type = "u8" }, { name = "a", type = "u8"|2 'a': there are two of this name
name = "a"|1 'a': type must be a string, not nil
name = "a", type = "u128"|1 'a': type is 'u128', but may be: u8 u16 u32 u64 i64 string bool
name = "a", type = "u8", least = 1|1 has no field 'least' \(it has: name type
name = "a", type = "string"|1 'a': a string needs size = its greatest length, 1 to 255
name = "a", type = "string", size = 256|1 'a': size must be an integer from 1 to 255
name = "a", type = "string", size = 9, max = 9|1 'a': string has no max
name = "a", type = "mac", min = 1|1 'a': mac has no min
name = "a", type = "u8", size = 1|1 'a': u8 has no size
name = "a", type = "u8", values = { "a" }|1 'a': u8 has no values
name = "a", type = "bool", repeated = 2|1 'a': bool has no repeated
name = "a", type = "u8", repeated = 0|1 'a': repeated must be an integer from 1 to 64
name = "a", type = "u8", repeated = 65|1 'a': repeated must be an integer from 1 to 64
name = "a", type = "u8", mandatory = 1|1 'a': mandatory must be true or false
name = "a", type = "u8", max = 256|1 'a': max must be an integer that u8 can have
name = "a", type = "u32", min = -1|1 'a': min must be an integer that u32 can have
name = "a", type = "u64", max = "9"|1 'a': max must be an integer that u64 can have
name = "a", type = "i64", min = 1, max = -1|1 'a': min is greater than max
name = "a", type = "u64", min = -1, max = 1|1 'a': min is greater than max
name = "a", type = "enum"|1 'a': enum needs values = { ... }, its words
name = "a", type = "flags", values = {}|1 'a': values is an empty list
name = "a", type = "enum", values = { "a", 1 }|1 'a': value 2 is no word of 1 to 31 letters, digits, dots, dashes and underscores
name = "a", type = "enum", values = { "a,b" }|1 'a': value 1 is no word
name = "a", type = "enum", values = { "" }|1 'a': value 1 is no word
name = "a", type = "enum", values = { ("a"):rep(32) }|1 'a': value 1 is no word
name = "a", type = "enum", values = { "a", "b", "a" }|1 'a': the value 'a' is there twice
name = "a", type = "enum", values = (function(t) for i = 1, 65 do t[i] = "w" .. i end return t end){}|1 'a': more than 64 values
name = "a", type = "flags", values = (function(t) for i = 1, 33 do t[i] = "w" .. i end return t end){}|1 'a': more than 32 values
name = "a", type = "enum", values = (function(t) for i = 1, 63 do t[i] = ("w"):rep(29) .. i + 9 end return t end){} }, { name = "b", type = "enum", values = { ("x"):rep(31) }|2 'b': the words, groups and defaults of an extension have 2047 bytes
name = "a", type = "u8", mandatory = true, default = 1|1 'a': what is mandatory or repeated has no default
name = "a", type = "u8", repeated = 2, default = 1|1 'a': what is mandatory or repeated has no default
name = "a", type = "address", default = "10.0.0.1"|1 'a': address has a default only if families names one family
name = "a", type = "u8", group = "1"|1 'a': group '1' is no name
name = "a", type = "u8", group = 1|1 'a': group must be a string, not number
name = "a", type = "u8", help = 1|1 'a': help must be a string, not number
T
# What they may just be.
cat >most.lua <<'L'
local function words(n) local t = {} for i = 1, n do t[i] = ("w"):rep(29) .. i + 9 end return t end
local nf = require("netfilter").new()
nf:extension{
  name = "twenty-eight_bytes_are_a_few", revision = 255, protocol = 255, target = print, options = {
    { name = "twenty7_bytes_are_fewer_yet", type = "string", size = 255 },
    { name = "repeated", type = "u8", repeated = 64 },
    { name = "all", type = "u64", min = -1, max = -1 },
    { name = "least", type = "i64", min = -9223372036854775807 - 1, max = -9223372036854775807 },
    { name = "flags", type = "flags", values = words(32), group = "a-b" },
    { name = "a", type = "flags", values = { "b" }, default = { "b" }, group = "a-b" },
  },
}
local sixty_four = {}
for i = 1, 64 do sixty_four[i] = "w" .. i end
nf:extension{ name = "words", match = print, options = { { name = "w", type = "enum", values = sixty_four } } }
nf:extension{ name = "bytes", match = print, options = {
  { name = "w", type = "enum", values = words(63) }, { name = "x", type = "enum", values = { ("x"):rep(30) } } } }
L
is "the most that there may be" "$(extension -j show ./most.lua | jq -c '.[] |
	[.name, .revision, (.options[] | [.option, .size, .repeated, (.values // [] | length)])]' | tr -d '"')" \
	"[twenty-eight_bytes_are_a_few,255,[twenty7-bytes-are-fewer-yet,256,1,0],[repeated,1,64,0],[all,8,1,0],[least,8,1,0],[flags,4,1,32],[a,4,1,1]]
[words,0,[w,1,1,64]]
[bytes,0,[w,1,1,63],[x,1,1,1]]"
extension show ./most.lua >most
for range in "18446744073709551615 to 18446744073709551615" "-9223372036854775808 to -9223372036854775807"; do
	check "numbers from $range" grep -q "number from $range\$" most
done
echo 'x(' >refused.lua
refuses "what does not compile" 2 "refused.lua:[12]: unexpected symbol"
echo 'return' >refused.lua
refuses "what declares nothing" 1 "refused.lua declares no extension"
rm refused.lua
refuses "no file" 1 "there is no file 'refused.lua'"
declare_match mine '' 'min = 1,' >refused.lua
refuses "another declaration" 2 "its declaration has changed \(option 'port' has another 'min'\), but its revision is 0 as before"
# Whatever changes, install names it, and rules of the one are not those of the other.
digest() { extension -j show "$1" | jq -r '.[0].digest'; }
base() {
	cat <<'L'
local nf = require("netfilter").new()
nf:extension{
  name = "base", families = { "ipv4" }, tables = { "filter" }, hooks = { "input" }, protocol = "udp",
  on_error = "match",
  options = {
    { name = "n", type = "u64", min = 3, max = 9, default = 5, group = "g", invertible = true },
    { name = "word", type = "enum", values = { "a", "b" }, group = "g" },
    { name = "text", type = "string", size = 9, repeated = 2, mandatory = true },
  },
  match = print,
}
L
}
is_other() {
	local found
	found=$(digest "$1")
	[ ${#found} = 16 ] && [ "$found" != "$own" ]
}
base >base.lua
check "install" extension install base.lua
own=$(digest ./base.lua)
while IFS='|' read -r what edit; do
	base | sed "$edit" >refused.lua
	refuses "$what" 2 "its declaration has changed \\($what\\), but its revision is 0 as before"
	check "and its digest is another" is_other ./refused.lua
done <<'T'
one is a match, the other a target|s/match = print/target = print/; s/"match"/"drop"/
families differ|s/families = { "ipv4" }, //
tables differ|s/{ "filter" }/{ "filter", "raw" }/
hooks differ|s/hooks = { "input" }, //
protocol differs|s/"udp"/17 + 1/
on_error differs|s/"match"/"nomatch"/
option 1 is 'm', not 'n'|s/"n"/"m"/
option 3 is missing, not 'text'|/"text"/d
option 4 is 'more', not missing|s/^  },/{ name = "more", type = "bool" } &/
option 'n' has another 'type'|s/"u64"/"u32"/
option 'n' has another 'min'|s/min = 3, //
option 'n' has another 'max'|s/max = 9/max = 8/
option 'n' has another 'max'|s/max = 9/max = 9 + (1 << 32)/
option 'n' has another 'default'|s/default = 5/default = 6/
option 'n' has another 'default'|s/default = 5, //
option 'n' has another 'group'|s/max = 9, default = 5, group = "g"/max = 9, default = 5/
option 'n' has another 'invertible'|s/, invertible = true//
option 'word' has another 'values'|s/"b"/"c"/
option 'word' has another 'values'|s/"b"/"b", "c"/
option 'text' has another 'size'|s/size = 9/size = 8/
option 'text' has another 'repeated'|s/repeated = 2/repeated = 3/
option 'text' has another 'mandatory'|s/, mandatory = true//
T
base | sed '1i local print = function() end' >same.lua
check "another function is the same declaration" extension install same.lua
is "with the same digest" "$(digest ./same.lua)" "$own"
while read -r name number; do
	base | sed "s/\"udp\"/\"$name\"/" >named.lua
	base | sed "s/\"udp\"/$number/" >numbered.lua
	is "protocol $name is $number" "$(digest ./named.lua)" "$(digest ./numbered.lua)"
done <<'T'
icmp 1
tcp 6
udp 17
dccp 33
gre 47
esp 50
ah 51
icmpv6 58
sctp 132
udplite 136
T
check "remove" extension remove base
{ declare_match good; declare_match tcp; } >refused.lua
refuses "two, of which one is refused" 2 "cannot install 'tcp'"
is "nothing has changed" "$(unchanged)" "$before"
declare_match mine '' 'help = "the port",' >other.lua
check "another help is no other declaration" extension install other.lua
declare_match mine 'revision = 2,' 'min = 1,' >other.lua
check "another revision may be another declaration" extension install other.lua
refused "but no lower one" 2 "its revision is 0, and 2 is installed" extension install mine.lua
refused "remove what is not there" 1 "there is no extension 'other'" extension remove other
cp "$(ls "$SYSTEM_LIBDIR"/libxt_tcp.so)" xtables/
refused "remove what is not ours" 2 "its object in .* is not nflua's" extension remove tcp
rm xtables/libxt_tcp.so
echo 'return { port = 7 }' >extensions/util.lua
refused "remove what is no extension, but beside them" 2 "util.lua declares no extension 'util'" extension remove util
declare_match util >other.lua
refused "nor is it replaced by one" 2 "util.lua declares no extension 'util'" extension install other.lua
is "it is as it was" "$(cat extensions/util.lua)" "return { port = 7 }"
rm extensions/util.lua
declare_match gone 'options = { { name = "on", type = "bool", default = false } },' | sed '/{ name = "port"/d' >gone.lua
check "false is what a bool is without being given" extension install gone.lua
check "remove what a file declares" extension remove ./gone.lua
check "and no other" test ! -e extensions/gone.lua -a -e extensions/mine.lua
check "remove" extension remove mine
is "nothing is left" "$(find xtables extensions -type f)" ""
{ declare_match one; declare_match two; } >both.lua
check "a file may declare two" extension install both.lua
is "each has its object and file" "$(installed)" \
	"extensions/one.lua extensions/two.lua xtables/libxt_one.so xtables/libxt_two.so"
check "load them" nfluactl -n "$SERVER" load both.lua

# Links to another's file are refused, as on a file system that has none.
hardlinks=/proc/sys/fs/protected_hardlinks
if command -v setpriv >/dev/null && [ -w $hardlinks ]; then
	at_exit "echo $(cat $hardlinks) >$hardlinks"
	echo 1 >$hardlinks
	mkdir theirs
	chmod 711 "$TMP"
	check "install" env NFLUA_EXTENSIONS="$TMP/theirs" nfluactl extension install --libdir "$TMP/theirs" both.lua
	chown 65534 theirs
	sed 's/name = "port",/help = "new", &/' both.lua >theirs/both.lua
	check "replace what may not be linked to" setpriv --reuid 65534 --clear-groups \
		env NFLUA_EXTENSIONS="$TMP/theirs" nfluactl extension install --libdir "$TMP/theirs" theirs/both.lua
	is "nothing else is there" "$(find theirs -type f | sort | paste -sd ' ')" \
		"theirs/both.lua theirs/libxt_one.so theirs/libxt_two.so theirs/one.lua theirs/two.lua"
	is "it is the new one" "$(cat theirs/one.lua)" "$(cat theirs/both.lua)"
else
	skip "files that may not be linked to" "$hardlinks cannot be set"
fi

# --- rules ---
declare_match three '' 'default = 7,' >three.lua
check "install" extension install three.lua
for ipt in iptables-legacy iptables-nft; do
	tables $ipt || continue
	refused "$ipt: a rule without the script is refused" any \
		"kernel has no match 'three' of revision 0: 'nfluactl load' brings it" server $ipt -A INPUT -m three --port 1
done
declare_match higher 'revision = 1,' >higher.lua
check "one of a higher revision" extension install higher.lua
for ipt in iptables-legacy iptables-nft; do
	tables $ipt || continue
	refused "$ipt: its help needs no script" 0 "^    --port number" $ipt -m higher --help
	refused "$ipt: a rule does" 2 "higher: the kernel has no revision 1 of this match: 'nfluactl load' brings it" \
		server $ipt -A INPUT -m higher --port 1
done
check "load it" nfluactl -n "$SERVER" load three.lua
for ipt in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do
	if ! tables $ipt; then
		skip "$ipt" "no such tables here"
		continue
	fi
	cat >want <<'T'
-A INPUT -p udp -m one --port 1 -m two --port 2 -j DROP
-A INPUT -m three -j ACCEPT
-A INPUT -m one --port 1 -m one --port 3 -m three --port 9
T
	while read -r rule; do
		# shellcheck disable=SC2086
		check "$ipt $rule" server $ipt $rule
		# shellcheck disable=SC2086
		check "$ipt -C" server $ipt -C ${rule#-A }
	done <want
	is "$ipt: saved as given" "$(saved_rules $ipt)" "$(cat want)"
	is "$ipt: -S prints the same" "$(server $ipt -S INPUT 2>/dev/null | grep '^-A')" "$(cat want)"
	server $ipt -vnL INPUT >out 2>/dev/null
	check "$ipt: -L shows the options" grep -q ' one port 1 *one port 3 *three port 9' out
	check "$ipt: and a match without options" grep -qE ' three *$' out
	server $ipt-save -t filter >dump 2>/dev/null
	server $ipt -F INPUT
	check "$ipt: restore" server $ipt-restore dump
	is "$ipt: the same rules" "$(saved_rules $ipt)" "$(cat want)"
	check "$ipt: restore that only tests" server $ipt-restore -t dump
	if server $ipt -C INPUT -m three --port 8 -j ACCEPT 2>/dev/null; then
		skip "$ipt: -C of another value" "this $ipt -C compares no matches"
	else
		refused "$ipt: -D of another value" any "Bad rule|matching rule" server $ipt -D INPUT -m three --port 8 -j ACCEPT
	fi
	is "$ipt: nothing went" "$(saved_rules $ipt)" "$(cat want)"
	while read -r rule; do
		# shellcheck disable=SC2086
		check "$ipt -D ${rule#-A }" server $ipt -D ${rule#-A }
	done < <(tac want)
	is "$ipt: nothing is left" "$(saved_rules $ipt)" ""
	check "$ipt --help" bash -c "$ipt -m three --help | grep -q -- '^    --port number .*default: 7'"
done
cat >TARGET.lua <<'L'
local nf = require("netfilter").new()
nf:extension{ name = "TARGET", target = function() return nf.CONTINUE end }
L
check "install a target" extension install TARGET.lua
for ipt in iptables ip6tables; do
	for target in "TARGET" "LUA --script three"; do
		# shellcheck disable=SC2086
		refused "$ipt-translate of target $target" 0 \
			"nft has no expression for '${target%% *}': use nf:hook" "$ipt-translate" -A INPUT -j $target
	done
	refused "$ipt-translate answers with a sentence" 0 \
		"nft has no expression for 'three': use nf:hook" "$ipt-translate" -A INPUT -m three --port 1
done

# --- rules that the installed declaration does not explain ---
for ipt in iptables-nft iptables-legacy; do
	! tables $ipt || break
done
check "a rule" server "$ipt" -A INPUT -m three --port 1
declare_match three '' 'min = 1,' >extensions/three.lua
server "$ipt" -nL INPUT >out 2>/dev/null
check "-L says so" grep -q "three \[of another declaration than the installed one: option 1, 'port', differs\]" out
refused "save says so" any "a rule is of another declaration than the installed one" server "$ipt-save" -t filter
refused "a new rule is refused" any "Invalid argument" server "$ipt" -A INPUT -m three --port 1
declare_match three '' 'repeated = 60,' >extensions/three.lua
server "$ipt" -nL INPUT >out 2>/dev/null
check "-L does not look behind a rule that is shorter" grep -q "three \[of another declaration than the installed one: its values are fewer\]" out
server "$ipt" -F INPUT

# --- rules of an older revision ---
for ipt in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do
	tables $ipt || continue
	# of revision 0 iptables believes that there always is one
	had=0
	[[ $ipt != ip6* ]] || had=1
	declare_match three "revision = $had," 'default = 7,' >extensions/three.lua
	declare_match three 'revision = 2,' 'min = 1,' >two.lua
	check "$ipt: revision $had is loaded" nfluactl -n "$SERVER" replace extensions/three.lua
	check "$ipt: a rule" server $ipt -A INPUT -p udp -m three --port 4
	check "$ipt: and one behind it" server $ipt -A INPUT -p udp --dport 9
	check "a higher revision is installed" extension install two.lua
	refused "a replace is refused" 2 "rules have extension 'three' revision $had" \
		nfluactl -n "$SERVER" replace --name three two.lua
	for when in "before the script" "with the script"; do
		# iptables-legacy says this of all revisions but the kernel's newest
		case $ipt-$when in
		*-legacy-with*) sentence="unsupported revision" ;;
		*) sentence="of another declaration" ;;
		esac
		refused "$ipt, $when: -L lists the rule" 0 "three \\[$sentence" server $ipt -nL INPUT
		refused "$ipt, $when: and what is behind it" 0 "udp dpt:9" server $ipt -nL INPUT
		[ "${sentence%% *}" = unsupported ] || refused "$ipt, $when: save says so" any \
			"three: a rule is of another declaration" server $ipt-save -t filter
		[ "$when" = "with the script" ] || refused "$ipt: a new rule" 2 \
			"three: the kernel has no revision 2 of this match: 'nfluactl load' brings it" \
			server $ipt -A INPUT -p udp -m three --port 5
		[ "$when" = "with the script" ] || check "unload by force" nfluactl -n "$SERVER" unload --force three
		[ "$when" = "with the script" ] || check "load the new one" nfluactl -n "$SERVER" load --name three two.lua
	done
	check "$ipt: a rule of the new revision" server $ipt -A INPUT -p udp -m three --port 6
	check "$ipt: and one beside it, by number" server $ipt -D INPUT 1
	is "$ipt: saved" "$(saved_rules $ipt | tail -n 1)" "-A INPUT -p udp -m three --port 6"
	server $ipt -F INPUT
done
finish
