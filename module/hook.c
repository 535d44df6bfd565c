// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netfilter hooks that belong to scripts.
 *
 * A hook that old and new generation have in common keeps its registration
 * and switches in place; a new one is live before one that vanishes goes, so
 * that a packet may meet both, but never neither.
 */
#include <linux/kernel.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "entry.h"
#include "hook.h"
#include "lua/kernel/lua_kernel.h"

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
		hook->ops.hook = hook_run;
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
	synchronize_rcu();
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
 * nflua_hooks_prune() - remove the hooks that only the old generation has
 * @script: the script, with its new generation published
 * @old: the generation that ran before
 *
 * Context: process, sleeps. When it returns, no packet runs in @old from a
 * hook.
 */
void nflua_hooks_prune(struct nflua_script *script,
		       struct nflua_generation *old)
{
	struct nflua_hook *hook, *next;
	struct nflua_entry *entry;
	LIST_HEAD(gone);

	/* Whoever passed a new hook's place before it was live is through. */
	synchronize_rcu();
	list_for_each_entry_safe(hook, next, &script->hooks, node) {
		entry = rcu_dereference_protected(hook->point.entry, 1);
		if (entry->gen == old)
			list_move_tail(&hook->node, &gone);
	}
	nflua_hooks_abort(script->nn->net, &gone);
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

static const char *const hook_words[] = {
	[NF_INET_PRE_ROUTING] = "prerouting",
	[NF_INET_LOCAL_IN] = "input",
	[NF_INET_FORWARD] = "forward",
	[NF_INET_LOCAL_OUT] = "output",
	[NF_INET_POST_ROUTING] = "postrouting",
};

/**
 * nflua_hook_word() - nft's word for a hook of IPv4 and IPv6
 * @hooknum: NF_INET_*
 */
const char *nflua_hook_word(unsigned int hooknum)
{
	return hooknum < ARRAY_SIZE(hook_words) ? hook_words[hooknum] :
						  "unknown";
}

struct word {
	const char *name;
	int value;
};

static const struct word families[] = {
	{ "ipv4", NFPROTO_IPV4 },
	{ "ipv6", NFPROTO_IPV6 },
	{ "inet", NFPROTO_INET },
};

static const struct word hooks[] = {
	{ "prerouting", NF_INET_PRE_ROUTING },
	{ "input", NF_INET_LOCAL_IN },
	{ "forward", NF_INET_FORWARD },
	{ "output", NF_INET_LOCAL_OUT },
	{ "postrouting", NF_INET_POST_ROUTING },
};

/* nft's names; the numbers are the same for IPv4 and IPv6 */
static const struct word priorities[] = {
	{ "raw", NF_IP_PRI_RAW },
	{ "mangle", NF_IP_PRI_MANGLE },
	{ "dstnat", NF_IP_PRI_NAT_DST },
	{ "filter", NF_IP_PRI_FILTER },
	{ "security", NF_IP_PRI_SECURITY },
	{ "srcnat", NF_IP_PRI_NAT_SRC },
};

static const struct word policies[] = {
	{ "accept", NFLUA_ON_ERROR_ACCEPT },
	{ "drop", NFLUA_ON_ERROR_DROP },
};

static const struct word *find_word(const struct word *words, unsigned int n,
				    const char *name, size_t len)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (strlen(words[i].name) == len &&
		    !memcmp(words[i].name, name, len))
			return &words[i];
	return NULL;
}

/* Raises: the field of the hook is none of the words. */
static void bad_word(lua_State *L, const char *field, const char *value,
		     const struct word *words, unsigned int n)
{
	luaL_Buffer b;
	unsigned int i;

	luaL_buffinit(L, &b);
	for (i = 0; i < n; i++) {
		luaL_addchar(&b, ' ');
		luaL_addstring(&b, words[i].name);
	}
	luaL_pushresult(&b);
	luaL_error(L, "%s is '%s', but may be:%s", field, value,
		   lua_tostring(L, -1));
}

