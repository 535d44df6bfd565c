// SPDX-License-Identifier: GPL-2.0-only
/* Maps: describing them, and reading and writing their entries. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>

#include "internal.h"

/* Room for a request with the longest key and value. */
#define REQUEST_SIZE	(1024 + NFLUA_MAP_KEY_MAX + NFLUA_MAP_VALUE_MAX)

/* The maps of one exchange, in the order of their arrival. */
struct list {
	struct nflua_map **maps;
	size_t count;
};

/**
 * nflua_map_free() - free what nflua_map_get() returned
 * @map: may be NULL
 */
void nflua_map_free(struct nflua_map *map)
{
	size_t i;

	if (!map)
		return;
	for (i = 0; i < map->nscripts; i++)
		free(map->scripts[i]);
	free(map->scripts);
	free(map);
}

static void list_clear(void *data)
{
	struct list *list = data;
	size_t i;

	for (i = 0; i < list->count; i++)
		nflua_map_free(list->maps[i]);
	free(list->maps);
	memset(list, 0, sizeof(*list));
}

static int add_script(struct nflua_map *map, const struct nlattr *attr)
{
	char **scripts = reallocarray(map->scripts, map->nscripts + 1, sizeof(*scripts));

	if (!scripts)
		return -ENOMEM;
	map->scripts = scripts;
	scripts[map->nscripts] = nflua_attr_strdup(attr);
	if (!scripts[map->nscripts])
		return -ENOMEM;
	map->nscripts++;
	return 0;
}

static int parse_map(const struct nlmsghdr *nlh, struct nflua_map *map)
{
	const struct nlattr *attr;
	int err = 0;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case NFLUA_A_MAP_NAME:
			strncpy(map->name, mnl_attr_get_payload(attr), sizeof(map->name) - 1);
			break;
		case NFLUA_A_MAP_KEY_TYPE:
			map->key = nflua_attr_uint(attr);
			break;
		case NFLUA_A_MAP_VALUE_TYPE:
			map->value = nflua_attr_uint(attr);
			break;
		case NFLUA_A_MAP_SIZE:
			map->size = nflua_attr_uint(attr);
			break;
		case NFLUA_A_MAP_MAX:
			map->max = nflua_attr_uint(attr);
			break;
		case NFLUA_A_MAP_EVICT:
			map->evict = nflua_attr_uint(attr);
			break;
		case NFLUA_A_MAP_COUNT:
			map->count = nflua_attr_uint(attr);
			break;
		case NFLUA_A_MAP_MEMORY:
			map->memory = nflua_attr_uint(attr);
			break;
		case NFLUA_A_MAP_TTL:
			map->ttl = nflua_attr_uint(attr);
			break;
		case NFLUA_A_MAP_SCRIPT:
			err = add_script(map, attr);
			break;
		}
		if (err)
			return err;
	}
	return 0;
}

static int take_map(const struct nlmsghdr *nlh, void *data)
{
	struct list *list = data;
	struct nflua_map **maps, *map = calloc(1, sizeof(*map));
	int err;

	maps = reallocarray(list->maps, list->count + 1, sizeof(*maps));
	if (maps)
		list->maps = maps;
	err = maps && map ? parse_map(nlh, map) : -ENOMEM;
	if (err) {
		nflua_map_free(map);
		return err;
	}
	maps[list->count++] = map;
	return 0;
}

static struct nlmsghdr *request(struct nflua *nl, char *buf, uint8_t cmd, uint16_t flags,
				const char *name)
{
	struct nlmsghdr *nlh = nflua_request(nl, buf, cmd, flags);

	mnl_attr_put_strz(nlh, NFLUA_A_MAP_NAME, name);
	return nlh;
}

static int check_name(struct nflua *nl, const char *name)
{
	return nflua_name_valid(name) ? 0 : nflua_fail(nl, -EINVAL, "'%s' is no name for a map",
						       name);
}

/**
 * nflua_map_get() - describe one map
 * @nl: handle
 * @name: its name
 * @map: where the description goes, to be freed with nflua_map_free()
 *
 * Return: 0, -ENOENT if there is none, or another negative errno
 */
int nflua_map_get(struct nflua *nl, const char *name, struct nflua_map **map)
{
	char buf[REQUEST_SIZE] = {};
	struct list list = {};
	int err;

	err = check_name(nl, name);
	if (!err)
		err = nflua_exchange(nl, request(nl, buf, NFLUA_CMD_MAP_GET, 0, name), take_map,
				     &list);
	if (!err && list.count != 1)
		err = nflua_fail(nl, -EBADMSG, "the kernel's answer has no map");
	if (!err) {
		*map = list.maps[0];
		list.count = 0;
	}
	list_clear(&list);
	return err;
}

