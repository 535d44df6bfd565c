// SPDX-License-Identifier: GPL-2.0-only
/*
 * The iptables match "lua" and target "LUA".
 *
 * A rule refers to a script through a binding: one for each function that
 * rules of a script use, counted. After a forced unload, or when the namespace
 * dies before its tables do, it calls nothing and the rule follows its failure
 * policy.
 */
#include <linux/module.h>
#include <linux/netfilter/x_tables.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "entry.h"
#include "xtables.h"

/**
 * struct nflua_binding - what rules of one script and function share
 * @node: in &nflua_script.bindings
 * @point: what they call
 * @nn: the namespace, referred to
 * @script: the script; NULL after the namespace died
 * @kind: &enum nflua_entry_kind
 * @name: function's name, empty for what nf:match or nf:target registered
 * @rules: how many rules use it
 */
struct nflua_binding {
	struct list_head node;
	struct nflua_point point;
	struct nflua_net *nn;
	struct nflua_script *script;
	u8 kind;
	char name[NFLUA_FUNCTION_SIZE];
	unsigned int rules;
};

/*
 * A match or target is called by the kind alone when the rule names no
 * function, so the name the script chose for it may change with a replace.
 */
static bool is_bound_to(const struct nflua_binding *binding, u8 kind,
			const char *name)
{
	return binding->kind == kind &&
	       (kind != NFLUA_ENTRY_FUNCTION || !strcmp(binding->name, name));
}

static struct nflua_entry *find_entry(struct nflua_generation *gen, u8 kind,
				      const char *name)
{
	return nflua_generation_find(gen, kind,
				     kind == NFLUA_ENTRY_FUNCTION ? name : NULL);
}

/**
 * nflua_bindings_missing() - what rules call and a new generation lacks
 * @script: the script
 * @gen: the new generation
 *
 * Context: lock of the namespace
 * Return: an entry of the old generation, NULL if nothing is missing
 */
struct nflua_entry *nflua_bindings_missing(struct nflua_script *script,
					   struct nflua_generation *gen)
{
	struct nflua_binding *b;

	list_for_each_entry(b, &script->bindings, node) {
		struct nflua_entry *entry;

		/* NULL after a forced unload, and then nothing is missed */
		entry = rcu_dereference_protected(b->point.entry, 1);
		if (entry && !find_entry(gen, b->kind, b->name))
			return entry;
	}
	return NULL;
}

/**
 * nflua_bindings_publish() - let rules call a new generation
 * @script: the script
 * @gen: the new generation; NULL: rules follow their failure policy
 */
void nflua_bindings_publish(struct nflua_script *script,
			    struct nflua_generation *gen)
{
	struct nflua_binding *b;

	list_for_each_entry(b, &script->bindings, node)
		rcu_assign_pointer(b->point.entry,
				   gen ? find_entry(gen, b->kind, b->name) :
					 NULL);
}

/**
 * nflua_bindings_detach() - let rules call nothing; their script goes
 * @script: the script
 *
 * Context: lock of the namespace; a packet may run in the script until
 * synchronize_rcu()
 */
void nflua_bindings_detach(struct nflua_script *script)
{
	struct nflua_binding *b, *next;

	list_for_each_entry_safe(b, next, &script->bindings, node) {
		RCU_INIT_POINTER(b->point.entry, NULL);
		b->script = NULL;
		list_del_init(&b->node);
	}
}

/**
 * nflua_bindings_rules() - how many rules call an entry point
 * @script: the script
 * @kind: its kind
 * @name: its name
 *
 * Context: lock of the namespace
 */
unsigned int nflua_bindings_rules(const struct nflua_script *script, u8 kind,
				  const char *name)
{
	const struct nflua_binding *b;

	list_for_each_entry(b, &script->bindings, node)
		if (is_bound_to(b, kind, name))
			return b->rules;
	return 0;
}

