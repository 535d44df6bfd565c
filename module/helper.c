// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conntrack helpers that belong to scripts.
 *
 * A connection gets its helper from a rule. Netfilter calls the helper for each
 * packet of the connection, when the packet has passed all hooks of the last
 * place where it is met (postrouting or input) and before it is confirmed, in the
 * packet's RCU read section; a packet that a task sends comes with bottom halves
 * on. It is not called for a connection's related replies, nor for IPv6
 * fragments. Its answer is the packet's verdict.
 *
 * The function is found by the packet's namespace and the helper's name. A
 * replace switches the point of a helper that old and new generation have in
 * common; one that goes is taken off the namespace's list, and packets of its
 * connections pass. See registration.c for what the kernel keeps.
 */
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/dst.h>
#include <net/ip6_fib.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include <net/netfilter/nf_conntrack_seqadj.h>
#include <net/route.h>
#include "conntrack.h"
#include "entry.h"
#include "helper.h"
#include "run.h"
#include "lua/kernel/lua_kernel.h"

/**
 * struct nflua_helper - a helper of a script
 * @node: in &nflua_script.helpers, or in the list of a load's new ones
 * @met: in &nflua_net.helpers
 * @point: what it calls; NULL before it is published
 * @script: name of its script
 * @reg: how it was registered; of the generation that was the first to have it
 */
struct nflua_helper {
	struct list_head node;
	struct list_head met;
	struct nflua_point point;
	char script[NFLUA_NAME_SIZE];
	struct nflua_reg reg;
};

static bool is_same(const struct nflua_reg *a, const struct nflua_reg *b)
{
	return a->family == b->family && a->helper.proto == b->helper.proto &&
	       !strcmp(a->helper.name, b->helper.name);
}

static struct nflua_helper *find(struct list_head *helpers,
				 const struct nflua_reg *reg)
{
	struct nflua_helper *helper;

	list_for_each_entry(helper, helpers, node)
		if (is_same(&helper->reg, reg))
			return helper;
	return NULL;
}

static struct nflua_entry *find_entry(struct nflua_generation *gen,
				      const struct nflua_helper *helper)
{
	unsigned int i;

	for (i = 0; i < gen->nentries; i++)
		if (gen->entries[i].reg.kind == NFLUA_ENTRY_HELPER &&
		    is_same(&gen->entries[i].reg, &helper->reg))
			return &gen->entries[i];
	return NULL;
}

static struct nflua_helper *create(const struct nflua_script *script,
				   const struct nflua_reg *reg)
{
	const struct user_namespace *user_ns = script->nn->net->user_ns;
	static const u8 families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	struct nflua_helper *helper;
	unsigned int i;
	int err;

	helper = kzalloc(sizeof(*helper), GFP_KERNEL_ACCOUNT);
	if (!helper)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&helper->met);
	strscpy(helper->script, script->name, sizeof(helper->script));
	helper->reg = *reg;
	for (i = 0; i < ARRAY_SIZE(families); i++) {
		if (reg->family != NFPROTO_INET && reg->family != families[i])
			continue;
		err = nflua_helper_known(reg->helper.name, families[i],
					 reg->helper.proto,
					 user_ns == &init_user_ns);
		if (err) {
			kfree(helper);
			return ERR_PTR(err);
		}
	}
	return helper;
}

/* Another script of the namespace that has it. Context: load_lock */
static const char *other_owner(const struct nflua_script *script,
			       const struct nflua_reg *reg)
{
	const struct nflua_helper *helper;

	list_for_each_entry(helper, &script->nn->helpers, met)
		if (nflua_helpers_overlap(&helper->reg, reg) &&
		    strcmp(helper->script, script->name))
			return helper->script;
	return NULL;
}

static int refuse(const struct nflua_reg *reg, const char *owner, int err,
		  char **error, struct netlink_ext_ack *extack)
{
	const char *name = reg->helper.name;

	switch (err) {
	case -EBUSY:
		NL_SET_ERR_MSG(extack,
			       "another script of this namespace has a helper of this name");
		*error = kasprintf(GFP_KERNEL,
				   "script '%s' of this namespace has a helper '%s' already",
				   owner, name);
		break;
	case -EEXIST:
		NL_SET_ERR_MSG(extack,
			       "another module of the kernel has a helper of this name");
		*error = kasprintf(GFP_KERNEL,
				   "another module of the kernel has a helper '%s'; give this one another name",
				   name);
		break;
	case -ENOSPC:
		NL_SET_ERR_MSG(extack,
			       "256 helpers of scripts have been registered since nflua was loaded, which is the most");
		break;
	case -EPERM:
		NL_SET_ERR_MSG(extack,
			       "the whole kernel would get a helper: one of its name must be loaded in the initial user namespace first");
		break;
	default:
		NL_SET_ERR_MSG(extack, "netfilter refused a helper");
	}
	return err;
}

