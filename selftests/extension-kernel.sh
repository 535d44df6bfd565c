#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's half of a user-defined extension: who may declare it, which rules
# are refused and with what sentence, what a replace, an unload and the end of a
# namespace leave behind, and what checkentry and destroy are asked.
# Functions that others call look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck source=extensions/lib.sh source-path=SCRIPTDIR
. "$HERE/extensions/lib.sh"
EXACT=1 need_module
need_extensions
need_command iptables-nft
topology
OTHER=nflua-o$$
namespace "$OTHER"

for ipt in iptables-legacy iptables-nft; do
	! tables $ipt || break
done
ctl() { nfluactl -n "$SERVER" "$@"; }
other() { nfluactl -n "$OTHER" "$@"; }
add() { server "$ipt" -A INPUT -p udp --dport 4000 -m knock "$@"; }
rules_of() { field "$SERVER" "$1" '.entries[] | select(.kind == "extension") | .rules'; }
in_names() { server cat "/proc/net/ip_tables_matches" 2>/dev/null | grep -qx "$1"; }
logged() { log_since | grep -qF -- "$1"; }

# knock REVISION OPTIONS [REST]: writes the extension "knock"
knock() {
	cat <<T
local nf = require("netfilter").new()
nf:extension{
  name = "knock", revision = $1, options = { $2 }, ${3-}
  match = function(pkt, info) return info.port == pkt.udp.dport end,
}
T
}
PORT='{ name = "port", type = "u16", min = 1, mandatory = true }'
knock 0 "$PORT" >"$TMP/knock.lua"

# --- a declaration comes and goes ---
check "it is installed" nfluactl extension install "$TMP/knock.lua"
refused "no rule without a script" any "kernel has no match 'knock' of revision 0: 'nfluactl load' brings it" add --port 4000
check "it is loaded" ctl load "$TMP/knock.lua"
check "a rule" add --port 4000
is "show counts it" "$(rules_of knock)" 1
is "show, as JSON" "$(field "$SERVER" knock '.entries[0] | [.kind, .name, .as, .revision, .on_error] | map(tostring) | join(" ")')" \
	"extension knock match 0 nomatch"
check "show, as text" sh -c "nfluactl -n $SERVER show knock | grep -q 'extension knock, line 4, match, revision 0, on error nomatch, rules 1'"
check "check says what would be declared" sh -c "nfluactl check --no-kernel $TMP/knock.lua | grep -q 'extension knock'"
udp "$CLIENT" "$SERVER4" 3 4000
is "the function decides" "$(server "$ipt" -nvxL INPUT | awk '/knock/ { print $1 }')" 3

# --- a namespace's own ---
nfluactl -n "$OTHER" monitor log >"$TMP/other.log" 2>&1 &
told_other() {
	in_ns "$OTHER" "$ipt" -A INPUT -m knock --port 4000 2>/dev/null && return 1
	grep -qF "$1" "$TMP/other.log"
}
check "which its log group tells" waits_for 10 told_other "which no script of this namespace declares"
kill %% 2>/dev/null
refused "another namespace has no script" any "No such file|No chain/target/match" in_ns "$OTHER" "$ipt" -A INPUT -m knock --port 4000
check "and the kernel's log" logged "a rule has extension 'knock' revision 0, which no script of this namespace declares"
sed 's/== pkt/~= pkt/' "$TMP/knock.lua" >"$TMP/opposite.lua"
check "another namespace loads the same, with a function of its own" other load --name knock "$TMP/opposite.lua"
check "and has a rule" in_ns "$OTHER" "$ipt" -A INPUT -p udp -m knock --port 4001
udp "$OTHER" 127.0.0.1 2 4001 4002 4003
is "which that function decides" "$(in_ns "$OTHER" "$ipt" -nvxL INPUT | awk '/knock/ { print $1 }')" 4
knock 0 "$PORT, { name = \"more\", type = \"u8\" }" >"$TMP/other.lua"
refused "another declaration is refused" 2 "option 2 is 'more', not missing" other replace --name knock "$TMP/other.lua"
knock 0 '{ name = "port", type = "u32", min = 1, mandatory = true }' >"$TMP/other.lua"
refused "with what differs" 2 "option 'port' has another 'type'" other replace --name knock "$TMP/other.lua"
refused "check refuses it, too" 2 "option 'port' has another 'type'" other check --name knock "$TMP/other.lua"
refused "a second script of it" 2 "script 'knock' declares extension 'knock' already" \
	ctl load --name second "$TMP/knock.lua"

