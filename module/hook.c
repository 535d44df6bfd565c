// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netfilter hooks that belong to scripts.
 *
 * A hook that old and new generation have in common keeps its registration
 * and switches in place; a new one is live before one that vanishes goes, so
 * that a packet may meet both, but never neither.
 */
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include "entry.h"
#include "hook.h"
#include "run.h"

/* "nft list hooks" shows this name, and the module's. */
static unsigned int nflua_hook_run(void *priv, struct sk_buff *skb,
				   const struct nf_hook_state *state)
{
	const struct nflua_hook *hook = priv;
	const struct nflua_entry *entry = rcu_dereference(hook->point.entry);
	unsigned int outcome;

	/* Not published yet, or unregistered and on its way out. */
	if (unlikely(!entry))
		return NF_ACCEPT;
	outcome = nflua_entry_run(entry, NFLUA_ROLE_HOOK,
				  entry->reg.on_error, skb, state);
	if (likely(outcome == NFLUA_A_OUTCOME_ACCEPT))
		return NF_ACCEPT;
	return nflua_entry_verdict(outcome);
}

/* inet's ingress meets IPv4 and IPv6 only, and as such. */
static unsigned int nflua_hook_ingress(void *priv, struct sk_buff *skb,
				       const struct nf_hook_state *state)
{
	struct nf_hook_state inet = *state;

	if (skb->protocol == htons(ETH_P_IP))
		inet.pf = NFPROTO_IPV4;
	else if (skb->protocol == htons(ETH_P_IPV6))
		inet.pf = NFPROTO_IPV6;
	else
		return NF_ACCEPT;
	inet.hook = NF_INET_INGRESS;
	return nflua_hook_run(priv, skb, &inet);
}

/* Context: process, load_lock; sleeps */
static int add(struct nflua_hook *hook)
{
	int err;

	if (*hook->device)
		return nflua_device_add(hook);
	err = nf_register_net_hook(hook->nn->net, &hook->ops);
	WRITE_ONCE(hook->hooked, !err);
	return err;
}

/* Takes a hook off the packets' path, once. Context: as add() */
static void take_off(struct nflua_hook *hook)
{
	if (*hook->device) {
		nflua_device_remove(hook);
	} else if (hook->hooked) {
		nf_unregister_net_hook(hook->nn->net, &hook->ops);
		WRITE_ONCE(hook->hooked, false);
	}
}

static struct nflua_hook *find(struct list_head *hooks, const char *name)
{
	struct nflua_hook *hook;

	list_for_each_entry(hook, hooks, node)
		if (!hook->dead && !strcmp(hook->name, name))
			return hook;
	return NULL;
}

static struct nflua_hook *create(struct nflua_net *nn,
				 const struct nflua_reg *reg)
{
	struct nflua_hook *hook = kzalloc(sizeof(*hook), GFP_KERNEL_ACCOUNT);

	if (!hook)
		return NULL;
	INIT_LIST_HEAD(&hook->on);
	hook->nn = nn;
	strscpy(hook->name, reg->name, sizeof(hook->name));
	strscpy(hook->device, reg->device, sizeof(hook->device));
	hook->ops.hook = reg->family == NFPROTO_INET && *reg->device ?
			 nflua_hook_ingress : nflua_hook_run;
	hook->ops.priv = hook;
	hook->ops.pf = reg->family;
	hook->ops.hooknum = reg->hooknum;
	hook->ops.priority = reg->priority;
	return hook;
}

/**
 * nflua_hooks_prepare() - register the hooks that a new generation adds
 * @script: the script, with the hooks it has
 * @gen: the new generation
 * @fresh: list that gets the new ones; they accept until published
 * @extack: says what failed
 *
 * Context: process, load_lock; sleeps
 * Return: 0, or an error after which @fresh is empty again
 */
int nflua_hooks_prepare(struct nflua_script *script,
			struct nflua_generation *gen, struct list_head *fresh,
			struct netlink_ext_ack *extack)
{
	unsigned int i;
	int err;

	for (i = 0; i < gen->nentries; i++) {
		const struct nflua_reg *reg = &gen->entries[i].reg;
		struct nflua_hook *hook;

		if (reg->kind != NFLUA_ENTRY_HOOK ||
		    find(&script->hooks, reg->name))
			continue;
		err = -ENOMEM;
		hook = create(script->nn, reg);
		if (!hook)
			goto abort;
		list_add_tail(&hook->node, fresh);
		/* Of inet's two halves one may have been live for a moment. */
		err = add(hook);
		if (err) {
			NL_SET_ERR_MSG(extack, "netfilter refused a hook");
			goto abort;
		}
	}
	return 0;

abort:
	nflua_hooks_abort(fresh);
	return err;
}

/**
 * nflua_hooks_abort() - undo nflua_hooks_prepare()
 * @fresh: the new hooks
 *
 * Context: process, load_lock; sleeps
 */