/**
 * nflua_map_each() - describe all maps of the namespace
 * @nl: handle
 * @fn: called for each map, once the whole list is there; a negative value
 *	that it returns ends the walk and is returned. It may use @nl.
 * @data: for @fn
 *
 * The list was true at one moment.
 *
 * Return: 0 or a negative errno
 */
int nflua_map_each(struct nflua *nl, int (*fn)(const struct nflua_map *map, void *data),
		   void *data)
{
	struct list list = {};
	size_t i;
	int err;

	err = nflua_dump(nl, NFLUA_CMD_MAP_GET, take_map, list_clear, &list);
	for (i = 0; !err && i < list.count; i++) {
		err = fn(list.maps[i], data);
		if (err > 0)
			err = 0;
	}
	list_clear(&list);
	return err;
}

static void put_key(struct nlmsghdr *nlh, const struct nflua_datum *key)
{
	switch (key->type) {
	case NFLUA_MAP_INTEGER:
		mnl_attr_put_u64(nlh, NFLUA_A_MAP_KEY_INTEGER, key->integer);
		break;
	case NFLUA_MAP_STRING:
		mnl_attr_put(nlh, NFLUA_A_MAP_KEY_STRING, key->size, key->bytes);
		break;
	default:
		mnl_attr_put(nlh, NFLUA_A_MAP_KEY_ADDRESS, key->size, key->bytes);
		mnl_attr_put_u8(nlh, NFLUA_A_MAP_KEY_PREFIX, key->prefix);
	}
}

static int check_datum(struct nflua *nl, const struct nflua_datum *datum, size_t max,
		       const char *what)
{
	if (datum->type != NFLUA_MAP_INTEGER && datum->size > max)
		return nflua_fail(nl, -EMSGSIZE, "the %s has %zu bytes, and may have %zu", what,
				  datum->size, max);
	return 0;
}

/* What an entry is read to: what its strings point to lives in it. */
struct reader {
	int (*fn)(const struct nflua_map_entry *entry, void *data);
	void *data;
	struct nflua_map_entry entry;
	char key[NFLUA_MAP_KEY_MAX + 1];
	char value[NFLUA_MAP_VALUE_MAX + 1];
};

/* The NUL behind the bytes is for who prints them. */
static void take_bytes(const struct nlattr *attr, enum nflua_map_type type, char *buf,
		       size_t max, struct nflua_datum *datum)
{
	datum->type = type;
	datum->bytes = buf;
	datum->size = mnl_attr_get_payload_len(attr);
	if (datum->size > max)
		datum->size = max;
	memcpy(buf, mnl_attr_get_payload(attr), datum->size);
	buf[datum->size] = 0;
}

static int take_entry(const struct nlmsghdr *nlh, void *data)
{
	struct reader *reader = data;
	struct nflua_map_entry *entry = &reader->entry;
	const struct nlattr *attr;
	int err;

	memset(entry, 0, sizeof(*entry));
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case NFLUA_A_MAP_KEY_INTEGER:
			entry->key.integer = (int64_t)nflua_attr_uint(attr);
			break;
		case NFLUA_A_MAP_KEY_STRING:
			take_bytes(attr, NFLUA_MAP_STRING, reader->key, NFLUA_MAP_KEY_MAX,
				   &entry->key);
			break;
		case NFLUA_A_MAP_KEY_ADDRESS:
			take_bytes(attr, NFLUA_MAP_ADDRESS, reader->key, NFLUA_MAP_KEY_MAX,
				   &entry->key);
			break;
		case NFLUA_A_MAP_KEY_PREFIX:
			entry->key.prefix = nflua_attr_uint(attr);
			break;
		case NFLUA_A_MAP_VALUE_INTEGER:
			entry->value.integer = (int64_t)nflua_attr_uint(attr);
			break;
		case NFLUA_A_MAP_VALUE_STRING:
			take_bytes(attr, NFLUA_MAP_STRING, reader->value, NFLUA_MAP_VALUE_MAX,
				   &entry->value);
			break;
		case NFLUA_A_MAP_TTL:
			entry->ttl = nflua_attr_uint(attr);
			break;
		}
	}
	err = reader->fn(entry, reader->data);
	return err > 0 ? 0 : err;
}

