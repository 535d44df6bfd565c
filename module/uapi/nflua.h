/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * nflua's user-space interface: the generic netlink family. What rules of
 * iptables carry is in xt_nflua.h.
 *
 * nflua.yaml beside this file describes the same family in the kernel's
 * netlink-spec format; a selftest compares the two with the live policy.
 */
#ifndef _UAPI_NFLUA_H
#define _UAPI_NFLUA_H

#include <linux/types.h>

#define NFLUA_GENL_NAME		"nflua"
#define NFLUA_GENL_VERSION	1

/* Multicast groups; joining one needs CAP_NET_ADMIN. */
#define NFLUA_MCGRP_EVENTS	"events"	/* a script came, changed, went */
#define NFLUA_MCGRP_LOG		"log"		/* what print() wrote */
#define NFLUA_MCGRP_ERRORS	"errors"	/* an entry point failed */

/* Longest names, with the terminating NUL. */
#define NFLUA_NAME_SIZE		64	/* [A-Za-z0-9_.-]{1,63} */
#define NFLUA_FUNCTION_SIZE	64

/* Most bytes of a map's key and of its value, and most entries. */
#define NFLUA_MAP_KEY_MAX	255
#define NFLUA_MAP_VALUE_MAX	4096
#define NFLUA_MAP_ENTRIES_MAX	(4 * 1024 * 1024)
/* Longest life of an entry: a year, in ms. */
#define NFLUA_MAP_TTL_MAX	31536000000

/* Most bytes of source in one script, and in one message's SOURCE. */
#define NFLUA_SOURCE_MAX	(8 * 1024 * 1024)
#define NFLUA_PART_MAX		(32 * 1024)

/* Bytes of a source's SHA-256. */
#define NFLUA_DIGEST_SIZE	32
/* Most bytes of an output; one that has so many counts as cut. */
#define NFLUA_OUTPUT_MAX	8192
/* Most bytes of a packet in RUN, and how often one request may repeat it. */
#define NFLUA_RUN_SIZE_MAX	65280
#define NFLUA_RUN_REPEAT_MAX	10000000
/* Most bytes of what a rule gives an entry point, in RUN. */
#define NFLUA_RUN_RULE_MAX	4208

/**
 * enum nflua_cmd - commands; each needs CAP_NET_ADMIN in the network
 *	namespace's owning user namespace
 *
 * @NFLUA_CMD_SCRIPT_LOAD: load a new script. NAME, SIZE, OFFSET and SOURCE are
 *	required, FLAGS and MEMORY_LIMIT optional (read from the last part). A source larger than
 *	%NFLUA_PART_MAX is sent in several messages of one socket, in order, the
 *	first with OFFSET 0; all but the last are only acknowledged. The last
 *	one loads, and is answered by one message (NAME, GENERATION, OUTPUT,
 *	ENTRY...), or by one with ERROR before the negative acknowledgement.
 * @NFLUA_CMD_SCRIPT_REPLACE: the same for a script that exists; rules and
 *	hooks switch to the new source without missing a packet. -ENOENT if
 *	there is none of this name.
 * @NFLUA_CMD_SCRIPT_UNLOAD: remove script NAME; -EBUSY while rules refer,
 *	unless FLAGS has %NFLUA_SCRIPT_F_FORCE: then they follow their failure
 *	policy, until a script of the name is loaded again
 * @NFLUA_CMD_SCRIPT_GET: describe script NAME, or with NLM_F_DUMP all of them
 * @NFLUA_CMD_SCRIPT_EVENT: multicast in "events": NAME, EVENT, GENERATION;
 *	with %NFLUA_EVENT_CPU_FAILED also CPU and TEXT
 * @NFLUA_CMD_SCRIPT_LOG: multicast in "log": NAME, CPU, TEXT, and DROPPED if
 *	lines before it were dropped
 * @NFLUA_CMD_SCRIPT_ERROR: multicast in "errors": NAME, CPU, TEXT, one ENTRY
 *	with KIND and NAME, and DROPPED if errors before it were not told
 * @NFLUA_CMD_SCRIPT_LIMITS: set those of MEMORY_LIMIT, BUDGET and ERRORS_MAX
 *	that are given, of script NAME or, without NAME, what scripts that are
 *	loaded from now on get; answered by a message with all three
 * @NFLUA_CMD_SCRIPT_RESUME: let packets enter a suspended script again
 * @NFLUA_CMD_SCRIPT_EVAL: run SOURCE, an expression or a chunk, in the control
 *	state of script NAME; answered by a message with OUTPUT: what it printed
 *	and, as the last line, its results
 * @NFLUA_CMD_SCRIPT_TIMING: begin or end to measure how long the calls of
 *	script NAME take, or forget what was measured, as TIMING says
 * @NFLUA_CMD_RUN: put the bytes DATA to an entry point of script NAME, on the
 *	CPU of the caller, without counting, suspending or telling anybody but
 *	the caller, who gets the answers of &enum nflua_run_attr. Their
 *	attributes are not those of the other commands. After half a second,
 *	and when the script is replaced, it answers with fewer CALLS than
 *	REPEAT says. -EPROTO for bytes that no hook of the kernel would ever
 *	meet
 * @NFLUA_CMD_MAP_GET: describe map NAME, or with NLM_F_DUMP all of them. This
 *	command and those that follow have the attributes of &enum
 *	nflua_map_attr.
 * @NFLUA_CMD_MAP_ENTRY_GET: the entry of map NAME with the KEY_* given: KEY_*,
 *	VALUE_* and, if it expires, TTL; -ENOENT if there is none. With
 *	NLM_F_DUMP all entries, one in each message; NLM_F_DUMP_INTR says that
 *	some came or went meanwhile: what was there all the time is there once.
 * @NFLUA_CMD_MAP_ENTRY_SET: write the entry: NAME, KEY_*, VALUE_*, and TTL, or
 *	it lives as long as the map says. -ENOSPC if the map is full
 * @NFLUA_CMD_MAP_ENTRY_DELETE: take the entry with NAME and KEY_* out
 */
