// SPDX-License-Identifier: GPL-2.0-only
/* Lua states in user space: memory, limits, randomness */
#include "host.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define DEFAULT_CSTACK	(1024UL * 1024)
#define STEPS		100000	/* between two looks at the clock */

struct host_state {
	struct lua_ext ext;	/* first: the allocator's ud is its address */
	size_t used;
	size_t limit;		/* 0: none */
	bool fuel_limited;
	int seconds;		/* that it may take; 0: any time */
	time_t end;
};

static unsigned long env_number(const char *name, unsigned long def)
{
	const char *s = getenv(name);

	return s && *s ? strtoul(s, NULL, 10) : def;
}

static void *host_alloc(void *ud, void *ptr, size_t osize, size_t nsize)
{
	struct host_state *st = ud;
	void *p;

	if (!ptr)
		osize = 0;	/* Lua passes a type there */
	if (!nsize) {
		free(ptr);
		st->used -= osize;
		return NULL;
	}
	if (st->limit && st->used - osize + nsize > st->limit)
		return NULL;
	p = realloc(ptr, nsize);
	if (p)
		st->used += nsize - osize;
	return p;
}

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static int host_refuel(lua_State *L)
{
	struct host_state *st = (struct host_state *)lua_getext(L);

	if (st->seconds) {
		if (now() < st->end) {
			st->ext.fuel = STEPS;
			return 0;
		}
		st->ext.killed = true;
		st->ext.fuel = 0;
		lua_pushfstring(L, "ran longer than %d s", st->seconds);
		return 1;
	}
	if (!st->fuel_limited) {
		st->ext.fuel = LONG_MAX;
		return 0;
	}
	lua_pushliteral(L, "the script ran too long");
	return 1;
}

static int open_libs(lua_State *L)
{
	luaL_openkernel(L);
	return 0;
}

lua_State *host_newstate(void)
{
	struct host_state *st = calloc(1, sizeof(*st));
	unsigned long fuel = env_number("NFLUA_FUEL", 0);
	lua_State *L;

	if (!st)
		return NULL;
	st->limit = env_number("NFLUA_MEMORY", 0);
	st->ext.fuel = LONG_MAX;
	st->ext.stack_floor = luai_stackpointer - DEFAULT_CSTACK;
	st->ext.refuel = host_refuel;
	L = lua_newstate(host_alloc, &st->ext);
	if (!L) {
		free(st);
		return NULL;
	}
	lua_pushcfunction(L, open_libs);
	if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
		host_close(L);
		return NULL;
	}
	/* the program's limits are not spent on the libraries */
	st->ext.stack_floor = luai_stackpointer - env_number("NFLUA_CSTACK", DEFAULT_CSTACK);
	if (fuel) {
		st->ext.fuel = fuel;
		st->fuel_limited = true;
	}
	return L;
}

void host_limit_time(lua_State *L, int seconds)
{
	struct host_state *st = (struct host_state *)lua_getext(L);

	st->seconds = seconds;
	st->end = now() + seconds;
	st->ext.fuel = STEPS;
}

void host_close(lua_State *L)
{
	struct lua_ext *ext = lua_getext(L);

	lua_close(L);
	free(ext);
}

unsigned long long luai_random64(void)
{
	unsigned long long r = 0;

	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		abort();
	return r;
}

void luai_resched(void)
{
}

unsigned int luai_seed(void)
{
	return (unsigned int)env_number("NFLUA_SEED", luai_random64() & 0xffffffff);
}

/* a keyed bijection, so that two objects never share an id */
unsigned long long luai_pointerid(const void *p)
{
	static unsigned long long key;
	unsigned long long x = (unsigned long long)(uintptr_t)p;
	int round;

	while (!key)
		key = luai_random64() | 1;
	for (round = 0; round < 4; round++) {
		x = (x * 0x9e3779b97f4a7c15ULL + key) & 0xffffffffffffffULL;
		x ^= x >> 29;
	}
	return x;
}
