// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much a script may tell: every CPU has a budget of its own for each
 * script, so that no line is written by two of them, and one that is silent
 * costs nothing. What is beyond it is dropped and counted, and the next message
 * of the CPU says how many.
 */
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include "messages.h"

/* Most messages at once, and how long each of them takes to be allowed again. */
static const struct {
	u64 burst;
	u64 interval;
} limits[__NFLUA_SORT_MAX] = {
	[NFLUA_SORT_LOG] = { 2000, NSEC_PER_SEC / 1000 },
	[NFLUA_SORT_ERRORS] = { 200, NSEC_PER_SEC / 100 },
};

/**
 * nflua_messages_create() - a script that has told nothing yet
 *
 * Context: process, sleeps
 * Return: with one reference, NULL for no memory
 */
struct nflua_messages *nflua_messages_create(void)
{
	struct nflua_messages *messages;

	messages = kmalloc(sizeof(*messages), GFP_KERNEL_ACCOUNT);
	if (!messages)
		return NULL;
	messages->cpu = alloc_percpu_gfp(struct nflua_flows,
					 GFP_KERNEL_ACCOUNT);
	if (!messages->cpu) {
		kfree(messages);
		return NULL;
	}
	refcount_set(&messages->refs, 1);
	return messages;
}

/**
 * nflua_messages_put() - give a reference back
 * @messages: may be NULL
 *
 * The last one frees; no packet may be using it then.
 *
 * Context: process
 */
void nflua_messages_put(struct nflua_messages *messages)
{
	if (!messages || !refcount_dec_and_test(&messages->refs))
		return;
	free_percpu(messages->cpu);
	kfree(messages);
}

/**
 * nflua_messages_may() - may a message be sent?
 * @messages: of the script
 * @sort: what it is
 *
 * If so, it counts as sent. The clock is that of the last tick, since it is
 * looked at for every message that is dropped, too.
 *
 * Context: bottom halves off
 */
bool nflua_messages_may(struct nflua_messages *messages, enum nflua_sort sort)
{
	struct nflua_flow *flow = &this_cpu_ptr(messages->cpu)->of[sort];
	const u64 interval = limits[sort].interval;
	const u64 now = ktime_get_coarse_ns();
	const u64 full = max(flow->full, now) + interval;

	if (full > now + limits[sort].burst * interval)
		return false;
	flow->full = full;
	return true;
}

/**
 * nflua_messages_drop() - count a message that is not sent
 * @messages: of the script
 * @sort: what it is
 * @tell: somebody listens, who is to be told of it
 *
 * Context: bottom halves off
 */
void nflua_messages_drop(struct nflua_messages *messages, enum nflua_sort sort,
			 bool tell)
{
	struct nflua_flow *flow = &this_cpu_ptr(messages->cpu)->of[sort];

	flow->dropped++;
	if (tell)
		flow->untold++;
}

/**
 * nflua_messages_untold() - dropped messages that the next one has to tell of
 * @messages: of the script
 * @sort: what it is
 *
 * Context: bottom halves off
 */
u64 nflua_messages_untold(const struct nflua_messages *messages,
			  enum nflua_sort sort)
{
	return this_cpu_ptr(messages->cpu)->of[sort].untold;
}

/**
 * nflua_messages_told() - somebody got the message that told of them
 * @messages: of the script
 * @sort: what it is
 *
 * Context: bottom halves off since nflua_messages_untold()
 */
void nflua_messages_told(struct nflua_messages *messages, enum nflua_sort sort)
{
	this_cpu_ptr(messages->cpu)->of[sort].untold = 0;
}

/**
 * nflua_messages_dropped() - how many messages were not sent
 * @messages: of the script
 * @sort: which
 *
 * Context: any
 */
u64 nflua_messages_dropped(const struct nflua_messages *messages,
			   enum nflua_sort sort)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(messages->cpu, cpu)->of[sort].dropped);
	return sum;
}
