# SPDX-License-Identifier: GPL-2.0-only
:INPUT,FORWARD,OUTPUT
-p tcp -m portset --ports 22;=;OK
-p tcp -m portset ! --ports 22,8000:8010;=;OK
-p tcp -m portset --ports 1,2,3,4,5,6,7,8;=;OK
-p tcp -m portset --ports 1,2,3,4,5,6,7,8,9;;FAIL
-p tcp -m portset --ports 8010:8000;;FAIL
-p tcp -m portset --ports 65536;;FAIL
-p tcp -m portset;;FAIL
