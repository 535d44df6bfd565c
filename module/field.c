// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing to a packet by name. The skb is made writable then, and no sooner: as
 * far as the end of the header, and of the checksum that follows.
 *
 * All functions here run in a callback: bottom halves off, in an RCU read
 * section, and inside lua_pcall(), so that they may raise.
 */
#include <linux/hex.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/checksum.h>
#include <net/dst.h>
#include <linux/unaligned.h>
#include "address.h"
#include "conntrack.h"
#include "entry.h"
#include "header.h"
#include "held.h"
#include "packet.h"
#include "protocol.h"
#include "skb.h"
#include "state.h"
#include "lua/kernel/lua_internal.h"

/**
 * nflua_field_uint() - the number that a field is to become
 * @L: the running thread
 * @record: name of what it is a field of
 * @field: its name
 * @bits: how many it has
 * @val: the value
 *
 * Return: the number; raises if @val is none, or has too many bits
 */
u32 nflua_field_uint(lua_State *L, const char *record, const char *field,
		     unsigned int bits, const TValue *val)
{
	if (!ttisinteger(val))
		nflua_raise(L, "%s.%s is a number, not a %s", record, field,
			    luaT_objtypename(L, val));
	if ((u64)ivalue(val) >> bits)
		nflua_raise(L, "%s.%s is %I, but has %d bits", record, field,
			    ivalue(val), bits);
	return ivalue(val);
}

/**
 * nflua_field_bool() - the truth value that a field is to become
 * @L: the running thread
 * @record: name of what it is a field of
 * @field: its name
 * @val: the value
 *
 * Return: the truth value; raises if @val is none
 */
bool nflua_field_bool(lua_State *L, const char *record, const char *field,
		      const TValue *val)
{
	if (!ttisboolean(val))
		nflua_raise(L, "%s.%s is true or false, not a %s", record,
			    field, luaT_objtypename(L, val));
	return !l_isfalse(val);
}

/**
 * nflua_field_writable() - make a packet writable before it is written
 * @L: the running thread
 * @p: the packet, parsed
 * @end: as far as that, bytes from the network header
 *
 * Raises for want of memory, and then nothing is changed.
 */
void nflua_field_writable(lua_State *L, struct nflua_packet *p, s64 end)
{
	int err;

	if (unlikely(skb_shared(p->skb)))
		nflua_raise(L, "the packet is shared, and cannot be changed");
	/* The frame's header is before skb->data, and goes along. */
	err = skb_ensure_writable(p->skb, max_t(s64, p->noff + end, 0));
	/* It may have moved without all of it being there. */
	nflua_packet_refresh(p);
	if (err)
		luaM_error(L);
}

/* The sum of a few bytes, which most fields are. */
static __always_inline __wsum sum_of(const u8 *at, u32 len)
{
	switch (len) {
	case 2:
		return (__force __wsum)get_unaligned((const u16 *)at);
	case 4:
		return (__force __wsum)get_unaligned((const u32 *)at);
	default:
		return csum_partial(at, len, 0);
	}
}

/**
 * nflua_field_put() - write bytes of a header
 * @L: the running thread
 * @p: the packet, parsed
 * @record: the header, which the packet has
 * @offset: where, bytes from the header's begin
 * @bytes: what, in network order; not inside the packet
 * @len: how many
 * @flags: of the field: whether and which checksums follow
 *
 * Raises for want of memory, and then nothing is changed.
 */
