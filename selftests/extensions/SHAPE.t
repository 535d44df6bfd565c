# SPDX-License-Identifier: GPL-2.0-only
:PREROUTING,POSTROUTING
*mangle
-j SHAPE --amount 20 --any;-j SHAPE --amount 20 --burst 10 --any;OK
-j SHAPE --amount 4096 --burst 7 --any;-j SHAPE --amount 4k --burst 7 --any;OK
-j SHAPE --amount 2m --any;-j SHAPE --amount 2048k --burst 10 --any;OK
-j SHAPE --amount 1001 --burst 15 --any;-j SHAPE --amount 1001 --burst 15 --colours red,blue --any;OK
-j SHAPE --amount 4k;;FAIL
-j SHAPE --any;;FAIL
-j SHAPE --amount x --any;;FAIL
-j SHAPE --amount 99999999999 --any;;FAIL
-j SHAPE --amount 5 --any;;FAIL
-j SHAPE --amount 5000 --burst 0 --any;;FAIL
-j SHAPE --amount 5000 --burst 13 --any;;FAIL
-j SHAPE --amount 5000 --burst 14 --any;;FAIL
-j SHAPE --amount 5000 --burst 16 --any;;FAIL
-j SHAPE --amount 5000 --burst 17 --any;;FAIL
-j SHAPE --amount 4k ! --any;;FAIL
