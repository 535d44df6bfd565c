#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The demonstration, run in a VM by scripts/demo, with the tree at /nflua.
#
#    client (netns)                    server (netns)
#    10.53.0.2  veth ------------ veth  10.53.0.1
#    nflua, iptables, dig              dnsmasq
set -u
SCRIPT=lua/examples/dnsblock.lua
SERVER=10.53.0.1
failures=0
dir=$(mktemp -d)
cd "$(dirname "$0")/.." || exit 1

cleanup() {
	jobs -p | xargs -r kill 2>/dev/null
	[ ! -f "$dir/dnsmasq.pid" ] || kill "$(cat "$dir/dnsmasq.pid")" 2>/dev/null
	ip netns del client 2>/dev/null
	ip netns del server 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT

bold() { [ -z "${COLOUR-}" ] && printf '\n== %s\n' "$1" || printf '\n\033[1m== %s\033[0m\n' "$1"; }

# show COMMAND...: prints the command and its output; its status is kept.
show() {
	printf '# %s\n' "$*"
	"$@" 2>&1 | sed 's/^/  /'
	return "${PIPESTATUS[0]}"
}

# check WHAT COMMAND...: says whether the command says so.
check() {
	local what=$1
	shift
	if "$@" >/dev/null 2>&1; then
		printf '  [ok] %s\n' "$what"
	else
		printf '  [FAILED] %s\n' "$what"
		failures=$((failures + 1))
	fi
}

quit() {
	printf '\nThe demonstration failed: %s\n' "$1"
	exit 1
}

client() { ip netns exec client "$@"; }
ask() { client dig "@$SERVER" +tries=1 +time="${2:-2}" +short "$1"; }
answered() { [ "$(ask "$1")" = "$2" ]; }
refused() { ! ask "$1" 1 >"$dir/refused" 2>&1 && ! grep -q '^[0-9]' "$dir/refused"; }
field() { client nfluactl -j show dnsblock | jq -r "if type == \"array\" then .[0] else . end | .$1"; }
waits_for() {
	local n
	for ((n = 0; n < 100; n++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.05
	done
	return 1
}

# Names that the script names: the first that it blocks, and one of our own.
blocked=$(grep -oE '"[a-z0-9-]+(\.[a-z0-9-]+)+"' "$SCRIPT" | head -n 1 | tr -d '"')
allowed=www.allowed.example
later=news.later.example
[ -n "$blocked" ] || quit "$SCRIPT names no domain"

bold "Two namespaces, a DNS server in one, a client in the other"
for ns in client server; do ip netns add $ns; done
ip -n client link add veth0 type veth peer name veth0 netns server
for ns in client:10.53.0.2 server:$SERVER; do
	ip -n "${ns%:*}" addr add "${ns#*:}/24" dev veth0
	ip -n "${ns%:*}" link set veth0 up
	ip -n "${ns%:*}" link set lo up
done
ip netns exec server dnsmasq --no-resolv --no-hosts --user=root \
	--pid-file="$dir/dnsmasq.pid" --listen-address=$SERVER --bind-interfaces \
	--cache-size=0 --address=/allowed.example/192.0.2.10 \
	--address="/$blocked/192.0.2.66" --address=/later.example/192.0.2.20 ||
	quit "dnsmasq does not start"
waits_for answered $allowed 192.0.2.10 || quit "the server does not answer"
show client dig "@$SERVER" +short $allowed
check "the server answers for $allowed" answered $allowed 192.0.2.10
check "and for $blocked" answered "$blocked" 192.0.2.66

bold "The script"
printf '# cat %s\n' "$SCRIPT"
sed 's/^/  /' "$SCRIPT"
show client nfluactl load "$SCRIPT" || quit "the script does not load"

bold "One iptables rule"
show client iptables -A OUTPUT -p udp --dport 53 -m lua --script dnsblock -j DROP ||
	quit "iptables refuses the rule"
show client iptables -S OUTPUT
check "the rule is there" client iptables -C OUTPUT -p udp --dport 53 \
	-m lua --script dnsblock -j DROP

bold "An allowed name is answered, a blocked one is not"
show client dig "@$SERVER" +tries=1 +time=2 +short $allowed
check "$allowed is answered" answered $allowed 192.0.2.10
show client dig "@$SERVER" +tries=1 +time=1 +short "$blocked"
check "$blocked is not" refused "$blocked"

bold "What nflua counted"
show client nfluactl list
show client nfluactl show dnsblock
check "the script was called" test "$(field calls)" -ge 3
check "it matched the blocked name" \
	test "$(field 'entries | map(.outcomes.match // 0) | add')" -ge 2
check "it let the others pass" \
	test "$(field 'entries | map(.outcomes.nomatch // 0) | add')" -ge 1
check "it never failed" test "$(field errors)" = 0
check "one rule refers to it" test "$(field rules)" = 1

bold "The script is replaced while queries run: now $later is blocked"
before=$(field calls)
printf '%s\n' "$(yes $allowed | head -n 400)" >"$dir/queries"
client dig "@$SERVER" +tries=1 +time=2 +short -f "$dir/queries" >"$dir/answers" 2>&1 &
traffic=$!
sed "s/$blocked/${later#*.}/" "$SCRIPT" >"$dir/dnsblock.lua"
check "$later is answered so far" answered $later 192.0.2.20
waits_for test -s "$dir/answers" || quit "no query of the running ones is answered"
show diff "$SCRIPT" "$dir/dnsblock.lua"
show client nfluactl replace "$dir/dnsblock.lua" || quit "the replace fails"
replaced_at=$(wc -l <"$dir/answers")
for n in 1 2 3; do
	client nfluactl replace "$dir/dnsblock.lua" >/dev/null || quit "replace $n fails"
done
wait $traffic
answers=$(grep -c '^192\.0\.2\.10$' "$dir/answers")
printf '  400 queries for %s ran meanwhile, %s were answered\n' $allowed "$answers"
check "no query was lost" test "$answers" = 400
check "the replace came while they ran (after $replaced_at answers)" \
	test "$replaced_at" -lt 400
show client dig "@$SERVER" +tries=1 +time=1 +short $later
check "$later is not answered now" refused $later
check "$blocked is answered again" answered "$blocked" 192.0.2.66
check "the rule is still the same one" client iptables -C OUTPUT -p udp --dport 53 \
	-m lua --script dnsblock -j DROP
check "the script saw every query" test "$(field calls)" -ge $((before + 400))
show client nfluactl list

bold "Unload is refused while a rule refers to the script"
if show client nfluactl unload dnsblock; then
	check "the unload was refused" false
else
	check "the unload was refused" true
fi
client iptables -D OUTPUT -p udp --dport 53 -m lua --script dnsblock -j DROP
show client nfluactl unload dnsblock
check "without the rule it goes" test "$(client nfluactl -j list | jq length)" = 0

printf '\n'
[ $failures = 0 ] || quit "$failures of the statements above are not true"
echo "All of it is true."