# --- replace and unload ---
check "a replace keeps rules" ctl replace "$TMP/knock.lua"
udp "$CLIENT" "$SERVER4" 2 4000
is "and goes on" "$(server "$ipt" -nvxL INPUT | awk '/knock/ { print $1 }')" 5
echo 'x = 1' >"$TMP/none.lua"
refused "one without it is refused" 2 "rules have extension 'knock' revision 0" \
	ctl replace --name knock "$TMP/none.lua"
knock 1 "$PORT" >"$TMP/one.lua"
refused "one of another revision, too" 2 "rules have extension 'knock' revision 0" \
	ctl replace --name knock "$TMP/one.lua"
refused "an unload is refused" 2 "1 rule refers to script 'knock'" ctl unload knock
check "an unload by force" ctl unload --force knock
udp "$CLIENT" "$SERVER4" 2 4000
is "the failure policy" "$(server "$ipt" -nvxL INPUT | awk '/knock/ { print $1 }')" 5
check "loaded again" ctl load "$TMP/knock.lua"
udp "$CLIENT" "$SERVER4" 2 4000
is "its rule is bound again" "$(server "$ipt" -nvxL INPUT | awk '/knock/ { print $1 }')" 7
server "$ipt" -F INPUT
is "no rule is left" "$(rules_of knock)" 0
check "unloaded" ctl unload knock

# --- the end of a namespace, and of a name ---
ip netns del "$OTHER"
gone() { ! in_names knock; }
check "the name goes when nobody has it" waits_for 10 gone
namespace "$OTHER"
check "it can be declared in another way then" other load --name knock "$TMP/other.lua"
check "and the first again, when that has gone" other unload knock
check "at once" ctl load "$TMP/knock.lua"

# --- names that are taken ---
sed 's/"knock"/"udp"/' "$TMP/knock.lua" >"$TMP/udp.lua"
refused "a name that the kernel has" 2 "the kernel has a match of this name" ctl load "$TMP/udp.lua"
sed 's/"knock"/"conntrack"/' "$TMP/knock.lua" >"$TMP/conntrack.lua"
refused "or that a module would bring" 2 "the kernel has a match of this name" ctl load "$TMP/conntrack.lua"
refused "check says so, too" 2 "the kernel has a match of this name" ctl check "$TMP/conntrack.lua"
sed 's/"udp"/"udp", revision = 1/; s/revision = 0/target = print/; s/match = .*//' "$TMP/udp.lua" >"$TMP/target.lua"
check "a target of a match's name" other load --name target "$TMP/target.lua"
refused "which a match cannot have for that" 2 "the kernel has a match of this name" ctl load "$TMP/udp.lua"
check "unloaded" other unload target

# --- what a rule may not say: the plugin is made to lie ---
sed -i 's/min = 1/min = 0/' "$NFLUA_EXTENSIONS/knock.lua"
refused "another declaration than the loaded one" any "Invalid argument" add --port 4000
check "the log names the option" logged "option 1, 'port', differs"
is "nothing is inserted" "$(saved_rules "$ipt")" ""
cp "$TMP/knock.lua" "$NFLUA_EXTENSIONS/knock.lua"

# --- checkentry and destroy ---
knock 0 "$PORT" 'checkentry = function(info)
    print("check " .. info.port)
    if info.port == 5 then error("five") end
    if info.port == 6 then return nil, "six is no port" end
    if info.port == 7 then return false end
    if info.port == 8 then while true do end end
    return true
  end,
  destroy = function(info) print("destroy " .. info.port) end,' >"$TMP/knock.lua"
