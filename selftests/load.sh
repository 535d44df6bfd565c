#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Loading scripts: every kind of failure says where and why and changes
# nothing, and large sources arrive whole.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
EXACT=1 need_module
topology
cd "$TMP" || exit 1

# fails WHAT PATTERN [OPTION]...: the script on standard input is refused.
n=0
fails() {
	local what=$1 pattern=$2
	shift 2
	n=$((n + 1))
	cat >"bad$n.lua"
	refused "$what" 2 "$pattern" ctl load "$@" "bad$n.lua"
}

# hook FIELDS: a script with one hook.
hook() {
	echo 'local nf = require("netfilter").new{}'
	echo "nf:hook{ $1 }"
}

# --- what the compiler refuses ---
fails "syntax error" '^bad[0-9]+\.lua:2: unexpected symbol near .=' <<'L'
local x
x = = 1
L
fails "syntax error at the end" '^bad[0-9]+\.lua:4: .end. expected \(to close .if. at line 1\) near <eof>' <<'L'
if x then
y()

L
fails "float" '^bad[0-9]+\.lua:1: ' <<<'x = 1.5'
fails "division" '^bad[0-9]+\.lua:1: no floating point in the kernel \(use // for integer division\)' <<<'x = 1 / 2'
printf '\033Lua\124\000\031\223\r\n\032\n' | fails "bytecode" 'binary chunk'
printf 'x = 1\n\0y\n' | fails "a NUL byte" '^bad[0-9]+\.lua:2: '
head -c 5000 /dev/zero | fails "nothing but NUL bytes" '^bad[0-9]+\.lua:1: '
head -c 100000 /dev/urandom | fails "noise" '^bad[0-9]+\.lua:[0-9]+: |binary chunk'
{
	printf 'x = '
	printf '(%.0s' {1..100000}
	printf '1'
	printf ')%.0s' {1..100000}
} | fails "100,000 nested parentheses" '^bad[0-9]+\.lua:1: .*overflow'
{
	printf 'x = '
	printf '{%.0s' {1..100000}
} | fails "100,000 nested tables" '^bad[0-9]+\.lua:1: .*overflow'
printf 'do %.0s' {1..100000} | fails "100,000 nested blocks" '^bad[0-9]+\.lua:1: .*overflow'

# --- what the body raises ---
fails "runtime error in a function" '^bad[0-9]+\.lua:3: attempt to index a nil value' <<'L'
local a
local function f()
  return a.b
end
f()
L
fails "it has a traceback" '^	bad[0-9]+\.lua:2: in main chunk' <<'L'
local function f() error("no") end
f()
L
fails "error without place" 'no place' <<<'error("no place", 0)'
fails "error that is a table" 'table value' <<<'error({})'
fails "error that is nil" 'nil' <<<'error()'
fails "unknown module" '^bad[0-9]+\.lua:2: module .nonesuch. not found \(built-in modules: conntrack luapacket map netfilter' <<'L'

require("nonesuch")
L
fails "misspelled field of netfilter" '^bad[0-9]+\.lua:2: netfilter has no field .DORP. \(it has: .*DROP' <<'L'
local netfilter = require("netfilter")
local drop = netfilter.DORP
L
fails "misspelled field of luapacket" '^bad[0-9]+\.lua:1: luapacket has no field .pi. \(it has: .*ip' <<<'require("luapacket").pi("::1")'
fails "misspelled method of nf" '^bad[0-9]+\.lua:2: nf has no field .mach. \(it has: .*match' <<'L'
local nf = require("netfilter").new{}
nf:mach(function() end)
L
fails "dot for colon" '^bad[0-9]+\.lua:2: bad argument' <<'L'
local nf = require("netfilter").new{}
nf.match(function() end)
L
fails "netfilter.new with an unknown field" "^bad[0-9]+\.lua:1: netfilter.new takes only 'name'" <<<'require("netfilter").new{ nmae = "x" }'
fails "netfilter.new with a bad name" '^bad[0-9]+\.lua:1: name must be' <<<'require("netfilter").new{ name = "a b" }'
fails "no such address" '^bad[0-9]+\.lua:1: .10.0.0.256. is not an IP address' <<<'require("luapacket").ip("10.0.0.256")'

