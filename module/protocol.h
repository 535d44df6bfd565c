/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_PROTOCOL_H
#define _NFLUA_PROTOCOL_H

#include "packet.h"

#define NFLUA_PROTOCOLS_MAX	63	/* of one script; 6 bits of a view */
#define NFLUA_PROTOCOL_SIZE	1024	/* greatest size of a header */

/* What a field of a protocol is; the words are in protocol_spec.c. */
enum nflua_protocol_kind {
	NFLUA_PROTOCOL_UINT,	/* unsigned number, most significant bit first */
	NFLUA_PROTOCOL_LE,	/* the same, least significant byte first */
	NFLUA_PROTOCOL_BOOL,
	NFLUA_PROTOCOL_IP4,	/* address */
	NFLUA_PROTOCOL_IP6,	/* address */
	NFLUA_PROTOCOL_MAC,
	NFLUA_PROTOCOL_STRING,	/* string */
	NFLUA_PROTOCOL_PAYLOAD,	/* what follows the header */
};

/**
 * struct nflua_protocol_field - a row of a protocol's table
 * @offset: of the bytes that hold the field, from the header's begin
 * @bytes: number of them; up to 9 for a number
 * @kind: &enum nflua_protocol_kind
 * @shift: bits of the last byte below a number
 * @width: bits of a number
 */
struct nflua_protocol_field {
	u16 offset;
	u16 bytes;
	u8 kind;
	u8 shift;
	u8 width;
};

/**
 * struct nflua_protocol - a protocol that a script declared
 * @name: what error messages and tostring() call it
 * @list: names of its fields for an error message
 * @names: the Lua table from a field's name to the field
 * @size: bytes of its header
 * @number: in its state, from 1
 * @nfields: number of rows
 * @fields: the rows
 *
 * A userdata that lives as long as its state, which keeps @list and @names,
 * too. It never changes.
 */
struct nflua_protocol {
	const char *name;
	const char *list;
	struct Table *names;
	u16 size;
	u8 number;
	u16 nfields;
	struct nflua_protocol_field fields[];
};

/* protocol_spec.c, which nfluactl is built with, too */
int nflua_protocol_new(lua_State *L);
void nflua_protocol_open(lua_State *L);

/* protocol.c */
int nflua_protocol_call(lua_State *L);
void nflua_protocol_index(lua_State *L, u64 v, TValue *key, StkId val);
void nflua_protocol_newindex(lua_State *L, u64 v, const TValue *key,
			     const TValue *val);
int nflua_protocol_length(lua_State *L);
int nflua_protocol_tostring(lua_State *L);

#endif /* _NFLUA_PROTOCOL_H */
