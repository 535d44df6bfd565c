/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_ADDRESS_H
#define _NFLUA_ADDRESS_H

#include "packet.h"

/**
 * nflua_address4() - an IPv4 prefix as a light userdata
 * @addr: host order, host bits zero
 * @plen: prefix length, 32 for an address
 */
static inline void *nflua_address4(u32 addr, unsigned int plen)
{
	return (void *)(uintptr_t)(NFLUA_LIGHT_PREFIX | (u64)addr << 8 | plen);
}

struct in6_addr;
union nf_inet_addr;

void nflua_address6_push(lua_State *L, const struct in6_addr *addr, u8 plen);
int nflua_address_get(lua_State *L, int idx, u8 *family,
		      union nf_inet_addr *addr);
const void *nflua_address6_bytes(lua_State *L, const TValue *value);
void nflua_address6_set(lua_State *L, StkId val, const void *addr);
void nflua_address_index(lua_State *L, TValue *key, StkId val);
int nflua_address_tostring(lua_State *L);
int nflua_address_lt(lua_State *L);
int nflua_address_le(lua_State *L);
int nflua_address_new(lua_State *L);
void nflua_address_open(lua_State *L);

#endif /* _NFLUA_ADDRESS_H */
