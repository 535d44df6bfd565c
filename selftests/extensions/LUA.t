# SPDX-License-Identifier: GPL-2.0-only
:INPUT,FORWARD,OUTPUT
-j LUA --script rules;=;OK
-j LUA --script rules --function accept;=;OK
-j LUA --script rules --on-error drop;=;OK
-j LUA --script rules --on-error continue;-j LUA --script rules;OK
-j LUA --script rules --function accept --on-error accept --payload --mask 0x1;=;OK
-j LUA --script rules --arg "a=1" --arg "b=x y";=;OK
-j LUA;;FAIL
-j LUA --function accept;;FAIL
-j LUA ! --script rules;;FAIL
-j LUA --script a/b;;FAIL
-j LUA --script rules --function a-b;;FAIL
-j LUA --script rules --on-error match;;FAIL
-j LUA --script rules --mask 0;;FAIL
-j LUA --script rules --arg =a;;FAIL
:PREROUTING
*mangle
-j LUA --script rules;=;OK
