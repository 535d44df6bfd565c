/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_STATE_H
#define _NFLUA_STATE_H

#include <linux/gfp.h>
#include <linux/if.h>
#include <linux/sched/task_stack.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include "packet.h"
#include "route.h"
#include "values.h"
#include "lua/kernel/lua_enter.h"
#include "uapi/nflua.h"

struct nflua_generation;
struct nflua_holding;
struct nflua_keeping;
struct nflua_map;
struct nflua_protocol;

#define NFLUA_ENTRIES_MAX	128	/* entry points of one script */
#define NFLUA_RECORDS		32	/* at least __NFLUA_RECORD_MAX */
#define NFLUA_RECENT_BITS	4
#define NFLUA_RECENT		(1 << NFLUA_RECENT_BITS)
#define NFLUA_LOG_MAX		512	/* bytes that one call may print */
#define NFLUA_MEMORY_DEFAULT	(16ULL << 20)
#define NFLUA_MEMORY_MIN	(128ULL << 10)
#define NFLUA_MEMORY_MAX	(1ULL << 30)
/* Getting, filling and copying a block is not interrupted. */
#define NFLUA_BLOCK_MAX		(1UL << 20)	/* while a packet waits */
#define NFLUA_MESSAGE_MAX	(16 << 10)	/* bytes of an error's text */

/* Stack a callback may use, and what it must leave on a task's stack. */
#define NFLUA_STACK_BUDGET	6144
#define NFLUA_STACK_RESERVE	4096
#define NFLUA_STACK_MIN		2048
/* Stack above the floor that reclaiming memory needs. */
#define NFLUA_STACK_RECLAIM	3072

/* Steps between looks at the clock, and how long a run may take. */
#define NFLUA_FUEL		256
#define NFLUA_CALL_NS		(1 * NSEC_PER_MSEC)
#define NFLUA_CALL_NS_MIN	(10 * NSEC_PER_USEC)
#define NFLUA_CALL_NS_MAX	(10 * NSEC_PER_MSEC)
/* Spent on collecting behind a call that met the memory limit. */
#define NFLUA_STARVED_NS	(500 * NSEC_PER_USEC)
/*
 * The collector of a packet state: bytes between its steps, as log2, and units
 * of work in a step for 16 of them. A step shall not take much longer than a
 * callback of some lines.
 */
#define NFLUA_GC_STEP		7
#define NFLUA_GC_MUL		24
/* all bodies of one load; of a script on a CPU that comes up */
#define NFLUA_BODY_NS		(5 * NSEC_PER_SEC)
#define NFLUA_CPU_NS		(100 * NSEC_PER_MSEC)
#define NFLUA_SLACK_MAX		1000U

/*
 * How memory may be had while a packet waits: of what is free, and not of the
 * reserve that drivers live on. Neither may a script pass the limit of its
 * memory cgroup there, as GFP_ATOMIC would.
 */
#define NFLUA_GFP_PACKET	(GFP_NOWAIT | __GFP_ACCOUNT)

/* What a script is asked in its control state about a rule of an extension. */
enum nflua_callback {
	NFLUA_CALLBACK_CHECKENTRY,
	NFLUA_CALLBACK_DESTROY,
};

/**
 * struct nflua_limits - what a script may use
 * @memory: bytes that one state may allocate
 * @budget: how long one call may take, ns
 * @errors: errors in a row after which it is suspended, 0 for never
 */
struct nflua_limits {
	u64 memory;
	u64 budget;
	u32 errors;
};

#define NFLUA_HELPER_NAME	16	/* NF_CT_HELPER_NAME_LEN */
#define NFLUA_HELPER_CLASSES	4	/* NF_CT_MAX_EXPECT_CLASSES */

/**
 * struct nflua_helper_spec - what a script says of a helper, see struct nflua_reg
 * @name: its name in rules
 * @timeout: by class, how long an expectation waits, seconds
 * @max: by class, how many may wait for one connection; 0: no such class
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @unused: no hole
 */
struct nflua_helper_spec {
	char name[NFLUA_HELPER_NAME];
	u32 timeout[NFLUA_HELPER_CLASSES];
	u8 max[NFLUA_HELPER_CLASSES];
	u8 proto;
	u8 unused[3];
};

