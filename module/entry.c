// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entry points: how a packet is put to a script, what its answer means, and
 * what happens if there is none.
 */
#include <linux/bottom_half.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include "entry.h"
#include "event.h"
#include "held.h"
#include "library.h"
#include "run.h"
#include "script.h"
#include "skb.h"
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
	ANSWER_STOLEN,
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
	[NFLUA_ROLE_HELPER] = {
		[ANSWER_NIL] = NFLUA_A_OUTCOME_ACCEPT,
		[ANSWER_ACCEPT] = NFLUA_A_OUTCOME_ACCEPT,
		[ANSWER_DROP] = NFLUA_A_OUTCOME_DROP,
		[ANSWER_CONTINUE] = NFLUA_A_OUTCOME_ACCEPT,
	},
};

static const char *const role_wants[__NFLUA_ROLE_MAX] = {
	[NFLUA_ROLE_HOOK] = "a hook answers ACCEPT, DROP, CONTINUE, STOLEN, QUEUE, REPEAT, STOP or nothing",
	[NFLUA_ROLE_MATCH] =
		"a match answers true, false, ACCEPT, DROP, CONTINUE or nothing",
	[NFLUA_ROLE_TARGET] = "a target answers ACCEPT, DROP, CONTINUE, STOLEN, QUEUE, REPEAT, STOP or nothing",
	[NFLUA_ROLE_HELPER] =
		"a helper answers ACCEPT, DROP, CONTINUE or nothing",
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
		case NFLUA_VERDICT_STOLEN:
			return ANSWER_STOLEN;
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
	struct mem_cgroup *memcg;

	c->errors[kind]++;
	if (entry->run) {
		nflua_run_failed(entry->run, kind, text, len);
		return;
	}
	/* Telling takes more of the stack than running the script. */
	if (kind == NFLUA_A_ERROR_SHORT)
		return;
	/* Errors may be as many as packets: they are paid for as all is. */
	memcg = set_active_memcg(entry->gen->memcg);
	failure = kmalloc(struct_size(failure, text, len + 1),
			  NFLUA_GFP_PACKET | __GFP_NOWARN);
	set_active_memcg(memcg);
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

/*
 * Does anything follow the hooks of this place? Ingress and egress go on where
 * they were, as what is its caller's does; inet's ingress has the number
 * behind those of IPv4 and IPv6, which is that of the bridge's brouting.
 */
static bool has_okfn(const struct sk_buff *skb, const struct nf_hook_state *hs)
{
	return hs->okfn && hs->pf != NFPROTO_NETDEV &&
	       hs->hook < NF_INET_NUMHOOKS &&
	       !nflua_packet_is_callers(skb, hs);
}

/* A queue drops a packet whose new connection somebody else has, too. */
static bool is_connection_kept(const struct sk_buff *skb)
{
	const struct nf_conn *ct = nflua_packet_new_connection(skb);

	return ct && refcount_read(&ct->ct_general.use) > 1;
}

/* The kernel knows how to go on with these after their time in a queue. */
static bool can_queue(const struct sk_buff *skb, const struct nf_hook_state *hs)
{
	return has_okfn(skb, hs) && !is_connection_kept(skb) &&
	       (hs->pf == NFPROTO_IPV4 || hs->pf == NFPROTO_IPV6 ||
		hs->pf == NFPROTO_BRIDGE);
}

static bool is_verdict(const TValue *v, u32 verdict)
{
	return ttisinteger(v) && (u64)ivalue(v) == verdict;
}

/*
 * What a verdict means that is not among &outcomes. @turn: the how manieth
 * call for this packet it is, 0 stands for the first. A helper has no say where
 * a packet goes on.
 *
 * Return: as nflua_entry_run(), 0 for an error
 */
static unsigned int rare_outcome(const TValue *v, enum nflua_role role,
				 const struct sk_buff *skb,
				 const struct nf_hook_state *hs,
				 unsigned int turn)
{
	const u64 n = ttisinteger(v) ? ivalue(v) : 0;
	const u32 arg = n >> 32;

	switch ((u32)n) {
	case NFLUA_VERDICT_DROP:
		if (arg && arg <= MAX_ERRNO)
			return NFLUA_A_OUTCOME_DROP | arg << NFLUA_ARG_SHIFT;
		break;
	case NFLUA_VERDICT_QUEUE:
		if (arg < 0x20000 && can_queue(skb, hs))
			return NFLUA_A_OUTCOME_QUEUE | arg << NFLUA_ARG_SHIFT |
			       (n & NFLUA_VERDICT_BYPASS ? NFLUA_BYPASS : 0);
		break;
	case NFLUA_VERDICT_REPEAT:
		if (!arg && turn < NFLUA_TURNS_MAX && role != NFLUA_ROLE_HELPER)
			return NFLUA_A_OUTCOME_REPEAT;
		break;
	case NFLUA_VERDICT_STOP:
		if (!arg && has_okfn(skb, hs))
			return NFLUA_A_OUTCOME_STOP;
		break;
	}
	return 0;
}

/* Why a verdict of those is an error here; NULL for what is no verdict at all. */
static const char *why_not(const TValue *v, const struct nflua_state *st,
			   const char **name)
{
	static const struct {
		u32 verdict;
		const char *name;
		const char *why;
	} words[] = {
		{ NFLUA_VERDICT_ACCEPT, "ACCEPT", NULL },
		{ NFLUA_VERDICT_DROP, "DROP", NULL },
		{ NFLUA_VERDICT_CONTINUE, "CONTINUE", NULL },
		{ NFLUA_VERDICT_STOLEN, "STOLEN",
		  "it did not take the packet with pkt:steal()" },
		{ NFLUA_VERDICT_QUEUE, "QUEUE",
		  "only IPv4, IPv6 and bridge packets can be queued, and not at ingress" },
		{ NFLUA_VERDICT_REPEAT, "REPEAT",
		  "it has been called 5 times for this packet" },
		{ NFLUA_VERDICT_STOP, "STOP",
		  "nothing of its own follows the hooks here, as at ingress and egress" },
	};
	unsigned int i;

	static_assert(NFLUA_TURNS_MAX == 5);
	*name = NULL;
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (!ttisinteger(v) || (u32)ivalue(v) != words[i].verdict)
			continue;
		*name = words[i].name;
		if (st->packet.stolen)
			return NULL;
		if (words[i].verdict == NFLUA_VERDICT_QUEUE &&
		    is_connection_kept(st->packet.skb))
			return "its connection is new and kept: a queue would drop it";
		return words[i].why;
	}
	return NULL;
}

