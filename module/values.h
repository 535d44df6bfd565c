/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_VALUES_H
#define _NFLUA_VALUES_H

#include <linux/list.h>
#include <linux/types.h>
#include "lua/kernel/lua_kernel.h"

struct nflua_binding;
struct nflua_extension;
struct nflua_rule;
struct nflua_state;
struct Table;

/*
 * A script's values have numbers below this, by which each of its states keeps
 * the tables it has made of them, in blocks.
 */
#define NFLUA_VALUES_MAX	65535
#define NFLUA_VALUES_BITS	8
#define NFLUA_VALUES_BLOCK	(1 << NFLUA_VALUES_BITS)

/**
 * struct nflua_values - what rules give their function beside the packet
 * @node: in &nflua_binding.values
 * @binding: what the rules call; NULL in a test run, whose rule is in no table
 * @extension: the declaration they are laid out by; NULL: arguments of the
 *	match "lua" or the target "LUA", as &xt_lua_info.args has them
 * @serial: theirs alone, for ever
 * @slot: their number in the script
 * @rules: how many rules have them
 * @declared: how many of these a script was asked about, or would have been: it
 *	declared their extension when they were inserted
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @size: bytes of @data
 * @data: the rule's own, checked
 *
 * Once for all rules of a binding that say the same, for iptables-legacy
 * inserts all rules of a table anew when one changes. It never changes while
 * packets meet it.
 */
struct nflua_values {
	struct hlist_node node;
	struct nflua_binding *binding;
	struct nflua_extension *extension;
	u64 serial;
	u32 slot;
	unsigned int rules;
	unsigned int declared;
	u8 family;
	size_t size;
	u8 data[] __aligned(8);
};

/**
 * struct nflua_values_slot - a table that a state has made of values
 * @serial: of the values, 0 for none
 * @table: the table, which the state's registry keeps
 */
struct nflua_values_slot {
	u64 serial;
	struct Table *table;
};

struct nflua_values *nflua_values_get(struct nflua_binding *binding,
				      const struct nflua_rule *rule);
void nflua_values_put(struct nflua_values *values);
struct nflua_values *nflua_values_create(const struct nflua_rule *rule);
void nflua_values_push(lua_State *L, const struct nflua_values *values);
int nflua_values_first(lua_State *L);

#endif /* _NFLUA_VALUES_H */
