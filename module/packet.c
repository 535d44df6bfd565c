// SPDX-License-Identifier: GPL-2.0-only
/*
 * luapacket: what a script sees of a packet. Reading copies and linearizes
 * nothing; every access is bounded by the packet's own length.
 *
 * All functions here run in a callback: bottom halves off, in an RCU read
 * section, and inside lua_pcall(), so that they may raise.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/sctp.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <linux/unaligned.h>
#include "address.h"
#include "conntrack.h"
#include "header.h"
#include "held.h"
#include "hook.h"
#include "map.h"
#include "packet.h"
#include "protocol.h"
#include "send.h"
#include "state.h"
#include "lua/kernel/lua_internal.h"

/**
 * nflua_packet_pull() - bytes of the packet that are not just there
 * @p: the packet, parsed
 * @off: where, bytes from the network header; negative is before it
 * @len: how many
 * @buf: room for @len bytes
 *
 * Nothing of the packet is moved: what lies in pieces is copied to @buf.
 *
 * Return: as nflua_packet_bytes()
 */
const void *nflua_packet_pull(const struct nflua_packet *p, s64 off, u32 len,
			      void *buf)
{
	const struct sk_buff *skb = p->skb;

	if (unlikely(off > 0 && off + len > p->len))
		return NULL;
	off += p->noff;
	if (unlikely(off < -(s64)skb_headroom(skb) || off > skb->len))
		return NULL;
	return skb_header_pointer(skb, off, len, buf);
}

static void parse_ip(struct nflua_packet *p)
{
	const struct iphdr *ip;
	struct iphdr tmp;

	ip = nflua_packet_bytes(p, 0, sizeof(tmp), &tmp);
	if (unlikely(!ip || ip->version != 4 || ip->ihl < 5)) {
		p->pf = NFPROTO_UNSPEC;
		return;
	}
	/* Only the first fragment begins with a transport header. */
	if (ip->frag_off & htons(IP_OFFSET))
		return;
	p->l4off = ip->ihl * 4;
	p->l4proto = ip->protocol;
}

static void parse_ip6(struct nflua_packet *p)
{
	const struct ipv6hdr *ip;
	struct ipv6hdr tmp;

	ip = nflua_packet_bytes(p, 0, sizeof(tmp), &tmp);
	if (unlikely(!ip || ip->version != 6)) {
		p->pf = NFPROTO_UNSPEC;
		return;
	}
	p->l4proto = nflua_layer_walk6(p, -1, &p->l4off);
}

/**
 * nflua_packet_refresh() - find the packet's bytes where they are now
 * @p: the packet, parsed, whose skb's head was moved but whose bytes are as many
 *	and lie as they did
 */
void nflua_packet_refresh(struct nflua_packet *p)
{
	p->data = p->skb->data + p->noff;
	p->linear = clamp_t(int, (int)skb_headlen(p->skb) - p->noff, 0,
			    p->len);
}

/**
 * nflua_packet_parse() - find the packet's layers
 * @p: the packet; afterwards all its members are true
 */
void nflua_packet_parse(struct nflua_packet *p)
{
	p->noff = skb_network_offset(p->skb);
	/* Who makes frames need not say where it is; AF_XDP does not. */
	if (unlikely(p->noff < 0 || p->noff > p->skb->len))
		p->noff = min_t(u32, p->skb->len, p->hs->out ?
				p->hs->out->hard_header_len : 0);
	p->l4proto = -1;
	p->l4off = 0;
	p->len = p->skb->len - p->noff;
	nflua_packet_refresh(p);
	p->pf = p->hs->pf;
	/* Nobody has looked at a frame at inet's ingress, either. */
	if (unlikely((p->pf != NFPROTO_IPV4 && p->pf != NFPROTO_IPV6) ||
		     p->hs->hook == NF_INET_INGRESS))
		p->pf = nflua_layer_network(p);
	if (p->pf == NFPROTO_IPV4)
		parse_ip(p);
	else if (p->pf == NFPROTO_IPV6)
		parse_ip6(p);
	p->parsed = true;
}

