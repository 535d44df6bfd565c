/* SPDX-License-Identifier: GPL-2.0-only */
/* A state without the kernel: what the stand-ins know of it. */
#ifndef _NFLUA_STAND_IN_H
#define _NFLUA_STAND_IN_H

#include "script.h"
#include "state.h"

/**
 * struct stand_in - a state in user space
 * @st: what the module's files see of it
 * @module: the first module without a stand-in that was required, or NULL
 */
struct stand_in {
	struct nflua_state st;
	const char *module;
};

static inline struct stand_in *stand_in(lua_State *L)
{
	return container_of(nflua_state(L), struct stand_in, st);
}

#endif /* _NFLUA_STAND_IN_H */