void nflua_field_put(lua_State *L, struct nflua_packet *p, unsigned int record,
		     u32 offset, const void *bytes, u32 len, u8 flags)
{
	const struct nflua_header *h = nflua_header(record);
	const s64 base = nflua_layer_offset(p, record);
	/* Internet checksums are over words; all headers begin with one. */
	const u32 from = round_down(offset, 2);
	const u32 words = round_up(offset + len, 2) - from;
	s64 end = max_t(s64, base + from + words, base + h->size);
	const u8 *at;
	__wsum diff;

	/* A CRC is over the whole packet; a chain of headers may be as long. */
	if (h->sum == NFLUA_SUM_CRC ||
	    (p->pf == NFPROTO_IPV6 && flags & NFLUA_FIELD_DST))
		lua_burn(L, p->len >> 6);
	end = max(end, nflua_checksum_end(p, h->sum, flags));
	if (flags & NFLUA_FIELD_ROUTE)
		nflua_route_keep(nflua_state(L), p);
	nflua_field_writable(L, p, end);
	at = p->data + base + from;
	diff = sum_of(at, words);
	nflua_checksum_store(p, base + offset, bytes, len);
	diff = csum_sub(sum_of(at, words), diff);
	nflua_checksum_follow(p, h->sum, flags, diff);
	if (flags & NFLUA_FIELD_DST)
		nflua_skb_forget_route(p, base + offset, len);
}

/* Some bits of a window of one, two or four bytes. */
static void write_bits(lua_State *L, struct nflua_packet *p,
		       unsigned int record, const struct nflua_field *f,
		       u32 bits)
{
	const s64 base = nflua_layer_offset(p, record);
	const void *data = NULL;
	u8 window[4];
	u32 tmp, v;

	if (base != NFLUA_NOWHERE)
		data = nflua_packet_bytes(p, base + f->offset, f->bytes, &tmp);
	if (!data)
		nflua_raise(L, "the packet has no %s.%s any more",
			    nflua_header(record)->name, f->name);
	v = nflua_field_window(f, data);
	v = (v & ~(f->mask << f->shift)) | bits << f->shift;
	put_unaligned_be32(v << (32 - 8 * f->bytes), window);
	nflua_field_put(L, p, record, f->offset, window, f->bytes, f->flags);
}

static void write_bytes(lua_State *L, struct nflua_packet *p,
			unsigned int record, const struct nflua_field *f,
			const void *bytes)
{
	const s64 base = nflua_layer_offset(p, record);
	u8 tmp[16];

	if (base == NFLUA_NOWHERE ||
	    !nflua_packet_bytes(p, base + f->offset, f->bytes, tmp))
		nflua_raise(L, "the packet has no %s.%s any more",
			    nflua_header(record)->name, f->name);
	nflua_field_put(L, p, record, f->offset, bytes, f->bytes, f->flags);
}

static void write_ip4(lua_State *L, struct nflua_packet *p,
		      unsigned int record, const struct nflua_field *f,
		      const TValue *val)
{
	const u64 v = ttislightuserdata(val) ? (uintptr_t)pvalue(val) : 0;
	u8 bytes[4];

	if (!nflua_light_is_address4(v) || (u8)v != 32)
		nflua_raise(L, "%s.%s is an IPv4 address, as luapacket.ip makes it",
			    nflua_header(record)->name, f->name);
	put_unaligned_be32(v >> 8, bytes);
	write_bytes(L, p, record, f, bytes);
}

static void write_ip6(lua_State *L, struct nflua_packet *p,
		      unsigned int record, const struct nflua_field *f,
		      const TValue *val)
{
	const u8 *bytes = nflua_address6_bytes(L, val);

	if (!bytes || bytes[16] != 128)
		nflua_raise(L, "%s.%s is an IPv6 address, as luapacket.ip makes it",
			    nflua_header(record)->name, f->name);
	write_bytes(L, p, record, f, bytes);
}

static void write_mac(lua_State *L, struct nflua_packet *p,
		      unsigned int record, const struct nflua_field *f,
		      const TValue *val)
{
	const struct nflua_header *h = nflua_header(record);
	u8 bytes[ETH_ALEN];
	const char *text;

	if (!ttisstring(val))
		nflua_raise(L, "%s.%s is a string like 'aa:bb:cc:dd:ee:ff', not a %s",
			    h->name, f->name, luaT_objtypename(L, val));
	text = getstr(tsvalue(val));
	if (tsslen(tsvalue(val)) != 3 * ETH_ALEN - 1 || !mac_pton(text, bytes))
		nflua_raise(L, "%s.%s is a string like 'aa:bb:cc:dd:ee:ff', not '%s'",
			    h->name, f->name, text);
	write_bytes(L, p, record, f, bytes);
}

