# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tests share: TAP 13 output, namespaces, traffic, exact counters, and
# a look at the kernel's log and taint at the end. A test is
#
#     # shellcheck source=lib.sh source-path=SCRIPTDIR
#     . "$(dirname "$0")/lib.sh"
#     need_module
#     topology
#     check "what must be true" COMMAND...
#     finish
#
# and exits with 0, 1 if anything failed, or 4 if there was nothing to do. One
# that ends before finish has failed.
# shellcheck disable=SC2034 # tests use them
set -u
# A pipe's last part counts in this shell.
shopt -s lastpipe
export LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
TOP=$(dirname "$HERE")
TEST=$(basename "$0" .sh)
TMP=$(mktemp -d)
CLIENT=nflua-c$$
SERVER=nflua-s$$

tests=0
failures=0
skips=0
finished=
marker=
taint=
namespaces=()
on_exit=()

# --- TAP -------------------------------------------------------------------

diag() { printf '%s\n' "$@" | sed 's/^/# /'; }

ok() {
	tests=$((tests + 1))
	echo "ok $tests - $1"
}

# not_ok WHAT [LINE]...
not_ok() {
	tests=$((tests + 1))
	failures=$((failures + 1))
	echo "not ok $tests - $1"
	shift
	[ $# = 0 ] || diag "$@"
}

# skip WHAT WHY
skip() {
	tests=$((tests + 1))
	skips=$((skips + 1))
	echo "ok $tests - $1 # SKIP $2"
}

# skip_all WHY: the whole test has nothing to do here. Where the caller of all
# tests promised that it has (NFLUA_STRICT), that is a failure.
skip_all() {
	finished=1
	if [ -n "${NFLUA_STRICT-}" ] && [ "${2-}" = promised ]; then
		echo "1..1"
		echo "not ok 1 - $1"
		exit 1
	fi
	echo "1..0 # SKIP $1"
	exit 4
}

finish() {
	log_is_clean
	finished=1
	echo "1..$tests"
	[ $failures = 0 ] || exit 1
	[ $tests -gt $skips ] || exit 4
	exit 0
}

# check WHAT COMMAND...: the command must succeed.
check() {
	local what=$1 out
	shift
	if out=$("$@" 2>&1); then
		ok "$what"
	else
		not_ok "$what" "status $? from: $*" "$out"
	fi
}

# is WHAT GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "got:    $2" "wanted: $3"
	fi
}

# refused WHAT STATUS PATTERN COMMAND...: the command must exit with STATUS, or
# any that says it failed, and print something that the extended regular
# expression PATTERN matches.
refused() {
	local what=$1 want=$2 pattern=$3 out status
	shift 3
	out=$("$@" 2>&1)
	status=$?
	if [ "$want" = any ] && [ $status != 0 ] && [ $status -lt 126 ]; then
		want=$status
	fi
	if [ $status = "$want" ] && grep -Eq -- "$pattern" <<<"$out"; then
		ok "$what"
	else
		not_ok "$what" "status $status, wanted $want and /$pattern/; from: $*" \
			"$(head -c 2000 <<<"$out")"
	fi
}

# --- the end of every test -------------------------------------------------

# at_exit COMMAND: run at the end, the latest first.
at_exit() { on_exit=("$1" "${on_exit[@]+"${on_exit[@]}"}"); }

