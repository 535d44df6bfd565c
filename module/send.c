// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that scripts send.
 *
 * Nothing leaves while a state is entered, for what is sent may meet the same
 * script again; nor inside a table of iptables, which is not made for it. So a
 * packet waits in its CPU's queue, and a tasklet sends it right after: from a
 * stack that begins anew, whatever hook the packet came from. The queue is
 * bounded, and the tasklet sends a few at a time and then lets others have the
 * CPU: softirqs that go on for long are ksoftirqd's, which has the priority of
 * any task.
 *
 * A packet that is sent may be answered by a script again, and the answer by
 * another: as long as all of it happens within the tasklet, the depth is known
 * and bounded. Answers that go over a device and come back are as many as
 * those of two hosts that answer each other's answers.
 *
 * Who holds what: a waiting packet holds its devices and its route by
 * reference, and its namespace must not end before it. When a namespace goes,
 *
 *	its scripts are detached; what they queued is not sent any more, for
 *	the tasklet looks whether the namespace is alive, in an RCU read section
 *	that its end waits for;
 *	after a grace period no script can queue anything, and then what waits
 *	in any queue is freed, and the tasklet that is freeing one waited for;
 *	last a barrier, for routes are freed after a grace period of their own,
 *	and count themselves out of what the namespace has.
 *
 * When the module goes, all namespaces were left so before, and the tasklets
 * are killed with empty queues.
 */
#include <linux/delay.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/interrupt.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/tcp.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/route.h>
#include "header.h"
#include "held.h"
#include "hook.h"
#include "library.h"
#include "run.h"
#include "script.h"
#include "send.h"
#include "state.h"
#include "lua/kernel/lua_internal.h"

/* Packets that one run of the tasklet sends at most. */
#define BATCH	64

/**
 * struct sending - a packet that waits
 * @node: in &queue.waiting
 * @skb: the packet
 * @hs: where it, or the packet it answers, was met; its devices are referred to
 * @dev: @skb's device, referred to
 * @held: what holds @skb and the devices of @hs, NULL for what was made here
 * @hook: for NFLUA_SEND_ON, see nflua_send_on()
 * @how: &enum nflua_send_how
 * @code: for NFLUA_SEND_REJECT, see nflua_reject_send()
 * @depth: how many packets were sent because of one another before it
 */
struct sending {
	struct list_head node;
	struct sk_buff *skb;
	struct nf_hook_state hs;
	struct net_device *dev;
	struct nflua_held *held;
	const void *hook;
	u8 how;
	u8 code;
	u8 depth;
};

/**
 * struct queue - what waits to be sent on a CPU
 * @lock: for @waiting, @len and @net; only a namespace or a device that goes
 *	takes another CPU's
 * @waiting: &sending, the oldest first
 * @len: number of them
 * @net: the namespace for which a packet is just being sent
 * @depth: what packets have that are queued now
 * @tasklet: sends them
 */
struct queue {
	spinlock_t lock;
	struct list_head waiting;
	unsigned int len;
	struct net *net;
	u8 depth;
	struct tasklet_struct tasklet;
};

static DEFINE_PER_CPU(struct queue, queues);

static void hold(struct net_device *dev)
{
	if (dev)
		dev_hold(dev);
}

static void put(struct net_device *dev)
{
	if (dev)
		dev_put(dev);
}

/* What is left of it: the packet is sent, or freed before. */
static void sending_free(struct sending *s)
{
	put(s->dev);
	if (s->held) {
		s->held->packet.skb = NULL;
		nflua_held_free(s->held);
	} else {
		put(s->hs.in);
		put(s->hs.out);
	}
	kfree(s);
}

/*
 * A route to the packet's destination, for want of a better one: that it is
 * looked up again, by all that decides, needs one to begin with.
 */
