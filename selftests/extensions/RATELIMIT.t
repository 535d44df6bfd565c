# SPDX-License-Identifier: GPL-2.0-only
:INPUT,OUTPUT
-j RATELIMIT --rate 100;=;OK
-j RATELIMIT --rate 100 --burst 20;=;OK
-j RATELIMIT;;FAIL
-j RATELIMIT --rate 0;;FAIL
-j RATELIMIT --rate 1000001;;FAIL
-j RATELIMIT --rate 100 --burst 0;;FAIL
-j RATELIMIT ! --rate 100;;FAIL
