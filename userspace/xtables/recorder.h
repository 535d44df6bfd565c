/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_XTABLES_RECORDER_H
#define _NFLUA_XTABLES_RECORDER_H

#include <lua.h>

int recorder_open(lua_State *L, const char *directory);

#endif /* _NFLUA_XTABLES_RECORDER_H */
