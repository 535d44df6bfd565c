/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_MAP_H
#define _NFLUA_MAP_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/rculist.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include "map_spec.h"
#include "lua/kernel/lua_internal.h"

struct nflua_generation;
struct nflua_net;
struct nflua_state;

#define NFLUA_MAPS_MAX		64	/* that one script may open */
/* Bytes of all maps of a namespace, and of one in another user namespace. */
#define NFLUA_MAP_BYTES		(256L << 20)
#define NFLUA_MAP_BYTES_USER	(16L << 20)

/**
 * struct nflua_map_key - a key, and where it belongs
 * @word: an integer, an IPv4 address or prefix as Lua has it; for other keys
 *	a hash
 * @bytes: the other keys: a string, or an IPv6 address with its prefix length
 * @len: bytes there, 0 if @word is all
 * @bucket: number of its bucket
 */
struct nflua_map_key {
	u64 word;
	const void *bytes;
	u32 len;
	u32 bucket;
};

/* an IPv6 address and its prefix length */
#define NFLUA_MAP_KEY6		17

/**
 * struct nflua_map_string - a value that is a string; never changes
 * @rcu: frees it
 * @map: the map that is charged for it
 * @len: its length
 * @bytes: the string
 */
struct nflua_map_string {
	struct rcu_head rcu;
	struct nflua_map *map;
	u32 len;
	u8 bytes[];
};

/**
 * struct nflua_map_entry - an entry
 * @node: in its bucket
 * @rcu: frees it
 * @number: the value, if it is an integer
 * @string: the value, if it is a string
 * @expires: when it is gone, jiffies of 64 bit, 0 for never
 * @word: as in &struct nflua_map_key
 * @serial: falls along the bucket, so that a walk can go on after changes; the low
 *	half of it
 * @serial_high: the rest, so that it never begins anew
 * @len: as in &struct nflua_map_key
 * @used: looked up or written since the last time that a victim was looked for
 * @bytes: of the key
 *
 * 64 bytes with a key that is a word.
 */
struct nflua_map_entry {
	struct hlist_node node;
	struct rcu_head rcu;
	union {
		atomic64_t number;
		struct nflua_map_string __rcu *string;
	};
	u64 expires;
	u64 word;
	u32 serial;
	u16 serial_high;
	u8 len;
	u8 used;
	u8 bytes[];
};

/**
 * struct nflua_map_lock - excludes writers from some of the buckets
 * @lock: taken with bottom halves off, never two of them
 * @serial: number of entries ever put into these buckets
 * @removed: number of entries taken out
 * @bytes: of the entries in them
 */
struct nflua_map_lock {
	spinlock_t lock;
	u64 serial;
	u32 removed;
	long bytes;
} ____cacheline_aligned_in_smp;

/**
 * struct nflua_map - a map
 * @buckets: the table, of a size that never changes
 * @multiplier: a secret odd number: multiplication by it is a universal hash,
 *	so that nobody can choose addresses that share a bucket
 * @shift: leaves the bits of the product that are the bucket's number
 * @seed: of the hash of bytes
 * @mask: buckets less one, a power of two
 * @locks: of the buckets, by the low bits of their numbers
 * @lock_mask: locks less one
 * @made: the greatest number of entries that it was made for
 * @shape: what it is; @max, @ttl and @evict may change
 * @nn: its namespace
 * @id: unlike that of all others
 * @node: in &nflua_net.maps, empty if it is private
 * @users: &nflua_map_user, the generations that have opened it
 * @published: one of them is in service
 * @sweep: takes out what has expired
 * @count: entries that are in it or about to be: never more than @max
 * @mortal: an entry that expires was ever written
 * @retired: something was ever left to RCU to free
 * @expiring: @sweep is on its way
 * @hand: the bucket where a victim is looked for next
 * @barren: jiffies when none was found last
 */
struct nflua_map {
	struct hlist_head *buckets;
	u64 multiplier;
	u32 shift;
	u32 seed;
	u32 mask;
	struct nflua_map_lock *locks;
	u32 lock_mask;
	u32 made;
	struct nflua_map_shape shape;
	struct nflua_net *nn;
	u64 id;
	struct list_head node;
	struct list_head users;
	bool published;
	struct delayed_work sweep;

	/* What writers write, away from what lookups read. */
	atomic_t count ____cacheline_aligned_in_smp;
	bool mortal;
	bool expiring;
	bool retired;
	u32 hand;
	unsigned long barren;
};

/**
 * struct nflua_map_user - a generation's use of a map
 * @map_node: in &nflua_map.users
 * @gen_node: in &nflua_generation.maps
 * @map: the map
 * @gen: the generation
 * @shape: what its script says of it
 */
