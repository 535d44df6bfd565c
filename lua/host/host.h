/* SPDX-License-Identifier: GPL-2.0-only */
/* Lua states in user space, for the interpreter and for nfluactl */
#ifndef _LUA_HOST_H
#define _LUA_HOST_H

#include "lua_kernel.h"

/**
 * host_newstate() - a state with the libraries of the dialect
 *
 * The environment may set limits, as the kernel has them: NFLUA_CSTACK bytes of C
 * stack from the caller's frame on (default 1 MiB), NFLUA_FUEL steps (default
 * none), NFLUA_MEMORY bytes (default none).
 *
 * Return: the state, or NULL without memory.
 */
lua_State *host_newstate(void);

/**
 * host_limit_time() - let no program run for ever
 * @L: the state, from host_newstate()
 * @seconds: how long what is run from now on may take; whole seconds are counted
 */
void host_limit_time(lua_State *L, int seconds);

/**
 * host_close() - end a state from host_newstate()
 * @L: the state
 */
void host_close(lua_State *L);

#endif
