// SPDX-License-Identifier: GPL-2.0-only
/* iptables -j LUA: a Lua function says what becomes of a packet. */
#include "rule.h"

static const struct xt_option_entry options[] = { RULE_OPTIONS(0) };

static void help(void)
{
	rule_help(&rule_target);
}

static void init(struct xt_entry_target *t)
{
	rule_init(&rule_target, (struct xt_lua_info *)t->data);
}

static void parse(struct xt_option_call *cb)
{
	rule_parse(&rule_target, cb);
}

static void print(const void *ip, const struct xt_entry_target *t, int numeric)
{
	(void)ip;
	(void)numeric;
	rule_print(&rule_target, (const struct xt_lua_info *)t->data);
}

static void save(const void *ip, const struct xt_entry_target *t)
{
	(void)ip;
	rule_save(&rule_target, (const struct xt_lua_info *)t->data);
}

static int xlate(struct xt_xlate *xl, const struct xt_xlate_tg_params *params)
{
	(void)xl;
	(void)params;
	return rule_xlate(&rule_target);
}

#define TARGET(nfproto)				\
	{					\
		.version = XTABLES_VERSION,	\
		.name = "LUA",			\
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
static struct xtables_target targets[] = {
	TARGET(NFPROTO_IPV4),
	TARGET(NFPROTO_IPV6),
};

static void __attribute__((constructor)) libxt_LUA_register(void)
{
	xtables_register_targets(targets, sizeof(targets) / sizeof(targets[0]));
}
