// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that a script holds, because it stole them or made copies of them.
 *
 * Who may touch a held packet
 *
 *	The state that holds it: in a callback, so with bottom halves off and in
 *	an RCU read section, and excluding all others who enter the state. It
 *	finds packets in @slots without a lock, and takes them out (to send, to
 *	close, by a finalizer) with the lock of its &struct nflua_holding.
 *	Who gives packets up, whether a callback is running or not: the work
 *	that looks for old ones, the notifier of devices, the end of the
 *	namespace, and the end of a test run. They take a packet out with the
 *	lock, too, and free it after a grace period, for a callback may have
 *	found it before. None of them looks at the Lua state.
 *	The state's end, when no callback can run any more.
 *
 * Whoever takes a packet out of its slot owns it, and no other does. The handle
 * that Lua has is a sequence number and points to nothing: in whatever order
 * packet, handle and state go, it finds the packet or finds none.
 *
 * A held packet refers to its devices, its route and its connection. So it is
 * given up when one of the devices goes down or away, or leaves the bridge, which
 * may go without it; also if it was sent and waits for that. And before any part
 * of a namespace goes, because conntrack waits for its last connection. The
 * socket is not referred to.
 */
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <net/dst.h>
#include "held.h"
#include "run.h"
#include "state.h"

/**
 * nflua_held_free() - free a packet that was taken
 * @held: the packet; its skb may be NULL if it has gone another way
 *
 * Context: any
 */
void nflua_held_free(struct nflua_held *held)
{
	kfree_skb(held->packet.skb);
	netdev_put(held->hs.in, &held->in);
	netdev_put(held->hs.out, &held->out);
	kfree(held);
}

static void free_rcu_held(struct rcu_head *rcu)
{
	nflua_held_free(container_of(rcu, struct nflua_held, rcu));
}

/**
 * nflua_held_free_later() - free a packet that was taken in a callback
 * @held: the packet
 *
 * What asks for memory may run a finalizer, which may free the very packet that
 * is being worked on: it stays until the callback has ended.
 *
 * Context: any
 */
void nflua_held_free_later(struct nflua_held *held)
{
	call_rcu(&held->rcu, free_rcu_held);
}

/* Takes a packet out of its slot. Context: the lock of the holding */
static void unlink_held(struct nflua_holding *holding, struct nflua_held *held)
{
	RCU_INIT_POINTER(holding->slots[held->packet.seq % NFLUA_HELD_MAX],
			 NULL);
	list_del(&held->node);
	WRITE_ONCE(holding->count, holding->count - 1);
}

/* Gives a packet up that a callback may be using. Context: as unlink_held() */
static void give_up(struct nflua_holding *holding, struct nflua_held *held)
{
	unlink_held(holding, held);
	WRITE_ONCE(holding->lost, holding->lost + 1);
	nflua_held_free_later(held);
}

/* Context: process, sleeps */
static void give_up_old(struct work_struct *work)
{
	struct nflua_holding *holding =
		container_of(to_delayed_work(work), struct nflua_holding, work);
	struct nflua_held *held, *next;

	spin_lock_bh(&holding->lock);
	list_for_each_entry_safe(held, next, &holding->held, node) {
		if (time_before(jiffies, held->until)) {
			schedule_delayed_work(&holding->work,
					      held->until - jiffies);
			break;
		}
		give_up(holding, held);
	}
	spin_unlock_bh(&holding->lock);
}

/* What a state needs before its first packet. Context: softirq, its own */
static struct nflua_holding *create_holding(struct nflua_state *st)
{
	struct nflua_holding *holding;
	struct nflua_net *nn;

	holding = kzalloc(sizeof(*holding), GFP_ATOMIC | __GFP_NOWARN);
	if (!holding)
		return NULL;
	nn = nflua_net(read_pnet(&st->gen->net));
	holding->nn = nn;
	spin_lock_init(&holding->lock);
	INIT_LIST_HEAD(&holding->held);
	INIT_DELAYED_WORK(&holding->work, give_up_old);
	spin_lock(&nn->held_lock);
	holding->closed = nn->held_closed;
	list_add_tail(&holding->node, &nn->holdings);
	spin_unlock(&nn->held_lock);
	/* nflua_describe_script() looks at it. */
	smp_store_release(&st->holding, holding);
	return holding;
}

/* A sequence number of the state's whose slot is free. */
static u64 free_number(struct nflua_state *st, struct nflua_holding *holding)
{
	u64 seq;

	do {
		seq = nflua_state_number(st);
	} while (rcu_access_pointer(holding->slots[seq % NFLUA_HELD_MAX]));
	return seq;
}

/* Makes a packet independent of the path it was on. */
static void detach(struct sk_buff *skb, struct nf_hook_state *hs)
{
	const struct nf_conn *ct = nflua_packet_new_connection(skb);

	/* The clones of a frame that is flooded share it; only one may confirm it. */
	if (ct && hs->pf == NFPROTO_BRIDGE &&
	    refcount_read(&ct->ct_general.use) > 1)
		nf_reset_ct(skb);
	skb_orphan(skb);
	skb_dst_force(skb);
	hs->sk = NULL;
	/* What a sender left there may be no device at all. */
	if (skb->dev != hs->in && skb->dev != hs->out)
		skb->dev = hs->out ?: hs->in;
}

