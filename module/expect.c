// SPDX-License-Identifier: GPL-2.0-only
/*
 * ct:expect(): connections that a helper expects, because its own connection has
 * announced them.
 *
 * The kernel keeps an expectation in a table and at its connection, where it ends
 * with the connection at the latest; what Lua has of it refers to nothing.
 *
 * How many may wait for a connection is the registration's in the kernel, which
 * is for all namespaces: that is as many as can be, and each script's own limit
 * is kept here. As the kernel does, the oldest makes room.
 *
 * Context of all functions: a helper's callback, with bottom halves off and in an
 * RCU read section, inside lua_pcall(); nothing raises between getting an
 * expectation and putting it.
 */
#include <linux/in.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/spinlock.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_expect.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include <net/netfilter/nf_nat_helper.h>
#include "address.h"
#include "conntrack.h"
#include "entry.h"
#include "helper.h"
#include "library.h"
#include "words.h"
#include "lua/kernel/lua_internal.h"

/* Ports that are tried when NAT needs another one, as nf_nat_ftp does. */
#define PORTS	128

/**
 * struct wish - what a script wants of ct:expect()
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @src: where it comes from
 * @src_mask: the bits of it that count; none: any
 * @dst: where it goes
 * @sport: port that it comes from
 * @sport_mask: the bits of it that count
 * @dport: port that it goes to
 * @nat_port: port that the announcing side listens on, 0: @dport
 * @proto: IPPROTO_*
 * @class: class of the expectation
 * @timeout: seconds
 * @flags: NF_CT_EXPECT_*
 * @nat: if the connection's addresses are translated, so are the expected one's
 * @helper: name of the expected connection's own helper, or empty
 */
struct wish {
	u8 family;
	union nf_inet_addr src;
	union nf_inet_addr src_mask;
	union nf_inet_addr dst;
	u16 sport;
	u16 sport_mask;
	u16 dport;
	u16 nat_port;
	u8 proto;
	u8 class;
	u32 timeout;
	u32 flags;
	bool nat;
	char helper[NFLUA_HELPER_NAME];
};

/**
 * struct expectation - what Lua has of one, a userdata
 * @exp: to be told from others; not to be looked into
 * @tuple: what is expected
 */
struct expectation {
	const void *exp;
	struct nf_conntrack_tuple tuple;
};

static const char expectation_type[] = "expectation";

static const struct nflua_word protocols[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
};

/* --- what the script says -------------------------------------------------- */

/* The address or prefix on top of the stack, or what it is as a string. */
static void take_address(lua_State *L, const char *field, u8 family,
			 union nf_inet_addr *addr, union nf_inet_addr *mask)
{
	int plen, i;
	u8 af;

	if (lua_type(L, -1) == LUA_TSTRING) {
		lua_pushcfunction(L, nflua_address_new);
		lua_insert(L, -2);
		if (lua_pcall(L, 1, 1, 0) != LUA_OK)
			luaL_error(L, "%s: %s", field, lua_tostring(L, -1));
	}
	plen = nflua_address_get(L, -1, &af, addr);
	if (plen < 0)
		luaL_error(L, "%s is a %s, not an address", field,
			   luaL_typename(L, -1));
	if (family != af)
		luaL_error(L, "%s is of IPv%d, the connection is not", field,
			   af == NFPROTO_IPV4 ? 4 : 6);
	if (!mask && plen != (family == NFPROTO_IPV4 ? 32 : 128))
		luaL_error(L, "%s is a prefix, not an address", field);
	if (!mask)
		return;
	memset(mask, 0, sizeof(*mask));
	for (i = 0; i < 4 && plen; i++) {
		mask->all[i] = (__force __u32)htonl(~0U << (32 - min(plen, 32)));
		plen -= min(plen, 32);
	}
}

static bool take_bool(lua_State *L, int spec, const char *field, bool def)
{
	bool yes = def;

	if (lua_getfield(L, spec, field) != LUA_TNIL) {
		if (!lua_isboolean(L, -1))
			luaL_error(L, "%s is a %s, not a boolean", field,
				   luaL_typename(L, -1));
		yes = lua_toboolean(L, -1);
	}
	lua_pop(L, 1);
	return yes;
}

/*
 * What is not said is as most protocols have it: the peer connects to the side
 * that the packet comes from, at the address that it knows of it.
 */
