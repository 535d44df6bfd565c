// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bindings: how a rule refers to a script. There is one for each function that
 * rules of a script use, counted. After a forced unload, or when the namespace
 * dies before its tables do, it calls nothing and the rule follows its failure
 * policy.
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "binding.h"
#include "event.h"
#include "extension.h"

static struct nflua_entry *find_entry(struct nflua_generation *gen, u8 kind,
				      const char *name,
				      const struct nflua_extension *extension)
{
	struct nflua_entry *entry;

	/*
	 * A match or target is called by the kind alone when the rule names no
	 * function, so the name the script chose for it may change with a
	 * replace.
	 */
	if (kind == NFLUA_ENTRY_MATCH || kind == NFLUA_ENTRY_TARGET)
		name = NULL;
	entry = nflua_generation_find(gen, kind, name);
	return entry && entry->extension == extension ? entry : NULL;
}

static struct nflua_entry *entry_of(struct nflua_generation *gen,
				    const struct nflua_binding *binding)
{
	return find_entry(gen, binding->kind, binding->name,
			  binding->extension);
}

static bool is_bound_to(const struct nflua_binding *binding, u8 kind,
			const char *name,
			const struct nflua_extension *extension)
{
	return binding->kind == kind && binding->extension == extension &&
	       (kind != NFLUA_ENTRY_FUNCTION || !strcmp(binding->name, name));
}

/**
 * nflua_bindings_missing() - what rules call and a new generation lacks
 * @script: the script
 * @gen: the new generation
 *
 * Context: lock of the namespace
 * Return: an entry of the old generation, NULL if nothing is missing
 */
struct nflua_entry *nflua_bindings_missing(struct nflua_script *script,
					   struct nflua_generation *gen)
{
	struct nflua_binding *b;

	list_for_each_entry(b, &script->bindings, node) {
		struct nflua_entry *entry;

		/* NULL after a forced unload, and then nothing is missed */
		entry = rcu_dereference_protected(b->point.entry, 1);
		if (entry && !entry_of(gen, b))
			return entry;
	}
	return NULL;
}

/**
 * nflua_bindings_publish() - let rules call a new generation
 * @script: the script
 * @gen: the new generation; NULL: rules follow their failure policy
 */
void nflua_bindings_publish(struct nflua_script *script,
			    struct nflua_generation *gen)
{
	struct nflua_binding *b;

	list_for_each_entry(b, &script->bindings, node)
		rcu_assign_pointer(b->point.entry, gen ? entry_of(gen, b) : NULL);
}

/**
 * nflua_bindings_detach() - let rules call nothing; their script goes
 * @script: the script
 *
 * Context: lock of the namespace; a packet may run in the script until
 * synchronize_rcu()
 */
void nflua_bindings_detach(struct nflua_script *script)
{
	struct nflua_binding *b, *next;

	list_for_each_entry_safe(b, next, &script->bindings, node) {
		RCU_INIT_POINTER(b->point.entry, NULL);
		b->script = NULL;
		list_del_init(&b->node);
	}
}

/**
 * nflua_bindings_rules() - how many rules call an entry point
 * @script: the script
 * @entry: the entry point
 *
 * Context: lock of the namespace
 */
unsigned int nflua_bindings_rules(const struct nflua_script *script,
				  const struct nflua_entry *entry)
{
	const struct nflua_binding *b;

	list_for_each_entry(b, &script->bindings, node)
		if (is_bound_to(b, entry->reg.kind, entry->reg.name,
				entry->extension))
			return b->rules;
	return 0;
}

/* The script that declares an extension, or else one whose rules have it. */
static struct nflua_script *find_declaring(struct nflua_net *nn,
					   const struct nflua_extension *extension)
{
	struct nflua_script *script, *stub = NULL;
	const struct nflua_binding *b;

	list_for_each_entry(script, &nn->scripts, node) {
		if (script->gen &&
		    find_entry(script->gen, NFLUA_ENTRY_EXTENSION,
			       extension->spec.name, extension))
			return script;
		list_for_each_entry(b, &script->bindings, node)
			if (b->extension == extension)
				stub = script;
	}
	return stub;
}

