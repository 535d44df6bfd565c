# SPDX-License-Identifier: GPL-2.0-only
:INPUT,FORWARD
-m types --host 10.0.0.1;=;OK
-m types ! --host 10.0.0.1;=;OK
-m types --host 10.0.0.1/32;;FAIL
-m types --host 10.0.0;;FAIL
-m types --host 10.0.0.256;;FAIL
-m types --host localhost;;FAIL
-m types --host fd00::1;;FAIL
-m types --host "";;FAIL
-m types --net 10.0.0.0/8;=;OK
-m types --net 10.1.2.3/8;-m types --net 10.0.0.0/8;OK
-m types --net 10.1.2.3;=;OK
-m types --net 10.1.2.3/32;-m types --net 10.1.2.3;OK
-m types --net 0.0.0.0/0;=;OK
-m types --net 10.0.0.0/33;;FAIL
-m types --net 10.0.0.0/;;FAIL
-m types --net 10.0.0.0/255.0.0.0;;FAIL
-m types --nets 10.0.0.0/8,192.168.0.0/16,1.2.3.4;=;OK
-m types --nets 10.0.0.0/8,;;FAIL