static noinline unsigned int bad_verdict(const struct nflua_entry *entry,
					 struct nflua_state *st,
					 enum nflua_role role, int on_error)
{
	const TValue *v = s2v(st->L->top.p - 1);
	const char *name, *why = why_not(v, st, &name);
	char text[256];
	char what[32];

	if (st->packet.broken) {
		snprintf(text, sizeof(text),
			 "%s:%u: the packet is shorter than its header, or has none",
			 entry->gen->name, entry->reg.line);
		return fail(entry, on_error, NFLUA_A_ERROR_VERDICT, text);
	}
	if (st->packet.stolen)
		why = "it took the packet, and may answer STOLEN or nothing";
	else if (!why || role == NFLUA_ROLE_MATCH || role == NFLUA_ROLE_HELPER)
		why = role_wants[role];
	if (name)
		strscpy(what, name, sizeof(what));
	else if (ttisinteger(v))
		snprintf(what, sizeof(what), "%lld", ivalue(v));
	else
		snprintf(what, sizeof(what), "a %s",
			 ttypename(ttype(v)));
	snprintf(text, sizeof(text), "%s:%u: function answered %s (%s)",
		 entry->gen->name, entry->reg.line, what, why);
	return fail(entry, on_error, NFLUA_A_ERROR_VERDICT, text);
}

/* May a packet with other headers go on? */
static bool is_sound(struct nflua_state *st)
{
	st->packet.broken = !nflua_skb_is_sound(&st->packet);
	return !st->packet.broken;
}

/*
 * What comes of a packet where the failure policy has decided: there may be
 * nothing left that it could decide about.
 */
static noinline unsigned int policy_looked_at(struct nflua_state *st,
					      unsigned int outcome)
{
	if (st->packet.stolen)
		return NFLUA_A_OUTCOME_STOLEN | NFLUA_BY_POLICY;
	return !st->packet.broken && is_sound(st) ? outcome :
	       NFLUA_A_OUTCOME_DROP | NFLUA_BY_POLICY;
}

