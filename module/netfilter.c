// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Lua module "netfilter": netfilter.new{ name = ... } gives an object that
 * registers hooks, matches and targets while the script's body runs.
 *
 * Context of all functions: process, inside lua_pcall(), except that a
 * callback may call them too and is told that it may not. nfluactl is built
 * with this file, too, to check scripts without the kernel.
 */
#include <linux/string.h>
#include "entry.h"
#include "hook.h"
#include "library.h"
#include "script.h"
#include "lua/kernel/lua_kernel.h"

/* Upvalues of an object's methods: the object itself and its name. */
static const char *check_nf(lua_State *L)
{
	if (!lua_rawequal(L, 1, lua_upvalueindex(1)))
		luaL_argerror(L, 1, "what netfilter.new returned expected (use a colon)");
	return lua_tostring(L, lua_upvalueindex(2));
}

static void register_once(lua_State *L, enum nflua_entry_kind kind,
			  const char *what)
{
	struct nflua_state *st = nflua_state(L);
	struct nflua_reg reg = { .kind = kind };
	unsigned int i;

	strscpy(reg.name, check_nf(L), sizeof(reg.name));
	luaL_checktype(L, 2, LUA_TFUNCTION);
	for (i = 0; st->regs && i < st->nregs; i++)
		if (st->regs[i].kind == kind)
			luaL_error(L, "a script has one %s; this is the second",
				   what);
	lua_settop(L, 2);
	nflua_state_register(L, &reg);
}

/* nf:match(function(pkt) ... end): what -m lua --script NAME calls */
static int nf_add_match(lua_State *L)
{
	register_once(L, NFLUA_ENTRY_MATCH, "match");
	return 0;
}

/* nf:target(function(pkt) ... end): what -j LUA --script NAME calls */
static int nf_add_target(lua_State *L)
{
	register_once(L, NFLUA_ENTRY_TARGET, "target");
	return 0;
}

/*
 * nf:hook{ family =, hook =, priority =, on_error =, function(pkt) ... end }:
 * a netfilter hook of this script's own; see nflua_hook_parse()
 */
static int nf_add_hook(lua_State *L)
{
	struct nflua_reg reg = { .kind = NFLUA_ENTRY_HOOK };
	struct nflua_state *st = nflua_state(L);
	unsigned int same = 1;
	unsigned int i;

	check_nf(L);
	luaL_checktype(L, 2, LUA_TTABLE);
	lua_settop(L, 2);
	if (lua_rawgeti(L, 2, 1) != LUA_TFUNCTION)
		luaL_argerror(L, 2, "no function in the table");
	nflua_hook_parse(L, 2, &reg);

	/* Hooks at the same place are told apart by a number. */
	for (i = 0; st->regs && i < st->nregs; i++)
		if (st->regs[i].kind == reg.kind &&
		    st->regs[i].family == reg.family &&
		    st->regs[i].hooknum == reg.hooknum &&
		    st->regs[i].priority == reg.priority)
			same++;
	if (same > 1) {
		size_t len = strlen(reg.name);

		snprintf(reg.name + len, sizeof(reg.name) - len, " #%u", same);
	}
	nflua_state_register(L, &reg);
	return 0;
}

static const luaL_Reg nf_methods[] = {
	{ "match", nf_add_match },
	{ "target", nf_add_target },
	{ "hook", nf_add_hook },
	{ NULL, NULL }
};

static void add_verdicts(lua_State *L)
{
	static const struct {
		const char *name;
		u32 value;
	} verdicts[] = {
		{ "ACCEPT", NFLUA_VERDICT_ACCEPT },
		{ "DROP", NFLUA_VERDICT_DROP },
		{ "CONTINUE", NFLUA_VERDICT_CONTINUE },
		{ "STOLEN", NFLUA_VERDICT_STOLEN },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(verdicts); i++) {
		lua_pushinteger(L, verdicts[i].value);
		lua_setfield(L, -2, verdicts[i].name);
	}
}

/*
 * netfilter.new{ name = "NAME" }: an object with the methods hook, match and
 * target and the verdicts. The name defaults to the script's.
 */
static int netfilter_new(lua_State *L)
{
	const char *name = nflua_state(L)->gen->name;

	if (!lua_isnoneornil(L, 1)) {
		luaL_checktype(L, 1, LUA_TTABLE);
		lua_pushnil(L);
		while (lua_next(L, 1)) {
			if (lua_type(L, -2) != LUA_TSTRING ||
			    strcmp(lua_tostring(L, -2), "name"))
				luaL_error(L, "netfilter.new takes only 'name'");
			lua_pop(L, 1);
		}
		if (lua_getfield(L, 1, "name") != LUA_TNIL)
			name = lua_tostring(L, -1);
		if (!name || !nflua_script_name_ok(name))
			luaL_error(L, "name must be 1 to 63 of A-Z a-z 0-9 _ . -");
	}
	/* Roomy, so that a verdict is found at once: it is looked up per packet. */
	lua_createtable(L, 0, 32);
	add_verdicts(L);
	lua_pushvalue(L, -1);
	lua_pushstring(L, name);
	luaL_setfuncs(L, nf_methods, 2);
	nflua_library_strict(L, "nf");
	return 1;
}

static const luaL_Reg functions[] = {
	{ "new", netfilter_new },
	{ NULL, NULL }
};

/* require("netfilter") */
int nflua_netfilter_open(lua_State *L)
{
	luaL_newlib(L, functions);
	add_verdicts(L);
	nflua_library_strict(L, "netfilter");
	return 1;
}