/**
 * nflua_helpers_prepare() - make the helpers that a new generation adds
 * @script: the script, with the helpers it has
 * @gen: the new generation
 * @fresh: list that gets the new ones; no packet meets them yet
 * @error: gets a completed sentence, to be kfree()d
 * @extack: says what failed
 *
 * Context: process, load_lock; sleeps
 * Return: 0, or an error after which @fresh is empty again
 */
int nflua_helpers_prepare(struct nflua_script *script,
			  struct nflua_generation *gen, struct list_head *fresh,
			  char **error, struct netlink_ext_ack *extack)
{
	unsigned int i;
	int err;

	for (i = 0; i < gen->nentries; i++) {
		const struct nflua_reg *reg = &gen->entries[i].reg;
		struct nflua_helper *helper;
		const char *owner;

		if (reg->kind != NFLUA_ENTRY_HELPER ||
		    find(&script->helpers, reg))
			continue;
		owner = other_owner(script, reg);
		helper = owner ? ERR_PTR(-EBUSY) : create(script, reg);
		if (IS_ERR(helper)) {
			err = refuse(reg, owner, PTR_ERR(helper), error,
				     extack);
			nflua_helpers_free(fresh);
			return err;
		}
		list_add_tail(&helper->node, fresh);
	}
	return 0;
}

/**
 * nflua_helpers_publish() - let packets meet the new generation
 * @script: the script
 * @gen: the new generation
 * @fresh: what nflua_helpers_prepare() made
 *
 * Those that vanish stay with the old generation until nflua_helpers_unlink();
 * a packet that either could help meets the new one. Cannot fail.
 *
 * Context: process, load_lock
 */
void nflua_helpers_publish(struct nflua_script *script,
			   struct nflua_generation *gen,
			   struct list_head *fresh)
{
	struct nflua_helper *helper;
	struct nflua_entry *entry;

	list_for_each_entry(helper, fresh, node)
		list_add_rcu(&helper->met, &script->nn->helpers);
	list_splice_init(fresh, &script->helpers);
	list_for_each_entry(helper, &script->helpers, node) {
		entry = find_entry(gen, helper);
		if (entry)
			rcu_assign_pointer(helper->point.entry, entry);
	}
}

/**
 * nflua_helpers_unlink() - let packets meet helpers no more
 * @script: the script
 * @old: generation whose helpers go, those that no other has; NULL: all
 * @gone: list that gets them, for nflua_helpers_free() after synchronize_rcu();
 *	may be the script's own
 *
 * Context: process, load_lock
 */
void nflua_helpers_unlink(struct nflua_script *script,
			  const struct nflua_generation *old,
			  struct list_head *gone)
{
	struct nflua_helper *helper, *next;
	struct nflua_entry *entry;

	list_for_each_entry_safe(helper, next, &script->helpers, node) {
		entry = rcu_dereference_protected(helper->point.entry, 1);
		if (old && (!entry || entry->gen != old))
			continue;
		list_del_rcu(&helper->met);
		if (gone != &script->helpers)
			list_move_tail(&helper->node, gone);
	}
}

/**
 * nflua_helpers_free() - free helpers that no packet meets
 * @helpers: list of them, empty afterwards
 *
 * Context: process, sleeps
 */
void nflua_helpers_free(struct list_head *helpers)
{
	struct nflua_helper *helper, *next;

	list_for_each_entry_safe(helper, next, helpers, node)
		kfree(helper);
	INIT_LIST_HEAD(helpers);
}

/* The entry point for packets of a connection. Context: RCU read section */
static const struct nflua_entry *find_met(const struct nf_conn *ct)
{
	const struct nf_conn_help *help = nfct_help(ct);
	const struct nf_conntrack_helper *known;
	const struct nflua_helper *helper;
	const struct nflua_entry *entry;
	struct nflua_net *nn;

	/* It may have been taken away meanwhile. */
	known = help ? rcu_dereference(help->helper) : NULL;
	if (!known)
		return NULL;
	nn = nflua_net(nf_ct_net(ct));
	list_for_each_entry_rcu(helper, &nn->helpers, met) {
		if (helper->reg.helper.proto != nf_ct_protonum(ct) ||
		    (helper->reg.family != NFPROTO_INET &&
		     helper->reg.family != nf_ct_l3num(ct)) ||
		    strcmp(helper->reg.helper.name, known->name))
			continue;
		entry = rcu_dereference(helper->point.entry);
		return entry && !READ_ONCE(entry->gone) ? entry : NULL;
	}
	return NULL;
}

