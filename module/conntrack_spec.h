/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_CONNTRACK_SPEC_H
#define _NFLUA_CONNTRACK_SPEC_H

#include "helper.h"
#include "lua/kernel/lua_kernel.h"

/*
 * What a script needs of its namespace while it is loaded, bits of
 * &nflua_generation.needs.
 */
#define NFLUA_NEED_TRACKING	(1 << 0)
#define NFLUA_NEED_ACCOUNTING	(1 << 1)
#define NFLUA_NEED_LABELS	(1 << 2)

#ifdef NFLUA_HELPERS
u32 nflua_conntrack_named(lua_State *L);
void nflua_conntrack_need(lua_State *L, u32 needs);
#else
static inline u32 nflua_conntrack_named(lua_State *L)
{
	return 0;
}
static inline void nflua_conntrack_need(lua_State *L, u32 needs) { }
#endif

/* conntrack_lua.c, and a stand-in in userspace/stubs/ */
int nflua_conntrack_get(lua_State *L);
int nflua_conntrack_find(lua_State *L);
int nflua_conntrack_each(lua_State *L);

#endif /* _NFLUA_CONNTRACK_SPEC_H */