/* Is the header of a record there, as a whole? The packet is parsed. */
static __always_inline bool record_present(const struct nflua_packet *p,
					   unsigned int record)
{
	const struct nflua_header *h = nflua_header(record);

	return nflua_header_belongs(h, p) &&
	       nflua_record_offset(p, record) + h->size <= p->len;
}

/**
 * nflua_packet_payload() - where the payload of the transport layer begins
 * @p: the packet
 *
 * Return: bytes from the network header; -1: there is none, or none known
 */
s64 nflua_packet_payload(struct nflua_packet *p)
{
	const struct tcphdr *tcp;
	struct tcphdr tmp;
	s64 off;

	nflua_packet_need(p);
	switch (p->l4proto) {
	case IPPROTO_TCP:
		tcp = nflua_packet_bytes(p, p->l4off, sizeof(tmp), &tmp);
		if (!tcp || tcp->doff < 5)
			return -1;
		off = p->l4off + tcp->doff * 4;
		break;
	case IPPROTO_UDP:
		off = p->l4off + sizeof(struct udphdr);
		break;
	case IPPROTO_ICMP:
		if (p->pf != NFPROTO_IPV4)
			return -1;
		off = p->l4off + sizeof(struct icmphdr);
		break;
	case IPPROTO_ICMPV6:
		if (p->pf != NFPROTO_IPV6)
			return -1;
		off = p->l4off + sizeof(struct icmp6hdr);
		break;
	case IPPROTO_SCTP:
		off = p->l4off + sizeof(struct sctphdr);
		break;
	case IPPROTO_GRE:
		off = nflua_option_gre_end(p);
		if (off < 0)
			return -1;
		break;
	default:
		return -1;
	}
	return off <= p->len ? off : -1;
}

static void get_payload(lua_State *L, struct nflua_packet *p, StkId val)
{
	setnilvalue(s2v(val));
	if (nflua_packet_payload(p) >= 0)
		setpvalue(s2v(val),
			  nflua_light_view(p->seq, NFLUA_RECORD_PAYLOAD));
}

/**
 * nflua_packet_find() - the packet that a view is of
 * @st: the state
 * @seq: the view's sequence number
 *
 * Return: NULL if it is no more
 */
struct nflua_packet *nflua_packet_find(struct nflua_state *st, u64 seq)
{
	if (likely(seq && seq == st->packet.seq))
		return &st->packet;
	return nflua_held_find(st, seq);
}

/**
 * nflua_packet_check() - the packet that argument 1 of a method is a view of
 * @L: the running thread
 * @record: gets what it is a view of
 *
 * Return: the packet, parsed; raises for anything else and for a view of
 * another call
 */
struct nflua_packet *nflua_packet_check(lua_State *L, unsigned int *record)
{
	struct nflua_state *st = nflua_state(L);
	struct nflua_packet *p;
	u64 seq, v;

	v = nflua_held_test(L, 1) << NFLUA_LIGHT_RECORD_BITS;
	if (!v) {
		luaL_checktype(L, 1, LUA_TLIGHTUSERDATA);
		v = (uintptr_t)lua_touserdata(L, 1);
	}
	luaL_argexpected(L, !(v & NFLUA_LIGHT_PREFIX), 1, "packet");
	luaL_argexpected(L, nflua_light_is_data(v) ||
			    !nflua_record_is_ct(v & NFLUA_LIGHT_RECORD_MASK),
			 1, "packet");
	seq = nflua_light_is_data(v) ? nflua_light_data_seq(v, st->seq) :
				       v >> NFLUA_LIGHT_RECORD_BITS;
	p = nflua_packet_find(st, seq);
	if (!p)
		luaL_error(L, "%s", nflua_held_stale(st, seq));
	*record = v & NFLUA_LIGHT_RECORD_MASK;
	if (nflua_light_is_data(v)) {
		*record = NFLUA_RECORD_DATA;
		p->at = nflua_light_data_offset(v);
	}
	nflua_packet_need(p);
	return p;
}

/**
 * nflua_packet_check_whole() - the packet that argument 1 of a method is
 * @L: the running thread
 *
 * Return: as nflua_packet_check(); raises for a part of a packet, too
 */
