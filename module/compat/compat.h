/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_COMPAT_H
#define _NFLUA_COMPAT_H

#include <net/genetlink.h>

/* Joining a multicast group needs CAP_NET_ADMIN. */
#ifdef GENL_MCAST_CAP_NET_ADMIN
#define NFLUA_MCGRP_NET_ADMIN	.flags = GENL_MCAST_CAP_NET_ADMIN
#else
#define NFLUA_MCGRP_NET_ADMIN	.flags = GENL_UNS_ADMIN_PERM
#endif

#endif /* _NFLUA_COMPAT_H */