static void take_addresses(lua_State *L, int spec, const struct nf_conn *ct,
			   enum ip_conntrack_dir dir, struct wish *w)
{
	w->src = ct->tuplehash[!dir].tuple.src.u3;
	w->dst = ct->tuplehash[!dir].tuple.dst.u3;
	memset(&w->src_mask, 0, sizeof(w->src_mask));
	memset(&w->src_mask, 0xff, w->family == NFPROTO_IPV4 ? 4 : 16);
	if (lua_getfield(L, spec, "src") == LUA_TBOOLEAN &&
	    !lua_toboolean(L, -1)) {
		memset(&w->src, 0, sizeof(w->src));
		memset(&w->src_mask, 0, sizeof(w->src_mask));
	} else if (!lua_isnil(L, -1)) {
		take_address(L, "src", w->family, &w->src, &w->src_mask);
	}
	lua_pop(L, 1);
	if (lua_getfield(L, spec, "dst") != LUA_TNIL)
		take_address(L, "dst", w->family, &w->dst, NULL);
	lua_pop(L, 1);
}

static void take_wish(lua_State *L, int spec, const struct nf_conn *ct,
		      enum ip_conntrack_dir dir,
		      const struct nflua_helper_spec *helper, struct wish *w)
{
	static const char *const names[] = {
		"src",	 "dst",	    "sport",   "sport_mask", "dport",
		"proto", "class",   "timeout", "permanent",  "inactive",
		"helper", "nat",    "nat_port",
	};

	nflua_words_check(L, spec, "an expectation", names, ARRAY_SIZE(names), 0);
	w->family = nf_ct_l3num(ct);
	take_addresses(L, spec, ct, dir, w);
	w->proto = nflua_words_proto(L, spec, "expectation",
				     nf_ct_protonum(ct) == IPPROTO_TCP ? "tcp" :
									 "udp",
				     NFLUA_WORDS(protocols));
	w->sport = nflua_words_number(L, spec, "sport", 0, 1, U16_MAX, "");
	w->sport_mask = nflua_words_number(L, spec, "sport_mask",
					   w->sport ? U16_MAX : 0, 0, U16_MAX,
					   "");
	w->sport &= w->sport_mask;
	w->dport = nflua_words_number(L, spec, "dport", 0, 1, U16_MAX, "");
	if (!w->dport)
		luaL_error(L, "the expectation has no 'dport'");
	w->class = nflua_words_number(L, spec, "class", 0, 0,
				      NFLUA_HELPER_CLASSES - 1, "");
	if (!helper->max[w->class])
		luaL_error(L, "the helper has no class %d", w->class);
	w->timeout = nflua_words_number(L, spec, "timeout",
					helper->timeout[w->class], 1,
					NFLUA_EXPECT_TIMEOUT, "");
	w->flags = take_bool(L, spec, "permanent", false) ?
		   NF_CT_EXPECT_PERMANENT : 0;
	if (take_bool(L, spec, "inactive", false))
		w->flags |= NF_CT_EXPECT_INACTIVE;
	w->nat = take_bool(L, spec, "nat", true);
	w->nat_port = nflua_words_number(L, spec, "nat_port", 0, 1, U16_MAX,
					 "");
	w->helper[0] = '\0';
	if (lua_getfield(L, spec, "helper") != LUA_TNIL) {
		if (lua_type(L, -1) != LUA_TSTRING)
			luaL_error(L, "helper is a %s, not a name",
				   luaL_typename(L, -1));
		/* What a metamethod answered is not kept by any table. */
		if (strscpy(w->helper, lua_tostring(L, -1),
			    sizeof(w->helper)) < 1)
			luaL_error(L, "helper must be a name of 1 to %d bytes",
				   NFLUA_HELPER_NAME - 1);
	}
	lua_pop(L, 1);
}

/* --- what the kernel is told ----------------------------------------------- */

static void init_expect(struct nf_conntrack_expect *exp, const struct wish *w,
			struct nf_conntrack_helper *helper)
{
	const __be16 sport = htons(w->sport), dport = htons(w->dport);

	nf_ct_expect_init(exp, w->class, w->family, &w->src, &w->dst, w->proto,
			  &sport, &dport);
	exp->mask.src.u3 = w->src_mask;
	exp->mask.src.u.all = htons(w->sport_mask);
	exp->flags = w->flags;
	/* Some kernels have filled in the expecting one's own. */
	rcu_assign_pointer(exp->assign_helper, helper);
	nflua_expect_timeout(exp, w->timeout);
}

#if IS_ENABLED(CONFIG_NF_NAT)
/*
 * The way of the expected connection: against the packet, which its sender makes
 * to be connected to, unless it goes where the packet itself was sent to.
 */