/**
 * struct nflua_reg - one registration that a script's body made
 *
 * @digest: of an extension's declaration
 * @name: of the entry point
 * @line: where its function is defined
 * @priority: of a hook
 * @kind: &enum nflua_entry_kind
 * @family: NFPROTO_*, of a hook
 * @hooknum: of a hook
 * @on_error: &enum nflua_on_error, of a hook or an extension
 * @device: of a hook at ingress or egress
 * @as: what an extension is, %NFLUA_ENTRY_MATCH or %NFLUA_ENTRY_TARGET
 * @revision: of an extension
 * @reserved: zero
 *
 * Plain data without holes that matter: the lists of two states are compared
 * byte by byte.
 */
struct nflua_reg {
	u64 digest;
	char name[NFLUA_FUNCTION_SIZE];
	u32 line;
	s32 priority;
	u8 kind;
	u8 family;
	u8 hooknum;
	u8 on_error;
	char device[IFNAMSIZ];
	struct nflua_helper_spec helper;
	u8 as;
	u8 revision;
	u8 reserved[6];
};

/**
 * struct nflua_state - one Lua state
 * @ext: what the patched Lua looks at; first, for it is found by it
 * @L: main thread. Once ready its stack holds the functions of the entry
 *	points at 1 to n and the message handler at n + 1, and nothing else.
 * @gen: the generation it belongs to
 * @cpu: its CPU, -1 for the control state
 * @packet: what a callback is working on
 * @route: if @packet.route_kept, what its route depended on
 * @seq: sequence number of the last call
 * @shared: all CPUs use it
 * @lock: excludes other CPUs if it is shared, and other tasks where bottom
 *	halves can be preempted
 * @owner: who holds it, which may not take it again
 * @busy: a callback is running
 * @errors: how many calls failed since the last that did not
 * @untidy: a call may have left something to do, see nflua_state_tidy()
 * @handler: where the message handler is on the stack, as Lua wants it
 * @jump: where an error of a call comes back to
 * @gfp: how memory may be had now
 * @used: bytes allocated now
 * @peak: most bytes ever allocated
 * @limit: most bytes allowed
 * @starved: an allocation failed, and no collection was completed since
 * @budget: how long one run may take, ns
 * @deadline_seq: the call @deadline belongs to
 * @deadline: when it has taken too long, ktime_get_ns()
 * @told: the error of the limit that was hit has its traceback
 * @records: per record, the Lua table from a field's name to the field
 * @address_methods: the same for addresses
 * @address6: metatable of IPv6 addresses
 * @recent: IPv6 addresses that were read from packets last, which are in a table
 *	of the registry, too; NULL where there is none yet
 * @protocols: the protocols it has declared, by their numbers less 1, NULL if
 *	there is none
 * @nprotocols: number of them
 * @map_methods: methods of maps, by name
 * @maps: the maps it has opened, by their numbers, NULL if there is none
 * @nmaps: number of them
 * @holding: the packets it holds, NULL before the first
 * @held_methods: metatable of their handles
 * @keeping: the connections it keeps, NULL before the first
 * @walked: connections that walks through the table have collected and not come
 *	to yet
 * @kept_methods: metatable of their handles
 * @released: those it kept were given back at its end, and there will be none
 * @blocks: slots for the tables it has made of rules' values, in blocks of
 *	%NFLUA_VALUES_BLOCK, NULL where there is none; NULL before the first
 * @values: what the running call is given, if it needs a table
 * @registering: its body is running, and may register entry points
 * @regs: registrations until the entry points are made, NULL otherwise
 * @nregs: number of them
 * @output: what the body printed, or NULL
 * @output_len: bytes in it
 * @log: what the running callback printed
 * @log_len: bytes in it
 * @sent: packets that its script sent
 * @unsent: packets that it could not send
 */
struct nflua_state {
	struct lua_ext ext;
	lua_State *L;
	struct nflua_generation *gen;
	int cpu;
	bool busy;
	bool shared;
	bool untidy;
	unsigned int errors;
	ptrdiff_t handler;
	struct lua_longjmp jump;
	spinlock_t lock;
	struct task_struct *owner;
	struct nflua_packet packet;
	struct nflua_route route;
	u64 seq;
	struct Table *records[NFLUA_RECORDS];
	struct Table *address_methods;
	struct Table *address6;
	struct Udata *recent[NFLUA_RECENT];
	struct nflua_protocol **protocols;
	unsigned int nprotocols;
	struct Table *map_methods;
	struct nflua_map **maps;
	unsigned int nmaps;
	struct nflua_holding *holding;
	struct Table *held_methods;
	struct nflua_keeping *keeping;
	u32 walked;
	struct Table *kept_methods;
	bool released;
	struct nflua_values_slot **blocks;
	const struct nflua_values *values;

