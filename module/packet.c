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
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <linux/unaligned.h>
#include "address.h"
#include "header.h"
#include "held.h"
#include "hook.h"
#include "map.h"
#include "packet.h"
#include "protocol.h"
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

	off += skb_network_offset(skb);
	if (unlikely(off < -(s64)skb_headroom(skb) || off > skb->len))
		return NULL;
	return skb_header_pointer(skb, off, len, buf);
}

static void parse_ip(struct nflua_packet *p)
{
	const struct iphdr *ip;
	struct iphdr tmp;

	ip = nflua_packet_bytes(p, 0, sizeof(tmp), &tmp);
	if (!ip || ip->version != 4 || ip->ihl < 5)
		return;
	/* Only the first fragment begins with a transport header. */
	if (ip->frag_off & htons(IP_OFFSET))
		return;
	p->l4off = ip->ihl * 4;
	p->l4proto = ip->protocol;
}

static void parse_ip6(struct nflua_packet *p)
{
	int noff = skb_network_offset(p->skb);
	unsigned short frag = 0;
	unsigned int off = noff;
	int flags = 0;
	int proto;

	proto = ipv6_find_hdr(p->skb, &off, -1, &frag, &flags);
	if (proto < 0 || frag)
		return;
	p->l4off = off - noff;
	p->l4proto = proto;
}

/* What the network layer is, whatever family of hooks the packet meets. */
static u8 network_family(const struct nflua_packet *p)
{
	switch (p->hs->pf) {
	case NFPROTO_IPV4:
	case NFPROTO_IPV6:
	case NFPROTO_ARP:
		return p->hs->pf;
	}
	switch (p->skb->protocol) {
	case htons(ETH_P_IP):
		return NFPROTO_IPV4;
	case htons(ETH_P_IPV6):
		return NFPROTO_IPV6;
	case htons(ETH_P_ARP):
		return NFPROTO_ARP;
	}
	return NFPROTO_UNSPEC;
}

/**
 * nflua_packet_parse() - find the packet's layers
 * @p: the packet; afterwards all its members are true
 */
void nflua_packet_parse(struct nflua_packet *p)
{
	const int noff = skb_network_offset(p->skb);

	p->data = skb_network_header(p->skb);
	p->len = p->skb->len - noff;
	p->linear = max_t(int, skb_headlen(p->skb) - noff, 0);
	p->l4proto = -1;
	p->l4off = 0;
	p->pf = network_family(p);
	if (p->pf == NFPROTO_IPV4)
		parse_ip(p);
	else if (p->pf == NFPROTO_IPV6)
		parse_ip6(p);
	p->parsed = true;
}

static __always_inline void need(struct nflua_packet *p)
{
	if (!p->parsed)
		nflua_packet_parse(p);
}

/* Is the header of a record there, as a whole? The packet is parsed. */
static __always_inline bool record_present(const struct nflua_packet *p,
					   unsigned int record)
{
	const struct nflua_header *h = nflua_header(record);

	if (h->pf && h->pf != p->pf)
		return false;
	if (h->proto && h->proto != p->l4proto)
		return false;
	return nflua_record_offset(p, record) + h->size <= p->len;
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

	need(p);
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
	default:
		return -1;
	}
	return off <= p->len ? off : -1;
}

static void set_string(lua_State *L, StkId val, const char *s)
{
	ptrdiff_t at = savestack(L, val);
	TString *ts = luaS_new(L, s);

	val = restorestack(L, at);
	setsvalue2s(L, val, ts);
}

static void get_len(lua_State *L, struct nflua_packet *p, StkId val)
{
	need(p);
	setivalue(s2v(val), p->len);
}

static void get_mark(lua_State *L, struct nflua_packet *p, StkId val)
{
	setivalue(s2v(val), p->skb->mark);
}

static void get_hook(lua_State *L, struct nflua_packet *p, StkId val)
{
	set_string(L, val, nflua_hook_word(p->hs->pf, p->hs->hook));
}

static void get_family(lua_State *L, struct nflua_packet *p, StkId val)
{
	set_string(L, val, nflua_family_word(p->hs->pf));
}

static void set_device(lua_State *L, StkId val, const struct net_device *dev)
{
	setnilvalue(s2v(val));
	if (dev)
		set_string(L, val, dev->name);
}

