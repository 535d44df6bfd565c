// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's skb routines as methods of packets, with bounds that the kernel's
 * own do not have. What moves bytes or their beginning makes the packet parsed
 * again; whoever waits for it gets it as he expects it, see
 * nflua_skb_is_sound().
 *
 * All functions here run in a callback: bottom halves off, in an RCU read
 * section, and inside lua_pcall(), so that they may raise.
 */
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include "entry.h"
#include "format.h"
#include "header.h"
#include "library.h"
#include "skb.h"
#include "state.h"
#include "lua/kernel/lua_internal.h"

/* Bytes that a packet may have from its network header on. */
#define LENGTH_MAX	65535
/* Bytes in front of a packet that push() may ask for at once. */
#define PUSH_MAX	4096
/* Longest link-layer header that moves along. */
#define LINK_LENGTH_MAX	64

#define SKB_GFP		(GFP_ATOMIC | __GFP_NOWARN)

/**
 * nflua_skb_failure() - push why something was not done
 * @L: the running thread
 * @err: negative errno
 *
 * Return: 3, for nil, a message and the errno
 */
int nflua_skb_failure(lua_State *L, int err)
{
	const char *why = "not enough memory";

	switch (err) {
	case -EBUSY:
		why = "the packet is shared, and cannot be changed";
		break;
	case -EINVAL:
		why = "the packet would be shorter than its headers";
		break;
	case -EMSGSIZE:
		why = "the packet would be too long";
		break;
	case -EOPNOTSUPP:
		why = "the packet stands for several segments, or does not begin with its network header";
		break;
	case -EOVERFLOW:
		why = "the packet would have too many bytes in front of it";
		break;
	case -EPROTONOSUPPORT:
		why = "the packet has no transport protocol with a checksum that is known";
		break;
	case -ERANGE:
		why = "the packet has no such bytes";
		break;
	}
	return nflua_library_failure(L, why, -err);
}

static int done(lua_State *L)
{
	lua_pushboolean(L, true);
	return 1;
}

/*
 * The same for what changes the packet or moves its bytes: whoever calls a match
 * keeps pointers to them.
 */
static struct nflua_packet *check_changeable(lua_State *L)
{
	struct nflua_packet *p = nflua_packet_check_whole(L);

	if (p->role == NFLUA_ROLE_MATCH)
		luaL_error(L, "a match may not change its packet");
	nflua_route_keep(nflua_state(L), p);
	return p;
}

/**
 * nflua_skb_writable() - make bytes of a packet writable where they are
 * @L: the running thread
 * @p: the packet, parsed; it is parsed again if its bytes are moved
 * @off: the first, bytes from the network header; negative is before it
 * @len: how many; all of them are in the packet, or in front of it
 *
 * Raises in a match.
 *
 * Return: 0, -EBUSY, -ENOMEM, -ERANGE
 */
int nflua_skb_writable(lua_State *L, struct nflua_packet *p, s64 off, u32 len)
{
	const s64 end = p->noff + off + len;
	struct sk_buff *skb = p->skb;

	if (p->role == NFLUA_ROLE_MATCH)
		luaL_error(L, "a match may not change its packet");
	if (skb_shared(skb))
		return -EBUSY;
	/* A finalizer may have moved the begin since the caller looked. */
	if (p->noff + off < -(s64)skb_headroom(skb))
		return -ERANGE;
	nflua_route_keep(nflua_state(L), p);
	/* A chain of headers may be as long as the packet. */
	if (p->pf == NFPROTO_IPV6)
		lua_burn(L, p->len >> 6);
	if (end > 0 && !pskb_may_pull(skb, end)) {
		/* It may have moved all the same. */
		nflua_packet_refresh(p);
		return -ENOMEM;
	}
	/* That a clone leaves the headers to us says nothing of the link's. */
	if (skb_cloned(skb) && (off < 0 || end <= 0 ||
				!skb_clone_writable(skb, end)) &&
	    pskb_expand_head(skb, 0, 0, SKB_GFP))
		return -ENOMEM;
	/* The sum of a device is over the bytes as they were. */
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	nflua_packet_parse(p);
	return 0;
}

/*
 * What IP has found in its options, and kept beside the packet, is checked no
 * more by those who read their lengths again: where they may be others, there are
 * none.
 */