/* Context: process, the tables' locks held. Sleeps. */
static int bind(struct net *net, struct xt_lua_info *info, u8 kind)
{
	struct nflua_net *nn = nflua_net(net);
	struct nflua_script *script;
	struct nflua_binding *b;
	struct nflua_entry *entry;
	int err = -ENOENT;

	if (*info->function)
		kind = NFLUA_ENTRY_FUNCTION;
	mutex_lock(&nn->lock);
	script = nflua_script_find(nn, info->script);
	if (!script) {
		if (__ratelimit(&nn->limit))
			pr_info("nflua: a rule names script '%s', which is not loaded\n",
				info->script);
		goto unlock;
	}
	/*
	 * First what rules have already, with or without something to call:
	 * iptables-legacy binds every rule of a table anew when one changes.
	 */
	list_for_each_entry(b, &script->bindings, node)
		if (is_bound_to(b, kind, info->function))
			goto found;
	entry = script->gen ? find_entry(script->gen, kind, info->function) :
			      NULL;
	if (!entry) {
		if (!__ratelimit(&nn->limit))
			goto unlock;
		if (kind == NFLUA_ENTRY_FUNCTION)
			pr_info("nflua: script '%s' has no global function '%*pE'\n",
				info->script, (int)strlen(info->function),
				info->function);
		else
			pr_info("nflua: script '%s' registers no %s and the rule names no function\n",
				info->script,
				kind == NFLUA_ENTRY_MATCH ? "match" : "target");
		goto unlock;
	}
	err = -ENOMEM;
	b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	if (!b)
		goto unlock;
	b->nn = nn;
	nflua_net_get(nn);
	b->script = script;
	b->kind = kind;
	strscpy(b->name, info->function, sizeof(b->name));
	rcu_assign_pointer(b->point.entry, entry);
	list_add_tail(&b->node, &script->bindings);
found:
	b->rules++;
	script->rules++;
	info->binding = b;
	err = 0;
unlock:
	mutex_unlock(&nn->lock);
	return err;
}

/* The rule is out of every packet's reach. */
static void unbind(struct nflua_binding *b)
{
	struct nflua_net *nn = b->nn;

	/* Another rule's end may drop the last reference while we unlock. */
	nflua_net_get(nn);
	mutex_lock(&nn->lock);
	if (b->script) {
		b->script->rules--;
		WRITE_ONCE(nn->unbound, nn->unbound + 1);
		wake_up_all(&nn->idle);
	}
	if (!--b->rules) {
		list_del_init(&b->node);
		nflua_net_put(nn);
		kfree(b);
	}
	mutex_unlock(&nn->lock);
	nflua_net_put(nn);
}

static int check_info(const struct xt_lua_info *info, u8 flags, u32 policies)
{
	static const u8 zero[sizeof(info->reserved)];

	if (strnlen(info->script, sizeof(info->script)) ==
	    sizeof(info->script) ||
	    strnlen(info->function, sizeof(info->function)) ==
	    sizeof(info->function))
		return -EINVAL;
	if (!nflua_script_name_ok(info->script))
		return -EINVAL;
	if (info->flags & ~flags || info->on_error >= __NFLUA_ON_ERROR_MAX ||
	    !(policies & BIT(info->on_error)) ||
	    memcmp(info->reserved, zero, sizeof(zero)))
		return -EINVAL;
	return 0;
}

static int lua_mt_check(const struct xt_mtchk_param *par)
{
	struct xt_lua_info *info = par->matchinfo;
	int err;

	err = check_info(info, XT_LUA_INVERT,
			 BIT(NFLUA_ON_ERROR_NOMATCH) |
			 BIT(NFLUA_ON_ERROR_MATCH) | BIT(NFLUA_ON_ERROR_DROP));
	return err ?: bind(par->net, info, NFLUA_ENTRY_MATCH);
}

static void lua_mt_destroy(const struct xt_mtdtor_param *par)
{
	const struct xt_lua_info *info = par->matchinfo;

	unbind(info->binding);
}

