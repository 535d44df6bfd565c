// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes made into a packet as a hook meets it. What the kernel's receive path
 * would have thrown away is refused, so that no script is tested with what
 * can't happen.
 */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/kernel.h>
#include <linux/netfilter_arp.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include "run.h"

/* Why the bytes are refused; for want of memory the sentence is missing. */
static __printf(2, 3) int refuse(struct nflua_run *run, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	run->reason = kvasprintf(GFP_KERNEL, fmt, ap);
	va_end(ap);
	return -EPROTO;
}

/* What ip_rcv() demands, in its order. */
static int check_ip(struct nflua_run *run, struct sk_buff *skb)
{
	static const char what[] = "not a valid IPv4 packet";
	const struct iphdr *ip = ip_hdr(skb);
	unsigned int len, header;
	__sum16 sum;

	if (skb->len < sizeof(*ip))
		return refuse(run, "%s: it has %u bytes, and its header at least %zu",
			      what, skb->len, sizeof(*ip));
	if (ip->version != 4)
		return refuse(run, "%s: its version is %u", what, ip->version);
	header = ip->ihl * 4;
	if (header < sizeof(*ip))
		return refuse(run, "%s: its header length is %u", what, header);
	if (skb->len < header)
		return refuse(run, "%s: it has %u bytes, and its header %u",
			      what, skb->len, header);
	if (ip_fast_csum(ip, ip->ihl)) {
		struct iphdr *fixed = (struct iphdr *)ip;

		sum = ip->check;
		ip_send_check(fixed);
		return refuse(run, "%s: its header checksum is 0x%04x, and would have to be 0x%04x",
			      what, be16_to_cpu((__force __be16)sum),
			      be16_to_cpu((__force __be16)fixed->check));
	}
	len = ntohs(ip->tot_len);
	if (len < header)
		return refuse(run, "%s: its length is %u, less than its header's",
			      what, len);
	if (skb->len < len)
		return refuse(run, "%s: it ends after %u of %u bytes", what,
			      skb->len, len);
	skb_trim(skb, len);
	skb_set_transport_header(skb, header);
	return 0;
}

/* What ipv6_rcv() demands of the headers it reads. */
static int check_ip6(struct nflua_run *run, struct sk_buff *skb)
{
	static const char what[] = "not a valid IPv6 packet";
	const struct ipv6hdr *ip = ipv6_hdr(skb);
	unsigned int len, header = sizeof(*ip);

	if (skb->len < header)
		return refuse(run, "%s: it has %u bytes, and its header %u",
			      what, skb->len, header);
	if (ip->version != 6)
		return refuse(run, "%s: its version is %u", what, ip->version);
	if (ipv6_addr_is_multicast(&ip->saddr))
		return refuse(run, "%s: its source is a multicast address", what);
	if (ipv6_addr_is_multicast(&ip->daddr) &&
	    !IPV6_ADDR_MC_SCOPE(&ip->daddr))
		return refuse(run, "%s: the scope of its multicast address is 0",
			      what);
	len = ntohs(ip->payload_len);
	/* A jumbogram has its length in the hop-by-hop header. */
	if (!len && ip->nexthdr == NEXTHDR_HOP)
		return refuse(run, "%s: its length is 0, and jumbograms are too long for a run",
			      what);
	len += header;
	if (skb->len < len)
		return refuse(run, "%s: it ends after %u of %u bytes", what,
			      skb->len, len);
	skb_trim(skb, len);
	if (ip->nexthdr == NEXTHDR_HOP) {
		const struct ipv6_opt_hdr *hop = (const void *)(ip + 1);

		if (len - header < sizeof(*hop) ||
		    len - header < ipv6_optlen(hop))
			return refuse(run, "%s: its hop-by-hop header goes beyond its end",
				      what);
		header += ipv6_optlen(hop);
	}
	skb_set_transport_header(skb, header);
	return 0;
}

/* What arp_rcv() demands on Ethernet. */
static int check_arp(struct nflua_run *run, struct sk_buff *skb)
{
	static const char what[] = "not a valid ARP packet";
	const unsigned int size = sizeof(struct arphdr) + 2 * (ETH_ALEN + 4);
	const struct arphdr *arp = arp_hdr(skb);

	if (skb->protocol != htons(ETH_P_ARP))
		return refuse(run, "not an ARP packet: its Ethernet type is 0x%04x",
			      ntohs(skb->protocol));
	if (skb->len < size)
		return refuse(run, "%s: it has %u bytes, and at least %u",
			      what, skb->len, size);
	if (arp->ar_hln != ETH_ALEN || arp->ar_pln != 4)
		return refuse(run, "%s: its addresses have %u and %u bytes",
			      what, arp->ar_hln, arp->ar_pln);
	return 0;
}

/* Does the hook see frames, whatever is in them? */
static bool is_link(const struct nflua_run *run)
{
	return run->pf == NFPROTO_BRIDGE || run->pf == NFPROTO_NETDEV ||
	       run->hooknum == NF_INET_INGRESS;
}

/*
 * The link layer as a device leaves it behind, and for hooks of a network layer
 * a VLAN device above it.
 */
