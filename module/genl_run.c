// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests for test runs. Their attributes are a set of their own.
 */
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <net/genetlink.h>
#include <net/netlink.h>
#include "genl.h"
#include "run.h"
#include "script.h"

const struct nla_policy nflua_genl_run_policy[NFLUA_A_RUN_MAX + 1] = {
	[NFLUA_A_RUN_NAME] = { .type = NLA_NUL_STRING,
			       .len = NFLUA_NAME_SIZE - 1 },
	[NFLUA_A_RUN_KIND] = NLA_POLICY_MAX(NLA_U8, NFLUA_ENTRY_MAX),
	[NFLUA_A_RUN_ENTRY] = { .type = NLA_NUL_STRING,
				.len = NFLUA_FUNCTION_SIZE - 1 },
	[NFLUA_A_RUN_AS] = NLA_POLICY_RANGE(NLA_U8, NFLUA_ENTRY_MATCH,
					    NFLUA_ENTRY_TARGET),
	[NFLUA_A_RUN_DATA] = { .type = NLA_BINARY, .len = NFLUA_RUN_SIZE_MAX },
	[NFLUA_A_RUN_FLAGS] = NLA_POLICY_MASK(NLA_U32, NFLUA_RUN_F_RAW),
	[NFLUA_A_RUN_HOOKNUM] = NLA_POLICY_MAX(NLA_U8, NF_INET_POST_ROUTING),
	[NFLUA_A_RUN_FAMILY] = NLA_POLICY_RANGE(NLA_U8, NFPROTO_INET,
						NFPROTO_IPV6),
	[NFLUA_A_RUN_IIF] = { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[NFLUA_A_RUN_OIF] = { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[NFLUA_A_RUN_MARK] = { .type = NLA_U32 },
	[NFLUA_A_RUN_REPEAT] = { .type = NLA_U32 },
	[NFLUA_A_RUN_RULE] = { .type = NLA_BINARY,
			       .len = NFLUA_RUN_RULE_MAX },
};

static int get_device_name(struct genl_info *info, int attr, const char **name)
{
	struct nlattr *nla = info->attrs[attr];

	if (!nla)
		return 0;
	*name = nla_data(nla);
	if (dev_valid_name(*name))
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, nla, "this is no name for a device");
	return -EINVAL;
}

static int get_request(struct genl_info *info, struct nflua_run *run)
{
	struct nlattr **a = info->attrs;
	int err;

	err = nflua_genl_name(info, NFLUA_A_RUN_NAME, &run->script);
	if (err)
		return err;
	if (!a[NFLUA_A_RUN_DATA]) {
		NL_SET_ERR_MSG(info->extack, "the packet is missing");
		return -EINVAL;
	}
	run->data = nla_data(a[NFLUA_A_RUN_DATA]);
	run->size = nla_len(a[NFLUA_A_RUN_DATA]);
	run->kind = a[NFLUA_A_RUN_KIND] ? nla_get_u8(a[NFLUA_A_RUN_KIND]) : -1;
	run->hooknum = a[NFLUA_A_RUN_HOOKNUM] ?
		       nla_get_u8(a[NFLUA_A_RUN_HOOKNUM]) : -1;
	if (a[NFLUA_A_RUN_FAMILY])
		run->pf = nla_get_u8(a[NFLUA_A_RUN_FAMILY]);
	if (a[NFLUA_A_RUN_ENTRY])
		run->name = nla_data(a[NFLUA_A_RUN_ENTRY]);
	if (a[NFLUA_A_RUN_AS])
		run->as = nla_get_u8(a[NFLUA_A_RUN_AS]);
	if (a[NFLUA_A_RUN_FLAGS])
		run->raw = nla_get_u32(a[NFLUA_A_RUN_FLAGS]) & NFLUA_RUN_F_RAW;
	if (a[NFLUA_A_RUN_RULE]) {
		run->rule = nla_data(a[NFLUA_A_RUN_RULE]);
		run->rule_size = nla_len(a[NFLUA_A_RUN_RULE]);
	}
	if (a[NFLUA_A_RUN_MARK])
		run->mark = nla_get_u32(a[NFLUA_A_RUN_MARK]);
	run->repeat = a[NFLUA_A_RUN_REPEAT] ?
		      nla_get_u32(a[NFLUA_A_RUN_REPEAT]) : 1;
	if (!run->repeat || run->repeat > NFLUA_RUN_REPEAT_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack, a[NFLUA_A_RUN_REPEAT],
				    "a packet is run 1 to 10000000 times");
		return -ERANGE;
	}
	return get_device_name(info, NFLUA_A_RUN_IIF, &run->iif) ?:
	       get_device_name(info, NFLUA_A_RUN_OIF, &run->oif);
}

