/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_MESSAGES_H
#define _NFLUA_MESSAGES_H

#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/types.h>

/* What a script tells while packets pass, each sort with a limit of its own. */
enum nflua_sort {
	NFLUA_SORT_LOG,		/* lines that it prints */
	NFLUA_SORT_ERRORS,	/* errors with their traceback */
	__NFLUA_SORT_MAX
};

/**
 * struct nflua_flow - messages of one sort from one CPU; written there, with
 *	bottom halves off
 * @full: when all that may be sent at once may be sent again
 * @dropped: messages that were not sent
 * @untold: those of them that no message has told of
 */
struct nflua_flow {
	u64 full;
	u64 dropped;
	u64 untold;
};

struct nflua_flows {
	struct nflua_flow of[__NFLUA_SORT_MAX];
};

/**
 * struct nflua_messages - what a script has told; outlives a replace
 * @refs: generations that use it
 * @cpu: by CPU
 */
struct nflua_messages {
	refcount_t refs;
	struct nflua_flows __percpu *cpu;
};

struct nflua_messages *nflua_messages_create(void);
void nflua_messages_put(struct nflua_messages *messages);
bool nflua_messages_may(struct nflua_messages *messages, enum nflua_sort sort);
void nflua_messages_drop(struct nflua_messages *messages, enum nflua_sort sort,
			 bool tell);
u64 nflua_messages_untold(const struct nflua_messages *messages,
			  enum nflua_sort sort);
void nflua_messages_told(struct nflua_messages *messages, enum nflua_sort sort);
u64 nflua_messages_dropped(const struct nflua_messages *messages,
			   enum nflua_sort sort);

#endif /* _NFLUA_MESSAGES_H */