void nflua_hooks_abort(struct list_head *fresh)
{
	struct nflua_hook *hook, *next;

	if (list_empty(fresh))
		return;
	list_for_each_entry(hook, fresh, node)
		take_off(hook);
	/* unregistering does not wait for those that are running */
	synchronize_rcu_expedited();
	list_for_each_entry_safe(hook, next, fresh, node)
		kfree(hook);
	INIT_LIST_HEAD(fresh);
}

/* An entry point that its script unregistered: packets meet it no more. */
static void clear_point(struct nflua_entry *entry)
{
	struct nflua_hook *hook = entry->hook;
	struct nflua_entry *old;

	/* A newer generation may have taken the hook over. */
	old = cmpxchg((struct nflua_entry __force **)&hook->point.entry, entry,
		      NULL);
	if (old == entry)
		schedule_work(&hook->nn->unhook);
}

/**
 * nflua_hooks_publish() - let packets meet the new generation
 * @script: the script
 * @gen: the new generation
 * @fresh: what nflua_hooks_prepare() made
 *
 * Hooks that vanish stay with the old generation until nflua_hooks_prune().
 * Cannot fail.
 */
void nflua_hooks_publish(struct nflua_script *script,
			 struct nflua_generation *gen, struct list_head *fresh)
{
	struct nflua_hook *hook;
	struct nflua_entry *entry;
	unsigned int i;

	list_splice_init(fresh, &script->hooks);
	/* From the first packet on, a callback may unregister any of them. */
	list_for_each_entry(hook, &script->hooks, node) {
		entry = hook->dead ? NULL :
			nflua_generation_find(gen, NFLUA_ENTRY_HOOK,
					      hook->name);
		if (entry)
			entry->hook = hook;
	}
	for (i = 0; i < gen->nentries; i++) {
		entry = &gen->entries[i];
		if (!entry->hook)
			continue;
		rcu_assign_pointer(entry->hook->point.entry, entry);
		/* Pairs with nflua_hook_unregister(): one of us sees the other. */
		smp_mb();
		if (READ_ONCE(entry->gone))
			clear_point(entry);
	}
}

/**
 * nflua_hooks_prune() - wait until no packet is in the old generation, and
 *	remove the hooks that it alone has
 * @script: the script, with its new generation published
 * @old: the generation that ran before
 * @added: the new generation has hooks that the old one had not
 *
 * The load that waits holds the load_lock of its namespace, and an ordinary
 * grace period takes tens of milliseconds: hence the expedited ones, which
 * cost each busy CPU an interrupt.
 *
 * Context: process, sleeps
 */
void nflua_hooks_prune(struct nflua_script *script,
		       struct nflua_generation *old, bool added)
{
	struct nflua_hook *hook, *next;
	struct nflua_entry *entry;
	LIST_HEAD(gone);

	list_for_each_entry_safe(hook, next, &script->hooks, node) {
		/*
		 * The new generation's own may be unregistered already, and
		 * belong to unhook().
		 */
		entry = rcu_dereference_protected(hook->point.entry, 1);
		if (hook->dead || (entry && entry->gen == old))
			list_move_tail(&hook->node, &gone);
	}
	/* Whoever passed a new hook's place before it was live is through. */
	if (added && !list_empty(&gone))
		synchronize_rcu_expedited();
	list_for_each_entry(hook, &gone, node)
		take_off(hook);
	/* Whoever met the old generation, in a hook or in a rule, is through. */
	synchronize_rcu_expedited();
	list_for_each_entry_safe(hook, next, &gone, node)
		kfree(hook);
}

/**
 * nflua_hooks_unhook() - take all hooks of a script off the packets' path
 * @script: the script
 *
 * Running hooks may still look at them: nflua_hooks_free() only after
 * synchronize_rcu().
 *
 * Context: process, load_lock; sleeps, may take RTNL
 */
void nflua_hooks_unhook(struct nflua_script *script)
{
	struct nflua_hook *hook;

	list_for_each_entry(hook, &script->hooks, node)
		take_off(hook);
}

/**
 * nflua_hooks_free() - free hooks that nothing can run any more
 * @script: the script
 */
void nflua_hooks_free(struct nflua_script *script)
{
	struct nflua_hook *hook, *next;

	list_for_each_entry_safe(hook, next, &script->hooks, node)
		kfree(hook);
	INIT_LIST_HEAD(&script->hooks);
}

/*
 * Takes off what handles have unregistered. Not where they do it: a packet
 * waits there. The hook itself stays until the next replace or unload, for
 * callbacks that run may still find it. Context: a work item
 */
