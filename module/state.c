// SPDX-License-Identifier: GPL-2.0-only
/*
 * A Lua state: its memory, its limits, and how a callback is entered and left.
 *
 * A state is created, and its body run, in process context. A packet state is
 * then entered on its own CPU only, with bottom halves off, so that nothing
 * else enters it meanwhile; the control state by whoever holds the lock of
 * the namespace.
 *
 * How a script is stopped
 *
 * A state has fuel (struct lua_ext). The patched interpreter takes a step of
 * it for each call of a Lua function and each turn of a loop, with more for
 * long ones (0007, 0017, 0026); functions of the libraries take it inside of
 * their loops (0008, 0016, 0023); the core and the collector take it for what
 * they copy, hash, compare and walk through, where no error may be raised, and
 * let the function in Lua stop before its next instruction (0012, 0018, 0025).
 * A step is worth about 64 instructions or 64 bytes.
 *
 * After NFLUA_FUEL steps state_refuel() looks at the clock, and it alone does.
 * A run's time begins with the first look: nothing is read or written for a
 * run that is short, no timer runs, no other CPU takes part, and a coroutine
 * is no exception, for fuel belongs to the state. A run that has taken longer
 * than its budget is marked as killed, and the error that is raised then can't
 * be caught: pcall(), coroutines, load() and finalizers pass it on, handlers
 * in Lua are not called for it, nor is __close (0007, 0022).
 *
 * What can't be stopped is bounded in size while a packet waits: a block of
 * memory (NFLUA_BLOCK_MAX), the tables that are resized (0021), a step of the
 * collector, which goes through large tables in parts (0013, 0019, 0020), the
 * search for an object that gets a finalizer (0030); load() and whole
 * collections are not done at all (0014, 0015). Keys can't be chosen from outside
 * to collide (0024, 0031), nor many of them by a script (0034).
 *
 * All of it costs a callback without jumps 6 executed instructions of 352
 * ("nflua-hook accept" of scripts/bench; they are the first of luaV_execute()),
 * and 2 more for each jump.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>
#include "body.h"
#include "conntrack.h"
#include "header.h"
#include "held.h"
#include "library.h"
#include "script.h"
#include "state.h"
#include "values.h"
#include "lua/kernel/lua_internal.h"

unsigned int nflua_slack = 1;
module_param_named(slack, nflua_slack, uint, 0644);
MODULE_PARM_DESC(slack,
		 "How many times its budget a call may take, for machines that are emulated or look at each access to memory (default: 1)");

/**
 * nflua_state_gfp() - how memory may be had now
 * @st: the state that is running
 *
 * Reclaiming it takes stack: where a body has come deep, what is free must do.
 */
gfp_t nflua_state_gfp(const struct nflua_state *st)
{
	if (!nflua_state_is_atomic(st) &&
	    current_stack_pointer < st->ext.stack_floor + NFLUA_STACK_RECLAIM)
		return GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN;
	return st->gfp | __GFP_NOWARN;
}

static void *alloc_block(size_t size, gfp_t gfp)
{
	if (size <= PAGE_SIZE || !gfpflags_allow_blocking(gfp))
		return kmalloc(size, gfp);
	return kvmalloc(size, gfp);
}

/* NULL: the old block stays as it is. */
static void *move_block(void *ptr, size_t osize, size_t nsize, gfp_t gfp)
{
	void *new = alloc_block(nsize, gfp);

	if (new) {
		memcpy(new, ptr, min(osize, nsize));
		kvfree(ptr);
	}
	return new;
}

static void *resize_block(void *ptr, size_t osize, size_t nsize, gfp_t gfp)
{
	if (!ptr)
		return alloc_block(nsize, gfp);
	/* krealloc() never gives back what a smaller block does not need. */
	if (nsize <= osize / 2 || is_vmalloc_addr(ptr) ||
	    (nsize > PAGE_SIZE && gfpflags_allow_blocking(gfp)))
		return move_block(ptr, osize, nsize, gfp);
	return krealloc(ptr, nsize, gfp);
}

/*
 * lua_Alloc. Shrinking never fails, as Lua demands. Blocks of the body may be
 * vmalloc()ed and are freed or shrunk in softirq later. Whoever's packet or
 * request it is, the memory cgroup of who loaded the script pays.
 */
