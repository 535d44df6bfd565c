// SPDX-License-Identifier: GPL-2.0-only
/*
 * What rules give their function beside the packet, and the Lua tables that are
 * made of it: one for each state, when it first needs it.
 */
#include <linux/atomic.h>
#include <linux/idr.h>
#include <linux/jhash.h>
#include <linux/kernel.h>
#include <linux/netfilter.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "address.h"
#include "binding.h"
#include "extension.h"
#include "script.h"
#include "state.h"
#include "values.h"
#include "lua/kernel/lua_internal.h"

/* In the registry: the blocks of slots, from 2 on; at 1 the array of them. */
static const char blocks_key;

static atomic64_t last_serial;

/**
 * nflua_values_create() - make values that no rule has
 * @rule: what they say; the data may be NULL, for zeros, and is not checked
 *
 * Context: process, sleeps
 * Return: values without a binding, to be kfree()d when no packet is in the
 * script; NULL for no memory
 */
struct nflua_values *nflua_values_create(const struct nflua_rule *rule)
{
	struct nflua_values *values;

	values = kzalloc(struct_size(values, data, rule->size),
			 GFP_KERNEL_ACCOUNT);
	if (!values)
		return NULL;
	values->extension = rule->extension;
	values->serial = atomic64_inc_return(&last_serial);
	values->family = rule->family;
	/* no rule's number */
	values->slot = NFLUA_VALUES_MAX;
	values->size = rule->size;
	if (rule->data)
		memcpy(values->data, rule->data, rule->size);
	return values;
}

/**
 * nflua_values_get() - the values of a rule that is inserted
 * @binding: what the rule calls
 * @rule: the rule, with its data checked
 *
 * Context: process, lock of the namespace
 * Return: with one more rule, or an ERR_PTR(): -ENOMEM, or -ENOSPC for more
 * than %NFLUA_VALUES_MAX of a script
 */
struct nflua_values *nflua_values_get(struct nflua_binding *binding,
				      const struct nflua_rule *rule)
{
	const u32 hash = jhash(rule->data, rule->size, rule->family);
	struct nflua_values *values;
	struct hlist_head *bucket;
	int slot;

	bucket = &binding->values[hash % ARRAY_SIZE(binding->values)];
	hlist_for_each_entry(values, bucket, node) {
		if (values->family != rule->family ||
		    values->size != rule->size ||
		    memcmp(values->data, rule->data, rule->size))
			continue;
		values->rules++;
		return values;
	}
	values = nflua_values_create(rule);
	if (!values)
		return ERR_PTR(-ENOMEM);
	slot = ida_alloc_max(&binding->script->slots, NFLUA_VALUES_MAX - 1,
			     GFP_KERNEL);
	if (slot < 0) {
		kfree(values);
		return ERR_PTR(slot);
	}
	values->slot = slot;
	values->binding = binding;
	values->rules = 1;
	hlist_add_head(&values->node, bucket);
	return values;
}

/**
 * nflua_values_put() - one of their rules has gone
 * @values: the values, which no packet of that rule can meet any more; or NULL
 *
 * Context: process, lock of the namespace
 */
void nflua_values_put(struct nflua_values *values)
{
	if (!values || --values->rules)
		return;
	hlist_del(&values->node);
	/* The numbers go with the script. */
	if (values->binding->script)
		ida_free(&values->binding->script->slots, values->slot);
	kfree(values);
}

/* Is it a number as tostring() would write it? */
static bool is_decimal(const char *s, s64 *n)
{
	char text[24];

	if (kstrtos64(s, 10, n))
		return false;
	snprintf(text, sizeof(text), "%lld", *n);
	return !strcmp(text, s);
}

/* key=value, each with its NUL, and zeros behind the last */
static void push_args(lua_State *L, const char *args, size_t size)
{
	const char *end = args + size;

	lua_newtable(L);
	while (args < end && *args) {
		const char *value = strchr(args, '=');
		s64 n;

		lua_pushlstring(L, args, value - args);
		value++;
		if (is_decimal(value, &n))
			lua_pushinteger(L, n);
		else
			lua_pushstring(L, value);
		lua_rawset(L, -3);
		args = value + strlen(value) + 1;
	}
}

