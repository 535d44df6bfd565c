// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of a map: lookups, writes, walks, and what keeps it within bounds.
 *
 * A lookup runs in an RCU read section, takes no lock and writes nothing that
 * another CPU reads. To count is an atomic addition to the entry. All else
 * takes the spinlock of the key's bucket, of which there are 16 for each CPU.
 * Two spinlocks are never held together, and memory is had and room is made
 * before one is taken. No lock of another kind is inside.
 *
 * The table has its size from the number of entries that it is made for:
 * growing it would be work that waits for a packet, or work that a worker does
 * too late; and whoever says how many entries there may be has said how much
 * memory they take. This is why it is not an rhashtable; and a walk of it needs
 * no object that lives as long as the walk.
 *
 * An entry that has expired is none to a lookup. It is taken out by who comes
 * across it with the lock, and by a work that runs while there are entries
 * that expire.
 */
#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "map.h"
#include "script.h"
#include "lua/kernel/lua_kernel.h"

/* Buckets that are looked at for a victim; that an insertion cleans. */
#define SCAN_ROOM	128
#define SCAN_CLEAN	2

/*
 * Entries of a bucket: by chance there are never so many. Who walks through a
 * map learns which keys share one.
 */
#define CHAIN_MAX	128

/* A packet takes the room that another has made: how often it may happen. */
#define ROOM_TRIES	8

/* Between two sweeps; the second if nothing expires before. */
#define SWEEP_MIN	HZ
#define SWEEP_MAX	(10 * HZ)

static atomic64_t last_id;

/**
 * nflua_map_key_bytes() - make a key of bytes
 * @map: the map
 * @key: where it goes
 * @bytes: the bytes, which must stay
 * @len: how many, at most %NFLUA_MAP_KEY_MAX
 */
void nflua_map_key_bytes(const struct nflua_map *map,
			 struct nflua_map_key *key, const void *bytes, u32 len)
{
	nflua_map_key_word(map, key, len ? jhash(bytes, len, map->seed) : 0);
	key->bytes = bytes;
	key->len = len;
}

static struct nflua_map_lock *bucket_lock(const struct nflua_map *map, u32 bucket)
{
	return &map->locks[bucket & map->lock_mask];
}

static size_t entry_size(const struct nflua_map_entry *entry)
{
	return struct_size(entry, bytes, entry->len);
}

/* Bytes of the namespace's maps: one counter, which only writers touch. */
static bool charge(struct nflua_map *map, long bytes)
{
	struct nflua_net *nn = map->nn;

	if (atomic_long_add_return(bytes, &nn->map_bytes) <= nn->map_bytes_max)
		return true;
	atomic_long_sub(bytes, &nn->map_bytes);
	return false;
}

static void uncharge(struct nflua_map *map, long bytes)
{
	atomic_long_sub(bytes, &map->nn->map_bytes);
}

static struct nflua_map_string *make_string(struct nflua_map *map,
					    const struct nflua_map_value *value,
					    gfp_t gfp)
{
	const size_t size = sizeof(struct nflua_map_string) + value->len;
	struct nflua_map_string *string;

	if (!charge(map, size))
		return NULL;
	string = kmalloc(size, gfp);
	if (!string) {
		uncharge(map, size);
		return NULL;
	}
	string->map = map;
	string->len = value->len;
	memcpy(string->bytes, value->bytes, value->len);
	return string;
}

/* Of one that nobody has seen. */
static void drop_string(struct nflua_map *map, struct nflua_map_string *string)
{
	if (string)
		uncharge(map, struct_size(string, bytes, string->len));
	kfree(string);
}

static struct nflua_map_string *entry_string(const struct nflua_map *map,
					     const struct nflua_map_entry *entry)
{
	if (map->shape.value != NFLUA_MAP_STRING)
		return NULL;
	return rcu_dereference_protected(entry->string, 1);
}

static void free_string(struct rcu_head *rcu)
{
	struct nflua_map_string *string =
		container_of(rcu, struct nflua_map_string, rcu);

	drop_string(string->map, string);
}

static void free_entry(struct rcu_head *rcu)
{
	struct nflua_map_entry *entry =
		container_of(rcu, struct nflua_map_entry, rcu);

	uncharge((struct nflua_map *)entry->node.pprev, entry_size(entry));
	kfree(entry);
}

/*
 * Readers may still look at them. The map is charged for both until they are
 * freed, or a script could have any amount of memory wait for that. Who looks
 * at an entry that is unlinked does not go back: there is room for the map.
 */
static void retire_string(struct nflua_map *map, struct nflua_map_string *string)
{
	WRITE_ONCE(map->retired, true);
	call_rcu(&string->rcu, free_string);
}

