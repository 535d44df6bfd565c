// SPDX-License-Identifier: GPL-2.0-only
/*
 * The body of a script: what it finds, what it registers, and how its errors
 * are told. nfluactl is built with this file, too, to check scripts without
 * the kernel.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sort.h>
#include <linux/string.h>
#include "body.h"
#include "conntrack_spec.h"
#include "library.h"
#include "script.h"
#include "lua/kernel/lua_internal.h"

/* What was global before the body ran, in the registry while it does. */
static const char pristine_key;
/* Functions of the registrations, in their order, in the registry. */
static const char functions_key;

/**
 * nflua_body_error() - add a traceback to an error, unless it has one already
 * @L: the running thread, with the error object
 *
 * Context: any, a message handler
 * Return: 1 result, a string
 */
int nflua_body_error(lua_State *L)
{
	struct nflua_state *st = nflua_state(L);
	const char *msg = lua_tostring(L, 1);

	/* Each pending __close of a run that is stopped raises it again. */
	if (st->ext.killed && st->told)
		return 1;
	/* An overflow leaves no stack for more than its own message. */
	if (msg && lua_cstackfull(L, 0))
		return 1;
	if (!msg) {
		if (!luaL_callmeta(L, 1, "__tostring") ||
		    lua_type(L, -1) != LUA_TSTRING)
			lua_pushfstring(L, "(error object is a %s value)",
					luaL_typename(L, 1));
		msg = lua_tostring(L, -1);
	}
	luaL_traceback(L, L, msg, 1);
	return 1;
}

/**
 * nflua_state_has_registered() - is there one of this kind and name?
 * @st: the state
 * @kind: of the entry point
 * @name: its name
 *
 * Behind the body there is none any more.
 *
 * Context: who excludes others from the state
 */
bool nflua_state_has_registered(const struct nflua_state *st, u8 kind,
				const char *name)
{
	unsigned int i;

	for (i = 0; st->regs && i < st->nregs; i++)
		if (st->regs[i].kind == kind && !strcmp(st->regs[i].name, name))
			return true;
	return false;
}

/**
 * nflua_state_register() - note what a body registers
 * @L: the running thread, with the function on top of its stack
 * @reg: what it is; @reg->line is filled in if it is 0
 *
 * Pops the function. Raises outside a body, and for what is too much.
 *
 * Context: process, inside lua_pcall()
 */
void nflua_state_register(lua_State *L, struct nflua_reg *reg)
{
	struct nflua_state *st = nflua_state(L);
	lua_Debug ar;

	if (!st->registering)
		luaL_error(L, "entry points are registered only while the script is loaded");
	if (st->nregs == NFLUA_ENTRIES_MAX)
		luaL_error(L, "more than %d entry points", NFLUA_ENTRIES_MAX);
	/* A finalizer may have run since the name was chosen. */
	if (nflua_state_has_registered(st, reg->kind, reg->name))
		luaL_error(L, "'%s' is registered already", reg->name);
	lua_pushvalue(L, -1);
	lua_getinfo(L, ">S", &ar);
	if (!reg->line)
		reg->line = ar.linedefined > 0 ? ar.linedefined : 0;
	lua_rawgetp(L, LUA_REGISTRYINDEX, &functions_key);
	lua_insert(L, -2);
	lua_rawseti(L, -2, st->nregs + 1);
	lua_pop(L, 1);
	st->regs[st->nregs++] = *reg;
}

/**
 * nflua_state_unregister() - take a registration back
 * @L: the running thread
 * @kind: &enum nflua_entry_kind
 * @name: its name
 *
 * Context: process, inside lua_pcall(), while the body runs
 */
void nflua_state_unregister(lua_State *L, u8 kind, const char *name)
{
	struct nflua_state *st = nflua_state(L);
	unsigned int i;

	for (i = 0; i < st->nregs; i++)
		if (st->regs[i].kind == kind && !strcmp(st->regs[i].name, name))
			break;
	if (i == st->nregs)
		return;
	st->nregs--;
	memmove(&st->regs[i], &st->regs[i + 1],
		(st->nregs - i) * sizeof(*st->regs));
	memset(&st->regs[st->nregs], 0, sizeof(*st->regs));
	lua_rawgetp(L, LUA_REGISTRYINDEX, &functions_key);
	for (; i <= st->nregs; i++) {
		lua_rawgeti(L, -1, i + 2);
		lua_rawseti(L, -2, i + 1);
	}
	lua_pop(L, 1);
}

static int compare_regs(const void *a, const void *b)
{
	const struct nflua_reg *ra = a, *rb = b;

	return strcmp(ra->name, rb->name);
}

