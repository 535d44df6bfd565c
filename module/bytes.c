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
#include "library.h"
#include "packet.h"
#include "skb.h"
#include "lua/kernel/lua_internal.h"

/* What a data method is called on: a part of a packet. */
struct data_range {
	struct nflua_packet *p;
	s64 base;	/* of offset 0, bytes from the network header */
	s64 len;
};

static int no_layer(lua_State *L)
{
	return nflua_library_failure(L, "packet has no such layer", ERANGE);
}

static int too_far(lua_State *L)
{
	return nflua_library_failure(L, "offset is beyond the end of the packet",
				     ERANGE);
}

enum layer {
	LAYER_NETWORK,
	LAYER_LINK,
	LAYER_TRANSPORT,
	LAYER_PAYLOAD,
};

static const char *const layers[] = { "network", "link", "transport",
				      "payload", NULL };

/* Where a layer is. Returns false if there is no such layer here. */
static bool find_layer(struct data_range *r, enum layer layer)
{
	struct nflua_packet *p = r->p;

	switch (layer) {
	case LAYER_NETWORK:
		r->base = 0;
		break;
	case LAYER_LINK:
		if (!skb_mac_header_was_set(p->skb) ||
		    skb_mac_header(p->skb) >= p->data)
			return false;
		r->base = skb_mac_header(p->skb) - p->data;
		break;
	case LAYER_TRANSPORT:
		if (p->l4proto < 0)
			return false;
		r->base = p->l4off;
		break;
	default:
		r->base = nflua_packet_payload(p);
		if (r->base < 0)
			return false;
	}
	r->len = p->len - r->base;
	return r->len >= 0;
}

/* The part of a packet that a view of data is of. As find_layer(). */
static bool find_range(struct data_range *r, unsigned int record)
{
	switch (record) {
	case NFLUA_RECORD_PAYLOAD:
		return find_layer(r, LAYER_PAYLOAD);
	case NFLUA_RECORD_DATA:
		r->base = r->p->at;
		r->len = r->p->len - r->base;
		return r->len >= 0;
	case NFLUA_RECORD_TRANSPORT:
		return find_layer(r, LAYER_TRANSPORT);
	case NFLUA_RECORD_LINK:
		return find_layer(r, LAYER_LINK);
	case NFLUA_RECORD_FRAME:
		if (!find_layer(r, LAYER_LINK))
			return false;
		r->len = -r->base;
		return true;
	default:
		return find_layer(r, LAYER_NETWORK);
	}
}

/*
 * The part that argument 1 is, and for a packet argument @arg, a layer that
 * need not be given. Returns false if there is no such layer here.
 */
static bool check_range(lua_State *L, struct data_range *r, int arg)
{
	unsigned int record;

	r->p = nflua_packet_check(L, &record);
	if (record == NFLUA_RECORD_PACKET)
		return find_layer(r, luaL_checkoption(L, arg, "network", layers));
	if (!lua_isnoneornil(L, arg))
		luaL_argerror(L, arg, "a payload has no layers");
	if (!nflua_record_is_data(record))
		luaL_typeerror(L, 1, "packet");
	return find_range(r, record);
}

/**
 * nflua_data_offset() - where a packet, a header or a view of data begins
 * @p: the packet, parsed
 * @record: what nflua_packet_check() told last
 * @off: gets it, bytes from the network header
 *
 * Return: false if the packet has no such layer
 */
bool nflua_data_offset(struct nflua_packet *p, unsigned int record, s64 *off)
{
	struct data_range r = { .p = p };

	if (!nflua_record_is_data(record)) {
		*off = nflua_layer_offset(p, record);
		return *off != NFLUA_NOWHERE;
	}
	if (!find_range(&r, record))
		return false;
	*off = r.base;
	return true;
}

/* Argument 2 of what reads and writes numbers. */
static lua_Integer check_offset(lua_State *L)
{
	lua_Integer off = luaL_checkinteger(L, 2);

	luaL_argcheck(L, off >= 0, 2, "offset is negative");
	return off;
}

/* A signed number of @bytes is negative if its first bit is set. */
static s64 extend(u64 v, u32 bytes)
{
	const u32 unused = 64 - 8 * bytes;

	return (s64)(v << unused) >> unused;
}

static __always_inline int read_int(lua_State *L, u32 bytes, bool is_signed)
{
	const lua_Integer off = check_offset(L);
	const void *data = NULL;
	struct data_range r;
	u64 buf, v;

	if (!check_range(L, &r, 3))
		return no_layer(L);
	if (off <= r.len - bytes)
		data = nflua_packet_bytes(r.p, r.base + off, bytes, &buf);
	if (!data)
		return too_far(L);
	switch (bytes) {
	case 1:
		v = *(const u8 *)data;
		break;
	case 2:
		v = get_unaligned_be16(data);
		break;
	case 4:
		v = get_unaligned_be32(data);
		break;
	default:
		v = get_unaligned_be64(data);
		break;
	}
	lua_pushinteger(L, is_signed ? extend(v, bytes) : v);
	return 1;
}

