/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_COMPAT_NF_REJECT_V4_H
#define _NFLUA_COMPAT_NF_REJECT_V4_H

#include_next <net/netfilter/ipv4/nf_reject.h>
#include <linux/version.h>

/* Before 5.11 only the bridge's own module made answers to frames. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#include <linux/icmp.h>
#include <linux/netdevice.h>
#include <linux/netfilter_ipv4.h>
#include <net/ip.h>

/* What of a packet an ICMP error carries, at the most: RFC 1812, 4.3.2.3. */
#define NFLUA_REJECT_V4_CARRIED	536

/* An answer with an IPv4 header, and room for @size bytes behind it. */
static inline struct sk_buff *nflua_reject_v4_new(struct net *net,
						  struct sk_buff *old,
						  const struct net_device *dev,
						  u8 proto, unsigned int size)
{
	struct sk_buff *skb = alloc_skb(LL_MAX_HEADER + sizeof(struct iphdr) +
					size, GFP_ATOMIC);

	if (!skb)
		return NULL;
	skb->dev = (struct net_device *)dev;
	skb_reserve(skb, LL_MAX_HEADER);
	nf_reject_iphdr_put(skb, old, proto, net->ipv4.sysctl_ip_default_ttl);
	return skb;
}

static inline struct sk_buff *nflua_reject_v4_done(struct sk_buff *skb)
{
	ip_hdr(skb)->tot_len = htons(skb->len);
	ip_send_check(ip_hdr(skb));
	return skb;
}

static inline struct sk_buff *
nflua_reject_v4_tcp_reset(struct net *net, struct sk_buff *old,
			  const struct net_device *dev, int hook)
{
	const struct tcphdr *tcp;
	struct tcphdr copy;
	struct sk_buff *skb;

	if (!pskb_may_pull(old, sizeof(struct iphdr)))
		return NULL;
	tcp = nf_reject_ip_tcphdr_get(old, &copy, hook);
	if (!tcp)
		return NULL;
	skb = nflua_reject_v4_new(net, old, dev, IPPROTO_TCP, sizeof(*tcp));
	if (!skb)
		return NULL;
	nf_reject_ip_tcphdr_put(skb, old, tcp);
	return nflua_reject_v4_done(skb);
}

static inline bool nflua_reject_v4_is_good(struct sk_buff *old, int hook)
{
	const struct iphdr *ip;

	if (!pskb_may_pull(old, sizeof(*ip)))
		return false;
	ip = ip_hdr(old);
	if (ip->frag_off & htons(IP_OFFSET) ||
	    pskb_trim_rcsum(old, ntohs(ip->tot_len)))
		return false;
	ip = ip_hdr(old);
	if (skb_csum_unnecessary(old))
		return true;
	return !nf_ip_checksum(old, hook, ip->ihl * 4, ip->protocol);
}

static inline struct sk_buff *
nflua_reject_v4_unreach(struct net *net, struct sk_buff *old,
			const struct net_device *dev, int hook, u8 code)
{
	struct icmphdr *icmp;
	struct sk_buff *skb;
	unsigned int len;

	if (!nflua_reject_v4_is_good(old, hook))
		return NULL;
	len = min_t(unsigned int, old->len, NFLUA_REJECT_V4_CARRIED);
	if (!pskb_may_pull(old, len))
		return NULL;
	skb = nflua_reject_v4_new(net, old, dev, IPPROTO_ICMP,
				  sizeof(*icmp) + len);
	if (!skb)
		return NULL;
	icmp = skb_put_zero(skb, sizeof(*icmp));
	icmp->type = ICMP_DEST_UNREACH;
	icmp->code = code;
	skb_put_data(skb, skb_network_header(old), len);
	icmp->checksum = csum_fold(csum_partial(icmp, sizeof(*icmp) + len, 0));
	return nflua_reject_v4_done(skb);
}
#define nf_reject_skb_v4_tcp_reset	nflua_reject_v4_tcp_reset
#define nf_reject_skb_v4_unreach	nflua_reject_v4_unreach
#endif

#endif /* _NFLUA_COMPAT_NF_REJECT_V4_H */
