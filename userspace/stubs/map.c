// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Lua module "map" where there is no kernel: a map has its entries in a Lua
 * table, and only the state that opened it sees them. Nothing expires.
 */
#include <linux/string.h>
#include "address.h"
#include "library.h"
#include "map_spec.h"
#include "stand_in.h"
#include "lua/kernel/lua_internal.h"

#define MAP		"nflua.map"

/* maps of this state by name, in the registry */
static const char opened_key;

/**
 * struct map - a map; its user value is the table of its entries
 * @shape: what the script says of it
 * @count: entries
 */
struct map {
	struct nflua_map_shape shape;
	unsigned int count;
};

static struct map *check_map(lua_State *L)
{
	struct map *map = luaL_testudata(L, 1, MAP);

	if (!map)
		luaL_typeerror(L, 1, "map");
	return map;
}

static bool is_address(lua_State *L, int arg)
{
	if (lua_islightuserdata(L, arg))
		return nflua_light_is_address4((uintptr_t)lua_touserdata(L, arg));
	return lua_isuserdata(L, arg) &&
	       nflua_address6_bytes(L, s2v(L->ci->func.p + arg));
}

/* Raises for a key of another type. Return: false if it is too long */
static bool check_key(lua_State *L, const struct map *map)
{
	bool fits;

	switch (map->shape.key) {
	case NFLUA_MAP_INTEGER:
		fits = lua_isinteger(L, 2);
		break;
	case NFLUA_MAP_STRING:
		fits = lua_type(L, 2) == LUA_TSTRING;
		if (fits && lua_rawlen(L, 2) > NFLUA_MAP_KEY_MAX)
			return false;
		break;
	default:
		fits = !lua_isnone(L, 2) && is_address(L, 2);
		break;
	}
	if (!fits)
		luaL_typeerror(L, 2, nflua_map_types[map->shape.key]);
	return true;
}

static int key_too_long(lua_State *L)
{
	return nflua_map_failure(L, -ENAMETOOLONG);
}

/* Pushes the table of entries and the value of argument 2 in it. */
static bool lookup(lua_State *L)
{
	lua_getiuservalue(L, 1, 1);
	lua_pushvalue(L, 2);
	return lua_rawget(L, -2) != LUA_TNIL;
}

/* Writes the value on the top to the key. Return: false if there is no room */
static bool put(lua_State *L, struct map *map)
{
	bool there = lookup(L);

	lua_pop(L, 1);
	if (!there && map->count == map->shape.max) {
		if (map->shape.evict != NFLUA_MAP_EVICT_LRU)
			return false;
		lua_pushnil(L);
		lua_next(L, -2);
		lua_pop(L, 1);
		lua_pushnil(L);
		lua_rawset(L, -3);
		map->count--;
	}
	lua_pushvalue(L, 2);
	lua_pushvalue(L, -3);
	lua_rawset(L, -3);
	map->count += !there;
	return true;
}

static int map_get(lua_State *L)
{
	if (!check_key(L, check_map(L)))
		return key_too_long(L);
	lookup(L);
	return 1;
}

static int write_value(lua_State *L, bool add)
{
	struct map *map = check_map(L);
	int err;

	if (!check_key(L, map))
		return key_too_long(L);
	err = nflua_map_check_value(L, &map->shape, 3);
	if (err)
		return nflua_map_failure(L, err);
	nflua_map_opt_ttl(L, 4, 0);
	if (add && lookup(L))
		return nflua_map_failure(L, -EEXIST);
	lua_pushvalue(L, 3);
	if (!put(L, map))
		return nflua_map_failure(L, -ENOSPC);
	lua_pushboolean(L, true);
	return 1;
}

static int map_set(lua_State *L)
{
	return write_value(L, false);
}

static int map_add(lua_State *L)
{
	return write_value(L, true);
}

