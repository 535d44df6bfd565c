/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_COMPAT_LINUX_NETDEVICE_H
#define _NFLUA_COMPAT_LINUX_NETDEVICE_H

#include_next <linux/netdevice.h>
#include <linux/version.h>

/* Before 6.0 references to a device were not tracked under these names. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 0, 0)
typedef struct {} nflua_netdevice_tracker;
#define netdevice_tracker	nflua_netdevice_tracker

static inline void netdev_hold(struct net_device *dev,
			       netdevice_tracker *tracker, gfp_t gfp)
{
	if (dev)
		dev_hold(dev);
}

static inline void netdev_put(struct net_device *dev,
			      netdevice_tracker *tracker)
{
	if (dev)
		dev_put(dev);
}
#endif

#endif /* _NFLUA_COMPAT_LINUX_NETDEVICE_H */
