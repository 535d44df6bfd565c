/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_COMPAT_H
#define _NFLUA_COMPAT_H

#include <linux/version.h>
#include <net/genetlink.h>
#include "../uapi/nflua.h"

/*
 * The first command whose reserved header bytes are checked: all of them.
 * The field came with 6.1.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
#define NFLUA_RESV_START_OP	.resv_start_op = NFLUA_CMD_MAX + 1,
#else
#define NFLUA_RESV_START_OP
#endif

/* Joining a multicast group needs CAP_NET_ADMIN. */
#ifdef GENL_MCAST_CAP_NET_ADMIN
#define NFLUA_MCGRP_NET_ADMIN	.flags = GENL_MCAST_CAP_NET_ADMIN
#else
#define NFLUA_MCGRP_NET_ADMIN	.flags = GENL_UNS_ADMIN_PERM
#endif

#endif /* _NFLUA_COMPAT_H */