static int first_route(struct sk_buff *skb, const struct nf_hook_state *hs)
{
	const struct net_device *dev = hs->in ?: hs->out;
	struct dst_entry *dst = NULL;
	struct flowi fl = {};
	int err;

	if (hs->pf == NFPROTO_IPV4) {
		fl.u.ip4.daddr = ip_hdr(skb)->daddr;
		fl.u.ip4.flowi4_oif = l3mdev_master_ifindex_rcu(dev);
		err = nf_ip_route(hs->net, &dst, &fl, false);
	} else {
		fl.u.ip6.daddr = ipv6_hdr(skb)->daddr;
		fl.u.ip6.flowi6_oif = l3mdev_master_ifindex_rcu(dev);
		/* Without its device such an address is nobody's. */
		if (dev && ipv6_addr_type(&fl.u.ip6.daddr) &
			   (IPV6_ADDR_MULTICAST | IPV6_ADDR_LINKLOCAL))
			fl.u.ip6.flowi6_oif = dev->ifindex;
		err = nf_ip6_route(hs->net, &dst, &fl, false);
	}
	if (err)
		return err;
	skb_dst_set(skb, dst);
	return 0;
}

/**
 * nflua_send_route() - look for a packet's route as for one of this host
 * @skb: the packet, which may come from any address
 * @hs: where it was met
 *
 * Context: softirq, RCU read section
 * Return: 0, or why there is none
 */
int nflua_send_route(struct sk_buff *skb, const struct nf_hook_state *hs)
{
	int err = skb_dst(skb) ? 0 : first_route(skb, hs);

	if (err)
		return err;
	return hs->pf == NFPROTO_IPV4 ?
	       ip_route_me_harder(hs->net, NULL, skb, RTN_UNSPEC) :
	       nf_ip6_route_me_harder(hs->net, NULL, skb);
}

/* More than fits is cut into segments, by the device or before it. */
static void set_segments(struct sk_buff *skb, unsigned int mtu)
{
	const bool ip4 = skb->protocol == htons(ETH_P_IP);
	unsigned int headers;

	/* Only what was made here, or has been given another payload, is not. */
	if (skb->ip_summed != CHECKSUM_PARTIAL || skb_is_gso(skb) ||
	    skb_cloned(skb))
		return;
	if (skb->len - skb_network_offset(skb) <= mtu ||
	    skb->csum_offset != offsetof(struct tcphdr, check))
		return;
	headers = skb_transport_offset(skb) - skb_network_offset(skb) +
		  tcp_hdrlen(skb);
	if (mtu < headers + 8)
		return;
	skb_shinfo(skb)->gso_size = mtu - headers;
	skb_shinfo(skb)->gso_type = ip4 ? SKB_GSO_TCPV4 : SKB_GSO_TCPV6;
	skb_shinfo(skb)->gso_segs = DIV_ROUND_UP(skb->len - headers,
						 mtu - headers);
}

/* An answer that was made here leaves as if a socket had sent it. */
static void send_routed(struct sending *s)
{
	struct net *net = s->hs.net;
	struct sk_buff *skb = s->skb;
	const struct dst_entry *dst;

	if (nflua_send_route(skb, &s->hs)) {
		kfree_skb(skb);
		return;
	}
	dst = skb_dst(skb);
	set_segments(skb, dst_mtu(dst));
	if (s->hs.pf == NFPROTO_IPV4) {
		ip_hdr(skb)->ttl = ip4_dst_hoplimit(dst);
		ip_select_ident(net, skb, NULL);
		ip_local_out(net, NULL, skb);
	} else {
		ipv6_hdr(skb)->hop_limit = ip6_dst_hoplimit(skb_dst(skb));
		ip6_local_out(net, NULL, skb);
	}
}

static void send_one(struct sending *s)
{
	/* Alive, it stays until we leave the RCU read section. */
	if (!check_net(s->hs.net)) {
		kfree_skb(s->skb);
		return;
	}
	switch (s->how) {
	case NFLUA_SEND_ROUTED:
		send_routed(s);
		break;
	case NFLUA_SEND_FRAME:
		set_segments(s->skb, READ_ONCE(s->skb->dev->mtu));
#ifdef CONFIG_NETFILTER_SKIP_EGRESS
		/* It has met these hooks. */
		s->skb->nf_skip_egress = s->hs.pf == NFPROTO_NETDEV &&
					 s->hs.hook == NF_NETDEV_EGRESS;
#endif
		/* Nobody behind us looks at the length. */
		if (is_skb_forwardable(s->skb->dev, s->skb))
			dev_queue_xmit(s->skb);
		else
			kfree_skb(s->skb);
		break;
	case NFLUA_SEND_REJECT:
		nflua_reject_send(s->hs.net, s->skb, s->hs.pf, s->code,
				  s->hs.hook);
		consume_skb(s->skb);
		break;
	case NFLUA_SEND_ON:
		nflua_send_on(s->held, s->hook);
		break;
	}
}

