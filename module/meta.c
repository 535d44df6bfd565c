// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a packet is besides its bytes: where it was met, whose it is, and the
 * one line that describes it.
 *
 * All functions here run in a callback: bottom halves off, in an RCU read
 * section, and inside lua_pcall(), so that they may raise.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/sock.h>
#include <linux/unaligned.h>
#include "header.h"
#include "hook.h"
#include "packet.h"
#include "state.h"
#include "lua/kernel/lua_internal.h"

/**
 * nflua_meta_string() - store a string as a value
 * @L: the running thread
 * @val: where to, on the stack of @L
 * @s: the string
 */
void nflua_meta_string(lua_State *L, StkId val, const char *s)
{
	ptrdiff_t at = savestack(L, val);
	TString *ts = luaS_new(L, s);

	val = restorestack(L, at);
	setsvalue2s(L, val, ts);
}

void nflua_meta_get_len(lua_State *L, struct nflua_packet *p, StkId val)
{
	nflua_packet_need(p);
	setivalue(s2v(val), p->len);
}

void nflua_meta_get_mark(lua_State *L, struct nflua_packet *p, StkId val)
{
	setivalue(s2v(val), p->skb->mark);
}

void nflua_meta_set_mark(lua_State *L, struct nflua_packet *p,
			 const TValue *val)
{
	const u32 mark = nflua_field_uint(L, "packet", "mark", 32, val);

	nflua_route_keep(nflua_state(L), p);
	p->skb->mark = mark;
}

void nflua_meta_get_priority(lua_State *L, struct nflua_packet *p, StkId val)
{
	setivalue(s2v(val), p->skb->priority);
}

void nflua_meta_set_priority(lua_State *L, struct nflua_packet *p,
			     const TValue *val)
{
	p->skb->priority = nflua_field_uint(L, "packet", "priority", 32, val);
}

void nflua_meta_get_hook(lua_State *L, struct nflua_packet *p, StkId val)
{
	nflua_meta_string(L, val, nflua_hook_word(p->hs->pf, p->hs->hook));
}

void nflua_meta_get_family(lua_State *L, struct nflua_packet *p, StkId val)
{
	nflua_meta_string(L, val, nflua_family_word(p->hs->pf));
}

/* the Ethernet type, as nft's "meta protocol" */
void nflua_meta_get_protocol(lua_State *L, struct nflua_packet *p, StkId val)
{
	setivalue(s2v(val), ntohs(p->skb->protocol));
}

static void set_ifindex(StkId val, const struct net_device *dev)
{
	setnilvalue(s2v(val));
	if (dev)
		setivalue(s2v(val), dev->ifindex);
}

void nflua_meta_get_iif(lua_State *L, struct nflua_packet *p, StkId val)
{
	set_ifindex(val, p->hs->in);
}

void nflua_meta_get_oif(lua_State *L, struct nflua_packet *p, StkId val)
{
	set_ifindex(val, p->hs->out);
}

static void set_device(lua_State *L, StkId val, const struct net_device *dev)
{
	setnilvalue(s2v(val));
	if (dev)
		nflua_meta_string(L, val, dev->name);
}

void nflua_meta_get_iifname(lua_State *L, struct nflua_packet *p, StkId val)
{
	set_device(L, val, p->hs->in);
}

void nflua_meta_get_oifname(lua_State *L, struct nflua_packet *p, StkId val)
{
	set_device(L, val, p->hs->out);
}

/* The flow's hash, from the device or computed; it is kept in the packet. */
void nflua_meta_get_hash(lua_State *L, struct nflua_packet *p, StkId val)
{
	setivalue(s2v(val), skb_get_hash(p->skb));
}

/* Who opened the socket that the packet belongs to. */
void nflua_meta_get_uid(lua_State *L, struct nflua_packet *p, StkId val)
{
	struct sock *sk = skb_to_full_sk(p->skb);

	setnilvalue(s2v(val));
	if (!sk || !sk_fullsock(sk) || !net_eq(p->hs->net, sock_net(sk)))
		return;
	read_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_socket && sk->sk_socket->file)
		setivalue(s2v(val),
			  from_kuid_munged(sock_net(sk)->user_ns,
					   sk->sk_socket->file->f_cred->fsuid));
	read_unlock_bh(&sk->sk_callback_lock);
}

