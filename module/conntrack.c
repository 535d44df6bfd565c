// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet's connection, pkt.ct: what a script reads and writes of it.
 *
 * It is a view as those of the packet's headers are (see packet.h): nothing is
 * allocated, no reference is taken, and each use looks again which connection
 * the packet has. A handle that keeps a connection (conntrack_kept.c) answers
 * through the same tables, by a sequence number of its own.
 *
 * Extensions of a connection may be moved until it is confirmed, by whoever has
 * its first packet, and by no other: whoever has a handle alone must not look at
 * them before that.
 *
 * Context of all functions: in a callback, with bottom halves off and in an RCU
 * read section, or, for handles, in a control state; inside lua_pcall(), so that
 * they may raise.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_acct.h>
#include <net/netfilter/nf_conntrack_ecache.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include <net/netfilter/nf_conntrack_labels.h>
#include <net/netfilter/nf_conntrack_zones.h>
#include "address.h"
#include "conntrack.h"
#include "entry.h"
#include "held.h"
#include "helper.h"
#include "library.h"
#include "lua/kernel/lua_internal.h"

/**
 * nflua_ct_of() - the connection of a packet
 * @p: the packet
 * @c: gets it
 *
 * Return: false if conntrack has not seen the packet, or was told not to track
 * it: what a rule prepares for one that is to be seen, a template, is none
 */
bool nflua_ct_of(const struct nflua_packet *p, struct nflua_ct *c)
{
	enum ip_conntrack_info info;

	c->ct = nf_ct_get(p->skb, &info);
	c->seq = p->seq;
	c->info = info;
	return c->ct && !nf_ct_is_template(c->ct);
}

/* The connection that a view shows. Return: false if it is no more */
static bool find(struct nflua_state *st, u64 seq, struct nflua_ct *c)
{
	struct nflua_packet *p = nflua_packet_find(st, seq);

	if (p)
		return nflua_ct_of(p, c);
	c->ct = nflua_kept_find(st, seq);
	c->seq = seq;
	c->info = NFLUA_CT_NO_PACKET;
	return c->ct;
}

static void find_or_raise(lua_State *L, u64 seq, struct nflua_ct *c)
{
	struct nflua_state *st = nflua_state(L);

	if (likely(find(st, seq, c)))
		return;
	if (nflua_packet_find(st, seq))
		nflua_raise(L, "the packet has no connection any more");
	nflua_raise(L, "connection used outside its callback, or after it was closed (ct:keep() keeps one)");
}

/**
 * nflua_ct_check() - the connection that an argument is
 * @L: the running thread
 * @idx: index of the argument
 * @c: gets it
 *
 * Raises for anything else, and for a connection that is no more the script's.
 */
void nflua_ct_check(lua_State *L, int idx, struct nflua_ct *c)
{
	const struct nflua_kept *kept = nflua_kept_test(L, idx);
	u64 v;

	if (kept) {
		find_or_raise(L, kept->seq, c);
		return;
	}
	v = lua_islightuserdata(L, idx) ? (uintptr_t)lua_touserdata(L, idx) : 0;
	luaL_argexpected(L, !(v & (NFLUA_LIGHT_PREFIX | NFLUA_LIGHT_DATA)) &&
			    (v & NFLUA_LIGHT_RECORD_MASK) == NFLUA_RECORD_CT,
			 idx, "connection");
	find_or_raise(L, v >> NFLUA_LIGHT_RECORD_BITS, c);
}

/* Pushes the view of a connection if it is the packet's own. */
static bool push_own(lua_State *L, const struct nf_conn *ct)
{
	struct nflua_packet *p = &nflua_state(L)->packet;
	struct nflua_ct c;

	if (!p->seq || !nflua_ct_of(p, &c) || c.ct != ct)
		return false;
	lua_pushlightuserdata(L, nflua_light_view(p->seq, NFLUA_RECORD_CT));
	return true;
}

/* May whoever has this look at the extensions? */
static bool has_extensions(const struct nflua_ct *c)
{
	if (c->info != NFLUA_CT_NO_PACKET)
		return true;
	if (!nf_ct_is_confirmed(c->ct))
		return false;
	/* They were settled before. */
	smp_rmb();
	return true;
}

