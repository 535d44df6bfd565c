// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the layers of a packet begin. A layer whose header is wrong, or not
 * there as a whole, is no layer; a packet is never an error.
 *
 * All functions here run in a callback: bottom halves off, in an RCU read
 * section.
 */
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/netfilter_arp.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <linux/unaligned.h>
#include "header.h"
#include "packet.h"
#include "lua/kernel/lua_internal.h"

#define ARP_LEN		28	/* for Ethernet and IPv4 */

/* Where the frame's Ethernet header begins, bytes from skb->data. */
static s64 link_offset(const struct nflua_packet *p)
{
	const struct sk_buff *skb = p->skb;
	const struct net_device *dev = p->hs->in ?: p->hs->out;

	if (!skb_mac_header_was_set(skb) || !dev ||
	    (dev->type != ARPHRD_ETHER && dev->type != ARPHRD_LOOPBACK))
		return NFLUA_NOWHERE;
	return skb_mac_header(skb) - skb->data;
}

/* Where a VLAN tag in the frame would be, bytes from skb->data. */
static s64 tag_offset(const struct nflua_packet *p)
{
	const s64 link = link_offset(p);

	return link == NFLUA_NOWHERE ? skb_network_offset(p->skb) :
				       link + ETH_HLEN;
}

/* ARP for Ethernet and IPv4, of which alone the fields lie where they do. */
static bool arp_is_known(const struct nflua_packet *p)
{
	static const u8 known[] = { 0, ARPHRD_ETHER, ETH_P_IP >> 8,
				    ETH_P_IP & 0xff, ETH_ALEN, 4 };
	u8 buf[sizeof(known)];
	const u8 *arp = nflua_packet_bytes(p, 0, sizeof(buf), buf);

	return arp && p->len >= ARP_LEN && !memcmp(arp, known, sizeof(known));
}

/* A frame may have been padded; what is behind the packet is none of it. */
static void trim(struct nflua_packet *p, u8 pf)
{
	const struct ipv6hdr *ip6;
	const struct iphdr *ip;
	struct ipv6hdr tmp;
	u32 len = p->len;

	if (pf == NFPROTO_ARP) {
		len = ARP_LEN;
	} else if (pf == NFPROTO_IPV4) {
		ip = nflua_packet_bytes(p, 0, sizeof(*ip), &tmp);
		if (ip && ntohs(ip->tot_len) >= ip->ihl * 4)
			len = ntohs(ip->tot_len);
	} else if (pf == NFPROTO_IPV6) {
		ip6 = nflua_packet_bytes(p, 0, sizeof(*ip6), &tmp);
		/* of a jumbogram it is 0 */
		if (ip6 && ip6->payload_len)
			len = sizeof(*ip6) + ntohs(ip6->payload_len);
	}
	if (len >= p->len || skb_is_gso(p->skb))
		return;
	p->len = len;
	nflua_packet_refresh(p);
}

/**
 * nflua_layer_network() - find the network layer where hooks meet any
 * @p: the packet; where it begins and ends is made true: behind all VLAN tags
 *	that are in the frame, and before its padding
 *
 * Return: NFPROTO_*, NFPROTO_UNSPEC if it is none we know
 */
u8 nflua_layer_network(struct nflua_packet *p)
{
	struct sk_buff *skb = p->skb;
	__be16 type = skb->protocol;
	struct vlan_hdr *tag, tmp;
	u8 pf = NFPROTO_UNSPEC;
	s64 off = p->noff;
	unsigned int i;

	if (p->hs->pf == NFPROTO_ARP) {
		type = htons(ETH_P_ARP);
		/* The frame is whole, but arp_create() does not say where it begins. */
		if (p->hs->hook == NF_ARP_OUT && !skb_mac_header_was_set(skb))
			skb_reset_mac_header(skb);
	}
	if (eth_type_vlan(type))
		off = tag_offset(p);
	for (i = 0; eth_type_vlan(type); i++) {
		tag = i < VLAN_MAX_DEPTH ?
		      skb_header_pointer(skb, off, sizeof(tmp), &tmp) : NULL;
		if (!tag)
			return NFPROTO_UNSPEC;
		type = tag->h_vlan_encapsulated_proto;
		off += VLAN_HLEN;
	}
	p->noff = off;
	p->len = skb->len - off;
	nflua_packet_refresh(p);
	if (type == htons(ETH_P_IP))
		pf = NFPROTO_IPV4;
	else if (type == htons(ETH_P_IPV6))
		pf = NFPROTO_IPV6;
	else if (type == htons(ETH_P_ARP) && arp_is_known(p))
		pf = NFPROTO_ARP;
	trim(p, pf);
	return pf;
}

/**
 * nflua_layer_walk6() - walk along the headers of an IPv6 packet
 * @p: the packet, whose network layer is known
 * @want: number of an extension header, or -1 for the transport layer
 * @off: gets where it begins, bytes from the network header
 *
 * Return: number of the header; -1 if there is none, if the packet ends before
 * it, or if it is in another fragment
 */