enum nflua_cmd {
	NFLUA_CMD_UNSPEC,
	NFLUA_CMD_SCRIPT_LOAD,
	NFLUA_CMD_SCRIPT_REPLACE,
	NFLUA_CMD_SCRIPT_UNLOAD,
	NFLUA_CMD_SCRIPT_GET,
	NFLUA_CMD_SCRIPT_EVENT,
	NFLUA_CMD_SCRIPT_LOG,
	NFLUA_CMD_SCRIPT_ERROR,
	NFLUA_CMD_SCRIPT_LIMITS,
	NFLUA_CMD_SCRIPT_RESUME,
	NFLUA_CMD_SCRIPT_EVAL,
	NFLUA_CMD_SCRIPT_TIMING,
	NFLUA_CMD_RUN,
	NFLUA_CMD_MAP_GET,
	NFLUA_CMD_MAP_ENTRY_GET,
	NFLUA_CMD_MAP_ENTRY_SET,
	NFLUA_CMD_MAP_ENTRY_DELETE,

	__NFLUA_CMD_MAX
};
#define NFLUA_CMD_MAX (__NFLUA_CMD_MAX - 1)

/**
 * enum nflua_script_flags - bits of %NFLUA_A_SCRIPT_FLAGS
 *
 * @NFLUA_SCRIPT_F_CHECK: with LOAD or REPLACE: do all but publish, then throw
 *	the new states away. The reply is that of a load. LOAD with CHECK does
 *	not mind whether the name is taken.
 * @NFLUA_SCRIPT_F_SINGLE: with LOAD or REPLACE: one packet state for all CPUs,
 *	behind a lock
 * @NFLUA_SCRIPT_F_FORCE: with UNLOAD: also while rules refer
 */
enum nflua_script_flags {
	NFLUA_SCRIPT_F_CHECK	= 1 << 0,
	NFLUA_SCRIPT_F_SINGLE	= 1 << 1,
	NFLUA_SCRIPT_F_FORCE	= 1 << 2,
};

