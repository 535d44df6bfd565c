// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family: what user space may ask, checked and answered.
 */
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <net/genetlink.h>
#include <net/netlink.h>
#include <net/sock.h>
#include "compat/compat.h"
#include "genl.h"
#include "script.h"
#include "upload.h"
#include "xtables.h"

/* Room for one script with all its entry points, without their last errors. */
#define DUMP_SIZE	(64 * 1024)
#define REPLY_MAX	(1024 * 1024)

static bool unprivileged_netns;
module_param(unprivileged_netns, bool, 0644);
MODULE_PARM_DESC(unprivileged_netns,
		 "Let namespaces outside the initial user namespace load scripts (default: no)");

static const struct nla_policy policy[NFLUA_A_SCRIPT_MAX + 1] = {
	[NFLUA_A_SCRIPT_NAME] = { .type = NLA_NUL_STRING,
				  .len = NFLUA_NAME_SIZE - 1 },
	[NFLUA_A_SCRIPT_FLAGS] = NLA_POLICY_MASK(NLA_U32, NFLUA_SCRIPT_F_CHECK),
	[NFLUA_A_SCRIPT_SIZE] = { .type = NLA_U32 },
	[NFLUA_A_SCRIPT_OFFSET] = { .type = NLA_U32 },
	[NFLUA_A_SCRIPT_SOURCE] = { .type = NLA_BINARY,
				    .len = NFLUA_PART_MAX },
	[NFLUA_A_SCRIPT_MEMORY_LIMIT] = { .type = NLA_U64 },
};

static int get_name(struct genl_info *info, const char **name)
{
	struct nlattr *nla = info->attrs[NFLUA_A_SCRIPT_NAME];

	if (!nla) {
		NL_SET_ERR_MSG(info->extack, "the script's name is missing");
		return -EINVAL;
	}
	*name = nla_data(nla);
	if (!nflua_script_name_ok(*name)) {
		NL_SET_ERR_MSG_ATTR(info->extack, nla,
				    "a script's name is 1 to 63 of A-Z a-z 0-9 _ . -");
		return -EINVAL;
	}
	return 0;
}

static int put_u64(struct sk_buff *skb, int attr, u64 value, int pad)
{
	return nla_put_u64_64bit(skb, attr, value, pad);
}

/* A nest of those counters that are not zero; adds them to @sum. */
static int put_counters(struct sk_buff *skb, int attr, const u64 *counters,
			unsigned int max, int pad, u64 *sum)
{
	struct nlattr *nest = nla_nest_start(skb, attr);
	unsigned int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 1; i <= max; i++) {
		*sum += counters[i];
		if (i != pad && counters[i] &&
		    put_u64(skb, i, counters[i], pad))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int put_failure(struct sk_buff *skb, const struct nflua_stats *stats)
{
	const struct nflua_failure *f, *last = NULL;
	int err = 0;
	int cpu;

	rcu_read_lock();
	for_each_possible_cpu(cpu) {
		f = rcu_dereference(per_cpu_ptr(stats->cpu, cpu)->failure);
		if (f && (!last || f->stamp > last->stamp))
			last = f;
	}
	if (last)
		err = nla_put_string(skb, NFLUA_A_ENTRY_LAST_ERROR,
				     last->text) ?:
		      put_u64(skb, NFLUA_A_ENTRY_LAST_ERROR_TIME, last->time,
			      NFLUA_A_ENTRY_PAD);
	rcu_read_unlock();
	return err;
}

static int put_stats(struct sk_buff *skb, const struct nflua_stats *stats,
		     bool brief)
{
	struct nflua_counters sum = {};
	u64 calls = 0;
	unsigned int i;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct nflua_counters *c = per_cpu_ptr(stats->cpu, cpu);

		for (i = 0; i < ARRAY_SIZE(sum.outcomes); i++)
			sum.outcomes[i] += READ_ONCE(c->outcomes[i]);
		for (i = 0; i < ARRAY_SIZE(sum.errors); i++)
			sum.errors[i] += READ_ONCE(c->errors[i]);
	}
	if (put_counters(skb, NFLUA_A_ENTRY_OUTCOMES, sum.outcomes,
			 NFLUA_A_OUTCOME_MAX, NFLUA_A_OUTCOME_PAD, &calls) ||
	    put_counters(skb, NFLUA_A_ENTRY_ERRORS, sum.errors,
			 NFLUA_A_ERROR_MAX, NFLUA_A_ERROR_PAD, &calls) ||
	    put_u64(skb, NFLUA_A_ENTRY_CALLS, calls, NFLUA_A_ENTRY_PAD))
		return -EMSGSIZE;
	return brief ? 0 : put_failure(skb, stats);
}

