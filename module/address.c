// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses and prefixes, IPv4 and IPv6, as one type of Lua value. An IPv4
 * prefix is a light userdata (see packet.h), an IPv6 prefix a userdata that is
 * interned in its state: in both cases == compares identity, and a comparison
 * allocates nothing.
 *
 * Context of all functions: inside lua_pcall(); they may raise. nfluactl is
 * built with this file, too, to check scripts without the kernel.
 */
#include <linux/build_bug.h>
#include <linux/inet.h>
#include <linux/kernel.h>
#include <linux/netfilter.h>
#include <linux/string.h>
#include <net/ipv6.h>
#include "address.h"
#include "state.h"
#include "lua/kernel/lua_internal.h"

#define ADDRESS6	"nflua.address"

/**
 * struct address - either family, for work on values
 * @family: 4 or 6
 * @plen: prefix length
 * @v4: host order
 * @v6: as on the wire
 */
struct address {
	u8 family;
	u8 plen;
	union {
		u32 v4;
		struct in6_addr v6;
	};
};

/* What the registry keeps: userdata by their bytes, weakly; methods; recent. */
static const char interned_key;
static const char methods_key;
static const char recent_key;

struct address6 {
	struct in6_addr addr;
	u8 plen;
	u8 zero[3];
};

/* nflua_address6_bytes() says so */
static_assert(offsetof(struct address6, plen) == sizeof(struct in6_addr));

static u32 mask4(unsigned int plen)
{
	return plen ? ~0U << (32 - plen) : 0;
}

/**
 * nflua_address6_push() - push an IPv6 prefix
 * @L: the running thread
 * @addr: the address
 * @plen: prefix length, 128 for an address
 */
void nflua_address6_push(lua_State *L, const struct in6_addr *addr, u8 plen)
{
	struct address6 a = { .plen = plen };
	struct address6 *u;

	ipv6_addr_prefix(&a.addr, addr, plen);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &interned_key);
	lua_pushlstring(L, (const char *)&a, sizeof(a));
	lua_pushvalue(L, -1);
	if (lua_rawget(L, -3) == LUA_TNIL) {
		lua_pop(L, 1);
		u = lua_newuserdatauv(L, sizeof(*u), 0);
		*u = a;
		luaL_setmetatable(L, ADDRESS6);
		lua_pushvalue(L, -2);
		lua_pushvalue(L, -2);
		lua_rawset(L, -5);
	}
	lua_replace(L, -3);
	lua_pop(L, 1);
}

static unsigned int recent_slot(const struct in6_addr *addr)
{
	u64 half[2];

	memcpy(half, addr, sizeof(half));
	return (half[0] ^ half[1]) * 0x9e3779b97f4a7c15ULL >>
	       (64 - NFLUA_RECENT_BITS);
}

/**
 * nflua_address6_set() - store an IPv6 address as a value
 * @L: the running thread
 * @val: where to, on the stack of @L
 * @addr: 16 bytes in network order
 *
 * Packets have few addresses at a time. Those that were met last are kept, so
 * that to read them is to compare bytes, and takes no memory.
 */
void nflua_address6_set(lua_State *L, StkId val, const void *addr)
{
	struct nflua_state *st = nflua_state(L);
	ptrdiff_t at = savestack(L, val);
	struct in6_addr copy;
	unsigned int slot;
	Udata *u;

	memcpy(&copy, addr, sizeof(copy));
	slot = recent_slot(&copy);
	u = st->recent[slot];
	if (u && !memcmp(getudatamem(u), &copy, sizeof(copy))) {
		setuvalue(L, s2v(val), u);
		return;
	}
	luaD_checkstack(L, LUA_MINSTACK);
	nflua_address6_push(L, &copy, 128);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &recent_key);
	lua_pushvalue(L, -2);
	lua_rawseti(L, -2, slot + 1);
	lua_pop(L, 1);
	st->recent[slot] = uvalue(s2v(L->top.p - 1));
	val = restorestack(L, at);
	setobjs2s(L, val, L->top.p - 1);
	L->top.p--;
}

