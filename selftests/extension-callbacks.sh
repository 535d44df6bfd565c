#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Functions of a declaration that are called by iptables: init, parse,
# final_check, print, save and help; and their errors.
# Functions that others call look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=extensions/lib.sh source-path=SCRIPTDIR
. "$HERE/extensions/lib.sh"
need_module
need_extensions
topology

install_extension "$HERE/extensions/shape.lua"
is "installed by its name, not the file's" "$(installed)" \
	"extensions/SHAPE.lua xtables/libxt_SHAPE.so"

# What a body asks the kernel, what functions write into values, and a long word.
words=$(for i in $(seq 10 41); do echo "$i-a-word-of-thirty-one-letters"; done | paste -sd ,)
cat >"$TMP/writes.lua" <<L
local print, netfilter = print, require("netfilter")
local nf, m = netfilter.new(), require("map").open{ name = "loops", key = "string", max = 4 }
print("only for the kernel's log")
for _ in m:pairs() do end
for _ in pairs(m) do end
assert(string.format("%d", netfilter.now()) and math.max(netfilter.time(), netfilter.mask()) >= 0)
local words = {}
for word in ("$words"):gmatch("[^,]+") do words[#words + 1] = word end

nf:extension{
  name = "writes",
  options = {
    { name = "a", type = "u8", group = "one" },
    { name = "b", type = "u8", group = "one", invertible = true },
    { name = "ports", type = "portrange", repeated = 3 },
    { name = "note", type = "u8" },
    { name = "long", type = "flags", values = words },
    { name = "size", type = "u16", default = 9 },
  },
  help = function() print("what is kept of " .. require("words")) end,
  match = function() return true end,
  init = function(values) values.a = 1 end,
  parse = function(option, text, inverted, values)
    if option == "b" and text == "7" then values.note = inverted and 8 or 9 end
    if option ~= "note" then return end
    if text == "3" then values.ports = { { first = 1, last = 2 }, 80 } end
    if text == "4" then values.b = nil end
    if text == "5" then values.ports = { first = 1, last = 2 } end
    if text == "6" then values.note = 7 end
    if text == "8" then values.other = 1 end
    if text == "9" then values.size = 10 end
  end,
  save = function(values) if values.note == 10 then return "" end end,
}
L
cat >"$TMP/writes.t" <<T
:INPUT
-m writes;-m writes --a 1;OK
-m writes --note 3;-m writes --a 1 --ports 1:2,80 --note 3;OK
-m writes --b 5;=;OK
-m writes --a 2 --b 5;;FAIL
-m writes ! --b 5 --note 4;-m writes --note 4;OK
-m writes ! --b 7;-m writes ! --b 7 --note 8;OK
-m writes --b 7;-m writes --b 7 --note 9;OK
-m writes --ports 1 --ports 2,3;-m writes --a 1 --ports 1,2,3;OK
-m writes --note 5;;FAIL
-m writes --note 10;-m writes;OK
-m writes --note 9;-m writes --a 1 --note 9 --size 10;OK
-m writes --size 9 --note 9;-m writes --a 1 --note 9 --size 10;OK
-m writes --size 9 --note 3;-m writes --a 1 --ports 1:2,80 --note 3 --size 9;OK
-m writes --note 6;-m writes --a 1 --note 7;OK
-m writes --a 1 --long $words;=;OK
T
install_extension "$TMP/writes.lua"

# What init inverts is inverted no more when the command line says it.
cat >"$TMP/inverts.lua" <<'L'
require("netfilter").new():extension{
  name = "inverts", match = function() return true end,
  options = {
    { name = "a", type = "u8", group = "one", invertible = true },
    { name = "b", type = "u8", group = "one" },
  },
  init = function(values) values.a, values.inverted.a = 3, true end,
}
L
cat >"$TMP/inverts.t" <<'T'
:INPUT
-m inverts;-m inverts ! --a 3;OK
-m inverts --a 4;=;OK
-m inverts ! --a 4;=;OK
-m inverts --b 5;=;OK
T
install_extension "$TMP/inverts.lua"
echo 'return "a print"' >"$NFLUA_EXTENSIONS/words.lua"

for ipt in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do
	if ! tables $ipt; then
		skip "$ipt" "no such tables here"
		continue
	fi
	run_t "$TMP/writes.t" $ipt
	run_t "$TMP/inverts.t" $ipt
	run_t "$HERE/extensions/SHAPE.t" $ipt
	case $ipt in
	ip6*) ;;
	*) run_t "$HERE/extensions/SHAPE4.t" $ipt ;;
	esac
	# of which the kernel has no revision 0
	is "$ipt: nothing is said of a rule" \
		"$(server $ipt -t mangle -A POSTROUTING -j SHAPE --amount 5000 --any 2>&1)" ""
	server $ipt -t mangle -F
done

for ipt in iptables-nft iptables-legacy; do
	! tables $ipt || break
done
writes() { server "$ipt" -A INPUT -m writes "$@"; }
refused "what is no list of values" 2 "writes: option 'ports' may have several values: it must be a list of them" \
	writes --note 5
refused "what parse writes is checked" 2 "writes: extension 'writes' has no option 'other'" writes --note 8
"$ipt" -m writes --help >"$TMP/help" 2>&1
check "help prints by what the body has kept, and requires a file" grep -qx 'what is kept of a print' "$TMP/help"
refused "and nothing of the body's" 1 '^$' grep "only for" "$TMP/help"
nfluactl extension show writes >"$TMP/shown"
check "nfluactl does, too" grep -qx 'what is kept of a print' "$TMP/shown"
rm "$NFLUA_EXTENSIONS/words.lua"
refused "a file that is not there" 0 \
	"its help fails: .*writes.lua:[0-9]+: module 'words' is not built in, and nfluactl cannot read $NFLUA_EXTENSIONS/words.lua: No such file" \
	nfluactl extension show "$TMP/writes.lua"
