// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handles: what Lua has of a packet that it holds. A handle is a userdata with
 * the packet's sequence number, which does all that the packet in a callback
 * does; views of it are light userdata as ever (see packet.h). The packet goes
 * with close(), when the handle is closed by a variable, or when the collector
 * finds the handle.
 *
 * Context of all functions: in a callback, inside lua_pcall(), so that they may
 * raise; finalizers also at the state's end, when no packet is held any more.
 */
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/skbuff.h>
#include "entry.h"
#include "header.h"
#include "held.h"
#include "library.h"
#include "run.h"
#include "skb.h"
#include "state.h"
#include "lua/kernel/lua_internal.h"

/* What a packet is worth to the collector, which does not know its size. */
#define HELD_DEBT	1024

/* Steps of the collector before a script is told that it holds too many. */
#define HELD_STEPS	16

/* room for headers in front of a copy and behind it */
#define EXPAND_MAX	4096

static const char meta_key;

/**
 * nflua_held_test() - the sequence number of a handle
 * @L: the running thread
 * @idx: index of any value
 *
 * Return: 0 if it is no handle
 */
u64 nflua_held_test(lua_State *L, int idx)
{
	const TValue *o = s2v(L->ci->func.p + idx);

	if (L->ci->func.p + idx >= L->top.p || !ttisfulluserdata(o) ||
	    uvalue(o)->metatable != nflua_state(L)->held_methods)
		return 0;
	return *(const u64 *)getudatamem(uvalue(o));
}

static int push_failure(lua_State *L, int err)
{
	static const struct {
		int err;
		const char *why;
	} failures[] = {
		{ -ENOBUFS, "too many packets held" },
		{ -ENETDOWN, "the packet's device or namespace goes" },
		{ -EOPNOTSUPP, "the packet crosses a bridge (br_netfilter)" },
		{ -ENOMEM, "not enough memory" },
	};
	unsigned int i = 0;

	while (i < ARRAY_SIZE(failures) - 1 && failures[i].err != err)
		i++;
	return nflua_library_failure(L, failures[i].why, -failures[i].err);
}

static bool is_full(const struct nflua_state *st)
{
	return st->holding && READ_ONCE(st->holding->count) >= NFLUA_HELD_MAX;
}

/*
 * Pushes a handle without a packet, before there is a packet that an error
 * could lose. Finalizers may run in this: who calls it looks for its packet
 * afterwards.
 */
static u64 *push_handle(lua_State *L)
{
	struct nflua_state *st = nflua_state(L);
	unsigned int i;
	u64 *seq;

	/* Packets that were forgotten may be garbage by now. */
	for (i = 0; i < HELD_STEPS && is_full(st); i++) {
		lua_gc(L, LUA_GCSTEP, 0);
		lua_burn(L, 1);
	}
	seq = lua_newuserdatauv(L, sizeof(*seq), 0);
	*seq = 0;
	lua_rawgetp(L, LUA_REGISTRYINDEX, &meta_key);
	/* Finalizers that ran have made too much: without its own it is of no use. */
	if (!lua_setmetatable(L, -2))
		luaM_error(L);
	luaE_setdebt(G(L), G(L)->GCdebt + HELD_DEBT);
	return seq;
}

/* What a copy must not share with the packet that goes on. */
static void part(struct sk_buff *skb)
{
	/* Only one packet can confirm a connection. */
	if (nflua_packet_new_connection(skb))
		nf_reset_ct(skb);
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	br_drop_fake_rtable(skb);
	skb_ext_del(skb, SKB_EXT_BRIDGE_NF);
#endif
}

/* Holds a copy of a packet, for the handle on top of the stack. */
static int hold_copy(lua_State *L, const struct nflua_packet *p,
		     struct sk_buff *skb, u64 *seq)
{
	struct nflua_held *held;