static int map_incr(lua_State *L)
{
	struct map *map = check_map(L);
	lua_Unsigned sum;

	nflua_map_check_incr(L, &map->shape);
	if (!check_key(L, map))
		return key_too_long(L);
	if (!lua_isinteger(L, 3))
		luaL_typeerror(L, 3, "integer");
	sum = lua_tointeger(L, 3);
	lua_settop(L, 5);
	if (lookup(L)) {
		sum += lua_tointeger(L, -1);
	} else {
		if (lua_isnoneornil(L, 4))
			return nflua_map_failure(L, -ENOENT);
		sum += luaL_checkinteger(L, 4);
		nflua_map_opt_ttl(L, 5, 0);
	}
	lua_pushinteger(L, sum);
	if (!put(L, map))
		return nflua_map_failure(L, -ENOSPC);
	lua_pushinteger(L, sum);
	return 1;
}

static int map_delete(lua_State *L)
{
	struct map *map = check_map(L);
	bool there;

	if (!check_key(L, map))
		return key_too_long(L);
	there = lookup(L);
	if (there) {
		lua_pop(L, 1);
		lua_pushvalue(L, 2);
		lua_pushnil(L);
		lua_rawset(L, -3);
		map->count--;
	}
	lua_pushboolean(L, there);
	return 1;
}

static int map_length(lua_State *L)
{
	lua_pushinteger(L, check_map(L)->count);
	return 1;
}

static int map_next(lua_State *L)
{
	lua_settop(L, 2);
	return lua_next(L, 1) ? 2 : 0;
}

static int map_pairs(lua_State *L)
{
	check_map(L);
	lua_pushcfunction(L, map_next);
	lua_getiuservalue(L, 1, 1);
	return 2;
}

static int map_tostring(lua_State *L)
{
	lua_pushfstring(L, "map: %s", check_map(L)->shape.name);
	return 1;
}

static int map_newindex(lua_State *L)
{
	return luaL_error(L, "a map has no fields to set (use its method set)");
}

static int map_index(lua_State *L)
{
	lua_pushvalue(L, 2);
	if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNIL)
		luaL_error(L, "map has no field '%s' (it has: get set add incr delete pairs)",
			   lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) :
							   luaL_typename(L, 2));
	return 1;
}

static const luaL_Reg methods[] = {
	{ "get", map_get },
	{ "set", map_set },
	{ "add", map_add },
	{ "incr", map_incr },
	{ "delete", map_delete },
	{ "pairs", map_pairs },
	{ NULL, NULL }
};

static const luaL_Reg metamethods[] = {
	{ "__len", map_length },
	{ "__newindex", map_newindex },
	{ "__pairs", map_pairs },
	{ "__tostring", map_tostring },
	{ NULL, NULL }
};

static int open(lua_State *L)
{
	struct nflua_map_shape shape = {};
	char why[NFLUA_MAP_WHY];
	struct map *map;

	nflua_map_parse(L, &shape);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &opened_key);
	if (lua_getfield(L, -1, shape.name) != LUA_TNIL) {
		map = lua_touserdata(L, -1);
		if (nflua_map_differs(&map->shape, &shape, why) ||
		    nflua_map_differs_now(&map->shape, &shape, why))
			luaL_error(L, "%s", why);
		return 1;
	}
	map = lua_newuserdatauv(L, sizeof(*map), 1);
	map->shape = shape;
	map->count = 0;
	lua_newtable(L);
	lua_setiuservalue(L, -2, 1);
	luaL_setmetatable(L, MAP);
	lua_pushvalue(L, -1);
	lua_setfield(L, -4, shape.name);
	return 1;
}

static const luaL_Reg functions[] = {
	{ "open", open },
	{ NULL, NULL }
};

/* The kernel's is in module/map_lua.c. */
int nflua_map_open(lua_State *L)
{
	lua_newtable(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &opened_key);
	luaL_newmetatable(L, MAP);
	luaL_setfuncs(L, metamethods, 0);
	luaL_newlib(L, methods);
	lua_pushcclosure(L, map_index, 1);
	lua_setfield(L, -2, "__index");
	/* what the kernel's maps are */
	lua_pushliteral(L, "light userdata");
	lua_setfield(L, -2, "__name");
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
	luaL_newlib(L, functions);
	nflua_library_strict(L, "map");
	return 1;
}