/**
 * enum nflua_script_attr - attributes of the commands about scripts, top level
 *
 * @NFLUA_A_SCRIPT_NAME: string
 * @NFLUA_A_SCRIPT_FLAGS: u32, &enum nflua_script_flags
 * @NFLUA_A_SCRIPT_SIZE: u32, bytes of the whole source
 * @NFLUA_A_SCRIPT_OFFSET: u32, where in it SOURCE begins
 * @NFLUA_A_SCRIPT_SOURCE: binary, at most %NFLUA_PART_MAX bytes
 * @NFLUA_A_SCRIPT_MEMORY_LIMIT: u64, bytes that one state may use
 * @NFLUA_A_SCRIPT_GENERATION: u32, 1 for a load, one more with each replace; 0
 *	if it was unloaded by force and only its rules are left
 * @NFLUA_A_SCRIPT_LOADED: u64, when this generation appeared, seconds of
 *	CLOCK_REALTIME
 * @NFLUA_A_SCRIPT_STATES: u32, number of packet states
 * @NFLUA_A_SCRIPT_MEMORY: u64, bytes in use by all states together
 * @NFLUA_A_SCRIPT_MEMORY_PEAK: u64, most bytes that one state ever used
 * @NFLUA_A_SCRIPT_RULES: u32, number of rules that refer to the script
 * @NFLUA_A_SCRIPT_ENTRY: nest of &enum nflua_entry_attr, repeated
 * @NFLUA_A_SCRIPT_ERROR: string, why the command failed: the Lua message with
 *	file and line, or the sentence of the extended acknowledgement completed
 * @NFLUA_A_SCRIPT_OUTPUT: binary with a NUL behind it, what a body or an EVAL
 *	printed; cut if it has %NFLUA_OUTPUT_MAX bytes without that NUL
 * @NFLUA_A_SCRIPT_EVENT: u8, &enum nflua_event
 * @NFLUA_A_SCRIPT_CPU: u32, CPU of the packet state; absent: control state
 * @NFLUA_A_SCRIPT_TEXT: string, a printed line or an error with traceback
 * @NFLUA_A_SCRIPT_BUDGET: u64, ns that one call may take
 * @NFLUA_A_SCRIPT_ERRORS_MAX: u32, errors in a row, on one CPU, after which the
 *	script is suspended; 0: never
 * @NFLUA_A_SCRIPT_SUSPENDED: flag: packets do not enter it
 * @NFLUA_A_SCRIPT_TIMING: u8, &enum nflua_timing; in a description: calls are
 *	measured
 * @NFLUA_A_SCRIPT_STATE: nest of &enum nflua_state_attr, repeated; not in a dump
 * @NFLUA_A_SCRIPT_DIGEST: binary, %NFLUA_DIGEST_SIZE bytes, SHA-256 of the source
 * @NFLUA_A_SCRIPT_DROPPED: u64, messages like this one that the same CPU
 *	dropped since it sent the last one
 * @NFLUA_A_SCRIPT_LOG_DROPPED: u64, printed lines that reached neither who
 *	listens nor the kernel's log
 * @NFLUA_A_SCRIPT_ERRORS_DROPPED: u64, errors that who listens was not told
 * @NFLUA_A_SCRIPT_HELD: u32, packets that all states hold now, stolen ones and
 *	copies
 * @NFLUA_A_SCRIPT_FORGOTTEN: u64, held packets that the collector found
 * @NFLUA_A_SCRIPT_LOST: u64, held packets that were given up, for their age or
 *	because their device went
 * @NFLUA_A_SCRIPT_SENT: u64, packets that its acts let wait to be sent
 * @NFLUA_A_SCRIPT_UNSENT: u64, acts that were refused
 * @NFLUA_A_SCRIPT_KEPT: u32, connections that all states keep now, the control
 *	state included
 * @NFLUA_A_SCRIPT_PAD: padding of u64 attributes
 */
enum nflua_script_attr {
	NFLUA_A_SCRIPT_UNSPEC,
	NFLUA_A_SCRIPT_NAME,
	NFLUA_A_SCRIPT_FLAGS,
	NFLUA_A_SCRIPT_SIZE,
	NFLUA_A_SCRIPT_OFFSET,
	NFLUA_A_SCRIPT_SOURCE,
	NFLUA_A_SCRIPT_MEMORY_LIMIT,
	NFLUA_A_SCRIPT_GENERATION,
	NFLUA_A_SCRIPT_LOADED,
	NFLUA_A_SCRIPT_STATES,
	NFLUA_A_SCRIPT_MEMORY,
	NFLUA_A_SCRIPT_MEMORY_PEAK,
	NFLUA_A_SCRIPT_RULES,
	NFLUA_A_SCRIPT_ENTRY,
	NFLUA_A_SCRIPT_ERROR,
	NFLUA_A_SCRIPT_OUTPUT,
	NFLUA_A_SCRIPT_EVENT,
	NFLUA_A_SCRIPT_CPU,
	NFLUA_A_SCRIPT_TEXT,
	NFLUA_A_SCRIPT_BUDGET,
	NFLUA_A_SCRIPT_ERRORS_MAX,
	NFLUA_A_SCRIPT_SUSPENDED,
	NFLUA_A_SCRIPT_TIMING,
	NFLUA_A_SCRIPT_STATE,
	NFLUA_A_SCRIPT_DIGEST,
	NFLUA_A_SCRIPT_DROPPED,
	NFLUA_A_SCRIPT_LOG_DROPPED,
	NFLUA_A_SCRIPT_ERRORS_DROPPED,
	NFLUA_A_SCRIPT_HELD,
	NFLUA_A_SCRIPT_FORGOTTEN,
	NFLUA_A_SCRIPT_LOST,
	NFLUA_A_SCRIPT_SENT,
	NFLUA_A_SCRIPT_UNSENT,
	NFLUA_A_SCRIPT_KEPT,
	NFLUA_A_SCRIPT_PAD,

