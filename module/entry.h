/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_ENTRY_H
#define _NFLUA_ENTRY_H

#include <linux/netfilter.h>
#include <linux/refcount.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include "state.h"
#include "timing.h"
#include "uapi/nflua.h"

struct nflua_extension;

/* What kind of question a call asks; decides which answers make sense. */
enum nflua_role {
	NFLUA_ROLE_HOOK,
	NFLUA_ROLE_MATCH,
	NFLUA_ROLE_TARGET,
	NFLUA_ROLE_HELPER,
	__NFLUA_ROLE_MAX
};

/*
 * Verdicts as Lua sees them: no number that a function answers by accident,
 * least of all the 0 and 1 of other languages' booleans. The upper half of the
 * integer is the number of a queue or of an error, and whether a queue may be
 * bypassed, so that a verdict with an argument allocates nothing.
 */
#define NFLUA_VERDICT_ACCEPT	0x6e660001
#define NFLUA_VERDICT_DROP	0x6e660002
#define NFLUA_VERDICT_CONTINUE	0x6e660003
#define NFLUA_VERDICT_STOLEN	0x6e660004
#define NFLUA_VERDICT_QUEUE	0x6e660005
#define NFLUA_VERDICT_REPEAT	0x6e660006
#define NFLUA_VERDICT_STOP	0x6e660007
#define NFLUA_VERDICT_ARG(_n)	((u64)(_n) << 32)
#define NFLUA_VERDICT_BYPASS	NFLUA_VERDICT_ARG(0x10000)

/*
 * What nflua_entry_run() answers: NFLUA_A_OUTCOME_*, whether it came from the
 * failure policy and not from the script, and the verdict's argument.
 */
#define NFLUA_OUTCOME(_outcome)	((_outcome) & 0xff)
#define NFLUA_BY_POLICY		0x100
#define NFLUA_BYPASS		0x200
#define NFLUA_ARG_SHIFT		16

/* An entry point that answers REPEAT is called so often for a packet. */
#define NFLUA_TURNS_MAX		5

#define NFLUA_FAILURE_MAX	2048	/* bytes kept of a message with traceback */

/**
 * struct nflua_failure - the last error of an entry point on one CPU
 * @time: when, CLOCK_REALTIME seconds
 * @stamp: when, nanoseconds of the monotonic clock, to find the newest
 * @rcu: frees it
 * @text: message and traceback
 */
struct nflua_failure {
	time64_t time;
	u64 stamp;
	struct rcu_head rcu;
	char text[];
};

/**
 * struct nflua_counters - one CPU's share of an entry point's statistics;
 *	written on that CPU with bottom halves off
 */
struct nflua_counters {
	u64 outcomes[NFLUA_A_OUTCOME_MAX + 1];
	u64 errors[NFLUA_A_ERROR_MAX + 1];
	struct nflua_failure __rcu *failure;
};

/**
 * struct nflua_stats - statistics of an entry point, which outlive a replace
 * @refs: entry points that use them
 * @cpu: counters by CPU
 * @times: how long calls took; NULL if nobody asked. Changed under load_lock
 *	and nn->lock.
 */
struct nflua_stats {
	refcount_t refs;
	struct nflua_counters __percpu *cpu;
	struct nflua_times __rcu *times;
};

/**
 * struct nflua_entry - an entry point of one generation; only @gone changes
 *	once packets meet it
 * @gen: its generation
 * @function: where its function is on a packet state's stack
 * @reg: how the script registered it
 * @stats: its statistics
 * @hook: what packets meet a hook through, NULL before it is published
 * @gone: the script has unregistered it
 * @callbacks: a bit for each &enum nflua_callback that an extension has
 * @extension: what it declares, referred to; NULL of any other, and if nobody
 *	else has it, of a generation that is only checked
 * @run: the test run that this is a copy for, NULL where packets come from
 */
struct nflua_entry {
	struct nflua_generation *gen;
	unsigned int function;
	struct nflua_stats *stats;
	struct nflua_run *run;
	struct nflua_hook *hook;
	bool gone;
	u8 callbacks;
	struct nflua_extension *extension;
	struct nflua_reg reg;
};

/**
 * struct nflua_point - where packets meet a script: a hook, a rule's binding or a
 *	helper
 * @entry: what is called, NULL if there is nothing to call. Switching it is
 *	what a replace does.
 */
struct nflua_point {
	struct nflua_entry __rcu *entry;
};

struct nflua_stats *nflua_stats_create(void);
void nflua_stats_put(struct nflua_stats *stats);
unsigned int nflua_policy(int on_error);
unsigned int nflua_entry_run(const struct nflua_entry *entry,
			     enum nflua_role role, int on_error,
			     struct sk_buff *skb,
			     const struct nf_hook_state *hs);
unsigned int nflua_entry_run_values(const struct nflua_entry *entry,
				    enum nflua_role role, int on_error,
				    struct sk_buff *skb,
				    const struct nf_hook_state *hs,
				    const struct nflua_values *values);
unsigned int nflua_entry_verdict(unsigned int outcome);

#endif /* _NFLUA_ENTRY_H */
