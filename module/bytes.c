// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bytes of a packet and of its payload, by offset. What lies in pieces is
 * not linearized, and nothing outside the packet is seen.
 *
 * All functions here are methods that run in a callback: bottom halves off, in
 * an RCU read section, and inside lua_pcall(), so that they may raise.
 */
#include <linux/skbuff.h>
#include <linux/unaligned.h>
#include "format.h"
#include "header.h"
#include "packet.h"
#include "lua/kernel/lua_internal.h"

static int push_failure(lua_State *L, const char *why)
{
	lua_pushnil(L);
	lua_pushstring(L, why);
	lua_pushinteger(L, ERANGE);
	return 3;
}

/*
 * Where offset 0 of a data method is, bytes from the network header. @arg is
 * the optional layer argument. Returns false if there is no such layer here.
 */
static bool check_base(lua_State *L, struct nflua_packet *p,
		       unsigned int record, int arg, s64 *base)
{
	static const char *const layers[] = { "network", "link", "transport",
					      "payload", NULL };
	int layer;

	if (record == NFLUA_RECORD_PAYLOAD || record == NFLUA_RECORD_DATA) {
		if (!lua_isnoneornil(L, arg))
			luaL_argerror(L, arg, "a payload has no layers");
		layer = 3;
	} else {
		luaL_argexpected(L, record == NFLUA_RECORD_PACKET, 1, "packet");
		layer = luaL_checkoption(L, arg, "network", layers);
	}
	if (record == NFLUA_RECORD_DATA) {
		*base = p->at;
		return *base <= p->len;
	}
	switch (layer) {
	case 0:
		*base = 0;
		return true;
	case 1:
		if (!skb_mac_header_was_set(p->skb) ||
		    skb_mac_header(p->skb) >= skb_network_header(p->skb))
			return false;
		*base = skb_mac_header(p->skb) - skb_network_header(p->skb);
		return true;
	case 2:
		*base = p->l4off;
		return p->l4proto >= 0 && p->l4off <= p->len;
	default:
		*base = nflua_packet_payload(p);
		return *base >= 0;
	}
}

static int read_uint(lua_State *L, u32 bytes)
{
	unsigned int record;
	struct nflua_packet *p = nflua_packet_check(L, &record);
	lua_Integer off = luaL_checkinteger(L, 2);
	const void *data;
	u32 buf;
	s64 base;

	luaL_argcheck(L, off >= 0, 2, "offset is negative");
	if (!check_base(L, p, record, 3, &base))
		return push_failure(L, "packet has no such layer");
	data = off > INT_MAX ? NULL :
	       nflua_packet_bytes(p, base + off, bytes, &buf);
	if (!data)
		return push_failure(L, "offset is beyond the end of the packet");
	switch (bytes) {
	case 1:
		lua_pushinteger(L, *(const u8 *)data);
		break;
	case 2:
		lua_pushinteger(L, get_unaligned_be16(data));
		break;
	default:
		lua_pushinteger(L, get_unaligned_be32(data));
		break;
	}
	return 1;
}

/*
 * pkt:u8(off [, layer]), u16, u32: big-endian number at off, counted from 0 at
 * the network header, or at @layer: "link", "network", "transport", "payload".
 * nil, message, ERANGE if the packet has no such byte or layer.
 */
static int packet_u8(lua_State *L)
{
	return read_uint(L, 1);
}

static int packet_u16(lua_State *L)
{
	return read_uint(L, 2);
}

static int packet_u32(lua_State *L)
{
	return read_uint(L, 4);
}

/* Length of a view in bytes; only what has data has one. */
static s64 view_length(lua_State *L, struct nflua_packet *p,
		       unsigned int record)
{
	switch (record) {
	case NFLUA_RECORD_PACKET:
		return p->len;
	case NFLUA_RECORD_PAYLOAD:
		return p->len - nflua_packet_payload(p);
	case NFLUA_RECORD_DATA:
		return max_t(s64, p->len - (s64)p->at, 0);
	default:
		return luaL_error(L, "%s has no length",
				  nflua_header(record)->name);
	}
}

/**
 * nflua_packet_length() - #pkt, pkt:length(), #pkt.payload
 * @L: the running thread, argument 1 a packet or a payload
 *
 * Return: 1, with the number of bytes from the network header to the end
 */
int nflua_packet_length(lua_State *L)
{
	unsigned int record;
	struct nflua_packet *p = nflua_packet_check(L, &record);

	lua_pushinteger(L, view_length(L, p, record));
	return 1;
}

/*
 * pkt:unpack(fmt [, pos [, layer]]): string.unpack over the packet, big-endian
 * unless fmt says otherwise; pos counts from 1.
 */
static int packet_unpack(lua_State *L)
{
	unsigned int record;
	struct nflua_packet *p = nflua_packet_check(L, &record);
	const char *fmt = luaL_checkstring(L, 2);
	lua_Integer pos = luaL_optinteger(L, 3, 1);
	s64 base;

	if (!check_base(L, p, record, 4, &base))
		return push_failure(L, "packet has no such layer");
	return nflua_unpack(L, p, base, p->len - base, fmt, pos);
}

/* what a packet and its payload have in common */
const struct nflua_field nflua_data_fields[] = {
	NFLUA_METHOD("length", nflua_packet_length),
	NFLUA_METHOD("u8", packet_u8),
	NFLUA_METHOD("u16", packet_u16),
	NFLUA_METHOD("u32", packet_u32),
	NFLUA_METHOD("unpack", packet_unpack),
};
const unsigned int nflua_data_nfields = ARRAY_SIZE(nflua_data_fields);
