#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# nfluactl's command line: usage errors, exit codes, names, completion, files,
# the check without the kernel and its marks. Needs neither the module nor root, and with
# the module there it loads nothing.
#
# NFLUACTL names the program; default: the built one, else the installed one.
set -u

here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${NFLUACTL:-}" ]; then
	NFLUACTL=$here/../build/userspace/nfluactl
	[ -x "$NFLUACTL" ] || NFLUACTL=$(command -v nfluactl) || {
		echo "TAP version 13"
		echo "1..0 # SKIP nfluactl is not built"
		exit 4
	}
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1

count=0
failed=0

ok() {
	count=$((count + 1))
	echo "ok $count $1"
}

not_ok() {
	count=$((count + 1))
	failed=$((failed + 1))
	echo "not ok $count $1"
	sed 's/^/# /' out err
}

# run ARGUMENT...: standard output in "out", error in "err", status in $status
run() {
	"$NFLUACTL" "$@" >out 2>err </dev/null
	status=$?
}

# expect WHAT STATUS [ERR-PATTERN [OUT-PATTERN]]: judge the last run. Without
# patterns for them the outputs may say anything.
expect() {
	if [ "$status" -ne "$2" ]; then
		echo "# status $status, expected $2"
		not_ok "$1"
	elif [ $# -gt 2 ] && [ -n "$3" ] && ! grep -Eq -- "$3" err; then
		echo "# standard error lacks: $3"
		not_ok "$1"
	elif [ $# -gt 3 ] && ! grep -Eq -- "$4" out; then
		echo "# standard output lacks: $4"
		not_ok "$1"
	else
		ok "$1"
	fi
}

skip() {
	count=$((count + 1))
	echo "ok $count $1 # SKIP $2"
}

echo "TAP version 13"

# A namespace that can't have scripts of anyone: where root may make one, the
# module sees only that.
run version
expect "version" 0 "" '^nfluactl [0-9]'
run -V
expect "-V" 0 "" '^nfluactl [0-9]'
module=absent
run list
[ "$status" -ne 3 ] && module=present
if [ $module = absent ]; then
	expect "no module: list says so and exits 3" 3 'module nflua is not loaded'
	run -j show
	expect "no module: show -j writes no JSON" 3 'module nflua'
	if [ -s out ]; then not_ok "nothing on standard output"; else ok "nothing on standard output"; fi
	run unload x
	expect "no module: unload exits 3" 3 'module nflua'
	run monitor
	expect "no module: monitor exits 3" 3 'module nflua is not loaded'
	run eval x 1
	expect "no module: eval exits 3" 3 'module nflua'
	run run x --hex 45
	expect "no module: run exits 3" 3 'module nflua'
	echo 'return' >good.lua
	run load good.lua
	expect "no module: load exits 3" 3 'module nflua'
else
	for what in list show unload monitor eval run load; do
		skip "no module: $what" "the module is there"
	done
	skip "nothing on standard output" "the module is there"
fi

# usage
run
expect "no command" 1 'command is missing'
run nonsense
expect "unknown command" 1 "no command 'nonsense'"
run lod x
expect "unknown command, near a known one" 1 "did you mean 'load'"
run remove x
expect "unknown command, another tool's word" 1 "did you mean 'unload'"
run --nonsense list
expect "unknown global option" 1 'no option --nonsense'
run list --nonsense
expect "unknown option of a command" 1 'no option --nonsense'
run -x list
expect "unknown letter" 1 'no option -x'
run load --single -xj
expect "unknown letter before a known one" 1 'no option -x'
run load --single -jx
expect "unknown letter behind a known one" 1 'no option -x'
run list --json=1 -j
expect "an argument too many, and a letter" 1 'json takes no argument'
run list x
expect "too many words" 1 "'x' is one word too many"
run load
expect "too few words" 1 'FILE'
run load --name
expect "option without its argument" 1 'name needs an argument'
run list --json=1
expect "option with an argument too many" 1 'json takes no argument'
run load --name a --name b file
expect "option given twice" 1 'given twice'
for group in event logs all ''; do
	run monitor log "$group"
	expect "unknown group: '$group'" 1 "no group '$group', only events, log and errors"
done
run monitor log errors events log
expect "more groups than there are" 1 "'log' is one word too many"
for number in 0 -1 x 1x '' 18446744073709551616; do
	run monitor --count "$number"
	expect "no number of messages: '$number'" 1 "'$number' is no number of messages"
	run monitor --timeout "$number"
	expect "no number of seconds: '$number'" 1 "'$number' is no number of seconds"
done
run monitor --timeout 9999999999
expect "more seconds than it can wait" 1 'no number of seconds'
run monitor --buffer 1KB
expect "no size of a buffer" 1 'is no size'
run watch
expect "another word for monitor" 1 "did you mean 'monitor'"
run profile
expect "another word for timing" 1 "did you mean 'timing'"
run timing
expect "timing of nothing" 1 'NAME on\|off\|reset is missing'
run timing x
expect "timing without what to do" 1 ': on\|off\|reset is missing'
for word in ON yes 1 ''; do
	run timing x "$word"
	expect "no timing: '$word'" 1 "switched on, off or reset, not '$word'"
done
run timing x on off
expect "timing with a word too many" 1 "'off' is one word too many"
run timing 'a b' on
expect "timing of what is no name" 1 'no name for a script'
run help nonsense
expect "help on an unknown command" 1 "no command 'nonsense'"

run extension
expect "extension of nothing" 1 'install\|remove\|list\|show .* is missing'
run extension add x
expect "an action that is none" 1 "no 'extension add', but install, remove, list and show"
run extension install
expect "install of nothing" 1 'extension install takes FILE'
run extension list x
expect "list with a word too many" 1 "'x' is one word too many"
run extension remove a/b
expect "remove of a file that is not there" 1 "there is no file 'a/b'"
for name in 'a b' ''; do
	run extension remove "$name"
	expect "remove of what is no name: '$name'" 1 "is no name of an extension"
done
run extension list --libdir relative
expect "a directory that is relative" 1 'must begin with a slash'
run -j extension list --destdir /dev/null/x
expect "extensions that cannot be listed" 1 'Not a directory'
if [ -s out ]; then not_ok "leave no JSON"; else ok "leave no JSON"; fi
run -j extension list --destdir "$tmp"
expect "no extensions are an empty list" 0 "" '^\[\]$'

# help
run help
expect "help" 0 "" '^  load FILE'
run --help
expect "--help" 0 "" '^  load FILE'
for command in load replace unload list show monitor eval check run limits map extension resume timing version help completion; do
	run help "$command"
	expect "help $command" 0 "" "^usage: nfluactl $command"
	run "$command" --help
	expect "$command --help" 0 "" "^usage: nfluactl $command"
done

# names
echo 'return' >good.lua
cp good.lua 'bad name.lua'
run load 'bad name.lua'
expect "a file's name that is no script's" 1 'give one with --name'
for name in '' 'a/b' 'a b' $'a\nb' "$(printf '%064d' 0)" 'ä'; do
	run load --name "$name" good.lua
	expect "name refused: $(printf %q "$name" | cut -c 1-20)" 1 'no name for a script'
	run unload "$name"
	expect "unload refuses it, too" 1 'no name for a script'
done
run check --name "$(printf '%063d' 0)" good.lua
if [ "$status" -eq 1 ]; then not_ok "63 bytes are a name"; else ok "63 bytes are a name"; fi

# limits, in every command that takes them
for size in 0 x 1x '1 ' '1 iB' 1KB -1 99999999999999999999 17179869184G 1.5M ''; do
	run load --memory "$size" good.lua
	expect "size refused: '$size'" 1 'is no size'
done
for time in 0ms x 5 ms 1.5ms -1ms '1 ms' 1m 1MS 1msx 18446744073710s 99999999999999999999ns ''; do
	run limits x --budget "$time"
	expect "time refused: '$time'" 1 "'$time' is no time"
done
for number in x -1 1.5 '1 ' 4294967296 99999999999999999999 ''; do
	run limits x --errors "$number"
	expect "number of errors refused: '$number'" 1 "'$number' is no number of errors"
done
for command in load replace check; do
	run $command --budget 1 good.lua
	expect "$command: time refused" 1 'is no time'
	run $command --errors x good.lua
	expect "$command: number of errors refused" 1 'is no number'
	run $command --single=1 good.lua
	expect "$command: --single takes no argument" 1 'single takes no argument'
	run $command --force good.lua
	expect "$command: has no --force" 1 'no option --force'
done
run limits --memory 1.5M
expect "limits: size refused" 1 'is no size'
run limits --budget
expect "limits: option without its argument" 1 'budget needs an argument'
run limits --single x
expect "limits: has no --single" 1 'no option --single'
run limits 'a b'
expect "limits: a name that is none" 1 'no name for a script'
for words in '' nothing 'show' 'get m' 'set m k' 'list m' 'show m k' 'delete m k v' 'show m --ttl 1s' \
	'get a/b k' 'set m k v --ttl 1' 'set m k v --ttl 5us' 'list --hex'; do
	# shellcheck disable=SC2086
	run map $words
	expect "map $words" 1 "missing|no 'map|takes|too many|is for|no name for a map|no time|not for map list"
done
run limits a b
expect "limits: two names" 1 "'b' is one word too many"

# run, as far as it goes without the kernel
run run
expect "run: no script" 1 'SCRIPT.FILE.- is missing'
run run x
expect "run: no packet" 1 'one of --hex, --file and --pcap is needed'
run run x --hex 45 --file good.lua
expect "run: two packets" 1 ': only one of --hex, --file and --pcap may be given'
run run 'a b' --hex 45
expect "run: neither name nor file" 1 'no name for a script, and no file'
for digits in 4 4x 4:5 0x45; do
	run run x --hex "$digits"
	expect "run: digits refused: $digits" 1 'two hexadecimal digits'
done
run run x --hex 45 --hook forwards
expect "run: no such hook" 1 "'forwards' is no hook: prerouting, input"
run run x --hex 45 --family ip
expect "run: no such family" 1 "'ip' is no family: ipv4, ipv6, inet, arp, bridge, netdev"
for option in --name=y --single --budget=1ms --memory=1M; do
	run run x --hex 45 $option
	expect "run: $option is for a file" 1 "${option%=*} is for a file"
done
run run ./x.lua --hex 45 --budget 1
expect "run: a budget is checked" 1 "'1' is no time"
run run x --entry e --hex 45 --file f --pcap p --raw --hook input --family ipv4 --iif i --oif o \
	--mark 1 --role match --rule r --repeat 1 --expect e --out o --name n --single --memory 1M --budget 1ms
expect "run: all options at once" 1 '--name is for a file'
run run x --hex 45 --role hook
expect "run: no such role" 1 "'hook' is no role: match, target"
for mark in '' x -1 0x 1x 4294967296; do
	run run x --hex 45 --mark "$mark"
	expect "run: mark refused: '$mark'" 1 'is no mark'
done
for n in '' 0 x -1 10000001; do
	run run x --hex 45 --repeat "$n"
	expect "run: number refused: '$n'" 1 'is no number from 1 to 10000000'
done
run run x --file nothing
expect "run: no such file" 1 "cannot open 'nothing'"
run run x --pcap good.lua
expect "run: no pcap file" 1 "cannot read packets from 'good.lua'"
run run x --raw --pcap good.lua
expect "run: --raw of a pcap file" 1 '--raw is for --hex and --file'
run run - --file -
expect "run: standard input twice" 1 'both the script and the packets'
run run x --hex 45 --out -
expect "run: --out to standard output" 1 '--out needs a file'
run run x --file "$0" --out "$0"
expect "run: --out to what is read" 1 "is read, and cannot be the file of --out"
run run x --hex 45 --expect nothing
expect "run: no file with answers" 1 "cannot open 'nothing'"
run run x --hex 45 --single
expect "run: --single of a loaded script" 1 '--single is for a file'
run -n x run ./good.lua --hex 45
expect "run: a file with --netns" 1 '--netns has no meaning'
run run './bad name.lua' --hex 45
expect "run: a file's name that is no script's" 1 'give one with --name'
run run './no file.lua' --name given --hex 45
expect "run: takes another name" 1 "there is no file './no file.lua'"
run run ./nothing.lua --hex 45
expect "run: no such script file" 1 "there is no file './nothing.lua'"

run resume
expect "resume: no name" 1 'NAME is missing'
run resume 'a/b'
expect "resume: a name that is none" 1 'no name for a script'
run unload --force
expect "unload --force: no name" 1 'NAME is missing'
run unload --force=1 x
expect "unload: --force takes no argument" 1 'force takes no argument'

# files
run load missing.lua
expect "a file that is not there" 1 "no file 'missing.lua'"
run load .
expect "a directory" 1 'is a directory|no name for a script'
mkdir dir
run load dir
expect "a directory with a good name" 1 'is a directory'
truncate -s 8388609 large.lua
run load large.lua
expect "a file that is too large: both sizes" 1 '8388609 bytes.*8388608'
head -c 8388609 /dev/zero | "$NFLUACTL" load - >out 2>err
status=$?
expect "standard input that is too large" 1 'more than 8388608.*8388608'
if [ "$(id -u)" -ne 0 ]; then
	: >secret.lua
	chmod 0 secret.lua
	run load secret.lua
	expect "a file that may not be read" 1 'permission denied'
else
	skip "a file that may not be read" "root may"
fi

# namespaces
run -n no-such-namespace list
expect "a namespace that is not there" 1 "no network namespace 'no-such-namespace'"
run -n 4194305 list
expect "a process that is not there" 1 'nor a process'
run -n good.lua/ list
expect "a path that is none" 1 'namespace'
if [ "$(id -u)" -eq 0 ]; then
	run -n "$tmp/good.lua" list
	expect "a file that is no namespace" 1 'is no network namespace'
else
	skip "a file that is no namespace" "not root"
fi

as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
if [ "$(id -u)" -ne 0 ]; then
	run -n 1 list
	expect "the namespace of another's process" 2 'may not be entered|needs the capability'
elif as_nobody test -x "$NFLUACTL" 2>/dev/null; then
	as_nobody "$NFLUACTL" -n 1 list >out 2>err
	status=$?
	expect "the namespace of another's process" 2 'may not be entered: permission denied'
else
	skip "the namespace of another's process" "nobody can ask"
fi

# completion
run completion bash
expect "completion bash" 0 "" '^complete -F _nfluactl nfluactl'
cp out completion
run completion fish
expect "completion of another shell" 1 "no completion for 'fish'"
if bash -n completion; then ok "bash reads it"; else not_ok "bash reads it"; fi

# complete WHAT EXPECTED WORD...: the words that the last WORD completes to
complete_words() {
	local what=$1 expected=$2 got

	shift 2
	got=$(
		PATH=$(dirname "$NFLUACTL"):$PATH
		# shellcheck source=/dev/null
		. ./completion
		# shellcheck disable=SC2317 # the completion calls it
		compopt() { :; }
		# shellcheck disable=SC2034 # the completion reads them
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_nfluactl 2>/dev/null
		echo "${COMPREPLY[*]}"
	)
	echo "got: $got" >out
	: >err
	if [ "$got" = "$expected" ]; then ok "$what"; else not_ok "$what"; fi
}
complete_words "completes commands" "limits list load" nfluactl l
complete_words "completes options of a command" "--netns --name" nfluactl load --n
complete_words "completes global options" "--netns" nfluactl --n
complete_words "completes what sets limits" "--budget" nfluactl limits --b
complete_words "completes options without argument" "--single" nfluactl replace --s
complete_words "completes nothing in place of a time" "" nfluactl load --budget ''
complete_words "completes an option of unload" "--force" nfluactl unload --f
complete_words "completes files" "good.lua" nfluactl load go
complete_words "completes behind options" "good.lua" nfluactl -j load --memory 1M go
complete_words "completes help's commands" "check completion" nfluactl help c
complete_words "completes groups" "events" nfluactl monitor --count 5 log ev
complete_words "completes what timing does" "on off" nfluactl timing x o
complete_words "completes no script behind one" "reset" nfluactl timing x re
complete_words "completes monitor's options" "--timeout" nfluactl monitor --t
complete_words "completes files of run" "good.lua" nfluactl run go
complete_words "completes hooks" "prerouting postrouting" nfluactl run x --hook p
complete_words "completes families" "ipv4 ipv6 inet" nfluactl run x --family i
complete_words "completes roles" "target" nfluactl run x --role t
complete_words "completes options of run" "--pretty --pcap" nfluactl run --p
complete_words "completes what map does" "show set" nfluactl map s
complete_words "completes it behind options" "delete" nfluactl -j map d
complete_words "behind an option that takes an argument elsewhere" "delete" nfluactl map --hex d
complete_words "and behind its next word" "" nfluactl map --hex show s
complete_words "behind one that takes an argument" "good.lua" nfluactl run --hex 45 go
complete_words "completes map's options" "--ttl" nfluactl map set --t
complete_words "completes nothing where nothing fits" "" nfluactl load --memory ''

complete_words "completes behind an equals sign" "good.lua" nfluactl run x --pcap = go
complete_words "and nothing written yet" "match target" nfluactl run x --role =
complete_words "is not misled by it" "load" nfluactl --netns = none lo
complete_words "completes behind an option of extension" "show" nfluactl extension --libdir dir sh
# what others name is text
# shellcheck disable=SC2016,SC2317
ls() { echo '$(touch touched)'; }
export -f ls
complete_words "expands no name of a device" '\$\(touch\ touched\)' nfluactl run x --iif ''
unset -f ls
if [ -e touched ]; then not_ok "and runs none"; else ok "and runs none"; fi
touch "a b.lua"
complete_words "completes a file's whole name" "a b.lua" nfluactl load a
rm "a b.lua"

complete_words "completes what only check has" "--no-kernel" nfluactl check --no

# the check without the kernel, and the marks, with the module or without
can_check=yes
run check --no-kernel good.lua
if [ "$status" -ne 0 ]; then
	can_check=no
	run check good.lua
	expect "check without compiler" 3 'built without a compiler'
else
	expect "a good script" 0
fi

# mark WHAT NAME MESSAGE LINE MARK: the script on standard input fails with
# MESSAGE, and shows LINE with MARK under it
mark() {
	local what=$1 name=$2 message=$3 line=$4 under=$5

	cat >"$name.lua"
	if [ $can_check = no ]; then
		skip "$what" "no compiler"
		return
	fi
	run check "$name.lua"
	printf '%s\n' "$line" "$under" >want
	if [ "$status" -eq 2 ] && grep -Fq -- "$name.lua:$message" err &&
	   grep -F -A 1 -- "$line" err | cmp -s - want; then
		ok "$what"
	else
		echo "# status $status; expected 2, '$message' and"
		sed 's/^/# /' want
		not_ok "$what"
	fi
}

mark "mark under the token" token "2: unexpected symbol near '='" \
	'    2 |     x = = 1' \
	'      |         ^' <<'END'
-- a script
	x = = 1
END
mark "mark under the second of equal tokens" second "1: unexpected symbol near 'then'" \
	'    1 | if x then then end' \
	'      |           ^~~~' <<'END'
if x then then end
END
mark "mark at the end" end "3: 'end' expected (to close 'if' at line 1) near <eof>" \
	'    2 | x = 1' \
	'      |      ^' <<'END'
if y then
x = 1
END
mark "mark under a string" string "1: unfinished string near" \
	'    1 | local s = "abc' \
	'      |           ^~~~' <<'END'
local s = "abc
END
mark "long lines are cut" long "1: unexpected symbol near ')'" \
	"    1 | ...$(printf 'x = 1 %.0s' {1..10}))" \
	"      | $(printf '%63s' '')^" <<END
$(printf 'x = 1 %.0s' {1..30}))
END

calls=$(printf 'f()%.0s' {1..30})
{ yes 'x = 1234567890' | head -n 80000; echo "$calls)"; } >many.lua
mark "no mark where finding it takes long" searched "80001: unexpected symbol near ')'" \
	"80001 | $calls)" '      | ^' <many.lua

if [ $can_check = yes ]; then
	printf 'x = 1\n\0y' >nul.lua
	run check nul.lua
	expect "a NUL byte" 2 '^nul.lua:2: '
	printf '\033Lua\124\000\031\223\r\n\032\n' >bytecode.lua
	run check bytecode.lua
	expect "bytecode" 2 'binary'
	printf '#!/usr/bin/nflua\nx = = 1\n' >shebang.lua
	run check shebang.lua
	expect "a first line for the shell counts" 2 '^shebang.lua:2: '
	run check - <shebang.lua
	echo 'x = 1.5' >float.lua
	run check float.lua
	expect "a float" 2 '^float.lua:1: '
	{ printf 'x = '; printf '(%.0s' {1..100000}; echo; } >deep.lua
	run check deep.lua
	expect "100,000 nested parentheses" 2 '^deep.lua:1: '
	if [ "$(wc -c <err)" -lt 1000 ]; then ok "told briefly"; else not_ok "told briefly"; fi
	: >empty.lua
	run check empty.lua
	expect "an empty script" 0
	run -j check good.lua
	expect "check -j" 0 "" '"name":"good"'
	echo 'x = = 1' | "$NFLUACTL" check - >out 2>err
	status=$?
	expect "standard input" 2 '^stdin:1: '
	echo 'x = = 1' | "$NFLUACTL" check --name given - >out 2>err
	status=$?
	expect "standard input with a name" 2 '^stdin:1: '
fi

# offline WHAT STATUS ERR-PATTERN [OUT-PATTERN]: checks standard input
offline() {
	"$NFLUACTL" check --no-kernel - >out 2>err
	status=$?
	expect "without the kernel: $1" "${@:2}"
}

if [ $can_check = yes ]; then
	cat >all.lua <<-'L'
	local nf = require("netfilter").new{ name = "other" }
	local lan = require("luapacket").ip"10.1.2.3/8"
	print("lan", lan, lan:has(require("luapacket").ip"10.9.9.9"))
	nf:hook{ family = "inet", hook = "input", priority = "filter - 5", function() end }
	nf:hook{ family = "inet", hook = "input", priority = -5, on_error = "drop", print }
	nf:match(function()
	end)
	nf:target(function() error("not called") end)
	function zeta() error("not called") end
	alpha = print
	L
	cat >want <<-'L'
	lan	10.0.0.0/8	true
	all.lua: would load, with 6 entry points:
	  hook inet input -5, line 4, on error accept
	  hook inet input -5 #2, on error drop
	  match other, line 6
	  target other, line 8
	  function alpha
	  function zeta, line 9
	checked without the kernel: as --no-kernel says
	L
	run check --no-kernel all.lua
	expect "without the kernel: a script with all kinds" 0
	if cmp -s out want; then ok "its entry points and what it prints"; else not_ok "its entry points and what it prints"; fi
	run -j check --no-kernel all.lua
	expect "the same as JSON" 0 "" '^\[\{"name":"all","checked":"stubs","entries":\[\{"kind":"hook","name":"inet input -5","line":4,"family":"inet","hook":"input","priority":-5,"device":null,"state":null,"on_error":"accept"\},\{.*\{"kind":"function","name":"alpha","line":null\},\{.*\],"output":"lan\\t10.0.0.0/8\\ttrue\\n"\}\]$'
	for example in "$here"/../lua/examples/*.lua; do
		run check --no-kernel "$example"
		expect "without the kernel: example $(basename "$example")" 0 "" 'would load'
	done
	offline "much output" 0 'what the script printed is cut after 8192 bytes' <<<'for i = 1, 9000 do print() end'
	offline "less" 0 '' <<<'for i = 1, 8191 do print() end'
	if [ -s err ]; then not_ok "nothing is said of that"; else ok "nothing is said of that"; fi
	name=$(printf 'c\033[2J\302\233m\342\200\256.lua')
	cp good.lua "$name"
	run check --no-kernel --name c "$name"
	expect "a file's name steers no terminal" 0 "" '^c.x1b\[2J.xc2.x9bm.xe2.x80.xae.lua: would load'
	printf 'print("a\tb\302\233\302\240\342\201\246\330\234\342\202\254")' >steer.lua
	run check --no-kernel steer.lua
	expect "nor what it prints" 0 "" "$(printf '^a\tb.xc2.x9b\302\240.xe2.x81.xa6.xd8.x9c\342\202\254$')"
	run -j check --no-kernel steer.lua
	expect "nor does JSON" 0 "" "$(printf '"a.tb.u009b\302\240.u2066.u061c\342\202\254.n"')"
	rm "$name"
	offline "an error in the body" 2 '^stdin:2: attempt to index a nil value' '^before' <<<$'print("before")\nx = y.z'
	expect "with its line" 2 '^    2 \| x = y.z'
	expect "and by whom" 2 'hint: checked without the kernel: as --no-kernel says'
	offline "a misspelled name" 2 "^stdin:1: netfilter has no field 'nwe' \\(it has: .*new" \
		<<<'require("netfilter").nwe()'
	offline "a misspelled field of a hook" 2 "^stdin:1: a hook has no field 'hok' \\(it has: family hook priority device on_error\\)" \
		<<<'require("netfilter").new{}:hook{ hok = "input", function() end }'
	offline "a misspelled word of a hook" 2 "^stdin:1: hook is 'inptu', but may be: prerouting input forward output postrouting" \
		<<<'require("netfilter").new{}:hook{ family = "inet", hook = "inptu", priority = 0, function() end }'
	offline "a priority out of range" 2 '^stdin:1: priority 2147483647 is out of range' \
		<<<'require("netfilter").new{}:hook{ family = "inet", hook = "input", priority = 0x7fffffff, function() end }'
	offline "a second match" 2 '^stdin:2: a script has one match; this is the second' \
		<<<$'local nf = require("netfilter").new{} nf:match(print)\nnf:match(print)'
	offline "no such module" 2 "^stdin:1: module 'nf' not found \\(built-in modules: .*netfilter" <<<'require("nf")'
	offline "no address" 2 "^stdin:1: '10.0.0' is not an IP address or prefix" \
		<<<'require("luapacket").ip"10.0.0"'
	offline "too many entry points" 2 'more than 128 entry points \(every global function is one' \
		<<<'for i = 1, 129 do _G["f" .. i] = function() end end'
	offline "states that differ" 2 'registers other entry points than the control state' \
		<<<'_G["f" .. math.random(1 << 60)] = function() end'
	offline "memory" 2 'not enough memory \(a state of the script may use 16384 KiB\)' <<<'local s = ("x"):rep(17000000)'
	expect "with advice" 2 '--memory sets the limit'
	run check --no-kernel --memory 1K good.lua
	expect "without the kernel: a limit out of range" 2 'memory limit is 128 KiB to 1 GiB'
	offline "C stack" 2 'C stack overflow' <<<'local function f() return (("x"):gsub("x", f)) end f()'
	offline "time" 2 'ran longer than 5000 ms' <<<'while true do pcall(function() while true do end end) end'
fi

# output that goes nowhere
if [ -w /dev/full ]; then
	"$NFLUACTL" version >/dev/full 2>err
	status=$?
	: >out
	expect "a full device" 1 'cannot write'
else
	skip "a full device" "there is no /dev/full"
fi

echo "1..$count"
[ $failed -eq 0 ]
