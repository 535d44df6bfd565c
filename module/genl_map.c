// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests about maps: describe them, and read and write their entries.
 *
 * Context of all functions: process. map_lock keeps the map, and keeps neither
 * packets nor other lookups out of it.
 */
#include <linux/sched.h>
#include <net/genetlink.h>
#include <net/ipv6.h>
#include <net/netlink.h>
#include <net/sock.h>
#include "address.h"
#include "genl.h"
#include "map.h"
#include "script.h"

/* Buckets that a dump looks at between two chances for others to run. */
#define DUMP_BUCKETS	1024
/* One message of a dump has room in it. */
#define DUMP_SIZE	(32 * 1024)

const struct nla_policy nflua_genl_map_policy[NFLUA_A_MAP_MAX + 1] = {
	[NFLUA_A_MAP_NAME] = { .type = NLA_NUL_STRING,
			       .len = NFLUA_NAME_SIZE - 1 },
	[NFLUA_A_MAP_TTL] = { .type = NLA_U64 },
	[NFLUA_A_MAP_KEY_INTEGER] = { .type = NLA_S64 },
	[NFLUA_A_MAP_KEY_STRING] = { .type = NLA_BINARY,
				     .len = NFLUA_MAP_KEY_MAX },
	[NFLUA_A_MAP_KEY_ADDRESS] = { .type = NLA_BINARY,
				      .len = sizeof(struct in6_addr) },
	[NFLUA_A_MAP_KEY_PREFIX] = { .type = NLA_U8 },
	[NFLUA_A_MAP_VALUE_INTEGER] = { .type = NLA_S64 },
	[NFLUA_A_MAP_VALUE_STRING] = { .type = NLA_BINARY,
				       .len = NFLUA_MAP_VALUE_MAX },
};

static struct nflua_map *get_map(struct nflua_net *nn,
				 const struct nlattr *name,
				 struct netlink_ext_ack *extack)
{
	struct nflua_map *map;

	if (!name) {
		NL_SET_ERR_MSG(extack, "the map's name is missing");
		return ERR_PTR(-EINVAL);
	}
	map = nflua_map_find(nn, nla_data(name));
	if (!map) {
		NL_SET_ERR_MSG(extack, "there is no map of this name");
		return ERR_PTR(-ENOENT);
	}
	return map;
}

/*
 * The map that a request is about, with map_lock held until end_map(), or an
 * ERR_PTR() without.
 */
static struct nflua_map *begin_map(struct genl_info *info)
{
	struct nflua_net *nn = nflua_net(genl_info_net(info));
	struct nflua_map *map;

	mutex_lock(&nn->map_lock);
	map = get_map(nn, info->attrs[NFLUA_A_MAP_NAME], info->extack);
	if (IS_ERR(map))
		mutex_unlock(&nn->map_lock);
	return map;
}

static void end_map(struct genl_info *info)
{
	mutex_unlock(&nflua_net(genl_info_net(info))->map_lock);
}

static int get_address(const struct nflua_map *map, struct genl_info *info,
		       struct nflua_map_key *key, u8 *bytes)
{
	const struct nlattr *addr = info->attrs[NFLUA_A_MAP_KEY_ADDRESS];
	const struct nlattr *prefix = info->attrs[NFLUA_A_MAP_KEY_PREFIX];
	u8 max = 8 * nla_len(addr);
	u8 plen = prefix ? nla_get_u8(prefix) : max;
	u32 v4;

	if ((nla_len(addr) != 4 && nla_len(addr) != 16) || plen > max) {
		NL_SET_ERR_MSG_ATTR(info->extack, addr,
				    "an address has 4 or 16 bytes, and its prefix at most so many bits");
		return -EINVAL;
	}
	if (max == 32) {
		v4 = be32_to_cpu(nla_get_be32(addr));
		v4 &= plen ? ~0u << (32 - plen) : 0;
		nflua_map_key_word(map, key, (uintptr_t)nflua_address4(v4, plen));
	} else {
		ipv6_addr_prefix((struct in6_addr *)bytes, nla_data(addr), plen);
		bytes[NFLUA_MAP_KEY6 - 1] = plen;
		nflua_map_key_bytes(map, key, bytes, NFLUA_MAP_KEY6);
	}
	return 0;
}