static __always_inline int write_int(lua_State *L, u32 bytes, bool is_signed)
{
	const lua_Integer off = check_offset(L);
	const lua_Integer v = luaL_checkinteger(L, 3);
	struct data_range r;
	u8 *to;
	int err;

	if (bytes < 8)
		luaL_argcheck(L, v == (is_signed ? extend(v, bytes) :
				       v & ((1LL << (8 * bytes % 64)) - 1)),
			      3, "number has too many bits");
	if (!check_range(L, &r, 4))
		return no_layer(L);
	if (off > r.len - bytes)
		return too_far(L);
	err = nflua_skb_writable(L, r.p, r.base + off, bytes);
	if (err)
		return nflua_skb_failure(L, err);
	to = (u8 *)r.p->data + r.base + off;
	switch (bytes) {
	case 1:
		*to = v;
		break;
	case 2:
		put_unaligned_be16(v, to);
		break;
	case 4:
		put_unaligned_be32(v, to);
		break;
	default:
		put_unaligned_be64(v, to);
		break;
	}
	nflua_skb_written(r.p, r.base + off, bytes);
	lua_pushboolean(L, true);
	return 1;
}

/*
 * pkt:u8(off [, layer]) and the like: big-endian number at off, counted from 0
 * at the network header, or at @layer: "link", "network", "transport",
 * "payload". nil, message, ERANGE if the packet has no such byte or layer.
 *
 * pkt:set_u8(off, number [, layer]) and the like: write it there. No checksum
 * follows. true, or nil, message, errno.
 */
#define NUMBER(_name, _bytes, _is_signed)				\
static int packet_##_name(lua_State *L)					\
{									\
	return read_int(L, _bytes, _is_signed);				\
}									\
									\
static int packet_set_##_name(lua_State *L)				\
{									\
	return write_int(L, _bytes, _is_signed);			\
}

NUMBER(u8, 1, false)
NUMBER(u16, 2, false)
NUMBER(u32, 4, false)
NUMBER(u64, 8, false)
NUMBER(i8, 1, true)
NUMBER(i16, 2, true)
NUMBER(i32, 4, true)
NUMBER(i64, 8, true)

/**
 * nflua_packet_length() - #pkt, pkt:length(), #pkt.payload
 * @L: the running thread, argument 1 a packet or a view of data
 *
 * Return: 1, with the number of bytes from the network header, or from where
 * the view begins, to the end
 */
int nflua_packet_length(lua_State *L)
{
	unsigned int record;
	struct data_range r;

	nflua_packet_check(L, &record);
	if (!nflua_record_is_data(record))
		luaL_error(L, "%s has no length", nflua_header(record)->name);
	lua_settop(L, 1);
	/* A layer that was there may be there no more. */
	lua_pushinteger(L, check_range(L, &r, 2) ? r.len : 0);
	return 1;
}

/*
 * pkt:unpack(fmt [, pos [, layer]]): string.unpack over the packet, big-endian
 * unless fmt says otherwise; pos counts from 1.
 */
static int packet_unpack(lua_State *L)
{
	const char *fmt = luaL_checkstring(L, 2);
	const lua_Integer pos = luaL_optinteger(L, 3, 1);
	struct data_range r;

	if (!check_range(L, &r, 4))
		return no_layer(L);
	return nflua_unpack(L, r.p, r.base, r.len, fmt, pos);
}

/*
 * pkt:pack(fmt, pos, ...): string.pack into the packet, which stays as long as it
 * is. Answers the position behind.
 */
static int packet_pack(lua_State *L)
{
	const char *fmt = luaL_checkstring(L, 2);
	const lua_Integer pos = luaL_checkinteger(L, 3);
	struct data_range r;

	/* no argument of it is a layer */
	if (!check_range(L, &r, lua_gettop(L) + 1))
		return no_layer(L);
	return nflua_pack(L, r.p, r.base, r.len, fmt, pos, 4);
}

/* Position from 1 as an offset; negative counts from the end. */
static s64 to_offset(lua_Integer pos, s64 len)
{
	if (pos < 0)
		pos = pos < -len ? 0 : len + pos + 1;
	return pos < 1 || pos > len + 1 ? -1 : pos - 1;
}

/* data:string([pos [, len]]): bytes as a string; all of them from pos on */
static int packet_string(lua_State *L)
{
	const lua_Integer pos = luaL_optinteger(L, 2, 1);
	lua_Integer len = luaL_optinteger(L, 3, -1);
	struct data_range r;
	s64 off;

	luaL_argcheck(L, len >= 0 || lua_isnoneornil(L, 3), 3,
		      "number is negative");
	if (!check_range(L, &r, 4))
		return no_layer(L);
	off = to_offset(pos, r.len);
	if (len < 0)
		len = r.len - off;
	if (off < 0 || len > r.len - off)
		return too_far(L);
	nflua_push_bytes(L, r.p, r.base + off, len);
	return 1;
}

