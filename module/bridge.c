// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VLAN tag of an answer to a frame that a bridge forwards or takes in itself.
 *
 * A bridge that filters VLANs gives a frame the tag that it leaves with in front of
 * the hooks forward and input. Its sender's may have been another, or none: what
 * the port's configuration says that he gets.
 *
 * The bridge is a module that we are not to load: its functions are looked up for
 * each answer.
 */
#include <linux/if_bridge.h>
#include <linux/if_vlan.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/skbuff.h>
#include "send.h"

/* What a function of the bridge returns, or @none where there is none. */
#define ASK(none, function, ...) ({					\
	typeof(&function) f = symbol_get(function);			\
	typeof(none) answer = (none);					\
									\
	if (f) {							\
		answer = f(__VA_ARGS__);				\
		symbol_put(function);					\
	}								\
	answer;								\
})

/* The VLAN of what a port gets without a tag; 0: none */
static u16 get_pvid(const struct net_device *port)
{
	u16 pvid = 0;

	return ASK(-ENOENT, br_vlan_get_pvid_rcu, port, &pvid) ? 0 : pvid;
}

/* Does a port send a VLAN's frames without a tag? */
static bool is_untagged(const struct net_device *port, u16 vid)
{
	struct bridge_vlan_info info;

	if (!ASK(-EOPNOTSUPP, br_vlan_get_info_rcu, port, vid, &info))
		return info.flags & BRIDGE_VLAN_INFO_UNTAGGED;
	/* as nearly all are configured */
	return get_pvid(port) == vid;
}

/**
 * nflua_bridge_tag() - make the tag of an answer the one that its receiver expects
 * @hs: where the packet was met that it answers
 * @skb: the answer, with that packet's tag
 *
 * Context: RCU read section
 */
void nflua_bridge_tag(const struct nf_hook_state *hs, struct sk_buff *skb)
{
	const bool input = hs->hook == NF_BR_LOCAL_IN;
	struct net_device *bridge;
	u16 tci, protocol;

	if (hs->pf != NFPROTO_BRIDGE ||
	    !(input || hs->hook == NF_BR_FORWARD) || !hs->in)
		return;
	bridge = netdev_master_upper_dev_get_rcu((struct net_device *)hs->in);
	if (!bridge || !ASK(false, br_vlan_enabled, bridge) ||
	    ASK(-ENOENT, br_vlan_get_proto, bridge, &protocol))
		return;
	tci = skb_vlan_tag_present(skb) ? skb_vlan_tag_get(skb) :
					  get_pvid(input ? bridge : hs->out);
	__vlan_hwaccel_clear_tag(skb);
	if (tci && !is_untagged(hs->in, tci & VLAN_VID_MASK))
		__vlan_hwaccel_put_tag(skb, htons(protocol), tci);
}
