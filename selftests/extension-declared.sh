#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a declaration says of rules: a family that it is not for, a default of
# every type, and rules of as many words as iptables-restore reads.
# Functions that others call look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=extensions/lib.sh source-path=SCRIPTDIR
. "$HERE/extensions/lib.sh"
need_module
need_extensions
topology

# --- families ---
nets=(10.0.0.0/8 fd00::/8)
for n in 4 6; do
	net=${nets[n / 2 - 2]}
	cat >"$TMP/only.lua" <<-L
	local nf = require("netfilter").new()
	nf:extension{ name = "only$n", families = { "ipv$n" }, match = function() return true end,
	  options = { { name = "net", type = "prefix", default = "$net" } } }
	nf:extension{ name = "ONLY$n", families = { "ipv$n" }, target = function() return nf.ACCEPT end }
	L
	check "a default of its family" sh -c "nfluactl extension show $TMP/only.lua | grep -q 'default: $net$'"
	sed "s|$net|${nets[1 - (n / 2 - 2)]}|" "$TMP/only.lua" >"$TMP/other.lua"
	refused "but none of the other one" 2 "option 'net': a value must be a prefix of the family" nfluactl extension show "$TMP/other.lua"
	cp "$TMP/only.lua" "$TMP/only$n.lua"
	install_extension "$TMP/only$n.lua"
done
for flavour in legacy nft; do
	for ipt in iptables-$flavour ip6tables-$flavour; do
		if ! tables "$ipt"; then
			skip "$ipt" "no such tables here"
			continue
		fi
		own=4 other=6
		[[ $ipt != ip6* ]] || own=6 other=4
		check "$ipt: a match of its family" server "$ipt" -A INPUT -m only$own
		check "$ipt: a target of its family" server "$ipt" -A INPUT -j ONLY$own
		server "$ipt" -F INPUT
		refused "$ipt: a match of the other one" 2 \
			"libxt_only$other.so: match 'only$other' is for IPv$other only" \
			server "$ipt" -A INPUT -m only$other
		refused "$ipt: a target of the other one" 2 \
			"libxt_ONLY$other.so: target 'ONLY$other' is for IPv$other only" \
			server "$ipt" -A INPUT -j ONLY$other
		is "$ipt: nothing is inserted" "$(saved_rules "$ipt")" ""
	done
done

# --- defaults ---
cat >"$TMP/defaults.lua" <<'L'
local seen = require("map").open{ name = "defaults", key = "string", value = "string", max = 100 }
local function text(v)
  if type(v) ~= "table" then return math.type(v) and v .. "" or tostring(v) end
  if v.first then return v.first .. ":" .. v.last end
  return tostring(v.mon) .. "," .. tostring(v.tue)
end
local options = {
  { name = "n8", type = "u8", default = 255 },
  { name = "n16", type = "u16", default = 65535 },
  { name = "n32", type = "u32", default = 4294967295 },
  { name = "n64", type = "u64", default = -1 },
  { name = "s64", type = "i64", default = -9223372036854775807 - 1 },
  { name = "label", type = "string", size = 12, default = "a \"b" },
  { name = "colour", type = "enum", values = { "red", "green" }, default = "green" },
  { name = "days", type = "flags", values = { "mon", "tue" }, default = { "tue" } },
  { name = "host", type = "address", default = "10.0.0.1" },
  { name = "net", type = "prefix", default = "10.0.0.0/8" },
  { name = "ports", type = "portrange", default = { first = 1, last = 9 } },
  { name = "port", type = "portrange", default = 53 },
  { name = "dev", type = "interface", default = "eth+" },
  { name = "hw", type = "mac", default = "02:00:00:00:00:ff" },
  { name = "none", type = "u8" },
  { name = "on", type = "bool" },
}
require("netfilter").new():extension{
  name = "defaults", families = { "ipv4" }, options = options,
  match = function(pkt, info)
    for _, o in ipairs(options) do seen:set(o.name, text(info[o.name])) end
    return true
  end,
}
L
install_extension "$TMP/defaults.lua"
for ipt in iptables-legacy iptables-nft; do
	tables $ipt || continue
	check "$ipt: a rule without an option" server $ipt -A INPUT -p udp -m defaults
	is "$ipt: saved without any" "$(saved_rules $ipt)" "-A INPUT -p udp -m defaults"
	udp "$CLIENT" "$SERVER4" 1 4000
	seen() { nfluactl -n "$SERVER" map get defaults "$1" 2>/dev/null | cut -f 2-; }
	got() { [ "$(seen "$1")" = "$2" ]; }
	while read -r name value; do
		waits_for 10 got "$name" "$value"
		is "$ipt: the function gets the default of $name" "$(seen "$name")" "$value"
		nfluactl -n "$SERVER" map delete defaults "$name" >/dev/null
	done <<-'T'
	n8 255
	n16 65535
	n32 4294967295
	n64 -1
	s64 -9223372036854775808
	label a "b
	colour green
	days false,true
	host 10.0.0.1
	net 10.0.0.0/8
	ports 1:9
	port 53:53
	dev eth+
	hw 02:00:00:00:00:ff
	none nil
	on false
	T
	server $ipt -F INPUT
	check "$ipt: the default, given" server $ipt -A INPUT -m defaults --n8 255 --port 53
	is "$ipt: is saved as given" "$(saved_rules $ipt)" "-A INPUT -m defaults --n8 255 --port 53"
	server $ipt -F INPUT
done
$ipt -m defaults --help >"$TMP/help" 2>/dev/null
for value in 255 18446744073709551615 -9223372036854775808 green tue 10.0.0.1 10.0.0.0/8 1:9 53 eth+ \
	02:00:00:00:00:ff; do
	check "the help says the default $value" grep -qF -- "default: $value" "$TMP/help"
done

# --- many words: iptables-restore reads 255 of a line ---
cat >"$TMP/notes.lua" <<'L'
require("netfilter").new():extension{ name = "notes", match = function() return true end, options = {
  { name = "a", type = "string", size = 4, repeated = 64 },
  { name = "b", type = "string", size = 4, repeated = 64 } } }
L
install_extension "$TMP/notes.lua"
# notes OPTION N: the option so often
notes() { seq -f "--$1 %g" "$2" | paste -sd ' '; }
for ipt in iptables-legacy iptables-nft; do
	tables $ipt || continue
	rule="-m notes $(notes a 64) $(notes b 50)"
	# shellcheck disable=SC2086
	check "$ipt: a rule of 232 words" server $ipt -A INPUT $rule
	server "$ipt-save" -t filter >"$TMP/dump" 2>/dev/null
	is "$ipt: saved" "$(saved_rules $ipt)" "-A INPUT $rule"
	check "$ipt: and restored" server $ipt-restore "$TMP/dump"
	is "$ipt: as it was" "$(saved_rules $ipt)" "-A INPUT $rule"
	sed -i "s/^-A INPUT.*/& $(notes b 64 | cut -d ' ' -f 101-)/" "$TMP/dump"
	refused "$ipt-restore: more words than it reads" 2 "Parser cannot handle more arguments" \
		server $ipt-restore "$TMP/dump"
	is "$ipt: the rule is as it was" "$(saved_rules $ipt)" "-A INPUT $rule"
	server $ipt -F INPUT
done
finish