static int put_entry(struct sk_buff *skb, const struct nflua_script *script,
		     const struct nflua_entry *entry, bool brief)
{
	const struct nflua_reg *reg = &entry->reg;
	struct nlattr *nest = nla_nest_start(skb, NFLUA_A_SCRIPT_ENTRY);
	unsigned int rules = 0;

	if (script)
		rules = nflua_bindings_rules(script, reg->kind, reg->name);
	if (!nest || nla_put_u8(skb, NFLUA_A_ENTRY_KIND, reg->kind) ||
	    nla_put_string(skb, NFLUA_A_ENTRY_NAME, reg->name) ||
	    nla_put_u32(skb, NFLUA_A_ENTRY_LINE, reg->line) ||
	    nla_put_u32(skb, NFLUA_A_ENTRY_RULES, rules))
		return -EMSGSIZE;
	if (reg->kind == NFLUA_ENTRY_HOOK &&
	    (nla_put_u8(skb, NFLUA_A_ENTRY_FAMILY, reg->family) ||
	     nla_put_u8(skb, NFLUA_A_ENTRY_HOOKNUM, reg->hooknum) ||
	     nla_put_s32(skb, NFLUA_A_ENTRY_PRIORITY, reg->priority) ||
	     nla_put_u8(skb, NFLUA_A_ENTRY_ON_ERROR, reg->on_error)))
		return -EMSGSIZE;
	if (put_stats(skb, entry->stats, brief))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static void count_memory(const struct nflua_state *st, u64 *used, u64 *peak)
{
	*used += READ_ONCE(st->used);
	*peak = max_t(u64, *peak, READ_ONCE(st->peak));
}

/* Context: lock of the namespace. @script is NULL for what is not in service. */
static int put_script(struct sk_buff *skb, const struct nflua_script *script,
		      const struct nflua_generation *gen, bool brief)
{
	u64 used = 0, peak = 0;
	u32 states = 0;
	unsigned int i;
	int cpu;

	count_memory(gen->control, &used, &peak);
	for_each_possible_cpu(cpu) {
		const struct nflua_state *st = READ_ONCE(gen->states[cpu]);

		if (!st)
			continue;
		states++;
		count_memory(st, &used, &peak);
	}
	if (nla_put_string(skb, NFLUA_A_SCRIPT_NAME, gen->name) ||
	    nla_put_u32(skb, NFLUA_A_SCRIPT_GENERATION, gen->number) ||
	    nla_put_u32(skb, NFLUA_A_SCRIPT_SIZE, gen->size) ||
	    nla_put_u32(skb, NFLUA_A_SCRIPT_STATES, states) ||
	    nla_put_u32(skb, NFLUA_A_SCRIPT_RULES, script ? script->rules : 0) ||
	    put_u64(skb, NFLUA_A_SCRIPT_LOADED, gen->loaded,
		    NFLUA_A_SCRIPT_PAD) ||
	    put_u64(skb, NFLUA_A_SCRIPT_MEMORY_LIMIT, gen->limit,
		    NFLUA_A_SCRIPT_PAD) ||
	    put_u64(skb, NFLUA_A_SCRIPT_MEMORY, used, NFLUA_A_SCRIPT_PAD) ||
	    put_u64(skb, NFLUA_A_SCRIPT_MEMORY_PEAK, peak, NFLUA_A_SCRIPT_PAD))
		return -EMSGSIZE;
	if (gen->control->output_len) {
		struct nlattr *nla = nla_reserve(skb, NFLUA_A_SCRIPT_OUTPUT,
						 gen->control->output_len + 1);

		if (!nla)
			return -EMSGSIZE;
		memcpy(nla_data(nla), gen->control->output,
		       gen->control->output_len);
		((char *)nla_data(nla))[gen->control->output_len] = 0;
	}
	for (i = 0; i < gen->nentries; i++)
		if (put_entry(skb, script, &gen->entries[i], brief))
			return -EMSGSIZE;
	return 0;
}

/* A whole answer; its size is not known before it is built. */
static struct sk_buff *build_script(struct genl_info *info, u8 cmd,
				    const struct nflua_script *script,
				    const struct nflua_generation *gen)
{
	struct sk_buff *skb;
	size_t size;
	void *hdr;

	for (size = NLMSG_GOODSIZE; size <= REPLY_MAX; size *= 4) {
		skb = genlmsg_new(size, GFP_KERNEL);
		if (!skb)
			return ERR_PTR(-ENOMEM);
		hdr = genlmsg_put_reply(skb, info, &nflua_genl_family, 0, cmd);
		if (hdr && !put_script(skb, script, gen, false)) {
			genlmsg_end(skb, hdr);
			return skb;
		}
		nlmsg_free(skb);
	}
	return ERR_PTR(-EMSGSIZE);
}

/* Sends the full message of a failure; the acknowledgement follows. */
static void reply_error(struct genl_info *info, u8 cmd, const char *error)
{
	struct sk_buff *skb = genlmsg_new(strlen(error) + 64, GFP_KERNEL);
	void *hdr;

	if (!skb)
		return;
	hdr = genlmsg_put_reply(skb, info, &nflua_genl_family, 0, cmd);
	if (!hdr || nla_put_string(skb, NFLUA_A_SCRIPT_ERROR, error)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	genlmsg_reply(skb, info);
}

struct reply {
	struct genl_info *info;
	struct sk_buff *skb;
};

static int build_loaded(struct nflua_generation *gen, void *arg)
{
	struct reply *reply = arg;
	struct sk_buff *skb;

	skb = build_script(reply->info, reply->info->genlhdr->cmd, NULL, gen);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	reply->skb = skb;
	return 0;
}

static int may_load(struct net *net, struct netlink_ext_ack *extack)
{
	if (net->user_ns == &init_user_ns || unprivileged_netns)
		return 0;
	NL_SET_ERR_MSG(extack,
		       "loading outside the initial user namespace needs the module parameter unprivileged_netns");
	return -EPERM;
}

static int check_limit(struct net *net, u64 limit,
		       struct netlink_ext_ack *extack)
{
	if (limit < NFLUA_MEMORY_MIN || limit > NFLUA_MEMORY_MAX) {
		NL_SET_ERR_MSG(extack,
			       "a state's memory limit is 128 KiB to 1 GiB");
		return -ERANGE;
	}
	/* What packets allocate is charged to nobody. */
	if (net->user_ns != &init_user_ns && limit > NFLUA_MEMORY_DEFAULT) {
		NL_SET_ERR_MSG(extack,
			       "more than 16 MiB a state needs the initial user namespace");
		return -EPERM;
	}
	return 0;
}

/* Takes a part of a source; @source is set when it is complete. */
static int take_part(struct nflua_net *nn, struct genl_info *info,
		     const char *name, char **source)
{
	struct nlattr **a = info->attrs;
	u32 size, offset;
	int err;

	if (!a[NFLUA_A_SCRIPT_SIZE] || !a[NFLUA_A_SCRIPT_OFFSET] ||
	    !a[NFLUA_A_SCRIPT_SOURCE]) {
		NL_SET_ERR_MSG(info->extack,
			       "the source, its size or its offset is missing");
		return -EINVAL;
	}
	size = nla_get_u32(a[NFLUA_A_SCRIPT_SIZE]);
	offset = nla_get_u32(a[NFLUA_A_SCRIPT_OFFSET]);
	if (size > NFLUA_SOURCE_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack, a[NFLUA_A_SCRIPT_SIZE],
				    "a source has 8 MiB at most");
		return -EFBIG;
	}
	mutex_lock(&nn->lock);
	err = nflua_upload_part(nn, info->snd_portid, name, size, offset,
				nla_data(a[NFLUA_A_SCRIPT_SOURCE]),
				nla_len(a[NFLUA_A_SCRIPT_SOURCE]), source,
				info->extack);
	mutex_unlock(&nn->lock);
	return err;
}

static int cmd_load(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = genl_info_net(info);
	struct nflua_net *nn = nflua_net(net);
	struct nlattr **a = info->attrs;
	struct reply reply = { .info = info };
	struct nflua_load load = {
		.limit = NFLUA_MEMORY_DEFAULT,
		.replace = info->genlhdr->cmd == NFLUA_CMD_SCRIPT_REPLACE,
	};
	char *error = NULL;
	int err;

	err = get_name(info, &load.name) ?: may_load(net, info->extack);
	if (err)
		return err;
	if (a[NFLUA_A_SCRIPT_FLAGS])
		load.check = nla_get_u32(a[NFLUA_A_SCRIPT_FLAGS]) &
			     NFLUA_SCRIPT_F_CHECK;
	if (a[NFLUA_A_SCRIPT_MEMORY_LIMIT]) {
		load.limit = nla_get_u64(a[NFLUA_A_SCRIPT_MEMORY_LIMIT]);
		err = check_limit(net, load.limit, info->extack);
		if (err)
			return err;
	}
	err = take_part(nn, info, load.name, &load.source);
	if (err || !load.source)
		return err;
	load.size = nla_get_u32(a[NFLUA_A_SCRIPT_SIZE]);

	err = nflua_script_load(nn, &load, &error, info->extack, build_loaded,
				&reply);
	kvfree(load.source);
	if (err) {
		nlmsg_free(reply.skb);
		if (error)
			reply_error(info, info->genlhdr->cmd, error);
	} else {
		genlmsg_reply(reply.skb, info);
	}
	kfree(error);
	return err;
}

static int cmd_unload(struct sk_buff *skb, struct genl_info *info)
{
	char *error = NULL;
	const char *name;
	int err;

	err = get_name(info, &name);
	if (err)
		return err;
	err = nflua_script_unload(nflua_net(genl_info_net(info)), name, &error,
				  info->extack);
	if (error)
		reply_error(info, info->genlhdr->cmd, error);
	kfree(error);
	return err;
}

static int cmd_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nflua_net *nn = nflua_net(genl_info_net(info));
	const struct nflua_script *script;
	struct sk_buff *reply;
	const char *name;
	int err;

	err = get_name(info, &name);
	if (err)
		return err;
	mutex_lock(&nn->lock);
	script = nflua_script_find(nn, name);
	reply = script ? build_script(info, NFLUA_CMD_SCRIPT_GET, script,
				      script->gen) :
			 ERR_PTR(-ENOENT);
	mutex_unlock(&nn->lock);
	if (!script)
		NL_SET_ERR_MSG(info->extack,
			       "no script of this name is loaded");
	if (IS_ERR(reply))
		return PTR_ERR(reply);
	return genlmsg_reply(reply, info);
}