static struct nflua_script *find_script(struct nflua_net *nn,
					const struct nflua_rule *rule)
{
	struct nflua_script *script;

	script = rule->extension ? find_declaring(nn, rule->extension) :
				   nflua_script_find(nn, rule->script);
	if (script)
		return script;
	if (rule->extension)
		nflua_event_refused(nn, rule->extension->spec.name,
				    "a rule has extension '%s' revision %u, which no script of this namespace declares",
				    rule->extension->spec.name,
				    rule->extension->spec.revision);
	else
		nflua_event_refused(nn, rule->script,
				    "a rule names script '%s', which is not loaded",
				    rule->script);
	return NULL;
}

static void tell_missing(struct nflua_net *nn, const struct nflua_rule *rule)
{
	if (rule->kind == NFLUA_ENTRY_FUNCTION)
		nflua_event_refused(nn, rule->script,
				    "script '%s' has no global function '%*pE'",
				    rule->script, (int)strlen(rule->function),
				    rule->function);
	else
		nflua_event_refused(nn, rule->script,
				    "script '%s' registers no %s and the rule names no function",
				    rule->script,
				    rule->kind == NFLUA_ENTRY_MATCH ? "match" :
								      "target");
}

/* Context: lock of the namespace */
static struct nflua_binding *find_binding(struct nflua_script *script,
					  const struct nflua_rule *rule)
{
	struct nflua_binding *b;
	struct nflua_entry *entry;

	/*
	 * First what rules have already, with or without something to call:
	 * iptables-legacy binds every rule of a table anew when one changes.
	 */
	list_for_each_entry(b, &script->bindings, node)
		if (is_bound_to(b, rule->kind, rule->function, rule->extension))
			return b;
	entry = script->gen ? find_entry(script->gen, rule->kind, rule->function,
					 rule->extension) : NULL;
	if (!entry) {
		tell_missing(script->nn, rule);
		return ERR_PTR(-ENOENT);
	}
	b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	if (!b)
		return ERR_PTR(-ENOMEM);
	b->nn = script->nn;
	nflua_net_get(b->nn);
	b->script = script;
	b->kind = rule->kind;
	strscpy(b->name, rule->function, sizeof(b->name));
	/* The script's generation has one, so that there is one to take. */
	b->extension = rule->extension;
	if (b->extension)
		atomic_inc(&b->extension->users);
	rcu_assign_pointer(b->point.entry, entry);
	list_add_tail(&b->node, &script->bindings);
	return b;
}

/* Context: lock of the namespace, which the caller keeps a reference of */
static void drop_rule(struct nflua_binding *b)
{
	if (b->rules)
		return;
	list_del_init(&b->node);
	if (b->extension)
		nflua_extension_put(b->extension);
	nflua_net_put(b->nn);
	kfree(b);
}

/* Whom to ask of a rule; NULL while no script declares its extension. */
static struct nflua_entry *entry_to_ask(const struct nflua_binding *b)
{
	return b->script ? rcu_dereference_protected(b->point.entry, 1) : NULL;
}

/*
 * The generation whose control state has something to say of a rule, kept;
 * NULL if there is none. Context: lock of the namespace
 */
static struct nflua_generation *keep_asked(const struct nflua_binding *b,
					   enum nflua_callback callback)
{
	struct nflua_entry *entry = entry_to_ask(b);

	if (!entry || !(entry->callbacks & BIT(callback)))
		return NULL;
	nflua_generation_get(entry->gen);
	return entry->gen;
}

/* Asks a kept generation, and gives it back. */
static int ask(struct nflua_generation *gen, const struct nflua_values *values,
	       enum nflua_callback callback, char **error)
{
	struct nflua_entry *entry;
	int err;

