// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family: what user space may ask, checked and answered.
 */
#include <linux/moduleparam.h>
#include <linux/user_namespace.h>
#include <net/genetlink.h>
#include <net/netlink.h>
#include "compat/compat.h"
#include "genl.h"
#include "script.h"

static bool unprivileged_netns;
module_param(unprivileged_netns, bool, 0644);
MODULE_PARM_DESC(unprivileged_netns,
		 "Let namespaces outside the initial user namespace load scripts (default: no)");

#define NFLUA_FLAGS	(NFLUA_SCRIPT_F_CHECK | NFLUA_SCRIPT_F_SINGLE | \
			 NFLUA_SCRIPT_F_FORCE)

static const struct nla_policy policy[NFLUA_A_SCRIPT_MAX + 1] = {
	[NFLUA_A_SCRIPT_NAME] = { .type = NLA_NUL_STRING,
				  .len = NFLUA_NAME_SIZE - 1 },
	[NFLUA_A_SCRIPT_FLAGS] = NLA_POLICY_MASK(NLA_U32, NFLUA_FLAGS),
	[NFLUA_A_SCRIPT_SIZE] = { .type = NLA_U32 },
	[NFLUA_A_SCRIPT_OFFSET] = { .type = NLA_U32 },
	[NFLUA_A_SCRIPT_SOURCE] = { .type = NLA_BINARY,
				    .len = NFLUA_PART_MAX },
	[NFLUA_A_SCRIPT_MEMORY_LIMIT] = { .type = NLA_U64 },
	[NFLUA_A_SCRIPT_BUDGET] = { .type = NLA_U64 },
	[NFLUA_A_SCRIPT_ERRORS_MAX] = { .type = NLA_U32 },
	[NFLUA_A_SCRIPT_TIMING] = NLA_POLICY_MAX(NLA_U8, NFLUA_TIMING_RESET),
};

/**
 * nflua_genl_name() - the script that a request is about
 * @info: the request
 * @attr: the attribute that has the name
 * @name: where it goes
 *
 * Return: 0, or -EINVAL with a sentence
 */
int nflua_genl_name(struct genl_info *info, int attr, const char **name)
{
	struct nlattr *nla = info->attrs[attr];

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

/**
 * nflua_genl_script() - a script that is loaded
 * @nn: the namespace
 * @name: the script's name
 * @extack: gets a sentence
 *
 * Context: load_lock or nn->lock, which also keeps the answer
 * Return: the script, or ERR_PTR(-ENOENT)
 */
struct nflua_script *nflua_genl_script(struct nflua_net *nn, const char *name,
				       struct netlink_ext_ack *extack)
{
	struct nflua_script *script = nflua_script_find(nn, name);

	if (script && script->gen)
		return script;
	NL_SET_ERR_MSG(extack, "no script of this name is loaded");
	return ERR_PTR(-ENOENT);
}

/**
 * nflua_genl_error() - send the full message of a failure
 * @info: the request; its negative acknowledgement follows
 * @attr: the attribute that takes the message
 * @error: the message
 *
 * Context: process, sleeps
 */
void nflua_genl_error(struct genl_info *info, int attr, const char *error)
{
	struct sk_buff *skb = genlmsg_new(strlen(error) + 64, GFP_KERNEL);
	void *hdr;

	if (!skb)
		return;
	hdr = genlmsg_put_reply(skb, info, &nflua_genl_family, 0,
				info->genlhdr->cmd);
	if (!hdr || nla_put_string(skb, attr, error)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	genlmsg_reply(skb, info);
}

/**
 * nflua_genl_may_load() - may code of the caller run in the kernel?
 * @net: the namespace that it is for
 * @extack: gets a sentence
 *
 * Return: 0 or -EPERM
 */
int nflua_genl_may_load(struct net *net, struct netlink_ext_ack *extack)
{
	if (net->user_ns == &init_user_ns || unprivileged_netns)
		return 0;
	NL_SET_ERR_MSG(extack,
		       "loading outside the initial user namespace needs the module parameter unprivileged_netns");
	return -EPERM;
}

static const struct genl_ops ops[] = {
	{
		.cmd = NFLUA_CMD_SCRIPT_LOAD,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = nflua_genl_load,
	},
	{
		.cmd = NFLUA_CMD_SCRIPT_REPLACE,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = nflua_genl_load,
	},
	{
		.cmd = NFLUA_CMD_SCRIPT_UNLOAD,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = nflua_genl_unload,
	},
	{
		.cmd = NFLUA_CMD_SCRIPT_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = nflua_genl_get,
		.start = nflua_genl_dump_start,
		.dumpit = nflua_genl_dump,
	},
	{
		.cmd = NFLUA_CMD_SCRIPT_LIMITS,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = nflua_genl_limits,
	},
	{
		.cmd = NFLUA_CMD_SCRIPT_RESUME,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = nflua_genl_resume,
	},
	{
		.cmd = NFLUA_CMD_SCRIPT_EVAL,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = nflua_genl_eval,
	},
	{
		.cmd = NFLUA_CMD_SCRIPT_TIMING,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = nflua_genl_timing,
	},
	{
		.cmd = NFLUA_CMD_RUN,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = nflua_genl_run,
		.policy = nflua_genl_run_policy,
		.maxattr = NFLUA_A_RUN_MAX,
	},
	{
		.cmd = NFLUA_CMD_MAP_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = nflua_genl_map_policy,
		.maxattr = NFLUA_A_MAP_MAX,
		.doit = nflua_genl_map_get,
		.start = nflua_genl_map_dump_start,
		.dumpit = nflua_genl_map_dump,
	},
	{
		.cmd = NFLUA_CMD_MAP_ENTRY_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = nflua_genl_map_policy,
		.maxattr = NFLUA_A_MAP_MAX,
		.doit = nflua_genl_map_entry_get,
		.start = nflua_genl_map_dump_start,
		.dumpit = nflua_genl_map_entry_dump,
	},
	{
		.cmd = NFLUA_CMD_MAP_ENTRY_SET,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = nflua_genl_map_policy,
		.maxattr = NFLUA_A_MAP_MAX,
		.doit = nflua_genl_map_entry_set,
	},
	{
		.cmd = NFLUA_CMD_MAP_ENTRY_DELETE,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = nflua_genl_map_policy,
		.maxattr = NFLUA_A_MAP_MAX,
		.doit = nflua_genl_map_entry_delete,
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