static struct sending *pop(struct queue *q)
{
	struct sending *s;

	spin_lock_bh(&q->lock);
	s = list_first_entry_or_null(&q->waiting, struct sending, node);
	if (s) {
		list_del(&s->node);
		q->len--;
	}
	WRITE_ONCE(q->net, s ? s->hs.net : NULL);
	spin_unlock_bh(&q->lock);
	return s;
}

/* The tasklet: softirq, of the CPU whose queue it is unless that is offline */
static void send_some(struct tasklet_struct *tasklet)
{
	struct queue *q = container_of(tasklet, struct queue, tasklet);
	unsigned int n = BATCH;
	struct sending *s;

	rcu_read_lock();
	while (n-- && (s = pop(q))) {
		this_cpu_write(queues.depth, s->depth + 1);
		send_one(s);
		sending_free(s);
	}
	this_cpu_write(queues.depth, 0);
	rcu_read_unlock();
	spin_lock_bh(&q->lock);
	WRITE_ONCE(q->net, NULL);
	if (!list_empty(&q->waiting))
		tasklet_schedule(&q->tasklet);
	spin_unlock_bh(&q->lock);
}

/**
 * nflua_send_room() - may a packet be sent?
 *
 * What it answers holds until this CPU's next packet is sent.
 *
 * Context: as nflua_send()
 * Return: 0, -ENOBUFS, -ELOOP
 */
int nflua_send_room(void)
{
	const struct queue *q = this_cpu_ptr(&queues);

	if (q->depth >= NFLUA_SEND_DEPTH)
		return -ELOOP;
	/* Others can but take some out. */
	return READ_ONCE(q->len) < NFLUA_SEND_MAX ? 0 : -ENOBUFS;
}

/* Something for a packet to wait in, or ERR_PTR() */
static struct sending *create(enum nflua_send_how how)
{
	struct sending *s;
	int err;

	err = nflua_send_room();
	if (err)
		return ERR_PTR(err);
	s = kzalloc(sizeof(*s), NFLUA_GFP_SEND);
	if (!s)
		return ERR_PTR(-ENOMEM);
	s->how = how;
	return s;
}

/* Returns -ENETDOWN, and @skb is still the caller's, if a device goes. */
static int enqueue(struct sending *s, struct sk_buff *skb)
{
	struct queue *q = this_cpu_ptr(&queues);
	struct nflua_net *nn = nflua_net(s->hs.net);
	int err = -ENETDOWN;

	if (unlikely(!READ_ONCE(nn->sends)))
		WRITE_ONCE(nn->sends, true);
	spin_lock_bh(&q->lock);
	if (nflua_devices_up(&s->hs)) {
		/* What the path of the packet it came by held is gone by then. */
		skb_dst_force(skb);
		s->skb = skb;
		s->dev = skb->dev;
		hold(s->dev);
		s->depth = q->depth;
		list_add_tail(&s->node, &q->waiting);
		q->len++;
		err = 0;
	}
	spin_unlock_bh(&q->lock);
	if (!err)
		tasklet_schedule(&q->tasklet);
	return err;
}

/**
 * nflua_send() - let a packet be sent when no state is entered
 * @skb: the packet, which is the queue's unless there is an error; for
 *	NFLUA_SEND_FRAME its data begins with the link layer, and its device is
 *	the one to leave by
 * @hs: where it, or the packet that it answers, was met
 * @how: what becomes of it
 * @code: for NFLUA_SEND_REJECT, see nflua_reject_send()
 *
 * Context: bottom halves off, RCU read section; a state may be entered
 * Return: 0, -ENOBUFS if too many wait, -ELOOP if it answers an answer to an
 * answer and so on, -ENETDOWN if the device of @hs goes, -ENOMEM
 */
int nflua_send(struct sk_buff *skb, const struct nf_hook_state *hs,
	       enum nflua_send_how how, u8 code)
{
	struct sending *s = create(how);
	int err;

	if (IS_ERR(s))
		return PTR_ERR(s);
	s->code = code;
	s->hs = *hs;
	s->hs.sk = NULL;
	hold(s->hs.in);
	hold(s->hs.out);
	err = enqueue(s, skb);
	if (err)
		sending_free(s);
	return err;
}