static int put_output(struct sk_buff *skb, const struct nflua_run *run)
{
	struct nlattr *nla = nla_reserve(skb, NFLUA_A_RUN_OUTPUT,
					 run->output_len + 1);
	char *to;

	if (!nla)
		return -EMSGSIZE;
	to = nla_data(nla);
	memcpy(to, run->output, run->output_len);
	to[run->output_len] = 0;
	return 0;
}

static int put_result(struct sk_buff *skb, const struct nflua_run *run,
		      const void *bytes, u32 size)
{
	if (nla_put_u8(skb, NFLUA_A_RUN_KIND, run->kind) ||
	    nla_put_string(skb, NFLUA_A_RUN_ENTRY, run->entry.reg.name) ||
	    nla_put_u8(skb, NFLUA_A_RUN_HOOKNUM, run->hooknum) ||
	    nla_put_u8(skb, NFLUA_A_RUN_FAMILY, run->pf) ||
	    nla_put_u8(skb, NFLUA_A_RUN_OUTCOME,
		       NFLUA_OUTCOME(run->outcome)) ||
	    (run->outcome & NFLUA_BY_POLICY &&
	     nla_put_flag(skb, NFLUA_A_RUN_POLICY)) ||
	    nla_put_u32(skb, NFLUA_A_RUN_MARK, run->skb->mark) ||
	    nla_put_u32(skb, NFLUA_A_RUN_FAILED, run->failed) ||
	    (run->failed &&
	     (nla_put_u8(skb, NFLUA_A_RUN_ERROR_KIND, run->error) ||
	      nla_put_string(skb, NFLUA_A_RUN_TEXT, run->text))) ||
	    put_output(skb, run) ||
	    nla_put_u32(skb, NFLUA_A_RUN_CALLS, run->calls) ||
	    nla_put_u64_64bit(skb, NFLUA_A_RUN_TIME, run->time,
			      NFLUA_A_RUN_PAD) ||
	    nla_put_u32(skb, NFLUA_A_RUN_CPU, run->cpu) ||
	    (bytes && nla_put(skb, NFLUA_A_RUN_DATA, size, bytes)))
		return -EMSGSIZE;
	return 0;
}

static int reply_result(struct genl_info *info, const struct nflua_run *run)
{
	struct sk_buff *skb;
	const void *bytes;
	void *hdr;
	u32 size;

	bytes = nflua_run_changed(run, &size);
	if (bytes && size > U16_MAX - NLA_HDRLEN) {
		NL_SET_ERR_MSG(info->extack,
			       "the script has made the packet too long to be shown");
		return -EMSGSIZE;
	}
	skb = genlmsg_new(NFLUA_FAILURE_MAX + run->output_len +
			  (bytes ? size : 0) + 512, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_put_reply(skb, info, &nflua_genl_family, 0,
				NFLUA_CMD_RUN);
	if (!hdr || put_result(skb, run, bytes, size)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

/* RUN */
int nflua_genl_run(struct sk_buff *skb, struct genl_info *info)
{
	struct nflua_run *run = kvzalloc(sizeof(*run), GFP_KERNEL_ACCOUNT);
	int err;

	if (!run)
		return -ENOMEM;
	err = get_request(info, run);
	if (!err)
		err = nflua_run(nflua_net(genl_info_net(info)), run,
				info->extack) ?:
		      reply_result(info, run);
	if (err && run->reason)
		nflua_genl_error(info, NFLUA_A_RUN_ERROR, run->reason);
	nflua_run_clear(run);
	kvfree(run);
	return err;
}
