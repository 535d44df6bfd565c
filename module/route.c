// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets of this host have their route before they meet the hook output. If a
 * script changes what the route depends on, it is looked up again.
 *
 * Context of all functions: RCU read section; process context or softirq
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/rtnetlink.h>
#include <linux/string.h>
#include <net/dst.h>
#include "route.h"

/**
 * nflua_route_save() - remember what the route depends on
 * @route: where
 * @skb: the packet
 * @hs: the state of a hook of IPv4 or IPv6
 */
void nflua_route_save(struct nflua_route *route, const struct sk_buff *skb,
		      const struct nf_hook_state *hs)
{
	/* They are compared byte by byte. */
	memset(route, 0, sizeof(*route));
	route->mark = skb->mark;
	if (hs->pf == NFPROTO_IPV4) {
		route->src.s6_addr32[0] = ip_hdr(skb)->saddr;
		route->dst.s6_addr32[0] = ip_hdr(skb)->daddr;
		route->class = htonl(ip_hdr(skb)->tos);
	} else {
		route->src = ipv6_hdr(skb)->saddr;
		route->dst = ipv6_hdr(skb)->daddr;
		route->class = *(const __be32 *)ipv6_hdr(skb);
	}
}

/**
 * nflua_route_follow() - find another route, if the packet needs one
 * @route: what nflua_route_save() remembered
 * @skb: the packet
 * @hs: the state of the hook
 *
 * Return: 0, or the error of the look-up: the packet cannot go on then
 */
int nflua_route_follow(const struct nflua_route *route, struct sk_buff *skb,
		       const struct nf_hook_state *hs)
{
	struct nflua_route now;
	int err;

	nflua_route_save(&now, skb, hs);
	if (likely(!memcmp(&now, route, sizeof(now))) || !skb_dst(skb))
		return 0;
	err = hs->pf == NFPROTO_IPV4 ?
	      ip_route_me_harder(hs->net, hs->sk, skb, RTN_UNSPEC) :
	      nf_ip6_route_me_harder(hs->net, hs->sk, skb);
	return min(err, 0);
}
