# SPDX-License-Identifier: GPL-2.0-only
:INPUT,FORWARD,OUTPUT
-m geo --from 192.0.2.0/24;=;OK
-m geo --from 192.0.2.1/24;-m geo --from 192.0.2.0/24;OK
-m geo --from 192.0.2.0/24,198.51.100.0/24;=;OK
-m geo ! --to 10.0.0.0/8;=;OK
-m geo --from 192.0.2.0/24 ! --to 10.0.0.0/8,172.16.0.0/12;=;OK
-m geo --from 2001:db8::/32;;FAIL