/**
 * struct place - where a helper meets a packet
 * @hs: for all that looks at the packet
 * @helper: as it was registered
 * @seq: of TCP: the packet's sequence number
 * @grown: by how many bytes the packet is longer than it was
 */
struct place {
	struct nf_hook_state hs;
	const struct nflua_helper_spec *helper;
	__be32 seq;
	int grown;
};

/*
 * Has a packet arrived, and is it for this host? A helper is told nothing of the
 * place: it is input then, and postrouting otherwise.
 */
static bool is_input(const struct sk_buff *skb, u8 pf)
{
	if (!skb->skb_iif || !skb_dst(skb))
		return false;
	if (pf == NFPROTO_IPV4)
		return skb_rtable(skb)->rt_flags & RTCF_LOCAL ||
		       skb_rtable(skb)->rt_type == RTN_LOCAL;
	return ((const struct rt6_info *)skb_dst(skb))->rt6i_flags &
	       (RTF_LOCAL | RTF_ANYCAST);
}

/**
 * nflua_helper_help() - put a packet to the script that helps its connection
 * @skb: the packet
 * @protoff: where its transport header is
 * @ct: its connection
 * @ctinfo: what it is to the connection
 *
 * Context: RCU read section, &nf_conntrack_helper.help
 * Return: NF_*
 */
int nflua_helper_help(struct sk_buff *skb, unsigned int protoff,
		      struct nf_conn *ct, enum ip_conntrack_info ctinfo)
{
	struct place at = {
		.hs.net = nf_ct_net(ct),
		.hs.pf = nf_ct_l3num(ct),
		.hs.sk = skb->sk,
		.hs.hook = NF_INET_POST_ROUTING,
		.hs.out = skb->dev,
	};
	const struct nflua_entry *entry = find_met(ct);
	unsigned int outcome;
	int verdict;

	/* At input again, the loopback device brings what postrouting has helped. */
	if (!entry || nf_is_loopback_packet(skb) ||
	    nflua_registrations_closing())
		return NF_ACCEPT;
	at.helper = &entry->reg.helper;
	if (is_input(skb, at.hs.pf)) {
		at.hs.hook = NF_INET_LOCAL_IN;
		at.hs.in = skb->dev;
		at.hs.out = NULL;
	}
	/* For pkt:mangle(): later it is too late. NAT has seen to it itself. */
	if (nf_ct_protonum(ct) == IPPROTO_TCP && !nf_ct_is_confirmed(ct) &&
	    !nfct_seqadj(ct))
		nfct_seqadj_ext_add(ct);
	outcome = nflua_entry_run(entry, NFLUA_ROLE_HELPER, entry->reg.on_error,
				  skb, &at.hs);
	verdict = nflua_entry_verdict(outcome);
	/* One number for the packet: netfilter takes the first of it alone. */
	if (at.grown && verdict == NF_ACCEPT && nfct_seqadj(ct))
		nf_ct_seqadj_set(ct, ctinfo, at.seq, at.grown);
	return verdict;
}

/**
 * nflua_helper_now() - what the helper that runs was registered with
 * @st: the state
 *
 * Return: NULL if no helper runs in it
 */
const struct nflua_helper_spec *nflua_helper_now(const struct nflua_state *st)
{
	const struct nflua_packet *p = &st->packet;

	if (!p->seq || p->role != NFLUA_ROLE_HELPER)
		return NULL;
	return container_of(p->hs, struct place, hs)->helper;
}

/**
 * nflua_helper_grown() - the packet of the helper that runs has another length
 * @st: the state, in which one runs
 * @seq: the packet's sequence number
 * @by: how many bytes more it has
 */
void nflua_helper_grown(struct nflua_state *st, __be32 seq, int by)
{
	struct place *at = (struct place *)container_of(st->packet.hs,
							struct place, hs);

	at->seq = seq;
	at->grown += by;
}

/**
 * nflua_helper_call() - call a helper's function, upvalue 1
 * @L: the running thread, argument 1 the packet
 *
 * Return: 1, its answer
 */
int nflua_helper_call(lua_State *L)
{
	const struct nflua_packet *p = &nflua_state(L)->packet;
	enum ip_conntrack_info info;

	lua_settop(L, 1);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_pushlightuserdata(L, nflua_light_view(p->seq, NFLUA_RECORD_CT));
	nf_ct_get(p->skb, &info);
	lua_pushstring(L, nflua_ct_info_word(info));
	lua_call(L, 3, 1);
	return 1;
}
