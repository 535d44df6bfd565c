# SPDX-License-Identifier: GPL-2.0-only
:INPUT,FORWARD,OUTPUT
-m portset --ports 22;=;OK
-m portset --ports 22,8000:8080;=;OK
-m portset ! --ports 22 --side either;=;OK
-m portset --ports 22 --side source;=;OK
-m portset;;FAIL
-m portset --ports 65536;;FAIL
-m portset --ports 2:1;;FAIL
-m portset --ports 22 --side both;;FAIL
