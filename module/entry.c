// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entry points: how a packet is put to a script, what its answer means, and
 * what happens if there is none.
 */
#include <linux/bottom_half.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include "entry.h"
#include "event.h"
#include "library.h"
#include "run.h"
#include "script.h"
#include "trace.h"
#include "lua/kernel/lua_internal.h"

/**
 * nflua_stats_create() - statistics for a new entry point
 *
 * Context: process, sleeps
 * Return: with one reference, NULL for no memory
 */
struct nflua_stats *nflua_stats_create(void)
{
	struct nflua_stats *stats = kzalloc(sizeof(*stats), GFP_KERNEL_ACCOUNT);

	if (!stats)
		return NULL;
	stats->cpu = alloc_percpu_gfp(struct nflua_counters,
				      GFP_KERNEL_ACCOUNT);
	if (!stats->cpu) {
		kfree(stats);
		return NULL;
	}
	refcount_set(&stats->refs, 1);
	return stats;
}

/**
 * nflua_stats_put() - give a reference back
 * @stats: the statistics, may be NULL
 *
 * The last one frees; no packet may be using them then.
 *
 * Context: process
 */
void nflua_stats_put(struct nflua_stats *stats)
{
	int cpu;

	if (!stats || !refcount_dec_and_test(&stats->refs))
		return;
	for_each_possible_cpu(cpu)
		kfree(rcu_dereference_protected(per_cpu_ptr(stats->cpu,
							    cpu)->failure, 1));
	free_percpu(stats->cpu);
	nflua_times_free(rcu_dereference_protected(stats->times, 1));
	kfree(stats);
}

/* What an answer of Lua is, before anyone asks whether it makes sense. */
enum answer {
	ANSWER_NIL,
	ANSWER_FALSE,
	ANSWER_TRUE,
	ANSWER_ACCEPT,
	ANSWER_DROP,
	ANSWER_CONTINUE,
	ANSWER_OTHER,
	__ANSWER_MAX
};

/* The outcome of each answer in each role; 0 is none: an error. */
static const u8 outcomes[__NFLUA_ROLE_MAX][__ANSWER_MAX] = {
	[NFLUA_ROLE_HOOK] = {
		[ANSWER_NIL] = NFLUA_A_OUTCOME_ACCEPT,
		[ANSWER_ACCEPT] = NFLUA_A_OUTCOME_ACCEPT,
		[ANSWER_DROP] = NFLUA_A_OUTCOME_DROP,
		[ANSWER_CONTINUE] = NFLUA_A_OUTCOME_ACCEPT,
	},
	[NFLUA_ROLE_MATCH] = {
		[ANSWER_NIL] = NFLUA_A_OUTCOME_NOMATCH,
		[ANSWER_FALSE] = NFLUA_A_OUTCOME_NOMATCH,
		[ANSWER_TRUE] = NFLUA_A_OUTCOME_MATCH,
		[ANSWER_ACCEPT] = NFLUA_A_OUTCOME_NOMATCH,
		[ANSWER_DROP] = NFLUA_A_OUTCOME_DROP,
		[ANSWER_CONTINUE] = NFLUA_A_OUTCOME_NOMATCH,
	},
	[NFLUA_ROLE_TARGET] = {
		[ANSWER_NIL] = NFLUA_A_OUTCOME_CONTINUE,
		[ANSWER_ACCEPT] = NFLUA_A_OUTCOME_ACCEPT,
		[ANSWER_DROP] = NFLUA_A_OUTCOME_DROP,
		[ANSWER_CONTINUE] = NFLUA_A_OUTCOME_CONTINUE,
	},
};

static const char *const role_wants[__NFLUA_ROLE_MAX] = {
	[NFLUA_ROLE_HOOK] = "a hook answers ACCEPT, DROP, CONTINUE or nothing",
	[NFLUA_ROLE_MATCH] =
		"a match answers true, false, ACCEPT, DROP, CONTINUE or nothing",
	[NFLUA_ROLE_TARGET] =
		"a target answers ACCEPT, DROP, CONTINUE or nothing",
};

static const u8 policies[__NFLUA_ON_ERROR_MAX] = {
	[NFLUA_ON_ERROR_NOMATCH] = NFLUA_A_OUTCOME_NOMATCH,
	[NFLUA_ON_ERROR_MATCH] = NFLUA_A_OUTCOME_MATCH,
	[NFLUA_ON_ERROR_CONTINUE] = NFLUA_A_OUTCOME_CONTINUE,
	[NFLUA_ON_ERROR_ACCEPT] = NFLUA_A_OUTCOME_ACCEPT,
	[NFLUA_ON_ERROR_DROP] = NFLUA_A_OUTCOME_DROP,
};

