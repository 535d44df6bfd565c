/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_COMPAT_LINUX_SKBUFF_H
#define _NFLUA_COMPAT_LINUX_SKBUFF_H

#include_next <linux/skbuff.h>
#include <linux/version.h>

/* Before 5.18 a packet had one kind of time stamp. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 18, 0)
static inline void nflua_skb_clear_tstamp(struct sk_buff *skb)
{
	skb->tstamp = 0;
}
#define skb_clear_tstamp nflua_skb_clear_tstamp
#endif

#endif /* _NFLUA_COMPAT_LINUX_SKBUFF_H */
