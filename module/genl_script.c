// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests about scripts: load, replace, unload, describe, limits, resume,
 * eval, timing.
 */
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <net/genetlink.h>
#include <net/netlink.h>
#include <net/sock.h>
#include "describe.h"
#include "event.h"
#include "genl.h"
#include "script.h"
#include "upload.h"

/* Room for one script with all its entry points, without their last errors. */
#define DUMP_SIZE	(64 * 1024)
#define REPLY_MAX	(1024 * 1024)

#define ERRORS_MAX	1000000

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
		if (hdr && !nflua_describe_script(skb, script, gen, false)) {
			genlmsg_end(skb, hdr);
			return skb;
		}
		nlmsg_free(skb);
	}
	return ERR_PTR(-EMSGSIZE);
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

/* Reads those limits that a request has into @limits. */
static int get_limits(struct net *net, struct genl_info *info,
		      struct nflua_limits *limits)
{
	struct netlink_ext_ack *extack = info->extack;
	struct nlattr **a = info->attrs;

	if (a[NFLUA_A_SCRIPT_MEMORY_LIMIT]) {
		limits->memory = nla_get_u64(a[NFLUA_A_SCRIPT_MEMORY_LIMIT]);
		if (limits->memory < NFLUA_MEMORY_MIN ||
		    limits->memory > NFLUA_MEMORY_MAX) {
			NL_SET_ERR_MSG(extack,
				       "a state's memory limit is 128 KiB to 1 GiB");
			return -ERANGE;
		}
		/* Where no memory cgroup pays for what packets allocate. */
		if (!NFLUA_CAN_CHARGE && net->user_ns != &init_user_ns &&
		    limits->memory > NFLUA_MEMORY_DEFAULT) {
			NL_SET_ERR_MSG(extack,
				       "more than 16 MiB a state needs the initial user namespace");
			return -ERANGE;
		}
	}
	if (a[NFLUA_A_SCRIPT_BUDGET]) {
		limits->budget = nla_get_u64(a[NFLUA_A_SCRIPT_BUDGET]);
		if (limits->budget < NFLUA_CALL_NS_MIN ||
		    limits->budget > NFLUA_CALL_NS_MAX) {
			NL_SET_ERR_MSG(extack,
				       "the budget of a call is 10 us to 10 ms");
			return -ERANGE;
		}
	}
	if (a[NFLUA_A_SCRIPT_ERRORS_MAX]) {
		limits->errors = nla_get_u32(a[NFLUA_A_SCRIPT_ERRORS_MAX]);
		if (limits->errors > ERRORS_MAX) {
			NL_SET_ERR_MSG(extack,
				       "a script is suspended after 1 to 1000000 errors in a row, or after 0: never");
			return -ERANGE;
		}
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

/* SCRIPT_LOAD and SCRIPT_REPLACE */
int nflua_genl_load(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = genl_info_net(info);
	struct nflua_net *nn = nflua_net(net);
	struct nlattr **a = info->attrs;
	struct reply reply = { .info = info };
	struct nflua_load load = {
		.replace = info->genlhdr->cmd == NFLUA_CMD_SCRIPT_REPLACE,
	};
	char *error = NULL;
	u32 flags = 0;
	int err;

	err = nflua_genl_name(info, NFLUA_A_SCRIPT_NAME, &load.name) ?:
	      nflua_genl_may_load(net, info->extack);
	if (err)
		return err;
	if (a[NFLUA_A_SCRIPT_FLAGS])
		flags = nla_get_u32(a[NFLUA_A_SCRIPT_FLAGS]);
	load.check = flags & NFLUA_SCRIPT_F_CHECK;
	load.single = flags & NFLUA_SCRIPT_F_SINGLE;
	err = get_limits(net, info, &load.limits);
	if (err)
		return err;
	load.set_errors = a[NFLUA_A_SCRIPT_ERRORS_MAX];
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
			nflua_genl_error(info, NFLUA_A_SCRIPT_ERROR, error);
	} else {
		genlmsg_reply(reply.skb, info);
	}
	kfree(error);
	return err;
}

/* SCRIPT_UNLOAD */
int nflua_genl_unload(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *flags = info->attrs[NFLUA_A_SCRIPT_FLAGS];
	char *error = NULL;
	const char *name;
	int err;

	err = nflua_genl_name(info, NFLUA_A_SCRIPT_NAME, &name);
	if (err)
		return err;
	err = nflua_script_unload(nflua_net(genl_info_net(info)), name,
				  flags && nla_get_u32(flags) &
				  NFLUA_SCRIPT_F_FORCE, &error, info->extack);
	if (error)
		nflua_genl_error(info, NFLUA_A_SCRIPT_ERROR, error);
	kfree(error);
	return err;
}

/* SCRIPT_GET, one script */
int nflua_genl_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nflua_net *nn = nflua_net(genl_info_net(info));
	const struct nflua_script *script;
	struct sk_buff *reply;
	const char *name;
	int err;