static int parse_link(struct nflua_run *run, struct sk_buff *skb)
{
	const struct ethhdr *eth = eth_hdr(skb);

	if (skb->len < ETH_HLEN)
		return refuse(run, "not an Ethernet frame: it has %u bytes, and its header %u",
			      skb->len, ETH_HLEN);
	skb->protocol = eth->h_proto;
	if (is_link(run) && !eth_proto_is_802_3(skb->protocol))
		skb->protocol = htons(ETH_P_802_2);
	if (is_broadcast_ether_addr(eth->h_dest))
		skb->pkt_type = PACKET_BROADCAST;
	else if (is_multicast_ether_addr(eth->h_dest))
		skb->pkt_type = PACKET_MULTICAST;
	__skb_pull(skb, ETH_HLEN);
	while (eth_type_vlan(skb->protocol)) {
		if (skb->len < VLAN_HLEN + sizeof(u16))
			return refuse(run, "not an Ethernet frame: it ends in its VLAN tag");
		/* It is ours alone, so no copy is made that could fail. */
		if (!skb_vlan_untag(skb)) {
			run->skb = NULL;
			return -ENOMEM;
		}
		if (is_link(run))
			break;
		__vlan_hwaccel_clear_tag(skb);
	}
	return 0;
}

/* An IPv4 or IPv6 packet, as the hook wants it. */
static int check_family(struct nflua_run *run, struct sk_buff *skb)
{
	const u8 wanted = run->pf;
	int err;

	if (skb->protocol == htons(ETH_P_IP))
		run->pf = NFPROTO_IPV4;
	else if (skb->protocol == htons(ETH_P_IPV6))
		run->pf = NFPROTO_IPV6;
	else
		return refuse(run, "neither an IPv4 nor an IPv6 packet: its Ethernet type is 0x%04x",
			      ntohs(skb->protocol));
	/* At ingress nobody has looked at it. */
	if (run->hooknum == NF_INET_INGRESS)
		err = 0;
	else
		err = run->pf == NFPROTO_IPV4 ? check_ip(run, skb) :
						check_ip6(run, skb);
	if (!err && wanted != NFPROTO_INET && wanted != run->pf)
		err = refuse(run, "%s '%s' meets no IPv%c packets",
			     run->entry.reg.kind == NFLUA_ENTRY_HOOK ?
			     "hook" : "a rule for", run->entry.reg.name,
			     run->pf == NFPROTO_IPV4 ? '4' : '6');
	return err;
}

/**
 * nflua_frame_parse() - make the bytes of a run a packet
 * @run: the run, with the family that is met, or inet; @run->skb and
 *	@run->head are filled in, @run->pf is the packet's own in place of inet
 *
 * Context: process, sleeps
 * Return: 0, -ENOMEM, -EPROTO with @run->reason for bytes that no hook meets
 */
int nflua_frame_parse(struct nflua_run *run)
{
	const unsigned int room = LL_MAX_HEADER + NET_IP_ALIGN;
	struct sk_buff *skb;
	int err = 0;

	skb = alloc_skb(room + run->size, GFP_KERNEL | __GFP_NOWARN);
	if (!skb)
		return -ENOMEM;
	run->skb = skb;
	skb_reserve(skb, room);
	skb_put_data(skb, run->data, run->size);
	skb_reset_mac_header(skb);
	if (!run->raw) {
		err = parse_link(run, skb);
		if (err)
			return err;
	} else if (!skb->len) {
		return refuse(run, "not a packet: it has no bytes");
	} else if (skb->data[0] >> 4 == 4) {
		skb->protocol = htons(ETH_P_IP);
	} else if (skb->data[0] >> 4 == 6) {
		skb->protocol = htons(ETH_P_IPV6);
	} else {
		return refuse(run, "neither an IPv4 nor an IPv6 packet: its version is %u",
			      skb->data[0] >> 4);
	}
	skb_reset_network_header(skb);
	skb_reset_mac_len(skb);
	run->head = skb->mac_len;
	switch (run->pf) {
	case NFPROTO_ARP:
		return check_arp(run, skb);
	case NFPROTO_BRIDGE:
	case NFPROTO_NETDEV:
		return 0;
	}
	return check_family(run, skb);
}

/* What leaves by a device, with its link layer before it */
static bool leaves(const struct nflua_run *run)
{
	return (run->pf == NFPROTO_NETDEV &&
		run->hooknum != NF_NETDEV_INGRESS) ||
	       (run->pf == NFPROTO_ARP && run->hooknum == NF_ARP_OUT);
}

/**
 * nflua_frame_place() - make the packet what it is at its hook
 * @run: the run, with its devices and its hook
 *
 * What leaves this host has no link layer yet, unless it only passes through,
 * or is on its last way.
 */
void nflua_frame_place(struct nflua_run *run)
{
	struct net_device *in = run->hs.in;
	struct net_device *out = run->hs.out;
	struct sk_buff *skb = run->skb;

	skb->mark = run->mark;
	if (run->pf != NFPROTO_IPV4 && run->pf != NFPROTO_IPV6) {
		skb->dev = out ?: in;
		if (in)
			skb->skb_iif = in->ifindex;
		if (leaves(run))
			__skb_push(skb, skb->mac_len);
		/* arp_create() does not say where it begins. */
		if (leaves(run) && run->pf == NFPROTO_ARP)
			skb->mac_header = (typeof(skb->mac_header))~0U;
		return;
	}
	switch (run->hooknum) {
	case NF_INET_LOCAL_OUT:
		/* The device is the route's as yet. */
		break;
	case NF_INET_POST_ROUTING:
		skb->dev = out;
		break;
	default:
		skb->dev = in;
	}
	if (!in || run->hooknum == NF_INET_LOCAL_OUT) {
		skb->pkt_type = PACKET_HOST;
		skb->mac_header = (typeof(skb->mac_header))~0U;
		skb->mac_len = 0;
		return;
	}
	skb->skb_iif = in->ifindex;
	if (run->pf == NFPROTO_IPV6)
		IP6CB(skb)->iif = in->ifindex;
	else
		IPCB(skb)->iif = in->ifindex;
}