	if (!skb)
		return push_failure(L, -ENOMEM);
	part(skb);
	held = nflua_held_add(nflua_state(L), p, skb);
	if (IS_ERR(held)) {
		kfree_skb(skb);
		return push_failure(L, PTR_ERR(held));
	}
	/* It was for the bridge alone to say where the packet goes on. */
	if (nflua_packet_is_bridged(p->skb)) {
		held->hs.okfn = NULL;
		held->frame = true;
	}
	*seq = held->packet.seq;
	return 1;
}

/* pkt:clone(): a packet of its own that shares its bytes; skb_clone() */
static int packet_clone(lua_State *L)
{
	u64 *seq = push_handle(L);
	struct nflua_packet *p = nflua_packet_check_whole(L);

	return hold_copy(L, p, skb_clone(p->skb, GFP_ATOMIC | __GFP_NOWARN),
			 seq);
}

/* pkt:copy(): a packet of its own, in one piece; skb_copy() */
static int packet_copy(lua_State *L)
{
	u64 *seq = push_handle(L);
	struct nflua_packet *p = nflua_packet_check_whole(L);

	lua_burn(L, p->len >> 6);
	if (nflua_skb_is_chain(p->skb))
		return nflua_skb_failure(L, -EOPNOTSUPP);
	return hold_copy(L, p, skb_copy(p->skb, GFP_ATOMIC | __GFP_NOWARN),
			 seq);
}

static u32 check_room(lua_State *L, int arg)
{
	lua_Integer n = luaL_checkinteger(L, arg);

	luaL_argcheck(L, n >= 0 && n <= EXPAND_MAX, arg,
		      "room is 0 to 4096 bytes");
	return n;
}

/*
 * pkt:copy_expand(head, tail): the same with room for so many bytes in front of
 * it and behind it; skb_copy_expand()
 */
static int packet_copy_expand(lua_State *L)
{
	const u32 head = check_room(L, 2);
	const u32 tail = check_room(L, 3);
	u64 *seq = push_handle(L);
	struct nflua_packet *p = nflua_packet_check_whole(L);

	lua_burn(L, p->len >> 6);
	if (nflua_skb_is_chain(p->skb))
		return nflua_skb_failure(L, -EOPNOTSUPP);
	/* Where headers are is told in 16 bits. */
	if (skb_headroom(p->skb) + head > NFLUA_HEADROOM_MAX)
		return nflua_skb_failure(L, -EOVERFLOW);
	return hold_copy(L, p, skb_copy_expand(p->skb,
					       skb_headroom(p->skb) + head, tail,
					       GFP_ATOMIC | __GFP_NOWARN),
			 seq);
}

/*
 * pkt:steal(): the packet itself, whose caller has it no more. The function
 * answers STOLEN or nothing then.
 */
