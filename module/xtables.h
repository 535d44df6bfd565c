/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_XTABLES_H
#define _NFLUA_XTABLES_H

#include "entry.h"

struct xt_tgchk_param;

unsigned int nflua_xtables_verdict(unsigned int outcome);

/**
 * nflua_xtables_run() - run what a rule calls
 * @entry: the entry point; NULL if it has gone: the rule has its policy
 * @role: match or target; once it is unregistered, it answers as one that returns
 *	nothing
 * @on_error: the rule's policy, &enum nflua_on_error
 * @skb: the packet
 * @hs: where it is
 * @values: what the function gets besides, or NULL
 *
 * Context: bottom halves off, RCU read section
 * Return: an outcome, as nflua_entry_run() has it
 */
static __always_inline unsigned int
nflua_xtables_run(const struct nflua_entry *entry, enum nflua_role role,
		  int on_error, struct sk_buff *skb,
		  const struct nf_hook_state *hs,
		  const struct nflua_values *values)
{
	if (unlikely(!entry))
		return nflua_policy(on_error);
	if (unlikely(READ_ONCE(entry->gone)))
		return role == NFLUA_ROLE_MATCH ? NFLUA_A_OUTCOME_NOMATCH :
						  NFLUA_A_OUTCOME_CONTINUE;
	return values ? nflua_entry_run_values(entry, role, on_error, skb, hs,
					       values) :
			nflua_entry_run(entry, role, on_error, skb, hs);
}

int nflua_xtables_check_caller(const struct xt_tgchk_param *par,
			       const char *name);
int nflua_xtables_check_args(const char *args, size_t size);
int nflua_xtables_init(void);
void nflua_xtables_exit(void);

#endif /* _NFLUA_XTABLES_H */
