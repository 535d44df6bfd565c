/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_LIBRARY_H
#define _NFLUA_LIBRARY_H

#include "state.h"

void nflua_library_open(lua_State *L);
void nflua_library_strict(lua_State *L, const char *name);
int nflua_print(lua_State *L);
void nflua_print_flush(struct nflua_state *st);

void nflua_state_register(lua_State *L, struct nflua_reg *reg);

/* openers of the built-in modules: push the module's table */
int nflua_netfilter_open(lua_State *L);
int nflua_luapacket_open(lua_State *L);

#endif /* _NFLUA_LIBRARY_H */
