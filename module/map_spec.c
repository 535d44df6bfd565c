// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a script may say of a map and to it, and what it is told. Built for the
 * kernel, and for nfluactl, which checks scripts without it.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "library.h"
#include "map_spec.h"
#include "script.h"
#include "lua/kernel/lua_kernel.h"

/* by &enum nflua_map_type */
const char *const nflua_map_types[] = { "integer", "string", "address", NULL };

static const char *const evictions[] = { "none", "lru", NULL };

/* The option that is one of some words, @def if it is not given. */
static int get_word(lua_State *L, const char *option, const char *const *words,
		    const char *def)
{
	const char *word = def;
	int i;

	if (lua_getfield(L, 1, option) != LUA_TNIL)
		word = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
	for (i = 0; word && words[i]; i++)
		if (!strcmp(words[i], word))
			break;
	if (!word || !words[i])
		luaL_error(L, words[2] ? "%s must be \"%s\", \"%s\" or \"%s\"" :
					 "%s must be \"%s\" or \"%s\"",
			   option, words[0], words[1], words[2]);
	lua_pop(L, 1);
	return i;
}

static u64 get_number(lua_State *L, const char *option, u64 min, u64 max,
		      u64 def)
{
	u64 number = def;

	if (lua_getfield(L, 1, option) != LUA_TNIL)
		number = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : U64_MAX;
	if (number < min || number > max)
		luaL_error(L, "%s must be an integer from %I to %I", option,
			   (lua_Integer)min, (lua_Integer)max);
	lua_pop(L, 1);
	return number;
}

static void check_options(lua_State *L)
{
	static const char *const options[] = { "name", "key", "value", "size",
					       "max", "ttl", "evict" };
	unsigned int i;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	lua_pushnil(L);
	while (lua_next(L, 1)) {
		const char *name = lua_type(L, -2) == LUA_TSTRING ?
				   lua_tostring(L, -2) : luaL_typename(L, -2);

		for (i = 0; i < ARRAY_SIZE(options); i++)
			if (!strcmp(options[i], name))
				break;
		if (i == ARRAY_SIZE(options))
			luaL_error(L, "map.open has no option '%s' (it has: name key value size max ttl evict)",
				   name);
		lua_pop(L, 1);
	}
}

/**
 * nflua_map_parse() - read the table given to map.open
 * @L: the running thread, with the table as argument 1
 * @shape: gets what it says, and is zero before
 *
 * Context: inside lua_pcall(); raises for what is wrong
 */
void nflua_map_parse(lua_State *L, struct nflua_map_shape *shape)
{
	const char *name;

	check_options(L);
	lua_getfield(L, 1, "name");
	name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
	if (!nflua_script_name_ok(name))
		luaL_error(L, "name must be 1 to 63 of A-Z a-z 0-9 _ . -");
	strscpy(shape->name, name, sizeof(shape->name));
	lua_pop(L, 1);
	shape->key = get_word(L, "key", nflua_map_types, NULL);
	shape->value = get_word(L, "value", nflua_map_types, "integer");
	if (shape->value == NFLUA_MAP_ADDRESS)
		luaL_error(L, "value must be \"integer\" or \"string\"");
	if (shape->value == NFLUA_MAP_STRING)
		shape->size = get_number(L, "size", 0, NFLUA_MAP_VALUE_MAX,
					 NFLUA_MAP_VALUE_MAX);
	else if (lua_getfield(L, 1, "size") != LUA_TNIL)
		luaL_error(L, "size is for maps of strings");
	shape->max = get_number(L, "max", 1, NFLUA_MAP_ENTRIES_MAX, 0);
	shape->ttl = get_number(L, "ttl", 0, NFLUA_MAP_TTL_MAX, 0);
	shape->evict = get_word(L, "evict", evictions, "none");
}

/**
 * nflua_map_differs() - does a script mean another sort of map?
 * @have: what a map is
 * @want: what the script says
 * @why: gets a sentence if so, %NFLUA_MAP_WHY bytes
 */
