// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scripts, entry points and counters as netlink attributes.
 */
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <net/netlink.h>
#include "conntrack.h"
#include "describe.h"
#include "held.h"
#include "hook.h"
#include "binding.h"

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

/* Sums up as it goes: buckets first, and those that are empty are left out. */
static int put_times(struct sk_buff *skb, const struct nflua_times *times)
{
	struct nlattr *nest = nla_nest_start(skb, NFLUA_A_ENTRY_TIME);
	u64 calls = 0, total = 0, longest = 0;
	unsigned int i;
	int cpu;

	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < NFLUA_BUCKETS; i++) {
		struct nlattr *bucket;
		u64 sum = 0;

		for_each_possible_cpu(cpu)
			sum += READ_ONCE(per_cpu_ptr(times->cpu, cpu)->buckets[i]);
		if (!sum)
			continue;
		calls += sum;
		bucket = nla_nest_start(skb, NFLUA_A_TIME_BUCKET);
		if (!bucket ||
		    put_u64(skb, NFLUA_A_BUCKET_FROM, nflua_bucket_from(i),
			    NFLUA_A_BUCKET_PAD) ||
		    put_u64(skb, NFLUA_A_BUCKET_TO, nflua_bucket_from(i + 1) - 1,
			    NFLUA_A_BUCKET_PAD) ||
		    put_u64(skb, NFLUA_A_BUCKET_CALLS, sum, NFLUA_A_BUCKET_PAD))
			return -EMSGSIZE;
		nla_nest_end(skb, bucket);
	}
	for_each_possible_cpu(cpu) {
		const struct nflua_histogram *h = per_cpu_ptr(times->cpu, cpu);

		total += READ_ONCE(h->total);
		longest = max(longest, READ_ONCE(h->max));
	}
	if (put_u64(skb, NFLUA_A_TIME_CALLS, calls, NFLUA_A_TIME_PAD) ||
	    put_u64(skb, NFLUA_A_TIME_TOTAL, total, NFLUA_A_TIME_PAD) ||
	    put_u64(skb, NFLUA_A_TIME_LONGEST, longest, NFLUA_A_TIME_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_stats(struct sk_buff *skb, const struct nflua_stats *stats,
		     bool brief)
{
	struct nflua_counters sum = {};
	const struct nflua_times *times;
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
	if (brief)
		return 0;
	/* Changed under two locks, of which who describes holds one. */
	times = rcu_dereference_protected(stats->times, 1);
	if (times && put_times(skb, times))
		return -EMSGSIZE;
	return put_failure(skb, stats);
}

static int put_entry(struct sk_buff *skb, const struct nflua_script *script,
		     const struct nflua_entry *entry, bool brief)
{
	const struct nflua_reg *reg = &entry->reg;
	struct nlattr *nest = nla_nest_start(skb, NFLUA_A_SCRIPT_ENTRY);
	unsigned int rules = 0;
	int state;

	if (script)
		rules = nflua_bindings_rules(script, entry);
	if (!nest || nla_put_u8(skb, NFLUA_A_ENTRY_KIND, reg->kind) ||
	    nla_put_string(skb, NFLUA_A_ENTRY_NAME, reg->name) ||
	    nla_put_u32(skb, NFLUA_A_ENTRY_LINE, reg->line) ||
	    nla_put_u32(skb, NFLUA_A_ENTRY_RULES, rules))
		return -EMSGSIZE;
	if (reg->kind == NFLUA_ENTRY_HELPER &&
	    (nla_put_u8(skb, NFLUA_A_ENTRY_FAMILY, reg->family) ||
	     nla_put_u8(skb, NFLUA_A_ENTRY_PROTO, reg->helper.proto) ||
	     nla_put_u8(skb, NFLUA_A_ENTRY_ON_ERROR, reg->on_error)))
		return -EMSGSIZE;
	if (reg->kind == NFLUA_ENTRY_HOOK &&
	    (nla_put_u8(skb, NFLUA_A_ENTRY_FAMILY, reg->family) ||
	     nla_put_u8(skb, NFLUA_A_ENTRY_HOOKNUM, reg->hooknum) ||
	     nla_put_s32(skb, NFLUA_A_ENTRY_PRIORITY, reg->priority) ||
	     nla_put_u8(skb, NFLUA_A_ENTRY_ON_ERROR, reg->on_error) ||
	     (*reg->device &&
	      nla_put_string(skb, NFLUA_A_ENTRY_DEVICE, reg->device))))
		return -EMSGSIZE;
	if (reg->kind == NFLUA_ENTRY_EXTENSION &&
	    (nla_put_u8(skb, NFLUA_A_ENTRY_ON_ERROR, reg->on_error) ||
	     nla_put_u8(skb, NFLUA_A_ENTRY_AS, reg->as) ||
	     nla_put_u8(skb, NFLUA_A_ENTRY_REVISION, reg->revision)))
		return -EMSGSIZE;
	state = nflua_hook_state(entry);
	if (state >= 0 && nla_put_u8(skb, NFLUA_A_ENTRY_STATE, state))
		return -EMSGSIZE;
	if (put_stats(skb, entry->stats, brief))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Memory of states: of all together, and the most that one ever used. */
struct memory {
	u64 used;
	u64 peak;
};

/* Adds a state to @sum and, unless it is @brief, to the message. */
static int put_state(struct sk_buff *skb, const struct nflua_state *st,
		     bool brief, struct memory *sum)
{
	const struct memory mem = { READ_ONCE(st->used), READ_ONCE(st->peak) };
	const bool control = nflua_state_is_control(st);
	struct nlattr *nest;

	sum->used += mem.used;
	sum->peak = max(sum->peak, mem.peak);
	if (brief)
		return 0;
	nest = nla_nest_start(skb, NFLUA_A_SCRIPT_STATE);
	if (!nest || (control && nla_put_flag(skb, NFLUA_A_STATE_CONTROL)) ||
	    (!control && !st->shared &&
	     nla_put_u32(skb, NFLUA_A_STATE_CPU, st->cpu)) ||
	    put_u64(skb, NFLUA_A_STATE_MEMORY, mem.used, NFLUA_A_STATE_PAD) ||
	    put_u64(skb, NFLUA_A_STATE_PEAK, mem.peak, NFLUA_A_STATE_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Each state, if it is not @brief, and what they are together. */
static int put_states(struct sk_buff *skb, const struct nflua_generation *gen,
		      bool brief)
{
	struct memory sum = {};
	u32 states = 0;
	int cpu;

	if (put_state(skb, gen->control, brief, &sum))
		return -EMSGSIZE;
	for_each_possible_cpu(cpu) {
		const struct nflua_state *st = READ_ONCE(gen->states[cpu]);

		if (!st)
			continue;
		states++;
		if (put_state(skb, st, brief, &sum))
			return -EMSGSIZE;
		if (gen->single)
			break;
	}
	if (nla_put_u32(skb, NFLUA_A_SCRIPT_STATES, states) ||
	    put_u64(skb, NFLUA_A_SCRIPT_MEMORY, sum.used, NFLUA_A_SCRIPT_PAD) ||
	    put_u64(skb, NFLUA_A_SCRIPT_MEMORY_PEAK, sum.peak,
		    NFLUA_A_SCRIPT_PAD))
		return -EMSGSIZE;
	return 0;
}

/* The packets that its states hold. */
static int put_held(struct sk_buff *skb, const struct nflua_generation *gen)
{
	u64 forgotten = 0, lost = 0;
	u32 held = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct nflua_state *st = READ_ONCE(gen->states[cpu]);
		const struct nflua_holding *holding;

		holding = st ? smp_load_acquire(&st->holding) : NULL;
		if (holding) {
			held += READ_ONCE(holding->count);
			forgotten += READ_ONCE(holding->forgotten);
			lost += READ_ONCE(holding->lost);
		}
		if (gen->single)
			break;
	}
	if (nla_put_u32(skb, NFLUA_A_SCRIPT_HELD, held) ||
	    put_u64(skb, NFLUA_A_SCRIPT_FORGOTTEN, forgotten,
		    NFLUA_A_SCRIPT_PAD) ||
	    put_u64(skb, NFLUA_A_SCRIPT_LOST, lost, NFLUA_A_SCRIPT_PAD))
		return -EMSGSIZE;
	return 0;
}

#if IS_ENABLED(CONFIG_NF_CONNTRACK)
static u32 count_kept(const struct nflua_state *st)
{
	const struct nflua_keeping *keeping;

	if (!st)
		return 0;
	keeping = smp_load_acquire(&st->keeping);
	return READ_ONCE(st->walked) +
	       (keeping ? READ_ONCE(keeping->count) : 0);
}

/* The connections that its states keep, or have before them in a walk. */
static int put_kept(struct sk_buff *skb, const struct nflua_generation *gen)
{
	u32 kept = count_kept(gen->control);
	int cpu;

	for_each_possible_cpu(cpu) {
		kept += count_kept(READ_ONCE(gen->states[cpu]));
		if (gen->single)
			break;
	}
	return nla_put_u32(skb, NFLUA_A_SCRIPT_KEPT, kept);
}
#else
static int put_kept(struct sk_buff *skb, const struct nflua_generation *gen)
{
	return 0;
}
#endif

/* What its states sent, or were not allowed to. */
static int put_sent(struct sk_buff *skb, const struct nflua_generation *gen)
{
	u64 sent = 0, unsent = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct nflua_state *st = READ_ONCE(gen->states[cpu]);

		if (st) {
			sent += READ_ONCE(st->sent);
			unsent += READ_ONCE(st->unsent);
		}
		if (gen->single)
			break;
	}
	if (put_u64(skb, NFLUA_A_SCRIPT_SENT, sent, NFLUA_A_SCRIPT_PAD) ||
	    put_u64(skb, NFLUA_A_SCRIPT_UNSENT, unsent, NFLUA_A_SCRIPT_PAD))
		return -EMSGSIZE;
	return 0;
}

static int put_dropped(struct sk_buff *skb, const struct nflua_generation *gen)
{
	const struct nflua_messages *m = gen->messages;

	if (put_u64(skb, NFLUA_A_SCRIPT_LOG_DROPPED,
		    nflua_messages_dropped(m, NFLUA_SORT_LOG),
		    NFLUA_A_SCRIPT_PAD) ||
	    put_u64(skb, NFLUA_A_SCRIPT_ERRORS_DROPPED,
		    nflua_messages_dropped(m, NFLUA_SORT_ERRORS),
		    NFLUA_A_SCRIPT_PAD))
		return -EMSGSIZE;
	return 0;
}

/**
 * nflua_describe_limits() - put limits into a message
 * @skb: the message
 * @limits: the limits
 *
 * Return: 0 or -EMSGSIZE
 */
int nflua_describe_limits(struct sk_buff *skb, const struct nflua_limits *limits)
{
	if (put_u64(skb, NFLUA_A_SCRIPT_MEMORY_LIMIT, limits->memory,
		    NFLUA_A_SCRIPT_PAD) ||
	    put_u64(skb, NFLUA_A_SCRIPT_BUDGET, limits->budget,
		    NFLUA_A_SCRIPT_PAD) ||
	    nla_put_u32(skb, NFLUA_A_SCRIPT_ERRORS_MAX, limits->errors))
		return -EMSGSIZE;
	return 0;
}

/**
 * nflua_describe_output() - put into a message what a control state printed
 * @skb: the message
 * @st: the state
 *
 * Return: 0 or -EMSGSIZE
 */
int nflua_describe_output(struct sk_buff *skb, const struct nflua_state *st)
{
	struct nlattr *nla = nla_reserve(skb, NFLUA_A_SCRIPT_OUTPUT,
					 st->output_len + 1);
	char *to;

	if (!nla)
		return -EMSGSIZE;
	to = nla_data(nla);
	memcpy(to, st->output, st->output_len);
	to[st->output_len] = 0;
	return 0;
}

/* A script that was unloaded by force: only its rules are left. */
static int put_stub(struct sk_buff *skb, const struct nflua_script *script)
{
	if (nla_put_string(skb, NFLUA_A_SCRIPT_NAME, script->name) ||
	    nla_put_u32(skb, NFLUA_A_SCRIPT_GENERATION, 0) ||
	    nla_put_u32(skb, NFLUA_A_SCRIPT_RULES, script->rules))
		return -EMSGSIZE;
	return 0;
}

/**
 * nflua_describe_script() - put all that is known of a script into a message
 * @skb: the message
 * @script: the script, NULL for a generation that is not in service
 * @gen: its generation, NULL if it was unloaded by force
 * @brief: without last errors, times, and single states
 *
 * Context: process, nn->lock
 * Return: 0 or -EMSGSIZE
 */
int nflua_describe_script(struct sk_buff *skb,
			  const struct nflua_script *script,
			  const struct nflua_generation *gen, bool brief)
{
	unsigned int i;

	if (!gen)
		return put_stub(skb, script);
	if (nla_put_string(skb, NFLUA_A_SCRIPT_NAME, gen->name) ||
	    nla_put_u32(skb, NFLUA_A_SCRIPT_GENERATION, gen->number) ||
	    nla_put_u32(skb, NFLUA_A_SCRIPT_SIZE, gen->size) ||
	    nla_put(skb, NFLUA_A_SCRIPT_DIGEST, sizeof(gen->digest),
		    gen->digest) ||
	    nla_put_u32(skb, NFLUA_A_SCRIPT_RULES, script ? script->rules : 0) ||
	    nla_put_u32(skb, NFLUA_A_SCRIPT_FLAGS,
			gen->single ? NFLUA_SCRIPT_F_SINGLE : 0) ||
	    (test_bit(NFLUA_GEN_SUSPENDED, &gen->flags) &&
	     nla_put_flag(skb, NFLUA_A_SCRIPT_SUSPENDED)) ||
	    (test_bit(NFLUA_GEN_TIMED, &gen->flags) &&
	     nla_put_u8(skb, NFLUA_A_SCRIPT_TIMING, NFLUA_TIMING_ON)) ||
	    put_u64(skb, NFLUA_A_SCRIPT_LOADED, gen->loaded,
		    NFLUA_A_SCRIPT_PAD) ||
	    nflua_describe_limits(skb, &gen->limits) ||
	    put_states(skb, gen, brief) || put_dropped(skb, gen) ||
	    put_held(skb, gen) || put_sent(skb, gen) || put_kept(skb, gen))
		return -EMSGSIZE;
	/* of a body, before the generation is in service */
	if (!script && gen->control->output_len &&
	    nflua_describe_output(skb, gen->control))
		return -EMSGSIZE;
	for (i = 0; i < gen->nentries; i++)
		if (put_entry(skb, script, &gen->entries[i], brief))
			return -EMSGSIZE;
	return 0;
}