	entry = nflua_generation_find(gen, NFLUA_ENTRY_EXTENSION,
				      values->extension->spec.name);
	mutex_lock(&gen->control_lock);
	err = nflua_state_callback(gen->control, entry->reg.name, callback,
				   values, error);
	mutex_unlock(&gen->control_lock);
	nflua_generation_put(gen);
	/* Where it happened is in the first line; a traceback is for programs. */
	if (*error)
		(*error)[strcspn(*error, "\n")] = 0;
	return err;
}

static void unbind(struct nflua_binding *b, struct nflua_values *values,
		   bool tell)
{
	struct nflua_net *nn = b->nn;
	struct nflua_generation *asked = NULL;
	char *error = NULL;

	/* Another rule's end may drop the last reference while we unlock. */
	nflua_net_get(nn);
	mutex_lock(&nn->lock);
	/* Rules that say the same are one to the script: it is their number. */
	if (b->extension && values->declared) {
		values->declared--;
		if (tell)
			asked = keep_asked(b, NFLUA_CALLBACK_DESTROY);
	}
	if (asked) {
		mutex_unlock(&nn->lock);
		if (ask(asked, values, NFLUA_CALLBACK_DESTROY, &error) && error)
			nflua_event_refused(nn, b->extension->spec.name,
					    "destroy of extension '%s': %s",
					    b->extension->spec.name, error);
		kfree(error);
		mutex_lock(&nn->lock);
	}
	if (b->script) {
		b->script->rules--;
		WRITE_ONCE(nn->unbound, nn->unbound + 1);
		wake_up_all(&nn->idle);
	}
	nflua_values_put(values);
	b->rules--;
	drop_rule(b);
	mutex_unlock(&nn->lock);
	nflua_net_put(nn);
}

/**
 * nflua_bind() - let a rule refer to its script
 * @rule: what it asks for
 * @binding: gets what it calls
 * @values: gets what it gives the function, or NULL
 *
 * Why a rule is refused is told in the log group and in the kernel's log.
 *
 * Context: process, sleeps; nftables' lock of the namespace or iptables' may be
 * held. The control state of the script may run.
 * Return: 0, -ENOENT if there is nothing to call, -EINVAL if checkentry refuses
 * it, -ENOSPC, -ENOMEM
 */
int nflua_bind(const struct nflua_rule *rule, struct nflua_binding **binding,
	       struct nflua_values **values)
{
	struct nflua_net *nn = nflua_net(rule->net);
	struct nflua_generation *asked = NULL;
	struct nflua_values *v = NULL;
	struct nflua_script *script;
	struct nflua_binding *b;
	char *error = NULL;
	int err = -ENOENT;

	nflua_net_get(nn);
	mutex_lock(&nn->lock);
	script = find_script(nn, rule);
	if (!script)
		goto unlock;
	b = find_binding(script, rule);
	if (IS_ERR(b)) {
		err = PTR_ERR(b);
		goto unlock;
	}
	if (rule->size) {
		v = nflua_values_get(b, rule);
		if (IS_ERR(v)) {
			err = PTR_ERR(v);
			drop_rule(b);
			goto unlock;
		}
	}
	b->rules++;
	script->rules++;
	if (rule->extension && entry_to_ask(b)) {
		v->declared++;
		asked = keep_asked(b, NFLUA_CALLBACK_CHECKENTRY);
	}
	err = 0;
unlock:
	mutex_unlock(&nn->lock);
	if (asked)
		err = ask(asked, v, NFLUA_CALLBACK_CHECKENTRY, &error);
	if (err && asked) {
		if (error)
			nflua_event_refused(nn, rule->extension->spec.name,
					    "extension '%s' refuses a rule: %s",
					    rule->extension->spec.name, error);
		kfree(error);
		unbind(b, v, false);
	}
	nflua_net_put(nn);
	if (err)
		return err;
	*binding = b;
	*values = v;
	return 0;
}

/**
 * nflua_unbind() - undo nflua_bind()
 * @binding: what the rule called
 * @values: what it gave the function, or NULL
 *
 * Context: process, sleeps; the rule is out of every packet's reach. The
 * control state of the script may run.
 */
void nflua_unbind(struct nflua_binding *binding, struct nflua_values *values)
{
	unbind(binding, values, true);
}
