// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps: hash tables that all states of a namespace's scripts share by name, and
 * who owns them.
 *
 * A generation has a reference to each map that its states have opened,
 * &struct nflua_map_user, and gives it back when its states are freed. The
 * last one makes the map vanish. So no state can be in it then: hooks are off,
 * and RCU readers were waited for, before a generation is freed; and requests
 * hold @map_lock.
 *
 * A map that a load has made is shown when the load has worked, and goes with
 * it otherwise. A check gets maps of its own. But what a body writes to a map
 * that was there before is written, also if the load fails then.
 */
#include <linux/slab.h>
#include <linux/string.h>
#include "map.h"
#include "script.h"

/* What may change max: to a quarter and to four times of what it was. */
#define MAX_FACTOR	4

/* May @gen, which is not in service, change a map that is? */
static bool may_change(const struct nflua_map *map,
		       const struct nflua_generation *gen,
		       const struct nflua_map_shape *want, char *why)
{
	const struct nflua_map_user *user;
	const size_t len = strlen(why);

	if (gen->published) {
		snprintf(why + len, NFLUA_MAP_WHY - len,
			 " (only a replace of the script changes it)");
		return false;
	}
	list_for_each_entry(user, &map->users, map_node) {
		if (!strcmp(user->gen->name, gen->name))
			continue;
		snprintf(why + len, NFLUA_MAP_WHY - len,
			 "; script '%s' uses it, too", user->gen->name);
		return false;
	}
	if (want->max < map->made / MAX_FACTOR ||
	    want->max > map->made * MAX_FACTOR) {
		snprintf(why + len, NFLUA_MAP_WHY - len,
			 "; while it lives, max may be %u to %u",
			 map->made / MAX_FACTOR ?: 1, map->made * MAX_FACTOR);
		return false;
	}
	return true;
}

/* Context: map_lock */
static struct nflua_map *find_map(struct nflua_net *nn, const char *name)
{
	struct nflua_map *map;

	list_for_each_entry(map, &nn->maps, node)
		if (!strcmp(map->shape.name, name))
			return map;
	return NULL;
}

static struct nflua_map_user *gen_user(struct nflua_generation *gen,
				       const char *name)
{
	struct nflua_map_user *user;

	list_for_each_entry(user, &gen->maps, gen_node)
		if (!strcmp(user->shape.name, name))
			return user;
	return NULL;
}

/**
 * nflua_map_acquire() - the map of a name, for a script
 * @gen: the generation, which then refers to it
 * @shape: what the script says of it
 * @why: gets a sentence if it is refused, %NFLUA_MAP_WHY bytes
 *
 * A map that there is not is made. What a replace changes takes effect when it
 * is published. A check gets a map of its own.
 *
 * Context: process, sleeps
 * Return: the map, or NULL
 */
struct nflua_map *nflua_map_acquire(struct nflua_generation *gen,
				 const struct nflua_map_shape *shape, char *why)
{
	struct nflua_net *nn = nflua_net(read_pnet(&gen->net));
	struct nflua_map *map = NULL;
	struct nflua_map_user *user;

	mutex_lock(&nn->map_lock);
	user = gen_user(gen, shape->name);
	if (user) {
		if (!nflua_map_differs(&user->shape, shape, why) &&
		    !nflua_map_differs_now(&user->shape, shape, why))
			map = user->map;
		goto unlock;
	}
	if (gen->nmaps == NFLUA_MAPS_MAX) {
		snprintf(why, NFLUA_MAP_WHY, "a script opens %d maps at most",
			 NFLUA_MAPS_MAX);
		goto unlock;
	}
	map = find_map(nn, shape->name);
	if (map && (nflua_map_differs(&map->shape, shape, why) ||
		    (nflua_map_differs_now(&map->shape, shape, why) &&
		     !may_change(map, gen, shape, why)))) {
		map = NULL;
		goto unlock;
	}
	snprintf(why, NFLUA_MAP_WHY,
		 "not enough memory for map '%s' of %u entries", shape->name,
		 shape->max);
	user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	if (user && (!map || gen->check)) {
		map = nflua_map_create(nn, shape);
		if (map && !gen->check)
			list_add_tail(&map->node, &nn->maps);
	}
	if (!user || !map) {
		kfree(user);
		map = NULL;
		goto unlock;
	}
	user->map = map;
	user->gen = gen;
	user->shape = *shape;
	list_add_tail(&user->map_node, &map->users);
	list_add_tail(&user->gen_node, &gen->maps);
	gen->nmaps++;
	if (gen->published) {
		map->published = true;
		nn->map_seq++;
	}
unlock:
	mutex_unlock(&nn->map_lock);
	return map;
}