static void get_iifname(lua_State *L, struct nflua_packet *p, StkId val)
{
	set_device(L, val, p->hs->in);
}

static void get_oifname(lua_State *L, struct nflua_packet *p, StkId val)
{
	set_device(L, val, p->hs->out);
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
	need(p);
	return p;
}

const struct nflua_field nflua_packet_fields[] = {
	NFLUA_GET("len", get_len),
	NFLUA_GET("mark", get_mark),
	NFLUA_GET("hook", get_hook),
	NFLUA_GET("family", get_family),
	NFLUA_GET("iifname", get_iifname),
	NFLUA_GET("oifname", get_oifname),
	NFLUA_VIEW("ip", NFLUA_RECORD_IP),
	NFLUA_VIEW("ip6", NFLUA_RECORD_IP6),
	NFLUA_VIEW("tcp", NFLUA_RECORD_TCP),
	NFLUA_VIEW("udp", NFLUA_RECORD_UDP),
	NFLUA_VIEW("icmp", NFLUA_RECORD_ICMP),
	NFLUA_VIEW("icmp6", NFLUA_RECORD_ICMP6),
	NFLUA_GET("payload", get_payload),
};
const unsigned int nflua_packet_nfields = ARRAY_SIZE(nflua_packet_fields);

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

/* Tells whoever misspelled a field which there are. */
static noinline void no_field(lua_State *L, unsigned int record,
			      const TValue *key)
{
	const struct nflua_header *h = nflua_header(record);
	char names[160];
	unsigned int len;

	len = list_fields(names, 0, sizeof(names), h->fields, h->nfields);
	if (record == NFLUA_RECORD_PACKET)
		len = list_fields(names, len, sizeof(names),
				  nflua_packet_fields, nflua_packet_nfields);
	if (nflua_record_is_data(record))
		list_fields(names, len, sizeof(names), nflua_data_fields,
			    nflua_data_nfields);
	if (ttisstring(key))
		luaG_runerror(L, "%s has no field '%s' (it has: %s)", h->name,
			      getstr(tsvalue(key)), names);
	luaG_runerror(L, "%s has no field of type %s (it has: %s)", h->name,
		      luaT_objtypename(L, key), names);
}

static __always_inline void set_field(lua_State *L, const struct nflua_field *f,
				      const void *data, StkId val)
{
	u32 v;

	switch (f->bytes) {
	case 1:
		v = *(const u8 *)data;
		break;
	case 2:
		v = get_unaligned_be16(data);
		break;
	default:
		v = get_unaligned_be32(data);
		break;
	}
	v = v >> f->shift & f->mask;
	/* Lua's macros are blocks, which an else does not go with. */
	if (f->kind == NFLUA_FIELD_UINT) {
		setivalue(s2v(val), v);
		return;
	}
	setbfvalue(s2v(val));
	if (v)
		setbtvalue(s2v(val));
}