static void forget_options(const struct nflua_packet *p)
{
	struct inet6_skb_parm *six = IP6CB(p->skb);

	if (p->hs->pf == NFPROTO_IPV4)
		memset(&IPCB(p->skb)->opt, 0, sizeof(IPCB(p->skb)->opt));
	if (p->hs->pf != NFPROTO_IPV6)
		return;
	six->flags &= ~IP6SKB_HOPBYHOP;
	six->dst0 = 0;
	six->dst1 = 0;
	six->srcrt = 0;
	six->lastopt = 0;
#if IS_ENABLED(CONFIG_IPV6_MIP6)
	six->dsthao = 0;
#endif
}

/**
 * nflua_skb_forget_route() - a packet that comes with a route, over loopback say
 * @p: the packet, of which bytes were written
 * @off: the first, bytes from the network header
 * @len: how many
 *
 * With another destination it would keep the route all the same.
 */
void nflua_skb_forget_route(struct nflua_packet *p, s64 off, u32 len)
{
	const bool six = p->hs->pf == NFPROTO_IPV6;
	const s64 at = six ? offsetof(struct ipv6hdr, daddr) :
			     offsetof(struct iphdr, daddr);

	if (p->hs->hook == NF_INET_PRE_ROUTING &&
	    (six || p->hs->pf == NFPROTO_IPV4) &&
	    off < at + (six ? 16 : 4) && off + len > at)
		skb_dst_drop(p->skb);
}

/**
 * nflua_skb_written() - bytes of a packet were written
 * @p: the packet
 * @off: the first, bytes from the network header
 * @len: how many
 */
void nflua_skb_written(struct nflua_packet *p, s64 off, u32 len)
{
	nflua_skb_forget_route(p, off, len);
	if (off < 0)
		p->l2_written = true;
	if (off > 0 && p->l4proto >= 0 && off >= p->l4off)
		return;
	forget_options(p);
	nflua_packet_parse(p);
	p->look = true;
}

static bool is_sound_ip(struct sk_buff *skb)
{
	unsigned int header;

	if (skb_network_offset(skb) || !pskb_may_pull(skb, sizeof(struct iphdr)))
		return false;
	header = ip_hdrlen(skb);
	if (ip_hdr(skb)->version != 4 || header < sizeof(struct iphdr) ||
	    !pskb_may_pull(skb, header))
		return false;
	skb_set_transport_header(skb, header);
	return true;
}

static bool is_sound_ip6(struct sk_buff *skb)
{
	const unsigned int header = sizeof(struct ipv6hdr);

	if (skb_network_offset(skb) || !pskb_may_pull(skb, header) ||
	    ipv6_hdr(skb)->version != 6)
		return false;
	/* Behind a hop-by-hop header it was set where that was parsed. */
	if (skb_transport_offset(skb) >= (int)header &&
	    pskb_may_pull(skb, skb_transport_offset(skb)))
		return true;
	skb_set_transport_header(skb, header);
	IP6CB(skb)->nhoff = offsetof(struct ipv6hdr, nexthdr);
	return true;
}

/**
 * nflua_skb_is_sound() - may a packet go on where it was met?
 * @p: a packet whose headers or whose beginning were changed
 *
 * The hooks of the network layer are behind the place where its header is
 * checked: what comes after them believes it.
 *
 * Context: bottom halves off
 */
bool nflua_skb_is_sound(struct nflua_packet *p)
{
	bool sound = true;

	if (p->hs->pf == NFPROTO_IPV4)
		sound = is_sound_ip(p->skb);
	else if (p->hs->pf == NFPROTO_IPV6)
		sound = is_sound_ip6(p->skb);
	/* To look at the header may move it. */
	nflua_packet_parse(p);
	return sound;
}

/* Bytes of headers that a packet must keep. */
static u32 header_length(const struct nflua_packet *p)
{
	const struct iphdr *ip;
	struct iphdr tmp;

	switch (p->pf) {
	case NFPROTO_IPV4:
		ip = nflua_packet_bytes(p, 0, sizeof(tmp), &tmp);
		return max_t(u32, ip ? ip->ihl * 4 : 0, sizeof(tmp));
	case NFPROTO_IPV6:
		return sizeof(struct ipv6hdr);
	case NFPROTO_ARP:
		return sizeof(struct arphdr) + 2 * (ETH_ALEN + 4);
	default:
		return 0;
	}
}

static u32 check_count(lua_State *L, int arg)
{
	lua_Integer n = luaL_checkinteger(L, arg);

	luaL_argcheck(L, n >= 0, arg, "number is negative");
	return min_t(lua_Integer, n, INT_MAX);
}

