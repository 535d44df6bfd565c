# SPDX-License-Identifier: GPL-2.0-only
:INPUT,FORWARD,OUTPUT
-m geo --from 2001:db8::/32;=;OK
-m geo --from 2001:db8::/32 ! --to fd00::/8,fe80::/10;=;OK
-m geo --from 192.0.2.0/24;;FAIL