/* Fields that are rarer, or not in the packet's first piece. */
static noinline void read_field(lua_State *L, struct nflua_packet *p,
				u32 off, const struct nflua_field *f, StkId val)
{
	const void *data;
	u32 buf[4];

	data = nflua_packet_bytes(p, off, f->bytes, buf);
	setnilvalue(s2v(val));
	if (unlikely(!data))
		return;
	if (f->kind == NFLUA_FIELD_IP4)
		setpvalue(s2v(val),
			  nflua_address4(get_unaligned_be32(data), 32));
	if (f->kind == NFLUA_FIELD_IP6)
		nflua_address6_set(L, val, data);
	if (f->kind == NFLUA_FIELD_UINT || f->kind == NFLUA_FIELD_BOOL)
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
	need(p);
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
	u32 off;

	if (unlikely(v & NFLUA_LIGHT_PREFIX)) {
		if (nflua_light_is_object(v))
			nflua_map_index(L, key, val);
		else
			nflua_address_index(L, key, val);
		return;
	}
	if (unlikely(v >> NFLUA_LIGHT_RECORD_BITS != p->seq)) {
		if (nflua_light_is_data(v)) {
			nflua_protocol_index(L, v, key, val);
			return;
		}
		p = nflua_packet_find(st, v >> NFLUA_LIGHT_RECORD_BITS);
		if (!p)
			luaG_runerror(L, "%s", nflua_held_stale(st, v >> NFLUA_LIGHT_RECORD_BITS));
	}
	slot = ttisshrstring(key) ?
	       luaH_getshortstr(st->records[record], tsvalue(key)) : NULL;
	if (unlikely(!slot || isempty(slot))) {
		no_field(L, record, key);
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
		/* Whoever has a view of a header has parsed the packet. */
		off = nflua_record_offset(p, record) + f->offset;
		if (unlikely(off + f->bytes > p->linear))
			break;
		set_field(L, f, p->data + off, val);
		return;
	case NFLUA_FIELD_IP4:
		off = nflua_record_offset(p, record) + f->offset;
		if (unlikely(off + f->bytes > p->linear))
			break;
		setpvalue(s2v(val), nflua_address4(get_unaligned_be32(p->data + off), 32));
		return;
	case NFLUA_FIELD_VIEW:
		open_view(p, f->record, val);
		return;
	case NFLUA_FIELD_GET:
		f->get(L, p, val);
		return;
	}
	read_field(L, p, nflua_record_offset(p, record) + f->offset, f, val);
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
	u32 off;

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
		/* Whoever has a view of a header has parsed the packet. */
		off = nflua_record_offset(p, record) + f->offset;
		if (unlikely(off + f->bytes > p->linear))
			break;
		set_field(L, f, p->data + off, val);
		return;
	case NFLUA_FIELD_IP4:
		off = nflua_record_offset(p, record) + f->offset;
		if (unlikely(off + f->bytes > p->linear))
			break;
		setpvalue(s2v(val), nflua_address4(get_unaligned_be32(p->data + off), 32));
		return;
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

static int view_newindex(lua_State *L)
{
	if (nflua_light_is_object((uintptr_t)lua_touserdata(L, 1)))
		luaL_error(L, "a map has no fields to set (use its method set)");
	luaL_error(L, "a packet's field cannot be set");
	return 0;
}

static int view_len(lua_State *L)
{
	if (nflua_light_is_object((uintptr_t)lua_touserdata(L, 1)))
		return nflua_map_length(L);
	if (nflua_light_is_data((uintptr_t)lua_touserdata(L, 1)))
		return nflua_protocol_length(L);
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
	p = nflua_packet_check(L, &record);
	if (record == NFLUA_RECORD_PACKET)
		lua_pushfstring(L, "packet: %s %s, %d bytes",
				nflua_family_word(p->hs->pf),
				nflua_hook_word(p->hs->pf, p->hs->hook),
				(int)p->len);
	else
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
	{ "__newindex", view_newindex },
	{ "__pairs", nflua_map_pairs },
	{ "__tostring", view_tostring },
	{ "__lt", nflua_address_lt },
	{ "__le", nflua_address_le },
	{ NULL, NULL }
};

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
	unsigned int i;

	/* The records live in the registry, under this state's own key. */
	lua_createtable(L, __NFLUA_RECORD_MAX, 0);
	for (i = 0; i < __NFLUA_RECORD_MAX; i++) {
		const struct nflua_header *h = nflua_header(i);
		unsigned int n = h->nfields;

		if (i == NFLUA_RECORD_PACKET)
			n += nflua_packet_nfields + nflua_view_nfields +
			     nflua_held_nfields + nflua_skb_nfields;
		if (nflua_record_is_data(i))
			n += nflua_data_nfields;
		lua_createtable(L, 0, n);
		add_fields(L, h->fields, h->nfields);
		if (i == NFLUA_RECORD_PACKET)
			add_fields(L, nflua_packet_fields,
				   nflua_packet_nfields);
		if (i == NFLUA_RECORD_PACKET) {
			add_fields(L, nflua_view_fields, nflua_view_nfields);
			add_fields(L, nflua_held_fields, nflua_held_nfields);
			add_fields(L, nflua_skb_fields, nflua_skb_nfields);
		}
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
	lua_setmetatable(L, -2);
	lua_pop(L, 1);
	nflua_address_open(L);
	nflua_protocol_open(L);
	st->ext.index = nflua_packet_index;
	return 0;
}
