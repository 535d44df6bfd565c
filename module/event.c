// SPDX-License-Identifier: GPL-2.0-only
/*
 * What nflua tells those who listen: multicast messages of the generic
 * netlink family. Nothing is built while nobody does.
 */
#include <linux/kernel.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/user_namespace.h>
#include <net/genetlink.h>
#include "event.h"
#include "genl.h"

static struct sk_buff *start(u8 cmd, const char *name, size_t size, gfp_t gfp,
			     void **hdr)
{
	struct sk_buff *skb = genlmsg_new(size + 256, gfp);

	if (!skb)
		return NULL;
	*hdr = genlmsg_put(skb, 0, 0, &nflua_genl_family, 0, cmd);
	if (!*hdr || nla_put_string(skb, NFLUA_A_SCRIPT_NAME, name)) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

/*
 * This CPU is sending a message about a packet. A copy of the message may be a
 * packet itself, of an nlmon device, and meet a script at egress: nothing that
 * happens there is told, or there would be no end of it.
 */
static DEFINE_PER_CPU(const struct task_struct *, telling);

/* With PREEMPT_RT another task may be in between. Context: bottom halves off */
static bool is_telling(void)
{
	return __this_cpu_read(telling) == current;
}

/* Return: 0, or an error if nobody got it */
static int send(struct net *net, struct sk_buff *skb, void *hdr,
		unsigned int group, gfp_t gfp)
{
	/* With the bottom halves off, and of what may be told again and again. */
	const bool packet = !gfpflags_allow_blocking(gfp) &&
			    group != NFLUA_GROUP_EVENTS;
	int err;

	if (packet && is_telling()) {
		nlmsg_free(skb);
		return -EBUSY;
	}
	genlmsg_end(skb, hdr);
	if (packet)
		__this_cpu_write(telling, current);
	err = genlmsg_multicast_netns(&nflua_genl_family, net, skb, 0, group,
				      gfp);
	if (packet)
		__this_cpu_write(telling, NULL);
	return err;
}

/* What of a text goes to the kernel's log: its first line, if it is short. */
static int log_length(const char *text, size_t len)
{
	const char *nl = memchr(text, '\n', len);

	return min_t(size_t, nl ? nl - text : len, 256);
}

/* Who listens in another namespace makes this true, too. */
static bool heard(struct net *net, unsigned int group)
{
	return genl_has_listeners(&nflua_genl_family, net, group);
}

static int put_text(struct sk_buff *skb, const char *text, size_t len)
{
	struct nlattr *nla = nla_reserve(skb, NFLUA_A_SCRIPT_TEXT, len + 1);
	char *to;

	if (!nla)
		return -EMSGSIZE;
	to = nla_data(nla);
	memcpy(to, text, len);
	to[len] = 0;
	return 0;
}

/*
 * May somebody who listens be told more of this sort? Counts it as dropped if
 * not.
 */
static bool may_tell(const struct nflua_generation *gen, enum nflua_sort sort)
{
	if (!is_telling() && nflua_messages_may(gen->messages, sort))
		return true;
	nflua_messages_drop(gen->messages, sort, true);
	return false;
}

/* Adds how many messages of the sort were dropped before this one. */
static int put_untold(struct sk_buff *skb, const struct nflua_generation *gen,
		      enum nflua_sort sort)
{
	u64 untold = nflua_messages_untold(gen->messages, sort);

	if (!untold)
		return 0;
	return nla_put_u64_64bit(skb, NFLUA_A_SCRIPT_DROPPED, untold,
				 NFLUA_A_SCRIPT_PAD);
}

/*
 * May a line go to the kernel's log? Namespaces of others are as many as they like:
 * all of them together have one share.
 */
static bool may_log(struct nflua_net *nn)
{
	static DEFINE_RATELIMIT_STATE(others, 5 * HZ, 10);
	const struct net *net = nn->net;

	if (!net || net->user_ns != &init_user_ns)
		return __ratelimit(&others) && __ratelimit(&nn->limit);
	return __ratelimit(&nn->limit);
}

/**
 * nflua_event_script() - tell that a script came, changed or went
 * @net: its namespace
 * @name: its name
 * @generation: number of the generation
 * @event: which
 * @gfp: how memory may be had
 *
 * Context: any that @gfp allows
 */
void nflua_event_script(struct net *net, const char *name, u32 generation,
			enum nflua_event event, gfp_t gfp)
{
	struct sk_buff *skb;
	void *hdr;

	if (!heard(net, NFLUA_GROUP_EVENTS))
		return;
	skb = start(NFLUA_CMD_SCRIPT_EVENT, name, 0, gfp, &hdr);
	if (!skb)
		return;
	if (nla_put_u8(skb, NFLUA_A_SCRIPT_EVENT, event) ||
	    nla_put_u32(skb, NFLUA_A_SCRIPT_GENERATION, generation)) {
		nlmsg_free(skb);
		return;
	}
	send(net, skb, hdr, NFLUA_GROUP_EVENTS, gfp);
}

/**
 * nflua_event_cpu() - tell that a CPU came up without a state of a script
 * @gen: the script's generation
 * @cpu: the CPU
 * @why: the Lua message
 *
 * Context: process
 */
void nflua_event_cpu(const struct nflua_generation *gen, unsigned int cpu,
		     const char *why)
{
	struct net *net = read_pnet(&gen->net);
	size_t len = strlen(why);
	struct sk_buff *skb;
	void *hdr;

	if (may_log(nflua_net(net)))
		pr_warn("nflua: %s: no state for CPU %u: %*pE\n", gen->name,
			cpu, log_length(why, len), why);
	if (!heard(net, NFLUA_GROUP_EVENTS))
		return;
	skb = start(NFLUA_CMD_SCRIPT_EVENT, gen->name, len, GFP_KERNEL, &hdr);
	if (!skb)
		return;
	if (nla_put_u8(skb, NFLUA_A_SCRIPT_EVENT, NFLUA_EVENT_CPU_FAILED) ||
	    nla_put_u32(skb, NFLUA_A_SCRIPT_GENERATION, gen->number) ||
	    nla_put_u32(skb, NFLUA_A_SCRIPT_CPU, cpu) ||
	    put_text(skb, why, len)) {
		nlmsg_free(skb);
		return;
	}
	send(net, skb, hdr, NFLUA_GROUP_EVENTS, GFP_KERNEL);
}

/**
 * nflua_event_error() - tell that an entry point failed
 * @entry: which
 * @text: message and traceback
 * @len: its length
 *
 * What is beyond the script's budget is dropped and counted.
 *
 * Context: any, bottom halves off; the state may be entered, and is marked so
 */
void nflua_event_error(const struct nflua_entry *entry, const char *text,
		       size_t len)
{
	const struct nflua_generation *gen = entry->gen;
	struct net *net = read_pnet(&gen->net);
	struct nlattr *nest;
	struct sk_buff *skb;
	void *hdr;

	/* The last resort, for whoever runs no monitor. */
	if (may_log(nflua_net(net)))
		pr_notice("nflua: %*pE\n", log_length(text, len), text);
	if (!heard(net, NFLUA_GROUP_ERRORS) ||
	    !may_tell(gen, NFLUA_SORT_ERRORS))
		return;
	skb = start(NFLUA_CMD_SCRIPT_ERROR, gen->name, len, GFP_ATOMIC, &hdr);
	if (!skb) {
		nflua_messages_drop(gen->messages, NFLUA_SORT_ERRORS, true);
		return;
	}
	nest = nla_nest_start(skb, NFLUA_A_SCRIPT_ENTRY);
	if (!nest || nla_put_u8(skb, NFLUA_A_ENTRY_KIND, entry->reg.kind) ||
	    nla_put_string(skb, NFLUA_A_ENTRY_NAME, entry->reg.name))
		goto free;
	nla_nest_end(skb, nest);
	if (nla_put_u32(skb, NFLUA_A_SCRIPT_CPU, raw_smp_processor_id()) ||
	    put_text(skb, text, len) ||
	    put_untold(skb, gen, NFLUA_SORT_ERRORS))
		goto free;
	if (!send(net, skb, hdr, NFLUA_GROUP_ERRORS, GFP_ATOMIC))
		nflua_messages_told(gen->messages, NFLUA_SORT_ERRORS);
	return;
free:
	nflua_messages_drop(gen->messages, NFLUA_SORT_ERRORS, true);
	nlmsg_free(skb);
}

/**
 * nflua_event_refused() - tell why a rule is not inserted
 * @nn: its namespace
 * @name: the script or the extension that it is about
 * @fmt: a sentence
 *
 * iptables shows no more than the kernel's log, and tells people to look there.
 *
 * Context: process, sleeps; locks of nflua may be held
 */
void nflua_event_refused(struct nflua_net *nn, const char *name,
			 const char *fmt, ...)
{
	struct net *net = nn->net;
	struct sk_buff *skb;
	va_list args;
	char *text;
	void *hdr;

	va_start(args, fmt);
	text = kvasprintf(GFP_KERNEL, fmt, args);
	va_end(args);
	if (!text)
		return;
	if (may_log(nn))
		pr_info("nflua: %*pE\n", log_length(text, strlen(text)), text);
	if (!net || !heard(net, NFLUA_GROUP_LOG))
		goto free;
	skb = start(NFLUA_CMD_SCRIPT_LOG, name, strlen(text), GFP_KERNEL, &hdr);
	if (!skb)
		goto free;
	if (put_text(skb, text, strlen(text)))
		nlmsg_free(skb);
	else
		send(net, skb, hdr, NFLUA_GROUP_LOG, GFP_KERNEL);
free:
	kfree(text);
}

/* A line that nobody was sent: to the kernel's log, or it is dropped. */
static void log_unheard(const struct nflua_generation *gen, const char *text,
			size_t len)
{
	if (may_log(nflua_net(read_pnet(&gen->net))))
		pr_info("nflua: %s: %*pE\n", gen->name, (int)len, text);
	else
		nflua_messages_drop(gen->messages, NFLUA_SORT_LOG, false);
}

/**
 * nflua_event_log() - pass on a line that a callback printed
 * @st: its state
 * @text: the line, without newline
 * @len: its length
 *
 * While nobody listens it goes to the kernel's log. What is beyond the budget
 * of the script here, and of the namespace there, is dropped and counted.
 *
 * Context: bottom halves off; of a packet state: before the end of
 * nflua_state_leave()
 */
void nflua_event_log(const struct nflua_state *st, const char *text, size_t len)
{
	const struct nflua_generation *gen = st->gen;
	struct net *net = read_pnet(&gen->net);
	struct sk_buff *skb;
	void *hdr;

	if (!heard(net, NFLUA_GROUP_LOG)) {
		log_unheard(gen, text, len);
		return;
	}
	if (!may_tell(gen, NFLUA_SORT_LOG))
		return;
	skb = start(NFLUA_CMD_SCRIPT_LOG, gen->name, len, GFP_ATOMIC, &hdr);
	if (!skb) {
		nflua_messages_drop(gen->messages, NFLUA_SORT_LOG, true);
		return;
	}
	if ((!nflua_state_is_control(st) &&
	     nla_put_u32(skb, NFLUA_A_SCRIPT_CPU, raw_smp_processor_id())) ||
	    put_text(skb, text, len) || put_untold(skb, gen, NFLUA_SORT_LOG)) {
		nflua_messages_drop(gen->messages, NFLUA_SORT_LOG, true);
		nlmsg_free(skb);
		return;
	}
	if (send(net, skb, hdr, NFLUA_GROUP_LOG, GFP_ATOMIC))
		log_unheard(gen, text, len);
	else
		nflua_messages_told(gen->messages, NFLUA_SORT_LOG);
}