refused "iptables says so, too" 2 "writes.lua:[0-9]+: module 'words' not found" "$ipt" -m writes --help
shape() { server "$ipt" -t mangle -A POSTROUTING -j SHAPE "$@"; }
lua="SHAPE: $NFLUA_EXTENSIONS/SHAPE.lua"
refused "parse says what is wrong" 2 "SHAPE: an amount is digits, and b, k or m, not 'x'" \
	shape --amount x --any
refused "final_check says what is wrong" 2 "SHAPE: a burst of 10 is more than 5" \
	shape --amount 5 --any
refused "final_check raises, with file and line" 2 "$lua:30: 13 is no burst" \
	shape --amount 5000 --burst 13 --any
refused "final_check says only no" 2 "SHAPE: the extension's function 'final_check' refuses it" \
	shape --amount 5000 --burst 14 --any
refused "a field that is no option" 2 "SHAPE: extension 'SHAPE' has no option 'burts'" \
	shape --amount 5000 --burst 16 --any
refused "what final_check leaves is looked at again" 2 "SHAPE: --amount must be given" \
	shape --amount 5000 --burst 18 --any
refused "a value that the option cannot have" 2 "option 'peer': a value must be a prefix" \
	shape --amount 5000 --burst 17 --any
refused "what parse returns is checked" 2 "option 'amount': a value must be an integer from 0 to 4294967295" \
	shape --amount 9999m --any
refused "two of a group" 2 "SHAPE: --peer and --any exclude each other" \
	shape --amount 5000 --peer 10.0.0.1 --any
refused "none of a group" 2 "SHAPE: one of --peer, --any must be given" shape --amount 5000
refused "a mandatory option" 2 "SHAPE: --amount must be given" \
	server "$ipt" -t mangle -A POSTROUTING -j SHAPE --any
refused "another table than it is for" any "Invalid argument" server "$ipt" -A INPUT -j SHAPE --amount 5000 --any
check "a rule" shape --amount 2k --any
server "$ipt" -t mangle -nL POSTROUTING >"$TMP/out"
check "print" grep -q 'SHAPE shape 2048 bytes$' "$TMP/out"
server "$ipt" -t mangle -L POSTROUTING >"$TMP/out"
check "print, not numeric" grep -q 'SHAPE shape 2048 B$' "$TMP/out"
"$ipt" -j SHAPE --help >"$TMP/help"
check "the function that prints the help" grep -qx 'Shapes what it meets.' "$TMP/help"
check "and the options" grep -q '^    --amount number  *bytes, or with k or m behind; a number from 0 to 4294967295; mandatory$' "$TMP/help"
check "and the group" grep -q '^\[!\] --peer .*not with --any; one of them mandatory$' "$TMP/help"

# --- errors where nobody expects them ---
sed "s/return \"shape \" .. values.amount/return values.nothing/" "$HERE/extensions/shape.lua" \
	>"$NFLUA_EXTENSIONS/SHAPE.lua"
refused "print raises" 2 "$lua:39: extension 'SHAPE' has no option 'nothing'" \
	server "$ipt" -t mangle -L POSTROUTING
sed "s/print(\"Shapes what \" .. \"it meets.\")/error(\"no help\")/" "$HERE/extensions/shape.lua" \
	>"$NFLUA_EXTENSIONS/SHAPE.lua"
refused "help raises" 2 "$lua:16: no help" "$ipt" -j SHAPE --help
sed "s/if values.amount % 1024 ~= 0 then return end/do return {} end/" "$HERE/extensions/shape.lua" \
	>"$NFLUA_EXTENSIONS/SHAPE.lua"
refused "save returns what is no string" 2 "function 'save' returned a table, not a string" \
	server "$ipt-save" -t mangle
echo 'x(' >"$NFLUA_EXTENSIONS/SHAPE.lua"
refused "a file that does not compile" 2 "libxt_SHAPE.so: $NFLUA_EXTENSIONS/SHAPE.lua:" \
	shape --amount 5000 --any
echo 'x()' >"$NFLUA_EXTENSIONS/SHAPE.lua"
refused "a body that raises" 2 "libxt_SHAPE.so: $NFLUA_EXTENSIONS/SHAPE.lua:1: attempt to call" \
	shape --amount 5000 --any
echo 'while true do end' >"$NFLUA_EXTENSIONS/SHAPE.lua"
refused "a body that does not end" 2 "libxt_SHAPE.so: $NFLUA_EXTENSIONS/SHAPE.lua:1: ran longer than 5 s" \
	shape --amount 5000 --any
cat >"$NFLUA_EXTENSIONS/SHAPE.lua" <<'L'
local map = require("map").open{ name = "m", key = "string", max = 4 }
while map:get("there") do end
L
refused "nor does nfluactl wait for one" 2 "ran longer than 5 s" \
	nfluactl extension show "$NFLUA_EXTENSIONS/SHAPE.lua"
echo 'return' >"$NFLUA_EXTENSIONS/SHAPE.lua"
refused "a file that declares something else" 2 "libxt_SHAPE.so: .*SHAPE.lua declares no extension of this name" \
	shape --amount 5000 --any
rm "$NFLUA_EXTENSIONS/SHAPE.lua"
refused "no file" 2 "libxt_SHAPE.so: cannot read the extension's declaration, $NFLUA_EXTENSIONS/SHAPE.lua: No such file" \
	shape --amount 5000 --any
server "$ipt" -t mangle -F
finish
