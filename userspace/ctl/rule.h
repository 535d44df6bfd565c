/* SPDX-License-Identifier: GPL-2.0-only */
/* nfluactl run --rule: what a rule gives an entry point beside the packet. */
#ifndef _NFLUACTL_RULE_H
#define _NFLUACTL_RULE_H

#include <stdbool.h>
#include <stddef.h>

struct ctl;
struct nflua_run;
struct packet;
struct source;

/**
 * struct rule_form - a rule of one family
 * @data: what it carries, as %NFLUA_A_RUN_RULE
 * @size: bytes of @data
 * @why: why there is none, a sentence; or NULL
 */
struct rule_form {
	void *data;
	size_t size;
	char *why;
};

/**
 * struct rule - what --rule says
 * @given: there is such an option
 * @forms: of iptables, and of ip6tables
 */
struct rule {
	bool given;
	struct rule_form forms[2];
};

int rule_read(struct ctl *ctl, struct rule *rule, const struct nflua_run *run,
	      const struct source *source);
const struct rule_form *rule_for(const struct rule *rule, const struct packet *packet);
void rule_free(struct rule *rule);

#endif /* _NFLUACTL_RULE_H */
