// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a script finds beside the language: require, print, and built-in
 * modules whose misspelled names raise. nfluactl is built with this file, too,
 * to check scripts without the kernel.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include "address.h"
#include "event.h"
#include "library.h"
#include "protocol.h"
#include "lua/kernel/lua_internal.h"

/* Modules that were required, in the registry, by name. */
static const char loaded_key;

#define BUILTIN(_name)	{ #_name, nflua_##_name##_open },

static const luaL_Reg modules[] = {
	NFLUA_MODULES(BUILTIN)
	{ NULL, NULL }
};

/* require(name): a built-in module; the same table each time */
static int library_require(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	const luaL_Reg *m;
	luaL_Buffer b;

	lua_settop(L, 1);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &loaded_key);
	if (lua_getfield(L, 2, name) != LUA_TNIL)
		return 1;
	for (m = modules; m->name; m++) {
		if (strcmp(m->name, name))
			continue;
		lua_pushcfunction(L, m->func);
		lua_pushvalue(L, 1);
		lua_call(L, 1, 1);
		lua_pushvalue(L, -1);
		lua_setfield(L, 2, name);
		return 1;
	}
	luaL_buffinit(L, &b);
	for (m = modules; m->name; m++) {
		luaL_addchar(&b, ' ');
		luaL_addstring(&b, m->name);
	}
	luaL_pushresult(&b);
	return luaL_error(L, "module '%s' not found (built-in modules:%s)",
			  name, lua_tostring(L, -1));
}

/* Names that a message lists, bytes. */
#define NAMES_MAX	512

static int strict_index(lua_State *L)
{
	const char *key = lua_type(L, 2) == LUA_TSTRING ?
			  lua_tostring(L, 2) : luaL_typename(L, 2);
	char names[NAMES_MAX];
	unsigned int len = 0;

	lua_settop(L, 2);
	lua_pushnil(L);
	while (lua_next(L, 1)) {
		lua_pop(L, 1);
		lua_burn(L, 1);
		if (lua_type(L, -1) == LUA_TSTRING)
			len += scnprintf(names + len, sizeof(names) - len, " %s",
					 lua_tostring(L, -1));
		/* What a script has added need not all be told. */
		if (len >= sizeof(names) - 1)
			break;
	}
	names[len] = 0;
	return luaL_error(L, "%s has no field '%s' (it has:%s)",
			  lua_tostring(L, lua_upvalueindex(1)), key, names);
}

/**
 * nflua_library_failure() - answer that something was not done
 * @L: the running thread
 * @why: a sentence
 * @errnum: its number, positive
 *
 * Return: 3, for nil, the message and the number
 */
int nflua_library_failure(lua_State *L, const char *why, int errnum)
{
	lua_pushnil(L);
	lua_pushstring(L, why);
	lua_pushinteger(L, errnum);
	return 3;
}

/**
 * nflua_raise() - raise an error, with file and line of the Lua code that made it
 * @L: the running thread; the code is its running function or, if that is a C
 *	function, who called it
 * @fmt: as of lua_pushfstring()
 *
 * luaL_error() is for C functions, and luaG_runerror() for Lua's own insides:
 * this is for what both get to.
 */
void nflua_raise(lua_State *L, const char *fmt, ...)
{
	va_list args;

	luaL_where(L, isLua(L->ci) ? 0 : 1);
	va_start(args, fmt);
	lua_pushvfstring(L, fmt, args);
	va_end(args);
	lua_concat(L, 2);
	lua_error(L);
}

/**
 * nflua_library_strict() - make a table raise for names it does not have
 * @L: the running thread, with the table on top of its stack
 * @name: what the error calls it
 */
void nflua_library_strict(lua_State *L, const char *name)
{
	lua_createtable(L, 0, 2);
	lua_pushstring(L, name);
	lua_pushcclosure(L, strict_index, 1);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
}

static void append(char *buf, unsigned int *len, unsigned int size,
		   const char *s, size_t n)
{
	/* The last byte is always a newline's. */
	if (*len + 1 >= size)
		return;
	n = min_t(size_t, n, size - 1 - *len);
	memcpy(buf + *len, s, n);
	*len += n;
}

/*
 * print(...): what a body, nfluactl eval or nfluactl run prints is for who asked,
 * the first two from the control state alone; what other callbacks print goes to
 * the group "log" when they end.
 */
int nflua_print(lua_State *L)
{
	struct nflua_state *st = nflua_state(L);
	unsigned int size = NFLUA_OUTPUT_MAX;
	unsigned int *len = &st->output_len;
	char *buf = nflua_run_output(st, &len) ?: st->output;
	int n = lua_gettop(L);
	int i;

	if (!buf && !st->regs) {
		/* Nobody waits for it; a body in a packet state is not heard. */
		len = &st->log_len;
		buf = st->log;
		size = NFLUA_LOG_MAX;
	}
	for (i = 1; i <= n; i++) {
		size_t l;
		const char *s = luaL_tolstring(L, i, &l);

		if (buf && i > 1)
			append(buf, len, size, "\t", 1);
		if (buf)
			append(buf, len, size, s, l);
		lua_pop(L, 1);
	}
	if (buf && *len < size)
		buf[(*len)++] = '\n';
	st->untidy = true;
	return 0;
}

/**
 * nflua_print_flush() - send what a callback printed
 * @st: its state
 *
 * Context: bottom halves off
 */
void nflua_print_flush(struct nflua_state *st)
{
	const char *at = st->log;
	unsigned int left = st->log_len;

	st->log_len = 0;
	while (left) {
		const char *nl = memchr(at, '\n', left);
		unsigned int n = nl ? nl - at : left;

		nflua_event_log(st, at, n);
		n = min(n + 1, left);
		at += n;
		left -= n;
	}
}

static const luaL_Reg globals[] = {
	{ "print", nflua_print },
	{ "require", library_require },
	{ NULL, NULL }
};

/**
 * nflua_library_open() - give a new state print and require
 * @L: the state
 *
 * Context: process, inside lua_pcall()
 */
void nflua_library_open(lua_State *L)
{
	lua_newtable(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &loaded_key);
	lua_pushglobaltable(L);
	luaL_setfuncs(L, globals, 0);
	lua_pop(L, 1);
}

static const luaL_Reg luapacket_functions[] = {
	{ "ip", nflua_address_new },
	{ "protocol", nflua_protocol_new },
	{ NULL, NULL }
};

int nflua_luapacket_open(lua_State *L)
{
	luaL_newlib(L, luapacket_functions);
	nflua_library_strict(L, "luapacket");
	return 1;
}
