// SPDX-License-Identifier: GPL-2.0-only
/*
 * held:send([payload]): a packet that a script holds goes on.
 *
 * What was taken in a hook of IPv4 or IPv6 goes on as if the hook had accepted
 * it late:
 *
 *	prerouting	the hooks behind, then it is routed
 *	input		the hooks behind, then it is delivered here
 *	forward		the hooks behind, then it leaves by its route
 *	output		the hooks behind, then it leaves by its route
 *	postrouting	the hooks behind, then it leaves
 *
 * and if its addresses, its mark or its class have changed since it was taken, the
 * last three look for a route again first. A rule of iptables does not know which
 * hooks are behind it: what it took goes on behind all of them.
 *
 * What was taken in a hook of a bridge goes on in the same way, as the frame it
 * is. What was taken in the families arp and netdev, and all whose link-layer
 * header the script wrote, leaves through the device that it was to leave by or,
 * if there is none, came in by.
 */
#include <linux/if_arp.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include "header.h"
#include "held.h"
#include "hook.h"
#include "send.h"
#include "skb.h"
#include "state.h"
#include "lua/kernel/lua_internal.h"

/* The route that it has, or another one if it is not the packet it was. */
static int find_route(const struct nflua_held *held, struct nf_hook_state *hs)
{
	struct sk_buff *skb = held->packet.skb;
	struct nflua_route route;
	int err;

	if (hs->hook == NF_INET_PRE_ROUTING)
		return 0;
	if (hs->hook == NF_INET_LOCAL_IN)
		return skb_dst(skb) ? 0 : -ENETUNREACH;
	nflua_route_save(&route, skb, hs->pf);
	if (skb_dst(skb) && !memcmp(&route, &held->route, sizeof(route)))
		return 0;
	err = nflua_send_route(skb, hs);
	if (err)
		return err;
	hs->out = skb_dst(skb)->dev;
	if (hs->hook == NF_INET_POST_ROUTING)
		skb->dev = (struct net_device *)hs->out;
	return 0;
}

/*
 * May a frame go on in its bridge? The ports, which are up, may have left it. What
 * arrives at the bridge itself is of its device.
 */
static bool is_in_bridge(struct sk_buff *skb, const struct nf_hook_state *hs)
{
	struct net_device *bridge;

	if ((hs->in && !netif_is_bridge_port(hs->in)) ||
	    (hs->out && !netif_is_bridge_port(hs->out)))
		return false;
	if (hs->hook != NF_BR_LOCAL_IN)
		return true;
	bridge = netdev_master_upper_dev_get_rcu((struct net_device *)hs->in);
	if (!bridge || !netif_is_bridge_master(bridge))
		return false;
	skb->dev = bridge;
	return true;
}

/**
 * nflua_send_on() - let a packet go on behind the hook where it was taken
 * @held: the packet; its skb is gone afterwards
 * @hook: the hook, from nflua_hook_met(); NULL: behind all of them
 *
 * Context: softirq, RCU read section, no state entered
 */
void nflua_send_on(struct nflua_held *held, const void *hook)
{
	struct nf_hook_state hs = held->hs;
	struct sk_buff *skb = held->packet.skb;

	nflua_helper_forget(skb);
	if (hs.pf == NFPROTO_BRIDGE ? !is_in_bridge(skb, &hs) :
				      find_route(held, &hs)) {
		kfree_skb(skb);
		return;
	}
	if (nflua_hook_behind(skb, &hs, hook) == 1)
		hs.okfn(hs.net, NULL, skb);
}

/* Makes a held packet the frame that it was, or was made. */
static int make_frame(struct nflua_packet *p)
{
	struct net_device *dev = p->hs->out ?: p->hs->in;
	struct sk_buff *skb = p->skb;

	if (!dev)
		return -ENODEV;
	if (!skb_mac_header_was_set(skb) ||
	    skb_mac_header(skb) < skb->head ||
	    skb_mac_header(skb) > skb->data ||
	    skb_mac_header(skb) + dev->hard_header_len > skb_network_header(skb))
		return -EINVAL;
	skb_push(skb, skb->data - skb_mac_header(skb));
	skb->dev = dev;
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	skb_clear_tstamp(skb);
	nf_reset_ct(skb);
	skb_dst_drop(skb);
	nflua_packet_parse(p);
	return 0;
}

