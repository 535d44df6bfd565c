#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# nfluactl check with the kernel and without it: the same scripts pass with the
# same entry points and output, and the others fail with the same sentences.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
namespace "$SERVER"
cd "$TMP" || exit 1

# Expressions and statements, one a line, of which each is tried by itself. What
# they raise, or else answer, is compared. nf is an object, at has an IP address
# in its usual notation.
cat >tries <<'T'
return ip"10.0.0.1", ip"0.0.0.0", ip"255.255.255.255", ip"10.1.2.3/8", ip"1.2.3.4/0", ip"1.2.3.4/32", ip"1.2.3.4/31"
return ip"010.001.000.0001", ip"::", ip"::1", ip"1::", ip"2001:DB8:0:0:0:0:0:1", ip"1:0:0:2::", ip"1:0:0:2:0:0:0:3", ip"1:0:2:0:3:0:4:0"
return ip"::ffff:1.2.3.4", ip"::1.2.3.4", ip"::ffff:0:1.2.3.4", ip"64:ff9b::1.2.3.4", ip"1:2:3:4:5:6:1.2.3.4", ip"::5efe:1.2.3.4", ip"fe80::200:5efe:1.2.3.4", ip"fe80::5efe:1.2.3.4", ip"::1:0:5efe:1.2.3.4"
return ip"::ffff:1.2.3.4/96", ip"::ffff:1.2.3.4/100", ip"::ffff:1.2.3.4/80", ip"2001:db8:ffff::/33", ip"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127", ip"ffff::/1", ip"::/0", ip"00000001::00000002"
return ip"1:2:3:4:5:6:7::", ip"::2:3:4:5:6:7:8", ip"1::3:4:5:6:7:8", ip"1:2:3:4:5:6::8"
return ip"1:2:3:4:5:6:7::8"
return ip"::1:2:3:4:5:6:7:8"
return ip"1:2:3:4:5:6::1.2.3.4"
return ip"::1:2:3:4:5:6:1.2.3.4"
return ip"1:2:3:4:5:6:7:8::"
return ip"1:2:3:4:5:6:7:8:9"
return ip"1:2:3:4:5:6:7"
return ip"1:2:3:4:5:6:7:"
return ip":1:2:3:4:5:6:7:8"
return ip":1:2:3:4:5:6:7"
return ip"1::2::3"
return ip":::"
return ip"::1:"
return ip":"
return ip"::g"
return ip"12345::"
return ip"0ffff::"
return ip"10000::"
return ip"::1.2.3"
return ip"::1.2.3.4.5"
return ip"::1.2.3.256"
return ip"::1.2.3.4:5"
return ip"1.2.3.4::"
return ip"1.2.3.4:80"
return ip"1.2.3.4:80/8"
return ip"::1.2.3.4:80/8"
return ip"1:2:3:4:5:6:7:1.2.3.4"
return ip"1:2:3:4:5:1.2.3.4"
return ip"::a.2.3.4"
return ip"::1.2.3.4/128", ip"::1.2.3.4/8"
return ip""
return ip"/8"
return ip"1"
return ip"1.2.3"
return ip"1.2.3."
return ip".1.2.3"
return ip"1..2.3"
return ip"1.2.3.4."
return ip"1.2.3.4.5"
return ip"1.2.3.256"
return ip"1.2.3.99999999999999999999"
return ip"a.2.3.4"
return ip"1.2.3.a"
return ip" 1.2.3.4"
return ip"1.2.3.4 "
return ip"1.2.3.4\n"
return ip"1.2.3.4\0"
return ip"1.2.3.4\0/8"
return ip"1.2.3.4/8\0"
return ip"::1\0x"
return ip"1.2.3.4/"
return ip"1.2.3.4/33"
return ip"1.2.3.4/-1"
return ip"1.2.3.4/+1"
return ip"1.2.3.4/ 1"
return ip"1.2.3.4/1x"
return ip"1.2.3.4/08", ip"1.2.3.4/0000000000000000000000008"
return ip"1.2.3.4/256"
return ip"1.2.3.4/99999999999999999999"
return ip"1.2.3.4/8/8"
return ip"::/129"
return ip"::/8\n"
return ip"hello"
return ip(ip"1.2.3.4/8"), ip(ip"::1")
return ip()
return ip(nil)
return ip(7)
return ip{}
return ip(true)
return ip(print)
return ip"1.2.3.4" == ip"1.2.3.4", ip"1.2.3.4" == ip"1.2.3.4/31", ip"::1" == ip"0:0::1", ip"::ffff:1.2.3.4" == ip"1.2.3.4", rawequal(ip"::2", ip"::2")
return ip"1.2.3.4" < ip"1.2.3.5", ip"1.2.3.4" <= ip"1.2.3.4", ip"9.0.0.0" > ip"10.0.0.0", ip"255.0.0.0" < ip"::", ip"::1" < ip"::2", ip"10.0.0.0/8" < ip"10.0.0.0/9", ip"::/8" >= ip"::/9"
return ip"10.0.0.0/8":has(ip"10.9.9.9"), ip"10.0.0.0/8":has(ip"11.0.0.0"), ip"0.0.0.0/0":has(ip"::"), ip"::/0":has(ip"ff::"), ip"::/1":has(ip"8000::"), ip"10.0.0.0/9":has(ip"10.0.0.0/8"), ip"2001:db8:8000::/33":has(ip"2001:db8:7fff::")
return ip"::1" < 1
return ip"1.2.3.4" < 1
return ip"1.2.3.4" < "1.2.3.5"
return ip"1.2.3.4":has("1.2.3.4")
return ip"::1":has()
return ip"::1".has(1, ip"::1")
return ip"::1".nonsense
return ip"1.2.3.4".nonsense
return ip"1.2.3.4":nonsense()
return ip"1.2.3.4"[1]
ip"1.2.3.4".x = 1
ip"::1".x = 1
return #ip"1.2.3.4"
return #ip"::1"
return ip"1.2.3.4" + 1
return ip"1.2.3.4"()
return ip"1.2.3.4" .. ""
return getmetatable(ip"1.2.3.4"), getmetatable(ip"::1"), type(ip"1.2.3.4"), type(ip"::1")
return ({ [ip"::1"] = 1, [ip"1.2.3.4"] = 2 })[ip"1.2.3.4"]
return require("luapacket").pi
return require("luapacket").ip == require("luapacket").ip, getmetatable(require("luapacket"))
return require("netfilter").nwe
return require("netfilter")[1]
return nf.DORP
return nf.ACCEPT, nf.DROP, nf.CONTINUE, require("netfilter").DROP == nf.DROP, nf.ACCEPT == nf.DROP
return require("lua-packet")
return require()
return require{}
return require("")
return require("netfilter\0x")
netfilter.new{ nmae = "x" }
netfilter.new{ "x" }
netfilter.new{ name = "" }
netfilter.new{ name = "a b" }
netfilter.new{ name = ("x"):rep(64) }
netfilter.new{ name = {} }
netfilter.new(1)
netfilter.new("x")
return type(netfilter.new()), type(netfilter.new(nil)), type(netfilter.new{}), type(netfilter.new{ name = ("x"):rep(63) }), type(netfilter.new{ name = 7 })
nf.match(f)
nf:match()
nf:match(1)
nf:match{}
nf:target("x")
nf:hook()
nf:hook(f)
nf.hook{ f }
nf:hook{}
nf:hook{ f }
nf:hook{ 1 }
nf:hook{ family = "inet", f }
nf:hook{ family = "inet", hook = "input", f }
nf:hook{ family = "inet", hook = "input", priority = 0 }
nf:hook{ family = "inet", priority = 0, f }
nf:hook{ family = "ip", hook = "input", priority = 0, f }
nf:hook{ family = "bridge", hook = "input", priority = "raw", f }
nf:hook{ family = "bridge", hook = "ingress", priority = 0, f }
nf:hook{ family = "arp", hook = "prerouting", priority = 0, f }
nf:hook{ family = "arp", hook = "input", priority = "raw", f }
nf:hook{ family = "netdev", hook = "input", priority = 0, f }
nf:hook{ family = "netdev", hook = "ingress", priority = 0, f }
nf:hook{ family = "netdev", hook = "egress", priority = "out", device = "eth0", f }
nf:hook{ family = "netdev", hook = "ingress", priority = 0, device = 7, f }
nf:hook{ family = "netdev", hook = "ingress", priority = 0, device = {}, f }
nf:hook{ family = "netdev", hook = "ingress", priority = 0, device = "", f }
nf:hook{ family = "netdev", hook = "ingress", priority = 0, device = ".", f }
nf:hook{ family = "netdev", hook = "ingress", priority = 0, device = "..", f }
nf:hook{ family = "netdev", hook = "ingress", priority = 0, device = "a/b", f }
nf:hook{ family = "netdev", hook = "ingress", priority = 0, device = "a:b", f }
nf:hook{ family = "netdev", hook = "ingress", priority = 0, device = "a b", f }
nf:hook{ family = "netdev", hook = "ingress", priority = 0, device = "a\0", f }
nf:hook{ family = "netdev", hook = "ingress", priority = 0, device = ("x"):rep(16), f }
nf:hook{ family = "ipv4", hook = "ingress", priority = 0, device = "eth0", f }
nf:hook{ family = "inet", hook = "ingress", priority = 0, f }
return tostring(nf:hook{ family = "netdev", hook = "ingress", priority = 0, device = ("x"):rep(15), f })
return tostring(nf:hook{ family = "bridge", hook = "input", priority = "out", f })
return nf:hook{ family = "arp", hook = "forward", priority = "filter", f }.nonsense
local h = nf:hook{ family = "arp", hook = "output", priority = 7, f } return h:unregister(), h:unregister(), tostring(h), pcall(h.unregister)
return math.type(netfilter.now()), netfilter.now() > 0, select("#", netfilter.time()), select(2, netfilter.time()) < 1000, (netfilter.time()) > 1700000000
nf:hook{ family = 1, hook = "input", priority = 0, f }
nf:hook{ family = {}, hook = "input", priority = 0, f }
nf:hook{ family = "inet\0", hook = "input", priority = 0, f }
nf:hook{ family = "inet", hook = "ingress", priority = 0, f }
nf:hook{ family = "inet", hook = true, priority = 0, f }
nf:hook{ family = "inet", hook = "input", priority = 0, on_error = "continue", f }
nf:hook{ family = "inet", hook = "input", priority = 0, on_error = 1, f }
nf:hook{ family = "inet", hook = "input", priority = 0, on_eror = "drop", f }
nf:hook{ family = "inet", hook = "input", priority = 0, f, f }
nf:hook{ family = "inet", hook = "input", priority = 0, [true] = 1, f }
nf:hook{ family = "inet", hook = "input", priority = 0, device = "eth0", f }
nf:hook{ family = "inet", hook = "input", priority = {}, f }
nf:hook{ family = "inet", hook = "input", priority = true, f }
nf:hook{ family = "inet", hook = "input", priority = "", f }
nf:hook{ family = "inet", hook = "input", priority = "fliter", f }
nf:hook{ family = "inet", hook = "input", priority = "filter -", f }
nf:hook{ family = "inet", hook = "input", priority = "filter - x", f }
nf:hook{ family = "inet", hook = "input", priority = "filter - -5", f }
nf:hook{ family = "inet", hook = "input", priority = "filter - 5 ", f }
nf:hook{ family = "inet", hook = "input", priority = "filter - 5x", f }
nf:hook{ family = "inet", hook = "input", priority = "filter - 32768", f }
nf:hook{ family = "inet", hook = "input", priority = "filter - 99999999999", f }
nf:hook{ family = "inet", hook = "input", priority = "filter * 5", f }
nf:hook{ family = "inet", hook = "input", priority = " filter", f }
nf:hook{ family = "inet", hook = "input", priority = "1x", f }
nf:hook{ family = "inet", hook = "input", priority = 2147483647, f }
nf:hook{ family = "inet", hook = "input", priority = -2147483648, f }
nf:hook{ family = "inet", hook = "input", priority = 1 << 32, f }
nf:hook{ family = "inet", hook = "input", priority = "2147483648", f }
nf:match(f) nf:match(f)
return pcall(load, "\27Lua")
return string.dump, os, io, dofile, loadfile, debug.getinfo
return 1 // 0
return load("return 1.5")
return load("x = = 1", "=chunk")
error("x", 0)
error({ 1 })
error()
return collectgarbage("count") > 0, math.type(1), ("%5d|%-5s"):format(7, "x"), select("#", nil, nil)
return coroutine.wrap(function() nf:target(f) end)()
T

