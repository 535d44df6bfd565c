// SPDX-License-Identifier: GPL-2.0-only
/*
 * A script's states in user space: memory, limits, and the run of the body in
 * them. The kernel's are in module/state.c.
 */
#include "body.h"
#include "library.h"
#include "stand_in.h"
#include "stubs.h"

/*
 * C stack of a body: about what a task has left in the kernel when its body
 * begins. AddressSanitizer's frames are larger.
 */
#define STACK_LEFT	(10UL << 10)
#ifdef __SANITIZE_ADDRESS__
#define STACK_FACTOR	4
#else
#define STACK_FACTOR	1
#endif

#define ERRORS_MAX	1000000

bool nflua_script_name_ok(const char *name)
{
	return nflua_name_valid(name);
}

/* lua_Alloc. Shrinking never fails, as Lua demands. */
static void *alloc(void *ud, void *ptr, size_t osize, size_t nsize)
{
	struct nflua_state *st = container_of(ud, struct nflua_state, ext);
	void *new;

	/* For a new block osize says what kind of object it is. */
	if (!ptr)
		osize = 0;
	if (!nsize) {
		st->used -= osize;
		free(ptr);
		return NULL;
	}
	if (nsize > osize && st->used - osize + nsize > st->limit)
		goto fail;
	new = realloc(ptr, nsize);
	if (!new) {
		if (nsize > osize)
			goto fail;
		new = ptr;
	}
	st->used += nsize - osize;
	return new;

fail:
	/* All garbage is collected now: time to look at the clock after it. */
	if (st->ext.fuel > 0)
		st->ext.fuel = 0;
	return NULL;
}

/* As the kernel's: looks at the clock every NFLUA_FUEL steps. */
static int refuel(lua_State *L)
{
	struct nflua_state *st = nflua_state(L);

	st->told = st->ext.killed;
	if (!st->ext.killed && ktime_get_ns() < st->deadline) {
		st->ext.fuel = st->ext.fuel < -NFLUA_FUEL ? 0 : NFLUA_FUEL;
		return 0;
	}
	st->ext.killed = true;
	st->ext.fuel = 0;
	lua_pushfstring(L, "ran longer than %d ms", (int)(st->budget / NSEC_PER_MSEC));
	return 1;
}

static void set_stack(struct nflua_state *st)
{
	st->ext.stack_floor = (unsigned long)__builtin_frame_address(0) -
			      STACK_FACTOR * (STACK_LEFT - LUAI_CSTACKEXTRA);
}

static void destroy(struct stand_in *s)
{
	struct nflua_state *st = &s->st;

	if (st->L) {
		/* Finalizers run. */
		st->budget = NFLUA_CALL_NS;
		st->deadline = ktime_get_ns() + st->budget;
		st->ext.fuel = NFLUA_FUEL;
		st->ext.killed = false;
		set_stack(st);
		lua_close(st->L);
	}
	free(st->regs);
	free(st->output);
	free(s);
}

static int collect(lua_State *L)
{
	lua_gc(L, LUA_GCCOLLECT);
	return 0;
}

/* The message on top of the stack, NULL for no memory */
static char *message(struct nflua_state *st, int status)
{
	char *text;

	if (status == LUA_ERRMEM)
		return asprintf(&text,
				"%s: not enough memory (a state of the script may use %zu KiB)",
				st->gen->name, st->limit / 1024) < 0 ? NULL : text;
	if (lua_type(st->L, -1) != LUA_TSTRING)
		return strdup("ran too long in a finalizer");
	return strndup(lua_tostring(st->L, -1), NFLUA_MESSAGE_MAX);
}

static struct stand_in *create(struct nflua_generation *gen, int cpu)
{
	struct stand_in *s = calloc(1, sizeof(*s));
	struct nflua_state *st;

	if (!s)
		return NULL;
	st = &s->st;
	st->regs = calloc(NFLUA_ENTRIES_MAX, sizeof(*st->regs));
	if (cpu < 0)
		st->output = calloc(1, NFLUA_OUTPUT_MAX + 1);
	if (!st->regs || (cpu < 0 && !st->output)) {
		destroy(s);
		return NULL;
	}
	st->gen = gen;
	st->cpu = cpu;
	st->limit = gen->limits.memory;
	st->registering = true;
	st->budget = gen->budget;
	st->deadline = gen->deadline;
	st->ext.fuel = NFLUA_FUEL;
	st->ext.refuel = refuel;
	set_stack(st);
	st->L = lua_newstate(alloc, &st->ext);
	if (!st->L) {
		destroy(s);
		return NULL;
	}
	return s;
}