/**
 * nflua_field_to_set() - the field that a key names, which can be written
 * @L: the running thread
 * @record: of the view
 * @key: the key
 *
 * Raises if there is none.
 *
 * Return: the field
 */
const struct nflua_field *nflua_field_to_set(lua_State *L, unsigned int record,
					     const TValue *key)
{
	const struct nflua_field *f = NULL;
	const TValue *slot;

	slot = ttisshrstring(key) ?
	       luaH_getshortstr(nflua_state(L)->records[record],
				tsvalue(key)) : NULL;
	if (!slot || isempty(slot))
		nflua_packet_no_field(L, record, key);
	else if (ttislightuserdata(slot))
		f = pvalue(slot);
	if (!f || !(f->flags & NFLUA_FIELD_WRITABLE))
		nflua_raise(L, "%s.%s cannot be set",
			    nflua_header(record)->name,
			    getstr(tsvalue(key)));
	return f;
}

/**
 * nflua_packet_newindex() - do view[key] = val
 * @L: the running thread
 * @light: the view, a light userdata
 * @key: the key
 * @val: the value
 *
 * Called by the interpreter itself in place of a __newindex metamethod. Raises
 * for a stale view, for what is no field that can be written, for a value that
 * does not fit, and in a match.
 */
void nflua_packet_newindex(lua_State *L, const TValue *light, TValue *key,
			   TValue *val)
{
	struct nflua_state *st = nflua_state(L);
	const u64 v = (uintptr_t)pvalue(light);
	const unsigned int record = v & NFLUA_LIGHT_RECORD_MASK;
	const struct nflua_header *h;
	const struct nflua_field *f;
	const char *name;
	struct nflua_packet *p;

	if (nflua_light_is_object(v))
		nflua_raise(L, "a map has no fields to set (use its method set)");
	if (v & NFLUA_LIGHT_PREFIX)
		nflua_raise(L, "an address has no fields to set");
	if (nflua_light_is_data(v)) {
		nflua_protocol_newindex(L, v, key, val);
		return;
	}
	if (nflua_record_is_ct(record)) {
		nflua_ct_newindex(L, v, key, val);
		return;
	}
	p = nflua_packet_find(st, v >> NFLUA_LIGHT_RECORD_BITS);
	if (!p)
		nflua_raise(L, "%s", nflua_held_stale(st, v >> NFLUA_LIGHT_RECORD_BITS));
	f = nflua_field_to_set(L, record, key);
	if (p->role == NFLUA_ROLE_MATCH)
		nflua_raise(L, "a match may not change its packet");
	nflua_packet_need(p);
	h = nflua_header(record);
	name = h->name;
	/* The view may be older than what became of the packet. */
	if (!nflua_header_belongs(h, p) ||
	    (record < NFLUA_RECORD_PAYLOAD &&
	     nflua_record_offset(p, record) + h->size > p->len))
		nflua_raise(L, "the packet has no %s any more", name);
	switch (f->kind) {
	case NFLUA_FIELD_UINT:
	case NFLUA_FIELD_FAR:
		write_bits(L, p, record, f,
			   nflua_field_uint(L, name, f->name, fls(f->mask),
					    val));
		break;
	case NFLUA_FIELD_BOOL:
		write_bits(L, p, record, f,
			   nflua_field_bool(L, name, f->name, val));
		break;
	case NFLUA_FIELD_IP4:
		write_ip4(L, p, record, f, val);
		break;
	case NFLUA_FIELD_IP6:
		write_ip6(L, p, record, f, val);
		break;
	case NFLUA_FIELD_MAC:
		write_mac(L, p, record, f, val);
		break;
	case NFLUA_FIELD_GET:
		f->set(L, p, val);
		break;
	}
	if (record == NFLUA_RECORD_ETH)
		p->l2_written = true;
}
