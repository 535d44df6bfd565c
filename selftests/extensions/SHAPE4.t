# SPDX-License-Identifier: GPL-2.0-only
:PREROUTING,POSTROUTING
*mangle
-j SHAPE --amount 4k ! --peer 10.0.0.0/8;-j SHAPE --amount 4k --burst 10 ! --peer 10.0.0.0/8;OK
-j SHAPE --amount 1001 --peer 10.1.2.3;-j SHAPE --amount 1001 --burst 10 --peer 10.1.2.3;OK
-j SHAPE --amount 4k --peer 10.9.0.0/16;-j SHAPE --amount 4k --burst 10 ! --peer 10.9.0.0/16;OK
-j SHAPE --amount 4k --peer 10.0.0.0/8 --any;;FAIL
