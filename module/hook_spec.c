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
#include "words.h"
#include "lua/kernel/lua_kernel.h"

static const struct nflua_word families[] = {
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

static const struct nflua_word ip_hooks[] = {
	{ "prerouting", NF_INET_PRE_ROUTING },
	{ "input", NF_INET_LOCAL_IN },
	{ "forward", NF_INET_FORWARD },
	{ "output", NF_INET_LOCAL_OUT },
	{ "postrouting", NF_INET_POST_ROUTING },
};

static const struct nflua_word inet_hooks[] = {
	{ "prerouting", NF_INET_PRE_ROUTING },
	{ "input", NF_INET_LOCAL_IN },
	{ "forward", NF_INET_FORWARD },
	{ "output", NF_INET_LOCAL_OUT },
	{ "postrouting", NF_INET_POST_ROUTING },
#ifdef CONFIG_NETFILTER_INGRESS
	{ "ingress", NF_INET_INGRESS },
#endif
};

static const struct nflua_word arp_hooks[] = {
	{ "input", NF_ARP_IN },
	{ "forward", NF_ARP_FORWARD },
	{ "output", NF_ARP_OUT },
};

static const struct nflua_word bridge_hooks[] = {
	{ "prerouting", NF_BR_PRE_ROUTING },
	{ "input", NF_BR_LOCAL_IN },
	{ "forward", NF_BR_FORWARD },
	{ "output", NF_BR_LOCAL_OUT },
	{ "postrouting", NF_BR_POST_ROUTING },
};

static const struct nflua_word netdev_hooks[] = {
	{ "ingress", NF_NETDEV_INGRESS },
#ifdef CONFIG_NETFILTER_EGRESS
	{ "egress", NF_NETDEV_EGRESS },
#endif
};

/* nft's names; the numbers are the same for IPv4 and IPv6 */
static const struct nflua_word ip_priorities[] = {
	{ "raw", NF_IP_PRI_RAW },
	{ "mangle", NF_IP_PRI_MANGLE },
	{ "dstnat", NF_IP_PRI_NAT_DST },
	{ "filter", NF_IP_PRI_FILTER },
	{ "security", NF_IP_PRI_SECURITY },
	{ "srcnat", NF_IP_PRI_NAT_SRC },
};

static const struct nflua_word bridge_priorities[] = {
	{ "dstnat", NF_BR_PRI_NAT_DST_BRIDGED },
	{ "filter", NF_BR_PRI_FILTER_BRIDGED },
	{ "out", NF_BR_PRI_NAT_DST_OTHER },
	{ "srcnat", NF_BR_PRI_NAT_SRC },
};

static const struct nflua_word other_priorities[] = {
	{ "filter", NF_IP_PRI_FILTER },
};

static struct nflua_words hooks_of(unsigned int pf)
{
	switch (pf) {
	case NFPROTO_ARP:
		return NFLUA_WORDS(arp_hooks);
	case NFPROTO_BRIDGE:
		return NFLUA_WORDS(bridge_hooks);
	case NFPROTO_NETDEV:
		return NFLUA_WORDS(netdev_hooks);
	case NFPROTO_INET:
		return NFLUA_WORDS(inet_hooks);
	default:
		return NFLUA_WORDS(ip_hooks);
	}
}

static struct nflua_words priorities_of(unsigned int pf)
{
	switch (pf) {
	case NFPROTO_ARP:
	case NFPROTO_NETDEV:
		return NFLUA_WORDS(other_priorities);
	case NFPROTO_BRIDGE:
		return NFLUA_WORDS(bridge_priorities);
	default:
		return NFLUA_WORDS(ip_priorities);
	}
}

/**
 * nflua_family_word() - nft's word for a family
 * @pf: NFPROTO_*
 */
const char *nflua_family_word(unsigned int pf)
{
	return nflua_words_of(NFLUA_WORDS(families), pf);
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
	return nflua_words_of(hooks_of(pf), hooknum);
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

/* A number, a word, or as nft has it a word and a distance: "filter - 5". */
static int get_priority(lua_State *L, int spec, struct nflua_words words)
{
	const struct nflua_word *word;
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
		word = nflua_words_find(words, s, len);
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
			nflua_words_refuse(L, "priority", lua_tostring(L, -1), words);
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

/* A field that is a word, or its number. */
static const struct nflua_word *get_word(lua_State *L, int spec,
					 const char *field,
					 struct nflua_words words)
{
	lua_Integer number;
	unsigned int i;

	lua_getfield(L, spec, field);
	if (!lua_isinteger(L, -1)) {
		lua_pop(L, 1);
		return nflua_words_get(L, spec, "hook", field, NULL, words);
	}
	number = lua_tointeger(L, -1);
	for (i = 0; i < words.n; i++)
		if (words.word[i].value == number)
			break;
	if (i == words.n)
		nflua_words_refuse(L, field, lua_tostring(L, -1), words);
	lua_pop(L, 1);
	return &words.word[i];
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
	static const char *const names[] = { "family", "hook", "priority",
					     "device", "on_error" };
	const struct nflua_word *family, *hook;

	nflua_words_check(L, spec, "a hook", names, ARRAY_SIZE(names), 1);
	family = get_word(L, spec, "family", NFLUA_WORDS(families));
	reg->family = family->value;
	hook = get_word(L, spec, "hook", hooks_of(reg->family));
	reg->hooknum = hook->value;
	reg->priority = get_priority(L, spec, priorities_of(reg->family));
	take_device(L, spec, reg);
	reg->on_error = nflua_words_get(L, spec, "hook", "on_error", "accept",
					nflua_policy_words)->value;
	snprintf(reg->name, sizeof(reg->name), "%s %s %d%s%s", family->name,
		 hook->name, reg->priority, *reg->device ? " " : "",
		 reg->device);
	return 0;
}