/* @bytes: room for an address, which the key may refer to */
static int get_key(const struct nflua_map *map, struct genl_info *info,
		   struct nflua_map_key *key, u8 *bytes)
{
	static const u8 attrs[] = {
		[NFLUA_MAP_INTEGER] = NFLUA_A_MAP_KEY_INTEGER,
		[NFLUA_MAP_STRING] = NFLUA_A_MAP_KEY_STRING,
		[NFLUA_MAP_ADDRESS] = NFLUA_A_MAP_KEY_ADDRESS,
	};
	const struct nlattr *attr = info->attrs[attrs[map->shape.key]];

	if (!attr) {
		NL_SET_ERR_MSG(info->extack,
			       "a key of the map's type is missing");
		return -EINVAL;
	}
	if (map->shape.key == NFLUA_MAP_ADDRESS)
		return get_address(map, info, key, bytes);
	if (map->shape.key == NFLUA_MAP_STRING)
		nflua_map_key_bytes(map, key, nla_data(attr), nla_len(attr));
	else
		nflua_map_key_word(map, key, nla_get_s64(attr));
	return 0;
}

static int get_value(const struct nflua_map *map, struct genl_info *info,
		     struct nflua_map_value *value)
{
	const bool string = map->shape.value == NFLUA_MAP_STRING;
	const struct nlattr *ttl = info->attrs[NFLUA_A_MAP_TTL];
	const struct nlattr *attr =
		info->attrs[string ? NFLUA_A_MAP_VALUE_STRING :
				     NFLUA_A_MAP_VALUE_INTEGER];

	if (!attr) {
		NL_SET_ERR_MSG(info->extack,
			       "a value of the map's type is missing");
		return -EINVAL;
	}
	if (string) {
		if (nla_len(attr) > map->shape.size) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr,
					    "the value is longer than the map's size");
			return -EMSGSIZE;
		}
		value->bytes = nla_data(attr);
		value->len = nla_len(attr);
	} else {
		value->number = nla_get_s64(attr);
	}
	value->ttl = ttl ? nla_get_u64(ttl) : map->shape.ttl;
	if (value->ttl > NFLUA_MAP_TTL_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack, ttl,
				    "an entry lives for a year at most");
		return -ERANGE;
	}
	return 0;
}

static int put_scripts(struct sk_buff *skb, const struct nflua_map *map)
{
	const struct nflua_map_user *user;

	list_for_each_entry(user, &map->users, map_node)
		if (user->gen->published && !READ_ONCE(user->gen->retired) &&
		    nla_put_string(skb, NFLUA_A_MAP_SCRIPT, user->gen->name))
			return -EMSGSIZE;
	return 0;
}

static int put_map(struct sk_buff *skb, const struct nflua_map *map)
{
	const struct nflua_map_shape *shape = &map->shape;

	if (nla_put_string(skb, NFLUA_A_MAP_NAME, shape->name) ||
	    nla_put_u8(skb, NFLUA_A_MAP_KEY_TYPE, shape->key) ||
	    nla_put_u8(skb, NFLUA_A_MAP_VALUE_TYPE, shape->value) ||
	    (shape->value == NFLUA_MAP_STRING &&
	     nla_put_u32(skb, NFLUA_A_MAP_SIZE, shape->size)) ||
	    nla_put_u32(skb, NFLUA_A_MAP_MAX, shape->max) ||
	    nla_put_u8(skb, NFLUA_A_MAP_EVICT, shape->evict) ||
	    nla_put_u32(skb, NFLUA_A_MAP_COUNT, atomic_read(&map->count)) ||
	    nla_put_u64_64bit(skb, NFLUA_A_MAP_MEMORY, nflua_map_memory(map),
			      NFLUA_A_MAP_PAD) ||
	    nla_put_u64_64bit(skb, NFLUA_A_MAP_TTL, shape->ttl,
			      NFLUA_A_MAP_PAD))
		return -EMSGSIZE;
	return put_scripts(skb, map);
}

static int put_key(struct sk_buff *skb, const struct nflua_map *map,
		   const struct nflua_map_entry *entry)
{
	__be32 v4;

	switch (map->shape.key) {
	case NFLUA_MAP_INTEGER:
		return nla_put_s64(skb, NFLUA_A_MAP_KEY_INTEGER, entry->word,
				   NFLUA_A_MAP_PAD);
	case NFLUA_MAP_STRING:
		return nla_put(skb, NFLUA_A_MAP_KEY_STRING, entry->len,
			       entry->bytes);
	}
	if (entry->len)
		return nla_put(skb, NFLUA_A_MAP_KEY_ADDRESS,
			       sizeof(struct in6_addr), entry->bytes) ?:
		       nla_put_u8(skb, NFLUA_A_MAP_KEY_PREFIX,
				  entry->bytes[NFLUA_MAP_KEY6 - 1]);
	v4 = cpu_to_be32(entry->word >> 8);
	return nla_put(skb, NFLUA_A_MAP_KEY_ADDRESS, sizeof(v4), &v4) ?:
	       nla_put_u8(skb, NFLUA_A_MAP_KEY_PREFIX, entry->word);
}

