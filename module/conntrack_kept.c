// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections that a script keeps beyond the callback that met them, or that the
 * control state found. What Lua has is a handle, a userdata that owns a
 * reference and does all that the connection in a callback does.
 *
 * Who may touch a kept connection
 *
 *	Only who is in the state, which excludes all others: no lock, and no list
 *	beside the state's own. The reference goes with close(), when the handle
 *	is closed by a variable, when the collector finds the handle, and at the
 *	state's end.
 *
 * That is soon enough when a namespace dies, whose conntrack waits until its
 * last connection has gone: nflua needs nf_conntrack to be loaded, so netfilter's
 * part of a namespace is older than nflua's, and the kernel takes them down from
 * the youngest. net_exit() frees all states before.
 *
 * Context of all functions: in a callback or in a body, inside lua_pcall(), so
 * that they may raise; finalizers also at the state's end, when no connection is
 * kept any more.
 */
#include <linux/slab.h>
#include <net/netfilter/nf_conntrack.h>
#include "conntrack.h"
#include "held.h"
#include "library.h"
#include "script.h"
#include "state.h"
#include "lua/kernel/lua_internal.h"

/* What a connection is worth to the collector, which does not know its size. */
#define KEPT_DEBT	1024

/* Steps of the collector before a script is told that it keeps too many. */
#define KEPT_STEPS	16

static const char meta_key;

/**
 * nflua_kept_test() - the handle that a value is
 * @L: the running thread
 * @idx: index of any value, positive
 *
 * Return: NULL if it is none
 */
struct nflua_kept *nflua_kept_test(lua_State *L, int idx)
{
	const TValue *o = s2v(L->ci->func.p + idx);

	if (L->ci->func.p + idx >= L->top.p || !ttisfulluserdata(o) ||
	    uvalue(o)->metatable != nflua_state(L)->kept_methods)
		return NULL;
	return (struct nflua_kept *)getudatamem(uvalue(o));
}

/**
 * nflua_kept_find() - the kept connection of a sequence number
 * @st: the state
 * @seq: any number
 *
 * Return: NULL if there is none, or none any more
 */
struct nf_conn *nflua_kept_find(const struct nflua_state *st, u64 seq)
{
	const struct nflua_kept *kept;

	if (!st->keeping || !seq)
		return NULL;
	kept = st->keeping->slots[seq % NFLUA_KEPT_MAX];
	return kept && kept->seq == seq ? kept->ct : NULL;
}

static bool is_full(const struct nflua_state *st)
{
	return st->keeping && st->keeping->count >= NFLUA_KEPT_MAX;
}

/**
 * nflua_kept_new() - push a handle without a connection
 * @L: the running thread
 *
 * It is there before there is a reference that an error could lose. Finalizers
 * may run in this: who calls it looks for the connection afterwards.
 *
 * Return: the handle
 */
struct nflua_kept *nflua_kept_new(lua_State *L)
{
	struct nflua_state *st = nflua_state(L);
	struct nflua_kept *kept;
	unsigned int i;

	/* Those that were forgotten may be garbage by now. */
	for (i = 0; i < KEPT_STEPS && is_full(st); i++) {
		lua_gc(L, LUA_GCSTEP, 0);
		lua_burn(L, 1);
	}
	kept = lua_newuserdatauv(L, sizeof(*kept), 0);
	kept->seq = 0;
	kept->ct = NULL;
	lua_rawgetp(L, LUA_REGISTRYINDEX, &meta_key);
	/* Finalizers that ran have made too much: without its own it is of no use. */
	if (!lua_setmetatable(L, -2))
		luaM_error(L);
	luaE_setdebt(G(L), G(L)->GCdebt + KEPT_DEBT);
	return kept;
}

/**
 * nflua_kept_set() - give a connection to a handle
 * @L: the running thread
 * @kept: the handle, which has none
 * @ct: the connection; a reference to it is taken over on success
 *
 * Never raises.
 *
 * Return: 0; -ENOBUFS if the state keeps as many as it may; -ENOMEM; -EXDEV if
 * the connection is another namespace's
 */
int nflua_kept_set(lua_State *L, struct nflua_kept *kept, struct nf_conn *ct)
{
	struct nflua_state *st = nflua_state(L);
	struct nflua_keeping *keeping = st->keeping;
	u64 seq;

	if (!net_eq(nf_ct_net(ct), read_pnet(&st->gen->net)))
		return -EXDEV;
	if (st->released)
		return -ENOBUFS;
	if (!keeping) {
		keeping = kzalloc(sizeof(*keeping), nflua_state_gfp(st));
		if (!keeping)
			return -ENOMEM;
		/* nflua_describe_script() looks at it. */
		smp_store_release(&st->keeping, keeping);
	}
	if (is_full(st))
		return -ENOBUFS;
	do {
		seq = nflua_state_number(st);
	} while (keeping->slots[seq % NFLUA_KEPT_MAX]);
	kept->seq = seq;
	kept->ct = ct;
	keeping->slots[seq % NFLUA_KEPT_MAX] = kept;
	WRITE_ONCE(keeping->count, keeping->count + 1);
	return 0;
}

/**
 * nflua_kept_drop() - give the reference of a handle back
 * @st: the state
 * @kept: the handle; every view of its connection raises from now on. It may
 *	have none.
 */