	err = nflua_genl_name(info, NFLUA_A_SCRIPT_NAME, &name);
	if (err)
		return err;
	mutex_lock(&nn->lock);
	script = nflua_script_find(nn, name);
	if (script && !script->gen && !script->rules)
		script = NULL;
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

/* SCRIPT_GET, all scripts */
int nflua_genl_dump_start(struct netlink_callback *cb)
{
	cb->min_dump_alloc = DUMP_SIZE - 1;
	return 0;
}

/* The cursor is the number of scripts that were sent. */
int nflua_genl_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nflua_net *nn = nflua_net(sock_net(skb->sk));
	const struct nflua_script *script;
	long sent = 0;
	void *hdr;
	int err = 0;

	mutex_lock(&nn->lock);
	cb->seq = nn->seq;
	list_for_each_entry(script, &nn->scripts, node) {
		if (sent++ < cb->args[0] || (!script->gen && !script->rules))
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &nflua_genl_family,
				  NLM_F_MULTI, NFLUA_CMD_SCRIPT_GET);
		if (!hdr) {
			err = -EMSGSIZE;
			break;
		}
		genl_dump_check_consistent(cb, hdr);
		err = nflua_describe_script(skb, script, script->gen, true);
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

static struct sk_buff *build_limits(struct genl_info *info, const char *name,
				    const struct nflua_limits *limits)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	void *hdr;

	if (!skb)
		return ERR_PTR(-ENOMEM);
	hdr = genlmsg_put_reply(skb, info, &nflua_genl_family, 0,
				NFLUA_CMD_SCRIPT_LIMITS);
	if (!hdr || (name && nla_put_string(skb, NFLUA_A_SCRIPT_NAME, name)) ||
	    nflua_describe_limits(skb, limits)) {
		nlmsg_free(skb);
		return ERR_PTR(-EMSGSIZE);
	}
	genlmsg_end(skb, hdr);
	return skb;
}

/* SCRIPT_LIMITS */
int nflua_genl_limits(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = genl_info_net(info);
	struct nflua_net *nn = nflua_net(net);
	struct nflua_script *script = NULL;
	struct nflua_limits limits;
	const char *name = NULL;
	struct sk_buff *reply = NULL;
	int err;

	if (info->attrs[NFLUA_A_SCRIPT_NAME]) {
		err = nflua_genl_name(info, NFLUA_A_SCRIPT_NAME, &name);
		if (err)
			return err;
	}
	/* Loads read the defaults, and pass limits on from gen to gen. */
	mutex_lock(&nn->load_lock);
	mutex_lock(&nn->lock);
	if (name) {
		script = nflua_genl_script(nn, name, info->extack);
		if (IS_ERR(script)) {
			err = PTR_ERR(script);
			goto unlock;
		}
	}
	limits = script ? script->gen->limits : nn->defaults;
	err = get_limits(net, info, &limits);
	if (err)
		goto unlock;
	/* Who is told that it failed shall find the limits as they were. */
	reply = build_limits(info, name, &limits);
	if (IS_ERR(reply)) {
		err = PTR_ERR(reply);
		goto unlock;
	}
	if (script)
		nflua_generation_limits(script->gen, &limits);
	else
		nn->defaults = limits;
unlock:
	mutex_unlock(&nn->lock);
	mutex_unlock(&nn->load_lock);
	if (!err)
		genlmsg_reply(reply, info);
	return err;
}

