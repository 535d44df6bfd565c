/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_ROUTE_H
#define _NFLUA_ROUTE_H

#include <linux/in6.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>

/**
 * struct nflua_route - what a packet's route depends on
 * @src: source address
 * @dst: destination address
 * @mark: the packet's mark
 * @class: TOS of IPv4; class and flow label of IPv6
 */
struct nflua_route {
	struct in6_addr src;
	struct in6_addr dst;
	u32 mark;
	__be32 class;
};

void nflua_route_save(struct nflua_route *route, const struct sk_buff *skb,
		      const struct nf_hook_state *hs);
int nflua_route_follow(const struct nflua_route *route, struct sk_buff *skb,
		       const struct nf_hook_state *hs);

#endif /* _NFLUA_ROUTE_H */
