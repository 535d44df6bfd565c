/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_HOOK_H
#define _NFLUA_HOOK_H

#include <linux/netlink.h>
#include "script.h"

int nflua_hooks_prepare(struct nflua_script *script,
			struct nflua_generation *gen, struct list_head *fresh,
			struct netlink_ext_ack *extack);
void nflua_hooks_abort(struct net *net, struct list_head *fresh);
void nflua_hooks_publish(struct nflua_script *script,
			 struct nflua_generation *gen, struct list_head *fresh);
void nflua_hooks_prune(struct nflua_script *script,
		       struct nflua_generation *old, bool added);
void nflua_hooks_unhook(struct nflua_script *script);
void nflua_hooks_free(struct nflua_script *script);

/* hook_spec.c: nft's words */
const char *nflua_family_word(unsigned int pf);
const char *nflua_hook_word(unsigned int pf, unsigned int hooknum);
int nflua_hook_parse(lua_State *L, int spec, struct nflua_reg *reg);

#endif /* _NFLUA_HOOK_H */