check "checkentry comes with a replace" ctl replace "$TMP/knock.lua"
ctl monitor -j >"$TMP/monitor" 2>&1 &
listening() { ctl replace "$TMP/knock.lua" && grep -q replaced "$TMP/monitor"; }
check "somebody listens" waits_for 10 listening
texts() { jq -r 'select(.kind == "log") | .text' "$TMP/monitor" 2>/dev/null; }
told() { texts | grep -qF -- "$1"; }
check "a rule that it accepts" add --port 4
check "it was asked" waits_for 10 told "check 4"
refused "one for which it raises" any "Invalid argument" add --port 5
check "with file and line in the log group" waits_for 10 told "extension 'knock' refuses a rule: knock:"
check "and the message" told "five"
refused "and no more of where it was" 1 "^$" told "stack traceback"
refused "one that it refuses" any "Invalid argument" add --port 6
check "with its sentence" waits_for 10 told "extension 'knock' refuses a rule: six is no port"
refused "one to which it says false" any "Invalid argument" add --port 7
check "with a sentence of ours" waits_for 10 told "checkentry did not answer true"
refused "one for which it runs too long" any "Invalid argument" add --port 8
check "which is said" waits_for 10 told "ran longer than 100 ms"
texts >"$TMP/texts"
refused "destroy is not called for what was refused" 1 "^$" grep "destroy [5-8]" "$TMP/texts"
is "only the first is there" "$(saved_rules "$ipt" | wc -l)" 1
server "$ipt" -F INPUT
check "destroy" waits_for 10 told "destroy 4"
is "no rule is counted" "$(rules_of knock)" 0
check "a rule" add --port 10
check "an unload by force" ctl unload --force knock
# In another table, and what the script was asked about last: iptables-legacy binds
# all rules of a table anew when one changes.
check "a rule that no script is asked about" add -t mangle --port 11
check "and one that says what another does" add -t mangle --port 10
check "loaded again" ctl load "$TMP/knock.lua"
server "$ipt" -t mangle -F INPUT
server "$ipt" -F INPUT
check "a rule that it is asked about" add --port 12
server "$ipt" -F INPUT
check "destroy of that" waits_for 10 told "destroy 12"
refused "and not of that" 1 "^$" told "destroy 11"
is "and once for two that say the same" "$(texts | grep -c "destroy 10")" 1

# --- a target, tables and hooks ---
cat >"$TMP/MARKIT.lua" <<'T'
local nf = require("netfilter").new()
nf:extension{
  name = "MARKIT", tables = { "mangle" }, hooks = { "input" }, protocol = "udp", on_error = "drop",
  options = { { name = "value", type = "u32", default = 7 } },
  target = function(pkt, info)
    pkt.mark = info.value
    if info.value == 9 then error("nine") end
  end,
}
T
check "a target is installed" nfluactl extension install "$TMP/MARKIT.lua"
check "and loaded" ctl load "$TMP/MARKIT.lua"
refused "not in another table" any "Invalid argument" server "$ipt" -A INPUT -p udp -j MARKIT
refused "not at another hook" any "Invalid argument" server "$ipt" -t mangle -A OUTPUT -p udp -j MARKIT
refused "not for another protocol" any "Invalid argument" server "$ipt" -t mangle -A INPUT -p tcp -j MARKIT
check "a rule" server "$ipt" -t mangle -A INPUT -p udp -j MARKIT
check "one that reads the mark" server "$ipt" -t mangle -A INPUT -p udp -m mark --mark 7 -j ACCEPT
udp "$CLIENT" "$SERVER4" 3 4000
is "its default" "$(server "$ipt" -t mangle -nvxL INPUT | awk '/mark match/ { print $1 }')" 3
server "$ipt" -t mangle -F INPUT
check "one that fails" server "$ipt" -t mangle -A INPUT -p udp -j MARKIT --value 9
check "one behind it" server "$ipt" -t mangle -A INPUT -p udp -j ACCEPT
udp "$CLIENT" "$SERVER4" 3 4000
is "its failure policy is the declared one" \
	"$(server "$ipt" -t mangle -nvxL INPUT | awk '/ACCEPT/ && $1 ~ /^[0-9]+$/ { print $1 }')" 0
server "$ipt" -t mangle -F INPUT

sed 's/"MARKIT"/"DNAT"/' "$TMP/MARKIT.lua" >"$TMP/DNAT.lua"
refused "a target that the kernel has" 2 "the kernel has a target of this name" ctl load "$TMP/DNAT.lua"

