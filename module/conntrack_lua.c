// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Lua module "conntrack": the connection of a packet, one connection of the
 * table, and all of them.
 *
 * The table is walked bucket by bucket. What a bucket has is collected under its
 * lock, with a reference to each; the handles that Lua gets are made afterwards,
 * where memory may be had and errors raised. The references of a bucket belong to
 * the walk, an object that is closed with the loop.
 *
 * Context: conntrack.get() is for callbacks; all else runs in control states, in
 * process context. All inside lua_pcall(), so that they may raise.
 */
#include <linux/in.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/list_nulls.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_zones.h>
#include "address.h"
#include "conntrack.h"
#include "conntrack_spec.h"
#include "library.h"
#include "script.h"
#include "state.h"
#include "words.h"
#include "lua/kernel/lua_internal.h"

/* What conntrack_spec.c says without the kernel's header. */
static_assert(IP_CT_RELATED == 1);
static_assert(IP_CT_NEW == 2);
static_assert(IP_CT_IS_REPLY == 3);
static_assert(IP_CT_RELATED_REPLY == 4);
static_assert(IP_CT_NUMBER == 5);
static_assert(IP_CT_UNTRACKED == 7);

/* Buckets between two looks at the fuel. */
#define WALK_BUCKETS	64

static const char walk_key;

/* conntrack.get(pkt): nf_ct_get() */
int nflua_conntrack_get(lua_State *L)
{
	struct nflua_packet *p = nflua_packet_check_whole(L);
	enum ip_conntrack_info info;
	struct nflua_ct c;

	if (nflua_ct_of(p, &c)) {
		lua_pushlightuserdata(L, nflua_light_view(c.seq,
							  NFLUA_RECORD_CT));
		lua_pushinteger(L, c.info);
		return 2;
	}
	lua_pushnil(L);
	/* One that is not seen yet has 0 there, which would mean ESTABLISHED. */
	if (nf_ct_get(p->skb, &info) || info != IP_CT_UNTRACKED)
		return 1;
	lua_pushinteger(L, info);
	return 2;
}

/**
 * struct query - what connections are meant
 * @family: AF_*, 0 for both
 * @proto: IPPROTO_*, -1 for all
 * @src: with @slen: where packets of it come from
 * @dst: with @dlen: where they go to
 * @slen: length of the prefix, -1 for any
 * @dlen: the same
 * @sport: port, -1 for any
 * @dport: the same
 * @type: of ICMP, -1 for any
 * @code: the same
 * @id: the same
 * @zone: -1 for any
 */
struct query {
	union nf_inet_addr src;
	union nf_inet_addr dst;
	int family;
	int proto;
	int slen;
	int dlen;
	int sport;
	int dport;
	int type;
	int code;
	int id;
	int zone;
};

static const char *const query_names[] = {
	"family", "proto", "src", "dst", "sport", "dport", "type", "code",
	"id", "zone",
};

/* Argument 1 is a table of nothing else. */
static void check_names(lua_State *L, const char *function)
{
	unsigned int i;

	lua_pushnil(L);
	while (lua_next(L, 1)) {
		lua_pop(L, 1);
		for (i = 0; i < ARRAY_SIZE(query_names); i++)
			if (lua_type(L, -1) == LUA_TSTRING &&
			    !strcmp(lua_tostring(L, -1), query_names[i]))
				break;
		if (i == ARRAY_SIZE(query_names))
			luaL_error(L, "%s does not take '%s' (it takes: family proto src dst sport dport type code id zone)",
				   function, luaL_tolstring(L, -1, NULL));
	}
}

static int get_number(lua_State *L, const char *name, int max)
{
	int n = -1;

	if (lua_getfield(L, 1, name) != LUA_TNIL) {
		if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 0 ||
		    lua_tointeger(L, -1) > max)
			luaL_error(L, "%s is a number from 0 to %d", name, max);
		n = lua_tointeger(L, -1);
	}
	lua_pop(L, 1);
	return n;
}

static int get_proto(lua_State *L)
{
	const struct nflua_word *word;
	const char *name;

	if (lua_getfield(L, 1, "proto") != LUA_TSTRING) {
		lua_pop(L, 1);
		return get_number(L, "proto", 255);
	}
	name = lua_tostring(L, -1);
	word = nflua_words_find(nflua_ct_protos, name, strlen(name));
	if (!word)
		luaL_error(L, "proto is a number, or tcp, udp, icmp, icmp6, sctp or gre, not '%s'",
			   name);
	lua_pop(L, 1);
	return word->value;
}

/* An address, also as a string. Return: length of its prefix, -1 for none */
static int get_address(lua_State *L, const char *name, int *family,
		       union nf_inet_addr *addr)
{
	int plen;
	u8 af;