/**
 * nflua_held_add() - let a state hold a packet
 * @st: the state
 * @from: the packet that @skb is, or is a copy of
 * @skb: the packet to hold; taken over on success
 *
 * Context: in a callback
 * Return: what holds it, or an ERR_PTR(): -ENOBUFS if the state holds as many
 * as it may, -ENETDOWN if the namespace or one of the devices goes, -ENOMEM
 */
struct nflua_held *nflua_held_add(struct nflua_state *st,
				  const struct nflua_packet *from,
				  struct sk_buff *skb)
{
	struct nflua_holding *holding = st->holding ?: create_holding(st);
	struct nflua_held *held;
	int err;

	if (!holding)
		return ERR_PTR(-ENOMEM);
	held = kzalloc(sizeof(*held), GFP_ATOMIC | __GFP_NOWARN);
	if (!held)
		return ERR_PTR(-ENOMEM);
	held->hs = *from->hs;
	if (from == &st->packet) {
		held->run = nflua_run_of(from->hs);
		held->rule = from->role != NFLUA_ROLE_HOOK;
		/* What was written before counts as what is written now. */
		if (from->route_kept)
			held->route = st->route;
		else
			nflua_route_save(&held->route, skb, from->hs->pf);
		if (nflua_packet_is_callers(skb, from->hs))
			held->hs.okfn = NULL;
	} else {
		const struct nflua_held *other =
			container_of(from, struct nflua_held, packet);

		held->run = other->run;
		held->rule = other->rule;
		held->frame = other->frame;
		held->route = other->route;
	}
	/* That the okfn is a run's tells where the hook state is, see there. */
	if (held->run) {
		held->hs.okfn = NULL;
		held->run->held = true;
	}

	spin_lock(&holding->lock);
	err = -ENOBUFS;
	if (holding->count >= NFLUA_HELD_MAX)
		goto unlock;
	err = -ENETDOWN;
	if (holding->closed || (!held->run && !nflua_devices_up(&held->hs)))
		goto unlock;
	/* The run that it is of may have ended, and its devices go with it. */
	if (from != &st->packet && nflua_held_find(st, from->seq) != from)
		goto unlock;
	detach(skb, &held->hs);
	netdev_hold(held->hs.in, &held->in, GFP_ATOMIC);
	netdev_hold(held->hs.out, &held->out, GFP_ATOMIC);
	held->packet.skb = skb;
	held->packet.hs = &held->hs;
	held->packet.role = NFLUA_ROLE_HOOK;
	held->packet.l2_written = from->l2_written;
	held->packet.look = from->look;
	held->packet.seq = free_number(st, holding);
	nflua_packet_parse(&held->packet);
	held->until = jiffies + NFLUA_HELD_TIME;
	if (list_empty(&holding->held))
		schedule_delayed_work(&holding->work, NFLUA_HELD_TIME);
	list_add_tail(&held->node, &holding->held);
	WRITE_ONCE(holding->count, holding->count + 1);
	holding->last[held->packet.seq % NFLUA_HELD_MAX] = held->packet.seq;
	rcu_assign_pointer(holding->slots[held->packet.seq % NFLUA_HELD_MAX],
			   held);
	spin_unlock(&holding->lock);
	return held;

unlock:
	spin_unlock(&holding->lock);
	kfree(held);
	return ERR_PTR(err);
}

/**
 * nflua_held_find() - the held packet of a sequence number
 * @st: the state
 * @seq: any number
 *
 * Context: in a callback, to whose end the packet stays
 * Return: NULL if there is none, or none any more
 */
struct nflua_packet *nflua_held_find(struct nflua_state *st, u64 seq)
{
	struct nflua_held *held;

	if (!st->holding || !seq)
		return NULL;
	held = rcu_dereference_check(st->holding->slots[seq % NFLUA_HELD_MAX],
				     rcu_read_lock_any_held() ||
				     st->holding->closed);
	return held && held->packet.seq == seq ? &held->packet : NULL;
}

/**
 * nflua_held_take() - take a packet away from the script
 * @st: the state
 * @p: a packet that it holds
 *
 * Every view of it raises from now on.
 *
 * Context: in a callback
 * Return: the packet, now the caller's, who gives it to nflua_held_free(); NULL
 * if it was given up meanwhile
 */
struct nflua_held *nflua_held_take(struct nflua_state *st,
				   struct nflua_packet *p)
{
	struct nflua_holding *holding = st->holding;
	struct nflua_held *held = container_of(p, struct nflua_held, packet);
	bool mine;

	spin_lock(&holding->lock);
	mine = nflua_held_find(st, p->seq) == p;
	if (mine)
		unlink_held(holding, held);
	spin_unlock(&holding->lock);
	return mine ? held : NULL;
}

/**
 * nflua_held_stale() - why a view's packet is not there
 * @st: the state
 * @seq: sequence number of a view
 *
 * Return: a sentence
 */
