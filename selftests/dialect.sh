#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Usage: dialect.sh [host|kernel]
#
# The Lua dialect: programs within it print the same in build/lua, under the
# sanitizers, in stock Lua 5.4, and in the kernel; what differs from stock Lua is
# as documented; limits hold. Where the module answers, only the kernel's part is
# run unless "host" is said; the host's needs neither root nor module.
#
#   dialect/same-*.lua    print the same everywhere
#   dialect/own-*.lua     assert what is nflua's own
#   dialect/limit-*.lua   end at a limit
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

BUILD=${BUILD:-$TOP/build}
DIALECT=$HERE/dialect
STOCK=$(command -v lua5.4 || true)
INTERPRETERS=()
for lua in "$BUILD/lua" "$BUILD/san/lua"; do
	[ ! -x "$lua" ] || INTERPRETERS+=("$lua")
done
[ ${#INTERPRETERS[@]} -gt 0 ] || skip_all "needs build/lua (make lua-host)"
LUA=${INTERPRETERS[0]}

label() { echo "${1#"$BUILD"/}"; }

# same WHAT FILE FILE: two outputs, and where they part
same() {
	local out
	if out=$(diff "$2" "$3" 2>&1); then
		ok "$1"
	else
		not_ok "$1" "$(head -n 6 <<<"$out" | cut -c 1-300)"
	fi
}

# prints WHAT WANTED COMMAND...
prints() {
	local what=$1 want=$2 got
	shift 2
	got=$("$@" 2>&1)
	is "$what" "$got" "$want"
}

# runs_out LUA CASE
# shellcheck disable=SC2317 # check calls it
runs_out() {
	local out status
	out=$(NFLUA_FUEL=1000000 timeout 60 "$1" limit-fuel.lua "$2" 2>&1)
	status=$?
	[ "$status" = 1 ] || { echo "status $status: $out"; return 1; }
	case $out in
	*survived*) echo "it went on: $out"; return 1 ;;
	start*": the script ran too long"*) ;;
	*) echo "another error: $out"; return 1 ;;
	esac
}

# programs within the dialect
host_programs() {
	cd "$DIALECT" || exit 1
	for f in same-*.lua; do
		name=${f%.lua}
		if [ -n "$STOCK" ]; then
			reference=lua5.4
			timeout 60 "$STOCK" "$f" >"$TMP/$name.out" 2>&1 || not_ok "$name: lua5.4 runs it"
		else
			reference=$(label "$LUA")
			timeout 60 "$LUA" "$f" >"$TMP/$name.out" 2>&1
		fi
		for lua in "${INTERPRETERS[@]}"; do
			timeout 120 "$lua" "$f" >"$TMP/out" 2>&1
			same "$name: $(label "$lua") prints what $reference prints" "$TMP/$name.out" "$TMP/out"
		done
	done
	[ -n "$STOCK" ] || skip "comparison with stock Lua" "lua5.4 is not installed"
}

# what is nflua's own
host_own() {
	for lua in "${INTERPRETERS[@]}"; do
		where=$(label "$lua")
		check "own-floats: $where" timeout 60 "$lua" own-floats.lua
		check "own-collide: $where" timeout 60 "$lua" own-collide.lua
		check "own-library: $where" timeout 60 "$lua" own-library.lua
		check "own-stack: $where" timeout 60 "$lua" own-stack.lua
		# The sanitizers' frames are larger than the kernel's.
		stacks="6144 8192 16384 1048576"
		[ "$lua" = "$LUA" ] || stacks="14000 20000 1048576"
		for stack in $stacks; do
			check "own-depth: $where, $stack bytes of C stack" \
				env NFLUA_CSTACK="$stack" timeout 100 "$lua" own-depth.lua
		done
	done
}

# fuel: uncatchable, wherever it runs out
host_limits() {
	for lua in "${INTERPRETERS[@]}"; do
		"$lua" limit-fuel.lua list | while read -r what; do
			check "fuel ends $what: $(label "$lua")" runs_out "$lua" "$what"
		done
		check "memory ends as an error: $(label "$lua")" \
			env NFLUA_MEMORY=4194304 timeout 100 "$lua" limit-memory.lua
	done
	check "fuel that suffices" env NFLUA_FUEL=2000 "$LUA" -e 'for i = 1, 1000 do end'
}

