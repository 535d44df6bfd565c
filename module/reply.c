// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkt:tcpreply() and pkt:reply(): a packet is answered as the host would that
 * it was going to.
 *
 * An answer is made while the script runs and waits to be sent. What it says
 * follows from the packet alone: addresses and ports change places, a segment
 * acknowledges all that the packet carried and continues where the packet says
 * that its sender expects more, and the clock of a connection with timestamps
 * (RFC 7323) is the peer's as the packet echoes it.
 *
 * To conntrack an answer is what it seems, a packet of the peer's in the other
 * direction, so that it follows the connection. Where there is NAT it has the
 * addresses that the peer knows, whatever the packet had at its hook, and NAT
 * goes on from there. Only of a connection that is not confirmed yet conntrack
 * would not find it: there the answer is related to it, as a rejection is.
 */
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/tcp.h>
#include <net/udp.h>
#include "packet.h"
#include "send.h"
#include "state.h"
#include "lua/kernel/lua_internal.h"

#define MESSAGE_MAX	NFLUA_MESSAGE_SEND_MAX
/* NOP, NOP, and the timestamps */
#define STAMP_SIZE	TCPOLEN_TSTAMP_ALIGNED

/**
 * struct answer - an answer that is being made
 * @p: the packet
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @header: bytes of its transport header
 * @message: what follows it
 * @len: bytes of that
 * @src: from where
 * @dst: to where
 * @sport: from which port
 * @dport: to which port
 */
struct answer {
	struct nflua_packet *p;
	u8 proto;
	unsigned int header;
	const char *message;
	size_t len;
	union nf_inet_addr src;
	union nf_inet_addr dst;
	__be16 sport;
	__be16 dport;
};

/*
 * Source and destination change places. Returns false if there is not one host
 * that can answer, and one to answer to.
 */
static bool turn_addresses(struct answer *a)
{
	const struct nflua_packet *p = a->p;
	const struct ipv6hdr *ip6;
	const struct iphdr *ip;
	union {
		struct ipv6hdr ip6;
		struct iphdr ip;
	} buf;

	if (p->skb->pkt_type == PACKET_BROADCAST ||
	    p->skb->pkt_type == PACKET_MULTICAST)
		return false;
	if (p->pf == NFPROTO_IPV4) {
		ip = nflua_packet_bytes(p, 0, sizeof(*ip), &buf.ip);
		if (!ip)
			return false;
		a->src.ip = ip->daddr;
		a->dst.ip = ip->saddr;
		return !ipv4_is_multicast(ip->daddr) &&
		       !ipv4_is_lbcast(ip->daddr) &&
		       !ipv4_is_zeronet(ip->daddr) &&
		       !ipv4_is_multicast(ip->saddr) &&
		       !ipv4_is_lbcast(ip->saddr) &&
		       !ipv4_is_zeronet(ip->saddr);
	}
	ip6 = nflua_packet_bytes(p, 0, sizeof(*ip6), &buf.ip6);
	if (!ip6)
		return false;
	a->src.in6 = ip6->daddr;
	a->dst.in6 = ip6->saddr;
	return ipv6_addr_type(&ip6->saddr) & IPV6_ADDR_UNICAST &&
	       ipv6_addr_type(&ip6->daddr) & IPV6_ADDR_UNICAST;
}

/**
 * nflua_reply_possible() - is a packet from one host to one host?
 * @p: the packet, of IPv4 or IPv6
 */
bool nflua_reply_possible(struct nflua_packet *p)
{
	struct answer a = { .p = p };

	return turn_addresses(&a);
}

/* The same for ports, which lie where those of TCP and UDP do. */
static void turn_ports(struct answer *a, __be16 sport, __be16 dport)
{
	enum ip_conntrack_info ctinfo;
	const struct nf_conntrack_tuple *t;
	const struct nf_conn *ct = nf_ct_get(a->p->skb, &ctinfo);

	a->sport = dport;
	a->dport = sport;
	if (!ct || !nf_ct_is_confirmed(ct) || !(ct->status & IPS_NAT_MASK) ||
	    !nflua_send_is_routed(a->p))
		return;
	/* What conntrack expects from the peer. */
	t = &ct->tuplehash[!CTINFO2DIR(ctinfo)].tuple;
	if (t->dst.protonum != a->proto || t->src.l3num != a->p->pf)
		return;
	a->src = t->src.u3;
	a->dst = t->dst.u3;
	a->sport = t->src.u.all;
	a->dport = t->dst.u.all;
}