/* Runs the body. Return: 0, -EINVAL with @error set, -ENOMEM */
static int run_body(struct nflua_state *st, char **error)
{
	lua_State *L = st->L;
	int status;

	lua_pushcfunction(L, nflua_body_error);
	lua_pushcfunction(L, nflua_body_run);
	status = lua_pcall(L, 0, 0, 1);
	if (status == LUA_OK && st->ext.killed)
		status = LUA_ERRRUN;
	if (status != LUA_OK) {
		*error = message(st, status);
		return *error ? -EINVAL : -ENOMEM;
	}
	/* What finalizers print now is still heard. */
	lua_pushcfunction(L, collect);
	if (lua_pcall(L, 0, 0, 0) != LUA_OK)
		lua_pop(L, 1);
	return 0;
}

static int keep_answer(const struct nflua_state *st, struct stubs_run *run)
{
	unsigned int i;

	run->entries = calloc(st->nregs ? st->nregs : 1, sizeof(*run->entries));
	if (!run->entries)
		return -ENOMEM;
	run->nentries = st->nregs;
	for (i = 0; i < st->nregs; i++) {
		const struct nflua_reg *reg = &st->regs[i];
		struct stubs_entry *entry = &run->entries[i];

		_Static_assert(sizeof(entry->name) == sizeof(reg->name), "names fit");
		memcpy(entry->name, reg->name, sizeof(entry->name));
		entry->line = reg->line;
		entry->priority = reg->priority;
		entry->kind = reg->kind;
		entry->family = reg->family;
		entry->hooknum = reg->hooknum;
		entry->proto = reg->helper.proto;
		entry->on_error = reg->on_error;
		_Static_assert(sizeof(entry->device) == sizeof(reg->device), "devices fit");
		memcpy(entry->device, reg->device, sizeof(entry->device));
		entry->as = reg->as;
		entry->revision = reg->revision;
	}
	return 0;
}

/* Does a packet state register what the control state did? */
static bool same_regs(const struct nflua_state *a, const struct nflua_state *b)
{
	return a->nregs == b->nregs &&
	       !memcmp(a->regs, b->regs, a->nregs * sizeof(*a->regs));
}

static int run_packet_state(struct nflua_generation *gen, const struct nflua_state *control,
			    struct stubs_run *run)
{
	struct stand_in *s = create(gen, 0);
	int err;

	if (!s)
		return -ENOMEM;
	err = run_body(&s->st, &run->error);
	run->module = s->module;
	if (!err && !same_regs(&s->st, control)) {
		run->error = strdup("the state of CPU 0 registers other entry points than the control state");
		err = run->error ? -EINVAL : -ENOMEM;
	}
	destroy(s);
	return err;
}

/* The sentences are those of get_limits() in module/genl_script.c. */
static const char *bad_limit(const struct stubs_run *run)
{
	if (run->memory && (run->memory < NFLUA_MEMORY_MIN || run->memory > NFLUA_MEMORY_MAX))
		return "a state's memory limit is 128 KiB to 1 GiB";
	if (run->budget && (run->budget < NFLUA_CALL_NS_MIN || run->budget > NFLUA_CALL_NS_MAX))
		return "the budget of a call is 10 us to 10 ms";
	if (run->errors > ERRORS_MAX)
		return "a script is suspended after 1 to 1000000 errors in a row, or after 0: never";
	return NULL;
}

/**
 * stubs_check() - run a script's body as a load does
 * @run: the script; gets what came of it, to be freed with stubs_free()
 *	whatever is returned
 *
 * The body runs in a control state, whose output is kept, and in one packet
 * state.
 *
 * Return: 0; -EINVAL or, for a limit, -ERANGE, with an error in @run; -ENOMEM;
 * -EOPNOTSUPP with a module in @run that there is no stand-in for
 */
int stubs_check(struct stubs_run *run)
{
	struct nflua_generation gen = {
		.source = (char *)run->text,
		.size = run->size,
		.limits.memory = run->memory ? run->memory : NFLUA_MEMORY_DEFAULT,
		.budget = NFLUA_BODY_NS,
		.deadline = ktime_get_ns() + NFLUA_BODY_NS,
		.mask = U32_MAX,
	};
	const char *bad = bad_limit(run);
	struct stand_in *control;
	int err;

	if (bad) {
		run->error = strdup(bad);
		return run->error ? -ERANGE : -ENOMEM;
	}
	strscpy(gen.name, run->name, sizeof(gen.name));
	control = create(&gen, -1);
	if (!control)
		return -ENOMEM;
	err = run_body(&control->st, &run->error);
	run->module = control->module;
	if (!err)
		err = keep_answer(&control->st, run);
	if (!err && !run->module)
		err = run_packet_state(&gen, &control->st, run);
	run->output_size = control->st.output_len;
	run->output = control->st.output;
	control->st.output = NULL;
	destroy(control);
	free(gen.code);
	return run->module ? -EOPNOTSUPP : err;
}

/**
 * stubs_free() - free what stubs_check() answered
 * @run: the run
 */
void stubs_free(struct stubs_run *run)
{
	free(run->error);
	free(run->output);
	free(run->entries);
}
