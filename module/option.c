// SPDX-License-Identifier: GPL-2.0-only
/*
 * What headers have behind their fixed part: options of IPv4 and TCP, extension
 * headers of IPv6, the optional fields of GRE.
 *
 * All functions here run in a callback: bottom halves off, in an RCU read
 * section, and inside lua_pcall(), so that they may raise.
 */
#include <linux/if_tunnel.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <net/ipv6.h>
#include <linux/unaligned.h>
#include "header.h"
#include "packet.h"
#include "state.h"
#include "lua/kernel/lua_internal.h"

/* Both protocols have these two, of one byte each. */
#define OPTION_END	0
#define OPTION_NOP	1

static struct nflua_packet *check_header(lua_State *L, unsigned int wanted)
{
	unsigned int record;
	struct nflua_packet *p = nflua_packet_check(L, &record);

	luaL_argexpected(L, record == wanted, 1, nflua_header(wanted)->name);
	return p;
}

static u8 check_number(lua_State *L, int arg)
{
	lua_Integer n = luaL_checkinteger(L, arg);

	luaL_argcheck(L, n >= 0 && n <= U8_MAX, arg, "not from 0 to 255");
	return n;
}

/* The data of an option, or nil; options end where one of them is wrong. */
static int push_option(lua_State *L, const u8 *opt, u32 len, u8 kind)
{
	u32 i = 0, size;

	while (opt && i < len) {
		size = 1;
		if (opt[i] > OPTION_NOP) {
			if (i + 1 >= len || opt[i + 1] < 2 ||
			    opt[i + 1] > len - i)
				break;
			size = opt[i + 1];
		}
		if (opt[i] == kind) {
			lua_pushlstring(L, (const char *)opt + i + 2,
					size > 1 ? size - 2 : 0);
			return 1;
		}
		if (opt[i] == OPTION_END)
			break;
		i += size;
	}
	lua_pushnil(L);
	return 1;
}

/*
 * pkt.ip:option(kind): what an option has behind its kind and its length, as a
 * string; nil if there is none of that kind.
 */
int nflua_option_ip(lua_State *L)
{
	struct nflua_packet *p = check_header(L, NFLUA_RECORD_IP);
	const u8 kind = check_number(L, 2);
	u8 buf[60 - sizeof(struct iphdr)];
	const struct iphdr *ip;
	struct iphdr tmp;
	u32 len = 0;

	ip = nflua_packet_bytes(p, 0, sizeof(tmp), &tmp);
	if (ip && ip->ihl > 5)
		len = ip->ihl * 4 - sizeof(tmp);
	return push_option(L, nflua_packet_bytes(p, sizeof(tmp), len, buf), len,
			   kind);
}

/* pkt.tcp:option(kind): likewise */
int nflua_option_tcp(lua_State *L)
{
	struct nflua_packet *p = check_header(L, NFLUA_RECORD_TCP);
	const u8 kind = check_number(L, 2);
	u8 buf[60 - sizeof(struct tcphdr)];
	const struct tcphdr *tcp;
	struct tcphdr tmp;
	u32 len = 0;

	tcp = nflua_packet_bytes(p, p->l4off, sizeof(tmp), &tmp);
	if (tcp && tcp->doff > 5)
		len = tcp->doff * 4 - sizeof(tmp);
	return push_option(L, nflua_packet_bytes(p, p->l4off + sizeof(tmp), len,
						 buf), len, kind);
}

/*
 * pkt.ip6:header(number): where the first extension header of that number
 * begins, bytes from the network header, or the transport header if the number
 * is its; nil if there is none.
 */
int nflua_option_header(lua_State *L)
{
	struct nflua_packet *p = check_header(L, NFLUA_RECORD_IP6);
	const u8 number = check_number(L, 2);
	u32 off = 0;

	/* A long chain of headers is not for nothing. */
	lua_burn(L, p->len >> 6);
	if (nflua_layer_walk6(p, number, &off) == number && off < p->len)
		lua_pushinteger(L, off);
	else
		lua_pushnil(L);
	return 1;
}

/* Bits of GRE's first word; RFC 1701, RFC 2637 for those of version 1. */
#define GRE_C	0x8000
#define GRE_R	0x4000
#define GRE_K	0x2000
#define GRE_S	0x1000
#define GRE_A	0x0080
#define GRE_V	0x0007

