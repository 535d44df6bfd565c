// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views of headers that a script declared with luapacket.protocol, and of what
 * follows them. Nothing is kept for a view: its 64 bits say where it is (see
 * packet.h).
 *
 * All functions here run in a callback: bottom halves off, in an RCU read
 * section, and inside lua_pcall(), so that they may raise.
 */
#include <linux/hex.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/kernel.h>
#include <net/checksum.h>
#include <net/gre.h>
#include <linux/unaligned.h>
#include "address.h"
#include "entry.h"
#include "header.h"
#include "held.h"
#include "packet.h"
#include "protocol.h"
#include "skb.h"
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
	nflua_raise(L, "%s has no field '%s' (it has:%s%s%s)",
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
		nflua_raise(L, "%s", nflua_held_stale(st, nflua_light_data_seq(v, st->seq)));
	nflua_packet_need(p);
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

/* What a number or a truth value becomes; raises for what does not fit. */
static u64 to_bits(lua_State *L, const struct nflua_protocol *protocol,
		   const char *name, const struct nflua_protocol_field *f,
		   const TValue *val)
{
	if (f->kind == NFLUA_PROTOCOL_BOOL)
		return nflua_field_bool(L, protocol->name, name, val);
	if (!ttisinteger(val))
		nflua_raise(L, "%s.%s is a number, not a %s", protocol->name,
			    name, luaT_objtypename(L, val));
	if (f->width < 64 && (u64)ivalue(val) >> f->width)
		nflua_raise(L, "%s.%s is %I, but has %d bits", protocol->name,
			    name, ivalue(val), (int)f->width);
	return ivalue(val);
}

/* Puts a number into bytes whose other bits stay. */
static void put_bits(u8 *data, const struct nflua_protocol_field *f, u64 v)
{
	u64 mask = ~0ULL >> (64 - f->width);
	unsigned int i = f->bytes - 1, shift = f->shift;

	data[i] = (data[i] & ~(mask << shift)) | v << shift;
	for (v >>= 8 - shift, mask >>= 8 - shift; i--; v >>= 8, mask >>= 8)
		data[i] = (data[i] & ~mask) | (v & mask);
}

/* The bytes that a field becomes, in @buf or where they are. */
static const void *to_bytes(lua_State *L, const struct nflua_protocol *protocol,
			    const char *name,
			    const struct nflua_protocol_field *f,
			    const TValue *val, u8 *buf)
{
	const char *text;
	const u8 *ip6;
	unsigned int i;
	u64 v;

	switch (f->kind) {
	case NFLUA_PROTOCOL_LE:
		v = to_bits(L, protocol, name, f, val);
		for (i = 0; i < f->bytes; i++, v >>= 8)
			buf[i] = v;
		return buf;
	case NFLUA_PROTOCOL_IP4:
		v = ttislightuserdata(val) ? (uintptr_t)pvalue(val) : 0;
		if (!nflua_light_is_address4(v) || (u8)v != 32)
			nflua_raise(L, "%s.%s is an IPv4 address, as luapacket.ip makes it",
				    protocol->name, name);
		put_unaligned_be32(v >> 8, buf);
		return buf;
	case NFLUA_PROTOCOL_IP6:
		ip6 = nflua_address6_bytes(L, val);
		if (!ip6 || ip6[16] != 128)
			nflua_raise(L, "%s.%s is an IPv6 address, as luapacket.ip makes it",
				    protocol->name, name);
		return ip6;
	case NFLUA_PROTOCOL_MAC:
		text = ttisstring(val) ? getstr(tsvalue(val)) : "";
		if (strnlen(text, 3 * ETH_ALEN) != 3 * ETH_ALEN - 1 ||
		    !mac_pton(text, buf))
			nflua_raise(L, "%s.%s is a string like 'aa:bb:cc:dd:ee:ff'",
				    protocol->name, name);
		return buf;
	default:
		if (!ttisstring(val) || tsslen(tsvalue(val)) != f->bytes)
			nflua_raise(L, "%s.%s is a string of %d bytes",
				    protocol->name, name, (int)f->bytes);
		return getstr(tsvalue(val));
	}
}

/*
 * Writes bytes. Where the transport has them, its checksum follows, unless it
 * is itself among them; no other does.
 */
static void put(lua_State *L, struct nflua_packet *p, s64 off,
		const void *bytes, u32 len)
{
	u8 sum = NFLUA_SUM_NONE;
	s64 from = off, end = 0;
	const u8 *at;
	__wsum diff;
	u32 n;

	if (p->l4proto >= 0 && off >= p->l4off) {
		const bool crc = p->l4proto == IPPROTO_SCTP;

		sum = crc ? NFLUA_SUM_CRC : NFLUA_SUM_TRANSPORT;
		/* GRE's flags say whether there is one, and where. */
		if (p->l4proto == IPPROTO_GRE &&
		    off < p->l4off + (s64)sizeof(struct gre_base_hdr))
			sum = NFLUA_SUM_NONE;
		if (crc || p->pf == NFPROTO_IPV6)
			lua_burn(L, p->len >> 6);
		if (nflua_checksum_is_inner(p, off))
			sum = NFLUA_SUM_NONE;
		end = nflua_checksum_end(p, sum, 0);
		if (off < end && off + len > end - (crc ? 4 : 2))
			sum = NFLUA_SUM_NONE;
		/* Sums are over words, counted from the transport header. */
		from -= (off - p->l4off) % 2;
	}
	n = min_t(s64, round_up(off + len - from, 2), p->len - from);
	nflua_route_keep(nflua_state(L), p);
	nflua_field_writable(L, p, max(from + n, end));
	at = p->data + from;
	diff = csum_partial(at, n, 0);
	nflua_checksum_store(p, off, bytes, len);
	diff = csum_sub(csum_partial(at, n, 0), diff);
	nflua_checksum_follow(p, sum, 0, diff);
	nflua_skb_written(p, off, len);
}

/**
 * nflua_protocol_newindex() - do view[key] = val for a view of data
 * @L: the running thread
 * @v: the view
 * @key: the key
 * @val: the value
 *
 * Raises for a stale view, for what is no field, for a value that does not fit,
 * in a match, and if the packet does not have the field's bytes any more.
 */
void nflua_protocol_newindex(lua_State *L, u64 v, const TValue *key,
			     const TValue *val)
{
	const struct nflua_protocol *protocol = data_protocol(L, v);
	struct nflua_packet *p = data_packet(L, v);
	const struct nflua_protocol_field *f = NULL;
	const TValue *slot = NULL;
	const void *bytes;
	const char *name;
	u8 buf[16];
	s64 off;

	if (protocol && ttisshrstring(key))
		slot = luaH_getshortstr(protocol->names, tsvalue(key));
	if (!slot || isempty(slot))
		no_field(L, protocol, key);
	else
		f = pvalue(slot);
	name = getstr(tsvalue(key));
	if (!f || f->kind == NFLUA_PROTOCOL_PAYLOAD)
		nflua_raise(L, "%s.%s cannot be set", protocol->name, name);
	if (p->role == NFLUA_ROLE_MATCH)
		nflua_raise(L, "a match may not change its packet");
	off = nflua_light_data_offset(v) + f->offset;
	if (f->kind == NFLUA_PROTOCOL_UINT || f->kind == NFLUA_PROTOCOL_BOOL) {
		const u64 bits = to_bits(L, protocol, name, f, val);

		bytes = nflua_packet_bytes(p, off, f->bytes, buf);
		if (bytes && bytes != buf)
			memcpy(buf, bytes, f->bytes);
		if (bytes)
			put_bits(buf, f, bits);
		if (bytes)
			bytes = buf;
	} else {
		bytes = to_bytes(L, protocol, name, f, val, buf);
	}
	if (!bytes || off + f->bytes > p->len ||
	    off + p->noff < -(s64)skb_headroom(p->skb))
		nflua_raise(L, "the packet has no %s.%s any more",
			    protocol->name, name);
	put(L, p, off, bytes, f->bytes);
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
