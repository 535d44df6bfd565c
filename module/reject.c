// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkt:reject(): the kernel's own refusals, as the REJECT target of iptables
 * gives them. They are sent at once by whom they are asked for, so a clone of
 * the packet waits until they may be asked for.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/kernel.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <net/netfilter/ipv4/nf_reject.h>
#include <net/netfilter/ipv6/nf_reject.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include "held.h"
#include "send.h"
#include "skb.h"
#include "state.h"
#include "lua/kernel/lua_internal.h"

#define RESET	0xff		/* is no code of an ICMP error */
#define NONE	0xfe

/**
 * struct kind - a word for a refusal
 * @name: the word
 * @code4: code of the ICMP error, RESET, or NONE
 * @code6: the same for ICMPv6
 */
struct kind {
	const char *name;
	u8 code4;
	u8 code6;
};

/* The words of iptables, ip6tables, and those that nft has for both. */
static const struct kind kinds[] = {
	{ "port-unreachable", ICMP_PORT_UNREACH, ICMPV6_PORT_UNREACH },
	{ "host-unreachable", ICMP_HOST_UNREACH, ICMPV6_ADDR_UNREACH },
	{ "no-route", ICMP_NET_UNREACH, ICMPV6_NOROUTE },
	{ "admin-prohibited", ICMP_PKT_FILTERED, ICMPV6_ADM_PROHIBITED },
	{ "tcp-reset", RESET, RESET },
	{ "port-unreach", ICMP_PORT_UNREACH, ICMPV6_PORT_UNREACH },
	{ "tcp-rst", RESET, RESET },
	{ "net-unreach", ICMP_NET_UNREACH, NONE },
	{ "host-unreach", ICMP_HOST_UNREACH, NONE },
	{ "proto-unreach", ICMP_PROT_UNREACH, NONE },
	{ "net-prohib", ICMP_NET_ANO, NONE },
	{ "host-prohib", ICMP_HOST_ANO, NONE },
	{ "admin-prohib", ICMP_PKT_FILTERED, NONE },
	{ "icmp-net-unreachable", ICMP_NET_UNREACH, NONE },
	{ "icmp-host-unreachable", ICMP_HOST_UNREACH, NONE },
	{ "icmp-port-unreachable", ICMP_PORT_UNREACH, NONE },
	{ "icmp-proto-unreachable", ICMP_PROT_UNREACH, NONE },
	{ "icmp-net-prohibited", ICMP_NET_ANO, NONE },
	{ "icmp-host-prohibited", ICMP_HOST_ANO, NONE },
	{ "icmp-admin-prohibited", ICMP_PKT_FILTERED, NONE },
	{ "icmp6-no-route", NONE, ICMPV6_NOROUTE },
	{ "icmp6-adm-prohibited", NONE, ICMPV6_ADM_PROHIBITED },
	{ "adm-prohibited", NONE, ICMPV6_ADM_PROHIBITED },
	{ "icmp6-addr-unreachable", NONE, ICMPV6_ADDR_UNREACH },
	{ "addr-unreach", NONE, ICMPV6_ADDR_UNREACH },
	{ "icmp6-port-unreachable", NONE, ICMPV6_PORT_UNREACH },
	{ "icmp6-policy-fail", NONE, ICMPV6_POLICY_FAIL },
	{ "policy-fail", NONE, ICMPV6_POLICY_FAIL },
	{ "icmp6-reject-route", NONE, ICMPV6_REJECT_ROUTE },
	{ "reject-route", NONE, ICMPV6_REJECT_ROUTE },
};

static const struct kind *check_kind(lua_State *L, int arg)
{
	const char *name = luaL_optstring(L, arg, kinds[0].name);
	luaL_Buffer b;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	luaL_buffinit(L, &b);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		luaL_addchar(&b, ' ');
		luaL_addstring(&b, kinds[i].name);
	}
	luaL_pushresult(&b);
	luaL_error(L, "no packet is rejected with '%s', but with:%s", name,
		   lua_tostring(L, -1));
	return NULL;
}

/**
 * nflua_reject_send() - let the kernel refuse a packet
 * @net: its namespace
 * @skb: the packet, still the caller's afterwards
 * @pf: NFPROTO_IPV4 or NFPROTO_IPV6, the family of the hook
 * @code: of the ICMP error, or 0xff for a TCP reset
 * @hook: NF_INET_*, where it was met
 *
 * Context: softirq, RCU read section, no state entered
 */
