/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_HELD_H
#define _NFLUA_HELD_H

#include <linux/ipv6.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/netfilter_bridge.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <net/ip.h>
#include <net/netfilter/nf_conntrack.h>
#include "packet.h"
#include "route.h"
#include "run.h"
#include "script.h"
#include "send.h"

#define NFLUA_HELD_MAX	64		/* packets that one state holds */
#define NFLUA_HELD_TIME	(10 * HZ)	/* for how long */

/**
 * struct nflua_held - a packet that a script holds: stolen, or a copy
 * @packet: the packet, as methods see it
 * @hs: where it was met; @hs.sk is NULL
 * @node: in &nflua_holding.held; whoever took it may use it for a list of theirs
 * @until: jiffies when it is given up
 * @run: the test run it belongs to; then it goes nowhere
 * @route: what its route depended on
 * @rule: it was taken in a rule, not in a hook
 * @frame: it goes on as a frame, though it was taken as a packet
 * @in: reference to @hs.in
 * @out: reference to @hs.out
 * @rcu: for those that are given up while a callback may use them
 */
struct nflua_held {
	struct nflua_packet packet;
	struct nf_hook_state hs;
	struct list_head node;
	unsigned long until;
	struct nflua_run *run;
	struct nflua_route route;
	bool rule;
	bool frame;
	netdevice_tracker in;
	netdevice_tracker out;
	struct rcu_head rcu;
};

/**
 * struct nflua_holding - the packets that a state holds
 * @nn: its namespace
 * @node: in &nflua_net.holdings
 * @lock: for all below
 * @held: &nflua_held, the oldest first
 * @count: number of them
 * @closed: there will be no more of them
 * @work: gives up those that are too old
 * @slots: the same by the end of their sequence numbers
 * @last: sequence number that was last in each slot
 * @stolen: sequence number of the call whose packet was stolen last
 * @forgotten: how many the collector found
 * @lost: how many were given up: for their age, or because of their device
 */
struct nflua_holding {
	struct nflua_net *nn;
	struct list_head node;
	spinlock_t lock;
	struct list_head held;
	unsigned int count;
	bool closed;
	struct delayed_work work;
	struct nflua_held __rcu *slots[NFLUA_HELD_MAX];
	u64 last[NFLUA_HELD_MAX];
	u64 stolen;
	u64 forgotten;
	u64 lost;
};

/**
 * nflua_held_of() - what holds a packet
 * @st: the state
 * @p: a packet of it
 *
 * Return: NULL if it is the packet of the running call, which is the caller's
 */
static inline struct nflua_held *nflua_held_of(struct nflua_state *st,
					       struct nflua_packet *p)
{
	return p == &st->packet ? NULL :
				  container_of(p, struct nflua_held, packet);
}

/*
 * Are the devices of a packet up? IFF_UP goes before the notifier is called. Who
 * takes the lock of what keeps the packet, and asks after that, sees it; what is
 * kept before, the notifier finds.
 */
static inline bool nflua_devices_up(const struct nf_hook_state *hs)
{
	return (!hs->in || hs->in->flags & IFF_UP) &&
	       (!hs->out || hs->out->flags & IFF_UP);
}

/* Does the bridge let an IP hook see a packet that is its own? */
static inline bool nflua_packet_is_bridged(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	return nf_bridge_info_exists(skb);
#else
	return false;
#endif
}

/* A packet's connection, if it is one that nobody has confirmed; or NULL */
static inline struct nf_conn *nflua_packet_new_connection(const struct sk_buff *skb)
{
	enum ip_conntrack_info info;
	struct nf_conn *ct = nf_ct_get(skb, &info);

	return ct && !nf_ct_is_template(ct) && !nf_ct_is_confirmed(ct) ? ct : NULL;
}

/*
 * Does who calls these hooks go on with the packet? What they have to call does not
 * then: a bridge's frames for protocols of the link, as LACP, are let be there, and
 * what has come in by a slave of a VRF device, and meets prerouting once more as the
 * device's own, is freed.
 */
static inline bool nflua_packet_is_callers(const struct sk_buff *skb,
					   const struct nf_hook_state *hs)
{
	if (hs->pf == NFPROTO_BRIDGE)
		return hs->hook == NF_BR_LOCAL_IN && skb->dev == hs->in &&
		       !nflua_run_of(hs);
	if (hs->hook != NF_INET_PRE_ROUTING || !hs->in ||
	    !netif_is_l3_master(hs->in))
		return false;
	if (hs->pf == NFPROTO_IPV4)
		return IPCB(skb)->flags & IPSKB_L3SLAVE;
	/* Neighbours are asked for with the slave still in the packet. */
	return hs->pf == NFPROTO_IPV6 &&
	       (IP6CB(skb)->flags & IP6SKB_L3SLAVE || skb->dev != hs->in);
}

struct nflua_held *nflua_held_add(struct nflua_state *st,
				  const struct nflua_packet *from,
				  struct sk_buff *skb);
struct nflua_held *nflua_held_take(struct nflua_state *st,
				   struct nflua_packet *p);
void nflua_held_free(struct nflua_held *held);
void nflua_held_free_later(struct nflua_held *held);
struct nflua_packet *nflua_held_find(struct nflua_state *st, u64 seq);
const char *nflua_held_stale(struct nflua_state *st, u64 seq);

void nflua_held_release(struct nflua_state *st);
void nflua_held_destroy(struct nflua_state *st);
void nflua_held_end_run(struct nflua_net *nn, const struct nflua_run *run);
void nflua_held_init_net(struct nflua_net *nn);
void nflua_held_exit_net(struct nflua_net *nn);
int nflua_held_init(void);
void nflua_held_exit(void);

/* held_lua.c */
void nflua_held_open(lua_State *L);
u64 nflua_held_test(lua_State *L, int idx);

#endif /* _NFLUA_HELD_H */
