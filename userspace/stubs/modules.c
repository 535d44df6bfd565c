// SPDX-License-Identifier: GPL-2.0-only
/*
 * Built-in modules that only the kernel has. Each of NFLUA_MODULES has an
 * opener here, which gives way to any other of its name: that of a file of the
 * module's which nfluactl shares, or of a stand-in beside this file.
 *
 * To write a stand-in for a module NAME, put nflua_NAME_open() into NAME.c. It
 * registers as the kernel's does, and checks arguments with the same
 * sentences; best from a file that both are built with.
 */
#include "library.h"
#include "stand_in.h"

/*
 * That pcall() may catch it changes nothing: stubs_check() gives no verdict
 * once @module is set.
 */
static int no_stand_in(lua_State *L, const char *name)
{
	struct stand_in *s = stand_in(L);

	if (!s->module)
		s->module = name;
	return luaL_error(L, "module '%s' is only in the kernel", name);
}

#define OPENER(_name)								\
	__attribute__((weak)) int nflua_##_name##_open(lua_State *L)		\
	{									\
		return no_stand_in(L, #_name);					\
	}
NFLUA_MODULES(OPENER)