# --- entry points ---
good='family = "ipv4", hook = "input", priority = 0, function() end'
hook "${good/ipv4/ipv5}" | fails "unknown family" "^bad[0-9]+\.lua:2: family is 'ipv5', but may be: ipv4 ipv6 inet"
hook "${good/input/inptu}" | fails "unknown hook" "^bad[0-9]+\.lua:2: hook is 'inptu', but may be: prerouting input forward output postrouting"
hook "${good/ 0/ \"fliter\"}" | fails "unknown priority" "^bad[0-9]+\.lua:2: priority is 'fliter', but may be: raw .*filter"
hook "${good/ 0/ \"filter - x\"}" | fails "bad distance" "^bad[0-9]+\.lua:2: priority is 'filter - x'"
hook "${good/ 0/ {\}}" | fails "priority of a wrong type" '^bad[0-9]+\.lua:2: priority is a table'
hook "${good/ 0/ 1<<40}" | fails "priority out of range" '^bad[0-9]+\.lua:2: priority 1099511627776 is out of range'
hook "${good/ 0/ -(1<<31)}" | fails "the first priority" '^bad[0-9]+\.lua:2: priority -2147483648 is out of range'
hook "${good/\"input\"/9}" | fails "a number that is no hook" "^bad[0-9]+\.lua:2: hook is '9', but may be: prerouting input"
hook "${good/\"ipv4\"/99}" | fails "a number that is no family" "^bad[0-9]+\.lua:2: family is '99', but may be: ipv4"
hook "${good/priority = 0,/}" | fails "no priority" "^bad[0-9]+\.lua:2: the hook has no 'priority'"
hook "${good/family = \"ipv4\",/}" | fails "no family" "^bad[0-9]+\.lua:2: the hook has no 'family'"
hook "${good/priority/prio}" | fails "unknown field" "^bad[0-9]+\.lua:2: a hook has no field 'prio' \(it has: family hook priority device on_error"
hook "${good/function() end/}" | fails "no function" '^bad[0-9]+\.lua:2: .*no function'
hook "$good, on_error = \"nomatch\"" | fails "a match's policy" "^bad[0-9]+\.lua:2: on_error is 'nomatch', but may be: accept drop"
fails "two matches" '^bad[0-9]+\.lua:3: a script has one match' <<'L'
local nf = require("netfilter").new{}
nf:match(function() end)
nf:match(function() end)
L
fails "two targets" '^bad[0-9]+\.lua:1: a script has one target' <<<'local nf = require("netfilter").new{} nf:target(print) nf:target(print)'
fails "too many hooks" '^bad[0-9]+\.lua:3: more than [0-9]+ entry points' <<'L'
local nf = require("netfilter").new{}
for i = 1, 10000 do
  nf:hook{ family = "ipv4", hook = "input", priority = i, function() end }
end
L
fails "too many functions" 'more than [0-9]+ entry points' <<<'for i = 1, 10000 do _G["f" .. i] = function() end end'
fails "other entry points in each state: random" 'registers other entry points' <<<'_G["f" .. math.random(1 << 60)] = function() end'
fails "other entry points in each state: ids" 'registers other entry points' <<<'_G[tostring({})] = function() end'

# --- limits ---
began=$SECONDS
fails "endless loop" '^bad[0-9]+\.lua:1: ran longer than 5000 ms' <<<'while true do end'
took=$((SECONDS - began))
if [ $took -ge 4 ] && [ $took -le 12 ]; then
	ok "it took about 5 s"
else
	not_ok "it took about 5 s" "it took $took s"
fi
fails "endless loop that catches errors" 'ran longer than 5000 ms' <<<'while true do pcall(function() while true do end end) end'
fails "endless finalizer" '^bad[0-9]+\.lua:1: x$' <<<'setmetatable({}, { __gc = function() while true do end end }) error("x")'
fails "memory" 'not enough memory' <<<'local t = {} while true do t[#t + 1] = ("x"):rep(5000) .. #t end'
fails "memory in one piece" 'not enough memory' <<<'local s = ("x"):rep(1 << 30)'
fails "memory, a smaller limit" 'not enough memory' --memory 300K <<<'local s = ("x"):rep(400000)'
fails "a limit too small" 'limit is 128 KiB' --memory 1K <<<'return'
echo 'local s = ("x"):rep(7000000)' >fits.lua
check "what fits 16 MiB loads" ctl load fits.lua
check "memory is counted" [ "$(field "$SERVER" fits '.memory_peak > 14000000 and .memory < 200000 and .memory_limit == 16777216')" = true ]
fails "recursion without end" 'stack overflow|not enough memory' <<<'local function f() return 1 + f() end f()'
fails "recursion through C without end" 'C stack overflow' <<<'local function f() return (("x"):gsub("x", f)) end f()'

