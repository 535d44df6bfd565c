/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_PACKET_H
#define _NFLUA_PACKET_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include "lua/kernel/lua_internal.h"

struct nflua_state;

/*
 * What Lua sees of a packet is a light userdata whose 64 bits say all: no
 * memory is allocated to hand a packet, a header or an IPv4 address to a
 * script, and == compares them.
 *
 *	view of a packet	0 | sequence number of the call | record
 *	view of its data	0 1 | its end | offset | protocol
 *	IPv4 prefix		1 0 | address | prefix length
 *	shared object		1 1 | its number in the state
 *
 * The sequence number is the call's own, so a view that was kept is known to
 * be stale in every later call, and forever. A view of data has room for its last
 * 36 bits alone: only after 2^36 calls, hours at the least, would one that was
 * kept be taken for one of that call, whose data it shows then.
 */
#define NFLUA_LIGHT_PREFIX	BIT_ULL(63)
#define NFLUA_LIGHT_OBJECT	(BIT_ULL(63) | BIT_ULL(62))
#define NFLUA_LIGHT_DATA	BIT_ULL(62)
#define NFLUA_LIGHT_RECORD_BITS	8
#define NFLUA_LIGHT_RECORD_MASK	(BIT_ULL(NFLUA_LIGHT_RECORD_BITS) - 1)

static inline void *nflua_light_view(u64 seq, unsigned int record)
{
	return (void *)(uintptr_t)(seq << NFLUA_LIGHT_RECORD_BITS | record);
}

/* Offsets count from the network header, and the link layer is before it. */
#define NFLUA_LIGHT_PROTOCOL_BITS	6
#define NFLUA_LIGHT_OFFSET_BITS		20
#define NFLUA_LIGHT_OFFSET_BIAS		4096
#define NFLUA_LIGHT_SEQ_SHIFT \
	(NFLUA_LIGHT_PROTOCOL_BITS + NFLUA_LIGHT_OFFSET_BITS)
#define NFLUA_LIGHT_SEQ_MASK	(BIT_ULL(62 - NFLUA_LIGHT_SEQ_SHIFT) - 1)

static inline void *nflua_light_data(u64 seq, s64 offset, unsigned int protocol)
{
	u64 at = (offset + NFLUA_LIGHT_OFFSET_BIAS) &
		 (BIT_ULL(NFLUA_LIGHT_OFFSET_BITS) - 1);

	return (void *)(uintptr_t)(NFLUA_LIGHT_DATA |
				   (seq & NFLUA_LIGHT_SEQ_MASK) << NFLUA_LIGHT_SEQ_SHIFT |
				   at << NFLUA_LIGHT_PROTOCOL_BITS | protocol);
}

static inline unsigned int nflua_light_data_protocol(u64 v)
{
	return v & (BIT_ULL(NFLUA_LIGHT_PROTOCOL_BITS) - 1);
}

static inline s64 nflua_light_data_offset(u64 v)
{
	v >>= NFLUA_LIGHT_PROTOCOL_BITS;
	return (s64)(v & (BIT_ULL(NFLUA_LIGHT_OFFSET_BITS) - 1)) -
	       NFLUA_LIGHT_OFFSET_BIAS;
}

/* The last call with this end of its sequence number, of those up to @seq. */
static inline u64 nflua_light_data_seq(u64 v, u64 seq)
{
	v = v >> NFLUA_LIGHT_SEQ_SHIFT & NFLUA_LIGHT_SEQ_MASK;
	return seq - ((seq - v) & NFLUA_LIGHT_SEQ_MASK);
}

static inline void *nflua_light_object(u32 number)
{
	return (void *)(uintptr_t)(NFLUA_LIGHT_OBJECT | number);
}

static inline bool nflua_light_is_object(u64 v)
{
	return (v & NFLUA_LIGHT_OBJECT) == NFLUA_LIGHT_OBJECT;
}

static inline bool nflua_light_is_data(u64 v)
{
	return (v & NFLUA_LIGHT_OBJECT) == NFLUA_LIGHT_DATA;
}

static inline bool nflua_light_is_address4(u64 v)
{
	return (v & NFLUA_LIGHT_OBJECT) == NFLUA_LIGHT_PREFIX;
}

/**
 * struct nflua_packet - the packet that a state is working on
 * @seq: sequence number of the call, 0 between calls
 * @skb: the packet
 * @hs: where it was met
 * @parsed: the fields below are known; false again after what changes @skb
 * @data: the network header, behind all VLAN tags
 * @noff: where it is, bytes from @skb->data
 * @linear: bytes from there that lie in one piece
 * @len: bytes from there to the end of the packet, without a frame's padding
 * @pf: NFPROTO_* of the network layer; NFPROTO_UNSPEC if it is none we know
 * @l4proto: transport protocol, -1 if there is no transport layer
 * @l4off: where the transport layer begins, bytes from the network header
 * @at: where the view of data begins that nflua_packet_check() met last
 * @role: what the call asks, &enum nflua_role: a match may not change or take
 *	its packet
 * @stolen: the script took @skb, which is not the caller's any more
 * @l2_written: the script wrote to the link-layer header
 * @route_kept: the state has what its route depended on before it was written
 * @look: it may have been stolen, or have other headers, when the call ends
 * @broken: it did not look as if it could go on
 */
struct nflua_packet {
	u64 seq;
	struct sk_buff *skb;
	const struct nf_hook_state *hs;
	const u8 *data;
	s32 noff;
	u32 linear;
	u32 len;
	u32 l4off;
	s32 at;
	s16 l4proto;
	u8 pf;
	u8 role;
	/* reset by each call, all at once */
	bool parsed;
	bool stolen;
	bool l2_written;
	bool route_kept;
	bool look;
	bool broken;
};

int nflua_packet_open(struct nflua_state *st);
void nflua_packet_parse(struct nflua_packet *p);
void nflua_packet_refresh(struct nflua_packet *p);
s64 nflua_packet_payload(struct nflua_packet *p);
struct nflua_packet *nflua_packet_find(struct nflua_state *st, u64 seq);
struct nflua_packet *nflua_packet_check(lua_State *L, unsigned int *record);
struct nflua_packet *nflua_packet_check_whole(lua_State *L);
void nflua_packet_index(lua_State *L, const TValue *light, TValue *key,
			StkId val);
void nflua_packet_newindex(lua_State *L, const TValue *light, TValue *key,
			   TValue *val);
void nflua_packet_no_field(lua_State *L, unsigned int record,
			   const TValue *key);
int nflua_packet_length(lua_State *L);

static __always_inline void nflua_packet_need(struct nflua_packet *p)
{
	if (!p->parsed)
		nflua_packet_parse(p);
}

const void *nflua_packet_pull(const struct nflua_packet *p, s64 off, u32 len,
			      void *buf);

/**
 * nflua_packet_bytes() - bytes of the packet wherever they are
 * @p: the packet, parsed
 * @off: where, bytes from the network header; negative is before it
 * @len: how many
 * @buf: room for @len bytes, used if they are not in one piece
 *
 * Return: pointer to the bytes, good until the packet changes; NULL if some of
 * them are outside the packet. Rests on skb_header_pointer().
 */
static __always_inline const void *
nflua_packet_bytes(const struct nflua_packet *p, s64 off, u32 len, void *buf)
{
	if (likely(off >= 0 && off + len <= p->linear))
		return p->data + off;
	return nflua_packet_pull(p, off, len, buf);
}

#endif /* _NFLUA_PACKET_H */