static void put_ip(const struct answer *a, struct sk_buff *skb)
{
	struct iphdr *ip;

	ip = skb_put_zero(skb, sizeof(*ip));
	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tot_len = htons(sizeof(*ip) + a->header + a->len);
	/* A datagram that is too long is cut; of TCP there are segments. */
	if (a->proto == IPPROTO_TCP)
		ip->frag_off = htons(IP_DF);
	ip->ttl = IPDEFTTL;
	ip->protocol = a->proto;
	ip->saddr = a->src.ip;
	ip->daddr = a->dst.ip;
	ip_send_check(ip);
	skb->protocol = htons(ETH_P_IP);
}

static void put_ip6(const struct answer *a, struct sk_buff *skb)
{
	struct ipv6hdr *ip;

	ip = skb_put_zero(skb, sizeof(*ip));
	ip->version = 6;
	ip->payload_len = htons(a->header + a->len);
	ip->hop_limit = IPV6_DEFAULT_HOPLIMIT;
	ip->nexthdr = a->proto;
	ip->saddr = a->src.in6;
	ip->daddr = a->dst.in6;
	skb->protocol = htons(ETH_P_IPV6);
	skb->ignore_df = a->proto == IPPROTO_UDP;
}

/* The rest of the checksum is left to the device, or to who needs it before. */
static __sum16 begin_checksum(const struct answer *a, struct sk_buff *skb,
			      unsigned int offset)
{
	const unsigned int len = a->header + a->len;

	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offset;
	if (skb->protocol == htons(ETH_P_IP))
		return ~csum_tcpudp_magic(ip_hdr(skb)->saddr,
					  ip_hdr(skb)->daddr, len, a->proto, 0);
	return ~csum_ipv6_magic(&ipv6_hdr(skb)->saddr, &ipv6_hdr(skb)->daddr,
				len, a->proto, 0);
}

/* How conntrack learns what the answer belongs to, see above. */
static void relate(struct sk_buff *skb, const struct sk_buff *old)
{
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct = nf_ct_get(old, &ctinfo);

	if (!ct && ctinfo == IP_CT_UNTRACKED)
		nf_ct_set(skb, NULL, ctinfo);
	if (ct && !nf_ct_is_template(ct) && !nf_ct_is_confirmed(ct))
		nf_ct_attach(skb, old);
}

/* Headers of an answer, and its message; the transport header is zero. */
static struct sk_buff *make(const struct answer *a)
{
	const unsigned int room = LL_MAX_HEADER + sizeof(struct ipv6hdr);
	struct sk_buff *skb;

	skb = alloc_skb(room + a->header + a->len,
			NFLUA_GFP_SEND);
	if (!skb)
		return NULL;
	skb_reserve(skb, LL_MAX_HEADER);
	skb_reset_network_header(skb);
	if (a->p->pf == NFPROTO_IPV4)
		put_ip(a, skb);
	else
		put_ip6(a, skb);
	skb_set_transport_header(skb, skb->len);
	skb_put_zero(skb, a->header);
	skb_put_data(skb, a->message, a->len);
	skb->mark = a->p->skb->mark;
	relate(skb, a->p->skb);
	return skb;
}

static int send(lua_State *L, struct nflua_packet *p, struct sk_buff *skb)
{
	int err;

	if (nflua_send_is_routed(p))
		err = nflua_send(skb, p->hs, NFLUA_SEND_ROUTED, 0);
	else
		err = nflua_send_frame(p, skb) ?:
		      nflua_send(skb, p->hs, NFLUA_SEND_FRAME, 0);
	if (err)
		kfree_skb(skb);
	return nflua_send_result(L, err);
}

/* Can this packet be answered with a message like this? Else why not. */
static const char *refuse(struct answer *a)
{
	if (a->p->l4proto != a->proto)
		return a->proto == IPPROTO_TCP ? "not a TCP segment" :
						 "not a UDP datagram";
	if (!turn_addresses(a))
		return "not from one host to one host";
	return NULL;
}

