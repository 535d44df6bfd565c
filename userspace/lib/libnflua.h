/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libnflua: load, replace, unload and describe nflua's scripts from C, and
 * receive what they tell.
 *
 * A handle belongs to one thread at a time and to the network namespace that
 * was current when it was opened; enter another one first with
 * nflua_netns_enter(). Functions return 0 or a negative errno; the sentence
 * that goes with a failure is nflua_message().
 */
#ifndef _LIBNFLUA_H
#define _LIBNFLUA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "uapi/nflua.h"

#ifdef __cplusplus
extern "C" {
#endif

struct nflua;

/**
 * struct nflua_limits - what a script may use
 * @memory: bytes that one state may use; 0 in a request: not given
 * @budget: nanoseconds that one call may take; 0 in a request: not given
 * @errors: errors in a row, on one CPU, after which the script is suspended;
 *	0: never
 * @has_errors: in a request: @errors is given
 */
struct nflua_limits {
	uint64_t memory;
	uint64_t budget;
	uint32_t errors;
	bool has_errors;
};

/**
 * struct nflua_source - what to load
 * @name: name of the script, see nflua_name_valid()
 * @text: the source; need not end in a NUL, and may contain some
 * @size: bytes of @text, at most %NFLUA_SOURCE_MAX
 * @limits: what it may use; what is not given is the namespace's default for
 *	a load, and stays as it was with a replace
 * @flags: &enum nflua_script_flags
 */
struct nflua_source {
	const char *name;
	const void *text;
	size_t size;
	struct nflua_limits limits;
	uint32_t flags;
};

/**
 * struct nflua_bucket - calls that took about the same time
 * @from: nanoseconds of the shortest call that belongs here
 * @to: nanoseconds of the longest
 * @calls: number of calls
 */
struct nflua_bucket {
	uint64_t from;
	uint64_t to;
	uint64_t calls;
};

/**
 * struct nflua_time - how long the calls of an entry point took
 * @calls: calls that were measured
 * @total: nanoseconds of all of them
 * @longest: nanoseconds of the longest
 * @buckets: calls by time, in its order; those that are not empty
 * @nbuckets: number of @buckets
 */
struct nflua_time {
	uint64_t calls;
	uint64_t total;
	uint64_t longest;
	struct nflua_bucket *buckets;
	size_t nbuckets;
};

/**
 * struct nflua_entry - one entry point of a script
 * @kind: what it is
 * @name: the function's, extension's, hook's or helper's name
 * @line: line of the source that defines the function
 * @family: NFPROTO_*; hooks and helpers only
 * @hooknum: NF_INET_*, or NF_ARP_*, NF_BR_*, NF_NETDEV_*; hooks only
 * @priority: hooks only
 * @device: name of the device, or NULL; ingress and egress hooks only
 * @state: &enum nflua_hook_state, -1 if it is not known; hooks, and helpers that
 *	were unregistered
 * @proto: IPPROTO_*; helpers only
 * @on_error: the failure policy; hooks, helpers and extensions only
 * @as: %NFLUA_ENTRY_MATCH or %NFLUA_ENTRY_TARGET; extensions only
 * @revision: of the declaration; extensions only
 * @rules: number of rules that call it
 * @calls: number of calls
 * @outcomes: calls by answer, indexed by &enum nflua_outcome_attr
 * @errors: calls that failed, indexed by &enum nflua_error_attr
 * @last_error: message and traceback, or NULL
 * @last_error_time: seconds since the epoch
 * @time: how long calls took, or NULL if nothing was measured; from
 *	nflua_get() only
 */
struct nflua_entry {
	enum nflua_entry_kind kind;
	char *name;
	uint32_t line;
	uint8_t family;
	uint8_t hooknum;
	uint8_t proto;
	int32_t priority;
	char *device;
	int state;
	enum nflua_on_error on_error;
	enum nflua_entry_kind as;
	uint8_t revision;
	uint32_t rules;
	uint64_t calls;
	uint64_t outcomes[__NFLUA_A_OUTCOME_MAX];
	uint64_t errors[__NFLUA_A_ERROR_MAX];
	char *last_error;
	uint64_t last_error_time;
	struct nflua_time *time;
};

/**
 * struct nflua_memory - memory of one state
 * @control: it is the control state
 * @cpu: the CPU of a packet state; -1 for the control state, and for a state
 *	that serves all CPUs
 * @used: bytes in use
 * @peak: most bytes that it ever used
 */
struct nflua_memory {
	bool control;
	int cpu;
	uint64_t used;
	uint64_t peak;
};

/**
 * struct nflua_script - a script as the kernel describes it
 * @name: its name
 * @generation: 1 after a load, one more with each replace; 0 if it was
 *	unloaded by force: then only @name and @rules say something
 * @flags: &enum nflua_script_flags, how it was loaded
 * @suspended: packets do not enter it
 * @loaded: when this generation appeared, seconds since the epoch
 * @states: number of packet states
 * @memory: bytes in use by all states
 * @memory_peak: most bytes that one state ever used
 * @memory_states: the same of each state; not from nflua_each()
 * @nmemory_states: number of @memory_states
 * @digest: SHA-256 of the source
 * @timing: its calls are measured
 * @log_dropped: printed lines that reached neither who listens nor the
 *	kernel's log
 * @errors_dropped: errors that who listens was not told
 * @held: packets that it holds now, stolen ones and copies
 * @forgotten: held packets that the collector found
 * @lost: held packets that were given up, for their age or with their device
 * @sent: packets that its acts sent: answers, rejections and held ones
 * @unsent: acts that were refused
 * @kept: connections that it keeps now
 * @limits: what it may use
 * @rules: number of rules that refer to it
 * @entries: its entry points
 * @nentries: number of @entries
 * @output: what the body printed, or NULL; answers to a load only
 * @output_size: bytes of @output, which may contain NULs; there is one behind.
 *	%NFLUA_OUTPUT_MAX if it was cut
 */
struct nflua_script {
	char name[NFLUA_NAME_SIZE];
	uint32_t generation;
	uint32_t flags;
	bool suspended;
	uint64_t loaded;
	uint32_t states;
	uint64_t memory;
	uint64_t memory_peak;
	struct nflua_memory *memory_states;
	size_t nmemory_states;
	uint8_t digest[NFLUA_DIGEST_SIZE];
	bool timing;
	uint64_t log_dropped;
	uint64_t errors_dropped;
	uint32_t held;
	uint64_t forgotten;
	uint64_t lost;
	uint64_t sent;
	uint64_t unsent;
	uint32_t kept;
	struct nflua_limits limits;
	uint32_t rules;
	struct nflua_entry *entries;
	size_t nentries;
	char *output;
	size_t output_size;
};

#define NFLUA_DEVICE_MAX	15	/* characters of a device's name */

/**
 * struct nflua_run - a packet to be put to an entry point
 * @script: name of the script
 * @kind: &enum nflua_entry_kind, -1 for any
 * @entry: name of the entry point, NULL for any; with @kind it must say which
 *	one is meant, unless there is only one
 * @as: what a function serves as, %NFLUA_ENTRY_MATCH or %NFLUA_ENTRY_TARGET; 0
 *	for a match
 * @data: the bytes
 * @size: number of bytes, at most %NFLUA_RUN_SIZE_MAX
 * @flags: &enum nflua_run_flags
 * @hooknum: NF_INET_*, -1 for a hook's own place, or else the input hook
 * @family: NFPROTO_* that meets it, 0 for a hook's own, or else inet
 * @iif: name of the input device, NULL for the default
 * @oif: name of the output device, NULL for the default
 * @mark: the packet's mark
 * @repeat: number of calls; 0 stands for 1
 * @rule: what a rule would give the entry point, as %NFLUA_A_RUN_RULE; NULL for
 *	no option and no argument
 * @rule_size: bytes of it, at most %NFLUA_RUN_RULE_MAX
 */
struct nflua_run {
	const char *script;
	int kind;
	const char *entry;
	enum nflua_entry_kind as;
	const void *data;
	size_t size;
	uint32_t flags;
	int hooknum;
	uint8_t family;
	const char *iif;
	const char *oif;
	uint32_t mark;
	uint32_t repeat;
	const void *rule;
	size_t rule_size;
};

/**
 * struct nflua_run_result - what a run found
 * @kind: what was called
 * @entry: its name
 * @family: NFPROTO_* of where it met the packet
 * @hooknum: NF_INET_* where it met the packet, or as @family says
 * @outcome: &enum nflua_outcome_attr, of the last call
 * @by_policy: the last call failed, and @outcome is the failure policy
 * @mark: the packet's mark after the calls
 * @failed: calls that failed
 * @error: &enum nflua_error_attr, of the last one that failed
 * @text: its message and traceback, or NULL
 * @output: what the calls printed
 * @output_size: bytes of @output, which may contain NULs; there is one behind
 * @output_cut: the calls printed more than that
 * @calls: number of calls
 * @time: nanoseconds that they took together
 * @cpu: the CPU of the last call
 * @data: the packet, if the script changed it, or NULL
 * @size: bytes of @data
 */
struct nflua_run_result {
	enum nflua_entry_kind kind;
	char *entry;
	uint8_t family;
	uint8_t hooknum;
	enum nflua_outcome_attr outcome;
	bool by_policy;
	uint32_t mark;
	uint32_t failed;
	enum nflua_error_attr error;
	char *text;
	char *output;
	size_t output_size;
	bool output_cut;
	uint32_t calls;
	uint64_t time;
	uint32_t cpu;
	char *data;
	size_t size;
};

/* Multicast groups, as bits for nflua_subscribe(). */
enum nflua_group {
	NFLUA_GROUP_EVENTS	= 1 << 0,	/* a script came, changed, went */
	NFLUA_GROUP_LOG		= 1 << 1,	/* a script printed a line */
	NFLUA_GROUP_ERRORS	= 1 << 2,	/* an entry point failed */
	NFLUA_GROUP_ALL		= (1 << 3) - 1,
};

/**
 * struct nflua_message - a message of a multicast group
 * @group: which group, one bit
 * @time: when it was received, CLOCK_REALTIME
 * @script: name of the script
 * @cpu: CPU of the packet state that it is about, -1 if none: the control
 *	state or the script as a whole
 * @event: what happened; events only
 * @generation: of the script; events only
 * @kind: what failed; errors only
 * @entry: its name; errors only
 * @text: the printed line, or an error's message and traceback; "" if none
 * @size: bytes of @text, which may contain NULs; there is one behind
 * @dropped: messages like this one that the CPU dropped since its last one
 */
struct nflua_message {
	enum nflua_group group;
	struct timespec time;
	const char *script;
	int cpu;
	enum nflua_event event;
	uint32_t generation;
	enum nflua_entry_kind kind;
	const char *entry;
	const char *text;
	size_t size;
	uint64_t dropped;
};

/**
 * struct nflua_map - a map as the kernel describes it
 * @name: its name
 * @key: type of its keys
 * @value: type of its values
 * @evict: what it does when it is full
 * @size: greatest length of a string value
 * @max: most entries
 * @count: entries, with those that have expired lately
 * @memory: bytes that it takes
 * @ttl: how long an entry lives if nothing else is said, ms; 0: for ever
 * @scripts: names of the scripts that use it
 * @nscripts: number of @scripts
 */
struct nflua_map {
	char name[NFLUA_NAME_SIZE];
	enum nflua_map_type key;
	enum nflua_map_type value;
	enum nflua_map_evict evict;
	uint32_t size;
	uint32_t max;
	uint32_t count;
	uint64_t memory;
	uint64_t ttl;
	char **scripts;
	size_t nscripts;
};

/**
 * struct nflua_datum - a key or a value
 * @type: what it is
 * @integer: an integer
 * @bytes: of a string, or an address in network order; from the library with a
 *	NUL behind
 * @size: number of them
 * @prefix: length of an address's prefix
 */
struct nflua_datum {
	enum nflua_map_type type;
	int64_t integer;
	const void *bytes;
	size_t size;
	uint8_t prefix;
};

/**
 * struct nflua_map_entry - an entry of a map
 * @key: its key
 * @value: its value, an integer or a string
 * @ttl: how long it lives from now, ms; 0: for ever
 */
struct nflua_map_entry {
	struct nflua_datum key;
	struct nflua_datum value;
	uint64_t ttl;
};

/* handle.c */
int nflua_open(struct nflua **nlp);
void nflua_close(struct nflua *nl);
const char *nflua_message(const struct nflua *nl);
const char *nflua_script_error(const struct nflua *nl);
const char *nflua_script_output(const struct nflua *nl, size_t *size);
const char *nflua_kernel_message(const struct nflua *nl);

/* script.c */
int nflua_load(struct nflua *nl, const struct nflua_source *source,
	       struct nflua_script **script);
int nflua_replace(struct nflua *nl, const struct nflua_source *source,
		  struct nflua_script **script);
int nflua_eval(struct nflua *nl, const char *name, const void *chunk, size_t size,
	       struct nflua_script **answer);
int nflua_unload(struct nflua *nl, const char *name, uint32_t flags);
int nflua_resume(struct nflua *nl, const char *name);
int nflua_get(struct nflua *nl, const char *name, struct nflua_script **script);
int nflua_each(struct nflua *nl, int (*fn)(const struct nflua_script *script, void *data),
	       void *data);
void nflua_script_free(struct nflua_script *script);
uint64_t nflua_script_calls(const struct nflua_script *script);
uint64_t nflua_script_errors(const struct nflua_script *script);
uint64_t nflua_entry_errors(const struct nflua_entry *entry);

/* limits.c */
int nflua_change_limits(struct nflua *nl, const char *name, struct nflua_limits *limits);

/* timing.c */
int nflua_set_timing(struct nflua *nl, const char *name, enum nflua_timing timing);
uint64_t nflua_time_mean(const struct nflua_time *time);
uint64_t nflua_time_percentile(const struct nflua_time *time, unsigned int percent);

/* run.c */
int nflua_run(struct nflua *nl, const struct nflua_run *run, struct nflua_run_result *result);
void nflua_run_free(struct nflua_run_result *result);

/* map.c */
int nflua_map_get(struct nflua *nl, const char *name, struct nflua_map **map);
int nflua_map_each(struct nflua *nl, int (*fn)(const struct nflua_map *map, void *data),
		   void *data);
void nflua_map_free(struct nflua_map *map);
int nflua_map_entry_get(struct nflua *nl, const char *name, const struct nflua_datum *key,
			int (*fn)(const struct nflua_map_entry *entry, void *data), void *data);
int nflua_map_entry_each(struct nflua *nl, const char *name,
			 int (*fn)(const struct nflua_map_entry *entry, void *data), void *data);
int nflua_map_entry_set(struct nflua *nl, const char *name, const struct nflua_map_entry *entry,
			bool has_ttl);
int nflua_map_entry_delete(struct nflua *nl, const char *name, const struct nflua_datum *key);

/* message.c */
int nflua_subscribe(struct nflua *nl, unsigned int groups, size_t buffer);
int nflua_receive(struct nflua *nl, struct nflua_message *message);
int nflua_fd(const struct nflua *nl);
uint32_t nflua_lost(const struct nflua *nl);

/* names.c */
bool nflua_name_valid(const char *name);
const char *nflua_kind_name(unsigned int kind);
const char *nflua_outcome_name(unsigned int outcome);
const char *nflua_error_name(unsigned int error);
const char *nflua_on_error_name(unsigned int on_error);
const char *nflua_family_name(unsigned int family);
const char *nflua_hook_name(unsigned int family, unsigned int hooknum);
const char *nflua_hook_state_name(unsigned int state);
int nflua_kind_find(const char *name);
int nflua_family_find(const char *name);
int nflua_hook_find(const char *name);
const char *nflua_event_name(unsigned int event);
const char *nflua_group_name(unsigned int group);
unsigned int nflua_group_find(const char *name);
const char *nflua_timing_name(unsigned int timing);
int nflua_timing_find(const char *name);
const char *nflua_map_type_name(unsigned int type);
const char *nflua_map_evict_name(unsigned int evict);

/* netns.c */
int nflua_netns_enter(const char *netns);

#ifdef __cplusplus
}
#endif

#endif /* _LIBNFLUA_H */
