// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Lua module "conntrack": its constants, and what a script says that it
 * needs. Built for the kernel, and for nfluactl, which checks scripts without it.
 *
 * Context of all functions: process, inside lua_pcall(), unless said otherwise.
 */
#include <linux/string.h>
#include "conntrack_spec.h"
#include "library.h"
#include "script.h"
#include "lua/kernel/lua_internal.h"

/* One body of a load counts: that of the control state, which is the first. */
static void need(lua_State *L, u32 what)
{
	struct nflua_state *st = nflua_state(L);

	if (st->registering && nflua_state_is_control(st))
		st->gen->needs |= what;
}

/* What a name in a script tells that it needs. */
static const struct {
	const char *name;
	u32 needs;
} names[] = {
	{ "ct", NFLUA_NEED_TRACKING },
	{ "conntrack", NFLUA_NEED_TRACKING },
	{ "connid", NFLUA_NEED_TRACKING },
	{ "helper", NFLUA_NEED_TRACKING },
	{ "counters", NFLUA_NEED_ACCOUNTING },
	{ "label", NFLUA_NEED_LABELS },
	{ "labels", NFLUA_NEED_LABELS },
};

/* As deep as functions are nested, which the compiler bounds. */
static u32 named(const Proto *p)
{
	u32 needs = 0;
	unsigned int i;
	int k;

	for (k = 0; k < p->sizek; k++)
		for (i = 0; ttisshrstring(&p->k[k]) && i < ARRAY_SIZE(names); i++)
			if (!strcmp(getstr(tsvalue(&p->k[k])), names[i].name))
				needs |= names[i].needs;
	for (k = 0; k < p->sizep; k++)
		needs |= named(p->p[k]);
	return needs;
}

/**
 * nflua_conntrack_named() - what the names in a body tell that the script needs
 * @L: the running thread, with the compiled body on top of its stack
 *
 * A field "ct" may be anybody's: then connections are tracked for nothing. One
 * that is made up as the script runs is not found, and conntrack.use() says it.
 *
 * Return: NFLUA_NEED_*, for nflua_conntrack_need()
 */
u32 nflua_conntrack_named(lua_State *L)
{
	const LClosure *body = lua_topointer(L, -1);

	return nflua_state_is_control(nflua_state(L)) ? named(body->p) : 0;
}

/**
 * nflua_conntrack_need() - the body has run: let it have what it names
 * @L: the running thread
 * @needs: what nflua_conntrack_named() has found. What only connections have
 *	counts if the script has connections.
 */
void nflua_conntrack_need(lua_State *L, u32 needs)
{
	const u32 have = nflua_state(L)->gen->needs | needs;

	if (have & NFLUA_NEED_TRACKING)
		need(L, needs);
}

/*
 * conntrack.use(what...): connections that begin from now on, while the script is
 * loaded, have "accounting" or "labels"
 */
static int conntrack_use(lua_State *L)
{
	static const char *const words[] = { "accounting", "labels", NULL };
	static const u32 needs[] = { NFLUA_NEED_ACCOUNTING, NFLUA_NEED_LABELS };
	int n = lua_gettop(L);
	u32 all = 0;
	int i;

	luaL_checkany(L, 1);
	for (i = 1; i <= n; i++)
		all |= needs[luaL_checkoption(L, i, NULL, words)];
	if (!nflua_state(L)->registering)
		luaL_error(L, "conntrack.use is called while the script is loaded");
	need(L, all);
	return 0;
}

/* While a packet waits, the table is not for it to search. */
static void need_control(lua_State *L, const char *function)
{
	const struct nflua_state *st = nflua_state(L);

	if (!nflua_state_is_control(st))
		luaL_error(L, "%s runs in the control state (nfluactl eval), and this is the packet state of CPU %d",
			   function, st->cpu);
}

static int conntrack_find(lua_State *L)
{
	need_control(L, "conntrack.find");
	return nflua_conntrack_find(L);
}

static int conntrack_each(lua_State *L)
{
	need_control(L, "conntrack.each");
	return nflua_conntrack_each(L);
}

static const luaL_Reg functions[] = {
	{ "use", conntrack_use },
	{ "get", nflua_conntrack_get },
	{ "find", conntrack_find },
	{ "each", conntrack_each },
	{ NULL, NULL }
};

/*
 * enum ip_conntrack_info. The kernel hides IP_CT_NEW_REPLY from modules, and
 * IP_CT_UNTRACKED from programs.
 */
static const struct {
	const char *name;
	u8 value;
} constants[] = {
	{ "IP_CT_ESTABLISHED", 0 },
	{ "IP_CT_RELATED", 1 },
	{ "IP_CT_NEW", 2 },
	{ "IP_CT_IS_REPLY", 3 },
	{ "IP_CT_ESTABLISHED_REPLY", 3 },
	{ "IP_CT_RELATED_REPLY", 4 },
	{ "IP_CT_NEW_REPLY", 5 },
	{ "IP_CT_NUMBER", 5 },
	{ "IP_CT_UNTRACKED", 7 },
	{ "UNTRACKED", 7 },
};

/* require("conntrack"): from now on, while the script is loaded, IP is tracked */
int nflua_conntrack_open(lua_State *L)
{
	unsigned int i;

	need(L, NFLUA_NEED_TRACKING);
	luaL_newlib(L, functions);
	for (i = 0; i < ARRAY_SIZE(constants); i++) {
		lua_pushinteger(L, constants[i].value);
		lua_setfield(L, -2, constants[i].name);
	}
	nflua_library_strict(L, "conntrack");
	return 1;
}
