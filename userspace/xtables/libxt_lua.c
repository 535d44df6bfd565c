// SPDX-License-Identifier: GPL-2.0-only
/* iptables -m lua: a Lua function says whether a packet matches. */
#include "rule.h"

static const struct xt_option_entry options[] = { RULE_OPTIONS(XTOPT_INVERT) };

static void help(void)
{
	rule_help(&rule_match);
}

static void init(struct xt_entry_match *m)
{
	rule_init(&rule_match, (struct xt_lua_info *)m->data);
}

static void parse(struct xt_option_call *cb)
{
	rule_parse(&rule_match, cb);
}

static void print(const void *ip, const struct xt_entry_match *m, int numeric)
{
	(void)ip;
	(void)numeric;
	rule_print(&rule_match, (const struct xt_lua_info *)m->data);
}

static void save(const void *ip, const struct xt_entry_match *m)
{
	(void)ip;
	rule_save(&rule_match, (const struct xt_lua_info *)m->data);
}

static int xlate(struct xt_xlate *xl, const struct xt_xlate_mt_params *params)
{
	(void)xl;
	(void)params;
	return rule_xlate(&rule_match);
}

#define MATCH(nfproto)				\
	{					\
		.version = XTABLES_VERSION,	\
		.name = "lua",			\
		.revision = 0,			\
		.family = (nfproto),		\
		.size = RULE_SIZE,		\
		.userspacesize = RULE_USER_SIZE,\
		.help = help,			\
		.init = init,			\
		.print = print,			\
		.save = save,			\
		.x6_parse = parse,		\
		.x6_options = options,		\
		.xlate = xlate,			\
	}

/* The families that the kernel's half registers for, and no others. */
static struct xtables_match matches[] = {
	MATCH(NFPROTO_IPV4),
	MATCH(NFPROTO_IPV6),
};

static void __attribute__((constructor)) libxt_lua_register(void)
{
	xtables_register_matches(matches, sizeof(matches) / sizeof(matches[0]));
}