	__NFLUA_A_SCRIPT_MAX
};
#define NFLUA_A_SCRIPT_MAX (__NFLUA_A_SCRIPT_MAX - 1)

/**
 * enum nflua_timing - values of %NFLUA_A_SCRIPT_TIMING
 *
 * @NFLUA_TIMING_OFF: measure no more; what was measured stays
 * @NFLUA_TIMING_ON: measure from now on
 * @NFLUA_TIMING_RESET: forget what was measured; goes on if it is on
 */
enum nflua_timing {
	NFLUA_TIMING_OFF,
	NFLUA_TIMING_ON,
	NFLUA_TIMING_RESET,

	__NFLUA_TIMING_MAX
};
#define NFLUA_TIMING_MAX (__NFLUA_TIMING_MAX - 1)

/**
 * enum nflua_state_attr - one state of a script
 *
 * @NFLUA_A_STATE_CONTROL: flag: it is the control state
 * @NFLUA_A_STATE_CPU: u32, the CPU of a packet state; absent if it serves all
 * @NFLUA_A_STATE_MEMORY: u64, bytes in use
 * @NFLUA_A_STATE_PEAK: u64, most bytes that it ever used
 * @NFLUA_A_STATE_PAD: padding of u64 attributes
 */
enum nflua_state_attr {
	NFLUA_A_STATE_UNSPEC,
	NFLUA_A_STATE_CONTROL,
	NFLUA_A_STATE_CPU,
	NFLUA_A_STATE_MEMORY,
	NFLUA_A_STATE_PEAK,
	NFLUA_A_STATE_PAD,

	__NFLUA_A_STATE_MAX
};
#define NFLUA_A_STATE_MAX (__NFLUA_A_STATE_MAX - 1)

/**
 * enum nflua_map_attr - attributes of the commands about maps, top level
 *
 * @NFLUA_A_MAP_NAME: string, as a script's name
 * @NFLUA_A_MAP_KEY_TYPE: u8, &enum nflua_map_type
 * @NFLUA_A_MAP_VALUE_TYPE: u8, &enum nflua_map_type, integer or string
 * @NFLUA_A_MAP_SIZE: u32, greatest length of a string value
 * @NFLUA_A_MAP_MAX: u32, most entries
 * @NFLUA_A_MAP_EVICT: u8, &enum nflua_map_evict
 * @NFLUA_A_MAP_COUNT: u32, entries, with those that have expired lately
 * @NFLUA_A_MAP_MEMORY: u64, bytes that it takes
 * @NFLUA_A_MAP_SCRIPT: string, a script that uses it, repeated
 * @NFLUA_A_MAP_TTL: u64, ms that an entry lives; of a map: if nothing else is
 *	said, 0 for ever; of an entry: from now
 * @NFLUA_A_MAP_KEY_INTEGER: s64
 * @NFLUA_A_MAP_KEY_STRING: binary
 * @NFLUA_A_MAP_KEY_ADDRESS: binary, 4 or 16 bytes in network order
 * @NFLUA_A_MAP_KEY_PREFIX: u8, prefix length of an address; absent: all bits
 * @NFLUA_A_MAP_VALUE_INTEGER: s64
 * @NFLUA_A_MAP_VALUE_STRING: binary
 * @NFLUA_A_MAP_PAD: padding of 64-bit attributes
 */
enum nflua_map_attr {
	NFLUA_A_MAP_UNSPEC,
	NFLUA_A_MAP_NAME,
	NFLUA_A_MAP_KEY_TYPE,
	NFLUA_A_MAP_VALUE_TYPE,
	NFLUA_A_MAP_SIZE,
	NFLUA_A_MAP_MAX,
	NFLUA_A_MAP_EVICT,
	NFLUA_A_MAP_COUNT,
	NFLUA_A_MAP_MEMORY,
	NFLUA_A_MAP_SCRIPT,
	NFLUA_A_MAP_TTL,
	NFLUA_A_MAP_KEY_INTEGER,
	NFLUA_A_MAP_KEY_STRING,
	NFLUA_A_MAP_KEY_ADDRESS,
	NFLUA_A_MAP_KEY_PREFIX,
	NFLUA_A_MAP_VALUE_INTEGER,
	NFLUA_A_MAP_VALUE_STRING,
	NFLUA_A_MAP_PAD,

	__NFLUA_A_MAP_MAX
};
#define NFLUA_A_MAP_MAX (__NFLUA_A_MAP_MAX - 1)

/* what a map's keys and values are */
enum nflua_map_type {
	NFLUA_MAP_INTEGER,
	NFLUA_MAP_STRING,
	NFLUA_MAP_ADDRESS,	/* or a prefix, IPv4 or IPv6; keys only */

