// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Lua module "map": map.open{ name =, key =, value =, max =, ttl =,
 * evict = } and the methods of a map.
 *
 * A map is a light userdata, the number that it has in its state (see
 * packet.h): to find its method and the map itself takes no call, and nothing
 * is allocated. As no script can make such a value, its number is good.
 *
 * Context of all functions: inside lua_pcall(), so they may raise, but not in
 * an RCU read section of their own.
 */
#include <linux/sched/mm.h>
#include <linux/string.h>
#include "address.h"
#include "library.h"
#include "map.h"
#include "script.h"
#include "state.h"
#include "lua/kernel/lua_internal.h"

/* Buckets that an iterator looks at between two looks at the fuel. */
#define NEXT_BUCKETS	64

/* Steps of fuel for what a write may cost that needs an entry. */
#define INSERT_FUEL	8

static const char methods_key;

static __always_inline const TValue *argument(lua_State *L, int n)
{
	const StkId arg = L->ci->func.p + n;

	return arg < L->top.p ? s2v(arg) : &G(L)->nilvalue;
}

/* A C function finds LUA_MINSTACK free places on the stack. */
static __always_inline void push_integer(lua_State *L, s64 number)
{
	setivalue(s2v(L->top.p), number);
	L->top.p++;
}

/* In a callback an RCU read section is around us. */
static __always_inline bool in_callback(lua_State *L)
{
	return nflua_state_is_atomic(nflua_state(L));
}

static __always_inline struct nflua_map *check_map(lua_State *L)
{
	const TValue *o = argument(L, 1);

	if (unlikely(!ttislightuserdata(o) ||
		     !nflua_light_is_object((uintptr_t)pvalue(o)))) {
		luaL_typeerror(L, 1, "map");
		return NULL;
	}
	return nflua_state(L)->maps[(u32)(uintptr_t)pvalue(o)];
}

/*
 * The key that argument 2 is; its bytes belong to the argument. Raises for
 * another type. Return: false if it is longer than a key may be
 */
static __always_inline bool check_key(lua_State *L, const struct nflua_map *map,
				      struct nflua_map_key *key)
{
	const TValue *o = argument(L, 2);
	const void *bytes;

	switch (map->shape.key) {
	case NFLUA_MAP_INTEGER:
		if (unlikely(!ttisinteger(o)))
			break;
		nflua_map_key_word(map, key, ivalue(o));
		return true;
	case NFLUA_MAP_STRING:
		if (unlikely(!ttisstring(o)))
			break;
		if (unlikely(tsslen(tsvalue(o)) > NFLUA_MAP_KEY_MAX))
			return false;
		nflua_map_key_bytes(map, key, getstr(tsvalue(o)), tsslen(tsvalue(o)));
		return true;
	default:
		if (likely(ttislightuserdata(o) &&
			   nflua_light_is_address4((uintptr_t)pvalue(o)))) {
			nflua_map_key_word(map, key, (uintptr_t)pvalue(o));
			return true;
		}
		bytes = nflua_address6_bytes(L, o);
		if (unlikely(!bytes))
			break;
		nflua_map_key_bytes(map, key, bytes, NFLUA_MAP_KEY6);
		return true;
	}
	luaL_typeerror(L, 2, nflua_map_types[map->shape.key]);
	return false;
}

static int key_too_long(lua_State *L)
{
	return nflua_map_failure(L, -ENAMETOOLONG);
}

static int store(lua_State *L, struct nflua_map *map,
		 const struct nflua_map_key *key, struct nflua_map_value *value,
		 enum nflua_map_op op)
{
	struct nflua_state *st = nflua_state(L);
	struct mem_cgroup *memcg;
	int err;

	lua_charge(L, INSERT_FUEL);
	/* Who loaded the script pays, whoever's packet it is. */
	memcg = set_active_memcg(st->gen->memcg);
	err = nflua_map_store(map, key, value, op, nflua_state_gfp(st));
	set_active_memcg(memcg);
	return err;
}