/* A packet that was written may need another route to go on. */
static noinline unsigned int reroute(const struct nflua_state *st,
				     unsigned int outcome)
{
	int err;

	if (NFLUA_OUTCOME(outcome) == NFLUA_A_OUTCOME_DROP ||
	    NFLUA_OUTCOME(outcome) == NFLUA_A_OUTCOME_STOLEN)
		return outcome;
	err = nflua_route_follow(st);
	return err ? NFLUA_A_OUTCOME_DROP | (outcome & NFLUA_BY_POLICY) |
		     -err << NFLUA_ARG_SHIFT : outcome;
}

static unsigned int follow(const struct nflua_entry *entry,
			   enum nflua_role role, int on_error,
			   struct sk_buff *skb, const struct nf_hook_state *hs,
			   const struct nflua_values *values,
			   unsigned int outcome);

/*
 * The end of a call whose answer is none or out of the ordinary, or that has
 * left something to do. Leaves the state.
 */
static noinline unsigned int end_call(const struct nflua_entry *entry,
				      struct nflua_state *st,
				      enum nflua_role role, int on_error,
				      const struct nflua_values *values,
				      unsigned int outcome, unsigned int turn)
{
	const TValue *v = s2v(st->L->top.p - 1);
	const struct nf_hook_state *hs = st->packet.hs;
	struct sk_buff *skb = st->packet.skb;

	if (st->packet.stolen)
		outcome = ttisnil(v) || is_verdict(v, NFLUA_VERDICT_STOLEN) ?
			  NFLUA_A_OUTCOME_STOLEN : 0;
	else if (!outcome && role != NFLUA_ROLE_MATCH)
		outcome = rare_outcome(v, role, skb, hs, turn);
	if (st->packet.look && !st->packet.stolen && !is_sound(st))
		outcome = 0;
	if (outcome) {
		this_cpu_ptr(entry->stats->cpu)->outcomes[NFLUA_OUTCOME(outcome)]++;
		if (!entry->run)
			st->errors = 0;
	} else {
		nflua_print_flush(st);
		outcome = bad_verdict(entry, st, role, on_error);
		count_failure(entry, st);
		if (st->packet.look)
			outcome = policy_looked_at(st, outcome);
	}
	if (st->packet.route_kept)
		outcome = reroute(st, outcome);
	nflua_state_tidy(st);
	nflua_state_leave(st);
	return turn ? outcome :
		      follow(entry, role, on_error, skb, hs, values, outcome);
}

static const char *const not_entered[] = {
	[NFLUA_A_ERROR_SHORT] = "too little C stack left to run the script",
	[NFLUA_A_ERROR_REENTRY] = "the script is running on this CPU already",
	[NFLUA_A_ERROR_NOSTATE] = "this CPU has no state of the script",
};

/*
 * A call of a script that nothing holds up, as nflua_entry_run() has it. @turn
 * is as rare_outcome() has it; only for 0 what follows from the answer is done.
 */