/* SCRIPT_RESUME */
int nflua_genl_resume(struct sk_buff *skb, struct genl_info *info)
{
	struct nflua_net *nn = nflua_net(genl_info_net(info));
	struct nflua_script *script;
	const char *name;
	int err;

	err = nflua_genl_name(info, NFLUA_A_SCRIPT_NAME, &name);
	if (err)
		return err;
	mutex_lock(&nn->lock);
	script = nflua_genl_script(nn, name, info->extack);
	if (IS_ERR(script)) {
		err = PTR_ERR(script);
	} else if (test_bit(NFLUA_GEN_SUSPENDED, &script->gen->flags)) {
		nflua_generation_resume(script->gen);
		nflua_event_script(nn->net, name, script->gen->number,
				   NFLUA_EVENT_RESUMED, GFP_KERNEL);
	}
	mutex_unlock(&nn->lock);
	return err;
}

/* Context: load_lock, which keeps the generation and excludes other evals */
static int reply_eval(struct genl_info *info, struct nflua_state *st,
		      const char *error)
{
	struct sk_buff *skb = genlmsg_new(NFLUA_OUTPUT_MAX +
					  NFLUA_MESSAGE_MAX + 64, GFP_KERNEL);
	void *hdr;

	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_put_reply(skb, info, &nflua_genl_family, 0,
				NFLUA_CMD_SCRIPT_EVAL);
	if (!hdr || nflua_describe_output(skb, st) ||
	    (error && nla_put_string(skb, NFLUA_A_SCRIPT_ERROR, error))) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

/* SCRIPT_EVAL */
int nflua_genl_eval(struct sk_buff *skb, struct genl_info *info)
{
	struct nflua_net *nn = nflua_net(genl_info_net(info));
	struct nlattr *source = info->attrs[NFLUA_A_SCRIPT_SOURCE];
	struct nflua_script *script;
	struct nflua_state *st;
	char *error = NULL;
	const char *name;
	int err;

	err = nflua_genl_name(info, NFLUA_A_SCRIPT_NAME, &name) ?:
	      nflua_genl_may_load(genl_info_net(info), info->extack);
	if (err)
		return err;
	if (!source) {
		NL_SET_ERR_MSG(info->extack, "the chunk is missing");
		return -EINVAL;
	}
	mutex_lock(&nn->load_lock);
	script = nflua_genl_script(nn, name, info->extack);
	if (IS_ERR(script)) {
		err = PTR_ERR(script);
		goto unlock;
	}
	st = script->gen->control;
	mutex_lock(&script->gen->control_lock);
	err = nflua_state_eval(st, nla_data(source), nla_len(source), &error);
	if (err == -EINVAL)
		NL_SET_ERR_MSG(info->extack, "the chunk failed");
	if (!err || error)
		err = reply_eval(info, st, error) ?: err;
	kfree(st->output);
	st->output = NULL;
	st->output_len = 0;
	mutex_unlock(&script->gen->control_lock);
unlock:
	mutex_unlock(&nn->load_lock);
	kfree(error);
	return err;
}

/* SCRIPT_TIMING */
int nflua_genl_timing(struct sk_buff *skb, struct genl_info *info)
{
	struct nflua_net *nn = nflua_net(genl_info_net(info));
	struct nlattr *timing = info->attrs[NFLUA_A_SCRIPT_TIMING];
	struct nflua_script *script;
	const char *name;
	int err;

	err = nflua_genl_name(info, NFLUA_A_SCRIPT_NAME, &name);
	if (err)
		return err;
	if (!timing) {
		NL_SET_ERR_MSG(info->extack,
			       "what to do with the timing is missing");
		return -EINVAL;
	}
	mutex_lock(&nn->load_lock);
	script = nflua_genl_script(nn, name, info->extack);
	err = IS_ERR(script) ? PTR_ERR(script) :
			       nflua_timing_set(nn, script->gen,
						nla_get_u8(timing));
	mutex_unlock(&nn->load_lock);
	return err;
}