/* Its transport header, and bytes of the packet behind the network header. */
static const struct tcphdr *get_tcp(struct nflua_packet *p, struct tcphdr *buf,
				    u32 *end)
{
	const struct ipv6hdr *ip6;
	const struct iphdr *ip;
	union {
		struct ipv6hdr ip6;
		struct iphdr ip;
	} head;
	u32 len = 0;

	/* What a device has put behind the packet is not part of it. */
	if (p->pf == NFPROTO_IPV4) {
		ip = nflua_packet_bytes(p, 0, sizeof(*ip), &head.ip);
		if (ip)
			len = ntohs(ip->tot_len);
	} else {
		ip6 = nflua_packet_bytes(p, 0, sizeof(*ip6), &head.ip6);
		if (ip6 && ip6->payload_len)
			len = ntohs(ip6->payload_len) + sizeof(*ip6);
	}
	/* More than can be said is said by 0. */
	*end = len && len < p->len ? len : p->len;
	return nflua_packet_bytes(p, p->l4off, sizeof(*buf), buf);
}

/* Finds the timestamps among the options: their two numbers, as they are. */
static const u8 *find_stamp(const u8 *opt, unsigned int len)
{
	while (len >= 2 && *opt != TCPOPT_EOL) {
		unsigned int size = *opt == TCPOPT_NOP ? 1 : opt[1];

		if (!size || size > len)
			return NULL;
		if (*opt == TCPOPT_TIMESTAMP && size == TCPOLEN_TIMESTAMP)
			return opt + 2;
		opt += size;
		len -= size;
	}
	return NULL;
}

static const char *const types[] = { "reply", "close", "reset", NULL };
enum type { REPLY, CLOSE, RESET };

/* What the peer would say: @old is the segment that it answers. */
static void put_tcp(const struct answer *a, struct sk_buff *skb,
		    enum type type, const struct tcphdr *old, u32 carried,
		    const u8 *stamp)
{
	struct tcphdr *tcp = tcp_hdr(skb);
	__be32 *opt = (__be32 *)(tcp + 1);

	tcp->source = a->sport;
	tcp->dest = a->dport;
	tcp->doff = a->header / 4;
	tcp->window = old->window;
	tcp->rst = type == RESET;
	tcp->fin = type == CLOSE;
	tcp->psh = a->len && type != RESET;
	if (old->ack)
		tcp->seq = old->ack_seq;
	/* Who is told by its own number needs no other. */
	if (type != RESET || !old->ack) {
		tcp->ack = 1;
		tcp->ack_seq = htonl(ntohl(old->seq) + old->syn + old->fin +
				     carried);
	}
	if (stamp) {
		opt[0] = htonl(TCPOPT_NOP << 24 | TCPOPT_NOP << 16 |
			       TCPOPT_TIMESTAMP << 8 | TCPOLEN_TIMESTAMP);
		memcpy(&opt[1], stamp + 4, 4);
		memcpy(&opt[2], stamp, 4);
	}
	tcp->check = begin_checksum(a, skb, offsetof(struct tcphdr, check));
}

static int tcp_answer(lua_State *L, struct nflua_packet *p, enum type type,
		      const char *message, size_t len)
{
	struct answer a = { .p = p, .proto = IPPROTO_TCP, .message = message,
			    .len = len, .header = sizeof(struct tcphdr) };
	const struct tcphdr *old = NULL;
	const u8 *opt, *stamp = NULL;
	u8 opts[MAX_TCP_OPTION_SPACE];
	const char *why = refuse(&a);
	struct sk_buff *skb;
	struct tcphdr tmp;
	u32 end, behind;

	if (why)
		return nflua_send_refused(L, why, EPROTONOSUPPORT);
	old = get_tcp(p, &tmp, &end);
	behind = old ? p->l4off + old->doff * 4 : 0;
	if (!old || old->doff < 5 || behind > end)
		return nflua_send_refused(L, "TCP header is cut off", EPROTO);
	if (old->rst)
		return nflua_send_refused(L, "a reset is not answered", EPROTO);
	if (type != RESET && (old->syn || !old->ack))
		return nflua_send_refused(L, "a segment that opens a connection can only be reset",
					  EPROTO);
	if (nflua_send_shown(L, p, "TCP %s, %zu bytes", types[type], len))
		return 1;
	opt = nflua_packet_bytes(p, p->l4off + sizeof(tmp),
				 behind - p->l4off - sizeof(tmp), opts);
	if (opt && type != RESET)
		stamp = find_stamp(opt, behind - p->l4off - sizeof(tmp));
	if (stamp)
		a.header += STAMP_SIZE;
	turn_ports(&a, old->source, old->dest);
	skb = make(&a);
	if (!skb)
		return nflua_send_result(L, -ENOMEM);
	put_tcp(&a, skb, type, old, end - behind, stamp);
	return send(L, p, skb);
}