	size_t used;
	size_t peak;
	size_t limit;
	bool starved;
	gfp_t gfp;

	u64 budget;
	u64 deadline_seq;
	u64 deadline;
	bool told;

	bool registering;
	struct nflua_reg *regs;
	unsigned int nregs;
	char *output;
	unsigned int output_len;
	char *log;
	unsigned int log_len;

	u64 sent;
	u64 unsent;
};

static inline struct nflua_state *nflua_state(lua_State *L)
{
	return container_of(lua_getext(L), struct nflua_state, ext);
}

void nflua_raise(lua_State *L, const char *fmt, ...);

extern unsigned int nflua_slack;

static inline bool nflua_state_is_control(const struct nflua_state *st)
{
	return st->cpu < 0;
}

/* Is a packet waiting for it, in softirq or as if in softirq? */
static inline bool nflua_state_is_atomic(const struct nflua_state *st)
{
	return !gfpflags_allow_blocking(st->gfp);
}

/**
 * nflua_deadline() - when a run has taken too long
 * @now: its begin, ktime_get_ns()
 * @budget: how long it may take, ns
 *
 * A machine that is stopped meanwhile, or looks at each access to memory, is no
 * measure of a script: the parameter slack.
 */
static inline u64 nflua_deadline(u64 now, u64 budget)
{
	return now + budget * clamp(READ_ONCE(nflua_slack), 1U, NFLUA_SLACK_MAX);
}

/**
 * nflua_state_number() - a sequence number that no call and no view has
 * @st: the state; the call that runs has the same deadline as before
 */
static inline u64 nflua_state_number(struct nflua_state *st)
{
	const bool armed = st->deadline_seq == st->seq;

	st->seq++;
	if (armed)
		st->deadline_seq = st->seq;
	return st->seq;
}

struct nflua_state *nflua_state_create(struct nflua_generation *gen, int cpu,
				       char **error);
void nflua_state_destroy(struct nflua_state *st);
int nflua_state_error(struct nflua_state *st, int status);

gfp_t nflua_state_gfp(const struct nflua_state *st);
int nflua_state_eval(struct nflua_state *st, const char *source, size_t size,
		     char **error);
int nflua_state_callback(struct nflua_state *st, const char *extension,
			 enum nflua_callback callback,
			 const struct nflua_values *values, char **error);
void nflua_state_tidy(struct nflua_state *st);

/**
 * nflua_state_set_stack() - set the stack limit from where we are
 * @st: the state that is going to run for a packet
 *
 * Of a softirq's own stack the bounds are not known to a module; the budget
 * alone must do there.
 *
 * Return: false if too little stack is left to enter Lua at all
 */
static __always_inline bool nflua_state_set_stack(struct nflua_state *st)
{
	const unsigned long sp = luai_stackpointer;
	const unsigned long left = sp - (unsigned long)task_stack_page(current);

	BUILD_BUG_ON(NFLUA_STACK_BUDGET + NFLUA_STACK_RESERVE > THREAD_SIZE);
	BUILD_BUG_ON(NFLUA_STACK_BUDGET < NFLUA_STACK_MIN + LUAI_CSTACKEXTRA);
	/* What the handler of an overflow may use is part of the budget. */
	if (likely(left >= NFLUA_STACK_BUDGET + NFLUA_STACK_RESERVE)) {
		st->ext.stack_floor = sp - NFLUA_STACK_BUDGET +
				      LUAI_CSTACKEXTRA;
		return true;
	}
	st->ext.stack_floor = sp - left + NFLUA_STACK_RESERVE +
			      LUAI_CSTACKEXTRA;
	return left >= NFLUA_STACK_RESERVE + LUAI_CSTACKEXTRA +
		       NFLUA_STACK_MIN;
}

static __always_inline bool nflua_state_has_lock(const struct nflua_state *st)
{
	return IS_ENABLED(CONFIG_PREEMPT_RT) || unlikely(st->shared);
}

