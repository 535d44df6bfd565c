/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_HEADER_H
#define _NFLUA_HEADER_H

#include <linux/build_bug.h>
#include <linux/types.h>
#include "packet.h"

/* Records: what a view of a packet can be. */
enum nflua_record {
	NFLUA_RECORD_PACKET,
	NFLUA_RECORD_IP,
	NFLUA_RECORD_IP6,
	NFLUA_RECORD_TCP,
	NFLUA_RECORD_TCP_FLAGS,
	NFLUA_RECORD_UDP,
	NFLUA_RECORD_ICMP,
	NFLUA_RECORD_ICMP6,
	NFLUA_RECORD_PAYLOAD,
	/* data from a layer on, and the link-layer header alone */
	NFLUA_RECORD_NETWORK,
	NFLUA_RECORD_TRANSPORT,
	NFLUA_RECORD_LINK,
	NFLUA_RECORD_FRAME,
	NFLUA_RECORD_DATA,	/* only as what nflua_packet_check() tells */

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
 * @get: for NFLUA_FIELD_GET: stores its value to @val, which it must look up
 *	again after anything that may move the stack
 * @method: for NFLUA_FIELD_METHOD
 */
struct nflua_field {
	const char *name;
	u8 kind;
	u8 record;
	u8 offset;
	u8 bytes;
	u8 shift;
	u32 mask;
	union {
		void (*get)(lua_State *L, struct nflua_packet *p, StkId val);
		lua_CFunction method;
	};
};

/**
 * struct nflua_header - a record
 * @name: what error messages and tostring() call it
 * @size: bytes that must be there for the record to be there
 * @pf: NFPROTO_* it belongs to, 0 for any
 * @proto: transport protocol it is the header of, 0 for none
 * @fields: its rows
 * @nfields: number of rows
 */
struct nflua_header {
	const char *name;
	u8 size;
	u8 pf;
	u8 proto;
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
#define NFLUA_FIELD_BITS(_name, _bit, _width, _kind)			\
	{								\
		.name = (_name), .kind = (_kind),			\
		.offset = NFLUA_FIELD_OFFSET(_bit, _width),		\
		.bytes = NFLUA_FIELD_BYTES(_bit, _width),		\
		.shift = 8 * (NFLUA_FIELD_OFFSET(_bit, _width) +	\
			      NFLUA_FIELD_BYTES(_bit, _width)) -	\
			 (_bit) - (_width),				\
		.mask = (u32)((1ULL << (_width)) - 1),			\
	}

#define NFLUA_UINT(_name, _bit, _width) \
	NFLUA_FIELD_BITS(_name, _bit, _width, NFLUA_FIELD_UINT)
#define NFLUA_BOOL(_name, _bit) \
	NFLUA_FIELD_BITS(_name, _bit, 1, NFLUA_FIELD_BOOL)
#define NFLUA_ADDRESS(_name, _bit, _kind)				\
	{								\
		.name = (_name), .kind = (_kind), .offset = (_bit) / 8,	\
		.bytes = (_kind) == NFLUA_FIELD_IP4 ? 4 : 16,		\
	}
#define NFLUA_VIEW(_name, _record)					\
	{ .name = (_name), .kind = NFLUA_FIELD_VIEW, .record = (_record) }
#define NFLUA_GET(_name, _get)						\
	{ .name = (_name), .kind = NFLUA_FIELD_GET, .get = (_get) }
#define NFLUA_METHOD(_name, _method)					\
	{ .name = (_name), .kind = NFLUA_FIELD_METHOD, .method = (_method) }

#define NFLUA_HEADER(_name, _size, _pf, _proto, _fields)		\
	{								\
		.name = (_name), .size = (_size), .pf = (_pf),		\
		.proto = (_proto), .fields = (_fields),			\
		.nfields = ARRAY_SIZE(_fields),				\
	}

extern const struct nflua_header nflua_headers[__NFLUA_RECORD_MAX];

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
 * nflua_record_offset() - where a header begins
 * @p: the packet, parsed
 * @record: a header that the packet has
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

#endif /* _NFLUA_HEADER_H */