static void set_view(StkId val, const struct nflua_ct *c, unsigned int record)
{
	setpvalue(s2v(val), nflua_light_view(c->seq, record));
}

/* Lua's macros are blocks, which an else does not go with. */
static void set_bool(StkId val, bool yes)
{
	setbfvalue(s2v(val));
	if (yes)
		setbtvalue(s2v(val));
}

/* --- ct ------------------------------------------------------------------ */

/* as conntrack -L has it, to which the kernel gives these bytes as they are */
static u32 id_of(const struct nf_conn *ct)
{
	return ntohl((__force __be32)nf_ct_get_id(ct));
}

static void get_id(lua_State *L, const struct nflua_ct *c, unsigned int record,
		   StkId val)
{
	setivalue(s2v(val), id_of(c->ct));
}

/**
 * nflua_ct_info_word() - what a packet is to its connection, as scripts say it
 * @info: &enum ip_conntrack_info, or %NFLUA_CT_NO_PACKET
 *
 * Return: NULL if there is no packet
 */
const char *nflua_ct_info_word(int info)
{
	static const char *const words[] = {
		[IP_CT_ESTABLISHED] = "established",
		[IP_CT_RELATED] = "related",
		[IP_CT_NEW] = "new",
		[IP_CT_ESTABLISHED_REPLY] = "established_reply",
		[IP_CT_RELATED_REPLY] = "related_reply",
	};

	return info >= 0 && info < ARRAY_SIZE(words) ? words[info] : NULL;
}

static void get_info(lua_State *L, const struct nflua_ct *c,
		     unsigned int record, StkId val)
{
	const char *word = nflua_ct_info_word(c->info);

	setnilvalue(s2v(val));
	if (word)
		nflua_meta_string(L, val, word);
}

static void get_is_reply(lua_State *L, const struct nflua_ct *c,
			 unsigned int record, StkId val)
{
	setnilvalue(s2v(val));
	if (c->info != NFLUA_CT_NO_PACKET)
		set_bool(val, CTINFO2DIR(c->info) == IP_CT_DIR_REPLY);
}

static void get_status(lua_State *L, const struct nflua_ct *c,
		       unsigned int record, StkId val)
{
	set_view(val, c, NFLUA_RECORD_CT_STATUS);
}

static void get_zone(lua_State *L, const struct nflua_ct *c,
		     unsigned int record, StkId val)
{
	setivalue(s2v(val), nf_ct_zone(c->ct)->id);
}

/*
 * Tells who listens; with the packet, or at once where there is none. Of one that is
 * gone they have been told.
 */
static void tell(const struct nflua_ct *c, enum ip_conntrack_events event)
{
	if (c->info != NFLUA_CT_NO_PACKET)
		nf_conntrack_event_cache(event, c->ct);
	else if (!nf_ct_is_dying(c->ct))
		nf_conntrack_event(event, c->ct);
}

#ifdef CONFIG_NF_CONNTRACK_MARK
static void get_mark(lua_State *L, const struct nflua_ct *c,
		     unsigned int record, StkId val)
{
	setivalue(s2v(val), READ_ONCE(c->ct->mark));
}

static void set_mark(lua_State *L, const struct nflua_ct *c, const TValue *val)
{
	const u32 mark = nflua_field_uint(L, "ct", "mark", 32, val);

	if (READ_ONCE(c->ct->mark) == mark)
		return;
	WRITE_ONCE(c->ct->mark, mark);
	if (has_extensions(c))
		tell(c, IPCT_MARK);
}
#endif

/* As conntrack -L has it. Before it is confirmed no time has begun to run. */
static void get_timeout(lua_State *L, const struct nflua_ct *c,
			unsigned int record, StkId val)
{
	const unsigned long left = nf_ct_is_confirmed(c->ct) ?
				   nf_ct_expires(c->ct) :
				   READ_ONCE(c->ct->timeout);

	setivalue(s2v(val), left / HZ);
}