struct nflua_map_user {
	struct list_head map_node;
	struct list_head gen_node;
	struct nflua_map *map;
	struct nflua_generation *gen;
	struct nflua_map_shape shape;
};

/* What a write does with the entry of a key, or with the want of one. */
enum nflua_map_op {
	NFLUA_MAP_SET,
	NFLUA_MAP_ADD,
	NFLUA_MAP_INCR,
};

/**
 * struct nflua_map_value - what to write
 * @number: the integer; for an increment what to add, and then the sum
 * @init: what an increment begins with
 * @bytes: the string
 * @len: its length
 * @ttl: how long the entry lives from now, ms, 0 for ever
 */
struct nflua_map_value {
	s64 number;
	s64 init;
	const void *bytes;
	u32 len;
	u64 ttl;
};

/**
 * struct nflua_map_cursor - a place in a map, which stays one when it changes
 * @bucket: number of the bucket
 * @inside: it is behind an entry of the bucket
 * @serial: of that entry
 */
struct nflua_map_cursor {
	u32 bucket;
	bool inside;
	u64 serial;
};

/* map_table.c */
struct nflua_map *nflua_map_create(struct nflua_net *nn,
				   const struct nflua_map_shape *shape);
void nflua_maps_free(struct list_head *maps);
void nflua_map_key_bytes(const struct nflua_map *map,
			 struct nflua_map_key *key, const void *bytes, u32 len);
int nflua_map_store(struct nflua_map *map, const struct nflua_map_key *key,
		    struct nflua_map_value *value, enum nflua_map_op op,
		    gfp_t gfp);
bool nflua_map_delete(struct nflua_map *map, const struct nflua_map_key *key);
struct nflua_map_entry *nflua_map_next(const struct nflua_map *map,
				       struct nflua_map_cursor *cursor,
				       u32 *buckets);
void nflua_map_shrink(struct nflua_map *map);
u64 nflua_map_ttl_left(const struct nflua_map_entry *entry);
long nflua_map_memory(const struct nflua_map *map);
u32 nflua_map_changes(const struct nflua_map *map);

/* map.c */
struct nflua_map *nflua_map_acquire(struct nflua_generation *gen,
				    const struct nflua_map_shape *shape,
				    char *why);
void nflua_maps_publish(struct nflua_generation *gen,
			struct nflua_generation *old);
void nflua_maps_shrink(struct nflua_generation *gen);
void nflua_maps_close(struct nflua_generation *gen);
struct nflua_map *nflua_map_find(struct nflua_net *nn, const char *name);

/* map_lua.c */
void nflua_map_index(lua_State *L, TValue *key, StkId val);
int nflua_map_length(lua_State *L);
int nflua_map_tostring(lua_State *L);
int nflua_map_pairs(lua_State *L);

/**
 * nflua_map_key_word() - make a key of a number
 * @map: the map
 * @key: where it goes
 * @word: the number, or an IPv4 address as Lua has it
 */
static __always_inline void nflua_map_key_word(const struct nflua_map *map,
					       struct nflua_map_key *key,
					       u64 word)
{
	key->word = word;
	key->bytes = NULL;
	key->len = 0;
	key->bucket = word * map->multiplier >> map->shift;
}

static inline bool nflua_map_live(const struct nflua_map_entry *entry)
{
	const u64 expires = READ_ONCE(entry->expires);

	return likely(!expires) || time_before64(get_jiffies_64(), expires);
}

static inline bool nflua_map_same(const struct nflua_map_entry *entry,
				  const struct nflua_map_key *key)
{
	return entry->word == key->word && entry->len == key->len &&
	       (!key->len || !memcmp(entry->bytes, key->bytes, key->len));
}

/**
 * nflua_map_lookup() - the entry of a key
 * @map: the map
 * @key: the key
 *
 * Takes no lock, and writes nothing but once to an entry that nobody had
 * looked up.
 *
 * Context: RCU read section, which also keeps the answer
 * Return: the entry, NULL if there is none or it has expired
 */
static __always_inline struct nflua_map_entry *
nflua_map_lookup(const struct nflua_map *map, const struct nflua_map_key *key)
{
	struct nflua_map_entry *entry;

	hlist_for_each_entry_rcu(entry, &map->buckets[key->bucket], node) {
		if (!nflua_map_same(entry, key))
			continue;
		if (unlikely(!nflua_map_live(entry)))
			return NULL;
		if (unlikely(!READ_ONCE(entry->used)))
			WRITE_ONCE(entry->used, 1);
		return entry;
	}
	return NULL;
}

#endif /* _NFLUA_MAP_H */