static bool to_address(lua_State *L, int idx, struct address *a)
{
	const struct address6 *u;
	u64 v;

	if (lua_islightuserdata(L, idx)) {
		v = (uintptr_t)lua_touserdata(L, idx);
		if (!nflua_light_is_address4(v))
			return false;
		a->family = 4;
		a->plen = v & 0xff;
		a->v4 = v >> 8;
		return true;
	}
	u = luaL_testudata(L, idx, ADDRESS6);
	if (!u)
		return false;
	a->family = 6;
	a->plen = u->plen;
	a->v6 = u->addr;
	return true;
}

/**
 * nflua_address_get() - an address or prefix as netfilter has it
 * @L: the running thread
 * @idx: where any value is
 * @family: becomes NFPROTO_IPV4 or NFPROTO_IPV6
 * @addr: becomes the address, in network order, followed by zeros
 *
 * Return: the length of the prefix, -1 if the value is of another kind
 */
int nflua_address_get(lua_State *L, int idx, u8 *family,
		      union nf_inet_addr *addr)
{
	struct address a;

	if (!to_address(L, idx, &a))
		return -1;
	memset(addr, 0, sizeof(*addr));
	if (a.family == 4) {
		*family = NFPROTO_IPV4;
		addr->ip = htonl(a.v4);
	} else {
		*family = NFPROTO_IPV6;
		addr->in6 = a.v6;
	}
	return a.plen;
}

/**
 * nflua_address6_bytes() - an IPv6 prefix as bytes
 * @L: the running thread
 * @value: any value
 *
 * Return: 16 bytes in network order and one with the prefix length, which live
 * as long as the value; NULL if it is no IPv6 prefix
 */
const void *nflua_address6_bytes(lua_State *L, const TValue *value)
{
	if (!ttisfulluserdata(value) ||
	    uvalue(value)->metatable != nflua_state(L)->address6)
		return NULL;
	return getudatamem(uvalue(value));
}

static void check_address(lua_State *L, int idx, struct address *a)
{
	if (!to_address(L, idx, a))
		luaL_typeerror(L, idx, "address");
}

static bool has(const struct address *p, const struct address *a)
{
	if (p->family != a->family || a->plen < p->plen)
		return false;
	if (p->family == 4)
		return (a->v4 & mask4(p->plen)) == p->v4;
	return ipv6_prefix_equal(&p->v6, &a->v6, p->plen);
}

/* prefix:has(addr): is an address or a longer prefix inside? */
static int address_has(lua_State *L)
{
	struct address p, a;

	check_address(L, 1, &p);
	check_address(L, 2, &a);
	lua_pushboolean(L, has(&p, &a));
	return 1;
}

/* IPv4 before IPv6, then by address, then the shorter prefix first. */
static int compare(lua_State *L)
{
	struct address a, b;
	int d;

	check_address(L, 1, &a);
	check_address(L, 2, &b);
	if (a.family != b.family)
		return a.family - b.family;
	if (a.family == 4)
		d = a.v4 < b.v4 ? -1 : a.v4 > b.v4;
	else
		d = memcmp(&a.v6, &b.v6, sizeof(a.v6));
	return d ?: a.plen - b.plen;
}

int nflua_address_lt(lua_State *L)
{
	lua_pushboolean(L, compare(L) < 0);
	return 1;
}

int nflua_address_le(lua_State *L)
{
	lua_pushboolean(L, compare(L) <= 0);
	return 1;
}

int nflua_address_tostring(lua_State *L)
{
	char buf[sizeof("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128")];
	struct address a;
	__be32 v4;
	int n;

	check_address(L, 1, &a);
	if (a.family == 4) {
		v4 = htonl(a.v4);
		n = scnprintf(buf, sizeof(buf), "%pI4", &v4);
		if (a.plen < 32)
			scnprintf(buf + n, sizeof(buf) - n, "/%u", a.plen);
	} else {
		n = scnprintf(buf, sizeof(buf), "%pI6c", &a.v6);
		if (a.plen < 128)
			scnprintf(buf + n, sizeof(buf) - n, "/%u", a.plen);
	}
	lua_pushstring(L, buf);
	return 1;
}