static int udp_answer(lua_State *L, struct nflua_packet *p,
		      const char *message, size_t len)
{
	struct answer a = { .p = p, .proto = IPPROTO_UDP, .message = message,
			    .len = len, .header = sizeof(struct udphdr) };
	const struct udphdr *old;
	const char *why = refuse(&a);
	struct udphdr *udp, tmp;
	struct sk_buff *skb;

	if (why)
		return nflua_send_refused(L, why, EPROTONOSUPPORT);
	old = nflua_packet_bytes(p, p->l4off, sizeof(tmp), &tmp);
	if (!old)
		return nflua_send_refused(L, "UDP header is cut off", EPROTO);
	if (nflua_send_shown(L, p, "UDP reply, %zu bytes", len))
		return 1;
	turn_ports(&a, old->source, old->dest);
	skb = make(&a);
	if (!skb)
		return nflua_send_result(L, -ENOMEM);
	udp = udp_hdr(skb);
	udp->source = a.sport;
	udp->dest = a.dport;
	udp->len = htons(sizeof(*udp) + len);
	udp->check = begin_checksum(&a, skb, offsetof(struct udphdr, check));
	return send(L, p, skb);
}

static const char *check_message(lua_State *L, int arg, size_t *len)
{
	const char *message = luaL_optlstring(L, arg, "", len);

	luaL_argcheck(L, *len <= MESSAGE_MAX, arg, "message is too long");
	return message;
}

/* The type that argument 2 names, -1 if it is none */
static int find_type(lua_State *L)
{
	const char *word;
	int i;

	if (lua_type(L, 2) != LUA_TSTRING)
		return -1;
	word = lua_tostring(L, 2);
	for (i = 0; types[i]; i++)
		if (!strcmp(types[i], word))
			return i;
	return -1;
}

/**
 * nflua_reply_tcp() - pkt:tcpreply([type,] message)
 * @L: the running thread
 *
 * Answers a TCP segment as its receiver would: type "reply" sends the message,
 * or without one an acknowledgement; "close" ends the connection behind it;
 * "reset" breaks it.
 *
 * Return: number of results: true, or nil, message, errno
 */
int nflua_reply_tcp(lua_State *L)
{
	struct nflua_packet *p = nflua_send_check(L, "answer a packet");
	int type = find_type(L);
	const char *message;
	size_t len;

	/* A message of its own may be any word. */
	if (type < 0 && !lua_isnoneornil(L, 3))
		type = luaL_checkoption(L, 2, NULL, types);
	message = check_message(L, type < 0 ? 2 : 3, &len);
	return tcp_answer(L, p, type < 0 ? REPLY : type, message, len);
}

/**
 * nflua_reply() - pkt:reply("tcp" | "udp", message)
 * @L: the running thread
 *
 * Return: number of results: true, or nil, message, errno
 */
int nflua_reply(lua_State *L)
{
	static const char *const protocols[] = { "tcp", "udp", NULL };
	struct nflua_packet *p = nflua_send_check(L, "answer a packet");
	int udp = luaL_checkoption(L, 2, NULL, protocols);
	const char *message;
	size_t len;

	message = check_message(L, 3, &len);
	return udp ? udp_answer(L, p, message, len) :
		     tcp_answer(L, p, REPLY, message, len);
}
