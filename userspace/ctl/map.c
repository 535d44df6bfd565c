// SPDX-License-Identifier: GPL-2.0-only
/* nfluactl map: the maps of the namespace, and their entries. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "print.h"

#define NS_PER_MS	1000000

static bool is_hex(const struct ctl *ctl)
{
	return ctl_value(ctl, "hex");
}

static void print_hex(const char *key, const char *fmt, const struct nflua_datum *datum)
{
	const unsigned char *bytes = datum->bytes;
	char text[2 * NFLUA_MAP_VALUE_MAX + 1] = "";
	size_t i;

	for (i = 0; i < datum->size; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	out_string(key, fmt, text);
}

static void print_address(const char *key, const char *fmt, const struct nflua_datum *datum)
{
	const int family = datum->size == 4 ? AF_INET : AF_INET6;
	char text[INET6_ADDRSTRLEN + 4];
	size_t len;

	if (!inet_ntop(family, datum->bytes, text, sizeof(text)))
		return;
	len = strlen(text);
	if (datum->prefix < 8 * datum->size)
		snprintf(text + len, sizeof(text) - len, "/%u", datum->prefix);
	out_string(key, fmt, text);
}

static void print_datum(const struct ctl *ctl, const char *key, const char *fmt,
			const struct nflua_datum *datum)
{
	if (datum->type == NFLUA_MAP_INTEGER)
		out_int(key, fmt, datum->integer);
	else if (datum->type == NFLUA_MAP_ADDRESS)
		print_address(key, fmt, datum);
	else if (is_hex(ctl))
		print_hex(key, fmt, datum);
	else
		out_data(key, fmt, datum->bytes, datum->size);
}

static int print_entry(const struct nflua_map_entry *entry, void *data)
{
	const struct ctl *ctl = data;

	out_object(NULL);
	print_datum(ctl, "key", "%s", &entry->key);
	print_datum(ctl, "value", "\t%s", &entry->value);
	if (entry->ttl)
		out_duration("ttl", "\t%s", entry->ttl * NS_PER_MS);
	else
		out_null("ttl", NULL);
	out_text("\n");
	out_object_end();
	return ferror(stdout) ? -EPIPE : 0;
}

static void print_scripts(const struct nflua_map *map, const char *lead)
{
	size_t i;

	out_array("scripts");
	for (i = 0; i < map->nscripts; i++) {
		out_text("%s%s", i ? "," : lead, map->scripts[i]);
		out_element(map->scripts[i]);
	}
	out_array_end();
}

/* Everything of a map but its entries; in text without a line break. */
static void print_map(const struct nflua_map *map)
{
	out_string("name", "%s", map->name);
	out_string("key", ", %s", nflua_map_type_name(map->key));
	out_string("value", " to %s", nflua_map_type_name(map->value));
	if (map->value == NFLUA_MAP_STRING)
		out_uint("size", " of %s bytes", map->size);
	else
		out_null("size", NULL);
	out_uint("count", ", entries %s", map->count);
	out_uint("max", " of %s", map->max);
	out_bytes("memory", ", memory %s", map->memory);
	out_string("evict", map->evict ? ", evict %s" : NULL, nflua_map_evict_name(map->evict));
	out_duration("ttl", map->ttl ? ", ttl %s" : NULL, map->ttl * NS_PER_MS);
	print_scripts(map, ", scripts ");
}

static int print_line(const struct nflua_map *map, void *data)
{
	const int width = *(int *)data;
	char memory[32];

	text_bytes(memory, sizeof(memory), map->memory);
	out_text("%-*s %-7s %-7s %10u %10u %10s %-5s", width, map->name,
		 nflua_map_type_name(map->key), nflua_map_type_name(map->value), map->count,
		 map->max, memory, nflua_map_evict_name(map->evict));
	if (map->ttl)
		out_duration(NULL, " %-8s", map->ttl * NS_PER_MS);
	else
		out_text(" %-8s", "-");
	print_scripts(map, " ");
	out_text("\n");
	return 0;
}

static int measure(const struct nflua_map *map, void *data)
{
	int *width = data;

	if ((int)strlen(map->name) > *width)
		*width = strlen(map->name);
	return 0;
}

static int print_object(const struct nflua_map *map, void *data)
{
	(void)data;
	out_object(NULL);
	print_map(map);
	out_object_end();
	return 0;
}