	__NFLUA_MAP_TYPE_MAX
};

/**
 * enum nflua_map_evict - what a full map does with a new key
 *
 * @NFLUA_MAP_EVICT_NONE: it refuses it
 * @NFLUA_MAP_EVICT_LRU: an entry goes that was not used lately
 */
enum nflua_map_evict {
	NFLUA_MAP_EVICT_NONE,
	NFLUA_MAP_EVICT_LRU,

	__NFLUA_MAP_EVICT_MAX
};

/* values of NFLUA_A_SCRIPT_EVENT */
enum nflua_event {
	NFLUA_EVENT_UNSPEC,
	NFLUA_EVENT_LOADED,
	NFLUA_EVENT_REPLACED,
	NFLUA_EVENT_UNLOADED,
	NFLUA_EVENT_CPU_FAILED,	/* a CPU came up without a state: CPU, TEXT */
	NFLUA_EVENT_SUSPENDED,	/* after errors in a row */
	NFLUA_EVENT_RESUMED,

	__NFLUA_EVENT_MAX
};
#define NFLUA_EVENT_MAX (__NFLUA_EVENT_MAX - 1)

/**
 * enum nflua_entry_kind - values of %NFLUA_A_ENTRY_KIND
 *
 * @NFLUA_ENTRY_FUNCTION: a global function, for --function
 * @NFLUA_ENTRY_MATCH: what nf:match registered
 * @NFLUA_ENTRY_TARGET: what nf:target registered
 * @NFLUA_ENTRY_HOOK: what nf:hook registered
 * @NFLUA_ENTRY_HELPER: what nf:helper registered
 * @NFLUA_ENTRY_EXTENSION: what nf:extension declared
 */
enum nflua_entry_kind {
	NFLUA_ENTRY_FUNCTION,
	NFLUA_ENTRY_MATCH,
	NFLUA_ENTRY_TARGET,
	NFLUA_ENTRY_HOOK,
	NFLUA_ENTRY_HELPER,
	NFLUA_ENTRY_EXTENSION,

	__NFLUA_ENTRY_MAX
};
#define NFLUA_ENTRY_MAX (__NFLUA_ENTRY_MAX - 1)

/**
 * enum nflua_entry_attr - one entry point of a script
 *
 * A call ends in exactly one outcome or in exactly one error, so CALLS is the
 * sum of all OUTCOME and ERRORS counters. They go on across a replace.
 *
 * @NFLUA_A_ENTRY_KIND: u8, &enum nflua_entry_kind
 * @NFLUA_A_ENTRY_NAME: string: the function's name; for a match or target the
 *	name given to netfilter.new; for a hook "FAMILY HOOK PRIORITY" or
 *	"FAMILY HOOK PRIORITY DEVICE"; for a helper its name in rules
 * @NFLUA_A_ENTRY_LINE: u32, line of the source that defines the function
 * @NFLUA_A_ENTRY_FAMILY: u8, NFPROTO_*; hooks and helpers only
 * @NFLUA_A_ENTRY_HOOKNUM: u8, NF_INET_*, or NF_ARP_*, NF_BR_*, NF_NETDEV_* as
 *	FAMILY says; hooks only
 * @NFLUA_A_ENTRY_PRIORITY: s32; hooks only
 * @NFLUA_A_ENTRY_ON_ERROR: u8, &enum nflua_on_error; hooks, helpers and
 *	extensions only (a rule
 *	carries its own)
 * @NFLUA_A_ENTRY_RULES: u32, rules that call it
 * @NFLUA_A_ENTRY_CALLS: u64
 * @NFLUA_A_ENTRY_OUTCOMES: nest of &enum nflua_outcome_attr, each u64, those
 *	that are not zero
 * @NFLUA_A_ENTRY_ERRORS: nest of &enum nflua_error_attr, each u64, those that
 *	are not zero
 * @NFLUA_A_ENTRY_LAST_ERROR: string, message and traceback of the last error
 * @NFLUA_A_ENTRY_LAST_ERROR_TIME: u64, seconds of CLOCK_REALTIME
 * @NFLUA_A_ENTRY_TIME: nest of &enum nflua_time_attr; absent if nothing was
 *	measured, and in a dump
 * @NFLUA_A_ENTRY_DEVICE: string, name of the device; ingress and egress hooks
 *	only
 * @NFLUA_A_ENTRY_STATE: u8, &enum nflua_hook_state; hooks of a script that is
 *	in service only, and what else its script has unregistered
 * @NFLUA_A_ENTRY_PROTO: u8, IPPROTO_*; helpers only
 * @NFLUA_A_ENTRY_AS: u8, %NFLUA_ENTRY_MATCH or %NFLUA_ENTRY_TARGET; extensions
 *	only
 * @NFLUA_A_ENTRY_REVISION: u8; extensions only
 * @NFLUA_A_ENTRY_PAD: padding of u64 attributes
 */
