/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_SCRIPT_H
#define _NFLUA_SCRIPT_H

#include <linux/atomic.h>
#include <linux/idr.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/memcontrol.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/ratelimit.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include "entry.h"
#include "messages.h"
#include "state.h"

/**
 * struct nflua_net - what nflua knows of a network namespace
 * @ref: held by the namespace and by every binding of a rule, which may
 *	outlive it
 * @net: the namespace, NULL when it is gone
 * @load_lock: one load or unload at a time; held while bodies run
 * @lock: protects all below; taken inside @load_lock, and where rules are
 *	bound; not held for long
 * @defaults: limits of scripts that say nothing else
 * @limit: of what is said in the kernel's log
 * @scripts: the loaded scripts, &nflua_script
 * @nscripts: number of them
 * @uploads: sources that are not complete yet
 * @nuploads: number of them
 * @seq: changes with the list, for dumps
 * @unbound: changes when a rule goes
 * @idle: woken then
 * @sends: a packet was sent in it, once
 * @helpers: &nflua_helper, those of all scripts, for packets; under @load_lock
 * @on_devices: &nflua_hook, those that belong to devices; under RTNL
 * @devices: follows the devices, once there are such hooks; under @load_lock
 * @unhook: takes off hooks that their handles unregistered
 * @map_lock: protects @maps and who uses them; inside all other locks of nflua
 * @maps: &nflua_map, those that scripts share
 * @map_seq: changes with the list, for dumps
 * @map_bytes: bytes that all maps take
 * @map_bytes_max: most of them
 * @accounting: how many generations need conntrack's accounting; under @load_lock
 * @accounted: it was on before the first
 * @held_lock: protects @holdings and @held_closed; bottom halves take it
 * @holdings: &nflua_holding, the states that have held packets
 * @held_closed: no packet can be held any more
 */
struct nflua_net {
	struct kref ref;
	struct net *net;
	struct mutex load_lock;
	struct mutex lock;
	struct nflua_limits defaults;
	struct ratelimit_state limit;
	struct list_head scripts;
	unsigned int nscripts;
	struct list_head uploads;
	unsigned int nuploads;
	unsigned int seq;
	unsigned int unbound;
	wait_queue_head_t idle;
	bool sends;
	struct list_head helpers;
	struct list_head on_devices;
	struct notifier_block devices;
	struct work_struct unhook;
	struct mutex map_lock;
	struct list_head maps;
	unsigned int map_seq;
	atomic_long_t map_bytes;
	long map_bytes_max;
	unsigned int accounting;
	bool accounted;
	spinlock_t held_lock;
	struct list_head holdings;
	bool held_closed;
};

/**
 * struct nflua_script - a script of a namespace, under one name
 * @node: in &nflua_net.scripts
 * @nn: its namespace
 * @gen: what runs now; NULL if it was unloaded by force
 * @number: of the last generation
 * @hooks: &nflua_hook, those registered with netfilter
 * @helpers: &nflua_helper, its helpers
 * @bindings: &nflua_binding, those that rules use
 * @rules: number of rules that refer to it
 * @slots: numbers of its rules' values
 */
struct nflua_script {
	struct list_head node;
	struct nflua_net *nn;
	char name[NFLUA_NAME_SIZE];
	struct nflua_generation *gen;
	u32 number;
	struct list_head hooks;
	struct list_head helpers;
	struct list_head bindings;
	unsigned int rules;
	struct ida slots;
};

/*
 * Bits of &nflua_generation.flags. A call looks at all of them at once, and an
 * ordinary one finds none.
 */
enum nflua_gen_flag {
	NFLUA_GEN_SUSPENDED,	/* packets do not enter it */
	NFLUA_GEN_TIMED,	/* calls are measured */
	NFLUA_GEN_TRACED,	/* calls pass the tracepoint nflua:call */
};