static int map_list(struct ctl *ctl)
{
	int width = strlen("NAME");
	int err;

	if (out_is_json()) {
		out_list();
		err = nflua_map_each(ctl->nl, print_object, NULL);
		out_list_end(!err);
		return err ? ctl_refused(ctl, err, NULL) : CTL_OK;
	}
	err = nflua_map_each(ctl->nl, measure, &width);
	if (err)
		return ctl_refused(ctl, err, NULL);
	out_text("%-*s KEY     VALUE      ENTRIES        MAX     MEMORY EVICT TTL      SCRIPTS\n",
		 width, "NAME");
	err = nflua_map_each(ctl->nl, print_line, &width);
	return err ? ctl_refused(ctl, err, NULL) : CTL_OK;
}

static int map_show(struct ctl *ctl, struct nflua_map *map)
{
	int err;

	out_array(NULL);
	out_object(NULL);
	print_map(map);
	out_text("\n");
	out_array("entries");
	err = nflua_map_entry_each(ctl->nl, map->name, print_entry, ctl);
	out_array_end();
	out_bool("changed", NULL, err);
	out_object_end();
	out_array_end();
	if (err == -EINTR)
		ctl_hint("the map changed while it was read: entries that came or went meanwhile may be missing");
	if (err == -EPIPE)
		return CTL_USAGE; /* main() says why */
	return err && err != -EINTR ? ctl_refused(ctl, err, map->name) : CTL_OK;
}

/* Two hexadecimal digits a byte. Return: the bytes with a NUL, or NULL. */
static char *read_hex(const char *text, size_t *size)
{
	char *bytes = malloc(strlen(text) / 2 + 1);
	char pair[3] = "", *end;

	if (!bytes)
		return NULL;
	for (*size = 0; *text; text += 2) {
		pair[0] = text[0];
		pair[1] = text[1];
		if (strspn(pair, "0123456789abcdefABCDEF") != 2) {
			free(bytes);
			return NULL;
		}
		bytes[(*size)++] = (char)strtoul(pair, &end, 16);
	}
	bytes[*size] = 0;
	return bytes;
}

static bool read_address(const char *text, struct nflua_datum *datum, unsigned char *bytes)
{
	size_t len = strcspn(text, "/");
	char address[INET6_ADDRSTRLEN];
	uint64_t prefix;

	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = 0;
	if (inet_pton(AF_INET, address, bytes) == 1)
		datum->size = 4;
	else if (inet_pton(AF_INET6, address, bytes) == 1)
		datum->size = 16;
	else
		return false;
	prefix = 8 * datum->size;
	if (text[len] && (!ctl_parse_number(text + len + 1, &prefix) || prefix > 8 * datum->size))
		return false;
	datum->bytes = bytes;
	datum->prefix = prefix;
	return true;
}

/**
 * struct word - a key or value of the command line
 * @datum: what it is
 * @address: room for an address
 * @bytes: from hexadecimal digits
 */
struct word {
	struct nflua_datum datum;
	unsigned char address[16];
	char *bytes;
};

static int read_word(struct ctl *ctl, enum nflua_map_type type, const char *text,
		     struct word *word)
{
	struct nflua_datum *datum = &word->datum;

	datum->type = type;
	switch (type) {
	case NFLUA_MAP_INTEGER:
		if (ctl_parse_integer(text, &datum->integer))
			return CTL_OK;
		return ctl_usage(ctl, "'%s' is no integer of 64 bits", text);
	case NFLUA_MAP_ADDRESS:
		if (read_address(text, datum, word->address))
			return CTL_OK;
		return ctl_usage(ctl, "'%s' is no IP address or prefix", text);
	default:
		break;
	}
	datum->bytes = text;
	datum->size = strlen(text);
	if (!is_hex(ctl))
		return CTL_OK;
	word->bytes = read_hex(text, &datum->size);
	datum->bytes = word->bytes;
	return word->bytes ? CTL_OK : ctl_usage(ctl, "'%s' is not hexadecimal digits in pairs",
						text);
}

static int map_get(struct ctl *ctl, struct nflua_map *map)
{
	struct word key = {};
	int err;

	err = read_word(ctl, map->key, ctl->operands[2], &key);
	if (!err) {
		err = nflua_map_entry_get(ctl->nl, map->name, &key.datum, print_entry, ctl);
		if (err)
			err = ctl_refused(ctl, err, map->name);
	}
	free(key.bytes);
	return err;
}

/* @ms stays as it is without the option. */
static int read_ttl(struct ctl *ctl, uint64_t *ms)
{
	const char *ttl = ctl_value(ctl, "ttl");
	uint64_t ns;

	if (!ttl)
		return CTL_OK;
	if (!ctl_parse_time(ttl, &ns) || ns % NS_PER_MS)
		return ctl_usage(ctl, "'%s' is no time in milliseconds: give a number with ms or s",
				 ttl);
	*ms = ns / NS_PER_MS;
	return CTL_OK;
}

