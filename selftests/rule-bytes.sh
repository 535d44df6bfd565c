#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Rules that no iptables of ours has seen: each byte of what a rule carries for
# the kernel is wrong once in several ways. What the kernel takes is what the
# declaration allows, and the function sees nothing else.
# Functions that others call look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=extensions/lib.sh source-path=SCRIPTDIR
. "$HERE/extensions/lib.sh"
need_module
need_extensions
need_command perl
namespace "$SERVER"
tables iptables-legacy || skip_all "there are no legacy tables here"

cat >"$TMP/bytes.lua" <<'L'
local nf = require("netfilter").new()
local ip = require("luapacket").ip
local words = { red = true, green = true, blue = true }
local function between(n, low, high) return math.type(n) == "integer" and n >= low and n <= high end
local function text(s, size) return type(s) == "string" and #s <= size and not s:find("%c") end
local days = { "mon", "tue", "wed" }
local good = {
  small = function(v) return between(v, 3, 200) end,
  signed = function(v) return between(v, -5, 5) end,
  wide = function(v) return math.type(v) == "integer" end,
  numbers = function(v)
    for _, n in ipairs(v) do if not between(n, 0, 1000) then return false end end
    return #v >= 1 and #v <= 3
  end,
  label = function(v) return text(v, 12) end,
  on = function(v) return v == true or v == false end,
  colour = function(v) return words[v] end,
  days = function(v)
    local any
    for _, day in ipairs(days) do any = any or v[day] end
    return any
  end,
  host = function(v) return ip(tostring(v)) == v and not tostring(v):find("/") end,
  net = function(v) return ip(tostring(v)) == v end,
  ports = function(v)
    for _, p in ipairs(v) do if not between(p.first, 0, p.last) or p.last > 65535 then return false end end
    return #v == 1 or #v == 2
  end,
  dev = function(v) return text(v, 15) and #v > 0 and not v:find("[/: ]") end,
  hw = function(v) return #v == 17 and v:find("^[%x:]+$") end,
  least = function(v) return between(v, 0, 5) end,
}
-- What is mandatory, of which one is zero and so needs no byte; and a word, which is not lost.
local there = { "small", "hw", "least", "colour" }
nf:extension{
  name = "bytes",
  options = {
    { name = "small", type = "u8", min = 3, max = 200, invertible = true, mandatory = true },
    { name = "signed", type = "i64", min = -5, max = 5 },
    { name = "wide", type = "u64" },
    { name = "numbers", type = "u16", repeated = 3, max = 1000 },
    { name = "label", type = "string", size = 12 },
    { name = "on", type = "bool" },
    { name = "colour", type = "enum", values = { "red", "green", "blue" } },
    { name = "days", type = "flags", values = days },
    { name = "host", type = "address" },
    { name = "net", type = "prefix" },
    { name = "ports", type = "portrange", repeated = 2 },
    { name = "dev", type = "interface" },
    { name = "hw", type = "mac", mandatory = true },
    { name = "least", type = "u8", max = 5, mandatory = true },
  },
  match = function(pkt, info)
    for name, is_good in pairs(good) do
      local value = info[name]
      if value ~= nil and not is_good(value) then error(name .. " is " .. tostring(value)) end
    end
    for _, name in ipairs(there) do assert(info[name] ~= nil, name) end
    for name in pairs(info.inverted) do assert(name == "small", name) end
    return true
  end,
}
L
cat >"$TMP/call.lua" <<'L'
function called(pkt, info)
  for key, value in pairs(info or {}) do
    assert(key:find("^[%a_][%w_]*$"), key)
    assert(not tostring(value):find("%c"), key)
  end
  return true
end
local netfilter = require("netfilter")
function told(...) return called(...) and netfilter.ACCEPT end
L
install_extension "$TMP/bytes.lua"
check "a script for -m lua and -j LUA" ctl load "$TMP/call.lua"

