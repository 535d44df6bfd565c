// SPDX-License-Identifier: GPL-2.0-only
/* The words for the numbers of the netlink interface. */
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter_arp.h>

#include "internal.h"

#define WORD(table, i) \
	((i) < MNL_ARRAY_SIZE(table) && (table)[i] ? (table)[i] : "unknown")

static const char *const kinds[] = {
	[NFLUA_ENTRY_FUNCTION] = "function",
	[NFLUA_ENTRY_MATCH] = "match",
	[NFLUA_ENTRY_TARGET] = "target",
	[NFLUA_ENTRY_HOOK] = "hook",
	[NFLUA_ENTRY_HELPER] = "helper",
	[NFLUA_ENTRY_EXTENSION] = "extension",
};

static const char *const outcomes[] = {
	[NFLUA_A_OUTCOME_ACCEPT] = "accept",
	[NFLUA_A_OUTCOME_DROP] = "drop",
	[NFLUA_A_OUTCOME_CONTINUE] = "continue",
	[NFLUA_A_OUTCOME_MATCH] = "match",
	[NFLUA_A_OUTCOME_NOMATCH] = "nomatch",
	[NFLUA_A_OUTCOME_STOLEN] = "stolen",
	[NFLUA_A_OUTCOME_QUEUE] = "queue",
	[NFLUA_A_OUTCOME_REPEAT] = "repeat",
	[NFLUA_A_OUTCOME_STOP] = "stop",
	[NFLUA_A_OUTCOME_PAD] = NULL,
};

static const char *const errors[] = {
	[NFLUA_A_ERROR_RUNTIME] = "runtime",
	[NFLUA_A_ERROR_VERDICT] = "verdict",
	[NFLUA_A_ERROR_MEMORY] = "memory",
	[NFLUA_A_ERROR_TIME] = "time",
	[NFLUA_A_ERROR_CSTACK] = "cstack",
	[NFLUA_A_ERROR_SHORT] = "short",
	[NFLUA_A_ERROR_REENTRY] = "reentry",
	[NFLUA_A_ERROR_NOSTATE] = "nostate",
	[NFLUA_A_ERROR_SUSPENDED] = "suspended",
	[NFLUA_A_ERROR_PAD] = NULL,
};

static const char *const on_errors[] = {
	[NFLUA_ON_ERROR_NOMATCH] = "nomatch",
	[NFLUA_ON_ERROR_MATCH] = "match",
	[NFLUA_ON_ERROR_CONTINUE] = "continue",
	[NFLUA_ON_ERROR_ACCEPT] = "accept",
	[NFLUA_ON_ERROR_DROP] = "drop",
};

static const char *const families[] = {
	[NFPROTO_INET] = "inet",
	[NFPROTO_IPV4] = "ipv4",
	[NFPROTO_ARP] = "arp",
	[NFPROTO_NETDEV] = "netdev",
	[NFPROTO_BRIDGE] = "bridge",
	[NFPROTO_IPV6] = "ipv6",
};

/* those of the bridge, too */
static const char *const hooks[] = {
	[NF_INET_PRE_ROUTING] = "prerouting",
	[NF_INET_LOCAL_IN] = "input",
	[NF_INET_FORWARD] = "forward",
	[NF_INET_LOCAL_OUT] = "output",
	[NF_INET_POST_ROUTING] = "postrouting",
	[NF_INET_NUMHOOKS] = "ingress",
};

static const char *const arp_hooks[] = {
	[NF_ARP_IN] = "input",
	[NF_ARP_OUT] = "output",
	[NF_ARP_FORWARD] = "forward",
};

/* NF_NETDEV_*; older headers lack the second. */
static const char *const netdev_hooks[] = {
	[0] = "ingress",
	[1] = "egress",
};

static const char *const hook_states[] = {
	[NFLUA_HOOK_HOOKED] = "hooked",
	[NFLUA_HOOK_WAITING] = "waiting",
	[NFLUA_HOOK_UNREGISTERED] = "unregistered",
};

static const char *const events[] = {
	[NFLUA_EVENT_LOADED] = "loaded",
	[NFLUA_EVENT_REPLACED] = "replaced",
	[NFLUA_EVENT_UNLOADED] = "unloaded",
	[NFLUA_EVENT_CPU_FAILED] = "cpu-failed",
	[NFLUA_EVENT_SUSPENDED] = "suspended",
	[NFLUA_EVENT_RESUMED] = "resumed",
};

static const char *const map_types[] = {
	[NFLUA_MAP_INTEGER] = "integer",
	[NFLUA_MAP_STRING] = "string",
	[NFLUA_MAP_ADDRESS] = "address",
};

static const char *const map_evicts[] = {
	[NFLUA_MAP_EVICT_NONE] = "none",
	[NFLUA_MAP_EVICT_LRU] = "lru",
};

/* in the order of the bits of enum nflua_group */
static const char *const groups[] = {
	NFLUA_MCGRP_EVENTS, NFLUA_MCGRP_LOG, NFLUA_MCGRP_ERRORS,
};

static const char *const timings[] = {
	[NFLUA_TIMING_OFF] = "off",
	[NFLUA_TIMING_ON] = "on",
	[NFLUA_TIMING_RESET] = "reset",
};

/**
 * nflua_name_valid() - whether a script may have this name
 * @name: the name
 *
 * Return: true for 1 to 63 of the characters A-Z a-z 0-9 _ . -
 */
