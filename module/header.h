/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_HEADER_H
#define _NFLUA_HEADER_H

#include <linux/build_bug.h>
#include <linux/types.h>
#include <linux/unaligned.h>
#include "packet.h"

struct nflua_ct;

/* Records: what a view of a packet can be. */
enum nflua_record {
	NFLUA_RECORD_PACKET,
	/* at the network header */
	NFLUA_RECORD_IP,
	NFLUA_RECORD_IP6,
	NFLUA_RECORD_ARP,
	/* at the transport header */
	NFLUA_RECORD_TCP,
	NFLUA_RECORD_TCP_FLAGS,
	NFLUA_RECORD_UDP,
	NFLUA_RECORD_ICMP,
	NFLUA_RECORD_ICMP6,
	NFLUA_RECORD_SCTP,
	NFLUA_RECORD_GRE,
	NFLUA_RECORD_ESP,
	NFLUA_RECORD_PAYLOAD,
	/* where nflua_layer_offset() finds them */
	NFLUA_RECORD_ETH,
	NFLUA_RECORD_VLAN,
	NFLUA_RECORD_AH,
	/* data from a layer on, and the link-layer header alone */
	NFLUA_RECORD_NETWORK,
	NFLUA_RECORD_TRANSPORT,
	NFLUA_RECORD_LINK,
	NFLUA_RECORD_FRAME,
	NFLUA_RECORD_DATA,	/* only as what nflua_packet_check() tells */
	/* its connection, and what that has, see conntrack.h */
	NFLUA_RECORD_CT,
	NFLUA_RECORD_CT_STATUS,
	NFLUA_RECORD_CT_ORIGINAL,
	NFLUA_RECORD_CT_REPLY,
	NFLUA_RECORD_CT_TCP,

	__NFLUA_RECORD_MAX
};

enum nflua_field_kind {
	NFLUA_FIELD_UINT,	/* unsigned number, host order */
	NFLUA_FIELD_BOOL,
	NFLUA_FIELD_IP4,	/* address */
	NFLUA_FIELD_IP6,	/* address */
	NFLUA_FIELD_VIEW,	/* a record within the record */
	NFLUA_FIELD_GET,	/* computed by a function */
	NFLUA_FIELD_METHOD,	/* a Lua C function */
	NFLUA_FIELD_FAR,	/* number in a header that has to be looked for */
	NFLUA_FIELD_MAC,	/* string */
	NFLUA_FIELD_CT,		/* computed by a function of a connection */
};

/* What may be done with a field, and what follows when it is written. */
#define NFLUA_FIELD_WRITABLE	BIT(0)
#define NFLUA_FIELD_CHECKSUM	BIT(1)	/* written as it is, no sum follows */
#define NFLUA_FIELD_PSEUDO	BIT(2)	/* the transport's checksum covers it */
#define NFLUA_FIELD_DST		BIT(3)	/* the destination */
#define NFLUA_FIELD_ROUTE	BIT(4)	/* the packet's route depends on it */

/* What covers a header's fields. */
enum nflua_sum {
	NFLUA_SUM_NONE,
	NFLUA_SUM_IP,		/* the IPv4 header's own checksum */
	NFLUA_SUM_TRANSPORT,	/* the transport protocol's Internet checksum */
	NFLUA_SUM_CRC,		/* the CRC32c of SCTP */
};

/**
 * struct nflua_field - a row of a record's table
 * @name: as Lua sees it
 * @kind: &enum nflua_field_kind
 * @record: for NFLUA_FIELD_VIEW
 * @offset: of the window that holds the bits, bytes from the record's begin
 * @bytes: size of the window: 1, 2, 4, or the size of an address
 * @shift: bits of the window below the field
 * @mask: over the field's width
 * @flags: NFLUA_FIELD_*
 * @get: for NFLUA_FIELD_GET: stores its value to @val, which it must look up
 *	again after anything that may move the stack
 * @get_ct: the same for NFLUA_FIELD_CT; @record is that of the view
 * @method: for NFLUA_FIELD_METHOD
 * @set: for NFLUA_FIELD_GET: takes a value, or raises; NULL if it takes none.
 *	The packet may be written then.
 * @set_ct: the same for NFLUA_FIELD_CT
 */
