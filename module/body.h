/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_BODY_H
#define _NFLUA_BODY_H

#include "state.h"

int nflua_body_run(lua_State *L);
int nflua_body_error(lua_State *L);
void nflua_body_functions(lua_State *L);

#endif /* _NFLUA_BODY_H */
