// SPDX-License-Identifier: GPL-2.0-only
/*
 * A generation: all states of one load of a script, and the CPUs that come
 * later.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/wait_bit.h>
#include <crypto/sha2.h>
#include "conntrack.h"
#include "event.h"
#include "extension.h"
#include "map.h"
#include "run.h"
#include "script.h"

static_assert(NFLUA_DIGEST_SIZE == SHA256_DIGEST_SIZE);

/*
 * All generations, for a new CPU needs a state of each; the CPUs that have one;
 * and whether calls are traced. Taken inside both locks of a namespace, by
 * CPU hotplug, and where a tracepoint is switched; whoever holds it may
 * therefore not touch static keys, as registering a hook does.
 */
static DEFINE_MUTEX(cpu_lock);
static LIST_HEAD(generations);
static cpumask_t cpus;
static bool traced;
static enum cpuhp_state cpuhp_state;

/**
 * nflua_generation_find() - an entry point by kind and name
 * @gen: the generation
 * @kind: &enum nflua_entry_kind
 * @name: its name, NULL for the first of the kind
 */
struct nflua_entry *nflua_generation_find(struct nflua_generation *gen, u8 kind,
					  const char *name)
{
	unsigned int i;

	for (i = 0; i < gen->nentries; i++) {
		const struct nflua_reg *reg = &gen->entries[i].reg;

		if (reg->kind == kind && (!name || !strcmp(reg->name, name)))
			return &gen->entries[i];
	}
	return NULL;
}

/**
 * nflua_entry_unregister() - let packets pass an entry point
 * @st: a state of the script
 * @kind: &enum nflua_entry_kind; of a hook nflua_hook_unregister() does the rest
 * @name: the entry point
 *
 * Calls that begin from now on do not meet it, until a replace. Nothing happens
 * in a test run, nor in a state that is not in service.
 *
 * Context: as nflua_hook_unregister()
 * Return: whether it was registered until now
 */
bool nflua_entry_unregister(struct nflua_state *st, u8 kind, const char *name)
{
	struct nflua_generation *gen = st->gen;
	struct nflua_entry *entry;

	if (READ_ONCE(gen->retired))
		return false;
	if (!nflua_state_is_control(st) && READ_ONCE(gen->states[st->cpu]) != st)
		return false;
	entry = nflua_generation_find(gen, kind, name);
	if (nflua_run_of(st->packet.hs))
		return entry && !READ_ONCE(entry->gone);
	return entry && !xchg(&entry->gone, true);
}

/**
 * nflua_generation_get() - keep a generation for a test run
 * @gen: the generation
 *
 * Packets keep a generation by RCU, and it is freed a grace period after the
 * last place where they meet it has gone. A run sleeps, so it counts itself in:
 * under nn->lock, while &nflua_script.gen still points to @gen. That pointer is
 * switched under the same lock before nflua_generation_free(), from which on
 * the count can only fall. Who frees waits for that, with load_lock held, and a
 * run takes no lock as long as it counts. It looks at @gen->retired, which is set
 * with the pointer, between two batches, which last a tick and one call at most.
 *
 * Context: process, nn->lock
 */
void nflua_generation_get(struct nflua_generation *gen)
{
	atomic_inc(&gen->runs);
}

/**
 * nflua_generation_put() - undo nflua_generation_get()
 * @gen: the generation, which may be gone afterwards
 */
void nflua_generation_put(struct nflua_generation *gen)
{
	/* The address alone says who waits. */
	if (atomic_dec_and_test(&gen->runs))
		wake_up_var(&gen->runs);
}

/**
 * nflua_generation_free() - free a generation that no packet can enter any more
 * @gen: the generation, also one that is half made; retired if it was in service
 *
 * Context: process, sleeps: waits for test runs, and finalizers run
 */
