/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_CONNTRACK_H
#define _NFLUA_CONNTRACK_H

#include <linux/kconfig.h>
#include <linux/types.h>
#include "header.h"
#include "packet.h"
#include "state.h"

#define NFLUA_KEPT_MAX	256	/* connections that one state keeps */

struct nf_conn;
struct nflua_generation;
struct nflua_net;

/**
 * struct nflua_ct - a connection, as what reads and writes it meets it
 * @ct: the connection; good until the callback ends, or until the handle that
 *	keeps it is closed
 * @seq: sequence number of all views of it
 * @info: of the packet that belongs to it, &enum ip_conntrack_info;
 *	%NFLUA_CT_NO_PACKET if none does
 */
struct nflua_ct {
	struct nf_conn *ct;
	u64 seq;
	int info;
};

#define NFLUA_CT_NO_PACKET	(-1)

/* a field of a connection that a function computes */
#define NFLUA_CT_GET(_name, _get) \
	{ .name = (_name), .kind = NFLUA_FIELD_CT, .get_ct = (_get) }

/**
 * nflua_record_is_ct() - is a view one of a connection?
 * @record: of the view
 */
static inline bool nflua_record_is_ct(unsigned int record)
{
	return record >= NFLUA_RECORD_CT && record <= NFLUA_RECORD_CT_TCP;
}

/**
 * struct nflua_kept - a connection that a script keeps: a userdata, the handle
 * @seq: sequence number of all views of it
 * @ct: reference to it; NULL if there is none, or none any more
 */
struct nflua_kept {
	u64 seq;
	struct nf_conn *ct;
};

/**
 * struct nflua_keeping - the connections that a state keeps; only who is in the
 *	state looks at it
 * @slots: them, by the end of their sequence numbers
 * @count: number of them
 */
struct nflua_keeping {
	struct nflua_kept *slots[NFLUA_KEPT_MAX];
	unsigned int count;
};

#if IS_ENABLED(CONFIG_NF_CONNTRACK)

/* conntrack.c: the value that Lua has of a connection */
const struct nflua_header *nflua_ct_header(unsigned int record);
extern const struct nflua_field nflua_ct_packet_fields[];
extern const unsigned int nflua_ct_packet_nfields;
bool nflua_ct_of(const struct nflua_packet *p, struct nflua_ct *c);
const char *nflua_ct_info_word(int info);
const struct nf_conntrack_helper *nflua_ct_helper(const struct nflua_ct *c);
void nflua_ct_check(lua_State *L, int idx, struct nflua_ct *c);
void nflua_ct_index(lua_State *L, u64 view, TValue *key, StkId val);
void nflua_ct_newindex(lua_State *L, u64 view, TValue *key, TValue *val);
int nflua_ct_tostring(lua_State *L, u64 view);

/* conntrack_tuple.c: what identifies it */
#define NFLUA_CT_TUPLE_FIELDS	10
extern const struct nflua_field nflua_ct_tuple_fields[NFLUA_CT_TUPLE_FIELDS];
extern const struct nflua_words nflua_ct_protos;
void nflua_ct_tuple_print(const struct nflua_ct *c, unsigned int record,
			  char *buf, size_t size);

/* conntrack_kept.c: connections that outlive their callback */
void nflua_kept_open(lua_State *L);
struct nflua_kept *nflua_kept_new(lua_State *L);
int nflua_kept_set(lua_State *L, struct nflua_kept *kept, struct nf_conn *ct);
void nflua_kept_drop(struct nflua_state *st, struct nflua_kept *kept);
int nflua_kept_failure(lua_State *L, int err);
struct nflua_kept *nflua_kept_test(lua_State *L, int idx);
struct nf_conn *nflua_kept_find(const struct nflua_state *st, u64 seq);
void nflua_kept_release(struct nflua_state *st);
int nflua_ct_keep(lua_State *L);
int nflua_ct_close(lua_State *L);

/* conntrack_use.c: what scripts need of their namespace */
int nflua_conntrack_use(struct nflua_net *nn, struct nflua_generation *gen);
void nflua_conntrack_unuse(struct nflua_generation *gen);

#else

static inline const struct nflua_header *nflua_ct_header(unsigned int record)
{
	return nflua_header(record);
}

static inline void nflua_ct_index(lua_State *L, u64 view, TValue *key,
				  StkId val) { }
static inline void nflua_ct_newindex(lua_State *L, u64 view, TValue *key,
				     TValue *val) { }
static inline int nflua_ct_tostring(lua_State *L, u64 view)
{
	return 0;
}

static inline void nflua_kept_open(lua_State *L) { }
static inline void nflua_kept_release(struct nflua_state *st) { }
static inline int nflua_conntrack_use(struct nflua_net *nn,
				      struct nflua_generation *gen)
{
	return 0;
}

static inline void nflua_conntrack_unuse(struct nflua_generation *gen) { }

#endif /* CONFIG_NF_CONNTRACK */

#endif /* _NFLUA_CONNTRACK_H */