static void set_timeout(lua_State *L, const struct nflua_ct *c,
			const TValue *val)
{
	const u32 seconds = nflua_field_uint(L, "ct", "timeout", 32, val);
	const u32 left = min_t(u64, (u64)seconds * HZ, INT_MAX);

	if (test_bit(IPS_FIXED_TIMEOUT_BIT, &c->ct->status))
		nflua_raise(L, "ct.timeout is fixed");
	if (nf_ct_is_confirmed(c->ct))
		WRITE_ONCE(c->ct->timeout, nfct_time_stamp + left);
	else if (c->info == NFLUA_CT_NO_PACKET)
		/* Its packet may be about to let the time run. */
		nflua_raise(L, "ct.timeout cannot be set before the connection is in the table, but while its packet is here");
	else
		WRITE_ONCE(c->ct->timeout, left);
}

static void get_tcp(lua_State *L, const struct nflua_ct *c, unsigned int record,
		    StkId val)
{
	setnilvalue(s2v(val));
	if (nf_ct_protonum(c->ct) == IPPROTO_TCP)
		set_view(val, c, NFLUA_RECORD_CT_TCP);
}

/*
 * A helper that was unregistered is taken from all connections that are in the
 * table, and freed a grace period later. One that has left the table may still
 * point to it.
 *
 * Context: RCU read section
 * Return: NULL if it has none, or nobody may look any more, or not yet
 */
const struct nf_conntrack_helper *nflua_ct_helper(const struct nflua_ct *c)
{
	const struct nf_conn_help *help = has_extensions(c) ? nfct_help(c->ct) : NULL;
	const struct nf_conntrack_helper *helper;

	helper = help ? rcu_dereference(help->helper) : NULL;
	return helper && !nf_ct_is_dying(c->ct) ? helper : NULL;
}

static void get_helper(lua_State *L, const struct nflua_ct *c,
		       unsigned int record, StkId val)
{
	char name[NF_CT_HELPER_NAME_LEN] = "";
	const struct nf_conntrack_helper *helper;

	rcu_read_lock();
	helper = nflua_ct_helper(c);
	if (helper)
		strscpy(name, helper->name, sizeof(name));
	rcu_read_unlock();
	setnilvalue(s2v(val));
	if (*name)
		nflua_meta_string(L, val, name);
}

/* ct:tuple([dir]): the addresses and ports as packets of a direction have them */
static int ct_tuple(lua_State *L)
{
	static const char *const dirs[] = { "original", "reply", NULL };
	struct nflua_ct c;
	int dir;

	nflua_ct_check(L, 1, &c);
	dir = luaL_checkoption(L, 2, "original", dirs);
	lua_pushlightuserdata(L, nflua_light_view(c.seq,
						  NFLUA_RECORD_CT_ORIGINAL + dir));
	return 1;
}

/*
 * ct:counters([dir]): packets and bytes of a direction, of both by default; nil
 * and why if they were not counted
 */
static int ct_counters(lua_State *L)
{
	static const char *const dirs[] = { "original", "reply", "both", NULL };
	const struct nf_conn_acct *acct;
	struct nflua_ct c;
	u64 packets = 0;
	u64 bytes = 0;
	int dir, i;

	nflua_ct_check(L, 1, &c);
	dir = luaL_checkoption(L, 2, "both", dirs);
	acct = has_extensions(&c) ? nf_conn_acct_find(c.ct) : NULL;
	if (!acct)
		return nflua_library_failure(L, "accounting was off when the connection began",
					     ENODATA);
	for (i = 0; i < IP_CT_DIR_MAX; i++) {
		if (dir != i && dir != IP_CT_DIR_MAX)
			continue;
		packets += atomic64_read(&acct->counter[i].packets);
		bytes += atomic64_read(&acct->counter[i].bytes);
	}
	lua_pushinteger(L, packets);
	lua_pushinteger(L, bytes);
	return 2;
}

/*
 * ct:kill(): take it out of the table, so that its next packet begins another
 * one; whether it was in there
 */
static int ct_kill(lua_State *L)
{
	struct nflua_ct c;

	nflua_ct_check(L, 1, &c);
	if (!nf_ct_is_confirmed(c.ct))
		return nflua_library_failure(L, "the connection is not in the table yet (drop its packet)",
					     EAGAIN);
	lua_pushboolean(L, nf_ct_kill(c.ct));
	return 1;
}

