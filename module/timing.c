// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long calls take: a histogram for each entry point and CPU.
 *
 * It is there once somebody asked for it, is written by the CPU that ran the
 * call, outlives a replace like the counters, and goes with them or when it is
 * reset while nothing is measured. A call that is not measured does not know
 * of it: nflua_entry_run() sees that from the flags that it looks at anyway.
 */
#include <linux/log2.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include "script.h"
#include "timing.h"

/**
 * nflua_times_create() - an empty histogram
 *
 * Context: process, sleeps
 * Return: the histogram, NULL for no memory
 */
struct nflua_times *nflua_times_create(void)
{
	struct nflua_times *times = kmalloc(sizeof(*times), GFP_KERNEL_ACCOUNT);

	if (!times)
		return NULL;
	times->cpu = alloc_percpu_gfp(struct nflua_histogram,
				      GFP_KERNEL_ACCOUNT);
	if (!times->cpu) {
		kfree(times);
		return NULL;
	}
	return times;
}

/**
 * nflua_times_free() - free a histogram that no call can find any more
 * @times: the histogram, may be NULL
 *
 * Context: process
 */
void nflua_times_free(struct nflua_times *times)
{
	if (!times)
		return;
	free_percpu(times->cpu);
	kfree(times);
}

static unsigned int to_bucket(u64 ns)
{
	unsigned int power;

	if (ns < BIT(NFLUA_BUCKET_BITS))
		return ns;
	power = ilog2(ns) - NFLUA_BUCKET_BITS;
	return min_t(unsigned int, NFLUA_BUCKETS - 1,
		     (power << NFLUA_BUCKET_BITS) + (ns >> power));
}

/**
 * nflua_times_add() - count a call
 * @times: the histogram
 * @ns: how long it took
 *
 * Context: bottom halves off, RCU read section
 */
void nflua_times_add(struct nflua_times *times, u64 ns)
{
	struct nflua_histogram *h = this_cpu_ptr(times->cpu);

	h->total += ns;
	if (ns > h->max)
		h->max = ns;
	h->buckets[to_bucket(ns)]++;
}

/**
 * nflua_timing_set() - measure the calls of a script, or no more, or anew
 * @nn: its namespace, load_lock held
 * @gen: its generation
 * @timing: &enum nflua_timing
 *
 * A reset takes the histograms away, and puts empty ones in their place if
 * calls are measured: nothing else writes to what a CPU is counting in.
 *
 * Context: process, sleeps
 * Return: 0, or -ENOMEM and nothing has changed
 */
int nflua_timing_set(struct nflua_net *nn, struct nflua_generation *gen,
		     unsigned int timing)
{
	const bool on = timing == NFLUA_TIMING_ON;
	const bool reset = timing == NFLUA_TIMING_RESET;
	const bool measured = test_bit(NFLUA_GEN_TIMED, &gen->flags);
	struct nflua_times **times;
	unsigned int i;
	int err = 0;

	if (timing == NFLUA_TIMING_OFF) {
		clear_bit(NFLUA_GEN_TIMED, &gen->flags);
		return 0;
	}
	times = kcalloc(gen->nentries ?: 1, sizeof(*times), GFP_KERNEL);
	if (!times)
		return -ENOMEM;
	for (i = 0; i < gen->nentries; i++) {
		const struct nflua_stats *stats = gen->entries[i].stats;

		if (reset ? !measured : !!rcu_access_pointer(stats->times))
			continue;
		times[i] = nflua_times_create();
		if (!times[i]) {
			err = -ENOMEM;
			goto free;
		}
	}
	/* Whoever describes the script holds the lock. */
	mutex_lock(&nn->lock);
	for (i = 0; i < gen->nentries; i++)
		if (reset || times[i])
			times[i] = rcu_replace_pointer(gen->entries[i].stats->times,
						       times[i],
						       lockdep_is_held(&nn->lock));
	mutex_unlock(&nn->lock);
	if (on)
		set_bit(NFLUA_GEN_TIMED, &gen->flags);
	else
		synchronize_rcu();
free:
	for (i = 0; i < gen->nentries; i++)
		nflua_times_free(times[i]);
	kfree(times);
	return err;
}