	lua_pushcfunction(L, nflua_address_new);
	if (lua_getfield(L, 1, name) == LUA_TNIL) {
		lua_pop(L, 2);
		return -1;
	}
	lua_call(L, 1, 1);
	plen = nflua_address_get(L, -1, &af, addr);
	if (*family && *family != af)
		luaL_error(L, "%s is an address of another family", name);
	*family = af;
	lua_pop(L, 1);
	return plen;
}

static int get_family(lua_State *L)
{
	static const char *const words[] = { "ipv4", "ipv6" };
	const char *word;
	int family = 0;

	if (lua_getfield(L, 1, "family") != LUA_TNIL) {
		word = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
		if (strcmp(word, words[0]) && strcmp(word, words[1]))
			luaL_error(L, "family is \"ipv4\" or \"ipv6\"");
		family = strcmp(word, words[0]) ? AF_INET6 : AF_INET;
	}
	lua_pop(L, 1);
	return family;
}

/* Argument 1 may be nothing, and then means all. */
static void get_query(lua_State *L, const char *function, struct query *q)
{
	if (lua_isnoneornil(L, 1)) {
		lua_settop(L, 0);
		lua_newtable(L);
	}
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	check_names(L, function);
	memset(q, 0, sizeof(*q));
	q->family = get_family(L);
	q->slen = get_address(L, "src", &q->family, &q->src);
	q->dlen = get_address(L, "dst", &q->family, &q->dst);
	q->proto = get_proto(L);
	q->sport = get_number(L, "sport", U16_MAX);
	q->dport = get_number(L, "dport", U16_MAX);
	q->type = get_number(L, "type", U8_MAX);
	q->code = get_number(L, "code", U8_MAX);
	q->id = get_number(L, "id", U16_MAX);
	q->zone = get_number(L, "zone", U16_MAX);
	if ((q->type >= 0 || q->code >= 0 || q->id >= 0) &&
	    q->proto != IPPROTO_ICMP && q->proto != IPPROTO_ICMPV6)
		luaL_error(L, "type, code and id are of proto icmp and icmp6");
	if ((q->sport >= 0 || q->dport >= 0) &&
	    (q->proto == IPPROTO_ICMP || q->proto == IPPROTO_ICMPV6))
		luaL_error(L, "icmp and icmp6 have no ports");
}

/* Exactly one tuple is looked up: all of it must be known. */
static void make_tuple(lua_State *L, const struct query *q,
		       struct nf_conntrack_tuple *t)
{
	const int full = q->family == AF_INET ? 32 : 128;

	if (q->slen < 0 || q->dlen < 0 || q->proto < 0)
		luaL_error(L, "conntrack.find needs proto, src and dst");
	if (q->slen != full || q->dlen != full)
		luaL_error(L, "conntrack.find takes addresses, not prefixes");
	memset(t, 0, sizeof(*t));
	t->src.l3num = q->family;
	t->src.u3 = q->src;
	t->dst.u3 = q->dst;
	t->dst.protonum = q->proto;
	if (q->proto == IPPROTO_ICMP || q->proto == IPPROTO_ICMPV6) {
		if (q->type < 0 || q->id < 0)
			luaL_error(L, "conntrack.find needs type and id of icmp and icmp6");
		t->src.u.icmp.id = htons(q->id);
		t->dst.u.icmp.type = q->type;
		t->dst.u.icmp.code = max(q->code, 0);
		return;
	}
	if ((q->proto == IPPROTO_TCP || q->proto == IPPROTO_UDP ||
	     q->proto == IPPROTO_SCTP) && (q->sport < 0 || q->dport < 0))
		luaL_error(L, "conntrack.find needs sport and dport");
	t->src.u.all = htons(max(q->sport, 0));
	t->dst.u.all = htons(max(q->dport, 0));
}

static int kept_failure(lua_State *L, int err)
{
	return nflua_library_failure(L, err == -ENOBUFS ?
				     "too many connections kept" :
				     "not enough memory", -err);
}

/*
 * conntrack.find{ family =, proto =, src =, dst =, sport =, dport =, type =,
 * code =, id =, zone = }: the connection whose packets of one direction are
 * that, and which direction; nil if there is none
 */