/* Every function that the body left in a global variable is an entry point. */
static void register_globals(lua_State *L, struct nflua_state *st)
{
	unsigned int first = st->nregs;
	unsigned int i;

	lua_pushglobaltable(L);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &pristine_key);
	lua_pushnil(L);
	while (lua_next(L, -3)) {
		struct nflua_reg *reg = &st->regs[st->nregs];
		const char *name;
		size_t len;

		/* ... globals pristine key value */
		lua_pushvalue(L, -2);
		lua_rawget(L, -4);
		if (!lua_isfunction(L, -2) || lua_rawequal(L, -1, -2) ||
		    lua_type(L, -3) != LUA_TSTRING) {
			lua_pop(L, 2);
			continue;
		}
		lua_pop(L, 2);
		name = lua_tolstring(L, -1, &len);
		/* What no rule can name is no entry point. */
		if (len >= sizeof(reg->name) || strlen(name) != len || !len)
			continue;
		if (st->nregs == NFLUA_ENTRIES_MAX)
			luaL_error(L, "the script leaves more than %d entry points (every global function is one; make them local)",
				   NFLUA_ENTRIES_MAX);
		memset(reg, 0, sizeof(*reg));
		strscpy(reg->name, name, sizeof(reg->name));
		reg->kind = NFLUA_ENTRY_FUNCTION;
		st->nregs++;
	}
	lua_pop(L, 2);

	/* A table has no order, but all states must agree on one. */
	sort(st->regs + first, st->nregs - first, sizeof(*st->regs),
	     compare_regs, NULL);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &functions_key);
	for (i = first; i < st->nregs; i++) {
		lua_Debug ar;

		lua_getglobal(L, st->regs[i].name);
		lua_pushvalue(L, -1);
		lua_getinfo(L, ">S", &ar);
		st->regs[i].line = ar.linedefined > 0 ? ar.linedefined : 0;
		lua_rawseti(L, -2, i + 1);
	}
	lua_pop(L, 1);
}

static int count_code(lua_State *L, const void *part, size_t size, void *ud)
{
	*(size_t *)ud += size;
	return 0;
}

static int copy_code(lua_State *L, const void *part, size_t size, void *ud)
{
	u8 **end = ud;

	memcpy(*end, part, size);
	*end += size;
	return 0;
}

/*
 * The compiled body on top of the stack is kept for the other states, which
 * would take six times as long to compile it again. Without memory they do.
 */
static void keep_code(lua_State *L, struct nflua_generation *gen)
{
	size_t size = 0;
	u8 *end;

	lua_dump(L, count_code, &size, 0);
	gen->code = kvmalloc(size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!gen->code)
		return;
	end = gen->code;
	lua_dump(L, copy_code, &end, 0);
	gen->code_size = size;
}

static int load_body(lua_State *L, struct nflua_generation *gen)
{
	char chunk[NFLUA_NAME_SIZE + 1];
	int status;

	snprintf(chunk, sizeof(chunk), "=%s", gen->name);
	if (gen->code)
		return luaL_loadcode(L, gen->code, gen->code_size, chunk);
	status = luaL_loadscript(L, gen->source, gen->size, chunk);
	if (status == LUA_OK && nflua_state_is_control(nflua_state(L)))
		keep_code(L, gen);
	return status;
}

/**
 * nflua_body_run() - all of a new state's life up to the end of its body
 * @L: the main thread; no argument
 *
 * Context: process, a lua_CFunction inside lua_pcall()
 * Return: 0 results; @regs of the state is the list of registrations
 */
int nflua_body_run(lua_State *L)
{
	struct nflua_state *st = nflua_state(L);
	u32 needs;

	lua_gc(L, LUA_GCSTOP);
	luaL_openkernel(L);
	nflua_packet_open(st);
	nflua_library_open(L);
	lua_newtable(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &functions_key);
	lua_newtable(L);
	lua_pushglobaltable(L);
	lua_pushnil(L);
	while (lua_next(L, -2)) {
		lua_pushvalue(L, -2);
		lua_insert(L, -2);
		lua_rawset(L, -5);
	}
	lua_pop(L, 1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &pristine_key);
	lua_gc(L, LUA_GCRESTART);

	if (load_body(L, st->gen) != LUA_OK)
		return lua_error(L);
	needs = nflua_conntrack_named(L);
	lua_call(L, 0, 0);
	nflua_conntrack_need(L, needs);

	register_globals(L, st);
	/* Finalizers may run from here on; what is registered is settled. */
	st->registering = false;
	lua_pushnil(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &pristine_key);
	return 0;
}

/**
 * nflua_body_functions() - push the table of the functions of the entry points
 * @L: the main thread
 *
 * They are at 1 to n, in the order of the registrations.
 */
void nflua_body_functions(lua_State *L)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &functions_key);
}