/**
 * nflua_map_entry_get() - read an entry
 * @nl: handle
 * @name: the map's name
 * @key: its key, of the map's type
 * @fn: called with the entry, which lives until it returns; it may not use @nl
 * @data: for @fn
 *
 * Return: 0, -ENOENT if there is no map of this name or no such entry, what
 *	@fn returned, or another negative errno
 */
int nflua_map_entry_get(struct nflua *nl, const char *name, const struct nflua_datum *key,
			int (*fn)(const struct nflua_map_entry *entry, void *data), void *data)
{
	struct reader reader = { .fn = fn, .data = data };
	char buf[REQUEST_SIZE] = {};
	struct nlmsghdr *nlh;
	int err;

	err = check_name(nl, name);
	if (!err)
		err = check_datum(nl, key, NFLUA_MAP_KEY_MAX, "key");
	if (err)
		return err;
	nlh = request(nl, buf, NFLUA_CMD_MAP_ENTRY_GET, 0, name);
	put_key(nlh, key);
	return nflua_exchange(nl, nlh, take_entry, &reader);
}

/**
 * nflua_map_entry_each() - read all entries of a map
 * @nl: handle
 * @name: the map's name
 * @fn: called for each, as for nflua_map_entry_get()
 * @data: for @fn
 *
 * Entries are handed on as they come, so that a large map takes no memory here.
 *
 * Return: 0; -EINTR if entries came or went meanwhile: what was there all the
 *	time was handed to @fn once; -ENOENT if there is no map of this name, or
 *	another negative errno
 */
int nflua_map_entry_each(struct nflua *nl, const char *name,
			 int (*fn)(const struct nflua_map_entry *entry, void *data), void *data)
{
	struct reader reader = { .fn = fn, .data = data };
	char buf[REQUEST_SIZE] = {};
	int err;

	err = check_name(nl, name);
	if (err)
		return err;
	return nflua_exchange(nl, request(nl, buf, NFLUA_CMD_MAP_ENTRY_GET, NLM_F_DUMP, name),
			      take_entry, &reader);
}

/**
 * nflua_map_entry_set() - write an entry
 * @nl: handle
 * @name: the map's name
 * @entry: key and value, of the map's types, and its @ttl
 * @has_ttl: @entry->ttl is meant; otherwise it lives as long as the map says
 *
 * Return: 0, -ENOENT if there is no map of this name, -ENOSPC if it is full, or
 *	another negative errno
 */
int nflua_map_entry_set(struct nflua *nl, const char *name, const struct nflua_map_entry *entry,
			bool has_ttl)
{
	const struct nflua_datum *value = &entry->value;
	char buf[REQUEST_SIZE] = {};
	struct nlmsghdr *nlh;
	int err;

	err = check_name(nl, name);
	if (!err)
		err = check_datum(nl, &entry->key, NFLUA_MAP_KEY_MAX, "key");
	if (!err)
		err = check_datum(nl, value, NFLUA_MAP_VALUE_MAX, "value");
	if (err)
		return err;
	nlh = request(nl, buf, NFLUA_CMD_MAP_ENTRY_SET, NLM_F_ACK, name);
	put_key(nlh, &entry->key);
	if (value->type == NFLUA_MAP_STRING)
		mnl_attr_put(nlh, NFLUA_A_MAP_VALUE_STRING, value->size, value->bytes);
	else
		mnl_attr_put_u64(nlh, NFLUA_A_MAP_VALUE_INTEGER, value->integer);
	if (has_ttl)
		mnl_attr_put_u64(nlh, NFLUA_A_MAP_TTL, entry->ttl);
	return nflua_exchange(nl, nlh, NULL, NULL);
}

/**
 * nflua_map_entry_delete() - take an entry out
 * @nl: handle
 * @name: the map's name
 * @key: its key, of the map's type
 *
 * Return: 0, -ENOENT if there is no map of this name or no such entry, or
 *	another negative errno
 */
int nflua_map_entry_delete(struct nflua *nl, const char *name, const struct nflua_datum *key)
{
	char buf[REQUEST_SIZE] = {};
	struct nlmsghdr *nlh;
	int err;

	err = check_name(nl, name);
	if (!err)
		err = check_datum(nl, key, NFLUA_MAP_KEY_MAX, "key");
	if (err)
		return err;
	nlh = request(nl, buf, NFLUA_CMD_MAP_ENTRY_DELETE, NLM_F_ACK, name);
	put_key(nlh, key);
	return nflua_exchange(nl, nlh, NULL, NULL);
}