struct nflua_field {
	const char *name;
	u8 kind;
	u8 record;
	u8 offset;
	u8 bytes;
	u8 shift;
	u8 flags;
	u32 mask;
	union {
		void (*get)(lua_State *L, struct nflua_packet *p, StkId val);
		void (*get_ct)(lua_State *L, const struct nflua_ct *c,
			       unsigned int record, StkId val);
		lua_CFunction method;
	};
	union {
		void (*set)(lua_State *L, struct nflua_packet *p,
			    const TValue *val);
		void (*set_ct)(lua_State *L, const struct nflua_ct *c,
			       const TValue *val);
	};
};

/**
 * struct nflua_header - a record
 * @name: what error messages and tostring() call it
 * @size: bytes that must be there for the record to be there
 * @pf: NFPROTO_* it belongs to, 0 for any
 * @proto: transport protocol it is the header of, 0 for none
 * @sum: &enum nflua_sum
 * @fields: its rows
 * @nfields: number of rows
 */
struct nflua_header {
	const char *name;
	u8 size;
	u8 pf;
	u8 proto;
	u8 sum;
	const struct nflua_field *fields;
	unsigned int nfields;
};

/*
 * A field that begins at bit @_bit of its header, counted as in the RFCs' diagrams
 * from the most significant bit of the first byte, and is @_width bits
 * wide. Three bytes are read as the aligned four around them.
 */
#define NFLUA_FIELD_SPAN(_bit, _width)	(((_bit) % 8 + (_width) + 7) / 8)
#define NFLUA_FIELD_BYTES(_bit, _width) \
	(NFLUA_FIELD_SPAN(_bit, _width) == 3 ? 4 : NFLUA_FIELD_SPAN(_bit, _width))
#define NFLUA_FIELD_OFFSET(_bit, _width) \
	(NFLUA_FIELD_SPAN(_bit, _width) == 3 ? (_bit) / 32 * 4 : (_bit) / 8)
#define NFLUA_FIELD_BITS(_name, _bit, _width, _kind, _flags)		\
	{								\
		.name = (_name), .kind = (_kind), .flags = (_flags),	\
		.offset = NFLUA_FIELD_OFFSET(_bit, _width),		\
		.bytes = NFLUA_FIELD_BYTES(_bit, _width),		\
		.shift = 8 * (NFLUA_FIELD_OFFSET(_bit, _width) +	\
			      NFLUA_FIELD_BYTES(_bit, _width)) -	\
			 (_bit) - (_width),				\
		.mask = (u32)((1ULL << (_width)) - 1),			\
	}

#define NFLUA_UINT(_name, _bit, _width, _flags) \
	NFLUA_FIELD_BITS(_name, _bit, _width, NFLUA_FIELD_UINT, _flags)
#define NFLUA_FAR(_name, _bit, _width, _flags) \
	NFLUA_FIELD_BITS(_name, _bit, _width, NFLUA_FIELD_FAR, _flags)
#define NFLUA_BOOL(_name, _bit, _flags) \
	NFLUA_FIELD_BITS(_name, _bit, 1, NFLUA_FIELD_BOOL, _flags)
#define NFLUA_ADDRESS(_name, _bit, _kind, _flags)			\
	{								\
		.name = (_name), .kind = (_kind), .flags = (_flags),	\
		.offset = (_bit) / 8,					\
		.bytes = (_kind) == NFLUA_FIELD_IP4 ? 4 :		\
			 (_kind) == NFLUA_FIELD_MAC ? 6 : 16,		\
	}
#define NFLUA_VIEW(_name, _record)					\
	{ .name = (_name), .kind = NFLUA_FIELD_VIEW, .record = (_record) }
#define NFLUA_GET(_name, _get)						\
	{ .name = (_name), .kind = NFLUA_FIELD_GET, .get = (_get) }
#define NFLUA_GET_SET(_name, _get, _set)				\
	{								\
		.name = (_name), .kind = NFLUA_FIELD_GET,		\
		.flags = NFLUA_FIELD_WRITABLE, .get = (_get),		\
		.set = (_set),						\
	}
#define NFLUA_METHOD(_name, _method)					\
	{ .name = (_name), .kind = NFLUA_FIELD_METHOD, .method = (_method) }

