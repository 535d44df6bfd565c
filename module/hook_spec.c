// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table given to nf:hook, in nft's words. nfluactl is built with this
 * file, too, to check scripts without the kernel.
 */
#include <linux/kernel.h>
#include <linux/netfilter.h>
#include <linux/netfilter_arp.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/string.h>
#include "hook.h"
#include "lua/kernel/lua_kernel.h"

struct word {
	const char *name;
	int value;
};

struct words {
	const struct word *word;
	unsigned int n;
};

#define WORDS(_table)	((struct words){ _table, ARRAY_SIZE(_table) })

static const struct word families[] = {
	{ "ipv4", NFPROTO_IPV4 },
	{ "ipv6", NFPROTO_IPV6 },
	{ "inet", NFPROTO_INET },
#ifdef CONFIG_NETFILTER_FAMILY_ARP
	{ "arp", NFPROTO_ARP },
#endif
#ifdef CONFIG_NETFILTER_FAMILY_BRIDGE
	{ "bridge", NFPROTO_BRIDGE },
#endif
#ifdef CONFIG_NETFILTER_INGRESS
	{ "netdev", NFPROTO_NETDEV },
#endif
};

static const struct word ip_hooks[] = {
	{ "prerouting", NF_INET_PRE_ROUTING },
	{ "input", NF_INET_LOCAL_IN },
	{ "forward", NF_INET_FORWARD },
	{ "output", NF_INET_LOCAL_OUT },
	{ "postrouting", NF_INET_POST_ROUTING },
};

static const struct word inet_hooks[] = {
	{ "prerouting", NF_INET_PRE_ROUTING },
	{ "input", NF_INET_LOCAL_IN },
	{ "forward", NF_INET_FORWARD },
	{ "output", NF_INET_LOCAL_OUT },
	{ "postrouting", NF_INET_POST_ROUTING },
#ifdef CONFIG_NETFILTER_INGRESS
	{ "ingress", NF_INET_INGRESS },
#endif
};

static const struct word arp_hooks[] = {
	{ "input", NF_ARP_IN },
	{ "forward", NF_ARP_FORWARD },
	{ "output", NF_ARP_OUT },
};

static const struct word bridge_hooks[] = {
	{ "prerouting", NF_BR_PRE_ROUTING },
	{ "input", NF_BR_LOCAL_IN },
	{ "forward", NF_BR_FORWARD },
	{ "output", NF_BR_LOCAL_OUT },
	{ "postrouting", NF_BR_POST_ROUTING },
};

static const struct word netdev_hooks[] = {
	{ "ingress", NF_NETDEV_INGRESS },
#ifdef CONFIG_NETFILTER_EGRESS
	{ "egress", NF_NETDEV_EGRESS },
#endif
};

/* nft's names; the numbers are the same for IPv4 and IPv6 */
static const struct word ip_priorities[] = {
	{ "raw", NF_IP_PRI_RAW },
	{ "mangle", NF_IP_PRI_MANGLE },
	{ "dstnat", NF_IP_PRI_NAT_DST },
	{ "filter", NF_IP_PRI_FILTER },
	{ "security", NF_IP_PRI_SECURITY },
	{ "srcnat", NF_IP_PRI_NAT_SRC },
};

static const struct word bridge_priorities[] = {
	{ "dstnat", NF_BR_PRI_NAT_DST_BRIDGED },
	{ "filter", NF_BR_PRI_FILTER_BRIDGED },
	{ "out", NF_BR_PRI_NAT_DST_OTHER },
	{ "srcnat", NF_BR_PRI_NAT_SRC },
};

static const struct word other_priorities[] = {
	{ "filter", NF_IP_PRI_FILTER },
};

static struct words hooks_of(unsigned int pf)
{
	switch (pf) {
	case NFPROTO_ARP:
		return WORDS(arp_hooks);
	case NFPROTO_BRIDGE:
		return WORDS(bridge_hooks);
	case NFPROTO_NETDEV:
		return WORDS(netdev_hooks);
	case NFPROTO_INET:
		return WORDS(inet_hooks);
	default:
		return WORDS(ip_hooks);
	}
}

static struct words priorities_of(unsigned int pf)
{
	switch (pf) {
	case NFPROTO_ARP:
	case NFPROTO_NETDEV:
		return WORDS(other_priorities);
	case NFPROTO_BRIDGE:
		return WORDS(bridge_priorities);
	default:
		return WORDS(ip_priorities);
	}
}

static const char *word_of(struct words words, int value)
{
	unsigned int i;

	for (i = 0; i < words.n; i++)
		if (words.word[i].value == value)
			return words.word[i].name;
	return "unknown";
}

/**
 * nflua_family_word() - nft's word for a family
 * @pf: NFPROTO_*
 */
const char *nflua_family_word(unsigned int pf)
{
	return word_of(WORDS(families), pf);
}

/**
 * nflua_hook_word() - nft's word for a hook
 * @pf: NFPROTO_* of where a packet was met
 * @hooknum: its number in that family
 */
const char *nflua_hook_word(unsigned int pf, unsigned int hooknum)
{
	/* inet's ingress is met as IPv4 or IPv6. */
	if (pf == NFPROTO_IPV4 || pf == NFPROTO_IPV6)
		pf = NFPROTO_INET;
	return word_of(hooks_of(pf), hooknum);
}

