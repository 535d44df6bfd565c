// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of scripts in rules: what a script gave to nf:match is a match of its own
 * name, and the kernel is told of the match "lua" with --script and that name. So
 * iptables lists such a rule. Targets alike. A rule of the kernel's that has the name
 * itself was made by another declaration.
 */
#include <string.h>

#include "declaration.h"
#include "alias.h"

/* after the types of declaration.h, which the kernel's headers know, too */
#include "rule.h"

/* Freed never: iptables calls back until it ends. */
static const struct declaration *self;
static struct rule_kind kinds[2];	/* of the match and of the target */

static const struct xt_option_entry options[] = { RULE_OTHER_OPTIONS };

static void help_match(void)
{
	declaration_help(self, stdout);
	rule_help_options(&kinds[0]);
}

static void help_target(void)
{
	declaration_help(self, stdout);
	rule_help_options(&kinds[1]);
}

/* @size: of what @data has room for: iptables calls this for rules of others, too */
static void init(const struct rule_kind *kind, void *data, size_t size)
{
	struct xt_lua_info *info = data;

	if (size < sizeof(*info))
		return;
	rule_init(kind, info);
	strcpy(info->script, self->spec.name);
}

static void init_match(struct xt_entry_match *m)
{
	init(&kinds[0], m->data, m->u.match_size - sizeof(*m));
}

static void init_target(struct xt_entry_target *t)
{
	init(&kinds[1], t->data, t->u.target_size - sizeof(*t));
}

static void print_other(void)
{
	printf(" %s [of another declaration than the installed one]", self->spec.name);
}

static void save_other(void)
{
	xtables_error(OTHER_PROBLEM,
		      "%s: a rule is of another declaration than the installed one, which names a script",
		      self->spec.name);
}

static void print_match(const void *ip, const struct xt_entry_match *m, int numeric)
{
	(void)ip;
	(void)m;
	(void)numeric;
	print_other();
}

static void print_target(const void *ip, const struct xt_entry_target *t, int numeric)
{
	(void)ip;
	(void)t;
	(void)numeric;
	print_other();
}

static void save_match(const void *ip, const struct xt_entry_match *m)
{
	(void)ip;
	(void)m;
	save_other();
}

static void save_target(const void *ip, const struct xt_entry_target *t)
{
	(void)ip;
	(void)t;
	save_other();
}

static void parse_match(struct xt_option_call *cb)
{
	rule_parse(&kinds[0], cb);
}

static void parse_target(struct xt_option_call *cb)
{
	rule_parse(&kinds[1], cb);
}

static int translate_match(struct xt_xlate *xl, const struct xt_xlate_mt_params *params)
{
	(void)xl;
	(void)params;
	return rule_xlate(&kinds[0]);
}

static int translate_target(struct xt_xlate *xl, const struct xt_xlate_tg_params *params)
{
	(void)xl;
	(void)params;
	return rule_xlate(&kinds[1]);
}

#define COMMON(proto)				\
		.version = XTABLES_VERSION,	\
		.family = (proto),		\
		.size = RULE_SIZE,		\
		.userspacesize = RULE_USER_SIZE,\
		.x6_options = options,		\
		.ext_flags = XTABLES_EXT_ALIAS

#define MATCH(proto)				\
	{					\
		COMMON(proto),			\
		.real_name = "lua",		\
		.help = help_match,		\
		.init = init_match,		\
		.print = print_match,		\
		.save = save_match,		\
		.x6_parse = parse_match,	\
		.xlate = translate_match,	\
	}

#define TARGET(proto)				\
	{					\
		COMMON(proto),			\
		.real_name = "LUA",		\
		.help = help_target,		\
		.init = init_target,		\
		.print = print_target,		\
		.save = save_target,		\
		.x6_parse = parse_target,	\
		.xlate = translate_target,	\
	}

static struct xtables_match matches[] = { MATCH(NFPROTO_IPV4), MATCH(NFPROTO_IPV6) };
static struct xtables_target targets[] = { TARGET(NFPROTO_IPV4), TARGET(NFPROTO_IPV6) };

/**
 * alias_register() - register a script's name as match, target or both
 * @d: the declaration, which stays
 */
void alias_register(const struct declaration *d)
{
	size_t i;

	self = d;
	kinds[0] = rule_match;
	kinds[1] = rule_target;
	kinds[0].name = kinds[1].name = d->spec.name;
	for (i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
		matches[i].name = targets[i].name = d->spec.name;
		if (d->plain_match)
			xtables_register_match(&matches[i]);
		if (d->plain_target)
			xtables_register_target(&targets[i]);
	}
}