static void unhook(struct work_struct *work)
{
	struct nflua_net *nn = container_of(work, struct nflua_net, unhook);
	struct nflua_script *script;
	struct nflua_hook *hook;

	mutex_lock(&nn->load_lock);
	list_for_each_entry(script, &nn->scripts, node) {
		list_for_each_entry(hook, &script->hooks, node) {
			if (hook->dead || rcu_access_pointer(hook->point.entry))
				continue;
			take_off(hook);
			hook->dead = true;
		}
	}
	mutex_unlock(&nn->load_lock);
}

/**
 * nflua_hooks_init() - prepare a namespace for hooks
 * @nn: the namespace's data
 */
void nflua_hooks_init(struct nflua_net *nn)
{
	INIT_LIST_HEAD(&nn->on_devices);
	INIT_WORK(&nn->unhook, unhook);
}

/**
 * nflua_hook_unregister() - unregister a hook of a script that is loaded
 * @st: a state of the script, whose generation keeps its entry points
 * @name: the entry point
 *
 * Calls that begin from now on do not meet it; those that run on other CPUs
 * end. Nothing happens in a test run, nor in a finalizer of a generation that
 * is being freed: its hooks are gone already.
 *
 * Context: packet states: bottom halves off, RCU read section, which keeps the
 * hook; control states: load_lock, which does
 * Return: whether it was registered until now
 */
bool nflua_hook_unregister(struct nflua_state *st, const char *name)
{
	struct nflua_entry *entry;
	bool was;

	/* A finalizer of a state for a CPU that comes up has nothing else. */
	rcu_read_lock();
	was = nflua_entry_unregister(st, NFLUA_ENTRY_HOOK, name);
	if (was && !nflua_run_of(st->packet.hs)) {
		entry = nflua_generation_find(st->gen, NFLUA_ENTRY_HOOK, name);
		if (READ_ONCE(entry->hook))
			clear_point(entry);
	}
	rcu_read_unlock();
	return was;
}

/**
 * nflua_hook_state() - is a hook registered?
 * @entry: the entry point of a generation, with what keeps it
 *
 * Context: process, nn->lock
 * Return: &enum nflua_hook_state, -1 before it was published, and for what is no
 * hook
 */
int nflua_hook_state(const struct nflua_entry *entry)
{
	if (READ_ONCE(entry->gone))
		return NFLUA_HOOK_UNREGISTERED;
	if (!entry->hook)
		return -1;
	return READ_ONCE(entry->hook->hooked) ? NFLUA_HOOK_HOOKED :
						NFLUA_HOOK_WAITING;
}

/* Hooks of IPv4, IPv6 or bridges at a place. Context: RCU read section */
static const struct nf_hook_entries *entries(const struct nf_hook_state *hs)
{
	const struct netns_nf *nf = &hs->net->nf;

	switch (hs->pf) {
	case NFPROTO_IPV4:
		return rcu_dereference(nf->hooks_ipv4[hs->hook]);
	case NFPROTO_IPV6:
		return rcu_dereference(nf->hooks_ipv6[hs->hook]);
#ifdef CONFIG_NETFILTER_FAMILY_BRIDGE
	case NFPROTO_BRIDGE:
		return rcu_dereference(nf->hooks_bridge[hs->hook]);
#endif
	default:
		return NULL;
	}
}

static bool is_hook_of(const struct nflua_hook *hook,
		       const struct nflua_generation *gen)
{
	unsigned int i;

	for (i = 0; i < gen->nentries; i++)
		if (READ_ONCE(gen->entries[i].hook) == hook)
			return true;
	return false;
}

/**
 * nflua_hook_met() - the hook of a script at a place
 * @hs: the place, of IPv4, IPv6 or a bridge
 * @gen: generation of the script
 *
 * Of several, the last: a packet meets none of them again behind it.
 *
 * Context: RCU read section
 * Return: for nflua_hook_behind(); not to be looked into. NULL: there is none
 */
const void *nflua_hook_met(const struct nf_hook_state *hs,
			   const struct nflua_generation *gen)
{
	const struct nf_hook_entries *e = entries(hs);
	unsigned int i = e ? e->num_hook_entries : 0;

	while (i--)
		if (e->hooks[i].hook == nflua_hook_run &&
		    is_hook_of(e->hooks[i].priv, gen))
			return e->hooks[i].priv;
	return NULL;
}

/**
 * nflua_hook_behind() - put a packet to the hooks behind one
 * @skb: the packet
 * @hs: the place, of IPv4, IPv6 or a bridge
 * @hook: the hook; if it is not there (any more), no hook is behind it
 *
 * Context: as a hook's
 * Return: 1: go on with the packet; otherwise it is gone
 */
int nflua_hook_behind(struct sk_buff *skb, struct nf_hook_state *hs,
		      const void *hook)
{
	const struct nf_hook_entries *e = entries(hs);
	unsigned int i;

	for (i = 0; hook && e && i < e->num_hook_entries; i++)
		if (e->hooks[i].hook == nflua_hook_run && e->hooks[i].priv == hook)
			return nf_hook_slow(skb, hs, e, i + 1);
	return 1;
}