/**
 * nflua_policy() - the outcome of a packet that no script decides
 * @on_error: &enum nflua_on_error
 *
 * Return: NFLUA_A_OUTCOME_* with NFLUA_BY_POLICY
 */
unsigned int nflua_policy(int on_error)
{
	return policies[on_error] | NFLUA_BY_POLICY;
}

static __always_inline enum answer to_answer(const TValue *v)
{
	switch (rawtt(v)) {
	case LUA_VNIL:
		return ANSWER_NIL;
	case LUA_VFALSE:
		return ANSWER_FALSE;
	case LUA_VTRUE:
		return ANSWER_TRUE;
	case LUA_VNUMINT:
		switch (ivalue(v)) {
		case NFLUA_VERDICT_ACCEPT:
			return ANSWER_ACCEPT;
		case NFLUA_VERDICT_DROP:
			return ANSWER_DROP;
		case NFLUA_VERDICT_CONTINUE:
			return ANSWER_CONTINUE;
		}
		fallthrough;
	default:
		return ANSWER_OTHER;
	}
}

/*
 * Counts an error, keeps its text, tells who listens. @text is the first
 * line, or all of it.
 */
static noinline void note_failure(const struct nflua_entry *entry, int kind,
				  const char *text)
{
	struct nflua_counters *c = this_cpu_ptr(entry->stats->cpu);
	struct nflua_failure *failure, *old;
	size_t len = strnlen(text, NFLUA_FAILURE_MAX);

	c->errors[kind]++;
	if (entry->run) {
		nflua_run_failed(entry->run, kind, text, len);
		return;
	}
	failure = kmalloc(struct_size(failure, text, len + 1),
			  GFP_ATOMIC | __GFP_NOWARN);
	if (failure) {
		failure->time = ktime_get_real_seconds();
		failure->stamp = ktime_get_ns();
		memcpy(failure->text, text, len);
		failure->text[len] = 0;
		/* Bottom halves are off, but with PREEMPT_RT that is not enough. */
		old = xchg((struct nflua_failure __force **)&c->failure,
			   failure);
		if (old)
			kfree_rcu(old, rcu);
	}
	trace_error(entry, kind, text, len);
	nflua_event_error(entry, text, len);
}

static noinline unsigned int fail(const struct nflua_entry *entry, int on_error,
				  int kind, const char *text)
{
	note_failure(entry, kind, text);
	return nflua_policy(on_error);
}

/* A call was entered and failed: too often in a row? */
static noinline void count_failure(const struct nflua_entry *entry,
				   struct nflua_state *st)
{
	struct nflua_generation *gen = entry->gen;
	const u32 max = READ_ONCE(gen->limits.errors);

	if (entry->run)
		return;
	st->errors++;
	if (!max || st->errors < max ||
	    test_and_set_bit(NFLUA_GEN_SUSPENDED, &gen->flags))
		return;
	nflua_event_script(read_pnet(&gen->net), gen->name, gen->number,
			   NFLUA_EVENT_SUSPENDED, GFP_ATOMIC);
}

static noinline unsigned int bad_verdict(const struct nflua_entry *entry,
					 struct nflua_state *st,
					 enum nflua_role role, int on_error)
{
	const TValue *v = s2v(st->L->top.p - 1);
	char text[192];
	char what[32];

	if (ttisinteger(v))
		snprintf(what, sizeof(what), "%lld", ivalue(v));
	else
		snprintf(what, sizeof(what), "a %s",
			 ttypename(ttype(v)));
	snprintf(text, sizeof(text), "%s:%u: function answered %s (%s)",
		 entry->gen->name, entry->reg.line, what, role_wants[role]);
	return fail(entry, on_error, NFLUA_A_ERROR_VERDICT, text);
}

/*
 * The end of a call whose answer is none, or that has left something to do;
 * leaves the state.
 */
static noinline unsigned int end_call(const struct nflua_entry *entry,
				      struct nflua_state *st,
				      enum nflua_role role, int on_error,
				      unsigned int outcome)
{
	if (outcome) {
		this_cpu_ptr(entry->stats->cpu)->outcomes[outcome]++;
		if (!entry->run)
			st->errors = 0;
	} else {
		nflua_print_flush(st);
		outcome = bad_verdict(entry, st, role, on_error);
		count_failure(entry, st);
	}
	nflua_state_tidy(st);
	nflua_state_leave(st);
	return outcome;
}

static const char *const not_entered[] = {
	[NFLUA_A_ERROR_SHORT] = "too little C stack left to run the script",
	[NFLUA_A_ERROR_REENTRY] = "the script is running on this CPU already",
	[NFLUA_A_ERROR_NOSTATE] = "this CPU has no state of the script",
};

