// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scripts and their generations.
 *
 * Load:    make all states, run the body in each, compare what they register
 *          (nothing is visible yet); register new hooks, which accept, and
 *          helpers; under the lock switch every point where packets meet the
 *          script.
 * Replace: the same; then unregister the hooks that vanished (when those that
 *          came are live for all), wait for packets that are in the old
 *          generation, and free.
 * Unload:  leave the list, unhook, wait for packets, free.
 */
#include <linux/ctype.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include "binding.h"
#include "conntrack.h"
#include "event.h"
#include "extension.h"
#include "helper.h"
#include "hook.h"
#include "map.h"
#include "script.h"

/*
 * How long an unload and a replace wait for rules that iptables-nft destroys late;
 * the latter makes all loads of the namespace wait.
 */
#define UNLOAD_WAIT	(2 * HZ)
#define REPLACE_WAIT	HZ

/**
 * nflua_script_name_ok() - may a script be called this?
 * @name: the name
 */
bool nflua_script_name_ok(const char *name)
{
	size_t len;

	for (len = 0; name[len]; len++)
		if (!isascii(name[len]) ||
		    (!isalnum(name[len]) && !strchr("_.-", name[len])))
			return false;
	return len && len < NFLUA_NAME_SIZE;
}

/**
 * nflua_script_find() - the script of a name
 * @nn: the namespace, its lock held
 * @name: the name
 */
struct nflua_script *nflua_script_find(struct nflua_net *nn, const char *name)
{
	struct nflua_script *script;

	list_for_each_entry(script, &nn->scripts, node)
		if (!strcmp(script->name, name))
			return script;
	return NULL;
}

static struct nflua_script *script_create(struct nflua_net *nn,
					  const char *name)
{
	struct nflua_script *script;

	script = kzalloc(sizeof(*script), GFP_KERNEL_ACCOUNT);
	if (!script)
		return NULL;
	strscpy(script->name, name, sizeof(script->name));
	script->nn = nn;
	INIT_LIST_HEAD(&script->hooks);
	INIT_LIST_HEAD(&script->helpers);
	INIT_LIST_HEAD(&script->bindings);
	ida_init(&script->slots);
	return script;
}

static void script_destroy(struct nflua_script *script)
{
	if (!script)
		return;
	ida_destroy(&script->slots);
	kfree(script);
}

static int check_load(struct nflua_net *nn, const struct nflua_load *load,
		      struct nflua_script *script,
		      struct netlink_ext_ack *extack)
{
	const bool loaded = script && script->gen;

	if (load->replace && !loaded) {
		NL_SET_ERR_MSG(extack, "no script of this name is loaded");
		return -ENOENT;
	}
	if (!load->replace && loaded && !load->check) {
		NL_SET_ERR_MSG(extack,
			       "a script of this name is loaded (replace it, or unload it first)");
		return -EEXIST;
	}
	if (!script && nn->nscripts >= NFLUA_SCRIPTS_MAX) {
		NL_SET_ERR_MSG(extack,
			       "the namespace has 256 scripts, which is the most");
		return -ENOSPC;
	}
	return 0;
}

/* What a forced unload left is forgotten when its last rule has gone. */
static void prune_stubs(struct nflua_net *nn)
{
	struct nflua_script *script, *next;

	mutex_lock(&nn->lock);
	list_for_each_entry_safe(script, next, &nn->scripts, node) {
		if (script->gen || script->rules)
			continue;
		list_del(&script->node);
		nn->nscripts--;
		nn->seq++;
		script_destroy(script);
	}
	mutex_unlock(&nn->lock);
}

/*
 * iptables-nft has removed its rule before the kernel has: wait for it. With @gen,
 * which is to replace the script, only for rules that it has nothing for. No rule
 * takes load_lock when it goes, so that it may be held.
 */
static void wait_for_rules(struct nflua_net *nn, const char *name,
			   struct nflua_generation *gen)
{
	struct nflua_script *script;
	long left = gen ? REPLACE_WAIT : UNLOAD_WAIT;
	unsigned int seen;
	bool idle;

	do {
		mutex_lock(&nn->lock);
		script = nflua_script_find(nn, name);
		idle = !script || !script->rules ||
		       (gen && !nflua_bindings_missing(script, gen));
		seen = nn->unbound;
		mutex_unlock(&nn->lock);
		if (idle)
			break;
		left = wait_event_killable_timeout(nn->idle,
						   READ_ONCE(nn->unbound) !=
						   seen, left);
	} while (left > 0);
}

