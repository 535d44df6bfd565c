// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets where there are none: of the light userdata that Lua may see, only
 * IPv4 addresses are left.
 */
#include "address.h"
#include "event.h"
#include "helper.h"
#include "hook.h"
#include "protocol.h"
#include "state.h"
#include "lua/kernel/lua_internal.h"

static void light_index(lua_State *L, const TValue *light, TValue *key, StkId val)
{
	(void)light;
	nflua_address_index(L, key, val);
}

static int light_len(lua_State *L)
{
	return luaL_error(L, "address has no length");
}

static int light_newindex(lua_State *L)
{
	return luaL_error(L, "an address has no fields to set");
}

/* The kernel's is in module/protocol.c. */
int nflua_protocol_call(lua_State *L)
{
	lua_remove(L, 1);
	luaL_checkany(L, 1);
	luaL_argcheck(L, luaL_optinteger(L, 2, 0) >= 0, 2, "offset is negative");
	lua_settop(L, 1);
	if (!lua_isnil(L, 1))
		luaL_typeerror(L, 1, "packet");
	return 1;
}

static const luaL_Reg metamethods[] = {
	{ "__len", light_len },
	{ "__newindex", light_newindex },
	{ "__tostring", nflua_address_tostring },
	{ "__lt", nflua_address_lt },
	{ "__le", nflua_address_le },
	{ NULL, NULL }
};

/* The kernel's is in module/packet.c. */
int nflua_packet_open(struct nflua_state *st)
{
	lua_State *L = st->L;

	lua_pushlightuserdata(L, NULL);
	luaL_newlib(L, metamethods);
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
	lua_pop(L, 1);
	nflua_address_open(L);
	nflua_protocol_open(L);
	st->ext.index = light_index;
	return 0;
}

/* No packet comes to a helper. */
int nflua_helper_call(lua_State *L)
{
	(void)L;
	return 0;
}

/* Only in a finalizer of a state that goes, where the kernel's does nothing. */
bool nflua_hook_unregister(struct nflua_state *st, const char *name)
{
	(void)st;
	(void)name;
	return false;
}

/* The same for what rules and connections call. */
bool nflua_entry_unregister(struct nflua_state *st, u8 kind, const char *name)
{
	(void)st;
	(void)kind;
	(void)name;
	return false;
}

/* No callback runs that could print. */
char *nflua_run_output(const struct nflua_state *st, unsigned int **len)
{
	(void)st;
	(void)len;
	return NULL;
}

void nflua_event_log(const struct nflua_state *st, const char *text, size_t len)
{
	(void)st;
	(void)text;
	(void)len;
}