static void retire_entry(struct nflua_map *map, struct nflua_map_entry *entry)
{
	WRITE_ONCE(map->retired, true);
	entry->node.pprev = (struct hlist_node **)map;
	call_rcu(&entry->rcu, free_entry);
}

/* Context: the bucket's lock */
static void unlink_entry(struct nflua_map *map, struct nflua_map_lock *lock,
			 struct nflua_map_entry *entry)
{
	struct nflua_map_string *string = entry_string(map, entry);
	long bytes = entry_size(entry);

	hlist_del_rcu(&entry->node);
	lock->removed++;
	if (string) {
		bytes += struct_size(string, bytes, string->len);
		retire_string(map, string);
	}
	retire_entry(map, entry);
	lock->bytes -= bytes;
	atomic_dec(&map->count);
}

/*
 * Takes out what has expired and, with @evict, one more that was not looked up
 * lately; the others then count as not looked up. @next becomes the time when
 * the next of the bucket expires, if that is sooner. Return: how many went
 */
static unsigned int scan_bucket(struct nflua_map *map, u32 bucket, bool evict,
				u64 *next)
{
	struct nflua_map_lock *lock = bucket_lock(map, bucket);
	struct nflua_map_entry *entry;
	struct hlist_node *after;
	unsigned int gone = 0;

	if (!READ_ONCE(map->buckets[bucket].first))
		return 0;
	spin_lock_bh(&lock->lock);
	hlist_for_each_entry_safe(entry, after, &map->buckets[bucket], node) {
		if (!nflua_map_live(entry)) {
			unlink_entry(map, lock, entry);
			gone++;
			continue;
		}
		if (next && entry->expires &&
		    (!*next || time_before64(entry->expires, *next)))
			*next = entry->expires;
		if (!evict || gone)
			continue;
		if (READ_ONCE(entry->used)) {
			WRITE_ONCE(entry->used, 0);
		} else {
			unlink_entry(map, lock, entry);
			gone++;
		}
	}
	spin_unlock_bh(&lock->lock);
	return gone;
}

/*
 * The hand of a clock goes over the buckets. CPUs that move it at once lose
 * nothing but some of its way. In the second round all have lost their mark.
 */
static bool make_room(struct nflua_map *map)
{
	const bool evict = READ_ONCE(map->shape.evict) == NFLUA_MAP_EVICT_LRU;
	const u32 n = min_t(u32, SCAN_ROOM, map->mask + 1);
	const u32 rounds = evict ? 2 * n : n;
	const u32 start = READ_ONCE(map->hand);
	bool found = false;
	u32 i;

	if (!evict && !READ_ONCE(map->mortal))
		return false;
	/* A full map must not cost each packet of a flood a search in vain. */
	if (!evict && READ_ONCE(map->barren) == jiffies)
		return false;
	for (i = 0; i < rounds && !found; i++)
		found = scan_bucket(map, (start + i % n) & map->mask, evict,
				    NULL);
	WRITE_ONCE(map->hand,
		   (start + (found ? (i - 1) % n + 1 : n)) & map->mask);
	if (!found)
		WRITE_ONCE(map->barren, jiffies);
	return found;
}

static void clean_some(struct nflua_map *map)
{
	const u32 start = READ_ONCE(map->hand);
	u32 i;

	for (i = 0; i < SCAN_CLEAN; i++)
		scan_bucket(map, (start + i) & map->mask, false, NULL);
	WRITE_ONCE(map->hand, (start + i) & map->mask);
}

/**
 * nflua_map_shrink() - take out what a map has more than it may by now
 * @map: the map, in which packets may be
 *
 * Victims are those that an insertion would choose. A map that evicts nothing
 * keeps what it has.
 *
 * Context: process, sleeps
 */
void nflua_map_shrink(struct nflua_map *map)
{
	const u32 turn = DIV_ROUND_UP(map->mask + 1, SCAN_ROOM);
	u32 vain = 0;

	/* A whole turn in vain would mean that packets look up all the time. */
	while (map->shape.evict == NFLUA_MAP_EVICT_LRU && vain < turn &&
	       atomic_read(&map->count) > (int)map->shape.max) {
		vain = make_room(map) ? 0 : vain + 1;
		cond_resched();
	}
}

/* Takes the room of one entry. */
static bool reserve(struct nflua_map *map)
{
	unsigned int tries;

	for (tries = 0; tries < ROOM_TRIES; tries++) {
		int count = atomic_read(&map->count);

		while (count < (int)READ_ONCE(map->shape.max))
			if (atomic_try_cmpxchg(&map->count, &count, count + 1))
				return true;
		if (!make_room(map))
			break;
	}
	return false;
}

