/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_STATE_H
#define _NFLUA_STATE_H

#include <linux/spinlock.h>
#include <linux/types.h>
#include "packet.h"
#include "lua/kernel/lua_internal.h"
#include "uapi/nflua.h"

struct nflua_generation;

#define NFLUA_ENTRIES_MAX	128	/* entry points of one script */
#define NFLUA_RECORDS		16	/* at least __NFLUA_RECORD_MAX */
#define NFLUA_OUTPUT_MAX	8192	/* bytes of a body's output kept */
#define NFLUA_LOG_MAX		512	/* bytes that one call may print */
#define NFLUA_MEMORY_DEFAULT	(16ULL << 20)
#define NFLUA_MEMORY_MIN	(128ULL << 10)

/* Stack a callback may use, and what it must leave on a task's stack. */
#define NFLUA_STACK_BUDGET	6144
#define NFLUA_STACK_RESERVE	4096
#define NFLUA_STACK_MIN		2048

/* Steps between looks at the clock, and how long a run may take. */
#define NFLUA_FUEL		1000
#define NFLUA_CALL_NS		(1 * NSEC_PER_MSEC)
#define NFLUA_BODY_NS		(5 * NSEC_PER_SEC)

/**
 * struct nflua_reg - one registration that a script's body made
 *
 * Plain data without holes that matter: the lists of two states are compared
 * byte by byte.
 */
struct nflua_reg {
	char name[NFLUA_FUNCTION_SIZE];
	u32 line;
	s32 priority;
	u8 kind;
	u8 family;
	u8 hooknum;
	u8 on_error;
};

/**
 * struct nflua_state - one Lua state
 * @ext: what the patched Lua looks at; first, for it is found by it
 * @L: main thread. Once ready its stack holds the functions of the entry
 *	points at 1 to n and the message handler at n + 1, and nothing else.
 * @gen: the generation it belongs to
 * @cpu: its CPU, -1 for the control state
 * @packet: what a callback is working on
 * @seq: sequence number of the last call
 * @lock: excludes other tasks where bottom halves can be preempted
 * @busy: a callback is running
 * @gfp: how memory may be had now
 * @used: bytes allocated now
 * @peak: most bytes ever allocated
 * @limit: most bytes allowed
 * @budget: how long one run may take, ns
 * @deadline_seq: the call @deadline belongs to
 * @deadline: when it has taken too long, ktime_get_ns()
 * @records: per record, the Lua table from a field's name to the field
 * @regs: registrations while the body runs, NULL otherwise
 * @nregs: number of them
 * @output: what the body printed, or NULL
 * @output_len: bytes in it
 * @log: what the running callback printed
 * @log_len: bytes in it
 */
struct nflua_state {
	struct lua_ext ext;
	lua_State *L;
	struct nflua_generation *gen;
	int cpu;
	bool busy;
	spinlock_t lock;
	struct nflua_packet packet;
	u64 seq;
	struct Table *records[NFLUA_RECORDS];

	size_t used;
	size_t peak;
	size_t limit;
	gfp_t gfp;

	u64 budget;
	u64 deadline_seq;
	u64 deadline;

	struct nflua_reg *regs;
	unsigned int nregs;
	char *output;
	unsigned int output_len;
	char *log;
	unsigned int log_len;
};

static inline struct nflua_state *nflua_state(lua_State *L)
{
	return container_of(lua_getext(L), struct nflua_state, ext);
}

static inline bool nflua_state_is_control(const struct nflua_state *st)
{
	return st->cpu < 0;
}

struct nflua_state *nflua_state_create(struct nflua_generation *gen, int cpu,
				       size_t limit, char **error);
void nflua_state_destroy(struct nflua_state *st);
int nflua_state_call(struct nflua_state *st, unsigned int function,
		     struct sk_buff *skb, const struct nf_hook_state *hs);
void nflua_state_leave(struct nflua_state *st);
int nflua_state_error(struct nflua_state *st, int status);

#endif /* _NFLUA_STATE_H */