/* Pushes the value of a key, nil if there is none. */
static void push_string(lua_State *L, const struct nflua_map *map,
			const struct nflua_map_key *key)
{
	const struct nflua_map_string *string;
	struct nflua_map_entry *entry;
	luaL_Buffer b;
	char *to;
	u32 len;

	/* Here nothing is in the way of an error. */
	if (in_callback(L)) {
		entry = nflua_map_lookup(map, key);
		if (!entry) {
			lua_pushnil(L);
			return;
		}
		string = rcu_dereference(entry->string);
		lua_pushlstring(L, string->bytes, string->len);
		return;
	}
	to = luaL_buffinitsize(L, &b, map->shape.size);
	rcu_read_lock();
	entry = nflua_map_lookup(map, key);
	if (entry) {
		string = rcu_dereference(entry->string);
		len = string->len;
		memcpy(to, string->bytes, len);
	}
	rcu_read_unlock();
	luaL_pushresultsize(&b, entry ? len : 0);
	if (!entry) {
		lua_pop(L, 1);
		lua_pushnil(L);
	}
}

static noinline int get_any(lua_State *L)
{
	struct nflua_map *map = check_map(L);
	struct nflua_map_entry *entry;
	struct nflua_map_key key;
	s64 number = 0;

	if (!check_key(L, map, &key))
		return key_too_long(L);
	if (map->shape.value == NFLUA_MAP_STRING) {
		push_string(L, map, &key);
		return 1;
	}
	rcu_read_lock();
	entry = nflua_map_lookup(map, &key);
	if (entry)
		number = atomic64_read(&entry->number);
	rcu_read_unlock();
	if (entry)
		lua_pushinteger(L, number);
	else
		lua_pushnil(L);
	return 1;
}

/* m:get(key): the value, nil if there is none */
static int map_get(lua_State *L)
{
	struct nflua_map *map = check_map(L);
	struct nflua_map_entry *entry;
	struct nflua_map_key key;

	if (unlikely(!in_callback(L) ||
		     map->shape.value != NFLUA_MAP_INTEGER ||
		     !check_key(L, map, &key)))
		return get_any(L);
	entry = nflua_map_lookup(map, &key);
	if (entry)
		push_integer(L, atomic64_read(&entry->number));
	else
		lua_pushnil(L);
	return 1;
}

static int write_value(lua_State *L, enum nflua_map_op op)
{
	struct nflua_map *map = check_map(L);
	struct nflua_map_value value = {};
	const TValue *o = argument(L, 3);
	struct nflua_map_key key;
	int err;

	if (!check_key(L, map, &key))
		return key_too_long(L);
	err = nflua_map_check_value(L, &map->shape, 3);
	if (err)
		return nflua_map_failure(L, err);
	if (map->shape.value == NFLUA_MAP_INTEGER) {
		value.number = ivalue(o);
	} else {
		value.bytes = getstr(tsvalue(o));
		value.len = tsslen(tsvalue(o));
	}
	value.ttl = nflua_map_opt_ttl(L, 4, READ_ONCE(map->shape.ttl));
	err = store(L, map, &key, &value, op);
	if (err)
		return nflua_map_failure(L, err);
	lua_pushboolean(L, true);
	return 1;
}

/* m:set(key, value [, ttl]): true, or nil, message, errno */
static int map_set(lua_State *L)
{
	return write_value(L, NFLUA_MAP_SET);
}

/* m:add(key, value [, ttl]): the same; nil, "exists", EEXIST if it is there */
static int map_add(lua_State *L)
{
	return write_value(L, NFLUA_MAP_ADD);
}