/* Does a new generation have all that rules call? Context: nn->lock */
static int check_bindings(struct nflua_script *script,
			  struct nflua_generation *gen, char **error,
			  struct netlink_ext_ack *extack)
{
	static const char *const kinds[] = {
		[NFLUA_ENTRY_FUNCTION] = "function",
		[NFLUA_ENTRY_MATCH] = "match",
		[NFLUA_ENTRY_TARGET] = "target",
		[NFLUA_ENTRY_EXTENSION] = "extension",
	};
	struct nflua_entry *missing = nflua_bindings_missing(script, gen);

	if (!missing)
		return 0;
	NL_SET_ERR_MSG(extack,
		       "rules call a function that the new source does not have");
	if (missing->reg.kind == NFLUA_ENTRY_EXTENSION)
		*error = kasprintf(GFP_KERNEL,
				   "rules have extension '%s' revision %u, which the new source does not declare",
				   missing->reg.name, missing->reg.revision);
	else
		*error = kasprintf(GFP_KERNEL,
			   "rules call %s '%s', which the new source does not have",
			   kinds[missing->reg.kind], missing->reg.name);
	return -EBUSY;
}

/*
 * A rule names an extension and no script, so one script of a namespace may
 * declare it. Context: load_lock
 */
static int check_extensions(struct nflua_net *nn,
			    const struct nflua_generation *gen, char **error,
			    struct netlink_ext_ack *extack)
{
	const struct nflua_script *script;
	unsigned int i;

	for (i = 0; i < gen->nentries; i++) {
		const struct nflua_reg *reg = &gen->entries[i].reg;

		if (reg->kind != NFLUA_ENTRY_EXTENSION)
			continue;
		list_for_each_entry(script, &nn->scripts, node) {
			if (!script->gen || !strcmp(script->name, gen->name) ||
			    !nflua_generation_find(script->gen, reg->kind,
						   reg->name))
				continue;
			NL_SET_ERR_MSG(extack,
				       "another script declares the extension");
			*error = kasprintf(GFP_KERNEL,
					   "script '%s' declares extension '%s' already",
					   script->name, reg->name);
			return -EEXIST;
		}
	}
	return 0;
}

/**
 * nflua_script_load() - load, replace or check a script
 * @nn: the namespace
 * @load: what and how
 * @error: gets the Lua message, to be kfree()d
 * @extack: gets a sentence
 * @loaded: called with the new generation before anything is visible; its
 *	error is the load's
 * @arg: for @loaded
 *
 * A load that fails changes nothing.
 *
 * Context: process, sleeps; no lock of nflua held
 * Return: 0 or an error
 */
int nflua_script_load(struct nflua_net *nn, struct nflua_load *load,
		      char **error, struct netlink_ext_ack *extack,
		      nflua_loaded_fn loaded, void *arg)
{
	struct nflua_script *script, *new = NULL;
	struct nflua_generation *gen, *old;
	LIST_HEAD(fresh_helpers);
	LIST_HEAD(gone);
	LIST_HEAD(fresh);
	bool added;
	int err;

	mutex_lock(&nn->load_lock);
	prune_stubs(nn);
	/* Only who holds load_lock changes the list, so it may be read. */
	script = nflua_script_find(nn, load->name);
	err = check_load(nn, load, script, extack);
	if (err)
		goto unlock;
	old = script ? script->gen : NULL;
	gen = nflua_generation_create(nn, load, old, error);
	if (IS_ERR(gen)) {
		err = PTR_ERR(gen);
		if (err == -EINVAL)
			NL_SET_ERR_MSG(extack, "the script does not load");
		goto unlock;
	}
	gen->number = script ? script->number + 1 : 1;
	err = check_extensions(nn, gen, error, extack);
	if (!err)
		err = nflua_extensions_declare(gen, error, extack);
	if (!err)
		err = loaded(gen, arg);
	if (err)
		goto free;
	wait_for_rules(nn, load->name, gen);
	if (load->check) {
		if (script) {
			mutex_lock(&nn->lock);
			err = check_bindings(script, gen, error, extack);
			mutex_unlock(&nn->lock);
		}
		goto free;
	}
	if (!script) {
		err = -ENOMEM;
		script = new = script_create(nn, load->name);
		if (!script)
			goto free;
	}
	err = nflua_conntrack_use(nn, gen);
	if (err) {
		NL_SET_ERR_MSG(extack,
			       "connections cannot be tracked as the script needs it");
		goto free;
	}
	err = nflua_helpers_prepare(script, gen, &fresh_helpers, error, extack);
	if (err)
		goto free;
	err = nflua_hooks_prepare(script, gen, &fresh, extack);
	if (err)
		goto free_helpers;

	mutex_lock(&nn->lock);
	err = check_bindings(script, gen, error, extack);
	if (err) {
		mutex_unlock(&nn->lock);
		nflua_hooks_abort(&fresh);
		goto free_helpers;
	}
	added = !list_empty(&fresh);
	nflua_hooks_publish(script, gen, &fresh);
	nflua_helpers_publish(script, gen, &fresh_helpers);
	nflua_bindings_publish(script, gen);
	nflua_maps_publish(gen, old);
	script->gen = gen;
	script->number = gen->number;
	if (new) {
		list_add_tail(&new->node, &nn->scripts);
		nn->nscripts++;
	}
	nn->seq++;
	/* Only the reply wanted it. */
	kfree(gen->control->output);
	gen->control->output = NULL;
	gen->control->output_len = 0;
	mutex_unlock(&nn->lock);

	nflua_maps_shrink(gen);
	if (old) {
		nflua_helpers_unlink(script, old, &gone);
		nflua_hooks_prune(script, old, added);
		nflua_helpers_free(&gone);
		nflua_generation_free(old);
	}
	nflua_event_script(nn->net, load->name, gen->number,
			   old ? NFLUA_EVENT_REPLACED : NFLUA_EVENT_LOADED,
			   GFP_KERNEL);
	goto unlock;

free_helpers:
	nflua_helpers_free(&fresh_helpers);
free:
	nflua_generation_free(gen);
	script_destroy(new);
unlock:
	mutex_unlock(&nn->load_lock);
	return err;
}

