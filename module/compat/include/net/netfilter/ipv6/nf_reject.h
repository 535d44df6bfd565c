/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_COMPAT_NF_REJECT_V6_H
#define _NFLUA_COMPAT_NF_REJECT_V6_H

#include_next <net/netfilter/ipv6/nf_reject.h>
#include <linux/version.h>

/* Before 5.11 only the bridge's own module made answers to frames. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#include <linux/icmpv6.h>
#include <linux/netdevice.h>
#include <linux/netfilter_ipv6.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>

/* What of a packet an error carries, at the most, in IPv6's smallest MTU. */
#define NFLUA_REJECT_V6_CARRIED						\
	(IPV6_MIN_MTU - sizeof(struct ipv6hdr) - sizeof(struct icmp6hdr))

/* An answer with an IPv6 header, and room for @size bytes behind it. */
static inline struct sk_buff *nflua_reject_v6_new(struct net *net,
						  struct sk_buff *old,
						  const struct net_device *dev,
						  u8 proto, unsigned int size)
{
	struct sk_buff *skb = alloc_skb(LL_MAX_HEADER + sizeof(struct ipv6hdr) +
					size, GFP_ATOMIC);

	if (!skb)
		return NULL;
	skb->dev = (struct net_device *)dev;
	skb_reserve(skb, LL_MAX_HEADER);
	nf_reject_ip6hdr_put(skb, old, proto, net->ipv6.devconf_all->hop_limit);
	return skb;
}

static inline struct sk_buff *nflua_reject_v6_done(struct sk_buff *skb)
{
	ipv6_hdr(skb)->payload_len = htons(skb->len - sizeof(struct ipv6hdr));
	return skb;
}

static inline struct sk_buff *
nflua_reject_v6_tcp_reset(struct net *net, struct sk_buff *old,
			  const struct net_device *dev, int hook)
{
	const struct tcphdr *tcp;
	struct tcphdr copy;
	struct sk_buff *skb;
	unsigned int len;

	if (!pskb_may_pull(old, sizeof(struct ipv6hdr)))
		return NULL;
	tcp = nf_reject_ip6_tcphdr_get(old, &copy, &len, hook);
	if (!tcp)
		return NULL;
	skb = nflua_reject_v6_new(net, old, dev, IPPROTO_TCP, sizeof(*tcp));
	if (!skb)
		return NULL;
	nf_reject_ip6_tcphdr_put(skb, old, tcp, len);
	return nflua_reject_v6_done(skb);
}

static inline bool nflua_reject_v6_is_good(struct sk_buff *old, int hook)
{
	__be16 frag_off = 0;
	int off;
	u8 proto;

	if (!pskb_may_pull(old, sizeof(struct ipv6hdr)))
		return false;
	if (skb_csum_unnecessary(old))
		return true;
	proto = ipv6_hdr(old)->nexthdr;
	off = ipv6_skip_exthdr(old, sizeof(struct ipv6hdr), &proto, &frag_off);
	return off >= 0 && !(frag_off & htons(~0x7)) &&
	       !nf_ip6_checksum(old, hook, off, proto);
}

static inline struct sk_buff *
nflua_reject_v6_unreach(struct net *net, struct sk_buff *old,
			const struct net_device *dev, int hook, u8 code)
{
	struct icmp6hdr *icmp;
	struct ipv6hdr *ip6;
	struct sk_buff *skb;
	unsigned int len;

	if (!nflua_reject_v6_is_good(old, hook))
		return NULL;
	len = min_t(unsigned int, old->len, NFLUA_REJECT_V6_CARRIED);
	if (!pskb_may_pull(old, len))
		return NULL;
	skb = nflua_reject_v6_new(net, old, dev, IPPROTO_ICMPV6,
				  sizeof(*icmp) + len);
	if (!skb)
		return NULL;
	icmp = skb_put_zero(skb, sizeof(*icmp));
	icmp->icmp6_type = ICMPV6_DEST_UNREACH;
	icmp->icmp6_code = code;
	skb_put_data(skb, skb_network_header(old), len);
	ip6 = ipv6_hdr(skb);
	len += sizeof(*icmp);
	icmp->icmp6_cksum = csum_ipv6_magic(&ip6->saddr, &ip6->daddr, len,
					    IPPROTO_ICMPV6,
					    csum_partial(icmp, len, 0));
	return nflua_reject_v6_done(skb);
}
#define nf_reject_skb_v6_tcp_reset	nflua_reject_v6_tcp_reset
#define nf_reject_skb_v6_unreach	nflua_reject_v6_unreach
#endif

#endif /* _NFLUA_COMPAT_NF_REJECT_V6_H */