static const char *transport_word(int l4proto)
{
	switch (l4proto) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "icmp6";
	case IPPROTO_SCTP:
		return "sctp";
	case IPPROTO_GRE:
		return "gre";
	case IPPROTO_ESP:
		return "esp";
	case IPPROTO_AH:
		return "ah";
	}
	return NULL;
}

/* An address, and a port if there is one. */
static int put_address(char *buf, size_t size, u8 pf, const void *addr,
		       const void *port)
{
	int n;

	if (pf == NFPROTO_IPV6)
		n = scnprintf(buf, size, port ? "[%pI6c]" : "%pI6c", addr);
	else
		n = scnprintf(buf, size, "%pI4", addr);
	if (port)
		n += scnprintf(buf + n, size - n, ":%u",
			       get_unaligned_be16(port));
	return n;
}

/* The two ends of the network layer, and its protocol. */
static int put_network(char *buf, size_t size, const struct nflua_packet *p)
{
	const bool ports = p->l4proto == IPPROTO_TCP ||
			   p->l4proto == IPPROTO_UDP ||
			   p->l4proto == IPPROTO_SCTP;
	const unsigned int alen = p->pf == NFPROTO_IPV6 ? 16 : 4;
	unsigned int src, dst;
	const u8 *addr, *port = NULL;
	u8 addrs[40], l4[4];
	int n;

	switch (p->pf) {
	case NFPROTO_IPV4:
		src = offsetof(struct iphdr, saddr);
		dst = offsetof(struct iphdr, daddr);
		break;
	case NFPROTO_IPV6:
		src = offsetof(struct ipv6hdr, saddr);
		dst = offsetof(struct ipv6hdr, daddr);
		break;
	case NFPROTO_ARP:
		src = 14;
		dst = 24;
		break;
	default:
		return scnprintf(buf, size, " protocol 0x%04x",
				 ntohs(p->skb->protocol));
	}
	addr = nflua_packet_bytes(p, src, dst + alen - src, addrs);
	if (!addr)
		return 0;
	if (ports)
		port = nflua_packet_bytes(p, p->l4off, sizeof(l4), l4);
	n = scnprintf(buf, size, " ");
	n += put_address(buf + n, size - n, p->pf, addr, port);
	n += scnprintf(buf + n, size - n, " > ");
	n += put_address(buf + n, size - n, p->pf, addr + (dst - src),
			 port ? port + 2 : NULL);
	if (p->pf == NFPROTO_ARP)
		n += scnprintf(buf + n, size - n, " arp");
	else if (p->l4proto < 0)
		n += scnprintf(buf + n, size - n, " without transport layer");
	else if (transport_word(p->l4proto))
		n += scnprintf(buf + n, size - n, " %s",
			       transport_word(p->l4proto));
	else
		n += scnprintf(buf + n, size - n, " protocol %d", p->l4proto);
	return n;
}

/**
 * nflua_meta_describe() - tostring(pkt): one line about the packet
 * @L: the running thread; a string is pushed
 * @p: the packet, parsed
 *
 * Return: 1
 */
int nflua_meta_describe(lua_State *L, struct nflua_packet *p)
{
	const struct nf_hook_state *hs = p->hs;
	char buf[224];
	int n;

	n = scnprintf(buf, sizeof(buf), "packet: %s %s",
		      nflua_family_word(hs->pf),
		      nflua_hook_word(hs->pf, hs->hook));
	if (hs->in)
		n += scnprintf(buf + n, sizeof(buf) - n, " %s", hs->in->name);
	if (hs->out)
		n += scnprintf(buf + n, sizeof(buf) - n, "%s %s",
			       hs->in ? " to" : "", hs->out->name);
	n += put_network(buf + n, sizeof(buf) - n, p);
	scnprintf(buf + n, sizeof(buf) - n, ", %u bytes", p->len);
	lua_pushstring(L, buf);
	return 1;
}
