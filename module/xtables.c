// SPDX-License-Identifier: GPL-2.0-only
/*
 * The iptables match "lua" and target "LUA".
 */
#include <linux/ctype.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/module.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include "binding.h"
#include "event.h"
#include "uapi/xt_nflua.h"
#include "words.h"
#include "xtables.h"

/**
 * nflua_xtables_check_args() - are the arguments of a rule "key=value" strings
 * @args: the strings with their NULs, and then zeros
 * @size: bytes of all, at most %XT_LUA_ARGS_SIZE
 *
 * Return: the bytes of the strings, or -EINVAL
 */
int nflua_xtables_check_args(const char *args, size_t size)
{
	const char *end = args + size;
	const char *at = args;

	/* so that all that is looked for below is found in it */
	if (!size || size > XT_LUA_ARGS_SIZE || end[-1])
		return -EINVAL;
	while (at < end && *at) {
		const char *p = at;

		while (isascii(*p) && (isalpha(*p) || *p == '_' ||
				       (isdigit(*p) && p != at)))
			p++;
		if (p == at || *p != '=' || !nflua_words_is_text(p))
			return -EINVAL;
		at = p + strlen(p) + 1;
	}
	if (memchr_inv(at, 0, end - at))
		return -EINVAL;
	return at - args;
}

static int check_info(const struct xt_lua_info *info, u8 flags, u32 policies)
{
	if (strnlen(info->script, sizeof(info->script)) ==
	    sizeof(info->script) ||
	    strnlen(info->function, sizeof(info->function)) ==
	    sizeof(info->function))
		return -EINVAL;
	if (!nflua_script_name_ok(info->script) ||
	    !nflua_words_is_text(info->function))
		return -EINVAL;
	if (info->flags & ~(flags | XT_LUA_PAYLOAD | XT_LUA_MASK) ||
	    !(info->flags & XT_LUA_MASK) == !!info->mask ||
	    info->on_error >= __NFLUA_ON_ERROR_MAX ||
	    !(policies & BIT(info->on_error)) ||
	    memchr_inv(info->reserved, 0, sizeof(info->reserved)))
		return -EINVAL;
	return 0;
}

static int check(struct net *net, u8 family, struct xt_lua_info *info, u8 kind)
{
	int size = nflua_xtables_check_args(info->args, sizeof(info->args));
	const struct nflua_rule rule = {
		.net = net,
		.kind = *info->function ? NFLUA_ENTRY_FUNCTION : kind,
		.script = info->script,
		.function = info->function,
		.family = family,
		.data = info->args,
		.size = size,
	};

	if (size < 0)
		return size;
	return nflua_bind(&rule, &info->binding, &info->values);
}

/*
 * Does a packet carry data of TCP or UDP? IP has cut off what is behind it; its
 * own length is zero if it is too great to be said.
 */
static bool has_payload(const struct sk_buff *skb, unsigned int family)
{
	unsigned int off = skb_network_offset(skb);
	const struct tcphdr *th;
	struct tcphdr _th;
	int protocol;

	if (family == NFPROTO_IPV6) {
		unsigned short frag = 0;

		protocol = ipv6_find_hdr(skb, &off, -1, &frag, NULL);
		if (frag)
			return false;
	} else {
		const struct iphdr *iph = ip_hdr(skb);

		if (iph->frag_off & htons(IP_OFFSET))
			return false;
		off += iph->ihl * 4;
		protocol = iph->protocol;
	}
	if (protocol == IPPROTO_UDP)
		return skb->len > off + sizeof(struct udphdr);
	if (protocol != IPPROTO_TCP)
		return false;
	th = skb_header_pointer(skb, off, sizeof(_th), &_th);
	return th && skb->len > off + th->doff * 4;
}

/* Is a packet none for the script? A rule without flags does not come here. */
static noinline bool is_left_out(const struct xt_lua_info *info,
				 const struct nflua_entry *entry,
				 const struct sk_buff *skb, unsigned int family)
{
	if (info->flags & XT_LUA_MASK && entry &&
	    !(READ_ONCE(entry->gen->mask) & info->mask))
		return true;
	return info->flags & XT_LUA_PAYLOAD && !has_payload(skb, family);
}

static int lua_mt_check(const struct xt_mtchk_param *par)
{
	struct xt_lua_info *info = par->matchinfo;
	int err;

	err = check_info(info, XT_LUA_INVERT,
			 BIT(NFLUA_ON_ERROR_NOMATCH) |
			 BIT(NFLUA_ON_ERROR_MATCH) | BIT(NFLUA_ON_ERROR_DROP));
	return err ?: check(par->net, par->family, info, NFLUA_ENTRY_MATCH);
}