enum nflua_entry_attr {
	NFLUA_A_ENTRY_UNSPEC,
	NFLUA_A_ENTRY_KIND,
	NFLUA_A_ENTRY_NAME,
	NFLUA_A_ENTRY_LINE,
	NFLUA_A_ENTRY_FAMILY,
	NFLUA_A_ENTRY_HOOKNUM,
	NFLUA_A_ENTRY_PRIORITY,
	NFLUA_A_ENTRY_ON_ERROR,
	NFLUA_A_ENTRY_RULES,
	NFLUA_A_ENTRY_CALLS,
	NFLUA_A_ENTRY_OUTCOMES,
	NFLUA_A_ENTRY_ERRORS,
	NFLUA_A_ENTRY_LAST_ERROR,
	NFLUA_A_ENTRY_LAST_ERROR_TIME,
	NFLUA_A_ENTRY_TIME,
	NFLUA_A_ENTRY_DEVICE,
	NFLUA_A_ENTRY_STATE,
	NFLUA_A_ENTRY_PROTO,
	NFLUA_A_ENTRY_AS,
	NFLUA_A_ENTRY_REVISION,
	NFLUA_A_ENTRY_PAD,

	__NFLUA_A_ENTRY_MAX
};
#define NFLUA_A_ENTRY_MAX (__NFLUA_A_ENTRY_MAX - 1)

/**
 * enum nflua_hook_state - values of %NFLUA_A_ENTRY_STATE
 *
 * @NFLUA_HOOK_HOOKED: packets meet it
 * @NFLUA_HOOK_WAITING: there is no device of its name
 * @NFLUA_HOOK_UNREGISTERED: the script has unregistered it
 */
enum nflua_hook_state {
	NFLUA_HOOK_HOOKED,
	NFLUA_HOOK_WAITING,
	NFLUA_HOOK_UNREGISTERED,

	__NFLUA_HOOK_MAX
};

/**
 * enum nflua_time_attr - how long the calls of an entry point took
 *
 * Each call that is counted while it is measured is here, too, from the entry
 * to its outcome: also one that failed or that the failure policy answered.
 *
 * @NFLUA_A_TIME_BUCKET: nest of &enum nflua_bucket_attr, repeated in the order
 *	of time; those that are not empty
 * @NFLUA_A_TIME_CALLS: u64, calls in all buckets
 * @NFLUA_A_TIME_TOTAL: u64, ns of all calls
 * @NFLUA_A_TIME_LONGEST: u64, ns of the longest call
 * @NFLUA_A_TIME_PAD: padding of u64 attributes
 */
enum nflua_time_attr {
	NFLUA_A_TIME_UNSPEC,
	NFLUA_A_TIME_BUCKET,
	NFLUA_A_TIME_CALLS,
	NFLUA_A_TIME_TOTAL,
	NFLUA_A_TIME_LONGEST,
	NFLUA_A_TIME_PAD,

	__NFLUA_A_TIME_MAX
};
#define NFLUA_A_TIME_MAX (__NFLUA_A_TIME_MAX - 1)

/**
 * enum nflua_bucket_attr - calls that took about the same time
 *
 * A power of two is four buckets, so that the ends of one are at most a quarter
 * apart. The last one there is, up to 2^32 ns, has all longer calls, too.
 *
 * @NFLUA_A_BUCKET_FROM: u64, ns of the shortest call that belongs here
 * @NFLUA_A_BUCKET_TO: u64, ns of the longest
 * @NFLUA_A_BUCKET_CALLS: u64
 * @NFLUA_A_BUCKET_PAD: padding of u64 attributes
 */
enum nflua_bucket_attr {
	NFLUA_A_BUCKET_UNSPEC,
	NFLUA_A_BUCKET_FROM,
	NFLUA_A_BUCKET_TO,
	NFLUA_A_BUCKET_CALLS,
	NFLUA_A_BUCKET_PAD,

	__NFLUA_A_BUCKET_MAX
};
#define NFLUA_A_BUCKET_MAX (__NFLUA_A_BUCKET_MAX - 1)