/* Return: a new entry, or an ERR_PTR() */
static struct nflua_map_entry *make_entry(struct nflua_map *map,
					  const struct nflua_map_key *key,
					  gfp_t gfp)
{
	const size_t size = sizeof(struct nflua_map_entry) + key->len;
	struct nflua_map_entry *entry;

	if (!reserve(map))
		return ERR_PTR(-ENOSPC);
	if (!charge(map, size))
		goto unreserve;
	entry = kmalloc(size, gfp);
	if (!entry)
		goto uncharge;
	entry->word = key->word;
	entry->len = key->len;
	memcpy(entry->bytes, key->bytes, key->len);
	/* Where nobody looks for victims, lookups need not write. */
	entry->used = map->shape.evict != NFLUA_MAP_EVICT_LRU;
	return entry;

uncharge:
	uncharge(map, size);
unreserve:
	atomic_dec(&map->count);
	return ERR_PTR(-ENOMEM);
}

/* Of one that nobody has seen. */
static void drop_entry(struct nflua_map *map, struct nflua_map_entry *entry)
{
	if (!entry)
		return;
	uncharge(map, entry_size(entry));
	atomic_dec(&map->count);
	kfree(entry);
}

/*
 * The entry of a key; one that has expired goes. @others becomes how many were
 * looked at in vain. Context: the bucket's lock
 */
static struct nflua_map_entry *find_locked(struct nflua_map *map,
					   const struct nflua_map_key *key,
					   struct nflua_map_lock *lock,
					   unsigned int *others)
{
	struct nflua_map_entry *entry;

	*others = 0;
	hlist_for_each_entry(entry, &map->buckets[key->bucket], node) {
		if (!nflua_map_same(entry, key)) {
			++*others;
			continue;
		}
		if (nflua_map_live(entry))
			return entry;
		unlink_entry(map, lock, entry);
		break;
	}
	return NULL;
}

/* Context: the bucket's lock. @string is taken over. */
static void set_entry(struct nflua_map *map, struct nflua_map_lock *lock,
		      struct nflua_map_entry *entry,
		      const struct nflua_map_value *value,
		      struct nflua_map_string *string, u64 expires)
{
	struct nflua_map_string *old;

	if (string) {
		old = entry_string(map, entry);
		rcu_assign_pointer(entry->string, string);
		lock->bytes += (long)string->len - (long)old->len;
		retire_string(map, old);
	} else {
		atomic64_set(&entry->number, value->number);
	}
	WRITE_ONCE(entry->expires, expires);
}

/* Context: the bucket's lock. Both are taken over. */
static void link_entry(struct nflua_map *map, struct nflua_map_lock *lock,
		       u32 bucket, struct nflua_map_entry *entry,
		       struct nflua_map_string *string)
{
	lock->bytes += entry_size(entry);
	if (string) {
		RCU_INIT_POINTER(entry->string, string);
		lock->bytes += struct_size(string, bytes, string->len);
	}
	lock->serial++;
	entry->serial = lock->serial;
	entry->serial_high = lock->serial >> 32;
	hlist_add_head_rcu(&entry->node, &map->buckets[bucket]);
}

/* Never sooner than @ttl ms from now. */
static u64 expiry(u64 ttl)
{
	return ttl ? get_jiffies_64() + DIV_ROUND_UP_ULL(ttl * HZ, MSEC_PER_SEC) + 1 :
		     0;
}

static void expect_expiry(struct nflua_map *map, unsigned long delay)
{
	/* The entry is seen by the sweep that goes on, or asks for the next. */
	smp_mb();
	if (READ_ONCE(map->expiring))
		return;
	WRITE_ONCE(map->mortal, true);
	WRITE_ONCE(map->expiring, true);
	queue_delayed_work(system_power_efficient_wq, &map->sweep, delay);
}

/**
 * nflua_map_store() - write an entry
 * @map: the map
 * @key: its key
 * @value: what to write
 * @op: how
 * @gfp: how memory may be had
 *
 * Context: any but an interrupt; sleeps if @gfp lets it
 * Return: 0, -EEXIST if there is an entry and @op is an addition, -ENOSPC if
 * the map or the key's bucket is full, -ENOMEM if there is no memory, or no
 * more for maps
 */