static void lua_mt_destroy(const struct xt_mtdtor_param *par)
{
	const struct xt_lua_info *info = par->matchinfo;

	nflua_unbind(info->binding, info->values);
}

static bool lua_mt(const struct sk_buff *skb, struct xt_action_param *par)
{
	const struct xt_lua_info *info = par->matchinfo;
	const struct nflua_entry *entry;
	unsigned int outcome;
	bool match;

	entry = rcu_dereference(info->binding->point.entry);
	if (unlikely(info->flags & (XT_LUA_PAYLOAD | XT_LUA_MASK)) &&
	    is_left_out(info, entry, skb, xt_family(par)))
		return false;
	/* A match may not write: what would, raises for this role. */
	outcome = nflua_xtables_run(entry, NFLUA_ROLE_MATCH, info->on_error,
				    (struct sk_buff *)skb, par->state,
				    info->values);
	match = NFLUA_OUTCOME(outcome) == NFLUA_A_OUTCOME_MATCH;
	if (likely(outcome == NFLUA_A_OUTCOME_MATCH ||
		   outcome == NFLUA_A_OUTCOME_NOMATCH))
		return match ^ !!(info->flags & XT_LUA_INVERT);
	/* A failure is never inverted. */
	if (NFLUA_OUTCOME(outcome) == NFLUA_A_OUTCOME_DROP)
		par->hotdrop = true;
	return match;
}

/**
 * nflua_xtables_check_caller() - is a target for packets that xtables meets?
 * @par: what checkentry got
 * @name: the script or the extension that it is about
 *
 * An action of tc may name a target, too, until Linux 6.7. It has no place for a
 * packet that a script steals, frees it, and ends targets where they may not
 * sleep. It is known by its rule, which is all zero: in those of ip_tables the
 * target lies behind the rule, and nf_tables says that it is it.
 *
 * Return: 0, or -EOPNOTSUPP
 */
int nflua_xtables_check_caller(const struct xt_tgchk_param *par,
			       const char *name)
{
	const struct ipt_entry *rule = par->entryinfo;

	if (par->family != NFPROTO_IPV4 || par->nft_compat ||
	    (rule && rule->target_offset))
		return 0;
	nflua_event_refused(nflua_net(par->net), name,
			    "an action of tc has target '%s', which is for rules of iptables only",
			    par->target->name);
	return -EOPNOTSUPP;
}

static int lua_tg_check(const struct xt_tgchk_param *par)
{
	struct xt_lua_info *info = par->targinfo;
	int err;

	err = check_info(info, 0,
			 BIT(NFLUA_ON_ERROR_CONTINUE) |
			 BIT(NFLUA_ON_ERROR_ACCEPT) | BIT(NFLUA_ON_ERROR_DROP));
	if (!err)
		err = nflua_xtables_check_caller(par, info->script);
	return err ?: check(par->net, par->family, info, NFLUA_ENTRY_TARGET);
}

static void lua_tg_destroy(const struct xt_tgdtor_param *par)
{
	const struct xt_lua_info *info = par->targinfo;

	nflua_unbind(info->binding, info->values);
}

/**
 * nflua_xtables_verdict() - what xtables is told of a target's outcome
 * @outcome: what nflua_entry_run() answered
 *
 * Return: XT_CONTINUE or NF_*
 */
unsigned int nflua_xtables_verdict(unsigned int outcome)
{
	if (likely(NFLUA_OUTCOME(outcome) == NFLUA_A_OUTCOME_CONTINUE))
		return XT_CONTINUE;
	return nflua_entry_verdict(outcome);
}

static unsigned int lua_tg(struct sk_buff *skb,
			   const struct xt_action_param *par)
{
	const struct xt_lua_info *info = par->targinfo;
	const struct nflua_entry *entry;

	entry = rcu_dereference(info->binding->point.entry);
	if (unlikely(info->flags & (XT_LUA_PAYLOAD | XT_LUA_MASK)) &&
	    is_left_out(info, entry, skb, xt_family(par)))
		return XT_CONTINUE;
	return nflua_xtables_verdict(nflua_xtables_run(entry, NFLUA_ROLE_TARGET,
						       info->on_error, skb,
						       par->state,
						       info->values));
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
