/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_FORMAT_H
#define _NFLUA_FORMAT_H

#include "packet.h"

void nflua_push_bytes(lua_State *L, const struct nflua_packet *p, s64 off,
		      u32 len);
int nflua_pack(lua_State *L, struct nflua_packet *p, s64 base, s64 len,
	       const char *fmt, lua_Integer pos, int arg);
int nflua_unpack(lua_State *L, const struct nflua_packet *p, s64 base, s64 len,
		 const char *fmt, lua_Integer pos);

#endif /* _NFLUA_FORMAT_H */