static bool lua_mt(const struct sk_buff *skb, struct xt_action_param *par)
{
	const struct xt_lua_info *info = par->matchinfo;
	const struct nflua_entry *entry;
	unsigned int outcome;
	bool match;

	entry = rcu_dereference(info->binding->point.entry);
	/* A match may not write: what would, raises for this role. */
	outcome = likely(entry) ?
		  nflua_entry_run(entry, NFLUA_ROLE_MATCH, info->on_error,
				  (struct sk_buff *)skb, par->state) :
		  nflua_policy(info->on_error);
	match = NFLUA_OUTCOME(outcome) == NFLUA_A_OUTCOME_MATCH;
	if (likely(outcome == NFLUA_A_OUTCOME_MATCH ||
		   outcome == NFLUA_A_OUTCOME_NOMATCH))
		return match ^ !!(info->flags & XT_LUA_INVERT);
	/* A failure is never inverted. */
	if (NFLUA_OUTCOME(outcome) == NFLUA_A_OUTCOME_DROP)
		par->hotdrop = true;
	return match;
}

static int lua_tg_check(const struct xt_tgchk_param *par)
{
	struct xt_lua_info *info = par->targinfo;
	int err;

	err = check_info(info, 0,
			 BIT(NFLUA_ON_ERROR_CONTINUE) |
			 BIT(NFLUA_ON_ERROR_ACCEPT) | BIT(NFLUA_ON_ERROR_DROP));
	return err ?: bind(par->net, info, NFLUA_ENTRY_TARGET);
}

static void lua_tg_destroy(const struct xt_tgdtor_param *par)
{
	const struct xt_lua_info *info = par->targinfo;

	unbind(info->binding);
}

static unsigned int lua_tg(struct sk_buff *skb,
			   const struct xt_action_param *par)
{
	const struct xt_lua_info *info = par->targinfo;
	const struct nflua_entry *entry;
	unsigned int outcome;

	entry = rcu_dereference(info->binding->point.entry);
	outcome = likely(entry) ?
		  nflua_entry_run(entry, NFLUA_ROLE_TARGET, info->on_error,
				  skb, par->state) :
		  nflua_policy(info->on_error);
	if (likely(NFLUA_OUTCOME(outcome) == NFLUA_A_OUTCOME_CONTINUE))
		return XT_CONTINUE;
	return nflua_entry_verdict(outcome);
}

#define LUA_MT(_family)							\
	{								\
		.name = "lua",						\
		.family = (_family),					\
		.match = lua_mt,					\
		.checkentry = lua_mt_check,				\
		.destroy = lua_mt_destroy,				\
		.matchsize = sizeof(struct xt_lua_info),		\
		.usersize = offsetof(struct xt_lua_info, binding),	\
		.me = THIS_MODULE,					\
	}

#define LUA_TG(_family)							\
	{								\
		.name = "LUA",						\
		.family = (_family),					\
		.target = lua_tg,					\
		.checkentry = lua_tg_check,				\
		.destroy = lua_tg_destroy,				\
		.targetsize = sizeof(struct xt_lua_info),		\
		.usersize = offsetof(struct xt_lua_info, binding),	\
		.me = THIS_MODULE,					\
	}

/* Each family by its own: newer kernels refuse NFPROTO_UNSPEC for ARP. */
static struct xt_match matches[] = {
	LUA_MT(NFPROTO_IPV4),
	LUA_MT(NFPROTO_IPV6),
};

static struct xt_target targets[] = {
	LUA_TG(NFPROTO_IPV4),
	LUA_TG(NFPROTO_IPV6),
};

/**
 * nflua_xtables_init() - offer the match and the target to iptables
 *
 * Context: process, sleeps
 */
int nflua_xtables_init(void)
{
	int err;

	err = xt_register_matches(matches, ARRAY_SIZE(matches));
	if (err)
		return err;
	err = xt_register_targets(targets, ARRAY_SIZE(targets));
	if (err)
		xt_unregister_matches(matches, ARRAY_SIZE(matches));
	return err;
}

/**
 * nflua_xtables_exit() - undo nflua_xtables_init(); no rule is left
 */
void nflua_xtables_exit(void)
{
	xt_unregister_targets(targets, ARRAY_SIZE(targets));
	xt_unregister_matches(matches, ARRAY_SIZE(matches));
}

MODULE_ALIAS("ipt_lua");
MODULE_ALIAS("ip6t_lua");
MODULE_ALIAS("ipt_LUA");
MODULE_ALIAS("ip6t_LUA");
MODULE_ALIAS("xt_lua");
MODULE_ALIAS("xt_LUA");