static int packet_steal(lua_State *L)
{
	struct nflua_state *st = nflua_state(L);
	u64 *seq = push_handle(L);
	struct nflua_packet *p = nflua_packet_check_whole(L);
	struct sk_buff *skb = p->skb;
	struct nflua_held *held;

	if (p->role == NFLUA_ROLE_MATCH)
		luaL_error(L, "a match may not steal its packet");
	if (p->role == NFLUA_ROLE_HELPER)
		luaL_error(L, "a helper may not steal its packet");
	if (p != &st->packet)
		luaL_error(L, "the packet is held already");
	if (nflua_packet_is_bridged(skb))
		return push_failure(L, -EOPNOTSUPP);
	/* A run wants its packet back. */
	if (nflua_run_of(p->hs))
		skb = skb_copy(skb, GFP_ATOMIC | __GFP_NOWARN);
	else if (skb_shared(skb))
		skb = skb_clone(skb, GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return push_failure(L, -ENOMEM);
	held = nflua_held_add(st, p, skb);
	if (IS_ERR(held)) {
		if (skb != p->skb)
			kfree_skb(skb);
		return push_failure(L, PTR_ERR(held));
	}
	if (skb != p->skb && !held->run)
		consume_skb(p->skb);
	st->holding->stolen = p->seq;
	/*
	 * This may be a finalizer, and who waits for it works on the packet: by
	 * what it is from now on, which may move.
	 */
	if (!held->run)
		p->skb = skb;
	p->linear = 0;
	p->seq = 0;
	p->stolen = true;
	p->look = true;
	*seq = held->packet.seq;
	return 1;
}

/* held:close(): free it */
static int packet_close(lua_State *L)
{
	struct nflua_state *st = nflua_state(L);
	struct nflua_packet *p = nflua_packet_check_whole(L);
	struct nflua_held *held;

	if (p == &st->packet)
		luaL_error(L, "a packet that is not held cannot be closed (answer DROP)");
	held = nflua_held_take(st, p);
	if (held)
		nflua_held_free_later(held);
	return 0;
}

const struct nflua_field nflua_held_fields[] = {
	NFLUA_METHOD("clone", packet_clone),
	NFLUA_METHOD("close", packet_close),
	NFLUA_METHOD("copy", packet_copy),
	NFLUA_METHOD("copy_expand", packet_copy_expand),
	NFLUA_METHOD("steal", packet_steal),
};
const unsigned int nflua_held_nfields = ARRAY_SIZE(nflua_held_fields);

/* handle[key]: what the packet answers */
static int handle_index(lua_State *L)
{
	const u64 seq = nflua_held_test(L, 1);

	lua_settop(L, 2);
	lua_pushlightuserdata(L, nflua_light_view(seq, NFLUA_RECORD_PACKET));
	nflua_packet_index(L, s2v(L->top.p - 1), s2v(L->top.p - 2),
			   L->top.p - 1);
	return 1;
}

/* handle[key] = value: what the packet does with it */
static int handle_newindex(lua_State *L)
{
	const u64 seq = nflua_held_test(L, 1);

	lua_settop(L, 3);
	lua_pushlightuserdata(L, nflua_light_view(seq, NFLUA_RECORD_PACKET));
	lua_replace(L, 1);
	lua_settable(L, 1);
	return 0;
}

/* Upvalue: a metamethod of light userdata, which gets the packet in its place. */
static int handle_forward(lua_State *L)
{
	const u64 seq = nflua_held_test(L, 1);

	lua_pushlightuserdata(L, nflua_light_view(seq, NFLUA_RECORD_PACKET));
	lua_replace(L, 1);
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* Frees what a handle has, if it is not gone. Returns whether there was any. */
static bool drop(lua_State *L)
{
	struct nflua_state *st = nflua_state(L);
	struct nflua_packet *p = nflua_held_find(st, nflua_held_test(L, 1));
	struct nflua_held *held = p ? nflua_held_take(st, p) : NULL;

	if (held)
		nflua_held_free_later(held);
	return held;
}

static int handle_close(lua_State *L)
{
	drop(L);
	return 0;
}

static int handle_gc(lua_State *L)
{
	struct nflua_holding *holding = nflua_state(L)->holding;

	if (drop(L))
		WRITE_ONCE(holding->forgotten, holding->forgotten + 1);
	return 0;
}

static const luaL_Reg handle_metamethods[] = {
	{ "__index", handle_index },
	{ "__newindex", handle_newindex },
	{ "__close", handle_close },
	{ "__gc", handle_gc },
	{ NULL, NULL }
};

/**
 * nflua_held_open() - make a state understand handles
 * @L: a state that is being created, with the metatable of light userdata on
 *	top of its stack
 *
 * Context: process, inside lua_pcall(); raises for lack of memory.
 */
void nflua_held_open(lua_State *L)
{
	static const char *const forwarded[] = { "__len", "__tostring" };
	unsigned int i;

	luaL_newlib(L, handle_metamethods);
	for (i = 0; i < ARRAY_SIZE(forwarded); i++) {
		lua_getfield(L, -2, forwarded[i]);
		lua_pushcclosure(L, handle_forward, 1);
		lua_setfield(L, -2, forwarded[i]);
	}
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "__metatable");
	nflua_state(L)->held_methods = (Table *)lua_topointer(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &meta_key);
}