/* The key is not there, the arguments are not as they should be, or no packet waits. */
static noinline int incr_any(lua_State *L)
{
	struct nflua_map *map = check_map(L);
	struct nflua_map_value value = {};
	struct nflua_map_entry *entry;
	struct nflua_map_key key;
	int err;

	nflua_map_check_incr(L, &map->shape);
	if (!check_key(L, map, &key))
		return key_too_long(L);
	if (!ttisinteger(argument(L, 3)))
		luaL_typeerror(L, 3, "integer");
	value.number = ivalue(argument(L, 3));
	rcu_read_lock();
	entry = nflua_map_lookup(map, &key);
	if (entry)
		value.number = atomic64_add_return(value.number, &entry->number);
	rcu_read_unlock();
	if (!entry) {
		if (lua_isnoneornil(L, 4))
			return nflua_map_failure(L, -ENOENT);
		value.init = luaL_checkinteger(L, 4);
		value.ttl = nflua_map_opt_ttl(L, 5, READ_ONCE(map->shape.ttl));
		err = store(L, map, &key, &value, NFLUA_MAP_INCR);
		if (err)
			return nflua_map_failure(L, err);
	}
	lua_pushinteger(L, value.number);
	return 1;
}

/*
 * m:incr(key, n [, init [, ttl]]): the sum; a key that is not there begins
 * with init and lives for ttl; nil, "not found", ENOENT without init
 */
static int map_incr(lua_State *L)
{
	struct nflua_map *map = check_map(L);
	const TValue *o = argument(L, 3);
	struct nflua_map_entry *entry;
	struct nflua_map_key key;

	if (unlikely(!in_callback(L) ||
		     map->shape.value != NFLUA_MAP_INTEGER || !ttisinteger(o) ||
		     !check_key(L, map, &key)))
		return incr_any(L);
	entry = nflua_map_lookup(map, &key);
	if (unlikely(!entry))
		return incr_any(L);
	/* Who takes it out just now takes it out after the addition. */
	push_integer(L, atomic64_add_return(ivalue(o), &entry->number));
	return 1;
}

/* m:delete(key): was it there? */
static int map_delete(lua_State *L)
{
	struct nflua_map *map = check_map(L);
	struct nflua_map_key key;

	if (!check_key(L, map, &key))
		return key_too_long(L);
	lua_pushboolean(L, nflua_map_delete(map, &key));
	return 1;
}

/* #m: entries, with those that have expired and were not taken out yet */
int nflua_map_length(lua_State *L)
{
	lua_pushinteger(L, atomic_read(&check_map(L)->count));
	return 1;
}

int nflua_map_tostring(lua_State *L)
{
	lua_pushfstring(L, "map: %s", check_map(L)->shape.name);
	return 1;
}

static void push_key(lua_State *L, const struct nflua_map *map,
		     const struct nflua_map_key *key)
{
	if (map->shape.key == NFLUA_MAP_INTEGER)
		lua_pushinteger(L, key->word);
	else if (map->shape.key == NFLUA_MAP_STRING)
		lua_pushlstring(L, key->bytes, key->len);
	else if (!key->len)
		lua_pushlightuserdata(L, (void *)(uintptr_t)key->word);
	else
		nflua_address6_push(L, key->bytes,
				    ((const u8 *)key->bytes)[NFLUA_MAP_KEY6 - 1]);
}

/*
 * The iterator of pairs(). Upvalues: the map's number, the bucket, and the
 * serial number of the entry met last in it, nil for none.
 */
static int map_next(lua_State *L)
{
	struct nflua_map *map =
		nflua_state(L)->maps[lua_tointeger(L, lua_upvalueindex(1))];
	struct nflua_map_cursor cursor = {
		.bucket = lua_tointeger(L, lua_upvalueindex(2)),
		.inside = !lua_isnil(L, lua_upvalueindex(3)),
		.serial = lua_tointeger(L, lua_upvalueindex(3)),
	};
	u8 bytes[NFLUA_MAP_KEY_MAX];
	struct nflua_map_entry *entry;
	struct nflua_map_key key;
	s64 number = 0;
	u32 buckets;

	/* Two values are behind the loop, or none. */
	lua_settop(L, 0);
	do {
		lua_burn(L, 1 + NEXT_BUCKETS / 16);
		buckets = NEXT_BUCKETS;
		rcu_read_lock();
		entry = nflua_map_next(map, &cursor, &buckets);
		if (entry) {
			key.word = entry->word;
			key.len = entry->len;
			key.bytes = bytes;
			memcpy(bytes, entry->bytes, key.len);
			if (map->shape.value == NFLUA_MAP_INTEGER)
				number = atomic64_read(&entry->number);
		}
		rcu_read_unlock();
		if (!entry)
			continue;
		if (map->shape.value == NFLUA_MAP_INTEGER) {
			lua_pushinteger(L, number);
			break;
		}
		if (key.len)
			nflua_map_key_bytes(map, &key, bytes, key.len);
		else
			nflua_map_key_word(map, &key, key.word);
		push_string(L, map, &key);
		if (!lua_isnil(L, 1))
			break;
		/* gone meanwhile */
		lua_settop(L, 0);
	} while (entry || !buckets);
	if (!lua_gettop(L))
		return 0;
	push_key(L, map, &key);
	lua_insert(L, 1);
	lua_pushinteger(L, cursor.bucket);
	lua_replace(L, lua_upvalueindex(2));
	lua_pushinteger(L, cursor.serial);
	lua_replace(L, lua_upvalueindex(3));
	return 2;
}

