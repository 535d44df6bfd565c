#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# nfluactl monitor: scripts that come and go, what they print and where they
# fail arrive once, in order, at who listens in their namespace and may.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
EXACT=1 need_module
need_command setpriv taskset jq
topology
LAST=$(($(nproc) - 1))


# monitor NAME OPTION...: starts one, which writes to NAME and NAME.err; its
# process is in PID. NS= is its namespace.
monitor() {
	local name=$1
	shift
	nfluactl -n "${NS:-$SERVER}" monitor "$@" >"$TMP/$name" 2>"$TMP/$name.err" &
	PID=$!
	waits_for 10 listens $PID || not_ok "monitor $* listens" "$(cat "$TMP/$name.err")"
}

# ended WHAT [STATUS]: the monitor $PID ends by itself.
gone() { ! kill -0 "$1"; }
ended() {
	local status=running
	if waits_for 10 gone "$PID"; then
		wait "$PID"
		status=$?
	fi
	is "$1" "$status" "${2:-0}"
}

# stop WHAT: ends the monitor $PID.
stop() {
	kill -TERM "$PID"
	ended "$1"
}

has_lines() { [ "$(wc -l <"$TMP/$1")" -ge "$2" ]; }

# arrives WHAT NAME N WANTED: N lines come to NAME and, without the time, say
# WANTED.
arrives() {
	waits_for 10 has_lines "$2" "$3"
	is "$1" "$(cut -d ' ' -f 3- "$TMP/$2")" "$4"
}

# sends CPU PORT [COUNT]: from the server, whose output hooks run on that CPU
sends() {
	# shellcheck disable=SC2016
	taskset -c "$1" ip netns exec "$SERVER" bash -c '
		for ((i = 0; i < $3; i++)); do printf x >"/dev/udp/$1/$2"; done' \
		bash $CLIENT4 "$2" "${3:-1}" 2>/dev/null
}

# --- scripts come and go ---
monitor all
SINCE=$(date +%s)
echo 'print("of a body")' >"$TMP/guest.lua"
ctl load "$TMP/guest.lua" >"$TMP/out"
ctl replace --or-load "$TMP/guest.lua" >"$TMP/out"
ctl replace "$TMP/guest.lua" >"$TMP/out"
ctl check "$TMP/guest.lua" >"$TMP/out"
ctl load "$TMP/guest.lua" >"$TMP/out" 2>&1
ctl replace --name guest - <<<'error("no")' >"$TMP/out" 2>&1
ctl unload guest
arrives "load, replace, unload; no check, no failure, no body's print" all 4 \
	"guest - event loaded, generation 1
guest - event replaced, generation 2
guest - event replaced, generation 3
guest - event unloaded, generation 3"
read -r day time _ <"$TMP/all"
when=$(date -d "$day ${time%.*}" +%s)
check "the time is not before" [ "$when" -ge "$SINCE" ]
check "nor in the future" [ "$when" -le "$(date +%s)" ]
stop "SIGTERM ends it well"
is "nothing on standard error" "$(cat "$TMP/all.err")" ""

# --- what callbacks print, and where they fail ---
load talks <<'L'
local nf = require("netfilter").new{}
local function fails(port) error("port " .. port) end
nf:hook{ family = "ipv4", hook = "output", priority = 0, function(pkt)
  local port = pkt.udp and pkt.udp.dport
  if port == 5000 then print("a query", port, nil) end
  if port == 5001 then print("two\nlines") print() print("\27[31m\0end\xff") end
  if port == 5002 then fails(port) end
  if port == 5003 then return "DROP" end
  if port == 5004 then for i = 1, 200 do print(i) end end
  if port == 5005 then print(("x"):rep(2000)) end
end }
L
monitor all
ALL=$PID
monitor json -j
JSON=$PID
sends 0 5000
arrives "a print has script and CPU" all 1 "talks cpu0 log a query	5000	nil"
sends $LAST 5000
arrives "and that of the other CPU" all 2 "talks cpu0 log a query	5000	nil
talks cpu$LAST log a query	5000	nil"
sends 0 5001
waits_for 10 has_lines all 6
is "lines by themselves, and what could steer a terminal does not" \
	"$(tail -n 4 "$TMP/all" | cut -d ' ' -f 3-)" 'talks cpu0 log two