static void *state_alloc(void *ud, void *ptr, size_t osize, size_t nsize)
{
	struct nflua_state *st = container_of(ud, struct nflua_state, ext);
	struct mem_cgroup *memcg;
	void *new;

	/* For a new block osize says what kind of object it is. */
	if (!ptr)
		osize = 0;
	if (!nsize) {
		st->used -= osize;
		kvfree(ptr);
		return NULL;
	}
	if (nsize > osize &&
	    (st->used - osize + nsize > st->limit ||
	     (nsize > NFLUA_BLOCK_MAX && nflua_state_is_atomic(st))))
		goto fail;

	memcg = set_active_memcg(st->gen->memcg);
	new = resize_block(ptr, osize, nsize, nflua_state_gfp(st));
	set_active_memcg(memcg);
	if (!new) {
		if (nsize > osize)
			goto fail;
		new = ptr;
	}
	st->used += nsize - osize;
	if (st->used > st->peak)
		st->peak = st->used;
	/* The collector may be due. */
	st->untidy = true;
	return new;

fail:
	st->untidy = true;
	st->starved = true;
	/* A body now collects all garbage: time to look at the clock after it. */
	if (st->ext.fuel > 0)
		st->ext.fuel = 0;
	return NULL;
}

/*
 * Called by the interpreter every NFLUA_FUEL steps: the only place that looks
 * at the clock, so that a short call never does. Returns nonzero, with a
 * message pushed, if the run has to end; the interpreter then raises it past
 * every pcall().
 */
static int state_refuel(lua_State *L)
{
	struct nflua_state *st = nflua_state(L);
	u64 now = ktime_get_ns();

	if (st->deadline_seq != st->seq) {
		st->deadline_seq = st->seq;
		st->deadline = nflua_deadline(now, st->budget);
	}
	if (!nflua_state_is_atomic(st)) {
		cond_resched();
		if (fatal_signal_pending(current))
			st->deadline = 0;
	}
	st->told = st->ext.killed;
	if (!st->ext.killed && now < st->deadline) {
		/* After work that cost much, look again at the next step. */
		st->ext.fuel = st->ext.fuel < -NFLUA_FUEL ? 0 : NFLUA_FUEL;
		return 0;
	}
	/*
	 * Before the message, for want of memory must not save the script.
	 * No fuel is needed to unwind, and the message handler takes none.
	 */
	st->ext.killed = true;
	st->untidy = true;
	st->ext.fuel = 0;
	if (st->deadline && st->budget % NSEC_PER_MSEC)
		lua_pushfstring(L, "ran longer than %d us",
				(int)(st->budget / NSEC_PER_USEC));
	else if (st->deadline)
		lua_pushfstring(L, "ran longer than %d ms",
				(int)(st->budget / NSEC_PER_MSEC));
	else
		lua_pushliteral(L, "killed by a signal");
	return 1;
}

/* What runs in a task gets all of its stack. Answers as for a packet. */
static __always_inline bool set_task_stack(struct nflua_state *st)
{
	const unsigned long task = (unsigned long)task_stack_page(current);

	st->ext.stack_floor = task + NFLUA_STACK_RESERVE + LUAI_CSTACKEXTRA;
	return current_stack_pointer >= st->ext.stack_floor + NFLUA_STACK_MIN;
}

static int collect_step(lua_State *L)
{
	struct nflua_state *st = nflua_state(L);
	const u64 end = ktime_get_ns() + NFLUA_STARVED_NS;

	/* A call that found no memory has failed: the next one shall not. */
	do {
		if (lua_gc(L, LUA_GCSTEP, 0))
			st->starved = false;
	} while (st->starved && ktime_get_ns() < end);
	return 0;
}

/**
 * nflua_state_lock() - exclude others from a state
 * @st: a state that others may enter, too
 *
 * Context: bottom halves off; the caller is not its owner
 */
void nflua_state_lock(struct nflua_state *st)
	__acquires(&st->lock)
{
	spin_lock(&st->lock);
	WRITE_ONCE(st->owner, current);
}

/**
 * nflua_state_unlock() - undo nflua_state_lock()
 * @st: the state
 *
 * Context: as nflua_state_lock()
 */
void nflua_state_unlock(struct nflua_state *st)
	__releases(&st->lock)
{
	WRITE_ONCE(st->owner, NULL);
	spin_unlock(&st->lock);
}