int nflua_map_store(struct nflua_map *map, const struct nflua_map_key *key,
		    struct nflua_map_value *value, enum nflua_map_op op,
		    gfp_t gfp)
{
	struct nflua_map_lock *lock = bucket_lock(map, key->bucket);
	const u64 expires = expiry(value->ttl);
	struct nflua_map_entry *entry, *new = NULL;
	struct nflua_map_string *string = NULL;
	unsigned int others;
	int err = 0;

	if (map->shape.value == NFLUA_MAP_STRING) {
		string = make_string(map, value, gfp);
		if (!string)
			return -ENOMEM;
	}
	for (;;) {
		spin_lock_bh(&lock->lock);
		entry = find_locked(map, key, lock, &others);
		/* A key that is written to again and again is one in use. */
		if (entry && !entry->used)
			WRITE_ONCE(entry->used, 1);
		if (entry || new)
			break;
		spin_unlock_bh(&lock->lock);
		if (READ_ONCE(map->mortal))
			clean_some(map);
		new = make_entry(map, key, gfp);
		if (IS_ERR(new)) {
			drop_string(map, string);
			return PTR_ERR(new);
		}
	}
	if (!entry && others >= CHAIN_MAX) {
		err = -ENOSPC;
	} else if (!entry) {
		if (op == NFLUA_MAP_INCR)
			value->number = (u64)value->number + value->init;
		if (!string)
			atomic64_set(&new->number, value->number);
		new->expires = expires;
		link_entry(map, lock, key->bucket, new, string);
		new = NULL;
		string = NULL;
	} else if (op == NFLUA_MAP_SET) {
		set_entry(map, lock, entry, value, string, expires);
		string = NULL;
	} else if (op == NFLUA_MAP_INCR) {
		value->number = atomic64_add_return(value->number,
						    &entry->number);
	} else {
		err = -EEXIST;
	}
	spin_unlock_bh(&lock->lock);
	if (expires)
		expect_expiry(map, SWEEP_MIN);
	drop_entry(map, new);
	drop_string(map, string);
	return err;
}

/**
 * nflua_map_delete() - take an entry out
 * @map: the map
 * @key: its key
 *
 * Context: any but an interrupt
 * Return: whether there was one
 */
bool nflua_map_delete(struct nflua_map *map, const struct nflua_map_key *key)
{
	struct nflua_map_lock *lock = bucket_lock(map, key->bucket);
	struct nflua_map_entry *entry;
	unsigned int others;

	spin_lock_bh(&lock->lock);
	entry = find_locked(map, key, lock, &others);
	if (entry)
		unlink_entry(map, lock, entry);
	spin_unlock_bh(&lock->lock);
	return entry;
}

static u64 entry_serial(const struct nflua_map_entry *entry)
{
	return (u64)entry->serial_high << 32 | entry->serial;
}

/**
 * nflua_map_next() - walk
 * @map: the map
 * @cursor: where to go on; zero to begin
 * @buckets: how many buckets may be looked at; less those that were
 *
 * An entry that is there from the begin of a walk to its end is met exactly
 * once, whatever else comes and goes.
 *
 * Context: RCU read section, which also keeps the answer
 * Return: the next entry, or NULL: if @buckets is not 0 then, it was the last
 */
struct nflua_map_entry *nflua_map_next(const struct nflua_map *map,
				       struct nflua_map_cursor *cursor,
				       u32 *buckets)
{
	struct nflua_map_entry *entry;

	while (cursor->bucket <= map->mask && *buckets) {
		hlist_for_each_entry_rcu(entry, &map->buckets[cursor->bucket],
					 node) {
			if (cursor->inside &&
			    entry_serial(entry) >= cursor->serial)
				continue;
			cursor->inside = true;
			cursor->serial = entry_serial(entry);
			if (nflua_map_live(entry))
				return entry;
		}
		cursor->bucket++;
		cursor->inside = false;
		--*buckets;
	}
	return NULL;
}

/**
 * nflua_map_ttl_left() - how long an entry lives
 * @entry: the entry
 *
 * Return: ms from now, at least 1; 0 for ever
 */
u64 nflua_map_ttl_left(const struct nflua_map_entry *entry)
{
	const u64 expires = READ_ONCE(entry->expires);
	const u64 now = get_jiffies_64();

	if (!expires)
		return 0;
	if (!time_before64(now, expires))
		return 1;
	return div_u64((expires - now) * MSEC_PER_SEC, HZ) ?: 1;
}

static size_t table_size(const struct nflua_map *map)
{
	return (map->mask + 1ul) * sizeof(*map->buckets) +
	       (map->lock_mask + 1ul) * sizeof(*map->locks) + sizeof(*map);
}

/**
 * nflua_map_memory() - bytes that a map takes
 * @map: the map, in which writers may be
 */
