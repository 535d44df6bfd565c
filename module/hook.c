// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netfilter hooks that belong to scripts.
 *
 * A hook that old and new generation have in common keeps its registration
 * and switches in place; a new one is live before one that vanishes goes, so
 * that a packet may meet both, but never neither.
 */
#include <linux/netfilter.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "entry.h"
#include "hook.h"
#include "route.h"

/**
 * struct nflua_hook - a registered hook
 * @node: in &nflua_script.hooks, or in the list of a load's new ones
 * @point: what it calls
 * @ops: its registration
 * @name: the entry point's
 */
struct nflua_hook {
	struct list_head node;
	struct nflua_point point;
	struct nf_hook_ops ops;
	char name[NFLUA_FUNCTION_SIZE];
};

static unsigned int hook_run(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	const struct nflua_hook *hook = priv;
	const struct nflua_entry *entry = rcu_dereference(hook->point.entry);
	unsigned int outcome;

	/* registered, but its generation is not published yet */
	if (unlikely(!entry))
		return NF_ACCEPT;
	outcome = nflua_entry_run(entry, NFLUA_ROLE_HOOK,
				  entry->reg.on_error, skb, state);
	return (outcome & ~NFLUA_BY_POLICY) == NFLUA_A_OUTCOME_DROP ?
	       NF_DROP : NF_ACCEPT;
}

/* The same for packets that have a route already, which may change. */
static unsigned int hook_run_output(void *priv, struct sk_buff *skb,
				    const struct nf_hook_state *state)
{
	struct nflua_route route;
	unsigned int verdict;
	int err;

	if (state->pf != NFPROTO_IPV4 && state->pf != NFPROTO_IPV6)
		return hook_run(priv, skb, state);
	nflua_route_save(&route, skb, state);
	verdict = hook_run(priv, skb, state);
	if ((verdict & NF_VERDICT_MASK) == NF_DROP ||
	    (verdict & NF_VERDICT_MASK) == NF_STOLEN)
		return verdict;
	err = nflua_route_follow(&route, skb, state);
	return err ? NF_DROP_ERR(err) : verdict;
}

static struct nflua_hook *find(struct list_head *hooks, const char *name)
{
	struct nflua_hook *hook;

	list_for_each_entry(hook, hooks, node)
		if (!strcmp(hook->name, name))
			return hook;
	return NULL;
}

/**
 * nflua_hooks_prepare() - register the hooks that a new generation adds
 * @script: the script, with the hooks it has
 * @gen: the new generation
 * @fresh: list that gets the new ones; they accept until published
 * @extack: says what failed
 *
 * Context: process, lock of the namespace
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
		hook = kzalloc(sizeof(*hook), GFP_KERNEL_ACCOUNT);
		if (!hook)
			goto abort;
		strscpy(hook->name, reg->name, sizeof(hook->name));
		hook->ops.hook = reg->hooknum == NF_INET_LOCAL_OUT ?
				 hook_run_output : hook_run;
		hook->ops.priv = hook;
		hook->ops.pf = reg->family;
		hook->ops.hooknum = reg->hooknum;
		hook->ops.priority = reg->priority;
		err = nf_register_net_hook(script->nn->net, &hook->ops);
		if (err) {
			NL_SET_ERR_MSG(extack, "netfilter refused a hook");
			kfree(hook);
			goto abort;
		}
		list_add_tail(&hook->node, fresh);
	}
	return 0;

abort:
	nflua_hooks_abort(script->nn->net, fresh);
	return err;
}

/**
 * nflua_hooks_abort() - undo nflua_hooks_prepare()
 * @net: the namespace
 * @fresh: the new hooks
 *
 * Context: process, sleeps
 */
void nflua_hooks_abort(struct net *net, struct list_head *fresh)
{
	struct nflua_hook *hook, *next;

	if (list_empty(fresh))
		return;
	list_for_each_entry(hook, fresh, node)
		nf_unregister_net_hook(net, &hook->ops);
	/* unregistering does not wait for those that are running */
	synchronize_rcu_expedited();
	list_for_each_entry_safe(hook, next, fresh, node)
		kfree(hook);
	INIT_LIST_HEAD(fresh);
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

	list_splice_init(fresh, &script->hooks);
	list_for_each_entry(hook, &script->hooks, node) {
		entry = nflua_generation_find(gen, NFLUA_ENTRY_HOOK,
					      hook->name);
		if (entry)
			rcu_assign_pointer(hook->point.entry, entry);
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
		entry = rcu_dereference_protected(hook->point.entry, 1);
		if (entry->gen == old)
			list_move_tail(&hook->node, &gone);
	}
	/* Whoever passed a new hook's place before it was live is through. */
	if (added && !list_empty(&gone))
		synchronize_rcu_expedited();
	list_for_each_entry(hook, &gone, node)
		nf_unregister_net_hook(script->nn->net, &hook->ops);
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
 */
void nflua_hooks_unhook(struct nflua_script *script)
{
	struct nflua_hook *hook;

	list_for_each_entry(hook, &script->hooks, node)
		nf_unregister_net_hook(script->nn->net, &hook->ops);
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
