#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# luapacket.ip: addresses and prefixes as values, in a script's body and in a
# callback.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_module
need_command python3
topology

# true_in_body: each line is a Lua expression that must be true.
n=0
while IFS= read -r line; do
	n=$((n + 1))
	cat >"$TMP/body.lua" <<-L
	local ip = require("luapacket").ip
	local function fails(text, pattern)
	  local ok, message = pcall(ip, text)
	  return not ok and message:find(pattern or "is not an IP address or prefix", 1, true) ~= nil
	end
	local function sorted(...)
	  local t = {}
	  for i, s in ipairs{ ... } do t[i] = ip(s) end
	  table.sort(t)
	  for i, a in ipairs(t) do t[i] = tostring(a) end
	  return table.concat(t, " ")
	end
	assert($line, "not true")
	L
	check "${line//#/\\#}" ctl check "$TMP/body.lua"
done <<'T'
tostring(ip"10.0.0.1") == "10.0.0.1"
tostring(ip"0.0.0.0") == "0.0.0.0" and tostring(ip"255.255.255.255") == "255.255.255.255"
tostring(ip"10.0.0.0/8") == "10.0.0.0/8" and tostring(ip"0.0.0.0/0") == "0.0.0.0/0"
tostring(ip"10.0.0.1/32") == "10.0.0.1"
tostring(ip"10.1.2.3/8") == "10.0.0.0/8"
tostring(ip"2001:DB8:0:0:0:0:0:1") == "2001:db8::1" and tostring(ip"::") == "::" and tostring(ip"::1") == "::1"
tostring(ip"2001:db8::/32") == "2001:db8::/32" and tostring(ip"2001:db8:1::/32") == "2001:db8::/32"
tostring(ip"::/0") == "::/0" and tostring(ip"::1/128") == "::1"
tostring(ip"2001:db8:ffff::/33") == "2001:db8:8000::/33"
ip"10.0.0.1" == ip"10.0.0.1" and ip"10.0.0.1" ~= ip"10.0.0.2" and ip"10.0.0.1" == ip"10.0.0.1/32"
ip"10.0.0.0" ~= ip"10.0.0.0/8" and ip"10.9.9.9/8" == ip"10.0.0.0/8"
ip"::1" == ip"0:0:0:0:0:0:0:1" and ip"::1" ~= ip"::2" and ip"::" ~= ip"::/0" and ip"::ffff:10.0.0.1" ~= ip"10.0.0.1"
ip(ip"10.0.0.1") == ip"10.0.0.1" and ip(ip"fe80::/10") == ip"fe80::/10"
rawequal(ip"fd77::2", ip"fd77::2") and ({ [ip"fd77::2"] = 1 })[ip"fd77::2"] == 1 and ({ [ip"10.0.0.1"] = 2 })[ip"10.0.0.1"] == 2
(function() local t = {} for i = 0, 255 do t[ip(i .. ".7.7.7")] = i t[ip(i .. ".0.0.0/8")] = i end for i = 0, 255 do if t[ip(i .. ".7.7.7")] ~= i or t[ip(i .. ".0.0.0/8")] ~= i then return false end end return true end)()
ip"10.0.0.0/8":has(ip"10.255.255.255") and not ip"10.0.0.0/8":has(ip"11.0.0.0") and not ip"10.0.0.0/8":has(ip"9.255.255.255")
ip"10.0.0.0/8":has(ip"10.1.0.0/16") and ip"10.0.0.0/8":has(ip"10.0.0.0/8") and not ip"10.1.0.0/16":has(ip"10.0.0.0/8")
ip"0.0.0.0/0":has(ip"255.1.2.3") and not ip"0.0.0.0/0":has(ip"::1") and not ip"::/0":has(ip"1.2.3.4")
ip"10.0.0.1":has(ip"10.0.0.1") and not ip"10.0.0.1":has(ip"10.0.0.2")
ip"10.0.0.4/31":has(ip"10.0.0.5") and not ip"10.0.0.4/31":has(ip"10.0.0.6")
ip"2001:db8::/32":has(ip"2001:db8:ffff::1") and not ip"2001:db8::/32":has(ip"2001:db9::") and ip"::/0":has(ip"ff02::1")
ip"2001:db8:8000::/33":has(ip"2001:db8:ffff::") and not ip"2001:db8:8000::/33":has(ip"2001:db8:7fff::")
ip"fe80::/127":has(ip"fe80::1") and not ip"fe80::/127":has(ip"fe80::2") and ip"::/1":has(ip"7fff::") and not ip"::/1":has(ip"8000::")
ip"1.0.0.0" < ip"2.0.0.0" and ip"1.0.0.0" <= ip"1.0.0.0" and not (ip"2.0.0.0" < ip"1.0.0.0") and ip"200.0.0.0" > ip"100.0.0.0"
ip"255.255.255.255" < ip"::" and not (ip"::" < ip"0.0.0.0") and ip"::1" < ip"::2" and ip"10.0.0.0/8" < ip"10.0.0.0/9"
sorted("::1", "10.0.0.2", "9.0.0.1", "fe80::", "10.0.0.1", "::") == "9.0.0.1 10.0.0.1 10.0.0.2 :: ::1 fe80::"
select(2, pcall(string.rep, "x", ip"::1")):find("got address", 1, true) and select(2, pcall(function() return ip"::1" + 1 end)):find("arithmetic on a address value", 1, true)
fails("") and fails("10.0.0") and fails("10.0.0.256") and fails("10.0.0.0.1") and fails("1.2.3.4 ") and fails(" 1.2.3.4")
fails("hello") and fails(":") and fails(":::") and fails("1:2:3:4:5:6:7") and fails("1:2:3:4:5:6:7:8:9") and fails("::g") and fails("12345::")
fails("10.0.0.1:80") and fails("10.0.0.1:80/8") and fails("::10.0.0.1:80") and fails("10.0.0.1:")
fails("10.0.0.1\0") and fails("::1\0x") and fails("10.0.0.1/8\0") and fails("1.2.3.4/")  == fails("::1/")
fails("10.0.0.0/33", "no prefix length from 0 to 32") and fails("::/129", "no prefix length from 0 to 128")
fails("10.0.0.0/-1", "prefix length") and fails("10.0.0.0/+1", "prefix length") and fails("10.0.0.0/ 1", "prefix length") and fails("10.0.0.0/", "prefix length") and fails("::/1x", "prefix length") and fails("::/999999999999", "prefix length")
not pcall(ip) and not pcall(ip, {}) and not pcall(ip, true) and not pcall(ip, 7)
not pcall(function() return ip"::1" < 1 end) and not pcall(function() return ip"1.2.3.4" < "1.2.3.5" end) and (ip"::1" == 1) == false
not pcall(function() return ip"::1":nonsense() end) and not pcall(function() return ip"1.2.3.4".nonsense end) and not pcall(function() ip"::1".x = 1 end) and not pcall(function() ip"1.2.3.4".x = 1 end)
not pcall(ip"10.0.0.0/8".has, ip"10.0.0.0/8", "10.0.0.1") and not pcall(ip"::/8".has, 7, ip"::")
getmetatable(ip"::1") == false and getmetatable(ip"1.2.3.4") == false and not pcall(function() return #ip"1.2.3.4" end) and not pcall(function() return #ip"::1" end)
#tostring(ip"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127") == 43
T

# In a callback: a comparison allocates nothing, and addresses may be kept.
load addresses <<L
local ip = require("luapacket").ip
local nf = require("netfilter").new{}
local server, client = { ip"$SERVER4", ip"$SERVER6" }, { ip"$CLIENT4", ip"$CLIENT6" }
local nets = { ip"10.77.0.0/24", ip"fd77::/64" }
local seen = {}
function addresses(pkt)
  local h, i = pkt.ip or pkt.ip6, pkt.ip and 1 or 2
  assert(h.src == client[i] and h.dst == server[i] and h.src ~= h.dst)
  assert(h.src < h.dst and nets[i]:has(h.src) and not nets[3 - i]:has(h.src))
  seen[h.src] = (seen[h.src] or 0) + 1
  return seen[client[i]] == seen[h.src]
end
function memory(pkt)
  local a, b, net = server[1], client[1], nets[1]
  local count = collectgarbage("count")
  for i = 1, 100 do
    if pkt.ip.src == a or pkt.ip.dst == b or not net:has(pkt.ip.src) then error("no") end
  end
  assert(collectgarbage("count") <= count, "a comparison allocates")
  return true
end
-- The payload says what the source is.
function source(pkt)
  local text = pkt.payload:unpack("c" .. #pkt.payload)
  assert(pkt.ip6.src == ip(text) and tostring(pkt.ip6.src) == text and pkt.ip6.src ~= pkt.ip6.dst, text)
  return pkt.ip6.dst == server[2]
end
L
for ipt in iptables ip6tables; do
	server $ipt -A INPUT -p udp --dport 4000 -m lua --script addresses --function addresses
done
server iptables -A INPUT -p udp --dport 4001 -m lua --script addresses --function memory
udp "$CLIENT" "$SERVER4" 20 4000 4001
udp "$CLIENT" "$SERVER6" 20 4000
check "called" calls_become "$SERVER" addresses 60
is "addresses of packets" "$(counts "$SERVER" addresses | grep -v source)" "function addresses calls=40 match=40
function memory calls=20 match=20"

# More IPv6 sources than a state remembers, each several times.
server ip6tables -A INPUT -p udp --dport 4002 -m lua --script addresses --function source
for n in {1..100} {1..100} {99..1..7} {1..20}; do
	printf 'ip6(udp(1, 4002, b"2001:db8:%x::%x"), src="2001:db8:%x::%x")\n' $((n % 10 + 1)) "$n" $((n % 10 + 1)) "$n"
done | client python3 "$HERE/packets.py" veth0 02:00:00:00:00:01 02:00:00:00:00:02
check "called with many sources" calls_become "$SERVER" addresses 295
is "each is what it is" "$(field "$SERVER" addresses '.entries[] | select(.name == "source") | .outcomes.match')" 235
is "no error" "$(field "$SERVER" addresses '[.entries[].last_error | select(. != null)] | .[0]')" null
finish