/**
 * enum nflua_outcome_attr - what a function answered; for a match before "!" is
 *	applied
 *
 * @NFLUA_A_OUTCOME_ACCEPT: accept the packet
 * @NFLUA_A_OUTCOME_DROP: drop it, also with an error for who sent it
 * @NFLUA_A_OUTCOME_CONTINUE: go on with the next rule
 * @NFLUA_A_OUTCOME_MATCH: it matches
 * @NFLUA_A_OUTCOME_NOMATCH: it does not match
 * @NFLUA_A_OUTCOME_STOLEN: the script has taken it
 * @NFLUA_A_OUTCOME_QUEUE: a program in user space decides
 * @NFLUA_A_OUTCOME_REPEAT: call the function again, which is another call
 * @NFLUA_A_OUTCOME_STOP: accept it, without the hooks behind this one
 * @NFLUA_A_OUTCOME_PAD: padding of u64 attributes
 */
enum nflua_outcome_attr {
	NFLUA_A_OUTCOME_UNSPEC,
	NFLUA_A_OUTCOME_ACCEPT,
	NFLUA_A_OUTCOME_DROP,
	NFLUA_A_OUTCOME_CONTINUE,
	NFLUA_A_OUTCOME_MATCH,
	NFLUA_A_OUTCOME_NOMATCH,
	NFLUA_A_OUTCOME_STOLEN,
	NFLUA_A_OUTCOME_QUEUE,
	NFLUA_A_OUTCOME_REPEAT,
	NFLUA_A_OUTCOME_STOP,
	NFLUA_A_OUTCOME_PAD,

	__NFLUA_A_OUTCOME_MAX
};
#define NFLUA_A_OUTCOME_MAX (__NFLUA_A_OUTCOME_MAX - 1)

/**
 * enum nflua_error_attr - why a call was answered by the failure policy
 *
 * @NFLUA_A_ERROR_RUNTIME: the function raised an error
 * @NFLUA_A_ERROR_VERDICT: it answered what is no verdict here
 * @NFLUA_A_ERROR_MEMORY: the state's memory limit, or no memory
 * @NFLUA_A_ERROR_TIME: it ran too long
 * @NFLUA_A_ERROR_CSTACK: it needed more C stack than a callback may use
 * @NFLUA_A_ERROR_SHORT: too little stack was left to enter it at all
 * @NFLUA_A_ERROR_REENTRY: its state was already running on this CPU
 * @NFLUA_A_ERROR_NOSTATE: this CPU has no state of the script
 * @NFLUA_A_ERROR_SUSPENDED: the script is suspended
 */
enum nflua_error_attr {
	NFLUA_A_ERROR_UNSPEC,
	NFLUA_A_ERROR_RUNTIME,
	NFLUA_A_ERROR_VERDICT,
	NFLUA_A_ERROR_MEMORY,
	NFLUA_A_ERROR_TIME,
	NFLUA_A_ERROR_CSTACK,
	NFLUA_A_ERROR_SHORT,
	NFLUA_A_ERROR_REENTRY,
	NFLUA_A_ERROR_NOSTATE,
	NFLUA_A_ERROR_SUSPENDED,
	NFLUA_A_ERROR_PAD,

	__NFLUA_A_ERROR_MAX
};
#define NFLUA_A_ERROR_MAX (__NFLUA_A_ERROR_MAX - 1)

/**
 * enum nflua_on_error - what happens to a packet whose function failed
 *
 * @NFLUA_ON_ERROR_NOMATCH: the match does not match (default of a match);
 *	applied after "!": a failure is never inverted
 * @NFLUA_ON_ERROR_MATCH: the match matches
 * @NFLUA_ON_ERROR_CONTINUE: the next rule (default of a target)
 * @NFLUA_ON_ERROR_ACCEPT: the packet is accepted (default of a hook)
 * @NFLUA_ON_ERROR_DROP: the packet is dropped
 */
enum nflua_on_error {
	NFLUA_ON_ERROR_NOMATCH,
	NFLUA_ON_ERROR_MATCH,
	NFLUA_ON_ERROR_CONTINUE,
	NFLUA_ON_ERROR_ACCEPT,
	NFLUA_ON_ERROR_DROP,

	__NFLUA_ON_ERROR_MAX
};

/**
 * enum nflua_run_flags - bits of %NFLUA_A_RUN_FLAGS
 *
 * @NFLUA_RUN_F_RAW: DATA begins at the network header, not at an Ethernet
 *	header
 */
enum nflua_run_flags {
	NFLUA_RUN_F_RAW		= 1 << 0,
};

