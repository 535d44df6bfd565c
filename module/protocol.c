// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views of headers that a script declared with luapacket.protocol, and of what
 * follows them. Nothing is kept for a view: its 64 bits say where it is (see
 * packet.h).
 *
 * All functions here run in a callback: bottom halves off, in an RCU read
 * section, and inside lua_pcall(), so that they may raise.
 */
#include <linux/etherdevice.h>
#include <linux/kernel.h>
#include <linux/unaligned.h>
#include "address.h"
#include "header.h"
#include "held.h"
#include "packet.h"
#include "protocol.h"
#include "state.h"
#include "lua/kernel/lua_internal.h"

/**
 * nflua_protocol_call() - protocol(data [, offset])
 * @L: the running thread; argument 1 is the protocol, then the packet or any
 *	view of it, or nil, and the offset in there
 *
 * Return: 1 result, a view of the header there; nil if not all of its bytes
 * are in the packet
 */
int nflua_protocol_call(lua_State *L)
{
	const struct nflua_protocol *protocol = lua_touserdata(L, 1);
	struct nflua_packet *p;
	unsigned int record;
	lua_Integer offset;
	s64 off;

	/* The state keeps it, and errors count the script's arguments. */
	lua_remove(L, 1);
	luaL_checkany(L, 1);
	offset = luaL_optinteger(L, 2, 0);
	luaL_argcheck(L, offset >= 0, 2, "offset is negative");
	lua_settop(L, 1);
	/* A layer that the packet does not have has no header, either. */
	if (lua_isnil(L, 1))
		return 1;
	if (!lua_isuserdata(L, 1))
		luaL_typeerror(L, 1, "packet");
	p = nflua_packet_check(L, &record);
	if (offset > p->len || !nflua_data_offset(p, record, &off) ||
	    off + offset + protocol->size > p->len) {
		lua_pushnil(L);
		return 1;
	}
	lua_pushlightuserdata(L, nflua_light_data(p->seq, off + offset,
						  protocol->number));
	return 1;
}

static noinline void no_field(lua_State *L, const struct nflua_protocol *protocol,
			      const TValue *key)
{
	char names[128];
	unsigned int i, len = 0;

	names[0] = 0;
	for (i = 0; i < nflua_data_nfields; i++)
		len += scnprintf(names + len, sizeof(names) - len, " %s",
				 nflua_data_fields[i].name);
	luaG_runerror(L, "%s has no field '%s' (it has:%s%s%s)",
		      protocol ? protocol->name : "payload",
		      ttisstring(key) ? getstr(tsvalue(key)) :
					luaT_objtypename(L, key),
		      protocol ? protocol->list : "",
		      protocol ? " payload" : "", names);
}

/* A number of up to 64 bits, which may begin and end within a byte. */
static u64 get_bits(const u8 *data, const struct nflua_protocol_field *f)
{
	unsigned int i, n = min_t(unsigned int, f->bytes, 8);
	u64 v = 0;

	for (i = 0; i < n; i++)
		v = v << 8 | data[i];
	if (f->bytes > 8)
		v = v << (8 - f->shift) | data[8] >> f->shift;
	else
		v >>= f->shift;
	return v & (~0ULL >> (64 - f->width));
}

static u64 get_little_endian(const u8 *data, unsigned int bytes)
{
	u64 v = 0;

	while (bytes--)
		v = v << 8 | data[bytes];
	return v;
}

/* No luaL_Buffer: it would use the frame of the function that reads. */
static void get_bytes(lua_State *L, const struct nflua_packet *p, s64 off,
		      u32 len, StkId val)
{
	ptrdiff_t at = savestack(L, val);
	u8 buf[LUAI_MAXSHORTLEN];
	const void *data;
	TString *ts;

	if (len <= LUAI_MAXSHORTLEN) {
		data = nflua_packet_bytes(p, off, len, buf);
		if (!data)
			return;
		ts = luaS_newlstr(L, data, len);
	} else {
		ts = luaS_createlngstrobj(L, len);
		data = nflua_packet_bytes(p, off, len, getlngstr(ts));
		if (!data)
			return;
		if (data != getlngstr(ts))
			memcpy(getlngstr(ts), data, len);
	}
	val = restorestack(L, at);
	setsvalue2s(L, val, ts);
}

static void get_mac(lua_State *L, const u8 *data, StkId val)
{
	char buf[sizeof("ff:ff:ff:ff:ff:ff")];
	ptrdiff_t at = savestack(L, val);
	TString *ts;

	scnprintf(buf, sizeof(buf), "%pM", data);
	ts = luaS_new(L, buf);
	val = restorestack(L, at);
	setsvalue2s(L, val, ts);
}