/* Returns a message if there is no payload to replace, or *@err is set. */
static const char *replace(struct nflua_packet *p, const char *payload,
			   size_t len, int *err)
{
	const s64 off = nflua_packet_payload(p);
	struct sk_buff *skb = p->skb;
	unsigned int at, total;
	int room;

	*err = -EPROTONOSUPPORT;
	if (off < 0 || (p->l4proto != IPPROTO_TCP && p->l4proto != IPPROTO_UDP))
		return "neither a TCP segment nor a UDP datagram";
	if (nflua_layer_is_fragment(p))
		return "a fragment has not all of its payload";
	if (!nflua_checksum_is_known(p))
		return "its checksum is for the end of its route";
	*err = -EMSGSIZE;
	if (off + len > IP_MAX_MTU)
		return "payload is too long";
	at = p->noff + off;
	*err = -ENOMEM;
	/* From here on the packet may have moved, and be cut off. */
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	/* Segments are a matter of shared data. */
	if (skb_is_gso(skb) && skb_cloned(skb) &&
	    pskb_expand_head(skb, 0, 0, NFLUA_GFP_SEND))
		goto nomem;
	if (skb_is_gso(skb))
		skb_gso_reset(skb);
	if (pskb_trim(skb, at) || skb_linearize(skb))
		goto nomem;
	room = len - skb_tailroom(skb);
	if ((skb_cloned(skb) || room > 0) &&
	    pskb_expand_head(skb, 0, max(room, 0), NFLUA_GFP_SEND))
		goto nomem;
	skb_put_data(skb, payload, len);
	nflua_packet_parse(p);
	/* Of a frame it has been parsed as much as was there before. */
	total = skb->len - p->noff;
	if (p->pf == NFPROTO_IPV4) {
		struct iphdr *ip = (struct iphdr *)p->data;

		csum_replace2(&ip->check, ip->tot_len, htons(total));
		ip->tot_len = htons(total);
	} else {
		struct ipv6hdr *ip6 = (struct ipv6hdr *)p->data;

		ip6->payload_len = htons(total - sizeof(*ip6));
	}
	nflua_packet_parse(p);
	skb_set_transport_header(skb, p->noff + p->l4off);
	if (p->l4proto == IPPROTO_UDP)
		udp_hdr(skb)->len = htons(p->len - p->l4off);
	skb->ip_summed = CHECKSUM_NONE;
	nflua_checksum_compute(p);
	*err = 0;
	return NULL;
nomem:
	nflua_packet_parse(p);
	return "not enough memory for a packet";
}

/**
 * nflua_resend() - held:send([payload])
 * @L: the running thread
 *
 * With a payload it replaces the one that the packet has. The handle is closed
 * by it if the packet is sent.
 *
 * Return: number of results: true, or nil, message, errno
 */
int nflua_resend(lua_State *L)
{
	struct nflua_state *st = nflua_state(L);
	struct nflua_packet *p = nflua_send_check(L, "send a packet");
	struct nflua_held *held = nflua_held_of(st, p);
	const char *payload, *why;
	enum nflua_send_how how;
	size_t len = 0;
	int err;

	payload = luaL_optlstring(L, 2, NULL, &len);
	if (!held)
		luaL_error(L, "only a packet that is held can be sent (steal or copy it)");
	luaL_argcheck(L, len <= NFLUA_MESSAGE_SEND_MAX, 2,
		      "payload is too long");
	/* A helper is not told how it would go on, and what is its caller's does not. */
	if (nflua_send_is_routed(p) && !p->hs->okfn && !p->l2_written &&
	    !held->frame && !held->run)
		return nflua_send_refused(L, "a packet that was met here goes on by who brought it alone",
					  EOPNOTSUPP);
	err = nflua_send_room();
	if (err)
		return nflua_send_result(L, err);
	if (payload) {
		why = replace(p, payload, len, &err);
		if (why)
			return nflua_send_refused(L, why, -err);
	}
	if (nflua_send_shown(L, p, "held packet, %u bytes", p->len)) {
		held = nflua_held_take(st, p);
		if (held)
			nflua_held_free_later(held);
		return 1;
	}
	how = (nflua_send_is_routed(p) || p->hs->pf == NFPROTO_BRIDGE) &&
	      p->hs->okfn && !p->l2_written ? NFLUA_SEND_ON : NFLUA_SEND_FRAME;
	if (how == NFLUA_SEND_ON && !nflua_skb_is_sound(p))
		return nflua_send_refused(L, "the packet is shorter than its header, or has none",
					  EINVAL);
	if (how == NFLUA_SEND_FRAME) {
		err = make_frame(p);
		if (err)
			return nflua_send_refused(L, err == -ENODEV ?
						  "there is no device to send it by" :
						  "it has no link-layer header",
						  -err);
	}
	return nflua_send_result(L, nflua_send_held(st, p, how));
}