cleanup() {
	local status=$? command ns
	trap - EXIT
	for command in "${on_exit[@]+"${on_exit[@]}"}"; do
		eval "$command"
	done
	# A function in the background is a shell, and the program its child.
	for command in $(jobs -p); do
		xargs -r kill 2>/dev/null <"/proc/$command/task/$command/children"
		kill "$command" 2>/dev/null
	done
	wait 2>/dev/null
	for ns in "${namespaces[@]+"${namespaces[@]}"}"; do
		ip netns pids "$ns" 2>/dev/null | xargs -r kill 2>/dev/null
		ip netns del "$ns" 2>/dev/null
	done
	rm -rf "$TMP"
	if [ -z "$finished" ]; then
		not_ok "$TEST ran to its end" "it ended with status $status"
		echo "1..$tests"
		status=1
	fi
	exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# What a kernel that is well does not say, at the start of a message.
SICK='^\[[ 0-9.]+\] ?(\[[ TC0-9]+\] ?)?(BUG: |WARNING: |INFO: |rcu: INFO: |rcu: rcu_.* stall|watchdog: |Oops|general protection fault|stack segment|double fault|invalid opcode|int3|divide error|-+\[ cut here|UBSAN|KASAN|KFENCE|KCSAN|list_(add|del) corruption|refcount_t: |unregister_netdevice: waiting|kmemleak: [0-9]+ new|page_pool_release|Call Trace|ODEBUG|DEBUG_LOCKS_WARN|kernel BUG)'

# An out-of-tree (O) and unsigned (E) module is what we are.
OWN_TAINT=$((1 << 12 | 1 << 13))

log_begin() {
	taint=$(cat /proc/sys/kernel/tainted)
	marker="nflua selftest: $TEST $$"
	echo "$marker" >/dev/kmsg 2>/dev/null || marker=
}

log_since() {
	if [ -n "$marker" ] && dmesg | grep -qF "$marker"; then
		dmesg | sed "0,/${marker//\//.}/d"
	else
		dmesg
	fi
}

log_is_clean() {
	local now found
	[ -n "$taint" ] || return 0
	now=$(cat /proc/sys/kernel/tainted)
	is "no new taint" $((now & ~(taint | OWN_TAINT))) 0
	found=$(log_since | grep -E "$SICK" | head -n 5)
	is "nothing in the kernel's log" "$found" ""
}

# --- what a test needs -----------------------------------------------------

need_root() { [ "$(id -u)" = 0 ] || skip_all "needs root"; }

need_command() {
	local c
	for c; do
		command -v "$c" >/dev/null || skip_all "needs $c"
	done
}

# The module, loaded by the kernel when nfluactl first asks. Calls may take as
# many times longer as NFLUA_SLACK says, which a VM that its host may stop needs;
# not so where a test is about the clock: EXACT=1 need_module.
need_module() {
	local slack=$((${NFLUA_SLOW:-1} * ${NFLUA_SLACK:-1}))
	need_root
	need_command ip jq nfluactl
	nfluactl list >/dev/null 2>"$TMP/err" ||
		skip_all "the module does not answer: $(head -n 1 "$TMP/err")" promised
	[ -z "${EXACT-}" ] || slack=${NFLUA_SLOW:-1}
	echo "$slack" >/sys/module/nflua/parameters/slack
	log_begin
}

# --- waiting ---------------------------------------------------------------

exec {PAUSE}<> <(:)
pause() { read -rt 0.05 -u "$PAUSE" || true; }

# waits_for SECONDS COMMAND...: until the command succeeds, at most so long.
waits_for() {
	local end=$((SECONDS + $1 * ${NFLUA_SLOW:-1}))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -le $end ] || return 1
		pause
	done
}

# listens PID: nfluactl monitor has joined its groups, and then takes its signals.
listens() { grep -q '^SigCgt:.*6..2$' "/proc/$1/status"; }

# --- namespaces ------------------------------------------------------------

# namespace NAME...: with IPv6 that sends nothing by itself.
namespace() {
	local ns
	for ns; do
		ip netns add "$ns" || exit 1
		namespaces+=("$ns")
		in_ns "$ns" sysctl -qw net.ipv6.conf.all.accept_dad=0 \
			net.ipv6.conf.default.accept_dad=0 \
			net.ipv6.conf.default.router_solicitations=0 \
			net.ipv6.conf.default.mldv2_unsolicited_report_interval=1 2>/dev/null
		ip -n "$ns" link set lo up
	done
}

in_ns() { ip netns exec "$@"; }
client() { ip netns exec "$CLIENT" "$@"; }
server() { ip netns exec "$SERVER" "$@"; }