/**
 * nflua_maps_publish() - a load has worked: its maps are there for all to see
 * @gen: the generation
 * @old: the one that it replaces and that retires, or NULL
 *
 * Context: process, nn->lock; takes map_lock
 */
void nflua_maps_publish(struct nflua_generation *gen,
			struct nflua_generation *old)
{
	struct nflua_net *nn = nflua_net(read_pnet(&gen->net));
	struct nflua_map_user *user;

	mutex_lock(&nn->map_lock);
	gen->published = true;
	if (old)
		WRITE_ONCE(old->retired, true);
	nn->map_seq++;
	list_for_each_entry(user, &gen->maps, gen_node) {
		struct nflua_map *map = user->map;

		WRITE_ONCE(map->shape.max, user->shape.max);
		WRITE_ONCE(map->shape.ttl, user->shape.ttl);
		WRITE_ONCE(map->shape.evict, user->shape.evict);
		map->published = true;
	}
	mutex_unlock(&nn->map_lock);
}

/**
 * nflua_maps_shrink() - take out what maps have more than they may by now
 * @gen: the generation that has said so, published and kept by load_lock
 *
 * One that evicts nothing keeps what it has, and refuses more.
 *
 * Context: process, sleeps; takes map_lock. Meanwhile a CPU that comes up may
 * open maps, which are put behind the others.
 */
void nflua_maps_shrink(struct nflua_generation *gen)
{
	struct nflua_net *nn = nflua_net(read_pnet(&gen->net));
	struct nflua_map_user *user;

	mutex_lock(&nn->map_lock);
	list_for_each_entry(user, &gen->maps, gen_node) {
		mutex_unlock(&nn->map_lock);
		nflua_map_shrink(user->map);
		mutex_lock(&nn->map_lock);
	}
	mutex_unlock(&nn->map_lock);
}

/**
 * nflua_maps_close() - give back a generation's references
 * @gen: the generation, whose states are freed
 *
 * Context: process, sleeps
 */
void nflua_maps_close(struct nflua_generation *gen)
{
	struct nflua_map_user *user, *next;
	struct nflua_net *nn;
	struct nflua_map *map;
	LIST_HEAD(gone);

	if (list_empty(&gen->maps))
		return;
	nn = nflua_net(read_pnet(&gen->net));
	mutex_lock(&nn->map_lock);
	list_for_each_entry_safe(user, next, &gen->maps, gen_node) {
		map = user->map;
		list_del(&user->map_node);
		if (list_empty(&map->users))
			list_move(&map->node, &gone);
		kfree(user);
	}
	INIT_LIST_HEAD(&gen->maps);
	nn->map_seq++;
	mutex_unlock(&nn->map_lock);
	nflua_maps_free(&gone);
}

/**
 * nflua_map_find() - a map that users see
 * @nn: the namespace, map_lock held, which also keeps the answer
 * @name: its name
 *
 * Return: the map, or NULL
 */
struct nflua_map *nflua_map_find(struct nflua_net *nn, const char *name)
{
	struct nflua_map *map = find_map(nn, name);

	return map && map->published ? map : NULL;
}