bool nflua_map_differs(const struct nflua_map_shape *have,
		       const struct nflua_map_shape *want, char *why)
{
	if (have->key != want->key)
		snprintf(why, NFLUA_MAP_WHY, "map '%s' has key = \"%s\", not \"%s\"",
			 have->name, nflua_map_types[have->key], nflua_map_types[want->key]);
	else if (have->value != want->value)
		snprintf(why, NFLUA_MAP_WHY, "map '%s' has value = \"%s\", not \"%s\"",
			 have->name, nflua_map_types[have->value],
			 nflua_map_types[want->value]);
	else if (have->size != want->size)
		snprintf(why, NFLUA_MAP_WHY, "map '%s' has size = %u, not %u",
			 have->name, have->size, want->size);
	else
		return false;
	return true;
}

/**
 * nflua_map_differs_now() - does it want what a replace may change?
 * @have: what a map is
 * @want: what the script says
 * @why: gets a sentence if so, %NFLUA_MAP_WHY bytes
 */
bool nflua_map_differs_now(const struct nflua_map_shape *have,
			   const struct nflua_map_shape *want, char *why)
{
	if (have->max != want->max)
		snprintf(why, NFLUA_MAP_WHY, "map '%s' has max = %u, not %u",
			 have->name, have->max, want->max);
	else if (have->ttl != want->ttl)
		snprintf(why, NFLUA_MAP_WHY, "map '%s' has ttl = %llu, not %llu",
			 have->name, have->ttl, want->ttl);
	else if (have->evict != want->evict)
		snprintf(why, NFLUA_MAP_WHY, "map '%s' has evict = \"%s\", not \"%s\"",
			 have->name, evictions[have->evict],
			 evictions[want->evict]);
	else
		return false;
	return true;
}

/**
 * nflua_map_failure() - what a method answers that has failed as it may
 * @L: the running thread
 * @err: negative errno
 *
 * Return: 3, for nil, a message and the errno
 */
int nflua_map_failure(lua_State *L, int err)
{
	const char *why = "not enough memory";

	switch (err) {
	case -ENAMETOOLONG:
		why = "key is longer than 255 bytes";
		break;
	case -EMSGSIZE:
		why = "value is longer than the map's size";
		break;
	case -EEXIST:
		why = "exists";
		break;
	case -ENOENT:
		why = "not found";
		break;
	case -ENOSPC:
		why = "map is full";
		break;
	}
	return nflua_library_failure(L, why, -err);
}

/**
 * nflua_map_check_value() - is an argument a value for a map?
 * @L: the running thread
 * @shape: of the map
 * @arg: number of the argument
 *
 * Context: inside lua_pcall(); raises for another type
 * Return: 0, or -EMSGSIZE if it is too long
 */
int nflua_map_check_value(lua_State *L, const struct nflua_map_shape *shape,
			  int arg)
{
	if (shape->value == NFLUA_MAP_INTEGER) {
		if (!lua_isinteger(L, arg))
			luaL_typeerror(L, arg, "integer");
		return 0;
	}
	if (lua_type(L, arg) != LUA_TSTRING)
		luaL_typeerror(L, arg, "string");
	return lua_rawlen(L, arg) > shape->size ? -EMSGSIZE : 0;
}

/**
 * nflua_map_check_incr() - may it be added to?
 * @L: the running thread
 * @shape: of the map
 *
 * Context: inside lua_pcall(); raises if not
 */
void nflua_map_check_incr(lua_State *L, const struct nflua_map_shape *shape)
{
	if (shape->value != NFLUA_MAP_INTEGER)
		luaL_error(L, "map '%s' has strings, which incr cannot add to",
			   shape->name);
}

/**
 * nflua_map_opt_ttl() - the argument that says how long an entry lives
 * @L: the running thread
 * @arg: number of the argument
 * @def: what is meant if it is not given, ms
 *
 * Context: inside lua_pcall(); raises for what is wrong
 * Return: milliseconds, 0 for ever
 */
u64 nflua_map_opt_ttl(lua_State *L, int arg, u64 def)
{
	lua_Integer ttl;

	if (lua_isnoneornil(L, arg))
		return def;
	ttl = luaL_checkinteger(L, arg);
	luaL_argcheck(L, ttl >= 0 && ttl <= NFLUA_MAP_TTL_MAX, arg,
		      "ttl is in milliseconds, up to a year, 0 for ever");
	return ttl;
}