/* pkt:linearize(): all bytes in one piece; skb_linearize() */
static int packet_linearize(lua_State *L)
{
	struct nflua_packet *p = check_changeable(L);
	int err;

	lua_burn(L, p->skb->data_len >> 6);
	if (nflua_skb_is_chain(p->skb))
		return nflua_skb_failure(L, -EOPNOTSUPP);
	if (skb_is_nonlinear(p->skb)) {
		if (skb_shared(p->skb))
			return nflua_skb_failure(L, -EBUSY);
		err = skb_linearize(p->skb);
		nflua_packet_parse(p);
		if (err)
			return nflua_skb_failure(L, -ENOMEM);
	}
	return done(L);
}

/* pkt:make_writable(len): that many bytes; skb_ensure_writable() */
static int packet_make_writable(lua_State *L)
{
	struct nflua_packet *p = check_changeable(L);
	const u32 len = check_count(L, 2);
	int err;

	lua_burn(L, p->len >> 6);
	if (len > p->len)
		return nflua_skb_failure(L, -ERANGE);
	err = nflua_skb_writable(L, p, 0, len);
	return err ? nflua_skb_failure(L, err) : done(L);
}

/* pkt:pull_tail(n): n more bytes into the first piece; __pskb_pull_tail() */
static int packet_pull_tail(lua_State *L)
{
	struct nflua_packet *p = check_changeable(L);
	const u32 n = check_count(L, 2);
	bool pulled;

	lua_burn(L, p->len >> 6);
	if (n > p->skb->data_len)
		return nflua_skb_failure(L, -ERANGE);
	if (nflua_skb_is_chain(p->skb))
		return nflua_skb_failure(L, -EOPNOTSUPP);
	if (n && skb_shared(p->skb))
		return nflua_skb_failure(L, -EBUSY);
	pulled = !n || __pskb_pull_tail(p->skb, n);
	nflua_packet_parse(p);
	return pulled ? done(L) : nflua_skb_failure(L, -ENOMEM);
}

/*
 * pkt:put(n): n more bytes, zero, at the end; skb_put(). Answers the offset of
 * the first.
 */
static int packet_put(lua_State *L)
{
	struct nflua_packet *p = check_changeable(L);
	const u32 n = check_count(L, 2);
	struct sk_buff *skb = p->skb;
	const u32 len = skb->len - p->noff;
	int room;

	lua_burn(L, (p->len + n) >> 6);
	if (skb_shared(skb))
		return nflua_skb_failure(L, -EBUSY);
	if (skb_is_gso(skb))
		return nflua_skb_failure(L, -EOPNOTSUPP);
	if (n > LENGTH_MAX || len + n > LENGTH_MAX)
		return nflua_skb_failure(L, -EMSGSIZE);
	if (skb_linearize(skb)) {
		nflua_packet_parse(p);
		return nflua_skb_failure(L, -ENOMEM);
	}
	room = max_t(int, n - skb_tailroom(skb), 0);
	if ((room || skb_cloned(skb)) && pskb_expand_head(skb, 0, room, SKB_GFP)) {
		nflua_packet_parse(p);
		return nflua_skb_failure(L, -ENOMEM);
	}
	memset(skb_put(skb, n), 0, n);
	nflua_packet_parse(p);
	lua_pushinteger(L, len);
	return 1;
}

/* What a packet of fewer bytes is to those who make segments of it. */
static void trim_segments(struct nflua_packet *p, u32 len)
{
	struct skb_shared_info *info = skb_shinfo(p->skb);
	const s64 payload = nflua_packet_payload(p);

	if (!skb_is_gso(p->skb))
		return;
	if (payload < 0 || len <= payload + info->gso_size) {
		skb_gso_reset(p->skb);
		return;
	}
	info->gso_type |= SKB_GSO_DODGY;
	info->gso_segs = 0;
}