/**
 * nflua_state_tidy() - what few calls leave to be done behind them
 * @st: a state whose call has ended and is not left yet
 *
 * A call that failed, allocated or printed leaves an untidy state; of the
 * others none looks whether there is anything to do.
 *
 * Context: as nflua_state_leave()
 */
void nflua_state_tidy(struct nflua_state *st)
{
	const bool late = st->ext.killed;
	lua_State *L = st->L;

	st->ext.killed = false;
	st->ext.overflow = false;
	/*
	 * Fields of a packet may make values where the interpreter does not
	 * look whether the collector is due; and where the limit was met, it
	 * may be due too late, for it waits until the heap has doubled. A call
	 * that ran too long has kept its packet long enough. Finalizers run in
	 * this.
	 */
	if (!late && (G(L)->GCdebt > 0 || st->starved)) {
		lua_pushcfunction(L, collect_step);
		if (lua_pcall(L, 0, 0, 0) != LUA_OK)
			lua_pop(L, 1);
		st->ext.killed = false;
		st->ext.overflow = false;
	}
	if (st->log_len)
		nflua_print_flush(st);
	st->untidy = G(L)->GCdebt > 0 || st->starved || st->errors;
}

/**
 * nflua_state_error() - which kind of error a call ended with
 * @st: the state, with the message on top of its stack
 * @status: what nflua_state_enter() answered, not LUA_OK
 *
 * Context: between nflua_state_enter() and nflua_state_leave()
 * Return: NFLUA_A_ERROR_*
 */
int nflua_state_error(struct nflua_state *st, int status)
{
	const char *msg;

	if (st->ext.killed)
		return NFLUA_A_ERROR_TIME;
	if (status == LUA_ERRMEM)
		return NFLUA_A_ERROR_MEMORY;
	if (status == LUA_ERRERR)
		return NFLUA_A_ERROR_CSTACK;
	/* Not lua_isstring(): converting a number may raise. */
	msg = lua_type(st->L, -1) == LUA_TSTRING ? lua_tostring(st->L, -1) :
						   NULL;
	if (msg && strnstr(msg, "C stack overflow", strnlen(msg, 256)))
		return NFLUA_A_ERROR_CSTACK;
	return NFLUA_A_ERROR_RUNTIME;
}

/* Lays the functions out as nflua_state_enter() wants them. */
static int state_settle(lua_State *L)
{
	if (!nflua_state_is_control(nflua_state(L)))
		lua_gc(L, LUA_GCINC, 0, NFLUA_GC_MUL, NFLUA_GC_STEP);
	lua_gc(L, LUA_GCCOLLECT);
	return 0;
}

static bool state_settle_stack(struct nflua_state *st)
{
	lua_State *L = st->L;
	unsigned int i;

	lua_settop(L, 0);
	if (!lua_checkstack(L, st->nregs + LUA_MINSTACK))
		return false;
	nflua_body_functions(L);
	for (i = 0; i < st->nregs; i++)
		lua_rawgeti(L, 1, i + 1);
	lua_remove(L, 1);
	lua_pushcfunction(L, nflua_body_error);
	st->handler = savestack(L, L->top.p - 1);
	L->errfunc = st->handler;
	/* What the body left behind must not count against the first packet. */
	lua_pushcfunction(L, state_settle);
	if (lua_pcall(L, 0, 0, 0) != LUA_OK)
		lua_pop(L, 1);
	return true;
}

/* The message on top of the stack, for the user; NULL for no memory. */
static char *state_message(struct nflua_state *st, int status)
{
	if (status == LUA_ERRMEM)
		return kasprintf(GFP_KERNEL,
				 "%s: not enough memory (a state of the script may use %zu KiB)",
				 st->gen->name, st->limit / 1024);
	if (lua_type(st->L, -1) != LUA_TSTRING)
		return kstrdup("ran too long in a finalizer", GFP_KERNEL);
	return kstrndup(lua_tostring(st->L, -1), NFLUA_MESSAGE_MAX, GFP_KERNEL);
}

/**
 * nflua_state_create() - make a state and run the body of its script in it
 * @gen: the generation, with source and name
 * @cpu: the CPU that will use it, -1 for the control state
 * @error: where the Lua message goes, to be kfree()d; NULL for no memory
 *
 * On success @regs of the state is the list of registrations, to be kfree()d
 * by the caller; on a packet state the stack is ready for nflua_state_enter().
 *
 * Context: process, sleeps
 * Return: the state, or an ERR_PTR(): -ENOMEM, -EINVAL with @error set,
 * -EINTR if the task was killed
 */