void nflua_generation_free(struct nflua_generation *gen)
{
	unsigned int i;
	int cpu;

	if (!gen)
		return;
	wait_var_event(&gen->runs, !atomic_read(&gen->runs));
	mutex_lock(&cpu_lock);
	list_del_init(&gen->node);
	mutex_unlock(&cpu_lock);
	for_each_possible_cpu(cpu) {
		if (!gen->states)
			break;
		nflua_state_destroy(gen->states[cpu]);
		if (gen->single)
			break;
		cond_resched();
	}
	nflua_state_destroy(gen->control);
	nflua_conntrack_unuse(gen);
	nflua_maps_close(gen);
	for (i = 0; gen->entries && i < gen->nentries; i++) {
		nflua_stats_put(gen->entries[i].stats);
		if (gen->entries[i].extension)
			nflua_extension_put(gen->entries[i].extension);
	}
	nflua_messages_put(gen->messages);
	kvfree(gen->entries);
	kvfree(gen->states);
	kvfree(gen->source);
	kvfree(gen->code);
	mem_cgroup_put(gen->memcg);
	kfree(gen);
}

/* Does a state register what the control state did? */
static bool same_regs(const struct nflua_state *st,
		      const struct nflua_generation *gen)
{
	unsigned int i;

	if (st->nregs != gen->nentries)
		return false;
	for (i = 0; i < st->nregs; i++)
		if (memcmp(&st->regs[i], &gen->entries[i].reg,
			   sizeof(st->regs[i])))
			return false;
	return true;
}

static int add_packet_state(struct nflua_generation *gen, unsigned int cpu,
			    char **error)
{
	struct nflua_state *st;

	st = nflua_state_create(gen, cpu, error);
	if (IS_ERR(st))
		return PTR_ERR(st);
	if (!same_regs(st, gen)) {
		*error = kasprintf(GFP_KERNEL,
				   "the state of CPU %u registers other entry points than the control state",
				   cpu);
		nflua_state_destroy(st);
		return -EINVAL;
	}
	kfree(st->regs);
	st->regs = NULL;
	st->shared = gen->single;
	/* The generation may be in service when a CPU comes up. */
	smp_store_release(&gen->states[cpu], st);
	return 0;
}

/* Where CPUs that come up and the tracepoint find it. Context: cpu_lock */
static void enlist(struct nflua_generation *gen)
{
	list_add_tail(&gen->node, &generations);
	if (traced)
		set_bit(NFLUA_GEN_TRACED, &gen->flags);
}

/* One state for all CPUs, those too that may come. */
static int add_shared_state(struct nflua_generation *gen, char **error)
{
	unsigned int first = cpumask_first(cpu_possible_mask);
	unsigned int cpu;
	int err;

	err = add_packet_state(gen, first, error);
	if (err)
		return err;
	for_each_possible_cpu(cpu)
		gen->states[cpu] = gen->states[first];
	mutex_lock(&cpu_lock);
	enlist(gen);
	mutex_unlock(&cpu_lock);
	return 0;
}

/* Entry points of the new generation; statistics go on from @old. */
static int make_entries(struct nflua_generation *gen,
			struct nflua_generation *old)
{
	unsigned int n = gen->control->nregs;
	unsigned int i;

	gen->entries = kvcalloc(n ?: 1, sizeof(*gen->entries),
				GFP_KERNEL_ACCOUNT);
	if (!gen->entries)
		return -ENOMEM;
	gen->nentries = n;
	for (i = 0; i < n; i++) {
		struct nflua_entry *entry = &gen->entries[i];
		struct nflua_entry *before = NULL;
		struct nflua_times *times;

		entry->gen = gen;
		entry->function = i + 1;
		entry->reg = gen->control->regs[i];
		if (old)
			before = nflua_generation_find(old, entry->reg.kind,
						       entry->reg.name);
		if (before) {
			refcount_inc(&before->stats->refs);
			entry->stats = before->stats;
		} else {
			entry->stats = nflua_stats_create();
			if (!entry->stats)
				return -ENOMEM;
			if (!test_bit(NFLUA_GEN_TIMED, &gen->flags))
				continue;
			times = nflua_times_create();
			if (!times)
				return -ENOMEM;
			rcu_assign_pointer(entry->stats->times, times);
		}
	}
	return 0;
}

/*
 * Makes the missing packet states and puts the generation where CPUs that come
 * up find it. The bodies run without the lock, which CPU hotplug waits for;
 * the second turn is for a CPU that came meanwhile.
 */
