// SPDX-License-Identifier: GPL-2.0-only
/* The compiler of the kernel's Lua dialect, as it is built for user space. */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

#ifdef HAVE_LUA
#include "host.h"

/**
 * syntax_available() - whether there is a compiler
 *
 * Return: true if syntax_check() can tell
 */
bool syntax_available(void)
{
	return true;
}

/**
 * syntax_check() - compile a script and throw the result away
 * @name: name of the script
 * @text: its source
 * @size: bytes of @text
 *
 * Return: NULL if it compiles, else the message, to be freed
 */
char *syntax_check(const char *name, const void *text, size_t size)
{
	char chunk[NFLUA_NAME_SIZE + 1] = "=";
	const char *source = text, *line;
	char *message = NULL;
	lua_State *L = host_newstate();

	if (!L)
		return strdup("no memory for the compiler");
	strncat(chunk, name, NFLUA_NAME_SIZE - 1);
	/* A first line for the shell; its line break stays, and counts. */
	if (size && *source == '#') {
		line = memchr(source, '\n', size);
		line = line ? line : source + size;
		size -= line - source;
		source = line;
	}
	if (luaL_loadbufferx(L, source, size, chunk, "t") != LUA_OK)
		message = strdup(lua_isstring(L, -1) ? lua_tostring(L, -1) : "unknown error");
	host_close(L);
	return message;
}

#else /* !HAVE_LUA */

bool syntax_available(void)
{
	return false;
}

char *syntax_check(const char *name, const void *text, size_t size)
{
	(void)name;
	(void)text;
	(void)size;
	return NULL;
}

#endif /* HAVE_LUA */