#define NFLUA_HEADER(_name, _size, _pf, _proto, _sum, _fields)		\
	{								\
		.name = (_name), .size = (_size), .pf = (_pf),		\
		.proto = (_proto), .sum = (_sum), .fields = (_fields),	\
		.nfields = ARRAY_SIZE(_fields),				\
	}

extern const struct nflua_header nflua_headers[__NFLUA_RECORD_MAX];

/**
 * nflua_field_window() - the number that the window of a field's bits holds
 * @f: a field of bits
 * @data: the window, in the packet
 */
static __always_inline u32 nflua_field_window(const struct nflua_field *f,
					      const void *data)
{
	switch (f->bytes) {
	case 1:
		return *(const u8 *)data;
	case 2:
		return get_unaligned_be16(data);
	default:
		return get_unaligned_be32(data);
	}
}

/**
 * nflua_header() - the table of a record
 * @record: below __NFLUA_RECORD_MAX
 */
static inline const struct nflua_header *nflua_header(unsigned int record)
{
	return &nflua_headers[record];
}

/**
 * nflua_record_is_data() - does a record have bytes at offsets?
 * @record: below __NFLUA_RECORD_MAX
 */
static inline bool nflua_record_is_data(unsigned int record)
{
	switch (record) {
	case NFLUA_RECORD_PACKET:
	case NFLUA_RECORD_PAYLOAD:
	case NFLUA_RECORD_NETWORK:
	case NFLUA_RECORD_TRANSPORT:
	case NFLUA_RECORD_LINK:
	case NFLUA_RECORD_FRAME:
	case NFLUA_RECORD_DATA:
		return true;
	default:
		return false;
	}
}

/**
 * nflua_header_belongs() - are a packet's layers those of a header?
 * @h: the header
 * @p: the packet, parsed; all of the header need not be there
 */
static __always_inline bool nflua_header_belongs(const struct nflua_header *h,
						 const struct nflua_packet *p)
{
	return (!h->pf || h->pf == p->pf) &&
	       (!h->proto || h->proto == p->l4proto);
}

/**
 * nflua_record_offset() - where a header begins
 * @p: the packet, parsed
 * @record: a header that the packet has, up to NFLUA_RECORD_PAYLOAD
 *
 * Return: bytes from the network header
 */
static inline u32 nflua_record_offset(const struct nflua_packet *p,
				      unsigned int record)
{
	return record < NFLUA_RECORD_TCP ? 0 : p->l4off;
}

/* the packet's own record (packet.c), and what views of data have, too (bytes.c) */
extern const struct nflua_field nflua_packet_fields[];
extern const unsigned int nflua_packet_nfields;
extern const struct nflua_field nflua_data_fields[];
extern const unsigned int nflua_data_nfields;
bool nflua_data_offset(struct nflua_packet *p, unsigned int record, s64 *off);

extern const struct nflua_field nflua_view_fields[];
extern const unsigned int nflua_view_nfields;
/* what becomes of a packet (held_lua.c), and the routines (skb.c) */
extern const struct nflua_field nflua_skb_fields[];
extern const unsigned int nflua_skb_nfields;
extern const struct nflua_field nflua_held_fields[];
extern const unsigned int nflua_held_nfields;

/* layer.c: where layers begin */
#define NFLUA_NOWHERE	S64_MIN

u8 nflua_layer_network(struct nflua_packet *p);
int nflua_layer_walk6(const struct nflua_packet *p, int want, u32 *off);
bool nflua_layer_is_fragment(const struct nflua_packet *p);
s64 nflua_layer_offset(const struct nflua_packet *p, unsigned int record);
void nflua_layer_get_eth(lua_State *L, struct nflua_packet *p, StkId val);
void nflua_layer_get_vlan(lua_State *L, struct nflua_packet *p, StkId val);
void nflua_layer_get_ah(lua_State *L, struct nflua_packet *p, StkId val);

