/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_EXTENSION_H
#define _NFLUA_EXTENSION_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netlink.h>
#include "extension_spec.h"
#include "values.h"

#define NFLUA_EXTENSIONS_MAX	256	/* declarations in the kernel */

struct nflua_generation;

/**
 * struct nflua_extension - a declaration, one for the whole kernel
 * @node: in the list of all
 * @users: generations that declare it and bindings of rules. It leaves 0 only
 *	under the list's lock.
 * @registered: xtables knows it
 * @spec: what it says
 * @matches: what is registered of a match, for each family
 * @targets: the same of a target
 */
struct nflua_extension {
	struct list_head node;
	atomic_t users;
	bool registered;
	struct nflua_extension_spec spec;
	union {
		struct xt_match matches[2];
		struct xt_target targets[2];
	};
};

int nflua_extensions_declare(struct nflua_generation *gen, char **error,
			     struct netlink_ext_ack *extack);
void nflua_extension_put(struct nflua_extension *extension);
void nflua_extension_exit(void);

/* extension_rule.c: what xtables calls */
void nflua_extension_fill(struct nflua_extension *extension);

#endif /* _NFLUA_EXTENSION_H */
