#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Maps: what scripts say to them, what all CPUs and nfluactl see of them, who
# owns them, and what becomes of them under traffic.
# Functions that waits_for calls look unreachable.
# shellcheck disable=SC2317
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command taskset
topology
cd "$TMP" || exit 1
NS=nflua-m$$

# Chunks are collected, for one eval of the script m takes as long as all.
# says WHAT WANTED CHUNK: what the chunk answers, with tabs between
# misuse WHAT PATTERN CHUNK: the chunk raises an error, in its first line
whats=() wanted=() chunks=()
says() { whats+=("$1") wanted+=("=$2") chunks+=("$3"); }
misuse() { whats+=("$1") wanted+=("~^eval:1: .*$2") chunks+=("$3"); }
answers() {
	local n got
	{
		echo 'answers{'
		printf '[==[%s]==],\n' "${chunks[@]}"
		echo '}'
	} | ctl eval m - >got 2>&1
	for ((n = 0; n < ${#whats[@]}; n++)); do
		read -rd '' got || true
		case ${wanted[n]} in
		=*) is "${whats[n]}" "$got" "${wanted[n]#=}" ;;
		*)
			if grep -Eq -- "${wanted[n]#\~}" <<<"$got"; then
				ok "${whats[n]}"
			else
				not_ok "${whats[n]}" "got:    $got" "wanted: ${wanted[n]#\~}"
			fi
			;;
		esac
	done < <(tr '\n' '\0' <got)
	whats=() wanted=() chunks=()
}
# one line for each entry of a map
entries() { nfluactl -n "${NS_OF:-$SERVER}" map show "$1" | sed 1d | sort; }
maps() { ctl -j map list | jq -r '[.[].name] | sort | join(" ")'; }
map() { ctl -j map show "$1" | jq -r ".[0] | $2"; }

# --- what a script says ----------------------------------------------------

load m <<'L'
ip = require("luapacket").ip
map = require("map")
i = map.open{ name = "i", key = "integer", max = 4 }
s = map.open{ name = "s", key = "string", value = "string", size = 8, max = 4 }
a = map.open{ name = "a", key = "address", max = 16 }
l = map.open{ name = "l", key = "integer", max = 8, evict = "lru" }
t = map.open{ name = "t", key = "integer", max = 4, ttl = 300 }
function answers(chunks)
  for _, chunk in ipairs(chunks) do
    local values = table.pack(pcall(load("return " .. chunk, "=eval") or load(chunk, "=eval")))
    for n = 1, values.n do values[n] = tostring(values[n]) end
    print(table.concat(values, "\t", 2))
  end
end
L
says "absent" nil 'i:get(1)'
says "set" true 'i:set(1, -5)'
says "get" -5 'i:get(1)'
says "set again" "$(printf 'true\t7')" 'i:set(1, 7), i:get(1)'
says "the least and the greatest" "$(printf -- '-1\t0')" \
	'i:set(math.mininteger, -1) i:set(math.maxinteger, 0) return i:get(math.mininteger), i:get(math.maxinteger)'
says "length" 3 '#i'
says "add of a new key" true 'i:add(2, 20)'
says "add of an old one" "$(printf 'nil\texists\t17\t20')" 'local a, b, c = i:add(2, 21) return a, b, c, i:get(2)'
says "full" "$(printf 'nil\tmap is full\t28')" 'i:set(3, 1)'
says "add when full" "$(printf 'nil\tmap is full\t28')" 'i:add(3, 1)'
says "incr when full" "$(printf 'nil\tmap is full\t28')" 'i:incr(3, 1, 0)'
says "an old key when full" true 'i:set(2, 22)'
says "delete" "$(printf 'true\tfalse\t3')" 'i:delete(2), i:delete(2), #i'
says "incr" 12 'i:incr(1, 5)'
says "incr down" -1 'i:incr(1, -13)'
says "incr of no key" "$(printf 'nil\tnot found\t2')" 'i:incr(9, 1)'
says "incr with a begin" "$(printf '101\t102')" 'i:incr(9, 1, 100), i:incr(9, 1, 100)'
says "incr wraps" true 'i:set(1, math.maxinteger) return i:incr(1, 1) == math.mininteger'
says "strings" "$(printf 'true\tv\ttrue\t\ttrue')" \
	's:set("k", "v"), s:get("k"), s:set("", ""), s:get(""), s:set("a\0b", "\0") and s:get("a\0b") == "\0"'
says "a string is replaced" "$(printf '12345678\t3')" 's:set("k", "12345678") return s:get("k"), #s'
says "a value too long" "$(printf 'nil\tvalue is longer than the map'"'"'s size\t90\t12345678')" \
	'local a, b, c = s:set("k", "123456789") return a, b, c, s:get("k")'
says "a key too long" "$(printf 'nil\tkey is longer than 255 bytes\t36')" 's:get(("x"):rep(256))'
says "the longest key" "$(printf 'true\tx')" 'local k = ("x"):rep(255) return s:set(k, "x"), s:get(k)'
says "addresses" "$(printf '1\t2\t3\t4\tnil')" \
	'a:set(ip"192.0.2.1", 1) a:set(ip"192.0.2.0/24", 2) a:set(ip"2001:db8::1", 3) a:set(ip"2001:db8::/32", 4)
	return a:get(ip"192.0.2.1"), a:get(ip"192.0.2.77/24"), a:get(ip"2001:db8::1"), a:get(ip"2001:db8::/32"), a:get(ip"2001:db8::2")'
says "pairs" "9:102 9223372036854775807:0 1:-9223372036854775808 -9223372036854775808:-1" \
	'local p = {} for k, v in pairs(i) do p[#p + 1] = k .. ":" .. v end
	table.sort(p, function(x, y) return #x < #y or #x == #y and x < y end) return table.concat(p, " ")'
says "pairs of strings and addresses" "$(printf '4\t5\t192.0.2.0/24=2 192.0.2.1=1 2001:db8::/32=4 2001:db8::1=3')" \
	'local n, b, p = 0, 0, {} for k, v in s:pairs() do n = n + 1 b = b + #v // 1 end
	for k, v in pairs(a) do p[#p + 1] = tostring(k) .. "=" .. v end
	table.sort(p) return n, b - 5, table.concat(p, " ")'
says "deleting on the way" "$(printf '16\t0')" \
	'a:delete(ip"192.0.2.1") for k in pairs(a) do a:delete(k) end
	for n = 1, 16 do a:set(ip("10.0.0." .. n), n) end
	local n = 0 for k in pairs(a) do n = n + 1 a:delete(k) end return n, #a'
says "it is a value" "$(printf 'true\tfalse\tmap: i\tuserdata')" \
	'map.open{ name = "i", key = "integer", max = 4 } == i, i == a, tostring(i), type(i)'

# Whoever walks through a map finds out which keys share a bucket: the newest of
# one comes first, and 0 is in the first. What is less by such a key is there, too.
load collide <<'L'
c = require("map").open{ name = "c", key = "integer", max = 200 }
c:set(0, 0)
local function try(k)
  local ok, why, errno = c:set(k, k)
  if not ok then return nil, why, errno end
  if pairs(c)(c) == k then return true end
  c:delete(k)
  return false
end
function fill()
  local mates, k = {}, 1
  repeat
    k = k * 6364136223846793005 + 1442695040888963407
    if try(k) then mates[#mates + 1] = k end
  until #mates == 17
  for i = 1, 17 do
    for j = 1, i - 1 do
      for _, key in ipairs{ mates[i] - mates[j], mates[j] - mates[i] } do
        local ok, why, errno = false
        if not c:get(key) then ok, why, errno = try(key) end
        if ok == nil then return #c, why, errno end
      end
    end
  end
end
L
is "keys that share a bucket" "$(ctl eval collide 'return fill()' | tr '\n\t' '  ')" "128 map is full 28 "
is "others find room" "$(ctl eval collide 'local n = 0 for k = 1, 72 do n = n + (c:set(-k, 1) and 1 or 0) end return n > 50')" true
ctl unload collide
misuse "an option that is none" "map.open has no option 'size_' .it has: name key value size max ttl evict" 'map.open{ size_ = 1 }'
misuse "no name" 'name must be 1 to 63' 'map.open{ key = "integer", max = 1 }'
misuse "no key" 'key must be "integer", "string" or "address"' 'map.open{ name = "x", max = 1 }'
misuse "values that are none" 'value must be "integer" or "string"' 'map.open{ name = "x", key = "integer", value = "address", max = 1 }'
misuse "no max" 'max must be an integer from 1 to 4194304' 'map.open{ name = "x", key = "integer" }'
misuse "too large a max" 'max must be an integer' 'map.open{ name = "x", key = "integer", max = 4194305 }'
misuse "evict" 'evict must be "none" or "lru"' 'map.open{ name = "x", key = "integer", max = 1, evict = "fifo" }'
misuse "size without strings" 'size is for maps of strings' 'map.open{ name = "x", key = "integer", max = 1, size = 4 }'
misuse "ttl" 'ttl must be an integer from 0 to' 'map.open{ name = "x", key = "integer", max = 1, ttl = -1 }'
misuse "another key" 'map .i. has key = "integer", not "string"' 'map.open{ name = "i", key = "string", max = 4 }'
misuse "another max" 'map .i. has max = 4, not 5' 'map.open{ name = "i", key = "integer", max = 5 }'
misuse "key of another type" 'integer expected, got string' 'i:get("1")'
misuse "key that is a packet's field" 'address expected, got nil' 'a:get(nil)'
misuse "value of another type" 'integer expected, got string' 'i:set(1, "1")'
misuse "string wanted" 'string expected, got number' 's:set("k", 1)'
misuse "ttl of an entry" 'ttl is in milliseconds' 'i:set(1, 1, -1)'
misuse "incr of strings" 'map .s. has strings' 's:incr("k", 1)'
misuse "incr by no number" 'integer expected, got no value' 'i:incr(1)'
misuse "a method that is none" "map has no field 'put' .it has: get set add incr delete pairs" 'i:put(1)'
misuse "a field" 'a map has no fields to set' 'i.x = 1'
misuse "another self" 'map expected, got table' 'i.get({}, 1)'
misuse "an address as self" 'map expected' 'i.get(ip"192.0.2.1", 1)'
misuse "a map as address" 'address expected' 'a:get(i)'
misuse "a map is not greater" 'address expected' 'return i < i'
answers
is "and nothing was made" "$(maps)" "a i l s t"

# lru: what was looked up stays, and there are never more than max.
says "lru" "$(printf 'true\t8')" \
	'local most = 0
	for k = 1, 1000 do l:set(k, k) most = math.max(most, #l) if k > 1 then l:get(1) end end
	return l:get(1) == 1, most'
says "lru: what was written again stays, too" "$(printf 'true\ttrue')" \
	'for k = 2001, 3000 do l:set(k, k) l:add(2001, 1) l:set(2002, 2) end
	return l:get(2001) == 2001, l:get(2002) == 2'
says "ttl" "$(printf '1\t2')" 't:set(1, 1) t:set(2, 2, 0) t:set(3, 3, 100000) return t:get(1), t:get(2)'
answers
gone() { [ "$(ctl eval m 't:get(1)')" = nil ]; }
check "an entry expires" waits_for 10 gone
says "others live" "$(printf '2\t3')" 't:get(2), t:get(3)'
answers
left() { [ "$(ctl eval m '#t')" = 2 ]; }
check "and it is taken out" waits_for 15 left
says "incr keeps the time to live" "$(printf '1\t2')" 't:incr(4, 1, 0, 400), t:incr(4, 1, 0, 100000)'
answers
gone() { [ "$(ctl eval m 't:get(4)')" = nil ]; }
check "of the first" waits_for 10 gone
says "a key that has expired begins anew" 1 't:incr(4, 1, 0)'
says "expired entries make room" "$(printf 'true\ttrue')" 't:set(4, 4, 1) t:set(5, 5, 1)
	local n = 0 while t:get(4) or t:get(5) do n = n + 1 end return t:set(6, 6, 0), t:set(7, 7, 0)'
answers

# --- nfluactl --------------------------------------------------------------

is "list" "$(ctl map list | tr -s ' ' | sed -nE '1p;/^[st] /s/[0-9.]+ (B|KiB)/MEMORY/p')" \
	"$(printf 'NAME KEY VALUE ENTRIES MAX MEMORY EVICT TTL SCRIPTS\ns string string 4 4 MEMORY none - m\nt integer integer 4 4 MEMORY none 300 ms m')"
is "list as JSON" "$(ctl -j map list | jq -c '.[] | select(.name == "t") | [.key, .value, .count, .max, .evict, .ttl, .scripts]')" \
	'["integer","integer",4,4,"none",300000000,["m"]]'
check "set" ctl map set a 198.51.100.0/24 5
is "get" "$(ctl map get a 198.51.100.0/24)" "$(printf '198.51.100.0/24\t5')"
is "the script sees it" "$(ctl eval m 'a:get(ip"198.51.100.0/24")')" 5
check "set of an IPv6 address" ctl map set a 2001:db8::7 -- -5
is "show" "$(entries a)" "$(printf '198.51.100.0/24\t5\n2001:db8::7\t-5')"
is "show as JSON" "$(ctl -j map show a | jq -c '.[0] | [.name, .count, .changed, (.entries | sort_by(.value) | .[])]')" \
	'["a",2,false,{"key":"2001:db8::7","value":-5,"ttl":null},{"key":"198.51.100.0/24","value":5,"ttl":null}]'
check "delete" ctl map delete a 198.51.100.0/24
refused "get what is not there" 2 'map a: the map has no such key' ctl map get a 198.51.100.0/24
refused "delete what is not there" 2 'no such key' ctl map delete a 198.51.100.0/24
check "set with a time to live" ctl map set i 0x9 3 --ttl 60s
is "which is shown" "$(ctl -j map get i 9 | jq '.ttl > 50e9 and .ttl <= 60e9')" true
refused "set when full" 2 'map i: the map is full' ctl map set i 17 1
refused "half a byte" 1 'not hexadecimal digits in pairs' ctl map delete s 61006 --hex
check "a string of bytes" ctl map delete s 610062 --hex
check "is set" ctl map set s 610062 00 --hex
is "bytes" "$(ctl map get s 610062 --hex)" "$(printf '610062\t00')"
is "an odd string is written safely" "$(ctl map show s | grep -c 'a\\x00b')" 1
refused "no such map" 2 'there is no map of this name' ctl map show none
refused "no integer" 1 "'x' is no integer" ctl map get i x
refused "no address" 1 'is no IP address or prefix' ctl map get a 1.2.3.4/33
refused "value too long" 2 "longer than the map's size" ctl map set s k 123456789
refused "key too long" 2 'the key has 256 bytes' ctl map set s "$(printf '%256s' x)" 1
refused "a word too many" 1 'one word too many' ctl map get i 1 2
refused "a word missing" 1 'map set takes NAME KEY VALUE' ctl map set i 1
refused "no such action" 1 "there is no 'map drop'" ctl map drop
refused "without the capability" 2 'capability|permitted|CAP_NET_ADMIN' \
	in_ns "$SERVER" capsh --drop=cap_net_admin -- -c 'nfluactl map list'
is "of another namespace nothing is seen" "$(nfluactl -n "$CLIENT" -j map list)" "[]"
check "unload" ctl unload m
is "the maps have gone" "$(maps)" ""

# --- who owns a map --------------------------------------------------------

one='c = require("map").open{ name = "c", key = "string", max = 100 }'
load one <<<"$one"
is "something is in it" "$(ctl eval one 'c:set("k", 1)')" true
check "replace" ctl replace one.lua
is "a replace keeps the content" "$(ctl eval one 'c:get("k")')" 1
load two <<<"$one"
is "two scripts share it" "$(ctl eval two 'c:incr("k", 1)') $(map c '.scripts | join(" ")')" "2 one two"
echo 'require("map").open{ name = "c", key = "integer", max = 100 }' >other.lua
refused "another shape" 2 'other.lua:1: map .c. has key = "string", not "integer"' ctl load other.lua
echo "${one/100/200}" >one.lua
refused "another max while two use it" 2 'has max = 100, not 200; script .two. uses it, too' ctl replace one.lua
is "which stays" "$(map c .max)" 100
check "unload the other" ctl unload two
is "it lives on" "$(ctl eval one 'c:get("k")')" 2
check "check of another max" ctl check one.lua
is "changes nothing" "$(map c .max)" 100
check "a replace changes it" ctl replace one.lua
is "and keeps what is in it" "$(map c '"\(.max) \(.count)"')" "200 1"
echo "${one/100/401}" >one.lua
refused "but not by more than four times" 2 'while it lives, max may be 25 to 400' ctl replace one.lua

# With lru what is above the new max goes at once.
lru='l = require("map").open{ name = "l", key = "integer", max = 400, evict = "lru" }'
load fewer <<<"$lru
if #l == 0 then for k = 1, 400 do l:set(k, k) end end"
is "a full map" "$(map l .count)" 400
echo "${lru/400/100}" >fewer.lua
check "a replace lowers max" ctl replace fewer.lua
is "at once" "$(map l '"\(.max) \(.count) \(.entries | length)"')" "100 100 100"
is "and there is room for a new key" "$(ctl eval fewer 'l:add(401, 1), #l')" "$(printf 'true\t100')"
check "unload" ctl unload fewer

# Freeing the old states takes its time: meanwhile they are no users any more.
echo 'r = require("map").open{ name = "r", key = "integer", max = 4 }
live = {}
for n = 1, 30000 do live[n] = {} end' >retires.lua
check "load" ctl load retires.lua
for _ in {1..5}; do
	ctl replace retires.lua >out 2>&1 &
	while kill -0 $! 2>/dev/null; do map r '.scripts | join(" ")'; done
	wait $! || cat out
done | sort -u >users
is "a script is shown once while it is replaced" "$(cat users)" retires
check "unload" ctl unload retires

cat >bad.lua <<'L'
local map = require("map")
map.open{ name = "new", key = "integer", max = 10 }:set(1, 1)
map.open{ name = "c", key = "string", max = 200 }
error("no")
L
refused "a load that fails" 2 'bad.lua:4: no' ctl load bad.lua
is "leaves no map" "$(maps)" c
sed -i 's/error.*/print(map.open{ name = "c", key = "string", max = 200 }:get("k"), map.open{ name = "c", key = "string", max = 200 }:incr("k", 1, 5))/' bad.lua
is "a check has maps of its own" "$(ctl check bad.lua | grep -c "$(printf 'nil\t6')")" 1
is "and leaves nothing" "$(maps) $(ctl eval one 'c:get("k")')" "c 2"
refused "a check sees that a map differs" 2 'has key = "string"' ctl check other.lua
# shellcheck disable=SC2016
is "eval opens one, too" "$(ctl eval one 'require("map").open{ name = "e", key = "integer", max = 1 }:incr(1, 1, 0)') $(maps)" "1 c e"
check "unload" ctl unload one
is "all have gone" "$(maps)" ""
load many <<'L'
local map = require("map")
ok, why = pcall(function()
  for n = 1, 65 do map.open{ name = "n" .. n, key = "integer", max = 1 } end
end)
L
is "a script opens so many" "$(ctl eval many 'why')" "many:3: a script opens 64 maps at most"
check "unload" ctl unload many
# One at a time, or a slow machine takes longer than a body may.
load big <<<'map = require("map")'
for n in {1..8}; do
	ctl eval big "map.open{ name = 'n$n', key = 'integer', max = 1 << 22 }"
done >"$TMP/out" 2>&1
is "maps take so much memory" "$(grep -o "not enough memory for map.*" "$TMP/out")" \
	"not enough memory for map 'n8' of 4194304 entries"
check "unload" ctl unload big

# --- packets ---------------------------------------------------------------

cat >sum.lua <<'L'
local nf = require("netfilter").new{ name = "sum" }
local map = require("map")
local total = map.open{ name = "total", key = "integer", max = 16 }
local source = map.open{ name = "source", key = "address", max = 16 }
local few = map.open{ name = "few", key = "integer", max = 32, evict = "lru" }
local text = map.open{ name = "text", key = "string", value = "string", max = 16 }
local n = 0
function f(pkt)
  n = n + 1
  source:incr((pkt.ip or pkt.ip6).src, 1, 0)
  few:set(n, n)
  text:set("last", tostring(n))
  if not tonumber(text:get("last")) then error("text") end
  total:incr(1, 1, 0)
  return false
end
function walk(pkt)
  local count = 0
  for k, v in pairs(source) do count = count + 1 end
  return count == 2
end
function open(pkt) map.open{ name = "x", key = "integer", max = 1 } end
L
ctl load sum.lua || exit 1
rule="-A INPUT -p udp --dport 4000 -m lua --script sum --function f"
printf '%s\n' "$rule" | add_rules iptables filter
printf '%s\n' "$rule" | add_rules ip6tables filter
ON_CPU=0 udp "$CLIENT" "$SERVER4" 250 4000 &
ON_CPU=1 udp "$CLIENT" "$SERVER4" 250 4000 &
ON_CPU=1 udp "$CLIENT" "$SERVER6" 100 4000
wait
check "called on two CPUs" calls_become "$SERVER" sum 600
is "the sum is exact" "$(ctl map get total 1)" "$(printf '1\t600')"
is "of each source" "$(entries source)" "$(printf '%s\t500\n%s\t100' $CLIENT4 $CLIENT6)"
is "lru is not above its max" "$(map few .count)" 32
printf '%s\n' "-A INPUT -p udp --dport 4001 -m lua --script sum --function walk" \
	"-A INPUT -p udp --dport 4002 -m lua --script sum --function open" | add_rules iptables filter
udp "$CLIENT" "$SERVER4" 3 4001 4002
check "called" calls_become "$SERVER" sum 606
is "a callback walks" "$(counts "$SERVER" sum | grep walk)" "function walk calls=3 match=3"
is "but opens nothing" "$(field "$SERVER" sum '.entries[] | select(.name == "open") | .last_error' | head -n 1)" \
	"sum:22: map.open cannot be called while a packet waits (call it in the script's body)"

# Everybody at once: packets on both CPUs, evals, nfluactl, replaces.
touch on
for n in 0 1; do
	# shellcheck disable=SC2016
	client taskset -c $n bash -c 'while [ -e "$1" ]; do printf x >"/dev/udp/$2/4000"; done' \
		bash "$TMP/on" "$SERVER4" 2>/dev/null &
done
cat >churn.lua <<'L'
local map = require("map")
local few = map.open{ name = "few", key = "integer", max = 32, evict = "lru" }
local source = map.open{ name = "source", key = "address", max = 16 }
local text = map.open{ name = "text", key = "string", value = "string", max = 16 }
function churn()
  local ip, most = require("luapacket").ip, 0
  for n = 1, 2000 do
    few:delete(n % 50)
    few:incr(n % 40, 1, 0)
    few:add(n, n, 1 + n % 20)
    source:delete(ip"203.0.113.1")
    source:set(ip"203.0.113.1", n)
    text:set("t" .. n % 8, ("x"):rep(n % 100))
    text:delete("t" .. n % 5)
    most = math.max(most, #few)
    if n % 200 == 0 then for k in pairs(few) do few:delete(k) end end
  end
  return most <= 32
end
L
ctl load churn.lua || exit 1
failed=0
end=$((SECONDS + 5))
while [ $SECONDS -lt $end ]; do
	[ "$(ctl eval churn 'churn()')" = true ] || failed=$((failed + 1))
	ctl map set few 7 7 --ttl 20ms || failed=$((failed + 1))
	for name in few text source; do
		ctl map show $name >shown 2>/dev/null && [ "$(sed 1d shown | cut -f1 | sort | uniq -d)" = "" ] ||
			failed=$((failed + 1))
	done
	ctl map delete text t7 2>/dev/null
	ctl replace sum.lua || failed=$((failed + 1))
done
rm on
wait
is "packets, evals, nfluactl and replaces at once" $failed 0
is "no call failed" "$(field "$SERVER" sum '.entries[] | select(.name == "f") | [.errors[]] | add')" 0
calls=$(field "$SERVER" sum '.entries[] | select(.name == "f") | .calls')
is "and all were counted ($calls)" "$(ctl -j map get total 1 | jq .value)" "$calls"
[ "$calls" -gt 700 ] || not_ok "there was traffic"

# A CPU that comes opens the maps again.
online=/sys/devices/system/cpu/cpu1/online
if [ -w $online ]; then
	at_exit "echo 1 >$online"
	ctl unload churn
	before=$calls
	echo 0 >$online
	load late <<<'late = require("map").open{ name = "late", key = "integer", max = 4 }
function g(pkt) late:incr(1, 1, 0) end'
	printf '%s\n' "-A INPUT -p udp --dport 4003 -m lua --script late --function g" | add_rules iptables filter
	echo 1 >$online
	ON_CPU=1 udp "$CLIENT" "$SERVER4" 20 4000 4003
	ON_CPU=0 udp "$CLIENT" "$SERVER4" 20 4003
	check "called after CPU 1 came" calls_become "$SERVER" late 40
	is "with the same map" "$(ctl map get late 1) $(ctl -j map get total 1 | jq .value)" \
		"$(printf '1\t40') $((before + 20))"
else
	skip "a CPU that comes" "no second CPU that can be taken offline"
fi
for ipt in iptables ip6tables; do server $ipt -F; done
for name in sum late churn; do ctl unload $name 2>/dev/null; done
is "all maps have gone" "$(maps)" ""

# --- what is left ----------------------------------------------------------

used() { awk '/^(SUnreclaim|Percpu|VmallocUsed):/ { kb += $2 } END { print kb }' /proc/meminfo; }
cat >fill.lua <<'L'
local m = require("map").open{ name = "fill", key = "integer", value = "string", max = 20000 }
if m:add(0, "") then for k = 1, 19999 do m:set(k, ("x"):rep(100)) end end
L
flat() { [ $(($(used) - first)) -lt 4000 ]; }
ctl load fill.lua && ctl unload fill
first=$(used)
check "load" ctl load fill.lua
is "a full map" "$(map fill '"\(.count) \(.memory > 3000000) \(.entries | length) \(.changed)"')" "20000 true 20000 false"
check "check" ctl check fill.lua
refused "shown to nobody" 1 '^nfluactl: cannot write to standard output: No space' \
	bash -c "nfluactl -n $SERVER map show fill >/dev/full"
# A map that goes while it is shown, to somebody who reads slowly.
mkfifo slow
ctl map show fill >slow 2>err &
exec 3<slow
read -r line <&3
check "unload" ctl unload fill
{ echo "$line"; cat; } <&3 >shown
exec 3<&-
wait $!
is "a map that goes is shown in part" "$? $(cat err)" \
	"2 nfluactl: cannot access map fill: there is no map of this name"
check "which was some" [ "$(wc -l <shown)" -gt 100 ]
ctl load fill.lua
ctl -j map show fill >slow 2>/dev/null &
exec 3<slow
dd bs=1 count=1 status=none <&3 >shown
ctl unload fill
cat <&3 >>shown
exec 3<&-
is "and in JSON says that it is not whole" "$(jq '.[0] | .changed, (.entries | length < 20000)' shown | xargs)" "true true"
for _ in 1 2 3; do ctl load fill.lua && ctl unload fill; done
check "memory is given back" waits_for 15 flat

# A namespace dies while packets write to its maps.
cat >flood.lua <<'L'
local nf = require("netfilter").new{ name = "flood" }
local m = require("map").open{ name = "flood", key = "integer", max = 5000, ttl = 2000, evict = "lru" }
local n = 0
nf:hook{ family = "inet", hook = "output", priority = 0, function(pkt)
  n = n + 1
  m:set(n, n)
  m:incr(n - 1, 1, 0)
end }
L
failed=0
for _ in 1 2 3; do
	ip netns add "$NS" && ip -n "$NS" link set lo up
	nfluactl -n "$NS" load flood.lua || failed=$((failed + 1))
	# shellcheck disable=SC2016
	in_ns "$NS" bash -c 'for ((i = 0; i < 100; i++)); do printf x >/dev/udp/127.0.0.1/4000; done' 2>/dev/null &
	busy() { [ "$(nfluactl -n "$NS" -j map list | jq '.[0].count')" -gt 5 ]; }
	waits_for 10 busy || failed=$((failed + 1))
	ip netns del "$NS"
	wait $!
done
is "namespaces die under traffic" $failed 0

# --- a rate, counted over all CPUs -----------------------------------------

cat >ratelimit.lua <<'T'
local nf = require("netfilter").new()
local seen = require("map").open{
  name = "ratelimit", key = "address", max = 65536, ttl = 60000, evict = "lru",
}
nf:hook{ family = "inet", hook = "input", priority = "filter", function(pkt)
  local ip = pkt.ip or pkt.ip6
  local count = ip and seen:incr(ip.src, 1, 0)
  if count and count > 5 then return nf.DROP end
end }
T
check "a script with a rate loads" ctl load ratelimit.lua
ON_CPU=0 udp "$CLIENT" "$SERVER4" 6 4000
ON_CPU=1 udp "$CLIENT" "$SERVER4" 6 4000
check "called" calls_become "$SERVER" ratelimit 12
is "it lets five packets pass over both CPUs" \
	"$(field "$SERVER" ratelimit '.entries[0].outcomes | "\(.accept) \(.drop)"')" "5 7"
is "and knows the source" "$(ctl -j map get ratelimit $CLIENT4 | jq -c '[.value, .ttl > 50e9]')" "[12,true]"
check "forgives" ctl map delete ratelimit $CLIENT4
udp "$CLIENT" "$SERVER4" 1 4000
check "called again" calls_become "$SERVER" ratelimit 13
is "it passes again" "$(field "$SERVER" ratelimit '.entries[0].outcomes.accept')" 6
check "unload" ctl unload ratelimit
finish
