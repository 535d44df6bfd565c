/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LUA_STRING_H
#define _LUA_STRING_H

#include <linux/string.h>

/* a field of Lua's lexer */
#undef current

/* there is one locale, and it sorts by bytes */
#define strcoll(a, b)	strcmp(a, b)

/* no kernel string function: some versions are going to lose it */
#undef strcpy
#define strcpy(d, s)	((char *)memcpy(d, s, strlen(s) + 1))

#endif
