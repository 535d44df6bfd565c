# SPDX-License-Identifier: GPL-2.0-only
:INPUT,FORWARD,OUTPUT
-m geo;;FAIL
-m geo --from;;FAIL
-m geo --from example.invalid;;FAIL
-m geo --from 1.2.3.0/33;;FAIL