is "nothing of it is there" "$(ctl -j list | jq -r '[.[].name] | join(" ")')" fits

# --- size ---
awk 'BEGIN {
	print "local n = 0"
	for (i = 0; i < 30000; i++)
		printf "n = n + 1 -- %090d\n", i
	print "print(n)"
}' >large.lua
is "3 MB load" "$(ctl load large.lua)" 30000
is "and are all there" "$(field "$SERVER" large .generation)" 1
is "show tells when it was loaded" "$(field "$SERVER" large '(.loaded - now) | fabs < 600')" true
echo 'x = = 1' >>large.lua
refused "3 MB with an error at the end" 2 '^large.lua:30003: unexpected symbol' ctl replace large.lua
is "the sound ones stay" "$(field "$SERVER" large .generation)" 1
truncate -s $((8 * 1024 * 1024 + 1)) huge.lua
refused "more than 8 MiB" 1 '8388608|8 MiB' ctl load huge.lua
{
	echo 'print(#[['
	head -c $((8 * 1024 * 1024 - 16)) /dev/zero | tr '\0' x
	printf ']])\n\n'
} >most.lua
is "8 MiB less two bytes" "$(ctl load --memory 64M most.lua)" $((8 * 1024 * 1024 - 16))

# --- names ---
echo 'function f() end' >script.lua
check "load" ctl load script.lua
refused "the name is taken" 2 'a script of this name is loaded' ctl load script.lua
refused "replace of what is not there" 2 'no script of this name' ctl replace --name other script.lua
refused "unload of what is not there" 2 'no script of this name' ctl unload other
refused "show of what is not there" 2 'no script of this name' ctl show other
check "63 bytes are a name" ctl load --name "$(printf '%063d' 0)" script.lua
refused "64 are not" 1 'no name for a script' ctl load --name "$(printf '%064d' 0)" script.lua
refused "nor is this" 1 'no name for a script' ctl load --name 'a/b' script.lua
for name in . .. - _; do
	check "'$name' is a name" ctl load --name="$name" script.lua
	check "'$name' goes" ctl unload -- "$name"
done
is "names of the other namespace are its own" "$(nfluactl -n "$CLIENT" -j list | jq length)" 0
check "empty script" ctl load --name empty - </dev/null
printf '#!/usr/bin/nflua\nfunction f() end\n' >shebang.lua
check "first line for the shell" ctl load shebang.lua
is "it counts as a line" "$(field "$SERVER" shebang '.entries[0].line')" 2
is "one state for each CPU" "$(field "$SERVER" shebang .states)" "$(nproc)"
printf 'print("one", 2, nil)\nprint()\n' | ctl load --name printer - >out
is "what the body prints is shown once" "$(cat -A out)" 'one^I2^Inil$
$'

# --- check ---
is "check runs the body" "$(ctl check --name printer - <<<'print("checked")' | head -n 1)" checked
refused "check finds errors" 2 '^stdin:1: ' ctl check - <<<'error("x")'
is "check leaves nothing" "$(field "$SERVER" printer .generation)" 1

# --- a failing replace leaves the old one running ---
load old <<'L'
function f() return true end
L
server iptables -A INPUT -p udp --dport 4000 -m lua --script old --function f -j DROP
udp "$CLIENT" "$SERVER4" 10 4000
check "called" calls_become "$SERVER" old 10
for bad in 'x = = 1' 'error("no")' 'while true do end' 'local s = ("x"):rep(1 << 30)' \
	'_G[tostring({})] = function() end function f() end' 'function g() end'; do
	refused "replace refused: $bad" 2 . ctl replace --name old - <<<"$bad"
done
is "still generation 1" "$(field "$SERVER" old .generation)" 1
udp "$CLIENT" "$SERVER4" 10 4000
check "called again" calls_become "$SERVER" old 20
is "counters go on" "$(counts "$SERVER" old)" "function f calls=20 match=20"
check "a sound replace works" ctl replace --name old - <<<'function f() return false end'
udp "$CLIENT" "$SERVER4" 10 4000
check "called once more" calls_become "$SERVER" old 30
is "the same counters" "$(counts "$SERVER" old)" "function f calls=30 match=20 nomatch=10"
finish
