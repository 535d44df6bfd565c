// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Lua module "conntrack" where there is no kernel: nothing is tracked, and
 * so nothing found.
 */
#include "conntrack_spec.h"
#include "lua/kernel/lua_internal.h"

int nflua_conntrack_get(lua_State *L)
{
	return luaL_typeerror(L, 1, "packet");
}

int nflua_conntrack_find(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	return 0;
}

static int next(lua_State *L)
{
	(void)L;
	return 0;
}

int nflua_conntrack_each(lua_State *L)
{
	if (!lua_isnoneornil(L, 1))
		luaL_checktype(L, 1, LUA_TTABLE);
	lua_pushcfunction(L, next);
	return 1;
}