/*
 * ct:master(): the connection that this one was expected by, nil if none was; nil,
 * message, errno if it cannot be kept
 */
static int ct_master(lua_State *L)
{
	struct nflua_kept *kept;
	struct nflua_ct c;
	int err;

	lua_settop(L, 1);
	nflua_ct_check(L, 1, &c);
	if (c.ct->master && push_own(L, c.ct->master))
		return 1;
	kept = nflua_kept_new(L);
	/* A finalizer may have closed it, and this is all that keeps the other. */
	nflua_ct_check(L, 1, &c);
	if (c.ct->master) {
		nf_conntrack_get(&c.ct->master->ct_general);
		err = nflua_kept_set(L, kept, c.ct->master);
		if (!err)
			return 1;
		nf_ct_put(c.ct->master);
		return nflua_kept_failure(L, err);
	}
	lua_pushnil(L);
	return 1;
}

#ifdef CONFIG_NF_CONNTRACK_LABELS
#define LABELS_MAX	(8 * NF_CT_LABELS_MAX_SIZE)

static int no_labels(lua_State *L)
{
	return nflua_library_failure(L, "labels were off when the connection began",
				     ENODATA);
}

/* ct:labels(): the numbers of the bits that are set, in a table */
static int ct_labels(lua_State *L)
{
	const struct nf_conn_labels *labels;
	struct nflua_ct c;
	unsigned int bit;
	int n = 0;

	nflua_ct_check(L, 1, &c);
	labels = has_extensions(&c) ? nf_ct_labels_find(c.ct) : NULL;
	if (!labels)
		return no_labels(L);
	lua_newtable(L);
	/* What finalizers did meanwhile is of no matter to the check's answer. */
	for (bit = 0; bit < LABELS_MAX; bit++) {
		nflua_ct_check(L, 1, &c);
		labels = nf_ct_labels_find(c.ct);
		if (!labels || !test_bit(bit, labels->bits))
			continue;
		lua_pushinteger(L, bit);
		lua_rawseti(L, -2, ++n);
	}
	return 1;
}

/* ct:label(bit [, value]): whether it is set; with a value, sets or clears it */
static int ct_label(lua_State *L)
{
	lua_Integer bit = luaL_checkinteger(L, 2);
	struct nf_conn_labels *labels;
	struct nflua_ct c;
	bool was;

	luaL_argcheck(L, bit >= 0 && bit < LABELS_MAX, 2,
		      "a label is a number from 0 to 127");
	nflua_ct_check(L, 1, &c);
	labels = has_extensions(&c) ? nf_ct_labels_find(c.ct) : NULL;
	if (lua_gettop(L) < 3) {
		if (!labels)
			return no_labels(L);
		lua_pushboolean(L, test_bit(bit, labels->bits));
		return 1;
	}
	luaL_checktype(L, 3, LUA_TBOOLEAN);
	if (!labels)
		return no_labels(L);
	if (lua_toboolean(L, 3))
		was = test_and_set_bit(bit, labels->bits);
	else
		was = test_and_clear_bit(bit, labels->bits);
	if (was != lua_toboolean(L, 3))
		tell(&c, IPCT_LABEL);
	lua_pushboolean(L, true);
	return 1;
}
#endif

#define GET_SET(_name, _get, _set)					\
	{								\
		.name = (_name), .kind = NFLUA_FIELD_CT,		\
		.flags = NFLUA_FIELD_WRITABLE, .get_ct = (_get),	\
		.set_ct = (_set),					\
	}

static const struct nflua_field ct_fields[] = {
	NFLUA_CT_GET("id", get_id),
	NFLUA_CT_GET("info", get_info),
	NFLUA_CT_GET("is_reply", get_is_reply),
	NFLUA_CT_GET("status", get_status),
	NFLUA_CT_GET("zone", get_zone),
#ifdef CONFIG_NF_CONNTRACK_MARK
	GET_SET("mark", get_mark, set_mark),
#endif
	GET_SET("timeout", get_timeout, set_timeout),
	NFLUA_CT_GET("tcp", get_tcp),
	NFLUA_CT_GET("helper", get_helper),
	GET_SET("data", nflua_helper_get_data, nflua_helper_set_data),
	NFLUA_METHOD("tuple", ct_tuple),
	NFLUA_METHOD("counters", ct_counters),
#ifdef CONFIG_NF_CONNTRACK_LABELS
	NFLUA_METHOD("label", ct_label),
	NFLUA_METHOD("labels", ct_labels),
#endif
	NFLUA_METHOD("master", ct_master),
	NFLUA_METHOD("kill", ct_kill),
	NFLUA_METHOD("expect", nflua_expect),
	NFLUA_METHOD("swap_data", nflua_helper_swap_data),
	NFLUA_METHOD("keep", nflua_ct_keep),
	NFLUA_METHOD("close", nflua_ct_close),
};