void nflua_reject_send(struct net *net, struct sk_buff *skb, u8 pf, u8 code,
		       unsigned int hook)
{
	/* The answer is of the same connection. */
	nflua_helper_forget(skb);
	/* There a route is made for the answer; elsewhere one must be there. */
	if (hook == NF_INET_PRE_ROUTING)
		skb_dst_drop(skb);
	else if (!skb_dst(skb))
		return;
	if (pf == NFPROTO_IPV4 && code == RESET)
		nf_send_reset(net, NULL, skb, hook);
	else if (pf == NFPROTO_IPV4)
		nf_send_unreach(skb, code, hook);
	else if (code == RESET)
		nf_send_reset6(net, NULL, skb, hook);
	else
		nf_send_unreach6(net, skb, code, hook);
}

/* The same where packets are frames: the answer goes back by their device. */
static int reject_frame(struct nflua_packet *p, u8 code)
{
	struct net *net = p->hs->net;
	struct sk_buff *skb;
	int err;

	/* They count from skb->data, which is the frame's begin at egress. */
	if (!p->hs->in)
		return -ENODEV;
	/* That is for who calls them to see to. */
	if (skb_network_offset(p->skb) || p->noff || skb_shared(p->skb) ||
	    !nflua_reply_possible(p))
		return -EPROTO;
	if (p->pf == NFPROTO_IPV4 && code == RESET)
		skb = nf_reject_skb_v4_tcp_reset(net, p->skb, p->hs->in,
						 NF_INET_PRE_ROUTING);
	else if (p->pf == NFPROTO_IPV4)
		skb = nf_reject_skb_v4_unreach(net, p->skb, p->hs->in,
					       NF_INET_PRE_ROUTING, code);
	else if (code == RESET)
		skb = nf_reject_skb_v6_tcp_reset(net, p->skb, p->hs->in,
						 NF_INET_PRE_ROUTING);
	else
		skb = nf_reject_skb_v6_unreach(net, p->skb, p->hs->in,
					       NF_INET_PRE_ROUTING, code);
	/* Building it may have moved what was read before. */
	nflua_packet_parse(p);
	if (!skb)
		return -EPROTO;
	err = nflua_send_frame(p, skb) ?:
	      nflua_send(skb, p->hs, NFLUA_SEND_FRAME, 0);
	if (err)
		kfree_skb(skb);
	return err;
}

static int reject(struct nflua_packet *p, u8 code)
{
	struct sk_buff *skb;
	int err;

	if (!nflua_send_is_routed(p))
		return reject_frame(p, code);
	/* The kernel believes a header that has been seen to; these have changed. */
	if (p->look && !nflua_skb_is_sound(p))
		return -EPROTO;
	skb = skb_clone(p->skb, NFLUA_GFP_SEND);
	if (!skb)
		return -ENOMEM;
	/* A bridge confirms it only if nobody else has it. */
	if (nflua_packet_is_bridged(skb) && nflua_packet_new_connection(skb))
		nf_reset_ct(skb);
	err = nflua_send(skb, p->hs, NFLUA_SEND_REJECT, code);
	if (err)
		consume_skb(skb);
	return err;
}

/**
 * nflua_reject() - pkt:reject([kind])
 * @L: the running thread
 *
 * The kernel tells the packet's sender why it does not get through. What
 * becomes of the packet is the script's answer all the same.
 *
 * Return: number of results: true, or nil, message, errno
 */
int nflua_reject(lua_State *L)
{
	struct nflua_packet *p = nflua_send_check(L, "reject a packet");
	const struct kind *kind = check_kind(L, 2);
	int err;
	u8 code;

	if (p->pf != NFPROTO_IPV4 && p->pf != NFPROTO_IPV6)
		return nflua_send_refused(L, "neither an IPv4 nor an IPv6 packet",
					  EPROTONOSUPPORT);
	code = p->pf == NFPROTO_IPV4 ? kind->code4 : kind->code6;
	if (code == NONE)
		return nflua_send_refused(L, p->pf == NFPROTO_IPV4 ?
					  "that is no answer to an IPv4 packet" :
					  "that is no answer to an IPv6 packet",
					  EPROTONOSUPPORT);
	if (code == RESET && p->l4proto != IPPROTO_TCP)
		return nflua_send_refused(L, "not a TCP segment",
					  EPROTONOSUPPORT);
	if (nflua_send_shown(L, p, "rejection, %s", kind->name))
		return 1;
	err = reject(p, code);
	if (err == -EPROTO)
		return nflua_send_refused(L, "such a packet is not answered", EPROTO);
	return nflua_send_result(L, err);
}
