# SPDX-License-Identifier: GPL-2.0-only
:INPUT,FORWARD
-m types --host fd00::1;=;OK
-m types --host FD00:0::1;-m types --host fd00::1;OK
-m types --host ::ffff:1.2.3.4;=;OK
-m types --host fd00::1/128;;FAIL
-m types --host 10.0.0.1;;FAIL
-m types --host fd00;;FAIL
-m types --net 2001:db8::/32;=;OK
-m types --net 2001:db8:1::/32;-m types --net 2001:db8::/32;OK
-m types --net 2001:db8:ffff::1/35;-m types --net 2001:db8:e000::/35;OK
-m types --net ::/0;=;OK
-m types --net 2001:db8::/129;;FAIL
-m types --nets 2001:db8::/32,fd00::1;=;OK
-m types --nets 10.0.0.0/8;;FAIL