static int map_set(struct ctl *ctl, struct nflua_map *map)
{
	struct nflua_map_entry entry = {};
	struct word key = {}, value = {};
	int err;

	err = read_word(ctl, map->key, ctl->operands[2], &key);
	if (!err)
		err = read_word(ctl, map->value, ctl->operands[3], &value);
	if (!err) {
		entry.key = key.datum;
		entry.value = value.datum;
		read_ttl(ctl, &entry.ttl);
		err = nflua_map_entry_set(ctl->nl, map->name, &entry, ctl_value(ctl, "ttl"));
		if (err)
			err = ctl_refused(ctl, err, map->name);
	}
	free(key.bytes);
	free(value.bytes);
	return err;
}

static int map_delete(struct ctl *ctl, struct nflua_map *map)
{
	struct word key = {};
	int err;

	err = read_word(ctl, map->key, ctl->operands[2], &key);
	if (!err) {
		err = nflua_map_entry_delete(ctl->nl, map->name, &key.datum);
		if (err)
			err = ctl_refused(ctl, err, map->name);
	}
	free(key.bytes);
	return err;
}

static const struct {
	const char *name;
	const char *operands;
	unsigned int count;
	int (*run)(struct ctl *ctl, struct nflua_map *map);
} actions[] = {
	{ "show", "NAME", 1, map_show },
	{ "get", "NAME KEY", 2, map_get },
	{ "set", "NAME KEY VALUE", 3, map_set },
	{ "delete", "NAME KEY", 2, map_delete },
};

static int act(struct ctl *ctl, size_t i)
{
	struct nflua_map *map;
	uint64_t ttl;
	int err;

	if (ctl->noperands < 1 + actions[i].count)
		return ctl_usage(ctl, "map %s takes %s", actions[i].name, actions[i].operands);
	if (ctl->noperands > 1 + actions[i].count)
		return ctl_usage(ctl, "'%s' is one word too many",
				 ctl->operands[1 + actions[i].count]);
	if (ctl_value(ctl, "ttl") && actions[i].run != map_set)
		return ctl_usage(ctl, "--ttl is for map set");
	if (!nflua_name_valid(ctl->operands[1]))
		return ctl_usage(ctl, "'%s' is no name for a map", ctl->operands[1]);
	err = read_ttl(ctl, &ttl);
	if (!err)
		err = ctl_connect(ctl);
	if (err)
		return err;
	err = nflua_map_get(ctl->nl, ctl->operands[1], &map);
	if (err)
		return ctl_refused(ctl, err, ctl->operands[1]);
	err = actions[i].run(ctl, map);
	nflua_map_free(map);
	return err;
}

static int run(struct ctl *ctl)
{
	size_t i;
	int err;

	if (!strcmp(ctl->operands[0], "list")) {
		if (ctl->noperands > 1)
			return ctl_usage(ctl, "'%s' is one word too many", ctl->operands[1]);
		if (ctl->noptions)
			return ctl_usage(ctl, "--%s is not for map list", ctl->options[0]->name);
		err = ctl_connect(ctl);
		return err ? err : map_list(ctl);
	}
	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (!strcmp(ctl->operands[0], actions[i].name))
			return act(ctl, i);
	return ctl_usage(ctl, "there is no 'map %s', but list, show, get, set and delete",
			 ctl->operands[0]);
}

static const struct ctl_option options[] = {
	{ "ttl", 0, "TIME", CTL_WORD_NONE,
	  "set: how long the entry lives, as 500ms or 60s; 0s: for ever" },
	{ "hex", 0, NULL, CTL_WORD_NONE,
	  "keys and values that are strings are written as hexadecimal digits" },
	{ }
};

static const struct ctl_command map_command = {
	.name = "map",
	.operands = "list|show|get|set|delete [NAME [KEY [VALUE]]]",
	.word = CTL_WORD_MAP,
	.min = 1,
	.max = 4,
	.options = options,
	.verb = "access map",
	.help = "show and change what scripts keep in their maps",
	.details = "list                  the maps of the namespace, one line each\n"
		   "show NAME             a map with all its entries\n"
		   "get NAME KEY          an entry\n"
		   "set NAME KEY VALUE    write an entry\n"
		   "delete NAME KEY       take an entry out\n\n"
		   "KEY and VALUE are written as the map's types say: an integer, a string, an IP\n"
		   "address or a prefix. Write -- before a word that begins with a minus. Traffic\n"
		   "and scripts go on meanwhile.",
	.run = run,
};
CTL_COMMAND(map_command);