static u16 gre_flags(const struct nflua_packet *p)
{
	const void *data;
	u16 tmp;

	data = nflua_packet_bytes(p, p->l4off, sizeof(tmp), &tmp);
	return data ? get_unaligned_be16(data) : 0;
}

/*
 * Where an optional field of GRE is, bytes from the header's begin; 0 if it is
 * not there. The last one is what follows the header.
 */
static u32 gre_offset(const struct nflua_packet *p, u16 field)
{
	const u16 flags = gre_flags(p);
	u32 off = 4;

	if (field && !(flags & field))
		return 0;
	if (field == GRE_C)
		return off;
	if (flags & (GRE_C | GRE_R))
		off += 4;
	if (field == GRE_K)
		return off;
	if (flags & GRE_K)
		off += 4;
	if (field == GRE_S)
		return off;
	if (flags & GRE_S)
		off += 4;
	if ((flags & GRE_V) == 1 && flags & GRE_A)
		off += 4;
	return off;
}

/**
 * nflua_option_gre_end() - where the payload of GRE begins
 * @p: the packet, whose transport protocol it is
 *
 * Return: bytes from the network header; -1 for a version that is not known,
 * and for source routes
 */
s64 nflua_option_gre_end(const struct nflua_packet *p)
{
	const u16 flags = gre_flags(p);

	if (flags & GRE_R || (flags & GRE_V) > 1 ||
	    p->l4off + nflua_header(NFLUA_RECORD_GRE)->size > p->len)
		return -1;
	return p->l4off + gre_offset(p, 0);
}

static void get_gre(struct nflua_packet *p, u16 field, u32 bytes, StkId val)
{
	const u32 off = gre_offset(p, field);
	const void *data = NULL;
	u32 tmp;

	if (off)
		data = nflua_packet_bytes(p, p->l4off + off, bytes, &tmp);
	setnilvalue(s2v(val));
	if (data && bytes == 2)
		setivalue(s2v(val), get_unaligned_be16(data));
	if (data && bytes == 4)
		setivalue(s2v(val), get_unaligned_be32(data));
}

static u32 gre_must_have(lua_State *L, struct nflua_packet *p, u16 field,
			 u32 bytes, const char *name)
{
	const u32 off = gre_offset(p, field);

	if (!off || p->l4off + off + bytes > p->len)
		nflua_raise(L, "this gre header has no %s", name);
	return off;
}

void nflua_option_get_checksum(lua_State *L, struct nflua_packet *p, StkId val)
{
	get_gre(p, GRE_C, 2, val);
}

void nflua_option_set_checksum(lua_State *L, struct nflua_packet *p,
			       const TValue *val)
{
	const u32 off = gre_must_have(L, p, GRE_C, 2, "checksum");
	const __be16 data = htons(nflua_field_uint(L, "gre", "checksum", 16,
						   val));

	nflua_field_put(L, p, NFLUA_RECORD_GRE, off, &data, sizeof(data),
			NFLUA_FIELD_CHECKSUM);
}

void nflua_option_get_key(lua_State *L, struct nflua_packet *p, StkId val)
{
	get_gre(p, GRE_K, 4, val);
}

void nflua_option_set_key(lua_State *L, struct nflua_packet *p,
			  const TValue *val)
{
	const u32 off = gre_must_have(L, p, GRE_K, 4, "key");
	const __be32 data = htonl(nflua_field_uint(L, "gre", "key", 32, val));

	nflua_field_put(L, p, NFLUA_RECORD_GRE, off, &data, sizeof(data), 0);
}

void nflua_option_get_seq(lua_State *L, struct nflua_packet *p, StkId val)
{
	get_gre(p, GRE_S, 4, val);
}

void nflua_option_set_seq(lua_State *L, struct nflua_packet *p,
			  const TValue *val)
{
	const u32 off = gre_must_have(L, p, GRE_S, 4, "seq");
	const __be32 data = htonl(nflua_field_uint(L, "gre", "seq", 32, val));

	nflua_field_put(L, p, NFLUA_RECORD_GRE, off, &data, sizeof(data), 0);
}
