// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checksums that follow what is written to a packet.
 *
 * Those of the Internet follow by the difference: what was wrong stays wrong,
 * and no byte that is not written is looked at. Where the kernel or a device has
 * yet to complete the sum (CHECKSUM_PARTIAL), the field has that of the pseudo
 * header alone. What a device told of all bytes (CHECKSUM_COMPLETE) is kept
 * true, too.
 *
 * Context of all functions: a callback, with the bytes writable.
 */
#include <linux/crc32.h>
#include <linux/dccp.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if_tunnel.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/sctp.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/gre.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>
#include "header.h"
#include "packet.h"
#include "lua/kernel/lua_internal.h"

/**
 * nflua_checksum_at() - where the checksum of the transport layer is
 * @p: the packet, parsed
 *
 * Return: bytes from the network header; -1: there is none
 */
s64 nflua_checksum_at(const struct nflua_packet *p)
{
	const __be16 *flags;
	__be16 tmp;
	s64 off;

	switch (p->l4proto) {
	case IPPROTO_TCP:
		off = offsetof(struct tcphdr, check);
		break;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		off = offsetof(struct udphdr, check);
		break;
	case IPPROTO_DCCP:
		off = offsetof(struct dccp_hdr, dccph_checksum);
		break;
	case IPPROTO_ICMP:
		if (p->pf != NFPROTO_IPV4)
			return -1;
		off = offsetof(struct icmphdr, checksum);
		break;
	case IPPROTO_ICMPV6:
		if (p->pf != NFPROTO_IPV6)
			return -1;
		off = offsetof(struct icmp6hdr, icmp6_cksum);
		break;
	case IPPROTO_GRE:
		flags = nflua_packet_bytes(p, p->l4off, sizeof(tmp), &tmp);
		if (!flags || !(*flags & GRE_CSUM))
			return -1;
		off = sizeof(struct gre_base_hdr);
		break;
	default:
		return -1;
	}
	off += p->l4off;
	return off + (s64)sizeof(__sum16) <= p->len ? off : -1;
}

/**
 * nflua_checksum_is_known() - is the packet's destination what its checksum covers?
 * @p: the packet, parsed
 *
 * On the way that a routing header says, it is the last address of the route.
 */
bool nflua_checksum_is_known(const struct nflua_packet *p)
{
	const struct ipv6_rt_hdr *rt;
	struct ipv6_rt_hdr tmp;
	u32 off;

	if (p->pf != NFPROTO_IPV6 ||
	    nflua_layer_walk6(p, NEXTHDR_ROUTING, &off) != NEXTHDR_ROUTING)
		return true;
	rt = nflua_packet_bytes(p, off, sizeof(tmp), &tmp);
	return !rt || !rt->segments_left;
}

/* Does the transport's checksum cover the addresses of the IP header? */
static bool has_pseudo_header(const struct nflua_packet *p, u8 flags)
{
	if (p->l4proto == IPPROTO_ICMP || p->l4proto == IPPROTO_GRE)
		return false;
	return !(flags & NFLUA_FIELD_DST) || nflua_checksum_is_known(p);
}

/* Is the transport's checksum completed later? */
static bool is_partial(const struct nflua_packet *p)
{
	const struct sk_buff *skb = p->skb;

	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return false;
	if (skb_checksum_start_offset(skb) == p->noff + (int)p->l4off)
		return true;
	/* around a tunnel's packets, one to each segment */
	return skb_is_gso(skb) && p->l4proto == IPPROTO_UDP &&
	       skb_shinfo(skb)->gso_type & SKB_GSO_UDP_TUNNEL_CSUM;
}

/*
 * Where a sum begins that is completed later, inside of a packet whose own sum is
 * done: what follows is not in that, for it adds up to nothing once it is complete.
 * Bytes from the network header; -1: there is none.
 */
static s64 inner_start(const struct nflua_packet *p)
{
	const struct sk_buff *skb = p->skb;
	s64 start;

	if (skb->ip_summed != CHECKSUM_PARTIAL || is_partial(p))
		return -1;
	start = skb_checksum_start_offset(skb) - (s64)p->noff;
	return start > p->l4off &&
	       start + skb->csum_offset + sizeof(__sum16) <= p->len ? start : -1;
}