int nflua_conntrack_find(lua_State *L)
{
	struct net *net = read_pnet(&nflua_state(L)->gen->net);
	struct nf_conntrack_tuple_hash *h;
	struct nf_conntrack_tuple t;
	struct nf_conntrack_zone zone;
	struct nflua_kept *kept;
	struct nf_conn *ct;
	struct query q;
	bool reply;
	int err;

	luaL_checktype(L, 1, LUA_TTABLE);
	get_query(L, "conntrack.find", &q);
	make_tuple(L, &q, &t);
	nf_ct_zone_init(&zone, max(q.zone, 0), NF_CT_DEFAULT_ZONE_DIR, 0);
	kept = nflua_kept_new(L);
	h = nf_conntrack_find_get(net, &zone, &t);
	if (!h) {
		lua_pushnil(L);
		return 1;
	}
	ct = nf_ct_tuplehash_to_ctrack(h);
	reply = NF_CT_DIRECTION(h) == IP_CT_DIR_REPLY;
	err = nflua_kept_set(L, kept, ct);
	if (err) {
		nf_ct_put(ct);
		return kept_failure(L, err);
	}
	lua_pushstring(L, reply ? "reply" : "original");
	return 2;
}

/**
 * struct walk - a walk through the table, a userdata; its user value is the
 *	handle of the turn that runs
 * @query: what connections are meant
 * @bucket: the next to look at
 * @batch: references to the connections of the last bucket
 * @room: how many may be in @batch
 * @n: how many are
 * @next: the first whose turn it is not yet
 * @done: the collector has found it: a finalizer may have it all the same, but
 *	nothing would give a batch back
 */
struct walk {
	struct query query;
	unsigned int bucket;
	struct nf_conn **batch;
	unsigned int room;
	unsigned int n;
	unsigned int next;
	bool done;
};

static bool in_prefix(int family, const union nf_inet_addr *addr,
		      const union nf_inet_addr *prefix, int plen)
{
	if (plen <= 0)
		return true;
	if (family == AF_INET)
		return !((ntohl(addr->ip) ^ ntohl(prefix->ip)) >> (32 - plen));
	return ipv6_prefix_equal(&addr->in6, &prefix->in6, plen);
}

static bool is_meant(const struct query *q, const struct nf_conn *ct)
{
	const struct nf_conntrack_tuple *t = nf_ct_tuple(ct,
							 IP_CT_DIR_ORIGINAL);

	if (q->family && t->src.l3num != q->family)
		return false;
	if (q->proto >= 0 && t->dst.protonum != q->proto)
		return false;
	if (q->sport >= 0 && ntohs(t->src.u.all) != q->sport)
		return false;
	if (q->dport >= 0 && ntohs(t->dst.u.all) != q->dport)
		return false;
	if (q->type >= 0 && t->dst.u.icmp.type != q->type)
		return false;
	if (q->code >= 0 && t->dst.u.icmp.code != q->code)
		return false;
	if (q->id >= 0 && ntohs(t->src.u.icmp.id) != q->id)
		return false;
	if (q->zone >= 0 && nf_ct_zone(ct)->id != q->zone)
		return false;
	return in_prefix(t->src.l3num, &t->src.u3, &q->src, q->slen) &&
	       in_prefix(t->src.l3num, &t->dst.u3, &q->dst, q->dlen);
}

static bool is_alive(const struct net *net, const struct nf_conn *ct)
{
	return net_eq(net, nf_ct_net(ct)) && nf_ct_is_confirmed(ct) &&
	       !nf_ct_is_dying(ct) && !nf_ct_is_expired(ct);
}

/* What waits in a batch is kept by the state, as a handle's connection is. */
static void count_walked(lua_State *L, int n)
{
	struct nflua_state *st = nflua_state(L);

	WRITE_ONCE(st->walked, st->walked + n);
}

static void put_batch(lua_State *L, struct walk *w)
{
	count_walked(L, (int)w->next - (int)w->n);
	while (w->next < w->n)
		nf_ct_put(w->batch[w->next++]);
	w->n = 0;
	w->next = 0;
}

/*
 * Takes references to what the next bucket has, as many as there is room for. The
 * lock is the bucket's own, as ctnetlink takes it to dump the table, which gets
 * no other size meanwhile.
 *
 * Return: how many there are, -1 behind the last bucket
 */
static int collect(struct walk *w, const struct net *net)
{
	spinlock_t *lock = &nf_conntrack_locks[w->bucket % CONNTRACK_LOCKS];
	struct nf_conntrack_tuple_hash *h;
	struct hlist_nulls_node *node;
	struct nf_conn *ct;
	int found = 0;

	local_bh_disable();
	nf_conntrack_lock(lock);
	__acquire(lock); /* which the kernel's header does not tell sparse */
	if (w->bucket >= nf_conntrack_htable_size) {
		found = -1;
		goto unlock;
	}
	hlist_nulls_for_each_entry(h, node, &nf_conntrack_hash[w->bucket],
				   hnnode) {
		if (NF_CT_DIRECTION(h) != IP_CT_DIR_ORIGINAL)
			continue;
		ct = nf_ct_tuplehash_to_ctrack(h);
		if (!is_alive(net, ct) || !is_meant(&w->query, ct))
			continue;
		if (found++ >= w->room)
			continue;
		nf_conntrack_get(&ct->ct_general);
		w->batch[w->n++] = ct;
	}
unlock:
	spin_unlock(lock);
	local_bh_enable();
	return found;
}

