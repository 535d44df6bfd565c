#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# CPUs that go and come: under traffic, and with scripts loaded meanwhile.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command taskset
online=/sys/devices/system/cpu/cpu1/online
[ -w $online ] || skip_all "needs a second CPU that can be taken offline"
topology
cpu() { echo "$1" >$online && [ "$(cat $online)" = "$1" ]; }
at_exit "echo 1 >$online"
cpu 1 || skip_all "CPU 1 does not come online"
# Of CPUs that are not there at boot there are no states.
ALL=$(nproc)

# on CPU COUNT PORT
on() {
	# shellcheck disable=SC2016
	client taskset -c "$1" bash -c 'for ((i = 0; i < $1; i++)); do printf x >"/dev/udp/$2/$3"; done' \
		bash "$2" "$SERVER4" "$3"
}
cat >"$TMP/counts.lua" <<'L'
function f() n = (n or 0) + 1 return n % 2 == 0 end
L
ctl load "$TMP/counts.lua" || exit 1
server iptables -A INPUT -p udp --dport 4000 -m lua --script counts --function f
is "a state for each CPU" "$(field "$SERVER" counts .states)" "$ALL"
check "CPU 1 goes" cpu 0
on 0 10 4000
check "called without it" calls_become "$SERVER" counts 10
check "CPU 1 comes" cpu 1
on 1 10 4000
on 0 10 4000
check "called on both" calls_become "$SERVER" counts 30
is "it kept its state" "$(field "$SERVER" counts .states)" "$ALL"
is "no call failed" "$(counts "$SERVER" counts)" "function f calls=30 match=15 nomatch=15"

# Loaded while the CPU is away.
check "CPU 1 goes" cpu 0
load away <<<'function f() n = (n or 0) + 1 return n % 2 == 0 end'
server iptables -A INPUT -p udp --dport 4001 -m lua --script away --function f
check "replaced meanwhile" ctl replace "$TMP/counts.lua"
check "CPU 1 comes" cpu 1
on 1 10 4001
on 1 10 4000
check "called there" calls_become "$SERVER" away 10
is "the state was made when the CPU came" "$(counts "$SERVER" away)" "function f calls=10 match=5 nomatch=5"
check "also of the new generation" calls_become "$SERVER" counts 40
is "which never failed" "$(counts "$SERVER" counts)" "function f calls=40 match=20 nomatch=20"
is "as many states as CPUs" "$(field "$SERVER" away .states)" "$ALL"

# A body that fails on a CPU that comes: the policy holds there, and the CPU is
# up all the same. Only chance lets a body differ from state to state.
cat >"$TMP/chance.lua" <<'L'
function f() return false end
if math.random(2) == 1 then g = f end
L
missing=
for i in {1..30}; do
	cpu 0
	ctl load "$TMP/chance.lua" 2>/dev/null || continue
	cpu 1 || break
	if [ "$(field "$SERVER" chance .states)" -lt "$ALL" ]; then
		missing=1
		break
	fi
	ctl unload chance
done
is "a CPU comes up though a body fails there" "$missing $(cat $online)" "1 1"
server iptables -A INPUT -p udp --dport 4002 -m lua --script chance --function f --on-error match -j DROP
on 0 10 4002
on 1 10 4002
check "called on both" waits_for 10 bash -c "[ \$(nfluactl -n $SERVER -j show chance | jq '.[0].calls') = 20 ]"
is "the policy holds where there is no state" \
	"$(field "$SERVER" chance '.entries[] | select(.name == "f") | "\(.outcomes.nomatch) \(.errors.nostate) \(.last_error)"')" \
	"10 10 this CPU has no state of the script"
read_rules iptables filter
is "there it matches" "${RULES[4002]}" 10
server iptables -D INPUT -p udp --dport 4002 -m lua --script chance --function f --on-error match -j DROP
check "unload" ctl unload chance

# Under traffic, with replaces.
touch "$TMP/on"
for n in 0 1; do
	# shellcheck disable=SC2016
	client taskset -c $n bash -c 'while [ -e "$1" ]; do printf x >"/dev/udp/$2/4000"; done' \
		bash "$TMP/on" "$SERVER4" 2>/dev/null &
done
failed=0
for i in {1..8}; do
	cpu 0 || failed=$((failed + 1))
	ctl replace "$TMP/counts.lua" || failed=$((failed + 1))
	cpu 1 || failed=$((failed + 1))
	ctl load --name "more$i" "$TMP/counts.lua" || failed=$((failed + 1))
done
rm "$TMP/on"
wait
is "eight times off and on under traffic" $failed 0
is "no call failed" "$(field "$SERVER" counts '[.entries[].errors[]] | add')" 0
is "all have all their states" "$(ctl -j list | jq -r '[.[].states] | unique | join(" ")')" "$ALL"
server iptables -F

# Loads and replaces while CPUs come and go do not lock each other out.
(for i in {1..10}; do cpu 0; cpu 1; done) &
for i in {1..30}; do
	ctl replace "$TMP/counts.lua" || failed=$((failed + 1))
done
wait
is "both at once" $failed 0
on 1 5 4000
for name in counts away more{1..8}; do ctl unload "$name" || failed=$((failed + 1)); done
is "all unload" "$failed $(ctl -j list)" "0 []"
finish