# fuzz VERSION TABLE KIND NAME: result in $TMP/fuzz
fuzz() { server perl "$HERE/rule.pl" "$@" 4000 >"$TMP/fuzz"; }
count() { awk -v word="$1" '{ for (i = 1; i < NF; i++) if ($i == word) print $(i + 1) }' "$TMP/fuzz" | head -n 1; }
# accepted_in FIRST LAST: at which offsets of the two and between a change is accepted
accepted_in() { awk -v a="$1" -v b="$2" 'NF == 2 && $1 ~ /^[0-9]+$/ && $1 >= a && $1 <= b { print $1 }' "$TMP/fuzz" | paste -sd ' '; }
# Where the values of the rule below are: what lies behind them, and between, is zero.
nfluactl -j extension show bytes >"$TMP/layout"
value_bytes() {
	jq -r --argjson ip $((version == 4 ? 4 : 16)) '.[0].options as $options |
		{ small: 1, signed: 8, wide: 8, numbers: 4, label: 4, colour: 1, days: 1, host: $ip,
		  net: $ip, ports: 4, dev: 5, hw: 6, least: 1 } as $used |
		($options[] | .offset as $at | range($used[.option] // 0) + $at),
		($options[] | select(.option == "net").offset + 16)' "$TMP/layout"
}
# What the kernel shows of that rule, but for the digests of the options: numbers
# are those of a little-endian machine.
laid_out() {
	jq -r '.[0].digest' "$TMP/layout" | fold -w 2 | tac
	echo 0000000000000000				# none is inverted
	echo 01010102010101010101010101010000000000000000000000000000000000	# values of each
	echo 00
	echo 09 00000000000000 ffffffffffffffff 0700000000000000	# small signed wide
	echo 0100 0200 0000 61626300000000000000000000 02 02000000	# numbers label colour days
	if [ $version = 4 ]; then
		echo 0a000001000000000000000000000000 20000000		# host
		echo 0a000000000000000000000000000000 08000000		# net
	else
		echo fd770000000000000000000000000001 80000000
		echo fd770000000000000000000000000000 10000000
	fi
	echo 0500 0900 0000 0000 65746830000000000000000000000000	# ports dev
	echo 020000000001 00 00 0000000000000000		# hw least, and the kernel's own
}
errors() { field "$SERVER" "$1" '[.entries[] | .errors[]] | add'; }
called() { field "$SERVER" "$1" '[.entries[] | .calls] | add'; }
rules() { server "$ipt-save" 2>/dev/null | grep '^-A'; }

for version in 4 6; do
	ipt=iptables-legacy host=10.0.0.1 net=10.0.0.0/8
	[ $version = 4 ] || ipt=ip6tables-legacy host=fd77::1 net=fd77::/16
	tables $ipt || continue

	# --- an extension ---
	check "$ipt: a rule" server $ipt -A INPUT -p udp --dport 4000 -m bytes --small 9 \
		--signed -1 --wide 7 --numbers 1,2 --label abc --on --colour blue --days tue --host $host \
		--net $net --ports 5:9 --dev eth0 --hw 02:00:00:00:00:01 --least 0
	before=$(called bytes)
	rules >"$TMP/before"
	check "$ipt: bytes changed" fuzz $version filter match bytes
	diag "$(head -n 1 "$TMP/fuzz"): $(sed -n '/^E/p' "$TMP/fuzz" | paste -sd ' ')"
	calls_become "$SERVER" bytes $((before + $(count accepted)))
	is "$ipt: the function was called with each that was accepted" \
		$(($(called bytes) - before)) "$(count accepted)"
	is "$ipt: and saw nothing that is not declared" "$(errors bytes)" 0
	[ "$(errors bytes)" = 0 ] || diag "$(nfluactl -n "$SERVER" show bytes | tail -n 5)"
	is "$ipt: all else is refused with one errno" "$(sed -n '/^E/p' "$TMP/fuzz")" "EINVAL $(count refused)"
	is "$ipt: no byte of the declaration's digest may change" "$(accepted_in 0 7)" ""
	is "$ipt: nor one that is reserved, or of an option that there is not" "$(accepted_in 12 15) $(accepted_in 30 47)" " "
	is "$ipt: of those inverted, one" "$(accepted_in 8 11)" 8
	is "$ipt: nor one behind them that is of no value" \
		"$(accepted_in 112 $(($(jq '.[0].size' "$TMP/layout") - 9)) | tr ' ' '\n' | grep -vxF "$(value_bytes)" | paste -sd ' ')" ""
	is "$ipt: each value is where it was laid out, and what is the kernel's is not shown" \
		"$(sed -n 's/^data //p' "$TMP/fuzz" | cut -c 1-96,225-)" "$(laid_out | tr -d ' \n')"
	is "$ipt: the rules are as before" "$(rules)" "$(cat "$TMP/before")"
	is "$ipt: and counted once" "$(field "$SERVER" bytes .rules)" 1
	server $ipt -F

	# --- -m lua and -j LUA ---
	for kind in match target; do
		before=$(called call)
		word="-m lua" name=lua function=called
		[ $kind = match ] || word="-j LUA" name=LUA function=told
		# shellcheck disable=SC2086
		check "$ipt: a rule" server $ipt -A INPUT -p udp --dport 4000 $word --script call --function $function \
			--arg a=1 --arg b=text
		rules >"$TMP/before"
		check "$ipt: bytes changed" fuzz $version filter $kind $name
		diag "$(head -n 1 "$TMP/fuzz"): $(sed -n '/^E/p' "$TMP/fuzz" | paste -sd ' ')"
		check "$ipt: some were called" test "$(called call)" -gt "$before"
		is "$ipt: the function saw nothing that is no argument" "$(errors call)" 0
		is "$ipt: all else is refused" "$(sed -n '/^E/s/ .*//p' "$TMP/fuzz" | paste -sd ' ')" "EINVAL ENOENT"
		# struct xt_lua_info: flags, of which the first is a match's; what is reserved, and the mask
		is "$ipt: of the flags, those that there are" "$(awk '$1 == 129 { print $2 }' "$TMP/fuzz")" \
			"$([ $kind = target ] || echo 1)"
		is "$ipt: nothing reserved, no mask without its flag, nothing behind the arguments" \
			"$(accepted_in 130 135)$(accepted_in 147 391)" ""
		is "$ipt: the rules are as before" "$(rules)" "$(cat "$TMP/before")"
		is "$ipt: and counted once" "$(field "$SERVER" call .rules)" 1
		server $ipt -F
	done
done
check "both go" ctl unload bytes
check "both go" ctl unload call
finish
