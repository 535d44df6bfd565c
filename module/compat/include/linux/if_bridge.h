/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_COMPAT_LINUX_IF_BRIDGE_H
#define _NFLUA_COMPAT_LINUX_IF_BRIDGE_H

#include_next <linux/if_bridge.h>
#include <linux/version.h>

/* Before 5.13 there was none that needs no RTNL: who looks for it finds none. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 13, 0)
int br_vlan_get_info_rcu(const struct net_device *dev, u16 vid,
			 struct bridge_vlan_info *info);
#endif

#endif /* _NFLUA_COMPAT_LINUX_IF_BRIDGE_H */