/**
 * nflua_script_free() - free a script that no packet can be in
 * @script: a script of a dying namespace, off every path
 *
 * Context: process, sleeps: finalizers run
 */
void nflua_script_free(struct nflua_script *script)
{
	nflua_hooks_free(script);
	nflua_helpers_free(&script->helpers);
	nflua_generation_free(script->gen);
	script_destroy(script);
}

static int refuse_unload(const struct nflua_script *script, char **error,
			 struct netlink_ext_ack *extack)
{
	const bool one = script->rules == 1;

	*error = kasprintf(GFP_KERNEL,
			   "%u rule%s to script '%s'; delete %s first",
			   script->rules, one ? " refers" : "s refer",
			   script->name, one ? "it" : "them");
	NL_SET_ERR_MSG(extack, "rules refer to the script");
	return -EBUSY;
}

/**
 * nflua_script_unload() - remove a script
 * @nn: the namespace
 * @name: the script's name
 * @force: also while rules refer to it; they then follow their failure policy
 *	and are bound again by the next load of the name
 * @error: gets a completed sentence, to be kfree()d
 * @extack: gets a sentence
 *
 * Context: process, sleeps
 * Return: 0, -ENOENT, -EBUSY while rules refer to it
 */
int nflua_script_unload(struct nflua_net *nn, const char *name, bool force,
			char **error, struct netlink_ext_ack *extack)
{
	struct nflua_generation *gen;
	struct nflua_script *script;
	LIST_HEAD(gone);
	bool stub;
	int err = 0;

	if (!force)
		wait_for_rules(nn, name, NULL);
	mutex_lock(&nn->load_lock);
	prune_stubs(nn);
	mutex_lock(&nn->lock);
	script = nflua_script_find(nn, name);
	if (!script || !script->gen) {
		NL_SET_ERR_MSG(extack, "no script of this name is loaded");
		err = -ENOENT;
	} else if (script->rules && !force) {
		err = refuse_unload(script, error, extack);
	}
	if (err) {
		mutex_unlock(&nn->lock);
		goto unlock;
	}
	/* No rule can be bound from here on. */
	gen = script->gen;
	script->gen = NULL;
	WRITE_ONCE(gen->retired, true);
	nflua_bindings_publish(script, NULL);
	stub = script->rules;
	if (!stub) {
		list_del(&script->node);
		nn->nscripts--;
	}
	nn->seq++;
	mutex_unlock(&nn->lock);

	nflua_hooks_unhook(script);
	nflua_helpers_unlink(script, NULL, &gone);
	synchronize_rcu_expedited();
	nflua_hooks_free(script);
	nflua_helpers_free(&gone);
	nflua_event_script(nn->net, name, gen->number, NFLUA_EVENT_UNLOADED,
			   GFP_KERNEL);
	nflua_generation_free(gen);
	if (!stub)
		script_destroy(script);
unlock:
	mutex_unlock(&nn->load_lock);
	return err;
}