/* vlan.c: the fields of a tag */
void nflua_vlan_get_id(lua_State *L, struct nflua_packet *p, StkId val);
void nflua_vlan_set_id(lua_State *L, struct nflua_packet *p, const TValue *val);
void nflua_vlan_get_pcp(lua_State *L, struct nflua_packet *p, StkId val);
void nflua_vlan_set_pcp(lua_State *L, struct nflua_packet *p, const TValue *val);
void nflua_vlan_get_dei(lua_State *L, struct nflua_packet *p, StkId val);
void nflua_vlan_set_dei(lua_State *L, struct nflua_packet *p, const TValue *val);
void nflua_vlan_get_type(lua_State *L, struct nflua_packet *p, StkId val);

/* option.c: what headers have behind their fixed part */
int nflua_option_ip(lua_State *L);
int nflua_option_tcp(lua_State *L);
int nflua_option_header(lua_State *L);
s64 nflua_option_gre_end(const struct nflua_packet *p);
void nflua_option_get_checksum(lua_State *L, struct nflua_packet *p, StkId val);
void nflua_option_set_checksum(lua_State *L, struct nflua_packet *p,
			       const TValue *val);
void nflua_option_get_key(lua_State *L, struct nflua_packet *p, StkId val);
void nflua_option_set_key(lua_State *L, struct nflua_packet *p,
			  const TValue *val);
void nflua_option_get_seq(lua_State *L, struct nflua_packet *p, StkId val);
void nflua_option_set_seq(lua_State *L, struct nflua_packet *p,
			  const TValue *val);

/* meta.c: what a packet is besides its bytes */
void nflua_meta_string(lua_State *L, StkId val, const char *s);
int nflua_meta_describe(lua_State *L, struct nflua_packet *p);
void nflua_meta_get_len(lua_State *L, struct nflua_packet *p, StkId val);
void nflua_meta_get_mark(lua_State *L, struct nflua_packet *p, StkId val);
void nflua_meta_set_mark(lua_State *L, struct nflua_packet *p,
			 const TValue *val);
void nflua_meta_get_hook(lua_State *L, struct nflua_packet *p, StkId val);
void nflua_meta_get_family(lua_State *L, struct nflua_packet *p, StkId val);
void nflua_meta_get_protocol(lua_State *L, struct nflua_packet *p, StkId val);
void nflua_meta_get_priority(lua_State *L, struct nflua_packet *p, StkId val);
void nflua_meta_set_priority(lua_State *L, struct nflua_packet *p,
			     const TValue *val);
void nflua_meta_get_iif(lua_State *L, struct nflua_packet *p, StkId val);
void nflua_meta_get_oif(lua_State *L, struct nflua_packet *p, StkId val);
void nflua_meta_get_iifname(lua_State *L, struct nflua_packet *p, StkId val);
void nflua_meta_get_oifname(lua_State *L, struct nflua_packet *p, StkId val);
void nflua_meta_get_hash(lua_State *L, struct nflua_packet *p, StkId val);
void nflua_meta_get_uid(lua_State *L, struct nflua_packet *p, StkId val);

/* field.c: writing */
const struct nflua_field *nflua_field_to_set(lua_State *L, unsigned int record,
					     const TValue *key);
u32 nflua_field_uint(lua_State *L, const char *record, const char *field,
		     unsigned int bits, const TValue *val);
bool nflua_field_bool(lua_State *L, const char *record, const char *field,
		      const TValue *val);
void nflua_field_writable(lua_State *L, struct nflua_packet *p, s64 end);
void nflua_field_put(lua_State *L, struct nflua_packet *p, unsigned int record,
		     u32 offset, const void *bytes, u32 len, u8 flags);

/* checksum.c: what follows a write */
bool nflua_checksum_is_known(const struct nflua_packet *p);
bool nflua_checksum_is_inner(const struct nflua_packet *p, s64 off);
s64 nflua_checksum_at(const struct nflua_packet *p);
void nflua_checksum_compute(struct nflua_packet *p);
void nflua_checksum_anew(struct nflua_packet *p);
s64 nflua_checksum_end(const struct nflua_packet *p, u8 sum, u8 flags);
void nflua_checksum_store(struct nflua_packet *p, s64 off, const void *bytes,
			  u32 len);
void nflua_checksum_follow(struct nflua_packet *p, u8 sum, u8 flags,
			   __wsum diff);

#endif /* _NFLUA_HEADER_H */
