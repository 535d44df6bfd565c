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
 * NULL if the connection has no helper. Whoever has a handle alone must not look
 * before it is confirmed: extensions may be moved. See nfct_help_data().
 */
static void *data_of(const struct nflua_ct *c)
{
	if (c->info == NFLUA_CT_NO_PACKET && !nf_ct_is_confirmed(c->ct))
		return NULL;
	return nfct_help(c->ct) ? nfct_help_data(c->ct) : NULL;
}

/* ct.data: 32 bytes as a string; nil if the connection has no helper */
void nflua_helper_get_data(lua_State *L, const struct nflua_ct *c,
			   unsigned int record, StkId val)
{
	const ptrdiff_t at = savestack(L, val);
	const void *data = data_of(c);
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
		luaG_runerror(L, "ct.data is a string, not a %s",
			      luaT_objtypename(L, v));
	if (tsslen(tsvalue(v)) > DATA_SIZE)
		luaG_runerror(L, "ct.data has room for 32 bytes, not for %d",
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
	data = data_of(c);
	if (!data)
		luaG_runerror(L, "the connection has no helper, and no data");
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

	nflua_ct_check(L, 1, &c);
	nflua_ct_may_write(L);
	luaL_checkstring(L, 2);
	luaL_checkstring(L, 3);
	fill(L, s2v(L->ci->func.p + 2), old);
	fill(L, s2v(L->ci->func.p + 3), new);
	data = data_of(&c);
	if (!data)
		return nflua_library_failure(L, "the connection has no helper",
					     ENOENT);
	spin_lock_bh(&c.ct->lock);
	same = !memcmp(data, old, sizeof(old));
	if (same)
		memcpy(data, new, sizeof(new));
	spin_unlock_bh(&c.ct->lock);
	lua_pushboolean(L, same);
	return 1;
}
