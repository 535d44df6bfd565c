/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_ROUTE_H
#define _NFLUA_ROUTE_H

#include <linux/in6.h>
#include <linux/types.h>

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

struct nflua_packet;
struct nflua_state;
struct sk_buff;

void nflua_route_save(struct nflua_route *route, const struct sk_buff *skb, u8 pf);
void nflua_route_keep(struct nflua_state *st, struct nflua_packet *p);
int nflua_route_follow(const struct nflua_state *st);

#endif /* _NFLUA_ROUTE_H */
