#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The netlink family as another program than nfluactl sees it: messages to those
# who listen, requests that are wrong, and who may ask at all.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3 setpriv unshare
topology
genl() { server python3 "$HERE/genl.py" "$@"; }

# --- groups ---
genl listen events errors log >"$TMP/heard" 2>&1 &
listener=$!
check "the groups can be joined" waits_for 10 grep -q ready "$TMP/heard"
client python3 "$HERE/genl.py" listen events errors log >"$TMP/elsewhere" 2>&1 &
waits_for 10 grep -q ready "$TMP/elsewhere"
heard() { grep -q "$1" "$TMP/heard"; }
load told <<'L'
print("from the body")
function raises() error("wrong") end
function prints(pkt) print("port", pkt.udp.dport) end
function other() return 7 end
L
check "load is told" waits_for 5 heard '^event name=told event=1 generation=1$'
check "replace" ctl replace "$TMP/told.lua"
check "replace is told" waits_for 5 heard '^event name=told event=2 generation=2$'
for function in raises prints other; do
	server iptables -A INPUT -p udp --dport 4000 -m lua --script told --function $function
done
udp "$CLIENT" "$SERVER4" 1 4000
check "an error is told" waits_for 5 heard '^error name=told kind=0 function=raises cpu=[0-9]* text=told:2: wrong$'
check "a bad answer is told" waits_for 5 heard '^error name=told kind=0 function=other cpu=[0-9]* text=told:4: function answered 7'
check "a printed line is told" waits_for 5 heard '^log name=told cpu=[0-9]* text=port	4000$'
is "what the body printed is not" "$(grep -c 'from the body' "$TMP/heard")" 0
refused "a load that fails" 2 . ctl load --name bad - <<<'x = = 1'
check "check" ctl check "$TMP/told.lua"
server iptables -F
check "unload" ctl unload told
check "unload is told" waits_for 5 heard '^event name=told event=3 generation=2$'
is "nothing else is told" "$(grep -c ^event "$TMP/heard")" 3
is "nothing is told in another namespace" "$(cat "$TMP/elsewhere")" ready
udp "$CLIENT" "$SERVER4" 1 4000
kill $listener

# --- requests that are wrong: attribute 1 is the name, 3 size, 4 offset, 5
# source, 2 flags, 6 memory limit; command 1 is load, 2 replace, 3 unload, 4 get
cat >"$TMP/requests" <<'T'
a load in one part		| ok | 1:1=a,3=u32:2,4=u32:0,5=fill:0 1:1=a,3=u32:0,4=u32:0,5=fill:0
no name				| EINVAL | 1:3=u32:0,4=u32:0,5=fill:0
a bad name			| EINVAL | 1:1=a/b,3=u32:0,4=u32:0,5=fill:0
an empty name			| EINVAL | 1:1=,3=u32:0,4=u32:0,5=fill:0
a name too long			| EINVAL | 1:1=0123456789012345678901234567890123456789012345678901234567890123,3=u32:0,4=u32:0,5=fill:0
no size				| EINVAL | 1:1=b,4=u32:0,5=fill:0
no offset			| EINVAL | 1:1=b,3=u32:0,5=fill:0
no source			| EINVAL | 1:1=b,3=u32:0,4=u32:0
a size too large		| EFBIG | 1:1=b,3=u32:8388609,4=u32:0,5=fill:10
the largest u32			| EFBIG | 1:1=b,3=u32:4294967295,4=u32:0,5=fill:10
a part too large		| ERANGE | 1:1=b,3=u32:40000,4=u32:0,5=fill:32769
a part beyond the end		| EINVAL | 1:1=b,3=u32:10,4=u32:0,5=fill:11
no beginning			| EINVAL | 1:1=b,3=u32:20,4=u32:10,5=fill:10
a gap				| EINVAL | 1:1=b,3=u32:30,4=u32:0,5=fill:10 1:1=b,3=u32:30,4=u32:20,5=fill:10
an overlap			| EINVAL | 1:1=b,3=u32:30,4=u32:0,5=fill:10 1:1=b,3=u32:30,4=u32:5,5=fill:10
another size			| EINVAL | 1:1=b,3=u32:30,4=u32:0,5=fill:10 1:1=b,3=u32:31,4=u32:10,5=fill:20
another name			| EINVAL | 1:1=b,3=u32:30,4=u32:0,5=fill:10 1:1=c,3=u32:30,4=u32:10,5=fill:20
an offset near 4 GiB		| EINVAL | 1:1=b,3=u32:30,4=u32:0,5=fill:10 1:1=b,3=u32:30,4=u32:4294967290,5=fill:10
an error ends the upload	| EINVAL | 1:1=b,3=u32:30,4=u32:0,5=fill:10 1:1=b,3=u32:30,4=u32:20,5=fill:10 1:1=b,3=u32:30,4=u32:10,5=fill:20
it may begin anew		| ok | 1:1=b,3=u32:30,4=u32:0,5=fill:10 1:1=b,3=u32:2,4=u32:0,5=fill:0 1:1=b,3=u32:0,4=u32:0,5=fill:0
an empty part in the middle	| EINVAL | 1:1=c,3=u32:30,4=u32:0,5=fill:10 1:1=c,3=u32:30,4=u32:10,5=fill:0
unknown flags			| EINVAL | 1:1=c,2=u32:2147483648,3=u32:0,4=u32:0,5=fill:0
too small a memory limit	| ERANGE | 1:1=c,3=u32:0,4=u32:0,5=fill:0,6=u64:1000
the largest u64 as limit	| ERANGE | 1:1=c,3=u32:0,4=u32:0,5=fill:0,6=u64:18446744073709551615
a limit of a wrong size		| EINVAL | 1:1=c,3=u32:0,4=u32:0,5=fill:0,6=u32:1000000
the name is taken		| EEXIST | 1:1=a,3=u32:0,4=u32:0,5=fill:0
unload without name		| EINVAL | 3:
unload of what is not there	| ENOENT | 3:1=nothing
get of what is not there	| ENOENT | 4:1=nothing
get				| ok | 4:1=a
dump				| ok | 4:dump:
unknown command			| ENOTSUP | 99:
a command of the kernel's own	| ENOTSUP | 5:1=a
unload				| ok | 3:1=a
unload				| ok | 3:1=b
T
cut -d '|' -f 3 "$TMP/requests" | genl batch >"$TMP/answers"
paste -d '|' "$TMP/requests" "$TMP/answers" |
	while IFS='|' read -r what want _ answer; do
		is "${what%%	*}" "${answer%%:*}" "${want// /}"
	done