static int add_packet_states(struct nflua_generation *gen, char **error)
{
	unsigned int cpu;
	int err;

	for_each_cpu(cpu, &cpus) {
		err = add_packet_state(gen, cpu, error);
		if (err)
			return err;
	}
	mutex_lock(&cpu_lock);
	for_each_cpu(cpu, &cpus) {
		err = gen->states[cpu] ? 0 : add_packet_state(gen, cpu, error);
		if (err)
			goto unlock;
	}
	enlist(gen);
	err = 0;
unlock:
	mutex_unlock(&cpu_lock);
	return err;
}

/**
 * nflua_generation_create() - make all states of a script and run its body
 * @nn: the namespace, its load_lock held
 * @load: the request; its source is taken over on success
 * @old: the generation that runs now, or NULL
 * @error: gets the Lua message, to be kfree()d
 *
 * Context: process, sleeps
 * Return: the generation, which no packet meets yet, or an ERR_PTR(): -EINVAL
 * with @error set if the script does not load
 */
struct nflua_generation *nflua_generation_create(struct nflua_net *nn,
						 struct nflua_load *load,
						 struct nflua_generation *old,
						 char **error)
{
	struct nflua_generation *gen;
	struct nflua_state *st;
	int err = -ENOMEM;

	gen = kzalloc(sizeof(*gen), GFP_KERNEL_ACCOUNT);
	if (!gen)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&gen->node);
	INIT_LIST_HEAD(&gen->maps);
	mutex_init(&gen->control_lock);
	gen->mask = U32_MAX;
	gen->memcg = get_mem_cgroup_from_mm(current->mm);
	strscpy(gen->name, load->name, sizeof(gen->name));
	gen->loaded = ktime_get_real_seconds();
	gen->limits = old ? old->limits : nn->defaults;
	if (load->limits.memory)
		gen->limits.memory = load->limits.memory;
	if (load->limits.budget)
		gen->limits.budget = load->limits.budget;
	if (load->set_errors)
		gen->limits.errors = load->limits.errors;
	gen->single = load->single;
	gen->check = load->check;
	gen->budget = NFLUA_BODY_NS;
	gen->deadline = nflua_deadline(ktime_get_ns(), gen->budget);
	write_pnet(&gen->net, nn->net);
	/* Given back below if the load fails. */
	gen->source = load->source;
	gen->size = load->size;
	sha256(gen->source, gen->size, gen->digest);
	if (old && test_bit(NFLUA_GEN_TIMED, &old->flags))
		set_bit(NFLUA_GEN_TIMED, &gen->flags);
	if (old) {
		refcount_inc(&old->messages->refs);
		gen->messages = old->messages;
	} else {
		gen->messages = nflua_messages_create();
		if (!gen->messages)
			goto free;
	}
	gen->states = kvcalloc(nr_cpu_ids, sizeof(*gen->states),
			       GFP_KERNEL_ACCOUNT);
	if (!gen->states)
		goto free;
	st = nflua_state_create(gen, -1, error);
	if (IS_ERR(st)) {
		err = PTR_ERR(st);
		goto free;
	}
	gen->control = st;
	err = make_entries(gen, old);
	if (err)
		goto free;
	kfree(st->regs);
	st->regs = NULL;
	err = gen->single ? add_shared_state(gen, error) :
			    add_packet_states(gen, error);
	if (err)
		goto free;
	if (gen->code) {
		kvfree(gen->source);
		gen->source = NULL;
	}
	load->source = NULL;
	return gen;

free:
	gen->source = NULL;
	nflua_generation_free(gen);
	return ERR_PTR(err);
}

/**
 * nflua_generation_limits() - change what a running script may use
 * @gen: the generation, nn->lock held
 * @limits: all of them
 *
 * A state that already uses more memory than it now may gets no more of it.
 */