/**
 * struct nflua_generation - all that one load of a script made
 * @node: in the list of all generations
 * @name: of the script
 * @number: 1 for the first
 * @loaded: when, CLOCK_REALTIME seconds
 * @limits: what it may use
 * @memcg: memory cgroup of who loaded it, which pays for its states
 * @flags: &enum nflua_gen_flag
 * @single: one packet state serves all CPUs
 * @runs: how many test runs use it, see nflua_generation_get()
 * @retired: its successor is in service, or none will be: no run is to go on
 *	with it; set under nn->lock, by a replace under map_lock, too
 * @check: it is thrown away when it is complete
 * @published: packets may have met it; under map_lock
 * @maps: &nflua_map_user, the maps that its states have opened; under map_lock
 * @nmaps: number of them, of which each state has opened some
 * @needs: NFLUA_NEED_*, what its body asked for
 * @uses: those that it was given
 * @budget: how long its bodies may take together, ns
 * @deadline: when they have taken too long, ktime_get_ns()
 * @source: the text; NULL once @code serves
 * @size: its length
 * @code: the body as its first state compiled it, for all others and for CPUs
 *	that come later; NULL if there was no memory for it
 * @code_size: its length
 * @digest: SHA-256 of it
 * @messages: what it may tell
 * @mask: what rules with --mask are compared with, see netfilter.mask()
 * @control_lock: who enters the control state once it is made; innermost
 * @control: the control state
 * @states: packet states by CPU number, NULL where there is none
 * @nentries: number of entry points
 * @entries: the entry points, in the order of registration
 */
struct nflua_generation {
	struct list_head node;
	char name[NFLUA_NAME_SIZE];
	u32 number;
	time64_t loaded;
	struct nflua_limits limits;
	struct mem_cgroup *memcg;
	unsigned long flags;
	bool single;
	bool retired;
	atomic_t runs;
	bool check;
	bool published;
	struct list_head maps;
	unsigned int nmaps;
	u32 needs;
	u32 uses;
	u64 budget;
	u64 deadline;
	char *source;
	size_t size;
	void *code;
	size_t code_size;
	u8 digest[NFLUA_DIGEST_SIZE];
	possible_net_t net;
	struct nflua_messages *messages;
	u32 mask;
	struct mutex control_lock;
	struct nflua_state *control;
	struct nflua_state **states;
	unsigned int nentries;
	struct nflua_entry *entries;
};

/**
 * struct nflua_load - a request to load
 * @name: of the script
 * @source: the text; taken over (and set to NULL) by a load that works
 * @size: its length
 * @limits: what it may use; a member that is 0 (@set_errors: not set) is as
 *	it was, or the namespace's default
 * @set_errors: @limits.errors is meant
 * @single: one packet state for all CPUs
 * @replace: the script must exist
 * @check: throw everything away at the end
 */
struct nflua_load {
	const char *name;
	char *source;
	size_t size;
	struct nflua_limits limits;
	bool set_errors;
	bool single;
	bool replace;
	bool check;
};

#define NFLUA_SCRIPTS_MAX	256	/* in one namespace */

/* A reply builder; called once with the new generation, under the lock. */
typedef int (*nflua_loaded_fn)(struct nflua_generation *gen, void *arg);

struct nflua_script *nflua_script_find(struct nflua_net *nn, const char *name);
bool nflua_script_name_ok(const char *name);
int nflua_script_load(struct nflua_net *nn, struct nflua_load *load,
		      char **error, struct netlink_ext_ack *extack,
		      nflua_loaded_fn loaded, void *arg);
int nflua_script_unload(struct nflua_net *nn, const char *name, bool force,
			char **error, struct netlink_ext_ack *extack);
void nflua_generation_limits(struct nflua_generation *gen,
			     const struct nflua_limits *limits);
void nflua_generation_resume(struct nflua_generation *gen);
int nflua_generation_trace(void);
void nflua_generation_untrace(void);
void nflua_script_free(struct nflua_script *script);

struct nflua_generation *nflua_generation_create(struct nflua_net *nn,
						 struct nflua_load *load,
						 struct nflua_generation *old,
						 char **error);
void nflua_generation_free(struct nflua_generation *gen);
void nflua_generation_get(struct nflua_generation *gen);
void nflua_generation_put(struct nflua_generation *gen);
struct nflua_entry *nflua_generation_find(struct nflua_generation *gen,
					  u8 kind, const char *name);
bool nflua_entry_unregister(struct nflua_state *st, u8 kind, const char *name);
int nflua_generation_init(void);
void nflua_generation_exit(void);

struct nflua_net *nflua_net(struct net *net);
void nflua_net_get(struct nflua_net *nn);
void nflua_net_put(struct nflua_net *nn);
int nflua_net_init(void);
void nflua_net_exit(void);

#endif /* _NFLUA_SCRIPT_H */
