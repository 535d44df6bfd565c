/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_BINDING_H
#define _NFLUA_BINDING_H

#include "entry.h"
#include "script.h"
#include "values.h"

#define NFLUA_BINDING_BUCKETS	64

/**
 * struct nflua_binding - what rules of one script and function share
 * @node: in &nflua_script.bindings
 * @point: what they call
 * @nn: the namespace, referred to
 * @script: the script; NULL after the namespace died
 * @kind: &enum nflua_entry_kind
 * @name: function's name, empty for what nf:match or nf:target registered
 * @extension: the declaration if it is one, referred to
 * @rules: how many rules use it
 * @values: &nflua_values, those of its rules by a hash
 */
struct nflua_binding {
	struct list_head node;
	struct nflua_point point;
	struct nflua_net *nn;
	struct nflua_script *script;
	u8 kind;
	char name[NFLUA_FUNCTION_SIZE];
	struct nflua_extension *extension;
	unsigned int rules;
	struct hlist_head values[NFLUA_BINDING_BUCKETS];
};

/**
 * struct nflua_rule - what a rule asks to be bound to
 * @net: its namespace
 * @kind: &enum nflua_entry_kind, no hook
 * @script: name of the script; not of an extension
 * @function: name of the function if it is one, else empty
 * @extension: the declaration if it is one
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @data: what it gives its function, checked
 * @size: bytes of @data, 0 for nothing
 */
struct nflua_rule {
	struct net *net;
	u8 kind;
	const char *script;
	const char *function;
	struct nflua_extension *extension;
	u8 family;
	const void *data;
	size_t size;
};

int nflua_bind(const struct nflua_rule *rule, struct nflua_binding **binding,
	       struct nflua_values **values);
void nflua_unbind(struct nflua_binding *binding, struct nflua_values *values);

struct nflua_entry *nflua_bindings_missing(struct nflua_script *script,
					   struct nflua_generation *gen);
void nflua_bindings_publish(struct nflua_script *script,
			    struct nflua_generation *gen);
void nflua_bindings_detach(struct nflua_script *script);
unsigned int nflua_bindings_rules(const struct nflua_script *script,
				  const struct nflua_entry *entry);

#endif /* _NFLUA_BINDING_H */