/* --- ct.status ------------------------------------------------------------ */

#define STATUS(_name, _bit)						\
static void get_##_name(lua_State *L, const struct nflua_ct *c,	\
			unsigned int record, StkId val)			\
{									\
	set_bool(val, test_bit(_bit, &c->ct->status));			\
}

STATUS(expected, IPS_EXPECTED_BIT)
STATUS(seen_reply, IPS_SEEN_REPLY_BIT)
STATUS(assured, IPS_ASSURED_BIT)
STATUS(confirmed, IPS_CONFIRMED_BIT)
STATUS(snat, IPS_SRC_NAT_BIT)
STATUS(dnat, IPS_DST_NAT_BIT)
STATUS(seq_adjust, IPS_SEQ_ADJUST_BIT)
STATUS(dying, IPS_DYING_BIT)
STATUS(fixed_timeout, IPS_FIXED_TIMEOUT_BIT)
STATUS(has_helper, IPS_HELPER_BIT)
STATUS(offload, IPS_OFFLOAD_BIT)

static const struct nflua_field status_fields[] = {
	NFLUA_CT_GET("expected", get_expected),
	NFLUA_CT_GET("seen_reply", get_seen_reply),
	NFLUA_CT_GET("assured", get_assured),
	NFLUA_CT_GET("confirmed", get_confirmed),
	NFLUA_CT_GET("snat", get_snat),
	NFLUA_CT_GET("dnat", get_dnat),
	NFLUA_CT_GET("seq_adjust", get_seq_adjust),
	NFLUA_CT_GET("dying", get_dying),
	NFLUA_CT_GET("fixed_timeout", get_fixed_timeout),
	NFLUA_CT_GET("helper", get_has_helper),
	NFLUA_CT_GET("offload", get_offload),
};

/* --- ct.tcp ---------------------------------------------------------------- */

/* as conntrack -L has it */
static void get_state(lua_State *L, const struct nflua_ct *c,
		      unsigned int record, StkId val)
{
	static const char *const words[] = {
		[TCP_CONNTRACK_NONE] = "NONE",
		[TCP_CONNTRACK_SYN_SENT] = "SYN_SENT",
		[TCP_CONNTRACK_SYN_RECV] = "SYN_RECV",
		[TCP_CONNTRACK_ESTABLISHED] = "ESTABLISHED",
		[TCP_CONNTRACK_FIN_WAIT] = "FIN_WAIT",
		[TCP_CONNTRACK_CLOSE_WAIT] = "CLOSE_WAIT",
		[TCP_CONNTRACK_LAST_ACK] = "LAST_ACK",
		[TCP_CONNTRACK_TIME_WAIT] = "TIME_WAIT",
		[TCP_CONNTRACK_CLOSE] = "CLOSE",
		[TCP_CONNTRACK_SYN_SENT2] = "SYN_SENT2",
	};
	const u8 state = READ_ONCE(c->ct->proto.tcp.state);

	setnilvalue(s2v(val));
	if (state < ARRAY_SIZE(words))
		nflua_meta_string(L, val, words[state]);
}

static const struct nflua_field tcp_fields[] = {
	NFLUA_CT_GET("state", get_state),
};

/* --- views ----------------------------------------------------------------- */

#define RECORD(_name, _fields)						\
	{								\
		.name = (_name), .fields = (_fields),			\
		.nfields = ARRAY_SIZE(_fields),				\
	}

/**
 * nflua_ct_header() - the table of what a view of a connection shows
 * @record: for which nflua_record_is_ct()
 */