/* A call of a script that nothing holds up, as nflua_entry_run() has it. */
static __always_inline unsigned int call(const struct nflua_entry *entry,
					 enum nflua_role role, int on_error,
					 struct sk_buff *skb,
					 const struct nf_hook_state *hs)
{
	struct nflua_state *st;
	unsigned int outcome;
	const char *msg;
	int status;

	st = READ_ONCE(entry->gen->states[(unsigned int)smp_processor_id()]);
	status = st ? nflua_state_enter(st, entry->function, skb, hs, role) :
		      -NFLUA_A_ERROR_NOSTATE;
	if (likely(status == LUA_OK)) {
		outcome = outcomes[role][to_answer(s2v(st->L->top.p - 1))];
		if (unlikely(!outcome || st->untidy))
			return end_call(entry, st, role, on_error, outcome);
		this_cpu_ptr(entry->stats->cpu)->outcomes[outcome]++;
		nflua_state_leave(st);
	} else if (status > 0) {
		/* first what it printed, then that it failed */
		nflua_print_flush(st);
		/* What a finalizer swallowed has no message any more. */
		msg = lua_type(st->L, -1) == LUA_TSTRING ?
		      lua_tostring(st->L, -1) : "a finalizer ran too long";
		outcome = fail(entry, on_error, nflua_state_error(st, status),
			       msg);
		count_failure(entry, st);
		nflua_state_tidy(st);
		nflua_state_leave(st);
	} else {
		outcome = fail(entry, on_error, -status, not_entered[-status]);
	}
	return outcome;
}

/*
 * The same for a script with flags. The clock is the one that ends a call that
 * has used up its budget, so that the two can be compared.
 */
static noinline unsigned int call_flagged(const struct nflua_entry *entry,
					  enum nflua_role role, int on_error,
					  struct sk_buff *skb,
					  const struct nf_hook_state *hs)
{
	const unsigned long flags = READ_ONCE(entry->gen->flags);
	const bool watched = flags & (BIT(NFLUA_GEN_TIMED) |
				      BIT(NFLUA_GEN_TRACED));
	const u64 start = watched ? ktime_get_ns() : 0;
	struct nflua_times *times;
	unsigned int outcome;
	u64 ns;

	if (flags & BIT(NFLUA_GEN_SUSPENDED)) {
		this_cpu_ptr(entry->stats->cpu)->errors[NFLUA_A_ERROR_SUSPENDED]++;
		if (entry->run)
			nflua_run_failed(entry->run, NFLUA_A_ERROR_SUSPENDED,
					 "", 0);
		outcome = nflua_policy(on_error);
	} else {
		outcome = call(entry, role, on_error, skb, hs);
	}
	if (!watched)
		return outcome;
	ns = ktime_get_ns() - start;
	if (flags & BIT(NFLUA_GEN_TIMED)) {
		/* It may have been taken away since the flags were read. */
		times = rcu_dereference(entry->stats->times);
		if (times)
			nflua_times_add(times, ns);
	}
	if (!entry->run)
		trace_call(entry, outcome, ns);
	return outcome;
}

static noinline unsigned int run(const struct nflua_entry *entry,
				 enum nflua_role role, int on_error,
				 struct sk_buff *skb,
				 const struct nf_hook_state *hs)
{
	if (unlikely(READ_ONCE(entry->gen->flags)))
		return call_flagged(entry, role, on_error, skb, hs);
	return call(entry, role, on_error, skb, hs);
}

/**
 * nflua_entry_run() - put a packet to a script
 * @entry: the entry point, from a &struct nflua_point
 * @role: what is asked
 * @on_error: &enum nflua_on_error, the failure policy
 * @skb: the packet
 * @hs: the state of the hook
 *
 * Every call is counted once: as an outcome or as an error. What a hook has
 * to send or to tell leaves after the state is left.
 *
 * Context: RCU read section; process context or softirq.
 * Return: NFLUA_A_OUTCOME_*, with NFLUA_BY_POLICY if it is not the script's
 * own answer
 */
unsigned int nflua_entry_run(const struct nflua_entry *entry,
			     enum nflua_role role, int on_error,
			     struct sk_buff *skb,
			     const struct nf_hook_state *hs)
{
	unsigned int outcome;

	if (likely(in_softirq()))
		return run(entry, role, on_error, skb, hs);
	/* Hooks that a task meets by sending run with bottom halves on. */
	local_bh_disable();
	outcome = run(entry, role, on_error, skb, hs);
	local_bh_enable();
	return outcome;
}