static const struct word *get_word(lua_State *L, int spec, const char *field,
				   const char *def, const struct word *words,
				   unsigned int n)
{
	const char *name = def;
	const struct word *word;

	if (lua_getfield(L, spec, field) != LUA_TNIL)
		name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) :
							luaL_typename(L, -1);
	if (!name)
		luaL_error(L, "the hook has no '%s'", field);
	word = find_word(words, n, name, strlen(name));
	if (!word)
		bad_word(L, field, name, words, n);
	lua_pop(L, 1);
	return word;
}

/* A number, a word, or as nft has it a word and a distance: "filter - 5". */
static int get_priority(lua_State *L, int spec, char *text, size_t size)
{
	const struct word *word;
	lua_Integer priority;
	const char *s;
	size_t len;
	int isnum;

	if (lua_getfield(L, spec, "priority") == LUA_TNIL)
		luaL_error(L, "the hook has no 'priority'");
	priority = lua_tointegerx(L, -1, &isnum);
	if (!isnum) {
		int distance = 0;

		if (lua_type(L, -1) != LUA_TSTRING)
			luaL_error(L, "priority is a %s, not a number or a word",
				   luaL_typename(L, -1));
		s = lua_tostring(L, -1);
		len = strcspn(s, " +-");
		word = find_word(priorities, ARRAY_SIZE(priorities), s, len);
		s += len;
		s += strspn(s, " ");
		if (word && *s) {
			bool minus = *s == '-';
			unsigned int d;

			s++;
			s += strspn(s, " ");
			if (kstrtouint(s, 10, &d) || d > S16_MAX)
				word = NULL;
			else
				distance = minus ? -(int)d : (int)d;
		}
		if (!word)
			bad_word(L, "priority", lua_tostring(L, -1), priorities,
				 ARRAY_SIZE(priorities));
		priority = word->value + distance;
	}
	/* The first and the last place are the kernel's own (defrag, confirm). */
	if (priority <= NF_IP_PRI_FIRST || priority >= NF_IP_PRI_LAST)
		luaL_error(L, "priority %s is out of range",
			   lua_tostring(L, -1));
	strscpy(text, lua_tostring(L, -1), size);
	lua_pop(L, 1);
	return priority;
}

static void check_fields(lua_State *L, int spec)
{
	static const char *const names[] = { "family", "hook", "priority",
					     "on_error" };
	unsigned int i;

	lua_pushnil(L);
	while (lua_next(L, spec)) {
		lua_pop(L, 1);
		if (lua_isinteger(L, -1) && lua_tointeger(L, -1) == 1)
			continue;
		for (i = 0; i < ARRAY_SIZE(names); i++)
			if (lua_type(L, -1) == LUA_TSTRING &&
			    !strcmp(lua_tostring(L, -1), names[i]))
				break;
		if (i == ARRAY_SIZE(names))
			luaL_error(L, "a hook has no field '%s' (it has: family hook priority on_error)",
				   lua_type(L, -1) == LUA_TSTRING ?
				   lua_tostring(L, -1) : luaL_typename(L, -1));
	}
}

/**
 * nflua_hook_parse() - read the table given to nf:hook
 * @L: the running thread
 * @spec: index of the table: family (ipv4, ipv6, inet), hook, priority,
 *	on_error (accept, drop; default accept)
 * @reg: what it says
 *
 * Context: process, inside lua_pcall(); raises for what is wrong
 * Return: 0
 */
int nflua_hook_parse(lua_State *L, int spec, struct nflua_reg *reg)
{
	const struct word *family, *hook;
	char priority[24];

	check_fields(L, spec);
	family = get_word(L, spec, "family", NULL, families,
			  ARRAY_SIZE(families));
	hook = get_word(L, spec, "hook", NULL, hooks, ARRAY_SIZE(hooks));
	reg->family = family->value;
	reg->hooknum = hook->value;
	reg->priority = get_priority(L, spec, priority, sizeof(priority));
	reg->on_error = get_word(L, spec, "on_error", "accept", policies,
				 ARRAY_SIZE(policies))->value;
	snprintf(reg->name, sizeof(reg->name), "%s %s %d", family->name,
		 hook->name, reg->priority);
	return 0;
}