/**
 * nflua_extension_push_address() - an address of a rule as a Lua value
 * @L: the running thread
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @addr: 4 or 16 bytes in network order, host bits zero
 * @plen: prefix length
 *
 * Context: inside lua_pcall(); raises memory errors
 */
void nflua_extension_push_address(lua_State *L, unsigned int family,
				  const void *addr, unsigned int plen)
{
	__be32 v4;

	if (family == NFPROTO_IPV6) {
		nflua_address6_push(L, addr, plen);
		return;
	}
	memcpy(&v4, addr, sizeof(v4));
	lua_pushlightuserdata(L, nflua_address4(ntohl(v4), plen));
}

/**
 * nflua_values_push() - push values as a new table
 * @L: the running thread
 * @values: the values
 *
 * Context: inside lua_pcall(); raises memory errors
 */
void nflua_values_push(lua_State *L, const struct nflua_values *values)
{
	if (values->extension)
		nflua_extension_push(L, &values->extension->spec,
				     values->family, (const void *)values->data);
	else
		push_args(L, (const char *)values->data, values->size);
}

/* Gives the state an array of blocks, all of them NULL. */
static void make_blocks(lua_State *L, struct nflua_state *st)
{
	const size_t size = sizeof(*st->blocks) *
			    (NFLUA_VALUES_MAX / NFLUA_VALUES_BLOCK + 1);
	void *blocks;

	lua_createtable(L, 2, 0);
	blocks = lua_newuserdatauv(L, size, 0);
	memset(blocks, 0, size);
	lua_rawseti(L, -2, 1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &blocks_key);
	st->blocks = blocks;
}

/* The block of a number is pushed, its tables above it. */
static struct nflua_values_slot *push_block(lua_State *L,
					    struct nflua_state *st,
					    unsigned int number)
{
	const size_t size = sizeof(struct nflua_values_slot) *
			    NFLUA_VALUES_BLOCK;
	struct nflua_values_slot *block;

	if (!st->blocks)
		make_blocks(L, st);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &blocks_key);
	block = st->blocks[number];
	if (!block) {
		block = lua_newuserdatauv(L, size, 1);
		memset(block, 0, size);
		lua_newtable(L);
		lua_setiuservalue(L, -2, 1);
		lua_rawseti(L, -2, number + 2);
		st->blocks[number] = block;
	}
	lua_rawgeti(L, -1, number + 2);
	lua_remove(L, -2);
	lua_getiuservalue(L, -1, 1);
	return block;
}

/* The state keeps the table on top of the stack for the next packet. */
static void keep(lua_State *L, struct nflua_state *st,
		 const struct nflua_values *values)
{
	const int table = lua_gettop(L);
	struct nflua_values_slot *slot;

	slot = push_block(L, st, values->slot >> NFLUA_VALUES_BITS) +
	       values->slot % NFLUA_VALUES_BLOCK;
	/* What was there belonged to a rule that is gone. */
	slot->serial = 0;
	lua_pushvalue(L, table);
	lua_rawseti(L, -2, values->slot % NFLUA_VALUES_BLOCK + 1);
	slot->table = (Table *)lua_topointer(L, table);
	slot->serial = values->serial;
	lua_settop(L, table);
}

/**
 * nflua_values_first() - call a function with values that have no table yet
 * @L: the main thread: the packet and the function
 *
 * Context: a lua_CFunction in nflua_state_enter(), with the values in
 * &nflua_state.values
 * Return: 1, what the function answers
 */
int nflua_values_first(lua_State *L)
{
	struct nflua_state *st = nflua_state(L);

	lua_insert(L, 1);
	nflua_values_push(L, st->values);
	keep(L, st, st->values);
	lua_call(L, 2, 1);
	return 1;
}