/**
 * nflua_checksum_is_inner() - is a byte outside of what the transport's sum adds up?
 * @p: the packet, parsed
 * @off: the byte, from the network header
 */
bool nflua_checksum_is_inner(const struct nflua_packet *p, s64 off)
{
	const s64 start = inner_start(p);

	return start >= 0 && off >= start;
}

/* Is the place of SCTP's checksum in the packet? */
static bool has_crc(const struct nflua_packet *p)
{
	return p->l4off + sizeof(struct sctphdr) <= p->len;
}

/**
 * nflua_checksum_end() - how far the packet must be writable for its sums
 * @p: the packet, parsed
 * @sum: &enum nflua_sum of the header that is going to be written
 * @flags: of the field
 *
 * Return: bytes from the network header
 */
s64 nflua_checksum_end(const struct nflua_packet *p, u8 sum, u8 flags)
{
	s64 end = 0;

	if (flags & NFLUA_FIELD_CHECKSUM)
		return 0;
	if (sum == NFLUA_SUM_IP)
		end = sizeof(struct iphdr);
	if (sum == NFLUA_SUM_TRANSPORT || flags & NFLUA_FIELD_PSEUDO)
		end = max_t(s64, end,
			    nflua_checksum_at(p) + (s64)sizeof(__sum16));
	if (sum == NFLUA_SUM_CRC && has_crc(p))
		end = p->l4off + sizeof(struct sctphdr);
	return end;
}

/**
 * nflua_checksum_store() - write bytes, and keep what the device said true
 * @p: the packet, parsed
 * @off: where, bytes from the network header
 * @bytes: what
 * @len: how many
 */
void nflua_checksum_store(struct nflua_packet *p, s64 off, const void *bytes,
			  u32 len)
{
	struct sk_buff *skb = p->skb;
	u8 *at = skb->data + p->noff + off;

	/* The sum begins at skb->data. */
	if (skb->ip_summed == CHECKSUM_COMPLETE && p->noff + off >= 0) {
		skb->csum = csum_block_sub(skb->csum, csum_partial(at, len, 0),
					   p->noff + off);
		skb->csum = csum_block_add(skb->csum,
					   csum_partial(bytes, len, 0),
					   p->noff + off);
	}
	/* most are one of these, and are not worth a call */
	if (len == 1)
		*at = *(const u8 *)bytes;
	else if (len == 2)
		memcpy(at, bytes, 2);
	else
		memcpy(at, bytes, len);
}

static __sum16 *sum_at(const struct nflua_packet *p, s64 off)
{
	return (__sum16 *)(p->skb->data + p->noff + off);
}

static void follow_ip(struct nflua_packet *p, __wsum diff)
{
	const s64 at = offsetof(struct iphdr, check);
	__sum16 sum = *sum_at(p, at);

	csum_replace_by_diff(&sum, diff);
	nflua_checksum_store(p, at, &sum, sizeof(sum));
}

static void follow_transport(struct nflua_packet *p, u8 flags, __wsum diff)
{
	const bool udp = p->l4proto == IPPROTO_UDP ||
			 p->l4proto == IPPROTO_UDPLITE;
	const s64 at = nflua_checksum_at(p);
	__sum16 sum;

	if (at < 0 ||
	    (flags & NFLUA_FIELD_PSEUDO && !has_pseudo_header(p, flags)))
		return;
	sum = *sum_at(p, at);
	if (is_partial(p)) {
		if (!(flags & NFLUA_FIELD_PSEUDO))
			return;
		sum = ~csum_fold(csum_add(diff, csum_unfold(sum)));
	} else {
		/* no checksum at all */
		if (udp && !sum)
			return;
		csum_replace_by_diff(&sum, diff);
		if (udp && !sum)
			sum = CSUM_MANGLED_0;
	}
	nflua_checksum_store(p, at, &sum, sizeof(sum));
}

