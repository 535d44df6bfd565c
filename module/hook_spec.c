// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table given to nf:hook, in nft's words. nfluactl is built with this
 * file, too, to check scripts without the kernel.
 */
#include <linux/kernel.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/string.h>
#include "hook.h"
#include "lua/kernel/lua_kernel.h"

static const char *const ip_words[] = {
	[NF_INET_PRE_ROUTING] = "prerouting",
	[NF_INET_LOCAL_IN] = "input",
	[NF_INET_FORWARD] = "forward",
	[NF_INET_LOCAL_OUT] = "output",
	[NF_INET_POST_ROUTING] = "postrouting",
};

/**
 * nflua_family_word() - nft's word for a family
 * @pf: NFPROTO_*
 */
const char *nflua_family_word(unsigned int pf)
{
	switch (pf) {
	case NFPROTO_IPV4:
		return "ipv4";
	case NFPROTO_IPV6:
		return "ipv6";
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_ARP:
		return "arp";
	case NFPROTO_BRIDGE:
		return "bridge";
	case NFPROTO_NETDEV:
		return "netdev";
	}
	return "unknown";
}

/**
 * nflua_hook_word() - nft's word for a hook
 * @pf: NFPROTO_* of where a packet was met
 * @hooknum: its number in that family
 */
const char *nflua_hook_word(unsigned int pf, unsigned int hooknum)
{
	return hooknum < ARRAY_SIZE(ip_words) ? ip_words[hooknum] : "unknown";
}

struct word {
	const char *name;
	int value;
};

static const struct word families[] = {
	{ "ipv4", NFPROTO_IPV4 },
	{ "ipv6", NFPROTO_IPV6 },
	{ "inet", NFPROTO_INET },
};

static const struct word hooks[] = {
	{ "prerouting", NF_INET_PRE_ROUTING },
	{ "input", NF_INET_LOCAL_IN },
	{ "forward", NF_INET_FORWARD },
	{ "output", NF_INET_LOCAL_OUT },
	{ "postrouting", NF_INET_POST_ROUTING },
};

/* nft's names; the numbers are the same for IPv4 and IPv6 */
static const struct word priorities[] = {
	{ "raw", NF_IP_PRI_RAW },
	{ "mangle", NF_IP_PRI_MANGLE },
	{ "dstnat", NF_IP_PRI_NAT_DST },
	{ "filter", NF_IP_PRI_FILTER },
	{ "security", NF_IP_PRI_SECURITY },
	{ "srcnat", NF_IP_PRI_NAT_SRC },
};

static const struct word policies[] = {
	{ "accept", NFLUA_ON_ERROR_ACCEPT },
	{ "drop", NFLUA_ON_ERROR_DROP },
};

static const struct word *find_word(const struct word *words, unsigned int n,
				    const char *name, size_t len)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (strlen(words[i].name) == len &&
		    !memcmp(words[i].name, name, len))
			return &words[i];
	return NULL;
}

/* Raises: the field of the hook is none of the words. */
static void bad_word(lua_State *L, const char *field, const char *value,
		     const struct word *words, unsigned int n)
{
	luaL_Buffer b;
	unsigned int i;

	luaL_buffinit(L, &b);
	for (i = 0; i < n; i++) {
		luaL_addchar(&b, ' ');
		luaL_addstring(&b, words[i].name);
	}
	luaL_pushresult(&b);
	luaL_error(L, "%s is '%s', but may be:%s", field, value,
		   lua_tostring(L, -1));
}

static const struct word *get_word(lua_State *L, int spec, const char *field,
				   const char *def, const struct word *words,
				   unsigned int n)
{
	const char *name = def;
	const struct word *word;

	if (lua_getfield(L, spec, field) != LUA_TNIL)
		name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) :
							luaL_typename(L, -1);
	if (!name)
		luaL_error(L, "the hook has no '%s'", field);
	word = find_word(words, n, name, strlen(name));
	if (!word)
		bad_word(L, field, name, words, n);
	lua_pop(L, 1);
	return word;
}

/* A number, a word, or as nft has it a word and a distance: "filter - 5". */
static int get_priority(lua_State *L, int spec, char *text, size_t size)
{
	const struct word *word;
	lua_Integer priority;
	const char *s;
	size_t len;
	int isnum;

	if (lua_getfield(L, spec, "priority") == LUA_TNIL)
		luaL_error(L, "the hook has no 'priority'");
	priority = lua_tointegerx(L, -1, &isnum);
	if (!isnum) {
		int distance = 0;

		if (lua_type(L, -1) != LUA_TSTRING)
			luaL_error(L, "priority is a %s, not a number or a word",
				   luaL_typename(L, -1));
		s = lua_tostring(L, -1);
		len = strcspn(s, " +-");
		word = find_word(priorities, ARRAY_SIZE(priorities), s, len);
		s += len;
		s += strspn(s, " ");
		if (word && *s) {
			bool minus = *s == '-';
			unsigned int d;

			s++;
			s += strspn(s, " ");
			if (kstrtouint(s, 10, &d) || d > S16_MAX)
				word = NULL;
			else
				distance = minus ? -(int)d : (int)d;
		}
		if (!word)
			bad_word(L, "priority", lua_tostring(L, -1), priorities,
				 ARRAY_SIZE(priorities));
		priority = word->value + distance;
	}
	/* The first and the last place are the kernel's own (defrag, confirm). */
	if (priority <= NF_IP_PRI_FIRST || priority >= NF_IP_PRI_LAST)
		luaL_error(L, "priority %s is out of range",
			   lua_tostring(L, -1));
	strscpy(text, lua_tostring(L, -1), size);
	lua_pop(L, 1);
	return priority;
}

static void check_fields(lua_State *L, int spec)
{
	static const char *const names[] = { "family", "hook", "priority",
					     "on_error" };
	unsigned int i;

	lua_pushnil(L);
	while (lua_next(L, spec)) {
		lua_pop(L, 1);
		if (lua_isinteger(L, -1) && lua_tointeger(L, -1) == 1)
			continue;
		for (i = 0; i < ARRAY_SIZE(names); i++)
			if (lua_type(L, -1) == LUA_TSTRING &&
			    !strcmp(lua_tostring(L, -1), names[i]))
				break;
		if (i == ARRAY_SIZE(names))
			luaL_error(L, "a hook has no field '%s' (it has: family hook priority on_error)",
				   lua_type(L, -1) == LUA_TSTRING ?
				   lua_tostring(L, -1) : luaL_typename(L, -1));
	}
}

/**
 * nflua_hook_parse() - read the table given to nf:hook
 * @L: the running thread
 * @spec: index of the table: family (ipv4, ipv6, inet), hook, priority,
 *	on_error (accept, drop; default accept)
 * @reg: what it says
 *
 * Context: process, inside lua_pcall(); raises for what is wrong
 * Return: 0
 */
int nflua_hook_parse(lua_State *L, int spec, struct nflua_reg *reg)
{
	const struct word *family, *hook;
	char priority[24];

	check_fields(L, spec);
	family = get_word(L, spec, "family", NULL, families,
			  ARRAY_SIZE(families));
	hook = get_word(L, spec, "hook", NULL, hooks, ARRAY_SIZE(hooks));
	reg->family = family->value;
	reg->hooknum = hook->value;
	reg->priority = get_priority(L, spec, priority, sizeof(priority));
	reg->on_error = get_word(L, spec, "on_error", "accept", policies,
				 ARRAY_SIZE(policies))->value;
	snprintf(reg->name, sizeof(reg->name), "%s %s %d", family->name,
		 hook->name, reg->priority);
	return 0;
}