struct nflua_state *nflua_state_create(struct nflua_generation *gen, int cpu,
				       char **error)
{
	int node = cpu < 0 ? NUMA_NO_NODE : cpu_to_node(cpu);
	struct nflua_state *st;
	int status;

	st = kzalloc_node(sizeof(*st), GFP_KERNEL_ACCOUNT, node);
	if (!st)
		return ERR_PTR(-ENOMEM);
	st->log = kmalloc_node(NFLUA_LOG_MAX, GFP_KERNEL_ACCOUNT, node);
	st->regs = kcalloc(NFLUA_ENTRIES_MAX, sizeof(*st->regs), GFP_KERNEL);
	if (cpu < 0)
		st->output = kzalloc(NFLUA_OUTPUT_MAX, GFP_KERNEL);
	if (!st->log || !st->regs || (cpu < 0 && !st->output)) {
		nflua_state_destroy(st);
		return ERR_PTR(-ENOMEM);
	}
	spin_lock_init(&st->lock);
	st->gen = gen;
	st->cpu = cpu;
	st->gfp = GFP_KERNEL_ACCOUNT;
	st->limit = gen->limits.memory;
	/* One time for all bodies of a load: the body is call 0. */
	st->registering = true;
	st->budget = gen->budget;
	st->deadline = gen->deadline;
	st->ext.fuel = NFLUA_FUEL;
	st->ext.refuel = state_refuel;
	if (!set_task_stack(st)) {
		nflua_state_destroy(st);
		return ERR_PTR(-ENOMEM);
	}
	st->L = lua_newstate(state_alloc, &st->ext);
	if (!st->L) {
		nflua_state_destroy(st);
		return ERR_PTR(-ENOMEM);
	}

	lua_pushcfunction(st->L, nflua_body_error);
	lua_pushcfunction(st->L, nflua_body_run);
	status = lua_pcall(st->L, 0, 0, 1);
	if (status == LUA_OK && st->ext.killed)
		status = LUA_ERRRUN;
	if (status == LUA_OK && !state_settle_stack(st)) {
		lua_settop(st->L, 0);
		lua_pushliteral(st->L, "not enough memory");
		status = LUA_ERRMEM;
	}
	if (status != LUA_OK) {
		*error = state_message(st, status);
		status = fatal_signal_pending(current) ? -EINTR : -EINVAL;
		nflua_state_destroy(st);
		return ERR_PTR(status);
	}
	st->ext.killed = false;
	st->ext.overflow = false;
	if (cpu >= 0) {
		st->gfp = NFLUA_GFP_PACKET;
		st->ext.atomic = true;
		st->budget = gen->limits.budget;
	}
	return st;
}

struct chunk {
	const char *source;
	size_t size;
};

/* Argument: a struct chunk. Prints what it answers, as an interactive Lua does. */
static int state_eval(lua_State *L)
{
	const struct chunk *chunk = lua_touserdata(L, 1);

	/* an expression? */
	lua_pushliteral(L, "return ");
	lua_pushlstring(L, chunk->source, chunk->size);
	lua_concat(L, 2);
	if (luaL_loadbufferx(L, lua_tostring(L, -1), lua_rawlen(L, -1), "=eval",
			     "t") != LUA_OK &&
	    luaL_loadbufferx(L, chunk->source, chunk->size, "=eval", "t") !=
	    LUA_OK)
		return lua_error(L);
	lua_replace(L, 1);
	lua_settop(L, 1);
	lua_call(L, 0, LUA_MULTRET);
	if (lua_gettop(L)) {
		lua_pushcfunction(L, nflua_print);
		lua_insert(L, 1);
		lua_call(L, lua_gettop(L) - 1, 0);
	}
	return 0;
}

/**
 * nflua_state_eval() - run a chunk in a control state
 * @st: the state
 * @source: the chunk
 * @size: its length
 * @error: gets the Lua message, to be kfree()d
 *
 * What it prints, and then its results, are in @st->output afterwards, to be
 * kfree()d by the caller, who clears the pointer and @st->output_len.
 *
 * Context: process, sleeps; who calls excludes others from the state
 * Return: 0, -EINVAL with @error set, -EINTR, -ENOMEM
 */
