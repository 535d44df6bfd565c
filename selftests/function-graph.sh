#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Errors jump over frames of C. The function_graph tracer keeps a stack of
# return addresses of its own, which would go wrong if it saw one of them: it
# follows all functions there are while scripts raise in every way, on all CPUs.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
TRACING=/sys/kernel/tracing
mountpoint -q $TRACING || mount -t tracefs nodev $TRACING 2>/dev/null
grep -qw function_graph $TRACING/available_tracers 2>/dev/null ||
	skip_all "the kernel has no function_graph tracer"
topology
EACH=10
mapfile -t CPUS < <(seq 0 $(($(nproc) - 1)))

cat >"$TMP/functions" <<'T'
raises		error("x")
catches		for _ = 1, 20 do pcall(error, "x") end return true
through_c	return (("abc"):gsub(".", function() error("x") end))
caught_in_c	return (("abc"):gsub(".", function() pcall(error, "x") end)) == "abc"
sorts		table.sort({ 3, 2, 1 }, function() error("x") end)
coroutines	return coroutine.wrap(function() error("x") end)()
resumed		for _ = 1, 20 do coroutine.resume(coroutine.create(function() coroutine.yield() error("x") end)) end return true
yields		local co = coroutine.wrap(function() for i = 1, 20 do coroutine.yield(i) end end) for _ = 1, 20 do co() end return true
nested		local function f(n) if n == 0 then error("x") end return pcall(string.gsub, "x", "x", function() f(n - 1) error("y") end) end f(2) return true
handlers	return (xpcall(error, function(m) return debug.traceback(m) end, "x")) == false
closes		local c <close> = setmetatable({}, { __close = function() error("x") end }) error("y")
metamethods	return setmetatable({}, { __index = function() error("x") end }).x
deep		local function f() return (("x"):gsub("x", f)) end return f()
loops		while true do end
memory		return #("x"):rep(1000000000)
fields		return pkt.udp.nothing
bytes		return pkt:unpack("?")
T
while read -r name body; do
	echo "function $name(pkt) $body end"
done <"$TMP/functions" >"$TMP/errors.lua"
ctl load "$TMP/errors.lua" || exit 1
port=4000
while read -r name _; do
	echo "-A INPUT -p udp --dport $((port++)) -m lua --script errors --function $name -j DROP"
done <"$TMP/functions" | add_rules iptables filter || exit 1

trace_off() { echo nop >$TRACING/current_tracer; }
at_exit trace_off
# Nothing is filtered, neither functions nor processes.
check "function_graph is on" sh -c "echo function_graph >$TRACING/current_tracer && echo 1 >$TRACING/tracing_on"
n=$(wc -l <"$TMP/functions")
for cpu in "${CPUS[@]}"; do
	# shellcheck disable=SC2046
	ON_CPU=$cpu udp "$CLIENT" "$SERVER4" $EACH $(seq 4000 $((3999 + n))) &
	SENDERS+=($!)
done
wait "${SENDERS[@]}"
# One packet more, and its functions are the last that are seen.
# shellcheck disable=SC2016
client bash -c 'printf x >/dev/udp/$1/4000; echo 0 >&"$2"' bash "$SERVER4" 9 9>$TRACING/tracing_on
cat $TRACING/per_cpu/cpu*/trace >"$TMP/trace"
echo 1 >$TRACING/tracing_on
check "all packets were seen" calls_become "$SERVER" errors $((n * EACH * ${#CPUS[@]} + 1))
# A load and a body that fails raise in process context.
refused "a body raises, too" 2 'x' ctl load --name bad - <<<'pcall(error, "y") error("x")'
check "and a load goes on" ctl replace "$TMP/errors.lua"
check "the tracer is still on" grep -q function_graph $TRACING/current_tracer
check "it saw functions on the packets' path" grep -q 'nf_hook_slow\|ipt_do_table\|nft_do_chain' "$TMP/trace"
is "it can see none that is jumped over" "$(grep -c '\[nflua\]' $TRACING/available_filter_functions)" 0
trace_off
is "the tracer was never stopped" "$(cat $TRACING/tracing_on)" 1
server iptables -F
ctl unload errors
finish
