// SPDX-License-Identifier: GPL-2.0-only
/*
 * Declarations of extensions. One serves the whole kernel, for xtables has one
 * list of matches and targets for each family; the functions that run are each
 * namespace's own.
 *
 * A declaration is registered when the first script that has it is loaded, and
 * unregistered, from a work item, when no script and no rule has it any more.
 * Its memory stays: x_tables finds a match by name, takes a reference of the
 * module and no other, and calls checkentry some time later; and when it
 * destroys a rule it looks at the match after destroy has returned. A match that
 * is found before it is unregistered therefore gets a rule that no script
 * declares, which is refused, or finds the declaration registered again, which
 * is the same one. Memory is given back when nothing refers to the module at
 * all: then nobody has found anything. Until then there are at most
 * NFLUA_EXTENSIONS_MAX declarations, so that they can't fill the memory.
 */
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netfilter/x_tables.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include "extension.h"
#include "library.h"
#include "script.h"

/*
 * All declarations, and which are registered. Taken inside load_lock, and by
 * whoever registers; never where xtables calls us, for its own lock is taken
 * inside of this one.
 */
static DEFINE_MUTEX(lock);
static LIST_HEAD(extensions);
static unsigned int nextensions;

static const u8 nfprotos[] = { NFPROTO_IPV4, NFPROTO_IPV6 };

static bool has_family(const struct nflua_extension *extension, unsigned int i)
{
	return extension->spec.families & 1 << i;
}

static int register_family(struct nflua_extension *extension, unsigned int i)
{
	return extension->spec.target ?
	       xt_register_target(&extension->targets[i]) :
	       xt_register_match(&extension->matches[i]);
}

static void unregister_family(struct nflua_extension *extension, unsigned int i)
{
	if (extension->spec.target)
		xt_unregister_target(&extension->targets[i]);
	else
		xt_unregister_match(&extension->matches[i]);
}

static void unregister(struct nflua_extension *extension)
{
	unsigned int i;

	if (!extension->registered)
		return;
	for (i = 0; i < ARRAY_SIZE(nfprotos); i++)
		if (has_family(extension, i))
			unregister_family(extension, i);
	extension->registered = false;
}

static int register_all(struct nflua_extension *extension)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(nfprotos); i++) {
		if (!has_family(extension, i))
			continue;
		err = register_family(extension, i);
		if (err) {
			while (i--)
				if (has_family(extension, i))
					unregister_family(extension, i);
			return err;
		}
	}
	extension->registered = true;
	return 0;
}

/* Can nobody have found a match of ours that is not registered any more? */
static bool is_module_unused(void)
{
#ifdef CONFIG_MODULE_UNLOAD
	if (module_refcount(THIS_MODULE))
		return false;
	/* Whoever had it has read what it wanted before it gave it back. */
	smp_mb();
	return true;
#else
	return false;
#endif
}

/* Context: lock */
static void reap(void)
{
	struct nflua_extension *e, *next;

	list_for_each_entry(e, &extensions, node)
		if (!atomic_read(&e->users))
			unregister(e);
	if (!is_module_unused())
		return;
	list_for_each_entry_safe(e, next, &extensions, node) {
		if (e->registered || atomic_read(&e->users))
			continue;
		list_del(&e->node);
		nextensions--;
		kvfree(e);
	}
}

static void reap_work(struct work_struct *work)
{
	mutex_lock(&lock);
	reap();
	mutex_unlock(&lock);
}

static DECLARE_WORK(reaper, reap_work);

/**
 * nflua_extension_put() - a generation or a binding does not need it any more
 * @extension: the declaration
 *
 * Context: any
 */
void nflua_extension_put(struct nflua_extension *extension)
{
	if (atomic_dec_and_test(&extension->users))
		schedule_work(&reaper);
}

/* What xtables has of that name and is not ours. Context: lock; sleeps */
static bool is_taken(const struct nflua_extension_spec *spec)
{
	const struct nflua_extension *e;
	unsigned int i;
	int err;

	list_for_each_entry(e, &extensions, node)
		if (e->registered && e->spec.target == spec->target &&
		    !strcmp(e->spec.name, spec->name))
			return false;
	for (i = 0; i < ARRAY_SIZE(nfprotos); i++) {
		/* This loads the module of that name, if there is one. */
		if (spec->target) {
			struct xt_target *t;

			t = xt_request_find_target(nfprotos[i], spec->name, 0);
			if (!IS_ERR(t))
				module_put(t->me);
		} else {
			struct xt_match *m;

			m = xt_request_find_match(nfprotos[i], spec->name, 0);
			if (!IS_ERR(m))
				module_put(m->me);
		}
		/* The answer is whether there is any revision. */
		if (xt_find_revision(nfprotos[i], spec->name, 0, spec->target,
				     &err))
			return true;
	}
	return false;
}

/* Context: lock */
static struct nflua_extension *find(const struct nflua_extension_spec *spec)
{
	struct nflua_extension *e;

	list_for_each_entry(e, &extensions, node)
		if (e->spec.digest == spec->digest &&
		    !memcmp(&e->spec, spec, sizeof(*spec)))
			return e;
	return NULL;
}

