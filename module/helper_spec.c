// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table given to nf:helper. nfluactl is built with this file, too, to check
 * scripts without the kernel.
 */
#include <linux/in.h>
#include <linux/kernel.h>
#include <linux/netfilter.h>
#include <linux/string.h>
#include "helper.h"
#include "words.h"
#include "lua/kernel/lua_kernel.h"

/* What the kernel's ftp has, and most protocols need. */
#define EXPECT_MAX	1
#define EXPECT_TIMEOUT	300

static const struct nflua_word families[] = {
	{ "ipv4", NFPROTO_IPV4 },
	{ "ipv6", NFPROTO_IPV6 },
	{ "inet", NFPROTO_INET },
};

static const struct nflua_word protocols[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
};

/*
 * Names that helpers of the kernel have, whether they are loaded or not: a rule
 * that means one of them must not get another.
 */
static const char *const kernels_own[] = {
	"amanda", "ftp",  "irc",   "netbios-ns", "pptp",  "sane",
	"sip",	  "snmp", "tftp",  "RAS",	 "Q.931", "H.245",
};

/* With the parameter "ports" they are also called "ftp-2121". */
static bool is_kernels_own(const char *name)
{
	unsigned int i;
	size_t len;

	for (i = 0; i < ARRAY_SIZE(kernels_own); i++) {
		len = strlen(kernels_own[i]);
		if (strncmp(name, kernels_own[i], len))
			continue;
		if (!name[len])
			return true;
		if (name[len] == '-' && name[len + 1] &&
		    strspn(name + len + 1, "0123456789") == strlen(name + len + 1))
			return true;
	}
	return false;
}

static void take_name(lua_State *L, int spec, struct nflua_helper_spec *helper)
{
	static const char chars[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
	const char *name;
	size_t len;

	if (lua_getfield(L, spec, "name") == LUA_TNIL)
		luaL_error(L, "the helper has no 'name'");
	if (lua_type(L, -1) != LUA_TSTRING)
		luaL_error(L, "name is a %s, not a string", luaL_typename(L, -1));
	name = lua_tolstring(L, -1, &len);
	if (!len || len >= sizeof(helper->name) || strspn(name, chars) != len)
		luaL_error(L, "a helper's name must be 1 to 15 of A-Z a-z 0-9 _ . -");
	if (is_kernels_own(name))
		luaL_error(L, "the kernel has a helper '%s'; give this one another name",
			   name);
	strscpy(helper->name, name, sizeof(helper->name));
	lua_pop(L, 1);
}

/* The class @i that the table on top of the stack describes. */
static void take_class(lua_State *L, struct nflua_helper_spec *helper,
		       unsigned int i, const char *what)
{
	static const char *const names[] = { "max", "timeout" };
	const int spec = lua_gettop(L);

	nflua_words_check(L, spec, what, names, ARRAY_SIZE(names), 0);
	helper->max[i] = nflua_words_number(L, spec, "max", EXPECT_MAX, 1,
					    NFLUA_EXPECT_MAX, "");
	helper->timeout[i] = nflua_words_number(L, spec, "timeout",
						EXPECT_TIMEOUT, 1,
						NFLUA_EXPECT_TIMEOUT,
						" seconds");
}

static void take_classes(lua_State *L, int spec,
			 struct nflua_helper_spec *helper)
{
	lua_Integer i;

	helper->max[0] = EXPECT_MAX;
	helper->timeout[0] = EXPECT_TIMEOUT;
	if (lua_getfield(L, spec, "expect") != LUA_TNIL) {
		if (!lua_istable(L, -1))
			luaL_error(L, "expect is a %s, not a table",
				   luaL_typename(L, -1));
		take_class(L, helper, 0, "expect");
	}
	lua_pop(L, 1);
	if (lua_getfield(L, spec, "classes") == LUA_TNIL) {
		lua_pop(L, 1);
		return;
	}
	if (!lua_istable(L, -1))
		luaL_error(L, "classes is a %s, not a table",
			   luaL_typename(L, -1));
	nflua_words_check(L, lua_gettop(L), "classes", NULL, 0,
			  NFLUA_HELPER_CLASSES - 1);
	for (i = 1; i < NFLUA_HELPER_CLASSES; i++) {
		if (lua_rawgeti(L, -1, i) != LUA_TNIL) {
			if (!lua_istable(L, -1))
				luaL_error(L, "class %I is a %s, not a table",
					   (LUAI_UACINT)i, luaL_typename(L, -1));
			take_class(L, helper, i, "a class");
		}
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}

/**
 * nflua_helpers_overlap() - may one connection be helped by both?
 * @a: a helper as it was registered
 * @b: another
 */
bool nflua_helpers_overlap(const struct nflua_reg *a, const struct nflua_reg *b)
{
	return a->helper.proto == b->helper.proto &&
	       !strcmp(a->helper.name, b->helper.name) &&
	       (a->family == b->family || a->family == NFPROTO_INET ||
		b->family == NFPROTO_INET);
}

/**
 * nflua_helper_parse() - read the table given to nf:helper
 * @L: the running thread
 * @spec: index of the table: name (1 to 15 bytes), proto (tcp, udp), family
 *	(ipv4, ipv6, inet; default inet: both), expect (a table of max, how many
 *	expectations may wait for one connection, 1 to 255, default 1, and
 *	timeout, how long, 1 to 604800 seconds, default 300), classes (tables like
 *	it, of the classes 1 to 3; expect is class 0), on_error (accept, drop;
 *	default accept)
 * @reg: what it says; zero but for the kind
 *
 * Context: process, inside lua_pcall(); raises for what is wrong
 */
void nflua_helper_parse(lua_State *L, int spec, struct nflua_reg *reg)
{
	static const char *const names[] = { "name", "family", "proto",
					     "expect", "classes", "on_error" };

	nflua_words_check(L, spec, "a helper", names, ARRAY_SIZE(names), 1);
	take_name(L, spec, &reg->helper);
	reg->family = nflua_words_get(L, spec, "helper", "family", "inet",
				      NFLUA_WORDS(families))->value;
	reg->helper.proto = nflua_words_proto(L, spec, "helper", NULL,
					      NFLUA_WORDS(protocols));
	take_classes(L, spec, &reg->helper);
	reg->on_error = nflua_words_get(L, spec, "helper", "on_error", "accept",
					nflua_policy_words)->value;
	strscpy(reg->name, reg->helper.name, sizeof(reg->name));
}