struct nflua_packet *nflua_packet_check_whole(lua_State *L)
{
	struct nflua_packet *p;
	unsigned int record;

	p = nflua_packet_check(L, &record);
	luaL_argexpected(L, record == NFLUA_RECORD_PACKET, 1, "packet");
	return p;
}

const struct nflua_field nflua_packet_fields[] = {
	NFLUA_GET("len", nflua_meta_get_len),
	NFLUA_GET_SET("mark", nflua_meta_get_mark, nflua_meta_set_mark),
	NFLUA_GET("hook", nflua_meta_get_hook),
	NFLUA_GET("family", nflua_meta_get_family),
	NFLUA_GET("protocol", nflua_meta_get_protocol),
	NFLUA_GET_SET("priority", nflua_meta_get_priority,
		      nflua_meta_set_priority),
	NFLUA_GET("iif", nflua_meta_get_iif),
	NFLUA_GET("oif", nflua_meta_get_oif),
	NFLUA_GET("iifname", nflua_meta_get_iifname),
	NFLUA_GET("oifname", nflua_meta_get_oifname),
	NFLUA_GET("hash", nflua_meta_get_hash),
	NFLUA_GET("uid", nflua_meta_get_uid),
	NFLUA_GET("eth", nflua_layer_get_eth),
	NFLUA_GET("vlan", nflua_layer_get_vlan),
	NFLUA_VIEW("arp", NFLUA_RECORD_ARP),
	NFLUA_VIEW("ip", NFLUA_RECORD_IP),
	NFLUA_VIEW("ip6", NFLUA_RECORD_IP6),
	NFLUA_VIEW("tcp", NFLUA_RECORD_TCP),
	NFLUA_VIEW("udp", NFLUA_RECORD_UDP),
	NFLUA_VIEW("icmp", NFLUA_RECORD_ICMP),
	NFLUA_VIEW("icmp6", NFLUA_RECORD_ICMP6),
	NFLUA_VIEW("sctp", NFLUA_RECORD_SCTP),
	NFLUA_VIEW("gre", NFLUA_RECORD_GRE),
	NFLUA_VIEW("esp", NFLUA_RECORD_ESP),
	NFLUA_GET("ah", nflua_layer_get_ah),
	NFLUA_GET("payload", get_payload),
	NFLUA_METHOD("tcpreply", nflua_reply_tcp),
	NFLUA_METHOD("reply", nflua_reply),
	NFLUA_METHOD("reject", nflua_reject),
	NFLUA_METHOD("send", nflua_resend),
};
const unsigned int nflua_packet_nfields = ARRAY_SIZE(nflua_packet_fields);

/* All that a packet has beside its own header's fields, which there are none. */
static const struct {
	const struct nflua_field *fields;
	const unsigned int *n;
} packet_sets[] = {
	{ nflua_packet_fields, &nflua_packet_nfields },
	{ nflua_view_fields, &nflua_view_nfields },
	{ nflua_held_fields, &nflua_held_nfields },
	{ nflua_skb_fields, &nflua_skb_nfields },
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	{ nflua_ct_packet_fields, &nflua_ct_packet_nfields },
#endif
};

static unsigned int list_fields(char *buf, unsigned int len, unsigned int size,
				const struct nflua_field *fields,
				unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		len += scnprintf(buf + len, size - len, "%s%s", len ? " " : "",
				 fields[i].name);
	return len;
}

/**
 * nflua_packet_no_field() - tell whoever misspelled a field which there are
 * @L: the running thread
 * @record: of what it would be a field
 * @key: how it was spelled
 *
 * Raises.
 */