/**
 * enum nflua_run_attr - attributes of %NFLUA_CMD_RUN, top level
 *
 * Of a request; all but NAME and DATA are optional:
 *
 * @NFLUA_A_RUN_NAME: string, the script
 * @NFLUA_A_RUN_KIND: u8, &enum nflua_entry_kind; without KIND and ENTRY the
 *	script's only entry point is meant, with one of them the only one that
 *	has it
 * @NFLUA_A_RUN_ENTRY: string, name of the entry point
 * @NFLUA_A_RUN_AS: u8, what a function serves as, %NFLUA_ENTRY_MATCH (default)
 *	or %NFLUA_ENTRY_TARGET
 * @NFLUA_A_RUN_DATA: binary, the packet, at most %NFLUA_RUN_SIZE_MAX bytes
 * @NFLUA_A_RUN_FLAGS: u32, &enum nflua_run_flags
 * @NFLUA_A_RUN_HOOKNUM: u8, NF_INET_* where the packet is met; default: a
 *	hook's own place, else NF_INET_LOCAL_IN; of an answer: as FAMILY says
 * @NFLUA_A_RUN_IIF: string, name of the input device; default: a hook's own,
 *	or "eth0" where every packet has one (prerouting, input, forward), else
 *	none
 * @NFLUA_A_RUN_OIF: string, name of the output device; default: a hook's own,
 *	or "eth1" where every packet has one (forward, output, postrouting),
 *	else none
 * @NFLUA_A_RUN_MARK: u32, the packet's mark; default 0. In an answer: what it is
 *	after the calls
 * @NFLUA_A_RUN_REPEAT: u32, how often, 1 (default) to %NFLUA_RUN_REPEAT_MAX
 * @NFLUA_A_RUN_RULE: binary, what a rule would give the entry point: of an
 *	extension &struct xt_nflua_info, of what else a rule can call "key=value"
 *	strings with their NULs, as in &xt_lua_info.args; at most
 *	%NFLUA_RUN_RULE_MAX bytes. The rule is one of ip6tables if DATA is IPv6,
 *	else of iptables; nothing is asked whether it may be inserted. Default: no
 *	option and no argument is given.
 *
 * Of an answer, beside KIND, ENTRY and HOOKNUM:
 *
 * @NFLUA_A_RUN_OUTCOME: u8, &enum nflua_outcome_attr, of the last call
 * @NFLUA_A_RUN_POLICY: flag, the last call failed: OUTCOME is the failure
 *	policy, a hook's own or the default of a rule
 * @NFLUA_A_RUN_FAILED: u32, how many calls failed
 * @NFLUA_A_RUN_ERROR_KIND: u8, &enum nflua_error_attr, of the last call that
 *	failed
 * @NFLUA_A_RUN_TEXT: string, its message with traceback
 * @NFLUA_A_RUN_OUTPUT: binary with a NUL behind it, what all calls printed; cut
 *	if it has %NFLUA_OUTPUT_MAX bytes without that NUL
 * @NFLUA_A_RUN_CALLS: u32, how many calls were made
 * @NFLUA_A_RUN_TIME: u64, ns that they took together
 * @NFLUA_A_RUN_CPU: u32, CPU of the last call
 * @NFLUA_A_RUN_ERROR: string, the sentence of the extended acknowledgement
 *	completed; alone, before a negative acknowledgement
 * @NFLUA_A_RUN_FAMILY: u8, NFPROTO_* that meets the packet; default: a hook's own,
 *	else inet, which meets IPv4 and IPv6. In an answer: of where it was met
 * @NFLUA_A_RUN_PAD: padding of u64 attributes
 *
 * DATA is in an answer if the script changed the packet. It begins where that
 * of the request did; VLAN tags and what lies behind the packet are gone.
 */
enum nflua_run_attr {
	NFLUA_A_RUN_UNSPEC,
	NFLUA_A_RUN_NAME,
	NFLUA_A_RUN_KIND,
	NFLUA_A_RUN_ENTRY,
	NFLUA_A_RUN_AS,
	NFLUA_A_RUN_DATA,
	NFLUA_A_RUN_FLAGS,
	NFLUA_A_RUN_HOOKNUM,
	NFLUA_A_RUN_IIF,
	NFLUA_A_RUN_OIF,
	NFLUA_A_RUN_MARK,
	NFLUA_A_RUN_REPEAT,
	NFLUA_A_RUN_OUTCOME,
	NFLUA_A_RUN_POLICY,
	NFLUA_A_RUN_FAILED,
	NFLUA_A_RUN_ERROR_KIND,
	NFLUA_A_RUN_TEXT,
	NFLUA_A_RUN_OUTPUT,
	NFLUA_A_RUN_CALLS,
	NFLUA_A_RUN_TIME,
	NFLUA_A_RUN_CPU,
	NFLUA_A_RUN_ERROR,
	NFLUA_A_RUN_FAMILY,
	NFLUA_A_RUN_PAD,
	NFLUA_A_RUN_RULE,

	__NFLUA_A_RUN_MAX
};
#define NFLUA_A_RUN_MAX (__NFLUA_A_RUN_MAX - 1)

#endif /* _UAPI_NFLUA_H */