/* Are these bytes in the packet at @off? */
static bool is_at(const struct nflua_packet *p, s64 off, const char *bytes,
		  u32 len)
{
	const void *data;
	u8 buf[64];
	u32 n;

	for (; len; off += n, bytes += n, len -= n) {
		n = min_t(u32, len, sizeof(buf));
		data = nflua_packet_bytes(p, off, n, buf);
		if (!data || memcmp(data, bytes, n))
			return false;
	}
	return true;
}

#define NOWHERE	S64_MIN

/* Offset of @bytes, from @off on and before @end, or NOWHERE. */
static s64 find_bytes(lua_State *L, const struct nflua_packet *p, s64 off,
		      s64 end, const char *bytes, u32 len)
{
	const s64 last = end - len;
	const u8 *data, *at;
	u8 buf[64];
	u32 n;

	if (!len)
		return off;
	while (off <= last) {
		/* As much as is looked through at a time, for time may be up. */
		n = min_t(s64, off >= 0 && off < p->linear ?
			       min_t(s64, p->linear - off, 1024) : sizeof(buf),
			  last - off + 1);
		lua_burn(L, 1 + n / 64);
		data = nflua_packet_bytes(p, off, n, buf);
		at = data ? memchr(data, *bytes, n) : NULL;
		if (!at) {
			off += n;
			continue;
		}
		off += at - data;
		lua_burn(L, 1 + len / 256);
		if (is_at(p, off, bytes, len))
			return off;
		off++;
	}
	return NOWHERE;
}

/*
 * pkt:find(plain [, pos [, layer]]): position of the first place from pos on
 * where these bytes are, and of their last; nil if they are nowhere
 */
static int packet_find(lua_State *L)
{
	const lua_Integer pos = luaL_optinteger(L, 3, 1);
	struct data_range r;
	const char *s;
	size_t len;
	s64 off;

	s = luaL_checklstring(L, 2, &len);
	if (!check_range(L, &r, 4))
		return no_layer(L);
	off = to_offset(pos, r.len);
	if (off < 0 || len > r.len - off) {
		lua_pushnil(L);
		return 1;
	}
	off = find_bytes(L, r.p, r.base + off, r.base + r.len, s, len);
	if (off == NOWHERE) {
		lua_pushnil(L);
		return 1;
	}
	off -= r.base;
	lua_pushinteger(L, off + 1);
	lua_pushinteger(L, off + len);
	return 2;
}

/* what a packet and the views of its data have in common */
const struct nflua_field nflua_data_fields[] = {
	NFLUA_METHOD("length", nflua_packet_length),
	NFLUA_METHOD("u8", packet_u8),
	NFLUA_METHOD("u16", packet_u16),
	NFLUA_METHOD("u32", packet_u32),
	NFLUA_METHOD("u64", packet_u64),
	NFLUA_METHOD("i8", packet_i8),
	NFLUA_METHOD("i16", packet_i16),
	NFLUA_METHOD("i32", packet_i32),
	NFLUA_METHOD("i64", packet_i64),
	NFLUA_METHOD("unpack", packet_unpack),
	NFLUA_METHOD("string", packet_string),
	NFLUA_METHOD("find", packet_find),
	NFLUA_METHOD("set_u8", packet_set_u8),
	NFLUA_METHOD("set_u16", packet_set_u16),
	NFLUA_METHOD("set_u32", packet_set_u32),
	NFLUA_METHOD("set_u64", packet_set_u64),
	NFLUA_METHOD("set_i8", packet_set_i8),
	NFLUA_METHOD("set_i16", packet_set_i16),
	NFLUA_METHOD("set_i32", packet_set_i32),
	NFLUA_METHOD("set_i64", packet_set_i64),
	NFLUA_METHOD("pack", packet_pack),
};
const unsigned int nflua_data_nfields = ARRAY_SIZE(nflua_data_fields);

static int push_view(lua_State *L, const struct data_range *r, unsigned int record)
{
	lua_pushlightuserdata(L, nflua_light_view(r->p->seq, record));
	return 1;
}

/* pkt:data([layer]): a view whose offset 0 is that layer; nil if it has none */
static int packet_data(lua_State *L)
{
	static const u8 records[] = {
		NFLUA_RECORD_NETWORK, NFLUA_RECORD_LINK,
		NFLUA_RECORD_TRANSPORT, NFLUA_RECORD_PAYLOAD,
	};
	const int layer = luaL_checkoption(L, 2, "network", layers);
	struct data_range r = { .p = nflua_packet_check_whole(L) };

	if (find_layer(&r, layer))
		return push_view(L, &r, records[layer]);
	lua_pushnil(L);
	return 1;
}

/* pkt:frame(): a view of the link-layer header; nil where there is none */
static int packet_frame(lua_State *L)
{
	struct data_range r = { .p = nflua_packet_check_whole(L) };

	if (find_layer(&r, LAYER_LINK))
		return push_view(L, &r, NFLUA_RECORD_FRAME);
	lua_pushnil(L);
	return 1;
}

/* what makes views of a packet's data */
const struct nflua_field nflua_view_fields[] = {
	NFLUA_METHOD("data", packet_data),
	NFLUA_METHOD("frame", packet_frame),
};
const unsigned int nflua_view_nfields = ARRAY_SIZE(nflua_view_fields);