void nflua_kept_drop(struct nflua_state *st, struct nflua_kept *kept)
{
	struct nflua_keeping *keeping = st->keeping;
	struct nf_conn *ct = kept->ct;

	if (!ct)
		return;
	keeping->slots[kept->seq % NFLUA_KEPT_MAX] = NULL;
	WRITE_ONCE(keeping->count, keeping->count - 1);
	kept->ct = NULL;
	nf_ct_put(ct);
}

/**
 * nflua_kept_release() - give back all references that a state has
 * @st: a state that nothing enters any more; its finalizers may still run, and
 *	get none
 *
 * Context: process, sleeps
 */
void nflua_kept_release(struct nflua_state *st)
{
	unsigned int i;

	st->released = true;
	for (i = 0; st->keeping && i < NFLUA_KEPT_MAX; i++)
		if (st->keeping->slots[i])
			nflua_kept_drop(st, st->keeping->slots[i]);
}

/**
 * nflua_kept_failure() - say why a connection could not be kept
 * @L: the running thread
 * @err: the error
 *
 * Return: number of results: nil, message, errno
 */
int nflua_kept_failure(lua_State *L, int err)
{
	const char *why = "not enough memory";

	if (err == -ENOBUFS)
		why = "too many connections kept";
	if (err == -EXDEV)
		why = "the connection belongs to another network namespace";
	if (err == -EAGAIN)
		why = "a frame's connection cannot be kept before it is confirmed";
	return nflua_library_failure(L, why, -err);
}

/* A bridge confirms a connection only if nobody else has it. */
static bool must_stay(struct nflua_state *st, const struct nflua_ct *c)
{
	const struct nflua_packet *p = nflua_packet_find(st, c->seq);

	return p && (p->hs->pf == NFPROTO_BRIDGE || nflua_packet_is_bridged(p->skb)) &&
	       nflua_packet_new_connection(p->skb) == c->ct;
}

/* ct:keep(): a handle of its own for the connection, good until it is closed */
int nflua_ct_keep(lua_State *L)
{
	struct nflua_kept *kept;
	struct nflua_ct c;
	int err;

	lua_settop(L, 1);
	kept = nflua_kept_new(L);
	nflua_ct_check(L, 1, &c);
	if (must_stay(nflua_state(L), &c))
		return nflua_kept_failure(L, -EAGAIN);
	nf_conntrack_get(&c.ct->ct_general);
	err = nflua_kept_set(L, kept, c.ct);
	if (!err)
		return 1;
	nf_ct_put(c.ct);
	return nflua_kept_failure(L, err);
}

/* kept:close(): give the reference back */
int nflua_ct_close(lua_State *L)
{
	struct nflua_kept *kept = nflua_kept_test(L, 1);
	struct nflua_ct c;

	if (!kept) {
		nflua_ct_check(L, 1, &c);
		luaL_error(L, "a connection that is not kept cannot be closed");
	}
	nflua_kept_drop(nflua_state(L), kept);
	return 0;
}

/* handle[key]: what the connection answers */
static int kept_index(lua_State *L)
{
	const struct nflua_kept *kept = nflua_kept_test(L, 1);

	lua_settop(L, 2);
	lua_pushlightuserdata(L, nflua_light_view(kept->seq, NFLUA_RECORD_CT));
	nflua_ct_index(L, (uintptr_t)pvalue(s2v(L->top.p - 1)),
		       s2v(L->top.p - 2), L->top.p - 1);
	return 1;
}

/* handle[key] = value: what the connection does with it */
static int kept_newindex(lua_State *L)
{
	const struct nflua_kept *kept = nflua_kept_test(L, 1);

	lua_settop(L, 3);
	lua_pushlightuserdata(L, nflua_light_view(kept->seq, NFLUA_RECORD_CT));
	lua_replace(L, 1);
	lua_settable(L, 1);
	return 0;
}

static int kept_tostring(lua_State *L)
{
	const struct nflua_kept *kept = nflua_kept_test(L, 1);

	return nflua_ct_tostring(L, (uintptr_t)nflua_light_view(kept->seq,
								NFLUA_RECORD_CT));
}

/* Handles of one connection are equal. */
static int kept_eq(lua_State *L)
{
	const struct nflua_kept *a = nflua_kept_test(L, 1);
	const struct nflua_kept *b = nflua_kept_test(L, 2);

	lua_pushboolean(L, a && b && a->ct && a->ct == b->ct);
	return 1;
}

/* also what the collector does */
static int kept_close(lua_State *L)
{
	nflua_kept_drop(nflua_state(L), nflua_kept_test(L, 1));
	return 0;
}

static const luaL_Reg kept_metamethods[] = {
	{ "__index", kept_index },
	{ "__newindex", kept_newindex },
	{ "__tostring", kept_tostring },
	{ "__eq", kept_eq },
	{ "__close", kept_close },
	{ "__gc", kept_close },
	{ NULL, NULL }
};

/**
 * nflua_kept_open() - make a state understand handles of connections
 * @L: a state that is being created
 *
 * Context: process, inside lua_pcall(); raises for lack of memory.
 */
void nflua_kept_open(lua_State *L)
{
	luaL_newlib(L, kept_metamethods);
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "__metatable");
	nflua_state(L)->kept_methods = (Table *)lua_topointer(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &meta_key);
}