static enum ip_conntrack_dir way_of(const struct nf_conn *ct,
				    const struct wish *w,
				    enum ip_conntrack_dir dir)
{
	const struct nf_conntrack_tuple_hash *hash = ct->tuplehash;

	return !nf_inet_addr_cmp(&w->dst, &hash[!dir].tuple.dst.u3) &&
	       nf_inet_addr_cmp(&w->dst, &hash[dir].tuple.dst.u3) ? dir : !dir;
}

static bool prepare_nat(struct nf_conntrack_expect *exp, const struct wish *w,
			enum ip_conntrack_dir dir)
{
	if (!w->nat || !(exp->master->status & IPS_NAT_MASK))
		return false;
	exp->dir = way_of(exp->master, w, dir);
	exp->saved_proto.all = htons(w->nat_port ?: w->dport);
	exp->expectfn = nf_nat_follow_master;
	/* Nobody is told another port by him who connects. */
	return !w->nat_port && exp->dir != dir;
}
#else
static bool prepare_nat(struct nf_conntrack_expect *exp, const struct wish *w,
			enum ip_conntrack_dir dir)
{
	return false;
}
#endif

/*
 * Another port where this one is taken, for the side that NAT hides may announce
 * one that another has, too.
 */
static int insert(struct nf_conntrack_expect *exp, const struct wish *w,
		  bool search)
{
	unsigned int left = min_t(u32, U16_MAX - w->dport, PORTS);
	u16 port;
	int err;

	err = nf_ct_expect_related(exp, 0);
	if (!search)
		return err;
	while (err == -EBUSY && left--) {
		port = w->dport + 1 +
		       reciprocal_scale(get_random_u32(), U16_MAX - w->dport);
		exp->tuple.dst.u.all = htons(port);
		err = nf_ct_expect_related(exp, 0);
	}
	return err == -EBUSY ? -EADDRINUSE : err;
}

/* Lets the oldest of a connection's expectations go if there are too many. */
static void make_room(struct nf_conn *ct, u8 class, unsigned int max)
{
	struct nf_conntrack_expect *exp, *oldest;
	struct hlist_node *next;
	struct nf_conn_help *help;
	unsigned int n;

	spin_lock_bh(&nf_conntrack_expect_lock);
	do {
		/* It can be gone: helpers of others were unregistered meanwhile. */
		help = nfct_help(ct);
		if (!help)
			break;
		oldest = NULL;
		n = 0;
		/* New ones are put in front. */
		hlist_for_each_entry_safe(exp, next, &help->expectations, lnode) {
			if (exp->class != class)
				continue;
			if (nf_ct_exp_is_expired(exp)) {
				nflua_expect_remove(exp);
				continue;
			}
			oldest = exp;
			n++;
		}
	} while (n > max && nflua_expect_remove(oldest) && n > max + 1);
	spin_unlock_bh(&nf_conntrack_expect_lock);
}

/* Return: 0 with @e filled in, or an error */
static int expect(struct nf_conn *ct, const struct wish *w,
		  enum ip_conntrack_dir dir, unsigned int max,
		  struct expectation *e)
{
	struct nf_conntrack_helper *helper = NULL;
	struct nf_conntrack_expect *exp;
	bool search;
	int err;

	if (w->helper[0]) {
		helper = __nf_conntrack_helper_find(w->helper, w->family,
						    w->proto);
		if (!helper)
			return -ENOENT;
	}
	exp = nf_ct_expect_alloc(ct);
	if (!exp)
		return -ENOMEM;
	init_expect(exp, w, helper);
	search = prepare_nat(exp, w, dir);
	err = insert(exp, w, search);
	if (!err) {
		nflua_expect_timeout_now(exp, w->timeout);
		e->exp = exp;
		e->tuple = exp->tuple;
	}
	nf_ct_expect_put(exp);
	if (!err)
		make_room(ct, w->class, max);
	return err;
}

static int failed(lua_State *L, int err)
{
	const char *why = "netfilter refused it";

	switch (err) {
	case -ENOENT:
		why = "there is no helper of this name for such connections";
		break;
	case -ENOMEM:
		why = "not enough memory";
		break;
	case -EBUSY:
		why = "another connection expects the same";
		break;
	case -EALREADY:
		why = "the same is expected, in another class or by another connection";
		break;
	case -EADDRINUSE:
		why = "all ports that were tried are taken";
		break;
	case -EMFILE:
		why = "the kernel's table of expectations is full";
		break;
	case -ESHUTDOWN:
		why = "the connection has no helper any more";
		break;
	}
	return nflua_library_failure(L, why, -err);
}