/* pkt:trim(len): no more than so many bytes; skb_trim() */
static int packet_trim(lua_State *L)
{
	struct nflua_packet *p = check_changeable(L);
	const u32 len = check_count(L, 2);
	int err;

	if (skb_shared(p->skb))
		return nflua_skb_failure(L, -EBUSY);
	if (len < header_length(p))
		return nflua_skb_failure(L, -EINVAL);
	if (len >= p->len)
		return done(L);
	if (skb_is_gso(p->skb) && skb_has_frag_list(p->skb))
		return nflua_skb_failure(L, -EOPNOTSUPP);
	/* Segments are a matter of shared data. */
	if (skb_is_gso(p->skb) && skb_cloned(p->skb) &&
	    pskb_expand_head(p->skb, 0, 0, SKB_GFP))
		return nflua_skb_failure(L, -ENOMEM);
	/* Nobody adds a checksum to where it would have been. */
	if (p->skb->ip_summed == CHECKSUM_PARTIAL &&
	    skb_checksum_start_offset(p->skb) + p->skb->csum_offset +
			    (int)sizeof(__sum16) >
		    (int)(p->noff + len))
		p->skb->ip_summed = CHECKSUM_NONE;
	err = pskb_trim_rcsum(p->skb, p->noff + len);
	nflua_packet_parse(p);
	if (!err)
		trim_segments(p, len);
	return err ? nflua_skb_failure(L, err) : done(L);
}

/* Bytes of the link-layer header that is right in front of a packet. */
static u32 link_length(const struct sk_buff *skb)
{
	const int len = skb_mac_header_was_set(skb) ?
			skb->data - skb_mac_header(skb) : 0;

	return len > 0 && len <= LINK_LENGTH_MAX ? len : 0;
}

/* The packet begins elsewhere: so does all that is told from its beginning. */
static void begin_here(struct nflua_packet *p, const u8 *link, u32 linklen)
{
	struct sk_buff *skb = p->skb;

	if (linklen) {
		memcpy(skb->data - linklen, link, linklen);
		skb_set_mac_header(skb, -(int)linklen);
	}
	skb_reset_network_header(skb);
	skb_reset_transport_header(skb);
	/* What a device has said of the checksum was not said of this packet. */
	if (skb->ip_summed == CHECKSUM_UNNECESSARY)
		skb->ip_summed = CHECKSUM_NONE;
	/* of the header that was there */
	forget_options(p);
	nflua_packet_parse(p);
	p->look = true;
}

static int check_start(const struct nflua_packet *p)
{
	if (skb_shared(p->skb))
		return -EBUSY;
	if (skb_is_gso(p->skb) || p->noff ||
	    skb_network_offset(p->skb))
		return -EOPNOTSUPP;
	return 0;
}

/*
 * pkt:pull(n): without the first n bytes; skb_pull(). The network header is what
 * comes behind them, with the link-layer header in front of it.
 */
static int packet_pull(lua_State *L)
{
	struct nflua_packet *p = check_changeable(L);
	const u32 n = check_count(L, 2);
	struct sk_buff *skb = p->skb;
	u8 link[LINK_LENGTH_MAX];
	u32 linklen;
	int err;

	err = n > p->len ? -ERANGE : check_start(p);
	if (!err && skb_headroom(skb) + n > NFLUA_HEADROOM_MAX)
		err = -EOVERFLOW;
	if (err)
		return nflua_skb_failure(L, err);
	if (skb_ensure_writable(skb, n) ||
	    (skb_cloned(skb) && pskb_expand_head(skb, 0, 0, SKB_GFP))) {
		nflua_packet_parse(p);
		return nflua_skb_failure(L, -ENOMEM);
	}
	linklen = link_length(skb);
	memcpy(link, skb->data - linklen, linklen);
	__skb_pull(skb, n);
	skb_postpull_rcsum(skb, skb->data - n, n);
	begin_here(p, link, linklen);
	return done(L);
}

/*
 * pkt:push(n): n more bytes, zero, in front; skb_push(). The network header is
 * there then, with the link-layer header in front of it.
 */
static int packet_push(lua_State *L)
{
	struct nflua_packet *p = check_changeable(L);
	const u32 n = check_count(L, 2);
	struct sk_buff *skb = p->skb;
	u8 link[LINK_LENGTH_MAX];
	u32 linklen;
	int err;

	lua_burn(L, (p->len + n) >> 6);
	err = check_start(p);
	if (err)
		return nflua_skb_failure(L, err);
	if (n > PUSH_MAX || p->len + n > LENGTH_MAX)
		return nflua_skb_failure(L, -EMSGSIZE);
	linklen = link_length(skb);
	if (skb_cow(skb, n + linklen)) {
		nflua_packet_parse(p);
		return nflua_skb_failure(L, -ENOMEM);
	}
	memcpy(link, skb->data - linklen, linklen);
	memset(__skb_push(skb, n), 0, n);
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	begin_here(p, link, linklen);
	return done(L);
}

