/* SPDX-License-Identifier: GPL-2.0-only */
/* Lua's C API where iptables loads it: that of the distribution's Lua. */
#ifndef _LUA_KERNEL_H
#define _LUA_KERNEL_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#endif