int nflua_layer_walk6(const struct nflua_packet *p, int want, u32 *off)
{
	const struct frag_hdr *frag;
	const struct ipv6hdr *ip;
	const struct ipv6_opt_hdr *ext;
	union {
		struct ipv6hdr ip;
		struct frag_hdr frag;
		struct ipv6_opt_hdr ext;
	} tmp;
	u32 at = sizeof(*ip);
	int next;

	ip = nflua_packet_bytes(p, 0, sizeof(*ip), &tmp);
	if (!ip || ip->version != 6)
		return -1;
	next = ip->nexthdr;
	while (next != want) {
		if (!ipv6_ext_hdr(next) || next == NEXTHDR_NONE) {
			if (want >= 0)
				return -1;
			break;
		}
		ext = nflua_packet_bytes(p, at, sizeof(*ext), &tmp);
		if (!ext)
			return -1;
		if (next == NEXTHDR_FRAGMENT) {
			frag = nflua_packet_bytes(p, at, sizeof(*frag), &tmp);
			if (!frag || frag->frag_off & htons(IP6_OFFSET))
				return -1;
			next = frag->nexthdr;
			at += sizeof(*frag);
		} else {
			at += next == NEXTHDR_AUTH ? ipv6_authlen(ext) :
						     ipv6_optlen(ext);
			next = ext->nexthdr;
		}
	}
	*off = at;
	return next;
}

/* Where the IP Authentication Header begins. */
static s64 ah_offset(const struct nflua_packet *p)
{
	u32 off = p->l4off;

	if (p->pf == NFPROTO_IPV4 && p->l4proto == IPPROTO_AH)
		return off;
	if (p->pf == NFPROTO_IPV6 &&
	    nflua_layer_walk6(p, IPPROTO_AH, &off) == IPPROTO_AH)
		return off;
	return NFLUA_NOWHERE;
}

/**
 * nflua_layer_is_fragment() - has a packet but a part of its transport layer?
 * @p: the packet, parsed, of IPv4 or IPv6
 */
bool nflua_layer_is_fragment(const struct nflua_packet *p)
{
	const struct iphdr *ip;
	struct iphdr tmp;
	u32 off;

	if (p->pf == NFPROTO_IPV6)
		return nflua_layer_walk6(p, NEXTHDR_FRAGMENT, &off) ==
		       NEXTHDR_FRAGMENT;
	ip = nflua_packet_bytes(p, 0, sizeof(tmp), &tmp);
	return ip && ip_is_fragment(ip);
}

/**
 * nflua_layer_offset() - where a header begins, whichever it is
 * @p: the packet, parsed
 * @record: a header
 *
 * Return: bytes from the network header, negative before it; %NFLUA_NOWHERE if
 * the packet does not have it, or not in its bytes
 */
s64 nflua_layer_offset(const struct nflua_packet *p, unsigned int record)
{
	s64 off;

	switch (record) {
	case NFLUA_RECORD_ETH:
		off = link_offset(p);
		if (off == NFLUA_NOWHERE || off + ETH_HLEN > p->noff)
			return NFLUA_NOWHERE;
		return off - p->noff;
	case NFLUA_RECORD_VLAN:
		if (skb_vlan_tag_present(p->skb) ||
		    !eth_type_vlan(p->skb->protocol))
			return NFLUA_NOWHERE;
		return tag_offset(p) - p->noff;
	case NFLUA_RECORD_AH:
		return ah_offset(p);
	default:
		return nflua_record_offset(p, record);
	}
}

static void set_view(struct nflua_packet *p, unsigned int record, bool there,
		     StkId val)
{
	setnilvalue(s2v(val));
	if (there)
		setpvalue(s2v(val), nflua_light_view(p->seq, record));
}

void nflua_layer_get_eth(lua_State *L, struct nflua_packet *p, StkId val)
{
	nflua_packet_need(p);
	set_view(p, NFLUA_RECORD_ETH,
		 nflua_layer_offset(p, NFLUA_RECORD_ETH) != NFLUA_NOWHERE, val);
}

void nflua_layer_get_vlan(lua_State *L, struct nflua_packet *p, StkId val)
{
	u8 tmp[VLAN_HLEN];
	s64 off;

	nflua_packet_need(p);
	off = nflua_layer_offset(p, NFLUA_RECORD_VLAN);
	set_view(p, NFLUA_RECORD_VLAN, skb_vlan_tag_present(p->skb) ||
		 (off != NFLUA_NOWHERE &&
		  nflua_packet_bytes(p, off, sizeof(tmp), tmp)), val);
}

void nflua_layer_get_ah(lua_State *L, struct nflua_packet *p, StkId val)
{
	s64 off;

	nflua_packet_need(p);
	/* It is looked for along all headers in front of it. */
	lua_burn(L, p->len >> 6);
	off = nflua_layer_offset(p, NFLUA_RECORD_AH);
	set_view(p, NFLUA_RECORD_AH, off != NFLUA_NOWHERE &&
		 off + nflua_header(NFLUA_RECORD_AH)->size <= p->len, val);
}
