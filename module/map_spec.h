/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_MAP_SPEC_H
#define _NFLUA_MAP_SPEC_H

#include <linux/types.h>
#include "uapi/nflua.h"
#include "lua/kernel/lua_kernel.h"

#define NFLUA_MAP_WHY		192	/* bytes of a sentence that refuses */

/**
 * struct nflua_map_shape - what a script says of a map
 * @name: its name in the namespace
 * @key: &enum nflua_map_type
 * @value: &enum nflua_map_type
 * @evict: &enum nflua_map_evict
 * @size: greatest length of a string value
 * @max: most entries
 * @ttl: how long an entry lives that says nothing else, ms, 0 for ever
 */
struct nflua_map_shape {
	char name[NFLUA_NAME_SIZE];
	u8 key;
	u8 value;
	u8 evict;
	u32 size;
	u32 max;
	u64 ttl;
};

extern const char *const nflua_map_types[];

void nflua_map_parse(lua_State *L, struct nflua_map_shape *shape);
bool nflua_map_differs(const struct nflua_map_shape *have,
		       const struct nflua_map_shape *want, char *why);
bool nflua_map_differs_now(const struct nflua_map_shape *have,
			   const struct nflua_map_shape *want, char *why);
int nflua_map_failure(lua_State *L, int err);
int nflua_map_check_value(lua_State *L, const struct nflua_map_shape *shape,
			  int arg);
void nflua_map_check_incr(lua_State *L, const struct nflua_map_shape *shape);
u64 nflua_map_opt_ttl(lua_State *L, int arg, u64 def);

#endif /* _NFLUA_MAP_SPEC_H */