/*
 * luapacket.ip(text): address or prefix from its usual notation. Host bits of
 * a prefix are cleared. An argument that is an address already is returned.
 */
int nflua_address_new(lua_State *L)
{
	const char *s, *end;
	struct address a;
	size_t len;
	u8 bin[16];
	u8 plen;
	int max;

	if (to_address(L, 1, &a)) {
		lua_settop(L, 1);
		return 1;
	}
	s = luaL_checklstring(L, 1, &len);
	if (in4_pton(s, len, bin, '/', &end))
		max = 32;
	else if (in6_pton(s, len, bin, '/', &end))
		max = 128;
	else
		max = 0;
	/* For in4_pton() a colon ends an address, too. */
	if (!max || *end == ':')
		return luaL_error(L, "'%s' is not an IP address or prefix", s);
	plen = max;
	if (*end == '/') {
		/* kstrtou8() would take a sign and a newline. */
		if (strnlen(end + 1, 4) > 3 ||
		    strspn(end + 1, "0123456789") != strlen(end + 1) ||
		    kstrtou8(end + 1, 10, &plen) || plen > max)
			return luaL_error(L, "'%s' has no prefix length from 0 to %d",
					  s, max);
	}
	if (end + strnlen(end, 5) != s + len)
		return luaL_error(L, "'%s' is not an IP address or prefix", s);
	if (max == 32) {
		u32 v4 = (u32)bin[0] << 24 | bin[1] << 16 | bin[2] << 8 | bin[3];

		lua_pushlightuserdata(L, nflua_address4(v4 & mask4(plen),
							plen));
	} else {
		nflua_address6_push(L, (struct in6_addr *)bin, plen);
	}
	return 1;
}

/**
 * nflua_address_index() - answer address[key] for an IPv4 address
 * @L: the running thread
 * @key: the key
 * @val: where the answer goes
 */
void nflua_address_index(lua_State *L, TValue *key, StkId val)
{
	const TValue *slot = NULL;

	if (ttisshrstring(key))
		slot = luaH_getshortstr(nflua_state(L)->address_methods,
					tsvalue(key));
	if (!slot || isempty(slot)) {
		nflua_raise(L, "address has no such field (it has: has)");
		return;
	}
	setobj2s(L, val, slot);
}

static int address6_index(lua_State *L)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &methods_key);
	lua_pushvalue(L, 2);
	if (lua_rawget(L, -2) == LUA_TNIL)
		luaL_error(L, "address has no such field (it has: has)");
	return 1;
}

static int address6_newindex(lua_State *L)
{
	return luaL_error(L, "an address has no fields to set");
}

static const luaL_Reg methods[] = {
	{ "has", address_has },
	{ NULL, NULL }
};

static const luaL_Reg metamethods[] = {
	{ "__index", address6_index },
	{ "__newindex", address6_newindex },
	{ "__tostring", nflua_address_tostring },
	{ "__lt", nflua_address_lt },
	{ "__le", nflua_address_le },
	{ NULL, NULL }
};

/**
 * nflua_address_open() - what addresses need in a new state
 * @L: the state
 */
void nflua_address_open(lua_State *L)
{
	luaL_newlib(L, methods);
	nflua_state(L)->address_methods = (Table *)lua_topointer(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &methods_key);

	lua_newtable(L);
	lua_newtable(L);
	lua_pushliteral(L, "v");
	lua_setfield(L, -2, "__mode");
	lua_setmetatable(L, -2);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &interned_key);

	lua_createtable(L, NFLUA_RECENT, 0);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &recent_key);

	luaL_newmetatable(L, ADDRESS6);
	nflua_state(L)->address6 = (Table *)lua_topointer(L, -1);
	luaL_setfuncs(L, metamethods, 0);
	lua_pushliteral(L, "address");
	lua_setfield(L, -2, "__name");
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
}
