// SPDX-License-Identifier: GPL-2.0-only
/*
 * The outermost VLAN tag of a packet, be it in the frame or, as the kernel has
 * it after it received the frame, beside it.
 *
 * All functions here run in a callback: bottom halves off, in an RCU read
 * section, and inside lua_pcall(), so that they may raise.
 */
#include <linux/if_vlan.h>
#include <linux/skbuff.h>
#include <linux/unaligned.h>
#include "header.h"
#include "packet.h"
#include "state.h"
#include "lua/kernel/lua_internal.h"

static bool get_tci(const struct nflua_packet *p, u16 *tci)
{
	const void *tag;
	s64 off;
	u16 tmp;

	*tci = skb_vlan_tag_get(p->skb);
	if (skb_vlan_tag_present(p->skb))
		return true;
	off = nflua_layer_offset(p, NFLUA_RECORD_VLAN);
	if (off == NFLUA_NOWHERE)
		return false;
	tag = nflua_packet_bytes(p, off, sizeof(tmp), &tmp);
	if (tag)
		*tci = get_unaligned_be16(tag);
	return tag;
}

/* The tag was there when its view was made, and may be gone again. */
static void set_tci(lua_State *L, struct nflua_packet *p, u16 mask, u16 bits)
{
	__be16 data;
	u16 tci;

	if (!get_tci(p, &tci))
		nflua_raise(L, "the packet has no VLAN tag any more");
	tci = (tci & ~mask) | bits;
	data = htons(tci);
	if (skb_vlan_tag_present(p->skb))
		__vlan_hwaccel_put_tag(p->skb, p->skb->vlan_proto, tci);
	else
		nflua_field_put(L, p, NFLUA_RECORD_VLAN, 0, &data, sizeof(data),
				0);
	p->l2_written = true;
}

static void get_bits(struct nflua_packet *p, StkId val, u16 mask)
{
	u16 tci;

	setnilvalue(s2v(val));
	if (get_tci(p, &tci))
		setivalue(s2v(val), (tci & mask) >> __ffs(mask));
}

void nflua_vlan_get_id(lua_State *L, struct nflua_packet *p, StkId val)
{
	get_bits(p, val, VLAN_VID_MASK);
}

void nflua_vlan_set_id(lua_State *L, struct nflua_packet *p, const TValue *val)
{
	set_tci(L, p, VLAN_VID_MASK, nflua_field_uint(L, "vlan", "id", 12, val));
}

void nflua_vlan_get_pcp(lua_State *L, struct nflua_packet *p, StkId val)
{
	get_bits(p, val, VLAN_PRIO_MASK);
}

void nflua_vlan_set_pcp(lua_State *L, struct nflua_packet *p, const TValue *val)
{
	set_tci(L, p, VLAN_PRIO_MASK,
		nflua_field_uint(L, "vlan", "pcp", 3, val) << VLAN_PRIO_SHIFT);
}

void nflua_vlan_get_dei(lua_State *L, struct nflua_packet *p, StkId val)
{
	u16 tci;

	setnilvalue(s2v(val));
	if (!get_tci(p, &tci))
		return;
	setbfvalue(s2v(val));
	if (tci & VLAN_CFI_MASK)
		setbtvalue(s2v(val));
}

void nflua_vlan_set_dei(lua_State *L, struct nflua_packet *p, const TValue *val)
{
	set_tci(L, p, VLAN_CFI_MASK,
		nflua_field_bool(L, "vlan", "dei", val) ? VLAN_CFI_MASK : 0);
}

void nflua_vlan_get_type(lua_State *L, struct nflua_packet *p, StkId val)
{
	const struct sk_buff *skb = p->skb;

	setivalue(s2v(val), ntohs(skb_vlan_tag_present(skb) ?
				  skb->vlan_proto : skb->protocol));
}