/* Raises for want of memory. The batch is empty. */
static void make_room(lua_State *L, struct walk *w, unsigned int room)
{
	struct nf_conn **batch = kvmalloc_array(room, sizeof(*batch),
						GFP_KERNEL_ACCOUNT);

	if (!batch)
		luaM_error(L);
	kvfree(w->batch);
	w->batch = batch;
	w->room = room;
}

/*
 * Fills the batch from the next bucket that has any. What a finalizer collects
 * at the state's end nothing would give back. Return: false at the end
 */
static bool fill(lua_State *L, struct walk *w)
{
	const struct nflua_state *st = nflua_state(L);
	const struct net *net = read_pnet(&st->gen->net);
	int found;

	if (st->released || w->done)
		return false;
	for (;;) {
		found = collect(w, net);
		if (found < 0)
			return false;
		count_walked(L, w->n);
		if (found > w->room) {
			put_batch(L, w);
			make_room(L, w, found + found / 2);
			continue;
		}
		w->bucket++;
		if (w->n)
			return true;
		cond_resched();
		if (w->bucket % WALK_BUCKETS == 0)
			lua_burn(L, WALK_BUCKETS / 4);
	}
}

/* The handle of the last turn is closed; ct:keep() has made another. */
static void end_turn(lua_State *L, int idx)
{
	struct nflua_kept *kept;

	lua_getiuservalue(L, idx, 1);
	kept = nflua_kept_test(L, lua_gettop(L));
	if (kept)
		nflua_kept_drop(nflua_state(L), kept);
	lua_pop(L, 1);
}

static int walk_next(lua_State *L)
{
	struct walk *w = lua_touserdata(L, lua_upvalueindex(1));
	struct nflua_kept *kept;
	int err;

	lua_settop(L, 0);
	lua_pushvalue(L, lua_upvalueindex(1));
	end_turn(L, 1);
	do {
		if (w->next == w->n) {
			w->n = 0;
			w->next = 0;
			if (!fill(L, w))
				return 0;
		}
		kept = nflua_kept_new(L);
		/* A finalizer may have walked on. */
	} while (w->next == w->n);
	err = nflua_kept_set(L, kept, w->batch[w->next]);
	if (err)
		return luaL_error(L, "%s", err == -ENOBUFS ?
				  "too many connections kept" :
				  "not enough memory");
	w->next++;
	count_walked(L, -1);
	lua_pushvalue(L, -1);
	lua_setiuservalue(L, 1, 1);
	return 1;
}

static int walk_close(lua_State *L)
{
	end_turn(L, 1);
	put_batch(L, lua_touserdata(L, 1));
	return 0;
}

static int walk_gc(lua_State *L)
{
	struct walk *w = lua_touserdata(L, 1);

	put_batch(L, w);
	kvfree(w->batch);
	w->batch = NULL;
	w->room = 0;
	w->done = true;
	return 0;
}

static const luaL_Reg walk_metamethods[] = {
	{ "__close", walk_close },
	{ "__gc", walk_gc },
	{ NULL, NULL }
};

/* Pushes a walk that has not begun. */
static struct walk *push_walk(lua_State *L)
{
	struct walk *w = lua_newuserdatauv(L, sizeof(*w), 1);

	memset(w, 0, sizeof(*w));
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &walk_key) == LUA_TNIL) {
		lua_pop(L, 1);
		luaL_newlib(L, walk_metamethods);
		lua_pushboolean(L, false);
		lua_setfield(L, -2, "__metatable");
		lua_pushvalue(L, -1);
		lua_rawsetp(L, LUA_REGISTRYINDEX, &walk_key);
	}
	lua_setmetatable(L, -2);
	return w;
}

/*
 * for ct in conntrack.each{ family =, proto =, src =, dst =, sport =, dport =,
 * type =, code =, id =, zone = } do ... end: all connections whose original
 * direction is that. A handle is good for its turn.
 */
int nflua_conntrack_each(lua_State *L)
{
	struct query q;
	struct walk *w;

	get_query(L, "conntrack.each", &q);
	w = push_walk(L);
	w->query = q;
	lua_pushvalue(L, -1);
	lua_pushcclosure(L, walk_next, 1);
	/* the function, its two arguments, what is closed with the loop */
	lua_pushnil(L);
	lua_pushnil(L);
	lua_pushvalue(L, -4);
	return 4;
}