# --- the same of a match ---
cat >"$TMP/inside.lua" <<'T'
local nf = require("netfilter").new()
nf:extension{
  name = "inside", tables = { "filter" }, hooks = { "input" }, protocol = "udp", on_error = "match",
  match = function(pkt)
    if pkt.udp.dport == 4001 then return nf.DROP end
    error("no match")
  end,
}
T
install_extension "$TMP/inside.lua"
inside() { server "$ipt" -t "$1" -A "$2" -p "$3" -m inside; }
refused "not in another table" any "Invalid argument" inside mangle INPUT udp
refused "not at another hook" any "Invalid argument" inside filter OUTPUT udp
refused "not for another protocol" any "Invalid argument" inside filter INPUT tcp
check "a rule" inside filter INPUT udp
check "one behind it" server "$ipt" -A INPUT -p udp -j ACCEPT
udp "$CLIENT" "$SERVER4" 3 4000 4001
is "one that fails matches, and one that says DROP ends the packet" \
	"$(server "$ipt" -nvxL INPUT | awk '$1 ~ /^[0-9]+$/ { print $1 }' | paste -sd ' ')" "3 3"
server "$ipt" -F INPUT
check "unloaded" ctl unload inside

# --- an action of tc is no rule ---
cat >"$TMP/ACTION.lua" <<'T'
local nf = require("netfilter").new()
nf:target(function(pkt) return nf.CONTINUE end)
nf:extension{ name = "ACTION", target = function(pkt, info) return nf.CONTINUE end }
T
install_extension "$TMP/ACTION.lua"
server tc qdisc add dev lo clsact 2>/dev/null
action() { server tc filter add dev lo ingress protocol ip matchall action xt -j "$@"; }
if modprobe -q act_xt; then
	check "tc takes targets of the kernel" action MARK --set-mark 1
	for target in "LUA --script ACTION" ACTION; do
		# shellcheck disable=SC2086
		refused "an action of tc may not have target $target" any "not supported" action $target
		check "which the log says" logged "an action of tc has target '${target%% *}'"
	done
	server tc qdisc del dev lo clsact
	check "unloaded" ctl unload ACTION
else
	skip "an action of tc" "tc has no actions with targets here"
fi

# --- a table is made once for a rule and a state ---
cat >"$TMP/once.lua" <<'T'
local nf = require("netfilter").new()
nf:extension{
  name = "once", options = { { name = "n", type = "u8" } },
  match = function(pkt, info)
    info.calls = (rawget(info, "calls") or 0) + 1
    return info.calls > 1
  end,
}
T
check "once" nfluactl extension install "$TMP/once.lua"
check "loaded in one state" ctl load --single "$TMP/once.lua"
server "$ipt" -A INPUT -p udp -m once --n 1
server "$ipt" -A INPUT -p udp -m once --n 2
server "$ipt" -A INPUT -p udp -m once --n 2
udp "$CLIENT" "$SERVER4" 5 4000
is "rules that say the same share a table, others have their own" \
	"$(server "$ipt" -nvxL INPUT | awk '/once/ { print $1 }' | paste -sd ' ')" "4 4 5"
server "$ipt" -F INPUT

# --- what a rule takes in a state ---
{
	echo 'local options = {}'
	echo 'for i = 1, 17 do options[i] = { name = "a_long_name_" .. i, type = "u16" } end'
	echo 'require("netfilter").new():extension{ name = "wide", options = options,'
	echo '  match = function(pkt, info) return info.a_long_name_1 == 0 or info.inverted.a_long_name_2 end }'
} >"$TMP/wide.lua"
check "many options" nfluactl extension install "$TMP/wide.lua"
check "loaded in one state" ctl load --single "$TMP/wide.lua"
# wide FIRST LAST: rules, and a packet that meets them; then the bytes of all states
wide() {
	{
		echo '*filter'
		for i in $(seq "$1" "$2"); do
			echo "-A INPUT -p udp -m wide --a-long-name-1 $i"
		done
		echo COMMIT
	} | server "$ipt-restore" -n
	udp "$CLIENT" "$SERVER4" 1 4000
	field "$SERVER" wide .memory
}
few=$(wide 1 10)
each=$((($(wide 11 310) - few) / 300))
diag "$each bytes for each rule"
check "each rule has its table, and shares what is the declaration's" test $each -gt 500 -a $each -lt 1500
server "$ipt" -F INPUT
check "unloaded" ctl unload wide