bool nflua_name_valid(const char *name)
{
	size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789_.-");

	return len > 0 && len < NFLUA_NAME_SIZE && !name[len];
}

/**
 * nflua_kind_name() - the word for a kind of entry point
 * @kind: &enum nflua_entry_kind
 *
 * Return: the word, "unknown" for a number of a newer kernel
 */
const char *nflua_kind_name(unsigned int kind)
{
	return WORD(kinds, kind);
}

/**
 * nflua_outcome_name() - the word for an answer
 * @outcome: &enum nflua_outcome_attr
 *
 * Return: the word, "unknown" for what is no counter
 */
const char *nflua_outcome_name(unsigned int outcome)
{
	return WORD(outcomes, outcome);
}

/**
 * nflua_error_name() - the word for a kind of failure
 * @error: &enum nflua_error_attr
 *
 * Return: the word, "unknown" for what is no counter
 */
const char *nflua_error_name(unsigned int error)
{
	return WORD(errors, error);
}

/**
 * nflua_on_error_name() - the word for a failure policy
 * @on_error: &enum nflua_on_error
 *
 * Return: the word, "unknown" for a number of a newer kernel
 */
const char *nflua_on_error_name(unsigned int on_error)
{
	return WORD(on_errors, on_error);
}

/**
 * nflua_family_name() - the word for a hook's family
 * @family: NFPROTO_*
 *
 * Return: the word, "unknown" for a number of a newer kernel
 */
const char *nflua_family_name(unsigned int family)
{
	return WORD(families, family);
}

/**
 * nflua_hook_name() - the word for a hook
 * @family: NFPROTO_*
 * @hooknum: its number in that family
 *
 * Return: the word, "unknown" for a number of a newer kernel
 */
const char *nflua_hook_name(unsigned int family, unsigned int hooknum)
{
	switch (family) {
	case NFPROTO_ARP:
		return WORD(arp_hooks, hooknum);
	case NFPROTO_NETDEV:
		return WORD(netdev_hooks, hooknum);
	default:
		return WORD(hooks, hooknum);
	}
}

/**
 * nflua_hook_state_name() - the word for whether a hook is registered
 * @state: &enum nflua_hook_state
 *
 * Return: the word, "unknown" for a number of a newer kernel
 */
const char *nflua_hook_state_name(unsigned int state)
{
	return WORD(hook_states, state);
}

static int find(const char *const *words, unsigned int count, const char *name)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (words[i] && !strcmp(words[i], name))
			return i;
	return -1;
}

/**
 * nflua_kind_find() - the kind of entry point of a word
 * @name: the word
 *
 * Return: &enum nflua_entry_kind, -1 if there is none
 */
int nflua_kind_find(const char *name)
{
	return find(kinds, MNL_ARRAY_SIZE(kinds), name);
}

/**
 * nflua_family_find() - the family of a word
 * @name: the word
 *
 * Return: NFPROTO_*, -1 if there is none
 */
int nflua_family_find(const char *name)
{
	return find(families, MNL_ARRAY_SIZE(families), name);
}

/**
 * nflua_hook_find() - the IPv4 or IPv6 hook of a word
 * @name: the word
 *
 * Return: NF_INET_*, -1 if there is none
 */
int nflua_hook_find(const char *name)
{
	return find(hooks, NF_INET_NUMHOOKS, name);
}

/**
 * nflua_event_name() - the word for what happened to a script
 * @event: &enum nflua_event
 *
 * Return: the word, "unknown" for a number of a newer kernel
 */
const char *nflua_event_name(unsigned int event)
{
	return WORD(events, event);
}

/**
 * nflua_group_name() - the name of a multicast group
 * @group: one bit of &enum nflua_group
 *
 * Return: the name, "unknown" for what is no group
 */
const char *nflua_group_name(unsigned int group)
{
	unsigned int i;

	for (i = 0; i < MNL_ARRAY_SIZE(groups); i++)
		if (group == 1U << i)
			return groups[i];
	return "unknown";
}

/**
 * nflua_group_find() - the multicast group of a name
 * @name: the name
 *
 * Return: its bit of &enum nflua_group, 0 if there is none
 */
unsigned int nflua_group_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < MNL_ARRAY_SIZE(groups); i++)
		if (!strcmp(groups[i], name))
			return 1U << i;
	return 0;
}

/**
 * nflua_timing_name() - the word for what is done with the timing
 * @timing: &enum nflua_timing
 *
 * Return: the word, "unknown" for a number that means nothing
 */
const char *nflua_timing_name(unsigned int timing)
{
	return WORD(timings, timing);
}

/**
 * nflua_timing_find() - what is done with the timing, by its word
 * @name: the word
 *
 * Return: &enum nflua_timing, -1 if there is none
 */
int nflua_timing_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < MNL_ARRAY_SIZE(timings); i++)
		if (!strcmp(timings[i], name))
			return i;
	return -1;
}

/**
 * nflua_map_type_name() - the word for what a map's keys or values are
 * @type: &enum nflua_map_type
 *
 * Return: the word, "unknown" for a number of a newer kernel
 */
const char *nflua_map_type_name(unsigned int type)
{
	return WORD(map_types, type);
}

/**
 * nflua_map_evict_name() - the word for what a full map does
 * @evict: &enum nflua_map_evict
 *
 * Return: the word, "unknown" for a number of a newer kernel
 */
const char *nflua_map_evict_name(unsigned int evict)
{
	return WORD(map_evicts, evict);
}
