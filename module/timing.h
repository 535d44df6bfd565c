/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_TIMING_H
#define _NFLUA_TIMING_H

#include <linux/bits.h>
#include <linux/percpu.h>
#include <linux/types.h>

/*
 * Buckets of a quarter of a power of two, up to 2^32 ns; the last one takes
 * all that is longer. Below 4 ns each length has its own.
 */
#define NFLUA_BUCKET_BITS	2
#define NFLUA_BUCKETS		((32 - NFLUA_BUCKET_BITS + 1) << NFLUA_BUCKET_BITS)

/**
 * struct nflua_histogram - one CPU's share of an entry point's times; written
 *	on that CPU with bottom halves off
 * @total: ns of all calls
 * @max: ns of the longest
 * @buckets: calls by how long they took
 */
struct nflua_histogram {
	u64 total;
	u64 max;
	u64 buckets[NFLUA_BUCKETS];
};

/**
 * struct nflua_times - how long the calls of an entry point took
 * @cpu: by CPU
 */
struct nflua_times {
	struct nflua_histogram __percpu *cpu;
};

/* The shortest time in a bucket; that of the next one is beyond it. */
static inline u64 nflua_bucket_from(unsigned int bucket)
{
	const unsigned int power = bucket >> NFLUA_BUCKET_BITS;
	const u64 part = bucket & (BIT_ULL(NFLUA_BUCKET_BITS) - 1);

	return power ? (BIT_ULL(NFLUA_BUCKET_BITS) + part) << (power - 1) : part;
}

struct nflua_generation;
struct nflua_net;

struct nflua_times *nflua_times_create(void);
void nflua_times_free(struct nflua_times *times);
void nflua_times_add(struct nflua_times *times, u64 ns);
int nflua_timing_set(struct nflua_net *nn, struct nflua_generation *gen,
		     unsigned int timing);

#endif /* _NFLUA_TIMING_H */
