/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_SKB_H
#define _NFLUA_SKB_H

#include "packet.h"

int nflua_skb_writable(lua_State *L, struct nflua_packet *p, s64 off, u32 len);
void nflua_skb_written(struct nflua_packet *p, s64 off);
int nflua_skb_failure(lua_State *L, int err);
bool nflua_skb_is_sound(struct nflua_packet *p);

#endif /* _NFLUA_SKB_H */