# --- hooks that go while the body runs ---
cat >"$TMP/shift.lua" <<'T'
local nf = require("netfilter").new()
local function hook() return nf:hook{ family = "ipv4", hook = "input", priority = "filter", function() end } end
local first, second = hook(), hook()
nf:extension{
  name = "shift", options = { { name = "n", type = "u8" } },
  match = function(pkt, info) return info.n == 3 end,
  checkentry = function(info) return info.n == 3, "it is not three" end,
}
first:unregister()
second:unregister()
T
check "an extension behind hooks that go" nfluactl extension install "$TMP/shift.lua"
check "is declared all the same" ctl load "$TMP/shift.lua"
check "a rule of it" server "$ipt" -A INPUT -p udp -m shift --n 3
refused "its checkentry is its own" any "Invalid argument" server "$ipt" -A INPUT -p udp -m shift --n 4
udp "$CLIENT" "$SERVER4" 2 4000
is "and its function" "$(server "$ipt" -nvxL INPUT | awk '/shift/ { print $1 }')" 2
server "$ipt" -F INPUT
check "unloaded" ctl unload shift

# --- a user's own namespace ---
is "root of another user namespace declares nothing" \
	"$(unshare -Urn nfluactl load "$TMP/knock.lua" 2>&1 | grep -c unprivileged_netns)" 1
parameter=/sys/module/nflua/parameters/unprivileged_netns
at_exit "echo $(cat $parameter) >$parameter"
echo 1 >$parameter
knock 9 "$PORT" | sed 's/"knock"/"ninth"/' >"$TMP/ninth.lua"
refused "nor does it where it may load scripts" 2 \
	"revision 9: the whole kernel would get it: it must be declared in the initial user namespace first" \
	unshare -Urn nfluactl load --name ninth "$TMP/ninth.lua"
refused "and check says so" 2 "cannot check ninth: .*it must be declared in the initial user namespace first" \
	unshare -Urn nfluactl check --name ninth "$TMP/ninth.lua"
echo 'require("netfilter").new():helper{ name = "own-lua", proto = "udp", print }' >"$TMP/helper.lua"
refused "nor a helper" 2 "the whole kernel would get a helper" unshare -Urn nfluactl load "$TMP/helper.lua"
check "what the initial one has" ctl load --name ninth "$TMP/ninth.lua"
check "it may have, too" unshare -Urn nfluactl load --name ninth "$TMP/ninth.lua"
check "unload it" ctl unload ninth

# --- many declarations ---
for i in $(seq 300); do
	sed "s/\"once\"/\"once$i\"/" "$TMP/once.lua" >"$TMP/many.lua"
	ctl load --name many "$TMP/many.lua" >/dev/null 2>"$TMP/err" || break
	ctl unload many
done
check "they do not pile up, or are refused with a sentence" \
	sh -c "[ $i = 300 ] || grep -q '256 declarations have been seen' $TMP/err"
diag "$i declarations"

# --- words of tables and hooks ---
#
# Each is what iptables calls so. At the end: what the kernel says of so many rules that
# it refuses, others do not get into its log.
hooks="prerouting input forward output postrouting" tables="filter mangle nat raw security"
{
	echo 'local nf = require("netfilter").new()'
	for word in $hooks; do
		echo "nf:extension{ name = 'at-$word', hooks = { '$word' }, match = print }"
	done
	for word in $tables; do
		echo "nf:extension{ name = 'of-$word', tables = { '$word' }, match = print }"
	done
} >"$TMP/words.lua"
install_extension "$TMP/words.lua"
# takes TABLE CHAIN KIND WORDS: with which of the words a rule may be there
takes() {
	local table=$1 chain=$2 kind=$3 word
	for word in $4; do
		! server "$ipt" -t "$table" -A "$chain" -m "$kind-$word" 2>/dev/null || echo "$word"
	done | paste -sd ' '
	server "$ipt" -t "$table" -F "$chain"
}
for word in $hooks; do
	is "hook $word" "$(takes mangle "${word^^}" at "$hooks")" "$word"
done
for word in $tables; do
	if server "$ipt" -t "$word" -S OUTPUT >/dev/null 2>&1; then
		is "table $word" "$(takes "$word" OUTPUT of "$tables")" "$word"
	else
		skip "table $word" "this kernel has none"
	fi
done
check "unloaded" ctl unload words
finish