noinline void nflua_packet_no_field(lua_State *L, unsigned int record,
				    const TValue *key)
{
	const struct nflua_header *h = nflua_record_is_ct(record) ?
				       nflua_ct_header(record) :
				       nflua_header(record);
	char names[640];
	unsigned int i, len;

	len = list_fields(names, 0, sizeof(names), h->fields, h->nfields);
	for (i = 0; record == NFLUA_RECORD_PACKET && i < ARRAY_SIZE(packet_sets); i++)
		len = list_fields(names, len, sizeof(names),
				  packet_sets[i].fields, *packet_sets[i].n);
	if (nflua_record_is_data(record))
		list_fields(names, len, sizeof(names), nflua_data_fields,
			    nflua_data_nfields);
	if (ttisstring(key))
		nflua_raise(L, "%s has no field '%s' (it has: %s)", h->name,
			    getstr(tsvalue(key)), names);
	nflua_raise(L, "%s has no field of type %s (it has: %s)", h->name,
		    luaT_objtypename(L, key), names);
}

static __always_inline void set_field(lua_State *L, const struct nflua_field *f,
				      const void *data, StkId val)
{
	const u32 v = nflua_field_window(f, data) >> f->shift & f->mask;

	/* Lua's macros are blocks, which an else does not go with. */
	if (f->kind != NFLUA_FIELD_BOOL) {
		setivalue(s2v(val), v);
		return;
	}
	setbfvalue(s2v(val));
	if (v)
		setbtvalue(s2v(val));
}

/*
 * A field of @kind that lies in the packet's first piece; false if it does not.
 * Whoever has a view of a header has parsed the packet.
 */
static __always_inline bool read_in_place(lua_State *L,
					  const struct nflua_packet *p,
					  unsigned int record,
					  const struct nflua_field *f,
					  enum nflua_field_kind kind, StkId val)
{
	const u32 off = nflua_record_offset(p, record) + f->offset;

	if (unlikely(off + f->bytes > p->linear))
		return false;
	if (kind == NFLUA_FIELD_IP4) {
		setpvalue(s2v(val), nflua_address4(get_unaligned_be32(p->data + off), 32));
		return true;
	}
	set_field(L, f, p->data + off, val);
	return true;
}

/* Fields that are rarer, or not in the packet's first piece. */
static noinline void read_field(lua_State *L, struct nflua_packet *p,
				unsigned int record,
				const struct nflua_field *f, StkId val)
{
	const s64 off = nflua_layer_offset(p, record);
	const void *data = NULL;
	char mac[3 * ETH_ALEN];
	u32 buf[4];

	/* It was looked for along all headers in front of it. */
	if (record == NFLUA_RECORD_AH)
		lua_burn(L, p->len >> 6);
	if (off != NFLUA_NOWHERE)
		data = nflua_packet_bytes(p, off + f->offset, f->bytes, buf);
	setnilvalue(s2v(val));
	if (unlikely(!data))
		return;
	if (f->kind == NFLUA_FIELD_IP4)
		setpvalue(s2v(val),
			  nflua_address4(get_unaligned_be32(data), 32));
	if (f->kind == NFLUA_FIELD_IP6)
		nflua_address6_set(L, val, data);
	if (f->kind == NFLUA_FIELD_MAC) {
		snprintf(mac, sizeof(mac), "%pM", data);
		nflua_meta_string(L, val, mac);
	}
	if (f->kind == NFLUA_FIELD_UINT || f->kind == NFLUA_FIELD_BOOL ||
	    f->kind == NFLUA_FIELD_FAR)
		set_field(L, f, data, val);
}

static __always_inline void set_view(const struct nflua_packet *p,
				     unsigned int record, StkId val)
{
	setnilvalue(s2v(val));
	if (record_present(p, record))
		setpvalue(s2v(val), nflua_light_view(p->seq, record));
}

static noinline void open_view(struct nflua_packet *p, unsigned int record,
			       StkId val)
{
	nflua_packet_need(p);
	set_view(p, record, val);
}