# sources of all kinds
host_sources() {
	cd "$TMP" || exit 1
	: >empty.lua
	prints "an empty script" "" "$LUA" empty.lua
	printf '#!/usr/bin/lua\nprint(1)\nerror("two", 1)' >shebang.lua
	refused "a shebang line counts as a line" 1 'shebang.lua:3: two' "$LUA" shebang.lua
	printf '#!only' >shebang.lua
	prints "a shebang line alone" "" "$LUA" shebang.lua
	printf '\xef\xbb\xbfprint("bom")' >bom.lua
	prints "a byte order mark" bom "$LUA" bom.lua
	printf 'print(1)\r\nprint(2)\r\nerror("three")\r\n' >crlf.lua
	refused "lines that end in CRLF" 1 'crlf.lua:3: three' "$LUA" crlf.lua
	printf 'print(#"a\0b")\n--\0\nprint("\0" == "\\0")' >nul.lua
	prints "NUL bytes in strings and comments" $'3\ntrue' "$LUA" nul.lua
	head -c 100000 /dev/zero >zero.lua
	refused "a file of NUL bytes" 1 "zero.lua:1: unexpected symbol" "$LUA" zero.lua
	head -c 100000 /dev/urandom | tr '\033#' '..' >random.lua
	refused "random bytes" 1 'random.lua:[0-9]+: ' "$LUA" random.lua
	for header in '\033' '\033Lua' '\033LuaT\0\031\223\r\n\032\n' '\033LuaS\0\031\223\r\n'; do
		{ printf '%b' "$header"; head -c 1000 /dev/urandom; } >code.lua
		refused "bytecode is refused: $header" 1 'attempt to load a binary chunk' "$LUA" code.lua
	done
	if command -v luac5.4 >/dev/null; then
		echo 'print("from bytecode")' | luac5.4 -o code.lua -
		refused "what luac5.4 wrote is refused" 1 'attempt to load a binary chunk' "$LUA" code.lua
	else
		skip "what luac5.4 wrote is refused" "luac5.4 is not installed"
	fi
	awk 'BEGIN { print "t = {}"; for (i = 1; i <= 120000; i++) printf "t[%d] = %d + #t -- line %d\n", i, i, i
		print "print(#t, t[120000])" }' >large.lua
	prints "a source of $(($(stat -c %s large.lua) / 1000000)) MB" $'120000\t239999' "$LUA" large.lua
	{ echo "x = {"; seq -f '"a string of the table, number %.0f",' 60000; echo "} print(#x, x[60000])"; } >strings.lua
	prints "60,000 constants" $'60000\ta string of the table, number 60000' "$LUA" strings.lua
	for lua in "${INTERPRETERS[@]}"; do
		for p in '( )' '{ }' '[ ]' 'f( )' 'do end' '- ' 'not '; do
			read -r open close <<<"$p"
			awk -v o="$open " -v c="${close-} " 'BEGIN { printf "x = "; for (i = 0; i < 100000; i++) printf "%s", o
				printf "1"; for (i = 0; i < 100000; i++) printf "%s", c; print "" }' >nested.lua
			refused "100,000 nested '$open': $(label "$lua")" 1 \
				'^lua: nested.lua:1: ' env NFLUA_CSTACK=16384 timeout 60 "$lua" nested.lua
		done
	done
}

# the interpreter itself
host_interpreter() {
	prints "-e" 3 "$LUA" -e 'print(1 + 2)'
	prints "standard input" 7 "$LUA" - <<<'print(7)'
	echo 'print(arg[0], arg[1], arg[2], #arg, ...)' >args.lua
	prints "arguments" $'args.lua\ta\tb\t2\ta\tb' "$LUA" args.lua a b
	prints "-p compiles only" "" "$LUA" -p args.lua
	echo 'x = = 1' >bad.lua
	refused "-p reports" 1 "bad.lua:1: unexpected symbol near '='" "$LUA" -p bad.lua
	refused "a file that is not there" 1 'cannot open nothing.lua' "$LUA" nothing.lua
	refused "an error object with a text" 1 'lua: my text' "$LUA" -e 'error(setmetatable({}, {__tostring = function() return "my text" end}))'
	refused "an error has a traceback" 1 'in main chunk' "$LUA" -e 'local function f() error("x") end f()'
	refused "usage" 1 'usage: lua' "$LUA"
	refused "an unknown option" 1 'usage: lua' "$LUA" -x y
}

# A body's output is cut, so programs are told to print a checksum of theirs.
# All on one line, so that lines keep their numbers.
# shellcheck disable=SC2016
PRELUDE='local _h, _n, _show, _str, _sel, _byte = 0x811c9dc5, 0, print, tostring, select, string.byte
function print(...)
	for i = 1, _sel("#", ...) do
		local s = _str((_sel(i, ...)))
		for j = 1, #s do _h = ((_h ~ _byte(s, j)) * 0x01000193) & 0xffffffff end
		_h = (_h * 31 + 9) & 0xffffffff
	end
	_n = _n + 1
end '
EPILOGUE='_show("lines " .. _n .. " checksum " .. _h)'

# the same programs in the kernel
kernel_programs() {
	local f name want
	cd "$TMP" || exit 1
	namespace "$SERVER"
	for f in "$DIALECT"/same-*.lua; do
		# The chunk's name is the script's: without ".lua".
		name=$(basename "$f" .lua)
		{ tr '\n' ' ' <<<"$PRELUDE"; sed '1d' "$f"; echo "$EPILOGUE"; } >"$name"
		want=$("$LUA" "$name" 2>&1)
		prints "$name: the kernel prints what build/lua prints" "$want" \
			ctl load --name "$name" "$name"
		ctl unload "$name" >/dev/null 2>&1
	done
	for name in own-floats own-library own-depth; do
		check "$name: in the kernel" ctl load "$DIALECT/$name.lua"
		ctl unload "$name" >/dev/null 2>&1
	done
}

answers() {
	[ "$(id -u)" = 0 ] && command -v nfluactl >/dev/null && nfluactl list >/dev/null 2>&1
}

part=${1-}
[ -n "$part" ] || { answers && part=kernel; } || part=host
case $part in
host)
	host_programs
	host_own
	host_limits
	host_sources
	host_interpreter
	;;
kernel)
	need_module
	kernel_programs
	;;
*)
	echo "usage: dialect.sh [host|kernel]" >&2
	finished=1
	exit 2
	;;
esac
finish
