/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Expectations had a timer each until one worker came to collect them, and one
 * helper. Kbuild looks which it is, for distributions took the changes over.
 */
#ifndef _NFLUA_COMPAT_NF_CONNTRACK_EXPECT_H
#define _NFLUA_COMPAT_NF_CONNTRACK_EXPECT_H

#include_next <net/netfilter/nf_conntrack_expect.h>

/* Where the expecting one's own helper is not there, it is the expected one's. */
#ifndef NFLUA_EXPECT_ASSIGNS
#define assign_helper	helper
#endif

#ifdef NFLUA_EXPECT_TIMERS

#define NFLUA_EXPECT_POLICY_TIMEOUT	300	/* until it is set below */

static inline bool nf_ct_exp_is_expired(const struct nf_conntrack_expect *exp)
{
	return false;
}

/* Before it is in the table: nothing can be said yet. */
static inline void nflua_expect_timeout(struct nf_conntrack_expect *exp, u32 s)
{
}

/* When it is there, if it still is. */
static inline void nflua_expect_timeout_now(struct nf_conntrack_expect *exp,
					    u32 s)
{
	mod_timer_pending(&exp->timeout, jiffies + s * HZ);
}

/*
 * False if its time is up, and its timer waits for the lock.
 * Context: nf_conntrack_expect_lock
 */
static inline bool nflua_expect_remove(struct nf_conntrack_expect *exp)
{
	return nf_ct_remove_expect(exp);
}

#else

/* The policy's is added to the expectation's own. */
#define NFLUA_EXPECT_POLICY_TIMEOUT	0

static inline void nflua_expect_timeout(struct nf_conntrack_expect *exp, u32 s)
{
	exp->timeout = nfct_time_stamp + s * HZ;
}

static inline void nflua_expect_timeout_now(struct nf_conntrack_expect *exp,
					    u32 s)
{
}

/* Context: nf_conntrack_expect_lock */
static inline bool nflua_expect_remove(struct nf_conntrack_expect *exp)
{
	nf_ct_unlink_expect(exp);
	return true;
}

#endif /* NFLUA_EXPECT_TIMERS */

#endif /* _NFLUA_COMPAT_NF_CONNTRACK_EXPECT_H */
