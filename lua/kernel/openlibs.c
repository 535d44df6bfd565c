// SPDX-License-Identifier: GPL-2.0-only
/* the libraries of the dialect, and how its scripts are loaded */
#include "lua_internal.h"

#include <string.h>

#include "lundump.h"

/* arguments: the thread, the message or nil, the level */
static int traceback(lua_State *L)
{
	luaL_traceback(L, lua_tothread(L, 1), lua_tostring(L, 2),
		       (int)lua_tointeger(L, 3));
	return 1;
}

/*
 * A finalizer might end the thread meanwhile: none runs until this has ended.
 * What is allocated is the collector's debt all the same, which forgets it while
 * it is stopped.
 */
static int traceback_of_other(lua_State *L)
{
	global_State *g = G(L);
	const unsigned char stopped = g->gcstp;
	const l_mem debt = g->GCdebt - (l_mem)gettotalbytes(g);
	int status;

	lua_pushcfunction(L, traceback);
	lua_insert(L, 1);
	g->gcstp = stopped | GCSTPUSR;
	status = lua_pcall(L, 3, 1, 0);
	g->gcstp = stopped;
	luaE_setdebt(g, debt + (l_mem)gettotalbytes(g));
	return status == LUA_OK ? 1 : lua_error(L);
}

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
	if (co != L) {
		lua_settop(L, 3);
		lua_pushinteger(L, luaL_optinteger(L, 3, 0));
		lua_replace(L, 3);
		return traceback_of_other(L);
	}
	luaL_traceback(L, L, msg, (int)luaL_optinteger(L, arg + 1, 1));
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
