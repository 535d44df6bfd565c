/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scripts without the kernel: their bodies run in user space, with built-in
 * modules that do nothing but record what is registered.
 *
 * The modules are the module's own files (see userspace/Makefile), compiled
 * for user space, so that both accept the same and say the same. What needs a
 * kernel behind it has a stand-in here.
 *
 * This header has no type of the kernel's or of libnflua's: the two share names.
 */
#ifndef _NFLUA_STUBS_H
#define _NFLUA_STUBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct stubs_entry - an entry point that the body registered
 *
 * The members are those of the kernel's &struct nflua_reg; of a helper, @proto is
 * IPPROTO_*.
 */
struct stubs_entry {
	char name[64];
	unsigned int line;
	int priority;
	unsigned int kind;
	unsigned int family;
	unsigned int hooknum;
	unsigned int proto;
	unsigned int on_error;
	char device[16];
	unsigned int as;
	unsigned int revision;
};

/**
 * struct stubs_run - a body's run
 * @name: name of the script
 * @text: its source
 * @size: bytes of @text
 * @memory: bytes that a state may use, 0 for the default
 * @budget: time that a call may take, ns, 0 for the default; only checked
 * @errors: errors in a row before it is suspended; only checked
 * @error: why the script would not load, or NULL
 * @output: what the body printed, also before an error
 * @output_size: bytes of @output, which may contain NULs; there is one behind
 * @entries: the entry points
 * @nentries: number of them
 * @module: built-in module without a stand-in that the body required, or NULL.
 *	Nothing can be said about the script then.
 */
struct stubs_run {
	const char *name;
	const char *text;
	size_t size;
	uint64_t memory;
	uint64_t budget;
	uint32_t errors;
	char *error;
	char *output;
	size_t output_size;
	struct stubs_entry *entries;
	size_t nentries;
	const char *module;
};

int stubs_check(struct stubs_run *run);
void stubs_free(struct stubs_run *run);

/* libnflua's, here because its header cannot be */
bool nflua_name_valid(const char *name);

#endif /* _NFLUA_STUBS_H */
