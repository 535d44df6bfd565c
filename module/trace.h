/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM nflua

#if !defined(_NFLUA_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _NFLUA_TRACE_H

#include <linux/string.h>
#include <linux/tracepoint.h>
#include "script.h"

#ifndef _NFLUA_TRACE_COPY
#define _NFLUA_TRACE_COPY

/* The first line of a text, which may hold a packet's bytes. */
static inline size_t nflua_trace_length(const char *text, size_t len)
{
	const char *nl = memchr(text, '\n', len);

	return nl ? nl - text : len;
}

/* Copies it; what is no ASCII may steer a terminal. @to has room for a NUL, too. */
static inline void nflua_trace_copy(char *to, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		to[i] = text[i] >= ' ' && (u8)text[i] < 0x7f ? text[i] : '?';
	to[len] = 0;
}

static inline void nflua_trace_name(char *to, const char *name)
{
	nflua_trace_copy(to, name, strlen(name));
}

#endif /* _NFLUA_TRACE_COPY */

#define NFLUA_TRACE_KINDS						\
	EM(NFLUA_ENTRY_FUNCTION, "function")				\
	EM(NFLUA_ENTRY_MATCH, "match")					\
	EM(NFLUA_ENTRY_TARGET, "target")				\
	EM(NFLUA_ENTRY_HOOK, "hook")					\
	EM(NFLUA_ENTRY_HELPER, "helper")				\
	EMe(NFLUA_ENTRY_EXTENSION, "extension")

#define NFLUA_TRACE_OUTCOMES						\
	EM(NFLUA_A_OUTCOME_ACCEPT, "accept")				\
	EM(NFLUA_A_OUTCOME_DROP, "drop")				\
	EM(NFLUA_A_OUTCOME_CONTINUE, "continue")			\
	EM(NFLUA_A_OUTCOME_MATCH, "match")				\
	EM(NFLUA_A_OUTCOME_NOMATCH, "nomatch")				\
	EM(NFLUA_A_OUTCOME_STOLEN, "stolen")				\
	EM(NFLUA_A_OUTCOME_QUEUE, "queue")				\
	EM(NFLUA_A_OUTCOME_REPEAT, "repeat")				\
	EMe(NFLUA_A_OUTCOME_STOP, "stop")

#define NFLUA_TRACE_ERRORS						\
	EM(NFLUA_A_ERROR_RUNTIME, "runtime")				\
	EM(NFLUA_A_ERROR_VERDICT, "verdict")				\
	EM(NFLUA_A_ERROR_MEMORY, "memory")				\
	EM(NFLUA_A_ERROR_TIME, "time")					\
	EM(NFLUA_A_ERROR_CSTACK, "cstack")				\
	EM(NFLUA_A_ERROR_SHORT, "short")				\
	EM(NFLUA_A_ERROR_REENTRY, "reentry")				\
	EMe(NFLUA_A_ERROR_NOSTATE, "nostate")

/* Programs that read the format know no enumerator: export them first. */
#undef EM
#undef EMe
#define EM(value, name)		TRACE_DEFINE_ENUM(value);
#define EMe(value, name)	TRACE_DEFINE_ENUM(value);
NFLUA_TRACE_KINDS
NFLUA_TRACE_OUTCOMES
NFLUA_TRACE_ERRORS
#undef EM
#undef EMe
#define EM(value, name)		{ value, name },
#define EMe(value, name)	{ value, name }

/*
 * A call ended. Behind the flags of the generation, which this switches on, so
 * that an ordinary call does not even pass a branch that is patched out.
 */
TRACE_EVENT_FN(call,
	TP_PROTO(const struct nflua_entry *e, unsigned int outcome, u64 ns),
	TP_ARGS(e, outcome, ns),
	TP_STRUCT__entry(
		__field(u64, duration)
		__field(u32, netns)
		__field(u8, kind)
		__field(u8, outcome)
		__field(u8, policy)
		__dynamic_array(char, script, strlen(e->gen->name) + 1)
		__dynamic_array(char, entry, strlen(e->reg.name) + 1)
	),
	TP_fast_assign(
		__entry->duration = ns;
		__entry->netns = read_pnet(&e->gen->net)->ns.inum;
		__entry->kind = e->reg.kind;
		__entry->outcome = outcome & 0xff;
		__entry->policy = !!(outcome & NFLUA_BY_POLICY);
		nflua_trace_name(__get_dynamic_array(script), e->gen->name);
		nflua_trace_name(__get_dynamic_array(entry), e->reg.name);
	),
	TP_printk("script=%s kind=%s entry='%s' outcome=%s policy=%u duration=%llu netns=%u",
		  __get_str(script),
		  __print_symbolic(__entry->kind, NFLUA_TRACE_KINDS),
		  __get_str(entry),
		  __print_symbolic(__entry->outcome, NFLUA_TRACE_OUTCOMES),
		  __entry->policy, __entry->duration, __entry->netns),
	nflua_generation_trace, nflua_generation_untrace
);

/* A call failed. Only errors come here. */
TRACE_EVENT(error,
	TP_PROTO(const struct nflua_entry *e, int error, const char *text,
		 size_t len),
	TP_ARGS(e, error, text, len),
	TP_STRUCT__entry(
		__field(u32, netns)
		__field(u8, kind)
		__field(u8, error)
		__dynamic_array(char, script, strlen(e->gen->name) + 1)
		__dynamic_array(char, entry, strlen(e->reg.name) + 1)
		__dynamic_array(char, message, nflua_trace_length(text, len) + 1)
	),
	TP_fast_assign(
		__entry->netns = read_pnet(&e->gen->net)->ns.inum;
		__entry->kind = e->reg.kind;
		__entry->error = error;
		nflua_trace_name(__get_dynamic_array(script), e->gen->name);
		nflua_trace_name(__get_dynamic_array(entry), e->reg.name);
		nflua_trace_copy(__get_dynamic_array(message), text,
				 nflua_trace_length(text, len));
	),
	TP_printk("script=%s kind=%s entry='%s' error=%s message='%s' netns=%u",
		  __get_str(script),
		  __print_symbolic(__entry->kind, NFLUA_TRACE_KINDS),
		  __get_str(entry),
		  __print_symbolic(__entry->error, NFLUA_TRACE_ERRORS),
		  __get_str(message), __entry->netns)
);

#endif /* _NFLUA_TRACE_H */

/* The folder of this header is in the search path wherever it is built. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