/* nflua_packet_index() for all keys and views; a function with a frame. */
static noinline void index_slowly(lua_State *L, const TValue *light,
				  TValue *key, StkId val)
{
	struct nflua_state *st = nflua_state(L);
	u64 v = (uintptr_t)pvalue(light);
	unsigned int record = v & NFLUA_LIGHT_RECORD_MASK;
	struct nflua_packet *p = &st->packet;
	const struct nflua_field *f;
	const TValue *slot;

	if (unlikely(v & NFLUA_LIGHT_PREFIX)) {
		if (nflua_light_is_object(v))
			nflua_map_index(L, key, val);
		else
			nflua_address_index(L, key, val);
		return;
	}
	if (nflua_record_is_ct(record) && !nflua_light_is_data(v)) {
		nflua_ct_index(L, v, key, val);
		return;
	}
	if (unlikely(v >> NFLUA_LIGHT_RECORD_BITS != p->seq)) {
		if (nflua_light_is_data(v)) {
			nflua_protocol_index(L, v, key, val);
			return;
		}
		p = nflua_packet_find(st, v >> NFLUA_LIGHT_RECORD_BITS);
		if (!p)
			nflua_raise(L, "%s", nflua_held_stale(st, v >> NFLUA_LIGHT_RECORD_BITS));
	}
	slot = ttisshrstring(key) ?
	       luaH_getshortstr(st->records[record], tsvalue(key)) : NULL;
	if (unlikely(!slot || isempty(slot))) {
		nflua_packet_no_field(L, record, key);
		return;
	}
	if (!ttislightuserdata(slot)) {
		setobj2s(L, val, slot);
		return;
	}
	f = pvalue(slot);
	switch (f->kind) {
	case NFLUA_FIELD_UINT:
	case NFLUA_FIELD_BOOL:
	case NFLUA_FIELD_IP4:
		if (read_in_place(L, p, record, f, f->kind, val))
			return;
		break;
	case NFLUA_FIELD_VIEW:
		open_view(p, f->record, val);
		return;
	case NFLUA_FIELD_GET:
		f->get(L, p, val);
		return;
	}
	read_field(L, p, record, f, val);
}

/**
 * nflua_packet_index() - answer view[key]
 * @L: the running thread
 * @light: the view, a light userdata
 * @key: the key
 * @val: where the answer goes, on the stack of @L
 *
 * Called by the interpreter itself in place of an __index metamethod; a field
 * costs no call. Raises for a stale view and for a name that is no field.
 */
void nflua_packet_index(lua_State *L, const TValue *light, TValue *key,
			StkId val)
{
	struct nflua_state *st = nflua_state(L);
	const u64 v = (uintptr_t)pvalue(light);
	const unsigned int record = v & NFLUA_LIGHT_RECORD_MASK;
	struct nflua_packet *p = &st->packet;
	const struct nflua_field *f;
	const Node *n;

	if (unlikely(v >> NFLUA_LIGHT_RECORD_BITS != p->seq ||
		     !ttisshrstring(key)))
		goto slowly;
	n = hashstr(st->records[record], tsvalue(key));
	if (unlikely(!keyisshrstr(n) || keystrval(n) != tsvalue(key) ||
		     !ttislightuserdata(gval(n))))
		goto slowly;
	f = pvalue(gval(n));
	switch (f->kind) {
	case NFLUA_FIELD_UINT:
		if (likely(read_in_place(L, p, record, f, NFLUA_FIELD_UINT, val)))
			return;
		break;
	case NFLUA_FIELD_IP4:
		if (likely(read_in_place(L, p, record, f, NFLUA_FIELD_IP4, val)))
			return;
		break;
	case NFLUA_FIELD_VIEW:
		if (p->parsed)
			set_view(p, f->record, val);
		else
			open_view(p, f->record, val);
		return;
	}
slowly:
	index_slowly(L, light, key, val);
}

static int view_len(lua_State *L)
{
	const u64 v = (uintptr_t)lua_touserdata(L, 1);
	const unsigned int record = v & NFLUA_LIGHT_RECORD_MASK;

	if (nflua_light_is_object(v))
		return nflua_map_length(L);
	if (v & NFLUA_LIGHT_PREFIX)
		return luaL_error(L, "address has no length");
	if (nflua_light_is_data(v))
		return nflua_protocol_length(L);
	if (nflua_record_is_ct(record))
		return luaL_error(L, "%s has no length",
				  nflua_ct_header(record)->name);
	return nflua_packet_length(L);
}

