/* SPDX-License-Identifier: GPL-2.0-only */
/* Lua's C API as nflua builds it; before or after kernel headers */
#ifndef _LUA_KERNEL_H
#define _LUA_KERNEL_H

#include "lua_config.h"

#include "lua.h"
#include "lauxlib.h"
#include "lualib.h"

/**
 * luaL_openkernel() - open the libraries of the dialect
 * @L: a new state
 *
 * Base (without print, which is the embedder's), coroutine, table, string, utf8,
 * math and debug (traceback). May raise a memory error.
 */
void luaL_openkernel(lua_State *L);

/**
 * luaL_loadscript() - compile a whole script from memory
 * @L: state
 * @source: text; a first line that starts with "#" is skipped, and so is a UTF-8
 *	byte order mark before it
 * @size: bytes of it
 * @name: chunk name, usually "@" and the file's name
 *
 * Return: as lua_load(): LUA_OK with the function on the stack, or a status with a
 * message.
 */
int luaL_loadscript(lua_State *L, const char *source, size_t size, const char *name);

/**
 * luaL_loadcode() - load a function that lua_dump() has written
 * @L: state
 * @code: what it wrote, in this program: nothing is verified
 * @size: bytes of it
 * @name: as for luaL_loadscript()
 *
 * Return: as luaL_loadscript()
 */
int luaL_loadcode(lua_State *L, const void *code, size_t size, const char *name);

#ifdef __KERNEL__
/* seed of string hashes; 0: a random one for each state. Only benchmarks set it. */
extern unsigned int lua_seed;
#endif

#endif