void nflua_generation_limits(struct nflua_generation *gen,
			     const struct nflua_limits *limits)
{
	struct nflua_state *st;
	int cpu;

	/* A CPU that comes up reads them, and adds its state afterwards. */
	mutex_lock(&cpu_lock);
	gen->limits = *limits;
	for_each_possible_cpu(cpu) {
		st = gen->states[cpu];
		if (!st)
			continue;
		WRITE_ONCE(st->limit, limits->memory);
		WRITE_ONCE(st->budget, limits->budget);
	}
	WRITE_ONCE(gen->control->limit, limits->memory);
	mutex_unlock(&cpu_lock);
}

/**
 * nflua_generation_resume() - let packets enter a suspended script again
 * @gen: the generation, nn->lock held
 */
void nflua_generation_resume(struct nflua_generation *gen)
{
	struct nflua_state *st;
	int cpu;

	for_each_possible_cpu(cpu) {
		st = READ_ONCE(gen->states[cpu]);
		if (st)
			WRITE_ONCE(st->errors, 0);
	}
	clear_bit(NFLUA_GEN_SUSPENDED, &gen->flags);
}

/**
 * nflua_generation_trace() - let all calls pass the tracepoint nflua:call
 *
 * Context: process, sleeps; before the tracepoint is switched on
 * Return: 0
 */
int nflua_generation_trace(void)
{
	struct nflua_generation *gen;

	mutex_lock(&cpu_lock);
	traced = true;
	list_for_each_entry(gen, &generations, node)
		set_bit(NFLUA_GEN_TRACED, &gen->flags);
	mutex_unlock(&cpu_lock);
	return 0;
}

/**
 * nflua_generation_untrace() - undo nflua_generation_trace()
 *
 * Context: process, sleeps; also when the module goes, after its exit function
 */
void nflua_generation_untrace(void)
{
	struct nflua_generation *gen;

	mutex_lock(&cpu_lock);
	traced = false;
	list_for_each_entry(gen, &generations, node)
		clear_bit(NFLUA_GEN_TRACED, &gen->flags);
	mutex_unlock(&cpu_lock);
}

/*
 * A CPU is about to come up: its states are made before it can meet a packet.
 * If a body fails there, the CPU comes up all the same and follows the failure
 * policy. Context: process, holds the CPU hotplug lock for writing.
 */
static int cpu_prepare(unsigned int cpu)
{
	struct nflua_generation *gen;
	struct mem_cgroup *memcg;
	char *error;

	mutex_lock(&cpu_lock);
	cpumask_set_cpu(cpu, &cpus);
	list_for_each_entry(gen, &generations, node) {
		/* kept from the last time the CPU was here, or shared */
		if (gen->states[cpu])
			continue;
		gen->budget = NFLUA_CPU_NS;
		gen->deadline = nflua_deadline(ktime_get_ns(), gen->budget);
		error = NULL;
		memcg = set_active_memcg(gen->memcg);
		if (add_packet_state(gen, cpu, &error))
			nflua_event_cpu(gen, cpu, error ?: "not enough memory");
		set_active_memcg(memcg);
		kfree(error);
	}
	mutex_unlock(&cpu_lock);
	return 0;
}

/* What is loaded from now on has no state there; what is loaded keeps its. */
static int cpu_dead(unsigned int cpu)
{
	mutex_lock(&cpu_lock);
	cpumask_clear_cpu(cpu, &cpus);
	mutex_unlock(&cpu_lock);
	return 0;
}

/**
 * nflua_generation_init() - start to follow the CPUs
 *
 * Context: process, sleeps
 */
int nflua_generation_init(void)
{
	int err;

	/* Not every kernel calls for the CPUs that are there in this phase. */
	cpus_read_lock();
	cpumask_copy(&cpus, cpu_online_mask);
	err = cpuhp_setup_state_nocalls_cpuslocked(CPUHP_BP_PREPARE_DYN,
						   "net/nflua:prepare",
						   cpu_prepare, cpu_dead);
	cpus_read_unlock();
	if (err < 0)
		return err;
	cpuhp_state = err;
	return 0;
}

/**
 * nflua_generation_exit() - undo nflua_generation_init()
 */
void nflua_generation_exit(void)
{
	cpuhp_remove_state_nocalls(cpuhp_state);
}