/**
 * nflua_send_held() - let a held packet be sent when no state is entered
 * @st: the state
 * @p: the packet, not the script's any more unless there is an error; for
 *	NFLUA_SEND_FRAME as nflua_send() wants it
 * @how: what becomes of it
 *
 * Context: in a callback
 * Return: as nflua_send(); -ENOENT if the packet was given up meanwhile
 */
int nflua_send_held(struct nflua_state *st, struct nflua_packet *p,
		    enum nflua_send_how how)
{
	struct sending *s = create(how);
	struct nflua_held *held;

	if (IS_ERR(s))
		return PTR_ERR(s);
	held = nflua_held_take(st, p);
	if (!held) {
		kfree(s);
		return -ENOENT;
	}
	s->held = held;
	s->hs = held->hs;
	if (how == NFLUA_SEND_ON && !held->rule)
		s->hook = nflua_hook_met(&held->hs, st->gen);
	if (!enqueue(s, held->packet.skb))
		return 0;
	kfree(s);
	nflua_held_free_later(held);
	return -ENOENT;
}

/**
 * nflua_send_is_routed() - does an answer to this packet go to the IP layer?
 * @p: the packet, parsed
 *
 * Return: false where packets are frames: the families bridge, arp and netdev,
 * and inet's ingress
 */
bool nflua_send_is_routed(const struct nflua_packet *p)
{
	return (p->hs->pf == NFPROTO_IPV4 || p->hs->pf == NFPROTO_IPV6) &&
	       p->hs->hook < NF_INET_NUMHOOKS;
}

/**
 * nflua_send_frame() - give an answer the link layer of the packet it answers
 * @p: the packet
 * @skb: the answer, from the network layer on; then from the link layer on
 *
 * Return: 0; -ENODEV if the packet did not come by a device; or that its
 * device knows no such header, -EINVAL
 */
int nflua_send_frame(struct nflua_packet *p, struct sk_buff *skb)
{
	struct net_device *dev = p->hs->in;
	const struct ethhdr *eth;

	if (!dev || !skb_mac_header_was_set(p->skb) || dev->type != ARPHRD_ETHER)
		return -ENODEV;
	/* A second tag is in the frame. */
	if (eth_type_vlan(p->skb->protocol))
		return -EINVAL;
	eth = eth_hdr(p->skb);
	skb->dev = dev;
	if (skb_vlan_tag_present(p->skb))
		__vlan_hwaccel_put_tag(skb, p->skb->vlan_proto,
				       skb_vlan_tag_get(p->skb));
	nflua_bridge_tag(p->hs, skb);
	if (dev_hard_header(skb, dev, ntohs(skb->protocol), eth->h_source,
			    eth->h_dest, skb->len) < 0)
		return -EINVAL;
	skb_reset_mac_header(skb);
	return 0;
}

/**
 * nflua_send_check() - the packet that argument 1 of an act is
 * @L: the running thread
 * @act: what is to be done, for messages
 *
 * Return: the packet, parsed; raises in a match, and for a part of a packet
 */
struct nflua_packet *nflua_send_check(lua_State *L, const char *act)
{
	struct nflua_packet *p = nflua_packet_check_whole(L);

	/* nor may it send what another callback held */
	if (nflua_state(L)->packet.role == NFLUA_ROLE_MATCH)
		luaL_error(L, "a match may not %s", act);
	return p;
}

/**
 * nflua_send_refused() - answer that an act was not done
 * @L: the running thread
 * @why: a sentence
 * @errno: its number
 *
 * Return: 3: nil, message, errno
 */
int nflua_send_refused(lua_State *L, const char *why, int errno)
{
	nflua_state(L)->unsent++;
	return nflua_library_failure(L, why, errno);
}

/**
 * nflua_send_result() - answer what became of an act
 * @L: the running thread
 * @err: what nflua_send() or nflua_send_frame() returned
 *
 * Return: number of results: true, or nil, message, errno
 */
