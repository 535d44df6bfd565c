// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules of user-defined extensions: what xtables calls when one is inserted,
 * when a packet meets it, and when it goes.
 */
#include <linux/module.h>
#include <linux/netfilter/x_tables.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include "binding.h"
#include "event.h"
#include "extension.h"
#include "xtables.h"

static const u8 nfprotos[] = { NFPROTO_IPV4, NFPROTO_IPV6 };

/* The kernel's own pointer lies behind what user space compares. */
static struct nflua_values **values_of(const void *info, unsigned int usersize)
{
	return (struct nflua_values **)(info + usersize);
}

static bool check_table(const struct nflua_extension_spec *spec,
			const char *table, char *why)
{
	unsigned int i;

	if (!spec->tables)
		return true;
	for (i = 0; nflua_extension_tables[i]; i++)
		if (spec->tables & 1 << i &&
		    !strcmp(nflua_extension_tables[i], table))
			return true;
	snprintf(why, NFLUA_EXTENSION_WHY, "it is not for table %s", table);
	return false;
}

static int check(struct net *net, struct nflua_extension *extension,
		 unsigned int family, const char *table, void *info)
{
	const struct nflua_extension_spec *spec = &extension->spec;
	const struct nflua_rule rule = {
		.net = net,
		.kind = NFLUA_ENTRY_EXTENSION,
		.function = spec->name,
		.extension = extension,
		.family = family,
		.data = info,
		.size = nflua_extension_usersize(spec),
	};
	char why[NFLUA_EXTENSION_WHY];
	struct nflua_binding *binding;

	if (nflua_extension_rule_differs(spec, info, why)) {
		nflua_event_refused(nflua_net(net), spec->name,
				    "a rule of extension '%s' revision %u was made from another declaration than the loaded one: %s",
				    spec->name, spec->revision, why);
		return -EINVAL;
	}
	if (!check_table(spec, table, why) ||
	    !nflua_extension_check(spec, family, info, why)) {
		nflua_event_refused(nflua_net(net), spec->name,
				    "a rule of extension '%s' is refused: %s",
				    spec->name, why);
		return -EINVAL;
	}
	return nflua_bind(&rule, &binding, values_of(info, rule.size));
}

static void destroy(const void *info, unsigned int usersize)
{
	struct nflua_values *values = *values_of(info, usersize);

	nflua_unbind(values->binding, values);
}

static int ext_mt_check(const struct xt_mtchk_param *par)
{
	/* The const is of the registration, not of what it is part of. */
	struct xt_match *match = (struct xt_match *)par->match;
	struct nflua_extension *extension;

	match -= par->match->family == NFPROTO_IPV6;
	extension = container_of(match, struct nflua_extension, matches[0]);
	return check(par->net, extension, par->family, par->table,
		     par->matchinfo);
}

static void ext_mt_destroy(const struct xt_mtdtor_param *par)
{
	destroy(par->matchinfo, par->match->usersize);
}

static bool ext_mt(const struct sk_buff *skb, struct xt_action_param *par)
{
	const struct nflua_values *values;
	const struct nflua_entry *entry;
	unsigned int outcome;
	int on_error;

	values = *values_of(par->matchinfo, par->match->usersize);
	on_error = values->extension->spec.on_error;
	entry = rcu_dereference(values->binding->point.entry);
	/* A match may not write: what would, raises for this role. */
	outcome = nflua_xtables_run(entry, NFLUA_ROLE_MATCH, on_error,
				    (struct sk_buff *)skb, par->state, values);
	if (NFLUA_OUTCOME(outcome) == NFLUA_A_OUTCOME_DROP)
		par->hotdrop = true;
	return NFLUA_OUTCOME(outcome) == NFLUA_A_OUTCOME_MATCH;
}

static int ext_tg_check(const struct xt_tgchk_param *par)
{
	struct xt_target *target = (struct xt_target *)par->target;
	struct nflua_extension *extension;
	int err;

	target -= par->target->family == NFPROTO_IPV6;
	extension = container_of(target, struct nflua_extension, targets[0]);
	err = nflua_xtables_check_caller(par, extension->spec.name);
	return err ?: check(par->net, extension, par->family, par->table,
			    par->targinfo);
}

static void ext_tg_destroy(const struct xt_tgdtor_param *par)
{
	destroy(par->targinfo, par->target->usersize);
}

static unsigned int ext_tg(struct sk_buff *skb,
			   const struct xt_action_param *par)
{
	const struct nflua_values *values;
	const struct nflua_entry *entry;
	int on_error;

	values = *values_of(par->targinfo, par->target->usersize);
	on_error = values->extension->spec.on_error;
	entry = rcu_dereference(values->binding->point.entry);
	return nflua_xtables_verdict(nflua_xtables_run(entry, NFLUA_ROLE_TARGET,
						       on_error, skb,
						       par->state, values));
}

/**
 * nflua_extension_fill() - what xtables is to know of a declaration
 * @extension: the declaration, with its spec
 */
void nflua_extension_fill(struct nflua_extension *extension)
{
	const struct nflua_extension_spec *spec = &extension->spec;
	unsigned int i;

	static_assert(NFLUA_EXTENSION_NAME == XT_EXTENSION_MAXNAMELEN);
	for (i = 0; i < ARRAY_SIZE(nfprotos); i++) {
		struct xt_match *m = &extension->matches[i];
		struct xt_target *t = &extension->targets[i];

		if (spec->target) {
			memcpy((void *)t->name, spec->name, sizeof(spec->name));
			t->revision = spec->revision;
			t->target = ext_tg;
			t->checkentry = ext_tg_check;
			t->destroy = ext_tg_destroy;
			t->me = THIS_MODULE;
			t->targetsize = nflua_extension_rulesize(spec);
			t->usersize = nflua_extension_usersize(spec);
			t->hooks = spec->hooks;
			t->proto = spec->protocol;
			t->family = nfprotos[i];
		} else {
			memcpy((void *)m->name, spec->name, sizeof(spec->name));
			m->revision = spec->revision;
			m->match = ext_mt;
			m->checkentry = ext_mt_check;
			m->destroy = ext_mt_destroy;
			m->me = THIS_MODULE;
			m->matchsize = nflua_extension_rulesize(spec);
			m->usersize = nflua_extension_usersize(spec);
			m->hooks = spec->hooks;
			m->proto = spec->protocol;
			m->family = nfprotos[i];
		}
	}
}