const struct nflua_header *nflua_ct_header(unsigned int record)
{
	static const struct nflua_header headers[] = {
		RECORD("ct", ct_fields),
		RECORD("ct.status", status_fields),
		RECORD("tuple", nflua_ct_tuple_fields),
		RECORD("tuple", nflua_ct_tuple_fields),
		RECORD("ct.tcp", tcp_fields),
	};

	return &headers[record - NFLUA_RECORD_CT];
}

/**
 * nflua_ct_index() - answer view[key]
 * @L: the running thread
 * @view: of a connection
 * @key: the key
 * @val: where the answer goes, on the stack of @L
 *
 * Raises for a stale view and for a name that is no field.
 */
void nflua_ct_index(lua_State *L, u64 view, TValue *key, StkId val)
{
	const unsigned int record = view & NFLUA_LIGHT_RECORD_MASK;
	const struct nflua_field *f;
	const TValue *slot;
	struct nflua_ct c;

	slot = ttisshrstring(key) ?
	       luaH_getshortstr(nflua_state(L)->records[record],
				tsvalue(key)) : NULL;
	if (!slot || isempty(slot)) {
		nflua_packet_no_field(L, record, key);
		return;
	}
	/* A method looks for the connection itself. */
	if (!ttislightuserdata(slot)) {
		setobj2s(L, val, slot);
		return;
	}
	find_or_raise(L, view >> NFLUA_LIGHT_RECORD_BITS, &c);
	f = pvalue(slot);
	f->get_ct(L, &c, record, val);
}

/**
 * nflua_ct_newindex() - do view[key] = val
 * @L: the running thread
 * @view: of a connection
 * @key: the key
 * @val: the value
 *
 * Raises for a stale view, for what is no field that can be written, for a value
 * that does not fit, and in a match.
 */
void nflua_ct_newindex(lua_State *L, u64 view, TValue *key, TValue *val)
{
	const struct nflua_field *f;
	struct nflua_ct c;

	f = nflua_field_to_set(L, view & NFLUA_LIGHT_RECORD_MASK, key);
	find_or_raise(L, view >> NFLUA_LIGHT_RECORD_BITS, &c);
	f->set_ct(L, &c, val);
}

/**
 * nflua_ct_tostring() - describe a view in a line
 * @L: the running thread
 * @view: of a connection
 *
 * Return: 1, with a string on the stack
 */
int nflua_ct_tostring(lua_State *L, u64 view)
{
	const unsigned int record = view & NFLUA_LIGHT_RECORD_MASK;
	struct nflua_ct c;
	char buf[160];

	if (!find(nflua_state(L), view >> NFLUA_LIGHT_RECORD_BITS, &c)) {
		lua_pushfstring(L, "%s (gone)", nflua_header(record)->name);
		return 1;
	}
	if (record == NFLUA_RECORD_CT_STATUS || record == NFLUA_RECORD_CT_TCP) {
		lua_pushstring(L, nflua_header(record)->name);
		return 1;
	}
	nflua_ct_tuple_print(&c, record, buf, sizeof(buf));
	lua_pushstring(L, buf);
	return 1;
}

/* --- the packet ------------------------------------------------------------ */

static void get_ct(lua_State *L, struct nflua_packet *p, StkId val)
{
	struct nflua_ct c;

	setnilvalue(s2v(val));
	if (nflua_ct_of(p, &c))
		set_view(val, &c, NFLUA_RECORD_CT);
}

/* pkt:connid(): number of the packet's connection, nil if it has none */
static int packet_connid(lua_State *L)
{
	struct nflua_packet *p = nflua_packet_check_whole(L);
	struct nflua_ct c;

	if (nflua_ct_of(p, &c))
		lua_pushinteger(L, id_of(c.ct));
	else
		lua_pushnil(L);
	return 1;
}

const struct nflua_field nflua_ct_packet_fields[] = {
#if IS_ENABLED(CONFIG_NF_NAT)
	NFLUA_METHOD("mangle", nflua_mangle),
#endif
	NFLUA_GET("ct", get_ct),
	NFLUA_METHOD("connid", packet_connid),
};
const unsigned int nflua_ct_packet_nfields = ARRAY_SIZE(nflua_ct_packet_fields);