long nflua_map_memory(const struct nflua_map *map)
{
	long bytes = table_size(map);
	u32 i;

	for (i = 0; i <= map->lock_mask; i++)
		bytes += READ_ONCE(map->locks[i].bytes);
	return bytes;
}

/**
 * nflua_map_changes() - a number that another one follows when a key comes or
 *	goes
 * @map: the map
 */
u32 nflua_map_changes(const struct nflua_map *map)
{
	u32 n = 1;
	u32 i;

	for (i = 0; i <= map->lock_mask; i++)
		n += READ_ONCE(map->locks[i].serial) +
		     READ_ONCE(map->locks[i].removed);
	return n;
}

static void sweep(struct work_struct *work)
{
	struct nflua_map *map = container_of(to_delayed_work(work),
					     struct nflua_map, sweep);
	u64 next = 0, now;
	u32 i;

	/* What is written from here on starts it anew. */
	WRITE_ONCE(map->expiring, false);
	smp_mb();
	for (i = 0; i <= map->mask; i++) {
		scan_bucket(map, i, false, &next);
		if (i % 1024 == 1023)
			cond_resched();
	}
	if (!next)
		return;
	now = get_jiffies_64();
	next = time_before64(now, next) ? next - now : 0;
	expect_expiry(map, clamp_t(u64, next, SWEEP_MIN, SWEEP_MAX));
}

/* Context: process, sleeps; what was left to RCU is freed */
static void free_map(struct nflua_map *map)
{
	struct nflua_map_entry *entry;
	struct hlist_node *after;
	u32 i;

	for (i = 0; i <= map->mask; i++) {
		hlist_for_each_entry_safe(entry, after, &map->buckets[i],
					  node) {
			kfree(entry_string(map, entry));
			kfree(entry);
		}
		if (i % 1024 == 1023)
			cond_resched();
	}
	uncharge(map, nflua_map_memory(map));
	kvfree(map->locks);
	kvfree(map->buckets);
	kfree(map);
}

/**
 * nflua_maps_free() - free maps
 * @maps: list of them, in which nothing but their own work can be
 *
 * A namespace may have thousands of them, and the one that dies holds up others.
 *
 * Context: process, sleeps
 */
void nflua_maps_free(struct list_head *maps)
{
	struct nflua_map *map, *next;
	bool retired = false;

	list_for_each_entry(map, maps, node) {
		cancel_delayed_work_sync(&map->sweep);
		retired |= map->retired;
	}
	/* What was left to RCU is charged to its map until it is freed. */
	if (retired)
		rcu_barrier();
	list_for_each_entry_safe(map, next, maps, node)
		free_map(map);
}

/**
 * nflua_map_create() - make a map
 * @nn: the namespace whose share of memory it takes
 * @shape: what it is like
 *
 * Context: process, sleeps
 * Return: the map, NULL for no memory
 */
struct nflua_map *nflua_map_create(struct nflua_net *nn,
				   const struct nflua_map_shape *shape)
{
	struct nflua_map *map;
	u32 i;

	map = kzalloc(sizeof(*map), GFP_KERNEL_ACCOUNT);
	if (!map)
		return NULL;
	map->nn = nn;
	map->shape = *shape;
	map->made = shape->max;
	map->seed = lua_seed ?: get_random_u32();
	map->multiplier = (lua_seed ? lua_seed * GOLDEN_RATIO_64 :
				      get_random_u64()) | 1;
	map->id = atomic64_inc_return(&last_id);
	/* Two at least, as no shift takes all bits of a word. */
	map->mask = roundup_pow_of_two(max(shape->max, 2u)) - 1;
	map->shift = 64 - ilog2(map->mask + 1);
	map->lock_mask = min_t(u32, map->mask,
			       roundup_pow_of_two(16 * num_possible_cpus()) - 1);
	INIT_LIST_HEAD(&map->node);
	INIT_LIST_HEAD(&map->users);
	INIT_DELAYED_WORK(&map->sweep, sweep);
	if (!charge(map, table_size(map)))
		goto free;
	map->buckets = kvcalloc(map->mask + 1, sizeof(*map->buckets),
				GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	map->locks = kvcalloc(map->lock_mask + 1, sizeof(*map->locks),
			      GFP_KERNEL_ACCOUNT);
	if (!map->buckets || !map->locks)
		goto uncharge;
	for (i = 0; i <= map->lock_mask; i++)
		spin_lock_init(&map->locks[i].lock);
	return map;

uncharge:
	uncharge(map, table_size(map));
	kvfree(map->locks);
	kvfree(map->buckets);
free:
	kfree(map);
	return NULL;
}