static int view_tostring(lua_State *L)
{
	u64 v = (uintptr_t)lua_touserdata(L, 1);
	struct nflua_packet *p;
	unsigned int record;

	if (nflua_light_is_object(v))
		return nflua_map_tostring(L);
	if (v & NFLUA_LIGHT_PREFIX)
		return nflua_address_tostring(L);
	if (nflua_light_is_data(v))
		return nflua_protocol_tostring(L);
	if (nflua_record_is_ct(v & NFLUA_LIGHT_RECORD_MASK))
		return nflua_ct_tostring(L, v);
	p = nflua_packet_check(L, &record);
	if (record == NFLUA_RECORD_PACKET)
		return nflua_meta_describe(L, p);
	lua_pushstring(L, nflua_header(record)->name);
	return 1;
}

static void add_fields(lua_State *L, const struct nflua_field *fields,
		       unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (fields[i].kind == NFLUA_FIELD_METHOD)
			lua_pushcfunction(L, fields[i].method);
		else
			lua_pushlightuserdata(L, (void *)&fields[i]);
		lua_setfield(L, -2, fields[i].name);
	}
}

static const luaL_Reg view_metamethods[] = {
	{ "__len", view_len },
	{ "__pairs", nflua_map_pairs },
	{ "__tostring", view_tostring },
	{ "__lt", nflua_address_lt },
	{ "__le", nflua_address_le },
	{ NULL, NULL }
};

static const struct nflua_header *header_of(unsigned int record)
{
	return nflua_record_is_ct(record) ? nflua_ct_header(record) :
					    nflua_header(record);
}

/* The table of an earlier record with the same fields; NULL if there is none */
static Table *find_same(const struct nflua_state *st, unsigned int record)
{
	const struct nflua_header *h = header_of(record);
	unsigned int i;

	for (i = NFLUA_RECORD_PACKET + 1; i < record; i++)
		if (header_of(i)->fields == h->fields &&
		    header_of(i)->nfields == h->nfields &&
		    nflua_record_is_data(i) == nflua_record_is_data(record))
			return st->records[i];
	return NULL;
}

/**
 * nflua_packet_open() - make a state understand packets and addresses
 * @st: a state that is being created
 *
 * Context: process, inside lua_pcall(); raises for lack of memory.
 * Return: 0
 */
int nflua_packet_open(struct nflua_state *st)
{
	lua_State *L = st->L;
	unsigned int i, k;

	/* The records live in the registry, under this state's own key. */
	static_assert(__NFLUA_RECORD_MAX <= NFLUA_RECORDS);
	lua_createtable(L, __NFLUA_RECORD_MAX, 0);
	for (i = 0; i < __NFLUA_RECORD_MAX; i++) {
		const struct nflua_header *h = header_of(i);
		unsigned int n = h->nfields;

		st->records[i] = find_same(st, i);
		if (st->records[i])
			continue;
		for (k = 0; i == NFLUA_RECORD_PACKET && k < ARRAY_SIZE(packet_sets); k++)
			n += *packet_sets[k].n;
		if (nflua_record_is_data(i))
			n += nflua_data_nfields;
		lua_createtable(L, 0, n);
		add_fields(L, h->fields, h->nfields);
		for (k = 0; i == NFLUA_RECORD_PACKET && k < ARRAY_SIZE(packet_sets); k++)
			add_fields(L, packet_sets[k].fields, *packet_sets[k].n);
		if (nflua_record_is_data(i))
			add_fields(L, nflua_data_fields, nflua_data_nfields);
		st->records[i] = (Table *)lua_topointer(L, -1);
		lua_rawseti(L, -2, i + 1);
	}
	lua_rawsetp(L, LUA_REGISTRYINDEX, &st->records);

	/* Light userdata of a state share one metatable. */
	lua_pushlightuserdata(L, NULL);
	luaL_newlib(L, view_metamethods);
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "__metatable");
	nflua_held_open(L);
	nflua_kept_open(L);
	lua_setmetatable(L, -2);
	lua_pop(L, 1);
	nflua_address_open(L);
	nflua_protocol_open(L);
	st->ext.index = nflua_packet_index;
	st->ext.newindex = nflua_packet_newindex;
	return 0;
}
