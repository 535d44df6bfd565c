/* SPDX-License-Identifier: GPL-2.0-only */
/* The classes of ASCII, as in C's own locale; the kernel's are Latin-1. */
#ifndef _LUA_CTYPE_H
#define _LUA_CTYPE_H

#undef isalnum
#undef isalpha
#undef iscntrl
#undef isdigit
#undef isgraph
#undef islower
#undef isprint
#undef ispunct
#undef isspace
#undef isupper
#undef isxdigit
#undef tolower
#undef toupper

#define isalnum(c)	(isalpha(c) || isdigit(c))
#define isalpha(c)	islower((c) | 32)
#define iscntrl(c)	(lua_isrange(c, 0, 31) || (c) == 127)
#define isdigit(c)	lua_isrange(c, '0', '9')
#define isgraph(c)	lua_isrange(c, 33, 126)
#define islower(c)	lua_isrange(c, 'a', 'z')
#define isprint(c)	lua_isrange(c, 32, 126)
#define ispunct(c)	(isgraph(c) && !isalnum(c))
#define isspace(c)	(lua_isrange(c, '\t', '\r') || (c) == ' ')
#define isupper(c)	lua_isrange(c, 'A', 'Z')
#define isxdigit(c)	(isdigit(c) || lua_isrange((c) | 32, 'a', 'f'))
#define tolower(c)	lua_tolower(c)
#define toupper(c)	lua_toupper(c)

static inline int lua_isrange(int c, int first, int last)
{
	return c >= first && c <= last;
}

static inline int lua_tolower(int c)
{
	return isupper(c) ? c + 32 : c;
}

static inline int lua_toupper(int c)
{
	return islower(c) ? c - 32 : c;
}

#endif