int nflua_state_eval(struct nflua_state *st, const char *source, size_t size,
		     char **error)
{
	lua_State *L = st->L;
	const int handler = lua_gettop(L);
	int status;

	st->output = kzalloc(NFLUA_OUTPUT_MAX, GFP_KERNEL);
	if (!st->output || !set_task_stack(st))
		return -ENOMEM;
	st->seq++;
	st->budget = NFLUA_BODY_NS;
	st->ext.killed = false;
	st->ext.overflow = false;
	lua_pushcfunction(L, state_eval);
	/* Not lua_pushlstring(): it may raise, and nothing would catch it. */
	lua_pushlightuserdata(L, &(struct chunk){ source, size });
	status = lua_pcall(L, 1, 0, handler);
	if (status == LUA_OK && !st->ext.killed)
		return 0;
	*error = state_message(st, status);
	lua_settop(L, handler);
	return fatal_signal_pending(current) ? -EINTR : -EINVAL;
}

struct question {
	const char *extension;
	enum nflua_callback callback;
	const struct nflua_values *values;
};

/* Argument: a struct question. Raises why the answer is no. */
static int state_ask(lua_State *L)
{
	const struct question *q = lua_touserdata(L, 1);
	int base;

	nflua_netfilter_declaration(L, q->extension);
	base = lua_gettop(L);
	lua_getiuservalue(L, -1, q->callback + 1);
	nflua_values_push(L, q->values);
	lua_call(L, 1, LUA_MULTRET);
	/* No answer at all means: go on. */
	if (q->callback == NFLUA_CALLBACK_DESTROY || lua_gettop(L) == base ||
	    lua_toboolean(L, base + 1))
		return 0;
	lua_settop(L, base + 2);
	if (lua_type(L, -1) != LUA_TSTRING)
		lua_pushliteral(L, "checkentry did not answer true");
	return lua_error(L);
}

/**
 * nflua_state_callback() - ask a script about a rule of its extension
 * @st: its control state
 * @extension: its name
 * @callback: what to ask
 * @values: of the rule
 * @error: gets why the answer is no, to be kfree()d; NULL for no memory
 *
 * Context: process, sleeps; who calls excludes others from the state
 * Return: 0, -EINVAL, -ENOMEM
 */
int nflua_state_callback(struct nflua_state *st, const char *extension,
			 enum nflua_callback callback,
			 const struct nflua_values *values, char **error)
{
	lua_State *L = st->L;
	const int handler = lua_gettop(L);
	int status, err = 0;

	if (!set_task_stack(st))
		return -ENOMEM;
	st->seq++;
	st->budget = NFLUA_CPU_NS;
	st->ext.killed = false;
	st->ext.overflow = false;
	lua_pushcfunction(L, state_ask);
	lua_pushlightuserdata(L, &(struct question){ extension, callback, values });
	status = lua_pcall(L, 1, 0, handler);
	if (status != LUA_OK || st->ext.killed) {
		*error = status == LUA_OK ?
			 kstrdup("ran too long in a finalizer", GFP_KERNEL) :
			 state_message(st, status);
		err = -EINVAL;
	}
	st->ext.killed = false;
	st->ext.overflow = false;
	lua_settop(L, handler);
	if (st->log_len) {
		local_bh_disable();
		nflua_print_flush(st);
		local_bh_enable();
	}
	return err;
}

/**
 * nflua_state_destroy() - free a state that nothing can enter any more
 * @st: the state, also one that is half made
 *
 * Finalizers of the script run, for as long as a call may.
 *
 * Context: process, sleeps
 */
void nflua_state_destroy(struct nflua_state *st)
{
	if (!st)
		return;
	/* A finalizer may run too late for what a packet refers to. */
	nflua_held_release(st);
	nflua_kept_release(st);
	if (st->L) {
		st->gfp = GFP_KERNEL_ACCOUNT;
		st->ext.atomic = false;
		st->seq++;
		st->budget = NFLUA_CALL_NS;
		st->ext.fuel = NFLUA_FUEL;
		st->ext.killed = false;
		set_task_stack(st);
		st->L->errfunc = 0;
		lua_close(st->L);
	}
	nflua_held_destroy(st);
	kfree(st->keeping);
	kfree(st->maps);
	kfree(st->regs);
	kfree(st->output);
	kfree(st->log);
	kfree(st);
}
