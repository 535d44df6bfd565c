// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets of this host have their route before they meet the hook output. If a
 * script changes what the route depends on, it is looked up again, behind its
 * call. What it depended on is remembered before the first write of a call, so
 * that a call that writes nothing does nothing for it.
 *
 * Context of all functions: a callback, or right behind it
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/rtnetlink.h>
#include <linux/string.h>
#include <net/dst.h>
#include "entry.h"
#include "route.h"
#include "state.h"

/**
 * nflua_route_save() - look at what a packet's route depends on
 * @route: gets it; two are equal if their bytes are
 * @skb: the packet
 * @pf: family of its hook; all but IPv4 and IPv6 have the mark alone
 */
void nflua_route_save(struct nflua_route *route, const struct sk_buff *skb, u8 pf)
{
	memset(route, 0, sizeof(*route));
	route->mark = skb->mark;
	if (pf == NFPROTO_IPV4) {
		route->src.s6_addr32[0] = ip_hdr(skb)->saddr;
		route->dst.s6_addr32[0] = ip_hdr(skb)->daddr;
		route->class = htonl(ip_hdr(skb)->tos);
	} else if (pf == NFPROTO_IPV6) {
		route->src = ipv6_hdr(skb)->saddr;
		route->dst = ipv6_hdr(skb)->daddr;
		route->class = *(const __be32 *)ipv6_hdr(skb);
	}
}

/**
 * nflua_route_keep() - remember what a packet's route depends on
 * @st: the state
 * @p: a packet that is going to be written
 *
 * iptables itself looks again behind its table mangle.
 */
void nflua_route_keep(struct nflua_state *st, struct nflua_packet *p)
{
	const struct nf_hook_state *hs = p->hs;

	if (p != &st->packet || p->route_kept || p->role != NFLUA_ROLE_HOOK ||
	    hs->hook != NF_INET_LOCAL_OUT ||
	    (hs->pf != NFPROTO_IPV4 && hs->pf != NFPROTO_IPV6))
		return;
	nflua_route_save(&st->route, p->skb, hs->pf);
	p->route_kept = true;
	st->untidy = true;
}

/**
 * nflua_route_follow() - find another route, if the packet needs one
 * @st: the state, which has kept what the route depended on
 *
 * Return: 0, or the error of the look-up: the packet cannot go on then
 */
int nflua_route_follow(const struct nflua_state *st)
{
	const struct nf_hook_state *hs = st->packet.hs;
	struct sk_buff *skb = st->packet.skb;
	struct nflua_route now;
	int err;

	nflua_route_save(&now, skb, hs->pf);
	if (!memcmp(&now, &st->route, sizeof(now)) || !skb_dst(skb))
		return 0;
	err = hs->pf == NFPROTO_IPV4 ?
	      ip_route_me_harder(hs->net, hs->sk, skb, RTN_UNSPEC) :
	      nf_ip6_route_me_harder(hs->net, hs->sk, skb);
	return min(err, 0);
}
