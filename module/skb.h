/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_SKB_H
#define _NFLUA_SKB_H

#include <linux/skbuff.h>
#include "packet.h"

/*
 * Bytes in front of a packet that a script may make: where its headers are is told
 * in 16 bits from there.
 */
#define NFLUA_HEADROOM_MAX	32767

/*
 * Does it stand for a chain of segments? Whoever makes them of it wants them where
 * they are: neither copied nor in one piece.
 */
static inline bool nflua_skb_is_chain(const struct sk_buff *skb)
{
	return skb_is_gso(skb) &&
	       skb_shinfo(skb)->gso_type & SKB_GSO_FRAGLIST;
}

int nflua_skb_writable(lua_State *L, struct nflua_packet *p, s64 off, u32 len);
void nflua_skb_written(struct nflua_packet *p, s64 off, u32 len);
void nflua_skb_forget_route(struct nflua_packet *p, s64 off, u32 len);
int nflua_skb_failure(lua_State *L, int err);
bool nflua_skb_is_sound(struct nflua_packet *p);

#endif /* _NFLUA_SKB_H */