/* Context: RCU read section */
static int put_entry(struct sk_buff *skb, const struct nflua_map *map,
		     const struct nflua_map_entry *entry)
{
	const struct nflua_map_string *string;
	u64 ttl = nflua_map_ttl_left(entry);
	int err;

	if (map->shape.value == NFLUA_MAP_STRING) {
		string = rcu_dereference(entry->string);
		err = nla_put(skb, NFLUA_A_MAP_VALUE_STRING, string->len,
			      string->bytes);
	} else {
		err = nla_put_s64(skb, NFLUA_A_MAP_VALUE_INTEGER,
				  atomic64_read(&entry->number),
				  NFLUA_A_MAP_PAD);
	}
	if (!err && ttl)
		err = nla_put_u64_64bit(skb, NFLUA_A_MAP_TTL, ttl,
					NFLUA_A_MAP_PAD);
	return err ?: put_key(skb, map, entry);
}

/* Room for any answer about one map or one entry but a long list of scripts. */
#define REPLY_SIZE	(NLMSG_GOODSIZE + NFLUA_MAP_VALUE_MAX + \
			 NFLUA_SCRIPTS_MAX * (NFLUA_NAME_SIZE + NLA_HDRLEN))

static struct sk_buff *begin_reply(struct genl_info *info, void **hdr)
{
	struct sk_buff *skb = genlmsg_new(REPLY_SIZE, GFP_KERNEL);

	if (!skb)
		return ERR_PTR(-ENOMEM);
	*hdr = genlmsg_put_reply(skb, info, &nflua_genl_family, 0,
				 info->genlhdr->cmd);
	return skb;
}

static int end_reply(struct genl_info *info, struct sk_buff *skb, void *hdr,
		     int err)
{
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

/* MAP_GET, one map */
int nflua_genl_map_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nflua_map *map;
	void *hdr;
	int err;

	skb = begin_reply(info, &hdr);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	map = begin_map(info);
	if (IS_ERR(map))
		return end_reply(info, skb, hdr, PTR_ERR(map));
	err = put_map(skb, map);
	end_map(info);
	return end_reply(info, skb, hdr, err);
}

/* Room for the largest map or entry, whoever asks. */
int nflua_genl_map_dump_start(struct netlink_callback *cb)
{
	cb->min_dump_alloc = DUMP_SIZE - 1;
	return 0;
}

/* MAP_GET, all maps. The cursor is the number of maps that were sent. */
int nflua_genl_map_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nflua_net *nn = nflua_net(sock_net(skb->sk));
	const struct nflua_map *map;
	long sent = 0;
	void *hdr;
	int err = 0;

	mutex_lock(&nn->map_lock);
	cb->seq = nn->map_seq;
	list_for_each_entry(map, &nn->maps, node) {
		if (sent++ < cb->args[0] || !map->published)
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &nflua_genl_family,
				  NLM_F_MULTI, NFLUA_CMD_MAP_GET);
		err = -EMSGSIZE;
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		err = put_map(skb, map);
		if (err) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = sent;
	}
	mutex_unlock(&nn->map_lock);
	return skb->len ?: err;
}

/* MAP_ENTRY_GET, one entry */
int nflua_genl_map_entry_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nflua_map_entry *entry;
	struct nflua_map_key key;
	u8 bytes[NFLUA_MAP_KEY6];
	struct nflua_map *map;
	void *hdr;
	int err;

	skb = begin_reply(info, &hdr);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	map = begin_map(info);
	if (IS_ERR(map))
		return end_reply(info, skb, hdr, PTR_ERR(map));
	err = get_key(map, info, &key, bytes);
	if (!err) {
		rcu_read_lock();
		entry = nflua_map_lookup(map, &key);
		err = entry ? put_entry(skb, map, entry) : -ENOENT;
		rcu_read_unlock();
		if (err == -ENOENT)
			NL_SET_ERR_MSG(info->extack,
				       "the map has no such key");
	}
	end_map(info);
	return end_reply(info, skb, hdr, err);
}

