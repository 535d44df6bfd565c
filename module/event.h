/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_EVENT_H
#define _NFLUA_EVENT_H

#include "script.h"

void nflua_event_script(struct net *net, const char *name, u32 generation,
			enum nflua_event event, gfp_t gfp);
void nflua_event_cpu(const struct nflua_generation *gen, unsigned int cpu,
		     const char *why);
void nflua_event_error(const struct nflua_entry *entry, const char *text,
		       size_t len);
__printf(3, 4)
void nflua_event_refused(struct nflua_net *nn, const char *name,
			 const char *fmt, ...);
void nflua_event_log(const struct nflua_state *st, const char *text,
		     size_t len);

#endif /* _NFLUA_EVENT_H */