is "an error has a sentence" "$(genl send 3:1=nothing)" "ENOENT: no script of this name is loaded"
is "nothing is left" "$(ctl -j list)" "[]"

# Unfinished sources of sockets that are closed go, or the seventeenth would be
# refused.
printf '1:1=part%s,3=u32:8000000,4=u32:0,5=fill:100\n' {1..40} | genl batch >"$TMP/parts"
is "forty begin" "$(sort "$TMP/parts" | uniq -c | xargs)" "40 ok"
is "unfinished sources go with their sockets" "$(genl send 1:1=last,3=u32:8000000,4=u32:0,5=fill:100)" ok

# --- who may ---
load private <<<'function f() end'
nobody() { server setpriv --bounding-set -net_admin --inh-caps -net_admin "$@"; }
for command in list "show private" "unload private" "load $TMP/private.lua" "replace $TMP/private.lua"; do
	# shellcheck disable=SC2086
	refused "without CAP_NET_ADMIN: ${command%% *}" 2 'CAP_NET_ADMIN|ermi' nobody nfluactl $command
done
refused "without CAP_NET_ADMIN: the groups" any 'EPERM' nobody python3 "$HERE/genl.py" listen errors
is "without CAP_NET_ADMIN: all commands" \
	"$(nobody python3 "$HERE/genl.py" send 1:1=a 2:1=a 3:1=a 4:1=a 4:dump: | sed 's/:.*//' | sort -u)" EPERM
is "it is as it was" "$(field "$SERVER" private .generation)" 1

# A user namespace of its own has the capability, but may not load.
parameter=/sys/module/nflua/parameters/unprivileged_netns
in_userns() { unshare --user --map-root-user --net "$@"; }
if in_userns true 2>/dev/null; then
	refused "in a user namespace: load" 2 'unprivileged_netns' in_userns nfluactl load "$TMP/private.lua"
	is "in a user namespace: the sentence" \
		"$(in_userns python3 "$HERE/genl.py" send 1:1=a,2=u32:1,3=u32:0,4=u32:0,5=fill:0)" \
		"EPERM: loading outside the initial user namespace needs the module parameter unprivileged_netns"
	check "in a user namespace: list" in_userns nfluactl list
	is "it sees its own scripts only" "$(in_userns nfluactl -j list)" "[]"
	at_exit "echo $(cat $parameter) >$parameter"
	echo 1 >$parameter
	check "with unprivileged_netns: load" in_userns nfluactl load "$TMP/private.lua"
	echo 0 >$parameter
else
	skip "in a user namespace" "none can be made here"
fi
check "unload" ctl unload private
finish