/* pairs(m), m:pairs(): keys and values, in no order */
int nflua_map_pairs(lua_State *L)
{
	check_map(L);
	lua_pushinteger(L, (u32)(uintptr_t)lua_touserdata(L, 1));
	lua_pushinteger(L, 0);
	lua_pushnil(L);
	lua_pushcclosure(L, map_next, 3);
	return 1;
}

static const luaL_Reg methods[] = {
	{ "get", map_get },
	{ "set", map_set },
	{ "add", map_add },
	{ "incr", map_incr },
	{ "delete", map_delete },
	{ "pairs", nflua_map_pairs },
	{ NULL, NULL }
};

/**
 * nflua_map_index() - answer map[key]
 * @L: the running thread
 * @key: the key
 * @val: where the answer goes
 */
void nflua_map_index(lua_State *L, TValue *key, StkId val)
{
	const TValue *slot = NULL;

	if (ttisshrstring(key))
		slot = luaH_getshortstr(nflua_state(L)->map_methods,
					tsvalue(key));
	if (unlikely(!slot || isempty(slot))) {
		nflua_raise(L, "map has no field '%s' (it has: get set add incr delete pairs)",
			    ttisstring(key) ? getstr(tsvalue(key)) :
					      luaT_objtypename(L, key));
		return;
	}
	setobj2s(L, val, slot);
}

/*
 * map.open{ name =, key =, value =, size =, max =, ttl =, evict = }: the map
 * of the name, which is made if there is none
 */
static int open(lua_State *L)
{
	struct nflua_state *st = nflua_state(L);
	struct nflua_map_shape shape = {};
	char why[NFLUA_MAP_WHY];
	struct nflua_map *map;
	unsigned int i;

	if (nflua_state_is_atomic(st))
		luaL_error(L, "map.open cannot be called while a packet waits (call it in the script's body)");
	if (lua_cstackfull(L, NFLUA_STACK_RECLAIM))
		luaL_error(L, "C stack overflow");
	nflua_map_parse(L, &shape);
	if (!st->maps)
		st->maps = kcalloc(NFLUA_MAPS_MAX, sizeof(*st->maps),
				   GFP_KERNEL_ACCOUNT);
	if (!st->maps)
		luaL_error(L, "not enough memory");
	map = nflua_map_acquire(st->gen, &shape, why);
	if (!map)
		luaL_error(L, "%s", why);
	for (i = 0; i < st->nmaps && st->maps[i] != map; i++)
		;
	if (i == st->nmaps)
		st->maps[st->nmaps++] = map;
	lua_pushlightuserdata(L, nflua_light_object(i));
	return 1;
}

static const luaL_Reg functions[] = {
	{ "open", open },
	{ NULL, NULL }
};

/* require("map") */
int nflua_map_open(lua_State *L)
{
	luaL_newlib(L, methods);
	nflua_state(L)->map_methods = (Table *)lua_topointer(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &methods_key);
	luaL_newlib(L, functions);
	nflua_library_strict(L, "map");
	return 1;
}