static int dump_start(struct netlink_callback *cb)
{
	cb->min_dump_alloc = DUMP_SIZE - 1;
	return 0;
}

/* The cursor is the number of scripts that were sent. */
static int dump_get(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nflua_net *nn = nflua_net(sock_net(skb->sk));
	const struct nflua_script *script;
	long sent = 0;
	void *hdr;
	int err = 0;

	mutex_lock(&nn->lock);
	cb->seq = nn->seq;
	list_for_each_entry(script, &nn->scripts, node) {
		if (sent++ < cb->args[0])
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &nflua_genl_family,
				  NLM_F_MULTI, NFLUA_CMD_SCRIPT_GET);
		if (!hdr) {
			err = -EMSGSIZE;
			break;
		}
		genl_dump_check_consistent(cb, hdr);
		err = put_script(skb, script, script->gen, true);
		if (err) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = sent;
	}
	mutex_unlock(&nn->lock);
	return skb->len ?: err;
}

static const struct genl_ops ops[] = {
	{
		.cmd = NFLUA_CMD_SCRIPT_LOAD,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = cmd_load,
	},
	{
		.cmd = NFLUA_CMD_SCRIPT_REPLACE,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = cmd_load,
	},
	{
		.cmd = NFLUA_CMD_SCRIPT_UNLOAD,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = cmd_unload,
	},
	{
		.cmd = NFLUA_CMD_SCRIPT_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = cmd_get,
		.start = dump_start,
		.dumpit = dump_get,
	},
};

static const struct genl_multicast_group groups[] = {
	[NFLUA_GROUP_EVENTS] = { .name = NFLUA_MCGRP_EVENTS,
				 NFLUA_MCGRP_NET_ADMIN },
	[NFLUA_GROUP_LOG] = { .name = NFLUA_MCGRP_LOG, NFLUA_MCGRP_NET_ADMIN },
	[NFLUA_GROUP_ERRORS] = { .name = NFLUA_MCGRP_ERRORS,
				 NFLUA_MCGRP_NET_ADMIN },
};

struct genl_family nflua_genl_family __ro_after_init = {
	.name = NFLUA_GENL_NAME,
	.version = NFLUA_GENL_VERSION,
	.maxattr = NFLUA_A_SCRIPT_MAX,
	.policy = policy,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

/**
 * nflua_genl_init() - become reachable
 *
 * Context: process, sleeps
 */
int nflua_genl_init(void)
{
	return genl_register_family(&nflua_genl_family);
}

/**
 * nflua_genl_exit() - undo nflua_genl_init(); no request is running after it
 */
void nflua_genl_exit(void)
{
	genl_unregister_family(&nflua_genl_family);
}

MODULE_ALIAS_GENL_FAMILY(NFLUA_GENL_NAME);
