#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A thousand namespaces with a script each: what each costs in memory, and
# that one more comes and goes as fast as the first. NAMESPACES is how many.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
NAMESPACES=${NAMESPACES:-1000}
SOME=50			# whose time is taken
LIMIT_KB=150		# for each, with the states of two CPUs
LIMIT_SLOWER=150	# per cent of the first
NS=nflua-m$$
MAX=/proc/sys/user/max_net_namespaces
[ -w $MAX ] || skip_all "needs $MAX"
[ "$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)" -ge $((NAMESPACES * 500)) ] ||
	skip_all "needs more memory for $NAMESPACES namespaces"

cat >"$TMP/small.lua" <<'L'
local netfilter = require("netfilter")
local nf = netfilter.new{ name = "small" }
nf:hook{ family = "ipv4", hook = "input", priority = "filter", function(pkt)
  local udp = pkt.udp
  if udp and udp.dport == 53 then return nf.DROP end
end }
L

# create FIRST LAST, load FIRST LAST, delete FIRST LAST: namespaces by number
each() { seq "$2" "$3" | sed "s/.*/$1/"; }
create() { each "netns add $NS-&" "$@" | ip -batch -; }
delete() { each "netns del $NS-&" "$@" | ip -batch -; }
load() { each "$NS-&" "$@" | xargs -P "$(nproc)" -I {} nfluactl -n {} load "$TMP/small.lua"; }
# shellcheck disable=SC2016 # later
at_exit 'ip netns list | grep -o "^$NS-[0-9]*" | sed "s/^/netns del /" | ip -batch -'

# The kernel counts a namespace up to the end of its death, and says so only
# by refusing another: is there room below a limit of $1?
at_exit "echo $(cat $MAX) >$MAX"
are_there_at_most() {
	echo $(($1 + 1)) >$MAX
	unshare -n true
}
others=0
until are_there_at_most $others; do others=$((others + 1)); done

# kilobytes that the kernel cannot give back
used() {
	echo 2 >/proc/sys/vm/drop_caches
	awk '/^(SUnreclaim|Percpu|VmallocUsed|KernelStack):/ { kb += $2 } END { print kb }' /proc/meminfo
}

# busy: ticks in which a CPU was not idle
busy() {
	local user nice system irq softirq
	read -r _ user nice system _ _ irq softirq _ </proc/stat
	echo $((user + nice + system + irq + softirq))
}

# some THERE: the ticks that $SOME namespaces take to come, load, and go, while
# THERE are there.
some() {
	local began
	echo 100000 >$MAX
	began=$(busy)
	create 1 $SOME && load 1 $SOME && delete 1 $SOME || return 1
	waits_for 60 are_there_at_most $((others + $1)) || return 1
	took=$(($(busy) - began))
	echo 100000 >$MAX
}

# the first time everything is slow
some 0
if some 0; then
	ok "$SOME namespaces come and go"
else
	not_ok "$SOME namespaces come and go"
	exit 1
fi
first=$took
empty=$(used)

FROM=$((SOME + 1)) TO=$NAMESPACES
check "$NAMESPACES namespaces" create $FROM "$TO"
before=$(used)
check "load in each" load $FROM "$TO"
kb=$((($(used) - before) / (TO - FROM + 1)))
accounted=$(($(field "$NS-$TO" small .memory) / 1024))
diag "$kb kB a namespace, $accounted of them its states' own account"
if [ $kb -lt $LIMIT_KB ] && [ $kb -ge $accounted ]; then
	ok "memory of each"
else
	not_ok "memory of each" "$kb kB, may be $LIMIT_KB, at least $accounted"
fi

# Other work of the machine counts, too: the best of three.
last=
for ((i = 0; i < 3; i++)); do
	some $((TO - FROM + 1)) || break
	last=$took
	[ $((last * 100)) -gt $((first * LIMIT_SLOWER)) ] || break
done
if [ -z "$last" ]; then
	not_ok "the last come and go within a minute"
	exit 1
fi
diag "$SOME came and went in $first ticks at first, in $last beside $((TO - FROM + 1))"
if [ $((last * 100)) -le $((first * LIMIT_SLOWER)) ]; then
	ok "the last are as fast as the first"
else
	not_ok "the last are as fast as the first" "$last ticks, were $first"
fi
check "a script of one of them" nfluactl -n "$NS-$FROM" show small
began=$(busy)
check "all go" delete $FROM "$TO"
check "up to the last" waits_for 120 are_there_at_most $others
diag "in $((($(busy) - began) * SOME / (TO - FROM + 1))) ticks each $SOME"
echo 100000 >$MAX
# what the kernel itself keeps, and no script of 60 KiB
left=$(($(used) - empty))
diag "$left kB left"
check "nothing of them is left" [ $left -lt $((NAMESPACES * 15)) ]
finish