/* --- what Lua has of it ---------------------------------------------------- */

/*
 * e:cancel(): expect it no more. true, or false if it does not wait any more: it
 * came, its time is up, or a newer one took its place. Context: a helper's
 * callback for a packet of the connection that expects it; for another it is
 * false
 */
static int expect_cancel(lua_State *L)
{
	const struct expectation *e = luaL_checkudata(L, 1, expectation_type);
	struct nflua_state *st = nflua_state(L);
	struct nf_conntrack_expect *exp;
	enum ip_conntrack_info info;
	struct nf_conn_help *help;
	struct hlist_node *next;
	struct nf_conn *ct;
	bool was = false;

	if (!nflua_helper_now(st))
		luaL_error(L, "only a helper may cancel an expectation, in its callback");
	ct = nf_ct_get(st->packet.skb, &info);
	spin_lock_bh(&nf_conntrack_expect_lock);
	help = ct ? nfct_help(ct) : NULL;
	if (!help)
		goto unlock;
	hlist_for_each_entry_safe(exp, next, &help->expectations, lnode) {
		if (exp != e->exp || !nf_ct_tuple_equal(&exp->tuple, &e->tuple))
			continue;
		was = !nf_ct_exp_is_expired(exp);
		was &= nflua_expect_remove(exp);
		break;
	}
unlock:
	spin_unlock_bh(&nf_conntrack_expect_lock);
	lua_pushboolean(L, was);
	return 1;
}

/* e.dport: the port that is expected, which NAT may have chosen */
static int expect_index(lua_State *L)
{
	const struct expectation *e = luaL_checkudata(L, 1, expectation_type);
	const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) :
							  luaL_typename(L, 2);

	if (!strcmp(key, "dport"))
		lua_pushinteger(L, ntohs(e->tuple.dst.u.all));
	else if (!strcmp(key, "cancel"))
		lua_pushcfunction(L, expect_cancel);
	else
		luaL_error(L, "expectation has no field '%s' (it has: dport cancel)",
			   key);
	return 1;
}

static const luaL_Reg metamethods[] = {
	{ "__index", expect_index },
	{ NULL, NULL }
};

static struct expectation *push_expectation(lua_State *L)
{
	struct expectation *e = lua_newuserdatauv(L, sizeof(*e), 0);

	memset(e, 0, sizeof(*e));
	if (luaL_newmetatable(L, expectation_type)) {
		luaL_setfuncs(L, metamethods, 0);
		lua_pushboolean(L, false);
		lua_setfield(L, -2, "__metatable");
	}
	lua_setmetatable(L, -2);
	return e;
}

/**
 * nflua_expect() - ct:expect{ src =, dst =, sport =, sport_mask =, dport =,
 *	proto =, class =, timeout =, permanent =, inactive =, helper =, nat =,
 *	nat_port = }
 * @L: the running thread
 *
 * Of the connection that is expected only dport must be given. It comes from src,
 * an address or prefix, default the peer of the packet's sender, false any; it
 * goes to dst, default the address at which the peer knows the sender. If NAT
 * translates the helper's connection, the expected one follows it, and goes to
 * another port if this one is taken; with nat_port it goes to dport as it is, and
 * on to nat_port. timeout is in seconds.
 *
 * Rests on nf_ct_expect_related() and nf_nat_follow_master(). Context: a helper's
 * callback, for its own connection
 *
 * Return: 1, the expectation, with its dport; or 3: nil, message, errno
 */
int nflua_expect(lua_State *L)
{
	struct nflua_state *st = nflua_state(L);
	const struct nflua_helper_spec *helper = nflua_helper_now(st);
	enum ip_conntrack_info info = IP_CT_NEW;
	struct expectation *e;
	struct nf_conn *ct;
	struct nflua_ct c;
	struct wish w;
	int err;

	nflua_ct_check(L, 1, &c);
	luaL_checktype(L, 2, LUA_TTABLE);
	lua_settop(L, 2);
	ct = helper ? nf_ct_get(st->packet.skb, &info) : NULL;
	if (!ct || ct != c.ct)
		luaL_error(L, "only a helper may expect connections, in its callback, for its own one");
	take_wish(L, 2, ct, CTINFO2DIR(info), helper, &w);
	e = push_expectation(L);
	err = nfct_help(ct) ? expect(ct, &w, CTINFO2DIR(info),
				     helper->max[w.class], e) : -ESHUTDOWN;
	return err ? failed(L, err) : 1;
}