int nflua_send_result(lua_State *L, int err)
{
	const char *why;

	switch (err) {
	case 0:
		nflua_state(L)->sent++;
		lua_pushboolean(L, true);
		return 1;
	case -ENOBUFS:
		why = "too many packets wait to be sent";
		break;
	case -ELOOP:
		why = "too many packets were sent because of one another";
		break;
	case -ENODEV:
		why = "there is no Ethernet device to send it by";
		break;
	case -ENETDOWN:
		why = "the packet's device goes";
		break;
	case -ENOENT:
		why = "the packet was held for too long, or its device went";
		break;
	case -ENOMEM:
		why = "not enough memory for a packet";
		break;
	default:
		why = "its device does not take it";
	}
	return nflua_send_refused(L, why, -err);
}

/**
 * nflua_send_shown() - in a test run, tell what would have been sent
 * @L: the running thread
 * @p: the packet
 * @fmt: what it is
 *
 * Return: 0 if @p is no packet of a run; otherwise 1: true
 */
int nflua_send_shown(lua_State *L, struct nflua_packet *p, const char *fmt, ...)
{
	const struct nflua_held *held = nflua_held_of(nflua_state(L), p);
	struct nflua_run *run = held ? held->run : nflua_run_of(p->hs);
	char text[160];
	va_list ap;
	int len;

	if (!run)
		return 0;
	lua_pushboolean(L, true);
	/* A packet that a run left behind, in a call of another's. */
	if (run != nflua_run_of(nflua_state(L)->packet.hs))
		return 1;
	len = scnprintf(text, sizeof(text), "not sent in a run: ");
	va_start(ap, fmt);
	len += vscnprintf(text + len, sizeof(text) - len, fmt, ap);
	va_end(ap);
	nflua_run_printed(run, text, len);
	return 1;
}

static bool is_of_net(const struct sending *s, const void *net)
{
	return s->hs.net == net;
}

static bool is_of_device(const struct sending *s, const void *dev)
{
	return s->hs.in == dev || s->hs.out == dev || s->dev == dev;
}

/* Frees the packets of a queue that @is_meant says. Context: process */
static void forget(struct queue *q,
		   bool (*is_meant)(const struct sending *s, const void *arg),
		   const void *arg)
{
	struct sending *s, *next;
	LIST_HEAD(gone);

	spin_lock_bh(&q->lock);
	list_for_each_entry_safe(s, next, &q->waiting, node) {
		if (!is_meant(s, arg))
			continue;
		list_move_tail(&s->node, &gone);
		q->len--;
	}
	spin_unlock_bh(&q->lock);
	list_for_each_entry_safe(s, next, &gone, node) {
		/* A callback may still be working on what it held. */
		if (s->held) {
			put(s->dev);
			nflua_held_free_later(s->held);
			kfree(s);
			continue;
		}
		kfree_skb(s->skb);
		sending_free(s);
	}
}

/**
 * nflua_send_forget() - let no packet of a device wait any more
 * @dev: a device that is not up any more, so that none is added
 *
 * Context: process, RTNL
 */
void nflua_send_forget(const struct net_device *dev)
{
	int cpu;

	if (!READ_ONCE(nflua_net(dev_net(dev))->sends))
		return;
	for_each_possible_cpu(cpu)
		forget(per_cpu_ptr(&queues, cpu), is_of_device, dev);
}

/**
 * nflua_send_drain() - let no packet of a namespace wait any more
 * @nn: a namespace that no script can send in: it is exiting, and RCU readers
 *	have been waited for since its scripts were detached
 *
 * Context: process, sleeps
 */
void nflua_send_drain(const struct nflua_net *nn)
{
	int cpu;

	if (!nn->sends)
		return;
	for_each_possible_cpu(cpu) {
		struct queue *q = per_cpu_ptr(&queues, cpu);

		forget(q, is_of_net, nn->net);
		/* The one that is on its way now: a packet's time. */
		while (READ_ONCE(q->net) == nn->net)
			usleep_range(50, 200);
	}
	rcu_barrier();
}

/**
 * nflua_send_init() - make the queues
 *
 * Context: process
 * Return: 0
 */
int nflua_send_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct queue *q = per_cpu_ptr(&queues, cpu);

		spin_lock_init(&q->lock);
		INIT_LIST_HEAD(&q->waiting);
		tasklet_setup(&q->tasklet, send_some);
	}
	return 0;
}

/**
 * nflua_send_exit() - undo nflua_send_init(); every namespace was drained
 *
 * Context: process, sleeps
 */
void nflua_send_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		tasklet_kill(&per_cpu_ptr(&queues, cpu)->tasklet);
}