const char *nflua_held_stale(struct nflua_state *st, u64 seq)
{
	const struct nflua_holding *holding = st->holding;

	if (holding && holding->last[seq % NFLUA_HELD_MAX] == seq)
		return "packet used after it was sent or closed (or was held for too long, or its device went)";
	if (holding && holding->stolen == seq)
		return "packet used after it was stolen (use what steal returned)";
	return "packet used outside its callback";
}

static bool is_of_device(const struct nflua_held *held, const void *dev)
{
	return held->hs.in == dev || held->hs.out == dev;
}

static bool is_of_run(const struct nflua_held *held, const void *run)
{
	return held->run == run;
}

static bool is_any(const struct nflua_held *held, const void *unused)
{
	return true;
}

/*
 * Gives up all packets of a namespace that @is_meant says. Nothing is allocated,
 * so that it cannot fail. Context: process. Return: were there any?
 */
static bool give_up_some(struct nflua_net *nn,
			 bool (*is_meant)(const struct nflua_held *held,
					  const void *arg),
			 const void *arg, bool close)
{
	struct nflua_holding *holding;
	struct nflua_held *held, *next;
	bool some = false;

	spin_lock_bh(&nn->held_lock);
	nn->held_closed |= close;
	list_for_each_entry(holding, &nn->holdings, node) {
		spin_lock(&holding->lock);
		holding->closed |= close;
		list_for_each_entry_safe(held, next, &holding->held, node) {
			if (!is_meant(held, arg))
				continue;
			give_up(holding, held);
			some = true;
		}
		spin_unlock(&holding->lock);
	}
	spin_unlock_bh(&nn->held_lock);
	return some;
}

/**
 * nflua_held_end_run() - give up what a test run left
 * @nn: the namespace
 * @run: the run, whose calls have ended; its devices may go afterwards
 *
 * Context: process, sleeps
 */
void nflua_held_end_run(struct nflua_net *nn, const struct nflua_run *run)
{
	give_up_some(nn, is_of_run, run, false);
	/* Others may have been freed before, but not yet. */
	if (run->held)
		rcu_barrier();
}

/**
 * nflua_held_release() - free all packets that a state holds
 * @st: a state that nothing enters any more; its finalizers may still run
 *
 * Context: process, sleeps
 */
void nflua_held_release(struct nflua_state *st)
{
	struct nflua_holding *holding = st->holding;
	struct nflua_held *held, *next;

	if (!holding)
		return;
	/* First nobody can give up a packet, and then nobody is about to. */
	spin_lock_bh(&holding->nn->held_lock);
	list_del(&holding->node);
	spin_unlock_bh(&holding->nn->held_lock);
	spin_lock_bh(&holding->lock);
	holding->closed = true;
	spin_unlock_bh(&holding->lock);
	cancel_delayed_work_sync(&holding->work);
	list_for_each_entry_safe(held, next, &holding->held, node) {
		unlink_held(holding, held);
		nflua_held_free(held);
	}
}

/**
 * nflua_held_destroy() - undo what held packets needed
 * @st: a state whose Lua is gone, after nflua_held_release()
 */
void nflua_held_destroy(struct nflua_state *st)
{
	kfree(st->holding);
}

/**
 * nflua_held_init_net() - prepare a namespace
 * @nn: the namespace
 */
void nflua_held_init_net(struct nflua_net *nn)
{
	spin_lock_init(&nn->held_lock);
	INIT_LIST_HEAD(&nn->holdings);
}

/**
 * nflua_held_exit_net() - give up all packets of a namespace that goes
 * @nn: the namespace; packets may still be in its scripts, but no packet can be
 *	held any more
 *
 * Context: process, sleeps
 */
void nflua_held_exit_net(struct nflua_net *nn)
{
	/* Routes use what the namespace frees later without asking. */
	if (give_up_some(nn, is_any, NULL, true))
		rcu_barrier();
}

/* Context: process, RTNL */
static int device_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	const struct netdev_notifier_changeupper_info *change = ptr;

	switch (event) {
	case NETDEV_CHANGEUPPER:
		/* No frame of the bridge that it was in is on its way by now. */
		if (change->linking || !netif_is_bridge_master(change->upper_dev))
			return NOTIFY_DONE;
		break;
	case NETDEV_DOWN:
	case NETDEV_UNREGISTER:
		break;
	default:
		return NOTIFY_DONE;
	}
	give_up_some(nflua_net(dev_net(dev)), is_of_device, dev, false);
	nflua_send_forget(dev);
	return NOTIFY_DONE;
}

static struct notifier_block device_notifier = {
	.notifier_call = device_event,
};

/**
 * nflua_held_init() - start to follow the devices
 *
 * Context: process, sleeps
 */
int nflua_held_init(void)
{
	return register_netdevice_notifier(&device_notifier);
}

/**
 * nflua_held_exit() - stop to follow the devices
 *
 * Context: process, sleeps
 */
void nflua_held_exit(void)
{
	unregister_netdevice_notifier(&device_notifier);
}
