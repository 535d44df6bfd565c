/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_XTABLES_H
#define _NFLUA_XTABLES_H

#include "script.h"

struct nflua_entry *nflua_bindings_missing(struct nflua_script *script,
					   struct nflua_generation *gen);
void nflua_bindings_publish(struct nflua_script *script,
			    struct nflua_generation *gen);
void nflua_bindings_detach(struct nflua_script *script);
unsigned int nflua_bindings_rules(const struct nflua_script *script, u8 kind,
				  const char *name);
int nflua_xtables_init(void);
void nflua_xtables_exit(void);

#endif /* _NFLUA_XTABLES_H */
