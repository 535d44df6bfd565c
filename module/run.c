// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test runs: an entry point is called on bytes that a user gives, as a packet
 * would call it, and nothing but the script's own variables and maps notices.
 *
 * The packet is an sk_buff that nobody else has, its devices are stand-ins that
 * were never registered. The entry point is a copy, whose statistics are the
 * run's own; what would be told to others (an error, a printed line, a
 * suspension) is kept here, because the copy, or the hook state that the state
 * works on, belongs to a run.
 *
 * Runs on two CPUs do not slow each other down, for none of them writes what
 * the other looks at: run, packet, hook state, copy and devices are the
 * caller's; the counters are per CPU, and the state is the CPU's, a large
 * allocation of its own as is the Lua stack in it. What both read (the
 * generation, its table of states, the interpreter's code and tables) is
 * written when a generation comes, changes its limits or goes, and
 * &nflua_generation.runs when a run begins or ends. Lua objects of up to 32
 * bytes are as close to others' as the slab allocator has them.
 */
#include <linux/bottom_half.h>
#include <linux/etherdevice.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/netfilter_arp.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/net_namespace.h>
#include "binding.h"
#include "extension.h"
#include "genl.h"
#include "held.h"
#include "library.h"
#include "run.h"
#include "xtables.h"

static_assert(sizeof(struct xt_nflua_info) + XT_NFLUA_DATA_MAX ==
	      NFLUA_RUN_RULE_MAX);

/* Calls between two looks at the clock, and how long a request may take. */
#define BATCH		256
#define REQUEST_TIME	(HZ / 2)

/*
 * Whoever lets a packet of a run go on ends here: it goes nowhere. That it is
 * a hook state's okfn tells that the state is a run's.
 */
static int run_okfn(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return 0;
}

/**
 * nflua_run_of() - the run that a packet belongs to
 * @hs: where it was met, or NULL
 *
 * Return: NULL for a packet of the network
 */
struct nflua_run *nflua_run_of(const struct nf_hook_state *hs)
{
	if (!hs || hs->okfn != run_okfn)
		return NULL;
	return container_of(hs, struct nflua_run, hs);
}

/**
 * nflua_run_failed() - keep the error of a call
 * @run: the run
 * @kind: NFLUA_A_ERROR_*
 * @text: message and traceback
 * @len: its length, at most %NFLUA_FAILURE_MAX
 *
 * Context: any, in nflua_entry_run()
 */
void nflua_run_failed(struct nflua_run *run, int kind, const char *text,
		      size_t len)
{
	run->failed++;
	run->error = kind;
	memcpy(run->text, text, len);
	run->text[len] = 0;
}

/**
 * nflua_run_output() - where a call prints to that is of a run
 * @st: its state
 * @len: becomes where the length of what is there already is
 *
 * Return: a buffer of %NFLUA_OUTPUT_MAX bytes; NULL if there is no run
 */
char *nflua_run_output(const struct nflua_state *st, unsigned int **len)
{
	struct nflua_run *run = nflua_run_of(st->packet.hs);

	if (!run)
		return NULL;
	*len = &run->output_len;
	return run->output;
}

/**
 * nflua_run_printed() - keep a line that tells what a call did
 * @run: the run
 * @text: the line, without newline
 * @len: its length
 *
 * Context: any, in nflua_entry_run()
 */
void nflua_run_printed(struct nflua_run *run, const char *text, size_t len)
{
	const size_t room = sizeof(run->output) - run->output_len;

	if (!room)
		return;
	len = min(len, room - 1);
	memcpy(run->output + run->output_len, text, len);
	run->output_len += len;
	run->output[run->output_len++] = '\n';
}

/* A run has no connection that a helper could help: it is never meant. */
static bool is_meant(const struct nflua_run *run, const struct nflua_reg *reg)
{
	if (reg->kind == NFLUA_ENTRY_HELPER)
		return false;
	return (run->kind < 0 || run->kind == reg->kind) &&
	       (!run->name || !strcmp(run->name, reg->name));
}

/* Says which entry points there are, as the user names them. */
static int refuse_entry(struct nflua_run *run,
			const struct nflua_generation *gen, bool several,
			struct netlink_ext_ack *extack)
{
	static const char *const kinds[] = {
		[NFLUA_ENTRY_FUNCTION] = "function",
		[NFLUA_ENTRY_MATCH] = "match",
		[NFLUA_ENTRY_TARGET] = "target",
		[NFLUA_ENTRY_HOOK] = "hook",
		[NFLUA_ENTRY_HELPER] = "helper",
		[NFLUA_ENTRY_EXTENSION] = "extension",
	};
	const size_t size = 1024;
	char *list = kmalloc(size, GFP_KERNEL);
	size_t len = 0;
	unsigned int i;

	if (run->kind == NFLUA_ENTRY_HELPER) {
		kfree(list);
		NL_SET_ERR_MSG(extack,
			       "a helper cannot be run: it needs a connection");
		return -EOPNOTSUPP;
	}
	if (!list)
		return -ENOMEM;
	*list = 0;
	for (i = 0; i < gen->nentries; i++) {
		const struct nflua_reg *reg = &gen->entries[i].reg;

		if (several && !is_meant(run, reg))
			continue;
		len += scnprintf(list + len, size - len, "%s%s:%s",
				 len ? ", " : "", kinds[reg->kind], reg->name);
	}
	if (several)
		NL_SET_ERR_MSG(extack,
			       "several entry points may be meant: name one, and its kind");
	else if (gen->nentries)
		NL_SET_ERR_MSG(extack,
			       "the script has no such entry point");
	else
		NL_SET_ERR_MSG(extack, "the script has no entry point");
	if (several)
		run->reason = kasprintf(GFP_KERNEL,
					"several entry points may be meant: %s",
					list);
	else if (gen->nentries)
		run->reason = kasprintf(GFP_KERNEL,
					"the script has no such entry point; it has %s",
					list);
	kfree(list);
	return several ? -ENOTUNIQ : -ENOENT;
}

/* Chooses the entry point and copies it. */
static int choose_entry(struct nflua_run *run, struct nflua_generation *gen,
			struct netlink_ext_ack *extack)
{
	const struct nflua_entry *entry = NULL;
	struct nflua_stats *stats;
	unsigned int i;

	for (i = 0; i < gen->nentries; i++) {
		if (!is_meant(run, &gen->entries[i].reg))
			continue;
		if (entry)
			return refuse_entry(run, gen, true, extack);
		entry = &gen->entries[i];
	}
	if (!entry)
		return refuse_entry(run, gen, false, extack);
	stats = nflua_stats_create();
	if (!stats)
		return -ENOMEM;
	run->entry = *entry;
	run->entry.stats = stats;
	run->entry.run = run;
	run->kind = entry->reg.kind;
	return 0;
}

static int refuse_rule(struct nflua_run *run, struct netlink_ext_ack *extack,
		       const char *why)
{
	NL_SET_ERR_MSG(extack, "no rule could give this to the entry point");
	run->reason = kasprintf(GFP_KERNEL,
				"no rule could give this to '%s': %s",
				run->entry.reg.name, why);
	return -EINVAL;
}

/* The options of an extension: a rule's, or as they are when none is given. */
static int check_options(struct nflua_run *run, struct netlink_ext_ack *extack)
{
	const struct nflua_values *values = run->values;
	const struct nflua_extension_spec *spec = &values->extension->spec;
	const struct xt_nflua_info *info = (const void *)values->data;
	const bool six = values->family == NFPROTO_IPV6;
	char why[NFLUA_EXTENSION_WHY];

	if (!(spec->families &
	      (six ? NFLUA_EXTENSION_IPV6 : NFLUA_EXTENSION_IPV4))) {
		run->reason = kasprintf(GFP_KERNEL,
					"extension '%s' has no rules for %s",
					spec->name, six ? "IPv6" : "IPv4");
		return -EPROTO;
	}
	if (run->rule && (nflua_extension_rule_differs(spec, info, why) ||
			  !nflua_extension_check(spec, values->family, info,
						 why)))
		return refuse_rule(run, extack, why);
	return 0;
}

/*
 * What a rule would give the entry point. iptables' rules see IPv4, those of
 * ip6tables IPv6; what else there is, is taken for IPv4.
 */
static int make_values(struct nflua_run *run, struct netlink_ext_ack *extack)
{
	struct nflua_extension *extension = run->entry.extension;
	struct nflua_rule rule = {
		.extension = extension,
		.family = run->skb->protocol == htons(ETH_P_IPV6) ?
			  NFPROTO_IPV6 : NFPROTO_IPV4,
		.data = run->rule,
		.size = run->rule_size,
	};

	if (!extension && !run->rule)
		return 0;
	if (run->kind == NFLUA_ENTRY_HOOK)
		return refuse_rule(run, extack, "a hook is called by no rule");
	if (extension) {
		rule.size = nflua_extension_usersize(&extension->spec);
		if (run->rule && run->rule_size != rule.size)
			return refuse_rule(run, extack,
					   "it was made from another declaration, with values of another size");
	} else if (nflua_xtables_check_args(run->rule, run->rule_size) !=
		   run->rule_size) {
		return refuse_rule(run, extack,
				   "arguments are key=value, a key letters, digits and underscores, with no digit first, a value text without control characters");
	}
	run->values = nflua_values_create(&rule);
	if (!run->values)
		return -ENOMEM;
	return extension ? check_options(run, extack) : 0;
}

/* Where a hook meets packets is its own; others may be anywhere. */
static int choose_hook(struct nflua_run *run, struct netlink_ext_ack *extack)
{
	const struct nflua_reg *reg = &run->entry.reg;
	const bool is_hook = reg->kind == NFLUA_ENTRY_HOOK;
	const u8 family = is_hook ? reg->family : NFPROTO_INET;

	if (!run->pf)
		run->pf = family;
	/* What is met in inet has the family of IPv4 or IPv6, as hs->pf tells it. */
	if (run->pf != family &&
	    (family != NFPROTO_INET ||
	     (run->pf != NFPROTO_IPV4 && run->pf != NFPROTO_IPV6))) {
		if (is_hook)
			NL_SET_ERR_MSG(extack,
				       "a hook of a script meets packets of its own family only");
		else
			NL_SET_ERR_MSG(extack,
				       "a rule meets packets of the families ipv4 and ipv6 only");
		return -EINVAL;
	}
	if (!is_hook) {
		if (run->hooknum < 0)
			run->hooknum = NF_INET_LOCAL_IN;
		return 0;
	}
	if (run->hooknum >= 0 && run->hooknum != reg->hooknum) {
		NL_SET_ERR_MSG(extack,
			       "a hook of a script meets packets at its own place only");
		return -EINVAL;
	}
	run->hooknum = reg->hooknum;
	return 0;
}

/*
 * A device that looks like the one of that name, or like none. Unregistered,
 * it is seen by nobody, and gone with free_netdev().
 */
static struct net_device *stand_in(struct net *net, const char *name)
{
	struct net_device *real, *dev;

	dev = alloc_netdev(0, name, NET_NAME_USER, ether_setup);
	if (!dev)
		return NULL;
	dev_net_set(dev, net);
	rcu_read_lock();
	real = dev_get_by_name_rcu(net, name);
	if (real)
		dev->ifindex = real->ifindex;
	rcu_read_unlock();
	return dev;
}

/* Which devices every packet has where this one is met: those of a hook. */
static void choose_devices(const struct nflua_run *run, bool *in, bool *out)
{
	const unsigned int hook = BIT(run->hooknum);

	switch (run->pf) {
	case NFPROTO_ARP:
		*in = hook & (BIT(NF_ARP_IN) | BIT(NF_ARP_FORWARD));
		*out = hook & (BIT(NF_ARP_OUT) | BIT(NF_ARP_FORWARD));
		break;
	case NFPROTO_NETDEV:
		*in = run->hooknum == NF_NETDEV_INGRESS;
		*out = !*in;
		break;
	default:
		/* The bridge's hooks have the same numbers. */
		*in = hook & (BIT(NF_INET_PRE_ROUTING) |
			      BIT(NF_INET_LOCAL_IN) | BIT(NF_INET_FORWARD) |
			      BIT(NF_INET_INGRESS));
		*out = hook & (BIT(NF_INET_FORWARD) | BIT(NF_INET_LOCAL_OUT) |
			       BIT(NF_INET_POST_ROUTING));
		break;
	}
}

static int make_devices(struct nflua_run *run, struct net *net)
{
	const char *own = *run->entry.reg.device ? run->entry.reg.device : NULL;
	const char *iif = run->iif, *oif = run->oif;
	bool in, out;

	choose_devices(run, &in, &out);
	if (!iif && in)
		iif = own ?: "eth0";
	if (!oif && out)
		oif = own ?: "eth1";
	if (iif) {
		run->hs.in = stand_in(net, iif);
		if (!run->hs.in)
			return -ENOMEM;
	}
	if (oif) {
		run->hs.out = stand_in(net, oif);
		if (!run->hs.out)
			return -ENOMEM;
	}
	return 0;
}

static int make_packet(struct nflua_run *run, struct net *net)
{
	struct sk_buff *skb = run->skb;

	run->hs.net = net;
	run->hs.hook = run->hooknum;
	run->hs.pf = run->pf;
	run->hs.okfn = run_okfn;
	nflua_frame_place(run);
	run->before_size = run->head + skb->len - skb_network_offset(skb);
	run->before = kmemdup(skb_network_header(skb) - run->head,
			      run->before_size, GFP_KERNEL | __GFP_NOWARN);
	return run->before ? 0 : -ENOMEM;
}

/*
 * At most @calls calls on this CPU, and none that begins after the next tick,
 * so that nobody waits long for the CPU. The clock is read around all of them:
 * a look at it would cost more than some callbacks do.
 */
static void run_batch(struct nflua_run *run, u32 calls)
{
	const unsigned long tick = jiffies;
	enum nflua_role role = NFLUA_ROLE_MATCH;
	int on_error = NFLUA_ON_ERROR_NOMATCH;
	u64 start;
	u32 n = 0;

	if (run->kind == NFLUA_ENTRY_HOOK) {
		role = NFLUA_ROLE_HOOK;
		on_error = run->entry.reg.on_error;
	} else if (run->kind == NFLUA_ENTRY_TARGET ||
		   (run->kind == NFLUA_ENTRY_FUNCTION &&
		    run->as == NFLUA_ENTRY_TARGET) ||
		   run->entry.reg.as == NFLUA_ENTRY_TARGET) {
		role = NFLUA_ROLE_TARGET;
		on_error = NFLUA_ON_ERROR_CONTINUE;
	}
	if (run->kind == NFLUA_ENTRY_EXTENSION)
		on_error = run->entry.reg.on_error;
	local_bh_disable();
	rcu_read_lock();
	run->cpu = raw_smp_processor_id();
	start = ktime_get_ns();
	do {
		run->outcome = nflua_entry_run_values(&run->entry, role,
						      on_error, run->skb,
						      &run->hs, run->values);
	} while (++n < calls && jiffies == tick);
	run->time += ktime_get_ns() - start;
	rcu_read_unlock();
	local_bh_enable();
	run->calls += n;
}

static int run_batches(struct nflua_run *run, const struct nflua_generation *gen)
{
	const unsigned long end = jiffies + REQUEST_TIME;

	do {
		run_batch(run, min_t(u32, run->repeat - run->calls, BATCH));
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	} while (run->calls < run->repeat && !READ_ONCE(gen->retired) &&
		 time_before(jiffies, end));
	return 0;
}

/**
 * nflua_run() - run an entry point of a script on bytes
 * @nn: the namespace
 * @run: what is asked for, the rest zero; nflua_run_clear() it in any case
 * @extack: gets a sentence
 *
 * Ends before @run->repeat calls if they take long, or if the script is
 * replaced or unloaded meanwhile, but not before the first.
 *
 * Context: process, sleeps, no lock of nflua held; any number at once
 * Return: 0, -ENOENT and -ENOTUNIQ for the entry point, -EPROTO for bytes that
 * no hook or rule meets and -EINVAL for what no rule could say (both with
 * @run->reason), -EINTR, -ENOMEM
 */
int nflua_run(struct nflua_net *nn, struct nflua_run *run,
	      struct netlink_ext_ack *extack)
{
	struct nflua_generation *gen = NULL;
	struct nflua_script *script;
	int err;

	mutex_lock(&nn->lock);
	script = nflua_genl_script(nn, run->script, extack);
	if (!IS_ERR(script)) {
		gen = script->gen;
		nflua_generation_get(gen);
	}
	mutex_unlock(&nn->lock);
	if (!gen)
		return PTR_ERR(script);
	err = choose_entry(run, gen, extack) ?: choose_hook(run, extack) ?:
	      nflua_frame_parse(run) ?: make_values(run, extack) ?:
	      make_devices(run, nn->net) ?:
	      make_packet(run, nn->net) ?: run_batches(run, gen);
	nflua_held_end_run(nn, run);
	nflua_generation_put(gen);
	if (err == -EPROTO)
		NL_SET_ERR_MSG(extack, "no hook would meet this packet");
	return err;
}

/**
 * nflua_run_changed() - what the script made of the packet
 * @run: the run
 * @size: gets the number of bytes
 *
 * Context: process, sleeps
 * Return: the bytes, from where @run->data began; NULL if they are as they
 * were, and for want of memory
 */
const void *nflua_run_changed(const struct nflua_run *run, u32 *size)
{
	struct sk_buff *skb = run->skb;
	void *bytes;

	/* A packet without a link layer had its room for other headers. */
	if (skb_headroom(skb) + skb_network_offset(skb) < run->head &&
	    pskb_expand_head(skb, run->head, 0, GFP_KERNEL | __GFP_NOWARN))
		return NULL;
	bytes = skb_network_header(skb) - run->head;
	if (!skb_mac_header_was_set(skb))
		memcpy(bytes, run->before, run->head);
	*size = run->head + skb->len - skb_network_offset(skb);
	if (*size == run->before_size && !memcmp(bytes, run->before, *size))
		return NULL;
	return bytes;
}

/**
 * nflua_run_clear() - give back all that a run made
 * @run: the run, whatever nflua_run() answered
 *
 * Context: process, sleeps
 */
void nflua_run_clear(struct nflua_run *run)
{
	/* No packet was dropped, whoever counts those. */
	consume_skb(run->skb);
	if (run->hs.in)
		free_netdev(run->hs.in);
	if (run->hs.out)
		free_netdev(run->hs.out);
	nflua_stats_put(run->entry.stats);
	kfree(run->values);
	kfree(run->before);
	kfree(run->reason);
}