/* A field; nil if the packet was cut since the view was made. */
static void get_field(lua_State *L, const struct nflua_packet *p, s64 off,
		      const struct nflua_protocol_field *f, StkId val)
{
	const u8 *data;
	u8 buf[16];

	setnilvalue(s2v(val));
	off += f->offset;
	if (f->kind == NFLUA_PROTOCOL_STRING) {
		get_bytes(L, p, off, f->bytes, val);
		return;
	}
	data = nflua_packet_bytes(p, off, f->bytes, buf);
	if (unlikely(!data))
		return;
	switch (f->kind) {
	case NFLUA_PROTOCOL_UINT:
		setivalue(s2v(val), get_bits(data, f));
		break;
	case NFLUA_PROTOCOL_LE:
		setivalue(s2v(val), get_little_endian(data, f->bytes));
		break;
	case NFLUA_PROTOCOL_BOOL:
		setbfvalue(s2v(val));
		if (get_bits(data, f))
			setbtvalue(s2v(val));
		break;
	case NFLUA_PROTOCOL_IP4:
		setpvalue(s2v(val),
			  nflua_address4(get_unaligned_be32(data), 32));
		break;
	case NFLUA_PROTOCOL_IP6:
		nflua_address6_set(L, val, data);
		break;
	case NFLUA_PROTOCOL_MAC:
		get_mac(L, data, val);
		break;
	}
}

/* The packet that a view of data is of; raises if it is gone. */
static struct nflua_packet *data_packet(lua_State *L, u64 v)
{
	struct nflua_state *st = nflua_state(L);
	struct nflua_packet *p;

	p = nflua_packet_find(st, nflua_light_data_seq(v, st->seq));
	if (!p)
		luaG_runerror(L, "%s", nflua_held_stale(st, nflua_light_data_seq(v, st->seq)));
	if (unlikely(!p->parsed))
		nflua_packet_parse(p);
	return p;
}

static const struct nflua_protocol *data_protocol(lua_State *L, u64 v)
{
	unsigned int number = nflua_light_data_protocol(v);

	return number ? nflua_state(L)->protocols[number - 1] : NULL;
}

/**
 * nflua_protocol_index() - answer view[key] for a view of data
 * @L: the running thread
 * @v: the view
 * @key: the key
 * @val: where the answer goes, on the stack of @L
 *
 * Names of the protocol's fields go before those of methods.
 */
void nflua_protocol_index(lua_State *L, u64 v, TValue *key, StkId val)
{
	const struct nflua_protocol *protocol = data_protocol(L, v);
	const struct nflua_packet *p = data_packet(L, v);
	const struct nflua_protocol_field *f;
	s64 off = nflua_light_data_offset(v);
	const TValue *slot = NULL;

	if (protocol && ttisshrstring(key))
		slot = luaH_getshortstr(protocol->names, tsvalue(key));
	if (slot && !isempty(slot)) {
		f = pvalue(slot);
		if (f->kind != NFLUA_PROTOCOL_PAYLOAD)
			get_field(L, p, off, f, val);
		else
			setpvalue(s2v(val),
				  nflua_light_data(p->seq, off + protocol->size, 0));
		return;
	}
	if (ttisshrstring(key))
		slot = luaH_getshortstr(nflua_state(L)->records[NFLUA_RECORD_PAYLOAD],
					tsvalue(key));
	if (!slot || !ttislcf(slot)) {
		no_field(L, protocol, key);
		return;
	}
	setobj2s(L, val, slot);
}

/**
 * nflua_protocol_length() - #view of a view of data
 * @L: the running thread, argument 1 the view
 *
 * Return: 1, with the size of the protocol's header, or the number of bytes to
 * the packet's end
 */
int nflua_protocol_length(lua_State *L)
{
	u64 v = (uintptr_t)lua_touserdata(L, 1);
	const struct nflua_protocol *protocol = data_protocol(L, v);
	const struct nflua_packet *p = data_packet(L, v);

	lua_pushinteger(L, protocol ? protocol->size :
			max_t(s64, p->len - nflua_light_data_offset(v), 0));
	return 1;
}

/**
 * nflua_protocol_tostring() - tostring(view) of a view of data
 * @L: the running thread, argument 1 the view
 *
 * Return: 1, with the name of its protocol
 */
int nflua_protocol_tostring(lua_State *L)
{
	u64 v = (uintptr_t)lua_touserdata(L, 1);
	const struct nflua_protocol *protocol = data_protocol(L, v);

	data_packet(L, v);
	lua_pushstring(L, protocol ? protocol->name : "payload");
	return 1;
}
