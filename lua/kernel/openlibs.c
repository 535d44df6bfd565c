// SPDX-License-Identifier: GPL-2.0-only
/* the libraries of the dialect, and how its scripts are loaded */
#include "lua_internal.h"

#include <string.h>

#include "lundump.h"

static int db_traceback(lua_State *L)
{
	lua_State *co = lua_tothread(L, 1);
	int arg = co ? 2 : 1;
	const char *msg = lua_tostring(L, arg);

	if (!co)
		co = L;
	if (!msg && !lua_isnoneornil(L, arg)) {
		lua_pushvalue(L, arg);	/* no message: hand it back as it is */
		return 1;
	}
	luaL_traceback(L, co, msg,
		       (int)luaL_optinteger(L, arg + 1, co == L ? 1 : 0));
	return 1;
}

static const luaL_Reg dblib[] = {
	{ "traceback", db_traceback },
	{ NULL, NULL }
};

static int open_debug(lua_State *L)
{
	luaL_newlib(L, dblib);
	return 1;
}

static const luaL_Reg libs[] = {
	{ LUA_GNAME, luaopen_base },
	{ LUA_COLIBNAME, luaopen_coroutine },
	{ LUA_TABLIBNAME, luaopen_table },
	{ LUA_STRLIBNAME, luaopen_string },
	{ LUA_UTF8LIBNAME, luaopen_utf8 },
	{ LUA_MATHLIBNAME, luaopen_math },
	{ LUA_DBLIBNAME, open_debug },
	{ NULL, NULL }
};

void luaL_openkernel(lua_State *L)
{
	const luaL_Reg *lib;

	for (lib = libs; lib->func; lib++) {
		luaL_requiref(L, lib->name, lib->func, 1);
		lua_pop(L, 1);
	}
}

int luaL_loadscript(lua_State *L, const char *source, size_t size, const char *name)
{
	const char *newline;

	if (size >= 3 && memcmp(source, "\xef\xbb\xbf", 3) == 0) {
		source += 3;
		size -= 3;
	}
	if (size && *source == '#') {
		/* the newline stays, so that lines keep their numbers */
		newline = memchr(source, '\n', size);
		if (!newline)
			newline = source + size;
		size -= newline - source;
		source = newline;
	}
	return luaL_loadbufferx(L, source, size, name, "t");
}

int luaL_loadcode(lua_State *L, const void *code, size_t size, const char *name)
{
	return luaL_loadbufferx(L, code, size, name, luaU_trusted);
}