/*
 * Another declaration of that name and revision that somebody has. One that
 * nobody has any more is unregistered. Context: lock
 */
static struct nflua_extension *find_other(const struct nflua_extension_spec *spec)
{
	struct nflua_extension *e;

	list_for_each_entry(e, &extensions, node) {
		if (!e->registered || strcmp(e->spec.name, spec->name) ||
		    e->spec.revision != spec->revision ||
		    !memcmp(&e->spec, spec, sizeof(*spec)))
			continue;
		if (atomic_read(&e->users))
			return e;
		unregister(e);
	}
	return NULL;
}

static struct nflua_extension *create(const struct nflua_extension_spec *spec)
{
	struct nflua_extension *extension;

	extension = kvzalloc(sizeof(*extension), GFP_KERNEL_ACCOUNT);
	if (!extension)
		return NULL;
	extension->spec = *spec;
	nflua_extension_fill(extension);
	list_add_tail(&extension->node, &extensions);
	nextensions++;
	return extension;
}

static int refuse(const struct nflua_extension_spec *spec, char **error,
		  const char *why, int err)
{
	*error = kasprintf(GFP_KERNEL, "extension '%s' revision %u: %s",
			   spec->name, spec->revision, why);
	return err;
}

/*
 * Takes a declaration, and registers it if nobody has it yet and @may_register;
 * @check: only takes what somebody has, and else says whether it would do.
 * Context: lock
 */
static int take(const struct nflua_extension_spec *spec, bool may_register,
		bool check, struct nflua_extension **taken, char **error)
{
	struct nflua_extension *e = find(spec), *other = find_other(spec);
	const bool registered = e && e->registered;
	char differs[NFLUA_EXTENSION_WHY];
	char why[NFLUA_EXTENSION_WHY + 128];
	int err;

	if (other) {
		nflua_extension_differs(&other->spec, spec, differs);
		snprintf(why, sizeof(why),
			 "a script or a rule has another declaration of it: %s (raise the revision, or unload what has the other one)",
			 differs);
		return refuse(spec, error, why, -EEXIST);
	}
	if (!registered && is_taken(spec))
		return refuse(spec, error,
			      spec->target ?
			      "the kernel has a target of this name" :
			      "the kernel has a match of this name", -EEXIST);
	if (!registered && !may_register)
		return refuse(spec, error,
			      "the whole kernel would get it: it must be declared in the initial user namespace first",
			      -EPERM);
	if (!registered && check)
		return 0;
	if (!e) {
		reap();
		if (nextensions >= NFLUA_EXTENSIONS_MAX)
			return refuse(spec, error,
				      "256 declarations have been seen, which is the most until no rule refers to nflua",
				      -ENOSPC);
		e = create(spec);
		if (!e)
			return -ENOMEM;
	}
	if (!e->registered) {
		err = register_all(e);
		if (err)
			return err;
	}
	atomic_inc(&e->users);
	*taken = e;
	return 0;
}

/**
 * nflua_extensions_declare() - let xtables know what a generation declares
 * @gen: the new generation, which is not in service. It gives back what it has
 *	taken when it is freed.
 * @error: gets a sentence, to be kfree()d
 * @extack: gets one, too
 *
 * Context: process, sleeps: load_lock
 * Return: 0, -EEXIST, -ENOSPC, -ENOMEM, or -EPERM in another user namespace
 * than the initial one for what is not registered
 */
int nflua_extensions_declare(struct nflua_generation *gen, char **error,
			     struct netlink_ext_ack *extack)
{
	lua_State *L = gen->control->L;
	const int top = lua_gettop(L);
	unsigned int i;
	int err = 0;

	for (i = 0; i < gen->nentries && !err; i++) {
		const struct nflua_extension_spec *spec;
		struct nflua_entry *entry = &gen->entries[i];

		if (entry->reg.kind != NFLUA_ENTRY_EXTENSION)
			continue;
		spec = nflua_netfilter_declaration(L, entry->reg.name);
		if (lua_getiuservalue(L, -1, 1) != LUA_TNIL)
			entry->callbacks |= BIT(NFLUA_CALLBACK_CHECKENTRY);
		if (lua_getiuservalue(L, -2, 2) != LUA_TNIL)
			entry->callbacks |= BIT(NFLUA_CALLBACK_DESTROY);
		mutex_lock(&lock);
		err = take(spec, read_pnet(&gen->net)->user_ns == &init_user_ns,
			   gen->check, &entry->extension, error);
		mutex_unlock(&lock);
		lua_settop(L, top);
	}
	if (err)
		NL_SET_ERR_MSG(extack, "an extension can't be declared");
	return err;
}

/**
 * nflua_extension_exit() - forget all declarations; no script and no rule is left
 *
 * Context: process, sleeps
 */
void nflua_extension_exit(void)
{
	struct nflua_extension *e, *next;

	cancel_work_sync(&reaper);
	list_for_each_entry_safe(e, next, &extensions, node) {
		unregister(e);
		list_del(&e->node);
		kvfree(e);
	}
}