/* pkt:header_pointer([off [, len]]): bytes as a string; skb_header_pointer() */
static int packet_header_pointer(lua_State *L)
{
	struct nflua_packet *p = nflua_packet_check_whole(L);
	const lua_Integer off = luaL_optinteger(L, 2, 0);
	const lua_Integer len = luaL_optinteger(L, 3, p->len - off);

	luaL_argcheck(L, off >= 0, 2, "offset is negative");
	luaL_argcheck(L, len >= 0 || lua_isnoneornil(L, 3), 3,
		      "number is negative");
	if (off > p->len || len > p->len - off)
		return nflua_skb_failure(L, -ERANGE);
	nflua_push_bytes(L, p, off, len);
	return 1;
}

static int push_header(lua_State *L, unsigned int record)
{
	const struct nflua_packet *p = nflua_packet_check_whole(L);
	const struct nflua_header *h = nflua_header(record);

	if (nflua_header_belongs(h, p) && p->len >= h->size)
		lua_pushlightuserdata(L, nflua_light_view(p->seq, record));
	else
		lua_pushnil(L);
	return 1;
}

/* pkt:ip_hdr(): what pkt.ip is; ip_hdr() */
static int packet_ip_hdr(lua_State *L)
{
	return push_header(L, NFLUA_RECORD_IP);
}

/* pkt:ipv6_hdr(): what pkt.ip6 is; ipv6_hdr() */
static int packet_ipv6_hdr(lua_State *L)
{
	return push_header(L, NFLUA_RECORD_IP6);
}

/* pkt:ip_hdrlen(): bytes of the IPv4 header with its options; ip_hdrlen() */
static int packet_ip_hdrlen(lua_State *L)
{
	struct nflua_packet *p = nflua_packet_check_whole(L);
	const struct iphdr *ip = NULL;
	struct iphdr tmp;

	if (p->pf == NFPROTO_IPV4)
		ip = nflua_packet_bytes(p, 0, sizeof(tmp), &tmp);
	if (ip)
		lua_pushinteger(L, ip->ihl * 4);
	else
		lua_pushnil(L);
	return 1;
}

/* Where the checksum is that pkt:checksum() computes; negative: there is none. */
static s64 checksum_at(const struct nflua_packet *p)
{
	switch (p->l4proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return nflua_checksum_at(p);
	default:
		return -1;
	}
}

/*
 * pkt:checksum(): computes the checksums of the IPv4 header and of the transport
 * protocol anew. Of a fragment it is the header's alone.
 */
static int packet_checksum(lua_State *L)
{
	struct nflua_packet *p = check_changeable(L);
	const s64 at = checksum_at(p);
	s64 end = header_length(p);
	int err;

	lua_burn(L, p->len >> 5);
	if ((p->pf != NFPROTO_IPV4 && p->pf != NFPROTO_IPV6) || end > p->len)
		return nflua_skb_failure(L, -EPROTONOSUPPORT);
	end = max(end, at + (s64)sizeof(__sum16));
	err = nflua_skb_writable(L, p, 0, end);
	if (err)
		return nflua_skb_failure(L, err);
	if (p->pf == NFPROTO_IPV4)
		ip_send_check((struct iphdr *)p->data);
	if (nflua_layer_is_fragment(p))
		return done(L);
	if (at < 0 || !nflua_checksum_is_known(p))
		return nflua_skb_failure(L, -EPROTONOSUPPORT);
	nflua_checksum_anew(p);
	return done(L);
}

const struct nflua_field nflua_skb_fields[] = {
	NFLUA_METHOD("checksum", packet_checksum),
	NFLUA_METHOD("header_pointer", packet_header_pointer),
	NFLUA_METHOD("ip_hdr", packet_ip_hdr),
	NFLUA_METHOD("ip_hdrlen", packet_ip_hdrlen),
	NFLUA_METHOD("ipv6_hdr", packet_ipv6_hdr),
	NFLUA_METHOD("linearize", packet_linearize),
	NFLUA_METHOD("make_writable", packet_make_writable),
	NFLUA_METHOD("pull", packet_pull),
	NFLUA_METHOD("pull_tail", packet_pull_tail),
	NFLUA_METHOD("push", packet_push),
	NFLUA_METHOD("put", packet_put),
	NFLUA_METHOD("trim", packet_trim),
};
const unsigned int nflua_skb_nfields = ARRAY_SIZE(nflua_skb_fields);
