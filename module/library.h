/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_LIBRARY_H
#define _NFLUA_LIBRARY_H

#include "state.h"

void nflua_library_open(lua_State *L);
void nflua_library_strict(lua_State *L, const char *name);
int nflua_library_failure(lua_State *L, const char *why, int errnum);
struct nflua_extension_spec;
const struct nflua_extension_spec *
nflua_netfilter_declaration(lua_State *L, const char *name);
int nflua_print(lua_State *L);
void nflua_print_flush(struct nflua_state *st);
/* run.c */
char *nflua_run_output(const struct nflua_state *st, unsigned int **len);

bool nflua_state_has_registered(const struct nflua_state *st, u8 kind,
				const char *name);
void nflua_state_register(lua_State *L, struct nflua_reg *reg);
void nflua_state_unregister(lua_State *L, u8 kind, const char *name);

/*
 * The built-in modules, in the order in which they are listed. Each has an
 * opener, nflua_NAME_open(), that pushes its table. One that only the kernel
 * can have needs a stand-in in userspace/stubs/ before nfluactl can check a
 * script that requires it without the kernel.
 */
#if defined(__KERNEL__) && !IS_ENABLED(CONFIG_NF_CONNTRACK)
#define NFLUA_MODULE_CONNTRACK(_M)
#else
#define NFLUA_MODULE_CONNTRACK(_M) _M(conntrack)
#endif

#define NFLUA_MODULES(_M)	\
	NFLUA_MODULE_CONNTRACK(_M) \
	_M(luapacket)		\
	_M(map)			\
	_M(netfilter)

#define NFLUA_MODULE_OPENER(_name) int nflua_##_name##_open(lua_State *L);
NFLUA_MODULES(NFLUA_MODULE_OPENER)

#endif /* _NFLUA_LIBRARY_H */
