// SPDX-License-Identifier: GPL-2.0-only
/*
 * ct.data: the bytes of a connection that are its helper's own.
 *
 * Packets of a connection may run on several CPUs at once. What is read is as
 * it was at one moment, and so is what is written; that nothing came in between
 * is for ct:swap_data() to say, for no lock can be held while Lua runs.
 *
 * Context of all functions: as those of conntrack.c
 */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include "conntrack.h"
#include "helper.h"
#include "library.h"
#include "lua/kernel/lua_internal.h"

#define DATA_SIZE	sizeof_field(struct nf_conn_help, data)

/*
 * NULL if the connection has no helper of ours: another's keeps there what is
 * its own, even pointers. In a helper's callback it is the one that was called,
 * which stays for that long, whatever becomes of the connection. See
 * &nf_conn_help.data.
 */
static void *data_of(lua_State *L, const struct nflua_ct *c)
{
	struct nflua_state *st = nflua_state(L);
	bool ours = c->seq == st->packet.seq && nflua_helper_now(st);
	const struct nf_conntrack_helper *helper;
	struct nf_conn_help *help;

	if (!ours) {
		rcu_read_lock();
		helper = nflua_ct_helper(c);
		ours = helper && helper->me == THIS_MODULE;
		rcu_read_unlock();
	}
	/* One that is not confirmed loses it when any helper is unregistered. */
	help = ours ? nfct_help(c->ct) : NULL;
	return help ? help->data : NULL;
}

/* ct.data: 32 bytes as a string; nil if the connection has no helper of a script */
void nflua_helper_get_data(lua_State *L, const struct nflua_ct *c,
			   unsigned int record, StkId val)
{
	const ptrdiff_t at = savestack(L, val);
	const void *data = data_of(L, c);
	char copy[DATA_SIZE];
	TString *ts;

	setnilvalue(s2v(val));
	if (!data)
		return;
	spin_lock_bh(&c->ct->lock);
	memcpy(copy, data, sizeof(copy));
	spin_unlock_bh(&c->ct->lock);
	ts = luaS_newlstr(L, copy, sizeof(copy));
	val = restorestack(L, at);
	setsvalue2s(L, val, ts);
}

/* A string of up to 32 bytes, with zeros behind it. */
static void fill(lua_State *L, const TValue *v, char *copy)
{
	if (!ttisstring(v))
		nflua_raise(L, "ct.data is a string, not a %s",
			    luaT_objtypename(L, v));
	if (tsslen(tsvalue(v)) > DATA_SIZE)
		nflua_raise(L, "ct.data has room for 32 bytes, not for %d",
			    (int)min_t(size_t, tsslen(tsvalue(v)), INT_MAX));
	memset(copy, 0, DATA_SIZE);
	memcpy(copy, getstr(tsvalue(v)), tsslen(tsvalue(v)));
}

/* ct.data = string: up to 32 bytes; zeros follow */
void nflua_helper_set_data(lua_State *L, const struct nflua_ct *c,
			   const TValue *val)
{
	char copy[DATA_SIZE];
	void *data;

	fill(L, val, copy);
	data = data_of(L, c);
	if (!data)
		nflua_raise(L, "the connection has no helper of a script, and no data");
	spin_lock_bh(&c->ct->lock);
	memcpy(data, copy, sizeof(copy));
	spin_unlock_bh(&c->ct->lock);
}

/*
 * ct:swap_data(old, new): set ct.data to new if it is old; false if it is not,
 * because another CPU was faster. nil, message, ENOENT without a helper.
 */
int nflua_helper_swap_data(lua_State *L)
{
	char old[DATA_SIZE], new[DATA_SIZE];
	struct nflua_ct c;
	void *data;
	bool same;

	/* A number becomes a string, and meanwhile finalizers may run. */
	luaL_checkstring(L, 2);
	luaL_checkstring(L, 3);
	nflua_ct_check(L, 1, &c);
	fill(L, s2v(L->ci->func.p + 2), old);
	fill(L, s2v(L->ci->func.p + 3), new);
	data = data_of(L, &c);
	if (!data)
		return nflua_library_failure(L, "the connection has no helper of a script",
					     ENOENT);
	spin_lock_bh(&c.ct->lock);
	same = !memcmp(data, old, sizeof(old));
	if (same)
		memcpy(data, new, sizeof(new));
	spin_unlock_bh(&c.ct->lock);
	lua_pushboolean(L, same);
	return 1;
}