static __always_inline unsigned int call(const struct nflua_entry *entry,
					 enum nflua_role role, int on_error,
					 struct sk_buff *skb,
					 const struct nf_hook_state *hs,
					 const struct nflua_values *values,
					 unsigned int turn)
{
	struct nflua_state *st;
	unsigned int outcome;
	const char *msg;
	int status;

	st = READ_ONCE(entry->gen->states[(unsigned int)smp_processor_id()]);
	status = st ? nflua_state_enter(st, entry->function, skb, hs, role,
					values) :
		      -NFLUA_A_ERROR_NOSTATE;
	if (likely(status == LUA_OK)) {
		outcome = outcomes[role][to_answer(s2v(st->L->top.p - 1))];
		if (unlikely(!outcome || st->untidy | st->packet.look))
			return end_call(entry, st, role, on_error, values,
					outcome, turn);
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
		if (st->packet.look)
			outcome = policy_looked_at(st, outcome);
		if (st->packet.route_kept)
			outcome = reroute(st, outcome);
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
					  const struct nf_hook_state *hs,
					  const struct nflua_values *values,
					  unsigned int turn)
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
		outcome = call(entry, role, on_error, skb, hs, values, turn);
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

/*
 * What follows from an answer once the state is left: calls behind one that
 * answered REPEAT, each of which counts and between which this CPU runs nothing
 * else; and a packet that is to stop goes on behind the hooks of its place. It
 * may send others, for no state is entered. In an iptables traversal that is
 * harmless, too: the verdict that is returned ends it.
 */
static noinline unsigned int follow(const struct nflua_entry *entry,
				    enum nflua_role role, int on_error,
				    struct sk_buff *skb,
				    const struct nf_hook_state *hs,
				    const struct nflua_values *values,
				    unsigned int outcome)
{
	unsigned int turn;

	for (turn = 2; outcome == NFLUA_A_OUTCOME_REPEAT; turn++)
		outcome = READ_ONCE(entry->gen->flags) ?
			  call_flagged(entry, role, on_error, skb, hs, values,
				       turn) :
			  call(entry, role, on_error, skb, hs, values, turn);
	if (outcome == NFLUA_A_OUTCOME_STOP)
		hs->okfn(hs->net, hs->sk, skb);
	return outcome;
}

/* Each turn is measured by itself. */
static noinline unsigned int run_flagged(const struct nflua_entry *entry,
					 enum nflua_role role, int on_error,
					 struct sk_buff *skb,
					 const struct nf_hook_state *hs,
					 const struct nflua_values *values)
{
	unsigned int outcome;

	outcome = call_flagged(entry, role, on_error, skb, hs, values, 1);
	return follow(entry, role, on_error, skb, hs, values, outcome);
}

static noinline unsigned int run(const struct nflua_entry *entry,
				 enum nflua_role role, int on_error,
				 struct sk_buff *skb,
				 const struct nf_hook_state *hs)
{
	if (unlikely(READ_ONCE(entry->gen->flags)))
		return run_flagged(entry, role, on_error, skb, hs, NULL);
	return call(entry, role, on_error, skb, hs, NULL, 0);
}

/* Apart, so that a call without values does not look for them. */
static noinline unsigned int run_values(const struct nflua_entry *entry,
					enum nflua_role role, int on_error,
					struct sk_buff *skb,
					const struct nf_hook_state *hs,
					const struct nflua_values *values)
{
	if (unlikely(READ_ONCE(entry->gen->flags)))
		return run_flagged(entry, role, on_error, skb, hs, values);
	return call(entry, role, on_error, skb, hs, values, 0);
}

/**
 * nflua_entry_run() - put a packet to a script
 * @entry: the entry point, from a &struct nflua_point
 * @role: what is asked
 * @on_error: &enum nflua_on_error, the failure policy
 * @skb: the packet
 * @hs: the state of the hook
 *
 * Every call is counted once: as an outcome or as an error, and after an answer
 * REPEAT there is another one. What a hook has to send or to tell leaves after
 * the state is left. A packet that the script took is not the caller's any more,
 * whatever else happened: the outcome is then %NFLUA_A_OUTCOME_STOLEN. Neither
 * is one that was to stop, which has gone on.
 *
 * Context: RCU read section; process context or softirq.
 * Return: NFLUA_A_OUTCOME_* but REPEAT, with NFLUA_BY_POLICY if it is not the
 * script's own answer; with an argument for nflua_entry_verdict()
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

/**
 * nflua_entry_run_values() - put a packet to a script, with a rule's values
 * @entry: as for nflua_entry_run()
 * @role: the same
 * @on_error: the same
 * @skb: the same
 * @hs: the same
 * @values: what the function gets as its second argument, a table
 *
 * Context: as for nflua_entry_run()
 * Return: the same
 */
unsigned int nflua_entry_run_values(const struct nflua_entry *entry,
				    enum nflua_role role, int on_error,
				    struct sk_buff *skb,
				    const struct nf_hook_state *hs,
				    const struct nflua_values *values)
{
	unsigned int outcome;

	if (likely(in_softirq()))
		return run_values(entry, role, on_error, skb, hs, values);
	local_bh_disable();
	outcome = run_values(entry, role, on_error, skb, hs, values);
	local_bh_enable();
	return outcome;
}

/**
 * nflua_entry_verdict() - what netfilter is told of an outcome
 * @outcome: what nflua_entry_run() answered
 *
 * Return: NF_*
 */
unsigned int nflua_entry_verdict(unsigned int outcome)
{
	const int arg = outcome >> NFLUA_ARG_SHIFT;
	const int err = -arg;

	switch (NFLUA_OUTCOME(outcome)) {
	case NFLUA_A_OUTCOME_DROP:
		return err ? NF_DROP_ERR(err) : NF_DROP;
	case NFLUA_A_OUTCOME_STOLEN:
	case NFLUA_A_OUTCOME_STOP:
		return NF_STOLEN;
	case NFLUA_A_OUTCOME_QUEUE:
		return NF_QUEUE_NR(arg) | (outcome & NFLUA_BYPASS ?
					   NF_VERDICT_FLAG_QUEUE_BYPASS : 0);
	default:
		return NF_ACCEPT;
	}
}