/**
 * struct walk - where a dump of a map's entries is
 * @id: of the map, 0 at the begin
 * @cursor: in it
 */
struct walk {
	u64 id;
	struct nflua_map_cursor cursor;
};

/* Return: whether there is room for more */
static bool dump_one(struct sk_buff *skb, struct netlink_callback *cb,
		     const struct nflua_map *map,
		     const struct nflua_map_entry *entry)
{
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, &nflua_genl_family,
				NLM_F_MULTI, NFLUA_CMD_MAP_ENTRY_GET);

	if (!hdr)
		return false;
	genl_dump_check_consistent(cb, hdr);
	if (put_entry(skb, map, entry)) {
		genlmsg_cancel(skb, hdr);
		return false;
	}
	genlmsg_end(skb, hdr);
	return true;
}

/* Return: 0, or -EMSGSIZE if there is no room for the next one alone */
static int dump_some(struct sk_buff *skb, struct netlink_callback *cb,
		     const struct nflua_map *map)
{
	struct walk *walk = (struct walk *)cb->ctx;
	struct nflua_map_cursor cursor;
	struct nflua_map_entry *entry;
	u32 buckets = 0;
	bool room = true;

	do {
		buckets = DUMP_BUCKETS;
		rcu_read_lock();
		do {
			cursor = walk->cursor;
			entry = nflua_map_next(map, &cursor, &buckets);
			if (entry)
				room = dump_one(skb, cb, map, entry);
			if (room)
				walk->cursor = cursor;
		} while (entry && room);
		rcu_read_unlock();
		cond_resched();
	} while (room && !buckets);
	return room || skb->len ? 0 : -EMSGSIZE;
}

/* MAP_ENTRY_GET, all entries */
int nflua_genl_map_entry_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct nlattr *name = nlmsg_find_attr(cb->nlh, GENL_HDRLEN,
						    NFLUA_A_MAP_NAME);
	struct nflua_net *nn = nflua_net(sock_net(skb->sk));
	struct walk *walk = (struct walk *)cb->ctx;
	struct nflua_map *map;
	int err;

	BUILD_BUG_ON(sizeof(*walk) > sizeof(cb->ctx));
	mutex_lock(&nn->map_lock);
	map = get_map(nn, name, cb->extack);
	err = PTR_ERR_OR_ZERO(map);
	if (!err && walk->id && walk->id != map->id) {
		NL_SET_ERR_MSG(cb->extack, "there is no map of this name");
		err = -ENOENT;
	}
	if (!err) {
		walk->id = map->id;
		cb->seq = nflua_map_changes(map);
		err = dump_some(skb, cb, map);
		/* for what comes behind, be it only the end */
		cb->seq = nflua_map_changes(map);
	}
	mutex_unlock(&nn->map_lock);
	return err ?: skb->len;
}

/* MAP_ENTRY_SET */
int nflua_genl_map_entry_set(struct sk_buff *skb, struct genl_info *info)
{
	struct nflua_map_value value = {};
	struct nflua_map_key key;
	u8 bytes[NFLUA_MAP_KEY6];
	struct nflua_map *map;
	int err;

	map = begin_map(info);
	if (IS_ERR(map))
		return PTR_ERR(map);
	err = get_key(map, info, &key, bytes) ?: get_value(map, info, &value);
	if (!err) {
		err = nflua_map_store(map, &key, &value, NFLUA_MAP_SET,
				      GFP_KERNEL_ACCOUNT);
		if (err == -ENOSPC)
			NL_SET_ERR_MSG(info->extack, "the map is full");
		else if (err)
			NL_SET_ERR_MSG(info->extack,
				       "not enough memory for an entry");
	}
	end_map(info);
	return err;
}

/* MAP_ENTRY_DELETE */
int nflua_genl_map_entry_delete(struct sk_buff *skb, struct genl_info *info)
{
	struct nflua_map_key key;
	u8 bytes[NFLUA_MAP_KEY6];
	struct nflua_map *map;
	int err;

	map = begin_map(info);
	if (IS_ERR(map))
		return PTR_ERR(map);
	err = get_key(map, info, &key, bytes);
	if (!err && !nflua_map_delete(map, &key)) {
		NL_SET_ERR_MSG(info->extack, "the map has no such key");
		err = -ENOENT;
	}
	end_map(info);
	return err;
}