/**
 * nflua_hook_has_device() - does a hook belong to a device?
 * @pf: NFPROTO_* of the hook
 * @hooknum: its number in that family
 */
bool nflua_hook_has_device(unsigned int pf, unsigned int hooknum)
{
	return pf == NFPROTO_NETDEV ||
	       (pf == NFPROTO_INET && hooknum == NF_INET_INGRESS);
}

static const struct word policies[] = {
	{ "accept", NFLUA_ON_ERROR_ACCEPT },
	{ "drop", NFLUA_ON_ERROR_DROP },
};

static const struct word *find_word(struct words words, const char *name,
				    size_t len)
{
	unsigned int i;

	for (i = 0; i < words.n; i++)
		if (strlen(words.word[i].name) == len &&
		    !memcmp(words.word[i].name, name, len))
			return &words.word[i];
	return NULL;
}

/* Raises: the field of the hook is none of the words. */
static void bad_word(lua_State *L, const char *field, const char *value,
		     struct words words)
{
	luaL_Buffer b;
	unsigned int i;

	luaL_buffinit(L, &b);
	for (i = 0; i < words.n; i++) {
		luaL_addchar(&b, ' ');
		luaL_addstring(&b, words.word[i].name);
	}
	luaL_pushresult(&b);
	luaL_error(L, "%s is '%s', but may be:%s", field, value,
		   lua_tostring(L, -1));
}

static const struct word *get_word(lua_State *L, int spec, const char *field,
				   const char *def, struct words words)
{
	const char *name = def;
	const struct word *word;

	if (lua_getfield(L, spec, field) != LUA_TNIL)
		name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) :
							luaL_typename(L, -1);
	if (!name)
		luaL_error(L, "the hook has no '%s'", field);
	word = find_word(words, name, strlen(name));
	if (!word)
		bad_word(L, field, name, words);
	lua_pop(L, 1);
	return word;
}

/* A number, a word, or as nft has it a word and a distance: "filter - 5". */
static int get_priority(lua_State *L, int spec, struct words words)
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
		word = find_word(words, s, len);
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
			bad_word(L, "priority", lua_tostring(L, -1), words);
		priority = word->value + distance;
	}
	/* The first and the last place are the kernel's own (defrag, confirm). */
	if (priority <= NF_IP_PRI_FIRST || priority >= NF_IP_PRI_LAST)
		luaL_error(L, "priority %s is out of range",
			   lua_tostring(L, -1));
	lua_pop(L, 1);
	return priority;
}

/* The name of a device, which need not be there. */
static void take_device(lua_State *L, int spec, struct nflua_reg *reg)
{
	const bool wanted = nflua_hook_has_device(reg->family, reg->hooknum);
	const char *name;
	size_t len;

	if (lua_getfield(L, spec, "device") == LUA_TNIL) {
		if (wanted)
			luaL_error(L, "the hook has no 'device'");
		lua_pop(L, 1);
		return;
	}
	if (!wanted)
		luaL_error(L, "only ingress and egress hooks have a device");
	if (lua_type(L, -1) != LUA_TSTRING)
		luaL_error(L, "device is a %s, not a name",
			   luaL_typename(L, -1));
	name = lua_tolstring(L, -1, &len);
	if (!len || len >= sizeof(reg->device) ||
	    strcspn(name, "/: \t\n\v\f\r") != len || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		luaL_error(L, "'%s' is no name for a device", name);
	strscpy(reg->device, name, sizeof(reg->device));
	lua_pop(L, 1);
}

static void check_fields(lua_State *L, int spec)
{
	static const char *const names[] = { "family", "hook", "priority",
					     "device", "on_error" };
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
			luaL_error(L, "a hook has no field '%s' (it has: family hook priority device on_error)",
				   lua_type(L, -1) == LUA_TSTRING ?
				   lua_tostring(L, -1) : luaL_typename(L, -1));
	}
}

/**
 * nflua_hook_parse() - read the table given to nf:hook
 * @L: the running thread
 * @spec: index of the table: family, hook, priority, device (of an ingress or
 *	egress hook), on_error (accept, drop; default accept)
 * @reg: what it says; zero but for the kind
 *
 * Context: process, inside lua_pcall(); raises for what is wrong
 * Return: 0
 */
int nflua_hook_parse(lua_State *L, int spec, struct nflua_reg *reg)
{
	const struct word *family, *hook;

	check_fields(L, spec);
	family = get_word(L, spec, "family", NULL, WORDS(families));
	reg->family = family->value;
	hook = get_word(L, spec, "hook", NULL, hooks_of(reg->family));
	reg->hooknum = hook->value;
	reg->priority = get_priority(L, spec, priorities_of(reg->family));
	take_device(L, spec, reg);
	reg->on_error = get_word(L, spec, "on_error", "accept",
				 WORDS(policies))->value;
	snprintf(reg->name, sizeof(reg->name), "%s %s %d%s%s", family->name,
		 hook->name, reg->priority, *reg->device ? " " : "",
		 reg->device);
	return 0;
}