# topology: two namespaces and what they need to talk without a question.
#
#        $CLIENT                          $SERVER
#    +---------------+                +---------------+
#    |         veth0 |----------------| veth0         |
#    +---------------+                +---------------+
#      10.77.0.1/24                     10.77.0.2/24
#      fd77::1/64                       fd77::2/64
#      02:00:00:00:00:01                02:00:00:00:00:02
CLIENT4=10.77.0.1 SERVER4=10.77.0.2
CLIENT6=fd77::1 SERVER6=fd77::2
topology() {
	local ns me you
	namespace "$CLIENT" "$SERVER"
	ip -n "$CLIENT" link add veth0 address 02:00:00:00:00:01 type veth \
		peer name veth0 address 02:00:00:00:00:02 netns "$SERVER" || exit 1
	for ns in "$CLIENT 1 2" "$SERVER 2 1"; do
		read -r ns me you <<<"$ns"
		ip -n "$ns" addr add "10.77.0.$me/24" dev veth0
		ip -n "$ns" addr add "fd77::$me/64" dev veth0 nodad
		ip -n "$ns" link set veth0 up
		ip -n "$ns" neigh replace "10.77.0.$you" dev veth0 \
			lladdr "02:00:00:00:00:0$you" nud permanent
		ip -n "$ns" neigh replace "fd77::$you" dev veth0 \
			lladdr "02:00:00:00:00:0$you" nud permanent
	done
	{ waits_for 10 client ping -c 1 -W 1 $SERVER4 &&
		waits_for 10 client ping -c 1 -W 1 $SERVER6; } ||
		skip_all "the namespaces do not reach each other" promised
}

# --- traffic ---------------------------------------------------------------

# udp NS ADDRESS COUNT PORT...: sends COUNT datagrams to each PORT, each from a
# socket of its own, so that no error of one stops the next. With ON_CPU=N they
# leave from that CPU, and over veth arrive on it.
udp() {
	# shellcheck disable=SC2016
	${ON_CPU:+taskset -c "$ON_CPU"} ip netns exec "$1" bash -c '
		address=$1 count=$2
		shift 2
		for port; do
			for ((i = 0; i < count; i++)); do
				printf "nflua" >"/dev/udp/$address/$port"
			done
		done' bash "${@:2}" 2>/dev/null || true
}

# tables IPTABLES: does this flavour work here? Newer kernels have no legacy.
tables() {
	command -v "$1" >/dev/null && server "$1" -L -n >/dev/null 2>&1
}

# read_rules IPTABLES TABLE: fills RULES: packets of the rules of each UDP
# destination port, in their order, as "3 0".
declare -A RULES
read_rules() {
	local line
	RULES=()
	server "$1-save" -c -t "$2" 2>/dev/null >"$TMP/rules"
	while read -r line; do
		[[ $line =~ ^\[([0-9]+):.*\ --dport\ ([0-9]+) ]] || continue
		line=${BASH_REMATCH[2]}
		RULES[$line]=${RULES[$line]-}${RULES[$line]+ }${BASH_REMATCH[1]}
	done <"$TMP/rules"
}

# add_rules IPTABLES TABLE: the rules on standard input, all at once.
add_rules() {
	{ printf '*%s\n' "$2"; cat; echo COMMIT; } >"$TMP/restore"
	server "$1-restore" --noflush "$TMP/restore"
}

# --- scripts and counters --------------------------------------------------

# ctl ARGS...: nfluactl in the server's namespace.
ctl() { nfluactl -n "$SERVER" "$@"; }

# load NAME [OPTION]...: loads the script on standard input; ends the test if
# it does not load.
load() {
	local name=$1
	shift
	cat >"$TMP/$name.lua"
	nfluactl -n "${SCRIPT_NS:-$SERVER}" load "$@" "$TMP/$name.lua" || {
		not_ok "script $name loads"
		exit 1
	}
}

# field NS SCRIPT FILTER: jq's FILTER on the script.
field() { nfluactl -n "$1" -j show "$2" | jq -r ".[0] | $3"; }

# counts NS SCRIPT: one line for each entry point: its kind, its name, and all
# its counters that are not zero.
counts() {
	field "$1" "$2" '.entries[] | [.kind, .name, "calls=\(.calls)",
		((.outcomes + .errors) | to_entries[] | select(.value != 0) |
		"\(.key)=\(.value)")] | join(" ")'
}

has_calls() { [[ $(nfluactl -n "$1" -j show "$2") == *"\"calls\":$3,\"errors\""* ]]; }

# calls_become NS SCRIPT N: waits until all its entry points together were
# called N times; the packets on their way have arrived then.
calls_become() {
	waits_for 15 has_calls "$@" && return
	diag "script $2 was not called $3 times:" "$(counts "$1" "$2")"
	return 1
}

echo "TAP version 13"