# What a try registers it registers; the list at the end shows it.
cat >prelude <<'L'
netfilter = require("netfilter") nf = netfilter.new{} ip = require("luapacket").ip f = function() end local function sorted(list) local t = {} for w in list:gmatch("%S+") do t[#t + 1] = w end table.sort(t) return "it has: " .. table.concat(t, " ") .. ")" end local function try(n, chunk) local r = table.pack(pcall(assert(load(chunk, "=try")))) for i = 1, r.n do r[i] = tostring(r[i]):gsub("it has:([^)]*)%)", sorted):gsub("table: 0x%x+", "table"):gsub("function: .+", "function") end print(n, table.concat(r, " ")) end
L

# outcome OPTION...: all that one way of checking a file tells, but by whom it was
# done, which is in $checked.
outcome() {
	local status
	nfluactl -n "$SERVER" -j check "$@" >out 2>err
	status=$?
	checked=
	[[ $(<out) =~ \"checked\":\"([a-z]*)\" ]] && checked=${BASH_REMATCH[1]}
	echo "status $status"
	sed -e 's/"checked":"[a-z]*"/"checked":/' -e '/^  hint: checked without the kernel/d' out err
}

# same WHAT FILE [OPTION]...
same() {
	local what=$1 file=$2 by
	shift 2
	outcome "$@" "$file" >kernel
	by=$checked
	outcome --no-kernel "$@" "$file" >stubs
	said=$(<kernel)
	if [ "$said" != "$(<stubs)" ]; then
		not_ok "$what: the same" "$(sed 's/\\n/\n/g' stubs | diff <(sed 's/\\n/\n/g' kernel) - |
			head -n 20 | cut -c 1-300)"
	elif [ "$by $checked" != "load stubs" ] && [ "$by$checked" ]; then
		not_ok "$what: by whom it says" "$by $checked"
	else
		ok "$what: the same"
	fi
}

# succeeds WHAT, fails WHAT PATTERN: what is compared is something.
succeeds() {
	[[ $said == "status 0"$'\n'* ]] || not_ok "$1 loads" "$(head -n 5 kernel)"
}
fails() {
	if [[ $said != "status 2"$'\n'* ]] || [[ ! $said =~ $2 ]]; then
		not_ok "$1 fails with: $2" "$(head -n 5 kernel)"
	fi
}

n=0 part=0
while IFS= read -r line; do
	[ $((n % 35)) != 0 ] || {
		part=$((part + 1))
		tr '\n' ' ' <prelude >"tries$part.lua"
	}
	n=$((n + 1))
	echo "try($n, [==[$line]==])" >>"tries$part.lua"
done <tries
for i in $(seq "$part"); do
	same "tries, part $i of $part" "tries$i.lua"
	succeeds "part $i"
	[ "$(jq '.[].output | length' out)" -lt 8000 ] || not_ok "part $i: the output is not cut"
	[[ $said =~ [0-9]\\t(true|false)\ .*[0-9]\\tfalse\  ]] || not_ok "part $i: something fails"
done

for file in "$TOP"/lua/examples/*.lua; do
	same "example $(basename "$file")" "$file"
	succeeds "$file"
done

# good_script NAME [OPTION]...: the script on standard input passes, both ways.
good_script() {
	local name=$1
	shift
	cat >"$name.lua"
	same "$name" "$name.lua" "$@"
	succeeds "$name"
}

# bad_script NAME PATTERN [OPTION]...: it fails, and says PATTERN.
bad_script() {
	local name=$1 pattern=$2
	shift 2
	cat >"$name.lua"
	same "$name" "$name.lua" "$@"
	fails "$name" "$pattern"
}

good_script everything <<'L'
#!/usr/bin/nflua
local nf = require("netfilter").new{ name = "every.thing" }
print("body", 1, nil, true, require("luapacket").ip"10.1.2.3/8")
for _, family in ipairs{ "ipv4", "ipv6", "inet" } do
  for _, hook in ipairs{ "prerouting", "input", "forward", "output", "postrouting" } do
    nf:hook{ family = family, hook = hook, priority = "mangle + 10", on_error = "drop", function() end }
  end
end
for _, hook in ipairs{ "prerouting", "input", "forward", "output", "postrouting" } do
  nf:hook{ family = "bridge", hook = hook, priority = "dstnat + 10", function() end }
end
for _, hook in ipairs{ "input", "forward", "output" } do
  nf:hook{ family = "arp", hook = hook, priority = "filter", function() end }
end
nf:hook{ family = "netdev", hook = "ingress", priority = "filter", device = "nosuchdevice", function() end }
nf:hook{ family = "inet", hook = "ingress", priority = 1, device = "eth0", function() end }
nf:hook{ family = "inet", hook = "ingress", priority = 1, device = "eth0", print }:unregister()
nf:hook{ family = "inet", hook = "ingress", priority = 1, device = "eth1", function() end }
for _, p in ipairs{ "raw", "mangle", "dstnat", "filter", "security", "srcnat", "filter-5", "filter +5",
  "raw - 0", "filter - 32767", "filter - +5", 7, "8", -2147483647, 2147483646 } do
  nf:hook{ family = "inet", hook = "input", priority = p, on_error = "accept", function() end }
end
nf:hook{ family = "inet", hook = "input", priority = 7, function() end }
nf:hook{ family = "inet", hook = "input", priority = 7, print }
nf:match(function() end)
nf:target(function() end)
function zeta() end
function Alpha() end
beta = print
gamma, delta, string = tostring, 1, { format = print }
_G[("x"):rep(63)] = zeta
_G[("x"):rep(64)] = zeta
_G["a\0b"] = zeta
_G[""] = zeta
_G[1] = zeta
_G["any name"] = zeta
function print() end
setmetatable({}, { __gc = function() require("luapacket") end })
L
good_script nothing </dev/null
good_script maps <<'L'
local map = require("map")
local ip = require("luapacket").ip
local m = map.open{ name = "m", key = "address", max = 2 }
print(m, #m, m:set(ip"10.0.0.1", 1), m:add(ip"10.0.0.1", 2))
print(m:incr(ip"::1", 1))
print(m:incr(ip"::1", 1, 5), #m, m:set(ip"1.1.1.1", 1))
local met = {}
for k, v in pairs(m) do met[#met + 1] = tostring(k) .. "=" .. v end
table.sort(met)
print(table.concat(met, " "))
print(m:delete(ip"::1"), m:get(ip"::1"), pcall(m.get, 1))
print(pcall(m.get, m, "x"))
print(pcall(function() return m.foo end))
print(pcall(function() m.foo = 1 end))
print(pcall(map.open, { name = "m", key = "address", max = 3 }))
print(pcall(map.open, { name = "m", key = "addres", max = 3 }))
print(map.open{ name = "m", key = "address", max = 2 } == m)
print(pcall(m.set, m, ip"::1", "x"), type(m))
local s = map.open{ name = "s", key = "string", value = "string", size = 3, max = 2, evict = "lru" }
print(s:set("a", "bcde"), s:set("a", "bcd"), s:get("a"), s:set(("x"):rep(300), ""))
print(s:set("b", "x"), s:set("c", "y"), #s, pcall(s.incr, s, "a", 1))
print(pcall(s.set, s, "a", "b", -1))
function f() end
L
bad_script mapshape 'key must be' <<<'require("map").open{ name = "m", key = "addr", max = 1 }'
bad_script mapoption "no option 'size_max'" <<<'require("map").open{ name = "m", size_max = 1 }'
good_script finalizer <<<'local p = print setmetatable({}, { __gc = function() p("late") end })'
good_script loud <<<'for i = 1, 2000 do print("a line of output", i) end'
good_script most <<<'for i = 1, 128 do _G["f" .. i] = function() end end'
bad_script toomany 'more than 128 entry points \(every global' <<<'for i = 1, 129 do _G["f" .. i] = function() end end'
bad_script toomanyhooks 'more than 128 entry points' <<'L'
local nf = require("netfilter").new{}
for i = 1, 129 do nf:hook{ family = "inet", hook = "input", priority = i, function() end } end
L
bad_script states 'registers other entry points than' <<<'_G["f" .. math.random(1 << 60)] = function() end'
bad_script syntax 'unexpected symbol' <<<'x = = 1'
bad_script float 'float' <<<'x = 1.5'
bad_script bytecode 'binary' <<<$'\033Lua'
bad_script late 'only while the script is loaded|late' <<<'error("late")'
bad_script deep 'in upvalue|in function' <<'L'
print("before")
local function g(x) return x.y.z end
local function f() local r = g{} return r end
f()
L
bad_script object 'an object' <<<'error(setmetatable({}, { __tostring = function() return "an object" end }))'
bad_script odd 'error object is a table' <<<'error{}'
bad_script nothingraised 'nil' <<<'error()'
bad_script memory 'not enough memory \(.* 16384 KiB' <<<'local s = ("x"):rep(17000000)'
bad_script lessmemory 'not enough memory \(.* 300 KiB' --memory 300K <<<'local t = {} while true do t[#t + 1] = ("x"):rep(100) .. #t end'
good_script morememory --memory 64M <<<'print(#("x"):rep(700000))'
good_script enough --memory 1M <<<'print(#("x"):rep(300000))'
bad_script toolittle 'not enough memory \(.* 1024 KiB' --memory 1M <<<'print(#("x"):rep(1000000))'
bad_script onepiece 'not enough memory' <<<'local s = ("x"):rep(1 << 30)'
bad_script overflow 'stack overflow|not enough memory' --memory 1M <<<'local function f() return 1 + f() end f()'
bad_script parser 'overflow' <<<"x = $(printf '(%.0s' {1..5000})"
bad_script cstack 'C stack overflow' <<<'local function f() return (("x"):gsub("x", f)) end f()'
good_script swallowed <<<'print(pcall(error, "x")) local ok, m = pcall(string.rep, "x", 1 << 40) print(ok, m)'
echo 'return' >limits.lua
for option in --memory=127K --memory=2G --budget=9us --budget=11ms --errors=1000001; do
	same "limit $option" limits.lua $option
	fails "limit $option" 'limit is|budget of a call|is suspended after'
done
same "the least limits" limits.lua --memory=128K --budget=10us --errors=0
succeeds "with the least limits"
same "the greatest limits" limits.lua --memory=1G --budget=10ms --errors=1000000 --single
succeeds "with the greatest limits"

# by whom it is checked
cat >f.lua <<<'function f() end'
is "the kernel, where it can" "$(ctl -j check f.lua | jq -r '.[].checked')" load
is "without the capability" "$(in_ns "$SERVER" capsh --drop=cap_net_admin -- -c \
	"nfluactl -j check $TMP/f.lua" | jq -r '.[] | .checked + " " + .entries[0].name')" "stubs f"
is "which the text says" "$(in_ns "$SERVER" capsh --drop=cap_net_admin -- -c \
	"nfluactl check $TMP/f.lua" | tail -n 1 | cut -d : -f 1)" "checked without the kernel"
is "nothing was loaded" "$(ctl -j list)" '[]'
finish