talks cpu0 log lines
talks cpu0 log
talks cpu0 log \x1b[31m\x00end\xff'
sends 0 5002
waits_for 10 has_lines all 11
is "an error has its entry point and an indented traceback" \
	"$(sed -n '7,10s/^[0-9][-0-9]* [0-9:.]* //; 7,10p' "$TMP/all")" \
	"talks cpu0 error hook ipv4 output 0: talks:2: port 5002
    stack traceback:
    	[C]: in function 'error'
    	talks:2: in upvalue 'fails'"
lines=$(wc -l <"$TMP/all")
sends $LAST 5003
waits_for 10 has_lines all $((lines + 1))
is "an answer that is none" "$(tail -n 1 "$TMP/all" | cut -d ' ' -f 3-)" \
	"talks cpu$LAST error hook ipv4 output 0: talks:3: function answered a string (a hook answers ACCEPT, DROP, CONTINUE, STOLEN, QUEUE, REPEAT, STOP or nothing)"
lines=$((lines + 1))
sends 0 5004
waits_for 10 has_lines all $((lines + 155))
pause
is "a call prints 512 bytes, and all of them arrive in their order" \
	"$(tail -n +$((lines + 1)) "$TMP/all" | sed 's/.* log //' | md5sum)" \
	"$(seq 155 | md5sum)"
lines=$(wc -l <"$TMP/all")
sends 0 5005
waits_for 10 has_lines all $((lines + 1))
is "a long line is cut there" "$(tail -n 1 "$TMP/all" | cut -d ' ' -f 6 | tr -d '\n' | wc -c)" 511
kill -INT $ALL $JSON
PID=$ALL
ended "SIGINT ends it well"
PID=$JSON
ended "the other, too"

# --- JSON ---
json() { jq -r "$1" "$TMP/json" 2>&1; }
is "each line is an object" "$(jq -c 'type' "$TMP/json" | uniq -c | xargs)" \
	"$(wc -l <"$TMP/json") object"
is "as many as in text" "$(wc -l <"$TMP/json")" "$(grep -c '^[0-9]' "$TMP/all")"
is "a print in JSON" "$(jq -c 'del(.time)' "$TMP/json" | head -n 1)" \
	'{"script":"talks","cpu":0,"kind":"log","text":"a query\t5000\tnil"}'
is "its time" "$(json '.time' | head -n 1 | sed -E 's/^[0-9]{10}\.[0-9]{1,6}$/seconds/')" seconds
is "NUL, ESC and what is no UTF-8" "$(json '.text' | grep -a end | od -An -c | tr -d ' \n')" \
	'033[31m\0end357277275\n'
is "an error in JSON" "$(json 'select(.kind == "error") | [.script, .cpu, .entry_kind, .entry, .text] | map(tostring) | join("|")' | head -n 2)" \
	"talks|0|hook|ipv4 output 0|talks:2: port 5002
stack traceback:"
monitor pretty -p --count 1
ctl load --name brief - <<<'return'
ended "--count ends it"
is "an event in JSON, with line breaks" \
	"$(jq -c 'del(.time)' "$TMP/pretty") $(($(wc -l <"$TMP/pretty") > 3))" \
	'{"script":"brief","cpu":null,"kind":"event","event":"loaded","generation":1} 1'

# --- groups ---
for group in events log errors; do
	monitor "$group" "$group"
	groups+=("$PID")
done
monitor two errors events
groups+=("$PID")
sends 0 5000
sends 0 5002
ctl unload brief
for PID in "${groups[@]}"; do
	waits_for 2 has_lines two 2
	waits_for 2 has_lines log 1
	stop "it ends"
done
kinds() { sed -nE 's/^[-0-9]+ [0-9:.]+ [^ ]+ [^ ]+ ([^ ]+).*/\1/p' "$TMP/$1" | xargs; }
is "group events" "$(kinds events)" event
is "group log" "$(kinds log)" log
is "group errors" "$(kinds errors)" error
is "two groups" "$(kinds two)" "error event"

# --- namespaces ---
NS=$CLIENT monitor foreign
FOREIGN=$PID
monitor own
sends 0 5000
sends 0 5002
ctl load --name elsewhere - <<<'return'
waits_for 10 has_lines own 7
nfluactl -n "$CLIENT" load --name marker - <<<'return'
check "a namespace's own messages arrive" waits_for 10 has_lines foreign 1
is "and no others" "$(cut -d ' ' -f 3- "$TMP/foreign")" "marker - event loaded, generation 1"
is "here neither" "$(grep -c marker "$TMP/own")" 0
stop "the own one ends"
PID=$FOREIGN
stop "so does the foreign one"
nfluactl -n "$CLIENT" unload marker
ctl unload elsewhere

# --- who may not ---
powerless=(setpriv --bounding-set=-net_admin --inh-caps=-net_admin)
for group in "" events log errors; do
	# shellcheck disable=SC2086
	refused "refused without the capability: ${group:-all}" 2 \
		"'nfluactl monitor' needs the capability CAP_NET_ADMIN" \
		ip netns exec "$SERVER" "${powerless[@]}" nfluactl monitor $group --timeout 2
done
check "with it, the same" ip netns exec "$SERVER" setpriv --inh-caps=-net_admin nfluactl monitor --timeout 1

# --- when it ends ---
began=$(date +%s%N)
check "--timeout ends it" ctl monitor --timeout 1
took=$((($(date +%s%N) - began) / 1000000))
check "not at once, nor late" [ $((took >= 1000 && took < 6000)) = 1 ]
monitor three log --count 3
sends 0 5000 5
ended "--count ends it where more comes"
is "after so many" "$(wc -l <"$TMP/three")" 3
mkfifo "$TMP/pipe"
nfluactl -n "$SERVER" monitor >"$TMP/pipe" 2>"$TMP/err" &
PID=$!
exec 9<"$TMP/pipe"
waits_for 10 listens $PID
exec 9<&-
ended "it ends when nobody reads" 1
is "and says so" "$(cat "$TMP/err")" "nfluactl: cannot write to standard output: Broken pipe"

# Who reads its output does not read, or has gone.
exec {PIPE}<>"$TMP/pipe"
head -c 65536 /dev/zero >&$PIPE
# blocked WHAT [OPTION]...: what was told waits in write(2); then it is ended
blocked() {
	nfluactl -n "$SERVER" monitor "${@:2}" >"$TMP/pipe" 2>"$TMP/err" &
	PID=$!
	waits_for 10 listens $PID
	load told <<<'print(1)'
	ctl unload told
	check "$1: it waits for the reader" waits_for 10 grep -q '^1 ' /proc/$PID/syscall
	[ $# -gt 1 ] || kill -TERM $PID
	ended "$1 ends it all the same"
}
blocked SIGTERM
blocked --timeout --timeout 2
exec {PIPE}>&-
check "a socket whose other end has gone ends it" python3 -c '
import socket, subprocess, sys
ours, output = socket.socketpair()
monitor = subprocess.Popen(sys.argv[1:], stdout=output)
output.close()
ours.close()
sys.exit(monitor.wait(10) != 1)' nfluactl -n "$SERVER" monitor

# --- too fast: what is lost is counted, and it goes on ---
monitor slow log --buffer 20K
kill -STOP $PID
sends 0 5004 4
kill -CONT $PID
waits_for 10 grep -q lost "$TMP/slow.err"
sends 0 5000
check "it goes on" waits_for 10 grep -q "a query" "$TMP/slow"
stop "it ends well"
lost=$(sed -nE 's/^nfluactl: ([0-9]+) messages were lost.*/\1/p' "$TMP/slow.err")
check "some were lost" [ "${lost:-0}" -gt 100 ]
is "none is lost uncounted" $((lost + $(wc -l <"$TMP/slow"))) $((4 * 155 + 1))
is "how often is told, and what helps" \
	"$(sed "s/$lost/N/g" "$TMP/slow.err")" \
	"nfluactl: N messages were lost, which came faster than they were read (N in all, 1 time)
  hint: --buffer gives them more room"
monitor slow log -j --buffer 20K
kill -STOP $PID
sends 0 5004 4
kill -CONT $PID
waits_for 10 grep -q '"lost"' "$TMP/slow"
stop "it ends well with -j"
is "JSON says it, too" "$(jq -s '(map(select(.kind == "lost").messages) | add) + (map(select(.kind == "log")) | length)' "$TMP/slow")" $((4 * 155))

# --- too much: beyond a script's budget it is dropped, counted, and told ---
load floods <<'L'
local nf = require("netfilter").new{}
nf:hook{ family = "ipv4", hook = "output", priority = -1, function(pkt)
  local port = pkt.udp and pkt.udp.dport
  if port == 5000 then for i = 1, 250 do print(i & 1) end end
  if port == 5010 then print("alone") end
  if port == 5011 then error("alone") end
end }
for i = 1, 10 do
  nf:hook{ family = "ipv4", hook = "output", priority = -2, function(pkt)
    if pkt.udp and pkt.udp.dport == 5012 then error("many") end
  end }
end
L
monitor flood -j log errors
FLOOD=$PID
monitor text log errors
TEXT=$PID
# heard FILTER: how many messages of the flood jq's FILTER is true for
# told GROUP: how many the monitor was told of that were dropped
# dropped GROUP: the same as show has it
heard() { jq -c "select($1)" "$TMP/flood" | wc -l; }
told() { jq -s "map(select(.kind == \"dropped\" and .group == \"$1\").messages) | add // 0" "$TMP/flood"; }
dropped() { field "$SERVER" floods ".${1}_dropped"; }
# The last ones are told with the next message that may be sent.
all_told() {
	local before
	before=$(wc -l <"$TMP/flood")
	sends 0 "$2"
	printed=$((printed + 1))
	waits_for 1 has_lines flood $((before + 1))
	[ "$(told "$1")" = "$(dropped "$1")" ]
}
LOG='.script == "floods" and .kind == "log"'
printed=10000
began=$(date +%s%N)
sends 0 5000 40
took=$((($(date +%s%N) - began) / 1000000))
waits_for 10 all_told log 5010
is "all that was dropped is told" "$(told log)" "$(dropped log)"
lines=$(heard "$LOG and .text != \"alone\"")
is "what is printed arrives or is dropped" $(($(heard "$LOG") + $(dropped log))) $printed
check "2000 lines may come at once" [ "$lines" -ge 2000 ]
check "and 1000 more in a second, not many beyond" [ "$lines" -le $((2000 + took + 50)) ]
is "another script's on the CPU all arrive" "$(heard '.script == "talks"')" 40
if [ "$LAST" -gt 0 ]; then
	sends 0 5000 20
	sends "$LAST" 5000 2
	printed=$((printed + 20 * 250 + 2 * 250))
	of_last() { [ "$(heard "$LOG and .cpu == $LAST")" = 500 ]; }
	check "so do the script's from another CPU" waits_for 10 of_last
	waits_for 10 all_told log 5010
	is "and what was dropped meanwhile is told" "$(told log)" "$(dropped log)"
	is "again nothing is lost uncounted" $(($(heard "$LOG") + $(dropped log))) $printed
else
	skip "so do the script's from another CPU" "there is one CPU"
fi
sends 0 5012 60
waits_for 10 all_told errors 5011
is "errors, too: what was dropped is told" "$(told errors)" "$(dropped errors)"
errors=$(heard '.kind == "error"')
is "what fails is told or dropped" $((errors + $(dropped errors))) "$(field "$SERVER" floods .errors)"
check "200 errors may come at once" [ "$errors" -ge 200 ]
check "and some were too many" [ "$(dropped errors)" -gt 0 ]
check "show tells both" grep -qx "  prints dropped: $(dropped log), errors not told: $(dropped errors)" <(ctl show floods)
is "list has them" "$(ctl -j list | jq -c '.[] | select(.name == "floods") | [.log_dropped, .errors_dropped]')" \
	"[$(dropped log),$(dropped errors)]"
before="$(dropped log) $(dropped errors)"
ctl replace "$TMP/floods.lua"
is "a replace keeps the counts" "$(dropped log) $(dropped errors)" "$before"
PID=$FLOOD
stop "it ends"
PID=$TEXT
stop "the one in text, too"
is "which has it in lines of their own" \
	"$(grep -Ec ' floods cpu[0-9]+ dropped [0-9]+ messages? of the group (log|errors)$' "$TMP/text")" \
	"$(heard '.kind == "dropped"')"
# Who is told of it, but has no room for that message, is told with the next one.
count=$(dropped errors)
monitor flood -j errors --buffer 20K
kill -STOP $PID
sends 0 5012 60
kill -CONT $PID
waits_for 10 grep -q '"lost"' "$TMP/flood"
later_told() {
	local lines
	lines=$(wc -l <"$TMP/flood")
	sends 0 5011
	waits_for 1 has_lines flood $((lines + 1))
	[ "$(told errors)" = $(($(dropped errors) - count)) ]
}
waits_for 10 later_told
is "what was dropped is told when there is room" "$(told errors)" $(($(dropped errors) - count))
check "and that was much" [ "$(told errors)" -gt 100 ]
stop "it ends"
# Nobody listens: the kernel's log takes a few.
marked() { dmesg | grep -c 'nflua: floods: alone$'; }
before=$(marked)
count=$(dropped log)
sends 0 5010 40
marked=$(($(marked) - before))
is "with nobody to listen, in the kernel's log or dropped" $((marked + $(dropped log) - count)) 40
check "few of them in the log" [ $((marked <= 20)) = 1 ]
monitor later -j log
sends 0 5010
waits_for 10 has_lines later 1
pause
stop "it ends"
is "who listens later is not told of them" "$(jq -r .kind "$TMP/later" | xargs)" log
ctl unload floods

# --- a CPU that comes up and gets no state ---
cpu=/sys/devices/system/cpu/cpu$LAST/online
if [ "$LAST" = 0 ] || ! echo 0 2>/dev/null >"$cpu"; then
	skip "a CPU without a state" "no CPU can be taken offline"
else
	at_exit "echo 1 >$cpu"
	# as long as it takes to fit a load (5 s) and not a CPU that comes (0.1 s)
	turns=1000000
	until began=$(date +%s%N); ctl check - <<<"for i = 1, $turns do end" >/dev/null ||
		break; [ $((($(date +%s%N) - began) / 1000000)) -ge 800 ]; do
		turns=$((turns * 2))
	done
	ctl load --name slow - <<<"for i = 1, $turns do end"
	monitor cpus events -j
	echo 1 >"$cpu"
	waits_for 10 has_lines cpus 1
	is "a CPU without a state" "$(jq -r '"\(.script) \(.cpu) \(.event) \(.generation) \(.text | split("\n")[0])"' "$TMP/cpus")" \
		"slow $LAST cpu-failed 1 slow:1: ran longer than 100 ms"
	stop "it ends"
	ctl unload slow
fi

# --- the module goes ---
ctl unload talks
if [ "$(nfluactl -j list | jq length)" != 0 ] || [ "$(cat /sys/module/nflua/refcnt)" != 0 ]; then
	skip "the module goes" "somebody else uses it"
else
	monitor module
	rmmod nflua
	ended "the module goes" 3
	is "and that is told" "$(cat "$TMP/module.err")" "nfluactl: the kernel module nflua was unloaded"
	check "it comes back" nfluactl list
	monitor module events --buffer 1K
	kill -STOP $PID
	for _ in {1..40}; do
		echo | ctl load --name brief -
		ctl unload brief
	done
	rmmod nflua
	kill -CONT $PID
	ended "the module goes, and who is told has no room" 3
	check "that is told all the same" grep -qx "nfluactl: the kernel module nflua was unloaded" "$TMP/module.err"
	check "it comes back again" nfluactl list
fi
finish