/* The CRC of SCTP is computed over all bytes, which a fragment has not. */
static void follow_crc(struct nflua_packet *p)
{
	const s64 at = p->l4off + offsetof(struct sctphdr, checksum);
	static const __le32 zero;
	u32 off = p->l4off;
	u32 crc = ~0U;
	const void *data;
	u8 buf[128];
	__le32 sum;
	u32 len;

	if (!has_crc(p) || is_partial(p) || nflua_layer_is_fragment(p))
		return;
	nflua_checksum_store(p, at, &zero, sizeof(zero));
	while (off < p->len) {
		len = min_t(u32, p->len - off, sizeof(buf));
		data = nflua_packet_bytes(p, off, len, buf);
		if (!data)
			return;
		crc = crc32c(crc, data, len);
		off += len;
	}
	sum = cpu_to_le32(~crc);
	nflua_checksum_store(p, at, &sum, sizeof(sum));
}

/**
 * nflua_checksum_follow() - make the checksums follow
 * @p: the packet, parsed
 * @sum: &enum nflua_sum of the header that was written
 * @flags: of the field
 * @diff: the sum of what it is less the sum of what it was
 */
void nflua_checksum_follow(struct nflua_packet *p, u8 sum, u8 flags,
			   __wsum diff)
{
	if (flags & NFLUA_FIELD_CHECKSUM)
		return;
	if (sum == NFLUA_SUM_IP)
		follow_ip(p, diff);
	if (sum == NFLUA_SUM_TRANSPORT || flags & NFLUA_FIELD_PSEUDO)
		follow_transport(p, flags, diff);
	if (sum == NFLUA_SUM_CRC)
		follow_crc(p);
}

/* A datagram may be shorter than what carries it. */
static u32 transport_length(const struct nflua_packet *p)
{
	const u32 len = p->len - p->l4off;
	const struct udphdr *udp;
	struct udphdr tmp;

	if (p->l4proto != IPPROTO_UDP)
		return len;
	udp = nflua_packet_bytes(p, p->l4off, sizeof(tmp), &tmp);
	if (!udp || ntohs(udp->len) < sizeof(tmp))
		return len;
	return min_t(u32, ntohs(udp->len), len);
}

static __sum16 fold(const struct nflua_packet *p, u32 len, __wsum sum)
{
	const struct ipv6hdr *ip6 = (const struct ipv6hdr *)p->data;
	const struct iphdr *ip = (const struct iphdr *)p->data;

	if (p->l4proto == IPPROTO_ICMP)
		return csum_fold(sum);
	if (p->pf == NFPROTO_IPV4)
		return csum_tcpudp_magic(ip->saddr, ip->daddr, len, p->l4proto,
					 sum);
	return csum_ipv6_magic(&ip6->saddr, &ip6->daddr, len, p->l4proto, sum);
}

/**
 * nflua_checksum_compute() - compute the transport's checksum over all bytes
 * @p: the packet, parsed, of TCP, UDP, ICMP or ICMPv6, and no fragment
 */
void nflua_checksum_compute(struct nflua_packet *p)
{
	__sum16 *check = sum_at(p, nflua_checksum_at(p));
	const u32 len = transport_length(p);
	const s64 inner = inner_start(p);
	const __sum16 *rest;
	__wsum sum = 0;
	u32 end = len;
	__sum16 tmp;

	if (inner >= 0) {
		/* as lco_csum(): its pseudo header is what is left of it */
		rest = nflua_packet_bytes(p, inner + p->skb->csum_offset,
					  sizeof(tmp), &tmp);
		sum = rest ? ~csum_unfold(*rest) : 0;
		end = inner - p->l4off;
	}
	*check = 0;
	sum = skb_checksum(p->skb, p->noff + p->l4off, end, sum);
	*check = fold(p, len, sum);
	if (p->l4proto == IPPROTO_UDP && !*check)
		*check = CSUM_MANGLED_0;
}

/**
 * nflua_checksum_anew() - the same as far as it is not somebody else's to do
 * @p: the packet, as nflua_checksum_compute() wants it
 */
void nflua_checksum_anew(struct nflua_packet *p)
{
	__sum16 *check = sum_at(p, nflua_checksum_at(p));

	/* The device adds the rest. */
	if (is_partial(p)) {
		*check = ~fold(p, transport_length(p), 0);
		return;
	}
	/* None was asked for, which IPv4 allows. */
	if (p->l4proto == IPPROTO_UDP && p->pf == NFPROTO_IPV4 && !*check)
		return;
	nflua_checksum_compute(p);
}