/* Not inline, for few states have a lock, and sparse cannot follow an "if". */
void nflua_state_lock(struct nflua_state *st);
void nflua_state_unlock(struct nflua_state *st);

/*
 * Adds the table of a rule's values to the packet at @top + 1. Where there is
 * none yet, a function is called that makes it.
 */
static __always_inline void
nflua_state_add_values(struct nflua_state *st, StkId top,
		       const struct nflua_values *values)
{
	const struct nflua_values_slot *slot = NULL;
	lua_State *L = st->L;

	if (likely(st->blocks))
		slot = st->blocks[values->slot >> NFLUA_VALUES_BITS];
	if (likely(slot)) {
		slot += values->slot % NFLUA_VALUES_BLOCK;
		if (likely(slot->serial == values->serial)) {
			sethvalue(L, s2v(top + 2), slot->table);
			L->top.p = top + 3;
			return;
		}
	}
	st->values = values;
	setobjs2s(L, top + 2, top);
	setfvalue(s2v(top), nflua_values_first);
	L->top.p = top + 3;
}

/**
 * nflua_state_enter() - run a packet callback
 * @st: the state, of this CPU
 * @function: the function's place on the state's stack
 * @skb: the packet
 * @hs: where it was met
 * @role: what it is asked, &enum nflua_role
 * @values: what the function gets beside the packet, or NULL
 *
 * On LUA_OK the result is on top of the stack, on another status the message;
 * nflua_state_error() tells which kind it is. nflua_state_tidy() must follow if
 * the state is untidy, and then nflua_state_leave(), but neither if the answer
 * is negative: then the state was not entered.
 *
 * Context: bottom halves off, RCU read section
 * Return: LUA_OK, another Lua status, or -NFLUA_A_ERROR_*
 */
static __always_inline int nflua_state_enter(struct nflua_state *st,
					     unsigned int function,
					     struct sk_buff *skb,
					     const struct nf_hook_state *hs,
					     u8 role,
					     const struct nflua_values *values)
{
	lua_State *L = st->L;
	int err = -NFLUA_A_ERROR_REENTRY;
	int status;
	StkId top;
	u64 seq;

	if (nflua_state_has_lock(st)) {
		if (READ_ONCE(st->owner) == current)
			return err;
		nflua_state_lock(st);
	}
	if (unlikely(st->busy))
		goto unlock;
	err = -NFLUA_A_ERROR_SHORT;
	if (unlikely(!nflua_state_set_stack(st)))
		goto unlock;
	st->busy = true;
	st->packet.skb = skb;
	st->packet.hs = hs;
	st->packet.parsed = false;
	st->packet.role = role;
	st->packet.stolen = false;
	st->packet.l2_written = false;
	st->packet.route_kept = false;
	st->packet.look = false;
	st->packet.broken = false;
	seq = st->seq + 1;
	st->seq = seq;
	st->packet.seq = seq;

	/* Settled by nflua_state_create(): there is room, and the handler. */
	top = L->top.p;
	setobjs2s(L, top, L->stack.p + function);
	setpvalue(s2v(top + 1), nflua_light_view(seq, 0));
	L->top.p = top + 2;
	if (values) {
		nflua_state_add_values(st, top, values);
		status = lua_enter(L, &st->jump, 2);
	} else {
		status = lua_enter(L, &st->jump, 1);
	}
	st->packet.seq = 0;
	if (likely(status == LUA_OK && !st->untidy))
		return LUA_OK;
	st->untidy = true;
	if (status == LUA_OK && st->ext.killed) {
		/* a limit that was met in a finalizer, which swallows errors */
		setnilvalue(s2v(L->top.p - 1));
		status = LUA_ERRRUN;
	}
	return status;

unlock:
	if (nflua_state_has_lock(st))
		nflua_state_unlock(st);
	return err;
}

/**
 * nflua_state_leave() - end what nflua_state_enter() began
 * @st: the state, with one result or message on its stack; tidy
 *
 * Context: as nflua_state_enter()
 */
static __always_inline void nflua_state_leave(struct nflua_state *st)
{
	st->L->top.p--;
	st->busy = false;
	if (nflua_state_has_lock(st))
		nflua_state_unlock(st);
}

#endif /* _NFLUA_STATE_H */
